"""Placing: where a dose lies on the structures, and whether it belongs to them at all."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.geometry.structure import StructureSet
from oligort.objects import Dose, Registration
from oligort.once import Given
from oligort.registration import transform_between
from oligort.selection import listing, title


def require_link(
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


def placed_on(
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
            raise NotEvaluable(f"{title(dose)} and the structures: {error}", error.hint) from error
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


def as_placed(
    given: Given, structure_set: StructureSet, registrations: Sequence[Registration]
) -> Dose:
    """Return a dose that lies in the frame of reference of the structures."""
    return replace(
        given.dose,
        grid=placed_on(given, structure_set, registrations),
        frame_of_reference_uid=structure_set.frame_of_reference_uid,
    )
