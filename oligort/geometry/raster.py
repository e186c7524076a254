"""Area coverage: how much of every pixel of a plane the loops of a slab cover, and where, exactly.

Each edge is cut where it crosses a pixel border; every piece adds its signed area to its pixel and
its height to all pixels beyond it, and a cumulative sum along the columns completes the areas. The
first moments of what is covered come the same way: the dose of a pixel on the rim is that at the
centroid of its covered part, not at a centre that may lie outside. There is no oversampling: the
sum over the pixels is the area of the polygons to rounding. The cost is proportional to edges plus
pixels.

Nested loops are holes, loops that partly overlap are joined (see `nesting`); a loop that crosses
itself encloses what the even-odd rule says. Where loops cross, the
plane is first cut into trapezoids that do not, so that its area is exact too; only a loop that
crosses itself within one pixel goes unnoticed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oligort.geometry.nesting import following_points, signed_area_mm2
from oligort.geometry.overlay import trapezoids
from oligort.geometry.slabs import Slab
from oligort.geometry.structure import Points

__all__ = [
    "Coverage",
    "CoverageRaster",
    "Lattice",
    "coverage",
    "coverage_of_trapezoids",
    "signed_area_mm2",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

COVERAGE_ROUNDING = 1e-6
"""Coverage this far outside 0 to 1 is a crossing of loops and no rounding error.

The cumulative sum over some thousand pixels of order 1 loses less than 1e-12; a crossing that
covers less than a millionth of a pixel cannot matter.
"""


@dataclass(frozen=True)
class Lattice:
    """A raster of pixels on a plane, in its (u, v) millimetres.

    Parameters
    ----------
    u_start_mm, v_start_mm : float
        Lower edges of pixel (0, 0).
    u_step_mm, v_step_mm : float
        Size of a pixel.
    u_count, v_count : int
        Pixels along u and v.
    """

    u_start_mm: float
    v_start_mm: float
    u_step_mm: float
    v_step_mm: float
    u_count: int
    v_count: int

    @classmethod
    def around(cls, slabs: Sequence[Slab], step_mm: float) -> "Lattice":
        """Return the lattice of about `step_mm` that spans every loop of the slabs exactly."""
        low = np.min([slab.drawn.low_mm.min(axis=0) for slab in slabs], axis=0)
        high = np.max([slab.drawn.high_mm.max(axis=0) for slab in slabs], axis=0)
        size = np.maximum(high - low, 1e-6)
        u_count, v_count = np.maximum(np.ceil(size / step_mm), 1).astype(int)
        return cls(
            float(low[0]),
            float(low[1]),
            float(size[0] / u_count),
            float(size[1] / v_count),
            int(u_count),
            int(v_count),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Pixels along u and v."""
        return self.u_count, self.v_count

    @property
    def pixel_area_mm2(self) -> float:
        """Area of one pixel."""
        return self.u_step_mm * self.v_step_mm

    @property
    def u_end_mm(self) -> float:
        """Upper edge of the last pixel along u."""
        return self.u_start_mm + self.u_step_mm * self.u_count

    @property
    def v_end_mm(self) -> float:
        """Upper edge of the last pixel along v."""
        return self.v_start_mm + self.v_step_mm * self.v_count

    @property
    def u_centres_mm(self) -> Floats:
        """Centres of the pixels along u, (u_count,)."""
        return np.asarray(self.u_start_mm + (np.arange(self.u_count) + 0.5) * self.u_step_mm)

    @property
    def v_centres_mm(self) -> Floats:
        """Centres of the pixels along v, (v_count,)."""
        return np.asarray(self.v_start_mm + (np.arange(self.v_count) + 0.5) * self.v_step_mm)

    def to_pixels(self, points_mm: Points) -> Floats:
        """Return (u, v) points (N, 2) in pixels from the lattice's corner."""
        start = (self.u_start_mm, self.v_start_mm)
        return np.asarray((points_mm - start) / (self.u_step_mm, self.v_step_mm))


