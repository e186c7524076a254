"""One rule for holes and overlaps: raster and overlay against shapely and closed forms."""

import numpy as np
import pytest
from shapely import unary_union
from shapely.geometry import Polygon

from oligort.geometry.components import parts
from oligort.geometry.raster import Lattice, coverage
from oligort.geometry.slabs import slabs_of
from oligort.geometry.structure import Contour, Structure

AREA_TOLERANCE = 1e-9
"""Relative. Sums of some thousand pieces of order 1 in double precision lose about 1e-13; the
crossings lose 1e-12 of the drawing's size."""


def box(left, low, right, high):
    return np.array([[left, low], [right, low], [right, high], [left, high]], dtype=float)


def ring(radius, x=0.0, count=360):
    turn = np.arange(count) * 2 * np.pi / count
    return np.stack([x + radius * np.cos(turn), radius * np.sin(turn)], axis=1)


OUTLINE = box(0, 0, 20, 20)
EIGHT = np.array([[0, 0], [10, 10], [10, 0], [0, 10.0]])


def cut_out(outer, *holes):
    return Polygon(outer).difference(unary_union([Polygon(hole) for hole in holes])).area


def joined(*loops):
    return unary_union([Polygon(loop) for loop in loops]).area


def notch(edge):
    return box(5, 8, 15, edge)


BARS = box(0, 8, 20, 12), box(8, 0, 12, 20)

CASES = {
    "notch inside": ([OUTLINE, notch(19.99)], 400 - 119.9),
    "notch at the edge": ([OUTLINE, notch(20)], 400 - 120),
    "notch by a rounding": ([OUTLINE, notch(20.01)], 400 - 120),
    "notch by half a millimetre": ([OUTLINE, notch(20.5)], 400 - 120),
    "notch far out": ([OUTLINE, notch(20.7)], 400 + 7),
    "hole first": ([notch(20.01), OUTLINE], 400 - 120),
    "bars": (BARS, 80 + 80 - 16),
    "hole in both of two outlines": (
        [box(0, 0, 20, 10), box(0, 5, 20, 15), box(9, 6, 11, 9)],
        300 - 6,
    ),
    "island that pokes out of its hole": (
        [OUTLINE, box(2, 2, 18, 18), box(6, 6, 14, 18.2)],
        400 - 256 + 8 * 12,
    ),
    "figure of eight": ([EIGHT], 50),
    "figure of eight over a bar": ([EIGHT, box(0, 4, 40, 6)], 50 + 80 - (20 - 2)),
    "copy a little aside": ([ring(20), ring(20, 0.03)], joined(ring(20), ring(20, 0.03))),
    "second drawing": ([ring(20), ring(19.8, 0.5)], joined(ring(20), ring(19.8, 0.5))),
    "thin wall": ([ring(180), ring(177)], cut_out(ring(180), ring(177))),
    "thin wall that breaks": ([ring(180), ring(177, 3.02)], cut_out(ring(180), ring(177, 3.02))),
}


def structure(loops, kind="CLOSED_PLANAR"):
    planes = [np.column_stack([loop, np.full(len(loop), z)]) for z in (0.0, 2.0) for loop in loops]
    return Structure(1, "GTV", tuple(Contour(points, kind) for points in planes))


def rastered_mm3(drawn, step_mm=0.73):
    slabs = slabs_of(drawn, 2.0).slabs
    lattice = Lattice.around(slabs, step_mm)
    pixels = [
        (slab.upper_mm - slab.lower_mm) * coverage(slab, lattice).area.sum() for slab in slabs
    ]
    return sum(pixels) * lattice.pixel_area_mm2


@pytest.mark.parametrize(("loops", "area_mm2"), CASES.values(), ids=CASES)
def test_raster_and_parts_agree_on_what_loops_enclose(loops, area_mm2):
    drawn = structure(loops)
    found = parts(drawn, 2.0)
    assert rastered_mm3(drawn) == pytest.approx(4 * area_mm2, rel=AREA_TOLERANCE)
    assert sum(part.volume_cc for part in found) * 1000 == pytest.approx(
        4 * area_mm2, rel=AREA_TOLERANCE
    )


@pytest.mark.parametrize("loops", [BARS, [OUTLINE, notch(20.5)], [OUTLINE, notch(15)]])
def test_xor_loops_leave_out_what_two_of_them_cover(loops):
    drawn = structure(loops, "CLOSEDPLANAR_XOR")
    first, second = map(Polygon, loops)
    expected = 4 * first.symmetric_difference(second).area
    assert rastered_mm3(drawn) == pytest.approx(expected, rel=AREA_TOLERANCE)
    volumes = [part.volume_cc * 1000 for part in parts(drawn, 2.0)]
    assert sum(volumes) == pytest.approx(expected, rel=AREA_TOLERANCE)


@pytest.mark.parametrize(
    ("loops", "count"),
    [
        ([OUTLINE, notch(20.01)], 1),
        ([OUTLINE, box(2, 2, 18, 18), box(6, 6, 14, 14)], 2),
        ([OUTLINE, box(2, 2, 18, 18), box(6, 6, 14, 18.2)], 1),
        (BARS, 1),
        ([OUTLINE, box(20, 0, 40, 20)], 2),
        ([ring(20), ring(20, 0.03)], 1),
    ],
    ids=["notch", "island", "island at the rim", "bars", "side by side", "copy"],
)
def test_one_area_is_one_part(loops, count):
    assert len(parts(structure(loops), 2.0)) == count
