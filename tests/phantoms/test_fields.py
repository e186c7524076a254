"""Dose fields against their definition, and their DVHs against random points."""

import numpy as np
import pytest

from oligort.geometry.grid import Grid
from oligort.phantoms import (
    Cylinder,
    Exponential,
    Gaussian,
    LinearGradient,
    Sigmoid,
    Sphere,
    fraction_in_gaussian,
    fraction_in_planar_field,
)

THROWN = 400_000


def dose_in(solid, field) -> np.ndarray:
    low, high = np.array([solid.extent_mm(axis) for axis in np.eye(3)]).T
    points = np.random.default_rng(11).uniform(low, high, (THROWN, 3))
    return field.dose_gy(points[solid.contains(*points.T)])


def worst_difference(dose_gy: np.ndarray, doses_gy: np.ndarray, fraction: np.ndarray) -> float:
    found = (dose_gy >= doses_gy[:, None]).mean(axis=1)
    return float(np.abs(found - fraction).max())


SHARE_TOLERANCE = 5 * 0.5 / np.sqrt(200_000)
"""Five standard deviations of a share found with the 200,000 points or more that are inside."""


@pytest.mark.parametrize(
    "field",
    [
        LinearGradient(30, (0.4, -0.2, 1.1)),
        LinearGradient(30, (0, 0, -0.7)),
        Sigmoid(60, (3, 2, 8), (1, 1, -2), 4),
        Exponential(60, (5, 4, 17), (-1, 2, 2), 9),
    ],
)
def test_sphere_in_a_planar_field(field) -> None:
    sphere = Sphere((5, -4, 9), 12)
    dose = dose_in(sphere, field)
    doses = np.linspace(-5, 70, 76)
    fraction = fraction_in_planar_field(sphere, field, doses)
    assert worst_difference(dose, doses, fraction) < SHARE_TOLERANCE
    assert fraction[0] == 1
    assert fraction[-1] == 0


def test_cylinder_across_its_axis_in_any_in_plane_direction() -> None:
    cylinder, field = Cylinder((5, -4, 9), 12, 30), LinearGradient(30, (0.6, 0.8, 0))
    doses = np.linspace(10, 50, 81)
    fraction = fraction_in_planar_field(cylinder, field, doses)
    assert worst_difference(dose_in(cylinder, field), doses, fraction) < SHARE_TOLERANCE


def test_sphere_in_a_gaussian() -> None:
    field = Gaussian(50, (5, -4, 9), 6)
    sphere = Sphere((5, -4, 9), 12)
    doses = np.linspace(0, 51, 103)
    fraction = fraction_in_gaussian(sphere, field, doses)
    assert worst_difference(dose_in(sphere, field), doses, fraction) < SHARE_TOLERANCE
    assert fraction[0] == 1
    assert fraction[-1] == 0


def test_a_sphere_off_the_gaussian_is_refused() -> None:
    with pytest.raises(ValueError, match="about the centre"):
        fraction_in_gaussian(Sphere((0, 0, 1), 5), Gaussian(50, (0, 0, 0), 6), [1.0])


@pytest.mark.parametrize(
    "field",
    [
        LinearGradient(30, (0.4, -0.2, 1.1)),
        Sigmoid(60, (3, 2, 8), (1, 1, -2), 4),
        Exponential(60, (3, 2, 8), (1, 1, -2), 4),
    ],
)
def test_position_is_where_the_dose_is_found(field) -> None:
    doses = np.array([5.0, 20.0, 41.5])
    points = field.position_mm(doses)[:, None] * field.direction
    assert field.dose_gy(points) == pytest.approx(doses, rel=1e-12)


def test_a_sigmoid_is_half_its_maximum_at_the_edge_and_finite_far_away() -> None:
    field = Sigmoid(60, (3, 2, 8), (0, 0, -2), 4)
    far = np.array([[3, 2, 8], [0, 0, 4], [0, 0, -1e6], [0, 0, 1e6]], dtype=float)
    expected = [30, 60 / (1 + np.exp(-1)), 60, 0]
    assert field.dose_gy(far) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_an_exponential_falls_to_37_percent_within_its_length_and_starts_nowhere() -> None:
    field = Exponential(60, (3, 2, 8), (0, 0, 2), 4)
    points = np.array([[3, 2, 8], [0, 0, 4], [9, 9, 0]], dtype=float)
    assert field.dose_gy(points) == pytest.approx([60, 60 / np.e, 60 / np.e**2], rel=1e-14)
    assert field.position_mm(np.array([0.0, -1.0])).tolist() == [-np.inf, -np.inf]


def test_a_field_on_a_grid_is_its_dose_at_the_voxel_centres() -> None:
    """A feet-first grid with its own spacing along each axis, so that no two can be swapped."""
    grid = Grid([10, 20, 30], [-1, 0, 0], [0, 1, 0], 2, 3, 4, 5, [0, 5, 11])
    dose = LinearGradient(100, (1, 0.01, 0.0001)).on(grid)
    assert dose.shape == (4, 5, 3)
    i, j, k = 2, 3, 2
    # normal = (-x) x y = -z: frame 2 lies 11 mm below the origin
    assert dose[i, j, k] == pytest.approx(100 + (10 - 4) + 0.01 * 29 + 0.0001 * 19, abs=1e-12)


def test_fields_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="gradient"):
        LinearGradient(1, (0, 0, 0))
    with pytest.raises(ValueError, match="width"):
        Sigmoid(60, (0, 0, 0), (1, 0, 0), 0)
    with pytest.raises(ValueError, match="length"):
        Exponential(60, (0, 0, 0), (1, 0, 0), 0)
    with pytest.raises(ValueError, match="upwards"):
        Exponential(60, (0, 0, 0), (0, 0, 0), 3)
    with pytest.raises(ValueError, match="sigma"):
        Gaussian(60, (0, 0, 0), -1)
