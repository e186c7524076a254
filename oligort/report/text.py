"""Views to text: foreign words made harmless, views rendered for a terminal or a file."""

import io

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from oligort.display import safe_text

WIDTH = 100
"""Columns of every table."""

MAX_SENTENCE = 2000
"""Longest message that is shown whole; longer ones were not written for people."""


def sentence(text: object, style: str = "") -> Text:
    """Return foreign text as one harmless paragraph: no escapes, no markup, no line breaks."""
    return Text(safe_text(text, MAX_SENTENCE), style=style, overflow="fold")


def columns(*heads: str, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table of one line a row with these heads, some of them flush right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in heads:
        table.add_column(
            head, justify="right" if head in right else "left", overflow="fold", no_wrap=False
        )
    return table


def plain_text(view: RenderableType, width: int = WIDTH) -> str:
    """Return a view as text without colour, `width` columns wide, no blanks at line ends."""
    file = io.StringIO()
    console = Console(
        file=file, width=width, color_system=None, force_terminal=False, highlight=False
    )
    console.print(view, markup=False, emoji=False)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())
