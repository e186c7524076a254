"""The commands, on submissions that are made up: what goes where, and the exit status."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import oligort
from oligort.checks import engine
from oligort.checks.registry import pages
from oligort.cli import main
from oligort.conventions import Conventions
from oligort.document import ProtocolRecord, Report
from oligort.dose.grid import DoseGrid
from oligort.errors import DicomError, NotEvaluable
from oligort.finding import Evidence, Finding, Grade, Source, verdict_of
from oligort.geometry.grid import Grid
from oligort.geometry.structure import Structure, StructureSet
from oligort.lesions.lesion import Count, Exclusion, LesionCensus
from oligort.lesions.naming import RoiName
from oligort.lesions.vocabulary import Role
from oligort.measure import Measure
from oligort.objects import Dose, Fault, Plan
from oligort.phantoms import Box
from oligort.submission import Submission

HOSTILE = "\x1b[31m[red]Lung"
RULE = Source(document="NCT06190782", section="X6")


@dataclass
class Answer:
    status: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    def run_main(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["oligort", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        sys.stdout.flush()
        out, err = capfd.readouterr()
        return Answer(int(leaving.value.code or 0), out, err)

    return run_main


@dataclass
class Curve:
    """Stands for a Dvh of 10 cc, of which 2 cc are uncovered."""

    roi_name: str
    roi_number: int | None = 3
    volume_cc: float = 10.0
    uncovered_cc: float = 2.0
    min_gy: float | None = 0.0
    mean_gy: float | None = 5.0
    max_gy: float | None = 20.0
    notes: tuple[str, ...] = ("one plane is missing",)

    partly_covered_volume_cc: float = 0.0
    prescription_gy: float | None = None

    edges_gy = np.array([0.0, 0.01])
    cumulative_cc = np.array([8.0, 0.0])
    partly_covered_cc = None

    def relative_to(self, prescription_gy: float, isodose: Measure | None = None) -> "Curve":
        return replace(self, prescription_gy=prescription_gy)

    def __getitem__(self, metric: str) -> Measure:
        if metric == "V95%[%]":
            assert self.prescription_gy is not None
            return Measure(2 * self.prescription_gy, "%")
        if metric.startswith("D"):
            raise NotEvaluable("too small")
        high = float("inf") if metric == "Max[Gy]" else 27.0
        return Measure(7.25, "%", coverage=(7.25, high))


@dataclass
class Drawn:
    """Stands for a Submission with these ROIs; records what was chosen."""

    rois: tuple[str, ...] = ("Lung_L", "Empty")
    census: LesionCensus | None = None
    faults: tuple[Fault, ...] = ()
    asked: list[object] = field(default_factory=list)
    prescribed_gy: float | None = None
    dose_sop_instance_uids = ("1.2.3",)
    doses: tuple[Dose, ...] = ()
    plans: tuple[Plan, ...] = ()
    masker: None = None
    earlier: tuple[Submission, ...] = ()
    roles: dict[str, Role] = field(default_factory=dict)
    roi_names: dict[Structure, RoiName] = field(default_factory=dict)

    @property
    def chosen(self) -> None:
        raise NotEvaluable("no dose is chosen")

    @property
    def prescription_gy(self) -> float:
        if self.prescribed_gy is None:
            raise NotEvaluable("no plan prescribes a dose")
        return self.prescribed_gy

    def selected(self, plan: list[str] | None, dose: list[str] | None) -> "Drawn":
        self.asked += [plan, dose]
        return self

    @property
    def structure_set(self) -> list[SimpleNamespace]:
        if not self.rois:
            raise NotEvaluable("expected an RTSTRUCT, found none")
        return [SimpleNamespace(roi_name=name) for name in self.rois]

    def dvh(self, roi: str, conventions: Conventions) -> Curve:
        self.asked.append(conventions)
        roi = roi.strip('"')  # in quotes, as all ROIs are asked for, it is the ROI
        if roi == "Empty":
            raise NotEvaluable("Empty encloses no area")
        if roi not in self.rois:
            raise NotEvaluable(f"no ROI {roi}")
        return Curve(roi)

    def dvhs(self, *rois: str, conventions: Conventions) -> dict[str, Curve | NotEvaluable]:
        self.asked.append(rois)
        found: dict[str, Curve | NotEvaluable] = {}
        for roi in rois:
            try:
                found[roi] = self.dvh(roi, conventions)
            except NotEvaluable as error:
                found[roi] = error
        return found

    def beside_alternatives(self, roi: str, curve: Curve, conventions: Conventions) -> Curve:
        self.asked.append("alternatives")
        return curve

    def dvh_settings(self, conventions: Conventions) -> dict[str, str]:
        return {"end caps": conventions.end_caps}

    def lesions(
        self, roi_names: tuple[str, ...] | None, hints: object, thresholds: object
    ) -> LesionCensus:
        self.asked.append(roi_names)
        assert self.census is not None
        return self.census


def reports(monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    """Let every check end in this report."""
    monkeypatch.setattr(engine, "case_of", lambda *_, **__: None)
    monkeypatch.setattr(engine, "report_on", lambda *_: report)


def reads(monkeypatch: pytest.MonkeyPatch, submission: object) -> None:
    monkeypatch.setitem(oligort.__dict__, "read", lambda *paths: submission)


def report_of(*grades: Grade, subject: str = "PT-017") -> Report:
    findings = tuple(
        Finding(
            code="OL301",
            grade=grade,
            message=f"graded {grade}",
            evidence=(Evidence(name="V20Gy[%]", measured=1.0, unit="%"),),
            source=RULE,
        )
        for grade in grades
    )
    return Report(
        subject=subject,
        site="",
        arm="",
        plan_kind="",
        plan_label="",
        plan_date="",
        dose_sop_instance_uids=(),
        verdict=verdict_of(findings),
        findings=findings,
        measurements=(),
        settings=(),
        provenance=(),
        protocol=ProtocolRecord(id="p", version="1", title="t", sha256="ab"),
        versions={},
    )


@pytest.mark.parametrize(
    ("grades", "status"),
    [
        ((Grade.PASS, Grade.INFO), 0),
        ((Grade.PASS, Grade.NOT_EVALUABLE, Grade.MINOR), 1),
        ((Grade.NOT_EVALUABLE, Grade.MAJOR), 1),
        ((Grade.PASS, Grade.NOT_EVALUABLE), 3),
        ((Grade.INFO,), 3),
        ((), 3),
    ],
)
def test_check_leaves_with_the_status_of_its_verdict(
    grades: tuple[Grade, ...], status: int, run: Run, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    submission = Drawn()
    asked: dict[str, object] = {}
    reads(monkeypatch, submission)
    monkeypatch.setattr(engine, "case_of", lambda _, **options: asked.update(options))
    monkeypatch.setattr(engine, "report_on", lambda _, only, checks: report_of(*grades))
    register = tmp_path / "register.toml"
    register.touch()
    answer = run(
        "check", tmp_path, "--plan", "A", "--dose", "1",
        "--register", register, "--subject", "S", "--plan-kind", "screening",
    )  # fmt: skip
    assert answer.status == status
    assert answer.err == ""
    assert submission.asked == [["A"], ["1"]]
    assert asked == {
        "protocol": "nct06190782",
        "register": register,
        "subject": "S",
        "cross_check": False,
        "plan_kind": "screening",
    }


def test_a_cross_check_needs_its_library_before_anything_is_read(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "dicompylercore"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "dicompylercore", None)
    monkeypatch.setitem(oligort.__dict__, "read", lambda *_: pytest.fail("a file was read"))
    answer = run("check", tmp_path, "--cross-check")
    assert answer.status == 2
    assert "install oligort[crosscheck]" in answer.err


def test_a_cross_check_is_asked_for(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: dict[str, object] = {}
    reads(monkeypatch, Drawn())
    monkeypatch.setattr(engine, "case_of", lambda _, **options: asked.update(options))
    monkeypatch.setattr(engine, "report_on", lambda *_: report_of())
    run("check", tmp_path, "--cross-check")
    assert asked["cross_check"] is True


def test_check_writes_json_alone_on_standard_output(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report = report_of(Grade.PASS, subject="肺")
    reads(monkeypatch, Drawn())
    reports(monkeypatch, report)
    assert run("check", tmp_path, "--json", "-").out == report.to_json()
    file = tmp_path / "report.json"
    answer = run("check", tmp_path, "--json", file, "--quiet")
    assert file.read_text(encoding="utf-8") == report.to_json()
    assert answer.out == "PASS  肺  (0 major, 0 minor, 0 not evaluable, 1 passed)\n"


def test_json_in_a_folder_that_is_not_there_could_not_run(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reads(monkeypatch, Drawn())
    reports(monkeypatch, report_of(Grade.MAJOR))
    answer = run("check", tmp_path, "--json", tmp_path / "none" / "report.json")
    assert answer.status == 2
    assert "expected to write JSON to" in answer.err


@pytest.mark.parametrize(
    "arguments", [("check",), ("check", "/no/such/folder"), ("dvh", ".", "--end-caps", "x"), ("x",)]
)
def test_wrong_usage_could_not_run(arguments: tuple[str, ...], run: Run) -> None:
    assert run(*arguments).status == 2


def test_nothing_readable_could_not_run_and_a_bug_is_called_one(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*paths: Path) -> None:
        raise DicomError(f"expected DICOM, found none in {paths[0].name}")

    monkeypatch.setitem(oligort.__dict__, "read", refuse)
    for command in ("check", "dvh", "lesions"):
        answer = run(command, tmp_path)
        assert answer.status == 2
        assert answer.err == f"oligort: expected DICOM, found none in {tmp_path.name}\n"
    reads(monkeypatch, None)
    assert run("lesions", tmp_path).status == 4


def test_dvh_json_keeps_its_contract(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    submission = Drawn(faults=(Fault(HOSTILE, "truncated"),))
    reads(monkeypatch, submission)
    answer = run(
        "dvh", tmp_path, "--metric", "V20", "--metric", "D2cc[Gy]", "--metric", "Max[Gy]",
        "--end-caps", "none", "--json", "-",
    )  # fmt: skip
    document = json.loads(answer.out)
    (entry,) = document["dvhs"]
    assert answer.status == 3
    assert document["schema_version"] == 1
    assert document["dose_sop_instance_uids"] == ["1.2.3"]
    assert document["settings"] == {"end caps": "none"}
    assert entry["metrics"] == {"V20Gy[%]": 7.25, "D2cc[Gy]": None, "Max[Gy]": 7.25}
    assert entry["metric_intervals"] == {
        "V20Gy[%]": {"coverage": [7.25, 27.0]},
        "Max[Gy]": {"coverage": [7.25, None]},
    }
    del entry["metrics"], entry["metric_intervals"], entry["metric_units"], entry["notes"]
    assert entry == {
        "roi_name": "Lung_L", "roi_number": 3, "volume_cc": 10.0, "uncovered_cc": 2.0,
        "min_gy": 0.0, "mean_gy": 5.0, "max_gy": 20.0,
        "edges_gy": [0.0, 0.01], "cumulative_cc": [8.0, 0.0],
        "partly_covered_volume_cc": 0.0, "partly_covered_cc": None,
    }  # fmt: skip
    assert document["prescription_gy"] is None
    assert document["not_evaluable"] == [
        {"roi_name": "Lung_L", "metric": "D2cc[Gy]", "reason": "too small"},
        {"roi_name": "Empty", "metric": None, "reason": "Empty encloses no area"},
    ]
    assert answer.err.splitlines() == [
        'not used: "?[31m[red]Lung": truncated',
        "Lung_L: one plane is missing",
        "not evaluable: D2cc[Gy] Lung_L: too small",
        "not evaluable: Empty: Empty encloses no area",
    ]


def test_dvh_of_named_rois_answers_what_it_can(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reads(monkeypatch, Drawn(rois=(HOSTILE,)))
    answer = run("dvh", tmp_path, "--roi", HOSTILE, "--metric", "V20Gy[%]")
    assert answer.status == 0
    assert "\x1b" not in answer.out + answer.err
    assert answer.out.splitlines() == [
        "ROI             volume cc  uncovered cc  min Gy  mean Gy  max Gy",
        "?[31m[red]Lung      10.00          2.00    0.00     5.00   20.00",
        "",
        "ROI                  V20Gy[%]",
        "?[31m[red]Lung           7.25",
        "                7.25 to 27.00",
        "",
        "Conventions: end caps half",
    ]
    missing = run("dvh", tmp_path, "--roi", HOSTILE, "--roi", "Heart")
    assert missing.status == 3
    assert "10.00" in missing.out
    assert "not evaluable: Heart: no ROI Heart" in missing.err


@pytest.mark.parametrize(
    ("options", "prescribed_gy", "prescription_gy"),
    [((), 40.0, 40.0), (("--prescription", 30), 40.0, 30.0), (("--prescription", 30), None, 30.0)],
)
def test_dvh_is_relative_to_the_prescription_given_or_else_planned(
    options: tuple[object, ...],
    prescribed_gy: float | None,
    prescription_gy: float,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    reads(monkeypatch, Drawn(rois=("PTV",), prescribed_gy=prescribed_gy))
    answer = run("dvh", tmp_path, "--metric", "V95%[%]", *options, "--json", "-")
    document = json.loads(answer.out)
    assert answer.status == 0
    assert document["prescription_gy"] == prescription_gy
    assert document["dvhs"][0]["metrics"] == {"V95%[%]": 2 * prescription_gy}


def test_dvh_of_all_rois_is_of_each_as_drawn(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ROI "Lungs-GTV" is listed as that ROI, and computed where the expression is asked for."""
    planes_mm = np.arange(-22.5, 25, 5.0)
    solids = {
        "Lung_L": Box((40.0, 0.0, 0.0), (20.0, 20.0, 20.0)),
        "Lung_R": Box((0.0, 0.0, 0.0), (20.0, 20.0, 20.0)),
        "GTV": Box((0.0, 0.0, 0.0), (10.0, 10.0, 10.0)),
        "Lungs-GTV": Box((0.0, 0.0, 0.0), (20.0, 20.0, 10.0)),
    }
    drawn = tuple(
        box.structure(name, number, planes_mm)
        for number, (name, box) in enumerate(solids.items(), 1)
    )
    grid = Grid(
        (-30, -30, 0), (1, 0, 0), (0, 1, 0), 5.0, 5.0, 24, 13, np.arange(-25.0, 26, 5), "1.2"
    )
    dose = Dose(
        "d",
        "RD.dcm",
        dose_type="PHYSICAL",
        summation_type="PLAN",
        frame_of_reference_uid="1.2",
        grid=DoseGrid(grid, np.full(grid.shape, 30.0)),
    )
    submission = Submission(
        structure_sets=(StructureSet(drawn, "1.1", "set", "RS.dcm", "1.2"),), doses=(dose,)
    )
    monkeypatch.setattr(oligort, "read", lambda *_: submission)
    listing = run("dvh", tmp_path, "--json", "-")
    assert listing.status == 0
    told = {dvh["roi_name"]: dvh["volume_cc"] for dvh in json.loads(listing.out)["dvhs"]}
    assert told["Lungs-GTV"] == pytest.approx(4.0)
    asked = run("dvh", tmp_path, "--roi", "Lungs-GTV", "--json", "-")
    assert json.loads(asked.out)["dvhs"][0]["volume_cc"] == pytest.approx(15.0)
    assert "4.0 cc against 15.0 cc" in asked.err
    rois = ("Lungs", "Lungs-GTV", "Lungs&GTV")
    together = run(
        "dvh", tmp_path, *(part for roi in rois for part in ("--roi", roi)), "--json", "-"
    )
    whole, rest, common = json.loads(together.out)["dvhs"]
    for key in ("volume_cc", "cumulative_cc"):
        assert np.add(rest[key], common[key]) == pytest.approx(np.array(whole[key]), abs=1e-9)
    assert common["volume_cc"] == pytest.approx(1.0)


