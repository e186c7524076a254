"""Submissions are found by what files say, in whatever folders they lie."""

import errno
import os
import zipfile
from pathlib import Path

import pytest
from many_exports import numbered, template, write_exports
from troubles import looked_at_alone

import oligort
from oligort.batch.discovery import empty_folders, found_below
from oligort.batch.grouping import Found, Joined
from oligort.batch.limits import Limits
from oligort.batch.opening import opened_places
from oligort.errors import DicomError


def found(root: Path) -> list[Found]:
    return found_below(root, 0, Limits())


def put(folder: Path, number: int, *files: str, swap: tuple[bytes, bytes] = (b"", b"")) -> None:
    """Write files of an export, with one text in them swapped for another as long."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files or template():
        content = numbered(template()[file], number)
        (folder / f"{number}-{file}").write_bytes(content.replace(*swap) if swap[0] else content)


def opened(root: Path, one: Found) -> list[str]:
    with opened_places(root, one.base, one.places) as files:
        return [entry.name for entry in files.files]


def test_a_folder_each(tmp_path):
    write_exports(tmp_path, range(3))
    assert [(one.base, one.subject_id) for one in found(tmp_path)] == [
        ("patient00000", "S-10000000"),
        ("patient00001", "S-10000001"),
        ("patient00002", "S-10000002"),
    ]


def test_files_of_one_patient_in_folders_by_kind(tmp_path):
    put(tmp_path / "site" / "p" / "RT", 1, "RS.dcm", "RP.dcm")
    put(tmp_path / "site" / "p" / "dose" / "deep", 1, "RD.dcm")
    (one,) = found(tmp_path)
    assert one.base == "site/p"
    assert one.joined_by == (Joined.REFERENCES,)
    assert dict(one.kinds) == {"RTSTRUCT": 1, "RTPLAN": 1, "RTDOSE": 1}
    assert opened(tmp_path, one) == ["RT/1-RP.dcm", "RT/1-RS.dcm", "dose/deep/1-RD.dcm"]


def test_several_patients_in_one_folder(tmp_path):
    for number in range(3):
        put(tmp_path / "all", number)
    submissions = found(tmp_path)
    assert {one.base for one in submissions} == {"all"}
    assert sorted(tuple(opened(tmp_path, one)) for one in submissions) == [
        tuple(f"{n}-{file}" for file in ("RD.dcm", "RP.dcm", "RS.dcm")) for n in range(3)
    ]


def test_files_in_the_root_itself(tmp_path):
    for number in range(2):
        put(tmp_path, number)
    assert [one.subject_id for one in sorted(found(tmp_path), key=lambda one: one.subject_id)] == [
        "S-10000000",
        "S-10000001",
    ]


def test_one_patient_id_of_two_sites_is_two_patients(tmp_path):
    put(tmp_path / "a", 1)
    put(tmp_path / "b", 2, swap=(b"P-10000002", b"P-10000001"))
    assert len(found(tmp_path)) == 2
    # below one site it is one patient, whatever the folders
    put(tmp_path / "c" / "first", 3)
    put(tmp_path / "c" / "second", 4, swap=(b"P-10000004", b"P-10000003"))
    (joined,) = [one for one in found(tmp_path) if one.base == "c"]
    assert joined.joined_by == (Joined.PATIENT,)
    assert joined.subject_id == ""


@pytest.mark.parametrize("folders", [("a", "b"), ("site/a", "site/b")])
def test_a_phantom_that_two_planned_on_is_not_one_submission(tmp_path, folders):
    put(tmp_path / folders[0], 1)
    shared = (b"1.2.826.10000002.1", b"1.2.826.10000001.1")  # the frame of reference
    put(tmp_path / folders[1], 2, swap=shared)
    assert [one.base for one in found(tmp_path)] == list(folders)


def test_what_is_no_whole_submission_is_joined_across_folders(tmp_path):
    put(tmp_path / "structures" / "p", 1, "RS.dcm")
    put(tmp_path / "plans" / "p", 1, "RP.dcm", "RD.dcm")
    put(tmp_path / "plans" / "q", 2)
    assert [(one.subject_id, one.base) for one in found(tmp_path)] == [
        ("S-10000001", ""),
        ("S-10000002", "plans/q"),
    ]


def test_a_copy_in_another_folder_is_a_submission_of_its_own(tmp_path):
    put(tmp_path / "first", 1)
    put(tmp_path / "again", 1)
    assert [one.base for one in found(tmp_path)] == ["again", "first"]


def test_archives_of_one_and_of_several_patients(tmp_path):
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        for file, content in template().items():
            archive.writestr(f"export/{file}", numbered(content, 1))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for number in (2, 3):
            for file, content in template().items():
                archive.writestr(f"{number}/{file}", numbered(content, number))
    submissions = sorted(found(tmp_path), key=lambda one: one.subject_id)
    assert [opened(tmp_path, one) for one in submissions] == [
        [f"one.zip/export/{file}" for file in ("RD.dcm", "RP.dcm", "RS.dcm")],
        [f"two.zip/2/{file}" for file in ("RD.dcm", "RP.dcm", "RS.dcm")],
        [f"two.zip/3/{file}" for file in ("RD.dcm", "RP.dcm", "RS.dcm")],
    ]
    assert len({one.key for one in submissions}) == 3


def test_a_damaged_archive_is_a_submission_that_cannot_be_read(tmp_path):
    put(tmp_path / "good", 1)
    (tmp_path / "bad.zip").write_bytes(b"PK\3\4 and no more")
    bad, good = found(tmp_path)
    assert dict(bad.kinds) == {"unreadable": 1}
    with opened_places(tmp_path, bad.base, bad.places) as files:
        assert [fault.file for fault in files.faults] == ["bad.zip"]
    assert good.subject_id == "S-10000001"


@pytest.mark.parametrize("member", ["", "S2/", "__MACOSX/._x"])
def test_an_archive_with_nothing_in_it_is_a_submission_that_cannot_be_read(tmp_path, member):
    put(tmp_path / "good", 1)
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        if member:
            archive.writestr(member, b"")
    (none,) = (one for one in found(tmp_path) if not one.is_readable)
    with opened_places(tmp_path, none.base, none.places) as files:
        (fault,) = files.faults
    assert fault.file == "none.zip"
    assert "found an archive without any" in fault.reason


def test_a_folder_of_the_first_level_with_nothing_in_it_is_told(tmp_path):
    put(tmp_path / "a" / "good", 1)
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "letter.txt").write_text("something")
    (tmp_path / "d").symlink_to(tmp_path / "a", target_is_directory=True)
    assert empty_folders(tmp_path, found(tmp_path)) == ["b"]
    with pytest.warns(UserWarning, match="with nothing in them: 1"):
        next(oligort.check_all(tmp_path))


def test_what_cannot_be_read_stays_with_the_submission_beside_it(tmp_path):
    put(tmp_path / "p", 1)
    (tmp_path / "p" / "RS2.dcm").write_bytes(b"no DICOM")
    (tmp_path / "p" / "letter.txt").write_bytes(b"no DICOM, and called nothing else")
    put(tmp_path / "q" / "plan", 2, "RS.dcm", "RP.dcm")
    (tmp_path / "q" / "dose").mkdir()
    (tmp_path / "q" / "dose" / "RD.dcm").write_bytes(b"no DICOM")
    first, second = found(tmp_path)
    assert dict(first.kinds)["unreadable"] == 1
    assert "RS2.dcm" in opened(tmp_path, first)
    assert Joined.FOLDER in second.joined_by
    assert opened(tmp_path, second) == ["dose/RD.dcm", "plan/2-RP.dcm", "plan/2-RS.dcm"]


@pytest.mark.parametrize("damaged", ["p/boost.zip", "p/boost/RD.dcm", "p/boost/deep/RD.dcm"])
def test_what_cannot_be_read_counts_for_the_only_submission_that_encloses_it(tmp_path, damaged):
    put(tmp_path / "site" / "p", 1)
    put(tmp_path / "site" / "q", 2)
    before = [one.key for one in found(tmp_path)]
    (tmp_path / "site" / damaged).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "site" / damaged).write_bytes(b"PK\3\4 and no more")
    first, second = found(tmp_path)
    assert dict(first.kinds)["unreadable"] == 1
    assert first.joined_by == (Joined.FOLDER,)
    assert "unreadable" not in dict(second.kinds)
    assert [first.key, second.key] == before
    with opened_places(tmp_path, first.base, first.places) as files:
        told = [entry.name for entry in files.files] + [fault.file for fault in files.faults]
    assert damaged.removeprefix("p/") in told


def test_what_cannot_be_read_and_may_be_anybodys_is_a_submission_of_its_own(tmp_path):
    for number in range(2):
        put(tmp_path / "all", number)
    (tmp_path / "all" / "RS2.dcm").write_bytes(b"no DICOM")
    (tmp_path / "site" / "broken").mkdir(parents=True)
    (tmp_path / "site" / "broken" / "RS.dcm").write_bytes(b"no DICOM")
    for number in (7, 8):
        put(tmp_path / "site" / f"whole{number}", number)
    submissions = found(tmp_path)
    unreadable = [one for one in submissions if dict(one.kinds) == {"unreadable": 1}]
    assert len(submissions) == 6
    assert [opened(tmp_path, one) for one in unreadable] == [["RS2.dcm"], ["RS.dcm"]]


@pytest.mark.parametrize(("name", "count"), [("export.done", 1), ("CT01", 2), ("1.2.840.7", 2)])
def test_an_empty_file_is_a_mark_only_if_it_is_not_named_as_dicom_is(tmp_path, name, count):
    put(tmp_path / "p", 1)
    (tmp_path / name).touch()
    assert len(found(tmp_path)) == count


def test_what_is_looked_at_apart_groups_as_what_is_looked_at_together(tmp_path, monkeypatch):
    put(tmp_path / "all", 1)
    put(tmp_path / "all", 2)
    put(tmp_path / "P-10000003", 3)
    for name in ("RS.dcm", "RP.dcm", "RD.dcm"):
        (tmp_path / "all" / name).write_bytes(b"no DICOM")
    together = found(tmp_path)
    monkeypatch.setattr("oligort.batch.discovery.FILES_A_TASK", 1)
    monkeypatch.setattr("oligort.batch.discovery.looked_at", looked_at_alone)
    assert found_below(tmp_path, 1, Limits()) == together
    (tmp_path / "all" / "crash").write_bytes(b"")
    (unread,) = [one for one in found_below(tmp_path, 1, Limits()) if not one.is_readable]
    assert opened(tmp_path, unread) == ["RD.dcm", "RP.dcm", "RS.dcm", "crash"]


def test_links_lead_in_no_circle_and_mix_nothing(tmp_path):
    put(tmp_path / "p", 1)
    put(tmp_path / "q", 2)
    (tmp_path / "p" / "back").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "p" / "other").symlink_to(tmp_path / "q", target_is_directory=True)
    (tmp_path / "p" / "gone.dcm").symlink_to(tmp_path / "nowhere.dcm")
    submissions = found(tmp_path)
    assert [one.subject_id for one in submissions] == ["S-10000001", "S-10000002"]
    assert [len(opened(tmp_path, one)) for one in submissions] == [3, 3]


def test_a_folder_that_cannot_be_listed_is_a_submission_that_cannot_be_read(tmp_path, monkeypatch):
    put(tmp_path / "p", 1)
    (tmp_path / "closed").mkdir()
    listed = Path.iterdir

    def iterdir(folder: Path):
        if folder.name == "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    closed, _ = found(tmp_path)
    assert (closed.base, dict(closed.kinds)) == ("closed", {"unreadable": 1})
    with opened_places(tmp_path, closed.base, closed.places) as files:
        assert ["cannot be listed" in fault.reason for fault in files.faults] == [True]


def test_names_that_are_no_text_lead_to_their_files(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    put(folder, 1)
    (one,) = found(tmp_path)
    assert one.shown == "caf?"
    assert len(opened(tmp_path, one)) == 3


def test_the_key_of_a_place_does_not_change_with_its_neighbours(tmp_path):
    put(tmp_path / "site" / "p", 1)
    (before,) = found(tmp_path)
    put(tmp_path / "site" / "q", 2)
    assert before.key in {one.key for one in found(tmp_path)}


@pytest.mark.parametrize("site", ["", "site"])
def test_submissions_spread_over_sibling_folders_have_a_key_each(tmp_path, site):
    for number in range(3):
        put(tmp_path / site / "plans" / str(number), number, "RS.dcm", "RP.dcm")
        put(tmp_path / site / "doses" / str(number), number, "RD.dcm")
    submissions = found(tmp_path)
    assert [one.base for one in submissions] == [site] * 3
    assert len({one.key for one in submissions}) == 3


@pytest.mark.parametrize(
    "placeholder", [b"ANON      ", b"ANONYMOUS ", b"          ", b"0000000000"]
)
def test_a_placeholder_in_place_of_a_patient_id_joins_nobody(tmp_path, placeholder):
    for number in range(2):
        patient = numbered(b"P-10000000", number)
        put(tmp_path / "site" / "RT", number, "RS.dcm", "RP.dcm", swap=(patient, placeholder))
        put(tmp_path / "site" / "dose", number, "RD.dcm", swap=(patient, placeholder))
    submissions = found(tmp_path)
    assert sorted(one.subject_id for one in submissions) == ["S-10000000", "S-10000001"]
    assert all(Joined.PATIENT not in one.joined_by for one in submissions)
    assert all(one.has_placeholder is bool(placeholder.strip()) for one in submissions)
    assert len({one.key for one in submissions}) == 2


def test_what_names_the_patient_is_masked(tmp_path):
    put(tmp_path / "P-10000001" / "RT", 1, "RS.dcm")
    put(tmp_path / "P-10000001" / "dose", 1, "RP.dcm", "RD.dcm")
    (one,) = found(tmp_path)
    assert one.shown == "***"


def test_what_cannot_be_read_is_not_shown_by_a_folder_that_may_be_a_name(tmp_path):
    put(tmp_path / "site" / "p", 1)
    put(tmp_path / "site" / "q", 2)
    (tmp_path / "site" / "Smith John").mkdir()
    (tmp_path / "site" / "Smith John" / "RS.dcm").write_bytes(b"no DICOM")
    (tmp_path / "Smith John.zip").write_bytes(b"PK\3\4 and no more")
    closed = tmp_path / "site" / "p" / "Smith John"
    closed.mkdir()
    (closed / "RS.dcm").write_bytes(b"no DICOM")
    assert [one.shown for one in found(tmp_path)] == [
        "***",
        "site/***",
        "site/p",
        "site/q",
    ]


@pytest.mark.parametrize("junk", ["Thumbs.db", ".DS_Store", "__MACOSX/RS.dcm", "notes.txt"])
def test_junk_alone_is_refused(tmp_path, junk):
    (tmp_path / junk).parent.mkdir(exist_ok=True)
    (tmp_path / junk).write_bytes(template()["RS.dcm"] if "/" in junk else b"junk")
    with pytest.raises(DicomError, match="nothing was checked"):
        found(tmp_path)
