"""One lesion drawn whole and in pieces: the pieces may be one, as large as the whole."""

from itertools import pairwise

import numpy as np
import pytest

from oligort.geometry.structure import Contour, Structure
from oligort.lesions.census import LesionHint, census
from oligort.lesions.lesion import Count, Lesion
from oligort.lesions.vocabulary import Role

PLANES_MM = np.arange(-12.0, 13, 3.0)
LENGTH_MM, WIDTH_MM = 60.0, 24.0


def box(name: str, number: int, *spans_mm: tuple[float, float]) -> Structure:
    """Return boxes of 24 mm along the x axis, in 9 planes of 3 mm."""
    half = WIDTH_MM / 2
    loops = [
        np.array([[low, -half, z], [high, -half, z], [high, half, z], [low, half, z]])
        for low, high in spans_mm
        for z in PLANES_MM
    ]
    return Structure(number, name, tuple(map(Contour, loops)), "GTV")


def sizes_mm(lesion: Lesion) -> tuple[float, float]:
    return lesion.longest_axial_mm.low, lesion.longest_axial_mm.high


@pytest.mark.parametrize("gap_mm", [0.2, 0.6, 1.0, 1.4])
@pytest.mark.parametrize(
    "names",
    [
        ("GTVm02_Liver", "GTVm02a_Liver", "GTVm02b_Liver"),
        ("GTVm1_Liver", "GTVm2_Liver", "GTVm3_Liver"),
        ("GTV_Liver_total", "GTVm1_Liver", "GTVm2_Liver"),
    ],
)
def test_a_lesion_that_a_crop_parts_is_one_to_two_of_any_size_between(names, gap_mm):
    """Two of 38 mm were counted and judged where one of 65 mm is drawn as well."""
    whole = box(names[0], 1, (-30, 30))
    halves = [box(names[1], 2, (-30, -gap_mm / 2)), box(names[2], 3, (gap_mm / 2, 30))]
    found = census([whole, *halves])
    assert found.count == Count(1, 2)
    assert {one.group for one in found} == {1}
    diagonal, half = np.hypot(LENGTH_MM, WIDTH_MM), np.hypot((LENGTH_MM - gap_mm) / 2, WIDTH_MM)
    for lesion in found:
        assert sizes_mm(lesion) == pytest.approx((half, diagonal), abs=1e-9)


def test_a_part_in_four_pieces_is_one_to_four_and_what_lies_apart_is_itself():
    edges = np.linspace(-30, 30, 5)
    pieces = [
        box(f"GTVm{n}", n, (low + 0.3, high - 0.3))
        for n, (low, high) in enumerate(pairwise(edges), 1)
    ]
    union = box("GTV_ALL", 9, (-30, 30), (80, 100))
    found = census([*pieces, box("GTVm5", 5, (80, 100)), union])
    assert found.count == Count(2, 5)
    (apart,) = [one for one in found if one.label == "GTVm5"]
    assert (apart.counted, apart.group) == (Count(1, 1), 0)
    assert sizes_mm(apart) == pytest.approx((np.hypot(20, 24),) * 2)


def test_pieces_that_lie_apart_in_their_union_leave_no_doubt():
    pieces = [box("GTVm1", 1, (-30, -1)), box("GTVm2", 2, (1, 30))]
    found = census([*pieces, box("GTV_ALL", 3, (-30, -1), (1, 30))])
    assert (found.count, {one.group for one in found}) == (Count(2, 2), {0})


def test_the_primary_and_a_metastasis_in_one_outline_are_told_apart_by_their_names():
    pieces = [box("GTVp", 1, (-30, -0.5)), box("GTVm1", 2, (0.5, 30))]
    found = census([*pieces, box("GTV_ALL", 3, (-30, 30))])
    assert found.count == Count(1, 1)
    assert all("outline" not in one.longest_axial_mm.intervals for one in found)


def test_a_register_that_names_all_three_leaves_the_size_open():
    names = ("GTVm02", "GTVm02a", "GTVm02b")
    drawn = [
        box(names[0], 1, (-30, 30)),
        box(names[1], 2, (-30, -0.5)),
        box(names[2], 3, (0.5, 30)),
    ]
    found = census(drawn, hints={name: LesionHint(Role.GTV_METASTASIS) for name in names})
    assert found.count == Count(1, 2)
    # The limit of 50 mm lies between the half and the whole: no verdict either way.
    assert all(low < 50 < high for low, high in map(sizes_mm, found))
