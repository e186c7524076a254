"""Sampling a dose grid on the pixels of a plane: dose, its spread inside a sub-voxel, coverage.

Dose is trilinear between voxel centres. A voxel reaches half a spacing beyond its centre, so the
outermost half voxel is covered too and is continued linearly; beyond it there is no dose.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.geometry.raster import Lattice
from oligort.geometry.slabs import PlaneFrame
from oligort.geometry.structure import Points

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

ALIGNMENT_TOLERANCE = 1e-6
"""Direction cosines this close to 0 and 1 are axes: over 500 mm, off by less than a micrometre."""

SPARSE_FACTOR = 6
"""Where fewer than one pixel in six of a plane is wanted, picking them beats computing all."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Sub-voxels of one thin layer, (N,) each.

    Parameters
    ----------
    dose_gy
        Dose at the centre.
    width_gy
        Width of the uniform distribution that has the variance of the dose in the sub-voxel.
    reach_gy
        How far the dose at a corner of the sub-voxel can differ from that at its centre.
    inside
        Fraction of the sub-voxel inside the dose grid.
    """

    dose_gy: Floats
    width_gy: Floats
    reach_gy: Floats
    inside: Floats


class Sampler(Protocol):
    """Samples dose on thin layers of a lattice."""

    def sample(self, position_mm: float, thickness_mm: float, pixels: Integers) -> Samples:
        """Sample the layer around a position at the flat indices of the lattice's pixels."""


def sampler_of(dose: DoseGrid, frame: PlaneFrame, lattice: Lattice) -> Sampler:
    """Return the sampler that fits: separable where dose axes and plane axes agree, else general.

    Raises
    ------
    NotEvaluable
        If the dose grid has fewer than two voxels along an axis.
    """
    if min(dose.grid.shape) < 2:
        raise NotEvaluable(
            f"the dose grid has {' x '.join(map(str, dose.grid.shape))} voxels: "
            f"at least two along each axis are needed to interpolate"
        )
    turn = frame.axes @ dose.grid.axes.T
    is_aligned = np.allclose(np.sort(np.abs(turn), axis=1)[:, :2], 0, atol=ALIGNMENT_TOLERANCE)
    return (
        _AlignedSampler(dose, frame, lattice)
        if is_aligned
        else _ObliqueSampler(dose, frame, lattice)
    )


def dose_at(dose: DoseGrid, points_mm: Points) -> Floats:
    """Return the dose (N,) in Gy at patient points (N, 3); NaN outside the grid."""
    index = dose.grid.to_index(points_mm)
    upper = np.array(dose.grid.shape) - 0.5
    inside = ((index >= -0.5) & (index <= upper)).all(axis=1)
    value, _ = _trilinear(dose.dose_gy, index)
    return np.where(inside, np.maximum(value, 0), np.nan)


def dose_range_gy(dose: DoseGrid) -> tuple[float, float]:
    """Return the lowest and the highest dose anywhere in the grid, its outermost half voxels too.

    Trilinear dose is highest and lowest at voxel centres and at the corners of what continues
    them; at a corner of the grid a lone hot voxel rises to 1.5 x 1.5 x 1.5 of its dose.
    """
    low, high = float(dose.dose_gy.min()), float(dose.dose_gy.max())
    for axis in range(3):
        rim = dose.dose_gy.take([0, 1, -2, -1], axis=axis)
        for along in range(3):
            first, second, last_but_one, last = np.moveaxis(rim, along, 0)[[0, 1, -2, -1]]
            ends = 1.5 * first - second / 2, 1.5 * last - last_but_one / 2
            rim = np.concatenate(
                [np.expand_dims(ends[0], along), rim, np.expand_dims(ends[1], along)], axis=along
            )
        low, high = min(low, float(rim.min())), max(high, float(rim.max()))
    return max(low, 0.0), high


