"""Spelling: the right word that is nearest to one that is not known, to be offered, never taken."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from oligort.display import quoted

_LEAST_LIKENESS = 0.65
"""Similarity from which a word is offered as the one that was meant. At difflib's own 0.6 words of
another meaning are offered: "observation" is as like "ablation" as 0.63."""


UNIT_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("percent", "per cent", "pct", "percentage"), "%"),
    **dict.fromkeys(("ml", "cm3", "cm^3", "ccm", "cubic centimetres", "cubic centimeters"), "cc"),
    **dict.fromkeys(("gray", "grays"), "Gy"),
    **dict.fromkeys(("centimetres", "centimeters", "centimetre", "centimeter"), "cm"),
    **dict.fromkeys(("millimetres", "millimeters", "millimetre", "millimeter"), "mm"),
}
"""What people write for a unit and letters do not lead to, each of the very same size."""


def nearest(word: object, words: Iterable[str]) -> str:
    """Return '; did you mean "..."?' with the word of `words` most like `word`, or "".

    A word of several parts is meant by some of them ("age": "age_years"), before letters are
    compared: "size" is as like "side" as "size_mm". Signs are not words: ">" is as like "=>" as
    ">=" is, and only one of the two was meant.
    """
    spelt = str(word).casefold()
    by_lower_case = {right.casefold(): right for right in words}
    if not any(letter.isalpha() for letter in spelt):
        return ""
    parts = _parts(spelt)
    others = {other: _parts(other) for other in by_lower_case}
    begun = [other for other in others if others[other][: len(parts)] == parts]
    held = [other for other in others if _holds(others[other], parts)]
    close = (
        [other for other in others if other == spelt]
        or begun
        or (held if len(held) == 1 else [])
        or difflib.get_close_matches(spelt, others, n=1, cutoff=_LEAST_LIKENESS)
        # "ecog_status" is no word, and "ecog" is one.
        or [other for other in others if others[other] and _holds(parts, others[other])]
    )
    return _offer(by_lower_case[close[0]]) if close else ""


def nearest_key(
    key: str, names: Sequence[str], missing: Sequence[str], others: Mapping[str, str]
) -> str:
    """Return '; did you mean "..."?' with the key that was meant, or "".

    That is what people write for one (`others`), else the one most like it; of two that are as like
    it the one that is `missing`. What is spelt as a key that stands there is that key, not the next
    best: "sizemm" beside "size_mm" is no "side".
    """
    if (meant := others.get(_in_one_spelling(key))) is not None:
        return _offer(meant)
    bare = _in_one_spelling(key).replace(" ", "")
    for name in names:
        spelt = (name, name.rpartition(".")[2])
        if bare in (_in_one_spelling(one).replace(" ", "") for one in spelt):
            return _offer(name)
    among_all, among_missing = nearest(key, names), nearest(key, missing)
    if _likeness(key, among_all) > _likeness(key, among_missing):
        return among_all
    return among_missing or among_all


def nearest_word(word: object, choices: Sequence[str], others: Mapping[str, str]) -> str:
    """Return '; did you mean "..."?' with what people write for a word, else as `nearest`."""
    spelt = _in_one_spelling(word)
    meant = others.get(spelt)
    if meant is None and UNIT_WORDS.get(spelt) in choices:
        meant = UNIT_WORDS[spelt]
    return nearest(word, choices) if meant is None else _offer(meant)


def _offer(word: str) -> str:
    return f"; did you mean {quoted(word)}?" if word else ""


def _likeness(word: str, offered: str) -> float:
    """Return how like a word is to the one that is offered for it."""
    meant = offered.split('"')[1] if offered else ""
    return difflib.SequenceMatcher(None, word.casefold(), meant.casefold()).ratio()


def _parts(word: str) -> list[str]:
    return re.findall(r"[^\W_]+", word)


def _holds(parts: Sequence[str], some: Sequence[str]) -> bool:
    """Whether some parts stand in others side by side."""
    starts = range(len(parts) - len(some) + 1)
    return any(parts[start : start + len(some)] == some for start in starts)


def _in_one_spelling(value: object) -> str:
    """Return a word in small letters, without accents, with blanks for signs: "No_Thérapie"."""
    letters = unicodedata.normalize("NFKD", str(value).casefold().replace("œ", "oe"))
    plain = "".join(one for one in letters if not unicodedata.combining(one))
    return " ".join(re.split(r"[\s_\-./,:]+", plain)).strip()
