"""Histograms against closed forms, at the border of the grid, and of what is at the limits."""

import numpy as np
import pytest

from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh, steps_mm
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.grid import Grid
from oligort.geometry.raster import Lattice
from oligort.geometry.region import Region
from oligort.geometry.structure import Contour, Structure
from oligort.phantoms import (
    Box,
    Cylinder,
    Gaussian,
    LinearGradient,
    Sphere,
    fraction_in_gaussian,
    fraction_in_planar_field,
)

WORST_PP = 0.05
"""Percentage points between a computed curve and that of the same slabs in closed form.

`test_accuracy` finds less on cases of all kinds; half of it is what doubled sub-voxels would show.
"""


def curve_at(dvh, doses):
    return np.interp(doses, dvh.edges_gy, dvh.cumulative_cc, right=0) / dvh.volume_cc


@pytest.mark.parametrize(
    ("solid", "direction"),
    [
        (Box((3, -4, 5), (30, 24, 40)), (1, 0, 0)),
        (Box((3, -4, 5), (30, 24, 40)), (0, -1, 0)),
        (Box((3, -4, 5), (30, 24, 40)), (0, 0, 1)),
        (Cylinder((3, -4, 5), 12, 40), (1, 0, 0)),
        (Cylinder((3, -4, 5), 12, 40), (0.6, 0.8, 0)),
        (Cylinder((3, -4, 5), 12, 40), (0, 0, -1)),
    ],
)
def test_solids_that_slabs_fill_exactly_have_their_closed_form(solid, direction, dose_of, dvh_of):
    field = LinearGradient(40, tuple(0.7 * np.array(direction)))
    planes = np.arange(-14.5, 25, 1.0)
    structure = solid.structure("S", 1, planes, 400)
    dvh = dvh_of(structure, dose_of(field, (3, -4, 5), 30, 2.5, (0.4, 0.9, -1.1)))
    doses = np.linspace(10, 70, 301)
    truth = fraction_in_planar_field(solid, field, doses)
    assert 100 * np.abs(curve_at(dvh, doses) - truth).max() <= WORST_PP
    assert dvh.volume_cc == pytest.approx(solid.volume_cc, rel=1e-6)
    low, high = solid.extent_mm(field.direction)
    # Polygons of 400 points reach 12 mm x (area factor 1.00004 - 1) too far.
    assert dvh["Min[Gy]"] == pytest.approx(40 + 0.7 * low, abs=0.001)
    assert dvh["Max[Gy]"] == pytest.approx(40 + 0.7 * high, abs=0.001)
    # Means are sums at sub-voxel centres, and of a linear dose right but for the rim's pixels.
    middle = 40 + 0.7 * (low + high) / 2
    assert dvh["Mean[Gy]"] == pytest.approx(middle, abs=0.005)


def test_metastases_far_apart_together_have_the_dose_of_each_and_its_closed_form(dose_of):
    """One near each end of the dose, two of them side by side, and one outside the grid."""
    centres = ((-25, -25, -25), (25, 25, 25), (16, 25, 25), (200, 0, 0))
    boxes = [Box(centre, (9, 9, 9)) for centre in centres]
    planes = [np.arange(z - 4, z + 4.5) for _, _, z in centres]
    drawn = tuple(
        b.structure(f"GTV{n}", n, p) for n, (b, p) in enumerate(zip(boxes, planes, strict=True))
    )
    field = LinearGradient(40, (0.7, 0, 0))
    dose = dose_of(field, (0, 0, 0), 40, 2.5, (0.4, 0.9, -1.1))
    region = Region(Shape(drawn))
    assert len(region.parts) == 3
    dvh = compute_dvh(region, dose, "GTV")
    assert dvh.uncovered_cc == pytest.approx(0.729, rel=1e-9)
    doses = np.linspace(0, 80, 401)
    inside = [fraction_in_planar_field(one, field, doses) * one.volume_cc for one in boxes[:3]]
    found = np.interp(doses, dvh.edges_gy, dvh.cumulative_cc, right=0)
    assert 100 * np.abs(found - sum(inside)).max() <= WORST_PP * dvh.volume_cc
    assert dvh["Min[Gy]"] == pytest.approx(40 - 0.7 * 29.5, abs=0.001)
    assert dvh["Max[Gy]"] == pytest.approx(40 + 0.7 * 29.5, abs=0.001)


