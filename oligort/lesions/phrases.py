"""A name's words sorted: the target that it names, its organs, its side, and what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from oligort.lesions.aliases import (
    OrganAlias,
    Phrase,
    longest_alias,
    organ_aliases,
    role_words,
    side_words,
)
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.lesions.words import GLUE, SIGNS

_TARGETS = (
    (Role.PTV, "targets", "ptv"),
    (Role.ITV, "targets", "itv"),
    (Role.CTV, "targets", "ctv"),
    (Role.GTV, "targets", "gtv"),
    (Role.GTV, "extent", "metastasis"),
    (Role.GTV, "gross_tumour", "aliases"),
)
"""Words for targets; the first that a name holds decides."""

_IDLE = (
    ("ignored", "words"),
    ("ignored", "levels"),
    ("version", "words"),
    ("version", "superseded"),
)

_INITIALS = frozenset({"b", "bi"})
"""Words for both sides that mean so only beside an organ: "GTV_B" is the second GTV."""


_RADIOTHERAPY = "rt"
"""Right, or radiotherapy: beside both organs of a pair ("Lungs RT") it does not say which."""

_SPINE = frozenset({"spine", "vert", "vertebra"})
"""Beside these "L" is lumbar: "L-spine"."""

_LOBES = {"left_lobes": Side.LEFT, "right_lobes": Side.RIGHT}


@dataclass(frozen=True)
class Parsed:
    """A name's words, sorted.

    Parameters
    ----------
    words : tuple of str
        All of them, with numbers and signs.
    spoken : tuple of str
        Those that are neither.
    target : Role
        PTV, ITV, CTV, GTV, or UNKNOWN where none is named.
    target_phrase : Phrase
        The words that say so.
    organs : tuple of (Phrase, OrganAlias)
        The organs that are named, the longest first.
    side : Side or None
    rest : tuple of str
        Words that are no side, no organ and not the target's.
    is_torn : bool
        Whether its words for sides leave open which one ("L+R", "Lungs RT"): `side` is None.
    """

    words: tuple[str, ...]
    spoken: tuple[str, ...]
    target: Role
    target_phrase: Phrase
    organs: tuple[tuple[Phrase, OrganAlias], ...]
    side: Side | None
    rest: tuple[str, ...]
    is_torn: bool = False

    @property
    def letter(self) -> str:
        """The word right after the target or its hyphen ("GTV-T"); "" if it is an organ's."""
        start = position(self.words, self.target_phrase)
        after = self.words[start + len(self.target_phrase) :] if start is not None else ()
        letter = next((word for word in after if word != "-"), "")
        # The "t" of "GTV T-spine" is the spine's.
        taken = sum(letter in phrase for phrase, _ in self.organs if len(phrase) > 1)
        return letter if self.spoken.count(letter) > taken else ""

    @property
    def negated(self) -> frozenset[str]:
        """The words right after a "not": what the name says that it is not."""
        words = [word for word in self.words if word != "-"]
        pairs = pairwise(words)
        return frozenset(w for no, w in pairs if (no,) in role_words("negation", "words"))

    @property
    def organ(self) -> Organ | None:
        """The organ that a target lies in; None where the name says none, or two."""
        groups = {alias.organ for phrase, alias in self.organs if self.negated.isdisjoint(phrase)}
        if Organ.LYMPH_NODES in groups:
            return Organ.LYMPH_NODES
        if (self.letter,) in role_words("extent", "node_letters"):
            return Organ.LYMPH_NODES if groups <= {None} else None
        return next(iter(groups)) if len(groups) == 1 else None

    @property
    def only_organ(self) -> OrganAlias | None:
        """What the name stands for as an organ; None if it names none, or different ones."""
        aliases = [alias for _, alias in self.organs]
        groups = {alias.organ for alias in aliases}
        is_one = len(aliases) == 1 or (len(groups) == 1 and groups != {None})
        return aliases[0] if is_one else None


def parse(words: Sequence[str]) -> Parsed:
    """Sort the words of a name."""
    words = _without_articles(words)
    spoken = tuple(word for word in words if not word.isdigit() and word not in SIGNS)
    target, target_phrase = target_of(spoken)
    lobes = [one for key, one in _LOBES.items() if said(spoken, "side", key)]
    unplanned = _without_planning(spoken)
    if _is_radiotherapy(words, unplanned, bool(lobes), target):
        unplanned = tuple(word for word in unplanned if word != _RADIOTHERAPY)
    sided = side_words()
    if any(one == "l" and next_ in _SPINE for one, next_ in pairwise(unplanned)):
        sided = {word: one for word, one in sided.items() if word != "l"}
    if len(glued := words[words.index(GLUE) - 1] if GLUE in words else "") == 1:
        # The "r" of "rGTV" is right, or residual.
        sided = {word: one for word, one in sided.items() if word != glued}
    side, left = _without_side(unplanned, sided)
    organs, rest = _organs(left, target_phrase)
    if side is None:
        for language in sorted({one for _, alias in organs for one in alias.languages}):
            side, rest = _without_side(rest, side_words(language))
            if side is not None:
                break
    if side is None and "l#" in spoken and any(alias.is_sided for _, alias in organs):
        side = Side.LEFT
    if side is None and lobes:
        side = lobes[0]
    sides = {word: sided[word] for word in unplanned if word in sided}
    is_torn = len({*lobes, *sides.values()} - {Side.BOTH}) > 1 or (
        set(sides) == {_RADIOTHERAPY} and any(alias.is_pair for _, alias in organs)
    )
    if is_torn or (not organs and _INITIALS.intersection(spoken) and side is Side.BOTH):
        side = None
    return Parsed(tuple(words), spoken, target, target_phrase, organs, side, rest, is_torn)


