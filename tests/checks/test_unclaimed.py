"""ROIs that no entry claims: a register without its ROI names hides nothing that is drawn."""

from dataclasses import replace

import pytest
from test_lost_witnesses import LARGE, named
from test_reconciliation import cube
from test_unnamed_entries import (
    CODES,
    PROVEN,
    changed,
    entry,
    judged,
    liver,
    removed,
    submission_of,
)

from oligort.geometry.structure import StructureSet
from oligort.phantoms import Box
from oligort.submission import Submission

THERAPIES = ("radiotherapy", "surgery", "ablation", "none")
NAMES = ("Struktur1", "Leberziel", "Boost", "ROI 3", "zHelp", "Ring1", "Marker", "Body2", "PET_40%")


@pytest.mark.parametrize("therapy", THERAPIES)
@pytest.mark.parametrize("roi_name", NAMES)
def test_a_contour_above_the_limit_is_not_lost_with_its_name(roi_name, therapy):
    entries = [named(roi_name, therapy=therapy)]
    submission = submission_of({roi_name: LARGE})
    assert not judged(submission, entries)["OL203"][0]
    for less in (changed(entries, 0, "roi_names"), [named("PET 40%", therapy=therapy)]):
        is_pass, told = judged(submission, less)["OL203"]
        assert not is_pass
        assert f'"A" may be what "{roi_name}" draws (roi_names would tell)' in told
    assert not judged(submission, changed(entries, 0, "kind"))["OL203"][0]
    # That it is drawn nowhere is an answer, but not of what is to be irradiated.
    nowhere = judged(submission, changed(entries, 0, "roi_names", []))
    assert nowhere["OL203"][0] is (therapy != "radiotherapy")


def test_a_name_that_is_not_drawn_leaves_the_size_open_by_itself():
    submission = submission_of({"Heart": cube(9)})
    is_pass, told = judged(submission, [named("Kn 8", therapy="surgery")])["OL203"]
    assert not is_pass
    assert '"Kn 8" (roi_names) is not drawn' in told
    assert judged(submission, [named("Kn 8", therapy="surgery") | {"roi_names": []}])["OL203"][0]


def test_a_name_that_is_not_drawn_beside_one_that_is_hides_no_contour():
    solids = {"GTVm01_Liver": cube(1), "Struktur1": LARGE}
    one = entry("A", roi_names=["GTVm01_Liver", "Struktur 1"], **PROVEN)
    is_pass, told = judged(submission_of(solids), [one])["OL203"]
    assert not is_pass
    assert '"Struktur1" measures 56.6 mm' in told
    assert judged(submission_of(solids | {"Struktur1": cube(1)}), [one])["OL203"][0]
    assert judged(submission_of(solids), [one | {"roi_names": ["GTVm01_Liver"]}])["OL203"][0]


def test_the_parts_of_a_helper_are_not_lost_with_its_name():
    halves = [cube(n).structure("zHelp", 1, range(-40, 41, 4)) for n in (1, 3)]
    drawn = replace(halves[0], contours=(*halves[0].contours, *halves[1].contours))
    submission = Submission(structure_sets=(StructureSet((drawn,), "1.1"),))
    one = named("zHelp", 28.0, therapy="surgery")
    entries = [one, *removed("Bone", "Brain", "Skin")]
    assert not judged(submission, entries)["OL201"][0]
    is_pass, told = judged(submission, changed(entries, 0, "roi_names"))["OL201"]
    assert not is_pass
    assert "roi_names" in told


PRIMARY = {"id": "P", "kind": "primary", "organ": "Esophagus", "roi_names": ["GTVp"]}


