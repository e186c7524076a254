"""Fixtures shared by all tests."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from oligort.checks.case import Case
    from oligort.document import Report


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real and reference data, which is never part of the repository."""
    folder = os.environ.get("OLIGORT_TEST_DATA")
    if not folder:
        pytest.skip("OLIGORT_TEST_DATA is not set: real and reference data are not at hand")
    return Path(folder)


class DemoPage(NamedTuple):
    """A demo submission: its folder, what was checked, the report, and its page."""

    folder: Path
    case: "Case"
    report: "Report"
    html: str


@pytest.fixture(scope="session")
def demo_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], DemoPage]:
    """The pages of the demo's submissions by their number, each made once."""
    import oligort
    from oligort.checks.engine import case_of, report_on
    from oligort.demo.cases import CASES
    from oligort.demo.export import write_case
    from oligort.report.html import page

    base = tmp_path_factory.mktemp("demo-pages")

    @cache
    def made(number: int) -> DemoPage:
        folder = base / CASES[number].subject
        register = write_case(CASES[number], folder)
        case = case_of(oligort.read(folder), register=register)
        report = report_on(case)
        return DemoPage(folder, case, report, page(report, case))

    return made
