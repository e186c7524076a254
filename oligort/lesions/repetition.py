"""Repetition: which parts are drawn twice, which ROIs are unions, which parts may be one lesion."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from oligort.display import listed, quoted
from oligort.geometry.components import Part
from oligort.geometry.contact import TOUCH_MM, shared_volume_cc, touch
from oligort.lesions.candidates import Candidate
from oligort.lesions.vocabulary import GTV_ROLES, Role

Key = tuple[int, int]
"""Number of the candidate, number of its part."""

_NAMED_ROLES = {Role.GTV_METASTASIS, Role.GTV_PRIMARY, Role.GTV_NODE}


@dataclass(frozen=True)
class CensusThresholds:
    """Where the census draws its lines; conventions of this library, to be stated in reports.

    Parameters
    ----------
    duplicate_dice : float
        Above this Dice two parts are one volume drawn twice. Two observers who contour one
        tumour of some cm reach 0.8 to 0.92; 0.95 is beyond independent drawing.
    maybe_duplicate_dice : float
        From this Dice to `duplicate_dice` two parts may be one lesion contoured twice.
    covered_fraction : float
        An ROI is a union when its parts fill at least this share of it, and lie in it by as much.
    speck_cc : float
        Parts below this volume beside larger ones are noted, not counted: 0.01 cc is a ball of
        2.7 mm, below what a CT of 3 mm slices shows.
    organ_fraction : float
        A lesion lies in the organ that holds at least this share of its volume.
    """

    duplicate_dice: float = 0.95
    maybe_duplicate_dice: float = 0.85
    covered_fraction: float = 0.95
    speck_cc: float = 0.01
    organ_fraction: float = 0.5


@dataclass(frozen=True)
class Repetition:
    """What repeats what.

    Parameters
    ----------
    dropped : mapping of part to reason
        Parts that another ROI draws again.
    may_be_one : mapping of a pair of parts to reason
        Parts that may be one lesion.
    notes : list of str
        Contacts that change no count.
    """

    dropped: dict[Key, str] = field(default_factory=dict)
    may_be_one: dict[tuple[Key, Key], str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_repetition(candidates: Sequence[Candidate], thresholds: CensusThresholds) -> Repetition:
    """Compare every part of gross tumour with every part of the other ROIs of gross tumour."""
    found = Repetition()
    shared = _shared_volumes(candidates, found)
    _drop_unions(candidates, shared, thresholds, found)
    _drop_duplicates(candidates, shared, thresholds, found)
    _relate(candidates, shared, thresholds, found)
    return found


def _part(candidates: Sequence[Candidate], key: Key) -> Part:
    return candidates[key[0]].parts[key[1]]


def _label(candidates: Sequence[Candidate], key: Key) -> str:
    return quoted(candidates[key[0]].label(key[1]))


def _shared_volumes(
    candidates: Sequence[Candidate], found: Repetition
) -> dict[tuple[Key, Key], float]:
    """Return the shared volume in cc of every two parts of different ROIs that touch.

    Parts of one ROI that touch are noted as perhaps one.

    Only gross tumour is compared: that a target lies in the lung asked for says nothing of either.
    """
    keys = [
        (number, part)
        for number, candidate in enumerate(candidates)
        for part in range(len(candidate.parts))
        if candidate.role in GTV_ROLES
    ]
    shared = {}
    for a, b in combinations(keys, 2):
        first, second = _part(candidates, a).model, _part(candidates, b).model
        if a[0] == b[0]:
            # Parts of one ROI lie apart; where they touch, a hair's breadth made two of one.
            if _boxes_meet(_part(candidates, a), _part(candidates, b)) and touch(first, second):
                labels = f"{_label(candidates, a)} and {_label(candidates, b)}"
                found.may_be_one[a, b] = f"{labels} touch and may be one lesion"
            continue
        if not first.frame.is_parallel_to(second.frame):
            labels = f"{_label(candidates, a)} and {_label(candidates, b)}"
            reason = f"{labels} are drawn in planes that are not parallel: overlap not computed"
            found.may_be_one[a, b] = reason
        elif _boxes_meet(_part(candidates, a), _part(candidates, b)) and touch(first, second):
            shared[a, b] = shared_volume_cc(first, second)
    return shared


def _boxes_meet(first: Part, second: Part) -> bool:
    (low_a, high_a), (low_b, high_b) = first.bounds_mm, second.bounds_mm
    return bool((low_a - TOUCH_MM <= high_b).all() and (low_b - TOUCH_MM <= high_a).all())


def _drop_unions(
    candidates: Sequence[Candidate],
    shared: dict[tuple[Key, Key], float],
    thresholds: CensusThresholds,
    found: Repetition,
) -> None:
    """Drop the parts of ROIs that are filled by the parts of two or more other ROIs.

    An ROI whose name says that it is a union needs no second ROI, and loses only what the others
    fill: what is drawn in no other ROI stays a candidate.
    """
    both_ways = {**shared, **{(b, a): volume for (a, b), volume in shared.items()}}
    for number, union in enumerate(candidates):
        pieces: dict[Key, float] = {}
        for (a, b), volume in both_ways.items():
            if a[0] == number and not candidates[b[0]].is_union:
                pieces[b] = pieces.get(b, 0.0) + volume
        inside = {
            key: volume
            for key, volume in pieces.items()
            if volume >= thresholds.covered_fraction * _part(candidates, key).volume_cc
            and key not in found.dropped
        }
        twice = sum(both_ways.get((a, b), 0.0) for a, b in combinations(sorted(inside), 2))
        total = sum(part.volume_cc for part in union.parts)
        # What the pieces share among themselves is counted once: a lower bound of the filling.
        filled = (sum(inside.values()) - twice) / total
        from_rois = sorted({candidates[key[0]].roi_name for key in inside})
        own_keys = [(number, part) for part in range(len(union.parts))]
        sole = any(volume > thresholds.duplicate_dice * total for volume in inside.values())
        if not union.is_union:
            if len(from_rois) > 1 and not sole and filled >= thresholds.covered_fraction:
                reason = f"is the union of {listed(from_rois)}, which fill {filled:.1%} of it"
                found.dropped.update(dict.fromkeys(own_keys, reason))
            continue
        for key in own_keys:
            by_others = sum(v for (a, b), v in both_ways.items() if a == key and b in inside)
            share = min((by_others - twice) / _part(candidates, key).volume_cc, 1.0)
            if share >= thresholds.covered_fraction:
                found.dropped[key] = (
                    f"is a union by its name; {listed(from_rois)} fill {share:.1%} of it"
                )


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
        if dice <= thresholds.duplicate_dice or any(key in found.dropped for key in pair):
            continue
        roles = {candidates[key[0]].role for key in pair}
        if Role.GTV_METASTASIS in roles and roles & {Role.GTV_PRIMARY, Role.GTV_NODE}:
            continue  # which of the two names is right is not for a program to say
        kept, dropped = sorted(pair, key=lambda key: _worth(candidates[key[0]], key))
        found.dropped[dropped] = f"repeats {_label(candidates, kept)} (Dice {dice:.3f})"


def _worth(candidate: Candidate, key: Key) -> tuple[object, ...]:
    """Order by what a name tells, then as the file does: the first is kept."""
    number = candidate.structure.roi_number
    return (
        bool(candidate.name.superseded),
        candidate.is_union,
        candidate.role not in _NAMED_ROLES,
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
        first, second = (_label(candidates, key) for key in pair)
        dice = _dice(candidates, pair, shared)
        text = f"{first} and {second} {_contact(volume, dice)}"
        roles = {candidates[key[0]].role for key in pair}
        apart_by_name = roles <= _NAMED_ROLES and len(roles) == 2
        if apart_by_name and dice < thresholds.maybe_duplicate_dice:
            found.notes.append(f"{text}: their names tell them apart")
        else:
            found.may_be_one[pair] = text
    for number, candidate in enumerate(candidates):
        for part, piece in enumerate(candidate.parts):
            for other in piece.maybe_one_with:
                pair = ((number, part), (number, other))
                if part < other and not any(key in found.dropped for key in pair):
                    first, second = (_label(candidates, key) for key in pair)
                    found.may_be_one[pair] = f"only missing planes part {first} from {second}"


def _contact(volume_cc: float, dice: float) -> str:
    return f"overlap by {volume_cc:.3g} cc (Dice {dice:.3f})" if volume_cc > 0 else "touch"


def _dice(
    candidates: Sequence[Candidate], pair: tuple[Key, Key], shared: dict[tuple[Key, Key], float]
) -> float:
    volumes = [_part(candidates, key).volume_cc for key in pair]
    return 2 * shared[pair] / sum(volumes)
