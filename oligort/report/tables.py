"""The report as a table for the terminal: verdict, deviations, what is open, what passed."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from oligort.display import quoted, safe_text
from oligort.document import Decision, Report, Setting
from oligort.finding import VERDICT_ORDER, Evidence, Finding, Grade
from oligort.protocol.settings import GradeWords
from oligort.report.families import family_views
from oligort.report.measured import measured_as_shown
from oligort.report.reasons import asked_by, by_reason
from oligort.report.text import MAX_SENTENCE, WIDTH, plain_text, sentence
from oligort.report.words import VERDICTS, count_words, verdict_words
from oligort.rounding import shown_limit

GRADE_STYLES = {
    Grade.MAJOR: "bold red",
    Grade.MINOR: "bold yellow",
    Grade.NOT_EVALUABLE: "bold magenta",
    Grade.PASS: "bold green",
    Grade.INFO: "bold cyan",
}
"""Colour repeats what a word beside it says; it never says anything alone."""

SECTIONS = {
    Grade.MAJOR: "MAJOR deviations",
    Grade.MINOR: "MINOR deviations",
    Grade.NOT_EVALUABLE: "NOT EVALUABLE",
    Grade.PASS: "PASS",
    Grade.INFO: "INFO",
}
"""Headings by grade, in the order in which a reader needs them."""

APART = {"OL008": "Identity left in the files"}
"""Codes whose findings have a section of their own: others than the physicist deal with them."""

_CODE, _CRITERION, _MEASURED, _LIMIT, _UNIT, _SOURCE = 6, 6, 15, 7, 6, 22
_INDENT = (0, 0, 0, _CODE + _CRITERION + 2)

MOST_ROWS = 12
"""Numbers of a pass that are printed, a row each; of more the sentence is, which sums them up."""


def verdict_line(report: Report) -> Text:
    """Return the one line that a reader needs: verdict, subject, how many of each grade."""
    words = count_words(report)
    tally = ", ".join(f"{len(report.graded(grade))} {words[grade]}" for grade in VERDICT_ORDER)
    return Text.assemble(
        (verdict_words(report)[report.verdict], GRADE_STYLES[report.verdict]),
        f"  {safe_text(report.subject)}  ({tally}{_asked(report)})",
        overflow="fold",
    )


def _asked(report: Report) -> str:
    return f"; of {', '.join(map(safe_text, report.only))} alone" if report.only else ""


def report_view(report: Report) -> RenderableType:
    """Return the whole report as a view: verdict, each grade, families, assumptions."""
    parts: list[RenderableType] = [verdict_line(report), *_judged(report)]
    for heading, grade, findings in _sections(report):
        parts += [Text(), Text(f"{heading} ({len(findings)})", style=GRADE_STYLES[grade])]
        parts += [_heads()]
        alike = by_reason(findings) if grade is Grade.NOT_EVALUABLE else {}
        shared = {key: them for key, them in alike.items() if len(them) > 1}
        for (reason, hint), them in shared.items():
            parts += _shared(reason, hint, them)
            parts += _decisions(report, them)
        told = {id(finding) for them in shared.values() for finding in them}
        for finding in (one for one in findings if id(one) not in told):
            parts += _finding_view(finding)
            parts += _decisions(report, [finding])
    if lapsed := [decision for decision in report.decisions if not decision.applies]:
        parts += [
            Text(),
            Text("Decisions made on another state, which no finding is in now", style="bold"),
        ]
        parts += [sentence(f"{one.code} {one.about}: {decided(one)}") for one in lapsed]
    parts += family_views(report)
    if report.assumptions:
        parts += [Text(), Text("Assumptions to confirm with the trial office", style="bold")]
        parts += [_assumption(setting) for setting in report.assumptions]
    return Group(*parts)


def _shared(reason: str, hint: str, findings: Sequence[Finding]) -> Iterator[RenderableType]:
    """Yield what one reason leaves open, the reason and what to do once for all."""
    yield sentence(f"{len(findings)} checks, because {reason}")
    for finding in findings:
        what = ": ".join(filter(None, (finding.about, asked_by(finding))))
        yield _row(*map(sentence, (finding.code, finding.criterion, what, finding.source)))
        for evidence in finding.evidence:
            yield _row(Text(), Text(), *_cells(finding, evidence), Text())
        if finding.flags:
            yield Padding(sentence(f"Flags: {', '.join(finding.flags)}"), _INDENT)
    if hint:
        yield Padding(sentence(f"To do: {hint}"), _INDENT)


def _decisions(report: Report, findings: Sequence[Finding]) -> Iterator[RenderableType]:
    """Yield what a reviewer decided on some findings."""
    for finding in findings:
        if decision := report.decision_on(finding):
            which = f"{finding.code}: " if len(findings) > 1 else ""
            yield Padding(sentence(f"{which}{decided(decision)}"), _INDENT)


def decided(decision: Decision) -> str:
    """Return a reviewer's decision as a sentence."""
    return f"Accepted by {decision.by} on {decision.date}: {decision.reason}"


