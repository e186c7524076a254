"""Paths in, files out: which files a submission consists of, and what to call them."""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from oligort.dicom.archive import MAX_UNPACKED_BYTES, Member, is_archive, unpacked
from oligort.dicom.content import MAX_FILE_BYTES
from oligort.dicom.medium import INDEX_NAME, is_index, listed_of, medium_of
from oligort.display import quoted
from oligort.errors import DicomError
from oligort.objects import Fault

MAX_FILES = 100_000
"""More files than any one patient's export has: a larger folder holds many patients."""

JUNK_NAMES = frozenset(
    {
        *("thumbs.db", "desktop.ini", "__macosx", "system volume information", "@eadir"),
        *("$recycle.bin", "recycle bin", "recycler", "recycled", "#recycle", "@recycle", "trash"),
        *("lost+found", "~snapshot", "#snapshot", "@snapshot", "回收站"),
    }
)
"""What computers and network storage leave in folders: what was deleted is not handed in."""

_UNFINISHED_COPY = re.compile(
    r"\.(?:(?:rt\w*|rs|rd|rp|ct|mr|pt|dose|plan|struct)[^a-z].*|.+\.(?:dcm|dicom|ima))\.\w{6}",
    re.IGNORECASE,
)
"""How rsync calls an object until it is there whole, and leaves it where it is stopped.

Hidden files are no part of a submission; of this one nobody would see that it is missing.
"""


@dataclass(frozen=True, order=True)
class Located:
    """A file to read: `name` is its path relative to the submission, POSIX style.

    Of a member of an archive `archive` is where that lies and `member` its number in it.
    `is_listed` is whether the index of a medium lists it.
    """

    name: str
    path: Path
    archive: Path | None = field(default=None, compare=False)
    member: int | None = field(default=None, compare=False)
    is_listed: bool = False


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
def opened(
    paths: Iterable[str | Path], without: str | Path | Iterable[str | Path] = ()
) -> Iterator[Found]:
    """Find files in folders (at any depth) and in archives, which stay unpacked until the end.

    Of the index of a medium (DICOMDIR) the files that it lists are read. A file that is reached
    twice is listed once; what lies at or below a path of `without` is left out, but where that
    path holds the one that is to be read.

    Raises
    ------
    DicomError
        If no path is given, a path does not exist (nor one of `without`, which would leave nothing
        out in silence) or there are more than `MAX_FILES` files.
    """
    left_out = (without,) if isinstance(without, str | Path) else without
    apart = [Path(path).absolute() for path in left_out]
    for path in apart:
        _refuse_missing(path)
    roots = [Path(path).absolute() for path in paths]
    # An index stands for what it lists.
    own = {os.path.realpath(root) for root in roots}
    indices = [path for path in apart if os.path.realpath(path) not in own and is_index(path)]
    apart += [file for index in indices for file in medium_of(index).files]
    located, faults = _located(roots, [path.resolve() for path in apart])
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
    left_bytes = MAX_UNPACKED_BYTES
    with ExitStack() as unpacked_files:
        for archive in archives:
            into = unpacked_files.enter_context(TemporaryDirectory(prefix="oligort-"))
            members, trouble = _members_of(archive, Path(into), left_bytes)
            left_bytes -= sum(member.path.stat().st_size for member in members)
            files += members
            faults += trouble
        _refuse_many(len(files))
        yield Found(tuple(sorted(files)), tuple(faults))


def _members_of(archive: Located, into: Path, most_bytes: int) -> tuple[list[Located], list[Fault]]:
    try:
        members = unpacked(archive.path, into, most_bytes)
    except DicomError as error:
        return [], [Fault(archive.name, str(error))]
    files, faults = [], []
    listed, troubles = _listed_members(members)
    for number, member in enumerate(members):
        name = f"{archive.name}/{member.name}"
        if any(_is_junk(part) or part.casefold() == INDEX_NAME for part in member.name.split("/")):
            continue
        if member.path is None:
            faults.append(Fault(name, member.reason))
        else:
            is_listed = member.name in listed
            files.append(Located(name, member.path, archive.path, number, is_listed))
    faults += [Fault(f"{archive.name}/{index}", trouble) for index, trouble in troubles]
    if not files and not faults:
        nothing = "expected the files of an export, found an archive without any: pack it again"
        faults.append(Fault(archive.name, nothing))
    return files, faults


