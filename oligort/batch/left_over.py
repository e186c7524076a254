"""Left over: reports in the folder of a batch that are of no submission of its last run."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from oligort.errors import OutputError

NOTE = "left_over.txt"
"""The file of their names, one a line, beside what a batch knows of each report."""

SUFFIX = ".json"
"""Ending of the reports; what the note calls a report is without it."""


def report_files(folder: Path, unlisted: list[OSError]) -> Iterator[Path]:
    """Yield what may be a report below a folder: JSON files, also through links, none hidden.

    Each folder is entered once; why one cannot be listed is added to `unlisted`.
    """
    root = folder.resolve()
    entered = {root, *root.parents}  # no link leads back up
    for place, folders, files in os.walk(folder, onerror=unlisted.append, followlinks=True):
        inner: list[str] = []
        for name in sorted(name for name in folders if not name.startswith(".")):
            resolved = Path(place, name).resolve()
            if resolved not in entered:
                entered.add(resolved)
                inner.append(name)
        folders[:] = inner
        for name in sorted(files):
            if name.casefold().endswith(SUFFIX) and not name.startswith("."):
                yield Path(place, name)


def name_of(file: Path, reports: Path) -> str:
    """Return what the note on a folder of reports calls a file in it: "S-01", "older/S-01"."""
    return file.relative_to(reports).as_posix().removesuffix(SUFFIX)


def unknown_in(reports: Path, known: Iterable[str]) -> list[str]:
    """Return the names of the reports in a folder that are not among those known."""
    names = {name_of(file, reports) for file in report_files(reports, [])}
    return sorted(names - set(known))


def noted(names: Iterable[str]) -> bytes:
    """Return what the note says of reports by their names."""
    lines = sorted(quote(os.fsencode(name)) for name in names)
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def names_in(note: Path) -> frozenset[str]:
    """Return the names of the reports that a note says are left over; none where there is none.

    Raises
    ------
    OutputError
        If it is there and cannot be read: what it says of the reports is not to be missed.
    """
    try:
        lines = note.read_text(encoding="ascii").split()
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(
            f"expected the note of a batch on reports that are left over ({NOTE}), found one that "
            "cannot be read; run the batch again, or remove it"
        ) from error
    return frozenset(os.fsdecode(unquote_to_bytes(line)) for line in lines)
