"""The shipped protocol against the trial's table, and what a protocol file must not say."""

import hashlib
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oligort.clinical.answer import Answer
from oligort.clinical.register import Disease, History
from oligort.errors import ProtocolError
from oligort.finding import Grade
from oligort.protocol.limits import LargestLength
from oligort.protocol.model import Protocol
from oligort.protocol.settings import DiameterReading, NodalSize
from oligort.strict import struct_of

SHIPPED = files("oligort.protocol").joinpath("trials/nct06190782.toml").read_text("utf-8")


@pytest.fixture
def altered(tmp_path):
    """Load the shipped protocol with one text of it replaced, from a file of its own."""

    def load(right, wrong, name="site.toml"):
        assert right in SHIPPED
        path = tmp_path / name
        path.write_text(SHIPPED.replace(right, wrong, 1), encoding="utf-8")
        return Protocol.load(path)

    return load


@pytest.fixture(scope="module")
def protocol():
    return Protocol.load("nct06190782")


# The trial's criteria as its record states them, written out a second time.
LIMITS = {
    "age": ("I1", ">=", 18, "years"),
    "ecog": ("I2", "<=", 1, ""),
    "distant_metastases": ("I4i", "<=", 4, ""),
    "metastases_per_organ": ("I4ii", "<=", 3, ""),
    "metastasis_diameter": ("I4iii", "<=", 50.0, "mm"),
    "pathological_metastases": ("I5", ">=", 1, ""),
}
REQUIRED = {
    "oesophageal_squamous_cell_carcinoma": ("I3", "yes"),
    "genuine_oligometastatic_disease": ("I4", "yes"),
    "disseminated_metastases": ("X1", "no"),
    "induced_oligometastatic_disease": ("X1", "no"),
    "perforation_or_haemorrhage": ("X2", "no"),
    "progression_after_pd1": ("X3", "no"),
    "in_field_recurrence": ("X4", "no"),
    "intolerance_of_chemotherapy_or_immunotherapy": ("X5", "no"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_are_those_of_the_trial(protocol, name):
    rule = getattr(protocol.criteria, name)
    assert (rule.criterion, rule.relation, rule.limit, rule.unit) == LIMITS[name]
    assert rule.grade is Grade.MAJOR
    assert rule.source.document == "NCT06190782"
    assert rule.criterion in rule.source.section


@pytest.mark.parametrize("name", REQUIRED)
def test_required_answers_are_those_of_the_trial(protocol, name):
    rule = getattr(protocol.criteria, name)
    assert (rule.criterion, rule.required) == REQUIRED[name]
    assert rule.grade is Grade.MAJOR
    assert rule.source.document == "NCT06190782"


def test_no_criterion_is_left_out_of_the_tables(protocol):
    assert set(protocol.criteria.__struct_fields__) == {*LIMITS, *REQUIRED, "synchronous_months"}
    months = protocol.criteria.synchronous_months
    assert (months.limit, months.relation, months.unit) == (6, "<=", "months")


def test_required_answers_have_the_names_of_the_registers_keys():
    derived = {"genuine_oligometastatic_disease", "induced_oligometastatic_disease"}
    keys = {*Disease.__struct_fields__, *History.__struct_fields__}
    assert set(REQUIRED) - derived <= keys


def test_lung_v20_is_the_only_dose_limit(protocol):
    (limit,) = protocol.dose_limits
    assert (limit.criterion, limit.structure, limit.metric) == ("X6", "Lungs-GTV", "V20Gy[%]")
    assert (limit.relation, limit.limit, limit.unit) == ("<=", 25, "%")
    assert limit.family == ("Lungs", "Lungs-CTV", "Lungs-ITV", "Lungs-PTV")
    assert limit.parts == ("Lung_L", "Lung_R")
    assert limit.beside == ("V5Gy[%]", "Mean[Gy]")
    assert limit.grade is Grade.MAJOR


def test_exactly_the_limit_is_eligible_and_nothing_is_rounded(protocol):
    (lung,) = protocol.dose_limits
    assert lung.allows(25)
    assert not lung.allows(25.000000001)
    assert protocol.criteria.metastasis_diameter.allows(50.0)
    assert not protocol.criteria.metastasis_diameter.allows(50.0000001)
    assert protocol.criteria.metastasis_diameter.allows(50.00000000000001)
    strict = msgspec.structs.replace(protocol.criteria.metastasis_diameter, relation="<")
    assert not strict.allows(49.99999999999999)
    assert strict.allows(49.9999999)
    assert protocol.criteria.age.allows(18)
    assert not protocol.criteria.age.allows(17)
    assert protocol.criteria.pathological_metastases.allows(1)
    assert not protocol.criteria.pathological_metastases.allows(0)


def test_settings_are_the_defaults_of_the_open_points(protocol):
    settings = protocol.settings
    assert settings.diameter_reading.value is DiameterReading.LONGEST_AXIAL
    assert settings.nodal_size.value is NodalSize.LONGEST_DIAMETER
    assert settings.regional_nodes.value == "not_counted"
    assert settings.effective_dose_accepted.value is False
    numbers = {
        name: getattr(settings, name).value
        for name in settings.__struct_fields__
        if name.endswith(("_percent", "_points", "_mm", "_gy"))
    }
    assert numbers == {
        "in_field_isodose_percent": 50,
        "borderline_percentage_points": 0.5,
        "borderline_mm": 1,
        "register_size_difference_mm": 10,
        "register_size_perhaps_in_cm_mm": 10,
        "drawn_v20_difference_percentage_points": 1,
        "drawn_volume_difference_percent": 2,
        "planning_system_volume_difference_percent": 2,
        "planning_system_v20_difference_percentage_points": 1,
        "planning_system_curve_difference_percentage_points": 5,
        "planning_system_dose_difference_gy": 0.5,
        "dose_grid_spacing_mm": 3,
    }
    ranges = [
        settings.target_median_dose_ratio,
        settings.target_maximum_dose_ratio,
        settings.duplicate_dice,
        settings.in_field_part,
    ]
    assert [(one.least, one.most) for one in ranges] == [
        (0.8, 1.8),
        (0.95, 2.2),
        (0.85, 0.95),
        (1, 50),
    ]
    assert ranges[0].holds(0.8)
    assert ranges[0].holds(1.8)
    assert not ranges[0].holds(1.81)


def test_grades_are_those_of_the_default_table(protocol):
    major = {
        name for name, grade in protocol.grades.of_deviations().items() if grade is Grade.MAJOR
    }
    assert major == {
        "several_patients",
        "dose_in_arm_without_local_therapy",
        "left_and_right_swapped",
        "identity_left",
    }
    assert len(protocol.grades.of_deviations()) == 19
    assert set(protocol.grades.of_deviations().values()) == {Grade.MAJOR, Grade.MINOR}


def test_reports_get_every_setting_and_each_open_point_as_an_assumption(protocol):
    records = protocol.setting_records()
    names = [record.name for record in records]
    assert len(set(names)) == len(names) == len(protocol.settings.__struct_fields__) + 8
    # The eleven points that the public record leaves open; the fifth and the sixth are two
    # settings each, and the fourth says both what counts and what is one organ. Where the primary
    # may lie and how fine a grid should be are readings of our own.
    assert {record.name for record in records if record.assumption} == {
        "X6_structure",
        "diameter_reading",
        "regional_nodes",
        "non_regional_nodes",
        "nodes_per_organ",
        "paired_organs",
        "primary_organs",
        "skeleton",
        "in_field_isodose_percent",
        "in_field_part",
        "dose_constraints",
        "grades",
        "nodal_size",
        "effective_dose_accepted",
        "single_lung",
        "dose_grid_spacing_mm",
    }
    assert all(record.question.endswith(("?", ".")) for record in records if record.assumption)
    values = {record.name: record.value for record in records}
    assert values["borderline_percentage_points"] == "0.5 percentage points"
    assert values["effective_dose_accepted"] == "no"
    assert values["X6_structure"] == "Lungs-GTV"
    assert values["duplicate_dice"] == "0.85 to 0.95 Dice"


def test_the_record_names_the_very_file(protocol):
    record = protocol.record()
    assert (record.id, record.version) == ("NCT06190782", "1")
    assert record.sha256 == hashlib.sha256(SHIPPED.encode()).hexdigest()
    assert record.title == protocol.title


def test_each_shipped_protocol_is_found_by_its_own_id():
    assert Protocol.shipped() == ("nct03904927", "nct06190782")
    for name in Protocol.shipped():
        assert Protocol.load(name).id.casefold() == name
        assert Protocol.load(name.upper()) == Protocol.load(name)


def test_a_protocol_file_is_read_by_path_or_text(tmp_path, protocol):
    path = tmp_path / "copy.toml"
    path.write_text(SHIPPED, encoding="utf-8")
    assert Protocol.load(path) == Protocol.load(str(path)) == protocol


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nct06190728", 'found "nct06190728"; did you mean "nct06190782"?'),
        (
            "omec",
            'expected a shipped protocol ("nct03904927", "nct06190782") or the path of a .toml',
        ),
        ("", 'found ""'),
        ("folder/none.toml", "folder/none.toml: cannot be read: No such file"),
        (Path("nct06190782"), "nct06190782: cannot be read: No such file"),
        ("notes.txt", "notes.txt: cannot be read"),
    ],
)
def test_unknown_protocols_are_named(name, sentence):
    with pytest.raises(ProtocolError) as refusal:
        Protocol.load(name)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("right", "wrong", "path", "word"),
    [
        ("\ntitle =", "\ntitel =", "", "title"),
        ("[criteria.age]", "[criteria.ages]", "criteria", "age"),
        ("limit = 18", "limmit = 18", "criteria.age", "limit"),
        ('unit = "years"', 'unit = "year"', "criteria.age.unit", "years"),
        ('grade = "MAJOR"', 'grade = "MAJR"', "criteria.age.grade", "MAJOR"),
        ('document = "NCT06190782"', 'document = "NCT0619078"',
         "criteria.age.source.document", "NCT06190782"),
        ('source = { document = "assumption" }\nquestion = "Lung',
         'source = { document = "assumptoin" }\nquestion = "Lung',
         "dose_limits[entry 1].definition.source.document", "assumption"),
        ("section =", "sektion =", "criteria.age.source", "section"),
        ("[criteria.metastasis_diameter]", "[criteria.metastases_diameter]",
         "criteria", "metastasis_diameter"),
        ('unit = "cm"', 'unit = "Cm"', "criteria.metastasis_diameter.unit", "cm"),
        ('unit = "cm"', 'unit = "centimeter"', "criteria.metastasis_diameter.unit", "cm"),
        ('limit = 25\nunit = "%"', 'limit = 25\nunit = "percent"',
         "dose_limits[entry 1].unit", "%"),
        ('limit = 25\nunit = "%"', 'limit = 25\nunit = "cm³"', "dose_limits[entry 1].unit", "cc"),
        ('most = 10000\nunit = "cc"', 'most = 10000\nunit = "ml"',
         "plausible_volumes.organs.Lungs.unit", "cc"),
        ("[[dose_limits]]", "[[dose_limit]]", "", "dose_limits"),
        ("metric =", "metrik =", "dose_limits[entry 1]", "metric"),
        ("family =", "familiy =", "dose_limits[entry 1]", "family"),
        ("beside =", "besides =", "dose_limits[entry 1]", "beside"),
        ("[alpha_beta.others]", "[alpha_beta.other]", "alpha_beta", "others"),
        ('section = "EQD2 of the lungs"', 'sektion = ""',
         "alpha_beta.structures.Lungs.source", "section"),
        ("[plausible_volumes.smaller_side]", "[plausible_volumes.smaler_side]",
         "plausible_volumes", "smaller_side"),
        ("[settings.single_lung]", "[settings.singel_lung]", "settings", "single_lung"),
        ('value = "longest_axial"', 'value = "longest_axal"',
         "settings.diameter_reading.value", "longest_axial"),
        ('options = ["longest_axial", "maximum_3d"]', 'options = ["longest_axial", "maximum_3D"]',
         "settings.diameter_reading.options[entry 2]", "maximum_3d"),
        ("least = 0.85", "leest = 0.85", "settings.duplicate_dice", "least"),
        ('missing_planes = "MINOR"', 'mising_planes = "MINOR"', "grades", "missing_planes"),
        ('missing_planes = "MINOR"', 'missing_planes = "MINR"', "grades.missing_planes", "MINOR"),
        ('required = "no"', 'required = "noo"', "criteria.disseminated_metastases.required", "no"),
        ('url = "https', 'ulr = "https', "sources.NCT06190782", "url"),
    ],
)  # fmt: skip
def test_each_misspelling_names_file_keys_and_nearest_word(altered, right, wrong, path, word):
    with pytest.raises(ProtocolError) as refusal:
        altered(right, wrong)
    message = str(refusal.value)
    assert f"site.toml: {path + ': ' if path else ''}expected " in message
    assert f'did you mean "{word}"?' in message


