"""Gaps of single parts: found where planes of one part are left out, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from oligort.dicom.read import read
from oligort.geometry.slabs import slabs_of
from oligort.geometry.structure import Contour, Structure

AREA_TOLERANCE = 1e-9
"""Relative; sums of some hundred products in double precision."""


def box(x, z, width=20.0, depth=30.0):
    loop = [[x, 0, z], [x + width, 0, z], [x + width, depth, z], [x, depth, z]]
    return Contour(np.array(loop, dtype=float))


def roi(*contours):
    return Structure(1, "Lungs", tuple(contours))


def pillar(x, planes, **size):
    return [box(x, 3.0 * plane, **size) for plane in planes]


def told(structure):
    return [(gap.lower_plane_mm, gap.upper_plane_mm) for gap in slabs_of(structure).gaps]


def test_planes_missing_in_one_part_are_a_gap_of_that_part():
    left_out = [*range(4), *range(9, 14)]
    model = slabs_of(roi(*pillar(0, range(14)), *pillar(60, left_out)))
    (gap,) = model.gaps
    assert (gap.lower_plane_mm, gap.upper_plane_mm) == (9, 27)
    # Five planes of 600 mm2, 3 mm each.
    assert gap.missing_mm3 == pytest.approx(5 * 600 * 3, rel=AREA_TOLERANCE)
    assert model.notes == ("no contour between 9 and 27 mm in one part: not filled",)


def test_the_missing_volume_is_of_the_mean_area_without_holes():
    upper = [box(55, 15, 30, 40), box(60, 15, 10, 10)]
    drawn = [*pillar(0, range(6)), *pillar(60, range(2)), *upper]
    (gap,) = slabs_of(roi(*drawn)).gaps
    assert gap.missing_mm3 == pytest.approx((600 + 1100) / 2 * 9, rel=AREA_TOLERANCE)


def test_parts_with_the_same_missing_planes_are_one_gap():
    legs = [leg for x in (60, 120) for leg in pillar(x, [0, 1, 5, 6])]
    (gap,) = slabs_of(roi(*pillar(0, range(7)), *legs)).gaps
    assert gap.missing_mm3 == pytest.approx(2 * 600 * 9, rel=AREA_TOLERANCE)


def test_a_part_on_every_second_plane_is_interrupted_each_time():
    structure = roi(*pillar(0, range(7)), *pillar(60, range(0, 7, 2)))
    assert told(structure) == [(0, 6), (6, 12), (12, 18)]


def test_a_gap_of_the_whole_structure_is_told_once_with_its_volume():
    (gap,) = slabs_of(roi(*pillar(0, [0, 1, 2, 5, 6]), *pillar(60, [0, 1, 2, 5, 6]))).gaps
    assert (gap.lower_plane_mm, gap.upper_plane_mm) == (6, 15)
    assert gap.missing_mm3 == pytest.approx(2 * 600 * 6, rel=AREA_TOLERANCE)


def test_a_gap_of_a_part_around_one_of_the_whole_leaves_the_other_volume_out():
    model = slabs_of(roi(*pillar(0, [0, 1, 2, 3, 6, 7, 8, 9]), *pillar(60, [0, 1, 8, 9])))
    volumes = {(g.lower_plane_mm, g.upper_plane_mm): g.missing_mm3 for g in model.gaps}
    # The part lacks planes 2, 3, 6 and 7 beside the two that the whole lacks.
    assert volumes == pytest.approx({(9, 18): 600 * 6, (3, 24): 4 * 600 * 3}, rel=AREA_TOLERANCE)


@pytest.mark.parametrize("above", [True, False])
def test_one_outline_around_both_parts_does_not_hide_a_gap_at_its_rim(above):
    """Where lungs touch, one loop holds both and goes on in the one that is drawn."""
    joined = pillar(0, [0, 1, 2], width=80)
    apart = [*pillar(0, range(3, 12)), *pillar(60, range(7, 12))]
    flipped = [Contour(contour.points_mm * (1, 1, -1)) for contour in [*joined, *apart]]
    expected = [(-21.0, -6.0)] if above else [(6.0, 21.0)]
    assert told(roi(*(flipped if above else [*joined, *apart]))) == expected


@pytest.mark.parametrize(
    "contours",
    [
        [*pillar(0, range(5)), *pillar(0, range(5, 9), width=6), *pillar(14, range(5, 9), width=6)],
        [*pillar(0, range(9)), *pillar(60, range(4))],
        [*pillar(0, range(9)), *pillar(60, range(3, 9))],
        [*pillar(0, range(9)), *pillar(60, range(3)), *pillar(90, range(5, 9))],
        [*pillar(0, range(9)), *pillar(60, [0, 1, 5, 6], width=4, depth=4.9)],
        [*pillar(0, range(9), width=80), *pillar(30, [1, 2, 5, 6], width=10, depth=10)],
    ],
    ids=["fork", "end", "begin", "elsewhere", "specks", "holes"],
)
def test_what_is_whole_has_no_gap(contours):
    assert told(roi(*contours)) == []


def test_bars_that_cross_follow_each_other():
    """No vertex of either lies in the other: only the exact overlap tells."""
    flat = [box(60, 6.0 * p, 50, 4).points_mm for p in range(3)]
    tall = [box(83, 6.0 * p + 3, 4, 50).points_mm - (0, 20, 0) for p in range(3)]
    assert told(roi(*pillar(0, range(6)), *map(Contour, [*flat, *tall]))) == []
    aside = [loop - (0, 40, 0) for loop in tall]
    crossing = [(0, 6), (3, 9), (6, 12), (9, 15)]
    assert told(roi(*pillar(0, range(6)), *map(Contour, [*flat, *aside]))) == crossing


def real_lungs(test_data):
    (structure_set,) = read(next((test_data / "lung_sbrt").glob("RS*.dcm"))).structure_sets
    return structure_set


def test_no_organ_of_a_real_thorax_has_a_gap(test_data):
    """The lungs are drawn with some 240 islands; PTV_LN and its like are in two pieces."""
    organs = [s for s in real_lungs(test_data) if s.areas and not s.roi_name.startswith("PTV")]
    assert {s.roi_name: told(s) for s in organs if told(s)} == {}


@pytest.mark.parametrize(("lower", "upper"), [(20, 31), (12, 50), (30, 34)])
@pytest.mark.parametrize("side", [-1, 1])
def test_planes_taken_from_one_real_lung_are_told(test_data, lower, upper, side):
    (lungs,) = real_lungs(test_data).named("LUNGS-ITV's")
    planes = [slab.position_mm for slab in slabs_of(lungs).slabs]
    middle = np.mean([c.points_mm[:, 0].mean() for c in lungs.areas if len(c.points_mm) > 100])
    kept = [
        contour
        for contour in lungs.areas
        if not planes[lower] < contour.points_mm[0, 2] < planes[upper]
        or (contour.points_mm[:, 0].mean() - middle) * side < 0
    ]
    assert (planes[lower], planes[upper]) in told(replace(lungs, contours=tuple(kept)))


def test_no_structure_of_a_real_breast_has_a_gap(test_data):
    (structure_set,) = read(test_data / "breast_boost" / "rtss.dcm").structure_sets
    assert {s.roi_name: told(s) for s in structure_set if s.areas and told(s)} == {}
