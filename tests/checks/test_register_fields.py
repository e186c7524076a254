"""Every key of the register removed, misspelt or of a wrong type: never a pass where it is needed.

The keys come from the types of the register, and which criterion needs which of them is found out:
one that another possible value would break. Each key that is needed is so in one base at least.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, Literal, get_args, get_origin

import msgspec
import numpy as np
import pytest
from answered import REGISTER

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.clinical.column_map import lesion_kinds, patient_kinds
from oligort.clinical.dates import PartialDate
from oligort.clinical.register import Register
from oligort.errors import NotEvaluable, RegisterError
from oligort.finding import Grade
from oligort.geometry.structure import StructureSet
from oligort.lesions.vocabulary import Role
from oligort.objects import Dose
from oligort.phantoms import Box
from oligort.protocol.model import Protocol
from oligort.selection import Selection
from oligort.strict import plain_kind
from oligort.submission import Submission

CHECKS = [one for one in all_checks() if one.code.startswith(("OL1", "OL20", "OL301"))]
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
        "disease": REGISTER["disease"]
        | {"primary_diagnosis_date": "2024-01-15", "oligometastasis_date": "2024-07-15"},
        "history": dict(REGISTER["history"]),
        "anatomy": dict(REGISTER["anatomy"]),
        "lesions": lesions,
    }


def in_treatment() -> dict[str, Any]:
    """The same patient in the arm with local therapy, where a therapy is asked of each lesion."""
    return whole() | {"arm": "local_therapy", "plan_kind": "delivered"}


def leaves(kind: type[msgspec.Struct], table: dict[str, Any]):
    """Yield the way to every key that a register gives, with its type."""
    for field in msgspec.structs.fields(kind):
        if field.encode_name not in table:
            continue
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
        return [0, 1, 2, 5, 17, 18, 130]
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


@dataclass(frozen=True)
class Base:
    """A register beside what was exported and the protocol in force; `keys` are looked at here.

    `told` are the checks that tell what they take a plan for, and are no criterion.
    """

    keys: frozenset[str]
    table: dict[str, Any]
    submission: Submission = SUBMISSION
    protocol: Protocol = PROTOCOL
    told: frozenset[str] = frozenset()


@cache
def kept(submission: Submission, roles: frozenset, selection: Selection) -> Submission:
    """One submission for all registers that say the same of its ROIs and plans.

    It keeps its census and its histograms, so that only the checks run for each register.
    """
    return replace(submission, roles=dict(roles), selection=selection)


def case_of(base: Base, register: Register) -> Case:
    case = Case(base.submission, base.protocol, register)
    given = case.submission
    assert not given.earlier
    same = kept(base.submission, frozenset(given.roles.items()), given.selection)
    object.__setattr__(case, "submission", same)
    return case


def grades_of(table, base=None):
    """Return for each code its grades, and all that its findings say."""
    base = base or Base(frozenset(), table)
    try:
        register = Register.from_dict(table)
    except RegisterError:
        return None
    found = {}
    case = case_of(base, register)
    for check in CHECKS:
        grades, texts = [], []
        try:
            for one in check.run(case):
                grades.append(one.grade)
                texts += [one.message, one.hint]
        except NotEvaluable as error:
            grades.append(Grade.NOT_EVALUABLE)
            texts.append(str(error))
        found[check.code] = grades, " ".join(texts)
    return found


KEYS = [
    pytest.param(whole(), way, kind, id=".".join(map(str, way)))
    for way, kind in leaves(Register, whole())
]
SCHEMA = frozenset({"schema_version", *patient_kinds(), *lesion_kinds()})
DEVIATES = {Grade.MAJOR, Grade.MINOR, Grade.NOT_EVALUABLE}
OF_REGISTER = {"arm without": Base(SCHEMA, whole()), "arm with": Base(SCHEMA, in_treatment())}
"""All that their criteria need stands in the register, so that each says which key is missed."""


def reading(**choices):
    """The protocol with other readings in force."""
    settings = {
        name: msgspec.structs.replace(
            old := getattr(PROTOCOL.settings, name), value=type(old.value)(value)
        )
        for name, value in choices.items()
    }
    changed = msgspec.structs.replace(PROTOCOL.settings, **settings)
    return msgspec.structs.replace(PROTOCOL, settings=changed)


def with_lesions(lesions, **table):
    """The register of the trial with lesions that are not drawn."""
    common = {"kind": "distant", "therapy": "surgery", "pathology": "yes", "size_mm": 20.0}
    entries = [{"id": f"L{n}"} | common | lesion for n, lesion in enumerate(lesions)]
    return copy.deepcopy(REGISTER) | {"lesions": entries} | table


@pytest.fixture(scope="module")
def bases(build):
    """Registers in each of which other keys decide, of what is drawn and planned among them."""
    lungs = [{"organ": "Lungs", "side": side} for side in "LLLR"]
    others = [{"organ": organ} for organ in ("Liver", "Bone", "Brain")]
    nodes = [{"organ": "LymphNodes", "station": "16a2"}] * 2
    node = {"organ": "LymphNodes", "short_axis_mm": 50.0, "size_mm": 60.0, "maximum_3d_mm": 70.0}
    in_3d = {"organ": "Liver", "short_axis_mm": 30.0, "size_mm": 40.0, "maximum_3d_mm": 50.0}
    box = Box((0.0, 0.0, 50.0), (10.0, 10.0, 10.0))
    gross = build(
        without=["GTVp", "Lung_L", "Lung_R", "PTVm01"], extra={"GTV": box}, doses=(), plans=()
    )
    drawn = with_lesions(
        [
            {"kind": "primary", "organ": "Esophagus", "roi_names": ["GTV"]},
            {"organ": "Lungs", "roi_names": ["GTVm01_Lung_L"], "size_mm": 28.3},
            *others,
        ]
    )
    one = build()
    second = build(edge_mm=-30.0)
    plan = replace(second.plans[0], sop_instance_uid="1.2.5", file="RP2.dcm", label="treated")
    dose = replace(second.doses[0], sop_instance_uid="1.2.6", file="RD2.dcm", plan_uids=("1.2.5",))
    both = replace(one, plans=(*one.plans, plan), doses=(*one.doses, dose))
    lists = {"screening_plans": ["plan"], "delivered_plans": ["treated"]}
    without = {"arm": "no_local_therapy", "plan_kind": None}
    of_kind = frozenset(["OL207"])
    gone = {"pneumonectomy": "yes", "gtv_absent": "no"}
    nothing = {"pneumonectomy": "no", "gtv_absent": "yes"}
    return OF_REGISTER | {
        "size alone": Base(
            frozenset(["size_mm"]), with_lesions([{"organ": "Liver", "size_mm": 50.0}])
        ),
        "two lungs": Base(
            frozenset(["side"]), with_lesions(lungs), protocol=reading(paired_organs="two_organs")
        ),
        "stations": Base(
            frozenset(["station"]),
            with_lesions([*others, *nodes]),
            protocol=reading(non_regional_nodes="each_station"),
        ),
        "short axis": Base(
            frozenset(["short_axis_mm"]),
            with_lesions([node]),
            protocol=reading(nodal_size="short_axis"),
        ),
        "3D": Base(
            frozenset(["maximum_3d_mm"]),
            with_lesions([in_3d]),
            protocol=reading(diameter_reading="maximum_3d"),
        ),
        "drawn": Base(frozenset(["roi_names", "kind"]), drawn, gross),
        "one lung": Base(
            frozenset(["anatomy.pneumonectomy"]),
            REGISTER | {"anatomy": gone},
            build(without=["Lung_R"]),
        ),
        "no tumour": Base(
            frozenset(["anatomy.gtv_absent"]),
            REGISTER | {"anatomy": nothing, "lesions": []},
            build(without=["GTVp", "GTVm01_Lung_L"]),
        ),
        "plan of two": Base(frozenset(["screening_plans", "plan_kind"]), REGISTER | lists, both),
        "one course": Base(frozenset(["courses"]), REGISTER | {"courses": ["plan"]}, both),
        "listed for screening": Base(
            frozenset(["screening_plans"]),
            REGISTER | without | {"screening_plans": ["plan"]},
            both.selected(plan="plan"),
        ),
        "delivered beside": Base(
            frozenset(["delivered_plans"]),
            REGISTER | without | {"screening_plans": ["plan"], "delivered_plans": []},
            both.selected(plan="plan"),
        ),
        "another for screening": Base(
            frozenset(["plan_kind"]), REGISTER | {"screening_plans": ["another"]}, one, told=of_kind
        ),
        "delivered alone": Base(
            frozenset(["plan_kind"]), REGISTER | {"delivered_plans": ["plan"]}, one, told=of_kind
        ),
        "another delivered": Base(
            frozenset(["plan_kind"]), REGISTER | {"delivered_plans": ["another"]}, one, told=of_kind
        ),
        "listed as delivered": Base(
            frozenset(["delivered_plans"]),
            REGISTER | without | {"delivered_plans": ["treated"]},
            both.selected(plan="treated"),
        ),
    }


NEEDED = {"subject", "id", "schema_version"}
"""Keys without which a register is none."""

TELLS_ONLY = {
    *("site", "size_method", "size_date"),
    *("disease.oligometastatic_before", "disease.primary_diagnosis_date"),
    *("disease.oligometastasis_date", "disease.under_systemic_therapy"),
    "disease.any_lesion_progressive",
}
"""Keys on which no grade hangs: they are shown, and lead to a leaf of the tree."""


def ways_of(base: Base, key: str) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield each place of a key in a base, with the type of its values."""
    for way, kind in leaves(Register, base.table):
        names = ".".join(step for step in way if isinstance(step, str))
        if names.removeprefix("lesions.") == key:
            yield way, kind


