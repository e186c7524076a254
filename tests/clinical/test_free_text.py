"""Free text: what says nothing, and stations in one spelling."""

import pytest

from oligort.clinical.free_text import one_station, says_anything


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " \t",
            "-",
            "--",
            "?",
            "n/a",
            "N.A.",
            "nd",
            "unknown",
            "Not known",
            "0",
            "k. A.",
            "x",
        ),
        *(
            "无",
            "不详",
            "未知",
            "没有",
            "不适用",
            "待定",
            "ＮＡ",
            "ninguno",
            "no aplica",
            "no reason",
        ),
    ],
)
def test_what_fills_an_empty_cell_says_nothing(text):
    assert not says_anything(text)
    assert one_station(text) == ""


@pytest.mark.parametrize("text", ["progression elsewhere", "declined", "PD", "不适合", "refus"])
def test_a_reason_says_something(text):
    assert says_anything(text)


@pytest.mark.parametrize(
    ("text", "station"),
    [
        ("16a2", "16a2"),
        ("16 A2.", "16a2"),
        ("No. 16-a2", "16a2"),
        ("station 7", "7"),
        *((said, "7") for said in ("第7组", "7组", "第７组", "7区", "No7", "LN7", "Station7")),
        *(("16a2组", "16a2"), ("１６ａ２", "16a2"), ("腹主动脉旁", "腹主动脉旁"), ("多发", "")),
        ("2 R", "2r"),
        ("106recL", "106recl"),
        ("left supraclavicular", "leftsupraclavicular"),
        ("level", "level"),
        ("1-6", ""),
        ("7/8", ""),
        ("7 and 8", ""),
        ("multiple mediastinal", ""),
    ],
)
def test_a_station_has_one_spelling(text, station):
    assert one_station(text) == station
