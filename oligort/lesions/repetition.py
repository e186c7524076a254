"""Repetition: which parts are drawn twice, which ROIs are unions, which parts may be one lesion."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from oligort.display import listed
from oligort.geometry.components import Part
from oligort.lesions.bulges import bulges_of
from oligort.lesions.candidates import Candidate
from oligort.lesions.enclosure import Enclosure, enclosure_of
from oligort.lesions.namesakes import namesakes
from oligort.lesions.naming import is_margin
from oligort.lesions.overlaps import Key, label_of, near_pairs, part_of, shared_volumes
from oligort.lesions.thresholds import CensusThresholds
from oligort.lesions.vocabulary import Role

__all__ = ["CensusThresholds", "Key", "Repetition", "find_repetition"]

_NAMED_ROLES = {Role.GTV_METASTASIS, Role.GTV_PRIMARY, Role.GTV_NODE}


@dataclass(frozen=True)
class Repetition:
    """What repeats what.

    Parameters
    ----------
    dropped : mapping of part to reason
        Parts that another ROI draws again.
    may_be_one : mapping of a pair of parts to reason
        Parts that may be one lesion.
    outlines : list of pairs of parts
        Two outlines of one lesion, the part that stays first: size and organ may be the other's.
    apart : set of pairs of parts
        Those of `may_be_one` that lie apart and are one by their names: no size holds both.
    notes : list of str
        Contacts that change no count.
    """

    dropped: dict[Key, str] = field(default_factory=dict)
    may_be_one: dict[tuple[Key, Key], str] = field(default_factory=dict)
    outlines: list[tuple[Key, Key]] = field(default_factory=list)
    apart: set[tuple[Key, Key]] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def find_repetition(candidates: Sequence[Candidate], thresholds: CensusThresholds) -> Repetition:
    """Compare every part of gross tumour with every part of the other ROIs of gross tumour."""
    found = Repetition()
    shared = shared_volumes(candidates, found.may_be_one)
    _drop_margins(candidates, shared, thresholds, found)
    filling = _drop_unions(candidates, shared, thresholds, found)
    _drop_duplicates(candidates, shared, thresholds, found)
    _drop_enclosed(candidates, shared, thresholds, found)
    _doubt_pieces(candidates, filling, found)
    _relate(candidates, shared, thresholds, found)
    for first, second, reason in namesakes(candidates):
        pair = first, second
        if pair not in found.may_be_one and found.dropped.keys().isdisjoint(pair):
            found.may_be_one[pair] = reason
            found.apart.add(pair)
    _hand_down(found)
    return found


def _hand_down(found: Repetition) -> None:
    """Give the outlines of a part that is dropped to the part that stays in its place."""
    others: dict[Key, list[Key]] = {}
    for kept, other in found.outlines:
        others.setdefault(kept, []).append(other)
    for kept, own in others.items():
        reached = [kept]
        for key in reached:
            if key == kept or key in found.dropped:
                reached += [other for other in others.get(key, []) if other not in reached]
        further = [key for key in reached if key not in (kept, *own)]
        found.outlines.extend((kept, key) for key in further)


def _drop_margins(
    candidates: Sequence[Candidate],
    shared: dict[tuple[Key, Key], float],
    thresholds: CensusThresholds,
    found: Repetition,
) -> None:
    """Drop what its name calls a margin and what holds another lesion: one around that.

    Without another in it "GTV_liver_margin" may be a lesion at the edge of the liver.
    """
    for pair, volume in shared.items():
        for outer, inner in (pair, pair[::-1]):
            of_outer, of_inner = candidates[outer[0]], candidates[inner[0]]
            if not of_outer.is_open or not is_margin(of_outer.roi_name) or of_inner.is_open:
                continue
            share = volume / part_of(candidates, inner).volume_cc
            if share >= thresholds.covered_fraction:
                label = label_of(candidates, inner)
                found.dropped[outer] = f"is a margin around {label}: {share:.0%} of that lie in it"


def _drop_unions(
    candidates: Sequence[Candidate],
    shared: dict[tuple[Key, Key], float],
    thresholds: CensusThresholds,
    found: Repetition,
) -> dict[Key, list[Key]]:
    """Drop the parts of ROIs that are filled by the parts of two or more other ROIs.

    Return for each part that is dropped those that fill it.

    A metastasis that primaries or nodes fill stays, as it does where it repeats one of them.

    An ROI whose name says that it is a union needs no second ROI, and loses only what the others
    fill: what is drawn in no other ROI stays a candidate.
    """
    filled_by: dict[Key, list[Key]] = {}
    both_ways = {**shared, **{(b, a): volume for (a, b), volume in shared.items()}}
    for number, union in enumerate(candidates):
        pieces: dict[Key, float] = {}
        for (a, b), volume in both_ways.items():
            if a[0] == number and not candidates[b[0]].is_union:
                pieces[b] = pieces.get(b, 0.0) + volume
        inside = {
            key: volume
            for key, volume in pieces.items()
            if volume >= thresholds.covered_fraction * part_of(candidates, key).volume_cc
            and key not in found.dropped
        }
        twice = sum(both_ways.get((a, b), 0.0) for a, b in combinations(sorted(inside), 2))
        total = sum(part.volume_cc for part in union.parts)
        # What the pieces share among themselves is counted once: a lower bound of the filling.
        filled = (sum(inside.values()) - twice) / total
        from_rois = sorted({candidates[key[0]].roi_name for key in inside})
        own_keys = [(number, part) for part in range(len(union.parts))]
        sole = any(volume > thresholds.duplicate_dice * total for volume in inside.values())
        is_union = len(from_rois) > 1 and not sole and filled >= thresholds.covered_fraction
        if not union.is_union and not is_union:
            continue
        called = "a union by its name" if union.is_union else f"in a union of {listed(from_rois)}"
        # What a small part adds is lost in the whole: each part must be drawn elsewhere by itself.
        for key in own_keys:
            filling = {b: v for (a, b), v in both_ways.items() if a == key and b in inside}
            again = sum(both_ways.get(pair, 0.0) for pair in combinations(sorted(filling), 2))
            share = min((sum(filling.values()) - again) / part_of(candidates, key).volume_cc, 1.0)
            # Which of two names is right is not for a program to say: `_relate` tells of both.
            is_told_apart = any(_names_contradict(candidates, (key, piece)) for piece in filling)
            if share >= thresholds.covered_fraction and not is_told_apart:
                names = listed(sorted({candidates[b[0]].roi_name for b in filling}))
                found.dropped[key] = f"is {called}; {names} fill {share:.1%} of it"
                filled_by[key] = sorted(filling)
    return filled_by


def _doubt_pieces(
    candidates: Sequence[Candidate], filled_by: dict[Key, list[Key]], found: Repetition
) -> None:
    """Leave open whether what fills one connected part is one lesion, of the size of the whole.

    Somebody drew it in one piece, and somebody in several: a crop may lie between these.
    """
    for whole, filling in filled_by.items():
        pieces = [key for key in filling if key not in found.dropped]
        pairs = [pair for pair in combinations(pieces, 2) if not _are_told_apart(candidates, pair)]
        for first, second in pairs:
            labels = f"{label_of(candidates, first)} and {label_of(candidates, second)}"
            text = f"{labels} are one connected part of {label_of(candidates, whole)}"
            found.may_be_one[first, second] = text
        joined = {key for pair in pairs for key in pair} if len(pieces) > 1 else set(pieces)
        found.outlines.extend((piece, whole) for piece in sorted(joined))


def _are_told_apart(candidates: Sequence[Candidate], pair: tuple[Key, Key]) -> bool:
    """Whether two parts are lesions of two kinds by register or names, such as primary and node."""
    roles = {candidates[key[0]].role for key in pair}
    return roles <= _NAMED_ROLES and len(roles) > 1


def _drop_duplicates(
    candidates: Sequence[Candidate],
    shared: dict[tuple[Key, Key], float],
    thresholds: CensusThresholds,
    found: Repetition,
) -> None:
    """Drop the less telling one of two parts that are the same volume."""
    pairs = sorted(shared, key=lambda pair: (-_dice(candidates, pair, shared), pair))
    for pair in pairs:
        dice = _dice(candidates, pair, shared)
        if dice <= _repeats_from(candidates, pair, thresholds):
            continue
        if any(key in found.dropped for key in pair):
            continue
        if _names_contradict(candidates, pair):
            continue  # which of the two names is right is not for a program to say
        kept, dropped = sorted(pair, key=lambda key: _worth(candidates[key[0]], key))
        found.dropped[dropped] = f"repeats {label_of(candidates, kept)} (Dice {dice:.3f})"
        if not _is_settled(candidates[kept[0]], candidates[dropped[0]]):
            found.outlines.append((kept, dropped))


def _is_settled(kept: Candidate, dropped: Candidate) -> bool:
    """Whether the register names one of two drawings, and the other says that it is superseded."""
    stated = kept.role_is_stated and not dropped.role_is_stated
    return stated and bool(dropped.name.superseded) and not kept.name.superseded


def _repeats_from(
    candidates: Sequence[Candidate], pair: tuple[Key, Key], thresholds: CensusThresholds
) -> float:
    """Return the Dice above which two parts are one volume; less if one is marked superseded."""
    superseded = {bool(candidates[key[0]].name.superseded) for key in pair}
    may_count = Role.GTV_METASTASIS in {candidates[key[0]].role for key in pair}
    by_name = superseded == {True, False} and may_count
    return thresholds.superseded_dice if by_name else thresholds.duplicate_dice


def _names_contradict(candidates: Sequence[Candidate], pair: tuple[Key, Key]) -> bool:
    """Whether one of two parts is a metastasis by its name, and the other surely none."""
    roles = {candidates[key[0]].role for key in pair}
    return Role.GTV_METASTASIS in roles and bool(roles & {Role.GTV_PRIMARY, Role.GTV_NODE})


def _drop_enclosed(
    candidates: Sequence[Candidate],
    shared: dict[tuple[Key, Key], float],
    thresholds: CensusThresholds,
    found: Repetition,
) -> None:
    """Drop shells around a lesion, and one of two parts of which one lies evenly in the other.

    What lies in a lesion is no further one: the other outline is a margin, a boost or a core, and
    which of them is the lesion's size stays open. An outline around several, or around one at its
    side, may hold a lesion that has no outline of its own; it is left to `_relate`.
    """
    inner_of: dict[Key, dict[Key, Enclosure]] = {}
    for a, b, is_parallel in near_pairs(candidates):
        if a[0] == b[0] or not is_parallel or (a, b) in found.may_be_one:
            continue
        inner, outer = sorted((a, b), key=lambda key: _reach(part_of(candidates, key)))
        volume = shared.get((a, b), 0.0)
        if volume or _box_holds(part_of(candidates, outer), part_of(candidates, inner)):
            parts = part_of(candidates, inner), part_of(candidates, outer)
            enclosure = enclosure_of(*parts, volume, thresholds.covered_fraction)
            if enclosure is not None and (volume or enclosure.in_hollow):
                inner_of.setdefault(outer, {})[inner] = enclosure
    for outer in sorted(inner_of, key=lambda key: (_reach(part_of(candidates, key)), key)):
        within = {key: it for key, it in inner_of[outer].items() if key not in found.dropped}
        if outer in found.dropped or len(within) != 1:
            continue
        ((inner, enclosure),) = within.items()
        dice = _dice(candidates, (min(outer, inner), max(outer, inner)), shared)
        is_rim = (
            # Drawn twice, or nearly so: that is the range of two contourings.
            dice < thresholds.maybe_duplicate_dice
            and enclosure.is_even(thresholds.even_margin)
            and bulges_of(part_of(candidates, outer), thresholds.neck_fraction).most == 1
        )
        if enclosure.in_hollow or is_rim:
            _drop_one(candidates, outer, inner, enclosure, found)


def _drop_one(
    candidates: Sequence[Candidate], outer: Key, inner: Key, enclosure: Enclosure, found: Repetition
) -> None:
    """Drop the shell, or of two outlines the one whose name tells less; of equals the inner one."""
    if _names_contradict(candidates, (outer, inner)):
        names = f"{label_of(candidates, inner)} lies within {label_of(candidates, outer)}"
        found.may_be_one[min(outer, inner), max(outer, inner)] = names
        return
    tells_more = _telling(candidates[outer[0]]) < _telling(candidates[inner[0]])
    share = f"{enclosure.inside_fraction:.0%}"
    if enclosure.in_hollow:
        if tells_more:
            text = f"{label_of(candidates, outer)} is a shell around {label_of(candidates, inner)}"
            found.may_be_one[min(outer, inner), max(outer, inner)] = text
            return
        reason = (
            f"is a shell around {label_of(candidates, inner)}: {share} of that lie in its hollow"
        )
        found.dropped[outer] = reason
        found.outlines.append((inner, outer))
        return
    figures = f"margin {enclosure.margin_mm:.1f} mm, centres {enclosure.offset_mm:.1f} mm apart"
    if _telling(candidates[inner[0]]) < _telling(candidates[outer[0]]):
        reason = f"is a margin around {label_of(candidates, inner)}: {share} of that lie in it"
        found.dropped[outer] = f"{reason} ({figures})"
        found.outlines.append((inner, outer))
    else:
        reason = f"lies in the middle of {label_of(candidates, outer)}: {share} of it"
        found.dropped[inner] = f"{reason} ({figures})"
        found.outlines.append((outer, inner))


def _telling(candidate: Candidate) -> tuple[bool, ...]:
    """Order by what register and name tell of a lesion, the most telling first."""
    return (
        not candidate.role_is_stated,
        bool(candidate.name.superseded),
        candidate.is_union,
        candidate.role not in _NAMED_ROLES,
    )


def _reach(part: Part) -> float:
    """Return the volume in mm3 of the box around a part: that of a shell is of its outside."""
    low, high = part.bounds_mm
    return float(np.prod(high - low))


def _box_holds(outer: Part, inner: Part) -> bool:
    (low, high), (low_in, high_in) = outer.bounds_mm, inner.bounds_mm
    return bool((low <= low_in).all() and (high >= high_in).all())


def _worth(candidate: Candidate, key: Key) -> tuple[object, ...]:
    """Order by what a name tells, then as the file does: the first is kept."""
    number = candidate.structure.roi_number
    return (
        *_telling(candidate),
        len(candidate.parts),
        number is None,
        number or 0,
        candidate.roi_name,
        key,
    )


def _relate(
    candidates: Sequence[Candidate],
    shared: dict[tuple[Key, Key], float],
    thresholds: CensusThresholds,
    found: Repetition,
) -> None:
    """Relate the parts that are left and may be one lesion, across ROIs and across gaps."""
    for pair, volume in shared.items():
        if any(key in found.dropped for key in pair):
            continue
        first, second = (label_of(candidates, key) for key in pair)
        dice = _dice(candidates, pair, shared)
        text = f"{first} and {second} {_contact(volume, dice)}"
        smaller_cc = min(part_of(candidates, key).volume_cc for key in pair)
        is_within = volume >= thresholds.covered_fraction * smaller_cc
        apart_by_name = _are_told_apart(candidates, pair) and not is_within
        if dice >= thresholds.maybe_duplicate_dice or is_within:
            found.outlines.extend([pair, pair[::-1]])
        if apart_by_name and dice < thresholds.maybe_duplicate_dice:
            found.notes.append(f"{text}: their names tell them apart")
        else:
            found.may_be_one[pair] = text
    for number, candidate in enumerate(candidates):
        for part, piece in enumerate(candidate.parts):
            for other in piece.maybe_one_with:
                pair = ((number, part), (number, other))
                if part < other and not any(key in found.dropped for key in pair):
                    first, second = (label_of(candidates, key) for key in pair)
                    found.may_be_one[pair] = (
                        f"only what lies between drawn planes parts {first} from {second}"
                    )


def _contact(volume_cc: float, dice: float) -> str:
    return f"overlap by {volume_cc:.3g} cc (Dice {dice:.3f})" if volume_cc > 0 else "touch"


def _dice(
    candidates: Sequence[Candidate], pair: tuple[Key, Key], shared: dict[tuple[Key, Key], float]
) -> float:
    volumes = [part_of(candidates, key).volume_cc for key in pair]
    return 2 * shared.get(pair, 0.0) / sum(volumes)
