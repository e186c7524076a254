"""An ROI name as words: what the alias tables are looked up by."""

import re
import unicodedata
from functools import cache

from oligort.lesions.aliases import known_words, languages, organ_aliases, role_words, side_words

GLUE = "·"
"""The word between an organ and a target that are written as one: "LungsGTV"."""

SIGNS = frozenset({*"-+&%~/,", GLUE})

_LONGEST_CHINESE = 6
_SHORTEST_GLUED = 3
"""Letters of the shortest organ that is found in a word of several ("ribl")."""

_CJK = "㐀-鿿"
_LETTER = rf"[^\W\d_{_CJK}]"
_CHINESE = re.compile(rf"[{_CJK}]+")
_WORD = re.compile(rf"[{_CJK}]+|{_LETTER}+#?|\d+|[-+&%~/,{GLUE}]")
_CAMEL = re.compile(r"(?<=[a-z]{2})(?=[A-Z])|(?<=[A-Z][a-z])(?=[A-Z][a-z])")
_DASH = re.compile("[‐-―−]")
_WITHOUT = re.compile(r"(?i)(?<![^\W_])w\s*/\s*o(?![^\W\d_])")
_NUMBER_SIGN = re.compile(r"(?i)n\.?\s*°")
"""The degree sign is what keyboards have for the o of "N°" and "Nº"."""

_SORTING = "zz?|x"
_RISK = "hr|ir|lr"
_TARGET = re.compile(rf"({_SORTING})?([pinm]?|{_RISK})(gtv|ctv|ptv|itv)([^\W\d_]*)")
# One or two letters are enough ("MRGTV", "RPTV"); two small ones stand apart by camel case.
_GLUED_TARGET = re.compile(
    rf"(?i)(?<!{_LETTER})(?!(?:{_SORTING})?(?:[pinm]?|{_RISK})[gcpi]tv)"
    rf"(?!(?-i:[a-z]{{2}}[GCPI]TV))({_LETTER}+?)(?=[gcpi]tv)"
)
_LEVEL_NUMBER = r"(?:1[0-2]|0?[1-9])"
_APART = " _.-"
"""What may stand in a vertebra that is written apart ("T 8", "T_8")."""

_LEVEL = re.compile(
    # "L 2" and "S 1" are more often a side and a number; "T 8" would be the T of TNM.
    rf"(?i)(?<!{_LETTER})(th|[cdls]|t[{_APART}]*)({_LEVEL_NUMBER})"
    rf"(?:\s?[-/]\s?(?:th|[ctdls])?{_LEVEL_NUMBER})?(?!\d|[cm]m|c?gy)"
)
_UNFOLDED = str.maketrans({"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "æ": "ae", "Æ": "Ae"})
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "Oe"})


def plain_text(name: str) -> str:
    """Return a name with one form for each character: no full-width letters, one kind of dash."""
    plain = _DASH.sub("-", unicodedata.normalize("NFKC", name))
    return _NUMBER_SIGN.sub(" no ", _WITHOUT.sub(" without ", plain))


def words_of(name: str) -> list[str]:
    """Return a name as words: lower case, no accents, camel case and digits apart; signs are kept.

    Examples
    --------
    >>> words_of("LtLung"), words_of("GTVm01_Liver"), words_of("zPTV-GTV")
    (['lt', 'lung'], ['gtv', 'm', '01', 'liver'], ['z', 'ptv', '-', 'gtv'])
    >>> words_of("Œsophage"), words_of("Vertebra_L3"), words_of("LungsGTV")
    (['oesophage'], ['vertebra', 'l#', '3'], ['lungs', '·', 'gtv'])
    """
    plain = re.sub(f"['’]s|[#{GLUE}]", " ", _folded(plain_text(name)))
    plain = _LEVEL.sub(lambda level: f" {level[1].rstrip(_APART)}# {level[2]} ", plain)
    plain = _CAMEL.sub(" ", _GLUED_TARGET.sub(_with_glue, plain))
    words = []
    for word in _WORD.findall(plain):
        words += _chinese(word) if _CHINESE.fullmatch(word) else _target_apart(word)
    return words


