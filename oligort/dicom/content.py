"""Content: the bytes of a file as they are parsed, unfolded where the file is deflated."""

import zlib
from dataclasses import dataclass
from pathlib import Path

from oligort.errors import DicomError

HEAD_BYTES = 256 * 1024
"""How much of a file is read first; the header of an image hardly ever needs more."""

MAX_UNFOLDED_BYTES = 1024**3
"""Most that a deflated file may unfold to: a dose of 1 mm voxels of the whole trunk is a quarter.

A deflate stream holds a thousand times its size at most; a megabyte of it can ask for a gigabyte.
"""

DEFLATED = b"1.2.840.10008.1.2.1.99"
"""Deflated Explicit VR Little Endian: all behind the file meta information is one stream."""

_EXPLICIT = b"1.2.840.10008.1.2.1".ljust(len(DEFLATED), b"\0")
"""What the stream holds, as long: lengths in the file meta information stay true."""

_MARKER, _GROUP_LENGTH = b"DICM", b"\x02\x00\x00\x00UL\x04\x00"
_META_BEGIN = 132
"""Behind the preamble and its marker the file meta information begins, with its own length."""


@dataclass(frozen=True)
class Content:
    """What is to be parsed of a file.

    Parameters
    ----------
    path : Path
        Where the file lies.
    head : bytes
        Its first `HEAD_BYTES`, or all there is.
    """

    path: Path
    head: bytes
    _unfolded: bytes | None = None

    @classmethod
    def of(cls, path: Path) -> "Content":
        """Return the content of a file.

        Raises
        ------
        DicomError
            If it cannot be read, or unfolds to more than `MAX_UNFOLDED_BYTES`.
        """
        head = stored_bytes_of(path, HEAD_BYTES)
        if not is_deflated(head):
            return cls(path, head)
        unfolded = as_parsed(stored_bytes_of(path))
        return cls(path, unfolded[:HEAD_BYTES], unfolded)

    @property
    def is_whole(self) -> bool:
        """Whether the head is all there is."""
        return len(self.head) < HEAD_BYTES

    @property
    def size_bytes(self) -> int:
        """How many bytes there are."""
        return self.path.stat().st_size if self._unfolded is None else len(self._unfolded)

    def first(self, count: int = -1) -> bytes:
        """Return the first bytes, or all of them.

        Raises
        ------
        DicomError
            If the file cannot be read.
        """
        if 0 <= count <= len(self.head):
            return self.head[:count]
        if self._unfolded is None:
            return stored_bytes_of(self.path, count)
        return self._unfolded if count < 0 else self._unfolded[:count]


def stored_bytes_of(path: Path, count: int = -1) -> bytes:
    """Return the first bytes of a file as they are stored, or all of them.

    Raises
    ------
    DicomError
        If the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(count)
    except OSError as error:
        raise DicomError(f"the file cannot be read: {error.strerror}") from error


def is_deflated(encoded: bytes) -> bool:
    """Tell whether the file meta information names the deflated transfer syntax."""
    end = _meta_end(encoded)
    return end is not None and DEFLATED in encoded[_META_BEGIN:end]


def as_parsed(encoded: bytes) -> bytes:
    """Return the bytes of a file as they are parsed: those of a deflated one unfolded.

    Raises
    ------
    DicomError
        If what is deflated is damaged, ends early or unfolds to more than `MAX_UNFOLDED_BYTES`.
    """
    if not is_deflated(encoded):
        return encoded
    end = _meta_end(encoded)
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        unfolded = stream.decompress(encoded[end:], MAX_UNFOLDED_BYTES)
    except zlib.error as error:
        raise DicomError("the deflated elements are damaged: they cannot be unfolded") from error
    if stream.unconsumed_tail:
        raise DicomError(
            f"the deflated elements unfold to more than {MAX_UNFOLDED_BYTES // 1024**2} MiB, the "
            f"most that is unfolded of one file"
        )
    if not stream.eof:
        raise DicomError("the file is truncated: its deflated elements end early")
    return encoded[:end].replace(DEFLATED, _EXPLICIT) + unfolded


def _meta_end(encoded: bytes) -> int | None:
    """Return where the file meta information ends by its own length, or None without one."""
    begin = _META_BEGIN + len(_GROUP_LENGTH)
    length = encoded[begin : begin + 4]
    if encoded[_META_BEGIN - 4 : begin] != _MARKER + _GROUP_LENGTH or len(length) < 4:
        return None
    return begin + 4 + int.from_bytes(length, "little")
