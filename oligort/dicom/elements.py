"""Values of DICOM elements, read without trust.

What is absent or empty is "", None or an empty collection; what is there and makes no sense
raises `DicomError` with a sentence that names the element.
"""

import math
import struct
import zlib
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.datadict import dictionary_description, dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from oligort.display import safe_text
from oligort.errors import DicomError

Floats = npt.NDArray[np.float64]

BROKEN = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    StopIteration,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pydicom raises on bytes that are no valid DICOM.

Caught only around calls of pydicom, never around code of ours.
"""

MAX_VALUE_BYTES = 8 * 1024**2
"""Longest value that is read, but of pixels and sequences: a contour of 300,000 points."""

MAX_TEXT_BYTES = 64 * 1024
"""Longest text that is read: six times what the standard allows of any but unlimited text."""

MAX_ITEMS = 400_000
"""Most items of one object, nested ones too: the most contours that are read, with their images.

Each takes a kilobyte where pydicom builds it.
"""

MAX_RECORDS = 200_000
"""Most items of the index of a medium: one for each of the most files, and its picture."""

MAX_OTHER_ITEMS = 50_000
"""Most items of any other sequence, nested ones too: the images of ten scans of ten phases."""

_MOST_ITEMS = {
    "ROIContourSequence": MAX_ITEMS,
    "ContourSequence": MAX_ITEMS,
    "DirectoryRecordSequence": MAX_RECORDS,
}

_ITEM_TAGS = {True: b"\xfe\xff\x00\xe0", False: b"\xff\xfe\xe0\x00"}
"""How an item begins, by whether that is little endian."""

_WITHOUT_VALUES = (EOFError, NotImplementedError, OSError, RuntimeError, struct.error)

_DECIMAL_VRS = frozenset({"DS", "IS"})
_TO_CHINESE = "\x1b$)A"
"""The escape sequence of ISO 2022 IR 58, which pydicom leaves standing in what it decodes."""

_DELIMITERS_GROUP = 0xFFFE
"""Group of the tags that begin and end items; pydicom takes one in a wrong place for an element."""

_ENCODED_VRS = frozenset({None, "DS", "IS", "UN"})


@cache
def _tag(keyword: str) -> BaseTag:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    return BaseTag(tag)


@cache
def _is_decimal(keyword: str) -> bool:
    return dictionary_VR(_tag(keyword)) in _DECIMAL_VRS


@cache
def title(keyword: str) -> str:
    """Return the name and tag of an element as messages give them: "Dose Units (3004,0002)"."""
    tag = _tag(keyword)
    return f"{dictionary_description(tag)} ({tag >> 16:04X},{tag & 0xFFFF:04X})"


def why(error: BaseException) -> str:
    """Return the reason of an error of pydicom as one harmless line.

    Messages about values repeat the value, which may name the patient, and an OSError its path:
    of these only the kind of error is told.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, _WITHOUT_VALUES) and str(error):
        return safe_text(error, max_length=160)
    return type(error).__name__


def _unreadable(keyword: str, error: BaseException) -> DicomError:
    return DicomError(
        f"expected a readable {title(keyword)}, found bytes that are not: {why(error)}"
    )


def _value(dataset: Dataset, keyword: str, most_bytes: int = MAX_VALUE_BYTES) -> object:
    tag = _tag(keyword)
    if tag not in dataset:
        return None
    element = as_written(dataset, tag)
    if element is not None and isinstance(element.value, bytes):
        _refuse_bombs(element, element.value, keyword, most_bytes)
    try:
        return dataset[tag].value
    except BROKEN as error:
        raise _unreadable(keyword, error) from error


def as_written(dataset: Dataset, tag: int) -> DataElement | RawDataElement | None:
    """Return an element as it stands in the file, not converted, or None where it is absent.

    An empty element of an unknown VR has the value None here; pydicom, asked plainly, would convert
    it, which may raise anything.
    """
    return dataset.get_item(tag, keep_deferred=True)


def _refuse_bombs(
    element: DataElement | RawDataElement, encoded: bytes, keyword: str, most_bytes: int
) -> None:
    """Raise where reading an element would ask for many times the memory of its bytes."""
    if len(encoded) <= MAX_TEXT_BYTES:
        return
    if dictionary_VR(element.tag) == "SQ":
        is_big = isinstance(element, RawDataElement) and not element.is_little_endian
        most = _MOST_ITEMS.get(keyword, MAX_OTHER_ITEMS)
        refuse_many_items(encoded, title(keyword), is_little_endian=not is_big, most=most)
    elif len(encoded) > most_bytes:
        raise DicomError(
            f"expected at most {most_bytes} bytes in {title(keyword)}, found {len(encoded)}"
        )


def refuse_many_items(
    encoded: bytes, where: str, *, is_little_endian: bool, begin: int = 0, most: int = MAX_ITEMS
) -> None:
    """Raise where encoded elements hold more items than any object, or any sequence, has.

    Raises
    ------
    DicomError
        If there are more than `most`.
    """
    found = encoded.count(_ITEM_TAGS[is_little_endian], begin)
    if found > most:
        raise DicomError(f"expected at most {most} items in {where}, found {found}")


def text(dataset: Dataset, keyword: str) -> str:
    """Return a value as text without padding; several values keep their backslashes."""
    value = _value(dataset, keyword, MAX_TEXT_BYTES)
    if value is None:
        return ""
    if isinstance(value, Sequence):
        raise DicomError(f"expected text in {title(keyword)}, found a sequence")
    parts = value if isinstance(value, MultiValue) else [value]
    return "\\".join(str(part).replace(_TO_CHINESE, "").strip(" \0") for part in parts)


