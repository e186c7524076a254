"""Dose limits: lung V20 (X6), and any other limit of the protocol."""

from collections.abc import Iterator
from dataclasses import replace

from oligort.anatomy import ROLE_NAMES
from oligort.checks.answers import (
    grade_throughout,
    held_against,
    not_evaluable,
    off_by_computation,
    told_beside,
    what_lies_between,
)
from oligort.checks.applicability import (
    limited_once,
    not_applicable,
    told_without_limits,
    why_not_applicable,
)
from oligort.checks.approval import require_for_a_patient
from oligort.checks.case import Case
from oligort.checks.cut_out import told_of_gaps_cut_out
from oligort.checks.expressions import as_anatomy_allows
from oligort.checks.image_planes import cut_off_by_images
from oligort.checks.judged import Judged, gaps_of, judged, limited_dvh, limited_operand
from oligort.checks.laterality import require_sides
from oligort.checks.least_doses import require_without_earlier
from oligort.checks.plan_kind import require_one_kind, require_screening_or_said
from oligort.checks.plausibility import fit_of
from oligort.checks.registry import CONVENTION, check
from oligort.checks.relative import told_of_prescription
from oligort.checks.volumes import require_plausible_volumes
from oligort.checks.what_to_do import COVER_IT, PHYSICAL_DOSE, WHOLE_DOSE
from oligort.display import quoted
from oligort.dose.dvh import Dvh
from oligort.errors import NotEvaluable
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.geometry.algebra import operand_names, parse
from oligort.lesions.naming import read_roi_name
from oligort.lesions.vocabulary import Organ, Role
from oligort.measure import Measure
from oligort.picked import doses_of_parts, is_of_a_part
from oligort.protocol.limits import DoseLimit


@check("OL301", "Dose limits")
def dose_limits(case: Case) -> Iterator[Finding]:
    """What it checks: each dose limit of the protocol; for NCT06190782 the lung V20.

    Why it matters: lung V20 above the limit is an exclusion criterion, and predicts pneumonitis.

    How it is measured: the metric of the histogram of the structure that the protocol names,
    computed from its parts ("Lungs-GTV": the lungs without the union of the GTVs) in the dose of
    the chosen plan, as a percentage of the whole volume. Decided on the unrounded value. Between
    the limit and that of the protocol's acceptable variation the grade is the variation's. A limit
    of other submissions (arm, kind of plan, organ, fractions) does not apply, for information.
    BORDERLINE: closer to a limit than the protocol's setting, or than the computation may be off
    by (interval numerical). DEFINITION_SENSITIVE: another
    definition of the structure would change the verdict, or may, where the limit lies within its
    interval. QUERY: a drawn ROI of the same name differs from the computed one, or still holds the
    GTV; what superseded GTVs, or unions named for tumour, would subtract; planes are missing, also
    in what is cut out, or the images cut the organ off (OL016); a plan of 3 fractions where the
    structure is limited in 1 and in 5.

    Not evaluable when: whether the limit applies is not known; the dose is open, of type
    EFFECTIVE, does not fit its prescription, or is of plans of another kind (screening, delivered)
    than the one that is judged, or, where nobody says the kind and the register lists plans, of one
    that it does not list for screening; it is of a plan that was made for a phantom or a machine
    (OL009); the limit is in percent, and no one dose is prescribed to the structure; a
    part of the structure is missing, only one lung is drawn, or a GTV to be cut out has no
    contours; its volume is not plausible (OL017); left and right are swapped and one side is
    limited; a limit that more dose helps to keep (of a target) is kept by that of an earlier course
    alone; the structure leaves the dose grid, or planes of it or of what is cut out are not
    drawn, and the limit lies between the bounds; superseded GTVs, a union that holds more than the
    GTVs, a GTV left in the drawn ROI, one that fills half of a lung, or an ROI that may be drawn
    for a lesion of the register (roi_names), would change the verdict.

    Source: the protocol's dose limits; NCT06190782, exclusion criteria, X6.
    """
    if not case.protocol.dose_limits:
        yield from told_without_limits(case, "OL301")
    for limit in case.protocol.dose_limits:
        try:
            if reason := why_not_applicable(case, limit):
                yield not_applicable("OL301", case, limit, reason)
                continue
            _require_gradable(case)
            require_sides(case, operand_names(as_anatomy_allows(case, parse(limit.structure))))
            found = judged(case, limit)
            require_plausible_volumes(case, limit)
            require_without_earlier(case, limit, found)
            yield _graded(case, limit, found)
        except NotEvaluable as error:
            yield not_evaluable(
                "OL301",
                limit,
                str(error),
                about=limit.structure,
                evidence=_shown_anyway(case, limit),
                hint=error.hint,
            )


