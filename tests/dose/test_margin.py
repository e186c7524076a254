"""How far a volume lies inside an isodose, against closed forms and a brute-force judge."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from oligort.dose.grid import DoseGrid
from oligort.dose.margin import STEP_MM, margin
from oligort.errors import NotEvaluable
from oligort.geometry.grid import Grid
from oligort.geometry.slabs import SlabModel, slabs_of
from oligort.measure import Measure
from oligort.phantoms import Box, Gaussian, LinearGradient, Sphere
from oligort.phantoms.solid import Solid

CENTRE = (1.0, 2.0, 0.5)
SIGMA_MM = 20.0
PEAK_GY = 60.0


def grid_of(spacing_mm: float, half_mm: float = 60.0) -> Grid:
    count = round(2 * half_mm / spacing_mm) + 1
    corner = (-half_mm,) * 3
    frames = np.arange(count) * spacing_mm
    return Grid(corner, (1, 0, 0), (0, 1, 0), spacing_mm, spacing_mm, count, count, frames)


def drawn(solid: Solid, step_mm: float, first_mm: float = -60.2) -> SlabModel:
    return slabs_of(solid.structure("GTV", 1, np.arange(first_mm, 60, step_mm)))


def asked(dose: DoseGrid, at_gy: float, model: SlabModel) -> Measure:
    return margin(dose, at_gy, model.slabs, model.frame)


def interpolation_mm(radius_mm: float, spacing_mm: float) -> float:
    """How far a line between voxels moves the isodose of a Gaussian.

    A line is off by h^2/8 of the curvature along each axis. With D'' along the radius
    D (R^2/s^2 - 1) / s^2 and across it -D / s^2, over the slope D R / s^2; a tenth more for what
    follows in the series.
    """
    curvature = abs(radius_mm**2 / SIGMA_MM**2 - 1) + 2
    return 1.1 * spacing_mm**2 / 8 * curvature / radius_mm


SHIFTS = [(0.0, 0.0, 0.0), (5.0, 0.0, 0.0), (0.0, 0.0, 4.0), (3.0, -2.0, 5.0), (-20.0, 3.0, 0.0)]


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize(("isodose_mm", "spacing_mm"), [(12.0, 2.0), (20.0, 3.0), (30.0, 2.5)])
@pytest.mark.parametrize(("radius_mm", "step_mm"), [(8.0, 1.0), (15.0, 3.0)])
def test_a_sphere_in_a_gaussian_dose(shift, isodose_mm, spacing_mm, radius_mm, step_mm):
    """Its farthest point is a radius beyond its centre: radii apart less the shift of the centres.

    Negative where that leaves the isodose, and then how far. The end planes are known to a spacing.
    """
    grid = grid_of(spacing_mm)
    field = Gaussian(PEAK_GY, CENTRE, SIGMA_MM)
    at_gy = float(field.dose_gy(np.array(CENTRE) + isodose_mm * np.eye(3)[0]))
    centre = tuple(float(x) for x in np.array(CENTRE) + shift)
    found = asked(DoseGrid(grid, field.on(grid)), at_gy, drawn(Sphere(centre, radius_mm), step_mm))
    truth = isodose_mm - radius_mm - float(np.linalg.norm(shift))
    # Sampled points miss the nearest of an outline by step^2 / 8 of the curvature of both.
    missed = STEP_MM**2 / 8 * (1 / radius_mm + 1 / isodose_mm)
    slack = interpolation_mm(isodose_mm, spacing_mm) + missed
    low, high = found.intervals["convention"]
    assert low - slack <= truth <= high + slack
    # Between two planes the outline bulges by (h/2)^2 / 2R; an end plane stands out by half of h.
    assert found == pytest.approx(truth, abs=slack + step_mm / 2 + step_mm**2 / (8 * radius_mm))
    assert (found < 0) == (truth < 0) or abs(truth) < step_mm


@pytest.mark.parametrize("edge_mm", [-25.0, -10.0, 0.0, 9.0, 31.0])
@pytest.mark.parametrize("turned", [False, True])
def test_a_box_in_front_of_a_plane_is_exact(edge_mm, turned):
    """The dose rises along x, or along (3, 4) / 5: trilinear, so only the ties are in doubt."""
    direction = np.array((0.6, 0.8, 0.0) if turned else (1.0, 0.0, 0.0))
    grid = grid_of(2.5)
    field = LinearGradient(100.0, tuple(0.5 * direction))
    box = Box((0.0, 0.0, 0.0), (20.0, 12.0, 30.0))
    found = asked(DoseGrid(grid, field.on(grid)), 100 + 0.5 * edge_mm, drawn(box, 3.0))
    lowest_mm = -float(np.abs(direction) @ (10.0, 6.0, 0.0))
    assert found == pytest.approx(lowest_mm - edge_mm, abs=1e-5)  # a tie is 1e-6 Gy, so 2e-6 mm
    assert found.low == pytest.approx(found.high, abs=1e-9)  # the caps move along the isodose


def test_beside_a_dose_that_is_level_nothing_overflows():
    """It rises along (3, 4) / 5 to 0.1 Gy above the isodose, and no further. Warnings are errors.

    The isodose lies 3 mm from the ball; a cell of which one corner is cut off moves it by no more
    than the cell reaches along the slope.
    """
    grid = grid_of(2.5)
    dose_gy = np.clip(LinearGradient(70.0, (0.6, 0.8, 0.0)).on(grid), 0.0, 70.1)
    found = asked(DoseGrid(grid, dose_gy), 70.0, drawn(Sphere((20.0, 5.0, 3.0), 13.0), 3.0))
    slack = 1.5**2 / 26 + STEP_MM**2 / 104  # no plane through the middle, a step along its loop
    assert 3.0 - 2.5 * (0.6 + 0.8) <= found.high <= 3.0 + slack


@pytest.mark.parametrize(("caps", "beyond_mm"), [(0, 0.0), (1, 1.5), (2, 3.0)])
def test_a_dose_that_falls_along_the_patient_tells_the_end_caps(caps, beyond_mm):
    """Planes from -15 to 15 mm; the dose falls below the isodose at 20 mm."""
    grid = grid_of(3.0)
    field = LinearGradient(100.0, (0.0, 0.0, -1.0))
    model = drawn(Box((0.0, 0.0, 0.0), (20.0, 20.0, 31.0)), 3.0, first_mm=-60.0)
    found = asked(DoseGrid(grid, field.on(grid)), 80.0, model)
    value = (found.high, float(found), found.low)[caps]
    assert value == pytest.approx(5.0 - beyond_mm, abs=1e-5)


def test_a_cold_spot_within_counts_as_outside():
    """Every outline is inside the isodose, and a ball of 4 mm in the middle is not."""
    grid = grid_of(1.0, 40.0)
    dose_gy = PEAK_GY - Gaussian(30.0, (0.0, 0.0, 0.0), 8.0).on(grid)
    radius = Gaussian(30.0, (0.0, 0.0, 0.0), 8.0).radius_mm(np.array(PEAK_GY - 33.0))
    assert 3.5 < radius < 4.5
    model = drawn(Sphere((0.0, 0.0, 0.0), 12.0), 1.0, first_mm=-40.0)
    found = asked(DoseGrid(grid, dose_gy), 33.0, model)
    # The lattice has no point in the very middle: half the diagonal of a pixel away at most.
    assert found == pytest.approx(-float(radius), abs=STEP_MM / np.sqrt(2) + 0.05)


# scikit-image unpacks its tables in a way that NumPy 2.5 warns of.
@pytest.mark.filterwarnings("ignore:Setting the shape on a NumPy array:DeprecationWarning")
def test_beside_marching_cubes_and_a_tree_on_two_rough_isodoses():
    """The judge triangulates a finely resampled dose: off by half an edge of 0.5 mm at most."""
    rng = np.random.default_rng(5)
    grid = grid_of(2.5, 50.0)
    dose_gy = sum(
        Gaussian(40.0, tuple(rng.uniform(-18, 18, 3)), rng.uniform(6, 10)).on(grid)
        for _ in range(5)
    )
    dose = DoseGrid(grid, np.asarray(dose_gy))
    fine_mm = np.arange(-45, 45.1, 0.5)
    # What each point takes of two voxels along an axis, linearly: the same along all three.
    taken = np.maximum(1 - np.abs(fine_mm[:, None] - np.arange(-50, 50.1, 2.5)) / 2.5, 0)
    values = dose.dose_gy
    for axis in range(3):
        values = np.moveaxis(np.tensordot(taken, values, (1, axis)), 0, axis)
    for at_gy, radius_mm in ((8.0, 6.0), (20.0, 20.0)):
        surface = marching_cubes(values, at_gy)[0] * 0.5 - 45
        model = drawn(Sphere((2.0, -3.0, 1.0), radius_mm), 2.0)
        loops = [np.column_stack([x, np.full(len(x), s.position_mm)]) for s in model.slabs
                 for x in s.loops]  # fmt: skip
        away = cKDTree(surface).query(np.concatenate(loops))[0]
        is_inside = dose.field().at(np.concatenate(loops)) >= at_gy
        judged = away.min() if is_inside.all() else -away[~is_inside].max()
        found = asked(dose, at_gy, model)
        # Outlines alone: of the areas within nothing is nearer, or farther by a step at most.
        assert found.high == pytest.approx(judged, abs=0.5 + STEP_MM)


def test_it_is_the_same_however_the_dose_lies_in_its_file():
    field = Gaussian(PEAK_GY, CENTRE, SIGMA_MM)
    model = drawn(Sphere((4.0, 1.0, 2.0), 9.0), 2.0)
    straight = grid_of(2.5)
    frames = straight.frame_positions_mm
    corner = (60.0, 60.0, -60.0)
    turned = Grid(corner, (-1, 0, 0), (0, -1, 0), 2.5, 2.5, *straight.shape[:2], frames)
    first, second = (
        asked(DoseGrid(grid, field.on(grid)), 40.0, model) for grid in (straight, turned)
    )
    assert first == pytest.approx(float(second), abs=1e-6)  # a tie of 1e-6 Gy at 1.8 Gy/mm


@pytest.mark.parametrize(
    ("at_gy", "half_mm", "reason"),
    [
        (70.0, 60.0, "nothing in the dose grid receives 70 Gy"),
        (1e-3, 15.0, "all of the dose grid receives 0.001 Gy"),
        (50.0, 8.0, "beyond the dose grid"),
        (22.0, 22.0, "the dose grid ends"),
    ],
)
def test_where_the_isodose_is_not_known_nothing_is_told(at_gy, half_mm, reason):
    """At 22 Gy the isodose has a radius of 28 mm and only meets the corners of a box of 22 mm."""
    grid = grid_of(2.0, half_mm)
    dose = DoseGrid(grid, Gaussian(PEAK_GY, (0.0, 0.0, 0.0), SIGMA_MM).on(grid))
    with pytest.raises(NotEvaluable, match=reason):
        asked(dose, at_gy, drawn(Sphere((0.0, 0.0, 0.0), 10.0), 2.0))
