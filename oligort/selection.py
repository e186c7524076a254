"""Selection: which structure set, plan and dose of a submission are meant.

Nothing is guessed: where several would do and the choice matters, the answer is NotEvaluable, with
the list to choose from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeVar

from oligort.display import quoted, safe_text
from oligort.errors import NotEvaluable, SelectionError
from oligort.geometry.structure import StructureSet
from oligort.objects import Dose, Plan, file_key

WHOLE_COURSE_TYPES = frozenset({"PLAN", "MULTI_PLAN", "FRACTION"})
"""Dose Summation Types (PS3.3 C.8.8.3) of all fractions: FRACTION is a whole fraction group."""

_Named = TypeVar("_Named", Plan, Dose)


@dataclass(frozen=True)
class Selection:
    """What the user asked for: a plan and a dose by label, SOP Instance UID or file; or None."""

    plan: str | None = None
    dose: str | None = None


@dataclass(frozen=True, eq=False)
class Chosen:
    """The objects that are judged together.

    `plan` is None where no plan is there or none is linked to the dose; `by` says by which rule
    the dose was chosen. `plans` are all plans that the dose sums, as far as they are there.
    """

    structure_set: StructureSet
    dose: Dose
    plan: Plan | None
    by: str
    plans: tuple[Plan, ...] = ()


def named(
    plans: Sequence[Plan], doses: Sequence[Dose], selection: Selection
) -> tuple[Plan | None, Dose | None]:
    """Return the plan and the dose that the user names, each None where none is named.

    Raises
    ------
    SelectionError
        If a name fits none or several, or the dose is that of another plan.
    """
    plan = named_plan(plans, selection.plan) if selection.plan else None
    dose = named_dose(doses, selection.dose) if selection.dose else None
    if plan is not None and dose is not None and plan.sop_instance_uid not in dose.plan_uids:
        theirs = _plans_of(dose, plans)
        if theirs:
            raise SelectionError(
                f"{_title(dose)} is not of {_title(plan)} but of {_listing(theirs)}; choose one"
            )
    return plan, dose


def named_plan(plans: Sequence[Plan], name: str) -> Plan:
    """Return the plan that a label, a UID or a file names.

    Raises
    ------
    SelectionError
        If none or several fit; the message lists the plans.
    """
    return _named(plans, name, "plan", "RTPLAN")


def named_dose(doses: Sequence[Dose], name: str) -> Dose:
    """Return the dose that a UID or a file names.

    Raises
    ------
    SelectionError
        If none or several fit; the message lists the doses.
    """
    return _named(doses, name, "dose", "RTDOSE")


def choose_structure_set(
    structure_sets: Sequence[StructureSet], plan: Plan | None, plans: Sequence[Plan]
) -> StructureSet:
    """Return the structure set: the plan's own, else the only one.

    Raises
    ------
    NotEvaluable
        If there is none, or several and no plan that decides.
    """
    if not structure_sets:
        raise NotEvaluable("no RTSTRUCT is in the submission")
    if len(structure_sets) == 1:
        return structure_sets[0]
    referred = {p.structure_set_uid for p in ([plan] if plan else plans)}
    linked = [s for s in structure_sets if s.sop_instance_uid and s.sop_instance_uid in referred]
    if len(linked) == 1:
        return linked[0]
    raise NotEvaluable(
        f"{len(structure_sets)} RTSTRUCTs are there and no one plan decides between them: "
        f"{_listing(structure_sets)}; name the files to read, or choose a plan"
    )


def choose(
    structure_sets: Sequence[StructureSet],
    plans: Sequence[Plan],
    doses: Sequence[Dose],
    selection: Selection,
) -> Chosen:
    """Return structure set, dose and plan that belong together.

    Raises
    ------
    NotEvaluable
        If the choice is open, or the dose cannot be placed on the structures.
    SelectionError
        If the selection names nothing, or more than one object.
    """
    plan, dose = named(plans, doses, selection)
    by = "chosen by the user"
    if dose is None:
        dose, by = _only_dose(doses, plan, plans)
        twins = [d for d in sharing_a_uid(doses) if d.sop_instance_uid == dose.sop_instance_uid]
        if twins:
            raise NotEvaluable(
                f"different doses share one SOP Instance UID: {_listing(twins)}; choose by file"
            )
        if plan is None:
            _require_every_course(doses, dose, plans)
    if dose.grid is None:
        raise NotEvaluable(f"{_title(dose)} cannot be used: {dose.refusal}")
    summed = _summed(dose, plan, plans)
    decides = plan or (summed[0] if len(summed) == 1 else None)
    structure_set = choose_structure_set(structure_sets, decides, summed or plans)
    plan = plan or next(iter(summed), None)
    _require_one_frame(structure_set, dose, plan)
    return Chosen(structure_set, dose, plan, by, summed)


def doses_of_parts(doses: Sequence[Dose]) -> tuple[Dose, ...]:
    """Return the doses of beams, sessions or control points, which never stand for a plan."""
    return tuple(dose for dose in doses if is_of_a_part(dose))


def is_of_a_part(dose: Dose) -> bool:
    """Whether a dose is of a beam, a session or a control point, and no plan's whole."""
    return dose.summation_type not in WHOLE_COURSE_TYPES


