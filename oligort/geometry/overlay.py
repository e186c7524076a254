"""Overlay of planar shapes: the exact area that each combination of them shares."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from oligort.errors import NotEvaluable
from oligort.geometry.nesting import Nesting, following_points

Floats = npt.NDArray[np.float64]
Loops = Sequence[Floats]
"""The loops of one shape in one plane, (N, 2) mm each; `nesting` says what they enclose."""

_Integers = npt.NDArray[np.int64]
_Pieces = tuple[_Integers, Floats, Floats, Floats, Floats, _Integers]

_MAX_SHAPES = 62
"""As many as fit as bits in one integer."""

MOST_PIECES = 2_000_000
"""Into so many pieces the edges are cut at most, some 0.6 GB and a few seconds.

Two rough outlines of 1,200 points whose noise is a hundred times their step take 0.9 million; what
takes more, such as two scribbles of 200 random points, is no drawing of an area.
"""

_RELATIVE_ROUNDING = 1e-12
"""Edges closer than this share of the drawing's size count as touching, not as crossing."""


@dataclass(frozen=True, eq=False)
class Overlay:
    """The plane cut into the regions that lie inside the same shapes.

    Parameters
    ----------
    inside : (R, S) bool array
        For each region, which of the S shapes it lies in; at least one.
    area_mm2 : (R,) array
        Areas of the regions.
    moment_mm3 : (R, 2) array
        First moments: area times centroid.
    """

    inside: npt.NDArray[np.bool_]
    area_mm2: Floats
    moment_mm3: Floats

    def of(self, shape: int) -> float:
        """Return the area of one shape in mm2."""
        return float(self.area_mm2[self.inside[:, shape]].sum())

    def shared(self, first: int, second: int) -> float:
        """Return the area that two shapes have in common in mm2."""
        return float(self.area_mm2[self.inside[:, first] & self.inside[:, second]].sum())


@dataclass(frozen=True, eq=False)
class Trapezoids:
    """What shapes cover, cut into trapezoids that no edge crosses.

    Parameters
    ----------
    corners_mm : (T, 4, 2) array
        Corners in the order in which the signed area is positive.
    inside : (T, S) bool array
        For each trapezoid, which of the S shapes it lies in; at least one.
    """

    corners_mm: Floats
    inside: npt.NDArray[np.bool_]

    @cached_property
    def shared_mm2(self) -> Floats:
        """(S, S) areas that each two shapes have in common; on the diagonal their own."""
        (x0, x1, x2, x3), (y0, _, _, y3) = np.moveaxis(self.corners_mm, (2, 1), (0, 1))
        area = (x1 - x0 + x2 - x3) / 2 * (y3 - y0)
        members = self.inside.astype(np.float64)
        return np.asarray((members * area[:, None]).T @ members)


def overlay(shapes: Sequence[Loops], exclusive: Sequence[bool] | None = None) -> Overlay:
    """Overlay up to 62 shapes; in each, nested loops are holes and overlapping ones are joined.

    The plane is cut into strips at every vertex and every crossing of edges; in a strip no two
    edges cross, so the areas between them are trapezoids and their sum is exact to rounding.
    A loop that crosses itself encloses what the even-odd rule says.

    Parameters
    ----------
    shapes : sequence of sequences of (N, 2) arrays
        The loops of each shape in mm; they need not repeat their first point.
    exclusive : sequence of bool or None
        Which shapes are of the XOR type: what two of their loops cover is outside. None: none is.

    Raises
    ------
    ValueError
        If there are more than 62 shapes.
    NotEvaluable
        If the edges cross so often that they are cut into more than `MOST_PIECES`.
    """
    if len(shapes) > _MAX_SHAPES:
        raise ValueError(f"expected at most {_MAX_SHAPES} shapes, found {len(shapes)}")
    if not any(shapes):
        return Overlay(np.zeros((0, len(shapes)), bool), np.zeros(0), np.zeros((0, 2)))
    cut, origin = _cut(shapes, exclusive)
    return _sum_by_shapes(cut, origin)


def trapezoids(shapes: Sequence[Loops], exclusive: Sequence[bool] | None = None) -> Trapezoids:
    """Cut what shapes cover into trapezoids, by the same rules as `overlay`.

    Parameters
    ----------
    shapes : sequence of sequences of (N, 2) arrays
        At least one loop in all, in mm; any number of shapes.
    exclusive : sequence of bool or None
        Which shapes are of the XOR type.

    Raises
    ------
    NotEvaluable
        If the edges cross so often that they are cut into more than `MOST_PIECES`.
    """
    cut, origin = _cut(shapes, exclusive)
    return replace(cut, corners_mm=cut.corners_mm + origin)


