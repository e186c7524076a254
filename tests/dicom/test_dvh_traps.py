"""What goes wrong in other systems between the files and the histogram, each under its own name.

The dose in Gy is patient z in mm, or x or y, so that a box says by its doses where it was taken to
lie.
"""

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

import oligort
from oligort.errors import NotEvaluable
from oligort.finding import Grade

CENTRES_MM = np.arange(10, 26, 2), np.arange(20, 56, 3), np.arange(30, 70, 4)
"""Of the voxels along x, y and z."""

GY_PER_STEP = 0.01

BOX_MM = ((14, 22), (26, 44), (40, 52))
"""Planes at 42, 46 and 50 mm fill 40 to 52 mm."""

VOLUME_CC = 8 * 18 * 12 / 1000

ENGINE_PP = 0.05
"""What the engine states of itself: percentage points to the exact slabs."""

EXACT_GY = 1e-6
"""Of a box in a dose that rises along one axis: trilinear dose and first-order spread are exact."""


@pytest.fixture
def box(contour):
    """The contours of a box in the dose grid, moved along z or with its loops repeated."""

    def loops(move_mm=0.0, times=1):
        corners = [(14, 26), (22, 26), (22, 44), (14, 44)]
        return [
            contour([(x, y, z + move_mm) for x, y in corners])
            for z in (42, 46, 50)
            for _ in range(times)
        ]

    return loops


@pytest.fixture
def rising_dose(dose):
    """An RTDOSE of patient x, y or z in Gy, 8 x 12 voxels of 2 x 3 mm in frames 4 mm apart."""

    def rising(uid="1.2.2", factor=1.0, axis=2):
        along = np.meshgrid(*CENTRES_MM, indexing="ij")[axis].T
        return dose(np.round(along * factor / GY_PER_STEP).astype(np.uint32), uid)

    return rising


@pytest.fixture
def submit(tmp_path, write):
    """Objects written as files of one folder and read from there."""

    def submission(*datasets, syntax=ImplicitVRLittleEndian):
        for number, dataset in enumerate(datasets):
            write(dataset, tmp_path / f"{number}.dcm", syntax)
        return oligort.read(tmp_path)

    return submission


def frames_of(dataset):
    """The stored integers, (frame, row, column)."""
    shape = dataset.NumberOfFrames, dataset.Rows, dataset.Columns
    return np.frombuffer(dataset.PixelData, np.uint32).reshape(shape)


def assert_is_the_box(dvh, axis=2):
    low, high = BOX_MM[axis]
    assert dvh.volume_cc == pytest.approx(VOLUME_CC, rel=1e-9)
    assert dvh.uncovered_cc == 0
    found = dvh.min_gy, dvh.mean_gy, dvh.max_gy
    assert found == pytest.approx((low, (low + high) / 2, high), abs=EXACT_GY)
    # The curve of a box along the dose is straight.
    quarter = low + (high - low) / 4
    assert dvh[f"V{quarter:g}Gy[%]"] == pytest.approx(75, abs=ENGINE_PP)


def test_trap_absolute_offsets_give_the_same_histogram(structure_set, box, rising_dose, submit):
    """Added to the position once more, they put the box into another dose, or outside."""
    absolute = rising_dose()
    absolute.GridFrameOffsetVector = CENTRES_MM[2].tolist()
    assert_is_the_box(submit(structure_set({"GTV": box()}), absolute).dvh("GTV"))


def test_trap_descending_frames_do_not_turn_the_dose_over(structure_set, box, rising_dose, submit):
    descending = rising_dose()
    descending.PixelData = frames_of(descending)[::-1].tobytes()
    descending.ImagePositionPatient = [10, 20, 66]
    descending.GridFrameOffsetVector = (CENTRES_MM[2] - 66)[::-1].tolist()
    assert_is_the_box(submit(structure_set({"GTV": box()}), descending).dvh("GTV"))


