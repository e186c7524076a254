"""What must not change a histogram: how its structure is drawn, and how its dose is stored.

Structures are random star polygons with holes, islands and loops apart, in planes that need be
neither uniform nor complete; doses are smooth random fields.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ImplicitVRLittleEndian

from oligort.dicom.rtdose import read_dose
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh
from oligort.geometry.algebra import Shape
from oligort.geometry.grid import Grid
from oligort.geometry.region import Region
from oligort.geometry.structure import Contour, Structure
from oligort.phantoms import LinearGradient

SAME_PP = 1e-6
"""Percentage points of volume between curves that differ by rounding alone.

Coordinates of 1000 mm are rounded to 1e-13 mm, and doses that rise by 2 Gy a millimetre to 1e-12
Gy with them. A bin of 0.01 Gy that held half of all volume would exchange 1e-8 points for that.
"""

SAME_GY = 1e-9
"""Doses that differ by rounding alone; the same estimate, a thousand times."""

ENGINE_PP = 0.05
"""What the engine states of itself: percentage points to the exact slabs.

Two computations that cut the same slabs into other sub-voxels are each that close to them.
"""

EXTREME_GY = 0.1
"""Lowest and highest doses from sub-voxels of other sizes.

Where voxels of 4 mm bend the steepest wave, its slope changes by 1.3 Gy/mm: a sub-voxel of 0.3 mm
around such a place takes it to be up to half of that wrong over half of its size.
"""

EXAMPLES = 15

KINDS = ("uniform", "uneven", "a gap")


class Case(NamedTuple):
    """A structure, a dose that reaches beyond it, and the spacing of the images."""

    structure: Structure
    dose: DoseGrid
    usual_spacing_mm: float


def random_star(generator, centre, radius_mm):
    """A polygon of 7 to 14 corners, 0.45 to 1 radius from its centre: not convex, (N, 2).

    No edge comes nearer to the centre than 0.3 radius: neighbours are at most 77 degrees apart.
    """
    count = int(generator.integers(7, 15))
    angle = (np.arange(count) + generator.uniform(-0.25, 0.25, count)) * (2 * np.pi / count)
    reach = radius_mm * generator.uniform(0.45, 1, count)
    return centre + np.stack([np.cos(angle), np.sin(angle)], axis=-1) * reach[:, None]


def random_planes(generator, plane_count, kind):
    """Positions of planes: uniform, of steps that differ, or with one plane missing."""
    step = generator.uniform(1.5, 3)
    if kind == "uneven":
        steps = step * generator.uniform(1, 1.4, plane_count)
    else:
        steps = np.full(plane_count, step)
    planes = generator.uniform(-3, 3) + np.cumsum(steps)
    if kind == "a gap" and plane_count > 3:
        planes = np.delete(planes, plane_count // 2)
    return planes - planes.mean(), step


def random_dose(generator, half_mm, uneven_frames=False):
    """A slope and a wave along each direction, from about 20 to 70 Gy, around the origin."""
    spacing = generator.uniform(2, 4, 3)
    counts = np.ceil(2 * half_mm / spacing).astype(int) + 1
    frames = np.arange(counts[2]) * spacing[2]
    if uneven_frames:
        frames = frames + generator.uniform(-0.3, 0.3, len(frames)) * spacing[2]
    origin = -(counts - 1) * spacing / 2 + generator.uniform(-0.5, 0.5, 3) * spacing
    grid = Grid(origin, (1, 0, 0), (0, 1, 0), *spacing[:2], int(counts[0]), int(counts[1]), frames)
    points = grid.to_patient(np.moveaxis(np.indices(grid.shape, dtype=float), 0, -1))
    wave = 2 * np.pi / generator.uniform(25, 80, 3)
    dose = 45 + points @ generator.uniform(-0.2, 0.2, 3)
    dose += (generator.uniform(2, 5, 3) * np.sin(points * wave + generator.uniform(0, 6, 3))).sum(
        -1
    )
    return DoseGrid(grid, dose)


@st.composite
def cases(draw, uneven_frames=False, reach=1.0, least_planes=1, kinds=KINDS, apart=None):
    """A case; with a reach below 1 its dose grid ends inside the structure."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    plane_count = draw(st.integers(least_planes, 7))
    planes, step = random_planes(generator, plane_count, draw(st.sampled_from(kinds)))
    has_hole, has_island, is_apart = (draw(st.booleans()) for _ in range(3))
    is_apart = is_apart if apart is None else apart
    radius = generator.uniform(4, 16)
    centre = generator.uniform(-3, 3, 2)
    beside = centre + np.array([2.1 * radius, 0])
    contours = []
    for z in planes:
        loops = [random_star(generator, centre, radius)]
        if has_hole:
            loops.append(random_star(generator, centre, 0.28 * radius))
        if has_hole and has_island:
            loops.append(random_star(generator, centre, 0.08 * radius))
        if is_apart:
            loops.append(random_star(generator, beside, 0.7 * radius))
        contours += [Contour(np.column_stack([loop, np.full(len(loop), z)])) for loop in loops]
    half = np.array([4 * radius, 2 * radius, np.ptp(planes) / 2 + step]) + 5
    dose = random_dose(generator, reach * half, uneven_frames)
    return Case(Structure(1, "star", tuple(contours)), dose, step)


