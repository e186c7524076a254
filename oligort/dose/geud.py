"""Generalised equivalent uniform dose, in closed form under piecewise straight curves.

gEUD(a) = (integral of D^a over the volume / volume)^(1/a). Niemierko, Med. Phys. 26 (1999) 1100:
"A generalized concept of equivalent uniform dose (EUD)". gEUD(1) is the mean; a large exponent
looks at the hottest part, as of a serial organ; a negative one at the coldest, as of a target.

Between two corners the volume is spread evenly over dose, and the integral of D^a is the difference
of D^(a+1) / (a+1), of ln D where a is -1. Summed over the corners instead, each power counts by how
much the density falls there: one pass for all curves that share their corners.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

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


@dataclass(frozen=True, eq=False)
class Powers:
    """Powers of the dose over curves that have the doses of their corners in common.

    Parameters
    ----------
    curves : sequence of Curve
        All with the same `dose_gy`.
    """

    curves: Sequence[Curve]

    @property
    def dose_gy(self) -> Floats:
        """(K,) doses of the corners."""
        return self.curves[0].dose_gy

    @cached_property
    def log_dose(self) -> Floats:
        """(K,) logarithms of the doses; minus infinity at 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.dose_gy)

    @cached_property
    def first_above_0(self) -> int:
        """The first corner above 0 Gy; else the last of all."""
        return min(int(self.dose_gy.searchsorted(0, side="right")), len(self.dose_gy) - 1)

    @cached_property
    def turns_cc_per_gy(self) -> Floats:
        """(C, K) by how much the density of each curve is less beyond a corner than before it."""
        densities = [curve.density_cc_per_gy for curve in self.curves]
        return -np.diff(densities, prepend=0, append=0)

    def set_up(self) -> None:
        """Work out at once what is otherwise kept when it is first asked for."""
        _ = self.log_dose, self.first_above_0, self.turns_cc_per_gy

    def unit(self, exponent: float) -> int:
        """Return the corner in units of whose dose no power of another one exceeds 1."""
        return len(self.dose_gy) - 1 if exponent > 0 else self.first_above_0

    def growth(self, power: float, unit: int) -> Floats:
        """Return (C,) the integrals over dose of each density with the growth of D^p.

        Of ln D where the power is 0. Doses are in units of the dose of a corner.
        """
        return self._growth(self.log_dose - self.log_dose[unit], power)

    def growth_inside(self, curve: int, power: float, unit: int) -> float:
        """Return the same of one curve without volume beyond the corner, or before it.

        Beyond where the power is above 1. The curve is flat there: its powers count nothing, and
        are kept from growing beyond bounds.
        """
        inside = (np.minimum if power > 1 else np.maximum)(self.log_dose, self.log_dose[unit])
        return float(self._growth(inside - self.log_dose[unit], power)[curve])

    def _growth(self, log_dose: Floats, power: float) -> Floats:
        # Without what starts at 0 Gy, where powers up to 0 are infinite.
        first = self.first_above_0 if power <= 0 else 0
        grown = log_dose[first:]
        if power != 0:
            grown *= power
            # Powers near 0 are near 1: what they differ by is kept to all digits.
            (np.expm1 if abs(power) < 0.5 else np.exp)(grown, out=grown)
        # einsum: the threads that a matrix product starts wait for each other on a busy machine
        totals: Floats = np.einsum("ck,k->c", self.turns_cc_per_gy[:, first:], grown)
        if first:
            totals += self.turns_cc_per_gy[:, :first].sum(axis=1) * grown[0]
        return totals


def geud_gy(powers: Powers, counted_cc: Sequence[float], exponent: float) -> list[float]:
    """Return the gEUD of each curve.

    Parameters
    ----------
    powers : Powers
        Of the curves.
    counted_cc : sequence of float
        Whole volume of each; what is not in the curve has no dose. With a negative exponent any
        volume without dose makes the gEUD 0 Gy, the limit for a dose that goes to 0: no dose
        elsewhere makes up for it.
    exponent : float
        Any but 0.
    """
    a = math.copysign(max(abs(exponent), NEAREST_TO_ZERO), exponent)
    # Without any dose nothing grows, and nobody looks at it.
    growths = [0.0] * len(counted_cc)
    if powers.dose_gy[-1] > 0:
        growths = powers.growth(a + 1, powers.unit(a)).tolist()
    return [
        _of_one(powers, index, counted, a, growth)
        for index, (counted, growth) in enumerate(zip(counted_cc, growths, strict=True))
    ]


def _of_one(powers: Powers, index: int, counted_cc: float, a: float, growth: float) -> float:
    curve, unit = powers.curves[index], powers.unit(a)
    if a > 0 and curve.beyond_cc > curve.rounding_cc:
        return np.inf
    if a < 0 and _reaches_zero(curve, counted_cc, a):
        return 0.0
    if curve.dose_gy[-1] == 0:
        return 0.0 if curve.volume_cc[0] > curve.rounding_cc else np.inf
    mean = _mean(curve, counted_cc, a, unit, growth)
    if not FEWEST < mean < MOST:
        unit = _own_unit(curve, a)
        mean = _mean(curve, counted_cc, a, unit, powers.growth_inside(index, a + 1, unit))
    if mean == 0:
        return 0.0 if a > 0 else np.inf
    power = math.log(mean) / a
    return float(curve.dose_gy[unit]) * math.exp(power) if power < LARGEST_POWER else np.inf


def _mean(curve: Curve, counted_cc: float, a: float, unit: int, growth: float) -> float:
    """Return the mean of (D / unit)^a."""
    unit_gy = float(curve.dose_gy[unit])
    total = growth * unit_gy / (a + 1 or 1)
    for step_gy, step_cc in curve.steps:
        # A step at 0 Gy counts nothing with a positive exponent, and is but rounding with another.
        if step_gy > 0:
            total += step_cc * (step_gy / unit_gy) ** a
    return total / counted_cc


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
