"""The documents of the demo's submissions as golden files keep them, as text.

    python tests/report/golden_documents.py FOLDER

writes them into a folder, beside which somebody who changed what is computed or said looks at each
difference from tests/report/golden, and copies what is meant. No test does that.
"""

import csv
import difflib
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pages import golden_text

from oligort.document import Report
from oligort.report.cohort_csv import CohortTables
from oligort.report.cohort_document import Gathering

GOLDEN = Path(__file__).with_name("golden")

DECIMALS = 4
"""Decimals to which a number is rounded: far finer than anything that is printed of it, far coarser
than what two processors or two versions of numpy differ by."""

MASK = "*"
"""What stands for a digest and a version: they differ where nothing that is told does."""

MASKED = frozenset({"sha256", "versions"})

LONG = re.compile(rf"(?<![\d.])-?\d+\.\d{{{DECIMALS + 1},}}(e[-+]?\d+)?(?![\d.])")
"""A number in a text with more decimals than that."""

MOST_LINES = 80
"""Lines of a difference that are shown."""


def documents(reports: Mapping[str, Report]) -> dict[str, str]:
    """Return the text of each document by the name of its file, of reports by subject."""
    found = {f"{subject}.json": of_json(report.to_json()) for subject, report in reports.items()}
    submissions, findings = io.StringIO(), io.StringIO()
    tables, gathering = CohortTables(submissions, findings), Gathering()
    for subject, report in reports.items():
        tables.add_findings(gathering.add(f"{subject}.json", report), report)
    tables.add_submissions(gathering.cohort({}).rows)
    found["submissions.csv"] = of_csv(submissions.getvalue())
    found["findings.csv"] = of_csv(findings.getvalue())
    return found


def of_json(text: str) -> str:
    """Return a report's JSON in its order of keys, numbers rounded, what varies masked."""
    return json.dumps(_plain(json.loads(text)), indent=1, ensure_ascii=False) + "\n"


def of_csv(text: str) -> str:
    """Return a table, numbers rounded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([_rounded(cell) for cell in row] for row in csv.reader(io.StringIO(text)))
    return out.getvalue()


def difference(name: str, found: str) -> str:
    """Return how a document differs from its golden file, or ""."""
    golden = (GOLDEN / name).read_text(encoding="utf-8")
    lines = list(
        difflib.unified_diff(
            golden.splitlines(), found.splitlines(), f"golden/{name}", "found", lineterm="", n=2
        )
    )
    more = [f"... and {len(lines) - MOST_LINES} lines more"] if len(lines) > MOST_LINES else []
    return "\n".join([*lines[:MOST_LINES], *more])


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: MASK if key in MASKED and value[key] else _plain(one) for key, one in value.items()
        }
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return round(value, DECIMALS) + 0.0  # no -0.0
    return _rounded(value) if isinstance(value, str) else value


def _rounded(text: str) -> str:
    return LONG.sub(lambda number: f"{round(float(number[0]), DECIMALS) + 0.0:.{DECIMALS}f}", text)


def _demo(scratch: Path) -> tuple[dict[str, Report], dict[str, str]]:
    """Return the reports of the demo by subject, and the texts of their pages by file."""
    import oligort
    from oligort.checks.engine import case_of, report_on
    from oligort.demo.cases import CASES
    from oligort.demo.export import write_case
    from oligort.report.html import page

    reports, texts = {}, {}
    for made in CASES:
        register = write_case(made, scratch / made.subject)
        case = case_of(oligort.read(scratch / made.subject), register=register)
        reports[made.subject] = report = report_on(case)
        texts[f"{made.subject}.txt"] = golden_text(page(report, case))
    return reports, texts


def write(folder: Path, names: Iterable[tuple[str, str]]) -> None:
    """Write documents into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in names:
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        reports, texts = _demo(Path(scratch))
        write(Path(sys.argv[1]), {**documents(reports), **texts}.items())
