"""What goes wrong in other systems, each under its own name."""

import numpy as np
import pytest

from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.grid import Grid
from oligort.geometry.region import Region
from oligort.geometry.structure import Contour, Structure
from oligort.phantoms import Box, Gaussian, HollowSphere, LinearGradient, Sphere

CENTRE = (0.0, 0.0, 0.0)
VERTICAL = LinearGradient(30, (0, 0, 1))
"""30 Gy in the middle and 1 Gy more with each millimetre upwards."""


def squares(*half_sizes, planes=(-3, 0, 3)):
    contours = tuple(
        Contour(np.array([[-h, -h, z], [h, -h, z], [h, h, z], [-h, h, z]], dtype=float))
        for z in planes
        for h in half_sizes
    )
    return Structure(1, "GTV", contours)


def test_a_structure_without_contours_has_no_histogram_and_no_v20_of_0():
    with pytest.raises(NotEvaluable, match='"Lung_L" has no contour'):
        Region(Shape((Structure(4, "Lung_L"),)))


def test_d2cc_of_a_structure_smaller_than_2_cc_is_not_0(dose_of, dvh_of):
    small = dvh_of(squares(5), dose_of(VERTICAL, CENTRE, 15))
    assert small.volume_cc == pytest.approx(0.9)
    with pytest.raises(NotEvaluable, match=r"asks for 2 cc of a structure of 0\.9 cc"):
        small["D2cc"]


def test_d95_of_a_small_structure_is_not_0(dose_of, dvh_of):
    sphere = Sphere(CENTRE, 2).structure("GTV", 1, [-1, 0, 1])
    found = dvh_of(sphere, dose_of(VERTICAL, CENTRE, 15))
    assert 28.5 <= found["D95%"] <= 29.5


@pytest.mark.parametrize("size", [0.05, 0.5, 1, 2])
def test_a_lesion_smaller_than_a_dose_voxel_has_its_dose(size, dose_of, dvh_of):
    found = dvh_of(squares(size, planes=(0, 1)), dose_of(VERTICAL, CENTRE, 15, 3.0))
    assert found.volume_cc == pytest.approx(4 * size**2 * 2 / 1000)
    assert found["Mean"] == pytest.approx(30.5, abs=1e-6)


@pytest.mark.parametrize("shift", [0, 0.5])
def test_contours_on_voxel_edges_or_centres_give_a_full_histogram(shift, dose_of, dvh_of):
    dose = dose_of(VERTICAL, CENTRE, 15, 3.0, (3 * shift,) * 3)
    found = dvh_of(squares(6), dose)
    assert found.cumulative_cc[0] == pytest.approx(144 * 9 / 1000)
    assert found["Mean"] == pytest.approx(30, abs=1e-6)


def test_volume_outside_the_grid_has_no_dose_and_is_not_dropped(dvh_of):
    """Half of the structure lies outside: other systems give it the dose at the edge."""
    grid = Grid((-19, -19, -19), (1, 0, 0), (0, 1, 0), 2, 2, 10, 20, np.arange(20) * 2.0)
    found = dvh_of(squares(10), DoseGrid(grid, np.full(grid.shape, 25.0)))
    assert found.volume_cc == pytest.approx(3.6)
    assert found.uncovered_cc == pytest.approx(1.8, abs=1e-9)
    assert found["V20Gy[%]"] == pytest.approx(50)
    assert found["V20Gy[%]"].high == pytest.approx(100)
    # And in the outermost half voxel, 1 mm of 20 x 9, the dose at the edge is a guess.
    assert found["V30Gy[cc]"].intervals["coverage"] == pytest.approx((0, 1.8 + 0.18))
    assert found["V20Gy[cc]"].intervals["coverage"] == pytest.approx((1.8 - 0.18, 3.6))


def test_the_curve_is_not_rescaled_to_the_whole_volume(dose_of, dvh_of):
    dose = dose_of(VERTICAL, (0, 0, -10), (20, 20, 10))
    found = dvh_of(squares(10, planes=np.arange(-9, 10, 2.0)), dose)
    assert found["V20Gy[cc]"] == pytest.approx(400 * 10 / 1000, abs=1e-6)
    assert found.uncovered_cc == pytest.approx(4, abs=1e-6)


def test_interpolation_does_not_shift_the_dose_by_half_a_voxel(dose_of, dvh_of):
    """Mean 30.00 is true; half a voxel of 5 mm would make it 27.50 or 32.50."""
    for gradient in np.eye(3):
        field = LinearGradient(30, tuple(gradient))
        found = dvh_of(squares(6), dose_of(field, CENTRE, 20, 5.0))
        assert found["Mean"] == pytest.approx(30, abs=1e-6)


