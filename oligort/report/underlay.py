"""The image below a picture: one plane of the images that structures are drawn on, as a JPEG."""

import io
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from oligort.dicom.pixels import ImagePlane, nearest_image, read_plane
from oligort.errors import DicomError
from oligort.geometry.slabs import AXIAL, PlaneFrame
from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import Organ
from oligort.objects import ImageSeries, drawn_on
from oligort.submission import Submission

Floats = npt.NDArray[np.float64]

MOST_PIXELS = 360
"""Pixels of the longer side of a picture: as many as a card shows on a sharp screen."""

QUALITY = 82
"""Of the JPEG: what a grey image of CT noise needs to show no blocks."""

LEAST_STEP_MM = 0.5
"""Between points of a plane that cuts through images: about the finest pixel of a planning CT."""

MOST_IMAGES = 250
"""Images that are read for one picture of a plane that cuts through them."""

SAME_PLANE_MM = 0.5
"""How far an image may lie from the plane of a contour and be that plane: half the thinnest."""


@dataclass(frozen=True)
class Window:
    """Which values are shown, from black to white; `name` says it in words."""

    low: float
    high: float
    name: str


LUNG = Window(-1250, 250, "lung window, -1250 to 250 HU")
BONE = Window(-500, 1300, "bone window, -500 to 1300 HU")
SOFT_TISSUE = Window(-160, 240, "soft tissue window, -160 to 240 HU")
"""The windows that radiology looks through: width and level 1500/-500, 1800/400, 400/40."""

FITTED = (1.0, 99.0)
"""Percentiles between which values are shown whose scale is not that of a CT."""


@dataclass(frozen=True)
class Box:
    """A rectangle of a plane in LPS mm; y grows downwards, so the top is lower.

    Of an axial plane y grows towards the back and z is that of the patient; of another one x, y and
    z are along the axes of its `view`.
    """

    left_mm: float
    right_mm: float
    top_mm: float
    bottom_mm: float
    z_mm: float
    view: PlaneFrame = AXIAL

    @property
    def width_mm(self) -> float:
        """From the patient's right to the left."""
        return self.right_mm - self.left_mm

    @property
    def height_mm(self) -> float:
        """From front to back."""
        return self.bottom_mm - self.top_mm

    def centres(self, step_mm: float) -> tuple[Floats, Floats]:
        """Return x and y of the centres of pixels of about a size that fill the box."""
        counts = [max(int(np.ceil(mm / step_mm)), 2) for mm in (self.width_mm, self.height_mm)]
        ends = ((self.left_mm, self.right_mm), (self.top_mm, self.bottom_mm))
        x, y = (
            low + (np.arange(count) + 0.5) * (high - low) / count
            for (low, high), count in zip(ends, counts, strict=True)
        )
        return x, y

    def points(self, x_mm: Floats, y_mm: Floats) -> Floats:
        """Return the patient points (rows x columns, 3) at some x and y, a row after the other."""
        x, y = np.meshgrid(x_mm, y_mm)
        in_view = np.column_stack([x.ravel(), y.ravel(), np.full(x.size, self.z_mm)])
        return self.view.to_patient(in_view)


@dataclass(frozen=True)
class Underlay:
    """A JPEG that fills a box, and what to say of it; without one, why there is none."""

    jpeg: bytes = b""
    said: str = ""


def underlay_of(submission: Submission, structure: Structure, box: Box, window: Window) -> Underlay:
    """Return the image below a structure's contours in the plane of a box, or why there is none."""
    if not submission.images:
        return Underlay(said="no image in the submission")
    try:
        if not box.view.is_axial:
            return _cut_through(_series(submission, structure, axial_only=False), box, window)
        series = _series(submission, structure)
        source, at_mm = nearest_image(series, box.z_mm * _sign(series))
        away_mm = abs(at_mm - box.z_mm * _sign(series))
        if away_mm > SAME_PLANE_MM:
            raise DicomError(f"the nearest image lies {away_mm:.1f} mm from the plane")
        plane = read_plane(source)
        return _drawn(plane, series, box, window)
    except DicomError as error:
        return Underlay(said=f"no image is shown: {error}")


def _series(
    submission: Submission, structure: Structure, *, axial_only: bool = True
) -> ImageSeries:
    """Return the series that a structure is drawn on, an axial one where that is asked for.

    Raises
    ------
    DicomError
        If there is none, or it lies in another frame of reference.
    """
    found, _ = drawn_on(submission.structure_set, submission.images)
    usable = [series for series in found if series.is_axial or not axial_only]
    if not usable:
        axial = "axial " if axial_only else ""
        raise DicomError(f"the structures are drawn on no {axial}images that are there")
    frame, own = usable[0].frame_of_reference_uid, structure.frame_of_reference_uid
    if frame and own and frame != own:
        raise DicomError("the images lie in another frame of reference")
    return usable[0]


