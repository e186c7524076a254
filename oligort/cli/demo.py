"""`oligort demo`: synthetic submissions, written, read back, checked and shown."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import oligort
from oligort.cli.output import note, show
from oligort.cli.status import Status, answering, complain
from oligort.display import quoted
from oligort.errors import OutputError

if TYPE_CHECKING:
    from oligort.demo.cases import Case
    from oligort.document import Report


@answering
def demo(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            file_okay=False,
            help="Where to write, and leave, the submissions. Default: a folder that is removed.",
        ),
    ] = None,
) -> Status:
    """Write and check synthetic submissions.

    Needs no data and no network.

    Exit status: 0 every submission got the verdict that it was made for; 4 one did not, a bug.
    """
    if folder is not None:
        return _demonstrate(folder)
    with tempfile.TemporaryDirectory(prefix="oligort-demo-") as scratch:
        status = _demonstrate(Path(scratch))
    note("The submissions were removed; oligort demo DIR keeps them in DIR.")
    return status


def _demonstrate(folder: Path) -> Status:
    from oligort.demo.cases import CASES

    answers = _checked(tuple(CASES), folder)
    _show_answers(answers)
    unexpected = [case.subject for case, report in answers if not _as_expected(case, report)]
    if unexpected:
        complain(
            f"the verdict on {', '.join(unexpected)} is not the one it was made for: "
            "this is a bug in oligort"
        )
        return Status.BUG
    return Status.DONE


def _checked(cases: "tuple[Case, ...]", folder: Path) -> "tuple[tuple[Case, Report], ...]":
    """Write, read and check each case in a folder of its own, with progress on stderr."""
    from rich.console import Console
    from rich.progress import Progress

    from oligort.demo.export import write_case

    answers = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("submissions", total=len(cases))
        for case in cases:
            progress.update(task, description=case.subject)
            home = _empty_folder(folder / case.subject)
            register = write_case(case, home)
            report = oligort.check(oligort.read(home), register=register, subject=case.subject)
            answers.append((case, report))
            progress.advance(task)
    return tuple(answers)


def _empty_folder(folder: Path) -> Path:
    """Make a folder, refusing one that holds files: they would be read as one submission."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        occupied = any(folder.iterdir())
    except OSError as error:
        raise OutputError(
            f"expected to make the folder {quoted(folder)}, found: {error.strerror}; "
            "name a folder that may be written to"
        ) from error
    if occupied:
        raise OutputError(
            f"expected an empty folder {quoted(folder)}, found files in it; name another DIR"
        )
    return folder


def _show_answers(answers: "tuple[tuple[Case, Report], ...]") -> None:
    from rich.console import Group
    from rich.text import Text

    from oligort.report.tables import report_view
    from oligort.report.text import columns, sentence

    table = columns("subject", "verdict", "made for", "submission")
    for case, report in answers:
        made_for = case.expected_verdict
        agreement = "" if _as_expected(case, report) else "  (NOT as expected)"
        table.add_row(
            sentence(case.subject),
            sentence(f"{report.verdict}{agreement}"),
            sentence(made_for),
            sentence(case.title),
        )
    _, first = answers[0]
    show(Group(table, Text(), Text("The first of them in full"), Text(), report_view(first)))


def _as_expected(case: "Case", report: "Report") -> bool:
    return report.verdict == case.expected_verdict
