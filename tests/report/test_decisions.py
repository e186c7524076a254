"""A reviewer's decisions: beside the findings, and never in their place."""

import tomllib

import msgspec
import pytest

from oligort.decisions import template_of, with_decisions
from oligort.document import ProtocolRecord, Report
from oligort.errors import DecisionError
from oligort.finding import Evidence, Finding, Grade, Source, verdict_of
from oligort.report.tables import report_text

HOSTILE = 'GTV"\n[[accepted]]\x1b[31m\x7f'


def finding(code="OL301", grade=Grade.MAJOR, about="Lungs-GTV", message="V20Gy[%] 29.00 %"):
    source = Source(document="NCT06190782")
    return Finding(code=code, grade=grade, about=about, message=message, source=source)


def report(*findings):
    return Report(
        subject="PT-1",
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
        protocol=ProtocolRecord(id="P", version="1", title="T", sha256="0"),
        versions={},
    )


@pytest.fixture
def decide(tmp_path):
    """Write a file of decisions on findings, each a table that the test may change."""

    def write(*findings, head='schema_version = 1\nsubject = "PT-1"\n', **changed):
        text = head
        for one in findings:
            entry = {
                "finding": f'"{one.mark}"',
                "code": f'"{one.code}"',
                "about": f'"{one.about}"',
                "reason": '"re-planned before the first fraction"',
                "by": '"AB"',
                "date": "2026-11-29",
            } | changed
            text += "[[accepted]]\n" + "".join(f"{key} = {it}\n" for key, it in entry.items() if it)
        path = tmp_path / "decisions.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_an_accepted_finding_stays_and_so_does_the_verdict(decide):
    whole = report(finding(), finding("OL203", Grade.PASS, "GTVm01", "56 mm"))
    decided = with_decisions(whole, decide(finding()))
    assert decided.verdict is Grade.MAJOR
    assert decided.findings == whole.findings
    (one,) = decided.decisions
    assert (one.by, one.date, one.applies) == ("AB", "2026-11-29", True)
    assert decided.decision_on(finding()) == one
    text = report_text(decided)
    assert "V20Gy[%] 29.00 %" in text
    assert "Accepted by AB on 2026-11-29: re-planned before the first fraction" in text
    assert Report.from_json(decided.to_json()) == decided


def held(measured=0.6, limit=0.5, **more):
    """Return a finding whose message does not tell its number."""
    evidence = Evidence(name="offset", measured=measured, unit="mm", limit=limit, **more)
    return msgspec.structs.replace(finding(message="off its image"), evidence=(evidence,))


@pytest.mark.parametrize("now", [held(1.4), held(limit=0.3), held(high=2.0), held("0.6")])
def test_a_decision_does_not_hold_for_a_worse_number_or_another_limit(decide, now):
    assert with_decisions(report(held()), decide(held())).decision_on(held())
    assert with_decisions(report(now), decide(held())).decision_on(now) is None
    assert held().mark == held(0.6 + 1e-9).mark


@pytest.mark.parametrize(
    "now", [finding(message="V20Gy[%] 31.00 %"), finding(grade=Grade.MINOR), finding(about="Lungs")]
)
def test_a_decision_is_about_the_finding_as_it_was(decide, now):
    decided = with_decisions(report(now), decide(finding()))
    assert decided.decision_on(now) is None
    assert not decided.decisions[0].applies
    assert "Decisions made on another state" in report_text(decided)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"reason": ""}, 'expected the key "reason"'),
        ({"reason": '""'}, "reason: expected"),
        ({"reason": '"    "'}, "reason: expected why it is accepted, found nothing but blanks"),
        ({"by": '"Doctor Smith"'}, "by: expected"),
        ({"by": '" \\t"'}, "by: expected the reviewer's initials, found nothing but blanks"),
        ({"date": '"29.11.2026"'}, "date: expected"),
        ({"date": "2026-11-29T10:00:00"}, "date: expected a date such as"),
        ({"finding": '"OL301"'}, "finding: expected"),
        ({"grade": '"PASS"'}, 'found "grade"'),
    ],
)
def test_what_is_incomplete_is_refused(decide, changed, sentence):
    with pytest.raises(DecisionError) as refusal:
        with_decisions(report(finding()), decide(finding(), **changed))
    assert "decisions.toml: accepted[entry 1]" in str(refusal.value)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"code": '"OL010"'}, 'code: expected "OL301", as the report says of this finding'),
        ({"about": '"RD.dcm"'}, 'about: expected "Lungs-GTV"'),
        ({"about": None}, 'about: expected "Lungs-GTV"'),
    ],
)
def test_a_mark_beside_what_another_finding_is_about_is_refused(decide, changed, sentence):
    with pytest.raises(DecisionError) as refusal:
        with_decisions(report(finding()), decide(finding(), **changed))
    assert sentence in str(refusal.value)
    assert finding().mark in str(refusal.value)


def test_what_will_be_decided_may_be_dated_ahead(decide):
    decided = with_decisions(report(finding()), decide(finding(), date="2099-01-01"))
    assert decided.decisions[0].date == "2099-01-01"


def test_decisions_of_another_subject_or_twice_on_one_finding_are_refused(decide):
    other = 'schema_version = 1\nsubject = "PT-2"\n'
    with pytest.raises(DecisionError, match='expected "PT-1", the subject of the report'):
        with_decisions(report(finding()), decide(finding(), head=other))
    with pytest.raises(DecisionError, match="is decided on twice"):
        with_decisions(report(finding()), decide(finding(), finding()))


def test_the_template_decides_nothing_until_somebody_does(tmp_path):
    findings = (finding(), finding("OL204", Grade.NOT_EVALUABLE), finding("OL1", Grade.PASS))
    text = template_of(report(*findings))
    assert tomllib.loads(text) == {"schema_version": 1, "subject": "PT-1"}
    path = tmp_path / "decisions.toml"
    filled = text.replace('#reason = ""', 'reason = "seen"').replace('#by = ""', 'by = "AB"')
    filled = filled.replace("#date = ", "date = 2026-11-29").replace("\n#", "\n")
    filled = "\n".join(line for line in filled.splitlines() if not line.startswith(" "))
    path.write_text(filled.replace("# Decisions", "#"), encoding="utf-8")
    decided = with_decisions(report(*findings), path)
    assert [one.finding for one in decided.decisions] == [one.mark for one in findings[:2]]
    assert all(one.applies for one in decided.decisions)


def test_hostile_names_stay_within_their_line():
    text = template_of(report(finding(about=HOSTILE, message=HOSTILE)))
    assert tomllib.loads(text) == {"schema_version": 1, "subject": "PT-1"}
    assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_marks_differ_with_what_is_said_and_nothing_else():
    one = finding()
    assert one.mark == msgspec.structs.replace(one, hint="draw it anew").mark
    assert one.mark != msgspec.structs.replace(one, message="V20Gy[%] 29.01 %").mark
