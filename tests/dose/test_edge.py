"""The outermost half voxel: what is not known there is in the interval, and nothing else is."""

import numpy as np
import pytest
from draws import pairs
from scipy.special import erf, expit

from oligort.conventions import DEFAULT
from oligort.dose.composite import composite_of
from oligort.dose.grid import DoseGrid
from oligort.dose.jointly import Asked, compute_dvhs
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.grid import Grid
from oligort.phantoms import Box, Ellipsoid

SPACING_MM = 2.5
COUNTS = np.array([19, 23, 27])
LOW_MM = -(COUNTS - 1) / 2 * SPACING_MM
SOLID = Ellipsoid((0, 0, 0), (17, 21, 25))
PLANES_MM = np.arange(-24.0, 25.0, 3.0)

METRICS = (
    *("V5Gy[%]", "V20Gy[%]", "V30Gy[cc]", "CV20Gy[cc]", "D50%", "D2cc", "DC1cc"),
    *("Min", "Mean", "Max", "gEUD(8)", "gEUD(-4)", "HI"),
)

ROUNDING = 1e-6
"""Share of itself by which a metric of the same voxels may differ."""

FALL = {
    # The distance from 80 to 20 % of a fall: 2 ln 4 widths, 1.683 standard deviations.
    "sigmoid": lambda x_mm, penumbra_mm: expit(-x_mm * 2 * np.log(4) / penumbra_mm),
    "gaussian": lambda x_mm, penumbra_mm: (1 - erf(x_mm * 1.683 / penumbra_mm / 2**0.5)) / 2,
    "linear": lambda x_mm, penumbra_mm: np.clip(0.5 - x_mm / (10 * penumbra_mm), 0, 1),
}


def grid_of(first, counts) -> Grid:
    """The voxels of the whole grid from one on."""
    low = LOW_MM + np.array(first) * SPACING_MM
    frames = low[2] + np.arange(counts[2]) * SPACING_MM
    i, j = map(int, counts[:2])
    return Grid((low[0], low[1], 0.0), (1, 0, 0), (0, 1, 0), SPACING_MM, SPACING_MM, i, j, frames)


def clipped(dose_gy, axis, kept: slice) -> DoseGrid:
    which = [slice(None)] * 3
    which[axis] = kept
    part = dose_gy[tuple(which)]
    first = [one.start or 0 for one in which]
    return DoseGrid(grid_of(first, part.shape), part)


@pytest.mark.parametrize(("seed", "kind"), pairs(range(4), FALL))
def test_the_interval_of_a_clipped_penumbra_holds_the_truth(kind, seed, dvh_of):
    """Penumbrae of 3 to 12 mm, straight and oblique, clipped anywhere: the truth is unclipped."""
    random = np.random.default_rng([seed, len(kind)])
    structure = SOLID.structure("S", 1, PLANES_MM, 90)
    direction = random.normal(size=3) if seed % 2 else np.eye(3)[random.integers(3)]
    direction /= np.linalg.norm(direction)
    axes_mm = (low + np.arange(n) * SPACING_MM for low, n in zip(LOW_MM, COUNTS, strict=True))
    along_mm = np.stack(np.meshgrid(*axes_mm, indexing="ij"), axis=-1) @ direction
    fall = FALL[kind](along_mm - random.uniform(-8, 8), random.uniform(3, 12))
    dose_gy = 2 + 50 * (fall if random.random() < 0.5 else 1 - fall)
    whole = dvh_of(structure, DoseGrid(grid_of((0, 0, 0), COUNTS), dose_gy))
    assert whole.edge is None
    assert "coverage" not in whole["Mean"].intervals
    answered = 0
    for _ in range(9):
        axis = int(random.integers(3))
        place = int(random.integers(5, COUNTS[axis] - 5))
        kept = slice(0, place) if random.random() < 0.5 else slice(place, None)
        found = dvh_of(structure, clipped(dose_gy, axis, kept))
        assert found.edge_volume_cc > 0
        for metric in METRICS:
            try:
                low, high = found[metric].intervals["coverage"]
            except NotEvaluable:
                continue
            # The truth is known to what its own computation may be off by.
            least, most = whole[metric].intervals["numerical"]
            slack = ROUNDING * max(1.0, abs(most))
            assert low - slack <= most, metric
            assert least <= high + slack, metric
            answered += 1
        # What is cut off and half a voxel, and no more.
        low, high = found["V20Gy[cc]"].intervals["coverage"]
        assert high - low <= found.uncovered_cc + found.edge_volume_cc + ROUNDING
    assert answered >= 9 * (len(METRICS) - 4)


