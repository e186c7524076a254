"""RT Dose: the dose in Gy on its grid, or the reason why the object must not be used as one."""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from oligort.dicom.elements import (
    BROKEN,
    integer,
    is_present,
    items,
    number,
    numbers,
    only_uid,
    stored_bytes,
    text,
    title,
    why,
)
from oligort.dicom.identity import patient_key
from oligort.dicom.instance import NATIVE_SYNTAXES, transfer_syntax
from oligort.dicom.planned_dvh import planned_dvhs
from oligort.display import quoted
from oligort.dose.grid import DoseGrid
from oligort.dose.planned_dvh import PlannedDvh
from oligort.errors import DicomError
from oligort.geometry.grid import Grid
from oligort.objects import Dose

Floats = npt.NDArray[np.float64]

RLE_LOSSLESS = "1.2.840.10008.1.2.5"

RLE_MAX_RATIO = 64
"""Most bytes that one byte of RLE can stand for: two bytes make a run of at most 128 (PS3.5 G.3).

A file that declares more than this has truncated pixels, or wants memory that it has no data for.
"""

MAX_RLE_BYTES = 128 * 1024**2
"""Most that RLE is unpacked to: 8 MB of it can ask for half a gigabyte."""

MAX_VOXELS = 2**27
"""Most voxels of a dose that is read: 512 x 512 x 512, of which the doses alone take 1 GiB."""

OFFSET_TOLERANCE_MM = 0.01
"""How far the first Grid Frame Offset may lie from 0, or from the z of the Image Position.

Both are decimal strings of one number; writers round them to as few as two decimals.
"""

AXIAL_TOLERANCE = 1e-4
"""How far direction cosines may lie from 1 and 0 in an axial image: see DIRECTION_TOLERANCE."""

SAME_STEP = 0.05
"""Share by which steps between frames may differ and be even: frames 1 mm apart with positions of
two decimals differ by a hundredth or two."""

MISSING = 1.5
"""A step of more, as a multiple of the usual one, holds a frame that is not there: as between the
planes of a structure."""

EVEN_SHARE = 0.75
"""Where so many steps are even, a lone wide one at an end is a gap, and no coarser end."""

LONGEST_GAPS = 2
"""So many wide steps in turn between even ones are gaps: every other frame is missing there. A grid
may be coarse between two fine parts for longer."""

_NOT_A_DOSE = {
    "RECORD": "a dose recorded during treatment",
    "PLAN_OVERVIEW": "a low-resolution overview of a plan",
}


def read_dose(dataset: Dataset, file: str) -> Dose:
    """Return an RT Dose with its dose in Gy, or with the reason why there is none.

    Parameters
    ----------
    dataset : Dataset
        An RT Dose, with its pixel data.
    file : str
        Its place in the submission.

    Raises
    ------
    DicomError
        If what the object says of itself cannot be read at all.
    """
    grid, refusal, is_plane = None, "", False
    try:
        grid = _dose_grid(dataset)
    except DicomError as error:
        refusal, is_plane = str(error), isinstance(error, _SinglePlaneError)
    return replace(
        described(dataset, file, refusal, grid),
        planned_dvhs=_planned_dvhs(dataset),
        # One that was cut off before its pixels still says how many there are.
        has_pixels=is_present(dataset, "PixelData") or is_present(dataset, "Rows"),
        is_plane=is_plane,
    )


def described(dataset: Dataset, file: str, refusal: str, grid: DoseGrid | None = None) -> Dose:
    """Return what an RT Dose says of itself, with its dose or the reason why there is none.

    Raises
    ------
    DicomError
        If that cannot be read.
    """
    plans = items(dataset, "ReferencedRTPlanSequence")
    return Dose(
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        file=file,
        units=text(dataset, "DoseUnits"),
        dose_type=text(dataset, "DoseType"),
        summation_type=text(dataset, "DoseSummationType"),
        plan_uids=tuple(text(plan, "ReferencedSOPInstanceUID") for plan in plans),
        structure_set_uid=only_uid(dataset, "ReferencedStructureSetSequence"),
        frame_of_reference_uid=text(dataset, "FrameOfReferenceUID"),
        heterogeneity_correction=text(dataset, "TissueHeterogeneityCorrection"),
        grid=grid,
        refusal=refusal,
        patient_key=patient_key(dataset),
        study_instance_uid=text(dataset, "StudyInstanceUID"),
    )


