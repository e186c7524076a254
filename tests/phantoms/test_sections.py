"""Sections in closed form against the loops that are drawn in the same planes."""

import numpy as np
import pytest
import shapely
from scipy.integrate import quad

from oligort.phantoms import (
    Box,
    Capsule,
    Cone,
    Cylinder,
    Ellipsoid,
    HollowSphere,
    Sphere,
    Torus,
)
from oligort.phantoms.polygons import area_mm2

CENTRE = (12.0, -7.0, 31.0)
SOLIDS = {
    "sphere": Sphere(CENTRE, 10),
    "ellipsoid": Ellipsoid(CENTRE, (8, 14, 11)),
    "hollow sphere": HollowSphere(CENTRE, 12, 9),
    "box": Box(CENTRE, (10, 22, 16)),
    "cylinder z": Cylinder(CENTRE, 9, 20, "z"),
    "cylinder x": Cylinder(CENTRE, 9, 20, "x"),
    "cylinder y": Cylinder(CENTRE, 9, 20, "y"),
    "cone z": Cone(CENTRE, 11, 24, "z"),
    "torus": Torus(CENTRE, 9, 4),
}
OF_DISCS = ("sphere", "hollow sphere", "cylinder z", "cone z", "torus")
HEIGHTS = CENTRE[2] + np.array([-30, -11.9, -9.99, -7.2, -3.9, 0, 0.3, 3.1, 6, 8.5, 9.3, 11.5, 30])
DIRECTIONS = [(1, 0), (0, -1), (0.6, 0.8), (-0.28, 0.96), (1e-9, 1), (0.3, 0.1)]

LOOP_POINTS = 1000
POLYGON_ERROR = 1e-5
"""Largest part of a section by which its polygon differs beyond a line.

The arcs between the points of a loop of the same area stand out by (2 pi / 1000)^2 / 12 of the
radius, 3e-6, over a rim of 2 radii in an area of pi: 2e-6, and twice that for a shell of half the
area of its outer disc.
"""


def drawn(solid, z):
    """The section as a polygon with its hole."""
    loops = [shapely.Polygon(loop) for loop in solid.cross_section(z, LOOP_POINTS)]
    return shapely.difference(loops[0], shapely.unary_union(loops[1:])) if loops else None


SQUARE = ((-1, 0), (1, 0), (1, 1), (-1, 1))


def half_plane(direction, position):
    """A square of 200 mm beyond a line; the direction need not be of unit length."""
    length = np.hypot(*direction)
    along = np.array(direction) / length
    across = np.array([-along[1], along[0]])
    foot = along * position / length
    return shapely.Polygon([foot + 100 * side * across + 200 * far * along for side, far in SQUARE])


def total(values):
    return np.sum(list(values), axis=0)


@pytest.mark.parametrize("name", SOLIDS)
def test_sections_have_the_area_of_the_loops(name: str) -> None:
    solid = SOLIDS[name]
    pieces = solid.sections(HEIGHTS)
    found = total(piece.area_mm2 for piece in pieces)
    for z, area in zip(HEIGHTS, found, strict=True):
        loops = solid.cross_section(float(z))
        # outside there is no loop, and beyond the hole none of the hole
        expected = sum(p.sign * area_mm2(loop) for p, loop in zip(pieces, loops, strict=False))
        # the same formula by coordinates 30 mm from the origin: rounding
        assert area == pytest.approx(expected, rel=1e-11, abs=1e-11)
    low, high = solid.extent_mm(np.array([0.0, 0.0, 1.0]))
    assert pieces[0].span_mm == pytest.approx((low, high))
    assert ((found > 0) == ((low < HEIGHTS) & (high > HEIGHTS))).all()


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", SOLIDS)
def test_area_beyond_a_line_is_that_of_the_clipped_loops(name: str, direction: tuple) -> None:
    solid, direction = SOLIDS[name], np.array(direction, dtype=float)
    middle = float(direction @ np.array(CENTRE[:2]))
    position = middle + np.hypot(*direction) * np.linspace(-14, 14, 17)[:, None]
    found = total(p.area_beyond(direction, position) for p in solid.sections(HEIGHTS))
    for z, areas in zip(HEIGHTS, found.T, strict=True):
        section = drawn(solid, float(z))
        if section is None:
            assert not areas.any()
            continue
        expected = [section.intersection(half_plane(direction, p)).area for p in position[:, 0]]
        assert areas == pytest.approx(expected, abs=POLYGON_ERROR * section.envelope.area)


@pytest.mark.parametrize("name", SOLIDS)
def test_without_a_direction_in_the_plane_a_section_lies_beyond_or_not(name: str) -> None:
    pieces = SOLIDS[name].sections(HEIGHTS)
    position = np.array([[-1e-9], [0.0], [1e-9]])
    found = total(p.area_beyond(np.zeros(2), position) for p in pieces)
    area = total(p.area_mm2 for p in pieces)
    assert found == pytest.approx(np.stack([area, area, 0 * area]))


