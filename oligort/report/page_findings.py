"""Findings as a page shows them: each with its numbers, its limit drawn to scale, what to do."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from oligort.document import Report
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.report.measured import measured_as_shown
from oligort.report.reasons import by_reason
from oligort.report.tables import APART
from oligort.report.words import grade_words
from oligort.rounding import shown_limit

ELIGIBILITY, LESIONS, DOSE = "OL1", "OL2", "OL3"
"""How the codes of the families begin."""

SEVERITY = (Grade.MAJOR, Grade.MINOR, Grade.NOT_EVALUABLE, Grade.PASS, Grade.INFO)
"""In which order a reader needs them."""

FLAG_MEANINGS = {
    Flag.BORDERLINE: "so near the limit that the verdict hangs on the last digits",
    Flag.DEFINITION_SENSITIVE: "another definition of the structure would change the verdict",
    Flag.QUERY: "something to ask the site",
}

SCALE_BEYOND_LIMIT = 1.6
"""How far a gauge reaches beyond its limit: the limit stands at the same place in all of them."""


@dataclass(frozen=True)
class Gauge:
    """A value beside its limit, to scale; all in percent of the width.

    `low` and `high` are the ends of the interval that the value lies in; `is_floor` says that the
    value must not be below the limit, `is_beyond` that the value lies to the right of the scale.
    """

    value: float
    low: float
    high: float
    limit: float
    is_floor: bool
    is_beyond: bool


@dataclass(frozen=True)
class Row:
    """One number under a finding, as text: what, its value, the interval, the limit, its unit."""

    what: str
    measured: str
    interval: str
    limit: str
    unit: str
    gauge: Gauge | None


@dataclass(frozen=True)
class FindingView:
    """A finding as it is shown; `what` is the name of its first number, else what it is about."""

    code: str
    criterion: str
    grade: Grade
    about: str
    message: str
    flags: tuple[Flag, ...]
    rows: tuple[Row, ...]
    hint: str
    source: str
    mark: str

    @property
    def what(self) -> str:
        """What it is about, in a word or two."""
        first = self.rows[0].what if self.rows else ""
        return ": ".join(dict.fromkeys(filter(None, (self.about, first))))

    @property
    def has_limit(self) -> bool:
        """Whether a number of it is held against a limit."""
        return any(row.limit for row in self.rows)


def finding_view(finding: Finding) -> FindingView:
    """Return a finding as it is shown."""
    return FindingView(
        code=finding.code,
        criterion=finding.criterion,
        grade=finding.grade,
        about=finding.about,
        message=finding.message,
        flags=finding.flags,
        rows=tuple(row_of(evidence) for evidence in finding.evidence),
        hint=finding.hint,
        source=str(finding.source),
        mark=finding.mark,
    )


def row_of(evidence: Evidence) -> Row:
    """Return one number of a finding as text; rounded, but never to the other side of its limit."""
    measured, interval = measured_as_shown(evidence)
    return Row(
        what=evidence.name,
        measured="not known" if evidence.measured is None else measured,
        interval=interval,
        limit=shown_limit(evidence.relation, evidence.limit),
        unit=evidence.unit,
        gauge=gauge_of(evidence),
    )


def gauge_of(evidence: Evidence) -> Gauge | None:
    """Return a number beside its limit to scale; None where one of them is none."""
    limit, value = evidence.limit, evidence.measured
    if limit is None or limit <= 0 or evidence.relation not in {"<=", "<", ">=", ">"}:
        return None
    if not isinstance(value, float | int):
        # A count that is a range: its ends are the numbers, the least the value.
        if evidence.low is None:
            return None
        value = evidence.low
    low = value if evidence.low is None else evidence.low
    high = value if evidence.high is None else evidence.high
    scale = limit * SCALE_BEYOND_LIMIT

    def place(number: float) -> float:
        return round(100 * min(max(number / scale, 0.0), 1.0), 2)

    return Gauge(
        value=place(value),
        low=place(low),
        high=place(high),
        limit=place(limit),
        is_floor=evidence.relation in {">=", ">"},
        is_beyond=value > scale,
    )


@dataclass(frozen=True)
class Tile:
    """One rule at a glance: the finding that decides it, and of how many it is the worst."""

    criterion: str
    title: str
    finding: FindingView
    row: Row | None
    others: int


def tiles_of(report: Report) -> Iterator[Tile]:
    """Yield the rules that lesions and dose are held against, each with its worst finding."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.criterion and finding.code.startswith((LESIONS, DOSE)):
            by_rule.setdefault(finding.criterion, []).append(finding)
    for criterion, findings in by_rule.items():
        worst = min(findings, key=lambda one: (SEVERITY.index(one.grade), -_ratio(one)))
        view = finding_view(worst)
        row = next((row for row in view.rows if row.limit), None)
        title = row.what if row else worst.message.partition(":")[0]
        yield Tile(criterion, title, view, row, len(findings) - 1)


def _ratio(finding: Finding) -> float:
    """Return how much of its limit a number of a finding takes up, the most of several.

    Of a limit that must be reached it is the share of the number that the limit takes up.
    """
    return max(map(_ratio_of, finding.evidence), default=0.0)


