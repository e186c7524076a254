"""Margin: how far a volume as drawn lies inside an isodose, or reaches out of it.

The isodose is the border of what receives at least a dose, of the trilinear dose. It passes through
cells (`cells`), of which those that matter are halved once; from the one nearest to a point a few
steps along the surface lead to what is nearest of it. Where another piece of the surface is nearer
by less than a cell's sagitta, a tenth of a millimetre, that piece may be missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from oligort.dose.cells import CORNERS, Nodes, corner_slices, halved
from oligort.dose.field import DoseField
from oligort.dose.grid import DoseGrid
from oligort.dose.tally import TIE_GY
from oligort.errors import NotEvaluable
from oligort.geometry.raster import COVERAGE_ROUNDING, CoverageRaster, Lattice
from oligort.geometry.slabs import PlaneFrame, Slab
from oligort.geometry.structure import Points
from oligort.measure import Measure

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

STEP_MM = 1.0
"""Outlines and areas are sampled this densely: beside an isodose of radius R a point half a step
aside is nearer by at most step^2 / (8 R), a hundredth of a millimetre at 10 mm."""

GROUP_MM = 4.0
"""Points this near to each other are first looked at together: their distances differ by less than
they are apart."""

STEPS, SIDE_STEPS = 3, 6
"""Steps along the surface from a point of it near the nearest, each of which squares the error; and
steps to its sides, the last of them of 0.03 mm on voxels of 2.5 mm."""

ON_SURFACE_MM = 0.05
"""A point this near to the surface is on it, once moved along the slope: off by less than the
square of this over the radius of curvature, a micrometre at 3 mm."""

LEVEL_GY_PER_MM = 1e-9
"""A dose that rises no more than this is level: 1 Gy would take a thousand kilometres, and what
rounding leaves of 100 Gy in a voxel of 1 mm is 1e-14 of it."""

TOGETHER = 100_000
"""Pairs of points and cells whose distances are held together: what a processor's cache holds."""

_EDGES = tuple(
    (one, other)
    for one in CORNERS
    for other in CORNERS
    if sum(other) == sum(one) + 1 and all(b >= a for a, b in zip(one, other, strict=True))
)
"""The twelve edges of a cell, as the corners that they join."""


def margin(dose: DoseGrid, at_gy: float, slabs: Sequence[Slab], frame: PlaneFrame) -> Measure:
    """Return how far a volume lies inside the isodose of `at_gy`; below 0 how far outside, in mm.

    Where all of the volume receives the dose, it is the least distance from any of its points to
    the isodose: the least margin. Where some of it receives less, it is minus the largest distance
    of any of that to what receives the dose: how far the volume lies outside.

    The volume is its loops and what they enclose, each in its plane, sampled every `STEP_MM`, and
    those of both end planes once more half a plane spacing further out. The interval
    ``convention`` runs from a whole spacing further out, beyond which no true tip lies, to the
    planes alone.

    Parameters
    ----------
    dose : DoseGrid
        Interpolated linearly.
    at_gy : float
        The isodose.
    slabs, frame : sequence of Slab, PlaneFrame
        The volume, in ascending order.

    Raises
    ------
    NotEvaluable
        If the volume leaves the dose grid, no surface of the isodose lies in it, or the border of
        the grid is nearer than the isodose.
    """
    nodes = _Surface.of(dose, at_gy)
    flat = [frame.to_patient(_sampled(slab, slab.position_mm)) for slab in slabs]
    caps = [
        np.concatenate([frame.to_patient(_sampled(slab, at_mm)) for slab, at_mm in ends])
        for ends in (_ends(slabs, times) for times in (1.0, 2.0))
    ]
    planes, half, whole = (nodes.margin_of(points) for points in (np.concatenate(flat), *caps))
    value = min(planes, half)
    return Measure(value, "mm", convention=(min(value, whole), planes))


def _ends(slabs: Sequence[Slab], times: float) -> tuple[tuple[Slab, float], ...]:
    """Return both end planes and where they lie once moved out by so many half spacings."""
    first, last = slabs[0], slabs[-1]
    return (
        (first, first.position_mm - times * (first.position_mm - first.lower_mm)),
        (last, last.position_mm + times * (last.upper_mm - last.position_mm)),
    )


