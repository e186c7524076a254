"""Scratch: one folder for all that a batch unpacks; none outlives the batch, nor its successor."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from oligort.errors import OutputError

PREFIX = "oligort-batch-"
"""What the name of a scratch folder begins with; a digest of what it is for follows."""

LOCK = "lock"
"""The file in a scratch folder that its process holds for as long as it lives."""

DIGITS = 12
"""Hex digits of what a scratch folder is for: two folders of one machine never share them."""


@contextmanager
def scratch_for(folder: Path) -> Iterator[Path]:
    """Yield a folder for temporary files, of one run on a folder, and remove it in the end.

    It lies where the system keeps temporary files (TMPDIR). What earlier runs on the same folder
    left behind there, because they were killed, is removed; that of a run that is alive is not.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    prefix = f"{PREFIX}{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:DIGITS]}-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        _remove_of_dead(left)
    try:
        scratch, lock = _locked(prefix)
    except (OSError, NotImplementedError) as error:
        raise OutputError(
            "expected to make a folder for unpacked files where the system keeps temporary files, "
            f"found: {error}; name another place for them in the environment variable TMPDIR"
        ) from error
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        lock.release()
        shutil.rmtree(scratch, ignore_errors=True)  # where a file that is locked cannot be removed


def _locked(prefix: str) -> tuple[Path, FileLock]:
    while True:
        scratch = Path(tempfile.mkdtemp(prefix=prefix))
        lock = FileLock(scratch / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue  # another run takes it for that of a dead one, between the two lines above
        if (scratch / LOCK).exists():
            return scratch, lock
        lock.release()


def _remove_of_dead(scratch: Path) -> None:
    """Remove a scratch folder whose process is gone, and its lock with it."""
    if scratch.is_symlink() or not (scratch / LOCK).is_file():
        return  # nothing is unpacked before the lock is there
    lock = FileLock(scratch / LOCK)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError, NotImplementedError):
        return  # alive, or somebody else's
    shutil.rmtree(scratch, ignore_errors=True)
    lock.release()
    shutil.rmtree(scratch, ignore_errors=True)
