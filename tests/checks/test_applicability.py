"""A limit with an acceptable variation, and limits that hold for some submissions only."""

import json
from dataclasses import replace

import msgspec
import pytest
from test_dose_checks import edge_for

from oligort.checks.applicability import applicable_limits, limited_once, why_not_applicable
from oligort.checks.case import Case
from oligort.checks.dose import dose_limits
from oligort.checks.engine import check
from oligort.clinical.register import Register
from oligort.errors import NotEvaluable, ProtocolError
from oligort.finding import Flag, Grade
from oligort.phantoms import Box
from oligort.protocol.model import Protocol
from oligort.protocol.schema import protocol_schema

SITE = """
schema_version = 1
extends = "nct06190782"
id = "SITE"
version = "1"
title = "Limits of a site"

[sources.S]
title = "A document of the site"

[[dose_limits]]
criterion = "X6"
description = "Lung V20"
structure = "Lungs-GTV"
metric = "V20Gy[%]"
relation = "<="
limit = 20
unit = "%"
source = { document = "S", section = "1" }
"""
OF_WHOLE_LUNGS = SITE.replace('"Lungs-GTV"', '"Lungs"').replace('"X6"', '"lungs"')
"""A limit beside the trial's own, which a limit that applies to other plans does not replace."""

VARIATION = '[dose_limits.variation]\nlimit = 25\nsource = { document = "S", section = "2" }\n'


@pytest.fixture
def site(tmp_path):
    """Load a protocol of a site with further keys of its limit."""

    def load(*keys, rules=SITE):
        path = tmp_path / "site.toml"
        path.write_text(rules + "\n".join(keys), encoding="utf-8")
        return Protocol.load(path)

    return load


@pytest.fixture
def lung_of(build, register_table):
    """Return the finding on lung V20 under a protocol, and how many findings each code has."""

    def finding(protocol, submission=None, **changed):
        table = register_table | changed
        report = check(submission or build(), protocol, Register.from_dict(table))
        (found,) = (one for one in report.findings if one.code == "OL301")
        return found

    return finding


@pytest.mark.parametrize(
    ("v20_percent", "grade", "is_borderline"),
    [
        (19.0, Grade.PASS, False),
        (20.3, Grade.MINOR, True),
        (22.0, Grade.MINOR, False),
        (24.8, Grade.MINOR, True),
        (25.2, Grade.MAJOR, True),
        (26.0, Grade.MAJOR, False),
    ],
)
def test_between_both_limits_lies_an_acceptable_variation(
    v20_percent, grade, is_borderline, site, build, lung_of
):
    found = lung_of(site(VARIATION), build(edge_mm=edge_for(v20_percent)))
    assert found.grade is grade
    assert (Flag.BORDERLINE in found.flags) is is_borderline
    assert ("an acceptable variation, <= 25 % (S, 2)" in found.message) is (grade is Grade.MINOR)
    assert found.evidence[0].limit == 20


def test_the_limits_themselves_are_within(site):
    (limit,) = site(VARIATION).dose_limits
    grades = [limit.grade_of(value) for value in (20.0, 20.0000001, 25.0, 25.0000001)]
    assert grades == [Grade.PASS, Grade.MINOR, Grade.MINOR, Grade.MAJOR]


