"""`oligort cohort`: what many reports say together."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from oligort.cli.options import JsonFile
from oligort.cli.output import (
    STANDARD_OUTPUT,
    note,
    refuse_overwriting,
    show,
    write_json,
    write_page,
    written_whole,
)
from oligort.cli.status import Status, answering


@answering
def cohort(
    folder: Annotated[
        Path,
        typer.Argument(
            exists=True, file_okay=False, metavar="DIR", help="The folder with the reports."
        ),
    ],
    registers: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            metavar="FOLDER|CSV",
            help="The registers, as for batch: whose submission is not there is told.",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one page that sorts and filters.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a table with a row a submission.")
    ] = None,
    findings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a table with a row a finding.")
    ] = None,
    json: JsonFile = None,
) -> Status:
    """Show what the reports in a folder say together.

    By site, by check and by month; what needs human eyes first; the same objects in two
    submissions; whose submission is missing. Reads the reports alone, never DICOM.

    Exit status: 0 done, whatever the verdicts are; 2 could not run; 4 a bug.
    """
    from oligort.batch.registers import RegisterList
    from oligort.cohort import cohort_of
    from oligort.report.cohort_csv import CohortTables

    refuse_overwriting([html, csv, findings, json], ())
    listed = RegisterList.load(registers) if registers else RegisterList()
    for told in listed.notes:
        note(told)
    with ExitStack() as files:
        tables = CohortTables(
            *(
                files.enter_context(written_whole(path, "the table")) if path else None
                for path in (csv, findings)
            )
        )
        result = cohort_of(folder, expected=listed.sites, tables=tables)
    if html is not None:
        from oligort.report.cohort_page import cohort_page

        write_page(cohort_page(result, reports=_way(html.parent, folder)), html)
    if json is not None:
        write_json(result.to_json(), json)
    if json != STANDARD_OUTPUT:
        from oligort.report.cohort_view import cohort_view

        show(cohort_view(result))
    return Status.DONE


def _way(page: Path, reports: Path) -> str:
    """Return the relative URL from the folder of a page to that of the reports."""
    import os
    from urllib.parse import quote

    relative = Path(os.path.relpath(reports.absolute(), page.absolute())).as_posix()
    return f"./{quote(os.fsencode(relative))}"
