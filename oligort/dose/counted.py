"""Counted: a histogram in bins with what it may be off by, before it is a Dvh."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from oligort.conventions import Conventions
from oligort.dose.doubt import NumericalDoubt
from oligort.dose.dvh import Dvh
from oligort.dose.edge import EdgeDose
from oligort.geometry.region import Region
from oligort.measure import Interval

Floats = npt.NDArray[np.float64]

BIN_GY = 0.01
"""Width of the histogram's bins: a tenth of what planning systems print."""


@dataclass(frozen=True)
class Statistics:
    """The lowest, the mean and the highest dose of what is covered, and where the ends lie."""

    min_gy: float
    mean_gy: float
    max_gy: float
    min_within_gy: Interval
    max_within_gy: Interval


@dataclass(frozen=True, eq=False)
class Counted:
    """A histogram, with what it may be off by.

    Parameters
    ----------
    bin_gy, cumulative_mm3, volume_mm3, partly_mm3, edge
        As of an estimate (`histogram`).
    uncovered_mm3 : float
        Volume outside the dose grid.
    statistics : Statistics or None
        None where nothing is covered.
    doubt_mm3 : (n + 1,) array
        What the curve may be off by at each edge.
    """

    bin_gy: float
    cumulative_mm3: Floats
    volume_mm3: float
    uncovered_mm3: float
    statistics: Statistics | None
    doubt_mm3: Floats
    partly_mm3: Floats | None
    edge: EdgeDose | None = None

    @property
    def kept_edges(self) -> npt.NDArray[np.bool_]:
        """Which edges tell something.

        Below the lowest dose, where the curve is flat, finer bins than the usual ones tell nothing.
        """
        number = np.arange(len(self.cumulative_mm3))
        usual = round(BIN_GY / self.bin_gy)
        low_gy = self.statistics.min_gy if self.statistics else 0.0
        return np.asarray((number % usual == 0) | (number * self.bin_gy >= low_gy - BIN_GY))

    def dvh(
        self,
        region: Region,
        roi_name: str,
        roi_number: int | None,
        kept: npt.NDArray[np.bool_],
        *notes: str,
    ) -> Dvh:
        """Return the histogram of a region on the edges that are kept (n + 1,)."""
        found, numerical = self.statistics, None
        if found is not None:
            # The mean is the area below the curve: in doubt by no more than the curve is
            # throughout.
            off = float(self.doubt_mm3.sum()) * self.bin_gy / (self.volume_mm3 - self.uncovered_mm3)
            numerical = NumericalDoubt(
                curve_cc=self.doubt_mm3[kept] / 1000,
                min_gy=found.min_within_gy,
                mean_gy=Interval(
                    max(found.mean_gy - off, min(found.min_within_gy.low, found.mean_gy)),
                    min(found.mean_gy + off, max(found.max_within_gy.high, found.mean_gy)),
                ),
                max_gy=found.max_within_gy,
            )
        return Dvh(
            roi_name=roi_name,
            roi_number=roi_number,
            edges_gy=np.asarray(np.arange(len(kept))[kept] * self.bin_gy),
            cumulative_cc=self.cumulative_mm3[kept] / 1000,
            volume_cc=self.volume_mm3 / 1000,
            uncovered_cc=self.uncovered_mm3 / 1000,
            min_gy=found.min_gy if found else None,
            mean_gy=found.mean_gy if found else None,
            max_gy=found.max_gy if found else None,
            numerical=numerical,
            loops_overlap=region.loops_overlap,
            settings=settings_of(region.conventions),
            notes=(*region.notes, *notes),
            partly_covered_cc=None if self.partly_mm3 is None else self.partly_mm3[kept] / 1000,
            edge=None if self.edge is None else self.edge.kept(kept, 1 / 1000),
        )


def settings_of(conventions: Conventions) -> Mapping[str, str]:
    """Return by name the conventions that a histogram follows, those too that nobody chooses."""
    return MappingProxyType(
        {
            **asdict(conventions),
            "dose_grid_edge": "half a voxel beyond the outermost centres",
            "bin_width_gy": f"{BIN_GY:g} or finer",
        }
    )
