"""Screening and delivered plans, never taken for each other, and the arm of the trial."""

import json
import sys
from dataclasses import replace

import pytest

from oligort.checks.case import Case
from oligort.checks.engine import check
from oligort.checks.registry import all_checks
from oligort.cli import main
from oligort.clinical.register import PlanKind, Register
from oligort.demo.cases import WITHIN_PROTOCOL
from oligort.demo.export import write_case
from oligort.errors import NotEvaluable, RegisterError
from oligort.finding import Flag, Grade
from oligort.objects import Dose, Fault, FaultKind, Plan
from oligort.protocol.model import Protocol
from oligort.submission import Submission

CHECKS = {one.code: one for one in all_checks()}
PROTOCOL = Protocol.load("nct06190782")
DOSE = Dose("1.2", "dose.dcm", refusal="its pixels do not matter here")
PLAN = Plan("1.3", "plan.dcm", "P")


def case_of(*, doses=(DOSE,), plans=(), asked=None, lesions=(), **table):
    table |= {"schema_version": 1, "subject": "S", "lesions": list(lesions)}
    submission = Submission(doses=tuple(doses), plans=tuple(plans))
    return Case(submission, PROTOCOL, Register.from_dict(table), asked_kind=asked)


def of_arm(case):
    (found,) = CHECKS["OL206"].run(case)
    return found


@pytest.mark.parametrize(
    ("arm", "plan_kind", "grade"),
    [
        ("no_local_therapy", "delivered", Grade.MAJOR),
        ("no_local_therapy", "screening", Grade.PASS),
        ("local_therapy", "delivered", Grade.PASS),
        ("local_therapy", None, Grade.PASS),
        (None, "screening", Grade.INFO),
    ],
)
def test_dose_in_the_arm_without_local_therapy(arm, plan_kind, grade):
    assert of_arm(case_of(arm=arm, plan_kind=plan_kind)).grade is grade
    asked = PlanKind(plan_kind) if plan_kind else None
    assert of_arm(case_of(arm=arm, asked=asked)).grade is grade
    # A plan whose dose was not exported is radiotherapy too.
    assert of_arm(case_of(arm=arm, asked=asked, doses=(), plans=(PLAN,))).grade is grade


@pytest.mark.parametrize("plan_kind", ["delivered", None])
def test_without_an_arm_a_plan_that_may_be_delivered_is_open(plan_kind):
    with pytest.raises(NotEvaluable, match="does not say the arm"):
        of_arm(case_of(plan_kind=plan_kind))


def test_a_plan_of_unknown_purpose_is_not_judged_by_its_arm():
    with pytest.raises(NotEvaluable, match="plan_kind"):
        of_arm(case_of(arm="no_local_therapy"))


def test_therapies_of_the_register_in_the_arm_without_are_told():
    irradiated = [{"id": "L1", "kind": "distant", "therapy": "radiotherapy"}]
    with pytest.raises(NotEvaluable, match=r'radiotherapy of "L1"'):
        of_arm(case_of(arm="no_local_therapy", doses=(), lesions=irradiated))
    found = of_arm(case_of(arm="no_local_therapy", plan_kind="screening", lesions=irradiated))
    assert (found.grade, found.flags) == (Grade.PASS, (Flag.QUERY,))
    removed = [{"id": "L1", "kind": "distant", "therapy": "surgery"}]
    found = of_arm(case_of(arm="no_local_therapy", doses=(), lesions=removed))
    assert (found.grade, found.flags) == (Grade.PASS, (Flag.QUERY,))
    nothing = of_arm(case_of(arm="no_local_therapy", doses=()))
    assert (nothing.grade, nothing.flags) == (Grade.PASS, ())
    assert of_arm(case_of(doses=())).grade is Grade.INFO


