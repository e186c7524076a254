"""The export folder of a planning system: check what is new since the last time, write reports.

    python examples/export_folder.py EXPORT_FOLDER REGISTERS OUT

To be started by the clock, every ten minutes say; two at a time do each other no harm. A submission
whose files, register, protocol and version of oligort are those of the last time is not checked
again. Prints a line for each that is new or has changed, and mails nothing. OUT/reports holds the
reports, OUT/cohort.html the page over all of them.
"""

import sys
from pathlib import Path

from oligort.batch.output import Output
from oligort.batch.registers import RegisterList
from oligort.batch.run import Batch, Done
from oligort.display import safe_text
from oligort.errors import OligortError


def tell(done: Done) -> None:
    """Print what is new."""
    if not done.is_reused:
        line = f"{done.subject}: {done.verdict}{': ' if done.trouble else ''}{done.trouble}"
        print(safe_text(line, max_length=2000))  # what files say may hold codes for the terminal


def check_new(export: Path, registers: Path, out: Path) -> None:
    """Check what is new in an export folder."""
    Output.refuse_taken(out, export)  # where the one before is at work still, all is left to it
    batch = Batch(jobs=1)  # one core: the planning system wants the others
    planned = batch.plan(export, "nct06190782", RegisterList.load(registers))
    summary = batch.run(planned, out, tell)
    new = summary.verdicts.total() - summary.reused
    print(f"{new} new, {summary.reused} as the last time")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: export_folder.py EXPORT_FOLDER REGISTERS OUT")
    try:
        check_new(*map(Path, sys.argv[1:]))
    except OligortError as error:
        sys.exit(str(error))
