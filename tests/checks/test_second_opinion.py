"""Second opinions: the thorax of boxes beside planning systems that agree, differ or mislabel."""

import re
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from oligort.checks import second_opinion
from oligort.checks.engine import check
from oligort.clinical.register import Register
from oligort.crosscheck import SecondDvh
from oligort.dose.grid import DoseGrid
from oligort.dose.planned_dvh import PlannedDvh, curve_of
from oligort.errors import NotEvaluable
from oligort.finding import Flag, Grade
from oligort.geometry.algebra import Shape, parse, resolve
from oligort.objects import Dose
from oligort.phantoms import Box
from oligort.submission import Submission

EDGE_MM = 20.0
"""Where the dose is 20 Gy; it rises by 0.5 Gy/mm along z."""

LUNG_L, LUNG_R = 1, 2
LUNG_CC = 360.0
HALF_LUNG_MM = 50.0


def box_curve(bin_gy: float = 0.01, volume_cc: float = LUNG_CC, shift_gy: float = 0.0) -> Any:
    """The curve of a lung from z = -50 to 50 mm in closed form: linear from 70 % above 0 Gy."""
    edges = np.arange(0, 40, bin_gy)
    z_mm = EDGE_MM + (edges - shift_gy - 20) / 0.5
    share = np.clip((HALF_LUNG_MM - z_mm) / (2 * HALF_LUNG_MM), 0, 1)
    share[0] = 1.0  # what receives nothing has at least 0 Gy
    return edges, volume_cc * share


def planned(roi_number: int, bin_gy: float = 0.01, **curve: Any) -> PlannedDvh:
    _, volumes = box_curve(bin_gy, **curve)
    edges, lower, upper, whole = curve_of("CUMULATIVE", np.full(len(volumes), bin_gy), volumes)
    return PlannedDvh((roi_number,), (), "", "", "", None, None, None, edges, lower, upper, whole)


@pytest.fixture
def with_dvhs(build: Callable[..., Any]) -> Callable[..., Any]:
    def submission(*dvhs: PlannedDvh, **altered: Any) -> Any:
        built = build(edge_mm=EDGE_MM)
        (dose,) = built.doses
        return replace(built, doses=(replace(dose, planned_dvhs=dvhs, **altered),))

    return submission


def opinions(submission: Any, **options: Any) -> list[Any]:
    return [f for f in check(submission, **options).findings if f.code == "OL304"]


def test_none_in_the_files_is_no_pass(build):
    (finding,) = opinions(build())
    assert finding.grade is Grade.INFO
    assert "no DVH of the planning system" in finding.message


def test_those_that_agree_are_one_pass(with_dvhs):
    (finding,) = opinions(with_dvhs(planned(LUNG_L), planned(LUNG_R)))
    assert finding.grade is Grade.PASS
    assert "2 ROIs agree: volumes within 0.00 %" in finding.message


def test_those_that_agree_are_told_roi_by_roi(with_dvhs):
    found = opinions(with_dvhs(planned(LUNG_L, shift_gy=0.4), planned(LUNG_R, volume_cc=362.0)))
    (finding,) = found
    assert finding.grade is Grade.PASS
    told = {(one.name, one.unit): one for one in finding.evidence}
    assert list(told) == [
        (f'"{roi_name}": {what} apart', unit)
        for roi_name in ("Lung_L", "Lung_R")
        for what, unit in (
            ("volume", "%"),
            ("V20Gy[%]", "points"),
            ("mean", "Gy"),
            ("curves", "points"),
        )
    ]
    # 0.4 Gy more is 0.8 mm of 100; a bin of 0.01 Gy is 0.02 points.
    assert told['"Lung_L": V20Gy[%] apart', "points"].measured == pytest.approx(0.8, abs=0.03)
    assert told['"Lung_R": V20Gy[%] apart', "points"].measured == pytest.approx(0, abs=0.03)
    assert told['"Lung_R": volume apart', "%"].measured == pytest.approx(100 * 2 / 362, abs=1e-3)
    assert [one.limit for one in finding.evidence[:4]] == [2, 1, 0.5, 5]


