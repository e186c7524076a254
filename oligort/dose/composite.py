"""CompositeDose: the dose of several courses, added up without a grid of its own.

Each course stays on the grid that it was computed on, and the sum is taken wherever a dose is
asked for: nothing is resampled, so spacing, extent and orientation may differ. Only doses on one
and the same grid are added voxel by voxel.

A point outside one of the grids is known in part: there the dose is at least what the others give.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import numpy.typing as npt

from oligort.conventions import DoseInterpolation
from oligort.dose.field import DoseField
from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.geometry.grid import Grid
from oligort.geometry.slabs import PlaneFrame
from oligort.geometry.structure import Points

Floats = npt.NDArray[np.float64]

SAME_GRID_MM = 1e-3
"""Grids whose voxels all lie this close to each other are one grid.

Where the dose falls by 10 Gy a millimetre, a micrometre is 0.01 Gy.
"""

SMALL_ENOUGH_MM = 2.5
"""Sub-voxels of more are not begun with where one of the grids has smaller voxels.

In a thorax those of 2.5 mm were small enough for lungs and ribs; those of 3 mm were halved, which
makes eight of each.
"""

AS_LARGE = 0.1
"""Voxels that exceed a step by a smaller share are as large: the step itself is a rough one."""

TOGETHER = 100_000
"""Voxels whose dose is looked up at a time: of a whole grid it would take a gigabyte."""


@dataclass(frozen=True, eq=False)
class CompositeDose:
    """The sum of the doses of several courses.

    Parameters
    ----------
    parts : tuple of DoseGrid
        The doses, all in one frame of reference.

    Raises
    ------
    NotEvaluable
        If the doses are of different types: Gy weighted for biological effect and physical Gy do
        not add up.
    ValueError
        If there is no dose.
    """

    parts: tuple[DoseGrid, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("expected at least one dose")
        types = sorted({part.dose_type for part in self.parts})
        if len(types) > 1:
            raise NotEvaluable(f"doses of the types {' and '.join(types)} are not added up")

    @property
    def dose_type(self) -> str:
        """Dose Type (3004,0004) of all parts."""
        return self.parts[0].dose_type

    @cached_property
    def grids(self) -> tuple[DoseGrid, ...]:
        """The doses, those on one and the same grid added voxel by voxel."""
        groups: list[list[DoseGrid]] = []
        for part in self.parts:
            group = next((one for one in groups if is_same_grid(one[0].grid, part.grid)), None)
            if group is None:
                groups.append([part])
            else:
                group.append(part)
        return tuple(reduce(_added, group) for group in groups)

    @property
    def maximum_gy(self) -> float:
        """Highest dose at a voxel centre of any of the grids."""
        return self.peak[0]

    @cached_property
    def peak(self) -> tuple[float, Floats]:
        """Highest dose at a voxel centre of any of the grids, and where it is, (3,) LPS mm."""
        field = self.field()
        highest = [grid.field().range_gy[1] for grid in self.grids]
        found = []
        for grid in self.grids:
            found += _highest(field, grid, grid.dose_gy == grid.maximum_gy)
        reached_gy = max(gy for gy, _ in found)
        for grid, own_gy in zip(self.grids, highest, strict=True):
            # No other voxel can win, were all other doses at their highest there.
            found += _highest(field, grid, grid.dose_gy > reached_gy - (sum(highest) - own_gy))
        return max(found, key=lambda one: one[0])

    def field(self, interpolation: DoseInterpolation = "linear") -> "DoseField | CompositeField":
        """Return the dose at every point of the grids.

        Raises
        ------
        NotEvaluable
            If a grid has fewer than two voxels along an axis.
        """
        fields = tuple(grid.field(interpolation) for grid in self.grids)
        return fields[0] if len(fields) == 1 else CompositeField(fields)


@dataclass(frozen=True, eq=False)
class CompositeField:
    """The sum of several doses at every point that at least one of their grids holds."""

    fields: tuple[DoseField, ...]

    def followed(self, step_mm: float, frame: PlaneFrame) -> DoseField:
        """Return the field whose voxels the borders of sub-voxels of about a size follow.

        Of those that lie along the planes it is the one whose voxels, halved or doubled some
        times, are largest and no larger than that; else, smallest. Of equal ones it is that of
        the smallest voxels, then that whose first voxel comes first, whatever the order of the
        courses.
        """

        def key(field: DoseField) -> tuple[float, ...]:
            halvings = np.round(np.log2(field.spacing_mm / step_mm))
            times = float(field.spacing_mm / 2.0**halvings / step_mm)
            is_larger = times > 1 + AS_LARGE
            # To rounding: spacings of equal voxels may differ in their last digit.
            size = round(times if is_larger else -times, 6)
            first = field.grid.to_patient(np.zeros(3)).tolist()
            return (field.along(frame) is None, is_larger, size, field.spacing_mm, *first)

        return min(self.fields, key=key)

    @property
    def spacing_mm(self) -> float:
        """How large sub-voxels may be: the in-plane spacing of the coarsest grid, or small enough.

        They need not be smaller from the start: a fine grid may hold little of a structure.
        """
        spacings = [field.spacing_mm for field in self.fields]
        return min(max(spacings), max(min(spacings), SMALL_ENOUGH_MM))

    @property
    def range_gy(self) -> tuple[float, float]:
        """Bounds of the dose that is known, anywhere in the grids."""
        ranges = [field.range_gy for field in self.fields]
        return min(low for low, _ in ranges), sum(high for _, high in ranges)

    def range_around(self, points_mm: Points) -> tuple[float, float]:
        """Return bounds of the dose in the box that holds points (N, 3)."""
        ranges = [field.range_around(points_mm) for field in self.fields]
        return min(low for low, _ in ranges), sum(high for _, high in ranges)

    def at(self, points_mm: Points) -> Floats:
        """Return the dose (N,) in Gy that is known at points (N, 3); NaN outside all grids."""
        total, is_known = np.zeros(len(points_mm)), np.zeros(len(points_mm), dtype=bool)
        for field in self.fields:
            dose = field.at(points_mm)
            is_inside = ~np.isnan(dose)
            total[is_inside] += dose[is_inside]
            is_known |= is_inside
        return np.where(is_known, total, np.nan)


def composite_of(parts: Sequence[DoseGrid]) -> DoseGrid | CompositeDose:
    """Return the dose of one course as it is, that of several as their sum."""
    return parts[0] if len(parts) == 1 else CompositeDose(tuple(parts))


def _highest(
    field: DoseField | CompositeField, dose: DoseGrid, chosen: npt.NDArray[np.bool_]
) -> list[tuple[float, Floats]]:
    """Return the highest doses of a field at some voxels of a grid, and where each is (3,)."""
    found = []
    places = np.argwhere(chosen)
    for first in range(0, len(places), TOGETHER):
        points_mm = dose.grid.to_patient(places[first : first + TOGETHER].astype(np.float64))
        dose_gy = field.at(points_mm)
        place = int(dose_gy.argmax())
        found.append((float(dose_gy[place]), points_mm[place]))
    return found


def grids_of(dose: DoseGrid | CompositeDose) -> tuple[DoseGrid, ...]:
    """Return the grids whose sum a dose is: one, of one course or of several on the same grid."""
    return (dose,) if isinstance(dose, DoseGrid) else dose.grids


def is_same_grid(one: Grid, other: Grid) -> bool:
    """Whether each voxel of a grid lies where that of the other does."""
    if one.shape != other.shape:
        return False
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(one.shape) - 1.0)
    frames = one.frame_positions_mm - other.frame_positions_mm
    apart = np.abs(one.to_patient(corners) - other.to_patient(corners))
    return bool(max(apart.max(), np.ptp(frames)) <= SAME_GRID_MM)


def _added(one: DoseGrid, other: DoseGrid) -> DoseGrid:
    return DoseGrid(
        grid=one.grid,
        dose_gy=one.dose_gy + other.dose_gy,
        dose_type=one.dose_type,
        summation_type="MULTI_PLAN",
    )
