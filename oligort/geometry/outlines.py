"""Outlines: the loops around what trapezoids cover together, and expressions drawn as such loops.

Whoever knows contours alone can so be given an expression: a structure whose loops enclose, by the
even-odd rule, exactly what the expression covers of each plane. No border between two operands that
the expression does not have is left in them.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from oligort.display import listed, quoted
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.joint import joint_trapezoids
from oligort.geometry.slabs import PLANE_TOLERANCE_MM, Slab, SlabModel
from oligort.geometry.structure import Contour, Structure

Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]

DECIMALS = 6
"""Decimals of a mm that points are rounded to, far finer than they are drawn: borders that two
structures share then run through the same points, and rounding makes no strips between them."""

SLIVER_MM = 10.0 ** (1 - DECIMALS)
"""A strip that is nowhere wider lies between borders that are one, but for the rounding."""

STRAIGHT = 1e-7
"""Sine of a bend that is rounding: an edge is cut wherever any loop has a vertex at its height."""


def outlined(shape: Shape, models: Mapping[int, SlabModel], roi_name: str) -> Structure:
    """Return an expression as a structure of closed loops, by the even-odd rule.

    Parameters
    ----------
    shape : Shape
        The expression.
    models : mapping of the id of a structure to its SlabModel
        The slabs of its structures, in one frame.
    roi_name : str
        Name of the structure.

    Raises
    ------
    NotEvaluable
        If the structures are not drawn in step: a plane of one fills more, less or another part
        along the normal than those of others. Or if nothing is left.
    """
    frame = next(iter(models.values())).frame
    contours = []
    for slabs in _planes_in_step(models, shape):
        position_mm = next(iter(slabs.values())).position_mm
        for loop in outlines(joint_trapezoids(shape, slabs)):
            along = np.full(len(loop), position_mm)
            contours.append(Contour(frame.to_patient(np.column_stack([loop, along]))))
    if not contours:
        raise NotEvaluable(f"nothing is left of {quoted(roi_name)}")
    return Structure(None, roi_name, tuple(contours))


def outlines(corners_mm: Floats) -> list[Floats]:
    """Return the loops (N, 2) around trapezoids, anticlockwise around what they cover.

    Parameters
    ----------
    corners_mm : (T, 4, 2) array
        Trapezoids that do not overlap, by strip and from the left, as `trapezoids` cuts them.
    """
    begin, end = _sides(corners_mm)
    if not len(begin):
        return []
    # A border goes on along the level at which a strip ends. What one strip covers there and the
    # other does not are stretches that lie beside each other, each with one side that arrives at
    # its one end and one that leaves from the other: so in ascending order they belong together.
    following = np.empty(len(begin), dtype=np.int64)
    following[np.lexsort(end.T)] = np.lexsort(begin.T)
    order, loop = _round_trips(following)
    points = np.stack([begin[order], end[order]], axis=1).reshape(-1, 2)
    points, loop = _without_needless(points, np.repeat(loop, 2))
    bounds = np.flatnonzero(np.diff(loop)) + 1
    return [one for one in np.split(points, bounds) if len(one) >= 3]


def _planes_in_step(models: Mapping[int, SlabModel], shape: Shape) -> list[dict[int, Slab]]:
    """Return the slabs of each plane by the ids of their structures, in ascending order."""
    drawn = [(slab, key) for key, model in models.items() for slab in model.slabs]
    drawn.sort(key=lambda one: one[0].position_mm)
    planes: list[dict[int, Slab]] = []
    reached_mm = -np.inf
    for slab, key in drawn:
        if slab.position_mm - reached_mm > PLANE_TOLERANCE_MM or key in planes[-1]:
            planes.append({})
            reached_mm = slab.position_mm
        planes[-1][key] = replace(slab, loops=tuple(np.round(one, DECIMALS) for one in slab.loops))
    extents = [np.array([(s.lower_mm, s.upper_mm) for s in plane.values()]) for plane in planes]
    is_alike = all(np.ptp(extent, axis=0).max() <= PLANE_TOLERANCE_MM for extent in extents)
    is_apart = all(
        above[:, 0].min() - below[:, 1].max() >= -PLANE_TOLERANCE_MM
        for below, above in pairwise(extents)
    )
    if not (is_alike and is_apart):
        names = listed(dict.fromkeys(one.roi_name for one in shape.leaves))
        raise NotEvaluable(f"{names} are not drawn on the same planes")
    return planes


def _sides(corners_mm: Floats) -> tuple[Floats, Floats]:
    """Return where the left and right sides (S, 2) begin and end, what is covered on their left."""
    left, right = corners_mm[:, [0, 3]], corners_mm[:, [1, 2]]  # at the bottom and at the top
    is_wide = (right - left)[..., 0].max(axis=1) > SLIVER_MM
    left, right = left[is_wide], right[is_wide]
    is_apart = (left[1:] - right[:-1])[..., 0].max(axis=1, initial=-np.inf) > SLIVER_MM
    is_apart |= left[1:, 0, 1] != left[:-1, 0, 1]
    count = len(left)  # of none there is no first and no last
    left, right = left[np.append(True, is_apart)[:count]], right[np.append(is_apart, True)[:count]]
    return np.concatenate([left[:, 1], right[:, 0]]), np.concatenate([left[:, 0], right[:, 1]])


def _round_trips(following: _Integers) -> tuple[_Integers, _Integers]:
    """Return an order in which the steps of each round trip stand together, and its trip's number.

    Each is asked for what lies 1, 2, 4 and so on steps ahead, so all trips are made at once.
    """
    numbers = np.arange(len(following))
    doublings = range(len(following).bit_length())
    trip, ahead = numbers, following
    for _ in doublings:
        trip, ahead = np.minimum(trip, trip[ahead]), ahead[ahead]
    is_last = trip == numbers
    left_to_go, ahead = (~is_last).astype(np.int64), np.where(is_last, numbers, following)
    for _ in doublings:
        left_to_go, ahead = left_to_go + left_to_go[ahead], ahead[ahead]
    order = np.lexsort((-left_to_go, trip))
    return order, trip[order]


def _without_needless(points: Floats, loop: _Integers) -> tuple[Floats, _Integers]:
    """Return points without those that repeat the one before, or lie on the way straight on."""
    for is_needless in (_repeats, _lies_straight):
        number = np.arange(len(points))
        first = np.append(True, loop[1:] != loop[:-1])
        start = np.maximum.accumulate(np.where(first, number, 0))
        last = np.append(first[1:], True)
        stop = np.flatnonzero(last)[np.cumsum(first) - 1]
        before, after = np.where(first, stop, number - 1), np.where(last, start, number + 1)
        needed = ~is_needless(points - points[before], points[after] - points)
        points, loop = points[needed], loop[needed]
    return points, loop


def _repeats(arriving: Floats, _leaving: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray(np.hypot(*arriving.T) <= SLIVER_MM)


def _lies_straight(arriving: Floats, leaving: Floats) -> npt.NDArray[np.bool_]:
    bend = arriving[:, 0] * leaving[:, 1] - arriving[:, 1] * leaving[:, 0]
    lengths = np.hypot(*arriving.T) * np.hypot(*leaving.T)
    goes_on = (arriving * leaving).sum(axis=1) > 0
    return np.asarray((np.abs(bend) <= STRAIGHT * lengths) & goes_on)