def test_each_that_deviates_is_named_and_the_others_are_one(with_dvhs):
    # V20 of the lung is 30 %; half a Gy more makes 31 %, 0.6 Gy 31.2 %.
    found = opinions(with_dvhs(planned(LUNG_L, shift_gy=0.6), planned(LUNG_R, shift_gy=0.4)))
    minor, passed = found
    assert (minor.grade, minor.about) == (Grade.MINOR, "Lung_L")
    volume, v20, mean, curves = minor.evidence
    assert v20.measured == pytest.approx(1.2, abs=0.03)  # a bin of 0.01 Gy is 0.02 points
    assert v20.limit == 1
    assert volume.measured == pytest.approx(0, abs=0.01)
    # 70 % of the lung have a dose, and those are hotter by the shift; at 0 Gy 1.2 points more have.
    assert mean.measured == pytest.approx(0.6 * 0.706, abs=0.025)  # a bin, and 0.013 Gy of ours
    assert curves.limit == 5
    assert passed.grade is Grade.PASS
    assert '"Lung_R"' in passed.message


@pytest.mark.parametrize(
    ("share", "grade"),
    [(0.92, Grade.MINOR), (0.94, Grade.PASS), (1.015, Grade.PASS), (1.03, Grade.MINOR)],
)
def test_a_volume_beyond_two_percent(with_dvhs, share, grade):
    # Below ours the lung without its half-slice caps, 5 % smaller, is an answer as well.
    (finding,) = opinions(with_dvhs(planned(LUNG_L, volume_cc=LUNG_CC * share)))
    assert finding.grade is grade


def test_a_volume_without_end_caps_is_a_choice_of_the_system(with_dvhs):
    # Planes from -47.5 to 47.5 mm: without half-slice caps 5 % are missing.
    edges, volumes = box_curve()
    z_mm = EDGE_MM + (edges - 20) / 0.5
    shorter = LUNG_CC * np.clip((47.5 - z_mm) / 100, 0, 1)
    shorter[0] = 0.95 * LUNG_CC
    cut = curve_of("CUMULATIVE", np.full(len(volumes), 0.01), shorter)
    without = PlannedDvh((LUNG_L,), (), "", "", "", None, None, None, *cut[:3], volume_cc=cut[3])
    (finding,) = opinions(with_dvhs(without))
    assert finding.grade is Grade.PASS


def test_limits_and_grade_are_the_protocols(with_dvhs, tmp_path):
    shipped = files("oligort.protocol").joinpath("trials/nct06190782.toml")
    text = shipped.read_text(encoding="utf-8")
    text = text.replace(
        'planning_system_dvh_differs = "MINOR"', 'planning_system_dvh_differs = "MAJOR"'
    )
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    submission = with_dvhs(planned(LUNG_L, shift_gy=0.6))
    (finding,) = opinions(submission, protocol=tmp_path / "site.toml")
    assert finding.grade is Grade.MAJOR


def test_what_cannot_be_compared_is_told_with_its_reason(with_dvhs, build):
    several = replace(planned(LUNG_L), roi_numbers=(LUNG_L, LUNG_R))
    without = replace(planned(LUNG_L), excluded_roi_numbers=(LUNG_R,))
    broken = PlannedDvh((LUNG_R,), refusal="it is of PER_U")
    (finding,) = opinions(with_dvhs(several, without, broken, planned(99)))
    assert finding.grade is Grade.INFO
    for reason in ("not of one ROI", '"Lung_R": it is of PER_U', "ROI number 99 is not drawn"):
        assert reason in finding.message


def test_a_tiny_roi_is_no_alarm(build):
    built = build(edge_mm=EDGE_MM, extra={"Clip": Box((0.0, 0.0, 0.0), (10.0, 10.0, 10.0))})
    (dose,) = built.doses
    dvhs = (planned(6, volume_cc=0.6),)
    (finding,) = opinions(replace(built, doses=(replace(dose, planned_dvhs=dvhs),)))
    assert finding.grade is Grade.INFO
    assert '"Clip": of 1.00 cc, too small' in finding.message


def test_histograms_of_another_structure_set_mean_other_rois(with_dvhs):
    (finding,) = opinions(with_dvhs(planned(LUNG_L, shift_gy=9.0), structure_set_uid="9.9"))
    assert finding.grade is Grade.INFO
    assert "of the judged dose" in finding.message


