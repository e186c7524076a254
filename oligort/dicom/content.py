"""Content: the bytes of a file as they are parsed, unfolded where the file is deflated."""

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import NoReturn

from pydicom.dataset import FileDataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag

from oligort.dicom.elements import BROKEN, text, why
from oligort.errors import DicomError

HEAD_BYTES = 256 * 1024
"""How much of a file is read first; the header of an image hardly ever needs more."""

MAX_FILE_BYTES = 2 * 1024**3
"""Largest file that is opened, and largest that is unpacked."""

MAX_OBJECT_BYTES = 640 * 1024**2
"""Largest object that is read whole: a dose of 0.5 GiB is one of 1 mm voxels of the whole trunk."""

MAX_UNFOLDED_BYTES = 128 * 1024**2
"""Most that a deflated file may unfold to: a dose of 16 bits and 512 x 512 x 250 voxels.

A deflate stream holds a thousand times its size at most; a megabyte of it can ask for a gigabyte.
"""

MAX_UNFOLDED_BYTES_OF_READ = 4 * 1024**3
"""Most that all deflated files of one reading may unfold to together, as of what is packed in zips.

Eight thousand images of 512 x 512 pixels. Each file alone may be below its own limit, and a hundred
thousand of them ask for hours.
"""

MAX_READS = 500_000
"""Most reads by which an object is parsed, two or three an element.

Items are passed over before (`oligort.dicom.passage`): these are of the object itself, a hundred.
Only of sequences that cannot be passed over they are read as well, up to some 15,000 contours.
"""

DEFLATE_MAX_RATIO = 1032
"""By no more than this does a deflate stream grow: 258 bytes for two bits."""

META_BYTES = 8192
"""Within these the file meta information of a deflated file ends; it takes a few hundred."""

DEFLATED = b"1.2.840.10008.1.2.1.99"
"""Deflated Explicit VR Little Endian: all behind the file meta information is one stream."""

_EXPLICIT = b"1.2.840.10008.1.2.1".ljust(len(DEFLATED), b"\0")
"""What the stream holds, as long: lengths in the file meta information stay true."""

_STEP_BYTES = 64 * 1024
"""How much of a stream is unfolded in one go."""

_MARKER = b"DICM"
_META_BEGIN = 132
"""Behind the preamble and its marker the file meta information begins."""


@dataclass
class _Unfolding:
    """How many bytes each file of a reading unfolded to, and whether that was all that may be.

    A file that is unfolded again counts once; a damaged one as what it may have unfolded to.
    """

    bytes_of: dict[Path, int] = field(default_factory=dict)
    is_over: bool = False


_unfolding: ContextVar[_Unfolding | None] = ContextVar("unfolding", default=None)


@contextmanager
def bounded_unfolding() -> Iterator[None]:
    """Let files unfold to `MAX_UNFOLDED_BYTES_OF_READ` together, within this context."""
    token = _unfolding.set(_Unfolding())
    try:
        yield
    finally:
        _unfolding.reset(token)


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
        unfolded = as_parsed(stored_bytes_of(path), path)
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
        If the file cannot be read, or is larger than `MAX_OBJECT_BYTES` and wanted whole.
    """
    most = MAX_OBJECT_BYTES + 1 if count < 0 else count
    try:
        with path.open("rb") as stream:
            encoded = stream.read(min(most, os.fstat(stream.fileno()).st_size + 1))
    except OSError as error:
        raise DicomError(f"the file cannot be read: {error.strerror}") from error
    except MemoryError as error:
        raise DicomError("the file cannot be read: there is not enough memory for it") from error
    if len(encoded) > MAX_OBJECT_BYTES:
        raise DicomError(
            f"larger than {MAX_OBJECT_BYTES // 1024**2} MiB, the most that is read of one object"
        )
    return encoded


def is_deflated(encoded: bytes) -> bool:
    """Tell whether the file meta information names the deflated transfer syntax."""
    return _deflated_from(encoded) is not None


def as_parsed(encoded: bytes, path: Path | None = None) -> bytes:
    """Return the bytes of a file as they are parsed: those of a deflated one unfolded.

    Raises
    ------
    DicomError
        If what is deflated is damaged, ends early or unfolds to more than `MAX_UNFOLDED_BYTES`, or
        with the files before it to more than `MAX_UNFOLDED_BYTES_OF_READ`.
    """
    begin = _deflated_from(encoded)
    if begin is None:
        return encoded
    unfolding = _unfolding.get()
    if unfolding is None or path is None or path in unfolding.bytes_of:
        return _unfolded(encoded, begin, MAX_UNFOLDED_BYTES)[0]
    left = MAX_UNFOLDED_BYTES_OF_READ - sum(unfolding.bytes_of.values())
    most_bytes = min(left, MAX_UNFOLDED_BYTES)
    try:
        if unfolding.is_over:
            raise _TooMuchError
        parsed, unfolding.bytes_of[path] = _unfolded(encoded, begin, most_bytes)
    except _TooMuchError:
        if left >= MAX_UNFOLDED_BYTES:
            unfolding.bytes_of[path] = most_bytes
            raise
        unfolding.is_over = True
        raise DicomError(
            "with the files before it, its deflated elements unfold to more than "
            f"{MAX_UNFOLDED_BYTES_OF_READ // 1024**2} MiB, the most that is unfolded of one "
            "submission; export it without compression"
        ) from None
    except DicomError:
        unfolding.bytes_of[path] = min(most_bytes, DEFLATE_MAX_RATIO * len(encoded))
        raise
    return parsed


class _TooMuchError(DicomError):
    """What unfolds to more than is unfolded."""


def _unfolded(encoded: bytes, begin: int, most_bytes: int) -> tuple[bytes, int]:
    """Return a file with what is deflated from `begin` on unfolded, and how many bytes that is."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    whole = BytesIO()  # grows in place: nothing is held twice
    whole.write(encoded[:begin].replace(DEFLATED, _EXPLICIT))
    folded, left = memoryview(encoded)[begin:], most_bytes
    while folded and not stream.eof:
        try:
            part = stream.decompress(folded[:_STEP_BYTES], left + 1)
        except zlib.error as error:
            raise DicomError(
                "the deflated elements are damaged: they cannot be unfolded"
            ) from error
        if len(part) > left:
            raise _TooMuchError(
                f"the deflated elements unfold to more than {MAX_UNFOLDED_BYTES // 1024**2} MiB, "
                f"the most that is unfolded of one file; export it without compression"
            )
        whole.write(part)
        left -= len(part)
        folded = folded[_STEP_BYTES:]
    if not stream.eof:
        raise DicomError("the file is truncated: its deflated elements end early")
    return whole.getvalue(), most_bytes - left


