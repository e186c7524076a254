"""Accounting: metastases of the register and of the contours, each once.

The register knows lesions that nobody contoured (treated by surgery or ablation), the contours
know what the register may have forgotten. A lesion of the register is matched to contours by ROI
name, else by organ and size where the numbers agree and nothing is left unsaid (`pairing.py`); what
stays open on both sides makes the count a range.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from oligort.checks.claims import NEVER_CONTOURED, Claims, claims_primaries
from oligort.checks.kinds import doubt_of_kind
from oligort.checks.pairing import pairs_by_organ, possible_contours, why_open
from oligort.clinical.free_text import one_station
from oligort.clinical.register import LesionKind, Register, RegisterLesion
from oligort.lesions.counting import most_counted_rois
from oligort.lesions.lesion import Count, Lesion, LesionCensus
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.protocol.settings import PrimaryOrgans

DISTANT_OR_UNKNOWN = frozenset({LesionKind.DISTANT, None})
"""Kinds of entries that count as metastases, for certain or perhaps."""


@dataclass(frozen=True, eq=False)
class AccountedLesion:
    """One metastasis as register and contours know it together.

    Parameters
    ----------
    contours : tuple of Lesion
        Its measured parts; empty where nothing is drawn for it.
    entry : RegisterLesion or None
        Its entry in the register.
    counted : Count
        How many metastases it is at least and at most.
    matched_by : str
        How entry and contours were brought together, or "".
    doubt : str
        Why it may be no metastasis although one side says so, or "".
    is_regional : bool
        Whether it is a regional node, which counts by a setting of its own.
    perhaps : tuple of Lesion
        Of an open entry those that may be drawn for it.
    is_open : bool
        Whether its entry is open: it may be drawn as what no settled one claims (`claims.py`).
    shared : tuple of Lesion
        Of `perhaps` those that add to what it may count; they may be drawn for another one as well.
    """

    contours: tuple[Lesion, ...]
    entry: RegisterLesion | None
    counted: Count
    matched_by: str = ""
    doubt: str = ""
    is_regional: bool = False
    perhaps: tuple[Lesion, ...] = ()
    is_open: bool = False
    shared: tuple[Lesion, ...] = ()

    def __post_init__(self) -> None:
        if not self.contours and self.entry is None:
            raise ValueError("expected contours, an entry of the register, or both")

    @property
    def name(self) -> str:
        """The ROI that is drawn for it, else its id in the register."""
        if self.contours:
            return self.contours[0].label if len(self.contours) == 1 else self.contours[0].roi_name
        assert self.entry is not None
        return self.entry.id

    @property
    def organ(self) -> Organ | None:
        """What the register says, else what name or place of the contours say.

        None where register, an ROI's name and its place contradict each other, or its ROIs lie in
        several organs: it may be in any of them.
        """
        if self.is_regional:
            return Organ.LYMPH_NODES
        if self.organ_conflicts:
            return None
        stated = self.entry.organ if self.entry is not None else None
        named = {lesion.said.organ for lesion in self.contours} - {None}
        if stated and any(one and not one.counts_with(stated) for one in named):
            return None
        if self._organs_perhaps:
            return None
        if self.entry is not None and self.entry.organ is not None:
            return self.entry.organ
        organs = {lesion.organ for lesion in self.contours}
        return organs.pop() if len(organs) == 1 else None

    @property
    def possible_organs(self) -> frozenset[Organ]:
        """The organs that it may be in: those that register, names and places say.

        Empty where it may be in any: nobody says, or of a part or of its place nobody does.
        """
        if self.organ is not None:
            return frozenset({self.organ})
        is_open = any(
            one.organ is None or (one.organ_conflict and one.held_by is None)
            for one in self.contours
        )
        if is_open or not (self.contours or self._organs_perhaps):
            return frozenset()
        said = {self.entry.organ if self.entry else None}.union(*map(_organs_of, self.contours))
        return frozenset(organ for organ in said if organ is not None) | self._organs_perhaps

    @property
    def _organs_perhaps(self) -> frozenset[Organ]:
        """Other organs than the register says, that what may be drawn for it is said to be in."""
        if self.entry is None or self.entry.organ is None:
            return frozenset()
        stated = self.entry.organ
        return frozenset(one for one in _organs_of(*self.perhaps) if not one.counts_with(stated))

    @property
    def side(self) -> Side | None:
        """The side of register or ROI name; None where these, or place and name, differ."""
        if self.organ_conflicts:
            return None
        said = {lesion.said.side for lesion in self.contours}
        if self.entry is not None and self.entry.side is not None:
            said.add(Side(self.entry.side))
        said -= {None, Side.BOTH}
        return said.pop() if len(said) == 1 else None

    @property
    def station(self) -> str:
        """The nodal station that the register says, in one spelling, or "" where it says no one."""
        return one_station(self.entry.station) if self.entry else ""

    @property
    def organ_conflicts(self) -> tuple[str, ...]:
        """What the place of its contours says against register or name."""
        conflicts = (contour.organ_conflict for contour in self.contours)
        return tuple(conflict for conflict in conflicts if conflict)

    @property
    def open_match(self) -> str:
        """Why nobody can tell whether some contours are drawn for it, or ""."""
        return why_open(self.entry, self.perhaps) if self.entry else ""

    def perhaps_drawn_as(self, unclaimed: Sequence[Lesion]) -> "AccountedLesion":
        """Return the lesion with contours that nobody claims, of which some may be its own."""
        if not unclaimed:
            return self
        # An entry may be several ROIs, and each as many lesions as its parts may be.
        parts = sum(lesion.counted.most for lesion in (*self.contours, *unclaimed))
        counted = Count(self.counted.least, max(self.counted.most, parts))
        perhaps = (*self.perhaps, *unclaimed)
        return replace(self, counted=counted, perhaps=perhaps, shared=tuple(unclaimed))

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why its count is a range."""
        said = (self.doubt, *(lesion.doubt for lesion in self.contours))
        return tuple(dict.fromkeys(doubt for doubt in said if doubt))


