"""Workers: processes that do one task after the other, and may hang or die at it."""

import itertools
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures import TimeoutError as TimeLimitError
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from oligort.batch.failure import plain, words_of_system
from oligort.batch.handing import Left, discard, left_in_file, taken
from oligort.batch.limits import GRACE_S, Limits
from oligort.batch.note import is_abandoned, left_in, notes_in
from oligort.errors import OutputError

T = TypeVar("T")
R = TypeVar("R")

TASKS_A_WORKER = 100
"""After so many tasks a worker is replaced: none meets what a hundred others left behind."""

IN_FLIGHT_A_WORKER = 2
"""Tasks that are handed out for each worker: one that it does, and one that it finds then."""

MOST_RESTARTS = 3
"""Times that all workers may fail to start, or die idle, before a batch gives up."""

A_JUMP_S = 1.0
"""Seconds by which the clock on the wall, which pebble reads, may be ahead of one that only runs
on: more than any correction while a submission is checked, less than a machine sleeps."""

LOOK_S = 1.0
"""Seconds after which a batch that waits looks whether its workers are there."""

ABANDONED_S = 5.0
"""Seconds that a worker may be gone before its task is given up: pebble tells of one that dies
within a second, but for one that leaves with status 0, as if its work were done."""

PRELOADED = ("oligort.batch.judge", "oligort.batch.portion", "oligort.checks.preloaded")
"""What is imported once, and shared by every worker that is started afterwards."""


