"""What the histogram of a phantom differs by from its truths."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.conventions import Conventions, DoseInterpolation
from oligort.dose.dvh import Dvh
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.diameter import longest_in_plane, maximum_3d
from oligort.geometry.grid import Grid
from oligort.geometry.region import Region
from oligort.geometry.structure import Structure
from oligort.phantoms import Case, Ellipsoid, Gaussian, PlanarField, SlabStack, Sphere
from oligort.phantoms.polygons import area_factor
from oligort.selftest.cases import LUNG_CENTRES_MM, LUNG_PLANES_MM, LUNG_SEMI_AXES_MM

Floats = npt.NDArray[np.float64]

DOSES = 101
"""Doses at which a curve is held against the truth, evenly over the range of the dose."""

ADDED_SHARE, ADDED_PP = 0.1, 0.15
"""What may be added to the slabs' own error against the solid: this share of it or, where that is
less, this many percentage points."""


@dataclass(frozen=True)
class Differences:
    """What a histogram of a case differs by; infinite where the engine gives none.

    Curves in percentage points at the worst dose, volumes in percent, `missed` doses at which the
    numerical interval does not contain the exact slabs, `added_percent` of what may be added; the
    mean dose, and the lowest or the highest, in percent of the slabs' range of doses.
    """

    curve_pp: float = np.inf
    missed: float = np.inf
    volume_percent: float = np.inf
    solid_pp: float = np.inf
    solid_volume_percent: float = np.inf
    added_percent: float = np.inf
    mean_percent: float = np.inf
    ends_percent: float = np.inf


def compared(case: Case) -> Differences:
    """Compute the histogram of a case and hold it against both truths."""
    lowest, highest = case.slabs.range_gy(case.field)
    doses = np.linspace(lowest, highest, DOSES + 2)[1:-1]
    try:
        dvh = _dvh_of(case)
        measures = [dvh[Metric("V", "%", float(dose), "Gy")] for dose in doses]
        mean, *ends = (float(dvh[name]) for name in ("Mean", "Min", "Max"))
    except NotEvaluable:
        return Differences()
    found = np.array(measures, dtype=np.float64)
    low, high = np.array([measure.intervals["numerical"] for measure in measures]).T
    slabs, solid = (100 * truth(doses) for truth in (case.slab_fraction, case.solid_fraction))
    own, off = _worst(slabs - solid), _worst(found - solid)
    return Differences(
        curve_pp=_worst(found - slabs),
        missed=float(((slabs < low) | (slabs > high)).sum()),
        volume_percent=_percent_off(dvh.volume_cc, case.slab_volume_cc),
        solid_pp=off,
        solid_volume_percent=_percent_off(dvh.volume_cc, case.solid_volume_cc),
        added_percent=100 * max(off - own, 0) / max(ADDED_SHARE * own, ADDED_PP),
        mean_percent=100 * abs(mean - case.slabs.mean_gy(case.field)) / (highest - lowest),
        ends_percent=100 * _worst(np.array(ends) - (lowest, highest)) / (highest - lowest),
    )


def peak_doses(case: Case) -> tuple[float, float]:
    """Return what D95, D50 and D5 differ by from slabs and sphere, in percent of the maximum."""
    assert isinstance(case.field, Gaussian)
    try:
        dvh = _dvh_of(case)
        found = np.array([dvh["D95%[Gy]"], dvh["D50%[Gy]"], dvh["D5%[Gy]"]])
    except NotEvaluable:
        return np.inf, np.inf
    slabs, sphere = (
        _worst(found - truth.dose_at(case.field, [0.95, 0.5, 0.05]))
        for truth in (case.slabs, case.whole)
    )
    return 100 * slabs / case.field.maximum_gy, 100 * sphere / case.field.maximum_gy


def lung_v20(field: PlanarField) -> tuple[float, float]:
    """Return what V20 of the lungs is off by, and how wide its interval is, in points."""
    lungs = [Ellipsoid(centre_mm, LUNG_SEMI_AXES_MM) for centre_mm in LUNG_CENTRES_MM]
    i, j, _ = np.eye(3)
    origin_mm = np.array([-138.75, -73.75, -123.75])
    grid = Grid(origin_mm, i, j, 2.5, 2.5, 112, 60, 2.5 * np.arange(100, dtype=np.float64))
    drawn = (lung.structure("Lung", 1, LUNG_PLANES_MM, 400) for lung in lungs)
    try:
        v20 = _dvh(tuple(drawn), DoseGrid(grid, field.on(grid)))["V20Gy[%]"]
    except NotEvaluable:
        return np.inf, np.inf
    slabs = [SlabStack.half_way(lung, LUNG_PLANES_MM) for lung in lungs]
    shares = [100 * float(stack.fraction(field, [20.0])[0]) for stack in slabs]
    truth = float(np.average(shares, weights=[stack.volume_cc for stack in slabs]))
    low, high = v20.intervals["numerical"]
    return abs(float(v20) - truth), high - low


def diameter_difference_mm(case: Case) -> float:
    """Return what the longer of two diameters is off by, of a sphere with a plane at its middle.

    The polygon there has the area of the circle, and is the factor wider; even points face.
    """
    assert isinstance(case.solid, Sphere)
    radius, points = case.solid.radius_mm, 2 * (case.points // 2)
    reach = int(radius / case.spacing_mm)
    planes = case.solid.centre_mm[2] + case.spacing_mm * np.arange(-reach, reach + 1)
    contours = [c.points_mm for c in case.solid.structure("sphere", 1, planes, points).contours]
    expected = 2 * radius * area_factor(points)
    widest = max(longest_in_plane(contour).length_mm for contour in contours)
    longest, _ = maximum_3d(np.concatenate(contours))
    return max(abs(widest - expected), abs(longest - expected))


def _dvh_of(case: Case) -> Dvh:
    """Compute the histogram of a case; a curved dose is interpolated with cubic splines."""
    dose = DoseGrid(case.grid, case.dose_gy)
    interpolation: DoseInterpolation = "linear" if case.field_kind == "linear" else "cubic"
    return _dvh((case.structure,), dose, case.spacing_mm, interpolation)


def _dvh(
    structures: tuple[Structure, ...],
    dose: DoseGrid,
    spacing_mm: float | None = None,
    interpolation: DoseInterpolation = "linear",
) -> Dvh:
    region = Region(Shape(structures), spacing_mm, Conventions(dose_interpolation=interpolation))
    return compute_dvh(region, dose, structures[0].roi_name)


def _worst(differences: Floats) -> float:
    return float(np.abs(differences).max())


def _percent_off(found: float, truth: float) -> float:
    return 100 * abs(found / truth - 1)
