"""Between planes: sections and volumes of solids whose sections at every height are known."""

import numpy as np
import pytest

from oligort.conventions import Conventions
from oligort.geometry.algebra import Shape
from oligort.geometry.between import sections_of
from oligort.geometry.raster import Lattice
from oligort.geometry.region import Region
from oligort.geometry.structure import Contour, Structure
from oligort.phantoms import Box, Cone, Cylinder, Ellipsoid, Sphere, Torus

RADIUS_MM = 20.0
BALL = Sphere((3.0, -4.0, 0.0), RADIUS_MM)

OFFSETS = (0.05, 0.3, 0.5, 0.62, 0.95)
"""Shares of a step between the lowest point of a solid and its first plane."""

LAYER_MM = 0.1
"""Layers this thin take a parabola at its middle to (0.1 / R)^2 / 8 of a ball: 3e-6."""

LAYER_SHARE = 1e-5

EXACT = 1e-9
"""Sums of some thousand coverages that are exact to rounding."""


def planes_of(solid, step_mm, share):
    low, high = solid.extent_mm(np.array([0.0, 0.0, 1.0]))
    return np.arange(low + share * step_mm, high, step_mm)


def drawn(solid, step_mm, share):
    return solid.structure("S", 1, planes_of(solid, step_mm, share), 200)


def sections(structure, spacing_mm=None, **conventions):
    """The sections of a structure, interpolated, and the area of a pixel."""
    chosen = Conventions(**{"between_planes": "interpolated", **conventions})
    region = Region(Shape((structure,)), spacing_mm, chosen)
    lattice = Lattice.around(region.slabs, 1.0)
    return sections_of(region.models[0], lattice, LAYER_MM), lattice.pixel_area_mm2


def areas_mm2(structure, heights_mm, spacing_mm=None, **conventions):
    cut, pixel_mm2 = sections(structure, spacing_mm, **conventions)
    coverage = cut.at(np.asarray(heights_mm, dtype=float)).area
    assert coverage.min() >= -EXACT
    assert coverage.max() <= 1 + EXACT
    return coverage.sum(axis=(1, 2)) * pixel_mm2


def volume_mm3(structure, spacing_mm=None, **conventions):
    cut, _ = sections(structure, spacing_mm, **conventions)
    borders = np.unique(cut.borders_mm)
    middles = (borders[:-1] + borders[1:]) / 2
    return float(areas_mm2(structure, middles, spacing_mm, **conventions) @ np.diff(borders))


def ends_mm(structure, spacing_mm=None, **conventions):
    borders = sections(structure, spacing_mm, **conventions)[0].borders_mm
    return borders.min(), borders.max()


@pytest.mark.parametrize("share", OFFSETS)
@pytest.mark.parametrize("count", [8, 16, 32])
def test_the_volume_of_a_ball_is_right_to_the_third_order(count, share):
    """Only the interval about the equator, h long, errs: at most by what a parabola bulges there.

    That is pi h^3 / 6, or (h / R)^3 / 8 of the ball; the caps and all other intervals are exact.
    """
    step = 2 * RADIUS_MM / count
    ratio = volume_mm3(drawn(BALL, step, share)) / (1000 * BALL.volume_cc)
    assert -((step / RADIUS_MM) ** 3) / 8 - LAYER_SHARE <= ratio - 1 <= LAYER_SHARE


def test_of_a_ball_of_eight_planes_slabs_err_four_times_as_much():
    step = RADIUS_MM / 4
    worst = {
        between: max(
            abs(
                volume_mm3(drawn(BALL, step, share), between_planes=between) / 1000 - BALL.volume_cc
            )
            for share in OFFSETS
        )
        for between in ("slab", "interpolated")
    }
    assert worst["slab"] >= 4 * worst["interpolated"] > 0


@pytest.mark.parametrize("share", OFFSETS)
@pytest.mark.parametrize("count", [8, 16])
def test_sections_of_a_ball_are_discs_but_for_the_interval_about_the_equator(count, share):
    step = 2 * RADIUS_MM / count
    heights = np.linspace(-RADIUS_MM + 0.01, RADIUS_MM - 0.01, 401)
    found = areas_mm2(drawn(BALL, step, share), heights)
    off = np.abs(found / np.pi - (RADIUS_MM**2 - heights**2))
    planes = planes_of(BALL, step, share)
    below, above = planes[planes <= 0].max(), planes[planes > 0].min()
    # Its discs grow and shrink again; of two equal ones the bulge of the parabola is missing.
    is_about = (heights > below) & (heights < above)
    assert off[~is_about].max() <= 1e-6 * RADIUS_MM**2
    assert off[is_about].max() <= (above - below) ** 2 / 4 * (1 + EXACT) + EXACT