def test_the_word_of_the_user_goes_before_the_registers(build, register_table, findings_of):
    register_table["plan_kind"] = "screening"
    (found,) = findings_of("OL207", build(), register_table, plan_kind="delivered")
    assert (found.grade, found.flags) == (Grade.PASS, (Flag.QUERY,))
    assert "the register's plan_kind is screening" in found.message
    report = check(build(), register=Register.from_dict(register_table), plan_kind="delivered")
    assert report.plan_kind == "delivered"
    del register_table["plan_kind"]
    (found,) = findings_of("OL207", build(), register_table)
    assert found.grade is Grade.INFO
    with pytest.raises(ValueError, match="deliverd"):
        check(build(), plan_kind="deliverd")


WITHOUT = {"arm": "no_local_therapy"}


def test_a_plan_listed_as_delivered_is_major_whichever_plan_is_judged(both, register_table):
    register_table |= LISTS | WITHOUT | {"plan_kind": "screening"}
    case = Case(both, PROTOCOL, Register.from_dict(register_table))
    found = of_arm(case)
    assert found.grade is Grade.MAJOR
    assert 'lists "treated", which is there, as delivered' in found.message


def test_a_plan_listed_as_delivered_and_not_there_leaves_the_arm_open(build, register_table):
    register_table |= LISTS | WITHOUT | {"plan_kind": "screening"}
    with pytest.raises(NotEvaluable, match='lists "treated" as delivered, and no such plan'):
        of_arm(Case(build(), PROTOCOL, Register.from_dict(register_table)))
    # An earlier course is none of the trial's.
    earlier = replace(build(), plans=(Plan("1.9", "old.dcm", "treated"),))
    found = of_arm(Case(build().after(earlier), PROTOCOL, Register.from_dict(register_table)))
    assert found.grade is Grade.PASS


def test_what_could_not_be_read_is_not_no_plan_and_no_dose():
    case = case_of(doses=(), **WITHOUT)
    unread = replace(case, submission=replace(case.submission, faults=(Fault("RD.dcm", "cut"),)))
    with pytest.raises(NotEvaluable, match=r'"RD\.dcm" could not be read'):
        of_arm(unread)
    foreign = Fault("notes.txt", "not a DICOM file", FaultKind.FOREIGN)
    harmless = replace(case, submission=replace(case.submission, faults=(foreign,)))
    assert of_arm(harmless).grade is Grade.PASS


def test_a_treatment_record_says_that_something_was_delivered():
    case = case_of(plan_kind="screening", **WITHOUT)
    recorded = replace(case.submission, treatment_records=("RT.dcm",))
    with pytest.raises(NotEvaluable, match=r'"RT\.dcm" says that a treatment was delivered'):
        of_arm(replace(case, submission=recorded))


@pytest.mark.parametrize("name", ["treated", "Treated", " TREATED "])
def test_a_label_is_meant_in_any_case_of_letters(name, both, register_table, findings_of):
    register_table |= {"plan_kind": "screening", "delivered_plans": [name.strip()]}
    (found,) = findings_of("OL207", both.selected(plan="treated"), register_table)
    assert found.grade is Grade.NOT_EVALUABLE


def test_a_judged_plan_that_the_register_does_not_name_is_a_query(
    both, register_table, findings_of
):
    register_table |= {"plan_kind": "screening", "screening_plans": ["plan"]}
    (found,) = findings_of("OL207", both.selected(plan="treated"), register_table)
    assert (found.grade, found.flags) == (Grade.PASS, (Flag.QUERY,))
    assert 'names "plan" as screening, not the judged "treated"' in found.message
    (found,) = findings_of("OL207", both.selected(plan="plan"), register_table)
    assert (found.grade, found.flags) == (Grade.PASS, ())


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        ({"screening_plans": ["SCREEN1"]}, 'names "SCREEN1" as screening, and the judged "plan"'),
        ({"delivered_plans": ["plan"]}, 'names "plan" as delivered, and the judged "plan"'),
        ({"delivered_plans": ["another"]}, 'names "another" as delivered, and the judged "plan"'),
    ],
)
def test_lists_without_a_kind_let_no_plan_pass_that_is_not_for_screening(
    build, register_table, findings_of, lists, told
):
    less = register_table | lists | {"plan_kind": None}
    (found,) = findings_of("OL301", build(), less)
    assert found.grade is Grade.NOT_EVALUABLE
    assert "(plan_kind)" in found.message
    assert told in found.message
    for name in ("plan", "1.2.2"):
        listed = less | {"screening_plans": [name], "delivered_plans": ["another"]}
        (found,) = findings_of("OL301", build(), listed)
        assert found.grade is Grade.PASS
    (found,) = findings_of("OL301", build(), register_table | {"plan_kind": None})
    assert found.grade is Grade.PASS


