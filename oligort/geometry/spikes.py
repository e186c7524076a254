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

SAME_POINT_MM = 1e-3
"""Points that repeat the one before are no neighbours: files have three decimals at most."""


@dataclass(frozen=True)
class Spike:
    """One point that stands out: which contour, where (x, y, z), and how far."""

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
    shorter = np.minimum(to_here, to_here[after])
    foot = np.linalg.norm(points[after] - points[before], axis=1)
    is_spike = (
        (counts[loops] > 3)
        & (shorter >= LEAST_SPIKE_MM)
        & (foot <= FOOT * shorter)
        & (shorter >= EDGES_A_SPIKE * _usual_edge(to_here, loops, counts)[loops])
    )
    return tuple(
        Spike(numbers[loops[at]], (x, y, z), float(shorter[at]))
        for at in np.flatnonzero(is_spike)
        for x, y, z in (points[at].tolist(),)
    )


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
