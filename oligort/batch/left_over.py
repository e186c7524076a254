"""Left over: reports of submissions that the last run of a batch no longer found."""

from collections.abc import Iterable
from pathlib import Path

from oligort.errors import OutputError

NOTE = "left_over.txt"
"""The file of their names, one a line, beside what a batch knows of each report."""


def noted(names: Iterable[str]) -> bytes:
    """Return what the note says of reports by their names without suffix."""
    return "".join(f"{name}\n" for name in sorted(names)).encode("ascii")


def names_in(note: Path) -> frozenset[str]:
    """Return the names of the reports that a note says are left over; none where there is none.

    Raises
    ------
    OutputError
        If it is there and cannot be read: what it says of the reports is not to be missed.
    """
    try:
        return frozenset(note.read_text(encoding="ascii").split())
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(
            f"expected the note of a batch on reports that are left over ({NOTE}), found one that "
            "cannot be read; run the batch again, or remove it"
        ) from error
