"""A register with one answer less never passes where the whole one did not."""

import copy
import random
from collections import Counter

import pytest
from test_truth_table import case_of, graded, random_settings, random_table

CODES = ("OL105", "OL201", "OL202", "OL203")
CASES, SAMPLE = 250, 80
SIZES = {"size_mm", "short_axis_mm", "maximum_3d_mm"}


def answers(table):
    """Yield each table of the register with a key that may be removed from it.

    A size beside a contour is a second witness: without it the contour decides alone.
    """
    yield ("disease",), "oesophageal_squamous_cell_carcinoma"
    for number, lesion in enumerate(table["lesions"]):
        if "drawn" not in lesion and "unnamed" not in lesion:
            yield ("lesions", number), "roi_names"  # an answer as well: that nothing is drawn
        kept = {"id", "drawn", "unnamed"} | (SIZES if "drawn" in lesion else set())
        for key in lesion.keys() - kept:
            yield ("lesions", number), key


def less(table, way, key):
    copied = copy.deepcopy(table)
    part = copied
    for step in way:
        part = part[step]
    if key == "roi_names":
        part["unnamed"] = True
    part.pop(key, None)
    return copied


def grades_of(table, settings):
    case = case_of(table, settings, None, None, True)
    grades = {code: set(graded(code, case)[0]) for code in CODES}
    # That no lesion is there to be measured is no answer of OL203 to lose.
    return grades | {"OL203": {str(one.grade) for one in graded("OL203", case)[1]} or {"PASS"}}


@pytest.mark.parametrize("cases", [SAMPLE, pytest.param(CASES, marks=pytest.mark.exhaustive)])
def test_an_answer_less_makes_no_pass(cases):
    chance, seen = random.Random(7), Counter()
    for _ in range(cases):
        table, settings = random_table(chance), random_settings(chance)
        whole = grades_of(table, settings)
        for way, key in sorted(answers(table)):
            fewer = grades_of(less(table, way, key), settings)
            for code in CODES:
                was_pass = whole[code] == {"PASS"}
                is_pass = fewer[code] == {"PASS"}
                assert was_pass or not is_pass, (code, way, key, table, settings)
                seen[code, key] += not was_pass
    for key in ("organ", "kind", "pathology", "oesophageal_squamous_cell_carcinoma"):
        assert min(seen[code, key] for code in CODES) > 20
