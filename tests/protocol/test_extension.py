"""A protocol file that extends another one: whole rules, nothing lost, every change told."""

import hashlib

import pytest

from oligort.errors import ProtocolError
from oligort.protocol.limits import DoseLimit
from oligort.protocol.model import Protocol
from oligort.protocol.settings import RegionalNodes

HEAD = """
schema_version = 1
extends = "nct06190782"
id = "SITE-07"
version = "3"
title = "Limits of site 07"

[sources."QUANTEC 2010"]
title = "Marks et al., Int J Radiat Oncol Biol Phys 2010; 76 (3 Suppl): S10-S19"
"""
CORD = """
[[dose_limits]]
criterion = "SITE cord"
description = "Maximum dose of the spinal cord"
structure = "SpinalCord"
metric = "Max[Gy]"
relation = "<="
limit = 50
unit = "Gy"
source = { document = "QUANTEC 2010", section = "Table 1, spinal cord" }
"""
V20 = """
[[dose_limits]]
criterion = "X6"
description = "Lung V20"
structure = "Lungs-GTV"
metric = "V20"
relation = "<="
limit = 22
unit = "%"
source = { document = "QUANTEC 2010", section = "Table 1, lung" }
"""


@pytest.fixture(scope="module")
def trial():
    return Protocol.load("nct06190782")


