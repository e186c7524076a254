"""read: folders and files in, one submission out; and every real export at hand."""

import io
import os
import random
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MRImageStorage,
    SpatialFiducialsStorage,
)

from oligort.dicom.content import HEAD_BYTES
from oligort.dicom.instance import read_object
from oligort.dicom.read import read
from oligort.dicom.rtdose import read_dose
from oligort.errors import DicomError, NotEvaluable
from oligort.objects import FaultKind


@pytest.fixture
def export(tmp_path, write, structure_set, dose, plan):
    folder = tmp_path / "export"
    write(structure_set({"Heart": []}), folder / "rtss.dcm")
    write(dose(), folder / "deep" / "er" / "dose.dcm")
    write(plan(), folder / "plan")  # no suffix: content decides
    return folder


@pytest.fixture
def image(dose):
    def built(z_mm, uid, sop_class=CTImageStorage, modality="CT"):
        dataset = dose(np.zeros((1, 4, 4), np.uint16), uid)
        dataset.SOPClassUID, dataset.Modality = sop_class, modality
        del dataset.NumberOfFrames, dataset.GridFrameOffsetVector
        dataset.SeriesInstanceUID = "1.2.9"
        dataset.ImagePositionPatient = [0, 0, z_mm]
        return dataset

    return built


def faults_of(submission):
    return {fault.file: fault.reason for fault in submission.faults}


def test_folder_gives_its_objects(export):
    submission = read(export)
    assert [s.file for s in submission.structure_sets] == ["rtss.dcm"]
    assert [d.file for d in submission.doses] == ["deep/er/dose.dcm"]
    assert [p.file for p in submission.plans] == ["plan"]
    assert submission.faults == ()
    assert [d.kind for d in submission.provenance] == ["RTDOSE", "RTPLAN", "RTSTRUCT"]


def test_files_are_named_from_the_folder_that_holds_them_all(export):
    submission = read(export / "rtss.dcm", export / "deep" / "er" / "dose.dcm")
    assert [d.file for d in submission.provenance] == ["deep/er/dose.dcm", "rtss.dcm"]
    assert read(str(export / "rtss.dcm")).structure_sets[0].file == "rtss.dcm"


def test_what_is_left_out_is_one_path_or_several_and_is_there(export):
    """A word is no list of letters, and one that is misspelt would leave nothing out."""
    for without in (str(export / "deep"), export / "deep", [export / "deep"]):
        assert read(export, without=without).doses == ()
    with pytest.raises(DicomError, match='expected a folder or a file at "depe", found nothing'):
        read(export, without=export / "depe")


def test_links_in_a_circle_are_told_beside_what_is_left_out(export):
    (export / "loop").symlink_to("loop")
    told = faults_of(read(export, without=export / "deep"))
    assert list(told) == ["loop"]
    assert "cannot be opened" in told["loop"]


def test_order_and_repetition_of_paths_do_not_matter(export):
    paths = [export / "rtss.dcm", export / "deep", export / "plan", export]
    expected = read(*paths).provenance
    assert len(expected) == 3
    for seed in range(4):
        random.Random(seed).shuffle(paths)
        assert read(*paths).provenance == expected


def test_trap_no_preamble_is_read(export):
    path = export / "rtss.dcm"
    path.write_bytes(path.read_bytes()[132:])
    assert len(read(path).structure_sets) == 1


def test_trap_no_file_meta_and_no_transfer_syntax_is_read(export, dose):
    path = export / "deep" / "er" / "dose.dcm"
    dose().save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert path.read_bytes()[:2] == b"\x08\x00"
    (read_back,) = read(path).doses
    assert read_back.grid.maximum_gy == pytest.approx(0.59, abs=1e-12)  # 59 steps of 0.01 Gy


def test_trap_truncated_files_are_faults_and_the_others_are_read(export):
    whole = (export / "rtss.dcm").read_bytes()
    reasons = set()
    for kept in range(140, len(whole) - 1, 7):
        (export / "cut.dcm").write_bytes(whole[:kept])
        submission = read(export)
        assert len(submission.doses) == 1
        if "cut.dcm" in faults_of(submission):
            reasons.add(faults_of(submission)["cut.dcm"].split(":")[0])
        else:  # cut between two elements: what is left is whole, and says less
            assert len(submission.structure_sets[0]) <= 1
    assert "the file is truncated" in reasons


