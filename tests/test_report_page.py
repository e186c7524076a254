"""docs/report.md: its pictures are there, and its numbers are those in force."""

import re
from pathlib import Path

from oligort.report.page_pictures import MOST_PICTURES
from oligort.report.underlay import MOST_PIXELS

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "report.md").read_text(encoding="utf-8")
MOST_BYTES = 300_000


def test_each_picture_is_there_and_small() -> None:
    pictures = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", PAGE)
    assert len(pictures) == 3
    for said, name in pictures:
        assert len(said) > 30
        assert 10_000 < (DOCS / name).stat().st_size < MOST_BYTES


def test_its_numbers_are_those_in_force() -> None:
    assert f"the first {MOST_PICTURES} lesions" in PAGE
    assert f"at most {MOST_PIXELS} pixels" in PAGE
