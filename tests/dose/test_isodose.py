"""The volume of an isodose against closed forms, at the border of the grid, and in parts."""

import math
import tracemalloc

import numpy as np
import pytest
from skimage.measure import label

from oligort.dose.grid import DoseGrid
from oligort.dose.isodose import _labels_of, isodose
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.grid import Grid
from oligort.geometry.region import Region
from oligort.phantoms import Gaussian, LinearGradient, Sphere

HALVED_TWICE = 2e-4
"""Share of a volume: the last halving moved it by less than 1e-4, see `isodose.SETTLED`."""


def region_of(sphere: Sphere, step_mm: float = 1.0) -> Region:
    low, high = (sphere.centre_mm[2] + side * sphere.radius_mm for side in (-1, 1))
    planes = np.arange(low, high + step_mm / 2, step_mm)
    return Region(Shape((sphere.structure("PTV", 1, planes),)), step_mm)


def gaussians(*peaks: tuple[tuple[float, float, float], float, float], spacing_mm=2.0) -> DoseGrid:
    """Doses of (centre_mm, peak_gy, sigma_mm), added, on a grid of 80 mm about the origin."""
    count = round(80 / spacing_mm) + 1
    frames = np.arange(count) * spacing_mm
    grid = Grid((-40, -40, -40), (1, 0, 0), (0, 1, 0), spacing_mm, spacing_mm, count, count, frames)
    dose = sum(Gaussian(gy, centre, sigma).on(grid) for centre, gy, sigma in peaks)
    return DoseGrid(grid, np.asarray(dose))


@pytest.mark.parametrize("level", [0.9, 0.5, 0.2, 0.05])
@pytest.mark.parametrize("spacing_mm", [(2.0, 2.0, 2.0), (2.0, 2.5, 3.0)])
def test_a_lone_hot_voxel_in_closed_form(level, spacing_mm):
    """Its trilinear dose is a product: P(XYZ >= t) of three uniforms is 1 - t (1 - ln t + ...)."""
    dose = np.zeros((5, 6, 7))
    dose[2, 3, 3] = 10.0
    grid = Grid(
        (0, 0, 0), (1, 0, 0), (0, 1, 0), *spacing_mm[:2], 5, 6, np.arange(7) * spacing_mm[2]
    )
    found = isodose(DoseGrid(grid, dose), 10.0 * level)
    log = -math.log(level)
    truth = 8 * math.prod(spacing_mm) / 1000 * (1 - level * (1 + log + log**2 / 2))
    assert found.volume == pytest.approx(truth, rel=HALVED_TWICE)
    low, high = found.volume.intervals["numerical"]
    assert low <= truth <= high
    assert high - low < 0.001 * truth
    assert (found.parts, found.at_gy) == (1, 10.0 * level)
    assert "coverage" not in found.volume.intervals


@pytest.mark.parametrize("gradient", [(1.0, 0.0, 0.0), (0.0, -0.7, 0.4), (0.31, 0.22, -0.43)])
def test_a_half_space_ends_at_the_border_of_the_outermost_voxels(gradient, dose_of):
    dose = dose_of(LinearGradient(60.0, gradient), (0, 0, 0), 20.0, spacing_mm=2.0)
    found = isodose(dose, 60.0)
    # Half of a box of 40 mm, by symmetry; linear in every tetrahedron, so exact but for the ties
    # of a microgray.
    assert found.volume == pytest.approx(32.0, rel=1e-6)
    assert found.volume.intervals["coverage"] == (found.volume, math.inf)
    assert isodose(dose, 1.0).volume == pytest.approx(64.0, rel=1e-12)


def test_a_dose_that_falls_below_zero_at_the_border_keeps_its_isodose(dose_of):
    # 1.25 Gy at the outermost centres, which goes on to -0.25 at the border: 1 Gy lies 0.25 mm out
    dose = dose_of(LinearGradient(15.5, (1.5, 0.0, 0.0)), (0, 0, 0), 10.0, spacing_mm=1.0)
    x_mm = (1 - 15.5) / 1.5
    assert isodose(dose, 1.0).volume == pytest.approx((10 - x_mm) * 0.4, rel=1e-6)


