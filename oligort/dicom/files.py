"""Paths in, files out: which files a submission consists of, and what to call them."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from oligort.dicom.archive import is_archive, unpacked
from oligort.dicom.medium import INDEX_NAME, is_index, medium_of
from oligort.display import quoted
from oligort.errors import DicomError
from oligort.objects import Fault

MAX_FILES = 100_000
"""More files than any one patient's export has: a larger folder holds many patients."""

MAX_FILE_BYTES = 2 * 1024**3
"""Largest file that is read; a dose on a 1 mm grid of the whole trunk is a quarter of it."""

JUNK_NAMES = frozenset(
    {"thumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "system volume information", "@eadir"}
)
"""What computers leave in folders."""


@dataclass(frozen=True, order=True)
class Located:
    """A file to read: `name` is its path relative to the submission, POSIX style."""

    name: str
    path: Path


@dataclass(frozen=True)
class Found:
    """The files to read, by name, and what cannot be read.

    Names are relative to the folder given or, where several paths are given, to the deepest folder
    that holds them all; those of files in an archive begin with its own. Neither these names nor
    those in the faults are masked yet.
    """

    files: tuple[Located, ...]
    faults: tuple[Fault, ...]


@contextmanager
def opened(paths: Iterable[str | Path]) -> Iterator[Found]:
    """Find files in folders (at any depth) and in archives, which stay unpacked until the end.

    Of the index of a medium (DICOMDIR) the files that it lists are read. A file that is reached
    twice is listed once.

    Raises
    ------
    DicomError
        If no path is given, a path does not exist or there are more than `MAX_FILES` files.
    """
    located, faults = _located(paths)
    with opened_files(located, faults) as found:
        yield found


@contextmanager
def opened_files(located: Iterable[Located], faults: Iterable[Fault] = ()) -> Iterator[Found]:
    """Take files that are located already; those in archives stay unpacked until the end.

    Raises
    ------
    DicomError
        If there are more than `MAX_FILES` files.
    """
    located, faults = list(located), list(faults)
    archives = [entry for entry in located if is_archive(entry.path)]
    files = [entry for entry in located if not is_archive(entry.path)]
    with ExitStack() as unpacked_files:
        for archive in archives:
            into = unpacked_files.enter_context(TemporaryDirectory(prefix="oligort-"))
            members, trouble = _members_of(archive, Path(into))
            files += members
            faults += trouble
        _refuse_many(len(files))
        yield Found(tuple(sorted(files)), tuple(faults))


def _members_of(archive: Located, into: Path) -> tuple[list[Located], list[Fault]]:
    try:
        members = unpacked(archive.path, into)
    except DicomError as error:
        return [], [Fault(archive.name, str(error))]
    files, faults = [], []
    for member in members:
        name = f"{archive.name}/{member.name}"
        if any(_is_junk(part) or part.casefold() == INDEX_NAME for part in member.name.split("/")):
            continue
        if member.path is None:
            faults.append(Fault(name, member.reason))
        else:
            files.append(Located(name, member.path))
    return files, faults


def _located(paths: Iterable[str | Path]) -> tuple[list[Located], list[Fault]]:
    roots = [Path(path).absolute() for path in paths]
    if not roots:
        raise DicomError("expected at least one folder or file to read, found none")
    for root in roots:
        if not root.exists():
            raise DicomError(f"expected a folder or a file at {quoted(root.name)}, found nothing")
    base = Path(os.path.commonpath([root if root.is_dir() else root.parent for root in roots]))

    located: dict[Path, Located] = {}
    faults: list[Fault] = []
    for root in sorted(set(roots)):
        for path, trouble in _walk(root):
            name = path.relative_to(base).as_posix()
            reason = trouble or unfit(path)
            if reason:
                faults.append(Fault(name, reason))
                continue
            located.setdefault(path.resolve(), Located(name, path))
            _refuse_many(len(located))
    return list(located.values()), faults


def _refuse_many(files: int) -> None:
    if files > MAX_FILES:
        raise DicomError(
            f"expected the files of one patient, found more than {MAX_FILES}; "
            "read one submission at a time"
        )


def _walk(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file under a root, and what cannot be listed or is missing with the reason."""
    if is_index(root):
        medium = medium_of(root)
        yield from ((path, "") for path in medium.files)
        if medium.trouble:
            yield root, medium.trouble
        return
    if not root.is_dir():
        yield root, ""
        return
    seen: set[Path] = set()  # a symbolic link may lead back to a folder above it
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        if (resolved := folder.resolve()) in seen:
            continue
        seen.add(resolved)
        inside = Inside.of(folder)
        waiting += inside.folders
        yield from inside.files


@dataclass(frozen=True)
class Inside:
    """What lies directly in a folder, without what computers leave there.

    Parameters
    ----------
    folders : tuple of Path
        Its folders.
    files : tuple of (Path, str)
        Its files, and with a reason what cannot be listed or is missing.
    """

    folders: tuple[Path, ...]
    files: tuple[tuple[Path, str], ...]

    @classmethod
    def of(cls, folder: Path) -> "Inside":
        """Return what lies in a folder, in the order of the names."""
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            return cls((), ((folder, f"the folder cannot be listed: {error.strerror}"),))
        folders: list[Path] = []
        files: list[tuple[Path, str]] = []
        for entry in entries:
            if _is_junk(entry.name):
                continue
            if entry.is_dir():
                folders.append(entry)
            elif is_index(entry):
                # What it lists lies beside it and is found there.
                if trouble := medium_of(entry).trouble:
                    files.append((entry, trouble))
            else:
                files.append((entry, ""))
        return cls(tuple(folders), tuple(files))


def _is_junk(name: str) -> bool:
    return name.startswith(".") or name.casefold() in JUNK_NAMES


def unfit(path: Path) -> str:
    """Return why a file must not be opened, or ""."""
    try:
        status = path.stat()
    except OSError as error:
        return f"the file cannot be opened: {error.strerror}"
    if not stat.S_ISREG(status.st_mode):
        return "not a regular file"
    if status.st_size > MAX_FILE_BYTES:
        return f"larger than {MAX_FILE_BYTES // 1024**3} GiB, the most that is read of one file"
    return ""
