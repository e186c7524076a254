"""Sub-voxels that voxel centres of another grid lie in: means by quadrature, bounds, choice."""

from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad_vec
from scipy.interpolate import make_interp_spline

from oligort.conventions import Conventions
from oligort.dose.composite import CompositeDose, CompositeField
from oligort.dose.composite_sampling import sampler_of, samples_of
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh
from oligort.dose.outline import outline_gy
from oligort.dose.partition import Partition
from oligort.dose.sampling import Boxes, SubVoxels
from oligort.dose.spline import SplineAxis
from oligort.geometry.algebra import Shape
from oligort.geometry.grid import Grid
from oligort.geometry.raster import Lattice
from oligort.geometry.region import Region
from oligort.geometry.slabs import AXIAL
from oligort.phantoms import LinearGradient, Sphere

EXACT_GY = 1e-9
"""Means of some tens of Gy are exact: sums round at 1e-14."""

UNEVEN_MM = np.array([0.0, 2, 4, 7, 10, 12, 15, 18, 21])
"""Centres of voxels."""


def values_by(weights, coefficients, of):
    return sum(
        share * coefficients[weights.first + number] for number, share in enumerate(of(weights))
    )


@pytest.mark.parametrize("degree", [1, 3])
@pytest.mark.parametrize("size_mm", [0.8, 2.5, 7.3])
@pytest.mark.parametrize("centres_mm", [UNEVEN_MM, np.arange(9) * 2.5], ids=["uneven", "even"])
def test_means_over_intervals_that_hold_knots_are_those_of_the_spline(degree, size_mm, centres_mm):
    """Against the antiderivative of scipy's "not a knot" spline; both ends of the grid too."""
    dose = np.random.default_rng(3).uniform(0, 60, len(centres_mm))
    axis, judge = SplineAxis(centres_mm, degree), make_interp_spline(centres_mm, dose, degree)
    low = np.linspace(centres_mm[0], centres_mm[-1] - size_mm, 57)
    high = low + size_mm
    weights = axis.mean_weights_across((low + high) / 2, np.full(57, size_mm))
    coefficients = axis.coefficients(dose, 0)
    total = judge.antiderivative()
    mean = (total(high) - total(low)) / size_mm
    assert values_by(weights, coefficients, lambda w: w.value) == pytest.approx(mean, abs=EXACT_GY)
    assert weights.ends is not None
    ends = (judge(low) + judge(high)) / 2
    assert values_by(weights, coefficients, lambda w: w.ends) == pytest.approx(ends, abs=EXACT_GY)
    if degree == 1:
        slope = (judge(high) - judge(low)) / size_mm
        found = values_by(weights, coefficients, lambda w: w.slope)
        assert found == pytest.approx(slope, abs=EXACT_GY)


def test_means_go_straight_on_in_the_outermost_half_voxel():
    axis, dose = SplineAxis(UNEVEN_MM, 1), np.random.default_rng(4).uniform(0, 60, 9)
    middle, size = axis.cut(np.array([-0.2, 0.3, 21.4, 40.0]), np.array([1.5, 4.0, 3.0, 1.0]))
    weights = axis.mean_weights_across(middle, size)

    def at(x_mm):
        x_mm = np.asarray(x_mm)
        inner = np.interp(x_mm, UNEVEN_MM, dose)
        before = np.minimum(x_mm, 0) * (dose[1] - dose[0]) / 2
        return inner + before + np.maximum(x_mm - 21, 0) * (dose[8] - dose[7]) / 3

    found = values_by(weights, dose, lambda w: w.value)
    for number in range(3):
        low, high = middle[number] - size[number] / 2, middle[number] + size[number] / 2
        knots = [knot for knot in UNEVEN_MM if low < knot < high]
        mean = quad_vec(at, low, high, points=knots)[0] / size[number]
        assert found[number] == pytest.approx(mean, abs=EXACT_GY)
    # Nothing of the last is inside: it counts for nothing, and is a number all the same.
    assert size[3] == 0
    assert np.isfinite(found[3])


def noisy(spacing_mm, origin_mm, count, seed, steps_mm=None) -> DoseGrid:
    frames = np.arange(count) * spacing_mm if steps_mm is None else np.asarray(steps_mm)
    grid = Grid(origin_mm, (1, 0, 0), (0, 1, 0), spacing_mm, spacing_mm, count, count, frames)
    return DoseGrid(grid, np.random.default_rng(seed).uniform(20, 60, grid.shape))


