"""RT Structure Set: what survives, and what is left out with a fault."""

import time

import numpy as np
import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from oligort.dicom.instance import read_object
from oligort.dicom.rtstruct import read_structure_set
from oligort.objects import FaultKind

SQUARE = [(0, 0, 5), (10, 0, 5), (10, 10, 5), (0, 10, 5)]

MIN_SPEEDUP = 4
"""The least gain over building a DS object for each coordinate that is worth own parsing."""


@pytest.fixture
def read(write, tmp_path):
    def through_file(dataset, syntax=ImplicitVRLittleEndian):
        path = write(dataset, tmp_path / "rtss.dcm", syntax)
        return read_structure_set(read_object(path)[0], "rtss.dcm")

    return through_file


def test_a_contour_that_lost_its_points_leaves_its_roi_out(structure_set, contour, read):
    lost = contour(SQUARE)
    del lost.ContourData, lost.NumberOfContourPoints
    read_set, faults = read(structure_set({"Heart": [contour(SQUARE), lost]}))
    assert [s.roi_name for s in read_set if not s.is_empty] == []
    assert [fault.kind for fault in faults] == [FaultKind.LEFT_OUT]
    # One that says that it has none is an empty contour.
    lost.NumberOfContourPoints = 0
    read_set, faults = read(structure_set({"Heart": [contour(SQUARE), lost]}))
    assert ([s.is_empty for s in read_set], list(faults)) == ([False], [])
    assert [len(s.contours) for s in read_set] == [2]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_trap_empty_roi_contour_sequence_is_read(structure_set, read, syntax):
    dataset = structure_set({"Heart": []})
    dataset.ROIContourSequence = []
    read_set, _ = read(dataset, syntax)
    assert [(s.roi_name, s.is_empty) for s in read_set] == [("Heart", True)]


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_coordinates_are_those_written(structure_set, contour, read, syntax):
    points = np.round(np.random.default_rng(1).uniform(-300, 300, (50, 3)), 3)
    read_set, faults = read(structure_set({"Lung_L": [contour(points)]}), syntax)
    (structure,) = read_set
    np.testing.assert_array_equal(structure.contours[0].points_mm, points)
    assert (structure.roi_number, structure.roi_name) == (1, "Lung_L")
    assert structure.interpreted_type == "ORGAN"
    assert structure.frame_of_reference_uid == read_set.frame_of_reference_uid == "1.2.3.4"
    assert faults == ()


def test_values_that_pydicom_has_converted_are_read_alike(structure_set, contour):
    dataset = structure_set({"Lung_L": [contour(SQUARE)]})  # built in memory: no raw bytes
    read_set, faults = read_structure_set(dataset, "rtss.dcm")
    np.testing.assert_array_equal(read_set.structures[0].contours[0].points_mm, SQUARE)
    assert faults == ()


def test_trap_roi_without_contours_stays_and_is_empty(structure_set, contour, read):
    rois = {"None": None, "Empty": [], "Drawn": [contour(SQUARE)]}
    read_set, faults = read(structure_set(rois))
    assert [s.is_empty for s in read_set] == [True, True, False]
    assert faults == ()


@pytest.mark.parametrize(
    "keyword",
    ["RTROIObservationsSequence", "ROIContourSequence", "ReferencedFrameOfReferenceSequence"],
)
def test_trap_missing_sequences_do_not_break_the_reader(structure_set, contour, read, keyword):
    dataset = structure_set({"Heart": [contour(SQUARE)]})
    if keyword in dataset:
        delattr(dataset, keyword)
    read_set, faults = read(dataset)
    assert [s.roi_name for s in read_set] == ["Heart"]
    assert faults == ()


@pytest.mark.parametrize(
    ("points", "geometric_type"),
    [(SQUARE[:1], "POINT"), (SQUARE, "OPEN_PLANAR"), (SQUARE[:2], "CLOSED_PLANAR")],
)
def test_trap_points_and_lines_are_kept_and_enclose_nothing(
    structure_set, contour, read, points, geometric_type
):
    (structure,), faults = read(structure_set({"Iso": [contour(points, geometric_type)]}))
    assert len(structure.contours) == 1
    assert structure.is_empty
    assert faults == ()


def test_a_point_of_several_points_leaves_its_roi_out(structure_set, contour, read):
    rois = {"GTV": [contour(SQUARE), contour(SQUARE, "POINT")], "Heart": [contour(SQUARE)]}
    read_set, (fault,) = read(structure_set(rois))
    assert ([s.roi_name for s in read_set], read_set.left_out) == (["Heart"], ("GTV",))
    assert "in contour 2, expected one point where Contour Geometric Type" in fault.reason
    assert fault.kind is FaultKind.LEFT_OUT


def test_contours_of_an_unlisted_roi_are_a_fault(structure_set, contour, read):
    dataset = structure_set({"A": [contour(SQUARE)], "B": [contour(SQUARE)]})
    del dataset.StructureSetROISequence[1]
    read_set, (fault,) = read(dataset)
    assert [s.roi_name for s in read_set] == ["A"]
    assert "contours of ROI number 2 are left out" in fault.reason


