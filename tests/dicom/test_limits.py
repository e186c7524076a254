"""Limits: what asks for far more memory or time than its bytes is refused, the rest is read."""

import zipfile

import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from oligort.dicom import (
    archive,
    content,
    contour_items,
    elements,
    files,
    instance,
    passage,
    read,
    repeats,
    rtdose,
    walk,
)
from oligort.dicom.instance import read_object
from oligort.dicom.rtstruct import read_structure_set
from oligort.errors import DicomError

SQUARE = [(0, 0, 5), (10, 0, 5), (10, 10, 5), (0, 10, 5)]


def with_long_contour(dataset, count):
    """Return a structure set whose contour has so many zeros, without an object for each."""
    (contour,) = dataset.ROIContourSequence[0].ContourSequence
    del contour.NumberOfContourPoints
    encoded = b"\\".join([b"0"] * count)
    tag = Tag("ContourData")
    contour[tag] = RawDataElement(tag, "UN", len(encoded), encoded, 0, False, True)
    return dataset


def reasons(submission):
    return [fault.reason for fault in submission.faults]


@pytest.fixture
def export(tmp_path, write, structure_set, dose, contour):
    folder = tmp_path / "export"
    write(structure_set({"Heart": [contour(SQUARE)]}), folder / "rtss.dcm")
    write(dose(), folder / "dose.dcm")
    return folder


def refusal_of(path, message):
    dataset, _ = read_object(path)
    with pytest.raises(DicomError, match=message):
        read_structure_set(dataset, "rtss.dcm")


@pytest.mark.parametrize(("name", "most"), [("MAX_CONTOURS", 1), ("MAX_POINTS", 7)])
@pytest.mark.parametrize("is_fast", [True, False])
def test_more_contours_or_points_than_any_are_refused(
    name, most, is_fast, write, structure_set, contour, tmp_path, monkeypatch
):
    drawn = structure_set({"Heart": [contour(SQUARE), contour(SQUARE)]})
    path = write(drawn, tmp_path / "rtss.dcm", ExplicitVRLittleEndian)
    if not is_fast:  # read item by item
        monkeypatch.setattr(contour_items, "_TYPES", {})
    monkeypatch.setattr(contour_items, name, most)
    refusal_of(path, f"at most {most} contour")


@pytest.mark.parametrize(("name", "most"), [("MAX_CONTOURS", 3), ("MAX_POINTS", 15)])
def test_contours_and_points_are_counted_over_all_rois(
    name, most, write, structure_set, contour, tmp_path, monkeypatch
):
    """Read one by one as well, where no ROI alone has too many."""
    drawn = structure_set({roi: [contour(SQUARE), contour(SQUARE)] for roi in ("Heart", "Cord")})
    path = write(drawn, tmp_path / "rtss.dcm", ExplicitVRLittleEndian)
    monkeypatch.setattr(contour_items, "_TYPES", {})
    monkeypatch.setattr(contour_items, name, most + 1)
    assert len(read_structure_set(read_object(path)[0], "rtss.dcm")[0].structures) == 2
    monkeypatch.setattr(contour_items, name, most)
    refusal_of(path, f"at most {most} contour")


def test_a_sequence_of_more_items_than_any_is_refused(tmp_path, write, structure_set, monkeypatch):
    path = write(structure_set({"Heart": [], "Cord": []}), tmp_path / "rtss.dcm")
    monkeypatch.setattr(elements, "MAX_TEXT_BYTES", 10)  # below, nothing is counted
    monkeypatch.setattr(elements, "MAX_OTHER_ITEMS", 1)
    with pytest.raises(DicomError, match="at most 1 items"):
        elements.items(read_object(path)[0], "StructureSetROISequence")


def test_contours_that_are_read_one_by_one_count_when_their_roi_is_left_out_too(
    tmp_path, write, structure_set, contour, monkeypatch
):
    """A last contour that is none hid from the limits what was read before it, ROI for ROI."""
    broken = [contour(SQUARE), contour(SQUARE), contour([(0, 0, 5)], "CLOSED")]
    drawn = structure_set(dict.fromkeys(("Heart", "Cord", "Liver"), broken))
    path = write(drawn, tmp_path / "rtss.dcm", ExplicitVRLittleEndian)
    left_out = read_structure_set(read_object(path)[0], "rtss.dcm")[0].left_out
    assert left_out == ("Heart", "Cord", "Liver")
    for name, most in (("MAX_ODD_CONTOURS", 8), ("MAX_POINTS", 26)):
        with monkeypatch.context() as patched:
            patched.setattr(contour_items, name, most)
            refusal_of(path, f"at most {most} contour")


