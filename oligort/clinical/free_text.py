"""Free text of a register: whether it says anything, and a nodal station in one spelling.

Forms want every cell filled in, and so people write "-" or "n/a" where they have nothing to say.
"""

import re

_WORD = re.compile(r"[^\W_]+")

_SAYS_NOTHING = frozenset(
    {
        *("0", "00", "n", "y", "x", "xx", "xxx", "na", "nd", "nk", "ns", "nr", "nil", "no", "none"),
        *("null", "nan", "not", "yes", "unk", "unknown", "tbd", "todo", "other", "notknown"),
        *("notdone", "notapplicable", "notavailable", "notstated", "notspecified"),
        *("ja", "nein", "nee", "non", "oui", "si", "ka", "keine", "keiner", "keineangabe"),
        *("unbekannt", "onbekend", "geen", "inconnu", "aucun", "aucune", "rien"),
    }
)
"""What stands for an empty cell, in small letters and digits alone."""

_SEVERAL = frozenset(
    {
        *("multiple", "several", "various", "different", "many", "diverse"),
        *("mehrere", "verschiedene", "meerdere", "plusieurs"),
    }
)
"""What is said of several stations, and so of none."""

_KINDS = frozenset(
    {
        *("no", "nr", "num", "number", "station", "st", "ln", "lns", "lk", "level", "group"),
        *("node", "nodes", "lymph", "lymphnode", "region", "nodal"),
    }
)
"""Words that say that a station follows, and not which."""


def says_anything(text: str) -> bool:
    """Whether a text is more than what people write into a cell that must not stay empty.

    Examples
    --------
    >>> says_anything("progression elsewhere"), says_anything(" n/a "), says_anything("-")
    (True, False, False)
    """
    plain = "".join(_words(text))
    return bool(plain) and plain not in _SAYS_NOTHING


def one_station(text: str) -> str:
    """Return the nodal station that a text names, in one spelling, or "" where it names no one.

    Blanks, signs and capitals make no other station; two numbers are two, or a range.

    Examples
    --------
    >>> one_station("16a2"), one_station("No. 16-A2"), one_station("2 R"), one_station("hilar")
    ('16a2', '16a2', '2r', 'hilar')
    >>> one_station("1-6"), one_station("7 and 8"), one_station("multiple"), one_station("?")
    ('', '', '', '')
    """
    words = _words(text)
    words = _suffixed([word for word in words if word not in _KINDS] or words)
    is_several = sum(map(_has_a_digit, words)) > 1 or not _SEVERAL.isdisjoint(words)
    plain = "".join(words)
    return "" if is_several or not says_anything(plain) else plain


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _suffixed(words: list[str]) -> list[str]:
    """Return words with those that follow a number put behind it: "16", "a2" are one."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1].isdigit() and word[0].isalpha():
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _has_a_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)
