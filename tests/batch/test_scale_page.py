"""What docs/scale.md says of limits and numbers is what the code does."""

import re
from pathlib import Path

from oligort.batch.each import IN_FLIGHT
from oligort.batch.limits import MEMORY_LIMIT_GIB, TIME_LIMIT_S
from oligort.dicom.files import MAX_FILE_BYTES

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")


def test_the_limits_of_the_page_are_those_of_the_code():
    assert f"**Limits.** {TIME_LIMIT_S:g} s for a submission" in PAGE
    assert f"{MEMORY_LIMIT_GIB:g} GiB of address space" in PAGE
    assert f"that is read ({MAX_FILE_BYTES / 1024**3:g} GiB)" in PAGE
    assert f"{IN_FLIGHT} where nothing is said" in PAGE


def test_the_benchmarks_that_the_page_names_are_there():
    named = set(re.findall(r"tests/benchmarks/\w+\.py", PAGE))
    assert len(named) == 2
    assert all((Path(__file__).parents[2] / name).exists() for name in named)
