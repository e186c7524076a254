"""Drawing: a region traced on the planes of an image series, by rt-utils.

rt-utils 1.2.7 swaps the spacings of rows and columns and takes planes to be evenly spaced. It is
therefore given a series of unit pixels, and where these lie in the patient is ours to say. It leads
a loop through the centres of the outermost pixels, so that half a pixel all around is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from oligort.dicom.elements import integer, numbers, text
from oligort.dicom.instance import read_header
from oligort.errors import MissingExtraError, NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.raster import Lattice
from oligort.geometry.region import Region
from oligort.geometry.slabs import most_common_spacing_mm
from oligort.geometry.structure import Contour, Structure

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEAST_COVERAGE = 0.5
"""A pixel is drawn where at least so much of it is covered: half, so that areas are kept."""

AXIS_TOLERANCE = 1e-4
"""How far image axes may turn from those of the contours: see DIRECTION_TOLERANCE of grids."""

FEWEST_POINTS = 3
"""Of a loop that encloses anything; of one or two pixels rt-utils makes less."""


@dataclass(frozen=True, eq=False)
class ImagePlane:
    """Where the pixels of one image lie.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid : str
        Which image it is.
    origin_mm : (3,) array
        Centre of the first pixel.
    axes : (2, 3) array
        Unit vectors along which columns and rows are counted.
    spacing_mm : (2,) array
        Distance of columns, of rows.
    counts : tuple of int
        Columns, rows.
    """

    sop_class_uid: str
    sop_instance_uid: str
    origin_mm: Floats
    axes: Floats
    spacing_mm: Floats
    counts: tuple[int, int]

    def to_patient(self, pixels: Floats) -> Floats:
        """Return patient points (N, 3) of places (N, 2), column and row."""
        return np.asarray(self.origin_mm + (pixels * self.spacing_mm) @ self.axes)


@dataclass(frozen=True, eq=False)
class DrawnLoop:
    """One loop on one image: (N, 3) in patient mm, and (N, 2) in columns and rows."""

    points_mm: Floats
    pixels: Floats
    image: ImagePlane


@dataclass(frozen=True, eq=False)
class Drawing:
    """A region as drawn: its loops, its volume as drawn and as it was given, in cc."""

    loops: tuple[DrawnLoop, ...]
    drawn_cc: float
    given_cc: float


def image_plane(path: Path) -> ImagePlane:
    """Return where the pixels of an image lie.

    Raises
    ------
    DicomError
        If its header cannot be read.
    NotEvaluable
        If it does not say where they lie.
    """
    header, _ = read_header(path)
    origin_mm, orientation = (
        numbers(header, keyword) for keyword in ("ImagePositionPatient", "ImageOrientationPatient")
    )
    spacing_mm = numbers(header, "PixelSpacing")
    columns, rows = integer(header, "Columns"), integer(header, "Rows")
    if (len(origin_mm), len(orientation), len(spacing_mm)) != (3, 6, 2) or not (columns and rows):
        raise NotEvaluable("an image of the series does not say where its pixels lie")
    return ImagePlane(
        sop_class_uid=text(header, "SOPClassUID"),
        sop_instance_uid=text(header, "SOPInstanceUID"),
        origin_mm=origin_mm,
        axes=orientation.reshape(2, 3),
        # Pixel Spacing is the distance of rows, then of columns.
        spacing_mm=spacing_mm[::-1],
        counts=(columns, rows),
    )


def require_installed() -> None:
    """Raise MissingExtraError where rt-utils cannot be loaded."""
    _engine()


def drawing_of(region: Region, images: Sequence[ImagePlane], roi_name: str) -> Drawing:
    """Return a region drawn on images.

    A pixel is drawn where at least half of it is covered. The volume must then be the region's, as
    far as pixels allow.

    Raises
    ------
    NotEvaluable
        If the images do not lie in the planes of the contours, on one grid; or the volume that is
        drawn is not the region's.
    MissingExtraError
        If rt-utils is not installed.
    """
    images = sorted(images, key=lambda image: float(region.frame.axes[2] @ image.origin_mm))
    raster = _Raster.of(region, images)
    loops = _traced(raster.mask, images, roi_name)
    if not loops:
        raise NotEvaluable("no pixel of the images is covered by half")
    drawn = Structure(None, roi_name, tuple(Contour(loop.points_mm) for loop in loops))
    drawn_cc = Region(Shape((drawn,)), raster.spacing_mm).volume_mm3(raster.spacing_mm) / 1000
    given_cc = region.volume_mm3(raster.spacing_mm) / 1000
    allowed_cc = raster.allowed_mm3(loops) / 1000
    if abs(drawn_cc - given_cc) > allowed_cc:
        raise NotEvaluable(
            f"{drawn_cc:.1f} cc would be drawn of {given_cc:.1f} cc, and pixels explain "
            f"{allowed_cc:.1f} cc of that"
        )
    return Drawing(loops, drawn_cc, given_cc)


@dataclass(frozen=True, eq=False)
class _Raster:
    """The pixels of a region.

    Parameters
    ----------
    mask : (rows, columns, images) array
        Which are drawn.
    rim_counts : (images,) array
        How many of each image are covered in part.
    pixel_mm2, spacing_mm : float
        Area of a pixel, distance of the images.
    """

    mask: Bools
    rim_counts: npt.NDArray[np.int64]
    pixel_mm2: float
    spacing_mm: float

    @classmethod
    def of(cls, region: Region, images: Sequence[ImagePlane]) -> "_Raster":
        """Return which pixels of images, in ascending order, a region covers by half."""
        grid = _Grid.of(region, images)
        lattice = grid.spanning(region)
        columns, rows = images[0].counts
        mask = np.zeros((rows, columns, len(images)), dtype=bool)
        rims = np.zeros(len(images), dtype=np.int64)
        # The images in a piece of a region share its cross-section.
        for layers in region.layers(lattice, grid.step_mm):
            for lower, upper, area in zip(
                layers.lower_mm, layers.upper_mm, layers.coverage.area, strict=True
            ):
                here = (grid.heights_mm >= lower) & (grid.heights_mm < upper)
                if here.any():
                    pixels = grid.of_image(area, lattice)
                    mask[:, :, here] = (pixels >= LEAST_COVERAGE)[:, :, None]
                    rims[here] = np.count_nonzero((pixels > 0) & (pixels < 1))
        return cls(mask, rims, lattice.pixel_area_mm2, grid.step_mm)

    def allowed_mm3(self, loops: Sequence[DrawnLoop]) -> float:
        """Return how far the volume that is drawn may be off.

        By Pick's theorem a loop through the centres of B pixels around a patch encloses B/2 + 1
        pixels less than the patch, or more than a hole. A pixel on the rim is off by half of it.
        The outermost images may lie half a spacing off the ends.
        """
        edges = [np.abs(np.diff(loop.pixels, axis=0, append=loop.pixels[:1])) for loop in loops]
        around = sum(float(steps.max(axis=1).sum()) / 2 + 1 for steps in edges)
        areas = np.count_nonzero(self.mask, axis=(0, 1))
        ends = areas[areas > 0][[0, -1]].sum() / 2
        pixels = around + float(self.rim_counts.sum()) / 2 + float(ends)
        return pixels * self.pixel_mm2 * self.spacing_mm


@dataclass(frozen=True, eq=False)
class _Grid:
    """The pixels of a series in the axes (u, v, n) of the planes of a region.

    Parameters
    ----------
    start_mm, step_mm_uv, counts : (2,) arrays
        Lowest centre, spacing and number of the pixels along u and v.
    is_swapped : bool
        Whether columns are counted along v.
    is_reversed : tuple of bool
        Whether pixels are counted downwards along u, along v.
    heights_mm : (images,) array
        Along n.
    step_mm : float
        Usual distance of the images.
    """

    start_mm: Floats
    step_mm_uv: Floats
    counts: npt.NDArray[np.int64]
    is_swapped: bool
    is_reversed: tuple[bool, bool]
    heights_mm: Floats
    step_mm: float

    @classmethod
    def of(cls, region: Region, images: Sequence[ImagePlane]) -> "_Grid":
        first = images[0]
        turn = first.axes @ region.frame.axes.T
        along = np.argmax(np.abs(turn[:, :2]), axis=1)
        is_swapped = bool(along[0] == 1)
        upright = np.zeros((2, 3))
        upright[[0, 1], along] = np.sign(turn[[0, 1], along])
        if np.abs(turn - upright).max() > AXIS_TOLERANCE:
            raise NotEvaluable("the images are oblique to the planes of the contours")
        origins = np.stack([region.frame.to_plane(image.origin_mm) for image in images])
        is_one_grid = all(
            image.counts == first.counts
            and np.allclose(image.spacing_mm, first.spacing_mm, rtol=0, atol=AXIS_TOLERANCE)
            and np.allclose(image.axes, first.axes, rtol=0, atol=AXIS_TOLERANCE)
            for image in images
        )
        if not is_one_grid or np.ptp(origins[:, :2], axis=0).max() > AXIS_TOLERANCE:
            raise NotEvaluable("the images of the series do not lie on one grid")
        step_mm = most_common_spacing_mm(np.diff(origins[:, 2]))
        if step_mm is None:
            raise NotEvaluable("the series is of one image")
        order = [1, 0] if is_swapped else [0, 1]
        steps, counts = first.spacing_mm[order], np.array(first.counts)[order]
        is_down = upright[order, [0, 1]] < 0
        start_mm = origins[0, :2] - np.where(is_down, (counts - 1) * steps, 0)
        down = bool(is_down[0]), bool(is_down[1])
        return cls(start_mm, steps, counts, is_swapped, down, origins[:, 2], step_mm)

    def spanning(self, region: Region) -> Lattice:
        """Return the pixels, and as many beyond them as the loops of a region need."""
        low = np.min([slab.drawn.low_mm.min(axis=0) for slab in region.slabs], axis=0)
        high = np.max([slab.drawn.high_mm.max(axis=0) for slab in region.slabs], axis=0)
        edge = self.start_mm - self.step_mm_uv / 2
        before = np.maximum(np.ceil((edge - low) / self.step_mm_uv), 0)
        edge = edge - before * self.step_mm_uv
        needed = np.ceil((high - edge) / self.step_mm_uv)
        counts = np.maximum(needed, self.counts + before).astype(np.int64)
        return Lattice(*edge.tolist(), *self.step_mm_uv.tolist(), *counts.tolist())

    def of_image(self, area: Floats, lattice: Lattice) -> Floats:
        """Return what an image (rows, columns) holds of an area (u, v) on the lattice."""
        edge = (lattice.u_start_mm, lattice.v_start_mm)
        first = np.round((self.start_mm - edge) / self.step_mm_uv - 0.5).astype(np.int64)
        u, v = (slice(at, at + count) for at, count in zip(first, self.counts, strict=True))
        own = area[u, v]
        own = np.flip(own, tuple(axis for axis in (0, 1) if self.is_reversed[axis]))
        return own if self.is_swapped else own.T


def _traced(mask: Bools, images: Sequence[ImagePlane], roi_name: str) -> tuple[DrawnLoop, ...]:
    """Return the loops around the pixels of a mask (rows, columns, images), by rt-utils."""
    held = np.flatnonzero(mask.any(axis=(0, 1)))
    if not len(held):
        return ()
    scratch = Dataset()
    frame = Dataset()
    frame.FrameOfReferenceUID = "1.2.3"
    scratch.ReferencedFrameOfReferenceSequence = [frame]
    scratch.StructureSetROISequence = []
    scratch.ROIContourSequence = []
    scratch.RTROIObservationsSequence = []
    series = [_unit_image(number) for number in range(len(held))]
    _engine().RTStruct(series, scratch).add_roi(mask[:, :, held], name=roi_name)
    loops = []
    for contour in scratch.ROIContourSequence[0].ContourSequence:
        places = numbers(contour, "ContourData").reshape(-1, 3)
        if len(places) >= FEWEST_POINTS:
            image = images[held[round(float(places[0, 2]))]]
            loops.append(DrawnLoop(image.to_patient(places[:, :2]), places[:, :2], image))
    return tuple(loops)


def _unit_image(number: int) -> Dataset:
    """Return an image of unit pixels at a height of its number, as rt-utils asks for one."""
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID = "1.2.3", f"1.2.3.{number + 1}"
    image.ImagePositionPatient = [0, 0, number]
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    image.PixelSpacing = [1, 1]
    return image


def _engine() -> Any:
    """Return the module of rt-utils."""
    try:
        import rt_utils
    except ImportError as error:
        raise MissingExtraError(
            f"rt-utils cannot be loaded ({error}): install oligort[rtstruct] and what it needs"
        ) from error
    return rt_utils
