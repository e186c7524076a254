"""Pictures of what is drawn in planes that are not axial: each point where it lies."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from oligort.checks.engine import case_of
from oligort.dicom.pixels import ImagePlane
from oligort.geometry.grid import Grid
from oligort.geometry.slabs import AXIAL, PlaneFrame
from oligort.geometry.structure import Contour
from oligort.objects import ImageSeries, ImageSource
from oligort.report import underlay
from oligort.report.lesion_pictures import lesion_picture
from oligort.report.underlay import Box, Window
from oligort.report.view import name_of, sides_of, view_of

Made = Callable[[int], Any]

WIDE = Window(-60, 60, "a window of the test")

ACROSS = {
    "coronal": ((1, 0, 0), (0, 0, 1), ("R", "L", "S", "I")),
    "sagittal": ((0, 1, 0), (0, 0, 1), ("A", "P", "S", "I")),
    "oblique": ((1, 0, 0), (0, 0.6, 0.8), ("R", "L", "S", "I")),
}
"""Two ways in the planes, and what stands at the borders of their pictures."""


def frame_across(u: Any, v: Any) -> PlaneFrame:
    u, v = np.array(u, float), np.array(v, float)
    return PlaneFrame(np.stack([u, v, np.cross(u, v)]))


@pytest.mark.parametrize("name", ACROSS)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_head_is_at_the_top_and_the_left_or_the_back_on_the_right(name: str, sign: int) -> None:
    u, v, sides = ACROSS[name]
    # However the planes' own axes run, they are shown alike.
    view = view_of(frame_across(np.array(u) * sign, v))
    assert name_of(view) == name
    assert sides_of(view) == sides
    assert np.allclose(view.axes @ view.axes.T, np.eye(3))
    assert view_of(AXIAL) is AXIAL
    assert sides_of(AXIAL) == ("R", "L", "A", "P")


def image_at(z_mm: float) -> ImagePlane:
    """An axial image whose value is x + 0.2 y + 0.5 z in mm at every point."""
    x, y = np.meshgrid(np.arange(-99, 101, 2.0), np.arange(-99, 101, 2.0), indexing="ij")
    grid = Grid(
        origin_mm=np.array([-99.0, -99.0, z_mm]),
        i_direction=np.array([1.0, 0, 0]),
        j_direction=np.array([0, 1.0, 0]),
        i_spacing_mm=2.0,
        j_spacing_mm=2.0,
        i_count=100,
        j_count=100,
        frame_positions_mm=np.zeros(1),
    )
    return ImagePlane(x + 0.2 * y + 0.5 * z_mm, grid)


@pytest.mark.parametrize("sign", [1, -1], ids=["head", "feet"])
def test_a_cut_through_axial_images_has_the_shade_of_each_point(
    monkeypatch: pytest.MonkeyPatch, sign: int
) -> None:
    z_mm = np.arange(-60.0, 61.0, 1.0)
    series = ImageSeries(
        "1.2",
        "CT",
        normal=(0.0, 0.0, float(sign)),
        positions_mm=tuple(sorted(sign * z_mm)),
        sources=tuple(ImageSource(f"{sign * at}", None) for at in sorted(sign * z_mm)),  # type: ignore[arg-type]
    )
    monkeypatch.setattr(underlay, "read_plane", lambda it: image_at(float(it.sop_instance_uid)))
    box = Box(-40, 40, -40, 40, 7.0, view_of(frame_across((1, 0, 0), (0, 0, 1))))
    made = underlay._cut_through(series, box, WIDE)
    found = np.asarray(Image.open(io.BytesIO(made.jpeg)), dtype=float)
    rows, columns = found.shape
    x = -40 + (np.arange(columns) + 0.5) * 80 / columns
    z = 40 - (np.arange(rows) + 0.5) * 80 / rows  # the head is at the top
    y = 7.0 * box.view.axes[2][1]
    expected = 255 * np.clip((x + 0.2 * y + 0.5 * z[:, None] + 60) / 120, 0, 1)
    assert np.abs(found - expected).max() < 5  # a JPEG's own error, and half an image's spacing
    assert made.said.startswith("CT, a window of the test, cut out of 8")


def ball(frame: PlaneFrame, middle: Any, radius_mm: float) -> tuple[Contour, ...]:
    """A ball in planes of a frame every 2 mm."""
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    u, v, n = frame.axes
    return tuple(
        Contour(middle + off * n + np.sqrt(radius_mm**2 - off**2) * (np.outer(np.cos(turn), u)
                + np.outer(np.sin(turn), v)))
        for off in np.arange(-radius_mm + 1, radius_mm, 2.0)
    )  # fmt: skip


@pytest.mark.parametrize("name", ACROSS)
def test_a_lesion_drawn_in_other_planes_has_its_picture(demo_page: Made, name: str) -> None:
    submission = demo_page(0).case.submission
    roi_name = "GTVm02_Liver"
    (own,) = submission.structure_set.named(roi_name)
    middle = np.vstack([one.points_mm for one in own.contours]).mean(axis=0)
    frame = frame_across(*ACROSS[name][:2])
    drawn = replace(own, contours=ball(frame, middle, 10.0))
    structures = tuple(drawn if one is own else one for one in submission.structure_set.structures)
    whole = replace(submission.structure_set, structures=structures)
    case = case_of(replace(submission, structure_sets=(whole,)))
    (lesion,) = case.submission.lesions(roi_names=[roi_name]).lesions
    assert lesion.plane_mm is None
    picture = lesion_picture(case, lesion, None, "lesion-1")
    assert f"One of the {name} planes that it is drawn in" in picture.caption
    assert "cut out of" in picture.caption
    assert "data:image/jpeg" in picture.svg
    # The contour is the ball's circle nearest its middle, whose line is as wide.
    has_ends = any("at one height" in entry.said for entry in picture.legend)
    assert has_ends or "its diameter lie in other planes" in picture.caption
