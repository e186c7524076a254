"""Convex hulls of many planar groups of points at once, and the corners that face each other.

What lies farthest apart, in one plane or in two that are parallel, are corners of convex hulls.
Nothing here looks at all pairs: the time grows with the number of points.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_SEED_ANGLES = np.arange(4) * np.pi / 4
"""The outermost points along these directions, both ways, are the first corners."""

_ROUNDING = 4 * float(np.finfo(np.float64).eps)
"""Times the size of a group: a point no farther outside an edge lies on it.

Twice what a cross product of coordinates loses; at a size of 100 mm it is 1e-13 mm.
"""

_APART = 16.0
"""Added to the edge directions from one hull to the next: more than any of them spans (4 pi)."""

ALIKE = 1e-9
"""Distances that differ by a smaller part are the same: turned and moved, points round (1e-15)."""

_JUST_AFTER = 1e-10
"""Turn, in radians, by which edges that are parallel but for rounding count as passed.

Angles summed to 16 times a thousand hulls carry 4e-12. Two points farthest apart, at L, face each
other over a turn of the length of a neighbouring edge over 2 L at least: none is passed over whose
neighbour is more than 1e-8 mm away, and then the neighbour is as far, to 1e-18 mm.
"""


@dataclass(frozen=True, eq=False)
class Hulls:
    """The convex hulls of G groups of points in a plane.

    Parameters
    ----------
    members : (H,) indices
        The corners among the given points: anticlockwise, one hull after the other, at least one
        each. A point that repeats a corner or lies on an edge is none, but for rounding.
    starts : (G + 1,) indices
        Where each hull begins in `members`, and the end of the last.
    corners_mm : (H, 2) array
        Coordinates of the corners.
    """

    members: Indices
    starts: Indices
    corners_mm: Floats

    @cached_property
    def following(self) -> Indices:
        """(H,) the next corner of the same hull."""
        following = np.arange(1, len(self.members) + 1)
        following[self.starts[1:] - 1] = self.starts[:-1]
        return following

    @cached_property
    def hull(self) -> Indices:
        """(H,) the hull of each corner."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    @cached_property
    def _first_angle(self) -> Floats:
        """(G,) direction of the first edge of each hull."""
        edges = (
            self.corners_mm[self.following[self.starts[:-1]]] - self.corners_mm[self.starts[:-1]]
        )
        return np.asarray(np.arctan2(edges[:, 1], edges[:, 0]))

    @cached_property
    def _turned(self) -> Floats:
        """(H,) by how much an edge is turned from the first of its hull, ascending to 2 pi.

        Summed from corner to corner, so that an edge whose direction is all rounding cannot
        appear to lie a whole turn off.
        """
        edges = self.corners_mm[self.following] - self.corners_mm
        before = np.empty_like(edges)
        before[self.following] = edges
        cross = before[:, 0] * edges[:, 1] - before[:, 1] * edges[:, 0]
        turns = np.abs(np.arctan2(np.maximum(cross, 0), (before * edges).sum(axis=1)))
        turns[self.starts[:-1]] = 0
        total = np.cumsum(turns)
        return np.asarray(total - total[self.starts[:-1]][self.hull])

    @cached_property
    def _ascending(self) -> Floats:
        return np.maximum.accumulate(self._turned + _APART * self.hull)

    @property
    def edge_angles(self) -> Floats:
        """(H,) direction of the edge from each corner to the next, in radians."""
        return np.asarray(self._turned + self._first_angle[self.hull])

    def corners_of(self, hull: int) -> Floats:
        """Return the corners (M, 2) of one hull."""
        return self.corners_mm[self.starts[hull] : self.starts[hull + 1]]

    def and_those_of(self, other: "Hulls") -> "Hulls":
        """Return these hulls and then others, of points that follow these hulls' points."""
        first = int(self.members.max()) + 1
        return Hulls(
            np.concatenate([self.members, other.members + first]),
            np.concatenate([self.starts, other.starts[1:] + self.starts[-1]]),
            np.concatenate([self.corners_mm, other.corners_mm]),
        )

    def outermost(self, hull: Indices, edge_angle: Floats) -> Indices:
        """Return the corners at which lines of a direction touch hulls from the right.

        An anticlockwise edge of that direction would follow such a corner, or end there.

        Parameters
        ----------
        hull : indices
        edge_angle : floats
            Both broadcast against each other.
        """
        turned = (edge_angle - self._first_angle[hull]) % (2 * np.pi)
        found = np.searchsorted(self._ascending, turned + _APART * hull, side="right")
        return np.asarray(np.where(found == self.starts[hull + 1], self.starts[hull], found))

    def across_mm(self, p: Indices, q: Indices) -> Floats:
        """Return how wide hulls are across the lines from corners p (P,) to corners q (P,)."""
        along = self.corners_mm[q] - self.corners_mm[p]
        angle, hull = np.arctan2(along[:, 1], along[:, 0]), self.hull[p]
        right, left = self.outermost(hull, angle), self.outermost(hull, angle + np.pi)
        u, v = (self.corners_mm[left] - self.corners_mm[right]).T
        return np.asarray((along[:, 0] * v - along[:, 1] * u) / np.hypot(*along.T))

    def longest(self, p: Indices, q: Indices) -> int:
        """Return which of some pairs of corners of the same hull lies farthest apart.

        Of a disc every diameter is the longest, and rounding must not choose: of pairs that are as
        far apart as each other it is the one across which the hull is widest, and of those that
        agree in this too the one in the first hull.
        """
        squared = ((self.corners_mm[p] - self.corners_mm[q]) ** 2).sum(axis=1)
        if not squared.max() > 0:
            return 0
        alike = np.flatnonzero(squared >= squared.max() * (1 - ALIKE))
        wide = self.across_mm(p[alike], q[alike])
        alike = alike[wide >= wide.max() * (1 - ALIKE)]
        first = alike[self.hull[p[alike]] == self.hull[p[alike]].min()]
        return int(first[squared[first].argmax()])

    def facing(self, one: Indices, other: Indices) -> tuple[Indices, Indices]:
        """Return corners p of hulls `one` (P,) and q of hulls `other` (P,) that face each other.

        Two points farthest apart, one of each hull, touch parallel lines with both hulls between
        them. As the lines turn, the corner on either side changes only where a line falls along
        an edge; the pairs just after each edge are thus all there are.
        """
        p, facing_p = self._just_after(one, other)
        q, facing_q = self._just_after(other, one)
        return np.concatenate([p, facing_q]), np.concatenate([facing_p, q])

    def _just_after(self, one: Indices, other: Indices) -> tuple[Indices, Indices]:
        """Return the corner behind each edge of hulls `one`, and what faces it on `other`."""
        counts = np.diff(self.starts)[one]
        pair = np.repeat(np.arange(len(one)), counts)
        edge = np.arange(len(pair)) + (self.starts[one] - np.cumsum(counts) + counts)[pair]
        line = self.edge_angles[edge] + (np.pi + _JUST_AFTER)
        return self.following[edge], self.outermost(other[pair], line)


