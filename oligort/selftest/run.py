"""Run the self-test: compute the cases, and hold what they differ by against its limits.

A limit is what the engine was accepted by, not what it reaches.
"""

import platform
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TypeVar

import oligort
from oligort.phantoms import Case
from oligort.report.selftest_document import SelftestLine, SelftestResult, passes
from oligort.selftest.cases import EACH, LUNG_DOSES, SEED, Plan
from oligort.selftest.differences import (
    DOSES,
    Differences,
    compared,
    diameter_difference_mm,
    lung_v20,
    peak_doses,
)
from oligort.versions import versions_of

Told = TypeVar("Told")
Compared = dict[Case, Differences]
Watch = Callable[[str, int, int], None]

CURVE_PP, MEDIAN_PP = 0.15, 0.03
"""Percentage points of volume that a curve may be off by at its worst dose, and half of the curves
at most: those of exact slabs, from which nothing but the size of the sub-voxels makes them differ.
"""

DOSE_PERCENT = CURVE_PP
"""Percent of the range of doses that the mean, the lowest and the highest may be off by.

The mean is the area below the curve, and off by no more than the curve is throughout. Corners of
polygons of 200 points stand out of their circle by 8e-5 of its radius, 0.004 % of the range.
"""

VOLUME_PERCENT = 0.01
"""What the volume of the slabs may be off by: it comes from the contours alone, and polygons that
stand for circles have their area."""

SOLID_LIMITS = {
    "round solids": (0.3, 0.25),
    "cylinders across, tori": (0.6, 0.9),
    "boxes, cylinders along": (CURVE_PP, VOLUME_PERCENT),
}
"""Percentage points and percent that curve and volume of a group may differ by from the solids'.

The most that slabs of 20 planes differ by wherever the planes lie, and what the engine may add;
boxes and cylinders along are filled exactly. What slabs make of cones depends on the cone: there
is a limit only to what is added.
"""

PEAK_PERCENT = 1.0
"""What D95, D50 and D5 of a peak may be off by, in percent of the maximum: voxels of 2.5 mm and
cubic interpolation, sigma from 4 mm."""

V20_PP, V20_WIDTH_PP = 0.01, 0.04
"""Percentage points that V20 of the lungs may be off by, and the width of its numerical interval:
what a planning system prints as its last digit, and twice what refinement stops at, both ways."""

DIAMETER_MM = 1e-6
"""What a diameter may be off by: coordinates of 100 mm are doubles, right to 1e-14 mm."""

LIBRARIES = ("numpy", "msgspec", "pydicom")
"""Distributions whose versions stand in the result."""


def run_selftest(each: int = EACH, watch: Watch = lambda name, done, total: None) -> SelftestResult:
    """Compute the phantoms and hold them against their truths.

    Parameters
    ----------
    each : int
        Cases of each group.
    watch : function
        Called with the name of each case before it is computed, how many are done and of how many.
    """
    plan = Plan.drawn(each)
    histograms, peaks = plan.histograms, tuple(dict.fromkeys((*plan.peaks, *plan.fine_peaks)))
    total = len(histograms) + len(peaks) + len(LUNG_DOSES)

    def told(cases: Iterable[Told], done: int, name_of: Callable[[Told], str]) -> Iterator[Told]:
        for number, case in enumerate(cases, start=done):
            watch(name_of(case), number, total)
            yield case

    differences = {case: compared(case) for case in told(histograms, 0, _name)}
    at_peaks = {case: peak_doses(case) for case in told(peaks, len(histograms), _name)}
    v20 = {
        name: lung_v20(LUNG_DOSES[name])
        for name in told(LUNG_DOSES, len(histograms) + len(peaks), str)
    }
    lines = (
        *_slab_lines(plan, differences),
        *_solid_lines(plan, differences),
        *_peak_lines(plan, at_peaks),
        *_lung_lines(v20),
        SelftestLine.of(
            "diameters of spheres, axial and 3D",
            "mm",
            {case.name: diameter_difference_mm(case) for case in plan.spheres},
            DIAMETER_MM,
        ),
    )
    return SelftestResult(
        passed=passes(lines),
        platform=platform.platform(),
        versions={"oligort": oligort.__version__} | versions_of(LIBRARIES),
        seed=SEED,
        lines=lines,
    )


