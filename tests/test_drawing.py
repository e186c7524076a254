"""Regions drawn on image pixels by rt-utils: where they come to lie, and how much is lost."""

from dataclasses import replace

import numpy as np
import pytest

from oligort.drawing import Drawing, ImagePlane, drawing_of
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.region import Region
from oligort.phantoms import Box, HollowSphere, Sphere
from oligort.phantoms.solid import Solid

pytest.importorskip("rt_utils", exc_type=ImportError)

PLANES_MM = np.arange(-22.5, 24, 3.0)
COLUMN_MM, ROW_MM = 1.0, 2.0
COLUMNS, ROWS = 90, 60

AXES = {
    "head first supine": ((1.0, 0, 0), (0, 1.0, 0)),
    "head first prone": ((-1.0, 0, 0), (0, -1.0, 0)),
    "decubitus left": ((0, 1.0, 0), (-1.0, 0, 0)),
    "decubitus right": ((0, -1.0, 0), (1.0, 0, 0)),
}


def images(axes: str = "head first supine", planes_mm=PLANES_MM, offset_mm=(0.0, 0.0)):
    """Images whose middle lies at the origin, of pixels that are no squares, nor is the image."""
    turned = np.array(AXES[axes])
    middle = np.array([(COLUMNS - 1) * COLUMN_MM, (ROWS - 1) * ROW_MM]) / 2
    corner = -middle @ turned + (*offset_mm, 0.0)
    return [
        ImagePlane(
            sop_class_uid="1.2.3",
            sop_instance_uid=f"1.2.3.{number}",
            origin_mm=corner + (0, 0, z),  # noqa: RUF005 - a sum of vectors
            axes=turned,
            spacing_mm=np.array([COLUMN_MM, ROW_MM]),
            counts=(COLUMNS, ROWS),
        )
        for number, z in enumerate(planes_mm)
    ]


def region_of(*solids: Solid) -> Region:
    structures = tuple(
        solid.structure(f"ROI {number}", number, PLANES_MM) for number, solid in enumerate(solids)
    )
    return Region(Shape(structures), 3.0)


def bounds(drawing: Drawing) -> np.ndarray:
    points = np.concatenate([loop.points_mm for loop in drawing.loops])
    return np.array([points.min(axis=0), points.max(axis=0)])


@pytest.mark.parametrize("axes", AXES)
def test_a_box_on_pixel_borders_loses_half_a_pixel_all_around(axes):
    """Pixel borders lie at whole and, of rows, at even millimetres: pixels are covered or not."""
    box = Box((6.0, -4.0, 3.0), (20.0, 16.0, 18.0))
    across = np.array([ROW_MM, COLUMN_MM] if "decubitus" in axes else [COLUMN_MM, ROW_MM])
    found = drawing_of(region_of(box), images(axes), "Box")
    low, high = bounds(found)
    assert low[:2] == pytest.approx([-4 + across[0] / 2, -12 + across[1] / 2], abs=1e-9)
    assert high[:2] == pytest.approx([16 - across[0] / 2, 4 - across[1] / 2], abs=1e-9)
    assert (low[2], high[2]) == (-4.5, 10.5)
    assert found.given_cc == pytest.approx(box.volume_cc, rel=1e-9)
    drawn_mm2 = (20 - across[0]) * (16 - across[1])
    assert found.drawn_cc == pytest.approx(drawn_mm2 * 18 / 1000, rel=1e-9)
    assert {loop.image.sop_instance_uid for loop in found.loops} == {
        f"1.2.3.{number}" for number in range(6, 12)
    }


def test_two_parts_and_a_hole_stay_apart():
    """Of B pixels around a patch half are lost, and half of those around a hole."""
    hollow, ball = HollowSphere((-15.0, 0.0, 0.0), 20.0, 10.0), Sphere((25.0, 5.0, 0.0), 12.0)
    found = drawing_of(region_of(hollow, ball), images(), "Both")
    at_middle = [loop for loop in found.loops if loop.points_mm[0, 2] == 1.5]
    assert len(at_middle) == 3
    truth = hollow.volume_cc + ball.volume_cc
    # Half a pixel of 1 x 2 mm, so at most 1 mm, of the surfaces; slabs are off by 1 % beside that.
    surfaces_cm2 = 4 * np.pi * (2.0**2 + 1.0**2 + 1.2**2)
    assert truth - 0.1 * surfaces_cm2 - 0.01 * truth < found.drawn_cc < truth
    assert found.given_cc == pytest.approx(truth, rel=0.01)


def test_what_lies_beside_the_image_is_not_drawn_and_its_loss_is_refused():
    with pytest.raises(NotEvaluable, match="cc would be drawn of"):
        drawing_of(region_of(Sphere((45.0, 0.0, 0.0), 15.0)), images(), "Ball")


def test_a_sphere_at_the_rim_of_the_image_keeps_its_place():
    """A loop that reaches 1 mm beyond the image must not shift the pixels."""
    ball = Sphere((31.0, 0.0, 0.0), 15.0)
    low, high = bounds(drawing_of(region_of(ball), images(), "Ball"))
    # Centres of pixels: within half a pixel of the surface on the open side, at the last column.
    assert low[0] == pytest.approx(16.0, abs=1.0)
    assert high[0] == pytest.approx(44.5, abs=1e-9)
    assert (low[1], high[1]) == pytest.approx((-14, 14), abs=1.5)


@pytest.mark.parametrize(
    ("altered", "reason"),
    [
        (images(planes_mm=PLANES_MM[:8]), "cc would be drawn of"),
        (images(planes_mm=PLANES_MM[:1]), "the series is of one image"),
        ([*images()[:-1], replace(images()[-1], counts=(64, 64))], "do not lie on one grid"),
        ([*images()[:-1], images(offset_mm=(3.0, 0.0))[-1]], "do not lie on one grid"),
        (images(planes_mm=PLANES_MM + 100), "no pixel of the images is covered by half"),
    ],
)
def test_series_that_do_not_fit_are_refused(altered, reason):
    with pytest.raises(NotEvaluable, match=reason):
        drawing_of(region_of(Sphere((0.0, 0.0, 0.0), 18.0)), altered, "Ball")


def test_oblique_images_are_refused():
    turn = np.array([[np.cos(0.1), np.sin(0.1), 0], [-np.sin(0.1), np.cos(0.1), 0]])
    oblique = [replace(image, axes=turn) for image in images()]
    with pytest.raises(NotEvaluable, match="oblique"):
        drawing_of(region_of(Sphere((0.0, 0.0, 0.0), 18.0)), oblique, "Ball")
