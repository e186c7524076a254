"""docs/eligibility.md: a section for each criterion, with its code, and the readings that exist."""

import re
from pathlib import Path

import pytest

from oligort.checks.registry import all_checks
from oligort.clinical.classification import Leaf
from oligort.protocol.model import Protocol

PAGE = (Path(__file__).parents[1] / "docs" / "eligibility.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\S+) .*\n((?:(?!^## ).*\n)*)", PAGE, re.MULTILINE))
PROTOCOL = Protocol.load("nct06190782")
CRITERIA = {
    check.rule(PROTOCOL).criterion: (check.code, check.rule(PROTOCOL))
    for check in all_checks()
    if check.rule
} | {limit.criterion: ("OL301", limit) for limit in PROTOCOL.dose_limits}


def test_every_criterion_of_the_protocol_has_its_section():
    assert [name for name in SECTIONS if re.fullmatch(r"[IX]\d\w*", name)] == [
        "I1", "I2", "I3", "I4", "I4i", "I4ii", "I4iii", "I5", "X1", "X2", "X3", "X4", "X5", "X6",
    ]  # fmt: skip
    assert set(CRITERIA) == {name for name in SECTIONS if re.fullmatch(r"[IX]\d\w*", name)}


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_section_says_what_how_when_not_and_from_where(criterion):
    code, rule = CRITERIA[criterion]
    section = SECTIONS[criterion]
    for heading in ("- Asked:", "- Answered by:", "- Not evaluable", "- Source:"):
        assert heading in section
    assert f"`{code}`" in section
    assert str(rule.source) in section


def test_every_option_of_a_reading_is_on_the_page():
    for name in ("regional_nodes", "non_regional_nodes", "nodes_per_organ", "paired_organs",
                 "primary_organs", "diameter_reading", "nodal_size"):  # fmt: skip
        setting = getattr(PROTOCOL.settings, name)
        assert f"`{name}`" in PAGE
        assert set(setting.options) == set(type(setting.value))
        for option in setting.options:
            assert f"`{option}`" in PAGE


def test_every_leaf_of_the_tree_is_on_the_page():
    text = " ".join(PAGE.split())
    for leaf in Leaf:
        for word in str(leaf).removesuffix(" oligometastatic disease").split():
            assert word in text
