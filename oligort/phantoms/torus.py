"""Torus: a ring about z."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.phantoms import caps
from oligort.phantoms.axes import runs_along
from oligort.phantoms.polygons import LOOP_POINTS, ellipse
from oligort.phantoms.quadrature import volume_beyond_mm3
from oligort.phantoms.sections import Ellipses
from oligort.phantoms.solid import Loops, Solid, Vector, require_positive

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Torus(Solid):
    """All points within the minor radius of a circle of the major radius, which lies across z.

    Parameters
    ----------
    centre_mm : (3,) floats
        Of the circle.
    major_radius_mm : float
        Of the circle.
    minor_radius_mm : float
        Of the tube about it; smaller, so that the hole stays open.
    """

    centre_mm: Vector
    major_radius_mm: float
    minor_radius_mm: float

    def __post_init__(self) -> None:
        hole = self.major_radius_mm - self.minor_radius_mm
        require_positive(minor_radius=self.minor_radius_mm, radius_of_the_hole=hole)

    @property
    def volume_cc(self) -> float:
        """Exact volume."""
        return float(2 * np.pi**2 * self.major_radius_mm * self.minor_radius_mm**2 / 1000)

    def contains(self, x_mm: Floats, y_mm: Floats, z_mm: Floats) -> npt.NDArray[np.bool_]:
        """Return whether points lie inside."""
        cx, cy, cz = self.centre_mm
        to_circle = np.hypot(x_mm - cx, y_mm - cy) - self.major_radius_mm
        return np.asarray(to_circle**2 + (z_mm - cz) ** 2 <= self.minor_radius_mm**2)

    def cross_section(self, z_mm: float, points: int = LOOP_POINTS) -> Loops:
        """Return the loop around and the loop of the hole."""
        cx, cy, cz = self.centre_mm
        if abs(z_mm - cz) >= self.minor_radius_mm:
            return ()
        half_width = float(np.sqrt(self.minor_radius_mm**2 - (z_mm - cz) ** 2))
        radii = (self.major_radius_mm + half_width, self.major_radius_mm - half_width)
        return tuple(ellipse((cx, cy), (radius, radius), points) for radius in radii)

    def sections(self, z_mm: Floats) -> tuple[Ellipses, ...]:
        """Return the discs in axial planes (Z,), and those of the hole."""
        cx, cy, cz = self.centre_mm
        half_width = np.sqrt(np.maximum(self.minor_radius_mm**2 - (z_mm - cz) ** 2, 0))
        major = np.where(half_width > 0, self.major_radius_mm, 0.0)
        span = (cz - self.minor_radius_mm, cz + self.minor_radius_mm)
        return tuple(
            Ellipses(sign, (cx, cy), (radius, radius), span)
            for sign, radius in ((1, major + half_width), (-1, major - half_width))
        )

    def extent_mm(self, direction: Floats) -> tuple[float, float]:
        """Return the lowest and the highest position along a unit vector."""
        middle = float(direction @ np.array(self.centre_mm))
        in_plane = float(np.hypot(direction[0], direction[1]))
        reach = self.major_radius_mm * in_plane + self.minor_radius_mm
        return middle - reach, middle + reach

    def fraction_beyond(self, direction: Floats, b: Floats) -> Floats:
        """Return the fraction beyond a plane: across z a closed form, else by quadrature.

        The width of the ring's sections is that of the tube's disc, so that planes across z cut off
        what they cut off from a disc (Pappus).
        """
        if runs_along(direction, "z"):
            return caps.cylinder_across_beyond(b)
        low, high = self.extent_mm(direction)
        position = low + np.ravel(b) * (high - low)
        beyond = volume_beyond_mm3(self, direction, position) / (1000 * self.volume_cc)
        return np.asarray(np.clip(beyond, 0, 1).reshape(np.shape(b)))
