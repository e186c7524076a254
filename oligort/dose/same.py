"""Same: whether two doses are one, exported twice on one grid."""

import numpy as np

from oligort.dose.composite import is_same_grid
from oligort.dose.grid import DoseGrid

SAME_DOSE = 1e-4
"""Share of its maximum by which one dose may differ from itself, exported again.

Sixteen bits store a dose to half of 1.5e-5 of its maximum, and each export rounds anew. Two courses
that were planned apart differ by percents somewhere.
"""


def is_same_dose(one: DoseGrid, other: DoseGrid) -> bool:
    """Whether two doses are equal in every voxel, as far as they are stored."""
    if one.dose_type != other.dose_type or not is_same_grid(one.grid, other.grid):
        return False
    apart_gy = np.abs(one.dose_gy - other.dose_gy).max()
    return bool(apart_gy <= SAME_DOSE * max(one.maximum_gy, other.maximum_gy))