def account(
    census: LesionCensus,
    register: Register | None,
    size_tolerance_mm: float,
    primary_organs: PrimaryOrgans,
    claims: Claims | None = None,
) -> tuple[AccountedLesion, ...]:
    """Bring the lesions of contours and register together, each once.

    Where no name says that two are one, their sizes must not differ by more than the tolerance.
    `primary_organs` says where a lesion that the register calls the primary is not doubted,
    `claims` what else is drawn (None: what the census holds is all).
    """
    claims = claims or Claims.of(census)
    # Nodes that no entry names are `_unlisted`, whatever their names say.
    counted = (lesion for lesion in census.lesions if lesion.counted.most)
    drawn = [lesion for lesion in counted if lesion.role is not Role.GTV_NODE]
    entries = [
        entry
        for entry in (register.lesions if register else ())
        if entry.kind in DISTANT_OR_UNKNOWN
    ]
    # Of an unknown kind the register leaves open what its ROI's name may call the primary.
    by_name = [
        _by_roi_name(entry, drawn if entry.kind else census.lesions)
        for entry in entries
        if entry.roi_names
    ]
    accounted = [lesion for lesion in by_name if lesion is not None]
    taken = {id(contour) for lesion in accounted for contour in lesion.contours}
    matched = {lesion.entry.id for lesion in accounted if lesion.entry}
    open_entries = [entry for entry in entries if entry.id not in matched]
    known_groups = {contour.group for lesion in accounted for contour in lesion.contours} - {0}
    doubtful = _doubtful(census, register, primary_organs)
    taken |= {id(contour) for lesion in doubtful for contour in lesion.contours}
    # What may be one with a lesion that is accounted for need not be a further one.
    open_drawn = [
        replace(it, counted=Count(0, it.counted.most)) if it.group in known_groups else it
        for it in drawn
        if id(it) not in taken
    ]

    others = open_others(census, register, claims)
    pairs = pairs_by_organ(open_entries, open_drawn, size_tolerance_mm, claims, others)
    accounted += [
        AccountedLesion((one,), entry, Count(1, max(1, one.counted.most)), "organ and size")
        for entry, one in pairs
    ]
    open_entries = [entry for entry in open_entries if all(entry is not it for it, _ in pairs)]
    open_drawn = [lesion for lesion in open_drawn if all(lesion is not it for _, it in pairs)]
    # A contour that no entry claims may still be one of the entries that no contour is drawn for.
    # Those that surely count go first: only the fewest that remain are surely more.
    undrawn = [AccountedLesion((), entry, _count_of(entry)) for entry in open_entries]
    accounted, undrawn = (
        [_as_claimed(one, claims, open_drawn) for one in lesions]
        for lesions in (accounted, undrawn)
    )
    may_be = sum(map(may_be_drawn, (*accounted, *undrawn))) + len(others)
    perhaps_known = most_counted_rois(open_drawn, may_be)
    open_drawn.sort(key=lambda lesion: -lesion.counted.least)
    for lesion in open_drawn:
        least = 0 if lesion.roi_name in perhaps_known else lesion.counted.least
        accounted.append(AccountedLesion((lesion,), None, Count(least, lesion.counted.most)))
    listed = [
        _held_against_register(lesion, register, primary_organs)
        for lesion in (*accounted, *undrawn)
    ]
    return (*listed, *doubtful, *_unlisted(census, register))


