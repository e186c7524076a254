"""Outline: the doses on what bounds a region; of a convex dose field, the extremes are there."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from oligort.dose.composite import CompositeField
from oligort.dose.field import AlignedAxes, DoseField
from oligort.dose.partition import PIXELS, SAME_HEIGHT_MM, Partition
from oligort.geometry.raster import Lattice
from oligort.geometry.region import Region
from oligort.geometry.structure import Points

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NUDGE_MM = 1e-3
"""A point is on what an expression gives if that holds a point a micrometre away."""

ASKED_TOGETHER, MOST_ASKED = 64, 8192
"""Points, in the order of their doses, that are asked at a time, and at most.

Those beside the result, where another structure ends, are some pixels' worth; the first that is on
it ends the search.
"""


def outline_gy(
    region: Region, field: DoseField | CompositeField, step_mm: float
) -> tuple[Floats, tuple[float, float]]:
    """Return doses (N,) on the outline, the lowest and the highest among them, and bounds.

    The bounds are those of the dose in the box of the grid that holds the outline; without an
    outline inside the grid they are one. Of an expression only the outline of the result counts;
    its drawn points may lie elsewhere. `step_mm` is how finely it is looked for.
    """
    points = region.outline_points_mm()
    if not region.is_one_structure:
        lattice = Partition.of(region, field, step_mm).lattice
        points = points[_on_result(region, lattice, points)]
    fields = field.fields if isinstance(field, CompositeField) else (field,)
    every = [axes for one in fields if (axes := one.along(region.frame)) is not None]
    told = points
    if len(every) == len(fields) and len(points):
        # Of an expression a point that is lower or higher may turn out to lie beside it.
        if region.is_one_structure:
            told = points[_may_be_extreme(every, points)]
        # The box of the points is that of two of its corners.
        points = np.stack([points.min(axis=0), points.max(axis=0)])
    dose_gy = field.at(region.frame.to_patient(told))
    if not region.is_one_structure and region.is_of_slabs:
        told, dose_gy = told[np.isfinite(dose_gy)], dose_gy[np.isfinite(dose_gy)]
        dose_gy = _ends_gy(region, told, dose_gy)
    dose_gy = dose_gy[np.isfinite(dose_gy)]
    if not len(dose_gy):
        return dose_gy, (0.0, 0.0)
    return dose_gy, field.range_around(region.frame.to_patient(points))


def _may_be_extreme(every: Sequence[AlignedAxes], points: Points) -> Bools:
    """Whether the lowest or the highest sum of doses may be that at each of some points (N, 3).

    A spline lies between the coefficients that count in its cell: no point of a cell is lowest
    where another cell has no dose higher than its own.
    """
    if len(every) == 1:
        return _in_extreme_cells(every[0], points)
    is_known = np.zeros(len(points), dtype=bool)
    least, most = np.zeros(len(points)), np.zeros(len(points))
    for axes in every:
        cell, inside, between = _cells(axes, points)
        is_known |= inside
        here = np.flatnonzero(inside & between)
        cells, place = np.unique(cell[here], return_inverse=True)
        low, high = _bounds(axes, cells)
        least[here] += low[place]
        most[here] += high[place]
        # What continues the grid beyond its outermost centres may be lower or higher than they are.
        least[inside & ~between], most[inside & ~between] = -np.inf, np.inf
    known = np.flatnonzero(is_known)
    least, most = least[known], most[known]
    may_be = np.zeros(len(points), dtype=bool)
    if len(known):
        may_be[known] = (least < most.min()) | (most > least.max())
        may_be[known[[most.argmin(), least.argmax()]]] = True
    return may_be


def _in_extreme_cells(axes: AlignedAxes, points: Points) -> Bools:
    cell, inside, between = _cells(axes, points)
    if not between.any():
        return inside
    # What continues the grid beyond its outermost centres may be lower or higher than they are.
    cell = np.where(between, cell, axes.coefficients.size)
    is_met = np.zeros(axes.coefficients.size + 1, dtype=bool)
    is_met[cell] = True
    cells = np.flatnonzero(is_met[:-1])
    low, high = _bounds(axes, cells)
    is_met[cells] = (low < high.min()) | (high > low.max())
    # Where all are as high as one cell's highest dose, that cell has it.
    is_met[cells[[high.argmin(), low.argmax()]]] = True
    return np.asarray(inside & is_met.take(cell))


def _cells(axes: AlignedAxes, points: Points) -> tuple[Integers, Bools, Bools]:
    """Return the cell of each point (N, 3), as its first coefficient's flat index.

    And whether it lies in the grid, and between the outermost centres: only then it has a cell.
    """
    inside = np.ones(len(points), dtype=bool)
    between = np.ones(len(points), dtype=bool)
    cell = np.zeros(len(points), dtype=np.int64)
    for axis, along, count in zip(
        (axes.n, axes.u, axes.v), points.T[[2, 0, 1]], axes.coefficients.shape, strict=True
    ):
        inside &= (along >= axis.low_mm) & (along <= axis.high_mm)
        between &= (along >= axis.centres_mm[0]) & (along <= axis.centres_mm[-1])
        cell *= count
        cell += axis.first(along)
    return cell, inside, between


def _bounds(axes: AlignedAxes, cells: Integers) -> tuple[Floats, Floats]:
    """Return the lowest and the highest of the coefficients from each cell's first on."""
    flat = axes.coefficients.ravel()
    counts = [axis.degree + 1 for axis in (axes.n, axes.u, axes.v)]
    low = high = flat.take(cells)
    for step in np.ndindex(*counts):
        beside = flat.take(cells + int(np.ravel_multi_index(step, axes.coefficients.shape)))
        low, high = np.minimum(low, beside), np.maximum(high, beside)
    return low, high


