"""The gate before every dose limit: whether a dose can be all that its plans prescribe.

In the thorax whose dose is 20 Gy at z = 25 mm and rises by 0.5 Gy/mm to 52.5 Gy, the PTV and all
that is drawn evenly about z = 50 mm have a median of 32.5 Gy, and the metastasis at z = 0 of 7.5.
"""

from dataclasses import replace

import numpy as np
import pytest

from oligort.finding import Flag, Grade
from oligort.geometry.structure import Contour, Structure
from oligort.objects import Prescription
from oligort.phantoms import Box

RX_GY = 32.5
NUMBERS = {"Lung_L": 1, "GTVm01_Lung_L": 3, "PTVm01": 5, "extra": 6}
"""ROI numbers of the thorax, in the order in which it is drawn."""


@pytest.fixture
def thorax(build):
    """Return the builder of the thorax with its plan altered."""

    def altered(*prescriptions, of_plan=None, **options):
        submission = build(edge_mm=25.0, **options)
        (plan,) = submission.plans
        own = {"prescriptions": prescriptions} if prescriptions else {}
        return replace(submission, plans=(replace(plan, **own, **(of_plan or {})),))

    return altered


@pytest.fixture
def gate(findings_of):
    """Return the finding on the fit, after whether the limit is judged at all was held to it."""

    def fit(submission, *, is_graded):
        (limit,) = findings_of("OL301", submission)
        assert (limit.grade is not Grade.NOT_EVALUABLE) is is_graded
        (found,) = findings_of("OL401", submission)
        return found

    return fit


def sum_of(submission, *of_plans):
    """The dose of the thorax as the sum of plans with these prescriptions."""
    (plan,), (dose,) = submission.plans, submission.doses
    plans = tuple(
        replace(plan, sop_instance_uid=f"1.3.{n}", file=f"RP{n}.dcm", prescriptions=prescriptions)
        for n, prescriptions in enumerate(of_plans)
    )
    uids = tuple(one.sop_instance_uid for one in plans)
    total = replace(dose, summation_type="MULTI_PLAN", plan_uids=uids)
    return replace(submission, plans=plans, doses=(total,))


def test_trap_one_target_that_fits_is_not_all_of_them(thorax, gate):
    """As a dose of some beams: the primary has its dose, a metastasis almost none."""
    both = (Prescription(RX_GY, NUMBERS["PTVm01"]), Prescription(30.0, NUMBERS["GTVm01_Lung_L"]))
    fit = gate(thorax(*both), is_graded=False)
    assert fit.grade is Grade.NOT_EVALUABLE
    assert fit.message.endswith('median 7.50 Gy in "GTVm01_Lung_L" (30 Gy)')
    low = (both[0], replace(both[1], dose_gy=8.0))
    fit = gate(thorax(*low), is_graded=True)
    assert fit.grade is Grade.PASS
    assert fit.message.endswith('median 32.50 Gy in "PTVm01", 7.50 Gy in "GTVm01_Lung_L" (8 Gy)')


@pytest.mark.parametrize(
    ("low_gy", "fits"),
    # The median of 32.5 Gy is 1.8 times 18.06 Gy and 0.8 times 40.63 Gy.
    [(18.0, False), (18.1, True), (RX_GY, True), (40.6, True), (40.7, False)],
)
def test_a_target_about_a_boost_is_held_against_its_own_prescription(low_gy, fits, thorax, gate):
    around = {"PTVlow": Box((0.0, 0.0, 50.0), (20.0, 20.0, 40.0))}
    boosted = (Prescription(RX_GY, NUMBERS["PTVm01"]), Prescription(low_gy, NUMBERS["extra"]))
    fit = gate(thorax(*boosted, extra=around), is_graded=fits)
    assert fit.grade is (Grade.PASS if fits else Grade.NOT_EVALUABLE)
    assert '32.50 Gy in "PTVlow"' in fit.message


def test_a_message_tells_some_medians_and_counts_the_others(thorax, gate):
    four = {f"PTVm0{n}": Box((-20.0 * n, 0.0, 50.0), (15.0, 15.0, 20.0)) for n in (2, 3, 4)}
    fit = gate(thorax(*(Prescription(RX_GY, n) for n in (5, 6, 7, 8)), extra=four), is_graded=True)
    assert fit.message.endswith('32.50 Gy in "PTVm03" and 1 more')


def test_trap_a_sum_that_lacks_one_of_two_phases_to_the_same_target(thorax, gate):
    half = (Prescription(RX_GY / 2, NUMBERS["PTVm01"]),)
    assert gate(sum_of(thorax(), half, half), is_graded=True).grade is Grade.PASS
    lacking = gate(sum_of(thorax(scale=0.5), half, half), is_graded=False)
    assert lacking.grade is Grade.NOT_EVALUABLE
    assert "prescription 32.5 Gy, dose maximum 26.25 Gy" in lacking.message


@pytest.mark.parametrize("of_second", [None, ()], ids=["away", "prescribes none"])
def test_a_sum_of_which_one_plan_is_not_known_may_lack_it(of_second, thorax, gate, findings_of):
    """It fits what is known of it, and may be the dose of that plan alone."""
    own = (Prescription(RX_GY, NUMBERS["PTVm01"]),)
    both = sum_of(thorax(), own, of_second or ())
    if of_second is None:
        both = replace(both, plans=both.plans[:1])
    fit = gate(both, is_graded=True)
    assert fit.grade is Grade.NOT_EVALUABLE
    told = "not all of its plans are there and prescribe: whether it is the whole dose cannot be"
    assert told in fit.message
    (limit,) = findings_of("OL301", both)
    assert told in limit.message


