"""How a report, a histogram and a census show themselves in a notebook: small tables."""

from typing import TYPE_CHECKING

from oligort.report.page_findings import SEVERITY, finding_view
from oligort.report.templating import environment
from oligort.report.words import count_words, grade_words, verdict_words
from oligort.rounding import shown, shown_interval

if TYPE_CHECKING:
    from oligort.document import Report
    from oligort.dose.dvh import Dvh
    from oligort.lesions.lesion import LesionCensus
    from oligort.measure import Measure

MOST_ROWS = 20
"""Rows of a table: a notebook shows what to ask for next, not everything."""

Rows = list[tuple[str, ...]]


def report_html(report: "Report") -> str:
    """Return the verdict, of which checks it is, and what deviates or could not be evaluated."""
    counted = count_words(report)
    tally = ", ".join(f"{len(report.graded(grade))} {counted[grade]}" for grade in SEVERITY)
    if report.only:
        tally += (
            f"; only the checks {', '.join(report.only)} were asked, and nothing is said of all "
            f"others"
        )
    words = grade_words(report)
    told = [finding_view(one) for grade in SEVERITY[:3] for one in report.graded(grade)]
    rows: Rows = [
        (words[one.grade], one.code, one.criterion, one.about, one.message) for one in told
    ]
    verdict = verdict_words(report)[report.verdict]
    if report.only:
        verdict += f" (of {', '.join(report.only)} alone)"
    title = f"{verdict}  {report.subject}"
    return _table(title, ("grade", "code", "rule", "about", "finding"), rows, tally)


def dvh_html(dvh: "Dvh") -> str:
    """Return volumes and doses of a histogram, and what was assumed of it."""
    doses = (("minimum", dvh.min_gy), ("mean", dvh.mean_gy), ("maximum", dvh.max_gy))
    rows: Rows = [
        ("volume", shown(dvh.volume_cc, "cc"), "cc"),
        ("outside the dose grid", shown(dvh.uncovered_cc, "cc"), "cc"),
        *((name, shown(gy, "Gy"), "Gy") for name, gy in doses),
    ]
    return _table(f"DVH of {dvh.roi_name}", ("what", "value", "unit"), rows, "; ".join(dvh.notes))


def census_html(census: "LesionCensus") -> str:
    """Return the lesions with their sizes, and how many count."""
    rows: Rows = [
        (
            lesion.label,
            str(lesion.organ or "unknown"),
            str(lesion.role).replace("_", " "),
            _size(lesion.longest_axial_mm),
            _size(lesion.short_axis_mm),
            _size(lesion.maximum_3d_mm),
            shown(lesion.volume_cc, "cc"),
            str(lesion.counted),
        )
        for lesion in census
    ]
    organs = ", ".join(f"{organ or 'unknown'} {count}" for organ, count in census.per_organ.items())
    heads = (
        "lesion", "organ", "role", "longest axial mm", "short axis mm", "3D mm", "cc", "counted",
    )  # fmt: skip
    left_out = f"{len(census.excluded)} ROIs are no lesions"
    note = f"per organ: {organs or 'none'}; {left_out}"
    return _table(f"Distant metastases: {census.count}", heads, rows, note)


def _size(measure: "Measure") -> str:
    interval = shown_interval(measure.low, measure.high, measure.unit)
    value = shown(measure, measure.unit)
    return f"{value} ({interval})" if interval else value


def _table(title: str, heads: tuple[str, ...], rows: Rows, note: str) -> str:
    template = environment().get_template("notebook.html.j2")
    more = len(rows) - MOST_ROWS
    return template.render(
        title=title, heads=heads, rows=rows[:MOST_ROWS], more=max(more, 0), note=note
    )
