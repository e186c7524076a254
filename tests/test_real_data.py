"""Real and reference data: each row of the issue's table, with what it must give or refuse.

Tolerances are those of the reference: a planning system's own numbers, published tables, or two
systems that differ by more than we do.
"""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import oligort
from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.conventions import Conventions
from oligort.document import Report
from oligort.dose.comparison import Statistics, compare, statistics_of
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Grade
from oligort.objects import FaultKind
from oligort.protocol.model import Protocol
from oligort.submission import Submission

LUNG_STRUCTURES = "RS.1.2.826.0.1.3680043.2.200.510938627.698.30980.1382.dcm"


DEVIATIONS = {Grade.MAJOR, Grade.MINOR}


def of_code(report: Report, code: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.code == code]


def only(report: Report, code: str) -> Finding:
    (finding,) = of_code(report, code)
    return finding


def assert_no_criterion_passes(report: Report) -> None:
    passed = [f.criterion for f in report.graded(Grade.PASS) if f.criterion]
    assert passed == []


def most_loops_in_a_plane(submission: Submission, roi_name: str) -> int:
    (structure,) = submission.structure_set.named(roi_name)
    return max(Counter(float(one.points_mm[0, 2]) for one in structure.contours).values())


@pytest.fixture(scope="module")
def breast_boost(test_data: Path) -> Submission:
    return oligort.read(test_data / "breast_boost")


class TestBreastBoost:
    def test_heart(self, breast_boost: Submission) -> None:
        half, none = (
            breast_boost.dvh("Heart"),
            breast_boost.dvh("Heart", Conventions(end_caps="none")),
        )
        assert half.volume_cc == pytest.approx(439.7, abs=0.2)
        assert none.volume_cc == pytest.approx(434.1, abs=0.2)
        assert half["Mean[Gy]"] == pytest.approx(0.6477, rel=0.005)

    def test_left_lung(self, breast_boost: Submission) -> None:
        lung = breast_boost.dvh("Lt Lung")
        assert lung.volume_cc == pytest.approx(2008.9, rel=0.003)
        assert lung["Mean[Gy]"] == pytest.approx(0.910, rel=0.005)

    def test_empty_roi_and_body_beyond_the_grid(self, breast_boost: Submission) -> None:
        with pytest.raises(NotEvaluable, match="no contour that encloses an area"):
            breast_boost.dvh("Areola")
        # Its last plane lies half a plane above the grid's voxels at the very rim.
        assert 0 < breast_boost.dvh("BODY").uncovered_cc < 1

    @pytest.mark.parametrize(
        ("roi", "volume_percent", "curve_points"),
        [
            # A system of voxels 0.5 % off in volume has curves as near as its bins of 0.01 Gy.
            ("Heart", 0.6, 0.1),
            ("Lt Lung", 0.3, 0.1),
            # The edge of the beam crosses the breast: 0.5 points are 0.05 mm of it.
            ("Breast", 1.0, 0.5),
            ("Tumor Bed", 2.8, 0.1),
            ("Tumor Bed Block", 1.6, 1.7),
        ],
    )
    def test_curves_of_the_planning_system(
        self, breast_boost: Submission, roi: str, volume_percent: float, curve_points: float
    ) -> None:
        (structure,) = breast_boost.structure_set.named(roi)
        (planned,) = (
            one
            for one in breast_boost.doses[0].planned_dvhs
            if one.roi_numbers == (structure.roi_number,)
        )
        found = compare(breast_boost.dvh_of(structure), planned)
        assert found.volume_percent is not None
        assert abs(found.volume_percent) < volume_percent
        assert abs(found.worst_points) < curve_points
        assert statistics_of(planned, 14.0)["mean"] is Statistics.PERCENT

    def test_the_planning_system_is_agreed_with(self, breast_boost: Submission) -> None:
        agreed, mislabelled, left_out = of_code(oligort.check(breast_boost), "OL304")
        assert agreed.grade is Grade.PASS
        assert "DVHs of 6 ROIs agree" in agreed.message
        assert "percent of the prescription of 14 Gy" in mislabelled.message
        for tiny in ("Borders", "Nodes", "Scar"):
            assert f'"{tiny}": of' in left_out.message

    def test_what_the_headers_say(self, breast_boost: Submission) -> None:
        case = Case(breast_boost, Protocol.load("nct06190782"), None)
        codes = ("OL008", "OL009", "OL010", "OL011")
        said = {check.code: list(check.run(case)) for check in all_checks() if check.code in codes}
        identity, nameless = said["OL008"]
        assert (identity.grade, nameless.grade) == (Grade.MAJOR, Grade.NOT_EVALUABLE)
        told = [evidence.name for evidence in identity.evidence]
        assert {"PatientName (0010,0010)", "OperatorsName (0008,1070)"} <= set(told)
        assert [evidence.name for evidence in nameless.evidence] == ["PatientID (0010,0020)"]
        (approval,), (spacing,), (densities,) = (said[code] for code in codes[1:])
        assert approval.grade is Grade.MINOR
        assert '"UNAPPROVED"' in approval.message
        assert (spacing.grade, spacing.evidence[0].measured) == (Grade.PASS, 3.0)
        assert densities.grade is Grade.PASS

    def test_nested_loops_and_specks(self, breast_boost: Submission) -> None:
        (lung,) = breast_boost.structure_set.named("Lt Lung")
        planes = {float(contour.points_mm[0, 2]) for contour in lung.contours}
        assert (len(lung.contours), len(planes)) == (165, 80)
        assert most_loops_in_a_plane(breast_boost, "Lt Lung") == 7

    def test_one_lung_is_not_two(self, breast_boost: Submission) -> None:
        report = oligort.check(breast_boost)
        finding = only(report, "OL301")
        assert finding.grade is Grade.NOT_EVALUABLE
        assert "only one side" in finding.message
        assert "Lt Lung" in finding.message
        assert_no_criterion_passes(report)