@pytest.mark.parametrize("share", OFFSETS)
@pytest.mark.parametrize(
    "solid", [BALL, Ellipsoid((3.0, -4.0, 0.0), (12.0, 14.0, 20.0))], ids=["ball", "ellipsoid"]
)
def test_a_rounded_end_reaches_its_tip(solid, share):
    assert ends_mm(drawn(solid, 3.0, share)) == pytest.approx((-20, 20), abs=1e-6)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.95])
def test_sections_of_a_cone_are_discs_up_to_its_apex(share):
    """The flat base is held for half a step; at the apex, where the parabola only touches zero,
    rounding decides between a tip and a flat end: both are less than half a step away."""
    cone = Cone((3.0, -4.0, 0.0), 10.0, 20.0)
    structure = drawn(cone, 0.5, share)
    first = planes_of(cone, 0.5, share)[0]
    heights = np.linspace(first, 9.99, 201)
    radius = (10 - heights) / 2
    # Where pixels change over, the area is a parabola as that of the cone. In the first interval,
    # which has one neighbour, and beyond the last plane it may be off by what one of 0.5 mm holds.
    found = areas_mm2(structure, heights)
    assert found == pytest.approx(np.pi * radius**2, abs=np.pi * 0.25**2)
    low, high = ends_mm(structure)
    assert low == pytest.approx(first - 0.25)
    assert areas_mm2(structure, [low + 0.01]) == pytest.approx(areas_mm2(structure, [first]))
    assert high == pytest.approx(10, abs=0.25)


@pytest.mark.parametrize(
    ("solid", "half_mm"),
    [(Cylinder((3.0, -4.0, 0.0), 10.0, 30.0, "x"), 10), (Torus((3.0, -4.0, 0.0), 20.0, 6.0), 6)],
    ids=["ridge", "ring"],
)
def test_a_ridge_and_a_ring_end_where_their_width_does(solid, half_mm):
    """Their area is that of a root: its square runs out as a parabola, at the top of both."""
    structure = drawn(solid, half_mm / 8, 0.5)
    assert ends_mm(structure) == pytest.approx((-half_mm, half_mm), abs=1e-6)
    outermost = half_mm * (1 - np.array([0.05, 0.04, 0.02, 0.005]))
    width = np.sqrt(half_mm**2 - outermost**2)
    length = 2 * 30 if half_mm == 10 else 4 * np.pi * 20
    assert areas_mm2(structure, outermost) == pytest.approx(length * width, rel=1e-6)


@pytest.mark.parametrize("share", OFFSETS)
def test_a_rounded_end_reaches_no_farther_than_a_step(share):
    ridge = Cylinder((3.0, -4.0, 0.0), 10.0, 30.0, "y")
    planes = planes_of(ridge, 1.25, share)
    low, high = ends_mm(drawn(ridge, 1.25, share))
    assert planes[0] - 1.25 <= low < planes[0]
    assert planes[-1] < high <= planes[-1] + 1.25


BOX = Box((1.0, 2.0, 0.0), (10.0, 8.0, 20.0))


def test_flat_ends_reach_half_a_spacing():
    structure = BOX.structure("B", 1, np.arange(-9, 10, 2.0))
    assert ends_mm(structure) == (-10, 10)
    heights = [-10.001, -9.999, -3.3, 9.999, 10.001]
    assert areas_mm2(structure, heights) == pytest.approx([0, 80, 80, 80, 0])
    assert volume_mm3(structure) == pytest.approx(1000 * BOX.volume_cc, rel=EXACT)


def test_without_end_caps_an_interpolated_shape_ends_at_its_planes():
    for solid in (BALL, BOX):
        planes = planes_of(solid, 2.0, 0.5)
        structure = solid.structure("S", 1, planes, 200)
        assert ends_mm(structure, end_caps="none") == pytest.approx((planes[0], planes[-1]))
        outside = [planes[0] - 0.01, planes[-1] + 0.01]
        assert areas_mm2(structure, outside, end_caps="none").tolist() == [0, 0]


