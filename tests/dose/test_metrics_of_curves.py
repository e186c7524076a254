"""Metrics of histograms made of exact curves: closed forms, relative doses, indices, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oligort.dose.doubt import NumericalDoubt
from oligort.dose.dvh import Dvh
from oligort.dose.tally import TIE_GY
from oligort.errors import NotEvaluable
from oligort.measure import Interval, Measure

LOW, HIGH, CC = 12.0, 68.0, 50.0
BIN_GY = 0.01
EDGES = np.arange(6901) * BIN_GY


def share_beyond(dose_gy):
    """Of a sphere in a linear gradient."""
    u = np.clip((2 * np.asarray(dose_gy) - LOW - HIGH) / (HIGH - LOW), -1, 1)
    return (2 - 3 * u + u**3) / 4


def dvh_of(cumulative_cc, low=LOW, mean=(LOW + HIGH) / 2, high=HIGH, edges=EDGES, **parts):
    whole = float(cumulative_cc[0]) + parts.get("uncovered_cc", 0.0)
    parts = {"uncovered_cc": 0.0, "volume_cc": whole} | parts
    return Dvh(
        "S",
        1,
        edges,
        np.array(cumulative_cc, float),
        min_gy=low,
        mean_gy=mean,
        max_gy=high,
        **parts,
    )


SPHERE = dvh_of(CC * share_beyond(EDGES))

CURVE_CC = CC * 0.75 * (2 / (HIGH - LOW)) ** 2 * BIN_GY**2 / 4
"""How far a straight line across a bin is off the sphere's curve: h^2 / 8 of its second derivative.

