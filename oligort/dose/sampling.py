"""Sampling a dose on the pixels of a plane: dose, its spread inside a sub-voxel, coverage.

A voxel reaches half a spacing beyond its centre, so the outermost half voxel is covered too and is
continued straight on; beyond it there is no dose.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from oligort.dose.composite import CompositeField
from oligort.dose.field import DoseField
from oligort.dose.pieces import Pieces, pieces_of
from oligort.dose.spline import SplineAxis
from oligort.geometry.raster import Lattice
from oligort.geometry.slabs import PlaneFrame

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

ALIGNMENT_TOLERANCE = 1e-6
"""Direction cosines this close to 0 and 1 are axes: over 500 mm, off by less than a micrometre."""

SPARSE_FACTOR = 6
"""Where fewer than one pixel in six of a plane is wanted, picking them beats computing all."""

NO_SHARE = 1e-9
"""Smaller shares of a sub-voxel are rounding: its borders are differences of some 100 mm."""


class SubVoxels(NamedTuple):
    """The sub-voxels of some thin layers, N in all.

    Parameters
    ----------
    position_mm, thickness_mm : (T,) arrays
        The middle of each thin layer along the normal, and its thickness.
    layer : (N,) integers
        Which of them each sub-voxel is of, ascending.
    pixel : (N,) integers
        Its flat index in the lattice.
    covered : (N,) array
        Which fraction of it is covered.
    rim : (R,) integers
        Those that are covered in part.
    u_offset, v_offset : (R,) arrays
        Of those, from their centre to the centroid of what is covered, in pixels.
    block : (N,) integers
        The block of two by two by two, less at the ends, that each is of; two layers of the
        drawing may be in one.
    """

    position_mm: Floats
    thickness_mm: Floats
    layer: Integers
    pixel: Integers
    covered: Floats
    rim: Integers
    u_offset: Floats
    v_offset: Floats
    block: Integers


class Samples(NamedTuple):
    """The dose in sub-voxels, (N,) each.

    Parameters
    ----------
    dose_gy
        Mean dose of what is covered: that of the sub-voxel, moved to the centroid.
    width_gy
        Width of the uniform distribution that has the variance of the dose in the sub-voxel.
    reach_gy
        How far the dose at a corner of the sub-voxel can differ from that at its centre.
    inside
        Fraction of the sub-voxel inside the dose grid; of a composite, inside all its grids.
    partly : Samples or None
        Of a composite, the dose that is known where only some of its grids are.
    """

    dose_gy: Floats
    width_gy: Floats
    reach_gy: Floats
    inside: Floats
    partly: "Samples | None" = None


class Sampler(Protocol):
    """Samples dose on the pixels of a lattice."""

    def sample(self, sub_voxels: SubVoxels) -> Samples:
        """Return the dose in sub-voxels."""


def sampler_of(field: DoseField | CompositeField, frame: PlaneFrame, lattice: Lattice) -> Sampler:
    """Return the sampler that fits: of a composite one that adds up those of its fields."""
    if isinstance(field, CompositeField):
        return _CompositeSampler(field.fields, frame, lattice)
    return _single(field, frame, lattice)


def _single(
    field: DoseField, frame: PlaneFrame, lattice: Lattice
) -> "_AlignedSampler | _ObliqueSampler":
    """Return the sampler of one field: separable where the axes of dose and planes agree."""
    axes = aligned_axes(field, frame)
    return (
        _ObliqueSampler(field, frame, lattice) if axes is None else _AlignedSampler(axes, lattice)
    )


class _Local(NamedTuple):
    """The dose at the middles of sub-voxels, (N,) each.

    `changes` are those across the sub-voxel along u, v and n, `inside` as in `Samples`.
    """

    value: Floats
    changes: tuple[Floats, Floats, Floats]
    inside: Floats


class _CompositeSampler:
    """Adds up what the samplers of several doses find in a sub-voxel."""

    def __init__(self, fields: Sequence[DoseField], frame: PlaneFrame, lattice: Lattice) -> None:
        self._fields, self._frame, self._lattice = fields, frame, lattice
        self._samplers = [_single(field, frame, lattice) for field in fields]
        aligned = [axes for field in fields if (axes := aligned_axes(field, frame)) is not None]
        self._borders_mm = [
            np.array([end for axis in along for end in (axis.low_mm, axis.high_mm)])
            for along in zip(*((axes.u, axes.v, axes.n) for axes in aligned), strict=True)
        ]

    def sample(self, sub_voxels: SubVoxels) -> Samples:
        """Return the dose in sub-voxels, and what is known of it where a grid has ended."""
        local = [sampler.local(sub_voxels) for sampler in self._samplers]
        inside = np.stack([one.inside for one in local])
        inside[inside > 1 - NO_SHARE] = 1
        inside[inside < NO_SHARE] = 0
        whole = _sum_of(local, np.ones(inside.shape), inside.min(axis=0))
        if (whole.inside == 1).all():
            return _spread(whole, sub_voxels)
        known = (inside > 0).astype(np.float64)
        partly = _sum_of(local, known, inside.max(axis=0) - whole.inside)
        cut = np.flatnonzero(((inside > 0) & (inside < 1)).any(axis=0))
        if len(cut):
            self._enter_pieces(sub_voxels, cut, whole, partly)
        return _spread(whole, sub_voxels)._replace(partly=_spread(partly, sub_voxels))

    def _enter_pieces(
        self, sub_voxels: SubVoxels, cut: Integers, whole: _Local, partly: _Local
    ) -> None:
        """Enter the dose of the sub-voxels (C,) that borders of grids cut, from their pieces.

        What is inside all grids is one of them. The others, of different doses, are entered as one
        sample of their mean and variance.
        """
        layer = sub_voxels.layer[cut]
        u, v = np.divmod(sub_voxels.pixel[cut], self._lattice.v_count)
        thickness = sub_voxels.thickness_mm[layer]
        middle = [self._lattice.u_centres_mm[u], self._lattice.v_centres_mm[v]]
        steps = np.broadcast_arrays(self._lattice.u_step_mm, self._lattice.v_step_mm, thickness)
        size = np.column_stack(steps)
        pieces = pieces_of(
            np.column_stack([*middle, sub_voxels.position_mm[layer]]), size, self._borders_mm
        )
        value, changes, count = self._in_pieces(pieces)
        share = pieces.size_mm.prod(axis=1) / size.prod(axis=1)[pieces.owner]
        whole.inside[cut] = 0.0
        in_all = count == len(self._fields)
        at = cut[pieces.owner[in_all]]
        whole.inside[at], whole.value[at] = share[in_all], value[in_all]
        for entered, change in zip(whole.changes, changes, strict=True):
            entered[at] = change[in_all]
        part = np.where(in_all | (count == 0), 0.0, share)
        square = value * value + sum(change * change for change in changes) / 12
        total, first, second = (
            np.bincount(pieces.owner, part * of, minlength=len(cut)) for of in (1, value, square)
        )
        total = np.maximum(total, NO_SHARE)
        partly.inside[cut] = np.where(total > NO_SHARE, total, 0.0)
        partly.value[cut] = first / total
        # The width that comes of the changes is that of this variance, whichever of them it is.
        u_change, v_change, n_change = partly.changes
        u_change[cut] = v_change[cut] = 0.0
        n_change[cut] = np.sqrt(12 * np.maximum(second / total - (first / total) ** 2, 0))

    def _in_pieces(self, pieces: Pieces) -> tuple[Floats, tuple[Floats, ...], Integers]:
        """Return the known dose of pieces (P,), its changes across them, and of how many grids."""
        points_mm = self._frame.to_patient(pieces.middle_mm)
        value, count = np.zeros(len(points_mm)), np.zeros(len(points_mm), dtype=np.int64)
        changes = np.zeros((3, len(points_mm)))
        for field in self._fields:
            dose, slopes, is_inside = field.with_slopes(points_mm)
            along = np.einsum("na,ax,px->pn", slopes, field.grid.axes, self._frame.axes)
            value += np.where(is_inside, dose, 0.0)
            changes += np.where(is_inside, along * pieces.size_mm.T, 0.0)
            count += is_inside
        return value, tuple(changes), count


def _sum_of(local: Sequence[_Local], known: Floats, inside: Floats) -> _Local:
    """Return the sum of doses as far as they are known (F, N), 1 or 0."""
    u_change, v_change, n_change = (
        reduce(np.add, (one.changes[axis] * k for one, k in zip(local, known, strict=True)))
        for axis in range(3)
    )
    value = reduce(np.add, (one.value * k for one, k in zip(local, known, strict=True)))
    return _Local(value, (u_change, v_change, n_change), inside)


class AlignedAxes(NamedTuple):
    """A dose seen along the axes u, v and n of planes: its axes and coefficients in that order."""

    u: SplineAxis
    v: SplineAxis
    n: SplineAxis
    coefficients: Floats


def aligned_axes(field: DoseField, frame: PlaneFrame) -> AlignedAxes | None:
    """Return the dose along the axes of the planes; None where it lies obliquely to them."""
    grid = field.grid
    turn = frame.axes @ grid.axes.T
    if not np.allclose(np.sort(np.abs(turn), axis=1)[:, :2], 0, atol=ALIGNMENT_TOLERANCE):
        return None
    order = np.argmax(np.abs(turn), axis=1)
    signs = np.sign(turn[np.arange(3), order])
    origin = frame.to_plane(grid.origin_mm)
    coefficients = field.coefficients.transpose(order)
    axes = []
    for axis in range(3):
        along = origin[axis] + signs[axis] * field.axes[order[axis]].centres_mm
        if signs[axis] < 0:
            along, coefficients = along[::-1], np.flip(coefficients, axis)
        axes.append(SplineAxis(along, field.degree))
    u_axis, v_axis, n_axis = axes
    return AlignedAxes(u_axis, v_axis, n_axis, coefficients)


class _AlignedSampler:
    """Separable sampling: dose and planes have the same axes, in any order and sign."""

    def __init__(self, axes: AlignedAxes, lattice: Lattice) -> None:
        self._n_axis, self._shape = axes.n, lattice.shape
        u_mm, u_size = axes.u.cut(lattice.u_centres_mm, lattice.u_step_mm)
        v_mm, v_size = axes.v.cut(lattice.v_centres_mm, lattice.v_step_mm)
        u, v = axes.u.mean_weights(u_mm, u_size), axes.v.mean_weights(v_mm, v_size)
        # Of slopes, the change across a sub-voxel is wanted.
        self._u_value, self._u_change = u.value, u.slope * u_size
        self._v_value, self._v_change = v.value, v.slope * v_size
        u_first, v_first = int(u.first[0]), int(v.first[0])
        self._u_first, self._v_first = u.first - u_first, v.first - v_first
        u_stop, v_stop = int(u.first[-1]) + len(u.value), int(v.first[-1]) + len(v.value)
        self._window = np.moveaxis(axes.coefficients[u_first:u_stop, v_first:v_stop], 2, 0)
        self._inside = np.outer(u_size / lattice.u_step_mm, v_size / lattice.v_step_mm).ravel()

    def sample(self, sub_voxels: SubVoxels) -> Samples:
        """Return the dose in sub-voxels."""
        return _spread(self.local(sub_voxels), sub_voxels)

    def local(self, sub_voxels: SubVoxels) -> _Local:
        """Return the dose at the middles of sub-voxels."""
        middle, size = self._n_axis.cut(sub_voxels.position_mm, sub_voxels.thickness_mm)
        n = self._n_axis.mean_weights(middle, size)
        low, stop = int(n.first.min()), int(n.first.max()) + len(n.value)
        near = np.ascontiguousarray(self._window[low:stop])
        planes = self._weighted(near, n.first - low, n.value, 0)
        slopes = self._weighted(near, n.first - low, n.slope * size, 0)
        # First along v on the rows of the grid, of which there are few.
        rows = self._weighted(planes, self._v_first, self._v_value, 2)
        v_rows = self._weighted(planes, self._v_first, self._v_change, 2)
        n_rows = self._weighted(slopes, self._v_first, self._v_value, 2)
        along_u = self._along_u(sub_voxels, len(middle))
        value, u_change = along_u(rows, self._u_value), along_u(rows, self._u_change)
        v_change, n_change = along_u(v_rows, self._u_value), along_u(n_rows, self._u_value)
        inside = self._inside.take(sub_voxels.pixel)
        inside *= (size / sub_voxels.thickness_mm).take(sub_voxels.layer)
        return _Local(value, (u_change, v_change, n_change), inside)

    @staticmethod
    def _weighted(array: Floats, first: Integers, weights: Floats, axis: int) -> Floats:
        """Return the weighted sum of each position's neighbours along an axis of three."""
        shape = [1, 1, 1]
        shape[axis] = -1
        total = _picked(array, first, axis) * weights[0].reshape(shape)
        for number in range(1, len(weights)):
            total += _picked(array, first + number, axis) * weights[number].reshape(shape)
        return np.asarray(total)

    def _along_u(self, sub_voxels: SubVoxels, layers: int) -> Callable[[Floats, Floats], Floats]:
        """Return how rows of the grid become values at the sub-voxels.

        On whole planes, of which they are taken, or each by itself where they are few.
        """
        u_count, v_count = self._shape
        if len(sub_voxels.pixel) * SPARSE_FACTOR > layers * u_count * v_count:
            place = sub_voxels.layer * (u_count * v_count) + sub_voxels.pixel

            def on_planes(rows: Floats, weights: Floats) -> Floats:
                whole = self._weighted(rows, self._u_first, weights, 1)
                return np.asarray(whole.ravel().take(place))

            return on_planes
        u, v = np.divmod(sub_voxels.pixel, v_count)
        row = sub_voxels.layer * self._window.shape[1] + self._u_first.take(u)
        start = row * v_count + v

        def one_by_one(rows: Floats, weights: Floats) -> Floats:
            flat = rows.ravel()
            total = flat.take(start) * weights[0].take(u)
            for number in range(1, len(weights)):
                total += flat.take(start + number * v_count) * weights[number].take(u)
            return np.asarray(total)

        return one_by_one