def convex_hulls(points_mm: Floats, starts: npt.ArrayLike) -> Hulls:
    """Return the convex hulls of G groups of points, all searched together.

    Quickhull: every round splits each edge at the point farthest outside it, and forgets the
    points that are outside no more.

    Parameters
    ----------
    points_mm : (N, 2) array
    starts : (G,) indices
        Where each group begins, ascending from 0; none is empty.
    """
    points = np.ascontiguousarray(np.asarray(points_mm, dtype=np.float64).T)
    first = np.asarray(starts, dtype=np.intp)
    group = np.repeat(np.arange(len(first)), np.diff(first, append=points.shape[1]))
    spread = np.maximum.reduceat(points, first, axis=1) - np.minimum.reduceat(points, first, axis=1)
    slack = _ROUNDING * spread.sum(axis=0)
    hull = _seeds(points, first, group)
    point, edge, height = _outside_of_seeds(points, group, hull, slack)
    while len(point):
        highest = np.zeros(len(hull))
        np.maximum.at(highest, edge, height)
        at_top = np.flatnonzero(height == highest[edge])
        top = np.empty(len(hull), np.intp)
        top[edge[at_top]] = point[at_top]
        is_split = highest > 0
        edge = edge + (np.cumsum(is_split) - is_split)[edge]
        hull = np.insert(hull, np.flatnonzero(is_split) + 1, top[is_split])
        edges = _edges(points, group, hull, slack)
        before, after = (_heights(points, edges, point, edge + half) for half in (0, 1))
        height = np.maximum(before, after)
        edge = np.where(before >= after, edge, edge + 1)
        kept = height > 0
        point, edge, height = point[kept], edge[kept], height[kept]
    ends = np.searchsorted(group[hull], np.arange(len(first) + 1))
    return Hulls(hull, ends, np.ascontiguousarray(points[:, hull].T))


def _seeds(points: Floats, first: Indices, group: Indices) -> Indices:
    """Return the outermost points of each group along a few directions, anticlockwise."""
    highest: list[Indices] = []
    lowest: list[Indices] = []
    for angle in _SEED_ANGLES:
        along = np.cos(angle) * points[0] + np.sin(angle) * points[1]
        for found, extreme in ((highest, np.maximum), (lowest, np.minimum)):
            at = np.flatnonzero(along == extreme.reduceat(along, first)[group])
            found.append(at[np.searchsorted(group[at], np.arange(len(first)))])
    seeds = np.stack(highest + lowest, axis=1)
    distinct = seeds != np.roll(seeds, 1, axis=1)
    distinct[:, 0] |= ~distinct.any(axis=1)
    return np.asarray(seeds[distinct])


def _outside_of_seeds(
    points: Floats, group: Indices, hull: Indices, slack: Floats
) -> tuple[Indices, Indices, Floats]:
    """Return the points outside a first edge, that edge, and their height above it."""
    begins = np.searchsorted(group[hull], np.arange(len(slack)))
    counts = np.diff(begins, append=len(hull))
    edges, every = _edges(points, group, hull, slack), np.arange(len(group))
    best, owner = np.zeros(len(every)), np.zeros(len(every), np.intp)
    for number in range(int(counts.max())):
        edge = (begins + np.minimum(number, counts - 1))[group]
        height = _heights(points, edges, every, edge)
        higher = height > best
        best[higher], owner[higher] = height[higher], edge[higher]
    outside = np.flatnonzero(best)
    return outside, owner[outside], best[outside]


def _edges(points: Floats, group: Indices, hull: Indices, slack: Floats) -> Floats:
    """Return (5, H): where each edge begins, along which it runs, and what heights are rounding."""
    own = group[hull]
    following = np.arange(1, len(hull) + 1)
    last = np.flatnonzero(np.diff(own, append=-1))
    following[last] = np.concatenate([[0], last[:-1] + 1])
    start = points[:, hull]
    along = start[:, following] - start
    return np.concatenate([start, along, [slack[own] * np.abs(along).sum(axis=0)]])


def _heights(points: Floats, edges: Floats, point: Indices, edge: Indices) -> Floats:
    """Return how far points lie outside edges, times the edges' lengths; 0 on or inside them."""
    (x, y), (start_x, start_y, along_x, along_y, slack) = points, edges
    cross = (x[point] - start_x[edge]) * along_y[edge] - (y[point] - start_y[edge]) * along_x[edge]
    return np.asarray(np.where(cross > slack[edge], cross, 0))
