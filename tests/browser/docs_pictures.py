"""The pictures of the report's page in the docs, taken of the demo's submissions.

    python tests/browser/docs_pictures.py docs

writes them anew, where Chromium is installed.
"""

import base64
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from chromium import Chromium, started

import oligort
from oligort.checks.engine import case_of, report_on
from oligort.demo.cases import CASES
from oligort.demo.export import write_case
from oligort.report.html import page

WIDTH = 1200

QUALITY = 80
"""Of WebP, in percent: letters stay sharp, and a picture is below 100 kB."""


class Picture(NamedTuple):
    """A part of a page: from one element on, down to the end of another or as high as it says."""

    name: str
    subject: str
    begin: str
    end: str = ""
    height: int = 0


PICTURES = (
    Picture("report-head", "DEMO-02", "body", height=760),
    Picture("report-dose", "DEMO-02", "figure.panel", "#isodose ~ figure.panel"),
    Picture("report-lesions", "DEMO-04", "#lesions", ".cards article"),
)

MARGIN = 15
"""What is shown above and below a part."""


def clip_of(browser: Chromium, picture: Picture) -> dict[str, Any]:
    """Return the part of the open page that a picture shows."""

    def place(selector: str) -> dict[str, float]:
        found = browser.value(
            f"(() => {{const box = document.querySelector({selector!r}).getBoundingClientRect();"
            "return {top: box.top + scrollY, bottom: box.bottom + scrollY}})()"
        )
        assert isinstance(found, dict)
        return found

    top = max(place(picture.begin)["top"] - MARGIN, 0)
    height = picture.height or place(picture.end)["bottom"] + MARGIN - top
    return {"x": 0, "y": top, "width": WIDTH, "height": round(height), "scale": 1}


def pictures(folder: Path, scratch: Path) -> None:
    """Write the pictures into a folder."""
    with started(scratch / "profile") as browser:
        for made in (one for one in CASES if one.subject in {it.subject for it in PICTURES}):
            register = write_case(made, scratch / made.subject)
            case = case_of(oligort.read(scratch / made.subject), register=register)
            html = scratch / f"{made.subject}.html"
            html.write_text(page(report_on(case), case), encoding="utf-8")
            browser.open(html, WIDTH)
            for picture in (one for one in PICTURES if one.subject == made.subject):
                shot = browser.ask(
                    "Page.captureScreenshot",
                    format="webp",
                    quality=QUALITY,
                    captureBeyondViewport=True,
                    clip=clip_of(browser, picture),
                )
                (folder / f"{picture.name}.webp").write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        pictures(Path(sys.argv[1]), Path(scratch))