OWN = noisy(2.5, (-20, -20, -20), 17, 1)
OTHERS = {
    "2 mm": noisy(2.0, (-22.3, -21.1, -20.9), 23, 2),
    "3 mm": noisy(3.0, (-23.1, -22.2, -21.7), 16, 3),
    "uneven frames": noisy(
        3.0,
        (-23.1, -22.2, -21.7),
        16,
        4,
        np.cumsum([0, 2, 4, 3, 2, 4, 3, 2, 4, 3, 2, 4, 3, 2, 4, 3]),
    ),
}


def pieces_of(dose: DoseGrid, low, high):
    """Places (P, 3) and weights of a rule that is exact for its trilinear dose in a box."""
    axes = []
    grid = dose.grid
    for axis, count in enumerate(grid.shape):
        if axis < 2:
            knots = grid.origin_mm[axis] + grid.i_spacing_mm * np.arange(count)
        else:
            knots = grid.origin_mm[2] + grid.frame_positions_mm
        knots = knots[(knots > low[axis]) & (knots < high[axis])]
        edges = np.concatenate([[low[axis]], knots, [high[axis]]])
        axes.append(list(zip((edges[:-1] + edges[1:]) / 2, np.diff(edges), strict=True)))
    cells = list(product(*axes))
    places = np.array([[place for place, _ in cell] for cell in cells])
    shares = np.array([np.prod([size for _, size in cell]) for cell in cells])
    return places, shares / shares.sum()


LATTICE = Lattice(-10.0, -10.0, 2.5, 2.5, 8, 8)


def layer_of(position_mm, thickness_mm, boxes=None) -> SubVoxels:
    pixels = np.arange(64)
    return SubVoxels(
        position_mm=np.array([position_mm]),
        thickness_mm=np.array([thickness_mm]),
        layer=np.zeros(64, dtype=np.int64),
        pixel=pixels,
        covered=np.ones(64),
        rim=np.arange(0),
        u_offset=np.zeros(0),
        v_offset=np.zeros(0),
        block=pixels,
        boxes=boxes,
    )


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("position_mm", [-18.75, 1.25, 6.25])
def test_the_dose_of_a_box_is_the_mean_of_every_grid(name, position_mm):
    """Cells of one grid; in them lie voxel centres of the other, where its slope jumps."""
    other = OTHERS[name]
    sampler = sampler_of(CompositeDose((OWN, other)).field(), AXIAL, LATTICE)
    samples = sampler.sample(layer_of(position_mm, 2.5))
    for pixel in range(0, 64, 5):
        u, v = divmod(pixel, 8)
        low = np.array([-10 + 2.5 * u, -10 + 2.5 * v, position_mm - 1.25])
        mean = 0.0
        for dose in (OWN, other):
            places, shares = pieces_of(dose, low, low + 2.5)
            mean += float(shares @ dose.field().at(places))
        assert samples.dose_gy[pixel] == pytest.approx(mean, abs=EXACT_GY)


def test_pieces_of_a_box_have_its_mean_together():
    """Two of a third and two thirds of its thickness: what they share out is the box's dose."""
    sampler = sampler_of(CompositeDose((OWN, OTHERS["3 mm"])).field(), AXIAL, LATTICE)
    boxes = Boxes(np.array([1.25]), np.array([2.5]), np.array([0]))
    parts = (layer_of(2.5 / 6, 2.5 / 3, boxes), layer_of(5 / 3, 5 / 3, boxes))
    lower, upper = samples_of(sampler, parts)
    (whole,) = samples_of(sampler, (layer_of(1.25, 2.5, boxes),))
    together = lower.dose_gy / 3 + upper.dose_gy * 2 / 3
    assert together == pytest.approx(whole.dose_gy, abs=EXACT_GY)
    assert np.abs(upper.dose_gy - lower.dose_gy).max() > 1


BALL = Sphere((0.3, -0.4, 0.2), 12).structure("S", 1, np.arange(-10.5, 11, 3.0), 120)


@pytest.mark.parametrize("name", OTHERS)
def test_no_dose_inside_is_beyond_the_bounds_of_the_extremes(name):
    """White noise has its extremes at voxel centres: inside of boxes of the other grid."""
    composite = CompositeDose((OWN, OTHERS[name]))
    region = Region(Shape((BALL,)))
    dvh = compute_dvh(region, composite, "S")
    knots = [np.concatenate(lines) for lines in zip(*map(lines_of, composite.parts), strict=True)]
    points = np.array(list(product(*knots)))
    points = points[np.linalg.norm(points - (0.3, -0.4, 0.2), axis=1) < 11]
    points = points[np.abs(points[:, 2]) < 8]
    dose_gy = composite.field().at(points)
    low, high = dvh["Min[Gy]"].intervals["numerical"], dvh["Max[Gy]"].intervals["numerical"]
    assert len(points) > 1000
    assert dose_gy.min() >= low.low
    assert dose_gy.max() <= high.high


