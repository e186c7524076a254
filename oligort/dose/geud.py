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

from oligort.dose.condensed import LARGEST_POWER, condensed
from oligort.dose.curve import Curve
from oligort.dose.tally import TIE_GY

Floats = npt.NDArray[np.float64]

NEAREST_TO_ZERO = 1e-6
"""An exponent nearer to 0 is taken as this.

The a-th root of a mean of a-th powers loses the digits of 1 / a. The gEUD itself changes by half of
the exponent's change times the variance of ln D: by less than the digits that are kept.
"""

LARGEST_EXPONENT = math.log(sys.float_info.max)
"""The exponential of more is infinite."""

WITHOUT_THREADS = 9000
"""Numbers of a matrix of which a product starts no threads, in OpenBLAS.

Those wait for each other on a busy machine.
"""

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
    def steps(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """Of each curve each dose at which it falls at once, with the volume in cc by which."""
        # Across less than a tie the difference of two powers would be all rounding.
        at = np.flatnonzero(self._width_gy < TIE_GY)
        dose_gy = [*self.dose_gy[at + 1].tolist(), float(self.dose_gy[-1])]
        falls_cc = [
            [*(volume_cc[at] - volume_cc[at + 1]).tolist(), float(volume_cc[-1])]
            for volume_cc in (curve.volume_cc for curve in self.curves)
        ]
        return tuple(
            tuple((gy, cc) for gy, cc in zip(dose_gy, falls, strict=True) if cc > 0)
            for falls in falls_cc
        )

    @cached_property
    def turns_cc_per_gy(self) -> Floats:
        """(C, K) by how much the density of each curve is less beyond a corner than before it."""
        width_gy = self._width_gy
        turns = np.zeros((len(self.curves), len(self.dose_gy)))
        is_wide = width_gy >= TIE_GY
        for turn, curve in zip(turns, self.curves, strict=True):
            fall_cc = curve.volume_cc[:-1] - curve.volume_cc[1:]
            density = np.divide(fall_cc, width_gy, out=np.zeros_like(width_gy), where=is_wide)
            turn[1:] = density
            turn[:-1] -= density
        return turns

    @cached_property
    def _width_gy(self) -> Floats:
        return np.asarray(self.dose_gy[1:] - self.dose_gy[:-1])

    @cached_property
    def _condensed(self) -> dict[int, Floats]:
        """Logarithms at fewer places for powers that are not too large, by the corner of the unit.

        By -1 the turns there.
        """
        log_dose, turns = condensed(self.log_dose, self.first_above_0, self.turns_cc_per_gy)
        units = (self.first_above_0, len(self.dose_gy) - 1)
        return {-1: turns} | {unit: log_dose - self.log_dose[unit] for unit in units}

    def set_up(self) -> None:
        """Work out at once what is otherwise kept when it is first asked for."""
        _ = self.steps
        if self.dose_gy[-1] > 0:
            _ = self._condensed

    def unit(self, exponent: float) -> int:
        """Return the corner in units of whose dose no power of another one exceeds 1."""
        return len(self.dose_gy) - 1 if exponent > 0 else self.first_above_0

    def growth(self, power: float, unit: int) -> Floats:
        """Return (C,) the integrals over dose of each density with the growth of D^p.

        Of ln D where the power is 0. Doses are in units of the dose of a corner.
        """
        if -LARGEST_POWER <= power <= LARGEST_POWER:
            return self._growth(self._condensed[unit], self._condensed[-1], power)
        log_dose = self.log_dose - self.log_dose[unit]
        return self._growth(log_dose, self.turns_cc_per_gy, power)

    def growth_inside(self, curve: int, power: float, unit: int) -> float:
        """Return the same of one curve without volume beyond the corner, or before it.

        Beyond where the power is above 1. The curve is flat there: its powers count nothing, and
        are kept from growing beyond bounds.
        """
        inside = (np.minimum if power > 1 else np.maximum)(self.log_dose, self.log_dose[unit])
        return float(self._growth(inside - self.log_dose[unit], self.turns_cc_per_gy, power)[curve])

    def _growth(self, log_dose: Floats, turns_cc_per_gy: Floats, power: float) -> Floats:
        # Without what starts at 0 Gy, where powers up to 0 are infinite.
        first = self.first_above_0 if power <= 0 else 0
        if first:
            log_dose, before = log_dose[first:], turns_cc_per_gy[:, :first].sum(axis=1)
            turns_cc_per_gy = turns_cc_per_gy[:, first:]
        grown = log_dose
        if power != 0:
            grown = power * log_dose
            # Powers near 0 are near 1: what they differ by is kept to all digits.
            (np.expm1 if abs(power) < 0.5 else np.exp)(grown, out=grown)
        totals: Floats
        if turns_cc_per_gy.size < WITHOUT_THREADS:
            totals = turns_cc_per_gy.dot(grown)
        else:
            totals = np.einsum("ck,k->c", turns_cc_per_gy, grown)
        return totals + before * grown[0] if first else totals


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
    if powers.dose_gy.item(-1) == 0:
        return [
            _of_no_dose(curve, counted, a)
            for curve, counted in zip(powers.curves, counted_cc, strict=True)
        ]
    unit = powers.unit(a)
    unit_gy, growths = powers.dose_gy.item(unit), powers.growth(a + 1, unit).tolist()
    found = []
    for curve, steps, counted, growth in zip(
        powers.curves, powers.steps, counted_cc, growths, strict=True
    ):
        if a > 0 and curve.beyond_cc > curve.rounding_cc:
            found.append(math.inf)
        elif a < 0 and _reaches_zero(curve, steps, counted, a):
            found.append(0.0)
        else:
            mean = _mean(steps, counted, a, unit_gy, growth)
            if FEWEST < mean < MOST:
                found.append(_root(mean, a, unit_gy))
            else:
                found.append(_in_own_unit(powers, len(found), counted, a))
    return found


def _of_no_dose(curve: Curve, counted_cc: float, a: float) -> float:
    """Return the gEUD of a curve whose doses are all 0 Gy."""
    has_any_dose = curve.beyond_cc > curve.rounding_cc
    if a > 0 and has_any_dose:
        return math.inf
    return 0.0 if counted_cc - curve.beyond_cc > curve.rounding_cc else math.inf


def _in_own_unit(powers: Powers, index: int, counted_cc: float, a: float) -> float:
    """Return the gEUD of a curve of which powers in units of the others' doses vanish."""
    curve = powers.curves[index]
    unit = _own_unit(curve, a)
    unit_gy = curve.dose_gy.item(unit)
    inside = powers.growth_inside(index, a + 1, unit)
    mean = _mean(powers.steps[index], counted_cc, a, unit_gy, inside)
    if mean == 0:
        return 0.0 if a > 0 else math.inf
    return _root(mean, a, unit_gy)


def _root(mean: float, a: float, unit_gy: float) -> float:
    power = math.log(mean) / a
    return unit_gy * math.exp(power) if power < LARGEST_EXPONENT else math.inf


def _mean(
    steps: Sequence[tuple[float, float]],
    counted_cc: float,
    a: float,
    unit_gy: float,
    growth: float,
) -> float:
    """Return the mean of (D / unit)^a."""
    total = growth * unit_gy / (a + 1 or 1)
    for step_gy, step_cc in steps:
        # A step at 0 Gy counts nothing with a positive exponent, and is but rounding with another.
        if step_gy > 0:
            total += step_cc * (step_gy / unit_gy) ** a
    return total / counted_cc


def _reaches_zero(
    curve: Curve, steps: Sequence[tuple[float, float]], counted_cc: float, a: float
) -> bool:
    """Whether the mean of a negative power is infinite."""
    without_dose_cc = counted_cc - curve.volume_cc.item(0) - curve.beyond_cc
    if without_dose_cc > curve.rounding_cc:
        return True
    if curve.dose_gy.item(0) > 0:
        return False
    if sum(step_cc for step_gy, step_cc in steps if step_gy == 0) > curve.rounding_cc:
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