@pytest.mark.parametrize("axis", [0, 1])
def test_trap_anisotropic_spacing_and_half_voxels_shift_no_dose(
    axis, structure_set, box, rising_dose, submit
):
    submission = submit(structure_set({"GTV": box()}), rising_dose(axis=axis))
    assert_is_the_box(submission.dvh("GTV"), axis)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(
    ("orientation", "first", "backwards"),
    [
        ([-1, 0, 0, 0, -1, 0], [24, 53, 30], (1, 2)),
        ([-1, 0, 0, 0, 1, 0], [24, 20, 66], (0, 2)),
        ([1, 0, 0, 0, -1, 0], [10, 53, 66], (0, 1)),
    ],
    ids=["prone", "feet first", "feet first prone"],
)
def test_trap_a_patient_in_another_position_has_the_right_histogram(
    orientation, first, backwards, axis, structure_set, box, rising_dose, submit
):
    """The same voxels, as a system writes them that starts at another corner."""
    turned = rising_dose(axis=axis)
    turned.PixelData = np.flip(frames_of(turned), backwards).tobytes()
    turned.ImageOrientationPatient = orientation
    turned.ImagePositionPatient = first
    assert_is_the_box(submit(structure_set({"GTV": box()}), turned).dvh("GTV"), axis)


@pytest.mark.parametrize(
    ("orientation", "first", "backwards"),
    [([0, 1, 0, -1, 0, 0], [24, 20, 30], 1), ([0, -1, 0, 1, 0, 0], [10, 53, 30], 2)],
    ids=["left", "right"],
)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_trap_a_decubitus_patient_has_the_right_histogram(
    orientation, first, backwards, axis, structure_set, box, rising_dose, submit, dose
):
    """Columns run along y and rows along x: rows are 2 mm apart and columns 3 mm."""
    stored = np.flip(frames_of(rising_dose(axis=axis)).swapaxes(1, 2), backwards)
    turned = dose(np.ascontiguousarray(stored))
    turned.PixelSpacing = [2, 3]
    turned.ImageOrientationPatient = orientation
    turned.ImagePositionPatient = first
    assert_is_the_box(submit(structure_set({"GTV": box()}), turned).dvh("GTV"), axis)


@pytest.mark.parametrize("units", ["RELATIVE", "CGY", ""])
def test_trap_a_dose_in_other_units_gives_no_histogram(
    units, structure_set, box, rising_dose, submit
):
    other = rising_dose()
    other.DoseUnits = units
    submission = submit(structure_set({"GTV": box()}), other)
    with pytest.raises(NotEvaluable, match=r"Dose Units \(3004,0002\)"):
        submission.selected(dose="1.2.2").dvh("GTV")


@pytest.mark.parametrize("summation", ["FRACTION", "PLAN"])
def test_trap_a_fraction_group_is_not_multiplied_by_its_fractions(
    summation, structure_set, box, rising_dose, plan, submit
):
    """The plan has four fractions: neither four times the dose nor a quarter of it is true."""
    whole = rising_dose()
    whole.DoseSummationType = summation
    whole.ReferencedRTPlanSequence = [Dataset()]
    whole.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = "1.2.5"
    assert_is_the_box(submit(structure_set({"GTV": box()}), whole, plan()).dvh("GTV"))


def test_trap_beam_doses_are_not_added_to_the_dose_of_their_plan(
    structure_set, box, rising_dose, plan, submit
):
    doses = [rising_dose("1.2.2"), rising_dose("1.2.21", 0.4), rising_dose("1.2.22", 0.6)]
    for one, summation in zip(doses, ("PLAN", "BEAM", "BEAM"), strict=True):
        one.DoseSummationType = summation
        one.ReferencedRTPlanSequence = [Dataset()]
        one.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = "1.2.5"
    # The beams come first, as the order of files must not choose.
    submission = submit(structure_set({"GTV": box()}), plan(), *doses[::-1])
    assert_is_the_box(submission.dvh("GTV"))


