"""Registers of many subjects: from a folder or from tables, and which submission each goes to."""

import errno
import json
import os
from pathlib import Path

import pytest
from many_exports import as_bytes, numbered, register_of, subject_of, template, write_exports
from msgspec.structs import replace
from small_export import OBJECTS
from troubles import judged_at_once

import oligort
from oligort.batch.discovery import found_below
from oligort.batch.limits import Limits
from oligort.batch.registers import RegisterList
from oligort.batch.run import Batch
from oligort.clinical.register import Register
from oligort.errors import RegisterError
from oligort.finding import Grade

COLUMNS = """
schema_version = 1
[patients]
date_format = "YYYY-MM-DD"
columns = { subject = "SUBJID", arm = "ARM" }
[lesions]
units.size_mm = "mm"
columns = { subject = "SUBJID", id = "NO", kind = "KIND", size_mm = "SIZE" }
"""


def write_registers(folder: Path, *numbers: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"{number}.json").write_text(register_of(number).to_json())
    return folder


def matched(root: Path, registers: RegisterList) -> dict[str, str]:
    """Return the subject of the register of each submission, by its folder."""
    submissions = found_below(root, 0, Limits())
    matches = registers.matched(submissions)
    return {one.base: matches[one.key].subject for one in submissions if one.key in matches}


def unstated(root: Path, folder: str, number: int, **stated: str) -> None:
    """Write an export that does not state its subject, but what it is to state."""
    (root / folder).mkdir(parents=True)
    for file, built in OBJECTS.items():
        dataset = built()
        for keyword, text in stated.items():
            setattr(dataset, keyword, text)
        content = as_bytes(dataset, states_subject=False)
        (root / folder / file).write_bytes(numbered(content, number))


def test_the_tables_of_a_case_report_form(tmp_path):
    (tmp_path / "columns.toml").write_text(COLUMNS)
    (tmp_path / "patients.csv").write_text("SUBJID,ARM\nP1,local_therapy\nP2,\n")
    (tmp_path / "lesions.csv").write_text("SUBJID,NO,KIND,SIZE\nP1,L1,distant,14\n")
    listed = RegisterList.load(tmp_path / "patients.csv")
    assert [(one.subject, one.arm) for one in listed.by_subject.values()] == [
        ("P1", "local_therapy"),
        ("P2", ""),
    ]


def test_the_clinical_trial_subject_id_decides(tmp_path):
    (folder,) = write_exports(tmp_path / "root", range(1))
    folder.rename(folder.with_name(subject_of(1)))
    registers = RegisterList.load(write_registers(tmp_path / "registers" / "deep", 0, 1))
    assert matched(tmp_path / "root", registers) == {subject_of(1): subject_of(0)}


def test_else_a_folder_of_that_name_or_the_patient_id(tmp_path):
    root = tmp_path / "root"
    unstated(root, f"site/{subject_of(1).casefold()}/RT", 1)
    unstated(root, "second", 2)
    by_patient_id = Register.from_dict({"schema_version": 1, "subject": "P-10000002"})
    registers = RegisterList.of([register_of(1), by_patient_id])
    assert matched(root, registers) == {
        f"site/{subject_of(1).casefold()}/RT": subject_of(1),
        "second": "P-10000002",
    }


def test_where_two_would_fit_none_is_taken(tmp_path):
    unstated(tmp_path, f"{subject_of(1)}/{subject_of(2)}", 3)
    assert matched(tmp_path, RegisterList.of([register_of(1), register_of(2)])) == {}


def test_a_register_that_a_folder_of_several_patients_is_named_by_goes_to_none(tmp_path):
    name = subject_of(1)
    for number in (5, 6):
        unstated(tmp_path, f"{name}/{number}", number)
    registers = RegisterList.of([register_of(1)])
    submissions = found_below(tmp_path, 0, Limits())
    matches = registers.matched(submissions)
    assert [matches[one.key].json for one in submissions] == ["", ""]
    assert all("that may be of different patients" in one.trouble for one in matches.values())
    assert [one.subject for one in registers.without_submission(matches)] == [name]
    reports = {one.subject: one for one in oligort.check_all(tmp_path, registers=[register_of(1)])}
    assert {one.verdict for one in reports.values()} == {Grade.NOT_EVALUABLE}
    assert sum("submission-" in subject for subject in reports) == 2


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("stated", ["", "ClinicalTrialSiteID", "ClinicalTrialSubjectID"])
def test_one_patient_id_in_two_folders_is_one_patient_where_the_files_say_so(
    tmp_path, stated, named
):
    """Else it may be that of two sites: neither has the register of the other's patient."""
    subject = "P-10000005"
    said = {"ClinicalTrialSiteID": "A", "ClinicalTrialSubjectID": subject}
    for folder in ("first", "second"):
        place = f"{folder}/{subject}" if named else folder
        unstated(tmp_path, place, 5, **({stated: said[stated]} if stated else {}))
    registers = RegisterList.of([Register.from_dict({"schema_version": 1, "subject": subject})])
    matches = registers.matched(found_below(tmp_path, 0, Limits()))
    assert len(matches) == 2
    assert {one.subject for one in matches.values()} == ({subject} if stated else {""})
    if not stated:
        troubles = {one.trouble for one in matches.values()}
        assert all("fits by Patient ID alone, found 2 that may be" in one for one in troubles)
        reports = list(
            oligort.check_all(tmp_path, registers=[replace(register_of(0), subject=subject)])
        )
        assert {one.verdict for one in reports} == {Grade.NOT_EVALUABLE}


