"""Courses: what is added, what counts once, and what is listed instead."""

from dataclasses import replace

import numpy as np
import pytest

from oligort.checks.engine import check
from oligort.courses import choose
from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable, SelectionError
from oligort.geometry.grid import Grid
from oligort.geometry.rigid import RigidTransform
from oligort.geometry.structure import StructureSet
from oligort.objects import Dose, Plan, Prescription, Registration, file_key
from oligort.phantoms import Box
from oligort.report.letter import letter_markdown
from oligort.report.tables import report_text
from oligort.selection import Selection
from oligort.submission import Submission

FRAME, PRIOR_FRAME = "1.2.9", "1.2.8"
PLANES_MM = np.arange(-58.5, 60, 3.0)
SAME = 1e-9


def box(number, name, x_mm, size_mm=20.0):
    drawn = Box((x_mm, 0.0, 0.0), (size_mm, 20.0, 60.0)).structure(name, number, PLANES_MM)
    return replace(drawn, frame_of_reference_uid=FRAME)


ORGAN, LEFT, RIGHT = box(1, "Lung", 0, 60), box(2, "PTV1", 20), box(3, "PTV2", -20)
SET = StructureSet((ORGAN, LEFT, RIGHT), "1.1", "set", "RS.dcm", FRAME)


def keys(file):
    return frozenset({file_key(file), file_key(file.split("/")[-1])})


def plan(uid, *roi_numbers, label="", structure_set_uid="1.1"):
    file = f"RP{uid}.dcm"
    prescriptions = tuple(Prescription(20.0, number) for number in roi_numbers)
    return Plan(
        uid,
        file,
        label or uid,
        structure_set_uid=structure_set_uid,
        prescriptions=prescriptions,
        file_keys=keys(file),
    )


def dose(uid, *plan_uids, kind="PLAN", gy=10.0, slope=0.1, frame=FRAME, file="", dose_type=""):
    """Rises along x from the middle, where it has `gy`."""
    file = file or f"RD{uid}.dcm"
    grid = Grid((-50, -30, 0), (1, 0, 0), (0, 1, 0), 5.0, 5.0, 21, 13, np.arange(-60.0, 61, 5))
    x_mm = grid.to_patient(np.moveaxis(np.indices(grid.shape, dtype=float), 0, -1))[..., 0]
    dose_type = dose_type or "PHYSICAL"
    return Dose(
        uid,
        file,
        dose_type=dose_type,
        summation_type=kind,
        plan_uids=plan_uids,
        frame_of_reference_uid=frame,
        grid=DoseGrid(grid, np.maximum(gy + slope * x_mm, 0), dose_type, kind),
        file_keys=keys(file),
    )


A, B = plan("A", 2), plan("B", 3)
OF_A, OF_B = dose("da", "A"), dose("db", "B", gy=6.0, slope=-0.05)
SUM = dose("dab", "A", "B", kind="MULTI_PLAN", gy=16.0, slope=0.05)
"""What the two plans give together, in every voxel inside of the grid."""

BEAMS = (
    dose("a1", "A", kind="BEAM", gy=7.0, slope=0.1),
    dose("a2", "A", kind="BEAM", gy=3, slope=0),
)
"""Two beams that make up plan A."""


def submission(plans=(A, B), doses=(OF_A, OF_B), sets=(SET,), **more):
    return Submission(structure_sets=tuple(sets), plans=tuple(plans), doses=tuple(doses), **more)


def uids(one):
    return one.dose_sop_instance_uids


def assert_same_dvh(one, other):
    a, b = one.dvh("Lung"), other.dvh("Lung")
    doses = np.linspace(0, max(a.max_gy, b.max_gy), 300)
    curves = [np.interp(doses, d.edges_gy, d.cumulative_cc, right=0) for d in (a, b)]
    np.testing.assert_allclose(*curves, rtol=0, atol=SAME * a.volume_cc)


def test_two_plans_that_the_user_names_are_added():
    both = submission().selected(plan=["A", "B"])
    assert uids(both) == ("da", "db")
    assert both.chosen.plans == (A, B)
    assert both.chosen.by == "courses chosen by the user"
    # 16 Gy in the middle and 0.05 Gy/mm: at least 16 Gy on one side, 16.5 Gy over 20 of 60 mm
    assert both.dvh("Lung")["V16.5Gy[%]"] == pytest.approx(100 / 3, abs=0.01)
    assert_same_dvh(both, submission(doses=[replace(SUM, plan_uids=("A",))], plans=[A]))
    assert uids(submission().selected(dose=["db", "da"])) == ("db", "da")
    assert_same_dvh(submission().selected(dose=["db", "da"]), both)
    assert uids(submission().selected(plan=["A", "B"], dose=["da", "db"])) == ("da", "db")
    with pytest.raises(NotEvaluable, match="2 doses are added up"):
        _ = both.chosen.dose


def test_the_sum_of_the_plans_that_are_named_goes_before_their_doses():
    for doses in ([SUM], [OF_A, OF_B, SUM]):
        both = submission(doses=doses).selected(plan=["A", "B"])
        assert uids(both) == ("dab",)
        assert both.chosen.plans == (A, B)
    # A sum that holds a third plan is not theirs.
    third = replace(SUM, plan_uids=("A", "B", "C"))
    assert uids(submission(doses=[OF_A, OF_B, third]).selected(plan=["A", "B"])) == ("da", "db")


def test_multi_plan_with_its_plans_equals_multi_plan():
    alone = submission(doses=[SUM])
    assert_same_dvh(submission(doses=[OF_A, SUM, OF_B]), alone)
    named = submission(doses=[OF_A, SUM, OF_B]).selected(dose=["da", "db", "dab"])
    assert uids(named) == ("dab",)
    assert [note.split(" is in ")[0] for note in named.chosen.notes] == [
        'PLAN dose "RDda.dcm"',
        'PLAN dose "RDdb.dcm"',
    ]
    assert all(note.endswith('"RDdab.dcm": counted once') for note in named.chosen.notes)
    assert_same_dvh(named, alone)


def on_grid(one, first, spacing_mm, counts):
    """A dose on another grid of the same place, sampled where its voxels lie."""
    x, y, z = first
    frames = z + spacing_mm * np.arange(counts[2])
    grid = Grid(
        (x, y, 0), (1, 0, 0), (0, 1, 0), spacing_mm, spacing_mm, counts[0], counts[1], frames
    )
    points_mm = grid.to_patient(np.moveaxis(np.indices(grid.shape, dtype=float), 0, -1))
    gy = one.grid.field().at(points_mm.reshape(-1, 3)).reshape(grid.shape)
    return replace(one.grid, grid=grid, dose_gy=gy)


