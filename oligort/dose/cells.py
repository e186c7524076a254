"""Cells: a dose between its voxel centres, as boxes that can be halved without an error.

In a cell between eight neighbouring nodes the dose is trilinear, and so it is in each half of it.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from oligort.dose.field import DoseField
from oligort.dose.grid import DoseGrid
from oligort.geometry.structure import Points

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

CORNERS = tuple(product((0, 1), repeat=3))
"""The corners of a cell; its eighths come in the same order."""


@dataclass(frozen=True, eq=False)
class Nodes:
    """A dose at the voxel centres and on the border of the grid; between them it is trilinear.

    Parameters
    ----------
    axes_mm : three arrays
        Where the nodes lie along i, j and k of the grid.
    dose_gy : (i, j, k) array
        There; below 0 Gy in the outermost half voxel where the dose falls that fast.
    is_border : (i, j, k) array
        Which of them lie on the border.
    """

    axes_mm: tuple[Floats, ...]
    dose_gy: Floats
    is_border: Bools

    @classmethod
    def of(cls, field: DoseField) -> "Nodes":
        """Return the nodes of a dose that is interpolated linearly."""
        dose_gy = field.coefficients
        for number, axis in enumerate(field.axes):
            dose_gy = axis.continued(dose_gy, number)
        is_border = np.ones(dose_gy.shape, dtype=bool)
        is_border[1:-1, 1:-1, 1:-1] = False
        axes_mm = tuple(
            np.concatenate([[axis.low_mm], axis.centres_mm, [axis.high_mm]]) for axis in field.axes
        )
        return cls(axes_mm, dose_gy, is_border)

    def within(self, window: tuple[slice, ...]) -> "Nodes":
        """Return the nodes of a box."""
        axes_mm = tuple(axis[part] for axis, part in zip(self.axes_mm, window, strict=True))
        return Nodes(axes_mm, self.dose_gy[window], self.is_border[window])

    @property
    def cell_cc(self) -> Floats:
        """Volume of each cell, (i - 1, j - 1, k - 1)."""
        i_mm, j_mm, k_mm = (np.diff(axis) for axis in self.axes_mm)
        return np.asarray(i_mm[:, None, None] * j_mm[:, None] * k_mm / 1000)

    def cells_of(self, points_mm: Points, dose: DoseGrid) -> Integers:
        """Return the cells (M, 3) that patient points (N, 3) lie in, without points in none."""
        along = (points_mm - dose.grid.origin_mm) @ dose.grid.axes.T
        sought = zip(self.axes_mm, along.T, strict=True)
        cells = np.stack([np.searchsorted(axis, x, "right") - 1 for axis, x in sought], axis=1)
        counts = np.array([len(axis) - 1 for axis in self.axes_mm])
        return cells[((cells >= 0) & (cells < counts)).all(axis=1)]


def halved(corners: Floats) -> Floats:
    """Return the doses (8 M, 2, 2, 2) at the corners of the eighths of cells (M, 2, 2, 2)."""
    for axis in (1, 2, 3):
        first, last = np.split(corners, 2, axis)
        corners = np.concatenate([first, (first + last) / 2, last], axis)
    return np.concatenate([corners[:, i : i + 2, j : j + 2, k : k + 2] for i, j, k in CORNERS])


def corner_slices(shape: tuple[int, ...]) -> list[tuple[slice, ...]]:
    """Return, for each corner of a cell, the nodes of an array that are that corner of a cell."""
    return [
        tuple(slice(at, count - 1 + at) for at, count in zip(corner, shape, strict=True))
        for corner in CORNERS
    ]
