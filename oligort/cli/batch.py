"""`oligort batch`: every submission below a folder, each with a report of its own."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oligort.batch.limits import MEMORY_LIMIT_GIB, TIME_LIMIT_S, Limits
from oligort.cli.check import STATUS_OF
from oligort.cli.output import note, show
from oligort.cli.status import Status, answering
from oligort.errors import OutputError

if TYPE_CHECKING:
    from oligort.batch.outcome import Done, Summary
    from oligort.batch.planned import Planned
    from oligort.batch.registers import Listed
    from oligort.batch.run import Batch


_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Cores that this process may use."""


@answering
def batch(
    root: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, help="The folder with the submissions."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(file_okay=False, metavar="DIR", help="Where the reports are written."),
    ] = None,
    protocol: Annotated[
        str, typer.Option(metavar="ID|FILE", help="A shipped protocol, or a protocol file.")
    ] = "nct06190782",
    registers: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            metavar="FOLDER|CSV",
            help="The registers: a folder of them, or a table of patients with lesions.csv and "
            "columns.toml beside it.",
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, help="Submissions that are checked at a time. Default: cores.")
    ] = _CORES,
    time_limit: Annotated[
        float, typer.Option(min=0, metavar="S", help="Seconds for one submission; 0: no limit.")
    ] = TIME_LIMIT_S,
    memory_limit: Annotated[
        float, typer.Option(min=0, metavar="GIB", help="GiB for one worker; 0: no limit.")
    ] = MEMORY_LIMIT_GIB,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Check all again, whatever reports are there.")
    ] = False,
    pages: Annotated[
        bool,
        typer.Option(help="Write a page of each submission beside its report, which takes longer."),
    ] = True,
    cross_check: Annotated[
        bool,
        typer.Option("--cross-check", help="Compute the limited structures with a second engine."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be checked; check nothing.")
    ] = False,
) -> Status:
    """Check every submission below a folder.

    Submissions are found by what their files say, in folders and zip archives. A run that was
    stopped goes on where it was; a report is made again when files, register, protocol or version
    have changed.

    Exit status: 0 nothing deviates and all was evaluated; 1 a MAJOR or MINOR deviation;
    3 no deviation, but something could not be evaluated; 2 could not run; 4 a bug.
    """
    if out is None and not dry_run:
        raise OutputError("expected --out DIR, where the reports are written, or --dry-run")
    if cross_check:
        from oligort.crosscheck import require_installed

        require_installed()
    from oligort.batch.output import Output
    from oligort.batch.registers import RegisterList
    from oligort.batch.run import Batch
    from oligort.cli.progress import looking

    listed = RegisterList.load(registers) if registers else RegisterList()
    for told in listed.notes:
        note(told)
    if out is not None and not dry_run:
        Output.refuse_taken(out, root, is_fresh=fresh)
    limits = Limits(time_limit, memory_limit)
    how = Batch(jobs, limits, is_fresh=fresh, has_pages=pages, cross_check=cross_check)
    with looking() as watch:
        planned = how.plan(root, protocol, listed, watch)
    if dry_run:
        _show_plan(planned, has_registers=registers is not None)
        return Status.DONE
    assert out is not None
    summary = _watched(how, planned, out)
    _show_summary(summary, planned, has_registers=registers is not None)
    return status_of(summary)


def _watched(how: "Batch", planned: "Planned", out: Path) -> "Summary":
    from oligort.cli.progress import progress_of

    with progress_of(len(planned.found) + len(planned.missing)) as tell:

        def told(done: "Done") -> None:
            tell(done)
            for line in done.log.splitlines():
                note(line)

        try:
            return how.run(planned, out, told)
        except KeyboardInterrupt:
            note("what was written stays; the same command goes on from there")
            raise


def _show_plan(planned: "Planned", *, has_registers: bool) -> None:
    from oligort.batch.names import name_digits
    from oligort.report.text import columns, sentence

    table = columns("submission", "subject", "register", "files", "joined by")
    for one in planned.found:
        register = planned.matches.get(one.key)
        table.add_row(
            sentence(one.shown),
            sentence(planned.whose(one).subject or f"not stated (…{name_digits(one.key)})"),
            sentence(_whether(register) if has_registers else "-"),
            sentence(", ".join(f"{count} {kind}" for kind, count in one.kinds)),
            sentence(", ".join(one.joined_by) or "-"),
        )
    show(table)
    note(f"{len(planned.found)} submissions would be checked")
    _note_empty(planned)
    _note_placeholders(planned)
    _note_registers(planned, has_registers=has_registers)


def _whether(register: "Listed | None") -> str:
    """Say in a word whether a submission has a register."""
    if register is None:
        return "no"
    return "cannot be used" if register.trouble else "yes"


def _show_summary(summary: "Summary", planned: "Planned", *, has_registers: bool) -> None:
    from oligort.display import listed
    from oligort.report.cohort_view import cohort_view

    if summary.cohort is not None:
        show(cohort_view(summary.cohort))
    if summary.reused:
        note(f"{summary.reused} reports were there already and still hold")
    if summary.bugs:
        note(
            f"{summary.bugs} internal errors: bugs in oligort, not in the data (code OL091, or a "
            "page that could not be made)"
        )
    if summary.left_over:
        note(
            f"{len(summary.left_over)} reports in the folder are of no submission of this run: "
            f"{listed(summary.left_over)}; they are in no count: remove by hand what was "
            "withdrawn, or is of another run"
        )
    _note_empty(planned)
    _note_placeholders(planned)
    _note_registers(planned, has_registers=has_registers)


def _note_empty(planned: "Planned") -> None:
    """Say how many folders hold nothing; by name only the subjects', others may be patients'."""
    from oligort.display import listed

    if planned.empty:
        subjects = [name for name in planned.empty if name in planned.registers.by_subject]
        of_these = f", among them {listed(subjects)}" if subjects else ""
        note(
            f"folders directly below the root with nothing in them: {len(planned.empty)}{of_these};"
            " ask for what should lie there"
        )


def _note_placeholders(planned: "Planned") -> None:
    """Say which submissions have no patient id that is the patient's alone."""
    from oligort.display import listed

    told = [planned.whose(one).subject or one.shown for one in planned.found if one.has_placeholder]
    if told:
        note(
            "submissions with a placeholder as patient id, which study, frame of reference and "
            f"references alone tell apart: {listed(told)}"
        )


def _note_registers(planned: "Planned", *, has_registers: bool) -> None:
    """Say which registers have no submission, and which submissions no register."""
    if not has_registers:
        return
    from oligort.display import listed

    if planned.missing:
        subjects = [one.subject for one in planned.missing.values()]
        note(f"registers without submission: {listed(subjects)}")
    without = [
        planned.whose(one).subject or one.shown
        for one in planned.found
        if one.key not in planned.matches
    ]
    if without:
        note(f"submissions without register: {listed(without)}")


def status_of(summary: "Summary") -> Status:
    """Return the exit status of all verdicts: a bug, then a deviation, then what is open."""
    if summary.bugs:
        return Status.BUG
    statuses = {STATUS_OF[grade] for grade, count in summary.verdicts.items() if count}
    return next(one for one in (Status.DEVIATES, Status.OPEN, Status.DONE) if one in statuses)
