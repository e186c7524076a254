"""Area coverage against shapely, an independent engine, and closed forms."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from shapely import box, unary_union
from shapely.geometry import Polygon

from oligort.geometry.nesting import PlaneLoops
from oligort.geometry.raster import CoverageRaster, Lattice, coverage
from oligort.geometry.slabs import Slab

AREA_TOLERANCE = 1e-9
"""Relative. Sums of some thousand pieces of order 1 in double precision lose about 1e-13; the
crossings that both engines compute lose 1e-12 of the drawing's size."""

PIXEL_TOLERANCE = 1e-9
"""Of a pixel; see `AREA_TOLERANCE`."""

SEEDS = st.integers(0, 2**32 - 1)


def star(generator, count=40, centre=(0.0, 0.0), size=20.0):
    """A random loop without self-crossings: its angles ascend in steps of less than half a turn."""
    turn = (np.arange(count) + generator.uniform(0, 0.9, count)) * 2 * np.pi / count
    radius = size * generator.uniform(0.3, 1, count)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1) * radius[:, None] + centre


def square(low, high):
    return np.array([[low, low], [high, low], [high, high], [low, high]], dtype=float)


def circle(radius, count=60, centre=(0.0, 0.0)):
    turn = np.arange(count) * 2 * np.pi / count
    return np.stack([np.cos(turn), np.sin(turn)], axis=1) * radius + centre


def slab(*loops, exclusive=False):
    return Slab(0.0, -1.0, 1.0, tuple(np.asarray(loop, float) for loop in loops), exclusive)


def area(drawn, step_mm=0.73):
    lattice = Lattice.around([drawn], step_mm)
    return coverage(drawn, lattice).area.sum() * lattice.pixel_area_mm2


def area_of(drawn, lattice):
    return coverage(drawn, lattice).area[0]


def pixel_boxes(lattice):
    u = lattice.u_start_mm + np.arange(lattice.u_count + 1) * lattice.u_step_mm
    v = lattice.v_start_mm + np.arange(lattice.v_count + 1) * lattice.v_step_mm
    return [
        [box(u[i], v[j], u[i + 1], v[j + 1]) for j in range(lattice.v_count)]
        for i in range(lattice.u_count)
    ]


def judged_coverage(shape, lattice):
    return np.array(
        [
            [shape.intersection(pixel).area / lattice.pixel_area_mm2 for pixel in row]
            for row in pixel_boxes(lattice)
        ]
    )


@given(seed=SEEDS, count=st.integers(3, 60), step=st.floats(0.3, 30))
@settings(max_examples=60, deadline=None)
def test_area_of_a_random_polygon(seed, count, step):
    loop = star(np.random.default_rng(seed), count)
    assert area(slab(loop), step) == pytest.approx(Polygon(loop).area, rel=AREA_TOLERANCE)


@given(seed=SEEDS)
@settings(max_examples=8, deadline=None)
def test_every_pixel_of_a_polygon_with_a_hole_and_an_island(seed):
    """Hole and island are the outline shrunk about the centre that it is star-shaped about."""
    generator = np.random.default_rng(seed)
    outer = star(generator)
    drawn = slab(outer, 0.6 * outer, 0.25 * outer[::-1])
    lattice = Lattice.around([drawn], 3.1)
    judge = Polygon(outer, [0.6 * outer]).union(Polygon(0.25 * outer))
    assert area_of(drawn, lattice) == pytest.approx(
        judged_coverage(judge, lattice), abs=PIXEL_TOLERANCE
    )


def test_many_loops_each_with_its_own_hole():
    generator = np.random.default_rng(5)
    loops, judge = [], 0.0
    for column in range(8):
        for row in range(8):
            outer = star(generator, 12, (0, 0), 4)
            centre = np.array([column * 10.0, row * 10.0])
            loops += [outer + centre, (outer * 0.5)[:: generator.choice([-1, 1])] + centre]
            judge += Polygon(outer).area * 0.75
    order = generator.permutation(len(loops))
    assert area(slab(*(loops[i] for i in order))) == pytest.approx(judge, rel=AREA_TOLERANCE)


@given(seed=SEEDS, start=st.integers(0, 39), backwards=st.booleans())
@settings(max_examples=30, deadline=None)
def test_start_point_and_direction_change_no_pixel(seed, start, backwards):
    outer = star(np.random.default_rng(seed))
    hole = outer * 0.5
    turned = np.roll(hole[::-1] if backwards else hole, start, axis=0)
    lattice = Lattice.around([slab(outer)], 1.7)
    assert area_of(slab(turned, outer[::-1]), lattice) == pytest.approx(
        area_of(slab(outer, hole), lattice), abs=PIXEL_TOLERANCE
    )


def test_loops_that_do_not_cross_are_rastered_as_such():
    drawn = slab(circle(10), circle(6)[::-1], circle(3))
    raster = CoverageRaster([drawn], Lattice.around([drawn], 0.5))
    raster.coverage(0, 1)
    assert raster.overlapping == set()


