"""The self-test passes on this engine, and on none that was made wrong."""

import json
from dataclasses import replace

import numpy as np
import pytest

from oligort.dose import histogram
from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.measure import Interval
from oligort.report.selftest_document import SelftestLine, SelftestResult, selftest_view
from oligort.report.text import WIDTH, plain_text
from oligort.selftest import differences
from oligort.selftest import run as selftest_run
from oligort.selftest.cases import EACH, LUNG_DOSES, SOLID_GROUPS, Plan
from oligort.selftest.run import run_selftest

LINES = 28


def failing(result: SelftestResult) -> set[str]:
    return {line.what for line in result.failing}


def test_this_engine_passes_and_says_how_many_cases_it_was_asked() -> None:
    seen = []
    result = run_selftest(1, lambda name, done, total: seen.append((name, done, total)))
    assert result.passed, result.failing
    assert len(result.lines) == LINES
    assert all(line.cases for line in result.lines)
    assert [done for _, done, _ in seen] == list(range(len(seen)))
    assert {total for _, _, total in seen} == {len(seen)}
    # One of 8 kinds, 2 curved doses and 4 groups of solids, of which some are the same case.
    assert 10 <= next(line.cases for line in result.lines if line.unit == "%") <= 14
    # No curve is exactly right: a difference of zero would come of a line that cannot fail.
    curves = [line for line in result.lines if line.unit in {"pp", "% of maximum"}]
    assert len(curves) == 18
    assert all(line.worst > 0 for line in curves)


def test_what_a_physicist_files_passes() -> None:
    """All cases, as the command runs them: one of them may show what the first of each do not."""
    result = run_selftest(EACH)
    assert result.passed, result.failing


def test_every_group_is_as_large_as_it_says() -> None:
    plan = Plan.drawn(EACH)
    groups = (*plan.linear.values(), *plan.curved.values(), *plan.of_solids.values())
    assert len(groups) == 8 + 2 + len(SOLID_GROUPS)
    for group in (*groups, plan.peaks, plan.fine_peaks, plan.spheres):
        assert len({case.name for case in group}) == EACH
    assert plan.of_solids.keys() == SOLID_GROUPS.keys()


@pytest.fixture(scope="module")
def small_plan() -> Plan:
    """A plan in which the cheapest case of a group of ten stands for the group."""
    plan = Plan.drawn(10)

    def cheapest(cases):
        return (min(cases, key=lambda case: np.prod(case.grid.shape)),)

    return Plan(
        linear={kind: cheapest(cases) for kind, cases in plan.linear.items()},
        curved={course: cheapest(cases) for course, cases in plan.curved.items()},
        of_solids={group: cheapest(cases) for group, cases in plan.of_solids.items()},
        peaks=cheapest(plan.peaks),
        fine_peaks=cheapest(plan.fine_peaks),
        spheres=cheapest(plan.spheres),
    )


