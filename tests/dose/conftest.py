"""Dose grids of known fields around a point, in any patient position."""

from collections.abc import Callable

import numpy as np
import pytest

from oligort.conventions import Conventions
from oligort.dose.dvh import Dvh
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh
from oligort.geometry.algebra import Shape
from oligort.geometry.grid import Grid
from oligort.geometry.region import Region
from oligort.geometry.structure import Structure
from oligort.phantoms import Field


@pytest.fixture(scope="session")
def dose_of() -> Callable[..., DoseGrid]:
    """A field on an axial grid whose outermost voxel borders reach a box around a point."""

    def make(field: Field, centre_mm, half_mm, spacing_mm=2.5, offset_mm=(0, 0, 0)) -> DoseGrid:
        steps = np.broadcast_to(np.asarray(spacing_mm, dtype=float), 3)
        half = np.broadcast_to(np.asarray(half_mm, dtype=float), 3)
        counts = np.maximum(np.ceil(2 * half / steps).astype(int), 2)
        origin = np.asarray(centre_mm) - (counts - 1) * steps / 2 + offset_mm
        frames = np.arange(counts[2]) * steps[2]
        grid = Grid(
            origin, (1, 0, 0), (0, 1, 0), steps[0], steps[1], int(counts[0]), int(counts[1]), frames
        )
        return DoseGrid(grid, np.maximum(field.on(grid), 0))

    return make


@pytest.fixture(scope="session")
def dvh_of() -> Callable[..., Dvh]:
    """The histogram of one structure, conventions by name."""

    def make(structure: Structure, dose: DoseGrid, usual_spacing_mm=None, **conventions) -> Dvh:
        region = Region(Shape((structure,)), usual_spacing_mm, Conventions(**conventions))
        return compute_dvh(region, dose, structure.roi_name, structure.roi_number)

    return make


@pytest.fixture(scope="session")
def dvh_of_region() -> Callable[..., Dvh]:
    """The histogram of an expression."""

    def make(region: Region, dose: DoseGrid) -> Dvh:
        return compute_dvh(region, dose, "expression")

    return make
