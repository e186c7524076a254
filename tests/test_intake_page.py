"""docs/intake.md: each test that it cites exists; its limits and elements are those in force."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from mutation import IN_RANGE
from pydicom.datadict import dictionary_description, tag_for_keyword

from oligort.checks.registry import all_checks

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "intake.md").read_text(encoding="utf-8")
CITED = re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)
LIMITS = re.findall(r"^\| `([A-Z_]+)` \| (\d+) \| `([\w.]+)` \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("file", "name"), CITED)
def test_what_is_shown_by_a_test_has_it(file, name):
    assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8")


def test_every_habit_is_shown_by_a_test():
    section = PAGE.split("## What becomes of each habit")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if re.match(r"\| (?!habit|---)", line)]
    assert len(rows) == len(CITED) > 60
    for row in rows:
        assert re.fullmatch(r"\| [^|]+ \| [^|]+ \| `[\w/]+\.py::test_\w+` \|", row), row


@pytest.mark.parametrize(("name", "value", "module"), LIMITS)
def test_a_limit_is_the_one_in_force(name, value, module):
    assert getattr(import_module(module), name) == int(value)


def test_no_limit_of_the_reader_is_left_out():
    stated = {(name, module) for name, _, module in LIMITS}
    found = set()
    for file in (TESTS.parent / "oligort" / "dicom").glob("*.py"):
        for name in re.findall(r"^(MAX_\w+) = ", file.read_text(encoding="utf-8"), re.MULTILINE):
            found.add((name, f"oligort.dicom.{file.stem}"))
    shown_alone = {
        ("MAX_PATH_TEXT", "oligort.dicom.identity"),  # how much of a text is shown
        ("MAX_NAMED_FAULTS", "oligort.dicom.read"),
        ("MAX_AGE_YEARS", "oligort.dicom.age"),  # what is believed of an age
        ("MAX_TOLD_APART", "oligort.dicom.identity_left"),  # beyond, less is told
    }
    assert found - stated - shown_alone == set()


def test_the_elements_that_cannot_be_told_are_those_of_the_mutations():
    section = PAGE.split("## What cannot be told")[1]
    listed = set(re.findall(r"^- (.+ \([0-9A-F]{4},[0-9A-F]{4}\))$", section, re.MULTILINE))
    tags = {keyword: tag_for_keyword(keyword) for keyword in IN_RANGE}
    assert listed == {
        f"{dictionary_description(tag)} ({tag >> 16:04X},{tag & 0xFFFF:04X})"
        for tag in tags.values()
    }


def test_every_check_of_the_page_exists():
    codes = {check.code for check in all_checks()}
    assert set(re.findall(r"OL0\d\d", PAGE)) <= codes
