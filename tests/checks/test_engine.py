"""The engine: NotEvaluable becomes a finding, everything else is a bug and is shown as one."""

import re

import pytest

import oligort.checks.engine as engine
from oligort.checks.registry import Check
from oligort.clinical.register import Register
from oligort.comparison import compare
from oligort.document import Report
from oligort.errors import NotEvaluable, ProtocolError, RegisterError
from oligort.finding import Finding, Grade, Source
from oligort.lesions.site_map import SiteMap
from oligort.objects import FileDigest
from oligort.submission import Submission


def judged_by(monkeypatch, run, rule=None):
    monkeypatch.setattr(engine, "checks_of", lambda *_: (Check("OL999", "Sought", run, rule),))


@pytest.mark.parametrize("error", [ValueError, KeyError, ZeroDivisionError, ProtocolError])
def test_an_unexpected_error_is_not_swallowed(error, monkeypatch):
    def run(case):
        raise error("broken")
        yield

    judged_by(monkeypatch, run)
    with pytest.raises(error, match="broken"):
        engine.check(Submission())


def test_not_evaluable_becomes_a_finding_and_what_was_found_before_stays(monkeypatch):
    def run(case):
        yield Finding(
            code="OL999", grade=Grade.MAJOR, message="seen", source=Source(document="here")
        )
        raise NotEvaluable("the rest is missing")

    judged_by(monkeypatch, run, rule=lambda protocol: protocol.criteria.ecog)
    report = engine.check(Submission())
    assert [finding.grade for finding in report.findings] == [Grade.MAJOR, Grade.NOT_EVALUABLE]
    open_one = report.findings[1]
    assert open_one.criterion == "I2"
    assert open_one.message.endswith("not evaluable, because the rest is missing")
    assert report.verdict is Grade.MAJOR


def test_nothing_at_all_is_no_pass():
    report = engine.check(Submission())
    assert report.verdict is Grade.NOT_EVALUABLE
    criteria = {f.criterion for f in report.findings if f.grade is Grade.NOT_EVALUABLE}
    trial = {"I1", "I2", "I3", "I4", "I4i", "I4ii", "I4iii", "I5"}
    assert criteria - {""} == trial | {f"X{n}" for n in range(1, 7)}


def test_every_criterion_of_the_protocol_is_answered(build, register_table):
    report = engine.check(build(), register=Register.from_dict(register_table))
    trial = {"I1", "I2", "I3", "I4", "I4i", "I4ii", "I4iii", "I5"}
    answered = {f.criterion for f in report.findings} - {""}
    assert answered == trial | {f"X{n}" for n in range(1, 7)}
    assert report.verdict is Grade.MINOR
    assert {f.code for f in report.graded(Grade.MINOR)} == {"OL010"}  # voxels of 10 mm
    assert not report.graded(Grade.MAJOR) + report.graded(Grade.NOT_EVALUABLE)
    # Prescription, coverage, dose maximum and a second opinion are information here. The thorax has
    # no images to hold the contours against and names no study, nor do boxes taper as lungs do. Its
    # register lists no primary, and one is drawn.
    informing = {f.code for f in report.findings if f.grade is Grade.INFO}
    without_images = {"OL012", "OL018", "OL019", "OL020"}
    assert informing == {*without_images, "OL016", "OL204", "OL304", "OL402", "OL403", "OL404"}
    others = {f.grade for f in report.findings if f.code not in {*informing, "OL010"}}
    assert others == {Grade.PASS}


def test_the_same_input_gives_the_same_bytes(build, register_table):
    register = Register.from_dict(register_table)
    first, second = (engine.check(build(), register=register).to_json() for _ in range(2))
    assert first == second
    assert Report.from_json(first).to_json() == first


def test_the_subject_is_told_by_user_register_files_or_digests(register_table):
    files = Submission(trial_subject_id="CT-9", provenance=(FileDigest("RTDOSE", "1", "f", "ab"),))
    register = Register.from_dict(register_table)
    assert engine.check(files, register=register, subject="S").subject == "S"
    assert engine.check(files, register=register).subject == "PT-1"
    assert engine.check(files).subject == "CT-9"
    unnamed = engine.check(Submission(provenance=files.provenance)).subject
    assert unnamed.startswith("submission-")
    assert len(unnamed) == len("submission-") + 8
    other = Submission(provenance=(FileDigest("RTDOSE", "1", "f", "cd"),))
    assert engine.check(other).subject != unnamed


def test_assumptions_are_listed_in_every_report():
    assumptions = engine.check(Submission()).assumptions
    assert {"X6_structure", "diameter_reading", "nodal_size"} <= {one.name for one in assumptions}
    assert all(one.question for one in assumptions)


def test_a_register_or_protocol_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(RegisterError):
        engine.check(Submission(), register=tmp_path / "none.toml")
    with pytest.raises(ProtocolError):
        engine.check(Submission(), protocol=tmp_path / "none.toml")


def test_a_report_tells_register_and_site_map_by_their_digests(register_table):
    def judged(role, **changed):
        names = SiteMap.from_dict({"schema_version": 1, "rois": {"Heart": {"role": role}}})
        register = Register.from_dict(register_table | changed)
        return engine.check(Submission().with_names(names), register=register, only=("OL102",))

    before = judged("organ")
    assert compare(before, judged("organ")).differences == ("both are of the same files",)
    for after, name in (
        (judged("unknown"), "names"),
        (judged("organ", arm="no_local_therapy"), "register"),
    ):
        told = [one for one in compare(before, after).differences if one.startswith("setting")]
        assert [re.findall(r"^setting (\w+): .*SHA-256 \w{64} -> .*SHA-256 \w{64}$", it)
                for it in told] == [[name]]  # fmt: skip
