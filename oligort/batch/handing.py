"""Handing over: the answer of a worker lies in a file, and where it lies is all that is sent.

All workers of a pool send through one channel, one at a time. One that is killed while it sends
keeps it closed to the others, until they give up; a few bytes are sent in a moment, a page is not.
"""

import pickle
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, cast

from oligort.batch.failure import plain

R = TypeVar("R")


@dataclass(frozen=True)
class Left(Generic[R]):
    """An answer that lies in a file."""

    file: Path


def left_in_file(answer: R, file: Path) -> R | Left[R]:
    """Leave an answer in a file; the answer itself is handed over where none can be written."""
    try:
        with file.open("wb") as stream:
            pickle.dump(answer, stream, pickle.HIGHEST_PROTOCOL)
    except OSError:
        discard(file)
        return answer
    return Left(file)


def taken(future: "Future[R | Left[R]]") -> "Future[R]":
    """Return a finished future with the answer itself, or its error; the file is removed."""
    handed = None if future.exception() else future.result()
    if not isinstance(handed, Left):
        return cast("Future[R]", future)
    answer: Future[R] = Future()
    try:
        with handed.file.open("rb") as stream:
            answer.set_result(pickle.load(stream))
    except OSError as error:
        answer.set_exception(plain(error))
    discard(handed.file)
    return answer


def discard(file: Path) -> None:
    """Remove an answer, where one is."""
    with suppress(OSError):
        file.unlink()
