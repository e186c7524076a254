"""The page of a submission as a browser shows it: on a phone, at a desk, by night and on paper."""

import base64
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from chromium import Chromium, found, started

from oligort.demo.cases import CASES
from oligort.finding import Evidence, Finding, Flag, Grade, Source, verdict_of
from oligort.report.html import page

Made = Callable[[int], Any]

pytestmark = pytest.mark.skipif(found() is None, reason="no Chromium is installed")

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
WIDTHS = {"phone": 390, "desk": 1440}
LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3, of text."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with started(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def pages(demo_page: Made, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """The files of the demo's pages; number -1 is one whose text is markup."""
    home = tmp_path_factory.mktemp("pages")

    def written(number: int) -> Path:
        path = home / f"{number}.html"
        if not path.exists():
            html = hostile_page(demo_page(4)) if number < 0 else demo_page(number).html
            path.write_text(html, encoding="utf-8")
        return path

    return written


def hostile_page(made: Any) -> str:
    """A page in which every text of the findings is markup, and names are as long as can be."""
    long_name = "GTVm01_" + "W" * 57
    finding = Finding(
        code="OL006",
        criterion="X6",
        grade=Grade.MINOR,
        about=long_name,
        message=f"{HOSTILE} {'0123456789' * 30}",
        flags=tuple(Flag),
        evidence=(
            Evidence(name=HOSTILE, measured=12345.6, unit="%", relation="<=", limit=25.0),
            Evidence(name=long_name, measured=HOSTILE),
        ),
        source=Source(document=HOSTILE),
        hint=long_name * 3,
    )
    findings = (*made.report.findings, finding)
    report = msgspec.structs.replace(
        made.report, findings=findings, verdict=verdict_of(findings), subject=f"PT {HOSTILE}"
    )
    return page(report, None)


