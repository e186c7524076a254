"""Grid: where the voxels of an array lie in the patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DIRECTION_TOLERANCE = 1e-4
"""Largest deviation of direction cosines from unit length and right angles.

Image Orientation (Patient) is written with as few as five decimals; over 500 mm an error of
1e-4 moves a voxel by 0.05 mm.
"""


def _unit(vector: Sequence[float] | Floats, name: str) -> Floats:
    direction = np.array(vector, dtype=np.float64)
    if direction.shape != (3,) or not np.isfinite(direction).all():
        raise ValueError(f"expected three finite direction cosines for {name}, found {vector}")
    length = float(np.linalg.norm(direction))
    if abs(length - 1) > DIRECTION_TOLERANCE:
        raise ValueError(f"expected a unit vector for {name}, found length {length:.6g}")
    return direction / length


@dataclass(frozen=True, eq=False)
class Grid:
    """A stack of parallel planes of voxels: index (i, j, k) to patient LPS millimetres.

    The centre of voxel (i, j, k) lies at
    ``origin_mm + i * i_spacing_mm * i_direction + j * j_spacing_mm * j_direction
    + frame_positions_mm[k] * normal``.

    Parameters
    ----------
    origin_mm : (3,) floats
        Centre of voxel (0, 0, ·) in the plane where the frame position is 0.
    i_direction, j_direction : (3,) floats
        Unit vectors along which i (columns) and j (rows) grow, at right angles.
    i_spacing_mm, j_spacing_mm : float
        Distances of voxel centres. DICOM's Pixel Spacing is (j_spacing_mm, i_spacing_mm).
    i_count, j_count : int
        Voxels along i and j.
    frame_positions_mm : (k,) floats
        Positions of the planes along ``normal`` = i_direction x j_direction, strictly
        ascending, uniform or not.
    frame_of_reference_uid : str
        Frame of Reference UID (0020,0052), or "".

    Raises
    ------
    ValueError
        If spacings, counts, directions or positions do not make a grid.
    """

    origin_mm: Floats
    i_direction: Floats
    j_direction: Floats
    i_spacing_mm: float
    j_spacing_mm: float
    i_count: int
    j_count: int
    frame_positions_mm: Floats
    frame_of_reference_uid: str = ""

    def __post_init__(self) -> None:
        i_direction = _unit(self.i_direction, "i")
        j_direction = _unit(self.j_direction, "j")
        if abs(float(i_direction @ j_direction)) > DIRECTION_TOLERANCE:
            raise ValueError("expected rows and columns at right angles, found a skewed grid")
        origin = np.array(self.origin_mm, dtype=np.float64)
        positions = np.array(self.frame_positions_mm, dtype=np.float64)
        if origin.shape != (3,) or not np.isfinite(origin).all():
            raise ValueError(f"expected three finite numbers for the origin, found {origin}")
        spacings = (self.i_spacing_mm, self.j_spacing_mm)
        if not all(np.isfinite(s) and s > 0 for s in spacings):
            raise ValueError(f"expected spacings above 0 mm, found {spacings}")
        if min(self.i_count, self.j_count) < 1 or positions.ndim != 1 or not positions.size:
            raise ValueError("expected at least one voxel along each axis")
        if not np.isfinite(positions).all() or (np.diff(positions) <= 0).any():
            raise ValueError("expected strictly ascending frame positions")
        for name, array in (
            ("origin_mm", origin),
            ("i_direction", i_direction),
            ("j_direction", j_direction),
            ("frame_positions_mm", positions),
        ):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along i, j and k."""
        return self.i_count, self.j_count, len(self.frame_positions_mm)

    @property
    def volume_mm3(self) -> float:
        """Volume of all voxels."""
        i_mm, j_mm = self.i_count * self.i_spacing_mm, self.j_count * self.j_spacing_mm
        between_mm = np.ptp(self.frame_positions_mm) / max(len(self.frame_positions_mm) - 1, 1)
        return float(i_mm * j_mm * between_mm * len(self.frame_positions_mm))

    @cached_property
    def normal(self) -> Floats:
        """Unit vector along which k grows: i_direction x j_direction."""
        return np.asarray(np.cross(self.i_direction, self.j_direction))

    @cached_property
    def axes(self) -> Floats:
        """(3, 3) array whose rows are the unit vectors along i, j and k."""
        return np.stack([self.i_direction, self.j_direction, self.normal])

    def to_index(self, points_mm: Floats) -> Floats:
        """Return continuous indices (..., 3) of points (..., 3); not clipped to the grid.

        Between planes, and beyond the outermost ones, k is linear in the distance.
        """
        along = (points_mm - self.origin_mm) @ self.axes.T
        along[..., 0] /= self.i_spacing_mm
        along[..., 1] /= self.j_spacing_mm
        along[..., 2] = self.frame_index(along[..., 2])
        return np.asarray(along)

    def frame_index(self, positions_mm: Floats) -> Floats:
        """Return continuous k of positions along the normal, linear also beyond the ends."""
        frames = self.frame_positions_mm
        if len(frames) == 1:
            return np.asarray(positions_mm - frames[0])
        below = np.clip(np.searchsorted(frames, positions_mm, side="right") - 1, 0, len(frames) - 2)
        return np.asarray(below + (positions_mm - frames[below]) / np.diff(frames)[below])

    def to_patient(self, indices: Floats) -> Floats:
        """Return the LPS positions (..., 3) in mm of continuous indices (..., 3) in the grid."""
        k = indices[..., 2]
        frames = self.frame_positions_mm
        return np.asarray(
            self.origin_mm
            + indices[..., :1] * self.i_spacing_mm * self.i_direction
            + indices[..., 1:2] * self.j_spacing_mm * self.j_direction
            + np.interp(k, np.arange(len(frames)), frames)[..., None] * self.normal
        )

    def __repr__(self) -> str:
        """Spacing, size and origin: what a physicist asks of a grid."""
        steps = np.diff(self.frame_positions_mm)
        k_step = f"{np.median(steps):.4g}" if steps.size else "-"
        origin = ", ".join(f"{value:.4g}" for value in self.origin_mm)
        return (
            f"Grid({' x '.join(str(n) for n in self.shape)} voxels of "
            f"{self.i_spacing_mm:.4g} x {self.j_spacing_mm:.4g} x {k_step} mm, "
            f"first centre at ({origin}) mm)"
        )
