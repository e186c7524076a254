"""Sums: whether a MULTI_PLAN dose holds the plans that it says it sums."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.objects import Dose
from oligort.selection import listing, title

Floats = npt.NDArray[np.float64]

MOST_ASKED = 100_000
"""Voxels of a sum that are asked for the dose of its plans, evenly over it."""

HOT_SHARE = 0.5
"""Share of its maximum from which a plan's dose must be found in the sum."""

SHORT_SHARE, SHORT_VOXELS = 0.01, 0.01
"""A sum falls short where that share of a plan's hot voxels lack that share of its maximum.

Sixteen bits store a dose to a thousandth of that; single voxels at a surface may be cut off in one
export and not in another.
"""


def require_whole_sum(total: Dose, doses: Sequence[Dose]) -> None:
    """Raise NotEvaluable where a sum is lower than the doses of the plans that it names.

    A sum is nowhere below the sum of its parts, and these are taken at the lowest of the voxels
    around, so that no interpolation counts. Parts in another frame of reference or of another type,
    and plans with several doses, are not asked.
    """
    if total.summation_type != "MULTI_PLAN" or total.grid is None:
        return
    parts = [dose for dose in doses if _is_part_of(dose, total)]
    uids = [uid for part in parts for uid in part.plan_uids]
    parts = [part for part in parts if uids.count(part.plan_uids[0]) == 1]
    if not parts:
        return
    step = max(1, int(np.ceil((total.grid.dose_gy.size / MOST_ASKED) ** (1 / 3))))
    chosen = (slice(None, None, step),) * 3
    places = np.moveaxis(np.indices(total.grid.dose_gy.shape)[(slice(None), *chosen)], 0, -1)
    points_mm = total.grid.grid.to_patient(places.reshape(-1, 3).astype(np.float64))
    given_gy = total.grid.dose_gy[chosen].ravel()
    each_gy = [_least_gy(part.grid, points_mm) for part in parts if part.grid is not None]
    least_gy = np.sum(each_gy, axis=0)
    for own_gy in each_gy:
        highest_gy = own_gy.max()
        is_hot = own_gy >= HOT_SHARE * highest_gy
        lacks_gy = (least_gy - given_gy)[is_hot]
        if highest_gy > 0 and np.mean(lacks_gy > SHORT_SHARE * highest_gy) > SHORT_VOXELS:
            raise NotEvaluable(
                f"{title(total)} is up to {lacks_gy.max():.2f} Gy lower than the sum of "
                f"{listing(parts)}, whose plans it says it holds: it lacks a part of them; export "
                f"the sum anew, or choose the doses that are courses"
            )


def _is_part_of(dose: Dose, total: Dose) -> bool:
    """Whether a dose is of one whole plan that a sum names, and can be compared with it."""
    return (
        dose.summation_type == "PLAN"
        and dose.grid is not None
        and len(set(dose.plan_uids)) == 1
        and set(dose.plan_uids) <= set(total.plan_uids)
        and dose.dose_type == total.dose_type
        and dose.frame_of_reference_uid == total.frame_of_reference_uid
    )


def _least_gy(dose: DoseGrid, points_mm: Floats) -> Floats:
    """Return the lowest dose of the voxels around points (N, 3); 0 outside the grid."""
    least = dose.dose_gy
    for axis in range(3):
        padded = np.pad(least, [(1, 1) if one == axis else (0, 0) for one in range(3)], "edge")
        count = least.shape[axis]
        least = np.min([padded.take(range(n, n + count), axis=axis) for n in range(3)], axis=0)
    found = replace(dose, dose_gy=least).field().at(points_mm)
    return np.where(np.isnan(found), 0.0, found)
