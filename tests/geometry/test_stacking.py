"""Stacks of images: gaps, other spacings and repeated planes, against stacks that are built."""

import numpy as np
import pytest

from oligort.geometry.stacking import SPACING_TOLERANCE_MM, Stacking, Stretch

EVEN = np.arange(0.0, 61, 3)


def test_an_even_stack_is_even():
    assert Stacking.of(EVEN) == Stacking(3.0)
    assert Stacking.of(EVEN).is_even


def test_a_missing_image_is_told_with_its_neighbours():
    stacking = Stacking.of(np.delete(EVEN, 4))
    assert stacking.missing == (Stretch(9.0, 15.0, 6.0),)
    assert (stacking.uneven, stacking.repeated_mm) == ((), ())
    assert not stacking.is_even


def test_two_gaps_are_two_and_a_longer_one_is_one():
    stacking = Stacking.of(np.delete(EVEN, [3, 10, 11]))
    assert stacking.missing == (Stretch(6.0, 12.0, 6.0), Stretch(27.0, 36.0, 9.0))


def test_several_equal_steps_are_another_spacing_and_no_gap():
    stacking = Stacking.of([*EVEN, 65.0, 70.0, 75.0])
    assert stacking.usual_mm == 3.0
    assert stacking.missing == ()
    assert stacking.uneven == (Stretch(60.0, 75.0, 5.0),)


def test_one_step_that_is_a_little_longer_is_uneven():
    assert Stacking.of([*EVEN, 64.0]).uneven == (Stretch(60.0, 64.0, 4.0),)


def test_rounded_positions_are_even():
    # 1.25 mm written with one decimal: steps of 1.2 and 1.3 mm
    assert Stacking.of(np.round(np.arange(0, 40, 1.25), 1)).is_even
    shifted = EVEN.copy()
    shifted[7] += SPACING_TOLERANCE_MM / 2
    assert Stacking.of(shifted).is_even


def test_repeated_planes_are_told_once_each():
    stacking = Stacking.of(np.sort([*EVEN, 6.0, 6.0, 12.01]))
    assert stacking.repeated_mm == (6.0, 12.0)
    assert (stacking.missing, stacking.uneven) == ((), ())


@pytest.mark.parametrize(("positions", "repeated"), [([5.0], ()), ([5.0, 5.0], (5.0,))])
def test_one_plane_has_no_spacing(positions, repeated):
    assert Stacking.of(positions) == Stacking(None, repeated_mm=repeated)
    assert not Stacking.of(positions).is_even
