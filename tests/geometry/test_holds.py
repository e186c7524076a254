"""Which points a stack of slabs holds, against formulas and the area that polygons enclose."""

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Point, Polygon

from oligort.geometry.contact import holds
from oligort.geometry.slabs import slabs_of
from oligort.geometry.structure import Contour, Structure
from oligort.phantoms import Box, HollowSphere

PLANES_MM = np.arange(-10.5, 11.0, 1.0)


def square(half_mm: float, centre=(0.0, 0.0), z_mm: float = 0.0, kind="CLOSED_PLANAR") -> Contour:
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half_mm + centre
    return Contour(np.column_stack([corners, np.full(4, z_mm)]), kind)


def random_points(count: int = 400, half_mm: float = 12.0) -> np.ndarray:
    return np.random.default_rng(5).uniform(-half_mm, half_mm, (count, 3))


def test_a_box_holds_what_lies_in_it():
    box = Box((1.0, 2.0, 0.0), (8.0, 12.0, 22.0))
    points = random_points()
    found = holds(slabs_of(box.structure("Box", 1, PLANES_MM)), points)
    assert found.tolist() == box.contains(*points.T).tolist()
    assert 0 < found.sum() < len(points)


def test_a_hollow_sphere_holds_nothing_of_its_hollow():
    shell = HollowSphere((0.0, 0.0, 0.0), 10.0, 6.0)
    points = random_points()
    radius_mm = np.linalg.norm(points, axis=1)
    # Slabs of 1 mm are staircases, polygons have corners: 1 mm beside either surface is not asked.
    clear = (np.abs(radius_mm - 10) > 1) & (np.abs(radius_mm - 6) > 1)
    found = holds(slabs_of(shell.structure("Shell", 1, PLANES_MM)), points)
    assert found[clear].tolist() == ((radius_mm > 6) & (radius_mm < 10))[clear].tolist()


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
def test_islands_and_crossing_loops_follow_their_convention(kind):
    loops = [square(10.0, kind=kind), square(6.0, kind=kind), square(2.0, kind=kind)]
    crossing = square(4.0, (10.0, 0.0), kind=kind)
    drawn = Structure(1, "R", (*loops, crossing))
    points = random_points(800, 15.0)
    points[:, 2] = 0.2
    big, hole, island, beside = (
        np.array([Polygon(one.points_mm[:, :2]).contains(Point(*p[:2])) for p in points])
        for one in drawn.contours
    )
    ring = (big & ~hole) | island
    expected = ring ^ beside if kind == "CLOSEDPLANAR_XOR" else ring | (beside & ~hole)
    assert holds(slabs_of(drawn, 1.0), points).tolist() == expected.tolist()


def test_a_point_beyond_the_end_caps_is_not_held():
    slab = slabs_of(Structure(1, "R", (square(5.0),)), 3.0)
    points = np.array([[0, 0, 1.4], [0, 0, -1.4], [0, 0, 1.6], [6, 0, 0.0]])
    assert holds(slab, points).tolist() == [True, True, False, False]


def test_turned_planes_hold_the_turned_points():
    angle = np.radians(30)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    box = Box((1.0, 2.0, 0.0), (8.0, 12.0, 22.0)).structure("Box", 1, PLANES_MM)
    turned = replace(box, contours=tuple(Contour(c.points_mm @ turn.T) for c in box.contours))
    points = random_points()
    plain = holds(slabs_of(box), points)
    assert holds(slabs_of(turned), points @ turn.T).tolist() == plain.tolist()
