"""Entries without ROI names: an answer less never passes where the whole register did not."""

import copy
import random
from collections import Counter

import numpy as np
import pytest
from test_accounting import MAYBE, NONE, SURE, drawn
from test_reconciliation import CHECKS, PROTOCOL, cube
from test_register_fields import kept, possible
from test_truth_table import SET, protocol_with, random_settings

from oligort.checks.case import Case
from oligort.clinical.column_map import lesion_kinds
from oligort.clinical.register import Register
from oligort.errors import NotEvaluable, RegisterError
from oligort.geometry.structure import StructureSet
from oligort.lesions.lesion import LesionCensus
from oligort.lesions.vocabulary import Organ
from oligort.submission import Submission

CODES = ("OL105", "OL201", "OL202", "OL203", "OL205")
PLANES_MM = np.arange(-40.0, 41, 4.0)
ORGANS = ("Liver", "Bone", "LymphNodes", "Esophagus")


def entry(name, organ="Liver", therapy="radiotherapy", **keys):
    """An entry with every answer; a cube of 20 mm measures 28.3 mm across."""
    given = {"id": name, "kind": "distant", "organ": organ, "therapy": therapy}
    return given | {"pathology": "no", "size_mm": 28.0} | keys


def removed(*organs):
    return [entry(organ, organ, "surgery", roi_names=[]) for organ in organs]


def liver(count):
    return {f"GTVm{n:02d}_Liver": cube(n) for n in range(1, count + 1)}


PROVEN = {"pathology": "yes"}
BASES = {
    "one pair": (liver(1), [entry("A", **PROVEN), *removed("Bone", "Brain", "Skin")]),
    "two pairs": (
        liver(2),
        [entry("A", **PROVEN), entry("B"), *removed("Liver", "Bone")],
    ),
    "more contours": (
        liver(3),
        [entry("A", **PROVEN), entry("B"), *removed("Liver")],
    ),
    "more entries": (
        liver(1),
        [entry("A", **PROVEN), entry("B"), *removed("Bone", "Brain")],
    ),
    "far in size": (
        liver(1),
        [entry("A", size_mm=45.0, **PROVEN), *removed("Bone", "Brain", "Skin")],
    ),
    "above the limit": (
        {"GTVm01_Liver": cube(1, 37.0)},
        [entry("A", size_mm=48.0, **PROVEN)],
    ),
    "not treated": (
        liver(1),
        [
            entry("A", therapy="none", no_therapy_reason="declined", **PROVEN),
            *removed("Bone", "Brain", "Skin"),
        ],
    ),
    "in the oesophagus": (
        liver(1) | {"Esophagus": cube(1, 60.0)},
        [entry("A", **PROVEN), *removed("Bone")],
    ),
}
"""Registers beside what is drawn; the limits are 4 lesions, 3 in an organ, and 50 mm."""


def submission_of(solids):
    drawn = [s.structure(name, n, PLANES_MM) for n, (name, s) in enumerate(solids.items(), 1)]
    return Submission(structure_sets=(StructureSet(tuple(drawn), "1.1"),))


def found(code, case):
    """Return whether a check passes, and all that it says."""
    grades, texts = [], []
    try:
        for one in CHECKS[code].run(case):
            grades.append(str(one.grade))
            texts += [one.about, one.message, one.hint]
    except NotEvaluable as error:
        grades.append("NOT_EVALUABLE")
        texts.append(str(error))
    # What is asked beside a verdict is none.
    return set(grades) - {"INFO"} == {"PASS"}, " ".join(texts)


def judged(submission, entries, protocol=PROTOCOL):
    """Return what each check says, or None where the register is refused."""
    table = {"schema_version": 1, "subject": "S", "arm": "local_therapy", "lesions": entries}
    try:
        case = Case(submission, protocol, Register.from_dict(table))
    except RegisterError:
        return None
    # Registers that say the same of the ROIs are given the same submission: measured once.
    roles = frozenset(case.submission.roles.items())
    same = kept(submission, roles, case.submission.selection)
    object.__setattr__(case, "submission", same)
    return {code: found(code, case) for code in CODES}


def changed(entries, number, key, *value):
    """Return the entries with another value of one key, or without the key."""
    copied = copy.deepcopy(entries)
    copied[number].pop(key, None)
    if value:
        copied[number][key] = value[0]
    return copied


