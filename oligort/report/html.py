"""The page of one submission: one HTML file that holds all that a reviewer needs."""

from collections.abc import Mapping
from pathlib import Path

from oligort.checks.case import Case
from oligort.checks.engine import case_of
from oligort.clinical.register import PlanKind, Register
from oligort.document import Report
from oligort.finding import Grade
from oligort.protocol.model import Protocol
from oligort.report import page_findings, page_sources
from oligort.report.families import families_of
from oligort.report.page_dose import dose_view
from oligort.report.page_lesions import lesions_of
from oligort.report.page_pictures import with_pictures
from oligort.report.templating import environment
from oligort.report.words import count_words, grade_words, verdict_words
from oligort.submission import Submission

CONTENTS = (
    ("deviations", "Deviations"),
    ("not-evaluable", "Not evaluable"),
    ("flags", "Flags"),
    ("dose", "Dose limits"),
    ("isodose", "Isodose"),
    ("lesions", "Lesions"),
    ("left-out", "ROIs left out"),
    ("eligibility", "Eligibility"),
    ("others", "All findings"),
    ("intake", "Files"),
    ("settings", "Settings"),
    ("provenance", "Provenance"),
    ("codes", "Codes"),
)
"""The parts of the page, in their order."""


def render(
    report: Report,
    submission: Submission | None,
    *,
    register: str | Path | Register | None = None,
    protocol: str | Path | Protocol | None = None,
    plan_kind: str | PlanKind | None = None,
) -> str:
    """Return the page of a report: HTML that needs nothing beside it, and holds no clock.

    Parameters
    ----------
    report : Report
        What `oligort.check` said.
    submission : Submission or None
        What it said it of; without it the page has no pictures and says so.
    register, protocol, plan_kind
        Those that it was checked with. Without a protocol that of the report's id is loaded.

    Raises
    ------
    ValueError
        If the report is not of this submission, register and protocol.
    ProtocolError, RegisterError
        If one of them cannot be read.
    """
    if submission is None:
        return page(report, None)
    rules = protocol or report.protocol.id
    case = case_of(submission, rules, register, report.subject, plan_kind=plan_kind)
    return page(report, case)


def page(report: Report, case: Case | None) -> str:
    """Return the page of a report and of the case that it is on; as `render`."""
    if case is not None:
        _refuse_others(report, case)
    lesions = with_pictures(lesions_of(report, case), case)
    codes = tuple(page_sources.pages_of(report))
    titles = {one.code: one.title for one in codes}
    briefs, more_briefs = page_findings.briefs_of(report, titles)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            verdict_word=verdict_words(report)[report.verdict],
            verdict_words=verdict_words(report),
            words=grade_words(report),
            count_words=count_words(report),
            decisions={one.finding: one for one in report.decisions if one.applies},
            lapsed=tuple(one for one in report.decisions if not one.applies),
            tally=_tally(report),
            tiles=tuple(page_findings.tiles_of(report)),
            deviations={
                grade: tuple(page_findings.graded(report, grade))
                for grade in (Grade.MAJOR, Grade.MINOR)
            },
            open_groups=tuple(page_findings.graded(report, Grade.NOT_EVALUABLE)),
            flagged=tuple(page_findings.flagged(report)),
            dose=dose_view(report, case),
            families=tuple(families_of(report)),
            lesions=lesions,
            eligibility=page_findings.eligibility(report),
            others=page_findings.others(report),
            intake=page_sources.intake_of(case.submission, report.findings) if case else None,
            codes=codes,
            titles=titles,
            briefs=briefs,
            more_briefs=more_briefs,
            left_open=page_findings.left_open(report),
            contents=CONTENTS,
            has_submission=case is not None,
        )
    )


def _tally(report: Report) -> Mapping[Grade, int]:
    return {grade: len(report.graded(grade)) for grade in page_findings.SEVERITY}


def _refuse_others(report: Report, case: Case) -> None:
    """Refuse a case that is not the report's.

    Raises
    ------
    ValueError
        If files, doses, protocol or what only a register says differ.
    """
    submission, register = case.submission, case.register
    own = {
        record.sha256
        for export in (submission, *submission.earlier)
        for record in export.provenance
    }
    agree = {
        "files": own == {record.sha256 for record in report.provenance},
        "protocol": case.protocol.sha256 == report.protocol.sha256,
        "doses": submission.dose_sop_instance_uids == report.dose_sop_instance_uids,
        "arm": report.arm == (str(register.arm or "") if register else ""),
    }
    if differ := [name for name, same in agree.items() if not same]:
        raise ValueError(
            f"expected the submission, the protocol and the register that the report was made "
            f"with, found other {' and '.join(differ)}; hand over the same ones"
        )
