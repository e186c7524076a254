"""Answer: what a register says to a question, where not knowing is an answer too."""

from collections.abc import Mapping
from enum import StrEnum

from oligort.clinical.synonyms import ANSWERS


class Answer(StrEnum):
    """Yes, no or unknown; unknown is never taken for either."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @classmethod
    def other_words(cls) -> Mapping[str, str]:
        """Return what people write for a word, in one spelling, with the word."""
        return ANSWERS

    @classmethod
    def of(cls, truth: bool) -> "Answer":
        """Return the answer for what is known to be true or false."""
        return cls.YES if truth else cls.NO
