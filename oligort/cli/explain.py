"""`oligort checks` and `oligort explain`: which checks there are, and the page of each."""

from pathlib import Path
from typing import Annotated

import typer

from oligort.cli.options import Only, SiteChecks
from oligort.cli.output import note, show
from oligort.cli.status import Status, answering


@answering
def list_checks(
    only: Only = None,
    checks: SiteChecks = None,
    write: Annotated[
        Path | None,
        typer.Option("--write", file_okay=False, metavar="DIR", help="Write their pages there."),
    ] = None,
) -> Status:
    """List the checks by code, or write a page of each in Markdown."""
    from oligort.checks.registry import checks_of, pages
    from oligort.checks.site_checks import load_checks
    from oligort.report.check_pages import pages_of
    from oligort.report.text import columns, sentence

    further = [load_checks(file).module for file in checks or ()]
    asked = checks_of(only, further) if only else pages(further)
    if write is not None:
        texts = pages_of(asked)
        write.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (write / name).write_text(text, encoding="utf-8")
        note(f"{len(texts)} pages written")
        return Status.DONE
    table = columns("code", "check")
    for one in asked:
        table.add_row(sentence(one.code), sentence(one.title))
    show(table)
    return Status.DONE


@answering
def explain(
    code: Annotated[
        str | None, typer.Argument(metavar="[CODE]", help="A check, OL301. Default: list them.")
    ] = None,
    checks: SiteChecks = None,
) -> Status:
    """Print the page of a check.

    It says what the check asks, how it answers and where its rule stands.
    """
    from oligort.checks.registry import page_of, pages
    from oligort.checks.site_checks import load_checks
    from oligort.report.text import columns, sentence

    further = [load_checks(file).module for file in checks or ()]
    if code is not None:
        print(page_of(code, further).strip())
        return Status.DONE
    table = columns("code", "check")
    for check in pages(further):
        table.add_row(sentence(check.code), sentence(check.title))
    show(table)
    return Status.DONE
