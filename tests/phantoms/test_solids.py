"""Each closed form against points thrown at random or a fine quadrature."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.integrate import quad

from oligort.phantoms import (
    Box,
    Capsule,
    Cone,
    Cylinder,
    Ellipsoid,
    HollowSphere,
    Solid,
    Sphere,
    Torus,
)
from oligort.phantoms.polygons import area_mm2

CENTRE = (12.0, -7.0, 31.0)
SOLIDS = {
    "sphere": Sphere(CENTRE, 10),
    "ellipsoid": Ellipsoid(CENTRE, (8, 14, 11)),
    "hollow sphere": HollowSphere(CENTRE, 12, 9),
    "capsule": Capsule(CENTRE, 7, 12),
    "box": Box(CENTRE, (10, 22, 16)),
    "cylinder z": Cylinder(CENTRE, 9, 20, "z"),
    "cylinder x": Cylinder(CENTRE, 9, 20, "x"),
    "cylinder y": Cylinder(CENTRE, 9, 20, "y"),
    "cone z": Cone(CENTRE, 11, 24, "z"),
    "cone x": Cone(CENTRE, 11, 24, "x"),
    "cone y": Cone(CENTRE, 11, 24, "y"),
    "torus": Torus(CENTRE, 9, 4),
}
AXES = {"+x": (1, 0, 0), "-x": (-1, 0, 0), "+y": (0, 1, 0), "-y": (0, -1, 0)}
AXES |= {"+z": (0, 0, 1), "-z": (0, 0, -1)}
ROUND = ("sphere", "ellipsoid", "hollow sphere", "torus")
ABOUT_Z = ("capsule", "cylinder z", "cone z")
OBLIQUE = tuple(np.array([2.0, -1.0, 2.0]) / 3)
IN_PLANE = (0.6, -0.8, 0.0)
CASES = [(name, axis) for name in SOLIDS for axis in AXES.values()]
CASES += [(name, OBLIQUE) for name in ROUND] + [(name, IN_PLANE) for name in ABOUT_Z]

CELLS = 80
"""Cells along each axis of the box about a solid; one point is thrown into each."""

SHARE_TOLERANCE = 0.005
"""Only cells that a surface cuts can be wrong, by a standard deviation of at most 1/2 each. The
solid's surface and the plane's cut fewer than 10 x 80^2 cells, so a count of the 80^3 is off by
5 x sqrt(10 x 80^2) / 2 = 632 at five standard deviations: 0.12 % of the box, and 0.5 % of a cone,
which fills the least of its box, 26 %."""


@cache
def points_in(solid: Solid) -> tuple[np.ndarray, float]:
    """Points inside out of points thrown into the cells of its box, and the volume in cc."""
    low, high = np.array([solid.extent_mm(axis) for axis in np.eye(3)]).T
    corners = np.stack(np.indices((CELLS,) * 3), axis=-1).reshape(-1, 3)
    thrown = (corners + np.random.default_rng(7).random(corners.shape)) / CELLS
    points = low + thrown * (high - low)
    inside = points[solid.contains(*points.T)]
    return inside, float(np.prod(high - low)) / 1000 * len(inside) / len(points)


@pytest.mark.parametrize("name", SOLIDS)
def test_volume_is_what_random_points_say(name: str) -> None:
    _, volume = points_in(SOLIDS[name])
    assert volume == pytest.approx(SOLIDS[name].volume_cc, rel=SHARE_TOLERANCE)


@pytest.mark.parametrize(("name", "direction"), CASES)
def test_fraction_beyond_is_what_random_points_say(name: str, direction: tuple) -> None:
    solid, direction = SOLIDS[name], np.array(direction, dtype=float)
    position = np.sort(points_in(solid)[0] @ direction)
    low, high = solid.extent_mm(direction)
    b = np.linspace(0, 1, 41)
    found = 1 - np.searchsorted(position, low + b * (high - low)) / len(position)
    assert np.abs(solid.fraction_beyond(direction, b) - found).max() < SHARE_TOLERANCE
    assert solid.fraction_beyond(direction, np.array([0.0, 1.0])) == pytest.approx(
        [1, 0], abs=1e-14
    )
    assert low <= position[0]
    assert position[-1] <= high


@pytest.mark.parametrize(("name", "direction"), CASES)
def test_extent_is_the_support_of_the_drawn_solid(name: str, direction: tuple) -> None:
    solid, direction = SOLIDS[name], np.array(direction, dtype=float)
    planes = np.linspace(CENTRE[2] - 15, CENTRE[2] + 15, 1201)
    drawn = np.vstack([c.points_mm for c in solid.structure("s", 1, planes, 200).contours])
    position = drawn @ direction
    # planes 0.025 mm apart end at most 0.025 mm below a pole; vertices of 200 points stand out
    # by 14 mm (1.00008 - 1) = 0.001 mm and miss the lowest point by 14 mm (pi/200)^2 / 2 = 0.002
    assert solid.extent_mm(direction) == pytest.approx((position.min(), position.max()), abs=0.03)


@pytest.mark.parametrize("name", SOLIDS)
def test_loops_have_the_exact_area_of_the_section(name: str) -> None:
    """Area by the loops, integrated over z, is the volume; the sections are smooth in z."""
    solid = SOLIDS[name]
    low, high = solid.extent_mm(np.array([0.0, 0.0, 1.0]))

    def area(z: float) -> float:
        areas = [area_mm2(loop) for loop in solid.cross_section(z)]
        return 2 * max(areas) - sum(areas) if areas else 0.0

    volume, error = quad(area, low, high, points=(CENTRE[2], CENTRE[2] - 9, CENTRE[2] + 9))
    assert volume / 1000 == pytest.approx(solid.volume_cc, rel=1e-7, abs=2 * error / 1000)


@pytest.mark.parametrize("name", SOLIDS)
def test_every_plane_and_no_other_is_drawn(name: str) -> None:
    solid = SOLIDS[name]
    low, high = solid.extent_mm(np.array([0.0, 0.0, 1.0]))
    planes = np.arange(-10, 80, 2.5) + 0.1
    structure = solid.structure("GTV", 3, planes, interpreted_type="GTV")
    drawn = sorted({float(contour.points_mm[0, 2]) for contour in structure.contours})
    assert drawn == [z for z in planes if low < z < high]
    assert (structure.roi_number, structure.roi_name) == (3, "GTV")
    assert structure.interpreted_type == "GTV"
    assert all(np.ptp(contour.points_mm[:, 2]) == 0 for contour in structure.contours)


def test_a_hollow_sphere_is_drawn_as_two_nested_loops_where_it_is_hollow() -> None:
    shell = HollowSphere((0, 0, 0), 12, 9)
    assert [len(shell.cross_section(z)) for z in (0, 8.9, 9.1, 12)] == [2, 2, 1, 0]


def test_a_round_loop_has_two_opposite_points_on_each_axis() -> None:
    (loop,) = Sphere((0, 0, 0), 10).cross_section(0)
    assert len(loop) == 100
    assert np.linalg.norm(loop, axis=1) == pytest.approx(np.full(100, 10.00329), abs=1e-5)
    assert loop[0] == pytest.approx(-loop[50])


@pytest.mark.parametrize("name", ["capsule", "box", "cylinder z", "cone x"])
def test_an_oblique_direction_without_closed_form_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected a direction along"):
        SOLIDS[name].fraction_beyond(np.array(OBLIQUE), np.array([0.5]))


@pytest.mark.parametrize("size", [0.0, -1.0, float("nan"), float("inf")])
def test_a_size_that_makes_no_solid_is_refused(size: float) -> None:
    with pytest.raises(ValueError, match="above 0 mm"):
        Sphere(CENTRE, size)
    with pytest.raises(ValueError, match="above 0 mm"):
        Box(CENTRE, (1, size, 1))
    with pytest.raises(ValueError, match="above 0 mm"):
        replace(SOLIDS["cone z"], height_mm=size)


def test_a_shell_without_thickness_is_refused() -> None:
    with pytest.raises(ValueError, match="thickness"):
        HollowSphere(CENTRE, 9, 9)


def test_a_torus_has_the_volume_of_pappus_and_keeps_its_hole() -> None:
    assert Torus(CENTRE, 9, 4).volume_cc == pytest.approx(2 * np.pi**2 * 9 * 16 / 1000, rel=1e-15)
    with pytest.raises(ValueError, match="hole"):
        Torus(CENTRE, 4, 4)


def test_capsule_distance_is_the_distance_to_its_surface() -> None:
    """Against the nearest of the points of its densely drawn surface."""
    capsule = Capsule((0, 0, 0), 7, 12)
    planes = np.arange(-12.95, 13, 0.1)
    surface = np.vstack([c.points_mm for c in capsule.structure("s", 1, planes, 200).contours])
    points = np.random.default_rng(3).uniform(-20, 20, (150, 3))
    nearest = np.linalg.norm(points[:, None] - surface, axis=-1).min(axis=1)
    signed = np.where(capsule.contains(*points.T), -nearest, nearest)
    # surface points are 0.22 mm apart, 1.2 mm across the flat poles: a point at distance d misses
    # its foot by at most 0.6 mm, which lengthens d by 0.6^2 / (2 d)
    found = capsule.distance_mm(*points.T)
    assert np.abs(found - signed).max() < 0.6
    assert np.abs(found - signed)[np.abs(found) > 2].max() < 0.1
