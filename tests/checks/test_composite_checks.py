"""Several courses before the checks: on a thorax whose composite V20 is known in closed form.

The first course is that of the thorax; a second of 5 Gy all over moves the edge of 20 Gy by 10 mm,
which adds 72 cc of 712 cc to its V20.
"""

from dataclasses import replace

import numpy as np
import pytest
from msgspec.structs import replace as replace_struct

from oligort.checks.engine import check
from oligort.clinical.register import Register
from oligort.dose.grid import DoseGrid
from oligort.finding import Flag, Grade
from oligort.objects import Plan, Prescription, file_key
from oligort.protocol.limits import Variation
from oligort.protocol.model import Protocol
from oligort.report.html import render
from oligort.report.page_sources import intake_of
from oligort.submission import Submission

TOLERANCE = 1e-3
"""Percentage points: boxes and linear doses are exact, and 20 Gy is the edge of a bin."""

V20_ALONE, V20_BOTH = 100 * 108 / 712, 100 * 180 / 712
"""Of the edge at 35 mm, and of that at 25 mm: 72 cm2 of both lungs, above the metastasis."""

FURTHER_GY = 5.0

SHIPPED = Protocol.load("nct06190782")


def keys(file):
    return frozenset({file_key(file), file_key(file.split("/")[-1])})


def second_course(submission, *, gy=FURTHER_GY, file="RD2.dcm", uid="9.3", **altered):
    """An even dose on the grid of the first."""
    first = submission.doses[0]
    grid = replace(first.grid, dose_gy=np.full(first.grid.grid.shape, gy))
    return replace(
        first,
        **{"sop_instance_uid": uid, "file": file, "plan_uids": ("9.2",), "grid": grid} | altered,
        file_keys=keys(file),
    )


def sum_of_both(submission):
    """The sum over the first and the second course, of an export that holds it."""
    (first,) = submission.doses
    sum_gy = first.grid.dose_gy + FURTHER_GY
    return replace(
        first,
        sop_instance_uid="9.4",
        file="RD_sum.dcm",
        file_keys=keys("RD_sum.dcm"),
        summation_type="MULTI_PLAN",
        plan_uids=(*first.plan_uids, "9.2"),
        grid=replace(first.grid, dose_gy=sum_gy, summation_type="MULTI_PLAN"),
    )


def second_plan(prescribed_gy: float | None = FURTHER_GY, label="second") -> Plan:
    prescriptions = () if prescribed_gy is None else (Prescription(prescribed_gy),)
    return Plan(
        "9.2",
        "RP2.dcm",
        label,
        structure_set_uid="1.2.1",
        prescriptions=prescriptions,
        patient_key="patient",
    )


def prior_of(submission, **altered) -> Submission:
    """An earlier export of a dose and its plan, without structures."""
    whole = Submission(plans=(second_plan(),), doses=(second_course(submission),))
    return replace(whole, **altered)


def with_both(submission, **altered) -> Submission:
    whole = replace(
        submission,
        plans=(*submission.plans, second_plan()),
        doses=(*submission.doses, second_course(submission)),
    )
    return replace(whole, **altered)


def test_the_composite_is_graded(build, findings_of, register_table):
    now = build(edge_mm=35.0)
    (alone,) = findings_of("OL301", now, register_table)
    assert alone.evidence[0].measured == pytest.approx(V20_ALONE, abs=TOLERANCE)
    assert alone.grade is Grade.PASS
    for both in (now.after(prior_of(now)), with_both(now).selected(plan=["plan", "second"])):
        (finding,) = findings_of("OL301", both, register_table)
        assert finding.evidence[0].measured == pytest.approx(V20_BOTH, abs=TOLERANCE)
        assert finding.grade is Grade.MAJOR


