"""Indices of homogeneity and conformity: ratios, bounded by the ends of their parts."""

from typing import NamedTuple

import numpy as np

from oligort.errors import NotEvaluable
from oligort.measure import Interval, Measure

SAME_ISODOSE = 0.05
"""Share by which a structure may seem to receive more than its isodose holds.

Both are counted in pieces of their own, and an isodose is linear where a histogram may be cubic.
The isodose of another structure may hold nothing of this one.
"""

HI_PARTS = {"D2%": 0.02, "D98%": 0.98, "D50%": 0.5}
"""Shares of the volume; their doses, in this order, are the parts of the homogeneity index."""


class HomogeneityParts(NamedTuple):
    """D2%, D98% and D50% of one curve, in Gy."""

    hot_gy: float
    cold_gy: float
    middle_gy: float

    @property
    def homogeneity(self) -> float:
        """The homogeneity index of ICRU Report 83 (2010)."""
        return (self.hot_gy - self.cold_gy) / self.middle_gy


def homogeneity_between(
    parts: HomogeneityParts, low: HomogeneityParts, high: HomogeneityParts
) -> Interval:
    """Return the interval of the index of any curve between two."""
    # D2% is never below D98%, whatever their intervals.
    least = max(low.hot_gy - high.cold_gy, 0.0) / high.middle_gy
    most = (high.hot_gy - low.cold_gy) / low.middle_gy if low.middle_gy > 0 else np.inf
    return Interval(min(least, parts.homogeneity), max(most, parts.homogeneity))


def conformity(
    inside_cc: Measure, volume_cc: float, isodose_cc: Measure
) -> tuple[float, dict[str, Interval]]:
    """Return the conformity index of Paddick, J Neurosurg 93 Suppl 3 (2000) 219, and its intervals.

    Parameters
    ----------
    inside_cc : Measure
        What of the structure receives the prescription.
    volume_cc : float
        The structure.
    isodose_cc : Measure
        What of the whole dose receives the prescription; not 0.

    Raises
    ------
    NotEvaluable
        If the structure receives more than the whole dose gives: they are not of each other, and
        the index would be no share.
    """
    _, inside_most = isodose_cc.intervals.get("numerical", (0.0, float(isodose_cc)))
    inside_least, _ = inside_cc.intervals.get("numerical", (float(inside_cc), 0.0))
    if inside_least > (1 + SAME_ISODOSE) * inside_most:
        raise NotEvaluable(
            f"CI: {inside_cc:.2f} cc of the structure receive the prescription, and the isodose "
            f"that was given has {isodose_cc:.2f} cc: it is not the isodose of this structure"
        )
    value = min(inside_cc * inside_cc / (volume_cc * isodose_cc), 1.0)
    intervals = {}
    for cause in dict.fromkeys((*inside_cc.intervals, *isodose_cc.intervals)):
        low, high = inside_cc.intervals.get(cause, (float(inside_cc),) * 2)
        smallest, largest = isodose_cc.intervals.get(cause, (float(isodose_cc),) * 2)
        least = min(low * low / (volume_cc * largest), 1.0)
        # What of the structure is in the isodose is a part of it.
        most = min(high * high / (volume_cc * max(smallest, high)), 1.0) if high > 0 else 0.0
        intervals[cause] = Interval(min(least, value), max(most, value))
    return value, intervals
