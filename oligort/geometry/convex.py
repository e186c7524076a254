"""Convex hulls of many planar groups of points at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.geometry.hull import Hulls

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_SEED_ANGLES = np.arange(4) * np.pi / 4
"""The outermost points along these directions, both ways, are the first corners."""

_ROUNDING = 4 * float(np.finfo(np.float64).eps)
"""Times the size of a group: a point no farther outside an edge lies on it.

Twice what a cross product of coordinates loses; at a size of 100 mm it is 1e-13 mm.
"""

_CHAIN_ROUNDS = 16
"""Rounds in which chains lose the points that their neighbours hide.

Outlines are through after two to twelve. Where one point hides many of a round arc, each round
loses but one of them, and Quickhull does what is left.
"""


def convex_hulls(points_mm: Floats, starts: npt.ArrayLike) -> Hulls:
    """Return the convex hulls of G groups of points, all searched together.

    What lies outside a first edge is put in order along it: there no point is a corner that is not
    outside the line from one neighbour to the next. What that leaves is Quickhull's: every round
    splits each edge at the point farthest outside it, and forgets those that are outside no more.

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
    chains = _Chains.of(points, hull, *_outside_of_seeds(points, group, hull, slack), group)
    told, (point, edge) = chains.corners(points, slack[group[hull]])
    corner, of_edge = told
    hull = np.insert(hull, of_edge + 1, corner)
    edge = edge + np.searchsorted(of_edge, edge)
    height = np.zeros(0)
    if len(point):
        height = _heights(points, _edges(points, group, hull, slack), point, edge)
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


@dataclass(frozen=True, eq=False)
class _Chains:
    """Points outside edges, in order along their edge, between the two ends of each.

    Parameters
    ----------
    point, edge : (C,) indices
        Edge by edge; none is empty.
    is_end : (C,) bool array
        Whether a point is an end of the edge itself.
    """

    point: Indices
    edge: Indices
    is_end: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, points: Floats, hull: Indices, outside: Indices, edge: Indices, group: Indices
    ) -> "_Chains":
        """Return the chains of the points `outside` edges of a hull."""
        ends = np.stack([hull, hull[_following(group[hull])]])
        (x, y), (start_x, start_y) = points[:, outside], points[:, ends[0]]
        along_x, along_y = points[:, ends[1]] - points[:, ends[0]]
        along = (x - start_x[edge]) * along_x[edge] + (y - start_y[edge]) * along_y[edge]
        order = np.lexsort((along, edge))
        used = np.flatnonzero(np.bincount(edge, minlength=len(hull)))
        counts = np.bincount(edge, minlength=len(hull))[used] + 2
        last = np.cumsum(counts) - 1
        is_end = np.zeros(int(counts.sum()), dtype=bool)
        is_end[last] = is_end[last - counts + 1] = True
        point = np.empty(len(is_end), np.intp)
        point[~is_end] = outside[order]
        point[last - counts + 1], point[last] = ends[:, used]
        return cls(point, np.repeat(used, counts), is_end)

    def corners(
        self, points: Floats, slack: Floats
    ) -> tuple[tuple[Indices, Indices], tuple[Indices, Indices]]:
        """Return corners and the edges they are outside of, ascending; and the same of the rest.

        That are the points of chains from which `_CHAIN_ROUNDS` have not taken all that is hidden.
        Of points on one line each round takes every other alone: what rounding hides cannot add up.

        Parameters
        ----------
        slack : (H,) array
            By edge of the hull: heights of that times an edge's length are rounding.
        """
        chains, told = self, []
        for turn in range(_CHAIN_ROUNDS):
            x, y = points[:, chains.point]
            across_x, across_y = x[2:] - x[:-2], y[2:] - y[:-2]
            height = (x[1:-1] - x[:-2]) * across_y - (y[1:-1] - y[:-2]) * across_x
            nothing = slack[chains.edge[1:-1]] * (np.abs(across_x) + np.abs(across_y))
            hidden = height <= nothing
            is_level = hidden & (height >= -nothing)
            is_level[turn % 2 :: 2] = False
            hidden[chains.is_end[1:-1]] = False
            is_told = np.ones(len(slack), dtype=bool)
            is_told[chains.edge[1:-1][hidden]] = False
            hidden &= ~is_level
            is_settled = is_told[chains.edge]
            told.append(chains._which(is_settled & ~chains.is_end))
            is_settled[1:-1] |= hidden
            rest = ~is_settled
            chains = _Chains(chains.point[rest], chains.edge[rest], chains.is_end[rest])
            if not len(chains.point):
                break
        corner, edge = (np.concatenate(column) for column in zip(*told, strict=True))
        order = np.argsort(edge, kind="stable")
        return (corner[order], edge[order]), chains._which(~chains.is_end)

    def _which(self, chosen: npt.NDArray[np.bool_]) -> tuple[Indices, Indices]:
        return self.point[chosen], self.edge[chosen]


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
) -> tuple[Indices, Indices]:
    """Return the points outside a first edge, and that edge.

    First corners are outermost in their directions: what is outside one edge is outside no other.
    """
    begins = np.searchsorted(group[hull], np.arange(len(slack)))
    counts = np.diff(begins, append=len(hull))
    edges, owner = _edges(points, group, hull, slack), np.full(len(group), -1, np.intp)
    rest = np.arange(len(group))
    for number in range(int(counts.max())):
        edge = (begins + np.minimum(number, counts - 1))[group[rest]]
        is_outside = _heights(points, edges, rest, edge) > 0
        owner[rest[is_outside]] = edge[is_outside]
        rest = rest[~is_outside]
    outside = np.flatnonzero(owner >= 0)
    return outside, owner[outside]


def _edges(points: Floats, group: Indices, hull: Indices, slack: Floats) -> Floats:
    """Return (5, H): where each edge begins, along which it runs, and what heights are rounding."""
    own, start = group[hull], points[:, hull]
    along = start[:, _following(own)] - start
    return np.concatenate([start, along, [slack[own] * np.abs(along).sum(axis=0)]])


def _following(group: Indices) -> Indices:
    """Return the next corner of the same group (H,), by the groups of the corners."""
    following = np.arange(1, len(group) + 1)
    last = np.flatnonzero(np.diff(group, append=-1))
    following[last] = np.concatenate([[0], last[:-1] + 1])
    return following


def _heights(points: Floats, edges: Floats, point: Indices, edge: Indices) -> Floats:
    """Return how far points lie outside edges, times the edges' lengths; 0 on or inside them."""
    (x, y), (start_x, start_y, along_x, along_y, slack) = points, edges
    cross = (x[point] - start_x[edge]) * along_y[edge] - (y[point] - start_y[edge]) * along_x[edge]
    return np.asarray(np.where(cross > slack[edge], cross, 0))
