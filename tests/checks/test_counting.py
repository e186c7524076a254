"""What one metastasis and one organ are: each setting, and every guess that stations leave open."""

import random
from dataclasses import replace
from itertools import product

import pytest

from oligort.checks.accounting import AccountedLesion
from oligort.checks.counting import Counting
from oligort.clinical.register import Register
from oligort.lesions.lesion import Count
from oligort.lesions.vocabulary import Organ
from oligort.protocol.model import Protocol
from oligort.protocol.settings import (
    NodesPerOrgan,
    NonRegionalNodes,
    PairedOrgans,
    RegionalNodes,
)

SHIPPED = Counting.of(Protocol.load("nct06190782").settings)
STATIONS = replace(SHIPPED, non_regional_nodes=NonRegionalNodes.EACH_STATION)
APART = replace(
    SHIPPED, paired_organs=PairedOrgans.TWO_ORGANS, nodes_per_organ=NodesPerOrgan.EACH_STATION
)


def lesions(*entries):
    """Return accounted lesions that the register alone knows; an entry is organ and more."""
    table = [
        {"id": f"L{n}", "kind": "distant", "therapy": "surgery"} | entry
        for n, entry in enumerate(entries)
    ]
    register = Register.from_dict({"schema_version": 1, "subject": "S", "lesions": table})
    return [
        AccountedLesion(
            (),
            entry,
            Count(0, 1) if entry.kind is None else Count(1, 1),
            is_regional=entry.kind == "regional_node",
        )
        for entry in register.lesions
    ]


def node(station="", **more):
    return {"organ": "LymphNodes", "station": station} | more


def test_nodes_by_node_or_by_station():
    nodes = lesions(node("106recL"), node(" 106RECL "), node("16a2"), {"organ": "Liver"})
    assert SHIPPED.total(nodes) == Count(4, 4)
    assert STATIONS.total(nodes) == Count(3, 3)


def test_one_station_is_one_however_it_is_written():
    written = [node(said) for said in ("16a2", "16 A2", "16-a2", "16a2.", "No. 16a2", "LN 16a2")]
    assert STATIONS.total(lesions(*written)) == Count(1, 1)
    assert STATIONS.total(lesions(node("16a2"), node("16a1"))) == Count(2, 2)


@pytest.mark.parametrize("said", ["-", "?", "ND", "n/a", "unknown", "multiple", "7, 8", "1-6", "0"])
def test_what_names_no_one_station_may_be_of_any(said):
    """A word in a cell that must not stay empty made one station of six nodes."""
    assert STATIONS.total(lesions(*[node(said)] * 6)) == Count(1, 6)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        *(("16a2", "l6a2"), ("106", "1O6"), ("16", "16a2"), ("106rec R", "106recR right")),
        *(("paraaortic", "paraaotric"), ("subcarinal", "subcarnal"), ("hilar", "hilar left")),
        ("left gastric", "gastric, left"),
    ],
)
def test_a_station_that_is_spelt_in_two_ways_may_be_one(first, second):
    """Three nodes of a station and one of its misspelt twin were three and one, which passed."""
    assert STATIONS.total(lesions(node(first), node(second))) == Count(1, 2)
    counts = APART.per_organ(lesions(node(first), node(first), node(first), node(second)))
    assert max(count.most for count in counts.values()) == 4
    told = APART.unsaid(lesions(node(first), node(second)), in_one_organ=True)
    assert "may be one" in " ".join(told)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        *(("16a1", "16a2"), ("4L", "4R"), ("106recL", "106recR"), ("1", "10"), ("8M", "8Lo")),
        *(("supraclavicular L", "supraclavicular R"), ("paraaortic", "hilar"), ("7", "107")),
    ],
)
def test_stations_that_differ_by_what_tells_them_apart_are_two(first, second):
    assert STATIONS.total(lesions(node(first), node(second))) == Count(2, 2)
    assert not STATIONS.unsaid(lesions(node(first), node(second)), in_one_organ=False)


def test_nodes_of_one_station_on_both_sides_may_be_of_two():
    """A station that is written without its side was one, whatever `side` said."""
    left, right = node("supraclavicular", side="L"), node("supraclavicular", side="R")
    assert STATIONS.total(lesions(left, right)) == Count(1, 2)
    assert STATIONS.total(lesions(left, left, node("supraclavicular"))) == Count(1, 1)
    assert "both sides" in " ".join(STATIONS.unsaid(lesions(left, right), in_one_organ=False))


def test_a_node_without_a_station_may_be_of_any():
    assert STATIONS.total(lesions(node(), node())) == Count(1, 2)
    assert STATIONS.total(lesions(node("16a2"), node())) == Count(1, 2)
    assert STATIONS.total(lesions(node("16a2"), {}, {"organ": "Liver"})) == Count(2, 3)
    assert STATIONS.total(lesions({}, {})) == Count(1, 2)