def test_trap_a_dose_of_which_the_file_was_cut_off_may_be_the_one_that_is_meant(
    export, write, dose
):
    """The other one of the plan was judged, and told to be the only one."""
    of_plan = Dataset()
    of_plan.ReferencedSOPInstanceUID = "1.2.5"
    yesterdays, todays = dose(), dose(uid="1.2.77")
    for dataset in (yesterdays, todays):
        dataset.ReferencedRTPlanSequence = [of_plan]
    write(yesterdays, export / "deep" / "er" / "dose.dcm")
    assert read(export).chosen.dose.sop_instance_uid == "1.2.2"
    whole = write(todays, export / "today.dcm").read_bytes()
    for kept in (*range(whole.index(b"RTDOSE") + 6, len(whole), 37), len(whole) - 1):
        (export / "today.dcm").write_bytes(whole[:kept])
        submission = read(export)
        (unread,) = (one for one in submission.doses if one.file == "today.dcm")
        assert unread.grid is None
        with pytest.raises(NotEvaluable, match=r'"today.dcm" cannot be used and may be') as caught:
            _ = submission.chosen
        assert unread.refusal in str(caught.value)
    assert "may be the dose that is meant: the file is truncated" in str(caught.value)


def test_a_part_of_a_dose_that_is_there_whole_is_none(export):
    whole = (export / "deep" / "er" / "dose.dcm").read_bytes()
    (export / "again.dcm").write_bytes(whole[:-20])
    submission = read(export)
    assert [one.file for one in submission.doses] == ["deep/er/dose.dcm"]
    assert "truncated" in faults_of(submission)["again.dcm"]


@pytest.mark.parametrize("name", [".rtss.dcm.a8X3fq", ".RS.1.2.246.352.71.a8X3fq", ".x.IMA.______"])
def test_a_copy_that_rsync_did_not_finish_is_no_hidden_file(name, export):
    whole = (export / "rtss.dcm").read_bytes()
    (export / name).write_bytes(whole)
    assert read(export).faults == ()  # whole, and a copy of what is there
    (export / name).write_bytes(whole[:-5])
    assert "truncated" in faults_of(read(export))[name]
    (export / name).write_bytes(b"")
    assert faults_of(read(export))[name].startswith("the file is empty")


@pytest.mark.parametrize("name", [".rtss.dcm", "._rtss.dcm", ".rtss.dcm.swp", ".config.backup"])
def test_hidden_files_are_no_part(name, export):
    (export / name).write_bytes((export / "rtss.dcm").read_bytes()[:-5])
    assert read(export).faults == ()


def test_other_files_are_faults_and_junk_is_not(export):
    (export / "notes.txt").write_text("hello")
    (export / "empty.dcm").write_bytes(b"")
    (export / "fake.dcm").write_bytes(b"\x08\x00" + b"x" * 500)
    for junk in (".DS_Store", "Thumbs.db"):
        (export / junk).write_bytes(b"junk")
    (export / "gone.dcm").symlink_to(export / "nothing")
    os.mkfifo(export / "pipe")
    faults = faults_of(read(export))
    assert faults.pop("fake.dcm")
    assert faults == {
        "notes.txt": "not a DICOM file",
        "empty.dcm": "the file is empty: it is called one; export it again",
        "gone.dcm": "the file cannot be opened: No such file or directory",
        "pipe": "not a regular file",
    }


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, b"content")
    return stream.getvalue()


