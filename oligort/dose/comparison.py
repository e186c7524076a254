"""Two histograms in one dose side by side: ours and another system's, or parts and drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from oligort.dose.dvh import Dvh
from oligort.dose.metric import Metric
from oligort.dose.planned_dvh import PlannedDvh

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


class Statistics(StrEnum):
    """What minimum, mean and maximum beside a curve are."""

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
        Largest difference of the curves in percentage points, and the dose where it is.
    """

    volume_percent: float | None
    mean_gy: float
    metric_points: Mapping[str, float]
    worst_points: float
    worst_at_gy: float


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
    ours: Dvh, theirs: PlannedDvh, metrics: Sequence[Metric] = (), *, is_body: bool = False
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

    Raises
    ------
    NotEvaluable
        If the structure lies wholly outside the dose grid.
    ValueError
        If there is no curve.
    """
    mean = ours["Mean[Gy]"]
    points = {}
    for metric in metrics:
        value = ours[metric]
        least, most = theirs.percent_at(np.array([metric.at]))
        points[str(metric)] = _distance(value.low, value.high, float(least[0]), float(most[0]))
    assert theirs.edges_gy is not None
    doses_gy = np.union1d(ours.edges_gy, theirs.edges_gy)
    least, most = theirs.percent_at(doses_gy)
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
    )


def statistics_of(planned: PlannedDvh, prescription_gy: float | None) -> Statistics:
    """Return what the stated mean of a histogram is, beside the mean of its own curve.

    Raises
    ------
    ValueError
        If there is no curve.
    """
    stated = planned.stated_mean
    if stated is None:
        return Statistics.ABSENT
    if _is_mean(planned, stated):
        return Statistics.AGREE
    if prescription_gy is not None and _is_mean(planned, stated * prescription_gy / 100):
        return Statistics.PERCENT
    return Statistics.CONTRADICT


def _is_mean(planned: PlannedDvh, dose_gy: float) -> bool:
    low, high = planned.mean_gy
    return low * (1 - STATISTICS_SHARE) <= dose_gy <= high * (1 + STATISTICS_SHARE)


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


def _distance(low: float, high: float, other_low: float, other_high: float) -> float:
    """Return how far one interval lies above (or, negative, below) another; 0 where they meet."""
    return max(low - other_high, 0.0) - max(other_low - high, 0.0)
