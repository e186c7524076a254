"""What many reports say together, against counts worked out by hand."""

import csv
import errno
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from oligort.batch.left_over import NOTE, noted
from oligort.cli import main
from oligort.cohort import cohort_of
from oligort.document import FileRecord, ProtocolRecord, Report
from oligort.errors import DicomError, OutputError
from oligort.finding import Evidence, Finding, Flag, Grade, Source, verdict_of
from oligort.report.cohort_csv import CohortTables, safe_cell
from oligort.report.cohort_document import Tally
from oligort.report.cohort_page import cohort_page
from oligort.report.cohort_view import cohort_view
from oligort.report.eyes import Eyes
from oligort.report.text import plain_text

SOURCE = Source(document="NCT06190782", section="X6")
HOSTILE = '</script><img src=x onerror=alert(1)>=1+1 "&'


def status_of(*arguments: str) -> int:
    """Return the exit status of a command, run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["oligort", *arguments])
        with pytest.raises(SystemExit) as leaving:
            main()
    return int(leaving.value.code)


def finding(code: str, grade: Grade, *flags: Flag, about: str = "") -> Finding:
    evidence = (Evidence(name="V20", measured=29.0, unit="%", relation="<=", limit=25.0),)
    return Finding(
        code=code,
        grade=grade,
        message=f"{code} is {grade}",
        about=about,
        flags=flags,
        evidence=evidence,
        source=SOURCE,
    )


def report(
    subject: str,
    *findings: Finding,
    site: str = "A",
    date: str = "",
    uids: str = "",
    only: tuple[str, ...] = (),
) -> str:
    return Report(
        subject=subject,
        site=site,
        arm="",
        plan_kind="",
        plan_label="",
        plan_date=date,
        dose_sop_instance_uids=(),
        verdict=verdict_of(findings),
        findings=findings,
        measurements=(),
        settings=(),
        provenance=tuple(
            FileRecord(kind="RTDOSE", sop_instance_uid=uid, file="", sha256="")
            for uid in uids.split()
        ),
        protocol=ProtocolRecord(id="P", version="1", title="", sha256="0" * 64),
        versions={"oligort": "0.1.0"},
        only=only,
    ).to_json()


PASS, MINOR, MAJOR, OPEN = Grade.PASS, Grade.MINOR, Grade.MAJOR, Grade.NOT_EVALUABLE


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Six reports of three sites in three months, and what is no report."""
    folder = tmp_path / "out" / "reports"
    folder.mkdir(parents=True)
    texts = {
        "1": report("1", finding("OL301", PASS), finding("OL001", PASS), date="20260401", uids="a"),
        "2": report("2", finding("OL301", MAJOR), finding("OL001", PASS), date="20260430"),
        "3": report(
            "3",
            finding("OL301", MINOR, Flag.BORDERLINE),
            finding("OL301", PASS),
            finding("OL305", Grade.INFO, Flag.QUERY),
            site="B",
            date="20260501",
            uids="a b",
        ),
        "4": report("4", finding("OL301", OPEN), finding("OL001", MAJOR), site="B", uids="b"),
        "5": report("5", finding("OL090", OPEN), site=""),
        "6": report("6", finding("OL092", OPEN)),
    }
    for name, text in texts.items():
        (folder / f"{name}.json").write_text(text)
    (folder / "other.json").write_text('{"some": "thing"}')
    (folder / "half.json").write_text(texts["1"][:700])
    (folder / "edited.json").write_text(
        texts["2"].replace('"verdict": "MAJOR"', '"verdict": "PASS"')
    )
    (folder.parent / ".oligort").mkdir()
    (folder.parent / ".oligort" / "ledger.json").write_text("{}")
    return folder.parent


def test_counts_by_site_check_and_month(reports):
    cohort = cohort_of(reports)
    assert cohort.verdicts == Tally(of="all", major=2, minor=1, not_evaluable=2, passed=1)
    assert cohort.by_site == (
        Tally(of="A", major=1, not_evaluable=1, passed=1),
        Tally(of="B", major=1, minor=1),
        Tally(of="not stated", not_evaluable=1),
    )
    by_check = {one.of: one for one in cohort.by_check}
    assert by_check["OL301"] == Tally(of="OL301", major=1, minor=1, not_evaluable=1, passed=1)
    assert by_check["OL301"].rate == pytest.approx(100 * 2 / 3)
    assert by_check["OL090"].rate is None
    assert "OL305" not in by_check  # information is no verdict
    assert [(one.of, one.deviating) for one in cohort.by_month] == [
        ("2026-04", 1),
        ("2026-05", 1),
        ("no date", 1),
    ]


