"""Note: what a worker leaves behind of its task, for when it cannot answer any more."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NAME, _WORKER = "note", "worker"

_places: list[Path] = []
"""Where notes of this process go; none outside of a worker."""


@contextmanager
def notes_in(folder: Path) -> Iterator[None]:
    """Let the notes of a task go to a folder; while it lasts, one says which process is at it."""
    _places.append(folder / _NAME)
    worker = folder / _WORKER
    with suppress(OSError):
        worker.write_text(str(os.getpid()), encoding="ascii")
    try:
        yield
    finally:
        _places.pop()
        with suppress(OSError):
            worker.unlink()


def leave(text: str) -> None:
    """Leave a note in place of the one before; where that cannot be written, none is there."""
    for place in _places[-1:]:
        with suppress(OSError):
            place.unlink(missing_ok=True)
            place.write_text(text, encoding="ascii")


def left_in(folder: Path) -> str:
    """Return the note that was left in a folder, or ""."""
    try:
        return (folder / _NAME).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def is_abandoned(folder: Path) -> bool:
    """Whether the process that was at work on a task is no longer there; False if nobody knows."""
    if os.name != "posix":  # elsewhere there is no asking that does not end it
        return False
    try:
        os.kill(int((folder / _WORKER).read_text(encoding="ascii")), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return False
