"""Sampling a dose on the pixels of a plane: dose, its spread inside a sub-voxel, coverage.

A voxel reaches half a spacing beyond its centre, so the outermost half voxel is covered too and is
continued straight on; beyond it there is no dose.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from oligort.dose.field import DoseField
from oligort.dose.spline import SplineAxis
from oligort.geometry.raster import Lattice
from oligort.geometry.slabs import PlaneFrame

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

ALIGNMENT_TOLERANCE = 1e-6
"""Direction cosines this close to 0 and 1 are axes: over 500 mm, off by less than a micrometre."""

SPARSE_FACTOR = 6
"""Where fewer than one pixel in six of a plane is wanted, picking them beats computing all."""


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
    along_gy
        Its change across the sub-voxel in that of its three directions where it changes most.
    across_gy
        Root of the summed squares of its changes in the two others.
    reach_gy
        How far the dose at a corner of the sub-voxel can differ from that at its centre.
    inside
        Fraction of the sub-voxel inside the dose grid.
    """

    dose_gy: Floats
    along_gy: Floats
    across_gy: Floats
    reach_gy: Floats
    inside: Floats


class Sampler(Protocol):
    """Samples dose on the pixels of a lattice."""

    def sample(self, sub_voxels: SubVoxels) -> Samples:
        """Return the dose in sub-voxels."""


def sampler_of(field: DoseField, frame: PlaneFrame, lattice: Lattice) -> Sampler:
    """Return the sampler that fits: separable where the axes of dose and planes agree."""
    axes = aligned_axes(field, frame)
    return (
        _ObliqueSampler(field, frame, lattice) if axes is None else _AlignedSampler(axes, lattice)
    )


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
        return _spread(value, (u_change, v_change, n_change), inside, sub_voxels)

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
        return _spread(value, changes, is_inside.astype(np.float64), sub_voxels)


def _spread(
    value: Floats, changes: tuple[Floats, Floats, Floats], inside: Floats, sub_voxels: SubVoxels
) -> Samples:
    """Return samples whose dose changes by `changes` across the sub-voxel along u, v and n."""
    u_change, v_change, n_change = changes
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
    # From here on squares.
    for change in changes:
        np.square(change, out=change)
    along = np.maximum(u_change, v_change)
    np.maximum(along, n_change, out=along)
    across = u_change
    across += v_change
    across += n_change
    across -= along
    return Samples(
        dose_gy=np.maximum(value, 0, out=value),
        along_gy=np.sqrt(along, out=along),
        across_gy=np.sqrt(np.maximum(across, 0, out=across), out=across),
        reach_gy=reach,
        inside=inside,
    )
