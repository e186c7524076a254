"""The cohort as one page that needs no server: it sorts and filters by a script of its own."""

from collections import Counter
from pathlib import PurePosixPath
from urllib.parse import quote

from oligort.display import safe_text
from oligort.report.cohort_document import Cohort, Row
from oligort.report.cohort_view import by_deviation, rate_of, why_of
from oligort.report.eyes import Eyes
from oligort.report.templating import environment

MOST_PATH = 512
"""Longest path that is shown whole."""


def cohort_page(cohort: Cohort, *, reports: str = ".") -> str:
    """Return the page of a cohort; nothing in it is loaded from elsewhere.

    `reports` is the way from the page to the folder that the reports were read from, as a URL.
    """
    reasons = Counter(reason for row in cohort.rows for reason in row.eyes)
    page: str = (
        environment()
        .get_template("cohort.html.j2")
        .render(
            cohort=cohort,
            rate_of=rate_of,
            rows=[_cells(row, reports) for row in cohort.rows],
            eyes_first=len(cohort.eyes_first()),
            reasons=[(reason, reasons[reason]) for reason in Eyes if reason in reasons],
            by_check=by_deviation(cohort.by_check),
        )
    )
    return page


def _cells(row: Row, reports: str) -> list[str | int]:
    """Return what the script knows of a report: what it shows, in the order of its columns."""
    url = PurePosixPath(row.url or quote(row.file))
    shown = url.with_suffix(".html") if row.has_page else url
    return [
        safe_text(row.subject),
        safe_text(row.site),
        safe_text(row.arm),
        safe_text(row.plan_date),
        f"left over, was {row.verdict.value}" if row.left_over else row.verdict.value,
        safe_text(" ".join(row.major)),
        safe_text(" ".join(row.minor)),
        safe_text(" ".join(row.not_evaluable)),
        row.passed,
        safe_text(why_of(row), MOST_PATH),
        f"{reports}/{shown.as_posix()}",
    ]
