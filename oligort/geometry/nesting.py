"""Nesting: which loops of a plane are holes in others, and what the loops enclose together.

A loop that lies in another one is a hole in it, a loop in the hole an island, and so on by depth.
Loops that partly overlap are joined, unless they are of the XOR type.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from oligort.geometry.structure import Points

Bools = npt.NDArray[np.bool_]

NESTED_SHARE = 0.95
"""A loop of which at least this share lies in another one is nested in it.

Rims drawn by hand or rounded to pixels cross by a pixel or two where a hole comes near the
outline: of a hole of 20 mm, a pixel of 1 mm along one side is 5 %.
"""

COPY_SHARE = 0.1
"""Two loops are one area drawn twice if either has outside the other a tenth of what that has.

A hole that pokes out leaves a wall that is larger by far than what pokes out; of two drawings of
one outline, neither lies in the other. Taking the second for a hole would leave nothing of both.
"""

SAME_AREA = 1e-6
"""Share of an area that is rounding: 0.01 mm along a loop of 5 mm is a thousand times as much."""

NESTING_SAMPLES = 32
"""Vertices of a loop that vote on whether it lies inside another."""


@dataclass(frozen=True, eq=False)
class Nesting:
    """How the loops of one plane lie in each other.

    Parameters
    ----------
    depth : (L,) int array
        In how many loops, each in the next, every loop lies; odd: it is a hole.
    directly_in : (L, L) bool array
        For each loop (row) those that it lies in, of the depth before its own.
    """

    depth: npt.NDArray[np.int64]
    directly_in: Bools

    @classmethod
    def of(cls, shared_mm2: Points) -> "Nesting":
        """Tell the nesting by the areas (L, L) that every two loops share; diagonal: their own."""
        area = np.diag(shared_mm2)
        outside = area[:, None] - shared_mm2
        outside = np.where(outside <= SAME_AREA * area[:, None], 0.0, outside)
        # Of two loops only the smaller can lie in the other: it has less outside that one.
        lies_in = (shared_mm2 > 0) & (outside <= (1 - NESTED_SHARE) * area[:, None])
        lies_in &= (outside < COPY_SHARE * outside.T) | ((outside == 0) & (outside.T > 0))
        depth = np.zeros(len(area), dtype=np.int64)
        for loop in np.argsort(-area, kind="stable"):
            depth[loop] = 1 + depth[lies_in[loop]].max(initial=-1)
        return cls(depth, lies_in & (depth[:, None] == depth + 1))

    @property
    def is_hole(self) -> Bools:
        """Whether each loop is a hole, (L,)."""
        return np.asarray(self.depth % 2 == 1)

    def enclose(self, inside: Bools) -> Bools:
        """Whether places (R,) are enclosed, by which of the loops they lie in (R, L).

        What an outline covers less its own holes; what any outline holds is enclosed.
        """
        cut_out = (inside & self.is_hole).astype(np.float64) @ self.directly_in > 0
        return np.asarray((inside & ~self.is_hole & ~cut_out).any(axis=1))


def signed_area_mm2(loop: Points) -> float:
    """Return the area of a loop (N, 2), positive where it runs from u to v."""
    # From the first point, so that the edges that begin and end there enclose nothing.
    u, v = loop[1:, 0] - loop[0, 0], loop[1:, 1] - loop[0, 1]
    return float(u[:-1] @ v[1:] - v[:-1] @ u[1:]) / 2


class PlaneLoops:
    """The loops of one plane, with what is asked of them again and again.

    Parameters
    ----------
    loops : sequence of L arrays (N, 2)
        At least one.
    """

    def __init__(self, loops: Sequence[Points]) -> None:
        self.loops = tuple(loops)
        counts = np.array([len(loop) for loop in self.loops])
        starts = np.cumsum(counts) - counts
        points = np.concatenate(self.loops)
        # One coordinate at a time: numpy reduces a column much faster than the rows of a table.
        u, v = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
        self.low_mm = np.stack([np.minimum.reduceat(x, starts) for x in (u, v)], axis=1)
        self.high_mm = np.stack([np.maximum.reduceat(x, starts) for x in (u, v)], axis=1)
        u, v = u - np.repeat(u[starts], counts), v - np.repeat(v[starts], counts)
        following = np.append(np.arange(1, len(points)), 0)
        # From its own first point, where each loop ends too: its last edge encloses nothing.
        following[starts + counts - 1] = starts
        cross = u * v[following] - v * u[following]
        self.signed_area_mm2 = np.add.reduceat(cross, starts) / 2

    @cached_property
    def signs(self) -> npt.NDArray[np.int64]:
        """(L,) factors that make signed areas add up or, of a hole, subtract."""
        directions = np.where(self.signed_area_mm2 >= 0, 1, -1)
        if len(self.loops) == 1:
            return directions
        area = np.abs(self.signed_area_mm2)
        fits = (area[:, None] <= area) & ~np.eye(len(area), dtype=bool)
        for low, high in zip(self.low_mm.T, self.high_mm.T, strict=True):
            fits &= (low[:, None] >= low) & (high[:, None] <= high)
        depths = np.zeros(len(area), dtype=np.int64)
        for inner, outer in np.argwhere(fits):
            depths[inner] += _lies_inside(self.loops[inner], self.loops[outer])
        return np.where(depths % 2, -directions, directions)

    @property
    def enclosed_mm2(self) -> Points:
        """(L,) areas of the loops, negative of holes."""
        return np.asarray(self.signs * self.signed_area_mm2)


def nesting_signs(loops: Sequence[Points]) -> list[int]:
    """Return for each loop the factor that makes its signed area add or, for a hole, subtract."""
    return [int(sign) for sign in PlaneLoops(loops).signs]


def inside_loop(points: Points, loop: Points) -> Bools:
    """Whether points (N, 2) lie in a loop (M, 2), by the even-odd rule; on its edge either way."""
    following = np.roll(loop, -1, axis=0)
    u, v = points[:, :1], points[:, 1:]
    rises = (loop[:, 1] > v) != (following[:, 1] > v)
    height = following[:, 1] - loop[:, 1]
    slope = (following[:, 0] - loop[:, 0]) / np.where(height == 0, 1, height)
    crossing = loop[:, 0] + (v - loop[:, 1]) * slope
    return np.asarray(np.count_nonzero(rises & (u < crossing), axis=1) % 2 == 1)


def _lies_inside(inner: Points, outer: Points) -> bool:
    """Whether most of the inner loop's vertices lie in the outer loop."""
    votes = inner[:: max(1, len(inner) // NESTING_SAMPLES)]
    return bool(np.count_nonzero(inside_loop(votes, outer)) * 2 > len(votes))