def sum_of(*courses, share=1.0, grid=None):
    """A MULTI_PLAN of both plans that holds so much of some courses."""
    total_gy = share * sum(one.grid.dose_gy for one in courses)
    held = replace(SUM, grid=replace(OF_A.grid, dose_gy=total_gy, summation_type="MULTI_PLAN"))
    return replace(held, grid=on_grid(held, *grid)) if grid else held


COARSE = ((-46.0, -26.0, -56.0), 4.0, (23, 13, 28))


@pytest.mark.parametrize("grid", [None, COARSE])
@pytest.mark.parametrize(
    ("courses", "share", "lacks"),
    [
        ((OF_A,), 1.0, True),  # names both plans and holds the first
        ((OF_B,), 1.0, True),
        ((OF_A, OF_B), 0.5, True),  # a mean instead of a sum
        ((OF_A, OF_B), 1.0, False),
        ((OF_A, OF_B), 0.9999, False),  # rounding of what is stored
        ((OF_A, OF_B), 1.2, False),  # more may be of a third course
    ],
)
def test_a_sum_is_nowhere_below_its_plans(courses, share, lacks, grid):
    total = sum_of(*courses, share=share, grid=grid)
    for both in (
        submission(doses=[OF_A, total, OF_B]),
        submission(doses=[OF_A, total, OF_B]).selected(plan=["A", "B"]),
        submission(doses=[OF_A, total, OF_B]).selected(dose=["dab"]),
        submission([plan("C")], [dose("dc", "C", gy=30.0)]).after(
            submission(doses=[OF_A, total, OF_B])
        ),
    ):
        if lacks:
            with pytest.raises(
                NotEvaluable, match=r"RDdab.dcm. is in places at least .* lower than the sum of"
            ):
                _ = both.chosen
        else:
            assert "dab" in uids(both)


def test_a_sum_is_held_against_the_plans_that_are_there():
    """One of two is enough to see that it is not in the sum."""
    with pytest.raises(NotEvaluable, match=r"lower than the sum of PLAN dose .RDda.dcm"):
        _ = submission(doses=[OF_A, sum_of(OF_B)]).chosen
    assert uids(submission(doses=[OF_A, sum_of(OF_A)])) == ("dab",)  # B has no dose to compare
    # Another type of dose, or another frame, says nothing.
    other = dose("da", "A", dose_type="EFFECTIVE")
    assert uids(submission(doses=[other, sum_of(OF_B)])) == ("dab",)


def times(one, share, **altered):
    grid = replace(one.grid, dose_gy=share * one.grid.dose_gy)
    return replace(one, **({"grid": grid} | altered))


def cropped(one, **altered):
    """The part of a dose that lies above x = -20 mm."""
    grid = one.grid.grid
    origin, count = (-20.0, -30.0, 0.0), grid.shape[0] - 6
    less = Grid(origin, (1, 0, 0), (0, 1, 0), 5.0, 5.0, count, 13, np.arange(-60.0, 61, 5))
    return replace(one, grid=replace(one.grid, grid=less, dose_gy=one.grid.dose_gy[6:]), **altered)


BEAMS_OF_B = [
    times(OF_B, 0.4, summation_type="BEAM"),
    times(OF_B, 0.6, summation_type="BEAM", sop_instance_uid="db2"),
]
"""Two beams that make up plan B."""

GROUPS = replace(B, fraction_group_count=2)
UNUSUAL = {
    "the dose twice": ((A, B), [OF_B, times(OF_B, 1, sop_instance_uid="db2")]),
    "also cut out": ((A, B), [OF_B, cropped(OF_B, sop_instance_uid="db2")]),
    "two that differ": ((A, B), [OF_B, times(OF_B, 1.3, sop_instance_uid="db2")]),
    "no frame": ((A, B), [replace(OF_B, frame_of_reference_uid="")]),
    "no type": ((A, B), [replace(OF_B, dose_type="")]),
    "its beams": ((A, B), BEAMS_OF_B),
    "a fraction group": ((A, B), [replace(OF_B, summation_type="FRACTION")]),
    "two fraction groups": (
        (A, GROUPS),
        [replace(one, summation_type="FRACTION") for one in BEAMS_OF_B],
    ),
    "no plan named": ((A, B), [replace(OF_B, plan_uids=())]),
}
"""How the doses of plan B may come, of which 6 Gy are in the middle."""


@pytest.mark.parametrize("name", UNUSUAL)
def test_a_sum_is_held_against_parts_that_come_in_an_unusual_way(name):
    plans, of_b = UNUSUAL[name]
    for short in (sum_of(OF_A), sum_of(OF_A, times(OF_B, 0.8))):
        with pytest.raises(NotEvaluable, match=r"RDdab.dcm. is in places at least .* lower than"):
            _ = submission(plans, [OF_A, short, *of_b]).chosen
        with pytest.raises(NotEvaluable, match=r"RDdab.dcm. is in places at least .* lower than"):
            _ = submission(plans, [*of_b, short, OF_A]).selected(dose="dab").chosen
    assert uids(submission(plans, [OF_A, sum_of(OF_A, OF_B), *of_b])) == ("dab",)


def test_a_sum_without_a_frame_is_held_against_its_plans():
    short, right = (
        replace(total, frame_of_reference_uid="", structure_set_uid="1.1")
        for total in (sum_of(OF_A), sum_of(OF_A, OF_B))
    )
    with pytest.raises(NotEvaluable, match=r"lower than .* no frame of reference is named"):
        _ = submission(doses=[OF_A, short, OF_B]).chosen
    assert uids(submission(doses=[OF_A, right, OF_B])) == ("dab",)


def test_a_dose_of_two_plans_is_a_part_and_is_not_counted_again():
    """Of three plans two are there by one dose, and one of these also by its own."""
    c = plan("C", 3)
    of_c = dose("dc", "C", gy=4.0, slope=0.0)
    both = replace(sum_of(OF_A, OF_B), sop_instance_uid="db2", summation_type="PLAN")
    right, short = (
        replace(total, plan_uids=("A", "B", "C"))
        for total in (sum_of(OF_A, OF_B, of_c), sum_of(OF_A, of_c))
    )
    for parts in ([both, of_c], [OF_A, both, of_c]):
        assert uids(submission((A, B, c), [*parts, right])) == ("dab",)
        with pytest.raises(NotEvaluable, match="lower than the sum of"):
            _ = submission((A, B, c), [*parts, short]).chosen


