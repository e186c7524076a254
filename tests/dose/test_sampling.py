"""Sampling: linear fields come back exactly, in every orientation, and end with the grid."""

from itertools import product

import numpy as np
import pytest
from scipy.interpolate import NdBSpline, RegularGridInterpolator, make_interp_spline

from oligort.dose.composite_sampling import sampler_of
from oligort.dose.grid import DoseGrid
from oligort.dose.sampling import SubVoxels
from oligort.errors import NotEvaluable
from oligort.geometry.grid import Grid
from oligort.geometry.raster import Lattice
from oligort.geometry.slabs import AXIAL, PlaneFrame
from oligort.phantoms import LinearGradient

EXACT_GY = 1e-9
"""A linear field is interpolated without error; sums of tens of Gy round at 1e-14."""

FIELD = LinearGradient(40, (0.3, -0.5, 0.2))
LATTICE = Lattice(-11.0, -13.0, 0.7, 1.1, 30, 24)
PIXELS = np.arange(30 * 24)
FRAMES = np.array([0, 2, 4, 7, 10, 12, 15, 18, 21, 24, 27, 30], dtype=float)


def rotation_about_z(angle):
    return np.array(
        [[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]]
    )


def grid_around_zero(i_direction=(1, 0, 0), j_direction=(0, 1, 0), frames=FRAMES, counts=(16, 20)):
    i, j = np.array(i_direction, dtype=float), np.array(j_direction, dtype=float)
    corner = -15 * i - 19 * j - 15 * np.cross(i, j)
    return Grid(corner, i, j, 2.0, 2.0, *counts, frames)


def linear_dose(grid, field=FIELD):
    return DoseGrid(grid, field.on(grid))


def sub_voxels(position_mm, thickness_mm, pixels=PIXELS):
    """Whole pixels of one layer."""
    count = len(pixels)
    return SubVoxels(
        position_mm=np.array([position_mm]),
        thickness_mm=np.array([thickness_mm]),
        layer=np.zeros(count, dtype=np.int64),
        pixel=np.asarray(pixels),
        covered=np.ones(count),
        rim=np.arange(0),
        u_offset=np.zeros(0),
        v_offset=np.zeros(0),
        block=np.asarray(pixels),
    )


def sampled(dose, frame, lattice, *layer):
    return sampler_of(dose.field(), frame, lattice).sample(sub_voxels(*layer))


def pixel_points(position_mm, frame=AXIAL):
    u, v = np.divmod(PIXELS, LATTICE.v_count)
    points = np.column_stack(
        [LATTICE.u_centres_mm[u], LATTICE.v_centres_mm[v], np.full(len(PIXELS), position_mm)]
    )
    return frame.to_patient(points)