class Coverage(NamedTuple):
    """What planes cover of each pixel of a lattice.

    Parameters
    ----------
    area : (S, u, v) array
        Covered fraction in each of S planes.
    u_moment, v_moment : (S, u, v) arrays
        First moments of the covered part about the pixel's centre, in pixels: the area times the
        offset of its centroid.
    """

    area: Floats
    u_moment: Floats
    v_moment: Floats

    def of_planes(self, which: Integers) -> "Coverage":
        """Return the coverage of some of the planes, each as often as it is named."""
        return Coverage(*(part[which] for part in self))


class _Pieces(NamedTuple):
    """Pieces of edges, each inside one pixel.

    `pixel` is the flat index in the lattice; `beyond` is the piece's height and `v_beyond` its
    first moment, which all pixels beyond it along u receive; `inside`, `u_inside` and `v_inside`
    are what its own pixel receives.
    """

    pixel: Integers
    inside: Floats
    u_inside: Floats
    v_inside: Floats
    beyond: Floats
    v_beyond: Floats
    edge: Integers


class CoverageRaster:
    """The coverage of every slab of a structure on one lattice.

    Parameters
    ----------
    slabs : sequence of Slab
        Of one structure.
    lattice : Lattice
        Must span every loop.
    """

    def __init__(self, slabs: Sequence[Slab], lattice: Lattice) -> None:
        self.lattice = lattice
        self._slabs = slabs
        loops = [loop for slab in slabs for loop in slab.loops]
        signs = np.concatenate([slab.drawn.signs for slab in slabs])
        edges_per_slab = [sum(map(len, slab.loops)) for slab in slabs]
        self._starts, self._steps = _edges(loops, lattice)
        weights = np.repeat(signs.astype(np.float64), [len(loop) for loop in loops])
        self._pieces = _cut(self._starts, self._steps, weights, lattice)
        self._loop_of_edge = np.repeat(np.arange(len(loops)), [len(loop) for loop in loops])
        self._slab_of_edge = np.repeat(np.arange(len(slabs)), edges_per_slab)
        self._bounds = np.searchsorted(
            self._pieces.edge, np.concatenate([[0], np.cumsum(edges_per_slab)])
        )
        self.overlapping: set[int] = set()
        """Indices of the slabs, among those rastered so far, whose loops cross each other."""

    def coverage(self, first: int, stop: int) -> Coverage:
        """Return what the slabs from `first` to before `stop` cover of each pixel."""
        which = slice(self._bounds[first], self._bounds[stop])
        slab = self._slab_of_edge[self._pieces.edge[which]] - first
        covered = _accumulate(self._pieces, which, slab, stop - first, self.lattice)
        area = covered.area
        is_overlapping = (area.min(axis=(1, 2)) < -COVERAGE_ROUNDING) | (
            area.max(axis=(1, 2)) > 1 + COVERAGE_ROUNDING
        )
        self.overlapping.update((first + np.flatnonzero(is_overlapping)).tolist())
        is_overlapping[self._slabs_that_cross(which, slab)] = True
        for index in np.flatnonzero(is_overlapping).tolist():
            slab_there = self._slabs[first + index]
            parts = trapezoids([slab_there.loops], [slab_there.exclusive])
            crossing = coverage_of_trapezoids(parts.corners_mm, self.lattice)
            for part, part_of_slab in zip(covered, crossing, strict=True):
                part[index] = part_of_slab[0]
        np.clip(area, 0, 1, out=area)
        return covered

    def _slabs_that_cross(self, which: slice, slab: Integers) -> Integers:
        """Return the slabs in which edges of two loops cross; only in one pixel can they."""
        size = self.lattice.u_count * self.lattice.v_count
        pixel, edge = self._pieces.pixel[which] + slab * size, self._pieces.edge[which]
        loop = self._loop_of_edge[edge]
        shown = np.empty(int(pixel.max(initial=0)) + 1, dtype=np.int64)
        shown[pixel] = loop
        is_shared = np.zeros(len(shown), dtype=bool)
        is_shared[pixel[shown[pixel] != loop]] = True
        meeting = np.flatnonzero(is_shared[pixel])
        order = meeting[np.argsort(pixel[meeting], kind="stable")]
        pixel, edge, loop, slab = (values[order] for values in (pixel, edge, loop, slab))
        is_crossed = np.zeros(int(slab.max(initial=-1)) + 1, dtype=bool)
        # Every piece with those behind it in its pixel, one step further at a time.
        for away in range(1, len(pixel)):
            same = pixel[away:] == pixel[:-away]
            if not same.any():
                break
            pair = np.flatnonzero(same & (loop[away:] != loop[:-away]))
            is_crossed[slab[pair[self._edges_cross(edge[pair], edge[pair + away])]]] = True
        return np.flatnonzero(is_crossed)

    def _edges_cross(self, one: Integers, other: Integers) -> npt.NDArray[np.bool_]:
        """Whether the two edges of each pair cross within both; edges that only touch do not."""

        def side(edge: Integers, points: Points) -> Floats:
            away = points - self._starts[edge]
            step = self._steps[edge]
            return np.asarray(step[:, 0] * away[:, 1] - step[:, 1] * away[:, 0])

        ends = self._starts + self._steps
        return np.asarray(
            (side(one, self._starts[other]) * side(one, ends[other]) < 0)
            & (side(other, self._starts[one]) * side(other, ends[one]) < 0)
        )


