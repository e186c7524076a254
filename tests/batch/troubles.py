"""What goes wrong with a submission, on purpose: a file in it says what the worker is to meet."""

import errno
import os
import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from oligort.batch import note
from oligort.batch.discovery import Look, looked_at
from oligort.batch.judge import Judged, Task, judged
from oligort.batch.opening import opened_places
from oligort.batch.portion import Portion
from oligort.batch.unchecked import Unchecked, Whose, report_of
from oligort.checks.case import Case
from oligort.checks.unchecked import not_checked
from oligort.dicom.links import links_of
from oligort.document import Report
from oligort.protocol.model import Protocol
from oligort.report import html

TROUBLE = "trouble.txt"
"""Lies in the folder of a submission and names one of `TROUBLES`; to a reader it is no DICOM."""


def hang(folder: Path) -> None:
    time.sleep(3600)


def leave(folder: Path) -> None:
    os._exit(3)


def crash(folder: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def be_killed(folder: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def take_all_memory(folder: Path) -> None:
    taken = []
    while True:
        taken.append(bytearray(1024**2))


def be_killed_once(folder: Path) -> None:
    """Be killed, but not when tried again: what happened is noted beside the folder."""
    happened = folder.with_name(f"{folder.name}.killed")
    if not happened.exists():
        happened.touch()
        be_killed(folder)


def fail(folder: Path) -> None:
    raise ZeroDivisionError("Smith^John is not to be told")


TROUBLES = {one.__name__: one for one in (hang, leave, crash, be_killed, take_all_memory, fail)}
RECOVERING = {be_killed_once.__name__: be_killed_once}


def fingerprint_of(task: Task) -> str:
    with opened_places(Path(task.root), task.base, task.places) as found:
        return task.fingerprint(found)


def judged_at_once(task: Task) -> Judged:
    """Judge a submission by nothing, which costs nothing; its files are read for the digest."""
    fingerprint = fingerprint_of(task)
    if fingerprint == task.known:
        return Judged(fingerprint)
    files = sorted(Path(task.root, task.base).iterdir())
    subject = next(links_of(file).subject_id for file in files)
    reason = Unchecked(not_checked(f"of {fingerprint}", ""))
    report = report_of(reason, Whose(subject), Protocol.load(task.protocol))
    return Judged(fingerprint, subject, report.verdict, {".json": report.to_json().encode()})


def judged_in_a_second(task: Task) -> Judged:
    """Do the same, but not at once."""
    time.sleep(1)
    return judged_at_once(task)


class Deadly(bytes):
    """What kills the process that sends it."""

    def __reduce__(self) -> tuple[object, ...]:
        be_killed(Path())
        return bytes, ()


def judged_to_death(task: Task) -> Judged:
    """Do the same; at one submission the process is killed while its answer is handed over."""
    answer = judged_at_once(task)
    return replace(answer, files={".json": Deadly()}) if task.base.endswith("1") else answer


def judged_and_left(task: Task) -> Judged:
    """Do the same; at one submission the process leaves as if its work were done."""
    if task.base.endswith("1"):
        os._exit(0)
    return judged_at_once(task)


def judged_and_ended(task: Task) -> Judged:
    """Do the same; at one submission the process is asked to end, as by an administrator."""
    if task.base.endswith("1"):
        os.kill(os.getpid(), signal.SIGTERM)
    return judged_at_once(task)


def judged_of_site(task: Task) -> Judged:
    """Judge a submission by nothing, and say of which site it is."""
    answer = judged_at_once(task)
    files = {
        suffix: content.replace(b'"site": ""', b'"site": "SITE"')
        for suffix, content in answer.files.items()
    }
    return Judged(answer.fingerprint, answer.subject, answer.verdict, files)


def judged_in_trouble(task: Task) -> Judged:
    """Judge a submission after having done what the file in it says, if it is to be judged."""
    _meet_trouble(task)
    return judged(task)


def judged_without_page(task: Task) -> Judged:
    """Judge a submission where a page with pictures fails."""
    whole = html.page

    def page(report: Report, case: Case | None) -> str:
        if case is not None:
            fail(Path(task.root))
        return whole(report, case)

    with patch.object(html, "page", page):
        return judged(task)


def judged_at_once_in_trouble(task: Task) -> Judged:
    """Do the same at no cost: to see what a batch does with thousands of submissions."""
    _meet_trouble(task)
    return judged_at_once(task)


def judged_at_once_in_trouble_unpacked(task: Task) -> Judged:
    """Do the same while something is unpacked, as the files of a zip are."""
    Path(tempfile.mkdtemp(), "RS.dcm").write_bytes(b"of a patient")
    return judged_at_once_in_trouble(task)


class OddError(Exception):
    """An error that cannot be unpickled: it wants two arguments and hands on one."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__("Smith^John is not to be told")


def judged_oddly(task: Task) -> Judged:
    """Judge submissions at no cost, but fail at one of them in an odd way."""
    if task.base.endswith("1"):
        raise OddError(1, 2)
    return judged_at_once(task)


def judged_while_away(task: Task) -> Judged:
    """Judge a submission whose folder is away for that moment, and back afterwards."""
    folder = Path(task.root, task.base)
    away = Path(task.root).with_name(f"{folder.name}.away")
    folder.rename(away)
    try:
        return judged(task)
    finally:
        away.rename(folder)


def judged_after_time_out(task: Task) -> Judged:
    """Fail as a share does that does not answer."""
    raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


def looked_at_alone(look: Look) -> list[Portion]:
    """Look at files one at a time alone, and at none that is called "crash"."""
    (place,) = look.places
    if len(place.names) > 1 or "crash" in place.names:
        raise MemoryError
    return looked_at(look)


def _meet_trouble(task: Task) -> None:
    named = Path(task.root, task.base, TROUBLE)
    if named.exists() and (not task.known or fingerprint_of(task) != task.known):
        note.leave(fingerprint_of(task))
        (TROUBLES | RECOVERING)[named.read_text()](named.parent)
