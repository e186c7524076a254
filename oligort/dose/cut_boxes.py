"""Cut boxes: what of a box lies in a grid that is oblique to it, and where the middle of that is.

Along the normal of the planes a point of a box is the sum of three uniform distributions, one of
each side; the share below a height, and the mean of it, are differences of its powers.
"""

from collections.abc import Iterable
from itertools import product

import numpy as np
import numpy.typing as npt

from oligort.dose.spline import SplineAxis

Floats = npt.NDArray[np.float64]

LEAST_WIDTH = 1e-3
"""Widths of a smaller part of the widest are taken as this part: it divides a difference of powers.

A share changes by less than its square, and rounding of 1e-16 over the square leaves ten digits.
"""

NOTHING = 1e-9
"""Of a smaller share there is no middle: it is rounding."""


def in_grid(
    cutting: Iterable[tuple[SplineAxis, Floats]], middles_mm: Floats, sizes_mm: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return what of boxes lies in a grid.

    Each axis of the grid cuts by itself: where two of them do, at an edge of the grid, that is
    right to the second order.

    Parameters
    ----------
    cutting : iterable of SplineAxis and (3,) array
        Axes of the grid that may cut some box, each with its unit vector along the boxes' sides.
    middles_mm, sizes_mm : (N, 3) arrays
        Of the boxes, along their sides, from the origin of the grid.

    Returns
    -------
    inside, core : (N,) arrays
        Which share of each lies in the grid, and between outermost voxel centres.
    away_mm : (N, 3) array
        How far the middle of what lies in the grid is from that of the box.
    """
    inside, core = np.ones((2, len(middles_mm)))
    away = np.zeros_like(middles_mm)
    for axis, normal in cutting:
        along = np.einsum("nx,x->n", middles_mm, normal)
        across = sizes_mm * normal
        widths = np.abs(across).T
        first, last = float(axis.centres_mm[0]), float(axis.centres_mm[-1])
        core *= between_planes(along, widths, first, last)[0]
        share, offset = between_planes(along, widths, axis.low_mm, axis.high_mm)
        inside *= share
        # Along its normal a plane moves the middle of what it leaves by the offset; aside of it as
        # the shape of the box has it, by which a longer side gives more.
        squares = np.einsum("nx,nx->n", across, across)
        away += (offset / squares)[:, None] * across * sizes_mm
    return inside, core, np.clip(away, -sizes_mm / 2, sizes_mm / 2)


def between_planes(
    middles_mm: Floats, widths_mm: Floats, low_mm: float, high_mm: float
) -> tuple[Floats, Floats]:
    """Return which share of boxes (N,) lies between two planes, and where the middle of that is.

    Parameters
    ----------
    middles_mm : (N,) array
        Of the boxes, along the normal of the planes.
    widths_mm : (3, N) array
        How far each box reaches along the normal for each of its three sides, not negative.
    low_mm, high_mm : float
        Positions of the planes along the normal.

    Returns
    -------
    share, offset_mm : (N,) arrays
        The share, 0 to 1, and how far its middle lies from that of the box, along the normal.
    """
    reach = widths_mm.sum(axis=0) / 2
    share, offset = np.ones(len(middles_mm)), np.zeros(len(middles_mm))
    is_cut = (middles_mm - reach < low_mm) | (middles_mm + reach > high_mm)
    cut = np.flatnonzero(is_cut)
    if not len(cut):
        return share, offset
    widths = np.maximum(widths_mm[:, cut], LEAST_WIDTH * widths_mm[:, cut].max(axis=0))
    below_high, mean_below_high = _below(high_mm - middles_mm[cut], widths)
    below_low, mean_below_low = _below(low_mm - middles_mm[cut], widths)
    kept = np.clip(below_high - below_low, 0, 1)
    share[cut] = np.where(kept > NOTHING, kept, 0.0)
    is_there = share[cut] > 0
    offset[cut[is_there]] = ((mean_below_high - mean_below_low) / np.maximum(kept, NOTHING))[
        is_there
    ]
    return share, np.clip(offset, -reach, reach)


def _below(heights_mm: Floats, widths_mm: Floats) -> tuple[Floats, Floats]:
    """Return the share of boxes below heights (N,) from their middles, and its first moment."""
    half = widths_mm.sum(axis=0) / 2
    # Above the box all of it lies below, and powers of a far height would lose their digits.
    heights = np.clip(heights_mm, -half, half)
    cubes, fourths = np.zeros(len(heights)), np.zeros(len(heights))
    for signs in product((1.0, -1.0), repeat=3):
        reached = np.maximum(heights + np.array(signs) @ widths_mm / 2, 0)
        cubes += np.prod(signs) * reached**3
        fourths += np.prod(signs) * reached**4
    volume = widths_mm.prod(axis=0)
    share = cubes / (6 * volume)
    return share, heights * share - fourths / (24 * volume)
