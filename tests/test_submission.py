"""Submission: names become structures, and numbers are kept for this dose alone."""

from dataclasses import replace

import numpy as np
import pytest

from oligort.conventions import Conventions
from oligort.dose.grid import DoseGrid
from oligort.errors import ExpressionError, NotEvaluable, advising
from oligort.geometry.grid import Grid
from oligort.geometry.structure import Contour, Structure, StructureSet
from oligort.lesions.vocabulary import Role
from oligort.objects import Dose, ImageSeries, Plan, Prescription
from oligort.phantoms import Box
from oligort.submission import Submission

FRAME = "1.2.9"
PLANES_MM = np.arange(-22.5, 25, 5.0)
CUBE = Box((0.0, 0.0, 0.0), (20.0, 20.0, 20.0))
APART = Box((40.0, 0.0, 0.0), (20.0, 20.0, 20.0))
GRID = Grid((-20, -20, 0), (1, 0, 0), (0, 1, 0), 5.0, 5.0, 20, 9, np.arange(-25.0, 26, 5), FRAME)


def dose_of(gy):
    return Dose(
        "d",
        "RD.dcm",
        dose_type="PHYSICAL",
        summation_type="PLAN",
        frame_of_reference_uid=FRAME,
        grid=DoseGrid(GRID, np.full(GRID.shape, gy)),
    )


def submission_of(solids, gy=30.0, **altered):
    structures = tuple(
        solid.structure(name, number, PLANES_MM) for number, (name, solid) in enumerate(solids, 1)
    )
    sets = (StructureSet(structures, "1.1", "set", "RS.dcm", FRAME),)
    return Submission(structure_sets=sets, doses=(dose_of(gy),), **altered)


def empty(name):
    return name, Box((0.0, 0.0, 500.0), (5.0, 5.0, 5.0))  # no plane meets it: no contour


def test_a_histogram_is_computed_once():
    submission = submission_of([("Liver", CUBE)])
    assert submission.dvh("Liver") is submission.dvh("Liver")
    assert submission.dvh("Liver") is not submission.dvh("Liver", Conventions(end_caps="none"))


def test_what_has_no_answer_is_asked_once_and_told_each_time(monkeypatch):
    asked = []

    def refuse(*arguments, **keywords):
        asked.append(1)
        raise NotEvaluable("too many of them", "draw fewer")

    monkeypatch.setattr("oligort.submission.census_by_frame", refuse)
    submission = submission_of([("GTVm1", CUBE)])
    for _ in range(3):
        with pytest.raises(NotEvaluable, match="too many of them") as told, advising("otherwise"):
            submission.lesions()
        assert told.value.hint == "draw fewer"
        told.value.hint = "altered"
    assert len(asked) == 1


def test_the_slabs_of_a_structure_are_built_once_and_never_another_ones():
    submission = submission_of([("Liver", CUBE), ("Spleen", APART)])
    liver, spleen = submission.structure_set
    assert submission.slabs_of(liver) is submission.slabs_of(liver)
    assert submission.slabs_of(spleen) is not submission.slabs_of(liver)
    # A structure that is built for the question and gone after it leaves nothing to the next.
    moved = [submission.slabs_of(replace(liver, contours=liver.contours[n:])) for n in range(3)]
    assert [len(model.slabs) for model in moved] == [4, 3, 2]
    with pytest.raises(NotEvaluable):
        submission.slabs_of(Structure(9, "Liver"))


def test_trap_no_number_of_one_dose_is_kept_for_another():
    submission = submission_of([("Liver", CUBE)], gy=30.0)
    assert submission.dvh("Liver").mean_gy == pytest.approx(30.0)
    assert replace(submission, doses=(dose_of(12.0),)).dvh("Liver").mean_gy == pytest.approx(12.0)
    assert submission.selected(dose="d").dvh("Liver").mean_gy == pytest.approx(30.0)


def test_copies_share_what_rests_on_the_same_structures_and_dose():
    submission = submission_of([("Liver", CUBE), ("GTVm01", APART), ("Spot", CUBE)])
    named = replace(submission, roles={"Spot": Role.GTV_METASTASIS})
    assert named.dvh("Liver") is submission.dvh("Liver")
    assert named.dvh("GTV").volume_cc == pytest.approx(16.0)
    assert submission.dvh("GTV").volume_cc == pytest.approx(8.0)
    assert named.lesions() is submission.lesions()
    sets = (replace(submission.structure_sets[0], structures=tuple(submission.structure_set)[:1]),)
    assert len(replace(submission, structure_sets=sets).lesions().lesions) == 0