@pytest.fixture(scope="module")
def eclipse_prostate(test_data: Path) -> Submission:
    return oligort.read(test_data / "eclipse_prostate")


class TestEclipseProstate:
    @pytest.mark.parametrize(
        ("roi", "metric", "percent"),
        [
            ("Bladder", "V45Gy[%]", 91.91),
            ("PTV", "V45Gy[%]", 99.30),
            ("Rectum", "V30Gy[%]", 87.57),
        ],
    )
    def test_volumes_of_eclipse(
        self, eclipse_prostate: Submission, roi: str, metric: str, percent: float
    ) -> None:
        # Eclipse and CERR differ by 0.45 points on these very structures.
        assert eclipse_prostate.dvh(roi)[metric] == pytest.approx(percent, abs=0.35)

    def test_no_lungs_and_no_lesions_are_no_pass(self, eclipse_prostate: Submission) -> None:
        report = oligort.check(eclipse_prostate)
        # The names in the headers are major; nothing of the patient can be evaluated.
        assert {f.code for f in report.findings if f.grade in DEVIATIONS} == {"OL008"}
        for code in ("OL201", "OL202", "OL203", "OL301"):
            assert only(report, code).grade is Grade.NOT_EVALUABLE
        assert_no_criterion_passes(report)


class TestLungSbrt:
    def read(self, test_data: Path, *plans: str) -> Submission:
        folder = test_data / "lung_sbrt"
        return oligort.read(folder / LUNG_STRUCTURES, *(folder / plan for plan in plans))

    def test_imrt(self, test_data: Path) -> None:
        submission = self.read(test_data, "imrt")
        target = submission.dvh("PTV_LN")
        assert target["D95%[Gy]"] == pytest.approx(20.1, rel=0.01)
        assert target["Mean[Gy]"] == pytest.approx(23.3, rel=0.01)
        lungs = submission.dvh("LUNGS-ITV's")
        assert lungs["V20Gy[%]"] == pytest.approx(0.60, abs=0.03)

    def test_other_patient_ids_are_major_and_the_checks_go_on(self, test_data: Path) -> None:
        report = oligort.check(self.read(test_data, "imrt"))
        assert only(report, "OL002").grade is Grade.MAJOR
        assert only(report, "OL401").grade is Grade.PASS
        finding = only(report, "OL301")
        assert finding.grade is Grade.NOT_EVALUABLE
        shown = {evidence.name: evidence.measured for evidence in finding.evidence}
        assert shown == {
            "V20Gy[%] of LUNGS-ITV's, not graded": pytest.approx(0.60, abs=0.03),
        }

    def test_vmat_dose_does_not_fit_its_prescription(self, test_data: Path) -> None:
        submission = self.read(test_data, "vmat")
        curve = submission.dvh("PTV_LN")
        assert submission.dose_grid.maximum_gy == pytest.approx(10.26, abs=0.005)
        assert curve["Mean[Gy]"] == pytest.approx(6.1, rel=0.02)
        report = oligort.check(submission)
        for code in ("OL301", "OL401"):
            finding = only(report, code)
            assert finding.grade is Grade.NOT_EVALUABLE
            assert "does not fit the prescription" in finding.message
            assert "10.26" in finding.message

    def test_alternative_plans_are_listed_and_never_added(self, test_data: Path) -> None:
        submission = oligort.read(test_data / "lung_sbrt")
        with pytest.raises(NotEvaluable, match="2 doses are there") as refusal:
            submission.dvh("PTV_LN")
        assert "imrt/" in str(refusal.value)
        assert "vmat/" in str(refusal.value)
        chosen = submission.selected(plan="AIMRT2")
        assert chosen.dvh("PTV_LN")["Mean[Gy]"] == pytest.approx(23.3, rel=0.01)

    def test_a_plan_is_chosen_by_the_file_name_that_the_user_knows(self, test_data: Path) -> None:
        # The name repeats the Patient ID and is shown masked; the user still types it whole.
        submission = oligort.read(test_data / "lung_sbrt")
        chosen = submission.selected(dose="2018CompLung_VMAT_Dose.dcm")
        assert chosen.dose_grid.maximum_gy == pytest.approx(10.26, abs=0.005)

    @pytest.mark.parametrize("roi", ["PTV_LN", "PTV_TOTAL"])
    def test_gap_is_told_and_not_filled(self, test_data: Path, roi: str) -> None:
        notes = self.read(test_data, "imrt").dvh(roi).notes
        assert any("between 77 and 86 mm: not filled" in note for note in notes)

    def test_plans_and_doses_without_preamble_refer_to_another_structure_set(
        self, test_data: Path
    ) -> None:
        files = [*(test_data / "lung_sbrt" / "imrt").iterdir()]
        assert all(path.read_bytes()[128:132] != b"DICM" for path in files)
        submission = self.read(test_data, "imrt")
        assert (len(submission.plans), len(submission.doses), submission.faults) == (1, 1, ())
        finding = only(oligort.check(submission, only=["OL003"]), "OL003")
        assert finding.grade is Grade.MINOR
        assert "refers to another structure set" in finding.message

    def test_many_lung_loops_lie_in_one_plane(self, test_data: Path) -> None:
        assert most_loops_in_a_plane(self.read(test_data, "imrt"), "LUNGS-ITV's") == 17


