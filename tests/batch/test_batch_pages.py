"""What docs/scale.md says of limits and numbers is what the code does."""

import importlib.util
import inspect
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from oligort import versions
from oligort.batch.each import IN_FLIGHT
from oligort.batch.grouping import Joined
from oligort.batch.limits import MEMORY_LIMIT_GIB, TIME_LIMIT_S
from oligort.batch.output import LEDGER, REPORTS
from oligort.batch.run import COHORT_PAGE, FINDINGS_CSV, SUBMISSIONS_CSV
from oligort.checks.unchecked import UNCHECKED
from oligort.cli.batch import batch
from oligort.cli.cohort import cohort
from oligort.dicom.files import MAX_FILE_BYTES
from oligort.versions import versions_of

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")


def test_the_limits_of_the_page_are_those_of_the_code():
    assert f"**Limits.** {TIME_LIMIT_S:g} s for a submission" in PAGE
    assert f"{MEMORY_LIMIT_GIB:g} GiB of address space" in PAGE
    assert f"that is read ({MAX_FILE_BYTES / 1024**3:g} GiB)" in PAGE
    assert f"{IN_FLIGHT} where nothing is said" in PAGE


def test_the_benchmarks_that_the_page_names_are_there():
    named = set(re.findall(r"tests/benchmarks/\w+\.py", PAGE))
    assert len(named) == 3
    assert all((Path(__file__).parents[2] / name).exists() for name in named)


def test_the_benchmark_tells_the_start_from_what_each_takes():
    path = Path(__file__).parents[1] / "benchmarks" / "batch_cost.py"
    spec = importlib.util.spec_from_file_location("batch_cost", path)
    cost = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = cost
    spec.loader.exec_module(cost)
    start, each = cost.line_through((6, 1.0 + 6 * 0.25), (24, 1.0 + 24 * 0.25))
    assert (start, each) == (1.0, 0.25)


def test_libraries_are_looked_for_once(monkeypatch):
    versions_of(["numpy"])
    monkeypatch.setattr(versions, "version", lambda name: pytest.fail("looked for again"))
    assert versions_of(["numpy"])["numpy"] == np.__version__


def test_the_page_of_the_rules_names_codes_files_and_options_that_are_there():
    page = (Path(__file__).parents[2] / "docs" / "batch.md").read_text(encoding="utf-8")
    codes = {check.code for check in UNCHECKED}
    assert codes == set(re.findall(r"OL09\d", page))
    for file in (SUBMISSIONS_CSV, FINDINGS_CSV, COHORT_PAGE, f"{REPORTS}/SUBJECT.json", LEDGER):
        assert f"`DIR/{file}`" in page
    commands = {*inspect.signature(batch).parameters, *inspect.signature(cohort).parameters}
    named = {
        option.removeprefix("no-").replace("-", "_")
        for option in re.findall(r"--([a-z][a-z-]*)", page)
    }
    assert named <= commands
    assert all(str(rule) in page for rule in Joined)
