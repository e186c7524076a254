"""Prescription, target coverage and dose maximum, on a thorax whose dose is known everywhere."""

from dataclasses import replace

import numpy as np
import pytest

from oligort.checks.engine import check
from oligort.dose.grid import DoseGrid
from oligort.finding import Flag, Grade
from oligort.geometry.structure import Structure
from oligort.objects import Prescription
from oligort.phantoms import Box

RX_GY = 32.5
"""What the thorax prescribes, to the PTV: 20 mm along z in which the dose is 27.5 to 37.5 Gy."""

TOLERANCE = 1e-3
"""Gy and percentage points: boxes on their planes in a dose that is linear between its voxels."""


def evidence_of(finding):
    return {one.name: one for one in finding.evidence}


def with_plan(submission, **altered):
    (plan,) = submission.plans
    return replace(submission, plans=(replace(plan, **altered),))


def test_the_prescription_is_told_with_its_fractions_and_its_roi(build, findings_of):
    (finding,) = findings_of("OL402", with_plan(build(), fractions_planned=13))
    assert finding.grade is Grade.INFO
    assert finding.message == 'plan "plan": 32.5 Gy in 13 fractions of 2.5 Gy, to "PTVm01"'
    told = {name: (one.measured, one.unit) for name, one in evidence_of(finding).items()}
    assert told == {
        "prescription": (RX_GY, "Gy"),
        "fractions": (13, ""),
        "dose per fraction": (2.5, "Gy"),
    }


@pytest.mark.parametrize(
    ("altered", "words"),
    [
        ({}, "in a number of fractions that the plan does not state"),
        ({"fractions_planned": 30, "fraction_group_count": 2}, "in 2 fraction groups"),
        ({"fractions_planned": 1}, "in 1 fraction of 32.5 Gy"),
        ({"prescriptions": ()}, 'plan "plan" prescribes no dose'),
        ({"prescriptions": (Prescription(RX_GY),)}, "to no ROI"),
        ({"prescriptions": (Prescription(RX_GY, 77),)}, "to ROI number 77, not drawn"),
    ],
)
def test_what_a_plan_does_not_state_is_said(altered, words, build, findings_of):
    (finding,) = findings_of("OL402", with_plan(build(), **altered))
    assert words in finding.message
    assert finding.grade is Grade.INFO
    if "fraction of" not in words:
        assert "dose per fraction" not in evidence_of(finding)


def test_each_dose_of_a_plan_is_told_with_all_its_rois(build, findings_of):
    doses = (Prescription(30.0, 5), Prescription(RX_GY, 4), Prescription(30.0, 3))
    high, low = findings_of("OL402", with_plan(build(), prescriptions=doses))
    assert high.message.endswith('to "GTVp"')
    assert low.message.endswith('to "PTVm01", "GTVm01_Lung_L"')
    (none,) = findings_of("OL402", replace(build(), plans=()))
    assert "no plan of the dose is there" in none.message


def test_the_coverage_of_a_target_in_closed_form(build, findings_of):
    (finding,) = findings_of("OL403", build(edge_mm=25.0))
    assert (finding.grade, finding.about) == (Grade.INFO, "PTVm01")
    told = evidence_of(finding)
    assert told["D95%[Gy]"].measured == pytest.approx(28.0, abs=TOLERANCE)
    assert told["D98%[Gy]"].measured == pytest.approx(27.7, abs=TOLERANCE)
    assert told["V100%[%]"].measured == pytest.approx(50.0, abs=TOLERANCE)
    for name in ("D95%[Gy]", "D98%[Gy]", "V100%[%]"):
        assert told[name].low <= told[name].measured <= told[name].high
    # 32.5 Gy from z = 50 mm to the border at 92.5, over 210 x 130 mm; 4 of 8 cc of the target.
    isodose_cc = 21.0 * 13.0 * 4.25
    assert told["CI"].measured == pytest.approx(4.0**2 / (8.0 * isodose_cc), rel=1e-4)
    # Beyond the grid the isodose may be of any size.
    assert told["CI"].low == 0
    assert "8.0 cc, prescription 32.5 Gy; its isodose 1160.3 cc in 1 part" in finding.message


