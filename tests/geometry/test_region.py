"""Regions: layers of structures and expressions, by boxes whose volumes are known."""

from itertools import pairwise

import numpy as np
import pytest

from oligort.conventions import Conventions
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape, parse, resolve
from oligort.geometry.raster import Lattice
from oligort.geometry.region import Region
from oligort.geometry.structure import Contour, Structure
from oligort.phantoms import Box, Sphere

VOLUME_TOLERANCE = 1e-9
"""Relative: sums of some thousand coverages that are exact to rounding."""


def box(name, centre, sizes, planes=None):
    low, high = centre[2] - sizes[2] / 2, centre[2] + sizes[2] / 2
    planes = np.arange(low + 0.5, high, 1.0) if planes is None else planes
    return Box(centre, sizes).structure(name, 1, planes)


OUTER = box("A", (0, 0, 0), (20, 20, 20))
INNER = box("B", (2, -3, 1), (10, 8, 10))
BESIDE = box("C", (40, 0, 0), (10, 10, 10))
HALF = box("H", (5, 0, 2), (10, 20, 20))
STRUCTURES = {"A": OUTER, "B": INNER, "C": BESIDE, "H": HALF}


def region(text, **conventions):
    shape = resolve(parse(text), lambda name: (STRUCTURES[name],))
    return Region(shape, None, Conventions(**conventions))


def volume_mm3(made, step_mm=1.0):
    return made.volume_mm3(step_mm)


def layers_of(made, together):
    """The layers that cover anything: lower and upper border of each."""
    lattice = Lattice.around(made.slabs, 1.0)
    return [
        (lower, upper)
        for layers in made.layers(lattice, 1.0, together)
        for lower, upper, area in zip(
            layers.lower_mm, layers.upper_mm, layers.coverage.area, strict=True
        )
        if area.any()
    ]


@pytest.mark.parametrize(
    ("text", "expected_mm3"),
    [
        ("A", 8000),
        ("A-B", 7200),
        ("A&B", 800),
        ("A|B", 8000),
        ("B-A", 0),
        ("A&C", 0),
        ("A|C", 9000),
        ("A-C", 8000),
        ("(A|C)-B", 8200),
        ("A-A", 0),
        ("A&A", 8000),
        ("A|A", 8000),
        ("A&H", 10 * 20 * 18),
        ("A|H", 8000 + 4000 - 3600),
        ("A-H", 8000 - 3600),
        ("H-A", 400),
        ("(A-B)|(A&B)", 8000),
    ],
)
def test_volumes_of_boxes(text, expected_mm3):
    """All sides fall on borders of the lattice's pixels, or one box lies inside the other."""
    assert volume_mm3(region(text)) == pytest.approx(expected_mm3, rel=VOLUME_TOLERANCE, abs=1e-6)


def test_an_operand_that_stands_for_several_structures_is_their_union():
    made = Region(Shape((OUTER, INNER, BESIDE)))
    assert volume_mm3(made) == pytest.approx(9000, rel=VOLUME_TOLERANCE)
    assert not made.is_one_structure


def test_structures_with_other_planes_are_cut_at_every_border():
    """Planes 1 mm apart less planes 3 mm apart whose slabs end between the first ones' borders."""
    thick = box("T", (0, 0, 0), (10, 10, 9), planes=[-2.7, 0.3, 3.3])
    made = Region(
        Shape(operator="-", left=Shape((OUTER,)), right=Shape((thick,))),
    )
    assert volume_mm3(made) == pytest.approx(8000 - 900, rel=VOLUME_TOLERANCE)
    for together in (1, 2000, 100_000):
        layers = layers_of(made, together)
        assert all(below[1] == above[0] for below, above in pairwise(layers))
        assert sum(upper - lower for lower, upper in layers) == pytest.approx(20)


def test_a_sphere_less_a_sphere_across_pixels_is_off_by_less_than_its_rim():
    """Where both borders cross one pixel the smaller coverage stands for the intersection."""
    planes = np.arange(-20, 21, 1.0)
    one, other = (Sphere((x, 0, 0), 10).structure("S", 1, planes, 400) for x in (-5.0, 5.0))
    lens_mm3 = np.pi * (4 * 10 + 10) * (2 * 10 - 10) ** 2 / 12
    made = Region(Shape(operator="&", left=Shape((one,)), right=Shape((other,))))
    # Slabs: 0.1 % at 1 mm planes. Rim: the borders cross in at most 4 pixels of 20 planes.
    assert volume_mm3(made, 0.25) == pytest.approx(lens_mm3, rel=0.005)


