"""Tally: sub-voxels in, histogram out; each one enters as the doses that it holds.

A linear dose in a box is the sum of three uniform distributions, one of each direction. The widest
enters as it is; the two others as one step up and one step down that have their variance: two
intervals of dose a sub-voxel. That is right to the third moment, and to most of the fourth.
"""

from collections.abc import Sequence
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

NARROW = 1e-4
"""An interval of a smaller part of a bin is a point: a microgray, as `TIE_GY`."""

HALF_OF_UNIFORM = 12**-0.5
"""Two equal steps this far up and down have the variance of a uniform distribution of width 1."""


class Extremes(NamedTuple):
    """The lowest and the highest dose in the covered part of a region, in Gy.

    `lowest` and `highest` bound what they can be: no sub-voxel reaches beyond.
    """

    low: float
    high: float
    lowest: float
    highest: float


class _Doses(NamedTuple):
    """Distributions of dose (N,): a mean in Gy, changes in Gy and the volume in mm3.

    As in `Samples`, `along_gy` is the largest change across a box and `across_gy` joins the others.
    """

    centre_gy: Floats
    along_gy: Floats
    across_gy: Floats
    volume_mm3: Floats


class Tally:
    """Collects the sub-voxels of a region and turns them into a histogram.

    Sub-voxels that the region fills go into the histogram as they come. Those on its rim are
    kept: their dose intervals may reach beyond the region and are cut at the extremes in the end.

    Parameters
    ----------
    range_gy : (float, float)
        No dose lies outside: beside a peak an interval of doses reaches higher than any dose does.
    bin_gy : float
        Width of the histogram's bins.
    is_linear : bool, optional
        Whether the dose is linear inside a sub-voxel, so that it is lowest and highest at corners.
        Where its slope jumps inside, what goes straight on to the corners reaches too far.
    """

    def __init__(
        self, range_gy: tuple[float, float], bin_gy: float, *, is_linear: bool = True
    ) -> None:
        self._is_linear = is_linear
        self._floor_gy, self._ceiling_gy = range_gy
        self._bin_gy = bin_gy
        self._histogram = _Histogram(int(self._ceiling_gy / bin_gy) + 3, bin_gy)
        self._rim: list[_Doses] = []
        self._unmerged: list[tuple[_Doses, Integers]] = []
        self._blocks: list[_Doses] = []
        self._linear_volume = 0.0
        self._low, self._high = np.inf, -np.inf
        self._lowest, self._highest = np.inf, -np.inf
        self._volume, self._dose_volume = 0.0, 0.0

    def add(self, sub_voxels: SubVoxels, samples: Samples, sub_voxel_mm3: Floats) -> None:
        """Add sub-voxels of a volume each, (N,), and the dose in them."""
        covered = sub_voxels.covered
        fraction = covered * samples.inside
        volume = fraction * sub_voxel_mm3
        doses = _Doses(samples.dose_gy, samples.along_gy, samples.across_gy, volume)
        self._volume += float(volume.sum())
        # Not a dot product: the threads that it starts wait for each other on a busy machine.
        self._dose_volume += float(np.einsum("i,i->", volume, doses.centre_gy))
        # What the edge of the grid cuts is filled too: its interval is that of the part inside.
        is_inside, is_whole = fraction > 0, covered > 1 - VOLUME_ROUNDING
        reach = samples.reach_gy
        filled, reach_of_filled = _those(is_inside & is_whole, doses, reach)
        if len(reach_of_filled):
            low = float((filled.centre_gy - reach_of_filled).min())
            high = float((filled.centre_gy + reach_of_filled).max())
            if not self._is_linear:
                self._lowest, self._highest = min(self._lowest, low), max(self._highest, high)
                low, high = float(filled.centre_gy.min()), float(filled.centre_gy.max())
            self._low, self._high = min(self._low, low), max(self._high, high)
            self._histogram.add(filled, self._floor_gy, self._ceiling_gy)
        rim, reach_of_rim = _those(is_inside & ~is_whole, doses, reach)
        if len(reach_of_rim):
            self._lowest = min(self._lowest, float((rim.centre_gy - reach_of_rim).min()))
            self._highest = max(self._highest, float((rim.centre_gy + reach_of_rim).max()))
            self._rim.append(rim)
        self._unmerged.append((doses, sub_voxels.block))

    def merge(self) -> None:
        """Merge the sub-voxels since the last time: those that come next are of other blocks."""
        if self._unmerged:
            doses, block = zip(*self._unmerged, strict=True)
            blocks, linearity = _merged(_joined(doses), np.concatenate(block), self._bin_gy)
            self._blocks.append(blocks)
            self._linear_volume += float(np.einsum("i,i->", linearity, blocks.volume_mm3))
            self._unmerged = []

    @property
    def linearity(self) -> float:
        """How nearly linear the dose in a block is, 0 to 1 in the mean.

        Of a linear dose in a whole block three quarters of the variance are between its members.
        """
        return self._linear_volume / self._volume

    @property
    def volume_mm3(self) -> float:
        """The covered volume."""
        return self._volume

    @property
    def dose_volume(self) -> float:
        """The sum of dose times covered volume, Gy mm3."""
        return self._dose_volume

    @property
    def mean_gy(self) -> float:
        """Mean dose of the covered volume."""
        return self._dose_volume / self._volume

    @property
    def mean_block_width_gy(self) -> float:
        """Mean width of the blocks' dose intervals."""
        blocks = _joined(self._blocks)
        return float(np.einsum("i,i->", blocks.along_gy, blocks.volume_mm3)) / self._volume

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

    @property
    def surely_gy(self) -> tuple[float, float]:
        """A lowest and a highest dose of what is filled: they are there whatever the rim leaves.

        Of a shape between planes the rim is what fades from one plane to the next.
        """
        mean = self.mean_gy
        return (
            min(max(self._low, self._floor_gy), mean),
            max(min(self._high, self._ceiling_gy), mean),
        )

    def histogram(self, extremes: Extremes) -> Floats:
        """Return the covered volume in mm3 per bin; the last bin holds the maximum.

        And all above it: where the slope of a dose jumps inside a sub-voxel its interval goes on
        beyond any dose that there is. Left out, it would be missing everywhere below.
        """
        for rim in self._rim:
            self._histogram.add(rim, extremes.low, extremes.high)
        self._rim = []
        volume_mm3 = self._histogram.volume_mm3
        last = int((extremes.high + TIE_GY) / self._bin_gy)
        histogram = volume_mm3[: last + 1]
        histogram[last] += volume_mm3[last + 1 :].sum()
        return histogram

    def histogram_of_blocks(self, extremes: Extremes) -> Floats:
        """Return the histogram, as long, of sub-voxels that are merged to twice their size."""
        histogram = _Histogram(len(self._histogram.volume_mm3), self._bin_gy)
        for blocks in self._blocks:
            histogram.add(blocks, extremes.low, extremes.high)
        return histogram.volume_mm3[: int((extremes.high + TIE_GY) / self._bin_gy) + 1]


