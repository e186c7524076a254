"""Edge: what lies beyond the outermost voxel centres of a grid, where the dose is not known.

A voxel reaches half a spacing beyond its centre, and there the dose goes straight on. That is the
best guess and no knowledge: where a penumbra begins or ends at the border of a clipped grid, it
bends. So the value counts the guess, and the interval ``coverage`` what any dose could make of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.dose.sampling import Samples, SubVoxels
from oligort.dose.tally import Extremes, Tally

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EdgeDose:
    """Volume beyond the outermost voxel centres of a grid, or of some grids of a sum.

    Parameters
    ----------
    found : (n + 1,) array
        Its cumulative curve, which is a part of the histogram's.
    least : (n + 1,) array
        The same of the dose that is certain, what other grids give there; it begins with the
        volume of which any is.
    lost_gy : float
        By how much the sum of dose times volume is less then.
    """

    found: Floats
    least: Floats
    lost_gy: float

    def __post_init__(self) -> None:
        self.found.setflags(write=False)
        self.least.setflags(write=False)

    @property
    def volume(self) -> float:
        """The whole volume, in the unit of the curves."""
        return float(self.found[0])

    def kept(self, edges: npt.NDArray[np.bool_], unit: float) -> "EdgeDose":
        """Return the curves at some edges, in another unit of volume."""
        return EdgeDose(self.found[edges] * unit, self.least[edges] * unit, self.lost_gy * unit)

    @classmethod
    def sum_of(cls, parts: Sequence["EdgeDose"], size: int) -> "EdgeDose | None":
        """Return the sum of some parts on so many edges; None of none."""
        if not parts:
            return None
        found, least = np.zeros(size), np.zeros(size)
        for part in parts:
            found[: len(part.found)] += part.found[:size]
            least[: len(part.least)] += part.least[:size]
        return cls(found, least, sum(part.lost_gy for part in parts))


class EdgeTally:
    """Collects the sub-voxels of a region, or parts of them, that lie beyond the centres.

    Parameters as of `Tally`.
    """

    def __init__(self, range_gy: tuple[float, float], bin_gy: float, *, is_linear: bool) -> None:
        self._found = Tally(range_gy, bin_gy, is_linear=is_linear)
        self._least = Tally((0.0, range_gy[1]), bin_gy, is_linear=is_linear)

    def add(self, sub_voxels: SubVoxels, samples: Samples, sub_voxel_mm3: Floats) -> None:
        """Add what of some sub-voxels of a volume each, (N,), lies beyond the centres."""
        for known in (samples, *samples.partly):
            if known.core is not None:
                beyond = np.maximum(known.inside - known.core, 0)
                _add(self._found, sub_voxels, known, beyond, sub_voxel_mm3)
        for certain in samples.certain:
            _add(self._least, sub_voxels, certain, certain.inside, sub_voxel_mm3)

    def merge(self) -> None:
        """Take no more sub-voxels of the same blocks."""
        self._found.merge()
        self._least.merge()

    def counted(self, extremes: Extremes) -> EdgeDose | None:
        """Return what was collected, on the edges of the histogram with these extremes."""
        if not self._found.volume_mm3:
            return None
        found = _cumulative(self._found, extremes)
        # What another grid gives may be less than any dose of the sum.
        least = _cumulative(self._least, extremes._replace(low=0.0))
        lost_gy = self._found.dose_volume - self._least.dose_volume
        return EdgeDose(found, np.minimum(least, found), max(lost_gy, 0.0))


def _add(
    tally: Tally, sub_voxels: SubVoxels, samples: Samples, inside: Floats, sub_voxel_mm3: Floats
) -> None:
    """Add those sub-voxels of which a fraction counts: most lie elsewhere."""
    which = np.flatnonzero(inside > 0)
    if not len(which):
        return
    some = sub_voxels._replace(
        covered=sub_voxels.covered.take(which), block=sub_voxels.block.take(which)
    )
    tally.add(
        some,
        Samples(
            samples.dose_gy.take(which),
            samples.along_gy.take(which),
            samples.across_gy.take(which),
            samples.reach_gy.take(which),
            inside.take(which),
        ),
        sub_voxel_mm3.take(which),
    )


def _cumulative(tally: Tally, extremes: Extremes) -> Floats:
    """Return the volume in each bin and those above it, and nothing above the last."""
    beyond = np.cumsum(tally.histogram(extremes)[::-1])[::-1]
    if beyond[0] > 0:
        beyond *= tally.volume_mm3 / beyond[0]
    return np.asarray(np.maximum(np.append(beyond, 0.0), 0))
