"""docs/register.md: its registers, its tables and its commands, as they stand there."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from oligort.checks.engine import check
from oligort.cli import main
from oligort.clinical.column_map import lesion_kinds, patient_kinds
from oligort.clinical.register import Register
from oligort.clinical.tables import UNKNOWN_PARTS, registers_of
from oligort.submission import Submission

PAGE = (Path(__file__).parents[1] / "docs" / "register.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = re.findall(r"^    (oligort .+?)(?:  +#.*)?$", PAGE, re.MULTILINE)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in a folder that holds the files of the page."""
    for kind, name, text in BLOCKS:
        (tmp_path / (name or f"PT-017.{kind}")).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def run_main(line):
        monkeypatch.setattr(sys, "argv", shlex.split(line))
        with pytest.raises(SystemExit) as leaving:
            main()
        assert int(leaving.value.code or 0) == 0
        return capsys.readouterr().out

    return run_main


def test_the_example_has_every_key_and_passes_what_the_register_answers(run):
    register = Register.load("PT-017.toml")
    table = json.loads(register.to_json())
    for key in patient_kinds():
        assert key.split(".")[-1] in PAGE
        if "." in key:
            top, name = key.split(".")
            assert table[top][name] not in {None, "unknown"}
    for key in set(lesion_kinds()) - {"subject"}:
        assert any(lesion[key] not in (None, "", [], "unknown") for lesion in table["lesions"])
    report = check(Submission(), register=register)
    graded = {f.code: f.grade for f in report.findings if f.code.startswith("OL1")}
    assert len(graded) == 10
    assert set(graded.values()) == {"PASS"}


def test_the_tables_make_the_register(run):
    (convert,) = (line for line in COMMANDS if line.startswith("oligort register convert"))
    assert run(convert).split() == ["registers/PT-017.json", "registers/PT-018.json"]
    whole, found = Register.load("PT-017.toml"), Register.load("registers/PT-017.json")
    assert (found.patient, found.disease, found.history) == (
        whole.patient, whole.disease, whole.history,
    )  # fmt: skip
    assert [one.id for one in found.lesions] == ["P", "L1", "L2", "L3"]
    for one, other in zip(found.lesions, whole.lesions, strict=False):
        same = ("id", "kind", "organ", "roi_names", "therapy", "pathology", "size_mm")
        assert [getattr(one, key) for key in same] == [getattr(other, key) for key in same]
    other = Register.load("registers/PT-018.json")
    assert (other.patient.ecog, other.disease.polymetastatic_before) == (None, "unknown")
    assert other.disease.primary_diagnosis_date == "2025"
    assert other.lesions[0].roi_names == ("GTVm01", "GTVm01 boost")


def test_the_other_commands_run(run, tmp_path):
    template, schema = (line for line in COMMANDS if " > " in line or "schema" in line)
    (tmp_path / "new.toml").write_text(run(template.split(" > ")[0]), encoding="utf-8")
    assert Register.load(tmp_path / "new.toml").lesions == ()
    assert "Register" in json.loads(run(schema))["$defs"]
    assert "ColumnMap" in json.loads(run("oligort schema columns"))["$defs"]


def test_the_message_on_the_page_is_the_one_that_is_printed(run):
    text = Path("PT-017.toml").read_text(encoding="utf-8")
    right = next(n for n, line in enumerate(text.splitlines(), 1) if line == 'organ = "Lungs"')
    Path("PT-017.toml").write_text(text.replace('organ = "Lungs"', 'organ = "Lung"'))
    with pytest.raises(ValueError) as refusal:
        Register.load("PT-017.toml")
    (shown,) = re.findall(r"^    (PT-017\.toml: .*)$", PAGE, re.MULTILINE)
    head, tail = shown.split("..., ")
    assert str(refusal.value).startswith(head)
    assert str(refusal.value).endswith(tail)
    assert tail.endswith(f"(line {right})")


def test_dates_of_the_page_are_read_as_it_says(run):
    patients = Path("patients.csv").read_text(encoding="utf-8")
    assert "UN-MAR-2026" in patients
    for written in ("---MAR-2026", "UN-UNK-2026"):
        assert f"`{written}`" in PAGE
        Path("patients.csv").write_text(patients.replace("UN-MAR-2026", written), encoding="utf-8")
        found = registers_of("patients.csv", "lesions.csv", "columns.toml")["PT-017"]
        assert found.disease.oligometastasis_date in ("2026", "2026-03")
    signs = re.search(r"not known is (.*) or (--)$", PAGE, re.MULTILINE)
    assert {*signs.group(1).split(", "), signs.group(2)} == set(UNKNOWN_PARTS)
