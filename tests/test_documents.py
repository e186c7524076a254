"""The example script and the README's Python are run as they stand, on a demo submission."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from many_exports import register_of, subject_of, write_exports

from oligort.document import Report
from oligort.finding import Grade

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def export(demo_page: Callable[[int], Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export folder of two submissions, their registers beside it."""
    home = tmp_path_factory.mktemp("export")
    for number in range(2):
        written = demo_page(number).folder
        shutil.copytree(written, home / "submissions" / written.name)
        shutil.copy(written.with_name(f"{written.name}.toml"), home)
    return home


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of two small submissions, whose dose lies on a grid of 10 mm: the trial has 3."""
    home = tmp_path_factory.mktemp("small")
    write_exports(home / "submissions", range(2))
    for number in range(2):
        register = home / f"{subject_of(number)}.json"
        register.write_text(register_of(number).to_json(), encoding="utf-8")
    return home


def test_the_example_checks_an_export_folder(export: Path, tmp_path: Path) -> None:
    lines = printed("check_export.py", export / "submissions", export, tmp_path)
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


def test_the_example_of_one_patient(small: Path) -> None:
    folder = small / "submissions" / "patient00000"
    lines = printed("physicist.py", folder, small / f"{subject_of(0)}.json")
    assert lines[0] == f"{subject_of(0)}: MAJOR"
    assert lines[1].startswith("  MAJOR OL008: ")
    assert lines[2].startswith("    to do: de-identify the export anew")
    assert any(line.startswith("  lung V20 15.17 % (") for line in lines)
    assert "  GTVm01_Lung_L: 28.3 mm" in lines  # the diagonal of a cube of 20 mm


def test_the_examples_of_an_export_folder_and_of_a_trial_office(
    small: Path, tmp_path: Path
) -> None:
    arguments = (small / "submissions", small, tmp_path / "out")
    assert sorted(printed("export_folder.py", *arguments)) == [
        "2 new, 0 as the last time",
        f"{subject_of(0)}: MAJOR",
        f"{subject_of(1)}: MAJOR",
    ]
    assert printed("export_folder.py", *arguments) == ["0 new, 2 as the last time"]
    # the office goes on in the same folder
    assert printed("trial_office.py", *arguments) == [
        "2 submissions, 0 expected and not there",
        "SITE: 2 of 2 deviate, 0 open",
        *(f"  look at {subject_of(n)} of SITE: query (OL016, OL404)" for n in range(2)),
    ]


def test_the_examples_print_no_codes_for_the_terminal(tmp_path: Path) -> None:
    root, registers = tmp_path / "submissions", tmp_path / "registers"
    (folder,) = write_exports(root, range(1))
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes().replace(subject_of(0).encode(), b"\x1b]0;S-01\x07 "))
    registers.mkdir()
    (registers / "1.json").write_text(register_of(1).to_json())
    for script in ("export_folder.py", "trial_office.py"):
        lines = printed(script, root, registers, tmp_path / "out")
        assert any("?]0;S-01?" in line for line in lines)
        assert all(line.isprintable() for line in lines)


def test_the_batch_of_the_readme_prints_what_stands_there(export: Path, tmp_path: Path) -> None:
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
