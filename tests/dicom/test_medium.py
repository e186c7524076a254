"""Media: the index of a DICOM medium says what belongs to it, and what is missing is told."""

import os
import struct
import warnings
import zipfile

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import MediaStorageDirectoryStorage

from oligort.dicom.medium import medium_of
from oligort.dicom.read import read
from oligort.errors import DicomError
from oligort.objects import FaultKind


@pytest.fixture
def medium(tmp_path, write, structure_set, dose, plan):
    """A medium with three objects, of which its index lists those that are asked for."""
    folder = tmp_path / "medium"
    write(structure_set({"Heart": []}), folder / "DICOM" / "RS")
    write(dose(), folder / "DICOM" / "SUB" / "RD")
    write(plan(), folder / "not listed")

    def listing(*file_ids):
        index = Dataset()
        index.SOPClassUID, index.SOPInstanceUID = MediaStorageDirectoryStorage, "1.2.77"
        index.DirectoryRecordSequence = [Dataset()]  # of the patient: it refers to no file
        for file_id in file_ids:
            record = Dataset()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an id may be one that no medium has
                record.ReferencedFileID = list(file_id)
            index.DirectoryRecordSequence.append(record)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return write(index, folder / "DICOMDIR")

    return listing


BOTH = (("DICOM", "RS"), ("DICOM", "SUB", "RD"))


def test_index_gives_what_it_lists(medium):
    submission = read(medium(*BOTH))
    assert [s.file for s in submission.structure_sets] == ["DICOM/RS"]
    assert [d.file for d in submission.doses] == ["DICOM/SUB/RD"]
    assert submission.plans == ()
    assert submission.faults == ()


def test_what_an_index_lists_is_left_out_with_it_and_is_all_that_it_stands_for(medium):
    index = medium(("DICOM", "SUB", "RD"))
    rest = read(index.parent, without=index)
    assert (len(rest.structure_sets), len(rest.doses), len(rest.plans)) == (1, 0, 1)
    assert len(read(index, without=[index]).doses) == 1


def test_letters_of_file_ids_may_be_of_another_case(medium):
    assert len(read(medium(("dicom", "rs"))).structure_sets) == 1


def test_folder_with_an_index_gives_all_that_is_there(medium):
    submission = read(medium(*BOTH).parent)
    assert (len(submission.structure_sets), len(submission.doses), len(submission.plans)) == (
        1,
    ) * 3
    assert submission.faults == ()


@pytest.mark.parametrize("ask_for_index", [True, False])
def test_what_the_index_lists_and_is_not_there_is_a_fault(medium, ask_for_index):
    index = medium(*BOTH, ("DICOM", "CT1"), ("GONE", "CT2"), ("DICOM", "RS", "BELOW"))
    (fault,) = read(index if ask_for_index else index.parent).faults
    assert fault.file == "DICOMDIR"
    assert "3 files that are not there" in fault.reason
    assert '"DICOM/CT1", "GONE/CT2"' in fault.reason


def test_a_folder_of_that_name_is_a_folder(tmp_path, write, dose):
    write(dose(), tmp_path / "DICOMDIR" / "RD")
    assert len(read(tmp_path / "DICOMDIR").doses) == len(read(tmp_path).doses) == 1


def test_a_pipe_of_that_name_is_not_opened(tmp_path, write, dose):
    write(dose(), tmp_path / "RD")
    os.mkfifo(tmp_path / "DICOMDIR")
    submission = read(tmp_path)
    assert len(submission.doses) == 1
    assert [(fault.file, fault.reason) for fault in submission.faults] == [
        ("DICOMDIR", "not a regular file")
    ]


def test_index_leads_nowhere_else(medium, tmp_path, write, dose):
    write(dose(uid="1.2.88"), tmp_path / "elsewhere")
    index = medium(*BOTH, ("..", "elsewhere"), (str(tmp_path), "elsewhere"))
    submission = read(index)
    assert len(submission.doses) == 1
    (fault,) = submission.faults
    assert "2 files that are not there" in fault.reason


def test_index_that_cannot_be_read_is_told(medium):
    index = medium(*BOTH)
    encoded = index.read_bytes()
    index.write_bytes(encoded[:-10])
    folder = index.parent
    assert len(read(folder).doses) == 1
    index.write_bytes(b"")
    with pytest.raises(DicomError, match="expected at least one"):
        read(index)


@pytest.mark.parametrize("is_undefined", [False, True])
def test_an_index_cut_short_is_told_wherever_it_is_cut(is_undefined, medium):
    """What it still lists is read, and it is told that there may be more."""
    index = medium(*BOTH, ("NOT LISTED",))
    records = pydicom.dcmread(index)
    if is_undefined:
        records["DirectoryRecordSequence"].is_undefined_length = True
        for record in records.DirectoryRecordSequence:
            record.is_undefined_length_sequence_item = True
        records.save_as(index)
    encoded = index.read_bytes()
    for end in range(len(encoded)):
        index.write_bytes(encoded[:end])
        found = medium_of(index)
        assert found.trouble or len(found.files) == 3, end
    index.write_bytes(encoded[: encoded.index(b"DICOM\\SUB")])
    (fault,) = read(index.parent).faults
    assert fault.file == "DICOMDIR"
    assert fault.kind is FaultKind.UNREADABLE
    if not is_undefined:
        assert "may be missing from it" in fault.reason
        assert len(read(index).structure_sets) == 1


