"""Generalised equivalent uniform dose, in closed form under piecewise straight curves.

gEUD(a) = (integral of D^a over the volume / volume)^(1/a). Niemierko, Med. Phys. 26 (1999) 1100:
"A generalized concept of equivalent uniform dose (EUD)". gEUD(1) is the mean; a large exponent
looks at the hottest part, as of a serial organ; a negative one at the coldest, as of a target.

Between two corners the volume is spread evenly over dose, and the integral of D^a is the difference
of D^(a+1) / (a+1), of ln D where a is -1.
"""

import math
import sys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from oligort.dose.curve import Curve

Floats = npt.NDArray[np.float64]

NEAREST_TO_ZERO = 1e-6
"""An exponent nearer to 0 is taken as this.

The a-th root of a mean of a-th powers loses the digits of 1 / a. The gEUD itself changes by half of
the exponent's change times the variance of ln D: by less than the digits that are kept.
"""

LARGEST_POWER = math.log(sys.float_info.max)
"""The exponential of more is infinite."""

FEWEST, MOST = 1e-200, 1e200
"""Means of powers beyond are taken anew in units of another dose: powers may have vanished."""


def geud_gy(curves: Sequence[Curve], counted_cc: Sequence[float], exponent: float) -> list[float]:
    """Return the gEUD of curves that have the doses of their corners in common.

    Parameters
    ----------
    curves : sequence of Curve
        All with the same `dose_gy`.
    counted_cc : sequence of float
        Whole volume of each; what is not in the curve has no dose. With a negative exponent any
        volume without dose makes the gEUD 0 Gy, the limit for a dose that goes to 0: no dose
        elsewhere makes up for it.
    exponent : float
        Any but 0.
    """
    a = math.copysign(max(abs(exponent), NEAREST_TO_ZERO), exponent)
    dose, log_dose = curves[0].dose_gy, curves[0].log_dose
    # In units of a dose that no power of another one exceeds.
    unit = len(dose) - 1 if a > 0 else min(int(dose.searchsorted(0, side="right")), len(dose) - 1)
    # Without any dose nothing grows, and nobody looks at it.
    growth = _growth(dose, log_dose, a + 1, float(log_dose[unit])) if dose[-1] > 0 else dose[1:]
    return [
        _of_one(curve, counted, a, unit, growth)
        for curve, counted in zip(curves, counted_cc, strict=True)
    ]


def _of_one(curve: Curve, counted_cc: float, a: float, unit: int, growth: Floats) -> float:
    if a > 0 and curve.beyond_cc > curve.rounding_cc:
        return np.inf
    if a < 0 and _reaches_zero(curve, counted_cc, a):
        return 0.0
    if curve.dose_gy[-1] == 0:
        return 0.0 if curve.volume_cc[0] > curve.rounding_cc else np.inf
    unit_gy = float(curve.dose_gy[unit])
    mean = _mean(curve, counted_cc, a, unit, growth)
    if not FEWEST < mean < MOST:
        unit = _own_unit(curve, a)
        unit_gy, log_dose = float(curve.dose_gy[unit]), curve.log_dose
        log_unit = float(log_dose[unit])
        # Beyond its own doses the curve is flat, and powers there count nothing.
        kept = np.minimum(log_dose, log_unit) if a > 0 else np.maximum(log_dose, log_unit)
        mean = _mean(curve, counted_cc, a, unit, _growth(curve.dose_gy, kept, a + 1, log_unit))
    if mean == 0:
        return 0.0 if a > 0 else np.inf
    power = math.log(mean) / a
    return unit_gy * math.exp(power) if power < LARGEST_POWER else np.inf


def _mean(curve: Curve, counted_cc: float, a: float, unit: int, growth: Floats) -> float:
    """Return the mean of (D / unit)^a."""
    # einsum: the threads that a dot product starts wait for each other on a busy machine
    total = float(np.einsum("i,i->", curve.density_cc_per_gy, growth))
    unit_gy = float(curve.dose_gy[unit])
    total *= unit_gy / (a + 1 or 1)
    for step_gy, step_cc in curve.steps:
        # A step at 0 Gy counts nothing with a positive exponent, and is but rounding with another.
        if step_gy > 0:
            total += step_cc * (step_gy / unit_gy) ** a
    return total / counted_cc


def _growth(dose_gy: Floats, log_dose: Floats, power: float, log_unit: float) -> Floats:
    """Return (K - 1,) by how much D^p grows from corner to corner, of D in units of a dose.

    Of ln D where the power is 0.
    """
    # Without what starts at 0 Gy, where powers up to 0 are infinite; zeros remain zeros.
    first = int(dose_gy.searchsorted(0, side="right")) if power <= 0 else 0
    grown = log_dose[first:] - log_unit
    if power != 0:
        grown *= power
        # Powers near 0 are near 1: what they differ by is kept to all digits.
        (np.expm1 if abs(power) < 0.5 else np.exp)(grown, out=grown)
    if first == 0:
        return grown[1:] - grown[:-1]
    growth = np.zeros(len(dose_gy) - 1)
    growth[first:] = grown[1:] - grown[:-1]
    return growth


def _reaches_zero(curve: Curve, counted_cc: float, a: float) -> bool:
    """Whether the mean of a negative power is infinite."""
    without_dose_cc = counted_cc - float(curve.volume_cc[0]) - curve.beyond_cc
    if without_dose_cc > curve.rounding_cc:
        return True
    if curve.dose_gy[0] > 0:
        return False
    if sum(step_cc for step_gy, step_cc in curve.steps if step_gy == 0) > curve.rounding_cc:
        return True
    # Spread evenly from 0 Gy on, volume has a finite mean of powers above -1.
    last = min(int(curve.dose_gy.searchsorted(0, side="right")), len(curve.dose_gy) - 1)
    return a <= -1 and bool(curve.volume_cc[last - 1] > curve.volume_cc[last] + curve.rounding_cc)


def _own_unit(curve: Curve, a: float) -> int:
    """Return the corner at which the hottest volume ends, or above 0 Gy the coldest begins."""
    volume = curve.volume_cc
    if a > 0:
        return min(int(np.count_nonzero(volume > 0)), len(volume) - 1)
    falls = np.flatnonzero((volume[:-1] > volume[1:]) & (curve.dose_gy[1:] > 0))
    if not len(falls):
        return len(volume) - 1
    first = int(falls[0])
    return first if curve.dose_gy[first] > 0 else first + 1