X6 = 'relation = "<="\nlimit = 25\nunit = "%"'


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("schema_version = 1", "schema_version = 2", 'schema_version: expected 1, found 2'),
        ("schema_version = 1", 'schema_version = 1\nsha256 = "0"', 'found "sha256"'),
        ("limit = 18", "limit = 0", "criteria.age.limit: expected a whole number above 0"),
        ("limit = 18", "limit = -18", "criteria.age.limit"),
        ("limit = 18", "limit = 18.5", "criteria.age.limit: expected a whole number"),
        ("limit = 18", 'limit = "18"', "criteria.age.limit: expected a whole number"),
        ("limit = 18", "", 'criteria.age: expected the key "limit", which is missing'),
        ('relation = ">="', 'relation = "<="', "criteria.age.relation: expected"),
        ('unit = "years"', "", 'criteria.age: expected the key "unit"'),
        ('">="', '"=>"', 'criteria.age.relation: expected ">=" or ">", found "=>"'),
        ("limit = 4", "limit = 0", "criteria.distant_metastases.limit: expected a whole number"),
        ("limit = 5", "limit = nan", "criteria.metastasis_diameter.limit: expected a number"),
        ("limit = 5", "limit = 0", "criteria.metastasis_diameter.limit: expected a number"),
        ('unit = "cm"', "", 'criteria.metastasis_diameter: expected the key "unit"'),
        ('required = "yes"', 'required = "unknown"', 'expected "yes" or "no", found "unknown"'),
        ('grade = "MAJOR"', 'grade = "PASS"',
         'criteria.age: grade: expected "MAJOR" or "MINOR" or "INFO", found "PASS"'),
        (
            'missing_planes = "MINOR"',
            'missing_planes = "NOT_EVALUABLE"',
            "grades: missing_planes: expected",
        ),
        (
            "[plausible_volumes.organs.Lung_R]",
            "[plausible_volumes.organs.Lungz]",
            'organs: expected organs as TG-263 names them, found "Lungz"',
        ),
        ("least = 500", "least = 50000", "expected least below most"),
        (X6, X6.replace("25", "250"), "dose_limits[entry 1]: limit: expected at most 100 %"),
        (X6, X6.replace("25", "0"), "dose_limits[entry 1].limit: expected a number above 0"),
        (X6, X6.replace("25", "inf"), "dose_limits[entry 1].limit: expected a number above 0"),
        (X6, X6.replace("%", "cc"), "unit: expected %, the unit of V20Gy[%], found cc"),
        (X6, X6.replace("%", "cGy"), 'unit: expected "%" or "Gy" or "cc" or "", found "cGy"'),
        ('"V20Gy[%]"', '"V2OGy[%]"',
         "dose_limits[entry 1]: expected a metric such as V20Gy[%], V20Gy[cc]"),
        ('"V20Gy[%]"', '"Mean"', "dose_limits[entry 1]: unit: expected Gy, the unit of Mean[Gy]"),
        ('["Lungs",', '["Lungs-GTV",', 'each once, found again: "Lungs-GTV"'),
        ('["Lungs",', '["Lungs-PTV",', 'each once, found again: "Lungs-PTV"'),
        ('["Lung_L",', '["Lungs-PTV",', 'parts: expected other structures than those of structure'),
        ('["V5Gy[%]",', '["V20",', 'beside: expected other metrics than metric, each once'),
        ('["V5Gy[%]",', '["V5Gy[Gy]",', "dose_limits[entry 1]: expected a metric such as"),
        ("[alpha_beta.others]\nvalue = 3", "[alpha_beta.others]\nvalue = 0",
         "alpha_beta.others.value: expected a number above 0"),
        ("[alpha_beta.others]\nvalue = 3\nunit = \"Gy\"",
         "[alpha_beta.others]\nvalue = 3\nunit = \"cGy\"", 'alpha_beta.others.unit: expected "Gy"'),
        ('document = "oligort convention", section = "EQD2 of the lungs"',
         'document = "nowhere"', "alpha_beta.structures.Lungs.source.document: expected one of"),
        ("[dose_limits.definition]",
         '[[dose_limits]]\ncriterion = "X6"\ndescription = "d"\nstructure = "Lungs-GTV"\n'
         'metric = "V20"\nrelation = "<"\nlimit = 20\nunit = "%"\n'
         'source = { document = "NCT06190782" }\n[dose_limits.definition]',
         'dose_limits[entry 2]: expected one limit for "V20Gy[%]" of "Lungs-GTV"'),
        ('options = ["longest_axial", "maximum_3d"]', 'options = ["maximum_3d"]',
         'settings.diameter_reading: value: expected one of its options ("maximum_3d")'),
        ('value = "each_node"', 'value = "each_stations"',
         'settings.non_regional_nodes.value: expected "each_node" or "each_station", found '
         '"each_stations"; did you mean "each_station"?'),
        ("value = false", 'value = "no"',
         "effective_dose_accepted.value: expected true or false, found text of 2 characters"),
        ("value = 0.5", "value = 0", "borderline_percentage_points.value: expected a number above"),
        ("value = 0.5", "value = 101", "expected at most 100 percentage points, found 101"),
        ('unit = "mm"', 'unit = "cm"', 'borderline_mm.unit: expected "mm"'),
        ("least = 0.85", "least = 0.95", "duplicate_dice: expected least below most"),
        ("most = 0.95", "most = 1.01", "duplicate_dice: most: expected at most 1 Dice"),
        ('question = "Is the maximum', 'question = " " # ',
         "settings.diameter_reading: question: expected, beside an assumption, what to ask"),
        ('question = "Lung V20', '# "',
         "dose_limits[entry 1].definition: question: expected, beside an assumption"),
        ('[sources."oligort convention"]', "[sources.assumption]",
         'sources: "assumption" is no document'),
        ('[sources."Guckenberger 2020"]', '[sources."Guckenberger"]',
         'criteria.synchronous_months.source.document: expected one of [sources]'),
    ],
)  # fmt: skip
def test_impossible_protocols_are_refused_with_a_sentence(altered, right, wrong, sentence):
    with pytest.raises(ProtocolError) as refusal:
        altered(right, wrong)
    assert "site.toml: " in str(refusal.value)
    assert sentence in str(refusal.value)


