"""A structure set drawn in several frames of reference: nothing is compared across them unasked."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import FRAME, PLANES_MM, structure

from oligort.errors import NotEvaluable
from oligort.finding import Grade
from oligort.frames import UNNAMED_FRAME, in_one_frame
from oligort.geometry.rigid import RigidTransform
from oligort.geometry.structure import StructureSet
from oligort.lesions.several_frames import census_by_frame
from oligort.objects import Registration
from oligort.phantoms import Box

OTHER = "1.2.840.2"
AWAY_MM = np.array([0.0, 0.0, 38.0])
LEADS = Registration("1.2.9", "REG.dcm", FRAME, ((OTHER, RigidTransform(np.eye(3), -AWAY_MM)),))
LUNGS = ("Lung_L", "Lung_R")


def in_other_frame(one, frame=OTHER):
    contours = tuple(
        replace(contour, points_mm=contour.points_mm + AWAY_MM) for contour in one.contours
    )
    return replace(one, contours=contours, frame_of_reference_uid=frame)


def drawn_elsewhere(submission, names, registrations=(), frame=OTHER):
    """The submission as it is read when some ROIs are written in another frame."""
    (drawn,) = submission.structure_sets
    moved = tuple(
        in_other_frame(one, frame) if one.roi_name in names else one for one in drawn.structures
    )
    frames = [dose.frame_of_reference_uid for dose in submission.doses]
    placed = in_one_frame(replace(drawn, structures=moved), registrations, frames)
    return replace(submission, structure_sets=(placed,), registrations=tuple(registrations))


def test_lungs_in_another_frame_than_the_dose_are_not_graded(build, register_table, findings_of):
    # Where they are drawn they are in 28 % of them get 20 Gy; 38 mm higher up it would be 66 %.
    submission = build(edge_mm=22.0)
    (before,) = findings_of("OL301", submission, register_table)
    assert before.grade is Grade.MAJOR
    elsewhere = drawn_elsewhere(submission, LUNGS)
    (found,) = findings_of("OL301", elsewhere, register_table)
    assert found.grade is Grade.NOT_EVALUABLE
    assert '"Lung_L"' in found.message
    assert "different frames of reference" in found.message
    assert elsewhere.chosen.structure_set.frame_of_reference_uid == FRAME


def test_a_registration_brings_them_back(build, register_table, findings_of):
    submission = build(edge_mm=22.0)
    registered = drawn_elsewhere(submission, LUNGS, [LEADS])
    asked = "V20Gy[%]"
    assert registered.dvh("Lungs-GTV")[asked] == pytest.approx(
        submission.dvh("Lungs-GTV")[asked], abs=1e-9
    )
    (found,) = findings_of("OL301", registered, register_table)
    assert found.grade is Grade.MAJOR


@pytest.mark.parametrize("roi", ["Lung_L", "Lungs", "Lungs-GTV", "GTV", "Lung_R|GTVp"])
def test_no_histogram_across_frames(roi, build):
    elsewhere = drawn_elsewhere(build(), ("Lung_L", "GTVp"))
    with pytest.raises(NotEvaluable, match=r"Lung_L|GTVp"):
        elsewhere.dvh(roi)
    answers = elsewhere.dvhs(roi, "Lung_R", "Lung_R-GTVm01_Lung_L")
    assert isinstance(answers[roi], NotEvaluable)
    assert answers["Lung_R"]["V20Gy[%]"] == pytest.approx(build().dvh("Lung_R")["V20Gy[%]"])


def test_the_frame_of_the_dose_is_that_of_the_set_though_fewer_rois_name_it(build):
    most = ("Lung_L", "Lung_R", "GTVp", "GTVm01_Lung_L")
    elsewhere = drawn_elsewhere(build(), most)
    assert elsewhere.structure_set.frame_of_reference_uid == FRAME
    assert elsewhere.dvh("PTVm01").volume_cc == pytest.approx(8.0)


def test_a_dose_in_a_frame_of_no_structure_is_not_placed(build):
    submission = drawn_elsewhere(build(), ("GTVp",))
    (dose,) = submission.doses
    strange = replace(submission, doses=(replace(dose, frame_of_reference_uid="1.9.9"),))
    with pytest.raises(NotEvaluable, match="different frames of reference"):
        strange.dvh("Lung_L")
    # Its plan refers to the structure set: that says nothing of which frame is meant.
    unnamed = replace(submission, doses=(replace(dose, frame_of_reference_uid=""),))
    with pytest.raises(NotEvaluable, match=r"names no frame of reference.*lie in several"):
        unnamed.dvh("Lung_L")


def test_where_no_roi_names_a_frame_the_references_place_the_dose(build):
    submission = build()
    (drawn,) = submission.structure_sets
    unnamed = tuple(replace(one, frame_of_reference_uid="") for one in drawn.structures)
    bare = replace(drawn, structures=unnamed, frame_of_reference_uid="")
    placed = in_one_frame(bare, (), [FRAME])
    assert placed.frame_of_reference_uid == ""
    asked = "V20Gy[%]"
    unplaced = replace(submission, structure_sets=(placed,))
    assert unplaced.dvh("Lungs-GTV")[asked] == submission.dvh("Lungs-GTV")[asked]


def test_an_roi_that_names_no_frame_among_several_lies_in_none_of_them(build):
    submission = drawn_elsewhere(build(), ("GTVp",))
    (drawn,) = submission.structure_sets
    bare = tuple(
        replace(one, frame_of_reference_uid="") if one.roi_name == "Lung_R" else one
        for one in drawn.structures
    )
    placed = in_one_frame(replace(drawn, structures=bare), (), [FRAME])
    assert placed.named("Lung_R")[0].frame_of_reference_uid == UNNAMED_FRAME
    with pytest.raises(NotEvaluable, match='ROI "Lung_R"'):
        replace(submission, structure_sets=(placed,)).dvh("Lung_R")


def test_empty_rois_make_no_second_frame(build):
    (drawn,) = build().structure_sets
    empty = replace(drawn.structures[0], contours=(), frame_of_reference_uid=OTHER, roi_name="Iso")
    placed = in_one_frame(replace(drawn, structures=(*drawn.structures, empty)), (), [FRAME])
    assert placed.frame_of_reference_uid == FRAME
    assert not placed.lies_in_several_frames


def test_sides_are_not_compared_across_frames(build, register_table, findings_of):
    elsewhere = drawn_elsewhere(build(), ("Lung_L",))
    (found,) = findings_of("OL007", elsewhere, register_table)
    assert found.grade is Grade.INFO


def ball(roi_name, x_mm, frame, number):
    drawn = Box((x_mm, 0.0, 0.0), (10.0, 10.0, 20.0)).structure(roi_name, number, PLANES_MM)
    return replace(drawn, frame_of_reference_uid=frame)


def counted(*balls):
    return census_by_frame(balls, hints={})


def test_lesions_of_another_frame_may_be_the_same_and_their_sizes_stand():
    # Two in the liver on the CT; at quite another place on the MR one, which may be one of them.
    ours = [ball("GTVm01_Liver", 0, FRAME, 1), ball("GTVm02_Liver", 60, FRAME, 2)]
    theirs = ball("GTVm03_Liver", -90, OTHER, 3)
    found = counted(*ours, theirs)
    assert (found.count.least, found.count.most) == (2, 3)
    assert [str(one.counted) for one in found] == ["1", "1", "0 to 1"]
    assert "another frame of reference" in list(found)[2].doubt
    assert list(found)[2].longest_axial_mm == pytest.approx(np.hypot(10, 10))
    (organ,) = found.per_organ
    assert (found.per_organ[organ].least, found.per_organ[organ].most) == (2, 3)


def test_overlap_across_frames_drops_no_lesion():
    # At the same coordinates they would be one lesion drawn twice, in one frame.
    twice = [ball("GTVm01_Liver", 0, FRAME, 1), ball("GTVm02_Liver", 0, OTHER, 2)]
    found = counted(*twice)
    assert (found.count.least, found.count.most) == (1, 2)
    one_frame = counted(*(replace(one, frame_of_reference_uid=FRAME) for one in twice))
    assert one_frame.count.most == 1


def test_lesions_of_other_organs_are_other_lesions():
    found = counted(ball("GTVm01_Liver", 0, FRAME, 1), ball("GTVm02_Brain", 0, OTHER, 2))
    assert (found.count.least, found.count.most) == (2, 2)


def test_no_organ_of_another_frame_holds_a_lesion():
    liver = replace(structure("Liver", Box((0, 0, 0), (100, 100, 60)), 9))
    near = ball("GTVm01", 0, FRAME, 1)
    assert next(iter(counted(near, liver))).organ is not None
    assert next(iter(counted(replace(near, frame_of_reference_uid=OTHER), liver))).organ is None


def test_a_set_without_structures_stays_as_it_is():
    assert in_one_frame(StructureSet((), frame_of_reference_uid=FRAME), (), []).structures == ()
