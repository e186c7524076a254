"""Crossings: loops that cross themselves, and how much of their area that leaves in doubt.

What a loop runs around once, in one direction, every system takes for inside. What it runs around
backwards or twice is added by one system, subtracted by another and left out by a third: that area
is in doubt. A bridge to a hole that is drawn there and back, points that are touched again or
repeated, and edges that lie on each other leave nothing in doubt.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.errors import NotEvaluable
from oligort.geometry.nesting import following_points
from oligort.geometry.overlay import areas_by_turns
from oligort.geometry.structure import Points

_Bools = npt.NDArray[np.bool_]
_Indices = npt.NDArray[np.int64]
_Amounts = _Indices | npt.NDArray[np.float64]

NOISE_MM2 = 1.0
"""An area in doubt of less is the noise of digitising: a pixel of a CT of 500 mm in 512 columns."""

NOISE_SHARE = 0.01
"""So is less than this share of what the loop encloses.

Two observers who draw one tumour differ by ten times as much; a curl where the pen was set down
and lifted has some square millimetres.
"""

MOST_PAIRS = 10_000_000
"""Pairs of edges side by side that are looked at, at most, in all crowded loops: some seconds.

A loop of 4,500 edges has as many only if each runs beside all others. The loops with most pairs
are given up first, as scribbles.
"""

MOST_CROSSINGS = 5_000
"""A loop that crosses itself more often is a scribble, and what it encloses is not looked for.

3,000 points around 50 mm whose noise is twice their step cross some 1,000 times.
"""

MOST_STRIPS = 3_000_000
"""Strips of edges from which areas are made, at most, in all loops that cross: some seconds.

100 loops of 3,000 points whose noise is twice their step have as many. The loops with most are
given up first.
"""

MANY_NEIGHBOURS = 8
"""More edges than this beside one, in the mean of a loop, and the other axis is tried.

