"""Which structure set, plan and dose are meant: nothing is guessed, nothing is added."""

from dataclasses import replace

import numpy as np
import pytest

from oligort.courses import choose
from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable, SelectionError
from oligort.geometry.grid import Grid
from oligort.geometry.structure import StructureSet
from oligort.objects import Dose, Plan, Prescription, file_key
from oligort.phantoms import Box
from oligort.picked import doses_of_parts, sharing_a_uid
from oligort.selection import Selection, names_by_export
from oligort.submission import Submission

FRAME = "1.2.9"
GRID = DoseGrid(
    Grid((0, 0, 0), (1, 0, 0), (0, 1, 0), 5.0, 5.0, 2, 2, np.array([0.0, 5.0]), FRAME),
    np.ones((2, 2, 2)),
)
SET = StructureSet((), "1.1", "set", "RS.dcm", FRAME)


def plan(uid, label="", file="", structure_set_uid="1.1"):
    file = file or f"sub/{uid}.dcm"
    keys = frozenset({file_key(file), file_key(file.split("/")[-1])})
    return Plan(uid, file, label or uid, structure_set_uid=structure_set_uid, file_keys=keys)


def dose(uid, *plan_uids, kind="PLAN", refusal="", frame=FRAME, file=""):
    file = file or f"sub/{uid}.dcm"
    return Dose(
        uid,
        file,
        dose_type="PHYSICAL",
        summation_type=kind,
        plan_uids=plan_uids,
        frame_of_reference_uid=frame,
        grid=None if refusal else GRID,
        refusal=refusal,
        file_keys=frozenset({file_key(file), file_key(file.split("/")[-1])}),
    )


A, B = plan("A", "first"), plan("B", "second")
OF_A, OF_B = dose("da", "A"), dose("db", "B")


def chosen(plans, doses, sets=(SET,), **names):
    return choose(sets, plans, doses, Selection(**{f"{kind}s": (n,) for kind, n in names.items()}))


def test_one_plan_and_its_dose():
    answer = chosen([A], [OF_A])
    assert (answer.plan, answer.dose, answer.by) == (A, OF_A, "the only dose")
    assert answer.plans == (A,)


def test_two_plan_doses_are_listed_and_never_added():
    with pytest.raises(NotEvaluable, match=r"2 doses .*alternatives.*da.dcm.*db.dcm.*not added"):
        chosen([A, B], [OF_A, OF_B])
    assert chosen([A, B], [OF_A, OF_B], plan="second").dose is OF_B
    assert chosen([A, B], [OF_A, OF_B], dose="da").plan is A


@pytest.mark.parametrize("kind", ["BEAM", "BEAM_SESSION", "CONTROL_POINT", "BRACHY"])
def test_trap_doses_of_parts_stand_for_no_plan(kind):
    parts = [dose("b1", "A", kind=kind), dose("b2", "A", kind=kind)]
    answer = chosen([A], [*parts, OF_A])
    assert answer.dose is OF_A
    assert answer.by == "the only dose of a whole plan"
    assert doses_of_parts([*parts, OF_A]) == tuple(parts)
    with pytest.raises(NotEvaluable, match="parts of a plan are not added up"):
        chosen([A], parts)


def test_the_sum_of_all_plans_goes_before_its_plans():
    total = dose("sum", "A", "B", kind="MULTI_PLAN")
    total = replace(total, grid=replace(GRID, dose_gy=2 * GRID.dose_gy))
    answer = chosen([A, B], [OF_A, total, OF_B])
    assert answer.dose is total
    assert answer.plans == (A, B)
    assert chosen([A, B], [OF_A, total, OF_B], plan="first").dose is OF_A


def test_two_sums_are_open():
    sums = [dose("s1", "A", kind="MULTI_PLAN"), dose("s2", "A", kind="MULTI_PLAN")]
    with pytest.raises(NotEvaluable, match="2 doses"):
        chosen([A], sums)


