"""The table of a report, held against a golden text."""

import csv
import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from test_decisions import finding, report

from oligort.document import Measurement, ProtocolRecord, Report, Setting
from oligort.finding import Evidence, Finding, Flag, Grade, Source, verdict_of
from oligort.report.cohort_csv import CohortTables
from oligort.report.cohort_document import Gathering
from oligort.report.tables import MOST_ROWS, report_text, report_view, verdict_line
from oligort.report.text import WIDTH, plain_text

GOLDEN = Path(__file__).with_name("golden_report.txt")
RULE = Source(document="NCT06190782", section="exclusion criterion 6")
HOSTILE = "\x1b[1m\u202e[b]:x:\n"

LUNG_V20 = Finding(
    code="OL301",
    criterion="X6",
    grade=Grade.MAJOR,
    about="Lungs-GTV",
    message="V20Gy of Lungs-GTV is above the limit of the protocol.",
    flags=(Flag.BORDERLINE, Flag.DEFINITION_SENSITIVE),
    evidence=(
        Evidence(
            name="V20Gy[%]",
            measured=25.0004,
            unit="%",
            relation="<=",
            limit=25.0,
            low=24.9,
            high=25.2,
        ),
    ),
    source=RULE,
    hint="Replan, or leave the patient out.",
)
UNTREATED = Finding(
    code="OL105",
    grade=Grade.MINOR,
    about="GTVm02",
    message="GTVm02 has no local therapy and the register gives no reason.",
    source=Source(document="assumption"),
)
UNANSWERED = Finding(
    code="OL104",
    criterion="I4",
    grade=Grade.NOT_EVALUABLE,
    about="Q1",
    message="The register does not say whether there was polymetastatic disease before.",
    evidence=(Evidence(name="polymetastatic before", measured=None),),
    source=RULE,
)
COUNTED = Finding(
    code="OL202",
    criterion="I4ii",
    grade=Grade.PASS,
    message="No organ holds more metastases than the protocol allows.",
    evidence=(
        Evidence(name="metastases in 肺", measured=3.0, relation="<=", limit=3.0),
        Evidence(name="metastases in LymphNodes", measured=1.0, relation="<=", limit=3.0),
    ),
    source=RULE,
)
SIZE = Finding(
    code="OL203",
    criterion="I4iii",
    grade=Grade.PASS,
    about="GTVm01",
    message="The 3D diameter of GTVm01 is above the limit, the axial diameter is not.",
    flags=(Flag.QUERY,),
    evidence=(
        Evidence(name="longest axial", measured=40.02, unit="mm", relation="<=", limit=50.0),
        Evidence(name="maximum 3D", measured=56.0, unit="mm", low=53.0, high=59.0),
    ),
    source=RULE,
)
ONE_PATIENT = Finding(
    code="OL003", grade=Grade.PASS, message="All objects are of one patient.", source=RULE
)
LISTED = Finding(
    code="OL001", grade=Grade.INFO, message="An RTSTRUCT, an RTPLAN, an RTDOSE.", source=RULE
)


def report_of(*findings: Finding, **changes: object) -> Report:
    facts: dict[str, object] = {
        "subject": "PT-017",
        "site": "12",
        "arm": "local therapy",
        "plan_kind": "screening",
        "plan_label": "Thorax",
        "plan_date": "2026-03-01",
        "dose_sop_instance_uids": ("1.2.826.0.1.3680043.8.498.1",),
        "verdict": verdict_of(findings),
        "findings": findings,
        "measurements": (),
        "settings": (
            Setting(
                name="lung_minus",
                value="GTV",
                source="assumption",
                assumption=True,
                question="Lung minus what?",
            ),
            Setting(name="end_caps", value="half", source="convention"),
        ),
        "provenance": (),
        "protocol": ProtocolRecord(id="nct06190782", version="1", title="Trial", sha256="ab"),
        "versions": {},
    }
    return Report(**(facts | changes))  # type: ignore[arg-type]


OF_X6: Any = {"criterion": "X6", "limit": "V20Gy[%] of Lungs-GTV"}


def of_limit(about: str, metric: str, value: float | None, unit: str = "%", **more: object) -> Any:
    return Measurement(about=about, metric=metric, value=value, unit=unit, **OF_X6, **more)