def test_a_fine_gaussian_in_a_sphere_has_its_closed_form(dose_of, dvh_of):
    """Slabs of 0.5 mm in a sphere of 10 mm and trilinear dose every 0.5 mm: 0.1 % each."""
    field, sphere = Gaussian(60, (0, 0, 0), 8), Sphere((0, 0, 0), 10)
    dvh = dvh_of(
        sphere.structure("S", 1, np.arange(-9.75, 10, 0.5)), dose_of(field, (0, 0, 0), 13, 0.5)
    )
    doses = np.linspace(30, 59.5, 100)
    truth = fraction_in_gaussian(sphere, field, doses)
    assert 100 * np.abs(curve_at(dvh, doses) - truth).max() <= 0.3
    assert dvh["Max[Gy]"] <= 60


CUBE = Box((0, 0, 0), (20, 20, 20)).structure("cube", 7, np.arange(-9, 10, 2.0))


def uniform(gy, shape=(20, 20, 20), origin=(-23.75, -23.75, -23.75), spacing=2.5):
    frames = np.arange(shape[2]) * spacing
    grid = Grid(origin, (1, 0, 0), (0, 1, 0), spacing, spacing, shape[0], shape[1], frames)
    return DoseGrid(grid, np.full(shape, gy))


@pytest.mark.parametrize("stored", [20.0, 200_000 * 1e-4, 19.999999999999996, 66667 * (20 / 66667)])
def test_a_uniform_dose_of_20_gy_is_at_least_20_gy(stored, dvh_of):
    dvh = dvh_of(CUBE, uniform(stored))
    assert dvh["V20Gy[%]"] == pytest.approx(100, abs=1e-7)
    assert dvh["V20.01Gy[%]"] == 0
    for metric in ("D2%", "D50%", "D100%", "D1cc", "Min", "Mean", "Max"):
        assert dvh[metric] == pytest.approx(20, abs=1e-9)


def test_no_dose_at_all_is_zero_everywhere(dvh_of):
    dvh = dvh_of(CUBE, uniform(0.0))
    assert (dvh.min_gy, dvh.mean_gy, dvh.max_gy) == (0, 0, 0)
    assert dvh["V0Gy[%]"] == pytest.approx(100)
    assert dvh["V20Gy[%]"] == 0


@pytest.mark.parametrize(("kept", "uncovered_cc"), [(20, 0), (14, 0), (13, 1), (10, 4), (7, 7)])
def test_a_box_that_leaves_the_grid_is_uncovered_exactly(kept, uncovered_cc, dvh_of):
    """The grid begins at -25 mm and ends after `kept` voxels of 2.5 mm; the box ends at 10 mm."""
    dvh = dvh_of(CUBE, uniform(12.0, shape=(20, 20, kept)))
    assert dvh.volume_cc == pytest.approx(8, rel=1e-9)
    assert dvh.uncovered_cc == pytest.approx(uncovered_cc, abs=1e-9)
    assert dvh.cumulative_cc[0] == pytest.approx(8 - uncovered_cc, abs=1e-9)
    assert dvh.max_gy == pytest.approx(12)


def test_the_coverage_interval_contains_the_truth_of_random_clippings(dose_of, dvh_of):
    generator = np.random.default_rng(4)
    for _ in range(12):
        gradient = generator.normal(size=3)
        field = LinearGradient(30, tuple(gradient))
        whole = dose_of(field, (0, 0, 0), 25, 2.5)
        low, high = np.sort(generator.integers(3, 18, (2, 3)), axis=0)
        high = np.maximum(high, low + 2)
        clipped = cropped(whole, low, high)
        truth, found = dvh_of(CUBE, whole), dvh_of(CUBE, clipped)
        if found.min_gy is None:
            continue
        for metric in ("V20Gy[%]", "V30Gy[cc]", "V40Gy[%]"):
            # Both curves are right to the difference of the engine from the exact slabs.
            slack = WORST_PP / 100 * (100 if metric.endswith("[%]") else 8)
            assert found[metric].low - slack <= truth[metric] <= found[metric].high + slack
        assert found["Max"].low <= truth["Max"] + 1e-9
        assert found["Min"].low <= truth["Min"] <= found["Min"].high + 1e-9
        assert found["Mean"].low - 1e-9 <= truth["Mean"]


