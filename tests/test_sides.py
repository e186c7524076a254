"""Whether an ROI named as both lungs is both: by the body, the midline, else its own shape."""

from dataclasses import replace

import numpy as np
import pytest

from oligort.anatomy import Anatomy
from oligort.errors import NotEvaluable
from oligort.geometry.structure import Structure, StructureSet
from oligort.lesions.site_map import SiteMap
from oligort.phantoms import Box, Ellipsoid
from oligort.sides import lies_side_by_side

PLANES_MM = np.arange(-97.5, 100, 5.0)

LEFT, RIGHT = Box((60.0, 0, 0), (100, 120, 160)), Box((-60.0, 0, 0), (100, 120, 160))
CORD = Box((0.0, 60.0, 0.0), (10.0, 10.0, 180.0))
BODY = Box((0.0, 0.0, 0.0), (300.0, 200.0, 190.0))


def joined(roi_name, *solids):
    """One ROI that holds the contours of several solids."""
    drawn = [solid.structure(roi_name, 1, PLANES_MM) for solid in solids]
    return replace(drawn[0], contours=tuple(c for one in drawn for c in one.contours))


def anatomy_of(*structures):
    site_map = SiteMap()
    names = {one: site_map.read(one.roi_name, "") for one in structures}
    return Anatomy(StructureSet(structures), names, 5.0, site_map)


def box(roi_name, solid):
    return solid.structure(roi_name, 9, PLANES_MM)


@pytest.mark.parametrize(
    "beside", [(), (box("BODY", BODY),), (box("SpinalCord", CORD),), (box("Trachea", CORD),)]
)
def test_both_lungs_in_one_roi_are_taken_and_one_alone_is_not(beside):
    both = joined("Lungs", LEFT, RIGHT)
    assert anatomy_of(both, *beside).structures_of("Lungs") == (both,)
    with pytest.raises(NotEvaluable, match='ROI "Lungs"'):
        anatomy_of(joined("Lungs", RIGHT), *beside).structures_of("Lungs")


def test_without_anything_to_tell_the_reason_says_what_to_draw():
    with pytest.raises(NotEvaluable, match=r"two parts side by side.*draw the body"):
        anatomy_of(joined("Lungs", RIGHT)).structures_of("Lungs")


def test_lungs_that_a_target_is_cut_out_of_are_judged_likewise():
    both = joined("Lungs-GTV", LEFT, RIGHT)
    anatomy_of(both).require_sides(both)
    one = joined("Lungs-GTV", LEFT)
    with pytest.raises(NotEvaluable, match="side by side"):
        anatomy_of(one).require_sides(one)


BRIDGE = Box((0.0, -50.0, 30.0), (30.0, 10.0, 40.0))
SMALL = Box((-60.0, 0.0, 40.0), (70.0, 100.0, 80.0))


@pytest.mark.parametrize(
    ("solids", "both"),
    [
        ((LEFT, RIGHT), True),
        ((LEFT, RIGHT, BRIDGE), True),  # they meet in front of the heart
        ((LEFT, SMALL), True),  # the smaller one is 23 % of both
        ((Ellipsoid((55, 0, 0), (50, 60, 90)), Ellipsoid((-55, 0, 0), (45, 60, 85))), True),
        ((LEFT,), False),
        ((Ellipsoid((55, 0, 0), (50, 60, 90)),), False),
        # A lobe and a base in front and behind, one above the other: not left and right.
        ((Box((60, 40, 0), (100, 30, 160)), Box((50, -40, 0), (80, 30, 160))), False),
        # A speck far away is no second lung.
        ((LEFT, Box((-60, 0, 0), (10, 10, 10))), False),
    ],
)
def test_two_wide_sections_with_a_narrow_one_between_are_two_sides(solids, both):
    assert lies_side_by_side(joined("Lungs", *solids)) is both


def test_where_a_template_left_the_name_empty_the_sides_stand_for_it():
    left, right = box("Lung_L", LEFT), box("Lung_R", RIGHT)
    for name in ("Lungs", "Lung Total"):
        there = anatomy_of(Structure(7, name), left, right)
        assert there.structures_of("Lungs") == (left, right)
        assert there.structures_of(name) == (left, right)
        assert there.meant_by(name).shape.leaves == (left, right)
    (note,) = anatomy_of(Structure(7, "Lungs"), left, right).meant_by("Lungs").notes
    assert "is empty" in note


@pytest.mark.parametrize("name", ["Lungs", "Lung_L", "Heart", "GTV"])
def test_what_is_empty_and_drawn_nowhere_else_is_missing(name):
    there = anatomy_of(Structure(7, name), box("Liver", LEFT))
    for asked in (there.structures_of, there.meant_by):
        with pytest.raises(NotEvaluable):
            asked(name)


def test_one_side_and_an_empty_roi_of_both_is_one_side():
    there = anatomy_of(Structure(7, "Lungs"), box("Lung_L", LEFT))
    with pytest.raises(NotEvaluable, match="only one side"):
        there.structures_of("Lungs")


def moved(solid, by_mm):
    """The solid, so far to the patient's left."""
    (x, y, z), size = solid.centre_mm, solid.sizes_mm
    return Box((x + by_mm, y, z), size)


