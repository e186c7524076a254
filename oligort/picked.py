"""Picked: the doses of one export that stand for what was planned.

Where several would do and the choice matters, the answer is NotEvaluable, with the list to choose
from. Several are picked only where the user names them, or the targets of their plans lie apart.
"""

from collections.abc import Sequence
from itertools import combinations

from oligort.display import quoted
from oligort.dose.same import is_same_dose
from oligort.errors import NotEvaluable
from oligort.geometry.contact import touch
from oligort.geometry.slabs import slabs_of
from oligort.geometry.structure import Structure, StructureSet
from oligort.objects import Dose, Plan
from oligort.selection import Selection, listing, named, plans_of, title

WHOLE_COURSE_TYPES = frozenset({"PLAN", "MULTI_PLAN", "FRACTION"})
"""Dose Summation Types (PS3.3 C.8.8.3) of all fractions: FRACTION is a whole fraction group."""

NO_PHYSICAL_DOSE = {
    "EFFECTIVE": (
        "the Dose Type is EFFECTIVE (weighted for biological effect): these Gy are no physical dose"
    )
}
"""What is said of a Dose Type (3004,0004) whose meaning is known."""

Picks = list[tuple[Dose, Plan | None]]
"""Doses, each with the plan that the user names for it."""

SEND_DOSE = (
    "export the dose (RTDOSE) of the whole plan, all beams and all fractions, in Gy, together with "
    "the plan and its structures"
)
"""What to do where no dose that can be judged is there."""


def pick(
    structure_sets: Sequence[StructureSet],
    plans: Sequence[Plan],
    doses: Sequence[Dose],
    selection: Selection,
) -> tuple[Picks, str]:
    """Return the doses of one export that are meant, and the rule that says so.

    Without structure sets no two doses are seen to be of targets that lie apart.

    Raises
    ------
    NotEvaluable
        If the choice is open.
    SelectionError
        If the selection names nothing, or more than one object.
    """
    own_plans, own_doses = named(plans, doses, selection)
    by = f"courses chosen by {selection.by}" if max(map(len, (own_plans, own_doses))) > 1 else ""
    if own_doses:
        of_dose = [[plan for plan in own_plans if plan in plans_of(d, plans)] for d in own_doses]
        if len(own_doses) == 1 and own_plans:
            of_dose = [[*of_dose[0], *own_plans]]
        first = [next(iter(theirs), None) for theirs in of_dose]
        return list(zip(own_doses, first, strict=True)), by or f"chosen by {selection.by}"
    if len(own_plans) > 1:
        if total := _sum_of(own_plans, doses):
            _require_no_twin(doses, total)
            # Who names plans means what is of these.
            of_plans = [dose for dose in doses if set(dose.plan_uids) == set(total.plan_uids)]
            _require_no_damaged_sum(of_plans, total)
            return [(total, own_plans[0])], f"{by}, and their sum (MULTI_PLAN) is there"
        of_each = [_only_dose(doses, plan, plans)[0] for plan in own_plans]
        for dose in of_each:
            _require_no_twin(doses, dose)
        return list(zip(of_each, own_plans, strict=True)), by
    plan = next(iter(own_plans), None)
    if plan is None and (apart := _courses_apart(structure_sets, plans, doses)):
        return [(dose, None) for dose in apart], "courses whose targets lie apart"
    dose, by = _only_dose(doses, plan, plans)
    _require_no_twin(doses, dose)
    if plan is None:
        _require_every_course(doses, dose, plans)
    return [(dose, plan)], by


def _sum_of(plans: Sequence[Plan], doses: Sequence[Dose]) -> Dose | None:
    """Return the one usable dose that is the sum of these plans and of no other, or None."""
    uids = {plan.sop_instance_uid for plan in plans}
    sums = [
        dose
        for dose in doses
        if dose.summation_type == "MULTI_PLAN" and dose.grid and set(dose.plan_uids) == uids
    ]
    return sums[0] if len(sums) == 1 else None