def test_a_sum_may_name_a_plan_of_an_earlier_export(build, findings_of, register_table):
    """The sum of this course and of one that lies beside it, as a planning system exports it."""
    now = build(edge_mm=35.0)
    total = sum_of_both(now)
    summed = replace(now, doses=(total,))
    alone, both = summed, summed.after(prior_of(now))
    (lacking,) = findings_of("OL401", alone, register_table)
    assert "not all of its plans are there" in lacking.message
    (whole,) = findings_of("OL401", both, register_table)
    assert whole.grade is Grade.PASS
    assert len(both.chosen.courses) == 1
    # A plan alone is not seen in the sum; one of more dose than the sum has is not in it.
    undosed = prior_of(now, doses=())
    (untold,) = findings_of("OL401", summed.after(undosed), register_table)
    assert untold.grade is Grade.NOT_EVALUABLE
    hotter = prior_of(now, plans=(second_plan(500.0),))
    (unfit,) = findings_of("OL401", summed.after(hotter), register_table)
    assert unfit.grade is Grade.NOT_EVALUABLE
    assert "prescription 500 Gy" in unfit.message


def limited(structure, metric, relation, limit, unit):
    """The shipped protocol with one dose limit, MAJOR beyond it."""
    (own,) = SHIPPED.dose_limits
    asked = {"structure": structure, "metric": metric, "relation": relation}
    alone = {"family": (), "parts": (), "beside": (), "definition": None}
    one = replace_struct(own, limit=limit, unit=unit, **asked, **alone)
    return replace_struct(SHIPPED, dose_limits=(one,))


LEAST_DOSES = {
    # Of the target, 22.5 to 32.5 Gy alone and 5 Gy more with the earlier course.
    "D95 at least, by the earlier course alone": (
        ("PTVm01", "D95%[Gy]", ">=", 25.0, "Gy"),
        Grade.NOT_EVALUABLE,
    ),
    "D95 at least, either way": (("PTVm01", "D95%[Gy]", ">=", 20.0, "Gy"), Grade.PASS),
    "D95 at least, neither way": (("PTVm01", "D95%[Gy]", ">=", 30.0, "Gy"), Grade.MAJOR),
    "V26 at least": (("PTVm01", "V26Gy[%]", ">", 95.0, "%"), Grade.NOT_EVALUABLE),
    "CV26 at most": (("PTVm01", "CV26Gy[cc]", "<=", 1.0, "cc"), Grade.NOT_EVALUABLE),
    # (D2% - D98%) / D50% is 0.349 alone and 0.295 with 5 Gy more.
    "HI": (("PTVm01", "HI", "<=", 0.32, ""), Grade.NOT_EVALUABLE),
    # What an organ may get is asked of all courses: 604 cc below 20 Gy alone, 532 cc with both.
    "CV20 of the lungs at least": (("Lungs-GTV", "CV20Gy[cc]", ">=", 560.0, "cc"), Grade.MAJOR),
    "mean of the lungs at most": (("Lungs-GTV", "Mean[Gy]", "<=", 6.0, "Gy"), Grade.MAJOR),
}


@pytest.mark.parametrize("name", LEAST_DOSES)
def test_trap_a_target_is_not_covered_by_the_dose_of_an_earlier_course(
    name, build, findings_of, register_table
):
    asked, grade = LEAST_DOSES[name]
    now, protocol = build(edge_mm=35.0), limited(*asked)
    after = now.after(prior_of(now))
    (finding,) = findings_of("OL301", after, register_table, protocol=protocol)
    assert finding.grade is grade
    open_question = "without it: whether that dose counts for this limit is not known"
    assert (open_question in finding.message) == (grade is Grade.NOT_EVALUABLE)
    # Two courses of this treatment, named together, cover it together.
    both = with_both(now).selected(plan=["plan", "second"])
    (finding,) = findings_of("OL301", both, register_table, protocol=protocol)
    assert finding.grade is (Grade.PASS if grade is Grade.NOT_EVALUABLE else grade)