def _planned_dvhs(dataset: Dataset) -> tuple[PlannedDvh, ...]:
    """Return the planning system's histograms; what is wrong with them leaves the dose as it is."""
    try:
        return planned_dvhs(dataset)
    except DicomError as error:
        return (PlannedDvh((), refusal=str(error)),)


class _SinglePlaneError(DicomError):
    """The object is one plane of a dose, and whole."""


def _dose_grid(dataset: Dataset) -> DoseGrid:
    _refuse_what_is_no_dose_in_gy(dataset)
    shape = _declared_shape(dataset)
    if shape.frames == 1:
        _stored_values(dataset, shape)
        raise _SinglePlaneError(
            "a single dose plane has no extent across itself, so that no volume can be had from it"
        )
    positions_mm, ascends = _frame_positions(dataset, shape.frames)
    grid = _grid(dataset, shape, positions_mm if ascends else positions_mm[::-1])
    scaling = _required_number(dataset, "DoseGridScaling")
    if scaling <= 0:
        raise DicomError(f"expected {title('DoseGridScaling')} above 0, found {scaling:g}")
    stored = _stored_values(dataset, shape)
    if not ascends:
        stored = stored[::-1]
    if (lowest := int(stored.min())) < 0:
        raise DicomError(f"expected doses of at least 0 Gy, found {lowest * scaling:g} Gy")
    return DoseGrid(
        grid=grid,
        dose_gy=(stored * np.float64(scaling)).transpose(2, 1, 0),  # (frame, row, column) to ijk
        dose_type=text(dataset, "DoseType"),
        summation_type=text(dataset, "DoseSummationType"),
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
    )


def _refuse_what_is_no_dose_in_gy(dataset: Dataset) -> None:
    units = text(dataset, "DoseUnits")
    if units.upper() != "GY":
        found = f"is {quoted(units)}" if units else "is missing"
        raise DicomError(
            f"{title('DoseUnits')} {found}: only a dose in GY can be used; export it in Gy"
        )
    if text(dataset, "DoseType") == "ERROR":
        raise DicomError(
            f"{title('DoseType')} is ERROR: the object holds a difference of doses, not a dose"
        )
    summation = text(dataset, "DoseSummationType")
    if summation in _NOT_A_DOSE:
        raise DicomError(
            f"{title('DoseSummationType')} is {summation}: "
            f"the object holds {_NOT_A_DOSE[summation]}, not the planned dose"
        )


class _Shape(NamedTuple):
    """Size of the pixel data, and the type of one value in the file."""

    frames: int
    rows: int
    columns: int
    stored_type: np.dtype[np.integer]

    @property
    def byte_count(self) -> int:
        return self.frames * self.rows * self.columns * self.stored_type.itemsize


def _declared_shape(dataset: Dataset) -> _Shape:
    rows, columns = (_required_count(dataset, keyword) for keyword in ("Rows", "Columns"))
    frames = _required_count(dataset, "NumberOfFrames") if _says_frames(dataset) else 1
    bits = integer(dataset, "BitsAllocated")
    if bits not in {16, 32}:
        raise DicomError(f"expected 16 or 32 {title('BitsAllocated')}, found {bits}")
    if (stored_bits := integer(dataset, "BitsStored")) not in {None, bits}:
        raise DicomError(f"expected {bits} {title('BitsStored')}, found {stored_bits}")
    if (samples := integer(dataset, "SamplesPerPixel")) not in {None, 1}:
        raise DicomError(f"expected 1 in {title('SamplesPerPixel')}, found {samples}")
    sign = {None: "u", 0: "u", 1: "i"}.get(integer(dataset, "PixelRepresentation"))
    if sign is None:
        raise DicomError(f"expected 0 or 1 in {title('PixelRepresentation')}, found another value")
    _, is_little_endian = dataset.original_encoding
    order = ">" if is_little_endian is False else "<"
    return _Shape(frames, rows, columns, np.dtype(f"{order}{sign}{bits // 8}"))


