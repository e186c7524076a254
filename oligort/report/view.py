"""View: how a plane through the patient is shown, and what stands at its borders.

Axial planes are seen from the feet; others with the head at the top, and with the patient's left,
or the back, on the right.
"""

import numpy as np

from oligort.geometry.slabs import AXIAL, PlaneFrame
from oligort.geometry.structure import Points

_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))
"""Where the axes of LPS come from and lead to."""

_RIGHT_AND_DOWN = (((0, 1, 0), (0, 0, -1)), ((1, 0, 0), (0, 0, -1)), ((1, 0, 0), (0, 1, 0)))
"""What is on the right and below, of planes across x, y and z."""

_NAMES = ("sagittal", "coronal", "axial")

STRAIGHT_COSINE = 1 - 1e-6
"""Least cosine between a patient axis and the normal of planes that are called after it."""


def view_of(frame: PlaneFrame) -> PlaneFrame:
    """Return the frame in which planes are shown: u to the right, v downwards."""
    if frame.is_axial:
        return AXIAL
    normal = frame.axes[2]
    right, down = (np.array(it, float) for it in _RIGHT_AND_DOWN[_across(normal)])
    right = right - (right @ normal) * normal
    right /= np.linalg.norm(right)
    below = np.cross(normal, right)
    below *= 1 if below @ down > 0 else -1
    return PlaneFrame(np.stack([right, below, np.cross(right, below)]))


def name_of(view: PlaneFrame) -> str:
    """Return what the planes of a frame are called: "coronal", or "oblique"."""
    normal = view.axes[2]
    place = _across(normal)
    return _NAMES[place] if abs(normal[place]) > STRAIGHT_COSINE else "oblique"


def sides_of(view: PlaneFrame) -> tuple[str, str, str, str]:
    """Return what lies at the left, right, upper and lower border: "R", "L", "A", "P"."""
    (left, right), (top, bottom) = (_ends(axis) for axis in view.axes[:2])
    return left, right, top, bottom


def _across(normal: Points) -> int:
    return int(np.argmax(np.abs(normal)))


def _ends(axis: Points) -> tuple[str, str]:
    place = _across(axis)
    first, last = _LETTERS[place]
    return (first, last) if axis[place] > 0 else (last, first)
