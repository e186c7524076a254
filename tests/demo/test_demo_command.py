"""The demo as a user runs it, and the README's transcript of it held against what it prints."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oligort.report.tables import report_text

ROOT = Path(__file__).parents[2]
RUN = "from oligort.cli import main; main()"


def printed(*arguments: str | Path) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert result.returncode in {0, 1}, result.stderr
    return [line.rstrip() for line in result.stdout.splitlines()]


def test_the_demo_and_the_transcript_in_the_readme(
    tmp_path: Path, demo_page: Callable[[int], Any]
) -> None:
    told = printed("demo", tmp_path / "demo")
    # What a check of the second prints; `test_the_page_and_the_json_are_of_one_check` runs one.
    second = [line.rstrip() for line in report_text(demo_page(1).report).splitlines()]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"## What it prints\n(.*?)\n## ", readme, re.DOTALL)
    shown = [line[4:].rstrip() for line in section.splitlines() if line.startswith("    ")]
    assert len(shown) > 40
    for line in shown:
        is_of_the_tool = line and not line.startswith(("$", "  [...]", "="))
        assert not is_of_the_tool or line in told or line in second, line
    assert [line.split()[1] for line in told[1:6]] == [
        "PASS",
        "MAJOR",
        "MAJOR",
        "MAJOR",
        "NOT_EVALUABLE",
    ]