def test_dvh_without_a_prescription_answers_what_needs_none(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reads(monkeypatch, Drawn(rois=("PTV",)))
    answer = run("dvh", tmp_path, "--metric", "V95%[%]", "--metric", "V20Gy[%]", "--json", "-")
    document = json.loads(answer.out)
    assert answer.status == 3
    assert document["prescription_gy"] is None
    assert document["dvhs"][0]["metrics"] == {"V95%[%]": None, "V20Gy[%]": 7.25}
    assert document["not_evaluable"] == [
        {"roi_name": "PTV", "metric": "V95%[%]", "reason": "no plan prescribes a dose"}
    ]


@pytest.mark.parametrize("dose", ["0", "-50", "nan", "inf", "fifty"])
def test_dvh_of_a_prescription_that_is_no_dose_could_not_run(
    dose: str, run: Run, tmp_path: Path
) -> None:
    assert run("dvh", tmp_path, "--metric", "V95%[%]", "--prescription", dose).status == 2


def test_dvh_of_a_metric_that_cannot_be_read_could_not_run(run: Run, tmp_path: Path) -> None:
    assert run("dvh", tmp_path, "--metric", "V20Gy[%").status == 2


@pytest.mark.parametrize("command", ["dvh", "lesions"])
def test_without_structures_nothing_is_evaluable(
    command: str, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reads(monkeypatch, Drawn(rois=()))
    answer = run(command, tmp_path, "--json", "-")
    assert answer.status == 3
    assert json.loads(answer.out)["not_evaluable"] == [
        {"roi_name": "", "metric": None, "reason": "expected an RTSTRUCT, found none"}
    ]
    assert "expected an RTSTRUCT, found none" in answer.err


def test_no_lesion_found_is_never_a_quiet_success(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reads(monkeypatch, Drawn(census=LesionCensus((), Count(0, 0), {}, ())))
    answer = run("lesions", tmp_path)
    assert answer.status == 3
    assert "expected an ROI of gross tumour" in answer.err


def test_lesions_asked_for_and_not_measured_are_named_with_the_reason(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    census = LesionCensus((), Count(0, 0), {}, (Exclusion("Empty", "it has no contours"),))
    submission = Drawn(census=census)
    reads(monkeypatch, submission)
    answer = run("lesions", tmp_path, "--roi", "Empty", "--roi", "GTV", "--json", "-")
    assert answer.status == 3
    assert submission.asked == [("Empty",)]
    assert json.loads(answer.out)["not_evaluable"] == [
        {"roi_name": "GTV", "metric": None,
         "reason": 'expected an ROI of this name, found "Lung_L", "Empty"'},
        {"roi_name": "Empty", "metric": None, "reason": "it has no contours"},
    ]  # fmt: skip
    # Names that all fail must not fall back to measuring what nobody asked for.
    assert run("lesions", tmp_path, "--roi", "GTV").status == 3
    assert submission.asked == [("Empty",), ()]


def test_explain_prints_a_page_or_lists_the_checks(run: Run) -> None:
    first = pages()[0]
    page = run("explain", first.code.lower())
    assert (page.status, page.out) == (0, f"{first.page.strip()}\n")
    assert run("explain", "OL999").status == 2
    listing = run("explain").out.splitlines()
    assert [line.split()[0] for line in listing] == ["code", *(c.code for c in pages())]


@pytest.fixture
def demo_of_two(monkeypatch: pytest.MonkeyPatch) -> dict[str, Grade]:
    """A demo of two cases; the verdicts that checking them gives, to be altered by a test."""
    verdicts = {"DEMO-1": Grade.PASS, "DEMO-2": Grade.MAJOR}
    cases = tuple(
        SimpleNamespace(subject=name, title=f"case {name}", expected_verdict=grade)
        for name, grade in verdicts.items()
    )

    def write_case(case: SimpleNamespace, folder: Path) -> Path:
        register = folder / "register.toml"
        register.write_text(case.title)
        return register

    modules = {
        "oligort.demo.cases": SimpleNamespace(CASES=cases),
        "oligort.demo.export": SimpleNamespace(write_case=write_case),
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    reads(monkeypatch, Drawn())
    monkeypatch.setitem(
        oligort.__dict__,
        "check",
        lambda _, register, subject: report_of(verdicts[subject], subject=subject),
    )
    return verdicts


def test_demo_shows_each_verdict_and_the_first_in_full(
    run: Run, demo_of_two: dict[str, Grade], tmp_path: Path
) -> None:
    answer = run("demo", tmp_path / "kept")
    assert answer.status == 0
    assert answer.out.splitlines()[:3] == [
        "subject  verdict  made for  submission",
        "DEMO-1   PASS     PASS      case DEMO-1",
        "DEMO-2   MAJOR    MAJOR     case DEMO-2",
    ]
    assert "PASS  DEMO-1  (0 major, 0 minor, 0 not evaluable, 1 passed)" in answer.out
    assert (tmp_path / "kept" / "DEMO-2" / "register.toml").exists()
    again = run("demo", tmp_path / "kept")
    assert again.status == 2
    assert "expected an empty folder" in again.err


def test_demo_without_a_folder_leaves_nothing_behind(
    run: Run, demo_of_two: dict[str, Grade], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answer = run("demo")
    assert answer.status == 0
    assert "oligort demo DIR keeps them" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_demo_with_another_verdict_than_expected_is_a_bug(
    run: Run, demo_of_two: dict[str, Grade], tmp_path: Path
) -> None:
    demo_of_two["DEMO-2"] = Grade.PASS
    answer = run("demo", tmp_path)
    assert answer.status == 4
    assert "DEMO-2   PASS  (NOT as expected)" in answer.out
    assert "the verdict on DEMO-2 is not the one it was made for" in answer.err
