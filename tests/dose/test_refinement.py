"""Bins and sub-voxels: as fine as the dose needs, and what is then left stands in the interval."""

import numpy as np
import pytest

from oligort.dose import histogram
from oligort.dose.grid import DoseGrid
from oligort.geometry.grid import Grid
from oligort.phantoms import Box, LinearGradient, SlabStack, Sphere

CURVE_PP = 0.05
"""Percentage points to the exact slabs, as everywhere (`test_accuracy`).

Bins of a 300th of the span cut a corner of a ball's curve, which bends by at most 6 over the
squared span, by 6 / 300^2 / 8: a thousandth of a point.
"""

BALL = Sphere((0.3, -0.4, 0.2), 15)
PLANES_MM = np.arange(-14.5, 15, 1.0)
STRUCTURE = BALL.structure("S", 1, PLANES_MM, 300)


def at(dvh, doses, curve_cc):
    return 100 * np.interp(doses, dvh.edges_gy, curve_cc, right=0) / dvh.volume_cc


@pytest.mark.parametrize(
    ("span_gy", "bin_gy"), [(0.2, 0.01 / 16), (1.9, 0.01 / 8), (6, 0.0025), (30, 0.01)]
)
def test_bins_are_halved_until_two_thousand_span_the_box_or_four_times(
    span_gy, bin_gy, dose_of, dvh_of
):
    field = LinearGradient(40, tuple(span_gy / 30 * np.array([0.6, 0, 0.8])))
    dvh = dvh_of(STRUCTURE, dose_of(field, (0, 0, 0), 20))
    steps = np.diff(dvh.edges_gy)
    assert dvh.edges_gy[0] == 0
    assert (steps > 0).all()
    assert steps[dvh.edges_gy[:-1] >= dvh.min_gy] == pytest.approx(bin_gy)
    # Below the lowest dose there is nothing to resolve.
    assert steps[dvh.edges_gy[1:] < dvh.min_gy - 0.02] == pytest.approx(0.01)
    doses = np.linspace(dvh.min_gy, dvh.max_gy, 203)[1:-1]
    truth = 100 * SlabStack.half_way(BALL, PLANES_MM).fraction(field, doses)
    off = np.abs(at(dvh, doses, dvh.cumulative_cc) - truth)
    assert off.max() <= CURVE_PP
    assert (off <= at(dvh, doses, dvh.numerical.curve_cc)).all()


def rough_dose():
    """A dose of other slopes in every voxel, from 20 to 60 Gy."""
    grid = Grid((-20, -20, -20), (1, 0, 0), (0, 1, 0), 2.5, 2.5, 17, 17, np.arange(17) * 2.5)
    return DoseGrid(grid, np.random.default_rng(1).uniform(20, 60, grid.shape))


def kinked_dose():
    """150 Gy less 0.8 and 3.3 a millimetre on both sides of a plane that is no plane of voxels."""
    grid = Grid((-20, -20, -20), (1, 0, 0), (0, 1, 0), 2.5, 2.5, 17, 17, np.arange(17) * 2.5)
    points = grid.to_patient(np.moveaxis(np.indices(grid.shape, dtype=float), 0, -1))
    away = (points - (1, 2, 0)) @ np.array([0.64, 0.6, 0.48])
    return DoseGrid(grid, 150 - np.where(away > 0, 3.3 * away, -0.8 * away))


@pytest.mark.parametrize("dose", [rough_dose(), kinked_dose()], ids=["rough", "kinked"])
def test_sub_voxels_are_halved_until_the_curve_is_known(dose, dvh_of, monkeypatch):
    """From far too few on: what they end with is as sure as what enough of them would give."""
    reference = dvh_of(STRUCTURE, dose)
    monkeypatch.setattr(histogram, "SUB_VOXELS", 500)
    refined = dvh_of(STRUCTURE, dose)
    monkeypatch.setattr(histogram, "MOST_SUB_VOXELS", 500)
    capped = dvh_of(STRUCTURE, dose)
    doses = np.linspace(reference.min_gy, reference.max_gy, 203)[1:-1]
    truth, slack = (at(reference, doses, c) for c in (reference.cumulative_cc, doubt(reference)))
    # White noise from voxel to voxel bends inside one sub-voxel a voxel, which merging does not
    # show; that is two fifths more, and only where the cap keeps them that large.
    for dvh, share in ((refined, 1.0), (capped, 1.5)):
        off = np.abs(at(dvh, doses, dvh.cumulative_cc) - truth)
        assert (off <= share * at(dvh, doses, doubt(dvh)) + slack).all()
        assert dvh.volume_cc == pytest.approx(reference.volume_cc, rel=1e-9)
    # The widest doubt is that of the curve where the two sizes differ most, and bends beside it.
    assert at(refined, doses, doubt(refined)).max() <= 100 * histogram.TOLERANCE * 1.2
    assert at(capped, doses, doubt(capped)).max() > 100 * histogram.TOLERANCE


def doubt(dvh):
    return dvh.numerical.curve_cc


def test_no_dose_below_a_gray_is_refined_for(dvh_of, monkeypatch):
    """The same dose a hundred times smaller: as rough, and all of it scattered dose."""
    dose = DoseGrid(rough_dose().grid, rough_dose().dose_gy / 100)
    monkeypatch.setattr(histogram, "SUB_VOXELS", 500)
    dvh = dvh_of(STRUCTURE, dose)
    assert dvh.max_gy < 1
    assert 100 * doubt(dvh).max() / dvh.volume_cc > 100 * histogram.TOLERANCE


def test_uncovered_volume_and_the_computation_are_doubts_of_their_own(dose_of, dvh_of):
    """A cube of 8 cc whose upper 2 cc leave the grid."""
    cube = Box((0, 0, 0), (20, 20, 20)).structure("C", 1, np.arange(-9, 10, 2.0))
    field = LinearGradient(30, (0.4, -0.7, 0.9))
    dvh = dvh_of(cube, dose_of(field, (0, 0, -7.5), (15, 15, 12.5)))
    assert dvh.uncovered_cc == pytest.approx(2)
    for metric in ("V30Gy[%]", "V30Gy[cc]", "D50%", "D2cc", "Mean"):
        measure = dvh[metric]
        assert set(measure.intervals) == {"numerical", "coverage"}
        numerical, coverage = (measure.intervals[cause] for cause in ("numerical", "coverage"))
        assert numerical.low < measure < numerical.high
        assert coverage.high - measure > 100 * (numerical.high - measure)
        assert measure.low == min(numerical.low, coverage.low)
        assert measure.high == coverage.high
    # And of the half voxel beyond the last centres, 0.5 cc, what was taken for less than 30 Gy.
    beyond_cc = dvh["V30Gy[cc]"].intervals["coverage"].high - dvh["V30Gy[cc]"]
    assert 2 < beyond_cc < 2.5
