"""check_all: every submission through any executor, one report after the other, none kept."""

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from oligort.batch.discovery import found_below
from oligort.batch.failure import plain
from oligort.batch.judge import Task, judged
from oligort.batch.limits import NO_LIMITS
from oligort.batch.names import SUFFIX_DIGITS
from oligort.batch.planned import Planned
from oligort.batch.registers import RegisterList
from oligort.batch.unchecked import (
    Whose,
    never_submitted,
    report_of,
    unchecked_by_executor,
    unchecked_cancelled,
    unchecked_register,
    unchecked_worker,
)
from oligort.checks.engine import check
from oligort.clinical.register import Register
from oligort.display import quoted
from oligort.document import Report
from oligort.errors import ReportError
from oligort.protocol.model import Protocol
from oligort.submission import Submission

IN_FLIGHT = 64
"""Submissions that an executor is given at a time: enough for the cores of any one machine."""


def check_all(
    submissions: str | Path | Iterable[Submission],
    protocol: str | Path = "nct06190782",
    registers: str | Path | Iterable[Register] | None = None,
    executor: Executor | None = None,
    *,
    in_flight: int = IN_FLIGHT,
) -> Iterator[Report]:
    """Yield the report of each submission, in the order in which they are found.

    Parameters
    ----------
    submissions : str, Path or iterable of Submission
        The folder below which they are found, as `oligort batch` finds them, or what was read.
    protocol : str or Path
        A shipped protocol's id, or a protocol file, which the workers can read as well.
    registers : str, Path, iterable of Register or None
        A folder of registers, a table of patients, or registers; matched as `oligort batch` does,
        or, of what was read already, by subject id and site. A register without submission is a
        report too; of what cannot be read of the registers there is a warning.
    executor : Executor or None
        Any of `concurrent.futures`, of this machine or of a cluster; what it is handed can be
        pickled. None checks in this process. Threads do one submission at a time, whatever their
        number: hand in processes. Of a submission on which a worker dies there is a report as long
        as the executor says so and goes on, which that of the standard library does not;
        `oligort batch` does.
    in_flight : int
        How many submissions the executor is given at a time, which are in memory where they were
        read already; at least as many as it has workers. Without an executor it is one.

    Raises
    ------
    DicomError, ProtocolError, RegisterError
        If there is no DICOM file, or the protocol or all registers cannot be read.
    ValueError
        If the executor may be given no submission at a time.
    """
    if in_flight < 1:
        raise ValueError(
            f"expected in_flight, how many submissions the executor is given at a time, to be 1 or "
            f"more, found {in_flight}"
        )
    return _reports(submissions, protocol, registers, executor, in_flight)


def _reports(
    submissions: str | Path | Iterable[Submission],
    protocol: str | Path,
    registers: str | Path | Iterable[Register] | None,
    executor: Executor | None,
    in_flight: int,
) -> Iterator[Report]:
    """Yield the report of each submission, as `check_all` says."""
    if isinstance(registers, str | Path):
        listed = RegisterList.load(registers)
    else:
        listed = RegisterList.of(registers or ())
    rules = Protocol.load(protocol)
    if isinstance(submissions, str | Path):
        root = Path(submissions).absolute()
        planned = Planned(root, found_below(root, 0, NO_LIMITS), listed, str(protocol))
        works = _found(planned)
        if planned.empty:
            told = f"folders directly below {quoted(root.name)} with nothing in them"
            warnings.warn(f"{told}: {len(planned.empty)}", stacklevel=2)
        matched = {one.subject for one in planned.matches.values()}
    else:
        matched = set()
        works = _given(submissions, listed, str(protocol), matched)
    for note in listed.notes:
        warnings.warn(note, stacklevel=2)
    if executor is None:
        # What this process does itself is taken when it is asked for: nothing waits in memory.
        with ThreadPoolExecutor(max_workers=1) as alone:
            yield from _in_order(works, rules, alone, 1)
    else:
        yield from _in_order(works, rules, executor, in_flight)
    for missing in listed.by_subject.values():
        if missing.subject not in matched:
            whose = Whose(missing.subject, missing.site, missing.arm)
            yield report_of(never_submitted(missing.trouble), whose, rules)