def test_a_sum_holds_one_of_two_doses_of_a_plan_whichever_is_meant():
    other = times(OF_B, 1.3, sop_instance_uid="db2", file="RDdb2.dcm")
    for right in (sum_of(OF_A, OF_B), sum_of(OF_A, other)):
        assert uids(submission(doses=[OF_A, OF_B, other, right])) == ("dab",)
    # Where one is high the other is low: it holds neither, though all that both give.
    mirrored = replace(OF_B.grid, dose_gy=np.maximum(OF_B.grid.dose_gy[::-1] - 5, 0))
    twins = [
        replace(OF_B, grid=replace(mirrored, dose_gy=one))
        for one in (mirrored.dose_gy, mirrored.dose_gy[::-1])
    ]
    twins[1] = replace(twins[1], sop_instance_uid="db2")
    lowest = replace(
        OF_B, grid=replace(mirrored, dose_gy=np.minimum(*[t.grid.dose_gy for t in twins]))
    )
    with pytest.raises(NotEvaluable, match=r"\(whichever of PLAN dose .* is meant\)"):
        _ = submission(doses=[OF_A, *twins, sum_of(OF_A, lowest)]).chosen
    for twin in twins:
        assert uids(submission(doses=[OF_A, *twins, sum_of(OF_A, twin)])) == ("dab",)


def test_what_a_sum_lacks_is_told_as_the_least_that_it_is():
    """It lacks B, up to 8.5 Gy at the edge; next to it the lowest voxel around has 8 Gy."""
    with pytest.raises(NotEvaluable, match=r"in places at least 8\.\d+ Gy lower") as error:
        _ = submission(doses=[OF_A, sum_of(OF_A), OF_B]).chosen
    told_gy = float(str(error.value).split("at least ")[1].split(" Gy")[0])
    assert told_gy <= OF_B.grid.maximum_gy == 8.5


def test_a_steep_dose_on_another_grid_is_no_lack():
    """A step of 30 Gy between two voxels, which a sum on other voxels shows elsewhere."""
    x_mm = np.arange(21) * 5.0 - 50
    steep = np.broadcast_to(30.0 * (x_mm > 0)[:, None, None], OF_A.grid.dose_gy.shape)
    edge = replace(OF_A, grid=replace(OF_A.grid, dose_gy=steep))
    assert uids(submission(doses=[edge, OF_B, sum_of(edge, OF_B, grid=COARSE)])) == ("dab",)


def test_a_sum_that_names_no_plan_beside_others_is_not_chosen_unasked():
    total = replace(SUM, plan_uids=())
    with pytest.raises(NotEvaluable, match="does not say which plans it sums, and others"):
        _ = submission(doses=[OF_A, total, OF_B]).chosen
    assert uids(submission(doses=[OF_A, total, OF_B]).selected(dose="dab")) == ("dab",)
    assert uids(submission([], [total])) == ("dab",)  # where nothing else is there


def test_a_sum_that_names_no_plan_must_hold_what_lies_beside_it():
    short, right = (replace(total, plan_uids=()) for total in (sum_of(OF_A), sum_of(OF_A, OF_B)))
    unnamed = replace(OF_B, plan_uids=())
    for of_b in ([OF_B], [unnamed], BEAMS_OF_B):
        asked = submission(doses=[OF_A, short, *of_b]).selected(dose="dab")
        with pytest.raises(NotEvaluable, match="does not say which plans it sums, and may lack"):
            _ = asked.chosen
        assert uids(submission(doses=[OF_A, right, *of_b]).selected(dose="dab")) == ("dab",)
    with pytest.raises(NotEvaluable, match="does not say which plans it sums, and may lack"):
        _ = submission(doses=[replace(short, grid=times(OF_A, 0.2).grid), *BEAMS_OF_B]).chosen
    # What it cannot be held against it may lack as well.
    refused = replace(OF_B, grid=None, refusal="its Dose Units are RELATIVE")
    for of_b in (
        dose("db", "B", dose_type="EFFECTIVE"),
        replace(OF_B, frame_of_reference_uid="2"),
        refused,
    ):
        with pytest.raises(NotEvaluable, match=r"may lack PLAN dose .RDdb.dcm., with which"):
            _ = submission(doses=[OF_A, right, of_b]).selected(dose="dab").chosen
    # Another form of a dose that it is held against is none that it may lack.
    form = dose("da2", "A", dose_type="EFFECTIVE")
    assert uids(submission(doses=[OF_A, right, OF_B, form]).selected(dose="dab")) == ("dab",)


def test_a_plan_with_its_beams_equals_the_plan():
    alone = submission([A], [OF_A])
    assert_same_dvh(submission([A], [*BEAMS, OF_A]), alone)
    named = submission([A], [*BEAMS, OF_A]).selected(dose=["a1", "a2", "da"])
    assert uids(named) == ("da",)
    assert len(named.chosen.notes) == 2
    assert_same_dvh(named, alone)
    of_sum = submission(doses=[*BEAMS, SUM]).selected(dose=["a1", "dab"])
    assert uids(of_sum) == ("dab",)
    with pytest.raises(NotEvaluable, match="parts of a plan are not added up"):
        _ = submission([A], BEAMS).selected(dose=["a1", "a2"]).chosen
    with pytest.raises(NotEvaluable, match=r"parts of a plan are not added up: BEAM dose .RDa1"):
        _ = submission(doses=[*BEAMS, OF_B]).selected(dose=["a1", "db"]).chosen


def test_two_beams_of_one_dose_are_two():
    twin = replace(BEAMS[0], sop_instance_uid="a2", file="other.dcm", file_keys=keys("other.dcm"))
    with pytest.raises(NotEvaluable, match="parts of a plan are not added up"):
        _ = submission([A], [BEAMS[0], twin]).selected(dose=["a1", "a2"]).chosen
    assert uids(submission([A], [BEAMS[0]]).selected(dose=["a1", "RDa1.dcm"])) == ("a1",)


def again(one, **altered):
    """The same dose, read from another file."""
    grid = replace(one.grid, dose_gy=one.grid.dose_gy.copy())
    return replace(
        one, grid=grid, **{"file": "again.dcm", "file_keys": keys("again.dcm"), **altered}
    )