def _sampled(slab: Slab, at_mm: float) -> Points:
    """Return points (N, 3) of (u, v, n) along the loops of a slab and inside them."""
    points = [_along(loop) for loop in slab.loops]
    lattice = Lattice.around([slab], STEP_MM)
    covered = CoverageRaster([slab], lattice).coverage(0, 1).area[0]
    u, v = np.nonzero(covered >= 1 - COVERAGE_ROUNDING)
    points.append(np.column_stack([lattice.u_centres_mm[u], lattice.v_centres_mm[v]]))
    flat = np.concatenate(points)
    return np.column_stack([flat, np.full(len(flat), at_mm)])


def _along(loop: Points) -> Points:
    """Return the vertices of a loop (N, 2) and points between them, at most a step apart."""
    edges = np.roll(loop, -1, axis=0) - loop
    counts = np.maximum(np.ceil(np.hypot(*edges.T) / STEP_MM), 1).astype(np.int64)
    edge = np.repeat(np.arange(len(loop)), counts)
    within = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(loop[edge] + (within / counts[edge])[:, None] * edges[edge])


@dataclass(frozen=True, eq=False)
class _Cells:
    """Cells that an isodose passes through: lowest corner and size (C, 3), doses (C, 2, 2, 2)."""

    low_mm: Floats
    size_mm: Floats
    corners_gy: Floats

    def of(self, which: Integers | Bools) -> "_Cells":
        return _Cells(self.low_mm[which], self.size_mm[which], self.corners_gy[which])

    def eighths(self) -> "_Cells":
        """Return the eighths of all cells, (8 C) in the order of `CORNERS`."""
        half = self.size_mm / 2
        low = np.concatenate([self.low_mm + half * np.array(corner) for corner in CORNERS])
        return _Cells(low, np.tile(half, (8, 1)), halved(self.corners_gy))

    def are_cut(self, at_gy: float) -> Bools:
        flat = self.corners_gy.reshape(-1, 8)
        return np.asarray((flat.min(axis=1) < at_gy) & (flat.max(axis=1) >= at_gy))

    @property
    def diagonal_mm(self) -> float:
        """How far a point of a cell may lie from any other of it."""
        return float(_length(self.size_mm).max())

    def middles_mm(self, at_gy: float) -> Floats:
        """Return, for each cell (C, 3), the middle of where the surface crosses its edges."""
        total, counts = np.zeros_like(self.low_mm), np.zeros(len(self.low_mm))
        corners_gy = self.corners_gy.reshape(-1, len(CORNERS))
        for one, other in _EDGES:
            start, end = (corners_gy[:, CORNERS.index(corner)] for corner in (one, other))
            crosses = (start < at_gy) != (end < at_gy)
            share = np.divide(at_gy - start, end - start, out=np.zeros_like(start), where=crosses)
            way = np.array(one) + share[:, None] * (np.array(other) - np.array(one))
            total += np.where(crosses[:, None], way, 0)
            counts += crosses
        return np.asarray(self.low_mm + total / counts[:, None] * self.size_mm)