FAMILY = (
    of_limit("Lungs-GTV", "Volume", 3919.64, "cc"),
    of_limit("Lungs-GTV", "V20Gy[%]", 25.0004, low=24.9, high=25.2, graded=True),
    of_limit("Lungs-GTV", "Mean[Gy]", 14.2, "Gy"),
    Measurement(about="GTV", metric="V20Gy[%]", value=100.0, unit="%"),
    of_limit("Lungs", "Volume", 3922.6, "cc"),
    of_limit("Lungs", "V20Gy[%]", 25.1, low=25.1, high=25.1),
    of_limit("Lungs", "Mean[Gy]", None, note="no mean"),
    of_limit("Lungs-ITV", "V20Gy[%]", None, note="no ITV is drawn"),
    of_limit("Lungs-GTV", "V20Gy[%] of EQD2 (alpha/beta 3 Gy)", 20.004, low=19.9, high=20.1),
    of_limit("Lungs-GTV", "Mean[Gy] of EQD2 (alpha/beta 3 Gy)", None, note="no fractions"),
)


def test_the_report_reads_as_the_golden_text() -> None:
    findings = (LISTED, ONE_PATIENT, SIZE, COUNTED, UNANSWERED, UNTREATED, LUNG_V20)
    report = report_of(*findings, measurements=FAMILY)
    assert report_text(report) == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("grade", [Grade.PASS, Grade.MINOR])
def test_a_pass_of_many_numbers_is_told_by_its_sentence(grade: Grade) -> None:
    def told(count: int) -> str:
        rows = tuple(Evidence(name=f"number {n}", measured=1.0) for n in range(count))
        finding = Finding(
            code="OL304", grade=grade, message="They agree.", evidence=rows, source=RULE
        )
        return report_text(report_of(finding))

    assert "number 0" in told(MOST_ROWS)
    assert ("They agree." in told(MOST_ROWS)) is (grade is not Grade.PASS)
    assert "They agree." in told(MOST_ROWS + 1)
    assert ("number 0" in told(MOST_ROWS + 1)) is (grade is not Grade.PASS)


def test_the_golden_text_keeps_to_its_columns() -> None:
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    assert max(map(cell_len, lines)) <= WIDTH
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (LUNG_V20, "MAJOR DEVIATION  PT-017  (1 major, 0 minor, 0 not evaluable, 0 passed)"),
        (UNTREATED, "MINOR DEVIATION  PT-017  (0 major, 1 minor, 0 not evaluable, 0 passed)"),
        (UNANSWERED, "NOT EVALUABLE  PT-017  (0 major, 0 minor, 1 not evaluable, 0 passed)"),
        (ONE_PATIENT, "PASS  PT-017  (0 major, 0 minor, 0 not evaluable, 1 passed)"),
        (LISTED, "NOT EVALUABLE  PT-017  (0 major, 0 minor, 0 not evaluable, 0 passed)"),
    ],
)
def test_the_verdict_stands_in_words_in_the_first_line(finding: Finding, words: str) -> None:
    report = report_of(finding)
    assert report_text(report).splitlines()[0] == words
    assert verdict_line(report).plain == words


def test_hostile_text_is_shown_literally_and_harmlessly() -> None:
    finding = Finding(
        code="OL301",
        grade=Grade.NOT_EVALUABLE,
        about=HOSTILE,
        message=f"Nothing is known of {HOSTILE}",
        evidence=(Evidence(name=HOSTILE, measured=HOSTILE, unit="%"),),
        source=Source(document=HOSTILE),
        hint=HOSTILE,
    )
    report = report_of(
        finding,
        subject=HOSTILE,
        plan_label=HOSTILE,
        arm=HOSTILE,
        dose_sop_instance_uids=(HOSTILE,),
        measurements=(
            of_limit("Lungs-GTV", "V20Gy[%]", 1.0),
            of_limit(HOSTILE, "V20Gy[%]", None, note=HOSTILE),
            of_limit(HOSTILE, "V20Gy[%] of EQD2 (alpha/beta 3 Gy)", None, note=HOSTILE),
        ),
    )
    text = report_text(report, width=300)
    assert "\x1b" not in text
    assert "\u202e" not in text
    # Subject, plan, arm, dose, about with evidence name, measured, source, message, hint; the two
    # measurements and why there are none.
    assert text.count("?[1m?[b]:x:?") == 13


