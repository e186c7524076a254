"""Splines: dose between voxel centres, along one axis of a grid at a time.

Linear interpolation is the spline of degree 1, whose coefficients are the voxel values; the cubic
B-spline through the voxel values follows a peak that a line cuts off. Beyond the outermost centres
both go on straight.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from oligort.conventions import DoseInterpolation

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

UNIFORM_SHARE = 1e-6
"""Steps that differ by less of themselves are equal: over 500 voxels that is a micrometre."""

KNOT_SHARE = 1e-6
"""A knot this near to the end of an interval, as a share of it, is at its end: rounding."""

DEGREES: dict[DoseInterpolation, int] = {"linear": 1, "cubic": 3}


@dataclass(frozen=True, eq=False)
class Weights:
    """What each of N positions takes of which coefficients.

    Parameters
    ----------
    first : (N,) integers
        The first coefficient that counts.
    value : (degree + 1, N) array
        Weights that give the value.
    slope : (degree + 1, N) array
        Weights that give the derivative per mm.
    ends : (degree + 1, N) array, optional
        Of intervals that knots lie in, weights that give the mean of the values at both ends.
    """

    first: Integers
    value: Floats
    slope: Floats
    ends: Floats | None = None


class SplineAxis:
    """The spline along one axis of a grid.

    Parameters
    ----------
    centres_mm : (n,) array
        Ascending centres of the voxels, at least two.
    degree : int
        1 or 3; a cubic needs four voxels, fewer are joined by lines.
    """

    def __init__(self, centres_mm: Floats, degree: int) -> None:
        self.centres_mm = centres_mm
        self.degree = degree if len(centres_mm) > degree else 1
        first, last = centres_mm[0], centres_mm[-1]
        self.low_mm = float(first - (centres_mm[1] - first) / 2)
        self.high_mm = float(last + (last - centres_mm[-2]) / 2)
        # "Not a knot" beside the ends: as many coefficients as voxels, and no condition made up.
        skipped = (self.degree + 1) // 2
        inner = centres_mm[skipped:-skipped]
        self._knots = np.concatenate(
            [np.repeat(first, self.degree + 1), inner, np.repeat(last, self.degree + 1)]
        )

    @property
    def is_uniform(self) -> bool:
        """Whether all centres are equally far apart."""
        steps = np.diff(self.centres_mm)
        return bool(np.ptp(steps) <= UNIFORM_SHARE * steps[0])

    def cut(self, positions_mm: Floats, size_mm: float | Floats) -> tuple[Floats, Floats]:
        """Return middle and size of what lies in the grid of intervals around positions (N,)."""
        low = np.maximum(positions_mm - size_mm / 2, self.low_mm)
        high = np.minimum(positions_mm + size_mm / 2, self.high_mm)
        return (low + high) / 2, np.maximum(high - low, 0.0)

    def between(self, positions_mm: Floats, size_mm: float | Floats) -> Floats:
        """Return which share of intervals around positions (N,) lies between outermost centres."""
        low = np.maximum(positions_mm - size_mm / 2, self.centres_mm[0])
        high = np.minimum(positions_mm + size_mm / 2, self.centres_mm[-1])
        return np.asarray(np.clip((high - low) / size_mm, 0.0, 1.0))

    def weights(self, positions_mm: Floats) -> Weights:
        """Return what each position takes of the coefficients.

        Positions beyond the outermost half voxel, where nothing is used, count as at its border:
        numbers stay finite.
        """
        return self._weights(positions_mm, self._span(positions_mm))

    def first(self, positions_mm: Floats) -> Integers:
        """Return the first coefficient that counts at each position (N,).

        To rounding: a position at a knot may be told to lie on either side of it.
        """
        inner = self._knots[self.degree + 1 : -self.degree - 1]
        if not self.is_uniform:
            return np.asarray(np.searchsorted(inner, positions_mm, side="right"))
        start, end = self.centres_mm[0], self.centres_mm[-1]
        voxel = (positions_mm - start) * ((len(self.centres_mm) - 1) / (end - start))
        # The first knot inside is at the second voxel, of a cubic at the third.
        voxel -= (self.degree - 1) // 2
        return np.asarray(np.clip(voxel, 0, len(inner)), dtype=np.int64)

    def mean_weights(self, positions_mm: Floats, sizes_mm: Floats) -> Weights:
        """Return what the means over intervals around positions take of the coefficients.

        By Simpson's rule, exact for a cubic: for an interval between two knots. Slopes are those
        in the middle.
        """
        return self._means(positions_mm, sizes_mm, self._span(positions_mm))

    def mean_weights_across(self, positions_mm: Floats, sizes_mm: Floats) -> Weights:
        """Return the same of intervals that knots may lie in: the sum of the pieces of each.

        Slopes are then those from end to end. All intervals have as many weights as the one that
        needs most.
        """
        low, high = positions_mm - sizes_mm / 2, positions_mm + sizes_mm / 2
        at_end = KNOT_SHARE * sizes_mm
        first, last = self._span(low + at_end), self._span(high - at_end)
        more = int((last - first).max(initial=0))
        if not more:
            return self._means(positions_mm, sizes_mm, first)
        # At the upper end of the grid what other intervals need more would lie beyond it.
        start = np.minimum(first, len(self.centres_mm) - 1 - more)
        shape = (self.degree + 1 + more, len(positions_mm))
        value, slope, ends = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        column = np.arange(len(positions_mm))

        def add(into: Floats, weights: Floats, share: Floats | float, span: Integers) -> None:
            for number, weight in enumerate(weights):
                into[span - start + number, column] += share * weight

        for number in range(more + 1):
            span = np.minimum(first + number, last)
            begin = np.maximum(low, self._knots[span]) if number else low
            end = np.where(span == last, high, self._knots[span + 1])
            piece = self._means((begin + end) / 2, end - begin, span)
            share = np.full(len(low), 0.0 if number else 1.0)
            is_there = (first + number <= last) & (sizes_mm > 0)
            np.divide(end - begin, sizes_mm, out=share, where=is_there)
            add(value, piece.value, share, span)
            add(slope, piece.slope, share, span)
        for at_mm, span in ((low, first), (high, last)):
            add(ends, self._weights(at_mm, span).value, 0.5, span)
        return Weights(start - self.degree, value, slope, ends)

    def _means(self, positions_mm: Floats, sizes_mm: Floats, span: Integers) -> Weights:
        if self.degree == 1:
            # The mean of a straight line is that in its middle.
            return self._weights(positions_mm, span)
        middle, low, high = (
            self._weights(positions_mm + side * sizes_mm / 2, span) for side in (0, -1, 1)
        )
        return Weights(middle.first, (4 * middle.value + low.value + high.value) / 6, middle.slope)

    def _span(self, positions_mm: Floats) -> Integers:
        """Return the span between two knots that each position lies in."""
        span = np.searchsorted(self._knots, positions_mm, side="right") - 1
        return np.clip(span, self.degree, len(self._knots) - self.degree - 2)

    def _weights(self, positions_mm: Floats, span: Integers) -> Weights:
        inside = np.clip(positions_mm, self.centres_mm[0], self.centres_mm[-1])
        beyond = np.clip(positions_mm, self.low_mm, self.high_mm) - inside
        lower = self._basis(inside, span, self.degree - 1)
        slope = np.zeros((self.degree + 1, len(inside)))
        for number, share in enumerate(lower):
            start = span - self.degree + 1 + number
            width = self._knots[start + self.degree] - self._knots[start]
            slope[number] -= self.degree * share / width
            slope[number + 1] += self.degree * share / width
        value = self._basis(inside, span, self.degree) + beyond * slope
        return Weights(span - self.degree, value, slope)

    def _basis(self, positions_mm: Floats, span: Integers, degree: int) -> Floats:
        """Return the B-splines (degree + 1, N) of a degree that are not zero at each position.

        The recursion of Cox and de Boor, as in Piegl and Tiller, The NURBS Book, algorithm A2.2.
        """
        basis = np.zeros((degree + 1, len(positions_mm)))
        basis[0] = 1
        for order in range(1, degree + 1):
            carried = np.zeros(len(positions_mm))
            for number in range(order):
                above = self._knots[span + number + 1]
                below = self._knots[span + 1 - order + number]
                share = basis[number] / (above - below)
                basis[number] = carried + (above - positions_mm) * share
                carried = (positions_mm - below) * share
            basis[order] = carried
        return basis

    def coefficients(self, values: Floats, axis: int) -> Floats:
        """Return the coefficients of the spline through values along an axis of an array."""
        if self.degree == 1:
            return values
        turned = np.moveaxis(values, axis, 0)
        solved = np.linalg.solve(self._collocation, turned.reshape(len(turned), -1))
        return np.asarray(np.moveaxis(solved.reshape(turned.shape), 0, axis))

    @cached_property
    def _collocation(self) -> Floats:
        """(n, n) matrix that turns coefficients into values at the centres."""
        weights = self.weights(self.centres_mm)
        matrix = np.zeros((len(self.centres_mm),) * 2)
        rows = np.arange(len(self.centres_mm))
        for number, share in enumerate(weights.value):
            matrix[rows, weights.first + number] = share
        return matrix

    def ends(self, coefficients: Floats, axis: int) -> Floats:
        """Return the spline at both borders of the grid along an axis: an array of length 2 there.

        A spline lies between the least and the greatest of its coefficients, and the straight
        line beyond its end between the end's and the border's.
        """
        border = self.weights(np.array([self.low_mm, self.high_mm]))
        turned = np.moveaxis(coefficients, axis, 0)
        values = [
            np.asarray(np.tensordot(border.value[:, end], turned[first:][: self.degree + 1], 1))
            for end, first in enumerate(border.first)
        ]
        return np.asarray(np.moveaxis(np.stack(values), 0, axis))

    def continued(self, coefficients: Floats, axis: int) -> Floats:
        """Return the coefficients with the values at both borders before and behind them."""
        low, high = np.split(self.ends(coefficients, axis), 2, axis)
        return np.concatenate([low, coefficients, high], axis)
