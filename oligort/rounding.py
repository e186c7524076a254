"""Numbers as people read them; decisions are never taken on these."""

import math

DECIMALS = {"%": 2, "Gy": 2, "cc": 2, "mm": 1, "": 3}
"""Decimals by unit: a hundredth is the finest that a planning system prints; a tenth of a
millimetre lies below every pixel; indices of 0.05 and 0.06 are two plans."""

_FRACTIONAL = {"%", "Gy", "cc", "mm"}

MAX_DECIMALS = 12
"""Where more decimals no longer tell a value from its limit, the exact value is printed."""


def shown(value: float | None, unit: str = "") -> str:
    """Return a value rounded for its unit, without the unit; "-" where there is none.

    A number without unit, such as a count, is shown whole where it is whole. An end of an
    interval that nothing bounds is "unbounded".
    """
    if value is None:
        return "-"
    if not math.isfinite(value):
        return "unbounded"
    if unit not in _FRACTIONAL and float(value).is_integer():
        return f"{value:.0f}"
    return _fixed(value, DECIMALS.get(unit, 2))


def shown_beside(value: float, limit: float | None, unit: str = "") -> str:
    """Return a value rounded, but never so far that it changes sides of its limit.

    25.0004 held against 25 must not read as 25.00: decimals are added until the printed number
    compares with the limit as the exact one does.
    """
    rounded = shown(value, unit)
    if (
        limit is None
        or not math.isfinite(value)
        or side_of(float(rounded), limit) == side_of(value, limit)
    ):
        return rounded
    for decimals in range(DECIMALS.get(unit, 2) + 1, MAX_DECIMALS + 1):
        text = _fixed(value, decimals)
        if side_of(float(text), limit) == side_of(value, limit):
            return text
    return repr(float(value))


def shown_interval(low: float, high: float, unit: str = "") -> str:
    """Return "14.20 to 14.91", or "" where the ends differ by less than the last printed digit."""
    if high - low < 10.0 ** -DECIMALS.get(unit, 2):
        return ""
    return f"{shown(low, unit)} to {shown(high, unit)}"


def shown_limit(relation: str | None, limit: float | None) -> str:
    """Return a limit with its relation, "<= 25", or "" where there is none."""
    if limit is None:
        return ""
    return f"{relation} {limit:.12g}" if relation else f"{limit:.12g}"


def _fixed(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def side_of(value: float, limit: float) -> int:
    """Return 1 above a limit, -1 below it, and 0 at it."""
    return (value > limit) - (value < limit)
