"""A comparison of two reports as tables for the terminal."""

from rich.console import Group, RenderableType
from rich.text import Text

from oligort.comparison import Change, Comparison
from oligort.report.text import columns, sentence
from oligort.rounding import shown

TITLES = {
    "corrected": "Corrected",
    "standing": "Still to correct",
    "accepted": "Accepted as it is by a reviewer",
    "no_longer_drawn": "No longer drawn: look whether it should be",
    "not_shown": "No longer asked, or not shown to be corrected: still to look at",
    "new": "New",
}
"""Headings of the findings, in the order in which a reader needs them."""

NONE = "-"
"""What stands where a report has no such finding or number."""

UNTOLD = {
    "standing": "not told any more",
    "no_longer_drawn": "no longer drawn",
    "not_shown": "not told any more",
}
"""What stands where nothing shows that it was corrected: the later report does not speak of it."""


def comparison_view(comparison: Comparison) -> RenderableType:
    """Return the verdicts, what became of each finding, which numbers moved and what may be why."""
    parts: list[RenderableType] = [
        sentence(f"{comparison.subject}: {comparison.before} -> {comparison.after}")
    ]
    for name, title in TITLES.items():
        changes: tuple[Change, ...] = getattr(comparison, name)
        parts += [Text(), Text(f"{title} ({len(changes)})", style="bold")]
        if changes:
            parts.append(_changes(changes, UNTOLD.get(name, NONE)))
    if comparison.moved:
        parts += [Text(), Text(f"Numbers that moved ({len(comparison.moved)})", style="bold")]
        parts.append(_moved(comparison))
    if comparison.differences:
        parts += [Text(), Text("What else differs", style="bold")]
        parts += [sentence(one) for one in comparison.differences]
    return Group(*parts)


def _changes(changes: tuple[Change, ...], without: str) -> RenderableType:
    """Return a table of changes; `without` stands where the later report has no such finding."""
    table = columns("code", "rule", "about", "before", "after", "what it says")
    for one in changes:
        graded = (one.before or NONE, one.after or without)
        said = "; ".join(filter(None, (one.message, one.accepted)))
        cells = (one.code, one.criterion or NONE, one.about, *graded, said)
        table.add_row(*map(sentence, cells))
    return table


def _moved(comparison: Comparison) -> RenderableType:
    numbers = ("before", "after")
    table = columns("about", "number", *numbers, "unit", right=numbers)
    for one in comparison.moved:
        table.add_row(
            sentence(one.about),
            sentence(one.metric),
            shown(one.before, one.unit),
            shown(one.after, one.unit),
            sentence(one.unit),
        )
    return table