def _sections(report: Report) -> Iterator[tuple[str, Grade, list[Finding]]]:
    """Yield heading, grade and findings of each section that holds any."""
    words = verdict_words(report)
    for grade, usual in SECTIONS.items():
        heading = usual if words[grade] == VERDICTS[GradeWords.OLIGORT][grade] else words[grade]
        findings = report.graded(grade)
        apart = () if grade is Grade.PASS else tuple(APART)
        if among := [finding for finding in findings if finding.code not in apart]:
            yield heading, grade, among
        for code in apart:
            if of_code := [finding for finding in findings if finding.code == code]:
                yield f"{APART[code]}: {heading}", grade, of_code


def report_text(report: Report, width: int = WIDTH) -> str:
    """Return the whole report as plain text, `width` columns wide."""
    return plain_text(report_view(report), width)


def _judged(report: Report) -> Iterator[Text]:
    protocol = report.protocol
    yield sentence(f"Protocol {protocol.id}, version {protocol.version}: {protocol.title}")
    if protocol.extends:
        otherwise = f"; states otherwise: {', '.join(protocol.changes)}" if protocol.changes else ""
        yield sentence(f"It extends {protocol.extends}{otherwise}")
    plan = quoted(report.plan_label) if report.plan_label else "not known"
    facts = {
        "Plan": plan,
        "kind": report.plan_kind,
        "date": report.plan_date,
        "arm": report.arm,
        "site": report.site,
    }
    yield sentence(", ".join(f"{name} {value}" for name, value in facts.items() if value))
    doses = ", ".join(report.dose_sop_instance_uids) or "none"
    yield sentence(f"Dose {doses}")


def _row(*cells: RenderableType, style: str = "") -> Table:
    """Return one line of the table; the second-last cells have fixed widths, so lines align."""
    row = Table.grid(padding=(0, 1, 0, 0), expand=True)
    # The code of a site's own check may be longer: whole, it can be looked for.
    row.add_column(min_width=_CODE, no_wrap=True)
    row.add_column(width=_CRITERION)
    row.add_column(ratio=1, overflow="fold")
    if len(cells) > 4:
        row.add_column(width=_MEASURED, justify="right", overflow="fold")
        row.add_column(width=_LIMIT, justify="right", overflow="fold")
        row.add_column(width=_UNIT, overflow="fold")
    row.add_column(width=_SOURCE, overflow="fold")
    row.add_row(*cells, style=style)
    return row


def _heads() -> Table:
    return _row("code", "rule", "what", "measured", "limit", "unit", "source", style="dim")


def _finding_view(finding: Finding) -> Iterator[RenderableType]:
    code, criterion, source = (
        sentence(text) for text in (finding.code, finding.criterion, finding.source)
    )
    is_summed_up = finding.grade is Grade.PASS and len(finding.evidence) > MOST_ROWS
    if is_summed_up or not finding.evidence:
        yield _row(code, criterion, sentence(_said(finding)), source)
    for evidence in finding.evidence[: 0 if is_summed_up else None]:
        yield _row(code, criterion, *_cells(finding, evidence), source)
        code = criterion = source = Text()
    if finding.evidence and not is_summed_up and (finding.grade is not Grade.PASS or finding.flags):
        yield Padding(sentence(finding.message), _INDENT)
    if finding.flags:
        yield Padding(sentence(f"Flags: {', '.join(finding.flags)}"), _INDENT)
    if finding.hint:
        yield Padding(sentence(f"To do: {finding.hint}"), _INDENT)


def _said(finding: Finding) -> str:
    if not finding.about or finding.about in finding.message:
        return finding.message
    return f"{safe_text(finding.about)}: {finding.message}"


def _cells(finding: Finding, evidence: Evidence) -> tuple[Text, Text, Text, Text]:
    what = evidence.name
    if finding.about and finding.about not in what:
        what = f"{safe_text(finding.about)}: {what}"
    return (
        sentence(what),
        _measured(evidence),
        sentence(shown_limit(evidence.relation, evidence.limit)),
        sentence(evidence.unit),
    )


def _measured(evidence: Evidence) -> Text:
    """Return the value and, on a line of its own, the interval that it lies in."""
    if evidence.measured is None:
        return Text("-")
    measured, interval = measured_as_shown(evidence)
    if isinstance(evidence.measured, str):
        return sentence(measured)
    text = safe_text(measured, MAX_SENTENCE)
    if interval:
        text += f"\n{interval}"
    return Text(text, overflow="fold", justify="right")


def _assumption(setting: Setting) -> RenderableType:
    text = f"{setting.name} = {setting.value}"
    return Padding(
        sentence(f"{text}: {setting.question}" if setting.question else text), (0, 0, 0, 2)
    )
