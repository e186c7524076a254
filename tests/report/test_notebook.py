"""What a notebook shows of a report, a histogram and a census."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from pages import parsed
from test_html import HOSTILE, HOSTILE_FINDING

from oligort.finding import Grade, verdict_of
from oligort.report import notebook

Made = Callable[[int], Any]


def test_a_report_shows_its_verdict_and_what_deviates(demo_page: Made) -> None:
    report = demo_page(1).report
    tree = parsed(report._repr_html_())
    (table,) = tree.all("table")
    assert table.all("caption")[0].text == "MAJOR DEVIATION DEMO-02"
    (row,) = table.all("tr")[1:]
    assert [cell.text for cell in row.children if not isinstance(cell, str)][:4] == [
        "MAJOR", "OL301", "X6", "Lungs-GTV",
    ]  # fmt: skip
    assert tree.all("p")[0].text.startswith("1 major, 0 minor, 0 not evaluable")


def test_many_rows_are_counted(demo_page: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "MOST_ROWS", 1)
    report = demo_page(4).report
    rows = parsed(report._repr_html_()).all("tr")
    assert rows[-1].text == f"and {len(report.graded(Grade.NOT_EVALUABLE)) - 1} more"


def test_a_histogram_shows_volumes_and_doses(demo_page: Made) -> None:
    dvh = demo_page(0).case.submission.dvh("Lungs-GTV")
    text = parsed(dvh._repr_html_()).text
    for told in ("DVH of Lungs-GTV", f"{dvh.volume_cc:.2f}", f"{dvh.mean_gy:.2f}"):
        assert told in text


def test_a_census_shows_each_lesion(demo_page: Made) -> None:
    census = demo_page(0).case.census
    tree = parsed(census._repr_html_())
    assert tree.all("caption")[0].text == "Distant metastases: 3"
    rows = tree.all("tbody")[0].all("tr")
    assert [row.all("th")[0].text for row in rows] == [lesion.label for lesion in census]
    assert "26.0" in rows[2].text
    assert "Liver 1" in tree.all("p")[0].text


def test_hostile_text_does_nothing(demo_page: Made) -> None:
    made = demo_page(0)
    findings = (*made.report.findings, HOSTILE_FINDING)
    report = msgspec.structs.replace(
        made.report, findings=findings, verdict=verdict_of(findings), subject=HOSTILE
    )
    dvh = replace(made.case.submission.dvh("Lungs"), roi_name=HOSTILE, notes=(HOSTILE,))
    lesion = replace(made.case.census.lesions[0], label=HOSTILE)
    census = replace(made.case.census, lesions=(lesion,))
    for shown in (report, dvh, census):
        html = shown._repr_html_()
        tree = parsed(html)
        assert not tree.all("script")
        assert '<script>alert("x")</script>' in tree.text
        assert "\x1b" not in html
        assert "\u202e" not in html
