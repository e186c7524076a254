"""The part of a solid that lies beyond a plane, as a fraction of the solid's volume.

Every function takes ``b`` in [0, 1], how far the plane has gone from the solid's lowest point
to its highest along the plane's normal, and returns the fraction at or beyond the plane:
1 at b = 0 and 0 at b = 1. In a dose that rises along the normal this is the cumulative
dose-volume histogram. The forms follow Nelms et al., Med. Phys. 42 (2015) 4435, and were
derived anew where named.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def prism_beyond(b: Floats) -> Floats:
    """Return the fraction of a box or a cylinder cut at right angles to its axis."""
    return np.asarray(1 - b)


def ellipsoid_beyond(b: Floats) -> Floats:
    """Return the fraction of a sphere or an ellipsoid, cut in any direction."""
    u = 2 * b - 1
    return np.asarray((2 - 3 * u + u**3) / 4)


def cylinder_across_beyond(b: Floats) -> Floats:
    """Return the fraction of a cylinder cut along its axis: a segment of its disc."""
    u = 2 * b - 1
    return np.asarray(0.5 - (np.arcsin(u) + u * np.sqrt(1 - u**2)) / np.pi)


def cone_from_apex_beyond(b: Floats) -> Floats:
    """Return the fraction of a cone cut at right angles to its axis, its apex lowest."""
    return np.asarray(1 - b**3)


def cone_from_base_beyond(b: Floats) -> Floats:
    """Return the fraction of a cone cut at right angles to its axis, its base lowest."""
    return np.asarray((1 - b) ** 3)


def cone_across_beyond(b: Floats) -> Floats:
    """Return the fraction of a cone cut along its axis.

    Each disc of radius w beyond the plane x = u has the area w^2 (acos(u/w) - (u/w)
    sqrt(1 - (u/w)^2)); integrated over w from |u| to 1 this is the form below. Some public
    copies of it lack the factor 2 of the first term.
    """
    u = 2 * b - 1
    steep = np.abs(u)
    inverse = np.divide(1.0, steep, out=np.ones_like(steep), where=steep > 0)
    third = steep**3 * np.arccosh(np.maximum(inverse, 1.0))
    half = (2 * steep * np.sqrt(1 - u**2) + np.arcsin(steep) - third) / np.pi
    return np.asarray(0.5 - np.sign(u) * half)
