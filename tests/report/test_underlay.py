"""The image below a picture: each point of it lies where the header says, however it was taken."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from oligort.dicom.pixels import ImagePlane
from oligort.geometry.grid import Grid
from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import Organ
from oligort.objects import ImageSeries, ImageSource
from oligort.report import underlay
from oligort.report.underlay import BONE, LUNG, SOFT_TISSUE, Box, Window, underlay_of, window_of

Made = Callable[[int], Any]

BOX = Box(-50, 50, -40, 60, 12.0)
WIDE = Window(-60, 60, "a window of the test")
CT = ImageSeries("1.2", "CT", positions_mm=(9.0, 12.0))


def plane(turned: bool, dark_high: bool = False) -> ImagePlane:
    """An image whose value is x + 0.2 y in mm at every point, supine or prone."""
    x, y = np.meshgrid(np.arange(-99, 101, 2.0), np.arange(-99, 101, 2.0), indexing="ij")
    values, sign = x + 0.2 * y, -1 if turned else 1
    grid = Grid(
        origin_mm=np.array([-99 * sign, -99 * sign, 12.0]),
        i_direction=np.array([sign, 0.0, 0.0]),
        j_direction=np.array([0.0, sign, 0.0]),
        i_spacing_mm=2.0,
        j_spacing_mm=2.0,
        i_count=100,
        j_count=100,
        frame_positions_mm=np.zeros(1),
    )
    if turned:
        values = values[::-1, ::-1] - 0.0
        grid = replace(grid, origin_mm=np.array([99.0, 99.0, 12.0]))
    return ImagePlane(values, grid, dark_high)


def shades(jpeg: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg)), dtype=float)


@pytest.mark.parametrize("turned", [False, True], ids=["supine", "prone"])
def test_a_point_has_the_shade_of_its_value(turned: bool) -> None:
    found = shades(underlay._drawn(plane(turned), CT, BOX, WIDE).jpeg)
    rows, columns = found.shape
    x = BOX.left_mm + (np.arange(columns) + 0.5) * BOX.width_mm / columns
    y = BOX.top_mm + (np.arange(rows) + 0.5) * BOX.height_mm / rows
    expected = 255 * np.clip((x + 0.2 * y[:, None] + 60) / 120, 0, 1)
    assert np.abs(found - expected).max() < 4  # a JPEG's own error


def test_an_image_whose_high_values_are_dark_is_turned_over() -> None:
    bright = shades(underlay._drawn(plane(False), CT, BOX, WIDE).jpeg)
    dark = shades(underlay._drawn(plane(False, dark_high=True), CT, BOX, WIDE).jpeg)
    assert np.abs(bright + dark - 255).max() < 8


def test_what_is_no_ct_is_shown_between_its_own_values() -> None:
    drawn = underlay._drawn(plane(False), replace(CT, modality="MR"), BOX, WIDE)
    assert drawn.said == "MR, window fitted to the image"


def test_beyond_the_image_all_is_dark() -> None:
    far = Box(200, 260, 200, 260, 12.0)
    assert shades(underlay._drawn(plane(False), CT, far, WIDE).jpeg).max() < 4


@pytest.mark.parametrize("normal", [(0.0, 0.0, 1.0), (0.0, 0.0, -1.0)], ids=["head", "feet"])
@pytest.mark.parametrize(
    ("z_mm", "said"),
    [(12.1, "CT, a window of the test"), (13.0, "the nearest image lies 1.0 mm from the plane")],
)
def test_only_an_image_of_the_plane_is_shown(
    demo_page: Made,
    monkeypatch: pytest.MonkeyPatch,
    normal: tuple[float, float, float],
    z_mm: float,
    said: str,
) -> None:
    submission = demo_page(4).case.submission
    structure: Structure = submission.structure_set.structures[0]
    sign = int(normal[2])
    series = replace(
        submission.images[0],
        normal=normal,
        positions_mm=tuple(sorted((9.0 * sign, 12.0 * sign))),
        sources=tuple(ImageSource(f"1.{n}", None) for n in range(2)),  # type: ignore[arg-type]
    )
    asked: list[ImageSource] = []

    def read(source: ImageSource) -> ImagePlane:
        asked.append(source)
        return plane(False)

    monkeypatch.setattr(underlay, "read_plane", read)
    submission = replace(submission, images=(series,))
    told = underlay_of(submission, structure, replace(BOX, z_mm=z_mm), WIDE)
    assert said in told.said
    assert bool(told.jpeg) is said.startswith("CT")
    if asked:
        assert asked == [series.sources[series.positions_mm.index(12.0 * sign)]]


def test_images_of_another_frame_are_not_shown(demo_page: Made) -> None:
    submission = demo_page(4).case.submission
    structure = replace(submission.structure_set.structures[0], frame_of_reference_uid="1.2.3")
    assert "another frame of reference" in underlay_of(submission, structure, BOX, WIDE).said


def test_the_window_is_that_of_the_organ() -> None:
    assert [window_of(organ) for organ in (Organ.LUNGS, Organ.BONE, Organ.LIVER, None)] == [
        LUNG, BONE, SOFT_TISSUE, SOFT_TISSUE,
    ]  # fmt: skip
