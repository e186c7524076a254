"""Sections: what axial planes cut out of a solid, in closed form.

A section is a signed sum of ellipses and rectangles along x and y. Here each of them stands for
one piece of a solid in many planes at once: a hollow sphere has two pieces, a disc and the disc
of its hole, and where a plane misses a piece its sizes are 0. What lies beyond a plane of one
dose is asked of a section at one z, and of a section that fills a whole slab.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

NARROW = 1e-6
"""Part of a section's half width below which the plane of one dose counts as upright in a slab.

The difference of two antiderivatives over a step h of the half width loses the digits of 1e-14 / h
at coordinates of 100 mm: 1e-8 of the section. The middle of a step stands for it to a sixteenth of
it where a side of a rectangle falls into it, 6e-8, and to its square elsewhere.
"""


@dataclass(frozen=True, eq=False)
class Sections(ABC):
    """One piece of a solid in axial planes; every answer is signed.

    Parameters
    ----------
    sign : int
        1 for a piece of the solid, -1 for a hole.
    centre_mm : (2,) floats
        Of the section, the same in every plane.
    half_sizes_mm : two arrays (Z,)
        Half lengths along x and y in each plane; 0 where the plane misses the piece.
    span_mm : (2,) floats
        The lowest and the highest z of the piece.
    """

    sign: int
    centre_mm: tuple[float, float]
    half_sizes_mm: tuple[Floats, Floats]
    span_mm: tuple[float, float]

    fill: ClassVar[float]
    """Area of the section over the product of its half sizes."""

    @property
    def area_mm2(self) -> Floats:
        """(Z,) areas."""
        return np.asarray(self.sign * self.fill * self.half_sizes_mm[0] * self.half_sizes_mm[1])

    @abstractmethod
    def edges_mm(self, direction_xy: Floats) -> Floats:
        """Return (E, Z) distances from the centre, times the length of a (2,) direction.

        There a line across the direction first touches the section or passes a corner of it: the
        only ones at which the area beyond the line is not smooth.
        """

    @abstractmethod
    def _beyond(self, edges_mm: Floats, distance_mm: Floats) -> Floats:
        """Return the part of the section beyond a line at a distance from its centre."""

    @abstractmethod
    def _from(self, edges_mm: Floats, distance_mm: Floats) -> Floats:
        """Return that part, integrated from a distance no edge lies below to the last edge."""

    def area_beyond(self, direction_xy: Floats, position_mm: Floats) -> Floats:
        """Return the areas (..., Z) in the half-planes direction . (x, y) >= position.

        `direction_xy` (2,) need not have unit length; where it is zero the section lies beyond as a
        whole or not at all.
        """
        distance = position_mm - float(direction_xy @ np.array(self.centre_mm))
        return np.asarray(self.area_mm2 * self._beyond(self.edges_mm(direction_xy), distance))

    def prism_beyond(
        self, direction: Floats, position_mm: Floats, lower_mm: Floats, upper_mm: Floats
    ) -> Floats:
        """Return the volumes (D, Z) in mm3 beyond planes, of slabs that the sections fill.

        Parameters
        ----------
        direction : (3,) array
            Unit vector.
        position_mm : (D, 1) array
            Of the planes along the direction, from the origin.
        lower_mm, upper_mm : (Z,) arrays
            Borders of the slabs.
        """
        flat, steep = direction[:2], float(direction[2])
        edges = self.edges_mm(flat)
        from_centre = position_mm - float(flat @ np.array(self.centre_mm))
        step = abs(steep) * (upper_mm - lower_mm)
        near = from_centre - np.maximum(steep * lower_mm, steep * upper_mm)
        far = near + step
        outermost = edges[-1]
        wide = step > NARROW * outermost
        # below the lowest edge the section lies beyond as a whole
        whole = np.maximum(np.minimum(far, -outermost) - near, 0)
        cut = self._from(edges, np.clip(near, -outermost, outermost)) - self._from(
            edges, np.clip(far, -outermost, outermost)
        )
        share = (whole + cut) / np.where(wide, step, 1)
        if not wide.all():
            share = np.where(wide, share, self._beyond(edges, near + step / 2))
        return np.asarray(self.area_mm2 * (upper_mm - lower_mm) * share)

    @abstractmethod
    def area_within(self, radius_mm: Floats) -> Floats:
        """Return the areas (..., Z) within discs about the section's own centre.

        Raises
        ------
        ValueError
            If the section is no disc itself.
        """

    @abstractmethod
    def prism_within(self, radius_mm: Floats, lower_mm: Floats, upper_mm: Floats) -> Floats:
        """Return the volumes (D, Z) in mm3 within balls, of slabs that the sections fill.

        Parameters
        ----------
        radius_mm : (D, 1) array
            Of balls whose centre lies on the axis of the sections.
        lower_mm, upper_mm : (Z,) arrays
            Borders of the slabs, from the height of the balls' centre.

        Raises
        ------
        ValueError
            If the sections are no discs.
        """


class Ellipses(Sections):
    """Ellipses along x and y."""

    fill = float(np.pi)

    def edges_mm(self, direction_xy: Floats) -> Floats:
        """Return the (2, Z) distances of the two tangents."""
        along = (float(d) * s for d, s in zip(direction_xy, self.half_sizes_mm, strict=True))
        reach = np.hypot(*along)
        return np.stack([-reach, reach])

    def _beyond(self, edges_mm: Floats, distance_mm: Floats) -> Floats:
        u = _in_units_of(edges_mm[-1], distance_mm)
        return np.asarray((np.arccos(u) - u * np.sqrt(1 - u**2)) / np.pi)

    def _from(self, edges_mm: Floats, distance_mm: Floats) -> Floats:
        u = _in_units_of(edges_mm[-1], distance_mm)
        half_chord = np.sqrt(1 - u**2)
        return np.asarray(
            edges_mm[-1] * (half_chord - half_chord**3 / 3 - u * np.arccos(u)) / np.pi
        )

    @property
    def _squared_radii(self) -> Floats:
        along_x, along_y = self.half_sizes_mm
        if not np.array_equal(along_x, along_y):
            raise ValueError("expected sections that are discs, found ellipses")
        return np.asarray(along_x**2)

    def area_within(self, radius_mm: Floats) -> Floats:
        """Return the areas (..., Z) within discs about the section's own centre."""
        return np.asarray(self.sign * np.pi * np.minimum(radius_mm**2, self._squared_radii))

    def prism_within(self, radius_mm: Floats, lower_mm: Floats, upper_mm: Floats) -> Floats:
        """Return the volumes (D, Z) in mm3 within balls about a point of the discs' axis."""
        squared, ball = self._squared_radii, radius_mm**2
        flat = np.sqrt(np.maximum(ball - squared, 0))  # up to here the disc is the smaller

        def up_to(height_mm: Floats) -> Floats:
            level = np.abs(height_mm)
            in_disc = np.minimum(level, flat)
            in_ball = np.clip(level, flat, np.maximum(radius_mm, flat))
            cap = ball * (in_ball - flat) - (in_ball**3 - flat**3) / 3
            return np.asarray(np.sign(height_mm) * (squared * in_disc + cap))

        return np.asarray(self.sign * np.pi * (up_to(upper_mm) - up_to(lower_mm)))