def others(key):
    return ORGANS if key == "organ" else possible(lesion_kinds()[key])


@pytest.mark.parametrize("name", BASES)
def test_an_answer_less_passes_only_where_no_answer_matters(name):
    solids, entries = BASES[name]
    submission = submission_of(solids)
    whole = judged(submission, entries)
    for number, one in enumerate(entries):
        for key in sorted(one.keys() - {"id"}):
            less = judged(submission, changed(entries, number, key))
            answered = [judged(submission, changed(entries, number, key, v)) for v in others(key)]
            for code in CODES:
                was_pass, (is_pass, told) = whole[code][0], less[code]
                about = (code, one["id"], key, told)
                if is_pass:
                    assert was_pass, about
                    assert all(it[code][0] for it in answered if it is not None), about
                elif was_pass:
                    assert key in told, about


def test_the_bases_pass_and_do_not_where_they_should():
    passing = {
        name: {code for code, (is_pass, _) in judged(submission_of(s), e).items() if is_pass}
        for name, (s, e) in BASES.items()
    }
    every = set(CODES)
    assert passing["one pair"] == passing["two pairs"] == every
    assert passing["more contours"] == passing["more entries"] - {"OL202"}
    for name in ("more contours", "more entries", "far in size", "not treated"):
        assert "OL201" not in passing[name], name
    assert "OL203" not in passing["above the limit"]
    assert "OL105" not in passing["in the oesophagus"]


SIZES_MM = (20.0, 28.0, 38.0, 45.0, 49.0, 51.0)


def random_contours(chance):
    """Contours whose names say nothing, each sure or doubtful, some of unknown organ."""
    organs = (Organ.LIVER, Organ.LIVER, Organ.BONE, None)
    return [
        drawn(f"Kn {n}", chance.choice(organs), chance.choice([SURE, SURE, MAYBE]), mm)
        for n, mm in enumerate(chance.choices(SIZES_MM, k=chance.randint(1, 4)))
    ]


def random_entries(chance, contours):
    """Entries without ROI names, of some contours and of others, most of them with every answer."""
    entries = []
    for number in range(chance.randint(len(contours), 5)):
        mm = chance.choice(SIZES_MM)
        organ, therapy = chance.choice(["Liver", "Bone"]), chance.choice(["surgery", "none"])
        if number < len(contours) and chance.random() < 0.9:
            mm = float(contours[number].longest_axial_mm) + chance.choice([0, 2, -2, 30])
            organ, therapy = str(contours[number].organ or organ), "radiotherapy"
        keys = {"size_mm": mm, "pathology": chance.choice(["yes", "no"])}
        one = entry(f"L{number}", organ, therapy) | keys
        if chance.random() < 0.2:
            one.pop(chance.choice(["organ", "kind", "therapy", "size_mm"]))
        entries.append(one)
    return entries


@pytest.mark.parametrize("cases", [60, pytest.param(160, marks=pytest.mark.exhaustive)])
def test_an_answer_less_makes_no_pass_of_any_register(cases):
    chance, seen = random.Random(11), Counter()
    for _ in range(cases):
        contours, protocol = random_contours(chance), protocol_with(random_settings(chance))
        entries = random_entries(chance, contours)

        def passes(entries, contours=contours, protocol=protocol):
            table = {"schema_version": 1, "subject": "S", "lesions": entries}
            submission = Submission(structure_sets=(SET,))
            case = Case(submission, protocol, Register.from_dict(table))
            vars(case)["census"] = LesionCensus(tuple(contours), NONE, {}, ())
            return {code: found(code, case)[0] for code in CODES[:4]}

        whole = passes(entries)
        for number, one in enumerate(entries):
            for key in one.keys() - {"id"}:
                less = passes(changed(entries, number, key))
                for code, was_pass in whole.items():
                    assert was_pass or not less[code], (code, one["id"], key, entries, contours)
                    seen[code, key, was_pass, less[code]] += 1
    for code, key in (("OL201", "therapy"), ("OL201", "organ"), ("OL203", "size_mm")):
        assert seen[code, key, False, False] > 20
        assert seen[code, key, True, False] > 5, (code, key)
