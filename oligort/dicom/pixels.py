"""The pixels of one image, read when a picture needs them and never before.

Headers are all that a check reads of an image. What cannot be decoded has its reason: a picture can
do without, and says so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from oligort.dicom.archive import unpacked_member
from oligort.dicom.content import MAX_FILE_BYTES
from oligort.dicom.elements import (
    BROKEN,
    integer,
    is_present,
    number,
    numbers,
    stored_bytes,
    text,
    title,
    why,
)
from oligort.dicom.instance import NATIVE_SYNTAXES, read_object, transfer_syntax
from oligort.display import quoted
from oligort.errors import DicomError
from oligort.geometry.grid import Grid
from oligort.objects import ImageSeries, ImageSource

Floats = npt.NDArray[np.float64]

MAX_PIXELS = 4096 * 4096
"""More than any image of a patient has; digital radiographs of one breast come near."""

MAX_IMAGE_BYTES = 256 * 1024**2
"""Largest file that is read for one image: such an image in 32 bits, four times over."""


@dataclass(frozen=True, eq=False)
class ImagePlane:
    """One image: values (i, j), in HU where it is a CT, and where they lie in the patient.

    `grid` has one plane; `is_dark_high` tells of an image whose high values are dark.
    """

    values: Floats
    grid: Grid
    is_dark_high: bool = False


def nearest_image(series: ImageSeries, position_mm: float) -> tuple[ImageSource, float]:
    """Return the image nearest to a position along the series' normal, and where that one lies.

    Raises
    ------
    DicomError
        If the series does not know where its images can be read again.
    """
    if len(series.sources) != len(series.positions_mm) or not series.sources:
        raise DicomError("where its images lie is not known")
    place = int(np.argmin(np.abs(np.array(series.positions_mm) - position_mm)))
    return series.sources[place], series.positions_mm[place]


def read_plane(source: ImageSource) -> ImagePlane:
    """Return one image with its pixels.

    Raises
    ------
    DicomError
        If the file is gone, is another one by now, is too large, or its pixels cannot be decoded.
    """
    with _file_of(source) as path:
        _refuse_large(path)
        dataset, _ = read_object(path)
        if text(dataset, "SOPInstanceUID") != source.sop_instance_uid:
            raise DicomError("the image is not the one that was read before")
        return _plane(dataset)


@contextmanager
def _file_of(source: ImageSource) -> Iterator[Path]:
    if source.member is None:
        yield source.path
        return
    with TemporaryDirectory(prefix="oligort-") as folder:
        yield unpacked_member(source.path, source.member, Path(folder))


def _refuse_large(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DicomError(f"the image cannot be read any more: {error.strerror}") from error
    if size > min(MAX_IMAGE_BYTES, MAX_FILE_BYTES):
        raise DicomError(f"an image of {size} bytes is more than is read for a picture")


def _plane(dataset: Dataset) -> ImagePlane:
    rows, columns = (_count(dataset, keyword) for keyword in ("Rows", "Columns"))
    if rows * columns > MAX_PIXELS:
        raise DicomError(f"an image of {rows} x {columns} pixels is more than is read")
    if (frames := integer(dataset, "NumberOfFrames")) not in {None, 1}:
        raise DicomError(f"expected one frame, found {frames}")
    if (samples := integer(dataset, "SamplesPerPixel")) not in {None, 1}:
        raise DicomError(f"expected one value a pixel, found {samples}")
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    stored = _stored(dataset, rows, columns).astype(np.float64)
    values = stored * (1.0 if slope is None else slope) + (intercept or 0.0)
    return ImagePlane(
        values.T,
        _grid(dataset, rows, columns),
        text(dataset, "PhotometricInterpretation") == "MONOCHROME1",
    )


def _count(dataset: Dataset, keyword: str) -> int:
    value = integer(dataset, keyword)
    if value is None or value < 1:
        raise DicomError(f"expected at least 1 in {title(keyword)}, found {value}")
    return value


def _stored(dataset: Dataset, rows: int, columns: int) -> npt.NDArray[np.generic]:
    """Return the values (row, column) as they are stored."""
    if not is_present(dataset, "PixelData"):
        raise DicomError("the image holds no pixels")
    if transfer_syntax(dataset) not in NATIVE_SYNTAXES:
        return _decoded(dataset, rows, columns)
    bits = integer(dataset, "BitsAllocated")
    if bits not in {8, 16, 32}:
        raise DicomError(f"expected 8, 16 or 32 {title('BitsAllocated')}, found {bits}")
    used = integer(dataset, "BitsStored") or bits
    is_signed = integer(dataset, "PixelRepresentation") == 1
    encoded = stored_bytes(dataset, "PixelData")
    if len(encoded) < rows * columns * bits // 8:
        raise DicomError("the pixels are truncated")
    order = ">" if dataset.original_encoding[1] is False else "<"
    kind = np.dtype(f"{order}{'i' if is_signed else 'u'}{bits // 8}")
    values = np.frombuffer(encoded, dtype=kind, count=rows * columns).reshape(rows, columns)
    if not 0 < used < bits:
        return values
    # What stands in the bits beyond those that are used (old overlays) is no part of a value.
    shift = bits - used
    return np.asarray(np.right_shift(np.left_shift(values, shift), shift))


def _decoded(dataset: Dataset, rows: int, columns: int) -> npt.NDArray[np.generic]:
    """Return compressed pixels, where a decoder for them is installed."""
    try:
        values: npt.NDArray[np.generic] = dataset.pixel_array
    except (*BROKEN, RuntimeError) as error:
        raise DicomError(
            f"its pixels are compressed ({quoted(transfer_syntax(dataset))}) and cannot be "
            f"decoded here: {why(error)}"
        ) from error
    if values.shape != (rows, columns):
        raise DicomError(f"expected {rows} x {columns} pixels, found {values.shape}")
    return values


def _grid(dataset: Dataset, rows: int, columns: int) -> Grid:
    spacing = numbers(dataset, "PixelSpacing")
    position = numbers(dataset, "ImagePositionPatient")
    orientation = numbers(dataset, "ImageOrientationPatient")
    if (len(spacing), len(position), len(orientation)) != (2, 3, 6):
        raise DicomError("the image does not say where its pixels lie")
    try:
        return Grid(
            origin_mm=position,
            i_direction=orientation[:3],
            j_direction=orientation[3:],
            i_spacing_mm=float(spacing[1]),
            j_spacing_mm=float(spacing[0]),
            i_count=columns,
            j_count=rows,
            frame_positions_mm=np.zeros(1),
            frame_of_reference_uid=text(dataset, "FrameOfReferenceUID"),
        )
    except ValueError as error:
        raise DicomError(f"the image does not say where its pixels lie: {error}") from error
