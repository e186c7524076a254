"""An earlier course from disk to the answer: in another frame of reference, with its registration.

The demo's patient, and before it a quarter of the same dose, its voxels turned and shifted into the
frame of another image. Where the one gives D, both give 1.25 D: their V20 is the V16 of the one.
"""

import json
import shutil
import sys
import tomllib
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, SpatialRegistrationStorage

import oligort
from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.cli import main
from oligort.clinical.register import Register
from oligort.demo.cases import WITHIN_PROTOCOL
from oligort.demo.export import write_case
from oligort.protocol.model import Protocol

SHARE = 0.25
V20_AS_OF_ONE = f"V{20 / (1 + SHARE):g}Gy[%]"

PRIOR_FRAME = "1.2.3.5"
INTO_OURS = np.array([[0.0, -1, 0, 10], [1, 0, 0, 20], [0, 0, 1, 30], [0, 0, 0, 1]])
"""From the frame of the earlier course: a quarter turn about z, then a shift."""

TOLERANCE_PP = 1e-4
"""Positions are written to 1e-6 mm or better, and doses to a microgray: where the lungs get 16 Gy
their volume changes by some percent in a Gy."""

LUNGS = "Lung_L|Lung_R"

CASE = replace(WITHIN_PROTOCOL, metastases=WITHIN_PROTOCOL.metastases[:1])
"""Of the three metastases the one in the lung: each other one takes as long and shows the same."""


def back(points_mm):
    """Points of our frame as they are written in that of the earlier course."""
    return (points_mm - INTO_OURS[:3, 3]) @ INTO_OURS[:3, :3]


def contours_back(structures):
    for drawn in structures.ROIContourSequence:
        for contour in drawn.ContourSequence:
            points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
            contour.ContourData = [f"{value:.3f}" for value in back(points).ravel()]
            del contour.ContourImageSequence
    for one in structures.StructureSetROISequence:
        one.ReferencedFrameOfReferenceUID = PRIOR_FRAME
    del structures.ReferencedFrameOfReferenceSequence


def dose_back(dose):
    rows = np.array(dose.ImageOrientationPatient, dtype=float).reshape(2, 3)
    turned = (rows @ INTO_OURS[:3, :3]).ravel()
    dose.ImageOrientationPatient = [f"{value:g}" for value in turned]
    at_mm = back(np.array(dose.ImagePositionPatient, dtype=float))
    dose.ImagePositionPatient = [f"{value:g}" for value in at_mm]
    dose.DoseGridScaling = f"{float(dose.DoseGridScaling) * SHARE:g}"


def quarter(plan):
    for one in plan.DoseReferenceSequence:
        one.TargetPrescriptionDose = float(one.TargetPrescriptionDose) * SHARE
    for beam in plan.FractionGroupSequence[0].ReferencedBeamSequence:
        beam.BeamDose = float(beam.BeamDose) * SHARE


def write_prior(home, folder):
    """Write the earlier course that a case of the demo had."""
    folder.mkdir()
    read = {
        kind: pydicom.dcmread(home / f"{kind}.dcm") for kind in ("RTSTRUCT", "RTPLAN", "RTDOSE")
    }
    contours_back(read["RTSTRUCT"])
    quarter(read["RTPLAN"])
    dose_back(read["RTDOSE"])
    for number, (kind, dataset) in enumerate(read.items(), 1):
        dataset.SOPInstanceUID = f"1.2.77.{number}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.FrameOfReferenceUID = PRIOR_FRAME
        if kind == "RTPLAN":
            dataset.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = "1.2.77.1"
        if kind == "RTDOSE":
            dataset.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = "1.2.77.2"
        dataset.save_as(folder / f"{kind}.dcm", enforce_file_format=True)


def without_body(path):
    """Leave the outline of the body out, whose histogram takes as long as all others."""
    dataset = pydicom.dcmread(path)
    (body,) = (roi.ROINumber for roi in dataset.StructureSetROISequence if roi.ROIName == "BODY")
    for sequence, number in (
        ("StructureSetROISequence", "ROINumber"),
        ("ROIContourSequence", "ReferencedROINumber"),
        ("RTROIObservationsSequence", "ReferencedROINumber"),
    ):
        dataset[sequence].value = [one for one in dataset[sequence] if one[number].value != body]
    dataset.save_as(path, enforce_file_format=True)


