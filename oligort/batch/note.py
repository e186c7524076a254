"""Note: what a worker leaves behind of its task, for when it cannot answer any more."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NAME = "note"

_places: list[Path] = []
"""Where notes of this process go; none outside of a worker."""


@contextmanager
def notes_in(folder: Path) -> Iterator[None]:
    """Let the notes of a task go to a folder."""
    _places.append(folder / _NAME)
    try:
        yield
    finally:
        _places.pop()


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