def _says_frames(dataset: Dataset) -> bool:
    return integer(dataset, "NumberOfFrames") is not None


def _required_count(dataset: Dataset, keyword: str) -> int:
    value = integer(dataset, keyword)
    if value is None or value < 1:
        found = "nothing" if value is None else value
        raise DicomError(f"expected at least 1 in {title(keyword)}, found {found}")
    return value


def _required_number(dataset: Dataset, keyword: str) -> float:
    value = number(dataset, keyword)
    if value is None:
        raise DicomError(f"expected a number in {title(keyword)}, found nothing")
    return value


def _required_numbers(dataset: Dataset, keyword: str, count: int) -> Floats:
    values = numbers(dataset, keyword)
    if len(values) != count:
        raise DicomError(f"expected {count} numbers in {title(keyword)}, found {len(values)}")
    return values


def _frame_positions(dataset: Dataset, frames: int) -> tuple[Floats, bool]:
    """Return the frames' distances from the first one along the normal, and if they ascend.

    PS3.3 C.8.8.3.2 knows two forms of Grid Frame Offset Vector: distances from the first frame
    (its first element is 0), or, for an axial dose, patient z (its first element is the z of
    Image Position (Patient)). Feet first the normal is -z, so that patient z falls along it. Where
    that first z is 0, a vector is read as the first form, which hardly any system departs from.
    """
    offsets = _required_numbers(dataset, "GridFrameOffsetVector", frames)
    first_mm = float(offsets[0])
    positions_mm = offsets - first_mm
    if abs(first_mm) > OFFSET_TOLERANCE_MM:
        z_mm = float(_required_numbers(dataset, "ImagePositionPatient", 3)[2])
        along_z = _normal_along_z(dataset)
        if abs(first_mm - z_mm) > OFFSET_TOLERANCE_MM or not along_z:
            raise DicomError(
                f"expected {title('GridFrameOffsetVector')} to begin with 0 or, in an axial dose, "
                f"with the z of the image position, {z_mm:g}; found {first_mm:g}"
            )
        positions_mm = along_z * positions_mm
    steps = np.diff(positions_mm)
    if not ((steps > 0).all() or (steps < 0).all()):
        raise DicomError(
            f"expected {title('GridFrameOffsetVector')} to ascend or to descend throughout, "
            "found frames that repeat or turn back"
        )
    _require_no_gap(np.abs(steps))
    return positions_mm, bool(steps[0] > 0)


def _require_no_gap(steps_mm: Floats) -> None:
    """Refuse evenly spaced frames of which some are missing: between them no dose is known.

    Frames may lie unevenly, and closer together where it matters. One or two wide steps in frames
    that are even on both sides of them, or a wide one beyond the last of them, are no such thing.
    """
    usual_mm = float(np.median(steps_mm))
    is_usual = np.abs(steps_mm - usual_mm) <= SAME_STEP * usual_mm
    is_wide = steps_mm > MISSING * usual_mm
    begins, ends = np.flatnonzero(np.diff(is_wide, prepend=False, append=False)).reshape(-1, 2).T
    # Neighbours of each run of wide steps; beyond both ends there is none.
    around = np.pad(is_usual, 1)
    is_between = around[begins] & around[ends + 1] & (ends - begins <= LONGEST_GAPS)
    is_at_an_end = (around[begins] != around[ends + 1]) & (ends - begins == 1)
    is_at_an_end &= (begins == 0) | (ends == len(steps_mm))
    is_at_an_end &= bool(np.mean(is_usual) >= EVEN_SHARE)
    gaps = begins[is_between | is_at_an_end]
    if len(gaps):
        first = int(gaps[0])
        raise DicomError(
            f"frames are missing: frame {first + 2} lies {steps_mm[first]:g} mm beyond the one "
            f"before it, and the others {usual_mm:g} mm; export the dose whole"
        )


