"""Tally: sub-voxels in, histogram out; each one enters as the interval of doses that it holds."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oligort.dose.sampling import Samples, SubVoxels

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TIE_GY = 1e-6
"""Doses are raised by this much before they are binned.

20 Gy stored as a whole number times a scaling comes back as 19.999999999999996; V20Gy counts it.
A microgray is a hundredth of the finest quantum that RTDOSE files use.
"""

VOLUME_ROUNDING = 1e-9
"""Volumes are sums of some million numbers: they agree to this fraction."""

BATCH = 100_000
"""Sub-voxels that are held before they are entered into the histogram."""


class Extremes(NamedTuple):
    """The lowest and the highest dose in the covered part of a region, in Gy.

    `lowest` and `highest` bound what they can be: no sub-voxel reaches beyond.
    """

    low: float
    high: float
    lowest: float
    highest: float


class _Intervals(NamedTuple):
    """Dose intervals (N,) in Gy and the volume in mm3 that is spread over each."""

    centre_gy: Floats
    width_gy: Floats
    volume_mm3: Floats


class Tally:
    """Collects the sub-voxels of a region and turns them into a histogram.

    Sub-voxels that the region fills go into the histogram as they come. Those on its rim are
    kept: their dose interval may reach beyond the region and is cut at the extremes in the end.

    Parameters
    ----------
    range_gy : (float, float)
        No dose lies outside: beside a peak an interval of doses reaches higher than any dose does.
    bin_gy : float
        Width of the histogram's bins.
    """

    def __init__(self, range_gy: tuple[float, float], bin_gy: float) -> None:
        self._floor_gy, self._ceiling_gy = range_gy
        self._bin_gy = bin_gy
        self._histogram = _Histogram(int(self._ceiling_gy / bin_gy) + 3, bin_gy)
        self._filled: list[_Intervals] = []
        self._filled_count = 0
        self._rim: list[_Intervals] = []
        self._blocks: list[_Intervals] = []
        self._low, self._high = np.inf, -np.inf
        self._lowest, self._highest = np.inf, -np.inf
        self._volume, self._dose_volume = 0.0, 0.0

    def add(self, sub_voxels: SubVoxels, samples: Samples, sub_voxel_mm3: Floats) -> None:
        """Add sub-voxels of a volume each, (N,), and the dose in them."""
        covered = sub_voxels.covered
        fraction = covered * samples.inside
        volume = fraction * sub_voxel_mm3
        dose, width = samples.dose_gy, samples.width_gy
        self._volume += float(volume.sum())
        # Not a dot product: the threads that it starts wait for each other on a busy machine.
        self._dose_volume += float(np.einsum("i,i->", volume, dose))
        # What the edge of the grid cuts is filled too: its interval is that of the part inside.
        is_inside, is_whole = fraction > 0, covered > 1 - VOLUME_ROUNDING
        filled, rim = np.flatnonzero(is_inside & is_whole), np.flatnonzero(is_inside & ~is_whole)
        low, high = dose - samples.reach_gy, dose + samples.reach_gy
        if len(filled):
            self._low = min(self._low, float(low.take(filled).min()))
            self._high = max(self._high, float(high.take(filled).max()))
            self._filled.append(
                _Intervals(dose.take(filled), width.take(filled), volume.take(filled))
            )
            self._filled_count += len(filled)
            if self._filled_count > BATCH:
                self._flush()
        if len(rim):
            self._lowest = min(self._lowest, float(low.take(rim).min()))
            self._highest = max(self._highest, float(high.take(rim).max()))
            self._rim.append(_Intervals(dose.take(rim), width.take(rim), volume.take(rim)))
        self._blocks.append(_merged(_Intervals(dose, width, volume), sub_voxels.block))

    @property
    def volume_mm3(self) -> float:
        """The covered volume."""
        return self._volume

    @property
    def mean_gy(self) -> float:
        """Mean dose of the covered volume."""
        return self._dose_volume / self._volume

    @property
    def mean_block_width_gy(self) -> float:
        """Mean width of the blocks' dose intervals."""
        blocks = _joined(self._blocks)
        return float(np.einsum("i,i->", blocks.width_gy, blocks.volume_mm3)) / self._volume

    def extremes(self, outline_gy: Floats) -> Extremes | None:
        """Return the lowest and the highest dose, or None where nothing is covered.

        `outline_gy` (N,) are doses on the region's outline, which it has in any case.
        """
        if not self._volume:
            return None
        # Of what is thinner than a sub-voxel the rim is all, and its corners may be far away.
        low = min(
            self._low,
            float(outline_gy.min(initial=np.inf)),
            *(float(rim.centre_gy.min()) for rim in self._rim),
        )
        high = max(
            self._high,
            float(outline_gy.max(initial=-np.inf)),
            *(float(rim.centre_gy.max()) for rim in self._rim),
        )
        mean = self.mean_gy
        low = min(max(low, self._floor_gy), mean)
        high = max(min(high, self._ceiling_gy), mean)
        return Extremes(
            low,
            high,
            min(max(min(self._lowest, self._low), self._floor_gy), low),
            max(min(max(self._highest, self._high), self._ceiling_gy), high),
        )

    def histogram(self, extremes: Extremes) -> Floats:
        """Return the covered volume in mm3 per bin; the last bin holds the maximum."""
        self._flush()
        if self._rim:
            rim = _joined(self._rim)
            low, high = (
                np.clip(rim.centre_gy + half, extremes.low, extremes.high)
                for half in (-rim.width_gy / 2, rim.width_gy / 2)
            )
            self._histogram.add(low, high, rim.volume_mm3)
        return self._histogram.volume_mm3[: int((extremes.high + TIE_GY) / self._bin_gy) + 1]

    def histogram_of_blocks(self, extremes: Extremes) -> Floats:
        """Return the histogram, as long, of sub-voxels that are merged to twice their size."""
        histogram = _Histogram(len(self._histogram.volume_mm3), self._bin_gy)
        blocks = _joined(self._blocks)
        low, high = (
            np.clip(blocks.centre_gy + half, extremes.low, extremes.high)
            for half in (-blocks.width_gy / 2, blocks.width_gy / 2)
        )
        histogram.add(low, high, blocks.volume_mm3)
        return histogram.volume_mm3[: int((extremes.high + TIE_GY) / self._bin_gy) + 1]

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