def test_a_sum_that_lacks_a_plan_is_not_all_courses():
    total = dose("sum", "A", kind="MULTI_PLAN")
    with pytest.raises(NotEvaluable, match=r"does not hold the plan of .*db.dcm"):
        chosen([A, B], [total, OF_B])
    refused = replace(OF_B, grid=None, refusal="its Dose Units are RELATIVE")
    with pytest.raises(NotEvaluable, match="does not hold the plan"):
        chosen([A, B], [total, refused])


def test_a_course_that_cannot_be_used_is_not_left_aside_in_silence():
    refused = dose("db", "B", refusal="its Dose Units are RELATIVE")
    with pytest.raises(NotEvaluable, match=r"RELATIVE.*choose one"):
        chosen([A, B], [OF_A, refused])
    assert chosen([A, B], [OF_A, refused], plan="first").dose is OF_A
    total = dose("sum", "A", "B", kind="MULTI_PLAN", refusal="its pixel data are cut off")
    with pytest.raises(NotEvaluable, match="may be another course"):
        chosen([A], [OF_A, total])
    relative = replace(dose("da2", "A", refusal="its Dose Units are RELATIVE"), units="RELATIVE")
    assert chosen([A], [OF_A, relative]).dose is OF_A


@pytest.mark.parametrize("asked", [{}, {"plan": "first"}])
def test_trap_a_damaged_dose_of_the_plan_may_be_the_one_that_is_meant(asked):
    """Of two different ones the choice is asked for; here the one that could be read was judged."""
    damaged = replace(dose("da2", "A", refusal="its pixel data are cut off"), units="GY")
    with pytest.raises(
        NotEvaluable, match=r"may be the dose that is meant: its pixel data are cut"
    ):
        chosen([A], [OF_A, damaged], **asked)
    assert chosen([A], [OF_A, damaged], dose="da").dose is OF_A
    difference = replace(damaged, dose_type="ERROR", refusal="the Dose Type is ERROR")
    assert chosen([A], [OF_A, difference], **asked).dose is OF_A
    histograms = replace(damaged, has_pixels=False, refusal="no pixels")
    assert chosen([A], [OF_A, histograms], **asked).dose is OF_A
    plane = replace(damaged, is_plane=True, refusal="a single dose plane")
    assert chosen([A], [OF_A, plane], **asked).dose is OF_A


@pytest.mark.parametrize("plans", [(), ("first", "second")])
def test_trap_nor_is_one_of_two_sums_judged_where_the_other_is_damaged(plans):
    total = dose("sum", "A", "B", kind="MULTI_PLAN")
    total = replace(total, grid=replace(GRID, dose_gy=2 * GRID.dose_gy))
    damaged = dose("sum2", "A", "B", kind="MULTI_PLAN", refusal="its pixel data are cut off")
    there, asked = [OF_A, OF_B, total], Selection(plans=plans)
    with pytest.raises(NotEvaluable, match="may be the dose that is meant: its pixel data are cut"):
        choose((SET,), [A, B], [*there, damaged], asked)
    relative = replace(damaged, units="RELATIVE")
    of_a = dose("da2", "A", refusal="its pixel data are cut off")
    for held in (relative, of_a):
        assert choose((SET,), [A, B], [*there, held], asked).dose is total
    nameless = dose("u", refusal="its pixel data are cut off")
    if plans:  # who names plans means what is of these
        assert choose((SET,), [A, B], [*there, nameless], asked).dose is total
        return
    with pytest.raises(NotEvaluable, match="may be another course: its pixel data are cut off"):
        choose((SET,), [A, B], [*there, nameless], asked)


@pytest.mark.parametrize("plan_uids", [("A",), ()])
def test_what_was_cut_off_before_it_says_of_what_it_is_may_be_of_anything(plan_uids):
    known, unknown = dose("known", *plan_uids), dose("u", kind="", refusal="the file is truncated")
    with pytest.raises(NotEvaluable, match="may be another course: the file is truncated"):
        chosen([A], [known, unknown])
    beam = dose("b", "A", kind="BEAM", refusal="the file is truncated")
    assert chosen([A], [OF_A, beam]).dose is OF_A