def doses_of_parts(doses: Sequence[Dose]) -> tuple[Dose, ...]:
    """Return the doses of beams, sessions or control points, which never stand for a plan."""
    return tuple(dose for dose in doses if is_of_a_part(dose))


def is_of_a_part(dose: Dose) -> bool:
    """Whether a dose is of a beam, a session or a control point, and no plan's whole."""
    return dose.summation_type not in WHOLE_COURSE_TYPES


def told_of_kind(doses: Sequence[Dose]) -> tuple[str, ...]:
    """Return why doses are no physical dose of whole plans, each reason as a sentence."""
    told = [
        f"{quoted(dose.file)} is of a part of a plan ({dose.summation_type or 'no summation type'})"
        for dose in doses_of_parts(doses)
    ]
    kinds = {dose.grid.dose_type for dose in doses if dose.grid} - {"PHYSICAL"}
    told += [
        NO_PHYSICAL_DOSE.get(kind, f"the Dose Type is {quoted(kind)}, not PHYSICAL")
        for kind in sorted(kinds)
    ]
    return tuple(told)


def is_of_one_group(dose: Dose, plans: Sequence[Plan]) -> bool:
    """Whether a dose is of one fraction group of a plan that has several, which is no whole plan.

    Not asked which: the doses of all groups are not added up either.
    """
    return dose.summation_type == "FRACTION" and any(
        plan.fraction_group_count > 1 for plan in plans_of(dose, plans)
    )


def sharing_a_uid(doses: Sequence[Dose]) -> tuple[Dose, ...]:
    """Return the doses whose SOP Instance UID stands for more than one object."""
    uids = [dose.sop_instance_uid for dose in doses if dose.sop_instance_uid]
    return tuple(dose for dose in doses if uids.count(dose.sop_instance_uid) > 1)


def _require_no_twin(doses: Sequence[Dose], dose: Dose) -> None:
    twins = [d for d in sharing_a_uid(doses) if d.sop_instance_uid == dose.sop_instance_uid]
    if twins:
        raise NotEvaluable(
            f"different doses share one SOP Instance UID: {listing(twins)}; choose by file"
        )


def _require_every_course(doses: Sequence[Dose], dose: Dose, plans: Sequence[Plan]) -> None:
    """Raise NotEvaluable where what is there besides the dose may be another course.

    A plan that has doses of its parts alone is another course too. A dose that is linked to no plan
    here may be of any of them, but of no more than it names, unless it is a sum.
    """
    held = set(dose.plan_uids)
    without = [plan for plan in plans if plan.sop_instance_uid not in held]
    if without and plans_of(dose, plans):
        raise NotEvaluable(
            f"no dose is there for {listing(without)} (of a whole plan), which may be another "
            f"course; choose a plan"
        )
    if len(without) > max(len(held), 1) and dose.summation_type != "MULTI_PLAN":
        raise NotEvaluable(
            f"{title(dose)} refers to none of {listing(without)}, and cannot be of all of them: "
            f"what has no dose may be another course; choose the dose with --dose"
        )
    if beyond := [part for part in doses_of_parts(doses) if held and not _is_within(part, held)]:
        raise NotEvaluable(
            f"{title(dose)} does not hold the plan of {listing(beyond)}, which may be of another "
            f"course; choose one with --plan or --dose"
        )


def _is_within(dose: Dose, plan_uids: set[str]) -> bool:
    """Whether a dose is of these plans alone, as far as it says of which it is."""
    return bool(dose.plan_uids) and plan_uids.issuperset(dose.plan_uids)


def _is_other_form(dose: Dose, plan_uids: set[str]) -> bool:
    """Whether a dose of these plans alone is relative, a difference, histograms, or a plane."""
    is_said = dose.units.upper() == "RELATIVE" or dose.dose_type == "ERROR"
    is_less = dose.is_plane or not dose.has_pixels
    return (is_said or is_less) and _is_within(dose, plan_uids)


def _damaged(doses: Sequence[Dose], plan_uids: set[str]) -> list[Dose]:
    """Return the doses that cannot be used, and may be of a whole plan, these or another.

    One that was cut off before it says of what it is may be of anything.
    """
    return [
        dose
        for dose in doses
        if dose.grid is None and not _is_other_form(dose, plan_uids)
        if not (dose.summation_type and is_of_a_part(dose))
    ]


