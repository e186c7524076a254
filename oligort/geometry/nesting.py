"""Nesting: which loops of a plane are holes in others."""

from collections.abc import Sequence

import numpy as np

from oligort.geometry.structure import Points

NESTING_SAMPLES = 32
"""Vertices of a loop that vote on whether it lies inside another."""


def signed_area_mm2(loop: Points) -> float:
    """Return the area of a loop (N, 2), positive where it runs from u to v."""
    u, v = loop[:, 0] - loop[0, 0], loop[:, 1] - loop[0, 1]
    return float(u @ np.roll(v, -1) - v @ np.roll(u, -1)) / 2


def nesting_signs(loops: Sequence[Points]) -> list[int]:
    """Return for each loop the factor that makes its signed area add or, for a hole, subtract."""
    areas = np.array([signed_area_mm2(loop) for loop in loops])
    directions = np.where(areas >= 0, 1, -1)
    if len(loops) == 1:
        return [int(directions[0])]
    low = np.array([loop.min(axis=0) for loop in loops])
    high = np.array([loop.max(axis=0) for loop in loops])
    fits = (np.abs(areas)[:, None] <= np.abs(areas)) & ~np.eye(len(loops), dtype=bool)
    fits &= (low[:, None] >= low).all(axis=2) & (high[:, None] <= high).all(axis=2)
    depths = np.zeros(len(loops), dtype=np.int64)
    for inner, outer in np.argwhere(fits):
        depths[inner] += _lies_inside(loops[inner], loops[outer])
    return [int(sign) for sign in np.where(depths % 2, -directions, directions)]


def _lies_inside(inner: Points, outer: Points) -> bool:
    """Whether most of the inner loop's vertices lie in the outer loop, by the even-odd rule."""
    votes = inner[:: max(1, len(inner) // NESTING_SAMPLES)]
    following = np.roll(outer, -1, axis=0)
    u, v = votes[:, :1], votes[:, 1:]
    rises = (outer[:, 1] > v) != (following[:, 1] > v)
    height = following[:, 1] - outer[:, 1]
    slope = (following[:, 0] - outer[:, 0]) / np.where(height == 0, 1, height)
    crossing = outer[:, 0] + (v - outer[:, 1]) * slope
    crossed = np.count_nonzero(rises & (u < crossing), axis=1)
    return bool(np.count_nonzero(crossed % 2) * 2 > len(votes))