@check("OL302", "Structure inside the dose grid")
def inside_the_grid(case: Case) -> Iterator[Finding]:
    """What it checks: structures with a dose limit lie inside the dose grid.

    Why it matters: outside the grid there is no dose; a volume there is neither 0 Gy nor more.

    How it is measured: the volume outside the grid, which reaches half a voxel beyond its
    outermost centres; of several courses that are added, outside any of their grids.

    Not evaluable when: the structure or the dose is missing.

    Source: oligort convention; the grade is the protocol's setting.
    """
    yield from told_without_limits(case, "OL302")
    for limit in limited_once(case):
        try:
            dvh = judged(case, limit).dvh
        except NotEvaluable as error:
            yield Finding(
                code="OL302",
                grade=Grade.NOT_EVALUABLE,
                about=limit.structure,
                message=f"Structure inside the dose grid: not evaluable, because {error}",
                source=CONVENTION,
                hint=error.hint,
            )
            continue
        outside = 100 * _not_covered_cc(dvh) / dvh.volume_cc
        covers = _not_covered_cc(dvh) <= UNCOVERED_ROUNDING * dvh.volume_cc
        grade = Grade.PASS if covers else case.protocol.grades.structure_outside_dose_grid
        yield Finding(
            code="OL302",
            grade=grade,
            about=limit.structure,
            message=_outside_told(dvh),
            evidence=(Evidence(name="outside the dose grid", measured=outside, unit="%"),),
            source=CONVENTION,
            hint="" if covers else COVER_IT,
        )


@check("OL401", "Dose fits the prescription")
def dose_fits_prescription(case: Case) -> Iterator[Finding]:
    """What it checks: the dose can be the whole dose that the plan prescribes.

    Why it matters: a dose of one fraction or of some beams, labelled as a plan's, makes any organ
    limit look kept.

    How it is measured: the dose maximum, and the median dose of each ROI that a prescription
    refers to (where one refers to none, of any ROI that reads as a target), as multiples of what
    all plans of the dose prescribe to it, against the protocol's settings. ROI numbers hold in the
    structure set that the plan names alone. QUERY: of an earlier course without structures only the
    maximum is held against its prescription; or the Beam Doses (300A,0084) of the plan, over all
    fractions, give less than a third of it.

    Not evaluable when: the dose does not fit, no dose can be chosen, its plan, or one of several,
    is not there or prescribes no dose, no target is drawn, an ROI that a prescription refers to is
    not drawn or leaves the dose grid too far, or the dose is of one fraction group of several.

    Source: oligort convention.
    """
    if any(is_of_a_part(dose) for dose in case.submission.chosen.doses):
        raise NotEvaluable("the dose is of a part of a plan")
    fit = fit_of(case)
    if not fit.fits:
        raise NotEvaluable(f"the dose does not fit the prescription: {fit.message}")
    is_asked = fit.is_held and (fit.target is None or fit.beams_are_low)
    yield Finding(
        code="OL401",
        grade=Grade.PASS if fit.is_held else Grade.NOT_EVALUABLE,
        flags=(Flag.QUERY,) if is_asked else (),
        message=fit.message,
        source=CONVENTION,
    )


BEYOND_LIMIT = "re-plan within the limit, or ask the trial office before anybody is treated"
"""What to do about a dose beyond its limit."""

UNCOVERED_ROUNDING = 1e-6
"""Parts per million of a volume outside the grid are rounding, and no deviation."""


def _not_covered_cc(dvh: Dvh) -> float:
    """Return the volume whose dose is not known, or known in part: outside a grid of the sum."""
    return dvh.uncovered_cc + dvh.partly_covered_volume_cc


def _outside_told(dvh: Dvh) -> str:
    told = f"{dvh.uncovered_cc:.2f} of {dvh.volume_cc:.1f} cc lie outside the dose grid"
    if partly_cc := dvh.partly_covered_volume_cc:
        told += f", {partly_cc:.2f} cc inside only some of the grids added"
    if edge_cc := dvh.edge_volume_cc:
        told += f", {edge_cc:.2f} cc in the outermost half voxel, whose dose is not known"
    return told