def _those(wanted: npt.NDArray[np.bool_], doses: _Doses, reach_gy: Floats) -> tuple[_Doses, Floats]:
    """Return the doses that are wanted (N,), and how far each reaches."""
    if wanted.all():
        return doses, reach_gy
    which = np.flatnonzero(wanted)
    return _Doses(*(values.take(which) for values in doses)), reach_gy.take(which)


def _joined(batches: Sequence[_Doses]) -> _Doses:
    return _Doses(*(np.concatenate(column) for column in zip(*batches, strict=True)))


def _merged(doses: _Doses, block: Integers, flat_gy: float) -> tuple[_Doses, Floats]:
    """Return the doses of blocks, and how nearly linear each is, 0 to 1.

    They have the mean and the variance of their members, parted among directions as theirs. A
    block whose dose changes by less than `flat_gy` is linear: no curve shows how it changes.
    """
    centre, along, across, volume = doses
    total = np.asarray(np.bincount(block, volume), dtype=np.float64)
    kept = np.flatnonzero(total > 0)
    total = total.take(kept)
    # About a dose of the neighbourhood: the squares of two that hardly differ would cancel.
    dose = np.bincount(block, volume * centre).take(kept) / total
    away = centre - _spread_over(dose, kept, block)
    squares = (along * along, across * across, 12 * away * away)
    along, across, between = (
        np.bincount(block, volume * one).take(kept).astype(np.float64) for one in squares
    )
    within = along + across
    share = np.divide(along, within, out=np.ones(len(kept)), where=within > 0)
    square = (within + between) / total
    more = np.maximum(3 * within, between)
    linearity = np.ones(len(kept))
    is_flat = more <= total * flat_gy**2
    np.divide(np.minimum(3 * within, between), more, out=linearity, where=~is_flat)
    return _Doses(dose, np.sqrt(square * share), np.sqrt(square * (1 - share)), total), linearity