@pytest.mark.parametrize(
    ("of_primary", "others"),
    [({"therapy": "surgery"}, {}), ({"therapy": "ablation"}, {}), ({}, {"GTVp2": cube(5)})],
)
def test_a_primary_claims_no_contour_that_cannot_be_its_own(of_primary, others):
    """One that was removed claims none, and one claims no two."""
    primary = {name: value for name, value in PRIMARY.items() if name != "roi_names"}
    entries = [primary | {"therapy": "radiotherapy"} | of_primary, named("GTVp", therapy="surgery")]
    submission = submission_of({"GTVp": LARGE, **others})
    assert not judged(submission, entries)["OL203"][0]
    is_pass, told = judged(submission, changed(entries, 1, "roi_names"))["OL203"]
    assert not is_pass
    assert '"A" may be what' in told


def test_a_primary_to_be_irradiated_claims_the_contour_of_its_kind():
    primary = {name: value for name, value in PRIMARY.items() if name != "roi_names"}
    entries = [primary | {"therapy": "radiotherapy"}, *removed("Liver")]
    entries[1] |= PROVEN | {"roi_names": []}
    assert judged(submission_of({"GTVp": LARGE}), entries)["OL203"][0]


PLANNED = liver(1) | {
    "PTVm01_Liver": cube(1, 30.0),
    "Ring_PTVm01": cube(1, 60.0),
    "Ring_GTVm01": cube(1, 60.0),
    "GTV_all": cube(1),
    "BODY": Box((0.0, 0.0, 0.0), (356.0, 236.0, 70.0)),
    "Couch": Box((0.0, 150.0, 0.0), (530.0, 60.0, 70.0)),
    "Struktur1": Box((0.0, 150.0, 0.0), (530.0, 60.0, 70.0)),
}


def test_what_is_drawn_for_planning_is_no_lesion():
    """Bodies and couches are wider than any, and rings and sums say of which target they are."""
    entries = [entry("A", **PROVEN), *removed("Bone")]
    whole = judged(submission_of(liver(1)), entries)
    found = judged(submission_of(PLANNED), entries)
    for code in ("OL105", "OL201", "OL202", "OL203"):
        assert whole[code][0]
        assert found[code][0], found[code][1]


def test_an_outline_of_the_body_that_holds_all_organs_is_no_lesion():
    solids = liver(1) | {
        "Liver": cube(1, 60.0),
        "BODY": Box((60.0, 0.0, 0.0), (240.0, 240.0, 70.0)),
    }
    entries = [entry("A", **PROVEN), *removed("Bone")]
    assert judged(submission_of(solids), entries)["OL203"][0]
    outside = solids | {"Lung_L": Box((300.0, 0.0, 0.0), (60.0, 60.0, 60.0))}
    assert not judged(submission_of(outside), entries)["OL203"][0]


@pytest.mark.parametrize("roi_name", ["Ring1", "zHelp", "PET_40%", "Ring_GTVm02"])
def test_a_helper_around_a_target_may_be_a_larger_lesion_of_an_open_entry(roi_name):
    """Only what is made from the target itself is none; a whole register asks for no helper."""
    submission = submission_of(PLANNED | {roi_name: cube(1, 60.0)})
    listed = [entry("A", roi_names=["GTVm01_Liver"], **PROVEN), entry("B", "Bone", "surgery")]
    named_so = changed(listed, 1, "roi_names", [roi_name])
    assert not judged(submission, named_so)["OL203"][0]
    is_pass, told = judged(submission, listed)["OL203"]
    assert not is_pass
    assert f'"B" may be what "{roi_name}" draws (roi_names would tell)' in told
    answered = judged(submission, changed(listed, 1, "roi_names", []))
    for code in ("OL105", "OL201", "OL202", "OL203"):
        assert answered[code][0], answered[code][1]


@pytest.mark.parametrize("code", ["OL201", "OL202"])
def test_an_entry_may_be_all_parts_of_the_contour_that_it_may_be(code):
    """Of its own ROI in two parts, one without its name counted as three lesions."""
    halves = [cube(n).structure("GTVm01_Liver", 1, range(-40, 41, 4)) for n in (1, 3)]
    drawn = replace(halves[0], contours=(*halves[0].contours, *halves[1].contours))
    submission = Submission(structure_sets=(StructureSet((drawn,), "1.1"),))
    one = entry("A", roi_names=["GTVm01_Liver"], **PROVEN)
    others = {"OL201": ("Bone", "Brain", "Skin"), "OL202": ("Liver", "Liver")}[code]
    more = [entry(f"B{n}", organ, "surgery") for n, organ in enumerate(others)]
    for entries in ([one, *more], changed([one, *more], 0, "roi_names")):
        is_pass, told = judged(submission, entries)[code]
        assert not is_pass
        assert "the limit lies inside the range" in told