def test_an_interval_over_either_limit_is_not_evaluable(site, build, lung_of):
    """The grid ends below the tops of the lungs: V20 is 12.5 to 27.5 %."""
    clipped = build(edge_mm=edge_for(27.8), z_mm=(-90.0, 35.0), prescription_gy=None)
    for least, most in ((20, 40), (10, 20)):
        rules = SITE.replace("limit = 20", f"limit = {least}")
        found = lung_of(site(VARIATION.replace("25", str(most)), rules=rules), clipped)
        assert found.grade is Grade.NOT_EVALUABLE
        is_beyond = "either is beyond the limit; that of the acceptable variation, <= 20 %, lies"
        assert ("and the limit lies between" in found.message) is (least == 20)
        assert (is_beyond in found.message) is (least == 10)


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (VARIATION.replace("limit = 25", "limit = 20"), "allows more than <= 20, found 20"),
        (VARIATION.replace("limit = 25", "limit = 19"), "allows more than <= 20, found 19"),
        (VARIATION.replace("limit = 25", "limit = 101"), "expected at most 100 %, found 101 %"),
        (VARIATION + 'grade = "MAJOR"\n', 'expected "MINOR" or "INFO", found "MAJOR"'),
        (VARIATION.split("source", maxsplit=1)[0], 'expected the key "source"'),
        ("[dose_limits.applies_when]\n", "expected one of"),
        ("[dose_limits.applies_when.fractions]\nleast = 5\nmost = 1\n", "found 5 and 1"),
        ('[dose_limits.applies_when]\norgan = "Lung"\n', 'did you mean "Lungs"?'),
        ('[dose_limits.applies_when]\nplan_kind = "treated"\n', '"screening" or "delivered"'),
    ],
)
def test_what_contradicts_itself_is_refused(site, key, sentence):
    with pytest.raises(ProtocolError) as refusal:
        site(key)
    assert sentence in str(refusal.value)


def test_a_dose_limit_bounds_and_never_asks_for_one_number(site):
    with pytest.raises(ProtocolError, match=r'relation: expected .*found "=="'):
        site(rules=SITE.replace('"<="', '"=="'))
    schema = json.loads(protocol_schema())
    relation = schema["$defs"]["DoseLimit"]["properties"]["relation"]
    assert sorted(relation["enum"]) == ["<", "<=", ">", ">="]


def when(key):
    return f"[dose_limits.applies_when]\n{key}\n"


def with_fractions(submission, *numbers):
    """Return the submission with a plan for each number of fractions, of which one dose is."""
    plan = submission.plans[0]
    plans = tuple(
        replace(plan, sop_instance_uid=f"1.2.2{n}", label=f"plan {n}", fractions_planned=number)
        for n, number in enumerate(numbers)
    )
    dose = replace(
        submission.doses[0],
        plan_uids=tuple(one.sop_instance_uid for one in plans),
        summation_type="PLAN" if len(plans) == 1 else "MULTI_PLAN",
    )
    return replace(submission, plans=plans, doses=(dose,))


@pytest.mark.parametrize(
    ("key", "changed", "numbers", "told"),
    [
        ('arm = "local_therapy"', {}, (5,), True),
        ('arm = "no_local_therapy"', {}, (5,), "it is of the arm no_local_therapy"),
        ('arm = "local_therapy"', {"arm": None}, (5,), None),
        ('plan_kind = "delivered"', {"plan_kind": "delivered"}, (5,), True),
        ('plan_kind = "delivered"', {"plan_kind": "screening"}, (5,), "a screening plan is judged"),
        ('plan_kind = "delivered"', {"plan_kind": None}, (5,), None),
        ("fractions = { least = 1, most = 5 }", {}, (5,), True),
        ("fractions = { least = 1, most = 5 }", {}, (30,), 'the plan is "plan 0" in 30'),
        ("fractions = { least = 30, most = 30 }", {}, (29,), "it is of 30 fractions"),
        ("fractions = { least = 1, most = 5 }", {}, (None,), None),
        ("fractions = { least = 1, most = 5 }", {}, (5, 30), None),
        ("fractions = { least = 1, most = 5 }", {}, (5, 3), True),
        ('organ = "Lungs"', {}, (5,), True),
        ('organ = "Liver"', {}, (5,), "a metastasis in Liver, and none is known"),
        # What is ruled out by one condition is not open for another.
        ('arm = "no_local_therapy"\nplan_kind = "delivered"', {"plan_kind": None}, (5,), "arm"),
    ],
)  # fmt: skip
def test_a_limit_applies_where_all_that_it_states_is_so(
    key, changed, numbers, told, site, build, register_table
):
    protocol = site(when(key), rules=OF_WHOLE_LUNGS)
    limit = protocol.dose_limits[-1]
    register = Register.from_dict(register_table | changed)
    case = Case(with_fractions(build(), *numbers), protocol, register)
    if told is None:
        with pytest.raises(NotEvaluable, match="whether the limit applies is open"):
            why_not_applicable(case, limit)
    else:
        reason = why_not_applicable(case, limit)
        assert not reason if told is True else told in reason
    assert (limit in applicable_limits(case)) is (told in (None, True))


