"""Solids and dose fields by formula, with their closed forms."""

from oligort.phantoms.dvh import fraction_in_gaussian, fraction_in_planar_field
from oligort.phantoms.fields import Field, Gaussian, LinearGradient, PlanarField, Sigmoid
from oligort.phantoms.round import Capsule, Ellipsoid, HollowSphere, Sphere
from oligort.phantoms.solid import Solid
from oligort.phantoms.straight import Box, Cone, Cylinder

__all__ = [
    "Box",
    "Capsule",
    "Cone",
    "Cylinder",
    "Ellipsoid",
    "Field",
    "Gaussian",
    "HollowSphere",
    "LinearGradient",
    "PlanarField",
    "Sigmoid",
    "Solid",
    "Sphere",
    "fraction_in_gaussian",
    "fraction_in_planar_field",
]