def coverage(slab: Slab, lattice: Lattice) -> Coverage:
    """Return what one slab covers of each pixel."""
    return CoverageRaster([slab], lattice).coverage(0, 1)


def _edges(loops: Sequence[Points], lattice: Lattice) -> tuple[Floats, Floats]:
    """Return where the edges of all loops start, (N, 2) in pixels, and how far they go."""
    lengths = np.array([len(loop) for loop in loops])
    starts = lattice.to_pixels(np.concatenate(loops))
    # A vertex on the rim may stand a rounding error outside; it belongs to the lattice.
    starts = np.clip(starts, 0, lattice.shape)
    return starts, starts[following_points(lengths)] - starts


def _cut(starts: Points, steps: Points, weights: Floats, lattice: Lattice) -> _Pieces:
    """Cut edges (N, 2), each of a weight, at the pixel borders."""
    # One coordinate at a time, as everything below.
    (u_start, v_start), (u_way, v_way) = (np.ascontiguousarray(x.T) for x in (starts, steps))
    edge, fraction, until = _parts(_crossings(u_start, u_way), _crossings(v_start, v_way))
    part = until - fraction
    middle = (fraction + until) / 2
    u_step, v_step = u_way.take(edge), v_way.take(edge)
    u_middle = u_start.take(edge) + middle * u_step
    v_middle = v_start.take(edge) + middle * v_step
    u_step *= part
    v_step *= part
    u_pixel = np.minimum(u_middle.astype(np.int64), lattice.u_count - 1)
    v_pixel = np.minimum(v_middle.astype(np.int64), lattice.v_count - 1)
    # What lies beyond an edge along u is outside where the edge runs up, inside where it runs down.
    beyond = -v_step * weights.take(edge)
    # From the pixel's centre; along the piece u and v are linear, so their products average to
    # the product of the middles and a twelfth of that of the steps.
    u, v = u_middle - u_pixel - 0.5, v_middle - v_pixel - 0.5
    return _Pieces(
        pixel=u_pixel * lattice.v_count + v_pixel,
        inside=beyond * (0.5 - u),
        u_inside=beyond * (0.25 - u * u - u_step * u_step / 12) / 2,
        v_inside=beyond * (v / 2 - u * v - u_step * v_step / 12),
        beyond=beyond,
        v_beyond=beyond * v,
        edge=edge,
    )


class _Crossings(NamedTuple):
    """Where edges cross whole numbers of a coordinate.

    `counts` (N,) tells how often each edge does; `edge` and `fraction` (C,) of which edge each
    crossing is, and after what part of its way, in ascending order.
    """

    counts: Integers
    edge: Integers
    fraction: Floats