def test_more_elements_than_any_object_has_are_not_looked_at(export, write, plan, monkeypatch):
    """Whoever fills an item with millions of elements holds nobody up."""
    write(plan(), export / "plan.dcm", ExplicitVRLittleEndian)
    monkeypatch.setattr(repeats, "MAX_LOOKED", 20)
    assert "at most 20 elements" in " ".join(reasons(read.read(export)))


def test_an_item_of_more_elements_than_a_contour_has_is_not_walked(
    tmp_path, write, structure_set, contour, monkeypatch
):
    """It is read one by one, and nothing is lost."""
    path = write(structure_set({"Heart": [contour(SQUARE)]}), tmp_path / "rtss.dcm")
    assert contour_items.drawn_rois(read_object(path)[0])
    monkeypatch.setattr(walk, "MAX_ELEMENTS", 2)
    dataset, _ = read_object(path)
    assert contour_items.drawn_rois(dataset) is None
    assert len(read_structure_set(dataset, "rtss.dcm")[0].structures[0].contours) == 1


def test_long_numbers_are_not_read(tmp_path, write, structure_set, contour):
    drawn = structure_set({"Heart": [contour(SQUARE)]})
    with_long_contour(drawn, elements.MAX_VALUE_BYTES // 2 + 3)
    dataset, _ = read_object(write(drawn, tmp_path / "rtss.dcm", ExplicitVRLittleEndian))
    (item,) = elements.items(elements.items(dataset, "ROIContourSequence")[0], "ContourSequence")
    with pytest.raises(DicomError, match="at most 8388608 bytes"):
        elements.numbers(item, "ContourData")


@pytest.mark.filterwarnings("ignore:The PN component length")
def test_long_values_of_headers_are_not_kept_and_still_refused(export, write, plan):
    """A megabyte in front of the patient, and a name that is too long to be one."""
    planned = plan()
    planned.add_new(0x00090010, "LO", "SOMEBODY")
    planned.add_new(0x00091001, "OB", bytes(2**20))
    path = write(planned, export / "plan.dcm", ExplicitVRLittleEndian)
    header = instance.recognise(path).header
    assert sum(len(e.value or b"") for e in header.values()) < 2 * elements.MAX_TEXT_BYTES
    assert len(read.read(export).plans) == 1
    planned.PatientName = "A" * (elements.MAX_TEXT_BYTES + 2)
    write(planned, path)
    (reason,) = reasons(read.read(export))
    assert "at most 65536 bytes in Patient's Name" in reason


def test_more_voxels_than_any_dose_has_are_refused(export, monkeypatch):
    monkeypatch.setattr(rtdose, "MAX_VOXELS", 4 * 3 * 5)
    assert read.read(export).doses[0].refusal == ""
    monkeypatch.setattr(rtdose, "MAX_VOXELS", 4 * 3 * 5 - 1)
    assert "at most 59 voxels" in read.read(export).doses[0].refusal


def test_what_there_is_no_memory_for_is_a_fault(export, monkeypatch):
    def without_memory(*_):
        raise MemoryError

    monkeypatch.setattr(read, "read_dose", without_memory)
    submission = read.read(export)
    assert reasons(submission) == [read.NO_MEMORY]
    assert len(submission.structure_sets) == 1


def test_members_and_archives_are_unpacked_up_to_one_limit(export, tmp_path, monkeypatch):
    folder = tmp_path / "packed"
    folder.mkdir()
    for name in ("rtss", "dose"):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as writing:
            writing.write(export / f"{name}.dcm", f"{name}.dcm")
    dose_bytes = (export / "dose.dcm").stat().st_size
    drawn_bytes = (export / "rtss.dcm").stat().st_size
    monkeypatch.setattr(files, "MAX_UNPACKED_BYTES", dose_bytes + drawn_bytes)
    assert read.read(folder).faults == ()
    monkeypatch.setattr(files, "MAX_UNPACKED_BYTES", dose_bytes + drawn_bytes - 1)
    (reason,) = reasons(read.read(folder))
    assert "with its other archives" in reason
    monkeypatch.undo()
    largest = max(dose_bytes, drawn_bytes)
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", largest - 1)
    (reason,) = reasons(read.read(folder))
    assert "the most that is read of one file" in reason


def test_a_bomb_of_contours_is_refused_quickly(export, write, structure_set, contour):
    """Twelve megabytes of one contour in some kilobytes: refused, and the rest is read."""
    drawn = with_long_contour(structure_set({"GTV": [contour(SQUARE)]}, "1.2.99"), 6_000_000)
    path = write(drawn, export / "bomb.dcm", DeflatedExplicitVRLittleEndian)
    assert path.stat().st_size < 100_000
    submission = read.read(export)
    assert [s.file for s in submission.structure_sets if not s.left_out] == ["rtss.dcm"]
    (reason,) = reasons(submission)
    assert "8388608" in reason


def without_lengths(dataset):
    """Write every sequence and item of undefined length, as some systems do."""
    for element in dataset:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                without_lengths(item)
    return dataset


def of_a_vendor(structure_set, contours, count):
    """Return a structure set of so many contours, with a private sequence in each ROI."""
    drawn = structure_set({name: [contours] * count for name in ("Heart", "Cord")})
    for roi in drawn.ROIContourSequence:
        inner = Dataset()
        inner.private_block(0x3009, "VENDOR", create=True).add_new(1, "SQ", [Dataset()])
        roi.private_block(0x3007, "VENDOR", create=True).add_new(1, "SQ", [inner])
    return without_lengths(drawn)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
)
@pytest.mark.parametrize("is_unknown", [False, True])
def test_as_many_contours_of_undefined_length_as_any_are_read(
    syntax, is_unknown, tmp_path, write, structure_set, contour, monkeypatch
):
    """Whatever vendors put between them, work grows with the bytes and no count is reached."""
    if is_unknown and syntax != ExplicitVRLittleEndian:
        return
    path = write(of_a_vendor(structure_set, contour(SQUARE), 200), tmp_path / "a.dcm", syntax)
    if is_unknown:  # what becomes of private sequences where they are not known: implicit VR in UN
        encoded = path.read_bytes()
        known = b"\x07\x30\x01\x10SQ\0\0\xff\xff\xff\xff"
        inner = b"\x09\x30\x01\x10SQ\0\0\xff\xff\xff\xff"
        assert encoded.count(known) == encoded.count(inner) == 2
        encoded = encoded.replace(known, known.replace(b"SQ", b"UN"))
        creator = b"\x09\x30\x10\x00LO\x06\0"
        encoded = encoded.replace(creator, b"\x09\x30\x10\x00\x06\0\0\0")
        path.write_bytes(encoded.replace(inner, b"\x09\x30\x01\x10\xff\xff\xff\xff"))
    monkeypatch.setattr(content, "HEAD_BYTES", 1024)
    monkeypatch.setattr(content, "MAX_READS", 200)  # 400 contours of some 20 reads each
    (drawn,) = read.read(path).structure_sets
    assert [len(structure.contours) for structure in drawn] == [200, 200]


@pytest.mark.parametrize("name", ["MAX_PASSED", "MAX_NESTING"])
def test_what_is_passed_over_has_a_limit(name, export, write, structure_set, contour, monkeypatch):
    write(of_a_vendor(structure_set, contour(SQUARE), 20), export / "bomb.dcm")
    monkeypatch.setattr(passage, name, 3)
    monkeypatch.setattr(content, "HEAD_BYTES", 1024)
    monkeypatch.setattr(content, "MAX_READS", 300)
    submission = read.read(export)
    assert [one.file for one in submission.structure_sets] == ["rtss.dcm"]
    (reason,) = reasons(submission)
    assert "found more" in reason


def test_more_rois_than_any_structure_set_has_are_refused(structure_set, monkeypatch):
    monkeypatch.setattr("oligort.dicom.rtstruct.MAX_ROIS", 2)
    assert len(read_structure_set(structure_set({"A": None, "B": None}), "RS.dcm")[0]) == 2
    with pytest.raises(DicomError, match="expected at most 2 ROIs, found 3"):
        read_structure_set(structure_set({"A": None, "B": None, "C": None}), "RS.dcm")
