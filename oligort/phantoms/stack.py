"""SlabStack: the truth of the slabs that contours make of a solid, in closed form."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.phantoms.sections import Sections
from oligort.phantoms.solid import Solid, Vector
from oligort.phantoms.truth import Truth

Floats = npt.NDArray[np.float64]

LARGEST = 500_000
"""Doses times slabs evaluated at once: some twenty arrays of 4 MB."""


@dataclass(frozen=True, eq=False)
class SlabStack(Truth):
    """A solid's sections in some planes, each filled between the borders of its slab.

    Within a slab the section is the same, and the plane of one dose moves across it with z. What
    lies beyond is an antiderivative of the section's closed form, for any direction.

    Parameters
    ----------
    solid : Solid
        Whose sections are ellipses and rectangles.
    planes_mm : (Z,) array
        The planes on which it is drawn, ascending.
    lower_mm, upper_mm : (Z,) arrays
        Borders of the slabs.

    Raises
    ------
    ValueError
        If there is no plane that meets the solid, or a slab has no thickness.
    """

    solid: Solid
    planes_mm: Floats
    lower_mm: Floats
    upper_mm: Floats

    def __post_init__(self) -> None:
        arrays = {"planes_mm": self.planes_mm, "lower_mm": self.lower_mm, "upper_mm": self.upper_mm}
        for name, values in arrays.items():
            array = np.array(values, dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if not (self.planes_mm.shape == self.lower_mm.shape == self.upper_mm.shape):
            raise ValueError("expected a lower and an upper border for each plane")
        if not (self.lower_mm < self.upper_mm).all():
            raise ValueError("expected slabs of a thickness")
        if not self._met.any():
            raise ValueError(f"expected a plane that meets {self.solid}")

    @classmethod
    def half_way(cls, solid: Solid, planes_mm: npt.ArrayLike) -> "SlabStack":
        """Return slabs that reach half the way to the neighbours, and as far beyond the ends.

        `planes_mm` (Z,) ascending, two or more; only those that meet the solid are drawn.
        """
        planes = np.asarray(planes_mm, dtype=np.float64)
        low, high = solid.extent_mm(np.array([0.0, 0.0, 1.0]))
        planes = planes[(low < planes) & (planes < high)]
        if len(planes) < 2:
            raise ValueError(f"expected two planes or more that meet {solid}, found {len(planes)}")
        middle = (planes[:-1] + planes[1:]) / 2
        first, last = 2 * planes[0] - middle[0], 2 * planes[-1] - middle[-1]
        return cls(solid, planes, np.append(first, middle), np.append(middle, last))

    @property
    def centre_mm(self) -> Vector:
        """Centre of the solid, not of the slabs."""
        return self.solid.centre_mm

    @property
    def _pieces(self) -> tuple[Sections, ...]:
        return self.solid.sections(self.planes_mm)

    @property
    def _met(self) -> npt.NDArray[np.bool_]:
        """(Z,) whether the plane meets the solid."""
        return np.asarray(sum(piece.area_mm2 for piece in self._pieces) > 0)

    @property
    def volume_cc(self) -> float:
        """Exact volume of the slabs."""
        area = sum((piece.area_mm2 for piece in self._pieces), np.zeros(len(self.planes_mm)))
        return float(area @ (self.upper_mm - self.lower_mm)) / 1000

    def extent_mm(self, direction: Floats) -> tuple[float, float]:
        """Return the lowest and the highest position along a unit vector."""
        around, met = self._pieces[0], self._met
        reach = around.edges_mm(direction[:2])[-1][met]
        middle = float(direction[:2] @ np.array(around.centre_mm))
        faces = direction[2] * np.stack([self.lower_mm, self.upper_mm])[:, met]
        low, high = faces.min(axis=0) - reach, faces.max(axis=0) + reach
        return middle + float(low.min()), middle + float(high.max())

    @property
    def radii_mm(self) -> tuple[float, float]:
        """Distances from the centre of the nearest and the farthest point of a stack of discs."""
        met, height = self._met, self.centre_mm[2]
        lower, upper = self.lower_mm[met] - height, self.upper_mm[met] - height
        around, *holes = (piece.half_sizes_mm[0][met] for piece in self._pieces)
        hole = sum(holes, np.zeros(len(around)))
        nearest = np.hypot(hole, np.maximum(np.maximum(lower, -upper), 0))
        farthest = np.hypot(around, np.maximum(-lower, upper))
        return float(nearest.min()), float(farthest.max())

    def beyond_mm3(self, direction: Floats, position_mm: Floats) -> Floats:
        """Return the volumes (D,) beyond planes across a unit vector at positions (D,)."""
        volume = np.zeros(len(position_mm))
        for rows in self._rows(len(position_mm)):
            for piece in self._pieces:
                volume[rows] += piece.prism_beyond(
                    direction, position_mm[rows, None], self.lower_mm, self.upper_mm
                ).sum(axis=1)
        return volume

    def within_mm3(self, radius_mm: Floats) -> Floats:
        """Return the volumes (D,) within balls of radii (D,) about the centre of the solid."""
        volume, height = np.zeros(len(radius_mm)), self.centre_mm[2]
        for rows in self._rows(len(radius_mm)):
            for piece in self._pieces:
                volume[rows] += piece.prism_within(
                    radius_mm[rows, None], self.lower_mm - height, self.upper_mm - height
                ).sum(axis=1)
        return volume

    def _rows(self, count: int) -> Iterator[slice]:
        """Yield slices of doses that are evaluated at once."""
        rows = max(1, LARGEST // len(self.planes_mm))
        return (slice(first, first + rows) for first in range(0, count, rows))
