"""The alias tables of ROI names, and a name as the words that they are looked up by."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from oligort.lesions.vocabulary import Organ

Phrase = tuple[str, ...]

_CHINESE = re.compile(r"[㐀-鿿]+")
_LONGEST_CHINESE = 6
_WORD = re.compile(r"[㐀-鿿]+|[^\W\d_]+|\d+|[-+&%~]")
_CAMEL = re.compile(r"(?<=[a-z]{2})(?=[A-Z])|(?<=[A-Z][a-z])(?=[A-Z][a-z])")
_TARGET = re.compile(r"(zz?|x)?([pinm]?)(gtv|ctv|ptv|itv)([a-z]*)")


@dataclass(frozen=True)
class OrganAlias:
    """What one alias of organs.toml stands for; `organ` None is anatomy without a group."""

    organ: Organ | None
    is_pair: bool = False
    is_distant: bool = False
    is_primary: bool = False


@cache
def organ_aliases() -> dict[Phrase, OrganAlias]:
    """Return organs.toml as a mapping of phrases."""
    found: dict[Phrase, OrganAlias] = {}
    for name, entry in _table("organs.toml").items():
        organ = None if name == "other" else Organ(name)
        for key in ("aliases", "both"):
            for alias in entry.get(key, ()):
                found[tuple(alias.split())] = OrganAlias(
                    organ, key == "both", entry.get("distant", False), entry.get("primary", False)
                )
    return found


@cache
def role_words(section: str, key: str) -> frozenset[Phrase]:
    """Return one list of roles.toml as phrases."""
    return frozenset(tuple(alias.split()) for alias in _table("roles.toml")[section][key])


@cache
def _table(file: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("oligort.lesions").joinpath(file).read_text("utf-8"))


@cache
def _chinese_words() -> frozenset[str]:
    phrases = [alias for entry in _table("organs.toml").values() for alias in entry["aliases"]]
    phrases += [
        alias for entry in _table("organs.toml").values() for alias in entry.get("both", ())
    ]
    phrases += [
        word
        for entry in _table("roles.toml").values()
        for words in entry.values()
        for word in words
    ]
    return frozenset(phrase for phrase in phrases if _CHINESE.fullmatch(phrase))


def words_of(name: str) -> list[str]:
    """Return a name as words: lower case, camel case and digits apart, "-+&%~" kept as words.

    Examples
    --------
    >>> words_of("LtLung"), words_of("GTVm01_Liver"), words_of("zPTV-GTV")
    (['lt', 'lung'], ['gtv', 'm', '01', 'liver'], ['z', 'ptv', '-', 'gtv'])
    """
    plain = unicodedata.normalize("NFKC", name)
    words = []
    for word in _WORD.findall(_CAMEL.sub(" ", plain).replace("'s", " ").replace("’s", " ")):
        if _CHINESE.fullmatch(word):
            words += _chinese(word)
        else:
            words += _target_apart(word.casefold())
    return words


def _chinese(run: str) -> list[str]:
    """Cut Chinese text into known words, the longest first; other characters stand alone."""
    words = []
    while run:
        known = (run[:n] for n in range(_LONGEST_CHINESE, 1, -1) if run[:n] in _chinese_words())
        words.append(next(known, run[0]))
        run = run[len(words[-1]) :]
    return words


def _target_apart(word: str) -> list[str]:
    """Return "gtvm" as "gtv", "m", and "igtv" whole, because an iGTV is no GTV."""
    target = _TARGET.fullmatch(word)
    if not target:
        return [word]
    sorting, kind, name, rest = target.groups()
    whole = kind + name
    if (whole,) in role_words("targets", "ptv") | role_words("targets", "itv"):
        kind, name = "", whole
    return [part for part in (sorting, name, kind, rest) if part]
