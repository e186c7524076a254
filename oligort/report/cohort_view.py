"""The cohort as tables for the terminal: verdicts, sites, checks, months, what needs eyes first."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from oligort.report.cohort_document import NO_SITE, Cohort, Row, Tally
from oligort.report.text import columns, sentence

MOST_CODES = 4
"""Codes of one reason that are printed."""

MOST_LINES = 12
"""Lines of a list that are printed; the page, the CSV and the JSON have them all."""


def cohort_view(cohort: Cohort) -> RenderableType:
    """Return the whole cohort as a view of 100 columns."""
    parts: list[RenderableType] = [_tallies("submissions", (cohort.verdicts,))]
    if cohort.not_all_asked:
        parts += [sentence(f"Not counted, as not all checks were asked: {cohort.not_all_asked}")]
    if cohort.left_over:
        why = "their submissions are no longer there"
        parts += [sentence(f"Not counted, as {why}: {cohort.left_over}")]
    if len(cohort.protocols) > 1 or len(cohort.versions) > 1:
        by = [*cohort.protocols, *(f"oligort {version}" for version in cohort.versions)]
        parts += [sentence(f"Not all by one protocol and one version: {'; '.join(by)}")]
    for heading, tallies in (("site", cohort.by_site), ("month of plan", cohort.by_month)):
        parts += [Text(), _tallies(heading, tallies)]
    telling = [one for one in by_deviation(cohort.by_check) if one.deviating or one.not_evaluable]
    if telling:
        parts += [Text(), _tallies("check", telling[:MOST_LINES]), *_cut(len(telling))]
    parts += [Text(), *_eyes(cohort)]  # also where there is none: then somebody knows it
    for lines in (_shared(cohort), _repeated(cohort), _missing(cohort), _others(cohort)):
        told = list(lines)
        if len(told) > 1:
            parts += [Text(), *told]
    return Group(*parts)


def by_deviation(tallies: Iterable[Tally]) -> list[Tally]:
    """Return those that most deviate from first, then those that are most often not evaluable."""
    return sorted(tallies, key=lambda one: (-one.deviating, -one.not_evaluable, one.of))


def rate_of(tally: Tally) -> str:
    """Return the deviation rate with its counts: "12 of 340 (3.5 %)"."""
    if tally.rate is None:
        return "none evaluated"
    return f"{tally.deviating} of {tally.evaluated} ({tally.rate:.1f} %)"


def _tallies(heading: str, tallies: Iterable[Tally]) -> Table:
    numbers = ("major", "minor", "not evaluable", "passed", "deviating")
    table = columns(heading, *numbers, right=numbers)
    for tally in tallies:
        counts = (tally.major, tally.minor, tally.not_evaluable, tally.passed)
        table.add_row(sentence(tally.of), *map(sentence, counts), sentence(rate_of(tally)))
    return table


def _eyes(cohort: Cohort) -> Iterator[RenderableType]:
    rows = cohort.eyes_first()
    yield Text(f"What needs human eyes first ({len(rows)})", style="bold")
    if not rows:
        return
    table = columns("subject", "site", "verdict", "why")
    for row in rows[:MOST_LINES]:
        why = why_of(row, most_codes=MOST_CODES)
        table.add_row(*map(sentence, (row.subject, row.site, row.verdict, why)))
    yield table
    yield from _cut(len(rows))


def why_of(row: Row, most_codes: int | None = None) -> str:
    """Return why somebody should look at a submission, with the codes that say so."""
    return "; ".join(
        f"{reason} ({_few(codes, most_codes)})" if codes else reason
        for reason, codes in row.eyes.items()
    )


def _few(codes: Sequence[str], most: int | None) -> str:
    more = len(codes) - (len(codes) if most is None else most)
    return ", ".join(codes[:most]) + (f" and {more} more" if more > 0 else "")


def _shared(cohort: Cohort) -> Iterator[RenderableType]:
    yield Text(f"The same objects in two submissions ({len(cohort.shared)})", style="bold")
    for shared in cohort.shared[:MOST_LINES]:
        kinds = ", ".join(f"{count} {kind}" for kind, count in shared.kinds.items())
        yield sentence(f"{' and '.join(shared.files)} share {kinds}")
    yield from _cut(len(cohort.shared))


def _repeated(cohort: Cohort) -> Iterator[RenderableType]:
    count = len(cohort.repeated)
    yield Text(f"Subjects with several submissions, each judged alone ({count})", style="bold")
    for one in cohort.repeated[:MOST_LINES]:
        yield sentence(f"{one.subject} of {one.site or NO_SITE}: {', '.join(one.files)}")
    yield from _cut(count)


def _missing(cohort: Cohort) -> Iterator[RenderableType]:
    yield Text(f"Expected by the registers, not there ({len(cohort.missing)})", style="bold")
    if cohort.missing:
        yield sentence(", ".join(cohort.missing[:MOST_LINES]))
    yield from _cut(len(cohort.missing))


def _others(cohort: Cohort) -> Iterator[RenderableType]:
    yield Text(f"No reports, or not to be listed ({len(cohort.no_reports)})", style="bold")
    for other in cohort.no_reports[:MOST_LINES]:
        yield sentence(f"{other.file}: {other.reason}")
    yield from _cut(len(cohort.no_reports))


def _cut(total: int) -> Iterator[Text]:
    if total > MOST_LINES:
        yield Text(f"and {total - MOST_LINES} more")
