"""Combined: the coverages of several structures as that of an expression over them.

Each structure is rastered on the window of the lattice that it needs, and the expression is worked
out where windows meet. In a pixel that at most one structure covers in part, an intersection is the
smaller of two coverages and a union the larger; where borders share a pixel, that is a bound, and
`shared_pixels` says where.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations

import numpy as np
import numpy.typing as npt

from oligort.geometry.algebra import Shape, holds
from oligort.geometry.raster import Coverage, Lattice
from oligort.geometry.slabs import Slab

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PART = 1e-9
"""A pixel is covered in part where its coverage is this far from 0 and from 1: sums round."""


@dataclass(frozen=True)
class Window:
    """Pixels of a lattice: along u from `u_first` to before `u_stop`, and so along v."""

    u_first: int
    u_stop: int
    v_first: int
    v_stop: int

    @classmethod
    def around(cls, slabs: Sequence[Slab], lattice: Lattice) -> "Window":
        """Return the pixels that the loops of slabs reach into."""
        low = np.min([slab.drawn.low_mm.min(axis=0) for slab in slabs], axis=0)
        high = np.max([slab.drawn.high_mm.max(axis=0) for slab in slabs], axis=0)
        first = np.clip(
            np.floor(lattice.to_pixels(low)).astype(int), 0, np.array(lattice.shape) - 1
        )
        stop = np.clip(np.ceil(lattice.to_pixels(high)).astype(int), first + 1, lattice.shape)
        return cls(int(first[0]), int(stop[0]), int(first[1]), int(stop[1]))

    @property
    def pixels(self) -> tuple[slice, slice, slice]:
        """The index of the pixels in an array (S, u, v)."""
        return (
            slice(None),
            slice(self.u_first, self.u_stop),
            slice(self.v_first, self.v_stop),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Pixels along u and v; none along an axis where it is empty."""
        return max(0, self.u_stop - self.u_first), max(0, self.v_stop - self.v_first)

    def of(self, lattice: Lattice) -> Lattice:
        """Return the lattice of these pixels alone."""
        return replace(
            lattice,
            u_start_mm=lattice.u_start_mm + self.u_first * lattice.u_step_mm,
            v_start_mm=lattice.v_start_mm + self.v_first * lattice.v_step_mm,
            u_count=self.shape[0],
            v_count=self.shape[1],
        )

    def common(self, other: "Window") -> "Window":
        """Return the pixels that are in both."""
        return Window(
            max(self.u_first, other.u_first),
            min(self.u_stop, other.u_stop),
            max(self.v_first, other.v_first),
            min(self.v_stop, other.v_stop),
        )

    def spanning(self, other: "Window") -> "Window":
        """Return the smallest window that holds both."""
        return Window(
            min(self.u_first, other.u_first),
            max(self.u_stop, other.u_stop),
            min(self.v_first, other.v_first),
            max(self.v_stop, other.v_stop),
        )

    def within(self, outer: "Window") -> "Window":
        """Return these pixels counted from the first of another window."""
        return Window(
            self.u_first - outer.u_first,
            self.u_stop - outer.u_first,
            self.v_first - outer.v_first,
            self.v_stop - outer.v_first,
        )


@dataclass(frozen=True, eq=False)
class Windowed:
    """Coverage (S, u, v) of the pixels of a window; beyond it nothing is covered."""

    window: Window
    coverage: Coverage

    def seen_in(self, window: Window) -> Coverage:
        """Return the part of it in a window that lies in its own, as a view."""
        pixels = window.within(self.window).pixels
        return Coverage(*(part[pixels] for part in self.coverage))

    def spread_over(self, window: Window) -> "Windowed":
        """Return it on a window that holds its own, as a copy."""
        planes = len(self.coverage.area)
        whole = Windowed(window, Coverage(*np.zeros((3, planes, *window.shape))))
        for part, own in zip(whole.seen_in(self.window), self.coverage, strict=True):
            part[:] = own
        return whole


def combined(shape: Shape, coverages: Mapping[int, Windowed]) -> Windowed:
    """Return the coverage of a shape from those of its structures, by their ids."""
    # "(A-B)|B": half a pixel of B and the half without it are the whole, not the larger half.
    if len(set(shape.leaves)) < len(shape.leaves):
        return _nested(shape, coverages)
    return _paired(shape, coverages)