def with_two_targets(build, names):
    """A loose isodose about the one on the right, a closer one about the other."""
    places = (Box((-60, 0, 0), (20, 20, 20)), Box((60, 0, 0), (20, 20, 20)))
    submission = build(without=["PTVm01"], extra=dict(zip(names, places, strict=True)))
    (dose,) = submission.doses
    boxes = np.zeros(dose.grid.dose_gy.shape)
    # Voxels of 10 x 10 x 5 mm: 5 x 5 x 7 of them about PTVa, 3 x 3 x 5 about PTVb.
    boxes[2:7, 4:9, 15:22] = boxes[15:18, 5:8, 16:21] = 40.0
    grid = DoseGrid(dose.grid.grid, boxes, "PHYSICAL", "PLAN", "1.2.3")
    submission = replace(submission, doses=(replace(dose, grid=grid),))
    (drawn,) = submission.structure_sets
    numbers = {s.roi_name: s.roi_number for s in drawn.structures}
    both = tuple(Prescription(RX_GY, numbers[name]) for name in names)
    return with_plan(submission, prescriptions=both)


def test_of_several_targets_each_has_its_own_isodose(build, findings_of):
    submission = with_two_targets(build, ("PTVa", "PTVb"))
    both = submission.plans[0].prescriptions
    first, second = findings_of("OL403", submission)
    assert (first.about, second.about) == ("PTVa", "PTVb")
    assert "in 1 part" in first.message
    index = [evidence_of(one)["CI"].measured for one in (first, second)]
    # The looser isodose fits less: 50 x 50 x 35 mm against 30 x 30 x 25, less the rim.
    assert 0 < index[0] < index[1] < 1
    alone = with_plan(submission, prescriptions=both[:1])
    (one,) = findings_of("OL403", alone)
    # What lies at another PTV that is drawn is no hot spot of this one, prescribed or not.
    assert evidence_of(one)["CI"].measured == index[0]


@pytest.mark.parametrize("names", [("PTV", "PTVb"), ("PTVa", "PTV")])
def test_the_isodose_of_a_target_is_that_of_its_roi_whatever_its_name_means(
    names, build, findings_of
):
    """ "PTV" is the union of all in an expression: its CI was that of the isodoses of both."""
    told, expected = (
        [
            evidence_of(one)["CI"].measured
            for one in findings_of("OL403", with_two_targets(build, its))
        ]
        for its in (names, ("PTVa", "PTVb"))
    )
    assert told == expected


def test_where_no_prescription_refers_to_an_roi_every_ptv_is_told(build, findings_of):
    unreferenced = {"prescriptions": (Prescription(RX_GY),)}
    extra = {"PTVm02": Box((-20.0, 0.0, 50.0), (20.0, 20.0, 20.0))}
    found = findings_of("OL403", with_plan(build(edge_mm=25.0, extra=extra), **unreferenced))
    assert [one.about for one in found] == ["PTVm01", "PTVm02"]


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (
            lambda one: with_plan(one, prescriptions=(Prescription(30.0), Prescription(RX_GY))),
            "the prescriptions (30 Gy, 32.5 Gy) refer to no ROI",
        ),
        (lambda one: with_plan(one, prescriptions=()), "no plan that prescribes a dose"),
        (lambda one: replace(one, plans=()), "no plan that prescribes a dose"),
        (lambda one: replace(one, doses=()), "no RTDOSE"),
        (lambda one: replace(one, structure_sets=()), "no RTSTRUCT"),
        (
            lambda one: replace(one, doses=(replace(one.doses[0], plan_uids=("1.2.2", "1.2.9")),)),
            "sums plans whose prescriptions are not there",
        ),
        (
            lambda one: replace(
                one, doses=(replace(one.doses[0], summation_type="BEAM"),)
            ).selected(dose="RD.dcm"),
            "a part of a plan",
        ),
    ],
)
def test_a_target_that_cannot_be_told_changes_no_verdict(alter, reason, build, findings_of):
    (finding,) = findings_of("OL403", alter(build(edge_mm=25.0)))
    assert finding.grade is Grade.INFO
    assert reason in finding.message
    assert not finding.evidence