def test_a_sign_is_not_guessed(altered):
    """The sign "=>" is as near to ">" as to ">=", and the two differ by a patient at the limit."""
    with pytest.raises(ProtocolError) as refusal:
        altered('">="', '"=>"')
    assert "did you mean" not in str(refusal.value)


@pytest.mark.parametrize(("limit", "unit"), [(50, "cm"), (30.1, "cm"), (300.1, "mm")])
def test_a_diameter_that_no_lesion_is_beyond_is_refused(altered, limit, unit):
    """With 50 cm for 50 mm every lesion would pass."""
    with pytest.raises(ProtocolError, match=r"limit: expected at most 300 mm, found .* mm, which"):
        altered('limit = 5\nunit = "cm"', f'limit = {limit}\nunit = "{unit}"')


@pytest.mark.parametrize(
    ("metric", "relation", "limit", "told"),
    [
        ("CI", "<=", 1.2, "CI is that of Paddick"),
        ("CI", "<=", 1, "CI is that of Paddick"),
        ("CI", ">=", 1.2, "CI is that of Paddick"),
        ("HI", "<=", 1.2, "HI is that of ICRU Report 83"),
        ("HI", ">=", 1.05, "HI is that of ICRU Report 83"),
        ("HI", ">=", 1, "HI is that of ICRU Report 83"),
    ],
)
def test_an_index_that_others_call_so_is_not_taken_for_ours(altered, metric, relation, limit, told):
    """A plan of any conformity is within 1.2 of Paddick's index, which is never above 1."""
    with pytest.raises(ProtocolError, match="limit: expected less than 1, found") as refusal:
        altered(f'metric = "V20Gy[%]"\n{X6}', index(metric, relation, limit))
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    ("metric", "limit", "key"), [("Max[%]", 1200, "limit"), ("V1050%[%]", 5, "metric")]
)
def test_a_dose_that_is_no_percentage_of_a_prescription_is_refused(altered, metric, limit, key):
    """With 1200 % for 120 % every plan would pass."""
    rule = f'metric = "{metric}"\nrelation = "<="\nlimit = {limit}\nunit = "%"'
    with pytest.raises(ProtocolError, match=f"{key}: expected a dose of at most 1000 % of a presc"):
        altered(f'metric = "V20Gy[%]"\n{X6}', rule)