def test_a_plan_without_a_dose_may_be_another_course():
    with pytest.raises(NotEvaluable, match=r"no dose is there for plan .second.*choose a plan"):
        chosen([A, B], [OF_A])
    assert chosen([A, B], [OF_A], plan="first").dose is OF_A
    assert chosen([A, B], [OF_A], dose="da").dose is OF_A
    # broken links: the plan may be the dose's own, and the missing reference is told elsewhere
    unlinked = chosen([A], [dose("d", "elsewhere")])
    assert unlinked.plan is None


def test_doses_of_one_uid_are_both_listed_and_none_is_used():
    twins = [dose("d", "A", file="one.dcm"), dose("d", "A", file="two.dcm")]
    assert sharing_a_uid(twins) == tuple(twins)
    with pytest.raises(NotEvaluable, match="2 doses"):
        chosen([A], twins)
    part = replace(twins[1], summation_type="BEAM")
    with pytest.raises(NotEvaluable, match=r"share one SOP Instance UID.*one.dcm.*two.dcm"):
        chosen([A], [twins[0], part])
    assert chosen([A], twins, dose="two.dcm").dose is twins[1]
    with pytest.raises(SelectionError, match="2 objects fit dose"):
        chosen([A], twins, dose="d")
    assert sharing_a_uid([dose("", "A"), dose("", "A")]) == ()


def test_plans_of_one_uid_are_open_until_one_is_named():
    twins = [plan("A", "old", "one.dcm"), plan("A", "new", "two.dcm")]
    with pytest.raises(NotEvaluable, match="different plans share one SOP Instance UID"):
        chosen(twins, [OF_A])
    answer = chosen(twins, [OF_A], plan="new")
    assert (answer.plan, answer.plans) == (twins[1], (twins[1],))


@pytest.mark.parametrize("name", ["first", "A", "sub/A.dcm", "A.dcm", "other/place/A.dcm"])
def test_a_plan_is_named_by_label_uid_file_or_path(name):
    assert chosen([A, B], [OF_A, OF_B], plan=name).plan is A


@pytest.mark.parametrize("name", ["da", "sub/da.dcm", "da.dcm", "./x/da.dcm"])
def test_a_dose_is_named_by_uid_file_or_path(name):
    assert chosen([A, B], [OF_A, OF_B], dose=name).dose is OF_A


def test_a_name_that_fits_none_or_several_is_refused_with_the_list():
    with pytest.raises(SelectionError, match=r'no plan "third".*"first".*"second"'):
        chosen([A, B], [OF_A], plan="third")
    with pytest.raises(SelectionError, match=r"no dose .*RTDOSEs: none"):
        chosen([A], [], dose="da")
    same = [A, plan("C", "first")]
    with pytest.raises(SelectionError, match="2 objects fit plan"):
        chosen(same, [OF_A], plan="first")


def test_a_whole_path_goes_before_the_last_part_of_one():
    here, there = plan("A", file="RP.dcm"), plan("B", file="old/RP.dcm")
    assert chosen([here, there], [OF_A, OF_B], plan="old/RP.dcm").plan is there
    with pytest.raises(SelectionError, match="2 objects fit"):
        chosen([here, there], [OF_A, OF_B], plan="elsewhere/RP.dcm")


def test_the_dose_of_one_plan_is_not_judged_by_another():
    with pytest.raises(SelectionError, match=r"not of plan .first. .*but of plan .second."):
        chosen([A, B], [OF_A, OF_B], plan="first", dose="db")
    unlinked = dose("d", "elsewhere")
    assert chosen([A], [unlinked], plan="first", dose="d").plan is A


def test_a_chosen_plan_without_a_dose_of_its_own_is_open():
    with pytest.raises(NotEvaluable, match='no RTDOSE refers to plan "second"'):
        chosen([A, B], [OF_A], plan="second")
    total = dose("sum", "A", "B", kind="MULTI_PLAN")
    with pytest.raises(NotEvaluable, match="no RTDOSE refers"):
        chosen([A, B], [total], plan="second")