def test_a_dose_that_does_not_fit_covers_nothing(build, findings_of):
    (finding,) = findings_of("OL403", build(scale=0.04))
    assert "does not fit the prescription" in finding.message
    (error,) = findings_of("OL403", build(edge_mm=25.0, dose_type="ERROR"))
    assert 'the Dose Type is "ERROR"' in error.message


def test_a_sum_is_held_against_all_that_its_plans_prescribe_to_a_target(build, findings_of):
    submission = build(edge_mm=25.0)
    (plan,), (dose,) = submission.plans, submission.doses
    number = plan.prescriptions[0].roi_number
    main = replace(plan, prescriptions=(Prescription(20.0, number), Prescription(12.0, number)))
    boost = replace(plan, sop_instance_uid="1.2.0", prescriptions=(Prescription(12.5, number),))
    total = replace(dose, summation_type="MULTI_PLAN", plan_uids=("1.2.0", "1.2.2"))
    (finding,) = findings_of("OL403", replace(submission, plans=(boost, main), doses=(total,)))
    assert "prescription 32.5 Gy" in finding.message
    assert evidence_of(finding)["V100%[%]"].measured == pytest.approx(50.0, abs=TOLERANCE)


@pytest.mark.parametrize("uid", ["9.9.9", ""])
def test_roi_numbers_of_another_structure_set_name_no_target(uid, build, findings_of):
    """Number 1 is the left lung here, and something else where the plan was made."""
    elsewhere = {"structure_set_uid": uid, "prescriptions": (Prescription(RX_GY, 1),)}
    submission = with_plan(build(edge_mm=25.0), **elsewhere)
    (told,) = findings_of("OL402", submission)
    assert "to ROI number 1, not of the structure set that is judged" in told.message
    assert "Lung_L" not in told.message
    (coverage,) = findings_of("OL403", submission)
    assert 'the ROIs that plan "plan" refers to are not of the structure set' in coverage.message


def two_courses(build, **of_second):
    """The dose of the thorax in 60 and 40 %, each of its own plan, both named."""
    first = build(edge_mm=25.0, scale=0.6, prescription_gy=19.5)
    second = build(edge_mm=25.0, scale=0.4, prescription_gy=13.0, **of_second)
    plan = replace(second.plans[0], sop_instance_uid="1.2.7", file="RP2.dcm", label="boost")
    dose = replace(second.doses[0], sop_instance_uid="1.2.8", file="RD2.dcm", plan_uids=("1.2.7",))
    both = replace(first, plans=(*first.plans, plan), doses=(*first.doses, dose))
    return both.selected(dose=["RD.dcm", "RD2.dcm"])


def test_courses_on_one_grid_have_an_isodose_and_on_two_they_say_so(build, findings_of):
    (one,) = findings_of("OL403", two_courses(build))
    (whole,) = findings_of("OL403", build(edge_mm=25.0))
    # 19.5 and 13 Gy are 32.5 Gy, and so is the dose everywhere.
    assert "prescription 32.5 Gy" in one.message
    told, truth = evidence_of(one), evidence_of(whole)
    assert list(told) == list(truth) == ["D95%[Gy]", "D98%[Gy]", "V100%[%]", "CI"]
    for name, evidence in told.items():
        assert evidence.measured == pytest.approx(truth[name].measured, rel=1e-4)
    (apart,) = findings_of("OL403", two_courses(build, z_mm=(-85.0, 90.0)))
    assert "courses on different grids is not told" in apart.message
    assert list(evidence_of(apart)) == ["D95%[Gy]", "D98%[Gy]", "V100%[%]"]
    assert evidence_of(apart)["V100%[%]"].measured == pytest.approx(50.0, abs=0.1)
    for z_mm, words in (((-90.0, 90.0), "the first of 273"), ((-85.0, 90.0), "outside every")):
        highest, *_ = findings_of("OL404", two_courses(build, z_mm=z_mm))
        assert evidence_of(highest)["dose maximum"].measured == pytest.approx(52.5)
        assert evidence_of(highest)["its position, LPS z"].measured == pytest.approx(90.0)
        assert words in highest.message
    assert len(findings_of("OL402", two_courses(build))) == 2


