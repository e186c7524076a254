"""`oligort protocol`: what is shipped, what a protocol says, and whether a file is right."""

import json
import sys

import pytest

from oligort.cli import main
from oligort.protocol.model import Protocol
from oligort.protocol.schema import protocol_schema

SITE = """
schema_version = 1
extends = "nct06190782"
id = "SITE-07"
version = "3"
title = "Limits of site 07"

[sources.QUANTEC]
title = "Marks et al., Int J Radiat Oncol Biol Phys 2010; 76 (3 Suppl): S10-S19"

[[dose_limits]]
criterion = "cord"
description = "Maximum dose of the spinal cord"
structure = "SpinalCord"
metric = "Max[Gy]"
relation = "<="
limit = 50
unit = "Gy"
source = { document = "QUANTEC", section = "Table 1" }
"""


@pytest.fixture
def leaves(monkeypatch, capfd):
    """Run `oligort protocol`, and return its exit status and what it printed."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["oligort", "protocol", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        return int(leaving.value.code or 0), capfd.readouterr().out

    return run


def test_every_shipped_protocol_is_listed(leaves):
    status, out = leaves("list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines() if line[0] == "n"] == list(
        Protocol.shipped()
    )


def test_every_rule_is_shown_with_its_source_in_100_columns(leaves):
    status, out = leaves("show", "nct03904927")
    assert status == 0
    assert max(map(len, out.splitlines())) <= 100
    protocol = Protocol.load("nct03904927")
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert "< 50 mm" in rows["I4iii"]
    assert "NCT03904927" in rows["I4iii"]
    assert "V20Gy[%] of Lungs-GTV" in rows["X6"]
    assert "It states otherwise: criteria.metastasis_diameter, settings.regional_nodes." in out
    for setting in protocol.setting_records():
        assert f"\n{setting.name} = " in out
    assert protocol.sha256 in out


def test_variations_and_when_a_limit_applies_are_shown(leaves, tmp_path):
    path = tmp_path / "site.toml"
    keys = """
[dose_limits.variation]
limit = 54
source = { document = "QUANTEC", section = "Table 2" }
[dose_limits.applies_when]
arm = "local_therapy"
plan_kind = "delivered"
organ = "Lungs"
fractions = { least = 1, most = 5 }
"""
    path.write_text(SITE + keys, encoding="utf-8")
    status, out = leaves("show", path)
    assert status == 0
    rows = [line for line in out.splitlines() if line.startswith("cord")]
    first, second = ([cell for cell in row.split("  ") if cell.strip()] for row in rows)
    assert any("<= 50 Gy" in cell for cell in first)
    assert any("<= 54 Gy" in cell for cell in second)
    assert any("MINOR" in cell for cell in second)
    # In columns: each word stands on some line of its cell.
    text = " ".join(out.split())
    for words in ("acceptable", "Table 2", "local_therapy", "delivered", "Lungs", "1 to 5"):
        assert words in text
    assert "<= 6 months" in text
    assert "synchronous" in text


def test_a_file_that_can_be_applied_passes_and_one_that_cannot_says_where(leaves, tmp_path):
    right, wrong = tmp_path / "right.toml", tmp_path / "wrong.toml"
    right.write_text(SITE, encoding="utf-8")
    wrong.write_text(SITE.replace("limit = 50", "limt = 50"), encoding="utf-8")
    status, out = leaves("lint", right, "nct06190782")
    assert (status, out.count("can be applied; remarks: 0")) == (0, 2)
    status, out = leaves("lint", wrong, right)
    assert status == 1
    assert "wrong.toml: dose_limits[entry 1]: expected one of its keys" in out
    assert 'did you mean "limit"? (line' in out
    assert "right.toml: can be applied" in out  # one wrong file hides no other


@pytest.mark.parametrize(
    ("right", "other", "remark"),
    [
        ('"SpinalCord"', '"SpinalCrod"', '"SpinalCrod" is no name of TG-263 and no role'),
        (
            'relation = "<="',
            'relation = ">="',
            "organ that receives much; is <= meant?",
        ),
        (', section = "Table 1"', "", '"QUANTEC" is cited without a section'),
        ("[sources.QUANTEC]", '[sources.X]\ntitle = "X"\n[sources.QUANTEC]', 'refers to "X"'),
        (
            "[[dose_limits]]",
            '[plausible_volumes.organs.Heart]\nleast = 200\nmost = 2000\nunit = "cc"\n'
            'source = { document = "QUANTEC", section = "1" }\n[[dose_limits]]',
            "plausible_volumes.organs.Heart: no dose limit is about it",
        ),
    ],
)
def test_what_may_be_meant_otherwise_is_remarked(leaves, tmp_path, right, other, remark):
    path = tmp_path / "site.toml"
    path.write_text(SITE.replace(right, other), encoding="utf-8")
    status, out = leaves("lint", path)
    assert (status, out.count("can be applied; remarks: 1")) == (0, 1)
    assert remark in out


def test_the_schema_asks_of_an_extension_what_it_says_of_itself():
    schema = json.loads(protocol_schema())
    file = schema["$defs"]["ProtocolFile"]
    assert file["required"] == ["schema_version", "id", "version", "title"]
    assert file["if"] == {"required": ["extends"]}
    # A file that extends none states every rule.
    assert {"criteria", "dose_limits", "settings", "grades"} <= set(file["else"]["required"])
    whole = file["else"]["properties"]
    assert set(whole["criteria"]["required"]) == set(
        Protocol.load("nct06190782").criteria.__struct_fields__
    )
    assert "required" not in schema["$defs"]["Criteria"]
    assert schema["$defs"]["Grades"]["required"] == ["source"]
    assert schema["$defs"]["Grade"]["enum"] == ["INFO", "MAJOR", "MINOR"]
    # An acceptable variation is never a major one.
    assert schema["$defs"]["Variation"]["properties"]["grade"]["enum"] == ["INFO", "MINOR"]
    assert file["properties"]["extends"]["description"].startswith("The protocol whose rules hold")