NELMS_DOSES = {
    ("Z(AP)", "1mm"): "Linear_AntPost_1mm_Aligned.dcm",
    ("Z(AP)", "2mm"): "Linear_AntPost_2mm_Aligned.dcm",
    ("Y(SI)", "1mm"): "Linear_SupInf_1mm_Aligned.dcm",
    ("Y(SI)", "2mm"): "Linear_SupInf_2mm_Aligned.dcm",
}
NELMS_METRICS = {
    "Dmin": "Min[Gy]",
    "Dmax": "Max[Gy]",
    "Dmean": "Mean[Gy]",
    "D99": "D99%[Gy]",
    "D95": "D95%[Gy]",
    "D5": "D5%[Gy]",
    "D1": "D1%[Gy]",
    "D0.03cc": "D0.03cc[Gy]",
}


def drawn_name(submission: Submission) -> str:
    """The one ROI with contours; its name is not always that of the file."""
    (name,) = (s.roi_name for s in submission.structure_set if not s.is_empty)
    return name


def nelms_differences(test_data: Path) -> list[tuple[str, str, float]]:
    """Structure and direction, quantity, and difference in percent, for every pair and quantity."""
    folder = test_data / "nelms2015"
    differences = []
    with (folder / "reference" / "analytical_points.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        direction, voxel = row["Gradient direction"], f"{row['Dose Voxel (mm)']}mm"
        name = row["Structure name"]
        submission = oligort.read(
            folder / "structures" / f"{name}.dcm",
            folder / "dose" / NELMS_DOSES[direction, voxel.replace("mmmm", "mm")],
        )
        dvh = submission.dvh(drawn_name(submission))
        expected = {"Total Volume (cc)": dvh.volume_cc}
        expected |= {key: float(dvh[metric]) * 100 for key, metric in NELMS_METRICS.items()}
        differences += [
            (f"{name} {direction}", key, 100 * (value / float(row[key]) - 1))
            for key, value in expected.items()
        ]
    return differences


class TestNelms2015:
    def test_forty_pairs(self, test_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        differences = nelms_differences(test_data)
        assert len(differences) == 40 * 9
        above = [(pair, key, percent) for pair, key, percent in differences if abs(percent) > 3]
        with capsys.disabled():
            print(f"\nNelms 2015: {len(above)} of {len(differences)} values off by more than 3 %")
            for pair, key, percent in above:
                print(f"  {pair} {key}: {percent:+.1f} %")
        # An exact slab model misses six of them: D99 and D95 of the cylinder across, SI.
        assert len(above) <= 6
        assert {key for _, key, _ in above} <= {"D99", "D95"}
        volumes = [percent for _, key, percent in differences if key.startswith("Total")]
        # The reference is the solid's own volume; slabs of 2 mm cut 2.5 % off a cylinder of
        # radius 12 mm lying across, and less off all others.
        assert max(map(abs, volumes)) < 2.6

    def test_curves(self, test_data: Path) -> None:
        folder = test_data / "nelms2015"
        worst = {}
        for solid in ("Sphere", "Cylinder", "Cone", "RtCylinder", "RtCone"):
            table = np.genfromtxt(folder / "reference" / f"{solid}.csv", delimiter=",", names=True)
            for spacing, column, dose in (
                ("10", "SI_1_mm", "Linear_SupInf_1mm_Aligned.dcm"),
                ("20", "SI_2_mm", "Linear_SupInf_2mm_Aligned.dcm"),
                ("10", "AP_1_mm", "Linear_AntPost_1mm_Aligned.dcm"),
                ("20", "AP_2_mm", "Linear_AntPost_2mm_Aligned.dcm"),
            ):
                name = f"{solid}_{spacing}_0"
                submission = oligort.read(
                    folder / "structures" / f"{name}.dcm", folder / "dose" / dose
                )
                dvh = submission.dvh(drawn_name(submission))
                given = np.isfinite(table[column])
                dose_gy, reference = table["Dose_cGy"][given] / 100, table[column][given]
                ours = np.interp(dose_gy, dvh.edges_gy, dvh.cumulative_cc, right=0)
                difference = np.abs(ours / dvh.volume_cc - reference / reference[0])
                worst[name, column] = 100 * float(difference.max())
        # Where the slab is the solid (a cylinder on its axis, dose along it; one across, dose
        # in the plane of its circles' ends) nothing is left but the rounding of coordinates.
        for solid, column in (("Cylinder", "SI"), ("RtCylinder", "AP")):
            assert worst[f"{solid}_10_0", f"{column}_1_mm"] < 1e-3
            assert worst[f"{solid}_20_0", f"{column}_2_mm"] < 1e-3
        # Elsewhere the slab's staircase along SI is left: worst for the cylinder across in 2 mm
        # planes, 1.4 points; an engine that counts voxels errs by 5 and more.
        assert max(worst.values()) < 1.5
        assert float(np.median(list(worst.values()))) < 0.15

    def test_the_whole_folder_is_listed(self, test_data: Path) -> None:
        submission = oligort.read(test_data / "nelms2015")
        with pytest.raises(NotEvaluable, match="30 RTSTRUCTs are there"):
            submission.lesions()
        report = oligort.check(submission)
        assert "4 doses are there" in only(report, "OL004").message
        assert only(report, "OL004").grade is Grade.NOT_EVALUABLE
        assert sum("share one SOP Instance UID" in f.reason for f in submission.faults) == 2
        # A whole fraction group each: nothing is multiplied.
        assert {dose.summation_type for dose in submission.doses} == {"FRACTION"}
        maxima_gy = sorted(round(dose.grid.maximum_gy, 3) for dose in submission.doses if dose.grid)
        assert maxima_gy == [34.0, 34.0, 34.0, 36.0]
        empty = [[s.roi_name for s in one if s.is_empty] for one in submission.structure_sets]
        assert empty == [["POI_1"]] * 30

    def test_slivers_and_repeated_first_points_of_the_cylinder_across(
        self, test_data: Path
    ) -> None:
        submission = oligort.read(test_data / "nelms2015" / "structures" / "RtCylinder_10_0.dcm")
        (drawn,) = (s for s in submission.structure_set if not s.is_empty)
        assert all((one.points_mm[0] == one.points_mm[-1]).all() for one in drawn.contours)
        widths_mm = {
            float(one.points_mm[0, 2]): float(np.ptp(one.points_mm[:, 0])) for one in drawn.contours
        }
        assert widths_mm[min(widths_mm)] == pytest.approx(0.01)
        assert widths_mm[max(widths_mm)] == pytest.approx(0.01)

    def test_roi_without_contours(self, test_data: Path) -> None:
        folder = test_data / "nelms2015"
        submission = oligort.read(
            folder / "structures" / "Sphere_10_0.dcm",
            folder / "dose" / "Linear_AntPost_1mm_Aligned.dcm",
        )
        with pytest.raises(NotEvaluable, match="POI_1"):
            submission.dvh("POI_1")


@pytest.fixture(scope="module")
def proton_ramp(test_data: Path) -> Submission:
    return oligort.read(test_data / "proton_ramp")


class TestProtonRamp:
    def test_cube(self, proton_ramp: Submission) -> None:
        assert proton_ramp.dvh("Cube101010").volume_cc == pytest.approx(1050.0, abs=0.1)
        bare = proton_ramp.dvh("Cube101010", Conventions(end_caps="none"))
        assert bare.volume_cc == pytest.approx(1000.0, abs=0.1)

    def test_the_ion_plan_carries_another_patient_id(self, proton_ramp: Submission) -> None:
        finding = only(oligort.check(proton_ramp, only=["OL002"]), "OL002")
        assert finding.grade is Grade.MAJOR
        assert "2 different patient ids" in finding.message

    def test_the_dose_is_that_of_the_plan_alone(self, proton_ramp: Submission) -> None:
        assert proton_ramp.chosen.dose.summation_type == "PLAN"
        (uid,) = proton_ramp.dose_sop_instance_uids
        assert uid.endswith("3000.73252")

    def test_effective_dose_is_not_graded_and_beams_are_not_added(
        self, proton_ramp: Submission
    ) -> None:
        report = oligort.check(proton_ramp)
        assert "EFFECTIVE" in only(report, "OL301").message
        assert only(report, "OL301").grade is Grade.NOT_EVALUABLE
        aside = [f for f in of_code(report, "OL004") if f.grade is Grade.INFO]
        assert len(aside) == 2
        assert all("not added" in finding.message for finding in aside)


class TestOddFiles:
    def test_every_file_that_cannot_be_used_is_named_with_its_reason(self, test_data: Path) -> None:
        report = oligort.check(oligort.read(test_data / "odd_files"))
        said = {f.about: f for f in of_code(report, "OL001") if f.about}
        for name in ("pydicom/MR_truncated.dcm", "pydicom/rtplan_truncated.dcm"):
            assert said[name].grade is Grade.NOT_EVALUABLE
            assert "truncated" in said[name].message
        assert said["rt-utils/LICENSE"].grade is Grade.INFO
        assert_no_criterion_passes(report)

    def test_relative_doses_are_refused_by_name(self, test_data: Path) -> None:
        folder = test_data / "odd_files" / "pydicom"
        for name in ("rtdose.dcm", "rtdose_expb.dcm", "rtdose_rle.dcm"):
            submission = oligort.read(folder / name, folder / "rtstruct.dcm")
            with pytest.raises(NotEvaluable, match=r"RELATIVE|no dose of a whole plan"):
                submission.dvh("patient")
            with pytest.raises(NotEvaluable, match="RELATIVE"):
                submission.selected(dose=name).dvh("patient")

    def test_what_is_readable_is_read(self, test_data: Path) -> None:
        folder = test_data / "odd_files"
        assert oligort.read(folder / "pydicom" / "rtplan.dcm").plans[0].label == "Plan1"
        names = [
            s.roi_name for s in oligort.read(folder / "pydicom" / "rtstruct.dcm").structure_set
        ]
        assert names == ["patient", "Isocenter 1", "Isocenter 2"]
        for plan in (folder / "pymedphys").rglob("*.dcm"):
            submission = oligort.read(plan)
            assert len(submission.plans) == 1
            assert submission.faults == ()
        dangling = oligort.read(folder / "rt-utils" / "mock_data")
        assert {fault.kind for fault in dangling.faults} <= {FaultKind.DOUBT}


def test_two_contourings_of_one_tumour_are_no_two_metastases(test_data: Path) -> None:
    census = oligort.read(test_data / "rider_two_contourings").lesions()
    assert {lesion.roi_name for lesion in census} == {"GTVp_test_auto", "GTVp_test_man"}
    assert (census.count.least, census.count.most) == (0, 0)
    assert any("Dice" in note for note in census.notes)
    drawn = oligort.read(test_data / "rider_two_contourings").structure_set
    assert [structure.interpreted_type for structure in drawn] == ["", ""]
