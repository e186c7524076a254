"""Encoded sequences, walked over without building an object for each of their elements.

Only what is encoded plainly is walked: lengths that fit exactly, value representations that the
standard knows, items where items must stand, each element once. All else is an
`UnusualError`, and pydicom's to read.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.tag import ItemDelimiterTag, ItemTag, SequenceDelimiterTag

from oligort.dicom.passage import LONG as _LONG
from oligort.dicom.passage import SHORT as _SHORT
from oligort.dicom.passage import UNDEFINED_LENGTH, Passage, UnusualError

MAX_DEPTH = 4
"""Deepest nesting of sequences that is walked; those of contours lie three deep."""

MAX_ELEMENTS = 64
"""Most elements of an item that is walked: a contour has ten, and some private ones."""

_SPECIFIC_CHARACTER_SET = 0x00080005
_DELIMITERS_GROUP = 0xFFFE
# As plain numbers: pydicom's tags take ten times as long to compare.
_ITEM, _SEQUENCE_DELIMITER = int(ItemTag), int(SequenceDelimiterTag)


Span = tuple[bytes | None, int, int]
"""Its VR (None where that is implicit), begin and end of the value of an element."""

Item = dict[int, "Span | list[Item]"]
"""The elements of an item by their tag; a sequence of undefined length as its items."""


@dataclass(frozen=True)
class Walk:
    """The way through encoded bytes.

    Parameters
    ----------
    encoded : bytes
        A sequence's value, or a whole dataset.
    is_implicit_vr, is_little_endian : bool
        How it is encoded.
    sequences : frozenset of int
        Tags of the sequences whose items are wanted where their length is undefined; others, as
        vendors put beside the contours, are passed over.
    """

    encoded: bytes
    is_implicit_vr: bool
    is_little_endian: bool
    sequences: frozenset[int]
    _item_head: struct.Struct = field(init=False, repr=False)
    _element_head: struct.Struct = field(init=False, repr=False)
    _long_length: struct.Struct = field(init=False, repr=False)

    def __post_init__(self) -> None:
        order = "<" if self.is_little_endian else ">"
        element_head = "HHL" if self.is_implicit_vr else "HH2sH"
        object.__setattr__(self, "_item_head", struct.Struct(f"{order}HHL"))
        object.__setattr__(self, "_element_head", struct.Struct(order + element_head))
        object.__setattr__(self, "_long_length", struct.Struct(f"{order}L"))

    def each_item(self, begin: int, end: int) -> Iterator[Item]:
        """Yield the items of a sequence of defined length, of which none needs to be kept.

        Raises
        ------
        UnusualError
            If anything in it is not encoded plainly.
        """
        while begin < end:
            item, begin = self._item(begin, 0)
            if item is None:
                raise UnusualError
            yield item
        if begin != end:
            raise UnusualError

    def _undefined_items(self, begin: int, depth: int) -> tuple[list[Item], int]:
        """Return the items of a sequence of undefined length, and where its delimiter ends."""
        if depth > MAX_DEPTH:
            raise UnusualError
        found: list[Item] = []
        while True:
            item, begin = self._item(begin, depth)
            if item is None:
                return found, begin
            found.append(item)

    def _item(self, begin: int, depth: int) -> tuple[Item | None, int]:
        """Return an item, or None where the delimiter of its sequence stands, and its end."""
        try:
            group, element, length = self._item_head.unpack_from(self.encoded, begin)
        except struct.error as error:
            raise UnusualError from error
        begin += 8
        tag = group << 16 | element
        if tag == _SEQUENCE_DELIMITER and length == 0:
            return None, begin
        if tag != _ITEM:
            raise UnusualError
        return self._elements(begin, None if length == UNDEFINED_LENGTH else begin + length, depth)

    def _elements(self, begin: int, end: int | None, depth: int) -> tuple[Item, int]:
        """Return the elements of an item and where it ends, behind its delimiter if it has one."""
        encoded, unpack_head = self.encoded, self._element_head.unpack_from
        item: Item = {}
        limit = len(encoded) if end is None else end
        vr: bytes | None = None
        try:
            while begin < limit:
                if self.is_implicit_vr:
                    group, element, length = unpack_head(encoded, begin)
                    begin += 8
                else:
                    group, element, vr, length = unpack_head(encoded, begin)
                    begin += 8
                    if vr in _LONG:
                        (length,) = self._long_length.unpack_from(encoded, begin)
                        begin += 4
                    elif vr not in _SHORT:
                        return self._delimited(item, begin, end)
                tag = group << 16 | element
                if tag in item or tag == _SPECIFIC_CHARACTER_SET or len(item) == MAX_ELEMENTS:
                    raise UnusualError
                if length == UNDEFINED_LENGTH:
                    if tag in self.sequences and vr in {None, b"SQ"}:
                        item[tag], begin = self._undefined_items(begin, depth + 1)
                    else:
                        item[tag], begin = [], self._behind(vr, begin)
                    continue
                if group == _DELIMITERS_GROUP:
                    return self._delimited(item, begin, end)
                item[tag] = (vr, begin, begin := begin + length)
        except struct.error as error:
            raise UnusualError from error
        if begin != end:
            raise UnusualError
        return item, begin

    def _behind(self, vr: bytes | None, begin: int) -> int:
        """Return where a sequence of undefined length ends that nobody asks for."""
        passed = Passage(self.encoded, self.is_implicit_vr, self.is_little_endian)
        return passed.behind_sequence(vr, begin)

    def _delimited(self, item: Item, begin: int, end: int | None) -> tuple[Item, int]:
        """Return an item of undefined length whose delimiter was to end at `begin`."""
        delimiter = self._item_head.unpack_from(self.encoded, begin - 8)
        expected = (ItemDelimiterTag.group, ItemDelimiterTag.element, 0)
        if end is not None or delimiter != expected:
            raise UnusualError
        return item, begin
