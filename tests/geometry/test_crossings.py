"""Loops that cross themselves: closed forms, what is no crossing, and a naive judge."""

import numpy as np
import pytest

from oligort.geometry import crossings
from oligort.geometry.crossings import NOISE_MM2, NOISE_SHARE, self_crossings
from oligort.geometry.overlay import areas_by_turns


def loop(*points):
    return np.array(points, dtype=np.float64)


def circle(count, radius, phase=0.0):
    angle = 2 * np.pi * np.arange(count) / count + phase
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


SQUARE = loop((0, 0), (10, 0), (10, 10), (0, 10))
BOW_TIE = loop((0, 0), (10, 10), (10, 0), (0, 10))
"""Two triangles of 25 mm2, run around in opposite directions; they cross between points."""
EIGHT_THROUGH_A_POINT = loop((0, 0), (5, 5), (10, 10), (10, 0), (5, 5), (0, 10))
"""The same with the crossing drawn, as contours on pixels do."""
CURL = loop((0, 0), (60, 0), (60, 30), (25, 30), (25, 20), (35, 20), (35, 40), (0, 40))
"""A curl of 10 x 10 mm within the loop: run around twice. The loop crosses itself at (35, 30)."""
PENTAGRAM = circle(5, 10.0)[[0, 2, 4, 1, 3]]
"""The pentagon inside is run around twice."""


@pytest.mark.parametrize(
    ("drawn", "in_doubt", "enclosed"),
    [
        (BOW_TIE, 25.0, 50.0),
        (EIGHT_THROUGH_A_POINT, 25.0, 50.0),
        (np.concatenate([SQUARE, SQUARE]), 100.0, 100.0),  # twice around
        (CURL, 100.0, 60 * 30 + 35 * 10),
        # radius of the inner pentagon 10 / phi^2; area of a pentagon 5/2 r^2 sin 72
        (PENTAGRAM, 2.5 * (10 * 0.3819660112501051) ** 2 * np.sin(2 * np.pi / 5), None),
    ],
)
def test_what_is_run_around_backwards_or_twice_is_in_doubt(drawn, in_doubt, enclosed):
    for variant in (drawn, drawn[::-1], drawn[:, ::-1], drawn + 512.3, np.roll(drawn, 3, axis=0)):
        (found,) = self_crossings([variant])
        assert found.in_doubt_mm2 == pytest.approx(in_doubt, rel=1e-9)
        assert enclosed is None or found.enclosed_mm2 == pytest.approx(enclosed, rel=1e-9)
        assert not found.is_noise


def keyhole(*, bridge_mm=0.0, is_hole_reversed=True):
    """Return a square of 40 mm with a hole of 10 mm, by a bridge there and back beside itself."""
    hole = loop((15, 15), (15, 25), (25, 25), (25, 15))
    if not is_hole_reversed:
        hole = hole[[0, 3, 2, 1]]
    there = loop((0, 0), (7, 8), (15, 15))
    back = loop((15, 15), (7, 8 + bridge_mm), (0, bridge_mm))
    return np.concatenate([loop((0, 0), (40, 0), (40, 40), (0, 40)), there, hole, back])


