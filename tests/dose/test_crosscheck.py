"""The second engine on what both can do, in every orientation, and what it is not asked."""

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pydicom.dicomio
import pytest

from oligort.crosscheck import require_installed, second_dvh, second_dvh_of_shape
from oligort.dose.composite import CompositeDose
from oligort.dose.grid import DoseGrid
from oligort.errors import MissingExtraError, NotEvaluable
from oligort.geometry.algebra import Shape, parse, resolve
from oligort.geometry.grid import Grid
from oligort.geometry.structure import Contour, Structure
from oligort.phantoms import Box, Sphere

RADIUS_MM = 40.0
SPHERE = Sphere((3.1, -7.3, 11.2), RADIUS_MM)
VOLUME_CC = 4 / 3 * np.pi * RADIUS_MM**3 / 1000
GRADIENT_GY_MM = 0.25
STEP_MM = 3.0

AXES = {
    "head first supine": ((1, 0, 0), (0, 1, 0)),
    "head first prone": ((-1, 0, 0), (0, -1, 0)),
    "feet first supine": ((-1, 0, 0), (0, 1, 0)),
    "feet first prone": ((1, 0, 0), (0, -1, 0)),
    "decubitus left": ((0, 1, 0), (-1, 0, 0)),
    "decubitus right": ((0, -1, 0), (1, 0, 0)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
}


def sphere(step_mm: float = STEP_MM, lowest_mm: float = -60.0) -> Structure:
    return SPHERE.structure("Sphere", 7, np.arange(lowest_mm, 60, step_mm))


def dose_along_x(axes: str = "head first supine", half_mm: float = 66.0) -> DoseGrid:
    """20 Gy at the middle of the sphere, rising along x, on voxels of 3 mm."""
    i, j = (np.array(axis, float) for axis in AXES[axes])
    count = int(2 * half_mm / STEP_MM) + 1
    corner = -half_mm * (i + j + np.cross(i, j))
    positions = STEP_MM * np.arange(count)
    grid = Grid(corner, i, j, STEP_MM, STEP_MM, count, count, positions)
    indices = np.indices(grid.shape).reshape(3, -1).T.astype(float)
    x_mm = grid.to_patient(indices)[:, 0].reshape(grid.shape)
    return DoseGrid(grid, np.maximum(20 + GRADIENT_GY_MM * (x_mm - SPHERE.centre_mm[0]), 0))


def test_a_sphere_beside_its_closed_form():
    found = second_dvh(sphere(), dose_along_x())
    assert found.volume_cc == pytest.approx(VOLUME_CC, rel=found.rim_percent / 100)
    assert found.rim_percent < 2
    for dose_gy in (12.0, 16.0, 20.0, 24.0, 28.0):
        u = (dose_gy - 20) / (GRADIENT_GY_MM * RADIUS_MM)
        truth = 100 * (2 - 3 * u + u**3) / 4
        assert found.percent_at(dose_gy) == pytest.approx(truth, abs=found.points_at(dose_gy))
        # A layer of 3 mm at its widest is 5.6 points, and falls to one side; twice the rim is 2.8.
        assert found.points_at(dose_gy) < 8.6
    # The mean is that of the voxel centres in it: half a voxel more to one side moves it most.
    assert found.mean_gy == pytest.approx(20, abs=GRADIENT_GY_MM * STEP_MM / 2)
    assert found.percent_at(99.0) == 0


@pytest.mark.parametrize("axes", [name for name in AXES if name != "head first supine"])
def test_every_orientation_gives_the_same_numbers(axes):
    upright, turned = (
        second_dvh(sphere(), dose_along_x(one)) for one in ("head first supine", axes)
    )
    # The voxels are the same, in another order: only decimals of their positions may differ.
    assert turned.volume_cc == pytest.approx(upright.volume_cc, rel=1e-6)
    assert turned.mean_gy == pytest.approx(upright.mean_gy, rel=1e-6)


def oblique(dose: DoseGrid) -> DoseGrid:
    turned = np.array([[0.8, 0.6, 0], [-0.6, 0.8, 0]])
    return replace(dose, grid=replace(dose.grid, i_direction=turned[0], j_direction=turned[1]))


def uneven(dose: DoseGrid) -> DoseGrid:
    positions = dose.grid.frame_positions_mm.copy()
    positions[-1] += 1
    return replace(dose, grid=replace(dose.grid, frame_positions_mm=positions))


def on_two_grids() -> CompositeDose:
    return CompositeDose((dose_along_x(), uneven(dose_along_x())))


def test_doses_that_are_added_voxel_by_voxel_are_one_dose():
    """Two courses on one grid are no sum on several: the second engine is asked."""
    one = dose_along_x()
    both = CompositeDose((one, replace(one, dose_gy=one.dose_gy * 0.5)))
    theirs = second_dvh(sphere(), both)
    alone = second_dvh(sphere(), replace(one, dose_gy=one.dose_gy * 1.5))
    assert theirs.mean_gy == pytest.approx(alone.mean_gy, abs=0.01)
    np.testing.assert_allclose(theirs.cumulative_cc, alone.cumulative_cc, rtol=0, atol=1e-6)


REFUSED: dict[str, tuple[Callable[[], Structure], Callable[[], object], str]] = {
    "oblique grid": (sphere, lambda: oblique(dose_along_x()), "oblique"),
    "uneven frames": (sphere, lambda: uneven(dose_along_x()), "unevenly spaced planes"),
    "several grids": (sphere, on_two_grids, "no sum of doses on several grids"),
    "clipped grid": (sphere, lambda: dose_along_x(half_mm=36.0), "beyond the outermost voxels"),
    "tiny": (
        lambda: Sphere((0.0, 0.0, 0.0), 4.0).structure("Clip", 1, np.arange(-9.0, 10, 1.0)),
        dose_along_x,
        '"Clip" is too small',
    ),
    "one plane": (lambda: sphere(80.0, 11.0), dose_along_x, "fewer than two planes"),
    "uneven planes": (
        lambda: SPHERE.structure("S", 1, np.array([0.0, 3.0, 6.0, 10.0])),
        dose_along_x,
        "drawn on unevenly spaced planes",
    ),
}


def loops(*drawn: np.ndarray, planes: np.ndarray | None = None) -> Structure:
    """The same loops (N, 2) in every plane."""
    z = np.arange(-30.0, 31, STEP_MM) if planes is None else planes
    contours = [Contour(np.column_stack([p, np.full(len(p), one)])) for one in z for p in drawn]
    return Structure(1, "Drawn", tuple(contours))


def circle(x: float, y: float, radius: float, count: int = 60) -> np.ndarray:
    angle = np.arange(count) * 2 * np.pi / count
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


def square(x: float, y: float, half: float) -> np.ndarray:
    return np.array(
        [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
    )


REFUSED |= {
    # It would give each plane the smallest step: half the volume where they are 6 mm apart.
    "some steps of 3 mm among 6": (
        lambda: loops(
            circle(0, 0, 30), planes=np.concatenate([np.arange(-30, 0, 6.0), np.arange(0, 10, 3.0)])
        ),
        dose_along_x,
        "unevenly spaced planes",
    ),
    "one plane between others": (
        lambda: loops(circle(0, 0, 30), planes=np.sort(np.append(np.arange(-30, 31, 6.0), 3.0))),
        dose_along_x,
        "unevenly spaced planes",
    ),
    "crossing loops": (
        lambda: loops(circle(-10, 0, 20), circle(10, 0, 20)),
        dose_along_x,
        "cross or repeat",
    ),
    "repeated loops": (
        lambda: loops(circle(0, 0, 30), circle(0, 0, 30)),
        dose_along_x,
        "cross or repeat",
    ),
}


def test_holes_and_islands_are_no_crossing():
    drawn = loops(circle(0, 0, 40), circle(0, 0, 25), circle(0, 0, 15))
    found = second_dvh(drawn, dose_along_x())
    # 21 planes of 3 mm; a polygon of 60 points has 0.9982 of its circle's area.
    truth = np.pi * (40**2 - 25**2 + 15**2) * 0.9982 * 63 / 1000
    assert found.volume_cc == pytest.approx(truth, rel=found.rim_percent / 100)


@pytest.mark.parametrize(
    "outline", [circle(0, 0, 30), square(0, 0, 30), square(1.5, 0.3, 31.5), square(0.7, -0.7, 28.6)]
)
def test_a_rim_that_is_counted_in_or_out_together(outline):
    # A voxel of 3 mm along each of four sides of 60 mm, half of it to either side, is 10 %.
    found = second_dvh(loops(outline), dose_along_x())
    x, y = outline.T
    truth = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2 * 63 / 1000
    assert found.volume_cc == pytest.approx(truth, rel=found.rim_percent / 100)
    assert found.rim_percent < 15


@pytest.mark.parametrize("dose_gy", [19.99, 20.0, 20.01])
def test_a_dose_at_which_the_curve_falls_at_once_is_left_open(dose_gy):
    flat = dose_along_x()
    uniform = replace(flat, dose_gy=np.full(flat.grid.shape, 20.0))
    found = second_dvh(sphere(), uniform)
    truth = 100.0 if dose_gy <= 20 else 0.0
    assert found.percent_at(dose_gy) == pytest.approx(truth, abs=found.points_at(dose_gy))
    # Two bins away it is no question.
    assert found.points_at(19.97) == found.points_at(20.03) == pytest.approx(2 * found.rim_percent)


@pytest.mark.parametrize(("structure", "dose", "reason"), REFUSED.values(), ids=REFUSED)
def test_where_it_is_wrong_it_is_not_asked(structure, dose, reason):
    with pytest.raises(NotEvaluable, match=reason):
        second_dvh(structure(), dose())


def test_planes_that_are_not_axial():
    drawn = sphere()
    turned = replace(
        drawn,
        contours=tuple(
            replace(contour, points_mm=contour.points_mm[:, [2, 0, 1]])
            for contour in drawn.contours
        ),
    )
    with pytest.raises(NotEvaluable, match="axial"):
        second_dvh(turned, dose_along_x())


def test_a_missing_plane_is_no_reason_and_is_left_out():
    drawn = sphere()
    missing = replace(drawn, contours=drawn.contours[:10] + drawn.contours[11:])
    whole, lacking = second_dvh(drawn, dose_along_x()), second_dvh(missing, dose_along_x())
    area_mm2 = np.pi * (RADIUS_MM**2 - (drawn.contours[10].points_mm[0, 2] - 11.2) ** 2)
    assert whole.volume_cc - lacking.volume_cc == pytest.approx(
        area_mm2 * STEP_MM / 1000, rel=0.03
    )  # a plane of some 500 pixels, of which the square root of 80 / 12 may be off


def test_it_is_not_installed(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "dicompylercore"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "dicompylercore", None)
    with pytest.raises(MissingExtraError, match=r"install oligort\[crosscheck\]"):
        require_installed()


def test_loading_it_leaves_pydicom_as_it_was():
    had = hasattr(pydicom.dicomio, "read_file")
    require_installed()
    assert hasattr(pydicom.dicomio, "read_file") is had


CENTRE_MM = np.array(SPHERE.centre_mm)


def cap_mm3(radius_mm: float, beyond_mm: float) -> float:
    """Volume of the part of a sphere beyond a plane that is so far from its centre."""
    h = np.clip(beyond_mm, -radius_mm, radius_mm)
    return float(np.pi * (radius_mm - h) ** 2 * (2 * radius_mm + h) / 3)


def block(name: str, x_mm: tuple[float, float], half_mm: float = 36.0) -> Structure:
    """A box from x to x beside the centre, whose ends lie half a step beyond its planes."""
    centre = (CENTRE_MM[0] + sum(x_mm) / 2, *CENTRE_MM[1:])
    solid = Box(centre, (x_mm[1] - x_mm[0], 2 * half_mm, 24 * STEP_MM))
    first = CENTRE_MM[2] - 11.5 * STEP_MM
    return solid.structure(name, 1, first + STEP_MM * np.arange(24))


def ball(name: str, radius_mm: float, away_mm: float = 0.0) -> Structure:
    centre = (CENTRE_MM[0] + away_mm, *CENTRE_MM[1:])
    first = CENTRE_MM[2] - 20.5 * STEP_MM
    return Sphere(centre, radius_mm).structure(name, 1, first + STEP_MM * np.arange(42))


def bar_mm3(x_mm: tuple[float, float], beyond_mm: float) -> float:
    """Volume of the part of a block beyond a plane."""
    return max(x_mm[1] - max(x_mm[0], beyond_mm), 0.0) * 72.0 * 24 * STEP_MM


INNER_MM, LENS_MM = 22.0, 30.0

EXPRESSIONS: dict[str, tuple[str, dict[str, Structure], Callable[[float], float], float]] = {
    # Its structures, what lies beyond a plane (mm3), and what a wrong reading would make of it.
    "taken from the inside": (
        "A-B",
        {"A": ball("A", 40.0), "B": ball("B", INNER_MM)},
        lambda x: cap_mm3(40.0, x) - cap_mm3(INNER_MM, x),
        cap_mm3(40.0, -40.0),
    ),
    "taken from the rim": (
        "A-B",
        {"A": ball("A", 40.0), "B": block("B", (18.0, 44.0), 45.0)},
        lambda x: cap_mm3(40.0, x) - cap_mm3(40.0, max(x, 18.0)),
        cap_mm3(40.0, -40.0),
    ),
    "joined where they touch": (
        "A|B",
        {"A": block("A", (-40.0, 2.0)), "B": block("B", (2.0, 40.0))},
        lambda x: bar_mm3((-40.0, 40.0), x),
        bar_mm3((-40.0, 2.0), -99.0),
    ),
    "counted once where they overlap": (
        "A|B",
        {"A": block("A", (-40.0, 12.0)), "B": block("B", (-11.0, 40.0))},
        lambda x: bar_mm3((-40.0, 40.0), x),
        bar_mm3((-40.0, 63.0), -99.0),
    ),
    "common to two": (
        "A&B",
        {"A": ball("A", 40.0, -20.0), "B": ball("B", 40.0, 20.0)},
        # Of each the cap beyond the plane between them, which lies 20 mm from both centres.
        lambda x: cap_mm3(40.0, 20 + max(x, 0)) + cap_mm3(40.0, 20.0) - cap_mm3(40, 20 - min(x, 0)),
        cap_mm3(40.0, -40.0),
    ),
    "joined and taken from": (
        "(A|B)-C",
        {
            "A": block("A", (-40.0, 2.0)),
            "B": block("B", (2.0, 40.0)),
            "C": ball("C", LENS_MM, 2.0),
        },
        lambda x: bar_mm3((-40.0, 40.0), x) - cap_mm3(LENS_MM, x - 2.0),
        bar_mm3((-40.0, 40.0), -99.0),
    ),
}


def shape_of(text: str, structures: dict[str, Structure]) -> Shape:
    return resolve(parse(text), lambda name: (structures[name],))


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_beside_its_closed_form(name):
    text, structures, beyond_mm3, wrong_mm3 = EXPRESSIONS[name]
    found = second_dvh_of_shape(shape_of(text, structures), text, dose_along_x())
    whole_mm3 = beyond_mm3(-99.0)
    assert found.volume_cc == pytest.approx(whole_mm3 / 1000, rel=found.rim_percent / 100)
    assert abs(wrong_mm3 / whole_mm3 - 1) > found.rim_percent / 100
    for dose_gy in (12.0, 16.0, 20.0, 23.0, 27.0):
        truth = 100 * beyond_mm3((dose_gy - 20) / GRADIENT_GY_MM) / whole_mm3
        assert found.percent_at(dose_gy) == pytest.approx(truth, abs=found.points_at(dose_gy))


def test_counts_of_parts_make_up_those_of_expressions():
    # A voxel centre is in or out, so that counting adds up but for centres on a border.
    structures = {"A": ball("A", 40.0), "B": ball("B", 25.0, 30.0)}
    counted = {
        text: second_dvh_of_shape(shape_of(text, structures), text, dose_along_x())
        for text in ("A-B", "A&B", "A|B")
    }
    alone = {name: second_dvh(one, dose_along_x()) for name, one in structures.items()}
    for dose_gy in (0.0, 16.0, 20.0, 24.0, 28.0):
        cc = {
            text: one.percent_at(dose_gy) * one.volume_cc / 100
            for text, one in {**counted, **alone}.items()
        }
        assert cc["A-B"] + cc["A&B"] == pytest.approx(cc["A"], rel=1e-9)
        assert cc["A|B"] + cc["A&B"] == pytest.approx(cc["A"] + cc["B"], rel=1e-9)


def test_a_border_on_voxel_centres_inside_a_union_loses_no_voxel():
    # Voxel centres lie at multiples of 3 mm: a whole layer of them on the border between the two.
    left, right = (np.array([(a, -29), (b, -29), (b, 31), (a, 31)]) for a, b in ((-40, 3), (3, 38)))
    united = loops(np.array([(-40, -29), (38, -29), (38, 31), (-40, 31)]))
    halves = {"A": loops(left), "B": loops(right)}
    found = second_dvh_of_shape(shape_of("A|B", halves), "A|B", dose_along_x())
    whole = second_dvh(united, dose_along_x())
    assert found.volume_cc == whole.volume_cc
    assert found.rim_percent == whole.rim_percent
    assert found.cumulative_cc == pytest.approx(whole.cumulative_cc)


EVERY_THIRD = np.arange(-30.0, 31, 3 * STEP_MM)

EXPRESSIONS_REFUSED: dict[str, tuple[str, dict[str, Structure], object, str]] = {
    "between the planes": (
        "A-B",
        {"A": loops(circle(0, 0, 30)), "B": loops(circle(0, 0, 9), planes=np.arange(-10.5, 12, 3))},
        None,
        "are not drawn on the same planes",
    ),
    "on some of the planes": (
        "A-B",
        {"A": loops(circle(0, 0, 30)), "B": loops(circle(0, 0, 20), planes=EVERY_THIRD)},
        None,
        "planes of unequal spacing",
    ),
    "no neighbours left": (
        "A-B",
        {
            "A": loops(circle(0, 0, 30)),
            "B": loops(square(0, 0, 31), planes=np.delete(np.arange(-30.0, 31, 3), [5, 9, 13, 17])),
        },
        None,
        'no two planes of "A-B" follow each other',
    ),
    "nothing left": (
        "A-B",
        {"A": loops(circle(0, 0, 20)), "B": loops(square(0, 0, 31))},
        None,
        'nothing is left of "A-B"',
    ),
    "crossing loops of an operand": (
        "A-B",
        {"A": loops(circle(-10, 0, 20), circle(10, 0, 20)), "B": loops(circle(0, 0, 5))},
        None,
        "cross or repeat",
    ),
    "tiny": (
        "A&B",
        {"A": loops(circle(-30, 0, 20)), "B": loops(circle(0, 0, 14))},
        None,
        '"A&B" is too small for it',
    ),
    "several grids": (
        "A-B",
        {"A": loops(circle(0, 0, 30)), "B": loops(circle(0, 0, 9))},
        on_two_grids(),
        "no sum of doses",
    ),
    "clipped grid": (
        "A-B",
        {"A": loops(circle(0, 0, 40)), "B": loops(circle(0, 0, 9))},
        dose_along_x(half_mm=36.0),
        '"A-B" reaches beyond the outermost voxels',
    ),
}


@pytest.mark.parametrize("name", EXPRESSIONS_REFUSED)
def test_an_expression_that_it_cannot_be_given(name):
    text, structures, dose, reason = EXPRESSIONS_REFUSED[name]
    with pytest.raises(NotEvaluable, match=reason):
        second_dvh_of_shape(shape_of(text, structures), text, dose or dose_along_x(), STEP_MM)


def test_what_is_taken_out_may_reach_beyond_the_dose():
    # What leaves the grid is no part of the expression.
    structures = {"A": loops(circle(0, 0, 40)), "B": loops(square(90, 0, 60))}
    found = second_dvh_of_shape(shape_of("A-B", structures), "A-B", dose_along_x())
    # Of the disc the part up to x = 30: 21 planes of 3 mm, a polygon of 60 points.
    segment = 40**2 * np.arccos(0.75) - 30 * np.sqrt(40**2 - 30**2)
    truth = (np.pi * 40**2 - segment) * 0.9982 * 63 / 1000
    assert found.volume_cc == pytest.approx(truth, rel=found.rim_percent / 100)


def test_two_planes_with_others_missing_between_them_are_not_its_thickness():
    # On images 3 mm apart each of two planes 6 mm apart is 3 mm thick; it would make them 6 mm.
    drawn = loops(circle(0, 0, 30), planes=np.array([0.0, 6.0]))
    with pytest.raises(NotEvaluable, match="unevenly spaced planes"):
        second_dvh(drawn, dose_along_x(), STEP_MM)
    told_nothing = second_dvh(drawn, dose_along_x())
    truth = np.pi * 30**2 * 0.9982 * 12 / 1000
    assert told_nothing.volume_cc == pytest.approx(truth, rel=told_nothing.rim_percent / 100)
