"""The command: what goes where, and the exit status."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from oligort.cli import main
from oligort.report.selftest_document import SelftestLine, SelftestResult
from oligort.selftest import run as selftest_run

KEYS = {"schema_version", "passed", "platform", "versions", "seed", "lines"}
LINE_KEYS = {"what", "unit", "cases", "worst", "worst_case", "limit", "failing", "passed"}


def result_of(**found: float) -> SelftestResult:
    lines = tuple(
        SelftestLine.of(what, "pp", {f"case {what}": x}, 0.15) for what, x in found.items()
    )
    return SelftestResult(
        passed=all(line.passed for line in lines),
        platform="Linux",
        versions={"oligort": "0.1.0"},
        seed=2022,
        lines=lines,
    )


def leaves(
    monkeypatch: pytest.MonkeyPatch, result: SelftestResult | Exception, *arguments: object
) -> int:
    def answer(watch):
        watch("case 1", 0, 2)
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(selftest_run, "run_selftest", answer)
    monkeypatch.setattr(sys, "argv", ["oligort", "selftest", *map(str, arguments)])
    with pytest.raises(SystemExit) as leaving:
        main()
    sys.stdout.flush()
    return int(leaving.value.code or 0)


def test_a_pass_leaves_with_0_and_says_so_last(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert leaves(monkeypatch, result_of(sphere=0.01)) == 0
    out, err = capfd.readouterr()
    assert out.splitlines() == [
        "what    cases  worst  limit  unit",
        "sphere      1   0.01   0.15  pp    pass",
        "",
        "Linux; oligort 0.1.0; cases of seed 2022",
        "PASS",
    ]
    assert err == ""


def test_a_failure_leaves_with_1_and_names_the_case(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "selftest.json"
    result = result_of(sphere=0.01, cone=0.2)
    assert leaves(monkeypatch, result, "--json", file) == 1
    out = capfd.readouterr().out.splitlines()
    assert "FAIL  cone: case cone" in out
    assert out[-1] == "FAIL: 1 of 2 lines"
    assert file.read_text(encoding="utf-8") == result.to_json()


def test_json_keeps_its_contract_and_stands_alone_on_standard_output(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert leaves(monkeypatch, result_of(cone=0.2), "--json", "-") == 1
    document = json.loads(capfd.readouterr().out)
    assert document.keys() >= KEYS
    assert document["schema_version"] == 1
    assert document["passed"] is False
    (line,) = document["lines"]
    assert {key: line[key] for key in LINE_KEYS} == {
        "what": "cone", "unit": "pp", "cases": 1, "worst": 0.2, "worst_case": "case cone",
        "limit": 0.15, "failing": ["case cone"], "passed": False,
    }  # fmt: skip


def test_what_breaks_is_a_bug_and_what_cannot_be_written_could_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert leaves(monkeypatch, ValueError("a curve that rises")) == 4
    assert leaves(monkeypatch, result_of(cone=0.1), "--json", tmp_path / "none" / "x") == 2


def test_the_self_test_needs_no_dicom() -> None:
    code = "import sys, oligort.selftest.run; print('pydicom' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout == "False\n"