def test_a_gap_yields_no_layer():
    gappy = box("G", (0, 0, 0), (10, 10, 30), planes=[-6, -3, 0, 12])
    made = Region(Shape((gappy,)))
    assert layers_of(made, 500) == [(-7.5, -4.5), (-4.5, -1.5), (-1.5, 1.5), (10.5, 13.5)]
    assert made.notes == ('ROI "G": no contour between 0 and 12 mm: not filled',)


def test_end_caps_are_those_asked_for():
    assert volume_mm3(region("A", end_caps="none")) == pytest.approx(7600, rel=VOLUME_TOLERANCE)


def test_the_drawn_volume_of_nested_loops_leaves_the_hole_out():
    loops = [np.array([[-s, -s], [s, -s], [s, s], [-s, s]]) for s in (10.0, 5.0)]
    contours = tuple(
        Contour(np.column_stack([loop, np.full(4, z)])) for z in (0.0, 2.0) for loop in loops
    )
    made = Region(Shape((Structure(1, "ring", contours),)))
    assert made.drawn_volume_mm3 == pytest.approx(4 * 300)


def test_the_outline_lies_on_both_faces_of_every_slab():
    points = region("A").outline_points_mm()
    assert points.shape == (20 * 4 * 2, 3)
    assert np.unique(points[:, 2]).tolist() == list(range(-10, 11))


def test_planes_of_another_orientation_cannot_be_combined():
    upright = Structure(
        1, "coronal", tuple(Contour(c.points_mm[:, [0, 2, 1]]) for c in OUTER.contours)
    )
    with pytest.raises(NotEvaluable, match='"coronal" is drawn in planes of another orientation'):
        Region(Shape((OUTER, upright)))


def test_an_empty_structure_in_an_expression_is_refused():
    """A lung without contours is missing; nothing is subtracted from it."""
    empty = Structure(2, "Lung_R")
    with pytest.raises(NotEvaluable, match='"Lung_R" has no contour'):
        Region(Shape((OUTER, empty)))


def test_crossing_loops_are_told() -> None:
    def square(u_mm: float) -> list[Contour]:
        corners = [(u_mm, 0.0), (u_mm + 10.0, 0.0), (u_mm + 10.0, 10.0), (u_mm, 10.0)]
        return [Contour(np.array([(u, v, z) for u, v in corners])) for z in (0.0, 3.0, 6.0)]

    apart = Region(Shape((Structure(1, "apart", tuple(square(0.0) + square(20.0))),)))
    across = Region(Shape((Structure(2, "across", tuple(square(0.0) + square(5.0))),)))
    for region in (apart, across):
        region.volume_mm3(0.7)
    assert apart.notes == ()
    # Three slabs of 3 mm of 5 x 10 mm.
    assert across.notes[0].endswith(
        "loops cross in 3 planes (0 mm and others): what they share, 0.45 cc, counts as inside"
    )


@pytest.mark.parametrize("together", [1, 700, 100_000])
def test_an_expression_of_interpolated_shapes_ends_where_each_of_them_does(together):
    """Layers beyond the one structure's tip are layers of the other; a few at a time or all."""
    planes = np.arange(-11, 12, 2.0)
    ball = Sphere((0, 0, 0), 7).structure("S", 1, planes[(planes > -7) & (planes < 7)], 200)
    shape = Shape(operator="-", left=Shape((OUTER,)), right=Shape((ball,)))
    made = Region(shape, 2.0, Conventions(between_planes="interpolated"))
    lattice = Lattice.around(made.slabs, 0.5)
    found = sum(
        float((some.upper_mm - some.lower_mm) @ some.coverage.area.sum(axis=(1, 2)))
        for some in made.layers(lattice, 0.5, together)
    )
    # Of the ball of 1437 mm3, the interpolated shape of 7 planes is right to half a percent.
    left = 8000 - 4 / 3 * np.pi * 7**3
    assert found * lattice.pixel_area_mm2 == pytest.approx(left, abs=8)