def test_what_needs_eyes_first_is_in_order_of_urgency(reports):
    asked = cohort_of(reports).eyes_first()
    assert [row.subject for row in asked] == ["6", "5", "1", "3", "4"]
    assert asked[3].eyes == {
        Eyes.SHARED: (),
        Eyes.SECOND_ENGINE: ("OL305",),
        Eyes.BORDERLINE: ("OL301",),
        Eyes.QUERY: ("OL305",),
    }


def test_what_its_batch_no_longer_finds_is_told_and_in_no_count(reports):
    (reports / ".oligort" / NOTE).write_bytes(noted(["2", "3"]))
    cohort = cohort_of(reports)
    assert cohort.verdicts == Tally(of="all", major=1, not_evaluable=2, passed=1)
    assert {one.of: one for one in cohort.by_check}["OL301"] == Tally(
        of="OL301", not_evaluable=1, passed=1
    )
    assert cohort.shared == ()  # what the one at another place has in common with it
    assert [row.subject for row in cohort.eyes_first()] == ["6", "2", "3", "5", "4"]
    text = plain_text(cohort_view(cohort))
    assert "Not counted, as their submissions are no longer there: 2" in text
    assert "left over, was MAJOR" in cohort_page(cohort)
    tables = [io.StringIO(), io.StringIO()]
    cohort_of(reports, tables=CohortTables(*tables))
    for table in tables:
        table.seek(0)
        told = {(row["subject"], row["left_over"]) for row in csv.DictReader(table)}
        assert {("2", "yes"), ("1", "")} <= told
    (reports / ".oligort" / NOTE).write_bytes(b"\xff")
    with pytest.raises(OutputError, match="cannot be read; run the batch again"):
        cohort_of(reports)


@pytest.mark.parametrize("place", [".", "linked", "../reports", "files"])
def test_what_is_left_over_is_so_from_wherever_it_is_looked_at(
    reports, tmp_path, monkeypatch, place
):
    (reports / ".oligort" / NOTE).write_bytes(noted(["2", "3"]))
    inside = reports / "reports"
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "files").mkdir(parents=True)
    (elsewhere / "linked").symlink_to(inside, target_is_directory=True)
    for name in ("1", "2", "3", "4", "5", "6"):
        (elsewhere / "files" / f"{name}.json").symlink_to(inside / f"{name}.json")
    monkeypatch.chdir(inside if "." in place else elsewhere)
    cohort = cohort_of(Path(place))
    assert cohort.left_over == 2
    assert cohort.verdicts == Tally(of="all", major=1, not_evaluable=2, passed=1)


def test_of_whom_not_all_checks_were_asked_is_told_and_not_counted(tmp_path):
    (tmp_path / "all.json").write_text(report("1", finding("OL301", MAJOR)))
    some = report("2", finding("OL301", PASS), only=("OL30*", "OL001"), date="20260401")
    (tmp_path / "some.json").write_text(some)
    cohort = cohort_of(tmp_path)
    assert cohort.verdicts == Tally(of="all", major=1)
    assert cohort.by_site == (Tally(of="A", major=1),)
    assert cohort.by_check == (Tally(of="OL301", major=1),)
    assert cohort.by_month == (Tally(of="no date", major=1),)
    (row,) = cohort.eyes_first()
    assert (row.subject, row.eyes) == ("2", {Eyes.NOT_ALL_ASKED: ("OL30*", "OL001")})
    text = plain_text(cohort_view(cohort))
    assert "Not counted, as not all checks were asked: 1" in text
    assert "not all checks asked (OL30*, OL001)" in text
    assert "Not counted, as not all checks were asked: 1" in cohort_page(cohort)


def test_objects_of_two_submissions_and_subjects_without_one_are_told(reports):
    cohort = cohort_of(reports, expected={"1": "A", "6": "", "7": "B"})
    assert [(shared.files, shared.kinds) for shared in cohort.shared] == [
        (("reports/1.json", "reports/3.json"), {"RTDOSE": 1}),
        (("reports/3.json", "reports/4.json"), {"RTDOSE": 1}),
    ]
    assert cohort.missing == ("6", "7")


