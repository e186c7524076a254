"""Courses: the structure set that is judged, and the doses that the patient receives, each once.

Nothing is guessed: where several doses would do and the choice matters, the answer is NotEvaluable,
with the list to choose from. Doses are added up only where the user names them as courses, where an
earlier course is given beside the submission, or where the targets of their plans lie apart.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from oligort.again import is_held_again
from oligort.dose.grid import DoseGrid
from oligort.dose.same import is_same_dose
from oligort.errors import NotEvaluable, advising
from oligort.geometry.structure import StructureSet
from oligort.objects import Dose, Plan, Registration
from oligort.once import Given, Held, counted_once, is_one_course
from oligort.picked import Picks, notes_on_repeated, pick
from oligort.placing import as_placed, placed_on, require_link
from oligort.selection import Selection, listing, only_named_plan, plans_of, title
from oligort.sums import require_held, require_whole_sum, sums_unnamed


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


CHOOSE = (
    "say which plan the patient gets or got, or that all of them are courses, which a reviewer "
    "then names with --plan or --dose; or send that plan alone, with its dose and structures"
)
"""What to do where several doses could be meant, or their sum."""

SEND_STRUCTURES = "export the structure set (RTSTRUCT) that the plan was made on, with it"

ONE_STRUCTURE_SET = (
    "send the structure set alone that the plan was made on, or the plan that refers to it; those "
    "of an earlier course belong in a folder of their own, which a reviewer gives as --prior"
)


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
            If they prescribe none or different ones, or the dose sums several plans, named or not.
        """
        summed = {uid for dose in self.doses for uid in dose.plan_uids}
        if len(self.courses) > 1 or len(summed) > 1:
            raise NotEvaluable(
                "a dose relative to a prescription needs one, and the dose sums "
                f"{max(len(summed), len(self.courses))} plans; give the one that is meant"
            )
        if unnamed := [dose for dose in self.doses if sums_unnamed(dose)]:
            raise NotEvaluable(
                f"a dose relative to a prescription needs one, and {listing(unnamed)} is a sum "
                f"that names one plan alone; give the one that is meant"
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


@advising(CHOOSE)
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
    given = _given(picked, plans, selection)
    decides = only_named_plan(plans, selection)
    if decides is None:
        _require_all_plans(given, structure_sets)
    held = [plan for one in given for plan in one.plans]
    structure_set = choose_structure_set(structure_sets, decides, held or plans)
    chosen = [d for d, _ in picked]
    _require_whole_sums(chosen, doses, plans, structure_set, registrations, is_asked=is_asked)
    for export in earlier:
        given += _given_before(export, structure_set, registrations)
    kept, left_out = counted_once(given)
    _require_held(left_out, [(doses, plans), *_objects(earlier)], structure_set, registrations)
    notes = [one.told for one in left_out]
    for theirs, _ in [(doses, plans), *_objects(earlier)]:
        own = [one.dose for one in given if any(one.dose is dose for dose in theirs)]
        notes += notes_on_repeated(theirs, own)
    placed: list[tuple[Given, Course]] = []
    for one in kept:
        grid = placed_on(one, structure_set, registrations)
        require_link(one, structure_set, registrations)
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
        Course(one.dose, one.plans, placed_on(one, structure_set, registrations), is_prior=True)
        for one in _given_before(export, structure_set, registrations)
    )


def _objects(earlier: Sequence[Export]) -> list[tuple[Sequence[Dose], Sequence[Plan]]]:
    return [(export.doses, export.plans) for export in earlier]


def _require_held(
    left_out: Sequence[Held],
    exports: Sequence[tuple[Sequence[Dose], Sequence[Plan]]],
    structure_set: StructureSet,
    registrations: Sequence[Registration],
) -> None:
    """Refuse parts that are left out for a whole that was not seen to hold them.

    The whole may come from one export and the part from another: what lies beside the whole in its
    own must be in it at the same time.

    Raises
    ------
    NotEvaluable
        If the whole lacks a part of them, or nothing says where one lies on the other.
    """
    parts = [one for one in left_out if one.is_a_part]
    for total in {id(one.by): one.by for one in parts}.values():
        held = [one.dose for one in parts if one.by is total]
        beside = [
            Given(dose, plans_of(dose, plans))
            for doses, plans in exports
            if any(dose is total.dose for dose in doses)
            for dose in doses
            if dose.grid and not any(dose is one.dose for one in (total, *held))
        ]
        there = []
        for one in beside:
            # What lies nowhere cannot be asked of a sum that was made beside it.
            with suppress(NotEvaluable):
                there.append(as_placed(one, structure_set, registrations))
        require_held(
            as_placed(total, structure_set, registrations),
            [as_placed(one, structure_set, registrations) for one in held],
            there,
            [plan for _, plans in exports for plan in plans],
        )