def test_rois_of_one_name_are_both_kept(structure_set, contour, read):
    dataset = structure_set({"A": [contour(SQUARE)], "B": [contour(SQUARE)]})
    dataset.StructureSetROISequence[1].ROIName = "A"
    read_set, faults = read(dataset)
    assert len(read_set.named("A")) == 2
    assert faults == ()


def test_rois_of_one_number_are_left_out(structure_set, contour, read):
    dataset = structure_set({"A": [contour(SQUARE)], "B": [], "C": [contour(SQUARE)]})
    dataset.StructureSetROISequence[1].ROINumber = 1
    read_set, faults = read(dataset)
    assert [s.roi_name for s in read_set] == ["C"]
    assert sum("shares the ROI number 1" in fault.reason for fault in faults) == 2


def damaged(item, keyword, value):
    setattr(item, keyword, value)
    return item


DAMAGES = {
    "two coordinates of three": ("ContourData", ["1", "2"], "three coordinates a point"),
    "fewer points than declared": ("NumberOfContourPoints", 5, "expected the 5 points"),
    "no geometric type": ("ContourGeometricType", "", "known Contour Geometric Type"),
    "unknown geometric type": ("ContourGeometricType", "BLOB", 'found "BLOB"'),
}


@pytest.mark.parametrize(("keyword", "value", "reason"), DAMAGES.values(), ids=DAMAGES)
def test_roi_with_a_contour_in_doubt_is_left_out_whole(
    structure_set, contour, read, keyword, value, reason
):
    bad = damaged(contour(SQUARE), keyword, value)
    read_set, (fault,) = read(structure_set({"Bad": [contour(SQUARE), bad], "Good": []}))
    assert [s.roi_name for s in read_set] == ["Good"]
    assert 'the ROI "Bad" is left out: in contour 2' in fault.reason
    assert reason in fault.reason


@pytest.mark.parametrize("text", [b"1.2.3", b"abcde", b"  nan", b"  inf", b"1_000", b"1\\\\23"])
def test_coordinates_that_are_no_finite_numbers_leave_the_roi_out(
    structure_set, contour, write, tmp_path, text
):
    dataset = structure_set({"Bad": [contour([(77.5, 0, 5), (1, 0, 5), (1, 1, 5)])], "Good": []})
    path = write(dataset, tmp_path / "rtss.dcm")
    path.write_bytes(path.read_bytes().replace(b"77.50", text))
    read_set, (fault,) = read_structure_set(read_object(path)[0], "rtss.dcm")
    assert [s.roi_name for s in read_set] == ["Good"]
    assert "Contour Data (3006,0050)" in fault.reason


@pytest.mark.parametrize(
    ("far_mm", "reason"),
    [
        ((1e9, 0, 5), "within 10 m of the origin"),
        ((0, -1e6, 5), "found one at 1000 m"),
        ((0, 0, 10_001), "within 10 m of the origin"),
        ((3001, 0, 5), "an extent of at most 3 m"),
        ((0, 0, -2996), "an extent of at most 3 m"),
    ],
)
def test_roi_with_a_corrupt_coordinate_is_left_out_by_name(
    structure_set, contour, read, far_mm, reason
):
    rois = {"Bad": [contour(SQUARE), contour([*SQUARE[:3], far_mm])], "Good": [contour(SQUARE)]}
    read_set, (fault,) = read(structure_set(rois))
    assert [s.roi_name for s in read_set] == ["Good"]
    assert read_set.left_out == ("Bad",)
    assert fault.kind is FaultKind.LEFT_OUT
    assert fault.reason.startswith('the ROI "Bad" is left out: expected ')
    assert reason in fault.reason


def test_roi_at_the_bounds_of_what_is_believed_is_kept(structure_set, contour, read):
    square = [(10_000, y, z) for y, z in ((0, 0), (3000, 0), (3000, 3000), (0, 3000))]
    read_set, faults = read(structure_set({"Far": [contour(square)]}))
    assert len(read_set) == 1
    assert faults == ()


def test_a_box_that_no_patient_fills_is_not_believed(structure_set, contour, read):
    """A few contours of metres would ask for rasters of billions of voxels."""
    square = [(0, 0, 0), (1001, 0, 0), (1001, 1001, 0), (0, 1001, 0)]
    for height_mm, is_believed in ((990, True), (1001, False)):
        above = [(x, y, height_mm) for x, y, _ in square]
        read_set, faults = read(structure_set({"Cube": [contour(square), contour(above)]}))
        assert bool(len(read_set)) is is_believed
        assert [fault.reason.endswith("found a box of 1") for fault in faults] == [True] * (
            not is_believed
        )