@pytest.fixture
def both(build):
    """One export with two plans of the same targets, each with its dose."""
    one = build()
    other = replace(one.plans[0], sop_instance_uid="1.2.5", file="RP2.dcm", label="treated")
    dose = replace(one.doses[0], sop_instance_uid="1.2.6", file="RD2.dcm", plan_uids=("1.2.5",))
    return replace(one, plans=(*one.plans, other), doses=(*one.doses, dose))


LISTS = {"screening_plans": ["plan"], "delivered_plans": ["treated"]}


@pytest.mark.parametrize(
    ("said", "asked", "dose"),
    [
        ("screening", None, "1.2.3"),
        ("delivered", None, "1.2.6"),
        ("screening", "delivered", "1.2.6"),
        (None, "screening", "1.2.3"),
    ],
)
def test_the_plans_of_the_kind_are_judged_and_no_other(both, register_table, said, asked, dose):
    register_table |= LISTS | {"plan_kind": said}
    report = check(both, register=Register.from_dict(register_table), plan_kind=asked)
    assert report.dose_sop_instance_uids == (dose,)
    assert report.plan_kind == asked or said
    graded = {f.code: f.grade for f in report.findings}
    assert graded["OL207"] is graded["OL301"] is Grade.PASS


def test_plans_of_the_other_kind_are_not_graded(both, register_table, findings_of):
    register_table |= LISTS | {"plan_kind": "screening"}
    for names in (["treated"], ["plan", "treated"]):
        chosen = both.selected(plan=names)
        for code in ("OL207", "OL301"):
            (found,) = findings_of(code, chosen, register_table)
            assert found.grade is Grade.NOT_EVALUABLE
            assert '"treated" as delivered' in found.message
    # Listed in one of the two, a plan needs no further word.
    register_table["plan_kind"] = None
    (found,) = findings_of("OL207", both.selected(plan="treated"), register_table)
    assert (found.grade, "delivered plan" in found.message) == (Grade.PASS, True)
    (found,) = findings_of("OL301", both.selected(plan=["plan", "treated"]), register_table)
    assert found.grade is Grade.NOT_EVALUABLE


def test_a_dose_says_by_uid_of_which_plan_it_is(build, register_table, findings_of):
    """The plan itself was not exported; the register lists its UID."""
    register_table |= {"delivered_plans": ["1.2.2"], "plan_kind": "screening"}
    alone = replace(build(), plans=())
    for code in ("OL207", "OL301"):
        (found,) = findings_of(code, alone, register_table)
        assert found.grade is Grade.NOT_EVALUABLE
        assert '"1.2.2" as delivered' in found.message


def test_a_word_of_the_user_against_the_register_is_told_with_the_arm():
    case = case_of(
        arm="no_local_therapy", plan_kind="delivered", asked=PlanKind.SCREENING, doses=(DOSE,)
    )
    found = of_arm(case)
    assert (found.grade, found.flags) == (Grade.PASS, (Flag.QUERY,))
    assert "the register's plan_kind is delivered" in found.message


def test_a_plan_of_the_kind_that_is_not_there_is_not_replaced(build, register_table, findings_of):
    register_table |= {"screening_plans": ["SCREEN"], "plan_kind": "screening"}
    (found,) = findings_of("OL301", build(), register_table)
    assert found.grade is Grade.NOT_EVALUABLE
    assert 'no plan "SCREEN" is there' in found.message