def _require_whole_sums(
    chosen: Sequence[Dose],
    doses: Sequence[Dose],
    plans: Sequence[Plan],
    structure_set: StructureSet,
    registrations: Sequence[Registration],
    *,
    is_asked: bool,
) -> None:
    """Refuse sums that are lower than the doses beside them, in the same frame or registered to it.

    Raises
    ------
    NotEvaluable
        If one is.
    """

    def brought(dose: Dose) -> Dose:
        ours, theirs = structure_set.frame_of_reference_uid, dose.frame_of_reference_uid
        if ours and theirs and ours != theirs:
            # What lies nowhere stays where it is: its sum decides whether that is told.
            with suppress(NotEvaluable):
                return as_placed(Given(dose, plans_of(dose, plans)), structure_set, registrations)
        return dose

    beside = [brought(dose) for dose in doses]
    for dose in chosen:
        require_whole_sum(brought(dose), beside, plans, is_asked=is_asked)


def _given_before(
    export: Export, structure_set: StructureSet, registrations: Sequence[Registration]
) -> list[Given]:
    """Return the doses of an earlier export with the plans that they hold."""
    try:
        chosen, _ = pick((), export.plans, export.doses, export.selection)
        is_asked = bool(export.selection.plans or export.selection.doses)
        of_export = (export.doses, export.plans, structure_set, registrations)
        _require_whole_sums([dose for dose, _ in chosen], *of_export, is_asked=is_asked)
        return _given(chosen, export.plans, export.selection, is_prior=True)
    except NotEvaluable as error:
        told = "in the export of an earlier course"
        reason = f"{told}, {error} (there --plan, --dose or the register's courses choose)"
        raise NotEvaluable(reason, error.hint) from error


def _given(
    picks: Picks, plans: Sequence[Plan], selection: Selection, *, is_prior: bool = False
) -> list[Given]:
    """Return the doses picked of one export, each with the plans that it holds."""
    is_asked = bool(selection.plans or selection.doses)
    return [
        Given(dose, _summed(dose, plan, plans), is_prior, plan is not None, is_asked, tuple(plans))
        for dose, plan in picks
    ]


def choose_structure_set(
    structure_sets: Sequence[StructureSet], plan: Plan | None, plans: Sequence[Plan]
) -> StructureSet:
    """Return the structure set: the only one, else that of the plan that decides, or of all plans.

    Raises
    ------
    NotEvaluable
        If there is none, or several and the plans do not decide.
    """
    if not structure_sets:
        raise NotEvaluable("no RTSTRUCT is in the submission", SEND_STRUCTURES)
    if len(structure_sets) == 1:
        return structure_sets[0]
    referred = {p.structure_set_uid for p in ([plan] if plan else plans)}
    linked = [s for s in structure_sets if s.sop_instance_uid and s.sop_instance_uid in referred]
    if len(linked) == 1:
        return linked[0]
    raise NotEvaluable(
        f"{len(structure_sets)} RTSTRUCTs are there and no one plan decides between them: "
        f"{listing(structure_sets)}; name the files to read, choose a plan, or give an earlier "
        f"course as one",
        ONE_STRUCTURE_SET,
    )


def _require_all_plans(given: Sequence[Given], structure_sets: Sequence[StructureSet]) -> None:
    """Refuse to choose a structure set by some of the plans that a dose sums: others are away.

    Raises
    ------
    NotEvaluable
        If several structure sets are there, and one plan of several is not.
    """
    for one in given:
        away = set(one.dose.plan_uids) - {plan.sop_instance_uid for plan in one.plans}
        if one.plans and away and len(structure_sets) > 1:
            raise NotEvaluable(
                f"{len(structure_sets)} RTSTRUCTs are there, and {title(one.dose)} sums more plans "
                f"than {listing(one.plans)}: on which the others were made is not known; of "
                f"{listing(structure_sets)} name the one to read, or choose a plan"
            )


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