@pytest.mark.parametrize(("of_plan", "is_heard"), [("9.9", False), ("1.2.1", True), ("", True)])
def test_trap_where_the_dose_names_no_structure_set_that_of_its_plan_counts(
    of_plan, is_heard, with_dvhs
):
    submission = with_dvhs(planned(LUNG_L, shift_gy=9.0), structure_set_uid="")
    (plan,) = submission.plans
    submission = replace(submission, plans=(replace(plan, structure_set_uid=of_plan),))
    (finding,) = opinions(submission)
    assert finding.grade is (Grade.MINOR if is_heard else Grade.INFO)
    if not is_heard:
        assert "no DVH of the planning system is of the judged dose and" in finding.message


def test_no_histogram_is_of_doses_that_are_added_up(with_dvhs, build):
    earlier = build(edge_mm=EDGE_MM + 10)
    (dose,), (plan,) = earlier.doses, earlier.plans
    earlier = replace(
        earlier,
        doses=(replace(dose, sop_instance_uid="1.9", plan_uids=("1.8",)),),
        plans=(replace(plan, sop_instance_uid="1.8"),),
    )
    (finding,) = opinions(with_dvhs(planned(LUNG_L)).after(earlier))
    assert finding.grade is Grade.INFO
    assert "of several courses are added up" in finding.message


def test_histograms_in_a_dose_without_pixels(build):
    built = build(edge_mm=EDGE_MM)
    without_pixels = Dose(
        "1.2.4",
        "DVH.dcm",
        summation_type="PLAN",
        plan_uids=("1.2.2",),
        refusal="no pixels",
        has_pixels=False,
        planned_dvhs=(planned(LUNG_L),),
        patient_key="patient",
    )
    (finding,) = opinions(replace(built, doses=(*built.doses, without_pixels)))
    assert finding.grade is Grade.PASS
    of_another = replace(without_pixels, plan_uids=("9.9",))
    (finding,) = opinions(replace(built, doses=(*built.doses, of_another)))
    assert finding.grade is not Grade.PASS


@pytest.mark.parametrize(
    ("stated_mean", "said"),
    [(15.0, None), (15.0 / 32.5 * 100, "percent of the prescription of 32.5 Gy"), (1500.0, "")],
)
def test_statistics_are_judged_apart_from_their_curve(with_dvhs, stated_mean, said):
    edges, volumes = box_curve()
    mean = float(np.trapezoid(volumes, edges)) / LUNG_CC
    one = replace(planned(LUNG_L), stated_mean=stated_mean * mean / 15.0)
    found = opinions(with_dvhs(one))
    assert found[0].grade is Grade.PASS
    if said is None:
        assert len(found) == 1
    else:
        assert (found[1].grade, found[1].flags) == (Grade.INFO, (Flag.QUERY,))
        assert said in found[1].message
        assert "the stated mean contradicts the curves" in found[1].message


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        # The lung has from 0 to 35 Gy: 70 % of it lie below z of 20 mm and above -20.
        ((0.0, 35.0), None),
        ((0.3, 35.5), None),
        ((0.0, 35.0 / 32.5 * 100), "the stated maximum contradicts.*percent of the prescription"),
        ((0.0, 500.0), "the stated maximum contradicts"),
        ((30.0, 35.0), "the stated minimum contradicts"),
        ((30.0, 500.0), "the stated minimum or maximum contradicts"),
    ],
)
def test_a_minimum_and_a_maximum_are_judged_beside_a_right_mean(with_dvhs, stated, said):
    edges, volumes = box_curve()
    mean = float(np.trapezoid(volumes, edges)) / LUNG_CC
    one = replace(
        planned(LUNG_L), stated_minimum=stated[0], stated_mean=mean, stated_maximum=stated[1]
    )
    passed, *queries = opinions(with_dvhs(one))
    assert passed.grade is Grade.PASS
    assert len(queries) == (said is not None)
    for query in queries:
        assert query.flags == (Flag.QUERY,)
        assert re.search(said, query.message)


def altered(alter: Callable[[Any, Any], Any], bin_gy: float = 0.05) -> PlannedDvh:
    edges, volumes = box_curve(bin_gy)
    curve = alter(edges, volumes)
    lower = curve_of("CUMULATIVE", np.full(len(edges), bin_gy), curve)
    return PlannedDvh((LUNG_L,), (), "", "", "", None, None, None, *lower[:3], volume_cc=lower[3])


