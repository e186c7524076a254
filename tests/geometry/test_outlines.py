"""Loops around what expressions cover, against shapely, an independent engine, and closed forms."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import symmetric_difference
from shapely.geometry import Polygon

from oligort.errors import NotEvaluable
from oligort.geometry.algebra import parse, resolve
from oligort.geometry.outlines import SLIVER_MM, outlined, outlines
from oligort.geometry.overlay import trapezoids
from oligort.geometry.slabs import slabs_of
from oligort.geometry.structure import Contour, Structure

PLANES_MM = (0.0, 3.0, 6.0)

GRID_MM = SLIVER_MM / 100
"""Of the judge: a border moves by less than by a sliver's width."""


def star(generator, count, centre, size):
    turn = (np.arange(count) + generator.uniform(0, 0.9, count)) * 2 * np.pi / count
    radius = size * generator.uniform(0.3, 1, count)
    # As outlines round, so that both engines are given the same points.
    return np.round(np.stack([np.cos(turn), np.sin(turn)], 1) * radius[:, None] + centre, 6)


def box(left, bottom, right, top):
    return np.array([[left, bottom], [right, bottom], [right, top], [left, top]], dtype=float)


def drawn(name, *loops, planes=PLANES_MM, kind="CLOSED_PLANAR"):
    contours = [
        Contour(np.column_stack([loop, np.full(len(loop), z)]), kind)
        for z in planes
        for loop in loops
    ]
    return Structure(1, name, tuple(contours))


def loops_of(text, planes=PLANES_MM, **structures):
    """The loops of an expression by plane, each (N, 2)."""
    shape = resolve(parse(text), lambda name: (structures[name],))
    models = {id(one): slabs_of(one, 3.0) for one in shape.leaves}
    covered = outlined(shape, models, text)
    found = {z: [] for z in planes}
    for contour in covered.contours:
        (z,) = set(contour.points_mm[:, 2])
        found[z].append(contour.points_mm[:, :2])
    return found


def signed_mm2(loop):
    x, y = loop.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def as_polygon(loops):
    """What loops enclose by the even-odd rule."""
    return reduce(apart_of, (Polygon(loop).buffer(0) for loop in loops), Polygon())


def apart_of(left, right):
    """What one of two covers: on a grid, without which shapely errs where borders nearly meet."""
    return symmetric_difference(left, right, grid_size=GRID_MM)


@given(
    seed=st.integers(0, 2**32 - 1),
    counts=st.tuples(st.integers(4, 50), st.integers(4, 50)),
    centre=st.tuples(st.floats(-30, 30), st.floats(-30, 30)),
)
@settings(max_examples=100, deadline=None)
def test_loops_enclose_what_shapely_says(seed, counts, centre):
    generator = np.random.default_rng(seed)
    first, second = star(generator, counts[0], (0, 0), 20), star(generator, counts[1], centre, 15)
    cut = trapezoids([[first], [second]])
    a, b = Polygon(first), Polygon(second)
    for inside, truth in (
        (cut.inside[:, 0] & ~cut.inside[:, 1], a - b),
        (cut.inside.any(axis=1), a | b),
        (cut.inside.all(axis=1), a & b),
    ):
        loops = outlines(cut.corners_mm[inside])
        # No border is moved by more than a sliver's width.
        apart = apart_of(as_polygon(loops), truth).area
        assert apart <= SLIVER_MM * (a.length + b.length)
        # Anticlockwise around what is covered: holes count against it by themselves.
        assert sum(map(signed_mm2, loops)) == pytest.approx(truth.area, abs=apart + 1e-6)


def test_of_nothing_there_are_none():
    assert outlines(np.zeros((0, 4, 2))) == []


LUNG, OTHER = drawn("A", box(0, 0, 60, 80)), drawn("B", box(60, 10, 120, 70))
"""Two that touch along x = 60 mm."""


def test_what_touches_is_one_without_a_border_between():
    for loops in loops_of("A|B", A=LUNG, B=OTHER).values():
        (loop,) = loops
        assert signed_mm2(loop) == pytest.approx(4800 + 3600)
        # A box on a side of a box: eight corners, and nothing of the side that they share.
        assert len(loop) == 8
        assert not ((loop[:, 0] == 60) & (loop[:, 1] > 10) & (loop[:, 1] < 70)).any()


def test_what_touches_from_above_is_one_as_well():
    above = drawn("B", box(10, 80, 50, 90))
    for loops in loops_of("A|B", A=LUNG, B=above).values():
        (loop,) = loops
        assert signed_mm2(loop) == pytest.approx(4800 + 400)
        assert len(loop) == 8


def test_a_slanting_border_drawn_in_two_ways_is_one():
    # The same line with and without points on it that do not lie on it exactly.
    line = np.linspace((0.0, 0.0), (7.0, 100.0 / 3), 12)
    left = drawn("A", np.concatenate([[(-30, 0)], [(-30, 100 / 3)], line[::-1]]))
    right = drawn("B", np.concatenate([line[[0, -1]], [(40, 100 / 3)], [(40, 0)]]))
    for loops in loops_of("A|B", A=left, B=right).values():
        (loop,) = loops
        assert signed_mm2(loop) == pytest.approx(70 * 100 / 3)
    with pytest.raises(NotEvaluable, match='nothing is left of "A&B"'):
        loops_of("A&B", A=left, B=right)


@pytest.mark.parametrize(
    ("hole", "areas"),
    [
        # Well inside: a loop around it, clockwise.
        (box(20, 20, 40, 50), [-600, 4800]),
        # At the rim: a bite, and no loop of its own.
        (box(50, 20, 70, 50), [4500]),
        (box(50, 20, 60, 50), [4500]),
        # Through the middle: two loops.
        (box(-10, 20, 70, 50), [1200, 1800]),
        # Beside it.
        (box(80, 20, 90, 50), [4800]),
    ],
)
def test_what_is_taken_out_is_a_hole_a_bite_or_parts_it(hole, areas):
    for loops in loops_of("A-B", A=LUNG, B=drawn("B", hole)).values():
        assert sorted(map(signed_mm2, loops)) == pytest.approx(areas)


def test_what_loops_of_the_xor_type_share_is_outside():
    xor = drawn("B", box(0, 0, 40, 40), box(20, 20, 60, 60), kind="CLOSEDPLANAR_XOR")
    for loops in loops_of("A-B", A=LUNG, B=xor).values():
        assert as_polygon(loops).area == pytest.approx(4800 - 1600 - 1600 + 2 * 400)


def test_a_structure_of_fewer_planes_is_taken_from_those_that_it_has():
    one = drawn("B", box(20, 20, 40, 50), planes=(3.0,))
    areas = [sum(map(signed_mm2, loops)) for loops in loops_of("A-B", A=LUNG, B=one).values()]
    assert areas == pytest.approx([4800, 4200, 4800])


@pytest.mark.parametrize(
    "planes",
    [
        pytest.param((1.5, 4.5), id="between"),
        pytest.param((0.0, 6.0, 12.0), id="every other plane"),
        pytest.param((0.2, 3.2, 6.2), id="not quite the same"),
    ],
)
def test_structures_on_other_planes_are_not_in_step(planes):
    other = drawn("B", box(20, 20, 40, 50), planes=planes)
    with pytest.raises(NotEvaluable, match='"A", "B" are not drawn on the same planes'):
        loops_of("A-B", A=LUNG, B=other)
