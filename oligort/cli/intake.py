"""`oligort intake`: what is in a folder, what refers to what, and what is wrong with it."""

from pathlib import Path
from typing import Annotated

import typer

import oligort
from oligort.cli.options import DoseChoice, JsonFile, Names, Paths, PlanChoice
from oligort.cli.output import (
    STANDARD_OUTPUT,
    note_names,
    note_unanswered,
    refuse_overwriting,
    show,
    write_json,
)
from oligort.cli.status import Status, answering


@answering
def intake(
    paths: Paths,
    protocol: Annotated[
        str,
        typer.Option(metavar="ID|FILE", help="Whose grades hold; no limit is applied."),
    ] = "nct06190782",
    subject: Annotated[str | None, typer.Option(help="Subject id, as the trial gave it.")] = None,
    plan: PlanChoice = None,
    dose: DoseChoice = None,
    names: Names = None,
    json: JsonFile = None,
) -> Status:
    """Show what is in a folder and what refers to what.

    Studies, frames of reference, images, structure sets, plans and doses, and what the checks of
    intake (OL0..) find.

    Exit status: 0 all of them were evaluated; 3 one is not evaluable, standard error says why;
    2 could not run; 4 a bug. Deviations are told, and are no status here.
    """
    refuse_overwriting([json], [*paths, names, Path(protocol)])
    submission = oligort.read(*paths).selected(plan=plan, dose=dose)
    if names is not None:
        submission = submission.with_names(names)
        note_names(submission)

    from oligort.checks.engine import intake_findings
    from oligort.report.intake_document import IntakeDocument

    document = IntakeDocument.of(submission, intake_findings(submission, protocol, subject))
    if json is not None:
        write_json(document.to_json(), json)
    if json != STANDARD_OUTPUT:
        from oligort.report.intake_view import intake_view

        show(intake_view(document))
    note_unanswered(document.not_evaluable)
    return Status.OPEN if document.not_evaluable else Status.DONE
