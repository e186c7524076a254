"""How a direction lies to an axis of the patient."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from oligort.phantoms.solid import Vector

Floats = npt.NDArray[np.float64]
Axis = Literal["x", "y", "z"]

AXIS_TOLERANCE = 1e-9
"""Largest tilt, in radians, at which a direction counts as along an axis or across it.

Rounding of a unit vector is 1e-16; over 1 m a tilt of 1e-9 moves a point by a nanometre.
"""


def runs_along(direction: Floats, axis: Axis) -> bool:
    """Return whether a unit vector runs along an axis, up or down."""
    return float(np.linalg.norm(np.delete(direction, "xyz".index(axis)))) < AXIS_TOLERANCE


def alignment(direction: Floats, axis: Axis) -> Literal["up", "down", "across"]:
    """Return how a unit vector runs to an axis; ValueError where neither along nor across."""
    cosine = float(direction["xyz".index(axis)])
    if abs(cosine) < AXIS_TOLERANCE:
        return "across"
    if not runs_along(direction, axis):
        raise ValueError(f"expected a direction along {axis} or across it: no closed form between")
    return "up" if cosine > 0 else "down"


def along_and_across(
    coordinates: tuple[Floats, Floats, Floats], centre_mm: Vector, axis: Axis
) -> tuple[Floats, Floats, Floats]:
    """Return the offsets from a centre along an axis, then along the two others."""
    offsets = [np.asarray(x - c) for x, c in zip(coordinates, centre_mm, strict=True)]
    along = offsets.pop("xyz".index(axis))
    return along, offsets[0], offsets[1]