def registration(home) -> Dataset:
    dose = pydicom.dcmread(home / "RTDOSE.dcm")
    dataset, item, one, matrix = Dataset(), Dataset(), Dataset(), Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = SpatialRegistrationStorage, "1.2.77.9"
    dataset.Modality, dataset.PatientID = "REG", dose.PatientID
    dataset.PatientName = dose.PatientName
    dataset.FrameOfReferenceUID = dose.FrameOfReferenceUID
    matrix.FrameOfReferenceTransformationMatrixType = "RIGID"
    matrix.FrameOfReferenceTransformationMatrix = [f"{v:g}" for v in INTO_OURS.ravel()]
    one.MatrixSequence = [matrix]
    item.FrameOfReferenceUID, item.MatrixRegistrationSequence = PRIOR_FRAME, [one]
    dataset.RegistrationSequence = [item]
    return dataset


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """The case, and its earlier course without a registration."""
    place = tmp_path_factory.mktemp("courses")
    home, prior = place / "now", place / "prior"
    register = write_case(CASE, home)
    without_body(home / "RTSTRUCT.dcm")
    write_prior(home, prior)
    return home, prior, register


@pytest.fixture
def registered(exports, write, tmp_path):
    home, prior, register = exports
    there = shutil.copytree(prior, tmp_path / "prior")
    write(registration(home), there / "REG.dcm", ExplicitVRLittleEndian)
    return home, there, register


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    def run_main(*arguments):
        file = tmp_path / "answer.json"
        arguments = [*map(str, arguments), "--json", str(file)]
        monkeypatch.setattr(sys, "argv", ["oligort", *arguments])
        with pytest.raises(SystemExit) as leaving:
            main()
        capsys.readouterr()
        return int(leaving.value.code or 0), json.loads(file.read_text(encoding="utf-8"))

    return run_main


def v20(answer, metric="V20Gy[%]"):
    return answer["dvhs"][0]["metrics"][metric]


def test_the_dose_of_a_registered_course_is_added(registered, run):
    home, prior, _ = registered
    asked = ("dvh", home, "--roi", LUNGS, "--metric")
    _, one = run(*asked, V20_AS_OF_ONE)
    status, both = run(*asked, "V20Gy[%]", "--prior", prior)
    assert status == 0
    assert v20(both) == pytest.approx(v20(one, V20_AS_OF_ONE), abs=TOLERANCE_PP)
    assert both["dose_sop_instance_uids"] == [*one["dose_sop_instance_uids"], "1.2.77.3"]
    # A file alone will do for an export, and the registration may come with ours.
    given = ("dvh", home, prior / "REG.dcm", "--roi", LUNGS, "--metric", "V20Gy[%]")
    _, apart = run(*given, "--prior", prior / "RTDOSE.dcm")
    assert v20(apart) == v20(both)


def test_a_check_grades_both_courses(registered, run):
    home, prior, register = registered
    status, alone = run("check", home, "--register", register)
    assert status == 0
    status, both = run("check", home, "--register", register, "--prior", prior)
    (limit,) = (f for f in both["findings"] if f["code"] == "OL301")
    dvh = oligort.read(home).dvh("Lungs-GTV")
    assert limit["evidence"][0]["measured"] == pytest.approx(dvh[V20_AS_OF_ONE], abs=TOLERANCE_PP)
    assert (status, limit["grade"]) == ((0, "PASS") if dvh[V20_AS_OF_ONE] <= 25 else (1, "MAJOR"))
    graded = {f["code"]: f["grade"] for f in both["findings"]}
    assert {graded[code] for code in ("OL001", "OL002", "OL003", "OL401")} == {"PASS"}
    assert len(both["provenance"]) == len(alone["provenance"]) + 4


def test_without_a_registration_nothing_is_added(exports, run):
    home, prior, register = exports
    status, answer = run("dvh", home, "--roi", LUNGS, "--metric", "V20Gy[%]", "--prior", prior)
    assert status == 3
    assert answer["dvhs"] == []
    assert "no registration leads from one to the other" in answer["not_evaluable"][0]["reason"]
    status, report = run("check", home, "--register", register, "--prior", prior)
    assert status == 3
    grades = {f["code"]: f["grade"] for f in report["findings"] if f["code"] in ("OL301", "OL004")}
    assert grades == {"OL301": "NOT_EVALUABLE", "OL004": "NOT_EVALUABLE"}


def test_the_same_export_as_its_own_prior_is_counted_once(exports, run):
    home, _, _ = exports
    asked = ("dvh", home, "--roi", LUNGS, "--metric", "V20Gy[%]")
    _, one = run(*asked)
    status, twice = run(*asked, "--prior", home)
    assert status == 0
    (told,) = (note for note in twice.pop("notes") if note not in one["notes"])
    assert "counted once" in told
    assert twice == {key: value for key, value in one.items() if key != "notes"}