def areas_by_turns(loop: Floats) -> tuple[_Integers, Floats]:
    """Return how often a loop runs around what it encloses, (W,) turns and their areas in mm2.

    A turn from u to v is 1, one the other way -1. A loop that does not cross itself has one number
    of turns, an eight 1 and -1; a bridge to a hole, drawn there and back, encloses nothing.

    Parameters
    ----------
    loop : (N, 2) array
        In mm; it need not repeat its first point.

    Raises
    ------
    NotEvaluable
        If the edges cross so often that they are cut into more than `MOST_PIECES`.
    """
    edges, _ = _edges_of([loop])
    following = np.roll(loop, -1, axis=0)
    rising = loop[:, 1] != following[:, 1]
    is_upwards = (loop[:, 1] < following[:, 1])[rising]
    directed = replace(edges, owner=np.where(is_upwards, -1, 1))
    strip, y_bottom, y_top, x_bottom, x_top, turn = directed.pieces()
    # Loops are closed: in each strip as many edges rise as fall, and the sum starts afresh.
    turns = np.cumsum(turn)[:-1]
    area = (np.diff(x_bottom) + np.diff(x_top)) / 2 * (y_top - y_bottom)[:-1]
    encloses = (np.diff(strip) == 0) & (turns != 0)
    numbers, which = np.unique(turns[encloses], return_inverse=True)
    areas = np.bincount(which, area[encloses], minlength=len(numbers))
    return numbers.astype(np.int64), areas.astype(np.float64)


def _cut(shapes: Sequence[Loops], exclusive: Sequence[bool] | None) -> tuple[Trapezoids, Floats]:
    """Return the trapezoids of the shapes about the middle of the drawing, and that middle."""
    loops = [loop for shape in shapes for loop in shape]
    edges, origin = _edges_of(loops)
    cut = edges.trapezoids(len(loops))
    ends = np.cumsum([len(shape) for shape in shapes])
    inside = np.zeros((len(cut.corners_mm), len(shapes)), dtype=bool)
    for number, (end, shape) in enumerate(zip(ends, shapes, strict=True)):
        of_shape = cut.inside[:, end - len(shape) : end]
        if exclusive is not None and exclusive[number]:
            inside[:, number] = of_shape.sum(axis=1) % 2 == 1
        elif len(shape) > 1:
            shared = Trapezoids(cut.corners_mm, of_shape).shared_mm2
            inside[:, number] = Nesting.of(shared).enclose(of_shape)
        elif shape:
            inside[:, number] = of_shape[:, 0]
    covered = inside.any(axis=1)
    return Trapezoids(cut.corners_mm[covered], inside[covered]), origin


def _sum_by_shapes(cut: Trapezoids, origin: Floats) -> Overlay:
    """Sum trapezoids by the set of shapes that they lie in."""
    shapes = np.arange(cut.inside.shape[1])
    (lower_left, lower_right, upper_right, upper_left) = cut.corners_mm.swapaxes(0, 1)
    height = upper_left[:, 1] - lower_left[:, 1]
    left = [lower_left[:, 0], (lower_left + upper_left)[:, 0] / 2, upper_left[:, 0]]
    right = [lower_right[:, 0], (lower_right + upper_right)[:, 0] / 2, upper_right[:, 0]]
    y_at = [lower_left[:, 1], (lower_left + upper_left)[:, 1] / 2, upper_left[:, 1]]
    at = list(zip(left, right, strict=True))
    # Widths are linear and moments quadratic in y: Simpson's rule is exact for both.
    simpson = [weight * height for weight in (1 / 6, 4 / 6, 1 / 6)]
    widths = [r - left for left, r in at]
    area = np.sum([w * width for w, width in zip(simpson, widths, strict=True)], axis=0)
    moment_x = np.sum(
        [w * (r**2 - left**2) / 2 for w, (left, r) in zip(simpson, at, strict=True)], axis=0
    )
    moment_y = np.sum(
        [w * y * width for w, y, width in zip(simpson, y_at, widths, strict=True)], axis=0
    )
    code = cut.inside @ (1 << shapes)
    codes, region = np.unique(code, return_inverse=True)
    sums = [
        np.bincount(region, weights=values, minlength=len(codes)).astype(np.float64)
        for values in (area, moment_x, moment_y)
    ]
    moments = np.stack(sums[1:], axis=1) + sums[0][:, None] * origin
    members = (codes[:, None] >> shapes) & 1 == 1
    return Overlay(members, sums[0], moments)


