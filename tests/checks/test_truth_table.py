"""The criteria against a second, naive implementation: answers, dates, counts, organs, sizes.

Registers are made at random, with gaps, beside protocols of every reading; each is judged twice.
"""

import random
from collections import Counter

import msgspec
import numpy as np
import pytest
from naive_eligibility import (
    OPEN,
    age,
    answer,
    arm,
    disseminated,
    ecog,
    genuine,
    is_unplaced,
    leaf,
    numbers,
    pathology,
    required,
    size,
    therapy,
)

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.clinical.classification import classify
from oligort.clinical.register import PlanKind, Register
from oligort.errors import NotEvaluable
from oligort.finding import Flag
from oligort.geometry.structure import StructureSet
from oligort.lesions.lesion import Count, Lesion, LesionCensus
from oligort.lesions.vocabulary import Organ, Role
from oligort.measure import Measure
from oligort.objects import Dose
from oligort.phantoms import Box
from oligort.protocol.model import Protocol
from oligort.submission import Submission

CASES, SAMPLE = 2400, 800
SEED = 20240601
CHECKS = {one.code: one for one in all_checks()}
SHIPPED = Protocol.load("nct06190782")
READINGS = {
    "regional_nodes": ("not_counted", "all_as_one", "each_station", "each_node"),
    "non_regional_nodes": ("each_node", "each_station"),
    "nodes_per_organ": ("one_organ", "each_station"),
    "paired_organs": ("one_organ", "two_organs"),
    "diameter_reading": ("longest_axial", "maximum_3d"),
    "nodal_size": ("longest_diameter", "short_axis"),
}
ANSWERS = ("yes", "no", "no", "no", "unknown", None)
DATES = ("2022", "2023", "2022-08", "2023-02", "2022-08-31", "2023-02-28", "2023-03-01", None)
EARLIER = ("2022", "2022-01", "2022-05-31", "2022-08", "2022-08-31", "2023-02", "2023-02-28", None)
"""Of the primary: some of them surely more than six months before those of `DATES`."""
SIZES = (6.0, 12.0, 45.0, 49.99, 50.0, 50.01, 62.0, None)
QUESTIONS = {
    "OL103": ("disease", "oesophageal_squamous_cell_carcinoma", "yes"),
    "OL112": ("history", "perforation_or_haemorrhage", "no"),
    "OL113": ("history", "progression_after_pd1", "no"),
    "OL114": ("history", "in_field_recurrence", "no"),
    "OL115": ("history", "intolerance_of_chemotherapy_or_immunotherapy", "no"),
}
SET = StructureSet(
    (Box((0.0, 0.0, 0.0), (90.0, 90.0, 90.0)).structure("Liver", 1, np.arange(-60.0, 61, 6)),),
    "1.1",
)
DOSE = Dose("1.2", "dose.dcm", refusal="its pixels do not matter here")


def given(**keys):
    """Leave out what is None."""
    return {key: value for key, value in keys.items() if value is not None}


def random_lesion(chance, number):
    """Return an entry; "drawn" holds what its contours measure, "unnamed" has no roi_names at all.

    Neither is a key of a register; what has none of them says that nothing is drawn for it.
    """
    lesion = given(
        id=f"L{number}",
        kind=chance.choice(["distant"] * 6 + ["regional_node", "primary", None]),
        organ=chance.choice(
            ["Liver", "Lungs", "LymphNodes", "LymphNodes", "Bone", "Liver", None] * 3
            + ["Esophagus"]
        ),
        pathology=chance.choice(["yes", "no", "no", "no", "unknown", None]),
        therapy=chance.choice(["surgery", "ablation", "surgery", "none", "unknown", None]),
    )
    if lesion.get("kind") == "regional_node":
        lesion["organ"] = "LymphNodes"
    if lesion.get("kind") == "primary" and chance.random() < 0.7:
        lesion["organ"] = chance.choice(["Esophagus", "Stomach"])
    if lesion.get("organ") == "Lungs" and chance.random() < 0.7:
        lesion["side"] = chance.choice("LR")
    if lesion.get("organ") == "LymphNodes" and chance.random() < 0.7:
        lesion["station"] = chance.choice("12")
    if lesion.get("therapy") == "none" and chance.random() < 0.5:
        lesion["no_therapy_reason"] = "declined"
    sizes = sorted(mm for mm in (chance.choice(SIZES) for _ in range(3)) if mm is not None)
    keys = chance.sample(["short_axis_mm", "size_mm", "maximum_3d_mm"], len(sizes))
    order = ["short_axis_mm", "size_mm", "maximum_3d_mm"]
    lesion |= dict(zip(sorted(keys, key=order.index), sizes, strict=True))
    if chance.random() < 0.08:
        lesion["unnamed"] = True
    if chance.random() < 0.4:
        lesion.pop("unnamed", None)
        drawn = sorted(chance.choice(SIZES[:-1]) for _ in range(3))
        lesion["drawn"] = dict(zip(("short", "axial", "3d"), drawn, strict=True))
        lesion["therapy"] = "radiotherapy"
        lesion.pop("no_therapy_reason", None)
    return lesion


