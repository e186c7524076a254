"""Extent: the diameters of one part, in its planes and in 3D."""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from oligort.errors import NotEvaluable
from oligort.geometry.components import LinkedAreas, Part, linked_areas
from oligort.geometry.diameter import PlaneDiameter
from oligort.geometry.reach import AreaStack
from oligort.geometry.structure import Points
from oligort.lesions.axial import axial_size
from oligort.measure import Measure

_BENDS_ON = 4.0
"""By how many times as much as through the last three planes the leading side bends beyond them.

A thin rod's side is straight, and turns at its end within one step. Of 2160 seeded ellipsoids,
capsules and pairs of spheres of 3 mm of a radius or more, in three planes of 1, 3 or 5 mm or more,
none is then off by more than 0.9 spacings; at twice as much some capsules are by 1.4.
"""

_ALIKE = 0.05
"""Sections whose widths, as shares of the root of their areas, differ by less are of one shape;
their centres lie on a line where they leave it by less than this share of a step, and 0.1 mm.

Carried on as ellipsoids, of 600 seeded needles of 6 to 10 mm across two are more than a spacing too
short, by up to 1.7, and of 600 discs as thick none; as rods 16, by up to 2.0, and one by 2.1.
"""

_LEANS = 0.1
"""What leans by less, as a share of the root of its area a step, is carried on upright."""

_WAYS = np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)])
"""Directions (2, 8) in which the widths of sections are compared."""


@dataclass(frozen=True, eq=False)
class Extent:
    """The diameters of one part.

    Parameters
    ----------
    in_plane : PlaneDiameter
        The longest within one connected area of one drawn plane.
    longest_axial_mm, short_axis_mm : Measure
        Of axial planes: those of `in_plane` where they are the drawn ones; of other planes with
        the interval ``planes``.
    axial_end_points_mm : (2, 3) array
        End points of that diameter, in patient LPS; of other planes those drawn farthest apart at
        one height.
    plane_mm : float or None
        LPS z of the plane of `in_plane`; None where it is not axial.
    maximum_3d_mm : Measure
        With half-slice caps; the interval ``convention`` runs from the vertices alone to what a
        solid can reach between the planes and a whole spacing beyond them.
    maximum_3d_end_points_mm : (2, 3) array
        End points of the maximum 3D diameter, in patient LPS.
    """

    in_plane: PlaneDiameter
    longest_axial_mm: Measure
    short_axis_mm: Measure
    axial_end_points_mm: Points
    plane_mm: float | None
    maximum_3d_mm: Measure
    maximum_3d_end_points_mm: Points


def extent_of(part: Part) -> Extent:
    """Measure one part: within connected areas of single planes, and in 3D.

    Loops of one plane that overlap are one area and measured as one; others one by one. In 3D an
    area that nothing follows is carried on by half a slice, as it leans and narrows from the
    plane before it; of one or two planes it goes on straight. What is drawn in other planes than
    axial ones is cut by these.
    """
    if part not in _KEPT:
        _KEPT[part] = _extent_of(part)
    return _KEPT[part]


_KEPT: WeakKeyDictionary[Part, Extent] = WeakKeyDictionary()
"""A check counts the lesions of the same parts by several names."""