def _edges_of(loops: Loops) -> "tuple[_Edges, Floats]":
    """Return the edges of all loops about their middle, and that middle."""
    counts = np.array([len(loop) for loop in loops], dtype=np.int64)
    owner = np.repeat(np.arange(len(loops)), counts)
    begin = np.concatenate(loops)
    end = begin[following_points(counts)]
    origin = (begin.max(axis=0) + begin.min(axis=0)) / 2
    upwards = (begin[:, 1] < end[:, 1])[:, None]
    low, high = np.where(upwards, begin, end) - origin, np.where(upwards, end, begin) - origin
    rising = high[:, 1] > low[:, 1]
    return _Edges(low[rising], high[rising], owner[rising]), np.asarray(origin)


@dataclass(frozen=True, eq=False)
class _Edges:
    """Edges that rise from `low` to `high` (E, 2), and a number each: of its loop, or a turn."""

    low: Floats
    high: Floats
    owner: _Integers

    def trapezoids(self, loop_count: int) -> Trapezoids:
        """Return the areas between neighbouring edges of a strip that lie in any loop."""
        strip, y_bottom, y_top, x_bottom, x_top, owner = self.pieces()
        toggled = np.zeros((len(strip), loop_count), dtype=np.uint8)
        toggled[np.arange(len(strip)), owner] = 1
        # Loops are closed, so every strip holds an even number of the edges of each and the
        # running parity starts afresh in each strip.
        inside = (np.cumsum(toggled, axis=0, dtype=np.uint8)[:-1] % 2).astype(bool)
        drawn = np.flatnonzero((strip[1:] == strip[:-1]) & inside.any(axis=1))
        x = np.stack([x_bottom[drawn], x_bottom[drawn + 1], x_top[drawn + 1], x_top[drawn]], axis=1)
        y = np.stack([y_bottom[drawn], y_bottom[drawn], y_top[drawn], y_top[drawn]], axis=1)
        return Trapezoids(np.stack([x, y], axis=2), inside[drawn])

    def pieces(self) -> _Pieces:
        """Return, sorted by strip and then by x, the piece of every edge in every strip."""
        if not len(self.low):
            nothing, none = np.zeros(0), np.zeros(0, np.int64)
            return none, nothing, nothing, nothing, nothing, none
        slope = (self.high[:, 0] - self.low[:, 0]) / (self.high[:, 1] - self.low[:, 1])
        size = float(np.abs(np.concatenate([self.low, self.high])).max())
        levels = _ascending(np.concatenate([self.low[:, 1], self.high[:, 1]]))
        while True:
            first = np.searchsorted(levels, self.low[:, 1])
            spans = np.searchsorted(levels, self.high[:, 1]) - first
            if spans.sum() > MOST_PIECES:
                raise NotEvaluable(
                    f"outlines cross themselves or each other so often that their {len(spans)} "
                    f"edges fall into more than {MOST_PIECES:,} pieces in one plane: what they "
                    f"enclose cannot be told; draw them again"
                )
            edge = np.repeat(np.arange(len(spans)), spans)
            strip = np.arange(len(edge)) - np.repeat(np.cumsum(spans) - spans - first, spans)
            y_bottom, y_top = levels[strip], levels[strip + 1]
            x_bottom = self.low[edge, 0] + (y_bottom - self.low[edge, 1]) * slope[edge]
            x_top = self.low[edge, 0] + (y_top - self.low[edge, 1]) * slope[edge]
            order = np.lexsort((x_bottom + x_top, strip))
            strip, y_bottom, y_top = strip[order], y_bottom[order], y_top[order]
            x_bottom, x_top = x_bottom[order], x_top[order]
            gap_bottom, gap_top = x_bottom[1:] - x_bottom[:-1], x_top[1:] - x_top[:-1]
            # Sorted at mid height; neighbours out of order at one end cross within the strip.
            crossing = (strip[1:] == strip[:-1]) & (
                np.minimum(gap_bottom, gap_top) < -size * _RELATIVE_ROUNDING
            )
            share = gap_bottom[crossing] / (gap_bottom - gap_top)[crossing]
            added = y_bottom[:-1][crossing] + share * (y_top - y_bottom)[:-1][crossing]
            finer = _ascending(np.concatenate([levels, added]))
            if len(finer) == len(levels):
                return strip, y_bottom, y_top, x_bottom, x_top, self.owner[edge[order]]
            levels = finer


def _ascending(values: Floats) -> Floats:
    """Return the values in ascending order, each once.

    numpy's `unique` loads masked arrays first, which takes as long as most histograms.
    """
    ordered = np.sort(values)
    is_first = np.ones(len(ordered), dtype=bool)
    np.greater(ordered[1:], ordered[:-1], out=is_first[1:])
    return np.asarray(ordered[is_first])