def _as_claimed(
    lesion: AccountedLesion, claims: Claims, open_drawn: Sequence[Lesion]
) -> AccountedLesion:
    """Return a lesion with whether its entry is open, and what is drawn and may be its own."""
    entry = lesion.entry
    if entry is None:
        return lesion
    is_open = not claims.settle(entry, lesion.contours)
    may_be = possible_contours(entry, open_drawn) if is_open or not lesion.contours else ()
    return replace(lesion, is_open=is_open, perhaps=may_be)


def open_others(
    census: LesionCensus, register: Register | None, claims: Claims
) -> tuple[RegisterLesion, ...]:
    """Return the primaries and regional nodes that may be drawn as what no entry claims."""
    if register is None:
        return ()
    return tuple(
        entry
        for entry in register.lesions
        if entry.kind not in DISTANT_OR_UNKNOWN
        and not claims.settle(entry, contours_of(entry, census, register))
    )


def regional_nodes(
    census: LesionCensus,
    register: Register | None,
    primary_organs: PrimaryOrgans,
    claims: Claims | None = None,
) -> tuple[AccountedLesion, ...]:
    """Return the regional nodes that the register lists, each with the contours of its ROIs.

    Those that may be metastases are left to `account`.
    """
    claims = claims or Claims.of(census)
    found = []
    for entry in register.lesions_of(LesionKind.REGIONAL_NODE) if register else ():
        contours = tuple(lesion for lesion in census.lesions if lesion.roi_name in entry.roi_names)
        if register is not None and doubt_of_kind(entry, contours, register, primary_organs):
            continue
        matched_by = "ROI name" if contours else ""
        counted = Count(1, max(1, len(contours)))
        node = AccountedLesion(contours, entry, counted, matched_by, is_regional=True)
        found.append(replace(node, is_open=not claims.settle(entry, contours)))
    return tuple(found)


def _doubtful(
    census: LesionCensus, register: Register | None, primary_organs: PrimaryOrgans
) -> list[AccountedLesion]:
    """Return what the register calls the primary or a regional node and may be a metastasis."""
    found = []
    for entry in register.lesions if register else ():
        if register is None or entry.kind in DISTANT_OR_UNKNOWN:
            continue
        contours = contours_of(entry, census, register)
        if doubt := doubt_of_kind(entry, contours, register, primary_organs):
            matched_by, most = ("ROI name", len(contours)) if contours else ("", 1)
            if not any(doubt_of_kind(entry, (it,), register, primary_organs) for it in contours):
                most -= bool(contours)  # only together: one of them is what the register says
            found.append(AccountedLesion(contours, entry, Count(0, most), matched_by, doubt))
    return found


