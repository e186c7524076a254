"""The letter to the site: what to correct and how, from the report alone."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from oligort.checks.registry import all_checks
from oligort.display import safe_text
from oligort.document import Report
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.report.measured import measured_as_shown
from oligort.report.page_findings import reasons_of, views
from oligort.report.templating import TEMPLATES, environment
from oligort.report.text import MAX_SENTENCE
from oligort.report.words import grade_words, verdict_words
from oligort.rounding import shown_limit

if TYPE_CHECKING:
    from jinja2 import Environment

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|!&~])")
"""What Markdown would read as more than text."""


LEAST_INDENT = 4
"""Blanks before what belongs to a numbered item; readers of Markdown of all kinds take so many."""


@dataclass(frozen=True)
class Item:
    """One thing that the site is asked about.

    `what` is what the check asks, `found` what it found, `to_do` what to do about it, `accepted`
    why nothing is; `numbers` are measured values beside their limits.
    """

    code: str
    criterion: str
    about: str
    what: str
    found: str
    numbers: tuple[str, ...]
    to_do: str
    word: str
    accepted: str = ""


@dataclass(frozen=True)
class Letter:
    """What a letter says.

    Parameters
    ----------
    subject, site, protocol, plan : str
        Whose submission it is about, by the trial's own ids, and of which plan.
    verdict : str
        What the submission as a whole is called.
    only : tuple of str
        Codes, or patterns of codes, of the checks that were asked, where not all were.
    to_correct : tuple of Item
        Deviations that nobody accepted, major ones first.
    to_send : tuple of Item
        What could not be evaluated.
    to_confirm : tuple of Item
        Queries beside what passed or is for information.
    accepted : tuple of Item
        What a reviewer accepted: nothing is to be done about it.
    """

    subject: str
    site: str
    protocol: str
    plan: str
    verdict: str
    only: tuple[str, ...]
    to_correct: tuple[Item, ...]
    to_send: tuple[Item, ...]
    to_confirm: tuple[Item, ...]
    accepted: tuple[Item, ...]

    @property
    def parts(self) -> tuple[tuple[str, tuple[Item, ...]], ...]:
        """Its parts under their titles, in the order in which they are read."""
        return (
            ("Please correct", self.to_correct),
            ("Please send what is missing: this could not be evaluated", self.to_send),
            ("Please confirm", self.to_confirm),
            ("Accepted as it is", self.accepted),
        )

    @property
    def asks_nothing(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.to_correct or self.to_send or self.to_confirm)


def letter_of(report: Report) -> Letter:
    """Return the letter on a report; it names the subject by the trial's id and nobody by name."""
    told = report.findings
    deviant = [one for grade in (Grade.MAJOR, Grade.MINOR) for one in report.graded(grade)]
    return Letter(
        subject=report.subject,
        site=report.site,
        protocol=f"{report.protocol.id}, version {report.protocol.version}",
        plan=report.plan_label,
        verdict=verdict_words(report)[report.verdict],
        only=report.only,
        to_correct=_items(report, [it for it in deviant if not report.decision_on(it)]),
        to_send=_by_reason(
            report,
            [one for one in report.graded(Grade.NOT_EVALUABLE) if not report.decision_on(one)],
        ),
        to_confirm=_items(
            report,
            [
                one
                for one in told
                if Flag.QUERY in one.flags
                and one.grade in {Grade.PASS, Grade.INFO}
                and not report.decision_on(one)
            ],
        ),
        accepted=_items(report, [it for it in told if report.decision_on(it)]),
    )


def letter_markdown(report: Report) -> str:
    """Return the letter in Markdown."""
    return _markdown().get_template("letter.md.j2").render(letter=letter_of(report))


def letter_html(report: Report) -> str:
    """Return the letter as a page that needs nothing beside it."""
    return environment().get_template("letter.html.j2").render(letter=letter_of(report))


def _items(report: Report, findings: list[Finding]) -> tuple[Item, ...]:
    asked = _questions()
    words = grade_words(report)
    items = []
    for finding in findings:
        decision = report.decision_on(finding)
        items.append(
            Item(
                code=finding.code,
                criterion=finding.criterion,
                about=finding.about,
                what=asked.get(finding.code, ""),
                found=finding.message,
                numbers=tuple(filter(None, map(_number, finding.evidence))),
                to_do="" if decision else finding.hint,
                word=words[finding.grade],
                accepted=decision.reason if decision else "",
            )
        )
    return tuple(items)


def _by_reason(report: Report, findings: list[Finding]) -> tuple[Item, ...]:
    """Return what could not be evaluated, once for each reason: one thing to send answers all."""
    shown = views(findings)
    items = dict(zip(map(id, shown), _items(report, findings), strict=True))
    told = []
    for reason in reasons_of(shown):
        alike = [items[id(one)] for one in reason.findings]
        first = alike[0]
        if len(alike) > 1:
            codes = ", ".join(dict.fromkeys(one.code for one in reason.findings))
            found = f"{len(reason.findings)} checks could not be made, because {reason.reason}"
            rules, things = (
                _each_once(getattr(one, name) for one in reason.findings)
                for name in ("criterion", "about")
            )
            # Of several lesions each number says whose it is.
            are_several = len({one.about for one in alike}) > 1
            numbers = tuple(
                dict.fromkeys(
                    f"{one.about}: {number}" if are_several and one.about else number
                    for one in alike
                    for number in one.numbers
                )
            )
            first = replace(
                first,
                code=codes,
                found=found,
                criterion=rules,
                about=things,
                what="",
                numbers=numbers,
            )
        told.append(first)
    return tuple(told)


def _each_once(texts: Iterable[str]) -> str:
    """Return texts in their order, each once, without blank ones."""
    return ", ".join(filter(None, dict.fromkeys(texts)))


@cache
def _questions() -> dict[str, str]:
    """Return what each check asks, by code; those of a site have no page in this process."""
    return {one.code: one.sections["What it checks"] for one in all_checks()}


def _number(evidence: Evidence) -> str:
    """Return a number that was held against a limit, both in words, or ""."""
    if evidence.limit is None or evidence.measured is None:
        return ""
    if isinstance(evidence.measured, str) and evidence.low is None:
        return ""
    value, _ = measured_as_shown(evidence)
    limit, unit = shown_limit(evidence.relation, evidence.limit), evidence.unit
    told = (value, unit, "where", limit, unit, "is asked")
    return f"{evidence.name}: {' '.join(filter(None, told))}"


@dataclass(frozen=True)
class _Blanks:
    """Blanks that are none of a text: Markdown takes a line for an item's by how many there are."""

    count: int

    def __str__(self) -> str:
        return " " * self.count


def _below(number: int) -> _Blanks:
    """Return the blanks before what belongs to a numbered item: as wide as "100. " is."""
    return _Blanks(max(LEAST_INDENT, len(f"{number}. ")))


@cache
def _markdown() -> "Environment":
    """Return templates of Markdown, in which foreign text is text and nothing else."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    def escaped(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return _MARKDOWN.sub(r"\\\1", safe_text(value, MAX_SENTENCE))

    made = Environment(
        loader=PackageLoader("oligort.report", TEMPLATES),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=escaped,
    )
    made.filters["below"] = _below
    return made