def test_a_role_stands_for_all_its_rois_and_a_name_in_quotes_for_itself():
    submission = submission_of([("GTV", CUBE), ("GTVm01", APART), ("BODY", APART)])
    assert submission.dvh("GTV").volume_cc == pytest.approx(16.0)
    assert submission.dvh('"GTV"').volume_cc == pytest.approx(8.0)
    assert submission.dvh("GTVm01|GTV").volume_cc == pytest.approx(16.0)
    assert {s.roi_name for s in submission.structures_of("GTV")} == {"GTV", "GTVm01"}
    with pytest.raises(NotEvaluable, match="no PTV is drawn: no ROI is read as one"):
        submission.structures_of("PTV")


def test_an_empty_roi_of_a_role_is_no_roi():
    submission = submission_of([empty("GTVp")])
    with pytest.raises(NotEvaluable, match="no GTV is drawn: every one is empty"):
        submission.structures_of("GTV")


def test_lungs_are_the_drawn_pair_or_both_sides():
    sides = submission_of([("Lung_L", APART), ("Lung_R", CUBE)])
    assert [s.roi_name for s in sides.structures_of("Lungs")] == ["Lung_L", "Lung_R"]
    both = replace(sides.structure_set.structures[0], roi_name="Both Lungs")
    both = replace(both, contours=both.contours + sides.structure_set.structures[1].contours)
    pair = replace(
        sides,
        structure_sets=(
            replace(sides.structure_set, structures=(*sides.structure_set.structures, both)),
        ),
    )
    assert [s.roi_name for s in pair.structures_of("Lungs")] == ["Both Lungs"]


def test_a_union_that_its_sides_contradict_is_not_believed():
    # A half-finished "Lungs" that holds one lung only made a V20 of 29 % pass as 9 %.
    stale = submission_of([("Lung_L", APART), ("Lung_R", CUBE), ("Lungs", CUBE)])
    with pytest.raises(NotEvaluable, match="is not made up of"):
        stale.structures_of("Lungs")
    one_side = submission_of([("Lungs", APART), ("Lung_R", CUBE)])
    with pytest.raises(NotEvaluable, match="is not made up of"):
        one_side.structures_of("Lungs")
    old = submission_of([("Lung_L", APART), ("Lung_R", CUBE), ("Lungs_old", CUBE)])
    assert [s.roi_name for s in old.structures_of("Lungs")] == ["Lung_L", "Lung_R"]


def test_sides_of_the_lungs():
    sides = submission_of([("Lung_L", APART), ("Lung_R", CUBE)])
    assert [s.roi_name for s in sides.structures_of("Left Lung")] == ["Lung_L"]


def test_what_is_missing_or_ambiguous_is_named():
    one = submission_of([("Lung_L", APART), empty("Lung_R")])
    with pytest.raises(NotEvaluable, match=r'only one side of "Lungs" is drawn \("Lung_L"\)'):
        one.structures_of("Lungs")
    two = submission_of([("Lung_L", APART), ("Left Lung", CUBE), ("Lung_R", CUBE)])
    with pytest.raises(NotEvaluable, match='several ROIs could be "Lungs"'):
        two.structures_of("Lungs")
    twice = submission_of([("Heart", CUBE), ("Heart", APART)])
    with pytest.raises(NotEvaluable, match='2 ROIs are named "Heart"'):
        twice.dvh("Heart")
    with pytest.raises(NotEvaluable, match='ROI "Heart" has no contour'):
        submission_of([empty("Heart")]).dvh("Heart")
    with pytest.raises(NotEvaluable, match='no ROI is named "Nothing"; there are "Heart"'):
        twice.structures_of("Nothing")
    with pytest.raises(ExpressionError):
        twice.dvh("Heart-")


def test_a_lung_with_something_cut_out_is_not_the_lungs():
    cut = submission_of([("LUNGS-ITV's", CUBE)])
    with pytest.raises(NotEvaluable, match="no ROI is read as"):
        cut.structures_of("Lungs")


@pytest.mark.parametrize("roi_name", ["Lung-GTV", "Lung_L-GTV", "Lung-GTVp"])
def test_what_fills_a_lung_is_no_tumour_that_its_name_may_mean(roi_name):
    left, right = Box((60, 0, 0), (100.0, 120.0, 50.0)), Box((-60, 0, 0), (100.0, 120.0, 50.0))
    small, elsewhere = Box((60, 0, 0), (60.0, 60.0, 50.0)), Box((60, 400, 0), (100.0, 120.0, 50.0))
    lungs = [("Lung_L", left), ("Lung_R", right), ("GTVp", CUBE)]
    for solid, perhaps in ((left, ()), (small, (roi_name,)), (elsewhere, (roi_name,))):
        anatomy = submission_of([*lungs, (roi_name, solid)]).anatomy
        assert tuple(one.roi_name for one in anatomy.perhaps_of("GTV")) == perhaps
    # Beside no lung nothing says which of the two it is.
    (found,) = submission_of([("GTVp", CUBE), (roi_name, left)]).anatomy.perhaps_of("GTV")
    assert found.roi_name == roi_name