FRACTIONS = (
    "[dose_limits.applies_when]\nfractions = { least = 1, most = 1 }\n",
    OF_WHOLE_LUNGS[OF_WHOLE_LUNGS.index("[[dose_limits]]") :],
    "[dose_limits.applies_when]\nfractions = { least = 5, most = 8 }\n",
)


@pytest.mark.parametrize(
    ("number", "is_asked"), [(1, False), (2, True), (4, True), (5, False), (9, False)]
)
def test_a_plan_of_fractions_between_those_that_are_limited_is_a_query(
    number, is_asked, site, build
):
    """With limits in 1 and in 5 to 8 fractions, 2 to 4 are limited by none; 9 lie beyond all."""
    protocol = site(*FRACTIONS, rules=OF_WHOLE_LUNGS)
    case = Case(with_fractions(build(), number), protocol, None)
    told = [one for one in dose_limits(case) if "does not apply" in one.message]
    asked = [one for one in told if Flag.QUERY in one.flags]
    assert len(asked) == is_asked
    for one in asked:
        assert "nothing limits V20Gy[%] of Lungs in so many" in one.message
        assert "in 1 fraction and in 5 to 8 fractions" in one.message
        assert one.hint.startswith("ask the trial office")


@pytest.mark.parametrize(
    ("also", "is_asked"),
    [('arm = "local_therapy"\n', True), ('arm = "no_local_therapy"\n', False)],
)
def test_limits_of_the_same_patients_leave_a_gap_however_they_say_of_whom_they_are(
    also, is_asked, site, build, register_table
):
    """One in 1 fraction of all, one in 5 to 8 of an arm: 3 lie between them in that arm alone."""
    protocol = site(*FRACTIONS, also, rules=OF_WHOLE_LUNGS)
    register = Register.from_dict(register_table | {"arm": "local_therapy"})
    found = list(dose_limits(Case(with_fractions(build(), 3), protocol, register)))
    asked = [one for one in found if "nothing limits" in one.message]
    assert len(asked) == is_asked
    # Where nobody says the arm, it may be this one.
    found = list(dose_limits(Case(with_fractions(build(), 3), protocol, None)))
    assert len([one for one in found if "nothing limits" in one.message]) == 1


def test_what_another_limit_holds_for_leaves_no_gap(site, build):
    always = OF_WHOLE_LUNGS[OF_WHOLE_LUNGS.index("[[dose_limits]]") :]
    protocol = site(*FRACTIONS, always, rules=OF_WHOLE_LUNGS)
    found = list(dose_limits(Case(with_fractions(build(), 3), protocol, None)))
    assert not [one for one in found if "nothing limits" in one.message]


@pytest.mark.parametrize("numbers", [(30, 5), (5, 30)])
def test_two_plans_of_one_label_are_two(numbers, site, build):
    protocol = site(when("fractions = { least = 30, most = 30 }"), rules=OF_WHOLE_LUNGS)
    submission = with_fractions(build(), *numbers)
    plans = tuple(replace(one, label="SBRT") for one in submission.plans)
    case = Case(replace(submission, plans=plans), protocol, None)
    with pytest.raises(NotEvaluable, match='"SBRT" in 30') as refusal:
        why_not_applicable(case, protocol.dose_limits[-1])
    assert '"SBRT" in 5' in str(refusal.value)


