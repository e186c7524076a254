"""Courses: the structure set that is judged, and the doses that the patient receives, each once.

Nothing is guessed: where several doses would do and the choice matters, the answer is NotEvaluable,
with the list to choose from. Doses are added up only where the user names them as courses, where an
earlier course is given beside the submission, or where the targets of their plans lie apart.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from oligort.again import is_held_again
from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.geometry.structure import StructureSet
from oligort.objects import Dose, Plan, Registration
from oligort.once import Given, counted_once, is_one_course, is_same_dose
from oligort.picked import pick
from oligort.registration import transform_between
from oligort.selection import Selection, listing, plans_of, title
from oligort.sums import require_whole_sum


class Export(Protocol):
    """What an earlier course is chosen from: a submission."""

    @property
    def plans(self) -> tuple[Plan, ...]:
        """Its plans."""

    @property
    def doses(self) -> tuple[Dose, ...]:
        """Its doses."""

    @property
    def selection(self) -> Selection:
        """What the user asked for among them."""


@dataclass(frozen=True, eq=False)
class Course:
    """One of the doses that are judged together.

    Parameters
    ----------
    dose : Dose
        As it was read.
    plans : tuple of Plan
        The plans that it holds, as far as they are there; the user's own first.
    grid : DoseGrid
        The dose in the frame of reference of the structures.
    is_prior : bool
        Whether it was given beside the submission, as an earlier course.
    """

    dose: Dose
    plans: tuple[Plan, ...]
    grid: DoseGrid
    is_prior: bool = False

    @property
    def plan(self) -> Plan | None:
        """The plan, or the first of several."""
        return next(iter(self.plans), None)


@dataclass(frozen=True, eq=False)
class Chosen:
    """The structure set and the courses that are judged together.

    `by` says by which rule the doses were chosen, `notes` what was given twice and counts once.
    """

    structure_set: StructureSet
    courses: tuple[Course, ...]
    by: str
    notes: tuple[str, ...] = ()

    @property
    def doses(self) -> tuple[Dose, ...]:
        """The doses, one a course."""
        return tuple(course.dose for course in self.courses)

    @property
    def dose(self) -> Dose:
        """The dose, where it is only one.

        Raises
        ------
        NotEvaluable
            If several are added up.
        """
        if len(self.courses) > 1:
            raise NotEvaluable(f"{len(self.courses)} doses are added up: {listing(self.doses)}")
        return self.courses[0].dose

    @property
    def plan(self) -> Plan | None:
        """The plan of the first course; None where none is there or linked to the dose."""
        return self.courses[0].plan

    @property
    def plans(self) -> tuple[Plan, ...]:
        """All plans that the doses hold, as far as they are there."""
        return tuple(dict.fromkeys(plan for course in self.courses for plan in course.plans))

    @property
    def prescription_gy(self) -> float:
        """The dose that the plans of the judged dose prescribe, all the same.

        Raises
        ------
        NotEvaluable
            If they prescribe none or different ones, or the dose sums several plans.
        """
        summed = {uid for dose in self.doses for uid in dose.plan_uids}
        if len(self.courses) > 1 or len(summed) > 1:
            raise NotEvaluable(
                "a dose relative to a prescription needs one, and the dose sums "
                f"{max(len(summed), len(self.courses))} plans; give the one that is meant"
            )
        doses = {prescription.dose_gy for plan in self.plans for prescription in plan.prescriptions}
        if len(doses) == 1:
            return doses.pop()
        if not doses:
            raise NotEvaluable(
                "a dose relative to a prescription needs one, and no plan of the dose prescribes "
                "any; give it"
            )
        listed = ", ".join(f"{dose_gy:g}" for dose_gy in sorted(doses))
        raise NotEvaluable(
            f"a dose relative to a prescription needs one, and the plans of the dose prescribe "
            f"{listed} Gy; give the one that is meant"
        )


def choose(
    structure_sets: Sequence[StructureSet],
    plans: Sequence[Plan],
    doses: Sequence[Dose],
    selection: Selection,
    *,
    registrations: Sequence[Registration] = (),
    earlier: Sequence[Export] = (),
) -> Chosen:
    """Return the structure set and the courses that belong together.

    Raises
    ------
    NotEvaluable
        If the choice is open, a dose must not be added, cannot be placed on the structures, or
        has a plan that nothing links to them.
    SelectionError
        If the selection names nothing, or more than one object.
    """
    picked, by = pick(structure_sets, plans, doses, selection)
    is_asked = bool(selection.plans or selection.doses)
    given = [
        Given(d, _summed(d, plan, plans), is_named=plan is not None, is_asked=is_asked)
        for d, plan in picked
    ]
    for picked_dose, _ in picked:
        require_whole_sum(picked_dose, doses, plans)
    decides = picked[0][1] or _only_plan(given)
    held = [plan for one in given for plan in one.plans]
    structure_set = choose_structure_set(structure_sets, decides, held or plans)
    given += [one for export in earlier for one in _given_before(export)]
    kept, notes = counted_once(given)
    placed: list[tuple[Given, Course]] = []
    for one in kept:
        grid = _placed(one, structure_set, registrations)
        _require_link(one, structure_set, registrations)
        # Exported again, in another frame or cropped, it is the same only where it comes to lie.
        same = [
            other.dose
            for other, course in placed
            if (is_same_dose(course.grid, grid) and is_one_course(other, one))
            or is_held_again(one, grid, other, course.grid)
        ]
        if same:
            notes.append(f"{title(one.dose)} is {title(same[0])} again: counted once")
        else:
            placed.append((one, Course(one.dose, one.plans, grid, one.is_prior)))
    courses = tuple(course for _, course in placed)
    if any(course.is_prior for course in courses):
        by = f"{by}; with earlier courses"
    return Chosen(structure_set, courses, by, tuple(notes))


def courses_before(
    export: Export, structure_set: StructureSet, registrations: Sequence[Registration]
) -> tuple[Course, ...]:
    """Return the courses of an earlier export, each in the frame of reference of the structures.

    Raises
    ------
    NotEvaluable
        If the choice is open, or a dose cannot be placed on the structures.
    SelectionError
        If what is asked for of the export names nothing, or more than one object.
    """
    return tuple(
        Course(one.dose, one.plans, _placed(one, structure_set, registrations), is_prior=True)
        for one in _given_before(export)
    )


def _given_before(export: Export) -> list[Given]:
    """Return the doses of an earlier export with the plans that they hold."""
    try:
        chosen, _ = pick((), export.plans, export.doses, export.selection)
        for dose, _ in chosen:
            require_whole_sum(dose, export.doses, export.plans)
        return [Given(d, _summed(d, p, export.plans), is_prior=True) for d, p in chosen]
    except NotEvaluable as error:
        told = "in the export of an earlier course"
        raise NotEvaluable(f"{told}, {error} (there the register's courses choose)") from error


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
        f"{listing(structure_sets)}; name the files to read, or choose a plan"
    )


def _only_plan(given: Sequence[Given]) -> Plan | None:
    """Return the plan that one dose holds alone."""
    return given[0].plans[0] if len(given) == 1 and len(given[0].plans) == 1 else None


def _summed(dose: Dose, plan: Plan | None, plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """Return the plans that a dose holds, the user's own first.

    Raises
    ------
    NotEvaluable
        If one UID stands for two plans, and the user names neither, or one is of brachytherapy.
    """
    chosen = (plan,) if plan else ()
    taken = {one.sop_instance_uid for one in chosen}
    others = [one for one in plans_of(dose, plans) if one.sop_instance_uid not in taken]
    if len({one.sop_instance_uid for one in others}) < len(others):
        raise NotEvaluable(
            f"different plans share one SOP Instance UID: {listing(others)}; choose one by file"
        )
    held = (*chosen, *others)
    if brachytherapy := [one for one in held if one.is_brachytherapy]:
        raise NotEvaluable(
            f"{title(dose)} is of brachytherapy, which is not judged: {listing(brachytherapy)}; "
            f"choose the external beam plan"
        )
    return held


def _require_link(
    given: Given, structure_set: StructureSet, registrations: Sequence[Registration]
) -> None:
    """Refuse a dose whose plan was made on other structures and lies in another frame.

    Of several plans that a dose sums, one that belongs to the structures is enough; an earlier
    course was planned on structures of its own.

    Raises
    ------
    NotEvaluable
        If neither the references nor a frame of reference link plan, dose and structures.
    """
    if given.is_prior or not given.plans:
        return
    ours = structure_set.frame_of_reference_uid
    for plan in given.plans:
        theirs = plan.frame_of_reference_uid
        refers = plan.structure_set_uid == structure_set.sop_instance_uid
        if (refers and plan.sop_instance_uid in given.dose.plan_uids) or not (ours and theirs):
            return
        with suppress(NotEvaluable):
            transform_between(registrations, theirs, ours)
            return
    raise NotEvaluable(
        f"{listing(given.plans)}, {title(given.dose)} and {title(structure_set)} do not all refer "
        f"to each other, and the plan lies in another frame of reference than the structures: "
        f"whether they belong together is not known"
    )


def _placed(
    given: Given, structure_set: StructureSet, registrations: Sequence[Registration]
) -> DoseGrid:
    """Return a dose in the frame of reference of the structures.

    Raises
    ------
    NotEvaluable
        If the dose is none in Gy, or nothing says where it lies on the structures.
    """
    dose = given.dose
    if dose.grid is None:
        raise NotEvaluable(f"{title(dose)} cannot be used: {dose.refusal}")
    ours, theirs = structure_set.frame_of_reference_uid, dose.frame_of_reference_uid
    if not theirs and structure_set.lies_in_several_frames:
        raise NotEvaluable(
            f"{title(dose)} names no frame of reference, and the structures lie in several: where "
            f"the dose lies on them is not known"
        )
    if ours and theirs:
        if ours == theirs:
            return dose.grid
        try:
            transform = transform_between(registrations, theirs, ours)
        except NotEvaluable as error:
            raise NotEvaluable(f"{title(dose)} and the structures: {error}") from error
        return replace(dose.grid, grid=transform.of_grid(dose.grid.grid, ours))
    uid = structure_set.sop_instance_uid
    # The dose of another export is linked to other structures.
    is_linked = bool(uid) and (
        dose.structure_set_uid == uid or any(plan.structure_set_uid == uid for plan in given.plans)
    )
    if not is_linked:
        raise NotEvaluable(
            f"{title(dose)} or the structure set names no frame of reference, and no reference "
            f"links them: where the dose lies on the structures is not known"
        )
    return dose.grid
