"""Diameters of solids in any direction, against their closed forms."""

import numpy as np
import pytest
from draws import first, pairs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from oligort.geometry.components import Part, parts
from oligort.geometry.structure import Contour, Structure
from oligort.lesions.census import census
from oligort.lesions.extent import extent_of
from oligort.phantoms.oblique import Oblique, ObliqueCapsule, ObliqueEllipsoid, TouchingSpheres

pytestmark = pytest.mark.figures

POINTS = 120
"""Of a loop. Its longest chord is at most 1 - cos(pi / 120) = 3.4e-4 of the ellipse's long axis
shorter than that: 0.02 mm of 60 mm, a fifteenth of the 0.3 mm allowed."""

LOOP_MM = 0.021
"""That, of the largest solid here (60 mm)."""

LEAST_PLANES = 3
"""Two planes do not tell how the sides go on between and beyond them."""

CASES, PARTS = 10, 3
"""Solids of a sample, and how many samples there are.

A third of them at planes of 1 mm, which take longest and are farthest from the limits."""


def direction(seed: int) -> tuple[float, float, float]:
    x, y, z = Rotation.random(random_state=seed).as_matrix()[0].tolist()
    return x, y, z


def ellipsoid(generator: np.random.Generator) -> Oblique:
    axes = Rotation.random(random_state=int(generator.integers(2**31))).as_matrix()
    rows = tuple(tuple(row) for row in axes.tolist())
    centre, semi = generator.uniform(-200, 200, 3), generator.uniform(3, 30, 3)
    return ObliqueEllipsoid(tuple(centre.tolist()), tuple(semi.tolist()), rows)


def flat(generator: np.random.Generator) -> Oblique:
    """Return an ellipsoid that few planes meet: of 2 mm of a semi-axis or more."""
    axes = Rotation.random(random_state=int(generator.integers(2**31))).as_matrix()
    semi = generator.uniform(2, 30, 3) * (1, 1, generator.uniform(0.1, 1))
    rows = tuple(tuple(row) for row in axes.tolist())
    return ObliqueEllipsoid((0.0, 0.0, 0.0), tuple(np.maximum(semi, 2).tolist()), rows)


def short(generator: np.random.Generator) -> Oblique:
    """Return a capsule that few planes meet."""
    way = direction(int(generator.integers(2**31)))
    return ObliqueCapsule((0.0, 0, 0), generator.uniform(2, 6), generator.uniform(2, 30), way)


def small(generator: np.random.Generator) -> Oblique:
    """Return touching spheres that few planes meet."""
    one, other = generator.uniform(2, 6, 2).tolist()
    return TouchingSpheres((0.0, 0, 0), (one, other), direction(int(generator.integers(2**31))))


def capsule(generator: np.random.Generator) -> Oblique:
    centre = tuple(generator.uniform(-200, 200, 3).tolist())
    radius, segment = generator.uniform(3, 12), generator.uniform(5, 54)
    return ObliqueCapsule(centre, radius, segment, direction(int(generator.integers(2**31))))


def spheres(generator: np.random.Generator) -> Oblique:
    centre = tuple(generator.uniform(-200, 200, 3).tolist())
    one, other = generator.uniform(3, 15, 2).tolist()
    return TouchingSpheres(centre, (one, other), direction(int(generator.integers(2**31))))


def needle(generator: np.random.Generator) -> Oblique:
    """Return an ellipsoid of 6 to 10 mm across and three to eight times as long."""
    axes = Rotation.random(random_state=int(generator.integers(2**31))).as_matrix()
    rows = tuple(tuple(row) for row in axes.tolist())
    one, other, long = generator.uniform([3, 3, 15], [5, 5, 40]).tolist()
    return ObliqueEllipsoid((0.0, 0.0, 0.0), (one, other, long), rows)


def disc(generator: np.random.Generator) -> Oblique:
    """Return an ellipsoid of 6 to 10 mm thick and three to eight times as wide."""
    axes = Rotation.random(random_state=int(generator.integers(2**31))).as_matrix()
    rows = tuple(tuple(row) for row in axes.tolist())
    thin, wide, wider = generator.uniform([3, 15, 15], [5, 40, 40]).tolist()
    return ObliqueEllipsoid((0.0, 0.0, 0.0), (thin, wide, wider), rows)


SOLIDS = {"ellipsoid": ellipsoid, "capsule": capsule, "two touching spheres": spheres}