@pytest.mark.parametrize("number", [5, 30])
def test_a_plan_of_the_dose_that_is_not_there_leaves_it_open(number, site, build):
    protocol = site(when("fractions = { least = 30, most = 30 }"), rules=OF_WHOLE_LUNGS)
    submission = with_fractions(build(), number)
    (dose,) = submission.doses
    summed = replace(dose, plan_uids=(*dose.plan_uids, "1.2.99"), summation_type="MULTI_PLAN")
    case = Case(replace(submission, doses=(summed,)), protocol, None)
    with pytest.raises(NotEvaluable, match="1 of the plans that the dose refers to is not there"):
        why_not_applicable(case, protocol.dose_limits[-1])


def test_a_metastasis_that_may_lie_elsewhere_leaves_it_open(site, build, register_table):
    """Its organ is not said, and no ROI of an organ holds it."""
    protocol = site(when('organ = "Liver"'), rules=OF_WHOLE_LUNGS)
    lesions = [{"id": "L1", "kind": "distant", "therapy": "surgery"}]
    register = Register.from_dict(register_table | {"lesions": lesions})
    case = Case(build(without=["GTVm01_Lung_L"]), protocol, register)
    with pytest.raises(NotEvaluable, match='"L1" may be one'):
        why_not_applicable(case, protocol.dose_limits[-1])


@pytest.mark.parametrize(
    ("asked", "organ", "applies"),
    [("Brain", "Brainstem", True), ("Brainstem", "Brainstem", True), ("Brainstem", "Brain", False)],
)
def test_a_limit_of_patients_with_a_metastasis_of_the_brain_is_of_its_stem_too(
    asked, organ, applies, site, build, register_table
):
    """It counts in the brain, and the limit was said not to apply."""
    protocol = site(when(f'organ = "{asked}"'), rules=OF_WHOLE_LUNGS)
    listed = {"id": "L1", "kind": "distant", "organ": organ, "therapy": "surgery"}
    register = Register.from_dict(register_table | {"lesions": [listed]})
    limit = protocol.dose_limits[-1]
    case = Case(build(without=["GTVm01_Lung_L"]), protocol, register)
    assert (why_not_applicable(case, limit) == "") == applies
    beside = build(extra={"PTVm02_Brainstem": Box((-50, 0, -70), (20, 20, 20))})
    if asked == "Brain":
        case = Case(beside, protocol, Register.from_dict(register_table))
        with pytest.raises(NotEvaluable, match="PTVm02_Brainstem"):
            why_not_applicable(case, limit)


def test_a_metastasis_that_nothing_measures_leaves_it_open(site, build, register_table):
    protocol = site(when('organ = "Liver"'), rules=OF_WHOLE_LUNGS)
    limit, register = protocol.dose_limits[-1], Register.from_dict(register_table)
    liver = Box((-50, 0, -70), (20, 20, 20))
    assert "none is known" in why_not_applicable(Case(build(), protocol, register), limit)
    in_the_lung = build(extra={"PTVm02_Lung_R": liver})
    assert why_not_applicable(Case(in_the_lung, protocol, register), limit)
    drawn = build(extra={"GTVm02_Liver": liver})
    (one,) = drawn.structure_sets
    emptied = (replace(it, contours=()) if it.roi_name == "GTVm02_Liver" else it for it in one)
    empty = replace(drawn, structure_sets=(replace(one, structures=tuple(emptied)),))
    for submission, answers, reason in (
        (build(extra={"PTVm02_Liver": liver}), register, '"PTVm02_Liver" cannot be measured, or'),
        (empty, register, '"GTVm02_Liver" cannot be measured, or'),
        (build(), None, "no register lists the lesions"),
    ):
        with pytest.raises(NotEvaluable, match=reason):
            why_not_applicable(Case(submission, protocol, answers), limit)


