"""The page of a submission: what stands in it, what never does, and that it needs nothing else."""

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import msgspec
import pydicom
import pytest
from pages import Element, golden_text, parsed

import oligort
from oligort.checks.engine import case_of, report_on
from oligort.clinical.register import LesionKind, RegisterLesion
from oligort.demo.anatomy import LUNG_NAMES
from oligort.demo.cases import CASES, WITHIN_PROTOCOL
from oligort.demo.export import write_case
from oligort.document import Decision, Report
from oligort.finding import Evidence, Finding, Flag, Grade, Source, verdict_of
from oligort.protocol.settings import DiameterReading
from oligort.report import page_lesions
from oligort.report.html import CONTENTS, page, render
from oligort.report.page_findings import tiles_of

GOLDEN = Path(__file__).with_name("golden")
MOST_BYTES = 2_000_000
HOSTILE = '<script>alert("x")</script>\x1b[1m\u202e&amp;$\\frac$'


Made = Callable[[int], Any]
"""The fixture `demo_page`: folder, case, report and page of a demo submission."""


def section(tree: Element, place: str) -> Element:
    (found,) = [
        one for one in tree.all("section") if one.attributes.get("aria-labelledby") == place
    ]
    return found


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: CASES[n].subject)
def test_the_text_of_the_demo_is_the_golden_one(demo_page: Made, number: int) -> None:
    html = demo_page(number).html
    golden = GOLDEN / f"{CASES[number].subject}.txt"
    assert golden_text(html) == golden.read_text(encoding="utf-8")


def test_the_same_input_gives_the_same_bytes(demo_page: Made) -> None:
    _, _, report, html = demo_page(4)
    home = demo_page(4).folder
    again = render(report, oligort.read(home), register=home.with_name(f"{home.name}.toml"))
    assert again == html


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: CASES[n].subject)
def test_the_page_needs_nothing_beside_it_and_is_small(demo_page: Made, number: int) -> None:
    html = demo_page(number).html
    tree = parsed(html)
    assert len(html.encode()) < MOST_BYTES
    assert not tree.all("script")
    for tag in ("img", "image", "use", "link", "a"):
        for element in tree.all(tag):
            where = element.attributes.get("href", "") or element.attributes.get("src", "")
            assert where.startswith(("#", "data:")), where
    assert "@import" not in html
    assert "default-src 'none'" in html


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: CASES[n].subject)
def test_a_screen_reader_can_walk_the_page(demo_page: Made, number: int) -> None:
    tree = parsed(demo_page(number).html)
    (html,) = tree.all("html")
    assert html.attributes["lang"] == "en"
    assert [len(tree.all(tag)) for tag in ("h1", "main", "nav", "footer")] == [1, 1, 1, 1]
    levels = [int(tag[1]) for tag in re.findall(r"<(h[1-4])\b", demo_page(number).html)]
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))
    ids = re.findall(r'\bid="([^"]+)"', demo_page(number).html)
    assert len(ids) == len(set(ids))
    for link in tree.all("a"):
        assert link.attributes["href"].removeprefix("#") in ids
    for table in tree.all("table"):
        assert len(table.all("caption")) == 1
        assert all(head.attributes.get("scope") in {"col", "row"} for head in table.all("th"))
    for svg in tree.all("svg"):
        is_hidden = svg.attributes.get("aria-hidden") == "true"
        assert is_hidden or len(svg.attributes["aria-label"]) > 40
    assert [one.attributes["id"] for one in tree.all("h2")] == [place for place, _ in CONTENTS]


def test_the_verdict_and_whose_it_is_stand_first(demo_page: Made) -> None:
    _, _, report, html = demo_page(1)
    (header,) = parsed(html).all("header")
    assert header.all("h1")[0].text == "MAJOR DEVIATION DEMO-02"
    for told in ("DEMO", "local therapy", "SBRT", "2026-04-01", "NCT06190782, version 1"):
        assert told in header.text
    assert report.dose_sop_instance_uids[0] in header.text
    assert "1 major" in header.text
    tiles = [one for one in header.all("li") if "tile" in one.classes]
    assert [tile.all("span")[0].text for tile in tiles] == ["I4i", "I4ii", "I4iii", "X6"]
    assert "29.00 % limit ≤ 25" in tiles[-1].text


