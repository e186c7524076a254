"""Round solids: ellipsoid, sphere, hollow sphere and capsule."""

from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from oligort.phantoms import caps
from oligort.phantoms.axes import alignment
from oligort.phantoms.polygons import LOOP_POINTS, ellipse
from oligort.phantoms.sections import Ellipses
from oligort.phantoms.solid import Loops, Solid, Vector, require_positive

Floats = npt.NDArray[np.float64]


class _Quadric(Solid):
    """What ellipsoid and sphere share."""

    @abstractmethod
    def _semi_axes(self) -> Vector:
        """Half lengths along x, y and z."""

    @property
    def volume_cc(self) -> float:
        """Exact volume."""
        return float(4 / 3 * np.pi * np.prod(self._semi_axes()) / 1000)

    def contains(self, x_mm: Floats, y_mm: Floats, z_mm: Floats) -> npt.NDArray[np.bool_]:
        """Return whether points lie inside."""
        (cx, cy, cz), (a, b, c) = self.centre_mm, self._semi_axes()
        level = ((x_mm - cx) / a) ** 2 + ((y_mm - cy) / b) ** 2 + ((z_mm - cz) / c) ** 2
        return np.asarray(level <= 1)

    def cross_section(self, z_mm: float, points: int = LOOP_POINTS) -> Loops:
        """Return the one elliptic loop."""
        (cx, cy, cz), (a, b, c) = self.centre_mm, self._semi_axes()
        if abs(z_mm - cz) >= c:
            return ()
        scale = float(np.sqrt(1 - ((z_mm - cz) / c) ** 2))
        return (ellipse((cx, cy), (a * scale, b * scale), points),)

    def sections(self, z_mm: Floats) -> tuple[Ellipses, ...]:
        """Return the ellipses in axial planes (Z,)."""
        (cx, cy, cz), (a, b, c) = self.centre_mm, self._semi_axes()
        scale = np.sqrt(np.maximum(1 - ((z_mm - cz) / c) ** 2, 0))
        return (Ellipses(1, (cx, cy), (a * scale, b * scale), (cz - c, cz + c)),)

    def extent_mm(self, direction: Floats) -> tuple[float, float]:
        """Return the lowest and the highest position along a unit vector."""
        middle = float(direction @ np.array(self.centre_mm))
        reach = float(np.linalg.norm(direction * self._semi_axes()))
        return middle - reach, middle + reach

    def fraction_beyond(self, direction: Floats, b: Floats) -> Floats:
        """Return the fraction beyond a plane; the same in every direction."""
        return caps.ellipsoid_beyond(b)


@dataclass(frozen=True)
class Ellipsoid(_Quadric):
    """An ellipsoid along the patient axes."""

    centre_mm: Vector
    semi_axes_mm: Vector

    def __post_init__(self) -> None:
        require_positive(
            **{f"semi-axis {a}": s for a, s in zip("xyz", self.semi_axes_mm, strict=True)}
        )

    def _semi_axes(self) -> Vector:
        return self.semi_axes_mm


@dataclass(frozen=True)
class Sphere(_Quadric):
    """A sphere."""

    centre_mm: Vector
    radius_mm: float

    def __post_init__(self) -> None:
        require_positive(radius=self.radius_mm)

    def _semi_axes(self) -> Vector:
        return self.radius_mm, self.radius_mm, self.radius_mm

    def distance_mm(self, x_mm: Floats, y_mm: Floats, z_mm: Floats) -> Floats:
        """Return the signed distance to the surface, negative inside."""
        cx, cy, cz = self.centre_mm
        to_centre = np.sqrt((x_mm - cx) ** 2 + (y_mm - cy) ** 2 + (z_mm - cz) ** 2)
        return np.asarray(to_centre - self.radius_mm)


