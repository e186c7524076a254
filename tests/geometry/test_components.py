"""Parts against closed forms and against scikit-image's labelling of a fine stack."""

import gc
from dataclasses import replace
from weakref import ref

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from skimage.draw import polygon2mask
from skimage.measure import label

from oligort.errors import NotEvaluable
from oligort.geometry.components import connected_groups, linked_areas, parts
from oligort.geometry.contact import shared_at_least_mm2, shared_volume_cc, touch
from oligort.geometry.overlay import overlay
from oligort.geometry.slabs import slabs_of
from oligort.geometry.structure import Contour, Structure


def disc(x: float, y: float, z: float, radius: float, count: int = 64) -> np.ndarray:
    turn = np.arange(count) * 2 * np.pi / count
    radius *= np.sqrt((2 * np.pi / count) / np.sin(2 * np.pi / count))  # the circle's own area
    flat = np.full(count, z)
    return np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn), flat], axis=1)


def square(low: float, high: float, z: float) -> np.ndarray:
    return np.array([[low, low, z], [high, low, z], [high, high, z], [low, high, z]])


def structure(*loops: np.ndarray) -> Structure:
    return Structure(1, "GTV", tuple(Contour(loop) for loop in loops))


def ball(x: float, y: float, z: float, radius: float, step: float = 1.0) -> list[np.ndarray]:
    planes = z + np.arange(-radius + step / 2, radius, step)
    return [disc(x, y, plane, np.sqrt(radius**2 - (plane - z) ** 2)) for plane in planes]


def test_parts_are_made_once_for_each_spacing_and_go_with_their_structure():
    drawn = structure(*ball(0, 0, 0, 5))
    own = parts(drawn, 1.0)
    assert parts(drawn, 1.0) is own
    assert parts(drawn, 3.0) is not own
    assert parts(structure(*ball(0, 0, 0, 5)), 1.0) is not own
    (part,) = map(ref, own)
    del own, drawn
    gc.collect()
    assert part() is None


def test_a_sphere_is_one_part_with_its_volume_and_centre():
    (part,) = parts(structure(*ball(3, -4, 20, 10, 0.5)))
    # Midpoint rule over half millimetre planes: pi h^2 R / 6 = 1.3 mm3 too much.
    assert part.volume_cc == pytest.approx(4 / 3 * np.pi, abs=0.0014)
    assert part.centroid_mm == pytest.approx([3, -4, 20], abs=1e-6)


def test_two_spheres_are_two_parts_ordered_from_below():
    both = parts(structure(*ball(0, 0, 30, 5), *ball(40, 0, 0, 8)))
    assert [part.centroid_mm[0] for part in both] == pytest.approx([40, 0], abs=1e-6)


def test_two_loops_of_one_plane_are_one_part_through_another_plane():
    legs = [disc(x, 0, z, 4) for z in range(5) for x in (-8, 8)]
    assert len(parts(structure(*legs))) == 2
    (u_shape,) = parts(structure(*legs, square(-12, 12, -1.0)))
    assert len(u_shape.slabs) == 6


def test_a_hole_belongs_to_what_surrounds_it_and_an_island_does_not():
    hollow = [square(low, high, z) for z in range(4) for low, high in ((0, 20), (4, 16))]
    (ring,) = parts(structure(*hollow))
    assert ring.volume_cc == pytest.approx(4 * (400 - 144) / 1000)
    islands = [square(8, 12, z) for z in range(4)]
    assert sorted(part.volume_cc for part in parts(structure(*hollow, *islands))) == pytest.approx(
        [4 * 16 / 1000, 4 * (400 - 144) / 1000]
    )


def test_a_closed_shell_is_one_part():
    shell = [square(0, 20, z) for z in range(6)] + [square(5, 15, z) for z in range(1, 5)]
    assert len(parts(structure(*shell))) == 1