DIRECTIONS = {
    "HFS": ((1, 0, 0), (0, 1, 0)),
    "HFP": ((-1, 0, 0), (0, -1, 0)),
    "FFS": ((-1, 0, 0), (0, 1, 0)),
    "decubitus": ((0, 1, 0), (-1, 0, 0)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
    "oblique": tuple(rotation_about_z(0.3)[:2]),
}


@pytest.mark.parametrize("name", DIRECTIONS)
def test_a_linear_field_comes_back_with_its_gradient(name):
    """The largest change, the root of the summed squares of the others, half the sum of all."""
    grid = grid_around_zero(*DIRECTIONS[name])
    samples = sampled(linear_dose(grid), AXIAL, LATTICE, 1.3, 0.9)
    assert samples.dose_gy == pytest.approx(FIELD.dose_gy(pixel_points(1.3)), abs=EXACT_GY)
    changes = np.abs(np.array(FIELD.gradient_gy_per_mm) * (0.7, 1.1, 0.9))
    *others, largest = np.sort(changes)
    assert samples.along_gy == pytest.approx(np.full(720, largest), abs=EXACT_GY)
    assert samples.across_gy == pytest.approx(np.full(720, np.hypot(*others)), abs=EXACT_GY)
    assert samples.reach_gy == pytest.approx(np.full(720, np.abs(changes).sum() / 2), abs=EXACT_GY)
    assert samples.inside == pytest.approx(np.ones(720), abs=1e-12)


def test_pixels_picked_are_those_of_the_whole_plane():
    sampler = sampler_of(linear_dose(grid_around_zero()).field(), AXIAL, LATTICE)
    few = PIXELS[5::31]
    whole, picked = (sampler.sample(sub_voxels(-3.3, 0.5, pixels)) for pixels in (PIXELS, few))
    assert (picked.dose_gy == whole.dose_gy[few]).all()
    assert (picked.along_gy == whole.along_gy[few]).all()
    assert (picked.across_gy == whole.across_gy[few]).all()
    assert (picked.reach_gy == whole.reach_gy[few]).all()
    assert (picked.inside == whole.inside[few]).all()


def test_the_oblique_sampler_is_the_aligned_one_where_both_apply():
    """A grid turned by less than any DICOM file can say takes the other path."""
    random = np.random.default_rng(3).uniform(0, 50, (16, 20, 12))
    hair = rotation_about_z(3e-6)
    samplers = [
        sampler_of(DoseGrid(grid_around_zero(*axes), random).field(), AXIAL, LATTICE)
        for axes in ((hair[0], hair[1]), ((1, 0, 0), (0, 1, 0)))
    ]
    assert type(samplers[0]) is not type(samplers[1])
    for position in (-7.9, 0.2, 3.0):
        oblique, aligned = (sampler.sample(sub_voxels(position, 0.8)) for sampler in samplers)
        # 3e-6 x 20 mm moves a point by 6e-5 mm, in a field that changes by up to 25 Gy a mm.
        assert oblique.dose_gy == pytest.approx(aligned.dose_gy, abs=2e-3)
        assert oblique.inside == pytest.approx(aligned.inside)


@pytest.mark.parametrize("angle", [0.2, -0.4])
def test_an_oblique_grid_gives_the_aligned_grids_linear_field(angle):
    turned = rotation_about_z(angle)
    oblique, aligned = (
        sampled(linear_dose(grid_around_zero(*axes)), AXIAL, LATTICE, 0.7, 1.0)
        for axes in (tuple(turned[:2]), ((1, 0, 0), (0, 1, 0)))
    )
    for name in ("dose_gy", "along_gy", "across_gy", "reach_gy", "inside"):
        assert getattr(oblique, name) == pytest.approx(getattr(aligned, name), abs=EXACT_GY)


def test_tilted_planes_sample_where_they_lie():
    turned = np.array([[0.8, 0, 0.6], [0, 1, 0], [-0.6, 0, 0.8]])
    frame = PlaneFrame(turned)
    grid = Grid((-25, -25, -25), (1, 0, 0), (0, 1, 0), 2, 2, 26, 26, np.arange(26) * 2.0)
    samples = sampled(linear_dose(grid), frame, LATTICE, 2.1, 0.5)
    expected = FIELD.dose_gy(pixel_points(2.1, frame))
    assert samples.dose_gy == pytest.approx(expected, abs=EXACT_GY)


def test_dose_between_voxel_centres_is_trilinear():
    """Against scipy's interpolator, on planes at uneven distances."""
    grid = grid_around_zero()
    dose = DoseGrid(grid, np.random.default_rng(9).uniform(0, 60, grid.shape))
    judge = RegularGridInterpolator(
        (-15 + 2.0 * np.arange(16), -19 + 2.0 * np.arange(20), -15 + FRAMES), dose.dose_gy
    )
    sampler = sampler_of(dose.field(), AXIAL, LATTICE)
    for position in (-14.9, -12.0, -7.1, 0.0, 14.9):
        points = pixel_points(position)
        assert sampler.sample(sub_voxels(position, 0.5)).dose_gy == pytest.approx(
            judge(points), abs=EXACT_GY
        )
        assert dose.field().at(points) == pytest.approx(judge(points), abs=EXACT_GY)


def test_the_outermost_half_voxel_is_covered_and_continued_and_no_more():
    dose = linear_dose(grid_around_zero())
    points = np.array([[-15.99, 0, 0], [-16.01, 0, 0], [15.99, 0, 0], [16.01, 0, 0]])
    points = np.concatenate(
        [points, [[0, 0, -15.99], [0, 0, -16.01], [0, 0, 16.49], [0, 0, 16.51]]]
    )
    found = dose.field().at(points)
    inside = np.tile([True, False], 4)
    assert np.isfinite(found).tolist() == inside.tolist()
    assert found[inside] == pytest.approx(FIELD.dose_gy(points[inside]), abs=EXACT_GY)


def test_sub_voxels_are_cut_at_the_border_of_an_aligned_grid():
    """By the closed form of the intervals: borders at -16 and 16 mm along x."""
    lattice = Lattice(-20.0, -1.0, 1.6, 2.0, 25, 1)
    samples = sampled(linear_dose(grid_around_zero()), AXIAL, lattice, 0.0, 1.0, np.arange(25))
    left = -20 + 1.6 * np.arange(25)
    covered = np.clip(np.minimum(left + 1.6, 16) - np.maximum(left, -16), 0, 1.6) / 1.6
    assert samples.inside == pytest.approx(covered, abs=1e-12)


@pytest.mark.parametrize(("position", "share"), [(16.0, 1), (16.5, 0.5), (16.75, 0.25), (17.0, 0)])
def test_a_layer_that_leaves_the_last_plane_is_cut_there(position, share):
    """The last planes are 3 mm apart: the grid ends 1.5 mm beyond the last, at 16.5 mm."""
    sampler = sampler_of(linear_dose(grid_around_zero()).field(), AXIAL, LATTICE)
    assert sampler.sample(sub_voxels(position, 1.0, PIXELS[:1])).inside == pytest.approx([share])


def test_no_dose_is_negative_where_the_field_is_continued_below_zero():
    values = np.zeros((4, 4, 4))
    values[1] = 10.0
    grid = Grid((-15, -15, -15), (1, 0, 0), (0, 1, 0), 10, 10, 4, 4, np.arange(4) * 10.0)
    assert DoseGrid(grid, values).field().at(np.array([[-19.0, 0, 0]])) == 0


@pytest.mark.parametrize("shape", [(1, 5, 5), (5, 1, 5), (5, 5, 1)])
def test_a_grid_of_one_plane_is_refused_by_its_size(shape):
    grid = Grid((0, 0, 0), (1, 0, 0), (0, 1, 0), 2, 2, *shape[:2], np.arange(shape[2]) * 2.0)
    with pytest.raises(NotEvaluable, match=f"{shape[0]} x {shape[1]} x {shape[2]} voxels"):
        DoseGrid(grid, np.ones(shape)).field()


@pytest.mark.parametrize("shape", [(2, 2, 2), (3, 2, 5), (5, 6, 7)])
def test_the_range_of_dose_is_that_of_the_continued_grid(shape):
    """Against points thrown into the whole grid, its border and its corners."""
    generator = np.random.default_rng(1)
    dose = DoseGrid(
        Grid((0, 0, 0), (1, 0, 0), (0, 1, 0), 1, 1, *shape[:2], np.arange(shape[2]) * 1.0),
        generator.uniform(0, 10, shape),
    )
    corners = np.stack(np.indices(np.array(shape) * 2 + 1), axis=-1).reshape(-1, 3) / 2 - 0.5
    thrown = generator.uniform(-0.5, np.array(shape) - 0.5, (4000, 3))
    found = dose.field().at(np.concatenate([corners, thrown]))
    low, high = dose.field().range_gy
    # Half steps hold all centres and all corners, where a trilinear function has its extremes.
    assert high == pytest.approx(found.max(), rel=1e-12)
    assert low == pytest.approx(found.min(), abs=1e-12)


def test_the_dose_of_a_rim_pixel_is_that_at_the_centroid_of_what_is_covered():
    """A third of each pixel, along u: the middle of the third, and a third of the change."""
    one = sub_voxels(1.3, 0.9)._replace(
        rim=PIXELS, u_offset=np.full(720, 1 / 3), v_offset=np.full(720, -0.1)
    )
    samples = sampler_of(linear_dose(grid_around_zero()).field(), AXIAL, LATTICE).sample(one)
    moved = pixel_points(1.3) + np.array([0.7 / 3, -0.11, 0])
    assert samples.dose_gy == pytest.approx(FIELD.dose_gy(moved), abs=EXACT_GY)
    *others, largest = np.sort(np.abs(FIELD.gradient_gy_per_mm) * np.array((0.7 / 3, 0.88, 0.9)))
    assert samples.along_gy == pytest.approx(np.full(720, largest), abs=EXACT_GY)
    assert samples.across_gy == pytest.approx(np.full(720, np.hypot(*others)), abs=EXACT_GY)


@pytest.mark.parametrize("angle", [0, 0.4])
def test_cubic_dose_is_scipys_spline_aligned_or_not(angle):
    """A tensor product of "not a knot" splines, on planes at uneven distances."""
    turned = rotation_about_z(angle)
    grid = grid_around_zero(*turned[:2])
    values = np.random.default_rng(9).uniform(20, 60, grid.shape)
    field = DoseGrid(grid, values).field("cubic")
    places = 2.0 * np.arange(16), 2.0 * np.arange(20), FRAMES
    judged = values
    points = pixel_points(0.8)
    index = (points - grid.origin_mm) @ grid.axes.T
    for axis, centres in enumerate(places):
        judged = np.moveaxis(make_interp_spline(centres, judged, axis=axis).c, 0, axis)
    expected = NdBSpline(
        tuple(make_interp_spline(c, np.zeros(len(c))).t for c in places), judged, 3
    )(index)
    assert field.at(points) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
def test_the_dose_of_a_sub_voxel_between_knots_is_its_mean(interpolation):
    """Cells of 2 mm halved, layers within planes: Gauss-Legendre of a cubic needs two points."""
    grid = grid_around_zero()
    field = DoseGrid(grid, np.random.default_rng(9).uniform(20, 60, grid.shape)).field(
        interpolation
    )
    lattice = Lattice(-11.0, -13.0, 1.0, 1.0, 20, 24)
    pixels = np.arange(20 * 24)
    samples = sampler_of(field, AXIAL, lattice).sample(sub_voxels(0.75, 0.9, pixels))
    u, v = np.divmod(pixels, 24)
    middle = np.column_stack([lattice.u_centres_mm[u], lattice.v_centres_mm[v], np.full(480, 0.75)])
    away = np.array(list(product((-0.5, 0.5), repeat=3))) / np.sqrt(3) * (1, 1, 0.9)
    mean = np.mean([field.at(middle + one) for one in away], axis=0)
    assert samples.dose_gy == pytest.approx(mean, abs=1e-9)


def test_the_slope_of_a_spline_is_its_difference():
    """A central difference over 2e-4 mm, of a cubic whose third derivative is some 10 Gy/mm3."""
    grid = grid_around_zero()
    field = DoseGrid(grid, np.random.default_rng(5).uniform(20, 60, grid.shape)).field("cubic")
    points = pixel_points(0.8)
    _, slopes, _ = field.with_slopes(points)
    for axis in range(3):
        step = np.eye(3)[axis] * 1e-4
        difference = (field.at(points + step) - field.at(points - step)) / 2e-4
        assert slopes[:, axis] == pytest.approx(difference, abs=1e-5)


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
def test_beyond_the_outermost_centre_the_dose_goes_on_straight(interpolation):
    grid = grid_around_zero()
    field = DoseGrid(grid, np.random.default_rng(5).uniform(20, 60, grid.shape)).field(
        interpolation
    )
    for outwards in ((-1, 0, 0), (0, 1, 0), (0, 0, 1)):
        start = np.array([0.3, -0.9, 1.1])
        along = np.flatnonzero(outwards)[0]
        start[along] = np.array([-15, 19, 15])[along]
        at = field.at(start + np.outer([0.0, 0.45, 0.9], outwards))
        assert at[2] - at[1] == pytest.approx(at[1] - at[0], abs=1e-9)


def test_no_cubic_dose_lies_outside_the_range_that_its_coefficients_give():
    generator = np.random.default_rng(1)
    grid = grid_around_zero()
    field = DoseGrid(grid, generator.uniform(0, 10, grid.shape)).field("cubic")
    low, high = field.range_gy
    found = field.at(generator.uniform((-16, -20, -16), (16, 20, 16.5), (20_000, 3)))
    assert low <= found.min()
    assert found.max() <= high


def test_a_cubic_needs_four_voxels_and_is_linear_with_fewer():
    generator = np.random.default_rng(1)
    grid = Grid((0, 0, 0), (1, 0, 0), (0, 1, 0), 1, 1, 3, 2, np.arange(3) * 1.0)
    dose = DoseGrid(grid, generator.uniform(0, 10, grid.shape))
    points = generator.uniform(-0.4, 2.4, (200, 3)) * (1, 0.5, 1)
    assert dose.field("cubic").at(points) == pytest.approx(dose.field("linear").at(points))