@dataclass(frozen=True, eq=False)
class _Surface:
    """An isodose in the axes of its dose grid.

    Parameters
    ----------
    dose : DoseGrid
    field : DoseField
    at_gy : float
        Less by a tie, so that rounding takes nothing out of it.
    low_mm, high_mm : (3,) arrays
        Where the grid ends.
    cells : _Cells
        That the surface passes through.
    """

    dose: DoseGrid
    field: DoseField
    at_gy: float
    low_mm: Floats
    high_mm: Floats
    cells: _Cells

    @classmethod
    def of(cls, dose: DoseGrid, at_gy: float) -> "_Surface":
        field = dose.field()
        nodes = Nodes.of(field)
        least_gy = at_gy - TIE_GY
        slices = corner_slices(nodes.dose_gy.shape)
        low, high = (
            reduce(extreme, (nodes.dose_gy[corner] for corner in slices))
            for extreme in (np.minimum, np.maximum)
        )
        at = np.argwhere((low < least_gy) & (high >= least_gy))
        if not len(at):
            whose = "nothing in the dose grid" if high.max() < least_gy else "all of the dose grid"
            raise NotEvaluable(f"{whose} receives {at_gy:g} Gy: there is no such isodose")
        corners = np.stack([nodes.dose_gy[tuple((at + c).T)] for c in CORNERS], axis=1)
        starts = np.stack([axis[at[:, n]] for n, axis in enumerate(nodes.axes_mm)], axis=1)
        ends = np.stack([axis[at[:, n] + 1] for n, axis in enumerate(nodes.axes_mm)], axis=1)
        return cls(
            dose,
            field,
            least_gy,
            np.array([axis[0] for axis in nodes.axes_mm]),
            np.array([axis[-1] for axis in nodes.axes_mm]),
            _Cells(starts, ends - starts, corners.reshape(-1, 2, 2, 2)),
        )

    def margin_of(self, points_mm: Points) -> float:
        """Return the least signed distance to the isodose of patient points (N, 3)."""
        along = (points_mm - self.dose.grid.origin_mm) @ self.dose.grid.axes.T
        to_border = np.minimum(along - self.low_mm, self.high_mm - along).min(axis=1)
        if (to_border < 0).any():
            raise NotEvaluable("it reaches beyond the dose grid")
        is_inside = self.field.at(points_mm) >= self.at_gy
        is_within = bool(is_inside.all())
        asked = np.flatnonzero(np.ones(len(along), bool) if is_within else ~is_inside)
        best, distance = _Search(self, along[asked], is_within).extreme()
        # Beyond its border the isodose may come nearer than anywhere in the grid.
        nearest_border = float(to_border.min() if is_within else to_border[asked[best]])
        if nearest_border < distance:
            raise NotEvaluable(
                f"the dose grid ends {nearest_border:.1f} mm from it, before any of the isodose"
            )
        return distance if is_within else -distance

    def foot(self, along_mm: Floats, near_mm: Floats) -> "_Known":
        """Return what lies nearest to points (N, 3), from points of the surface near it.

        Again and again to the foot on the tangent plane and back: where it is smooth that is all.
        """
        found, normal, _ = self._back(near_mm)
        known = found, normal, _length(along_mm - found)
        for _ in range(STEPS):
            across = ((along_mm - known[0]) * known[1]).sum(axis=1)
            trial = self._back(along_mm - across[:, None] * known[1])
            known = _nearer(along_mm, known, trial)
        return known

    def beside(self, along_mm: Floats, known: "_Known", reach_mm: float) -> Floats:
        """Return the distance (N,) to the nearest found up to some `reach_mm` aside of a known one.

        The surface has an edge wherever it passes from voxel to voxel.
        """
        for halving in range(SIDE_STEPS):
            for side in _sides(known[1]):
                trial = self._back(known[0] + reach_mm / 2**halving * side)
                known = _nearer(along_mm, known, trial)
        return known[2]

    def _back(self, along_mm: Floats) -> tuple[Floats, Floats, Bools]:
        """Return points moved along the slope to the surface, its normals, and which lie on it."""
        grid = self.dose.grid
        for _ in range(2):
            patient_mm = along_mm @ grid.axes + grid.origin_mm
            value, slopes, is_in_grid = self.field.with_slopes(patient_mm)
            steepness = _length(slopes)
            # Where the dose is level there is no way to the surface: the point stays, and is lost.
            leads = is_in_grid & (steepness > LEVEL_GY_PER_MM)
            steepness = np.where(leads, steepness, 1.0)
            off = np.where(leads, value - self.at_gy, 0.0) / steepness
            normal = slopes / steepness[:, None]
            is_on = leads & (np.abs(off) <= ON_SURFACE_MM)
            along_mm = along_mm - off[:, None] * normal
        return along_mm, normal, is_on


_Known = tuple[Floats, Floats, Floats]
"""Points of a surface (N, 3), its normals there (N, 3), and how far away they are (N,)."""