def items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """Return the items of a sequence; none where it is absent or empty.

    Raises
    ------
    DicomError
        If it is no sequence, or an item has swallowed those behind it: its length is wrong.
    """
    value = _value(dataset, keyword)
    if value is None:
        return ()
    if not isinstance(value, Sequence):
        raise DicomError(f"expected a sequence in {title(keyword)}, found a plain value")
    tags = (tag for item in value for tag in item.keys())  # noqa: SIM118 - an item yields elements
    if any(tag.group == _DELIMITERS_GROUP for tag in tags):
        raise DicomError(f"{title(keyword)} is damaged: an item of it begins inside another")
    return tuple(value)


def only_uid(dataset: Dataset, keyword: str) -> str:
    """Return the UID that the items of a sequence refer to, or "" where there is none or several.

    Of several no order of items says which one is meant.
    """
    uids = {text(item, "ReferencedSOPInstanceUID") for item in items(dataset, keyword)} - {""}
    return uids.pop() if len(uids) == 1 else ""


def numbers(dataset: Dataset, keyword: str) -> Floats:
    """Return all values of a numeric element as finite floats, from its bytes where it can.

    A contour holds thousands of decimal strings. Parsing the bytes at once skips the object that
    pydicom would build for each of them, which is most of the time a structure set takes.

    Raises
    ------
    DicomError
        If a value is no finite number.
    """
    return _finite(_stated(dataset, keyword), keyword)


def _stated(dataset: Dataset, keyword: str) -> Floats:
    tag = _tag(keyword)
    element = as_written(dataset, tag)
    if element is None:
        return np.empty(0)
    if (
        isinstance(element, RawDataElement)
        and isinstance(element.value, bytes)
        and element.VR in _ENCODED_VRS
        and _is_decimal(keyword)
    ):
        _refuse_bombs(element, element.value, keyword, MAX_VALUE_BYTES)
        return _parsed(element.value, keyword)
    return _converted(_value(dataset, keyword), keyword)


def _parsed(encoded: bytes, keyword: str) -> Floats:
    stripped = encoded.strip(b" \0")
    if not stripped:
        return np.empty(0)
    if b"_" in stripped:  # Python reads 1_0 as ten; a decimal string knows no underscore
        raise DicomError(f"expected numbers in {title(keyword)}, found an underscore")
    try:
        return np.array(stripped.split(b"\\"), dtype=np.float64)
    except ValueError as error:
        values = [value.strip(b" \0") for value in stripped.split(b"\\")]
        found = "an empty value, beside a backslash" if b"" in values else "other text"
        raise DicomError(f"expected numbers in {title(keyword)}, found {found}") from error


def _converted(value: object, keyword: str) -> Floats:
    if value is None or value == "":
        return np.empty(0)
    values: Iterable[Any] = value if isinstance(value, MultiValue) else [value]
    try:
        return np.array([float(each) for each in values])
    except (TypeError, ValueError) as error:
        raise DicomError(f"expected numbers in {title(keyword)}, found other values") from error


def _finite(values: Floats, keyword: str) -> Floats:
    if not np.isfinite(values).all():
        raise DicomError(f"expected finite numbers in {title(keyword)}, found NaN or infinity")
    return values


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return one finite number, or None where the element is absent or empty.

    Raises
    ------
    DicomError
        If there are several values, or one that is no finite number.
    """
    return _only(numbers(dataset, keyword), keyword)


def number_above_zero(dataset: Dataset, keyword: str) -> float | None:
    """Return one finite number above 0, or None where there is none: 0 and NaN are fillers.

    Raises
    ------
    DicomError
        If there are several values, or one that is no number.
    """
    value = _only(_stated(dataset, keyword), keyword)
    return value if value is not None and 0 < value < math.inf else None


def _only(values: Floats, keyword: str) -> float | None:
    if len(values) > 1:
        raise DicomError(f"expected one number in {title(keyword)}, found {len(values)}")
    return float(values[0]) if len(values) else None


def integer(dataset: Dataset, keyword: str) -> int | None:
    """Return one whole number, or None where the element is absent or empty.

    Raises
    ------
    DicomError
        If the value is not one whole number.
    """
    value = number(dataset, keyword)
    if value is None:
        return None
    if not value.is_integer():
        raise DicomError(f"expected a whole number in {title(keyword)}, found {value:g}")
    return int(value)


def is_present(dataset: Dataset, keyword: str) -> bool:
    """Tell whether the element is there, empty or not."""
    return _tag(keyword) in dataset


def stored_bytes(dataset: Dataset, keyword: str) -> bytes:
    """Return the bytes of a binary element as they stand in the file; none where absent."""
    element = as_written(dataset, _tag(keyword))
    value = None if element is None else element.value
    return value if isinstance(value, bytes) else b""


def as_stored(dataset: Dataset, keywords: tuple[str, ...]) -> tuple[bytes | str, ...]:
    """Return elements without reading them: their bytes in the file, else what they were read as.

    Datasets that store the same say the same.
    """
    found: list[bytes | str] = []
    for keyword in keywords:
        element = as_written(dataset, _tag(keyword))
        value = None if element is None else element.value
        found.append(value if isinstance(value, bytes) else str(value))
    return tuple(found)
