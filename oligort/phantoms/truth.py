"""Truth: a body whose dose-volume histogram is known in every field of the phantoms."""

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from oligort.phantoms.fields import Field, Gaussian, PlanarField
from oligort.phantoms.solid import Vector

Floats = npt.NDArray[np.float64]

SHELLS = 2000
"""Layers of equal thickness between the lowest and the highest dose, for the mean dose.

In each the part of the volume is that at its middle. A dose that falls by e^7 over the body changes
by 0.35 % in a layer, which leaves (0.0035)^2 / 24 of the mean: 5e-7.
"""

HALVINGS = 60
"""Bisections of a dose range, to the last digit of a dose."""


class Truth(ABC):
    """A body whose parts beyond a plane and within a ball are known.

    Fields are planar in any direction, or Gaussian about the centre of the body.
    """

    @property
    @abstractmethod
    def centre_mm(self) -> Vector:
        """Centre of the body."""

    @property
    @abstractmethod
    def volume_cc(self) -> float:
        """Exact volume."""

    @abstractmethod
    def beyond_mm3(self, direction: Floats, position_mm: Floats) -> Floats:
        """Return the volumes (D,) beyond planes across a unit vector at positions (D,)."""

    @abstractmethod
    def within_mm3(self, radius_mm: Floats) -> Floats:
        """Return the volumes (D,) within balls of radii (D,) about the centre.

        Raises
        ------
        ValueError
            If the sections are no discs.
        """

    @abstractmethod
    def extent_mm(self, direction: Floats) -> tuple[float, float]:
        """Return the lowest and the highest position along a unit vector."""

    @property
    @abstractmethod
    def radii_mm(self) -> tuple[float, float]:
        """Distances from the centre that no point of the body falls below or exceeds."""

    def fraction(self, field: Field, dose_gy: npt.ArrayLike) -> Floats:
        """Return the fractions (D,) of the volume that get at least the doses (D,).

        Raises
        ------
        ValueError
            If the field is a Gaussian about another point, or in sections that are no discs.
        """
        dose = np.asarray(dose_gy, dtype=np.float64)
        if isinstance(field, PlanarField):
            return self._fraction_at(field, field.position_mm(dose))
        return self._fraction_at(field, self._gaussian(field).radius_mm(dose))

    def range_gy(self, field: Field) -> tuple[float, float]:
        """Return doses that no point of the body falls below or exceeds."""
        lowest, highest = np.sort(self._dose_at_level(field, np.array(self._levels(field))))
        return float(lowest), float(highest)

    def mean_gy(self, field: Field) -> float:
        """Return the mean dose: the area under the cumulative curve."""
        border = np.linspace(*self._levels(field), SHELLS + 1)
        dose = self._dose_at_level(field, border)
        part = self._fraction_at(field, (border[:-1] + border[1:]) / 2)
        return float(dose.min() + part @ np.abs(np.diff(dose)))

    def dose_at(self, field: Field, fraction: npt.ArrayLike) -> Floats:
        """Return the highest doses (X,) that fractions (X,) of the volume get: D95 at 0.95."""
        wanted = np.asarray(fraction, dtype=np.float64)
        low, high = (np.full(wanted.shape, dose) for dose in self.range_gy(field))
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            is_reached = self.fraction(field, middle) >= wanted
            low, high = np.where(is_reached, middle, low), np.where(is_reached, high, middle)
        return np.asarray((low + high) / 2)

    def _levels(self, field: Field) -> tuple[float, float]:
        """Return the lowest and the highest level of the body.

        A level is the position of a plane of one dose along the direction of a planar field, or the
        radius of a ball of one dose about the centre of a Gaussian.
        """
        if isinstance(field, PlanarField):
            return self.extent_mm(field.direction)
        self._gaussian(field)
        return self.radii_mm

    def _dose_at_level(self, field: Field, level_mm: Floats) -> Floats:
        if isinstance(field, PlanarField):
            return field.dose_gy(level_mm[:, None] * field.direction)
        return field.dose_gy(np.array(self.centre_mm) + level_mm[:, None] * np.eye(3)[0])

    def _fraction_at(self, field: Field, level_mm: Floats) -> Floats:
        low, high = self._levels(field)
        inside = np.clip(level_mm, low, high)
        is_planar = isinstance(field, PlanarField)
        if isinstance(field, PlanarField):
            volume = self.beyond_mm3(field.direction, inside)
        else:
            volume = self.within_mm3(inside)
        fraction = np.clip(volume / (1000 * self.volume_cc), 0, 1)
        # beyond the ends it is no matter of rounding
        fraction = np.where(level_mm < low, float(is_planar), fraction)
        return np.where(level_mm > high, float(not is_planar), fraction)

    def _gaussian(self, field: Field) -> Gaussian:
        if not isinstance(field, Gaussian):
            raise ValueError(f"expected a planar field or a Gaussian, found {field}")
        if field.centre_mm != self.centre_mm:
            raise ValueError("expected the Gaussian dose about the centre of the body")
        return field
