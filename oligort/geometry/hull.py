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

_CORNERS_A_DIRECTION = 4
"""Where hulls have more corners a direction, to seek for each direction is faster than to count."""

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
    def along_mm(self) -> tuple[Floats, Floats]:
        """(H,) and (H,) the corners' coordinates, one at a time: many are picked much faster."""
        u, v = np.ascontiguousarray(self.corners_mm.T)
        return u, v

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
        joined = Hulls(
            np.concatenate([self.members, other.members + first]),
            np.concatenate([self.starts, other.starts[1:] + self.starts[-1]]),
            np.concatenate([self.corners_mm, other.corners_mm]),
        )
        # Most of the time of a hull of many corners, and known of one of the two at least.
        joined.__dict__["_turned"] = np.concatenate([self._turned, other._turned])
        return joined

    def those(self, hulls: Indices) -> "Hulls":
        """Return some of these hulls, of the same points, each as often as it is named."""
        counts = np.diff(self.starts)[hulls]
        starts = np.concatenate([[0], np.cumsum(counts)])
        corner = np.arange(starts[-1]) + np.repeat(self.starts[hulls] - starts[:-1], counts)
        chosen = Hulls(self.members[corner], starts, self.corners_mm[corner])
        chosen.__dict__["_turned"] = self._turned[corner]
        return chosen

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

    def outermost_around(self, edge_angle: float, count: int) -> Indices:
        """Return the corners (G, D) that `outermost` tells for directions all round, evenly spaced.

        Counted, not sought: each corner is outermost from its edge to the next one. Only of hulls
        of very many corners each is sought.

        Parameters
        ----------
        edge_angle : float
            The first of the directions.
        count : int
            D, how many there are.
        """
        step, corners = 2 * np.pi / count, np.diff(self.starts)
        if len(self.members) > _CORNERS_A_DIRECTION * count * len(corners):
            lines = np.asarray(edge_angle + step * np.arange(count), dtype=np.float64)
            return self.outermost(np.arange(len(corners))[:, None], lines)
        # Each edge is passed at the first direction that is turned as far, from a whole turn on.
        turn = (self._first_angle - edge_angle) / step
        turn -= count * np.ceil(np.ceil(turn) / count)
        number = np.ceil(self._turned / step + turn[self.hull])
        number = np.minimum(number, np.ceil(turn + count)[self.hull]).astype(np.intp)
        # Those passed before it come last, in the next turn.
        is_before = number < 0
        number[is_before] += count
        earlier = np.add.reduceat(is_before.astype(np.intp), self.starts[:-1])
        place = np.arange(len(number)) - self.starts[self.hull]
        rolled = (place + earlier[self.hull]) % corners[self.hull] + self.starts[self.hull]
        number = number[rolled]
        ends = self.starts[1:] - 1
        until = np.append(number[1:], count)
        until[ends] = count
        spans = np.insert(until - number, self.starts[:-1], number[self.starts[:-1]])
        corner = np.insert(self.following[rolled], self.starts[:-1], self.following[rolled[ends]])
        return np.repeat(corner, spans).reshape(-1, count)

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
        # Of a hull with itself that is all: the other way round each pair would stand there twice.
        is_other = one != other
        q, facing_q = self._just_after(other[is_other], one[is_other])
        return np.concatenate([p, facing_q]), np.concatenate([facing_p, q])

    def _just_after(self, one: Indices, other: Indices) -> tuple[Indices, Indices]:
        """Return the corner behind each edge of hulls `one`, and what faces it on `other`."""
        counts = np.diff(self.starts)[one]
        pair = np.repeat(np.arange(len(one)), counts)
        edge = np.arange(len(pair)) + (self.starts[one] - np.cumsum(counts) + counts)[pair]
        line = self.edge_angles[edge] + (np.pi + _JUST_AFTER)
        return self.following[edge], self.outermost(other[pair], line)