BOX = Box((0.0, 0.0, 0.0), (20.0, 20.0, 20.0))
BOX_PLANES_MM = np.arange(-9.0, 10.0, 2.0)


def level(gy, low_mm, high_mm, spacing_mm=2.0) -> DoseGrid:
    """One dose everywhere, with voxel centres from a point to a point."""
    low = np.array(low_mm, dtype=float)
    counts = np.round((np.array(high_mm) - low) / spacing_mm).astype(int) + 1
    frames = low[2] + np.arange(counts[2]) * spacing_mm
    axes = (1, 0, 0), (0, 1, 0)
    i, j = map(int, counts[:2])
    grid = Grid((low[0], low[1], 0.0), *axes, spacing_mm, spacing_mm, i, j, frames)
    return DoseGrid(grid, np.full(grid.shape, gy))


@pytest.mark.parametrize(("top_mm", "edge_mm"), [(20.0, 0.0), (10.0, 0.0), (9.5, 0.5), (9.0, 1.0)])
def test_a_structure_that_ends_in_the_last_half_voxel(top_mm, edge_mm, dvh_of):
    """Voxel centres up to its end: all is known. Half a voxel less: all of it is still covered."""
    dose = level(25.0, (-20.0, -20.0, top_mm - 30.0), (20.0, 20.0, top_mm))
    dvh = dvh_of(BOX.structure("S", 1, BOX_PLANES_MM), dose)
    assert dvh.uncovered_cc == 0
    assert dvh.edge_volume_cc == pytest.approx(0.4 * edge_mm, abs=1e-9)
    assert dvh["V20Gy[cc]"] == pytest.approx(8.0)
    if not edge_mm:
        assert "coverage" not in dvh["V20Gy[cc]"].intervals
        return
    known_cc = 8 - 0.4 * edge_mm
    assert dvh["V20Gy[cc]"].intervals["coverage"] == pytest.approx((known_cc, 8.0))
    assert dvh["V30Gy[cc]"].intervals["coverage"] == pytest.approx((0.0, 8.0 - known_cc))
    assert dvh["Min"].intervals["coverage"] == pytest.approx((0.0, 25.0), abs=0.011)
    assert dvh["Mean"].intervals["coverage"] == (pytest.approx(25.0 * known_cc / 8), np.inf)
    assert dvh["D2cc"].intervals["coverage"] == pytest.approx((25.0, 25.0), abs=0.011)


def test_beyond_the_centres_of_one_course_the_other_is_certain(dvh_of):
    """25 Gy and 10 Gy: in 1 mm of the box the second is a guess, the first is not."""
    wide = level(25.0, (-20.0, -20.0, -20.0), (20.0, 20.0, 20.0))
    low = level(10.0, (-20.0, -20.0, -21.0), (20.0, 20.0, 9.0))
    dvh = dvh_of(BOX.structure("S", 1, BOX_PLANES_MM), composite_of([wide, low]))
    assert (dvh.uncovered_cc, dvh.partly_covered_volume_cc) == (0, 0)
    assert dvh["V30Gy[cc]"] == pytest.approx(8.0)
    low_cc, high_cc = dvh["V30Gy[cc]"].intervals["coverage"]
    # A box of 2 mm that the last centre cuts counts as beyond it.
    assert 8 - 2 * 0.4 - 1e-9 <= low_cc <= 8 - 0.4 + 1e-9
    assert high_cc == pytest.approx(8.0)
    assert dvh["V20Gy[cc]"].intervals["coverage"] == pytest.approx((8.0, 8.0))
    assert dvh["Min"].intervals["coverage"].low == pytest.approx(25.0, abs=0.011)