def _paired(shape: Shape, coverages: Mapping[int, Windowed]) -> Windowed:
    """Return the coverage of a shape in which no structure occurs twice."""
    if shape.left is None or shape.right is None:
        return _union([coverages[id(structure)] for structure in shape.structures])
    left, right = _paired(shape.left, coverages), _paired(shape.right, coverages)
    if shape.operator == "|":
        return _union([left, right])
    common = _common(left, right)
    return common if shape.operator == "&" else _without(left, common)


def _nested(shape: Shape, coverages: Mapping[int, Windowed]) -> Windowed:
    """Return the coverage of any shape, in a pixel each structure within those that cover more.

    Between two coverages that follow each other lies what all structures that cover more have in
    common and no other has: it counts where the shape holds that.
    """
    own = {id(structure): coverages[id(structure)] for structure in shape.leaves}
    window = reduce(Window.spanning, (one.window for one in own.values()))
    parts = np.stack([np.stack(one.spread_over(window).coverage) for one in own.values()])
    order = np.argsort(parts[:, 0], axis=0, kind="stable")
    rank = dict(zip(own, np.argsort(order, axis=0), strict=True))
    total, before = np.zeros_like(parts[0]), np.zeros_like(parts[0])
    for place, which in enumerate(order):
        here = np.take_along_axis(parts, which[None, None], axis=0)[0]
        is_held = holds(shape, {key: among >= place for key, among in rank.items()})
        total += np.where(is_held, here - before, 0)
        before = here
    return Windowed(window, Coverage(*total))


def shared_pixels(coverages: Sequence[Windowed], lattice: Lattice) -> Flags:
    """Return where (S, u, v) borders of structures meet whose coverages are not the same.

    Two that agree in area and first moments of a pixel are drawn alike there.
    """
    count = np.zeros((len(coverages[0].coverage.area), *lattice.shape), dtype=np.int8)
    windows = [one.window for one in coverages]
    if not any(0 not in a.common(b).shape for a, b in combinations(windows, 2)):
        return count.view(bool)  # lesions apart from each other share none
    for one in coverages:
        area = one.coverage.area
        count[one.window.pixels] += (area > PART) & (area < 1 - PART)
    plane, u, v = np.nonzero(count > 1)
    low, high = np.full((3, len(plane)), np.inf), np.full((3, len(plane)), -np.inf)
    for one in coverages:
        window = one.window
        inside = (u >= window.u_first) & (u < window.u_stop)
        inside &= (v >= window.v_first) & (v < window.v_stop)
        here = plane[inside], u[inside] - window.u_first, v[inside] - window.v_first
        found = np.stack([part[here] for part in one.coverage])
        is_part = (found[0] > PART) & (found[0] < 1 - PART)
        place = np.flatnonzero(inside)[is_part]
        low[:, place] = np.minimum(low[:, place], found[:, is_part])
        high[:, place] = np.maximum(high[:, place], found[:, is_part])
    differs = (high - low > PART).any(axis=0)
    shared = np.zeros(count.shape, dtype=bool)
    shared[plane[differs], u[differs], v[differs]] = True
    return shared


def _union(coverages: Sequence[Windowed]) -> Windowed:
    """Return the largest of coverages in each pixel, of those that are alike the first."""
    first, *others = coverages
    if not others:
        return first
    whole = first.spread_over(reduce(Window.spanning, (one.window for one in coverages)))
    for one in others:
        mine, theirs = whole.seen_in(one.window), one.coverage
        is_theirs = theirs.area > mine.area
        for part, other in zip(mine, theirs, strict=True):
            np.copyto(part, other, where=is_theirs)
    return whole


def _common(left: Windowed, right: Windowed) -> Windowed:
    """Return the smaller of two coverages in each pixel."""
    window = left.window.common(right.window)
    if 0 in window.shape:
        nothing = np.zeros((3, len(left.coverage.area), 1, 1))
        corner = left.window
        single = replace(corner, u_stop=corner.u_first + 1, v_stop=corner.v_first + 1)
        return Windowed(single, Coverage(*nothing))
    mine, theirs = left.seen_in(window), right.seen_in(window)
    is_mine = mine.area <= theirs.area
    chosen = (np.where(is_mine, *pair) for pair in zip(mine, theirs, strict=True))
    return Windowed(window, Coverage(*chosen))


def _without(whole: Windowed, common: Windowed) -> Windowed:
    """Return what is left of a coverage without a part of it."""
    rest = whole.spread_over(whole.window)
    for part, taken in zip(rest.seen_in(common.window), common.coverage, strict=True):
        np.subtract(part, taken, out=part)
    return rest