def test_each_finding_stands_in_its_part(demo_page: Made) -> None:
    _, _, report, html = demo_page(4)
    tree = parsed(html)
    articles = section(tree, "not-evaluable").all("article")
    findings = report.graded(Grade.NOT_EVALUABLE)
    reasons = {finding.message.partition("because ")[2] for finding in findings}
    # What several share is told once, with all that it holds for.
    assert len(articles) == len(reasons) < len(findings)
    assert all("NOT EVALUABLE" in article.text for article in articles)
    for finding in findings:
        reason = finding.message.partition("because ")[2]
        (article,) = [one for one in articles if reason in one.text]
        assert finding.code in article.text
        assert finding.hint in article.text
    shown = " ".join(section(tree, place).text for place in ("others", "eligibility"))
    for finding in (*report.graded(Grade.PASS), *report.graded(Grade.INFO)):
        assert finding.code in shown


def test_what_could_not_be_evaluated_says_of_which_lesion(demo_page: Made) -> None:
    report = demo_page(4).report
    open_size = Finding(
        code="OL203",
        criterion="I4iii",
        grade=Grade.NOT_EVALUABLE,
        about="GTVm02_Liver",
        message="Maximum diameter of each metastasis: not evaluable, because it is too near",
        source=Source(document="NCT06190782"),
    )
    told = msgspec.structs.replace(report, findings=(open_size,))
    tree = parsed(page(told, None))
    (article,) = section(tree, "not-evaluable").all("article")
    assert article.all("h4")[0].text == "GTVm02_Liver: Size of each metastasis"
    (briefs,) = [one for one in tree.all("ul") if "briefs" in one.classes]
    assert briefs.text == "I4iii GTVm02_Liver: it is too near"
    # Of several that share a reason each is named in the list, and none alone in the head.
    other = msgspec.structs.replace(open_size, about="GTVm03_LN")
    tree = parsed(page(msgspec.structs.replace(report, findings=(open_size, other)), None))
    (briefs,) = [one for one in tree.all("ul") if "briefs" in one.classes]
    assert briefs.text == "I4iii it is too near"


def test_a_verdict_beside_which_something_is_open_says_so_at_once(demo_page: Made) -> None:
    """MINOR, "acceptable variation", does not say that the lung V20 is not known."""
    report = demo_page(4).report
    header = parsed(page(report, None)).all("header")[0].text
    assert "Not all was evaluated" not in header  # the verdict itself says it
    minor = Finding(
        code="OL006",
        grade=Grade.MINOR,
        message="a name is not known",
        source=Source(document="oligort convention"),
    )
    findings = (*report.findings, minor)
    told = msgspec.structs.replace(report, findings=findings, verdict=Grade.MINOR)
    header = parsed(page(told, None)).all("header")[0].text
    assert "Not all was evaluated: 3 findings are open (X6)" in header


def test_each_code_leads_to_what_explain_says_of_it(demo_page: Made) -> None:
    _, _, report, html = demo_page(1)
    tree = parsed(html)
    pages = section(tree, "codes").all("details")
    assert {one.all("summary")[0].text.split()[0] for one in pages} == {
        finding.code for finding in report.findings
    }
    (lung,) = [one for one in pages if one.all("summary")[0].text.startswith("OL301")]
    headings = [one.text for one in lung.all("dt")]
    assert headings[:2] == ["What it checks", "Why it matters"]
    assert headings[-1] == "Source"


