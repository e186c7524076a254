"""The application: every command under its name."""

from typing import Annotated

import typer

import oligort
from oligort.cli.batch import batch
from oligort.cli.check import check
from oligort.cli.cohort import cohort
from oligort.cli.demo import demo
from oligort.cli.dvh import dvh
from oligort.cli.explain import explain, list_checks
from oligort.cli.intake import intake
from oligort.cli.lesions import lesions
from oligort.cli.protocol import app as protocol
from oligort.cli.register import app as register
from oligort.cli.reports import compare, decisions, letter
from oligort.cli.schema import schema
from oligort.cli.selftest import selftest

# Typer's own extras (rich help, pretty tracebacks, shell completion) cost time at every start,
# and its tracebacks print local variables, which may hold what no log should hold.
app = typer.Typer(
    name="oligort",
    help="Radiotherapy planning checks for oligometastatic trials, from DICOM RT.",
    epilog="Not a medical device: it informs a qualified reader and decides nothing.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    check,
    batch,
    cohort,
    dvh,
    lesions,
    intake,
    demo,
    selftest,
    explain,
    compare,
    letter,
    decisions,
    schema,
):
    app.command()(command)
app.command("checks")(list_checks)
app.add_typer(protocol, name="protocol")
app.add_typer(register, name="register")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"oligort {oligort.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Radiotherapy planning checks for oligometastatic trials, from DICOM RT."""