def lungs(left, right, *beside):
    return anatomy_of(box("Lung_L", left), box("Lung_R", right), *beside)


@pytest.mark.parametrize("by_mm", [0.0, 5.0, -5.0, 70.0])
def test_one_lung_drawn_for_both_sides_is_not_both(by_mm):
    for anatomy in (lungs(LEFT, moved(LEFT, by_mm)), lungs(moved(RIGHT, by_mm), RIGHT)):
        with pytest.raises(NotEvaluable, match=r'"Lung_L" and "Lung_R" are largely one volume'):
            anatomy.structures_of("Lungs")


def test_a_lobe_that_is_drawn_for_the_other_lung_is_not_it():
    lobe = Box((60.0, 0, 50.0), (100, 120, 60))
    with pytest.raises(NotEvaluable, match="100 % of the smaller one"):
        lungs(LEFT, lobe).structures_of("Lungs")


def test_both_lungs_in_one_roi_are_not_taken_where_its_sides_are_one():
    whole = joined("Lungs", LEFT)
    anatomy = anatomy_of(whole, box("Lung_L", LEFT), box("Lung_R", LEFT))
    with pytest.raises(NotEvaluable, match="largely one volume"):
        anatomy.structures_of("Lungs")


def test_lungs_that_meet_are_two():
    wide = Box((-52.5, 0, 0), (120, 120, 160))
    assert len(lungs(LEFT, wide).structures_of("Lungs")) == 2
    # A collapsed lung, of whose 10 mm the other one's outline holds 2.
    collapsed = Box((5.0, 0, 0), (10, 120, 160))
    across = Box((-48.0, 0, 0), (100, 120, 160))
    assert len(lungs(collapsed, across, box("BODY", BODY)).structures_of("Lungs")) == 2


UPPER, LOWER = Box((60.0, 0, 40.0), (100, 120, 80)), Box((60.0, 0, -45.0), (100, 120, 70))


@pytest.mark.parametrize("beside", [box("BODY", BODY), box("SpinalCord", CORD)])
def test_two_parts_of_one_lung_are_not_both_lungs(beside):
    with pytest.raises(NotEvaluable, match="both lie in the left half of the body"):
        lungs(UPPER, LOWER, beside).structures_of("Lungs")
    # Two middles that contradict each other tell nothing.
    other = box("Trachea" if beside.roi_name == "BODY" else "BODY", moved(CORD, 60.0))
    assert len(lungs(UPPER, LOWER, beside, other).structures_of("Lungs")) == 2


FRONT, BACK = Box((60.0, -35.0, 0), (100, 60, 160)), Box((60.0, 35.0, 0), (90, 60, 160))
INNER, OUTER = Box((35.0, 0, 0), (49, 120, 160)), Box((85.0, 0, 0), (50, 120, 160))


@pytest.mark.parametrize(("one", "other"), [(UPPER, LOWER), (FRONT, BACK), (OUTER, INNER)])
def test_where_nothing_tells_the_middle_two_lungs_are_side_by_side(one, other):
    with pytest.raises(NotEvaluable, match=r'"Lung_L" and "Lung_R" are not two .*draw the body'):
        lungs(one, other).structures_of("Lungs")
    assert len(lungs(LEFT, RIGHT).structures_of("Lungs")) == 2


def test_a_collapsed_lung_beside_the_other_one_is_a_second():
    collapsed = Box((50.0, 0, 0), (20, 60, 160))
    assert len(lungs(collapsed, RIGHT).structures_of("Lungs")) == 2


def test_a_mediastinum_that_moved_leaves_either_lung_in_its_half():
    collapsed = Box((110.0, 0, 0), (20, 120, 160))
    overinflated = Box((-10.0, 0, 0), (200, 120, 160))
    middles = box("BODY", BODY), box("SpinalCord", CORD), box("Trachea", moved(CORD, 40.0))
    assert len(lungs(collapsed, overinflated, *middles).structures_of("Lungs")) == 2


def test_narrow_organs_need_more_than_the_outline_of_the_body():
    left, right = Box((100.0, 0, 0), (20, 20, 30)), Box((40.0, 0, 0), (20, 20, 30))
    adrenals = box("Adrenal_L", left), box("Adrenal_R", right)
    assert len(anatomy_of(*adrenals, box("BODY", BODY)).structures_of("Adrenals")) == 2
    with pytest.raises(NotEvaluable, match="both lie in the left half"):
        anatomy_of(*adrenals, box("SpinalCord", CORD)).structures_of("Adrenals")
    same = box("Adrenal_L", left), box("Adrenal_R", moved(left, 3.0))
    with pytest.raises(NotEvaluable, match="largely one volume"):
        anatomy_of(*same).structures_of("Adrenals")


def test_sides_in_frames_that_nothing_joins_are_not_compared():
    left = replace(box("Lung_L", LEFT), frame_of_reference_uid="1.2.1")
    right = replace(box("Lung_R", LEFT), frame_of_reference_uid="1.2.2")
    assert len(anatomy_of(left, right).structures_of("Lungs")) == 2
