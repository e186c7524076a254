"""Dose-volume histograms: exact area coverage, first-order dose spread, uncovered volume.

A region is cut into sub-voxels: pixels of a lattice on each of its layers, thin along the normal.
A sub-voxel of dose gradient g holds no single dose but an interval of doses; it enters the
histogram as that interval, which removes the staircase that counting voxel centres leaves. Volume
outside the dose grid has no dose: it is counted as uncovered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from oligort.dose.grid import DoseGrid
from oligort.dose.metric import Metric
from oligort.dose.sampling import dose_at, sampler_of
from oligort.dose.tally import BIN_GY, VOLUME_ROUNDING, Tally
from oligort.errors import NotEvaluable
from oligort.geometry.raster import Lattice
from oligort.geometry.region import Region
from oligort.measure import Measure

Floats = npt.NDArray[np.float64]

MAXIMUM_DOSE_GY = 1000.0
"""No histogram is made of a higher dose: no teletherapy reaches it, a wrong scale does."""

SUB_VOXELS = 400_000
"""Sub-voxels that a region is cut into, unless the limits of their size say otherwise."""

PIXELS = 2_000_000
"""Pixels of a plane at most: two specks at both ends of a patient span it all, at little volume."""

FINEST_MM, COARSEST_MM = 0.02, 1.25
"""Limits of the size of a sub-voxel: half of the 2.5 mm that dose grids commonly have."""


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
        Bin edges from 0, of `BIN_GY`; the last is at or above the maximum.
    cumulative_cc : (n + 1,) array
        Covered volume with at least the dose of each edge.
    volume_cc : float
        Whole volume, from the contours alone.
    uncovered_cc : float
        Volume outside the dose grid.
    min_gy, mean_gy, max_gy : float or None
        Of the covered part; None where nothing is covered.
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
        match metric.kind:
            case "V":
                return self._volume_at(metric)
            case "D":
                return self._dose_at(metric)
            case "Min":
                return self._with_uncovered(self.min_gy, 0.0, self.min_gy)
            case "Max":
                return self._with_uncovered(self.max_gy, self.max_gy, np.inf)
            case "Mean":
                covered = self.covered_cc / self.volume_cc
                return self._with_uncovered(self.mean_gy, self.mean_gy * covered, np.inf)

    @property
    def _has_uncovered(self) -> bool:
        return self.uncovered_cc > VOLUME_ROUNDING * self.volume_cc

    def _with_uncovered(self, value: float, low: float, high: float) -> Measure:
        if not self._has_uncovered:
            return Measure(value, "Gy")
        return Measure(value, "Gy", coverage=(low, high))

    def _volume_at(self, metric: Metric) -> Measure:
        assert metric.at is not None
        volume = float(np.interp(metric.at, self.edges_gy, self.cumulative_cc, right=0.0))
        scale = 100 / self.volume_cc if metric.unit == "%" else 1.0
        if not self._has_uncovered:
            return Measure(volume * scale, metric.unit)
        bounds = (volume * scale, (volume + self.uncovered_cc) * scale)
        return Measure(volume * scale, metric.unit, coverage=bounds)

    def _dose_at(self, metric: Metric) -> Measure:
        assert metric.at is not None
        target = metric.at / 100 * self.volume_cc if metric.at_unit == "%" else metric.at
        rounding = VOLUME_ROUNDING * self.volume_cc
        if target > self.volume_cc + rounding:
            raise NotEvaluable(
                f"{metric} asks for {target:.4g} cc of a structure of {self.volume_cc:.4g} cc"
            )
        if target > self.covered_cc + rounding:
            raise NotEvaluable(
                f"{metric} asks for {target:.4g} cc, and only {self.covered_cc:.4g} cc of the "
                f"structure lie inside the dose grid"
            )
        value = self._hottest(target)
        if not self._has_uncovered:
            return Measure(value, "Gy")
        # Were the uncovered part hotter than all else, that much less would be needed here.
        left = target - self.uncovered_cc
        return Measure(value, "Gy", coverage=(value, self._hottest(left) if left > 0 else np.inf))

    def _hottest(self, volume_cc: float) -> float:
        """Return the highest dose that at least this volume receives, between the edges linear."""
        assert self.max_gy is not None
        assert self.min_gy is not None
        enough = self.cumulative_cc >= volume_cc - VOLUME_ROUNDING * self.volume_cc
        last = int(np.flatnonzero(enough)[-1])
        if last + 1 == len(self.edges_gy):
            return self.max_gy
        above, below = self.cumulative_cc[last], self.cumulative_cc[last + 1]
        fraction = min(max((above - volume_cc) / (above - below), 0.0), 1.0)
        dose = float(
            self.edges_gy[last] + fraction * (self.edges_gy[last + 1] - self.edges_gy[last])
        )
        return min(max(dose, self.min_gy), self.max_gy)


def compute_dvh(
    region: Region, dose: DoseGrid, roi_name: str, roi_number: int | None = None
) -> Dvh:
    """Compute the histogram of a region in a dose grid.

    Raises
    ------
    NotEvaluable
        If the region is empty, or the dose is higher than any real one.
    """
    if dose.maximum_gy > MAXIMUM_DOSE_GY:
        raise NotEvaluable(
            f"the dose reaches {dose.maximum_gy:.6g} Gy: no dose above {MAXIMUM_DOSE_GY:g} Gy is "
            f"believed; check its scaling and units"
        )
    step_mm = _step_mm(region)
    lattice = Lattice.around(region.slabs, step_mm)
    sampler = sampler_of(dose, region.frame, lattice)
    tally = Tally(dose)
    total_mm3 = 0.0
    for layer in region.layers(lattice):
        pixels = np.flatnonzero(layer.coverage)
        covered = layer.coverage.ravel()[pixels]
        total_mm3 += float(covered.sum()) * layer.thickness_mm * lattice.pixel_area_mm2
        cuts = max(1, int(np.ceil(layer.thickness_mm / step_mm)))
        thickness = layer.thickness_mm / cuts
        for cut in range(cuts):
            position = layer.lower_mm + (cut + 0.5) * thickness
            samples = sampler.sample(position, thickness, pixels)
            tally.add(samples, covered, thickness * lattice.pixel_area_mm2)
    if total_mm3 <= 0:
        raise NotEvaluable(f"{roi_name} is empty: nothing is left to compute a dose of")
    extremes = tally.extremes(_outline_dose_gy(region, dose, lattice))
    histogram = tally.histogram(extremes)
    volume_cc = total_mm3 / 1000
    uncovered_cc = volume_cc - float(histogram.sum()) / 1000
    cumulative = np.append(np.cumsum(histogram[::-1])[::-1], 0.0) / 1000
    return Dvh(
        roi_name=roi_name,
        roi_number=roi_number,
        edges_gy=np.asarray(np.arange(len(cumulative)) * BIN_GY),
        cumulative_cc=np.maximum(cumulative, 0),
        volume_cc=volume_cc,
        uncovered_cc=uncovered_cc if uncovered_cc > VOLUME_ROUNDING * volume_cc else 0.0,
        min_gy=extremes.low if extremes else None,
        mean_gy=tally.mean_gy if extremes else None,
        max_gy=extremes.high if extremes else None,
        notes=region.notes,
    )


def _step_mm(region: Region) -> float:
    by_volume = (region.drawn_volume_mm3 / SUB_VOXELS) ** (1 / 3)
    whole = Lattice.around(region.slabs, COARSEST_MM)
    spanned_mm2 = whole.u_count * whole.v_count * whole.pixel_area_mm2
    by_memory = (spanned_mm2 / PIXELS) ** (1 / 2)
    return float(np.clip(max(by_volume, by_memory), FINEST_MM, COARSEST_MM))


def _outline_dose_gy(region: Region, dose: DoseGrid, lattice: Lattice) -> Floats:
    """Return the doses at the outline's points: of a convex dose field, the extremes are there.

    Of an expression only the outline of the result counts; its drawn points may lie elsewhere.
    """
    points = region.outline_points_mm()
    if not region.is_one_structure:
        points = points[_on_result(region, lattice, points)]
    values = dose_at(dose, region.frame.to_patient(points))
    return values[np.isfinite(values)]


def _on_result(region: Region, lattice: Lattice, points: Floats) -> npt.NDArray[np.bool_]:
    """Whether each outline point lies in a covered pixel of a layer that begins or ends there."""
    on_result = np.zeros(len(points), dtype=bool)
    pixel = np.minimum(lattice.to_pixels(points[:, :2]).astype(int), np.array(lattice.shape) - 1)
    for layer in region.layers(lattice):
        here = (points[:, 2] >= layer.lower_mm - 1e-6) & (points[:, 2] <= layer.upper_mm + 1e-6)
        on_result[here] |= layer.coverage[tuple(pixel[here].T)] > 0
    return on_result
