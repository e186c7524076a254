"""Register and contours brought together: each metastasis once, and the truth in the range."""

import random
from dataclasses import replace

import numpy as np
import pytest

from oligort.checks.accounting import AccountedLesion, account, regional_nodes
from oligort.checks.counting import Counting
from oligort.clinical.register import Register
from oligort.lesions.lesion import Count, Lesion, LesionCensus
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.measure import Measure
from oligort.protocol.model import Protocol

SETTINGS = Protocol.load("nct06190782").settings
COUNTING = Counting.of(SETTINGS)
PRIMARY = SETTINGS.primary_organs.value
TOLERANCE_MM = 10.0
SURE, MAYBE, NONE = Count(1, 1), Count(0, 1), Count(0, 0)


def total(lesions):
    return COUNTING.total(lesions)


def per_organ(lesions):
    """Organs are one each here: an organ stands for its place."""
    return {place.organ: count for place, count in COUNTING.per_organ(lesions).items()}


def drawn(roi_name, organ=Organ.LIVER, counted=SURE, mm=20.0, part=1):
    return Lesion(
        roi_name=roi_name,
        roi_number=1,
        label=roi_name if part == 1 else f"{roi_name} #{part}",
        part=part,
        role=Role.GTV_METASTASIS,
        organ=organ,
        organ_evidence="",
        volume_cc=1.0,
        longest_axial_mm=Measure(mm, "mm"),
        short_axis_mm=Measure(mm, "mm"),
        plane_mm=0.0,
        axial_end_points_mm=np.zeros((2, 3)),
        maximum_3d_mm=Measure(mm, "mm"),
        maximum_3d_end_points_mm=np.zeros((2, 3)),
        centroid_mm=np.zeros(3),
        counted=counted,
        doubt="doubtful" if counted == MAYBE else "",
    )


def register(*entries):
    lesions = [{"id": f"L{n}", "kind": "distant"} | entry for n, entry in enumerate(entries)]
    return Register.from_dict({"schema_version": 1, "subject": "S", "lesions": lesions})


def accounted(contours, *entries):
    census = LesionCensus(tuple(contours), NONE, {}, ())
    return account(census, register(*entries) if entries else None, TOLERANCE_MM, PRIMARY)


def test_an_accounted_lesion_is_of_something():
    with pytest.raises(ValueError, match="contours, an entry"):
        AccountedLesion((), None, NONE)


def test_without_a_register_the_contours_are_counted_as_they_are():
    lesions = accounted([drawn("a"), drawn("b", counted=MAYBE), drawn("c", counted=NONE)])
    assert total(lesions) == Count(1, 2)
    assert [lesion.name for lesion in lesions] == ["a", "b"]


def test_a_name_brings_entry_and_contour_together():
    entries = [{"roi_names": ["a"], "organ": "Liver"}, {"therapy": "surgery", "organ": "Brain"}]
    lesions = accounted([drawn("a")], *entries)
    assert total(lesions) == Count(2, 2)
    assert [lesion.matched_by for lesion in lesions] == ["ROI name", ""]
    assert per_organ(lesions) == {Organ.LIVER: SURE, Organ.BRAIN: SURE}


@pytest.mark.parametrize("therapy", ["surgery", "ablation"])
def test_a_lesion_without_contours_is_counted_beside_those_with(therapy):
    # An ablated liver lesion is not one of the contours in the liver, where the register says so.
    ablated = {"therapy": therapy, "organ": "Liver"}
    assert total(accounted([drawn("a")], ablated | {"roi_names": []})) == Count(2, 2)
    assert total(accounted([drawn("a")], ablated)) == Count(1, 2)
    assert total(accounted([drawn("a", Organ.BONE)], ablated)) == Count(1, 2)