def dvh_of_case(case, shape=None):
    """The histogram of a case, or of another shape in its dose."""
    region = Region(shape or Shape((case.structure,)), case.usual_spacing_mm)
    return compute_dvh(region, case.dose, "star")


def curve_at(dvh, doses):
    return np.interp(doses, dvh.edges_gy, dvh.cumulative_cc, right=0) / dvh.volume_cc


def assert_same(one, other, curve_pp=SAME_PP, extreme_gy=SAME_GY):
    assert other.volume_cc == pytest.approx(one.volume_cc, rel=1e-9)
    assert other.uncovered_cc == pytest.approx(one.uncovered_cc, abs=1e-9 * one.volume_cc)
    assert (one.min_gy is None) == (other.min_gy is None)
    if one.min_gy is None:
        return
    doses = np.linspace(one.min_gy - 0.1, one.max_gy + 0.1, 997)
    assert 100 * np.abs(curve_at(one, doses) - curve_at(other, doses)).max() <= curve_pp
    assert other.mean_gy == pytest.approx(one.mean_gy, abs=mean_tolerance_gy(one, curve_pp))
    assert other.min_gy == pytest.approx(one.min_gy, abs=extreme_gy)
    assert other.max_gy == pytest.approx(one.max_gy, abs=extreme_gy)


def mean_tolerance_gy(dvh, curve_pp):
    """A mean is the integral of its curve, from the lowest to the highest dose."""
    return curve_pp / 100 * (dvh.max_gy - dvh.min_gy) * dvh.volume_cc / dvh.covered_cc


def sampled(count=EXAMPLES):
    """The same examples in every run: a test that fails can be run again."""
    return settings(max_examples=count, deadline=None, derandomize=True, database=None)


@sampled()
@given(cases(), st.permutations(range(4)), st.integers(0, 2**32 - 1))
def test_how_a_structure_is_drawn_changes_nothing(case, ways, seed):
    """The order of the planes, the first point and the direction of loops, a point repeated."""
    generator = np.random.default_rng(seed)
    redrawn = []
    for number in generator.permutation(len(case.structure.contours)):
        points = case.structure.contours[number].points_mm
        way = ways[number % 4]
        points = np.roll(points, int(generator.integers(len(points))), axis=0)
        points = points[::-1] if way & 1 else points
        points = np.concatenate([points, points[:1]]) if way & 2 else points
        redrawn.append(Contour(points))
    other = replace(case.structure, contours=tuple(redrawn))
    assert_same(dvh_of_case(case), dvh_of_case(case._replace(structure=other)))


@sampled()
@given(cases(uneven_frames=True), st.tuples(*[st.floats(-500, 500)] * 3))
def test_moving_structure_and_dose_changes_nothing(case, move):
    contours = tuple(Contour(c.points_mm + np.array(move)) for c in case.structure.contours)
    grid = replace(case.dose.grid, origin_mm=case.dose.grid.origin_mm + np.array(move))
    moved = Case(
        replace(case.structure, contours=contours),
        DoseGrid(grid, case.dose.dose_gy),
        case.usual_spacing_mm,
    )
    assert_same(dvh_of_case(case), dvh_of_case(moved))


