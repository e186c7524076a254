"""Dose fields by formula: dose in Gy at any point of the patient, and on a grid."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from oligort.geometry.grid import Grid
from oligort.phantoms.solid import Vector

Floats = npt.NDArray[np.float64]


class Field(ABC):
    """A dose known everywhere."""

    @abstractmethod
    def dose_gy(self, points_mm: Floats) -> Floats:
        """Return the dose at points of shape (..., 3), patient LPS millimetres."""

    def on(self, grid: Grid) -> Floats:
        """Return the dose at the voxel centres of a grid, of shape (i, j, k)."""
        indices = np.moveaxis(np.indices(grid.shape, dtype=np.float64), 0, -1)
        return self.dose_gy(grid.to_patient(indices))


class PlanarField(Field):
    """A dose that rises along one direction and is the same all over each plane across it."""

    @property
    @abstractmethod
    def direction(self) -> Floats:
        """(3,) unit vector along which the dose rises."""

    @abstractmethod
    def position_mm(self, dose_gy: Floats) -> Floats:
        """Return how far along `direction`, from the LPS origin, the dose first reaches a value.

        Minus infinity where it is reached everywhere, infinity where nowhere.
        """


def _unit(vector: Vector, what: str) -> Floats:
    length = float(np.linalg.norm(vector))
    if not (np.isfinite(length) and length > 0):
        raise ValueError(f"expected a finite vector with a length for {what}, found {vector}")
    return np.asarray(vector, dtype=np.float64) / length


@dataclass(frozen=True)
class LinearGradient(PlanarField):
    """Dose that rises by the same amount with every millimetre, in any direction.

    Parameters
    ----------
    at_origin_gy : float
        Dose at the LPS origin.
    gradient_gy_per_mm : (3,) floats
        Towards the higher dose; must not be zero.
    """

    at_origin_gy: float
    gradient_gy_per_mm: Vector

    def __post_init__(self) -> None:
        _unit(self.gradient_gy_per_mm, "the gradient")

    @cached_property
    def direction(self) -> Floats:
        """(3,) unit vector along which the dose rises."""
        return _unit(self.gradient_gy_per_mm, "the gradient")

    def dose_gy(self, points_mm: Floats) -> Floats:
        """Return the dose at points of shape (..., 3)."""
        return np.asarray(self.at_origin_gy + points_mm @ np.array(self.gradient_gy_per_mm))

    def position_mm(self, dose_gy: Floats) -> Floats:
        """Return how far along `direction` the dose reaches a value."""
        steepness = float(np.linalg.norm(self.gradient_gy_per_mm))
        return np.asarray((dose_gy - self.at_origin_gy) / steepness)


@dataclass(frozen=True)
class Sigmoid(PlanarField):
    """The edge of a beam: D = maximum / (1 + exp(-s / width)), s measured from the edge.

    Parameters
    ----------
    maximum_gy : float
        Dose far inside.
    edge_mm : (3,) floats
        A point where the dose is half the maximum.
    inwards : (3,) floats
        Direction in which the dose rises; any length but zero.
    width_mm : float
        The dose falls from 73 % to 27 % of the maximum within twice this width.
    """

    maximum_gy: float
    edge_mm: Vector
    inwards: Vector
    width_mm: float

    def __post_init__(self) -> None:
        _unit(self.inwards, "the direction inwards")
        if not (self.maximum_gy > 0 and self.width_mm > 0):
            raise ValueError("expected a maximum above 0 Gy and a width above 0 mm")

    @cached_property
    def direction(self) -> Floats:
        """(3,) unit vector along which the dose rises."""
        return _unit(self.inwards, "the direction inwards")

    def dose_gy(self, points_mm: Floats) -> Floats:
        """Return the dose at points of shape (..., 3)."""
        inside = ((points_mm - np.array(self.edge_mm)) @ self.direction) / self.width_mm
        # tanh, not exp: it neither overflows far outside nor loses digits far inside
        return np.asarray(self.maximum_gy * (1 + np.tanh(inside / 2)) / 2)

    def position_mm(self, dose_gy: Floats) -> Floats:
        """Return how far along `direction` the dose reaches a value."""
        share = np.clip(np.asarray(dose_gy) / self.maximum_gy, 0, 1)
        with np.errstate(divide="ignore"):  # 0 and the maximum are reached at infinity
            inside = np.log(share) - np.log1p(-share)
        return np.asarray(np.array(self.edge_mm) @ self.direction + self.width_mm * inside)


@dataclass(frozen=True)
class Exponential(PlanarField):
    """Dose that falls off with the depth below a plane: D = maximum exp(-depth / length).

    Above the plane it goes on to rise, so it is smooth everywhere.

    Parameters
    ----------
    maximum_gy : float
        Dose at the plane, the highest of what lies below it.
    at_mm : (3,) floats
        A point of the plane.
    upwards : (3,) floats
        Direction in which the dose rises; any length but zero.
    length_mm : float
        Depth at which the dose has fallen to 37 %.
    """

    maximum_gy: float
    at_mm: Vector
    upwards: Vector
    length_mm: float

    def __post_init__(self) -> None:
        _unit(self.upwards, "the direction upwards")
        if not (self.maximum_gy > 0 and self.length_mm > 0):
            raise ValueError("expected a maximum above 0 Gy and a length above 0 mm")

    @cached_property
    def direction(self) -> Floats:
        """(3,) unit vector along which the dose rises."""
        return _unit(self.upwards, "the direction upwards")

    def dose_gy(self, points_mm: Floats) -> Floats:
        """Return the dose at points of shape (..., 3)."""
        above = (points_mm - np.array(self.at_mm)) @ self.direction
        return np.asarray(self.maximum_gy * np.exp(above / self.length_mm))

    def position_mm(self, dose_gy: Floats) -> Floats:
        """Return how far along `direction` the dose reaches a value."""
        share = np.maximum(np.asarray(dose_gy) / self.maximum_gy, 0)
        with np.errstate(divide="ignore"):  # no depth is too deep for 0 Gy
            above = self.length_mm * np.log(share)
        return np.asarray(np.array(self.at_mm) @ self.direction + above)


@dataclass(frozen=True)
class Gaussian(Field):
    """Dose that falls off from a point: D = maximum exp(-r^2 / (2 sigma^2)).

    Parameters
    ----------
    maximum_gy : float
        Dose at the centre.
    centre_mm : (3,) floats
        Where it is highest.
    sigma_mm : float
        Distance at which it has fallen to 61 %.
    """

    maximum_gy: float
    centre_mm: Vector
    sigma_mm: float

    def __post_init__(self) -> None:
        if not (self.maximum_gy > 0 and self.sigma_mm > 0):
            raise ValueError("expected a maximum above 0 Gy and a sigma above 0 mm")

    def dose_gy(self, points_mm: Floats) -> Floats:
        """Return the dose at points of shape (..., 3)."""
        squared = ((points_mm - np.array(self.centre_mm)) ** 2).sum(axis=-1)
        return np.asarray(self.maximum_gy * np.exp(-squared / (2 * self.sigma_mm**2)))

    def radius_mm(self, dose_gy: Floats) -> Floats:
        """Return the radius of the ball that gets at least a dose; 0 where nothing does."""
        share = np.clip(np.asarray(dose_gy) / self.maximum_gy, 0, 1)
        with np.errstate(divide="ignore"):  # every point gets at least 0 Gy: an infinite ball
            return np.asarray(self.sigma_mm * np.sqrt(-2 * np.log(share)))
