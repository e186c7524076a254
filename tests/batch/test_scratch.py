"""What a batch unpacks is removed, however its workers or the batch itself end."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from many_exports import write_exports
from troubles import TROUBLE, judged_at_once_in_trouble_unpacked

from oligort.batch.limits import Limits
from oligort.batch.registers import RegisterList
from oligort.batch.run import Batch, Done
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


def test_without_a_place_for_temporary_files_a_batch_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(OutputError, match="TMPDIR"), scratch_for(tmp_path):
        pass
