"""`oligort lesions`: what was drawn, measured and counted, without the rules of a protocol."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from oligort.cli.asked import with_asked
from oligort.cli.exports import read_exports
from oligort.cli.options import DoseChoice, JsonFile, Names, Paths, PlanChoice, Prior
from oligort.cli.output import (
    STANDARD_OUTPUT,
    note,
    note_faults,
    note_names,
    note_other_patient,
    note_unanswered,
    refuse_overwriting,
    show,
    write_json,
)
from oligort.cli.status import Status, answering
from oligort.display import listed
from oligort.errors import NotEvaluable

if TYPE_CHECKING:
    from oligort.checks.case import Case
    from oligort.lesions.lesion import LesionCensus
    from oligort.report.lesion_document import LesionDocument, ReviewRecord, UnmappedRecord
    from oligort.report.unanswered import Unanswered

NOTHING_MEASURED = (
    "expected an ROI of gross tumour, found none by its name; name the ROIs to measure with --roi"
)

WHOLE_SUBMISSION = ""
"""ROI name of what is not evaluable of no one ROI."""


@answering
def lesions(
    paths: Paths,
    roi: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="An ROI to measure, whatever it stands for. Repeatable. Default: gross tumour.",
        ),
    ] = None,
    register: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="The clinical register: roles and organs from it."
        ),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            metavar="ID|FILE", help="Whose settings and lung structure hold; no rule is applied."
        ),
    ] = "nct06190782",
    plan: PlanChoice = None,
    dose: DoseChoice = None,
    prior: Prior = None,
    write_review: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            metavar="FILE",
            help="Write the counted lesions as a new RTSTRUCT, which names the patient as the "
            "original does.",
        ),
    ] = None,
    names: Names = None,
    json: JsonFile = None,
) -> Status:
    """Measure lesions, count distant metastases.

    An RTSTRUCT is enough; with a dose, what each lesion receives.

    Exit status: 0 all was evaluated; 3 something asked for is not evaluable, standard error says
    what and why; 2 could not run; 4 a bug. A dose is asked for by --plan, --dose or --prior;
    without them, what cannot be told of it is told in the answer alone.
    """
    from oligort.checks.case import Case
    from oligort.clinical.register import Register
    from oligort.protocol.model import Protocol

    refuse_overwriting(
        [write_review, json], [*paths, *(prior or ()), register, names, Path(protocol)]
    )
    rules = Protocol.load(protocol)
    answers = None if register is None else Register.load(register)
    submission, before = read_exports(paths, prior)
    note_faults(submission.faults)
    if names is not None:
        submission = submission.with_names(names)
        note_names(submission)
    for number, earlier in enumerate(before, start=1):
        note_faults(earlier.faults)
        submission = submission.after(earlier)
        note_other_patient(submission, number)
    submission = with_asked(submission, plan, dose)
    case = Case(submission, rules, answers)
    is_dose_asked = bool(plan or dose or prior)
    document, census = _answer(case, tuple(dict.fromkeys(roi or ())), is_dose_asked)
    if write_review is not None and census is not None:
        document = _with_review(document, case, census, write_review, paths)
    if json is not None:
        write_json(document.to_json(), json)
    if json != STANDARD_OUTPUT:
        from oligort.report.lesion_listing import lesion_view

        show(lesion_view(document))
    _note_review(document.review)
    note_unanswered(document.not_evaluable)
    return Status.OPEN if document.not_evaluable else Status.DONE


def _answer(
    case: "Case", rois: tuple[str, ...], is_dose_asked: bool
) -> "tuple[LesionDocument, LesionCensus | None]":
    """Return the census of the ROIs, of gross tumour where none is named, as document and as is."""
    from oligort.checks.lesion_dose import lesion_doses
    from oligort.report.lesion_document import LesionDocument
    from oligort.report.unanswered import Unanswered

    submission = case.submission
    try:
        drawn = tuple(structure.roi_name for structure in submission.structure_set)
        missing = tuple(
            Unanswered(roi_name=name, reason=f"expected an ROI of this name, found {listed(drawn)}")
            for name in rois
            if name not in drawn
        )
        present = tuple(name for name in rois if name in drawn)
        census = case.census_of(present if rois else None)
    except NotEvaluable as error:
        unanswered = Unanswered(roi_name=WHOLE_SUBMISSION, reason=str(error))
        return LesionDocument(not_evaluable=(unanswered,)), None
    has_dose = is_dose_asked or submission.doses or submission.earlier
    document = LesionDocument.of(
        census,
        missing + _unmeasured(census, present),
        role_evidence=_role_evidence(case),
        unmapped=_unmapped(case),
        doses=lesion_doses(case, census) if has_dose else None,
        dose_sop_instance_uids=submission.dose_sop_instance_uids if has_dose else (),
        thresholds=case.census_thresholds,
    )
    if is_dose_asked:
        open_doses = _open_doses(document)
        not_evaluable = document.not_evaluable + open_doses
        document = msgspec.structs.replace(document, not_evaluable=not_evaluable)
    return document, census


def _unmeasured(census: "LesionCensus", asked: tuple[str, ...]) -> "tuple[Unanswered, ...]":
    """Return what was asked for and not measured; to find no lesion at all proves nothing."""
    from oligort.report.unanswered import Unanswered

    if not asked and not len(census):
        return (Unanswered(roi_name="", reason=NOTHING_MEASURED),)
    measured = {lesion.roi_name for lesion in census}
    reasons = {exclusion.roi_name: exclusion.reason for exclusion in census.excluded}
    return tuple(
        Unanswered(roi_name=name, reason=reasons.get(name, "nothing in it encloses an area"))
        for name in asked
        if name not in measured
    )


def _role_evidence(case: "Case") -> dict[str, str]:
    """Return what the role of each ROI rests on, by its name."""
    submission = case.submission
    return {
        structure.roi_name: "from the register"
        if structure.roi_name in submission.roles
        else name.evidence
        for structure, name in submission.roi_names.items()
    }


def _unmapped(case: "Case") -> "tuple[UnmappedRecord, ...]":
    """Return the ROIs whose names are not known, with the nearest that are."""
    from oligort.lesions.vocabulary import Role
    from oligort.report.lesion_document import UnmappedRecord

    return tuple(
        UnmappedRecord(roi_name=structure.roi_name, nearest=name.nearest)
        for structure, name in case.submission.roi_names.items()
        if name.role is Role.UNKNOWN
    )


def _open_doses(document: "LesionDocument") -> "tuple[Unanswered, ...]":
    """Return the values of doses that cannot be told, each reason once a lesion."""
    from oligort.report.unanswered import Unanswered

    return tuple(
        Unanswered(roi_name=lesion.label, metric=key, reason=reason)
        for lesion in document.lesions
        if lesion.dose is not None
        for key, reason in lesion.dose.reasons.items()
    )


def _with_review(
    document: "LesionDocument",
    case: "Case",
    census: "LesionCensus",
    path: Path,
    source: list[Path],
) -> "LesionDocument":
    """Return the document with what was written for review, or why nothing was."""
    from oligort.checks.expressions import lung_expression
    from oligort.report.lesion_document import ReviewRecord
    from oligort.report.unanswered import Unanswered
    from oligort.review import write_review

    try:
        review = write_review(
            case.submission, census, path, source=source, lungs=lung_expression(case)
        )
    except NotEvaluable as error:
        reason = f"no review is written: {error}"
        unanswered = Unanswered(roi_name=WHOLE_SUBMISSION, reason=reason)
        not_evaluable = (*document.not_evaluable, unanswered)
        return msgspec.structs.replace(document, not_evaluable=not_evaluable)
    record = ReviewRecord(rois=review.rois, notes=review.notes)
    return msgspec.structs.replace(document, review=record)


def _note_review(review: "ReviewRecord | None") -> None:
    """Say what was written for review, and what a reader of it should know."""
    if review is None:
        return
    note(f"review: {len(review.rois)} ROIs written: {listed(name for name, _ in review.rois)}")
    for text in review.notes:
        note(f"review: {text}")
