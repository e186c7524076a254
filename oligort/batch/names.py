"""Names: what the reports of a batch are called, each one once, now and by the runs before."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial

from oligort.batch.grouping import Found
from oligort.batch.left_over import unknown_in
from oligort.batch.output import REPORTS, Output

MAX_NAME = 80
"""Longest name of a report without its suffix: every file system takes it."""

SUFFIX_DIGITS = 8
"""Hex digits behind a name that would otherwise not be the only one."""

KEY_DIGITS = 16
"""Hex digits of the key of what has no place: as many as that of a place has."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_TAKEN_BY_SYSTEMS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


class Names:
    """The names of the reports of one run, beside those that stay of submissions no longer found.

    Parameters
    ----------
    planned : mapping of str to str
        The name of each report whose subject is known, by the key of its submission.
    keys : iterable of str
        Those of all submissions of this run.
    output : Output
        Where the reports of the runs before are.
    """

    def __init__(self, planned: Mapping[str, str], keys: Iterable[str], output: Output) -> None:
        self._planned, self._keys, self._output = planned, list(keys), output
        entries = ((key, output.entry(key)) for key in self._keys)
        self._given = {key: entry.name.casefold() for key, entry in entries if entry is not None}
        self._times = Counter(self._given.values())
        self._now: dict[str, str] = {}
        others = output.of_others(self._keys)
        self.left = {key: entry for key, entry in others.items() if output.holds(entry)}
        self._left_by_name = {
            entry.name.casefold(): entry
            for key, entry in self.left.items()
            # That of a register without submission has done its part when the submission comes.
            if key != register_key(entry.subject)
        }

    def of(self, key: str, subject: str, json_sha256: str, found: Found | None) -> str:
        """Return the name of a report; that of a submission which is away is not overwritten.

        It is where the report is the same, of a folder with a new name, or where the submission
        that is away lay in a folder that this one fills now.
        """
        name = self._planned.get(key) or unnamed(subject, key)
        left = self._left_by_name.get(name.casefold())
        is_free = (
            left is None
            or left.files.get(".json") == json_sha256
            or (found is not None and bool(left.lay) and left.lay in _filled_by(found))
        )
        return name if is_free else unnamed(subject, key)

    def give(self, key: str, name: str) -> None:
        """Note that the report of a submission has a name now."""
        self._now[key] = name
        self._times[self._given.get(key, "")] -= 1
        self._given[key] = name.casefold()
        self._times[name.casefold()] += 1

    def is_of_another(self, key: str, name: str, files: Mapping[str, str]) -> bool:
        """Whether a name, with files of these digests, is the report of another of this run."""
        own = self._given.get(key) == name.casefold()
        if self._times[name.casefold()] <= own:
            return False
        # What it is to be called one day is not what lies there today.
        named = (one for one, given in self._given.items() if given == name.casefold())
        entries = (self._output.entry(one) for one in named if one != key)
        return any(entry and (entry.name, entry.files) == (name, files) for entry in entries)

    def left_over(self) -> list[str]:
        """Return the names of the reports that are of no submission of this run, at its end.

        Also of those that no run knows: what they were made from is not known either. What a report
        was made from that has another's name now is forgotten: its folder is called otherwise, or
        another submission lies in its place.
        """
        now = {name.casefold() for name in self._now.values()}
        for key in self._keys:
            entry = None if key in self._now else self._output.entry(key)
            if entry and not self._output.holds(entry):
                # Of a register whose submission came, and is away again: the report is of that.
                self._output.forget(key)
        for key, entry in self._output.of_others(self._keys).items():
            is_taken = entry.name.casefold() in now
            if is_taken or self._output.holds(entry):
                # A run that was stopped may have left what the submission, away now, was called.
                self._output.settle(key, entry, partial(self.is_of_another, key))
            elif not entry.former:
                # It was stopped before its first report, or somebody removed that.
                self._output.forget(key)
            if is_taken:
                self._output.forget(key)
        return unknown_in(self._output.folder / REPORTS, self._now.values())


def lay_in(found: Found) -> str:
    """Return the digest of the folder that a submission lies in; "" of one across the root."""
    return _digest_of_place(found.base) if found.base else ""


def _filled_by(found: Found) -> set[str]:
    """Return the digests of the folders that hold a submission, from the one that holds all."""
    folders = {found.base}
    for place in found.places:
        path = place.path
        while path and path not in folders:
            folders.add(path)
            path = path.rpartition("/")[0]
    return {_digest_of_place(folder) for folder in folders}


def _digest_of_place(path: str) -> str:
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:KEY_DIGITS]


def register_key(subject: str) -> str:
    """Return the key of a register without submission."""
    return hashlib.sha256(f"register\0{subject}".encode()).hexdigest()[:KEY_DIGITS]


def names_of(subjects: Mapping[str, str]) -> dict[str, str]:
    """Return the name of the report of each submission, by its key, from its subject id.

    What no file name should hold becomes "_". A digest of the key follows where two submissions
    would share a name, and one of the subject where its name was altered.
    """
    plain = {key: _safe(subject) for key, subject in subjects.items()}
    # Some file systems take both cases of a letter for one.
    times = Counter(name.casefold() for name in plain.values())
    return {
        key: f"{name}-{name_digits(key)}" if times[name.casefold()] > 1 else name
        for key, name in plain.items()
    }


def unnamed(subject: str, key: str) -> str:
    """Return the name of a report whose subject is known by a digest alone."""
    return f"{_safe(subject)}-{name_digits(key)}"


def _safe(subject: str) -> str:
    name = _UNSAFE.sub("_", subject)[:MAX_NAME]
    if name == subject and not _TAKEN_BY_SYSTEMS.fullmatch(name):
        return name
    return f"{name}-{name_digits(subject)}"


def name_digits(text: str) -> str:
    """Return the digits behind the name of a report, by the key of its submission."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:SUFFIX_DIGITS]