@pytest.mark.parametrize(
    ("planes", "count", "bridged"),
    [
        ([0, 1, 2, 3, 4, 5], 1, False),
        ([0, 1, 2, 4, 5, 6], 2, True),
        ([0, 1, 2, 5, 6, 7], 2, True),
        ([0, 1, 2, 6, 7, 8], 2, False),
    ],
)
def test_missing_planes_part_and_say_so(planes, count, bridged):
    found = parts(structure(*[disc(0, 0, z, 6) for z in planes]))
    assert len(found) == count
    assert any(part.maybe_one_with for part in found) is bridged


@pytest.mark.parametrize(
    ("planes", "bridges"),
    [
        ([0, 2, 4, 6], [(1,), (0, 2), (1, 3), (2,)]),
        ([0, 1, 4, 5], [(1,), (0,)]),
        ([0, 1, 5, 6], [(), ()]),
    ],
)
def test_planes_missing_in_one_part_alone_leave_it_open_whether_it_is_one(planes, bridges):
    """The other part is drawn on every plane, so the structure as a whole lacks none."""
    other = [disc(40, 0, z, 6) for z in range(-1, 8)]
    found = parts(structure(*other, *[disc(0, 0, z, 6) for z in planes]))
    whole, *pieces = found
    assert whole.maybe_one_with == ()
    numbered = [tuple(number - 1 for number in piece.maybe_one_with) for piece in pieces]
    assert numbered == bridges


def test_what_ends_under_a_part_that_bends_over_it_may_be_one_with_it():
    stump, other = [disc(0, 0, z, 4) for z in (0, 1)], [disc(20, 0, z, 4) for z in range(3)]
    lower, upper = parts(structure(*stump, *other, *[square(-25, 25, z) for z in (3.0, 4.0)]))
    assert (lower.maybe_one_with, upper.maybe_one_with) == ((1,), (0,))


def test_across_a_gap_only_what_overlaps_may_be_one():
    found = parts(structure(*[disc(0, 0, z, 6) for z in (0, 1, 2)], *ball(30, 0, 8, 4)))
    assert not any(part.maybe_one_with for part in found)


def plate(z: float, low: float, high: float) -> np.ndarray:
    return np.array([[low, 0, z], [high, 0, z], [high, 30, z], [low, 30, z]])


@pytest.mark.parametrize(
    ("aside_mm", "maybe_one_with"), [(-1.0, None), (0.7, (1,)), (7.4, (1,)), (7.6, ())]
)
def test_what_is_thin_and_leans_may_be_one_although_no_plane_overlaps_the_next(
    aside_mm, maybe_one_with
):
    """Planes of 5 mm through a plate of 10 mm: aside by up to 7.5 mm it may be one."""
    lower, upper = plate(0, 0, 10), plate(5, 10 + aside_mm, 20 + aside_mm)
    found = parts(structure(lower, upper), 5.0)
    if maybe_one_with is None:
        assert len(found) == 1
    else:
        assert len(found) == 2
        assert found[0].maybe_one_with == maybe_one_with


def test_what_lies_aside_hides_nothing_beyond_a_missing_plane():
    """A plane of the first is missing; the second begins beside where it would be."""
    first, second = [plate(z, 0, 10) for z in (0.0, 5.0, 15.0)], [plate(10.0, 14, 24)]
    found = parts(structure(*first, *second), 5.0)
    assert [len(part.slabs) for part in found] == [2, 1, 1]
    assert found[0].maybe_one_with == (1, 2)


def test_what_goes_on_beside_another_part_leans_nowhere():
    """The first goes on upwards where the second begins: the planes show them side by side."""
    first = [plate(z, 0, 10) for z in (0.0, 5.0, 10.0)]
    second = [plate(z, 12, 20) for z in (5.0, 10.0, 15.0)]
    assert [part.maybe_one_with for part in parts(structure(*first, *second), 5.0)] == [(), ()]