RESCALED = replace(
    OF_A.grid, dose_gy=np.round(OF_A.grid.dose_gy / 15 * 65535) * 15 / 65535
)  # as sixteen bits store it

AGAIN = replace(A, sop_instance_uid="A2", file="RPagain.dcm", file_keys=keys("RPagain.dcm"))

TWICE = {
    "the same object": OF_A,
    "the same file": again(OF_A),
    "under a new UID": again(OF_A, sop_instance_uid="new"),
    "under a new UID, of a plan of a new UID": again(
        OF_A, sop_instance_uid="new", plan_uids=("A2",)
    ),
    "stored with another scaling": again(OF_A, sop_instance_uid="new", plan_uids=("A2",)),
}


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize("way", ["prior", "named"])
def test_a_course_that_is_given_twice_is_counted_once(name, way):
    twin = TWICE[name]
    if "scaling" in name:
        twin = replace(twin, grid=RESCALED)
        assert not np.array_equal(twin.grid.dose_gy, OF_A.grid.dose_gy)
    plans = [AGAIN] if twin.plan_uids == ("A2",) else []
    if way == "prior":
        both = submission([A], [OF_A]).after(submission(plans, [twin]))
    elif twin is OF_A:
        both = submission([A], [OF_A]).selected(dose=["da", "RDda.dcm"])
    else:
        both = submission([A, *plans], [OF_A, twin]).selected(dose=["RDda.dcm", "again.dcm"])
    if way == "named" and plans:
        # Asked for by its dose or by its plan, what may be two phases has one answer.
        by_plan = both.selected(plan=["RPA.dcm", "RPagain.dcm"])
        for asked in (both, by_plan):
            with pytest.raises(NotEvaluable, match="both asked for, and are equal and of plans"):
                _ = asked.chosen
        return
    assert uids(both) == ("da",)
    assert_same_dvh(both, submission([A], [OF_A]))
    if way == "prior" or twin is not OF_A:
        (note,) = both.chosen.notes
        assert note.endswith("counted once")


def test_two_phases_that_were_planned_alike_are_two():
    """Equal in every voxel, and of plans that differ: twice the dose, or one plan under two names.

    Counted once without a word, lungs of 24 Gy would be lungs of 12.
    """
    boost = replace(AGAIN, label="boost")
    twin = again(OF_A, sop_instance_uid="new", plan_uids=("A2",))
    both = submission([A, boost], [OF_A, twin])
    assert uids(both.selected(plan=["A", "boost"])) == ("da", "new")
    for open_choice in (
        both.selected(dose=["da", "new"]),
        submission([A], [OF_A]).after(submission([boost], [twin])),
        submission([A], [OF_A]).after(submission([], [twin])),
    ):
        with pytest.raises(NotEvaluable, match="equal in every voxel and of different plans"):
            _ = open_choice.chosen


@pytest.mark.parametrize("named", [(), ("A",)])
def test_two_equal_doses_that_are_both_asked_for_are_not_one_for_want_of_a_plan(named):
    """The second phase came without its plan: counted once, 24 Gy would be 12."""
    first = replace(OF_A, plan_uids=named)
    twin = again(OF_A, sop_instance_uid="new", plan_uids=())
    one = submission([A], [first, twin])
    with pytest.raises(NotEvaluable, match="not both say of which plan they are"):
        _ = one.selected(dose=["da", "new"]).chosen
    # Given beside it unasked, it is the course again; so is the object itself.
    assert uids(submission([A], [first]).after(submission([], [twin]))) == ("da",)
    same = again(first)
    assert uids(submission([A], [first, same]).selected(dose=["RDda.dcm", "again.dcm"])) == ("da",)


@pytest.mark.parametrize("grid", [OF_A.grid, None])
def test_a_dose_that_names_no_plan_is_of_those_of_its_own_export(grid):
    """A second phase that lost its references, beside its plan: it was the first one again."""
    twin = replace(again(OF_A, sop_instance_uid="new"), plan_uids=(), grid=grid or CROPPED)
    now = submission([A], [OF_A])
    boost = replace(AGAIN, label="boost")
    with pytest.raises(NotEvaluable, match=r"equal in every voxel|equal where both grids lie"):
        _ = now.after(submission([boost], [twin])).chosen
    assert uids(now.after(submission([replace(AGAIN, label=A.label)], [twin]))) == ("da",)
    assert uids(now.after(submission([A], [twin]))) == ("da",)


@pytest.mark.parametrize("kind", ["PLAN", "FRACTION"])
def test_equal_doses_of_one_plan_in_one_export_are_one(kind):
    twin = again(OF_A, sop_instance_uid="new", summation_type=kind)
    for doses in ([OF_A, twin], [twin, OF_A]):
        both = submission([A], doses)
        assert uids(both) == ("da",)
        assert both.chosen.notes == (
            f'{kind} dose "again.dcm" is PLAN dose "RDda.dcm" again: counted once',
        )
        assert uids(submission([B], [OF_B]).after(both)) == ("db", "da")
    apart = replace(submission(), doses=(OF_A, twin, OF_B))
    assert uids(apart.selected(plan=["A", "B"])) == ("da", "db")
    with pytest.raises(NotEvaluable, match="may be alternatives or courses"):
        _ = submission([A], [OF_A, times(twin, 1.1)]).chosen
    with pytest.raises(NotEvaluable, match="equal in every voxel and of different plans"):
        _ = submission([A, B], [OF_A, replace(twin, plan_uids=("B",))]).chosen


DATED = replace(A, date="20260401")
DATED_AGAIN = replace(AGAIN, label=A.label, date="20260401")


CROPPED = on_grid(OF_A, (-40.0, -20.0, -50.0), 5.0, (17, 9, 21))
RESAMPLED = on_grid(OF_A, (-44.0, -24.0, -54.0), 4.0, (23, 13, 28))


def test_a_prior_cut_out_of_the_course_is_counted_once():
    twin = again(replace(OF_A, grid=CROPPED), sop_instance_uid="new", plan_uids=("A2",))
    now, before = submission([DATED], [OF_A]), submission([DATED_AGAIN], [twin])
    both = now.after(before)
    assert uids(both) == ("da",)
    assert_same_dvh(both, submission([DATED], [OF_A]))
    assert both.chosen.notes == (
        'PLAN dose "again.dcm" is PLAN dose "RDda.dcm" again: counted once',
    )
    # The other way round the judged dose knows less than the earlier one.
    with pytest.raises(NotEvaluable, match="holds less; read the larger one alone"):
        _ = before.after(now).chosen
    asked = submission([DATED, DATED_AGAIN], [OF_A, twin])
    for choice in (
        asked.selected(plan=["RPA.dcm", "RPagain.dcm"]),
        asked.selected(dose=["RDda.dcm", "again.dcm"]),
    ):
        with pytest.raises(NotEvaluable, match="both asked for"):
            _ = choice.chosen