def test_a_curve_that_is_right_at_the_limit_alone_is_no_agreement(with_dvhs):
    # All of the lung up to just below 20 Gy, and there the right 30 %.
    full = altered(lambda edges, volumes: np.where(edges < 19.9, volumes[0], volumes))
    (finding,) = opinions(with_dvhs(full))
    assert finding.grade is Grade.MINOR
    apart = {one.name: one.measured for one in finding.evidence}
    assert apart["V20Gy[%] apart"] < 0.2
    # Below 20 Gy 30 % + 2 points a Gy of the lung are ours: from 0 Gy on that is 20 Gy of 50 %.
    # 70 % have no 0.1 Gy more; 0.05 Gy are a bin, 0.013 Gy what ours leaves open.
    expected = 20 - 0.5 * (30 + 70) / 100 * 20
    assert apart["mean apart"] == pytest.approx(expected - 0.7 * 0.1, abs=0.07)
    # Half a Gy of tolerance takes one point.
    assert apart["curves apart"] == pytest.approx(100 - 30 - 2 * 0.1 - 1, abs=0.2)
    assert re.search(r"mean -9\.\d\d Gy", finding.message)


def test_a_mean_that_is_right_does_not_excuse_a_curve(with_dvhs):
    # Between 2 and 18 Gy as much too high as too low: where it is ours, 50 % on both sides of 10.
    def flat(edges, volumes):
        return np.where((edges > 2) & (edges < 18), 0.5 * LUNG_CC, volumes)

    (finding,) = opinions(with_dvhs(altered(flat)))
    apart = {one.name: one for one in finding.evidence}
    assert apart["mean apart"].measured < 0.05
    # At 2 Gy ours is 66 %, at 18 Gy 34 %.
    assert apart["curves apart"].measured == pytest.approx(16 - 1, abs=0.2)
    assert finding.grade is Grade.MINOR


def test_what_receives_nothing_is_not_spread_over_a_first_bin(with_dvhs):
    # Ours falls by 30 points above 0 Gy, theirs anywhere in a bin of 1 Gy.
    (finding,) = opinions(with_dvhs(altered(lambda edges, volumes: volumes, bin_gy=0.2)))
    assert finding.grade is Grade.PASS
    assert "curves within 0.00 points" in finding.message


@pytest.mark.parametrize("bin_gy", [1.0, 5.0, 50.0])
@pytest.mark.parametrize("shift_gy", [0.0, 0.3])
def test_trap_bins_too_wide_to_tell_agree_in_nothing(with_dvhs, bin_gy, shift_gy):
    coarse = planned(LUNG_L, bin_gy=bin_gy, shift_gy=shift_gy)
    coarse_one, passed = opinions(with_dvhs(coarse, planned(LUNG_R)))
    assert (coarse_one.grade, coarse_one.about) == (Grade.INFO, "Lung_L")
    assert "cannot be told: its bins are too wide" in coarse_one.message
    assert "V20Gy[%] (within" in coarse_one.message
    told = {one.name: one.measured for one in coarse_one.evidence}
    assert told["V20Gy[%] apart"] is None
    assert told["volume apart"] == pytest.approx(0, abs=1e-6)
    assert "DVHs of 1 ROI agree" in passed.message
    assert "Lung_L" not in passed.message


def test_what_differs_whatever_the_bins_is_a_deviation_still(with_dvhs):
    (finding,) = opinions(with_dvhs(planned(LUNG_L, bin_gy=1.0, shift_gy=-4.0)))
    assert finding.grade is Grade.MINOR


def crosscheck(submission: Any, **options: Any) -> list[Any]:
    """The findings of the second engine, on voxels of 2.5 mm that no edge of a box cuts."""
    (dose,) = submission.doses
    coarse = dose.grid.grid
    fine = replace(
        coarse,
        origin_mm=coarse.origin_mm + np.array([1.25, 1.25, 0]),
        i_spacing_mm=2.5,
        j_spacing_mm=2.5,
        i_count=79,
        j_count=47,
    )
    along_z = dose.grid.dose_gy[:1, :1, :]
    grid = DoseGrid(fine, np.broadcast_to(along_z, fine.shape))
    finer = replace(submission, doses=(replace(dose, grid=grid),))
    report = check(finer, cross_check=True, **options)
    return [finding for finding in report.findings if finding.code == "OL305"]


def test_a_second_engine_is_heard_only_where_it_is_asked_for(build):
    assert not [f for f in check(build()).findings if f.code == "OL305"]


def _refused(*_: Any) -> SecondDvh:
    raise NotEvaluable("of a reason of the test's")


