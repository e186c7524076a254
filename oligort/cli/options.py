"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Paths = Annotated[
    list[Path],
    typer.Argument(
        exists=True, metavar="PATH...", help="The export: a folder, or its files one by one."
    ),
]
PlanChoice = Annotated[
    str | None,
    typer.Option("--plan", metavar="P", help="The plan to judge: label, UID or file."),
]
DoseChoice = Annotated[
    str | None,
    typer.Option("--dose", metavar="UID", help="The dose to use: UID or file."),
]
JsonFile = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help='Write JSON there; "-" is standard output.'),
]
