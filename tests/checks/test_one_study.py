"""OL020: one study, one patient, and what is not judged with what the files say of it."""

from dataclasses import replace

import pytest

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.errors import NotEvaluable
from oligort.finding import Flag, Grade
from oligort.objects import ImageSeries
from oligort.protocol.model import Protocol
from oligort.submission import Submission

CHECKS = {one.code: one for one in all_checks()}


def findings(submission, code="OL020"):
    return list(CHECKS[code].run(Case(submission, Protocol.load("nct06190782"), None)))


def messages(submission):
    return [finding.message for finding in findings(submission)]


@pytest.fixture
def whole(build):
    """The thorax, every object of one study."""
    return _of_study(build(), "1.5")


def _of_study(submission, study):
    def of(things):
        return tuple(replace(one, study_instance_uid=study) for one in things)

    return replace(
        submission,
        structure_sets=of(submission.structure_sets),
        plans=of(submission.plans),
        doses=of(submission.doses),
    )


def other_patient(submission, **elsewhere):
    (dose,) = submission.doses
    return replace(submission, doses=(replace(dose, patient_key="other", **elsewhere),))


def test_objects_of_one_study_pass(whole):
    (finding,) = findings(whole)
    assert (finding.grade, finding.message) == (Grade.PASS, "3 objects of one study")


def test_images_alone_show_no_study():
    images = (ImageSeries("1.9", "CT", study_instance_uid="1.5", positions_mm=(0.0,)),)
    with pytest.raises(NotEvaluable, match="no structure set, plan or dose"):
        findings(Submission(images=images))


def test_objects_without_a_study_are_told_and_no_alarm(build):
    (finding,) = findings(build())
    assert (finding.grade, finding.flags) == (Grade.INFO, ())
    assert "of no one Study Instance UID" in finding.message


def test_several_studies_are_a_query(whole):
    (dose,) = whole.doses
    (finding,) = findings(replace(whole, doses=(replace(dose, study_instance_uid="1.6"),)))
    assert (finding.grade, finding.flags) == (Grade.INFO, (Flag.QUERY,))
    assert "of 2 studies" in finding.message
    assert '"RS.dcm", "RP.dcm"; "RD.dcm"' in finding.message


def test_other_ids_in_one_study_are_one_submission_whose_ids_are_major(whole):
    shared = other_patient(whole, frame_of_reference_uid="1.99")
    (finding,) = findings(shared)
    assert (finding.grade, finding.flags) == (Grade.INFO, (Flag.QUERY,))
    assert "taken for one submission" in finding.message
    assert [f.grade for f in findings(shared, "OL002")] == [Grade.MAJOR]
    by_frame = other_patient(whole, study_instance_uid="1.99")
    assert "taken for one submission" in messages(by_frame)[0]


def test_other_ids_that_share_nothing_are_several_patients(whole):
    apart = other_patient(whole, study_instance_uid="1.98", frame_of_reference_uid="1.99")
    several, studies = findings(apart)
    assert several.grade is Grade.MAJOR
    assert 'are several patients: "RS.dcm", "RP.dcm"; "RD.dcm"' in several.message
    assert "other" not in several.message.replace("another", "")
    assert studies.grade is Grade.INFO


def test_patients_may_be_joined_by_a_third_object(whole):
    """Structures and plan share a frame with a dose of another id that shares a study with one."""
    (dose,) = whole.doses
    third = replace(
        dose,
        patient_key="third",
        study_instance_uid="1.98",
        frame_of_reference_uid="1.99",
        file="RD3.dcm",
        sop_instance_uid="1.2.33",
    )
    second = replace(dose, patient_key="other", study_instance_uid="1.98", file="RD2.dcm")
    for doses in ((second, third), (third, second)):
        assert "3 patient ids share" in messages(replace(whole, doses=doses))[0]


@pytest.fixture
def versions(whole):
    """Two structure sets of one label, of which the plan refers to the first."""
    (first,) = whole.structure_sets
    first = replace(first, date="20260401", time="101500")
    second = replace(first, sop_instance_uid="1.2.11", file="RS2.dcm", time="113000")
    return replace(whole, structure_sets=(first, second))


