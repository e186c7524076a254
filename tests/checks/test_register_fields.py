"""Every key of the register removed, misspelt or of a wrong type: never a pass where it is needed.

The keys come from the types of the register, and which criterion needs which of them is found out:
one whose grade another possible value would change.
"""

import copy
import json
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import msgspec
import numpy as np
import pytest

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.clinical.dates import PartialDate
from oligort.clinical.register import Register
from oligort.errors import NotEvaluable, RegisterError
from oligort.finding import Grade
from oligort.geometry.structure import StructureSet
from oligort.objects import Dose
from oligort.phantoms import Box
from oligort.protocol.model import Protocol
from oligort.strict import plain_kind
from oligort.submission import Submission

CHECKS = [one for one in all_checks() if one.code.startswith(("OL1", "OL20"))]
PROTOCOL = Protocol.load("nct06190782")
SET = StructureSet(
    (Box((0.0, 0.0, 0.0), (90.0, 90.0, 90.0)).structure("Liver", 1, np.arange(-60.0, 61, 6)),),
    "1.1",
)
SUBMISSION = Submission(
    structure_sets=(SET,), doses=(Dose("1.2", "dose.dcm", refusal="its pixels do not matter"),)
)
"""Nothing of the lesions is drawn, so that the register alone can answer."""


def whole() -> dict[str, Any]:
    """A register that passes at every limit, so that each of its answers decides."""
    lesions = [
        {
            "id": f"L{number}",
            "kind": "distant",
            "organ": organ,
            "side": None,
            "station": "16a2" if organ == "LymphNodes" else "",
            "roi_names": [],
            "therapy": "surgery" if number else "none",
            "no_therapy_reason": "" if number else "declined",
            "pathology": "no" if number else "yes",
            "size_mm": 40.0,
            "short_axis_mm": 30.0,
            "maximum_3d_mm": 45.0,
            "size_method": "CT",
            "size_date": "2024-03",
        }
        for number, organ in enumerate(["Liver", "Liver", "Liver", "LymphNodes"])
    ]
    return {
        "schema_version": 1,
        "subject": "S",
        "site": "A",
        "arm": "no_local_therapy",
        "plan_kind": "screening",
        "courses": [],
        "screening_plans": [],
        "delivered_plans": [],
        "patient": {"age_years": 18, "ecog": 1},
        "disease": {
            "oesophageal_squamous_cell_carcinoma": "yes",
            "polymetastatic_before": "no",
            "oligometastatic_before": "no",
            "primary_diagnosis_date": "2024-01-15",
            "oligometastasis_date": "2024-07-15",
            "under_systemic_therapy": "no",
            "any_lesion_progressive": "no",
        },
        "history": {
            "disseminated_metastases": "no",
            "perforation_or_haemorrhage": "no",
            "progression_after_pd1": "no",
            "in_field_recurrence": "no",
            "intolerance_of_chemotherapy_or_immunotherapy": "no",
        },
        "anatomy": {"pneumonectomy": "no", "gtv_absent": "no"},
        "lesions": lesions,
    }


def in_treatment() -> dict[str, Any]:
    """The same patient in the arm with local therapy, where a therapy is asked of each lesion."""
    return whole() | {"arm": "local_therapy", "plan_kind": "delivered"}


def leaves(kind: type[msgspec.Struct], table: dict[str, Any]):
    """Yield the way to every key of the register, with its type, through each table and list."""
    for field in msgspec.structs.fields(kind):
        plain = plain_kind(field.type)
        value = table[field.encode_name]
        if get_origin(plain) is tuple and isinstance(get_args(plain)[0], type):
            entry = get_args(plain)[0]
            for number, item in enumerate(value):
                for way, leaf in leaves(entry, item):
                    yield (field.encode_name, number, *way), leaf
        elif isinstance(plain, type) and issubclass(plain, msgspec.Struct):
            for way, leaf in leaves(plain, value):
                yield (field.encode_name, *way), leaf
        else:
            yield (field.encode_name,), field.type


def table_at(table, way):
    for step in way[:-1]:
        table = table[step]
    return table


def altered(table, way, value):
    copied = copy.deepcopy(table)
    table_at(copied, way)[way[-1]] = value
    return copied


def without(table, way):
    copied = copy.deepcopy(table)
    del table_at(copied, way)[way[-1]]
    return copied


def possible(kind):
    """Return other values that a key may have, as its type says."""
    plain = plain_kind(kind)
    if isinstance(plain, type) and issubclass(plain, Enum):
        return [str(member.value) for member in plain]
    if get_origin(plain) is Literal:
        return list(get_args(plain))
    if plain is PartialDate:
        return ["1990", "2024-07-16", "2099-12-31"]
    if plain is int:
        return list(range(131))
    if plain is float:
        return [0.1, 35.0, 44.0, 50.1, 499.0]
    if plain is str:
        return ["", "another"]
    return [[], ["another"]]


