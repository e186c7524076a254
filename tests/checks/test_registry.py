"""Every check has its code and its page; no number of the protocol stands among them."""

import ast
import re
from pathlib import Path

import pytest

import oligort.checks
import oligort.fit
from oligort.checks.registry import check, page_of, pages
from oligort.errors import SelectionError

HEADINGS = (
    "What it checks: ",
    "Why it matters: ",
    "How it is measured: ",
    "Not evaluable when: ",
    "Source: ",
)


@pytest.mark.parametrize("one", pages(), ids=lambda one: one.code)
def test_every_check_has_a_page_of_five_headings_in_order(one):
    lines = one.page.splitlines()
    found = [line.split(": ")[0] + ": " for line in lines if line.startswith(HEADINGS)]
    assert tuple(found) == HEADINGS
    source = one.page.split("Source: ")[1].strip()
    assert re.search("NCT06190782|oligort convention|protocol", source)
    assert all(len(line) <= 100 for line in lines)


def test_codes_are_unique_and_in_order():
    codes = [one.code for one in pages()]
    assert codes == sorted(set(codes))
    assert all(re.fullmatch(r"OL[0-4]\d\d", code) for code in codes)


def test_a_second_check_of_one_code_is_refused():
    with pytest.raises(ValueError, match="OL301"):
        check("OL301", "again")(lambda case: iter(()))


def test_pages_are_found_by_code_and_near_misses_are_offered():
    assert page_of("ol301").startswith("OL301  Dose limits\n\nWhat it checks: ")
    with pytest.raises(SelectionError, match=r"no check has the code .*; the nearest is OL30"):
        page_of("OL30")


def numbers_in(module: Path) -> list[tuple[int, float]]:
    """Return the line and the value of every number in a module's code, wherever it stands."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    ]


CHECKS = sorted(Path(oligort.checks.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("module", [*CHECKS, Path(oligort.fit.__file__)], ids=lambda m: m.stem)
def test_no_number_of_the_protocol_stands_in_the_code(module):
    protocol = {4.0, 5.0, 18.0, 20.0, 25.0, 50.0, 10.0, 2.0, 0.5, 0.8, 1.8, 0.95, 2.2, 0.85}
    named = {("fit", 50.0)}  # the median of a target is at half of its volume
    found = {(module.stem, float(value)) for _, value in numbers_in(module)}
    assert not {entry for entry in found if entry[1] in protocol} - named
