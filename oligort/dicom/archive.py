"""Archive: the files in a zip, unpacked beside each other for as long as they are read.

What a zip says of itself is not believed: no name of a member becomes a path, nothing is unpacked
beyond what is declared, and nothing is begun that declares more than any export holds.
"""

import re
import shutil
import stat
import struct
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from oligort.dicom.content import MAX_FILE_BYTES
from oligort.errors import DicomError

SUFFIX = ".zip"
"""What an archive is called. Documents of office programs are zips too, and are none of ours."""

MAX_MEMBERS = 100_000
"""More files than any one patient's export has."""

MAX_UNPACKED_BYTES = 4 * 1024**3
"""Most that the archives of one read unpack to: eight thousand CT images of 512 x 512 pixels."""

MOST_OF_DEFLATE = 1032
"""A deflated byte holds at most so many (zlib's own figure); what declares more overlaps itself."""

_BROKEN = (
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    UnicodeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What `zipfile` raises on bytes that are no valid archive: caught around its calls alone."""

_READ_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""How members may be packed; other methods are rare, and may unfold without bound."""

_DRIVE = re.compile("[A-Za-z]:")
"""A drive of Windows, at the begin of a path; a time of day in a name is none."""

_ASSUMED = "cp437"
"""How `zipfile` reads a name that is not marked as UTF-8."""

_ENCRYPTED, _IS_UTF8 = 0x1, 0x800
"""Bits of the general purpose flags (APPNOTE 4.4.4)."""


@dataclass(frozen=True)
class Member:
    """A file of an archive: its name there, and where it is unpacked or why it is not."""

    name: str
    path: Path | None
    reason: str = ""


def is_archive(path: Path) -> bool:
    """Tell whether a file is to be unpacked, by its name."""
    return path.suffix.casefold() == SUFFIX


def unpacked(path: Path, into: Path, most_bytes: int = MAX_UNPACKED_BYTES) -> tuple[Member, ...]:
    """Unpack an archive into an empty folder, and return its files; folders are none.

    Up to `most_bytes` are unpacked: what other archives of the same read have left.

    Raises
    ------
    DicomError
        If it is no archive, or declares more than any export holds.
    """
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        if isinstance(error, OSError) and error.strerror:
            raise DicomError(f"the archive cannot be opened: {error.strerror}") from error
        raise DicomError(
            "expected a zip archive, found bytes that are none: pack the export again"
        ) from error
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _refuse_bombs(infos, path.stat().st_size, most_bytes)
        hidden: dict[str, int] = {}
        return tuple(
            _unpacked(archive, info, _parts(info, hidden), into / str(number))
            for number, info in enumerate(infos)
        )


def unpacked_member(path: Path, number: int, into: Path) -> Path:
    """Unpack one file of an archive, by its place in what `unpacked` returns, and return its path.

    Raises
    ------
    DicomError
        If the archive cannot be read any more, or the file is not to be unpacked.
    """
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise DicomError("the archive that it was in cannot be read any more") from error
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _refuse_bombs(infos, path.stat().st_size, MAX_UNPACKED_BYTES)
        if number >= len(infos):
            raise DicomError("the archive that it was in holds fewer files than before")
        hidden: dict[str, int] = {}
        parts = [_parts(info, hidden) for info in infos[: number + 1]]
        member = _unpacked(archive, infos[number], parts[number], into / str(number))
    if member.path is None:
        raise DicomError(member.reason)
    return member.path


def _refuse_bombs(infos: list[zipfile.ZipInfo], packed_bytes: int, most_bytes: int) -> None:
    if len(infos) > MAX_MEMBERS:
        raise DicomError(
            f"expected the files of one patient, found an archive of {len(infos)}: more than "
            f"{MAX_MEMBERS} are not unpacked"
        )
    declared = sum(info.file_size for info in infos)
    if declared > min(most_bytes, MOST_OF_DEFLATE * packed_bytes):
        raise DicomError(
            f"the archive declares {declared} bytes in {packed_bytes}: more than an export holds "
            f"with its other archives, or than can be packed so; nothing of it is unpacked"
        )


def _parts(info: zipfile.ZipInfo, hidden: dict[str, int]) -> tuple[str, ...]:
    """Return the folders and the name of a member; a name in an encoding unknown is a number.

    Of other than ASCII an archive says only whether it is UTF-8. Read as what it is not, a name
    looks damaged and still reads back as the patient's, which nothing would mask. `hidden` numbers
    such names in the order in which they occur.
    """
    name = info.filename
    if not info.flag_bits & _IS_UTF8 and not name.isascii():
        with suppress(UnicodeError):
            name = name.encode(_ASSUMED).decode("utf-8")
        if name == info.filename:
            parts = PurePosixPath(name.replace("\\", "/")).parts
            return tuple(part if part.isascii() else _numbered(part, hidden) for part in parts)
    return PurePosixPath(name.replace("\\", "/")).parts


def _numbered(part: str, hidden: dict[str, int]) -> str:
    suffix = PurePosixPath(part).suffix
    number = hidden.setdefault(part, len(hidden) + 1)
    return f"unreadable name {number}{suffix if suffix.isascii() else ''}"


def _unpacked(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, parts: tuple[str, ...], path: Path
) -> Member:
    """Unpack one member to a path; its name says only what it is called."""
    within = [part for part in parts if part not in {"/", "//", ".."}]
    name = "/".join(within) or "no name"
    if not parts or len(within) < len(parts) or _DRIVE.match(parts[0]):
        return Member(name, None, "its path leads out of the archive: it is not unpacked")
    if reason := _unfit(info, name):
        return Member(name, None, reason)
    try:
        with archive.open(info) as packed, path.open("xb") as plain:
            shutil.copyfileobj(packed, plain)
    except _BROKEN as error:
        path.unlink(missing_ok=True)
        why = getattr(error, "strerror", None) or type(error).__name__
        return Member(name, None, f"it cannot be unpacked: {why}")
    return Member(name, path)


def _unfit(info: zipfile.ZipInfo, name: str) -> str:
    """Return why a member must not be unpacked, or ""."""
    if is_archive(Path(name)):
        return "an archive inside an archive is not unpacked; give it by itself"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a symbolic link is not followed out of an archive"
    if info.file_size > MAX_FILE_BYTES:
        return f"larger than {MAX_FILE_BYTES // 1024**3} GiB, the most that is read of one file"
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted; pack the export without a password"
    if info.compress_type not in _READ_METHODS:
        return "it is packed by an unusual method; pack the export by deflate"
    return ""
