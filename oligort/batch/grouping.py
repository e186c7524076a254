"""Grouping: portions of folders to submissions, by what their files say and not by their names."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from oligort.batch.portion import UNREADABLE, Place, Portion
from oligort.dicom.identity import MASK

PLACE_DIGITS = 16
"""Hex digits of a key of a place: 64 bits, so that two places of a batch never share one."""


class Joined(StrEnum):
    """What joined the files of a submission."""

    REFERENCES = "references"
    PATIENT = "patient id"
    STUDY = "study"
    FRAME = "frame of reference"
    FOLDER = "folder"


@dataclass(frozen=True)
class Found:
    """One submission below the root.

    Parameters
    ----------
    places : tuple of Place
        Where its files lie; relative to the root, and not masked.
    base : str
        The deepest folder that holds them all, relative to the root, not masked.
    shown : str
        The same, masked.
    key : str
        Digest of its places and of what of them it is: the same as long as it stays there.
    kinds : tuple of (str, int)
        How many files there are of each kind.
    joined_by : tuple of Joined
        What joined them; empty for what needed no joining.
    subject_ids, site_ids : frozenset of str
        What its files say.
    patient_keys : frozenset of str
        Digests of the patients that its files name.
    has_placeholder : bool
        Whether files state a placeholder ("ANON") in place of a patient id: of these only UIDs tell
        whose they are.
    """

    places: tuple[Place, ...]
    base: str
    shown: str
    key: str
    kinds: tuple[tuple[str, int], ...]
    joined_by: tuple[Joined, ...]
    subject_ids: frozenset[str]
    site_ids: frozenset[str]
    patient_keys: frozenset[str]
    has_placeholder: bool = False

    @property
    def subject_id(self) -> str:
        """What its files say of the subject, where they agree, else ""."""
        return next(iter(self.subject_ids)) if len(self.subject_ids) == 1 else ""

    @property
    def site_id(self) -> str:
        """What its files say of the site, where they agree, else ""."""
        return next(iter(self.site_ids)) if len(self.site_ids) == 1 else ""

    @property
    def is_readable(self) -> bool:
        """Whether there is a DICOM file in it that can be read."""
        return any(kind != UNREADABLE for kind, _ in self.kinds)


def submissions_of(portions: Iterable[Portion]) -> list[Found]:
    """Return the submissions that portions make up, in the order of their places.

    Below one folder of the first level, files belong together by references, patient id, study or
    frame of reference; two whole submissions of different patients never, whatever frame or study
    they share. Across such folders only what is no whole submission by itself is joined, and only
    to the one other that it is linked with: two sites may use one patient id, and one phantom.
    A placeholder in place of a patient id joins nothing.
    """
    ordered = sorted(portions, key=lambda one: (one.place.path, one.place.names))
    readable = [portion for portion in ordered if not portion.is_unreadable]
    union = _Union(readable)
    by_first_level: dict[str, list[int]] = defaultdict(list)
    for number, portion in enumerate(readable):
        by_first_level[portion.place.first_level].append(number)
    for numbers in by_first_level.values():
        _join_within(union, numbers)
    _join_across(union)
    groups = union.groups()
    unreadable = [portion for portion in ordered if portion.is_unreadable]
    _show_as_others(unreadable, readable)
    _add_unreadable(groups, unreadable)
    shared = _shared_places(groups)
    found = [_found(group, rules, shared) for group, rules in groups]
    # With one key for two, one report would take the place of the other.
    assert len({one.key for one in found}) == len(found)
    return sorted(found, key=lambda one: (one.base, one.key))


class _Union:
    """Which portions are one submission so far, and by what."""

    def __init__(self, portions: Sequence[Portion]) -> None:
        self.portions = portions
        self._members = {number: [number] for number in range(len(portions))}
        self._home = list(range(len(portions)))
        self._rules: dict[int, set[Joined]] = {number: set() for number in self._members}

    def home(self, number: int) -> int:
        return self._home[number]

    def members(self, home: int) -> list[Portion]:
        return [self.portions[number] for number in self._members[home]]

    def homes(self) -> list[int]:
        return sorted(self._members)

    def join(self, one: int, other: int, rule: Joined) -> None:
        into, gone = sorted((self._home[one], self._home[other]))
        if into == gone:
            return
        for number in self._members[gone]:
            self._home[number] = into
        self._members[into] += self._members.pop(gone)
        self._rules[into] |= self._rules.pop(gone) | {rule}

    def groups(self) -> list[tuple[list[Portion], set[Joined]]]:
        return [(self.members(home), self._rules[home]) for home in self.homes()]


def _join_within(union: _Union, numbers: Sequence[int]) -> None:
    portions = union.portions
    owner = {uid: n for n in reversed(numbers) for uid in portions[n].sop_instance_uids}
    for number in numbers:
        for uid in sorted(portions[number].refers_to | portions[number].sop_instance_uids):
            if uid in owner:
                union.join(owner[uid], number, Joined.REFERENCES)
    said: tuple[tuple[Joined, Callable[[Portion], set[str]]], ...] = (
        (Joined.PATIENT, lambda portion: portion.patient_keys),
        (Joined.STUDY, lambda portion: portion.studies),
        (Joined.FRAME, lambda portion: portion.frames),
    )
    for rule, words in said:
        by_word: dict[str, list[int]] = defaultdict(list)
        for number in numbers:
            for word in words(portions[number]):
                by_word[word].append(number)
        for word in sorted(by_word):
            first, *others = by_word[word]
            for number in others:
                if rule is Joined.PATIENT or not _are_two(union, first, number):
                    union.join(first, number, rule)


def _are_two(union: _Union, one: int, other: int) -> bool:
    """Whether two are whole submissions of different patients."""
    first, second = (union.members(union.home(number)) for number in (one, other))
    if not (_is_whole(first) and _is_whole(second)):
        return False
    patients = [{key for one in group for key in one.patient_keys} for group in (first, second)]
    return all(patients) and patients[0].isdisjoint(patients[1])


def _is_whole(group: Iterable[Portion]) -> bool:
    """Whether there are structures and a dose: what can be judged by itself."""
    kinds = {kind for portion in group for kind in portion.kinds}
    return {"RTSTRUCT", "RTDOSE"} <= kinds


def _join_across(union: _Union) -> None:
    """Join what is no whole submission to the only one in another folder that it is linked with."""
    by_link: dict[tuple[str, str], set[int]] = defaultdict(set)
    for number, portion in enumerate(union.portions):
        for link in _links(portion):
            by_link[link].add(union.home(number))
    for home in union.homes():
        if union.home(home) != home or _is_whole(union.members(home)):
            continue
        linked = {
            union.home(other)
            for portion in union.members(home)
            for link in _links(portion)
            for other in by_link[link]
        } - {home}
        if len(linked) == 1:
            union.join(home, linked.pop(), Joined.REFERENCES)


def _links(portion: Portion) -> Iterator[tuple[str, str]]:
    """Yield by what a portion is linked beyond its folder: objects, and study with its patient."""
    for uid in portion.sop_instance_uids | portion.refers_to:
        yield "object", uid
    for study in portion.studies:
        for patient in portion.patient_keys or {""}:
            yield study, patient


def _show_as_others(unreadable: Iterable[Portion], readable: Iterable[Portion]) -> None:
    """Mask the folders of what cannot be read, but those below which something can be.

    What says nothing of its patient does not tell whether a folder is named by the patient.
    """
    said: dict[str, set[str]] = defaultdict(set)
    for portion in readable:
        shown = portion.shown.split("/")
        for path, name in zip(_ways(portion.place.path), shown, strict=False):
            said[path].add(name)
    for portion in unreadable:
        names = [said.get(path, {MASK}) for path in _ways(portion.place.path)]
        portion.shown = "/".join(min(one) if len(one) == 1 else MASK for one in names)


def _ways(path: str) -> Iterator[str]:
    """Yield the folders that lead to a place, and the place."""
    parts = PurePosixPath(path).parts
    yield from ("/".join(parts[: n + 1]) for n in range(len(parts)))


def _add_unreadable(
    groups: list[tuple[list[Portion], set[Joined]]], unreadable: Iterable[Portion]
) -> None:
    """Add what cannot be read to the only submission that encloses it, else by itself.

    It may be missing from that one, as whoever checks its folder is told. In the nearest folder in
    or below which there are submissions that is the only one, or the only one that has files in it
    or below several folders of it. The root encloses but what lies directly in it: beside each
    other in the root lie submissions.
    """
    enclosing: dict[str, set[int]] = defaultdict(set)
    within: dict[str, set[int]] = defaultdict(set)
    for number, (group, _) in enumerate(groups):
        paths = {portion.place.path for portion in group}
        for path in paths:
            enclosing[path].add(number)
            for folder in _ways(path):
                within[folder].add(number)
        enclosing[_common([PurePosixPath(path) for path in paths])].add(number)
    for portion in unreadable:
        path = portion.place.path
        folders = [*reversed(list(_ways(path)))] or [path]
        nearest = next((one for one in folders if within[one] or enclosing[one]), path)
        homes = next(
            (some for some in (enclosing[nearest], within[nearest]) if len(some) == 1), set()
        )
        if not homes:
            groups.append(([portion], set()))
            continue
        group, rules = groups[min(homes)]
        group.append(portion)
        if nearest != path:
            rules.add(Joined.FOLDER)


def _shared_places(groups: Iterable[tuple[list[Portion], set[Joined]]]) -> set[str]:
    """Return the paths of the places that hold files of more than one submission."""
    holders: dict[str, set[int]] = defaultdict(set)
    for number, (group, _) in enumerate(groups):
        for portion in group:
            holders[portion.place.path].add(number)
    return {path for path, numbers in holders.items() if len(numbers) > 1}


def _found(group: Sequence[Portion], rules: set[Joined], shared: set[str]) -> Found:
    by_path: dict[str, set[str]] = defaultdict(set)
    listed: dict[str, set[str]] = defaultdict(set)
    archives = {portion.place.path for portion in group if portion.place.is_archive}
    for portion in group:
        by_path[portion.place.path].update(portion.place.names)
        listed[portion.place.path].update(portion.place.listed)
    places = tuple(
        # Of a place of its own the names are left out: there would be millions of them.
        Place(
            path,
            tuple(sorted(names)) if path in shared else (),
            path in archives,
            tuple(sorted(listed[path])),
        )
        for path, names in sorted(by_path.items())
    )
    folders = [_folder_of(place) for place in places]
    base = _common(folders)
    depth = len(PurePosixPath(base).parts)
    deepest = min(group, key=lambda one: one.place.path)
    inner = deepest if len(places) == 1 and archives else None
    shown = inner.shown if inner else "/".join(deepest.shown.split("/")[:depth])
    if len(group) == 1 and sum(group[0].kinds.values()) > 1 and group[0].studies:
        rules = {Joined.STUDY}
    kinds: dict[str, int] = defaultdict(int)
    for portion in group:
        for kind, count in portion.kinds.items():
            kinds[kind] += count
    return Found(
        places=places,
        base=base,
        shown=shown or ".",
        key=_key(places, group),
        kinds=tuple(sorted(kinds.items())),
        joined_by=tuple(rule for rule in Joined if rule in rules),
        subject_ids=frozenset(said for portion in group for said in portion.subject_ids),
        site_ids=frozenset(said for portion in group for said in portion.site_ids),
        patient_keys=frozenset(key for portion in group for key in portion.patient_keys),
        has_placeholder=any(portion.has_placeholder for portion in group),
    )


def _folder_of(place: Place) -> PurePosixPath:
    path = PurePosixPath(place.path)
    return path.parent if place.is_archive else path


def _common(folders: Sequence[PurePosixPath]) -> str:
    first, *others = [folder.parts for folder in folders]
    depth = len(first)
    for parts in others:
        same = 0
        while same < min(depth, len(parts)) and parts[same] == first[same]:
            same += 1
        depth = same
    return "/".join(first[:depth])


def _key(places: Iterable[Place], group: Iterable[Portion]) -> str:
    """Return the digest of where a submission lies; of a shared place also of whose it is.

    What cannot be read comes and goes, and a neighbour's may be among it: it tells nothing where
    something can be read.
    """
    group = list(group)
    telling = [portion for portion in group if not portion.is_unreadable] or group
    paths = {portion.place.path for portion in telling}
    places = [place for place in places if place.path in paths]
    base = _common([_folder_of(place) for place in places])
    words = [base]
    if any(place.is_archive or place.path != base for place in places):
        # Below one folder several submissions may lie, each spread over folders of its own.
        words += [place.path for place in places]
    if any(place.names for place in places):
        whose = {key for portion in group for key in portion.patient_keys | portion.studies}
        words += sorted(whose) or [name for place in places for name in place.names]
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()[
        :PLACE_DIGITS
    ]
