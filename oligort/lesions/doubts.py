"""Doubts: why a name that holds a target's word may be no target all the same."""

from oligort.lesions.aliases import known_words, organ_aliases, role_words, side_words
from oligort.lesions.derived import length_of, margin_of
from oligort.lesions.phrases import Parsed, is_idle, position
from oligort.lesions.remains import is_of_remains
from oligort.lesions.vocabulary import Organ, Role
from oligort.lesions.words import GLUE, SIGNS

ACRONYMS = frozenset({("gtv",), ("ctv",), ("itv",), ("ptv",), ("igtv",), ("pgtv",), ("pctv",)})
"""Targets that are cut out of organs; "met" beside an organ is more often a lesion in it."""

_SHORTEST_KNOWN = 3
"""Letters of a word before the target's that may be known, where both are written as one."""


def why_no_target(parsed: Parsed, role: Role) -> tuple[str, Role]:
    """Return why a name with a target's word may be no target, or ""; and what it is made from.

    The second is UNKNOWN where the type in the file may decide.
    """
    spoken, target = parsed.spoken, " ".join(parsed.target_phrase)
    start = position(spoken, parsed.target_phrase) or 0
    before = _before(parsed)
    negated = (before,) in role_words("negation", "words")
    margin, length = margin_of(parsed), length_of(parsed)
    place = next((word for word in parsed.rest if (word,) in role_words("place", "words")), "")
    benign = next((word for word in parsed.rest if (word,) in role_words("negation", "benign")), "")
    is_cropped = parsed.organ is Organ.SKIN and parsed.target is not Role.GTV
    cases = (
        (negated, f'the ROI name says "{before} {target}"', role),
        (_is_glued_to_unknown(parsed), f'"{target}" is a part of a longer word', Role.UNKNOWN),
        (is_after_p(parsed), f'"p{target}" is drawn around the primary, or planned', Role.UNKNOWN),
        (margin, f'"{margin}" in the ROI name: the target with a margin, or made by one', role),
        (
            length,
            f'"{length}" in the ROI name: of a margin, the lesion or the slices',
            Role.UNKNOWN,
        ),
        (is_cropped, f'"{target}" and the skin: more often cropped there than in it', role),
        (benign, f'"{benign}" in the ROI name: a metastasis or none', role),
        (place, f'"{place}" in the ROI name: a part of a target, or of something else', role),
    )
    doubts = ((doubt, base) for holds, doubt, base in cases if holds)
    return next(doubts, None) or _doubt_of_organ(parsed, role, start)


def is_no_metastasis(parsed: Parsed) -> bool:
    """Whether the word before a GTV says that it is none, or the primary's ("pGTV")."""
    is_negated = (_before(parsed),) in role_words("negation", "words")
    # What is not the primary may well be a metastasis.
    is_none = is_negated and parsed.target_phrase not in role_words("extent", "primary")
    return is_after_p(parsed) or is_none


def is_after_p(parsed: Parsed) -> bool:
    """Whether a "p" stands right before the target ("pGTV"): of the primary, or planned."""
    return _before(parsed) == "p"


def _before(parsed: Parsed) -> str:
    """Return the word right before the target, or ""; a number too: "No 1 GTV" is no "no GTV"."""
    words = [word for word in parsed.words if word not in SIGNS]
    place = position(words, parsed.target_phrase) or 0
    return words[place - 1] if place else ""


def _is_glued_to_unknown(parsed: Parsed) -> bool:
    """Whether an unknown word runs into the target's: "SibGTV" may be what it leaves.

    A letter or two are anybody's: the "r" of "rGTV" is right, or residual. The word of another
    target says nothing of this one: "PTV_rGTV" is a PTV.
    """
    before = _glued_to(parsed)
    return bool(before) and (
        is_after_letters(parsed) or before not in known_words() or is_of_remains(before)
    )


def is_after_letters(parsed: Parsed) -> bool:
    """Whether a letter or two run into the target's word ("rGTV", "RPTV")."""
    return 0 < len(_glued_to(parsed)) < _SHORTEST_KNOWN


def _glued_to(parsed: Parsed) -> str:
    """Return the word that is written as one with the target's, before it, or ""."""
    place = position(parsed.words, (GLUE, *parsed.target_phrase))
    return parsed.words[place - 1] if place else ""


def _doubt_of_organ(parsed: Parsed, role: Role, start: int) -> tuple[str, Role]:
    """Return why an organ before a target may be the organ without it, as `why_no_target`."""
    for phrase, alias in parsed.organs:
        end = max(parsed.spoken.index(word) for word in phrase) + 1
        if end > start:
            continue
        target = " ".join(parsed.target_phrase)
        doubt = f'"{" ".join(phrase)}" before "{target}": a target, or the organ without it'
        if alias.is_pair:
            return doubt, role
        between = [word for word in parsed.spoken[end:start] if not _may_stand_between(word)]
        is_bare = alias.organ is Organ.LUNGS and len(parsed.words) == 2
        # "Ipsi lung GTV" is more often what planners spare than a lesion on that side.
        is_spared = any((word,) in role_words("remains", "side") for word in parsed.rest)
        is_open = GLUE in parsed.words or between or is_bare or is_spared
        if parsed.target_phrase in ACRONYMS and is_open:
            return doubt, Role.UNKNOWN
    return "", Role.UNKNOWN


def _may_stand_between(word: str) -> bool:
    """Whether a word between an organ and a target leaves it a target in that organ."""
    lists = (
        ("extent", "metastasis"),
        ("extent", "distant"),
        ("extent", "primary"),
        ("gross_tumour", "aliases"),
        ("union", "words"),
    )
    known = is_idle(word) or word in side_words() or (word,) in organ_aliases()
    return known or any((word,) in role_words(*entry) for entry in lists)
