"""What every part of a protocol file has in common: strict keys, a source, a question."""

from typing import Annotated

import msgspec
from msgspec import Meta

from oligort.finding import Source

ASSUMPTION = "assumption"
"""The document of what no document says: to be confirmed with the trial office."""


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a protocol file: no key that is not known, no change once built."""


class Sourced(Strict, frozen=True, kw_only=True):
    """Where a choice comes from and, for an assumption, what to ask the trial office.

    Raises
    ------
    ValueError
        If an assumption does not say what to ask.
    """

    source: Source
    question: Annotated[str, Meta(max_length=400)] = ""

    def __post_init__(self) -> None:
        """Refuse an assumption that nobody could confirm."""
        if self.is_assumption and not self.question.strip():
            raise ValueError(
                "question: expected, beside an assumption, what to ask the trial office, found none"
            )

    @property
    def is_assumption(self) -> bool:
        """Whether no document gives it."""
        return self.source.document == ASSUMPTION
