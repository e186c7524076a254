"""Slabs: extents, gaps, end caps, orientations and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oligort.conventions import Conventions
from oligort.errors import NotEvaluable
from oligort.geometry.contact import shared_volume_cc
from oligort.geometry.slabs import (
    PLANE_TOLERANCE_MM,
    SAME_LOOP_MM,
    most_common_spacing_mm,
    plane_positions_mm,
    slabs_of,
    traces_off_areas,
)
from oligort.geometry.structure import Contour, Structure

ROUNDING_MM = 1e-9
"""Coordinates of some hundred mm lose 1e-13 in a rotation there and back."""

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], dtype=float)


def moved(loop, along_u):
    return loop + np.array([along_u, 0.0])


def contour(z_mm, loop=SQUARE, kind="CLOSED_PLANAR"):
    return Contour(np.column_stack([loop, np.full(len(loop), z_mm)]), kind)


def stack(*planes_mm, loop=SQUARE):
    return Structure(1, "GTV", tuple(contour(z, loop) for z in planes_mm))


def extents(model):
    return [(slab.lower_mm, slab.upper_mm) for slab in model.slabs]


def volume_mm3(model):
    return sum(slab.upper_mm - slab.lower_mm for slab in model.slabs) * 100


def test_planes_fill_half_the_way_to_their_neighbours():
    model = slabs_of(stack(0, 3, 6))
    assert extents(model) == [(-1.5, 1.5), (1.5, 4.5), (4.5, 7.5)]
    assert (model.spacing_mm, model.gaps, model.notes) == (3, (), ())


def test_without_end_caps_the_end_planes_stop_at_themselves():
    assert extents(slabs_of(stack(0, 3, 6), conventions=Conventions(end_caps="none"))) == [
        (0, 1.5),
        (1.5, 4.5),
        (4.5, 6),
    ]


def test_end_caps_are_half_of_the_step_beside_them():
    assert extents(slabs_of(stack(0, 2, 5, 8, 12))) == [
        (-1, 1),
        (1, 3.5),
        (3.5, 6.5),
        (6.5, 10),
        (10, 14),
    ]


def test_the_order_of_contours_does_not_matter():
    assert extents(slabs_of(stack(6, 0, 3))) == extents(slabs_of(stack(0, 3, 6)))


def test_of_three_planes_the_wider_step_is_a_gap():
    """The median step of 6 mm would call neither of them missing."""
    model = slabs_of(stack(0, 3, 12))
    assert extents(model) == [(-1.5, 1.5), (1.5, 4.5), (10.5, 13.5)]
    (gap,) = model.gaps
    assert (gap.lower_plane_mm, gap.upper_plane_mm) == (3, 12)
    assert model.notes == ("no contour between 3 and 12 mm: not filled",)


def test_a_gap_begins_above_one_and_a_half_spacings():
    assert slabs_of(stack(0, 2, 4, 7)).gaps == ()
    assert len(slabs_of(stack(0, 2, 4, 7.01)).gaps) == 1


def test_a_gap_without_end_caps_still_has_half_slices_on_both_sides():
    model = slabs_of(stack(0, 3, 12), conventions=Conventions(end_caps="none"))
    assert extents(model) == [(0, 1.5), (1.5, 4.5), (10.5, 12)]


@pytest.mark.parametrize(("end_caps", "ends"), [("half", (-1.5, 13.5)), ("none", (0, 12))])
def test_a_gap_that_is_filled_is_met_halfway_and_still_told(end_caps, ends):
    model = slabs_of(stack(0, 3, 12), conventions=Conventions(end_caps=end_caps, gaps="fill"))
    assert extents(model) == [(ends[0], 1.5), (1.5, 7.5), (7.5, ends[1])]
    (gap,) = model.gaps
    assert (gap.lower_plane_mm, gap.upper_plane_mm) == (3, 12)
    assert model.notes == ("no contour between 3 and 12 mm: filled from both sides",)


def test_an_end_plane_beyond_a_filled_gap_has_no_larger_cap():
    """The gap of 9 mm is no spacing: the lone plane at 0 mm reaches half of the usual 3 mm."""
    model = slabs_of(stack(0, 9, 12, 15), conventions=Conventions(gaps="fill"))
    assert extents(model) == [(-1.5, 4.5), (4.5, 10.5), (10.5, 13.5), (13.5, 16.5)]


@pytest.mark.parametrize(
    ("kind", "area_mm2"), [("CLOSED_PLANAR", 150.0), ("CLOSED_PLANAR_XOR", 100.0)]
)
def test_the_volume_is_of_what_loops_enclose_together(kind, area_mm2):
    """Two squares that share a half, through a gap that is filled: 18 mm from end to end."""
    planes = (0.0, 3.0, 9.0, 12.0, 15.0)
    both = [contour(z, loop, kind) for z in planes for loop in (SQUARE, moved(SQUARE, 5))]
    model = slabs_of(Structure(1, "GTV", tuple(both)), conventions=Conventions(gaps="fill"))
    assert model.volume_cc == pytest.approx(area_mm2 * 18 / 1000, rel=1e-12)
    assert model.volume_cc == pytest.approx(shared_volume_cc(model, model), rel=1e-12)


@pytest.mark.parametrize("end_caps", ["half", "none"])
def test_a_single_plane_is_as_thick_as_the_images_are_apart(end_caps):
    model = slabs_of(stack(7), 3.0, Conventions(end_caps=end_caps))
    assert extents(model) == [(5.5, 8.5)]
    assert len(model.slabs) == 1
    assert "single plane: taken as 3 mm thick" in model.notes[0]


def test_a_single_plane_of_unknown_thickness_is_not_evaluable():
    with pytest.raises(NotEvaluable, match='"GTV" is drawn in a single plane'):
        slabs_of(stack(7))


def test_two_planes_are_neighbours_if_the_images_say_so():
    assert extents(slabs_of(stack(0, 6))) == [(-3, 3), (3, 9)]
    assert extents(slabs_of(stack(0, 6), 6.0)) == [(-3, 3), (3, 9)]
    model = slabs_of(stack(0, 6), 2.0)
    assert extents(model) == [(-1, 1), (5, 7)]
    assert len(model.gaps) == 1


def test_a_structure_of_many_planes_knows_its_own_spacing():
    """Drawn on every second image."""
    model = slabs_of(stack(0, 4, 8, 12), 2.0)
    assert model.gaps == ()
    assert volume_mm3(model) == 1600


def test_contours_within_the_tolerance_lie_in_one_plane():
    apart = PLANE_TOLERANCE_MM * 0.9
    other = moved(SQUARE, 20)
    structure = Structure(1, "GTV", (contour(0), contour(apart, other), contour(3), contour(6)))
    model = slabs_of(structure)
    assert [len(slab.loops) for slab in model.slabs] == [2, 1, 1]
    assert model.slabs[0].position_mm == pytest.approx(apart / 2)
    assert plane_positions_mm(structure).tolist() == [0, 3, 6]


def test_contours_beyond_the_tolerance_lie_in_two_planes():
    apart = PLANE_TOLERANCE_MM * 1.1
    structure = Structure(1, "GTV", (contour(0), contour(apart, moved(SQUARE, 20)), contour(3)))
    assert len(slabs_of(structure, 3.0).slabs) == 3


def turned(points, rotation):
    return tuple(Contour(p @ rotation.T) for p in points)


def rotation_about(axis, angle):
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


@given(
    axis=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda a: np.linalg.norm(a) > 0.1),
    angle=st.floats(0, np.pi),
)
@settings(max_examples=60, deadline=None)
def test_planes_of_any_orientation_have_the_same_slabs(axis, angle):
    """Sagittal, coronal and tilted contours: same thickness, same loops in their own plane."""
    points = [contour(z).points_mm for z in (40, 43, 46)]
    structure = Structure(1, "GTV", turned(points, rotation_about(axis, angle)))
    model = slabs_of(structure)
    thickness = [slab.upper_mm - slab.lower_mm for slab in model.slabs]
    # A tilt below 0.25 mm over the contour is taken for axial; its planes seem up to 1 % closer.
    tilt = np.linalg.norm(np.cross(rotation_about(axis, angle)[:, 2], (0, 0, 1)))
    tolerance = ROUNDING_MM if not 0 < tilt < 0.05 else 3 * tilt**2 + 0.01
    assert thickness == pytest.approx([3, 3, 3], abs=tolerance)
    axes = model.frame.axes
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)
    for slab, contour_ in zip(model.slabs, _ascending(structure, model), strict=True):
        back = model.frame.to_patient(
            np.column_stack([slab.loops[0], np.full(4, slab.position_mm)])
        )
        assert back == pytest.approx(contour_.points_mm, abs=0.25 if tilt < 0.05 else ROUNDING_MM)


def _ascending(structure, model):
    return sorted(structure.contours, key=lambda c: float((c.points_mm @ model.frame.axes[2])[0]))


def test_sagittal_planes_are_stacked_along_x():
    points = [np.column_stack([np.full(4, x), SQUARE]) for x in (5, 7, 9)]
    model = slabs_of(Structure(1, "GTV", tuple(Contour(p) for p in points)))
    assert not model.frame.is_axial
    assert model.frame.axes[2].tolist() == [1, 0, 0]
    assert extents(model) == [(4, 6), (6, 8), (8, 10)]


def test_contours_of_two_orientations_are_refused():
    sagittal = Contour(np.column_stack([np.full(4, 5.0), SQUARE]))
    with pytest.raises(NotEvaluable, match="do not lie in parallel planes"):
        slabs_of(Structure(1, "GTV", (contour(0), contour(3), sagittal)))


@pytest.mark.parametrize("geometric_type", ["OPEN_PLANAR", "OPEN_NONPLANAR"])
def test_loops_beside_open_lines_are_refused_and_points_beside_loops_are_not(geometric_type):
    line = Contour(contour(6).points_mm, geometric_type)
    with pytest.raises(NotEvaluable, match="2 enclose an area and 1 of three points or more do no"):
        slabs_of(Structure(1, "GTV", (contour(0), contour(3), line)))
    short = Contour(contour(3).points_mm[:2], geometric_type)
    point = Contour(contour(3).points_mm[:1], "POINT")
    quiet = Structure(1, "GTV", (contour(0), contour(3), short, point))
    assert len(slabs_of(quiet).slabs) == 2
    assert Structure(1, "Path", (line,)).lines_beside_areas == ()


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "OPEN_PLANAR", "POINT"])
@pytest.mark.parametrize("points", [0, 1, 2])
def test_contours_that_lost_their_points_are_refused_in_planes_without_a_loop(kind, points):
    lost = Contour(contour(6).points_mm[:points], kind)
    with pytest.raises(NotEvaluable, match="2 enclose an area and 1 of less than three points lie"):
        slabs_of(Structure(1, "GTV", (contour(0), contour(3), lost)))
    quiet = slabs_of(Structure(1, "GTV", (contour(0), contour(3), contour(6))))
    if points:
        beside = Structure(1, "GTV", (contour(0), contour(3), contour(6), lost))
        assert extents(slabs_of(beside)) == extents(quiet)
    assert traces_off_areas(Structure(1, "Marker", (lost,))) == ()


def test_a_contour_that_is_not_flat_is_refused_and_one_nearly_flat_is_not():
    points = contour(0).points_mm.copy()
    points[0, 2] = 0.4
    nearly = Structure(1, "GTV", (Contour(points), contour(3), contour(6)))
    assert slabs_of(nearly).slabs[0].position_mm == pytest.approx(0.1)
    points[0, 2] = 3.0
    with pytest.raises(NotEvaluable, match=r"tolerance 0\.25 mm"):
        slabs_of(Structure(1, "GTV", (Contour(points), contour(3), contour(6))))


@pytest.mark.parametrize(
    "contours",
    [
        (),
        (Contour(np.zeros((1, 3)), "POINT"),),
        (Contour(np.zeros((5, 3)), "OPEN_PLANAR"),),
        (Contour(np.zeros((2, 3))),),
    ],
)
def test_what_encloses_no_area_is_not_evaluable_and_never_empty(contours):
    structure = Structure(1, "Lung_L", contours)
    with pytest.raises(NotEvaluable, match='"Lung_L" has no contour that encloses an area'):
        slabs_of(structure, 3.0)
    assert plane_positions_mm(structure).size == 0


def test_points_and_two_point_contours_beside_areas_are_left_out():
    two = Contour(np.array([[50.0, 50, 0], [50, 50, 3]]))
    stray = Contour(np.array([[90.0, 90, 3]]), "POINT"), two
    structure = Structure(1, "GTV", stack(0, 3).contours + stray)
    assert len(slabs_of(structure).slabs) == 2


CIRCLE = 10 * np.stack(
    [np.cos(np.arange(40) * np.pi / 20), np.sin(np.arange(40) * np.pi / 20)], axis=1
)


@pytest.mark.parametrize(
    "copy",
    [
        CIRCLE,
        CIRCLE[::-1],
        np.roll(CIRCLE, 7, axis=0),
        np.concatenate([CIRCLE, CIRCLE[:1]]),
        np.insert(CIRCLE, 5, (CIRCLE[4] + CIRCLE[5]) / 2, axis=0),
        CIRCLE + 1e-9,
        CIRCLE.round(2),
        moved(CIRCLE, 0.0004999),
    ],
    ids=["same", "backwards", "start", "closed", "point more", "hair", "rounded", "half micron"],
)
def test_a_loop_drawn_twice_counts_once(copy):
    structure = Structure(1, "GTV", (contour(0, CIRCLE), contour(0, copy), contour(3, CIRCLE)))
    model = slabs_of(structure)
    assert [len(slab.loops) for slab in model.slabs] == [1, 1]
    assert model.notes == ("1 loops repeat another loop of their plane: each counted once",)


@pytest.mark.parametrize(
    "other", [moved(CIRCLE, 3 * SAME_LOOP_MM), CIRCLE * 0.99, CIRCLE[:30], CIRCLE[::2]]
)
def test_a_loop_that_only_resembles_another_is_kept(other):
    structure = Structure(1, "GTV", (contour(0, CIRCLE), contour(0, other)))
    assert len(slabs_of(structure, 3.0).slabs[0].loops) == 2


def test_loops_are_exclusive_where_all_of_a_plane_are_of_the_xor_type():
    kinds = [("CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR"), ("CLOSEDPLANAR_XOR", "CLOSED_PLANAR")]
    contours = tuple(
        contour(3 * plane, moved(SQUARE, 5 * number), kind)
        for plane, pair in enumerate(kinds)
        for number, kind in enumerate(pair)
    )
    model = slabs_of(Structure(1, "GTV", contours))
    assert [slab.exclusive for slab in model.slabs] == [True, False]


@pytest.mark.parametrize(
    ("steps", "usual"),
    [([], None), ([3], 3), ([3, 9], 3), ([9, 9, 3], 9), ([3.001, 2.999, 3.004, 6], 3.001)],
)
def test_the_most_common_step(steps, usual):
    assert most_common_spacing_mm(np.array(steps, dtype=float)) == usual