@pytest.mark.parametrize("spacing", [0.9, 2.5, 5.0, 7.0])
def test_the_volume_does_not_depend_on_the_dose_grid(spacing, dose_of, dvh_of):
    found = dvh_of(squares(8), dose_of(VERTICAL, CENTRE, 20, spacing))
    assert found.volume_cc == pytest.approx(256 * 9 / 1000, rel=1e-9)


def test_a_structure_of_one_plane_has_a_volume(dose_of, dvh_of):
    found = dvh_of(squares(5, planes=(0,)), dose_of(VERTICAL, CENTRE, 15), usual_spacing_mm=3.0)
    assert found.volume_cc == pytest.approx(0.3)
    assert any("single plane" in note for note in found.notes)


def test_a_plane_is_not_matched_to_the_nearest_dose_plane(dose_of, dvh_of):
    """A slab of 1 mm between dose planes 5 mm apart: its dose lies between theirs."""
    for z in (-1.7, 0.4, 2.2):
        found = dvh_of(
            squares(5, planes=(z,)),
            dose_of(VERTICAL, CENTRE, 20, (2.5, 2.5, 5.0)),
            usual_spacing_mm=1.0,
        )
        assert found["Mean"] == pytest.approx(30 + z, abs=1e-6)
        assert found["Min"] == pytest.approx(29.5 + z, abs=1e-6)
        assert found["Max"] == pytest.approx(30.5 + z, abs=1e-6)


def test_a_structure_at_the_border_of_the_grid_does_not_crash(dvh_of):
    """All sides on the outermost voxel borders, which half voxels around the centres reach."""
    grid = Grid((-9, -9, -3.5), (1, 0, 0), (0, 1, 0), 2, 2, 10, 10, np.arange(8) * 1.0)
    dose = DoseGrid(grid, VERTICAL.on(grid))
    found = dvh_of(squares(10, planes=(-3, -1, 1, 3)), dose)
    assert found.uncovered_cc == 0
    assert (found.min_gy, found.max_gy) == pytest.approx((26, 34), abs=1e-9)


@pytest.mark.parametrize("spacing", [(1.171875, 0.9765625, 2.5), (np.pi, np.e, 3.7), (2, 7, 0.4)])
def test_voxels_of_any_size_will_do(spacing, dose_of, dvh_of):
    """They need not be the pixel divided by a power of two, nor divide the structure's sides."""
    for gradient in np.eye(3):
        field = LinearGradient(30, tuple(gradient))
        found = dvh_of(squares(6), dose_of(field, CENTRE, 20, spacing, (0.3, -0.7, 0.1)))
        reach = 6 - 1.5 * gradient[2]
        assert found.volume_cc == pytest.approx(144 * 9 / 1000, rel=1e-9)
        assert (found.min_gy, found.max_gy) == pytest.approx((30 - reach, 30 + reach), abs=1e-6)


@pytest.mark.parametrize("end", [0, -1])
def test_a_structure_on_the_first_or_last_dose_plane_has_a_histogram(end, dose_of, dvh_of):
    dose = dose_of(VERTICAL, CENTRE, 15, 3.0)
    z = float(dose.grid.origin_mm[2] + dose.grid.frame_positions_mm[end])
    found = dvh_of(squares(5, planes=(z,)), dose, usual_spacing_mm=3.0)
    assert found.uncovered_cc == 0
    assert found["Mean"] == pytest.approx(30 + z, abs=1e-6)


def test_two_identical_loops_do_not_cancel_to_nothing(dose_of, dvh_of):
    dose = dose_of(VERTICAL, CENTRE, 15)
    once, twice = dvh_of(squares(6), dose), dvh_of(squares(6, 6), dose)
    assert twice.volume_cc == once.volume_cc
    assert any("counted once" in note for note in twice.notes)


@pytest.mark.parametrize("apart", [1e-9, 4e-4, 0.01])
def test_two_nearly_identical_loops_do_not_cancel_either(apart, dose_of, dvh_of):
    found = dvh_of(squares(6, 6 + apart), dose_of(VERTICAL, CENTRE, 15))
    assert found.volume_cc == pytest.approx(144 * 9 / 1000, rel=0.004)


def test_holes_are_not_filled_in(dose_of, dvh_of):
    dose = dose_of(VERTICAL, CENTRE, 15)
    assert dvh_of(squares(10, 5), dose).volume_cc == pytest.approx(300 * 9 / 1000)
    assert dvh_of(squares(10, 5, 2), dose).volume_cc == pytest.approx(316 * 9 / 1000)


