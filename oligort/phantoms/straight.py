"""Solids with flat faces or straight sides: box, cylinder and cone along the patient axes."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from oligort.phantoms import caps
from oligort.phantoms.axes import Axis, alignment, along_and_across, runs_along
from oligort.phantoms.polygons import LOOP_POINTS, area_mm2, ellipse, rectangle
from oligort.phantoms.sections import Ellipses, Rectangles, Sections
from oligort.phantoms.solid import Loops, Solid, Vector, require_positive

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Box(Solid):
    """A box along the patient axes, given by its whole side lengths."""

    centre_mm: Vector
    sizes_mm: Vector

    def __post_init__(self) -> None:
        require_positive(**{f"size {a}": s for a, s in zip("xyz", self.sizes_mm, strict=True)})

    @property
    def volume_cc(self) -> float:
        """Exact volume."""
        return float(np.prod(self.sizes_mm) / 1000)

    def contains(self, x_mm: Floats, y_mm: Floats, z_mm: Floats) -> npt.NDArray[np.bool_]:
        """Return whether points lie inside."""
        (cx, cy, cz), (a, b, c) = self.centre_mm, self.sizes_mm
        return np.asarray(
            (np.abs(x_mm - cx) <= a / 2)
            & (np.abs(y_mm - cy) <= b / 2)
            & (np.abs(z_mm - cz) <= c / 2)
        )

    def cross_section(self, z_mm: float, points: int = LOOP_POINTS) -> Loops:
        """Return the one rectangle, of four points."""
        (cx, cy, cz), (a, b, c) = self.centre_mm, self.sizes_mm
        return (rectangle((cx, cy), (a / 2, b / 2)),) if abs(z_mm - cz) <= c / 2 else ()

    def sections(self, z_mm: Floats) -> tuple[Rectangles, ...]:
        """Return the rectangles in axial planes (Z,)."""
        (cx, cy, cz), (a, b, c) = self.centre_mm, self.sizes_mm
        is_met = np.abs(z_mm - cz) <= c / 2
        half_sizes = (np.where(is_met, a / 2, 0.0), np.where(is_met, b / 2, 0.0))
        return (Rectangles(1, (cx, cy), half_sizes, (cz - c / 2, cz + c / 2)),)

    def extent_mm(self, direction: Floats) -> tuple[float, float]:
        """Return the lowest and the highest position along a unit vector."""
        middle = float(direction @ np.array(self.centre_mm))
        reach = float(np.abs(direction) @ np.array(self.sizes_mm)) / 2
        return middle - reach, middle + reach

    def fraction_beyond(self, direction: Floats, b: Floats) -> Floats:
        """Return the fraction beyond a plane across a patient axis."""
        if not any(runs_along(direction, axis) for axis in get_args(Axis)):
            raise ValueError("expected a direction along a side of the box")
        return caps.prism_beyond(b)


@dataclass(frozen=True)
class Cylinder(Solid):
    """A cylinder with flat ends along a patient axis."""

    centre_mm: Vector
    radius_mm: float
    length_mm: float
    axis: Axis = "z"

    def __post_init__(self) -> None:
        require_positive(radius=self.radius_mm, length=self.length_mm)

    @property
    def volume_cc(self) -> float:
        """Exact volume."""
        return float(np.pi * self.radius_mm**2 * self.length_mm / 1000)

    def contains(self, x_mm: Floats, y_mm: Floats, z_mm: Floats) -> npt.NDArray[np.bool_]:
        """Return whether points lie inside."""
        along, *across = along_and_across((x_mm, y_mm, z_mm), self.centre_mm, self.axis)
        return np.asarray(
            (np.abs(along) <= self.length_mm / 2)
            & (across[0] ** 2 + across[1] ** 2 <= self.radius_mm**2)
        )

    def cross_section(self, z_mm: float, points: int = LOOP_POINTS) -> Loops:
        """Return the one loop: a circle where the axis is z, else a rectangle."""
        cx, cy, cz = self.centre_mm
        height = abs(z_mm - cz)
        if self.axis == "z":
            radii = (self.radius_mm, self.radius_mm)
            return (ellipse((cx, cy), radii, points),) if height <= self.length_mm / 2 else ()
        if height >= self.radius_mm:
            return ()
        half_width = float(np.sqrt(self.radius_mm**2 - height**2))
        half_sizes = (self.length_mm / 2, half_width)
        return (rectangle((cx, cy), half_sizes if self.axis == "x" else half_sizes[::-1]),)

    def sections(self, z_mm: Floats) -> tuple[Sections, ...]:
        """Return the discs in axial planes (Z,), or the rectangles where the axis is not z."""
        cx, cy, cz = self.centre_mm
        height = np.abs(z_mm - cz)
        half = self.length_mm / 2
        if self.axis == "z":
            radius = np.where(height <= half, self.radius_mm, 0.0)
            return (Ellipses(1, (cx, cy), (radius, radius), (cz - half, cz + half)),)
        half_width = np.sqrt(np.maximum(self.radius_mm**2 - height**2, 0))
        along = np.where(half_width > 0, half, 0.0)
        half_sizes = (along, half_width) if self.axis == "x" else (half_width, along)
        span = (cz - self.radius_mm, cz + self.radius_mm)
        return (Rectangles(1, (cx, cy), half_sizes, span),)

    def extent_mm(self, direction: Floats) -> tuple[float, float]:
        """Return the lowest and the highest position along a unit vector."""
        middle = float(direction @ np.array(self.centre_mm))
        along = abs(float(direction["xyz".index(self.axis)]))
        reach = along * self.length_mm / 2 + self.radius_mm * float(np.sqrt(max(0, 1 - along**2)))
        return middle - reach, middle + reach

    def fraction_beyond(self, direction: Floats, b: Floats) -> Floats:
        """Return the fraction beyond a plane across the axis or along it."""
        if alignment(direction, self.axis) == "across":
            return caps.cylinder_across_beyond(b)
        return caps.prism_beyond(b)


@dataclass(frozen=True)
class Cone(Solid):
    """A cone along a patient axis: base at its lower end, apex at the upper.

    `centre_mm` lies on the axis, half way between base and apex.
    """

    centre_mm: Vector
    base_radius_mm: float
    height_mm: float
    axis: Axis = "z"

    def __post_init__(self) -> None:
        require_positive(radius=self.base_radius_mm, height=self.height_mm)

    @property
    def volume_cc(self) -> float:
        """Exact volume."""
        return float(np.pi * self.base_radius_mm**2 * self.height_mm / 3000)

    def contains(self, x_mm: Floats, y_mm: Floats, z_mm: Floats) -> npt.NDArray[np.bool_]:
        """Return whether points lie inside."""
        along, *across = along_and_across((x_mm, y_mm, z_mm), self.centre_mm, self.axis)
        radius = self.base_radius_mm * (0.5 - along / self.height_mm)
        return np.asarray(
            (np.abs(along) <= self.height_mm / 2) & (across[0] ** 2 + across[1] ** 2 <= radius**2)
        )

    def cross_section(self, z_mm: float, points: int = LOOP_POINTS) -> Loops:
        """Return the one loop: a circle where the axis is z, else a branch of a hyperbola."""
        cx, cy, cz = self.centre_mm
        if self.axis == "z":
            radius = self.base_radius_mm * (0.5 - (z_mm - cz) / self.height_mm)
            return (
                (ellipse((cx, cy), (radius, radius), points),)
                if 0 < radius <= self.base_radius_mm
                else ()
            )
        if abs(z_mm - cz) >= self.base_radius_mm:
            return ()
        loop = self._hyperbola(abs(z_mm - cz), points)
        return ((cx, cy) + (loop if self.axis == "x" else loop[:, ::-1]),)

    def sections(self, z_mm: Floats) -> tuple[Ellipses, ...]:
        """Return the discs in axial planes (Z,) of a cone along z; a hyperbola is refused."""
        if self.axis != "z":
            raise ValueError("expected a cone along z: the sections of others are hyperbolas")
        cx, cy, cz = self.centre_mm
        level = 0.5 - (z_mm - cz) / self.height_mm
        radius = self.base_radius_mm * np.where(level <= 1, np.maximum(level, 0), 0)
        span = (cz - self.height_mm / 2, cz + self.height_mm / 2)
        return (Ellipses(1, (cx, cy), (radius, radius), span),)

    def _hyperbola(self, height_mm: float, points: int) -> Floats:
        """Return the section at a height above the axis, of its exact area.

        Shape (N, 2), along the axis first. N is odd, so that the tip is one of the points.
        """
        radius, squared = self.base_radius_mm, height_mm**2
        widest = float(np.sqrt(radius**2 - squared))
        width = np.linspace(-widest, widest, points // 2 * 2 + 1)
        along = self.height_mm * (0.5 - np.sqrt(width**2 + squared) / radius)
        loop = np.column_stack([along, width])
        area = self.height_mm * widest
        if height_mm > 0:
            area -= self.height_mm / radius * squared * float(np.arccosh(radius / height_mm))
        loop[:, 1] *= area / area_mm2(loop)
        return loop

    def extent_mm(self, direction: Floats) -> tuple[float, float]:
        """Return the lowest and the highest position along a unit vector."""
        middle = float(direction @ np.array(self.centre_mm))
        along = float(direction["xyz".index(self.axis)])
        apex = along * self.height_mm / 2
        reach = self.base_radius_mm * float(np.sqrt(max(0, 1 - along**2)))
        return middle + min(apex, -apex - reach), middle + max(apex, -apex + reach)

    def fraction_beyond(self, direction: Floats, b: Floats) -> Floats:
        """Return the fraction beyond a plane across the axis or along it."""
        course = alignment(direction, self.axis)
        if course == "across":
            return caps.cone_across_beyond(b)
        return caps.cone_from_base_beyond(b) if course == "up" else caps.cone_from_apex_beyond(b)
