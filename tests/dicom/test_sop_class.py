"""What an object is: its SOP class, and what repeats it; what contradicts itself is no object."""

import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    EncapsulatedPDFStorage,
    MRImageStorage,
    RTDoseStorage,
    RTImageStorage,
    RTIonPlanStorage,
    RTPlanStorage,
    SecondaryCaptureImageStorage,
)

from oligort.dicom.read import read
from oligort.dicom.sop_class import Kind, kind_of
from oligort.errors import DicomError, NotDicomError
from oligort.objects import FaultKind, LeftAlone

SIEMENS_CSA = "1.3.12.2.1107.5.9.1"
VARIAN_PRIVATE = "1.2.246.352.70.1.70"
RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
PHILIPS_PRIVATE = "1.3.46.670589.11.0.0.12.2"


pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # of what is built


def header(sop_class, stored_as, modality):
    dataset = FileDataset("", Dataset(), file_meta=FileMetaDataset())
    for keyword, value in (("SOPClassUID", sop_class), ("Modality", modality)):
        if value:
            setattr(dataset, keyword, value)
    if stored_as:
        dataset.file_meta.MediaStorageSOPClassUID = stored_as
    return dataset


@pytest.mark.parametrize(
    ("sop_class", "stored_as", "modality", "kind"),
    [
        (RTDoseStorage, RTDoseStorage, "RTDOSE", Kind.RTDOSE),
        (RTDoseStorage, "", "", Kind.RTDOSE),
        ("", RTDoseStorage, "RTDOSE", Kind.RTDOSE),
        ("", "", "RTDOSE", Kind.RTDOSE),
        (RTIonPlanStorage, RTIonPlanStorage, "RTPLAN", Kind.RTIONPLAN),
        ("", RTIonPlanStorage, "RTPLAN", Kind.RTIONPLAN),
        (RTIonPlanStorage, "", "RTPLAN", Kind.RTIONPLAN),
        (RTPlanStorage, CTImageStorage, "RTPLAN", Kind.RTPLAN),
        (RTDoseStorage, RTDoseStorage, "OT", Kind.RTDOSE),
        # scripts copy the file meta of another object: two of three say what it is
        (RTDoseStorage, CTImageStorage, "RTDOSE", Kind.RTDOSE),
        (RTDoseStorage, "1.2", "RTDOSE", Kind.RTDOSE),
        # a CT that was computed from an MR
        (CTImageStorage, CTImageStorage, "MR", Kind.CT),
        (SecondaryCaptureImageStorage, SecondaryCaptureImageStorage, "CT", Kind.UNUSED),
        (EncapsulatedPDFStorage, EncapsulatedPDFStorage, "RTPLAN", Kind.UNUSED),
        (SIEMENS_CSA, SIEMENS_CSA, "OT", Kind.UNUSED),
        (SIEMENS_CSA, "", "", Kind.UNUSED),
        (VARIAN_PRIVATE, VARIAN_PRIVATE, "RTPLAN", Kind.UNUSED),
        (PHILIPS_PRIVATE, "", "MR", Kind.UNUSED),
        # no file meta
        (VARIAN_PRIVATE, "", "RTPLAN", Kind.UNUSED),
        (SIEMENS_CSA, "", "RTDOSE", Kind.UNUSED),
        (RAW_DATA, "", "RTSTRUCT", Kind.UNUSED),
        (RAW_DATA, RAW_DATA, "RTDOSE", Kind.UNUSED),
    ],
)
def test_the_kind_is_what_the_object_says(sop_class, stored_as, modality, kind):
    assert kind_of(header(sop_class, stored_as, modality), has_preamble=True) is kind


@pytest.mark.parametrize(
    ("sop_class", "stored_as", "modality", "told"),
    [
        # one byte of the class of a dose changed
        (RTImageStorage, RTDoseStorage, "RTDOSE", "RT Image.*Storage SOP Class UID.*RT Dose"),
        (RTImageStorage, "", "RTDOSE", 'RT Image, its Modality .* "RTDOSE"'),
        (RTImageStorage, RTImageStorage, "RTDOSE", 'RT Image, its Modality .* "RTDOSE"'),
        (RTPlanStorage, "", "RTDOSE", 'RT Plan, its Modality .* "RTDOSE"'),
        (RTPlanStorage, RTPlanStorage, "RTDOSE", 'RT Plan, its Modality .* "RTDOSE"'),
        ("1.2.840.10009.5.1.4.1.1.481.2", RTDoseStorage, "RTDOSE", "what it is cannot be told"),
        ("1.2.840.10009.5.1.4.1.1.481.2", "", "RTDOSE", "what it is cannot be told"),
        (RTIonPlanStorage, RTPlanStorage, "RTPLAN", "RT Ion Plan.*Storage SOP Class UID.*RT Plan"),
        (RTPlanStorage, RTIonPlanStorage, "RTPLAN", "RT Plan.*Storage SOP Class UID.*RT Ion Plan"),
        ("1.2.840.10009.5.1.4.1.7.481.5", "", "RTPLAN", "what it is cannot be told"),
        ("1.2.840.1", "", "RTPLAN", "what it is cannot be told"),
        (VARIAN_PRIVATE, RTPlanStorage, "RTPLAN", "what it is cannot be told"),
        (RAW_DATA, RTDoseStorage, "RTDOSE", "Raw Data.*Storage SOP Class UID.*RT Dose"),
        (EncapsulatedPDFStorage, "", "RTPLAN", "what it is cannot be told"),
        (MRImageStorage, CTImageStorage, "CT", "MR Image.*Storage SOP Class UID.*CT Image"),
        (SecondaryCaptureImageStorage, CTImageStorage, "CT", "of CT Image: what it is"),
        (RTDoseStorage, RTPlanStorage, "", "what it is cannot be told"),
        ("x", RTDoseStorage, "RTDOSE", 'found "x"'),
        ("", "", "OT", "found none"),
    ],
)
def test_what_contradicts_itself_is_refused(sop_class, stored_as, modality, told):
    with pytest.raises(DicomError, match=told):
        kind_of(header(sop_class, stored_as, modality), has_preamble=True)


def test_what_says_nothing_and_has_no_preamble_is_no_dicom():
    for sop_class in ("", "x"):
        with pytest.raises(NotDicomError):
            kind_of(header(sop_class, "", ""), has_preamble=False)


def test_a_dose_of_another_class_is_a_fault_and_a_private_object_is_left_alone(
    tmp_path, write, structure_set, dose
):
    write(structure_set({"Heart": []}), tmp_path / "rs.dcm")
    encoded = write(dose(), tmp_path / "rd.dcm").read_bytes()
    at = encoded.rindex(RTDoseStorage.encode()) + len(RTDoseStorage) - 1
    (tmp_path / "rd.dcm").write_bytes(encoded[:at] + b"1" + encoded[at + 1 :])
    private = structure_set({}, uid="1.2.77")
    private.SOPClassUID, private.Modality = VARIAN_PRIVATE, "RTPLAN"
    write(private, tmp_path / "varian.dcm")
    submission = read(tmp_path)
    fault, told = submission.faults
    assert (fault.file, fault.kind) == ("rd.dcm", FaultKind.UNREADABLE)
    assert (told.file, told.kind) == ("varian.dcm", FaultKind.FOREIGN)
    assert f'SOP class {VARIAN_PRIVATE} whose Modality (0008,0060) is "RTPLAN"' in told.reason
    assert submission.left_alone == (LeftAlone("RTPLAN object", "varian.dcm"),)
