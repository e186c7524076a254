"""What was asked for and has no defensible answer: an entry in the JSON of every command."""

import msgspec


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """One question without an answer, and why.

    `roi_name` is "" where the whole submission is meant; `metric` is None where the ROI itself
    has no answer.
    """

    roi_name: str
    metric: str | None = None
    reason: str
