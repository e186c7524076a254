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
Indices = npt.NDArray[np.int64]

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

EDGES_TOGETHER = 500_000
"""Edges, for every vertex that votes on them, that are asked at a time: some 20 MB."""


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


def following_points(counts: Indices) -> Indices:
    """Return the index of the point after each, around its loop, of so many points (L,)."""
    counts = counts[counts > 0]
    last = np.cumsum(counts) - 1
    following = np.arange(1, int(counts.sum()) + 1)
    following[last] = last + 1 - counts
    return following


class PlaneLoops:
    """The loops of one plane, with what is asked of them again and again.

    Parameters
    ----------
    loops : sequence of L arrays (N, 2)
        At least one.
    """

    def __init__(self, loops: Sequence[Points]) -> None:
        self.loops = tuple(loops)
        self._counts = counts = np.array([len(loop) for loop in self.loops])
        self._starts = starts = np.cumsum(counts) - counts
        self._points = points = np.concatenate(self.loops)
        # One coordinate at a time: numpy reduces a column much faster than the rows of a table.
        u, v = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
        self.low_mm, self.high_mm = np.empty((len(counts), 2)), np.empty((len(counts), 2))
        for axis, along in enumerate((u, v)):
            np.minimum.reduceat(along, starts, out=self.low_mm[:, axis])
            np.maximum.reduceat(along, starts, out=self.high_mm[:, axis])
        # From its own first point, where each loop ends too: its last edge encloses nothing.
        u, v = u - u[starts].repeat(counts), v - v[starts].repeat(counts)
        cross = np.zeros(len(points))
        cross[:-1] = u[:-1] * v[1:] - v[:-1] * u[1:]
        self.signed_area_mm2 = np.add.reduceat(cross, starts) / 2

    @cached_property
    def _following(self) -> Indices:
        """(N,) index of the point after each, around its loop."""
        return following_points(self._counts)

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
        inner, outer = np.nonzero(fits)
        if not len(inner):
            return directions
        lies_in = self._lie_inside(inner, outer)
        depths = np.bincount(inner[lies_in], minlength=len(area))
        return np.where(depths % 2, -directions, directions)

    def _lie_inside(self, inner: Indices, outer: Indices) -> Bools:
        """Whether most vertices of the inner loop of each pair (P,) lie in the outer loop."""
        every = np.maximum(1, self._counts[inner] // NESTING_SAMPLES)
        votes = -(-self._counts[inner] // every)
        ends = np.cumsum(votes * self._counts[outer]) // EDGES_TOGETHER
        parts = np.split(np.arange(len(inner)), np.flatnonzero(np.diff(ends)) + 1)
        return np.concatenate([self._inside(inner[p], outer[p], every[p], votes[p]) for p in parts])

    def _inside(self, inner: Indices, outer: Indices, every: Indices, votes: Indices) -> Bools:
        """Tell it of one vertex in `every` of the inner loops, by the even-odd rule."""
        pair, number = _numbered(votes)
        vote = self._points[self._starts[inner[pair]] + number * every[pair]]
        asked, number = _numbered(self._counts[outer[pair]])
        edge = self._starts[outer[pair]][asked] + number
        u, v = self._points.T
        height = vote[asked, 1]
        rises = (v[edge] > height) != (v[self._following[edge]] > height)
        asked, edge, height = asked[rises], edge[rises], height[rises]
        following = self._following[edge]
        slope = (u[following] - u[edge]) / (v[following] - v[edge])
        is_beyond = vote[asked, 0] < u[edge] + (height - v[edge]) * slope
        crossed = np.bincount(asked[is_beyond], minlength=len(pair))
        return np.asarray(np.bincount(pair[crossed % 2 == 1], minlength=len(inner)) * 2 > votes)

    @property
    def enclosed_mm2(self) -> Points:
        """(L,) areas of the loops, negative of holes."""
        return np.asarray(self.signs * self.signed_area_mm2)


def inside_loop(points: Points, loop: Points) -> Bools:
    """Whether points (N, 2) lie in a loop (M, 2), by the even-odd rule; on its edge either way."""
    following = np.concatenate([loop[1:], loop[:1]])
    u, v = points[:, :1], points[:, 1:]
    rises = (loop[:, 1] > v) != (following[:, 1] > v)
    height = following[:, 1] - loop[:, 1]
    slope = (following[:, 0] - loop[:, 0]) / np.where(height == 0, 1, height)
    crossing = loop[:, 0] + (v - loop[:, 1]) * slope
    return np.asarray(np.count_nonzero(rises & (u < crossing), axis=1) % 2 == 1)


def _numbered(counts: Indices) -> tuple[Indices, Indices]:
    """Return which of some runs (R,) each of their members is of, and its number there."""
    run = np.repeat(np.arange(len(counts)), counts)
    return run, np.arange(len(run)) - np.repeat(np.cumsum(counts) - counts, counts)