def test_a_target_within_that_of_another_plan_may_get_both(thorax, gate):
    """A boost of 6.5 Gy inside what has had 26: five times its own prescription is right."""
    around = {"PTVlow": Box((0.0, 0.0, 50.0), (20.0, 20.0, 40.0))}
    boost = (Prescription(6.5, NUMBERS["PTVm01"]),)
    large = (Prescription(26.0, NUMBERS["extra"]),)
    both = gate(sum_of(thorax(extra=around), large, boost), is_graded=True)
    assert both.grade is Grade.PASS
    # In the dose of the boost alone nothing else explains it.
    alone = gate(thorax(*boost, Prescription(26.0), extra=around), is_graded=False)
    assert alone.message.endswith('median 32.50 Gy in "PTVm01" (6.5 Gy)')


def test_trap_a_prescription_to_an_roi_that_is_not_drawn_is_to_no_other_one(thorax, gate):
    fit = gate(thorax(Prescription(RX_GY, 77)), is_graded=False)
    assert "refers to ROI number 77, which is not drawn" in fit.message
    # One that refers to none may be meant for any.
    assert gate(thorax(Prescription(RX_GY)), is_graded=True).grade is Grade.PASS


def test_a_prescription_to_a_point_is_to_any_target(thorax, gate):
    submission = thorax(Prescription(RX_GY, 9))
    (drawn,) = submission.structure_sets
    point = Contour(np.array([[0.0, 0.0, 50.0]]), "POINT")
    isocentre = Structure(9, "ISO", (point,), frame_of_reference_uid=drawn.frame_of_reference_uid)
    drawn = replace(drawn, structures=(*drawn.structures, isocentre))
    fit = gate(replace(submission, structure_sets=(drawn,)), is_graded=True)
    assert fit.message.endswith('median 32.50 Gy in "PTVm01"')


@pytest.mark.parametrize("uid", ["9.9.9", ""])
def test_roi_numbers_of_another_structure_set_refer_to_none(uid, thorax, gate):
    """Number 1 is the left lung here, and was the target where the plan was made."""
    prescription = Prescription(RX_GY, NUMBERS["Lung_L"])
    fit = gate(thorax(prescription, of_plan={"structure_set_uid": uid}), is_graded=True)
    assert fit.grade is Grade.PASS
    assert 'median 32.50 Gy in "PTVm01"' in fit.message
    assert 'the ROIs of "plan" are not of the structure set' in fit.message
    assert gate(thorax(prescription), is_graded=False).grade is Grade.NOT_EVALUABLE


@pytest.mark.parametrize(
    ("top_mm", "prescription_gy", "words"),
    [
        # The grid ends at z = 47.5 mm: 7.5 of the 20 mm of the target lie in it.
        (45.0, 20.0, '"PTVm01" cannot be held against the prescription 20 Gy'),
        # 17.5 of 20 mm, of which 15 are known: the dose that half of it gets is that at z = 45 mm
        # if the rest gets nothing, and at z = 50 if it gets more.
        (55.0, 17.0, '"PTVm01", whose median is 30.00 to 32.50 Gy, cannot be held'),
        (55.0, 25.0, ""),
        # 12.5 of 20 mm, of which 10 are known: the other half may get any dose.
        (50.0, 25.0, '"PTVm01", whose median is 27.50 to inf Gy, cannot be held'),
    ],
)
def test_a_target_that_leaves_the_grid(top_mm, prescription_gy, words, thorax, gate):
    submission = thorax(Prescription(prescription_gy, NUMBERS["PTVm01"]), z_mm=(-90.0, top_mm))
    fit = gate(submission, is_graded=not words)
    assert words in fit.message
    assert (fit.grade is Grade.PASS) is (not words)


def test_trap_a_dose_of_one_fraction_group_of_two_is_not_the_plan(thorax, gate):
    submission = thorax(of_plan={"fraction_group_count": 2})
    (dose,) = submission.doses
    group = replace(submission, doses=(replace(dose, summation_type="FRACTION"),))
    for asked in (group, group.selected(dose="RD.dcm")):
        fit = gate(asked, is_graded=False)
        assert '"RD.dcm" is of one fraction group' in fit.message


@pytest.mark.parametrize(
    ("beams_gy", "scale", "words"),
    [
        (RX_GY, 1.0, "its beams give 32.50 Gy in all, dose maximum 52.50 Gy, median 32.50 Gy"),
        # One fraction of 25, labelled as the plan's.
        (RX_GY, 0.04, "does not fit the prescription: its plan prescribes no dose, its beams give"),
        # The maximum is 1.05 of what the beams give, the highest median of any target 0.65.
        (50.0, 1.0, "its beams give 50.00 Gy in all, dose maximum 52.50 Gy, median 32.50 Gy in"),
    ],
)
def test_where_no_dose_is_prescribed_the_beams_are_held(beams_gy, scale, words, thorax, gate):
    of_plan = {"beam_dose_gy": beams_gy}
    submission = thorax(prescription_gy=None, scale=scale, of_plan=of_plan)
    fits = (beams_gy, scale) == (RX_GY, 1.0)
    fit = gate(submission, is_graded=fits)
    assert words in fit.message
    # What fits its beams is not shown to be whole.
    assert fit.grade is Grade.NOT_EVALUABLE
    assert fit.message.endswith("cannot be told") is fits
    assert Flag.QUERY not in fit.flags
