"""Volumes of limited organs against what such organs can be, and the limit that rests on them."""

from pathlib import Path

import msgspec
import pytest

import oligort.protocol
from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.clinical.register import Register
from oligort.finding import Grade
from oligort.phantoms import Box
from oligort.protocol.model import Protocol

PROTOCOL = Protocol.load("nct06190782")
CHECKS = {one.code: one for one in all_checks()}


def findings_of(code, submission, register=None, protocol=PROTOCOL):
    answers = Register.from_dict(register) if register else None
    return list(CHECKS[code].run(Case(submission, protocol, answers)))


def lung(x, width, depth=60.0):
    """Return a lung of 100 mm length."""
    return Box((x, 0.0, 0.0), (width, depth, 100.0))


def test_lungs_of_a_lungs_size_pass(build):
    (finding,) = findings_of("OL017", build())
    assert finding.grade is Grade.PASS
    assert '"Lung_L" 360 cc, "Lung_R" 360 cc, both 720 cc' in finding.message


def test_a_target_that_is_called_after_an_organ_need_not_be_as_large(build):
    """A limit on the coverage of a target in a lung: 8 cc are no lung, and nobody says so."""
    coverage = msgspec.structs.replace(
        PROTOCOL.dose_limits[0], structure="PTVm01_Lung_L", metric="V1Gy[%]", family=(), parts=()
    )
    protocol = msgspec.structs.replace(PROTOCOL, dose_limits=(coverage,))
    target = {"PTVm01_Lung_L": Box((50.0, 0.0, 0.0), (20.0, 20.0, 20.0))}
    submission = build(extra=target)
    (told,) = findings_of("OL017", submission, protocol=protocol)
    assert told.grade is Grade.INFO
    assert "no range for such an organ" in told.message
    (graded,) = findings_of("OL301", submission, protocol=protocol)
    assert graded.grade is Grade.MAJOR  # 100 %, where 25 % are allowed


@pytest.mark.parametrize(
    ("depth_mm", "is_plausible"),
    [(41.6, False), (41.8, True), (830.0, True), (834.0, False)],
)
def test_both_lungs_beyond_the_range_are_minor_and_nothing_is_graded_on_them(
    build, depth_mm, is_plausible
):
    """Two lungs of 60 x 100 mm have 0.012 cc a mm of depth: 500 and 10,000 cc are the ends."""
    both = {"Lung_L": lung(50, 60, depth_mm), "Lung_R": lung(-50, 60, depth_mm)}
    submission = build(without=both, extra=both)
    found = findings_of("OL017", submission)
    (v20,) = findings_of("OL301", submission)
    if is_plausible:
        assert [finding.grade for finding in found] == [Grade.PASS]
        assert "not plausible" not in v20.message
        return
    assert [finding.grade for finding in found] == [Grade.MINOR]
    assert "plausible are 500 to 10000 cc" in found[0].message
    (evidence,) = found[0].evidence
    assert evidence.measured == pytest.approx(12 * depth_mm)
    assert evidence.limit == (500 if depth_mm < 100 else 10000)
    assert v20.grade is Grade.NOT_EVALUABLE
    assert "the volume is not plausible" in v20.message
    # The number is shown all the same, and not graded.
    assert any("not graded" in one.name for one in v20.evidence)


def test_one_roi_of_both_lungs_is_asked_too(build):
    lobe = {"Lungs": Box((0.0, 0.0, 0.0), (160.0, 30.0, 100.0))}
    lobe["BODY"] = Box((0.0, 0.0, 0.0), (200.0, 120.0, 180.0))
    submission = build(without=["Lung_L", "Lung_R"], extra=lobe)
    (finding,) = findings_of("OL017", submission)
    assert finding.grade is Grade.MINOR
    assert '"Lungs": 480 cc' in finding.message


