"""Closed polygons that stand for circles, ellipses and rectangles."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LOOP_POINTS = 100
"""Points of a loop that stands for a round shape, as planning systems draw it.

A multiple of 4, so that the ends of both axes of an ellipse are among them.
"""


def area_factor(points: int) -> float:
    """Return by how much a regular polygon's radius exceeds that of the circle of its area.

    A polygon with its vertices on the circle loses area: 0.07 % with 100 points, 1.1 % with 24.
    """
    step = 2 * np.pi / points
    return float(np.sqrt(step / np.sin(step)))


def ellipse(
    centre_mm: tuple[float, float], semi_axes_mm: tuple[float, float], points: int = LOOP_POINTS
) -> Floats:
    """Return the (points, 2) loop of the ellipse's AREA; the first point lies on its x axis."""
    angle = np.arange(points) * (2 * np.pi / points)
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * area_factor(points)
    return np.asarray(centre_mm + unit * semi_axes_mm)


def rectangle(centre_mm: tuple[float, float], half_sizes_mm: tuple[float, float]) -> Floats:
    """Return the (4, 2) corners of a rectangle along the axes, anticlockwise."""
    corners = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)], dtype=np.float64)
    return np.asarray(centre_mm + corners * half_sizes_mm)


def area_mm2(loop_mm: Floats) -> float:
    """Return the area that an (N, 2) loop encloses, positive whatever its sense."""
    x, y = (loop_mm - loop_mm[0]).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
