"""Targets: what is prescribed, and how each target is covered.

No rule of a protocol asks for these: they are information, and no verdict hangs on them. What
cannot be told is said, as information too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from oligort.checks.answers import information
from oligort.checks.case import Case
from oligort.checks.plausibility import fit_of
from oligort.checks.registry import CONVENTION, check
from oligort.display import listed, quoted
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.finding import Evidence, Finding, Grade
from oligort.geometry.algebra import Shape
from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import Role
from oligort.measure import Measure
from oligort.objects import Plan, Prescription
from oligort.picked import is_of_a_part
from oligort.prescribed import refers_elsewhere, totals_by_roi
from oligort.sums import sums_unnamed

COVERAGE = tuple(Metric.parse(text) for text in ("D95%[Gy]", "D98%[Gy]", "V100%[%]"))
"""What is told of each target: near-minimum doses, of which D98 is that of ICRU Report 83, and the
share of its volume that receives the prescription."""

CONFORMITY = Metric.parse("CI")
"""Paddick's index, where the volume of the isodose is known."""


@check("OL402", "Prescription and fractions")
def prescription_and_fractions(case: Case) -> Iterator[Finding]:
    """What it checks: what the plan prescribes, in how many fractions and to which target.

    Why it matters: no dose and no fractionation of the trial is published, so that a reader has to
    see what a site prescribed.

    How it is measured: each Target Prescription Dose of the plan's dose references, with the number
    of fractions that its fraction group plans. Information: nothing is held against it.

    Not evaluable when: never; where no plan is there, or one states no dose or no number of
    fractions, that is said.

    Source: oligort convention.
    """
    plans = _plans_of(case)
    if not plans:
        yield information("OL402", "no plan of the dose is there: what is prescribed is not known")
    for plan in plans:
        by_dose = sorted(plan.prescriptions, key=lambda one: -one.dose_gy)
        if not by_dose:
            yield information("OL402", f"plan {quoted(plan.label)} prescribes no dose")
        for dose_gy, prescriptions in groupby(by_dose, key=lambda one: one.dose_gy):
            yield _prescribed(case, plan, dose_gy, list(prescriptions))


@check("OL403", "Target coverage")
def target_coverage(case: Case) -> Iterator[Finding]:
    """What it checks: how the dose covers each target, and how closely it fits it.

    Why it matters: a target that is not covered is not treated, whatever the organs get.

    How it is measured: for each ROI that a prescription refers to (where none refers to one, for
    every PTV) D95% and D98%, the share of its volume that receives the prescription (V100%), and
    the conformity index of Paddick (2000): the square of the target's volume in the prescription
    isodose, over the target's volume times the isodose's. Of one target among several, the parts
    of the isodose that touch it count. Information: nothing is held against it.

    Not evaluable when: never; where the dose is open, is no whole course or does not fit its
    prescription, or the prescription of a target cannot be told, that is said.

    Source: oligort convention; Paddick, J Neurosurg 2000; 93 (suppl 3): 219-222.
    """
    try:
        require_whole_dose(case)
        targets = targets_of(case)
    except NotEvaluable as error:
        yield information("OL403", f"target coverage is not told, because {error}")
        return
    for target in targets:
        yield _covered(case, target)


@dataclass(frozen=True, eq=False)
class Target:
    """A structure and the dose that is prescribed to it, in all plans that the dose sums."""

    structure: Structure
    prescription_gy: float


def _evidence(name: str, measure: Measure) -> Evidence:
    return Evidence(
        name=name, measured=float(measure), unit=measure.unit, low=measure.low, high=measure.high
    )


def _plans_of(case: Case) -> tuple[Plan, ...]:
    """Return the plans that are judged, or all where the choice is open."""
    try:
        return case.submission.chosen.plans
    except NotEvaluable:
        return case.submission.plans


def _prescribed(
    case: Case, plan: Plan, dose_gy: float, prescriptions: list[Prescription]
) -> Finding:
    """Return the finding on the prescriptions of one dose in a plan."""
    evidence = [Evidence(name="prescription", measured=dose_gy, unit="Gy")]
    fractions = plan.fractions_planned
    if plan.fraction_group_count > 1:
        how = f"in {plan.fraction_group_count} fraction groups, how much in each is not told"
    elif not fractions:
        how = "in a number of fractions that the plan does not state"
    else:
        how = f"in {fractions} fraction{'s' if fractions > 1 else ''} of {dose_gy / fractions:g} Gy"
        evidence += [
            Evidence(name="fractions", measured=float(fractions)),
            Evidence(name="dose per fraction", measured=dose_gy / fractions, unit="Gy"),
        ]
    numbers = [one.roi_number for one in prescriptions if one.roi_number is not None]
    names, place = _names_of(case, plan, numbers)
    drawn = [names[number] for number in numbers if number in names]
    missing = [f"number {number}" for number in numbers if number not in names]
    to = listed(drawn) if drawn else "no ROI" if not missing else ""
    lacking = f"{' and ' if to else ''}ROI {', '.join(missing)}, {place}" if missing else ""
    return Finding(
        code="OL402",
        grade=Grade.INFO,
        message=f"plan {quoted(plan.label)}: {dose_gy:g} Gy {how}, to {to}{lacking}",
        evidence=tuple(evidence),
        source=CONVENTION,
    )