def test_what_shares_a_pixel_and_no_area_has_nothing_in_common():
    """Both cover half of the pixels between them, the same share and not the same half."""
    left, right = box("L", (-5, 0, 0), (11, 10, 10)), box("R", (5.5, 0, 0), (10, 10, 10))
    made = {
        text: Region(resolve(parse(text), lambda name: ({"L": left, "R": right}[name],)), None)
        for text in ("L&R", "L|R", "L-R")
    }
    lattice_mm = 1.0
    assert made["L&R"].volume_mm3(lattice_mm) == pytest.approx(0, abs=1e-6)
    assert made["L|R"].volume_mm3(lattice_mm) == pytest.approx(2100, rel=VOLUME_TOLERANCE)
    assert made["L-R"].volume_mm3(lattice_mm) == pytest.approx(1100, rel=VOLUME_TOLERANCE)


def test_a_structure_and_its_copy_share_all_of_it():
    round_one = Sphere((0.3, 0.2, 0.1), 12.0).structure("S", 1, np.arange(-10.0, 11.0, 2.0))
    copy = Sphere((0.3, 0.2, 0.1), 12.0).structure("T", 2, np.arange(-10.0, 11.0, 2.0))
    whole = Region(Shape((round_one,)), None).volume_mm3(1.0)
    for operator, expected in (("&", whole), ("|", whole), ("-", 0.0)):
        both = Region(Shape((), operator, Shape((round_one,)), Shape((copy,))), None)
        assert both.volume_mm3(1.0) == pytest.approx(expected, rel=VOLUME_TOLERANCE, abs=1e-6)


@pytest.mark.parametrize(
    ("between", "text", "same"),
    [
        ("slab", "(A-B)|B", "A|B"),
        ("slab", "(A-B)|(A&B)", "A"),
        ("slab", "(A&B)|(B-A)|(A-B)", "A|B"),
        ("slab", "(A|B|C)-(A-B)-C", "B-C"),
        ("slab", "((A-B)|C)-(C-A)", "A-(B-C)"),
        # Of the same structures alone: the layers of interpolated ones are cut where others end.
        ("interpolated", "(A-B)|B", "A|B"),
        ("interpolated", "(A&B)|(B-A)|(A-B)", "A|B"),
    ],
)
def test_a_structure_may_occur_twice(between, text, same):
    """Half a pixel of A outside B and the half inside it are a whole one, not one half.

    In pixels of another size than any edge falls on, so that every border cuts some of them.
    """
    balls = {
        name: Sphere(centre, radius).structure(name, 1, np.arange(-9, 10, 2.0))
        for name, centre, radius in (("A", (0, 0, 0), 10), ("B", (7, 1, 0), 9), ("C", (3, 8, 0), 8))
    }
    found, expected = (
        Region(
            resolve(parse(one), lambda name: (balls[name],)),
            2.0,
            Conventions(between_planes=between),
        ).volume_mm3(2.3)
        for one in (text, same)
    )
    assert found == pytest.approx(expected, rel=VOLUME_TOLERANCE)
    assert expected > 0


def test_two_that_have_nothing_in_common_stay_so():
    assert volume_mm3(region("(A-B)&B"), 0.7) == pytest.approx(0, abs=VOLUME_TOLERANCE)


def parts_of(*boxes, **conventions):
    """The volumes of the parts of a union of cubes of 20 mm at these centres."""
    drawn = tuple(box(f"GTV{n}", centre, (20, 20, 20)) for n, centre in enumerate(boxes))
    made = Region(Shape(drawn), None, Conventions(**conventions))
    return [round(volume_mm3(part)) for part in made.parts]


def test_what_lies_apart_is_cut_by_itself():
    here, there, beyond = (0, 0, 0), (60, 0, 0), (0, 0, 90)
    assert parts_of(here, there, beyond) == [8000, 8000, 8000]
    # The first meets the third across the second, which stands last.
    assert parts_of(here, (30, 0, 0), there, (15, 0, 0)) == [20000, 8000]
    # One structure, one chain of boxes, and a shape that bulges between its planes are whole.
    assert len(parts_of(here)) == len(parts_of(here, (20, 0, 0))) == 1
    assert len(parts_of(here, there, between_planes="interpolated")) == 1
    assert len(region("A-B").parts) == 1