RENAMED_ZIPS = ("c2.zip_", "c2.zi_", "c2.zip.txt", "c2.mim", "c2.bin", "C2")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("IM0007", b"\0\1binary", FaultKind.UNREADABLE),
        ("1.2.840.113619.2.55", b"\0\1binary", FaultKind.UNREADABLE),
        ("RD.1.2.246.352.71.7.4", b"\0\1binary", FaultKind.UNREADABLE),
        ("RTDOSE_2.dat", b"\0\1binary", FaultKind.UNREADABLE),
        ("course2.7z", b"7z", FaultKind.UNREADABLE),
        ("RD2.dcm.gz", b"\x1f\x8b", FaultKind.UNREADABLE),
        ("course2.tar", b"x", FaultKind.UNREADABLE),
        ("COURSE2.RAR", b"Rar!", FaultKind.UNREADABLE),
        ("README", b"Open the viewer.\r\n", FaultKind.FOREIGN),
        ("report.pdf", b"%PDF\0\1", FaultKind.FOREIGN),
        ("RD.1.2.246.352.71.7.4.pdf", b"%PDF\0\1", FaultKind.FOREIGN),
        ("RS.lnk", b"L\0\1", FaultKind.FOREIGN),
        ("picture.jpg", b"\xff\xd8\0\1", FaultKind.FOREIGN),
        ("beam.bin", b"\0\1", FaultKind.FOREIGN),
        # words and endings that say what it is or was to be
        ("plan.bin", b"\0\1", FaultKind.UNREADABLE),
        ("TotalDose.dat", b"\0\1", FaultKind.UNREADABLE),
        ("export_dose.bin", b"\0\1", FaultKind.UNREADABLE),
        ("2.dcm_", b"x", FaultKind.UNREADABLE),
        ("plan1.dcm.bak", b"x", FaultKind.UNREADABLE),
        ("2.dcm.part", b"x", FaultKind.UNREADABLE),
        ("c2.zip.part", b"PK", FaultKind.UNREADABLE),
        ("c2.dcmzip", b"PK", FaultKind.UNREADABLE),
        *((name, zipped("p/RS.dcm"), FaultKind.UNREADABLE) for name in RENAMED_ZIPS),
        ("c2.zip_", b"PK\5\6" + bytes(18), FaultKind.UNREADABLE),
        ("c2.z02", b"\0\1", FaultKind.UNREADABLE),
        ("c2.zip.gpg", b"\x85\1", FaultKind.UNREADABLE),
        ("c2.enc", b"\0\1", FaultKind.UNREADABLE),
        ("report.pdf.gpg", b"\x85\1", FaultKind.FOREIGN),
        ("setup.exe", zipped("a.class"), FaultKind.FOREIGN),
        # documents are zips too, whatever they are called
        ("letter.docx", zipped("x"), FaultKind.FOREIGN),
        ("plans.pptx", zipped("[Content_Types].xml"), FaultKind.FOREIGN),
        ("table.xlsx_", zipped("[Content_Types].xml"), FaultKind.FOREIGN),
        ("letter.odt~", zipped("mimetype"), FaultKind.FOREIGN),
        ("viewer.plugin", zipped("META-INF/MANIFEST.MF"), FaultKind.FOREIGN),
        ("RS.dcm.json", b"{}", FaultKind.FOREIGN),
        ("2.dcm.sig", b"text", FaultKind.FOREIGN),
        ("explanation.bin", b"\0\1", FaultKind.FOREIGN),
        # what viewers and other programs leave
        ("start", b"\x7fELF\2\1\1\0", FaultKind.FOREIGN),
        ("libQt5Core.so.5.15.2", b"\x7fELF\2\1\1\0", FaultKind.FOREIGN),
        ("Viewer", b"\xcf\xfa\xed\xfe\7\0\0\1", FaultKind.FOREIGN),
        ("viewer", b"MZ\x90\0\3", FaultKind.FOREIGN),
        ("CT", b"\x5c\1\0\0", FaultKind.FOREIGN),
        ("dose.nii.gz", b"\x1f\x8b\x08\0", FaultKind.FOREIGN),
        ("core.jar.xz", b"\xfd7zXZ\0\0\4", FaultKind.FOREIGN),
        ("VERSION", b"\0", FaultKind.FOREIGN),
        ("log", bytes(50), FaultKind.FOREIGN),
        ("2.dcm", b"\x7fELF\2\1\1\0", FaultKind.UNREADABLE),
        # empty files
        ("README", b"", FaultKind.FOREIGN),
        ("LOCKFILE", b"", FaultKind.FOREIGN),
        ("notes.txt", b"", FaultKind.FOREIGN),
        ("pages.dat", b"", FaultKind.FOREIGN),
        ("PT-003.done", b"", FaultKind.FOREIGN),
        ("RD2", b"", FaultKind.UNREADABLE),
        ("IM0007", b"", FaultKind.UNREADABLE),
        ("plan.dat", b"", FaultKind.UNREADABLE),
        # what is in no text
        ("RD2", b"\xff" * 5000, FaultKind.UNREADABLE),
        ("RD2", b" " * 5000, FaultKind.UNREADABLE),
        ("RD2", b"\xc3(\x80 \xff", FaultKind.UNREADABLE),
        ("RD2", ("x" + "\u00e4" * 5000).encode(), FaultKind.FOREIGN),
        ("RD2", ("x" + "\u9a8c" * 5000).encode("gbk"), FaultKind.FOREIGN),
    ],
)
def test_a_damaged_or_packed_object_is_told_from_what_lies_beside(name, content, kind, export):
    (export / name).write_bytes(content)
    (fault,) = read(export).faults
    assert (fault.file, fault.kind) == (name, kind)


