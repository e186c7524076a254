"""What was handed in: faults, patients, references, and the dose that is judged."""

from dataclasses import replace

import pytest

from oligort.checks.case import Case
from oligort.checks.engine import check
from oligort.checks.registry import all_checks
from oligort.clinical.register import Register
from oligort.errors import NotEvaluable
from oligort.finding import Grade
from oligort.geometry.rigid import RigidTransform
from oligort.objects import Fault, FaultKind, Registration
from oligort.protocol.model import Protocol
from oligort.submission import Submission

CHECKS = {one.code: one for one in all_checks()}


def findings(code, submission, register=None):
    return list(CHECKS[code].run(Case(submission, Protocol.load("nct06190782"), register)))


@pytest.mark.parametrize(
    ("kind", "grades"),
    [
        (FaultKind.FOREIGN, [Grade.INFO, Grade.PASS]),
        (FaultKind.DOUBT, [Grade.MINOR]),
        (FaultKind.LEFT_OUT, [Grade.NOT_EVALUABLE]),
        (FaultKind.UNREADABLE, [Grade.NOT_EVALUABLE]),
    ],
)
def test_a_fault_is_graded_by_what_it_means(kind, grades):
    submission = Submission(faults=(Fault("odd\x1b.dcm", "cut off", kind),))
    found = findings("OL001", submission)
    assert [finding.grade for finding in found] == grades
    assert "\x1b" not in found[0].message


def test_objects_of_one_patient_pass_and_of_two_do_not(build):
    submission = build()
    assert [f.grade for f in findings("OL002", submission)] == [Grade.PASS]
    other = replace(submission, doses=(replace(submission.doses[0], patient_key="other"),))
    (finding,) = findings("OL002", other)
    assert finding.grade is Grade.MAJOR
    assert '"RD.dcm"' in finding.message
    assert "other" not in finding.message  # not even the digest of an identity is shown


def test_an_object_without_an_id_is_not_shown_to_be_of_the_patient(build):
    submission = build()
    nameless = replace(submission, doses=(replace(submission.doses[0], patient_key=""),))
    with pytest.raises(NotEvaluable, match=r'"RD.dcm" carry neither'):
        findings("OL002", nameless)
    with pytest.raises(NotEvaluable, match="no object carries"):
        findings("OL002", Submission())


def test_the_register_of_another_subject_is_a_deviation(build, register_table):
    register = Register.from_dict(register_table)
    grades = [f.grade for f in findings("OL002", build(trial_subject_id="PT-2"), register)]
    assert grades == [Grade.MAJOR, Grade.PASS]
    grades = [f.grade for f in findings("OL002", build(trial_subject_id="PT-1"), register)]
    assert grades == [Grade.PASS]


def test_objects_that_state_two_subjects_are_a_deviation_with_every_register(build, register_table):
    two = (("PT-1", "RS.dcm"), ("PT-2", "RD.dcm"))
    submission = replace(build(), stated_subjects=two)
    told, same_id = findings("OL002", submission)
    assert (told.grade, same_id.grade) == (Grade.MAJOR, Grade.PASS)
    assert '"RD.dcm", "RS.dcm"' in told.message
    # of which one may be the register's: it is not for that the patient's
    register = Register.from_dict(register_table)
    told, of_register, _ = findings("OL002", submission, register)
    assert (told.grade, of_register.grade) == (Grade.MAJOR, Grade.MAJOR)
    assert "the register is of another subject than some of the objects" in of_register.message
    # another spelling is no other subject
    spelled = replace(submission, stated_subjects=(("PT-1", "RS.dcm"), ("pt-1", "RD.dcm")))
    assert [f.grade for f in findings("OL002", spelled, register)] == [Grade.PASS]


def test_the_chain_of_references_passes_and_each_broken_link_is_minor(build):
    whole = build()
    (dose,), (plan,) = whole.doses, whole.plans
    assert [f.grade for f in findings("OL003", whole)] == [Grade.PASS]
    for broken, said in (
        (replace(whole, doses=(replace(dose, plan_uids=("9",)),)), "a plan that is not there"),
        (replace(whole, plans=(replace(plan, structure_set_uid="9"),)), "another structure set"),
        (replace(whole, doses=(replace(dose, plan_uids=("1.2.2", "9")),)), "of 2 plans"),
    ):
        (finding,) = findings("OL003", broken)
        assert finding.grade is Grade.MINOR
        assert said in finding.message