That is 6 u / 4 (2 / range)^2 of the volume, at most where u is 1.
"""


@pytest.mark.parametrize("gy", [0, 12, 15.003, 20, 40.0055, 60, 67.999, 68])
def test_volumes_at_a_dose_of_a_sphere_in_a_gradient(gy):
    volume = CC * float(share_beyond(gy))
    assert SPHERE[f"V{gy}Gy[cc]"] == pytest.approx(volume, abs=CURVE_CC)
    assert SPHERE[f"V{gy}Gy[%]"] == pytest.approx(100 * volume / CC, abs=100 * CURVE_CC / CC)
    assert SPHERE[f"CV{gy}Gy[cc]"] == pytest.approx(CC - volume, abs=CURVE_CC)
    assert SPHERE[f"CV{gy}Gy[%]"] == pytest.approx(100 - 100 * volume / CC, abs=100 * CURVE_CC / CC)


@pytest.mark.parametrize("off", [-1e-13, 1e-13])
def test_trap_the_last_digit_of_a_sum_keeps_no_structure_from_being_covered_wholly(off):
    """Whether a target keeps "V95%[%] >= 100" is a matter of dose, and not of how sums are made."""
    whole = dvh_of(CC * share_beyond(EDGES), volume_cc=CC * (1 + off))
    assert whole["V5Gy[cc]"] == whole.volume_cc
    assert whole["V5Gy[%]"] == 100
    assert whole["CV5Gy[cc]"] == whole["CV5Gy[%]"] == 0
    # A thousandth of a percent of it is no last digit.
    beside = dvh_of(CC * share_beyond(EDGES), uncovered_cc=1e-5 * CC)
    assert beside["V5Gy[%]"] < 99.9995
    assert beside["CV5Gy[cc]"] == pytest.approx(1e-5 * CC)


@pytest.mark.parametrize("gy", [15.003, 20, 40.0055, 60, 66])
def test_doses_at_a_volume_of_a_sphere_in_a_gradient(gy):
    """Divided by the slope 3 (1 - u^2) / 4 (2 / range) of the volume."""
    u = (2 * gy - LOW - HIGH) / (HIGH - LOW)
    off = CURVE_CC / (CC * 0.75 * (1 - u * u) * 2 / (HIGH - LOW))
    share = float(share_beyond(gy))
    assert SPHERE[f"D{100 * share:.13f}%"] == pytest.approx(gy, abs=2 * off)
    assert SPHERE[f"D{CC * share:.13f}cc"] == pytest.approx(gy, abs=2 * off)
    assert SPHERE[f"DC{100 - 100 * share:.13f}%"] == pytest.approx(gy, abs=2 * off)
    assert SPHERE[f"DC{CC - CC * share:.13f}cc"] == pytest.approx(gy, abs=2 * off)


def test_the_ends_of_the_doses_are_no_bin_edges():
    dvh = dvh_of(CC * share_beyond(EDGES), low=12.0037, high=67.9968)
    assert dvh["D100%"] == dvh["DC0cc"] == dvh["Min"] == 12.0037
    assert dvh["D0cc"] == dvh["DC100%"] == dvh["Max"] == 67.9968


def test_homogeneity_of_a_sphere_in_a_gradient():
    """u of D2% and of D98% are roots of 2 - 3u + u^3 = 0.08: 0.8340 and -0.8340; D50% is 40 Gy."""
    u = next(root for root in np.roots([1, 0, -3, 2 - 0.08]).real if 0 < root < 1)
    found = SPHERE["HI"]
    assert found.unit == ""
    assert found == pytest.approx(u * (HIGH - LOW) / 40, abs=1e-6)


def test_geud_of_a_sphere_in_a_gradient():
    """Moments of 40 + 28 u with density 3 (1 - u^2) / 4: E u^2 = 1/5, E u^4 = 3/35."""
    assert SPHERE["gEUD(1)"] == pytest.approx(40, abs=1e-5)
    assert SPHERE["gEUD(2)"] == pytest.approx((40**2 + 28**2 / 5) ** 0.5, abs=1e-5)
    fourth = 40**4 + 6 * 40**2 * 28**2 / 5 + 28**4 * 3 / 35
    assert SPHERE["gEUD(4)"] == pytest.approx(fourth**0.25, abs=1e-5)
    # E 1/D = 3/4 (integral of (1 - u^2) / (40 + 28 u)), with c = 40 / 28
    c = 40 / 28
    inverse = 0.75 / 28 * (2 * c + (1 - c * c) * np.log((c + 1) / (c - 1)))
    assert SPHERE["gEUD(-1)"] == pytest.approx(1 / inverse, abs=1e-5)


def test_percentages_of_dose_are_of_the_prescription():
    relative = SPHERE.relative_to(50)
    assert relative.prescription_gy == 50
    for one, other, scale in (
        ("V80%[%]", "V40Gy[%]", 1),
        ("V80%[cc]", "V40Gy[cc]", 1),
        ("CV80%[cc]", "CV40Gy[cc]", 1),
        ("D95%[%]", "D95%[Gy]", 2),
        ("D2cc[%]", "D2cc[Gy]", 2),
        ("DC5%[%]", "DC5%[Gy]", 2),
        ("Min[%]", "Min[Gy]", 2),
        ("Mean[%]", "Mean[Gy]", 2),
        ("Max[%]", "Max[Gy]", 2),
        ("gEUD(8)[%]", "gEUD(8)[Gy]", 2),
    ):
        assert relative[one] == pytest.approx(scale * SPHERE[other], rel=1e-12)
        assert relative[one].unit == one[-3:].strip("[]")


@pytest.mark.parametrize("metric", ["V95%[%]", "CV95%[cc]", "D95%[%]", "Mean[%]", "gEUD(2)[%]"])
def test_without_a_prescription_nothing_is_relative_to_it(metric):
    with pytest.raises(NotEvaluable, match="needs a prescription"):
        SPHERE[metric]


@pytest.mark.parametrize("gy", [0.0, -50.0, float("nan"), float("inf")])
def test_a_prescription_is_a_dose(gy):
    with pytest.raises(ValueError, match="prescription above 0 Gy"):
        SPHERE.relative_to(gy)


@pytest.mark.parametrize("isodose", [Measure(7, "%"), Measure(-1, "cc"), Measure(np.nan, "cc")])
def test_an_isodose_is_a_volume(isodose):
    with pytest.raises(ValueError, match="volume of an isodose"):
        SPHERE.relative_to(50, isodose)


def test_what_is_relative_has_relative_alternatives():
    other = dvh_of(CC * share_beyond(EDGES - 1), low=LOW + 1, high=HIGH + 1)
    relative = replace(SPHERE, alternatives=(other,)).relative_to(40)
    low, high = relative["D50%[%]"].intervals["convention"]
    assert (low, high) == pytest.approx((100, 102.5), abs=1e-4)


def test_conformity_of_a_target_within_and_across_its_isodose():
    """Half of the sphere is in an isodose of 40 cc: 25^2 / (50 40). All of it: 50^2 / (50 80)."""
    found = SPHERE.relative_to(40, Measure(40, "cc"))["CI"]
    assert found.unit == ""
    assert found == pytest.approx(25**2 / (CC * 40), abs=1e-6)
    assert SPHERE.relative_to(LOW, Measure(80, "cc"))["CI"] == pytest.approx(50 / 80, rel=1e-12)
    assert SPHERE.relative_to(HIGH + 1, Measure(2, "cc"))["CI"] == 0


def test_conformity_needs_a_prescription_and_its_isodose():
    with pytest.raises(NotEvaluable, match="needs a prescription"):
        SPHERE["CI"]
    with pytest.raises(NotEvaluable, match="whole dose that receives the prescription"):
        SPHERE.relative_to(40)["CI"]
    with pytest.raises(NotEvaluable, match="nothing receives 70 Gy"):
        SPHERE.relative_to(70, Measure(0, "cc"))["CI"]


def test_the_interval_of_conformity_holds_every_pair_of_volumes():
    isodose = Measure(40, "cc", numerical=(38, 43), coverage=(40, np.inf))
    doubt = NumericalDoubt(
        np.full(len(EDGES), 0.5), *[Interval(LOW, LOW)] * 2, Interval(HIGH, HIGH)
    )
    doubtful = dvh_of(CC * share_beyond(EDGES), numerical=doubt)
    found = doubtful.relative_to(40, isodose)["CI"]
    numerical = found.intervals["numerical"]
    assert numerical == pytest.approx((24.5**2 / (50 * 43), 25.5**2 / (50 * 38)), rel=1e-6)
    assert found.intervals["coverage"] == pytest.approx((0, found))
    # What of the target is in the isodose is a part of it: no more than V / TV.
    tight = Measure(26, "cc", numerical=(20, 30))
    high = doubtful.relative_to(40, tight)["CI"].intervals["numerical"].high
    assert high == pytest.approx(25.5 / 50, rel=1e-6)


def test_the_conventions_of_an_isodose_are_those_of_its_conformity():
    isodose = Measure(40, "cc", convention=(35, 50))
    found = SPHERE.relative_to(40, isodose)["CI"].intervals["convention"]
    assert found == pytest.approx((25**2 / (CC * 50), 25**2 / (CC * 35)), rel=1e-6)
    other = dvh_of(0.9 * CC * share_beyond(EDGES))
    both = replace(SPHERE, alternatives=(other,)).relative_to(40, isodose)
    low, high = both["CI"].intervals["convention"]
    assert low == pytest.approx(22.5**2 / (45 * 50), rel=1e-6)
    assert high == pytest.approx(found.high)


def test_homogeneity_of_no_dose_is_refused():
    nothing = dvh_of([8.0, 0.0], 0.0, 0.0, 0.0, np.array([0, 0.01]))
    with pytest.raises(NotEvaluable, match="D50%, which is 0 Gy"):
        nothing["HI"]
    assert nothing["gEUD(2)"] == nothing["gEUD(-2)"] == 0


SMALL = dvh_of(0.02 * share_beyond(EDGES))


@pytest.mark.parametrize("metric", ["D2cc", "DC2cc", "D0.03cc", "DC0.03cc", "D2cc[%]"])
def test_trap_a_volume_larger_than_the_structure_has_no_dose(metric):
    with pytest.raises(NotEvaluable, match=r"asks for .* cc of a structure of 0.02 cc"):
        SMALL.relative_to(50)[metric]


@pytest.mark.parametrize("metric", ["D95%", "D45cc", "DC5%", "DC2cc", "HI"])
def test_a_volume_that_reaches_beyond_the_grid_has_no_dose(metric):
    half = dvh_of(0.5 * CC * share_beyond(EDGES), uncovered_cc=0.5 * CC)
    with pytest.raises(NotEvaluable, match="lie inside the dose grid"):
        half[metric]


@pytest.mark.parametrize("metric", ["HI", "CI", "gEUD(2)", "CV20Gy", "DC2cc"])
def test_of_a_structure_outside_the_grid_nothing_is_known(metric):
    outside = dvh_of([0.0, 0.0], None, None, None, np.array([0, 0.01]), uncovered_cc=CC)
    with pytest.raises(NotEvaluable, match="outside the dose grid"):
        outside.relative_to(50, Measure(1, "cc"))[metric]


ALTERED_CC = st.lists(st.floats(0, 3), min_size=3, max_size=12).filter(lambda falls: sum(falls) > 1)


@given(ALTERED_CC, st.floats(0, 1), st.floats(0, 1))
@settings(deadline=None)
def test_volumes_fall_with_dose_and_doses_with_volume(falls, one, other):
    cumulative = np.append(np.cumsum(falls[::-1])[::-1], 0)
    edges = np.arange(len(cumulative)) * 5.0
    dvh = dvh_of(cumulative, 0.0, 1.0, float(edges[-1]), edges)
    low, high = sorted((one, other))
    at, cc = edges[-1], dvh.volume_cc
    assert dvh[f"V{low * at:.9f}Gy"] >= dvh[f"V{high * at:.9f}Gy"]
    assert dvh[f"CV{low * at:.9f}Gy"] <= dvh[f"CV{high * at:.9f}Gy"]
    assert dvh[f"D{low * cc:.9f}cc"] >= dvh[f"D{high * cc:.9f}cc"]
    assert dvh[f"DC{low * cc:.9f}cc"] <= dvh[f"DC{high * cc:.9f}cc"]
    volume = dvh[f"V{low * at:.9f}Gy[cc]"]
    # Where the curve is flat the dose is the highest of that volume; and a rounding of the printed
    # 1e-9 cc is as far as 1e-9 / slope, which the same dose takes back.
    assert dvh[f"V{dvh[f'D{volume:.9f}cc']:.9f}Gy[cc]"] == pytest.approx(volume, abs=1e-5)
    assert dvh[f"CV{low * at:.9f}Gy[cc]"] == pytest.approx(cc - volume, abs=1e-9)


def bent(band_cc, generator):
    """A falling curve within a band around the sphere's, and its own extremes."""
    base = CC * share_beyond(EDGES)
    knots = np.linspace(0, len(EDGES) - 1, 60)
    wave = np.interp(np.arange(len(EDGES)), knots, generator.uniform(-1, 1, 60))
    least, most = np.maximum(base - band_cc, 0), np.minimum(base + band_cc, CC)
    curve = np.maximum.accumulate(np.clip(base + wave * band_cc, least, most)[::-1])[::-1]
    curve = np.minimum.accumulate(np.clip(curve, least, most))
    curve[EDGES <= 11.0], curve[EDGES >= 69.0] = CC, 0
    return curve


