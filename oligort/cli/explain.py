"""`oligort explain`: the page of a check."""

from typing import Annotated

import typer

from oligort.cli.output import show
from oligort.cli.status import Status, answering


@answering
def explain(
    code: Annotated[
        str | None, typer.Argument(metavar="[CODE]", help="A check, OL301. Default: list them.")
    ] = None,
) -> Status:
    """Print the page of a check.

    It says what the check asks, how it answers and where its rule stands.
    """
    from oligort.checks.registry import page_of, pages

    if code is not None:
        print(page_of(code).strip())
        return Status.DONE
    from oligort.report.text import columns, sentence

    table = columns("code", "check")
    for check in pages():
        table.add_row(sentence(check.code), sentence(check.title))
    show(table)
    return Status.DONE