def test_entries_without_names_are_matched_by_organ_and_size_where_the_numbers_agree():
    contours = [drawn("large", mm=40.0), drawn("small", mm=10.0), drawn("lung", Organ.LUNGS)]
    entries = [
        {"organ": "Liver", "size_mm": 11.0, "therapy": "radiotherapy"},
        {"organ": "Liver", "size_mm": 39.0, "therapy": "radiotherapy"},
        {"organ": "Lungs", "size_mm": 20.0, "therapy": "radiotherapy"},
    ]
    lesions = accounted(contours, *entries)
    assert total(lesions) == Count(3, 3)
    pairs = {lesion.name: lesion.entry.id for lesion in lesions}
    assert pairs == {"large": "L1", "small": "L0", "lung": "L2"}


@pytest.mark.parametrize(
    ("name", "organ", "held_on", "said", "is_pair"),
    [
        ("GTVm01_Lung_R", Organ.LUNGS, None, {"side": "R"}, True),
        ("GTVm01_Lung_R", Organ.LUNGS, None, {}, True),
        ("GTVm01_Lung_R", Organ.LUNGS, None, {"side": "L"}, False),
        ("GTVm01", Organ.LUNGS, Side.RIGHT, {"side": "R"}, True),
        ("GTVm01", Organ.LUNGS, Side.RIGHT, {"side": "L"}, False),
        ("GTVm01_LN_16a2", Organ.LYMPH_NODES, None, {"station": "st. 16 a2"}, True),
        ("GTVm01_LN_16a2", Organ.LYMPH_NODES, None, {"station": "axillary"}, False),
        ("GTVm01_LN_16a2", Organ.LYMPH_NODES, None, {}, True),
        ("GTVm01_LN_supraclav_R", Organ.LYMPH_NODES, None, {"station": "supraclavicular"}, True),
        ("GTVm01_LN_supraclav_R", Organ.LYMPH_NODES, None, {"station": "supraclavicular L"}, False),
        ("GTVm 1 LN 2", Organ.LYMPH_NODES, None, {"station": "104"}, True),
        ("GTVm 1 LN 101", Organ.LYMPH_NODES, None, {"station": "104"}, False),
    ],
)
def test_what_lies_in_another_side_or_station_is_no_pair(name, organ, held_on, said, is_pair):
    """A lesion of the left lung was the one that is drawn in the right."""
    contour = replace(drawn(name, organ), held_on=held_on)
    entry = {"organ": str(organ), "therapy": "radiotherapy", "size_mm": 20.0} | said
    assert total(accounted([contour], entry)) == (SURE if is_pair else Count(1, 2))


def test_lesions_of_two_sides_are_paired_within_each() -> None:
    contours = [
        drawn("GTVm01_Lung_L", Organ.LUNGS, mm=21.0),
        drawn("GTVm02_Lung_R", Organ.LUNGS, mm=19.0),
    ]
    entries = [
        {"organ": "Lungs", "therapy": "radiotherapy", "side": side, "size_mm": mm}
        for side, mm in (("L", 18.0), ("R", 22.0))
    ]
    lesions = accounted(contours, *entries)
    assert {lesion.name: lesion.entry.side for lesion in lesions} == {
        "GTVm01_Lung_L": "L", "GTVm02_Lung_R": "R",
    }  # fmt: skip


@pytest.mark.parametrize("key", ["short_axis_mm", "maximum_3d_mm"])
def test_any_stated_diameter_that_differs_too_much_is_of_another_lesion(key):
    """A lesion of 120 mm in 3D was one that measures 20 mm."""
    for mm, is_pair in ((20.0, True), (30.0 if key == "maximum_3d_mm" else 10.0, True)):
        entry = {"organ": "Liver", "therapy": "radiotherapy", "size_mm": 20.0, key: mm}
        assert (total(accounted([drawn("a", mm=20.0)], entry)) == SURE) is is_pair
    beyond = 30.1 if key == "maximum_3d_mm" else 9.8
    entry = {"organ": "Liver", "therapy": "radiotherapy", "size_mm": 20.0, key: beyond}
    assert total(accounted([drawn("a", mm=20.0)], entry)) == Count(1, 2)


