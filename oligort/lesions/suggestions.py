"""Suggestions: the known name that an unknown one looks most like. They decide nothing."""

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache

import numpy as np
import numpy.typing as npt

from oligort.lesions.aliases import organ_aliases, role_words

_Counts = npt.NDArray[np.int16]

_NEAR = 0.75
"""Similarity from which a known word is offered as a suggestion; it decides nothing."""

_SHORTEST_FOREIGN = 6
"""Letters of the shortest word of another language that is suggested."""


@cache
def _suggestions() -> dict[str, str]:
    """Return what may be suggested, by how it is spelt."""
    lists = (("targets", "gtv"), ("targets", "ctv"), ("targets", "itv"), ("targets", "ptv"))
    targets = [" ".join(phrase) for entry in lists for phrase in role_words(*entry)]
    organs = {
        " ".join(phrase): str(alias.organ or " ".join(phrase))
        for phrase, alias in organ_aliases().items()
        # Short words of other languages are like anything.
        if not alias.languages or len("".join(phrase)) >= _SHORTEST_FOREIGN
    }
    return {text: text.upper() for text in targets} | organs


@cache
def _letters() -> tuple[list[str], _Counts, dict[str, _Counts]]:
    """Return all suggestions, their lengths, and how often each of them has a letter."""
    known = list(_suggestions())
    lengths = np.array([len(text) for text in known], dtype=np.int16)
    row = np.repeat(np.arange(len(known)), lengths)
    codes = np.frombuffer("".join(known).encode("utf-32-le"), dtype="<u4")
    alphabet, place = np.unique(codes, return_inverse=True)
    size = len(alphabet) * len(known)
    table = np.bincount(place * len(known) + row, minlength=size).reshape(-1, len(known))
    counts = dict(zip(map(chr, alphabet.tolist()), table.astype(np.int16), strict=True))
    return known, lengths, counts


def _perhaps_near(unknown: str) -> list[str]:
    """Return the suggestions that share letters enough to be near, whatever their order.

    Few are: to compare all of them with each name of thousands would take minutes.
    """
    known, lengths, counts = _letters()
    shared = np.zeros_like(lengths)
    for letter, count in Counter(unknown).items():
        if letter in counts:
            shared += np.minimum(counts[letter], count)
    is_near = 2 * shared >= _NEAR * (lengths + len(unknown))
    return [known[row] for row in np.flatnonzero(is_near).tolist()]


def nearest_name(words: Sequence[str]) -> str:
    """Return the known name that looks most like unknown words, or ""."""
    unknown = " ".join(words)
    close = get_close_matches(unknown, _perhaps_near(unknown), n=1, cutoff=_NEAR)
    return _suggestions()[close[0]] if close else ""
