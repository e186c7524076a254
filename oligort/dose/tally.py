"""Tally: sub-voxels in, histogram out; each one enters as the interval of doses that it holds."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oligort.dose.grid import DoseGrid
from oligort.dose.sampling import Samples, dose_range_gy

Floats = npt.NDArray[np.float64]

BIN_GY = 0.01
"""Width of the histogram's bins: a tenth of what planning systems print."""

TIE_GY = 1e-6
"""Doses are raised by this much before they are binned.

20 Gy stored as a whole number times a scaling comes back as 19.999999999999996; V20Gy counts it.
A microgray is a hundredth of the finest quantum that RTDOSE files use.
"""

VOLUME_ROUNDING = 1e-9
"""Volumes are sums of some million numbers: they agree to this fraction."""

NARROW_BINS = 1e-3
"""An interval of dose narrower than this many bins is one dose."""

BATCH = 1_000_000
"""Sub-voxels that are held before they are entered into the histogram."""


class Extremes(NamedTuple):
    """The lowest and the highest dose in the covered part of a region, in Gy."""

    low: float
    high: float


class _Intervals(NamedTuple):
    """Dose intervals (N,) in Gy and the volume in mm3 that is spread over each."""

    centre_gy: Floats
    width_gy: Floats
    volume_mm3: Floats


class Tally:
    """Collects the sub-voxels of a region and turns them into a histogram.

    Sub-voxels that the region fills go into the histogram as they come. Those on its rim are
    kept: their dose interval may reach beyond the region and is cut at the extremes in the end.
    """

    def __init__(self, dose: DoseGrid) -> None:
        # Beside a peak an interval of doses reaches higher than any dose of the grid does.
        self._floor_gy, self._ceiling_gy = dose_range_gy(dose)
        self._histogram = _Histogram(int(self._ceiling_gy / BIN_GY) + 3)
        self._filled: list[_Intervals] = []
        self._filled_count = 0
        self._rim: list[_Intervals] = []
        self._low, self._high = np.inf, -np.inf
        self._volume, self._dose_volume = 0.0, 0.0

    def add(self, samples: Samples, covered: Floats, sub_voxel_mm3: float) -> None:
        """Add the sub-voxels of one thin layer, `covered` (N,) being their covered fractions."""
        fraction = covered * samples.inside
        volume = fraction * sub_voxel_mm3
        self._volume += float(volume.sum())
        # Not a dot product: the threads that it starts wait for each other on a busy machine.
        self._dose_volume += float(np.einsum("i,i->", volume, samples.dose_gy))
        # What the edge of the grid cuts is filled too: its interval is that of the part inside.
        is_filled = (covered > 1 - VOLUME_ROUNDING) & (fraction > 0)
        is_rim = (fraction > 0) & ~is_filled
        if is_filled.any():
            dose, reach = samples.dose_gy[is_filled], samples.reach_gy[is_filled]
            self._low = min(self._low, float((dose - reach).min()))
            self._high = max(self._high, float((dose + reach).max()))
            self._filled.append(_Intervals(dose, samples.width_gy[is_filled], volume[is_filled]))
            self._filled_count += len(dose)
            if self._filled_count > BATCH:
                self._flush()
        if is_rim.any():
            self._rim.append(
                _Intervals(samples.dose_gy[is_rim], samples.width_gy[is_rim], volume[is_rim])
            )

    @property
    def mean_gy(self) -> float:
        """Mean dose of the covered volume."""
        return self._dose_volume / self._volume

    def extremes(self, outline_gy: Floats) -> Extremes | None:
        """Return the lowest and the highest dose, or None where nothing is covered."""
        if not self._volume:
            return None
        low = min(self._low, float(outline_gy.min(initial=np.inf)))
        high = max(self._high, float(outline_gy.max(initial=-np.inf)))
        if not np.isfinite(low):
            # Thinner than a sub-voxel everywhere, and the outline outside the grid.
            low = min(float(rim.centre_gy.min()) for rim in self._rim)
            high = max(float(rim.centre_gy.max()) for rim in self._rim)
        mean = self.mean_gy
        return Extremes(min(max(low, self._floor_gy), mean), max(min(high, self._ceiling_gy), mean))

    def histogram(self, extremes: Extremes | None) -> Floats:
        """Return the covered volume in mm3 per bin; the last bin holds the maximum."""
        if extremes is None:
            return np.zeros(1)
        self._flush()
        if self._rim:
            rim = _joined(self._rim)
            low, high = (
                np.clip(rim.centre_gy + half, extremes.low, extremes.high)
                for half in (-rim.width_gy / 2, rim.width_gy / 2)
            )
            self._histogram.add(low, high, rim.volume_mm3)
        return self._histogram.volume_mm3[: int((extremes.high + TIE_GY) / BIN_GY) + 1]

    def _flush(self) -> None:
        if self._filled:
            centre, width, volume = _joined(self._filled)
            low, high = (
                np.clip(centre + half, self._floor_gy, self._ceiling_gy)
                for half in (-width / 2, width / 2)
            )
            self._histogram.add(low, high, volume)
            self._filled, self._filled_count = [], 0


def _joined(batches: list[_Intervals]) -> _Intervals:
    return _Intervals(*(np.concatenate(column) for column in zip(*batches, strict=True)))


class _Histogram:
    """Volume per bin of dose, filled with intervals of dose."""

    def __init__(self, bins: int) -> None:
        self._points = np.zeros(bins)
        self._steps = np.zeros(bins)

    @property
    def volume_mm3(self) -> Floats:
        """Volume in each bin."""
        return np.maximum(self._points + np.cumsum(self._steps), 0)

    def add(self, low_gy: Floats, high_gy: Floats, volume_mm3: Floats) -> None:
        """Spread each volume evenly over its interval.

        The bins at both ends receive their part at once; the full bins between receive a constant
        from the first to the last of them, summed up when the histogram is read.
        """
        low, high = (low_gy + TIE_GY) / BIN_GY, (high_gy + TIE_GY) / BIN_GY
        size = len(self._points)
        is_narrow = high - low < NARROW_BINS
        if is_narrow.any():
            middle = ((low + high) / 2)[is_narrow].astype(np.int64)
            self._points += np.bincount(middle, volume_mm3[is_narrow], minlength=size)
            low, high, volume_mm3 = low[~is_narrow], high[~is_narrow], volume_mm3[~is_narrow]
        per_bin = volume_mm3 / (high - low)
        first, last = low.astype(np.int64), high.astype(np.int64)
        self._points += np.bincount(first, per_bin * (first + 1 - low), minlength=size)
        self._points += np.bincount(last, per_bin * (high - last), minlength=size)
        self._steps += np.bincount(first + 1, per_bin, minlength=size)
        self._steps -= np.bincount(last, per_bin, minlength=size)
