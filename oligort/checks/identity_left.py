"""Identity left in the files: named by element and file, never by value."""

from collections.abc import Iterable, Iterator

from oligort.checks.case import Case
from oligort.checks.registry import CONVENTION, check
from oligort.display import listed
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.objects import IdentityLeft, keys_of_id

PATIENT_ID = "PatientID"

INSTITUTION = frozenset({"InstitutionName", "InstitutionAddress"})
"""Elements that may name the trial's site."""


@check("OL008", "Identity left in the files")
def identity_left(case: Case) -> Iterator[Finding]:
    """What it checks: nothing in the headers and names of the files says who the patient is, who
    treated him and where, and the Patient ID is the subject id.

    Why it matters: a name that has reached the trial office cannot be called back.

    How it is measured: in every DICOM object read (structure sets, plans, doses, images,
    registrations; of others what is before pixels): Patient's Name, birth date and time, address,
    telephone numbers, Patient ID and other ids, names of relatives, physicians, operators and
    reviewers, name and address of the institution; labels, descriptions, comments, ROI names and
    names of files that repeat the patient's name, ids or birth date. An element is told by keyword
    and tag, with the files it is in; its value is neither kept nor shown.
    None are: empty values; what repeats the subject id (--subject, else the register's, else the
    Clinical Trial Subject ID), as an id to the letter, as a name whatever separates its parts;
    words for nobody (ANONYMOUS, ANON^0042, DEIDENTIFIED, REMOVED, UNKNOWN), signs alone (XXX,
    0000, ***), a birth date of 19000101 or before; an institution that is the trial's site id.
    INFO with QUERY: an Accession Number or Admission ID, and a birth date of 1 January, which may
    be a dummy or stand for the year alone. Patient Identity Removed (0012,0062) proves nothing.
    Not looked at: private elements; sequences other than Other Patient IDs, Request Attributes,
    beams and those that identify physicians and operators (Referenced Patient is none of them);
    structured content; text in pixels; dates; UIDs.

    Not evaluable when: a Patient ID is there and no subject id is known.

    Source: PS3.15 Annex E; oligort convention; the grade is the protocol's setting.
    """
    exports = (case.submission, *case.submission.earlier)
    stated = [one for export in exports for one in export.identity_left]
    subject = _subject_of(case)
    left = [one for one in stated if not _is_known(one, subject, _site_of(case))]
    ids = {key for one in left if one.keyword == PATIENT_ID for key in one.keys}
    # What repeats a Patient ID that cannot be judged cannot be judged either.
    pending = [one for one in left if not subject and one.keys & ids]
    others = [one for one in left if one not in pending]
    if certain := [one for one in others if not one.may_be_dummy]:
        yield _finding(
            case.protocol.grades.identity_left,
            certain,
            "the files say who the patient is, who treated him or where",
            hint="de-identify the export anew, and handle these files as the patient's own",
        )
    if pending:
        yield _finding(
            Grade.NOT_EVALUABLE,
            pending,
            "not evaluable, because no subject id is known that the Patient ID may be",
            hint="give --subject or a register",
        )
    if doubtful := [one for one in others if one.may_be_dummy]:
        yield _finding(
            Grade.INFO,
            doubtful,
            "a number or a date that may be the patient's or a dummy",
            flags=(Flag.QUERY,),
            hint="confirm that it was replaced",
        )
    if not left:
        yield Finding(
            code="OL008",
            grade=Grade.PASS,
            message="nobody is named; the Patient ID is the subject id"
            if any(one.keyword == PATIENT_ID for one in stated)
            else "nobody is named",
            source=CONVENTION,
        )


def _subject_of(case: Case) -> str:
    """Return the subject id, as the report says it, or "" where nobody gave one."""
    of_register = case.register.subject if case.register else ""
    return case.subject or of_register or case.submission.trial_subject_id


def _site_of(case: Case) -> str:
    return (case.register.site if case.register else "") or case.submission.trial_site_id


def _is_known(one: IdentityLeft, subject: str, site: str) -> bool:
    """Whether an element says no more than the trial's own ids do."""
    if subject and one.keys & keys_of_id(subject):
        return True
    return bool(site) and one.keyword in INSTITUTION and bool(one.keys & keys_of_id(site))


def _finding(
    grade: Grade,
    elements: Iterable[IdentityLeft],
    said: str,
    *,
    flags: tuple[Flag, ...] = (),
    hint: str,
) -> Finding:
    files_of: dict[str, dict[str, None]] = {}
    for one in elements:
        files_of.setdefault(f"{one.keyword} {one.tag}".strip(), {}).update(dict.fromkeys(one.files))
    files = sorted({file for files in files_of.values() for file in files})
    return Finding(
        code="OL008",
        grade=grade,
        flags=flags,
        message=f"{said}: {', '.join(files_of)}; in {listed(files)}",
        evidence=tuple(
            Evidence(name=element, measured=float(len(files)), unit="files")
            for element, files in files_of.items()
        ),
        source=CONVENTION,
        hint=hint,
    )