@pytest.mark.parametrize(
    ("name", "why"), [("RD2", "called as objects are"), ("blob", "without an ending, and no text")]
)
def test_it_is_told_why_a_file_may_be_a_damaged_object(name, why, export):
    (export / name).write_bytes(bytes(50))
    (fault,) = read(export).faults
    assert f"it may be a damaged one, {why}; export it again" in fault.reason


def test_what_lies_too_deep_to_be_opened_is_a_fault(export, monkeypatch):
    """Folders of a path longer than the system allows (4096 bytes), as sync programs make them."""
    monkeypatch.chdir(export)
    for _ in range(75):
        Path("x" * 60).mkdir()
        os.chdir("x" * 60)
    Path("RD2.dcm").write_bytes((export / "deep" / "er" / "dose.dcm").read_bytes())
    submission = read(export)
    assert len(submission.provenance) == 3
    (fault,) = submission.faults
    assert "cannot be opened: File name too long" in fault.reason


def test_what_must_not_be_looked_at_is_a_fault(export, monkeypatch):
    """A folder that can be listed and not entered (mode 444): asking about what is in it raises."""
    (export / "shut").mkdir()
    for name in ("DICOMDIR", "RD2.dcm"):
        (export / "shut" / name).write_bytes(b"x")
    ask = Path.stat

    def shut(self, **how):
        if self.parent.name == "shut":
            raise PermissionError(13, "Permission denied")
        return ask(self, **how)

    monkeypatch.setattr(Path, "stat", shut)
    submission = read(export)
    assert len(submission.provenance) == 3
    reason = "the file cannot be opened: Permission denied"
    assert faults_of(submission) == {"shut/DICOMDIR": reason, "shut/RD2.dcm": reason}


def test_links_that_lead_in_circles_end(export):
    (export / "deep" / "loop").symlink_to(export, target_is_directory=True)
    submission = read(export)
    assert len(submission.provenance) == 3


def test_objects_of_other_kinds_are_left_alone(export, write, structure_set):
    other = structure_set({})
    other.SOPClassUID, other.Modality = SpatialFiducialsStorage, "FID"
    write(other, export / "fiducials.dcm")
    submission = read(export)
    assert len(submission.provenance) == 3
    assert submission.faults == ()


def test_treatment_records_are_told_and_not_read(export, write, dose):
    record = dose(uid="1.2.71")
    record.SOPClassUID, record.Modality = "1.2.840.10008.5.1.4.1.1.481.4", "RTRECORD"
    write(record, export / "record.dcm")
    submission = read(export)
    assert submission.treatment_records == ("record.dcm",)
    assert len(submission.doses) == 1
    assert submission.faults == ()


