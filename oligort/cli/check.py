"""`oligort check`: one submission against a protocol."""

from pathlib import Path
from typing import Annotated

import typer

from oligort.cli.asked import with_asked
from oligort.cli.exports import read_exports
from oligort.cli.options import (
    DoseChoice,
    HtmlFile,
    JsonFile,
    Names,
    Only,
    Paths,
    PlanChoice,
    Prior,
    SiteChecks,
)
from oligort.cli.output import (
    STANDARD_OUTPUT,
    note_names,
    refuse_overwriting,
    refuse_standard_output,
    show,
    write_json,
    write_page,
)
from oligort.cli.status import Status, answering
from oligort.clinical.register import PlanKind
from oligort.finding import Grade

STATUS_OF = {
    Grade.PASS: Status.DONE,
    Grade.MAJOR: Status.DEVIATES,
    Grade.MINOR: Status.DEVIATES,
    Grade.NOT_EVALUABLE: Status.OPEN,
}
"""The exit status of a verdict."""


@answering
def check(
    paths: Paths,
    protocol: Annotated[
        str, typer.Option(metavar="ID|FILE", help="A shipped protocol, or a protocol file.")
    ] = "nct06190782",
    register: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The clinical register of the patient."),
    ] = None,
    names: Names = None,
    subject: Annotated[str | None, typer.Option(help="Subject id, as the trial gave it.")] = None,
    plan: PlanChoice = None,
    dose: DoseChoice = None,
    prior: Prior = None,
    plan_kind: Annotated[
        PlanKind | None,
        typer.Option(help="What the plan is for. Default: what the register says."),
    ] = None,
    cross_check: Annotated[
        bool,
        typer.Option("--cross-check", help="Compute the limited structures with a second engine."),
    ] = False,
    decisions: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, metavar="FILE", help="What a reviewer decided on findings."
        ),
    ] = None,
    only: Only = None,
    checks: SiteChecks = None,
    json: JsonFile = None,
    html: HtmlFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdict line alone.")] = False,
) -> Status:
    """Judge one submission against a protocol.

    Exit status: 0 nothing deviates and all was evaluated; 1 a MAJOR or MINOR deviation;
    3 no deviation, but something could not be evaluated; 2 could not run; 4 a bug.
    """
    if cross_check:
        from oligort.crosscheck import require_installed

        require_installed()
    refuse_standard_output(html)
    inputs = [*paths, *(prior or ()), *(checks or ()), register, names, decisions, Path(protocol)]
    refuse_overwriting([json, html], inputs)
    submission, earlier = read_exports(paths, prior)
    if earlier:
        submission = submission.after(*earlier)
    submission = with_asked(submission, plan, dose)
    if names is not None:
        submission = submission.with_names(names)
        note_names(submission)
    from oligort.checks.engine import case_of, report_on

    case = case_of(
        submission,
        protocol=protocol,
        register=register,
        subject=subject,
        cross_check=cross_check,
        plan_kind=plan_kind,
    )
    report = report_on(case, only or (), checks or ())
    if decisions is not None:
        from oligort.decisions import with_decisions

        report = with_decisions(report, decisions)
    # The report first: a page that cannot be made loses nothing of it.
    if json is not None:
        write_json(report.to_json(), json)
    if html is not None:
        from oligort.report.html import page

        write_page(page(report, case), html)
    if json != STANDARD_OUTPUT:
        from oligort.report.tables import report_view, verdict_line

        show(verdict_line(report) if quiet else report_view(report))
    return STATUS_OF[report.verdict]