def contours_of(
    entry: RegisterLesion, census: LesionCensus, register: Register
) -> tuple[Lesion, ...]:
    """Return what is drawn by the names of an entry; of a primary without, what nobody names."""
    if not claims_primaries(entry):
        return tuple(one for one in census.lesions if one.roi_name in entry.roi_names)
    named = {name for other in register.lesions for name in other.roi_names}
    primaries = (one for one in census.lesions if one.said.role is Role.GTV_PRIMARY)
    return tuple(one for one in primaries if one.roi_name not in named)


def _held_against_register(
    lesion: AccountedLesion, register: Register | None, primary_organs: PrimaryOrgans
) -> AccountedLesion:
    """Return a lesion of the register as one that may be none where its kind is contradicted."""
    if register is None or lesion.entry is None:
        return lesion
    doubt = doubt_of_kind(lesion.entry, lesion.contours, register, primary_organs)
    return replace(lesion, counted=Count(0, lesion.counted.most), doubt=doubt) if doubt else lesion


def _unlisted(census: LesionCensus, register: Register | None) -> list[AccountedLesion]:
    """Return the nodes that no entry names.

    "Node" does not say "regional": a node that the register does not know may be a metastasis.
    Where no register lists lesions, those that the census counts may be.
    """
    entries = register.lesions if register else ()
    known = {name for entry in entries for name in entry.roi_names}
    doubt = "a node that the register does not list may be regional or not" if entries else ""
    return [
        AccountedLesion((lesion,), None, Count(0, max(1, lesion.counted.most)), doubt=doubt)
        for lesion in census.lesions
        if lesion.role is Role.GTV_NODE
        and lesion.roi_name not in known
        and (entries or lesion.counted.most)
    ]


def _by_roi_name(entry: RegisterLesion, drawn: Sequence[Lesion]) -> AccountedLesion | None:
    """Return the entry with the contours of the ROIs that it names, or None without any."""
    contours = tuple(lesion for lesion in drawn if lesion.roi_name in entry.roi_names)
    if not contours:
        return None
    # ROIs of one entry are one lesion, as the register says; two parts of one ROI may be two, and
    # so may ROIs that lie apart.
    parts = max(
        sum(lesion.counted.most for lesion in contours if lesion.roi_name == roi_name)
        for roi_name in entry.roi_names
    )
    # Of an unknown kind each may still be one, though none surely is.
    is_sure = entry.kind is not None
    apart = sum(it.counted.least if is_sure else min(it.counted.most, 1) for it in contours)
    entered = _count_of(entry)
    counted = Count(entered.least, max(entered.most, parts, apart))
    return AccountedLesion(contours, entry, counted, "ROI name")


def _organs_of(*contours: Lesion) -> frozenset[Organ]:
    """Return the organs that names and places of some contours say."""
    said = {it for one in contours for it in (one.organ, one.said.organ, one.held_by, one.lies_in)}
    return frozenset(organ for organ in said if organ is not None)


def _count_of(entry: RegisterLesion) -> Count:
    return Count(1, 1) if entry.kind is LesionKind.DISTANT else Count(0, 1)


def unclaimed_primaries(census: LesionCensus, register: Register | None) -> tuple[Lesion, ...]:
    """Return what is named the primary where the register lists no primary that it is of.

    A primary without ROI names is what is named so, unless it was removed; of more ROIs than there
    are such primaries nobody can tell which.
    """
    entries = register.lesions if register else ()
    named = {name for entry in entries for name in entry.roi_names}
    found = tuple(
        lesion
        for lesion in census.lesions
        if lesion.said.role is Role.GTV_PRIMARY and lesion.roi_name not in named
    )
    claiming = sum(map(claims_primaries, entries))
    return found if len({lesion.roi_name for lesion in found}) > claiming else ()


def may_be_drawn(lesion: AccountedLesion) -> bool:
    """Say whether a lesion of the register may be one of the contours that no entry names."""
    entry = lesion.entry
    if entry is None or lesion.is_open:
        return lesion.is_open
    return not lesion.contours and entry.therapy not in NEVER_CONTOURED