def _picked(array: Floats, places: Integers, axis: int) -> Floats:
    """Return the entries at ascending places along an axis; a view where none is left out."""
    first, last = int(places[0]), int(places[-1])
    if last - first + 1 == len(places) and (np.diff(places) == 1).all():
        return np.moveaxis(np.moveaxis(array, axis, 0)[first : last + 1], 0, axis)
    return array.take(places, axis)


class _ObliqueSampler:
    """General sampling: each sub-voxel is placed in the dose grid by its affine."""

    def __init__(self, field: DoseField, frame: PlaneFrame, lattice: Lattice) -> None:
        self._field, self._frame, self._lattice = field, frame, lattice

    def sample(self, sub_voxels: SubVoxels) -> Samples:
        """Return the dose in sub-voxels."""
        return _spread(self.local(sub_voxels), sub_voxels)

    def local(self, sub_voxels: SubVoxels) -> _Local:
        """Return the dose at the middles of sub-voxels."""
        u, v = np.divmod(sub_voxels.pixel, self._lattice.v_count)
        points = np.column_stack(
            [
                self._lattice.u_centres_mm[u],
                self._lattice.v_centres_mm[v],
                sub_voxels.position_mm[sub_voxels.layer],
            ]
        )
        value, slopes, is_inside = self._field.with_slopes(self._frame.to_patient(points))
        u_slope, v_slope, n_slope = np.einsum(
            "na,ax,px->pn", slopes, self._field.grid.axes, self._frame.axes
        )
        changes = (
            u_slope * self._lattice.u_step_mm,
            v_slope * self._lattice.v_step_mm,
            n_slope * sub_voxels.thickness_mm[sub_voxels.layer],
        )
        return _Local(value, changes, is_inside.astype(np.float64))


def _spread(local: _Local, sub_voxels: SubVoxels) -> Samples:
    """Return samples from the dose at the middles, moved to the centroid of what is covered."""
    value, (u_change, v_change, n_change), inside = local
    reach = np.abs(u_change)
    reach += np.abs(v_change)
    reach += np.abs(n_change)
    reach /= 2
    rim = sub_voxels.rim
    for change, offset in ((u_change, sub_voxels.u_offset), (v_change, sub_voxels.v_offset)):
        of_rim = change.take(rim)
        value[rim] += of_rim * offset
        # What a straight border leaves of a pixel is as wide as its centroid tells.
        change[rim] = of_rim * (1 - 2 * np.abs(offset))
    width = u_change * u_change
    width += v_change * v_change
    width += n_change * n_change
    return Samples(np.maximum(value, 0, out=value), np.sqrt(width, out=width), reach, inside)
