"""Once: doses that hold each other, so that none of them is counted twice.

A sum holds its plans, a plan its beams; one course may be exported again under other UIDs, and two
phases may have been planned alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from oligort.dose.same import is_same_dose
from oligort.errors import NotEvaluable
from oligort.objects import Dose, Plan
from oligort.picked import doses_of_parts, is_of_a_part
from oligort.selection import listing, title


@dataclass(frozen=True, eq=False)
class Given:
    """A dose, the plans that it holds, and whether it is of an earlier course.

    `is_named` tells whether its plan was named as a course, `is_asked` whether it or its plan was.
    `beside` are the plans of its export: of one of these it is where it names none itself.
    """

    dose: Dose
    plans: tuple[Plan, ...]
    is_prior: bool = False
    is_named: bool = False
    is_asked: bool = False
    beside: tuple[Plan, ...] = ()


class Held(NamedTuple):
    """A dose that is left out, and the one that stands for it."""

    dose: Given
    by: Given

    @property
    def is_a_part(self) -> bool:
        """Whether it is left out as a part of the other, by the plans that both name."""
        kinds = self.dose.dose.summation_type, self.by.dose.summation_type
        return kinds[0] != kinds[1] and (kinds[1] == "MULTI_PLAN" or is_of_a_part(self.dose.dose))

    @property
    def told(self) -> str:
        """What to say of it."""
        return f"{title(self.dose.dose)} is in {title(self.by.dose)}: counted once"


def counted_once(given: Sequence[Given]) -> tuple[list[Given], list[Held]]:
    """Return the doses without those that another one holds already, and these.

    A part is believed to be in a sum that names its plan: `require_held` looks whether it is.

    Raises
    ------
    NotEvaluable
        If what is left holds one plan twice, or is of parts of a plan beside other doses.
    """
    kept: list[Given] = []
    left_out: list[Held] = []
    for number, one in enumerate(given):
        holders = [
            other
            for place, other in enumerate(given)
            if place != number
            and _holds(other, one)
            and not (place > number and _holds(one, other))
        ]
        if holders:
            left_out.append(Held(one, holders[0]))
        else:
            kept.append(one)
    _refuse_two_of_one_plan([one.dose for one in left_out])
    sums = [one.dose for one in kept if one.dose.summation_type == "MULTI_PLAN"]
    if len(kept) > 1 and (unknown := [dose for dose in sums if not dose.plan_uids]):
        raise NotEvaluable(
            f"{listing(unknown)} does not say which plans it sums, and may hold what it would be "
            f"added to; choose one"
        )
    parts = doses_of_parts([one.dose for one in kept])
    if parts and len(kept) > 1:
        raise NotEvaluable(f"doses of parts of a plan are not added up: {listing(parts)}")
    for one, other in combinations(kept, 2):
        if set(one.dose.plan_uids) & set(other.dose.plan_uids):
            raise NotEvaluable(
                f"{listing([one.dose, other.dose])} are of one plan and are not added up: "
                f"choose one"
            )
    return kept, left_out


def _refuse_two_of_one_plan(left_out: Sequence[Given]) -> None:
    """Raise NotEvaluable where a sum stands for two doses of one plan that are not the same.

    It holds one of them, and which is not known.
    """
    whole = [one for one in left_out if not is_of_a_part(one.dose) and one.dose.plan_uids]
    for one, other in combinations(whole, 2):
        dose, theirs = one.dose, other.dose
        alike = set(dose.plan_uids) == set(theirs.plan_uids)
        if alike and dose.summation_type != "MULTI_PLAN" and not _is_same(one, other):
            raise NotEvaluable(
                f"{listing([dose, theirs])} are different doses of one plan, and which of them a "
                f"sum holds is not known: choose one"
            )


def _holds(given: Given, other: Given) -> bool:
    """Whether a dose is another one, or the sum or the whole that the other is a part of.

    Raises
    ------
    NotEvaluable
        If one SOP Instance UID stands for both and they differ.
    """
    dose, theirs = given.dose, other.dose
    if _is_same(given, other):
        return True
    if dose.sop_instance_uid and dose.sop_instance_uid == theirs.sop_instance_uid:
        raise NotEvaluable(
            f"different doses share one SOP Instance UID: {listing([dose, theirs])}; "
            f"choose one by file"
        )
    may_hold = dose.summation_type == "MULTI_PLAN" or not is_of_a_part(dose)
    is_less = dose.summation_type != theirs.summation_type and (
        dose.summation_type == "MULTI_PLAN" or is_of_a_part(theirs)
    )
    plan_uids = set(theirs.plan_uids)
    return may_hold and is_less and bool(plan_uids) and plan_uids.issubset(dose.plan_uids)


def _is_same(given: Given, other: Given) -> bool:
    """Whether two objects hold one dose of one course, whatever their UIDs.

    Raises
    ------
    NotEvaluable
        If their voxels are equal and their plans are not.
    """
    dose, theirs = given.dose, other.dose
    if dose is theirs:
        return True
    if dose.grid is None or theirs.grid is None:
        return False
    if is_of_a_part(dose) and dose.sop_instance_uid != theirs.sop_instance_uid:
        # Two beams of a plan may give the same dose: one of them is not both.
        return False
    if dose.frame_of_reference_uid != theirs.frame_of_reference_uid:
        return False
    return is_same_dose(dose.grid, theirs.grid) and is_one_course(given, other)


def is_one_course(given: Given, other: Given) -> bool:
    """Whether two doses that are equal in every voxel are one course, exported again.

    Raises
    ------
    NotEvaluable
        If they may be two phases that were planned alike.
    """
    if may_be_one_plan(given, other):
        _refuse_asked_and_unnamed(given, other)
        return True
    if are_plans_alike(given, other):
        refuse_alike_and_named(given, other)
        return True
    if given.is_named and other.is_named and are_both_asked(given, other):
        return False
    raise NotEvaluable(
        f"{listing([given.dose, other.dose])} are equal in every voxel and of different plans: one "
        f"course exported twice, or two phases; name the plans that are courses, or one dose"
    )


def _refuse_asked_and_unnamed(given: Given, other: Given) -> None:
    """Raise NotEvaluable where the user asks for two equal doses of which one names no plan.

    Nothing but their voxels says that they are one course, and the user says that they are two.
    """
    uids = [one.dose.sop_instance_uid for one in (given, other)]
    is_one_object = uids[0] == uids[1] != ""
    is_one_plan = bool(set(given.dose.plan_uids) & set(other.dose.plan_uids))
    if not (is_one_object or is_one_plan) and are_both_asked(given, other):
        raise NotEvaluable(
            f"{listing([given.dose, other.dose])} are both asked for and are equal in every voxel, "
            f"and not both say of which plan they are: one course exported twice, or two phases; "
            f"name one of them, or export each with its plan"
        )


def may_be_one_plan(given: Given, other: Given) -> bool:
    """Whether two doses name one plan, or one of them names none and may be of the other's."""
    uids, theirs = set(given.dose.plan_uids), set(other.dose.plan_uids)
    if uids and theirs:
        return bool(uids & theirs)
    plans = [one.plans or one.beside for one in (given, other)]
    own, others = ({plan.sop_instance_uid for plan in some} for some in plans)
    is_one_object = given.dose.sop_instance_uid == other.dose.sop_instance_uid != ""
    if is_one_object or not (plans[0] and plans[1]) or (own | uids) & (others | theirs):
        return True
    contents = [{_content(plan) for plan in some} for some in plans]
    return bool(contents[0] & contents[1])