@pytest.fixture
def one_small_case(small_plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Ask of each group one small case, and of the lungs, the costliest of all, one dose."""
    monkeypatch.setattr(Plan, "drawn", lambda each: small_plan)
    monkeypatch.setattr(selftest_run, "LUNG_DOSES", dict([next(iter(LUNG_DOSES.items()))]))
    return small_plan


def test_the_same_installation_gives_the_same_bytes(one_small_case: Plan) -> None:
    assert run_selftest().to_json() == run_selftest().to_json()


def test_an_engine_without_doubts_is_found_out(
    one_small_case: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histogram, "DOUBT", 0.0)
    monkeypatch.setattr(histogram, "LEAST_DOUBT", 0.0)
    result = run_selftest()
    assert failing(result) == {"numerical intervals that miss the exact slabs"}
    (line,) = result.failing
    assert line.worst_case in {case.name for case in one_small_case.histograms}
    assert set(line.failing) <= {case.name for case in one_small_case.histograms}
    text = plain_text(selftest_view(result))
    assert f"FAIL  {line.what}: {line.worst_case}" in " ".join(text.split("\n"))
    assert text.splitlines()[-1] == f"FAIL: 1 of {LINES} lines"


def test_a_dose_half_a_voxel_off_is_found_out(
    one_small_case: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shifted(grid, dose_gy):
        return DoseGrid(replace(grid, origin_mm=grid.origin_mm + grid.i_spacing_mm / 2), dose_gy)

    monkeypatch.setattr(differences, "DoseGrid", shifted)
    found = failing(run_selftest())
    curves = {f"curve: {kind}, linear dose" for kind in one_small_case.linear}
    assert found >= curves | {"curve: exponential dose, cubic", "curve: gaussian dose, cubic"}
    assert found >= {"curve: median, linear dose", "V20 of two lungs"}
    assert "D95, D50, D5 of Gaussian peaks, cubic: of the slabs" in found
    assert not {what for what in found if "volume" in what or "diameter" in what}


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("mean_gy", "mean dose of the slabs"),
        ("min_gy", "lowest and highest dose"),
        ("max_gy", "lowest and highest dose"),
    ],
)
def test_a_dose_that_no_curve_shows_is_found_out(
    name: str, line: str, one_small_case: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = differences.compute_dvh

    def wrong(*asked):
        dvh = exact(*asked)
        off = 0.005 * (dvh.max_gy - dvh.min_gy)
        doubt = replace(
            dvh.numerical, **{name: Interval(*(end - off for end in getattr(dvh.numerical, name)))}
        )
        return replace(dvh, numerical=doubt, **{name: getattr(dvh, name) - off})

    monkeypatch.setattr(differences, "compute_dvh", wrong)
    assert line in failing(run_selftest())


def test_other_end_caps_and_longer_diameters_are_found_out(
    one_small_case: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact, conventions = differences.maximum_3d, differences.Conventions
    monkeypatch.setattr(
        differences,
        "Conventions",
        lambda dose_interpolation: conventions("none", dose_interpolation=dose_interpolation),
    )
    # an end of the diameter rounded to the hundredth of a millimetre that files hold
    monkeypatch.setattr(differences, "maximum_3d", lambda points: exact(points.round(2)))
    found = failing(run_selftest())
    assert "volume of the slabs" in found
    assert "solid's volume: boxes, cylinders along" in found
    assert "diameters of spheres, axial and 3D" in found


def test_what_is_not_evaluable_is_no_pass(
    one_small_case: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise NotEvaluable("the structure is empty")

    monkeypatch.setattr(differences, "compute_dvh", refuse)
    result = run_selftest()
    assert len(result.failing) == LINES - 1  # diameters need no histogram
    lines = json.loads(result.to_json())["lines"]
    assert [line["worst"] for line in lines[:-1]] == [None] * (LINES - 1)


@pytest.mark.parametrize(
    ("found", "worst_case", "failing", "passed"),
    [
        ({"a": 0.1, "b": 0.2}, "b", (), True),
        ({"a": 0.3, "b": 0.2000001}, "a", ("a", "b"), False),
        ({"a": 0.1, "b": float("nan")}, "b", ("b",), False),
        ({}, "", (), False),
    ],
)
def test_a_line_passes_where_nothing_exceeds_its_limit(found, worst_case, failing, passed) -> None:
    line = SelftestLine.of("curve", "pp", found, 0.2)
    assert (line.worst_case, line.failing, line.passed) == (worst_case, failing, passed)
    assert line.cases == len(found)


def test_a_median_is_of_all_cases_and_of_none_no_pass() -> None:
    line = SelftestLine.of_median("median", "pp", [0.1, 9.0, 0.2], 0.2)
    assert (line.worst, line.cases, line.passed) == (0.2, 3, True)
    assert not SelftestLine.of_median("median", "pp", [0.1, 9.0, 0.21], 0.2).passed
    assert not SelftestLine.of_median("median", "pp", [], 0.2).passed


def test_a_result_that_its_lines_do_not_give_is_refused() -> None:
    bad = SelftestLine.of("curve", "pp", {"a": 1.0}, 0.2)
    for passed, lines in ((True, (bad,)), (True, ())):
        with pytest.raises(ValueError, match="as the lines say"):
            SelftestResult(passed=passed, platform="", versions={}, seed=1, lines=lines)


def test_the_table_keeps_within_its_columns_and_its_numbers_on_their_side_of_the_limit() -> None:
    name = "123 cylinder across 47.3 mm, planes 3 mm, dose 2.5 mm, exponential oblique"
    lines = (
        SelftestLine.of("curve: " + "long " * 20, "% of maximum", {name: 0.1500001}, 0.15),
        SelftestLine.of("volume", "%", {name: 0.00999999, "other": 0.0}, 0.01),
        SelftestLine.of("curve: no case", "pp", {}, 0.15),
    )
    result = SelftestResult(
        passed=False, platform="P" * 90, versions={"numpy": "2.4.6"}, seed=2022, lines=lines
    )
    shown = plain_text(selftest_view(result)).splitlines()
    assert max(map(len, shown)) <= WIDTH
    assert "0.1500001   0.15" in shown[1]
    assert shown[-1] == "FAIL: 2 of 3 lines"
    assert any(line.endswith("pass") and "0.01   0.01" in line for line in shown)
    assert "FAIL  curve: no case: no case" in shown
