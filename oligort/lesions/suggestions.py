"""Suggestions: the known name that an unknown one looks most like. They decide nothing."""

from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache

from oligort.lesions.aliases import organ_aliases, role_words

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


def nearest_name(words: Sequence[str]) -> str:
    """Return the known name that looks most like unknown words, or ""."""
    close = get_close_matches(" ".join(words), _suggestions(), n=1, cutoff=_NEAR)
    return _suggestions()[close[0]] if close else ""
