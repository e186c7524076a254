"""Portions: what of one folder or archive belongs together, told by the headers of its files."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from oligort.dicom.archive import is_archive
from oligort.dicom.files import Inside, Located, opened_files, unfit
from oligort.dicom.identity import MASK, masking
from oligort.dicom.links import Links, links_of
from oligort.dicom.meant import DICOM_SUFFIXES, why_located_is_meant
from oligort.dicom.medium import is_index
from oligort.errors import DicomError, NotDicomError

UNREADABLE = "unreadable"
"""The kind of a file that should be DICOM and cannot be read."""


@dataclass(frozen=True)
class Place:
    """A folder, or an archive, below the root, and the files in it that are looked at.

    `path` is relative to the root, POSIX style, and "" for the root itself; of a folder only the
    files directly in it are meant. It is not masked: it may name the patient. Without `names` all
    files are meant. `listed` are those of a folder that the index of a medium lists, in the folder
    or above it; of what was looked at, those that cannot be read.
    """

    path: str
    names: tuple[str, ...]
    is_archive: bool = False
    listed: tuple[str, ...] = ()

    @property
    def first_level(self) -> str:
        """The first folder below the root, or "" for files that lie in the root itself."""
        parts = PurePosixPath(self.path).parts
        return parts[0] if parts else ""


@dataclass
class Portion:
    """The files of one place that belong to one study of one patient.

    Parameters
    ----------
    place : Place
        Where they lie, and their names there.
    kinds : Counter of str
        How many there are of each kind; `UNREADABLE` stands alone.
    sop_instance_uids : set of str
        Those of all but the images, which nothing refers to by these alone.
    studies, frames, refers_to, patient_keys, subject_ids, site_ids : sets of str
        As in `oligort.dicom.links.Links`.
    shown : str
        The path of the place, masked.
    has_placeholder : bool
        Whether files state a placeholder in place of a patient id.
    """

    place: Place
    shown: str
    kinds: Counter[str] = field(default_factory=Counter)
    sop_instance_uids: set[str] = field(default_factory=set)
    studies: set[str] = field(default_factory=set)
    frames: set[str] = field(default_factory=set)
    refers_to: set[str] = field(default_factory=set)
    patient_keys: set[str] = field(default_factory=set)
    subject_ids: set[str] = field(default_factory=set)
    site_ids: set[str] = field(default_factory=set)
    has_placeholder: bool = False

    def add(self, links: Links) -> None:
        """Add a file."""
        self.kinds[links.kind.value or "other"] += 1
        if not links.kind.is_image:
            self.sop_instance_uids.add(links.sop_instance_uid)
        self.studies.add(links.study_uid)
        self.frames |= links.frames
        self.refers_to |= links.refers_to
        self.patient_keys.add(links.patient_key)
        self.subject_ids.add(links.subject_id)
        self.site_ids.add(links.site_id)
        self.has_placeholder |= links.has_placeholder
        for told in (self.sop_instance_uids, self.studies, self.patient_keys):
            told.discard("")
        for told in (self.subject_ids, self.site_ids):
            told.discard("")

    def take(self, other: "Portion") -> None:
        """Take the files of another portion of the same place."""
        names = tuple(sorted({*self.place.names, *other.place.names}))
        listed = tuple(sorted({*self.place.listed, *other.place.listed}))
        self.place = replace(self.place, names=names, listed=listed)
        self.kinds += other.kinds
        self.sop_instance_uids |= other.sop_instance_uids
        self.studies |= other.studies
        self.frames |= other.frames
        self.refers_to |= other.refers_to
        self.patient_keys |= other.patient_keys
        self.subject_ids |= other.subject_ids
        self.site_ids |= other.site_ids
        self.has_placeholder |= other.has_placeholder
        self.shown = max(self.shown, other.shown, key=lambda one: one.count(MASK))

    @property
    def is_unreadable(self) -> bool:
        """Whether these are files that cannot be read."""
        return UNREADABLE in self.kinds


def places_below(root: Path) -> Iterator[Place]:
    """Yield every folder below a root that holds files, and every archive, whatever is in them.

    A folder that is reached twice, by a link, is entered once; one that cannot be listed is
    yielded with its own name, "", as the file that cannot be read.
    """
    seen: set[Path] = set()
    waiting: list[tuple[Path, frozenset[Path]]] = [(root, frozenset())]
    while waiting:
        folder, listed = waiting.pop()
        if (resolved := folder.resolve()) in seen:
            continue
        seen.add(resolved)
        inside = Inside.of(folder)
        listed |= set(inside.listed)  # what an index lists may lie deeper
        waiting += [(one, listed) for one in reversed(inside.folders)]
        path = _relative(folder, root)
        names = []
        for file, _ in inside.files:
            if file != folder and is_archive(file) and not unfit(file):
                yield Place(_relative(file, root), (), is_archive=True)
            else:
                names.append("" if file == folder else file.name)
        if names:
            of_medium = tuple(name for name in names if folder / name in listed) if listed else ()
            yield Place(path, tuple(names), listed=of_medium)


def portions_of(root: Path, place: Place) -> list[Portion]:
    """Return what in a place belongs together; files that are no DICOM belong to nothing."""
    if not place.is_archive:
        folder = root / place.path
        listed = frozenset(place.listed)
        entries = [
            Located(name, folder / name if name else folder, is_listed=name in listed)
            for name in place.names
        ]
        return _portions(place, entries)
    archive = Located(PurePosixPath(place.path).name, root / place.path)
    with opened_files([archive]) as found:
        within = len(archive.name) + 1
        entries = [replace(entry, name=entry.name[within:]) for entry in found.files]
        damaged = [Located(fault.file[within:], Path()) for fault in found.faults]
        return _portions(place, [*entries, *damaged])


def together(portions: Iterable[Portion]) -> list[Portion]:
    """Return portions of files that were looked at apart as those of a look at their places."""
    by_belonging: dict[tuple[object, ...], Portion] = {}
    apart: list[Portion] = []
    for portion in portions:
        place = portion.place
        of_object = frozenset() if portion.studies else frozenset(portion.sop_instance_uids)
        if not (portion.is_unreadable or portion.studies or of_object):
            apart.append(portion)  # an image that names no study
            continue
        belonging = (
            *(place.path, place.is_archive, portion.is_unreadable, of_object),
            *(frozenset(portion.studies), frozenset(portion.patient_keys)),
        )
        first = by_belonging.setdefault(belonging, portion)
        if first is not portion:
            first.take(portion)
    merged = [*by_belonging.values(), *apart]
    shown: dict[str, str] = {}
    for portion in merged:
        # What one file says of the patient masks the place of all.
        known = shown.get(portion.place.path, "")
        shown[portion.place.path] = max(known, portion.shown, key=lambda one: one.count(MASK))
    for portion in merged:
        portion.shown = shown[portion.place.path] or portion.shown
    return merged


def _portions(place: Place, entries: Iterable[Located]) -> list[Portion]:
    """Return the portions of a place.

    The files of a study of a patient make up one; of an object without a study, the object.
    """
    linked: list[tuple[str, Links]] = []
    damaged: list[str] = []
    for entry in entries:
        # An index is among the files of a place only where something is wrong with it.
        if entry.path == Path() or unfit(entry.path) or is_index(entry.path):
            damaged.append(entry.name)
            continue
        try:
            linked.append((entry.name, links_of(entry.path)))
        except NotDicomError:
            # A file that should be DICOM and is none is told with the objects beside it.
            if why_located_is_meant(entry):
                damaged.append(entry.name)
        except DicomError:
            if not _is_mark(entry):
                damaged.append(entry.name)
    said = {identity for _, links in linked for identity in links.identities}
    # The subject id is in every report; where it is the Patient ID too it names nobody.
    said -= {links.subject_id for _, links in linked}
    shown = masking(said).path(place.path)
    found: list[Portion] = []
    linked.sort(key=lambda one: (_belonging(one[1]), one[0]))
    for _, files in itertools.groupby(linked, key=lambda one: _belonging(one[1])):
        of_one = list(files)
        names = tuple(sorted(name for name, _ in of_one))
        portion = Portion(Place(place.path, names, place.is_archive), shown)
        for _, links in of_one:
            portion.add(links)
        found.append(portion)
    if damaged:
        names = tuple(sorted(damaged))
        kinds = Counter({UNREADABLE: len(names)})
        listed = tuple(name for name in place.listed if name in names)
        found.append(Portion(Place(place.path, names, place.is_archive, listed), shown, kinds))
    return found


def _is_mark(entry: Located) -> bool:
    """Whether a file says something by its name alone, as "export.done" does."""
    suffix = PurePosixPath(entry.name).suffix.casefold()
    # The last component of a UID is no suffix.
    is_named_otherwise = bool(suffix) and not suffix[1:].isdigit() and suffix not in DICOM_SUFFIXES
    is_mark = is_named_otherwise and not entry.is_listed
    return is_mark and not entry.path.stat().st_size


def _belonging(links: Links) -> tuple[str, str, str]:
    alone = "" if links.study_uid else links.sop_instance_uid
    return links.study_uid, links.patient_key, alone


def _relative(path: Path, root: Path) -> str:
    relative = path.relative_to(root).as_posix()
    return "" if relative == "." else relative