def test_every_counted_lesion_has_a_card_with_picture_and_numbers(demo_page: Made) -> None:
    _, case, report, html = demo_page(2)
    cards = [one for one in parsed(html).all("article") if "card" in one.classes]
    counted = [lesion for lesion in case.census if lesion.counted.most]
    assert len(cards) == len(counted) == 5
    for card, lesion in zip(cards, counted, strict=True):
        assert card.attributes["aria-label"] == lesion.label
        pictures = [one for one in card.all("svg") if "aria-label" in one.attributes]
        assert len(pictures) == 1
        said = pictures[0].attributes["aria-label"]
        assert f"longest diameter {lesion.longest_axial_mm:.1f} mm" in said
        assert "50.00 Gy, the prescription" in said
        assert len(pictures[0].all("image")) == 1
        assert f"{lesion.volume_cc:.2f} cc" in card.text
    assert {one.about for one in report.findings if one.code == "OL203"} == {
        lesion.label for lesion in counted
    }


def test_organs_show_least_to_most_beside_the_limit(demo_page: Made) -> None:
    tree = parsed(demo_page(2).html)
    (organs,) = [one for one in tree.all("ul") if "organs" in one.classes]
    liver = next(one for one in organs.all("li") if one.text.startswith("Liver"))
    dots = liver.all("i")
    assert [sorted(dot.classes) for dot in dots] == [["sure"]] * 3 + [["beyond", "sure"]]
    assert liver.all("b")[0].text == "4"


@pytest.mark.parametrize(
    ("reading", "told"), [("longest_axial", "longest axial"), ("maximum_3d", "maximum 3D")]
)
def test_the_diameter_that_decides_stands_out(demo_page: Made, reading: str, told: str) -> None:
    case = demo_page(3).case
    settings = case.protocol.settings
    chosen = msgspec.structs.replace(
        settings.diameter_reading, value=DiameterReading(reading), question="which one?"
    )
    settings = msgspec.structs.replace(settings, diameter_reading=chosen)
    case = replace(case, protocol=msgspec.structs.replace(case.protocol, settings=settings))
    report = report_on(case, ["OL20*"])
    # Of another platform, the last digits of the report's diameters are others.
    moved = tuple(
        msgspec.structs.replace(
            one,
            evidence=tuple(
                msgspec.structs.replace(it, measured=it.measured + 1e-10)
                if isinstance(it.measured, float)
                else it
                for it in one.evidence
            ),
        )
        for one in report.findings
    )
    elsewhere = msgspec.structs.replace(report, findings=moved)
    pages = (page(report, case), page(report, None), page(elsewhere, case))
    for tree in map(parsed, pages):
        labels = {one.attributes.get("aria-label", ""): one for one in tree.all("article")}
        card = labels["GTVm02_Liver"]
        (row,) = [one for one in card.all("tr") if "decides" in one.classes]
        assert row.all("th")[0].text == told


def organs_of(tree: Element) -> dict[str, Element]:
    (organs,) = [one for one in tree.all("ul") if "organs" in one.classes]
    return {one.all("span")[0].text: one for one in organs.all("li")}


def test_organs_hold_what_the_check_counted_in_them(demo_page: Made) -> None:
    """A node that may be drawn as what no entry claims leaves one of four in the liver open."""
    case = demo_page(2).case
    assert case.register is not None
    node = RegisterLesion(id="N1", kind=LesionKind.REGIONAL_NODE)
    register = msgspec.structs.replace(case.register, lesions=(*case.register.lesions[:-1], node))
    case = replace(case, register=register)
    report = report_on(case, ["OL20*"])
    (finding,) = [one for one in report.findings if one.code == "OL202"]
    tree = parsed(page(report, case))
    liver = organs_of(tree)["Liver"]
    assert [one.measured for one in finding.evidence] == ["3 to 4"]
    assert liver.all("b")[0].text == "3 to 4"
    assert [sorted(dot.classes) for dot in liver.all("i")] == [["sure"]] * 3 + [["beyond", "maybe"]]
    # The number of all has no upper end in the check either.
    assert "4 to 5 or more distant metastases" in tree.text