def test_the_structure_set_of_the_judged_plan_is_judged_and_the_newer_one_told(versions):
    assert versions.structure_set.file == "RS.dcm"
    (finding,) = findings(versions)
    assert (finding.grade, finding.about) == (Grade.INFO, "RS2.dcm")
    assert finding.message == (
        'RTSTRUCT "RS2.dcm" is not judged: plan "plan" in "RP.dcm" refers to RTSTRUCT "RS.dcm" '
        "(300C,0060); older of the same label, by Structure Set Date (3006,0008): "
        'RTSTRUCT "RS.dcm"'
    )


def test_a_predecessor_is_told_whichever_names_the_other(versions):
    first, second = versions.structure_sets
    second = replace(second, predecessor_uids=frozenset({"1.2.1"}))
    both = replace(versions, structure_sets=(first, second))
    (finding,) = findings(both)
    assert 'names RTSTRUCT "RS.dcm" as its predecessor (3006,0018)' in finding.message
    assert finding.flags == (Flag.QUERY,)  # the plan stands on what was replaced
    (plan,) = versions.plans
    of_second = replace(both, plans=(replace(plan, structure_set_uid="1.2.11"),))
    assert of_second.structure_set.file == "RS2.dcm"
    (finding,) = findings(of_second)
    assert finding.flags == ()
    assert finding.message.startswith(
        'RTSTRUCT "RS.dcm" is not judged: RTSTRUCT "RS2.dcm" names it as its predecessor'
    )


def test_without_a_rule_both_are_told_to_be_open(whole):
    (first,) = whole.structure_sets
    second = replace(first, sop_instance_uid="1.2.11", file="RS2.dcm")
    undecided = replace(whole, structure_sets=(first, second), plans=(), doses=())
    told = messages(undecided)
    assert len(told) == 2
    assert all("no reference says which structure set replaces which" in one for one in told)


@pytest.fixture
def plans(whole):
    """Two versions of one plan, one of them without a dose."""
    (plan,) = whole.plans
    plan = replace(plan, date="20260401", approval_status="APPROVED")
    later = replace(plan, sop_instance_uid="1.2.22", file="RP2.dcm", date="20260408")
    return replace(whole, plans=(plan, later)).selected(plan="RP.dcm")


def test_a_plan_that_is_not_judged_is_told_with_what_the_files_say(plans):
    (message,) = messages(plans)
    assert message == (
        'plan "plan" in "RP2.dcm" is not judged: no dose refers to it (300C,0002); older of the '
        'same label, by RT Plan Date (300A,0006): plan "plan" in "RP.dcm"'
    )


def test_the_relationship_of_plans_is_told_from_both_ends(plans):
    first, later = plans.plans
    alternative = replace(later, related=(("ALTERNATIVE", "1.2.2"),))
    (message,) = messages(replace(plans, plans=(first, alternative)))
    assert 'it names plan "plan" in "RP.dcm" as "ALTERNATIVE" (300A,0055)' in message
    naming = replace(first, related=(("PRIOR", "1.2.22"),))
    (message,) = messages(replace(plans, plans=(naming, later)))
    assert 'plan "plan" in "RP.dcm" names it as "PRIOR" (300A,0055)' in message


@pytest.mark.parametrize("status", ["", "UNAPPROVED", "REJECTED"])
def test_an_approved_plan_beside_a_judged_one_that_is_not_is_a_query(plans, status):
    first, later = plans.plans
    first = replace(first, approval_status=status)
    (finding,) = findings(replace(plans, plans=(first, later)))
    assert finding.flags == (Flag.QUERY,)
    assert "it is APPROVED, and what is judged is not" in finding.message
    later = replace(later, approval_status=status)
    (finding,) = findings(replace(plans, plans=(first, later)))
    assert finding.flags == ()


def test_the_dose_of_a_plan_that_is_not_judged_is_told(plans):
    (dose,) = plans.doses
    second = replace(dose, sop_instance_uid="1.2.33", file="RD2.dcm", plan_uids=("1.2.22",))
    both = replace(plans, doses=(dose, second))
    (message,) = messages(both)
    assert 'is not its PLAN dose "RD2.dcm"' in message
    # Where none is chosen, both plans are open.
    undecided = replace(both, selection=type(both.selection)())
    assert len(messages(undecided)) == 2
