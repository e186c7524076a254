"""Cumulative dose-volume histograms in closed form: the ground truth of the DVH engine."""

import numpy as np
import numpy.typing as npt

from oligort.phantoms.fields import Gaussian, PlanarField
from oligort.phantoms.round import Sphere
from oligort.phantoms.solid import Solid

Floats = npt.NDArray[np.float64]


def fraction_in_planar_field(solid: Solid, field: PlanarField, dose_gy: npt.ArrayLike) -> Floats:
    """Return the fraction of a solid's volume that gets at least each dose.

    Parameters
    ----------
    solid : Solid
        The pure solid, not the slabs that contours make of it.
    field : PlanarField
        A linear gradient or a beam's edge.
    dose_gy : array of any shape
        Doses in Gy.

    Raises
    ------
    ValueError
        If the solid has no closed form in the field's direction.
    """
    low, high = solid.extent_mm(field.direction)
    position = field.position_mm(np.asarray(dose_gy, dtype=np.float64))
    return solid.fraction_beyond(field.direction, np.clip((position - low) / (high - low), 0, 1))


def fraction_in_gaussian(sphere: Sphere, field: Gaussian, dose_gy: npt.ArrayLike) -> Floats:
    """Return the fraction of a sphere's volume that gets at least each dose of a Gaussian.

    Parameters
    ----------
    sphere : Sphere
        About the centre of the field.
    field : Gaussian
        The dose.
    dose_gy : array of any shape
        Doses in Gy.

    Raises
    ------
    ValueError
        If sphere and field have different centres.
    """
    if sphere.centre_mm != field.centre_mm:
        raise ValueError("expected the sphere about the centre of the Gaussian dose")
    radius = field.radius_mm(np.asarray(dose_gy, dtype=np.float64))
    return np.asarray(np.minimum(radius / sphere.radius_mm, 1) ** 3)
