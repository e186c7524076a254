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