def test_a_keyhole_is_cut_rightly(dose_of, dvh_of):
    path = [[-10, -10], [10, -10], [10, 10], [-10, 10], [-10, -10]]
    path += [[-5, -5], [-5, 5], [5, 5], [5, -5], [-5, -5]]
    contours = tuple(
        Contour(np.column_stack([np.array(path, dtype=float), np.full(10, z)])) for z in (0.0, 3.0)
    )
    found = dvh_of(Structure(1, "ring", contours), dose_of(VERTICAL, CENTRE, 15))
    assert found.volume_cc == pytest.approx(300 * 6 / 1000)


@pytest.mark.parametrize("width", [0.01, 0.1, 1.0])
def test_a_pin_hole_and_a_narrow_channel_lose_no_volume(width, dose_of, dvh_of):
    """A hole of a hundredth of a millimetre, and a channel of that width into a hole of 10 mm."""
    dose = dose_of(VERTICAL, CENTRE, 15)
    pin_hole = dvh_of(squares(10, width / 2), dose)
    assert pin_hole.volume_cc == pytest.approx((400 - width**2) * 9 / 1000, rel=1e-9)
    half = width / 2
    path = [[-10, -half], [-10, -10], [10, -10], [10, 10], [-10, 10], [-10, half]]
    path += [[-5, half], [-5, 5], [5, 5], [5, -5], [-5, -5], [-5, -half]]
    contours = tuple(
        Contour(np.column_stack([np.array(path, dtype=float), np.full(12, z)])) for z in (0.0, 3.0)
    )
    channel = dvh_of(Structure(1, "ring", contours), dose)
    assert channel.volume_cc == pytest.approx((300 - 5 * width) * 6 / 1000, rel=1e-9)


def test_a_hollow_structure_does_not_bleed_over_slices(dose_of, dvh_of):
    """The hole of each plane stays in its plane: the slabs' sum of rings, no more and no less."""
    shell = HollowSphere(CENTRE, 12, 9)
    planes = np.arange(-11.3, 12, 1.0)
    found = dvh_of(shell.structure("shell", 1, planes, 200), dose_of(VERTICAL, CENTRE, 18))
    rings = sum(np.pi * (max(144 - z**2, 0) - max(81 - z**2, 0)) for z in planes)
    assert found.volume_cc == pytest.approx(rings / 1000, rel=1e-6)


def test_two_point_and_point_contours_do_not_crash(dose_of, dvh_of):
    drawn = squares(6)
    of_a_plane = drawn.contours[0].points_mm
    stray = Contour(of_a_plane[:1], "POINT"), Contour(of_a_plane[:2])
    found = dvh_of(Structure(1, "GTV", drawn.contours + stray), dose_of(VERTICAL, CENTRE, 15))
    assert found.volume_cc == pytest.approx(144 * 9 / 1000)


def test_anisotropic_spacing_is_not_swapped(dvh_of):
    """3 mm along x and 2 mm along y: the right way round the mean is 30 Gy in both directions."""
    for gradient in ((1, 0, 0), (0, 1, 0)):
        grid = Grid((-19.5, -19, -9), (1, 0, 0), (0, 1, 0), 3, 2, 14, 20, np.arange(10) * 2.0)
        field = LinearGradient(30, gradient)
        found = dvh_of(squares(6), DoseGrid(grid, field.on(grid)))
        assert (found.min_gy, found.max_gy) == pytest.approx((24, 36), abs=1e-6)


@pytest.mark.parametrize(
    ("i_direction", "j_direction"),
    [
        ((-1, 0, 0), (0, -1, 0)),
        ((-1, 0, 0), (0, 1, 0)),
        ((1, 0, 0), (0, -1, 0)),
        ((0, 1, 0), (-1, 0, 0)),
    ],
    ids=["prone", "feet first", "feet first prone", "decubitus"],
)
def test_other_patient_positions_have_the_right_histogram(i_direction, j_direction, dvh_of):
    """A box off the centre in a field with a slope of its own along each axis."""
    field = LinearGradient(50, (0.3, 0.7, 1.1))
    i, j = np.array(i_direction, dtype=float), np.array(j_direction, dtype=float)
    grid = Grid(-19 * (i + j + np.cross(i, j)), i, j, 2, 2, 20, 20, np.arange(20) * 2.0)
    box = Box((5, -6, 3), (10, 8, 6)).structure("box", 1, (1, 3, 5))
    found = dvh_of(box, DoseGrid(grid, field.on(grid)))
    middle, reach = 50 + 1.5 - 4.2 + 3.3, 1.5 + 2.8 + 3.3
    assert found["Mean"] == pytest.approx(middle, abs=1e-6)
    assert (found.min_gy, found.max_gy) == pytest.approx((middle - reach, middle + reach), abs=1e-6)