def _normal_along_z(dataset: Dataset) -> int:
    """Return 1 or -1 where the normal of an axial dose is +z or -z, 0 where it is not axial."""
    orientation = _required_numbers(dataset, "ImageOrientationPatient", 6)
    x, y, z = np.cross(orientation[:3], orientation[3:])
    is_axial = np.allclose([x, y, abs(z)], [0, 0, 1], atol=AXIAL_TOLERANCE)
    return int(np.sign(z)) if is_axial else 0


def _grid(dataset: Dataset, shape: _Shape, positions_mm: Floats) -> Grid:
    orientation = _required_numbers(dataset, "ImageOrientationPatient", 6)
    row_spacing_mm, column_spacing_mm = _required_numbers(dataset, "PixelSpacing", 2)
    origin_mm = _required_numbers(dataset, "ImagePositionPatient", 3)
    try:
        return Grid(
            origin_mm=origin_mm,
            i_direction=orientation[:3],  # the direction in which the column index grows
            j_direction=orientation[3:],
            i_spacing_mm=float(column_spacing_mm),
            j_spacing_mm=float(row_spacing_mm),
            i_count=shape.columns,
            j_count=shape.rows,
            frame_positions_mm=positions_mm,
            frame_of_reference_uid=text(dataset, "FrameOfReferenceUID"),
        )
    except ValueError as error:
        raise DicomError(f"the position of the dose makes no grid: {error}") from error


def _stored_values(dataset: Dataset, shape: _Shape) -> npt.NDArray[np.integer]:
    """Return the integers of the file as (frame, row, column), their count checked first."""
    if not is_present(dataset, "PixelData"):
        raise DicomError(f"expected the dose in {title('PixelData')}, found none")
    for keyword in ("FloatPixelData", "DoubleFloatPixelData"):
        if is_present(dataset, keyword):
            raise DicomError(
                f"expected the dose in {title('PixelData')} alone, found {title(keyword)} as well: "
                "which one is meant cannot be told; export it again"
            )
    encoded = stored_bytes(dataset, "PixelData")
    syntax = transfer_syntax(dataset)
    if syntax == RLE_LOSSLESS:
        return _unpacked(dataset, shape, len(encoded))
    if syntax not in NATIVE_SYNTAXES:
        raise DicomError(
            f"the pixels are compressed in the transfer syntax {quoted(syntax)}, which is not "
            "read; export the dose uncompressed"
        )
    # an odd number of bytes is padded to an even one
    if not shape.byte_count <= len(encoded) <= shape.byte_count + 1:
        trouble = "truncated" if len(encoded) < shape.byte_count else "of another size"
        raise DicomError(
            f"expected {shape.byte_count} bytes of dose for {shape.frames} frames of "
            f"{shape.rows} x {shape.columns}, found {len(encoded)}: the pixel data are {trouble}"
        )
    if (voxels := math.prod(shape[:3])) > MAX_VOXELS:
        raise DicomError(
            f"expected at most {MAX_VOXELS} voxels, found {voxels}: export it on a coarser grid"
        )
    values = np.frombuffer(encoded, dtype=shape.stored_type, count=voxels)
    return values.reshape(shape[:3])


def _unpacked(dataset: Dataset, shape: _Shape, encoded_count: int) -> npt.NDArray[np.integer]:
    if shape.byte_count > RLE_MAX_RATIO * encoded_count:
        raise DicomError(
            f"expected RLE data of at least {shape.byte_count // RLE_MAX_RATIO} bytes for "
            f"{shape.frames} frames of {shape.rows} x {shape.columns}, found {encoded_count}: "
            "the pixel data are truncated"
        )
    if shape.byte_count > MAX_RLE_BYTES:
        raise DicomError(
            f"the RLE pixel data would unpack to {shape.byte_count} bytes, more than the "
            f"{MAX_RLE_BYTES} that are unpacked; export the dose uncompressed"
        )
    try:
        values: npt.NDArray[np.integer] = dataset.pixel_array
    except (*BROKEN, RuntimeError) as error:
        raise DicomError(f"the RLE pixel data cannot be unpacked: {why(error)}") from error
    if shape.frames == 1:
        values = values[None]  # of one frame alone the axis of frames is left out
    if values.shape != shape[:3]:
        raise DicomError(f"expected dose of shape {shape[:3]}, found {values.shape}")
    return values