def test_trap_two_doses_of_a_plan_are_neither_added_nor_picked_from(
    structure_set, box, rising_dose, submit
):
    submission = submit(
        structure_set({"GTV": box()}), rising_dose("1.2.2"), rising_dose("1.2.21", 0.5)
    )
    with pytest.raises(NotEvaluable, match="2 doses are there"):
        submission.dvh("GTV")
    assert_is_the_box(submission.selected(dose="1.2.2").dvh("GTV"))
    half = submission.selected(dose="1.2.21").dvh("GTV")
    assert half["Mean"] == pytest.approx(46 / 2, abs=EXACT_GY)


def test_trap_an_embedded_histogram_in_percent_is_not_taken_for_gy(
    structure_set, box, rising_dose, submit
):
    """Minimum, maximum and mean in percent of a prescription, all labelled GY."""
    exported = rising_dose()
    embedded = Dataset()
    embedded.DVHType, embedded.DoseUnits, embedded.DVHVolumeUnits = "CUMULATIVE", "GY", "CM3"
    embedded.DVHDoseScaling = 1
    embedded.DVHNumberOfBins = 2
    embedded.DVHData = [40, VOLUME_CC, 12, 0]
    embedded.DVHMinimumDose, embedded.DVHMeanDose, embedded.DVHMaximumDose = 88.9, 102.2, 115.6
    embedded.DVHReferencedROISequence = [Dataset()]
    embedded.DVHReferencedROISequence[0].ReferencedROINumber = 1
    exported.DVHSequence = [embedded]
    assert_is_the_box(submit(structure_set({"GTV": box()}), exported).dvh("GTV"))


def test_trap_an_embedded_histogram_in_percent_of_a_real_export(test_data: Path):
    """The planning system's minimum, mean and maximum of the heart, in percent of 14 Gy.

    Its end planes reach less far than half a slice (437.5 cc, not 439.7), by up to 1.5 mm: that is
    0.035 Gy where the heart is hottest and dose changes by 0.023 Gy/mm, 0.001 Gy where coldest.
    """
    heart = oligort.read(test_data / "breast_boost").dvh("Heart")
    assert heart["Mean[Gy]"] == pytest.approx(4.62539474348025 * 14 / 100, rel=0.005)
    assert heart["Max[Gy]"] == pytest.approx(22.1100949169492 * 14 / 100, abs=0.035)
    assert heart["Min[Gy]"] == pytest.approx(0.16044148 * 14 / 100, abs=0.001)


def test_trap_a_lung_without_contours_has_no_v20_of_0(structure_set, box, rising_dose, submit):
    submission = submit(
        structure_set({"Lung_L": box(), "Lung_R": [], "Heart": None}), rising_dose()
    )
    for roi_name in ("Lung_R", "Heart"):
        with pytest.raises(NotEvaluable, match=f"{roi_name}.*no contour"):
            submission.dvh(roi_name)
    with pytest.raises(NotEvaluable):
        submission.dvh("Lungs")
    report = oligort.check(submission)
    assert [f.grade for f in report.findings if f.code == "OL301"] == [Grade.NOT_EVALUABLE]


@pytest.mark.parametrize(
    "keyword",
    [
        "ReferencedFrameOfReferenceSequence",
        "RTROIObservationsSequence",
        "ContourImageSequence",
        "ContourSequence",
    ],
)
def test_trap_missing_sequences_leave_the_other_histograms(
    keyword, structure_set, box, rising_dose, submit
):
    """One ROI lacks its item or its contours; the histogram of the other is whole."""
    dataset = structure_set({"GTV": box(), "Heart": box()})
    if keyword in dataset:
        delattr(dataset, keyword)
    if keyword == "ContourSequence":
        del dataset.ROIContourSequence[1].ContourSequence
    assert_is_the_box(submit(dataset, rising_dose()).dvh("GTV"))