def _require_none_damaged(damaged: Sequence[Dose], plan_uids: set[str]) -> None:
    """Raise NotEvaluable for the first of some doses that cannot be used."""
    for dose in damaged:
        other = "the dose that is meant" if _is_within(dose, plan_uids) else "another course"
        raise NotEvaluable(
            f"{title(dose)} cannot be used and may be {other}: {dose.refusal}; choose one with "
            f"--plan or --dose"
        )


def _require_no_damaged_sum(doses: Sequence[Dose], total: Dose) -> None:
    """Raise NotEvaluable where another sum of these plans is damaged, or what names no plan.

    The dose of one of its plans may be: the sum says that it holds that.
    """
    summed = set(total.plan_uids)
    unsure = [
        dose
        for dose in _damaged(doses, summed)
        if dose.summation_type == "MULTI_PLAN" or not dose.plan_uids
    ]
    _require_none_damaged(unsure, summed)


def _only_dose(doses: Sequence[Dose], plan: Plan | None, plans: Sequence[Plan]) -> tuple[Dose, str]:
    """Return the dose that alone stands for what was planned, and the rule that says so."""
    if not doses:
        raise NotEvaluable("no RTDOSE is in the submission", SEND_DOSE)
    of_plan = [
        dose for dose in doses if plan is None or set(dose.plan_uids) == {plan.sop_instance_uid}
    ]
    if plan is not None and not of_plan:
        raise NotEvaluable(
            f"no RTDOSE refers to plan {quoted(plan.label)}; there are: {listing(doses)}",
            SEND_DOSE,
        )
    groups = [dose for dose in of_plan if is_of_one_group(dose, plans)]
    whole = [d for d in of_plan if not is_of_a_part(d) and d not in groups]
    usable = _distinct([dose for dose in whole if dose.grid is not None])
    if not whole and groups:
        raise NotEvaluable(
            f"{listing(groups)} {'is' if len(groups) == 1 else 'are each'} of one fraction group, "
            f"and {listing(plans_of(groups[0], plans))} has several; they are not added up",
            SEND_DOSE,
        )
    if not whole:
        raise NotEvaluable(
            f"no dose of a whole plan is there, only {listing(of_plan)}; parts of a plan are not "
            f"added up",
            SEND_DOSE,
        )
    if not usable:
        reasons = "; ".join(f"{title(dose)}: {dose.refusal}" for dose in whole)
        raise NotEvaluable(f"no RTDOSE can be used: {reasons}", SEND_DOSE)
    sums = [dose for dose in usable if dose.summation_type == "MULTI_PLAN"]
    if len(sums) == 1 and plan is None:
        summed = set(sums[0].plan_uids)
        if not summed and len(whole) > 1:
            raise NotEvaluable(
                f"{title(sums[0])} does not say which plans it sums, and others are there: "
                f"{listing([dose for dose in whole if dose is not sums[0]])}; choose with --dose"
            )
        beyond = [dose for dose in whole if summed and not summed.issuperset(dose.plan_uids)]
        if not beyond:
            _require_no_damaged_sum(of_plan, sums[0])
            return sums[0], "the sum of all plans (MULTI_PLAN)"
        raise NotEvaluable(
            f"{title(sums[0])} does not hold the plan of {listing(beyond)}, which may be another "
            f"course; choose one with --plan or --dose"
        )
    if len(usable) > 1:
        raise NotEvaluable(
            f"{len(usable)} doses are there and may be alternatives or courses: {listing(usable)}"
            f"; they are not added; choose one with --plan or --dose"
            f"{f' ({listing(plans)})' if plans else ''}"
        )
    # A second form of the same plan's dose may be unusable; the dose of another plan may not, nor
    # a damaged one, which may be the plan's dose of today and the other that of yesterday.
    same = set(usable[0].plan_uids)
    _require_none_damaged([d for d in _damaged(of_plan, same) if d not in groups], same)
    others = len(of_plan) - 1
    rule = "the only dose" if not others else "the only dose of a whole plan"
    return usable[0], rule


