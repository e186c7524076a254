"""RigidTransform: a rotation and a shift from one frame of reference to another."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from oligort.geometry.grid import Grid

Floats = npt.NDArray[np.float64]

ROTATION_TOLERANCE = 1e-4
"""Largest deviation of R times its transpose from unity, and of the determinant from 1.

Matrices are decimal strings, written with as few as five decimals: see DIRECTION_TOLERANCE. A scale
of 1.0001 moves a voxel by 0.05 mm over 500 mm.
"""


@dataclass(frozen=True, eq=False)
class RigidTransform:
    """Points of one frame of reference in another: ``rotation @ point + translation_mm``.

    Parameters
    ----------
    rotation : (3, 3) floats
        A rotation to within `ROTATION_TOLERANCE`; kept as the nearest exact one, read-only.
    translation_mm : (3,) floats
        Where the origin comes to lie; kept read-only.

    Raises
    ------
    ValueError
        If the numbers are not finite, or the matrix scales, shears or mirrors.
    """

    rotation: Floats
    translation_mm: Floats

    def __post_init__(self) -> None:
        rotation = np.array(self.rotation, dtype=np.float64)
        translation_mm = np.array(self.translation_mm, dtype=np.float64)
        if rotation.shape != (3, 3) or translation_mm.shape != (3,):
            raise ValueError(
                f"expected a rotation of shape (3, 3) and a translation of shape (3,), "
                f"found {rotation.shape} and {translation_mm.shape}"
            )
        if not (np.isfinite(rotation).all() and np.isfinite(translation_mm).all()):
            raise ValueError("expected a rotation and a translation of finite numbers")
        # Cosines above 1 are refused before they are multiplied: their squares may overflow.
        largest = float(np.abs(rotation).max())
        skew = np.inf if largest > 2 else float(np.abs(rotation @ rotation.T - np.eye(3)).max())
        if skew > ROTATION_TOLERANCE:
            raise ValueError("expected a rotation, found a matrix that scales or shears")
        if np.linalg.det(rotation) < 0:
            raise ValueError("expected a rotation, found a matrix that mirrors")
        left, _, right = np.linalg.svd(rotation)
        for name, array in (("rotation", left @ right), ("translation_mm", translation_mm)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @classmethod
    def identity(cls) -> "RigidTransform":
        """Return the transform that moves nothing."""
        return cls(np.eye(3), np.zeros(3))

    def apply(self, points_mm: Floats) -> Floats:
        """Return points (..., 3) in mm of the source frame as points of the target frame."""
        return np.asarray(points_mm @ self.rotation.T + self.translation_mm)

    def inverse(self) -> "RigidTransform":
        """Return the transform from the target frame back to the source frame."""
        back = self.rotation.T
        return RigidTransform(back, -(back @ self.translation_mm))

    def after(self, other: "RigidTransform") -> "RigidTransform":
        """Return the transform that does `other` first, and then this one."""
        return RigidTransform(self.rotation @ other.rotation, self.apply(other.translation_mm))

    def of_grid(self, grid: Grid, frame_of_reference_uid: str) -> Grid:
        """Return a grid of the source frame as it lies in the target frame, of that UID."""
        return replace(
            grid,
            origin_mm=self.apply(grid.origin_mm),
            i_direction=self.rotation @ grid.i_direction,
            j_direction=self.rotation @ grid.j_direction,
            frame_of_reference_uid=frame_of_reference_uid,
        )
