"""What the page on lesions tells the reader to run can be run, without what pytest finds for it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "lesions.md").read_text(encoding="utf-8")
SCRIPTS = sorted(set(re.findall(r"python (tests/benchmarks/\w+\.py)", PAGE)))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_page_names_its_scripts():
    assert len(SCRIPTS) >= 5


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_of_the_page_finds_what_it_imports(script):
    beside = str(Path(script).parent)  # where Python looks first for what a script imports
    found = run("-c", f"import runpy, sys; sys.path[0] = {beside!r}; runpy.run_path({script!r})")
    assert found.returncode == 0, found.stderr


def test_the_table_of_diameters_is_printed():
    """It takes its solids from a test, whose imports only pytest found."""
    found = run("tests/benchmarks/diameter_table.py", "1")
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("1 of 1") == found.stdout.count("\n") - 2


def test_the_pictures_say_what_is_measured_now(tmp_path):
    """One told of 52.9 mm after the same lesion measured 52.6 mm."""
    found = run("tests/benchmarks/lesion_pictures.py", str(tmp_path))
    assert found.returncode == 0, found.stderr
    drawn = sorted(tmp_path.glob("*.svg"))
    assert len(drawn) == 2
    for picture in drawn:
        shown, now = (
            re.findall(r">([^<>]+)</text>", file.read_text(encoding="utf-8"))
            for file in (ROOT / "docs" / picture.name, picture)
        )
        assert now
        assert shown == now
