"""Exports: the submission of a command, and the earlier courses that it is given."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import oligort

if TYPE_CHECKING:
    from oligort.submission import Submission


def read_exports(
    paths: Sequence[Path], prior: Sequence[Path] | None
) -> "tuple[Submission, tuple[Submission, ...]]":
    """Return the submission and each earlier export, what lies in both as the earlier one alone.

    A folder of an earlier course inside the submission's would count as courses of today, too.

    Raises
    ------
    DicomError
        As `oligort.read`.
    """
    if not prior:
        return oligort.read(*paths), ()
    submission = oligort.read(*paths, without=prior)
    return submission, tuple(oligort.read(path, without=prior) for path in prior)
