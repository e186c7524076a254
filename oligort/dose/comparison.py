"""Two histograms in one dose side by side: ours and another system's, or parts and drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

import numpy as np

from oligort.dose.dvh import Dvh
from oligort.dose.metric import Metric
from oligort.dose.planned_dvh import PlannedDvh
from oligort.measure import Interval

FINE_BIN_GY = 0.1
"""Widest first bin whose volume may be a body's less what receives next to nothing.

A planning system that counts from the middle of a bin of 0.01 Gy leaves 6 % of a body out, which
lies far from any beam.
"""

STATISTICS_SHARE = 0.1
"""Share by which a stated mean may differ from that of its own curve.

Systems take their statistics from points and their curves from voxels, which differ by a few
percent; another unit differs by much more than a tenth.
"""

EXTREME_SHARE = 0.02
"""Share of a curve's highest dose by which a stated minimum or maximum may lie beyond its ends.

Volumes written with six digits end a curve some bins before the last point that has a dose: 0.03 Gy
of 14.7 in a real export. So that much, beside a bin to either end.
"""


STATED = ("minimum", "mean", "maximum")
"""The doses that a planning system states beside a curve."""


class Statistics(StrEnum):
    """What a minimum, mean or maximum beside a curve is."""

    ABSENT = "not stated"
    AGREE = "those of the curve"
    PERCENT = "percent of the prescription"
    CONTRADICT = "not those of the curve"


@dataclass(frozen=True)
class Comparison:
    """Ours less theirs, to the nearest end of the intervals that either leaves open.

    Parameters
    ----------
    volume_percent : float or None
        Difference of the whole volumes in percent of theirs; None where theirs is not in cc.
    mean_gy : float
        Difference of the mean doses.
    metric_points : mapping of metric to float
        Differences of volumes at a dose, in percentage points.
    worst_points, worst_at_gy : float
        Largest difference of the curves in percentage points, and the dose where it is. Where a
        tolerance of dose was given, of the volumes that no dose within it explains.
    mean_open_gy : float
        How far apart the mean doses lie that their bins leave open.
    metric_open_points : mapping of metric to float
        The same of the volumes at a dose, in percentage points.
    curve_open_points : float
        The same of their curve where it is widest; where a tolerance of dose was given, what is
        left when either end of it comes nearer by as much.
    """

    volume_percent: float | None
    mean_gy: float
    metric_points: Mapping[str, float]
    worst_points: float
    worst_at_gy: float
    mean_open_gy: float = 0.0
    metric_open_points: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    curve_open_points: float = 0.0

    def unexplained_by(self, other: "Comparison") -> "Comparison":
        """Return what is left where the truth may be that of another convention, or between both.

        Of the curves, the nearer one.
        """
        volume = None
        if self.volume_percent is not None and other.volume_percent is not None:
            volume = _nearest(self.volume_percent, other.volume_percent)
        nearer = min(self, other, key=lambda one: abs(one.worst_points))
        return replace(
            nearer,
            volume_percent=volume,
            mean_gy=_nearest(self.mean_gy, other.mean_gy),
            metric_points={
                metric: _nearest(points, other.metric_points[metric])
                for metric, points in self.metric_points.items()
            },
        )


def beside_drawn(computed: Dvh, drawn: Dvh) -> str:
    """Return what to say of an ROI drawn under the name of an expression that was computed."""
    volume = f"{drawn.volume_cc:.1f} cc against {computed.volume_cc:.1f} cc"
    mean = ""
    if drawn.mean_gy is not None and computed.mean_gy is not None:
        mean = f", mean {drawn.mean_gy:.2f} against {computed.mean_gy:.2f} Gy"
    return (
        f"computed from its parts, though an ROI of this name is drawn, which has {volume}{mean}; "
        f"in double quotes the name is that ROI"
    )


def compare(
    ours: Dvh,
    theirs: PlannedDvh,
    metrics: Sequence[Metric] = (),
    *,
    is_body: bool = False,
    dose_tolerance_gy: float = 0.0,
) -> Comparison:
    """Return the differences of a histogram from the planning system's.

    Parameters
    ----------
    ours : Dvh
        The structure's histogram in the same dose.
    theirs : PlannedDvh
        The planning system's, with a curve.
    metrics : sequence of Metric
        Volumes in percent at a dose in Gy to compare.
    is_body : bool
        Whether it is the outline of the body, of which theirs may leave out what lies in no beam.
    dose_tolerance_gy : float
        How far the curves may lie apart along dose: where they fall steeply, next to no dose makes
        a large difference of volume.

    Raises
    ------
    NotEvaluable
        If the structure lies wholly outside the dose grid.
    ValueError
        If there is no curve.
    """
    mean = ours["Mean[Gy]"]
    points, open_points = {}, {}
    for metric in metrics:
        value = ours[metric]
        least, most = theirs.percent_at(np.array([metric.at]))
        points[str(metric)] = _distance(value.low, value.high, float(least[0]), float(most[0]))
        open_points[str(metric)] = float(most[0] - least[0])
    assert theirs.edges_gy is not None
    # Beyond the last of both is no volume; within a tolerance of it there is still theirs.
    edges_gy = np.union1d(ours.edges_gy, theirs.edges_gy)
    doses_gy = np.unique([edges_gy - dose_tolerance_gy, edges_gy, edges_gy + dose_tolerance_gy])
    doses_gy = doses_gy[doses_gy >= 0]
    least, _ = theirs.percent_at(doses_gy + dose_tolerance_gy)
    _, most = theirs.percent_at(doses_gy - dose_tolerance_gy)
    curve = 100 / ours.volume_cc * np.interp(doses_gy, ours.edges_gy, ours.cumulative_cc, right=0.0)
    # What lies outside the grid may have any dose.
    highest = curve + 100 * ours.uncovered_cc / ours.volume_cc
    apart = np.maximum(curve - most, 0) - np.maximum(least - highest, 0)
    worst = int(np.argmax(np.abs(apart)))
    return Comparison(
        volume_percent=_volume_percent(ours, theirs, is_body),
        mean_gy=_distance(mean.low, mean.high, *theirs.mean_gy),
        metric_points=points,
        worst_points=float(apart[worst]),
        worst_at_gy=float(doses_gy[worst]),
        mean_open_gy=theirs.mean_gy.high - theirs.mean_gy.low,
        metric_open_points=open_points,
        curve_open_points=_open_points(theirs, dose_tolerance_gy),
    )


def _open_points(theirs: PlannedDvh, dose_tolerance_gy: float) -> float:
    """Return how many points of volume their bins leave open that no shift of dose closes."""
    assert theirs.edges_gy is not None
    # Between these doses both ends are level.
    steps_gy = np.union1d(theirs.edges_gy - dose_tolerance_gy, theirs.edges_gy + dose_tolerance_gy)
    doses_gy = (steps_gy[1:] + steps_gy[:-1]) / 2
    doses_gy = doses_gy[doses_gy >= 0]
    least, _ = theirs.percent_at(doses_gy - dose_tolerance_gy)
    _, most = theirs.percent_at(doses_gy + dose_tolerance_gy)
    return float((most - least).max(initial=0.0))


def statistics_of(planned: PlannedDvh, prescription_gy: float | None) -> dict[str, Statistics]:
    """Return what the stated "minimum", "mean" and "maximum" are, each beside its own curve.

    Raises
    ------
    ValueError
        If there is no curve.
    """
    low, high = planned.mean_gy
    mean = Interval(low * (1 - STATISTICS_SHARE), high * (1 + STATISTICS_SHARE))
    return {
        "minimum": _is(planned.stated_minimum, _extreme(planned, "minimum"), prescription_gy),
        "mean": _is(planned.stated_mean, mean, prescription_gy),
        "maximum": _is(planned.stated_maximum, _extreme(planned, "maximum"), prescription_gy),
    }


def _extreme(planned: PlannedDvh, name: Literal["minimum", "maximum"]) -> Interval:
    """Return the doses that a stated minimum or maximum may have."""
    assert planned.edges_gy is not None
    low, high = planned.minimum_gy if name == "minimum" else planned.maximum_gy
    slack_gy = float(np.diff(planned.edges_gy).max())
    slack_gy += EXTREME_SHARE * planned.maximum_gy.high
    return Interval(low - slack_gy, high + slack_gy)


def _is(stated: float | None, expected: Interval, prescription_gy: float | None) -> Statistics:
    if stated is None:
        return Statistics.ABSENT
    if expected.low <= stated <= expected.high:
        return Statistics.AGREE
    if (
        prescription_gy is not None
        and expected.low <= stated * prescription_gy / 100 <= expected.high
    ):
        return Statistics.PERCENT
    return Statistics.CONTRADICT


def _volume_percent(ours: Dvh, theirs: PlannedDvh, is_body: bool) -> float | None:
    if theirs.volume_cc is None or theirs.edges_gy is None:
        return None
    first_bin_gy = float(theirs.edges_gy[1])
    least_cc = ours.volume_cc
    if is_body and first_bin_gy <= FINE_BIN_GY:
        covered_cc = float(np.interp(first_bin_gy, ours.edges_gy, ours.cumulative_cc))
        least_cc = covered_cc + ours.uncovered_cc
    apart_cc = _distance(least_cc, ours.volume_cc, theirs.volume_cc, theirs.volume_cc)
    return 100 * apart_cc / theirs.volume_cc


def _nearest(one: float, other: float) -> float:
    """Return the smaller of two differences; none where the truth may lie between the two."""
    return min(one, other, key=abs) if one * other > 0 else 0.0


def _distance(low: float, high: float, other_low: float, other_high: float) -> float:
    """Return how far one interval lies above (or, negative, below) another; 0 where they meet."""
    return max(low - other_high, 0.0) - max(other_low - high, 0.0)