def _names_of(case: Case, plan: Plan, roi_numbers: list[int]) -> tuple[dict[int, str], str]:
    """Return the names of the ROIs that a plan refers to, and what to say of the others."""
    try:
        structure_set = case.submission.structure_set
    except NotEvaluable:
        return {}, "not drawn"
    if refers_elsewhere(plan, structure_set):
        return {}, "not of the structure set that is judged"
    found = (one for one in structure_set if one.roi_number in roi_numbers)
    return {
        one.roi_number: one.roi_name for one in found if one.roi_number is not None
    }, "not drawn"


def require_whole_dose(case: Case) -> None:
    """Raise NotEvaluable where the dose cannot be what the plans prescribe."""
    dose = case.submission.dose_grid
    if any(is_of_a_part(one) for one in case.submission.chosen.doses):
        raise NotEvaluable("the dose is of a part of a plan")
    if dose.dose_type not in {"PHYSICAL", "EFFECTIVE"}:
        raise NotEvaluable(f"the Dose Type is {quoted(dose.dose_type)}")
    fit = fit_of(case)
    if not fit.fits:
        raise NotEvaluable(f"the dose does not fit the prescription: {fit.message}")


def plans_of_targets(case: Case) -> list[Plan]:
    """Return the plans that prescribe the judged dose; their ROIs are of the structures judged.

    What an earlier course prescribes is to ROIs of its own structures, and is left out.

    Raises
    ------
    NotEvaluable
        If there is none, one that the dose sums is not there, or refers to other structures.
    """
    chosen = case.submission.chosen
    courses = [course for course in chosen.courses if not course.is_prior]
    plans = [plan for course in courses for plan in course.plans if plan.prescriptions]
    if not plans:
        raise NotEvaluable("no plan that prescribes a dose is there")
    named = {uid for course in courses for uid in course.dose.plan_uids}
    if len(plans) < len(named) or any(sums_unnamed(course.dose) for course in courses):
        raise NotEvaluable("the dose sums plans whose prescriptions are not there")
    for plan in plans:
        if refers_elsewhere(plan, chosen.structure_set):
            raise NotEvaluable(
                f"the ROIs that plan {quoted(plan.label)} refers to are not of the structure set "
                f"that is judged"
            )
    return plans


def targets_of(case: Case) -> list[Target]:
    """Return the targets of the judged dose, each with what all its plans prescribe to it.

    Raises
    ------
    NotEvaluable
        If no target is drawn, or which dose is prescribed to it cannot be told.
    """
    plans = plans_of_targets(case)
    by_roi = {number: dose_gy for (_, number), dose_gy in totals_by_roi(plans).items()}
    drawn = [s for s in case.submission.structure_set if not s.is_empty]
    if by_roi:
        referred = [Target(s, by_roi[s.roi_number]) for s in drawn if s.roi_number in by_roi]
        if not referred:
            raise NotEvaluable("no ROI that a prescription refers to is drawn")
        return referred
    doses = {one.dose_gy for plan in plans for one in plan.prescriptions}
    if len(plans) > 1 or len(doses) > 1:
        told = ", ".join(f"{dose_gy:g} Gy" for dose_gy in sorted(doses))
        raise NotEvaluable(f"the prescriptions ({told}) refer to no ROI")
    names = case.submission.roi_names
    targets = [Target(s, *doses) for s in drawn if names[s].role is Role.PTV]
    if not targets:
        raise NotEvaluable("the prescription refers to no ROI, and no PTV is drawn")
    return targets


def _covered(case: Case, target: Target) -> Finding:
    """Return the finding on the coverage of one target."""
    submission, structure = case.submission, target.structure
    name, prescription_gy = structure.roi_name, target.prescription_gy
    try:
        dvh = submission.dvh_of(structure)
    except NotEvaluable as error:
        return information("OL403", f"its coverage is not told, because {error}", about=name)
    remarks = [f"{dvh.volume_cc:.1f} cc, prescription {prescription_gy:g} Gy"]
    if any(course.is_prior for course in submission.chosen.courses):
        remarks.append("the dose holds that of an earlier course")
    metrics, volume = list(COVERAGE), None
    try:
        # By the ROI itself: its name may be that of all of its role ("PTV") or of an expression.
        found = submission.isodose_of_shape(Shape((structure,)), prescription_gy)
    except NotEvaluable as error:
        remarks.append(f"no CI: {error}")
    else:
        parts = f"{found.parts} part{'' if found.parts == 1 else 's'}"
        remarks.append(f"its isodose {found.volume:.1f} cc in {parts}")
        metrics.append(CONFORMITY)
        volume = found.volume
    if dvh.uncovered_cc:
        remarks.append(f"{dvh.uncovered_cc:.1f} cc lie outside the dose grid")
    relative, evidence = dvh.relative_to(prescription_gy, volume), []
    for metric in metrics:
        try:
            evidence.append(_evidence(str(metric), relative[metric]))
        except NotEvaluable as error:
            remarks.append(str(error))
    return Finding(
        code="OL403",
        grade=Grade.INFO,
        about=name,
        message=f"{quoted(name)}: {'; '.join(remarks)}",
        evidence=tuple(evidence),
        source=CONVENTION,
    )
