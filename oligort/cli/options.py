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
    list[str] | None,
    typer.Option(
        "--plan",
        metavar="P",
        help="The plan to judge: label, UID or file. Repeated: courses, whose doses are added.",
    ),
]
DoseChoice = Annotated[
    list[str] | None,
    typer.Option(
        "--dose",
        metavar="UID",
        help="The dose to use: UID or file. Repeated: courses, whose doses are added.",
    ),
]
Prior = Annotated[
    list[Path] | None,
    typer.Option(
        "--prior",
        exists=True,
        metavar="PATH",
        help="The export of an earlier course, whose dose is added; --plan and --dose name its own "
        "too. Repeatable.",
    ),
]
Names = Annotated[
    Path | None,
    typer.Option(
        "--names",
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help="A site map: what the site's ROI names stand for, before what they say.",
    ),
]
HtmlFile = Annotated[
    Path | None,
    typer.Option(
        "--html", dir_okay=False, metavar="FILE", help="Write a page with figures there: HTML."
    ),
]
JsonFile = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help='Write JSON there; "-" is standard output.'),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="CODES",
        help='The checks to ask, by code or pattern: OL301, "OL2*". Repeatable. Default: all.',
    ),
]
SiteChecks = Annotated[
    list[Path] | None,
    typer.Option(
        "--checks",
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help="A Python file with checks of your own. Repeatable.",
    ),
]
