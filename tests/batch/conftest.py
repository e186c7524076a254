"""What the workers of these tests have imported before they are started."""

from collections.abc import Iterator

import pytest

from oligort.batch import workers


@pytest.fixture(scope="session", autouse=True)
def _preloaded() -> Iterator[None]:
    """Fork workers from a server that has imported pages and tests too, and not in each of them."""
    with pytest.MonkeyPatch.context() as patch:
        more = ("__main__", "pytest", "oligort.report.html", "small_export")
        patch.setattr(workers, "PRELOADED", (*workers.PRELOADED, *more))
        yield