def test_different_frames_of_reference_are_not_evaluable():
    with pytest.raises(NotEvaluable, match="different frames of reference"):
        chosen([A], [dose("d", "A", frame="1.2.8")])


def test_an_absent_frame_needs_a_link():
    no_frame = dose("d", frame="")
    with pytest.raises(NotEvaluable, match="no reference links them"):
        chosen([], [no_frame])
    assert chosen([A], [replace(no_frame, plan_uids=("A",))]).dose.sop_instance_uid == "d"
    assert chosen([], [replace(no_frame, structure_set_uid="1.1")]).plan is None
    with pytest.raises(NotEvaluable, match="no reference links them"):
        chosen([], [replace(no_frame, structure_set_uid="")], [replace(SET, sop_instance_uid="")])


def test_of_several_structure_sets_the_plans_own_is_taken():
    other = StructureSet((), "1.3", "other", "RS2.dcm", FRAME)
    assert chosen([A], [OF_A], [other, SET]).structure_set is SET
    with pytest.raises(NotEvaluable, match=r"2 RTSTRUCTs.*RS2.dcm"):
        chosen([], [dose("d")], [other, SET])
    apart = [A, plan("B", structure_set_uid="1.3")]
    total = dose("sum", "A", "B", kind="MULTI_PLAN")
    with pytest.raises(NotEvaluable, match="2 RTSTRUCTs"):
        chosen(apart, [total], [other, SET])
    with pytest.raises(NotEvaluable, match="2 RTSTRUCTs"):
        chosen([A], [OF_A], [SET, replace(SET, file="again.dcm")])


def test_nothing_there_is_said():
    with pytest.raises(NotEvaluable, match="no RTDOSE is in"):
        chosen([A], [])
    with pytest.raises(NotEvaluable, match="no RTSTRUCT is in"):
        chosen([A], [OF_A], [])
    with pytest.raises(NotEvaluable, match="cut off"):
        chosen([A], [dose("d", "A", refusal="its pixel data are cut off")])


def test_hostile_names_are_harmless_in_the_list():
    hostile = plan("A", "\x1b[31mred")
    with pytest.raises(SelectionError) as refused:
        chosen([hostile, B], [OF_A], plan="none")
    assert "\x1b" not in str(refused.value)


def test_a_submission_refuses_wrong_names_at_once_and_answers_the_rest_later():
    submission = Submission(structure_sets=(SET,), plans=(A, B), doses=(OF_A, OF_B))
    with pytest.raises(SelectionError):
        submission.selected(plan="third")
    with pytest.raises(SelectionError):
        submission.selected(plan="first", dose="db")
    assert submission.selected(dose="db").dose_sop_instance_uids == ("db",)
    refused = replace(submission, doses=(dose("d", "A", refusal="its Dose Units are RELATIVE"),))
    selected = refused.selected(dose="d")
    assert selected.dose_sop_instance_uids == ()
    with pytest.raises(NotEvaluable, match="RELATIVE"):
        _ = selected.chosen


def test_a_sum_of_plans_has_no_one_prescription():
    """Two plans of 25 Gy each: 95 % of 25 Gy would be no coverage of the 50 Gy that are given."""
    half = Prescription(25.0, 1)
    first, second = replace(A, prescriptions=(half,)), replace(B, prescriptions=(half,))
    assert chosen([first], [OF_A]).prescription_gy == 25.0
    total = dose("sum", "A", "B", kind="MULTI_PLAN")
    with pytest.raises(NotEvaluable, match="the dose sums 2 plans"):
        _ = chosen([first, second], [total]).prescription_gy


