"""Submission: names become structures, and numbers are kept for this dose alone."""

from dataclasses import replace

import numpy as np
import pytest

from oligort.conventions import Conventions
from oligort.dose.grid import DoseGrid
from oligort.errors import ExpressionError, NotEvaluable
from oligort.geometry.grid import Grid
from oligort.geometry.structure import StructureSet
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


def test_trap_no_number_of_one_dose_is_kept_for_another():
    submission = submission_of([("Liver", CUBE)], gy=30.0)
    assert submission.dvh("Liver").mean_gy == pytest.approx(30.0)
    assert replace(submission, doses=(dose_of(12.0),)).dvh("Liver").mean_gy == pytest.approx(12.0)
    assert submission.selected(dose="d").dvh("Liver").mean_gy == pytest.approx(30.0)


def test_a_role_stands_for_all_its_rois_in_an_expression_and_a_name_for_itself():
    submission = submission_of([("GTV", CUBE), ("GTVm01", APART), ("BODY", APART)])
    assert submission.dvh("GTV").volume_cc == pytest.approx(8.0)
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
    dose = replace(dose_of(30.0), plan_uids=uids, summation_type="MULTI_PLAN")
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