def _sign(series: ImageSeries) -> int:
    """Return 1 where positions along the series' normal are patient z, -1 where its negative."""
    return 1 if series.normal[2] > 0 else -1


def _drawn(plane: ImagePlane, series: ImageSeries, box: Box, window: Window) -> Underlay:
    grid = plane.grid
    step_mm = max(
        max(box.width_mm, box.height_mm) / MOST_PIXELS,
        min(grid.i_spacing_mm, grid.j_spacing_mm) / 2,
    )
    x, y = box.centres(step_mm)
    values = _values_at(plane, box.points(x, y)).reshape(len(y), len(x))
    return _shaded(values, plane.values, series, window, plane.is_dark_high)


def _shaded(
    values: Floats, whole: Floats, series: ImageSeries, window: Window, is_dark_high: bool
) -> Underlay:
    """Return values (rows, columns) as a JPEG; a window is fitted to those of the `whole`."""
    name = window.name
    low, high = window.low, window.high
    if series.modality != "CT":
        low, high = np.percentile(whole, FITTED)
        name = "window fitted to the image"
    shade = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
    if is_dark_high:
        shade = 1 - shade
    return Underlay(_jpeg((255 * shade + 0.5).astype(np.uint8)), f"{series.modality}, {name}")


def _cut_through(series: ImageSeries, box: Box, window: Window) -> Underlay:
    """Return what a plane cuts out of a whole series: of each point the nearest image's value.

    Raises
    ------
    DicomError
        If no image lies there, or more than a picture is worth; if one cannot be read.
    """
    x, y = box.centres(max(max(box.width_mm, box.height_mm) / MOST_PIXELS, LEAST_STEP_MM))
    points_mm = box.points(x, y)
    positions_mm = np.array(series.positions_mm)
    if len(positions_mm) < 2 or len(series.sources) != len(positions_mm):
        raise DicomError("where its images lie is not known, or one alone is there")
    at_mm = points_mm @ np.array(series.normal)
    above = np.clip(np.searchsorted(positions_mm, at_mm), 1, len(positions_mm) - 1)
    is_below = at_mm - positions_mm[above - 1] < positions_mm[above] - at_mm
    place = above - is_below
    half_mm = float(np.median(np.diff(positions_mm))) / 2
    seen = np.abs(at_mm - positions_mm[place]) <= half_mm + SAME_PLANE_MM
    asked = np.unique(place[seen])
    if not 0 < len(asked) <= MOST_IMAGES:
        raise DicomError(f"{len(asked)} images lie there, and 1 to {MOST_IMAGES} are read")
    values, is_dark_high = np.full(len(points_mm), np.nan), False
    for number in asked:
        plane = read_plane(series.sources[number])
        here = seen & (place == number)
        values[here] = _values_at(plane, points_mm[here])
        is_dark_high = plane.is_dark_high
    values[~seen] = values[seen].max() if is_dark_high else values[seen].min()
    made = _shaded(values.reshape(len(y), len(x)), values[seen], series, window, is_dark_high)
    return replace(made, said=f"{made.said}, cut out of {len(asked)} images")


def _values_at(plane: ImagePlane, points_mm: Floats) -> Floats:
    """Return values (N,) at patient points (N, 3), linear between pixels, dark outside."""
    count = np.array(plane.values.shape)
    at = plane.grid.to_index(points_mm)[:, :2]
    inside = ((at > -0.5) & (at < count - 0.5)).all(axis=1)
    at = np.clip(at, 0, count - 1)
    low = np.minimum(at.astype(np.int64), np.maximum(count - 2, 0))
    high = np.minimum(low + 1, count - 1)
    share = at - low
    (i, j), (i_next, j_next), (u, v) = low.T, high.T, share.T
    values = (
        plane.values[i, j] * (1 - u) * (1 - v)
        + plane.values[i_next, j] * u * (1 - v)
        + plane.values[i, j_next] * (1 - u) * v
        + plane.values[i_next, j_next] * u * v
    )
    return np.asarray(np.where(inside, values, plane.values.min()))


def _jpeg(shades: npt.NDArray[np.uint8]) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(shades).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def window_of(organ: Organ | None) -> Window:
    """Return the window that an organ, or a lesion in it, is looked at through."""
    return {Organ.LUNGS: LUNG, Organ.BONE: BONE}.get(organ or Organ.SOFT_TISSUE, SOFT_TISSUE)
