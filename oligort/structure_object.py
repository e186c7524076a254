"""A new RT Structure Set beside another: of the same patient, study, frame and images, and no ROI.

Its elements are written as the other is encoded, so that what is taken over stays byte for byte.
"""

from datetime import datetime

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RTStructureSetStorage,
    generate_uid,
)

from oligort.dicom.elements import as_written, text
from oligort.drawing import DrawnLoop
from oligort.versions import versions_of

LABEL = "oligort review"
"""Structure Set Label and Series Description: what tells the file from the original."""

WRITTEN_DECIMALS = 4
"""Decimals of a coordinate that is drawn, in mm: a tenth of a micrometre."""

MAX_EXPLICIT_BYTES = 0xFFFE
"""Longest value of type DS in explicit VR; a longer one is written as UN (PS3.5, 6.2.2)."""

_TRIAL_GROUP = 0x0012
_KEPT = (
    "SpecificCharacterSet", "TimezoneOffsetFromUTC", "StudyDate", "StudyTime", "AccessionNumber",
    "ReferringPhysicianName", "StudyDescription", "StudyInstanceUID", "StudyID",
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex",
    "FrameOfReferenceUID", "PositionReferenceIndicator", "ReferencedFrameOfReferenceSequence",
)  # fmt: skip
"""Elements of the original by which a system files the new one beside it; no address, no remark."""

_CONTOUR_DATA = Tag("ContourData")


def begun_beside(original: Dataset, now: datetime) -> Dataset:
    """Return the new object without ROIs: patient, study, frame and images of the original."""
    made = Dataset()
    kept = {Tag(keyword) for keyword in _KEPT}
    for tag in original.keys():  # noqa: SIM118 - iterating would convert every element
        element = as_written(original, tag)
        is_kept = tag in kept or tag.group == _TRIAL_GROUP
        if is_kept and element is not None and element.value is not None:
            made[tag] = element
    day, time = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    predecessor = item_of(
        ReferencedSOPClassUID=RTStructureSetStorage,
        ReferencedSOPInstanceUID=text(original, "SOPInstanceUID"),
    )
    made.update(
        item_of(
            InstanceCreationDate=day,
            InstanceCreationTime=time,
            SOPClassUID=RTStructureSetStorage,
            SOPInstanceUID=generate_uid(prefix=None),
            Modality="RTSTRUCT",
            Manufacturer="oligort",
            ManufacturerModelName="oligort",
            SoftwareVersions=versions_of(["oligort"])["oligort"],
            SeriesDescription=LABEL,
            SeriesInstanceUID=generate_uid(prefix=None),
            SeriesNumber=None,
            OperatorsName="",
            StructureSetLabel=LABEL,
            StructureSetDate=day,
            StructureSetTime=time,
            PredecessorStructureSetSequence=[predecessor],
            StructureSetROISequence=[],
            ROIContourSequence=[],
            RTROIObservationsSequence=[],
            ApprovalStatus="UNAPPROVED",
        )
    )
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.TransferSyntaxUID = _transfer_syntax(original)
    return made


def _transfer_syntax(original: Dataset) -> UID:
    """Return how the original is encoded, which its elements are written on as."""
    is_implicit, is_little_endian = original.original_encoding
    if is_little_endian is False:
        return ExplicitVRBigEndian
    return ExplicitVRLittleEndian if is_implicit is False else ImplicitVRLittleEndian


def item_of(**elements: object) -> Dataset:
    """Return a dataset of elements given by DICOM keyword."""
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def loop_item(loop: DrawnLoop, number: int) -> Dataset:
    """Return the contour item of a loop, its coordinates as the bytes of one text."""
    image = item_of(
        ReferencedSOPClassUID=loop.image.sop_class_uid,
        ReferencedSOPInstanceUID=loop.image.sop_instance_uid,
    )
    item = item_of(
        ContourImageSequence=[image],
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(loop.points_mm),
        ContourNumber=number,
    )
    written = "\\".join(f"{mm:.{WRITTEN_DECIMALS}f}" for mm in loop.points_mm.ravel().tolist())
    value = (written + " " * (len(written) % 2)).encode("ascii")
    vr = "DS" if len(value) <= MAX_EXPLICIT_BYTES else "UN"
    item[_CONTOUR_DATA] = RawDataElement(_CONTOUR_DATA, vr, len(value), value, 0, False, True)
    return item
