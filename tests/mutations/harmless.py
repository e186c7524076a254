"""Harmless changes: what changes no value that is asked for, and must change no report."""

from collections.abc import Callable
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)
from small_export import write


def as_written(dataset: Dataset) -> bytes:
    """Return the bytes of a file of explicit VR."""
    stream = BytesIO()
    write(dataset, stream)
    return stream.getvalue()


def _with_private(dataset: Dataset) -> Dataset:
    block = dataset.private_block(0x0009, "EXAMPLE", create=True)
    block.add_new(0x01, "LO", "private")
    block.add_new(0x02, "OB", b"\0\1\2\3")
    return dataset


def _encoded_as(syntax: str) -> Callable[[Dataset], bytes]:
    def written(dataset: Dataset) -> bytes:
        stream = BytesIO()
        if syntax == ExplicitVRBigEndian and "PixelData" in dataset:
            words = dataset.PixelData
            swapped = b"".join(words[k : k + 4][::-1] for k in range(0, len(words), 4))
            dataset.PixelData = swapped
        write(dataset, stream, syntax)
        return stream.getvalue()

    return written


def _padded(dataset: Dataset) -> Dataset:
    dataset.DataSetTrailingPadding = bytes(128)
    return dataset


def _reversed(dataset: Dataset) -> bytes:
    """Return a file of explicit VR whose elements stand in the reverse order of their tags."""
    encoded = as_written(dataset)
    begin = 144 + int.from_bytes(encoded[140:144], "little")
    elements = []
    for element in dataset:
        writing = DicomBytesIO()
        writing.is_implicit_VR, writing.is_little_endian = False, True
        write_data_element(writing, element)
        elements.append(writing.getvalue())
    return encoded[:begin] + b"".join(reversed(elements))


def _without_lengths(dataset: Dataset) -> Dataset:
    for element in dataset:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                _without_lengths(item)
    return dataset


HARMLESS: dict[str, Callable[[Dataset], bytes]] = {
    "private elements": lambda dataset: as_written(_with_private(dataset)),
    "implicit little endian": _encoded_as(ImplicitVRLittleEndian),
    "big endian": _encoded_as(ExplicitVRBigEndian),
    "deflated": _encoded_as(DeflatedExplicitVRLittleEndian),
    "without preamble": lambda dataset: as_written(dataset)[132:],
    "zeros behind the end": lambda dataset: as_written(dataset) + bytes(64),
    "blanks behind the end": lambda dataset: as_written(dataset) + b" " * 64,
    "a line end behind the end": lambda dataset: as_written(dataset) + b"\r\n",
    "padding as an element": lambda dataset: as_written(_padded(dataset)),
    "elements in reverse order": _reversed,
    "sequences of undefined length": lambda dataset: as_written(_without_lengths(dataset)),
    "private sequences of undefined length": lambda dataset: as_written(
        _without_lengths(_with_private(dataset))
    ),
    "another manufacturer": lambda dataset: as_written(_manufactured(dataset)),
}
"""What changes no value that is asked for."""


def _manufactured(dataset: Dataset) -> Dataset:
    dataset.Manufacturer, dataset.SoftwareVersions = "Other", ["1", "2"]
    return dataset