def family_values(case: Case, limit: DoseLimit) -> dict[str, Measure | str]:
    """Return the metric of each other definition of a limit's structure, or why there is none."""
    values: dict[str, Measure | str] = {}
    for definition in limit.family:
        try:
            expression = as_anatomy_allows(case, parse(definition))
            values[definition] = limited_dvh(case, limit, expression)[limit.metric]
        except NotEvaluable as error:
            values[definition] = str(error)
    return values


def _require_gradable(case: Case) -> None:
    """Raise NotEvaluable where no organ limit may be judged on the dose."""
    require_one_kind(case)
    require_screening_or_said(case)
    require_for_a_patient(case)
    dose = case.submission.dose_grid
    accepts_effective = case.protocol.settings.effective_dose_accepted.value
    if dose.dose_type == "EFFECTIVE" and not accepts_effective:
        raise NotEvaluable(
            "the Dose Type is EFFECTIVE (weighted for biological effect), which the protocol's "
            "settings do not accept",
            PHYSICAL_DOSE,
        )
    if dose.dose_type not in {"PHYSICAL", "EFFECTIVE"}:
        raise NotEvaluable(
            f"the Dose Type is {quoted(dose.dose_type)}, not PHYSICAL", PHYSICAL_DOSE
        )
    for part in doses_of_parts(case.submission.chosen.doses):
        raise NotEvaluable(
            f"the dose is of a part of a plan ({part.summation_type or 'no summation type'})",
            WHOLE_DOSE,
        )
    fit = fit_of(case)
    if not fit.fits:
        raise NotEvaluable(f"the dose does not fit the prescription: {fit.message}", WHOLE_DOSE)


def _with_missing_planes(dvh: Dvh, missing_cc: float) -> Dvh:
    """Return a histogram with the volume of missing planes, of which no dose is known either."""
    return replace(
        dvh,
        volume_cc=dvh.volume_cc + missing_cc,
        uncovered_cc=dvh.uncovered_cc + missing_cc,
    )


def _graded(case: Case, limit: DoseLimit, judged: Judged) -> Finding:
    """Return the finding on a limit whose structure and dose are there."""
    value = judged.dvh[limit.metric]
    if judged.lacks_targets:
        # What gets less than the limit's dose raises a share of volume where it is cut out.
        raise NotEvaluable(
            f"{'; '.join(judged.remarks)}: {limit.metric} is {value:.2f} {limit.unit} without it; "
            f"draw it, or delete the ROI",
            "draw the contours of this ROI, or delete it",
        )
    told = *told_of_prescription(limit, judged.dvh), f"{judged.dvh.volume_cc:.0f} cc"
    remarks = [*judged.remarks, *told]
    fit = fit_of(case)
    if fit.target is None or not fit.is_held:
        remarks.append(fit.message)
    if grade_throughout(computed := value.without("numerical"), limit) is None:
        unknown_cc = _not_covered_cc(judged.dvh) + judged.dvh.edge_volume_cc
        why = f"{_outside_told(judged.dvh)}: " if unknown_cc else ""
        raise NotEvaluable(
            f"{why}{limit.metric} is {told_beside(computed.low, limit, 3)} to "
            f"{told_beside(computed.high, limit, 3)} {limit.unit}, "
            f"and {what_lies_between(computed.low, computed.high, limit)}",
            COVER_IT if unknown_cc else "",
        )
    missing_cc = sum(gap.missing_mm3 for _, gap in gaps_of(case, limit)) / 1000
    if missing_cc:
        possible = _with_missing_planes(judged.dvh, missing_cc)[limit.metric].without("numerical")
        if grade_throughout(possible, limit) is not limit.grade_of(value):
            raise NotEvaluable(
                f"about {missing_cc:.0f} cc are missing where planes are not drawn: "
                f"{limit.metric} is {told_beside(possible.low, limit)} to "
                f"{told_beside(possible.high, limit)} {limit.unit}, and "
                f"{what_lies_between(possible.low, possible.high, limit)}",
                "draw the missing planes",
            )
        remarks.append(f"about {missing_cc:.0f} cc are missing where planes are not drawn")
    cut_out = told_of_gaps_cut_out(case, limit, judged)
    cut_off = cut_off_by_images(case, limit)
    remarks += (*cut_out, *cut_off)
    for what, other in judged.others:
        _require_agreement(limit, value, what, other)
    flags = [Flag.QUERY] if judged.is_query or missing_cc or cut_out or cut_off else []
    off_by = off_by_computation(value)
    is_within_doubt = grade_throughout(off_by, limit) is None
    if is_within_doubt:
        remarks.append(
            f"as computed, {told_beside(off_by.low, limit, 3)} to "
            f"{told_beside(off_by.high, limit, 3)} {limit.unit}: "
            f"{what_lies_between(off_by.low, off_by.high, limit)}"
        )
    if is_within_doubt or _is_close(case, limit, value):
        flags.append(Flag.BORDERLINE)
    if limit.variation and limit.grade_of(value) is limit.variation.grade:
        remarks.append(
            f"an acceptable variation, {limit.relation} {limit.variation.limit:g} {limit.unit} "
            f"({limit.variation.source})"
        )
    if others := _deciding_otherwise(case, limit, value):
        flags.append(Flag.DEFINITION_SENSITIVE)
        remarks.append(others)
    return held_against(
        "OL301",
        limit,
        float(value),
        about=limit.structure,
        flags=tuple(flags),
        message=f"{limit.metric} {told_beside(value, limit)} {limit.unit}; {'; '.join(remarks)}",
        hint="" if limit.allows(value) else BEYOND_LIMIT,
        interval=(value.low, value.high) if value.intervals else None,
    )