Outlines have three.
"""

CROWDED = 50
"""More edges than this beside one, in the mean of a loop, are those of a scribble or a comb."""

_PAIRS_TOGETHER = 500_000
"""Pairs of edges that are compared at once: some 100 MB."""

_MARGIN_MM = 1e-6
"""Added to the extent of an edge where its neighbours are sought, so that rounding loses none."""


@dataclass(frozen=True)
class SelfCrossing:
    """One loop that crosses itself.

    Parameters
    ----------
    loop : int
        Its number among those that were asked about.
    in_doubt_mm2 : float or None
        Area that it runs around backwards or more than once; None where it crosses itself so often
        that nothing can be told.
    enclosed_mm2 : float
        All area that it runs around, in any direction; 0 where nothing can be told.
    """

    loop: int
    in_doubt_mm2: float | None
    enclosed_mm2: float

    @property
    def is_noise(self) -> bool:
        """Whether so little is in doubt that it is the noise of digitising."""
        if self.in_doubt_mm2 is None:
            return False
        return self.in_doubt_mm2 < max(NOISE_MM2, NOISE_SHARE * self.enclosed_mm2)


def self_crossings(loops: Sequence[Points]) -> tuple[SelfCrossing, ...]:
    """Return the loops that cross themselves, the noise of digitising among them.

    Two edges cross where each has one end on either side of the other. Where edges only touch, at
    a point or on a stretch, the areas tell: an eight through a point drawn twice leaves half of it
    in doubt. A loop that runs back on itself, as a bridge to a hole does, must cross properly.

    Parameters
    ----------
    loops : sequence of (N, 2) arrays
        Closed, in mm; they need not repeat their first point, and may repeat any.
    """
    edges = _Edges.of(loops)
    beside = edges.pair_counts(len(loops))
    is_crowded = beside > CROWDED * np.bincount(edges.loop, minlength=len(loops))
    is_rough = is_crowded & _beyond(MOST_PAIRS, np.where(is_crowded, beside, 0))
    counts = np.zeros((3, len(loops)), dtype=np.int64)
    for first, second in edges.side_by_side(is_rough):
        for kind, pairs in enumerate(edges.meeting(first, second)):
            counts[kind] += np.bincount(edges.loop[first[pairs]], minlength=len(loops))
    crosses, touches, retraces = counts
    is_rough |= crosses > MOST_CROSSINGS
    may_cross = (crosses > 0) | ((touches > 0) & (retraces == 0)) | is_rough
    strips = np.where(may_cross & ~is_rough, edges.strip_counts(crosses), 0)
    is_rough |= _beyond(MOST_STRIPS, strips)
    found = []
    for number in np.flatnonzero(may_cross).tolist():
        too_rough = SelfCrossing(number, None, 0.0)
        crossing = too_rough if is_rough[number] else _in_doubt(number, loops[number])
        if crossing.in_doubt_mm2 is None or crossing.in_doubt_mm2 > 0:
            found.append(crossing)
    return tuple(found)


def _beyond(most: int, amounts: _Amounts) -> _Bools:
    """Return which amounts (L,), the largest first, are to be given up for `most` in all.

    Of equal ones all or none, so that the order of loops decides nothing.
    """
    ascending = np.sort(amounts)
    kept = int(np.searchsorted(np.cumsum(ascending), most, side="right"))
    if kept == len(ascending):
        return np.zeros(len(amounts), dtype=bool)
    return np.asarray(amounts >= ascending[kept])


def _in_doubt(number: int, loop: Points) -> SelfCrossing:
    try:
        turns, area = areas_by_turns(loop)
    except NotEvaluable:
        return SelfCrossing(number, None, 0.0)
    if float(turns @ area) < 0:
        turns = -turns
    is_once = turns == 1
    return SelfCrossing(number, float(area[~is_once].sum()), float(area.sum()))


@dataclass(frozen=True, eq=False)
class _Edges:
    """The edges of loops, each loop's about its own first point and in the order of its lower ends.

    Parameters
    ----------
    loop : (E,) array
        Which loop each is of.
    begin, end : (E, 2) arrays
        Its points in mm; where that leaves fewer edges side by side, u and v are exchanged.
    low, high : (E, 2) arrays
        Its extent.
    neighbours : (E,) array
        How many of the edges behind it begin below its upper end.
    """

    loop: _Indices
    begin: Points
    end: Points
    low: Points
    high: Points
    neighbours: _Indices

    @classmethod
    def of(cls, loops: Sequence[Points]) -> "_Edges":
        """Return the edges of loops, without those of no length."""
        counts = np.array([len(loop) for loop in loops], dtype=np.int64)
        points = np.concatenate([np.empty((0, 2)), *loops])
        starts = np.cumsum(counts) - counts
        points = points - points[starts].repeat(counts, axis=0)
        following = following_points(counts)
        loop = np.repeat(np.arange(len(loops)), counts)
        has_length = (points != points[following]).any(axis=1)
        loop, begin, end = loop[has_length], points[has_length], points[following][has_length]
        order, neighbours = _neighbours(loop, begin, end, 1)
        # Long bridges lie side by side along one axis, and one after the other along the other.
        beside = np.bincount(loop[order], neighbours, minlength=len(loops))
        is_crowded = (beside > MANY_NEIGHBOURS * np.bincount(loop, minlength=len(loops)))[loop]
        if is_crowded.any():
            crowded = loop[is_crowded], begin[is_crowded], end[is_crowded]
            across_order, across = _neighbours(*crowded, 0)
            fewer = np.bincount(crowded[0][across_order], across, minlength=len(loops)) < beside
            is_turned = is_crowded & fewer[loop]
            for ends in (begin, end):
                ends[is_turned] = ends[is_turned][:, ::-1]
            order, neighbours = _neighbours(loop, begin, end, 1)
        begin, end = begin[order], end[order]
        return cls(
            loop[order], begin, end, np.minimum(begin, end), np.maximum(begin, end), neighbours
        )

    def pair_counts(self, loop_count: int) -> _Indices:
        """Return how many pairs of edges lie side by side in each loop, (L,)."""
        counts = np.bincount(self.loop, self.neighbours, minlength=loop_count)
        return counts.astype(np.int64)

    def strip_counts(self, crosses: _Indices) -> npt.NDArray[np.float64]:
        """Return into how many strips the edges of each loop are cut, (L,), about.

        A line across it meets so many edges as their heights make up its own; there is one for each
        end and each crossing.
        """
        count = len(crosses)
        heights = np.bincount(self.loop, self.high[:, 1] - self.low[:, 1], minlength=count)
        lowest, highest = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(lowest, self.loop, self.low[:, 1])
        np.maximum.at(highest, self.loop, self.high[:, 1])
        own = np.maximum(highest - lowest, _MARGIN_MM)
        lines = np.bincount(self.loop, minlength=count) + crosses
        return np.asarray(np.where(heights > 0, heights / own, 0) * lines)

    def side_by_side(self, is_left_out: _Bools) -> Iterator[tuple[_Indices, _Indices]]:
        """Yield pairs of edges of one loop whose extents meet, of all loops (L,) not left out."""
        counts = np.where(is_left_out[self.loop], 0, self.neighbours)
        chunk = np.cumsum(counts) // _PAIRS_TOGETHER
        for edges in np.split(np.arange(len(counts)), np.flatnonzero(np.diff(chunk)) + 1):
            own = counts[edges]
            first = np.repeat(edges, own)
            if not len(first):
                continue
            second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(own) - own, own)
            meets = (self.low[first, 0] <= self.high[second, 0]) & (
                self.low[second, 0] <= self.high[first, 0]
            )
            yield first[meets], second[meets]

    def meeting(self, first: _Indices, second: _Indices) -> tuple[_Bools, _Bools, _Bools]:
        """Return which pairs of edges (P,) cross, touch without that, and run back on each other.

        Edges that follow each other have an end in common, and are taken for neither of the first.
        """
        a, b, c, d = self.begin[first], self.end[first], self.begin[second], self.end[second]
        of_c, of_d = _side(a, b, c), _side(a, b, d)
        of_a, of_b = _side(c, d, a), _side(c, d, b)
        crosses = (of_c * of_d < 0) & (of_a * of_b < 0)
        follows = (b == c).all(axis=1) | (d == a).all(axis=1)
        touches = (of_c * of_d <= 0) & (of_a * of_b <= 0) & ~crosses & ~follows
        is_on_line = (of_c == 0) & (of_d == 0)
        shared = np.minimum(self.high[first], self.high[second]) - np.maximum(
            self.low[first], self.low[second]
        )
        overlaps = is_on_line & (shared >= 0).all(axis=1) & (shared > 0).any(axis=1)
        is_opposite = ((b - a) * (d - c)).sum(axis=1) < 0
        return crosses, touches, overlaps & is_opposite


def _neighbours(
    loop: _Indices, begin: Points, end: Points, axis: int
) -> tuple[_Indices, npt.NDArray[np.int64]]:
    """Return the order of edges by loop and lower end along an axis, and how many follow in reach.

    The second is in that order: the number of edges of the loop that begin below the upper end.
    """
    low = np.minimum(begin[:, axis], end[:, axis])
    high = np.maximum(begin[:, axis], end[:, axis])
    order = np.lexsort((low, loop))
    # One loop behind the other along the axis, so that no edge reaches into another loop.
    span = float(high.max(initial=0.0)) - float(low.min(initial=0.0))
    apart = loop * (2 * span + 1)
    starts, ends = (low + apart)[order], (high + apart)[order]
    reach = np.searchsorted(starts, ends + _MARGIN_MM, side="right")
    return order, reach - 1 - np.arange(len(order))


def _side(begin: Points, end: Points, point: Points) -> npt.NDArray[np.float64]:
    """Return on which side of lines points lie, (P,): positive on the left, 0 on the line."""
    along, to = end - begin, point - begin
    return np.asarray(along[:, 0] * to[:, 1] - along[:, 1] * to[:, 0])
