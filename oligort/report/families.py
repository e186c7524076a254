"""The family of a dose limit as a small table: each definition of a structure beside the others."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from oligort.document import Measurement, Report
from oligort.report.text import sentence
from oligort.rounding import shown, shown_beside, shown_interval

NUMBER_WIDTH = 10
"""Columns of a number: "10000.00" and what a metric is called, "V20Gy[%]"."""

INTERVAL_WIDTH = 18
"""Columns of an interval: "1000.00 to 1000.00"."""

VOLUME = "Volume"
"""The measurement that says how large a structure is."""

OF_EFFECT = (" of EQD2 ", " of BED ")
"""What stands in the names of metrics of a weighted dose: they keep out of the table."""


@dataclass(frozen=True)
class Family:
    """The definitions of a structure beside each other, as text.

    Parameters
    ----------
    criterion, limit : str
        The rule, and what it limits: "V20Gy[%] of Lungs-GTV".
    heads : tuple of str
        Of the columns: the structure, its volume, the metrics, the interval of the first of them.
    rows : tuple of tuple of str
        A structure each, the limited one first; a row of one cell says what was not measured, and
        why.
    in_words : tuple of str
        Metrics of a weighted dose, as sentences.
    """

    criterion: str
    limit: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    in_words: tuple[str, ...]


def families_of(report: Report) -> Iterator[Family]:
    """Yield the family of each dose limit beside which other structures were measured."""
    limits = dict.fromkeys((m.criterion, m.limit) for m in report.measurements if m.limit)
    for criterion, limit in limits:
        of_limit = [m for m in report.measurements if (m.criterion, m.limit) == (criterion, limit)]
        physical = [m for m in of_limit if not _is_of_effect(m)]
        names = list(dict.fromkeys(m.about for m in physical))
        if len(names) < 2:
            continue
        bound = _limit(report, criterion, names[0])
        by_name = {name: {m.metric: m for m in physical if m.about == name} for name in names}
        metrics = max((list(found) for found in by_name.values()), key=len)
        # The volume leads, then the metric of the limit, whose interval ends the line.
        first = next((metric for metric in metrics if metric != VOLUME), VOLUME)
        shown_metrics = ("volume cc" if metric == VOLUME else metric for metric in metrics)
        yield Family(
            criterion=criterion,
            limit=limit,
            heads=("structure", *shown_metrics, f"{first} lies in"),
            rows=tuple(_rows(by_name, metrics, first, bound)),
            in_words=tuple(_in_words(m) for m in of_limit if _is_of_effect(m)),
        )


def _rows(
    by_name: dict[str, dict[str, Measurement]], metrics: list[str], first: str, bound: float | None
) -> Iterator[tuple[str, ...]]:
    """Yield a row a structure; why several were not measured is told once, at the first."""
    reasons = {name: _why_not(found) for name, found in by_name.items()}
    for name, found in by_name.items():
        if reason := reasons[name]:
            alike = [other for other, why in reasons.items() if why == reason]
            if name == alike[0]:
                yield (f"{', '.join(alike)}: not measured, because {reason}",)
            continue
        numbers = (_number(found.get(m), bound if m == first else None) for m in metrics)
        yield (name, *numbers, _interval(found.get(first)))


def family_views(report: Report) -> Iterator[RenderableType]:
    """Yield each family as a table for the terminal."""
    for family in families_of(report):
        yield Text()
        yield sentence(
            f"{family.criterion}: the limit is on {family.limit}; the others are for comparison"
        )
        lines: list[RenderableType] = [_line(family.heads, style="dim")]
        lines += [_line(row) if len(row) > 1 else sentence(*row) for row in family.rows]
        yield Padding(Group(*lines), (0, 0, 0, 2))
        yield from (Padding(sentence(text), (0, 0, 0, 2)) for text in family.in_words)


def _limit(report: Report, criterion: str, about: str) -> float | None:
    """Return the limit that the findings of a criterion hold a number of a structure against."""
    findings = (f for f in report.findings if (f.criterion, f.about) == (criterion, about))
    limits = (evidence.limit for finding in findings for evidence in finding.evidence)
    return next((limit for limit in limits if limit is not None), None)


def _why_not(found: dict[str, Measurement]) -> str:
    """Return why nothing of a structure was measured, or "" where something was."""
    (first, *others) = found.values()
    return first.note if first.value is None and not others else ""


def _line(cells: tuple[str, ...], style: str = "") -> Table:
    line = Table.grid(padding=(0, 1, 0, 0), expand=True)
    line.add_column(ratio=1, overflow="fold")
    for number in range(1, len(cells)):
        width = INTERVAL_WIDTH if number + 1 == len(cells) else NUMBER_WIDTH
        line.add_column(width=width, justify="right", overflow="fold")
    line.add_row(*(sentence(cell) for cell in cells), style=style)
    return line


def _number(measured: Measurement | None, limit: float | None) -> str:
    """Return a value rounded, but never to the other side of the limit of its metric."""
    if measured is None or measured.value is None:
        return "-"
    return shown_beside(measured.value, limit, measured.unit)


def _interval(measured: Measurement | None) -> str:
    if measured is None or measured.value is None:
        return ""
    low = measured.value if measured.low is None else measured.low
    high = measured.value if measured.high is None else measured.high
    return shown_interval(low, high, measured.unit)


def _in_words(measured: Measurement) -> str:
    value = f"not computed, because {measured.note}"
    if measured.value is not None:
        value = f"{shown(measured.value, measured.unit)} {measured.unit}"
    return f"{measured.about}: {measured.metric} {value} (information only)"


def _is_of_effect(measurement: Measurement) -> bool:
    return any(words in measurement.metric for words in OF_EFFECT)