def notes_on_repeated(doses: Sequence[Dose], picked: Sequence[Dose]) -> list[str]:
    """Return what to say of doses of an export that are one of those picked from it again."""
    return [
        f"{title(dose)} is {title(one)} again: counted once"
        for one in picked
        for dose in doses
        if not any(dose is other for other in picked) and _is_again(dose, one)
    ]


def _distinct(doses: Sequence[Dose]) -> list[Dose]:
    """Return doses without those that are one of them again: equal voxels of the same plans.

    Of one UID and two contents none is used.
    """
    kept: list[Dose] = []
    # By UID, so that no order of files says which of them stands for the others.
    for dose in sorted(doses, key=lambda dose: dose.sop_instance_uid):
        if not any(_is_again(dose, other) for other in kept):
            kept.append(dose)
    return [dose for dose in doses if any(dose is one for one in kept)]


def _is_again(dose: Dose, other: Dose) -> bool:
    plan_uids = set(dose.plan_uids)
    are_of_one = bool(plan_uids) and plan_uids == set(other.plan_uids)
    if not are_of_one or "MULTI_PLAN" in {dose.summation_type, other.summation_type}:
        return False
    is_one_uid = dose.sop_instance_uid == other.sop_instance_uid != ""
    if is_one_uid or dose.frame_of_reference_uid != other.frame_of_reference_uid:
        return False
    return dose.grid is not None and other.grid is not None and is_same_dose(dose.grid, other.grid)


def _courses_apart(
    structure_sets: Sequence[StructureSet], plans: Sequence[Plan], doses: Sequence[Dose]
) -> tuple[Dose, ...]:
    """Return the doses of all plans where each has its own and their targets lie apart, or none.

    Every plan must have one dose of its own, and name by their ROIs the targets that it treats.
    """
    whole = _distinct([dose for dose in doses if not is_of_a_part(dose)])
    uids = [uid for dose in whole for uid in set(dose.plan_uids)]
    if not all(_is_within(part, set(uids)) for part in doses_of_parts(doses)):
        return ()
    is_one_each = sorted(uids) == sorted(plan.sop_instance_uid for plan in plans)
    if len(plans) < 2 or len(whole) != len(plans) or not is_one_each:
        return ()
    if any(dose.grid is None or dose.summation_type == "MULTI_PLAN" for dose in whole):
        return ()
    if any(is_of_one_group(dose, plans) for dose in whole):
        return ()
    targets = [_targets_of(plan, structure_sets) for plan in plans]
    if not all(targets) or not all(_lie_apart(*pair) for pair in combinations(targets, 2)):
        return ()
    # By UID, so that no order of files says which course comes first.
    return tuple(sorted(whole, key=lambda dose: dose.sop_instance_uid))


def _targets_of(plan: Plan, structure_sets: Sequence[StructureSet]) -> tuple[Structure, ...]:
    """Return the ROIs that every prescription of a plan refers to, or none of them."""
    linked = [s for s in structure_sets if s.sop_instance_uid == plan.structure_set_uid != ""]
    numbers = {prescription.roi_number for prescription in plan.prescriptions}
    if len(linked) != 1 or len(structure_sets) != 1 or None in numbers:
        return ()
    targets = tuple(s for s in linked[0] if s.roi_number in numbers and not s.is_empty)
    return targets if len(targets) == len(numbers) else ()


def _lie_apart(targets: tuple[Structure, ...], others: tuple[Structure, ...]) -> bool:
    """Whether no target overlaps or touches one of the others, as far as can be told."""
    if not all(one.lies_in(other.frame_of_reference_uid) for one in targets for other in others):
        return False
    try:
        stacks, other_stacks = ([slabs_of(one) for one in some] for some in (targets, others))
        return not any(touch(one, other) for one in stacks for other in other_stacks)
    except (NotEvaluable, ValueError):
        # Not to be cut into slabs, or drawn in planes that are not parallel.
        return False