@pytest.mark.parametrize(
    ("regional", "count"),
    [
        (RegionalNodes.NOT_COUNTED, 1),
        (RegionalNodes.ALL_AS_ONE, 2),
        (RegionalNodes.EACH_STATION, 3),
        (RegionalNodes.EACH_NODE, 4),
    ],
)
def test_regional_nodes(regional, count):
    nodes = [node(station, kind="regional_node") for station in ("107", "107", "109")]
    together = lesions({"organ": "Liver"}, *nodes)
    assert replace(SHIPPED, regional_nodes=regional).total(together) == Count(count, count)


def test_two_lungs_are_one_organ_or_two():
    sides = lesions(*({"organ": "Lungs", "side": side} for side in ("L", "L", "R")))
    (count,) = SHIPPED.per_organ(sides).values()
    assert count == Count(3, 3)
    apart = {str(place): count for place, count in APART.per_organ(sides).items()}
    assert apart == {"Lungs (L)": Count(2, 2), "Lungs (R)": Count(1, 1)}
    open_side = lesions({"organ": "Lungs", "side": "L"}, {"organ": "Lungs"}, {"organ": "Lungs"})
    apart = {str(place): count for place, count in APART.per_organ(open_side).items()}
    assert apart == {"Lungs (L)": Count(1, 3), "Lungs (part unknown)": Count(2, 2)}


def test_stations_are_organs_of_their_own_only_where_the_protocol_says_so():
    nodes = lesions(node("107"), node("107"), node("16a2"))
    (count,) = SHIPPED.per_organ(nodes).values()
    assert count == Count(3, 3)
    apart = {str(place): count for place, count in APART.per_organ(nodes).items()}
    assert apart == {"LymphNodes (107)": Count(2, 2), "LymphNodes (16a2)": Count(1, 1)}


def test_a_station_is_told_as_the_register_writes_it():
    nodes = lesions(node("106recL"), node(" 106RECL "))
    assert {str(place): count for place, count in APART.per_organ(nodes).items()} == {
        "LymphNodes (106recL)": Count(2, 2)
    }


# ------------------------------------------------------------------ against every completion

ORGANS = (Organ.LUNGS, Organ.LYMPH_NODES, Organ.LIVER, Organ.BONE, Organ.BRAIN)


def completions(entry):
    """Every whole entry that one with gaps may stand for; a new station is its own."""
    organs = [entry["organ"]] if "organ" in entry else [str(organ) for organ in ORGANS]
    for organ in organs:
        sides = [entry.get("side")] if entry.get("side") else ["L", "R"]
        stations = [entry["station"]] if entry.get("station") else ["a", "b", f"new {id(entry)}"]
        for side, station in product(
            sides if organ == "Lungs" else [None], stations if organ == "LymphNodes" else [""]
        ):
            yield organ, side, station


def naive_total(counting, world):
    if counting.non_regional_nodes is NonRegionalNodes.EACH_NODE:
        return len(world)
    stations = {station for organ, _, station in world if organ == "LymphNodes"}
    return len(stations) + sum(organ != "LymphNodes" for organ, _, _ in world)


def naive_fullest(counting, world):
    """The largest number in what the protocol calls one organ."""
    most = 0
    for organ, side, station in world:
        here = [one for one in world if one[0] == organ]
        if organ == "Lungs" and counting.paired_organs is PairedOrgans.TWO_ORGANS:
            here = [one for one in here if one[1] == side]
        if organ == "LymphNodes" and counting.nodes_per_organ is NodesPerOrgan.EACH_STATION:
            here = [one for one in here if one[2] == station]
        most = max(most, naive_total(counting, here))
    return most


def test_the_range_is_that_of_every_completion():
    chance = random.Random(6)
    for _ in range(400):
        entries = []
        for _ in range(chance.randint(1, 4)):
            entry = {}
            if chance.random() < 0.8:
                entry["organ"] = str(chance.choice(ORGANS))
            if entry.get("organ") == "Lungs" and chance.random() < 0.6:
                entry["side"] = chance.choice("LR")
            if entry.get("organ") == "LymphNodes" and chance.random() < 0.6:
                entry["station"] = chance.choice("ab")
            entries.append(entry)
        worlds = list(product(*map(completions, entries)))
        for counting in (SHIPPED, STATIONS, APART):
            found = counting.total(lesions(*entries))
            truths = {naive_total(counting, world) for world in worlds}
            assert (found.least, found.most) == (min(truths), max(truths))
            counts = counting.per_organ(lesions(*entries)).values()
            fullest = {naive_fullest(counting, world) for world in worlds}
            assert max(count.most for count in counts) == max(fullest)
            assert max(count.least for count in counts) == min(fullest)
