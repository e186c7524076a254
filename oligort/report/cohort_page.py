"""The cohort as one page that needs no server: it sorts and filters by a script of its own."""

from collections import Counter
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from oligort.display import safe_text
from oligort.report.cohort_document import Cohort, Eyes, Row
from oligort.report.cohort_view import by_deviation, rate_of, why_of

if TYPE_CHECKING:
    from jinja2 import Template

MOST_PATH = 512
"""Longest path that is shown whole."""


def cohort_page(cohort: Cohort, *, reports: str = ".") -> str:
    """Return the page of a cohort; nothing in it is loaded from elsewhere.

    `reports` is the way from the page to the folder that the reports were read from, as a URL.
    """
    reasons = Counter(reason for row in cohort.rows for reason in row.eyes)
    page: str = _template().render(
        cohort=cohort,
        rate_of=rate_of,
        rows=[_cells(row, reports) for row in cohort.rows],
        eyes_first=len(cohort.eyes_first()),
        reasons=[(reason, reasons[reason]) for reason in Eyes if reason in reasons],
        by_check=by_deviation(cohort.by_check),
    )
    return page


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("oligort.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = safe_text
    return environment.get_template("cohort.html.j2")


def _cells(row: Row, reports: str) -> list[str | int]:
    """Return what the script knows of a report: what it shows, in the order of its columns."""
    url = PurePosixPath(row.url or quote(row.file))
    shown = url.with_suffix(".html") if row.has_page else url
    return [
        safe_text(row.subject),
        safe_text(row.site),
        safe_text(row.arm),
        safe_text(row.plan_date),
        row.verdict.value,
        safe_text(" ".join(row.major)),
        safe_text(" ".join(row.minor)),
        safe_text(" ".join(row.not_evaluable)),
        row.passed,
        safe_text(why_of(row), MOST_PATH),
        f"{reports}/{shown.as_posix()}",
    ]
