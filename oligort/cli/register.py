"""`oligort register`: an empty register to fill in, and registers from the tables of an export."""

from pathlib import Path
from typing import Annotated

import typer

from oligort.cli.output import note
from oligort.cli.status import Status, answering

app = typer.Typer(
    help="The clinical register: an empty one, or those of the tables of an export.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@answering
def template() -> Status:
    """Print an empty register in TOML, every key with its question.

    It can be read as it is, and answers nothing.
    """
    from oligort.clinical.template import register_template

    print(register_template(), end="")
    return Status.DONE


@answering
def convert(
    patients: Annotated[
        Path,
        typer.Option(
            exists=True, dir_okay=False, metavar="CSV", help="The table with a row a patient."
        ),
    ],
    lesions: Annotated[
        Path,
        typer.Option(
            exists=True, dir_okay=False, metavar="CSV", help="The table with a row a lesion."
        ),
    ],
    columns: Annotated[
        Path,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="The column map: which column holds which key of the register.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(file_okay=False, metavar="DIR", help="Where the registers are written."),
    ],
) -> Status:
    """Turn two CSV tables into registers, one JSON file a subject.

    Columns that the map does not name are not read. A register that is there and says something
    else is not overwritten.
    """
    from oligort.clinical.tables import registers_of, write_registers
    from oligort.strict import shown_file

    written = write_registers(registers_of(patients, lesions, columns), out)
    for path in written:
        print(shown_file(path))
    note(f"{len(written)} registers written")
    return Status.DONE


app.command()(template)
app.command()(convert)