LUNGS_CC = 2 * LUNG_CC
GTV_IN_LUNG_CC = 8.0
"""Of the metastasis; the primary lies between the lungs."""


def graded(found: list[Any]) -> Any:
    (finding,) = [f for f in found if f.about == "Lungs-GTV"]
    return finding


def test_the_second_engine_agrees_on_what_is_graded(build):
    found = crosscheck(build(edge_mm=EDGE_MM))
    finding = graded(found)
    assert found == [finding]
    assert finding.grade is Grade.PASS
    assert finding.flags == ()
    # Borders lie between its voxels, so that its count is the volume in closed form.
    volume_cc = LUNGS_CC - GTV_IN_LUNG_CC
    said = f"{volume_cc:.2f} cc against our {volume_cc:.2f} cc"
    assert f'agrees on "Lungs-GTV", by the loops around what it covers: {said}' in finding.message
    # How much that proves is said beside it.
    assert re.search(r"\(counting voxels allows \d+\.\d\d %\)", finding.message)
    # All of the metastasis lies below the edge, so 20 Gy has 30 % of the lungs.
    v20 = re.search(r"V20Gy\[%\] \S+ against (\S+) \(\d+\.\d\d points\)", finding.message)
    assert v20 is not None
    # It prints two digits of the share that a linear dose gives exactly.
    assert float(v20[1]) == pytest.approx(100 * 0.3 * LUNGS_CC / volume_cc, abs=0.005)


def test_an_error_of_ours_in_what_is_graded_is_reported(build, monkeypatch):
    # As if the one lung were both, and as if a quarter of the dose were the whole: V20 is then V5,
    # of 60 % of the lung, where voxels on the rim allow 27 points.
    right = Submission.dvh_of_shape
    wrong = {
        "volume apart": lambda of: right(of, Shape(of.structure_set.named("Lung_L")), "Lung_L"),
        "V20Gy[%] apart": lambda of: _four_times(
            right(of, resolve(parse("Lungs-GTV"), of.structures_of), "of ours")
        ),
    }
    for what, altered in wrong.items():

        def dvh_of_shape(of: Any, shape: Shape, name: str, *rest: Any, wrong: Any = altered) -> Any:
            return wrong(of) if name == "Lungs-GTV" else right(of, shape, name, *rest)

        monkeypatch.setattr(Submission, "dvh_of_shape", dvh_of_shape)
        finding = graded(crosscheck(build(edge_mm=EDGE_MM)))
        assert (finding.grade, finding.flags) == (Grade.INFO, (Flag.QUERY,))
        assert "dicompyler-core differs on" in finding.message
        assert [one.name for one in finding.evidence if one.measured > one.limit] == [what]


def _four_times(dvh: Any) -> Any:
    return replace(
        dvh,
        edges_gy=4 * dvh.edges_gy,
        max_gy=4 * dvh.max_gy,
        mean_gy=4 * dvh.mean_gy,
        numerical=None,
    )


def test_an_expression_that_cannot_be_asked_is_asked_of_its_parts(build):
    built = build(edge_mm=EDGE_MM)
    (drawn,) = built.structure_sets
    # The metastasis is drawn between the planes of the lungs.
    moved = tuple(
        replace(one, contours=tuple(_raised(contour) for contour in one.contours))
        if one.roi_name == "GTVm01_Lung_L"
        else one
        for one in drawn
    )
    found = crosscheck(replace(built, structure_sets=(replace(drawn, structures=moved),)))
    agreed = {f.about: f for f in found if f.about}
    assert set(agreed) >= {"Lung_L", "Lung_R"}
    for roi_name in ("Lung_L", "Lung_R"):
        assert agreed[roi_name].grade is Grade.PASS
        assert (
            f'agrees on "{roi_name}" as drawn, in place of "Lungs-GTV": 360.00 cc against our '
            f"360.00 cc" in agreed[roi_name].message
        )
    (not_asked,) = [f for f in found if not f.about]
    assert not_asked.grade is Grade.INFO
    # No pass of the parts hides that what is graded was not compared.
    assert re.search(
        r'not asked: "Lungs-GTV" itself, because .*"GTVm01_Lung_L".* not drawn on the same planes',
        not_asked.message,
    )


