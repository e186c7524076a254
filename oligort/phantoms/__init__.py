"""Solids and dose fields by formula, with their closed forms."""

from oligort.phantoms.cases import Case, gaussian_peaks, seeded_cases
from oligort.phantoms.dvh import fraction_in_gaussian, fraction_in_planar_field
from oligort.phantoms.fields import (
    Exponential,
    Field,
    Gaussian,
    LinearGradient,
    PlanarField,
    Sigmoid,
)
from oligort.phantoms.round import Capsule, Ellipsoid, HollowSphere, Sphere
from oligort.phantoms.solid import Solid
from oligort.phantoms.stack import SlabStack
from oligort.phantoms.straight import Box, Cone, Cylinder
from oligort.phantoms.torus import Torus
from oligort.phantoms.whole import WholeSolid

__all__ = [
    "Box",
    "Capsule",
    "Case",
    "Cone",
    "Cylinder",
    "Ellipsoid",
    "Exponential",
    "Field",
    "Gaussian",
    "HollowSphere",
    "LinearGradient",
    "PlanarField",
    "Sigmoid",
    "SlabStack",
    "Solid",
    "Sphere",
    "Torus",
    "WholeSolid",
    "fraction_in_gaussian",
    "fraction_in_planar_field",
    "gaussian_peaks",
    "seeded_cases",
]
