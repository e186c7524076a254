"""Readings: what a histogram, and the curves that bound it, say of a metric.

All but two metrics rise or fall with the curve throughout: of two curves between which the truth
lies they give the ends of the interval. The indices HI and CI, which are ratios, are bounded by the
ends of their parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from oligort.dose.curve import Curve, never_above, never_below
from oligort.dose.doubt import NumericalDoubt
from oligort.dose.geud import Powers, geud_gy
from oligort.dose.tally import TIE_GY
from oligort.measure import Interval

if TYPE_CHECKING:
    from oligort.dose.edge import EdgeDose

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """One possible course of the doses of a structure.

    Parameters
    ----------
    curve : Curve
        In cc.
    min_gy, mean_gy, max_gy : float
        Its statistics, which no curve of bins has exactly.
    counted_cc : float
        The volume whose gEUD it is: the covered one, or all with what is outside the dose grid.
    """

    curve: Curve
    min_gy: float
    mean_gy: float
    max_gy: float
    counted_cc: float

    def volume_at(self, dose_gy: float, whole_cc: float) -> float:
        """Return the volume with at least a dose; the whole one where it is that but for rounding.

        "V95%[%] >= 100" asks for nothing less, and is not broken by the last digit of a sum.
        """
        volume_cc = self.curve.volume_at(dose_gy)
        return whole_cc if abs(volume_cc - whole_cc) <= self.curve.rounding_cc else volume_cc

    def hottest_gy(self, volume_cc: float) -> float:
        """Return the highest dose that at least this volume receives."""
        if volume_cc <= self.curve.rounding_cc:
            return self.max_gy
        dose_gy = self.curve.hottest_gy(volume_cc)
        # Comparisons in place of min and max: a homogeneity index asks nine times.
        if dose_gy < self.min_gy:
            return self.min_gy
        return dose_gy if dose_gy < self.max_gy else self.max_gy

    def within_gy(self, dose_gy: float) -> float:
        """Return a dose, or the lowest or highest one where it is beyond."""
        return min(max(dose_gy, self.min_gy), self.max_gy)


class Bounds(NamedTuple):
    """Two readings between which the truth lies, for one cause of doubt."""

    low: Reading
    high: Reading


class Bins(NamedTuple):
    """A histogram as it is stored: edges (n + 1,), cumulative volumes, and its statistics."""

    edges_gy: Floats
    cumulative_cc: Floats
    min_gy: float
    mean_gy: float
    max_gy: float

    def corners_gy(self, lowest_gy: float, highest_gy: float, *, from_0: bool) -> Floats:
        """Return the corners (K,) of all curves: within the bins also at both ends of the doses.

        Twice at the lowest and at the maximum, where a curve may fall at once; `from_0` is whether
        one of them may fall below the lowest too.
        """
        after, until = self.edges_gy.searchsorted([lowest_gy, highest_gy])
        after = 0 if from_0 else after
        corners = np.concatenate(
            [
                [0.0] * from_0,
                [lowest_gy, lowest_gy, self.min_gy, self.max_gy, self.max_gy, highest_gy],
                self.edges_gy[after:until],
            ]
        )
        corners.sort()
        return np.asarray(np.maximum(corners, 0.0))

    def at(self, corners_gy: Floats, curve_cc: Floats) -> Floats:
        """Return a curve (n + 1,) at corners: all up to the lowest dose, none above the highest.

        In the bin that holds the highest dose its volume has that dose.
        """
        volume = np.interp(corners_gy, self.edges_gy, curve_cc)
        volume[: int(corners_gy.searchsorted(self.min_gy, side="right"))] = curve_cc[0]
        maximum = int(corners_gy.searchsorted(self.max_gy))
        # By a tie, since the edges are those of doses raised by one.
        last = int(self.edges_gy.searchsorted(self.max_gy + TIE_GY, side="right")) - 1
        volume[maximum] = curve_cc[last]
        volume[maximum + 1 :] = 0
        return volume


def found(bins: Bins, corners_gy: Floats, rounding_cc: float) -> Reading:
    """Return the histogram itself."""
    curve = Curve(corners_gy, bins.at(corners_gy, bins.cumulative_cc), rounding_cc=rounding_cc)
    return Reading(curve, bins.min_gy, bins.mean_gy, bins.max_gy, float(bins.cumulative_cc[0]))


def numerical_bounds(value: Reading, bins: Bins, doubt: NumericalDoubt) -> Bounds:
    """Return what the computation may be off by.

    Between two edges the half-width is taken as straight as the curve. All volume has the lowest
    dose that there can be, none has more than the highest.
    """
    corners, covered = value.curve.dose_gy, value.counted_cc
    rounding = value.curve.rounding_cc
    least = np.interp(corners, bins.edges_gy, np.maximum(bins.cumulative_cc - doubt.curve_cc, 0))
    least[: int(corners.searchsorted(doubt.min_gy.low)) + 1] = covered
    least[int(corners.searchsorted(bins.max_gy)) + 1 :] = 0
    most = np.minimum(bins.cumulative_cc + doubt.curve_cc, covered)
    upper = np.interp(corners, bins.edges_gy, most)
    # Up to the lowest dose that was found there may be no less, and from the highest on what
    # a bin begins with may all be at its end.
    upper[: int(corners.searchsorted(bins.min_gy, side="right"))] = covered
    end = int(corners.searchsorted(bins.max_gy))
    before = np.maximum(bins.edges_gy.searchsorted(corners[end:]) - 1, 0)
    upper[end:] = most[before]
    return Bounds(
        Reading(
            Curve(corners, never_below(least), rounding_cc=rounding),
            doubt.min_gy.low,
            doubt.mean_gy.low,
            doubt.max_gy.low,
            covered,
        ),
        Reading(
            Curve(corners, never_above(upper), rounding_cc=rounding),
            doubt.min_gy.high,
            doubt.mean_gy.high,
            doubt.max_gy.high,
            covered,
        ),
    )


def coverage_bounds(
    value: Reading,
    bins: Bins,
    uncovered_cc: float,
    partly_covered_cc: Floats | None,
    edge: "EdgeDose | None",
) -> Bounds:
    """Return what doses that are not known could make of it.

    At the least there is none outside the grids, and no more than is known of inside; beyond the
    outermost centres no more than is certain. At the most all of it is as high as can be; what is
    known is the rest.
    """
    if edge is not None:
        return _edge_bounds(value, bins, uncovered_cc, edge)
    curve, rounding = value.curve, value.curve.rounding_cc
    whole = value.counted_cc + uncovered_cc
    is_outside = uncovered_cc > rounding
    low = Reading(
        curve,
        0.0 if is_outside else value.min_gy,
        value.mean_gy * value.counted_cc / whole,
        value.max_gy,
        whole,
    )
    if partly_covered_cc is None:
        known = Curve(curve.dose_gy, curve.volume_cc, uncovered_cc, rounding)
        return Bounds(low, Reading(known, value.min_gy, np.inf, np.inf, whole))
    # Two sums over bins: their difference rises here and there by rounding.
    fully_cc = max(value.counted_cc - float(partly_covered_cc[0]), 0.0)
    full = np.clip(bins.cumulative_cc - partly_covered_cc, 0, fully_cc)
    full = np.maximum.accumulate(full[::-1])[::-1]
    known = Curve(
        curve.dose_gy,
        bins.at(curve.dose_gy, full),
        uncovered_cc + float(partly_covered_cc[0]),
        rounding,
    )
    return Bounds(low, Reading(known, known.lowest_below_gy, np.inf, np.inf, whole))


def _edge_bounds(value: Reading, bins: Bins, uncovered_cc: float, edge: "EdgeDose") -> Bounds:
    """Return the same where some volume lies beyond the outermost centres of a grid.

    That of which only some grids of a sum are known lies beyond those of the others.
    """
    curve, rounding = value.curve, value.curve.rounding_cc
    whole = value.counted_cc + uncovered_cc
    beyond_cc = bins.at(curve.dose_gy, edge.found)
    least_cc = curve.volume_cc - beyond_cc
    least_cc += np.interp(curve.dose_gy, bins.edges_gy, edge.least)
    least_cc = np.clip(least_cc, 0, curve.volume_cc)
    maximum = int(curve.dose_gy.searchsorted(bins.max_gy))
    if beyond_cc[maximum] > rounding:
        # Of what shares the last bin the highest dose need not be.
        least_cc[maximum:] = 0
    # All of it has 0 Gy, and at once no more than what is certain.
    least_cc[0] = value.counted_cc
    # The corners at both ends of the doses lie within bins: there it may seem to rise.
    least_cc = np.minimum.accumulate(least_cc)
    least = Curve(curve.dose_gy, least_cc, rounding_cc=rounding)
    is_whole = uncovered_cc <= rounding
    low = Reading(
        least,
        min(least.lowest_above_gy, value.min_gy) if is_whole else 0.0,
        max(value.mean_gy * value.counted_cc - edge.lost_gy, 0.0) / whole,
        min(least.highest_above_gy, value.max_gy),
        whole,
    )
    full = np.clip(bins.cumulative_cc - edge.found, 0, max(value.counted_cc - edge.volume, 0.0))
    full = np.maximum.accumulate(full[::-1])[::-1]
    known = Curve(curve.dose_gy, bins.at(curve.dose_gy, full), uncovered_cc + edge.volume, rounding)
    lowest_gy = max(known.lowest_below_gy, value.min_gy)
    return Bounds(low, Reading(known, lowest_gy, np.inf, np.inf, whole))


def set_up(readings: Sequence[Reading]) -> Powers:
    """Return the powers that the gEUD asks, worked out as far as every exponent can share them."""
    powers = Powers([reading.curve for reading in readings])
    powers.set_up()
    return powers


def geuds_gy(readings: Sequence[Reading], powers: Powers, exponent: float) -> list[float]:
    """Return the gEUD of readings from their powers, none beyond its own extremes."""
    values = geud_gy(powers, [reading.counted_cc for reading in readings], exponent)
    return [reading.within_gy(value) for value, reading in zip(values, readings, strict=True)]


def between(value: float, one: float, other: float) -> Interval:
    """Return the interval of a value and the ends that its bounds give, in any order."""
    low, high = (one, other) if one <= other else (other, one)
    return Interval(min(low, value), max(high, value))
