"""Progress of a batch: a bar on a terminal, a line for each submission elsewhere."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oligort.cli.output import note
from oligort.display import quoted
from oligort.finding import VERDICT_ORDER, Grade

if TYPE_CHECKING:
    from oligort.batch.outcome import Done


@contextmanager
def looking() -> Iterator[Callable[[int], None]]:
    """Show on a terminal how many files were looked at; yield what tells of some more."""
    if not sys.stderr.isatty():
        yield lambda files: None
        return
    from rich.console import Console

    looked_at = 0
    with Console(stderr=True).status("looking for submissions") as status:

        def watch(files: int) -> None:
            nonlocal looked_at
            looked_at += files
            status.update(f"looking for submissions: {looked_at} files")

        yield watch


@contextmanager
def progress_of(total: int) -> Iterator[Callable[["Done"], None]]:
    """Show on standard error how far a batch is; yield what tells of one submission."""
    if not sys.stderr.isatty():
        yield _lines(total)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[counts]}"),
    )
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("submissions", total=total, rate="", counts="")
        verdicts: Counter[Grade] = Counter()
        started = time.monotonic()

        def tell(done: "Done") -> None:
            verdicts[done.verdict] += 1
            rate = verdicts.total() / max(time.monotonic() - started, 1e-3)
            counts = ", ".join(f"{verdicts[g]} {g}" for g in VERDICT_ORDER if verdicts[g])
            progress.update(task, advance=1, rate=f"{rate:.1f}/s", counts=counts)
            if done.trouble:
                note(f"{quoted(done.subject)}: {done.trouble}")

        yield tell


def _lines(total: int) -> Callable[["Done"], None]:
    done_so_far = 0
    started = time.monotonic()

    def tell(done: "Done") -> None:
        nonlocal done_so_far
        done_so_far += 1
        seconds = time.monotonic() - started
        left = seconds / done_so_far * (total - done_so_far)
        told = f": {done.trouble}" if done.trouble else " (unchanged)" if done.is_reused else ""
        note(
            f"{done_so_far}/{total}, {left:.0f} s left: {quoted(done.subject)} {done.verdict}{told}"
        )

    return tell