def test_where_either_dose_is_beyond_the_limit_that_is_told(build, findings_of, register_table):
    """D95% is 28 Gy with the earlier course and 23 without: a deviation, minor or major."""
    now, protocol = build(edge_mm=35.0), limited("PTVm01", "D95%[Gy]", ">=", 30.0, "Gy")
    variation = Variation(limit=25.0, source={"document": "site"})
    (limit,) = protocol.dose_limits
    protocol = replace_struct(protocol, dose_limits=(replace_struct(limit, variation=variation),))
    after = now.after(prior_of(now))
    (finding,) = findings_of("OL301", after, register_table, protocol=protocol)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "not known; either is beyond the limit" in finding.message


@pytest.mark.parametrize(
    ("metric", "told", "untold"),
    [
        # An eighth of the target lies outside the dose, and another in its outermost half voxel:
        # what is open with the earlier course, too, is no question about that.
        (
            "V15Gy[%]",
            "V15Gy[%] is 75.000 to 100.000 %, and the limit lies between",
            "earlier course",
        ),
        # The earlier course gives 5 Gy there.
        (
            "V4Gy[%]",
            "100.00 % with the dose of an earlier course, and 75.00 to 100.00 % without it: "
            "whether that dose counts for this limit is not known; the limit lies between",
            "either is beyond the limit",
        ),
    ],
)
def test_what_is_open_without_an_earlier_course_is_told_as_it_is(
    metric, told, untold, build, findings_of, register_table
):
    now = build(edge_mm=35.0, z_mm=(-90.0, 55.0), prescription_gy=26.0)
    variation = Variation(limit=30.0, source={"document": "site"})
    protocol = limited("PTVm01", metric, ">=", 95.0, "%")
    (limit,) = protocol.dose_limits
    protocol = replace_struct(protocol, dose_limits=(replace_struct(limit, variation=variation),))
    earlier = prior_of(build(edge_mm=35.0))
    (finding,) = findings_of("OL301", now.after(earlier), register_table, protocol=protocol)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert told in finding.message
    assert untold not in finding.message


@pytest.mark.parametrize("name", LEAST_DOSES)
def test_trap_nor_by_a_sum_that_holds_the_dose_of_an_earlier_course(
    name, build, findings_of, register_table
):
    asked, grade = LEAST_DOSES[name]
    now, protocol = build(edge_mm=35.0), limited(*asked)
    total = sum_of_both(now)
    summed = replace(now, doses=(total,))
    two = with_both(now).selected(plan=["plan", "second"])
    for both in (
        summed.after(prior_of(now)),
        # The earlier export holds this plan too: in a dose of its own, or in its sum.
        summed.after(two),
        summed.after(replace(prior_of(now), doses=(total,))),
        # This export holds the earlier course beside this one, and both are named.
        two.after(prior_of(now)),
    ):
        (finding,) = findings_of("OL301", both, register_table, protocol=protocol)
        # Nobody knows how little this treatment gives alone.
        assert finding.grade is (Grade.NOT_EVALUABLE if grade is Grade.PASS else grade)
    # The plan itself, given again as an earlier course, is no other course.
    (finding,) = findings_of("OL301", now.after(now), register_table, protocol=protocol)
    (alone,) = findings_of("OL301", now, register_table, protocol=protocol)
    assert (finding.grade, finding.evidence) == (alone.grade, alone.evidence)


def test_trap_the_advice_on_a_sum_that_holds_an_earlier_course_leads_to_the_plan_alone(
    build, findings_of, register_table
):
    now, protocol = build(edge_mm=35.0), limited("PTVm01", "D95%[Gy]", ">=", 25.0, "Gy")
    both = replace(now, doses=(*now.doses, sum_of_both(now)))
    (finding,) = findings_of("OL301", both.after(prior_of(now)), register_table, protocol=protocol)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "--dose, and no --prior" in finding.hint
    # Without the earlier export alone the sum would still be taken, and pass.
    (finding,) = findings_of("OL301", both, register_table, protocol=protocol)
    assert finding.grade is Grade.PASS
    alone = both.selected(dose="RD.dcm")
    (finding,) = findings_of("OL301", alone, register_table, protocol=protocol)
    assert finding.grade is Grade.MAJOR


