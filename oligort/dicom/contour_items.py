"""The contours of a structure set straight from their bytes, all of them in one go.

A thorax has thousands of contour items, and an object of pydicom for each of their elements takes
ten times as long as the numbers in them. What is not encoded plainly, or is in any doubt, is left
to the reader of single items, which names what is wrong.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from oligort.dicom.decimals import decimals
from oligort.dicom.elements import MAX_VALUE_BYTES, as_written
from oligort.dicom.passage import UnusualError
from oligort.dicom.repeats import ROI_CONTOUR_SEQUENCE, refuse_repeats_in_items
from oligort.dicom.walk import Item, Walk
from oligort.errors import DicomError
from oligort.geometry.structure import CLOSED_TYPES, Contour, stacked_contours

POINT = "POINT"
"""The Contour Geometric Type (3006,0042) of a single point."""

CONTOUR_TYPES = CLOSED_TYPES | {POINT, "OPEN_PLANAR", "OPEN_NONPLANAR"}
"""Contour Geometric Types (3006,0042) whose meaning is known."""

MAX_CONTOURS = 100_000
"""Most contours of one structure set: 250 ROIs in 400 planes each."""

MAX_POINTS = 5_000_000
"""Most contour points of one structure set: a file of some 100 MB."""

_CONTOUR_SEQUENCE = 0x30060040
_CONTOUR_IMAGE_SEQUENCE = 0x30060016
_CONTOUR_GEOMETRIC_TYPE = 0x30060042
_CONTOUR_OFFSET_VECTOR = 0x30060045
_NUMBER_OF_CONTOUR_POINTS = 0x30060046
_CONTOUR_DATA = 0x30060050
_REFERENCED_ROI_NUMBER = 0x30060084
_REFERENCED_SOP_INSTANCE_UID = 0x00081155

SEQUENCES = frozenset({ROI_CONTOUR_SEQUENCE, _CONTOUR_SEQUENCE, _CONTOUR_IMAGE_SEQUENCE})
"""The sequences on the way to a contour and to the image it was drawn on."""

_SEQUENCE_VRS = frozenset({None, b"SQ"})
_UID_VRS = frozenset({None, b"UI"})
_CODE_VRS = frozenset({None, b"CS"})
_INTEGER_VRS = frozenset({None, b"IS"})
_DECIMAL_VRS = frozenset({None, b"DS", b"UN"})
"""UN as well: in explicit VR, 64 KB of decimal strings and more fit no other way."""

_PADDING = b" \0"
_OF_ZEROS = b"0.+-\\ "
"""What decimal strings of zeros are written with."""
_UID = re.compile(rb"[0-9.]+")
_TYPES = {geometric_type.encode(): geometric_type for geometric_type in CONTOUR_TYPES}


MAX_ODD_CONTOURS = 50_000
"""Most contours of a structure set that are read one by one, since some are not plainly encoded."""


@dataclass(frozen=True)
class DrawnRoi:
    """The contours of one item of the ROI Contour Sequence, and the images that they name."""

    roi_number: int | None
    contours: tuple[Contour, ...]
    image_uids: frozenset[str]


def refuse_many_contours(contours: int, points: int) -> None:
    """Raise where a structure set has more contours or points than are read.

    Raises
    ------
    DicomError
        If there are more than `MAX_CONTOURS` or `MAX_POINTS`.
    """
    if contours > MAX_CONTOURS:
        raise DicomError(
            f"expected at most {MAX_CONTOURS} contours, found more: the most that is read of one "
            "structure set; export fewer ROIs in one"
        )
    if points > MAX_POINTS:
        raise DicomError(
            f"expected at most {MAX_POINTS} contour points, found more: the most that is read of "
            "one structure set; export fewer ROIs in one"
        )


@dataclass
class Counted:
    """How many contours and points of a structure set were read one by one, used or not."""

    contours: int = 0
    points: int = 0

    def add(self, *, contours: int = 0, points: int = 0) -> None:
        """Count what is to be read.

        Raises
        ------
        DicomError
            If there are more than `MAX_ODD_CONTOURS` or `MAX_POINTS`.
        """
        self.contours += contours
        self.points += points
        self.refuse_many()

    def refuse_many(self) -> None:
        """Raise where there are more than any structure set has, as `add` does."""
        if self.contours > MAX_ODD_CONTOURS:
            raise DicomError(
                f"expected at most {MAX_ODD_CONTOURS} contours where some are not plainly encoded, "
                "found more: the most that is read one by one; export fewer ROIs in one"
            )
        refuse_many_contours(self.contours, self.points)


def drawn_rois(dataset: Dataset) -> list[DrawnRoi] | None:
    """Return the items of the ROI Contour Sequence, or None where they must be read one by one.

    What is returned is what reading one by one gives, and nothing in it would be refused there.

    Raises
    ------
    DicomError
        If there are more contours or points than any structure set has, an element stands twice
        in an item, or an item hides what stands behind it.
    """
    if ROI_CONTOUR_SEQUENCE not in dataset:
        return []
    element = as_written(dataset, ROI_CONTOUR_SEQUENCE)
    if not isinstance(element, RawDataElement) or not isinstance(element.value, bytes):
        return None
    if element.VR not in {None, "SQ"}:
        refuse_repeats_in_items(element)
        return None
    walk = Walk(element.value, element.is_implicit_VR, element.is_little_endian, SEQUENCES)
    try:
        return _Collected(walk).rois(walk.each_item(0, len(element.value)))
    except UnusualError:
        refuse_repeats_in_items(element)
        return None


@dataclass
class _Collected:
    """What the contours of all ROIs say, in the order of the file."""

    walk: Walk
    types: list[str] = field(default_factory=list)
    encoded: list[bytes] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    points: int = 0
    uids_of: dict[bytes, frozenset[str]] = field(default_factory=dict)

    def rois(self, items: Iterable[Item]) -> list[DrawnRoi]:
        numbers: list[int | None] = []
        image_uids: list[frozenset[str]] = []
        ends: list[int] = []
        for item in items:
            numbers.append(self._integer(item, _REFERENCED_ROI_NUMBER))
            uids: set[str] = set()
            for contour in self._items(item, _CONTOUR_SEQUENCE):
                self._add(contour)
                uids |= self._image_uids(contour)
            image_uids.append(frozenset(uids))
            ends.append(len(self.types))
        contours = self._contours()
        starts = [0, *ends][: len(ends)]
        return [
            DrawnRoi(number, contours[start:end], uids)
            for number, start, end, uids in zip(numbers, starts, ends, image_uids, strict=True)
        ]

    def _add(self, contour: Item) -> None:
        geometric_type = _TYPES.get(self._value(contour, _CONTOUR_GEOMETRIC_TYPE, _CODE_VRS))
        encoded = self._value(contour, _CONTOUR_DATA, _DECIMAL_VRS)
        count, rest = divmod(encoded.count(b"\\") + 1, 3)
        declared = self._integer(contour, _NUMBER_OF_CONTOUR_POINTS)
        is_long = len(encoded) > MAX_VALUE_BYTES
        if (
            geometric_type is None
            or not encoded
            or is_long
            or rest
            or declared not in {None, count}
            or self._value(contour, _CONTOUR_OFFSET_VECTOR, _DECIMAL_VRS).strip(_OF_ZEROS)
        ):
            raise UnusualError
        if geometric_type == POINT and count > 1:
            raise UnusualError
        self.types.append(geometric_type)
        self.encoded.append(encoded)
        self.counts.append(count)
        self.points += count
        refuse_many_contours(len(self.counts), self.points)

    def _contours(self) -> tuple[Contour, ...]:
        if not self.types:
            return ()
        try:
            coordinates = decimals(b"\\".join(self.encoded))
        except ValueError as error:
            raise UnusualError from error
        if not np.isfinite(coordinates).all():
            raise UnusualError
        return stacked_contours(coordinates.reshape(-1, 3), self.counts, self.types)

    def _image_uids(self, contour: Item) -> frozenset[str]:
        """Return the images that a contour names: those of one plane repeat one encoding."""
        value = contour.get(_CONTOUR_IMAGE_SEQUENCE)
        if not isinstance(value, tuple):
            return self._named_images(contour)
        encoded = self.walk.encoded[value[1] : value[2]]
        uids = self.uids_of.get(encoded)
        if uids is None:
            uids = self.uids_of[encoded] = self._named_images(contour)
        return uids

    def _named_images(self, contour: Item) -> frozenset[str]:
        uids = {
            self._value(image, _REFERENCED_SOP_INSTANCE_UID, _UID_VRS)
            for image in self._items(contour, _CONTOUR_IMAGE_SEQUENCE)
        } - {b""}
        if not all(_UID.fullmatch(uid) for uid in uids):
            raise UnusualError
        return frozenset(uid.decode("ascii") for uid in uids)

    def _items(self, item: Item, tag: int) -> Iterable[Item]:
        value = item.get(tag, [])
        if isinstance(value, list):
            return value
        vr, begin, end = value
        if vr not in _SEQUENCE_VRS:
            raise UnusualError
        return self.walk.each_item(begin, end)

    def _value(self, item: Item, tag: int, vrs: frozenset[bytes | None]) -> bytes:
        """Return the bytes of a value without their padding; none where it is absent."""
        value = item.get(tag)
        if value is None:
            return b""
        if isinstance(value, list) or value[0] not in vrs:
            raise UnusualError
        return self.walk.encoded[value[1] : value[2]].strip(_PADDING)

    def _integer(self, item: Item, tag: int) -> int | None:
        digits = self._value(item, tag, _INTEGER_VRS)
        if digits and not digits.isdigit():
            raise UnusualError
        return int(digits) if digits else None