def _listed_members(members: Iterable[Member]) -> tuple[set[str], list[tuple[str, str]]]:
    """Return what the indices of media in an archive list, and which index has what trouble."""
    members = list(members)
    listed: set[str] = set()
    troubles = []
    for index in members:
        *folders, own_name = index.name.split("/")
        if own_name.casefold() != INDEX_NAME or any(map(_is_junk, folders)):
            continue
        if index.path is None:
            troubles.append((index.name, index.reason))
            continue
        within = "".join(f"{folder}/" for folder in folders)
        beside = [one.name[len(within) :] for one in members if one.name.startswith(within)]
        names, trouble = listed_of(index.path, beside)
        listed |= {within + name for name in names}
        if trouble:
            troubles.append((index.name, trouble))
    return listed, troubles


def _located(roots: Sequence[Path], without: Sequence[Path]) -> tuple[list[Located], list[Fault]]:
    if not roots:
        raise DicomError("expected at least one folder or file to read, found none")
    for root in roots:
        _refuse_missing(root)
    base = Path(os.path.commonpath([root if _is_folder(root) else root.parent for root in roots]))

    located: dict[Path, Located] = {}
    listed: set[Path] = set()
    faults: list[Fault] = []
    left_out = 0
    for root in sorted(set(roots)):
        apart = [one for one in without if not root.resolve().is_relative_to(one)]
        for path, trouble in _walk(root, listed):
            # Links may lead round in a circle, of which `resolve` makes an error.
            place = Path(os.path.realpath(path)) if apart else path
            if any(place.is_relative_to(one) for one in apart):
                left_out += 1
                continue
            name = path.relative_to(base).as_posix()
            reason = trouble or unfit(path)
            if reason:
                faults.append(Fault(name, reason))
                continue
            located.setdefault(path.resolve(), Located(name, path))
            _refuse_many(len(located))
    if left_out and not located and not faults:
        raise DicomError(
            f"expected files at {quoted(roots[0].name)} besides those that are left out, of the "
            f"submission or of an earlier course, found none"
        )
    return [replace(entry, is_listed=entry.path in listed) for entry in located.values()], faults


def _refuse_many(files: int) -> None:
    if files > MAX_FILES:
        raise DicomError(
            f"expected the files of one patient, found more than {MAX_FILES}; "
            "read one submission at a time"
        )


def _walk(root: Path, listed: set[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each file under a root, and what cannot be listed or is missing with the reason.

    What an index lists is added to `listed`.
    """
    if is_index(root):
        medium = medium_of(root)
        listed.update(medium.files)
        yield from ((path, "") for path in medium.files)
        if medium.trouble:
            yield root, medium.trouble
        return
    if not _is_folder(root):
        yield root, ""
        return
    seen: set[Path] = set()  # a symbolic link may lead back to a folder above it
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            resolved = folder.resolve()
        except OSError as error:
            yield folder, f"the folder cannot be listed: {error.strerror}"
            continue
        if resolved in seen:
            continue
        seen.add(resolved)
        inside = Inside.of(folder)
        listed.update(inside.listed)
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
    listed : tuple of Path
        What an index of a medium lists that lies there.
    """

    folders: tuple[Path, ...]
    files: tuple[tuple[Path, str], ...]
    listed: tuple[Path, ...] = ()

    @classmethod
    def of(cls, folder: Path) -> "Inside":
        """Return what lies in a folder, in the order of the names."""
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            return cls((), ((folder, f"the folder cannot be listed: {error.strerror}"),))
        folders: list[Path] = []
        listed: list[Path] = []
        files: list[tuple[Path, str]] = []
        for entry in entries:
            if _is_junk(entry.name):
                continue
            if _is_folder(entry):
                folders.append(entry)
            elif is_index(entry):
                # What it lists lies beside it and is found there.
                medium = medium_of(entry)
                listed += medium.files
                if medium.trouble:
                    files.append((entry, medium.trouble))
            else:
                files.append((entry, ""))
        return cls(tuple(folders), tuple(files), tuple(listed))


def _refuse_missing(root: Path) -> None:
    try:
        root.stat()
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        found = "nothing" if is_missing else f"what cannot be opened: {error.strerror}"
        raise DicomError(
            f"expected a folder or a file at {quoted(root.name)}, found {found}"
        ) from error


def _is_folder(path: Path) -> bool:
    """Tell whether a path is a folder; of what must not be looked at, `unfit` tells why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_junk(name: str) -> bool:
    is_hidden = name.startswith(".") and not _UNFINISHED_COPY.fullmatch(name)
    return is_hidden or name.casefold() in JUNK_NAMES


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
