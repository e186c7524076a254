"""Curve: a cumulative dose-volume curve, straight between its corners, read in both directions."""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from oligort.dose.tally import TIE_GY

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """The volume that receives at least a dose.

    Parameters
    ----------
    dose_gy : (K,) array
        Doses of the corners, ascending; between two equal ones the curve falls at once.
    volume_cc : (K,) array
        Volumes at the corners, never rising. Below the first dose the volume is the first, beyond
        the last dose there is none.
    beyond_cc : float
        Volume of which no dose is too high: it is added at every dose.
    rounding_cc : float
        Volumes that differ by less are the same.
    """

    dose_gy: Floats
    volume_cc: Floats
    beyond_cc: float = 0.0
    rounding_cc: float = 0.0
    _falling: Floats = field(init=False, repr=False)
    """The volumes turned over, which a search needs ascending."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_falling", np.negative(self.volume_cc))

    def volume_at(self, dose_gy: float) -> float:
        """Return the volume at a dose; a dose that misses a corner by less than a tie meets it."""
        doses, volumes = self.dose_gy, self.volume_cc
        corner = int(doses.searchsorted(dose_gy - TIE_GY))
        if corner == len(doses):
            return self.beyond_cc
        right_gy, below = doses.item(corner), volumes.item(corner)
        if right_gy <= dose_gy or corner == 0:
            return below + self.beyond_cc
        left_gy, above = doses.item(corner - 1), volumes.item(corner - 1)
        share = (right_gy - dose_gy) / (right_gy - left_gy)
        return below + share * (above - below) + self.beyond_cc

    def hottest_gy(self, volume_cc: float) -> float:
        """Return the highest dose that at least this volume receives; 0 where less is there."""
        doses, volumes, rounding_cc = self.dose_gy, self.volume_cc, self.rounding_cc
        left_cc = volume_cc - self.beyond_cc
        if self.beyond_cc > rounding_cc and left_cc <= rounding_cc:
            return math.inf
        corner = int(self._falling.searchsorted(rounding_cc - left_cc, "right")) - 1
        if corner < 0:
            return 0.0
        from_gy = doses.item(corner)
        if corner + 1 == len(doses):
            return from_gy
        above = volumes.item(corner)
        share = (above - left_cc) / (above - volumes.item(corner + 1))
        if share <= 0:
            return from_gy
        return from_gy + min(share, 1.0) * (doses.item(corner + 1) - from_gy)

    @property
    def lowest_below_gy(self) -> float:
        """A dose that the lowest of the curve does not exceed: the first corner with less volume.

        Infinite where there is no volume.
        """
        first = float(self.volume_cc[0])
        if first <= self.rounding_cc:
            return np.inf
        corner = int(self._falling.searchsorted(self.rounding_cc - first, side="right"))
        return float(self.dose_gy[min(corner, len(self.dose_gy) - 1)])

    @property
    def lowest_above_gy(self) -> float:
        """A dose that the lowest of the curve reaches: the last corner with all of the volume."""
        first = float(self.volume_cc[0])
        corner = int(self._falling.searchsorted(self.rounding_cc - first, side="right")) - 1
        return float(self.dose_gy[max(corner, 0)])

    @property
    def highest_above_gy(self) -> float:
        """A dose that the highest of the curve reaches: the last corner with volume; else 0."""
        corner = int(self._falling.searchsorted(-self.rounding_cc)) - 1
        return float(self.dose_gy[corner]) if corner >= 0 else 0.0


def never_below(volume_cc: Floats) -> Floats:
    """Return a falling curve (K,) that bounds from below what falls and lies above a curve (K,).

    What falls lies, before a hump, as high as the hump. Where the curve dips under the hump that
    follows, the bound is the hump's height from the corner before the dip on: on a straight line
    to the dip it would be too high.
    """
    later = np.maximum.accumulate(volume_cc[::-1])[::-1]
    bound = later.copy()
    dips = volume_cc[1:] < later[1:]
    bound[:-1][dips] = later[1:][dips]
    return bound


def never_above(volume_cc: Floats) -> Floats:
    """Return a falling curve (K,) that bounds from above what falls and lies below a curve (K,)."""
    earlier = np.minimum.accumulate(volume_cc)
    bound = earlier.copy()
    humps = volume_cc[:-1] > earlier[:-1]
    bound[1:][humps] = earlier[:-1][humps]
    return bound