def test_courses_that_the_register_names(build, findings_of, register_table):
    both = with_both(build())
    (listed,) = findings_of("OL301", both, register_table)
    assert listed.grade is Grade.NOT_EVALUABLE
    assert "2 doses are there and may be alternatives or courses" in listed.message
    register_table["courses"] = ["plan", "second"]
    (finding,) = findings_of("OL301", both, register_table)
    assert finding.evidence[0].measured == pytest.approx(V20_BOTH, abs=TOLERANCE)
    (judged,) = findings_of("OL004", both, register_table)
    assert "courses chosen by the register" in judged.message
    # What the user asks for goes before it.
    (finding,) = findings_of("OL301", both.selected(plan="plan"), register_table)
    assert finding.evidence[0].measured == pytest.approx(V20_ALONE, abs=TOLERANCE)
    register_table["courses"] = ["plan"]
    (finding,) = findings_of("OL301", both, register_table)
    assert finding.evidence[0].measured == pytest.approx(V20_ALONE, abs=TOLERANCE)


def test_a_course_of_the_register_that_is_not_there_is_not_evaluable(
    build, findings_of, register_table
):
    register_table["courses"] = ["plan", "boost"]
    for code in ("OL003", "OL004", "OL301", "OL401"):
        (finding,) = findings_of(code, with_both(build()), register_table)
        assert finding.grade is Grade.NOT_EVALUABLE
        assert 'no plan "boost" is there' in finding.message
    register_table["courses"] = ["second"]
    without_dose = replace(with_both(build()), doses=build().doses)
    (finding,) = findings_of("OL301", without_dose, register_table)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert 'no RTDOSE refers to plan "second"' in finding.message


@pytest.mark.parametrize("label", ["second", "plan"])
def test_the_register_may_name_a_course_of_an_earlier_export(
    label, build, findings_of, register_table
):
    """Also where both exports call their plan alike, as planning systems do."""
    now = build()
    prior = prior_of(now, plans=(second_plan(label=label),))
    another = second_course(now, gy=7.0, uid="9.5", file="RD3.dcm", plan_uids=("9.4",))
    other_plan = replace(second_plan(), sop_instance_uid="9.4", label="alternative")
    prior = replace(prior, plans=(*prior.plans, other_plan), doses=(*prior.doses, another))
    (open_one,) = findings_of("OL301", now.after(prior), register_table)
    assert open_one.grade is Grade.NOT_EVALUABLE
    assert "in the export of an earlier course, 2 doses" in open_one.message
    register_table["courses"] = ["plan", label] if label != "plan" else ["plan"]
    (finding,) = findings_of("OL301", now.after(prior), register_table)
    assert finding.evidence[0].measured == pytest.approx(V20_BOTH, abs=TOLERANCE)
    register_table["courses"] = ["plan", "boost"]
    (missing,) = findings_of("OL301", now.after(prior), register_table)
    assert missing.grade is Grade.NOT_EVALUABLE


def test_each_course_must_fit_its_own_prescription(build, findings_of, register_table):
    now = build()
    for prescribed_gy in (5.0, 4.0):
        fitting = prior_of(now, plans=(second_plan(prescribed_gy),))
        (fit,) = findings_of("OL401", now.after(fitting), register_table)
        # Without structures of its own only its maximum can be held against it, and is.
        assert (fit.grade, fit.flags) == (Grade.PASS, (Flag.QUERY,))
        assert '"RD2.dcm" of an earlier course: prescription' in fit.message
        assert "no structures to find its target in" in fit.message
        (finding,) = findings_of("OL301", now.after(fitting), register_table)
        assert finding.evidence[0].measured == pytest.approx(V20_BOTH, abs=TOLERANCE)
    # 5 Gy of 25 prescribed: one fraction, labelled as the plan's.
    one_fraction = prior_of(now, plans=(second_plan(25.0),))
    for code in ("OL301", "OL401"):
        (finding,) = findings_of(code, now.after(one_fraction), register_table)
        assert finding.grade is Grade.NOT_EVALUABLE
        assert "the dose does not fit the prescription" in finding.message
        told = 'PLAN dose "RD2.dcm" of an earlier course: prescription 25 Gy, dose maximum 5.00 Gy'
        assert told in finding.message