def random_table(chance):
    lesions = [random_lesion(chance, n) for n in range(chance.choice([0, 1, 2, 3, 4, 4, 5, 6]))]
    # Every gap multiplies the worlds of the naive count.
    for lesion in lesions[3:]:
        lesion.setdefault("kind", "distant")
        lesion.setdefault("organ", "Liver")
        lesion.setdefault("station", "1")
        lesion.setdefault("side", "L")
    disease = {
        key: chance.choice(ANSWERS)
        for key in ("oesophageal_squamous_cell_carcinoma", "polymetastatic_before",
                    "oligometastatic_before", "under_systemic_therapy", "any_lesion_progressive")
    }  # fmt: skip
    # Further down the tree all answers are as likely, so that each leaf is reached.
    for key in ("under_systemic_therapy", "any_lesion_progressive"):
        disease[key] = chance.choice(["yes", "no", "unknown", None])
    history = {
        key: chance.choice(ANSWERS)
        for key in ("disseminated_metastases", "perforation_or_haemorrhage",
                    "progression_after_pd1", "in_field_recurrence",
                    "intolerance_of_chemotherapy_or_immunotherapy")
    }  # fmt: skip
    return given(
        schema_version=1,
        subject="S",
        arm=chance.choice(["local_therapy", "no_local_therapy", "no_local_therapy", None]),
        plan_kind=chance.choice(["screening", "delivered", None]),
        patient=given(
            age_years=chance.choice([None, 16, 17, 18, 19, 61]),
            ecog=chance.choice([None, 0, 1, 2, 5]),
        ),
        disease=given(
            **disease,
            primary_diagnosis_date=chance.choice(EARLIER),
            oligometastasis_date=chance.choice(DATES),
        ),
        history=given(**history),
        lesions=lesions,
    )


def random_settings(chance):
    settings = {name: chance.choice(values) for name, values in READINGS.items()}
    if settings["non_regional_nodes"] == "each_station":
        # A station that is one lesion and one organ as well leaves nothing to limit.
        settings["nodes_per_organ"] = "one_organ"
    if settings["nodes_per_organ"] == "each_station" and settings["regional_nodes"] != "each_node":
        settings["regional_nodes"] = "not_counted"
    return settings | {"relation": chance.choice(["<=", "<"])}


def protocol_with(settings):
    chosen = {
        name: msgspec.structs.replace(getattr(SHIPPED.settings, name), value=type(
            getattr(SHIPPED.settings, name).value)(settings[name]))
        for name in READINGS
    }  # fmt: skip
    diameter = msgspec.structs.replace(
        SHIPPED.criteria.metastasis_diameter, relation=settings["relation"]
    )
    return msgspec.structs.replace(
        SHIPPED,
        settings=msgspec.structs.replace(SHIPPED.settings, **chosen),
        criteria=msgspec.structs.replace(SHIPPED.criteria, metastasis_diameter=diameter),
    )


def roi_name(entry):
    """Return a name that says nothing of organ, side or role."""
    return f"Lesion {entry['id'].removeprefix('L')}"


def drawn_lesion(entry):
    kind, organ = entry.get("kind"), entry.get("organ")
    role = {
        "primary": Role.GTV_PRIMARY,
        "regional_node": Role.GTV_NODE,
        "distant": Role.GTV_METASTASIS,
        None: Role.GTV,
    }[kind]
    counted = {"distant": Count(1, 1), None: Count(0, 1)}.get(kind, Count(0, 0))
    name = roi_name(entry)
    measured = {key: Measure(mm, "mm") for key, mm in entry["drawn"].items()}
    return Lesion(
        roi_name=name,
        roi_number=1,
        label=name,
        part=1,
        role=role,
        organ=Organ(organ) if organ else None,
        organ_evidence="",
        volume_cc=1.0,
        longest_axial_mm=measured["axial"],
        short_axis_mm=measured["short"],
        plane_mm=0.0,
        axial_end_points_mm=np.zeros((2, 3)),
        maximum_3d_mm=measured["3d"],
        maximum_3d_end_points_mm=np.zeros((2, 3)),
        centroid_mm=np.zeros(3),
        counted=counted,
    )


