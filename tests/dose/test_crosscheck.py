"""The second engine on what both can do, in every orientation, and what it is not asked."""

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pydicom.dicomio
import pytest

from oligort.crosscheck import require_installed, second_dvh
from oligort.dose.composite import CompositeDose
from oligort.dose.grid import DoseGrid
from oligort.errors import MissingExtraError, NotEvaluable
from oligort.geometry.grid import Grid
from oligort.geometry.structure import Contour, Structure
from oligort.phantoms import Sphere

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


REFUSED: dict[str, tuple[Callable[[], Structure], Callable[[], object], str]] = {
    "oblique grid": (sphere, lambda: oblique(dose_along_x()), "oblique"),
    "uneven frames": (sphere, lambda: uneven(dose_along_x()), "unevenly spaced planes"),
    "several doses": (sphere, lambda: CompositeDose((dose_along_x(),)), "no sum of doses"),
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
