"""Small exports whose objects refer to each other: images, versions, beams and sums, courses.

Each is the list of its DICOM objects, built anew.
"""

from io import BytesIO

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, PositronEmissionTomographyImageStorage
from small_export import FRAME, PLANES_MM, STUDY, dose, plan, structures, write


def as_bytes(dataset):
    """Return an object as a file."""
    stream = BytesIO()
    write(dataset, stream)
    return stream.getvalue()


def altered(dataset, **elements):
    """Return an object with elements set."""
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def referring(uid, **elements):
    """Return an item that refers to a UID."""
    item = Dataset()
    item.ReferencedSOPInstanceUID = uid
    return altered(item, **elements)


def image(z_mm, number, sop_class=CTImageStorage, modality="CT"):
    """Return an image of 2 x 2 pixels in the plane z."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = sop_class, f"1.2.9.{number}", modality
    made.PatientName, made.PatientID = "PT-1", "PT-1"
    made.StudyInstanceUID, made.SeriesInstanceUID = STUDY, f"1.2.9.{modality == 'CT':d}"
    made.FrameOfReferenceUID = FRAME
    made.ImagePositionPatient = [0, 0, float(z_mm)]
    made.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    made.PixelSpacing, made.Rows, made.Columns = [1, 1], 2, 2
    made.BitsAllocated, made.PixelData = 16, bytes(8)
    made["PixelData"].VR = "OW"
    return made


def whole():
    """Structures, plan and dose."""
    return [structures(), plan(), dose()]


def with_images():
    """With CT images, of which one is missing, and a PET image."""
    images = [image(z_mm, number) for number, z_mm in enumerate(np.delete(PLANES_MM, 7))]
    pet = image(0, 99, PositronEmissionTomographyImageStorage, "PT")
    drawn = structures()
    series = altered(Dataset(), SeriesInstanceUID="1.2.9.1")
    series.ContourImageSequence = [referring(one.SOPInstanceUID) for one in images]
    study = altered(referring(STUDY), RTReferencedSeriesSequence=[series])
    frame = altered(Dataset(), FrameOfReferenceUID=FRAME, RTReferencedStudySequence=[study])
    drawn.ReferencedFrameOfReferenceSequence = [frame]
    return [drawn, plan(), dose(), pet, *images]


def versions():
    """Another structure set that replaces the first, an alternative plan with a dose of its own."""
    second = altered(structures(), SOPInstanceUID="1.2.11")
    second.PredecessorStructureSetSequence = [referring("1.2.1")]
    other_plan = altered(plan(), SOPInstanceUID="1.2.22", RTPlanLabel="other")
    related = referring("1.2.2", RTPlanRelationship="ALTERNATIVE")
    other_plan.ReferencedRTPlanSequence = [related]
    other_dose = altered(dose(), SOPInstanceUID="1.2.33", DoseGridScaling="0.0009")
    other_dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = "1.2.22"
    return [*whole(), second, other_plan, other_dose]


def beams_and_sum():
    """A dose of a plan beside those of its beams and the sum of two plans."""
    beams = [
        altered(dose(), SOPInstanceUID=f"1.2.4{k}", DoseSummationType="BEAM", DoseGridScaling=scale)
        for k, scale in enumerate(("0.0004", "0.0006"))
    ]
    second = altered(plan(), SOPInstanceUID="1.2.22", RTPlanLabel="boost")
    total = altered(dose(), SOPInstanceUID="1.2.5", DoseSummationType="MULTI_PLAN")
    total.ReferencedRTPlanSequence = [
        altered(referring(uid), ReferencedSOPClassUID=plan().SOPClassUID)
        for uid in ("1.2.2", "1.2.22")
    ]
    return [*whole(), *beams, second, total]


def courses_apart():
    """Two plans with a dose each, whose targets lie apart: their doses are added."""
    second = altered(plan(), SOPInstanceUID="1.2.22", RTPlanLabel="boost")
    second.DoseReferenceSequence[0].ReferencedROINumber = 3
    of_second = altered(dose(), SOPInstanceUID="1.2.33", DoseGridScaling="0.0009")
    of_second.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = "1.2.22"
    return [*whole(), second, of_second]


def two_patients_and_twins():
    """Objects of another patient and study, and two doses of one UID that differ."""
    other = [altered(one, PatientID="PT-2", StudyInstanceUID="1.77") for one in whole()[:2]]
    for number, one in enumerate(other):
        one.SOPInstanceUID, one.FrameOfReferenceUID = f"1.2.6{number}", "1.78"
    return [*whole(), *other, altered(dose(), DoseGridScaling="0.0007")]
