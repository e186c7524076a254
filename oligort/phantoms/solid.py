"""Solid: a body known by formula, and how it is drawn as a structure."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from oligort.geometry.structure import Contour, Structure
from oligort.phantoms.polygons import LOOP_POINTS
from oligort.phantoms.sections import Sections

Floats = npt.NDArray[np.float64]
Vector = tuple[float, float, float]
Loops = tuple[Floats, ...]


class Solid(ABC):
    """A body known by formula, in patient LPS millimetres."""

    centre_mm: Vector

    @property
    @abstractmethod
    def volume_cc(self) -> float:
        """Exact volume."""

    @abstractmethod
    def contains(self, x_mm: Floats, y_mm: Floats, z_mm: Floats) -> npt.NDArray[np.bool_]:
        """Return whether points lie inside; the coordinates broadcast against each other."""

    @abstractmethod
    def cross_section(self, z_mm: float, points: int = LOOP_POINTS) -> Loops:
        """Return the (N, 2) loops in the axial plane at z, of the section's area; () outside."""

    def sections(self, z_mm: Floats) -> tuple[Sections, ...]:
        """Return the pieces of the sections in the axial planes (Z,), in closed form.

        Raises
        ------
        ValueError
            If ellipses and rectangles do not make up the sections.
        """
        raise ValueError(f"the sections of {self} are no ellipses and rectangles")

    @abstractmethod
    def extent_mm(self, direction: Floats) -> tuple[float, float]:
        """Return the lowest and the highest position along a unit vector, from the origin."""

    @abstractmethod
    def fraction_beyond(self, direction: Floats, b: Floats) -> Floats:
        """Return the fraction of the volume beyond a plane across a unit vector.

        `b` in [0, 1] says how far the plane has gone from the lowest to the highest position.

        Raises
        ------
        ValueError
            If there is no closed form in this direction.
        """

    def structure(
        self,
        roi_name: str,
        roi_number: int | None,
        planes_mm: Iterable[float],
        points: int = LOOP_POINTS,
        interpreted_type: str = "",
    ) -> Structure:
        """Return the solid as drawn on axial planes; planes that miss it have no contour."""
        contours = tuple(
            Contour(np.column_stack([loop, np.full(len(loop), z)]))
            for z in planes_mm
            for loop in self.cross_section(float(z), points)
        )
        return Structure(roi_number, roi_name, contours, interpreted_type)


def require_positive(**sizes: float) -> None:
    """Raise ValueError where a size is not a finite number above 0 mm."""
    for name, size in sizes.items():
        if not (np.isfinite(size) and size > 0):
            raise ValueError(f"expected {name} above 0 mm, found {size}")
