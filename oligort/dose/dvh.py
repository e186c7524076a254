"""Dvh: a cumulative dose-volume histogram, and the metrics that are read off it.

Every metric comes as a `Measure` with an interval for each cause of doubt: what the computation
itself may be off by, what volume whose dose is not known could make of it and, on request, what
other conventions would have given.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from oligort.dose.doubt import NumericalDoubt
from oligort.dose.edge import EdgeDose
from oligort.dose.geud import Powers
from oligort.dose.indices import HI_PARTS, HomogeneityParts, conformity, homogeneity_between
from oligort.dose.metric import Metric
from oligort.dose.reading import (
    Bins,
    Reading,
    between,
    coverage_bounds,
    found,
    geuds_gy,
    numerical_bounds,
    set_up,
)
from oligort.dose.tally import VOLUME_ROUNDING
from oligort.errors import NotEvaluable
from oligort.measure import Interval, Measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]


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
        Volume outside the dose grid; of a sum of several, outside all of them.
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
    partly_covered_cc : (n + 1,) array or None
        Of a sum of several grids: the part of `cumulative_cc` that lies outside some of them. Its
        dose is what the others give, and so a lower bound.
    edge : EdgeDose or None
        The part of the covered volume that lies beyond the outermost voxel centres of a grid, in
        cc: its dose goes straight on there, and is not known.
    prescription_gy : float or None
        The dose that percentages of dose are of.
    isodose : Measure or None
        Volume in cc of the whole dose, inside the structure and outside, that receives the
        prescription.

    Raises
    ------
    ValueError
        If a curve rises, the volumes do not make up the whole, the prescription is no dose or the
        isodose no volume.
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
    partly_covered_cc: Floats | None = None
    prescription_gy: float | None = None
    isodose: Measure | None = None
    edge: EdgeDose | None = None

    def __post_init__(self) -> None:
        if self.edges_gy.shape != self.cumulative_cc.shape or self.edges_gy[0] != 0:
            raise ValueError("expected a volume for every edge, and edges from 0 Gy")
        if (self.cumulative_cc[1:] - self.cumulative_cc[:-1] > self._rounding_cc).any():
            raise ValueError("expected a cumulative curve that never rises")
        if abs(self.cumulative_cc[0] + self.uncovered_cc - self.volume_cc) > self._rounding_cc:
            raise ValueError("expected covered and uncovered volume to make up the whole")
        if self.partly_covered_cc is not None:
            self._check_partly(self.partly_covered_cc)
        if self.edge is not None and self.edge.found.shape != self.edges_gy.shape:
            raise ValueError("expected a volume beyond the outermost centres for every edge")
        self._check_relative()
        self.edges_gy.setflags(write=False)
        self.cumulative_cc.setflags(write=False)
        if self.min_gy is not None:
            _ = self._powers

    def _check_relative(self) -> None:
        if self.prescription_gy is not None and not 0 < self.prescription_gy < np.inf:
            raise ValueError(f"expected a prescription above 0 Gy, found {self.prescription_gy}")
        if self.isodose is not None and (self.isodose.unit != "cc" or not self.isodose >= 0):
            raise ValueError(f"expected the volume of an isodose in cc, found {self.isodose!r}")

    def _check_partly(self, partly_cc: Floats) -> None:
        if partly_cc.shape != self.cumulative_cc.shape:
            raise ValueError("expected a partly covered volume for every edge")
        if (np.diff(partly_cc) > self._rounding_cc).any():
            raise ValueError("expected a partly covered volume that never rises")
        rest_cc = self.cumulative_cc - partly_cc
        if min(partly_cc.min(), rest_cc.min()) < -self._rounding_cc:
            raise ValueError("expected the partly covered volume to be a part of the covered one")
        partly_cc.setflags(write=False)

    @property
    def covered_cc(self) -> float:
        """Volume inside the dose grid; of a sum of several, inside at least one of them."""
        return self.volume_cc - self.uncovered_cc

    @property
    def partly_covered_volume_cc(self) -> float:
        """Volume inside some of the dose grids that are summed, and outside others."""
        return 0.0 if self.partly_covered_cc is None else float(self.partly_covered_cc[0])

    @property
    def edge_volume_cc(self) -> float:
        """Volume inside all dose grids that lies beyond the outermost voxel centres of one."""
        if self.edge is None:
            return 0.0
        volume_cc = self.edge.volume - self.partly_covered_volume_cc
        return volume_cc if volume_cc > self._rounding_cc else 0.0

    def relative_to(self, prescription_gy: float, isodose: Measure | None = None) -> "Dvh":
        """Return the histogram with the dose that percentages of dose are of.

        Parameters
        ----------
        prescription_gy : float
            The prescribed dose, of all fractions.
        isodose : Measure, optional
            Volume in cc that receives it in the whole dose; the conformity index needs it.

        Raises
        ------
        ValueError
            If the prescription is no dose above 0, or the isodose no volume.
        """
        relative = copy(self)
        # The curves stay the same, and what was worked out of them with them.
        object.__setattr__(relative, "prescription_gy", prescription_gy)
        object.__setattr__(relative, "isodose", isodose)
        others = tuple(other.relative_to(prescription_gy, isodose) for other in self.alternatives)
        object.__setattr__(relative, "alternatives", others)
        relative._check_relative()
        return relative

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw percent of the volume against Gy on matplotlib axes, or new ones; return them."""
        from oligort.report.figures import plot_dvh

        return plot_dvh(self, ax)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: volumes and doses."""
        from oligort.report.notebook import dvh_html

        return dvh_html(self)

    def __getitem__(self, metric: str | Metric) -> Measure:
        """Return a metric with its intervals.

        Percentages of volume are of the whole volume. Where part of it is uncovered, the value
        counts that part as 0 Gy (V, CV, D, DC, HI, CI) or leaves it out (Min, Mean, Max, gEUD);
        what is partly covered counts with the dose that is known, and the outermost half voxel with
        the dose that goes straight on. The interval ``coverage`` tells what any dose there could
        make of it.

        HI is that of ICRU Report 83, CI that of Paddick (J Neurosurg 93 Suppl 3 (2000) 219), gEUD
        that of Niemierko (Med Phys 26 (1999) 1100): 0 Gy where a negative exponent meets volume
        without dose.

        Raises
        ------
        MetricError
            If the text is no metric.
        NotEvaluable
            If the histogram cannot answer.
        """
        metric = Metric.parse(metric) if isinstance(metric, str) else metric
        if metric.needs_prescription and self.prescription_gy is None:
            raise NotEvaluable(
                f"{metric} needs a prescription to be relative to, and none was given"
            )
        if self.min_gy is None or self.mean_gy is None or self.max_gy is None:
            raise NotEvaluable(
                f"the whole structure ({self.volume_cc:.4g} cc) lies outside the dose grid"
            )
        match metric.kind:
            case "HI":
                value, intervals = self._homogeneity(metric)
            case "CI":
                value, intervals = self._conformity(metric)
            case _:
                value, intervals = self._with_intervals(self._read(metric))
        if self.alternatives:
            own = intervals.get("convention", Interval(value, value))
            intervals["convention"] = self._convention(metric, own)
        return Measure(value, metric.unit, **intervals)

    @property
    def _rounding_cc(self) -> float:
        return VOLUME_ROUNDING * self.volume_cc

    @cached_property
    def _causes(self) -> tuple[str, ...]:
        """Causes of doubt of which the curves that bound the truth are known."""
        unknown_cc = self.uncovered_cc + self.partly_covered_volume_cc + self.edge_volume_cc
        is_unknown = unknown_cc > self._rounding_cc
        return ("numerical",) * (self.numerical is not None) + ("coverage",) * is_unknown

    @cached_property
    def _readings(self) -> tuple[Reading, ...]:
        """The histogram itself, then the lower and the upper bound of each cause."""
        assert self.min_gy is not None
        assert self.mean_gy is not None
        assert self.max_gy is not None
        bins = Bins(self.edges_gy, self.cumulative_cc, self.min_gy, self.mean_gy, self.max_gy)
        ends_gy = (self.min_gy, self.max_gy)
        if self.numerical is not None:
            ends_gy = (self.numerical.min_gy.low, self.numerical.max_gy.high)
        corners_gy = bins.corners_gy(*ends_gy, from_0=self.edge is not None)
        value = found(bins, corners_gy, self._rounding_cc)
        readings = [value]
        if self.numerical is not None:
            readings += numerical_bounds(value, bins, self.numerical)
        if "coverage" in self._causes:
            readings += coverage_bounds(
                value, bins, self.uncovered_cc, self.partly_covered_cc, self.edge
            )
        return tuple(readings)

    @cached_property
    def _powers(self) -> Powers:
        return set_up(self._readings)

    def _read(self, metric: Metric) -> list[float]:
        """Return a metric that rises or falls with the curve throughout, of each reading."""
        readings = self._readings
        match metric.kind:
            case "V" | "CV":
                volumes = self._volumes_at(self._dose_gy(metric))
                if metric.kind == "CV":
                    volumes = [max(self.volume_cc - volume, 0.0) for volume in volumes]
                whole_cc = self.volume_cc  # whose share of itself is 100 % without rounding
                return [v / whole_cc * 100 if metric.unit == "%" else v for v in volumes]
            case "D" | "DC":
                hottest_cc = self._hottest_cc(metric)
                doses = [reading.hottest_gy(hottest_cc) for reading in readings]
            case "Min":
                doses = [reading.min_gy for reading in readings]
            case "Max":
                doses = [reading.max_gy for reading in readings]
            case "gEUD":
                assert metric.at is not None
                doses = geuds_gy(readings, self._powers, metric.at)
            case _:
                doses = [reading.mean_gy for reading in readings]
        if metric.unit == "%":
            assert self.prescription_gy is not None
            doses = [100 * dose / self.prescription_gy for dose in doses]
        return doses

    def _volumes_at(self, dose_gy: float) -> list[float]:
        """Return the volume with at least a dose, of each reading."""
        return [reading.volume_at(dose_gy, self.volume_cc) for reading in self._readings]

    def _dose_gy(self, metric: Metric) -> float:
        """Return the dose that a volume is asked at."""
        assert metric.at is not None
        if metric.at_unit == "Gy":
            return metric.at
        assert self.prescription_gy is not None
        return metric.at / 100 * self.prescription_gy

    def _hottest_cc(self, metric: Metric) -> float:
        """Return the volume of which a dose is the lowest; all but the coldest that is asked of."""
        assert metric.at is not None
        asked = metric.at / 100 * self.volume_cc if metric.at_unit == "%" else metric.at
        if asked > self.volume_cc + self._rounding_cc:
            raise NotEvaluable(
                f"{metric} asks for {asked:.4g} cc of a structure of {self.volume_cc:.4g} cc"
            )
        hottest_cc = asked if metric.kind == "D" else max(self.volume_cc - asked, 0.0)
        if not self._covers(hottest_cc):
            raise NotEvaluable(f"{metric} {self._asks_for(hottest_cc)}")
        return hottest_cc

    def _covers(self, hottest_cc: float) -> bool:
        """Whether so much is covered that a dose may be asked of a volume."""
        return hottest_cc <= self.covered_cc + self._rounding_cc

    def _asks_for(self, hottest_cc: float) -> str:
        return (
            f"asks for {hottest_cc:.4g} cc, and only {self.covered_cc:.4g} cc of the structure lie "
            f"inside the dose grid"
        )

    def _homogeneity(self, metric: Metric) -> tuple[float, dict[str, Interval]]:
        """Return HI and its intervals."""
        volumes_cc = [share * self.volume_cc for share in HI_PARTS.values()]
        for name, volume_cc in zip(HI_PARTS, volumes_cc, strict=True):
            if not self._covers(volume_cc):
                raise NotEvaluable(f"{metric} needs {name}, which {self._asks_for(volume_cc)}")
        read = [
            HomogeneityParts(*[reading.hottest_gy(volume_cc) for volume_cc in volumes_cc])
            for reading in self._readings
        ]
        parts = read[0]
        if parts.middle_gy <= 0:
            raise NotEvaluable(f"{metric} is a multiple of D50%, which is 0 Gy")
        return parts.homogeneity, {
            cause: homogeneity_between(parts, read[2 * number + 1], read[2 * number + 2])
            for number, cause in enumerate(self._causes)
        }

    def _conformity(self, metric: Metric) -> tuple[float, dict[str, Interval]]:
        """Return CI and its intervals: those of its volumes, cause by cause."""
        if self.isodose is None:
            raise NotEvaluable(
                f"{metric} needs the volume of the whole dose that receives the prescription, and "
                f"none was given"
            )
        if self.isodose <= 0:
            raise NotEvaluable(f"{metric}: nothing receives {self.prescription_gy:g} Gy")
        assert self.prescription_gy is not None
        inside, intervals = self._with_intervals(self._volumes_at(self.prescription_gy))
        inside_cc = Measure(inside, "cc", **intervals)
        return conformity(inside_cc, self.volume_cc, self.isodose)

    def _with_intervals(self, values: Sequence[float]) -> tuple[float, dict[str, Interval]]:
        """Return what the histogram gives, and of each cause what its two bounds make of it."""
        value, intervals = values[0], {}
        for number, cause in enumerate(self._causes):
            intervals[cause] = between(value, values[2 * number + 1], values[2 * number + 2])
        return value, intervals

    def _convention(self, metric: Metric, own: Interval) -> Interval:
        """Return the interval of what the alternatives say of a metric, and the histogram itself.

        `own` is what the conventions of an isodose make of its conformity.
        """
        ends = [*own]
        for other in self.alternatives:
            # What one convention covers, another may not.
            with suppress(NotEvaluable):
                measure = other[metric]
                ends.append(float(measure))
                for cause in ("numerical", "convention"):
                    ends += measure.intervals.get(cause, ())
        return Interval(min(ends), max(ends))
