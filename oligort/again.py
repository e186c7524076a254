"""Again: one course exported twice, on grids of its own each, told by its doses.

An export may crop or resample the dose, under new UIDs, and a plan may come back with another label
or none at all: no voxel then has its twin, and no name. What the two doses say decides.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oligort.dose.grid import DoseGrid
from oligort.dose.same import SAME_DOSE
from oligort.errors import NotEvaluable
from oligort.once import (
    Given,
    are_both_asked,
    are_plans_alike,
    have_a_plan_alike,
    may_be_one_plan,
    refuse_alike_and_named,
)
from oligort.selection import listing, title

Floats = npt.NDArray[np.float64]

MOST_COMPARED = 200_000
"""Voxels of a dose that are compared with another, evenly over it: every second along each axis."""

COMPARED_SHARE = 0.1
"""Share of its maximum from which a dose is compared: elsewhere any two doses are alike."""

ALIKE_SHARE, ALIKE_VOXELS = 0.05, 0.9
"""Of so many voxels two doses differ by no more of the maximum where one seems to be the other.

Resampled from 2 to 3 mm, or computed by another algorithm, a dose differs by some per cent, and
more in penumbras. Two courses at different places share next to no voxel. Of plans that are not
alike only what resampling makes counts: each voxel then lies between those around it of the grid
that it was taken from.
"""

COMMON_SHARE = 0.5
"""Of so many of the voxels with dose of one of two grids the other must know: two grids that share
an edge say nothing."""

HELD_VOXELS = 0.99
"""A sum is nowhere below what it holds; single voxels at a surface may be cut off in one export."""

AROUND = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
"""Steps to the voxels around the nearest one, among which are the corners of every cell there."""


class _Compared(NamedTuple):
    """Two doses at voxels of the first that get dose and that the grid of the second holds.

    `own_gy` and `their_gy` (N,) are the doses there, `least_gy` and `most_gy` (N,) the lowest and
    the highest voxel around of the second. `share` of the voxels with dose are among them;
    `is_whole` tells whether the second holds the whole grid of the first.
    """

    own_gy: Floats
    their_gy: Floats
    least_gy: Floats
    most_gy: Floats
    share: float
    is_whole: bool

    def resampled(self, rounding_gy: float) -> float:
        """Return the share of the voxels that lie between those around, as resampled ones do."""
        is_above = self.own_gy >= self.least_gy - rounding_gy
        return float(np.mean(is_above & (self.own_gy <= self.most_gy + rounding_gy)))


def is_held_again(given: Given, grid: DoseGrid, other: Given, others_grid: DoseGrid) -> bool:
    """Whether a dose is a part of another one's, cut out of it and exported under other UIDs.

    Doses are compared where both grids lie. Equal ones are one course where the plans are alike in
    all that an export leaves as it is, or one names no plan.

    Raises
    ------
    NotEvaluable
        If they seem to be of one course and their plans do not say so, or neither grid can stand
        for both; or if one is a sum that may hold the other.
    """
    if grid.dose_type != others_grid.dose_type:
        return False
    _refuse_in_a_sum(given, grid, other, others_grid)
    highest_gy = max(grid.maximum_gy, others_grid.maximum_gy)
    found = _compared(grid, others_grid, COMPARED_SHARE * highest_gy)
    if not len(found.own_gy):
        return False
    are_alike = are_plans_alike(given, other)
    pair = listing([given.dose, other.dose])
    rounding_gy = SAME_DOSE * highest_gy
    apart_gy = np.abs(found.own_gy - found.their_gy)
    is_equal = float(apart_gy.max()) <= rounding_gy
    if are_alike and is_equal:
        refuse_alike_and_named(given, other)
    if not are_alike and are_both_asked(given, other):
        return False
    if are_alike:
        pair += " are of plans that are alike in label, date and prescription, and"
        is_near = float(np.mean(apart_gy <= ALIKE_SHARE * highest_gy)) >= ALIKE_VOXELS
    else:
        pair += " are"
        back = _compared(others_grid, grid, COMPARED_SHARE * highest_gy)
        if max(found.share, back.share) < COMMON_SHARE:
            return False
        is_near = max(one.resampled(rounding_gy) for one in (found, back)) >= ALIKE_VOXELS
    if is_equal and (are_alike or may_be_one_plan(given, other)):
        if found.is_whole:
            return True
        raise NotEvaluable(
            f"{pair} equal where both grids lie: one course exported twice, of which the first "
            f"holds less; read the larger one alone"
        )
    if is_near and are_alike:
        raise NotEvaluable(
            f"{pair} nearly equal where both grids lie: one course computed or exported twice, or "
            f"two that were planned alike; read one of them alone, or give the plans other labels"
        )
    if is_equal or is_near:
        raise NotEvaluable(
            f"{pair} {'equal' if is_equal else 'nearly equal'} where both grids lie, as one dose "
            f"resampled or cut out is, and their plans differ or are not named: one course "
            f"exported twice, or two that were planned alike; read one of them alone, or name both "
            f"as courses, by plan, by dose or in the register"
        )
    return False


def _refuse_in_a_sum(given: Given, grid: DoseGrid, other: Given, others_grid: DoseGrid) -> None:
    """Raise NotEvaluable where one dose is a sum that may hold the other under another UID."""
    kinds = [one.dose.summation_type == "MULTI_PLAN" for one in (given, other)]
    if all(kinds) and have_a_plan_alike(given, other) and not are_plans_alike(given, other):
        raise NotEvaluable(
            f"{listing([given.dose, other.dose])} both name a plan of the same label, date and "
            f"prescription: one of the courses that they sum may be in both; read one sum of all "
            f"courses, or the doses of the single courses"
        )
    if all(kinds) and (are_plans_alike(given, other) or may_be_one_plan(given, other)):
        return  # one sum, exported again: equal ones are told by their voxels
    for total, total_grid, part, part_grid in (
        (given, grid, other, others_grid),
        (other, others_grid, given, grid),
    ):
        if total.dose.summation_type == "MULTI_PLAN" and _may_hold(total_grid, part_grid):
            _refuse_unless_asked(total, part)


def _may_hold(total: DoseGrid, part: DoseGrid) -> bool:
    """Whether a sum is nowhere lower than another dose, where that one gives any."""
    found = _compared(part, total, COMPARED_SHARE * part.maximum_gy, own_only=True)
    if found.share < COMMON_SHARE:
        return False
    is_held = found.own_gy <= found.most_gy + SAME_DOSE * part.maximum_gy
    return float(np.mean(is_held)) >= HELD_VOXELS


def _refuse_unless_asked(total: Given, part: Given) -> None:
    if have_a_plan_alike(total, part) or not are_both_asked(total, part):
        raise NotEvaluable(
            f"{title(total.dose)} is nowhere lower than {title(part.dose)} and may hold it under "
            f"another UID: it would count twice, or a course would be left out; read the sum "
            f"alone, or the doses of the single courses, or name the plans of both as courses"
        )


def _compared(
    grid: DoseGrid, other: DoseGrid, least_gy: float, *, own_only: bool = False
) -> _Compared:
    """Return two doses at voxels of the first where one of them, or the first, has a least dose."""
    step = max(1, int(np.ceil((grid.dose_gy.size / MOST_COMPARED) ** (1 / 3))))
    corner = np.array(grid.dose_gy.shape) - 1
    axes = [np.unique([*range(0, last + 1, step), last]) for last in corner.tolist()]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    own_gy = grid.dose_gy[tuple(places.T)]
    points_mm = grid.grid.to_patient(places.astype(np.float64))
    their_gy = other.field().at(points_mm)
    is_inside = ~np.isnan(their_gy)
    has_dose = (own_gy if own_only else np.fmax(own_gy, their_gy)) >= least_gy
    chosen = is_inside & has_dose
    lowest_gy, highest_gy = _range_around(other, points_mm[chosen])
    share = float(np.mean(is_inside[has_dose])) if has_dose.any() else 0.0
    return _Compared(
        own_gy[chosen], their_gy[chosen], lowest_gy, highest_gy, share, bool(is_inside.all())
    )


def _range_around(dose: DoseGrid, points_mm: Floats) -> tuple[Floats, Floats]:
    """Return the lowest and the highest dose (N,) of the voxels around points (N, 3)."""
    last = np.array(dose.dose_gy.shape) - 1
    nearest = np.rint(dose.grid.to_index(points_mm)).astype(np.int64)
    lowest_gy, highest_gy = np.full(len(points_mm), np.inf), np.full(len(points_mm), -np.inf)
    for step in AROUND:
        around_gy = dose.dose_gy[tuple(np.clip(nearest + step, 0, last).T)]
        np.minimum(lowest_gy, around_gy, out=lowest_gy)
        np.maximum(highest_gy, around_gy, out=highest_gy)
    return lowest_gy, highest_gy
