"""Versions: of Python and of the libraries that numbers pass through."""

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version


def versions_of(libraries: Iterable[str]) -> dict[str, str]:
    """Return the version of Python and of each distribution by name, none of them loaded."""
    versions = {"python": platform.python_version()}
    for library in libraries:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            versions[library] = "not installed as a distribution"
    return versions