def test_identical_copies_are_read_once(export):
    shutil.copy(export / "rtss.dcm", export / "a copy.dcm")
    submission = read(export)
    assert [s.file for s in submission.structure_sets] == ["a copy.dcm"]
    assert submission.faults == ()


def test_different_objects_of_one_uid_are_kept_with_a_fault(export, write, structure_set):
    write(structure_set({"Lung": []}), export / "other.dcm")
    submission = read(export)
    assert len(submission.structure_sets) == 2
    (fault,) = submission.faults
    assert fault.file == "rtss.dcm"
    assert '"other.dcm"' in fault.reason


def test_doubt_is_only_told_of_what_is_used(export, write, plan):
    broken = plan()  # of the UID of the plan that is kept
    path = write(broken, export / "plan_2")
    path.write_bytes(path.read_bytes().replace(b"2.75", b"2,75"))
    submission = read(export)
    assert [p.file for p in submission.plans] == ["plan"]
    (fault,) = submission.faults
    assert (fault.file, fault.kind) == ("plan_2", FaultKind.UNREADABLE)


def test_images_are_grouped_by_series_and_orientation(export, write, image):
    for number, z_mm in enumerate((6, 0, 3)):
        write(image(z_mm, f"1.2.9.{number}"), export / "ct" / f"{number}.dcm")
    localizer = image(0, "1.2.9.7")
    localizer.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    write(localizer, export / "ct" / "7.dcm")
    write(image(1, "1.2.8.1", MRImageStorage, "MR"), export / "mr.dcm")
    submission = read(export)
    assert {(s.modality, s.positions_mm) for s in submission.images} == {
        ("CT", (0.0, 3.0, 6.0)),
        ("CT", (0.0,)),
        ("MR", (1.0,)),
    }
    axial = next(s for s in submission.images if len(s.positions_mm) == 3)
    assert axial.normal == (0.0, 0.0, 1.0)
    assert axial.sop_instance_uids == {"1.2.9.0", "1.2.9.1", "1.2.9.2"}
    assert "ct" in {record.file for record in submission.provenance}


def test_image_digest_is_of_the_header_alone(tmp_path, write, image):
    digests = []
    for pixel, z_mm in ((0, 5), (1, 5), (1, 6)):
        dataset = image(z_mm, "1.2.9.1")
        dataset.PixelData = bytes([pixel]) * 32
        folder = tmp_path / f"{pixel}{z_mm}"
        write(dataset, folder / "ct.dcm")
        digests.append(read(folder).provenance[0].sha256)
    assert digests[0] == digests[1] != digests[2]


def test_image_with_a_header_beyond_the_first_bytes_is_read(tmp_path, write, image):
    dataset = image(5, "1.2.9.1")
    dataset.add_new(0x00090010, "LO", "PRIVATE")
    dataset.add_new(0x00091001, "OB", bytes(HEAD_BYTES))
    write(dataset, tmp_path / "ct.dcm", pydicom.uid.ExplicitVRLittleEndian)
    assert read(tmp_path).images[0].positions_mm == (5.0,)


def test_damaged_image_names_no_patient(export, write, image):
    dataset = image(1, "1.2.9.1")
    dataset.PatientName = "Roe^Rita"  # whom no other object names
    path = write(dataset, export / "Roe_Rita" / "CT.1")
    encoded = path.read_bytes()
    # Behind the patient a value whose end nobody finds.
    behind = encoded.index(b"\x20\x00\x0e\x00")
    path.write_bytes(encoded[:behind] + b"\x20\x00\x0e\x00\xff\xff\xff\xffnone")
    submission = read(export)
    # What is left of it has no place, and nothing needs it.
    told = [*submission.faults, *submission.left_alone]
    assert [one.file for one in told] == ["***/CT.1"]


def test_object_that_refers_to_images_at_its_beginning_is_no_image(tmp_path, write, dose):
    dataset = dose()
    reference = Dataset()
    reference.ReferencedSOPClassUID = CTImageStorage
    reference.ReferencedSOPInstanceUID = "1.2.9.1"
    dataset.ReferencedImageSequence = [reference]  # (0008,1140), before the patient
    read_back = read(write(dataset, tmp_path / "dose.dcm"))
    assert len(read_back.doses) == 1
    assert read_back.images == ()


