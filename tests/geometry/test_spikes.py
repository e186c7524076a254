"""Spikes: a point that moved is found, and what hands and formulae draw is none."""

import numpy as np
import pytest

from oligort.geometry.spikes import EDGES_A_SPIKE, LEAST_SPIKE_MM, spikes_of
from oligort.geometry.structure import Contour
from oligort.phantoms import Box, Cone, Ellipsoid, Torus

PLANES_MM = np.arange(-20.0, 21, 5)


def loop(radius_mm=30.0, count=180, z_mm=0.0):
    angle = np.arange(count) * 2 * np.pi / count
    return np.column_stack(
        [radius_mm * np.cos(angle), radius_mm * np.sin(angle), np.full(count, z_mm)]
    )


def moved(points, at, by):
    out = points.copy()
    out[at] += by
    return Contour(out)


@pytest.mark.parametrize("at", [0, 1, 77, 179])
@pytest.mark.parametrize("by_mm", [LEAST_SPIKE_MM + 1, 90.0, 800.0])
def test_a_point_that_moved_is_found_where_it_is(at, by_mm):
    points = loop()
    outwards = points[at] / 30.0
    (spike,) = spikes_of([Contour(loop(z_mm=5)), moved(points, at, by_mm * outwards)])
    assert spike.contour == 1
    np.testing.assert_allclose(spike.point_mm, points[at] + by_mm * outwards)
    # Both edges of the spike are longer than the way by which the point moved, hardly so.
    assert by_mm < spike.length_mm < by_mm + 1


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("at", [0, 77, 178])
@pytest.mark.parametrize("by", [(30, 0, 0), (150, 0, 0), (0, -90, 0)])
def test_points_that_moved_together_are_found_as_one(count, at, by):
    points = loop()
    (spike,) = spikes_of([moved(points, (at + np.arange(count)) % 180, by)])
    np.testing.assert_allclose(spike.point_mm, points[at] + by)


@pytest.mark.parametrize("at", [0, 77, 179])
@pytest.mark.parametrize(
    "by", [((30, 0, 0), (0, 40, 0)), ((150, 9, 0), (-150, 0, 0)), ((0, -90, 0), (25, 0, 0))]
)
def test_two_points_that_moved_apart_are_found(at, by):
    points = loop()
    (spike,) = spikes_of([moved(points, [at, (at + 1) % 180], by)])
    np.testing.assert_allclose(spike.point_mm, points[at] + by[0])


def test_a_shape_that_is_wider_than_where_it_begins_is_drawn():
    """A hole behind a bridge, a rib whose end has two corners, and a hammer of four points."""
    around = np.array([[0, 0, 0], [9, 0, 0], [5, 9, 0]], dtype=float)
    hole = np.vstack([loop(), loop()[:1], around, around[:1], loop()[:1]])
    rib, hammer = loop(), loop()
    rib[[0, 1]] = [[70, 0, 0], [70, 3, 0]]
    hammer[:4] = [[40, 0, 0], [40, -20, 0], [60, 0, 0], [42, 22, 0]]
    assert not spikes_of([Contour(hole), Contour(rib), Contour(hammer)])


def test_a_wedge_and_an_island_at_the_end_of_a_bridge_are_drawn():
    """A couch that runs out into an edge of two points, and a hole of three behind a bridge."""
    arc = np.linspace(0.6 * np.pi, 1.4 * np.pi, 12)
    couch = np.column_stack([60 * np.cos(arc), 60 * np.sin(arc), np.zeros(12)])
    wedge = np.vstack([couch, [[400.0, -2.0, 0.0], [400.0, 2.0, 0.0]]])
    hole = [[0.0, 0.0, 0.0], [9.0, 0.0, 0.0], [5.0, 9.0, 0.0]]
    keyhole = np.vstack([loop(), loop()[:1], hole, hole[:1], loop()[:1]])
    assert not spikes_of([Contour(wedge), Contour(keyhole)])


def test_a_corner_of_a_coarse_box_that_moved_is_found():
    corners = np.array([[0, 0, 0], [20, 0, 0], [20, 20, 0], [0, 20, 0]], dtype=float)
    assert not spikes_of([Contour(corners)])
    for at in range(4):
        (spike,) = spikes_of([moved(corners, at, (800, 0, 0))])
        assert spike.point_mm[0] >= 800


def test_a_spike_whose_foot_or_tip_is_drawn_twice_is_found():
    points = loop()
    points[50] *= 3
    doubled = np.repeat(points, np.where(np.abs(np.arange(180) - 50) < 3, 3, 1), axis=0)
    assert len(spikes_of([Contour(doubled)])) == 1
    closed = np.vstack([points[50:], points[:51]])
    assert len(spikes_of([Contour(closed)])) == 1


@pytest.mark.parametrize(
    "solid",
    [
        Box((0, 0, 0), (40, 1, 40)),
        Ellipsoid((0, 0, 0), (60, 2, 30)),
        Cone((0, 0, 0), 20.0, 40.0),
        Torus((0, 0, 0), 40.0, 8.0),
    ],
    ids=lambda solid: type(solid).__name__,
)
def test_solids_have_none(solid):
    assert not spikes_of(solid.structure("GTV", 1, PLANES_MM).contours)


def test_a_keyhole_a_triangle_and_a_short_tip_have_none():
    outer, inner = loop(30), loop(10)[::-1]
    keyhole = np.vstack([outer, outer[:1], inner[-1:], inner, outer[:1]])
    triangle = np.array([[0, 0, 0], [100, 1, 0], [0, 2, 0]], dtype=float)
    shorter = loop()
    shorter[9] *= 1 + (LEAST_SPIKE_MM - 1) / 30
    assert not spikes_of([Contour(keyhole), Contour(triangle), Contour(shorter)])


def test_a_tip_drawn_as_coarsely_as_the_rest_is_none():
    """A wedge: its tip stands out by four of its usual edges."""
    step = 20.0 / (EDGES_A_SPIKE - 1)
    back = np.column_stack([np.zeros(9), np.linspace(-4 * step, 4 * step, 9), np.zeros(9)]) / 4
    wedge = np.vstack([back, [[20.0, 0.0, 0.0]]])
    assert not spikes_of([Contour(wedge)])


def test_points_and_open_lines_are_not_asked():
    needle = moved(loop(), 3, (500, 0, 0)).points_mm
    assert not spikes_of([Contour(needle, "OPEN_PLANAR"), Contour(needle[:1], "POINT")])
    assert not spikes_of([])