def test_a_course_that_is_nearly_another_of_a_plan_alike_is_neither_added_nor_dropped():
    rough = replace(RESAMPLED, dose_gy=RESAMPLED.dose_gy * 1.02)
    twin = again(replace(OF_A, grid=rough), sop_instance_uid="new", plan_uids=("A2",))
    with pytest.raises(NotEvaluable, match="nearly equal where both grids lie"):
        _ = submission([DATED], [OF_A]).after(submission([DATED_AGAIN], [twin])).chosen
    # Of a plan with another date it is a course of its own, where its dose is its own too.
    later = replace(DATED_AGAIN, date="20270401")
    other = replace(twin, grid=replace(rough, dose_gy=RESAMPLED.dose_gy * 1.2))
    assert uids(submission([DATED], [OF_A]).after(submission([later], [other]))) == ("da", "new")


TOLD_APART = {
    "label": [replace(DATED_AGAIN, label="anonymous")],
    "date": [replace(DATED_AGAIN, date="20270401")],
    "fractions": [replace(DATED_AGAIN, fractions_planned=7)],
    "no plan": [],
}


RIPPLED = replace(
    RESAMPLED, dose_gy=RESAMPLED.dose_gy + 0.1 * (-1.0) ** np.indices(RESAMPLED.grid.shape)[0]
)
"""Between the voxels around, as a dose is where another interpolation resampled it."""


@pytest.mark.parametrize("altered", TOLD_APART)
@pytest.mark.parametrize("grid", [CROPPED, RIPPLED])
def test_one_dose_on_another_grid_is_not_added_whatever_its_plan_says(altered, grid):
    """One course twice, V20 of both: the same voxels say so where the label does not."""
    plans = TOLD_APART[altered]
    twin = replace(
        again(OF_A, sop_instance_uid="new"), grid=grid, plan_uids=("A2",) if plans else ()
    )
    now, before = submission([DATED], [OF_A]), submission(plans, [twin])
    if grid is CROPPED and not plans:
        assert uids(now.after(before)) == ("da",)
        return
    for both in (now.after(before), before.after(now)):
        with pytest.raises(NotEvaluable, match="equal where both grids lie"):
            _ = both.chosen
    # Two courses that were planned alike are two where both are named.
    named = now.selected(dose="da").after(before.selected(dose="new"))
    if altered == "label":
        named = now.selected(plan="A").after(before.selected(plan="anonymous"))
    if altered in ("date", "fractions"):
        with pytest.raises(NotEvaluable, match="equal where both grids lie"):
            _ = named.chosen  # one label for both names one of them
    else:
        assert uids(named) == ("da", "new")


def test_a_sum_that_holds_the_course_under_another_uid_is_not_added_to_it():
    old = plan("old", 3)
    total = replace(sum_of(OF_A, OF_B), sop_instance_uid="sum", plan_uids=("A2", "old"))
    now = submission([DATED], [OF_A])
    for plans in ([DATED_AGAIN, old], [replace(DATED_AGAIN, label="anonymous"), old], []):
        before = submission(plans, [total], sets=())
        for both in (now.after(before), before.after(now)):
            with pytest.raises(NotEvaluable, match="may hold it under another UID"):
                _ = replace(both, structure_sets=(SET,)).chosen
    # Nothing can be in a sum that is lower.
    low = replace(times(total, 0.5), plan_uids=("x", "y"))
    assert uids(now.after(submission([], [low], sets=()))) == ("da", "sum")
    named = now.selected(dose="da").after(submission([], [total], sets=()).selected(dose="sum"))
    assert uids(named) == ("da", "sum")
    both = replace(sum_of(OF_A, OF_A), plan_uids=("A", "C"))
    now = submission([DATED, plan("C")], [both]).after(
        submission([DATED_AGAIN, old], [total], sets=())
    )
    with pytest.raises(NotEvaluable, match="one of the courses that they sum may be in both"):
        _ = now.chosen


def test_a_sum_that_holds_another_sum_under_other_uids_and_labels_is_not_added_to_it():
    """A later sum of all courses beside the sum of the first two: these counted twice."""
    before = [replace(plan("old 1", 2), sop_instance_uid="x"), plan("old 2", 3)]
    first = replace(
        times(OF_B, 0.5),
        sop_instance_uid="first",
        summation_type="MULTI_PLAN",
        plan_uids=("x", "old 2"),
    )
    now, then = submission([A, B], [SUM]), submission(before, [first], sets=())
    for both in (now.after(then), then.after(now)):
        with pytest.raises(NotEvaluable, match="may hold it under another UID"):
            _ = replace(both, structure_sets=(SET,)).chosen
    named = now.selected(dose=SUM.sop_instance_uid).after(then.selected(dose="first"))
    assert uids(named) == (SUM.sop_instance_uid, "first")
    # The same sum again, cut out and under new UIDs, still counts once.
    cut = replace(
        on_grid(SUM, (-40.0, -20.0, -50.0), 5.0, (17, 9, 21)),
        summation_type="MULTI_PLAN",
    )
    again_uids = [replace(one, sop_instance_uid=f"{one.sop_instance_uid}2") for one in (A, B)]
    twin = replace(again(SUM), sop_instance_uid="new", plan_uids=("A2", "B2"), grid=cut)
    assert uids(now.after(submission(again_uids, [twin], sets=()))) == (SUM.sop_instance_uid,)


def test_plans_alike_with_doses_elsewhere_are_two_courses():
    mirrored = replace(OF_A.grid, dose_gy=OF_A.grid.dose_gy[::-1])
    twin = again(replace(OF_A, grid=mirrored), sop_instance_uid="new", plan_uids=("A2",))
    both = submission([DATED], [OF_A]).after(submission([DATED_AGAIN], [twin]))
    assert uids(both) == ("da", "new")


def test_a_sum_that_does_not_say_of_what_is_not_added_to():
    total = dose("sum", kind="MULTI_PLAN", gy=3.0)
    with pytest.raises(NotEvaluable, match="does not say which plans it sums"):
        _ = submission([A], [OF_A, total]).selected(dose=["da", "sum"]).chosen


