"""Passage: where elements and sequences of undefined length end, with nothing built on the way.

Of a sequence of undefined length pydicom builds every item at once, needed or not: some tens of
microseconds and a kilobyte each. Passing over takes a microsecond an element, and keeps nothing.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.tag import ItemDelimiterTag, ItemTag, SequenceDelimiterTag
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, VR

from oligort.errors import DicomError

UNDEFINED_LENGTH = 0xFFFFFFFF

DELIMITER_BYTES = 8
"""Length of the item that ends a sequence of undefined length."""

MAX_NESTING = 32
"""Deepest nesting of items that is passed over: two levels, sequence and item, for each of 16."""

MAX_PASSED = 2_000_000
"""Most elements and items of one sequence: twenty for each contour of the most that are read."""

LONG = frozenset(vr.encode() for vr in EXPLICIT_VR_LENGTH_32)
SHORT = frozenset(vr.encode() for vr in VR if len(vr) == 2) - LONG
"""The VRs whose length takes four bytes behind two that are reserved, and the others."""

_DELIMITERS_GROUP = 0xFFFE
_SEQUENCE_VRS = frozenset({None, b"SQ", b"UN"})
_IMPLICIT_HEAD = {True: struct.Struct("<HHL"), False: struct.Struct(">HHL")}
_EXPLICIT_HEAD = {True: struct.Struct("<HH2sH"), False: struct.Struct(">HH2sH")}
_LENGTH = {True: struct.Struct("<L"), False: struct.Struct(">L")}


class UnusualError(Exception):
    """What is encoded otherwise than plainly, or not at all: pydicom is to read it."""


class _Level(NamedTuple):
    """A sequence, or an item of one, that has begun, and where it ends, None where undefined."""

    is_item: bool
    is_implicit_vr: bool
    end: int | None


@dataclass(frozen=True)
class Passage:
    """The way past encoded elements."""

    encoded: bytes
    is_implicit_vr: bool
    is_little_endian: bool

    def measured_sequences(self, begin: int) -> Iterator[tuple[int, int]]:
        """Yield where the items of each sequence of undefined length begin and end.

        Of the elements of the object itself, not of those in them, from `begin` up to where they
        are no longer plainly encoded. `end` is before the delimiter; the four bytes before the
        items are the length.

        Raises
        ------
        DicomError
            If one holds more than `MAX_PASSED` elements.
        """
        while begin < len(self.encoded):
            try:
                tag, vr, length, begin = self._head(begin, self.is_implicit_vr)
                if length != UNDEFINED_LENGTH:
                    begin += length
                    continue
                if not _is_sequence(tag, vr):
                    return
                items, begin = begin, self.behind_sequence(vr, begin)
            except UnusualError:
                return
            yield items, begin - DELIMITER_BYTES

    def behind_sequence(self, vr: bytes | None, begin: int) -> int:
        """Return where a sequence of undefined length ends, whose items begin at `begin`.

        What is of unknown VR is encoded in implicit VR (PS3.5, 6.2.2).

        Raises
        ------
        UnusualError
            If anything in it is not encoded plainly.
        DicomError
            If it holds more than `MAX_PASSED` elements.
        """
        levels = [self._sequence(vr, self.is_implicit_vr)]
        passed = 0
        while levels:
            level = levels[-1]
            if begin == level.end:
                levels.pop()
                continue
            if level.end is not None and begin > level.end:
                raise UnusualError
            passed += 1
            if passed > MAX_PASSED or len(levels) > MAX_NESTING:
                self._refuse(passed)
            tag, own_vr, length, begin = self._head(begin, level.is_implicit_vr)
            if tag >> 16 == _DELIMITERS_GROUP:
                begin = self._delimited(levels, tag, length, begin)
            elif not level.is_item:
                raise UnusualError
            elif length == UNDEFINED_LENGTH:
                levels.append(self._sequence(own_vr, level.is_implicit_vr))
            else:
                begin += length
        return begin

    def _delimited(self, levels: list[_Level], tag: int, length: int, begin: int) -> int:
        """Enter an item, or leave what a delimiter ends; return where to go on."""
        level = levels[-1]
        if not level.is_item and tag == ItemTag:
            end = None if length == UNDEFINED_LENGTH else begin + length
            levels.append(_Level(True, level.is_implicit_vr, end))
            return begin
        ends = ItemDelimiterTag if level.is_item else SequenceDelimiterTag
        if tag != ends or length or level.end is not None:
            raise UnusualError
        levels.pop()
        return begin

    def _sequence(self, vr: bytes | None, is_implicit_vr: bool) -> _Level:
        if vr not in _SEQUENCE_VRS or (vr == b"UN" and not self.is_little_endian):
            raise UnusualError
        return _Level(False, is_implicit_vr or vr == b"UN", None)

    def _refuse(self, passed: int) -> None:
        if passed <= MAX_PASSED:
            raise UnusualError  # nested too deeply
        raise DicomError(f"expected at most {MAX_PASSED} elements in one sequence, found more")

    def _head(self, begin: int, is_implicit_vr: bool) -> tuple[int, bytes | None, int, int]:
        """Return tag, VR and length of an element, or of an item, and where its value begins."""
        try:
            if not is_implicit_vr:
                head = _EXPLICIT_HEAD[self.is_little_endian]
                group, element, vr, length = head.unpack_from(self.encoded, begin)
                if group != _DELIMITERS_GROUP:
                    if vr in LONG:
                        (length,) = _LENGTH[self.is_little_endian].unpack_from(
                            self.encoded, begin + 8
                        )
                        return group << 16 | element, vr, length, begin + 12
                    if vr not in SHORT:
                        raise UnusualError
                    return group << 16 | element, vr, length, begin + 8
            head = _IMPLICIT_HEAD[self.is_little_endian]
            group, element, length = head.unpack_from(self.encoded, begin)
        except struct.error as error:
            raise UnusualError from error
        return group << 16 | element, None, length, begin + 8


def _is_sequence(tag: int, vr: bytes | None) -> bool:
    """Whether an element of undefined length is read as a sequence, whether its length is stated.

    Of implicit VR the dictionary tells; of a private element, and of what is unknown, nobody asks.
    """
    if vr == b"SQ":
        return True
    is_private = bool(tag >> 16 & 1)
    if vr is None and not is_private:
        return dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ"
    return vr in _SEQUENCE_VRS and is_private