def _extent_of(part: Part) -> Extent:
    if not part.slabs:
        raise NotEvaluable("expected a part with at least one loop")
    frame, areas = part.model.frame, linked_areas(part)
    slabs = part.slabs
    positions = np.array([slabs[plane].position_mm for plane in areas.plane])
    drawn = AreaStack.of(areas.points_mm, positions)
    area, length_mm, corners = drawn.longest()
    ends = drawn.hulls.corners_mm[corners]
    along = ends[1] - ends[0]
    short_mm = 0.0
    if length_mm > 0:
        across = np.array([-along[1], along[0]]) / length_mm
        short_mm = float(np.ptp(drawn.hulls.corners_of(area) @ across))
    in_plane = PlaneDiameter(
        length_mm, frame.to_patient(np.column_stack([ends, positions[[area, area]]])), short_mm
    )
    above = np.array([slabs[plane].upper_mm for plane in areas.plane]) - positions
    below = positions - np.array([slabs[plane].lower_mm for plane in areas.plane])
    caps = _caps(drawn, areas, below, above)
    stack = drawn.with_caps(caps, float(np.arctan2(along[1], along[0])))
    every = np.arange(len(stack.height_mm))
    bare = stack.farthest(every[: len(positions)], every[: len(positions)])
    # What ends beyond the drawn planes is looked for only where it is farther than these.
    capped = stack.as_far_as(bare[0], every[len(positions) :], every)
    value_mm, ends_3d = max(bare, capped or bare, key=lambda it: it[0])
    outside = drawn.beginning_of(stack).envelope(areas.links, 2 * below, 2 * above)
    longest_mm, short_axis_mm = Measure(length_mm, "mm"), Measure(short_mm, "mm")
    axial_ends = in_plane.end_points_mm
    if not frame.is_axial:
        cut = axial_size(part, areas, stack.drawn_envelope, outside)
        longest_mm, short_axis_mm, axial_ends = cut.longest_mm, cut.short_axis_mm, cut.end_points_mm
    return Extent(
        in_plane,
        longest_mm,
        short_axis_mm,
        axial_ends,
        float(positions[area]) if frame.is_axial else None,
        # What lies between the planes says nothing of caps, which need not be convex with them.
        Measure(value_mm, "mm", convention=(bare[0], max(value_mm, outside.longest_mm))),
        frame.to_patient(ends_3d),
    )


def _caps(drawn: AreaStack, areas: LinkedAreas, below_mm: Points, above_mm: Points) -> AreaStack:
    """Return the loops at which areas end that nothing follows.

    `below_mm` and `above_mm` (A,) are half slices.
    """
    ends: list[int] = []
    loops: list[Points] = []
    heights: list[float] = []
    is_straight = True
    lower, upper = areas.links.T
    for before, own, half_mm, sign in ((lower, upper, above_mm, 1), (upper, lower, below_mm, -1)):
        for area in np.flatnonzero(~np.isin(np.arange(len(areas.plane)), before)).tolist():
            corners, height = drawn.hulls.corners_of(area), float(drawn.height_mm[area])
            earlier = before[own == area]
            away, loop = float(half_mm[area]), corners
            # Two planes lean as much by chance as by the solid: a third has to tell.
            third = before[own == earlier[0]] if len(earlier) == 1 else earlier[:0]
            if len(third) and np.count_nonzero(before == earlier[0]) == 1:
                drawn_before = [drawn.hulls.corners_of(int(it)) for it in (earlier[0], *third)]
                steps = np.abs(height - drawn.height_mm[[earlier[0], third[0]]])
                share, loop = _carried_on(drawn_before, steps / steps[0], corners, away / steps[0])
                away, is_straight = share * float(steps[0]), False
            ends.append(area)
            loops.append(loop)
            heights.append(height + sign * away)
    # What goes straight on keeps its hull.
    if is_straight:
        return drawn.at_heights(np.array(ends), heights)
    return AreaStack.of(loops, heights)