LIVER = {"Liver": Box((400.0, 0.0, 0.0), (900.0, 100.0, 60.0))}


def in_the_liver(count):
    return [entry(f"L{n}", roi_names=[f"GTVm{n:02d}_Liver"], **PROVEN) for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("kind", "organ", "therapy", "code", "count"),
    [
        ("regional_node", "LymphNodes", "radiotherapy", "OL201", 4),
        ("regional_node", "LymphNodes", "surgery", "OL202", 3),
        ("primary", "Esophagus", "radiotherapy", "OL202", 3),
        ("primary", "Esophagus", "none", "OL201", 4),
        ("distant", "Bone", "ablation", "OL202", 3),
    ],
)
def test_what_lies_in_the_liver_is_not_lost_with_its_name(kind, organ, therapy, code, count):
    """An ROI in the liver is doubted where an entry of another place names it, and where it may."""
    entries = [
        *in_the_liver(count),
        entry("E", organ, therapy, kind=kind, roi_names=["Struktur1"]),
    ]
    without = changed(entries, count, "roi_names")
    submission = submission_of(LIVER | liver(count) | {"Struktur1": cube(7)})
    whole, less = judged(submission, entries), judged(submission, without)
    assert not whole[code][0]
    assert not any(less[one][0] and not whole[one][0] for one in CODES)
    assert "Struktur1" in less[code][1] or '"E"' in less[code][1]
    if kind != "distant":  # in no organ it contradicts nothing
        elsewhere = {"Struktur1": Box((400.0, 300.0, 0.0), (20.0, 20.0, 20.0))}
        away = submission_of(LIVER | liver(count) | elsewhere)
        is_pass, told = judged(away, without)[code]
        assert not is_pass
        assert "roi_names" in told
        # With the answer that nothing is drawn for it, nothing is open.
        assert judged(away, changed(entries, count, "roi_names", []))[code][0]


@pytest.mark.parametrize("roi_name", ["Liver_S8", "BWK 7"])
@pytest.mark.parametrize(("kind", "organ"), [("primary", "Esophagus"), ("regional_node", None)])
def test_an_organ_in_the_liver_that_a_primary_or_a_node_names_brings_it_into_doubt(
    kind, organ, roi_name
):
    entries = [*in_the_liver(4), entry("E", organ, kind=kind, roi_names=[roi_name])]
    solids = LIVER | liver(4) | {roi_name: cube(7)}
    is_pass, told = judged(submission_of(solids), entries)["OL201"]
    assert not is_pass
    assert "the number is 4 to 5" in told
    assert "an ROI of Liver" in told
    # By its name alone too, where it lies in no other ROI; what is named the oesophagus is none.
    beside = liver(4) | {roi_name: cube(7)}
    is_pass, told = judged(submission_of(beside), entries)["OL201"]
    assert not is_pass
    assert f'E names "{roi_name}", an ROI of ' in told
    own = changed(entries, 4, "roi_names", ["Esophagus"])
    assert judged(submission_of(liver(4) | {"Esophagus": cube(7)}), own)["OL201"][0]


def test_a_primary_without_roi_names_is_doubted_where_it_is_drawn():
    """What is named the primary lies in the liver: so it may be a metastasis, named or not."""
    entries = [*in_the_liver(3), entry("P", "Esophagus", kind="primary", roi_names=["GTVp"])]
    submission = submission_of(LIVER | liver(3) | {"GTVp": cube(7)})
    for given in (entries, changed(entries, 3, "roi_names")):
        assert not judged(submission, given)["OL202"][0]
