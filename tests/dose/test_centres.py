"""Lone voxels inside a region, and doses that would go on below 0: by the voxels themselves."""

import numpy as np
import pytest
from draws import pairs

from oligort.conventions import Conventions
from oligort.dose.composite import CompositeDose, composite_of
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh
from oligort.geometry.algebra import Shape
from oligort.geometry.grid import Grid
from oligort.geometry.region import Region
from oligort.geometry.structure import Contour, Structure
from oligort.phantoms import Sphere

BALL = Region(Shape((Sphere((0, 0, 0), 20.0).structure("S", 1, np.arange(-18.5, 20, 3.0)),)))


def grid_of(spacing_mm: float, count: int, centre_mm=(0.0, 0.0, 0.0), turn=0.0) -> Grid:
    """A cubic grid around a centre, turned about z."""
    half = (count - 1) * spacing_mm / 2
    i, j = (np.cos(turn), np.sin(turn), 0.0), (-np.sin(turn), np.cos(turn), 0.0)
    origin = np.asarray(centre_mm) - half * (np.array(i) + np.array(j) + [0, 0, 1])
    frames = np.arange(count) * spacing_mm
    return Grid(origin, i, j, spacing_mm, spacing_mm, count, count, frames)


def with_one_voxel(spacing_mm: float, dose_gy: float, turn: float = 0.0) -> DoseGrid:
    """10 Gy, and in one voxel inside the ball another dose."""
    grid = grid_of(spacing_mm, int(80 / spacing_mm) | 1, (0.3, 0.3, 0.3), turn)
    dose = np.full(grid.shape, 10.0)
    dose[(grid.i_count // 2,) * 3] = dose_gy
    return DoseGrid(grid, dose)


def dvh_of(dose, region=BALL):
    return compute_dvh(region, dose, "S", 1)


@pytest.mark.parametrize(("turn", "spacing_mm"), pairs((0.0, 0.4), (1.0, 2.5)))
def test_a_lone_voxel_inside_is_the_end_of_the_dose(spacing_mm, turn):
    even = DoseGrid(grid_of(2.5, 33), np.full((33, 33, 33), 25.0))
    hot, cold = (with_one_voxel(spacing_mm, gy, turn) for gy in (40.0, 2.0))
    assert dvh_of(hot).max_gy == pytest.approx(40, abs=1e-9)
    assert dvh_of(cold).min_gy == pytest.approx(2, abs=1e-9)
    assert dvh_of(composite_of([even, hot])).max_gy == pytest.approx(65, abs=1e-9)
    assert dvh_of(composite_of([even, cold])).min_gy == pytest.approx(27, abs=1e-9)


@pytest.mark.parametrize("spacing_mm", [1.0, 2.5])
def test_a_cubic_dose_reaches_what_its_voxels_hold(spacing_mm):
    hot, cold = (with_one_voxel(spacing_mm, gy) for gy in (40.0, 2.0))
    region = Region(BALL.shape, conventions=Conventions(dose_interpolation="cubic"))
    # Sub-voxels go straight on from their middles, and so somewhat beyond a lone voxel.
    assert dvh_of(hot, region).max_gy == pytest.approx(40.8, abs=0.8 + 1e-9)
    assert dvh_of(cold, region).min_gy <= 2 + 1e-9


@pytest.mark.parametrize("peak_mm", [(0.0, 0.0, 0.0), (1.2, -0.7, 0.9), (3.1, 4.4, -2.3)])
def test_a_cubic_dose_is_highest_between_its_voxels(peak_mm):
    """50 Gy fall by a Gaussian of 8 mm: within a voxel of 2.5 mm by 50 (2.5 / 8)^2 / 2 = 2.4 Gy.

    So the spline's peak is missed by 3 * 2.4 / 5184 = 0.0014 Gy at most. The spline differs from
    the Gaussian along each axis by 5/384 of the fourth derivative, 3 * 50 / 8^4, times 2.5^4.
    """
    grid = grid_of(2.5, 33, (0.3, 0.3, 0.3))
    centres_mm = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    away_mm = grid.to_patient(centres_mm.reshape(-1, 3).astype(np.float64)) - peak_mm
    dose = 50 * np.exp(-(away_mm**2).sum(axis=1) / (2 * 8.0**2)).reshape(grid.shape)
    region = Region(BALL.shape, conventions=Conventions(dose_interpolation="cubic"))
    highest = dvh_of(DoseGrid(grid, dose), region)["Max[Gy]"]
    assert highest == pytest.approx(50, abs=0.0014 + 3 * 5 / 384 * 3 * 50 * (2.5 / 8) ** 4)


def test_neighbours_of_one_dose_are_met_too():
    grid = grid_of(2.5, 33)
    dose = np.full(grid.shape, 10.0)
    dose[15:18, 15:17, 16] = 40.0
    assert dvh_of(DoseGrid(grid, dose)).max_gy == pytest.approx(40, abs=1e-9)


def test_a_lone_voxel_beside_the_region_is_not_reached():
    # In the corner of the ball's box, 26 mm from its centre; its dose ends a voxel away from it.
    grid = grid_of(2.5, 33)
    dose = np.full(grid.shape, 10.0)
    dose[22, 22, 22] = 40.0
    assert grid.to_patient(np.array([22.0, 22, 22])) == pytest.approx([15, 15, 15])
    assert dvh_of(DoseGrid(grid, dose)).max_gy == pytest.approx(10, abs=1e-9)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("levels", [1, 3, 1000])
def test_peaks_and_hollows_are_those_of_each_voxel_beside_its_neighbours(levels, order):
    grid = grid_of(2.5, 6)
    laid_out = np.random.default_rng(levels).integers(0, levels, grid.shape).astype(np.float64)
    dose_gy = laid_out.transpose(order)
    found = DoseGrid(grid, dose_gy).field().peaks_and_hollows
    for sign, places in zip((1, -1), found, strict=True):
        assert {tuple(place) for place in places.tolist()} == {
            place for place in np.ndindex(grid.shape) if is_end(sign * dose_gy, place)
        }


def is_end(values, place) -> bool:
    """Whether a place is above the one before it on each axis, and not below the one behind it."""
    for axis in range(3):
        line = values[tuple(slice(None) if a == axis else place[a] for a in range(3))]
        here = place[axis]
        if here > 0 and not line[here] > line[here - 1]:
            return False
        if here < len(line) - 1 and line[here + 1] > line[here]:
            return False
    return True


@pytest.mark.parametrize("last_gy", [(12.0, 2.0), (7.5, 1.4), (4.0, 0.8)])
def test_a_course_that_ends_in_its_penumbra_takes_nothing_from_another(last_gy):
    # Beyond its outermost voxel centre the second course would go on below 0 within 1.25 mm.
    first_grid = grid_of(2.5, 40)
    y_mm = first_grid.to_patient(np.moveaxis(np.indices(first_grid.shape, float), 0, -1))[..., 1]
    first = DoseGrid(first_grid, 20 + 0.3 * y_mm)
    frames = np.arange(30) * 2.5
    second_grid = Grid((-46.75, -35.95, -35.55), (1, 0, 0), (0, 1, 0), 2.5, 2.5, 20, 30, frames)
    along = np.full(20, 40.0)
    along[-3:] = 25.0, *last_gy
    second = DoseGrid(second_grid, np.broadcast_to(along[:, None, None], second_grid.shape).copy())
    square = 10.0 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    planes = [Contour(np.column_stack([square, np.full(4, z)])) for z in np.arange(-9.0, 10, 2)]
    found = dvh_of(
        CompositeDose((first, second)), Region(Shape((Structure(1, "S", tuple(planes)),)))
    )
    # By arithmetic along x and y, the second course 0 where it would be below; its grid ends at
    # x = 2.0, the first is 17 to 23 Gy.
    x = (np.arange(20_000) + 0.5) / 1000 - 10
    centres = -46.75 + 2.5 * np.arange(20)
    own = np.interp(x, centres, along)
    beyond = x > centres[-1]
    own[beyond] = along[-1] + (along[-1] - along[-2]) / 2.5 * (x[beyond] - centres[-1])
    own = np.where(x < centres[-1] + 1.25, np.maximum(own, 0), 0)
    # The share of y with 20 + 0.3 y + own >= 20.
    share = np.clip((10 + own / 0.3) / 20, 0, 1).mean()
    assert found["V20Gy[%]"] == pytest.approx(100 * share, abs=0.03)
    assert found.min_gy == pytest.approx(17, abs=1e-6)
