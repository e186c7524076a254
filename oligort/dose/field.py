"""DoseField: a dose at every point of its grid, by the spline that a convention asks for."""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oligort.conventions import DoseInterpolation
from oligort.dose.spline import DEGREES, SplineAxis, Weights
from oligort.errors import NotEvaluable
from oligort.geometry.grid import Grid
from oligort.geometry.slabs import PlaneFrame
from oligort.geometry.structure import Points

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

ALIGNMENT_TOLERANCE = 1e-6
"""Direction cosines this close to 0 and 1 are axes: over 500 mm, off by less than a micrometre."""


class AlignedAxes(NamedTuple):
    """A dose seen along the axes u, v and n of planes.

    Parameters
    ----------
    u, v, n : SplineAxis
        Its axes.
    coefficients : (n, u, v) array
        Its coefficients, contiguous.
    """

    u: SplineAxis
    v: SplineAxis
    n: SplineAxis
    coefficients: Floats


class DoseField:
    """The dose between the voxel centres of a grid, and half a voxel beyond the outermost.

    Parameters
    ----------
    grid : Grid
        Where the voxels lie.
    dose_gy : (i, j, k) array
        Dose at their centres.
    interpolation : "linear" or "cubic"
        The spline between them.

    Raises
    ------
    NotEvaluable
        If the dose grid has fewer than two voxels along an axis.
    """

    def __init__(self, grid: Grid, dose_gy: Floats, interpolation: DoseInterpolation) -> None:
        if min(grid.shape) < 2:
            raise NotEvaluable(
                f"the dose grid has {' x '.join(map(str, grid.shape))} voxels: "
                f"at least two along each axis are needed to interpolate"
            )
        self.grid = grid
        self.dose_gy = dose_gy
        self.degree = DEGREES[interpolation]
        i_mm = np.arange(self.grid.i_count) * self.grid.i_spacing_mm
        j_mm = np.arange(self.grid.j_count) * self.grid.j_spacing_mm
        k_mm = self.grid.frame_positions_mm
        self.axes = tuple(SplineAxis(np.asarray(mm), self.degree) for mm in (i_mm, j_mm, k_mm))
        coefficients = dose_gy
        for number, axis in enumerate(self.axes):
            coefficients = axis.coefficients(coefficients, number)
        self.coefficients = coefficients
        self._along: dict[bytes, AlignedAxes | None] = {}

    def along(self, frame: PlaneFrame) -> AlignedAxes | None:
        """Return the dose along the axes of planes; None where it lies obliquely to them."""
        key = frame.axes.tobytes()
        if key not in self._along:
            self._along[key] = self._aligned(frame)
        return self._along[key]

    def _aligned(self, frame: PlaneFrame) -> AlignedAxes | None:
        turn = frame.axes @ self.grid.axes.T
        if not np.allclose(np.sort(np.abs(turn), axis=1)[:, :2], 0, atol=ALIGNMENT_TOLERANCE):
            return None
        order = np.argmax(np.abs(turn), axis=1)
        signs = np.sign(turn[np.arange(3), order])
        origin = frame.to_plane(self.grid.origin_mm)
        coefficients = self.coefficients.transpose(order)
        axes = []
        for axis in range(3):
            along = origin[axis] + signs[axis] * self.axes[order[axis]].centres_mm
            if signs[axis] < 0:
                along, coefficients = along[::-1], np.flip(coefficients, axis)
            axes.append(SplineAxis(along, self.degree))
        u_axis, v_axis, n_axis = axes
        contiguous = np.ascontiguousarray(coefficients.transpose(2, 0, 1))
        return AlignedAxes(u_axis, v_axis, n_axis, contiguous)

    @property
    def spacing_mm(self) -> float:
        """Spacing of the voxels in the planes of the grid, the larger of the two."""
        return max(self.grid.i_spacing_mm, self.grid.j_spacing_mm)

    @cached_property
    def range_gy(self) -> tuple[float, float]:
        """Bounds of the dose anywhere in the grid, its outermost half voxels too.

        A spline lies between its coefficients, and so does what continues it between its own; at
        a corner of the grid a lone hot voxel rises to 1.5 x 1.5 x 1.5 of its dose.
        """
        low, high = float(self.coefficients.min()), float(self.coefficients.max())
        for number in range(3):
            rim = self.axes[number].ends(self.coefficients, number)
            for other, axis in enumerate(self.axes):
                if other != number:
                    rim = axis.continued(rim, other)
            low, high = min(low, float(rim.min())), max(high, float(rim.max()))
        return max(low, 0.0), high

    @cached_property
    def peaks_and_hollows(self) -> tuple[Integers, Integers]:
        """The voxels (P, 3) without a higher neighbour along an axis, and those without a lower.

        Of neighbours of the same dose one at least stands for them: the first.
        """
        return _ends(self.dose_gy, np.greater), _ends(self.dose_gy, np.less)

    def range_around(self, points_mm: Points) -> tuple[float, float]:
        """Return bounds of the dose in the box of the grid that holds points (N, 3)."""
        along = np.einsum("nx,ax->an", points_mm - self.grid.origin_mm, self.grid.axes)
        box = []
        for axis, positions in zip(self.axes, along, strict=True):
            ends = axis.weights(np.array([positions.min(), positions.max()])).first
            box.append(slice(int(ends[0]), int(ends[1]) + axis.degree + 1))
        inside = self.coefficients[tuple(box)]
        return float(inside.min()), float(inside.max())

    def at(self, points_mm: Points) -> Floats:
        """Return the dose (N,) in Gy at patient points (N, 3); NaN outside the grid."""
        weights, is_inside = self._weights(points_mm)
        value = np.zeros(len(points_mm))
        for picked, numbers in self._picked(weights):
            i, j, k = (one.value[number] for one, number in zip(weights, numbers, strict=True))
            value += picked * i * j * k
        return np.where(is_inside, np.maximum(value, 0), np.nan)

    def with_slopes(self, points_mm: Points) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
        """Return dose (N,), its slopes (N, 3) per mm along i, j and k, and what is inside (N,)."""
        weights, is_inside = self._weights(points_mm)
        value, slopes = np.zeros(len(points_mm)), np.zeros((len(points_mm), 3))
        for picked, numbers in self._picked(weights):
            values = [one.value[number] for one, number in zip(weights, numbers, strict=True)]
            value += picked * values[0] * values[1] * values[2]
            for axis in range(3):
                others = values[:axis] + values[axis + 1 :]
                slopes[:, axis] += (
                    picked * weights[axis].slope[numbers[axis]] * others[0] * others[1]
                )
        return value, slopes, is_inside

    def _weights(self, points_mm: Points) -> tuple[list[Weights], npt.NDArray[np.bool_]]:
        """Return the weights of points along each axis, and whether each is in the grid."""
        # Not a matrix product: the threads that it starts wait for each other on a busy machine.
        along = np.einsum("nx,ax->an", points_mm - self.grid.origin_mm, self.grid.axes)
        is_inside = np.ones(len(points_mm), dtype=bool)
        for axis, position in zip(self.axes, along, strict=True):
            is_inside &= (position >= axis.low_mm) & (position <= axis.high_mm)
        return [axis.weights(p) for axis, p in zip(self.axes, along, strict=True)], is_inside

    def _picked(self, weights: list[Weights]) -> Iterator[tuple[Floats, tuple[int, ...]]]:
        """Yield the coefficients that count at each point, one neighbour after the other."""
        for numbers in np.ndindex(*(len(one.value) for one in weights)):
            at = tuple(one.first + number for one, number in zip(weights, numbers, strict=True))
            yield self.coefficients[at], numbers


def _ends(values: Floats, exceeds: np.ufunc) -> Integers:
    """Return the places (P, 3) that exceed the one before them along each axis, if there is one.

    And that the one behind them does not exceed.
    """
    # In memory's own order: across it, the same takes three times as long.
    order = np.argsort(values.strides)[::-1]
    laid_out = values.transpose(order)
    is_end = np.ones(laid_out.shape, dtype=bool)
    for axis in range(3):
        along, of_axis = np.moveaxis(laid_out, axis, 0), np.moveaxis(is_end, axis, 0)
        grows = exceeds(along[1:], along[:-1])
        of_axis[1:] &= grows
        of_axis[:-1] &= ~grows
    return np.asarray(np.argwhere(is_end)[:, np.argsort(order)])
