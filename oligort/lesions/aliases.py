"""The alias tables of ROI names: organs, roles and the words of other languages."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import permutations
from typing import Any

from oligort.lesions.vocabulary import Organ, Side

Phrase = tuple[str, ...]

_MAX_TURNED = 3
"""Longest phrase that is known in any order of its words: "Glnd_Adrenal", "adrenal gland"."""


@dataclass(frozen=True)
class OrganAlias:
    """What one alias stands for; `organ` None is anatomy without a group.

    `is_part` is a part or a region of the organ, `is_alone` a word that stands for the organ only
    as the whole name, `is_sided` one of a pair; `languages` are those that it belongs to.
    """

    organ: Organ | None
    is_pair: bool = False
    is_distant: bool = False
    is_primary: bool = False
    is_part: bool = False
    is_alone: bool = False
    is_sided: bool = False
    languages: frozenset[str] = frozenset()


@cache
def organ_aliases() -> dict[Phrase, OrganAlias]:
    """Return organs.toml and languages.toml as a mapping of phrases."""
    spelt: dict[Phrase, OrganAlias] = {}
    for phrase, alias in _spelt_aliases():
        known = spelt.setdefault(phrase, alias)
        if known.languages and alias.languages:
            both = OrganAlias(**(vars(known) | {"languages": known.languages | alias.languages}))
            spelt[phrase] = both
    found = dict(spelt)
    for phrase, alias in spelt.items():
        for turned in permutations(phrase) if len(phrase) <= _MAX_TURNED else ():
            found.setdefault(turned, alias)
        found.setdefault(("".join(phrase),), alias)
    return found


@cache
def least_organ_cc() -> dict[Organ | None, float]:
    """Return the volume below which an ROI of an organ is not most of it, where lesions are less.

    Of one of a pair; organs that lesions may fill have none.
    """
    table = _table("organs.toml")
    return {Organ(name): one["least_cc"] for name, one in table.items() if "least_cc" in one}


@cache
def primary_organs() -> frozenset[Organ | None]:
    """Return the organs whose gross tumour is the primary."""
    return frozenset(alias.organ for alias in organ_aliases().values() if alias.is_primary)


@cache
def longest_alias() -> int:
    """Return how many words the longest phrase of an organ has."""
    return max(map(len, organ_aliases()))


def _spelt_aliases() -> Iterator[tuple[Phrase, OrganAlias]]:
    organs = _table("organs.toml")
    for name, entry in organs.items():
        for key in ("aliases", "both", "alone", "parts"):
            for text in entry.get(key, ()):
                yield tuple(text.split()), _alias(name, entry, key)
    for language, table in _table("languages.toml").items():
        for section, key in (("organs", "aliases"), ("pairs", "both")):
            for name, texts in table.get(section, {}).items():
                for text in texts:
                    kind = "alone" if text in table.get("alone", ()) else key
                    alias = _alias(name, organs[name], kind, frozenset({language}))
                    yield tuple(text.split()), alias


def _alias(
    name: str, entry: dict[str, Any], key: str, languages: frozenset[str] = frozenset()
) -> OrganAlias:
    return OrganAlias(
        organ=None if name == "other" else Organ(name),
        is_pair=key == "both",
        is_distant=entry.get("distant", False),
        is_primary=entry.get("primary", False),
        is_part=key == "parts",
        is_alone=key == "alone",
        is_sided="both" in entry,
        languages=languages,
    )


@cache
def role_words(section: str, key: str) -> frozenset[Phrase]:
    """Return one list of roles.toml as phrases."""
    return frozenset(tuple(alias.split()) for alias in _table("roles.toml")[section][key])


@cache
def side_words(language: str = "") -> dict[str, Side]:
    """Return the words for a side, those that all names use or those of one language."""
    table = _table("languages.toml")[language] if language else _table("roles.toml")["side"]
    keys = (("left", Side.LEFT), ("right", Side.RIGHT), ("both", Side.BOTH))
    return {word: side for key, side in keys for word in table.get(key, ())}


@cache
def languages() -> tuple[str, ...]:
    """Return the names of the languages of languages.toml."""
    return tuple(_table("languages.toml"))


def is_foreign(word: str) -> bool:
    """Whether a word is an organ's name in other languages alone; many are people's names too."""
    alias = organ_aliases().get((word,))
    return alias is not None and bool(alias.languages)


@cache
def known_words() -> frozenset[str]:
    """Return every single word of the tables."""
    phrases = list(organ_aliases())
    phrases += [
        tuple(text.split())
        for section in _table("roles.toml").values()
        for texts in section.values()
        for text in texts
    ]
    every = {word for phrase in phrases for word in phrase}
    return frozenset(every.union(*(side_words(language) for language in languages())))


@cache
def _table(file: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("oligort.lesions").joinpath(file).read_text("utf-8"))