@pytest.mark.parametrize(
    ("lists", "sentence"),
    [
        ({"screening_plans": ["a"], "delivered_plans": ["a"]}, "expected each plan once"),
        (LISTS | {"courses": ["plan", "treated"]}, "expected courses of one kind"),
    ],
)
def test_a_register_that_mixes_both_is_refused(lists, sentence):
    with pytest.raises(RegisterError, match=sentence):
        Register.from_dict({"schema_version": 1, "subject": "S"} | lists)


def test_the_option_of_the_command(tmp_path, monkeypatch):
    """Of a demo case the plan alone: in the arm without local therapy it must not be delivered."""
    register = write_case(WITHIN_PROTOCOL, tmp_path / "now")
    text = register.read_text(encoding="utf-8").replace('"local_therapy"', '"no_local_therapy"')
    register.write_text(text, encoding="utf-8")
    for option, grade in ((["--plan-kind", "delivered"], "MAJOR"), ([], "PASS")):
        file = tmp_path / "answer.json"
        plan = tmp_path / "now" / "RTPLAN.dcm"
        arguments = ["check", str(plan), "--register", str(register), "--json", str(file), *option]
        monkeypatch.setattr(sys, "argv", ["oligort", *arguments])
        with pytest.raises(SystemExit):
            main()
        found = json.loads(file.read_text(encoding="utf-8"))
        assert found["plan_kind"] == (option[1] if option else "screening")
        grades = {f["code"]: f["grade"] for f in found["findings"]}
        assert grades["OL206"] == grade


WITHOUT_KIND = {"arm": "no_local_therapy", "plan_kind": None}


def test_a_plan_of_unknown_kind_may_have_been_delivered(both, register_table, findings_of):
    register_table |= WITHOUT_KIND | LISTS
    (found,) = findings_of("OL206", both.selected(plan="plan"), register_table)
    assert found.grade is Grade.MAJOR
    # Without the list nobody says that it was not.
    del register_table["delivered_plans"]
    for chosen, said in ((both, "screening"), (both.selected(plan="plan"), None)):
        (found,) = findings_of("OL206", chosen, register_table | {"plan_kind": said})
        assert found.grade is Grade.NOT_EVALUABLE
        assert "screening_plans" in found.message
        assert '"treated"' in found.message
    # A dose alone is one, too; of an earlier course it is none of the trial's.
    alone = replace(both, plans=both.plans[:1]).selected(plan="plan")
    assert findings_of("OL206", alone, register_table)[0].grade is Grade.NOT_EVALUABLE
    earlier = replace(both, plans=both.plans[1:], doses=both.doses[1:])
    for own in (both, replace(both, plans=both.plans[:1], doses=both.doses[:1])):
        chosen = own.selected(plan="plan").after(earlier)
        (found,) = findings_of("OL206", chosen, register_table | {"plan_kind": "screening"})
        assert found.grade is Grade.PASS, found.message
    # In an arm that is not known it may have been, too.
    unknown = register_table | {"arm": None, "plan_kind": "screening"}
    (found,) = findings_of("OL206", both.selected(plan="plan"), unknown)
    assert found.grade is Grade.NOT_EVALUABLE
    assert '"treated"' in found.message
    register_table["screening_plans"] = ["plan", "treated"]
    (found,) = findings_of("OL206", both.selected(plan="plan"), register_table)
    assert found.grade is Grade.PASS
    (found,) = findings_of("OL206", both.selected(plan="plan"), register_table | {"arm": None})
    assert found.grade is Grade.INFO


