"""A small export that passes: the thorax of boxes of the checks, as three DICOM files.

Lungs of 60 x 60 x 100 mm, a metastasis of 20 mm in the left one, a primary and its target between
them; a dose that rises along z by 0.5 Gy/mm from 0 Gy on. Reading and checking it takes 0.2 s.
"""

from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from answered import REGISTER
from msgspec.structs import replace
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    RTDoseStorage,
    RTPlanStorage,
    RTStructureSetStorage,
)

from oligort.clinical.register import Register
from oligort.phantoms import Box
from oligort.protocol.model import Protocol

FRAME, STUDY = "1.2.840.1", "1.2.840.2"
PLANES_MM = np.arange(-97.5, 100, 5.0)
SOLIDS = {
    "Lung_L": ("ORGAN", Box((50.0, 0.0, 0.0), (60.0, 60.0, 100.0))),
    "Lung_R": ("ORGAN", Box((-50.0, 0.0, 0.0), (60.0, 60.0, 100.0))),
    "GTVm01_Lung_L": ("GTV", Box((50.0, 0.0, 0.0), (20.0, 20.0, 20.0))),
    "GTVp": ("GTV", Box((0.0, 0.0, 50.0), (10.0, 10.0, 10.0))),
    "PTVm01": ("PTV", Box((0.0, 0.0, 50.0), (20.0, 20.0, 20.0))),
}
EDGE_MM = 35.0
"""Where the dose is 20 Gy: V20 of the lungs without the metastasis is 15.2 %."""


@cache
def register() -> Register:
    """Return the register with which the export passes."""
    primary = {"id": "P", "kind": "primary", "roi_names": ["GTVp"]}
    return Register.from_dict({**REGISTER, "lesions": [*REGISTER["lesions"], primary]})


@cache
def protocol() -> Protocol:
    """Return the trial's protocol, which for this export allows a dose grid of 10 mm."""
    trial = Protocol.load("nct06190782")
    coarse = replace(trial.settings.dose_grid_spacing_mm, value=10.0)
    return replace(trial, settings=replace(trial.settings, dose_grid_spacing_mm=coarse))


def _begun(sop_class: str, modality: str, uid: str) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, uid
    dataset.StudyDate, dataset.Modality = "20260401", modality
    dataset.Manufacturer = "Example"
    dataset.PatientName, dataset.PatientID = "PT-1", "PT-1"
    dataset.PatientBirthDate, dataset.PatientSex = "", "F"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = STUDY, f"{uid}.9"
    dataset.FrameOfReferenceUID = FRAME
    return dataset


def structures() -> Dataset:
    """Return the RTSTRUCT."""
    dataset = _begun(RTStructureSetStorage, "RTSTRUCT", "1.2.1")
    dataset.StructureSetLabel = "SET"
    named, drawn, observed = [], [], []
    for number, (roi_name, (interpreted_type, solid)) in enumerate(SOLIDS.items(), 1):
        roi, loops, observation = Dataset(), Dataset(), Dataset()
        roi.ROINumber, roi.ROIName = number, roi_name
        roi.ReferencedFrameOfReferenceUID, roi.ROIGenerationAlgorithm = FRAME, "MANUAL"
        loops.ReferencedROINumber, loops.ROIDisplayColor = number, [255, 0, 0]
        loops.ContourSequence = []
        for contour in solid.structure(roi_name, number, PLANES_MM).contours:
            loop = Dataset()
            loop.ContourGeometricType = "CLOSED_PLANAR"
            loop.NumberOfContourPoints = len(contour.points_mm)
            loop.ContourData = [f"{value:.2f}" for value in contour.points_mm.ravel()]
            loops.ContourSequence.append(loop)
        observation.ObservationNumber = observation.ReferencedROINumber = number
        observation.RTROIInterpretedType = interpreted_type
        named.append(roi)
        drawn.append(loops)
        observed.append(observation)
    dataset.StructureSetROISequence = named
    dataset.ROIContourSequence = drawn
    dataset.RTROIObservationsSequence = observed
    return dataset


def plan() -> Dataset:
    """Return the RTPLAN: 27.5 Gy to the target in 10 fractions by one beam."""
    dataset = _begun(RTPlanStorage, "RTPLAN", "1.2.2")
    dataset.RTPlanLabel, dataset.RTPlanDate, dataset.ApprovalStatus = "plan", "20260401", "APPROVED"
    target, group, beam, whose = Dataset(), Dataset(), Dataset(), Dataset()
    target.DoseReferenceNumber, target.DoseReferenceType = 1, "TARGET"
    target.ReferencedROINumber = list(SOLIDS).index("PTVm01") + 1
    target.TargetPrescriptionDose = "27.5"
    dataset.DoseReferenceSequence = [target]
    beam.ReferencedBeamNumber, beam.BeamDose, beam.BeamMeterset = 1, "2.75", "300"
    group.FractionGroupNumber, group.NumberOfFractionsPlanned = 1, 10
    group.NumberOfBeams, group.ReferencedBeamSequence = 1, [beam]
    dataset.FractionGroupSequence = [group]
    whose.ReferencedSOPClassUID, whose.ReferencedSOPInstanceUID = RTStructureSetStorage, "1.2.1"
    dataset.ReferencedStructureSetSequence = [whose]
    return dataset


def dose() -> Dataset:
    """Return the RTDOSE: 21 x 13 x 37 voxels in steps of a milligray."""
    dataset = _begun(RTDoseStorage, "RTDOSE", "1.2.3")
    z_mm = np.arange(-90.0, 91.0, 5.0)
    along = np.maximum(20 + 0.5 * (z_mm - EDGE_MM), 0)
    stored = np.broadcast_to(np.round(along / 1e-3)[:, None, None], (37, 13, 21)).astype("<u4")
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = stored.shape
    dataset.ImagePositionPatient = [-100, -60, -90]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing, dataset.SliceThickness = [10, 10], 5
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.FrameIncrementPointer = 0x3004000C
    dataset.BitsAllocated = dataset.BitsStored = 32
    dataset.HighBit, dataset.PixelRepresentation = 31, 0
    dataset.DoseUnits, dataset.DoseType = "GY", "PHYSICAL"
    dataset.DoseSummationType, dataset.DoseGridScaling = "PLAN", "0.001"
    dataset.GridFrameOffsetVector = [5 * k for k in range(37)]
    whose = Dataset()
    whose.ReferencedSOPClassUID, whose.ReferencedSOPInstanceUID = RTPlanStorage, "1.2.2"
    dataset.ReferencedRTPlanSequence = [whose]
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset


OBJECTS = {"RS.dcm": structures, "RP.dcm": plan, "RD.dcm": dose}
"""The files of the export, and what builds each."""


def write(dataset: Dataset, path: Path | BinaryIO, syntax: str = ExplicitVRLittleEndian) -> None:
    """Write one object."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", "1.2")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "1.2")
    dataset.save_as(path, enforce_file_format=True)


def write_export(folder: Path) -> None:
    """Write the whole export."""
    for file, built in OBJECTS.items():
        write(built(), folder / file)
