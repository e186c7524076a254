"""Links: what a DICOM file says it belongs to, read without its contours and pixels."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from oligort.dicom.elements import items, text
from oligort.dicom.identity import identities, patient_key
from oligort.dicom.instance import linking_header
from oligort.dicom.sop_class import Kind
from oligort.errors import DicomError
from oligort.objects import PLACEHOLDER


@dataclass(frozen=True)
class Links:
    """What one file belongs to.

    Parameters
    ----------
    kind : Kind
        What it is.
    sop_instance_uid, study_uid : str
        Its own UID and that of its study, or "".
    frames, refers_to : frozenset of str
        Frames of reference that it names; SOP Instance UIDs of plans and structure sets that it is
        of.
    patient_key : str
        Opaque digest of the Patient ID, else of the Patient's Name, or "" where that is none or a
        placeholder.
    subject_id, site_id : str
        Clinical Trial Subject ID (0012,0040) and Site ID (0012,0030), or "".
    identities : frozenset of str
        What names the patient, to be masked and never shown.
    has_placeholder : bool
        Whether the id is a placeholder, which many patients may have alike.
    """

    kind: Kind
    sop_instance_uid: str
    study_uid: str
    frames: frozenset[str]
    refers_to: frozenset[str]
    patient_key: str
    subject_id: str
    site_id: str
    identities: frozenset[str]
    has_placeholder: bool = False


def links_of(path: Path) -> Links:
    """Return what a file belongs to.

    Raises
    ------
    DicomError
        If it is no DICOM file, or one whose header cannot be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is odd in it is told when it is read
        kind, header = linking_header(path)
        key = patient_key(header)
        has_placeholder = key.startswith(PLACEHOLDER)
        return Links(
            kind=kind,
            sop_instance_uid=text(header, "SOPInstanceUID"),
            study_uid=text(header, "StudyInstanceUID"),
            frames=frozenset(_frames(header)) - {""},
            refers_to=frozenset(_references(header)) - {""},
            patient_key="" if has_placeholder else key,
            has_placeholder=has_placeholder,
            subject_id=text(header, "ClinicalTrialSubjectID"),
            site_id=text(header, "ClinicalTrialSiteID"),
            identities=identities(header),
        )


def _frames(header: Dataset) -> Iterator[str]:
    yield text(header, "FrameOfReferenceUID")
    for sequence in ("ReferencedFrameOfReferenceSequence", "RegistrationSequence"):
        for item in _items(header, sequence):
            yield text(item, "FrameOfReferenceUID")


def _references(header: Dataset) -> Iterator[str]:
    """Yield the UIDs of the plans and structure sets that an object is of."""
    for sequence in ("ReferencedRTPlanSequence", "ReferencedStructureSetSequence"):
        for item in _items(header, sequence):
            yield text(item, "ReferencedSOPInstanceUID")


def _items(header: Dataset, sequence: str) -> tuple[Dataset, ...]:
    """Return the items of a sequence; what cannot be read links nothing, and is told when read."""
    try:
        return items(header, sequence)
    except DicomError:
        return ()