def test_where_no_plan_can_be_chosen_none_is_of_a_kind(both, register_table, findings_of):
    register_table |= {"arm": "no_local_therapy", "plan_kind": "screening"}
    for code in ("OL206", "OL207"):
        (found,) = findings_of(code, both, register_table)
        assert found.grade is Grade.NOT_EVALUABLE, code
    (left,) = findings_of("OL005", both, register_table)
    assert left.grade is Grade.INFO
    assert left.message.startswith("which plans and doses are left aside is open")
    (found,) = findings_of("OL207", both.selected(plan="plan"), register_table)
    assert found.grade is Grade.PASS


@pytest.mark.parametrize("said", ["delivered", "screening", None])
def test_two_plans_of_one_label_are_not_taken_for_each_other(
    both, register_table, findings_of, said
):
    register_table |= {"screening_plans": ["1.2.2"], "delivered_plans": ["1.2.5"]}
    register_table["plan_kind"] = said
    alike = replace(both, plans=tuple(replace(plan, label="plan") for plan in both.plans))
    together = replace(both.doses[0], summation_type="MULTI_PLAN", plan_uids=("1.2.2", "1.2.5"))
    for mixed in (alike.selected(plan=["1.2.2", "1.2.5"]), replace(alike, doses=(together,))):
        for code in ("OL207", "OL301"):
            (found,) = findings_of(code, mixed, register_table)
            assert found.grade is Grade.NOT_EVALUABLE, code
    (found,) = findings_of("OL207", alike.selected(plan="1.2.5"), register_table)
    expected = Grade.NOT_EVALUABLE if said == "screening" else Grade.PASS
    assert found.grade is expected


@pytest.mark.parametrize("name", ["PLAN", " Plan", "plan"])
def test_a_plan_is_chosen_by_its_label_in_any_case_of_letters(both, register_table, name):
    register_table |= {"screening_plans": [name.strip()], "plan_kind": "screening"}
    report = check(both, register=Register.from_dict(register_table))
    assert report.dose_sop_instance_uids == ("1.2.3",)
    graded = {f.code: f.grade for f in report.findings}
    assert graded["OL207"] is graded["OL301"] is Grade.PASS


def test_a_label_of_several_plans_vouches_for_none_of_them(both, register_table):
    """One of the two may have been delivered, and nobody says which was meant."""
    register_table |= WITHOUT | {"plan_kind": "screening", "screening_plans": ["plan"]}
    register = Register.from_dict(register_table)
    alike = replace(both, plans=tuple(replace(plan, label="plan") for plan in both.plans))
    with pytest.raises(NotEvaluable, match="neither judged nor listed"):
        of_arm(Case(alike.selected(plan="1.2.2"), PROTOCOL, register))
    del register_table["plan_kind"]
    unsaid = Case(alike.selected(plan="1.2.2"), PROTOCOL, Register.from_dict(register_table))
    with pytest.raises(NotEvaluable, match="plan_kind"):
        of_arm(unsaid)


def test_a_plan_of_a_judged_sum_is_listed_itself(both, register_table):
    """The dose of a screening plan may hold one that was delivered."""
    together = replace(both.doses[0], summation_type="MULTI_PLAN", plan_uids=("1.2.2", "1.2.5"))
    summed = replace(both, doses=(together,))
    register_table |= WITHOUT | {"plan_kind": "screening", "screening_plans": ["plan"]}
    with pytest.raises(NotEvaluable, match='plan "treated"'):
        of_arm(Case(summed, PROTOCOL, Register.from_dict(register_table)))
    one_plan = replace(summed, plans=summed.plans[:1])
    with pytest.raises(NotEvaluable, match="MULTI_PLAN dose"):
        of_arm(Case(one_plan, PROTOCOL, Register.from_dict(register_table)))
    register_table["screening_plans"] = ["plan", "treated"]
    assert of_arm(Case(summed, PROTOCOL, Register.from_dict(register_table))).grade is Grade.PASS
    register_table["screening_plans"] = ["plan", "1.2.5"]
    assert of_arm(Case(one_plan, PROTOCOL, Register.from_dict(register_table))).grade is Grade.PASS