def test_a_target_outside_the_grid_is_said_to_be(build, findings_of):
    clipped = build(edge_mm=25.0, z_mm=(-90.0, 55.0), prescription_gy=27.0)
    (finding,) = findings_of("OL403", clipped)
    # The grid ends at z = 57.5: 17.5 of the 20 mm of the target lie in it.
    assert "1.0 cc lie outside the dose grid" in finding.message
    assert "D95%[Gy] asks for" in finding.message
    assert "D95%[Gy]" not in evidence_of(finding)
    share = evidence_of(finding)["V100%[%]"]
    assert (share.measured, share.high) == (pytest.approx(87.5), pytest.approx(100.0))
    outside = build(edge_mm=25.0, z_mm=(-90.0, 30.0), prescription_gy=None)
    (told,) = findings_of("OL403", with_plan(outside, prescriptions=(Prescription(25.0, 5),)))
    assert told.grade is Grade.INFO


def test_the_maximum_outside_every_target_is_a_query(build, findings_of):
    finding, *_ = findings_of("OL404", build(edge_mm=25.0))
    told = {name: one.measured for name, one in evidence_of(finding).items()}
    assert told == {
        "dose maximum": 52.5,
        "its position, LPS x": -100.0,
        "its position, LPS y": -60.0,
        "its position, LPS z": 90.0,
    }
    assert (finding.grade, finding.flags) == (Grade.INFO, (Flag.QUERY,))
    assert "outside every target" in finding.message
    assert "the first of 273 voxels as high" in finding.message


def test_a_dose_of_zero_has_no_maximum(build, findings_of):
    (finding,) = findings_of("OL404", build(scale=0.0))
    assert "0 Gy everywhere" in finding.message
    assert finding.flags == ()


def test_a_plateau_is_told_by_where_any_of_it_lies(build, findings_of):
    submission = build()
    (dose,) = submission.doses
    flat = DoseGrid(
        dose.grid.grid, np.full(dose.grid.grid.shape, 60.0), "PHYSICAL", "PLAN", "1.2.3"
    )
    flat = replace(submission, doses=(replace(dose, grid=flat),))
    finding, *_ = findings_of("OL404", flat)
    assert finding.flags == ()
    assert '"PTVm01"' in finding.message
    assert "the first of 10101 voxels as high" in finding.message


def hot_at(submission, *index):
    (dose,) = submission.doses
    hot = dose.grid.dose_gy.copy()
    hot[index] = 60.0
    grid = DoseGrid(dose.grid.grid, hot, "PHYSICAL", "PLAN", "1.2.3")
    return replace(submission, doses=(replace(dose, grid=grid),))


def test_the_maximum_is_told_with_the_rois_that_hold_it(build, findings_of):
    body = {"BODY": Box((0.0, 0.0, 0.0), (190.0, 110.0, 195.0))}
    # Voxel (10, 6, 28) is at (0, 0, 50) mm, in the middle of the PTV and the primary.
    inside, *_ = findings_of("OL404", hot_at(build(extra=body), 10, 6, 28))
    assert inside.flags == ()
    assert inside.message == 'dose maximum 60.00 Gy: in "GTVp", "PTVm01", "BODY"'
    lung, *_ = findings_of("OL404", hot_at(build(extra=body), 5, 6, 18))
    assert lung.flags == (Flag.QUERY,)
    assert 'in "Lung_R", "BODY"; outside every target' in lung.message
    outside, *_ = findings_of("OL404", hot_at(build(extra=body), 0, 0, 18))
    assert "outside every target; outside the body" in outside.message
    targets = ["PTVm01", "GTVp", "GTVm01_Lung_L"]
    none, *_ = findings_of("OL404", hot_at(build(without=targets), 5, 6, 18))
    assert "no target is drawn" in none.message
    assert none.flags == ()