def case_of(table, settings, in_files, asked, is_planned):
    written = [
        {key: value for key, value in one.items() if key not in {"drawn", "unnamed"}}
        | ({} if "unnamed" in one else {"roi_names": [roi_name(one)] if "drawn" in one else []})
        for one in table["lesions"]
    ]
    case = Case(
        Submission(
            structure_sets=(SET,),
            doses=(DOSE,) if is_planned else (),
            patient_age_years=in_files,
        ),
        protocol_with(settings),
        Register.from_dict(table | {"lesions": written}),
        asked_kind=PlanKind(asked) if asked else None,
    )
    census = tuple(drawn_lesion(one) for one in table["lesions"] if "drawn" in one)
    # What the census measures is given here: only the rules are asked.
    vars(case)["census"] = LesionCensus(census, Count(0, 0), {}, ())
    return case


def graded(code, case):
    """Return the grades of a check, and of each lesion that it names whether there is a query."""
    found = []
    try:
        found.extend(CHECKS[code].run(case))
    except NotEvaluable:
        return [str(one.grade) for one in found] + [OPEN], found
    return [str(one.grade) for one in found], found


def compare(table, settings, in_files, asked, is_planned, seen):
    case = case_of(table, settings, in_files, asked, is_planned)

    def same(code, expected):
        grades, found = graded(code, case)
        assert grades == expected, (code, table, settings, [one.message for one in found])
        seen.update((code, grade) for grade in grades)

    same("OL101", [age(table, in_files)])
    same("OL102", [ecog(table)])
    for code, (name, key, wanted) in QUESTIONS.items():
        same(code, [required(answer(table, name, key), wanted)])
    same("OL104", [genuine(table)])
    same("OL105", [pathology(table)])
    grades, _ = graded("OL111", case)
    assert sorted(grades) == sorted(disseminated(table))
    seen.update(("OL111", grade) for grade in grades)
    in_all, in_one = numbers(table, settings)
    same("OL201", [in_all])
    same("OL202", [in_one])
    grades, found = graded("OL203", case)
    expected = {
        one["id"]: size(one, settings, table)
        for one in table["lesions"]
        if size(one, settings, table)
    }
    assert {
        one.about.replace("Lesion ", "L"): (one.grade, Flag.QUERY in one.flags) for one in found
    } == expected, (table, settings, [f.message for f in found])
    assert len(grades) - len(found) == (not expected or is_unplaced(table)), table
    seen.update(("OL203", grade) for grade in grades)
    grades, _ = graded("OL205", case)
    assert set(grades) == therapy(table), table
    seen.update(("OL205", grade) for grade in grades)
    same("OL206", [arm(table, asked, is_planned)])
    classified = classify(case.register, 6)
    place = leaf(table)
    assert (classified.leaf or f"?{classified.unanswered}") == place or (
        place.startswith("?") and place[1:] in classified.unanswered and classified.leaf is None
    ), (place, table)
    seen[place] += 1


@pytest.mark.parametrize("cases", [SAMPLE, pytest.param(CASES, marks=pytest.mark.exhaustive)])
def test_no_difference_to_the_naive_implementation(cases):
    chance = random.Random(SEED)
    seen = Counter()
    for _ in range(cases):
        compare(
            random_table(chance),
            random_settings(chance),
            chance.choice([None, None, 17, 18, 60]),
            chance.choice([None, None, "screening", "delivered"]),
            chance.random() < 0.7,
            seen,
        )
    codes = [*QUESTIONS, "OL101", "OL102", "OL104", "OL105", "OL111", "OL201", "OL202", "OL203"]
    for code in codes:
        for grade in ("PASS", "MAJOR", "NOT_EVALUABLE"):
            assert seen[code, grade] >= cases / 100, (code, grade)
    often = cases / 48
    assert min(seen["OL205", grade] for grade in ("PASS", "MINOR", "NOT_EVALUABLE", "INFO")) > often
    assert min(seen["OL206", grade] for grade in ("PASS", "MAJOR", "NOT_EVALUABLE", "INFO")) > often
    assert len([place for place in seen if isinstance(place, str)]) == 10 + 5
