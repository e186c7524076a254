"""Generalised equivalent uniform dose against closed forms and quadrature."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.integrate import quad

from oligort.dose.curve import Curve
from oligort.dose.geud import NEAREST_TO_ZERO, Powers, geud_gy

EXPONENTS = (
    -1000,
    -50,
    -10,
    -2,
    -1 - 1e-9,
    -1,
    -1 + 1e-9,
    -0.5,
    -1e-3,
    1e-3,
    0.3,
    1,
    2,
    8,
    50,
    1e3,
)


def geud(dose_gy, volume_cc, exponent, counted_cc=None, beyond_cc=0.0):
    curve = Curve(np.array(dose_gy, float), np.array(volume_cc, float), beyond_cc, 1e-9)
    whole = float(volume_cc[0]) + beyond_cc if counted_cc is None else counted_cc
    return geud_gy(Powers([curve]), [whole], exponent)[0]


@pytest.mark.parametrize("exponent", [*EXPONENTS, -1e5, 1e5])
def test_a_uniform_dose_is_its_own(exponent):
    assert geud([20, 20], [3, 0], exponent) == pytest.approx(20, rel=1e-12)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_two_doses_have_the_mean_of_their_powers(exponent):
    """A third at 30 Gy and two thirds at 12: in logarithms, lest powers overflow."""
    found = geud([12, 12, 30, 30], [9, 3, 3, 0], exponent)
    logs = np.log([2 / 3, 1 / 3]) + exponent * np.log([12, 30])
    # The root of a power loses 1 / exponent of the digits.
    rel = 1e-12 * max(1, 1 / abs(exponent))
    assert found == pytest.approx(math.exp(np.logaddexp(*logs) / exponent), rel=rel)


@pytest.mark.parametrize(("low", "high"), [(5.0, 65.0), (20.0, 20.5), (0.01, 70.0)])
@pytest.mark.parametrize("exponent", [e for e in EXPONENTS if abs(e) <= 50])
def test_a_dose_spread_evenly_has_its_integral(low, high, exponent):
    dose = np.linspace(low, high, 401)
    found = geud(dose, np.linspace(7, 0, 401), exponent)
    # Over the logarithm of the dose, in units of an end lest powers overflow.
    unit = high if exponent > 0 else low
    ends = np.log([low / unit, high / unit])
    mean, off = quad(lambda x: unit * math.exp((exponent + 1) * x), *ends, epsabs=0, epsrel=1e-11)
    rel = 1e-9 * max(1, 1 / abs(exponent))
    assert off <= 1e-10 * mean
    assert found == pytest.approx(unit * (mean / (high - low)) ** (1 / exponent), rel=rel)


def test_a_dose_spread_evenly_from_zero_has_its_closed_form():
    """Mean of D^a from 0 to 10 Gy: 10^a / (a + 1), and infinite from a = -1 downwards."""
    dose, volume = np.linspace(0, 10, 101), np.linspace(2, 0, 101)
    for exponent in (-0.9, -0.5, 0.5, 1, 2, 8, 100):
        truth = 10 * (exponent + 1) ** (-1 / exponent)
        assert geud(dose, volume, exponent) == pytest.approx(truth, rel=1e-12)
    for exponent in (-1, -1.5, -10):
        assert geud(dose, volume, exponent) == 0


@pytest.mark.parametrize("exponent", [-0.5, -1, -10])
def test_volume_without_dose_leaves_nothing_with_a_negative_exponent(exponent):
    assert geud([0, 0, 10, 10], [3, 2, 2, 0], exponent) == 0
    assert geud([10, 10], [2, 0], exponent, counted_cc=3) == 0


def test_volume_without_dose_counts_with_a_positive_exponent():
    for found in (
        geud([0, 0, 10, 10], [3, 2, 2, 0], 2),
        geud([10, 10], [2, 0], 2, counted_cc=3),
    ):
        assert found == pytest.approx(math.sqrt(200 / 3), rel=1e-12)
    assert geud([0, 0], [3, 0], 2) == 0
    assert geud([0, 0], [3, 0], -2) == 0


def test_volume_of_any_dose_is_all_or_nothing():
    """Infinitely hot it makes a positive mean of powers infinite, and adds 0 to a negative one."""
    assert geud([10, 10], [2, 0], 3, beyond_cc=1) == np.inf
    assert geud([10, 10], [2, 0], -2, beyond_cc=1) == pytest.approx(math.sqrt(150), rel=1e-12)
    for exponent in (3, -2):
        assert geud([10, 10], [0, 0], exponent, beyond_cc=1) == np.inf


CURVES = hnp.arrays(float, 9, elements=st.floats(0, 10)).filter(lambda falls: falls.sum() > 0.1)
WIDTHS = hnp.arrays(float, 9, elements=st.floats(0, 8))


@given(CURVES, WIDTHS, st.floats(0.1, 5))
@settings(deadline=None)
def test_it_rises_with_the_exponent_from_the_lowest_to_the_highest_dose(falls, widths, lowest):
    dose = lowest + np.cumsum(widths)
    volume = np.cumsum(falls[::-1])[::-1]
    found = [geud(dose, volume, exponent) for exponent in EXPONENTS]
    # Twice the rounding of an exponent of 0.001.
    assert (np.diff(found) >= -2e-9 * dose[-1]).all()
    assert found[0] >= dose[0] * (1 - 1e-9)
    assert found[-1] <= dose[-1] * (1 + 1e-9)


@given(CURVES, WIDTHS)
@settings(deadline=None)
def test_with_an_exponent_of_one_it_is_the_area_under_the_curve(falls, widths):
    dose, volume = np.cumsum(widths), np.cumsum(falls[::-1])[::-1]
    area = dose[0] * volume[0] + np.diff(dose) @ (volume[:-1] + volume[1:]) / 2
    # Doses closer than a microgray count as one, the higher.
    assert geud(dose, volume, 1) == pytest.approx(area / volume[0], rel=1e-9, abs=1e-6)


def test_large_exponents_reach_the_ends():
    dose, volume = np.linspace(5, 65, 6001), np.linspace(1, 0, 6001)
    # Of an even spread 65 (65 / (60 a))^(1/a): ln(a) / a away.
    assert geud(dose, volume, 1e5) == pytest.approx(65, rel=2e-4)
    assert geud(dose, volume, -1e5) == pytest.approx(5, rel=2e-4)


def test_powers_that_vanish_in_units_of_another_curve_are_taken_in_its_own():
    """Two curves with the same corners: one far below the other, and far above the lowest."""
    dose = np.array([0.001, 0.001, 5.0, 5.0, 90.0, 90.0])
    low = Curve(dose, np.array([4, 4, 4, 0, 0, 0.0]), 0.0, 1e-9)
    high = Curve(dose, np.array([4, 4, 4, 4, 4, 0.0]), 0.0, 1e-9)
    for exponent in (-500, 500):
        assert geud_gy(Powers([high, low]), [4, 4], exponent) == pytest.approx([90, 5], rel=1e-12)


def test_exponents_next_to_zero_are_the_geometric_mean():
    """Half at 10 Gy and half at 40: 20 Gy, and 20 (1 + a ln(2)^2 / 2) next to it."""
    for exponent in (NEAREST_TO_ZERO, 1e-9, 1e-300, -1e-9):
        found = geud([10, 10, 40, 40], [2, 1, 1, 0], exponent)
        assert found == pytest.approx(20, rel=NEAREST_TO_ZERO)
