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
    """Return the submission and each earlier export, what lies in both as the inner one alone.

    A folder of an earlier course inside the submission's would count as courses of today, too, and
    the submission's inside that of an earlier course as one of these.

    Raises
    ------
    DicomError
        As `oligort.read`.
    """
    if not prior:
        return oligort.read(*paths), ()
    earlier = [path.resolve() for path in prior]
    # `folder/*` names the earlier course in it as well.
    own = [path for path in paths if path.resolve() not in earlier] or paths
    submission = oligort.read(*own, without=prior)
    return submission, tuple(oligort.read(path, without=(*prior, *own)) for path in prior)