def sharing_a_uid(doses: Sequence[Dose]) -> tuple[Dose, ...]:
    """Return the doses whose SOP Instance UID stands for more than one object."""
    uids = [dose.sop_instance_uid for dose in doses if dose.sop_instance_uid]
    return tuple(dose for dose in doses if uids.count(dose.sop_instance_uid) > 1)


def _plans_of(dose: Dose, plans: Sequence[Plan]) -> tuple[Plan, ...]:
    return tuple(plan for plan in plans if plan.sop_instance_uid in dose.plan_uids)


def _summed(dose: Dose, plan: Plan | None, plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """Return the plans that a dose holds, the user's own first.

    Raises
    ------
    NotEvaluable
        If one UID stands for two plans, and the user names neither.
    """
    chosen = (plan,) if plan else ()
    taken = {one.sop_instance_uid for one in chosen}
    others = [one for one in _plans_of(dose, plans) if one.sop_instance_uid not in taken]
    if len({one.sop_instance_uid for one in others}) < len(others):
        raise NotEvaluable(
            f"different plans share one SOP Instance UID: {_listing(others)}; choose one by file"
        )
    return *chosen, *others


def _require_every_course(doses: Sequence[Dose], dose: Dose, plans: Sequence[Plan]) -> None:
    """Raise NotEvaluable where what is there besides the dose may be another course.

    Not asked of a dose that is linked to no plan here: then any plan may be its own.
    """
    known = {uid for one in doses for uid in one.plan_uids}
    without = [plan for plan in plans if plan.sop_instance_uid not in known]
    if without and _plans_of(dose, plans):
        raise NotEvaluable(
            f"no dose is there for {_listing(without)}, which may be another course; choose a plan"
        )


def _only_dose(doses: Sequence[Dose], plan: Plan | None, plans: Sequence[Plan]) -> tuple[Dose, str]:
    """Return the dose that alone stands for what was planned, and the rule that says so."""
    if not doses:
        raise NotEvaluable("no RTDOSE is in the submission")
    of_plan = [
        dose
        for dose in doses
        if plan is None or (plan.sop_instance_uid in dose.plan_uids and len(dose.plan_uids) == 1)
    ]
    if plan is not None and not of_plan:
        raise NotEvaluable(
            f"no RTDOSE refers to plan {quoted(plan.label)}; there are: {_listing(doses)}"
        )
    whole = [dose for dose in of_plan if dose.summation_type in WHOLE_COURSE_TYPES]
    usable = [dose for dose in whole if dose.grid is not None]
    if not whole:
        raise NotEvaluable(
            f"no dose of a whole plan is there, only {_listing(of_plan)}; parts of a plan are not "
            f"added up"
        )
    if not usable:
        reasons = "; ".join(f"{_title(dose)}: {dose.refusal}" for dose in whole)
        raise NotEvaluable(f"no RTDOSE can be used: {reasons}")
    sums = [dose for dose in usable if dose.summation_type == "MULTI_PLAN"]
    if len(sums) == 1 and plan is None:
        summed = set(sums[0].plan_uids)
        beyond = [dose for dose in whole if summed and not summed.issuperset(dose.plan_uids)]
        if not beyond:
            return sums[0], "the sum of all plans (MULTI_PLAN)"
        raise NotEvaluable(
            f"{_title(sums[0])} does not hold the plan of {_listing(beyond)}, which may be another "
            f"course; choose one with --plan or --dose"
        )
    if len(usable) > 1:
        raise NotEvaluable(
            f"{len(usable)} doses are there and may be alternatives or courses: {_listing(usable)}"
            f"; they are not added; choose one with --plan or --dose"
            f"{f' ({_listing(plans)})' if plans else ''}"
        )
    # A second form of the same plan's dose may be unusable; the dose of another plan may not.
    same = set(usable[0].plan_uids)
    unusable = [
        dose
        for dose in whole
        if dose.grid is None and not (dose.plan_uids and same.issuperset(dose.plan_uids))
    ]
    if unusable:
        raise NotEvaluable(
            f"{_title(unusable[0])} cannot be used and may be another course: "
            f"{unusable[0].refusal}; choose one with --plan or --dose"
        )
    others = len(of_plan) - 1
    rule = "the only dose" if not others else "the only dose of a whole plan"
    return usable[0], rule


def _require_one_frame(structure_set: StructureSet, dose: Dose, plan: Plan | None) -> None:
    """Structures and dose share a Frame of Reference; one that is absent needs linked UIDs."""
    ours, theirs = structure_set.frame_of_reference_uid, dose.frame_of_reference_uid
    if ours and theirs:
        if ours != theirs:
            raise NotEvaluable(
                f"{_title(dose)} and the structures are in different frames of reference, and no "
                f"registration between them is read"
            )
        return
    uid = structure_set.sop_instance_uid
    is_linked = bool(uid) and (
        dose.structure_set_uid == uid or (plan is not None and plan.structure_set_uid == uid)
    )
    if not is_linked:
        raise NotEvaluable(
            f"{_title(dose)} or the structure set names no frame of reference (or several), and "
            f"no reference links them: where the dose lies on the structures is not known"
        )


def _named(objects: Sequence[_Named], name: str, kind: str, modality: str) -> _Named:
    """Return the one object of a name; a whole path or UID goes before the last part of a path."""
    for wanted in dict.fromkeys((name, PurePath(name).name)):
        fitting = [thing for thing in objects if _has_name(thing, wanted)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise SelectionError(
                f"{len(fitting)} objects fit {kind} {quoted(name)}: {_listing(fitting)}; "
                f"name the file"
            )
    there = _listing(objects) if objects else "none"
    raise SelectionError(f"no {kind} {quoted(name)} is there; {modality}s: {there}")


def _has_name(thing: Plan | Dose, name: str) -> bool:
    names = {thing.sop_instance_uid, thing.file}
    if isinstance(thing, Plan):
        names.add(thing.label)
    return bool(name) and (name in names or file_key(name) in thing.file_keys)


def _title(thing: Plan | Dose | StructureSet) -> str:
    """Return kind, what the object says of itself, and its file."""
    match thing:
        case Dose():
            return f"{thing.summation_type or 'unlabelled'} dose {quoted(thing.file)}"
        case Plan():
            return f"plan {quoted(thing.label)} in {quoted(thing.file)}"
        case StructureSet():
            return f"RTSTRUCT {quoted(thing.file)}"


def _listing(objects: Sequence[Plan] | Sequence[Dose] | Sequence[StructureSet]) -> str:
    shown = [_title(thing) for thing in objects[:MAX_LISTED]]
    left_out = len(objects) - len(shown)
    return safe_text(", ".join(shown), 1000) + (f" and {left_out} more" if left_out > 0 else "")


MAX_LISTED = 8
"""Objects that a message lists by name; the number of the others follows."""
