"""Again: one course exported twice, on grids of its own each, told by its plans and its doses.

An export may crop or resample the dose, under new UIDs: no voxel then has its twin.
"""

import numpy as np
import numpy.typing as npt

from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.once import SAME_DOSE, Given, are_plans_alike, refuse_alike_and_named
from oligort.selection import listing

Floats = npt.NDArray[np.float64]

MOST_COMPARED = 200_000
"""Voxels of a dose that are compared with another, evenly over it: every second along each axis."""

COMPARED_SHARE = 0.1
"""Share of its maximum from which a dose is compared: elsewhere any two doses are alike."""

ALIKE_SHARE, ALIKE_VOXELS = 0.05, 0.9
"""Of so many voxels two doses differ by no more of the maximum where one seems to be the other.

Resampled from 2 to 3 mm, or computed by another algorithm, a dose differs by some per cent, and
more in penumbras. Two courses at different places share next to no voxel.
"""


def is_held_again(given: Given, grid: DoseGrid, other: Given, others_grid: DoseGrid) -> bool:
    """Whether a dose is a part of another one's, cut out of it and exported under other UIDs.

    Only of plans that are alike in all that an export leaves as it is. Doses are compared where
    both grids lie.

    Raises
    ------
    NotEvaluable
        If they seem to be of one course, and neither grid can stand for both.
    """
    if grid.dose_type != others_grid.dose_type or not are_plans_alike(given, other):
        return False
    apart_gy, highest_gy, is_whole = _compared(grid, others_grid)
    if not len(apart_gy):
        return False
    refuse = f"{listing([given.dose, other.dose])} are of plans that are alike in label, date and "
    refuse += "prescription, and "
    if float(apart_gy.max()) <= SAME_DOSE * highest_gy:
        refuse_alike_and_named(given, other)
        if is_whole:
            return True
        raise NotEvaluable(
            f"{refuse}equal where both grids lie: one course exported twice, of which the first "
            f"holds less; read the larger one alone"
        )
    if float(np.mean(apart_gy <= ALIKE_SHARE * highest_gy)) >= ALIKE_VOXELS:
        raise NotEvaluable(
            f"{refuse}nearly equal where both grids lie: one course computed or exported twice, or "
            f"two that were planned alike; read one of them alone, or give the plans other labels"
        )
    return False


def _compared(grid: DoseGrid, other: DoseGrid) -> tuple[Floats, float, bool]:
    """Return how far two doses are apart at voxels of the first that both hold (N,).

    With it the highest dose of either, and whether the other holds the whole first grid.
    """
    step = max(1, int(np.ceil((grid.dose_gy.size / MOST_COMPARED) ** (1 / 3))))
    corner = np.array(grid.dose_gy.shape) - 1
    axes = [np.unique([*range(0, last + 1, step), last]) for last in corner.tolist()]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    own_gy = grid.dose_gy[tuple(places.T)]
    their_gy = other.field().at(grid.grid.to_patient(places.astype(np.float64)))
    is_inside = ~np.isnan(their_gy)
    highest_gy = max(grid.maximum_gy, other.maximum_gy)
    is_dosed = np.fmax(own_gy, their_gy) >= COMPARED_SHARE * highest_gy
    chosen = is_inside & is_dosed
    return np.abs(own_gy - their_gy)[chosen], highest_gy, bool(is_inside.all())
