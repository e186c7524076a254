"""Versions: of Python and of the libraries that numbers pass through."""

import platform
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version


def versions_of(libraries: Iterable[str]) -> dict[str, str]:
    """Return the version of Python and of each distribution by name, none of them loaded."""
    return {"python": platform.python_version(), **{one: _version_of(one) for one in libraries}}


@cache  # searched for on the path: two milliseconds, twice for each submission of a batch
def _version_of(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "not installed as a distribution"