@pytest.mark.parametrize("filler", [b"\r\n", b"\n", b" " * 64, b"\r\n" * 40, b"\x1a", bytes(9)])
def test_what_transfers_leave_behind_the_end_is_no_truncation(filler, export, image, write):
    """And part of an element there is one; of an image nothing behind its pixels is looked at."""
    write(image(0, "1.2.90"), export / "ct.dcm")
    files = [export / "ct.dcm", export / "deep" / "er" / "dose.dcm", export / "rtss.dcm"]
    whole = [file.read_bytes() for file in files]
    for file, encoded in zip(files, whole, strict=True):
        file.write_bytes(encoded + filler)
    assert read(export).faults == ()
    for file, encoded in zip(files, whole, strict=True):
        file.write_bytes(encoded + b"\xfc\xff\xfc\xff" + filler[:3])
    assert set(faults_of(read(export))) == {"deep/er/dose.dcm", "rtss.dcm"}


def test_truncated_image_is_a_fault(export, write, image):
    path = write(image(5, "1.2.9.1"), export / "ct.dcm")
    path.write_bytes(path.read_bytes()[:-1])
    assert faults_of(read(export)) == {
        "ct.dcm": "expected 32 bytes of pixels, found 31: the file is truncated"
    }


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (ImplicitVRLittleEndian, ExplicitVRLittleEndian),
        (ExplicitVRLittleEndian, ImplicitVRLittleEndian),
    ],
)
def test_the_pixels_of_an_image_begin_where_its_bytes_say(written, said, export, write, image):
    """Whatever transfer syntax is named: nothing is missing, nothing behind them is passed over."""
    path, begin = export / "ct.dcm", b"\x08\0\x16\0"
    meta, body = (
        write(image(5, "1.2.9.1"), path, syntax).read_bytes().split(begin, 1)[part]
        for part, syntax in enumerate((said, written))
    )
    encoded = meta + begin + body
    path.write_bytes(encoded)
    assert faults_of(read(export)) == {}
    path.write_bytes(encoded[:-1])
    assert "expected 32 bytes of pixels, found 31" in faults_of(read(export))["ct.dcm"]
    head = b"\x06\0\0\0" if written == ImplicitVRLittleEndian else b"LO\x06\0"
    path.write_bytes(encoded + b"\x10\0\x40\x10" + head + b"Street")
    assert "PatientAddress" in {one.keyword for one in read(export).identity_left}


def test_patient_is_compared_by_digest_and_never_named(tmp_path, write, structure_set, dose):
    folder = tmp_path / "export"
    other = dose()
    other.PatientID = "PT-0018"
    write(structure_set({}), folder / "Doe_JANE pt0017" / "PT_0017.dcm")
    write(other, folder / "pt-0018.dcm")
    (folder / "jane doe.txt").write_text("notes")
    submission = read(folder)
    keys = {submission.structure_sets[0].patient_key, submission.doses[0].patient_key}
    assert len(keys) == 2
    shown = repr(submission).casefold()
    assert not any(name in shown for name in ("doe", "jane", "0017", "0018"))
    assert submission.structure_sets[0].file == "*** ***/***.dcm"
    assert submission.faults[0].file == "*** ***.txt"


def test_patient_key_falls_back_on_the_name(tmp_path, write, structure_set, dose):
    objects = [structure_set({}), dose()]
    for number, dataset in enumerate(objects):
        dataset.PatientID = ""
        dataset.PatientName = ("Doe^Jane", "DOE^JANE^")[number]
        write(dataset, tmp_path / f"{number}.dcm")
    submission = read(tmp_path)
    assert submission.structure_sets[0].patient_key == submission.doses[0].patient_key != ""