@sampled()
@given(
    cases(),
    st.tuples(*[st.tuples(st.integers(0, 4), st.integers(0, 4))] * 3),
    st.sampled_from([0.0, 45.0, 90.0]),
)
def test_padding_the_dose_grid_changes_nothing(case, widths, pad_gy):
    """Whatever stands in the new voxels: the structure lies between the old ones."""
    grid = case.dose.grid
    before = np.array(widths)[:, 0]
    step = float(np.diff(grid.frame_positions_mm)[0])
    values = np.pad(case.dose.dose_gy, widths, constant_values=pad_gy)
    padded = replace(
        grid,
        origin_mm=grid.to_patient(-before.astype(float) * (1, 1, 0)) - (0, 0, before[2] * step),
        i_count=values.shape[0],
        j_count=values.shape[1],
        frame_positions_mm=np.arange(values.shape[2]) * step,
    )
    assert_same(dvh_of_case(case), dvh_of_case(case._replace(dose=DoseGrid(padded, values))))


POSITIONS = {
    "HFP": ((-1, 0, 0), (0, -1, 0)),
    "FFS": ((-1, 0, 0), (0, 1, 0)),
    "FFP": ((1, 0, 0), (0, -1, 0)),
    "HFDL": ((0, -1, 0), (1, 0, 0)),
    "HFDR": ((0, 1, 0), (-1, 0, 0)),
    "FFDL": ((0, 1, 0), (1, 0, 0)),
    "FFDR": ((0, -1, 0), (-1, 0, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
}
"""Directions of columns and rows as each patient position has them; HFS is what cases have."""


def stored_along(dose, i_direction, j_direction):
    """The same voxels at the same places, in another order along other directions."""
    grid = dose.grid
    axes = np.array([i_direction, j_direction, np.cross(i_direction, j_direction)], dtype=float)
    order = np.abs(axes).argmax(axis=1)
    signs = axes[np.arange(3), order]
    backwards = [axis for axis in range(3) if signs[axis] < 0]
    centres = [
        np.arange(grid.i_count) * grid.i_spacing_mm,
        np.arange(grid.j_count) * grid.j_spacing_mm,
        grid.frame_positions_mm,
    ]
    along = [signs[axis] * centres[order[axis]] for axis in range(3)]
    along = [mm[::-1] if axis in backwards else mm for axis, mm in enumerate(along)]
    corner = np.array([mm[0] for mm in along])
    frames = along[2] - corner[2]
    values = np.flip(dose.dose_gy.transpose(order), backwards)
    steps = [mm[1] - mm[0] for mm in along]
    counts = values.shape
    stored = Grid(grid.origin_mm + corner @ axes, *axes[:2], *steps[:2], *counts[:2], frames)
    return DoseGrid(stored, values)


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("reach", [1.0, 0.35], ids=["covered", "clipped"])
def test_every_patient_position_gives_the_same_curve(position, reach):
    @sampled(3)
    @given(cases(uneven_frames=position not in {"coronal", "sagittal"}, reach=reach))
    def holds(case):
        stored = stored_along(case.dose, *POSITIONS[position])
        assert_same(dvh_of_case(case), dvh_of_case(case._replace(dose=stored)))

    holds()


@pytest.mark.parametrize("angle", [0.001, 0.3, -1.1])
def test_an_oblique_dose_grid_gives_the_curve_of_an_aligned_one(angle):
    """A linear field is the same on any grid; only the way through the sampler differs."""
    field = LinearGradient(60, (0.5, -0.8, 0.6))  # above 0 Gy in the corners of both grids
    turned = np.array(
        [[np.cos(angle), 0.6 * np.sin(angle), 0.8 * np.sin(angle)], [-np.sin(angle), 0, 0]]
    )
    turned[1] = np.cross((0, -0.8, 0.6), turned[0])

    def on_grid(directions):
        corner = -25 * (directions[0] + directions[1] + np.cross(*directions))
        grid = Grid(corner, *directions, 2.5, 2.5, 21, 21, np.arange(21) * 2.5)
        return DoseGrid(grid, field.on(grid))

    @sampled(3)
    @given(cases(apart=False))
    def holds(case):
        assert_same(
            dvh_of_case(case._replace(dose=on_grid(np.eye(3)[:2]))),
            dvh_of_case(case._replace(dose=on_grid(turned))),
            2 * ENGINE_PP,
        )

    holds()


def as_dataset(dose, is_absolute, is_descending):
    """An RTDOSE of a dose in steps of a milligray, its frames in one of the four ways."""
    grid = dose.grid
    steps = np.round(dose.dose_gy / 1e-3).astype("<u4").transpose(2, 1, 0)
    z_mm = grid.origin_mm[2] + grid.frame_positions_mm
    if is_descending:
        steps, z_mm = steps[::-1], z_mm[::-1]
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.DoseUnits = "GY"
    dataset.DoseType = "PHYSICAL"
    dataset.DoseSummationType = "PLAN"
    dataset.DoseGridScaling = 1e-3
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = steps.shape
    dataset.BitsAllocated = dataset.BitsStored = 32
    dataset.PixelRepresentation = 0
    # Decimal strings hold 16 characters: millionths of a millimetre, as z and its offsets agree.
    first = [round(float(mm), 6) for mm in (*grid.origin_mm[:2], z_mm[0])]
    dataset.ImagePositionPatient = first
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [round(grid.j_spacing_mm, 6), round(grid.i_spacing_mm, 6)]
    origin = 0 if is_absolute else first[2]
    dataset.GridFrameOffsetVector = [round(round(float(mm), 6) - origin, 6) for mm in z_mm]
    dataset.PixelData = steps.tobytes()
    return dataset


@sampled()
@given(cases(uneven_frames=True))
def test_the_form_of_the_frame_offsets_changes_nothing(case):
    one, *others = (
        case._replace(dose=read_dose(as_dataset(case.dose, *form), "dose.dcm").grid)
        for form in ((False, False), (False, True), (True, False), (True, True))
    )
    expected = dvh_of_case(one)
    assert abs(expected.mean_gy - dvh_of_case(case).mean_gy) < 1e-3  # the step of the stored dose
    for other in others:
        assert_same(expected, dvh_of_case(other))


def parted(structure, is_first):
    """The contours (N,) of a structure in two ROIs."""
    return tuple(
        replace(
            structure,
            contours=tuple(
                contour
                for contour, here in zip(structure.contours, is_first, strict=True)
                if here == wanted
            ),
        )
        for wanted in (True, False)
    )


@sampled()
@given(cases(apart=True))
def test_two_loops_a_plane_are_the_sum_of_two_rois(case):
    """The parts have sub-voxels of other sizes: all three are as near to their slabs as stated."""
    centres = [contour.points_mm[:, 0].mean() for contour in case.structure.contours]
    halfway = (min(centres) + max(centres)) / 2
    parts = [
        dvh_of_case(case._replace(structure=part))
        for part in parted(case.structure, np.array(centres) < halfway)
    ]
    whole = dvh_of_case(case)
    assert sum(part.volume_cc for part in parts) == pytest.approx(whole.volume_cc, rel=1e-9)
    doses = np.linspace(whole.min_gy, whole.max_gy, 997)
    total = sum(curve_at(part, doses) * part.volume_cc for part in parts) / whole.volume_cc
    assert 100 * np.abs(total - curve_at(whole, doses)).max() <= 2 * ENGINE_PP
    mean_gy = sum(part.mean_gy * part.volume_cc for part in parts) / whole.volume_cc
    assert mean_gy == pytest.approx(whole.mean_gy, abs=mean_tolerance_gy(whole, 2 * ENGINE_PP))
    assert min(part.min_gy for part in parts) == pytest.approx(whole.min_gy, abs=EXTREME_GY)
    assert max(part.max_gy for part in parts) == pytest.approx(whole.max_gy, abs=EXTREME_GY)


@sampled()
@given(cases(least_planes=4, kinds=("uniform",)), st.integers(2, 5))
def test_planes_in_two_rois_that_are_joined_are_those_of_one(case, planes_below):
    """Uniform planes, so that the caps of both parts meet where the slabs of the whole do."""
    heights = [contour.points_mm[0, 2] for contour in case.structure.contours]
    border = np.unique(heights)[min(planes_below, len(np.unique(heights)) - 2)]
    below, above = parted(case.structure, np.array(heights) < border)
    joined = Shape(operator="|", left=Shape((below,)), right=Shape((above,)))
    assert_same(dvh_of_case(case), dvh_of_case(case, joined), 2 * ENGINE_PP, EXTREME_GY)
