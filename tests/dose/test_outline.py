"""The outline's extremes: those of all its points, of which few are asked for their dose."""

import numpy as np
import pytest

from oligort.conventions import Conventions
from oligort.dose.grid import DoseGrid
from oligort.dose.outline import outline_gy
from oligort.geometry.algebra import Shape
from oligort.geometry.grid import Grid
from oligort.geometry.region import Region
from oligort.phantoms import Ellipsoid

STRUCTURE = Ellipsoid((1, -2, 0.5), (17, 12, 14)).structure("S", 1, np.arange(-12.5, 14, 3.0), 90)


def random_dose(half_mm, frames, seed):
    """White noise on a grid around zero that the structure may leave."""
    count = int(half_mm / 1.25)
    frames = np.asarray(frames)
    grid = Grid(
        (-half_mm, -half_mm, frames[0]),
        (1, 0, 0),
        (0, 1, 0),
        2.5,
        2.5,
        count,
        count,
        frames - frames[0],
    )
    return DoseGrid(grid, np.random.default_rng(seed).uniform(0, 60, grid.shape))


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
@pytest.mark.parametrize("half_mm", [25, 12.5])
@pytest.mark.parametrize("frames", [np.arange(-20, 21, 2.5), np.linspace(-4, 5, 12) ** 3 / 6])
def test_the_extremes_are_those_of_all_points(interpolation, half_mm, frames):
    for seed in range(4):
        field = random_dose(half_mm, frames, seed).field(interpolation)
        region = Region(Shape((STRUCTURE,)), None, Conventions(dose_interpolation=interpolation))
        points = region.frame.to_patient(region.outline_points_mm())
        everywhere = field.at(points)
        everywhere = everywhere[np.isfinite(everywhere)]
        found, bounds = outline_gy(region, field, 1.0)
        assert len(everywhere) > 100
        assert found.min() == everywhere.min()
        assert found.max() == everywhere.max()
        assert bounds == field.range_around(points)


def test_few_points_are_asked_where_the_dose_is_smooth():
    dose = random_dose(25, np.arange(-20, 21, 2.5), 0)
    points = dose.grid.to_patient(np.moveaxis(np.indices(dose.grid.shape, dtype=float), 0, -1))
    field = DoseGrid(dose.grid, 50 + points @ (0.5, 0.3, -0.4)).field()
    region = Region(Shape((STRUCTURE,)))
    found, _ = outline_gy(region, field, 1.0)
    assert 0 < len(found) < len(region.outline_points_mm()) / 5
