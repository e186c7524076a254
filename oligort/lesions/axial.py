"""Axial: the axial size of a part that is drawn in other planes, such as coronal ones.

What measures longest within a drawn plane is no axial diameter then. The part is cut by axial
planes: what is drawn in each of them tells the least, convexity the most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oligort.geometry.components import LinkedAreas, Part, connected_groups
from oligort.geometry.diameter import maximum_3d
from oligort.geometry.envelope import Envelope
from oligort.geometry.structure import Points
from oligort.measure import Measure

_LEVELS = 101
"""Axial planes that what is drawn is cut by, from its lowest to its highest point."""


@dataclass(frozen=True, eq=False)
class AxialSize:
    """The size of a part in axial planes: in each the interval ``planes``.

    Parameters
    ----------
    longest_mm, short_axis_mm : Measure
        Of the part with half-slice caps. The longest diameter is at least that of two points that
        are drawn at one height and joined there; the short axis may be anything shorter.
    end_points_mm : (2, 3) array
        Those two points, in patient LPS.
    """

    longest_mm: Measure
    short_axis_mm: Measure
    end_points_mm: Points


def axial_size(part: Part, areas: LinkedAreas, capped: Envelope, outside: Envelope) -> AxialSize:
    """Return the axial size of a part, from its areas and what it reaches at least and at most."""
    upwards = part.model.frame.axes[:, 2]
    least_mm, ends = _drawn_at_one_height(part, areas)
    sections = capped.section_across(upwards)
    most_mm = max(outside.section_across(upwards).most_mm, least_mm)
    value_mm = float(np.clip(sections.longest_mm, least_mm, most_mm))
    short_mm = min(sections.across_mm, value_mm)
    return AxialSize(
        Measure(value_mm, "mm", planes=(least_mm, most_mm)),
        Measure(short_mm, "mm", planes=(0.0, most_mm)),
        ends,
    )


def _drawn_at_one_height(part: Part, areas: LinkedAreas) -> tuple[float, Points]:
    """Return the longest way between two points drawn at one height, in connected stretches."""
    frame = part.model.frame
    drawn = [
        [_in_patient(part, plane, loop) for loop in loops]
        for loops, plane in zip(areas.loops, areas.plane, strict=True)
    ]
    heights = np.concatenate([loop[:, 2] for loops in drawn for loop in loops])
    levels = np.linspace(heights.min(), heights.max(), _LEVELS + 2)[1:-1]
    sideways = np.cross([0.0, 0.0, 1.0], frame.axes[2])
    ends = np.stack([_stretches(loops, levels, sideways) for loops in drawn], axis=1)
    along = ends @ sideways
    lower, upper = areas.links.T
    reaches = np.minimum(along[:, lower, 1], along[:, upper, 1])
    meets = reaches >= np.maximum(along[:, lower, 0], along[:, upper, 0])
    best: tuple[float, Points] = (0.0, np.stack([drawn[0][0][0]] * 2))
    for number in range(len(levels)):
        links = [(int(a), int(b)) for a, b in areas.links[meets[number]]]
        group = np.array(connected_groups(len(drawn), links))
        for own in np.unique(group[np.isfinite(along[number, :, 0])]):
            found = maximum_3d(ends[number, group == own].reshape(-1, 3))
            best = max(best, found, key=lambda it: it[0])
    return best


def _in_patient(part: Part, plane: int, loop: Points) -> Points:
    position = np.full(len(loop), part.slabs[plane].position_mm)
    return part.model.frame.to_patient(np.column_stack([loop, position]))


def _stretches(loops: Sequence[Points], levels: Points, sideways: Points) -> Points:
    """Return the ends (K, 2, 3) of the longest stretch of an area at each level, else NaN."""
    start = np.concatenate(loops)
    following = np.concatenate([np.roll(loop, -1, axis=0) for loop in loops])
    level, edge = np.nonzero((start[:, 2] > levels[:, None]) != (following[:, 2] > levels[:, None]))
    begin, end = start[edge], following[edge]
    share = (levels[level] - begin[:, 2]) / (end[:, 2] - begin[:, 2])
    points = begin + share[:, None] * (end - begin)
    order = np.lexsort([points @ sideways, level])
    pairs, of_level = points[order].reshape(-1, 2, 3), level[order][::2]
    longest = np.lexsort([np.linalg.norm(pairs[:, 1] - pairs[:, 0], axis=1), of_level])
    found = np.full((len(levels), 2, 3), np.nan)
    found[of_level[longest]] = pairs[longest]  # the last one at a level, the longest, stays
    return found
