"""What a page rests on: settings, files, what refers to what, and what the codes say."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from oligort.checks.registry import pages
from oligort.document import Report
from oligort.finding import Finding
from oligort.report.intake_document import IntakeDocument
from oligort.report.intake_view import TreeLine, beside_lines, tree_lines
from oligort.submission import Submission

INTAKE = "OL0"
"""How the codes of the checks begin that ask of the files alone."""


@dataclass(frozen=True)
class CodePage:
    """What `oligort explain` says of a check: its headings with their paragraphs."""

    code: str
    title: str
    paragraphs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Intake:
    """What refers to what, and what has no place there; of earlier courses each by itself."""

    lines: tuple[TreeLine, ...]
    beside: tuple[str, ...]
    earlier: tuple["Intake", ...] = ()


def pages_of(report: Report) -> Iterator[CodePage]:
    """Yield the page of each check whose code occurs in a report; of others that none is known."""
    left = {finding.code: None for finding in report.findings}
    for one in pages():
        if one.code in left:
            del left[one.code]
            _, _, body = one.page.partition("\n\n")
            yield CodePage(one.code, one.title, tuple(_paragraphs(body)))
    yield from (CodePage(code, UNKNOWN, ()) for code in sorted(left))


def _paragraphs(text: str) -> Iterator[tuple[str, str]]:
    """Yield each paragraph of a check's page with its heading, "" where it has none."""
    for paragraph in text.strip().split("\n\n"):
        joined = " ".join(paragraph.split())
        heading, colon, rest = joined.partition(": ")
        is_headed = bool(colon) and heading in HEADINGS
        yield (heading, rest) if is_headed else ("", joined)


UNKNOWN = "a check of the site's own, or of another version"
"""What is said of a code whose page is not here."""

HEADINGS = frozenset(
    {
        "What it checks",
        "Why it matters",
        "How it is measured",
        "Not evaluable when",
        "Source",
    }
)
"""The headings that every page of a check has."""


def intake_of(submission: Submission, findings: tuple[Finding, ...]) -> Intake:
    """Return what refers to what in a submission."""
    of_files = tuple(one for one in findings if one.code.startswith(INTAKE))
    earlier = (
        _as_intake(IntakeDocument.of(export, (), of_whole=submission))
        for export in submission.earlier
    )
    own = _as_intake(IntakeDocument.of(submission, of_files))
    return replace(own, earlier=tuple(earlier))


def _as_intake(document: IntakeDocument) -> Intake:
    return Intake(tuple(tree_lines(document)), tuple(beside_lines(document)))
