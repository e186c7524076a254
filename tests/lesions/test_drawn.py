"""Which contours a lesion is made of: each part's own, with its holes, and no other."""

import numpy as np
import pytest

from oligort.geometry.structure import Contour, Structure
from oligort.lesions.census import census
from oligort.lesions.drawn import drawn_part
from oligort.phantoms import Box, HollowSphere, Sphere

PLANES_MM = np.arange(-31.5, 32, 3.0)


def joined(roi_name: str, *structures: Structure) -> Structure:
    contours = tuple(contour for one in structures for contour in one.contours)
    return Structure(4, roi_name, contours, "GTV")


def test_parts_share_out_the_contours_that_enclose_an_area():
    """A hollow ball and a ball beside it, shuffled, with a point, a line and a repeated loop."""
    hollow = HollowSphere((0.0, 0.0, 0.0), 15.0, 8.0).structure("a", 1, PLANES_MM)
    ball = Sphere((50.0, 0.0, 3.0), 9.0).structure("b", 2, PLANES_MM)
    of_hollow = {id(contour.points_mm) for contour in hollow.contours}
    whole = joined("GTVm01_Liver", hollow, ball)
    odd = (
        Contour(np.array([[0.0, 0, 1.5]]), "POINT"),
        Contour(np.array([[0.0, 0, 1.5], [5, 0, 1.5], [9, 0, 1.5]]), "CLOSED_PLANAR"),
        Contour(np.roll(ball.contours[0].points_mm, 3, axis=0)),
    )
    order = np.random.default_rng(3).permutation(len(whole.contours))
    shuffled = Structure(4, whole.roi_name, (*(whole.contours[i] for i in order), *odd))
    found = census([shuffled], usual_spacing_mm=3.0)
    assert len(found) == 2
    drawn = [drawn_part([shuffled], lesion, 3.0) for lesion in found]
    numbers = [set(one.contour_numbers) for one in drawn]
    assert numbers[0].isdisjoint(numbers[1])
    assert numbers[0] | numbers[1] == set(range(len(whole.contours)))
    for one, lesion in zip(drawn, found, strict=True):
        is_hollow = lesion.volume_cc > 5
        own = {id(whole.contours[order[number]].points_mm) for number in one.contour_numbers}
        assert own == (of_hollow if is_hollow else {id(c.points_mm) for c in ball.contours})
        (again,) = census([one.alone("GTVm01")], usual_spacing_mm=3.0)
        assert again.volume_cc == lesion.volume_cc
        assert float(again.maximum_3d_mm) == float(lesion.maximum_3d_mm)


def test_the_same_loop_in_every_plane_is_told_by_its_plane():
    boxes = [
        Box((x, 0.0, z), (10.0, 10.0, 12.0)).structure("GTV", 1, PLANES_MM)
        for x, z in ((0.0, -12.0), (0.0, 12.0))
    ]
    whole = joined("GTVm01", *boxes)
    found = census([whole], usual_spacing_mm=3.0)
    numbers = [drawn_part([whole], lesion, 3.0).contour_numbers for lesion in found]
    heights = [{float(whole.contours[n].points_mm[0, 2]) for n in own} for own in numbers]
    assert heights == [{-16.5, -13.5, -10.5, -7.5}, {7.5, 10.5, 13.5, 16.5}]


def test_a_lesion_of_other_structures_is_refused():
    one, other = (Sphere((0.0, 0.0, 0.0), 9.0).structure(n, 1, PLANES_MM) for n in ("GTV", "GTV2"))
    (lesion,) = census([one], usual_spacing_mm=3.0)
    with pytest.raises(ValueError, match="number and name, found none"):
        drawn_part([other], lesion, 3.0)


def test_of_two_rois_of_one_number_and_name_it_is_the_one_where_the_lesion_lies():
    first, second = (
        Sphere((x, 0.0, 0.0), 9.0).structure("GTVm01", 1, PLANES_MM) for x in (0.0, 60.0)
    )
    found = census([first, second], usual_spacing_mm=3.0)
    drawn = [drawn_part([first, second], lesion, 3.0).structure for lesion in found]
    assert [one is it for one, it in zip(drawn, (first, second), strict=True)] == [True, True]
