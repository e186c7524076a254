"""Exit statuses, and the one place where an error becomes one."""

import functools
import os
import sys
import traceback
from collections.abc import Callable
from enum import IntEnum
from types import TracebackType
from typing import ParamSpec

import typer

from oligort.display import safe_text
from oligort.errors import OligortError

P = ParamSpec("P")

MAX_ERROR = 2000
"""Longest line of an error that is printed."""


class Status(IntEnum):
    """What the exit status of a command says; where several hold: BUG, FAILED, DEVIATES, OPEN."""

    DONE = 0
    DEVIATES = 1
    FAILED = 2
    OPEN = 3
    BUG = 4
    INTERRUPTED = 130
    BROKEN_PIPE = 141


def answering(command: Callable[P, Status]) -> Callable[P, None]:
    """Make a function that returns a status a command that exits with it.

    What the command raises becomes a status here and nowhere else: Typer's own handling would
    answer Ctrl-C and a closed pipe with 1, which says that a plan deviates.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with _Boundary():
            status = command(*args, **kwargs)
            sys.stdout.flush()
            raise typer.Exit(int(status))

    return run


class _Boundary:
    """Sees every exception that leaves a command, says it on stderr, and turns it into an exit."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        match error:
            case None | typer.Exit() | SystemExit():
                return
            case KeyboardInterrupt():
                complain("interrupted")
                status = Status.INTERRUPTED
            case BrokenPipeError():
                _discard_stdout()
                status = Status.BROKEN_PIPE
            case OligortError():
                complain(str(error))
                status = Status.FAILED
            case _:
                _report_bug(error)
                status = Status.BUG
        raise typer.Exit(int(status)) from None


def complain(message: str) -> None:
    """Print an error on standard error, made harmless, under the program's name."""
    print(f"oligort: {safe_text(message, MAX_ERROR)}", file=sys.stderr)


def _report_bug(error: BaseException) -> None:
    for line in "".join(traceback.format_exception(error)).splitlines():
        print(safe_text(line, MAX_ERROR), file=sys.stderr)
    complain(
        "internal error: this is a bug in oligort, not in the data; no result of this run may be "
        "used. Please report the lines above, after a look that they name no patient."
    )


def _discard_stdout() -> None:
    """Send what is still buffered nowhere: Python would complain once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
