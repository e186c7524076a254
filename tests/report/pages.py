"""Pages that the tests of pages share: read from HTML by the standard library alone."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr"}
BLOCKS = {
    "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "summary", "caption", "figcaption", "dt", "dd",
    "article", "section", "table", "ul", "dl", "details",
}  # fmt: skip


@dataclass
class Element:
    """An element of a page, its attributes and what stands in it."""

    tag: str
    attributes: dict[str, str]
    children: list["Element | str"] = field(default_factory=list)

    def all(self, tag: str) -> list["Element"]:
        """The elements of a tag below it, in document order."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                found += [child] if child.tag == tag else []
                found += child.all(tag)
        return found

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    @property
    def text(self) -> str:
        """Its text on one line."""
        return " ".join(self._text().split())

    def _text(self) -> str:
        return "".join(
            child if isinstance(child, str) else child._text() for child in self.children
        )

    @property
    def lines(self) -> str:
        """Its text as people read it, a block on a line of its own; figures and styles left out."""
        text = re.sub(r"[ \t\r\f]*\n\s*", "\n", self._lines())
        return "\n".join(" ".join(line.split()) for line in text.split("\n") if line.strip()) + "\n"

    def _lines(self) -> str:
        if self.tag in {"style", "script"}:
            return ""
        if self.tag == "svg":
            return f" [figure: {said}] " if (said := self.attributes.get("aria-label")) else ""
        inner = "".join(
            re.sub(r"\s+", " ", child) if isinstance(child, str) else child._lines()
            for child in self.children
        )
        if self.tag in {"td", "th"}:
            return f"{inner} | "
        return f"\n{inner}\n" if self.tag in BLOCKS else inner


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {n: v or "" for n, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        last = self.open.pop()
        assert last.tag == tag, f"</{tag}> where <{last.tag}> is open"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parsed(page: str) -> Element:
    """Return a page as a tree; a tag that is not closed, or in the wrong order, is an error."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    assert parser.open == [parser.root], f"<{parser.open[-1].tag}> is not closed"
    return parser.root


CODES = "What the codes say"
"""The heading of the pages of the checks."""


def golden_text(html: str) -> str:
    """Return the text of a page as it is kept: without what differs from machine to machine.

    Versions and digests have a word in their place, and the pages of the checks, which are kept in
    docs/checks, are left out.
    """
    text = parsed(html).lines
    text = re.sub(
        r"\b(oligort|pydicom|numpy|msgspec|python) [0-9][0-9A-Za-z.+]*", r"\1 VERSION", text
    )
    text = re.sub(r"SHA-256 [0-9a-f]{64}", "SHA-256 DIGEST", text)
    kept, codes, _ = text.partition(f"\n{CODES}\n")
    assert codes
    return f"{kept}\n"
