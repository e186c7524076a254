"""Depth: how far each cell of a part lies from outside, to which peak the way up leads.

And that neither is asked for twice.
"""

import gc
from itertools import product
from weakref import ref

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from sketch import ball

from oligort.geometry.components import parts
from oligort.geometry.structure import Contour, Structure
from oligort.lesions.bulges import _peaks, _squared_mm2, bulges_of
from oligort.lesions.census import census
from oligort.lesions.extent import extent_of

BALL = ball(np.zeros(3), 9.0, 48)

STEPS = [step for step in product((-1, 0, 1), repeat=3) if any(step)]


@pytest.mark.parametrize("seed", range(12))
def test_the_way_out_is_that_of_the_distance_transform(seed):
    chance = np.random.default_rng(seed)
    inside = chance.random(chance.integers(1, 14, 3)) < (0.5, 0.9, 0.99, 1.0)[seed % 4]
    inside = np.pad(inside, 1)
    steps_mm = chance.uniform(0.3, 4.0, 3)
    rims_mm = [
        chance.uniform(-90, 90) + step * np.arange(count)
        for step, count in zip(steps_mm, inside.shape, strict=True)
    ]
    found = np.sqrt(_squared_mm2(inside, rims_mm))
    # Positions of some 100 mm are right to 1e-14 mm.
    assert found == pytest.approx(distance_transform_edt(inside, steps_mm), abs=1e-9)


@pytest.mark.parametrize("spacing_mm", [0.2, 1.0, 6.0])
def test_layers_may_lie_apart_unevenly(spacing_mm):
    """A single cell: the way out is the shortest to the six beside it."""
    inside = np.zeros((3, 3, 3), dtype=bool)
    inside[1, 1, 1] = True
    rims_mm = [np.array([0.0, spacing_mm, spacing_mm + 9.0]), np.arange(3.0), np.arange(3.0)]
    found = np.sqrt(_squared_mm2(inside, rims_mm))
    assert found[1, 1, 1] == pytest.approx(min(spacing_mm, 1.0))
    assert found.sum() == found[1, 1, 1]


@pytest.mark.parametrize("seed", range(12))
def test_each_deep_cell_leads_to_the_peak_of_the_steepest_way_up(seed):
    """Whole depths of few values: plateaus, on which the cell that comes last is the highest."""
    chance = np.random.default_rng(seed)
    depth = np.pad(chance.integers(0, 4, chance.integers(1, 8, 3)), 1).astype(np.float64)

    def height(cell):
        return depth[cell], int(np.ravel_multi_index(cell, depth.shape))

    def peak(cell):
        beside = [tuple(map(int, np.add(cell, step))) for step in STEPS]
        best = max((cell, *beside), key=height)
        return height(cell)[1] if best == cell else peak(best)

    found = _peaks(depth).reshape(depth.shape)
    assert set(found[depth == 0]) <= {-1}
    for cell in zip(*map(np.ndarray.tolist, np.nonzero(depth)), strict=True):
        assert found[cell] == peak(cell)


def test_what_was_measured_of_a_part_is_not_measured_again_and_goes_with_it():
    drawn = Structure(1, "GTVm1", tuple(map(Contour, BALL.loops(np.arange(-9.0, 10, 3.0)))))
    (part,) = parts(drawn, 3.0)
    found = bulges_of(part, 0.8)
    assert bulges_of(part, 0.8) is found
    assert bulges_of(part, 0.9) is not found
    assert extent_of(part) is extent_of(part)
    gone = ref(part)
    del part, drawn
    gc.collect()
    assert gone() is None


def test_nothing_that_is_done_to_a_lesion_is_in_the_next_census():
    drawn = Structure(1, "GTVm1", tuple(map(Contour, BALL.loops(np.arange(-9.0, 10, 3.0)))))
    (lesion,) = census((drawn,))
    for name in ("axial_end_points_mm", "maximum_3d_end_points_mm", "centroid_mm"):
        points = getattr(lesion, name)
        with pytest.raises(ValueError, match="read-only"):
            points += 1000.0
