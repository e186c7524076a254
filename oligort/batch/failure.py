"""Failures: what goes wrong in a worker as something that every process can read."""

import errno
import os
import re
import traceback
from collections.abc import Iterator

from oligort.errors import NothingReadError, OligortError, ProtocolError

_PLACE = re.compile(r'File "[^"\n]*?(oligort/[^"\n]+)", line (\d+)')
"""A line of a traceback about code of oligort."""

_OF_SYSTEM = re.compile("|".join(re.escape(os.strerror(code)) for code in errno.errorcode))
"""What the system says when it cannot do something."""


class BugError(Exception):
    """An error that oligort did not raise on purpose: its kind, its text and its traceback.

    The text may name the patient.
    """

    def __init__(self, kind: str, text: str, trace: str) -> None:
        super().__init__(kind, text, trace)
        self.kind, self.text, self.trace = kind, text, trace

    @property
    def what(self) -> str:
        """Its kind and where it was raised."""
        places = _PLACE.findall(self.trace)
        where = f" in {places[-1][0]}, line {places[-1][1]}" if places else ""
        return f"{self.kind}{where}"


class SystemRefusedError(Exception):
    """The system could not do something, by its own words."""


def plain(error: BaseException) -> Exception:
    """Return an error as one that can be sent to any process: others may fail when unpacked."""
    match error:
        case MemoryError():
            return MemoryError("the memory limit of the worker")
        case BugError() | SystemRefusedError() | NothingReadError():
            return error
        case ProtocolError():
            return ProtocolError(str(error))
        case OligortError():
            return OligortError(str(error))
        case OSError(strerror=str(words)):
            return SystemRefusedError(words)
        case _:
            return bug_of(error)


def bug_of(error: BaseException) -> BugError:
    """Return any error as one that oligort did not raise on purpose."""
    trace = "".join(traceback.format_exception(error))
    return BugError(type(error).__name__, str(error), trace)


def is_of_system(error: BaseException) -> bool:
    """Whether an error comes from what the system could not do, now and perhaps not later."""
    return any(
        isinstance(one, OSError | SystemRefusedError) or tells_of_system(str(one))
        for one in _with_causes(error)
    )


def words_of_system(error: BaseException) -> str:
    """Return what the system said where an error comes from it, or ""."""
    said = (one.strerror for one in _with_causes(error) if isinstance(one, OSError))
    return next((words for words in said if words), "")


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def tells_of_system(text: str) -> bool:
    """Whether a text tells of what the system could not do, as a share that is away."""
    return bool(_OF_SYSTEM.search(text))