class _Axis:
    """One axis of an aligned dose grid: interpolation weights of positions along it."""

    def __init__(self, centres_mm: Floats) -> None:
        self.centres_mm = centres_mm
        steps = np.diff(centres_mm)
        self.low_mm = centres_mm[0] - steps[0] / 2
        self.high_mm = centres_mm[-1] + steps[-1] / 2
        self._steps = steps

    def weights(self, positions_mm: Floats) -> tuple[Integers, Floats, Floats]:
        """Return the lower neighbour, the weight of the upper one, and 1 / step in 1/mm."""
        below = np.searchsorted(self.centres_mm, positions_mm, side="right") - 1
        below = np.clip(below, 0, len(self.centres_mm) - 2)
        step = self._steps[below]
        # Beyond the outermost half voxel nothing is used; the bound only keeps numbers finite.
        weight = np.clip((positions_mm - self.centres_mm[below]) / step, -0.5, 1.5)
        return below, weight, 1 / step

    def cut(self, positions_mm: Floats, size_mm: float) -> tuple[Floats, Floats]:
        """Return middle and size of what lies in the grid of intervals around positions."""
        low = np.maximum(positions_mm - size_mm / 2, self.low_mm)
        high = np.minimum(positions_mm + size_mm / 2, self.high_mm)
        return (low + high) / 2, np.maximum(high - low, 0.0)


class _AlignedSampler:
    """Separable sampling: dose and planes have the same axes, in any order and sign."""

    def __init__(self, dose: DoseGrid, frame: PlaneFrame, lattice: Lattice) -> None:
        grid = dose.grid
        turn = frame.axes @ grid.axes.T
        order = np.argmax(np.abs(turn), axis=1)
        signs = np.sign(turn[np.arange(3), order])
        origin = frame.to_plane(grid.origin_mm)
        centres = (
            np.arange(grid.i_count) * grid.i_spacing_mm,
            np.arange(grid.j_count) * grid.j_spacing_mm,
            grid.frame_positions_mm,
        )
        array = dose.dose_gy.transpose(order)
        axes = []
        for axis in range(3):
            along = origin[axis] + signs[axis] * centres[order[axis]]
            if signs[axis] < 0:
                along, array = along[::-1], np.flip(array, axis)
            axes.append(_Axis(along))
        u_axis, v_axis, self._n_axis = axes
        u_mm, u_size = u_axis.cut(lattice.u_centres_mm, lattice.u_step_mm)
        v_mm, v_size = v_axis.cut(lattice.v_centres_mm, lattice.v_step_mm)
        u_below, self._u_weight, self._u_per_mm = u_axis.weights(u_mm)
        v_below, self._v_weight, self._v_per_mm = v_axis.weights(v_mm)
        u_first, v_first = int(u_below[0]), int(v_below[0])
        self._u_below, self._v_below = u_below - u_first, v_below - v_first
        window = array[u_first : int(u_below[-1]) + 2, v_first : int(v_below[-1]) + 2]
        self._planes = np.ascontiguousarray(np.moveaxis(window, 2, 0))
        self._inside = np.outer(u_size / lattice.u_step_mm, v_size / lattice.v_step_mm).ravel()
        self._u_size, self._v_size = u_size, v_size

    def sample(self, position_mm: float, thickness_mm: float, pixels: Integers) -> Samples:
        """Sample the layer around a position at the flat indices of the lattice's pixels."""
        middle, size = self._n_axis.cut(np.array([position_mm]), thickness_mm)
        below, weight, per_mm = self._n_axis.weights(middle)
        lower, upper = self._planes[below[0]], self._planes[below[0] + 1]
        plane, n_slope = lower + weight[0] * (upper - lower), (upper - lower) * per_mm[0]

        value_rows, u_rows = self._along_u(plane)
        n_rows, _ = self._along_u(n_slope)
        value, v_slope = self._along_v(value_rows, pixels)
        u_slope, _ = self._along_v(u_rows, pixels)
        n_slope_here, _ = self._along_v(n_rows, pixels)
        inside = self._inside.take(pixels) * (size / thickness_mm)
        u, v = np.divmod(pixels, len(self._v_size))
        changes = u_slope * self._u_size[u], v_slope * self._v_size[v], n_slope_here * size
        return _spread(value, changes, inside)

    def _along_u(self, plane: Floats) -> tuple[Floats, Floats]:
        """Return values and slopes per mm on the rows of pixels, still on the grid along v."""
        low, high = plane[self._u_below], plane[self._u_below + 1]
        step = high - low
        return low + step * self._u_weight[:, None], step * self._u_per_mm[:, None]

    def _along_v(self, rows: Floats, pixels: Integers) -> tuple[Floats, Floats]:
        """Return values and slopes per mm at the pixels."""
        if len(pixels) * SPARSE_FACTOR < self._inside.size:
            u, v = np.divmod(pixels, len(self._v_below))
            below = u * rows.shape[1] + self._v_below[v]
            low, high = rows.take(below), rows.take(below + 1)
            step = high - low
            return low + step * self._v_weight[v], step * self._v_per_mm[v]
        low, high = rows[:, self._v_below], rows[:, self._v_below + 1]
        step = high - low
        values = low + step * self._v_weight
        return values.ravel().take(pixels), (step * self._v_per_mm).ravel().take(pixels)


