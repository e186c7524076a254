"""NumericalDoubt: what the computation of a histogram may be off by."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.measure import Interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NumericalDoubt:
    """What the computation of a histogram may be off by.

    Parameters
    ----------
    curve_cc : (n + 1,) array
        Half-width of the interval around the cumulative volume at each edge.
    min_gy, mean_gy, max_gy : Interval
        In which the doses of the covered part lie.
    """

    curve_cc: Floats
    min_gy: Interval
    mean_gy: Interval
    max_gy: Interval

    def __post_init__(self) -> None:
        self.curve_cc.setflags(write=False)