def test_the_areas_of_a_part_are_those_that_its_loops_show():
    holed = [disc(0, 0, z, 8) for z in range(5)] + [disc(0, 0, z, 3) for z in range(1, 4)]
    forked = [disc(30, 0, 0, 9), *(disc(x, 0, z, 3) for z in (1, 2, 3) for x in (25, 35))]
    for part in parts(structure(*holed, *forked)):
        told, seen = linked_areas(part), linked_areas(replace(part, areas=None))
        assert told.plane == seen.plane
        assert {tuple(link) for link in told.links} == {tuple(link) for link in seen.links}
        for own, again in zip(told.points_mm, seen.points_mm, strict=True):
            assert np.array_equal(own, again)


def test_a_sliver_beside_the_plane_that_it_grazes_is_no_part_of_its_own():
    sliver = np.array([[-0.12, -6.0001, -3], [0.12, -6.0001, -3], [0, -6.0012, -3]])
    assert len(parts(structure(sliver, *[disc(0, 0, z, 6) for z in (-2, -1, 0)]))) == 1
    assert len(parts(structure(sliver - [0, 1, 0], *[disc(0, 0, z, 6) for z in (-2, -1)]))) == 2


def test_a_repeated_loop_and_a_repeated_first_point_change_nothing():
    closed = [np.concatenate([loop, loop[:1]]) for loop in ball(0, 0, 0, 6)]
    (once,), (again,) = parts(structure(*ball(0, 0, 0, 6))), parts(structure(*closed, *closed))
    assert again.volume_cc == pytest.approx(once.volume_cc, rel=1e-9)


def test_a_single_plane_needs_a_thickness():
    with pytest.raises(NotEvaluable, match="single plane"):
        parts(structure(disc(0, 0, 0, 5)))
    (part,) = parts(structure(disc(0, 0, 0, 5)), 3.0)
    assert part.volume_cc == pytest.approx(np.pi * 25 * 3 / 1000)


def test_lines_enclose_nothing():
    with pytest.raises(NotEvaluable, match="encloses an area"):
        parts(structure(*[np.array([[0.0, 0, z], [5, 0, z], [9, 0, z]]) for z in range(3)]))


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_random_blobs_have_as_many_parts_as_a_fine_stack(seed):
    generator = np.random.default_rng(seed)
    # Corners at odd eighths, pixels centred on eighths: no pixel centre lies on an edge.
    corner = generator.integers(2, 24, size=(generator.integers(2, 9), 2)) + 0.0625
    side = generator.integers(2, 6, size=len(corner))
    planes = generator.integers(0, 5, size=len(corner))
    drawn = [
        np.array([[x, y, z], [x + s, y, z], [x + s, y + s, z], [x, y + s, z]])
        for (x, y), s, z in zip(corner, side, planes.astype(float), strict=True)
    ]
    # A loop inside another is a hole, and no pixel that is filled twice.
    assume(not _one_inside_another(drawn))
    stack = np.zeros((5, 256, 256), bool)
    for loop, plane in zip(drawn, planes, strict=True):
        stack[plane] |= polygon2mask((256, 256), loop[:, :2] * 8)
    # Every plane from the first to the last is drawn: gaps have their own tests.
    filler = [square(28 + 0.0625, 30 + 0.0625, float(z)) for z in range(5)]
    stack[:, 228:240, 228:240] = True
    found = parts(structure(*drawn, *filler), 1.0)
    expected = label(stack, connectivity=1).max()
    touching = _corner_or_edge_contact(drawn)
    assert len(found) == expected or (touching and len(found) > expected)


def _one_inside_another(loops: list[np.ndarray]) -> bool:
    boxes = [(loop.min(axis=0), loop.max(axis=0)) for loop in loops]
    return any(
        (outer[0] <= inner[0]).all() and (inner[1] <= outer[1]).all()
        for i, outer in enumerate(boxes)
        for j, inner in enumerate(boxes)
        if i != j and not np.array_equal(outer, inner)
    )


