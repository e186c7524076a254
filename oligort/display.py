"""Safe text: what DICOM or a file name says, made harmless for a terminal, a table or a log."""

import re
import unicodedata
from collections.abc import Iterable

import msgspec

MAX_TEXT = 64
"""Longest text of a foreign source that is shown whole: the length of a DICOM LO value."""

_BEYOND_PRINTABLE_ASCII = re.compile(r"[^\x00-\x7e]")
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


def indented_json(document: object) -> str:
    """Return a struct as JSON text for people and machines: indented, with a line end."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def harmless_json(text: str) -> str:
    """Return the same JSON with what a terminal would obey escaped: C1 controls, bidi, line marks.

    JSON escapes controls below U+0020 alone; the others are no less obeyed, and read back the same.
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return _BEYOND_PRINTABLE_ASCII.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    is_hidden = unicodedata.category(character) in _HIDDEN_CATEGORIES
    units = character.encode("utf-16-be", "surrogatepass").hex()
    escapes = "".join(f"\\u{units[k : k + 4]}" for k in range(0, len(units), 4))
    return escapes if is_hidden else character


def exact_number(value: float) -> str:
    """Return a number with as many digits as tell it: 50 for 50.0, and 50.0000001 as it is."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def quoted(text: object) -> str:
    """Return `text` made safe and put in double quotes, as names appear in messages."""
    return f'"{safe_text(text)}"'


def listed(names: Iterable[object], max_names: int = 8) -> str:
    """Return quoted names joined by commas, cut after `max_names` with the number left out."""
    all_names = [quoted(name) for name in names]
    shown = ", ".join(all_names[:max_names])
    left_out = len(all_names) - max_names
    return shown if left_out <= 0 else f"{shown} and {left_out} more"