def test_a_missing_part_is_told_and_the_others_are_compared_as_drawn(build):
    found = crosscheck(build(edge_mm=EDGE_MM, without=["GTVp", "GTVm01_Lung_L"]))
    assert {f.about for f in found} == {"Lung_L", "Lung_R", ""}
    assert all('as drawn, in place of "Lungs-GTV"' in f.message for f in found if f.about)
    (not_asked,) = [f for f in found if not f.about]
    assert re.search('"Lungs-GTV" itself, because .*GTV', not_asked.message)


def test_both_lungs_alone_are_counted_as_one(build, register_table):
    # A register that knows of no gross tumour grades Lungs, which stands for both sides.
    register_table["anatomy"]["gtv_absent"] = "yes"
    built = build(edge_mm=EDGE_MM, without=["GTVp", "GTVm01_Lung_L"])
    (finding,) = crosscheck(built, register=Register.from_dict(register_table))
    assert (finding.grade, finding.about) == (Grade.PASS, "Lungs")
    assert f"{LUNGS_CC:.2f} cc against our {LUNGS_CC:.2f} cc" in finding.message


def _raised(contour: Any) -> Any:
    return replace(contour, points_mm=contour.points_mm + np.array([0, 0, 2.5]))


def test_of_the_parts_the_tiny_are_not_asked(build, monkeypatch):
    monkeypatch.setattr(second_opinion, "second_dvh_of_shape", _refused)
    found = crosscheck(
        build(edge_mm=EDGE_MM, extra={"GTVm02": Box((-50.0, 0, 0), (8.0, 8.0, 10.0))})
    )
    (not_asked,) = [f for f in found if not f.about]
    assert not_asked.grade is Grade.INFO
    assert '"GTVm02" is too small for it' in not_asked.message


def test_a_limit_on_a_flat_part_of_the_curve_is_no_test_and_no_alarm(build, monkeypatch):
    # All of the lung receives 20 Gy, and theirs counts it in the bin below.
    curve = np.array([0.0, 19.99, 20.0]), np.array([360.0, 360.0, 0.0])
    theirs = SecondDvh(360.0, 20.0, *curve, 2.0, np.full((2, 2, 2), 20.0))
    monkeypatch.setattr(second_opinion, "second_dvh", lambda *_: theirs)
    monkeypatch.setattr(second_opinion, "second_dvh_of_shape", _refused)
    finding = next(f for f in crosscheck(build(edge_mm=EDGE_MM)) if f.about == "Lung_L")
    assert "points, which is no test)" in finding.message
    assert [one.name for one in finding.evidence] == ["volume apart"]
    assert finding.flags == ()
    # No alarm, and no pass either.
    assert finding.grade is Grade.INFO
    assert "agrees in volume alone" in finding.message


def test_no_limited_structure_is_drawn(build):
    (finding,) = crosscheck(build(without=["Lung_L", "Lung_R", "GTVp", "GTVm01_Lung_L"]))
    assert finding.grade is Grade.INFO
    assert "no structure of the dose limits is drawn" in finding.message


def test_a_grid_that_clips_a_lung_is_a_reason_and_no_alarm(build):
    (finding,) = crosscheck(
        build(edge_mm=EDGE_MM, z_mm=(-40.0, 90.0), without=["GTVp", "GTVm01_Lung_L"])
    )
    assert finding.grade is Grade.INFO
    assert finding.flags == ()
    assert '"Lung_L" reaches beyond the outermost voxels' in finding.message


@pytest.mark.parametrize(
    ("volume_cc", "hot_cc", "agrees"),
    [(360.0, 108.0, True), (372.0, 111.6, False), (360.0, 126.0, False)],
)
def test_a_difference_that_voxels_do_not_explain_is_a_query(
    build, monkeypatch, volume_cc, hot_cc, agrees
):
    # Of the lung 30 % receive 20 Gy.
    curve = np.array([0.0, 20.0, 35.0]), np.array([volume_cc, hot_cc, 0.0])
    theirs = SecondDvh(volume_cc, 12.0, *curve, 2.0, np.full((2, 2, 2), 12.0))
    monkeypatch.setattr(second_opinion, "second_dvh", lambda *_: theirs)
    monkeypatch.setattr(second_opinion, "second_dvh_of_shape", _refused)
    finding = next(f for f in crosscheck(build(edge_mm=EDGE_MM)) if f.about == "Lung_L")
    assert finding.grade is (Grade.PASS if agrees else Grade.INFO)
    assert finding.flags == (() if agrees else (Flag.QUERY,))
