"""Tables of a cohort for a spreadsheet: a row for each submission, a row for each finding.

What a spreadsheet would take for a formula is text in them: a cell of foreign text that begins
like one stands behind an apostrophe (OWASP, CSV injection).
"""

import csv
from collections.abc import Iterable
from functools import lru_cache
from typing import TextIO

from oligort.display import safe_text
from oligort.document import Report
from oligort.finding import Evidence
from oligort.report.cohort_document import Row
from oligort.report.measured import measured_as_shown
from oligort.report.text import MAX_SENTENCE

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""With these a formula begins, or what a spreadsheet skips before one; the last four are the
full-width forms, which spreadsheets of East Asian locales take for the same (OWASP)."""

SUBMISSION_COLUMNS = (
    "file",
    "subject",
    "site",
    "arm",
    "plan_kind",
    "plan_date",
    "verdict",
    "major",
    "minor",
    "not_evaluable",
    "passed",
    "look_at",
    "left_over",
)

FINDING_COLUMNS = (
    "file",
    "subject",
    "site",
    "code",
    "criterion",
    "grade",
    "flags",
    "about",
    "message",
    "measured",
    "low",
    "high",
    "unit",
    "relation",
    "limit",
    "evidence",
    "source",
    "hint",
    "left_over",
)


def safe_cell(text: object) -> str:
    """Return foreign text as a cell that no spreadsheet computes."""
    return _safe(str(text))


@lru_cache(maxsize=10_000)  # sources, hints and names are the same in all reports
def _safe(shown: str) -> str:
    # Hidden characters and blanks of any kind before it may be skipped or shown as nothing.
    begin = shown.lstrip("".join(c for c in set(shown) if not c.isprintable() or c.isspace()))
    risky = begin.startswith(FORMULA_SIGNS) or shown.startswith(FORMULA_SIGNS)
    return f"'{safe_text(shown, MAX_SENTENCE)}" if risky else safe_text(shown, MAX_SENTENCE)


class CohortTables:
    """The two tables, written row by row; either may be left out.

    The findings as their reports are read, the submissions when all are: what there is to look at
    in one may be another.
    """

    def __init__(self, submissions: TextIO | None = None, findings: TextIO | None = None) -> None:
        self._submissions = csv.writer(submissions, lineterminator="\n") if submissions else None
        self._findings = csv.writer(findings, lineterminator="\n") if findings else None
        if self._submissions:
            self._submissions.writerow(SUBMISSION_COLUMNS)
        if self._findings:
            self._findings.writerow(FINDING_COLUMNS)

    def add_submissions(self, rows: Iterable[Row]) -> None:
        """Write a row for each submission."""
        if self._submissions:
            self._submissions.writerows(map(_of_submission, rows))

    def add_findings(self, row: Row, report: Report) -> None:
        """Write a row for each finding of a report."""
        if self._findings:
            self._findings.writerows(_of_findings(row, report))


def _of_submission(row: Row) -> list[str | int]:
    texts = (row.file, row.subject, row.site, row.arm, row.plan_kind, row.plan_date, row.verdict)
    codes = (" ".join(of_grade) for of_grade in (row.major, row.minor, row.not_evaluable))
    return [
        *map(safe_cell, texts),
        *map(safe_cell, codes),
        row.passed,
        "; ".join(
            f"{eyes}: {' '.join(map(safe_cell, codes))}" if codes else eyes
            for eyes, codes in row.eyes.items()
        ),
        _yes(row),
    ]


def _of_findings(row: Row, report: Report) -> list[list[str | float]]:
    return [
        [
            *map(safe_cell, (row.file, row.subject, row.site, finding.code, finding.criterion)),
            finding.grade.value,
            " ".join(finding.flags),
            safe_cell(finding.about),
            safe_cell(finding.message),
            *_only(finding.evidence),
            safe_cell("; ".join(map(_said, finding.evidence))),
            safe_cell(finding.source),
            safe_cell(finding.hint),
            _yes(row),
        ]
        for finding in report.findings
    ]


def _yes(row: Row) -> str:
    return "yes" if row.left_over else ""


def _only(evidence: tuple[Evidence, ...]) -> tuple[str | float, ...]:
    """Return value, low and high end, unit, relation and limit of the one piece of evidence.

    Empty cells where there are several.
    """
    if len(evidence) != 1:
        return ("",) * 6
    (one,) = evidence
    measured = safe_cell(one.measured) if isinstance(one.measured, str) else one.measured
    return (
        *("" if it is None else it for it in (measured, one.low, one.high)),
        safe_cell(one.unit),
        safe_cell(one.relation or ""),
        "" if one.limit is None else one.limit,
    )


def _said(evidence: Evidence) -> str:
    limit = f" ({evidence.relation} {evidence.limit:g})" if evidence.limit is not None else ""
    value, interval = measured_as_shown(evidence)
    # Not rounded, for whoever computes with it, but for what only words tell.
    value = value if value.endswith(" or more") else str(evidence.measured)
    told = f"{evidence.name} {value} {evidence.unit}".rstrip()
    return told + (f", {interval}" if interval else "") + limit
