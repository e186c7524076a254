"""Contours read at once against contours read one by one: the same structures, or refusals."""

import warnings

import numpy as np
import pytest
from draws import first
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RTStructureSetStorage,
)

from oligort.dicom import instance, rtstruct
from oligort.dicom.contour_items import drawn_rois
from oligort.dicom.elements import as_written
from oligort.dicom.instance import read_object, recognise
from oligort.dicom.repeats import ROI_CONTOUR_SEQUENCE, refuse_repeats_in_items
from oligort.errors import DicomError

SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]

USUAL_FILES = [
    "lung_sbrt/RS.1.2.826.0.1.3680043.2.200.510938627.698.30980.1382.dcm",
    "breast_boost/rtss.dcm",
    "eclipse_prostate/RS.dcm",
    "rider_two_contourings/RTSTRUCT.dcm",
]


def answer(path):
    """What a file gives, to be compared; a refusal is its message."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, of damaged values
        try:
            read_set, faults = rtstruct.read_structure_set(read_object(path)[0], "rtss.dcm")
        except DicomError as error:
            return str(error)
    structures = [
        (
            structure.roi_number,
            structure.roi_name,
            structure.interpreted_type,
            structure.frame_of_reference_uid,
            [
                (c.geometric_type, c.points_mm.shape, c.points_mm.tobytes())
                for c in structure.contours
            ],
        )
        for structure in read_set
    ]
    told = (read_set.sop_instance_uid, read_set.label, read_set.frame_of_reference_uid)
    return structures, faults, told, read_set.referenced_image_uids, read_set.left_out


def nothing_at_once(dataset):
    """Read nothing at once, but refuse what hides something: read one by one it would be lost."""
    element = as_written(dataset, ROI_CONTOUR_SEQUENCE) if ROI_CONTOUR_SEQUENCE in dataset else None
    if isinstance(element, RawDataElement) and isinstance(element.value, bytes):
        refuse_repeats_in_items(element)


def answer_one_by_one(path):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rtstruct, "drawn_rois", nothing_at_once)
        patched.setattr(instance, "_with_measured_sequences", lambda _: None)
        return answer(path)


def is_read_at_once(path):
    return drawn_rois(read_object(path)[0]) is not None


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("contours") / "rtss.dcm"


def test_all_real_structure_sets_are_read_alike(test_data):
    compared = set()
    for path in sorted(test_data.rglob("*")):
        try:
            if path.is_dir() or recognise(path).kind is not instance.Kind.RTSTRUCT:
                continue
        except DicomError:
            continue
        assert answer(path) == answer_one_by_one(path), path.name
        compared.add(path.relative_to(test_data).as_posix())
    assert compared.issuperset(USUAL_FILES)


@pytest.mark.parametrize("name", USUAL_FILES)
def test_real_structure_sets_are_read_at_once(test_data, name):
    assert is_read_at_once(test_data / name)


coordinates = st.floats(-400, 400).map(lambda value: f"{value:.4g}") | st.floats(-2e4, 2e4).map(
    lambda value: f"{value:.3f}"
)
odd_coordinates = st.sampled_from(["", "nan", "1_0", "x", " 1", "-1e2", "+.5", "1e9"])
counts = st.sampled_from(["right", "right", "right", "right", "wrong", "absent"])
types = st.sampled_from(["CLOSED_PLANAR"] * 6 + ["POINT", "CLOSEDPLANAR_XOR", "BLOB", ""])


@st.composite
def contour_items(draw, is_odd):
    item = Dataset()
    values = draw(
        st.lists(coordinates, min_size=3, max_size=30).map(lambda v: v[: len(v) // 3 * 3])
    )
    if is_odd and draw(st.integers(0, 3)) == 0:
        values[draw(st.integers(0, len(values) - 1))] = draw(odd_coordinates)
    item.add_new("ContourGeometricType", "CS", draw(types) if is_odd else "CLOSED_PLANAR")
    count = draw(counts) if is_odd else "right"
    if count != "absent":
        item.NumberOfContourPoints = len(values) // 3 + (count == "wrong")
    if not is_odd or draw(st.integers(0, 9)):
        item.add_new("ContourData", "DS", b"")
        item["ContourData"]._value = values
    images = [Dataset() for _ in range(draw(st.integers(0, 2)))]
    for image in images:
        image.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        image.ReferencedSOPInstanceUID = draw(st.sampled_from(["1.9.1", "1.9.22", "1.9.333"]))
    if images or draw(st.booleans()):
        item.ContourImageSequence = images
    return item


@st.composite
def structure_sets(draw, is_odd=True):
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = RTStructureSetStorage, "1.2.1"
    dataset.Modality, dataset.PatientID = "RTSTRUCT", "PT-0017"
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        roi, drawn = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName = number, f"ROI {number}"
        if not is_odd or draw(st.integers(0, 9)):
            drawn.ReferencedROINumber = (
                draw(st.sampled_from([number] * 9 + [1])) if is_odd else number
            )
        if draw(st.integers(0, 5)):
            drawn.ContourSequence = draw(st.lists(contour_items(is_odd), max_size=4))
        drawn.ROIDisplayColor = [255, 0, 0]
        dataset.StructureSetROISequence.append(roi)
        dataset.ROIContourSequence.append(drawn)
    dataset.ApprovalStatus = "APPROVED"
    _draw_lengths(draw, dataset)
    return dataset


def _draw_lengths(draw, dataset):
    """Leave the lengths of some sequences and items undefined."""
    for element in dataset:
        if element.VR == "SQ":
            element.is_undefined_length = draw(st.booleans())
            for item in element.value:
                item.is_undefined_length_sequence_item = draw(st.booleans())
                _draw_lengths(draw, item)


often = settings(
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("part", first(1, 3))
@often
@given(dataset=structure_sets(), syntax=st.sampled_from(SYNTAXES))
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of the odd values written
def test_random_structure_sets_are_read_alike(part, scratch, write, dataset, syntax):
    path = write(dataset, scratch, syntax)
    assert answer(path) == answer_one_by_one(path)


@pytest.mark.parametrize("part", first(1, 3))
@often
@given(dataset=structure_sets(is_odd=False), syntax=st.sampled_from(SYNTAXES))
def test_plain_structure_sets_are_read_at_once(part, scratch, write, dataset, syntax):
    path = write(dataset, scratch, syntax)
    assert is_read_at_once(path)
    assert answer(path) == answer_one_by_one(path)


STRUCTURAL = [
    *("ROIContourSequence", "ContourSequence", "ContourImageSequence", "ContourData"),
    *("ContourGeometricType", "NumberOfContourPoints", "ReferencedROINumber"),
    "ReferencedSOPInstanceUID",
]
STRUCTURAL_TAGS = [tag_for_keyword(k) for k in STRUCTURAL] + [0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD]


def places_of(tag, encoded, syntax):
    """Where a tag stands in a file: its bytes, VR and length are what damage hurts most."""
    order = "big" if syntax == ExplicitVRBigEndian else "little"
    wanted = b"".join(part.to_bytes(2, order) for part in (tag >> 16, tag & 0xFFFF))
    places = [-4]
    while (place := encoded.find(wanted, places[-1] + 4)) >= 0:
        places.append(place)
    return places[1:]


@pytest.mark.parametrize("part", first(1, 4))
@settings(often, max_examples=125)
@given(
    dataset=structure_sets(is_odd=False),
    syntax=st.sampled_from(SYNTAXES),
    tags=st.lists(st.sampled_from([None, *STRUCTURAL_TAGS]), min_size=1, max_size=3),
    data=st.data(),
)
def test_damaged_files_are_read_or_refused_alike(part, scratch, write, dataset, syntax, tags, data):
    encoded = bytearray(write(dataset, scratch, syntax).read_bytes())
    for tag in tags:
        places = [] if tag is None else places_of(tag, encoded, syntax)
        if places:
            at = data.draw(st.sampled_from(places)) + data.draw(st.integers(0, 14))
        else:
            at = data.draw(st.integers(132, len(encoded) - 1))
        damage = data.draw(st.binary(max_size=8))
        if at < len(encoded) and data.draw(st.booleans()):  # a little off, as a length may be
            damage = bytes([(encoded[at] + data.draw(st.integers(-8, 8))) % 256])
        is_inserted = data.draw(st.integers(0, 3)) == 0
        encoded[at : at + (0 if is_inserted else len(damage))] = damage
    scratch.write_bytes(encoded)
    assert answer(scratch) == answer_one_by_one(scratch)


def renamed(encoded, keyword, vr, other_vr):
    """Give the first element of this name another VR, as a file in explicit little endian."""
    tag = tag_for_keyword(keyword)
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
    assert head + vr in encoded
    return encoded.replace(head + vr, head + other_vr, 1)


@pytest.mark.parametrize(
    ("keyword", "vr", "other_vr"),
    [
        ("ContourGeometricType", b"CS", b"FD"),
        ("NumberOfContourPoints", b"IS", b"US"),
        ("ContourData", b"DS", b"LO"),
        ("ContourData", b"DS", b"FD"),
        ("ReferencedROINumber", b"IS", b"UL"),
        ("ReferencedSOPInstanceUID", b"UI", b"UL"),
        ("ContourSequence", b"SQ", b"OB"),
        ("ContourImageSequence", b"SQ", b"OB"),
    ],
)
def test_values_of_another_vr_are_read_or_refused_alike(
    structure_set, contour, write, scratch, keyword, vr, other_vr
):
    image, item = Dataset(), contour([(0, 0, 5), (10, 0, 5), (10, 10, 5)])
    image.ReferencedSOPInstanceUID = "1.9.1234"
    item.ContourImageSequence = [image]
    path = write(structure_set({"A": [item]}), scratch, ExplicitVRLittleEndian)
    path.write_bytes(renamed(path.read_bytes(), keyword, vr, other_vr))
    assert not is_read_at_once(path)
    assert answer(path) == answer_one_by_one(path)


@pytest.mark.parametrize("uid", ["1.9.a", "1.9\\1.8", "1 9", ""])
def test_uids_that_are_none_are_read_alike(structure_set, contour, write, scratch, uid):
    image, item = Dataset(), contour([(0, 0, 5), (10, 0, 5), (10, 10, 5)])
    image.ReferencedSOPInstanceUID = "1.9.1234"
    item.ContourImageSequence = [image]
    path = write(structure_set({"A": [item]}), scratch)
    path.write_bytes(path.read_bytes().replace(b"1.9.1234", uid.encode().ljust(8, b"\0")))
    assert answer(path) == answer_one_by_one(path)


@pytest.mark.parametrize("is_closed", [True, False])
def test_sequences_nested_without_end_are_refused_alike(structure_set, write, scratch, is_closed):
    head = b"\x06\x30\x40\x00" + b"\xff" * 4 + b"\xfe\xff\x00\xe0" + b"\xff" * 4
    tail = b"\xfe\xff\x0d\xe0" + bytes(4) + b"\xfe\xff\xdd\xe0" + bytes(4)
    deep = 3000 * head + (3000 * tail if is_closed else b"")
    path = write(structure_set({}), scratch)
    empty = b"\x06\x30\x39\x00" + bytes(4)
    encoded = path.read_bytes()
    assert empty in encoded
    path.write_bytes(
        encoded.replace(empty, empty[:4] + head[4:] + deep + (tail if is_closed else b""))
    )
    for refusal in (answer(path), answer_one_by_one(path)):
        assert refusal.startswith("the DICOM elements cannot be read: maximum recursion depth")


def test_points_of_all_contours_are_held_once_and_read_only(structure_set, contour, write, scratch):
    square = [(0, 0, 5), (10, 0, 5), (10, 10, 5), (0, 10, 5)]
    path = write(structure_set({"A": [contour(square)] * 2, "B": [contour(square)]}), scratch)
    rois = drawn_rois(read_object(path)[0])
    held = {id(c.points_mm.base) for roi in rois for c in roi.contours}
    assert [len(roi.contours) for roi in rois] == [2, 1]
    assert len(held) == 1
    with pytest.raises(ValueError, match="read-only"):
        rois[0].contours[0].points_mm[0, 0] = 1
    np.testing.assert_array_equal(rois[1].contours[0].points_mm, square)