@pytest.mark.parametrize(("mm", "count"), [(20.0, SURE), (30.0, SURE), (30.1, Count(1, 2))])
def test_sizes_that_differ_too_much_may_be_two_lesions(mm, count):
    entry = {"organ": "Liver", "therapy": "radiotherapy", "size_mm": mm}
    lesions = accounted([drawn("a", mm=20.0)], entry)
    assert total(lesions) == count
    assert [one.matched_by for one in lesions] == (
        ["organ and size"] if count == SURE else ["", ""]
    )


@pytest.mark.parametrize(
    ("unsaid", "key"),
    [
        ({"organ": None}, "organ"),
        ({"kind": None}, "kind"),
        ({"therapy": "unknown"}, "therapy"),
        ({"size_mm": None}, "size_mm"),
        ({"therapy": "none"}, "roi_names"),
        ({"roi_names": ["of another name"]}, "roi_names"),
    ],
)
def test_what_an_entry_leaves_unsaid_pairs_no_contour_of_its_organ(unsaid, key):
    given = {"organ": "Liver", "size_mm": 20.0, "therapy": "radiotherapy"}
    assert total(accounted([drawn("a"), drawn("b")], given, given)) == Count(2, 2)
    lesions = accounted([drawn("a"), drawn("b")], given, given | unsaid)
    assert total(lesions).most == 4
    told = [lesion.open_match for lesion in lesions if lesion.entry]
    assert told[0] == '"L0" may be what "a", "b" draws (roi_names would tell)'
    assert f"the register does not say its {key}" in told[1]


def test_a_removed_lesion_says_enough_by_its_therapy():
    given = {"organ": "Liver", "size_mm": 20.0, "therapy": "radiotherapy"}
    gone = {"kind": None, "organ": None, "therapy": "surgery"}
    lesions = accounted([drawn("a")], given, gone)
    assert total(lesions) == Count(1, 2)
    assert [lesion.open_match for lesion in lesions] == ["", ""]


def test_where_the_numbers_differ_the_count_is_a_range():
    lesions = accounted([drawn("a"), drawn("b")], {"organ": "Liver", "therapy": "radiotherapy"})
    assert total(lesions) == Count(2, 3)
    assert per_organ(lesions)[Organ.LIVER] == Count(2, 3)


def test_a_doubtful_contour_does_not_use_up_the_entry_that_a_sure_one_may_be():
    contours = [drawn("doubtful", Organ.BONE, MAYBE), drawn("sure", Organ.BONE)]
    lesions = accounted(contours, {"organ": "Bone", "therapy": "radiotherapy"})
    assert total(lesions) == Count(1, 3)


def test_an_unknown_kind_may_or_may_not_count():
    assert total(accounted([], {"kind": "primary", "organ": "Esophagus"}, {})) == Count(1, 1)
    nobody_knows = Register.from_dict(
        {"schema_version": 1, "subject": "S", "lesions": [{"id": "x", "roi_names": ["a"]}]}
    )
    census = LesionCensus((drawn("a", counted=MAYBE),), NONE, {}, ())
    assert total(account(census, nobody_knows, TOLERANCE_MM, PRIMARY)) == MAYBE


@pytest.mark.parametrize(
    ("kind", "organ"), [("primary", "Esophagus"), ("primary", "Stomach"), ("regional_node", None)]
)
def test_the_primary_and_regional_nodes_are_no_metastases(kind, organ):
    assert total(accounted([], {"kind": kind, "organ": organ})) == NONE


@pytest.mark.parametrize(
    ("name", "organ", "count"),
    [
        ("GTVp", "Esophagus", MAYBE),
        ("GTVp", "Liver", MAYBE),
        ("GTVm01_Eso", "Liver", MAYBE),
        ("Lesion 1", "Esophagus", MAYBE),
        ("GTVm01_Liver", "Liver", SURE),
        ("Lesion 1", "Liver", SURE),
    ],
)
def test_a_distant_lesion_that_its_name_or_organ_contradicts_counts_perhaps(name, organ, count):
    contour = drawn(name, Organ(organ))
    (lesion,) = accounted([contour], {"roi_names": [name], "organ": organ})
    assert lesion.counted == count
    assert ("is called a distant metastasis" in lesion.doubt) is (count == MAYBE)