class _ObliqueSampler:
    """General sampling: each pixel is placed in the dose grid by its affine."""

    def __init__(self, dose: DoseGrid, frame: PlaneFrame, lattice: Lattice) -> None:
        self._dose, self._frame, self._lattice = dose, frame, lattice

    def sample(self, position_mm: float, thickness_mm: float, pixels: Integers) -> Samples:
        """Sample the layer around a position at the flat indices of the lattice's pixels."""
        u, v = np.divmod(pixels, self._lattice.v_count)
        points = np.column_stack(
            [
                self._lattice.u_centres_mm[u],
                self._lattice.v_centres_mm[v],
                np.full(len(pixels), position_mm),
            ]
        )
        grid = self._dose.grid
        index = grid.to_index(self._frame.to_patient(points))
        value, slope_per_index = _trilinear(self._dose.dose_gy, index)
        frames = np.diff(grid.frame_positions_mm)
        k_step = frames[np.clip(np.floor(index[:, 2]).astype(int), 0, len(frames) - 1)]
        slope_per_index[:, 0] /= grid.i_spacing_mm
        slope_per_index[:, 1] /= grid.j_spacing_mm
        slope_per_index[:, 2] /= k_step
        slopes = slope_per_index @ (grid.axes @ self._frame.axes.T)
        changes = slopes * (self._lattice.u_step_mm, self._lattice.v_step_mm, thickness_mm)
        upper = np.array(grid.shape) - 0.5
        inside = np.asarray(((index >= -0.5) & (index <= upper)).all(axis=1), dtype=np.float64)
        return _spread(value, (changes[:, 0], changes[:, 1], changes[:, 2]), inside)


def _spread(value: Floats, changes: tuple[Floats, Floats, Floats], inside: Floats) -> Samples:
    """Return samples whose dose changes by `changes` across the sub-voxel along u, v and n."""
    u_change, v_change, n_change = changes
    width = np.sqrt(u_change**2 + v_change**2 + n_change**2)
    reach = (np.abs(u_change) + np.abs(v_change) + np.abs(n_change)) / 2
    return Samples(np.maximum(value, 0), width, reach, inside)


def _trilinear(dose_gy: Floats, index: Floats) -> tuple[Floats, Floats]:
    """Return values (N,) and slopes per index step (N, 3) at continuous indices (N, 3)."""
    shape = np.array(dose_gy.shape)
    below = np.clip(np.floor(index).astype(np.int64), 0, shape - 2)
    weight = np.clip(index - below, -0.5, 1.5)
    i, j, k = below.T
    wi, wj, wk = weight.T
    low_k = dose_gy[i, j, k], dose_gy[i + 1, j, k], dose_gy[i, j + 1, k], dose_gy[i + 1, j + 1, k]
    k1 = k + 1
    high_k = (
        dose_gy[i, j, k1],
        dose_gy[i + 1, j, k1],
        dose_gy[i, j + 1, k1],
        dose_gy[i + 1, j + 1, k1],
    )
    c00, c10, c01, c11 = (low + wk * (high - low) for low, high in zip(low_k, high_k, strict=True))
    d00, d10, d01, d11 = (high - low for low, high in zip(low_k, high_k, strict=True))
    c0, c1 = c00 + wi * (c10 - c00), c01 + wi * (c11 - c01)
    d0, d1 = d00 + wi * (d10 - d00), d01 + wi * (d11 - d01)
    slope_i = (c10 - c00) + wj * ((c11 - c01) - (c10 - c00))
    slopes = np.column_stack([slope_i, c1 - c0, d0 + wj * (d1 - d0)])
    return c0 + wj * (c1 - c0), slopes
