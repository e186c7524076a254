"""Answer: what a register says to a question, where not knowing is an answer too."""

from enum import StrEnum


class Answer(StrEnum):
    """Yes, no or unknown; unknown is never taken for either."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, truth: bool) -> "Answer":
        """Return the answer for what is known to be true or false."""
        return cls.YES if truth else cls.NO
