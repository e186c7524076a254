"""Decisions: what a reviewer accepted, with the reason, in a file beside the report.

A decision is about one finding as it stood when it was decided on, by the finding's mark. Where the
finding says something else now, the decision no longer applies, and the report says so.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from oligort.display import quoted
from oligort.document import Decision, Report
from oligort.errors import DecisionError
from oligort.finding import Grade
from oligort.strict import content_of, document_of, shown_file

OPEN_TO_DECISION = (Grade.MAJOR, Grade.MINOR, Grade.NOT_EVALUABLE)
"""Grades of findings that somebody may have to decide on."""


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a file of decisions: no key that is not known."""


class Accepted(_Strict, frozen=True, kw_only=True):
    """One finding that a reviewer accepts.

    Parameters
    ----------
    finding : str
        The mark of the finding, as the report prints it.
    code, about : str
        The finding's own, so that a person can read the file.
    reason : str
        Why it is accepted.
    by : str
        Initials of the reviewer; no name.
    date : date
        When it was decided.

    Raises
    ------
    ValueError
        If reason or initials are blank.
    """

    finding: Annotated[str, Meta(pattern="^[0-9a-f]{8}$")]
    code: Annotated[str, Meta(min_length=1, max_length=16)]
    about: str = ""
    reason: Annotated[str, Meta(min_length=3, max_length=1000)]
    by: Annotated[str, Meta(min_length=1, max_length=5)]
    date: date

    def __post_init__(self) -> None:
        """Refuse a decision without a reason, or that nobody signed."""
        for key, what in (("reason", "why it is accepted"), ("by", "the reviewer's initials")):
            if not getattr(self, key).strip():
                raise ValueError(f"{key}: expected {what}, found nothing but blanks")


class DecisionsFile(_Strict, frozen=True, kw_only=True):
    """What stands in a file of decisions.

    Parameters
    ----------
    schema_version : int
        1.
    subject : str
        The subject id of the report.
    accepted : tuple of Accepted
        The findings that are accepted.
    """

    schema_version: Literal[1]
    subject: Annotated[str, Meta(min_length=1)]
    accepted: tuple[Accepted, ...] = ()


def with_decisions(report: Report, file: str | Path) -> Report:
    """Return a report with the decisions of a file; its findings and its verdict stay.

    Raises
    ------
    DecisionError
        If the file cannot be read, is of another subject, decides twice on one finding, or says
        that a finding is of another code, or about something else, than the report does.
    """
    document = document_of(
        content_of(Path(file), DecisionError), DecisionsFile, file, DecisionError
    )
    if document.subject != report.subject:
        raise DecisionError(
            f"{shown_file(file)}: subject: expected {quoted(report.subject)}, the subject of the "
            f"report, found {quoted(document.subject)}"
        )
    marks = [one.finding for one in document.accepted]
    if twice := sorted({mark for mark in marks if marks.count(mark) > 1}):
        raise DecisionError(f"{shown_file(file)}: finding {twice[0]} is decided on twice")
    standing = {finding.mark: finding for finding in report.findings}
    for one in document.accepted:
        found = standing.get(one.finding)
        if found is None:
            continue
        for key, own, other in (("code", found.code, one.code), ("about", found.about, one.about)):
            if own != other:
                raise DecisionError(
                    f"{shown_file(file)}: finding {one.finding}: {key}: expected {quoted(own)}, as "
                    f"the report says of this finding, found {quoted(other)}; look which finding "
                    f"is meant"
                )
    decisions = tuple(
        Decision(
            finding=one.finding,
            code=one.code,
            about=one.about,
            reason=one.reason,
            by=one.by,
            date=one.date.isoformat(),
            applies=one.finding in standing,
        )
        for one in document.accepted
    )
    return msgspec.structs.replace(report, decisions=decisions)


def template_of(report: Report) -> str:
    """Return a file of decisions in TOML in which nothing is decided yet.

    An entry a finding that deviates or is not evaluable, each a comment until somebody decides.
    """
    lines = [
        "# Decisions on a report: take the # away in front of what you accept, say why, and sign",
        "# with your initials. A finding that is accepted stays in the report, with your reason.",
        "schema_version = 1",
        f"subject = {_text(report.subject)}",
    ]
    for grade in OPEN_TO_DECISION:
        for finding in report.graded(grade):
            lines += [
                "",
                f"# {grade} {_text(finding.message)}",
                "#[[accepted]]",
                f'#finding = "{finding.mark}"',
                f"#code = {_text(finding.code)}",
                f"#about = {_text(finding.about)}",
                '#reason = ""',
                '#by = ""',
                "#date = ",
            ]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """Return a text as TOML writes it, on one line whatever it holds."""
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