def cropped(dose, low, high):
    grid = dose.grid
    frames = grid.frame_positions_mm[low[2] : high[2]]
    origin = grid.to_patient(np.array([low[0], low[1], 0.0]))
    part = Grid(
        origin,
        grid.i_direction,
        grid.j_direction,
        grid.i_spacing_mm,
        grid.j_spacing_mm,
        int(high[0] - low[0]),
        int(high[1] - low[1]),
        frames,
    )
    return DoseGrid(part, dose.dose_gy[low[0] : high[0], low[1] : high[1], low[2] : high[2]])


def test_a_structure_wholly_outside_has_no_dose(dvh_of):
    dvh = dvh_of(CUBE, uniform(12.0, origin=(100, 100, 100)))
    assert (dvh.min_gy, dvh.mean_gy, dvh.max_gy) == (None, None, None)
    assert dvh.uncovered_cc == pytest.approx(dvh.volume_cc)
    for metric in ("V20Gy[%]", "D2cc", "Mean"):
        with pytest.raises(NotEvaluable, match="outside the dose grid"):
            dvh[metric]


@pytest.mark.parametrize("spacing_mm", [0.05, 0.2])
def test_tiny_voxels_of_a_grid_in_a_large_structure_are_not_followed_all_over(spacing_mm, dvh_of):
    """One damaged Pixel Spacing asked for a billion sub-voxels where there is no dose."""
    small = uniform(30.0, (20, 13, 30), (-5.0, -5.0, -5.0), spacing_mm)
    assert min(steps_mm(Region(Shape((CUBE,))), small.field("linear"))) > spacing_mm / 2
    dvh = dvh_of(CUBE, small)
    covered_cc = 20 * 13 * 30 * spacing_mm**3 / 1000
    assert dvh.volume_cc == pytest.approx(8, rel=1e-9)
    assert dvh.volume_cc - dvh.uncovered_cc == pytest.approx(covered_cc, rel=0.1)
    assert dvh.max_gy == pytest.approx(30)


def test_volume_and_dose_metrics_are_inverse_to_each_other(dose_of, dvh_of):
    dvh = dvh_of(CUBE, dose_of(LinearGradient(30, (0.4, -0.7, 0.9)), (0, 0, 0), 20))
    for percent in (2, 10, 37.5, 50, 90, 98):
        dose = float(dvh[f"D{percent}%"])
        # Doses a microgray apart are one dose, and the curve falls by 5 percentage points a gray.
        assert dvh[f"V{dose:.12f}Gy[%]"] == pytest.approx(percent, abs=1e-5)
    for gy in (18, 25.004, 30, 42.5):
        volume = float(dvh[f"V{gy}Gy[cc]"])
        assert dvh[f"D{volume:.12f}cc"] == pytest.approx(gy, abs=1e-6)


@pytest.mark.parametrize("gradient", [(1e-7, 0, 0), (0.4, -0.7, 0.9), (0, 0, 1.2), (0.01, 0, 0)])
def test_the_area_under_the_curve_is_the_mean_within_its_interval(gradient, dose_of, dvh_of):
    """gEUD(1) is the area, the mean a sum over sub-voxels."""
    dvh = dvh_of(CUBE, dose_of(LinearGradient(30, gradient), (0, 0, 0), 20))
    low, high = dvh["Mean"].intervals["numerical"]
    assert low <= dvh["gEUD(1)"] <= high
    around = dvh["gEUD(1)"].intervals["numerical"]
    assert around.low <= dvh["Mean"] <= around.high
    assert around.high - around.low <= 3 * (high - low)


def test_geud_of_a_box_in_a_gradient_has_its_closed_form(dose_of, dvh_of):
    """From 10 to 50 Gy evenly: the mean of D^a is (50^(a+1) - 10^(a+1)) / (40 (a + 1))."""
    dvh = dvh_of(CUBE, dose_of(LinearGradient(30, (0, 2, 0)), (0, 0, 0), 20))
    for exponent in (-12, -3, 0.5, 2, 8, 20):
        power = exponent + 1
        mean = (50.0**power - 10.0**power) / (40 * power)
        found = dvh[f"gEUD({exponent})"]
        low, high = found.intervals["numerical"]
        assert low <= mean ** (1 / exponent) <= high
        # Of a curve that is off by 0.05 points, 0.02 Gy of a range of 40 Gy.
        assert found == pytest.approx(mean ** (1 / exponent), abs=40 * WORST_PP / 100)


