"""Nobody: what de-identification writes in place of a name or an id."""

import re
import unicodedata

NOBODYS_WORDS = frozenset(
    {
        *("anonymous", "anonymus", "anonymized", "anonymised", "anonymize", "anonymise", "anonym"),
        *("anonyme", "anonyma", "anonimo", "anonymisiert", "anon", "deidentified", "deident"),
        *("removed", "deleted", "redacted", "withheld", "hidden", "blinded", "masked", "dummy"),
        *("unknown", "unnamed", "undefined", "unspecified", "noname", "nobody", "none", "null"),
        *("nil", "na", "empty", "匿名", "未知", "不明", "无", "無", "無名", "무명", "익명"),
    }
)
"""What de-identification writes in place of a name or an id."""

WORDS_BESIDE = frozenset(
    {"patient", "patients", "pat", "pt", "subject", "case", "name", "no", "id", "of", "the", "患者"}
)
"""What may stand beside such a word and says nothing."""

NOTHING = re.compile(r"[xX0*?\W_]*")
"""Values that are filled with signs alone: "XXX", "0000", "***", "^"."""


def is_nobodys(value: str, *, with_number: bool) -> bool:
    """Whether a value is made of words for nobody, where it may be with a number behind them.

    A number beside such a word numbers the names ("ANON^0042"); an id is the number itself.
    """
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", value).casefold())
    if "".join(words) in NOBODYS_WORDS:
        return True
    if with_number:
        words = [word.rstrip("0123456789") for word in words]
    left = [word for word in words if word not in WORDS_BESIDE and not NOTHING.fullmatch(word)]
    return bool(left) and all(word in NOBODYS_WORDS for word in left)


def is_placeholder(value: str) -> bool:
    """Whether an id or a name may stand in the files of every patient alike: "ANON", "0000"."""
    return bool(NOTHING.fullmatch(value)) or is_nobodys(value, with_number=False)