def _corner_or_edge_contact(loops: list[np.ndarray]) -> bool:
    """Whether squares of one plane share a border only: pixels join what polygons leave apart."""
    boxes = [(loop.min(axis=0), loop.max(axis=0)) for loop in loops]
    return any(
        a[0][2] == b[0][2]
        and (a[0] <= b[1]).all()
        and (b[0] <= a[1]).all()
        and (np.minimum(a[1], b[1]) - np.maximum(a[0], b[0]))[:2].min() == 0
        for i, a in enumerate(boxes)
        for b in boxes[:i]
    )


def test_shared_volume_of_shifted_cubes_is_closed_form():
    first = slabs_of(structure(*[square(0, 10, z) for z in np.arange(0.5, 10)]))
    second = slabs_of(structure(*[square(4, 14, z) for z in np.arange(3.0, 13, 2)]))
    assert shared_volume_cc(first, second) == pytest.approx(6 * 6 * 8 / 1000)


@pytest.mark.parametrize(
    ("gap", "touching"), [(-1.0, True), (0.0, True), (0.4, True), (0.6, False)]
)
def test_blocks_touch_within_half_a_millimetre(gap, touching):
    first = slabs_of(structure(*[square(0, 10, z) for z in range(5)]))
    second = slabs_of(
        structure(*[square(10 + gap, 20, z) - np.array([0, 10 + gap, 0]) for z in range(5)])
    )
    above = slabs_of(structure(*[square(2, 8, z + 5 + gap) for z in range(5)]))
    assert touch(first, second) is touching
    assert touch(first, above) is touching


@pytest.mark.parametrize("seed", range(40))
def test_what_is_surely_shared_is_no_more_than_is_shared(seed):
    chance = np.random.default_rng(seed)
    loops = []
    for _ in range(2):
        count = int(chance.integers(3, 60))
        turn = np.sort(chance.uniform(0, 2 * np.pi, count))
        radii = 10 + chance.uniform(0, 6, (2, count))
        loops.append((radii * [np.cos(turn), np.sin(turn)]).T + chance.uniform(0, 14, 2))
    # Half of them in any order: they cross themselves.
    if seed % 2:
        loops = [chance.permutation(loop) for loop in loops]
    exact = overlay([[loop] for loop in loops]).shared(0, 1)
    assert all(0 <= bound <= exact * (1 + 1e-9) for bound in shared_at_least_mm2(*loops))


def test_what_surely_shares_an_area_is_told_at_once_and_what_does_not_is_none():
    box = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])
    # 5 mm of the line across, upright sides, 5 mm to the next vertices: half of what is shared.
    assert max(shared_at_least_mm2(box, box + np.array([5, 0]))) == pytest.approx(5 * 5)
    for apart in ([10, 0], [11, 0], [0, 11], [0, 10]):
        assert not any(shared_at_least_mm2(box, box + apart))


@pytest.mark.parametrize("aside_mm", [0.06, 0.5, 1.0, 1.5])
@pytest.mark.parametrize("x", [80.0, 20.0])
def test_two_solids_in_planes_of_their_own_may_be_two(aside_mm, x):
    """Each lies between the planes of the other: pieces of one plane were as many lesions."""
    turn = np.arange(36) * np.pi / 18
    round_ = np.stack([10 * np.cos(turn), 10 * np.sin(turn)], axis=1)
    planes_mm = np.arange(-9.0, 10, 3)
    contours = tuple(
        Contour(np.column_stack([round_ + np.array([at, 0.0]), np.full(36, z + away)]))
        for at, away in ((0.0, 0.0), (x, aside_mm))
        for z in planes_mm
    )
    found = parts(Structure(1, "GTVm1", contours))
    links = [(a, b) for a, part in enumerate(found) for b in part.maybe_one_with]
    assert len(set(connected_groups(len(found), links))) <= 2
