"""Namesakes: ROIs that are one lesion by their names, in several phases of the breath or twice."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from oligort.display import quoted
from oligort.lesions.aliases import role_words
from oligort.lesions.candidates import Candidate
from oligort.lesions.overlaps import Key
from oligort.lesions.words import words_of

_PHASES = frozenset(str(percent) for percent in range(0, 101, 10))
"""Phases of a 4D series in percent of the breath; "T1" to "T9" are stages or numbers."""


def namesakes(candidates: Sequence[Candidate]) -> Iterator[tuple[Key, Key, str]]:
    """Yield the parts that may be one lesion by their names alone, wherever they lie, and why.

    Breathing moves a lesion by more than it measures. Of several parts each goes with the nearest.
    """
    for (a, first), (b, second) in combinations(enumerate(candidates), 2):
        if reason := _why_one(first.roi_name, second.roi_name):
            few, many = ((a, first), (b, second))
            if len(first.parts) > len(second.parts):
                few, many = many, few
            centres = np.array([part.centroid_mm for part in many[1].parts])
            for number, part in enumerate(few[1].parts):
                away_mm = np.linalg.norm(centres - part.centroid_mm, axis=1)
                pair = sorted([(few[0], number), (many[0], int(away_mm.argmin()))])
                yield pair[0], pair[1], reason


def _why_one(first: str, second: str) -> str:
    """Return why two names are those of one lesion, or ""."""
    if first.strip().casefold() == second.strip().casefold():
        return f"two ROIs are named {quoted(first)} and may be one lesion"
    (own, phase), (other, its_phase) = _without_phase(first), _without_phase(second)
    if own == other and own and (phase or its_phase) and phase != its_phase:
        return f"{quoted(first)} and {quoted(second)} may be one lesion in two phases of the breath"
    return ""


def _without_phase(roi_name: str) -> tuple[list[str], list[str]]:
    """Return the words of a name without those for a phase ("T50", "50%", "exhale"), and these."""
    words = [word for word in words_of(roi_name) if word != "-"]
    kept: list[str] = []
    phase: list[str] = []
    while words:
        word, after, unit = (*words, "", "")[:3]
        if (word,) in role_words("phase", "letters") and _is_percent(after):
            taken = 3 if unit == "%" else 2
        elif word.isdecimal() and after == "%":
            taken = 2
        else:
            taken = int((word,) in role_words("phase", "words"))
        (phase if taken else kept).extend(words[: taken or 1])
        words = words[taken or 1 :]
    return kept, phase


def _is_percent(number: str) -> bool:
    return number.isdecimal() and str(int(number)) in _PHASES
