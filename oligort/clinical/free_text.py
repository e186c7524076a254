"""Free text of a register: whether it says anything, and which nodal station.

Forms want every cell filled in, and so people write "-" or "n/a" where they have nothing to say.
"""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")

_SAYS_NOTHING = frozenset(
    {
        *("0", "00", "n", "y", "x", "xx", "xxx", "na", "nd", "nk", "ns", "nr", "nil", "no", "none"),
        *("null", "nan", "not", "yes", "unk", "unknown", "tbd", "todo", "other", "notknown"),
        *("notdone", "notapplicable", "notavailable", "notstated", "notspecified"),
        *("ja", "nein", "nee", "non", "oui", "si", "ka", "keine", "keiner", "keineangabe"),
        *("unbekannt", "onbekend", "geen", "inconnu", "aucun", "aucune", "rien"),
        *("ninguno", "ninguna", "desconocido", "noaplica", "nessuno", "nessuna", "sconosciuto"),
        *("nenhum", "ingen", "inget", "ukjent", "brak", "noreason", "nonegiven", "notgiven"),
        *("无", "無", "没有", "沒有", "暂无", "不详", "不詳", "不明", "未知", "未明", "不清楚"),
        *(
            "不适用",
            "不適用",
            "待定",
            "待查",
            "未填",
            "未做",
            "未查",
            "其他",
            "其它",
            "否",
            "是",
            "空",
        ),
    }
)
"""What stands for an empty cell, in small letters and digits alone."""

_SEVERAL = frozenset(
    {
        *("multiple", "several", "various", "different", "many", "diverse"),
        *("mehrere", "verschiedene", "meerdere", "plusieurs"),
        *("多个", "多個", "多发", "多發", "多处", "多處", "多站", "多组", "多組"),
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


_BEFORE_A_NUMBER = re.compile(r"(?<![^\W_])(no|nr|st|ln|lns|lk|station|level|group|region)(?=\d)")
"""Those words where nothing stands between them and the number: "No7"."""

_AROUND_A_NUMBER = re.compile(r"第?(\d+[a-z]*\d*[a-z]*)[组組站区區号號]")
"""A number of a station as it is counted in Chinese: "第7组" is 7."""


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
    return plain if not is_several and says_anything(text) and says_anything(plain) else ""


def may_be_one_station(first: str, second: str) -> bool:
    """Whether two stations of `one_station` may be one that is spelt, or told, in two ways.

    That is one of which the other is a part ("16" and "16a2"), the same letters in another order, a
    letter for a digit that looks like it, and one letter of a longer word; numbers make stations.

    Examples
    --------
    >>> may_be_one_station("16a2", "l6a2"), may_be_one_station("hilar", "hilarl")
    (True, True)
    >>> may_be_one_station("16a1", "16a2"), may_be_one_station("1", "10")
    (False, False)
    """
    shorter, longer = sorted((first, second), key=len)
    rest = longer.removeprefix(shorter)
    is_part = rest != longer and not (shorter[-1:].isdigit() and rest[:1].isdigit())
    numbers = ["".join(filter(str.isdigit, one)) for one in (first, second)]
    is_turned = sorted(first) == sorted(second) and numbers[0] == numbers[1]
    is_alike = first.translate(_LOOK_ALIKES) == second.translate(_LOOK_ALIKES)
    return is_part or is_turned or is_alike or _are_a_letter_apart(shorter, longer)


_LOOK_ALIKES = str.maketrans({"l": "1", "i": "1", "o": "0"})
"""Letters that are typed, or recognised, for digits."""

_LONG_WORD = 6
"""Letters from which on one of them makes no other station; of short ones each may count."""


def _are_a_letter_apart(shorter: str, longer: str) -> bool:
    """Whether one letter differs, is missing or added; not the last one, which may say the side."""
    if not (shorter.isalpha() and longer.isalpha()) or len(shorter) < _LONG_WORD:
        return False
    if len(shorter) == len(longer):
        differ = [a != b for a, b in zip(shorter, longer, strict=True)]
        return sum(differ) == 1 and not differ[-1]
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))


def _words(text: str) -> list[str]:
    """Return words in small letters of one form; what only counts stations stands apart."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _WORD.findall(_BEFORE_A_NUMBER.sub(r"\1 ", _AROUND_A_NUMBER.sub(r"\1 ", plain)))


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
