"""A batch ends with a report of every submission, whatever some of them do to the worker."""

import dataclasses
import errno
import hashlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from many_exports import register_of, subject_of, write_exports
from msgspec.structs import replace
from troubles import (
    TROUBLE,
    TROUBLES,
    judged_after_time_out,
    judged_and_ended,
    judged_and_left,
    judged_at_once,
    judged_at_once_in_trouble,
    judged_in_a_second,
    judged_in_trouble,
    judged_oddly,
    judged_of_site,
    judged_to_death,
    judged_while_away,
    judged_without_page,
)

import oligort
from oligort.batch import workers
from oligort.batch.judge import judged
from oligort.batch.limits import Limits
from oligort.batch.outcome import Done, Summary
from oligort.batch.output import LEDGER, REPORTS, Entry, Output
from oligort.batch.registers import RegisterList
from oligort.batch.run import Batch
from oligort.cohort import cohort_of
from oligort.document import Report
from oligort.errors import DicomError, OutputError
from oligort.finding import Grade

PROTOCOL = "protocol/trials/nct06190782.toml"
LIMITS = Limits(seconds=12, gibibytes=0.75)
"""Time enough to take all memory on a machine that others keep busy."""


def run(
    root: Path, out: Path, *, registers: RegisterList | None = None, **how: object
) -> tuple[Summary, list[Done]]:
    """Run a batch of one worker; what there is to do, this process looks for itself."""
    batch = Batch(**{"jobs": 1, "limits": LIMITS, "judge": judged_at_once, **how})
    told: list[Done] = []
    alone = dataclasses.replace(batch, jobs=0)
    planned = alone.plan(root, "nct06190782", registers or RegisterList())
    return batch.run(planned, out, told.append), told