OF_FEW_PLANES = {
    ("ellipsoid", 2): flat,
    ("capsule", 2): short,
    ("two touching spheres", 2): small,
    ("ellipsoid", 1): flat,
    ("capsule", 1): short,
}
"""By solid and how many planes; spheres that touch and that one plane meets are cut once by it."""


THIN = {"needle": needle, "disc": disc}
"""Those that lean come to their tips far to the side, where rods end within their last planes."""


def planes_of(solid: Oblique, spacing_mm: float, offset: float) -> np.ndarray:
    """Return the planes of an image series that meet the solid."""
    low, high = solid.heights_mm
    first = (np.floor(low / spacing_mm) - 1 + offset) * spacing_mm
    planes = np.arange(first, high + spacing_mm, spacing_mm)
    return planes[(low < planes) & (planes < high)]


def drawn(
    make, generator: np.random.Generator, spacing_mm: float, planes_wanted: int | None = None
) -> tuple[Oblique, np.ndarray, Structure, Part]:
    """Return a solid that is in one piece as drawn: spheres side by side share no plane's area.

    In `LEAST_PLANES` planes or more, or in exactly so many as wanted.
    """
    while True:
        solid = make(generator)
        planes = planes_of(solid, spacing_mm, generator.uniform())
        if len(planes) < LEAST_PLANES if planes_wanted is None else len(planes) != planes_wanted:
            continue
        angles = np.arange(POINTS) * 2 * np.pi / POINTS + generator.uniform(0, 2 * np.pi)
        structure = solid.structure("GTVm", planes, angles)
        found = parts(structure, spacing_mm)
        if len(found) == 1:
            return solid, planes, structure, found[0]


def errors(
    make, generator: np.random.Generator, spacing_mm: float, planes_wanted: int | None = None
) -> tuple[float, float, bool, float]:
    """Return the axial error in mm, the 3D error in spacings, whether the truth of 3D is in its
    interval, and how many spacings that is wide."""
    solid, planes, _, part = drawn(make, generator, spacing_mm, planes_wanted)
    extent = extent_of(part)
    axial_mm = extent.in_plane.length_mm - max(solid.longest_in_mm(z) for z in planes)
    value, truth = extent.maximum_3d_mm, solid.longest_mm
    # The corners lie on the solid: those alone can be no farther apart than its points.
    holds = value.low <= truth * (1 + 1e-12) and truth <= value.high
    width = (value.high - value.low) / spacing_mm
    return axial_mm, (float(value) - truth) / spacing_mm, holds, width


