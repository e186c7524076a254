"""ROI names: which role, which organ, which side. Known words decide; nothing is guessed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache

from oligort.lesions.aliases import OrganAlias, Phrase, organ_aliases, role_words, words_of
from oligort.lesions.vocabulary import Organ, Role, Side

_SIGNS = frozenset("-+&%~")
_NEAR = 0.75
"""Similarity from which a known word is offered as a suggestion; it decides nothing."""

_TYPED_ROLES = {
    "EXTERNAL": Role.EXTERNAL,
    "GTV": Role.GTV,
    "CTV": Role.CTV,
    "PTV": Role.PTV,
}
"""RT ROI Interpreted Types (3006,00A4) that may speak where the name says nothing."""


@dataclass(frozen=True)
class RoiName:
    """What an ROI name says.

    Parameters
    ----------
    role : Role
        UNKNOWN where the words are not all known.
    organ, side : Organ or None, Side or None
        As far as the name says so; an organ without a group of its own is None.
    subtracted : str
        What is cut out of the organ or target, as written ("GTV", "ITV's"), or "": hostile text.
    base : Role
        For unions, rings and helpers the role of the volume they are made from; of an unknown
        name the role that it says it is not ("not GTV").
    superseded : str
        The word ("old", "copy", "auto") that marks a likely repetition, or "".
    evidence : str
        What the role rests on, as a sentence's tail.
    nearest : str
        For an unknown name the known one that looks most like it, or "": only a suggestion.
    """

    role: Role
    organ: Organ | None = None
    side: Side | None = None
    subtracted: str = ""
    base: Role = Role.UNKNOWN
    superseded: str = ""
    evidence: str = ""
    nearest: str = ""


@lru_cache(maxsize=4096)
def read_roi_name(roi_name: str, interpreted_type: str = "") -> RoiName:
    """Read an ROI name; the RT ROI Interpreted Type decides only where the name says nothing.

    Parameters
    ----------
    roi_name : str
        ROI Name (3006,0026).
    interpreted_type : str
        RT ROI Interpreted Type (3006,00A4), or "". An organ's name typed GTV stays an organ,
        and no type turns an unknown name into an organ.

    Examples
    --------
    >>> read_roi_name("GTVm01_Liver").role, read_roi_name("Lt Lung").side
    (<Role.GTV_METASTASIS: 'gtv_metastasis'>, <Side.LEFT: 'L'>)
    """
    read = _read(roi_name)
    typed = _TYPED_ROLES.get(interpreted_type.strip().upper())
    says_nothing = read.role is Role.UNKNOWN and read.base is Role.UNKNOWN
    if says_nothing and typed is not None:
        return replace(read, role=typed, evidence=f"from the interpreted type {typed.upper()}")
    return read


def _read(roi_name: str) -> RoiName:
    words = words_of(roi_name)
    cut_out = _cut_out(roi_name, words)
    if cut_out is not None:
        return cut_out
    spoken = [word for word in words if not word.isdigit() and word not in _SIGNS]
    if _is_one_of(spoken, role_words("external", "aliases")):
        return RoiName(Role.EXTERNAL, evidence=f'from "{" ".join(spoken)}" in the ROI name')
    superseded = next((w for w in spoken if (w,) in role_words("version", "superseded")), "")
    return replace(_read_words(words, spoken), superseded=superseded)


def _read_words(words: Sequence[str], spoken: Sequence[str]) -> RoiName:
    """Read a name that nothing is cut out of."""
    side, sideless = _side(spoken)
    phrase, alias = _organ_within(sideless)
    organ = alias.organ if alias else None
    rest = _without(sideless, phrase)
    target, target_phrase = _target(spoken)
    role, evidence = target, f'from "{" ".join(target_phrase)}" in the ROI name'
    if target is Role.GTV:
        role, evidence = _extent(words, spoken, target_phrase, alias, phrase)
    helper, word = _helper(words, spoken, rest, target)
    if helper is not None:
        return RoiName(helper, organ, side, base=role, evidence=f'from "{word}" in the ROI name')
    if target is not Role.UNKNOWN:
        before = _position(spoken, target_phrase) or 0
        if (*spoken[before - 1 : before],) in role_words("negation", "words"):
            evidence = f'the ROI name says "{spoken[before - 1]} {" ".join(target_phrase)}"'
            return RoiName(Role.UNKNOWN, base=role, evidence=evidence)
        union = _union_word(words, rest)
        if union:
            evidence = f'from "{union}" in the ROI name'
            return RoiName(Role.UNION, organ, side, base=role, evidence=evidence)
        return RoiName(role, organ, side, evidence=evidence)
    if alias and not [word for word in rest if not _is_idle(word)]:
        if alias.is_pair and side is None:
            side = Side.BOTH
        return RoiName(Role.ORGAN, organ, side, evidence=f'from "{" ".join(phrase)}"')
    return RoiName(
        Role.UNKNOWN, evidence="the ROI name holds no known words", nearest=_nearest(sideless)
    )


def _cut_out(roi_name: str, words: Sequence[str]) -> RoiName | None:
    """Read "Lungs-GTV": what is left of the sign, with what is cut out; None if nothing is."""
    for position, word in enumerate(words[1:-1], start=1):
        right = [w for w in words[position + 1 :] if not w.isdigit() and w not in _SIGNS]
        if (word,) not in role_words("subtraction", "words") or not right:
            continue
        left = _read_words(words[:position], [w for w in words[:position] if not w.isdigit()])
        if left.role is Role.UNKNOWN and _is_one_of(
            words[:position], role_words("external", "aliases")
        ):
            left = RoiName(Role.EXTERNAL)
        taken = _target(right[:1])[0] if left.role is not Role.UNKNOWN else Role.UNKNOWN
        if taken is Role.UNKNOWN:
            continue
        sign = re.escape(word) if word == "-" else rf"(?<![^\W_]){re.escape(word)}(?![^\W_])"
        pieces = re.split(f"(?i){sign}", roi_name, maxsplit=words[: position + 1].count(word))
        subtracted = pieces[-1].strip(" _.")
        evidence = f'from "{word} {right[0]}" in the ROI name'
        if left.role is Role.ORGAN:
            return replace(left, subtracted=subtracted, evidence=evidence)
        return RoiName(Role.HELPER, subtracted=subtracted, base=left.role, evidence=evidence)
    return None


def _target(spoken: Sequence[str]) -> tuple[Role, Phrase]:
    """Return the role of the first kind of target that the name holds, and its words."""
    lists = (
        (Role.PTV, "targets", "ptv"),
        (Role.ITV, "targets", "itv"),
        (Role.CTV, "targets", "ctv"),
        (Role.GTV, "targets", "gtv"),
        (Role.GTV, "extent", "metastasis"),
        (Role.GTV, "gross_tumour", "aliases"),
    )
    for role, section, key in lists:
        for phrase in sorted(role_words(section, key)):
            if _position(spoken, phrase) is not None:
                return role, phrase
    return Role.UNKNOWN, ()


def _extent(
    words: Sequence[str],
    spoken: Sequence[str],
    target: Phrase,
    alias: OrganAlias | None,
    phrase: Phrase,
) -> tuple[Role, str]:
    """Tell primary, node and metastasis apart; a bare GTV stays undecided."""
    start = _position(words, target)
    after = (words[start + len(target)],) if start is not None and words[start + 1 :] else ("",)
    stated = {(word,) for word in spoken}
    roles = (
        (Role.GTV_METASTASIS, "metastasis", "metastasis_letters"),
        (Role.GTV_PRIMARY, "primary", "primary_letters"),
    )
    for role, key, letters in roles:
        found = stated & role_words("extent", key) or {after} & role_words("extent", letters)
        if found:
            return role, f'from "{" ".join(min(found))}" in the ROI name'
    organ = " ".join(phrase)
    if after in role_words("extent", "node_letters"):
        return Role.GTV_NODE, f'from "{after[0]}" after GTV in the ROI name'
    if alias and alias.organ is Organ.LYMPH_NODES:
        return Role.GTV_NODE, f'from "{organ}" in the ROI name, without a word for metastasis'
    if alias and alias.is_distant:
        return Role.GTV_METASTASIS, f'from the distant organ "{organ}" in the ROI name'
    if alias and alias.is_primary:
        return Role.GTV_PRIMARY, f'from "{organ}" in the ROI name, the organ of the primary'
    return Role.GTV, f'from "{" ".join(target)}" in the ROI name: primary or metastasis is not said'


def _helper(
    words: Sequence[str], spoken: Sequence[str], rest: Sequence[str], target: Role
) -> tuple[Role | None, str]:
    """Return RING or HELPER and the word that says so, or None."""
    for phrase in role_words("helper", "leading"):
        if tuple(spoken[: len(phrase)]) == phrase:
            return Role.HELPER, " ".join(phrase)
    for role, key in ((Role.RING, "ring"), (Role.HELPER, "words")):
        for word in rest:
            if (word,) in role_words("helper", key):
                return role, word
    if "~" in words:
        return Role.HELPER, "~"
    if target is Role.UNKNOWN:
        for word in words:
            if (word,) in role_words("helper", "units"):
                return Role.HELPER, word
    return None, ""


def _union_word(words: Sequence[str], rest: Sequence[str]) -> str:
    """Return the word that makes the name one of several volumes in one ROI, or ""."""
    for word in rest:
        if (word,) in role_words("union", "words"):
            return word
    for before, word, after in zip(words, words[1:], words[2:], strict=False):
        if (word,) in role_words("union", "joins") and before.isdigit() and after.isdigit():
            return f"{before} {word} {after}"
    return ""


def _side(spoken: Sequence[str]) -> tuple[Side | None, list[str]]:
    """Return the side that the name says, and the words without it."""
    for side, key in ((Side.LEFT, "left"), (Side.RIGHT, "right"), (Side.BOTH, "both")):
        said = role_words("side", key)
        if any((word,) in said for word in spoken):
            return side, [word for word in spoken if (word,) not in said]
    return None, list(spoken)


def _organ_within(spoken: Sequence[str]) -> tuple[Phrase, OrganAlias | None]:
    """Return the longest known organ phrase in the words."""
    aliases = organ_aliases()
    for length in range(len(spoken), 0, -1):
        for start in range(len(spoken) - length + 1):
            phrase = tuple(spoken[start : start + length])
            if phrase in aliases:
                return phrase, aliases[phrase]
    return (), None


def _position(words: Sequence[str], phrase: Phrase) -> int | None:
    """Return where a phrase begins among the words, or None."""
    starts = range(len(words) - len(phrase) + 1)
    return next((i for i in starts if tuple(words[i : i + len(phrase)]) == phrase), None)


def _without(words: Sequence[str], phrase: Phrase) -> list[str]:
    start = _position(words, phrase) or 0
    return [*words[:start], *words[start + len(phrase) :]]


def _is_one_of(words: Sequence[str], phrases: frozenset[Phrase]) -> bool:
    return tuple(words) in phrases


def _is_idle(word: str) -> bool:
    """Whether a word says nothing about what the ROI is."""
    lists = (("ignored", "words"), ("version", "words"), ("version", "superseded"))
    return any((word,) in role_words(*entry) for entry in lists)


def _nearest(spoken: Sequence[str]) -> str:
    """Return the known name that looks most like an unknown one, or ""."""
    known = {" ".join(phrase): alias.organ for phrase, alias in organ_aliases().items()}
    close = get_close_matches(" ".join(spoken), known, n=1, cutoff=_NEAR)
    return str(known[close[0]] or close[0]) if close else ""
