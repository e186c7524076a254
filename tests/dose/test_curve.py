"""Curves read in both directions, and the falling curves that bound what is known by a band."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from oligort.dose.curve import Curve, never_above, never_below
from oligort.dose.tally import TIE_GY

RAMP = Curve(np.array([10.0, 20.0]), np.array([4.0, 1.0]))
STEP = Curve(np.array([10.0, 20.0, 20.0, 30.0]), np.array([4.0, 4.0, 1.0, 0.0]))


@pytest.mark.parametrize(
    ("dose_gy", "volume_cc"),
    [(0, 4), (10, 4), (12.5, 3.25), (20, 1), (20 + TIE_GY / 2, 1), (20 + 2 * TIE_GY, 0), (99, 0)],
)
def test_the_volume_at_a_dose_is_straight_between_corners(dose_gy, volume_cc):
    assert RAMP.volume_at(dose_gy) == pytest.approx(volume_cc, abs=1e-12)


def test_at_a_step_the_volume_is_that_of_at_least_its_dose():
    assert STEP.volume_at(20.0) == 4
    # A dose that a stored number misses by rounding is that dose.
    assert STEP.volume_at(20.0 + TIE_GY / 2) == 4
    assert STEP.volume_at(20.0 + 2 * TIE_GY) == pytest.approx(1, abs=1e-6)
    assert [STEP.hottest_gy(volume) for volume in (4.0, 2.0, 1.0, 0.5)] == [20, 20, 20, 25]


@pytest.mark.parametrize(
    ("volume_cc", "dose_gy"), [(0.5, 20), (1, 20), (2.5, 15), (4, 10), (4.1, 0)]
)
def test_the_hottest_volume_has_a_dose_between_corners(volume_cc, dose_gy):
    assert RAMP.hottest_gy(volume_cc) == pytest.approx(dose_gy, abs=1e-12)


def test_volume_of_any_dose_counts_at_every_dose():
    curve = Curve(RAMP.dose_gy, RAMP.volume_cc, beyond_cc=2.0)
    assert curve.volume_at(1e6) == 2
    assert curve.volume_at(12.5) == pytest.approx(5.25)
    assert curve.hottest_gy(2.0) == np.inf
    assert curve.hottest_gy(4.5) == pytest.approx(15)


@pytest.mark.parametrize(
    ("curve", "lowest_below_gy"),
    [(RAMP, 20), (STEP, 20), (Curve(np.array([1.0, 2.0]), np.zeros(2)), np.inf)],
)
def test_the_lowest_dose_lies_at_or_before_the_first_corner_with_less(curve, lowest_below_gy):
    assert curve.lowest_below_gy == lowest_below_gy


# Nothing, or more than a millionth of a cc: of volumes of 1e-323 cc no digits are left.
FALLS = st.floats(0, 10).map(lambda cc: cc if cc > 1e-6 else 0.0)
FALLING = hnp.arrays(float, st.integers(2, 12), elements=FALLS).map(
    lambda falls: np.cumsum(falls[::-1])[::-1]
)
WIDTHS = st.floats(0.5, 2)


@given(FALLING, st.data())
@settings(deadline=None)
def test_volume_and_dose_are_inverse_wherever_the_curve_falls(volume_cc, data):
    dose = np.cumsum(data.draw(hnp.arrays(float, len(volume_cc), elements=WIDTHS)))
    curve = Curve(dose, volume_cc, rounding_cc=1e-9 * float(volume_cc[0]))
    asked = data.draw(st.floats(float(dose[0]), float(dose[-1])))
    volume = curve.volume_at(asked)
    # Up to the tie by which a corner may be missed; volumes fall by at most 20 cc a gray, and what
    # rounding makes of up to 120 cc is less.
    assert curve.hottest_gy(volume) >= asked - TIE_GY - 1e-9
    assert curve.volume_at(curve.hottest_gy(volume)) == pytest.approx(volume, abs=40 * TIE_GY)


@given(FALLING, st.data())
@settings(deadline=None)
def test_bounds_fall_and_hold_every_falling_curve_within_a_band(truth_cc, data):
    """Also between the corners, where the band is as straight as the curve."""
    off = st.floats(0, 5)
    shape = truth_cc.shape
    below = truth_cc - data.draw(hnp.arrays(float, shape, elements=off))
    above = truth_cc + data.draw(hnp.arrays(float, shape, elements=off))
    lower, upper = never_below(below), never_above(above)
    corners = np.arange(len(truth_cc), dtype=float)
    between = np.linspace(0, corners[-1], 201)
    truth = np.interp(between, corners, truth_cc)
    for bound in (lower, upper):
        assert (np.diff(bound) <= 0).all()
    assert (np.interp(between, corners, lower) <= truth + 1e-12).all()
    assert (np.interp(between, corners, upper) >= truth - 1e-12).all()


def test_bounds_of_a_band_that_falls_are_the_band():
    falling = np.array([9.0, 7.0, 7.0, 1.0])
    assert (never_below(falling) == falling).all()
    assert (never_above(falling) == falling).all()


def test_a_dip_and_a_hump_of_a_band_are_no_wider_than_they_need_be():
    """A curve that falls and has 8 at the fourth corner has had no less before."""
    assert never_below(np.array([9.0, 6.0, 5.0, 8.0, 0.0])).tolist() == [8, 8, 8, 8, 0]
    assert never_above(np.array([9.0, 6.0, 8.0, 5.0])).tolist() == [9, 6, 6, 6]
