"""The lung family and the EQD2 beside it, on a thorax whose doses are known in closed form."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

import oligort.protocol
from oligort.checks.engine import check
from oligort.finding import Flag, Grade
from oligort.phantoms import Box
from oligort.protocol.model import Protocol

LUNGS_CC, METASTASIS_CC, AREA_CM2 = 720.0, 8.0, 72.0

TOLERANCE = 1e-3
"""Percentage points, cc and Gy: boxes on their planes and a dose that is linear between its voxels
are exact, and 5 and 20 Gy are edges of bins."""

EQD2 = "of EQD2 (alpha/beta 3 Gy)"


def told(report, about):
    return {m.metric: m for m in report.measurements if m.about == about}


def values(report, about):
    return {metric: m.value for metric, m in told(report, about).items()}


def with_fractions(submission, fractions, groups=1):
    (plan,) = submission.plans
    stated = replace(plan, fractions_planned=fractions, fraction_group_count=groups)
    return replace(submission, plans=(stated,))


def altered(tmp_path: Path, *changes: tuple[str, str]) -> Protocol:
    shipped = Path(oligort.protocol.__file__).parent / "trials" / "nct06190782.toml"
    text = shipped.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "altered.toml").write_text(text, encoding="utf-8")
    return Protocol.load(tmp_path / "altered.toml")


def test_the_family_in_closed_form(build):
    # 20 Gy at z = 35 mm and 0.5 Gy/mm: 5 Gy at 5 mm, 0 Gy from -5 mm downwards.
    report = check(build(edge_mm=35.0))
    mean_gy = 0.5 * 55**2 / 2 / 100
    gtv_mean_gy = 0.5 * 15**2 / 2 / 20
    lungs = {"Volume": 720.0, "V20Gy[%]": 15.0, "V5Gy[%]": 45.0, "Mean[Gy]": mean_gy}
    without_gtv = {
        "Volume": 712.0,
        "V20Gy[%]": 100 * 108 / 712,
        "V5Gy[%]": 100 * (324 - 2) / 712,
        "Mean[Gy]": (720 * mean_gy - 8 * gtv_mean_gy) / 712,
    }
    one_lung = {**lungs, "Volume": 360.0}
    for about, expected in {
        "Lungs-GTV": without_gtv,
        "Lungs": lungs,
        "Lungs-PTV": lungs,
        "Lung_L": one_lung,
        "Lung_R": one_lung,
    }.items():
        found = values(report, about)
        assert {metric: found[metric] for metric in expected} == pytest.approx(
            expected, abs=TOLERANCE
        )
    graded = [(m.about, m.metric) for m in report.measurements if m.graded]
    assert graded == [("Lungs-GTV", "V20Gy[%]")]
    assert {m.about for m in report.measurements if m.criterion == "X6"} == {
        "Lungs-GTV", "Lungs", "Lungs-CTV", "Lungs-ITV", "Lungs-PTV", "Lung_L", "Lung_R",
    }  # fmt: skip


def test_a_member_that_cannot_be_says_which_operand_is_missing(build):
    report = check(build())
    for about, operand in (("Lungs-CTV", "no CTV is drawn"), ("Lungs-ITV", "no ITV is drawn")):
        (missing,) = told(report, about).values()
        assert missing.value is None
        assert missing.note.startswith(operand)
    drawn = check(build(extra={"CTVp": Box((50.0, 0.0, 20.0), (20.0, 20.0, 40.0))}))
    # 16 cc of it, 2 of them above 35 mm, where 20 Gy is.
    assert values(drawn, "Lungs-CTV")["V20Gy[%]"] == pytest.approx(100 * 106 / 704, abs=TOLERANCE)


def test_a_part_is_no_definition_and_questions_no_verdict(build, findings_of, tmp_path):
    # All dose of the left lung: V20 of both is 24.5 %, of the left lung alone far above the limit.
    left = {"Lung_L": Box((50.0, 0.0, 0.0), (60.0, 60.0, 100.0))}
    right_below = {"Lung_R": Box((-50.0, 0.0, -30.0), (60.0, 60.0, 40.0))}
    submission = build(without=["Lung_L", "Lung_R"], extra={**left, **right_below}, edge_mm=22.5)
    (finding,) = findings_of("OL301", submission)
    assert finding.grade is Grade.PASS
    report = check(submission)
    limit = 25
    assert values(report, "Lung_L")["V20Gy[%]"] > limit > values(report, "Lungs-GTV")["V20Gy[%]"]
    assert Flag.DEFINITION_SENSITIVE not in finding.flags
    # Named as a definition it does.
    as_family = altered(
        tmp_path, ('"Lungs-PTV"]\n', '"Lungs-PTV", "Lung_L"]\n'), ('["Lung_L", ', "[")
    )
    (finding,) = findings_of("OL301", submission, protocol=as_family)
    assert Flag.DEFINITION_SENSITIVE in finding.flags


def test_what_stands_beside_is_the_protocols(build, tmp_path):
    report = check(
        build(), protocol=altered(tmp_path, ('["V5Gy[%]", "Mean[Gy]"]', '["V10", "D1cc"]'))
    )
    assert list(told(report, "Lungs"))[:5] == [
        "Volume", "V20Gy[%]", "V10Gy[%]", "D1cc[Gy]", "Mean[Gy]",
    ]  # fmt: skip


def test_what_stands_beside_is_relative_to_the_prescription(build, tmp_path):
    protocol = altered(tmp_path, ('["V5Gy[%]", "Mean[Gy]"]', '["V40%[%]", "Max[%]"]'))
    submission = build()
    found = told(check(submission, protocol=protocol), "Lungs")
    prescribed_gy = submission.prescription_gy
    at_gy = submission.dvh("Lungs")[f"V{0.4 * prescribed_gy:g}Gy[%]"]
    assert found["V40%[%]"].value == pytest.approx(float(at_gy), abs=1e-9)
    maximum = 100 * float(submission.dvh("Lungs")["Max[Gy]"]) / prescribed_gy
    assert found["Max[%]"].value == pytest.approx(maximum)
    # Where nothing is prescribed the limit stands, and what needs a prescription says so.
    found = told(check(build(prescription_gy=None), protocol=protocol), "Lungs")
    assert found["V20Gy[%]"].value is not None
    assert found["V40%[%]"].value is None
    assert "needs a prescription" in found["V40%[%]"].note


def test_eqd2_stands_beside_the_physical_dose_in_closed_form(build):
    fractions, alpha_beta = 5, 3.0
    report = check(with_fractions(build(edge_mm=35.0), fractions))
    found = told(report, "Lungs-GTV")
    value = found[f"V20Gy[%] {EQD2}"]
    # d (d / 5 + 3) / 5 = 20 Gy. Voxels are 2.5 Gy apart: between them EQD2 is up to 0.0625 Gy
    # too high, which is 0.066 mm where it rises by 1.89 Gy per Gy.
    d = (-15 + math.sqrt(15**2 + 4 * 500)) / 2
    at_mm = 35 + (d - 20) / 0.5
    excess_gy = 2.5**2 / (4 * fractions * (2 + alpha_beta))
    shift_mm = excess_gy / ((2 * d / fractions + alpha_beta) / (2 + alpha_beta)) / 0.5
    least, most = (100 * AREA_CM2 * (50 - z) / 10 / 712 for z in (at_mm, at_mm - shift_mm))
    assert least - 0.01 <= value.value <= most + 0.01
    assert value.low <= value.value <= value.high
    assert (value.unit, value.graded, value.criterion) == ("%", False, "X6")
    assert found["V20Gy[%]"].value == pytest.approx(100 * 108 / 712, abs=TOLERANCE)
    # Below 2 Gy a fraction EQD2 is less than the dose, above it is more; here 10 Gy is equal.
    assert found[f"Mean[Gy] {EQD2}"].value > 0


def test_each_course_is_converted_by_its_own_fractions_before_they_are_added(build):
    """6 fractions with 60 % of the dose and 4 with 40 % are 10 with the whole."""
    first = with_fractions(build(edge_mm=25.0, scale=0.6, prescription_gy=19.5), 6)
    second = with_fractions(build(edge_mm=25.0, scale=0.4, prescription_gy=13.0), 4)
    plan = replace(second.plans[0], sop_instance_uid="1.2.7", file="RP2.dcm", label="boost")
    dose = replace(second.doses[0], sop_instance_uid="1.2.8", file="RD2.dcm", plan_uids=("1.2.7",))
    both = replace(first, plans=(*first.plans, plan), doses=(*first.doses, dose))
    summed = told(check(both.selected(dose=["RD.dcm", "RD2.dcm"])), "Lungs-GTV")
    whole = told(check(with_fractions(build(edge_mm=25.0), 10)), "Lungs-GTV")
    for metric in (f"V20Gy[%] {EQD2}", f"Mean[Gy] {EQD2}"):
        assert summed[metric].value == pytest.approx(whole[metric].value, rel=1e-6)
    # As one course of 5 fractions it would be more.
    fewer = told(check(with_fractions(build(edge_mm=25.0), 5)), "Lungs-GTV")
    assert fewer[f"Mean[Gy] {EQD2}"].value > 1.2 * whole[f"Mean[Gy] {EQD2}"].value


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (lambda one: one, "does not state its number of fractions"),
        (lambda one: with_fractions(one, 0), "does not state its number of fractions"),
        (lambda one: with_fractions(one, 30, groups=2), "2 fraction groups"),
        (lambda one: replace(one, plans=()), "the dose's plan is not there"),
        (
            lambda one: replace(
                with_fractions(one, 5),
                doses=(replace(one.doses[0], plan_uids=("1.2.2", "1.2.9")),),
            ),
            "sums several plans",
        ),
        (
            lambda one: replace(
                with_fractions(one, 5), doses=(replace(one.doses[0], summation_type="BEAM"),)
            ).selected(dose="RD.dcm"),
            "a part of a plan",
        ),
    ],
)
def test_without_the_fractions_of_one_course_there_is_no_eqd2(alter, reason, build):
    found = told(check(alter(build(edge_mm=25.0))), "Lungs-GTV")
    assert found[f"V20Gy[%] {EQD2}"].value is None
    assert reason in found[f"V20Gy[%] {EQD2}"].note
    assert f"Mean[Gy] {EQD2}" not in found


def test_an_effective_dose_is_weighted_already(build):
    found = told(check(with_fractions(build(dose_type="EFFECTIVE"), 5)), "Lungs-GTV")
    assert "already weighted" in found[f"V20Gy[%] {EQD2}"].note


def test_a_dose_that_does_not_fit_its_prescription_has_no_eqd2(build):
    found = told(check(with_fractions(build(scale=0.04), 5)), "Lungs-GTV")
    assert "does not fit the prescription" in found[f"V20Gy[%] {EQD2}"].note


def test_alpha_beta_is_the_protocols_and_without_it_there_is_no_eqd2(build, tmp_path):
    submission = with_fractions(build(), 5)
    ten = altered(
        tmp_path,
        ("[alpha_beta.structures.Lungs]\nvalue = 3", "[alpha_beta.structures.Lungs]\nvalue = 10"),
    )
    report = check(submission, protocol=ten)
    assert "V20Gy[%] of EQD2 (alpha/beta 10 Gy)" in told(report, "Lungs-GTV")
    assert ten.alpha_beta.of("Lungs-GTV").value == ten.alpha_beta.of("Lung_L").value == 10
    assert ten.alpha_beta.of("Heart").value == ten.alpha_beta.of("Heart-Lungs").value == 3
    assert "alpha_beta_Lungs" in {setting.name for setting in report.settings}
    none = replace_alpha_beta(tmp_path)
    report = check(submission, protocol=none)
    assert not [m for m in report.measurements if "EQD2" in m.metric]


def replace_alpha_beta(tmp_path: Path) -> Protocol:
    shipped = Path(oligort.protocol.__file__).parent / "trials" / "nct06190782.toml"
    text = shipped.read_text(encoding="utf-8")
    start, end = text.index("[alpha_beta.others]"), text.index("# ----", text.index("[alpha_beta"))
    (tmp_path / "without.toml").write_text(text[:start] + text[end:], encoding="utf-8")
    return Protocol.load(tmp_path / "without.toml")