def _is_close(case: Case, limit: DoseLimit, value: Measure) -> bool:
    """Whether a share lies closer to a limit, or to its variation's, than the setting says."""
    width = case.protocol.settings.borderline_percentage_points.value
    limits = (limit.limit, *((limit.variation.limit,) if limit.variation else ()))
    return limit.unit == "%" and any(abs(value - one) < width for one in limits)


def _deciding_otherwise(case: Case, limit: DoseLimit, value: Measure) -> str:
    """Return which other definitions would change the verdict, and which may; "" where none."""
    would, may = [], []
    for name, other in family_values(case, limit).items():
        if not isinstance(other, Measure):
            continue
        grade = grade_throughout(other, limit)
        if grade is None:
            may.append(f"{name} {other:.2f} {limit.unit} ({other.low:.3f} to {other.high:.3f})")
        elif grade is not limit.grade_of(value):
            would.append(f"{name} {told_beside(other, limit)} {limit.unit}")
    told = [f"would change for {', '.join(would)}"] if would else []
    told += [f"may change for {', '.join(may)}"] if may else []
    return f"the verdict {' and '.join(told)}" if told else ""


def _require_agreement(limit: DoseLimit, value: Measure, what: str, other: Dvh) -> None:
    """Raise NotEvaluable where what may be meant as well lies on the other side of the limit."""
    try:
        beside = other[limit.metric].without("numerical")
    except NotEvaluable:
        return  # told among the remarks, and a query
    if grade_throughout(beside, limit) is not limit.grade_of(value):
        raise NotEvaluable(
            f"{limit.metric} is {told_beside(value, limit)} {limit.unit}, and "
            f"{told_beside(beside, limit)} {limit.unit} for "
            f"{what}; {what_lies_between(value, beside, limit)}",
            "delete the ROIs that are no longer meant, and name the others as TG-263 does; in the "
            "register give roi_names of each lesion",
        )


def ungraded_names(case: Case, limit: DoseLimit) -> tuple[str, ...]:
    """Return what stands for a limited structure where that itself cannot be graded.

    For lungs also what is drawn of them under another definition.
    """
    try:
        roi_names = case.submission.roi_names
    except NotEvaluable:
        return ()
    operands = operand_names(parse(limit.structure))
    lungs = (
        structure.roi_name
        for structure, name in roi_names.items()
        if name.organ is Organ.LUNGS and name.subtracted and not structure.is_empty
    )
    # "PTVm01_Lung_L" lies in a lung and is none: beside it lungs would be the number of another.
    read = (read_roi_name(name) for name in operands)
    if any((one.organ, one.role) == (Organ.LUNGS, Role.ORGAN) for one in read):
        operands = (*operands, *lungs)
    return tuple(name for name in operands if name not in ROLE_NAMES)


def _shown_anyway(case: Case, limit: DoseLimit) -> tuple[Evidence, ...]:
    """Return what can be computed although it is not graded, each under its own name."""
    shown = []
    for name in ungraded_names(case, limit):
        try:
            value = limited_operand(case, limit, name)[limit.metric]
        except NotEvaluable:
            continue
        shown.append(
            Evidence(
                name=f"{limit.metric} of {name}, not graded",
                measured=float(value),
                unit=limit.unit,
                low=value.low,
                high=value.high,
            )
        )
    return tuple(shown)