def test_of_parts_the_outermost_half_voxel_adds_up():
    whole = BOX.structure("A", 1, BOX_PLANES_MM)
    part = Box((0.0, 0.0, 0.0), (8.0, 8.0, 20.0)).structure("B", 2, BOX_PLANES_MM)
    dose = level(25.0, (-20.0, -20.0, -20.0), (20.0, 20.0, 9.0))
    asked = [
        Asked.of(Shape((whole,)), "A"),
        Asked.of(Shape(operator="-", left=Shape((whole,)), right=Shape((part,))), "A-B"),
        Asked.of(Shape(operator="&", left=Shape((whole,)), right=Shape((part,))), "A&B"),
    ]
    together, without, common = compute_dvhs(asked, dose, None, DEFAULT)
    assert together.edge.volume == pytest.approx(0.4, abs=1e-9)
    assert without.edge.volume + common.edge.volume == pytest.approx(0.4, abs=1e-9)
    assert common.edge.volume == pytest.approx(0.064, abs=1e-9)


def peak(at_mm, gy, sigma_mm, first_mm, counts, spacing_mm=2.5) -> DoseGrid:
    """A Gaussian dose on a grid that begins anywhere."""
    frames = first_mm[2] + np.arange(counts[2]) * spacing_mm
    origin = (first_mm[0], first_mm[1], 0.0)
    grid = Grid(origin, (1, 0, 0), (0, 1, 0), spacing_mm, spacing_mm, *counts[:2], frames)
    points_mm = grid.to_patient(np.moveaxis(np.indices(grid.shape, dtype=float), 0, -1))
    away_mm2 = ((points_mm - at_mm) ** 2).sum(axis=-1)
    return DoseGrid(grid, gy * np.exp(-away_mm2 / 2 / sigma_mm**2))


@pytest.mark.parametrize("columns", [14, 18])
def test_of_a_sum_the_interval_of_the_lowest_dose_reaches_the_truth(columns, dvh_of):
    """What was cut off above the maximum left a residue everywhere below, and that was a dose."""
    target = Ellipsoid((0, 0, 0), (18, 18, 18)).structure("PTV", 1, PLANES_MM, 90)
    one = peak((2, -3, 1), 20, 25, (-40, -40, -40), (33, 33, 33))
    first_mm = (-40.3, -39.1, -39.9)
    whole, less = (
        dvh_of(target, composite_of([one, peak((-2, 3, -1), 25, 30, first_mm, (i, 33, 33))]))
        for i in (33, columns)
    )
    for metric in ("Min", "D99.9%", "D98%", "gEUD(-5)", "V20Gy[%]", "V30Gy[%]"):
        truth, found = whole[metric], less[metric]
        assert found.low <= truth.high * (1 + ROUNDING), metric
        assert found.high >= truth.low * (1 - ROUNDING), metric


@pytest.mark.parametrize("shift_mm", [0.0, 0.7])
def test_a_sum_counts_all_of_its_volume_and_none_twice(shift_mm, dvh_of):
    """2 Gy everywhere and 8 Gy with a slope that jumps at its border: 71.25 % has more than 2."""
    structure = Box((0.0, 0.0, 0.0), (60.0, 60.0, 42.0)).structure("S", 1, np.arange(-19.5, 21, 3))
    one = peak((0, 0, 0), 2, 1e9, (-41, -40.5, -31), (33, 33, 26))
    other = peak((0, 0, 0), 1, 1e9, (-41 + shift_mm, -40.5, -31), (22, 33, 26))
    x_mm = other.grid.to_patient(np.moveaxis(np.indices(other.grid.shape, dtype=float), 0, -1))
    other = DoseGrid(other.grid, 8 + 0.02 * x_mm[..., 0])
    found = dvh_of(structure, composite_of([one, other]))
    known_percent = (12.75 + shift_mm + 30) / 60 * 100
    for metric in ("V2.5Gy[%]", "V5Gy[%]", "V9Gy[%]"):
        assert found[metric] == pytest.approx(known_percent, abs=1e-6)
        assert found[metric].high == pytest.approx(100, abs=1e-9)
    for metric in ("V1Gy[%]", "V1Gy[cc]", "V5Gy[%]"):
        whole = 100 if metric.endswith("[%]") else found.volume_cc
        assert found[metric].high <= whole * (1 + 1e-12)