def test_two_planes_are_joined_and_have_flat_ends():
    small, large = (
        Box((0.0, 0.0, z), (size, size, 1.0)).structure("B", 1, [z]).contours
        for z, size in ((0.0, 10.0), (3.0, 20.0))
    )
    structure = Structure(1, "B", small + large)
    heights = [-1.4, 0, 1.5, 3, 4.4]
    assert areas_mm2(structure, heights) == pytest.approx([100, 100, 250, 400, 400])
    assert ends_mm(structure) == (-1.5, 4.5)


@pytest.mark.parametrize("end_caps", ["half", "none"])
def test_a_single_plane_is_its_slab(end_caps):
    structure = BOX.structure("B", 1, [5.0])
    found = areas_mm2(structure, [3.49, 3.51, 5, 6.49, 6.51], 3.0, end_caps=end_caps)
    assert found == pytest.approx([0, 80, 80, 80, 0])


def test_beside_a_gap_the_shape_goes_on_flat_for_half_a_spacing():
    """A ball without the planes about its middle: the stumps are no ends of it."""
    planes = np.array([-18.0, -15, -12, -9, 9, 12, 15, 18])
    structure = BALL.structure("S", 1, planes, 200)
    edge = np.pi * (20**2 - 9**2)
    heights = [-7.51, -7.49, 0, 7.49, 7.51]
    assert areas_mm2(structure, heights) == pytest.approx([edge, 0, 0, 0, edge])
    assert ends_mm(structure) == pytest.approx((-20, 20), abs=1e-6)
    # Filled, the way across is as long as the gap.
    assert areas_mm2(structure, [0], gaps="fill") == pytest.approx([edge])


def square(half_mm, z_mm, u_mm=0.0):
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half_mm + (u_mm, 0)
    return Contour(np.column_stack([corners, np.full(4, z_mm)]))


def test_a_part_that_begins_between_planes_grows_from_one_to_the_next():
    """Steadily: nothing before and the whole after it are no rates that continue each other."""
    contours = [square(10, z) for z in (0.0, 3.0, 6.0, 9.0, 12.0)]
    contours += [square(3, z, 30.0) for z in (6.0, 9.0, 12.0)]
    structure = Structure(1, "parts", tuple(contours))
    heights = np.array([1.5, 3, 3.75, 4.5, 5.25, 6, 10])
    expected = 400 + 36 * np.clip((heights - 3) / 3, 0, 1)
    assert areas_mm2(structure, heights) == pytest.approx(expected)


def test_areas_lie_between_those_of_their_planes():
    """Random polygons that have nothing to do with each other, from plane to plane."""
    generator = np.random.default_rng(11)
    angle = np.arange(9) * 2 * np.pi / 9
    planes = np.cumsum(generator.uniform(2, 2.8, 8))
    contours = []
    for z in planes:
        loop = np.column_stack([np.cos(angle), np.sin(angle)])
        loop = loop * generator.uniform(3, 15, (9, 1)) + generator.uniform(-8, 8, 2)
        contours.append(Contour(np.column_stack([loop, np.full(9, z)])))
    structure = Structure(1, "random", tuple(contours))
    cut, _ = sections(structure, 2.0)
    inside = np.linspace(planes[0], planes[-1], 301)
    found = cut.at(inside).area
    at_planes = cut.at(planes).area
    above = np.clip(np.searchsorted(planes, inside), 1, len(planes) - 1)
    low, high = np.sort([at_planes[above - 1], at_planes[above]], axis=0)
    assert (found >= low - EXACT).all()
    assert (found <= high + EXACT).all()


@pytest.mark.parametrize("sliver_mm", [0.3, 0.05, 0.001])
def test_sliver_end_planes_leave_ends_and_volume_where_they_are(sliver_mm):
    """A first plane that all but misses the ball: down to a thousandth of the area of the next."""
    planes = np.arange(-RADIUS_MM + sliver_mm, RADIUS_MM, 2.0)
    structure = BALL.structure("S", 1, planes, 200)
    assert ends_mm(structure) == pytest.approx((-20, 20), abs=1e-5)
    ratio = volume_mm3(structure) / (1000 * BALL.volume_cc)
    assert ratio == pytest.approx(1, abs=(2 / RADIUS_MM) ** 3 / 8 + LAYER_SHARE)
