"""Failure: what is told where a check that does not come with oligort ends in an error."""

import sys
import traceback

from oligort.checks.registry import Check
from oligort.display import safe_text
from oligort.errors import OligortError, SelectionError

ABOUT_CODE = (AttributeError, NameError, ImportError, TypeError, OligortError)
"""Errors whose words are about code, or sentences of ours; those of others may hold an identity."""

_LONGEST = 300


def failed(one: Check, error: BaseException) -> SelectionError:
    """Return that the check of a site or a package failed: in which file, line and by what."""
    path = getattr(sys.modules.get(one.run.__module__), "__file__", None)
    places = traceback.extract_tb(error.__traceback__)
    own = [place for place in places if place.filename == path]
    line = f", line {own[-1].lineno}" if own else ""
    words = f": {safe_text(error, _LONGEST)}" if isinstance(error, ABOUT_CODE) else ""
    return SelectionError(
        f"{one.file}{line}: {one.code}: expected findings, found that this file, which does not "
        f"come with oligort, fails by {type(error).__name__}{words}; mend it there, or leave it out"
    )
