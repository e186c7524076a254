"""Safe text: what DICOM or a file name says, made harmless for a terminal, a table or a log."""

import unicodedata
from collections.abc import Iterable

MAX_TEXT = 64
"""Longest text of a foreign source that is shown whole: the length of a DICOM LO value."""

_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def safe_text(text: object, max_length: int = MAX_TEXT) -> str:
    """Return `text` on one line, without control or format characters, cut to length.

    Control characters become a visible "?", so that a name holding an ANSI escape shows itself
    as damaged instead of acting on the terminal.
    """
    shown = str(text)
    if not shown.isprintable():  # then there are hidden characters, or odd blanks
        shown = "".join(
            "?" if unicodedata.category(character) in _HIDDEN_CATEGORIES else character
            for character in shown
        )
    return shown if len(shown) <= max_length else shown[: max_length - 1] + "…"


def quoted(text: object) -> str:
    """Return `text` made safe and put in double quotes, as names appear in messages."""
    return f'"{safe_text(text)}"'


def listed(names: Iterable[object], max_names: int = 8) -> str:
    """Return quoted names joined by commas, cut after `max_names` with the number left out."""
    all_names = [quoted(name) for name in names]
    shown = ", ".join(all_names[:max_names])
    left_out = len(all_names) - max_names
    return shown if left_out <= 0 else f"{shown} and {left_out} more"
