"""A keyhole is an outline and its holes."""

import numpy as np
import pytest

from oligort.geometry.keyholes import without_keyholes
from oligort.geometry.overlay import overlay
from oligort.geometry.structure import Contour, Structure
from oligort.lesions.census import census
from oligort.lesions.lesion import Count

TURN = np.arange(48) * np.pi / 24


def circle(radius, u=0.0):
    return np.column_stack([u + radius * np.cos(TURN), radius * np.sin(TURN)])


def keyhole(outer, inner):
    return np.concatenate([outer, outer[:1], inner[:1], inner[:0:-1], inner[:1]])


@pytest.mark.parametrize("turned", [0, 7, 50, 96])
@pytest.mark.parametrize("end", [[0], []])
def test_a_keyhole_is_cut_into_the_loops_that_it_is_made_of(turned, end):
    loop = np.roll(keyhole(circle(20), circle(8)), turned, axis=0)
    loop = np.concatenate([loop, loop[end]])
    pieces = without_keyholes(loop)
    assert sorted(len(piece) for piece in pieces) == [48, 48]
    assert overlay([pieces]).of(0) == pytest.approx(overlay([[loop]]).of(0), rel=1e-12)


def test_what_has_no_keyhole_stays_as_it_is():
    (same,) = without_keyholes(circle(20))
    assert same.tobytes() == circle(20).tobytes()
    closed = np.concatenate([circle(20), circle(20)[:1]])
    assert [len(piece) for piece in without_keyholes(closed)] == [48]


def drawn(name, number, loops_of):
    planes_mm = np.arange(-18.0, 19, 4)
    contours = [
        Contour(np.column_stack([loop, np.full(len(loop), z)]))
        for z in planes_mm
        for loop in loops_of(np.sqrt(400 - z**2))
    ]
    return Structure(number, name, tuple(contours))


def test_a_lesion_with_a_keyhole_is_one_as_with_a_hole():
    """The hollow, whose rim is thin, made up to nine bulges of it."""
    hole = drawn("GTVm1", 1, lambda r: (circle(r), circle(r / 2)))
    same = drawn("GTVm1", 1, lambda r: (keyhole(circle(r), circle(r / 2)),))
    assert census([hole]).count == census([same]).count == Count(1, 1)


def test_a_shell_that_is_drawn_with_keyholes_is_one_around_the_lesion_in_it():
    lesion = drawn("GTVm1", 1, lambda r: (circle(r / 3),))
    shell = drawn("GTVm2", 2, lambda r: (keyhole(circle(r), circle(r / 2)),))
    found = census([lesion, shell])
    assert found.count == Count(1, 1)
    assert "is a shell around" in found.excluded[0].reason