@pytest.mark.parametrize("at_gy", [10.0, 30.0, 45.0])
def test_the_sphere_of_a_gaussian(at_gy):
    sigma_mm, spacing_mm = 12.0, 1.0
    found = isodose(gaussians(((0.3, -0.2, 0.1), 50.0, sigma_mm), spacing_mm=spacing_mm), at_gy)
    radius_mm = sigma_mm * math.sqrt(2 * math.log(50 / at_gy))
    truth = 4 / 3 * math.pi * radius_mm**3 / 1000
    # A line between voxels is off by at most h^2 / 8 of the second derivative along each axis,
    # which over the slope at the surface moves the surface.
    off_gy = 3 * spacing_mm**2 / 8 * 50 / sigma_mm**2
    slope = at_gy * radius_mm / sigma_mm**2
    assert found.volume == pytest.approx(truth, rel=3 * off_gy / slope / radius_mm + HALVED_TWICE)
    assert found.parts == 1


def test_the_volume_does_not_depend_on_how_the_grid_lies():
    rng = np.random.default_rng(4)
    dose = rng.uniform(0, 10, (6, 7, 8))
    frames = np.cumsum(rng.uniform(1, 3, 8))
    plain = Grid((0, 0, 0), (1, 0, 0), (0, 1, 0), 2.0, 2.5, 6, 7, frames)
    angle = math.radians(20)
    turned = Grid(
        (5, 6, 7), (math.cos(angle), math.sin(angle), 0), (0, 0, -1), 2.0, 2.5, 6, 7, frames
    )
    backwards = Grid((0, 0, 0), (1, 0, 0), (0, -1, 0), 2.0, 2.5, 6, 7, -frames[::-1])
    first = isodose(DoseGrid(plain, dose), 6.0)
    second = isodose(DoseGrid(turned, dose), 6.0)
    third = isodose(DoseGrid(backwards, dose[:, :, ::-1]), 6.0)
    assert first.volume == second.volume
    # Tetrahedra hold one of the four diagonals, so a mirrored dose is cut otherwise.
    assert third.volume == pytest.approx(first.volume, rel=HALVED_TWICE)
    # Noise is where they are worst, and there too each lies in the other's interval.
    assert first.volume.low <= third.volume <= first.volume.high
    assert third.volume.low <= first.volume <= third.volume.high


def test_only_the_parts_that_a_target_touches_count():
    near, far = (-20.0, 0.0, 0.0), (20.0, 5.0, -5.0)
    dose = gaussians((near, 50.0, 5.0), (far, 60.0, 6.0))
    alone = [isodose(gaussians(one), 40.0) for one in ((near, 50.0, 5.0), (far, 60.0, 6.0))]
    both = isodose(dose, 40.0)
    assert both.parts == 2
    assert both.volume == pytest.approx(sum(one.volume for one in alone), rel=2 * HALVED_TWICE)
    for centre, one in zip((near, far), alone, strict=True):
        found = isodose(dose, 40.0, region_of(Sphere(centre, 4.0)))
        assert found.parts == 1
        assert found.volume == pytest.approx(one.volume, rel=HALVED_TWICE)
    # A target around both: what is inside it counts although no contour point is near.
    assert isodose(dose, 40.0, region_of(Sphere((0.0, 0.0, 0.0), 36.0), 3.0)).parts == 2
    nowhere = isodose(dose, 40.0, region_of(Sphere((0.0, 30.0, 0.0), 4.0)))
    assert (nowhere.volume, nowhere.parts) == (0.0, 0)


@pytest.mark.parametrize("radius_mm", [8.0, 11.0, 16.0])
@pytest.mark.parametrize("at_gy", [25.0, 35.0])
def test_the_conformity_index_of_concentric_spheres(radius_mm, at_gy, dvh_of):
    """(TV in the isodose)^2 / (TV x isodose): the ratio of the radii, cubed."""
    sigma_mm, spacing_mm, centre = 11.0, 1.0, (0.3, 0.2, 0.5)
    dose = gaussians((centre, 50.0, sigma_mm), spacing_mm=spacing_mm)
    planes = np.arange(-19.75, 20, 0.5)
    target = Sphere(centre, radius_mm).structure("PTV", 1, planes)
    found = dvh_of(target, dose).relative_to(at_gy, isodose(dose, at_gy).volume)["CI"]
    isodose_mm = sigma_mm * math.sqrt(2 * math.log(50 / at_gy))
    truth = (min(radius_mm, isodose_mm) / max(radius_mm, isodose_mm)) ** 3
    # The surface of the isodose lies off by the bend of the dose between voxels, as above; the
    # slabs of 0.5 mm make the volume of an 8 mm sphere wrong by less than 0.1 %.
    off_mm = 3 * spacing_mm**2 / 8 * 50 / sigma_mm**2 / (at_gy * isodose_mm / sigma_mm**2)
    assert found == pytest.approx(truth, rel=3 * off_mm / isodose_mm + 0.002)
    assert found.unit == ""
    assert found.low <= found <= found.high
    assert found.high - found.low < 0.005


