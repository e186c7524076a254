"""`oligort selftest`: what a physicist files as the commissioning of an installation."""

import sys
from typing import TYPE_CHECKING

from oligort.cli.options import JsonFile
from oligort.cli.output import STANDARD_OUTPUT, refuse_overwriting, show, write_json
from oligort.cli.status import Status, answering

if TYPE_CHECKING:
    from oligort.report.selftest_document import SelftestResult


@answering
def selftest(json: JsonFile = None) -> Status:
    """Hold this installation against phantoms of known histograms.

    Needs no data and no network; takes less than a minute.

    Exit status: 0 every line passed; 1 one failed; 2 could not run; 4 a bug.
    """
    refuse_overwriting([json], ())
    result = _watched()
    if json is not None:
        write_json(result.to_json(), json)
    if json != STANDARD_OUTPUT:
        from oligort.report.selftest_document import selftest_view

        show(selftest_view(result))
    return Status.DONE if result.passed else Status.DEVIATES


def _watched() -> "SelftestResult":
    """Run all cases, with progress on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    from oligort.selftest.run import run_selftest

    with Progress(
        console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as progress:
        task = progress.add_task("phantoms")

        def watch(name: str, done: int, total: int) -> None:
            progress.update(task, description=name, completed=done, total=total)

        return run_selftest(watch=watch)
