"""PlannedDvh: a histogram that the planning system wrote into its dose, for what it is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.dose.tally import TIE_GY
from oligort.measure import Interval

Floats = npt.NDArray[np.float64]

RISE_TOLERANCE = 1e-6
"""Share of the volume by which a curve may rise, or fall below 0.

Volumes are written with as few as six digits, and summed up over thousands of bins.
"""


@dataclass(frozen=True, eq=False)
class PlannedDvh:
    """One item of the DVH Sequence (3004,0050) of an RTDOSE.

    The standard does not say where in its bin a cumulative volume stands. So a curve is a band:
    read at the lower end of each bin it is `lower_percent`, at the upper end `upper_percent`. Of a
    differential histogram both are the same. Between two edges nothing is known but that a curve
    never rises: it may fall anywhere in the bin, and all at once.

    Parameters
    ----------
    roi_numbers, excluded_roi_numbers : tuple of int
        Referenced ROI Numbers (3006,0084) whose volume is INCLUDED, and EXCLUDED.
    dvh_type, dose_units, volume_units : str
        DVH Type (3004,0001), Dose Units (3004,0002), DVH Volume Units (3004,0054), as written.
    stated_minimum, stated_mean, stated_maximum : float or None
        DVH Minimum, Mean and Maximum Dose (3004,0070, 0074, 0072), as written: said to be in
        `dose_units`, and not always so.
    edges_gy : (n+1,) floats or None
        Ends of the bins, from 0 Gy.
    lower_percent, upper_percent : (n+1,) floats or None
        Cumulative volume at the edges in percent of the first one.
    volume_cc : float or None
        The first cumulative volume; None where volumes are in percent.
    refusal : str
        Why there is no curve, or "".
    """

    roi_numbers: tuple[int, ...]
    excluded_roi_numbers: tuple[int, ...] = ()
    dvh_type: str = ""
    dose_units: str = ""
    volume_units: str = ""
    stated_minimum: float | None = None
    stated_mean: float | None = None
    stated_maximum: float | None = None
    edges_gy: Floats | None = None
    lower_percent: Floats | None = None
    upper_percent: Floats | None = None
    volume_cc: float | None = None
    refusal: str = ""

    def __post_init__(self) -> None:
        arrays = (self.edges_gy, self.lower_percent, self.upper_percent)
        missing = [array is None for array in arrays]
        if any(missing) != all(missing) or all(missing) != bool(self.refusal):
            raise ValueError("expected a curve or the reason why there is none")
        for array in arrays:
            if array is not None:
                array.setflags(write=False)

    def percent_at(self, doses_gy: Floats) -> tuple[Floats, Floats]:
        """Return the least and the most volume (n,) in percent at doses (n,).

        Raises
        ------
        ValueError
            If there is no curve.
        """
        edges, lower, upper = self._curve()
        doses = np.maximum(doses_gy, 0.0)
        after = np.searchsorted(edges, doses - TIE_GY)
        before = np.searchsorted(edges, doses + TIE_GY, side="right") - 1
        least = np.append(lower, 0.0)[after]
        most = np.where(doses > edges[-1] + TIE_GY, 0.0, upper[before])
        return least, most

    @property
    def mean_gy(self) -> Interval:
        """The mean doses that the curve leaves open, by either reading of its bins.

        Raises
        ------
        ValueError
            If there is no curve.
        """
        edges, lower, upper = self._curve()
        widths = np.diff(edges)  # the mean is the area under the curve
        return Interval(float(widths @ lower[1:]) / 100, float(widths @ upper[:-1]) / 100)

    @property
    def minimum_gy(self) -> Interval:
        """The doses at which the curve may begin to fall.

        Raises
        ------
        ValueError
            If there is no curve.
        """
        edges, lower, upper = self._curve()
        whole = 100 * (1 - RISE_TOLERANCE)
        first = min(int(np.count_nonzero(upper >= whole)), len(edges) - 1)
        return Interval(float(edges[lower >= whole][-1]), float(edges[first]))

    @property
    def maximum_gy(self) -> Interval:
        """The doses at which the curve may end.

        Raises
        ------
        ValueError
            If there is no curve.
        """
        edges, lower, upper = self._curve()
        none = 100 * RISE_TOLERANCE
        first = min(int(np.count_nonzero(upper > none)), len(edges) - 1)
        return Interval(float(edges[lower > none][-1]), float(edges[first]))

    def _curve(self) -> tuple[Floats, Floats, Floats]:
        if self.edges_gy is None or self.lower_percent is None or self.upper_percent is None:
            raise ValueError(f"expected a curve, found none: {self.refusal}")
        return self.edges_gy, self.lower_percent, self.upper_percent


def curve_of(
    dvh_type: str, widths_gy: Floats, volumes: Floats
) -> tuple[Floats, Floats, Floats, float]:
    """Return edges (n+1,) in Gy, the lower and the upper curve in percent, and the whole volume.

    Parameters
    ----------
    dvh_type : str
        CUMULATIVE or DIFFERENTIAL.
    widths_gy, volumes : (n,) floats
        The bins of DVH Data (3004,0058), PS3.3 C.8.8.4; the volumes in any unit.

    Raises
    ------
    ValueError
        If they make no histogram.
    """
    if dvh_type not in {"CUMULATIVE", "DIFFERENTIAL"}:
        raise ValueError("only cumulative and differential histograms are read")
    if (widths_gy < 0).any() or widths_gy.sum() <= 0:
        raise ValueError("expected bins of a width above 0 Gy")
    if len(widths_gy) > 2 and (np.diff(widths_gy) > 0).all():
        raise ValueError("the widths of its bins ascend throughout, as running doses would")
    edges_gy = np.concatenate([[0.0], np.cumsum(widths_gy)])
    if dvh_type == "DIFFERENTIAL":
        if (volumes < -RISE_TOLERANCE * np.abs(volumes).sum()).any():
            raise ValueError("expected volumes of at least 0")
        lower = np.append(np.cumsum(volumes[::-1])[::-1], 0.0)
        upper = lower
    else:
        lower = np.append(volumes, 0.0)
        upper = np.concatenate([volumes[:1], volumes])
    whole = float(lower[0])
    if not whole > 0:
        raise ValueError("expected a volume above 0")
    if (np.diff(lower) > RISE_TOLERANCE * whole).any() or lower.min() < -RISE_TOLERANCE * whole:
        raise ValueError("expected a cumulative curve that never rises, nor falls below 0")
    lower, upper = (np.clip(100 * curve / whole, 0.0, 100.0) for curve in (lower, upper))
    return edges_gy, lower, upper, whole
