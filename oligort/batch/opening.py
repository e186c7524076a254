"""Opening: the files of a submission that was found, and the digest of all they hold."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oligort.batch.portion import Place
from oligort.dicom.archive import is_archive
from oligort.dicom.files import Found, Inside, Located, opened_files, unfit
from oligort.dicom.medium import is_index, medium_of
from oligort.objects import Fault


@contextmanager
def opened_places(root: Path, base: str, places: Iterable[Place]) -> Iterator[Found]:
    """Open the files of a submission, named relative to the folder `base` below a root."""
    located: dict[Path, Located] = {}
    faults: list[Fault] = []
    wanted: set[str] = set()  # files, and of archives that others share the members
    whole_archives: list[str] = []
    for place in places:
        for path, trouble in _files_of(root, place):
            name = path.relative_to(root / base).as_posix()
            if reason := trouble or unfit(path):
                faults.append(Fault(name, reason))
                continue
            is_listed = path.name in place.listed
            located.setdefault(path.resolve(), Located(name, path, is_listed=is_listed))
            if not place.is_archive:
                wanted.add(name)
            elif place.names:
                wanted.update(f"{name}/{member}" for member in place.names)
            else:
                whole_archives.append(f"{name}/")
    prefixes = tuple(whole_archives)
    with opened_files(located.values(), faults) as found:
        yield Found(
            tuple(f for f in found.files if f.name in wanted or f.name.startswith(prefixes)),
            (
                *faults,
                # an archive that cannot be unpacked is a fault of its own name
                *(
                    fault
                    for fault in found.faults[len(faults) :]
                    if fault.file in wanted or f"{fault.file}/".startswith(prefixes)
                ),
            ),
        )


def _files_of(root: Path, place: Place) -> Iterator[tuple[Path, str]]:
    """Yield the files of a place, an archive as itself, with what is wrong with each."""
    path = root / place.path
    if place.is_archive:
        yield path, ""
        return
    if place.names:
        for name in place.names:
            yield path / name, _trouble_of(path / name) if name else "the folder cannot be listed"
        return
    for file, trouble in Inside.of(path).files:
        if not is_archive(file) or unfit(file):
            yield file, trouble


def _trouble_of(path: Path) -> str:
    return medium_of(path).trouble if is_index(path) else ""


def digest_of(found: Found) -> str:
    """Return the SHA-256 of all files, their names and what cannot be opened, in hex digits."""
    digest = hashlib.sha256()
    for entry in found.files:
        try:
            with entry.path.open("rb") as stream:
                of_file = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            of_file = f"cannot be read: {error.strerror}"
        listed = "listed" if entry.is_listed else ""
        digest.update(f"{entry.name}\0{of_file}\0{listed}\0".encode("utf-8", "surrogateescape"))
    for fault in found.faults:
        digest.update(f"{fault.file}\0{fault.reason}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
