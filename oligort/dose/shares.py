"""Shares: what sub-voxels along one axis take of the coefficients of a dose."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.dose.spline import SplineAxis

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shares:
    """What positions (N,) along an axis take of the `count` coefficients from `first` on.

    `value` and `change` (count, N): for the dose in an interval around each position, and for its
    change across it. Of two the first is not used: it follows from the second. `ends` is for the
    mean of both ends of the interval; None where that is the dose.
    """

    first: Integers
    value: Floats
    change: Floats
    ends: Floats | None = None

    @classmethod
    def of(
        cls, axis: SplineAxis, positions_mm: Floats, sizes_mm: Floats, *, across: bool
    ) -> "Shares":
        """Return the shares of intervals of a size each (N,) around positions.

        `across` is whether knots may lie in them.
        """
        weighed = axis.mean_weights_across if across else axis.mean_weights
        weights = weighed(positions_mm, sizes_mm)
        return cls(weights.first, weights.value, weights.slope * sizes_mm, weights.ends)

    @property
    def count(self) -> int:
        """Coefficients that count at each position."""
        return len(self.value)

    def take(self, which: Integers) -> "Shares":
        """Return the shares of some positions, each as often as it is named."""
        taken = [np.empty((self.count, len(which))) for _ in self._weights]
        for old, new in zip(self._weights, taken, strict=True):
            for number in range(int(self.count == 2), self.count):
                new[number] = old[number].take(which)
        return Shares(self.first, *taken)

    def along(self, axis: int) -> "Shares":
        """Return the same for arrays of three axes."""
        shape = [self.count, 1, 1, 1]
        shape[axis + 1] = -1
        return Shares(self.first, *(weights.reshape(shape) for weights in self._weights))

    @property
    def _weights(self) -> list[Floats]:
        ends = [] if self.ends is None else [self.ends]
        return [self.value, self.change, *ends]

    def dose(self, neighbours: Sequence[Floats]) -> Floats:
        """Return the dose from what is at the neighbours of each position."""
        if self.count > 2:
            return _weighted(neighbours, self.value)
        dose = neighbours[1] - neighbours[0]
        dose *= self.value[1]
        dose += neighbours[0]
        return dose

    def dose_and_change(self, neighbours: Sequence[Floats]) -> tuple[Floats, Floats]:
        """Return the dose and its change from what is at the neighbours of each position."""
        if self.count > 2:
            return _weighted(neighbours, self.value), _weighted(neighbours, self.change)
        change = neighbours[1] - neighbours[0]
        dose = change * self.value[1]
        dose += neighbours[0]
        change *= self.change[1]
        return dose, change

    def at_ends(self, neighbours: Sequence[Floats]) -> Floats:
        """Return the mean of both ends from what is at the neighbours of each position."""
        return self.dose(neighbours) if self.ends is None else _weighted(neighbours, self.ends)


def _weighted(values: Sequence[Floats], weights: Floats) -> Floats:
    """Return the sum of values, each times its weights."""
    total: Floats = values[0] * weights[0]
    product = np.empty_like(total)
    for value, weight in zip(values[1:], weights[1:], strict=True):
        np.multiply(value, weight, out=product)
        total += product
    return total
