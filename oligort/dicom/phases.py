"""Which phase of a 4D scan an image series is of, or what was made of all phases."""

import re
from functools import cache

AVERAGE = "average of the phases"
MAXIMUM = "maximum intensity of the phases"
MINIMUM = "minimum intensity of the phases"

_MADE_OF_ALL = {
    "avg": AVERAGE,
    "ave": AVERAGE,
    "average": AVERAGE,
    "averaged": AVERAGE,
    "aip": AVERAGE,
    "avip": AVERAGE,
    "mip": MAXIMUM,
    "minip": MINIMUM,
}
"""Words of descriptions and of Image Type (0008,0008) for what is made of all phases."""

_BEFORE_A_PHASE = frozenset({"t", "te", "ti", "ph", "phase", "resp", "gated", "gate"})
"""Words behind which a number is a phase: "T50", "Phase 50", "Gated, 50.0%"."""

_BESIDE_A_PERCENTAGE = _BEFORE_A_PHASE | {"ct", "in", "ex", "insp", "exp", "inhale", "exhale"}
"""Words beside which a percentage is a phase: "50% Ex", "CT 50%"."""

_OF_4D = re.compile(r"4\s*-?d(?![a-z])|respiratory|gated", re.IGNORECASE)

_TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)?[a-z]*|%")
"""Words, percent signs, and numbers with the letters behind them: "T20f" is a kernel."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@cache
def phase_of(description: str, comments: str, image_type: str, temporal: str) -> str:
    """Return the phase of an image, what it was made of, or "" where nothing says so.

    Parameters
    ----------
    description, comments : str
        Series Description (0008,103E) and Image Comments (0020,4000).
    image_type : str
        Image Type (0008,0008), its values separated by backslashes.
    temporal : str
        Temporal Position Identifier (0020,0100), or "".
    """
    for said in (description, comments):
        if found := _read(said.casefold()):
            return found
    made = [_MADE_OF_ALL[word] for word in _TOKEN.findall(image_type.casefold()) if word in _MADE]
    if made:
        return made[0]
    return f"temporal position {int(temporal)}" if temporal.isdecimal() else ""


_MADE = frozenset(_MADE_OF_ALL)


def _read(said: str) -> str:
    words = _TOKEN.findall(said)
    for word in words:
        if word in _MADE_OF_ALL:
            return _MADE_OF_ALL[word]
    is_of_4d = bool(_OF_4D.search(said))
    for place, word in enumerate(words):
        if not _NUMBER.fullmatch(word) or float(word) > 100:
            continue
        before = words[place - 1] if place else ""
        after = words[place + 1 : place + 3]
        if after[:1] == ["%"]:
            beside = {before, *after[1:]}
            if is_of_4d or not before or beside & _BESIDE_A_PERCENTAGE:
                return f"phase {float(word):g} %"
        # T2 is a weighting and T12 a vertebra; phases are written in tens.
        elif before in _BEFORE_A_PHASE and word in _IN_TENS:
            return f"phase {float(word):g} %"
    return ""


_IN_TENS = frozenset({"00", *(str(tens) for tens in range(10, 101, 10))})
