"""Doses known in part or not at all: the interval ``coverage`` holds whatever they may be."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oligort.dose.dvh import Dvh
from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.geometry.grid import Grid
from oligort.measure import Measure
from oligort.phantoms import Ellipsoid, LinearGradient, SlabStack, Sphere

STEP_GY, BINS = 5.0, 8
EDGES = np.arange(BINS + 1) * STEP_GY
ISODOSE = Measure(60, "cc")
"""More than any of the structures below: what of one is in the isodose is a part of it."""

METRICS = (
    *("V5Gy[%]", "V12.5Gy[cc]", "V20Gy[%]", "V100%[cc]", "CV12.5Gy[cc]", "CV20Gy[%]"),
    *("D95%", "D50%", "D2%", "D1cc", "D98%[%]", "DC1cc", "DC10%", "DC50%"),
    *("Min", "Mean", "Max", "gEUD(1)", "gEUD(8)", "gEUD(-0.5)", "gEUD(-6)", "HI", "CI"),
)


def histogram(full_cc, partly_cc=None, uncovered_cc=0.0):
    """Volumes (8,) spread evenly over bins of 5 Gy, wholly known and known in part."""
    known = np.array(full_cc, float)
    partly = np.zeros(BINS) if partly_cc is None else np.array(partly_cc, float)
    volume = known + partly
    filled = np.flatnonzero(volume)
    covered = float(volume.sum())
    return Dvh(
        "S",
        1,
        EDGES,
        beyond(volume),
        volume_cc=covered + uncovered_cc,
        uncovered_cc=uncovered_cc,
        min_gy=float(EDGES[filled[0]]),
        mean_gy=float(volume @ (EDGES[:-1] + STEP_GY / 2)) / covered,
        max_gy=float(EDGES[filled[-1] + 1]),
        partly_covered_cc=None if partly_cc is None else beyond(partly),
        prescription_gy=20.0,
        isodose=ISODOSE,
    )


def beyond(volume_cc):
    return np.append(np.cumsum(volume_cc[::-1])[::-1], 0.0)


def held(found, truth, metrics=METRICS):
    """The metrics of a histogram that its truth has within the interval."""
    answered = []
    for metric in metrics:
        try:
            measure = found[metric]
        except NotEvaluable:
            continue
        low, high = measure.intervals["coverage"]
        expected = float(truth[metric])
        # Sums of a dozen volumes agree to rounding.
        slack = 1e-9 * max(1.0, abs(expected))
        assert low - slack <= expected <= high + slack, metric
        answered.append(metric)
    return answered


VOLUMES = st.lists(st.integers(0, 3), min_size=BINS, max_size=BINS)


@given(
    VOLUMES,
    VOLUMES,
    st.integers(0, 4),
    st.lists(st.integers(0, BINS - 1), min_size=4, max_size=4),
    st.lists(st.integers(0, BINS - 1), min_size=BINS, max_size=BINS),
)
@settings(deadline=None, max_examples=60)
def test_whatever_the_unknown_doses_are_the_interval_holds_them(
    full, partly, uncovered, places, raises
):
    """Every volume of a bin that is known in part moves up; what is uncovered goes anywhere."""
    if not any(full) and not any(partly):
        full = [1, *full[1:]]
    if not any(partly) and not uncovered:
        uncovered = 1
    found = histogram(full, partly, float(uncovered))
    completed = np.array(full, float)
    for place, (volume, rise) in enumerate(zip(partly, raises, strict=True)):
        completed[min(place + rise, BINS - 1)] += volume
    for place in places[:uncovered]:
        completed[place] += 1
    assert {"V20Gy[%]", "Min", "Mean", "gEUD(8)"} <= set(held(found, histogram(completed)))


@given(VOLUMES.filter(any), st.integers(1, 4), st.lists(st.integers(0, BINS - 1), min_size=4))
@settings(deadline=None)
def test_without_a_partly_known_dose_the_interval_holds_what_is_uncovered(full, uncovered, places):
    found = histogram(full, None, float(uncovered))
    completed = np.array(full, float)
    for place in places[:uncovered]:
        completed[place] += 1
    held(found, histogram(completed))


def test_every_completion_of_three_litres_is_held_and_the_ends_are_reached():
    """One part at 10 Gy or more, one uncovered, one known at 15 Gy: all places of both."""
    found = histogram([0, 0, 0, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0], 1.0)
    reached = {"V20Gy[cc]": set(), "CV20Gy[cc]": set()}
    for partly, uncovered in product(range(2, BINS), range(BINS)):
        completed = np.zeros(BINS)
        completed[3] += 1
        completed[partly] += 1
        completed[uncovered] += 1
        truth = histogram(completed)
        held(found, truth)
        for metric, values in reached.items():
            values.add(float(truth[metric]))
    for metric, values in reached.items():
        assert found[metric].intervals["coverage"] == (min(values), max(values))


PARTLY = histogram([0, 2, 2, 0, 0, 0, 0, 0], [2, 0, 0, 0, 2, 0, 0, 0], 2.0)
"""4 cc from 5 to 15 Gy; 2 cc at 0 to 5 Gy and 2 cc at 20 to 25 Gy at least; 2 cc uncovered."""


@pytest.mark.parametrize(
    ("metric", "value", "low", "high"),
    [
        ("V10Gy[cc]", 4, 4, 8),
        ("V10Gy[%]", 40, 40, 80),
        ("V0Gy[cc]", 8, 8, 10),
        ("V30Gy[cc]", 0, 0, 6),
        ("CV10Gy[cc]", 6, 2, 6),
        ("D1cc", 22.5, 22.5, np.inf),
        ("D6cc", 5, 5, np.inf),
        ("D7cc", 2.5, 2.5, 12.5),
        ("DC3cc", 2.5, 2.5, 12.5),
        ("Min", 0, 0, 10),
        ("Max", 25, 25, np.inf),
        ("Mean", 11.25, 9, np.inf),
        ("gEUD(1)", 11.25, 9, np.inf),
    ],
)
def test_what_is_known_in_part_may_be_as_hot_as_can_be(metric, value, low, high):
    found = PARTLY[metric]
    assert found == pytest.approx(value, abs=1e-9)
    assert found.intervals["coverage"] == pytest.approx((low, high), abs=1e-9)


def test_a_negative_exponent_counts_infinite_doses_as_nothing():
    """Of 10 cc 4 are known, from 5 to 15 Gy evenly: their mean 1 / D is ln 3 / 10."""
    low, high = PARTLY["gEUD(-1)"].intervals["coverage"]
    assert low == 0
    assert high == pytest.approx(10 / (4 * np.log(3) / 10), rel=1e-9)


def test_the_lowest_dose_of_what_is_inside_a_grid_is_no_less_than_what_is_known():
    inside = histogram([0, 0, 0, 2, 0, 0, 0, 0], [0, 2, 0, 0, 0, 0, 0, 0])
    # In the first bin whose end has less than all, 15 to 20 Gy, lies the lowest known dose.
    assert inside["Min"].intervals["coverage"] == (5, 20)
    nothing = histogram([0] * BINS, [0, 2, 0, 0, 0, 0, 0, 0])
    assert nothing["Min"].intervals["coverage"] == (5, np.inf)
    assert nothing["D50%"].intervals["coverage"].high == np.inf
    assert nothing["gEUD(-3)"].intervals["coverage"].high == np.inf


def test_the_volume_that_is_known_in_part_is_told():
    assert PARTLY.partly_covered_volume_cc == 4
    assert histogram([1] * BINS).partly_covered_volume_cc == 0
    assert "coverage" not in histogram([1] * BINS)["Mean"].intervals
    assert "coverage" not in histogram([1] * BINS, [0] * BINS)["Mean"].intervals


@pytest.mark.parametrize(
    ("partly_cc", "what"),
    [
        ([2.0, 0.0], "for every edge"),
        ([2.0, 1.0, 1.5, *[0.0] * 6], "never rises"),
        ([9.0, *[0.0] * 8], "a part of the covered"),
        ([1.0] * 9, "a part of the covered"),
        ([0.0] * 8 + [-1.0], "a part of the covered"),
    ],
)
def test_what_is_known_in_part_is_a_part_of_what_is_covered(partly_cc, what):
    with pytest.raises(ValueError, match=what):
        replace(PARTLY, partly_covered_cc=np.array(partly_cc))


def test_rounding_makes_no_part_impossible():
    """Two sums of the same volumes differ in their last digits."""
    partly = PARTLY.partly_covered_cc.copy()
    partly[-2:] -= 1e-12
    partly[:1] += 1e-12
    found = replace(PARTLY, partly_covered_cc=partly)
    for metric in METRICS:
        try:
            expected = PARTLY[metric].intervals["coverage"]
        except NotEvaluable:
            continue
        assert found[metric].intervals["coverage"] == pytest.approx(expected, abs=1e-9)


PHANTOMS, CLIPPINGS = 10, 10

OFF_PERCENT = 0.05
"""Percentage points by which a curve may differ from the exact slabs, as in `test_dvh`."""


def truth_geud(slabs, field, exponent):
    """Mean of powers over layers of equal volume, the dose in the middle of each.

    In a layer the dose varies by a hundredth of its range at the most, at the tips of the solid,
    where a layer is 1 / 4000 of the volume: what the middle misses there is 1e-7 of the range.
    """
    layers = 4000
    dose = slabs.dose_at(field, (np.arange(layers) + 0.5) / layers)
    return float(np.mean(dose**exponent)) ** (1 / exponent)


def clipped(dose, low, high):
    """A dose without so many voxels at the low and high ends of each axis."""
    grid, shape = dose.grid, np.array(dose.grid.shape)
    kept = tuple(slice(int(a), int(n - b)) for a, b, n in zip(low, high, shape, strict=True))
    part = Grid(
        grid.to_patient(np.array([low[0], low[1], 0.0])),
        grid.i_direction,
        grid.j_direction,
        grid.i_spacing_mm,
        grid.j_spacing_mm,
        *(int(n) for n in (shape - low - high)[:2]),
        grid.frame_positions_mm[kept[2]],
    )
    return DoseGrid(part, dose.dose_gy[kept])


@pytest.mark.parametrize("seed", range(PHANTOMS))
def test_the_interval_of_a_clipped_grid_holds_the_truth(seed, dose_of, dvh_of):
    """A hundred clippings in all, on one to six sides, of up to nearly half of each side."""
    generator = np.random.default_rng(seed)
    a, b, c = generator.uniform(9, 22, 3)
    solid = Sphere((2, -3, 1), a) if seed % 2 else Ellipsoid((2, -3, 1), (a, b, c))
    gradient = generator.normal(size=3)
    gradient *= generator.uniform(0.2, 0.7) / np.linalg.norm(gradient)
    field = LinearGradient(float(22 - gradient @ (2, -3, 1)), tuple(gradient))
    planes = np.arange(-25.0, 26.0, 2.0) + generator.uniform(0, 2)
    planes = planes[np.abs(planes - 1) < solid.extent_mm(np.eye(3)[2])[1] - 1]
    structure, slabs = solid.structure("S", 1, planes, 300), SlabStack.half_way(solid, planes)
    half = np.array([solid.extent_mm(axis)[1] for axis in np.eye(3)]) - (2, -3, 1) + 2.5
    whole = dose_of(field, (2, -3, 1), half, 2.5)
    shift = OFF_PERCENT / 100
    v20 = 100 * float(slabs.fraction(field, [20.0])[0])
    least, most = slabs.dose_at(field, [0.5 + shift, 0.5 - shift])
    truths = {
        "V20Gy[%]": (v20 - OFF_PERCENT, v20 + OFF_PERCENT),
        "D50%": (float(least), float(most)),
        "Mean": (slabs.mean_gy(field),) * 2,
    }
    for exponent in (8, -4):
        truths[f"gEUD({exponent})"] = (truth_geud(slabs, field, exponent),) * 2
    answered = clippings = 0
    while clippings < CLIPPINGS:
        shape = np.array(whole.grid.shape)
        low, high = generator.integers(1, shape // 2 - 1, (2, 3)) * (generator.random((2, 3)) < 0.4)
        found = dvh_of(structure, clipped(whole, low, high))
        if not found.uncovered_cc:
            continue
        clippings += 1
        for metric, (least, most) in truths.items():
            try:
                measure = found[metric]
            except NotEvaluable:
                assert metric == "D50%"
                assert found.uncovered_cc > 0.49 * found.volume_cc
                continue
            assert measure.low <= most, metric
            assert measure.high >= least, metric
            answered += 1
    # All but some D50%, of what has lost more than half.
    assert answered >= 4 * CLIPPINGS
