"""What a piece of evidence measured, as text: a value, and the interval that it lies in."""

from oligort.finding import Evidence
from oligort.rounding import shown, shown_beside, shown_interval


def measured_as_shown(evidence: Evidence) -> tuple[str, str]:
    """Return the value, rounded but never to the other side of its limit, and its interval.

    "3 or more" is a number of which nobody can tell the most. Either is "" where there is none.
    """
    value, low, high = evidence.measured, evidence.low, evidence.high
    if value is None:
        return "", ""
    # A number of lesions of which nobody can tell the most.
    if low is not None and high is None and evidence.limit is not None:
        told = value if isinstance(value, str) else shown(value, evidence.unit)
        return f"{told} or more", ""
    if isinstance(value, str):
        return value, ""
    low, high = (value if end is None else end for end in (low, high))
    value_shown = shown_beside(value, evidence.limit, evidence.unit)
    return value_shown, shown_interval(low, high, evidence.unit)
