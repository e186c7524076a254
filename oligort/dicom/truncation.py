"""Truncation: whether a file ends within an element."""

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset

from oligort.errors import DicomError

_UNDEFINED_LENGTH = 0xFFFFFFFF

_FILLERS = b"\0\t\n\r\x1a "
"""What transfers and editors leave behind the end of a file."""

_BLANK_HEAD_BYTES = 8
"""How much of it is read as tag and length of an element: no VR is blank."""


def _begin_of(element: DataElement | RawDataElement) -> int:
    """Return where the value of an element begins in its file."""
    if isinstance(element, RawDataElement):
        return element.value_tell
    return element.file_tell or 0


def refuse_truncated(dataset: Dataset, encoded: bytes) -> None:
    """Raise where the last element has fewer bytes than it declares, or only a part of a tag.

    pydicom returns what it found before the end of the file and says nothing. Blanks, line ends and
    zeros behind the last element are none: what they were read as is removed.
    """
    end = len(encoded)
    # An element that is repeated behind others has its first place among them.
    for tag, element in sorted(dataset.items(), key=lambda one: _begin_of(one[1])):
        if not isinstance(element, RawDataElement) or element.length == _UNDEFINED_LENGTH:
            end = len(encoded)
            continue
        end = element.value_tell + element.length
        if len(element.value or b"") < element.length:
            if not encoded[element.value_tell - _BLANK_HEAD_BYTES :].strip(_FILLERS):
                del dataset[tag]
                return
            raise DicomError(
                f"the file is truncated: expected {element.length} bytes in the element "
                f"({tag >> 16:04X},{tag & 0xFFFF:04X}), found {len(element.value or b'')}"
            )
    if encoded[end:].strip(_FILLERS):
        raise DicomError(f"the file is truncated: it ends within an element, at byte {end}")
