"""EQD2 and BED against the published table, their identities, and the histogram in closed form."""

import numpy as np
import pytest

from oligort.dose.biology import bed, bed_gy, bed_of_eqd2, eqd2, eqd2_gy
from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.measure import Measure
from oligort.phantoms import LinearGradient, Sphere

ROUNDING = 1e-12
"""Relative: three products and a quotient of doubles."""


@pytest.mark.parametrize(
    ("fractions", "told_gy"),
    [(3, 38.7), (5, 28.0), (8, 22.0), (10, 20.0), (25, 15.2), (30, 14.7)],
)
def test_the_table_of_20_gy_to_three_digits(fractions, told_gy):
    # Physical 20 Gy, alpha/beta 3 Gy; half of the third digit
    assert eqd2_gy(np.array([20.0]), fractions, 3.0)[0] == pytest.approx(told_gy, abs=0.05)


@pytest.mark.parametrize("fractions", [1, 3, 25, 40])
@pytest.mark.parametrize("alpha_beta_gy", [0.5, 2.0, 3.0, 10.0])
def test_identities(fractions, alpha_beta_gy):
    dose_gy = np.linspace(0, 80, 321)
    found_bed = bed_gy(dose_gy, fractions, alpha_beta_gy)
    found = eqd2_gy(dose_gy, fractions, alpha_beta_gy)
    assert found == pytest.approx(found_bed / (1 + 2 / alpha_beta_gy), rel=ROUNDING)
    in_2_gy = np.array([2.0 * fractions])
    assert eqd2_gy(in_2_gy, fractions, alpha_beta_gy) == pytest.approx(in_2_gy, rel=ROUNDING)
    # Monotone and convex: linear-quadratic. Below 2 Gy a fraction it is less than the dose.
    assert (np.diff(found) > 0).all()
    assert np.diff(found, 2) == pytest.approx(
        np.full(319, 2 * 0.25**2 / fractions / (2 + alpha_beta_gy)), abs=1e-10
    )
    off = (dose_gy > 0) & (np.abs(dose_gy - 2 * fractions) > 0.1)
    assert ((found < dose_gy) == (dose_gy < 2 * fractions))[off].all()
    # The same course twice, each converted for itself, is a course of twice the fractions.
    twice = eqd2_gy(2 * dose_gy, 2 * fractions, alpha_beta_gy)
    assert twice == pytest.approx(2 * found, rel=ROUNDING)


@pytest.mark.parametrize("fractions", [0, -1, 2.5, True, 3.0])
def test_fractions_that_are_none_are_refused(fractions):
    with pytest.raises(ValueError, match="fractions"):
        eqd2_gy(np.array([20.0]), fractions, 3.0)


@pytest.mark.parametrize("alpha_beta_gy", [0.0, -3.0, np.inf, np.nan])
def test_an_alpha_beta_that_is_none_is_refused(alpha_beta_gy):
    for convert in (eqd2_gy, bed_gy):
        with pytest.raises(ValueError, match="alpha/beta"):
            convert(np.array([20.0]), 10, alpha_beta_gy)


@pytest.mark.parametrize("convert", [eqd2, bed])
def test_only_a_physical_dose_of_one_course_is_converted(convert, dose_of):
    dose = dose_of(LinearGradient(30.0, (0.0, 0.0, 0.5)), (0, 0, 0), 20.0)

    def like(dose_type, summation_type="PLAN"):
        return DoseGrid(dose.grid, dose.dose_gy, dose_type, summation_type, "1.2.3")

    for dose_type in ("EFFECTIVE", "ERROR", "", "EQD2", "BED"):
        with pytest.raises(NotEvaluable, match="physical dose"):
            convert(like(dose_type), 10, 3.0)
    with pytest.raises(NotEvaluable, match="already weighted"):
        convert(like("EFFECTIVE"), 10, 3.0)
    for summation_type in ("MULTI_PLAN", "BEAM", "FRACTION_SESSION", ""):
        with pytest.raises(NotEvaluable, match="one whole course"):
            convert(like("PHYSICAL", summation_type), 10, 3.0)
    converted = convert(like("PHYSICAL", "FRACTION"), 10, 3.0)
    assert converted.dose_type == convert.__name__.upper()
    assert converted.sop_instance_uid == "1.2.3"
    assert converted.grid is dose.grid


def test_the_histogram_of_eqd2_is_the_physical_one_at_other_doses(dose_of, dvh_of):
    fractions, alpha_beta_gy, gradient = 5, 3.0, 1.0
    dose = dose_of(LinearGradient(30.0, (0.0, 0.0, gradient)), (0, 0, 0), 30.0, spacing_mm=1.0)
    sphere = Sphere((0.0, 0.0, 0.0), 15.0).structure("PTV", 1, np.arange(-15, 15.5, 1.0))
    physical = dvh_of(sphere, dose)
    converted = dvh_of(sphere, eqd2(dose, fractions, alpha_beta_gy))
    # EQD2 rises with the dose: the volume at EQD2(d) is the volume at d. Between voxels of 1 mm it
    # is too high by at most gradient^2 / (4 n (2 + a/b)), 0.01 Gy, which is less than 0.01 mm.
    excess_gy = gradient**2 / (4 * fractions * (2 + alpha_beta_gy))
    for dose_gy in (20.0, 26.5, 30.0, 33.5, 40.0):
        at = float(eqd2_gy(np.array([dose_gy]), fractions, alpha_beta_gy)[0])
        found = converted[f"V{at:.6f}Gy[%]"]
        least = physical[f"V{dose_gy:g}Gy[%]"]
        slope = (2 * dose_gy / fractions + alpha_beta_gy) / (2 + alpha_beta_gy)
        most = physical[f"V{dose_gy - excess_gy / slope:.6f}Gy[%]"]
        assert least.low <= found.high
        assert found.low <= most.high


def test_the_bed_of_an_eqd2_is_that_of_the_dose():
    """Voxel by voxel one is a multiple of the other, and so are means and their intervals."""
    dose_gy = np.array([0.5, 10.0, 48.0])
    for fractions, alpha_beta_gy in ((5, 3.0), (25, 10.0)):
        for weighted_gy, effect_gy in zip(
            eqd2_gy(dose_gy, fractions, alpha_beta_gy),
            bed_gy(dose_gy, fractions, alpha_beta_gy),
            strict=True,
        ):
            told = bed_of_eqd2(
                Measure(weighted_gy, "Gy", numerical=(0.9 * weighted_gy, 1.1 * weighted_gy)),
                alpha_beta_gy,
            )
            assert told == pytest.approx(effect_gy, rel=1e-12)
            assert told.low == pytest.approx(0.9 * effect_gy, rel=1e-12)
