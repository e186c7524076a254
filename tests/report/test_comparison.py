"""A resubmission beside the report before it."""

import json
import sys

import jsonschema
import msgspec
import pytest
from test_decisions import finding, report

from oligort.cli import main
from oligort.comparison import compare
from oligort.document import Decision, FileRecord, Measurement, Report, Setting
from oligort.errors import ReportError
from oligort.finding import Evidence, Grade
from oligort.json_schema import json_schema
from oligort.report.comparison_view import comparison_view
from oligort.report.text import plain_text


def measured(value, about="Lungs-GTV", metric="V20Gy[%]"):
    return Measurement(about=about, metric=metric, value=value, unit="%")


def altered(one, **changed):
    return msgspec.structs.replace(one, **changed)


def test_each_finding_is_corrected_new_or_still_there():
    before = report(
        finding("OL301"),
        finding("OL203", Grade.MAJOR, "GTVm01"),
        finding("OL006", Grade.MINOR, "RD.dcm"),
        finding("OL204", Grade.PASS, "L1"),
    )
    after = report(
        finding("OL301", Grade.PASS, message="V20Gy[%] 24.00 %"),
        finding("OL203", Grade.NOT_EVALUABLE, "GTVm01"),
        finding("OL006", Grade.PASS, "RD_2.dcm"),
        finding("OL204", Grade.MINOR, "L1"),
        finding("OL303", Grade.MINOR, "Lungs"),
    )
    found = compare(before, after)
    assert [(one.code, one.before, one.after) for one in found.corrected] == [
        ("OL301", "MAJOR", "PASS"),
        ("OL006", "MINOR", ""),
    ]
    assert [(one.code, one.before, one.after) for one in found.standing] == [
        ("OL203", "MAJOR", "NOT_EVALUABLE")
    ]
    assert [(one.code, one.before, one.after) for one in found.new] == [
        ("OL204", "PASS", "MINOR"),
        ("OL303", "", "MINOR"),
    ]
    assert (found.before, found.after) == (Grade.MAJOR, Grade.MINOR)


def test_the_gravest_finding_of_a_thing_counts():
    both = report(finding(grade=Grade.PASS), finding(grade=Grade.MINOR))
    (one,) = compare(both, both).standing
    assert (one.before, one.after) == ("MINOR", "MINOR")


def accepting(finding):
    return Decision(
        finding=finding.mark, code=finding.code, reason="seen", by="AB", date="2026-11-29"
    )


@pytest.mark.parametrize("decided_in", [0, 1])
def test_what_a_reviewer_accepted_is_not_still_to_correct(decided_in):
    kept, other = finding("OL301"), finding("OL302", Grade.MINOR, "Heart")
    reports = [report(kept, other), report(kept, other)]
    reports[decided_in] = altered(reports[decided_in], decisions=(accepting(kept),))
    found = compare(*reports)
    assert [(one.code, one.accepted) for one in found.accepted] == [
        ("OL301", "accepted by AB on 2026-11-29: seen")
    ]
    assert [one.code for one in found.standing] == ["OL302"]
    text = " ".join(plain_text(comparison_view(found)).split())
    assert "Accepted as it is by a reviewer (1)" in text
    assert "on 2026-11-29: seen" in text


def test_what_reads_otherwise_than_it_was_accepted_is_still_to_correct():
    was, now = finding("OL301"), finding("OL301", message="V20Gy[%] 31.00 %")
    found = compare(altered(report(was), decisions=(accepting(was),)), report(now))
    assert not found.accepted
    assert [one.code for one in found.standing] == ["OL301"]
    # Of two findings on one thing both are accepted, or it is not.
    found = compare(report(was, now), altered(report(was, now), decisions=(accepting(was),)))
    assert not found.accepted
    assert len(found.standing) == 1


def by_rule(rule, grade, limit):
    criterion, name = rule
    evidence = Evidence(name=name, measured=7.0, limit=limit)
    return altered(finding(grade=grade, about="Heart"), criterion=criterion, evidence=(evidence,))


@pytest.mark.parametrize(
    "rules",
    [
        (("h1", "Heart mean"), ("h2", "Heart V5")),
        # One criterion with two limits.
        (("h", "Heart mean"), ("h", "Heart V5")),
    ],
)
@pytest.mark.parametrize("limit", [5.0, None])
def test_one_limit_is_kept_where_another_on_the_same_structure_is_broken(rules, limit):
    one, other = rules
    before = report(by_rule(one, Grade.MAJOR, limit), by_rule(other, Grade.PASS, limit))
    after = report(by_rule(one, Grade.PASS, limit), by_rule(other, Grade.MAJOR, limit))
    found = compare(before, after)
    assert [(it.criterion, it.before, it.after) for it in found.corrected] == [
        (one[0], "MAJOR", "PASS")
    ]
    assert [(it.criterion, it.before, it.after) for it in found.new] == [
        (other[0], "PASS", "MAJOR")
    ]
    assert not found.standing


