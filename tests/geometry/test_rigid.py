"""Rigid transforms against quarter turns that are known by heart, and against scipy's rotations."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from oligort.geometry.grid import Grid
from oligort.geometry.rigid import ROTATION_TOLERANCE, RigidTransform

ROUNDING_MM = 1e-9
"""Sums and products of a few doubles below 1000."""

QUARTER_TURN = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
"""About z: x becomes y, y becomes -x."""

POINTS = np.random.default_rng(4).uniform(-300, 300, (50, 3))


def any_transform(seed: int) -> RigidTransform:
    shift = np.random.default_rng(seed).uniform(-100, 100, 3)
    return RigidTransform(Rotation.random(random_state=seed).as_matrix(), shift)


def test_a_quarter_turn_and_a_shift():
    moved = RigidTransform(QUARTER_TURN, np.array([10.0, 20, 30])).apply(np.array([[1.0, 2, 3]]))
    np.testing.assert_allclose(moved, [[8, 21, 33]], atol=ROUNDING_MM)


@pytest.mark.parametrize("seed", range(5))
def test_inverse_and_succession_are_those_of_the_points(seed):
    one, other = any_transform(seed), any_transform(seed + 100)
    expected = Rotation.from_matrix(one.rotation).apply(POINTS) + one.translation_mm
    np.testing.assert_allclose(one.apply(POINTS), expected, atol=ROUNDING_MM)
    np.testing.assert_allclose(one.inverse().apply(expected), POINTS, atol=ROUNDING_MM)
    np.testing.assert_allclose(
        other.after(one).apply(POINTS), other.apply(one.apply(POINTS)), atol=ROUNDING_MM
    )


@pytest.mark.parametrize("seed", range(5))
def test_each_voxel_of_a_moved_grid_is_the_moved_voxel(seed):
    transform = any_transform(seed)
    grid = Grid((1, 2, 3), (0, 1, 0), (-1, 0, 0), 2.0, 3.0, 4, 5, np.array([0.0, 2, 7]), "A")
    indices = np.indices(grid.shape).reshape(3, -1).T.astype(float)
    moved = transform.of_grid(grid, "B")
    np.testing.assert_allclose(
        moved.to_patient(indices), transform.apply(grid.to_patient(indices)), atol=ROUNDING_MM
    )
    assert (moved.frame_of_reference_uid, moved.shape) == ("B", grid.shape)


def test_a_rounded_rotation_becomes_an_exact_one():
    rounded = np.round(any_transform(1).rotation, 5)
    exact = RigidTransform(rounded, np.zeros(3)).rotation
    np.testing.assert_allclose(exact @ exact.T, np.eye(3), atol=1e-14)  # doubles at 1
    assert np.abs(exact - rounded).max() < 2e-5  # each element was rounded by up to 0.5e-5


@pytest.mark.parametrize(
    ("rotation", "reason"),
    [
        (np.diag([1.0, 1, -1]), "mirrors"),
        (-np.eye(3), "mirrors"),
        (np.eye(3) * (1 + ROTATION_TOLERANCE), "scales or shears"),
        (np.array([[1.0, 0.01, 0], [0, 1, 0], [0, 0, 1]]), "scales or shears"),
        (np.zeros((3, 3)), "scales or shears"),
        (np.eye(3) * 1e300, "scales or shears"),
        (np.eye(3) * np.nan, "finite"),
        (np.eye(4), "shape"),
    ],
)
def test_what_is_no_rotation_is_refused(rotation, reason):
    with pytest.raises(ValueError, match=reason):
        RigidTransform(rotation, np.zeros(3))


def test_a_translation_of_infinity_is_refused():
    with pytest.raises(ValueError, match="finite"):
        RigidTransform(np.eye(3), np.array([0, np.inf, 0]))
