"""DoseGrid: absorbed dose in Gy on a Grid; outside the grid there is no dose."""

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from oligort.conventions import DoseInterpolation
from oligort.dose.field import DoseField
from oligort.geometry.grid import Grid

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DoseGrid:
    """Dose on a grid.

    Parameters
    ----------
    grid : Grid
        Where the voxels lie.
    dose_gy : (i, j, k) float array
        Dose at the voxel centres; kept read-only.
    dose_type : str
        Dose Type (3004,0004): PHYSICAL, EFFECTIVE or ERROR; "EQD2" or "BED" of one that is computed
        (`biology`), which no check grades.
    summation_type : str
        Dose Summation Type (3004,000A).
    sop_instance_uid : str
        Which RTDOSE it is.

    Raises
    ------
    ValueError
        If the array does not fit the grid, or holds a negative dose or no finite number.
    """

    grid: Grid
    dose_gy: Floats
    dose_type: str = "PHYSICAL"
    summation_type: str = "PLAN"
    sop_instance_uid: str = ""
    _fields: dict[DoseInterpolation, DoseField] = dataclass_field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        dose = np.asarray(self.dose_gy, dtype=np.float64)
        if dose.shape != self.grid.shape:
            raise ValueError(f"expected dose of shape {self.grid.shape}, found {dose.shape}")
        if not np.isfinite(dose).all() or (dose < 0).any():
            raise ValueError("expected finite doses of at least 0 Gy")
        dose = dose.view()
        dose.setflags(write=False)
        object.__setattr__(self, "dose_gy", dose)

    @cached_property
    def maximum_gy(self) -> float:
        """Highest dose at a voxel centre."""
        return float(self.dose_gy.max())

    def field(self, interpolation: DoseInterpolation = "linear") -> DoseField:
        """Return the dose between the voxel centres, computed once for each interpolation.

        Raises
        ------
        NotEvaluable
            If the grid has fewer than two voxels along an axis.
        """
        if interpolation not in self._fields:
            self._fields[interpolation] = DoseField(self.grid, self.dose_gy, interpolation)
        return self._fields[interpolation]
