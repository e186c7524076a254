"""Centres: voxel centres inside a region whose dose is lower or higher than any on its outline.

Between voxel centres a linear dose has no end of its own: the lowest and the highest dose of a
region are on its outline or at a voxel centre inside it. A lone hot voxel is met only so, for the
sub-voxels around it go straight on from their middles.
"""

import numpy as np
import numpy.typing as npt

from oligort.dose.composite import CompositeField
from oligort.dose.field import DoseField
from oligort.dose.outline import outline_gy
from oligort.geometry.region import Region

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

AT_FIRST, MOST_ASKED = 512, 20_000
"""Voxel centres that are asked whether the region holds them, at first, and at most.

They are asked by dose: most often the first is inside. Where so many are not, hotter volume beside
the region fills its box, and what is hot in it lies on its outline.
"""

ABOVE_GY = 1e-6
"""What is lower or higher by less than a microgray is so by rounding."""


def reached_gy(
    region: Region, field: DoseField | CompositeField, step_mm: float
) -> tuple[Floats, tuple[float, float]]:
    """Return doses (N,) that a region reaches, its ends among them, and bounds, as `outline_gy`."""
    outline, bounds_gy = outline_gy(region, field, step_mm)
    if not len(outline):
        return outline, bounds_gy
    inside = _ends_inside_gy(region, field, float(outline.min()), float(outline.max()))
    return np.concatenate([outline, inside]), bounds_gy


def _ends_inside_gy(
    region: Region, field: DoseField | CompositeField, low_gy: float, high_gy: float
) -> Floats:
    """Return the doses below `low_gy` and above `high_gy` that a region has at voxel centres.

    At most the lowest and the highest of each grid, where the interpolation is linear and the
    region is one of slabs; else none. Of several grids the dose is the sum.
    """
    fields = field.fields if isinstance(field, CompositeField) else (field,)
    if any(one.degree != 1 for one in fields) or not region.is_of_slabs:
        return np.empty(0)
    low, high = region.box_mm
    corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1)
    corners_mm = region.frame.to_patient(corners.reshape(-1, 3))
    found = []
    for one in fields:
        others_gy = sum(
            max(other.range_around(corners_mm)[1], 0.0) for other in fields if other is not one
        )
        of_sign = (1.0, high_gy, others_gy), (-1.0, -low_gy, 0.0)
        for places, (sign, reached, more) in zip(one.peaks_and_hollows, of_sign, strict=True):
            own_gy = one.coefficients[tuple(places.T)]
            is_near = _in_box(one, places, corners_mm)
            may_be = np.flatnonzero(is_near & (sign * own_gy > reached + ABOVE_GY - more))
            ranked = may_be[np.argsort(-sign * own_gy[may_be], kind="stable")][:MOST_ASKED]
            ranked_mm = one.grid.to_patient(places[ranked].astype(np.float64))
            found += _first_inside(region, field, ranked_mm, sign, reached)
    return np.array(found)


def _in_box(field: DoseField, places: Integers, corners_mm: Floats) -> npt.NDArray[np.bool_]:
    """Return which voxels (V, 3) of a grid lie in the box around some corners."""
    along = np.einsum("nx,ax->an", corners_mm - field.grid.origin_mm, field.grid.axes)
    is_in = np.ones(len(places), dtype=bool)
    for axis, mm, place in zip(field.axes, along, places.T, strict=True):
        first = np.searchsorted(axis.centres_mm, mm.min())
        is_in &= (place >= first) & (place < np.searchsorted(axis.centres_mm, mm.max(), "right"))
    return is_in


def _first_inside(
    region: Region,
    field: DoseField | CompositeField,
    ranked_mm: Floats,
    sign: float,
    reached: float,
) -> list[float]:
    """Return the end of the dose at the first of ranked points (V, 3) that the region holds."""
    start, count = 0, AT_FIRST
    while start < len(ranked_mm):
        points_mm = ranked_mm[start : start + count]
        dose_gy = field.at(points_mm)
        beyond = np.flatnonzero(sign * dose_gy > reached + ABOVE_GY)
        held = beyond[region.holds(region.frame.to_plane(points_mm[beyond]))]
        if len(held):
            return [float(sign * (sign * dose_gy[held]).max())]
        start, count = start + count, 2 * count
    return []
