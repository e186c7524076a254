"""The template and the schema: every key with its question, and nothing that answers itself."""

import json
import re
import tomllib

import msgspec
import pytest

from oligort.clinical.column_map import lesion_kinds, patient_kinds
from oligort.clinical.questions import QUESTIONS
from oligort.clinical.register import Register, RegisterLesion
from oligort.clinical.template import SUBJECT, register_template
from oligort.errors import RegisterError
from oligort.strict import json_schema

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
        assert set(defined["properties"]) == set(struct.__struct_fields__)
        assert set(QUESTIONS[struct.__name__]) == set(struct.__struct_fields__)
        for name, key in defined["properties"].items():
            assert key["description"] == QUESTIONS[struct.__name__][name]