def broken(found):
    """Return the codes that deviate."""
    return {code for code, (grades, _) in found.items() if not DEVIATES.isdisjoint(grades)}


def test_the_registers_that_answer_all_pass():
    for base in OF_REGISTER.values():
        found = grades_of(base.table, base)
        assert broken(found) <= {"OL301"}


def other_values(base: Base, key: str, kind: Any) -> list[Any]:
    """Return other values of a key; of delivered plans and of ROIs those that are there.

    A name of what nobody exported cannot be missed: no submission shows it without the name. Nor
    can another plan for screening than the judged one, which is judged where none is listed, or
    the name of an organ: only an entry that names one says that it may be a lesion.
    """
    there = {
        "screening_plans": [],
        "delivered_plans": [plan.label for plan in base.submission.plans],
        "roi_names": [
            one.roi_name
            for one, name in base.submission.roi_names.items()
            if name.role is not Role.ORGAN
        ],
    }
    return [[], *([name] for name in there[key])] if key in there else possible(kind)


@pytest.mark.parametrize("key", sorted(SCHEMA - NEEDED - TELLS_ONLY))
def test_a_key_that_a_criterion_needs_is_missed(key, bases):
    """What another value breaks does not pass without the key."""
    needed_in = 0
    for name, base in ((n, b) for n, b in bases.items() if key in b.keys):
        now = grades_of(base.table, base)
        as_it_is = broken(now)
        for way, kind in ways_of(base, key):
            values = other_values(base, key, kind)
            others = [grades_of(altered(base.table, way, v), base) for v in values]
            missed = {code for found in others if found is not None for code in broken(found)}
            missed -= base.told
            found = grades_of(without(base.table, way), base)
            assert found is not None
            needed_in += any(
                len({str(one[c][0]) for one in (now, *filter(None, others))}) > 1 for c in missed
            )
            assert missed <= broken(found), (name, way, missed - broken(found))
            if name in OF_REGISTER:
                for code in missed - as_it_is:
                    assert str(way[-1]) in found[code][1], (name, code, found[code])
    assert needed_in


@pytest.mark.parametrize("key", sorted(TELLS_ONLY))
def test_a_key_that_no_criterion_needs_changes_no_grade(key, bases):
    compared = 0
    for name, base in ((n, b) for n, b in bases.items() if key in b.keys):
        as_it_is = {code: grades for code, (grades, _) in grades_of(base.table, base).items()}
        for way, kind in ways_of(base, key):
            tables = [altered(base.table, way, value) for value in possible(kind)]
            for table in [*tables, without(base.table, way)]:
                found = grades_of(table, base)
                if found is not None:
                    compared += 1
                    assert {code: grades for code, (grades, _) in found.items()} == as_it_is, name
    assert compared


@pytest.mark.parametrize("key", sorted(NEEDED))
def test_a_register_without_a_key_that_it_needs_is_none(key):
    base = OF_REGISTER["arm without"]
    ways = list(ways_of(base, key))
    assert ways
    for way, _ in ways:
        with pytest.raises(RegisterError, match=f'expected the key "{key}"'):
            Register.from_dict(without(base.table, way))


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