def _slab_lines(plan: Plan, differences: Compared) -> Iterator[SelftestLine]:
    """Yield what is held against the exact slabs."""
    courses = {f"{kind}, linear dose": cases for kind, cases in plan.linear.items()}
    courses |= {f"{kind} dose, cubic": cases for kind, cases in plan.curved.items()}
    for course, cases in courses.items():
        found = {case.name: differences[case].curve_pp for case in cases}
        yield SelftestLine.of(f"curve: {course}", "pp", found, CURVE_PP)
    linear = {case: found for case, found in differences.items() if case.field_kind == "linear"}
    yield SelftestLine.of_median(
        "curve: median, linear dose", "pp", [f.curve_pp for f in linear.values()], MEDIAN_PP
    )
    yield SelftestLine.of_median(
        "curve: median, curved dose",
        "pp",
        [found.curve_pp for case, found in differences.items() if case not in linear],
        MEDIAN_PP,
    )
    missed = {case.name: found.missed for case, found in linear.items()}
    yield SelftestLine.of("numerical intervals that miss the exact slabs", f"of {DOSES}", missed, 0)
    means = {case.name: found.mean_percent for case, found in differences.items()}
    yield SelftestLine.of("mean dose of the slabs", "% of range", means, DOSE_PERCENT)
    ends = {case.name: found.ends_percent for case, found in differences.items()}
    yield SelftestLine.of("lowest and highest dose", "% of range", ends, DOSE_PERCENT)
    volumes = {case.name: found.volume_percent for case, found in differences.items()}
    yield SelftestLine.of("volume of the slabs", "%", volumes, VOLUME_PERCENT)


def _solid_lines(plan: Plan, differences: Compared) -> Iterator[SelftestLine]:
    """Yield what is held against the solids themselves."""
    for group, (curve_pp, volume_percent) in SOLID_LIMITS.items():
        of_group = {case.name: differences[case] for case in plan.of_solids[group]}
        curves = {name: found.solid_pp for name, found in of_group.items()}
        volumes = {name: found.solid_volume_percent for name, found in of_group.items()}
        yield SelftestLine.of(f"solid's curve: {group}", "pp", curves, curve_pp)
        yield SelftestLine.of(f"solid's volume: {group}", "%", volumes, volume_percent)
    yield SelftestLine.of(
        "solid's curve: added to the slabs' own error",
        "% of what may be",
        {c.name: differences[c].added_percent for c in chain(*plan.of_solids.values())},
        100,
    )


def _peak_lines(
    plan: Plan, at_peaks: dict[Case, tuple[float, float]]
) -> tuple[SelftestLine, SelftestLine]:
    what = "D95, D50, D5 of Gaussian peaks, cubic"
    of_slabs = {case.name: at_peaks[case][0] for case in plan.peaks}
    of_sphere = {case.name: at_peaks[case][1] for case in plan.fine_peaks}
    return (
        SelftestLine.of(f"{what}: of the slabs", "% of maximum", of_slabs, PEAK_PERCENT),
        SelftestLine.of(f"{what}: of the sphere", "% of maximum", of_sphere, PEAK_PERCENT),
    )


def _lung_lines(v20: dict[str, tuple[float, float]]) -> tuple[SelftestLine, SelftestLine]:
    off = {name: found for name, (found, _) in v20.items()}
    width = {name: found for name, (_, found) in v20.items()}
    return (
        SelftestLine.of("V20 of two lungs", "pp", off, V20_PP),
        SelftestLine.of("V20 of two lungs: numerical interval", "pp wide", width, V20_WIDTH_PP),
    )


def _name(case: Case) -> str:
    return case.name
