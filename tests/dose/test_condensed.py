"""Sums of powers over a few places beside those over all corners."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oligort.dose.condensed import LARGEST_POWER, NODES, condensed
from oligort.dose.curve import Curve
from oligort.dose.geud import Powers, geud_gy

CURVES = 3


@given(
    st.floats(-LARGEST_POWER, LARGEST_POWER),
    st.floats(0.005, 0.05),
    st.integers(1, 3000),
    st.integers(0, 2**32 - 1),
)
@settings(deadline=None)
def test_sums_of_powers_are_those_over_all_corners(power, bin_gy, first_bin, seed):
    random = np.random.default_rng(seed)
    dose = np.sort(np.append(np.arange(first_bin, 8000) * bin_gy, random.random(5) * bin_gy * 8000))
    log_dose = np.log(dose)
    weights = random.standard_normal((CURVES, len(dose)))
    places, of_places = condensed(log_dose, 0, weights)
    unit = log_dose[-1] if power > 0 else log_dose[0]
    of_all = np.exp(power * (log_dose - unit))
    of_few = np.exp(power * (places - unit))
    # What the sums are of, without regard to sign: rounding is a share of that.
    size = np.abs(weights) @ of_all
    assert (np.abs(of_places @ of_few - weights @ of_all) <= 1e-13 * size).all()
    assert of_places.sum(axis=1) == pytest.approx(weights.sum(axis=1), abs=1e-12 * len(dose))


def test_a_fine_histogram_needs_a_tenth_of_its_corners():
    dose = np.arange(10_001) * 0.007
    with np.errstate(divide="ignore"):
        log_dose = np.log(dose)
    places, weights = condensed(log_dose, 1, np.ones((1, len(dose))))
    assert len(places) <= len(dose) / 9
    assert weights.shape == (1, len(places))
    kept = int(np.count_nonzero(places[:NODES] == log_dose[:NODES]))
    assert kept == NODES, "low doses, which no stretch holds in number, stay as they were"


def test_few_corners_stay_as_they_are():
    log_dose = np.log(np.linspace(1, 70, 40))
    weights = np.ones((2, 40))
    places, of_places = condensed(log_dose, 0, weights)
    assert places is log_dose
    assert of_places is weights


@pytest.mark.parametrize("exponent", [LARGEST_POWER - 1, -LARGEST_POWER - 1])
def test_the_geud_does_not_jump_where_all_corners_are_asked(exponent):
    """Beyond the largest power they are; next to it a gEUD differs by next to nothing."""
    dose = np.linspace(0.5, 70, 10_001)
    curve = Curve(dose, 500 * (1 - np.linspace(0, 1, 10_001)) ** 2, 0.0, 1e-9)
    step = 1e-9
    (inside,) = geud_gy(Powers([curve]), [500], exponent - np.sign(exponent) * step)
    (beyond,) = geud_gy(Powers([curve]), [500], exponent + np.sign(exponent) * step)
    assert inside == pytest.approx(beyond, rel=1e-9)