def test_metrics_are_not_read_at_the_nearest_bin(dose_of, dvh_of):
    """In a box of 20 mm along a slope of 1 Gy/mm the curve is straight: D and V to 1e-6."""
    box = Box(CENTRE, (20, 20, 20)).structure("box", 1, np.arange(-9, 10, 2.0))
    found = dvh_of(box, dose_of(VERTICAL, CENTRE, 15))
    assert found["V27.3456Gy[%]"] == pytest.approx(100 * (40 - 27.3456) / 20, abs=1e-4)
    assert found["D98.7654%"] == pytest.approx(40 - 0.987654 * 20, abs=1e-4)
    assert (found.min_gy, found.max_gy) == pytest.approx((20, 40), abs=1e-9)


def test_a_missing_structure_in_an_expression_is_never_nothing_to_subtract():
    with pytest.raises(NotEvaluable, match='"GTV" has no contour'):
        Region(Shape(operator="-", left=Shape((squares(6),)), right=Shape((Structure(2, "GTV"),))))


def test_a_gap_is_not_filled_in(dose_of):
    """Three planes with steps of 3 and 9 mm: the usual step is 3, and planes are missing."""
    region = Region(Shape((squares(5, planes=(0, 3, 12)),)))
    found = compute_dvh(region, dose_of(VERTICAL, CENTRE, 20), "PTV")
    assert found.volume_cc == pytest.approx(0.9)
    assert any("not filled" in note for note in found.notes)


def test_a_figure_of_eight_or_a_line_takes_no_more_memory_than_any_loop():
    # Signed areas that cancel must not choose the finest raster there is: it took gigabytes.
    def stacked(corners):
        planes = np.arange(-6.0, 7.0, 3.0)
        contours = [Contour(np.array([(x, y, z) for x, y in corners])) for z in planes]
        return Structure(1, "odd", tuple(contours))

    eight = stacked([(-10, -10), (10, 10), (10, -10), (-10, 10)])
    region = Region(Shape((eight,)))
    assert region.drawn_volume_mm3 > 0.05 * 20 * 20 * 15
    line = stacked([(-10, -10), (0, 0), (10, 10)])
    assert Region(Shape((line,))).drawn_volume_mm3 > 0


def test_a_plate_thinner_than_a_sub_voxel_has_the_dose_between_its_corners():
    """200 x 0.1 mm, drawn by its corners alone, across the peak of a dose: a false pass else.

    Against points 0.05 mm apart on its middle plane; trilinear dose cuts off h^2 / 12 of the
    second derivative, 0.04 Gy at the peak.
    """
    field = Gaussian(60, (0, 0, 0), 30)
    frames = np.arange(53) * 2.5
    grid = Grid((-110, -10, -65), (1, 0, 0), (0, 1, 0), 2.5, 2.5, 89, 9, frames)
    corners = np.array([[-100, -0.05], [100, -0.05], [100, 0.05], [-100, 0.05]])
    plate = Structure(
        1,
        "plate",
        tuple(Contour(np.column_stack([corners, np.full(4, z)])) for z in np.arange(-58.5, 60, 3)),
    )
    dvh = compute_dvh(Region(Shape((plate,))), DoseGrid(grid, field.on(grid)), "plate")
    x, z = np.meshgrid(np.arange(-99.975, 100, 0.05), np.arange(-59.975, 60, 0.05))
    truth = 60 * np.exp(-(x**2 + z**2) / 1800)
    for dose in (20, 40, 55):
        assert dvh[f"V{dose}Gy[%]"] == pytest.approx(100 * (truth >= dose).mean(), abs=0.05)
    assert dvh["Max"] == pytest.approx(60, abs=0.1)
    assert dvh["D2%"] == pytest.approx(np.quantile(truth, 0.98), abs=0.1)


@pytest.mark.parametrize("dose_gy", [37.123, 20.0, 20.004999])
def test_a_uniform_dose_between_two_bin_edges_is_reached_everywhere(dose_gy):
    frames = np.arange(12) * 2.5
    grid = Grid((-14, -14, -14), (1, 0, 0), (0, 1, 0), 2.5, 2.5, 12, 12, frames)
    cube = Box((0, 0, 0), (10, 10, 9)).structure("cube", 1, [-3, 0, 3])
    dvh = compute_dvh(Region(Shape((cube,))), DoseGrid(grid, np.full(grid.shape, dose_gy)), "cube")
    for below in (0, 0.001, 0.004):
        found = dvh[f"V{dose_gy - below:.6f}Gy[%]"]
        assert found == pytest.approx(100, abs=1e-7)
    assert dvh[f"V{dose_gy + 0.001:.6f}Gy[%]"] == 0
