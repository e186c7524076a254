"""Diameters against scipy's brute force and against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from oligort.geometry.diameter import longest_in_plane, maximum_3d

ROUNDING_MM = 1e-9  # coordinates of 100 mm carry 1e-14 mm; 1e-9 leaves room for rotations


def sphere(count: int, seed: int, radius_mm: float = 25.0) -> np.ndarray:
    directions = np.random.default_rng(seed).normal(size=(count, 3))
    return radius_mm * directions / np.linalg.norm(directions, axis=1)[:, None]


def ellipse(a_mm: float, b_mm: float, count: int = 360) -> np.ndarray:
    turn = np.arange(count) * 2 * np.pi / count
    return np.stack([a_mm * np.cos(turn), b_mm * np.sin(turn), np.zeros(count)], axis=1)


CLOUDS = {
    "one": np.ones((1, 3)),
    "two": np.array([[0.0, 0, 0], [3, 4, 0]]),
    "three": np.array([[0.0, 0, 0], [3, 4, 0], [0, 0, 1]]),
    "all the same": np.full((700, 3), 2.5),
    "collinear": np.linspace(0, 1, 900)[:, None] * [3.0, 4.0, 12.0],
    "ball": np.random.default_rng(1).normal(size=(3000, 3)),
    "cube": np.random.default_rng(2).uniform(size=(3000, 3)),
    "sphere": sphere(4000, 3),
    "octant": np.abs(sphere(4000, 4)),
    "rod": sphere(3000, 5) * [0.1, 0.2, 3],
    "shell of two spheres": np.concatenate(
        [sphere(1500, 6), sphere(1500, 7) + np.array([30, 0, 0])]
    ),
    "flat": sphere(3000, 8) * [1, 1, 0],
}


@pytest.mark.parametrize("name", CLOUDS)
def test_maximum_is_that_of_all_pairs(name):
    points = CLOUDS[name]
    length, ends = maximum_3d(points)
    assert length == pytest.approx(pdist(points).max(initial=0.0), abs=1e-12)
    assert np.linalg.norm(ends[1] - ends[0]) == length
    assert all((end == points).all(axis=1).any() for end in ends)


@given(
    count=st.integers(1, 1500),
    seed=st.integers(0, 2**32 - 1),
    stretch=st.tuples(*[st.floats(0, 3)] * 3),
    power=st.sampled_from([0.0, 0.3, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_maximum_of_any_cloud(count, seed, stretch, power):
    generator = np.random.default_rng(seed)
    cloud = sphere(count, seed) * generator.uniform(size=(count, 1)) ** power * stretch
    assert maximum_3d(cloud)[0] == pytest.approx(pdist(cloud).max(initial=0.0), abs=1e-10)


def test_large_sphere_with_antipodes_is_its_diameter():
    half = sphere(25_000, 11)
    length, _ = maximum_3d(np.concatenate([half, -half]))
    assert length == pytest.approx(50.0, abs=ROUNDING_MM)


def test_no_point_is_refused():
    with pytest.raises(ValueError, match="at least one point"):
        maximum_3d(np.zeros((0, 3)))


def test_ellipse_has_its_axes():
    measured = longest_in_plane(ellipse(20, 12))
    assert measured.length_mm == pytest.approx(40, abs=ROUNDING_MM)
    assert measured.short_axis_mm == pytest.approx(24, abs=ROUNDING_MM)
    assert np.abs(measured.end_points_mm[:, 0]) == pytest.approx([20, 20])


@given(seed=st.integers(0, 2**32 - 1), shift=st.tuples(*[st.floats(-500, 500)] * 3))
@settings(max_examples=30, deadline=None)
def test_diameters_do_not_depend_on_the_position_of_the_plane(seed, shift):
    turned = Rotation.random(random_state=seed).apply(ellipse(20, 12)) + shift
    measured = longest_in_plane(np.random.default_rng(seed).permutation(turned))
    assert measured.length_mm == pytest.approx(40, abs=ROUNDING_MM)
    assert measured.short_axis_mm == pytest.approx(24, abs=ROUNDING_MM)


def test_short_axis_is_the_extent_across_even_where_its_ends_do_not_face_each_other():
    # Longest from (0, 0) to (100, 0); 10 mm up at x = 20, 5 mm down at x = 80.
    kite = np.array([[0.0, 0, 0], [80, -5, 0], [100, 0, 0], [20, 10, 0]])
    assert longest_in_plane(kite).short_axis_mm == pytest.approx(15, abs=ROUNDING_MM)


@pytest.mark.parametrize("name", ["one", "all the same", "collinear", "two"])
def test_a_loop_without_area_has_no_short_axis(name):
    assert longest_in_plane(CLOUDS[name]).short_axis_mm == pytest.approx(0, abs=ROUNDING_MM)