def test_a_limit_that_is_not_allowed_itself_stands_beyond_the_bar(demo_page: Made) -> None:
    case = demo_page(2).case
    criteria = case.protocol.criteria
    below_four = msgspec.structs.replace(criteria.metastases_per_organ, relation="<", limit=4)
    criteria = msgspec.structs.replace(criteria, metastases_per_organ=below_four)
    case = replace(case, protocol=msgspec.structs.replace(case.protocol, criteria=criteria))
    report = report_on(case, ["OL202"])
    assert [one.grade for one in report.findings] == [Grade.MAJOR]
    dots = organs_of(parsed(page(report, case)))["Liver"].all("i")
    assert [sorted(dot.classes) for dot in dots] == [["sure"]] * 3 + [["beyond", "sure"]]


def test_without_a_submission_the_page_says_so_and_has_no_picture(demo_page: Made) -> None:
    report = demo_page(1).report
    tree = parsed(render(report, None))
    assert not [one for one in tree.all("svg") if "aria-label" in one.attributes]
    assert "made from the report alone" in tree.text
    cards = [one for one in tree.all("article") if "card" in one.classes]
    assert [card.attributes["aria-label"] for card in cards] == [
        "GTVp", "GTVm01_Lung_L", "GTVm02_Liver", "GTVm03_LN",
    ]  # fmt: skip
    assert "18.0 mm" in cards[1].text
    assert Report.from_json(report.to_json()) == report
    assert render(Report.from_json(report.to_json()), None) == render(report, None)


def test_a_page_of_another_submission_or_register_is_refused(demo_page: Made) -> None:
    folder, _, report, _ = demo_page(4)
    submission = oligort.read(folder)
    with pytest.raises(ValueError, match="found other files and doses"):
        render(report, oligort.read(demo_page(0).folder), register=register_of(folder))
    with pytest.raises(ValueError, match="found other arm"):
        render(report, submission)
    armless = msgspec.structs.replace(report, arm="")
    with pytest.raises(ValueError, match=r"expected the register .* found 3 metastases"):
        render(armless, submission)
    missing = msgspec.structs.replace(
        report, measurements=tuple(one for one in report.measurements if one.about != "GTVp")
    )
    with pytest.raises(ValueError, match="found other lesions"):
        render(missing, submission, register=register_of(folder))


def register_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.toml")


def without_pictures(demo_page: Made, folder: Path, change: str) -> Element:
    """The page of the first case whose image files are gone, or never were there."""
    _, case, report, _ = demo_page(0)
    images = ()
    if change == "damaged CT":
        (series,) = case.submission.images
        damaged = folder / "damaged.dcm"
        damaged.write_bytes(series.sources[0].path.read_bytes()[:5000])
        sources = tuple(replace(source, path=damaged) for source in series.sources)
        images = (replace(series, sources=sources),)
    case = replace(case, submission=replace(case.submission, images=images))
    return parsed(page(report, case))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("no CT", "no image in the submission"),
        ("damaged CT", "no image is shown: the file is truncated"),
    ],
)
def test_without_images_contours_stand_on_plain_ground(
    demo_page: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, reason: str
) -> None:
    # What lesions receive takes as long as all else of a page, and is not asked here.
    monkeypatch.setattr(page_lesions, "lesion_doses", lambda _, census: [None] * len(census))
    tree = without_pictures(demo_page, tmp_path, change)
    cards = [one for one in tree.all("article") if "card" in one.classes]
    assert len(cards) == 3
    for card in cards:
        (picture,) = [one for one in card.all("svg") if "aria-label" in one.attributes]
        assert not picture.all("image")
        assert reason in picture.attributes["aria-label"]
        assert reason in card.all("figcaption")[0].text
        assert len(picture.all("path")) > 5