@pytest.fixture
def site(tmp_path):
    """Load a protocol file of a site."""

    def load(text, name="site.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return Protocol.load(path)

    return load


def test_a_limit_is_added_and_no_rule_of_the_trial_is_lost(site, trial):
    protocol = site(HEAD + CORD)
    assert [limit.criterion for limit in protocol.dose_limits] == ["X6", "SITE cord"]
    assert protocol.dose_limits[0] == trial.dose_limits[0]
    assert protocol.dose_limits[1].metric == "Max[Gy]"
    for part in ("criteria", "settings", "grades", "alpha_beta", "plausible_volumes"):
        assert getattr(protocol, part) == getattr(trial, part)
    assert protocol.changes == ()
    assert set(protocol.sources) == {*trial.sources, "QUANTEC 2010"}


def test_a_limit_of_the_same_metric_and_structure_stands_in_the_place_of_the_trials(site):
    protocol = site(HEAD + CORD + V20)  # "V20" is the metric that the trial spells "V20Gy[%]"
    assert [(one.criterion, one.limit) for one in protocol.dose_limits] == [
        ("X6", 22),
        ("SITE cord", 50),
    ]
    assert protocol.changes == ("dose_limits (V20Gy[%] of Lungs-GTV)",)


def test_a_limit_from_the_other_side_is_another_one(site):
    lowest = V20.replace('relation = "<="', 'relation = ">="').replace("limit = 22", "limit = 1")
    assert [one.limit for one in site(HEAD + lowest).dose_limits] == [25, 1]


def test_a_limit_of_other_plans_stands_beside_the_trials(site):
    lower = V20 + "[dose_limits.applies_when]\nfractions = { least = 1, most = 5 }\n"
    protocol = site(HEAD + lower)
    assert [one.limit for one in protocol.dose_limits] == [25, 22]
    assert protocol.changes == ()


def test_a_rule_is_restated_whole_with_a_source_of_its_own(site, trial):
    rule = '[criteria.ecog]\ncriterion = "I2"\ndescription = "ECOG"\nrelation = "<="\nlimit = 2\n'
    source = 'source = { document = "QUANTEC 2010" }\n'
    protocol = site(HEAD + rule + source)
    assert protocol.criteria.ecog.limit == 2
    assert protocol.changes == ("criteria.ecog",)
    assert protocol.criteria.age == trial.criteria.age
    # A number beside the source of another one is refused, with its place.
    with pytest.raises(ProtocolError) as refusal:
        site(HEAD + rule)
    assert 'site.toml: criteria.ecog: expected the key "source"' in str(refusal.value)


def test_grades_are_changed_one_by_one_and_say_where_they_come_from(site, trial):
    text = HEAD + '[grades]\nspecks = "INFO"\nsource = { document = "QUANTEC 2010" }\n'
    protocol = site(text)
    assert protocol.changes == ("grades.specks", "grades.source")
    before, after = trial.grades.of_deviations(), protocol.grades.of_deviations()
    assert {name for name in before if before[name] != after[name]} == {"specks"}
    with pytest.raises(ProtocolError, match='grades: expected the key "source"'):
        site(HEAD + '[grades]\nspecks = "INFO"\n')


def test_the_digest_is_of_both_files_and_the_record_names_both(site, trial):
    text = HEAD + V20
    record = site(text).record()
    assert record.sha256 == hashlib.sha256(trial.sha256.encode() + text.encode()).hexdigest()
    assert (record.id, record.extends) == ("SITE-07", "NCT06190782, version 1")
    assert record.changes == ("dose_limits (V20Gy[%] of Lungs-GTV)",)


def test_a_file_extends_a_file_of_its_own_folder_that_extends_another(site, tmp_path):
    site(HEAD + CORD, "first.toml")
    second = HEAD.replace('"nct06190782"', '"first.toml"').replace("SITE-07", "SITE-08") + V20
    protocol = site(
        second.replace('[sources."QUANTEC 2010"]\n', '[sources."X"]\n').replace(
            '"QUANTEC 2010", section = "Table 1, lung"', '"X"'
        ),
        "second.toml",
    )
    assert [limit.criterion for limit in protocol.dose_limits] == ["X6", "SITE cord"]
    assert protocol.record().extends == "SITE-07, version 3"


def test_what_every_level_states_otherwise_is_told_once(site, trial):
    ecog = (
        '[criteria.ecog]\ncriterion = "I1"\ndescription = "ECOG"\nlimit = {}\nrelation = "<="\n'
        'source = {{ document = "QUANTEC 2010", section = "x" }}\n'
    )
    first = site(HEAD + ecog.format(0) + V20, "first.toml")
    head = HEAD[: HEAD.index("[sources")].replace('"nct06190782"', '"first.toml"')
    middle = site(head.replace("SITE-07", "SITE-08") + CORD, "middle.toml")
    v20 = V20.replace("limit = 22", "limit = 21")
    last_head = head.replace("first.toml", "middle.toml").replace("SITE-07", "SITE-09")
    last = site(last_head + CORD.replace("limit = 50", "limit = 45") + v20, "last.toml")
    of_first = ("criteria.ecog", "dose_limits (V20Gy[%] of Lungs-GTV)")
    assert set(first.changes) == set(of_first)
    assert middle.record().changes == first.changes
    assert last.record().changes == (
        *first.changes, "dose_limits (Max[Gy] of SpinalCord)",
    )  # fmt: skip
    assert last.criteria.ecog.limit == 0 != trial.criteria.ecog.limit


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD.replace("[sources", "[souces"), 'found "souces"; did you mean "sources"? (line 8)'),
        (HEAD + CORD.replace("limit = 50", "limt = 50"), 'found "limt"; did you mean "limit"?'),
        (HEAD + CORD.replace('"Gy"', '"%"'), "dose_limits[entry 1]: unit: expected Gy"),
        (HEAD + CORD.replace("Max[Gy]", "D0.03"), 'found "D0.03": say D0.03cc[Gy] or D0.03%[Gy]'),
        (HEAD + CORD.replace("SpinalCord", "SpinalCord-"), "dose_limits[entry 1]: expected"),
        (HEAD + CORD.replace("QUANTEC 2010", "QUANTEC"), 'did you mean "QUANTEC 2010"?'),
        (HEAD + "[settings.skeletons]\nvalue = 1\n", 'did you mean "skeleton"?'),
        (HEAD + CORD + CORD, "found two"),
        (HEAD.replace("title = \"Limits", "titel = \"Limits"), 'did you mean "title"? (line 6)'),
        (HEAD.replace("version = \"3", "versoin = \"3"), 'did you mean "version"? (line 5)'),
        (HEAD.replace("id = \"SITE", "Id = \"SITE"), 'did you mean "id"? (line 4)'),
        (HEAD.replace('version = "3"\n', ""), 'expected "version", which a protocol'),
        (HEAD.replace('"nct06190782"', '"nct0619078"'), 'did you mean "nct06190782"?'),
        (HEAD.replace('"nct06190782"', '"nct0619078"'), "site.toml: extends: expected a shipped"),
        (HEAD + CORD + CORD, "dose_limits[entry 2]: expected one limit for"),
        (HEAD + CORD + CORD, "in this direction, found two (line "),
        (HEAD + CORD.replace("QUANTEC 2010", "QUANTEC"), '"QUANTEC 2010"? (line '),
        (HEAD.replace('"nct06190782"', "7"), "extends: expected a shipped protocol"),
        (HEAD.replace('"nct06190782"', '"none.toml"'), "none.toml: cannot be read"),
        (HEAD.replace('"nct06190782"', '"x/../site.toml"'), "extends no copy of itself"),
        (HEAD + "dose_limits = 7", "expected a list"),
        (HEAD.replace("SITE-07", "NCT06190782"), 'expected an id of its own, as its rules are not'),
        (HEAD.replace("SITE-07", "nct 0619-0782"), 'not those of "NCT06190782", found "nct 0619'),
        (HEAD.replace("SITE-07", "NCT03904927"), 'id: expected an id of its own'),
        (
            HEAD + '[sources.NCT06190782]\ntitle = "Another document"\n',
            '"NCT06190782" is a document of the protocol that it extends',
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_file_and_key(site, tmp_path, text, sentence):
    (tmp_path / "x").mkdir()
    if "dose_limits = 7" in text:  # before the first table
        text = "dose_limits = 7\n" + HEAD
    with pytest.raises(ProtocolError) as refusal:
        site(text)
    assert sentence in str(refusal.value)
    assert ".toml" in str(refusal.value)


def test_no_file_of_a_chain_takes_the_id_of_another(site):
    head = HEAD[: HEAD.index("[sources")]
    site(HEAD, "one.toml")
    for before, name in (("one", "two"), ("two", "three")):
        extending = head.replace('"nct06190782"', f'"{before}.toml"')
        site(extending.replace("SITE-07", name), f"{name}.toml")
    last = head.replace('"nct06190782"', '"three.toml"')
    with pytest.raises(ProtocolError, match='not those of "SITE-07", found "site 07"'):
        site(last.replace("SITE-07", "site 07"), "four.toml")


def test_a_dose_limit_that_no_document_gives_is_to_be_confirmed(site, trial):
    source = CORD[CORD.index("source") :]
    assumed = site(HEAD + CORD.replace(source, 'source = { document = "assumption" }\n'))
    (record,) = (one for one in assumed.setting_records() if "SpinalCord" in one.name)
    assert (record.assumption, record.value) == (True, "<= 50 Gy")
    assert "Is <= 50 Gy the one that holds?" in record.question
    assert len(site(HEAD + CORD).setting_records()) == len(trial.setting_records())


def test_the_parent_is_shipped_with_its_own_counting_and_size(trial):
    parent = Protocol.load("NCT03904927")
    assert parent.settings.regional_nodes.value is RegionalNodes.ALL_AS_ONE
    diameter = parent.criteria.metastasis_diameter
    assert (diameter.relation, diameter.limit) == ("<", 50)
    assert not diameter.allows(50.0)
    assert trial.criteria.metastasis_diameter.allows(50.0)
    assert parent.changes == ("criteria.metastasis_diameter", "settings.regional_nodes")
    assert all(isinstance(one, DoseLimit) for one in parent.dose_limits)


@pytest.mark.parametrize("spelt", ["Lungs - GTV", "lungs-gtv", "(Lungs)-GTV"])
def test_a_structure_in_another_spelling_is_the_same(site, spelt):
    """Its limit would stand beside the one that it was written to replace."""
    protocol = site(HEAD + V20.replace("Lungs-GTV", spelt))
    (limit,) = protocol.dose_limits
    assert limit.limit == 22
    assert len(protocol.changes) == 1
    with pytest.raises(ProtocolError, match=r"in this direction, found two"):
        site(HEAD + V20 + V20.replace("Lungs-GTV", spelt))


@pytest.mark.parametrize("name", ["Hart", "lungs", "Lugns", "GTV"])
def test_alpha_beta_of_what_nothing_asks_for_is_refused(site, name):
    """It would be the number of all others, which reads as well."""
    table = '[alpha_beta.structures.{}]\nvalue = 2\nunit = "Gy"\n' + (
        'source = {{ document = "QUANTEC 2010", section = "s" }}\n'
    )
    with pytest.raises(ProtocolError, match=r"alpha_beta.structures: expected an organ"):
        site(HEAD + table.format(name))
    assert site(HEAD + CORD + table.format("SpinalCord")).alpha_beta.of("SpinalCord").value == 2
    assert site(HEAD + table.format("Heart")).alpha_beta.of("Heart-PTV").value == 2


@pytest.mark.parametrize("key", ["id", "title", "version"])
def test_a_name_of_blanks_is_none(site, key):
    lines = [f'{key} = "  "' if one.startswith(f"{key} =") else one for one in HEAD.split("\n")]
    with pytest.raises(ProtocolError, match=rf"{key}: expected text that is not blank"):
        site("\n".join(lines))


def test_the_rule_of_a_deviation_has_its_own_source(trial, site):
    """A rule that the trial's record has is no assumption, whatever its grade is."""
    arm, lesion = "dose_in_arm_without_local_therapy", "lesion_without_therapy"
    assert trial.grades.source_of(lesion).document == "NCT06190782"
    assert trial.grades.source_of("specks").document == "assumption"
    own = '[grades]\nsource = { document = "QUANTEC 2010", section = "g" }\nspecks = "INFO"\n'
    rule = '[grades.rules]\n{} = {{ document = "QUANTEC 2010", section = "r" }}\n'
    protocol = site(HEAD + own + rule.format(arm))
    assert protocol.grades.source_of(arm).section == "r"
    assert protocol.grades.source_of(lesion) == trial.grades.source_of(lesion)
    assert protocol.grades.source_of("specks").section == "g"
    with pytest.raises(ProtocolError, match=r'grades: rules: .* did you mean "specks"'):
        site(HEAD + own + rule.format("speck"))


@pytest.mark.parametrize("name", ["Lung_Rs", "heart", "Lung R", "PTV"])
def test_volumes_of_what_is_no_organ_to_the_letter_are_refused(site, name):
    """What reads as an organ, and is neither it nor a side of it, is held against nothing."""
    table = (
        '[plausible_volumes.organs."{}"]\nleast = 200\nmost = 7000\nunit = "cc"\n'
        'source = {{ document = "QUANTEC 2010", section = "s" }}\n'
    )
    with pytest.raises(ProtocolError, match=r"plausible_volumes: organs: expected organs"):
        site(HEAD + table.format(name))
    assert "Kidney_L" in site(HEAD + table.format("Kidney_L")).plausible_volumes.organs
