"""`oligort protocol`: what is shipped, what a protocol says, and whether a file is right."""

from typing import Annotated

import typer

from oligort.cli.output import show
from oligort.cli.status import MAX_ERROR, Status, answering

app = typer.Typer(
    help="The rules of a trial: which are shipped, what they say, whether a file is right.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Named = Annotated[
    str, typer.Argument(metavar="ID|FILE", help="A shipped protocol, or a protocol file.")
]


@answering
def list_shipped() -> Status:
    """List the protocols that come with oligort."""
    from oligort.protocol.model import Protocol
    from oligort.report.text import columns, sentence

    table = columns("id", "version", "title")
    for name in Protocol.shipped():
        one = Protocol.load(name)
        table.add_row(sentence(name), sentence(one.version), sentence(one.title))
    show(table)
    return Status.DONE


@answering
def show_rules(protocol: Named) -> Status:
    """Print every rule of a protocol with its number, its grade and its source."""
    from oligort.protocol.model import Protocol
    from oligort.report.protocol_view import protocol_view

    show(protocol_view(Protocol.load(protocol)))
    return Status.DONE


@answering
def lint(
    protocols: Annotated[
        list[str], typer.Argument(metavar="ID|FILE...", help="Shipped protocols, or files.")
    ],
) -> Status:
    """Say what is wrong with protocol files, and what their writer should look at once more.

    Exit status: 0 each can be applied; 1 one cannot; 2 could not run; 4 a bug.
    """
    from oligort.display import safe_text
    from oligort.errors import ProtocolError
    from oligort.protocol.lint import remarks_on
    from oligort.protocol.model import Protocol
    from oligort.strict import shown_file

    status = Status.DONE
    for name in protocols:
        try:
            protocol = Protocol.load(name)
        except ProtocolError as error:
            print(safe_text(error, MAX_ERROR))
            status = Status.DEVIATES
            continue
        remarks = list(remarks_on(protocol))
        for remark in remarks:
            print(f"{shown_file(name)}: {remark}")
        print(f"{shown_file(name)}: can be applied; remarks: {len(remarks)}")
    return status


app.command("list")(list_shipped)
app.command("show")(show_rules)
app.command()(lint)