def _on_result(region: Region, lattice: Lattice, points: Points) -> Bools:
    """Whether each outline point lies in a pixel that a layer which begins or ends there reaches.

    Of slabs some lie beside the result all the same, in pixels that outlines share.
    """
    on_result = np.zeros(len(points), dtype=bool)
    pixel = np.clip(lattice.to_pixels(points[:, :2]).astype(int), 0, np.array(lattice.shape) - 1)
    pixel = pixel[:, 0] * lattice.v_count + pixel[:, 1]
    for lower_mm, upper_mm, is_reached in region.reach(lattice, np.inf, PIXELS):
        here = np.flatnonzero(
            (points[:, 2] >= lower_mm[0] - SAME_HEIGHT_MM)
            & (points[:, 2] <= upper_mm[-1] + SAME_HEIGHT_MM)
        )
        height_mm = points[here, 2]
        # The layer that ends at a point and the one that begins there: one, inside of it.
        for layer in (
            np.searchsorted(upper_mm, height_mm - SAME_HEIGHT_MM),
            np.searchsorted(lower_mm, height_mm + SAME_HEIGHT_MM, side="right") - 1,
        ):
            place = layer * (lattice.u_count * lattice.v_count) + pixel[here]
            on_result[here] |= is_reached.ravel().take(place)
    return on_result


def _ends_gy(region: Region, points: Points, dose_gy: Floats) -> Floats:
    """Return the lowest and the highest dose (2,) of the points that are on the result, or none.

    In a pixel that the result covers in part there are points beside it too.
    """
    rising = np.argsort(dose_gy, kind="stable")
    ends = []
    for ranked in (rising, rising[::-1]):
        start, count = 0, ASKED_TOGETHER
        while start < min(len(ranked), MOST_ASKED):
            some = ranked[start : start + count]
            is_on = _is_beside(region, points[some])
            if is_on.any():
                ends.append(dose_gy[some[is_on.argmax()]])
                break
            start, count = start + count, 2 * count
    return np.array(ends)


def _is_beside(region: Region, points: Points) -> Bools:
    """Whether a region of slabs holds something next to each of some points (N, 3)."""
    turn = np.arange(8) * np.pi / 4
    sides = [(np.cos(one), np.sin(one), end) for one in turn for end in (-1.0, 1.0)]
    near = points[:, None] + NUDGE_MM * np.array(sides)
    is_held = region.holds(near.reshape(-1, 3)).reshape(len(points), -1)
    return np.asarray(is_held.any(axis=1))
