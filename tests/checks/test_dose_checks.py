"""Dose limits on a thorax whose V20 is known in closed form."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import oligort.protocol
from oligort.dose.grid import DoseGrid
from oligort.finding import Flag, Grade
from oligort.geometry.grid import Grid
from oligort.geometry.structure import Structure
from oligort.phantoms import Box
from oligort.protocol.model import Protocol

LUNGS_CC, METASTASIS_CC = 720.0, 8.0
AREA_CM2 = 72.0

LUNG_LEFT = Box((50.0, 0.0, 0.0), (60.0, 60.0, 100.0))
LUNG_RIGHT = Box((-50.0, 0.0, 0.0), (60.0, 60.0, 100.0))
PLANES_MM = np.arange(-97.5, 100, 5.0)
FRAME = "1.2.840.1"
"""The lungs of the thorax, to be drawn as one ROI."""

AT_LIMIT_MM = 50 - 0.25 * (LUNGS_CC - METASTASIS_CC) / AREA_CM2 * 10
"""Edge at which lungs minus GTV have V20 = 25 %: the metastasis lies wholly below 20 Gy."""

TOLERANCE = 1e-3
"""Percentage points: volumes and interpolation are exact; a bin of 0.01 Gy is 0.02 mm wide here,
0.02 % of the lungs, and 20 Gy is the edge of a bin, which leaves rounding alone."""

LEAST_DOUBT = 0.0025
"""Percentage points that every interval reaches beyond its value, see `oligort.dose.histogram`."""


def edge_for(v20_percent: float) -> float:
    return 50 - v20_percent / 100 * (LUNGS_CC - METASTASIS_CC) / AREA_CM2 * 10


def protocol_with(tmp_path: Path, old: str, new: str) -> Protocol:
    shipped = Path(oligort.protocol.__file__).parent / "trials" / "nct06190782.toml"
    text = shipped.read_text(encoding="utf-8")
    assert text.count(old) == 1
    altered = tmp_path / "altered.toml"
    altered.write_text(text.replace(old, new), encoding="utf-8")
    return Protocol.load(altered)


@pytest.mark.parametrize(
    ("v20_percent", "grade", "flags"),
    [
        (18.0, Grade.PASS, ()),
        (24.45, Grade.PASS, ()),
        (24.55, Grade.PASS, (Flag.BORDERLINE,)),
        (24.99, Grade.PASS, (Flag.BORDERLINE,)),
        (25.003, Grade.MAJOR, (Flag.BORDERLINE,)),
        (25.01, Grade.MAJOR, (Flag.BORDERLINE,)),
        (25.45, Grade.MAJOR, (Flag.BORDERLINE,)),
        (25.55, Grade.MAJOR, ()),
        (32.0, Grade.MAJOR, ()),
    ],
)
def test_v20_is_the_closed_form_and_is_graded_unrounded(
    v20_percent, grade, flags, build, findings_of, register_table
):
    (finding,) = findings_of("OL301", build(edge_mm=edge_for(v20_percent)), register_table)
    (evidence,) = finding.evidence
    assert evidence.measured == pytest.approx(v20_percent, abs=TOLERANCE)
    assert (finding.grade, finding.criterion, finding.about) == (grade, "X6", "Lungs-GTV")
    assert (evidence.limit, evidence.relation, evidence.unit) == (25, "<=", "%")
    # The whole lungs have 0.9889 times this V20: between 25 and 25.28 % they would pass.
    whole = v20_percent * (LUNGS_CC - METASTASIS_CC) / LUNGS_CC
    sensitive = (whole <= 25) is not (v20_percent <= 25)
    assert finding.flags == (*flags, *((Flag.DEFINITION_SENSITIVE,) if sensitive else ()))
    if sensitive:
        assert "Lungs" in finding.message
    # The sentence does not tell another side of the limit, or the limit itself, than the verdict.
    told = float(finding.message.partition("V20Gy[%] ")[2].partition(" ")[0])
    assert (told > 25) is (evidence.measured > 25)
    assert (told == 25) is (evidence.measured == 25)


def test_a_limit_within_what_the_computation_may_be_off_by_is_decided_and_told(
    build, findings_of, register_table, tmp_path
):
    """In Gy as well, where the protocol has no width: half of the doubt beside the value."""
    submission = build(edge_mm=edge_for(20.0))
    median = submission.dvh("Lungs-GTV")["D50%[Gy]"]
    low, high = median.intervals["numerical"]
    for limit, grade in (((median + high) / 2, Grade.PASS), ((median + low) / 2, Grade.MAJOR)):
        text = f'metric = "D50%[Gy]"\nrelation = "<="\nlimit = {limit!r}\nunit = "Gy"\n'
        old = 'metric = "V20Gy[%]"\nrelation = "<="\nlimit = 25\nunit = "%"\n'
        protocol = protocol_with(tmp_path, old, text)
        (finding,) = findings_of("OL301", submission, register_table, protocol=protocol)
        assert finding.grade is grade
        assert Flag.BORDERLINE in finding.flags
        assert f"as computed, {low:.3f} to {high:.3f} Gy: the limit lies between" in finding.message


def test_the_limit_and_the_metric_stand_in_the_protocol_alone(
    build, findings_of, register_table, tmp_path
):
    submission = build(edge_mm=edge_for(20.0))
    (finding,) = findings_of("OL301", submission, register_table)
    assert finding.grade is Grade.PASS
    lower = protocol_with(tmp_path, "limit = 25\n", "limit = 19.5\n")
    (finding,) = findings_of("OL301", submission, register_table, protocol=lower)
    assert finding.grade is Grade.MAJOR
    assert finding.evidence[0].limit == 19.5
    # V15 of a dose that rises by 0.5 Gy/mm reaches 10 mm further: 72 cc more
    metric = protocol_with(tmp_path, 'metric = "V20Gy[%]"', 'metric = "V15Gy[%]"')
    (finding,) = findings_of("OL301", submission, register_table, protocol=metric)
    expected = 20.0 + 100 * 72.0 / (LUNGS_CC - METASTASIS_CC)
    assert finding.evidence[0].measured == pytest.approx(expected, abs=TOLERANCE)
    assert finding.grade is Grade.MAJOR


@pytest.mark.parametrize("missing", ["Lung_L", "Lung_R"])
def test_trap_one_lung_alone_is_not_both(missing, build, findings_of, register_table):
    (finding,) = findings_of("OL301", build(without=[missing]), register_table)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert finding.criterion == "X6"
    assert "only one side" in finding.message


def test_after_a_pneumonectomy_the_lung_that_is_left_is_graded(build, findings_of, register_table):
    register_table["anatomy"]["pneumonectomy"] = "yes"
    submission = build(without=["Lung_R"], edge_mm=35.0)
    (finding,) = findings_of("OL301", submission, register_table)
    # 36 cm2 of one lung over 15 mm
    assert finding.evidence[0].measured == pytest.approx(100 * 54 / 352, abs=TOLERANCE)
    assert finding.grade is Grade.PASS
    assert "Lung_L-GTV" in finding.message


def test_a_pneumonectomy_does_not_choose_between_two_drawings_of_a_lung(
    build, findings_of, register_table
):
    register_table["anatomy"]["pneumonectomy"] = "yes"
    twice = build(extra={"Left Lung": Box((50.0, 0.0, 0.0), (58.0, 60.0, 100.0))})
    (finding,) = findings_of("OL301", twice, register_table)
    assert finding.grade is Grade.NOT_EVALUABLE


def test_trap_no_lungs_at_all_is_no_pass(build, findings_of, register_table):
    (finding,) = findings_of("OL301", build(without=["Lung_L", "Lung_R"]), register_table)
    assert finding.grade is Grade.NOT_EVALUABLE
    (inside,) = findings_of("OL302", build(without=["Lung_L", "Lung_R"]), register_table)
    assert inside.grade is Grade.NOT_EVALUABLE


def test_without_any_structure_set_the_criterion_is_still_answered(
    build, findings_of, register_table
):
    (finding,) = findings_of("OL301", build(structure_sets=()), register_table)
    assert (finding.grade, finding.criterion) == (Grade.NOT_EVALUABLE, "X6")


def test_no_gtv_is_named_and_never_nothing_to_subtract(build, findings_of, register_table):
    submission = build(without=["GTVm01_Lung_L", "GTVp"])
    (finding,) = findings_of("OL301", submission, register_table)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "no GTV is drawn" in finding.message
    shown = {evidence.name: evidence.measured for evidence in finding.evidence}
    assert shown["V20Gy[%] of Lungs, not graded"] == pytest.approx(15.0, abs=TOLERANCE)


def test_without_gross_tumour_by_the_register_the_lungs_are_graded(
    build, findings_of, register_table
):
    register_table["anatomy"]["gtv_absent"] = "yes"
    (finding,) = findings_of("OL301", build(without=["GTVm01_Lung_L"]), register_table)
    assert finding.grade is Grade.PASS
    assert finding.evidence[0].measured == pytest.approx(15.0, abs=TOLERANCE)
    # A GTV that is drawn is subtracted whatever the register says.
    (finding,) = findings_of("OL301", build(), register_table)
    assert finding.evidence[0].measured == pytest.approx(100 * 108 / 712, abs=TOLERANCE)


def test_trap_an_roi_named_gtv_is_not_all_of_them(build, findings_of, register_table):
    primary = Box((-50.0, 0.0, 30.0), (40.0, 40.0, 20.0))
    submission = build(extra={"GTV": primary})
    (finding,) = findings_of("OL301", submission, register_table)
    # The dose is 20 Gy at z = 35: 5 of the 20 mm of this GTV, 8 cc, get more.
    expected = 100 * (108 - 8) / (LUNGS_CC - METASTASIS_CC - 32)
    assert finding.evidence[0].measured == pytest.approx(expected, abs=TOLERANCE)
    assert submission.dvh('"GTV"').volume_cc == pytest.approx(32.0)
    assert submission.dvh("GTV").volume_cc == pytest.approx(32.0 + METASTASIS_CC + 1.0)


@pytest.mark.parametrize("dose_type", ["EFFECTIVE", "ERROR", ""])
def test_only_physical_dose_is_graded(dose_type, build, findings_of, register_table, tmp_path):
    submission = build(dose_type=dose_type)
    (finding,) = findings_of("OL301", submission, register_table)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert (dose_type or "Dose Type") in finding.message
    accepting = protocol_with(
        tmp_path, "[settings.effective_dose_accepted]\nvalue = false",
        "[settings.effective_dose_accepted]\nvalue = true",
    )  # fmt: skip
    (finding,) = findings_of("OL301", submission, register_table, protocol=accepting)
    assert (finding.grade is Grade.PASS) is (dose_type == "EFFECTIVE")


@pytest.mark.parametrize("scale", [1 / 25, 0.75, 2.5])
def test_trap_a_dose_that_does_not_fit_its_prescription_is_not_graded(
    scale, build, findings_of, register_table
):
    submission = build(scale=scale, edge_mm=25.0)
    (finding,) = findings_of("OL301", submission, register_table)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "does not fit the prescription" in finding.message
    (fit,) = findings_of("OL401", submission, register_table)
    assert fit.grade is Grade.NOT_EVALUABLE


def test_a_dose_that_fits_says_by_which_target(build, findings_of, register_table):
    (fit,) = findings_of("OL401", build(edge_mm=25.0), register_table)
    assert fit.grade is Grade.PASS
    assert 'median 32.50 Gy in "PTVm01"' in fit.message


def test_a_dose_without_a_prescription_is_not_shown_to_be_whole(build, findings_of, register_table):
    (fit,) = findings_of("OL401", build(prescription_gy=None), register_table)
    assert fit.grade is Grade.NOT_EVALUABLE
    assert "prescribes no dose" in fit.message


def test_a_sum_is_held_against_the_prescriptions_of_all_its_plans(
    build, findings_of, register_table
):
    submission = build(edge_mm=25.0)
    (first,) = submission.plans
    boost_first = replace(
        first,
        sop_instance_uid="1.2.0",
        prescriptions=(replace(first.prescriptions[0], dose_gy=8.0),),
    )
    main = replace(first, prescriptions=(replace(first.prescriptions[0], dose_gy=26.0),))
    total = replace(submission.doses[0], summation_type="MULTI_PLAN", plan_uids=("1.2.0", "1.2.2"))
    summed = replace(submission, plans=(boost_first, main), doses=(total,))
    (fit,) = findings_of("OL401", summed, register_table)
    assert fit.grade is Grade.PASS
    fraction = replace(summed, doses=(replace(total, grid=build(scale=0.1).doses[0].grid),))
    (fit,) = findings_of("OL401", fraction, register_table)
    assert fit.grade is Grade.NOT_EVALUABLE


def test_a_stale_drawing_is_a_query_and_its_parts_are_graded(build, findings_of, register_table):
    from oligort.checks.engine import check
    from oligort.clinical.register import Register

    stale = Box((0.0, 0.0, -5.0), (160.0, 60.0, 90.0))
    submission = build(extra={"Lungs-GTV": stale})
    (finding,) = findings_of("OL301", submission, register_table)
    assert finding.evidence[0].measured == pytest.approx(100 * 108 / 712, abs=TOLERANCE)
    assert finding.flags == (Flag.QUERY,)
    assert 'drawn ROI "Lungs-GTV" has 864.0 cc' in finding.message
    report = check(submission, register=Register.from_dict(register_table))
    told = {m.metric: m.value for m in report.measurements if m.about == "Lungs-GTV"}
    assert told["Volume"] == pytest.approx(712, abs=1e-3)
    assert told["V20Gy[%]"] == pytest.approx(100 * 108 / 712, abs=TOLERANCE)


BODY = Box((0.0, 0.0, 0.0), (190.0, 110.0, 180.0))


def test_one_lung_named_as_both_is_not_graded_without_a_body(build, findings_of, register_table):
    one = build(without=["Lung_L", "Lung_R"], extra={"Lungs": LUNG_RIGHT})
    (finding,) = findings_of("OL301", one, register_table)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert 'ROI "Lungs" is not two parts side by side' in finding.message


def test_the_drawing_alone_is_graded_as_what_it_is_called(build, findings_of, register_table):
    alone = build(
        without=["Lung_L", "Lung_R"],
        extra={"Lungs-GTV": Box((0.0, 0.0, 0.0), (120.0, 60.0, 100.0)), "BODY": BODY},
    )
    (finding,) = findings_of("OL301", alone, register_table)
    assert finding.grade is Grade.PASS
    assert finding.evidence[0].measured == pytest.approx(15.0, abs=TOLERANCE)
    assert "graded as drawn" in finding.message


def test_another_definition_alone_is_shown_and_not_graded(build, findings_of, register_table):
    other = build(
        without=["Lung_L", "Lung_R"],
        extra={"LUNGS-ITV's": Box((0.0, 0.0, 0.0), (120.0, 60.0, 100.0))},
    )
    (finding,) = findings_of("OL301", other, register_table)
    assert finding.grade is Grade.NOT_EVALUABLE
    (shown,) = finding.evidence
    assert shown.name == "V20Gy[%] of LUNGS-ITV's, not graded"
    assert shown.measured == pytest.approx(15.0, abs=TOLERANCE)
    assert shown.limit is None


@pytest.mark.parametrize("structure", ["Heart", "PTVm01_Lung_L"])
def test_another_definition_of_lungs_is_not_shown_for_what_is_no_lung(
    structure, build, findings_of, register_table, tmp_path
):
    other = build(extra={"LUNGS-ITV's": Box((0.0, 0.0, 0.0), (120.0, 60.0, 100.0))})
    protocol = protocol_with(tmp_path, 'structure = "Lungs-GTV"\n', f'structure = "{structure}"\n')
    (finding,) = findings_of("OL301", other, register_table, protocol=protocol)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert f'"{structure}"; there are' in finding.message
    assert finding.evidence == ()


@pytest.mark.parametrize(
    ("edge_mm", "top_mm", "expected"),
    [
        # The grid ends 2.5 mm beyond its last centre: lungs above lie outside, 72 cc a cm.
        (30.0, 42.5, Grade.PASS),
        (30.0, 12.5, Grade.NOT_EVALUABLE),
        (15.0, 42.5, Grade.MAJOR),
        # 27 % at the least if the dose went straight on in the last half voxel, 23 % if it ended.
        (20.0, 42.5, Grade.NOT_EVALUABLE),
        (27.5, 32.5, Grade.PASS),
    ],
)
def test_a_clipped_grid_is_open_only_where_the_limit_lies_within_the_bounds(
    edge_mm, top_mm, expected, build, findings_of, register_table
):
    submission = build(edge_mm=edge_mm, z_mm=(-87.5, top_mm), prescription_gy=None)
    inside_top = top_mm + 2.5
    outside_cc = AREA_CM2 * (50 - inside_top) / 10 - (8 * max(0, 10 - inside_top) / 20)
    low = 100 * AREA_CM2 * max(0, top_mm - edge_mm) / 10 / 712
    high = 100 * (AREA_CM2 * max(0, inside_top - edge_mm) / 10 + outside_cc) / 712
    truth = Grade.MAJOR if low > 25 else Grade.PASS if high <= 25 else Grade.NOT_EVALUABLE
    assert truth is expected
    (finding,) = findings_of("OL301", submission, register_table)
    assert finding.grade is truth
    (inside,) = findings_of("OL302", submission, register_table)
    assert inside.grade is Grade.MINOR
    assert inside.evidence[0].measured == pytest.approx(100 * outside_cc / 712, abs=TOLERANCE)
    if truth is not Grade.NOT_EVALUABLE:
        (evidence,) = finding.evidence
        assert evidence.low == pytest.approx(low, abs=TOLERANCE + LEAST_DOUBT)
        assert evidence.high == pytest.approx(high, abs=TOLERANCE + LEAST_DOUBT)


def test_trap_a_grid_clipped_at_a_penumbra_passes_nothing(build, findings_of, register_table):
    """The dose falls from 40 to 0 Gy within 6 mm of z = -24.6; the grid begins in the midst of it.

    Straight on from its first two centres the last half voxel gets less than 20 Gy.
    """

    def submission(first):
        built = build(prescription_gy=None)
        (dose,) = built.doses
        z = (-59.9 + 3.0 * np.arange(48))[first:]
        grid = Grid((-100, -60, 0), (1, 0, 0), (0, 1, 0), 10.0, 10.0, 21, 13, z, FRAME)
        along_z = 40 / (1 + np.exp((z + 24.6) / 0.7))
        falling = DoseGrid(grid, np.broadcast_to(along_z, grid.shape), "PHYSICAL", "PLAN", "1.2.3")
        return replace(built, doses=(replace(dose, grid=falling),))

    (whole,) = findings_of("OL301", submission(0), register_table)
    assert whole.grade is Grade.MAJOR
    assert whole.evidence[0].measured == pytest.approx(25.4, abs=0.1)
    (clipped,) = findings_of("OL301", submission(12), register_table)
    assert clipped.grade is Grade.NOT_EVALUABLE
    assert "cc in the outermost half voxel, whose dose is not known" in clipped.message
    low, high = submission(12).dvh("Lungs-GTV")["V20Gy[%]"].intervals["coverage"]
    assert low <= whole.evidence[0].measured <= high


def test_trap_a_definition_that_the_grid_leaves_open_questions_the_verdict(
    build, findings_of, register_table
):
    """The PTV takes out lung of low dose: what lies outside weighs more in the rest of it."""
    planned = {"PTVm02": Box((50.0, 0.0, -10.0), (60.0, 60.0, 60.0))}
    clipped = {"edge_mm": edge_for(16.0), "extra": planned, "prescription_gy": None}
    submission = build(z_mm=(-45.0, 90.0), **clipped)
    (finding,) = findings_of("OL301", submission, register_table)
    without_ptv = submission.dvh("Lungs-PTV")["V20Gy[%]"]
    # 504 cc are left of 712, and all of the 18 cc of 2.5 mm below the grid.
    assert without_ptv == pytest.approx(16 * 712 / 504, abs=TOLERANCE)
    assert without_ptv < 25 < without_ptv.high
    assert finding.grade is Grade.PASS
    assert Flag.DEFINITION_SENSITIVE in finding.flags
    assert "the verdict may change for Lungs-PTV 22.60 % (22.601 to 2" in finding.message
    (covered,) = findings_of("OL301", build(**clipped), register_table)
    assert covered.flags == ()
    assert "verdict" not in covered.message


def test_a_grid_that_covers_the_lungs_is_no_deviation(build, findings_of, register_table):
    (inside,) = findings_of("OL302", build(), register_table)
    assert inside.grade is Grade.PASS
    assert inside.evidence[0].measured == pytest.approx(0, abs=1e-9)


def test_of_two_limits_the_second_is_judged_though_the_first_is_open(
    build, findings_of, register_table, tmp_path
):
    site = protocol_with(
        tmp_path,
        "[[dose_limits]]\n",
        """[[dose_limits]]