def test_who_holds_the_objects_of_another_is_to_be_looked_at(tmp_path):
    for subject, uids in (("1", "dose"), ("2", "dose"), ("3", "other")):
        text = report(subject, finding("OL301", PASS), uids=uids)
        (tmp_path / f"{subject}.json").write_text(text)
    submissions = io.StringIO()
    cohort = cohort_of(tmp_path, tables=CohortTables(submissions))
    assert [(row.subject, row.eyes) for row in cohort.eyes_first()] == [
        ("1", {Eyes.SHARED: ()}),
        ("2", {Eyes.SHARED: ()}),
    ]
    submissions.seek(0)
    told = {row["subject"]: row["look_at"] for row in csv.DictReader(submissions)}
    assert told == {"1": Eyes.SHARED, "2": Eyes.SHARED, "3": ""}
    text = plain_text(cohort_view(cohort))
    assert "What needs human eyes first (2)" in text
    assert str(Eyes.SHARED) in " ".join(text.split())


def test_a_report_of_another_version_is_refused_by_name(reports):
    (reports / "reports" / "new.json").write_text(
        report("9", finding("OL301", PASS)).replace('"schema_version": 1', '"schema_version": 2')
    )
    (reports / "reports" / "newer.json").write_text('{"schema_version": 3, "results": []}')
    cohort = cohort_of(reports)
    assert "9" not in {row.subject for row in cohort.rows}
    told = {one.file: one.reason for one in cohort.no_reports}
    assert "schema_version 1, the one that is known here, found 2" in told["reports/new.json"]
    assert "found 3" in told["reports/newer.json"]


def test_one_of_another_site_is_not_the_one_that_is_expected(reports):
    assert cohort_of(reports, expected={"1": "B", "3": "b", "5": "A"}).missing == ("1", "6")


def test_a_subject_with_several_submissions_is_told_by_site(tmp_path):
    for name, site in (("first", "A"), ("second", "A"), ("third", "B")):
        (tmp_path / f"{name}.json").write_text(report("1", finding("OL301", PASS), site=site))
    table = io.StringIO()
    cohort = cohort_of(tmp_path, tables=CohortTables(table))
    (one,) = cohort.repeated
    assert (one.subject, one.site, one.files) == ("1", "A", ("first.json", "second.json"))
    assert "1 of A: first.json, second.json" in plain_text(cohort_view(cohort))
    # a boost of which nobody added up the dose is not seen from either of them
    why = "several submissions, each judged alone"
    assert [(row.file, row.eyes) for row in cohort.eyes_first()] == [
        ("first.json", {Eyes.JUDGED_APART: ()}),
        ("second.json", {Eyes.JUDGED_APART: ()}),
    ]
    assert cohort_page(cohort).count(f'"{why}"') == 2
    told = [row["look_at"] for row in csv.DictReader(io.StringIO(table.getvalue()))]
    assert told == [why, why, ""]
    assert cohort.verdicts.passed == 3


def test_what_is_no_report_is_told_and_stops_nothing(reports):
    reasons = {one.file: one.reason for one in cohort_of(reports).no_reports}
    assert sorted(reasons) == ["reports/edited.json", "reports/half.json", "reports/other.json"]
    assert (
        "expected the verdict MAJOR of the findings, found PASS" in reasons["reports/edited.json"]
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_what_is_no_regular_file_is_told_and_not_waited_for(reports):
    os.mkfifo(reports / "reports" / "pipe.json")
    told = {one.file: one.reason for one in cohort_of(reports).no_reports}
    assert told["reports/pipe.json"] == "not a regular file"


def test_a_folder_that_cannot_be_listed_is_told(reports, monkeypatch):
    (reports / "closed").mkdir()
    listed = os.scandir

    def scandir(folder):
        if Path(folder).name == "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        return listed(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    reasons = {one.file: one.reason for one in cohort_of(reports).no_reports}
    assert "cannot be listed: Permission denied" in reasons["closed"]
    for file in (reports / "reports").iterdir():
        file.unlink()
    with pytest.raises(DicomError, match="among 0 JSON files, and 1 folders that cannot be listed"):
        cohort_of(reports)


def test_links_are_followed_and_lead_in_no_circle(tmp_path):
    for name in ("far/b", "root/a", "root/z"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "r.json").write_text(report(name, finding("OL301", PASS)))
    (tmp_path / "root" / "far").symlink_to(tmp_path / "far", target_is_directory=True)
    (tmp_path / "far" / "back").symlink_to(tmp_path / "root" / "a", target_is_directory=True)
    (tmp_path / "far" / "up").symlink_to(tmp_path, target_is_directory=True)
    cohort = cohort_of(tmp_path / "root")
    assert [row.file for row in cohort.rows] == ["a/r.json", "far/b/r.json", "z/r.json"]


def test_a_name_that_is_no_text_is_told_and_its_link_leads_there(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + "肺".encode("gbk")))
    folder.mkdir()
    (folder / "r.json").write_text(report("1", finding("OL301", PASS)))
    cohort = cohort_of(tmp_path)
    (row,) = json.loads(cohort.to_json())["rows"]
    assert row["file"] == r"\xb7\xce/r.json"
    page = cohort_page(cohort)
    page.encode()
    assert '"./%B7%CE/r.json"' in page


