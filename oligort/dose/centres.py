"""Centres: voxel centres inside a region whose dose is lower or higher than any on its outline.

Between voxel centres a linear dose has no end of its own: the lowest and the highest dose of a
region are on its outline or at a voxel centre inside it. A lone hot voxel is met only so, for the
sub-voxels around it go straight on from their middles. A cubic dose goes through the voxels too.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from oligort.dose.composite import TOGETHER, CompositeField
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

BETWEEN_CENTRES = np.linspace(-1, 1, 13)
"""Where a spline is looked at around its highest voxel, in voxels; then in sixths around the best.

The end of a parabola is missed by 1/5184 of what it falls by within a voxel, along each axis.
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

    At most the lowest and the highest of each grid, where the region is one of slabs; else none.
    Of several grids the dose is the sum.
    """
    fields = field.fields if isinstance(field, CompositeField) else (field,)
    if not region.is_of_slabs:
        return np.empty(0)
    corners_mm = _corners_mm(region)
    found = []
    for one in fields:
        others_gy = _most_of_others(fields, one, corners_mm)
        first, stop = _box(one, corners_mm)
        of_sign = (1.0, high_gy, others_gy), (-1.0, -low_gy, 0.0)
        for places, (sign, reached, more) in zip(one.peaks_and_hollows, of_sign, strict=True):
            own_gy = one.dose_gy[tuple(places.T)]
            is_near = ((places >= first) & (places < stop)).all(axis=1)
            may_be = np.flatnonzero(is_near & (sign * own_gy > reached + ABOVE_GY - more))
            ranked = may_be[np.argsort(-sign * own_gy[may_be], kind="stable")][:MOST_ASKED]
            ranked_mm = one.grid.to_patient(places[ranked].astype(np.float64))
            inside = _first_inside(region, field, ranked_mm, sign, reached)
            if inside is not None:
                found.append(inside[0])
                if one.degree > 1:
                    found.append(_end_beside(region, field, one, inside[1], sign))
    return np.array(found)


def highest_in(region: Region, field: DoseField | CompositeField) -> tuple[float, Floats] | None:
    """Return the highest dose of a region in Gy, on its outline or at a voxel centre that it holds.

    And where that is, (3,) in patient LPS mm; None where none of it lies inside a grid.
    """
    outline_mm = region.frame.to_patient(region.outline_points_mm())
    dose_gy = np.nan_to_num(field.at(outline_mm), nan=-np.inf)
    highest = int(dose_gy.argmax())
    found = float(dose_gy[highest]), outline_mm[highest]
    fields = field.fields if isinstance(field, CompositeField) else (field,)
    corners_mm = _corners_mm(region)
    for one in fields:
        others_gy = _most_of_others(fields, one, corners_mm)
        first, stop = _box(one, corners_mm)
        own_gy = one.dose_gy[tuple(map(slice, first, stop))]
        may_be = np.argwhere(own_gy > found[0] + ABOVE_GY - others_gy) + first
        for start in range(0, len(may_be), TOGETHER):
            points_mm = one.grid.to_patient(may_be[start : start + TOGETHER].astype(np.float64))
            found = _highest_held(region, points_mm, field.at(points_mm), found)
    return found if found[0] > -np.inf else None


def _highest_held(
    region: Region, points_mm: Floats, dose_gy: Floats, found: tuple[float, Floats]
) -> tuple[float, Floats]:
    """Return the hottest of points (V, 3) that a region holds, or what was found and is hotter."""
    hotter = np.flatnonzero(dose_gy > found[0] + ABOVE_GY)
    ranked = hotter[np.argsort(-dose_gy[hotter], kind="stable")]
    start, count = 0, AT_FIRST
    while start < len(ranked):
        some = ranked[start : start + count]
        held = some[region.holds(region.frame.to_plane(points_mm[some]))]
        if len(held):
            return float(dose_gy[held[0]]), points_mm[held[0]]
        start, count = start + count, 2 * count
    return found


def _corners_mm(region: Region) -> Floats:
    """Return the corners (8, 3) of the box around a region, in patient coordinates."""
    corners = np.stack(np.meshgrid(*zip(*region.box_mm, strict=True), indexing="ij"), axis=-1)
    return np.asarray(region.frame.to_patient(corners.reshape(-1, 3)))


def _most_of_others(fields: Sequence[DoseField], one: DoseField, corners_mm: Floats) -> float:
    """Return what the doses beside one add to it at most, in the box around some corners."""
    return sum(max(other.range_around(corners_mm)[1], 0.0) for other in fields if other is not one)


def _box(field: DoseField, corners_mm: Floats) -> tuple[Integers, Integers]:
    """Return the first voxels (3,) of a grid in the box around corners, and the first beyond."""
    along = np.einsum("nx,ax->an", corners_mm - field.grid.origin_mm, field.grid.axes)
    ends = [
        (
            np.searchsorted(axis.centres_mm, mm.min()),
            np.searchsorted(axis.centres_mm, mm.max(), "right"),
        )
        for axis, mm in zip(field.axes, along, strict=True)
    ]
    first, stop = np.array(ends, dtype=np.int64).T
    return first, stop


def _first_inside(
    region: Region,
    field: DoseField | CompositeField,
    ranked_mm: Floats,
    sign: float,
    reached: float,
) -> tuple[float, Floats] | None:
    """Return the end of the dose at the first of ranked points (V, 3) that the region holds.

    And that point, (3,) in patient LPS mm; None where it holds none.
    """
    start, count = 0, AT_FIRST
    while start < len(ranked_mm):
        points_mm = ranked_mm[start : start + count]
        dose_gy = field.at(points_mm)
        beyond = np.flatnonzero(sign * dose_gy > reached + ABOVE_GY)
        held = beyond[region.holds(region.frame.to_plane(points_mm[beyond]))]
        if len(held):
            end = held[(sign * dose_gy[held]).argmax()]
            return float(dose_gy[end]), points_mm[end]
        start, count = start + count, 2 * count
    return None


def _end_beside(
    region: Region,
    field: DoseField | CompositeField,
    one: DoseField,
    centre_mm: Floats,
    sign: float,
) -> float:
    """Return the end of a dose that a region holds up to a voxel of one grid away from a centre."""
    shares = np.stack(np.meshgrid(*[BETWEEN_CENTRES] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    frames_mm = float(np.diff(one.grid.frame_positions_mm).min())
    voxel_mm = np.array([one.grid.i_spacing_mm, one.grid.j_spacing_mm, frames_mm])
    end_gy = -np.inf
    for size_mm in (voxel_mm, voxel_mm / 6):
        points_mm = centre_mm + (shares * size_mm) @ one.grid.axes
        held = points_mm[region.holds(region.frame.to_plane(points_mm))]
        ends_gy = sign * np.nan_to_num(field.at(held), nan=-sign * np.inf)
        centre_mm, end_gy = held[ends_gy.argmax()], float(ends_gy.max())
    return sign * end_gy
