"""The template and the schema: every key with its question, and nothing that answers itself."""

import json
import re
import tomllib

import msgspec
import pytest

from oligort.clinical.column_map import ColumnMap, lesion_kinds, patient_kinds
from oligort.clinical.dates import PartialDate
from oligort.clinical.questions import QUESTIONS
from oligort.clinical.register import Register, RegisterLesion
from oligort.clinical.template import SUBJECT, register_template
from oligort.errors import RegisterError
from oligort.json_schema import json_schema
from oligort.lesions.site_map import SiteMapFile

TEMPLATE = register_template()


def test_the_template_is_a_register_that_answers_nothing():
    assert Register.from_dict(tomllib.loads(TEMPLATE)) == Register(
        schema_version=1, subject=SUBJECT
    )


def test_every_key_of_the_register_is_asked_once():
    keys = [*patient_kinds(), *(f"lesions.{key}" for key in lesion_kinds() if key != "subject")]
    # A line with one sign # is a key that is open; those with two are questions.
    opened = re.sub(r"^# ", "", TEMPLATE, flags=re.MULTILINE)
    assert [line for line in opened.splitlines() if line.startswith("#") and line[1] != "#"] == []
    filled = re.sub(r"^(\w+) =$", r'\1 = "x"', opened, flags=re.MULTILINE)
    table = tomllib.loads(filled)
    (lesion,) = table.pop("lesions")
    found = [
        *(key for key, value in table.items() if not isinstance(value, dict)),
        *(
            f"{name}.{key}"
            for name, keys in table.items()
            if isinstance(keys, dict)
            for key in keys
        ),
        *(f"lesions.{key}" for key in lesion),
    ]
    assert sorted(found) == sorted([*keys, "schema_version"])
    for tables in QUESTIONS.values():
        for question in tables.values():
            assert question in " ".join(TEMPLATE.replace("## ", "").split())


def test_an_empty_list_that_would_be_an_answer_is_not_filled_in():
    assert "\n# roi_names =\n" in TEMPLATE
    opened = TEMPLATE.replace("# [[lesions]]\n", '[[lesions]]\nid = "L1"\n')
    (lesion,) = Register.from_dict(tomllib.loads(opened)).lesions
    assert lesion.drawn_as is None


@pytest.mark.parametrize("key", ["ecog", "age_years", "primary_diagnosis_date", "arm"])
def test_a_line_that_was_opened_and_not_filled_in_is_no_answer(tmp_path, key):
    file = tmp_path / "PT.toml"
    file.write_text(TEMPLATE.replace(f"# {key} =", f"{key} ="), encoding="utf-8")
    with pytest.raises(RegisterError, match="line"):
        Register.load(file)


def test_the_schema_has_every_key_with_its_question_and_no_other():
    schema = json.loads(json_schema(Register, QUESTIONS))["$defs"]
    structs = {Register, RegisterLesion} | {
        one.type for one in msgspec.structs.fields(Register)
        if isinstance(one.type, type) and issubclass(one.type, msgspec.Struct)
    }  # fmt: skip
    assert {one.__name__ for one in structs} == set(QUESTIONS)
    for struct in structs:
        defined = schema[struct.__name__]
        assert defined["additionalProperties"] is False
        assert set(defined["properties"]) == set(struct.__struct_encode_fields__)
        assert set(QUESTIONS[struct.__name__]) == set(struct.__struct_encode_fields__)
        for name, key in defined["properties"].items():
            assert key["description"] == QUESTIONS[struct.__name__][name]


DOCUMENTS = {"register": Register, "columns": ColumnMap, "names": SiteMapFile}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_schema_speaks_to_those_who_fill_in_forms(name):
    """Every key has a sentence, and no sentence is a docstring or names a type of Python."""
    text = json_schema(DOCUMENTS[name], QUESTIONS if name == "register" else None)
    assert not re.search(r"---|Parameters|Raises|Attributes|datetime|tuple|\bNone\b|\\n", text)
    for table in json.loads(text)["$defs"].values():
        assert table["description"].endswith(".")
        for key, value in table.get("properties", {}).items():
            assert value["description"][-1] in ".?", key


@pytest.mark.parametrize(
    ("written", "is_date"),
    [
        ("2024", True), ("2024-03", True), ("2024-03-15", True), ("1900", True), ("2100", True),
        ("24", False), ("1899", False), ("2101", False), ("2024-13", False), ("2024-3", False),
        ("2024-03-32", False), ("2024-00", False), ("15.03.2024", False), ("2024-03-15 ", False),
        ("2024-", False), ("", False), ("UN-MAR-2024", False),
    ],
)  # fmt: skip
def test_the_pattern_of_a_date_allows_what_a_register_takes(written, is_date):
    tables = json.loads(json_schema(Register, QUESTIONS))["$defs"]
    patterns = {
        option["pattern"]
        for table, keys in (
            ("Disease", ("primary_diagnosis_date", "oligometastasis_date")),
            ("RegisterLesion", ("size_date",)),
        )
        for key in keys
        for option in tables[table]["properties"][key]["anyOf"]
        if option["type"] == "string"
    }
    (pattern,) = patterns
    assert bool(re.search(pattern, written)) is is_date
    try:
        PartialDate(written)
    except ValueError:
        assert not is_date
    else:
        assert is_date