HOSTILE_FINDING = Finding(
    code="OL006",
    criterion=HOSTILE,
    grade=Grade.MINOR,
    about=HOSTILE,
    message=f"{HOSTILE} is not known",
    flags=(Flag.QUERY,),
    evidence=(Evidence(name=HOSTILE, measured=HOSTILE, unit=HOSTILE, relation="<=", limit=1.0),),
    source=Source(document=HOSTILE),
    hint=HOSTILE,
)


def test_hostile_text_of_a_report_is_shown_and_does_nothing(demo_page: Made) -> None:
    report = demo_page(0).report
    findings = (*report.findings, HOSTILE_FINDING)
    hostile = msgspec.structs.replace(
        report,
        findings=findings,
        verdict=verdict_of(findings),
        subject=HOSTILE,
        site=HOSTILE,
        arm=HOSTILE,
        plan_label=HOSTILE,
        plan_date=HOSTILE,
        plan_kind=HOSTILE,
        dose_sop_instance_uids=(HOSTILE,),
    )
    html = render(hostile, None)
    tree = parsed(html)
    assert not tree.all("script")
    assert "\x1b" not in html
    assert "\u202e" not in html
    shown = '<script>alert("x")</script>?[1m?&amp;$\\frac$'
    assert shown in tree.all("h1")[0].text
    assert tree.all("title")[0].text.startswith("<script>")
    assert tree.text.count(shown) > 8


def test_a_check_that_is_not_ours_has_its_place_too(demo_page: Made) -> None:
    report = demo_page(0).report
    foreign = msgspec.structs.replace(HOSTILE_FINDING, code='SITE"01', about="", evidence=())
    findings = (*report.findings, foreign)
    told = msgspec.structs.replace(report, findings=findings, verdict=verdict_of(findings))
    tree = parsed(render(told, None))
    (article,) = section(tree, "deviations").all("article")
    link = article.all("a")[0]
    assert link.text == 'SITE"01'
    (summary,) = [
        one
        for one in section(tree, "codes").all("summary")
        if f"#{one.attributes['id']}" == link.attributes["href"]
    ]
    assert "a check of the site's own, or of another version" in summary.text


