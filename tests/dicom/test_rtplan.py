"""RT Plan: prescription, fractions and the beams' own dose."""

import pytest
from linked_export import referring
from pydicom.dataset import Dataset

from oligort.dicom.instance import read_object
from oligort.dicom.read import read
from oligort.dicom.rtdose import read_dose
from oligort.dicom.rtplan import doubts_of_plan, read_plan
from oligort.objects import FaultKind, Prescription


def test_plan_says_what_was_prescribed(plan):
    read = read_plan(plan(), "plan.dcm")
    assert read.prescriptions == (Prescription(dose_gy=20.0, roi_number=3),)
    assert read.fractions_planned == 4
    assert read.beam_dose_gy == 19.0  # 4 fractions of 2.0 + 2.75 Gy; a setup field adds none
    assert (read.label, read.structure_set_uid) == ("A", "1.2.1")


def test_ion_plan_is_told_from_a_photon_plan(plan):
    assert read_plan(plan(), "plan.dcm", "RTIONPLAN").modality == "RTIONPLAN"


def test_delivered_beam_without_dose_makes_the_beam_dose_unknown(plan):
    dataset = plan()
    del dataset.FractionGroupSequence[0].ReferencedBeamSequence[1].BeamDose
    assert read_plan(dataset, "plan.dcm").beam_dose_gy is None


def test_beam_doses_left_at_zero_are_no_dose(plan):
    dataset = plan()
    for beam in dataset.FractionGroupSequence[0].ReferencedBeamSequence:
        beam.BeamDose = "0"
    assert read_plan(dataset, "plan.dcm").beam_dose_gy is None


def test_unknown_fractions_stay_unknown(plan):
    dataset = plan()
    del dataset.FractionGroupSequence[0].NumberOfFractionsPlanned
    read = read_plan(dataset, "plan.dcm")
    assert read.fractions_planned is None
    assert read.beam_dose_gy is None


@pytest.mark.parametrize(("count", "beam_dose_gy"), [(-10, None), (9999, 9999 * 4.75)])
def test_a_number_of_fractions_that_cannot_be_is_unknown_and_told(plan, count, beam_dose_gy):
    dataset = plan()
    dataset.FractionGroupSequence[0].NumberOfFractionsPlanned = count
    read_ = read_plan(dataset, "plan.dcm")
    assert read_.fractions_planned is None
    # A sum that fits no prescription is not lost.
    assert read_.beam_dose_gy == pytest.approx(beam_dose_gy)
    assert f"found {count}" in doubts_of_plan(dataset)[0]


def test_a_negative_beam_dose_is_unknown_and_told(plan):
    dataset = plan()
    dataset.FractionGroupSequence[0].ReferencedBeamSequence[0].BeamDose = "-2.75"
    assert read_plan(dataset, "plan.dcm").beam_dose_gy is None
    (doubt,) = doubts_of_plan(dataset)
    assert "Beam Dose (300A,0084), found -2.75 Gy" in doubt
    assert doubts_of_plan(plan()) == ()


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_structure_sets_no_order_says_which_is_meant(order, plan, dose):
    planned, computed = plan(), dose()
    uids = ["1.2.1", "1.2.11"][::order]
    for dataset, read_ in ((planned, read_plan), (computed, read_dose)):
        dataset.ReferencedStructureSetSequence = [referring(uid) for uid in uids]
        computed.set_original_encoding(False, True)
        assert read_(dataset, "file.dcm").structure_set_uid == ""
    (doubt,) = doubts_of_plan(planned)
    assert "one structure set in Referenced Structure Set Sequence (300C,0060), found 2" in doubt
    planned.ReferencedStructureSetSequence = [referring("1.2.1"), referring("1.2.1")]
    assert read_plan(planned, "file.dcm").structure_set_uid == "1.2.1"
    assert doubts_of_plan(planned) == ()


def test_what_cannot_be_of_a_plan_is_told_of_its_file(plan, write, tmp_path):
    dataset = plan()
    dataset.FractionGroupSequence[0].NumberOfFractionsPlanned = -10
    write(dataset, tmp_path / "RP.dcm")
    (fault,) = read(tmp_path).faults
    assert (fault.file, fault.kind) == ("RP.dcm", FaultKind.DOUBT)
    assert "Number of Fractions Planned (300A,0078), found -10" in fault.reason


def test_fractions_of_all_groups_are_added(plan):
    dataset, boost = plan(), plan()
    dataset.FractionGroupSequence.append(boost.FractionGroupSequence[0])
    read = read_plan(dataset, "plan.dcm")
    assert (read.fractions_planned, read.beam_dose_gy) == (8, 38.0)


def test_plan_without_prescription_has_none(plan):
    dataset = plan()
    del dataset.DoseReferenceSequence
    assert read_plan(dataset, "plan.dcm").prescriptions == ()


@pytest.mark.parametrize("dose", ["0", "0.0", "-20", "NaN", "inf"])
def test_dose_that_is_not_above_zero_prescribes_nothing(plan, write, tmp_path, dose):
    dataset, other = plan(), plan()
    dataset.DoseReferenceSequence[0].TargetPrescriptionDose = "77.25"
    dataset.DoseReferenceSequence.append(other.DoseReferenceSequence[0])
    path = write(dataset, tmp_path / "plan.dcm")
    encoded = path.read_bytes()
    assert encoded.count(b"77.25 ") == 1
    path.write_bytes(encoded.replace(b"77.25 ", dose.encode().ljust(6)))
    read = read_plan(read_object(path)[0], "plan.dcm")
    assert read.prescriptions == (Prescription(dose_gy=20.0, roi_number=3),)


def test_the_plans_that_it_replaces(plan):
    dataset = plan()
    dataset.RTPlanDate, dataset.RTPlanTime = "20260401", "090000.5"
    predecessor, alternative, unsaid = Dataset(), Dataset(), Dataset()
    predecessor.ReferencedSOPInstanceUID, predecessor.RTPlanRelationship = "1.9.1", "PREDECESSOR"
    alternative.ReferencedSOPInstanceUID, alternative.RTPlanRelationship = "1.9.2", "ALTERNATIVE"
    unsaid.ReferencedSOPInstanceUID = "1.9.3"
    dataset.ReferencedRTPlanSequence = [predecessor, alternative, unsaid]
    read = read_plan(dataset, "RP.dcm")
    assert read.replaces == ("1.9.1",)
    assert (read.date, read.time) == ("20260401", "090000.5")
    assert read_plan(plan(), "RP.dcm").replaces == ()