@pytest.mark.parametrize("is_record", [False, True])
@pytest.mark.parametrize("ask_for_index", [False, True])
def test_an_index_that_says_two_things_is_told(ask_for_index, is_record, medium):
    """Of two sequences of records, or two names in one, readers keep the last and say nothing."""
    index = medium(*BOTH)
    encoded = index.read_bytes()
    if is_record:
        name = b"\x04\0\0\x15" + struct.pack("<L", 8) + b"DICOM\\RS"  # implicit VR
        begin = encoded.index(b"\x04\0\0\x15")
        length = int.from_bytes(encoded[begin + 4 : begin + 8], "little")
        assert encoded[begin + 8 : begin + 8 + length] == b"DICOM\\RS"
        behind = begin + 8 + length
        again = name.replace(b"RS", b"R2")
        encoded = encoded[:behind] + again + encoded[behind:]
        for head in (b"\xfe\xff\0\xe0", b"\x04\0\x20\x12"):  # its item and the sequence
            at = encoded.rindex(head, 0, begin) + 4
            stated = int.from_bytes(encoded[at : at + 4], "little") + len(again)
            encoded = encoded[:at] + stated.to_bytes(4, "little") + encoded[at + 4 :]
    else:
        only_one = medium(BOTH[1]).read_bytes()
        encoded += only_one[only_one.index(b"\x04\0\x20\x12") :]
    index.write_bytes(encoded)
    faults = read(index if ask_for_index else index.parent).faults
    (told,) = (fault for fault in faults if "found it twice" in fault.reason)
    assert told.file == "DICOMDIR"
    assert told.kind is not FaultKind.FOREIGN
    assert "may be missing from it" in told.reason


def test_an_index_of_more_elements_than_files_have_is_told(medium, monkeypatch):
    index = medium(*BOTH)
    assert read(index).faults == ()
    monkeypatch.setattr("oligort.dicom.medium.MAX_RECORD_ELEMENTS", 5)
    assert medium_of(index).files == ()
    (fault,) = read(index.parent).faults
    assert "at most 5 elements" in fault.reason


@pytest.mark.parametrize("content", [b"\0" * 900, b"no object", None])
def test_what_an_index_lists_and_is_no_object_is_a_fault(content, medium):
    """Zeroed, overwritten with text, or one byte of the marker damaged."""
    index = medium(*BOTH)
    listed = index.parent / "DICOM" / "SUB" / "RD"
    encoded = listed.read_bytes()
    listed.write_bytes(encoded[:130] + b"X" + encoded[131:] if content is None else content)
    for given in (index, index.parent):
        faults = [fault for fault in read(given).faults if fault.file.endswith("RD")]
        assert [fault.kind for fault in faults] == [FaultKind.UNREADABLE]
        assert "the index of its medium lists it" in faults[0].reason


@pytest.fixture
def zipped(tmp_path):
    """Pack a folder into a zip, below a folder of that or at its top."""

    def pack(folder, within):
        with zipfile.ZipFile(tmp_path / "medium.zip", "w") as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, within + path.relative_to(folder).as_posix())
        return tmp_path / "medium.zip"

    return pack


@pytest.mark.parametrize("within", ["", "of a CD/"])
@pytest.mark.parametrize("content", [b"\0" * 900, b"no object", None])
def test_what_the_index_in_a_zip_lists_and_is_no_object_is_a_fault(within, content, medium, zipped):
    index = medium(("dicom", "rs"), ("DICOM", "SUB", "RD"))
    assert read(zipped(index.parent, within)).faults == ()
    listed = index.parent / "DICOM" / "SUB" / "RD"
    encoded = listed.read_bytes()
    listed.write_bytes(encoded[:130] + b"X" + encoded[131:] if content is None else content)
    (fault,) = read(zipped(index.parent, within)).faults
    assert fault.file == f"medium.zip/{within}DICOM/SUB/RD"
    assert fault.kind is FaultKind.UNREADABLE
    assert "the index of its medium lists it" in fault.reason


@pytest.mark.parametrize("within", ["", "of a CD/"])
def test_what_the_index_in_a_zip_lists_and_is_not_there_is_a_fault(within, medium, zipped):
    index = medium(*BOTH)
    (index.parent / "DICOM" / "SUB" / "RD").unlink()
    (fault,) = read(zipped(index.parent, within)).faults
    assert fault.file == f"medium.zip/{within}DICOMDIR"
    assert fault.reason == 'it lists 1 files that are not there: "DICOM/SUB/RD"'


def test_a_link_out_of_the_medium_is_not_followed(medium, tmp_path, write, dose):
    elsewhere = write(dose(uid="1.2.99"), tmp_path / "elsewhere" / "dose.dcm")
    index = medium(*BOTH)
    listed = index.parent / "DICOM" / "SUB" / "RD"
    listed.unlink()
    listed.symlink_to(elsewhere)
    submission = read(index)
    assert submission.doses == ()
    (fault,) = submission.faults
    assert "1 files that are links out of the medium" in fault.reason
    assert '"DICOM/SUB/RD"' in fault.reason
    listed.unlink()
    (index.parent / "DICOM" / "dose").write_bytes(elsewhere.read_bytes())
    listed.symlink_to(index.parent / "DICOM" / "dose")  # within: followed
    assert len(read(index).doses) == 1
