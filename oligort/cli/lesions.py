"""`oligort lesions`: what was drawn, measured and counted, without a protocol."""

from typing import TYPE_CHECKING, Annotated

import typer

import oligort
from oligort.cli.options import JsonFile, Names, Paths
from oligort.cli.output import (
    STANDARD_OUTPUT,
    note_faults,
    note_names,
    note_unanswered,
    show,
    write_json,
)
from oligort.cli.status import Status, answering
from oligort.display import listed
from oligort.errors import NotEvaluable

if TYPE_CHECKING:
    from oligort.lesions.lesion import LesionCensus
    from oligort.report.lesion_document import LesionDocument
    from oligort.report.unanswered import Unanswered
    from oligort.submission import Submission

NOTHING_MEASURED = (
    "expected an ROI of gross tumour, found none by its name; name the ROIs to measure with --roi"
)


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
    names: Names = None,
    json: JsonFile = None,
) -> Status:
    """Measure lesions, count distant metastases.

    An RTSTRUCT is enough.

    Exit status: 0 all was evaluated; 3 something asked for is not evaluable, standard error says
    what and why; 2 could not run; 4 a bug.
    """
    submission = oligort.read(*paths)
    note_faults(submission.faults)
    if names is not None:
        submission = submission.with_names(names)
        note_names(submission)
    document = _answer(submission, tuple(dict.fromkeys(roi or ())))
    if json is not None:
        write_json(document.to_json(), json)
    if json != STANDARD_OUTPUT:
        from oligort.report.listings import lesion_view

        show(lesion_view(document))
    note_unanswered(document.not_evaluable)
    return Status.OPEN if document.not_evaluable else Status.DONE


def _answer(submission: "Submission", rois: tuple[str, ...]) -> "LesionDocument":
    """Return the census of the ROIs, of gross tumour where none is named."""
    from oligort.report.lesion_document import LesionDocument
    from oligort.report.unanswered import Unanswered

    try:
        drawn = tuple(structure.roi_name for structure in submission.structure_set)
        missing = tuple(
            Unanswered(roi_name=name, reason=f"expected an ROI of this name, found {listed(drawn)}")
            for name in rois
            if name not in drawn
        )
        present = tuple(name for name in rois if name in drawn)
        census = submission.lesions(present if rois else None)
    except NotEvaluable as error:
        return LesionDocument(not_evaluable=(Unanswered(roi_name="", reason=str(error)),))
    return LesionDocument.of(census, missing + _unmeasured(census, present))


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