def test_a_limit_that_has_another_name_now_is_not_corrected():
    kept = by_rule(("h", "Heart V5"), Grade.PASS, 5.0)
    before = report(by_rule(("h", "Heart mean"), Grade.MAJOR, 5.0), kept)
    after = report(by_rule(("h", "Mean of the heart"), Grade.MAJOR, 5.0), kept)
    found = compare(before, after)
    assert not found.corrected
    assert [(one.before, one.after) for one in (*found.standing, *found.new)] == [
        ("MAJOR", ""),
        ("", "MAJOR"),
    ]


def test_a_criterion_that_takes_the_place_of_another_of_its_check_is_new():
    exclusion = finding("OL111", Grade.MAJOR, "", "yes, where no is required")
    (new,) = compare(
        report(altered(exclusion, criterion="X1"), altered(exclusion, criterion="X2")),
        report(
            altered(finding("OL111", Grade.PASS, "", "no"), criterion="X1"),
            altered(exclusion, criterion="X2"),
            altered(exclusion, criterion="X3"),
        ),
    ).new
    assert new.criterion == "X3"


@pytest.mark.parametrize(
    "after",
    [
        # Another code alone; the check could not be made; or not of something else.
        (finding("OL301", Grade.PASS),),
        (finding("OL203", Grade.NOT_EVALUABLE, "", "not evaluable, because no RTSTRUCT is there"),),
        (finding("OL203", Grade.PASS, "L2"), finding("OL203", Grade.NOT_EVALUABLE, "L3")),
    ],
)
def test_what_is_not_told_any_more_is_not_corrected(after):
    before = report(finding("OL203", Grade.MAJOR, "L1", "longest axial 56.0 mm"))
    found = compare(before, report(*after))
    assert not found.corrected
    (open_one,) = found.standing
    assert (open_one.about, open_one.before, open_one.after) == ("L1", "MAJOR", "")
    assert "not told" in plain_text(comparison_view(found))


def not_corrected(before, after):
    """Return the grades of the one thing that nothing shows to be corrected."""
    found = compare(before, after)
    assert not found.corrected
    assert "still to look at (1)" in plain_text(comparison_view(found))
    (one,) = found.not_shown
    return one.before, one.after


def test_what_is_not_asked_any_more_is_not_corrected():
    rule = ("h", "Heart mean")
    before = report(by_rule(rule, Grade.MAJOR, 5.0), finding("OL301", Grade.PASS, "Lungs"))
    # The limit no longer applies; the rule is gone; another limit is asked.
    applies_no_more = report(altered(finding("OL301", Grade.INFO, "Heart"), criterion="h"))
    assert not_corrected(before, applies_no_more) == ("MAJOR", "INFO")
    assert not_corrected(before, report(finding("OL301", Grade.PASS, "Lungs"))) == ("MAJOR", "")
    laxer = report(by_rule(rule, Grade.PASS, 8.0))
    laxer = altered(laxer, protocol=altered(laxer.protocol, sha256="1"))
    assert not_corrected(before, laxer) == ("MAJOR", "PASS")


def test_another_plan_of_the_same_files_corrects_nothing():
    files = tuple(
        FileRecord(kind="RTDOSE", sop_instance_uid=uid, file=uid, sha256=uid) for uid in "12"
    )
    chosen = {"provenance": files, "plan_label": "A", "dose_sop_instance_uids": ("1",)}
    before = altered(report(finding()), **chosen)
    passed = report(finding(grade=Grade.PASS))
    after = altered(passed, **chosen | {"plan_label": "B", "dose_sop_instance_uids": ("2",)})
    assert not_corrected(before, after) == ("MAJOR", "PASS")
    told = compare(before, altered(after, arm="local_therapy", plan_kind="delivered")).differences
    assert told == (
        'plan "A" -> "B"',
        "plan kind none -> delivered",
        "arm none -> local_therapy",
        "dose 1 -> 2",
        "both are of the same files",
    )
    # A new dose is a correction.
    new = (altered(files[1], sop_instance_uid="3", sha256="3"),)
    corrected = altered(passed, provenance=new, dose_sop_instance_uids=("3",))
    assert len(compare(before, corrected).corrected) == 1


def test_numbers_that_moved_are_told_and_others_are_not():
    before = altered(report(finding()), measurements=(measured(29.0), measured(12.0, "Lung_L")))
    after = altered(
        report(finding()),
        measurements=(measured(24.0), measured(12.0 + 1e-12, "Lung_L"), measured(3.0, "Heart")),
    )
    moved = [(one.about, one.before, one.after) for one in compare(before, after).moved]
    assert moved == [("Lungs-GTV", 29.0, 24.0), ("Heart", None, 3.0)]


def test_what_else_may_be_the_reason_is_told():
    one = altered(
        report(finding()),
        settings=(Setting(name="gaps", value="report", source="x"),),
        versions={"oligort": "0.1"},
        provenance=(FileRecord(kind="RTDOSE", sop_instance_uid="1", file="a", sha256="aa"),),
    )
    other = altered(
        one,
        settings=(Setting(name="gaps", value="fill", source="x"),),
        versions={"oligort": "0.2"},
        protocol=altered(one.protocol, sha256="1" * 64, version="2"),
    )
    assert compare(one, one).differences == ("both are of the same files",)
    assert compare(one, other).differences == (
        "protocol P version 1 (0) -> P version 2 (11111111)",
        "oligort 0.1 -> 0.2",
        "setting gaps: report -> fill",
        "both are of the same files",
    )


