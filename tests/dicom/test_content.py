"""Content: deflated files are read as if they were not, and refused where they hold too much."""

import zlib

import pydicom
import pytest
from pydicom.uid import CTImageStorage, DeflatedExplicitVRLittleEndian

from oligort.dicom import content
from oligort.dicom.instance import read_header, read_object, recognise
from oligort.dicom.read import read
from oligort.dicom.sop_class import Kind
from oligort.errors import DicomError


@pytest.fixture
def deflated(tmp_path, write):
    def written(dataset):
        return write(dataset, tmp_path / "deflated.dcm", DeflatedExplicitVRLittleEndian)

    return written


def stream_of(path):
    """Return the bytes before the deflated stream, and those of the stream."""
    encoded = path.read_bytes()
    end = 144 + int.from_bytes(encoded[140:144], "little")
    return encoded[:end], encoded[end:]


def test_deflated_objects_are_read_as_they_were_written(deflated, structure_set, dose, contour):
    loop = contour([(0, 0, 1), (9, 0, 1), (9, 9, 1)])
    path = deflated(structure_set({"Heart": [loop]}))
    assert DeflatedExplicitVRLittleEndian.encode() in path.read_bytes()[:400]
    (heart,) = read(path).structure_sets[0]
    assert (heart.roi_name, len(heart.contours[0].points_mm)) == ("Heart", 3)
    (stored,) = read(deflated(dose())).doses
    assert stored.grid.maximum_gy == pytest.approx(0.59, abs=1e-12)  # 59 steps of 0.01 Gy


def test_digest_is_of_the_bytes_in_the_file(deflated, dose):
    import hashlib

    path = deflated(dose())
    assert read_object(path)[1] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_deflated_image_is_told_by_its_header(deflated, dose):
    dataset = dose()
    dataset.SOPClassUID, dataset.Modality = CTImageStorage, "CT"
    path = deflated(dataset)
    assert recognise(path).kind is Kind.CT
    assert "PixelData" not in read_header(path)[0]


def test_deflated_file_that_unfolds_to_too_much_is_refused(deflated, dose, monkeypatch):
    path = deflated(dose())
    before, stream = stream_of(path)
    unfolded = len(zlib.decompress(stream, -zlib.MAX_WBITS))
    monkeypatch.setattr(content, "MAX_UNFOLDED_BYTES", unfolded)
    assert len(content.as_parsed(path.read_bytes())) == len(before) + unfolded
    monkeypatch.setattr(content, "MAX_UNFOLDED_BYTES", unfolded - 1)
    with pytest.raises(DicomError, match="unfold to more than"):
        read_object(path)


def test_deflated_files_of_one_reading_unfold_to_so_much_together(
    tmp_path, write, dose, structure_set, monkeypatch
):
    """Whatever is not deflated is read all the same; and a file that is read twice counts once."""
    for number in range(3):
        path = write(
            dose(uid=f"1.2.9.{number}"),
            tmp_path / f"{number}.dcm",
            DeflatedExplicitVRLittleEndian,
        )
    write(structure_set({"Heart": []}), tmp_path / "rs.dcm")
    each = len(zlib.decompress(stream_of(path)[1], -zlib.MAX_WBITS))
    monkeypatch.setattr(content, "MAX_UNFOLDED_BYTES_OF_READ", 3 * each)
    for _ in range(2):  # of each reading anew
        assert read(tmp_path).faults == ()
    monkeypatch.setattr(content, "MAX_UNFOLDED_BYTES_OF_READ", 3 * each - 1)
    submission = read(tmp_path)
    assert [one.file for one in submission.doses] == ["0.dcm", "1.dcm"]
    assert len(submission.structure_sets) == 1
    (fault,) = submission.faults
    assert fault.file == "2.dcm"
    assert "the most that is unfolded of one submission" in fault.reason


@pytest.mark.parametrize("damage", ["too much", "truncated"])
def test_what_is_refused_counts_among_the_deflated_files_of_a_reading(
    damage, tmp_path, write, dose, structure_set, monkeypatch
):
    path = write(dose(), tmp_path / "a.dcm", DeflatedExplicitVRLittleEndian)
    write(dose(uid="1.2.9.2"), tmp_path / "b.dcm", DeflatedExplicitVRLittleEndian)
    write(structure_set({"Heart": []}), tmp_path / "rs.dcm")
    before, stream = stream_of(path)
    each = len(zlib.decompress(stream, -zlib.MAX_WBITS))
    if damage == "truncated":
        path.write_bytes(before + stream[:-4])
    else:
        monkeypatch.setattr(content, "MAX_UNFOLDED_BYTES", each - 1)
    monkeypatch.setattr(content, "MAX_UNFOLDED_BYTES_OF_READ", each)
    reasons = [fault.reason for fault in read(tmp_path).faults]
    assert len(reasons) == 2
    assert "the most that is unfolded of one submission" in reasons[1]