def _crossings(starts: Floats, steps: Floats) -> _Crossings:
    """Return where edges cross whole numbers."""
    ends = starts + steps
    first = np.floor(np.minimum(starts, ends)) + 1
    last = np.ceil(np.maximum(starts, ends)) - 1
    counts = np.maximum(last - first + 1, 0).astype(np.int64)
    edge = np.repeat(np.arange(len(starts)), counts)
    within = np.arange(len(edge)) - (np.cumsum(counts) - counts).take(edge)
    step = steps.take(edge)
    border = np.where(step > 0, first.take(edge) + within, last.take(edge) - within)
    return _Crossings(counts, edge, np.clip((border - starts.take(edge)) / step, 0, 1))


def _parts(across_u: _Crossings, across_v: _Crossings) -> tuple[Integers, Floats, Floats]:
    """Return the edge of every piece (P,), and after what parts of its way it begins and ends."""
    counts = 1 + across_u.counts + across_v.counts
    stop = np.cumsum(counts)
    edge = np.repeat(np.arange(len(counts)), counts)
    fraction = np.zeros(len(edge))
    before = stop - counts + 1
    for across in (across_u, across_v):
        place = np.arange(len(across.edge)) - (np.cumsum(across.counts) - across.counts).take(
            across.edge
        )
        fraction[before.take(across.edge) + place] = across.fraction
        before = before + across.counts
    # Of edges that cross both, which are few, the crossings are still to be put in order.
    mixed = np.flatnonzero(((across_u.counts > 0) & (across_v.counts > 0)).take(edge))
    order = np.lexsort((fraction.take(mixed), edge.take(mixed)))
    fraction[mixed] = fraction.take(mixed.take(order))
    until = np.append(fraction[1:], 1.0)
    until[stop - 1] = 1.0
    return edge, fraction, until


def _accumulate(
    pieces: _Pieces, which: slice, slab: Integers, slabs: int, lattice: Lattice
) -> Coverage:
    """Sum the pieces into what each pixel is covered by, `slab` being the slab of each piece."""
    shape = (slabs, *lattice.shape)
    count, v_count = lattice.u_count * lattice.v_count, lattice.v_count
    pixel = pieces.pixel[which] + slab * count
    # Beyond the last row there is nothing to receive it.
    following = np.where(pieces.pixel[which] < count - v_count, pixel + v_count, slabs * count)

    def received(at: Integers, what: Floats) -> Floats:
        return np.asarray(np.bincount(at, what, minlength=slabs * count), dtype=np.float64)

    def summed(inside: Floats, beyond: Floats) -> Floats:
        sums = received(pixel, inside)
        sums += received(following, beyond - inside)[: slabs * count]
        grid = sums.reshape(shape)
        return np.cumsum(grid, axis=1, out=grid)

    return Coverage(
        summed(pieces.inside[which], pieces.beyond[which]),
        received(pixel, pieces.u_inside[which]).reshape(shape),
        summed(pieces.v_inside[which], pieces.v_beyond[which]),
    )


def coverage_of_trapezoids(corners_mm: Floats, lattice: Lattice) -> Coverage:
    """Return what trapezoids that share no area (T, 4, 2) cover of each pixel, as one plane."""
    if not len(corners_mm):
        return Coverage(*np.zeros((3, 1, *lattice.shape)))
    # The two sides alone: along v, of which the area is summed, the parallel edges do not run.
    corners = np.clip(lattice.to_pixels(corners_mm), 0, lattice.shape)
    starts = np.concatenate([corners[:, 1], corners[:, 3]])
    steps = np.concatenate([corners[:, 2] - corners[:, 1], corners[:, 0] - corners[:, 3]])
    pieces = _cut(starts, steps, np.ones(len(starts)), lattice)
    return _accumulate(pieces, slice(None), np.zeros(len(pieces.pixel), np.int64), 1, lattice)
