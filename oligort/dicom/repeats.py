"""Repeats: elements that stand twice in one object, or in one item of it, and differ.

The standard lets an element stand once. Readers keep the last, or the first, and say nothing, so
that of two scalings of a dose one would be judged and the other delivered. Which one is meant
cannot be told: the object is refused. What is equal is harmless, and so is any order of elements.
An element that is longer than its item says nothing of what stood there: refused as well.
"""

import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_description, dictionary_has_tag
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, ItemDelimiterTag, ItemTag, SequenceDelimiterTag

from oligort.dicom.passage import LONG, MAX_NESTING, UNDEFINED_LENGTH, UnusualError
from oligort.errors import DicomError

MAX_REPEATS = 1_000
"""Most repeats of one object that are kept: one is enough to refuse it."""

MAX_LOOKED = 600_000
"""Most elements and items of one object that are looked at, but of contours that are read at once.

As many as 50,000 contours have that are read one by one; each takes three microseconds.
"""

ROI_CONTOUR_SEQUENCE = 0x30060039
"""Where its length is stated, its items are looked at as they are read, thousands at once."""

_META_BEGIN = 132
_SEQUENCES = frozenset(tag for tag, entry in DicomDictionary.items() if entry[0] == "SQ")
_FRAGMENTED = frozenset({b"OB", b"OW"})
_TRAILING_PADDING = 0xFFFCFFFC
_PADDING = b" \0"


class Repeat(NamedTuple):
    """An element that stands again behind, with another value; `sequence` holds its item."""

    tag: int
    vr: str | None
    value: bytes
    sequence: int | None


class RepeatedError(DicomError):
    """An object in which an element stands twice.

    Parameters
    ----------
    repeats : sequence of Repeat
        The elements that others behind them would hide.
    dataset : Dataset, optional
        What was read of the object, the last of each element.
    """

    def __init__(self, repeats: Sequence[Repeat], dataset: Dataset | None = None) -> None:
        super().__init__(_told(repeats[0]))
        hidden = () if dataset is None else (dataset, *hidden_by(repeats, dataset))
        self.datasets = hidden


class TooManyElementsError(DicomError):
    """An object of more elements than are looked at: whatever reads it takes as long."""


def is_ascending(tags: Sequence[BaseTag]) -> bool:
    """Tell whether tags stand in their order, each once, as in honest files they do."""
    return not any(map(int.__ge__, tags, tags[1:]))


def repeated_among(tags: Sequence[BaseTag]) -> frozenset[int]:
    """Return the tags that stand more than once; the first may be asked about twice in a row."""
    if is_ascending(tags):
        return frozenset()
    asked_again = tags[:1] == tags[1:2]
    counts = Counter(map(int, tags[asked_again:]))
    return frozenset(tag for tag, count in counts.items() if count > 1 and is_asked_for(tag))


def repeats_in(
    encoded: bytes,
    begin: int,
    *,
    is_little_endian: bool,
    repeated: frozenset[int],
    most: int | None = None,
) -> tuple[Repeat, ...]:
    """Return what stands twice in an encoded dataset that begins at `begin`, and differs.

    The file meta information before it is looked at as well. `repeated` are the tags that its
    reader saw twice: where something unusual stands before them, they cannot be compared, and count
    as different.

    Raises
    ------
    DicomError
        If an item of a sequence of the standard ends within an element, or there are more than
        `most` elements, which is `MAX_LOOKED` unless given.
    """
    meta = _Look(encoded, is_little_endian=True)
    with suppress(UnusualError):  # none, or a damaged one
        meta.pass_elements(
            _META_BEGIN if encoded[:begin][128:132] == b"DICM" else 0, begin, False, ()
        )
    looked = _Look(encoded, is_little_endian, meta.found, most)
    try:
        looked.pass_elements(begin, None, False, ())
    except UnusualError:
        looked.found += [Repeat(tag, None, b"", None) for tag in sorted(repeated)]
    return tuple(looked.found)


def refuse_repeats_in_items(sequence: RawDataElement) -> None:
    """Raise where an element stands twice in an item of a sequence, or an item hides the next.

    Raises
    ------
    RepeatedError
        If one does, with different values.
    DicomError
        If an item ends within an element, or before its end, or there are more than `MAX_LOOKED`
        elements.
    """
    looked = _Look(sequence.value or b"", sequence.is_little_endian)
    is_implicit_vr = sequence.is_implicit_VR or sequence.VR == "UN"
    looked.pass_sequence(0, len(looked.encoded), is_implicit_vr, (int(sequence.tag),))
    if looked.found:
        raise RepeatedError(looked.found)


def hidden_by(repeats: Sequence[Repeat], dataset: Dataset) -> Iterator[Dataset]:
    """Yield the elements of a dataset that others behind them hide, each by itself."""
    is_implicit_vr, is_little_endian = dataset.original_encoding
    for repeat in repeats:
        if repeat.sequence is None:
            tag = BaseTag(repeat.tag)
            element = RawDataElement(
                tag,
                repeat.vr,
                len(repeat.value),
                repeat.value,
                0,
                is_implicit_vr is not False,
                is_little_endian is not False,
            )
            yield Dataset({tag: element}, parent_encoding=dataset._character_set)


def _told(repeat: Repeat) -> str:
    within = "" if repeat.sequence is None else f" in an item of {_named(repeat.sequence)}"
    return (
        f"expected {_named(repeat.tag)} once{within}, found it twice with different values: which "
        "one is meant cannot be told; export the object again"
    )


def _named(tag: int) -> str:
    shown = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
    return f"{dictionary_description(tag)} {shown}" if dictionary_has_tag(tag) else shown