class Workers(Generic[T, R]):
    """Processes that apply one function to many tasks, each under limits.

    They are forked from a server that has imported all that a check needs: a worker that has died
    is replaced in a few milliseconds. Where the system has no such server they are started anew.

    Temporary files of a task lie in a folder of its own below `scratch`, so that those of one whose
    worker was killed are found, and removed at once.
    """

    def __init__(self, count: int, limits: Limits, do: Callable[[T], R], scratch: Path) -> None:
        self._count, self._limits, self._do = count, limits, do
        self._scratch = scratch
        self._numbers = itertools.count()
        self._pool = self._started()
        self._restarts = 0
        self._abandoned: dict[Future[R | Left[R]], float] = {}
        """Since when the workers of tasks are gone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._pool.close()  # type: ignore[no-untyped-call]
        else:
            self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def done(self, tasks: Iterable[T]) -> Iterator[tuple[T, Future[R], str]]:
        """Yield each task with its finished future, in the order in which they end.

        With one that failed comes the note that it left, or "".
        A task whose worker died, or had not memory enough, is done once more: that may have been
        what others left behind. Only a few tasks are taken at a time.

        Raises
        ------
        OutputError
            If the workers cannot be started.
        """
        waiting = iter(tasks)
        again: deque[T] = deque()
        tried: set[int] = set()
        running: dict[Future[R | Left[R]], tuple[T, Path, float]] = {}
        most = self._count * IN_FLIGHT_A_WORKER
        while True:
            while len(running) < most:
                task = again.popleft() if again else next(waiting, None)
                if task is None:
                    break
                folder = self._scratch / str(next(self._numbers))
                begin_s = time.monotonic()
                try:
                    running[self._scheduled(task, folder)] = task, folder, begin_s
                except (OSError, RuntimeError) as broken:  # no process can be started, or goes on
                    again.append(task)
                    again.extend(other for other, *_ in running.values())
                    running.clear()
                    self._restart(broken)
            if not running:
                return
            ended = wait(running, timeout=LOOK_S, return_when=FIRST_COMPLETED).done
            self._give_up({one: folder for one, (_, folder, _) in running.items()})
            for one in ended:
                task, folder, begin_s = running.pop(one)
                future = _settled(one)
                error = future.exception()
                note = ""
                if error is not None:
                    note = left_in(folder)
                    shutil.rmtree(folder, ignore_errors=True)
                    discard(_answer_of(folder))
                if isinstance(error, BrokenProcessPool):
                    again.append(task)
                    again.extend(other for other, *_ in running.values())
                    running.clear()
                    self._restart(error)
                    break
                took_s = time.monotonic() - begin_s
                if isinstance(error, TimeLimitError) and took_s + A_JUMP_S < self._limits.seconds:
                    again.append(task)  # the clock of the machine was set, or the machine slept
                    continue
                if isinstance(error, ProcessExpired | MemoryError) and id(task) not in tried:
                    tried.add(id(task))
                    again.append(task)
                    continue
                tried.discard(id(task))
                self._restarts = 0
                yield task, taken(future), note

    def _scheduled(self, task: T, folder: Path) -> "Future[R | Left[R]]":
        timeout = self._limits.seconds or None
        scheduled: Future[R | Left[R]] = self._pool.schedule(
            _within_limits, args=(self._do, task, self._limits.seconds, folder), timeout=timeout
        )
        return scheduled

    def _give_up(self, running: Mapping[Future[R | Left[R]], Path]) -> None:
        """Give up the tasks, of some with their folders, whose workers left without a word."""
        now_s = time.monotonic()
        self._abandoned = {
            one: self._abandoned.get(one, now_s)
            for one, folder in running.items()
            if is_abandoned(folder)
        }
        for one, since_s in self._abandoned.items():
            if now_s - since_s > ABANDONED_S:
                one.cancel()

    def _restart(self, error: BaseException) -> None:
        self._restarts += 1
        if self._restarts > MOST_RESTARTS:
            said = words_of_system(error)
            raise OutputError(
                f"expected worker processes that start, found none after {MOST_RESTARTS} attempts"
                f"{f' ({said})' if said else ''}; allow them more memory with --memory-limit, look "
                "whether something kills them, and see that there is space where the system keeps "
                "temporary files (TMPDIR)"
            ) from error
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()
        self._pool = self._started()

    def _started(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._count,
            max_tasks=TASKS_A_WORKER,
            initializer=_begin,
            initargs=(self._limits.memory_bytes,),
            context=_context(),
        )


def _context() -> Any:
    """Return how processes are started: forked from a clean server where that exists."""
    # Each worker keeps one core busy; more threads would only stand in each other's way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context


def _begin(memory_bytes: int) -> None:
    """Limit the memory of a worker, where the system can; Windows and macOS cannot.

    One that is asked to end does so by that signal, and at once: pebble has it leave with a status
    of its own, as if by itself, and no sooner than the code that runs in it is Python.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        import resource
    except ImportError:  # Windows
        return
    if memory_bytes and sys.platform != "darwin":
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        soft = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _within_limits(do: Callable[[T], R], task: T, seconds: float, folder: Path) -> R | Left[R]:
    """Do a task, with its temporary files in a folder; none hangs for ever when its batch is gone.

    Raises
    ------
    Exception
        What the batch can read of any error. The error of the task itself may be one that another
        process cannot unpack, and keeps alive all that the task had taken, while the worker does
        the next. The folder is removed by the batch then, which looks into it.
    """
    has_timer = bool(seconds) and hasattr(signal, "setitimer")
    if has_timer:
        signal.setitimer(signal.ITIMER_REAL, seconds + GRACE_S)
    usual, tempfile.tempdir = tempfile.tempdir, str(_made(folder))
    try:
        with notes_in(folder):
            answer = do(task)
        shutil.rmtree(folder, ignore_errors=True)
        return left_in_file(answer, _answer_of(folder))
    except Exception as error:  # noqa: BLE001 - told by the batch, as what it is
        failure = plain(error)
    finally:
        if has_timer:
            signal.setitimer(signal.ITIMER_REAL, 0)
        tempfile.tempdir = usual
    raise failure


def _settled(future: Future[T]) -> Future[T]:
    """Return a finished future; one that was given up is of a worker that left with status 0."""
    if not future.cancelled():
        return future
    settled: Future[T] = Future()
    settled.set_exception(ProcessExpired("left", code=0))  # type: ignore[no-untyped-call]
    return settled


def _answer_of(folder: Path) -> Path:
    return folder.with_suffix(".answer")


def _made(folder: Path) -> Path:
    """Return a folder for the temporary files of a task, or the one above where it cannot be made.

    Most tasks need none. One that does hears from the system there why it can have none.
    """
    try:
        folder.mkdir(parents=True)  # somebody may have tidied up the one above
    except OSError:
        return folder.parent
    return folder
