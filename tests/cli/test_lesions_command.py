"""`oligort lesions` on a synthetic submission: tables, JSON, doses, register and review."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
import pytest

import oligort
from oligort.cli import main
from oligort.demo.cases import WITHIN_PROTOCOL


@dataclass
class Answer:
    status: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture(scope="module")
def export(demo_page: Callable[[int], Any]) -> Path:
    """The demo's first case, whose register lies beside the folder."""
    folder: Path = demo_page(0).folder
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    def run_main(*arguments: object, command: str = "lesions") -> Answer:
        monkeypatch.setattr(sys, "argv", ["oligort", command, *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        sys.stdout.flush()
        out, err = capfd.readouterr()
        return Answer(int(leaving.value.code or 0), out, err)

    return run_main


def test_table_and_json_say_the_same_within_100_columns(run: Run, export: Path, tmp_path: Path):
    file = tmp_path / "lesions.json"
    answer = run(export, "--json", file)
    assert (answer.status, answer.err) == (0, "")
    assert max(map(len, answer.out.splitlines())) <= 100
    told = json.loads(file.read_text("utf-8"))
    assert [one["label"] for one in told["lesions"]] == [*WITHIN_PROTOCOL.gross_tumour_names]
    rows = [line for line in answer.out.splitlines() if line.startswith("GTVm02_Liver")]
    sizes, doses = (row.split() for row in rows)
    liver = told["lesions"][2]
    # Drawn as a sphere of 26 mm.
    assert sizes[:5] == ["GTVm02_Liver", "Liver", "26.0", "x", "26.0"]
    assert sizes[5:7] == [f"{liver['maximum_3d_mm']:.1f}", f"{liver['volume_cc']:.2f}"]
    assert liver["role_evidence"].endswith("in the ROI name")
    assert doses == [
        "GTVm02_Liver", *(f"{liver['dose'][key]:.2f}" for key in (
            "prescription_gy", "d95_gy", "minimum_gy", "prescription_bed10_gy", "d95_bed10_gy"
        )), f"{liver['dose']['isodose_margin_mm']:.1f}",
    ]  # fmt: skip
    # 50 Gy in 25 fractions of 2 Gy: 50 (1 + 2 / 10)
    assert liver["dose"]["prescription_bed10_gy"] == pytest.approx(60.0, rel=1e-12)
    assert told["dose_sop_instance_uids"] == list(oligort.read(export).dose_sop_instance_uids)
    excluded = {one["roi_name"] for one in told["excluded"]}
    assert excluded == {name.replace("GTV", "PTV") for name in WITHIN_PROTOCOL.gross_tumour_names}


def test_the_register_gives_roles_and_organs(run: Run, export: Path):
    register = export.with_name(export.name + ".toml")
    told = json.loads(run(export, "--register", register, "--json", "-").out)
    assert {one["role_evidence"] for one in told["lesions"]} == {"from the register"}
    assert {one["organ_evidence"] for one in told["lesions"]} == {"from the register"}


def test_a_dose_that_was_asked_for_and_cannot_be_told_is_open(run: Run, export: Path):
    """Without the plan the prescription is not known: told either way, and a status if asked."""
    files = [path for path in sorted(export.iterdir()) if "RTPLAN" not in path.name]
    (dose,) = oligort.read(export).doses
    quiet = run(*files)
    assert (quiet.status, quiet.err) == (0, "")
    assert "Not told of all lesions: prescribed Gy" in quiet.out
    asked = run(*files, "--dose", dose.sop_instance_uid, "--json", "-")
    assert asked.status == 3
    open_keys = {(one["roi_name"], one["metric"]) for one in json.loads(asked.out)["not_evaluable"]}
    assert ("GTVp", "prescription_gy") in open_keys
    assert ("GTVp", "d95_gy") not in open_keys
    assert "no plan that prescribes a dose is there" in asked.err


def test_a_plan_that_is_not_there_could_not_run(run: Run, export: Path):
    assert run(export, "--plan", "no such plan").status == 2


def test_a_review_is_written_once(run: Run, export: Path, tmp_path: Path):
    file = tmp_path / "review.dcm"
    answer = run(export, "--write-review", file, "--json", "-")
    assert answer.status == 0
    review = json.loads(answer.out)["review"]
    assert [one[0] for one in review["rois"]][:3] == ["GTVm01_Lung_L", "GTVm02_Liver", "GTVm03_LN"]
    assert "review: " in answer.err
    before = file.read_bytes()
    again = run(export, "--write-review", file)
    assert again.status == 2
    assert "never overwritten" in again.err
    assert file.read_bytes() == before
    assert oligort.read(file).lesions().count == oligort.read(export).lesions().count


def test_a_source_is_never_overwritten(run: Run, export: Path):
    source = export / "RTSTRUCT.dcm"
    before = source.read_bytes()
    assert run(export, "--write-review", source).status == 2
    assert source.read_bytes() == before


@pytest.mark.parametrize("command", ["check", "dvh", "lesions", "intake"])
@pytest.mark.parametrize("name", ["RTSTRUCT.dcm", "linked.json"])
def test_json_never_overwrites_what_is_read(run: Run, export: Path, tmp_path: Path, command, name):
    folder = tmp_path / "case"
    folder.mkdir()
    for kind in ("RTSTRUCT", "RTDOSE", "RTPLAN"):
        (folder / f"{kind}.dcm").write_bytes((export / f"{kind}.dcm").read_bytes())
    (folder / "linked.json").symlink_to(folder / "RTDOSE.dcm")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    answer = run(folder, "--json", folder / name, command=command)
    assert (answer.status, answer.out) == (2, "")
    assert "never overwritten" in answer.err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_json_never_overwrites_a_register_or_a_dicom_object_elsewhere(
    run: Run, export: Path, tmp_path: Path
):
    register = tmp_path / "register.toml"
    register.write_bytes(export.with_name(f"{export.name}.toml").read_bytes())
    damaged = tmp_path / "other.dcm"
    damaged.write_bytes((export / "RTSTRUCT.dcm").read_bytes()[:300])
    for target in (register, damaged):
        before = target.read_bytes()
        assert run(export, "--register", register, "--json", target).status == 2
        assert target.read_bytes() == before


def test_an_earlier_result_may_be_written_over(run: Run, export: Path, tmp_path: Path):
    file = tmp_path / "lesions.json"
    file.write_text("{}")
    assert run(export, "--roi", "GTVm02_Liver", "--json", file).status == 0
    assert json.loads(file.read_text("utf-8"))["lesions"]


def test_two_results_do_not_share_a_file(run: Run, export: Path, tmp_path: Path):
    file = tmp_path / "both"
    beside = tmp_path / "nowhere" / ".." / "both"
    for other in (file, beside):
        answer = run(export, "--write-review", file, "--json", other)
        assert answer.status == 2
        assert "a file of its own" in answer.err
        assert not file.exists()


def test_without_a_counted_lesion_no_review_is_written(run: Run, export: Path, tmp_path: Path):
    file = tmp_path / "review.dcm"
    answer = run(export, "--roi", "GTVp", "--write-review", file)
    assert answer.status == 3
    assert "no review is written: no lesion is counted" in answer.err
    assert not file.exists()


def test_images_that_are_missing_leave_the_lungs_out_and_say_why(
    run: Run, export: Path, tmp_path: Path
):
    file = tmp_path / "review.dcm"
    answer = run(export / "RTSTRUCT.dcm", "--write-review", file)
    assert answer.status == 0
    assert '"Lungs-GTV" is not drawn: the CT series' in answer.err
    assert "Lungs-GTV" not in [s.roi_name for s in oligort.read(file).structure_set]


@pytest.mark.parametrize("command", ["lesions", "dvh"])
def test_an_earlier_course_of_another_patient_is_told(
    command: str, run: Run, export: Path, tmp_path: Path
):
    asked = ["--roi", "GTVm02_Liver", *(["--metric", "Mean"] if command == "dvh" else [])]
    for patient_id, is_told in (("", False), ("OTHER-9", True)):
        dose = pydicom.dcmread(export / "RTDOSE.dcm")
        dose.PatientID = patient_id or dose.PatientID
        dose.save_as(tmp_path / "before.dcm")
        answer = run(export, *asked, "--prior", tmp_path / "before.dcm", command=command)
        told = "earlier course 1: carries another patient id than what it is added to"
        assert (told in answer.err) == is_told
        assert "OTHER-9" not in answer.out + answer.err


@pytest.mark.parametrize("command", ["check", "dvh", "lesions"])
def test_an_earlier_course_in_the_folder_of_the_submission_is_no_course_of_today(
    command: str, run: Run, export: Path, tmp_path: Path
):
    """Its folder would be read with the submission, and the choice of a dose be open."""
    within, beside = tmp_path / "within", tmp_path / "beside"
    shutil.copytree(export, within)
    for folder in (within / "2024", beside):
        folder.mkdir()
        dose = pydicom.dcmread(export / "RTDOSE.dcm")
        dose.SOPInstanceUID = dose.file_meta.MediaStorageSOPInstanceUID = "1.2.826.0.1.77"
        dose.DoseGridScaling = 0.4 * float(dose.DoseGridScaling)
        del dose.ReferencedRTPlanSequence
        dose.save_as(folder / "RTDOSE.dcm")
    asked = {"check": [], "dvh": ["--roi", "Lungs-GTV", "--metric", "V20"], "lesions": []}
    options = [*asked[command], "--json"]
    alone = run(export, "--prior", beside, *options, tmp_path / "alone.json", command=command)
    both = run(
        within, "--prior", within / "2024", *options, tmp_path / "both.json", command=command
    )
    assert (both.status, both.err) == (alone.status, alone.err)
    for told in ("alone.json", "both.json"):
        text = (tmp_path / told).read_text("utf-8")
        assert "may be alternatives or courses" not in text
    assert (tmp_path / "both.json").read_text("utf-8") == (tmp_path / "alone.json").read_text(
        "utf-8"
    )


@pytest.fixture
def nested(export: Path, tmp_path: Path) -> Path:
    """Return a folder of an earlier course that holds the submission in "today"."""
    for folder in ("before/today", "beside", "alone"):
        (tmp_path / folder).mkdir(parents=True)
    for file in export.glob("RT*.dcm"):
        shutil.copy(file, tmp_path / "before" / "today")
        shutil.copy(file, tmp_path / "alone")
    dose = pydicom.dcmread(export / "RTDOSE.dcm")
    dose.SOPInstanceUID = dose.file_meta.MediaStorageSOPInstanceUID = "1.2.826.0.1.77"
    dose.DoseGridScaling = 0.4 * float(dose.DoseGridScaling)
    del dose.ReferencedRTPlanSequence
    for folder in ("before", "beside"):
        dose.save_as(tmp_path / folder / "RTDOSE.dcm")
    return tmp_path


@pytest.mark.parametrize("links", [False, True])
def test_a_submission_inside_the_folder_of_an_earlier_course_is_no_part_of_that(
    links: bool, run: Run, nested: Path
):
    options = ("--roi", "Lungs-GTV", "--metric", "V20", "--json", "-")
    alone, before = nested / "alone", nested / "before"
    expected = run(alone, "--prior", nested / "beside", *options, command="dvh")
    assert expected.status == 0
    if links:  # in a circle: as without an earlier course
        (before / "loop").symlink_to("loop")
    found = run(before / "today", "--prior", before, *options, command="dvh")
    assert json.loads(found.out)["dvhs"] == json.loads(expected.out)["dvhs"]


def test_an_earlier_course_that_a_pattern_names_as_well_is_that_alone(run: Run, nested: Path):
    """`folder/*` names the export of the earlier course in the folder, too."""
    options = ("--roi", "Lungs-GTV", "--metric", "V20", "--json", "-")
    alone, beside = nested / "alone", nested / "beside"
    expected = run(alone, "--prior", beside, *options, command="dvh")
    found = run(*sorted(alone.iterdir()), beside, "--prior", beside, *options, command="dvh")
    assert found.status == 0
    assert json.loads(found.out)["dvhs"] == json.loads(expected.out)["dvhs"]


def test_where_nothing_is_left_of_an_earlier_course_that_is_told(run: Run, nested: Path):
    (nested / "before" / "RTDOSE.dcm").unlink()
    answer = run(nested / "before" / "today", "--prior", nested / "before")
    assert answer.status == 2
    assert 'expected files at "before" besides those that are left out' in answer.err
