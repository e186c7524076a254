"""Image planes: where contours lie between the parallel images of one series."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.geometry.slabs import (
    PLANARITY_TOLERANCE_MM,
    PLANE_TOLERANCE_MM,
    SlabModel,
    most_common_spacing_mm,
)
from oligort.geometry.structure import Structure

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

OFF_PLANE_SHARE = 0.1
"""Share of the image spacing by which a contour may lie off its image.

Positions written with one decimal are 0.05 mm off, a fifth of what this allows at 2.5 mm; a slab
that is moved by a tenth of a spacing still has the dose of its own plane.
"""

SAME_DIRECTION = 1 - 1e-4
"""Least cosine between the normals of contours and images that lie in planes of one direction."""


@dataclass(frozen=True, eq=False)
class ImagePlanes:
    """Parallel images.

    Parameters
    ----------
    normal : (3,) array
        Across the images, a unit vector in patient LPS.
    positions_mm : (n,) array
        Ascending positions along it, at least two.
    spacing_mm : float
        Their usual distance.
    """

    normal: Floats
    positions_mm: Floats
    spacing_mm: float

    @classmethod
    def of(cls, normal: tuple[float, ...], positions_mm: tuple[float, ...]) -> "ImagePlanes | None":
        """Return the planes at ascending positions, each once; None where there is one alone."""
        every = np.asarray(positions_mm, dtype=np.float64)
        positions = every[np.diff(every, prepend=-np.inf) > PLANE_TOLERANCE_MM]
        spacing_mm = most_common_spacing_mm(np.diff(positions))
        return None if spacing_mm is None else cls(np.asarray(normal), positions, spacing_mm)

    @property
    def tolerance_mm(self) -> float:
        """How far from its image a contour may lie."""
        return max(PLANE_TOLERANCE_MM, OFF_PLANE_SHARE * self.spacing_mm)

    def reaches_outermost(self, model: SlabModel, end: int) -> bool | None:
        """Whether the first (0) or last (-1) plane of a structure lies in an outermost image.

        Half a spacing from it is in it, and beyond it too. None where the planes are not parallel.
        """
        cosine = float(model.frame.axes[2] @ self.normal)
        if abs(cosine) < SAME_DIRECTION:
            return None
        direction = float(np.sign(cosine))
        outwards = direction if end else -direction
        outermost_mm = float(self.positions_mm[-1 if outwards > 0 else 0])
        inside_mm = outwards * (outermost_mm - direction * model.slabs[end].position_mm)
        return inside_mm < self.spacing_mm / 2


@dataclass(frozen=True, eq=False)
class Placed:
    """Where the closed contours of a structure lie between images, (C,) each.

    Parameters
    ----------
    away_mm : float array
        How far from the nearest image.
    is_across : bool array
        Whether the contour is not parallel to the images; it is none of the others then.
    is_between, is_beyond : bool array
        Whether it lies off the images, between two of them or beyond the first or the last.
    is_in_gap : bool array
        Whether it lies between two images with others missing between them.
    """

    away_mm: Floats
    is_across: Bools
    is_between: Bools
    is_beyond: Bools
    is_in_gap: Bools


def placed(structure: Structure, images: ImagePlanes) -> Placed:
    """Return where the closed contours of a structure, at least one, lie between images."""
    areas = structure.areas
    counts = np.array([len(area.points_mm) for area in areas])
    starts = np.cumsum(counts) - counts
    along_mm = np.concatenate([area.points_mm for area in areas]) @ images.normal
    extent_mm = np.maximum.reduceat(along_mm, starts) - np.minimum.reduceat(along_mm, starts)
    at_mm = np.add.reduceat(along_mm, starts) / counts
    is_parallel = extent_mm <= 2 * PLANARITY_TOLERANCE_MM
    positions_mm, tolerance_mm = images.positions_mm, images.tolerance_mm
    above = np.searchsorted(positions_mm, at_mm).clip(1, len(positions_mm) - 1)
    upper_mm, lower_mm = positions_mm[above], positions_mm[above - 1]
    away_mm = np.minimum(np.abs(at_mm - lower_mm), np.abs(at_mm - upper_mm))
    is_held = (at_mm > positions_mm[0]) & (at_mm < positions_mm[-1])
    is_off = is_parallel & (away_mm > tolerance_mm)
    is_wide = upper_mm - lower_mm > images.spacing_mm + tolerance_mm
    return Placed(
        away_mm=away_mm,
        is_across=~is_parallel,
        is_between=is_off & is_held,
        is_beyond=is_off & ~is_held,
        is_in_gap=is_off & is_held & is_wide,
    )