def misread_chinese(name: str) -> str:
    """Return the Chinese name whose bytes were read as Western letters ("Ë«·Î-GTV"), or "".

    Bytes of GB 2312, or of UTF-8: many tools write that, and declare no character set.
    """
    for encoding in ("utf-8", "gb2312"):
        try:
            chinese = name.encode("latin-1").decode(encoding)
        except UnicodeError:
            continue
        runs = _CHINESE.findall(chinese)
        if any(word in known_words() for run in runs for word in _chinese(run)):
            return chinese
    return ""


def _folded(text: str) -> str:
    """Return text without accents; marks of other scripts stay, they make other letters."""
    apart = unicodedata.normalize("NFD", text.translate(_LIGATURES).translate(_UNFOLDED))
    return unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", apart))


def _with_glue(match: re.Match[str]) -> str:
    return f"{match[1]} {GLUE} "


def _chinese(run: str) -> list[str]:
    """Cut Chinese text into known words, the longest first; other characters stand alone."""
    words = []
    while run:
        known = (run[:n] for n in range(_LONGEST_CHINESE, 1, -1) if run[:n] in known_words())
        words.append(next(known, run[0]))
        run = run[len(words[-1]) :]
    return words


def _target_apart(written: str) -> list[str]:
    """Return "gtvm" as "gtv", "m", and "igtv" whole, because an iGTV is no GTV."""
    word = written.casefold()
    target = _TARGET.fullmatch(word)
    if not target:
        return _apart(word)
    sorting, kind, name, rest = target.groups()
    whole = kind + name
    is_whole = any((whole,) in role_words("targets", key) for key in ("ptv", "itv", "ctv"))
    # PGTV is a PTV in Chinese centres, pGTV elsewhere the GTV of the primary.
    if is_whole and not (kind == "p" and "pGTV" in written):
        kind, name = "", whole
    rests = _apart(rest) if rest else []
    if kind == "p":
        return [part for part in (sorting, kind, name) if part] + rests
    return [part for part in (sorting, name, kind) if part] + rests


def _apart(word: str) -> list[str]:
    """Return "ltlung" as "lt", "lung" and "lebermet" as "leber", "met"; unknown words whole.

    And "metliver" as "met", "liver", "lungtumor" as "lung", "tumor".
    """
    if word in known_words():
        return [word]
    sorting = re.match(_SORTING, word)
    rest = word[sorting.end() :] if sorting else ""
    if sorting and len(rest) >= _SHORTEST_GLUED and rest in known_words():
        return [sorting[0], rest]
    match = _compound().fullmatch(word)
    return [part for part in match.groups() if part] if match else [word]


@cache
def _compound() -> re.Pattern[str]:
    """Return what matches a side, an organ and a side, beside a word for tumour, as one word."""
    sides = set(side_words()).union(*(side_words(language) for language in languages()))
    whole = {side for side in sides if len(side) > 2} | {"l", "r", "lt", "rt", "li", "re"}
    organs = {
        phrase[0]
        for phrase, alias in organ_aliases().items()
        if len(phrase) == 1 and len(phrase[0]) >= _SHORTEST_GLUED and not alias.is_alone
    }
    lists = (("extent", "metastasis"), ("gross_tumour", "aliases"))
    tumours = {phrase[0] for one in lists for phrase in role_words(*one) if len(phrase) == 1}
    side, organ, tumour = (
        "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word)))
        for words in (whole, organs, tumours)
    )
    # "metalrib" is metal, and so is "metalspine", though "lspine" is a word too.
    is_metal = f"metal(?:{organ})"
    return re.compile(f"(?!{is_metal})(?:({side})|({tumour}))?({organ})({side})?({tumour})?")