def test_each_target_has_a_maximum_and_a_position(build, findings_of):
    """The dose rises along z: it is highest on the upper face, but for a hot voxel inside."""
    both = {"PTVm02": Box((-50.0, 0.0, 0.0), (20.0, 20.0, 20.0))}
    submission = hot_at(build(extra=both), 5, 6, 18)
    referring = with_plan(
        submission, prescriptions=(Prescription(RX_GY, 5), Prescription(RX_GY, 6))
    )
    whole, first, second = findings_of("OL404", referring)
    assert (whole.about, first.about, second.about) == ("", "PTVm01", "PTVm02")
    for finding, gy, z_mm in ((first, 20 + 0.5 * (60 - 35), 60.0), (second, 60.0, 0.0)):
        told = {name: one.measured for name, one in evidence_of(finding).items()}
        assert told["maximum"] == pytest.approx(gy, abs=TOLERANCE)
        assert told["at LPS z"] == pytest.approx(z_mm, abs=1e-9)
        dvh = referring.dvh(finding.about)
        assert told["maximum"] == pytest.approx(dvh["Max"], abs=TOLERANCE)
        assert (finding.grade, finding.flags) == (Grade.INFO, ())
    assert second.message == '"PTVm02": maximum 60.00 Gy'
    # One alone is prescribed to: the other is no target of the plan.
    assert len(findings_of("OL404", submission)) == 2


@pytest.mark.parametrize(
    ("without", "told"),
    [
        ([], ["PTVm01"]),
        (["PTVm01"], ["GTVm01_Lung_L", "GTVp"]),
        (["PTVm01", "GTVp", "GTVm01_Lung_L"], []),
    ],
)
def test_without_a_prescription_the_targets_drawn_have_a_maximum(without, told, build, findings_of):
    _, *found = findings_of("OL404", build(without=without, prescription_gy=None))
    assert sorted(one.about for one in found) == told


def test_the_maximum_of_a_target_that_the_grid_clips_says_so(build, findings_of):
    _, clipped = findings_of("OL404", build(z_mm=(-90.0, 50.0)))
    assert clipped.message.endswith("27.50 Gy of what lies inside the dose grid")
    _, outside = findings_of("OL404", build(z_mm=(-90.0, 30.0)))
    assert "none of it lies inside the dose grid" in outside.message
    assert outside.evidence == ()


@pytest.mark.parametrize("z_mm", [(-90.0, 90.0), (-85.0, 90.0)])
def test_the_maximum_of_a_target_in_two_courses_is_that_of_their_sum(z_mm, build, findings_of):
    _, finding = findings_of("OL404", two_courses(build, z_mm=z_mm))
    told = evidence_of(finding)
    assert told["maximum"].measured == pytest.approx(37.5, abs=TOLERANCE)
    assert told["at LPS z"].measured == pytest.approx(60.0, abs=1e-9)


def test_an_empty_target_holds_nothing(build, findings_of):
    submission = hot_at(build(without=["PTVm01", "GTVp", "GTVm01_Lung_L"]), 10, 6, 28)
    (drawn,) = submission.structure_sets
    empty = Structure(9, "PTVm01", frame_of_reference_uid=drawn.frame_of_reference_uid)
    drawn = replace(drawn, structures=(*drawn.structures, empty))
    finding, *_ = findings_of("OL404", replace(submission, structure_sets=(drawn,)))
    assert "no target is drawn" in finding.message


def test_information_changes_no_verdict(build, register_table):
    from oligort.clinical.register import Register

    report = check(build(), register=Register.from_dict(register_table))
    assert report.verdict is Grade.MINOR
    assert {f.code for f in report.graded(Grade.MINOR)} == {"OL010"}  # voxels of 10 mm
    assert not report.graded(Grade.MAJOR) + report.graded(Grade.NOT_EVALUABLE)
    informing = {f.code for f in report.graded(Grade.INFO)}
    without_images = {"OL012", "OL018", "OL019", "OL020"}
    # Its register lists no primary (OL204), and one is drawn.
    assert informing == {*without_images, "OL016", "OL204", "OL304", "OL402", "OL403", "OL404"}
