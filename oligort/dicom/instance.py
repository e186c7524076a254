"""One DICOM file: recognised by its content, then read whole or up to its pixels."""

import hashlib
import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset

from oligort.dicom.content import (
    HEAD_BYTES,
    MAX_UNFOLDED_BYTES,
    Content,
    as_parsed,
    stored_bytes_of,
)
from oligort.dicom.elements import MAX_TEXT_BYTES, integer, refuse_many_items, text
from oligort.dicom.parsed import (
    Parsed,
    at_first,
    hidden_in,
    parse,
    parse_until,
    refuse_repeats,
    repeats_of,
)
from oligort.dicom.passage import DELIMITER_BYTES, Passage
from oligort.dicom.repeats import ROI_CONTOUR_SEQUENCE, RepeatedError
from oligort.dicom.sop_class import IMAGE_CLASSES, Kind, kind_of, name_of
from oligort.dicom.truncation import refuse_truncated
from oligort.errors import DicomError, NotDicomError

ANNOUNCED_BYTES = 1024
"""Within these a file names its SOP class: preamble, file meta and the first elements."""

NATIVE_SYNTAXES = frozenset({"", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"})
"""Transfer syntaxes whose pixels are not compressed; "" is a file that names none."""

LAST_OF_PATIENT = 0x0010FFFF
"""The last tag of the group that says who the patient is."""

LAST_THAT_LINKS = 0x00200052
"""Frame of Reference UID: of an image no element behind it says what it belongs to."""

_OTHER_PATIENT_IDS = 0x00101002
_IMPLICIT_HEAD_BYTES, _HEAD_BYTES = 8, 12
"""How long tag, VR and length of pixels are, in implicit and in explicit VR."""

_PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_PADDED = _PIXELS | {0xFFFCFFFC}
"""What stands behind the header of most images: pixels, and Data Set Trailing Padding."""


@dataclass(frozen=True)
class Recognised:
    """A DICOM file of a known kind, and its first elements.

    Parameters
    ----------
    path : Path
        Where it lies.
    kind : Kind
        What it is.
    header : FileDataset
        Its elements up to the last about the patient, of an image those before its pixels.
    hidden : tuple of Dataset
        Elements of the header that others behind them repeat with another value.
    """

    path: Path
    kind: Kind
    header: FileDataset
    hidden: tuple[Dataset, ...] = ()
    _to_pixels: "_ToPixels | None" = None

    @property
    def calls_itself(self) -> str:
        """The name of its SOP Class as the standard lists it, else its Modality, else "object"."""
        if name := name_of(text(self.header, "SOPClassUID")):
            return name
        modality = text(self.header, "Modality")
        return f"{modality} object" if modality else "object"

    def image_header(self) -> tuple[FileDataset, str]:
        """Return the elements of an image but its pixels, and the SHA-256 of their bytes.

        Raises
        ------
        DicomError
            If the header cannot be read, or the file is too short for the pixels it declares.
        """
        to_pixels = self._to_pixels or _ToPixels.of(Content.of(self.path))
        parsed, encoded, size_bytes, _, pixels_end = to_pixels
        header = parsed.dataset
        refuse_truncated(header, encoded)
        refuse_repeats(parsed, encoded)
        behind = self.behind_header()
        if behind is not None and _stand_behind(behind, parsed):
            refuse_repeats(parsed, Content.of(self.path).first(), behind)
            for tag in _PIXELS.intersection(behind.keys()):
                del behind[tag]
            header = behind
            encoded += Content.of(self.path).first()[pixels_end:]
        if parsed.stopped_at is not None and transfer_syntax(header) in NATIVE_SYNTAXES:
            found = size_bytes - to_pixels.pixels_begin
            declared = _declared_pixel_bytes(header)
            if found < declared:
                raise DicomError(
                    f"expected {declared} bytes of pixels, found {found}: the file is truncated"
                )
        return header, hashlib.sha256(encoded).hexdigest()

    def behind_header(self) -> FileDataset | None:
        """Return the elements of an object whose header may not be all of them, or None.

        Of an image those with what stands behind its pixels, where something does; of an object
        that is not used those before its pixels, if it is not too large. Elements belong in the
        order of their tags, but a file may hold them in any.

        Raises
        ------
        DicomError
            If they cannot be read.
        """
        if self._to_pixels is not None and self._to_pixels.is_all:
            return None
        content = Content.of(self.path)
        if content.size_bytes > MAX_UNFOLDED_BYTES:
            return None
        if self.kind is Kind.UNUSED:
            return parse_until(content, _at_pixels).dataset
        return None if _ToPixels.of(content).is_all else parse(content.first()).dataset


def recognise(path: Path) -> Recognised:
    """Return the kind of a DICOM file and its first elements.

    A file is told by its content, never by its name; the 128 bytes of preamble, the file meta
    information and the transfer syntax may be missing.

    Raises
    ------
    DicomError
        If it is no DICOM file, or one whose header cannot be read; the message is the reason.
    """
    content, has_preamble = _begun(path)
    if _announces_an_image(content.head):
        # Of an image all that is wanted is read at once; an export has hundreds.
        with suppress(DicomError):
            to_pixels = _ToPixels.of(content)
            header = to_pixels.parsed.dataset
            # Of a damaged one nothing may be left, but its beginning still tells whose it is.
            if len(header) and len(to_pixels.encoded) <= HEAD_BYTES:
                hidden = hidden_in(to_pixels.parsed, content)
                return Recognised(path, kind_of(header, has_preamble), header, hidden, to_pixels)
    parsed = parse_until(content, _after_patient)
    header, hidden = parsed.dataset, hidden_in(parsed, content)
    _cut_long_values(header)
    return Recognised(path, kind_of(header, has_preamble), header, hidden)


def linking_header(path: Path) -> tuple[Kind, FileDataset]:
    """Return the kind of a DICOM file and its elements up to the last that links it to others.

    Of an image that is its frame of reference, of any other object what stands before contours
    or pixels.

    Raises
    ------
    DicomError
        As `recognise`.
    """
    content, has_preamble = _begun(path)
    stop = _after_frame if _announces_an_image(content.head) else _at_bulk
    header = parse_until(content, stop).dataset
    return kind_of(header, has_preamble), header


def _begun(path: Path) -> tuple[Content, bool]:
    """Return the content of a file, and whether it has a preamble; refuse what is no DICOM."""
    content = Content.of(path)
    head = content.head
    if not head:
        raise NotDicomError("the file is empty")
    has_preamble = head[128:132] == b"DICM"
    if not has_preamble and not _begins_like_a_dataset(head):
        raise NotDicomError("not a DICOM file")
    return content, has_preamble


def read_object(path: Path) -> tuple[FileDataset, str]:
    """Return the dataset of a whole file, and the SHA-256 of its bytes in hex digits.

    Raises
    ------
    DicomError
        If the file cannot be read or ends early, or says two things of one element.
    """
    stored = stored_bytes_of(path)
    digest = hashlib.sha256(stored).hexdigest()
    encoded = as_parsed(stored, path)
    measured = _with_measured_sequences(encoded)
    if measured is not None:
        try:
            return _whole(measured), digest
        except RepeatedError:
            raise
        except DicomError:
            pass  # to be told by the bytes as they stand in the file
    return _whole(encoded), digest


def read_header(path: Path) -> tuple[FileDataset, str]:
    """Return the elements of an image before its pixels, and the SHA-256 of their bytes.

    Raises
    ------
    DicomError
        As `recognise` and `Recognised.image_header`.
    """
    return recognise(path).image_header()


def as_it_stands(path: Path, kind: Kind) -> FileDataset | None:
    """Return the elements of an object, of an image its header, none of them converted.

    None of an image that says more behind its pixels.

    Raises
    ------
    DicomError
        If they cannot be read.
    """
    if not kind.is_image:
        return read_object(path)[0]
    to_pixels = _ToPixels.of(Content.of(path))
    return to_pixels.parsed.dataset if to_pixels.is_all else None


def transfer_syntax(dataset: Dataset) -> str:
    """Return the Transfer Syntax UID of the file that a dataset was read from, or ""."""
    file_meta = getattr(dataset, "file_meta", None)
    return "" if file_meta is None else text(file_meta, "TransferSyntaxUID")


class _ToPixels(NamedTuple):
    """What was parsed of a file before its pixels, its bytes, and how many the file has in all.

    `pixels_begin` is where the value of the pixels begins, `pixels_end` where those of a stated
    length end.
    """

    parsed: Parsed
    encoded: bytes
    size_bytes: int
    pixels_begin: int
    pixels_end: int

    @property
    def is_all(self) -> bool:
        """Whether nothing but pixels stands behind."""
        return self.pixels_end >= self.size_bytes

    @classmethod
    def of(cls, content: Content) -> "_ToPixels":
        parsed = parse_until(content, _at_pixels)
        size_bytes = content.size_bytes
        if parsed.stopped_at is None:
            return cls(parsed, content.first(parsed.end), size_bytes, size_bytes, size_bytes)
        begin = parsed.end + (_IMPLICIT_HEAD_BYTES if parsed.is_implicit_vr else _HEAD_BYTES)
        encoded = content.first(begin)
        length = int.from_bytes(encoded[-4:], "little" if parsed.is_little_endian else "big")
        return cls(parsed, encoded[: parsed.end], size_bytes, begin, begin + length)


def _stand_behind(dataset: FileDataset, header: Parsed) -> bool:
    """Tell whether a whole object says more behind its header than pixels and padding."""
    return any(
        tag not in header.dataset
        or (isinstance(element, RawDataElement) and element.value_tell > header.end)
        for tag, element in dataset.items()
        if tag not in _PADDED
    )


def _begins_like_a_dataset(head: bytes) -> bool:
    """Tell whether the first tag is of group 0002 or 0008, in either byte order."""
    return head[:2] in {b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08"} and len(head) > 8


def _announces_an_image(head: bytes) -> bool:
    """Tell whether the SOP class of an image is named where the file says what it is.

    A hint of how far to read, and no more: what it is, its elements tell.
    """
    begin = head[:ANNOUNCED_BYTES]
    return any(uid in begin for uid in IMAGE_CLASSES)


def _after_patient(tag: int) -> bool:
    return tag > LAST_OF_PATIENT


def _cut_long_values(header: FileDataset) -> None:
    """Cut what is longer than any text of a header, still too long to be read: all are kept."""
    for tag, element in list(header.items()):
        if isinstance(element, RawDataElement) and tag != _OTHER_PATIENT_IDS:
            value = element.value
            if value is not None and len(value) > MAX_TEXT_BYTES:
                header[tag] = element._replace(value=value[: MAX_TEXT_BYTES + 1])


def _after_frame(tag: int) -> bool:
    return tag > LAST_THAT_LINKS


def _at_pixels(tag: int) -> bool:
    return tag in _PIXELS


def _at_bulk(tag: int) -> bool:
    return tag == ROI_CONTOUR_SEQUENCE or tag in _PIXELS


def _whole(encoded: bytes) -> FileDataset:
    parsed = parse(encoded)
    refuse_truncated(parsed.dataset, encoded)
    if repeats := repeats_of(parsed, encoded):
        raise RepeatedError(repeats, parsed.dataset)
    return parsed.dataset


def _with_measured_sequences(encoded: bytes) -> bytes | None:
    """Return a file with lengths of its sequences instead of delimiters, or None if it has them.

    Of a sequence of undefined length pydicom builds every item at once, needed or not. What cannot
    be measured stays as it is.

    Raises
    ------
    DicomError
        If they hold more items or elements than any object.
    """
    try:
        before = parse(encoded, at_first)
    except DicomError:
        return None
    is_implicit, is_little_endian = before.dataset.original_encoding
    is_little_endian = is_little_endian is not False
    refuse_many_items(encoded, "the object", is_little_endian=is_little_endian, begin=before.end)
    passage = Passage(encoded, is_implicit is not False, is_little_endian)
    parts, behind = [], 0
    for begin, end in passage.measured_sequences(before.end):
        length = (end - begin).to_bytes(4, "little" if is_little_endian else "big")
        parts += [encoded[behind : begin - 4], length, encoded[begin:end]]
        behind = end + DELIMITER_BYTES
    return b"".join((*parts, encoded[behind:])) if parts else None


def _declared_pixel_bytes(header: Dataset) -> int:
    factors = [integer(header, keyword) or 0 for keyword in ("Rows", "Columns", "BitsAllocated")]
    samples = integer(header, "SamplesPerPixel") or 1
    frames = integer(header, "NumberOfFrames") or 1
    return math.prod(factors) * samples * frames // 8
