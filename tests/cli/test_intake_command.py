"""`oligort intake`: the tree of what refers to what, the findings, JSON and exit status."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from linked_export import (
    altered,
    as_bytes,
    beams_and_sum,
    referring,
    two_patients_and_twins,
    versions,
    whole,
    with_images,
)
from pydicom.dataset import Dataset
from pydicom.uid import SpatialFiducialsStorage
from small_export import FRAME, STUDY, plan, structures

import oligort.checks.engine
from oligort.cli import main
from oligort.report.intake_document import shown_uid

ROOT = Path(__file__).parents[2]


@dataclass
class Answer:
    status: int
    out: str
    err: str

    @property
    def tree(self) -> list[str]:
        """The lines before the findings."""
        lines = self.out.splitlines()
        return lines[: lines.index("")]


Run = Callable[..., Answer]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    def run_main(*arguments: object) -> Answer:
        given = [*map(str, arguments), "--subject", "PT-1"]
        monkeypatch.setattr(sys, "argv", ["oligort", "intake", *given])
        with pytest.raises(SystemExit) as leaving:
            main()
        sys.stdout.flush()
        out, err = capfd.readouterr()
        assert all(len(line) <= 100 for line in out.splitlines()) or out.startswith("{")
        return Answer(int(leaving.value.code or 0), out, err)

    return run_main


@pytest.fixture
def written(tmp_path):
    def write_all(datasets, names=None):
        folder = tmp_path / "export"
        folder.mkdir()
        for number, dataset in enumerate(datasets):
            name = names[number] if names else f"{number:02d}_{dataset.Modality}.dcm"
            (folder / name).write_bytes(as_bytes(dataset))
        return folder

    return write_all


def told(answer):
    return json.loads(answer.out)


def test_the_demo_and_the_transcript_in_the_readme(run: Run, demo_page):
    answer = run(demo_page(0).folder)
    assert (answer.status, answer.err) == (0, "")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"    \$ oligort intake DIR/DEMO-01\n((?:    .*\n|\n)+)", readme)
    lines = [line[4:].rstrip() for line in shown.rstrip("\n").splitlines()]
    printed = answer.out.splitlines()
    assert lines[: len(answer.tree)] == answer.tree
    for line in lines:
        assert line.strip() == "[...]" or line in printed, line


def test_what_refers_to_what_stands_below_it(run: Run, written):
    answer = run(written(whole()))
    structure_set, dangling, treatment, of_treatment, more = answer.tree[2:]
    assert answer.tree[:2] == [f"Study {STUDY}", f"  Frame of reference {FRAME}"]
    assert structure_set == (
        '    RTSTRUCT "00_RTSTRUCT.dcm" "SET": 5 ROIs, 5 drawn; approval not stated; judged'
    )
    assert dangling == "      ! refers to no image"
    assert treatment.startswith(
        '      RTPLAN "01_RTPLAN.dcm" "plan": 27.5 Gy in 10 fractions; APPROVED'
    )
    # 20 Gy at z = 35 mm, 0.5 Gy/mm up to z = 90 mm
    assert of_treatment.startswith(
        '        RTDOSE "02_RTDOSE.dcm": PLAN, PHYSICAL, GY; 21 x 13 x 37 voxels'
    )
    assert more.endswith("maximum 47.50 Gy; judged")


def test_images_stand_above_and_pet_is_left_alone(run: Run, written):
    answer = run(written(with_images()))
    tree = "\n".join(answer.tree)
    assert "    PT series: 1 image, z 0.0 mm; left alone: no structure set refers to it" in tree
    assert (
        "    CT series: 39 images every 5 mm, z -97.5 to 97.5 mm; no image between z -67.5" in tree
    )
    assert tree.index("CT series") < tree.index('      RTSTRUCT "00_RTSTRUCT.dcm"')
    assert "!" not in tree
    assert "OL019" in answer.out
    assert answer.status == 0  # a deviation is told, and is no status here


def test_structures_on_several_series_stand_below_the_one_that_they_name_most(run: Run, written):
    objects = with_images()
    study = objects[0].ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    pet = altered(Dataset(), SeriesInstanceUID="1.2.9.0")
    pet.ContourImageSequence = [referring("1.2.9.99")]
    study.RTReferencedSeriesSequence.append(pet)
    answer = run(written(objects))
    tree = "\n".join(answer.tree)
    assert tree.index("PT series") < tree.index("CT series") < tree.index("RTSTRUCT")
    assert "refers to other series as well: PT" in " ".join(tree.split())
    assert "left alone" not in tree


def test_json_says_the_same(run: Run, written):
    folder = written(with_images())
    document = told(run(folder, "--json", "-"))
    pet, ct = document["images"]
    assert (pet["modality"], pet["is_drawn_on"]) == ("PT", False)
    assert (ct["image_count"], ct["spacing_mm"], ct["axis"]) == (39, 5.0, "z")
    assert (ct["first_mm"], ct["last_mm"], ct["is_drawn_on"]) == (-97.5, 97.5, True)
    assert ct["faults"] == ["no image between z -67.5 and -57.5 mm, where the usual step is 5 mm"]
    (structure_set,) = document["structure_sets"]
    assert structure_set["images"] == [1]
    assert (structure_set["referenced_image_count"], structure_set["missing_image_count"]) == (
        39,
        0,
    )
    assert (structure_set["roi_count"], structure_set["drawn_roi_count"]) == (5, 5)
    (one_plan,), (one_dose,) = document["plans"], document["doses"]
    assert one_plan["structure_set_uid"] == structure_set["sop_instance_uid"]
    assert one_dose["plan_uids"] == [one_plan["sop_instance_uid"]]
    assert one_plan["prescriptions_gy"] == [27.5]
    assert (one_dose["shape"], one_dose["spacing_mm"]) == ([21, 13, 37], [10.0, 10.0, 5.0])
    assert one_dose["maximum_gy"] == pytest.approx(47.5)
    assert all(one["is_judged"] for one in (structure_set, one_plan, one_dose))
    assert {"OL001", "OL018", "OL019", "OL020"} <= {one["code"] for one in document["findings"]}
    assert document["not_evaluable"] == []
    assert document["schema_version"] == 1
    # The same input gives the same bytes.
    assert run(folder, "--json", "-").out == run(folder, "--json", "-").out


def test_checks_with_a_limit_are_not_asked(run: Run, written):
    document = told(run(written(whole()), "--json", "-"))
    assert {one["code"][:3] for one in document["findings"]} == {"OL0"}


@pytest.mark.parametrize(
    ("without", "code", "said"),
    [
        (1, "OL009", "! refers to a plan that is not there: 1.2.2"),
        (0, "OL004", "! refers to a structure set that is not there: 1.2.1"),
        (2, "OL004", ""),
    ],
    ids=["plan", "structures", "dose"],
)
def test_dangling_ends_are_marked(run: Run, written, without, code, said):
    objects = whole()
    del objects[without]
    folder = written(objects)
    answer = run(folder)
    assert answer.status == 3
    assert said in "\n".join(answer.tree)
    assert f"not evaluable: {code}" in answer.err
    assert told(run(folder, "--json", "-"))["not_evaluable"]


def test_without_a_subject_whether_the_patient_id_is_one_stays_open(run: Run, written, monkeypatch):
    folder = written(whole())
    assert run(folder).status == 0
    monkeypatch.setattr(sys, "argv", ["oligort", "intake", str(folder)])
    with pytest.raises(SystemExit) as leaving:
        main()
    assert leaving.value.code == 3


def test_versions_are_told_and_what_is_open_is_no_luck(run: Run, written):
    folder = written(versions())
    answer = run(folder)
    assert answer.status == 3
    assert [line.split()[0] for line in answer.tree if line.endswith("; judged")] == ["RTSTRUCT"]
    assert "as its predecessor (3006,0018)" in answer.out.replace("\n       ", " ")
    chosen = run(folder, "--plan", "other")
    assert chosen.status == 0
    judged = [line.strip() for line in chosen.tree if line.endswith("; judged")]
    assert judged[0].startswith('RTSTRUCT "00_RTSTRUCT.dcm"')
    assert judged[1].startswith('RTPLAN "04_RTPLAN.dcm" "other"')
    assert "(300A,0055)" in chosen.out
    assert run(folder, "--plan", "none").status == 2


def test_a_sum_stands_below_the_structures_with_its_plans(run: Run, written):
    tree = "\n".join(run(written(beams_and_sum())).tree)
    total = tree[tree.index("MULTI_PLAN") :]
    assert re.search(r'of the\s+plans "plan", "boost"', total)
    assert tree.count("BEAM, PHYSICAL") == 2


def test_two_patients_are_two_studies_and_twins_are_told(run: Run, written):
    answer = run(written(two_patients_and_twins()))
    assert [line for line in answer.tree if line.startswith("Study")] == [
        f"Study {STUDY}",
        "Study 1.77",
    ]
    assert answer.out.index("MAJOR deviations") < answer.out.index("NOT EVALUABLE")
    assert "OL002" in answer.out


def test_what_is_not_used_is_told(run: Run, written):
    fiducials = altered(structures(), SOPInstanceUID="1.2.71", SOPClassUID=SpatialFiducialsStorage)
    record = altered(plan(), SOPInstanceUID="1.2.72", SOPClassUID="1.2.840.10008.5.1.4.1.1.481.4")
    fiducials.Modality, record.Modality = "FID", "RTRECORD"
    folder = written([*whole(), fiducials, record])
    (folder / "notes.txt").write_text("hello")
    answer = run(folder)
    assert 'Left alone: Spatial Fiducials "03_FID.dcm"' in answer.tree
    assert 'Treatment record "04_RTRECORD.dcm": it is there, and not read' in answer.tree
    assert 'OL001  "notes.txt": not a DICOM file' in answer.out
    document = told(run(folder, "--json", "-"))
    assert document["left_alone"] == [
        {"file": "03_FID.dcm", "kind": "Spatial Fiducials", "reason": ""}
    ]
    assert document["faults"][0]["file"] == "notes.txt"


def test_a_dose_without_a_grid_says_why(run: Run, written):
    objects = whole()
    objects[2].DoseUnits = "RELATIVE"
    folder = written(objects)
    assert "RELATIVE; cannot be used: Dose Units (3004,0002)" in "\n".join(run(folder).tree)
    assert told(run(folder, "--json", "-"))["doses"][0]["shape"] is None


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # of what the test writes
def test_no_identity_and_no_escape_is_printed(run: Run, written, tmp_path):
    objects = with_images()
    for dataset in objects:
        dataset.PatientName, dataset.PatientBirthDate = "Doe^Jane", "19650102"
        dataset.SeriesDescription = "Doe Jane \x1b[31m PT-1"
        dataset.StudyInstanceUID = "Doe^Jane"
    objects[0].StructureSetLabel = "Doe\x1b[31mJane"
    objects[1].RTPlanLabel = "PT-1 1965-01-02"
    objects[1].ReferencedRTPlanSequence = [referring("Doe", RTPlanRelationship="JANE")]
    names = [f"Doe_Jane_{number}_PT-1.dcm" for number in range(len(objects))]
    folder = written(objects, names)
    document = tmp_path / "intake.json"
    answer = run(folder, "--json", document)
    for text in (answer.out, answer.err, document.read_text(encoding="utf-8")):
        assert not re.search(r"\bdoe\b|doe_|jane|1965|PT-1\b|\x1b", text, re.IGNORECASE)
    assert "***" in answer.out


def test_text_in_the_place_of_a_uid_is_told_by_its_digest():
    assert shown_uid("1.2.840.1") == "1.2.840.1"
    told_alike = {shown_uid("Doe^Jane"), shown_uid("Doe^Jane")}
    assert len(told_alike) == 1
    assert "Doe" not in told_alike.pop()
    assert shown_uid("Doe^Jane") != shown_uid("Roe^Rita")


def test_what_cannot_run_is_2_and_a_bug_is_4(run: Run, written, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty").status == 2
    assert run(tmp_path / "nowhere").status == 2
    assert run().status == 2
    folder = written(whole())
    assert run(folder, "--protocol", "none").status == 2
    assert run(folder, "--json", folder / "00_RTSTRUCT.dcm").status == 2

    def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(oligort.checks.engine, "intake_findings", broken)
    answer = run(folder)
    assert answer.status == 4
    assert "a bug in oligort" in answer.err


REAL = {
    "breast_boost": 3,
    "eclipse_prostate": 3,
    "lung_sbrt": 3,
    "proton_ramp": 0,
    "rider_two_contourings": 3,
    "odd_files": 3,
}


@pytest.mark.parametrize(("folder", "status"), REAL.items())
def test_real_exports_are_told(run: Run, test_data: Path, folder, status):
    answer = run(test_data / folder)
    assert answer.status == status
    assert answer.tree[0].startswith(("Study ", "Of no study"))
    assert not re.search("Traceback|internal error", answer.err)


def test_real_plans_of_another_id_stand_in_the_frame_of_their_doses(run: Run, test_data: Path):
    """The plans name no frame, another structure set and another id: nothing is hidden of it."""
    answer = run(test_data / "lung_sbrt")
    assert sum("Frame of reference" in line for line in answer.tree) == 1
    assert sum("refers to a structure set that is not there" in line for line in answer.tree) == 2
    assert re.search(r"OL020\s+objects of 2 patient ids share a study", answer.out)


def test_json_holds_nothing_that_a_terminal_obeys(tmp_path, run):
    """C1 controls (U+009B begins a sequence), bidi overrides, line ends: escaped, and kept."""
    drawn = structures()
    drawn.SpecificCharacterSet = "ISO_IR 192"
    drawn.StructureSetLabel = hostile = "\x9b3mRED\u202eR\u2028L\U000e0041"
    (tmp_path / "RS.dcm").write_bytes(as_bytes(drawn))
    answer = run(tmp_path, "--json", "-")
    assert not re.search("[\x7f-\x9f\u202e\u2028\U000e0041]", answer.out)
    assert [one["label"] for one in json.loads(answer.out)["structure_sets"]] == [hostile]


def test_every_document_escapes_its_json():
    for file in (ROOT / "oligort").rglob("*.py"):
        for body in file.read_text(encoding="utf-8").split("def to_json(")[1:]:
            assert "harmless_json(" in body.split("\n    def ")[0], file