@pytest.mark.parametrize("part", first(1, PARTS))
@pytest.mark.parametrize("spacing_mm", [1.0, 3.0, 5.0])
@pytest.mark.parametrize("name", SOLIDS)
def test_seeded_solids(name, spacing_mm, part):
    generator = np.random.default_rng([list(SOLIDS).index(name), int(spacing_mm), part])
    rows = [
        errors(SOLIDS[name], generator, spacing_mm)
        for _ in range(CASES if spacing_mm > 1 else CASES // 3)
    ]
    axial_mm, in_spacings, holds, _ = (np.array(column) for column in zip(*rows, strict=True))
    assert np.abs(axial_mm).max() < LOOP_MM
    assert holds.all()
    # Asked for: one spacing always and half of one in the median.
    assert np.abs(in_spacings).max() < 1
    assert np.median(np.abs(in_spacings)) < 0.5


@pytest.mark.parametrize(
    ("radius_mm", "segment_mm", "rise", "offset"),
    [
        (4.0, 50.0, 0.2, 0.0),  # three planes: the outer ones cut the ends
        (3.022, 52.542, 0.1633, 0.664),
        (3.037, 52.861, 0.3333, 0.52),  # four planes, of which the last one cuts the end
        (3.174, 37.831, 0.4604, 0.54),
    ],
)
def test_a_thin_rod_that_nearly_lies_in_its_planes_is_not_too_long(
    radius_mm, segment_mm, rise, offset
):
    """Its centres lie apart as far as it leans, and nothing of it lies beyond its last planes."""
    way = (float(np.sqrt(1 - rise**2)), 0.0, rise)
    rod = ObliqueCapsule((0.0, 0.0, 0.0), radius_mm, segment_mm, way)
    planes = planes_of(rod, 5.0, offset)
    assert len(planes) >= LEAST_PLANES
    (part,) = parts(rod.structure("GTVm", planes, np.arange(POINTS) * 2 * np.pi / POINTS), 5.0)
    value = extent_of(part).maximum_3d_mm
    assert value.low <= rod.longest_mm <= value.high
    assert abs(float(value) - rod.longest_mm) < 5.0


@pytest.mark.parametrize(("spacing_mm", "solid"), pairs((3.0, 5.0), OF_FEW_PLANES))
def test_solids_of_one_or_two_planes_lie_in_their_interval(solid, spacing_mm):
    """Two planes tell no value to a spacing: the interval has to say so."""
    name, planes = solid
    generator = np.random.default_rng([planes, int(spacing_mm)])
    make = OF_FEW_PLANES[name, planes]
    rows = [errors(make, generator, spacing_mm, planes) for _ in range(8)]
    assert all(holds for _, _, holds, _ in rows)


@pytest.mark.parametrize(("name", "number", "cases"), [("needle", 8, 40), ("disc", 9, 12)])
def test_thin_ellipsoids_that_lean_are_told_from_rods(name, number, cases):
    """Carried on as rods are, needles were up to 1.7 spacings too short, 0.37 in the median."""
    generator = np.random.default_rng([number, 5])
    rows = [errors(THIN[name], generator, 5.0) for _ in range(cases)]
    assert all(holds for _, _, holds, _ in rows)
    in_spacings = np.abs([value for _, value, _, _ in rows])
    assert in_spacings.max() < 1.2
    assert np.median(in_spacings) < 0.25


def test_two_sections_tell_no_3d_diameter():
    """A cylinder, and the hull of its ends and of a wider disc midway: the same two sections."""
    rim = np.arange(POINTS) * 2 * np.pi / POINTS
    disc = 10 * np.stack([np.cos(rim), np.sin(rim)], axis=1)
    loops = [np.column_stack([disc, np.full(POINTS, z)]) for z in (0.0, 5.0)]
    (part,) = parts(Structure(1, "GTVm", tuple(Contour(loop) for loop in loops)))
    value = extent_of(part).maximum_3d_mm
    cylinder_mm, wider_mm = float(np.hypot(20, 5)), 2 * 18.0
    assert wider_mm - cylinder_mm > 2 * 5.0
    assert value.low == pytest.approx(cylinder_mm, rel=1e-9)
    assert value.high > wider_mm


@given(
    name=st.sampled_from(sorted(SOLIDS)),
    seed=st.integers(0, 2**32 - 1),
    spacing_mm=st.floats(0.8, 6.0),
)
@settings(max_examples=12, deadline=None)
def test_any_solid_lies_in_its_interval(name, seed, spacing_mm):
    axial_mm, _, holds, _ = errors(SOLIDS[name], np.random.default_rng(seed), spacing_mm)
    assert abs(axial_mm) < LOOP_MM
    assert holds


@pytest.mark.parametrize("elevation", [10.0, 30.0, 60.0, 89.0])
@pytest.mark.parametrize("offset", [0.02, 0.5, 0.98])
def test_the_tip_of_a_thin_rod_moves_sideways_between_planes(elevation, offset):
    """Caps that go straight up miss it: at 30 degrees a spacing upwards is two along the rod."""
    tilt = np.radians(elevation)
    rod = ObliqueCapsule((3, -4, 5), 2.0, 60.0, (0.0, float(np.cos(tilt)), float(np.sin(tilt))))
    planes = planes_of(rod, 3.0, offset)
    (part,) = parts(rod.structure("GTVm", planes, np.arange(POINTS) * 2 * np.pi / POINTS), 3.0)
    value = extent_of(part).maximum_3d_mm
    assert value.low <= rod.longest_mm <= value.high


def test_two_planes_of_a_flat_ellipsoid_tell_no_lean():
    """Its two loops lie aside of each other since it is flat and oblique, not since it goes on."""
    shape = np.array(
        [[185.6577, 7.4327, 40.8983], [7.4327, 96.452, 11.7182], [40.8983, 11.7182, 40.3214]]
    )
    semi_squared, axes = np.linalg.eigh(shape)
    rows = tuple(tuple(row) for row in axes.T.tolist())
    solid = ObliqueEllipsoid((0.0, 0.0, 0.0), tuple(np.sqrt(semi_squared).tolist()), rows)
    planes = np.array([-2.25, 2.75])
    (part,) = parts(solid.structure("GTVm", planes, np.arange(POINTS) * 2 * np.pi / POINTS), 5.0)
    value = extent_of(part).maximum_3d_mm
    assert value.low <= solid.longest_mm <= value.high
    # Asked for: one spacing always. Going on as the loops lie would make 33.8 mm of 28.1 mm.
    assert abs(float(value) - solid.longest_mm) < 5.0


def test_a_prism_that_leans_goes_on_as_it_leans():
    """Half a slice at either end of a rod along (3, 0, 4) is 1.25 times as much along it."""
    square = np.array([[-2.0, -2], [2, -2], [2, 2], [-2, 2]])
    planes = np.arange(0.0, 41.0, 2.0)
    loops = [np.column_stack([square + np.array([0.75 * z, 0]), np.full(4, z)]) for z in planes]
    (part,) = parts(Structure(1, "GTVm", tuple(Contour(loop) for loop in loops)))
    value = extent_of(part).maximum_3d_mm
    lengths = [np.linalg.norm([4 + 0.75 * h, 4, h]) for h in (40, 42, 44)]
    assert (value.low, float(value)) == pytest.approx(lengths[:2], abs=1e-9)
    # The interval's width is known every degree, to cos(0.5 degrees).
    across = np.hypot(4 + 0.75 * 44, 4) / np.cos(np.pi / 360)
    assert lengths[2] - 1e-9 <= value.high <= np.hypot(across, 44) + 1e-9


def test_a_branch_that_ends_below_the_top_is_capped_as_well():
    """An L of a low arm along x and a high tower: the arm's top ends half way to the next plane."""

    def box(low: float, high: float, z: float) -> Contour:
        return Contour(np.array([[low, 0, z], [high, 0, z], [high, 1, z], [low, 1, z]]))

    tower = [box(0, 4, z) for z in (0.0, 1.0, 2.0, 3.0)]
    (part,) = parts(Structure(1, "GTVm", (*tower, box(-1, 40, -1.0), box(30, 40, 0.0))))
    # From the foot's lower cap at (-1, 0, -1.5) to the arm's top at (40, 1, 0.5).
    assert extent_of(part).maximum_3d_mm == pytest.approx(np.linalg.norm([41, 1, 2]), abs=1e-9)


@pytest.mark.parametrize("part", first(1, 3))
@pytest.mark.parametrize("name", SOLIDS)
def test_volume_centre_and_equivalent_sphere(name, part):
    generator = np.random.default_rng([7, part])
    for _ in range(2):
        solid, _, structure, _ = drawn(SOLIDS[name], generator, 1.0)
        (lesion,) = census([structure])
        # Planes of 1 mm miss what curves within half of one: 2 % of a solid 10 mm high, and 0.2 mm
        # of its centre; a loop of 120 points lacks 0.05 % of its area.
        assert lesion.volume_cc == pytest.approx(solid.volume_cc, rel=0.02)
        assert lesion.centroid_mm == pytest.approx(solid.centroid_mm, abs=0.2)
        radius_mm = lesion.equivalent_sphere_mm / 2
        assert 4 / 3 * np.pi * radius_mm**3 / 1000 == pytest.approx(lesion.volume_cc, rel=1e-12)


@pytest.mark.parametrize("name", SOLIDS)
@given(
    seed=st.integers(0, 2**32 - 1),
    turn=st.floats(0, 2 * np.pi),
    shift=st.tuples(*[st.floats(-300, 300)] * 3),
)
@settings(max_examples=5, deadline=None)
def test_turned_moved_reordered_and_reversed_nothing_changes(name, seed, turn, shift):
    generator = np.random.default_rng(seed)
    _, _, structure, _ = drawn(SOLIDS[name], generator, 3.0)
    about_z = Rotation.from_euler("z", turn)
    moved = [
        Contour(
            np.roll(
                about_z.apply(contour.points_mm[:: generator.choice([-1, 1])].copy()) + shift,
                int(generator.integers(POINTS)),
                axis=0,
            )
        )
        for contour in structure.contours
    ]
    order = generator.permutation(len(moved))
    (before,) = census([structure], usual_spacing_mm=3.0)
    again = Structure(1, "GTVm", tuple(moved[number] for number in order))
    (after,) = census([again], usual_spacing_mm=3.0)
    for field in ("longest_axial_mm", "short_axis_mm", "maximum_3d_mm", "volume_cc"):
        # Coordinates of 500 mm, turned, carry 1e-13 mm.
        assert getattr(after, field) == pytest.approx(getattr(before, field), rel=1e-9), field
    ends = before.maximum_3d_mm, after.maximum_3d_mm
    assert ends[1].low == pytest.approx(ends[0].low, rel=1e-9)
    # Of discs every diameter is the longest, and which one directions are counted from is
    # rounding's choice; wherever they begin, they tell a width to cos(0.5 degrees) = 1 - 4e-5.
    assert ends[1].high == pytest.approx(
        ends[0].high, rel=1e-9 if name != "two touching spheres" else 4e-5
    )


def in_planes_across(
    solid: ObliqueEllipsoid, turn: Rotation, spacing_mm: float, offset: float
) -> Structure:
    """Return an ellipsoid as drawn in planes whose normal is the patient axis, turned."""
    rows = tuple(tuple(row) for row in (np.array(solid.axes) @ turn.as_matrix()).tolist())
    centre = tuple(turn.inv().apply(solid.centre_mm).tolist())
    upright = ObliqueEllipsoid(centre, solid.semi_axes_mm, rows)
    angles = np.arange(POINTS) * 2 * np.pi / POINTS
    drawn = upright.structure("GTVm", planes_of(upright, spacing_mm, offset), angles)
    return Structure(
        1, "GTVm", tuple(Contour(turn.apply(c.points_mm.copy())) for c in drawn.contours)
    )


CORONAL, SAGITTAL = Rotation.from_euler("x", 90, degrees=True), Rotation.from_euler("y", 90, True)


@pytest.mark.parametrize("turn", [CORONAL, SAGITTAL, None], ids=["coronal", "sagittal", "any"])
@pytest.mark.parametrize("spacing_mm", [1.0, 3.0, 5.0])
def test_the_axial_size_of_what_is_drawn_in_other_planes_lies_in_its_interval(turn, spacing_mm):
    """The widest axial section of an ellipsoid goes through its centre: there is its axial size."""
    generator = np.random.default_rng(int(spacing_mm))
    in_spacings = []
    for _ in range(5):
        solid = ellipsoid(generator)
        planes = turn or Rotation.random(random_state=int(generator.integers(2**31)))
        structure = in_planes_across(solid, planes, spacing_mm, generator.uniform())
        (part,) = parts(structure, spacing_mm)
        extent = extent_of(part)
        size, truth = extent.longest_axial_mm, solid.longest_in_mm(solid.centre_mm[2])
        assert size.low <= truth + 1e-9
        assert truth <= size.high
        in_spacings.append(abs(size - truth) / spacing_mm)
        assert extent.plane_mm is None
        assert {
            type(end) for one in (size, extent.short_axis_mm) for end in (one.low, one.high)
        } == {float}
        ends = extent.axial_end_points_mm
        assert ends[0, 2] == pytest.approx(ends[1, 2], abs=1e-9)
        assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(size.low, rel=1e-12)
    assert max(in_spacings) < 1
    assert np.median(in_spacings) < 0.5


def test_arms_that_meet_elsewhere_are_not_measured_across_in_an_axial_plane():
    """A V in coronal planes: above its foot axial planes show two areas, 60 mm from each other."""
    outline = [(20, 0), (40, 0), (70, 40), (60, 40), (30, 8), (0, 40), (-10, 40)]
    flat = np.array(outline, dtype=float)
    loops = [np.column_stack([flat[:, 0], np.full(7, y), flat[:, 1]]) for y in (0.0, 3.0, 6.0)]
    (lesion,) = census([roi_of(loops)])
    # As wide as the foot, below the notch; the axial planes looked at lie 0.4 mm apart.
    assert np.hypot(32, 6) - 0.7 < lesion.longest_axial_mm.low <= np.hypot(32, 6) + 1e-9
    assert lesion.longest_axial_mm.high > 80


def roi_of(loops) -> Structure:
    return Structure(1, "GTVm", tuple(Contour(loop) for loop in loops))


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=5, deadline=None)
def test_planes_of_any_orientation_tell_the_same(seed):
    generator = np.random.default_rng(seed)
    solid, _, structure, before = drawn(ellipsoid, generator, 3.0)
    turn = Rotation.random(random_state=seed % 2**31)
    turned = tuple(Contour(turn.apply(contour.points_mm.copy())) for contour in structure.contours)
    (after,) = parts(Structure(1, "GTVm", turned), 3.0)
    one, other = extent_of(before), extent_of(after)
    assert other.in_plane.length_mm == pytest.approx(one.in_plane.length_mm, rel=1e-9)
    assert other.in_plane.short_axis_mm == pytest.approx(one.in_plane.short_axis_mm, rel=1e-9)
    assert other.maximum_3d_mm == pytest.approx(one.maximum_3d_mm, rel=1e-9)
    assert other.maximum_3d_mm.low <= solid.longest_mm <= other.maximum_3d_mm.high
    ends = turn.apply(one.in_plane.end_points_mm)
    assert np.abs(np.sort(other.in_plane.end_points_mm, axis=0) - np.sort(ends, axis=0)).max() < (
        1e-9
    )