def test_homogeneity_of_a_box_in_a_gradient(dose_of, dvh_of):
    """D2% is 49.2 Gy, D98% 10.8 Gy and D50% 30 Gy, each to 0.05 points of 40 Gy."""
    dvh = dvh_of(CUBE, dose_of(LinearGradient(30, (0, 2, 0)), (0, 0, 0), 20))
    assert dvh["HI"] == pytest.approx(38.4 / 30, abs=3 * 40 * WORST_PP / 100 / 30)
    low, high = dvh["HI"].intervals["numerical"]
    assert low <= 38.4 / 30 <= high


def test_relative_dose_needs_a_prescription(dvh_of):
    dvh = dvh_of(CUBE, uniform(20.0))
    for metric in ("V95%[%]", "D95%[%]", "Mean[%]"):
        with pytest.raises(NotEvaluable, match="prescription"):
            dvh[metric]


def test_a_structure_is_the_sum_of_what_is_taken_away_and_what_is_left(dose_of):
    """(A - B) + (A & B) = A, at every dose.

    On one lattice to rounding. Each histogram chooses its own: where both borders cross a pixel the
    smaller coverage stands for the intersection, which is off by less than the pixel; its 4 columns
    of rim pixels of 0.2 mm are 1e-4 of the volume at most.
    """
    field = LinearGradient(30, (0.2, 0.3, -0.4))
    dose = dose_of(field, (0, 0, 0), 25)
    one = Shape((CUBE,))
    other = Shape((Sphere((6, 2, -3), 9).structure("B", 2, np.arange(-11.3, 6, 1.7)),))
    regions = [
        Region(shape)
        for shape in (
            Shape(operator="-", left=one, right=other),
            Shape(operator="&", left=one, right=other),
            one,
        )
    ]
    lattice = Lattice.around(Region(Shape(operator="|", left=one, right=other)).slabs, 0.7)
    left, common, whole = (
        sum(
            float((some.upper_mm - some.lower_mm) @ some.coverage.area.sum(axis=(1, 2)))
            for some in region.layers(lattice, 1.0)
        )
        for region in regions
    )
    assert left + common == pytest.approx(whole, rel=1e-9)
    left, common, whole = (compute_dvh(region, dose, "part") for region in regions)
    assert left.volume_cc + common.volume_cc == pytest.approx(whole.volume_cc, rel=1e-4)
    doses = np.linspace(whole.min_gy, whole.max_gy, 101)
    parts = curve_at(left, doses) * left.volume_cc + curve_at(common, doses) * common.volume_cc
    difference = 100 * np.abs(parts / whole.volume_cc - curve_at(whole, doses))
    assert difference.max() <= 2 * WORST_PP


def test_a_dose_higher_than_any_real_one_is_refused(dvh_of):
    with pytest.raises(NotEvaluable, match="check its scaling"):
        dvh_of(CUBE, uniform(2000.0))


def test_an_expression_that_leaves_nothing_is_refused():
    nothing = Shape(operator="-", left=Shape((CUBE,)), right=Shape((CUBE,)))
    with pytest.raises(NotEvaluable, match="nothing is left"):
        compute_dvh(Region(nothing), uniform(20.0), "cube-cube")


@pytest.mark.parametrize("voxel", [(9, 9, 9), (8, 10, 9)])
def test_beside_a_lone_hot_voxel_no_dose_exceeds_it(voxel, dvh_of):
    values = np.zeros((60, 60, 60))
    values[tuple(3 * np.array(voxel))] = 70.0
    spacing = 0.8
    frames = np.arange(60) * spacing
    grid = Grid((-23.6,) * 3, (1, 0, 0), (0, 1, 0), spacing, spacing, 60, 60, frames)
    large = Box((0, 0, 0), (44, 44, 44)).structure("large", 1, np.arange(-21, 22, 2.0))
    assert dvh_of(large, DoseGrid(grid, values))["Max"] <= 70