@pytest.mark.parametrize(
    "said", [{"ClinicalTrialSiteID": "A"}, {"ClinicalTrialSubjectID": "P-10000005"}]
)
def test_one_whose_files_say_that_the_register_is_its_own_keeps_it(tmp_path, said):
    unstated(tmp_path, "first", 5, **said)
    unstated(tmp_path, "second", 5)
    register = {"schema_version": 1, "subject": "P-10000005", "site": "A"}
    submissions = found_below(tmp_path, 0, Limits())
    matches = RegisterList.of([Register.from_dict(register)]).matched(submissions)
    assert [matches[one.key].subject for one in submissions] == ["P-10000005", ""]


def test_one_patient_id_may_be_two_patients_where_a_folder_is_named_by_the_subject(tmp_path):
    for folder in ("first", "second"):
        unstated(tmp_path, f"{folder}/{subject_of(1)}", 5)
    registers = RegisterList.of([register_of(1)])
    assert set(matched(tmp_path, registers).values()) == {""}


def test_where_two_differ_in_case_alone_neither_is_taken(tmp_path):
    unstated(tmp_path, subject_of(1), 3)
    names = (subject_of(1), subject_of(1).casefold())
    registers = [Register.from_dict({"schema_version": 1, "subject": name}) for name in names]
    assert matched(tmp_path, RegisterList.of(registers)) == {}


def of_site(root: Path, site: str, number: int) -> None:
    """Write an export of the patient 1 of a site."""
    (root / site).mkdir(parents=True)
    for file, built in OBJECTS.items():
        dataset = built()
        dataset.ClinicalTrialSiteID = site
        content = numbered(as_bytes(dataset, states_subject=False), number)
        (root / site / file).write_bytes(content.replace(b"P-10000002", b"P-10000001"))


@pytest.mark.parametrize(("site", "fits"), [("A", {"A": "P-10000001"}), ("", {}), ("C", {})])
def test_a_register_is_of_one_site(tmp_path, site, fits):
    of_site(tmp_path, "A", 1)
    of_site(tmp_path, "B", 2)
    said = {"schema_version": 1, "subject": "P-10000001"} | ({"site": site} if site else {})
    assert matched(tmp_path, RegisterList.of([Register.from_dict(said)])) == fits


def test_a_cell_that_is_wrong_is_told_of_its_subject_and_stops_nobody_else(tmp_path):
    write_exports(tmp_path / "root", range(4))
    subjects = [subject_of(n) for n in range(4)]
    (tmp_path / "columns.toml").write_text(COLUMNS)
    patients = tmp_path / "patients.csv"
    arms = ("local_therapy", "local", "local_therapy", "")
    rows = [f"{subject},{arm}" for subject, arm in zip(subjects, arms, strict=True)]
    patients.write_text("\n".join(["SUBJID,ARM", *rows, rows[3], ""]))
    lesions = [f"{subjects[2]},L1,distant,fourteen", f"{subjects[0]},L1,distant,14"]
    (tmp_path / "lesions.csv").write_text("\n".join(["SUBJID,NO,KIND,SIZE", *lesions, ""]))
    registers = RegisterList.load(patients)
    assert registers.subjects == (subjects[0],)
    told = ("patients.csv, line 3", "lesions.csv, line 2", "patients.csv, line 6")
    assert len(registers.notes) == len(told)
    with pytest.warns(UserWarning, match="line [236], column"):
        first, *others = oligort.check_all(tmp_path / "root", registers=patients)
    assert first.arm == "local_therapy"
    for report, where in zip(others, (told[0], told[1], told[2]), strict=True):
        (finding,) = report.findings
        assert finding.code == "OL090"
        assert where in finding.message
    # a lesion of nobody may be anybody's
    (tmp_path / "lesions.csv").write_text("SUBJID,NO,KIND,SIZE\nS-99,L1,distant,14\n")
    patients.write_text(f"SUBJID,ARM\n{rows[0]}\n")
    with pytest.raises(RegisterError, match='found "S-99"'):
        RegisterList.load(patients)
    # and of tables in which everything is wrong there is nothing to go on with
    patients.write_text(f"SUBJID,ARM\n{rows[1]}\n")
    (tmp_path / "lesions.csv").write_text("SUBJID,NO,KIND,SIZE\n")
    with pytest.raises(RegisterError, match="line 2"):
        RegisterList.load(patients)


def test_the_map_of_the_columns_beside_its_tables_is_no_register(tmp_path):
    for name in ("columns.toml", "patients.csv", "lesions.csv"):
        (tmp_path / name).write_text(COLUMNS if name == "columns.toml" else "SUBJID\n")
    with pytest.raises(RegisterError, match=r'name that of the patients, .*"patients.csv"'):
        RegisterList.load(tmp_path)
    registers = RegisterList.load(write_registers(tmp_path, 1))
    assert (list(registers.by_subject), registers.notes) == ([subject_of(1)], ())