def _carried_on(
    before: Sequence[Points], steps: Points, last: Points, share: float
) -> tuple[float, Points]:
    """Return the loop that follows others, a share of the last step on, and that share.

    Its area goes on straight; where that would vanish earlier, it ends there. Its centre goes on
    as well, but no more than its width is left: a tip is round, and what draws in leans less.
    A cylinder thus goes on as it leans. Nor does its leading side go farther than by how it
    bends: the last plane of a flat rod may cut its end, which puts the centres farther apart. An
    ellipsoid's sections are alike and tell by themselves how they go on.

    Parameters
    ----------
    before : sequence of (N, 2) arrays
        The loop before the last one, and those before that.
    steps : (2,) array
        How far below the last one these lie, in units of the last step.
    """
    (middle, area_mm2), (earlier, earlier_mm2) = _centre_and_area(last), _centre_and_area(before[0])
    if not area_mm2 > 0:
        return share, last
    if (tip := _as_an_ellipsoid(before, steps, last, share)) is not None:
        return tip
    narrowing = earlier_mm2 / area_mm2 - 1
    share = min(share, 1 / narrowing) if narrowing > 0 else share
    width = float(np.sqrt(max(1 - share * narrowing, 0.0)))
    shift = share * min(width, 1.0) * (middle - earlier)
    length = float(np.hypot(*shift))
    if length > 0:
        ahead = shift / length
        reach = [float((loop @ ahead).max()) for loop in (last, before[0])]
        first = max(float((loop @ ahead).max()) for loop in before[1:])
        rise, bend = reach[0] - reach[1], (reach[1] - first) / (steps[1] - 1)
        # Through three points by Newton's formula, which is the line where they lie on one.
        bent = _BENDS_ON * min(rise - bend, 0.0) / steps[1]
        leading = reach[0] + share * rise + share * (share + 1) * bent
        centre = float(middle @ ahead)
        room = leading - centre - width * (reach[0] - centre)
        shift = ahead * min(length, max(room, 0.0)) if room < length else shift
    return share, middle + shift + width * (last - middle)


def _as_an_ellipsoid(
    before: Sequence[Points], steps: Points, last: Points, share: float
) -> tuple[float, Points] | None:
    """Return what `_carried_on` does of a leaning ellipsoid's sections, or None if they are none.

    These have one shape, their centres lie on a line, and their areas on a parabola: a flat one
    that leans comes to its tip far to the side, where the end of a rod, cut otherwise, does not.
    """
    if len(before) > 2:
        return None  # what forks is no ellipsoid
    loops = [last, *before]
    (own, earlier, first), areas = zip(*map(_centre_and_area, loops), strict=True)
    if min(areas) <= 0:
        return None
    lean, lean_before = own - earlier, (earlier - first) / (steps[1] - 1)
    leans_mm, leaves_mm = float(np.hypot(*lean)), float(np.hypot(*(lean - lean_before)))
    if leans_mm < _LEANS * np.sqrt(areas[0]):
        return None
    # Seen from the way it leans, so that they turn with it.
    ahead = lean / leans_mm
    ways = np.stack([ahead, [-ahead[1], ahead[0]]], axis=1) @ _WAYS
    widths = np.array(
        [
            ((loop - centre) @ ways).max(axis=0) / np.sqrt(area_mm2)
            for loop, centre, area_mm2 in zip(loops, (own, earlier, first), areas, strict=True)
        ]
    )
    is_alike = np.abs(widths[1:] / widths[:-1] - 1).max() < _ALIKE
    is_on_a_line = leaves_mm <= _ALIKE * leans_mm + 0.1
    narrowing_mm2 = areas[0] - areas[1]
    bend_mm2 = (narrowing_mm2 - (areas[1] - areas[2]) / (steps[1] - 1)) / steps[1]
    if not (is_alike and is_on_a_line and bend_mm2 < 0):
        return None
    # The parabola through three areas by Newton's formula, and where it comes to nothing.
    slope_mm2 = narrowing_mm2 + bend_mm2
    root = float(np.sqrt(slope_mm2**2 - 4 * bend_mm2 * areas[0]))
    share = min(share, (-slope_mm2 - root) / (2 * bend_mm2))
    area_mm2 = max(areas[0] + share * slope_mm2 + share**2 * bend_mm2, 0.0)
    return share, own + share * lean + np.sqrt(area_mm2 / areas[0]) * (last - own)


def _centre_and_area(corners: Points) -> tuple[Points, float]:
    """Return the centre (2,) and the area in mm2 of a convex polygon."""
    x, y = (corners - corners[0]).T
    doubled = x * np.roll(y, -1) - y * np.roll(x, -1)
    area = float(doubled.sum()) / 2
    if not area > 0:
        return corners.mean(axis=0), 0.0
    sums = np.stack([x + np.roll(x, -1), y + np.roll(y, -1)], axis=1)
    return corners[0] + doubled @ sums / (6 * area), area
