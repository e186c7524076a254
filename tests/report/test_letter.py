"""The letter to the site, and in whose words it and the report speak."""

import re
import sys

import msgspec
import pytest
from markdown_it import MarkdownIt
from pages import parsed
from test_decisions import finding, report

from oligort.cli import main
from oligort.document import Decision, Setting
from oligort.finding import Evidence, Flag, Grade
from oligort.report.html import render
from oligort.report.letter import letter_html, letter_markdown, letter_of
from oligort.report.tables import report_text
from oligort.report.words import grade_words, verdict_words

HOSTILE = "<script>alert(1)</script>\x1b[31m[a](javascript:x) **b** `c`\n# d"


def altered(one, **changed):
    return msgspec.structs.replace(one, **changed)


def with_numbers(one):
    evidence = Evidence(name="Lung V20", measured=25.0004, unit="%", relation="<=", limit=25.0)
    return altered(one, evidence=(evidence,), hint="re-plan within the limit")


WHOLE = report(
    with_numbers(finding()),
    finding("OL302", Grade.NOT_EVALUABLE, "Lungs", "grid: not evaluable, because no lung is drawn"),
    finding("OL303", Grade.NOT_EVALUABLE, "", "planes: not evaluable, because no lung is drawn"),
    finding("OL204", Grade.PASS, "L1", "matched"),
    altered(finding("OL005", Grade.INFO, "", "plan B is not judged"), flags=(Flag.QUERY,)),
)


def test_it_asks_to_correct_to_send_and_to_confirm():
    letter = letter_of(WHOLE)
    assert [one.code for one in letter.to_correct] == ["OL301"]
    # One thing to send answers both.
    (send,) = letter.to_send
    assert send.code == "OL302, OL303"
    assert send.found == "2 checks could not be made, because no lung is drawn"
    assert send.about == "Lungs"
    assert [one.code for one in letter.to_confirm] == ["OL005"]
    assert not letter.accepted
    assert letter.to_correct[0].what.startswith("each dose limit of the protocol")


def test_it_says_what_was_found_beside_its_limit_and_what_to_do():
    for text in (letter_markdown(WHOLE), parsed(letter_html(WHOLE)).text):
        # Not rounded to the other side of its limit.
        assert re.search(r"Lung V20: 25\.0004 % where (\\<=|≤) 25 % is asked", text)
        assert re.search(r"What to do:(\*\*)? re-plan within the limit", text)
        assert "Submission PT-1: MAJOR DEVIATION" in text
        assert "matched" not in text


@pytest.mark.parametrize(
    ("measured", "high", "told"), [("5 to 7", 7.0, "5 to 7"), (5.0, None, "5 or more")]
)
def test_a_number_that_is_a_range_stands_beside_its_limit(measured, high, told):
    number = {"measured": measured, "low": 5.0, "high": high}
    evidence = Evidence(name="Metastases", relation="<=", limit=4.0, **number)
    (item,) = letter_of(report(altered(finding(), evidence=(evidence,)))).to_correct
    assert item.numbers == (f"Metastases: {told} where <= 4 is asked",)


def test_what_a_reviewer_accepted_is_not_asked_for():
    first = WHOLE.findings[0]
    decision = Decision(finding=first.mark, code="OL301", reason="seen", by="AB", date="2026-11-29")
    decided = altered(WHOLE, decisions=(decision,))
    letter = letter_of(decided)
    assert not letter.to_correct
    assert [(one.accepted, one.to_do) for one in letter.accepted] == [("seen", "")]
    for text in (letter_markdown(decided), parsed(letter_html(decided)).text):
        assert re.search(r"Accepted, because:(\*\*)? seen", text)
        assert "What to do" not in text


def test_what_shares_a_reason_keeps_all_its_numbers():
    def count(code, name):
        number = Evidence(name=name, measured="0 to 4", low=0.0, high=4.0, relation="<=", limit=3.0)
        told = "number: not evaluable, because no lung is drawn"
        return altered(finding(code, Grade.NOT_EVALUABLE, "", told), evidence=(number,))

    (send,) = letter_of(
        report(count("OL201", "Metastases"), count("OL202", "In one organ"))
    ).to_send
    assert send.numbers == (
        "Metastases: 0 to 4 where <= 3 is asked",
        "In one organ: 0 to 4 where <= 3 is asked",
    )


def test_numbers_that_share_a_reason_say_of_which_lesion_they_are():
    """Two of 49 mm were one, and of two sizes nobody could tell whose was the larger."""

    def size(about, measured_mm):
        number = Evidence(
            name="Longest axial", measured=measured_mm, unit="mm", relation="<=", limit=50.0
        )
        told = "diameter: not evaluable, because planes are missing"
        one = finding("OL203", Grade.NOT_EVALUABLE, about, told)
        return altered(one, evidence=(number,))

    (send,) = letter_of(report(size("L1", 49.0), size("L2", 49.0), size("L3", 51.0))).to_send
    assert send.about == "L1, L2, L3"
    assert send.numbers == (
        "L1: Longest axial: 49.0 mm where <= 50 mm is asked",
        "L2: Longest axial: 49.0 mm where <= 50 mm is asked",
        "L3: Longest axial: 51.0 mm where <= 50 mm is asked",
    )