def test_one_uid_for_two_doses_is_refused_also_across_exports():
    other = again(OF_B, sop_instance_uid="da")
    with pytest.raises(NotEvaluable, match="different doses share one SOP Instance UID"):
        _ = submission([A], [OF_A]).after(submission([B], [other])).chosen


def test_a_prior_course_is_added_and_so_is_what_it_comes_after():
    now, before = submission([A], [OF_A]), submission([B], [OF_B], sets=())
    third = submission([], [dose("dc", gy=1.0, slope=0.01)], sets=())
    both = now.after(before)
    assert uids(both) == ("da", "db")
    assert both.chosen.by == "the only dose; with earlier courses"
    assert [course.is_prior for course in both.chosen.courses] == [False, True]
    for chain in (now.after(before.after(third)), now.after(before).after(third)):
        assert uids(chain) == ("da", "db", "dc")
    assert uids(now.after(before.after(third), third)) == ("da", "db", "dc")
    assert uids(now.after(now)) == ("da",)


OLD = replace(SET, sop_instance_uid="1.0", label="old", file="RS_old.dcm")
B_ON_OLD = replace(B, structure_set_uid="1.0")


@pytest.mark.parametrize("doses", [(OF_A, OF_B), (SUM, OF_A, OF_B)])
def test_no_order_of_names_decides_whose_structures_are_judged(doses):
    """Two courses on structures of their own each: the lungs of the first named were judged."""
    both = submission([A, B_ON_OLD], doses, sets=(SET, OLD))
    for asked in (["A", "B"], ["B", "A"]):
        named = both.selected(plan=asked)
        with pytest.raises(NotEvaluable, match="2 RTSTRUCTs are there and no one plan decides"):
            _ = named.chosen
        with pytest.raises(NotEvaluable, match="no one plan decides"):
            _ = named.structure_set
    assert both.selected(plan="B", dose="db").chosen.structure_set is OLD
    on_one = submission(doses=doses, sets=(SET, OLD))
    assert on_one.selected(plan=["B", "A"]).chosen.structure_set is SET


def test_a_plan_that_is_away_may_have_been_made_on_other_structures():
    known = submission([B_ON_OLD], [SUM], sets=(SET, OLD))
    with pytest.raises(NotEvaluable, match=r"sums more plans than plan .B.* on which the others"):
        _ = known.chosen
    assert replace(known, structure_sets=(SET,)).chosen.structure_set is SET
    assert known.selected(plan="B", dose="dab").chosen.structure_set is OLD


def test_a_dose_that_refers_to_none_of_two_plans_cannot_be_of_both():
    """References that an anonymiser broke: one of the two plans has no dose at all."""
    lost = dose("d", "elsewhere")
    with pytest.raises(NotEvaluable, match=r"refers to none of plan .A.*, plan .B.* cannot be of"):
        _ = submission(doses=[lost]).chosen
    assert uids(submission(doses=[lost]).selected(dose="d")) == ("d",)
    assert uids(submission([A], [lost])) == ("d",)
    # A sum may be of all of them.
    assert uids(submission(doses=[replace(lost, summation_type="MULTI_PLAN")])) == ("d",)


def test_what_is_open_in_an_earlier_export_is_told_of_it():
    now = submission([A], [OF_A])
    several = submission([B, plan("C", 3)], [OF_B, dose("dc", "C", gy=3.0)])
    with pytest.raises(NotEvaluable, match="in the export of an earlier course, 2 doses"):
        _ = now.after(several).chosen
    assert uids(now.after(several.selected(plan="C"))) == ("da", "dc")
    with pytest.raises(NotEvaluable, match="in the export of an earlier course, no RTDOSE"):
        _ = now.after(submission([B], [])).chosen
    with pytest.raises(NotEvaluable, match="are of one plan"):
        _ = now.after(submission([], [dose("other", "A", gy=3.0)])).chosen


TURN = RigidTransform(np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), np.array([10.0, 20, 30]))


def moved_back(one):
    """A dose as it lies in the frame of an earlier course, which TURN brings into ours."""
    grid = replace(one.grid, grid=TURN.inverse().of_grid(one.grid.grid, PRIOR_FRAME))
    return replace(one, grid=grid, frame_of_reference_uid=PRIOR_FRAME)


REGISTRATION = Registration("1.5", "reg.dcm", FRAME, ((PRIOR_FRAME, TURN),))


@pytest.mark.parametrize("where", ["own", "earlier"])
def test_a_course_of_another_frame_comes_by_its_registration(where):
    now, before = submission([A], [OF_A]), submission([B], [moved_back(OF_B)], sets=())
    with pytest.raises(NotEvaluable, match=r"RDdb.dcm.*different frames of reference, and no reg"):
        _ = now.after(before).chosen
    if where == "own":
        now = replace(now, registrations=(REGISTRATION,))
    else:
        before = replace(before, registrations=(REGISTRATION,))
    assert_same_dvh(now.after(before), submission().selected(plan=["A", "B"]))
    # The same dose, exported again in the frame of another image.
    same = replace(before, plans=(AGAIN,), doses=(moved_back(again(OF_A, plan_uids=("A2",))),))
    same = replace(same, doses=(replace(same.doses[0], sop_instance_uid="new"),))
    assert uids(now.after(same)) == ("da",)
    assert "counted once" in now.after(same).chosen.notes[0]


LACKS_B = replace(sum_of(OF_A), sop_instance_uid="dab")
ASIDE = Grid((150, -30, 0), (1, 0, 0), (0, 1, 0), 5.0, 5.0, 21, 13, np.arange(-60.0, 61, 5))


@pytest.mark.parametrize("chosen", [{}, {"plan": "A"}, {"dose": "da"}])
def test_a_sum_of_an_earlier_export_must_hold_the_dose_that_it_stands_for(chosen):
    """Named by the sum, the judged dose was left out unseen: 0 Gy where it gave 15."""
    lacking, whole = (replace(sum_of(*doses), file="sum.dcm") for doses in ((OF_B,), (OF_A, OF_B)))
    now = submission([A], [OF_A]).selected(**chosen)
    with pytest.raises(NotEvaluable, match=r"sum.dcm. is in places at least .* lower than the sum"):
        _ = now.after(submission([B], [OF_B, lacking], sets=())).chosen
    assert uids(now.after(submission([B], [OF_B, whole], sets=()))) == ("dab",)


