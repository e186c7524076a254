"""Area coverage: how much of every pixel of a plane the loops of a slab cover, exactly.

Each edge is cut where it crosses a pixel border; every piece adds its signed area to its pixel and
its height to all pixels beyond it, and a cumulative sum along the columns completes the areas.
There is no oversampling: the sum over the pixels is the area of the polygons to rounding. The cost
is proportional to edges plus pixels.

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

from oligort.geometry.nesting import nesting_signs, signed_area_mm2
from oligort.geometry.overlay import trapezoids
from oligort.geometry.slabs import Slab
from oligort.geometry.structure import Points

__all__ = ["CoverageRaster", "Lattice", "coverage", "nesting_signs", "signed_area_mm2"]

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
        low = np.min([loop.min(axis=0) for slab in slabs for loop in slab.loops], axis=0)
        high = np.max([loop.max(axis=0) for slab in slabs for loop in slab.loops], axis=0)
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


class _Pieces(NamedTuple):
    """Pieces of edges, each inside one pixel.

    `pixel` is the flat index in a lattice with one more row of u than it has pixels; `beyond` is
    the piece's height, `inside` the part of it that its own pixel receives.
    """

    pixel: Integers
    inside: Floats
    beyond: Floats
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
        signs = [sign for slab in slabs for sign in nesting_signs(slab.loops)]
        edges_per_slab = [sum(map(len, slab.loops)) for slab in slabs]
        self._pieces = _cut(loops, signs, lattice)
        self._loop_of_edge = np.repeat(np.arange(len(loops)), [len(loop) for loop in loops])
        self._bounds = np.searchsorted(
            self._pieces.edge, np.concatenate([[0], np.cumsum(edges_per_slab)])
        )
        self.overlapping: set[int] = set()
        """Indices of the slabs, among those rastered so far, whose loops cross each other."""

    def coverage(self, index: int) -> Floats:
        """Return the covered fraction (u_count, v_count) of each pixel in slab `index`."""
        which = slice(self._bounds[index], self._bounds[index + 1])
        covered = _accumulate(self._pieces, which, self.lattice)
        is_overlapping = covered.min() < -COVERAGE_ROUNDING or covered.max() > 1 + COVERAGE_ROUNDING
        if is_overlapping:
            self.overlapping.add(index)
        if is_overlapping or self._loops_meet(which):
            covered = _coverage_of_crossing_loops(self._slabs[index], self.lattice)
        return np.clip(covered, 0, 1, out=covered)

    def _loops_meet(self, which: slice) -> bool:
        """Whether two loops run through one pixel: only there can they cross."""
        pixel, loop = self._pieces.pixel[which], self._loop_of_edge[self._pieces.edge[which]]
        shown = np.empty((self.lattice.u_count + 1) * self.lattice.v_count, dtype=np.int64)
        shown[pixel] = loop
        return bool((shown[pixel] != loop).any())


def coverage(slab: Slab, lattice: Lattice) -> Floats:
    """Return the covered fraction (u_count, v_count) of each pixel of one slab."""
    return CoverageRaster([slab], lattice).coverage(0)


def _cut(loops: Sequence[Points], signs: Sequence[int], lattice: Lattice) -> _Pieces:
    """Cut the edges of all loops at the pixel borders."""
    lengths = np.array([len(loop) for loop in loops])
    starts = lattice.to_pixels(np.concatenate(loops))
    # A vertex on the rim may stand a rounding error outside; it belongs to the lattice.
    starts = np.clip(starts, 0, lattice.shape)
    first = np.cumsum(lengths) - lengths
    following = np.arange(1, len(starts) + 1)
    following[first + lengths - 1] = first
    steps = starts[following] - starts
    weight = np.repeat(np.array(signs, dtype=np.float64), lengths)

    edges = np.arange(len(starts))
    u_edges, u_fractions = _crossings(starts[:, 0], steps[:, 0])
    v_edges, v_fractions = _crossings(starts[:, 1], steps[:, 1])
    edge = np.concatenate([edges, u_edges, v_edges])
    fraction = np.concatenate([np.zeros(len(edges)), u_fractions, v_fractions])
    order = np.lexsort((fraction, edge))
    edge, fraction = edge[order], fraction[order]
    until = np.append(fraction[1:], 1.0)
    until[np.flatnonzero(np.append(np.diff(edge), 1))] = 1.0

    u_step, v_step = steps[edge, 0], steps[edge, 1]
    middle = (fraction + until) / 2
    u_middle = starts[edge, 0] + middle * u_step
    v_middle = starts[edge, 1] + middle * v_step
    u_pixel = np.minimum(u_middle.astype(np.int64), lattice.u_count - 1)
    v_pixel = np.minimum(v_middle.astype(np.int64), lattice.v_count - 1)
    # What lies beyond an edge along u is outside where the edge runs up, inside where it runs down.
    beyond = (fraction - until) * v_step * weight[edge]
    return _Pieces(
        u_pixel * lattice.v_count + v_pixel, beyond * (1 - (u_middle - u_pixel)), beyond, edge
    )


def _crossings(starts: Floats, steps: Floats) -> tuple[Integers, Floats]:
    """Return edges and the fractions of their way at which they cross whole numbers."""
    low = np.minimum(starts, starts + steps)
    high = np.maximum(starts, starts + steps)
    first = np.floor(low) + 1
    counts = np.maximum(np.ceil(high) - first, 0).astype(np.int64)
    edges = np.repeat(np.arange(len(starts)), counts)
    within = np.arange(len(edges)) - np.repeat(np.cumsum(counts) - counts, counts)
    borders = first[edges] + within
    return edges, np.clip((borders - starts[edges]) / steps[edges], 0, 1)


def _accumulate(pieces: _Pieces, which: slice, lattice: Lattice) -> Floats:
    """Sum the pieces into the signed area of each pixel, in pixels."""
    u_count, v_count = lattice.shape
    pixel, inside, beyond = pieces.pixel[which], pieces.inside[which], pieces.beyond[which]
    size = (u_count + 1) * v_count
    sums: Floats = np.bincount(pixel, inside, minlength=size).astype(np.float64)
    sums += np.bincount(pixel + v_count, beyond - inside, minlength=size)
    grid = sums.reshape(u_count + 1, v_count)
    np.cumsum(grid, axis=0, out=grid)
    return np.asarray(grid[:u_count], dtype=np.float64)


def _coverage_of_crossing_loops(slab: Slab, lattice: Lattice) -> Floats:
    """Return the coverage of a plane whose loops cross themselves or each other.

    The plane is cut into trapezoids that no edge crosses; they are rastered one by one.
    """
    pieces = list(trapezoids([slab.loops], [slab.exclusive]).corners_mm)
    if not pieces:
        return np.zeros(lattice.shape)
    return _accumulate(_cut(pieces, [1] * len(pieces), lattice), slice(None), lattice)
