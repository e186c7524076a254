"""Comparisons with histograms in closed form: a sphere in a linear gradient, and altered ones."""

import numpy as np
import pytest

from oligort.dose.comparison import Statistics, compare, statistics_of
from oligort.dose.dvh import Dvh
from oligort.dose.metric import Metric
from oligort.dose.planned_dvh import PlannedDvh, curve_of

LOW_GY, HIGH_GY, VOLUME_CC = 10.0, 30.0, 100.0
BIN_GY = 0.05

V20 = Metric.parse("V20Gy[%]")

STEEPEST = 1.5 * 100 / (HIGH_GY - LOW_GY)
"""Percent a Gy of a sphere's curve where it falls fastest: of (2 - 3u + u^3)/4, at u = 0."""


def sphere_cc(doses_gy):
    u = np.clip((2 * doses_gy - LOW_GY - HIGH_GY) / (HIGH_GY - LOW_GY), -1, 1)
    return VOLUME_CC * (2 - 3 * u + u**3) / 4


def ours(uncovered_cc=0.0) -> Dvh:
    edges = np.arange(0, HIGH_GY + 1, 0.01)
    curve = sphere_cc(edges) * (1 - uncovered_cc / VOLUME_CC)
    return Dvh(
        "Sphere", 1, edges, curve, VOLUME_CC, uncovered_cc, LOW_GY, (LOW_GY + HIGH_GY) / 2, HIGH_GY
    )


def theirs(*, shift_gy=0.0, scale=1.0, read_at=0.0, bin_gy=BIN_GY, **altered) -> PlannedDvh:
    """The sphere's curve at a place of each bin, hotter by a shift and larger by a factor."""
    edges = np.arange(0, HIGH_GY + 2, bin_gy)
    volumes = scale * sphere_cc(edges + read_at * bin_gy - shift_gy)
    edges_gy, lower, upper, whole = curve_of("CUMULATIVE", np.full(len(edges), bin_gy), volumes)
    return PlannedDvh(
        (1,),
        edges_gy=edges_gy,
        lower_percent=lower,
        upper_percent=upper,
        **{"volume_cc": whole} | altered,
    )


def chord(step_gy):
    """What a curve that is linear between its edges cuts off: h^2/8 of its second derivative,
    at most 6/4 of the volume by u^2, with u of 2/20 a Gy."""
    return step_gy**2 / 8 * 100 * 6 / 4 * (2 / (HIGH_GY - LOW_GY)) ** 2


CURVE_ROUNDING = chord(0.01)