@pytest.mark.parametrize("name", OF_DISCS)
def test_area_within_a_disc_is_that_of_the_loops(name: str) -> None:
    solid = SOLIDS[name]
    radius = np.linspace(0.5, 14, 14)
    found = total(p.area_within(radius[:, None]) for p in solid.sections(HEIGHTS))
    for z, areas in zip(HEIGHTS, found.T, strict=True):
        section = drawn(solid, float(z))
        if section is not None:
            discs = [shapely.Point(*CENTRE[:2]).buffer(r, quad_segs=500) for r in radius]
            expected = [section.intersection(disc).area for disc in discs]
            # the inscribed disc of 2000 corners lacks 2e-6 of its area
            assert areas == pytest.approx(expected, abs=POLYGON_ERROR * section.envelope.area)


@pytest.mark.parametrize("tilt", [0, 1e-9, 1e-6, 1e-4, 0.01, 0.3, 1, 1.5, np.pi / 2])
@pytest.mark.parametrize("name", ["ellipsoid", "hollow sphere", "box", "torus"])
def test_a_prism_beyond_a_plane_is_its_sections_integrated(name: str, tilt: float) -> None:
    """By quadrature over one slab, for planes between across z and along it."""
    direction = np.array([0.6 * np.cos(tilt), 0.8 * np.cos(tilt), np.sin(tilt)])
    plane, lower, upper = np.array([32.5]), 31.2, 33.9
    pieces = SOLIDS[name].sections(plane)
    flat, steep = direction[:2], direction[2]
    middle = float(direction @ np.array([*CENTRE[:2], plane[0]]))
    position = middle + np.linspace(-12, 12, 9)
    found = total(
        p.prism_beyond(direction, position[:, None], np.array([lower]), np.array([upper]))
        for p in pieces
    )[:, 0]
    for level, volume in zip(position, found, strict=True):
        # where the line passes an edge, the integrand has a corner: the rule is told of it
        edges = np.concatenate([p.edges_mm(flat)[:, 0] for p in pieces])
        corners = (level - flat @ np.array(CENTRE[:2]) - edges) / steep if steep > 1e-5 else []
        corners = [z for z in corners if lower < z < upper]
        expected, error = quad(
            lambda z, level=level: float(
                total(p.area_beyond(flat, np.array(level - steep * z)) for p in pieces)[0]
            ),
            lower,
            upper,
            points=corners or None,
            epsabs=1e-8,
            limit=200,
        )
        assert volume == pytest.approx(expected, abs=1e-6 + error)


@pytest.mark.parametrize("step", [1e-8, 0.9e-6, 1.1e-6, 1e-5, 1e-3, 0.1, 1.9])
def test_a_box_whose_side_the_plane_meets_within_a_slab(step: float) -> None:
    """From t = L - s / 2 to L + s / 2 the part (L - t) / 2L above 0 has the mean s / 16L."""
    box = Box((0, 0, 0), (10, 22, 16))
    slope = step * 5 / 2
    direction = np.array([1, 0, slope]) / np.hypot(1, slope)
    position = np.array([[5.0]]) * direction[0]
    (piece,) = box.sections(np.array([0.0]))
    volume = piece.prism_beyond(direction, position, np.array([-1.0]), np.array([1.0]))
    # 6e-8 below the step from which the slab counts as upright, and a digit of 1e-14 / step above
    assert float(volume[0, 0]) / (2 * 220) == pytest.approx(step / 16, abs=1e-7, rel=1e-6)


@pytest.mark.parametrize("name", OF_DISCS)
def test_a_prism_within_a_ball_is_its_sections_integrated(name: str) -> None:
    plane, lower, upper = np.array([32.5]), -0.8, 2.9
    pieces = SOLIDS[name].sections(plane)
    radius = np.array([0.5, 1.2, 3.3, 5.5, 8.4, 9.2, 10.6, 13.5, 20])
    bounds = (np.array([lower]), np.array([upper]))
    found = total(p.prism_within(radius[:, None], *bounds) for p in pieces)[:, 0]
    for ball, volume in zip(radius, found, strict=True):
        discs = np.array(
            [ball] + [np.sqrt(max(ball**2 - p.half_sizes_mm[0][0] ** 2, 0)) for p in pieces]
        )
        corners = [z for z in (*discs, *-discs) if lower < z < upper]
        expected, error = quad(
            lambda z, ball=ball: float(
                total(p.area_within(np.sqrt(np.maximum(ball**2 - z**2, 0))) for p in pieces)[0]
            ),
            lower,
            upper,
            points=corners or None,
            epsabs=1e-8,
        )
        assert volume == pytest.approx(expected, abs=1e-7 + error)


def test_what_has_no_such_section_is_refused() -> None:
    with pytest.raises(ValueError, match="no ellipses and rectangles"):
        Capsule(CENTRE, 7, 12).sections(HEIGHTS)
    with pytest.raises(ValueError, match="hyperbolas"):
        Cone(CENTRE, 11, 24, "x").sections(HEIGHTS)
    for name in ("ellipsoid", "box", "cylinder x"):
        (piece,) = SOLIDS[name].sections(HEIGHTS)
        with pytest.raises(ValueError, match="are discs"):
            piece.area_within(np.array([3.0]))
        with pytest.raises(ValueError, match="are discs"):
            piece.prism_within(np.array([[3.0]]), HEIGHTS, HEIGHTS + 1)
