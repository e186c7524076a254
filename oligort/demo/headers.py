"""What the demo's DICOM objects have in common: identifiers, patient, study, file meta."""

import uuid

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from oligort.demo.cases import Case

DAY = "20260401"
"""Date of everything in the demo: fixed, so that the same case gives the same bytes."""

TIME = "090000"


def uid_of(case: Case, *what: object) -> UID:
    """Return the UID of one thing of a case.

    It is a name-based UUID under 2.25 (PS3.5 B.2) of all the case's numbers, so that the same
    case keeps its UIDs and an altered case never shares one with the case it came from.
    """
    name = "|".join(repr(part) for part in (case, *what))
    return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, name).int}")


def reference(dataset: Dataset) -> Dataset:
    """Return an item that refers to an object by class and instance."""
    return item(
        ReferencedSOPClassUID=dataset.SOPClassUID, ReferencedSOPInstanceUID=dataset.SOPInstanceUID
    )


def item(**elements: object) -> Dataset:
    """Return a dataset of elements given by DICOM keyword."""
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def begun(case: Case, modality: str, sop_class: UID, instance: object = "") -> Dataset:
    """Return a new object with its file meta and the patient, study and series modules."""
    made = item(
        SpecificCharacterSet="ISO_IR 192",
        InstanceCreationDate=DAY,
        InstanceCreationTime=TIME,
        SOPClassUID=sop_class,
        SOPInstanceUID=uid_of(case, modality, instance),
        StudyDate=DAY,
        StudyTime=TIME,
        AccessionNumber="",
        Modality=modality,
        Manufacturer="oligort demo",
        ReferringPhysicianName="",
        StudyDescription="Synthetic patient by formula",
        SeriesDescription=modality,
        OperatorsName="",
        PatientName=case.subject,
        PatientID=case.subject,
        PatientBirthDate="",
        PatientSex="O",
        PatientAge="061Y",
        PatientIdentityRemoved="YES",
        DeidentificationMethod="synthetic, there is no patient",
        ClinicalTrialSponsorName="oligort demo",
        ClinicalTrialProtocolID="NCT06190782",
        ClinicalTrialSiteID="DEMO",
        ClinicalTrialSubjectID=case.subject,
        StudyInstanceUID=uid_of(case, "study"),
        SeriesInstanceUID=uid_of(case, modality, "series"),
        StudyID="1",
        SeriesNumber=1,
        InstanceNumber=1,
        FrameOfReferenceUID=uid_of(case, "frame of reference"),
        PositionReferenceIndicator="",
    )
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def approve(dataset: Dataset) -> None:
    """Mark a structure set or a plan as approved."""
    dataset.ApprovalStatus = "APPROVED"
    dataset.ReviewDate = DAY
    dataset.ReviewTime = TIME
    dataset.ReviewerName = ""