def test_a_folder_without_reports_is_refused(tmp_path):
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(DicomError, match="found none among 1 JSON files"):
        cohort_of(tmp_path)


def test_of_many_codes_the_view_shows_some_and_counts_the_others(tmp_path):
    many = [finding(f"OL20{n}", OPEN) for n in range(1, 8)]
    (tmp_path / "a.json").write_text(report("1", *many))
    text = plain_text(cohort_view(cohort_of(tmp_path)))
    assert "not evaluable (OL201, OL202, OL203, OL204 and 3 more)" in text


def test_the_view_fits_a_hundred_columns_and_tells_rates_with_counts(reports):
    text = plain_text(cohort_view(cohort_of(reports)))
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "2 of 3 (66.7 %)" in text
    assert "none evaluated" in text
    assert "second engine disagrees (OL305); borderline (OL301)" in " ".join(text.split())


SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
BLANKS = (" ", "\n", "\u00a0", "\u3000", " \u00a0", "\u200b", "\ufeff")


@pytest.mark.parametrize("begin", [*SIGNS, "\t", "\r", *(f"{blank}=" for blank in BLANKS)])
def test_no_cell_begins_as_a_formula(begin):
    cell = safe_cell(f"{begin}cmd|' /C calc'!A0")
    assert cell.startswith("'")
    assert "\n" not in cell


def test_a_cell_that_is_no_formula_stays_as_it_is():
    assert safe_cell("PTV = GTV + 5 mm") == "PTV = GTV + 5 mm"


def test_the_tables_have_a_row_a_submission_and_a_row_a_finding(tmp_path):
    hostile = report("=1+1", finding("OL301", MAJOR, about="-2+3"), site="@x")
    (tmp_path / "a.json").write_text(hostile)
    submissions, findings = tmp_path / "s.csv", tmp_path / "f.csv"
    with submissions.open("w") as first, findings.open("w") as second:
        cohort_of(tmp_path, tables=CohortTables(first, second))
    (row,) = csv.DictReader(submissions.read_text().splitlines())
    assert (row["subject"], row["site"], row["verdict"], row["major"]) == (
        "'=1+1",
        "'@x",
        "MAJOR",
        "OL301",
    )
    (row,) = csv.DictReader(findings.read_text().splitlines())
    assert (row["about"], row["measured"], row["limit"]) == ("'-2+3", "29.0", "25.0")
    assert row["evidence"] == "V20 29.0 % (<= 25)"


def test_the_relation_of_a_limit_is_no_formula_either(tmp_path):
    """The "==" of a site's own check."""
    equal = (Evidence(name="fields", measured=2.0, relation="==", limit=2.0),)
    told = msgspec.structs.replace(finding("SITE101", Grade.PASS), evidence=equal)
    (tmp_path / "a.json").write_text(report("S", told))
    findings = tmp_path / "f.csv"
    with findings.open("w") as file:
        cohort_of(tmp_path, tables=CohortTables(findings=file))
    (row,) = csv.DictReader(findings.read_text().splitlines())
    assert row["relation"] == "'=="


def page_of(folder: Path, *texts: str) -> Path:
    for number, text in enumerate(texts):
        (folder / f"{number}.json").write_text(text)
    page = folder / "cohort.html"
    page.write_text(cohort_page(cohort_of(folder)))
    return page