def target_of(spoken: Sequence[str]) -> tuple[Role, Phrase]:
    """Return the role of the first kind of target that the words hold, and its words."""
    for role, section, key in _TARGETS:
        for phrase in sorted(role_words(section, key), key=lambda phrase: (-len(phrase), phrase)):
            if position(spoken, phrase) is not None:
                return role, phrase
    return Role.UNKNOWN, ()


def position(words: Sequence[str], phrase: Phrase) -> int | None:
    """Return where a phrase begins among the words, or None."""
    starts = range(len(words) - len(phrase) + 1)
    return next((i for i in starts if tuple(words[i : i + len(phrase)]) == phrase), None)


def said(spoken: Sequence[str], section: str, key: str) -> bool:
    """Whether one of the words stands in a list of roles.toml."""
    return any((word,) in role_words(section, key) for word in spoken)


def is_one_of(words: Sequence[str], phrases: frozenset[Phrase]) -> bool:
    """Whether the words are one of some phrases."""
    return tuple(words) in phrases


def is_superseded(parsed: Parsed, word: str) -> bool:
    """Whether a word says that another ROI has taken the place of this one ("old", "not used")."""
    is_unused = word in parsed.negated and (word,) in role_words("version", "unused")
    return is_unused or (word,) in role_words("version", "superseded")


def is_idle(word: str) -> bool:
    """Whether a word says nothing about what the ROI is."""
    return any((word,) in role_words(*entry) for entry in _IDLE)


def _without_articles(words: Sequence[str]) -> Sequence[str]:
    """Return the words without the article after a negation ("not a met")."""
    negations, articles = role_words("negation", "words"), role_words("negation", "articles")
    pairs = zip(("", *words), words, strict=False)
    return [word for no, word in pairs if (no,) not in negations or (word,) not in articles]


def _without_planning(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words without those in which "rt" is radiotherapy ("Lung RT plan")."""
    for phrase in sorted(role_words("side", "planning")):
        start = position(words, phrase)
        if start is not None:
            words = words[:start] + words[start + len(phrase) :]
    return words


def _is_radiotherapy(
    words: Sequence[str], unplanned: tuple[str, ...], has_lobe: bool, target: Role
) -> bool:
    """Whether "rt" is no side: a lobe or another side says it, or a target has no organ beside it.

    "Lung L RT" is the left lung for radiotherapy; in "L+RT" and "Lt Rt" both may be meant.
    """
    if _RADIOTHERAPY not in unplanned:
        return False
    sides = {word for word in unplanned if word in side_words()} - {_RADIOTHERAPY}
    place = list(words).index(_RADIOTHERAPY)
    if sides:
        is_last = unplanned[-1] == _RADIOTHERAPY
        return is_last and "lt" not in sides and words[place - 1] not in SIGNS
    if has_lobe:
        return True
    meaning = [word for word in unplanned if not is_idle(word)]
    near = {one for pair in pairwise(meaning) if _RADIOTHERAPY in pair for one in pair}
    organs, _ = _organs(tuple(meaning), ())
    beside = {word for phrase, _ in organs for word in phrase}
    return target is not Role.UNKNOWN and near.isdisjoint(beside)


def _without_side(
    words: tuple[str, ...], sides: dict[str, Side]
) -> tuple[Side | None, tuple[str, ...]]:
    """Return the side that the words say, and the words without it."""
    said = {sides[word] for word in words if word in sides}
    for side in (Side.LEFT, Side.RIGHT, Side.BOTH):
        if side in said:
            return side, tuple(word for word in words if sides.get(word) is not side)
    return None, words


def _organs(
    words: tuple[str, ...], target_phrase: Phrase
) -> tuple[tuple[tuple[Phrase, OrganAlias], ...], tuple[str, ...]]:
    """Return the organs among the words, the longest phrases first, and what is left."""
    aliases = organ_aliases()
    found: list[tuple[Phrase, OrganAlias]] = []
    start = position(words, target_phrase) if target_phrase else None
    taken = set() if start is None else set(range(start, start + len(target_phrase)))
    for length in range(min(len(words), longest_alias()), 0, -1):
        for first in range(len(words) - length + 1):
            phrase = words[first : first + length]
            alias = aliases.get(phrase)
            span = range(first, first + length)
            if alias is None or not taken.isdisjoint(span) or (target_phrase and alias.is_alone):
                continue
            found.append((phrase, alias))
            taken.update(span)
    return tuple(found), tuple(word for i, word in enumerate(words) if i not in taken)
