"""Counting: what one metastasis is and what one organ is, as the protocol in force reads them.

The rules of the trial say "distant metastases" and "a single organ"; whether regional nodes count,
whether a station of nodes is one, and whether two lungs are one organ are settings. Where the
register does not say a station or a side, the lesion may be of any, and the number is a range.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from oligort.checks.accounting import AccountedLesion, may_be_drawn
from oligort.clinical.free_text import may_be_one_station
from oligort.clinical.register import LesionKind
from oligort.display import listed, quoted
from oligort.geometry.components import connected_groups
from oligort.lesions.counting import most_counted_rois
from oligort.lesions.lesion import Count
from oligort.lesions.vocabulary import Organ, Side
from oligort.protocol.settings import (
    NodesPerOrgan,
    NonRegionalNodes,
    PairedOrgans,
    RegionalNodes,
    Settings,
)

PAIRED = frozenset(
    {
        Organ.LUNGS,
        Organ.ADRENALS,
        Organ.KIDNEYS,
        Organ.BREASTS,
        Organ.OVARIES,
        Organ.PAROTIDS,
        Organ.EYES,
    }
)
"""Organ groups of two, by anatomy; the setting `paired_organs` reads each as one organ or as two,
and its question names them in every report."""

SIDES = (Side.LEFT, Side.RIGHT)
"""Of a pair."""

MOST_OPEN = 8
"""Lesions of unknown kind that are counted in both ways, each with each: 256 sums. Of more, the
most is that of all of them apart, which may be too many."""


@dataclass(frozen=True)
class Place:
    """What a protocol calls one organ: an organ group, or a side or a nodal station of it.

    `part` is "" of a whole group, and None where nobody says which part it is; `written` is how the
    register spells it. Of an unknown organ `among` are those that it may be; empty: any.
    """

    organ: Organ | None
    part: str | None = ""
    written: str = field(default="", compare=False)
    among: frozenset[Organ] = frozenset()

    @property
    def is_known(self) -> bool:
        """Whether it is one organ; else it may be any of several."""
        return self.organ is not None and self.part is not None

    def may_be(self, other: "Place") -> bool:
        """Whether what lies in one may lie in the other."""
        if self.organ is None or other.organ is None:
            mine, theirs = self._organs, other._organs
            return not mine or not theirs or not mine.isdisjoint(theirs)
        return self.organ is other.organ and self._may_be_part(other.part)

    def _may_be_part(self, other: str | None) -> bool:
        """Whether a part of the same organ may be this one: a station may be spelt otherwise."""
        if self.part is None or other is None:
            return True
        is_station = self.organ is Organ.LYMPH_NODES
        return self.part == other or (is_station and may_be_one_station(self.part, other))

    @property
    def _organs(self) -> frozenset[Organ]:
        return self.among if self.organ is None else frozenset({self.organ})

    def __str__(self) -> str:
        """The organ, with the part in brackets."""
        if self.organ is None:
            return " or ".join(sorted(self.among)) or "organ unknown"
        if self.part is None:
            return f"{self.organ} (part unknown)"
        return f"{self.organ} ({self.written or self.part})" if self.part else str(self.organ)


@dataclass(frozen=True)
class Counting:
    """How metastases and organs are counted; each a setting of the protocol."""

    regional_nodes: RegionalNodes
    non_regional_nodes: NonRegionalNodes
    nodes_per_organ: NodesPerOrgan
    paired_organs: PairedOrgans

    @classmethod
    def of(cls, settings: Settings) -> "Counting":
        """Return what a protocol's settings say."""
        return cls(
            settings.regional_nodes.value,
            settings.non_regional_nodes.value,
            settings.nodes_per_organ.value,
            settings.paired_organs.value,
        )

    def place_of(self, lesion: AccountedLesion) -> Place:
        """Return the organ that a lesion counts in."""
        organ = lesion.organ and lesion.organ.counted_in
        if organ is None and lesion.possible_organs:
            possible = frozenset(one.counted_in for one in lesion.possible_organs)
            if len(possible) > 1:
                return Place(None, among=possible)
            (organ,) = possible
        if organ is Organ.LYMPH_NODES and self.nodes_per_organ is NodesPerOrgan.EACH_STATION:
            written = lesion.entry.station if lesion.entry else ""
            return Place(organ, lesion.station or None, written)
        if organ in PAIRED and self.paired_organs is PairedOrgans.TWO_ORGANS:
            return Place(organ, str(lesion.side) if lesion.side else None)
        return Place(organ)

    def total(self, lesions: Sequence[AccountedLesion]) -> Count:
        """Return how many metastases some lesions are together.

        One of unknown kind may be a regional node, which counts otherwise than a distant one.
        """
        open_kind = [lesion for lesion in lesions if self._may_be_regional(lesion)]
        rest = [lesion for lesion in lesions if not self._may_be_regional(lesion)]
        if len(open_kind) > MOST_OPEN:
            known, apart = self._of_known_kinds(rest), _sum([one.counted for one in open_kind])
            return Count(known.least, known.most + apart.most)
        readings = product(*((one, replace(one, is_regional=True)) for one in open_kind))
        counts = [self._of_known_kinds([*rest, *reading]) for reading in readings]
        most = min(max(one.most for one in counts), _most_together(lesions))
        return Count(min(one.least for one in counts), most)

    def _may_be_regional(self, lesion: AccountedLesion) -> bool:
        if self.regional_nodes is RegionalNodes.NOT_COUNTED or lesion.is_regional:
            return False
        # A regional node that is accounted for otherwise is one that may be a metastasis.
        kinds = {None, LesionKind.REGIONAL_NODE}
        is_open = lesion.entry is not None and lesion.entry.kind in kinds
        return is_open and lesion.organ in (Organ.LYMPH_NODES, None)

    def _of_known_kinds(self, lesions: Sequence[AccountedLesion]) -> Count:
        regional = [lesion for lesion in lesions if lesion.is_regional]
        others = [lesion for lesion in lesions if not lesion.is_regional]
        return _sum([self._regional(regional), self._others(others)])

    def per_organ(
        self, lesions: Sequence[AccountedLesion], perhaps_others: int = 0
    ) -> dict[Place, Count]:
        """Return how many metastases each organ holds.

        A lesion of unknown organ, side or station may be in any that fits. Of the contours without
        an entry, `perhaps_others` may be primaries or regional nodes.
        """
        places = {id(lesion): self.place_of(lesion) for lesion in lesions}
        counts = {}
        # What lies in one of several organs may fill one that nothing lies in for certain.
        possible = [self.whole(organ) for place in places.values() for organ in sorted(place.among)]
        for place in dict.fromkeys([*places.values(), *possible]):
            here = [lesion for lesion in lesions if places[id(lesion)] == place]
            perhaps_here = [lesion for lesion in lesions if place.may_be(places[id(lesion)])]
            # What is of unknown place counts where it may be, and here with its like.
            together = (
                perhaps_here
                if place.is_known
                else [one for one in perhaps_here if _is_alike(places[id(one)], place)]
            )
            most = self.total(together).most
            # A contour without an entry may be an entry without a contour: no further one.
            perhaps_known = perhaps_others + sum(map(may_be_drawn, perhaps_here))
            least = self.total(_surely_further(here, perhaps_known)).least
            # Lesions of unknown places need not lie in the same one.
            counts[place] = Count(least if place.is_known else min(least, 1), most)
        for place in [one for one in counts if one.part is None and one.organ in PAIRED]:
            # One of the two sides holds at least half of all.
            of_both = [lesion for lesion in lesions if places[id(lesion)].organ is place.organ]
            perhaps_known = perhaps_others + sum(map(may_be_drawn, lesions))
            least = self.total(_surely_further(of_both, perhaps_known)).least
            half = math.ceil(least / len(SIDES))
            counts[place] = Count(half, max(counts[place].most, half))
        return counts

    def whole(self, organ: Organ | None) -> Place:
        """Return an organ of which no part is told; None is any."""
        nodes = organ is Organ.LYMPH_NODES and self.nodes_per_organ is NodesPerOrgan.EACH_STATION
        sides = organ in PAIRED and self.paired_organs is PairedOrgans.TWO_ORGANS
        return Place(organ, None if nodes or sides else "")

    def unsaid(self, lesions: Sequence[AccountedLesion], in_one_organ: bool) -> list[str]:
        """Return which keys of the register would narrow a number, each with its lesions.

        `in_one_organ` asks for the number in one organ instead of that of all.
        """
        by_station = NonRegionalNodes.EACH_STATION is self.non_regional_nodes
        of_regional = RegionalNodes.EACH_STATION is self.regional_nodes
        of_place = in_one_organ and self.nodes_per_organ is NodesPerOrgan.EACH_STATION
        open_keys: dict[str, list[str]] = {}
        for lesion in lesions:
            if lesion.entry is not None and lesion.entry.kind is None:
                open_keys.setdefault("kind", []).append(lesion.name)
            asks_station = of_place or (of_regional if lesion.is_regional else by_station)
            if lesion.organ is None and (in_one_organ or by_station):
                open_keys.setdefault("organ", []).append(lesion.name)
            if lesion.organ is Organ.LYMPH_NODES and not lesion.station and asks_station:
                open_keys.setdefault("station", []).append(lesion.name)
            if in_one_organ and self.place_of(lesion).part is None and lesion.organ in PAIRED:
                open_keys.setdefault("side", []).append(lesion.name)
        unsaid = [f"{key} is not known of {listed(names)}" for key, names in open_keys.items()]
        asked = [one for one in lesions if one.station and one.organ is Organ.LYMPH_NODES]
        if of_place or by_station or of_regional:
            unsaid += _stations_in_doubt(asked)
        return unsaid

    def _regional(self, lesions: Sequence[AccountedLesion]) -> Count:
        counts = [lesion.counted for lesion in lesions]
        match self.regional_nodes:
            case RegionalNodes.NOT_COUNTED:
                return Count(0, 0)
            case RegionalNodes.ALL_AS_ONE:
                return _as_one(counts)
            case RegionalNodes.EACH_STATION:
                return _by_station(lesions)
            case RegionalNodes.EACH_NODE:
                return _sum(counts)

    def _others(self, lesions: Sequence[AccountedLesion]) -> Count:
        if self.non_regional_nodes is NonRegionalNodes.EACH_NODE:
            return _sum([lesion.counted for lesion in lesions])
        # A lesion of unknown organ may be a node, and one of a station that is counted already.
        nodes = [one for one in lesions if one.organ in (Organ.LYMPH_NODES, None)]
        rest = [one.counted for one in lesions if one.organ not in (Organ.LYMPH_NODES, None)]
        return _sum([*rest, _by_station(nodes)])


