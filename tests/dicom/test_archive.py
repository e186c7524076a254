"""Archives: a zip is read as the folder that was packed; what it must not do, it does not."""

import errno
import os
import random
import stat
import zipfile

import pytest

from oligort.dicom import archive, files
from oligort.dicom.read import read
from oligort.errors import DicomError
from oligort.objects import FaultKind


@pytest.fixture
def export(tmp_path, write, structure_set, dose, plan):
    folder = tmp_path / "export"
    write(structure_set({"Heart": []}), folder / "rtss.dcm")
    write(dose(), folder / "deep" / "er" / "dose.dcm")
    write(plan(), folder / "plan")
    return folder


@pytest.fixture
def packed(tmp_path, export):
    path = tmp_path / "packed" / "site.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as writing:
        for file in sorted(export.rglob("*")):
            writing.write(file, file.relative_to(export))
    return path


def add(path, name, content=b"nothing", **attributes):
    info = zipfile.ZipInfo(name)
    for key, value in attributes.items():
        setattr(info, key, value)
    with zipfile.ZipFile(path, "a") as writing:
        writing.writestr(info, content)


def reasons(submission):
    return {fault.file: fault.reason for fault in submission.faults}


def test_archive_gives_the_objects_that_were_packed(export, packed):
    from_folder, from_archive = read(export), read(packed)
    assert [d.sha256 for d in from_archive.provenance] == [d.sha256 for d in from_folder.provenance]
    assert [d.file for d in from_archive.doses] == ["site.zip/deep/er/dose.dcm"]
    assert from_archive.faults == ()


def test_archive_in_a_folder_is_read_too(export, packed, write, plan):
    write(plan("1.2.33"), packed.parent / "other plan.dcm")
    submission = read(packed.parent)
    assert [p.file for p in submission.plans] == ["other plan.dcm", "site.zip/plan"]


def test_what_is_packed_is_chosen_by_the_name_that_it_has_there(packed):
    assert read(packed).selected(dose="dose.dcm").selection.doses == ("dose.dcm",)


@pytest.mark.parametrize("encoding", ["gbk", "shift_jis", "cp850", "utf-8"])
def test_a_name_in_an_unknown_encoding_is_not_shown(encoding, tmp_path, write, plan):
    """Chinese, Japanese and German programs write the bytes of their system, and mark nothing."""
    name = "Müller" if encoding == "cp850" else "中山"
    planned = write(plan(), tmp_path / "plan.dcm").read_bytes()
    path = tmp_path / "site.zip"
    encoded = name.encode(encoding)
    stand_in = "X" * len(encoded)
    with zipfile.ZipFile(path, "w") as writing:
        writing.writestr(f"{stand_in}/RP.dcm", planned)
    path.write_bytes(path.read_bytes().replace(stand_in.encode(), encoded))
    (read_plan,) = read(path).plans
    if encoding == "utf-8":
        assert read_plan.file == f"site.zip/{name}/RP.dcm"
    else:
        assert read_plan.file == "site.zip/unreadable name 1/RP.dcm"


def test_junk_in_an_archive_is_left_alone(packed):
    for name in ("__MACOSX/._plan", "Thumbs.db", "a/.DS_Store"):
        add(packed, name)
    assert read(packed).faults == ()


@pytest.mark.parametrize(
    "name", ["../plan.dcm", "/etc/plan.dcm", "a/../../plan.dcm", "..\\plan.dcm", "C:/plan.dcm"]
)
def test_member_that_leads_out_of_the_archive_is_refused(packed, name):
    before = sorted(packed.parent.parent.rglob("*"))
    add(packed, name)
    submission = read(packed)
    assert len(submission.plans) == 1
    ((file, reason),) = reasons(submission).items()
    assert "leads out of the archive" in reason
    assert file.endswith("plan.dcm")
    assert sorted(packed.parent.parent.rglob("*")) == before


@pytest.mark.parametrize("name", ["RP 12:30.dcm", "2026-04-01 09:15/plan 2.dcm", "a..b/plan.dcm"])
def test_a_colon_in_a_name_leads_nowhere(packed, export, name, write, plan):
    add(packed, name, write(plan("1.2.33"), export / "other").read_bytes())
    submission = read(packed)
    assert submission.faults == ()
    assert f"site.zip/{name}" in [p.file for p in submission.plans]


def test_link_archive_and_secret_in_an_archive_are_refused(packed, tmp_path):
    add(packed, "link", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16)
    add(packed, "inner.zip", packed.read_bytes())
    add(packed, "secret")
    # zipfile writes none that are encrypted: the flag is set in both headers of the last member
    encoded = bytearray(packed.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encoded[encoded.rindex(signature) + flags] |= 1
    packed.write_bytes(encoded)
    told = reasons(read(packed))
    assert "symbolic link" in told["site.zip/link"]
    assert "inside an archive" in told["site.zip/inner.zip"]
    assert "encrypted" in told["site.zip/secret"]
    assert {fault.kind for fault in read(packed).faults} == {FaultKind.UNREADABLE}


def test_archive_that_the_system_does_not_open_is_told_in_its_words(packed, monkeypatch):
    def closed(*arguments: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    (packed.parent / "bad.zip").write_bytes(b"none")
    assert "bytes that are none" in reasons(read(packed.parent))["bad.zip"]
    monkeypatch.setattr(zipfile, "ZipFile", closed)
    with pytest.raises(DicomError, match="the archive cannot be opened: Permission denied"):
        read(packed)


def test_archive_that_declares_more_than_it_can_hold_is_refused_at_once(packed):
    add(packed, "zeros", bytes(10_000), compress_type=zipfile.ZIP_DEFLATED)
    encoded = bytearray(packed.read_bytes())
    place = encoded.rindex(b"PK\x01\x02") + 24  # its size in the directory of the archive
    encoded[place : place + 4] = (2**31).to_bytes(4, "little")
    packed.write_bytes(encoded)
    with pytest.raises(DicomError, match="nothing of it is unpacked"):
        read(packed)


def test_archive_of_too_many_or_too_much_is_refused(packed, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 2)
    with pytest.raises(DicomError, match="more than 2 are not unpacked"):
        read(packed)
    monkeypatch.undo()
    monkeypatch.setattr(files, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(DicomError, match="nothing of it is unpacked"):
        read(packed)


def test_what_is_no_archive_is_a_fault_beside_the_rest(export):
    (export / "broken.zip").write_bytes(b"PK\x03\x04" + os.urandom(50))
    submission = read(export)
    assert len(submission.doses) == 1
    assert "expected a zip archive" in reasons(submission)["broken.zip"]


def test_any_damage_of_an_archive_is_an_error_or_a_fault(packed, tmp_path):
    encoded, draw = packed.read_bytes(), random.Random(7)
    path = tmp_path / "damaged.zip"
    whole = {d.sha256 for d in read(packed).provenance}
    for _ in range(150):
        damaged = bytearray(encoded)
        if draw.random() < 0.3:
            del damaged[draw.randrange(len(damaged)) :]
        for _ in range(draw.randint(1, 4)):
            if damaged:
                damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        path.write_bytes(damaged)
        try:
            submission = read(path)
        except DicomError:
            continue
        found = {d.sha256 for d in submission.provenance}
        # the checksum of a member tells a changed byte: what was read is what was packed
        assert found <= whole
        assert found == whole or submission.faults


def test_nothing_stays_behind(packed, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    read(packed)
    assert list(scratch.iterdir()) == []