def are_both_asked(given: Given, other: Given) -> bool:
    """Whether the user or the register asks for both doses.

    One label that plans of two exports have asks for one of them.
    """
    labels = [{plan.label.strip().casefold() for plan in one.plans} for one in (given, other)]
    is_one_name = given.is_prior != other.is_prior and bool(labels[0] & labels[1])
    return given.is_asked and other.is_asked and not is_one_name


def are_plans_alike(given: Given, other: Given) -> bool:
    """Whether two doses are of plans of different UIDs that are alike in all else."""
    uids, theirs = set(given.dose.plan_uids), set(other.dose.plan_uids)
    contents = [[_content(plan) for plan in one.plans] for one in (given, other)]
    return not uids & theirs and bool(contents[0]) and contents[0] == contents[1]


def have_a_plan_alike(given: Given, other: Given) -> bool:
    """Whether a plan of one of two doses is, but for its UID, a plan of the other."""
    contents = [{_content(plan) for plan in one.plans} for one in (given, other)]
    return bool(contents[0] & contents[1])


def refuse_alike_and_named(given: Given, other: Given) -> None:
    """Raise NotEvaluable where the user asks for two doses that seem to be one course."""
    if are_both_asked(given, other):
        raise NotEvaluable(
            f"{listing([given.dose, other.dose])} are both asked for, and are equal and of plans "
            f"that are alike in label, date and prescription: one course exported twice, or two "
            f"phases; name one of them, or give the plans of two phases other labels"
        )


def _content(plan: Plan) -> tuple[object, ...]:
    """Return what an export under new UIDs leaves as it is."""
    return plan.label, plan.date, plan.prescriptions, plan.fractions_planned, plan.beam_dose_gy