def _is_alike(place: Place, other: Place) -> bool:
    """Whether a lesion of one place counts with those of another, whose part is unknown."""
    return place == other or (place.organ is None and other.organ is not None)


def _by_station(nodes: Sequence[AccountedLesion]) -> Count:
    """Return how many stations some nodes are of; a node of unknown station may be of any.

    Stations that may be one by their spelling are one at least; of one station whose nodes lie on
    both sides there may be two.
    """
    stations: dict[str, list[AccountedLesion]] = {}
    unknown: list[Count] = []
    for node in nodes:
        if node.station and node.organ is Organ.LYMPH_NODES:
            stations.setdefault(node.station, []).append(node)
        else:
            unknown.append(node.counted)
    names = list(stations)
    alike = _alike(names)
    least: dict[int, int] = {}
    most = 0
    for name, group in zip(names, connected_groups(len(names), alike), strict=True):
        counted = _sum([node.counted for node in stations[name]])
        sides = {node.side for node in stations[name] if node.counted.most} - {None}
        least[group] = max(least.get(group, 0), min(counted.least, 1))
        most += min(counted.most, max(1, len(sides)))
    apart = _sum(unknown)
    return Count(max(sum(least.values()), min(apart.least, 1)), most + apart.most)


def _alike(stations: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs of stations, by their places, that may be one by their spelling."""
    return [
        (first, second)
        for second, name in enumerate(stations)
        for first in range(second)
        if may_be_one_station(stations[first], name)
    ]


def _stations_in_doubt(nodes: Sequence[AccountedLesion]) -> list[str]:
    """Return which stations of some nodes may be one, or two, a sentence each."""
    written = {one.station: one.entry.station for one in nodes if one.entry}
    names = list(written)
    told = [
        f"the stations {quoted(written[names[a]])} and {quoted(written[names[b]])} may be one"
        for a, b in _alike(names)
    ]
    for name in names:
        sides = {one.side for one in nodes if one.station == name} - {None}
        if len(sides) > 1:
            told.append(f"nodes of station {quoted(written[name])} lie on both sides")
    return told


def _as_one(counts: Sequence[Count]) -> Count:
    together = _sum(counts)
    return Count(min(together.least, 1), min(together.most, 1))


def _most_together(lesions: Sequence[AccountedLesion]) -> int:
    """Return how many some lesions are at most, as an ROI that may be of several is of one."""
    shared = {id(one): one.counted.most for lesion in lesions for one in lesion.shared}
    own = [
        max(1, sum(one.counted.most for one in lesion.contours))
        if lesion.shared
        else lesion.counted.most
        for lesion in lesions
    ]
    # What is drawn as one of them stands for an entry without contours, not beside it.
    is_one = any(lesion.shared and not lesion.contours for lesion in lesions) and not any(
        lesion.shared and lesion.contours for lesion in lesions
    )
    return sum(own) + max(0, sum(shared.values()) - is_one)


def _sum(counts: Sequence[Count]) -> Count:
    return Count(sum(one.least for one in counts), sum(one.most for one in counts))


def _surely_further(
    lesions: Sequence[AccountedLesion], perhaps_known: int
) -> list[AccountedLesion]:
    """Return lesions as they surely count, where so many contours may be entries already."""
    unlisted = [lesion.contours[0] for lesion in lesions if lesion.entry is None]
    known = most_counted_rois(unlisted, perhaps_known)
    found = []
    for lesion in lesions:
        sure = lesion.counted
        if lesion.entry is None:
            sure = lesion.contours[0].counted
            if lesion.contours[0].roi_name in known:
                sure = Count(0, sure.most)
        found.append(replace(lesion, counted=sure))
    return found