def test_two_limits_of_one_criterion_are_two_tables() -> None:
    heart = Measurement(
        about="Heart", metric="Mean[Gy]", value=5.0, criterion="X6", limit="Mean[Gy] of Heart"
    )
    text = report_text(report_of(LUNG_V20, measurements=(*FAMILY, heart)))
    assert "Heart" not in text
    left = msgspec.structs.replace(heart, about="Heart-GTV", value=4.0)
    text = report_text(report_of(LUNG_V20, measurements=(*FAMILY, heart, left)))
    assert text.count("for comparison") == 2
    lungs, hearts = text.split("X6: the limit is on ")[1:]
    assert "Heart" not in lungs
    assert "Lungs" not in hearts


def test_a_structure_alone_makes_no_family() -> None:
    alone = report_of(LUNG_V20, measurements=FAMILY[:4])
    assert "for comparison" not in report_text(alone)
    assert "for comparison" in report_text(report_of(LUNG_V20, measurements=FAMILY))


def test_no_width_loses_a_word() -> None:
    report = report_of(LUNG_V20, UNANSWERED)
    wide, narrow = (plain_text(report_view(report), width) for width in (400, WIDTH))
    assert sorted(wide.split()) == sorted(narrow.split())


def test_one_reason_for_several_structures_is_told_once() -> None:
    reason = "only one side of the lungs is drawn"
    open_ones = tuple(
        of_limit(name, "V20Gy[%]", None, note=reason) for name in ("Lungs", "Lungs-ITV")
    )
    text = report_text(report_of(LUNG_V20, measurements=(*FAMILY[:4], *open_ones)))
    assert f"Lungs, Lungs-ITV: not measured, because {reason}" in text
    assert text.count(reason) == 1


def test_identity_left_stands_in_a_section_of_its_own() -> None:
    left = Finding(
        code="OL008",
        grade=Grade.MAJOR,
        message="PatientName (0010,0010) says who the patient is",
        evidence=(Evidence(name="PatientName (0010,0010)", measured=2.0, unit="files"),),
        source=RULE,
    )
    passed = Finding(code="OL008", grade=Grade.PASS, message="nobody is named", source=RULE)
    lines = report_text(report_of(LUNG_V20, left)).splitlines()
    own = lines.index("Identity left in the files: MAJOR deviations (1)")
    assert lines.index("MAJOR deviations (1)") < own
    assert "PatientName (0010,0010)" in lines[own + 2]
    assert lines[own + 2].split()[3:5] == ["2", "files"]
    assert report_text(report_of(left)).count("MAJOR deviations") == 1
    # what passes needs no section
    assert "Identity left" not in report_text(report_of(passed))


@pytest.mark.parametrize(
    ("measured", "low", "high", "told"),
    [("3", 3.0, None, "3 or more"), (5.0, 5.0, None, "5 or more"), ("5 to 7", 5.0, 7.0, "5 to 7")],
)
def test_a_number_that_is_a_range_says_so_in_terminal_and_table(measured, low, high, told):
    evidence = Evidence(
        name="Metastases", measured=measured, relation="<=", limit=4.0, low=low, high=high
    )
    one = msgspec.structs.replace(finding(), evidence=(evidence,))
    assert told in report_text(report(one))
    rows = io.StringIO()
    made = report(one)
    CohortTables(None, rows).add_findings(Gathering().add("a.json", made), made)
    (row,) = csv.DictReader(io.StringIO(rows.getvalue()))
    assert told in row["evidence"]
    assert (row["low"], row["high"]) == (str(low), "" if high is None else str(high))


def test_a_reason_that_leaves_several_checks_open_is_told_once():
    reason = "no dose"
    told = [
        Finding(
            code=code,
            grade=Grade.NOT_EVALUABLE,
            message=f"{what}: not evaluable, because {reason}",
            source=Source(document="S"),
            hint="choose one",
        )
        for code, what in (("OL003", "References"), ("OL004", "The dose"))
    ]
    other = msgspec.structs.replace(told[0], code="OL010", hint="another thing")
    text = " ".join(report_text(report(*told, other)).split())
    assert text.count(reason) == 2
    assert (
        f"2 checks, because {reason} OL003 References S OL004 The dose S To do: choose one" in text
    )
    assert "OL010 References: not evaluable" in text


def test_the_code_of_a_check_stands_in_one_piece():
    own = finding("HOSPITAL1234", Grade.MINOR, "", "the label is other")
    assert "HOSPITAL1234 " in report_text(report(own, finding("OL010", Grade.MINOR)))