@pytest.mark.parametrize(
    "kind", ["BEAM", "CONTROL_POINT", "FRACTION_SESSION", "RECORD", "PLAN_OVERVIEW"]
)
def test_trap_a_second_plan_with_doses_of_its_parts_alone_is_another_course(kind):
    refusal = "not the planned dose" if kind in {"RECORD", "PLAN_OVERVIEW"} else ""
    part = dose("pb", "B", kind=kind, refusal=refusal)
    with pytest.raises(NotEvaluable, match=r"for plan .second.*may be another course"):
        chosen([A, B], [OF_A, part])
    assert chosen([A, B], [OF_A, part], plan="first").dose is OF_A
    # Also where the plan itself is not there, or the dose does not say of which plan it is.
    for other in (part, replace(part, plan_uids=())):
        with pytest.raises(NotEvaluable, match=r"does not hold the plan of .*pb.dcm"):
            chosen([A], [OF_A, other])
    third = plan("C", "third")
    total = dose("sum", "A", "B", kind="MULTI_PLAN")
    of_third = replace(part, plan_uids=("C",))
    with pytest.raises(NotEvaluable, match=r"for plan .third.*may be another course"):
        chosen([A, B, third], [total, of_third])
    with pytest.raises(NotEvaluable, match=r"does not hold the plan of .*pb.dcm"):
        chosen([A, B], [total, of_third])
    assert chosen([A, B], [total, part]).dose is total


def test_trap_a_dose_of_one_fraction_group_of_several_is_no_whole_plan():
    grouped = replace(A, fraction_group_count=2)
    group = dose("g1", "A", kind="FRACTION")
    with pytest.raises(NotEvaluable, match=r"g1.dcm.* is of one fraction group, and plan .first."):
        chosen([grouped], [group])
    with pytest.raises(NotEvaluable, match=r"are each of one fraction group"):
        chosen([grouped], [group, dose("g2", "A", kind="FRACTION")])
    assert chosen([grouped], [OF_A, group]).dose is OF_A
    assert chosen([A], [group]).dose is group


def test_a_dose_that_names_its_plan_twice_is_of_that_plan():
    twice = dose("da", "A", "A")
    assert chosen([A, B], [twice, OF_B], plan="first").dose is twice


def test_courses_whose_targets_lie_apart_whatever_is_said_twice_or_of_parts():
    def cube(number, x_mm):
        drawn = Box((x_mm, 0.0, 0.0), (10.0, 10.0, 20.0)).structure(
            f"PTV{number}", number, np.arange(-8.0, 9.0, 4.0)
        )
        return replace(drawn, frame_of_reference_uid=FRAME)

    drawn = replace(SET, structures=(cube(1, 40.0), cube(2, -40.0)))
    first, second = (
        replace(one, prescriptions=(Prescription(20.0, number),))
        for number, one in enumerate((A, B), 1)
    )
    # Twice the dose, so that the courses are not one and the same.
    twice = replace(dose("da", "A", "A"), grid=replace(GRID, dose_gy=2 * GRID.dose_gy))
    both = chosen([first, second], [twice, OF_B], [drawn])
    assert both.doses == (twice, OF_B)
    beam = dose("b1", "B", kind="BEAM")
    assert chosen([first, second], [twice, OF_B, beam], [drawn]).doses == (twice, OF_B)
    # A beam of a plan that is not there may be of a third course; one group is no whole course.
    with pytest.raises(NotEvaluable, match="2 doses"):
        _ = chosen([first, second], [twice, OF_B, replace(beam, plan_uids=("C",))], [drawn])
    grouped = replace(second, fraction_group_count=2)
    group = dose("g1", "B", kind="FRACTION")
    with pytest.raises(NotEvaluable, match=r"no dose is there for plan .second."):
        _ = chosen([first, grouped], [twice, group], [drawn])


def test_what_an_export_lacks_is_asked_of_the_earlier_ones():
    ours, theirs, more = [A], [replace(B, label="boost"), A], [replace(B, label="boost")]
    shared = names_by_export(["first", "boost", "nowhere"], [ours, theirs, more])
    assert shared == [("first", "nowhere"), ("boost",), ("boost",)]
    assert names_by_export(["first"], [ours]) == [("first",)]
    assert names_by_export([], [ours, theirs]) == [(), ()]
