"""Encoded sequences, walked over without building an object for each of their elements.

Only what is encoded plainly is walked: lengths that fit exactly, value representations that the
standard knows, items where items must stand. All else is an `UnusualError`, and pydicom's to read.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.tag import ItemDelimiterTag, ItemTag, SequenceDelimiterTag
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, VR

UNDEFINED_LENGTH = 0xFFFFFFFF

DELIMITER_BYTES = 8
"""Length of the item that ends a sequence of undefined length."""

MAX_DEPTH = 4
"""Deepest nesting of sequences that is walked; those of contours lie three deep."""

_SPECIFIC_CHARACTER_SET = 0x00080005
_DELIMITERS_GROUP = 0xFFFE

_LONG = frozenset(vr.encode() for vr in EXPLICIT_VR_LENGTH_32)
_SHORT = frozenset(vr.encode() for vr in VR if len(vr) == 2) - _LONG


class UnusualError(Exception):
    """What is encoded otherwise than plainly, or not at all: pydicom is to read it."""


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
        Tags of the sequences that may be of undefined length.
    """

    encoded: bytes
    is_implicit_vr: bool
    is_little_endian: bool
    sequences: frozenset[int]
    _item_head: struct.Struct = field(init=False, repr=False)
    _element_head: struct.Struct = field(init=False, repr=False)
    _long_length: struct.Struct = field(init=False, repr=False)
    _long_head: struct.Struct = field(init=False, repr=False)

    def __post_init__(self) -> None:
        order = "<" if self.is_little_endian else ">"
        element_head = "HHL" if self.is_implicit_vr else "HH2sH"
        object.__setattr__(self, "_item_head", struct.Struct(f"{order}HHL"))
        object.__setattr__(self, "_element_head", struct.Struct(order + element_head))
        object.__setattr__(self, "_long_length", struct.Struct(f"{order}L"))
        object.__setattr__(self, "_long_head", struct.Struct(f"{order}HH2s2xL"))

    def undefined_sequence(self, begin: int, tag: int) -> tuple[int, int]:
        """Return where the items of a sequence begin and end, before its delimiter.

        `begin` is where the element itself begins.

        Raises
        ------
        UnusualError
            If it is no sequence of undefined length of this tag that is encoded plainly.
        """
        head = self._item_head if self.is_implicit_vr else self._long_head
        expected = (tag >> 16, tag & 0xFFFF, *(() if self.is_implicit_vr else (b"SQ",)))
        try:
            *found, length = head.unpack_from(self.encoded, begin)
        except struct.error as error:
            raise UnusualError from error
        if tuple(found) != expected or length != UNDEFINED_LENGTH:
            raise UnusualError
        begin += head.size
        _, end = self._undefined_items(begin, 0)
        return begin, end - DELIMITER_BYTES

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
        if tag == SequenceDelimiterTag and length == 0:
            return None, begin
        if tag != ItemTag:
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
                if length == UNDEFINED_LENGTH:
                    if tag not in self.sequences or vr not in {None, b"SQ"}:
                        raise UnusualError
                    item[tag], begin = self._undefined_items(begin, depth + 1)
                    continue
                if group == _DELIMITERS_GROUP:
                    return self._delimited(item, begin, end)
                if tag == _SPECIFIC_CHARACTER_SET:
                    raise UnusualError
                item[tag] = (vr, begin, begin := begin + length)
        except struct.error as error:
            raise UnusualError from error
        if begin != end:
            raise UnusualError
        return item, begin

    def _delimited(self, item: Item, begin: int, end: int | None) -> tuple[Item, int]:
        """Return an item of undefined length whose delimiter was to end at `begin`."""
        delimiter = self._item_head.unpack_from(self.encoded, begin - 8)
        expected = (ItemDelimiterTag.group, ItemDelimiterTag.element, 0)
        if end is not None or delimiter != expected:
            raise UnusualError
        return item, begin