def test_two_phases_planned_alike_are_both_named_though_one_is_an_earlier_course(
    exports, run, tmp_path
):
    """Equal in every voxel they are refused; who knows that they are two has to be able to say."""
    home, _, _ = exports
    prior = tmp_path / "phase"
    prior.mkdir()
    for number, kind in enumerate(("RTPLAN", "RTDOSE"), 2):
        dataset = pydicom.dcmread(home / f"{kind}.dcm")
        dataset.SOPInstanceUID = f"1.2.78.{number}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        if kind == "RTPLAN":
            label, dataset.RTPlanLabel = str(dataset.RTPlanLabel), "phase 2"
        else:
            dataset.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = "1.2.78.2"
        dataset.save_as(prior / f"{kind}.dcm", enforce_file_format=True)
    asked = ("dvh", home, "--roi", LUNGS, "--metric")
    _, one = run(*asked, "V10Gy[%]")
    status, refused = run(*asked, "V20Gy[%]", "--prior", prior)
    assert status == 3
    assert "equal in every voxel and of different plans" in refused["not_evaluable"][0]["reason"]
    status, both = run(*asked, "V20Gy[%]", "--prior", prior, "--plan", label, "--plan", "phase 2")
    assert status == 0
    assert v20(both) == pytest.approx(v20(one, "V10Gy[%]"), abs=TOLERANCE_PP)


def test_the_earlier_course_of_another_patient_is_major(registered, run):
    home, prior, register = registered
    for file in prior.iterdir():
        dataset = pydicom.dcmread(file)
        dataset.PatientID = "ANOTHER"
        dataset.save_as(file)
    status, report = run("check", home, "--register", register, "--prior", prior)
    assert status == 1
    (finding,) = (f for f in report["findings"] if f["code"] == "OL002")
    assert finding["grade"] == "MAJOR"
    assert "ANOTHER" not in json.dumps(report)


def test_the_earlier_course_of_another_type_is_refused_and_its_faults_are_told(registered, run):
    home, prior, register = registered
    dose = pydicom.dcmread(prior / "RTDOSE.dcm")
    dose.DoseType = "EFFECTIVE"
    dose.save_as(prior / "RTDOSE.dcm")
    (prior / "cut.dcm").write_bytes((prior / "RTPLAN.dcm").read_bytes()[:90])
    status, report = run("check", home, "--register", register, "--prior", prior)
    assert status == 3
    messages = {f["code"]: f["message"] for f in report["findings"]}
    assert "EFFECTIVE and PHYSICAL are not added up" in messages["OL301"]
    assert "cut.dcm" in messages["OL001"]


def test_one_fraction_of_an_earlier_course_does_not_fit_its_plan(registered, run):
    home, prior, register = registered
    dose = pydicom.dcmread(prior / "RTDOSE.dcm")
    dose.DoseGridScaling = f"{float(dose.DoseGridScaling) / CASE.fractions:g}"
    dose.save_as(prior / "RTDOSE.dcm")
    status, report = run("check", home, "--register", register, "--prior", prior)
    assert status == 3
    (limit,) = (f for f in report["findings"] if f["code"] == "OL301")
    assert limit["grade"] == "NOT_EVALUABLE"
    assert "does not fit the prescription" in limit["message"]
    assert "prescription 12.5 Gy" in limit["message"]


@pytest.mark.parametrize(("said", "grade"), [("unknown", "MAJOR"), ("no", "NOT_EVALUABLE")])
def test_lesions_in_the_field_of_a_registered_course_are_told(registered, said, grade):
    """The earlier course had the same targets: every lesion lies inside its 50 % isodose."""
    home, prior, register = registered
    text = register.read_text(encoding="utf-8")
    told = text.replace('in_field_recurrence = "no"', f'in_field_recurrence = "{said}"')
    answers = Register.from_dict(tomllib.loads(told))
    submission = oligort.read(home / "RTSTRUCT.dcm").after(oligort.read(prior))
    check = next(one for one in all_checks() if one.code == "OL114")
    (found,) = check.run(Case(submission, Protocol.load("nct06190782"), answers))
    assert found.grade == grade
    assert found.message.count("100.0 %") == 1 + len(CASE.metastases)
    assert "the 50 % isodose (6.25 Gy)" in found.message