def _nearer(along_mm: Floats, known: _Known, trial: tuple[Floats, Floats, Bools]) -> _Known:
    """Return what is known of the nearest of a surface, or what a trial found nearer on it."""
    distance = _length(along_mm - trial[0])
    better = trial[2] & (distance < known[2])
    found, normal = (np.where(better[:, None], trial[n], known[n]) for n in (0, 1))
    return found, normal, np.where(better, distance, known[2])


def _sides(normal: Floats) -> tuple[Floats, ...]:
    """Return four unit vectors (N, 3) across each normal (N, 3)."""
    least = np.eye(3)[np.abs(normal).argmin(axis=1)]
    first = np.cross(normal, least)
    first /= np.maximum(_length(first), np.finfo(float).tiny)[:, None]
    second = np.cross(normal, first)
    return first, -first, second, -second


@dataclass(frozen=True, eq=False)
class _Search:
    """The point that lies nearest to a surface, or the one that lies farthest from it.

    `along_mm` (N, 3) are the points along the axes of the dose grid.
    """

    surface: _Surface
    along_mm: Floats
    is_nearest: bool

    def extreme(self) -> tuple[int, float]:
        """Return the index of the point and its distance in mm."""
        coarse = self.surface.cells
        kept, reach_mm = self._in_groups(coarse)
        low, high = self.along_mm[kept].min(axis=0), self.along_mm[kept].max(axis=0)
        gap = np.maximum(np.maximum(coarse.low_mm - high, low - coarse.low_mm - coarse.size_mm), 0)
        fine = coarse.of(_length(gap) <= reach_mm).eighths()
        fine = fine.of(fine.are_cut(self.surface.at_gy))
        middles = fine.middles_mm(self.surface.at_gy)
        cell, distance = _nearest(self.along_mm[kept], middles)
        is_kept = self._keeps(distance - fine.diagonal_mm, distance + fine.diagonal_mm)
        kept, cell = kept[is_kept], cell[is_kept]
        known = self.surface.foot(self.along_mm[kept], middles[cell])
        reach_mm = fine.diagonal_mm / 2
        is_kept = self._keeps(known[2] - reach_mm, known[2])
        kept = kept[is_kept]
        found, normal, distance = (part[is_kept] for part in known)
        refined = self.surface.beside(self.along_mm[kept], (found, normal, distance), reach_mm)
        best = int(refined.argmin() if self.is_nearest else refined.argmax())
        return int(kept[best]), float(refined[best])

    def _keeps(self, lower: Floats, upper: Floats) -> Bools:
        """Whether what lies between two distances may be the extreme of all."""
        if self.is_nearest:
            return np.asarray(lower <= upper.min())
        return np.asarray(upper >= lower.max())

    def _in_groups(self, cells: _Cells) -> tuple[Integers, float]:
        """Return the points whose group may hold the extreme, and how far it may be at most."""
        cube = np.floor(self.along_mm / GROUP_MM).astype(np.int64)
        _, group = np.unique(cube, axis=0, return_inverse=True)
        group = group.ravel()
        counts = np.bincount(group)
        middle = np.stack([np.bincount(group, x) / counts for x in self.along_mm.T], axis=1)
        radius = np.zeros(len(counts))
        np.maximum.at(radius, group, _length(self.along_mm - middle[group]))
        _, distance = _nearest(middle, cells.middles_mm(self.surface.at_gy))
        around = radius + cells.diagonal_mm
        lower, upper = distance - around, distance + around
        reach_mm = float(upper.min() if self.is_nearest else upper.max())
        return np.flatnonzero(self._keeps(lower, upper)[group]), reach_mm


def _nearest(points_mm: Floats, others_mm: Floats) -> tuple[Integers, Floats]:
    """Return for each point (N, 3) which of the others (M, 3) is nearest, and its distance."""
    which = np.empty(len(points_mm), dtype=np.int64)
    step = max(1, TOGETHER // len(others_mm))
    squared = (others_mm**2).sum(axis=1)
    for first in range(0, len(points_mm), step):
        some = slice(first, first + step)
        which[some] = (squared - 2 * points_mm[some] @ others_mm.T).argmin(axis=1)
    return which, _length(points_mm - others_mm[which])


def _length(vectors: Floats) -> Floats:
    return np.asarray(np.sqrt(np.einsum("...x,...x->...", vectors, vectors)))