def test_trial_subject_and_age_are_read(tmp_path, write, structure_set, dose):
    first, second = structure_set({}), dose()
    for dataset, age in ((first, "062Y"), (second, "061Y")):
        dataset.ClinicalTrialSubjectID = "S-1"
        dataset.ClinicalTrialSiteID = "07"
        dataset.PatientAge = age
    write(first, tmp_path / "a.dcm")
    write(second, tmp_path / "b.dcm")
    submission = read(tmp_path)
    assert (submission.trial_subject_id, submission.trial_site_id) == ("S-1", "07")
    assert (submission.patient_age_years, submission.oldest_age_years) == (61, 62)

    second.ClinicalTrialSubjectID = "S-2"
    second.PatientAge, first.PatientAge = "000Y", "999Y"  # what de-identification leaves
    write(first, tmp_path / "a.dcm")
    write(second, tmp_path / "b.dcm")
    submission = read(tmp_path)
    assert submission.trial_subject_id == ""
    assert submission.stated_subjects == (("S-1", "a.dcm"), ("S-2", "b.dcm"))
    assert submission.patient_age_years is None
    assert "another Clinical Trial Subject ID" in faults_of(submission)["b.dcm"]


def test_text_outside_its_character_set_is_a_fault(tmp_path, write, structure_set):
    dataset = structure_set({"Heart": []})
    dataset.SpecificCharacterSet = "ISO_IR 192"
    path = write(dataset, tmp_path / "rtss.dcm")
    path.write_bytes(path.read_bytes().replace(b"Heart", b"He\xc3rt"))  # no valid UTF-8
    submission = read(tmp_path)
    assert len(submission.structure_sets) == 1
    assert "character set" in faults_of(submission)["rtss.dcm"]


def test_object_that_cannot_be_used_is_a_fault_with_its_reason(export):
    path = export / "plan"
    path.write_bytes(path.read_bytes().replace(b"2.75", b"2,75"))
    submission = read(export)
    assert submission.plans == ()
    assert faults_of(submission)["plan"].startswith("expected numbers in Beam Dose (300A,0084)")


def test_message_about_a_broken_element_does_not_repeat_its_bytes(export):
    path = export / "rtss.dcm"
    encoded = bytearray(path.read_bytes())
    assert encoded[132:140] == b"\x02\x00\x00\x00UL\x04\x00"  # the length of the file meta
    encoded[138:140] = (len(encoded) - 141).to_bytes(2, "little")  # it swallows the patient
    path.write_bytes(encoded)
    reason = faults_of(read(export))["rtss.dcm"]
    assert reason == "the DICOM elements cannot be read: BytesLengthException"