def impossible(kind):
    """Return values of another type than that of a key."""
    plain = plain_kind(kind)
    wrong = [{"a": 1}, True, "\n", 7.5, [7]]
    if plain is float:
        wrong = [{"a": 1}, True, "12", [7]]
    elif plain is str:
        wrong = [{"a": 1}, True, 7, [7]]
    return wrong


def grades_of(table):
    """Return for each code its grades, and all that its findings say."""
    try:
        register = Register.from_dict(table)
    except RegisterError:
        return None
    found = {}
    for check in CHECKS:
        grades, texts = [], []
        try:
            for one in check.run(Case(SUBMISSION, PROTOCOL, register)):
                grades.append(one.grade)
                texts += [one.message, one.hint]
        except NotEvaluable as error:
            grades.append(Grade.NOT_EVALUABLE)
            texts.append(str(error))
        found[check.code] = grades, " ".join(texts)
    return found


BASES = {"arm without": whole(), "arm with": in_treatment()}
LEAVES = [
    pytest.param(base, way, kind, id=f"{name}: {'.'.join(map(str, way))}")
    for name, base in BASES.items()
    for way, kind in leaves(Register, base)
]
# How a key is spelt and of which type it is does not depend on the arm.
KEYS = LEAVES[: len(LEAVES) // len(BASES)]
DEVIATES = {Grade.MAJOR, Grade.MINOR, Grade.NOT_EVALUABLE}
AS_THEY_ARE = {name: grades_of(base) for name, base in BASES.items()}


def test_as_they_are_both_registers_pass():
    for found in AS_THEY_ARE.values():
        assert found is not None
        assert all(DEVIATES.isdisjoint(grades) for grades, _ in found.values())


@pytest.mark.parametrize(("base", "way", "kind"), LEAVES)
def test_a_key_that_a_criterion_needs_is_missed(base, way, kind):
    others = [grades_of(altered(base, way, value)) for value in possible(kind)]
    needing = {
        check.code
        for check in CHECKS
        for found in others
        if found is not None and not DEVIATES.isdisjoint(found[check.code][0])
    }
    removed = without(base, way)
    found = grades_of(removed)
    if found is None:  # the register cannot do without it, and says so
        with pytest.raises(RegisterError, match=f'expected the key "{way[-1]}"'):
            Register.from_dict(removed)
        return
    for code in needing:
        grades, text = found[code]
        assert not DEVIATES.isdisjoint(grades), code
        assert str(way[-1]) in text, (code, text)


@pytest.mark.parametrize(("base", "way", "kind"), KEYS)
def test_a_key_that_is_misspelt_is_refused_by_its_name(base, way, kind, tmp_path):
    key = way[-1]
    for wrong in (key[:-1], key + "x", key.upper(), key[1:] + key[0]):
        table = without(base, way)
        table_at(table, way)[wrong] = table_at(base, way)[key]
        file = tmp_path / "PT.json"
        file.write_text(json.dumps(table, indent=1), encoding="utf-8")
        with pytest.raises(RegisterError) as refusal:
            Register.load(file)
        message = str(refusal.value)
        assert f'found "{wrong}"' in message
        assert key in message
        lines = file.read_text(encoding="utf-8").splitlines()
        told = int(message.rsplit("(line ", 1)[1].rstrip(")"))
        assert lines[told - 1].strip().startswith(f'"{wrong}"')


@pytest.mark.parametrize(("base", "way", "kind"), KEYS)
def test_a_value_of_the_wrong_type_is_refused_by_its_key(base, way, kind, tmp_path):
    for value in impossible(kind):
        file = tmp_path / "PT.json"
        file.write_text(json.dumps(altered(base, way, value), indent=1), encoding="utf-8")
        with pytest.raises(RegisterError) as refusal:
            Register.load(file)
        message = str(refusal.value)
        steps = [f"[entry {step + 1}]" if isinstance(step, int) else f".{step}" for step in way]
        assert f": {''.join(steps)[1:]}" in message
        assert "(line " in message


@pytest.mark.parametrize("name", ["patient", "disease", "history", "lesions"])
def test_a_table_that_is_missed_leaves_all_its_criteria_open(name):
    base = whole()
    needing = {
        check.code
        for way, kind in leaves(Register, base)
        if way[0] == name
        for value in possible(kind)
        if (found := grades_of(altered(base, way, value))) is not None
        for check in CHECKS
        if not DEVIATES.isdisjoint(found[check.code][0])
    }
    assert needing
    found = grades_of(without(base, (name,)))
    for code in needing:
        assert not DEVIATES.isdisjoint(found[code][0]), code