@pytest.mark.parametrize("kind", ["primary", "regional_node"])
@pytest.mark.parametrize(
    ("lies_in", "count"), [(Organ.LIVER, MAYBE), (None, NONE), (Organ.LYMPH_NODES, NONE)]
)
def test_what_lies_in_a_distant_organ_counts_perhaps_whatever_it_is_called(kind, lies_in, count):
    organ = Organ.ESOPHAGUS if kind == "primary" else Organ.LYMPH_NODES
    contour = replace(drawn("x", organ, NONE), lies_in=lies_in)
    assert total(accounted([contour], {"kind": kind, "organ": organ, "roi_names": ["x"]})) == count


def test_a_doubtful_regional_node_counts_once_where_regional_nodes_count():
    node = {"id": "N", "kind": "regional_node", "roi_names": ["GTVm04_LN"]}
    table = Register.from_dict({"schema_version": 1, "subject": "S", "lesions": [node]})
    census = LesionCensus((drawn("GTVm04_LN", Organ.LYMPH_NODES, NONE),), NONE, {}, ())
    (lesion,) = account(census, table, TOLERANCE_MM, PRIMARY)
    assert lesion.counted == MAYBE
    assert regional_nodes(census, table, PRIMARY) == ()


def test_two_parts_of_one_roi_may_be_two_and_two_drawings_of_one_place_are_one():
    parts = [drawn("a", part=1), drawn("a", part=2)]
    assert total(accounted(parts, {"roi_names": ["a"]})) == Count(1, 2)
    overlapping = [drawn("a"), drawn("b", counted=MAYBE)]
    assert total(accounted(overlapping, {"roi_names": ["a", "b"]})) == Count(1, 1)


def test_five_separate_contours_in_one_entry_are_not_one_metastasis_for_sure():
    contours = [drawn(name) for name in "abcde"]
    assert total(accounted(contours, {"roi_names": list("abcde")})) == Count(1, 5)


def test_a_lesion_of_unknown_organ_may_be_in_any():
    lesions = accounted([drawn("a"), drawn("b", organ=None)])
    assert per_organ(lesions) == {Organ.LIVER: Count(1, 2), None: SURE}
    scattered = accounted([drawn(name, organ=None) for name in "abcd"])
    assert per_organ(scattered) == {None: Count(1, 4)}


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_an_entry_drawn_in_two_organs_may_be_in_either(names):
    contours = [drawn("a"), drawn("b", Organ.LUNGS), *(drawn(f"m{n}") for n in range(3))]
    entries = [{"roi_names": [f"m{n}"], "organ": "Liver"} for n in range(3)]
    lesions = accounted(contours, *entries, {"roi_names": names})
    counts = per_organ(lesions)
    assert counts[Organ.LIVER].least == 3
    assert counts[Organ.LIVER].most >= 4
    named = accounted(contours, *entries, {"roi_names": names, "organ": "Liver"})
    assert per_organ(named)[Organ.LIVER].least == 4


def test_a_lesion_of_two_organs_is_counted_in_these_alone():
    contours = [drawn("a"), drawn("b", Organ.LUNGS)]
    entries = [{"roi_names": ["a", "b"]}]
    for organ in (Organ.LIVER, Organ.BONE):
        names = [f"{organ} {number}" for number in range(3)]
        contours += [drawn(name, organ) for name in names]
        entries += [{"roi_names": [name], "organ": str(organ)} for name in names]
    counts = {
        str(place): count
        for place, count in COUNTING.per_organ(accounted(contours, *entries)).items()
    }
    assert counts == {
        "Liver": Count(3, 5),
        "Bone": Count(3, 3),
        "Lungs": Count(0, 2),
        "Liver or Lungs": Count(1, 2),
    }