METRICS = [
    *("V20Gy[%]", "V40Gy[cc]", "V11.5Gy[%]", "V68.4Gy[%]", "CV20Gy[cc]", "CV66Gy[%]"),
    *("D95%", "D50%", "D2%", "D0.03cc", "D99.9%", "D49.99cc", "DC2cc", "DC50%", "DC0.02cc"),
    *("gEUD(1)", "gEUD(8)", "gEUD(-10)", "gEUD(60)", "gEUD(-80)", "HI", "CI"),
]


@pytest.mark.parametrize("seed", range(12))
def test_the_numerical_interval_holds_every_curve_within_the_band(seed):
    generator = np.random.default_rng(seed)
    band = np.interp(
        EDGES, np.linspace(0, 69, 40), generator.uniform(0, 1.5, 40) * (generator.random(40) < 0.7)
    )
    band[(EDGES <= LOW) | (EDGES >= HIGH)] = 0.4
    doubt = NumericalDoubt(band, Interval(11.0, LOW), Interval(39.0, 41.0), Interval(HIGH, 69.0))
    isodose = Measure(60, "cc")
    dvh = dvh_of(CC * share_beyond(EDGES), numerical=doubt).relative_to(40, isodose)
    moved = 0
    for _ in range(8):
        curve = bent(band, generator)
        inner = np.flatnonzero((curve < CC) & (curve > 0))
        truth = dvh_of(curve, float(EDGES[inner[0] - 1]), 40.0, float(EDGES[inner[-1] + 1]))
        for metric in METRICS:
            expected = float(truth.relative_to(40, isodose)[metric])
            low, high = dvh[metric].intervals["numerical"]
            # A tie counts as the edge that it misses: 1e-6 Gy, of curves of up to 2 cc a gray
            # and of up to 100 % a gray.
            slack = 1e-9 * max(1, expected) + (1e-4 if metric.startswith(("V", "CV")) else 0)
            assert low - slack <= expected <= high + slack, metric
            moved += abs(expected - dvh[metric]) > 1e-3
    assert moved > 40


def test_the_numerical_interval_is_no_wider_than_the_band():
    doubt = NumericalDoubt(
        np.full(len(EDGES), 0.5), Interval(LOW, LOW), Interval(40, 40), Interval(HIGH, HIGH)
    )
    dvh = dvh_of(CC * share_beyond(EDGES), numerical=doubt)
    for gy in (15, 40, 60):
        volume = CC * float(share_beyond(gy))
        found = dvh[f"V{gy}Gy[cc]"].intervals["numerical"]
        expected = (max(volume - 0.5, 0), min(volume + 0.5, CC))
        assert found == pytest.approx(expected, abs=CURVE_CC)
    low, high = dvh["D50%"].intervals["numerical"]
    assert dvh["V40Gy[cc]"] == pytest.approx(25, abs=CURVE_CC)
    assert share_beyond(low) == pytest.approx(0.51, abs=1e-6)
    assert share_beyond(high) == pytest.approx(0.49, abs=1e-6)
    assert dvh["V12Gy[%]"].intervals["numerical"] == (100, 100)
    # A tie beyond the maximum is the maximum, more is nothing.
    assert dvh[f"V{HIGH + 2 * TIE_GY}Gy[cc]"].intervals["numerical"].high == 0
