"""Small lesions that touch large ones are found, and what is convex or bent has no lobes.

`tests/benchmarks/grown_together_table.py` tells the rates over many more.
"""

import numpy as np
import pytest
import shapely
from grown_together import SINGLE, Pair, cluster, pair
from scipy.spatial.transform import Rotation

from oligort.geometry.components import parts
from oligort.geometry.structure import Contour, Structure
from oligort.lesions.bulges import bulges_of
from oligort.lesions.census import census
from oligort.lesions.lesion import Count
from oligort.lesions.lobes import Lobes, lobes_of
from oligort.lesions.repetition import CensusThresholds

NECK = CensusThresholds().neck_fraction

WAYS = {
    "along x": (1, 0, 0),
    "askew in the plane": (-3, 5, 0),
    "oblique": (2, 1, 2),
    "up": (0, 0, 1),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("radii_mm", "spacing_mm"),
    [
        ((10, 3), 1.0),
        ((10, 3), 3.0),
        ((50, 10), 3.0),
        ((50, 10), 5.0),
        ((30, 4), 1.0),
        ((30, 4), 3.0),
    ],
)
def test_a_small_lesion_at_the_side_of_a_large_one_is_perhaps_a_second(radii_mm, spacing_mm, way):
    unit = np.array(WAYS[way]) / np.linalg.norm(WAYS[way])
    found = census([Pair(radii_mm, unit, 0.05, spacing_mm, 0.5).structure()])
    if len(found) == 1:
        assert found.count == Count(1, 2)
        assert "it may be as many lesions" in found.lesions[0].doubt
    else:  # drawn apart in every plane: counted as parts that touch or lie apart
        assert (len(found), found.count.most) == (2, 2)


@pytest.mark.parametrize("seed", range(6))
def test_any_pair_is_two_at_most(seed):
    chance = np.random.default_rng([seed, 77])
    made = pair(chance, float(chance.choice([1.0, 3.0, 5.0])))
    found = parts(made.structure(), made.spacing_mm)
    assert sum(bulges_of(part, NECK).most for part in found) == 2, made


@pytest.mark.parametrize("seed", range(4))
def test_several_around_one_are_all_told(seed):
    count, structure = cluster(np.random.default_rng([seed, 3]), 3.0)
    assert sum(bulges_of(part, NECK).most for part in parts(structure, 3.0)) >= count


@pytest.mark.parametrize("name", sorted(SINGLE))
def test_what_is_convex_or_bent_has_no_lobes(name, monkeypatch):
    """Only lobes are asked for: bulges doubt a few flat solids of two or three planes besides."""
    told: list[Lobes] = []

    def listening(*args):
        told.append(lobes_of(*args))
        return told[-1]

    monkeypatch.setattr("oligort.lesions.bulges.lobes_of", listening)
    chance = np.random.default_rng(11)
    for spacing_mm in (3.0, 5.0):
        for part in parts(SINGLE[name](chance, spacing_mm), spacing_mm):
            bulges_of(part, NECK)
    assert {one.count for one in told} == {0}


@pytest.mark.parametrize("degrees", [17.0, 90.0, 133.0])
def test_turned_in_its_planes_a_pair_is_told_the_same(degrees):
    structure = Pair((10, 3), np.array([0.6, 0.8, 0]), 0.1, 3.0, 0.4).structure()
    turn = Rotation.from_euler("z", degrees, degrees=True)
    turned = tuple(Contour(turn.apply(contour.points_mm.copy())) for contour in structure.contours)
    (one,), (other,) = parts(structure, 3.0), parts(Structure(1, "GTVm", turned), 3.0)
    before, after = bulges_of(one, NECK), bulges_of(other, NECK)
    assert (before.count, after.count) == (2, 2)
    # The part is laid along its own axis first: what is left is rounding.
    assert after.neck_fraction == pytest.approx(before.neck_fraction, abs=1e-6)


def pressed_together(radii_mm, apart_mm, way, offset_mm) -> list[np.ndarray]:
    """Return one outline around two balls in each plane of 3 mm, its points to 0.1 mm."""
    turn = np.arange(64) * 2 * np.pi / 64
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    centres = [np.zeros(3), apart_mm * np.array(way)]
    loops = []
    for z in np.arange(-30, 60, 3.0) + offset_mm:
        squared = [r**2 - (z - c[2]) ** 2 for r, c in zip(radii_mm, centres, strict=True)]
        discs = [
            shapely.Polygon(centre[:2] + np.sqrt(it) * circle)
            for it, centre in zip(squared, centres, strict=True)
            if it > 0.2
        ]
        for piece in shapely.get_parts(shapely.unary_union(discs)) if discs else []:
            flat = np.round(np.array(piece.exterior.coords)[:-1], 1)
            loops.append(np.column_stack([flat, np.full(len(flat), z)]))
    return loops


@pytest.mark.parametrize(
    ("radii_mm", "apart_mm", "way"),
    [((12.2, 8.6), 13.2, (0.755, 0, 0.656)), ((12.6, 6.6), 14.3, (0.326, 0, 0.946))],
)
def test_neither_where_the_patient_lies_nor_where_loops_begin_decides(radii_mm, apart_mm, way):
    """Points on a grid are often equally far apart: which is the longest way is rounding's."""
    loops = pressed_together(radii_mm, apart_mm, way, 0.5)
    seen = set()
    for degrees in (0, 15, 45, 90, 135, 180, 270):
        turn = Rotation.from_euler("z", degrees, degrees=True)
        shift = np.array([degrees / 7, -degrees / 3, 0])
        moved = [Contour(np.roll(turn.apply(loop) + shift, degrees, axis=0)) for loop in loops]
        (part,) = parts(Structure(1, "GTVm", tuple(moved)), 3.0)
        found = bulges_of(part, NECK)
        seen.add((found.most, round(found.neck_fraction, 6)))
    assert len(seen) == 1
    assert seen.pop()[0] == 2


@pytest.mark.parametrize("width_mm", [0.05, 0.3])
@pytest.mark.parametrize("planes_mm", [(0.0, 3.0, 6.0), (0.0, 0.1)])
def test_a_sliver_that_fills_half_of_no_cell_is_one_part(width_mm, planes_mm):
    """Booleans of planning systems leave them beside lesions; one stopped the census."""
    sliver = Rotation.from_euler("z", 17, degrees=True).apply(
        np.array([[-30, 0, 0], [30, 0, 0], [30, width_mm, 0], [-30, width_mm, 0]])
    )
    drawn = Structure(1, "GTVm1", tuple(Contour(sliver + np.array([0, 0, z])) for z in planes_mm))
    (part,) = parts(drawn)
    assert bulges_of(part, NECK).most == 1
    assert census([drawn]).count.most == 1
