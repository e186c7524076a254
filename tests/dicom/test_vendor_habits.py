"""Habits of vendors and exports that no other test of the reader writes: see docs/intake.md."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from oligort.dicom.read import read
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.region import Region

PART_TYPES = (
    "BEAM",
    "BRACHY",
    "FRACTION_SESSION",
    "BEAM_SESSION",
    "BRACHY_SESSION",
    "CONTROL_POINT",
)
"""Dose Summation Types of parts of a plan (PS3.3 C.8.8.3)."""

STEP_MM = 1.0
"""Pixels of the volumes: their coverage is exact, whatever their size."""

NO_DOSES = ("RECORD", "PLAN_OVERVIEW")


def disc(z_mm, radius_mm=20.0, count=60):
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    x, y = radius_mm * np.cos(angles), radius_mm * np.sin(angles)
    return np.column_stack([x, y, np.full(count, z_mm)])


@pytest.fixture
def volume_cc(tmp_path, write, structure_set, contour):
    """Write loops as one ROI and return its volume in cc."""

    def volume(loops):
        dataset = structure_set({"Organ": [contour(loop) for loop in loops]})
        submission = read(write(dataset, tmp_path / "rs.dcm"))
        (structure,) = submission.structure_set
        region = Region(Shape((structure,)), submission.usual_spacing_mm)
        return region.volume_mm3(STEP_MM) / 1000

    return volume


PLANES_MM = np.arange(0.0, 31, 3)
TURNED = {
    "sagittal": np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]),
    "coronal": np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "oblique": np.array([[0.8, 0, 0.6], [0, 1, 0], [-0.6, 0, 0.8]]),
}


def test_a_loop_that_repeats_its_first_point_is_the_same_loop(volume_cc):
    loops = [disc(z_mm) for z_mm in PLANES_MM]
    closed = [np.vstack([loop, loop[:1]]) for loop in loops]
    assert volume_cc(closed) == pytest.approx(volume_cc(loops), rel=1e-9)


@pytest.mark.parametrize("axes", TURNED.values(), ids=TURNED)
def test_contours_in_planes_of_any_direction_enclose_the_same(volume_cc, axes):
    loops = [disc(z_mm) for z_mm in PLANES_MM]
    turned = [loop @ axes for loop in loops]
    # Coordinates are written with three decimals.
    assert volume_cc(turned) == pytest.approx(volume_cc(loops), rel=1e-4)


def test_a_plane_that_is_written_twice_counts_once(volume_cc):
    loops = [disc(z_mm) for z_mm in PLANES_MM]
    assert volume_cc([*loops, loops[4], loops[0]]) == pytest.approx(volume_cc(loops), rel=1e-9)


def test_contours_off_the_planes_of_their_images_are_kept_where_they_are(
    tmp_path, write, structure_set, contour
):
    dataset = structure_set({"Organ": [contour(disc(z_mm + 1.3)) for z_mm in PLANES_MM]})
    (structure,) = read(write(dataset, tmp_path / "rs.dcm")).structure_set
    heights = [float(one.points_mm[0, 2]) for one in structure.contours]
    np.testing.assert_allclose(heights, PLANES_MM + 1.3, atol=1e-9)


def test_gaps_in_the_numbers_of_rois_are_no_trouble(tmp_path, write, structure_set, contour):
    dataset = structure_set({"A": [contour(disc(0.0))], "B": [contour(disc(3.0))]})
    for sequence, keyword in (
        (dataset.StructureSetROISequence, "ROINumber"),
        (dataset.ROIContourSequence, "ReferencedROINumber"),
        (dataset.RTROIObservationsSequence, "ReferencedROINumber"),
    ):
        setattr(sequence[1], keyword, 907)
    submission = read(write(dataset, tmp_path / "rs.dcm"))
    assert [(s.roi_number, s.is_empty) for s in submission.structure_set] == [
        (1, False),
        (907, False),
    ]
    assert submission.faults == ()


def test_structures_of_several_frames_of_reference_keep_their_own(
    tmp_path, write, structure_set, contour, dose
):
    dataset = structure_set({"A": [contour(disc(32.0))], "B": [contour(disc(35.0))]})
    dataset.StructureSetROISequence[1].ReferencedFrameOfReferenceUID = "1.9.9"
    write(dataset, tmp_path / "rs.dcm")
    write(dose(), tmp_path / "rd.dcm")
    submission = read(tmp_path)
    (structure_set_read,) = submission.structure_sets
    assert structure_set_read.frame_of_reference_uid == "1.2.3.4"  # the dose's
    assert [s.frame_of_reference_uid for s in structure_set_read] == ["1.2.3.4", "1.9.9"]
    with pytest.raises(NotEvaluable, match='"B"'):
        submission.dvh("B")


def test_objects_of_other_character_sets_lie_side_by_side(tmp_path, write, structure_set):
    for number, (character_set, name) in enumerate(
        (("ISO_IR 100", "Rückenmark"), ("ISO_IR 192", "脊髓"), ("GB18030", "食管"))
    ):
        dataset = structure_set({name: None}, uid=f"1.2.1.{number}")
        dataset.SpecificCharacterSet = character_set
        write(dataset, tmp_path / f"{number}.dcm")
    submission = read(tmp_path)
    names = [s.roi_name for one in submission.structure_sets for s in one]
    assert names == ["Rückenmark", "脊髓", "食管"]
    assert submission.faults == ()


BINS = (
    *("#recycle", "@Recycle", "RECYCLER", "RECYCLED", "Recycle Bin", "Trash", "lost+found"),
    *("~snapshot", "回收站", ".Trash-1000"),
)
"""What Windows, Linux and network storage call the folders of what was deleted."""


def test_recycle_bins_and_thumbnails_at_any_depth_are_no_part(tmp_path, write, structure_set):
    write(structure_set({"Heart": []}), tmp_path / "a" / "b" / "c" / "no suffix")
    for junk in ("$RECYCLE.BIN/old.dcm", "a/@eaDir/x.dcm", "a/b/__MACOSX/._c", "a/.hidden/y.dcm"):
        write(structure_set({"Old": []}, uid=f"1.2.{len(junk)}"), tmp_path / junk)
    for number, bin_name in enumerate(BINS):
        write(structure_set({"Old": []}, uid=f"1.3.{number}"), tmp_path / bin_name / "old.dcm")
    (tmp_path / "a" / "Thumbs.db").write_bytes(b"junk")
    submission = read(tmp_path)
    assert [one.file for one in submission.structure_sets] == ["a/b/c/no suffix"]
    assert submission.faults == ()


@pytest.fixture
def with_doses(tmp_path, write, structure_set, dose, plan):
    """Write doses of these summation types beside one plan, and read them."""

    def read_them(*types):
        write(structure_set({"Heart": []}), tmp_path / "rs.dcm")
        write(plan(), tmp_path / "rp.dcm")
        for number, summation_type in enumerate(types):
            dataset = dose(uid=f"1.2.2.{number}")
            dataset.DoseSummationType = summation_type
            whose = Dataset()
            whose.ReferencedSOPInstanceUID = "1.2.5"
            dataset.ReferencedRTPlanSequence = [whose]
            write(dataset, tmp_path / f"rd{number}.dcm")
        return read(tmp_path)

    return read_them


def test_doses_of_every_summation_type_lie_side_by_side(with_doses):
    submission = with_doses(*PART_TYPES, "PLAN", *NO_DOSES)
    assert submission.chosen.dose.summation_type == "PLAN"
    assert [dose.summation_type for dose in submission.doses if dose.grid is None] == [*NO_DOSES]


@pytest.mark.parametrize("summation_type", [*PART_TYPES, *NO_DOSES])
def test_a_dose_of_a_part_or_of_no_plan_never_stands_for_a_plan(with_doses, summation_type):
    with pytest.raises(NotEvaluable, match=r"no dose of a whole plan|cannot be used"):
        _ = with_doses(summation_type).chosen


def test_a_plan_of_brachytherapy_is_named_and_not_judged(
    tmp_path, write, structure_set, dose, plan
):
    brachytherapy = plan()
    brachytherapy.BrachyTreatmentType = "HDR"
    write(structure_set({"Heart": []}), tmp_path / "rs.dcm")
    write(brachytherapy, tmp_path / "rp.dcm")
    given = dose()
    whose = Dataset()
    whose.ReferencedSOPInstanceUID = "1.2.5"
    given.ReferencedRTPlanSequence = [whose]
    write(given, tmp_path / "rd.dcm")
    submission = read(tmp_path)
    assert submission.plans[0].is_brachytherapy
    with pytest.raises(NotEvaluable, match=r'is of brachytherapy, .* plan "A" in "rp.dcm"'):
        _ = submission.chosen
    # An external beam plan beside it is judged where it is chosen.
    external, of_external = plan("1.2.6"), dose(uid="1.2.22")
    external.RTPlanLabel = "B"
    other = Dataset()
    other.ReferencedSOPInstanceUID = "1.2.6"
    of_external.ReferencedRTPlanSequence = [other]
    write(external, tmp_path / "rp2.dcm")
    write(of_external, tmp_path / "rd2.dcm")
    assert read(tmp_path).selected(plan="B").chosen.dose.file == "rd2.dcm"