def test_nothing_readable_is_an_error(tmp_path):
    with pytest.raises(DicomError, match="at least one folder or file"):
        read()
    with pytest.raises(DicomError, match="found nothing"):
        read(tmp_path / "nowhere")
    with pytest.raises(DicomError, match="among 0 files"):
        read(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(DicomError, match=r'among 1 files; "notes.txt": not a DICOM file'):
        read(tmp_path)


REAL = {
    # folder: structure sets, doses, plans, image series; files that are faults
    "breast_boost": ((1, 1, 1, 1), {"LICENSE.txt"}),
    "lung_sbrt": ((1, 2, 2, 0), set()),
    "proton_ramp": ((1, 3, 1, 0), {"LICENSE_CC-BY-4.0.txt"}),
    "rider_two_contourings": ((1, 0, 0, 0), set()),
    "nelms2015/structures": ((30, 0, 0, 0), set()),
}


@pytest.mark.parametrize("folder", REAL)
def test_real_export_is_read(test_data, folder):
    submission = read(test_data / folder)
    counts, faulty = REAL[folder]
    assert counts == (
        len(submission.structure_sets),
        len(submission.doses),
        len(submission.plans),
        len(submission.images),
    )
    assert set(faults_of(submission)) == faulty
    assert all(dose.grid is not None for dose in submission.doses)


def test_real_doses_are_those_of_an_independent_decoder(test_data):
    for name in ("breast_boost/rtdose.dcm", "eclipse_prostate/RD.dcm"):
        (dose,) = read(test_data / name).doses
        dataset = pydicom.dcmread(test_data / name)
        expected = dataset.pixel_array.transpose(2, 1, 0) * float(dataset.DoseGridScaling)
        np.testing.assert_array_equal(dose.grid.dose_gy, expected)


def test_real_lung_plans_are_of_another_patient_id_and_no_preamble(test_data):
    submission = read(test_data / "lung_sbrt")
    (structure_set,) = submission.structure_sets
    assert {p.patient_key for p in submission.plans} == {d.patient_key for d in submission.doses}
    assert structure_set.patient_key not in {plan.patient_key for plan in submission.plans}
    assert {p.prescriptions[0].dose_gy for p in submission.plans} == {20.0}
    assert {p.fractions_planned for p in submission.plans} == {3}
    maxima = {dose.plan_uids: dose.grid.maximum_gy for dose in submission.doses}
    # 10.26 Gy is the VMAT maximum that the data's own notes state, to two decimals
    assert min(maxima.values()) == pytest.approx(10.26, abs=0.005)


def test_real_doses_that_share_a_uid_are_told_by_file(test_data):
    submission = read(test_data / "nelms2015" / "dose")
    assert len(submission.doses) == 4
    assert len({dose.sop_instance_uid for dose in submission.doses}) == 2
    assert {f.file for f in submission.faults} == {
        "Linear_SupInf_1mm_Aligned.dcm",
        "Linear_SupInf_2mm_Aligned.dcm",
    }


ODD_FAULTS = {
    "pydicom/MR_truncated.dcm": "expected 8192 bytes of pixels, found 8130: the file is truncated",
    "pydicom/rtplan_truncated.dcm": "the file is truncated",
    "pydicom/rtdose_rle.dcm": "share one SOP Instance UID",
    "rt-utils/mock_data/non_existent_reference_rt.dcm": "share one SOP Instance UID",
    "rt-utils/oriented_data/info.txt": "not a DICOM file",
}


def test_odd_files_are_read_or_refused_by_name(test_data):
    submission = read(test_data / "odd_files")
    faults = faults_of(submission)
    for file, reason in ODD_FAULTS.items():
        assert reason in faults[file]
    assert [d.refusal[:38] for d in submission.doses] == [
        'Dose Units (3004,0002) is "RELATIVE": '
    ] * 6
    rois = {s.file: [len(roi.contours) for roi in s] for s in submission.structure_sets}
    assert rois["pydicom/rtstruct.dcm"] == [3, 1, 1]
    # an identical copy of it, named invalid_reference_rt.dcm, is read once
    assert rois["rt-utils/empty/dummy_rt.dcm"] == [3, 3, 3, 3]
    assert rois["rt-utils/mock_data/non_existent_reference_rt.dcm"] == [3, 3, 3, 3]
    assert rois["rt-utils/mock_data/rt.dcm"] == [2]
    assert len(submission.plans) == 5
    oblique = next(s for s in submission.images if len(s.positions_mm) == 3)
    # the file's own note gives slices 4.5 mm apart; positions are written with seven decimals
    np.testing.assert_allclose(np.diff(oblique.positions_mm), 4.5, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # of pydicom's own file
def test_odd_doses_hold_one_field_whatever_their_encoding(test_data, write, tmp_path):
    fields = []
    for name in ("rtdose", "rtdose_expb", "rtdose_rle"):
        dataset, _ = read_object(test_data / "odd_files" / "pydicom" / f"{name}.dcm")
        dataset.DoseUnits = "GY"
        fields.append(read_dose(dataset, name).grid.dose_gy)
    assert fields[0].shape == (10, 10, 15)
    np.testing.assert_array_equal(fields[1], fields[0])
    np.testing.assert_array_equal(fields[2], fields[0])


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # of pydicom's own file
@pytest.mark.parametrize("name", ["rtdose_1frame", "rtdose_expb_1frame", "rtdose_rle_1frame"])
def test_odd_single_planes_have_no_extent(test_data, name):
    dataset, _ = read_object(test_data / "odd_files" / "pydicom" / f"{name}.dcm")
    dataset.DoseUnits = "GY"
    assert "a single dose plane has no extent" in read_dose(dataset, name).refusal