def test_a_plan_of_other_structures_in_another_frame_leaves_the_dose_open(build):
    whole = build()
    (plan,) = whole.plans
    elsewhere = replace(plan, frame_of_reference_uid="1.9", structure_set_uid="9")
    apart = replace(whole, plans=(elsewhere,))
    for code in ("OL003", "OL301"):
        (found,) = (f for f in check(apart).findings if f.code == code)
        assert found.grade is Grade.NOT_EVALUABLE
        assert "the plan lies in another frame of reference than the structures" in found.message


def test_a_plan_in_another_frame_belongs_where_anything_else_says_so(build):
    whole = build()
    (dose,), (plan,) = whole.doses, whole.plans
    elsewhere = replace(plan, frame_of_reference_uid="1.9", structure_set_uid="9")
    linked = replace(plan, frame_of_reference_uid="1.9")
    frameless = replace(elsewhere, frame_of_reference_uid="")
    moved = (("1.9", RigidTransform.identity()),)
    registration = Registration("1.3", "REG.dcm", plan.frame_of_reference_uid, moved)
    total = replace(dose, summation_type="MULTI_PLAN", plan_uids=("1.2.2", "1.2.22"))
    earlier = replace(elsewhere, sop_instance_uid="1.2.22", label="earlier", file="E.dcm")
    for submission, grade in (
        (replace(whole, plans=(linked,)), Grade.PASS),
        (replace(whole, plans=(frameless,)), Grade.MINOR),
        (replace(whole, plans=(elsewhere,), registrations=(registration,)), Grade.MINOR),
        (replace(whole, plans=(earlier, plan), doses=(total,)), Grade.MINOR),
    ):
        assert [f.grade for f in findings("OL003", submission)] == [grade]


def test_a_reference_that_was_never_made_leaves_open_what_belongs_together(build):
    whole = build()
    (dose,), (plan,) = whole.doses, whole.plans
    for unlinked, said in (
        (replace(whole, doses=(replace(dose, plan_uids=()),)), "refers to no plan"),
        (replace(whole, plans=(replace(plan, structure_set_uid=""),)), "no structure set"),
    ):
        (finding,) = findings("OL003", unlinked)
        assert finding.grade is Grade.NOT_EVALUABLE
        assert said in finding.message


def test_a_dose_named_beside_a_plan_that_it_does_not_refer_to_is_told(build):
    whole = build()
    unlinked = replace(whole, doses=(replace(whole.doses[0], plan_uids=("9",)),))
    (finding,) = findings("OL003", unlinked.selected(plan="plan", dose="RD.dcm"))
    assert finding.grade is Grade.MINOR
    assert "does not refer to the plan" in finding.message


def test_the_doses_that_are_left_aside_are_named(build):
    whole = build()
    beam = replace(whole.doses[0], sop_instance_uid="1.2.4", file="beam.dcm", summation_type="BEAM")
    judged, aside = findings("OL004", replace(whole, doses=(beam, *whole.doses)))
    assert judged.grade is Grade.PASS
    assert "the only dose of a whole plan" in judged.message
    assert (aside.grade, aside.about) == (Grade.INFO, "beam.dcm")
    assert "not added" in aside.message


def test_every_plan_of_a_sum_is_asked_for_its_structure_set_whatever_their_order(build):
    whole = build()
    (dose,), (plan,) = whole.doses, whole.plans
    boost = replace(
        plan, sop_instance_uid="1.2.22", label="boost", file="B.dcm", structure_set_uid="9"
    )
    total = replace(dose, summation_type="MULTI_PLAN", plan_uids=("1.2.2", "1.2.22"))
    for plans in ((plan, boost), (boost, plan)):
        (finding,) = findings("OL003", replace(whole, plans=plans, doses=(total,)))
        assert finding.grade is Grade.MINOR
        assert 'the plan "boost" refers to another structure set' in finding.message
