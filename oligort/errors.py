"""The errors of oligort. Each message is a sentence: expected, found, where, what to do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_Answer = TypeVar("_Answer")


class OligortError(Exception):
    """Base of every error that oligort raises on purpose; anything else is a bug."""


class DicomError(OligortError, ValueError):
    """A DICOM object cannot be read, or says something that must not be believed."""


class NothingReadError(DicomError):
    """Of a submission nothing can be read: among how many files, and why some of them cannot be.

    `reasons` are pairs of a name, quoted, and a reason. Where nothing says who the patient is
    nothing tells whether a name of a file does.
    """

    def __init__(self, file_count: int, reasons: tuple[tuple[str, str], ...]) -> None:
        super().__init__(file_count, reasons)
        self.file_count, self.reasons = file_count, reasons

    def __str__(self) -> str:
        """Return what is wrong, with the names."""
        return self._told([f"{name}: {reason}" for name, reason in self.reasons])

    @property
    def without_names(self) -> str:
        """What is wrong, as a report may say it: each reason once, and no name of a file."""
        return self._told(list(dict.fromkeys(reason for _, reason in self.reasons)))

    def _told(self, reasons: list[str]) -> str:
        expected = "expected at least one RT structure set, dose, plan or image that can be read"
        return "; ".join([f"{expected}, found none among {self.file_count} files", *reasons])


class NotDicomError(DicomError):
    """A file holds no DICOM object at all."""


class SelectionError(OligortError, ValueError):
    """A plan, a dose or an ROI was asked for by a name that fits nothing, or more than one."""


class ExpressionError(OligortError, ValueError):
    """A structure expression cannot be read."""


class MetricError(OligortError, ValueError):
    """A metric cannot be read."""


class ProtocolError(OligortError, ValueError):
    """A protocol file is unknown, cannot be read or contradicts itself."""


class RegisterError(OligortError, ValueError):
    """A clinical register file cannot be read or holds an impossible value."""


class NamesError(OligortError, ValueError):
    """A site map of ROI names cannot be read or holds an impossible value."""


class ReportError(OligortError, ValueError):
    """A report cannot be read, or two reports cannot be compared."""


class DecisionError(OligortError, ValueError):
    """A file of decisions cannot be read, or is about another report."""


class MissingExtraError(OligortError, ImportError):
    """What was asked for needs a library that is not installed."""


class OutputError(OligortError, OSError):
    """A result cannot be written where it was asked for."""


class NotEvaluable(OligortError):  # noqa: N818 - an answer, not a failure
    """A question has no defensible answer; the message says why.

    The engine of the checks turns this error, and no other, into a finding of grade
    NOT_EVALUABLE.

    Parameters
    ----------
    reason : str
        Why.
    hint : str
        What to do about it, where the reason itself tells; else "".
    """

    def __init__(self, reason: str = "", hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


@contextmanager
def advising(hint: str) -> Iterator[None]:
    """Give what is not evaluable inside a hint, where it has none of its own."""
    try:
        yield
    except NotEvaluable as error:
        error.hint = error.hint or hint
        raise


def answered(compute: Callable[[], _Answer]) -> Callable[[], _Answer]:
    """Compute an answer, and return what gives it again and again: it, or why there is none."""
    try:
        answer = compute()
    except NotEvaluable as error:
        reason, hint = str(error), error.hint

        def refuse() -> _Answer:
            raise NotEvaluable(reason, hint)  # anew: hints are added to the one that is raised

        return refuse
    return lambda: answer
