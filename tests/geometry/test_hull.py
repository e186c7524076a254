"""Hulls of many groups at once against scipy, and facing corners against all pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from oligort.geometry.convex import convex_hulls
from oligort.geometry.envelope import DIRECTIONS, SHORTEST_SEEN, Envelope
from oligort.geometry.reach import AreaStack


def cloud(generator: np.random.Generator) -> np.ndarray:
    """Points in a disc or on its rim, stretched, moved and rounded as planning systems do."""
    count = int(generator.integers(1, 300))
    turn = generator.uniform(0, 2 * np.pi, count)
    radius = generator.uniform(size=count) ** generator.choice([0.0, 0.3, 1.0])
    flat = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)
    moved = flat * generator.uniform(0, 50, 2) + generator.uniform(-300, 300, 2)
    return moved.round(int(generator.choice([0, 1, 2, 12])))


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_hulls_of_groups(seed):
    generator = np.random.default_rng(seed)
    groups = [cloud(generator) for _ in range(int(generator.integers(1, 6)))]
    starts = np.cumsum([0] + [len(group) for group in groups[:-1]])
    points = np.concatenate(groups)
    hulls = convex_hulls(points, starts)
    assert (points[hulls.members] == hulls.corners_mm).all()
    for number, group in enumerate(groups):
        x, y = (hulls.corners_of(number) - group[0]).T
        area = float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
        if np.linalg.matrix_rank(group - group[0], tol=1e-6) == 2:
            assert area == pytest.approx(ConvexHull(group).volume, abs=1e-9)
        for other in range(number, len(groups)):
            p, q = hulls.facing(np.array([number]), np.array([other]))
            apart = np.linalg.norm(hulls.corners_mm[p] - hulls.corners_mm[q], axis=1)
            assert apart.max() == pytest.approx(cdist(group, groups[other]).max(), abs=1e-12)


@pytest.mark.parametrize("towards", [1, -1])
def test_one_point_that_hides_many_of_an_arc(towards):
    """None of them lies inside its neighbours but the one beside that point, round after round."""
    turn = towards * np.arange(4000) * 2 * np.pi / 4000
    circle = 25 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    ahead = 25.5 * np.array([[np.cos(np.pi / 8), np.sin(np.pi / 8)]])
    points = np.concatenate([circle, ahead, circle])
    hulls = convex_hulls(points, [0, 4001])
    first, second = hulls.corners_of(0), hulls.corners_of(1)
    for corners, group in ((first, points[:4001]), (second, circle)):
        expected = group[ConvexHull(group).vertices]
        assert {*map(tuple, corners.tolist())} == {*map(tuple, expected.tolist())}
    assert 3700 < len(first) < 3800
    assert len(second) == 4000


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_corners_all_round_reach_as_far_as_any_point(seed):
    generator = np.random.default_rng(seed)
    groups = [cloud(generator) for _ in range(int(generator.integers(1, 6)))]
    hulls = convex_hulls(np.concatenate(groups), np.cumsum([0] + [len(g) for g in groups[:-1]]))
    towards = float(generator.choice([0, np.pi / 2, generator.uniform(-7, 7)]))
    # Counted for many directions, and sought for few.
    for count in (360, 2):
        found = hulls.outermost_around(towards + np.pi / 2, count)
        angle = towards + np.arange(count) * 2 * np.pi / count
        ways = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        for number, group in enumerate(groups):
            assert (hulls.hull[found[number]] == number).all()
            reach = (hulls.corners_mm[found[number]] * ways).sum(axis=1)
            assert reach == pytest.approx((group @ ways.T).max(axis=0), abs=1e-9)


@pytest.mark.parametrize("seed", [*range(20), 81642])
def test_sides_that_are_parallel_but_for_rounding_hide_no_pair(seed):
    """Every side of an ellipse of 360 points has a parallel one across; turned, by rounding not."""
    turn = np.arange(360) * np.pi / 180
    ellipse = np.stack([20 * np.cos(turn), 12 * np.sin(turn), 0 * turn], axis=1)
    turned = Rotation.random(random_state=seed).apply(ellipse)
    flat = (turned - turned.mean(axis=0)) @ np.linalg.svd(turned)[2].T[:, :2]
    hulls = convex_hulls(flat, [0])
    p, q = hulls.facing(np.zeros(1, int), np.zeros(1, int))
    apart = np.linalg.norm(hulls.corners_mm[p] - hulls.corners_mm[q], axis=1)
    assert apart.max() == pytest.approx(40, abs=1e-12)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_a_stack_is_as_long_as_all_pairs_say(seed):
    generator = np.random.default_rng(seed)
    groups = [cloud(generator) for _ in range(int(generator.integers(1, 8)))]
    heights = generator.uniform(-40, 40, len(groups)).round(1)
    stack = AreaStack.of(groups, heights, generator.uniform(-4, 4))
    points = np.concatenate(
        [np.column_stack([g, np.full(len(g), z)]) for g, z in zip(groups, heights, strict=True)]
    )
    length, ends = stack.farthest()
    assert length == pytest.approx(cdist(points, points).max(), abs=1e-12)
    assert all((end == points).all(axis=1).any() for end in ends)
    assert stack.as_far_as(length * (1 + 1e-9) + 1e-9) is None
    beyond = stack.as_far_as(length * (1 - 1e-9))
    assert beyond is not None
    assert beyond[0] == length
    area, longest, corners = stack.longest()
    own = [cdist(group, group).max() for group in groups]
    assert longest == pytest.approx(max(own), abs=1e-12)
    assert own[area] == pytest.approx(max(own), abs=1e-12)
    p, q = stack.hulls.corners_mm[corners]
    assert np.linalg.norm(p - q) == pytest.approx(longest, abs=1e-12)


@given(seed=st.integers(0, 2**32 - 1), is_round=st.booleans())
@settings(max_examples=20, deadline=None)
def test_of_many_areas_the_farthest_corners_are_found(seed, is_round):
    """Any two sets of areas, as those with caps and all are; round stacks keep every pair long."""
    generator = np.random.default_rng(seed)
    heights = np.sort(generator.uniform(-24.9, 24.9, 150))
    scale = np.sqrt(1 - (heights / 25) ** 2) if is_round else generator.uniform(0, 1, 150)
    turn = np.arange(12) * 2 * np.pi / 12
    groups = [
        25 * s * np.stack([np.cos(turn + shift), np.sin(turn + shift)], axis=1)
        for s, shift in zip(scale, generator.uniform(0, 7, 150), strict=True)
    ]
    stack = AreaStack.of(groups, heights, generator.uniform(-4, 4))
    ones = np.flatnonzero(generator.uniform(size=150) < 0.3)
    others = np.arange(150)
    clouds = [
        np.concatenate(
            [np.pad(groups[i], ((0, 0), (0, 1)), constant_values=heights[i]) for i in its]
        )
        for its in (ones, others)
    ]
    length, ends = stack.farthest(ones, others)
    assert length == pytest.approx(cdist(*clouds).max(), abs=1e-12)
    assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(length, abs=1e-12)


@pytest.mark.parametrize("levels", [40, 700])
@pytest.mark.parametrize("seed", range(4))
def test_an_envelope_is_as_long_as_all_its_pairs_say(levels, seed):
    """Of many levels some stand for all, which adds no more than the others lie outside."""
    generator = np.random.default_rng(seed)
    height = np.sort(generator.uniform(-30, 30, levels))
    squashed = 1 + generator.uniform(0, 0.5) * np.cos(np.linspace(0, 4 * np.pi, 2 * DIRECTIONS))
    reach = np.sqrt(901 - height**2)[:, None] * squashed + generator.uniform(0, 5) * (seed % 2)
    found = Envelope(reach, np.broadcast_to(height[:, None], reach.shape)).longest_mm
    rise = np.abs(height[:, None] - height)
    every = max(
        np.hypot((reach[:, k, None] + reach[:, k + DIRECTIONS]) / SHORTEST_SEEN, rise).max()
        for k in range(DIRECTIONS)
    )
    assert type(found) is float  # a NumPy number would not pass for JSON
    assert every - 1e-9 <= found <= every + (0.025 if levels > 128 else 1e-9)
