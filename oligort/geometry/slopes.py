"""Slopes: by how much the areas of a stack reach farther than those before them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The areas before each area of a stack, on one of its sides.

    Parameters
    ----------
    reach_mm, height_mm : (A, 2 D) and (A,) arrays
        How far each area reaches along each direction of a whole turn, and where it lies.
    before : (L,) indices
        Those before the first area, then those before the second, and so on.
    counts, starts : (A,) indices
        How many are before each area, and where they begin in `before`.
    """

    reach_mm: Floats
    height_mm: Floats
    before: Indices
    counts: Indices
    starts: Indices

    @classmethod
    def of(
        cls, before: Indices, after: Indices, reach_mm: Floats, height_mm: Floats
    ) -> "Neighbours":
        """Return them by links (L,) from an area before to one after it."""
        counts = np.bincount(after, minlength=len(height_mm))
        order = np.argsort(after, kind="stable")
        return cls(reach_mm, height_mm, before[order], counts, np.cumsum(counts) - counts)

    def slopes(self, areas: Indices) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Return by how much reach grows per mm from before areas to them, and whether known.

        (S, 2 D) and (S, 1); of several areas before one that which reaches farthest tells. What
        is not known is 0.
        """
        reach, height = self.reach_mm, self.height_mm
        counts, known = self.counts[areas], self.counts[areas] > 0
        if not known.any():
            return np.zeros((len(areas), reach.shape[1])), known[:, None]
        last = self.before[np.where(known, self.starts[areas] + counts - 1, 0)]
        farthest = reach[last]
        several = np.flatnonzero(counts > 1)
        if len(several):
            own = counts[several]
            first = np.cumsum(own) - own
            each = np.arange(own.sum()) + np.repeat(self.starts[areas[several]] - first, own)
            farthest[several] = np.maximum.reduceat(reach[self.before[each]], first)
        growth = np.subtract(reach[areas], farthest, out=farthest)
        growth /= np.where(known, np.abs(height[areas] - height[last]), 1.0)[:, None]
        growth[~known] = 0
        return growth, known[:, None]