def _deflated_from(encoded: bytes) -> int | None:
    """Return where deflated elements begin, behind the file meta information, or None.

    Told by the elements, as pydicom tells it, and not by the length that the meta information
    states of itself: that may be missing or wrong.
    """
    if DEFLATED not in encoded[:META_BYTES]:
        return None
    stream = _Bounded(encoded[:META_BYTES])
    stream.seek(_META_BEGIN if encoded[_META_BEGIN - 4 : _META_BEGIN] == _MARKER else 0)
    try:
        meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
        syntax = text(meta, "TransferSyntaxUID")
    except (*BROKEN, DicomError):
        return None  # what is no meta information, the parser refuses
    return stream.tell() if syntax == DEFLATED.decode() else None


def _not_unfolded() -> str:
    return (
        f"the deflated elements begin behind more than {META_BYTES // 1024} KiB of file meta "
        "information, or it is damaged: they are not unfolded"
    )


class _Bounded(BytesIO):
    """A file in memory, of which pydicom reads no more than is good.

    It reads all the rest at once for one thing: to inflate it, to whatever size. And it reads some
    bytes for each element, each of which becomes an object.
    """

    reads = 0
    refusal = ""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes, where so many may be asked for."""
        self.reads += 1
        if size is None or size < 0:
            self._refuse(_not_unfolded())
        if self.reads > MAX_READS:
            self._refuse(f"expected the elements of one object, found more than {MAX_READS // 2}")
        return super().read(size)

    def _refuse(self, reason: str) -> NoReturn:
        self.refusal = reason  # pydicom turns what is raised within an item into another error
        raise DicomError(reason)


def elements_of(
    encoded: bytes, stop_when: Callable[[BaseTag, str | None, int], bool] | None = None
) -> tuple[FileDataset, int]:
    """Return the elements of a file, as `as_parsed` gives it, and where reading them ended.

    Raises
    ------
    DicomError
        If they cannot be read, or are more than any object has.
    """
    # So few bytes unfold to a quarter of a gigabyte at most; headers of images are read faster.
    is_small = len(encoded) <= HEAD_BYTES
    stream = BytesIO(encoded) if is_small else _Bounded(encoded)
    try:
        dataset = read_partial(stream, stop_when=stop_when, force=True)
    except BROKEN as error:
        if isinstance(stream, _Bounded) and stream.refusal:
            raise DicomError(stream.refusal) from error
        raise DicomError(f"the DICOM elements cannot be read: {why(error)}") from error
    if is_small and dataset.file_meta.get("TransferSyntaxUID") == DEFLATED.decode():
        raise DicomError(_not_unfolded())
    dataset.buffer = None  # it would hold all bytes a second time
    return dataset, stream.tell()