def _merged(intervals: _Intervals, block: Integers) -> _Intervals:
    """Return intervals of the blocks: the mean of their doses, and as wide as their variance."""
    centre, width, volume = intervals
    total = np.bincount(block, volume).astype(np.float64)
    kept = np.flatnonzero(total > 0)
    total = total.take(kept)
    # About a dose of the neighbourhood: the squares of two that hardly differ would cancel.
    dose = np.bincount(block, volume * centre).take(kept) / total
    away = centre - _spread_over(dose, kept, block)
    square = np.bincount(block, volume * (away * away + width * width / 12)).take(kept) / total
    return _Intervals(dose, np.sqrt(12 * square), total)


def _spread_over(values: Floats, kept: Integers, block: Integers) -> Floats:
    """Return the value of each block at its members."""
    whole = np.zeros(int(block.max(initial=-1)) + 1)
    whole[kept] = values
    return whole.take(block)


class _Histogram:
    """Volume per bin of dose, filled with intervals of dose."""

    def __init__(self, bins: int, bin_gy: float) -> None:
        self._bin_gy = bin_gy
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
        low, high = (low_gy + TIE_GY) / self._bin_gy, (high_gy + TIE_GY) / self._bin_gy
        size = len(self._points)
        first, last = low.astype(np.int64), high.astype(np.int64)
        is_one = first == last
        if is_one.any():
            # Spread over next to no width and taken away again, they would leave rounding.
            self._points += np.bincount(first[is_one], volume_mm3[is_one], minlength=size)
            low, high, volume_mm3 = low[~is_one], high[~is_one], volume_mm3[~is_one]
            first, last = first[~is_one], last[~is_one]
        share = (first + 1 - low) / (high - low)
        rest = (high - last) / (high - low)
        self._points += np.bincount(first, volume_mm3 * share, minlength=size)
        self._points += np.bincount(last, volume_mm3 * rest, minlength=size)
        has_full = np.flatnonzero(last - first > 1)
        full = volume_mm3.take(has_full) / (high - low).take(has_full)
        self._steps += np.bincount(first.take(has_full) + 1, full, minlength=size)
        self._steps -= np.bincount(last.take(has_full), full, minlength=size)
