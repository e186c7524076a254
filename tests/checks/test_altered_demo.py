"""The demo's case from files, altered by one thing: the verdict flips and says why."""

from dataclasses import replace

import pydicom
import pytest

import oligort
from oligort.demo.cases import WITHIN_PROTOCOL
from oligort.demo.export import write_case
from oligort.finding import Grade

pytestmark = pytest.mark.figures

IDENTITY = ("Zhang^San", "Zhang", "San^", "H1234567")


@pytest.fixture(scope="module")
def written(demo_page):
    """Return the case within protocol as read, and its register's text."""
    made = demo_page(0)
    register = made.folder.with_name(f"{made.folder.name}.toml")
    return made.folder, made.case.submission, register.read_text(encoding="utf-8")


def check_with(written, tmp_path, old="", new=""):
    _, submission, text = written
    assert not old or text.count(old) >= 1
    register = tmp_path / "register.toml"
    register.write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    return oligort.check(submission, register=register)


def test_as_it_is_it_passes_and_the_same_bytes_come_out_twice(written, tmp_path):
    folder, _, _ = written
    first = check_with(written, tmp_path)
    assert first.verdict is Grade.PASS
    again = oligort.check(oligort.read(folder), register=tmp_path / "register.toml")
    assert first.to_json() == again.to_json()


@pytest.mark.parametrize(
    ("old", "new", "code", "criterion", "grade"),
    [
        ("age_years = 61", "age_years = 17", "OL101", "I1", Grade.NOT_EVALUABLE),  # 61 in the files
        ("ecog = 1", "ecog = 2", "OL102", "I2", Grade.MAJOR),
        ("ecog = 1\n", "", "OL102", "I2", Grade.NOT_EVALUABLE),
        ("size_mm = 26.0", "size_mm = 51.0", "OL203", "I4iii", Grade.NOT_EVALUABLE),
        ('pathology = "yes"\nsize_mm = 18.0', 'pathology = "no"\nsize_mm = 18.0', "OL105", "I5",
         Grade.MAJOR),
        ('progression_after_pd1 = "no"', 'progression_after_pd1 = "yes"', "OL113", "X3",
         Grade.MAJOR),
        ('in_field_recurrence = "no"', 'in_field_recurrence = "unknown"', "OL114", "X4",
         Grade.NOT_EVALUABLE),
    ],
)  # fmt: skip
def test_one_value_of_the_register_flips_the_verdict(
    old, new, code, criterion, grade, written, tmp_path
):
    report = check_with(written, tmp_path, old, new)
    assert report.verdict is grade
    assert {(f.code, f.criterion) for f in report.graded(grade)} == {(code, criterion)}


def test_without_a_register_nothing_deviates_and_it_is_no_pass(written):
    report = oligort.check(written[1])
    assert report.verdict is Grade.NOT_EVALUABLE
    (v20,) = [f for f in report.findings if f.code == "OL301"]
    assert v20.grade is Grade.PASS


@pytest.mark.parametrize(
    ("change", "codes", "verdict"),
    [
        ({"bath_reach_mm": 60.0}, {"OL301"}, Grade.MAJOR),
        ({"dose_scale": 1 / 25}, {"OL301", "OL401"}, Grade.NOT_EVALUABLE),
        ({"undrawn": ("Lung_R",)}, {"OL301", "OL302", "OL303"}, Grade.NOT_EVALUABLE),
    ],
)
def test_one_number_of_the_case_flips_the_verdict(change, codes, verdict, tmp_path):
    folder = tmp_path / "case"
    register = write_case(replace(WITHIN_PROTOCOL, **change), folder)
    for image in folder.glob("CT_*.dcm"):
        image.unlink()
    report = oligort.check(oligort.read(folder), register=register)
    assert report.verdict is verdict
    assert {finding.code for finding in report.graded(verdict)} == codes


def test_no_identity_is_in_the_report(written, tmp_path):
    folder = tmp_path / "H1234567"
    folder.mkdir()
    for name in ("RTSTRUCT", "RTPLAN", "RTDOSE"):
        dataset = pydicom.dcmread(written[0] / f"{name}.dcm")
        dataset.PatientName = "Zhang^San"
        dataset.PatientID = "H1234567"
        dataset.PatientBirthDate = "19650304"
        dataset.save_as(folder / f"H1234567_Zhang_{name}.dcm")
    register = tmp_path / "register.toml"
    register.write_text(written[2], encoding="utf-8")
    submission = oligort.read(folder)
    for report in (oligort.check(submission), oligort.check(submission, register=register)):
        text = report.to_json()
        assert not [secret for secret in (*IDENTITY, "19650304") if secret in text]
        assert "RTDOSE" in text
        (told,) = (f for f in report.graded(Grade.MAJOR) if f.code == "OL008")
        elements = [evidence.name for evidence in told.evidence]
        assert "PatientName (0010,0010)" in elements
        assert "PatientBirthDate (0010,0030)" in elements
        assert "file name" in elements
