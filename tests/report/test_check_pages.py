"""docs/checks: a page a check, as the checks themselves say."""

from pathlib import Path

from oligort.checks.registry import pages
from oligort.report.check_pages import pages_of

FOLDER = Path(__file__).parents[2] / "docs" / "checks"


def test_the_pages_are_those_of_the_checks():
    """Else: oligort checks --write docs/checks."""
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert written == pages_of(pages())
