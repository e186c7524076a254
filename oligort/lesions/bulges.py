"""Bulges: whether one part narrows so much between two thicker places that it may be two lesions.

Two lesions that have grown together are drawn with one outline, or with loops that cross each
other; either way they are one separate 3D part. How many they were is for a reader to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from oligort.geometry.components import Part
from oligort.geometry.diameter import longest_in_plane
from oligort.geometry.raster import CoverageRaster, Lattice
from oligort.lesions.enclosure import filled
from oligort.lesions.lobes import DEEP, DrawnCells, lobes_of

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CELLS = 36
"""Cells along the longest side of a part: of two balls in contact each is 18 cells wide."""

LEAST_CELLS = 2.0
"""A bulge is at least so many cells deep: what is thinner is the unevenness of the raster."""

_LAYS = (0.0, np.pi / 4)
"""Angles from the axis of a part at which its raster lies."""

_ROUND = 1e-6
"""What spreads by less than this more one way than another is round: rounding would choose."""

_ALIKE = 1e-9
"""Shares and depths that differ by less are the same.

Cells that an outline halves, and depths of whole cells, are many; turned and moved, points round.
"""

_HALF_OF_NEIGHBOURS = np.array([s for s in product((-1, 0, 1), repeat=3) if s > (0, 0, 0)])
"""Steps (13, 3) that lead to one of each pair of neighbours, further on in the array."""


@dataclass(frozen=True)
class Bulges:
    """The thick places of one part.

    Parameters
    ----------
    count : int
        How many there are, from one.
    neck_fraction : float
        The narrowest neck between two, as a share of the thinner one's depth, or of what its
        sections would be without it; 1 of a single one.
    crossing_loops : int
        The most outlines of one plane that cross each other; 0 where none do.
    widest_mm : float
        Diameter of the largest ball that the part holds.
    """

    count: int
    neck_fraction: float
    crossing_loops: int
    widest_mm: float

    @property
    def most(self) -> int:
        """How many lesions the part may be."""
        return max(self.count, self.crossing_loops, 1)


def bulges_of(part: Part, neck_fraction: float) -> Bulges:
    """Return the bulges of a part: places with less than `neck_fraction` of depth between them.

    A hollow is filled: what dies in the middle of a lesion makes no two of it. The part is laid on
    its raster in several ways, and what any of them sees is there.
    """
    kept = _KEPT.setdefault(part, {})
    if neck_fraction not in kept:
        whole = filled(part)
        kept[neck_fraction] = max(
            (_bulges_as_laid(_laid_along(whole, turn), neck_fraction) for turn in _LAYS),
            key=lambda found: (found.most, -found.neck_fraction),
        )
    return kept[neck_fraction]


_KEPT: WeakKeyDictionary[Part, dict[float, Bulges]] = WeakKeyDictionary()
"""A check counts the lesions of the same parts by several names."""


def _bulges_as_laid(part: Part, neck_fraction: float) -> Bulges:
    """Return the bulges of a part without hollows, on cells along its axes."""
    low, high = part.bounds_mm
    lattice = Lattice.around(part.slabs, float((high - low).max()) / CELLS)
    raster = CoverageRaster(part.slabs, lattice)
    area = raster.coverage(0, len(part.slabs)).area
    covered = area >= 0.5 - _ALIKE
    crossing = [int((part.slabs[n].drawn.enclosed_mm2 > 0).sum()) for n in raster.overlapping]
    depth, levels_mm = _depth_mm(part, lattice, covered)
    count, narrowest = _count(depth, neck_fraction, LEAST_CELLS * lattice.u_step_mm)
    waist = _waist(part, area.sum(axis=(1, 2)) * lattice.pixel_area_mm2)
    if count == 1 and waist < neck_fraction:
        count, narrowest = 2, waist
    if not depth.max() > 0:
        # Thinner than half a cell everywhere: nothing is deep in it, and no ball stands out of it.
        return Bulges(max(count, 1), narrowest, max(crossing, default=0), 0.0)
    points = [_in_3d(loop, slab.position_mm) for slab in part.slabs for loop in slab.loops]
    positions = np.array([slab.position_mm for slab in part.slabs])
    cells = DrawnCells.of(np.concatenate(points), positions, lattice, area)
    lobes = lobes_of(cells, *_balls(depth, levels_mm, lattice), neck_fraction)
    if lobes.count >= count:
        count, narrowest = lobes.count + 1, min(narrowest, lobes.neck_fraction)
    return Bulges(count, narrowest, max(crossing, default=0), 2 * float(depth.max()))


def _in_3d(loop: Floats, position_mm: float) -> Floats:
    """Return a loop (N, 2) of one plane as points (N, 3)."""
    return np.column_stack([loop, np.full(len(loop), position_mm)])


def _balls(depth: Floats, levels_mm: Floats, lattice: Lattice) -> tuple[Floats, Floats]:
    """Return centres (B, 3) and radii (B,) of the deepest balls that a part holds."""
    level, u, v = np.nonzero(depth >= DEEP * depth.max())
    centres = [lattice.u_centres_mm[u - 1], lattice.v_centres_mm[v - 1], levels_mm[level - 1]]
    return np.stack(centres, axis=1), depth[level, u, v]


def _laid_along(part: Part, further: float) -> Part:
    """Return a part turned in its planes: the axis along which it spreads most, `further` from u.

    So the cells lie in it alike wherever the patient lies and a loop begins.
    """
    loops = [loop for slab in part.slabs for loop in slab.loops]
    points = np.concatenate(loops)
    origin = (points.min(axis=0) + points.max(axis=0)) / 2
    thickness = [slab.upper_mm - slab.lower_mm for slab in part.slabs for _ in slab.loops]
    moments = np.array([_moments(loop - origin) for loop in loops])
    area, first, spread = np.split(np.array(thickness) @ moments, [1, 3])
    if not area[0] > 0:
        return part
    centre = first / area[0]
    uu, uv, vv = spread / area[0] - np.array(
        [centre[0] ** 2, centre[0] * centre[1], centre[1] ** 2]
    )
    if np.hypot(uu - vv, 2 * uv) > _ROUND * (uu + vv):
        turn = np.arctan2(2 * uv, uu - vv) / 2
    else:
        along = np.subtract(*longest_in_plane(np.pad(points, ((0, 0), (0, 1)))).end_points_mm)
        turn = np.arctan2(along[1], along[0])
    turn -= further
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    laid = (points - origin) @ axes
    # Of the two ends the heavier one comes first; of what is as heavy at both ends, the side.
    lean = (centre @ axes) - (laid.min(axis=0) + laid.max(axis=0)) / 2
    told = lean[np.abs(lean) > _ROUND * np.ptp(laid, axis=0)]
    axes = -axes if len(told) and told[0] > 0 else axes
    slabs = [
        replace(slab, loops=tuple((loop - origin) @ axes for loop in slab.loops))
        for slab in part.slabs
    ]
    return replace(part, model=replace(part.model, slabs=tuple(slabs)), areas=None)


def _moments(loop: Floats) -> Floats:
    """Return the area that a loop (N, 2) encloses, its first and its second moments (uu, uv, vv).

    Whichever way it runs.
    """
    u, v = loop.T
    next_u, next_v = np.concatenate([loop[1:], loop[:1]]).T
    twice = u * next_v - next_u * v
    terms = [
        twice / 2,
        twice * (u + next_u) / 6,
        twice * (v + next_v) / 6,
        twice * (u * u + u * next_u + next_u * next_u) / 12,
        twice * (2 * u * v + u * next_v + next_u * v + 2 * next_u * next_v) / 24,
        twice * (v * v + v * next_v + next_v * next_v) / 12,
    ]
    sums = np.array([term.sum() for term in terms])
    return np.asarray(sums * np.sign(sums[0]))


def _waist(part: Part, area_mm2: Floats) -> float:
    """Return the narrowest section, as a share of what lies straight between wider ones.

    The roots of the parallel sections of a convex body are a concave curve (Brunn and Minkowski),
    whatever the spacing of the planes: so no convex body has a waist, and a small lesion above a
    large one, of few planes and few cells, has one.
    """
    points = [
        (slab.position_mm, root)
        for slab, root in zip(part.slabs, np.sqrt(area_mm2).tolist(), strict=True)
    ]
    corners: list[tuple[float, float]] = []
    for z, root in points:
        while len(corners) > 1 and _is_below(corners[-1], corners[-2], (z, root)):
            corners.pop()
        corners.append((z, root))
    positions, roots = np.array(points).T
    return float((roots / np.interp(positions, *np.array(corners).T)).min())


def _is_below(
    point: tuple[float, float], first: tuple[float, float], last: tuple[float, float]
) -> bool:
    """Whether a point lies below the line from first to last, or on it."""
    (x, y), (x0, y0), (x1, y1) = point, first, last
    return (y - y0) * (x1 - x0) <= (y1 - y0) * (x - x0)


def _depth_mm(part: Part, lattice: Lattice, covered: Bools) -> tuple[Floats, Floats]:
    """Return how deep each cell (n, u, v) lies in the part, 0 outside, and the heights of cells.

    A rim of cells lies around them.
    """
    step = min(lattice.u_step_mm, lattice.v_step_mm)
    layers = [max(1, round((s.upper_mm - s.lower_mm) / step)) for s in part.slabs]
    along = [
        slab.lower_mm + (np.arange(count) + 0.5) * (slab.upper_mm - slab.lower_mm) / count
        for slab, count in zip(part.slabs, layers, strict=True)
    ]
    levels_mm = np.concatenate(along)
    inside = np.pad(np.repeat(covered, layers, axis=0), 1)
    rims_mm = [
        np.concatenate([[centres[0] - step], centres, [centres[-1] + step]])
        for centres in (levels_mm, lattice.u_centres_mm, lattice.v_centres_mm)
    ]
    squared = _squared_mm2(inside, rims_mm)
    # A cell beside the surface lies half a cell deep.
    return np.where(inside, np.sqrt(squared) - step / 2, 0.0), levels_mm


def _squared_mm2(inside: Bools, rims_mm: Sequence[Floats]) -> Floats:
    """Return the square of the way from each cell (n, u, v) to the nearest one that is outside.

    `rims_mm` are where cells lie along each axis; the first and the last ones are outside.
    """
    squared = _way_out(inside, rims_mm[0])
    for axis in (1, 2):
        turned = np.ascontiguousarray(np.moveaxis(squared, axis, 0))
        squared = np.moveaxis(_nearest(turned, rims_mm[axis]), 0, axis)
    return squared


def _way_out(inside: Bools, rim_mm: Floats) -> Floats:
    """Return the square of the way along the first axis to the nearest cell that is outside."""
    number = np.arange(len(rim_mm)).reshape(-1, 1, 1)
    before = np.maximum.accumulate(np.where(inside, 0, number), axis=0)
    behind = np.minimum.accumulate(np.where(inside, len(rim_mm) - 1, number)[::-1], axis=0)[::-1]
    own_mm = rim_mm[number]
    return np.asarray(np.minimum((own_mm - rim_mm[before]) ** 2, (rim_mm[behind] - own_mm) ** 2))


def _nearest(squared: Floats, rim_mm: Floats) -> Floats:
    """Return the least (n, ...) of the squares along the first axis, each with its way added.

    Cells so far apart are not asked that the way alone is more than any has.
    """
    least, through = squared.copy(), np.empty_like(squared)
    for apart in range(1, len(rim_mm)):
        way = ((rim_mm[apart:] - rim_mm[:-apart]) ** 2).reshape(-1, *[1] * (squared.ndim - 1))
        if way.min() >= least.max():
            break
        for target, source in (
            (least[apart:], squared[:-apart]),
            (least[:-apart], squared[apart:]),
        ):
            # Into memory at hand: to ask the system for it anew takes longer than the sum.
            reached = np.add(source, way, out=through[apart:])
            np.minimum(target, reached, out=target)
    return least


def _count(depth: Floats, neck_fraction: float, least_mm: float) -> tuple[int, float]:
    """Return how many peaks of depth the necks between them keep apart, and the narrowest neck.

    `depth` (n, u, v) has a rim of cells that are not deep: none has its neighbour beyond an edge.
    """
    flat, peak_of = depth.ravel(), _peaks(depth)
    is_deep = flat > 0
    saddles: list[tuple[Integers, Integers, Floats]] = []
    strides = depth.shape[1] * depth.shape[2], depth.shape[2], 1
    for further in (_HALF_OF_NEIGHBOURS @ strides).tolist():
        meets = peak_of[:-further] != peak_of[further:]
        meets &= is_deep[:-further]
        meets &= is_deep[further:]
        a = np.flatnonzero(meets)
        b = a + further
        saddles.append((peak_of[a], peak_of[b], np.minimum(flat[a], flat[b])))
    first, second, height = (np.concatenate(column) for column in zip(*saddles, strict=True))
    low, high = np.minimum(first, second), np.maximum(first, second)
    order = np.lexsort([-height, high, low])
    low, high, height = low[order], high[order], height[order]
    fresh = np.append(True, (np.diff(low) != 0) | (np.diff(high) != 0))[: len(low)]
    low, high, height = low[fresh], high[fresh], height[fresh]
    # The deepest way from any peak to another: the necks in the order of their depth.
    highest: dict[int, int] = {}

    def top(peak: int) -> int:
        while highest.get(peak, peak) != peak:
            peak = highest[peak]
        return peak

    count, narrowest = 1, 1.0
    for index in np.argsort(-height, kind="stable").tolist():
        tops = top(int(low[index])), top(int(high[index]))
        if tops[0] == tops[1]:
            continue
        thin, thick = sorted(tops, key=lambda peak: (flat[peak], peak))
        neck = float(height[index] / flat[thin])
        if neck < neck_fraction - _ALIKE and flat[thin] >= least_mm * (1 - _ALIKE):
            count += 1
            narrowest = min(narrowest, neck)
        highest[thin] = thick
    # A bridge thinner than a cell is no saddle: what it joins lies apart, with no neck at all.
    apart = {top(peak) for peak in np.unique(peak_of[is_deep]).tolist()}
    # Of a flat part nothing is deep: there an island counts that is half as deep as the deepest.
    islands = sum(
        bool(flat[peak] >= min(least_mm, flat.max() / 2) * (1 - _ALIKE)) for peak in apart
    )
    return (count + islands - 1, 0.0) if islands > 1 else (count, narrowest)


def _peaks(depth: Floats) -> Integers:
    """Return for each cell the flat index of the peak that the steepest way up leads to.

    Of what is not deep it is -1.
    """
    flat = depth.ravel()
    deep = np.flatnonzero(flat > 0)
    order = deep[np.argsort(flat[deep], kind="stable")]
    # No two deep cells are alike: a plateau leads somewhere too.
    rank = np.zeros(depth.size, dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    best = rank.reshape(depth.shape)
    for axis in range(depth.ndim):
        best = _greatest_beside(best, axis)
    leads_to = best.ravel()[order] - 1
    while not np.array_equal(leads_to, further := leads_to[leads_to]):
        leads_to = further
    peak_of = np.full(depth.size, -1, dtype=np.int64)
    peak_of[order] = order[leads_to]
    return peak_of


def _greatest_beside(values: Integers, axis: int) -> Integers:
    """Return for each cell the greatest of its value and those beside it along an axis."""
    greatest = values.copy()
    own, others = np.moveaxis(greatest, axis, 0), np.moveaxis(values, axis, 0)
    np.maximum(own[1:], others[:-1], out=own[1:])
    np.maximum(own[:-1], others[1:], out=own[:-1])
    return greatest