def test_a_dose_of_many_times_a_prescription_can_be_said(altered):
    rule = 'metric = "Max[%]"\nrelation = "<="\nlimit = 500\nunit = "%"'
    assert altered(f'metric = "V20Gy[%]"\n{X6}', rule).dose_limits[0].limit == 500


@pytest.mark.parametrize(
    ("metric", "relation", "limit", "expected"),
    [("CI", "<=", 0.9, ">= or >"), ("CI", "<", 0.9, ">= or >"), ("HI", ">=", 0.9, "<= or <")],
)
def test_an_index_is_limited_from_its_worse_side(altered, metric, relation, limit, expected):
    """With "CI <= 0.9" every plan of poor conformity would pass."""
    with pytest.raises(ProtocolError, match=f"relation: expected {expected}, found {relation},"):
        altered(f'metric = "V20Gy[%]"\n{X6}', index(metric, relation, limit))


def test_limits_of_our_indices_can_be_said(altered):
    for metric, relation, limit in (("CI", ">=", 0.8), ("CI", ">=", 1), ("HI", "<=", 0.15)):
        site = altered(f'metric = "V20Gy[%]"\n{X6}', index(metric, relation, limit))
        assert site.dose_limits[0].limit == limit


def index(metric, relation, limit):
    return f'metric = "{metric}"\nrelation = "{relation}"\nlimit = {limit}\nunit = ""'


