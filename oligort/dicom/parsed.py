"""Parsed: the elements of a file up to where reading was to stop, and what they say twice."""

from collections.abc import Callable
from dataclasses import dataclass

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import BaseTag

from oligort.dicom.content import Content, elements_of
from oligort.dicom.repeats import (
    Repeat,
    RepeatedError,
    hidden_by,
    is_ascending,
    repeated_among,
    repeats_in,
)
from oligort.errors import DicomError

LAST_OF_META = 0x0002FFFF
"""The last tag of the file meta information."""


@dataclass(frozen=True)
class Parsed:
    """A dataset, where reading ended, and at which tag it stopped on purpose, if it did.

    `repeated` are tags that were read twice, of which the dataset holds the last.
    """

    dataset: FileDataset
    end: int
    stopped_at: int | None
    is_ascending: bool
    repeated: frozenset[int]

    @property
    def is_implicit_vr(self) -> bool:
        """Whether the elements are of implicit VR as they stand, whatever the file meta says."""
        for element in self.dataset.values():
            if isinstance(element, RawDataElement):
                return element.is_implicit_VR
        return self.dataset.original_encoding[0] is not False

    @property
    def is_little_endian(self) -> bool:
        """Whether the elements are little endian."""
        return self.dataset.original_encoding[1] is not False


def at_first(tag: int) -> bool:
    """Tell whether a tag stands behind the file meta information."""
    return tag > LAST_OF_META


def parse_until(content: Content, stop_when: Callable[[int], bool]) -> Parsed:
    """Parse the first bytes of a file, or all of it where these do not reach the stop."""
    try:
        parsed = parse(content.head, stop_when)
    except DicomError:
        if content.is_whole:
            raise
    else:
        if parsed.stopped_at is not None or content.is_whole:
            return parsed
    return parse(content.first(), stop_when)


def parse(encoded: bytes, stop_when: Callable[[int], bool] | None = None) -> Parsed:
    """Parse elements up to the stop, or all of them.

    Raises
    ------
    DicomError
        If they cannot be read.
    """
    stopped_at: int | None = None
    tags: list[BaseTag] = []

    def stop(tag: BaseTag, vr: str | None, length: int) -> bool:
        nonlocal stopped_at
        if stop_when is not None and stop_when(tag):
            stopped_at = int(tag)
        tags.append(tag)
        return stopped_at is not None

    dataset, end = elements_of(encoded, stop)
    return Parsed(dataset, end, stopped_at, is_ascending(tags), repeated_among(tags))


def repeats_of(parsed: Parsed, encoded: bytes, most: int | None = None) -> tuple[Repeat, ...]:
    """Return the elements that stand again behind, with another value; the bytes begin the file."""
    begin = parse(encoded, at_first).end
    return repeats_in(
        encoded,
        begin,
        is_little_endian=parsed.is_little_endian,
        repeated=parsed.repeated,
        most=most,
    )


def hidden_in(parsed: Parsed, content: Content) -> tuple[Dataset, ...]:
    """Return what is hidden of a header; elements in the order of their tags hide nothing."""
    if parsed.is_ascending:
        return ()
    return tuple(hidden_by(repeats_of(parsed, content.first(parsed.end)), parsed.dataset))


def refuse_repeats(parsed: Parsed, encoded: bytes, whole: Dataset | None = None) -> None:
    """Raise where an image says two things of one element, in its header or `whole`.

    Raises
    ------
    RepeatedError
        If it does.
    """
    if parsed.is_ascending and whole is None:
        return
    if repeats := repeats_of(parsed, encoded):
        raise RepeatedError(repeats, parsed.dataset if whole is None else whole)
