"""Cases of every check as data files: pass, minor, major, not evaluable, or why one cannot be.

A check that is added needs a file of its code in tests/checks/cases, and nothing else. Its headings
and its source are asked for in test_registry.py.
"""

import re
from functools import cache

import msgspec
import pytest
from case_building import Cases
from case_files import DEMANDED, FOLDER, CaseFile, WrittenCase, read_case_file

from oligort.checks.engine import findings_of
from oligort.checks.registry import all_checks
from oligort.checks.what_to_do import ELSE
from oligort.errors import NotEvaluable
from oligort.finding import Flag, Grade

CHECKS = {one.code: one for one in all_checks()}
FILES = {path.stem: path for path in sorted(FOLDER.glob("*"))}

WORST_FIRST = (Grade.MAJOR, Grade.MINOR, Grade.NOT_EVALUABLE, Grade.INFO, Grade.PASS)
"""Information goes before a pass: where a case expects PASS, nothing is told beside it."""

FEWEST_WORDS = 10
"""Of a reason why a grade cannot be."""


@cache
def file_of(code: str) -> CaseFile:
    return read_case_file(FILES[code])


@pytest.fixture(scope="module")
def cases(build, tmp_path_factory):
    return Cases(build, tmp_path_factory.mktemp("protocols"))


def test_every_check_has_a_file_and_every_file_a_check():
    assert sorted(FILES) == sorted(CHECKS)
    assert all(path.suffix == ".toml" for path in FILES.values())


TOLD_BY = {
    Grade.INFO: r"\bINFO\b|[Ii]nformation",
    Flag.QUERY: r"\bQUERY\b|\bquer(y|ies)\b",
    Flag.BORDERLINE: r"\bBORDERLINE\b",
    Flag.DEFINITION_SENSITIVE: r"\bDEFINITION_SENSITIVE\b",
}
"""How the page of a check says that it has a grade or flag that not every check has."""


def demanded_of(code: str) -> set[str]:
    """Return the grades that every check is asked for, and what its own page tells of."""
    page = CHECKS[code].page
    return {*DEMANDED, *(answer for answer, told in TOLD_BY.items() if re.search(told, page))}


@pytest.mark.parametrize("code", [code for code in FILES if code in CHECKS])
def test_each_grade_and_flag_has_a_case_or_a_reason_why_there_can_be_none(code):
    file = file_of(code)
    assert file.answers & set(file.cannot) == set()
    assert demanded_of(code) - file.answers - set(file.cannot) == set()
    assert all(len(reason.split()) >= FEWEST_WORDS for reason in file.cannot.values())
    names = [case.name for case in file.cases]
    assert len(set(names)) == len(names)


def told(code: str, case) -> list[tuple[Grade, frozenset, str]]:
    """Return grade, flags and message of each finding; what is not evaluable ends the check."""
    found = []
    try:
        for finding in CHECKS[code].run(case):
            assert finding.code == code
            assert str(finding.source)
            found.append((finding.grade, frozenset(finding.flags), finding.message))
    except NotEvaluable as error:
        found.append((Grade.NOT_EVALUABLE, frozenset(), str(error)))
    return found


WRITTEN = [
    pytest.param(code, case, id=f"{code}: {case.name}")
    for code in FILES
    if code in CHECKS
    for case in file_of(code).cases
]


@pytest.mark.parametrize(("code", "written"), WRITTEN)
def test_the_check_says_what_the_case_expects(code: str, written: WrittenCase, cases):
    found = told(code, cases.of(written))
    grades = {grade for grade, _, _ in found}
    assert next(grade for grade in WORST_FIRST if grade in grades) is written.expected, found
    worst = [one for one in found if one[0] is written.expected]
    held = [one for one in worst if all(word in one[2] for word in written.words)]
    assert len(held) == 1, found
    assert held[0][1] == written.flags, found


@pytest.mark.parametrize(
    ("code", "written"), [one for one in WRITTEN if one.values[1].expected is Grade.NOT_EVALUABLE]
)
def test_what_is_not_evaluable_says_what_to_do(code: str, written: WrittenCase, cases):
    """A stranger at a site has to know what to send, draw or answer."""
    for finding in findings_of(CHECKS[code], cases.of(written)):
        assert finding.grade is not Grade.NOT_EVALUABLE or len(finding.hint.split()) > 3
        assert finding.hint != ELSE


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[[cases]]\nname = "a"\nexpected = "PASS"\nwords = ["b"]\nsubmision = {}', "submision"),
        (
            '[[cases]]\nname = "a"\nexpected = "PASS"\nwords = ["b"]\n'
            "submission = { plan = { lable = 'x' } }",
            "lable",
        ),
        ('[[cases]]\nname = "a"\nexpected = "GOOD"\nwords = ["b"]', "GOOD"),
        ('[[cases]]\nname = "a"\nexpected = "PASS"\nwords = [" "]', "words of the message"),
        ("cases = []\n[cannot]\nNEVER = 'x'", "NEVER"),
    ],
)
def test_a_key_that_nobody_reads_is_refused(text, key, tmp_path):
    path = tmp_path / "OL999.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(msgspec.ValidationError, match=key):
        read_case_file(path)