SECRETS = {
    "PatientName": "Doe^Johanna",
    "PatientID": "H-4711-93",
    "PatientBirthDate": "19610203",
    "InstitutionName": "St. Elsewhere",
}
SMALL = replace(
    WITHIN_PROTOCOL,
    subject="DEMO-09",
    metastases=WITHIN_PROTOCOL.metastases[1:2],
    undrawn=LUNG_NAMES,
)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of an export that names its patient, and whose ROI names are markup."""
    home = tmp_path_factory.mktemp("identity") / "Doe_Johanna"
    write_case(SMALL, home)
    names = {"GTVm01_Liver": f"GTVm01 {HOSTILE}", "PTVm01_Liver": f"PTV 1 $x^2$ 肺 {HOSTILE}"}
    for path in home.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        for keyword, value in SECRETS.items():
            setattr(dataset, keyword, value)
        for roi in dataset.get("StructureSetROISequence", []):
            roi.ROIName = names.get(roi.ROIName, roi.ROIName)
        with warnings.catch_warnings(action="ignore"):
            dataset.save_as(path, enforce_file_format=True)
    case = case_of(oligort.read(home))
    return page(report_on(case), case)


def test_hostile_roi_names_are_shown_as_text_in_figures_too(bad: str) -> None:
    tree = parsed(bad)
    assert not tree.all("script")
    assert "\u202e" not in bad
    labels = [svg.attributes.get("aria-label", "") for svg in tree.all("svg")]
    assert any("GTVm01 <script>" in label for label in labels)
    assert any("$x^2$ 肺 <script>" in label for label in labels)
    assert "GTVm01 <script>" in tree.all("figcaption")[-1].text + tree.all("article")[-1].text


def test_what_names_the_patient_is_not_in_the_page(bad: str) -> None:
    assert "identity left in the files" in parsed(bad).text.lower()
    for secret in ("Doe", "Johanna", "4711", "19610203", "Elsewhere", gettempdir()):
        assert secret not in bad


def test_real_submissions_have_a_page(test_data: Path) -> None:
    for paths in (
        [test_data / "breast_boost"],
        [test_data / "lung_sbrt"],
        [test_data / "rider_two_contourings"],
        [test_data / "eclipse_prostate" / name for name in ("RS.dcm", "RD.dcm")],
    ):
        case = case_of(oligort.read(*paths))
        report = report_on(case)
        html = page(report, case)
        assert len(html.encode()) < MOST_BYTES
        assert parsed(html).all("h1")[0].text.endswith(report.subject)


def test_a_decision_on_a_query_stands_wherever_the_finding_does(demo_page: Made) -> None:
    report = demo_page(0).report
    findings = tuple(
        msgspec.structs.replace(one, flags=(Flag.QUERY,)) if one.code == "OL104" else one
        for one in report.findings
    )
    seen = {"OL104", "OL207"}
    made = tuple(
        Decision(finding=one.mark, code=one.code, reason="seen", by="AB", date="2026-11-29")
        for one in findings
        if one.code in seen
    )
    told = msgspec.structs.replace(report, findings=findings, decisions=made)
    tree = parsed(page(told, None))
    for place in ("flags", "eligibility", "others"):
        text = section(tree, place).text
        assert text.count("Accepted by AB on 2026-11-29: seen") == 1


def test_a_tile_shows_the_number_nearest_to_a_limit_that_must_be_reached(demo_page: Made) -> None:
    def coverage(about: str, measured: float) -> Finding:
        evidence = Evidence(name="Coverage", measured=measured, relation=">=", limit=95.0)
        return Finding(
            code="OL301",
            criterion="cov",
            grade=Grade.PASS,
            about=about,
            message="coverage",
            evidence=(evidence,),
            source=Source(document="site"),
        )

    findings = (coverage("PTV1", 110.0), coverage("PTV2", 96.0), coverage("PTV3", 101.0))
    report = demo_page(0).report
    (tile,) = tiles_of(msgspec.structs.replace(report, findings=findings))
    assert (tile.finding.about, tile.others) == ("PTV2", 2)
    none_at_all = (*findings, coverage("PTV4", 0.0))
    (tile,) = tiles_of(msgspec.structs.replace(report, findings=none_at_all))
    assert tile.finding.about == "PTV4"


def test_decisions_selection_words_and_extension_are_on_the_page(demo_page: Made) -> None:
    _, _, report, _ = demo_page(1)
    (major,) = report.graded(Grade.MAJOR)
    made = Decision(
        finding=major.mark, code="OL301", reason="<b>seen</b>", by="AB", date="2026-11-29"
    )
    lapsed = msgspec.structs.replace(made, finding="0" * 8, reason="of before", applies=False)
    spoken = tuple(
        msgspec.structs.replace(one, value="eortc") if one.name == "grade_words" else one
        for one in report.settings
    )
    protocol = msgspec.structs.replace(
        report.protocol, extends="BASE, version 2", changes=("criteria.ecog",)
    )
    told = msgspec.structs.replace(
        report,
        decisions=(made, lapsed),
        only=("OL3*",),
        settings=spoken,
        protocol=protocol,
    )
    tree = parsed(render(told, None))
    (header,) = tree.all("header")
    assert header.all("h1")[0].text == "UNACCEPTABLE VARIATION DEMO-02"
    assert "the verdict is of OL3* alone" in header.text
    assert "extends BASE, version 2, and states otherwise: criteria.ecog." in header.text
    (article,) = section(tree, "deviations").all("article")
    assert article.text.startswith("UNACCEPTABLE VARIATION")
    assert "Accepted by AB on 2026-11-29: <b>seen</b>" in article.text
    assert (
        "Decisions made on another state, which no finding is in now (1)"
        in section(tree, "deviations").text
    )
    assert "of before" in section(tree, "deviations").text
