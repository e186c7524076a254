"""The lowest and the highest dose of a shape that passes steadily from plane to plane."""

import numpy as np
import pytest

from oligort.conventions import Conventions
from oligort.dose.jointly import Asked, compute_dvhs
from oligort.geometry.algebra import parse, resolve
from oligort.phantoms import LinearGradient, Sphere

RADIUS_MM = 10.0
BALL = Sphere((0, 0, 0), RADIUS_MM)

TIP_MM = 0.1
"""By how much the parabola through the last three planes misses the tip; 1 Gy a millimetre."""


def planes(spacing_mm, first_mm):
    return np.arange(first_mm - RADIUS_MM, RADIUS_MM, spacing_mm)


@pytest.mark.parametrize(("spacing_mm", "first_mm"), [(5.0, 2.5), (5.0, 1.0), (3.0, 1.5), (2, 0.7)])
@pytest.mark.parametrize("slope", [(0.7, 0, 0.714), (0, 0, 1), (0, 0.5, -0.866)])
def test_what_fades_between_planes_is_in_the_intervals_of_the_ends(
    spacing_mm, first_mm, slope, dose_of, dvh_of
):
    """How far the shape reaches between two planes is not told pixel by pixel: the ball is in.

    The values count the faces of slabs, where nothing of a rounded tip lies: up to 1.5 Gy too far.
    """
    field = LinearGradient(40, slope)
    structure = BALL.structure("S", 1, planes(spacing_mm, first_mm), 200)
    reach_gy = RADIUS_MM * float(np.linalg.norm(slope))
    dose = dose_of(field, (0, 0, 0), 15)
    dvh = dvh_of(structure, dose, between_planes="interpolated")
    for metric, truth in (("Max", 40 + reach_gy), ("Min", 40 - reach_gy)):
        low, high = dvh[metric].intervals["numerical"]
        assert low - TIP_MM <= truth <= high + TIP_MM
        # By a plane further at most, and by what a sub-voxel of 0.6 mm hides of the ball.
        assert high - low < spacing_mm + 1


@pytest.mark.parametrize(("spacing_mm", "first_mm"), [(3.0, 1.5), (3.0, 0.7), (2.0, 0.7)])
@pytest.mark.parametrize("slope", [(0.7, 0, 0.714), (0.3, 0, -0.954)])
def test_so_it_is_of_structures_that_have_cells_in_common(spacing_mm, first_mm, slope, dose_of):
    """Each of two balls that reach into each other, and both together."""
    middles = {"A": np.array([-4.0, 0, 0]), "B": np.array([4.0, 0, 0])}
    balls = {
        name: (Sphere(tuple(at), RADIUS_MM).structure(name, 1, planes(spacing_mm, first_mm), 200),)
        for name, at in middles.items()
    }
    asked = [Asked.of(resolve(parse(text), balls.get), text) for text in ("A", "B", "A|B")]
    dose = dose_of(LinearGradient(40, slope), (0, 0, 0), 20)
    conventions = Conventions(between_planes="interpolated")
    *each, both = compute_dvhs(asked, dose, spacing_mm, conventions)
    reach_gy = RADIUS_MM * float(np.linalg.norm(slope))
    ends = [40 + at @ slope + np.array([-reach_gy, reach_gy]) for at in middles.values()]
    ends.append(np.array([min(low for low, _ in ends), max(high for _, high in ends)]))
    for dvh, truths in zip((*each, both), ends, strict=True):
        for metric, truth in zip(("Min", "Max"), truths, strict=True):
            low, high = dvh[metric].intervals["numerical"]
            assert low - TIP_MM <= truth <= high + TIP_MM
            assert high - low < spacing_mm + 1