def is_asked_for(tag: int) -> bool:
    """Tell whether an element is more than a private one, the length of a group or padding."""
    return _is_public(tag) and bool(tag & 0xFFFF) and tag != _TRAILING_PADDING


def _is_public(tag: int) -> bool:
    return not tag >> 16 & 1


def _require_end(begin: int, end: int | None) -> None:
    """Raise where a delimiter ends what by its stated length goes on: the rest would be lost."""
    if end is not None and begin < end:
        raise UnusualError


def _is_vr(encoded: bytes) -> bool:
    """Tell whether two bytes are letters, which pydicom takes for a VR, known or not."""
    return len(encoded) == 2 and encoded.isalpha() and encoded.isupper()


@dataclass
class _Look:
    """A way through all elements of an object, as pydicom would read them."""

    encoded: bytes
    is_little_endian: bool
    found: list[Repeat] = field(default_factory=list)
    most: int | None = None
    _looked: int = 0

    def pass_elements(
        self, begin: int, end: int | None, is_implicit_vr: bool, within: tuple[int, ...]
    ) -> int:
        """Look at the elements of an object or an item; return where they end."""
        limit = len(self.encoded) if end is None else end
        is_implicit_vr = is_implicit_vr or not _is_vr(self.encoded[begin + 4 : begin + 6])
        seen: dict[int, tuple[str | None, int, int]] = {}
        while begin < limit:
            tag, vr, length, begin = self._head(begin, is_implicit_vr)
            if tag == ItemDelimiterTag:
                _require_end(begin, end)
                return begin
            inner = is_implicit_vr or vr in {None, b"UN"}
            if length == UNDEFINED_LENGTH and vr in _FRAGMENTED:
                stop = self._behind_fragments(begin)
            elif length == UNDEFINED_LENGTH:
                stop = self.pass_items(begin, None, inner, (*within, tag))
            else:
                stop = begin + length
                if stop > limit:
                    raise UnusualError
                is_sequence = vr == b"SQ" or (vr in {None, b"UN"} and tag in _SEQUENCES)
                if is_sequence and (*within, tag) != (ROI_CONTOUR_SEQUENCE,):
                    self.pass_sequence(begin, stop, inner, (*within, tag))
            if tag in seen:
                self._compare(tag, seen[tag], (begin, stop), within)
            seen[tag] = (vr.decode("ascii") if vr else None, begin, stop)
            begin = stop
        return begin

    def pass_items(
        self, begin: int, end: int | None, is_implicit_vr: bool, within: tuple[int, ...]
    ) -> int:
        """Look at the items of a sequence; return where it ends."""
        if len(within) > MAX_NESTING:
            raise UnusualError
        while end is None or begin < end:
            tag, _, length, begin = self._head(begin, True)
            if tag == SequenceDelimiterTag:
                _require_end(begin, end)
                return begin
            if tag != ItemTag:
                raise UnusualError
            item_end = None if length == UNDEFINED_LENGTH else begin + length
            if item_end is not None and end is not None:
                item_end = min(item_end, end)
            begin = self.pass_elements(begin, item_end, is_implicit_vr, within)
        return begin

    def _behind_fragments(self, begin: int) -> int:
        """Return where compressed pixels end."""
        while True:
            tag, _, length, begin = self._head(begin, True)
            if tag == SequenceDelimiterTag:
                return begin
            begin += length

    def pass_sequence(
        self, begin: int, end: int, is_implicit_vr: bool, within: tuple[int, ...]
    ) -> None:
        """Look at a sequence whose end is known: what is unusual in it hides nothing behind it.

        What stood in the rest of its item is lost all the same; of a private one nobody asks.
        """
        try:
            self.pass_items(begin, end, is_implicit_vr, within)
        except UnusualError as error:
            if all(map(_is_public, within)):
                raise DicomError(
                    f"expected the items of {_named(within[-1])} to hold whole elements, found one "
                    "that is longer than its item, a delimiter before its end, or no element: what "
                    "stands behind it cannot be read; export the object again"
                ) from error

    def _compare(
        self,
        tag: int,
        earlier: tuple[str | None, int, int],
        again: tuple[int, int],
        within: tuple[int, ...],
    ) -> None:
        vr, begin, end = earlier
        value = self.encoded[begin:end]
        if is_asked_for(tag) and value.strip(_PADDING) != self.encoded[slice(*again)].strip(
            _PADDING
        ):
            if len(self.found) == MAX_REPEATS:
                raise UnusualError
            self.found.append(Repeat(tag, vr, value, within[-1] if within else None))

    def _head(self, begin: int, is_implicit_vr: bool) -> tuple[int, bytes | None, int, int]:
        """Return tag, VR and length of an element, and where its value begins."""
        self._looked += 1
        most = MAX_LOOKED if self.most is None else self.most
        if self._looked > most:
            raise TooManyElementsError(
                f"expected at most {most} elements in one object, found more: export it again"
            )
        order = "<" if self.is_little_endian else ">"
        try:
            group, element, length = struct.unpack_from(f"{order}HHL", self.encoded, begin)
            vr = self.encoded[begin + 4 : begin + 6]
            tag = group << 16 | element
            # A VR that is none is implicit VR, as pydicom takes it.
            if is_implicit_vr or group == 0xFFFE or not _is_vr(vr):
                return tag, None, length, begin + 8
            if vr in LONG:
                (length,) = struct.unpack_from(f"{order}L", self.encoded, begin + 8)
                return tag, vr, length, begin + 12
            (length,) = struct.unpack_from(f"{order}H", self.encoded, begin + 6)
        except struct.error as error:
            raise UnusualError from error
        return tag, vr, length, begin + 8
