"""How far counting may be off, against counting: circles, boxes at any angle and stars."""

import numpy as np
import pytest

from oligort.geometry.counting import counting_share
from oligort.geometry.nesting import inside_loop
from oligort.geometry.slabs import slabs_of
from oligort.geometry.structure import Contour, Structure

AXIS = np.arange(-45.0, 46.0)
CENTRES = np.stack(np.meshgrid(AXIS, AXIS), axis=-1).reshape(-1, 2)
SQUARE = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])


def turned(loop, angle):
    cosine, sine = np.cos(angle), np.sin(angle)
    return loop @ np.array([[cosine, sine], [-sine, cosine]])


def circle(radius, count=60):
    angle = np.arange(count) * 2 * np.pi / count
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


def star(radius):
    return circle(1.0, 40) * np.where(np.arange(40) % 2, radius, radius / 2)[:, None]


OUTLINES = {
    "circle": circle,
    "fine circle": lambda radius: circle(radius, 400),
    "box": lambda radius: radius * SQUARE,
    "diagonal": lambda radius: turned(radius * SQUARE / np.sqrt(2), np.pi / 4),
    "one to two": lambda radius: turned(0.7 * radius * SQUARE, np.arctan2(1, 2)),
    "one to three": lambda radius: turned(0.7 * radius * SQUARE, np.arctan2(1, 3)),
    "two to three": lambda radius: turned(0.7 * radius * SQUARE, np.arctan2(2, 3)),
    "any angle": lambda radius: turned(0.7 * radius * SQUARE, radius),
    "star": star,
}


@pytest.mark.parametrize("name", OUTLINES)
def test_a_count_is_never_farther_from_the_area(name):
    rng = np.random.default_rng(20)
    shares = []
    for radius in (8.0, 12.5, 19.3, 24.0, 33.5, 40.0):
        # Centred on a voxel and between two, and anywhere.
        for shift in ((0.0, 0.0), (0.5, 0.5), rng.uniform(-0.5, 0.5, 2)):
            loop = OUTLINES[name](radius) + shift
            drawn = Structure(
                1,
                "Drawn",
                tuple(Contour(np.column_stack([loop, np.full(len(loop), z)])) for z in (0.0, 1.0)),
            )
            x, y = loop.T
            area = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
            # On the edge either way: a hair to each side.
            counts = [inside_loop(CENTRES + hair, loop).sum() for hair in (-1e-9, 0.0, 1e-9)]
            apart = max(abs(count - area) for count in counts) / area
            shares.append(apart / counting_share(slabs_of(drawn), np.ones(2)))
    assert max(shares) <= 1
    # A bound that nothing comes near would say nothing.
    assert max(shares) > 0.1


def test_a_box_is_off_by_half_a_row_on_each_side():
    drawn = Structure(
        1,
        "Box",
        tuple(Contour(np.column_stack([30.0 * SQUARE, np.full(4, z)])) for z in (0.0, 1.0)),
    )
    sides = 4 * 60 * 0.5
    # Four standard deviations of 240 pixels, alike in both planes, and one for the corners, which
    # in rows of other directions are worth a few more.
    rest = 4 * np.sqrt(240 / 12) + 1
    share = counting_share(slabs_of(drawn), np.ones(2))
    assert sides / 3600 < share < 1.15 * (sides + rest) / 3600