def test_two_subjects_or_two_selections_are_not_compared():
    one = report(finding())
    with pytest.raises(ReportError, match="one subject"):
        compare(one, altered(one, subject="PT-2"))
    with pytest.raises(ReportError, match="same checks"):
        compare(one, altered(one, only=("OL3*",)))


@pytest.mark.parametrize("was", [Grade.MAJOR, Grade.NOT_EVALUABLE])
def test_a_lesion_that_is_no_longer_drawn_is_not_corrected(was):
    other = finding("OL203", Grade.PASS, "GTVm02")
    before = report(finding("OL203", was, "GTVm01"), other, finding("OL006", Grade.MINOR, "a.dcm"))
    found = compare(before, report(other, finding("OL006", Grade.PASS, "")))
    assert [one.about for one in found.no_longer_drawn] == ["GTVm01"]
    assert [one.about for one in found.corrected] == ["a.dcm"]
    assert not found.standing
    text = plain_text(comparison_view(found))
    assert "No longer drawn: look whether it should be (1)" in text


def test_a_structure_that_is_told_of_in_another_way_is_there():
    deviant = report(finding("OL403", Grade.MINOR, "PTV"))
    before = altered(deviant, measurements=(measured(20.0, "PTV"),))
    for about, gone in (("PTV", False), ("Lungs", True)):
        passed = report(finding("OL403", Grade.PASS, ""))
        found = compare(before, altered(passed, measurements=(measured(20.0, about),)))
        assert (len(found.no_longer_drawn), len(found.corrected)) == (gone, not gone)


def test_the_table_fits_and_hostile_text_is_harmless():
    hostile = "GTV\x1b[31m\n" + "x" * 300
    found = compare(report(finding(about=hostile)), report(finding("OL302", about=hostile)))
    text = plain_text(comparison_view(found))
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text


def test_the_command_reads_reports_alone(tmp_path, monkeypatch, capfd):
    before, after, out = (tmp_path / name for name in ("1.json", "2.json", "found.json"))
    report(finding()).to_json(before)
    report(finding(grade=Grade.PASS)).to_json(after)

    def status(*arguments):
        monkeypatch.setattr(sys, "argv", ["oligort", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        return int(leaving.value.code or 0)

    assert status("compare", before, after, "--json", out) == 0
    assert "Corrected (1)" in capfd.readouterr().out
    assert json.loads(out.read_text(encoding="utf-8"))["after"] == "PASS"
    assert status("decisions", before) == 0
    assert finding().mark in capfd.readouterr().out
    after.write_text('{"schema_version": 1}', encoding="utf-8")
    assert status("compare", before, after) == 2
    assert "expected a report as `oligort check --json` writes it" in capfd.readouterr().err


@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_report_of_another_version_is_refused_with_a_sentence(version, tmp_path):
    path = tmp_path / "report.json"
    text = report(finding()).to_json()
    for alone in (text, "{}"):
        table = json.loads(alone) | {"schema_version": version}
        path.write_text(json.dumps(table), encoding="utf-8")
        with pytest.raises(ReportError) as refusal:
            Report.load(path)
        assert (
            f"expected a report of schema_version 1, the one that is known here, found {version}"
            in (str(refusal.value))
        )
    path.write_text(text, encoding="utf-8")
    assert Report.load(path) == report(finding())


def test_the_published_schema_takes_reports_and_no_others():
    schema = json.loads(json_schema(Report))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    table = report(finding()).to_dict()
    assert not list(validator.iter_errors(json.loads(json.dumps(table))))
    for key, wrong in (("verdict", "FINE"), ("findings", {}), ("subject", 7)):
        assert list(validator.iter_errors(table | {key: wrong}))
    del table["verdict"]
    assert list(validator.iter_errors(table))


def test_the_same_files_under_other_rules_correct_nothing():
    """A setting of the protocol made five metastases four, and nobody sent anything anew."""
    record = FileRecord(kind="RTSTRUCT", sop_instance_uid="1", file="RS.dcm", sha256="a")
    register = Setting(name="register", value="SHA-256 1", source="register")
    before = altered(report(finding("OL201")), provenance=(record,), settings=(register,))
    rules = altered(before.protocol, sha256="other")
    after = altered(
        report(finding("OL201", Grade.PASS)),
        provenance=(record,),
        settings=(register,),
        protocol=rules,
    )
    found = compare(before, after)
    assert (found.corrected, [one.code for one in found.not_shown]) == ((), ["OL201"])
    # A register that was filled in, or a file that was drawn anew, may have corrected it.
    filled_in = altered(after, settings=(altered(register, value="SHA-256 2"),))
    drawn_anew = altered(after, provenance=(altered(record, sha256="b"),))
    for other in (filled_in, drawn_anew, altered(after, protocol=before.protocol)):
        assert [one.code for one in compare(before, other).corrected] == ["OL201"]