def test_the_spacing_is_that_of_the_images_that_were_drawn_on():
    images = (
        ImageSeries("s1", "CT", FRAME, positions_mm=(0.0, 3.0, 6.0, 9.0)),
        ImageSeries("s2", "CT", "other", positions_mm=(0.0, 1.0, 2.0)),
    )
    assert submission_of([("Liver", CUBE)], images=images).usual_spacing_mm == 3.0
    assert submission_of([("Liver", CUBE)]).usual_spacing_mm == 5.0


def test_lesions_are_counted_without_a_dose_and_kept():
    submission = replace(submission_of([("GTVm01_Liver", CUBE)]), doses=())
    census = submission.lesions()
    assert census is submission.lesions()
    assert (census.count.least, census.count.most) == (1, 1)
    assert submission.role_of("GTVm01_Liver") is Role.GTV_METASTASIS
    assert submission.role_of("PTV_undrawn") is Role.PTV
    with pytest.raises(NotEvaluable, match="no RTDOSE"):
        submission.dvh("GTVm01_Liver")


def test_lungs_on_one_side_of_the_body_are_one_lung():
    body = Box((0.0, 0.0, 0.0), (200.0, 40.0, 20.0))
    one = submission_of([("BODY", body), ("Lungs", APART)])
    with pytest.raises(NotEvaluable, match="one side of the body"):
        one.structures_of("Lungs")
    middle = submission_of([("BODY", body), ("Lungs", CUBE)])
    assert [s.roi_name for s in middle.structures_of("Lungs")] == ["Lungs"]


def plan_of(uid, *doses_gy):
    return Plan(
        uid,
        f"RP{uid}.dcm",
        frame_of_reference_uid=FRAME,
        prescriptions=tuple(Prescription(dose_gy) for dose_gy in doses_gy),
    )


def prescribed(*plans):
    """A submission whose dose is the sum of these plans."""
    uids = tuple(plan.sop_instance_uid for plan in plans)
    kind = "MULTI_PLAN" if len(plans) > 1 else "PLAN"
    dose = replace(dose_of(30.0), plan_uids=uids, summation_type=kind)
    return replace(submission_of([("PTV", CUBE)]), plans=plans, doses=(dose,))


@pytest.mark.parametrize("plans", [[plan_of("1", 40.0)], [plan_of("1", 40.0, 40.0)]])
def test_the_prescription_is_the_only_dose_that_the_plans_prescribe(plans):
    submission = prescribed(*plans)
    assert submission.prescription_gy == 40.0
    relative = submission.dvh("PTV").relative_to(submission.prescription_gy)
    assert relative["V75%[%]"] == pytest.approx(100)
    assert relative["Mean[%]"] == pytest.approx(75)


def test_several_prescriptions_or_none_are_no_prescription():
    with pytest.raises(NotEvaluable, match="prescribe 40, 50 Gy; give the one"):
        _ = prescribed(plan_of("1", 50.0, 40.0)).prescription_gy
    with pytest.raises(NotEvaluable, match="the dose sums 2 plans; give the one"):
        _ = prescribed(plan_of("1", 40.0), plan_of("2", 40.0)).prescription_gy
    with pytest.raises(NotEvaluable, match="no plan of the dose prescribes"):
        _ = prescribed(plan_of("1")).prescription_gy
    with pytest.raises(NotEvaluable, match="no plan of the dose prescribes"):
        _ = submission_of([("PTV", CUBE)]).prescription_gy
    with pytest.raises(NotEvaluable, match="no RTDOSE"):
        _ = replace(submission_of([("PTV", CUBE)]), doses=()).prescription_gy


BESIDE = Box((10.0, 2.5, 0.0), (15.0, 15.0, 30.0))


def test_histograms_that_share_structures_add_up():
    submission = submission_of([("A", CUBE), ("B", BESIDE), ("C", APART)])
    found = submission.dvhs("A", "A-B", "A&B", "C", "A")
    assert list(found) == ["A", "A-B", "A&B", "C"]
    whole, rest, common = (found[text] for text in ("A", "A-B", "A&B"))
    assert (whole.roi_name, whole.roi_number, rest.roi_number) == ("A", 1, None)
    assert rest.volume_cc + common.volume_cc == pytest.approx(whole.volume_cc, rel=1e-12)
    assert common.volume_cc == pytest.approx(7.5 * 15 * 20 / 1000)
    assert rest.cumulative_cc + common.cumulative_cc == pytest.approx(whole.cumulative_cc, abs=1e-9)
    # What shares nothing is what it is alone, whatever was asked first.
    assert found["C"] is submission.dvh("C")
    assert submission.dvhs("A", "A-B", "A&B", "C", "A") is found
    assert submission.dvh("A") is not whole


