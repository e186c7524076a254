"""What every engine is asked for: a cumulative curve and nine values. Knows numpy alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

VALUES = ("Total Volume (cc)", "Dmin", "Dmax", "Dmean", "D99", "D95", "D5", "D1", "D0.03cc")
"""As the reference table names them; doses in cGy."""


@dataclass(frozen=True)
class Curve:
    """A cumulative histogram in the engine's own bins, and the values as the engine states them.

    Parameters
    ----------
    dose_gy : (n,) array
        Ascending.
    cumulative_cc : (n,) array
        Volume that gets at least each dose.
    volume_cc : float
        Whole volume.
    values : dict
        Values of `VALUES` by name that the engine states itself; the rest is read off the curve.
    """

    dose_gy: Floats
    cumulative_cc: Floats
    volume_cc: float
    values: dict[str, float]

    def all_values(self) -> dict[str, float]:
        """Return the nine values."""
        read = {
            "Total Volume (cc)": self.volume_cc,
            "Dmin": 100 * self._hottest_with(1.0),
            "Dmax": 100 * self._last_gy(),
            "Dmean": 100 * self._mean_gy(),
            **{f"D{n}": 100 * self._hottest_with(n / 100) for n in (99, 95, 5, 1)},
            "D0.03cc": 100 * self._hottest_with(0.03 / self.volume_cc) if self.volume_cc else 0.0,
        }
        return {name: float((read | self.values)[name]) for name in VALUES}

    def worst_difference(self, dose_gy: Floats, fraction: Floats) -> float:
        """Return the worst difference to a true curve, in percentage points of volume.

        Each curve is relative to its own volume; an empty histogram is wrong by everything.
        """
        if not self.volume_cc or not self.cumulative_cc.any():
            return 100.0
        ours = np.interp(dose_gy, self.dose_gy, self.cumulative_cc / self.volume_cc, right=0.0)
        return 100 * float(np.abs(ours - fraction).max())

    def _hottest_with(self, fraction: float) -> float:
        """Return the highest dose that at least a fraction of the volume gets."""
        if not self.volume_cc:
            return 0.0
        share = self.cumulative_cc / self.volume_cc
        # rounding must not lose the plateau of 100 %
        reached = np.flatnonzero(share >= fraction * (1 - 1e-9))
        if not reached.size:
            return 0.0
        last = int(reached[-1])
        if last + 1 == len(share):
            return float(self.dose_gy[last])
        drop = share[last] - share[last + 1]
        part = (share[last] - fraction) / drop if fraction < 1 else 0.0
        return float(self.dose_gy[last] + part * (self.dose_gy[last + 1] - self.dose_gy[last]))

    def _last_gy(self) -> float:
        reached = np.flatnonzero(self.cumulative_cc > 0)
        return float(self.dose_gy[reached[-1]]) if reached.size else 0.0

    def _mean_gy(self) -> float:
        if not self.volume_cc:
            return 0.0
        middle = (self.cumulative_cc[1:] + self.cumulative_cc[:-1]) / 2
        area = float(middle @ np.diff(self.dose_gy))
        return float(self.dose_gy[0]) + area / self.volume_cc
