"""Writes loops and dose arrays as RTSTRUCT, RTDOSE and CT headers, as planning systems do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import CTImageStorage, RTDoseStorage, RTStructureSetStorage

from oligort.demo.cases import WITHIN_PROTOCOL, Case
from oligort.demo.headers import begun, item, reference

Floats = npt.NDArray[np.float64]

GY_PER_STEP = 1e-6
"""Dose Grid Scaling: a microgray, so that rounding is no part of any difference between engines."""

_CONTOUR_DATA = Tag("ContourData")


@dataclass(frozen=True)
class Roi:
    """One structure as drawn: its (N, 3) loops in patient LPS millimetres."""

    name: str
    interpreted_type: str
    loops_mm: tuple[Floats, ...]


def subject_case(subject: str) -> Case:
    """Return a case that lends its headers and UIDs to the objects of one subject."""
    return replace(WITHIN_PROTOCOL, subject=subject)


def write_ct_headers(case: Case, planes_mm: Iterable[float], folder: Path) -> list[Dataset]:
    """Write one CT object a plane, without its pixels, and return them."""
    folder.mkdir(parents=True, exist_ok=True)
    images = []
    for number, z_mm in enumerate(planes_mm, 1):
        image = begun(case, "CT", CTImageStorage, number)
        image.update(
            item(
                ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
                PatientPosition="HFS",
                ImagePositionPatient=[-249.5, -249.5, f"{z_mm:.2f}"],
                ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
                PixelSpacing=[0.976, 0.976],
                Rows=512,
                Columns=512,
                SliceThickness=3,
            )
        )
        image.save_as(folder / f"CT_{number:03d}.dcm", enforce_file_format=True)
        images.append(image)
    return images


def write_structures(
    case: Case, rois: Sequence[Roi], path: Path, decimals: int, images: Sequence[Dataset] = ()
) -> None:
    """Write an RTSTRUCT; coordinates carry a fixed number of decimals."""
    dataset = begun(case, "RTSTRUCT", RTStructureSetStorage)
    frame_uid = dataset.FrameOfReferenceUID
    dataset.StructureSetLabel = "BENCHMARK"
    items_at = {f"{float(image.ImagePositionPatient[2]):.2f}": reference(image) for image in images}
    series = item(
        SeriesInstanceUID=images[0].SeriesInstanceUID if images else "1.2.3",
        ContourImageSequence=list(items_at.values()),
    )
    study = item(RTReferencedSeriesSequence=[series] if images else [])
    dataset.ReferencedFrameOfReferenceSequence = [
        item(FrameOfReferenceUID=frame_uid, RTReferencedStudySequence=[study] if images else [])
    ]
    dataset.StructureSetROISequence = [
        item(ROINumber=number, ReferencedFrameOfReferenceUID=frame_uid, ROIName=roi.name)
        for number, roi in enumerate(rois, 1)
    ]
    dataset.ROIContourSequence = [
        item(
            ROIDisplayColor=[255, 160, 0],
            ReferencedROINumber=number,
            ContourSequence=[_contour(loop, decimals, items_at) for loop in roi.loops_mm],
        )
        for number, roi in enumerate(rois, 1)
    ]
    dataset.RTROIObservationsSequence = [
        item(
            ObservationNumber=number,
            ReferencedROINumber=number,
            RTROIInterpretedType=roi.interpreted_type,
            ROIInterpreter="",
        )
        for number, roi in enumerate(rois, 1)
    ]
    dataset.save_as(path, enforce_file_format=True)


def write_dose(
    case: Case, dose_gy: Floats, origin_mm: Sequence[float], spacing_mm: Sequence[float], path: Path
) -> None:
    """Write an RTDOSE of an (i, j, k) array; `origin_mm` is the centre of the first voxel."""
    steps = np.round(dose_gy / GY_PER_STEP).astype("<u4")
    columns, rows, frames = steps.shape
    dataset = begun(case, "RTDOSE", RTDoseStorage)
    dataset.update(
        item(
            ImagePositionPatient=[f"{value:.4f}" for value in origin_mm],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            # row spacing first
            PixelSpacing=[f"{spacing_mm[1]:.6f}", f"{spacing_mm[0]:.6f}"],
            SliceThickness=f"{spacing_mm[2]:.6f}",
            SamplesPerPixel=1,
            PhotometricInterpretation="MONOCHROME2",
            NumberOfFrames=frames,
            FrameIncrementPointer=0x3004000C,
            Rows=rows,
            Columns=columns,
            BitsAllocated=32,
            BitsStored=32,
            HighBit=31,
            PixelRepresentation=0,
            DoseUnits="GY",
            DoseType="PHYSICAL",
            DoseSummationType="PLAN",
            GridFrameOffsetVector=[f"{k * spacing_mm[2]:.6f}" for k in range(frames)],
            DoseGridScaling=GY_PER_STEP,
            # DICOM's order is frame, row, column
            PixelData=steps.T.tobytes(),
        )
    )
    dataset.save_as(path, enforce_file_format=True)


def _contour(loop_mm: Floats, decimals: int, items_at: dict[str, Dataset]) -> Dataset:
    made = item(ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=len(loop_mm))
    if items_at:
        made.ContourImageSequence = [items_at[f"{loop_mm[0, 2]:.2f}"]]
    # as raw bytes: a decimal string object for each of 900,000 numbers takes seconds
    text = "\\".join(f"{number:.{decimals}f}" for number in loop_mm.ravel().tolist())
    value = (text + " " * (len(text) % 2)).encode("ascii")
    made[_CONTOUR_DATA] = RawDataElement(_CONTOUR_DATA, "DS", len(value), value, 0, False, True)
    return made