@dataclass(frozen=True)
class _Given:
    """A submission that was read already, and the register of its subject as JSON."""

    submission: Submission
    register: str
    protocol: str


@dataclass(frozen=True)
class _Work:
    """What an executor is to do for one submission, whose it is, or why nothing is to be done."""

    whose: Whose
    do: Callable[[Any], bytes]
    about: Task | _Given
    trouble: str = ""


def _found(planned: Planned) -> Iterator[_Work]:
    for one in planned.found:
        listed = planned.matches.get(one.key)
        whose = planned.whose(one)
        if not whose.subject:
            whose = replace(whose, subject=f"submission-{one.key[:SUFFIX_DIGITS]}")
        trouble = listed.trouble if listed else ""
        yield _Work(whose, _json_of_task, planned.task(one), trouble)


def _given(
    submissions: Iterable[Submission], registers: RegisterList, protocol: str, matched: set[str]
) -> Iterator[_Work]:
    """Yield the work of each submission, and add the subjects of the registers that it takes."""
    for number, one in enumerate(submissions, 1):
        listed = registers.by_subject.get(one.trial_subject_id)
        if listed and not listed.is_of_site(one.trial_site_id):
            listed = None
        if listed:
            matched.add(listed.subject)
        given = _Given(one, listed.json if listed else "", protocol)
        subject = one.trial_subject_id or f"submission-{number}"
        whose = Whose(subject, one.trial_site_id, listed.arm if listed else "")
        yield _Work(whose, _json_of_given, given, listed.trouble if listed else "")


def _in_order(
    works: Iterator[_Work], rules: Protocol, executor: Executor, in_flight: int
) -> Iterator[Report]:
    """Yield the reports in the order of the works, of which only some are handed out at a time."""
    waiting: deque[tuple[Whose, str, Future[bytes] | None]] = deque()
    try:
        while True:
            for work in islice(works, in_flight - len(waiting)):
                future = None if work.trouble else executor.submit(work.do, work.about)
                waiting.append((work.whose, work.trouble, future))
                del work  # of what was read already the executor alone keeps it
            if not waiting:
                return
            whose, trouble, future = waiting.popleft()
            if future is None:
                yield report_of(unchecked_register(trouble), whose, rules)
                continue
            yield _answer_of(future, whose, rules)
    finally:
        for *_, future in waiting:
            if future is not None:
                future.cancel()


def _answer_of(future: Future[bytes], whose: Whose, rules: Protocol) -> Report:
    """Return the report that a worker made, or one that says why there is none.

    Raises
    ------
    BrokenExecutor
        If the executor cannot go on.
    """
    try:
        error = future.exception()
    except CancelledError:
        return report_of(unchecked_cancelled(), whose, rules)
    if isinstance(error, BrokenExecutor):
        raise error  # nobody knows which submission it was
    if error is not None:
        return report_of(unchecked_by_executor(error, NO_LIMITS), whose, rules)
    try:
        return Report.from_json(future.result())
    except ReportError as other:
        return report_of(unchecked_worker(str(other)), whose, rules)
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        # What it is may name the patient; its kind cannot.
        kind = type(future.result()).__name__
        told = f"expected a report of oligort as JSON, found an answer of type {kind} that is none"
        return report_of(unchecked_worker(told), whose, rules)


def _json_of_task(task: Task) -> bytes:
    with _plain_errors():
        return judged(task).files[".json"]


def _json_of_given(given: _Given) -> bytes:
    with _plain_errors():
        told = msgspec.json.decode(given.register) if given.register else None
        register = Register.from_dict(told) if told else None
        return check(given.submission, given.protocol, register).to_json().encode()


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise any error as one that every process can read."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - told in the report, as what it is
        raise plain(error) from None