COMB = np.concatenate(
    [[(x, y), (x, 9.0 - y)] for x, y in zip(range(8), (0.0, 9.0) * 4, strict=True)]
)
DIAMONDS = loop((0, 0), (5, 5), (0, 10), (-5, 5), (0, 0), (-5, -5), (0, -10), (5, -5))
"""Two diamonds that touch in a point and are run around in one direction."""
SPIKE = loop((0, 0), (10, 0), (10, 5), (30, 5), (10, 5), (10, 10), (0, 10))
STAIRS = np.array([(i // 2 + i % 2, i // 2) for i in range(40)] + [(0, 20)], dtype=np.float64)


@pytest.mark.parametrize(
    "drawn",
    [
        SQUARE,
        circle(400, 30.0),
        keyhole(),
        keyhole(bridge_mm=0.01),
        keyhole(is_hole_reversed=False),
        DIAMONDS,
        SPIKE,
        STAIRS,
        np.concatenate([COMB, loop((7.0, -1.0), (0.0, -1.0))]),
        np.repeat(SQUARE, 3, axis=0),  # points drawn again
        np.concatenate([SQUARE, SQUARE[:1]]),  # closed by its first point
        loop((0, 0), (10, 0), (4, 0), (4, 3)),  # an edge that runs back on itself
        loop((0, 0), (5, 5), (10, 10)),  # a line, there and back
        loop((3, 3), (3, 3), (3, 3)),
    ],
)
def test_bridges_touching_and_repeated_points_are_no_crossings(drawn):
    for variant in (drawn, drawn[::-1], drawn[:, ::-1]):
        assert not [one for one in self_crossings([variant]) if not one.is_noise]


def test_rounding_leaves_noise_alone():
    """An outline of 3,000 points within 50 mm, rounded to 0.1 mm, and with shaking of 0.02 mm."""
    smooth = circle(3000, 25.0)
    assert not self_crossings([np.round(smooth, 1)])
    shaken = smooth + np.random.default_rng(7).normal(0, 0.02, smooth.shape)
    (found,) = self_crossings([shaken])
    assert 0 < found.in_doubt_mm2 < NOISE_MM2
    assert found.is_noise


def test_the_noise_of_digitising_is_a_share_and_an_area():
    def with_curl(side, curl):
        """Return a square with a curl of an area outside its border."""
        a = 2 * np.sqrt(curl)
        return loop(
            (0, 0), (side, 0), (side, side), (a, side), (0, side + a), (a, side + a), (0, side)
        )

    for side, curl, is_noise in (
        (100.0, 0.5 * NOISE_SHARE * 100**2, True),
        (100.0, 1.5 * NOISE_SHARE * 100**2, False),
        (5.0, 0.9 * NOISE_MM2, True),
        (5.0, 1.1 * NOISE_MM2, False),
    ):
        (found,) = self_crossings([with_curl(side, curl)])
        assert found.in_doubt_mm2 > 0
        assert found.is_noise is is_noise


def crosses_naively(drawn):
    """Whether any two edges cross between their ends: every pair, one at a time."""

    def side(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    edges = [(drawn[i - 1], drawn[i]) for i in range(len(drawn))]
    return any(
        side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
        for i, (a, b) in enumerate(edges)
        for c, d in edges[:i]
    )


def test_every_pair_of_edges_gives_the_same_answer():
    random = np.random.default_rng(5)
    loops = []
    for _ in range(60):
        count = int(random.integers(4, 40))
        angle = np.sort(random.uniform(0, 2 * np.pi, count))
        radius = random.uniform(15, 25, count)
        drawn = np.round(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), 1)
        swap = random.integers(0, count, 2)
        if random.random() < 0.5:
            drawn[swap] = drawn[swap[::-1]]
        loops.append(drawn)
    expected = [number for number, drawn in enumerate(loops) if crosses_naively(drawn)]
    assert 10 < len(expected) < 50
    found = {one.loop: one for one in self_crossings(loops)}
    assert set(expected) <= set(found)
    # What crosses through a point drawn is no crossing of the naive judge, and is one.
    assert len(set(found) - set(expected)) <= 3


def test_areas_by_turns_add_up_to_the_signed_area():
    random = np.random.default_rng(11)
    for _ in range(20):
        drawn = random.uniform(-50, 50, (12, 2))
        turns, area = areas_by_turns(drawn)
        after = np.roll(drawn, -1, axis=0)
        signed = (drawn[:, 0] * after[:, 1] - drawn[:, 1] * after[:, 0]).sum() / 2
        assert turns @ area == pytest.approx(signed, rel=1e-9, abs=1e-9)
        assert (area > 0).all()


def test_loops_do_not_see_each_other():
    found = self_crossings([SQUARE, SQUARE + 5, BOW_TIE, BOW_TIE + 3, SQUARE])
    assert [one.loop for one in found] == [2, 3]
    assert self_crossings([]) == ()


def test_the_work_grows_with_the_points():
    """A thorax of 300,000 points: some pairs an edge, not all."""
    outlines = [circle(1500, 150.0, phase) * (1.4, 1.0) for phase in np.linspace(0, 1, 20)]
    edges = crossings._Edges.of(outlines)
    assert edges.neighbours.sum() < 6 * 30_000
    # Long bridges side by side cost no more: the other axis is taken.
    comb = np.concatenate(
        [[(x, 0.0), (x, 400.0), (x + 0.4, 400.0), (x + 0.4, 0.0)] for x in np.arange(0, 500, 1.0)]
    )
    comb = np.concatenate([comb, [(500.0, -1.0), (0.0, -1.0)]])
    assert crossings._Edges.of([comb]).neighbours.sum() < 6 * len(comb)
    assert not self_crossings([comb])


def test_a_scribble_is_declined_and_not_waited_for(monkeypatch):
    scribble = np.random.default_rng(3).uniform(0, 100, (300, 2))
    for limit in ("MOST_PAIRS", "MOST_CROSSINGS"):
        with monkeypatch.context() as patched:
            patched.setattr(crossings, limit, 1000)
            (found,) = self_crossings([scribble])
        assert found.in_doubt_mm2 is None
        assert not found.is_noise
    (found,) = self_crossings([np.random.default_rng(3).uniform(0, 100, (1000, 2))])
    assert found.in_doubt_mm2 is None


@pytest.mark.parametrize("limit", ["MOST_PAIRS", "MOST_STRIPS"])
def test_many_scribbles_are_declined_together_and_not_outlines(limit, monkeypatch):
    """Each alone is within the limits; in whatever order, the worst are given up first."""
    random = np.random.default_rng(4)
    scribbles = [random.uniform(0, 100, (count, 2)) for count in (110, 120, 130, 140, 130)]
    outlines = [circle(1500, 150.0, 0.0), BOW_TIE]
    monkeypatch.setattr(crossings, "CROWDED", 20)
    monkeypatch.setattr(crossings, limit, {"MOST_PAIRS": 10_000, "MOST_STRIPS": 120_000}[limit])
    loops = [*scribbles, *outlines]
    for order in (range(7), range(6, -1, -1)):
        found = {
            order[one.loop]: one for one in self_crossings([loops[number] for number in order])
        }
        given_up = [number for number in found if found[number].in_doubt_mm2 is None]
        assert sorted(given_up) == [2, 3, 4]
        assert found[6].in_doubt_mm2
        assert set(found) == {0, 1, 2, 3, 4, 6}
