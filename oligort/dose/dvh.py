"""Dvh: a cumulative dose-volume histogram, and the metrics that are read off it.

Every metric comes as a `Measure` with an interval for each cause of doubt: what the computation
itself may be off by, what volume outside the dose grid could make of it and, on request, what
other conventions would have given.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from oligort.dose.metric import Metric
from oligort.dose.tally import TIE_GY, VOLUME_ROUNDING
from oligort.errors import NotEvaluable
from oligort.measure import Interval, Measure

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NumericalDoubt:
    """What the computation of a histogram may be off by.

    Parameters
    ----------
    curve_cc : (n + 1,) array
        Half-width of the interval around the cumulative volume at each edge.
    min_gy, mean_gy, max_gy : Interval
        In which the doses of the covered part lie.
    """

    curve_cc: Floats
    min_gy: Interval
    mean_gy: Interval
    max_gy: Interval

    def __post_init__(self) -> None:
        self.curve_cc.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Dvh:
    """A cumulative dose-volume histogram.

    Parameters
    ----------
    roi_name : str
        The ROI or the expression.
    roi_number : int or None
        None for an expression.
    edges_gy : (n + 1,) array
        Bin edges, ascending from 0; the last is at or above the maximum.
    cumulative_cc : (n + 1,) array
        Covered volume with at least the dose of each edge.
    volume_cc : float
        Whole volume, from the contours alone.
    uncovered_cc : float
        Volume outside the dose grid.
    min_gy, mean_gy, max_gy : float or None
        Of the covered part; None where nothing is covered.
    numerical : NumericalDoubt or None
        What the computation may be off by; None of a curve that is taken as exact.
    alternatives : tuple of Dvh
        The histograms that other conventions give; they make the interval ``convention``.
    loops_overlap : bool
        Whether loops of a plane cross each other, so that what they share is in dispute.
    settings : mapping
        The conventions in force, by name.
    notes : tuple of str
        What was assumed or repaired.

    Raises
    ------
    ValueError
        If the curve rises, or does not start at the covered volume.
    """

    roi_name: str
    roi_number: int | None
    edges_gy: Floats
    cumulative_cc: Floats
    volume_cc: float
    uncovered_cc: float
    min_gy: float | None
    mean_gy: float | None
    max_gy: float | None
    numerical: NumericalDoubt | None = None
    alternatives: tuple["Dvh", ...] = ()
    loops_overlap: bool = False
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rounding = VOLUME_ROUNDING * self.volume_cc
        if self.edges_gy.shape != self.cumulative_cc.shape or self.edges_gy[0] != 0:
            raise ValueError("expected a volume for every edge, and edges from 0 Gy")
        if (np.diff(self.cumulative_cc) > rounding).any():
            raise ValueError("expected a cumulative curve that never rises")
        if abs(self.cumulative_cc[0] + self.uncovered_cc - self.volume_cc) > rounding:
            raise ValueError("expected covered and uncovered volume to make up the whole")
        self.edges_gy.setflags(write=False)
        self.cumulative_cc.setflags(write=False)

    @property
    def covered_cc(self) -> float:
        """Volume inside the dose grid."""
        return self.volume_cc - self.uncovered_cc

    def __getitem__(self, metric: str | Metric) -> Measure:
        """Return a metric with its intervals.

        Percentages of volume are of the whole volume. Where part of it is uncovered, the value
        counts that part as 0 Gy (V, D) or leaves it out (Min, Mean, Max), and the interval
        ``coverage`` tells what any dose there could make of it.

        Raises
        ------
        MetricError
            If the text is no metric.
        NotEvaluable
            If the histogram cannot answer.
        """
        metric = Metric.parse(metric) if isinstance(metric, str) else metric
        if "%" in (metric.at_unit if metric.kind == "V" else metric.unit):
            raise NotEvaluable(
                f"{metric} needs a prescription to be relative to, and none was given"
            )
        if self.min_gy is None or self.mean_gy is None or self.max_gy is None:
            raise NotEvaluable(
                f"the whole structure ({self.volume_cc:.4g} cc) lies outside the dose grid"
            )
        value = self._value(metric)
        intervals = {}
        if self.numerical is not None:
            intervals["numerical"] = self._numerical(metric, value, self.numerical)
        if self._has_uncovered:
            intervals["coverage"] = self._coverage(metric, value)
        if self.alternatives:
            intervals["convention"] = self._convention(metric, value)
        return Measure(value, metric.unit, **intervals)

    @property
    def _has_uncovered(self) -> bool:
        return self.uncovered_cc > VOLUME_ROUNDING * self.volume_cc

    def _value(self, metric: Metric) -> float:
        assert self.min_gy is not None
        assert self.mean_gy is not None
        assert self.max_gy is not None
        match metric.kind:
            case "V":
                return self._volume_at(metric, self.cumulative_cc) * self._scale(metric)
            case "D":
                return self._hottest(self._asked_cc(metric), self.cumulative_cc)
            case "Min":
                return self.min_gy
            case "Max":
                return self.max_gy
            case "Mean":
                return self.mean_gy

    def _numerical(self, metric: Metric, value: float, doubt: NumericalDoubt) -> Interval:
        """Return the interval of what the computation may be off by."""
        least = np.maximum(self.cumulative_cc - doubt.curve_cc, 0)
        most = np.minimum(self.cumulative_cc + doubt.curve_cc, self.covered_cc)
        match metric.kind:
            case "V":
                scale = self._scale(metric)
                low = self._volume_at(metric, least) * scale
                high = self._volume_at(metric, most) * scale
            case "D":
                asked = self._asked_cc(metric)
                low = self._hottest(asked, least) if asked <= least[0] else doubt.min_gy.low
                high = self._hottest(asked, most)
                if most[-1] >= asked:
                    high = doubt.max_gy.high
            case "Min":
                low, high = doubt.min_gy
            case "Max":
                low, high = doubt.max_gy
            case "Mean":
                low, high = doubt.mean_gy
        return Interval(min(low, value), max(high, value))

    def _coverage(self, metric: Metric, value: float) -> Interval:
        """Return the interval of what any dose in the uncovered part could make of a metric."""
        match metric.kind:
            case "V":
                return Interval(value, value + self.uncovered_cc * self._scale(metric))
            case "D":
                # Were the uncovered part hotter than all else, that much less would be needed here.
                left = self._asked_cc(metric) - self.uncovered_cc
                high = self._hottest(left, self.cumulative_cc) if left > 0 else np.inf
                return Interval(value, high)
            case "Min":
                return Interval(0.0, value)
            case "Max":
                return Interval(value, np.inf)
            case "Mean":
                return Interval(value * self.covered_cc / self.volume_cc, np.inf)

    def _convention(self, metric: Metric, value: float) -> Interval:
        """Return the interval of what the alternatives say of a metric."""
        found = [value]
        for other in self.alternatives:
            # What one convention covers, another may not.
            with suppress(NotEvaluable):
                measure = other[metric]
                numerical = measure.intervals.get("numerical", Interval(measure, measure))
                found += [float(measure), *numerical]
        return Interval(min(found), max(found))

    def _scale(self, metric: Metric) -> float:
        return 100 / self.volume_cc if metric.unit == "%" else 1.0

    def _volume_at(self, metric: Metric, curve_cc: Floats) -> float:
        """Return the volume at a dose: all of it up to the lowest, nothing beyond the highest."""
        assert metric.at is not None
        assert self.min_gy is not None
        assert self.max_gy is not None
        if metric.at > self.max_gy + TIE_GY:
            return 0.0
        if metric.at <= self.min_gy + TIE_GY:
            return float(curve_cc[0])
        # Within a bin the curve has a corner at the lowest dose and ends at the highest.
        inner = (self.edges_gy > self.min_gy) & (self.edges_gy < self.max_gy)
        last = int(np.searchsorted(self.edges_gy, self.max_gy + TIE_GY, side="right")) - 1
        doses = np.concatenate([[self.min_gy], self.edges_gy[inner], [self.max_gy]])
        volumes = np.concatenate([[curve_cc[0]], curve_cc[inner], [curve_cc[last]]])
        return float(np.interp(metric.at, doses, volumes))

    def _asked_cc(self, metric: Metric) -> float:
        """Return the volume that a dose is asked of; NotEvaluable where there is less."""
        assert metric.at is not None
        asked = metric.at / 100 * self.volume_cc if metric.at_unit == "%" else metric.at
        rounding = VOLUME_ROUNDING * self.volume_cc
        if asked > self.volume_cc + rounding:
            raise NotEvaluable(
                f"{metric} asks for {asked:.4g} cc of a structure of {self.volume_cc:.4g} cc"
            )
        if asked > self.covered_cc + rounding:
            raise NotEvaluable(
                f"{metric} asks for {asked:.4g} cc, and only {self.covered_cc:.4g} cc of the "
                f"structure lie inside the dose grid"
            )
        return asked

    def _hottest(self, volume_cc: float, curve_cc: Floats) -> float:
        """Return the highest dose that at least this volume receives, between the edges linear."""
        assert self.max_gy is not None
        assert self.min_gy is not None
        enough = curve_cc >= volume_cc - VOLUME_ROUNDING * self.volume_cc
        last = int(np.flatnonzero(enough)[-1])
        if last + 1 == len(self.edges_gy):
            return self.max_gy
        above, below = curve_cc[last], curve_cc[last + 1]
        fraction = min(max((above - volume_cc) / (above - below), 0.0), 1.0)
        dose = float(
            self.edges_gy[last] + fraction * (self.edges_gy[last + 1] - self.edges_gy[last])
        )
        return min(max(dose, self.min_gy), self.max_gy)