def test_a_keyhole_leaves_its_hole_out():
    outer, hole = square(0, 10), square(4, 6)[::-1]
    keyhole = np.concatenate([outer, outer[:1], hole, hole[:1]])
    assert area(slab(keyhole)) == pytest.approx(96, rel=AREA_TOLERANCE)


@given(seed=SEEDS, centre=st.tuples(st.floats(-25, 25), st.floats(-25, 25)))
@settings(max_examples=60, deadline=None)
def test_loops_that_partly_overlap_are_joined(seed, centre):
    generator = np.random.default_rng(seed)
    first, second = star(generator), star(generator, 30, centre, 15)
    one, other = Polygon(first), Polygon(second)
    judge = one.union(other).area
    smaller = min(one.area, other.area)
    assume(
        one.contains(other) or other.contains(one) or one.intersection(other).area < 0.95 * smaller
    )
    if one.contains(other) or other.contains(one):
        judge = abs(one.area - other.area)
    assert area(slab(first, second)) == pytest.approx(judge, rel=AREA_TOLERANCE)


def test_a_loop_that_barely_sticks_out_of_another_is_joined_and_no_hole():
    """Its box lies inside the other's, and so do most of its points."""
    outer = np.array([[0, 0], [20, 0], [20, 20], [12, 20], [12, 12], [8, 12], [8, 20], [0, 20.0]])
    inner = circle(4, centre=(10, 9))
    judge = unary_union([Polygon(outer), Polygon(inner)]).area
    assert area(slab(outer, inner)) == pytest.approx(judge, rel=AREA_TOLERANCE)


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_every_pixel_of_a_union(seed):
    generator = np.random.default_rng(seed)
    loops = [star(generator, 12, generator.uniform(-9, 9, 2), 15) for _ in range(3)]
    polygons = [Polygon(loop) for loop in loops]
    for a, b in permutations(polygons, 2):
        assume(a.intersection(b).area < 0.95 * b.area)
    drawn = slab(*loops)
    lattice = Lattice.around([drawn], 6.1)
    assert area_of(drawn, lattice) == pytest.approx(
        judged_coverage(unary_union(polygons), lattice), abs=PIXEL_TOLERANCE
    )


@given(seed=SEEDS, centre=st.tuples(st.floats(-25, 25), st.floats(-25, 25)))
@settings(max_examples=40, deadline=None)
def test_xor_loops_leave_out_what_two_of_them_cover(seed, centre):
    generator = np.random.default_rng(seed)
    first, second = star(generator), star(generator, 30, centre, 15)
    judge = Polygon(first).symmetric_difference(Polygon(second)).area
    assert area(slab(first, second, exclusive=True)) == pytest.approx(
        judge, rel=AREA_TOLERANCE, abs=1e-9
    )


@pytest.mark.parametrize("step", [0.1, 0.37, 1.0, 2.1])
def test_a_figure_eight_counts_both_lobes(step):
    eight = np.array([[0, 0], [4, 4], [4, 0], [0, 4.0]])
    assert area(slab(eight), step) == pytest.approx(8, rel=AREA_TOLERANCE)


def test_a_curl_is_outside_where_it_is_wound_twice():
    """It crosses itself at (6, 10). By rows: 3 x 10, 7 x (3 + 4) without the curl, 2 x 6."""
    curl = [[0, 0], [10, 0], [10, 10], [3, 10], [3, 3], [6, 3], [6, 12], [0, 12]]
    assert area(slab(curl), 0.37) == pytest.approx(30 + 49 + 12, rel=AREA_TOLERANCE)


def test_two_copies_a_little_apart_have_the_area_of_one():
    """The union of two circles 0.03 mm apart: 2 r d more than one, in closed form nearly."""
    first, second = circle(20, 400), circle(20, 400, (0.03, 0))
    judge = unary_union([Polygon(first), Polygon(second)]).area
    assert area(slab(first, second)) == pytest.approx(judge, rel=AREA_TOLERANCE)
    assert judge == pytest.approx(Polygon(first).area + 40 * 0.03, rel=1e-4)


@pytest.mark.parametrize("size", [1e-3, 0.02, 1.0, 300.0])
def test_a_triangle_of_any_size(size):
    triangle = np.array([[0, 0], [1, 0.2], [0.3, 0.8]]) * size + (211.3, -480.7)
    # Coordinates of 500 mm are good to 1e-13 mm: 1e-10 of a triangle of a micrometre.
    assert area(slab(triangle)) == pytest.approx(
        Polygon(triangle).area, rel=max(AREA_TOLERANCE, 1e-11 / size)
    )


@pytest.mark.parametrize("angle", [0, 0.3, np.pi / 4, np.pi / 2])
def test_a_sliver_of_a_hundredth_of_a_millimetre(angle):
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    sliver = np.array([[0, 0], [40, 0], [40, 0.01], [0, 0.01]]) @ turn
    assert area(slab(sliver), 1.1) == pytest.approx(0.4, rel=AREA_TOLERANCE)


@pytest.mark.parametrize(
    "loop",
    [
        [[0, 0], [5, 0], [10, 0]],
        [[0, 0], [5, 5], [10, 10]],
        [[3, 3], [3, 3], [3, 3]],
        [[0, 0], [10, 3], [0, 0], [10, 3]],
    ],
)
def test_what_encloses_nothing_covers_nothing(loop):
    assert area(slab(loop)) == pytest.approx(0, abs=1e-12)