@pytest.mark.parametrize("length", [None, 0, 64, 2**31])
def test_deflated_elements_are_found_without_the_stated_length_of_what_is_before(
    deflated, dose, length
):
    path = deflated(dose())
    encoded = path.read_bytes()
    stated = b"" if length is None else encoded[132:140] + length.to_bytes(4, "little")
    path.write_bytes(encoded[:132] + stated + encoded[144:])
    (stored,) = read(path).doses
    assert stored.grid.maximum_gy == pytest.approx(0.59, abs=1e-12)


def test_nothing_is_unfolded_but_by_the_bounded_reader(deflated, dose, tmp_path, monkeypatch):
    """Not by pydicom, which asks for no limit: also not in an index, or behind a damaged syntax."""
    path = deflated(dose())
    encoded = path.read_bytes()
    monkeypatch.setattr(content, "MAX_UNFOLDED_BYTES", 64)
    for named in (path, tmp_path / "DICOMDIR"):
        for before in (encoded[:132], encoded[:144]):
            named.write_bytes(before + encoded[144:])
            with pytest.raises(DicomError, match="unfold to more than"):
                read(path)
    monkeypatch.setattr(content, "META_BYTES", 16)  # the meta information is longer than that
    for head_bytes in (content.HEAD_BYTES, 16):  # read plainly, or bounded
        monkeypatch.setattr(content, "HEAD_BYTES", head_bytes)
        with pytest.raises(DicomError, match="they are not unfolded"):
            read_object(path)


def test_an_object_of_more_elements_than_any_is_refused(tmp_path, write, dose, monkeypatch):
    path = write(dose(), tmp_path / "dose.dcm")
    monkeypatch.setattr(content, "MAX_READS", 20)
    monkeypatch.setattr(content, "HEAD_BYTES", 16)
    with pytest.raises(DicomError, match="more than 10"):
        read_object(path)


def test_items_of_undefined_length_are_counted_too(tmp_path, write, structure_set, monkeypatch):
    """Within an item pydicom turns what is raised into an error of its own."""
    drawn = structure_set({name: [] for name in "abcdefgh"})
    drawn["StructureSetROISequence"].is_undefined_length = True
    path = write(drawn, tmp_path / "rtss.dcm")
    monkeypatch.setattr(content, "HEAD_BYTES", 16)
    monkeypatch.setattr(content, "MAX_READS", 40)
    with pytest.raises(DicomError, match="more than 20"):
        content.elements_of(path.read_bytes())


def test_an_object_larger_than_any_is_refused(tmp_path, write, dose, monkeypatch):
    path = write(dose(), tmp_path / "dose.dcm")
    monkeypatch.setattr(content, "MAX_OBJECT_BYTES", path.stat().st_size)
    assert len(content.stored_bytes_of(path)) == path.stat().st_size
    monkeypatch.setattr(content, "MAX_OBJECT_BYTES", path.stat().st_size - 1)
    with pytest.raises(DicomError, match="larger than"):
        read_object(path)


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_deflated_file_that_ends_early_is_truncated(deflated, dose, kept):
    path = deflated(dose())
    before, stream = stream_of(path)
    path.write_bytes(before + stream[: int(kept * len(stream))])
    with pytest.raises(DicomError, match="truncated"):
        read_object(path)


def test_damaged_stream_is_refused(deflated, dose):
    path = deflated(dose())
    before, stream = stream_of(path)
    path.write_bytes(before + bytes(255 - byte for byte in stream))
    with pytest.raises(DicomError, match="damaged"):
        read_object(path)


def test_what_is_not_deflated_stays_as_it_is(tmp_path, write, dose):
    encoded = write(dose(), tmp_path / "dose.dcm").read_bytes()
    assert content.as_parsed(encoded) is encoded
    assert content.as_parsed(encoded[:120]) == encoded[:120]
    assert not content.is_deflated(b"")
    # named in the elements, not by the file meta information
    assert not content.is_deflated(encoded + content.DEFLATED)
    assert pydicom.uid.DeflatedExplicitVRLittleEndian == content.DEFLATED.decode()