criterion = "S1"
description = "Heart mean"
structure = "Heart"
metric = "Mean[Gy]"
relation = "<="
limit = 20
unit = "Gy"
source = { document = "assumption" }

[[dose_limits]]
""",
    )
    clipped = build(z_mm=(-87.5, 42.5), prescription_gy=None)
    heart, lungs = findings_of("OL301", clipped, register_table, protocol=site)
    assert (heart.criterion, heart.grade) == ("S1", Grade.NOT_EVALUABLE)
    assert (lungs.criterion, lungs.grade) == ("X6", Grade.PASS)
    heart, lungs = findings_of("OL302", clipped, register_table, protocol=site)
    assert (heart.grade, lungs.grade) == (Grade.NOT_EVALUABLE, Grade.MINOR)


def test_trap_a_fraction_dose_is_not_multiplied_by_the_number_of_fractions(build, findings_of):
    submission = build()
    (plan_dose,) = submission.doses
    as_plan = submission.dvh("Lungs-GTV")["V20Gy[%]"]
    group = replace(submission, doses=(replace(plan_dose, summation_type="FRACTION"),))
    assert group.dvh("Lungs-GTV")["V20Gy[%]"] == as_plan
    (finding,) = findings_of("OL301", group)
    assert finding.grade is Grade.PASS


@pytest.mark.parametrize("summation_type", ["BEAM", "FRACTION_SESSION", "CONTROL_POINT"])
def test_a_dose_of_a_part_is_not_graded_even_where_the_user_chooses_it(
    summation_type, build, findings_of
):
    submission = build()
    part = replace(submission.doses[0], summation_type=summation_type)
    chosen = replace(submission, doses=(part,)).selected(dose="RD.dcm")
    (finding,) = findings_of("OL301", chosen)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "a part of a plan" in finding.message


def test_beam_doses_that_contradict_the_prescription_leave_the_dose_open(build, findings_of):
    # A prescription and a dose of one fraction fit each other; the plan's beams do not.
    submission = build()
    plan = replace(
        submission.plans[0], beam_dose_gy=25 * submission.plans[0].prescriptions[0].dose_gy
    )
    (finding,) = findings_of("OL301", replace(submission, plans=(plan,)))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "the plan's beams give" in finding.message


def with_structures(submission, *more):
    (whole,) = submission.structure_sets
    structures = (*whole.structures, *more)
    return replace(submission, structure_sets=(replace(whole, structures=structures),))


@pytest.mark.parametrize("edge_mm", [10.0, 20.0, 30.0])
def test_trap_an_empty_gtv_is_not_nothing_to_subtract(edge_mm, build, findings_of):
    # Cut out, tumour that gets less than 20 Gy makes V20 larger, other tumour smaller.
    empty = Structure(99, "GTVm02_Lung_R", frame_of_reference_uid=FRAME)
    (finding,) = findings_of("OL301", with_structures(build(edge_mm=edge_mm), empty))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert '"GTVm02_Lung_R" has no contours that can be used' in finding.message
    assert "without it" in finding.message


METASTASIS = Box((50.0, 0.0, 0.0), (20.0, 20.0, 20.0))
"""The metastasis that is drawn."""

COLD = Box((50.0, 0.0, -40.0), (20.0, 20.0, 20.0))
"""In the left lung, of 8 cc: with it cut out too, a V20 of 24.77 % is one of 25.06 %."""


@pytest.mark.parametrize("roi_name", ["GTVall", "GTV_total", "GTVp+GTVm"])
def test_trap_a_union_with_more_than_its_parts_leaves_v20_open(roi_name, build, findings_of):
    near = build(edge_mm=25.5)
    (alone,) = findings_of("OL301", near)
    assert alone.grade is Grade.PASS
    assert alone.evidence[0].measured == pytest.approx(100 * 24.5 * 7200 / 712_000, abs=1e-3)
    loops = tuple(
        contour
        for solid in (METASTASIS, COLD)
        for contour in solid.structure(roi_name, 98, PLANES_MM).contours
    )
    union = Structure(98, roi_name, loops, frame_of_reference_uid=FRAME)
    (finding,) = findings_of("OL301", with_structures(near, union))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert f'GTV holds "{roi_name}" too' in finding.message
    # Far from the limit the verdict is the same either way.
    (far,) = findings_of("OL301", with_structures(build(edge_mm=30.0), union))
    assert far.grade is Grade.PASS


def test_a_union_of_what_is_drawn_changes_nothing(build, findings_of):
    near = build(edge_mm=25.5)
    loops = tuple(METASTASIS.structure("GTVall", 98, PLANES_MM).contours)
    union = Structure(98, "GTVall", loops, frame_of_reference_uid=FRAME)
    assert findings_of("OL301", with_structures(near, union)) == findings_of("OL301", near)


def test_of_targets_no_plane_is_said_to_be_there(build, findings_of, tmp_path):
    """The parts of a target may lie apart: nothing was looked at, so nothing is passed."""
    of_targets = protocol_with(tmp_path, 'structure = "Lungs-GTV"', 'structure = "GTV"')
    (finding,) = findings_of("OL303", build(), protocol=of_targets)
    assert (finding.grade, finding.about) == (Grade.INFO, "GTV")
    assert finding.message == "a gap in a target is told by itself, for its parts may lie apart"
    (organ,) = findings_of("OL303", build())
    assert organ.message == 'no plane is missing in "Lung_L", "Lung_R"'


def test_trap_planes_missing_in_one_lung_of_both_are_no_smaller_v20(build, findings_of, tmp_path):
    """Both lungs in one ROI, half of the left one not drawn: its share must not just vanish."""
    whole = build(without=["Lung_L", "Lung_R"], edge_mm=12.0)
    left, right = (
        solid.structure(name, 1, PLANES_MM) for name, solid in (("L", LUNG_LEFT), ("R", LUNG_RIGHT))
    )

    def with_lungs(contours):
        (drawn,) = whole.structure_sets
        lungs = Structure(9, "Lungs", tuple(contours), frame_of_reference_uid=FRAME)
        structures = (*drawn.structures, lungs)
        return replace(whole, structure_sets=(replace(drawn, structures=structures),))

    both = [*left.contours, *right.contours]
    (complete,) = findings_of("OL301", with_lungs(both))
    assert complete.grade is Grade.MAJOR
    kept = [c for c in both if not (c in left.contours and 5 < c.points_mm[0, 2] < 45)]
    (finding,) = findings_of("OL301", with_lungs(kept))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "planes are not drawn" in finding.message
    (gap,) = findings_of("OL303", with_lungs(kept))
    assert gap.grade is Grade.MINOR
    # Whatever the metric is, a mean dose of more than 15 Gy must not fall below it so.
    limited = protocol_with(
        tmp_path,
        'metric = "V20Gy[%]"\nrelation = "<="\nlimit = 25\nunit = "%"',
        'metric = "gEUD(1)[Gy]"\nrelation = "<="\nlimit = 15\nunit = "Gy"',
    )
    (mean,) = findings_of("OL301", with_lungs(both), protocol=limited)
    assert mean.grade is Grade.MAJOR
    (mean,) = findings_of("OL301", with_lungs(kept), protocol=limited)
    assert mean.grade is Grade.NOT_EVALUABLE
    assert "planes are not drawn" in mean.message