def _spread_over(values: Floats, kept: Integers, block: Integers) -> Floats:
    """Return the value of each block at its members."""
    whole = np.zeros(int(block.max(initial=-1)) + 1)
    whole[kept] = values
    return whole.take(block)


class _Histogram:
    """Volume per bin of dose, filled with distributions of dose."""

    def __init__(self, bins: int, bin_gy: float) -> None:
        self._bin_gy = bin_gy
        self._points = np.zeros(bins)
        self._steps = np.zeros(bins)

    @property
    def volume_mm3(self) -> Floats:
        """Volume in each bin."""
        return np.maximum(self._points + np.cumsum(self._steps), 0)

    def add(self, doses: _Doses, low_gy: float, high_gy: float) -> None:
        """Enter each volume as two intervals of dose, cut at a lowest and a highest dose."""
        centre = np.clip(doses.centre_gy, low_gy, high_gy)
        # From here on in bins.
        centre += TIE_GY
        centre *= 1 / self._bin_gy
        half, step = (
            width * (share / self._bin_gy)
            for width, share in ((doses.along_gy, 0.5), (doses.across_gy, HALF_OF_UNIFORM))
        )
        lowest, highest = (low_gy + TIE_GY) / self._bin_gy, (high_gy + TIE_GY) / self._bin_gy
        volume = doses.volume_mm3 / 2
        for middle in (centre - step, centre + step):
            low, high = middle - half, middle + half
            np.maximum(low, lowest, out=low)
            np.minimum(high, highest, out=high)
            self._spread(low, high, volume)

    def _spread(self, low: Floats, high: Floats, volume_mm3: Floats) -> None:
        """Spread each volume evenly over its interval of bins; the intervals are used up.

        The bins at both ends receive their part at once; the full bins between receive a constant
        from the first to the last of them, summed up when the histogram is read.
        """
        size = len(self._points)
        width = high - low
        if width.min(initial=1.0) < NARROW:
            # Spread over next to no width they would leave rounding.
            narrow = np.flatnonzero(width < NARROW)
            first = high.take(narrow).astype(np.int64)
            self._points += np.bincount(first, volume_mm3.take(narrow), minlength=size)
            volume_mm3 = volume_mm3.copy()
            volume_mm3[narrow] = 0
            width[narrow] = 1
        density = np.divide(volume_mm3, width, out=width)
        first, last = low.astype(np.int64), high.astype(np.int64)
        low -= first
        low -= 1
        low *= density
        high -= last
        high *= density
        self._points -= np.bincount(first, low, minlength=size)
        self._points += np.bincount(last, high, minlength=size)
        self._steps[1:] += np.bincount(first, density, minlength=size)[:-1]
        self._steps -= np.bincount(last, density, minlength=size)