def test_a_limit_that_does_not_apply_is_told_and_asks_nothing_else(site, build, register_table):
    protocol = site(when('arm = "no_local_therapy"'), rules=OF_WHOLE_LUNGS)
    submission = build(without=["Lung_R"])
    report = check(submission, protocol, Register.from_dict(register_table))
    _, found = (one for one in report.findings if one.code == "OL301")
    assert found.grade is Grade.INFO
    assert found.message.startswith("Lung V20 does not apply: it is of the arm no_local_therapy")
    asked = [one.code for one in report.findings if one.about == "Lungs"]
    assert {"OL302", "OL303", "OL016", "OL017"}.isdisjoint(asked)
    assert not any(one.criterion == "lungs" for one in report.measurements)


def test_two_limits_on_one_structure_ask_of_it_once(site, build, register_table):
    mean = SITE[SITE.index("[[dose_limits]]") :].replace('"V20Gy[%]"', '"Mean[Gy]"')
    protocol = site(mean.replace('unit = "%"', 'unit = "Gy"').replace('"X6"', '"mean"'))
    case = Case(build(), protocol, None)
    assert len(tuple(applicable_limits(case))) == 2
    assert len(limited_once(case)) == 1
    report = check(build(), protocol, Register.from_dict(register_table))
    codes = [one.code for one in report.findings if one.about == "Lungs-GTV"]
    assert codes.count("OL301") == 2
    assert codes.count("OL302") == 1


OF_LIMITS = ("OL016", "OL017", "OL301", "OL302", "OL303")
"""The checks that ask of nothing but what a limit is about."""


def test_without_a_limit_that_holds_each_check_of_limits_says_so(build, register_table, site):
    register = Register.from_dict(register_table)
    other = {"local_therapy": "no_local_therapy"}.get(str(register.arm), "local_therapy")
    only = site("[dose_limits.applies_when]", f'arm = "{other}"', rules=OF_WHOLE_LUNGS)
    (_, of_others) = only.dose_limits
    for limits, reason in (((), "has no dose limit"), ((of_others,), "dose limits applies")):
        protocol = replace_limits(only, limits)
        report = check(build(), protocol, register)
        for code in OF_LIMITS[0 if not limits else 3 :]:
            told = [one for one in report.findings if one.code == code]
            assert {one.grade for one in told} == {Grade.INFO}
        assert any(reason in one.message for one in report.findings if one.code == "OL302")
        # Nothing but information is no pass.
        alone = check(build(), protocol, register, only=["OL302"])
        assert alone.verdict is Grade.NOT_EVALUABLE


def replace_limits(protocol, limits):
    return msgspec.structs.replace(protocol, dose_limits=limits)


UNBREAKABLE = {
    "limit in cGy": ('metric = "V20Gy[%]"', 'metric = "Mean[Gy]"', 'unit = "%"', 'unit = "Gy"',
                     "limit = 20", "limit = 2000", "at most 300 Gy, found 2000 Gy; is it in cGy"),
    "metric in cGy": ("V20Gy", "V2000Gy", "", "", "", "", "at most 300 Gy, found 2000 Gy"),
    "whole volume": ("limit = 20", "limit = 100", "", "", "", "", "which no volume is beyond"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNBREAKABLE)
def test_a_limit_that_nothing_can_break_is_refused(site, what):
    *changes, told = UNBREAKABLE[what]
    rules = SITE
    for right, wrong in zip(changes[::2], changes[1::2], strict=True):
        rules = rules.replace(right, wrong)
    with pytest.raises(ProtocolError, match=told):
        site(rules=rules)


@pytest.mark.parametrize("grade", ["MINOR", "INFO"])
def test_a_variation_is_milder_than_what_lies_beyond_it(site, grade):
    rules = SITE + f'grade = "{grade}"\n'
    with pytest.raises(ProtocolError, match=r"variation.grade: expected a milder one"):
        site(VARIATION, rules=rules)
    if grade == "MINOR":
        assert site(VARIATION + 'grade = "INFO"\n', rules=rules)
