"""Templates: HTML in which foreign text is escaped and stands without control characters."""

from functools import cache
from typing import TYPE_CHECKING, Any

from oligort.display import safe_text
from oligort.report.text import MAX_SENTENCE

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = "templates"
"""The folder of the templates, in this package."""


@cache
def environment() -> "Environment":
    """Return the templates; what one of them does not know is an error, never nothing."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("oligort.report", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_made_safe,
    )
    made.filters["relation"] = lambda text: text.replace("<=", "≤").replace(">=", "≥")
    made.filters["date"] = _date
    made.filters["shown"] = safe_text
    made.filters["kebab"] = lambda grade: str(grade).lower().replace("_", "-")
    return made


def _date(text: str) -> str:
    """Return a DICOM date as 2026-04-01; what is none stays as it is."""
    is_date = len(text) == 8 and text.isascii() and text.isdigit()
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if is_date else text


def _made_safe(value: Any) -> Any:
    """Return what a template prints: foreign text without control characters, cut to length."""
    if hasattr(value, "__html__") or not isinstance(value, str):
        return value  # what a macro made of it is safe already
    return safe_text(value, MAX_SENTENCE)