@example(offset=0.0)
@given(offset=st.floats(-1000, 1000))
@settings(max_examples=20, deadline=None)
def test_a_box_on_pixel_borders_fills_whole_pixels(offset):
    drawn = slab(square(0, 10) + offset)
    lattice = Lattice.around([drawn], 1.0)
    assert area_of(drawn, lattice) == pytest.approx(np.ones(lattice.shape), abs=1e-9)


def test_a_repeated_first_point_is_harmless():
    loop = star(np.random.default_rng(8))
    closed = np.concatenate([loop, loop[:1]])
    assert area(slab(closed)) == pytest.approx(area(slab(loop)), rel=AREA_TOLERANCE)


def test_slabs_of_one_raster_do_not_mix():
    slabs = [slab(circle(5, centre=(i, -i))) for i in range(4)] + [slab(square(0, 3))]
    lattice = Lattice.around(slabs, 0.8)
    raster = CoverageRaster(slabs, lattice)
    for index, one in enumerate(slabs):
        assert raster.coverage(index, index + 1).area[0] == pytest.approx(
            area_of(one, lattice), abs=1e-12
        )


def test_nesting_goes_by_depth_and_not_by_direction():
    loops = [circle(10), circle(8), circle(6)[::-1], circle(1, centre=(30, 0))[::-1]]
    assert PlaneLoops(loops).signs.tolist() == [1, -1, -1, -1]


def test_a_lattice_spans_every_loop_exactly():
    loop = star(np.random.default_rng(2))
    lattice = Lattice.around([slab(loop)], 0.9)
    low, high = loop.min(axis=0), loop.max(axis=0)
    assert (lattice.u_start_mm, lattice.v_start_mm) == tuple(low)
    assert low + np.array(lattice.shape) * (lattice.u_step_mm, lattice.v_step_mm) == pytest.approx(
        high
    )
    assert max(lattice.u_step_mm, lattice.v_step_mm) <= 0.9
    assert lattice.to_pixels(low[None]) == pytest.approx(np.zeros((1, 2)))
    assert len(lattice.u_centres_mm) == lattice.u_count
    assert lattice.v_centres_mm[0] == pytest.approx(low[1] + lattice.v_step_mm / 2)


@pytest.mark.parametrize("step_mm", [0.37, 1.3, 6.0])
def test_first_moments_are_those_of_what_shapely_cuts_out_of_each_pixel(step_mm):
    """A star with a hole in it and an island beside it: pixels of every shape, some whole."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = 9 + 3 * np.sin(5 * angle) + np.random.default_rng(8).uniform(-0.5, 0.5, 40)
    star = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None]
    hole, island = circle(3.3, 17, (0.4, -0.7)), circle(1.7, 9, (14.1, 2.2))
    drawn = slab(star, hole[::-1], island)
    lattice = Lattice.around([drawn], step_mm)
    found = coverage(drawn, lattice)
    judge = Polygon(star).difference(Polygon(hole)).union(Polygon(island))
    for part, moment in ((0, found.u_moment[0]), (1, found.v_moment[0])):
        expected = np.zeros(lattice.shape)
        pixels = pixel_boxes(lattice)
        for u, v in np.ndindex(*lattice.shape):
            piece = pixels[u][v].intersection(judge)
            if piece.area > 0:
                centroid = (piece.centroid.x, piece.centroid.y)[part]
                centre = (lattice.u_centres_mm[u], lattice.v_centres_mm[v])[part]
                size = (lattice.u_step_mm, lattice.v_step_mm)[part]
                share = piece.area / lattice.pixel_area_mm2
                expected[u, v] = share * (centroid - centre) / size
        assert moment == pytest.approx(expected, abs=PIXEL_TOLERANCE)


def test_slabs_come_together_as_they_come_one_by_one():
    """Loops that cross in one plane of five are cut up in that plane alone."""
    slabs = [slab(circle(5 + number), circle(2, 9)) for number in range(4)]
    slabs.insert(2, slab(square(-4, 3), square(-2, 6)))
    lattice = Lattice.around(slabs, 0.9)
    raster = CoverageRaster(slabs, lattice)
    together = raster.coverage(0, 5)
    assert raster.overlapping == {2}
    for index, one in enumerate(slabs):
        for part, part_of_one in zip(together, coverage(one, lattice), strict=True):
            assert part[index] == pytest.approx(part_of_one[0], abs=1e-12)


def test_loops_that_share_a_pixel_without_crossing_are_not_cut_up(monkeypatch):
    """Two rings a tenth of a pixel apart: nested loops, and no reason for the slow way."""
    monkeypatch.setattr("oligort.geometry.raster.trapezoids", None)
    drawn = slab(circle(10.0, 80), circle(9.9, 80))
    lattice = Lattice.around([drawn], 1.0)
    expected = 40 * np.sin(2 * np.pi / 80) * (10.0**2 - 9.9**2)
    assert area_of(drawn, lattice).sum() * lattice.pixel_area_mm2 == pytest.approx(expected)