def test_two_contour_items_for_one_roi_leave_it_out(structure_set, contour, read):
    dataset = structure_set({"A": [contour(SQUARE)], "B": [contour(SQUARE)]})
    dataset.ROIContourSequence[1].ReferencedROINumber = 1
    read_set, (fault,) = read(dataset)
    assert [s.roi_name for s in read_set] == ["B"]
    assert "in one item, found 2 items" in fault.reason


def test_images_named_by_the_set_and_by_contours_are_collected(structure_set, contour, read):
    by_set, by_contour, series, study, frame = (Dataset() for _ in range(5))
    by_set.ReferencedSOPInstanceUID = "1.9.1"
    by_contour.ReferencedSOPInstanceUID = "1.9.2"
    series.ContourImageSequence = [by_set]
    study.RTReferencedSeriesSequence = [series]
    frame.RTReferencedStudySequence = [study]
    item = contour(SQUARE)
    item.ContourImageSequence = [by_contour]
    dataset = structure_set({"A": [item]})
    dataset.ReferencedFrameOfReferenceSequence = [frame]
    assert read(dataset)[0].referenced_image_uids == {"1.9.1", "1.9.2"}


@pytest.mark.filterwarnings("ignore:Found unknown escape")  # `read` makes it a fault
def test_hostile_names_are_kept_as_written_and_shown_harmless(structure_set, contour, read):
    name = "=cmd\x1b[31mPTV's"
    read_set, faults = read(
        structure_set({name: [], name + "2": [damaged(contour(SQUARE), "ContourData", ["1"])]})
    )
    assert read_set.structures[0].roi_name == name
    assert "\x1b" not in faults[0].reason


def test_trap_decimal_strings_are_parsed_from_their_bytes(structure_set, contour, write, tmp_path):
    angles = np.linspace(0, 2 * np.pi, 500)
    ring = np.column_stack([100 * np.cos(angles), 100 * np.sin(angles), np.full(500, 5.0)])
    dataset = structure_set({"Ring": [contour(ring) for _ in range(60)]})
    path = write(dataset, tmp_path / "rtss.dcm")

    def fastest(function):
        times = []
        for _ in range(3):
            read, _ = read_object(path)
            start = time.process_time()
            function(read)
            times.append(time.process_time() - start)
        return min(times)

    def through_decimal_objects(read):
        for roi in read.ROIContourSequence:
            for item in roi.ContourSequence:
                np.array([float(value) for value in item.ContourData])

    ours = fastest(lambda read: read_structure_set(read, "rtss.dcm"))
    assert fastest(through_decimal_objects) > MIN_SPEEDUP * ours


@pytest.mark.parametrize(
    "name",
    [
        "lung_sbrt/RS.1.2.826.0.1.3680043.2.200.510938627.698.30980.1382.dcm",
        "breast_boost/rtss.dcm",
        "eclipse_prostate/RS.dcm",
        "rider_two_contourings/RTSTRUCT.dcm",
    ],
)
def test_real_coordinates_are_those_of_decimal_objects(test_data, name):
    path = test_data / name
    read_set, faults = read_structure_set(read_object(path)[0], name)
    assert faults == ()
    expected = {
        roi.ReferencedROINumber: [
            np.array([float(value) for value in item.ContourData]).reshape(-1, 3)
            for item in roi.get("ContourSequence") or []
        ]
        for roi in pydicom.dcmread(path, force=True).ROIContourSequence
    }
    for structure in read_set:
        contours = expected.get(structure.roi_number, [])
        assert len(structure.contours) == len(contours)
        for ours, theirs in zip(structure.contours, contours, strict=True):
            np.testing.assert_array_equal(ours.points_mm, theirs)


def test_contours_that_are_to_be_moved_are_left_out(structure_set, contour, read):
    moved, still = contour(SQUARE), contour(SQUARE)
    moved.ContourOffsetVector, still.ContourOffsetVector = ["0", "0", "30"], ["0.0", "0", "-0"]
    read_set, (fault,) = read(structure_set({"Heart": [moved], "Lung_L": [still]}))
    assert [s.roi_name for s in read_set] == ["Lung_L"]
    assert read_set.left_out == ("Heart",)
    assert 'the ROI "Heart" is left out: in contour 1, expected no Contour Offset' in fault.reason
    assert fault.kind is FaultKind.LEFT_OUT


@pytest.mark.parametrize(
    ("ending", "found"), [("\\ ", "an empty value, beside a backslash"), ("\\x", "other text")]
)
def test_what_is_no_number_among_coordinates_is_told(structure_set, contour, read, ending, found):
    drawn = contour(SQUARE)
    encoded = ("\\".join(str(v) for point in SQUARE for v in point) + ending).encode()
    tag = Tag(0x30060050)
    drawn._dict[tag] = RawDataElement(tag, "DS", len(encoded), encoded, 0, False, True)
    _, (fault,) = read_structure_set(structure_set({"Heart": [drawn]}), "rtss.dcm")
    assert f"expected numbers in Contour Data (3006,0050), found {found}" in fault.reason