def test_a_course_whose_fit_cannot_be_told_is_named(build, findings_of, register_table):
    now = build()
    no_target = build(without=["PTVm01", "GTVp", "GTVm01_Lung_L"])
    prior = prior_of(now, structure_sets=no_target.structure_sets)
    (finding,) = findings_of("OL301", now.after(prior), register_table)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert 'PLAN dose "RD2.dcm": no target is drawn' in finding.message
    # A prior plan that is not there leaves it open, and is said.
    unknown = prior_of(now, plans=())
    (fit,) = findings_of("OL401", now.after(unknown), register_table)
    assert fit.grade is Grade.NOT_EVALUABLE
    assert "its plan is not there" in fit.message
    (finding,) = findings_of("OL301", now.after(unknown), register_table)
    assert finding.grade is Grade.MAJOR
    assert "its plan is not there" in finding.message


def test_two_files_of_one_name_in_different_folders_are_each_held_against_their_plan(
    build, findings_of, register_table
):
    now = build()
    (first,) = now.doses
    first = replace(first, file="RD.dcm", file_keys=keys("RD.dcm"))
    other = second_course(now, file="old/RD.dcm")
    both = with_both(now, doses=(first, other)).selected(plan=["plan", "second"])
    (finding,) = findings_of("OL301", both, register_table)
    assert finding.evidence[0].measured == pytest.approx(V20_BOTH, abs=TOLERANCE)


def test_a_prior_course_of_another_patient_is_major(build, findings_of, register_table):
    now = build()
    prior = prior_of(now, doses=(second_course(now, patient_key="another"),))
    (finding,) = findings_of("OL002", now.after(prior), register_table)
    assert finding.grade is Grade.MAJOR
    assert '"RD2.dcm"' in finding.message


def test_a_prior_course_of_another_type_is_refused(build, findings_of, register_table):
    now = build()
    dose = second_course(now)
    grid = replace(dose.grid, dose_type="EFFECTIVE")
    prior = prior_of(now, doses=(replace(dose, grid=grid, dose_type="EFFECTIVE"),))
    for code in ("OL301", "OL302"):
        (finding,) = findings_of(code, now.after(prior), register_table)
        assert finding.grade is Grade.NOT_EVALUABLE
        assert "EFFECTIVE and PHYSICAL are not added up" in finding.message


def test_the_faults_and_the_files_of_a_prior_export_are_reported(build, findings_of):
    from oligort.checks.engine import check
    from oligort.objects import Fault, FileDigest

    now = build()
    digest = FileDigest("RTDOSE", "9.3", "RD2.dcm", "ab")
    prior = prior_of(now, faults=(Fault("odd.dcm", "cut off"),), provenance=(digest,))
    (fault,) = findings_of("OL001", now.after(prior))
    assert (fault.grade, fault.about) == (Grade.NOT_EVALUABLE, "odd.dcm")
    report = check(now.after(prior))
    assert [record.file for record in report.provenance] == ["RD2.dcm"]
    assert report.dose_sop_instance_uids == ("1.2.3", "9.3")


def test_what_is_counted_once_is_told_and_nothing_is_left_aside(build, findings_of):
    now = build()
    again = Submission(plans=now.plans, doses=(replace(now.doses[0], file="again.dcm"),))
    again = replace(again, plans=(replace(now.plans[0], file="RP again.dcm"),))
    judged, aside = findings_of("OL004", now.after(again))
    assert judged.message.endswith('"again.dcm" is in PLAN dose "RD.dcm": counted once')
    assert (aside.grade, aside.about) == (Grade.INFO, "again.dcm")
    (left,) = findings_of("OL005", now.after(again))
    assert left.grade is Grade.PASS
    (refs,) = findings_of("OL003", now.after(prior_of(now)))
    assert refs.grade is Grade.PASS


