"""Paths in, files out: which files a submission consists of, and what to call them."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from oligort.display import quoted
from oligort.errors import DicomError
from oligort.submission import Fault

MAX_FILES = 100_000
"""More files than any one patient's export has: a larger folder holds many patients."""

MAX_FILE_BYTES = 2 * 1024**3
"""Largest file that is read; a dose on a 1 mm grid of the whole trunk is a quarter of it."""

JUNK_NAMES = frozenset({"thumbs.db", "desktop.ini", "__macosx", "dicomdir"})
"""What computers leave in folders, and the index of a DICOM medium, which holds no object."""


@dataclass(frozen=True, order=True)
class Located:
    """A file to read: `name` is its path relative to the submission, POSIX style."""

    name: str
    path: Path


def locate(paths: Iterable[str | Path]) -> tuple[tuple[Located, ...], tuple[Fault, ...]]:
    """Return the files in folders (at any depth) and files, by name, and what cannot be read.

    Names are relative to the folder given or, where several paths are given, to the deepest
    folder that holds them all. A file that is reached twice is listed once. The names, and those
    in the faults, are not yet masked.

    Raises
    ------
    DicomError
        If no path is given, a path does not exist or there are more than `MAX_FILES` files.
    """
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
            reason = trouble or _unfit(path)
            if reason:
                faults.append(Fault(name, reason))
                continue
            located.setdefault(path.resolve(), Located(name, path))
            if len(located) > MAX_FILES:
                raise DicomError(
                    f"expected the files of one patient, found more than {MAX_FILES}; "
                    "read one submission at a time"
                )
    return tuple(sorted(located.values())), tuple(faults)


def _walk(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file under a root, and each folder that cannot be listed with the reason."""
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
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            yield folder, f"the folder cannot be listed: {error.strerror}"
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name.casefold() in JUNK_NAMES:
                continue
            if entry.is_dir():
                waiting.append(entry)
            else:
                yield entry, ""


def _unfit(path: Path) -> str:
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