def _ratio_of(evidence: Evidence) -> float:
    value, limit = evidence.measured, evidence.limit
    if not isinstance(value, float | int) or not limit:
        return 0.0
    if evidence.relation in {">=", ">"}:
        return limit / value if value > 0 else math.inf
    return value / limit


@dataclass(frozen=True)
class Reason:
    """Why something could not be evaluated, what to do, and all that it holds for."""

    reason: str
    hint: str
    findings: tuple[FindingView, ...]

    @property
    def with_numbers(self) -> tuple[FindingView, ...]:
        """Those that have numbers all the same."""
        return tuple(one for one in self.findings if one.rows)


def reasons_of(findings: Iterable[FindingView]) -> tuple[Reason, ...]:
    """Return the reasons of what is not evaluable, each once, in the order of their first."""
    return tuple(Reason(*key, tuple(alike)) for key, alike in by_reason(findings).items())


@dataclass(frozen=True)
class Brief:
    """What a verdict rests on, in one line: the rule, what it is about, its number or reason."""

    grade: Grade
    criterion: str
    what: str
    said: str


MOST_BRIEFS = 4
"""Lines under a verdict: what is read before anything else is looked for."""


def briefs_of(report: Report, titles: Mapping[str, str]) -> tuple[tuple[Brief, ...], int]:
    """Return the first lines of what the verdict rests on, and how many more there are."""
    if report.verdict is Grade.PASS:
        return (), 0
    found = [finding_view(one) for one in report.graded(report.verdict)]
    if report.verdict is Grade.NOT_EVALUABLE:
        reasons = reasons_of(found)
        lines = [
            Brief(
                report.verdict,
                ", ".join(filter(None, dict.fromkeys(one.criterion for one in it.findings))),
                _told_of(it),
                it.reason,
            )
            for it in reasons
        ]
    else:
        lines = [_brief(one, titles) for one in found]
    return tuple(lines[:MOST_BRIEFS]), len(lines[MOST_BRIEFS:])


def left_open(report: Report) -> str:
    """Return what could not be evaluated beside a deviation, which names the verdict, or ""."""
    found = report.graded(Grade.NOT_EVALUABLE)
    if not found or report.verdict is Grade.NOT_EVALUABLE:
        return ""
    rules = dict.fromkeys(filter(None, (one.criterion for one in found)))
    findings = "1 finding is open" if len(found) == 1 else f"{len(found)} findings are open"
    told = f" ({', '.join(rules)})" if rules else ""
    return f"Not all was evaluated: {findings}{told}"


def _told_of(reason: Reason) -> str:
    """Return what a reason is about where that is one thing, and the reason does not name it."""
    abouts = {one.about for one in reason.findings}
    about = abouts.pop() if len(abouts) == 1 else ""
    return "" if about in reason.reason else about


def _brief(view: FindingView, titles: Mapping[str, str]) -> Brief:
    row = next((row for row in view.rows if row.limit), None)
    if row is None:
        heading = APART.get(view.code) or titles[view.code]
        return Brief(view.grade, view.criterion, heading, view.message)
    said = f"{row.measured} {row.unit}".strip()
    what = ": ".join(dict.fromkeys(filter(None, (view.about, row.what))))
    return Brief(view.grade, view.criterion, what, f"{said}, limit {row.limit} {row.unit}".strip())


@dataclass(frozen=True)
class Group:
    """Findings of one grade under a heading of their own."""

    heading: str
    grade: Grade
    findings: tuple[FindingView, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The findings by their reasons, where they are not evaluable."""
        return reasons_of(self.findings)


def graded(report: Report, grade: Grade) -> Iterator[Group]:
    """Yield the findings of a grade; those that others deal with under a heading of their own."""
    findings = report.graded(grade)
    if among := [one for one in findings if one.code not in APART]:
        yield Group("", grade, views(among))
    for code, heading in APART.items():
        if of_code := [one for one in findings if one.code == code]:
            yield Group(heading, grade, views(of_code))


def flagged(report: Report) -> Iterator[tuple[Flag, str, tuple[FindingView, ...]]]:
    """Yield each flag that occurs, what it means, and the findings that carry it."""
    for flag, meaning in FLAG_MEANINGS.items():
        if found := [one for one in report.findings if flag in one.flags]:
            yield flag, meaning, views(found)


def views(findings: Iterable[Finding]) -> tuple[FindingView, ...]:
    """Return findings as they are shown."""
    return tuple(map(finding_view, findings))


def eligibility(report: Report) -> tuple[FindingView, ...]:
    """Return the findings on the criteria of eligibility, in the order of their codes."""
    return views(one for one in report.findings if one.code.startswith(ELIGIBILITY))


def others(report: Report) -> Sequence[Group]:
    """Return what no other part of the page shows: passes and information."""
    words = grade_words(report)
    return [
        Group(words[grade], grade, found)
        for grade in (Grade.PASS, Grade.INFO)
        if (
            found := views(
                one for one in report.graded(grade) if not one.code.startswith(ELIGIBILITY)
            )
        )
    ]
