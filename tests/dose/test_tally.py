"""Sub-voxels in a histogram: against the distribution of a linear dose in a box."""

from itertools import product

import numpy as np
import pytest

from oligort.dose.sampling import Samples, SubVoxels
from oligort.dose.tally import Tally

BIN_GY = 0.01
CENTRE_GY = 30.0


def sub_voxels(count):
    """Whole pixels of one layer and one block."""
    return SubVoxels(
        position_mm=np.zeros(1),
        thickness_mm=np.ones(1),
        layer=np.zeros(count, dtype=np.int64),
        pixel=np.arange(count),
        covered=np.ones(count),
        rim=np.arange(0),
        u_offset=np.zeros(0),
        v_offset=np.zeros(0),
        block=np.zeros(count, dtype=np.int64),
    )


def tally_of(dose_gy, changes_gy):
    """A tally of boxes (N,) with the dose changing by (N, 3) across each."""
    dose, changes = np.asarray(dose_gy, dtype=float), np.sort(np.abs(changes_gy), axis=1)
    samples = Samples(
        dose_gy=dose,
        along_gy=changes[:, 2],
        across_gy=np.hypot(changes[:, 0], changes[:, 1]),
        reach_gy=changes.sum(axis=1) / 2,
        inside=np.ones(len(dose)),
    )
    tally = Tally((0.0, 80.0), BIN_GY)
    tally.add(sub_voxels(len(dose)), samples, np.ones(len(dose)))
    tally.merge()
    return tally


def histogram_of(tally):
    extremes = tally.extremes(np.empty(0))
    assert extremes is not None
    return tally.histogram(extremes)


def exact_share_below(away_gy, changes_gy):
    """Of a linear dose in a box: the distribution of the sum of three uniform ones, about 0."""
    total = np.zeros(len(away_gy))
    for signs in product((1, -1), repeat=3):
        reach = np.dot(signs, changes_gy) / 2
        total += np.prod(signs) * np.maximum(away_gy + reach, 0) ** 3
    return total / (6 * np.prod(changes_gy))


def share_below(away_gy, width_gy):
    return np.clip(away_gy / width_gy + 0.5, 0, 1)


@pytest.mark.parametrize(
    ("changes", "off"),
    [((4, 1, 0.5), 0.0065), ((4, 2, 1), 0.013), ((4, 4, 1), 0.0232), ((4, 4, 4), 0.0375)],
)
def test_two_intervals_are_near_the_sum_of_three_uniform_distributions(changes, off):
    """Of one box; the smaller the two lesser changes, the nearer. One interval is never as near."""
    volume = histogram_of(tally_of([CENTRE_GY], np.array([changes])))
    away = np.arange(len(volume)) * BIN_GY - CENTRE_GY
    found = volume.cumsum() - volume
    step = np.hypot(*changes[1:]) / np.sqrt(12)
    both = (share_below(away - step, changes[0]) + share_below(away + step, changes[0])) / 2
    # A microgray by which doses are raised, of 4 Gy.
    assert found == pytest.approx(both, abs=1e-6)
    exact = exact_share_below(away, changes)
    assert np.abs(found - exact).max() <= off
    one = share_below(away, np.linalg.norm(changes))
    assert np.abs(found - exact).max() < 0.8 * np.abs(one - exact).max()


@pytest.mark.parametrize("changes", [(0.004, 0, 0), (0.5, 0.3, 0.2), (4, 2, 1), (6, 6, 6)])
def test_volume_mean_variance_and_skewness_are_those_of_the_box(changes):
    """The variance of a uniform distribution is a twelfth of its squared width.

    Bins move doses by up to half a bin up or down: a twelfth of a bin squared is added.
    """
    volume = histogram_of(tally_of([CENTRE_GY], np.array([changes])))
    away = (np.arange(len(volume)) + 0.5) * BIN_GY - CENTRE_GY
    assert volume.sum() == pytest.approx(1, rel=1e-12)
    assert volume @ away == pytest.approx(0, abs=BIN_GY)
    variance = float(np.square(changes).sum()) / 12
    assert volume @ away**2 == pytest.approx(variance, abs=BIN_GY**2 + 0.001 * variance)
    assert volume @ away**3 == pytest.approx(0, abs=3 * BIN_GY * variance + BIN_GY**3)


def test_a_dose_without_width_stays_in_its_bin():
    """On an edge, where rounding decides, it is counted above."""
    for width in (0.0, 1e-13, 1e-9):
        volume = histogram_of(tally_of([20.0, 20.0], np.full((2, 3), width)))
        assert volume[2000] == pytest.approx(2, rel=1e-12)
        assert volume[:2000].sum() == pytest.approx(0, abs=1e-12)


def eight(gradient_gy):
    """The doses of two by two by two boxes of a linear dose, and their changes."""
    corner = np.indices((2, 2, 2)).reshape(3, 8).T - 0.5
    return CENTRE_GY + corner @ gradient_gy, np.tile(gradient_gy, (8, 1))


def test_a_linear_dose_in_a_whole_block_is_one_of_a_larger_box():
    gradient = np.array([1.0, 0.6, -0.4])
    tally = tally_of(*eight(gradient))
    assert tally.linearity == pytest.approx(1)
    assert tally.mean_block_width_gy == pytest.approx(2)
    extremes = tally.extremes(np.empty(0))
    merged = tally.histogram_of_blocks(extremes)
    large = histogram_of(tally_of([CENTRE_GY], 2 * gradient[None])) * 8
    assert merged == pytest.approx(large, abs=1e-9)


def test_linearity_falls_where_boxes_differ_by_more_or_less_than_their_slopes_tell():
    """Of a linear dose three times as much variance is between boxes as in them."""
    dose, changes = eight(np.array([1.0, 0.6, -0.4]))
    for share in (0.0, 0.5, 2.0):
        tally = tally_of(CENTRE_GY + share * (dose - CENTRE_GY), changes)
        assert tally.linearity == pytest.approx(min(share, 1 / max(share, 1e-9)) ** 2)