def test_where_only_one_grid_reaches_the_lower_bound_stands(build, findings_of, register_table):
    """A prior grid whose last voxels end at 27.5 mm: above, only the first course is known."""
    now = build(edge_mm=35.0)
    whole = second_course(now)
    z_mm = whole.grid.grid.frame_positions_mm
    low = z_mm < 29
    grid = DoseGrid(
        replace(whole.grid.grid, frame_positions_mm=z_mm[low]), whole.grid.dose_gy[:, :, low]
    )
    prior = prior_of(now, doses=(replace(whole, grid=grid),))
    (finding,) = findings_of("OL302", now.after(prior), register_table)
    assert finding.grade is Grade.MINOR
    assert "0.00 of 712.0 cc lie outside the dose grid" in finding.message
    assert "inside only some of the grids added" in finding.message
    assert 15 < finding.evidence[0].measured < 30
    both = now.after(prior).dvh("Lungs-GTV")
    # 15 mm above the edge of 35 mm; from 25 to 27.5 mm, where the prior grid ends, both reach 20.
    end_mm = z_mm[low][-1] + 2.5
    truth = 100 * 7.2 * (15 + end_mm - 25) / 712
    assert both["V20Gy[%]"] == pytest.approx(truth, abs=TOLERANCE)


def test_a_choice_that_leaves_a_registered_course_out_is_open(build, findings_of, register_table):
    now = build()
    more = second_course(now)
    plan = replace(now.plans[0], sop_instance_uid="P2", label="boost", file="RP2.dcm")
    both = replace(
        now, plans=(*now.plans, plan), doses=(*now.doses, replace(more, plan_uids=("P2",)))
    )
    table = {**register_table, "courses": [now.plans[0].label, "boost"]}
    narrowed = both.selected(plan="boost")
    missing = [f for f in findings_of("OL004", narrowed, table) if "register" in f.message]
    assert [f.grade for f in missing] == [Grade.NOT_EVALUABLE]
    assert now.plans[0].label in missing[0].message
    assert not [f for f in findings_of("OL004", both, table) if "register names" in f.message]


def dated(submission, *dates):
    plans = (replace(one, date=date) for one, date in zip(submission.plans, dates, strict=True))
    return replace(submission, plans=tuple(plans))


def test_a_report_has_the_date_of_the_latest_course_of_its_own(build, register_table):
    register = Register.from_dict(register_table)
    now = dated(build(), "20240301")
    before = dated(prior_of(now), "20240601")
    report = check(now.after(before), register=register)
    assert (report.plan_label, report.plan_date) == ("plan + second", "20240301")
    two = dated(with_both(build()), "20240301", "20240501").selected(plan=["plan", "second"])
    assert check(two, register=register).plan_date == "20240501"


def test_the_page_shows_the_plan_and_the_dose_of_an_earlier_course(build, register_table):
    register = Register.from_dict(register_table)
    now = build()
    whole = now.after(prior_of(now))
    report = check(whole, register=register)
    intake = intake_of(whole, report.findings)
    told = " ".join(line.text for line in intake.lines)
    (earlier,) = intake.earlier
    told_before = [line.text for line in earlier.lines]
    assert "RP2.dcm" not in told
    for file in ("RP2.dcm", "RD2.dcm"):
        assert any(file in line and line.endswith("judged") for line in told_before)
    assert "Earlier course 1" in render(report, whole, register=register)
    (chosen,) = (one for one in report.findings if one.code == "OL004")
    assert 'PLAN dose "RD.dcm"; of earlier courses PLAN dose "RD2.dcm"' in chosen.message


def test_a_coarse_grid_of_an_earlier_course_is_asked_about_and_no_deviation(build, findings_of):
    now = build(edge_mm=35.0)
    own, before = findings_of("OL010", now.after(prior_of(now)))
    assert (own.grade, own.flags) == (Grade.MINOR, ())
    assert (before.grade, before.flags, before.hint) == (Grade.INFO, (Flag.QUERY,), "")
    assert "of an earlier course are 10 x 10 x 5 mm" in before.message
