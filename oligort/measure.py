"""A measured value with its unit, and an interval for each cause of doubt."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

MM_PER_CM = 10


class Interval(NamedTuple):
    """The lowest and the highest value that a cause of doubt allows, in the measure's unit."""

    low: float
    high: float


class Measure(float):
    """A float that knows its unit and, per cause, the interval in which the truth lies.

    Parameters
    ----------
    value : float
        The best estimate.
    unit : str
        "Gy", "cc", "mm" or "%"; "" of a ratio.
    **intervals : tuple[float, float]
        Lowest and highest value by cause: ``coverage`` (volume of unknown dose),
        ``convention`` (end caps, interpolation), ``numerical``, ``outline`` (which of several
        outlines is the lesion's), ``planes`` (an axial size of what is not drawn in axial planes).

    Raises
    ------
    ValueError
        If an interval does not contain the value.
    """

    __slots__ = ("intervals", "unit")
    unit: str
    intervals: Mapping[str, Interval]

    def __new__(cls, value: float, unit: str, **intervals: tuple[float, float]) -> "Measure":
        """Build the measure, checking that each interval contains the value."""
        measure = float.__new__(cls, value)
        measure.unit = unit
        named: dict[str, Interval] = {}
        for cause, ends in intervals.items():
            low, high = ends
            if not low <= value <= high:
                raise ValueError(
                    f"expected the {cause} interval to contain {value}, found {low} to {high}"
                )
            named[cause] = ends if type(ends) is Interval else Interval(low, high)
        measure.intervals = MappingProxyType(named)
        return measure

    @property
    def low(self) -> float:
        """The lowest value that any cause allows."""
        return min((interval.low for interval in self.intervals.values()), default=float(self))

    @property
    def high(self) -> float:
        """The highest value that any cause allows."""
        return max((interval.high for interval in self.intervals.values()), default=float(self))

    def without(self, cause: str) -> "Measure":
        """Return the measure as if one cause of doubt were settled."""
        others = {other: interval for other, interval in self.intervals.items() if other != cause}
        return Measure(self, self.unit, **others)

    def __repr__(self) -> str:
        """Value and unit, then the intervals that have a width."""
        text = f"{float(self):.6g} {self.unit}".rstrip()
        doubts = [
            f"{cause} {interval.low:.6g} to {interval.high:.6g}"
            for cause, interval in self.intervals.items()
            if interval.high > interval.low
        ]
        return f"{text} ({', '.join(doubts)})" if doubts else text

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy with unit and intervals."""
        return _rebuild, (float(self), self.unit, dict(self.intervals))


def _rebuild(value: float, unit: str, intervals: dict[str, Interval]) -> Measure:
    return Measure(value, unit, **intervals)
