"""What refers to what: images of structure sets, versions, studies, and what is left alone."""

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SpatialFiducialsStorage,
)

from oligort.dicom.read import read
from oligort.objects import LeftAlone


def item(**elements):
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def referring(uid):
    return item(ReferencedSOPInstanceUID=uid)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_a_structure_set_names_studies_series_images_and_its_predecessor(
    tmp_path, write, structure_set, syntax
):
    dataset = structure_set({"Heart": []})
    series = item(SeriesInstanceUID="1.9", ContourImageSequence=[referring("1.9.1")])
    other = item(SeriesInstanceUID="1.8", ContourImageSequence=[])
    study = item(ReferencedSOPInstanceUID="1.7", RTReferencedSeriesSequence=[series, other])
    frame = item(FrameOfReferenceUID="1.2.3.4", RTReferencedStudySequence=[study])
    dataset.ReferencedFrameOfReferenceSequence = [frame]
    dataset.PredecessorStructureSetSequence = [referring("1.6")]
    dataset.StudyInstanceUID, dataset.StructureSetDate = "1.5", "20260401"
    dataset.StructureSetTime = "101500"
    (read_set,) = read(write(dataset, tmp_path / "rs.dcm", syntax)).structure_sets
    assert read_set.referenced_study_uids == {"1.7"}
    assert read_set.referenced_series_uids == {"1.9", "1.8"}
    assert read_set.referenced_image_uids == {"1.9.1"}
    assert read_set.predecessor_uids == {"1.6"}
    assert (read_set.study_instance_uid, read_set.date, read_set.time) == (
        "1.5",
        "20260401",
        "101500",
    )


def test_a_plan_names_the_plans_that_it_is_related_to(tmp_path, write, plan):
    dataset = plan()
    related = referring("1.2.6")
    related.RTPlanRelationship = "ALTERNATIVE"
    dataset.ReferencedRTPlanSequence = [related]
    dataset.StudyInstanceUID, dataset.RTPlanTime = "1.5", "1015"
    (read_plan,) = read(write(dataset, tmp_path / "rp.dcm")).plans
    assert read_plan.related == (("ALTERNATIVE", "1.2.6"),)
    assert (read_plan.study_instance_uid, read_plan.time) == ("1.5", "1015")


def test_a_dose_knows_its_study(tmp_path, write, dose):
    dataset = dose()
    dataset.StudyInstanceUID = "1.5"
    assert read(write(dataset, tmp_path / "rd.dcm")).doses[0].study_instance_uid == "1.5"


def test_what_is_of_no_use_is_told_by_what_it_calls_itself(tmp_path, write, structure_set):
    write(structure_set({"Heart": []}), tmp_path / "rs.dcm")
    for name, sop_class, modality in (
        ("Doe fid.dcm", SpatialFiducialsStorage, "FID"),
        ("multi.dcm", EnhancedCTImageStorage, "CT"),
        ("odd.dcm", "1.2.840.10008.99.1", "OT"),
    ):
        other = structure_set({}, uid=f"1.2.7.{len(name)}")
        other.SOPClassUID, other.Modality = sop_class, modality
        write(other, tmp_path / name)
    submission = read(tmp_path)
    assert submission.left_alone == (
        LeftAlone("Spatial Fiducials", "*** fid.dcm"),
        LeftAlone("Enhanced CT Image", "multi.dcm"),
        LeftAlone("OT object", "odd.dcm"),
    )
    assert submission.faults == ()