def test_a_hot_corner_voxel_is_continued_to_the_corner_of_the_grid(dvh_of):
    """Three linear continuations by half a voxel: up to 1.5 x 1.5 x 1.5 of its dose."""
    values = np.zeros((4, 4, 4))
    values[0, 0, 0] = 10.0
    grid = Grid((-7.5,) * 3, (1, 0, 0), (0, 1, 0), 5, 5, 4, 4, np.arange(4) * 5.0)
    dvh = dvh_of(CUBE, DoseGrid(grid, values))
    assert dvh["Max"] == pytest.approx(33.75)
    assert dvh.uncovered_cc == pytest.approx(0, abs=1e-9)


def test_specks_far_apart_need_no_plane_of_gigabytes(dvh_of):
    """In 150 mm between two specks of 0.3 mm lie 6e7 pixels of 0.02 mm: 0.5 GB a number."""
    speck = np.array([[0, 0], [0.3, 0], [0.3, 0.3], [0, 0.3]])
    contours = tuple(
        Contour(np.column_stack([speck + move, np.full(4, z)]))
        for z in (0.0, 1.0)
        for move in (-75, 75)
    )
    frames = np.arange(3) * 10.0
    grid = Grid((-200, -200, -10), (1, 0, 0), (0, 1, 0), 20, 20, 21, 21, frames)
    field = LinearGradient(30, (0.1, 0, 0))
    dvh = dvh_of(Structure(1, "specks", contours), DoseGrid(grid, field.on(grid)))
    assert dvh.volume_cc == pytest.approx(4 * 0.09 / 1000, rel=1e-6)
    assert dvh["D50%"] == pytest.approx(37.5, abs=0.05)
    assert dvh["Mean"] == pytest.approx(30.015, abs=0.03)


FIELD = LinearGradient(30, (0.5, -0.8, 0.6))


def test_curves_are_valid_and_read_only(dose_of, dvh_of):
    dvh = dvh_of(CUBE, dose_of(FIELD, (0, 0, 0), 20))
    assert (np.diff(dvh.cumulative_cc) <= 1e-9).all()
    assert dvh.edges_gy[-1] >= dvh.max_gy
    assert dvh.cumulative_cc[-1] == 0
    with pytest.raises(ValueError, match="read-only"):
        dvh.cumulative_cc[0] = 1


def test_a_dose_that_hardly_changes_loses_no_volume(dvh_of):
    """Intervals a thousandth of a bin wide, half a million in one bin, and a hot core beside them.

    Spread over their width and taken away again they left 5e-8 of the volume, which then counted
    as uncovered, or was too much.
    """
    frames = np.arange(60) * 2.5
    grid = Grid((-75, -75, -75), (1, 0, 0), (0, 1, 0), 2.5, 2.5, 60, 60, frames)
    points = grid.to_patient(np.moveaxis(np.indices(grid.shape, dtype=float), 0, -1))
    values = 20 + 1e-5 * points[..., 0]
    core = np.linalg.norm(points, axis=-1) < 15
    values[core] += 40 * np.random.default_rng(2).random(int(core.sum()))
    large = Cylinder((0, 0, 0), 60, 120).structure("large", 1, np.arange(-58.5, 60, 3.0), 200)
    dvh = dvh_of(large, DoseGrid(grid, values))
    assert dvh.uncovered_cc == 0
    assert dvh.cumulative_cc[0] == pytest.approx(dvh.volume_cc, rel=1e-12)
    assert set(dvh["Max"].intervals) == {"numerical"}


def test_extremes_of_an_expression_lie_in_its_result():
    """What two discs share ends where the first does: at x = 20.3 mm, or 76.24 Gy."""
    planes = [-3.0, 0.0, 3.0]
    one = Cylinder((0.3, 0.1, 0), 20, 9).structure("A", 1, planes, 400)
    other = Cylinder((12, 5, 0), 15, 9).structure("B", 2, planes, 400)
    frames = np.arange(30) * 2.5
    grid = Grid((-40, -40, -36), (1, 0, 0), (0, 1, 0), 2.5, 2.5, 33, 33, frames)
    dose = DoseGrid(grid, LinearGradient(60, (0.8, 0, 0)).on(grid))
    shape = Shape(operator="&", left=Shape((one,)), right=Shape((other,)))
    dvh = compute_dvh(Region(shape), dose, "A&B")
    # Polygons of 400 points reach 20 mm x (pi / 400)^2 / 3 beyond their circle.
    assert dvh["Max"] == pytest.approx(60 + 0.8 * 20.3, abs=0.005)
    assert dvh["Min"] == pytest.approx(60 - 0.8 * 3, abs=0.005)
