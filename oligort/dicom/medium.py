"""Medium: what the index of a DICOM medium lists (DICOMDIR, PS3.10), and what is there."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from oligort.dicom.content import as_parsed, stored_bytes_of
from oligort.dicom.elements import is_present, items, text, title
from oligort.dicom.parsed import Parsed, parse, repeats_of
from oligort.dicom.repeats import RepeatedError, TooManyElementsError
from oligort.dicom.truncation import refuse_truncated
from oligort.display import listed
from oligort.errors import DicomError

INDEX_NAME = "dicomdir"
"""What the index is called, in any case of letters."""

MAX_INDEX_BYTES = 64 * 1024**2
"""Largest index that is read: some hundred thousand records."""

MAX_RECORD_ELEMENTS = 1_500_000
"""Most elements of an index that are looked at: fifteen for each of the most files."""


@dataclass(frozen=True)
class Medium:
    """The files that an index lists.

    Parameters
    ----------
    files : tuple of Path
        Those that are there.
    trouble : str
        What is wrong with the index or is missing beside it, or "".
    """

    files: tuple[Path, ...] = ()
    trouble: str = ""


def is_index(path: Path) -> bool:
    """Tell whether a path is the index of a medium: a regular file of that name."""
    return path.name.casefold() == INDEX_NAME and _is_file(path)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # in a folder that must not be entered, or too deep
        return False


def medium_of(index: Path) -> Medium:
    """Return what an index lists; names are compared in any case of letters, as media need it."""
    try:
        file_ids, cut_short = _file_ids(index)
    except DicomError as error:
        return Medium(trouble=str(error))
    folders: dict[Path, dict[str, Path]] = {}
    found = {file_id: _beside(index.parent, file_id, folders) for file_id in file_ids}
    within = index.parent.resolve()
    listed_files = {file_id: path for file_id, path in found.items() if path is not None}
    outside = [
        file_id
        for file_id, path in listed_files.items()
        if not path.resolve().is_relative_to(within)
    ]
    troubles = [
        _told(what, file_ids)
        for what, file_ids in (
            ("are not there", [file_id for file_id in found if file_id not in listed_files]),
            ("are links out of the medium, which are not followed", outside),
        )
        if file_ids
    ]
    files = (path for file_id, path in listed_files.items() if file_id not in outside)
    return Medium(tuple(files), "; ".join(filter(None, (cut_short, *troubles))))


def listed_of(index: Path, beside: Iterable[str]) -> tuple[frozenset[str], str]:
    """Return which names beside an index it lists, and what is wrong or missing, or "".

    Parameters
    ----------
    index : Path
        An index that was unpacked, and lies elsewhere than what it lists.
    beside : iterable of str
        Names of files relative to the folder of the index, POSIX style; any case of letters.
    """
    try:
        file_ids, cut_short = _file_ids(index)
    except DicomError as error:
        return frozenset(), str(error)
    names: dict[str, list[str]] = {}
    for name in beside:
        names.setdefault(name.casefold(), []).append(name)
    found = {
        file_id: names.get("/".join(part.strip().casefold() for part in file_id), ())
        for file_id in file_ids
    }
    missing = [file_id for file_id, own in found.items() if not own]
    troubles = filter(None, (cut_short, _told("are not there", missing) if missing else ""))
    return frozenset(name for own in found.values() for name in own), "; ".join(troubles)


def _told(what: str, file_ids: Sequence[tuple[str, ...]]) -> str:
    return f"it lists {len(file_ids)} files that {what}: {listed(map('/'.join, file_ids), 3)}"


def _file_ids(index: Path) -> tuple[list[tuple[str, ...]], str]:
    """Return the components of each Referenced File ID (0004,1500), each file once.

    And why it may list fewer than the medium has: it is cut short, or holds no records. Else "".

    Raises
    ------
    DicomError
        If the index cannot be read.
    """
    if index.stat().st_size > MAX_INDEX_BYTES:
        raise DicomError(
            f"the index is larger than {MAX_INDEX_BYTES // 1024**2} MiB, the most that is read"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ids that are none are not there
        try:
            encoded = as_parsed(stored_bytes_of(index), index)
            parsed = parse(encoded)
        except DicomError as error:
            raise DicomError(f"the index of the medium cannot be read: {error}") from error
        cut_short = _why_incomplete(parsed, encoded)  # as it stands in the file, before it is read
        dataset = parsed.dataset
        ids = [
            text(record, "ReferencedFileID") for record in items(dataset, "DirectoryRecordSequence")
        ]
    return [tuple(file_id.split("\\")) for file_id in dict.fromkeys(ids) if file_id], cut_short


def _why_incomplete(parsed: Parsed, encoded: bytes) -> str:
    """Return why an index may list fewer files than its medium has, or "".

    Raises
    ------
    DicomError
        If it holds more elements than any index.
    """
    may_lack = "files of the medium may be missing from it, export it anew"
    if not is_present(parsed.dataset, "DirectoryRecordSequence"):
        where = title("DirectoryRecordSequence")
        return f"expected the records of the files in {where}, found none: {may_lack}"
    try:
        refuse_truncated(parsed.dataset, encoded)
        if repeats := repeats_of(parsed, encoded, MAX_RECORD_ELEMENTS):
            raise RepeatedError(repeats)
    except TooManyElementsError:
        raise  # nothing of it is read
    except DicomError as error:
        return f"{error}; {may_lack}"
    return ""


def _beside(
    folder: Path, file_id: tuple[str, ...], folders: dict[Path, dict[str, Path]]
) -> Path | None:
    """Return the file of an id below a folder, or None; no id leads out of it."""
    path = folder
    for component in file_id:
        if path not in folders:
            try:
                folders[path] = {entry.name.casefold(): entry for entry in path.iterdir()}
            except OSError:
                return None  # a file, or a folder that cannot be listed
        # A name that is not in the list of the folder, such as "..", is not there.
        entry = folders[path].get(component.strip().casefold())
        if entry is None:
            return None
        path = entry
    return path if _is_file(path) else None
