"""Approval, intent and versions of the judged plan, from its header."""

from dataclasses import replace

import pytest

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.errors import NotEvaluable
from oligort.finding import Flag, Grade
from oligort.protocol.model import Protocol

CHECKS = {one.code: one for one in all_checks()}
PROTOCOL = Protocol.load("nct06190782")


def findings(submission):
    return list(CHECKS["OL009"].run(Case(submission, PROTOCOL, None)))


def with_plan(submission, **altered):
    return replace(submission, plans=(replace(submission.plans[0], **altered),))


def with_structures(submission, status):
    (structures,) = submission.structure_sets
    return replace(submission, structure_sets=(replace(structures, approval_status=status),))


def with_version(submission, **altered):
    """Return a submission with a second plan, of which no dose is there."""
    (plan,) = submission.plans
    other = replace(plan, sop_instance_uid="1.2.9", file="RP2.dcm", **altered)
    return replace(submission, plans=(plan, other)).selected(dose="RD.dcm")


def test_an_approved_plan_passes(build):
    (finding,) = findings(build())
    assert finding.grade is Grade.PASS
    assert finding.message == 'approved: plan "plan" in "RP.dcm"'


@pytest.mark.parametrize(
    ("status", "said", "flags"),
    [
        ("UNAPPROVED", '"UNAPPROVED"', ()),
        ("", "absent", ()),
        ("PLANNED\x1b", '"PLANNED?"', ()),
        ("REJECTED", '"REJECTED"', (Flag.QUERY,)),
    ],
)
def test_a_plan_that_is_not_approved_is_minor(build, status, said, flags):
    (finding,) = findings(with_plan(build(), approval_status=status))
    assert (finding.grade, finding.flags) == (Grade.MINOR, flags)
    assert finding.message.endswith(f"is {said}")


def test_a_structure_set_is_asked_where_it_says(build):
    assert [f.grade for f in findings(with_structures(build(), "APPROVED"))] == [Grade.PASS]
    (finding,) = findings(with_structures(build(), "UNAPPROVED"))
    assert finding.grade is Grade.MINOR
    assert 'RTSTRUCT "RS.dcm"' in finding.message


def test_without_a_plan_or_a_dose_it_is_not_evaluable(build):
    with pytest.raises(NotEvaluable, match="no plan of the judged dose is there"):
        findings(replace(build(), plans=()))
    with pytest.raises(NotEvaluable, match="no RTDOSE"):
        findings(replace(build(), doses=()))


@pytest.mark.parametrize("intent", ["VERIFICATION", "MACHINE_QA", "SERVICE"])
def test_a_plan_that_was_not_made_for_a_patient_grades_nothing(build, findings_of, intent):
    submission = with_plan(build(), intent=intent)
    with pytest.raises(NotEvaluable, match=f"is {intent}: it was not made to treat a patient"):
        findings(submission)
    (v20,) = findings_of("OL301", submission)
    assert v20.grade is Grade.NOT_EVALUABLE
    assert intent in v20.message


@pytest.mark.parametrize(
    ("intent", "grades"),
    [
        ("CURATIVE", [Grade.PASS]),
        ("palliative", [Grade.PASS]),
        ("", [Grade.PASS]),
        ("RESEARCH", [Grade.INFO, Grade.PASS]),
        ("TEST", [Grade.INFO, Grade.PASS]),
    ],
)
def test_other_intents_are_none_or_a_query(build, intent, grades):
    found = findings(with_plan(build(), intent=intent))
    assert [finding.grade for finding in found] == grades
    assert all((f.flags == (Flag.QUERY,)) == (f.grade is Grade.INFO) for f in found)


def test_versions_of_one_label_are_told_with_the_rule_that_decided(build):
    versions, approved = findings(with_version(build(), date="20260401", approval_status=""))
    assert (versions.grade, versions.flags) == (Grade.INFO, (Flag.QUERY,))
    assert versions.message == (
        '2 versions of one plan: plan "plan" in "RP.dcm" without a date, plan "plan" in '
        '"RP2.dcm" of 20260401; judged is plan "plan" in "RP.dcm": chosen by the user'
    )
    assert approved.grade is Grade.PASS  # the version that is not judged need not be approved


def test_a_later_version_than_the_judged_one_is_told(build):
    dated = with_plan(build(), date="20260401", time="090000")
    for later in (
        {"date": "20260402"},
        {"date": "20260401", "time": "100000"},
        {"label": "other", "related": (("PREDECESSOR", "1.2.2"),)},
    ):
        versions, _ = findings(with_version(dated, **later))
        assert '"RP2.dcm" is later' in versions.message, later
    for earlier in ({"date": "20260331", "time": "235959"}, {"date": "20260401", "time": "080000"}):
        versions, _ = findings(with_version(dated, **earlier))
        assert "later" not in versions.message


def test_a_plan_of_another_label_is_no_version(build):
    assert [f.grade for f in findings(with_version(build(), label="boost"))] == [Grade.PASS]
    unlabelled = with_version(with_plan(build(), label=""))
    assert [f.grade for f in findings(unlabelled)] == [Grade.PASS]


def test_versions_of_which_none_can_be_chosen_are_told_before_the_reason(build):
    run = CHECKS["OL009"].run(Case(replace(with_version(build()), doses=()), PROTOCOL, None))
    assert "none of them is judged" in next(run).message
    with pytest.raises(NotEvaluable):
        next(run)


def test_three_versions_are_one_group(build):
    submission = with_version(build())
    related = (("PREDECESSOR", "1.2.9"),)
    third = replace(submission.plans[0], sop_instance_uid="1.2.10", label="x", related=related)
    versions, _ = findings(replace(submission, plans=(*submission.plans, third)))
    assert versions.message.startswith("3 versions")
