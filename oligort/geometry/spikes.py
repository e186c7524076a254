"""Spikes: points of a contour that stand far out of their loop, as a damaged coordinate does."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.geometry.structure import Contour

Floats = npt.NDArray[np.float64]

LEAST_SPIKE_MM = 10.0
"""Shorter spikes are drawn: the pen slips, or an organ ends in a tip between two points."""

EDGES_A_SPIKE = 5.0
"""A spike is this many times as long as the usual edge of its loop.

Loops come evenly sampled from every planning system, so that a tip of anatomy is drawn with edges
like all others; one wrong digit of a coordinate moves one point by ten or a hundred of them.
"""

FOOT = 0.25
"""The neighbours of a spike's point lie this much of its length apart, at the most.

The sharper half of all triangles in a coarse loop has a foot of half its sides; a point that moved
by several edges has one as wide as one or two of them.
"""

MOST_POINTS = 3
"""More points that stand out together are a part of what is drawn, at the end of a bridge."""

MOST_APART = 2
"""Of points that stand out in different directions so many are told: more of them are a shape."""

POINTS_BESIDE = 4
"""Of several points that stand out, the loop has this many times as many, at the least.

The corners of a thin box stand as far apart as those of a spike, and are half of its points.
"""

EVEN_EDGES = 2.0
"""Several points that moved together still lie about as far apart as those of the loop beside them.

Within twice its usual edge, an edge: a wedge is as wide at its foot, and of an island at the end of
a bridge the edges are shorter or longer than those of the loop.
"""

NECK = 0.5
"""Two points that moved apart have a foot of this part of each of their three edges, at the most.

What is drawn is wider where it begins, or as wide: what is wider at its end by as much, behind a
neck of three usual edges, is drawn with more than two points.
"""

SAME_POINT_MM = 1e-3
"""Points that repeat the one before are no neighbours: files have three decimals at most."""


@dataclass(frozen=True)
class Spike:
    """What stands out, the first point of it: which contour, where (x, y, z), and how far."""

    contour: int
    point_mm: tuple[float, float, float]
    length_mm: float


def spikes_of(contours: Sequence[Contour]) -> tuple[Spike, ...]:
    """Return the spikes of contours that enclose an area, the contours numbered as given.

    Loops of three points have none: what stands out of a triangle cannot be told.
    """
    numbers = [n for n, contour in enumerate(contours) if contour.encloses_area]
    if not numbers:
        return ()
    points = np.concatenate([contours[n].points_mm for n in numbers])
    loops = np.repeat(np.arange(len(numbers)), [len(contours[n].points_mm) for n in numbers])
    moved = np.linalg.norm(points - points[_before(loops)], axis=1) > SAME_POINT_MM
    points, loops = points[moved], loops[moved]
    counts = np.bincount(loops, minlength=len(numbers))
    before = _before(loops)
    to_here = np.linalg.norm(points - points[before], axis=1)
    after = np.empty_like(before)
    after[before] = np.arange(len(points))
    usual = _usual_edge(to_here, loops, counts)[loops]
    found: list[Spike] = []
    # Of each run of points that begins here, its last one, and its longest edge within.
    last, within = np.arange(len(points)), np.zeros(len(points))
    for number in range(1, MOST_POINTS + 1):
        behind = after[last]
        shorter = np.minimum(to_here, to_here[behind])
        foot = np.linalg.norm(points[behind] - points[before], axis=1)
        is_spike = (
            (shorter >= LEAST_SPIKE_MM)
            & (foot <= FOOT * shorter)
            & (shorter >= EDGES_A_SPIKE * usual)
        )
        if number == 1:
            is_spike &= counts[loops] > 3
        else:
            is_far = (shorter >= LEAST_SPIKE_MM) & (shorter >= EDGES_A_SPIKE * usual)
            is_apart = is_far & (within >= EDGES_A_SPIKE * usual)
            is_apart &= (foot <= NECK * np.minimum(shorter, within)) & (number == MOST_APART)
            is_spike &= within <= EVEN_EDGES * usual
            is_spike |= is_apart
            is_spike &= counts[loops] >= (POINTS_BESIDE + 1) * number
            is_spike &= foot <= EVEN_EDGES * (number + 1) * usual
        found += [
            Spike(numbers[loops[at]], (x, y, z), float(shorter[at]))
            for at in np.flatnonzero(is_spike)
            for x, y, z in (points[at].tolist(),)
        ]
        within, last = np.maximum(within, to_here[behind]), behind
    return tuple(found)


def _before(loops: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return (N,) the point before each in its closed loop; points of a loop stand together."""
    before = np.arange(len(loops)) - 1
    firsts = np.flatnonzero(np.diff(loops, prepend=-1))
    before[firsts] = np.append(firsts[1:], len(loops)) - 1
    return before


def _usual_edge(edges: Floats, loops: npt.NDArray[np.intp], counts: npt.NDArray[np.intp]) -> Floats:
    """Return (L,) the lower median edge of each loop, which two long edges of four leave alone."""
    in_order = edges[np.lexsort((edges, loops))]
    starts = np.cumsum(counts) - counts
    at = np.minimum(starts + np.maximum(counts - 1, 0) // 2, len(edges) - 1)
    return np.asarray(in_order[at])