def test_uneven_lungs_are_minor_and_v20_stands(build):
    """Of 210 and 720 cc the smaller has 23 %."""
    uneven = {"Lung_L": lung(50, 60, 35.0), "Lung_R": lung(-55, 90, 80.0)}
    submission = build(without=uneven, extra=uneven)
    (finding,) = findings_of("OL017", submission)
    assert finding.grade is Grade.MINOR
    assert '"Lung_L" has 210 cc and "Lung_R" 720 cc: 23 % of both' in finding.message
    (v20,) = findings_of("OL301", submission)
    assert v20.grade is not Grade.NOT_EVALUABLE


def test_a_collapsed_lung_is_told_and_v20_of_both_stands(build):
    collapsed = {"Lung_L": lung(50, 60, 25.0), "Lung_R": lung(-55, 90, 80.0)}
    submission = build(without=collapsed, extra=collapsed)
    small, uneven = findings_of("OL017", submission)
    assert (small.grade, uneven.grade) == (Grade.MINOR, Grade.MINOR)
    assert '"Lung_L": 150 cc, plausible are 200 to 7000 cc' in small.message
    assert "17 % of both" in uneven.message
    (v20,) = findings_of("OL301", submission)
    assert v20.grade is not Grade.NOT_EVALUABLE


def test_after_a_pneumonectomy_one_lung_is_held_against_its_own_range(build, register_table):
    register_table["anatomy"] = {"pneumonectomy": "yes"}
    alone = build(without=["Lung_R"])
    (finding,) = findings_of("OL017", alone, register_table)
    assert finding.grade is Grade.PASS
    assert '"Lung_L" 360 cc' in finding.message
    rest = {"Lung_L": lung(50, 30)}
    (finding,) = findings_of(
        "OL017", build(without=["Lung_L", "Lung_R"], extra=rest), register_table
    )
    assert finding.grade is Grade.MINOR
    assert "180 cc, plausible are 200 to 7000 cc" in finding.message


def test_what_is_named_for_both_lungs_may_be_the_one_that_is_left(build, register_table):
    alone = {"Lungs-GTV": lung(50, 60)}
    submission = build(without=["Lung_L", "Lung_R"], extra=alone)
    (both,) = findings_of("OL017", submission, register_table)
    assert both.grade is Grade.INFO  # the limit tells that a lung is missing
    assert "is not two parts side by side" in both.message
    register_table["anatomy"] = {"pneumonectomy": "yes"}
    (one,) = findings_of("OL017", submission, register_table)
    assert one.grade is Grade.PASS
    (v20,) = findings_of("OL301", submission, register_table)
    assert "not plausible" not in v20.message


def test_a_missing_lung_is_told_once_by_the_limit(build):
    (finding,) = findings_of("OL017", build(without=["Lung_L"]))
    assert finding.grade is Grade.INFO
    assert "only one side" in finding.message


def test_a_protocol_without_ranges_doubts_nothing(build):
    small = {"Lung_L": lung(50, 5), "Lung_R": lung(-50, 5)}
    submission = build(without=small, extra=small)
    protocol = Protocol.load("nct06190782")
    fields = {name: getattr(protocol, name) for name in protocol.__struct_fields__}
    without = Protocol(**{**fields, "plausible_volumes": None})
    (finding,) = findings_of("OL017", submission, protocol=without)
    assert finding.grade is Grade.INFO
    assert "the protocol has no plausible volumes" in finding.message
    (v20,) = findings_of("OL301", submission, protocol=without)
    assert "not plausible" not in v20.message


def test_a_limit_of_an_organ_without_a_range_is_said_not_to_be_looked_at(build, tmp_path):
    shipped = Path(oligort.protocol.__file__).parent / "trials" / "nct06190782.toml"
    text = shipped.read_text(encoding="utf-8")
    limited = text.replace('structure = "Lungs-GTV"', 'structure = "Heart"')
    limited = limited.replace('metric = "V20Gy[%]"', 'metric = "V25Gy[%]"')
    file = tmp_path / "heart.toml"
    file.write_text(limited, encoding="utf-8")
    heart = {"Heart": Box((0.0, 0.0, 0.0), (30.0, 30.0, 50.0))}
    (finding,) = findings_of("OL017", build(extra=heart), protocol=Protocol.load(file))
    assert finding.grade is Grade.INFO
    assert "no range for such an organ" in finding.message