@pytest.mark.parametrize("chosen", [{}, {"plan": ["A", "B"]}, {"dose": "dab"}])
def test_a_sum_must_hold_the_dose_of_an_earlier_export_that_it_stands_for(chosen):
    before = submission([B], [OF_B], sets=())
    now = submission(doses=[OF_A, LACKS_B]).selected(**chosen)
    short = submission([A], [OF_A, LACKS_B]).selected(**({} if "plan" in chosen else chosen))
    for both in (short.after(before), replace(short, doses=(LACKS_B,)).after(before)):
        with pytest.raises(NotEvaluable, match=r"RDdab.dcm. is in places at least .* lower than"):
            _ = both.chosen
    whole = replace(now, doses=(OF_A, SUM)).after(before)
    assert uids(whole) == ("dab",)
    (note,) = whole.chosen.notes
    assert note == 'PLAN dose "RDdb.dcm" is in MULTI_PLAN dose "RDdab.dcm": counted once'


def test_a_sum_that_cannot_be_held_against_a_dose_does_not_stand_for_it():
    now = submission([A], [SUM])
    elsewhere = replace(OF_B, grid=replace(OF_B.grid, grid=ASIDE))
    for of_b, told in (
        (elsewhere, "its grid does not hold 100 % of the voxels"),
        (replace(moved_back(OF_B)), "different frames of reference, and no reg"),
        (dose("db", "B", gy=6.0, dose_type="EFFECTIVE"), "of different Dose Types"),
        (replace(OF_B, grid=None, refusal="no Gy"), "cannot be used|no RTDOSE can be used"),
    ):
        with pytest.raises(NotEvaluable, match=told):
            _ = now.after(submission([B], [of_b], sets=())).chosen
    moved = submission([B], [moved_back(OF_B)], sets=(), registrations=(REGISTRATION,))
    assert uids(now.after(moved)) == ("dab",)
    with pytest.raises(NotEvaluable, match="lower than the sum"):
        _ = replace(now, doses=(LACKS_B,)).after(moved).chosen


@pytest.mark.parametrize("chosen", [{}, {"dose": "dab"}, {"plan": ["A", "B"]}])
def test_a_sum_is_held_against_a_plan_of_another_frame_that_a_registration_leads_to(chosen):
    """Left unasked, a sum without that plan was judged in its stead: 10 Gy where there were 16."""
    of_b = moved_back(OF_B)
    for total, doses in ((LACKS_B, (OF_A, of_b)), (moved_back(LACKS_B), (OF_A, OF_B))):
        lacking = submission(doses=(*doses, total), registrations=(REGISTRATION,))
        with pytest.raises(NotEvaluable, match=r"RDdab.dcm. is in places at least .* lower than"):
            _ = lacking.selected(**chosen).chosen
    whole = submission(doses=(OF_A, of_b, SUM), registrations=(REGISTRATION,))
    assert uids(whole.selected(**chosen)) == ("dab",)
    # Without a registration nothing says where the plan's dose lies.
    alone = submission(doses=(OF_A, of_b, SUM))
    assert uids(alone.selected(**chosen)) == ("dab",)


def test_a_sum_of_an_earlier_export_is_held_against_a_plan_of_another_frame_beside_it():
    now = submission([plan("C", 2)], [dose("dc", "C", gy=30.0, slope=-0.2)])
    beside = (moved_back(OF_B), OF_A)
    before = submission(doses=(LACKS_B, *beside), sets=(), registrations=(REGISTRATION,))
    with pytest.raises(NotEvaluable, match=r"in the export of an earlier course, .*lower than"):
        _ = now.after(before).chosen
    whole = replace(before, doses=(SUM, *beside))
    assert uids(now.after(whole)) == ("dc", "dab")


def test_a_sum_must_hold_the_bath_of_a_course_and_not_its_hot_spot_alone():
    """8 Gy of 20 in all but some planes: below half of the maximum, and all that a lung gets."""
    hot = np.zeros(OF_A.grid.grid.shape, bool)
    hot[:, :, :6] = True
    of_b = replace(
        OF_B, grid=replace(OF_B.grid, grid=OF_A.grid.grid, dose_gy=20.0 * hot + 8 * ~hot)
    )
    for bath_gy, holds in ((8.0, True), (0.0, False)):
        sum_gy = OF_A.grid.dose_gy + 20.0 * hot + bath_gy * ~hot
        total = replace(SUM, grid=replace(OF_A.grid, dose_gy=sum_gy))
        both = submission([A], [total]).after(submission([B], [of_b], sets=()))
        if holds:
            assert uids(both) == ("dab",)
        else:
            with pytest.raises(NotEvaluable, match="lower than the sum"):
                _ = both.chosen


def test_a_sum_does_not_stand_for_two_different_doses_of_one_plan():
    little = replace(times(OF_B, 0.01), sop_instance_uid="db2", file="little.dcm")
    before = [submission([B], [one], sets=()) for one in (OF_B, little)]
    for exports in (before, before[::-1]):
        with pytest.raises(NotEvaluable, match="are different doses of one plan, and which"):
            _ = submission([A], [LACKS_B]).after(*exports).chosen


def test_beams_that_a_plan_lacks_are_not_in_it():
    strong = replace(BEAMS[0], grid=replace(OF_A.grid, dose_gy=OF_A.grid.dose_gy * 1.5))
    with pytest.raises(NotEvaluable, match="lower than the sum of BEAM dose"):
        _ = submission([A], [OF_A, strong]).selected(dose=["da", "a1"]).chosen


def test_a_plan_is_nowhere_below_its_beams():
    """A PLAN dose that is one of two beams looked like that beam, exported again."""
    half = times(OF_A, 0.5)
    first, second = (
        replace(half, sop_instance_uid=uid, summation_type="BEAM", file=f"{uid}.dcm")
        for uid in ("a1", "a2")
    )
    second = replace(second, grid=replace(half.grid, dose_gy=half.grid.dose_gy * 0.9))
    assert uids(submission([A], [OF_A, first, second])) == ("da",)
    only_one = replace(OF_A, grid=half.grid)
    with pytest.raises(NotEvaluable, match="lower than the sum of BEAM dose"):
        _ = submission([A], [only_one, first, second]).chosen