def test_where_nothing_is_to_be_done_it_says_so():
    passed = report(finding(grade=Grade.PASS))
    for text in (letter_markdown(passed), parsed(letter_html(passed)).text):
        assert "Nothing is to be corrected, sent or confirmed." in text
        assert "Please" not in text


@pytest.mark.parametrize("grade", [Grade.PASS, Grade.MAJOR])
def test_where_some_checks_alone_were_asked_it_says_so(grade):
    asked = altered(report(finding(grade=grade)), only=("OL3*", "OL203"))
    texts = (
        letter_markdown(asked).replace("\\", ""),
        parsed(letter_html(asked)).text,
        parsed(asked._repr_html_()).text.replace("; only", ". Only").replace(", and n", "; n"),
    )
    for text in texts:
        assert "Only the checks OL3*, OL203 were asked; nothing is said of all others" in text
        assert "Nothing is to be corrected" not in text
        assert "of OL3*, OL203 alone" in text.split("Only")[0]
    assert ("These checks ask for nothing." in texts[0]) is (grade is Grade.PASS)
    assert letter_markdown(asked).splitlines()[1] == ""
    assert "Only the checks" not in letter_markdown(report(finding()))


def test_every_item_is_an_item_however_many_there_are():
    many = report(*(altered(finding(), about=f"GTV {n}") for n in range(1003)))
    tokens = MarkdownIt().parse(letter_markdown(many))
    assert sum(one.type == "list_item_open" and one.info == "1000" for one in tokens) == 1
    assert not [one for one in tokens if one.type == "code_block"]
    assert sum(one.type == "ordered_list_open" for one in tokens) == 1


def test_hostile_text_is_text():
    hostile = report(finding(about=HOSTILE, message=HOSTILE))
    page = letter_html(hostile)
    assert "<script>" not in page
    assert not parsed(page).all("script")
    text = letter_markdown(hostile)
    assert "\x1b" not in text + page
    lines = [line for line in text.splitlines() if "alert" in line]
    for mark in "<>[]*`#":
        assert all(
            re.search(rf"(?<!\\)\{mark}", line.replace("**MAJOR**", "")) is None for line in lines
        )


@pytest.mark.parametrize(
    ("words", "of_verdict", "of_minor", "of_pass"),
    [
        ("oligort", "MAJOR DEVIATION", "MINOR", "PASS"),
        ("eortc", "UNACCEPTABLE VARIATION", "ACCEPTABLE VARIATION", "PER PROTOCOL"),
        ("nrg", "DEVIATION UNACCEPTABLE", "VARIATION ACCEPTABLE", "PER PROTOCOL"),
        ("of tomorrow", "MAJOR DEVIATION", "MINOR", "PASS"),
    ],
)
def test_a_report_speaks_in_the_words_of_its_setting(words, of_verdict, of_minor, of_pass):
    setting = Setting(name="grade_words", value=words, source="oligort convention")
    spoken = altered(WHOLE, settings=(setting,), versions={"oligort": "0.1.0", "python": "3.11"})
    assert verdict_words(spoken)[Grade.MAJOR] == of_verdict
    assert (grade_words(spoken)[Grade.MINOR], grade_words(spoken)[Grade.PASS]) == (
        of_minor,
        of_pass,
    )
    assert report_text(spoken).startswith(f"{of_verdict}  PT-1")
    counted = "major" if of_minor == "MINOR" else of_verdict.lower()
    passed = "passed" if of_pass == "PASS" else of_pass.lower()
    page = render(spoken, None)
    for text in (report_text(spoken), spoken._repr_html_(), page):
        assert f"1 {counted}" in " ".join(text.split())
        assert f"1 {passed}" in " ".join(text.split())
    if of_pass != "PASS":
        told = parsed(page).all("body")[0].text + letter_markdown(spoken) + report_text(spoken)
        assert not re.search(r"\b(MAJOR|MINOR|PASS|major|minor|passed)\b", told)
    assert of_verdict in letter_markdown(spoken)
    assert '"verdict": "MAJOR"' in spoken.to_json()  # the contract has one language


def test_the_command_writes_either_form(tmp_path, monkeypatch, capfd):
    path, page = tmp_path / "report.json", tmp_path / "letter.html"
    WHOLE.to_json(path)
    for arguments in (["letter", path], ["letter", path, "--html", page]):
        monkeypatch.setattr(sys, "argv", ["oligort", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        assert int(leaving.value.code or 0) == 0
    assert capfd.readouterr().out == letter_markdown(WHOLE)
    assert page.read_text(encoding="utf-8") == letter_html(WHOLE)


def test_major_deviations_go_first_and_an_accepted_query_is_not_asked_again():
    minor = finding("OL001", Grade.MINOR, "RS.dcm", "damaged")
    query = WHOLE.findings[-1]
    whole = report(minor, finding(), query)
    assert [one.code for one in letter_of(whole).to_correct] == ["OL301", "OL001"]
    decision = Decision(finding=query.mark, code="OL005", reason="seen", by="AB", date="2026-11-29")
    letter = letter_of(altered(whole, decisions=(decision,)))
    assert not letter.to_confirm
    assert [one.code for one in letter.accepted] == ["OL005"]
