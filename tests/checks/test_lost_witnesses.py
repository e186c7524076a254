"""Two answers that contradict each other, and one of them taken away.

What is left passes only where it answers the criterion by itself, as docs/eligibility.md says of
each: the age of the files, the contour's size, the ROI's organ and side.
"""

from dataclasses import replace

import pytest
from test_reconciliation import CHECKS, cube
from test_unnamed_entries import (
    PROVEN,
    changed,
    entry,
    found,
    judged,
    liver,
    removed,
    submission_of,
)

from oligort.checks.case import Case
from oligort.clinical.register import Register
from oligort.geometry.structure import StructureSet
from oligort.protocol.model import Protocol
from oligort.submission import Submission

PROTOCOL = Protocol.load("nct06190782")
LARGE = cube(1, 40.0)
"""Of 56.6 mm across."""


def named(roi_name, size_mm=48.0, **keys):
    return entry("A", size_mm=size_mm, roi_names=[roi_name], **PROVEN) | keys


@pytest.mark.parametrize("roi_name", ["Kn 3", "GTVp", "GTV", "GTVn01"])
@pytest.mark.parametrize("key", ["kind", "roi_names"])
def test_a_contour_above_the_limit_is_not_lost_with_kind_or_name(roi_name, key):
    entries = [named(roi_name)]
    submission = submission_of({roi_name: LARGE})
    assert not judged(submission, entries)["OL203"][0]
    is_pass, told = judged(submission, changed(entries, 0, key))["OL203"]
    assert not is_pass
    assert roi_name in told
    assert key in told or roi_name == "GTVn01"  # a node of its own, that may be any


def test_a_misspelt_roi_name_leaves_open_what_is_drawn():
    submission = submission_of({"Kn 3": LARGE})
    is_pass, told = judged(submission, [named("Kn 8")])["OL203"]
    assert not is_pass
    assert '"A" may be what "Kn 3" draws (roi_names would tell)' in told
    # What is not irradiated need not be drawn: where it says so, the register alone answers.
    (gone,) = changed([named("Kn 3")], 0, "roi_names")
    for therapy in ("surgery", "ablation"):
        assert judged(submission, [gone | {"therapy": therapy, "roi_names": []}])["OL203"][0]
    is_pass, told = judged(submission_of({"Kn 3": cube(1)}), [gone])["OL203"]
    assert not is_pass
    assert 'nothing says what is drawn for "A"' in told


@pytest.mark.parametrize(("size_mm", "grade"), [(None, "MAJOR"), (48.0, "NOT_EVALUABLE")])
def test_a_metastasis_above_the_limit_breaks_it_whichever_entry_it_is_of(size_mm, grade):
    (one,) = changed([named("none", size_mm)], 0, "roi_names")
    table = {"schema_version": 1, "subject": "S", "lesions": [one | {"therapy": "none"}]}
    case = Case(submission_of({"GTVm01_Liver": LARGE}), PROTOCOL, Register.from_dict(table))
    drawn = next(it for it in CHECKS["OL203"].run(case) if it.about == "GTVm01_Liver")
    assert drawn.grade == grade
    assert ('"A", for which it may be drawn, is 48 mm' in drawn.message) is (size_mm is not None)


def test_the_parts_of_an_roi_are_not_lost_with_its_name():
    halves = [cube(n).structure("Kn 3", 1, range(-40, 41, 4)) for n in (1, 3)]
    drawn = replace(halves[0], contours=(*halves[0].contours, *halves[1].contours))
    submission = Submission(structure_sets=(StructureSet((drawn,), "1.1"),))
    entries = [named("Kn 3", 28.0), *removed("Bone", "Brain", "Skin")]
    assert not judged(submission, entries)["OL201"][0]
    is_pass, told = judged(submission, changed(entries, 0, "roi_names"))["OL201"]
    assert not is_pass
    assert "roi_names" in told


def test_what_is_left_passes_where_it_answers_by_itself():
    # A contour is a size, whatever else the register says of it.
    submission = submission_of({"GTVm01_Liver": cube(1)})
    entries = [named("GTVm01_Liver", 51.0)]
    assert not judged(submission, entries)["OL203"][0]
    assert judged(submission, changed(entries, 0, "size_mm"))["OL203"][0]
    # An ROI's name is an organ; of what is not drawn the register alone says it.
    solids = liver(3) | {"GTVm04_Bone": cube(4)}
    entries = [entry(name, roi_names=[name], **PROVEN) for name in solids]
    submission = submission_of(solids)
    assert not judged(submission, entries)["OL202"][0]
    assert judged(submission, changed(entries, 3, "organ"))["OL202"][0]
    undrawn = removed(*["Liver"] * 3, "Bone")
    undrawn = [one | {"id": f"L{number}"} for number, one in enumerate(undrawn)]
    assert judged(submission_of({"Heart": cube(9)}), undrawn)["OL202"][0]
    is_pass, told = judged(submission_of({"Heart": cube(9)}), changed(undrawn, 3, "organ"))["OL202"]
    assert not is_pass
    assert "organ" in told


@pytest.mark.parametrize(
    ("roi_name", "kind", "organ"),
    [
        ("GTVp", "distant", "Liver"),
        ("GTVm01_Liver", "primary", "Esophagus"),
        ("GTVm01_LN", "regional_node", "LymphNodes"),
        ("Kn 3", "distant", "Esophagus"),
        ("Kn 3", "primary", "Liver"),
    ],
)
def test_a_contradicted_kind_stays_open_without_any_of_the_answers(roi_name, kind, organ):
    submission = submission_of({roi_name: cube(1)})
    entries = [
        named(roi_name, 28.0, kind=kind, organ=organ),
        *removed("Bone", "Brain", "Skin", "Spleen"),
    ]
    whole = judged(submission, entries)
    for key in ("kind", "organ", "roi_names", "size_mm", "therapy", "pathology"):
        less = judged(submission, changed(entries, 0, key))
        for code in ("OL105", "OL201"):
            assert not whole[code][0], (code, whole[code][1])
            assert not less[code][0], (code, key, less[code][1])


@pytest.mark.parametrize("in_files", [17, 60, None])
def test_the_age_of_the_files_answers_by_itself(in_files):
    table = {"schema_version": 1, "subject": "S"}
    submission = Submission(patient_age_years=in_files)
    for years in (25, 16):
        contradicted = Register.from_dict(table | {"patient": {"age_years": years}})
        if in_files and (years >= 18) != (in_files >= 18):
            assert not found("OL101", Case(submission, PROTOCOL, contradicted))[0]
    is_pass, told = found("OL101", Case(submission, PROTOCOL, Register.from_dict(table)))
    assert is_pass is (in_files == 60)
    assert in_files or "patient.age_years" in told