def test_one_that_is_refused_hides_no_other():
    submission = submission_of([("A", CUBE), ("B", BESIDE), empty("E")])
    found = submission.dvhs("A", "A-E", "X", "A-B", "A-A")
    for text, says in (("A-E", "E"), ("X", "X"), ("A-A", "A-A is empty")):
        assert isinstance(found[text], NotEvaluable)
        assert says in str(found[text])
    assert found["A-B"].volume_cc < found["A"].volume_cc
    with pytest.raises(ExpressionError):
        submission.dvhs("A", "A-")
    without = replace(submission, doses=()).dvhs("A", "A-B")
    assert all(isinstance(answer, NotEvaluable) for answer in without.values())


def test_what_cannot_be_computed_together_says_so():
    names = "ABCDEFGHI"
    shifts = {name: 4.0 * number for number, name in enumerate(names)}
    boxes = [(name, Box((shift, 0.0, 0.0), (40.0, 15.0, 15.0))) for name, shift in shifts.items()]
    submission = submission_of(boxes)
    found = submission.dvhs("A", *(f"A-{name}" for name in names[1:]))
    for text in ("A", "A-B", "A-F"):
        note = found[text].notes[-1]
        assert note.startswith('adds up with "A-G", "A-H", "A-I" within the numerical intervals')
    assert '"A-B"' in found["A-H"].notes[-1]
    assert "more than 6 structures" in found["A-H"].notes[-1]


def test_structures_in_other_planes_leave_the_others_to_be_told():
    """B is drawn in sagittal planes: A-B is refused, A is told, with what that means."""
    turned = Contour(np.roll(BESIDE.structure("B", 2, PLANES_MM).contours[0].points_mm, 1, axis=1))
    submission = submission_of([("A", CUBE), ("C", BESIDE)])
    (drawn,) = submission.structure_sets
    sagittal = Structure(3, "B", (turned,))
    submission = replace(
        submission, structure_sets=(replace(drawn, structures=(*drawn.structures, sagittal)),)
    )
    found = submission.dvhs("A", "A-C", "A-B")
    assert isinstance(found["A-B"], NotEvaluable)
    assert "another orientation" in str(found["A-B"])
    assert found["A-C"].volume_cc < found["A"].volume_cc
    assert "another orientation" in found["A"].notes[-1]


def test_a_drawn_expression_is_compared_with_that_of_the_cells():
    drawn = [("Lungs", CUBE), ("GTV", BESIDE), ("Lungs-GTV", CUBE), ("BODY", CUBE)]
    submission = submission_of(drawn)
    found = submission.dvhs("Lungs", "Lungs-GTV", "Lungs&GTV")
    assert found["Lungs-GTV"].notes == submission.dvh("Lungs-GTV").notes
    assert found["Lungs-GTV"].notes
    parts = found["Lungs-GTV"].volume_cc + found["Lungs&GTV"].volume_cc
    assert parts == pytest.approx(found["Lungs"].volume_cc, rel=1e-12)


def test_a_structure_that_is_gone_leaves_its_histogram_to_no_other():
    """The id of what is gone is given anew; structures made on the way are asked and forgotten."""
    submission = submission_of([("Heart", CUBE)])
    for side_mm in (10.0, 12.0, 14.0, 16.0, 18.0) * 4:
        made = Box((0.0, 0.0, 0.0), (side_mm, 10.0, 20.0)).structure("GTV", 9, PLANES_MM)
        made = replace(made, frame_of_reference_uid=FRAME)
        volume_cc = submission.dvh_of(made).volume_cc
        assert volume_cc == pytest.approx(side_mm * 10 * 20 / 1000)
        del made


def test_a_name_that_stands_in_double_quotes_itself_is_not_that_without_them():
    """ROIs A and "A": three quotes begin the second, and the first was taken for it."""
    half = Box((5.0, 0.0, 0.0), (10.0, 20.0, 20.0))
    submission = submission_of([("A", half), ('"A"', CUBE), ("B", APART)])
    assert submission.dvh('"""A""" | B').volume_cc == pytest.approx(16.0)
    assert submission.dvh('"A" | B').volume_cc == pytest.approx(12.0)
    assert submission.dvh('"""A""" - "A"').volume_cc == pytest.approx(4.0)
    alone = submission_of([('"A"', CUBE), ("B", APART)])
    assert alone.dvh('"""A""" | B').volume_cc == pytest.approx(16.0)