def test_what_a_batch_wrote_among_the_registers_is_none(tmp_path):
    """As where one folder holds submissions, registers and what is written."""
    write_registers(tmp_path, 0, 1)
    write_exports(tmp_path, range(2))
    told = RegisterList.load(tmp_path)
    batch = Batch(jobs=1, judge=judged_at_once)
    for out in (tmp_path / "out", tmp_path):
        for _ in range(2):
            planned = batch.plan(tmp_path, "nct06190782", RegisterList.load(tmp_path))
            batch.run(planned, out, lambda done: None)
            assert RegisterList.load(tmp_path) == told
    # and a report by itself is left out, and told
    report = (tmp_path / "reports" / f"{subject_of(0)}.json").read_text()
    (tmp_path / f"{subject_of(0)}.json").write_text(report)
    registers = RegisterList.load(tmp_path)
    assert registers.by_subject == told.by_subject
    assert [note.split(": ")[1] for note in registers.notes] == [
        "expected a register, found a report; left out"
    ]


def test_two_registers_of_one_subject_are_told_and_neither_is_used(tmp_path):
    write_registers(tmp_path, 1, 2)
    (tmp_path / "again.json").write_text(register_of(1).to_json())
    listed = RegisterList.load(tmp_path)
    assert "found two" in listed.by_subject[subject_of(1)].trouble
    assert listed.subjects == (subject_of(2),)
    assert any("found two" in note for note in listed.notes)


@pytest.mark.parametrize("order", [(1, -1), (-1, 1)])
def test_of_two_registers_of_one_subject_that_are_built_already_neither_is_used(tmp_path, order):
    write_exports(tmp_path, range(1))
    child = {**json.loads(register_of(0).to_json()), "patient": {"age_years": 15, "ecog": 1}}
    both = [register_of(0), Register.from_dict(child)][:: order[0]]
    with pytest.warns(UserWarning, match="register 2: expected one register of .*, found two"):
        (report,) = oligort.check_all(tmp_path, registers=both)
    assert report.verdict is Grade.NOT_EVALUABLE
    assert "its register cannot be used" in report.findings[0].message


def test_links_are_followed_once_and_what_is_closed_is_told(tmp_path, monkeypatch):
    registers, elsewhere = tmp_path / "registers", tmp_path / "elsewhere"
    write_registers(registers / "a", 1)
    write_registers(elsewhere, 2)
    (registers / "linked").symlink_to(elsewhere, target_is_directory=True)
    (registers / "back").symlink_to(registers, target_is_directory=True)
    (registers / "again.json").symlink_to(registers / "a" / "1.json")
    (registers / "gone").symlink_to(tmp_path / "nowhere", target_is_directory=True)
    (registers / "closed").mkdir()
    scandir = os.scandir

    def closed(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    listed = RegisterList.load(registers)
    assert listed.subjects == (subject_of(1), subject_of(2))
    assert sorted(note.rsplit("/", 1)[1] for note in listed.notes) == [
        "closed: expected a folder of registers that can be listed, found: Permission denied; "
        "what lies in it is missing here",
        "gone: expected what this link leads to, found nothing",
    ]


def test_a_folder_without_any_register_is_refused(tmp_path):
    (tmp_path / "RS.dcm").write_bytes(template()["RS.dcm"])
    with pytest.raises(RegisterError, match="found none that can be read among 0 files"):
        RegisterList.load(tmp_path)
    (tmp_path / "a.toml").write_text("subject = 1")
    with pytest.raises(RegisterError, match="among 1 files; "):
        RegisterList.load(tmp_path)


def test_what_states_two_subjects_takes_the_register_of_neither_nor_of_its_folder(tmp_path):
    root = tmp_path / "root"
    (folder,) = write_exports(root, range(1))
    folder = folder.rename(root / subject_of(1))
    dose = folder / "RD.dcm"
    content = dose.read_bytes()
    dose.write_bytes(content.replace(subject_of(0).encode(), subject_of(0).lower().encode()))
    listed = [RegisterList.of([replace(register_of(n), site="")]) for n in range(3)]
    # in two spellings it is one
    assert [matched(root, one) for one in listed] == [{folder.name: subject_of(0)}, {}, {}]
    dose.write_bytes(content.replace(subject_of(0).encode(), subject_of(2).encode()))
    assert [matched(root, one) for one in listed] == [{}, {}, {}]


def test_a_register_of_none_of_the_sites_that_the_files_state_does_not_fit(tmp_path):
    root = tmp_path / "root"
    (folder,) = write_exports(root, range(1))
    dose = folder / "RD.dcm"
    dose.write_bytes(dose.read_bytes().replace(b"SITE", b"SEAT"))
    for site, fits in (("Site", True), ("SEAT", True), ("", True), ("OTHER", False)):
        listed = RegisterList.of([replace(register_of(0), site=site)])
        assert bool(matched(root, listed)) is fits
