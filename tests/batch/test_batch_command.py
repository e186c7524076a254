"""`oligort batch` as a user runs it: what it lists, what it says and how it leaves."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from many_exports import register_of, subject_of, write_exports

from oligort.batch.outcome import Summary
from oligort.cli import main
from oligort.cli.batch import status_of
from oligort.document import Report
from oligort.finding import Finding, Grade

RUN = "from oligort.cli import main; main()"


class Told(NamedTuple):
    """How the command left, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def batch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Told]:
    """Run the command in this process: what it imports is imported once."""

    def run(*arguments: str | Path) -> Told:
        monkeypatch.setattr(sys, "argv", ["oligort", "batch", *map(str, arguments), "--jobs", "1"])
        with pytest.raises(SystemExit) as left:
            main()
        return Told(int(left.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("trial")
    write_exports(home / "root", range(2))
    (home / "registers").mkdir()
    for number in (0, 7):
        register = home / "registers" / f"{subject_of(number)}.json"
        register.write_text(register_of(number).to_json())
    return home / "root"


def test_a_batch_from_nothing_to_its_reports(root, tmp_path):
    for empty in (subject_of(7), "Smith^John"):
        (root / empty).mkdir()
    options = ["--out", tmp_path, "--registers", root.parent / "registers", "--jobs", "1"]
    told = subprocess.run(
        [sys.executable, "-c", RUN, "batch", root, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    for empty in (subject_of(7), "Smith^John"):
        (root / empty).rmdir()
    assert f'with nothing in them: 2, among them "{subject_of(7)}"; ask for' in told.stderr
    assert "Smith" not in told.stderr
    assert told.returncode == 1, told.stderr
    assert re.search(r"^1/3, \d+ s left: \"S-10000007\" NOT_EVALUABLE: expected", told.stderr)
    assert f'registers without submission: "{subject_of(7)}"' in told.stderr
    assert f'submissions without register: "{subject_of(1)}"' in told.stderr
    assert re.search(r"^all +2 +0 +1 +0 +2 of 2 \(100.0 %\)$", told.stdout, re.MULTILINE)
    assert {"cohort.html", "findings.csv", "reports.csv"} <= {
        one.name for one in tmp_path.iterdir()
    }
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == [
        f"{subject_of(number)}.{suffix}" for number in (0, 1, 7) for suffix in ("html", "json")
    ]
    assert all(len(line) <= 100 for line in told.stdout.splitlines())


@pytest.mark.parametrize(
    ("verdicts", "bugs", "status"),
    [
        ({Grade.PASS: 3}, 0, 0),
        ({Grade.PASS: 3, Grade.NOT_EVALUABLE: 1}, 0, 3),
        ({Grade.PASS: 3, Grade.NOT_EVALUABLE: 1, Grade.MINOR: 1}, 0, 1),
        ({Grade.MAJOR: 1, Grade.MINOR: 0}, 0, 1),
        ({Grade.MAJOR: 1, Grade.NOT_EVALUABLE: 1}, 1, 4),
    ],
)
def test_where_several_statuses_hold_the_gravest_is_the_exit_status(verdicts, bugs, status):
    assert status_of(Summary(Counter(verdicts), bugs=bugs)) == status


def test_the_second_engine_is_asked_where_it_is_asked_for(batch, tmp_path):
    write_exports(tmp_path / "root", range(1))
    asked = [tmp_path / "root", "--out", tmp_path / "out", "--no-pages"]
    batch(*asked)
    assert not [*second_opinions(tmp_path / "out")]
    again = batch(*asked, "--cross-check")
    assert "reports were there already" not in again.stderr
    assert [*second_opinions(tmp_path / "out")]
    assert "1 reports were there already" in batch(*asked, "--cross-check").stderr


def second_opinions(out: Path) -> Iterator[Finding]:
    """Yield what the reports of a batch say of the second engine."""
    for file in (out / "reports").glob("*.json"):
        report = Report.from_json(file.read_bytes())
        yield from (finding for finding in report.findings if finding.code == "OL305")


def test_a_dry_run_lists_and_checks_nothing(batch, root, tmp_path):
    told = batch(root, "--out", tmp_path / "out", "--dry-run")
    assert told.returncode == 0
    assert (
        "patient00001  S-10000001  -         1 RTDOSE, 1 RTPLAN, 1 RTSTRUCT  study" in told.stdout
    )
    assert not (tmp_path / "out").exists()


def test_a_placeholder_as_patient_id_is_told(batch, tmp_path):
    (folder,) = write_exports(tmp_path / "root", range(1))
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes().replace(b"P-10000000", b"ANONYMOUS "))
    told = batch(tmp_path / "root", "--dry-run")
    assert "with a placeholder as patient id" in told.stderr
    assert f'tell apart: "{subject_of(0)}"' in told.stderr


def test_without_dicom_or_without_a_place_for_reports_it_cannot_run(batch, root, tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    refused = batch(tmp_path, "--out", tmp_path / "out")
    assert refused.returncode == 2
    assert "expected DICOM files at some depth" in refused.stderr
    assert batch(root).returncode == 2
