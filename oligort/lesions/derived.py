"""Names of what is made from other volumes: rings, margins, planning helpers and unions."""

from itertools import pairwise

from oligort.lesions.aliases import organ_aliases, role_words
from oligort.lesions.phrases import Parsed
from oligort.lesions.vocabulary import Organ, Role

_MOST_JOINED = 20
"""Largest number of a lesion that is joined to another; "PTV 50+10" are doses."""

_WITHOUT_MARGIN = frozenset({Role.GTV, Role.UNKNOWN})
"""What a margin makes another volume of, an organ too; a CTV or PTV may be made by it."""

_ACRONYMS = ("ptv", "itv", "ctv", "gtv")


def helper_of(parsed: Parsed) -> tuple[Role | None, str]:
    """Return RING or HELPER with the words that say so, or None."""
    leading = sorted(role_words("helper", "leading"), key=len, reverse=True)
    # "zRing" is a ring that is sorted to the end of the list.
    found = [(Role.RING, word) for word in parsed.rest if (word,) in role_words("helper", "ring")]
    found += [
        (Role.HELPER, " ".join(phrase))
        for phrase in leading
        if parsed.spoken[: len(phrase)] == phrase
    ]
    found += [(Role.HELPER, w) for w in parsed.rest if (w,) in role_words("helper", "words")]
    found += [(Role.HELPER, "~")] if "~" in parsed.words else []
    if parsed.target in _WITHOUT_MARGIN and (margin := margin_of(parsed)):
        found.append((Role.HELPER, margin))
    if parsed.target is Role.UNKNOWN:
        walls = (word for word in parsed.rest if (word,) in role_words("helper", "walls"))
        found += [(Role.RING, word) for word in walls]
        for words, key in ((parsed.words, "units"), (parsed.rest, "alone")):
            found += [(Role.HELPER, word) for word in words if (word,) in role_words("helper", key)]
    return found[0] if found else (None, "")


def may_hold_tumour(parsed: Parsed) -> bool:
    """Whether what a planner's word makes of a GTV may be the GTV itself ("GTV_fiducials")."""
    never = role_words("helper", "never_tumour")
    is_other = any((word,) in never for word in parsed.spoken) or "~" in parsed.words
    margin = margin_of(parsed)
    return not is_other and (not margin or _may_be_no_margin(parsed, margin))


def _may_be_no_margin(parsed: Parsed, margin: str) -> bool:
    """Whether the word for a margin may be an organ's edge ("GTV_liver_margin") or expiration."""
    is_edge = (margin,) in role_words("margin", "edges") and bool(parsed.organs)
    is_breath = (margin,) in role_words("margin", "breath")
    return (is_edge or is_breath) and not length_of(parsed)


def without_planning(parsed: Parsed) -> tuple[str, ...]:
    """Return the words of a GTV's name without an isocentre's number and a letter for sorting."""
    words = parsed.words
    if parsed.target is not Role.GTV:
        return words
    if (words[0],) in role_words("helper", "sorting"):
        words = words[1:]
    for place, (word, after) in enumerate(pairwise(words)):
        if (word,) in role_words("helper", "numbered") and after.isdecimal():
            return words[:place] + words[place + 2 :]
    return words


def length_of(parsed: Parsed) -> str:
    """Return a length beside a GTV ("GTV_5mm"): of a margin, of the lesion or of the slices."""
    if parsed.target is not Role.GTV:
        return ""
    for number, unit in zip(parsed.words, parsed.words[1:], strict=False):
        if number.isdigit() and (unit,) in role_words("margin", "units"):
            return f"{number} {unit}"
    return ""


def margin_of(parsed: Parsed) -> str:
    """Return the words of a margin around a volume ("+ 5 mm", "exp"), or ""."""
    if parsed.target is Role.UNKNOWN and not parsed.organs:
        return ""
    words = parsed.words
    for unit, word in enumerate(words):
        if (word,) not in role_words("margin", "units") or not words[unit - 1].isdigit():
            continue
        first = unit - 1
        while first > 0 and words[first - 1].isdigit():
            first -= 1
        if first and words[first - 1] == "+":
            return " ".join(words[first - 1 : unit + 1])
    for before, sign, after in zip(words, words[1:], words[2:], strict=False):
        if sign == "+" and after.isdigit() and not before.isdigit():
            return f"+ {after}"
    if parsed.target is not Role.UNKNOWN:
        for word in parsed.rest:
            if (word,) in role_words("margin", "words"):
                return word
    return ""


def union_of(parsed: Parsed) -> tuple[str, bool]:
    """Return the words that make a target's name one of several volumes in one ROI, or "".

    The second says whether they may differ in what they are and where ("GTVp+GTVm").
    """
    for word in parsed.rest:
        if (word,) in role_words("union", "words"):
            return word, False
    words = parsed.words
    for number, word in enumerate(words[1:-1], start=1):
        if (word,) in role_words("union", "joins") and _joins(parsed, number):
            return " ".join(words[number - 1 : number + 2]), not words[number + 1].isdigit()
    for name in _ACRONYMS:
        if words.count(name) > 1:
            return f"{name} {name}", True
        if name in words[:-1]:
            after = words[words.index(name) + 1]
            # "GTVs" are several; so are the letters of "GTVpn".
            if after == "s" or (after,) in role_words("extent", "union_letters"):
                return f"{name}{after}", False
    return "", False


def _joins(parsed: Parsed, number: int) -> bool:
    """Whether the word at a place joins two numbers, two targets, or a target and nodes."""
    before, after = parsed.words[number - 1], parsed.words[number + 1]
    if before.isdecimal() and after.isdecimal():
        return max(int(before), int(after)) <= _MOST_JOINED
    alias = organ_aliases().get((after,))
    kinds = ("primary_letters", "node_letters", "metastasis_letters", "metastasis")
    return (
        after in _ACRONYMS
        or any((after,) in role_words("extent", kind) for kind in kinds)
        or (alias is not None and alias.organ is Organ.LYMPH_NODES)
    )


def is_joined(parsed: Parsed) -> bool:
    """Whether a target's name holds a sign that joins it to something else ("GTV + Liver")."""
    signs = {"+", "&"} & set(parsed.words)
    for sign in signs:
        place = parsed.words.index(sign)
        before, after = parsed.words[place - 1 : place], parsed.words[place + 1 : place + 2]
        if not (before and after and before[0].isdigit() and after[0].isdigit()):
            return bool(before and after)
    return False
