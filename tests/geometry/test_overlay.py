"""Overlays against shapely, an independent engine, and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from oligort.errors import NotEvaluable
from oligort.geometry.overlay import overlay

# Both engines round at about 1e-16 of squared coordinates (some 1e3 mm2), per vertex.
ROUNDING_MM2 = 1e-8


def star(generator: np.random.Generator, count: int, centre: tuple[float, float], size: float):
    """A random polygon without self-crossings: its angles ascend by less than half a turn."""
    turn = (np.arange(count) + generator.uniform(0, 0.9, count)) * 2 * np.pi / count
    radius = size * generator.uniform(0.3, 1, count)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1) * radius[:, None] + centre


def square(low: float, high: float) -> np.ndarray:
    return np.array([[low, low], [high, low], [high, high], [low, high]])


@given(
    seed=st.integers(0, 2**32 - 1),
    counts=st.tuples(st.integers(4, 60), st.integers(4, 60)),
    centre=st.tuples(st.floats(-30, 30), st.floats(-30, 30)),
)
@settings(max_examples=100, deadline=None)
def test_shared_area_and_centroid_are_shapelys(seed, counts, centre):
    generator = np.random.default_rng(seed)
    first, second = star(generator, counts[0], (0, 0), 20), star(generator, counts[1], centre, 15)
    laid = overlay([[first], [second]])
    judge = Polygon(first).intersection(Polygon(second))
    assert laid.of(0) == pytest.approx(Polygon(first).area, abs=ROUNDING_MM2)
    assert laid.of(1) == pytest.approx(Polygon(second).area, abs=ROUNDING_MM2)
    assert laid.shared(0, 1) == pytest.approx(judge.area, abs=ROUNDING_MM2)
    moment = laid.moment_mm3[laid.inside.all(axis=1)].sum(axis=0)
    centroid = np.array(judge.centroid.coords[0]) if judge.area else np.zeros(2)
    assert moment == pytest.approx(centroid * judge.area, abs=1e-6)


def test_nested_loops_are_holes():
    laid = overlay([[square(0, 10), square(2, 8), square(4, 6)], [square(3, 7)]])
    assert laid.of(0) == pytest.approx(100 - 36 + 4)
    assert laid.shared(0, 1) == pytest.approx(4)


def test_a_keyhole_leaves_its_hole_out():
    outer, hole = square(0, 10), square(4, 6)[::-1]
    keyhole = np.concatenate([outer, outer[:1], hole, hole[:1]])
    assert overlay([[keyhole]]).of(0) == pytest.approx(96)


def test_identical_shapes_share_everything():
    loop = star(np.random.default_rng(5), 80, (3, 4), 20)
    laid = overlay([[loop], [np.roll(loop[::-1], 7, axis=0)]])
    assert laid.shared(0, 1) == pytest.approx(laid.of(0), rel=1e-12)


def test_three_shapes_split_into_the_regions_of_a_venn_diagram():
    laid = overlay([[square(0, 4)], [square(2, 6)], [square(3, 7)]])
    assert laid.area_mm2[laid.inside.all(axis=1)].sum() == pytest.approx(1)
    assert laid.area_mm2.sum() == pytest.approx(16 + 16 - 4 + 16 - 9)


def test_a_self_crossing_loop_counts_both_lobes():
    bow_tie = np.array([[0.0, 0], [2, 2], [2, 0], [0, 2]])
    assert overlay([[bow_tie]]).of(0) == pytest.approx(2)


def test_nothing_and_lines_have_no_area():
    assert overlay([[], []]).shared(0, 1) == 0
    assert overlay([[np.array([[0.0, 0], [1, 0], [2, 0]])]]).of(0) == 0
    assert overlay([[np.array([[0.0, 0], [1, 1], [2, 2]])]]).of(0) == pytest.approx(0, abs=1e-12)


def test_too_many_shapes_are_refused():
    with pytest.raises(ValueError, match="at most 62"):
        overlay([[square(0, 1)]] * 63)


def test_what_crosses_too_often_is_declined(monkeypatch):
    # 90 random points make some 0.04 million pieces, twice as many eight times that.
    monkeypatch.setattr("oligort.geometry.overlay.MOST_PIECES", 150_000)
    chance = np.random.default_rng(4)
    loops = [chance.uniform(-25, 25, (90, 2)) for _ in range(2)]
    assert overlay([[loops[0]]]).of(0) > 0
    with pytest.raises(NotEvaluable, match="so often that their 180 edges"):
        overlay([[loop] for loop in loops])
