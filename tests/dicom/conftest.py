"""Writers of small DICOM files: valid ones, for the tests to break one thing at a time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    RTDoseStorage,
    RTPlanStorage,
    RTStructureSetStorage,
)

FRAME = "1.2.3.4"


def _base(sop_class: str, modality: str, uid: str) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = uid
    dataset.Modality = modality
    dataset.PatientID = "PT-0017"
    dataset.PatientName = "Doe^Jane"
    dataset.FrameOfReferenceUID = FRAME
    return dataset


def _contour(points, geometric_type="CLOSED_PLANAR") -> Dataset:
    item = Dataset()
    item.ContourGeometricType = geometric_type
    item.NumberOfContourPoints = len(points)
    item.ContourData = [f"{value:.3f}" for value in np.ravel(points)]
    return item


def _structure_set(rois: dict[str, list[Dataset] | None], uid: str = "1.2.1") -> Dataset:
    """ROIs by name, numbered from 1; None leaves the Contour Sequence out."""
    dataset = _base(RTStructureSetStorage, "RTSTRUCT", uid)
    dataset.StructureSetLabel = "TEST"
    dataset.StructureSetROISequence = []
    dataset.ROIContourSequence = []
    dataset.RTROIObservationsSequence = []
    for roi_number, (roi_name, contours) in enumerate(rois.items(), start=1):
        roi, drawn, observation = Dataset(), Dataset(), Dataset()
        roi.ROINumber = roi_number
        roi.ROIName = roi_name
        roi.ReferencedFrameOfReferenceUID = FRAME
        drawn.ReferencedROINumber = roi_number
        if contours is not None:
            drawn.ContourSequence = contours
        observation.ReferencedROINumber = roi_number
        observation.RTROIInterpretedType = "ORGAN"
        dataset.StructureSetROISequence.append(roi)
        dataset.ROIContourSequence.append(drawn)
        dataset.RTROIObservationsSequence.append(observation)
    return dataset


def _dose(stored: np.ndarray | None = None, uid: str = "1.2.2") -> Dataset:
    """A dose of (frame, row, column) integers in steps of 0.01 Gy on a 2 x 3 x 4 mm grid."""
    if stored is None:
        stored = np.arange(4 * 3 * 5, dtype=np.uint32).reshape(4, 3, 5)
    dataset = _base(RTDoseStorage, "RTDOSE", uid)
    dataset.DoseUnits = "GY"
    dataset.DoseType = "PHYSICAL"
    dataset.DoseSummationType = "PLAN"
    dataset.DoseGridScaling = "0.01"
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8 * stored.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0
    dataset.ImagePositionPatient = [10, 20, 30]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [3, 2]
    dataset.GridFrameOffsetVector = [4 * k for k in range(len(stored))]
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset


def _plan(uid: str = "1.2.5") -> Dataset:
    """20 Gy in 4 fractions by two beams and a setup field."""
    dataset = _base(RTPlanStorage, "RTPLAN", uid)
    dataset.RTPlanLabel = "A"
    target, organ, group, structure_set = Dataset(), Dataset(), Dataset(), Dataset()
    target.DoseReferenceType = "TARGET"
    target.TargetPrescriptionDose = "20"
    target.ReferencedROINumber = 3
    organ.DoseReferenceType = "ORGAN_AT_RISK"
    dataset.DoseReferenceSequence = [target, organ]
    beams = [Dataset(), Dataset(), Dataset()]
    for beam, dose in zip(beams, ("2.0", "2.75"), strict=False):
        beam.BeamDose = dose
        beam.BeamMeterset = "100"
    group.NumberOfFractionsPlanned = 4
    group.ReferencedBeamSequence = beams
    dataset.FractionGroupSequence = [group]
    structure_set.ReferencedSOPInstanceUID = "1.2.1"
    dataset.ReferencedStructureSetSequence = [structure_set]
    return dataset


def _write(dataset: Dataset, path: Path, syntax: str = ImplicitVRLittleEndian) -> Path:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    path.parent.mkdir(parents=True, exist_ok=True)
    if syntax == ExplicitVRBigEndian:
        dataset.save_as(path, implicit_vr=False, little_endian=False, enforce_file_format=True)
    else:
        dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def contour() -> Callable[..., Dataset]:
    return _contour


@pytest.fixture
def structure_set() -> Callable[..., Dataset]:
    return _structure_set


@pytest.fixture
def dose() -> Callable[..., Dataset]:
    return _dose


@pytest.fixture
def plan() -> Callable[..., Dataset]:
    return _plan


@pytest.fixture
def write() -> Callable[..., Path]:
    return _write
