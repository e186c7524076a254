"""What a batch unpacks is removed, however its workers or the batch itself end."""

import errno
import itertools
import os
import subprocess
import sys
import tempfile
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from many_exports import write_exports
from pebble import ProcessPool
from troubles import TROUBLE, judged_at_once, judged_at_once_in_trouble_unpacked

from oligort.batch.limits import Limits
from oligort.batch.outcome import Done
from oligort.batch.registers import RegisterList
from oligort.batch.run import Batch
from oligort.batch.scratch import scratch_for
from oligort.errors import OutputError

KILLED = """
import os, pathlib, sys, tempfile
from oligort.batch.scratch import scratch_for
with scratch_for(pathlib.Path(sys.argv[1])) as scratch:
    (scratch / "RS.dcm").touch()
    os.kill(os.getpid(), 9)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_workers_that_are_stopped_or_die_leave_nothing(tmp_path, temporary):
    folders = write_exports(tmp_path / "root", range(4))
    for folder, trouble in zip(folders, ("hang", "be_killed", "take_all_memory"), strict=False):
        (folder / TROUBLE).write_text(trouble)
    batch = Batch(1, Limits(seconds=2, gibibytes=0.75), judge=judged_at_once_in_trouble_unpacked)
    planned = batch.plan(tmp_path / "root", "nct06190782", RegisterList())
    left: list[int] = []

    def count(done: Done) -> None:
        left.append(sum(path.is_file() for path in temporary.glob("*/*/**/*.dcm")))

    batch.run(planned, tmp_path / "out", count)
    assert len(left) == 4
    assert max(left) <= 1  # the one that is at work by then
    assert not list(temporary.glob("oligort*"))  # multiprocessing keeps a socket of its own there


def test_what_a_killed_run_left_the_next_one_on_its_folder_removes(tmp_path, temporary):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "out")], check=False, timeout=60)
    (left,) = temporary.iterdir()
    assert (left / "RS.dcm").exists()
    with scratch_for(tmp_path / "another"):
        assert left.exists()
    with scratch_for(tmp_path / "out"):
        assert not left.exists()
    assert not list(temporary.iterdir())


def test_what_a_run_that_is_alive_unpacked_stays(tmp_path, temporary):
    with scratch_for(tmp_path) as alive, scratch_for(tmp_path) as other:
        assert alive != other
        assert alive.exists()


@pytest.mark.parametrize(
    ("is_tidied", "judge", "reason"),
    [
        (True, judged_at_once_in_trouble_unpacked, ""),
        (False, judged_at_once, ""),
        (False, judged_at_once_in_trouble_unpacked, "the system refused what was asked"),
    ],
)
def test_where_the_folder_is_gone_or_none_can_be_made_the_batch_goes_on(
    tmp_path, temporary, is_tidied, judge, reason
):
    write_exports(tmp_path / "root", range(4))
    batch = Batch(1, judge=judge)
    planned = batch.plan(tmp_path / "root", "nct06190782", RegisterList())
    told: list[Done] = []

    def tell(done: Done) -> None:
        told.append(done)
        if len(told) > 1:
            return
        for scratch in temporary.glob("oligort*"):
            scratch.rename(tmp_path / scratch.name)
            if not is_tidied:
                scratch.write_text("no folder is made in a file, as on a full disk")

    batch.run(planned, tmp_path / "out", tell)
    assert len(told) == 4
    assert not any(done.is_bug for done in told)
    assert reason in told[-1].trouble
    assert bool(reason) is bool(told[-1].trouble)


def refused(*arguments: object, **how: object) -> None:
    raise BrokenProcessPool from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_without_room_for_a_process_a_batch_says_so(tmp_path, temporary, monkeypatch):
    write_exports(tmp_path / "root", range(2))
    batch = Batch(1, judge=judged_at_once)
    planned = batch.plan(tmp_path / "root", "nct06190782", RegisterList())
    with monkeypatch.context() as patched:
        patched.setattr(ProcessPool, "schedule", refused)
        with pytest.raises(OutputError, match=r"\(No space left on device\); .*TMPDIR"):
            batch.run(planned, tmp_path / "out", lambda done: None)
    schedule = ProcessPool.schedule
    times = itertools.count()

    def refused_once(*arguments: object, **how: object) -> object:
        return schedule(*arguments, **how) if next(times) else refused()

    monkeypatch.setattr(ProcessPool, "schedule", refused_once)
    assert batch.run(planned, tmp_path / "out", lambda done: None).verdicts.total() == 2


def test_without_a_place_for_temporary_files_a_batch_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(OutputError, match="TMPDIR"), scratch_for(tmp_path):
        pass
