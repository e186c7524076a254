"""`oligort dvh`: dose-volume histograms and metrics, without a protocol."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from oligort.cli.asked import with_asked
from oligort.cli.exports import read_exports
from oligort.cli.options import DoseChoice, JsonFile, Names, Paths, PlanChoice, Prior
from oligort.cli.output import (
    STANDARD_OUTPUT,
    note_all,
    note_faults,
    note_names,
    note_other_patient,
    note_unanswered,
    refuse_overwriting,
    show,
    write_json,
)
from oligort.cli.status import Status, answering
from oligort.conventions import (
    DEFAULT,
    BetweenPlanes,
    Conventions,
    DoseInterpolation,
    EndCaps,
    Gaps,
    OverlappingLoops,
)
from oligort.errors import NotEvaluable

if TYPE_CHECKING:
    from collections.abc import Callable

    from oligort.dose.dvh import Dvh
    from oligort.dose.metric import Metric
    from oligort.measure import Measure
    from oligort.report.dvh_document import DvhDocument
    from oligort.report.unanswered import Unanswered
    from oligort.submission import Submission


def _dose_above_zero(dose_gy: float | None) -> float | None:
    if dose_gy is not None and not 0 < dose_gy < math.inf:
        raise typer.BadParameter(f"expected a dose above 0 Gy, found {dose_gy:g}")
    return dose_gy


@answering
def dvh(
    paths: Paths,
    roi: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help='An ROI or an expression, "Lungs-GTV". Repeatable. Default: all.'
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC", help='As TG-263 spells it, "V20Gy[%]". Repeatable.'),
    ] = None,
    names: Names = None,
    plan: PlanChoice = None,
    dose: DoseChoice = None,
    prior: Prior = None,
    prescription: Annotated[
        float | None,
        typer.Option(
            metavar="GY",
            help='What "V95%[cc]" is relative to. Default: what the plan prescribes.',
            callback=_dose_above_zero,
        ),
    ] = None,
    end_caps: Annotated[
        EndCaps,
        typer.Option(help="Reach of a structure beyond its end planes: half a spacing, or none."),
    ] = DEFAULT.end_caps,
    between_planes: Annotated[
        BetweenPlanes,
        typer.Option(help="Half the way to the neighbours as it is, or from shape to shape."),
    ] = DEFAULT.between_planes,
    gaps: Annotated[
        Gaps,
        typer.Option(help="Where planes are missing: leave empty, or fill. Reported either way."),
    ] = DEFAULT.gaps,
    overlapping_loops: Annotated[
        OverlappingLoops, typer.Option(help="What two crossing loops share is inside, or outside.")
    ] = DEFAULT.overlapping_loops,
    dose_interpolation: Annotated[
        DoseInterpolation, typer.Option(help="Dose between voxel centres.")
    ] = DEFAULT.dose_interpolation,
    alternatives: Annotated[
        bool,
        typer.Option(
            "--alternatives", help="Add what other conventions would give, as an interval. Slower."
        ),
    ] = False,
    json: JsonFile = None,
) -> Status:
    """Print DVHs and metrics, without a protocol.

    An RTSTRUCT and an RTDOSE are enough. What is named together and shares structures adds up: A is
    A-B and A&B.

    Exit status: 0 all was evaluated; 3 something asked for is not evaluable, standard error says
    what and why; 2 could not run; 4 a bug.
    """
    from oligort.dose.metric import Metric

    refuse_overwriting([json], [*paths, *(prior or ()), names])
    metrics = tuple(dict.fromkeys(Metric.parse(text) for text in metric or ()))
    submission, before = read_exports(paths, prior)
    note_faults(submission.faults)
    chosen = submission
    for number, earlier in enumerate(before, start=1):
        note_faults(earlier.faults)
        chosen = chosen.after(earlier)
        note_other_patient(chosen, number)
    chosen = with_asked(chosen, plan, dose)
    if names is not None:
        chosen = chosen.with_names(names)
        note_names(chosen)
    conventions = Conventions(
        end_caps=end_caps,
        between_planes=between_planes,
        gaps=gaps,
        overlapping_loops=overlapping_loops,
        dose_interpolation=dose_interpolation,
    )
    rois = tuple(dict.fromkeys(roi or ()))

    def computed(name: str) -> "Dvh":
        # What is asked for by name adds up where it shares structures; of all ROIs each is alone.
        curve = chosen.dvhs(*rois, conventions=conventions)[name] if rois else None
        if isinstance(curve, NotEvaluable):
            raise curve
        curve = curve or chosen.dvh(name, conventions)
        return chosen.beside_alternatives(name, curve, conventions) if alternatives else curve

    document = _answer(chosen, rois, metrics, conventions, computed, prescription)
    if json is not None:
        write_json(document.to_json(), json)
    if json != STANDARD_OUTPUT:
        from oligort.report.listings import dvh_view

        show(dvh_view(document))
    note_all("dose", document.notes)
    for entry in document.dvhs:
        note_all(entry.roi_name, [note for note in entry.notes if note not in document.notes])
    note_unanswered(document.not_evaluable)
    return Status.OPEN if document.not_evaluable else Status.DONE


def _told_of_dose(submission: "Submission") -> tuple[str, ...]:
    """Return what is added up, what counts once, and why a check would grade nothing on it."""
    try:
        chosen, doubts = submission.chosen, submission.dose_doubts
    except NotEvaluable:
        return ()  # no ROI has a histogram then, and each says why
    if len(chosen.courses) == 1:
        return *doubts, *chosen.notes
    return f"{len(chosen.courses)} doses are added up: {chosen.by}", *doubts, *chosen.notes


def _answer(
    submission: "Submission",
    rois: tuple[str, ...],
    metrics: "tuple[Metric, ...]",
    conventions: Conventions,
    dvh_of: "Callable[[str], Dvh]",
    prescription_gy: float | None,
) -> "DvhDocument":
    """Return the DVHs of the ROIs, of all where none is named, with what has no answer."""
    from oligort.geometry.algebra import Operand
    from oligort.report.dvh_document import DvhDocument, DvhEntry
    from oligort.report.unanswered import Unanswered

    entries, unanswered = [], []
    try:
        # All ROIs means each as drawn: in quotes a name is never read as an expression.
        asked = {roi: roi for roi in rois} or {
            str(Operand(structure.roi_name, is_roi=True)): structure.roi_name
            for structure in submission.structure_set
        }
    except NotEvaluable as error:
        asked = {}
        unanswered.append(Unanswered(roi_name="", reason=str(error)))
    without = ""
    if not any(metric.needs_prescription for metric in metrics):
        prescription_gy = None
    elif prescription_gy is None:
        try:
            prescription_gy = submission.prescription_gy
        except NotEvaluable as error:
            without = str(error)
    for text, roi in asked.items():
        no_isodose = ""
        try:
            curve = dvh_of(text)
        except NotEvaluable as error:
            # One ROI that this patient does not have must not hide the answers on the others.
            unanswered.append(Unanswered(roi_name=roi, reason=str(error)))
            continue
        if prescription_gy is not None:
            isodose, no_isodose = _isodose(submission, text, prescription_gy, metrics)
            curve = curve.relative_to(prescription_gy, isodose)
        measures, open_metrics = _measured(curve, metrics, without, no_isodose)
        entries.append(DvhEntry.of(curve, measures))
        unanswered += open_metrics
    return DvhDocument(
        dose_sop_instance_uids=tuple(submission.dose_sop_instance_uids),
        settings=submission.dvh_settings(conventions),
        dvhs=tuple(entries),
        not_evaluable=tuple(unanswered),
        prescription_gy=prescription_gy,
        notes=_told_of_dose(submission),
    )


def _isodose(
    submission: "Submission", roi: str, at_gy: float, metrics: "tuple[Metric, ...]"
) -> "tuple[Measure | None, str]":
    """Return the isodose that a conformity index needs, where one is asked for, or why not."""
    if all(metric.kind != "CI" for metric in metrics):
        return None, ""
    try:
        return submission.isodose(roi, at_gy).volume, ""
    except NotEvaluable as error:
        return None, str(error)


def _measured(
    curve: "Dvh", metrics: "tuple[Metric, ...]", no_prescription: str, no_isodose: str
) -> "tuple[dict[str, Measure | None], list[Unanswered]]":
    """Return the metrics by printed name.

    `no_prescription` and `no_isodose` say why there is none, or "".
    """
    from oligort.report.unanswered import Unanswered

    measures: dict[str, Measure | None] = {}
    unanswered = []
    for metric in metrics:
        name = str(metric)
        try:
            if metric.needs_prescription and no_prescription:
                raise NotEvaluable(no_prescription)
            if metric.kind == "CI" and no_isodose:
                raise NotEvaluable(no_isodose)
            measures[name] = curve[name]
        except NotEvaluable as error:
            measures[name] = None
            unanswered.append(Unanswered(roi_name=curve.roi_name, metric=name, reason=str(error)))
    return measures, unanswered