@pytest.mark.parametrize("read_at", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("bin_gy", [0.01, 0.05, 1.0])
def test_wherever_in_its_bin_a_volume_stands_the_curves_agree(read_at, bin_gy):
    found = compare(ours(), theirs(read_at=read_at, bin_gy=bin_gy), [V20])
    tolerance = chord(bin_gy) + CURVE_ROUNDING
    assert abs(found.worst_points) <= tolerance
    assert found.metric_points["V20Gy[%]"] == pytest.approx(0, abs=tolerance)
    assert found.volume_percent == pytest.approx(0, abs=1e-9)
    assert found.mean_gy == pytest.approx(0, abs=1e-9)


def test_a_dose_too_high_by_a_shift():
    found = compare(ours(), theirs(shift_gy=1.0), [V20])
    # The nearest end of their bins lies a shift above ours.
    u = (2 * 19.0 - 40) / 20
    expected = 50 - 100 * (2 - 3 * u + u**3) / 4
    assert found.metric_points["V20Gy[%]"] == pytest.approx(expected, abs=CURVE_ROUNDING)
    # The largest difference of the two curves lies where the sphere is widest between them.
    assert found.worst_at_gy == pytest.approx(20.5, abs=BIN_GY)
    middle = 100 * (2 + 3 * 0.05 - 0.05**3) / 4 - 100 * (2 - 3 * 0.05 + 0.05**3) / 4
    assert found.worst_points == pytest.approx(-middle, abs=0.02)
    assert found.mean_gy == pytest.approx(-1.0, abs=BIN_GY)


def test_another_volume():
    assert compare(ours(), theirs(scale=1.05)).volume_percent == pytest.approx(100 * (1 / 1.05 - 1))
    assert compare(ours(), theirs(volume_cc=None)).volume_percent is None


def test_a_first_volume_without_what_receives_next_to_nothing():
    edges = np.arange(0, 2.001, 0.01)
    curve = 100 - 40 * edges  # 0.4 % fall within the first 0.01 Gy, 4 % within 0.1 Gy
    body = Dvh("Body", 1, edges, curve, 100.0, 0.0, 0.0, 1.0, 2.0)

    def planned(bin_gy):
        starts = np.arange(0, 2, bin_gy)
        cut = curve_of("CUMULATIVE", np.full(len(starts), bin_gy), 100 - 40 * (starts + bin_gy))
        return PlannedDvh((1,), "", "", "", "", None, None, None, *cut[:3], volume_cc=cut[3])

    found = compare(body, planned(0.01), is_body=True)
    assert found.volume_percent == pytest.approx(0, abs=1e-9)
    # A coarse first bin leaves out what may not be left out, and so does an organ's.
    found = compare(body, planned(0.2), is_body=True)
    assert found.volume_percent == pytest.approx(100 * 8 / 92)
    assert compare(body, planned(0.1)).volume_percent == pytest.approx(100 * 4 / 96)


def test_what_lies_outside_the_grid_explains_any_volume_and_no_more():
    found = compare(ours(uncovered_cc=10.0), theirs(), [V20])
    assert found.metric_points["V20Gy[%]"] == pytest.approx(0, abs=CURVE_ROUNDING)
    shifted = compare(ours(uncovered_cc=10.0), theirs(shift_gy=-6.0), [V20])
    u = (2 * 26.0 - 40) / 20
    apart = 0.9 * 50 - 100 * (2 - 3 * u + u**3) / 4
    assert shifted.metric_points["V20Gy[%]"] == pytest.approx(apart, abs=STEEPEST * BIN_GY)


@pytest.mark.parametrize(
    ("stated", "prescription_gy", "expected"),
    [
        (None, 14.0, Statistics.ABSENT),
        (20.0, 14.0, Statistics.AGREE),
        (21.9, 14.0, Statistics.AGREE),
        (22.3, 14.0, Statistics.CONTRADICT),
        (142.86, 14.0, Statistics.PERCENT),
        (142.86, None, Statistics.CONTRADICT),
        (142.86, 25.0, Statistics.CONTRADICT),
        (0.0, 14.0, Statistics.CONTRADICT),
    ],
)
def test_statistics_beside_their_curve(stated, prescription_gy, expected):
    found = statistics_of(theirs(stated_mean=stated), prescription_gy)
    assert found["mean"] is expected
    assert found["minimum"] is found["maximum"] is Statistics.ABSENT


SLACK_GY = BIN_GY + 0.02 * HIGH_GY
"""A bin, and the share of the maximum; either end of a bin is within another bin."""


@pytest.mark.parametrize(
    ("minimum", "maximum", "expected"),
    [
        (LOW_GY, HIGH_GY, Statistics.AGREE),
        # Next to its ends the curve is flat: it leaves 100 % by 1e-6 after 0.012 Gy, and ends so.
        (LOW_GY - SLACK_GY + 0.01, HIGH_GY + SLACK_GY - 0.01, Statistics.AGREE),
        (LOW_GY - SLACK_GY - 0.06, HIGH_GY + SLACK_GY + 0.11, Statistics.CONTRADICT),
        (LOW_GY / 0.25, HIGH_GY / 0.25, Statistics.PERCENT),
        (500.0, 500.0, Statistics.CONTRADICT),
    ],
)
def test_a_stated_minimum_and_maximum_beside_their_curve(minimum, maximum, expected):
    found = statistics_of(theirs(stated_minimum=minimum, stated_maximum=maximum), 25.0)
    assert found["minimum"] is found["maximum"] is expected
    assert found["mean"] is Statistics.ABSENT


def stepped(at_gy: float, bin_gy: float = BIN_GY) -> PlannedDvh:
    """All of the volume at one dose."""
    edges = np.arange(0, HIGH_GY + 2, bin_gy)
    cut = curve_of("CUMULATIVE", np.full(len(edges), bin_gy), np.where(edges <= at_gy, 100.0, 0))
    return PlannedDvh((1,), "", "", "", "", None, None, None, *cut[:3], volume_cc=cut[3])


def test_a_steep_fall_is_held_against_a_dose():
    edges = np.array([0, 20, 20.001, 40])
    ours = Dvh("Target", 1, edges, np.array([100.0, 100, 0, 0]), 100.0, 0.0, 20.0, 20.0, 20.001)
    for apart_gy in (-0.4, 0.4):
        theirs = stepped(20 + apart_gy)
        assert abs(compare(ours, theirs).worst_points) == pytest.approx(100)
        assert compare(ours, theirs, dose_tolerance_gy=0.5).worst_points == 0
    for apart_gy, sign in ((-0.7, 1), (0.7, -1)):
        found = compare(ours, stepped(20 + apart_gy), dose_tolerance_gy=0.5)
        assert found.worst_points == pytest.approx(sign * 100)


def test_volume_without_dose_is_not_spread_over_a_bin():
    edges = np.array([0, 0.001, 10])
    ours = Dvh("Lung", 1, edges, np.array([100.0, 72, 0]), 100.0, 0.0, 0.0, 3.6, 10.0)
    for bin_gy in (0.05, 1.0):
        starts = np.arange(0, 10, bin_gy)
        volumes = np.where(starts == 0, 100, 72 * (1 - starts / 10))
        cut = curve_of("CUMULATIVE", np.full(len(starts), bin_gy), volumes)
        theirs = PlannedDvh((1,), "", "", "", "", None, None, None, *cut[:3], volume_cc=cut[3])
        # The thousandth of a Gy in which ours falls is worth 72 % / 10 Gy of it.
        assert abs(compare(ours, theirs).worst_points) < 0.01


def test_another_convention_explains_what_it_comes_nearer_to():
    found = compare(ours(), theirs(shift_gy=1.0, scale=1.05), [V20])
    beyond = compare(ours(), theirs(shift_gy=-1.0, scale=0.9), [V20])
    between = found.unexplained_by(beyond)
    assert (between.volume_percent, between.mean_gy) == (0, 0)
    assert between.metric_points == {"V20Gy[%]": 0}
    nearer = compare(ours(), theirs(shift_gy=0.5, scale=1.02), [V20])
    assert found.unexplained_by(nearer) == nearer
    assert found.unexplained_by(found) == found
    in_percent = compare(ours(), theirs(volume_cc=None), [V20])
    assert found.unexplained_by(in_percent).volume_percent is None


@pytest.mark.parametrize("bin_gy", [0.05, 1.0, 4.0])
def test_what_the_bins_leave_open(bin_gy):
    found = compare(ours(), theirs(bin_gy=bin_gy), [V20])
    # At the edge of 20 Gy a volume is that of this bin or of the one before.
    before = 100 * (sphere_cc(20.0 - bin_gy) - sphere_cc(20.0)) / VOLUME_CC
    assert found.metric_open_points["V20Gy[%]"] == pytest.approx(before, abs=1e-6)
    # A mean is off by the first bin, or by the volumes of each bin taken for the next one's.
    assert found.mean_open_gy == pytest.approx(2 * bin_gy, rel=0.02)
    # Inside of a bin it may be the last volume or the next: two bins about 20 Gy.
    widest = 100 * (sphere_cc(20.0 - bin_gy) - sphere_cc(20.0 + bin_gy)) / VOLUME_CC
    assert found.curve_open_points == pytest.approx(widest, rel=0.02)
    # What a shift explains is not open.
    within = compare(ours(), theirs(bin_gy=bin_gy), dose_tolerance_gy=bin_gy)
    assert within.curve_open_points == 0
