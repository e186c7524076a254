"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real and reference data, which is never part of the repository."""
    folder = os.environ.get("OLIGORT_TEST_DATA")
    if not folder:
        pytest.skip("OLIGORT_TEST_DATA is not set: real and reference data are not at hand")
    return Path(folder)