def test_lesions_of_several_organs_may_lie_in_the_one_that_they_share():
    # The register says one organ and the name another; nothing lies in the liver for certain.
    contours = [
        drawn(f"GTVm0{n}_Liver", Organ(o)) for n, o in enumerate(["Bone", "Lungs", "Brain"])
    ]
    entries = [{"roi_names": [one.roi_name], "organ": str(one.organ)} for one in contours]
    counts = per_organ(accounted(contours, *entries))
    assert counts[Organ.LIVER] == Count(0, 3)
    assert counts[Organ.BONE] == counts[Organ.LUNGS] == counts[Organ.BRAIN] == Count(0, 1)
    (homeless,) = accounted([replace(contours[0], organ_conflict="lies elsewhere")], entries[0])
    assert homeless.possible_organs == frozenset()


def world(chance):
    """Return contours, entries and how many metastases there truly are, in all and per organ.

    A metastasis is drawn, or listed, or both. Drawn ones are sure or doubtful and may have an
    unknown organ; an entry may lack names or organ. Surgery is never drawn.
    """
    contours, entries, truth = [], [], {}
    for number in range(chance.randint(0, 6)):
        organ = chance.choice([Organ.LIVER, Organ.LUNGS, Organ.BONE])
        truth[organ] = truth.get(organ, 0) + 1
        is_removed = chance.random() < 0.2
        is_listed = is_removed or chance.random() < 0.8
        is_drawn = not is_removed and (not is_listed or chance.random() < 0.8)
        if is_drawn:
            place = organ if chance.random() < 0.8 else None
            contours.append(drawn(f"m{number}", place, chance.choice([SURE, MAYBE])))
        if is_listed:
            entry = {"therapy": "surgery" if is_removed else "radiotherapy"}
            if chance.random() < 0.7:
                entry["organ"] = str(organ)
            if chance.random() < 0.2:
                entry["kind"] = None
            if is_drawn and chance.random() < 0.6:
                entry["roi_names"] = [f"m{number}"]
            entries.append(entry)
    contours += [  # drawn, and no metastasis
        drawn(f"p{number}", chance.choice([None, Organ.LIVER]), MAYBE)
        for number in range(chance.randint(0, 2))
    ]
    chance.shuffle(contours)
    chance.shuffle(entries)
    return contours, entries, truth


def is_decided(contours, entries):
    """Say whether matching by organ is beyond doubt: both sides of an organ have one origin.

    By its convention an organ with as many open entries as contours is taken as matched; a world
    in which they are different lesions contradicts the convention and is no counterexample.
    """
    named = {name for entry in entries for name in entry.get("roi_names", ())}
    for organ in {contour.organ for contour in contours} - {None}:
        open_contours = {c.roi_name for c in contours if c.organ is organ} - named
        open_entries = [
            entry
            for entry in entries
            if entry.get("organ") == str(organ)
            and "kind" not in entry
            and entry["therapy"] != "surgery"
            and not entry.get("roi_names")
        ]
        if open_contours and len(open_contours) == len(open_entries):
            return False
    return True


def test_the_truth_lies_between_least_and_most():
    chance = random.Random(20231)
    worlds = [world(chance) for _ in range(1500)]
    worlds = [one for one in worlds if is_decided(*one[:2])]
    assert len(worlds) > 400
    narrow = 0
    for contours, entries, truth in worlds:
        lesions = accounted(contours, *entries)
        count = total(lesions)
        assert count.least <= sum(truth.values()) <= count.most
        narrow += count.least == count.most
        counts = per_organ(lesions)
        homeless = counts.get(None, NONE)
        for organ, number in truth.items():
            known = counts.get(organ)
            assert number <= (known.most if known else homeless.most)
            assert known is None or known.least <= number
    assert narrow > 50  # the range says something
