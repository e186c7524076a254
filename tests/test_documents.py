"""The example script and the README's Python are run as they stand, on a demo submission."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from oligort.demo.cases import CASES
from oligort.demo.export import write_case
from oligort.document import Report
from oligort.finding import Grade

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export folder of two submissions, their registers beside it."""
    home = tmp_path_factory.mktemp("export")
    for case in CASES[:2]:
        write_case(case, home / "submissions" / case.subject).rename(home / f"{case.subject}.toml")
    return home


def test_the_example_checks_an_export_folder(export: Path, tmp_path: Path) -> None:
    script = ROOT / "examples" / "check_export.py"
    result = subprocess.run(
        [sys.executable, script, export / "submissions", export, tmp_path],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    lines = result.stdout.splitlines()
    assert lines[0] == "DEMO-01: PASS: nothing deviates"
    assert lines[1].startswith("  V20 14.7")
    assert "GTVm01_Lung_L 18.0 mm" in lines[2]
    assert lines[3] == "DEMO-02: MAJOR: OL301"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["DEMO-01.json", "DEMO-02.json"]


def printed(script: str, *arguments: Path) -> list[str]:
    result = subprocess.run(
        [sys.executable, ROOT / "examples" / script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_the_example_of_one_patient(export: Path) -> None:
    lines = printed("physicist.py", export / "submissions" / "DEMO-02", export / "DEMO-02.toml")
    assert lines[0] == "DEMO-02: MAJOR"
    assert lines[1].startswith("  MAJOR OL301: ")
    assert lines[2].startswith("    to do: re-plan within the limit")
    assert lines[3].startswith("  lung V20 29.00 % (28.99 to ")
    assert "  GTVm01_Lung_L: 18.0 mm" in lines


def test_the_examples_of_an_export_folder_and_of_a_trial_office(
    export: Path, tmp_path: Path
) -> None:
    arguments = (export / "submissions", export, tmp_path / "out")
    assert sorted(printed("export_folder.py", *arguments)) == [
        "2 new, 0 as the last time",
        "DEMO-01: PASS",
        "DEMO-02: MAJOR",
    ]
    assert printed("export_folder.py", *arguments) == ["0 new, 2 as the last time"]
    # the office goes on in the same folder
    assert printed("trial_office.py", *arguments) == [
        "2 submissions, 0 expected and not there",
        "DEMO: 1 of 2 deviate, 0 open",
    ]
    command = [sys.executable, "-c", "from oligort.cli import main; main()", "batch"]
    options = ["--registers", export, "--out", tmp_path / "out"]
    told = subprocess.run(
        [*command, export / "submissions", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == 1, told.stderr
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"    \$ oligort batch submissions.*?\n(.*?)\n`out/", readme, re.DOTALL)
    assert [line[4:] for line in section.splitlines()] == told.stdout.splitlines()


def test_the_readme_python_runs_as_it_stands(
    export: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"## From Python\n(.*?)\n## ", readme, re.DOTALL)
    code = "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "PT-017").symlink_to(export / "submissions" / "DEMO-01")
    (tmp_path / "PT-017.toml").write_text((export / "DEMO-01.toml").read_text())
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    assert "PASS" in capsys.readouterr().out
    assert Report.from_json((tmp_path / "PT-017.json").read_text()).verdict is Grade.PASS