@dataclass(frozen=True)
class HollowSphere(Solid):
    """A shell: a sphere without the smaller sphere about the same centre."""

    centre_mm: Vector
    outer_radius_mm: float
    inner_radius_mm: float

    def __post_init__(self) -> None:
        thickness = self.outer_radius_mm - self.inner_radius_mm
        require_positive(inner_radius=self.inner_radius_mm, thickness=thickness)

    @property
    def _outer(self) -> Sphere:
        return Sphere(self.centre_mm, self.outer_radius_mm)

    @property
    def _inner(self) -> Sphere:
        return Sphere(self.centre_mm, self.inner_radius_mm)

    @property
    def volume_cc(self) -> float:
        """Exact volume."""
        return self._outer.volume_cc - self._inner.volume_cc

    def contains(self, x_mm: Floats, y_mm: Floats, z_mm: Floats) -> npt.NDArray[np.bool_]:
        """Return whether points lie in the shell."""
        inside, hole = (s.contains(x_mm, y_mm, z_mm) for s in (self._outer, self._inner))
        return np.asarray(inside & ~hole)

    def cross_section(self, z_mm: float, points: int = LOOP_POINTS) -> Loops:
        """Return the outer loop and, where the plane meets it, the loop of the hole."""
        outer, inner = (s.cross_section(z_mm, points) for s in (self._outer, self._inner))
        return outer + inner

    def sections(self, z_mm: Floats) -> tuple[Ellipses, ...]:
        """Return the discs in axial planes (Z,), and those of the hole."""
        (outer,), (inner,) = self._outer.sections(z_mm), self._inner.sections(z_mm)
        return outer, replace(inner, sign=-1)

    def extent_mm(self, direction: Floats) -> tuple[float, float]:
        """Return the lowest and the highest position along a unit vector."""
        return self._outer.extent_mm(direction)

    def fraction_beyond(self, direction: Floats, b: Floats) -> Floats:
        """Return the fraction beyond a plane: the difference of two caps."""
        ratio = self.outer_radius_mm / self.inner_radius_mm
        in_hole = np.clip(0.5 + (b - 0.5) * ratio, 0, 1)
        return np.asarray(
            (ratio**3 * caps.ellipsoid_beyond(b) - caps.ellipsoid_beyond(in_hole)) / (ratio**3 - 1)
        )


@dataclass(frozen=True)
class Capsule(Solid):
    """A sphere swept along z: all points within `radius_mm` of a segment.

    Grown by a margin it is a capsule again, and the distance to it is known everywhere, which
    makes it the target of the demo.
    """

    centre_mm: Vector
    radius_mm: float
    segment_mm: float

    def __post_init__(self) -> None:
        require_positive(radius=self.radius_mm, segment=self.segment_mm)

    @property
    def volume_cc(self) -> float:
        """Exact volume."""
        return float(np.pi * self.radius_mm**2 * (self.segment_mm + 4 / 3 * self.radius_mm) / 1000)

    def distance_mm(self, x_mm: Floats, y_mm: Floats, z_mm: Floats) -> Floats:
        """Return the signed distance to the surface, negative inside."""
        cx, cy, cz = self.centre_mm
        beyond_segment = np.maximum(np.abs(z_mm - cz) - self.segment_mm / 2, 0)
        to_segment = np.sqrt((x_mm - cx) ** 2 + (y_mm - cy) ** 2 + beyond_segment**2)
        return np.asarray(to_segment - self.radius_mm)

    def contains(self, x_mm: Floats, y_mm: Floats, z_mm: Floats) -> npt.NDArray[np.bool_]:
        """Return whether points lie inside."""
        return np.asarray(self.distance_mm(x_mm, y_mm, z_mm) <= 0)

    def cross_section(self, z_mm: float, points: int = LOOP_POINTS) -> Loops:
        """Return the one round loop."""
        cx, cy, cz = self.centre_mm
        beyond_segment = max(abs(z_mm - cz) - self.segment_mm / 2, 0)
        if beyond_segment >= self.radius_mm:
            return ()
        radius = float(np.sqrt(self.radius_mm**2 - beyond_segment**2))
        return (ellipse((cx, cy), (radius, radius), points),)

    def extent_mm(self, direction: Floats) -> tuple[float, float]:
        """Return the lowest and the highest position along a unit vector."""
        middle = float(direction @ np.array(self.centre_mm))
        reach = self.radius_mm + abs(float(direction[2])) * self.segment_mm / 2
        return middle - reach, middle + reach

    def fraction_beyond(self, direction: Floats, b: Floats) -> Floats:
        """Return the fraction beyond a plane: the ends make up a sphere, the rest a cylinder."""
        radius, segment = self.radius_mm, self.segment_mm
        ends = 4 / 3 * radius / (segment + 4 / 3 * radius)
        if alignment(direction, "z") == "across":
            middle = caps.cylinder_across_beyond(b)
            return np.asarray(ends * caps.ellipsoid_beyond(b) + (1 - ends) * middle)
        height = b * (segment + 2 * radius)
        in_middle = np.clip(height - radius, 0, segment)
        in_ends = np.clip((height - in_middle) / (2 * radius), 0, 1)
        middle = caps.prism_beyond(in_middle / segment)
        return np.asarray(ends * caps.ellipsoid_beyond(in_ends) + (1 - ends) * middle)