def lines_of(dose: DoseGrid):
    grid = dose.grid
    across = [
        grid.origin_mm[axis] + grid.i_spacing_mm * np.arange(grid.shape[axis]) for axis in (0, 1)
    ]
    return [*across, grid.origin_mm[2] + grid.frame_positions_mm]


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
@pytest.mark.parametrize("half_mm", [20.0, 8.0])
def test_the_extremes_of_the_outline_are_those_of_all_its_points(interpolation, half_mm):
    """Of grids that reach around the ball, and of those that end inside it."""
    region = Region(Shape((BALL,)), None, Conventions(dose_interpolation=interpolation))
    points = region.frame.to_patient(region.outline_points_mm())
    for seed in range(4):
        parts = (
            noisy(2.5, (-20, -20, -20), 17, seed),
            noisy(2.0, (-half_mm, -half_mm - 0.7, -half_mm + 0.3), int(half_mm), seed + 9),
        )
        field = CompositeDose(parts).field(interpolation)
        everywhere = field.at(points)
        found, _ = outline_gy(region, field, 1.0)
        assert found.min() == everywhere.min()
        assert found.max() == everywhere.max()


def test_few_points_of_the_outline_are_asked_where_the_sum_is_smooth():
    region = Region(Shape((BALL,)))
    fields = (LinearGradient(30, (0.5, 0.3, -0.4)), LinearGradient(20, (0.3, -0.2, 0.1)))
    parts = [OWN, OTHERS["3 mm"]]
    doses = [DoseGrid(p.grid, f.on(p.grid)) for p, f in zip(parts, fields, strict=True)]
    found, _ = outline_gy(region, CompositeDose(tuple(doses)).field(), 1.0)
    assert 0 < len(found) < len(region.outline_points_mm()) / 2


def spacing_followed(step_mm, *spacings_mm) -> float:
    fields = tuple(
        noisy(spacing, (-20 - number, -20, -20), 17, number).field()
        for number, spacing in enumerate(spacings_mm)
    )
    one, other = (CompositeField(some) for some in (fields, fields[::-1]))
    followed = one.followed(step_mm, AXIAL)
    assert followed is other.followed(step_mm, AXIAL)
    return followed.spacing_mm


@pytest.mark.parametrize(
    ("step_mm", "spacings_mm", "followed_mm"),
    [
        (2.5, (2.5, 3.0), 2.5),
        (2.5, (2.5, 2.0), 2.5),
        (2.5, (3.0, 2.0), 2.0),
        (1.25, (2.5, 2.0), 2.5),
        (1.5, (2.5, 3.0), 3.0),
        (2.5, (2.5, 1.0), 2.5),
        (2.5, (2.5, 2.5), 2.5),
        (1.1, (2.5, 3.0), 2.5),
    ],
)
def test_boxes_follow_the_voxels_that_are_nearest_below_their_size(
    step_mm, spacings_mm, followed_mm
):
    assert spacing_followed(step_mm, *spacings_mm) == followed_mm


def test_a_grid_along_the_planes_is_followed_rather_than_an_oblique_one():
    turn = np.array([[np.cos(0.3), np.sin(0.3), 0], [-np.sin(0.3), np.cos(0.3), 0]])
    grid = OWN.grid
    oblique = Grid((-20, -20, -20), *turn, 2.5, 2.5, 17, 17, grid.frame_positions_mm)
    dose = CompositeDose((DoseGrid(oblique, OWN.dose_gy), OTHERS["3 mm"]))
    field = dose.field()
    assert field.followed(2.5, AXIAL).spacing_mm == 3.0
    assert Partition.of(Region(Shape((BALL,))), field, 2.5).lattice.u_step_mm == 3.0


@pytest.mark.parametrize(
    ("spacings_mm", "enough_mm"), [((2.5, 3.0), 2.5), ((3, 4), 3), ((2, 1.5), 2), ((2, 3), 2.5)]
)
def test_boxes_begin_as_large_as_is_enough(spacings_mm, enough_mm):
    fields = tuple(noisy(spacing, (-20, -20, -20), 9, 1).field() for spacing in spacings_mm)
    assert CompositeField(fields).spacing_mm == enough_mm