def test_no_conformity_where_nothing_gets_the_dose_and_none_known_at_the_border(dose_of, dvh_of):
    dose = dose_of(LinearGradient(30.0, (0.0, 0.0, 1.0)), (0, 0, 0), 20.0, spacing_mm=2.0)
    target = Sphere((0, 0, 0), 10.0).structure("PTV", 1, np.arange(-10, 10.5, 1.0))
    dvh = dvh_of(target, dose)
    with pytest.raises(NotEvaluable, match="nothing receives 60 Gy"):
        dvh.relative_to(60.0, isodose(dose, 60.0).volume)["CI"]
    cut = dvh.relative_to(30.0, isodose(dose, 30.0).volume)["CI"]
    # Half of the target in half of a box of 40 mm; beyond the grid the isodose may be of any size.
    assert cut == pytest.approx((4 / 3 * math.pi / 2) ** 2 / (4 / 3 * math.pi * 32), rel=0.005)
    assert cut.intervals["coverage"] == (0.0, pytest.approx(cut))


def test_a_part_at_the_border_that_is_not_asked_for_leaves_no_doubt():
    dose = gaussians(((-20.0, 0.0, 0.0), 50.0, 5.0), ((40.0, 0.0, 0.0), 50.0, 5.0))
    assert "coverage" in isodose(dose, 30.0).volume.intervals
    found = isodose(dose, 30.0, region_of(Sphere((-20.0, 0.0, 0.0), 5.0)))
    assert "coverage" not in found.volume.intervals


def test_a_dose_that_nothing_receives_and_one_that_makes_no_sense():
    dose = gaussians(((0.0, 0.0, 0.0), 50.0, 8.0))
    found = isodose(dose, 50.1)
    assert (found.volume, found.volume.high, found.parts) == (0.0, 0.0, 0)
    # 20 Gy stored as a whole number times a scaling may read 19.999999999999996.
    assert (
        isodose(DoseGrid(dose.grid, np.full(dose.grid.shape, 19.999999999999996)), 20.0).volume > 0
    )
    for at_gy in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="above 0 Gy"):
            isodose(dose, at_gy)
    flat = DoseGrid(Grid((0, 0, 0), (1, 0, 0), (0, 1, 0), 1, 1, 3, 3, [0.0]), np.ones((3, 3, 1)))
    with pytest.raises(NotEvaluable, match="at least two"):
        isodose(flat, 0.5)


@pytest.mark.parametrize("share", [0.02, 0.06, 0.1, 0.2, 0.5])
def test_parts_are_those_of_another_labelling(share):
    rng = np.random.default_rng(11)
    is_above = rng.random((23, 17, 29)) < share
    ours, theirs = _labels_of(is_above), label(is_above, connectivity=3)
    assert ((ours > 0) == is_above).all()
    pairs = np.unique(np.stack([ours[is_above], theirs[is_above]]), axis=1)
    # One of ours for each of theirs, and the other way round.
    assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1] == theirs.max()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_a_winding_part_is_one(order):
    """Rows joined at one end in turn: a number has to travel the whole length."""
    is_above = np.zeros((41, 41, 3), dtype=bool)
    is_above[::2, :, 1] = True
    is_above[1::4, -1, 1] = is_above[3::4, 0, 1] = True
    assert np.unique(_labels_of(np.transpose(is_above, order))).tolist() == [0, 1]
    is_above[21, :, 1] = is_above[20:23, :, 1] = False
    assert len(np.unique(_labels_of(np.transpose(is_above, order)))) == 3


def test_an_isodose_takes_few_copies_of_the_dose():
    """Nine: with its border and ties, low and high of each cell, volumes, labels and flags.

    Were the eight corners of every cell stacked for their extremes, they would be thirteen.
    """
    count = 80
    frames = 2.0 * np.arange(count)
    grid = Grid((0, 0, 0), (1, 0, 0), (0, 1, 0), 2.0, 2.0, count, count, frames)
    dose = DoseGrid(grid, np.full(grid.shape, 30.0) + 0.1 * np.arange(count))
    isodose(dose, 31.0)  # what is loaded once is loaded
    tracemalloc.start()
    try:
        isodose(dose, 31.0)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most_bytes < 11 * dose.dose_gy.nbytes
