"""The age of a patient, as an Age String states it (PS3.5, AS)."""

import re

_AGE = re.compile(r"(\d{3})([DWMY])")

_AGE_UNITS_A_YEAR = {"D": 365.25, "W": 365.25 / 7, "M": 12.0, "Y": 1.0}

MAX_AGE_YEARS = 130
"""Nobody is older: as in the clinical register."""


def age_years_of(age: str) -> int | None:
    """Return whole years of an Age String such as "061Y".

    An age of nothing ("000Y") or of nobody ("999Y") is what de-identification leaves, and is none.
    """
    match = _AGE.fullmatch(age)
    if match is None or int(match[1]) == 0:
        return None
    years = int(int(match[1]) / _AGE_UNITS_A_YEAR[match[2]])
    return years if years <= MAX_AGE_YEARS else None
