"""`oligort compare`, `letter`, `decisions`: what is done with reports that were written."""

from pathlib import Path
from typing import Annotated

import typer

from oligort.cli.options import HtmlFile, JsonFile
from oligort.cli.output import (
    STANDARD_OUTPUT,
    refuse_overwriting,
    refuse_standard_output,
    show,
    write_json,
    write_page,
)
from oligort.cli.status import Status, answering

Written = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, metavar="REPORT", help="A report in JSON."),
]


@answering
def compare(before: Written, after: Written, json: JsonFile = None) -> Status:
    """Say what a resubmission corrected, what is new, and which numbers moved.

    Both are reports in JSON, as `oligort check --json` writes them; no DICOM is read.

    Exit status: 0 compared; 2 could not run; 4 a bug.
    """
    from oligort.comparison import compare as compared
    from oligort.document import Report
    from oligort.report.comparison_view import comparison_view

    refuse_overwriting([json], [before, after])
    found = compared(Report.load(before), Report.load(after))
    if json is not None:
        write_json(found.to_json(), json)
    if json != STANDARD_OUTPUT:
        show(comparison_view(found))
    return Status.DONE


@answering
def letter(report: Written, html: HtmlFile = None) -> Status:
    """Print the letter to the site in Markdown: what to correct and how.

    It is made of the report alone, and names the subject by the trial's id.
    """
    from oligort.document import Report
    from oligort.report.letter import letter_html, letter_markdown

    refuse_standard_output(html)
    refuse_overwriting([html], [report])
    found = Report.load(report)
    if html is not None:
        write_page(letter_html(found), html)
    else:
        print(letter_markdown(found), end="")
    return Status.DONE


@answering
def decisions(report: Written) -> Status:
    """Print an empty file of decisions on a report, an entry for each open finding.

    `oligort check --decisions FILE` shows what stands in it beside the findings.
    """
    from oligort.decisions import template_of
    from oligort.document import Report

    print(template_of(Report.load(report)), end="")
    return Status.DONE
