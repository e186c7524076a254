"""Solids that lie in any direction, with the diameters that a census should find.

Their sections are outlined with corners ON the outline, not at the circle's area: what is tested
with them is lengths. The contour of n points then falls short of the outline, never beyond it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.geometry.structure import Contour, Structure
from oligort.phantoms.solid import Loops, Vector, require_positive

Floats = npt.NDArray[np.float64]
Axes = tuple[Vector, Vector, Vector]

_WIDTHS = 20_000
"""Directions in which a section's width is looked up: the longest lies within 0.08 mrad of one,
and is at most 3e-9 of itself longer."""


class Oblique(ABC):
    """A solid in any direction, in patient LPS millimetres."""

    centre_mm: Vector

    @property
    @abstractmethod
    def volume_cc(self) -> float:
        """Exact volume."""

    @property
    @abstractmethod
    def centroid_mm(self) -> Vector:
        """Centre of the volume."""

    @property
    @abstractmethod
    def longest_mm(self) -> float:
        """Greatest distance of two of its points."""

    @property
    @abstractmethod
    def heights_mm(self) -> tuple[float, float]:
        """Lowest and highest z."""

    @abstractmethod
    def outlines(self, z_mm: float, angles: Floats) -> Loops:
        """Return the (N, 2) loops in the axial plane at z, each with a corner per angle (N,)."""

    @abstractmethod
    def longest_in_mm(self, z_mm: float) -> float:
        """Return the greatest distance of two points of one area of the plane at z; 0 outside."""

    def structure(self, roi_name: str, planes_mm: Iterable[float], angles: Floats) -> Structure:
        """Return the solid as drawn on axial planes; planes that miss it have no contour."""
        contours = tuple(
            Contour(np.column_stack([loop, np.full(len(loop), z)]))
            for z in planes_mm
            for loop in self.outlines(float(z), angles)
        )
        return Structure(1, roi_name, contours)


@dataclass(frozen=True)
class ObliqueEllipsoid(Oblique):
    """An ellipsoid; the rows of `axes` are the unit vectors of its axes."""

    centre_mm: Vector
    semi_axes_mm: Vector
    axes: Axes

    def __post_init__(self) -> None:
        require_positive(**{f"semi-axis {n}": s for n, s in enumerate(self.semi_axes_mm)})

    @property
    def volume_cc(self) -> float:
        """Exact volume."""
        return float(4 / 3 * np.pi * np.prod(self.semi_axes_mm) / 1000)

    @property
    def centroid_mm(self) -> Vector:
        """The centre."""
        return self.centre_mm

    @property
    def longest_mm(self) -> float:
        """Twice the longest semi-axis."""
        return 2 * max(self.semi_axes_mm)

    @property
    def heights_mm(self) -> tuple[float, float]:
        """Lowest and highest z."""
        reach = float(np.linalg.norm(np.array(self.axes)[:, 2] * self.semi_axes_mm))
        return self.centre_mm[2] - reach, self.centre_mm[2] + reach

    def _section(self, z_mm: float) -> tuple[Floats, Floats] | None:
        """Return centre (2,) and the vectors (2, 2) to the ends of the section's axes, as rows.

        With the ellipsoid as x' M x <= 1 the section is an ellipse of the matrix that M has in
        the plane, about the point where M x has no part in the plane.
        """
        inverse = np.array(self.axes) / np.array(self.semi_axes_mm)[:, None]
        matrix = inverse.T @ inverse
        height = z_mm - self.centre_mm[2]
        shift = -np.linalg.solve(matrix[:2, :2], matrix[:2, 2])
        level = 1 - height**2 * (matrix[2, 2] + matrix[2, :2] @ shift)
        if level <= 0:
            return None
        values, vectors = np.linalg.eigh(matrix[:2, :2])
        ends = vectors.T * np.sqrt(level / values)[:, None]
        return np.array(self.centre_mm[:2]) + height * shift, ends

    def outlines(self, z_mm: float, angles: Floats) -> Loops:
        """Return the one elliptic loop."""
        section = self._section(z_mm)
        if section is None:
            return ()
        centre, ends = section
        return (centre + np.stack([np.cos(angles), np.sin(angles)], axis=1) @ ends,)

    def longest_in_mm(self, z_mm: float) -> float:
        """Return the long axis of the section."""
        section = self._section(z_mm)
        return 0.0 if section is None else 2 * float(np.linalg.norm(section[1], axis=1).max())


@dataclass(frozen=True)
class ObliqueCapsule(Oblique):
    """All points within `radius_mm` of a segment along the unit vector `direction`."""

    centre_mm: Vector
    radius_mm: float
    segment_mm: float
    direction: Vector

    def __post_init__(self) -> None:
        require_positive(radius=self.radius_mm, segment=self.segment_mm)
        if not abs(self.direction[2]) > 1e-6:
            raise ValueError("expected a capsule that does not lie in the plane")

    @property
    def volume_cc(self) -> float:
        """Exact volume."""
        return float(np.pi * self.radius_mm**2 * (self.segment_mm + 4 / 3 * self.radius_mm) / 1000)

    @property
    def centroid_mm(self) -> Vector:
        """The centre."""
        return self.centre_mm

    @property
    def longest_mm(self) -> float:
        """From tip to tip."""
        return self.segment_mm + 2 * self.radius_mm

    @property
    def heights_mm(self) -> tuple[float, float]:
        """Lowest and highest z."""
        reach = self.radius_mm + abs(self.direction[2]) * self.segment_mm / 2
        return self.centre_mm[2] - reach, self.centre_mm[2] + reach

    def outlines(self, z_mm: float, angles: Floats) -> Loops:
        """Return the one loop: where a line across each angle touches the section.

        The section is the union of the discs that the plane cuts out of the spheres about the
        segment's points; along u the disc of the point s reaches s (d . u) + its radius.
        """
        low, high = self.heights_mm
        if not low < z_mm < high:
            return ()
        height, rise, radius = z_mm - self.centre_mm[2], self.direction[2], self.radius_mm
        across = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        along = across @ np.array(self.direction[:2])
        above = -np.sign(rise) * along * radius / np.hypot(along, rise)
        bounds = np.sort([(height - radius) / rise, (height + radius) / rise])
        half = self.segment_mm / 2
        place = np.clip((height - above) / rise, max(bounds[0], -half), min(bounds[1], half))
        disc = np.sqrt(np.maximum(radius**2 - (height - place * rise) ** 2, 0))
        middle = np.array(self.centre_mm[:2]) + place[:, None] * np.array(self.direction[:2])
        return (middle + disc[:, None] * across,)

    def longest_in_mm(self, z_mm: float) -> float:
        """Return the greatest width of the section, which is convex, over all directions."""
        angles = np.arange(_WIDTHS) * np.pi / _WIDTHS
        loops = self.outlines(z_mm, np.concatenate([angles, angles + np.pi]))
        if not loops:
            return 0.0
        facing = loops[0][:_WIDTHS] - loops[0][_WIDTHS:]
        widths = facing[:, 0] * np.cos(angles) + facing[:, 1] * np.sin(angles)
        return float(widths.max())


@dataclass(frozen=True)
class TouchingSpheres(Oblique):
    """Two spheres that touch in `centre_mm`, the second one in `direction` of the first."""

    centre_mm: Vector
    radii_mm: tuple[float, float]
    direction: Vector

    def __post_init__(self) -> None:
        require_positive(first=self.radii_mm[0], second=self.radii_mm[1])

    @property
    def _spheres(self) -> list[tuple[Floats, float]]:
        to_centres = -self.radii_mm[0], self.radii_mm[1]
        return [
            (np.array(self.centre_mm) + away * np.array(self.direction), radius)
            for away, radius in zip(to_centres, self.radii_mm, strict=True)
        ]

    @property
    def volume_cc(self) -> float:
        """Exact volume."""
        return float(4 / 3 * np.pi * sum(radius**3 for radius in self.radii_mm) / 1000)

    @property
    def centroid_mm(self) -> Vector:
        """Centre of the volume, on the line through both centres."""
        (one, a), (other, b) = self._spheres
        x, y, z = (one * a**3 + other * b**3) / (a**3 + b**3)
        return float(x), float(y), float(z)

    @property
    def longest_mm(self) -> float:
        """Both diameters."""
        return 2 * sum(self.radii_mm)

    @property
    def heights_mm(self) -> tuple[float, float]:
        """Lowest and highest z."""
        lows, highs = zip(*((c[2] - r, c[2] + r) for c, r in self._spheres), strict=True)
        return float(min(lows)), float(max(highs))

    def outlines(self, z_mm: float, angles: Floats) -> Loops:
        """Return a round loop for each sphere that the plane meets."""
        unit = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return tuple(
            centre[:2] + np.sqrt(radius**2 - (z_mm - centre[2]) ** 2) * unit
            for centre, radius in self._spheres
            if abs(z_mm - centre[2]) < radius
        )

    def longest_in_mm(self, z_mm: float) -> float:
        """Return the larger diameter: the discs of one plane share no more than a point."""
        squared = max(radius**2 - (z_mm - centre[2]) ** 2 for centre, radius in self._spheres)
        return float(2 * np.sqrt(max(squared, 0)))