def test_the_page_holds_hostile_text_as_text_and_loads_nothing(tmp_path):
    page = page_of(tmp_path, report(HOSTILE, finding("OL301", MAJOR), site=HOSTILE))
    text = page.read_text()
    assert "<img" not in text
    assert text.count("</script>") == 2
    assert "http" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in text
    data = text.split('id="data">')[1].split("</script>")[0]
    assert json.loads(data)[0][0] == HOSTILE


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium to open a page")
def test_the_page_sorts_and_filters_in_a_browser(tmp_path):
    """By the address alone, as a link does: three of 600 rows, of two verdicts."""
    texts = [report(f"S-{n:03d}", finding("OL301", PASS), site="A") for n in range(600)]
    texts[7] = report("S-007", finding("OL201", MAJOR), site=HOSTILE)
    texts[9] = report("S-009", finding("OL201", OPEN), site="B")
    page = page_of(tmp_path, *texts)

    def shown(address: str) -> str:
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
        return subprocess.run(
            [*command, f"--user-data-dir={tmp_path / 'profile'}", f"file://{page}#{address}"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    rows = shown("words=ol201&sort=4").split('id="rows"')[1].split("</table>")[0]
    assert rows.index("S-007") < rows.index("S-009")
    assert "S-008" not in rows
    assert "<img" not in rows
    everything = shown("sort=0")
    assert "600 of 600 submissions" in everything
    assert "page 1 of 3" in everything


def test_the_command_writes_page_tables_and_json(reports, tmp_path):
    names = {"--html": "c.html", "--csv": "s.csv", "--findings": "f.csv", "--json": "c.json"}
    options = [part for option, name in names.items() for part in (option, tmp_path / name)]
    command = [sys.executable, "-c", "from oligort.cli import main; main()", "cohort", reports]
    told = subprocess.run(
        [*command, *options], capture_output=True, text=True, check=False, timeout=60
    )
    assert told.returncode == 0, told.stderr
    assert "No reports, or not to be listed (3)" in told.stdout
    assert json.loads((tmp_path / "c.json").read_text())["verdicts"]["major"] == 2
    assert '"./out/reports/1.json"' in (tmp_path / "c.html").read_text()
    assert len((tmp_path / "s.csv").read_text().splitlines()) == 7
    assert len((tmp_path / "f.csv").read_text().splitlines()) == 12


def test_what_nobody_could_read_is_no_subject_of_several_submissions(tmp_path):
    """Two sites, each with a batch of its own, may call a folder alike."""
    unread = report("submission-2758a1c3", finding("OL090", OPEN), site="")
    stated = report("submission-2758a1c4", finding("OL301", PASS), site="")
    for site in ("a", "b"):
        (tmp_path / site).mkdir()
        (tmp_path / site / "unread.json").write_text(unread)
        (tmp_path / site / "stated.json").write_text(stated)
    (repeated,) = cohort_of(tmp_path).repeated
    assert repeated.subject == "submission-2758a1c4"


@pytest.mark.parametrize(
    ("sites", "told"),
    [
        (("A", ""), ["A"]),
        (("A", "a"), ["A or a"]),
        (("A", "B"), []),
        (("A", "B", ""), ["A or B"]),
        (("", ""), [""]),
    ],
)
def test_submissions_of_a_subject_are_several_where_one_states_no_site(tmp_path, sites, told):
    for number, site in enumerate(sites):
        text = report("1", finding("OL301", PASS), site=site)
        (tmp_path / f"{number}.json").write_text(text)
    (tmp_path / "9.json").write_text(report("1", finding("OL092", OPEN), site=""))
    cohort = cohort_of(tmp_path)
    assert [one.site for one in cohort.repeated] == told
    apart = [row.file for row in cohort.rows if Eyes.JUDGED_APART in row.eyes]
    assert apart == ([f"{number}.json" for number in range(len(sites))] if told else [])


def test_tables_are_whole_or_as_they_were(reports, tmp_path, monkeypatch):
    """A table that ends early, or holds its heading alone, would tell of fewer deviations."""
    (tmp_path / "empty").mkdir()
    tables = [tmp_path / "s.csv", tmp_path / "f.csv"]
    options = [*("--csv", str(tables[0])), *("--findings", str(tables[1]))]
    assert status_of("cohort", str(tmp_path / "empty"), *options) == 2
    assert not any(table.exists() for table in tables)
    assert status_of("cohort", str(reports), *options) == 0
    whole = [table.read_text() for table in tables]
    beside = sorted(tmp_path.iterdir())
    assert status_of("cohort", str(tmp_path / "empty"), *options) == 2

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert status_of("cohort", str(reports), *options) == 2
    assert [table.read_text() for table in tables] == whole
    assert sorted(tmp_path.iterdir()) == beside


def test_a_table_goes_down_a_pipe(reports, tmp_path):
    os.mkfifo(pipe := tmp_path / "pipe")
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True) as reader:
        assert status_of("cohort", str(reports), "--csv", str(pipe)) == 0
        assert len(reader.communicate()[0].splitlines()) == 7
    assert pipe.is_fifo()