def contents(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder but the lock."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }


def report(out: Path, name: str) -> Report:
    return Report.from_json((out / "reports" / f"{name}.json").read_bytes())


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three good submissions, and one with each trouble."""
    root = tmp_path_factory.mktemp("troubled")
    folders = write_exports(root, range(3 + len(TROUBLES) + 2))
    (folders[0] / TROUBLE).write_text("be_killed_once")
    for folder, trouble in zip(folders[3:], TROUBLES, strict=False):
        (folder / TROUBLE).write_text(trouble)
    for file in folders[-2].iterdir():
        file.write_bytes(b"no DICOM at all")
    (folders[-1] / "RS.dcm").write_bytes((folders[-1] / "RS.dcm").read_bytes()[:2000])
    return root


@pytest.fixture(scope="module")
def undisturbed(troubled: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    out = tmp_path_factory.mktemp("undisturbed")
    return out, run(troubled, out, jobs=2, judge=judged_in_trouble)[0]


REASONS = {
    "hang": "it did not end within 12 s, the time limit",
    "leave": "the process that checked it ended by itself with status 3, twice",
    "crash": "the process that checked it crashed by signal SIGSEGV, twice",
    "be_killed": "was killed by signal SIGKILL, as systems do where memory runs out, twice",
    "take_all_memory": "it needs more than 0.75 GiB, the memory limit",
    "fail": "an internal error: ZeroDivisionError",
}


def test_every_trouble_has_a_report_with_its_reason_and_stops_nothing(troubled, undisturbed):
    out, summary = undisturbed
    assert len(list((out / "reports").iterdir())) == 3 + len(TROUBLES) + 2
    for number, trouble in enumerate(TROUBLES, 3):
        (finding,) = report(out, subject_of(number)).findings
        assert finding.grade is Grade.NOT_EVALUABLE
        assert REASONS[trouble] in finding.message
        assert finding.code == ("OL091" if trouble == "fail" else "OL090")
        assert finding.hint
    assert summary.bugs == 1
    assert summary.verdicts.total() == 3 + len(TROUBLES) + 2


def test_one_that_is_killed_while_it_hands_over_keeps_nobody_waiting(tmp_path):
    write_exports(tmp_path / "root", range(6))
    begin_s = time.monotonic()
    how = {"jobs": 2, "limits": Limits(), "judge": judged_to_death}
    _, told = run(tmp_path / "root", tmp_path / "out", **how)
    assert time.monotonic() - begin_s < 60  # as long as the others would wait for the channel
    (killed,) = [done for done in told if done.trouble]
    assert killed.subject == subject_of(1)
    assert "was killed by signal SIGKILL" in killed.trouble
    assert len(told) == 6


@pytest.mark.skipif(os.name != "posix", reason="where the system tells whether a process is there")
def test_one_that_leaves_as_if_its_work_were_done_is_told_as_what_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "ABANDONED_S", 0.5)  # nothing else hangs here: no need to be sure
    write_exports(tmp_path / "root", range(3))
    begin_s = time.monotonic()
    _, told = run(tmp_path / "root", tmp_path / "out", limits=Limits(), judge=judged_and_left)
    assert time.monotonic() - begin_s < 100  # and not 300 s, the time limit
    (left,) = [done for done in told if done.trouble]
    assert left.subject == subject_of(1)
    assert "the process that checked it ended by itself with status 0, twice" in left.trouble
    assert len(told) == 3


def test_one_that_is_asked_to_end_did_not_end_by_itself(tmp_path):
    write_exports(tmp_path / "root", range(3))
    _, told = run(tmp_path / "root", tmp_path / "out", judge=judged_and_ended)
    (ended,) = [done for done in told if done.trouble]
    assert ended.subject == subject_of(1)
    assert "the process that checked it was ended by signal SIGTERM, twice" in ended.trouble


class Clock:
    """The clock on the wall, an hour ahead soon after it is asked, as when a machine has slept."""

    def __init__(self) -> None:
        self.begin_s = 0.0
        self.sleep = time.sleep

    def time(self) -> float:
        now_s = time.time()
        self.begin_s = self.begin_s or now_s  # when the first task begins
        return now_s + 3600 * (now_s > self.begin_s + 0.3)


def test_a_clock_that_is_set_makes_nobody_late(tmp_path, monkeypatch):
    write_exports(tmp_path / "root", range(4))
    monkeypatch.setattr("pebble.pool.process.time", Clock())
    how = {"jobs": 2, "limits": Limits(seconds=60), "judge": judged_in_a_second}
    _, told = run(tmp_path / "root", tmp_path / "out", **how)
    assert [done.trouble for done in told] == [""] * 4


def test_the_others_are_reported_as_by_a_check_alone(troubled, undisturbed):
    out, _ = undisturbed
    for number in range(3):
        alone = oligort.check(oligort.read(troubled / f"patient{number:05d}"))
        assert (out / "reports" / f"{subject_of(number)}.json").read_text() == alone.to_json()


def test_what_one_took_of_the_memory_the_next_in_its_worker_has_again(tmp_path):
    folders = write_exports(tmp_path / "root", range(2))
    (folders[0] / TROUBLE).write_text("take_all_memory")
    out = tmp_path / "out"
    run(tmp_path / "root", out, judge=judged_at_once_in_trouble)
    reasons = [report(out, subject_of(n)).findings[0].message for n in range(2)]
    assert ["memory limit" in reason for reason in reasons] == [True, False]


def test_one_whose_worker_is_killed_is_tried_once_more(troubled, undisturbed):
    assert (troubled / "patient00000.killed").exists()  # and its report is that of a check alone


def test_what_cannot_be_read_is_a_report_too(troubled, undisturbed):
    out, _ = undisturbed
    (name,) = [path.stem for path in (out / "reports").glob("submission-*.json")]
    (finding,) = report(out, name).findings
    assert "found none among 3 files" in finding.message
    truncated = report(out, subject_of(10))
    assert any("RS.dcm" in finding.message for finding in truncated.graded(Grade.NOT_EVALUABLE))


def test_what_a_file_is_called_is_in_no_report_where_nothing_says_whose_it_is(tmp_path):
    write_exports(tmp_path / "root", range(1))
    (tmp_path / "root" / "Smith_John.zip").write_bytes(b"PK\3\4 and no more")
    out = tmp_path / "out"
    _, told = run(tmp_path / "root", out, judge=judged, has_pages=True)
    (trouble,) = [done.trouble for done in told if done.trouble]
    assert '"Smith_John.zip": expected a zip archive' in trouble  # somebody must find it
    assert not any(b"Smith" in path.read_bytes() for path in out.rglob("*") if path.is_file())
    (unread,) = out.glob("reports/submission-*.json")
    (finding,) = Report.from_json(unread.read_bytes()).findings
    assert "found none among 0 files; expected a zip archive" in finding.message
    reports = oligort.check_all(tmp_path / "root")
    assert not any("Smith" in one.to_json() for one in reports)


def test_what_an_error_says_is_in_no_report(undisturbed):
    out, _ = undisturbed
    assert not any("Smith" in path.read_text() for path in (out / "reports").iterdir())


def test_a_second_run_makes_nothing_again_but_what_killed_its_worker(troubled, undisturbed):
    out, _ = undisturbed
    before = contents(out)
    summary, told = run(troubled, out, jobs=2, judge=judged_in_trouble)
    again = {done.subject for done in told if not done.is_reused}
    deaths = {"leave", "crash", "be_killed"}
    assert again == {subject_of(n) for n, name in enumerate(TROUBLES, 3) if name in deaths}
    assert summary.bugs == 1
    assert contents(out) == before


@pytest.fixture
def small(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    write_exports(root, range(3))
    return root


def reused(told: list[Done]) -> set[str]:
    return {done.subject for done in told if done.is_reused}


def test_a_report_is_made_again_when_anything_it_depends_on_has_changed(small, tmp_path):
    out = tmp_path / "out"
    run(small, out)
    everything = {subject_of(n) for n in range(3)}
    assert reused(run(small, out)[1]) == everything
    # a file
    dose = small / "patient00000" / "RD.dcm"
    times = dose.stat()
    dose.write_bytes(dose.read_bytes()[:-2] + b"\1\1")
    os.utime(dose, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert reused(run(small, out)[1]) == everything - {subject_of(0)}
    # a register
    registers = RegisterList.of([register_of(1)])
    assert reused(run(small, out, registers=registers)[1]) == everything - {subject_of(1)}
    # a report that somebody edited
    written = out / "reports" / f"{subject_of(2)}.json"
    written.write_text(written.read_text().replace("could not", "could"))
    assert reused(run(small, out, registers=registers)[1]) == everything - {subject_of(2)}
    assert reused(run(small, out, registers=registers, is_fresh=True)[1]) == set()


def test_registers_are_matched_and_what_is_missing_on_either_side_is_told(small, tmp_path):
    registers = RegisterList.of([register_of(0), register_of(77)])
    batch = Batch(jobs=1, limits=LIMITS, judge=judged)
    planned = batch.plan(small, "nct06190782", registers)
    assert {one.subject for one in planned.matches.values()} == {subject_of(0)}
    summary = batch.run(planned, tmp_path / "out", lambda done: None)
    assert summary.verdicts.total() == 4
    told: list[Done] = []
    assert batch.run(planned, tmp_path / "out", told.append).reused == 4
    assert subject_of(77) in reused(told)
    missing = report(tmp_path / "out", subject_of(77))
    assert [finding.code for finding in missing.findings] == ["OL092"]
    assert missing.verdict is Grade.NOT_EVALUABLE
    assert report(tmp_path / "out", subject_of(0)).arm == "local_therapy"


def test_a_register_that_cannot_be_read_is_told_in_the_report_of_its_subject(small, tmp_path):
    folder = tmp_path / "registers"
    folder.mkdir()
    (folder / "other.json").write_text(register_of(1).to_json())
    (folder / f"{subject_of(0)}.toml").write_text("schema_version = 1\nsubjekt = 1\n")
    run(small, tmp_path / "out", registers=RegisterList.load(folder))
    (finding,) = report(tmp_path / "out", subject_of(0)).findings
    assert "its register cannot be used" in finding.message
    assert "subjekt" in finding.message
    # which is as it was where nothing has changed
    for is_fresh in (False, True):
        _, told = run(
            small, tmp_path / "out", registers=RegisterList.load(folder), is_fresh=is_fresh
        )
        assert (subject_of(0) in reused(told)) is not is_fresh
    # and of one of whom nothing was found it tells both
    shutil.rmtree(small / "patient00000")
    listed = RegisterList.load(folder)
    summary, _ = run(small, tmp_path / "anew", registers=listed)
    assert summary.verdicts == {Grade.NOT_EVALUABLE: 3}
    (finding,) = report(tmp_path / "anew", subject_of(0)).findings
    assert finding.code == "OL092"
    assert "subjekt" in finding.message
    assert summary.cohort is not None
    assert summary.cohort.missing == (subject_of(0),)
    assert cohort_of(tmp_path / "anew", expected=listed.sites).missing == (subject_of(0),)


def test_a_protocol_that_was_away_for_a_moment_is_not_remembered(tmp_path):
    write_exports(tmp_path / "root", range(1))
    protocol, away = tmp_path / "protocol.toml", tmp_path / "away"
    protocol.write_bytes((Path(oligort.__file__).parent / PROTOCOL).read_bytes())
    batch = Batch(jobs=1, judge=judged)
    planned = batch.plan(tmp_path / "root", str(protocol), RegisterList())
    assert planned.rules.id
    protocol.rename(away)
    batch.run(planned, tmp_path / "out", lambda done: None)
    (finding,) = report(tmp_path / "out", subject_of(0)).findings
    assert "of the protocol: " in finding.message
    assert "the site" not in finding.hint
    away.rename(protocol)
    batch.run(planned, tmp_path / "out", lambda done: None)
    assert len(report(tmp_path / "out", subject_of(0)).findings) > 1


def test_a_submission_that_is_away_keeps_its_report(small, tmp_path):
    out, registers = tmp_path / "out", RegisterList.of([register_of(0), register_of(77)])
    run(small, out, registers=registers)
    before = (out / "reports" / f"{subject_of(0)}.json").read_bytes()
    (small / "patient00000").rename(tmp_path / "away")
    summary, told = run(small, out, registers=registers)
    assert (out / "reports" / f"{subject_of(0)}.json").read_bytes() == before
    assert summary.left_over == [subject_of(0)]
    assert summary.cohort is not None
    assert summary.cohort.left_over == 1
    assert summary.cohort.verdicts.not_evaluable == 3
    page = (out / "cohort.html").read_text()
    assert page.count("left over, was NOT_EVALUABLE") == 1
    (done,) = [done for done in told if done.subject == subject_of(0)]
    assert "expected its submission, found none" in done.trouble
    assert report(out, subject_of(77)).findings[0].code == "OL092"
    (tmp_path / "away").rename(small / "patient00000")
    summary, told = run(small, out, registers=registers)
    assert summary.left_over == []
    assert summary.cohort is not None
    assert summary.cohort.left_over == 0
    assert reused(told) == {subject_of(n) for n in (0, 1, 2, 77)}


def test_a_report_of_another_site_is_none_of_the_one_that_is_expected(small, tmp_path):
    out, name = tmp_path / "out", subject_of(0)
    run(small, out, judge=judged_of_site)
    (small / "patient00000").rename(tmp_path / "away")
    registers = [RegisterList.of([replace(register_of(0), site=site)]) for site in ("A", "SITE")]
    summary, _ = run(small, out, registers=registers[0], judge=judged_of_site)
    assert summary.left_over == [name]
    (missing,) = (path.stem for path in (out / "reports").glob(f"{name}-*.json"))
    assert [finding.code for finding in report(out, missing).findings] == ["OL092"]
    assert report(out, name).site == "SITE"
    _, told = run(small, out, registers=registers[1], judge=judged_of_site)
    (done,) = [done for done in told if done.subject == name]
    assert "its report is of a run before and stays" in done.trouble


def test_two_submissions_of_one_subject_have_a_report_each(small, tmp_path):
    out = tmp_path / "out"
    run(small, out)
    for file in (small / "patient00001").iterdir():
        content = file.read_bytes().replace(b"S-10000001", b"S-10000000")
        file.write_bytes(content)
    run(small, out)
    names = sorted(path.stem for path in (out / "reports").iterdir())
    assert len(names) == 3
    assert [name.startswith("S-10000000-") for name in names] == [True, True, False]
    # and as a run that never knew them by another name
    run(small, tmp_path / "anew")
    assert contents(out) == contents(tmp_path / "anew")


def test_a_folder_with_another_name_keeps_its_report_and_leaves_none_over(small, tmp_path):
    out = tmp_path / "out"
    run(small, out)
    (small / "patient00000").rename(small / "corrected")
    summary, _ = run(small, out)
    assert summary.left_over == []
    assert summary.cohort is not None
    assert summary.cohort.verdicts.not_evaluable == 3
    run(small, tmp_path / "anew")
    assert contents(out) == contents(tmp_path / "anew")


def test_folders_whose_names_were_swapped_have_a_report_each(small, tmp_path):
    out = tmp_path / "out"
    run(small, out)
    first, second, third = (small / f"patient{n:05d}" for n in range(3))
    first.rename(tmp_path / "moved")
    for folder, place in ((second, first), (third, second), (tmp_path / "moved", third)):
        folder.rename(place)
    summary, _ = run(small, out)
    assert summary.left_over == []
    run(small, tmp_path / "anew")
    assert contents(out) == contents(tmp_path / "anew")


def test_the_report_of_one_that_is_away_is_not_overwritten(small, tmp_path):
    out, name = tmp_path / "out", subject_of(0)
    run(small, out)
    before = (out / "reports" / f"{name}.json").read_bytes()
    first, second = (small / f"patient{n:05d}" for n in range(2))
    first.rename(tmp_path / "away")
    for file in second.iterdir():
        file.write_bytes(file.read_bytes().replace(b"S-10000001", b"S-10000000"))
    for _ in range(2):
        summary, _ = run(small, out)
        assert summary.left_over == [name]
        assert (out / "reports" / f"{name}.json").read_bytes() == before
        assert len(list((out / "reports").glob(f"{name}*.json"))) == 2
    (tmp_path / "away").rename(first)
    summary, _ = run(small, out)
    assert summary.left_over == []
    run(small, tmp_path / "anew")
    assert contents(out) == contents(tmp_path / "anew")


def test_a_report_that_no_run_knows_of_is_told_and_in_no_count(small, tmp_path):
    """As in a copy of the folder without what a batch knows of each report."""
    out, copy = tmp_path / "out", tmp_path / "copy"
    run(small, out)
    shutil.copytree(out, copy, ignore=shutil.ignore_patterns(".oligort"))
    shutil.rmtree(small / "patient00002")
    (copy / "reports" / "as it was").mkdir()
    for name in ("as it was/S-10000001.json", "S-10000000.JSON", "Größe, 1 %.json"):
        shutil.copy(out / "reports" / "S-10000001.json", copy / "reports" / name)
    for _ in range(2):
        summary, _ = run(small, copy)
        told = ["S-10000000.JSON", "Größe, 1 %", "S-10000002", "as it was/S-10000001"]
        assert sorted(summary.left_over) == sorted(told)
        assert summary.cohort is not None
        assert summary.cohort.verdicts.not_evaluable == 2
        assert (copy / "reports" / "S-10000002.json").exists()
    shutil.rmtree(copy / "reports" / "as it was")
    for name in ("S-10000000.JSON", "Größe, 1 %.json", "S-10000002.json"):
        (copy / "reports" / name).unlink()
    run(small, copy)
    run(small, tmp_path / "anew")
    assert contents(copy) == contents(tmp_path / "anew")


def test_what_grows_in_its_folder_takes_the_place_of_what_it_was(small, tmp_path):
    out = tmp_path / "out"
    run(small, out)
    folder = small / "patient00000"
    (folder / "boost").mkdir()
    (folder / "boost" / "RD.dcm").write_bytes((folder / "RD.dcm").read_bytes() + b"\0\0")
    summary, _ = run(small, out)
    assert summary.left_over == []
    run(small, tmp_path / "anew")
    assert contents(out) == contents(tmp_path / "anew")


def test_an_error_that_cannot_be_sent_stops_no_batch(small, tmp_path):
    summary, told = run(small, tmp_path / "out", judge=judged_oddly)
    assert summary.verdicts.total() == 3
    (bug,) = [done for done in told if done.is_bug]
    assert "an internal error: OddError" in bug.trouble
    assert "Smith" not in bug.trouble
    assert "judged_oddly" in bug.log


@pytest.mark.parametrize(
    ("judge", "reason"),
    [
        (judged_while_away, "cannot be listed: No such file or directory"),
        (judged_after_time_out, "the system refused what was asked of it: Connection timed out"),
    ],
)
def test_what_was_away_for_a_moment_is_judged_the_next_time(tmp_path, judge, reason):
    write_exports(tmp_path / "root", range(1))
    _, (told,) = run(tmp_path / "root", tmp_path / "out", judge=judge)
    assert reason in told.trouble
    assert not told.is_bug
    _, (told,) = run(tmp_path / "root", tmp_path / "out", judge=judged)
    assert not told.is_reused
    assert not told.trouble


def test_a_tree_without_dicom_is_refused(tmp_path):
    (tmp_path / "root" / "empty").mkdir(parents=True)
    (tmp_path / "root" / "notes.txt").write_text("nothing to see")
    with pytest.raises(DicomError, match="expected DICOM files at some depth"):
        run(tmp_path / "root", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_second_batch_at_the_same_time_is_refused_and_harms_nothing(small, tmp_path):
    with (
        Output.opened(tmp_path / "out", small),
        pytest.raises(OutputError, match="no other batch at work"),
    ):
        run(small, tmp_path / "out")
    run(small, tmp_path / "out")


def test_what_cannot_be_taken_is_refused_before_anything_is_looked_for(small, tmp_path):
    out, other = tmp_path / "out", tmp_path / "other"
    other.mkdir()
    Output.refuse_taken(out, small)
    assert not out.exists()
    with Output.opened(out, small), pytest.raises(OutputError, match="no other batch at work"):
        Output.refuse_taken(out, small)
    before = contents(out)
    with pytest.raises(OutputError, match="found those of another one"):
        Output.refuse_taken(out, other)
    Output.refuse_taken(out, other, is_fresh=True)
    Output.refuse_taken(out, small)
    assert contents(out) == before


def test_a_mark_that_cannot_be_read_is_refused_in_words(small, tmp_path, monkeypatch):
    read_bytes = Path.read_bytes

    def closed(path: Path) -> bytes:
        if path.name == "root":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return read_bytes(path)

    with Output.opened(tmp_path / "out", small):
        pass
    monkeypatch.setattr(Path, "read_bytes", closed)
    with (
        pytest.raises(OutputError, match=r"\(.oligort/root\), found: Permission denied"),
        Output.opened(tmp_path / "out", small),
    ):
        pass


def test_the_reports_of_another_root_are_not_mixed_with_these(small, tmp_path):
    run(small, tmp_path / "out")
    write_exports(tmp_path / "other", range(1))
    with pytest.raises(OutputError, match="found those of another one"):
        run(tmp_path / "other", tmp_path / "out")


def test_a_full_disk_is_said_and_leaves_no_half_file(small, tmp_path, monkeypatch):
    written = 0
    fsync = os.fsync

    def full(descriptor: int) -> None:
        nonlocal written
        written += 1
        if written == 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device; what was written before"):
        run(small, tmp_path / "out")
    monkeypatch.undo()
    for path in (tmp_path / "out" / "reports").iterdir():
        json.loads(path.read_text())
    assert not list((tmp_path / "out").rglob("*.part"))
    run(small, tmp_path / "out")
    run(small, tmp_path / "undisturbed")
    assert contents(tmp_path / "out") == contents(tmp_path / "undisturbed")


KILLED = """
import sys
from pathlib import Path
from oligort.batch.registers import RegisterList
from oligort.batch.run import Batch
if __name__ == "__main__":
    batch = Batch(jobs=1)
    planned = batch.plan(Path(sys.argv[1]), "nct06190782", RegisterList())
    batch.run(planned, Path(sys.argv[2]), lambda done: print(done.subject, flush=True))
"""


def test_a_batch_that_is_killed_goes_on_where_it_was(tmp_path):
    root, out = tmp_path / "root", tmp_path / "out"
    write_exports(root, range(3))
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    with subprocess.Popen(
        [sys.executable, script, root, out], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = {process.stdout.readline().strip()}
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while True:  # the lock is gone with the process that held it
        try:
            _, told = run(root, out, limits=Limits(), judge=judged)
            break
        except OutputError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert first <= reused(told)
    assert len(told) == 3
    run(root, tmp_path / "undisturbed", limits=Limits(), judge=judged)
    assert contents(out) == contents(tmp_path / "undisturbed")


class StoppedError(Exception):
    """In place of a kill -9, which no `except` of a batch may catch either."""


def stopped_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Stop before what changes a folder is done for the given time, and ever after."""
    steps = itertools.count(1)

    def until(do: Callable[..., object]) -> Callable[..., object]:
        def done(*arguments: object, **how: object) -> object:
            if next(steps) >= step:
                raise StoppedError
            return do(*arguments, **how)

        return done

    for name in ("replace", "unlink"):
        monkeypatch.setattr(Path, name, until(getattr(Path, name)))


def entry_of(name: str, **files: bytes) -> tuple[Entry, dict[str, bytes]]:
    contents = {f".{suffix}": content for suffix, content in files.items()}
    digests = {suffix: hashlib.sha256(one).hexdigest() for suffix, one in contents.items()}
    entry = Entry(
        fingerprint=name, limits="", name=name, files=digests, subject="S", verdict=Grade.PASS
    )
    return entry, contents


@pytest.mark.parametrize("third", ["S-2", "S-1", "S-3"])
def test_wherever_a_report_is_stopped_on_its_way_to_another_name_none_stays_behind(
    tmp_path, monkeypatch, third
):
    """Also where it is to have a third name the next time, or that of before."""
    before = entry_of("S-1", json=b"passes", html=b"page")
    after, last = entry_of("S-2", json=b"open"), entry_of(third, json=b"open", html=b"later")
    calm = Output(tmp_path / "calm")
    for step in itertools.count(1):
        output = Output(tmp_path / str(step))
        for one in (output, calm):
            for folder in (LEDGER, REPORTS):
                (one.folder / folder).mkdir(parents=True, exist_ok=True)
        output.keep("key", *before)
        try:
            with monkeypatch.context() as stopped:
                stopped_at(stopped, step)
                output.keep("key", *after)
            break
        except StoppedError:
            output.keep("key", *last)
        calm.keep("key", *last)
        for part in output.folder.rglob("*.part"):  # as every batch begins
            part.unlink()
        assert contents(output.folder) == contents(calm.folder)
    assert step == 7


@pytest.mark.parametrize("step", ["settle", "_remove", "forget"])
def test_a_batch_that_is_killed_between_two_names_leaves_no_report_behind(
    small, tmp_path, monkeypatch, step
):
    def stopped(*arguments: object) -> None:
        raise StoppedError

    out, calm = tmp_path / "out", tmp_path / "calm"
    for folder in (out, calm):
        run(small, folder)
    for file in (small / "patient00001").iterdir():
        file.write_bytes(file.read_bytes().replace(b"S-10000001", b"S-10000000"))
    (small / "patient00002").rename(small / "corrected")
    run(small, calm)
    with monkeypatch.context() as patched:
        patched.setattr(Output, step, stopped)
        with pytest.raises(StoppedError):
            run(small, out)
    assert contents(out) != contents(calm)
    _, told = run(small, out)
    assert reused(told)
    assert contents(out) == contents(calm)


def test_of_one_that_is_withdrawn_before_its_first_report_nothing_stays(
    small, tmp_path, monkeypatch
):
    write = Output.write

    def stopped(output: Output, path: Path, content: bytes) -> None:
        if path.parent.name == REPORTS:
            raise StoppedError
        write(output, path, content)

    with monkeypatch.context() as patched:
        patched.setattr(Output, "write", stopped)
        with pytest.raises(StoppedError):
            run(small, tmp_path / "out")
    (withdrawn,) = (tmp_path / "out" / LEDGER).glob("*.json")
    subjects = [subject_of(n) for n in range(3)]
    number = subjects.index(json.loads(withdrawn.read_text())["name"])
    shutil.rmtree(small / f"patient{number:05d}")
    run(small, tmp_path / "out")
    run(small, tmp_path / "anew")
    assert contents(tmp_path / "out") == contents(tmp_path / "anew")


def test_of_a_report_on_its_way_to_another_name_one_is_left_over(small, tmp_path, monkeypatch):
    """The batch was killed, and the submission withdrawn before the next."""
    out = tmp_path / "out"
    run(small, out)
    for file in (small / "patient00001").iterdir():
        file.write_bytes(file.read_bytes().replace(b"S-10000001", b"S-10000000"))
    key = next(
        path.stem
        for path in (out / LEDGER).glob("*.json")
        if json.loads(path.read_text())["name"] == "S-10000001"
    )
    settle = Output.settle

    def stopped(output: Output, of: str, *arguments: object) -> None:
        if of == key:
            raise StoppedError
        settle(output, of, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Output, "settle", stopped)
        with pytest.raises(StoppedError):
            run(small, out, jobs=1)
    assert (out / "reports" / "S-10000001.json").exists()
    shutil.rmtree(small / "patient00001")
    summary, _ = run(small, out)
    (name,) = summary.left_over
    assert name.startswith("S-10000000-")
    assert not (out / "reports" / "S-10000001.json").exists()
    assert '"former":{}' in (out / LEDGER / f"{key}.json").read_text()


def test_each_report_has_its_page_where_pages_are_asked_for(tmp_path):
    small = tmp_path / "root"
    write_exports(small, range(1))
    limits = Limits(seconds=60, gibibytes=4)
    how = {"limits": limits, "judge": judged, "has_pages": True}
    registers = RegisterList.of([register_of(77)])
    first, _ = run(small, tmp_path / "out", registers=registers, **how)
    reports = tmp_path / "out" / "reports"
    assert first.verdicts.total() == 2
    stems = {path.stem for path in reports.glob("*.json")}
    assert {path.stem for path in reports.glob("*.html")} == stems
    for stem in stems:
        page = (reports / f"{stem}.html").read_text(encoding="utf-8")
        assert f"<title>{report(tmp_path / 'out', stem).subject}: " in page
    together = (tmp_path / "out" / "cohort.html").read_text(encoding="utf-8")
    assert f"./reports/{subject_of(0)}.html" in together
    # Without pages these reports are others.
    _, done = run(small, tmp_path / "out", registers=registers, **how | {"has_pages": False})
    assert reused(done) == set()
    # And no page of before tells of an earlier check than the report beside it.
    assert not list(reports.glob("*.html"))


def test_a_page_that_fails_takes_nothing_from_its_report(tmp_path):
    small = tmp_path / "root"
    write_exports(small, range(1))
    run(small, tmp_path / "whole", limits=Limits(), judge=judged)
    how = {"limits": Limits(), "judge": judged_without_page, "has_pages": True}
    summary, done = run(small, tmp_path / "out", **how)
    assert summary.bugs == len(done)
    for one in done:
        assert report(tmp_path / "out", one.subject) == report(tmp_path / "whole", one.subject)
        assert one.verdict is report(tmp_path / "whole", one.subject).verdict
        assert "its report holds; its page has no pictures" in one.trouble
        assert "Smith" not in one.trouble
        page = tmp_path / "out" / "reports" / f"{one.subject}.html"
        assert one.subject in page.read_text(encoding="utf-8")
    again, _ = run(small, tmp_path / "out", **how)
    assert (again.reused, again.bugs) == (len(done), len(done))