def test_a_dose_that_names_no_plan_is_not_that_of_a_plan_whose_beams_it_lacks():
    """Taken for the dose of A, the beams of A were left out and V20 was that of another course."""
    unnamed = dose("db", gy=6.0, slope=-0.05)
    both = submission([A], [unnamed, *BEAMS])
    with pytest.raises(NotEvaluable, match="it does not say of which plan it is: of none of these"):
        _ = both.chosen
    with pytest.raises(NotEvaluable, match="it does not say of which plan it is"):
        _ = submission([B], [OF_B]).after(both).chosen
    # The dose of A itself holds them, whether it says so or not; and the user may know better.
    assert uids(submission([A], [replace(OF_A, plan_uids=()), *BEAMS])) == ("da",)
    stripped = [replace(one, plan_uids=()) for one in (OF_A, *BEAMS)]
    assert uids(submission([], stripped)) == ("da",)
    assert uids(both.selected(dose="db")) == ("db",)


def test_types_that_do_not_add_up_and_doses_that_cannot_be_used():
    effective = submission([B], [dose("db", "B", dose_type="EFFECTIVE")], sets=())
    with pytest.raises(NotEvaluable, match="EFFECTIVE and PHYSICAL are not added up"):
        submission([A], [OF_A]).after(effective).dvh("Lung")
    refused = replace(OF_B, grid=None, refusal="its Dose Units are RELATIVE")
    for both in (
        submission([A], [OF_A]).after(submission([B], [refused])),
        submission(doses=[OF_A, refused]).selected(plan=["A", "B"]),
        submission(doses=[OF_A, refused]).selected(dose=["da", "db"]),
    ):
        with pytest.raises(NotEvaluable, match="RELATIVE"):
            both.dvh("Lung")


def with_targets(*structures):
    return replace(SET, structures=(ORGAN, *structures))


APART = {
    "apart": (box(2, "PTV1", 20), box(3, "PTV2", -20)),
    "a millimetre apart": (box(2, "PTV1", 10), box(3, "PTV2", -11)),
}
NOT_APART = {
    "touching": (box(2, "PTV1", 10), box(3, "PTV2", -10)),
    "touching inside a pixel": (box(2, "PTV1", 10.37), box(3, "PTV2", -9.63)),
    "overlapping by a little": (box(2, "PTV1", 10), box(3, "PTV2", -9.9)),
    "one in the other": (box(2, "PTV1", 0, 40), box(3, "PTV2", 5, 10)),
    "the same": (box(2, "PTV1", 10), box(3, "PTV2", 10)),
    "one not drawn": (box(2, "PTV1", 10), replace(box(3, "PTV2", -20), contours=())),
    "one not there": (box(2, "PTV1", 10),),
}


@pytest.mark.parametrize("name", APART)
def test_plans_of_targets_that_lie_apart_are_added(name):
    both = submission(sets=[with_targets(*APART[name])])
    assert uids(both) == ("da", "db")
    assert both.chosen.by == "courses whose targets lie apart"
    assert uids(both.selected(plan="A")) == ("da",)


@pytest.mark.parametrize("name", NOT_APART)
def test_plans_whose_targets_may_share_dose_are_listed(name):
    with pytest.raises(NotEvaluable, match=r"2 doses .*alternatives or courses.*RDda.*RDdb"):
        _ = submission(sets=[with_targets(*NOT_APART[name])]).chosen


def test_plans_that_do_not_say_what_they_treat_are_listed():
    no_link = replace(B, structure_set_uid="")
    elsewhere = replace(B, structure_set_uid="1.7")
    no_target = replace(B, prescriptions=(Prescription(20.0),))
    one_more = replace(B, prescriptions=(*B.prescriptions, Prescription(10.0)))
    none = replace(B, prescriptions=())
    for other in (no_link, elsewhere, no_target, one_more, none):
        with pytest.raises(NotEvaluable, match="2 doses"):
            _ = submission([A, other]).chosen
    newer = StructureSet(SET.structures, "1.3", "newer", "RS2.dcm", FRAME)
    with pytest.raises(NotEvaluable, match="2 doses"):
        _ = submission(sets=[SET, newer]).chosen
    with pytest.raises(NotEvaluable, match="3 doses"):
        _ = submission(doses=[OF_A, OF_B, dose("db2", "B", gy=1.0)]).chosen
    with pytest.raises(NotEvaluable, match="no dose is there for plan"):
        _ = submission([A, B], [OF_A]).chosen
    with pytest.raises(NotEvaluable, match="2 doses"):
        _ = submission([A, B, plan("C", 1)]).chosen
    refused = replace(OF_B, grid=None, refusal="cut off")
    with pytest.raises(NotEvaluable, match="cut off"):
        _ = submission(doses=[OF_A, refused]).chosen
    # What an earlier export's plans treat is drawn on structures that are not ours.
    with pytest.raises(NotEvaluable, match="2 doses"):
        _ = submission([], [dose("dc", "C")]).after(submission()).chosen


def test_names_that_do_not_belong_together_are_refused():
    for names, said in (
        ({"plan": ["A", "third"]}, "no plan .third. is there"),
        ({"dose": ["da", "dz"]}, "no dose .dz. is there"),
        ({"plan": ["A", "B"], "dose": ["da"]}, r"none of the doses .* is of plan .B."),
        ({"plan": ["A"], "dose": ["da", "db"]}, r"RDdb.dcm. is not of plan .A. .* but of plan .B."),
        ({"plan": ["B"], "dose": ["da"]}, "is not of plan .B."),
    ):
        with pytest.raises(SelectionError, match=said):
            submission().selected(**names)
    with pytest.raises(NotEvaluable, match='no RTDOSE refers to plan "B"'):
        _ = submission(doses=[OF_A]).selected(plan=["A", "B"]).chosen
    assert uids(submission().selected(plan=["A", "A", "RPA.dcm"])) == ("da",)
    assert submission().selected(plan=["A", "A"]).chosen.by == "the only dose"
    unlinked = dose("dx", "elsewhere", gy=1.0)
    with pytest.raises(SelectionError, match="none of the doses"):
        submission(doses=[OF_A, unlinked]).selected(plan=["A", "B"], dose=["da", "dx"])
    with pytest.raises(NotEvaluable, match="no RTSTRUCT"):
        choose([], [A, B], [OF_A, OF_B], Selection(plans=("A", "B")))


def test_a_report_names_all_plans_that_are_judged():
    one, other = replace(A, label="first"), replace(B, label="boost", date="20260102")
    both = submission(plans=(replace(one, date="20260101"), other)).selected(
        plan=["first", "boost"]
    )
    report = check(both, only=("OL004",))
    assert report.plan_label == "first + boost"
    assert 'Plan "first + boost"' in report_text(report)
    assert "first + boost" in letter_markdown(report).replace("\\", "")