class Rectangles(Sections):
    """Rectangles along x and y."""

    fill = 4.0

    def edges_mm(self, direction_xy: Floats) -> Floats:
        """Return the (4, Z) distances of the corners, ascending."""
        x, y = (abs(float(d)) * s for d, s in zip(direction_xy, self.half_sizes_mm, strict=True))
        inner, outer = np.abs(x - y), x + y
        return np.stack([-outer, -inner, inner, outer])

    def _beyond(self, edges_mm: Floats, distance_mm: Floats) -> Floats:
        inner, outer = edges_mm[2:]
        level = np.abs(distance_mm)
        longer, product = (inner + outer) / 2, (outer - inner) * (outer + inner)
        in_corner = _ratio(np.maximum(outer - level, 0) ** 2, 2 * product)
        in_middle = _ratio(longer - level, 2 * longer)
        upper = np.where(level > inner, in_corner, in_middle)
        upper = np.where((longer == 0) & (level == 0), 1, upper)
        return np.asarray(np.where(distance_mm < 0, 1 - upper, upper))

    def _from(self, edges_mm: Floats, distance_mm: Floats) -> Floats:
        inner, outer = edges_mm[2:]
        level = np.abs(distance_mm)
        longer, shorter = (inner + outer) / 2, (outer - inner) / 2
        in_corner = _ratio(np.maximum(outer - level, 0) ** 3, 24 * longer * shorter)
        in_middle = _ratio((longer - level) ** 2 + shorter**2 / 3, 4 * longer)
        upper = np.where(level > inner, in_corner, in_middle)
        # what lies beyond t and what lies beyond -t make up the whole
        return np.asarray(upper + np.maximum(-distance_mm, 0))

    def area_within(self, radius_mm: Floats) -> Floats:
        """Refuse: a rectangle is no disc."""
        raise ValueError("expected sections that are discs, found rectangles")

    def prism_within(self, radius_mm: Floats, lower_mm: Floats, upper_mm: Floats) -> Floats:
        """Refuse: a rectangle is no disc."""
        raise ValueError("expected sections that are discs, found rectangles")


def _in_units_of(half_width_mm: Floats, distance_mm: Floats) -> Floats:
    """Return distances over half widths, within [-1, 1]; without width, the end they lie at."""
    u = np.clip(_ratio(distance_mm, half_width_mm), -1, 1)
    return np.asarray(np.where(half_width_mm > 0, u, np.where(distance_mm > 0, 1.0, -1.0)))


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return quotients, 0 where the divisor is 0."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