def test_trap_a_missing_roi_item_leaves_the_other_histograms(
    structure_set, box, rising_dose, submit
):
    dataset = structure_set({"GTV": box(), "Heart": box()})
    del dataset.StructureSetROISequence[1]
    submission = submit(dataset, rising_dose())
    assert_is_the_box(submission.dvh("GTV"))
    with pytest.raises(NotEvaluable):
        submission.dvh("Heart")


def test_trap_points_and_two_point_contours_change_no_histogram(
    structure_set, box, contour, rising_dose, submit
):
    stray = [
        contour([(0, 0, 46)], "POINT"),
        contour([(16, 30, 46)], "CLOSED_PLANAR"),
        contour([(16, 30, 46), (18, 32, 46)], "CLOSED_PLANAR"),
    ]
    open_loop = contour([(16, 30, 90), (18, 32, 90), (18, 30, 90)], "OPEN_PLANAR")
    lost = contour([(16, 30, 90), (18, 32, 90)], "CLOSED_PLANAR")
    drawn = {
        **{"GTV": stray + box(), "Iso": stray[:1], "Heart": [*box(), open_loop]},
        "Liver": [*box(), lost],
    }
    submission = submit(structure_set(drawn), rising_dose())
    assert_is_the_box(submission.dvh("GTV"))
    # What could be a loop of the wrong type, or what is left of one, is not left out in silence.
    with pytest.raises(NotEvaluable, match="1 of three points or more do not"):
        submission.dvh("Heart")
    with pytest.raises(NotEvaluable, match="1 of less than three points lie in planes"):
        submission.dvh("Liver")
    with pytest.raises(NotEvaluable, match="no contour that encloses an area"):
        submission.dvh("Iso")


def test_trap_loops_written_twice_do_not_cancel(structure_set, box, rising_dose, submit):
    dvh = submit(structure_set({"GTV": box(times=2)}), rising_dose()).dvh("GTV")
    assert_is_the_box(dvh)
    assert any("counted once" in note for note in dvh.notes)


def test_trap_a_structure_that_leaves_the_dose_is_not_given_dose_there(
    structure_set, box, rising_dose, submit
):
    """The dose reaches 68 mm, half a frame beyond its last: 4 of the box's 12 mm lie above."""
    dvh = submit(structure_set({"GTV": box(move_mm=20)}), rising_dose()).dvh("GTV")
    assert dvh.volume_cc == pytest.approx(VOLUME_CC, rel=1e-9)
    assert dvh.uncovered_cc == pytest.approx(VOLUME_CC * 4 / 12, rel=1e-9)
    assert dvh["V62Gy[cc]"] == pytest.approx(VOLUME_CC * 6 / 12, rel=1e-4)  # not 9 / 12 of it
    assert dvh["V62Gy[cc]"].high == pytest.approx(VOLUME_CC * 10 / 12, rel=1e-4)
    assert dvh["Max"].high == np.inf


@pytest.mark.parametrize("kind", ["explicit", "big endian", "no preamble", "no file meta"])
def test_trap_no_encoding_changes_the_histogram(
    kind, structure_set, box, rising_dose, submit, tmp_path
):
    datasets = structure_set({"GTV": box()}), rising_dose()
    if kind == "no file meta":
        for number, dataset in enumerate(datasets):
            path = tmp_path / f"{number}.dcm"
            dataset.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
        submission = oligort.read(tmp_path)
    elif kind == "no preamble":
        submit(*datasets)
        for path in tmp_path.iterdir():
            path.write_bytes(path.read_bytes()[132:])
        submission = oligort.read(tmp_path)
    elif kind == "big endian":
        datasets[1].PixelData = frames_of(datasets[1]).astype(">u4").tobytes()
        submission = submit(*datasets, syntax=ExplicitVRBigEndian)
    else:
        submission = submit(*datasets, syntax=ExplicitVRLittleEndian)
    assert_is_the_box(submission.dvh("GTV"))