def test_the_longest_diameter_can_be_said(altered):
    site = altered('limit = 5\nunit = "cm"', 'limit = 30\nunit = "cm"')
    assert site.criteria.metastasis_diameter.limit == 300


def test_less_than_can_be_said_as_well(altered):
    """The phase 2 parent wrote "less than 5 cm"."""
    parent = altered('relation = "<="\nlimit = 5', 'relation = "<"\nlimit = 5')
    assert parent.criteria.metastasis_diameter.allows(49.999999)
    assert not parent.criteria.metastasis_diameter.allows(50.0)


def test_an_altered_number_arrives_and_changes_the_digest(altered, protocol):
    site = altered("limit = 25", "limit = 20.5")
    assert site.dose_limits[0].limit == 20.5
    assert site.record().sha256 != protocol.record().sha256
    assert not site.dose_limits[0].allows(25)


def test_a_site_adds_its_own_dose_limit(altered):
    site = altered(
        "[dose_limits.definition]",
        '[dose_limits.definition]\nsource = { document = "oligort convention" }\n'
        '[[dose_limits]]\ncriterion = "site"\ndescription = "Cord"\nstructure = "SpinalCord"\n'
        'metric = "D0.03cc[Gy]"\nrelation = "<"\nlimit = 45\nunit = "Gy"\ngrade = "MINOR"\n'
        'source = { document = "NCT06190782" }\n[dose_limits.definition]',
    )
    assert [limit.structure for limit in site.dose_limits] == ["Lungs-GTV", "SpinalCord"]
    assert site.dose_limits[1].grade is Grade.MINOR
    assert not site.dose_limits[1].allows(45)
    assert not site.setting_records()[0].assumption


def test_a_dose_in_percent_may_be_above_the_prescription(altered):
    site = altered(f'metric = "V20Gy[%]"\n{X6}', f'metric = "Dmax[%]"\n{X6}'.replace("25", "107"))
    assert (site.dose_limits[0].metric, site.dose_limits[0].limit) == ("Max[%]", 107)


def test_an_altered_required_answer_arrives(altered):
    site = altered('required = "yes"', 'required = "no"')
    assert site.criteria.oesophageal_squamous_cell_carcinoma.required is Answer.NO


@given(st.integers(1, 3_000))
def test_centimetres_become_the_nearest_millimetres(hundredths):
    """4.35 cm is 43.5 mm to the last bit, as it would be if written in mm."""
    table = {
        "criterion": "c",
        "description": "d",
        "relation": "<=",
        "source": {"document": "x"},
    }
    written_in_cm = {**table, "limit": float(f"{hundredths}e-2"), "unit": "cm"}
    written_in_mm = {**table, "limit": float(f"{hundredths}e-1"), "unit": "mm"}
    cm, mm = (
        struct_of(one, LargestLength, "test", ProtocolError)
        for one in (written_in_cm, written_in_mm)
    )
    assert cm == mm
    assert cm.unit == "mm"