NUMBERS = (-1, 2, 4)
"""Markup; five lesions; no lungs."""


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_nothing_overflows_and_nobody_complains(
    browser: Chromium, pages: Callable[[int], Path], number: int, width: int
) -> None:
    browser.open(pages(number), width)
    assert browser.complaints == []
    root = browser.value(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert root[0] <= root[1] == width
    # What is wider than its place scrolls in a box of its own; nothing else sticks out of its box.
    assert browser.value(STICKING_OUT) == []


STICKING_OUT = """
(() => {
  const told = [];
  for (const one of document.querySelectorAll("body *")) {
    if (one.closest("svg, .scroll, .skip, details:not([open])")) continue;
    const box = one.getBoundingClientRect();
    if (box.width && (box.right > document.documentElement.clientWidth + 0.5 || box.left < -0.5))
      told.push(one.tagName + "." + one.className + " " + box.left + " to " + box.right);
  }
  return told.slice(0, 5);
})()
"""


def test_markup_in_names_is_shown_and_does_nothing(
    browser: Chromium, pages: Callable[[int], Path]
) -> None:
    browser.open(pages(-1), 1440)
    assert browser.complaints == []
    assert browser.value("document.scripts.length") == 0
    assert browser.value("document.images.length") == 0
    assert HOSTILE in browser.value("document.querySelector('h1').innerText")
    assert HOSTILE in browser.value("document.title")
    assert HOSTILE in browser.value("document.querySelector('main').innerText")


PAIRS = """
(() => {
  const number = text => text.match(/[\\d.]+/g).map(Number);
  const blend = (over, under) => {
    const [r, g, b, a = 1] = over;
    return [r, g, b].map((c, i) => a * c + (1 - a) * under[i]);
  };
  const ground = one => {
    const layers = [];
    for (let at = one; at; at = at.parentElement)
      layers.unshift(number(getComputedStyle(at).backgroundColor));
    return layers.reduce((under, over) => blend(over, under), [255, 255, 255]);
  };
  const light = colour => {
    const linear = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = colour.map(c => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const one of document.querySelectorAll("details")) one.open = true;
  const worst = {};
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let count = 0;
  while (walk.nextNode()) {
    const one = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !one.getClientRects().length) continue;
    const svg = one.closest("svg");
    if (svg && svg.closest(".plane")) continue;
    const under = ground(svg ? svg.parentElement : one);
    const style = getComputedStyle(one);
    let opacity = 1;
    for (let at = one; at; at = at.parentElement) opacity *= getComputedStyle(at).opacity;
    const [r, g, b, a = 1] = number(svg ? style.fill : style.color);
    const over = blend([r, g, b, a * opacity], under);
    const [low, high] = [light(over), light(under)].sort((x, y) => x - y);
    const ratio = (high + 0.05) / (low + 0.05);
    count += 1;
    const name = one.tagName + "." + (one.className.baseVal ?? one.className);
    if (ratio < 4.5) worst[name] = [ratio, one.textContent.trim().slice(0, 40)];
  }
  return {count, worst};
})()
"""


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
def test_text_stands_out_by_day_and_by_night(
    browser: Chromium, pages: Callable[[int], Path], number: int, dark: bool
) -> None:
    browser.open(pages(number), 1440, dark=dark)
    ground = browser.value("getComputedStyle(document.body).backgroundColor")
    shade = sum(map(int, re.findall(r"\d+", ground)[:3])) / 3
    assert (shade < 60) is dark
    told = browser.value(PAIRS.replace("4.5", str(LEAST_CONTRAST)))
    assert told["count"] > 200
    assert told["worst"] == {}


def test_figures_take_the_colours_of_the_night(
    browser: Chromium, pages: Callable[[int], Path]
) -> None:
    seen = []
    for dark in (False, True):
        browser.open(pages(2), 1440, dark=dark)
        seen.append(
            browser.value("getComputedStyle(document.querySelector('#dvh-curve-A path')).stroke")
        )
    assert seen[0] != seen[1]
    assert browser.value(
        "getComputedStyle(document.querySelector('#dvh-figure_1')).fontFamily"
    ) == (browser.value("getComputedStyle(document.body).fontFamily"))


def printed(browser: Chromium) -> bytes:
    answer = browser.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
    return base64.b64decode(answer["data"])


def test_on_paper_everything_is_open_and_fits(
    browser: Chromium, pages: Callable[[int], Path]
) -> None:
    browser.open(pages(4), 1440, dark=True, media="print")
    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.value("getComputedStyle(document.querySelector('nav')).display") == "none"
    closed = browser.value(
        """[...document.querySelectorAll("section:not(.codes) > details")].filter(
             one => one.lastElementChild.getBoundingClientRect().height < 10).length"""
    )
    assert closed == 0
    browser.open(pages(4), 700, media="print")  # what margins leave of A4, at 96 dots an inch
    assert browser.value(STICKING_OUT.replace("svg, .scroll, .skip, ", "svg, .skip, ")) == []
    assert browser.value("document.querySelectorAll('section:not(.codes) > details').length") >= 4
    browser.open(pages(4), 1440)
    pdf = printed(browser)
    assert pdf.startswith(b"%PDF")
    boxes = set(re.findall(rb"/MediaBox \[([^\]]+)\]", pdf))
    assert len(boxes) == 1
    width, height = map(float, boxes.pop().split()[2:])
    assert (round(width), round(height)) == (595, 842)
    count = len(re.findall(rb"/Type /Page\b", pdf))
    assert 5 <= count <= 18
    assert any(zlib.decompress(one) for one in streams(pdf))


def streams(pdf: bytes) -> list[bytes]:
    """The compressed streams of a PDF, as they stand in it."""
    return re.findall(rb"/FlateDecode.*?stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)[:1]


def test_a_link_to_a_code_opens_what_it_says(
    browser: Chromium, pages: Callable[[int], Path]
) -> None:
    browser.open(pages(4), 1440)
    browser.value("document.querySelector('article a.code').click()")
    place = browser.value("location.hash")
    assert re.fullmatch(r"#code-OL\d{3}", place)
    assert browser.value(f"document.querySelector('{place}').getBoundingClientRect().top") < 900


def test_every_demo_has_a_title_that_says_its_verdict(
    browser: Chromium, pages: Callable[[int], Path]
) -> None:
    for number in (2, 4):
        browser.open(pages(number), 1440)
        assert browser.value("document.title").startswith(CASES[number].subject)
