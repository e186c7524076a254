"""Figures: made by matplotlib, shown as SVG that takes its colours from the page around it.

Matplotlib is loaded when a figure is drawn. No foreign text is ever drawn by it: a name with "$" is
mathematics to it, and one in Chinese has no glyphs. Names stand in the legend, which is HTML.
"""

import base64
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oligort.display import safe_text
from oligort.report.text import MAX_SENTENCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from oligort.dose.dvh import Dvh

INK, MUTED, LINE, WALL, PAPER = (f"#0102{number:02x}" for number in range(3, 8))
"""Colours that the page replaces by its own, which differ by day and by night."""

SERIES = tuple(f"#0102{number:02x}" for number in range(0x10, 0x18))
"""Colours of curves, replaced likewise."""

PAGE_COLOURS = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    WALL: "var(--major)",
    PAPER: "var(--card)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(SERIES, 1)},
}
"""What the page calls each of these colours."""

DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.6, 1.6)), (0, (6, 2, 1.2, 2)))
"""Patterns of curves: colour never tells two of them apart alone. Eight colours are two turns of
them, so that the ninth curve takes the next pattern and not that of the first."""

SVG_DASHES = ("", "6 3", "2 2", "7 2.5 2 2.5")
"""The same for the legend, in the widths of a line."""

MARKS = "ABCDEFGHIJKLMNOP"
"""What a curve is called at its side and in the legend."""

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "text.color": INK,
    "text.usetex": False,
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
}


_FIGURE_INCHES = (7.6, 3.9)
_AXES_SHARE = (0.085, 0.135, 0.895, 0.835)
"""Where the axes lie in the figure of histograms: left, bottom, width and height."""

_TOP_PERCENT = 103
"""Where that figure ends: a curve at 100 % is not cut."""

_POINTS_PER_INCH = 72

_LETTER_POINTS, _LINE_POINTS = 5.6, 11.0
"""Width of a letter and height of a line of labels: bold letters of 8.5 points, mostly narrower."""


@contextmanager
def style(name: str) -> Iterator[None]:
    """Draw in the page's style; `name` is what the parts of the figure are numbered by."""
    import matplotlib as mpl

    # What the user's own settings say of a figure is of no concern to a page.
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({**_STYLE, "svg.hashsalt": name})
        yield


def svg_of(figure: "Figure", name: str, description: str, underlay: bytes = b"") -> str:
    """Return a figure as an SVG element of the page.

    Parameters
    ----------
    figure : Figure
        Drawn within `style`.
    name : str
        What the ids within it begin with.
    description : str
        What a screen reader says; the numbers are in it.
    underlay : bytes
        A JPEG that fills the figure below everything, or nothing.
    """
    import matplotlib as mpl
    from markupsafe import Markup, escape

    said = safe_text(description, MAX_SENTENCE)
    file = io.BytesIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure.savefig(
            file,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    text = file.getvalue().decode()
    body = text[text.index("<svg") :]
    # A style within one figure would hold for the whole page.
    body = re.sub(r"<(metadata|style)\b.*?</\1>\s*", "", body, flags=re.DOTALL)
    opening, body = body[: body.index(">") + 1], body[body.index(">") + 1 :]
    (box,) = re.findall(r'viewBox="([^"]+)"', opening)
    body = re.sub(r'(?<=id=")(?=[^"])', f"{name}-", body)
    body = re.sub(r'(?<=xlink:href="#)', f"{name}-", body).replace("xlink:href", "href")
    body = re.sub(r"(?<=url\(#)", f"{name}-", body)
    body = re.sub(r"(font(?:-family)?: [^;\"]*?)'DejaVu Sans'[^;\"]*", r"\1inherit", body)
    body = re.sub(r'(?<= d=")[^"]+', _shortened, body)
    for colour, variable in PAGE_COLOURS.items():
        body = body.replace(colour, variable)
    if underlay:
        _, _, width, height = box.split()
        data = base64.b64encode(underlay).decode()
        body = (
            f'<image width="{width}" height="{height}" preserveAspectRatio="none" '
            f'href="data:image/jpeg;base64,{data}"/>{body}'
        )
    return Markup(f'<svg viewBox="{box}" role="img" aria-label="{escape(said)}">{body}')  # nosec: all foreign text is escaped


def _shortened(path: re.Match[str]) -> str:
    """Return the points of a path to a hundredth of a point: finer than any screen or printer."""
    return re.sub(r"(\.\d\d)\d+", r"\1", path[0])


@dataclass(frozen=True, eq=False)
class Curve:
    """A histogram in the figure: its name, and whether a limit is held against it."""

    name: str
    dvh: "Dvh"
    is_graded: bool = False


@dataclass(frozen=True)
class Wall:
    """A limit on a curve: the side of it that the curve must not reach.

    Parameters
    ----------
    metric, limit : str
        "V20Gy[%]" and "<= 25 %", for words.
    dose_gy, volume_percent : (2,) floats
        Ends of the wall: upright where a volume is limited at a dose, level where a dose is at a
        volume.
    curve : int
        Which of the curves it is for.
    measured : (dose, volume) or None
        Where that curve meets it.
    is_variation : bool
        Whether it ends the acceptable variation beyond the limit: a second, thinner wall.
    """

    metric: str
    limit: str
    dose_gy: tuple[float, float]
    volume_percent: tuple[float, float]
    curve: int
    measured: tuple[float, float] | None = None
    is_variation: bool = False


def share_percent(dvh: "Dvh") -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the cumulative curve in percent of the whole volume, one value an edge."""
    return 100 * dvh.cumulative_cc / dvh.volume_cc


def draw_curve(axes: "Axes", dvh: "Dvh", **line: Any) -> Any:
    """Draw a cumulative histogram, in percent of its volume against Gy, and return its line."""
    (drawn,) = axes.plot(dvh.edges_gy, share_percent(dvh), **line)
    return drawn


def plot_dvh(dvh: "Dvh", axes: "Axes | None" = None) -> "Axes":
    """Draw a histogram on the user's axes, or on new ones, and return these."""
    if axes is None:
        from matplotlib import pyplot as plt

        _, axes = plt.subplots()
    draw_curve(axes, dvh, label=_plain(dvh.roi_name))
    axes.set_xlabel("dose (Gy)")
    axes.set_ylabel("volume (%)")
    axes.set_xlim(left=0)
    axes.set_ylim(0, 102)
    return axes


def _plain(name: str) -> str:
    """Return a name that matplotlib takes for no mathematics and does not leave out."""
    shown = safe_text(name).replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def dvh_figure(curves: Sequence[Curve], walls: Sequence[Wall]) -> "Figure":
    """Return the cumulative histograms with the limits as walls that they must not go through."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=_FIGURE_INCHES)
    axes = figure.add_axes(_AXES_SHARE)
    end_gy = _end_gy(curves, walls)
    for number, curve in enumerate(curves):
        line = draw_curve(
            axes,
            curve.dvh,
            color=SERIES[number % len(SERIES)],
            linestyle=DASHES[_pattern(number)],
            linewidth=2.6 if curve.is_graded else 1.3,
            zorder=4 if curve.is_graded else 3,
        )
        line.set_gid(f"curve-{MARKS[number]}")
        _mark(axes, curve, number, len(curves), end_gy)
    for wall, place in zip(walls, _label_places(walls, end_gy), strict=True):
        _draw_wall(axes, wall, place)
    axes.set_xlim(0, end_gy)
    axes.set_ylim(0, _TOP_PERCENT)
    axes.set_xlabel("dose (Gy)")
    axes.set_ylabel("volume with at least this dose (%)")
    axes.grid(color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    return figure


def _end_gy(curves: Sequence[Curve], walls: Sequence[Wall]) -> float:
    ends = [float(curve.dvh.max_gy or 0) for curve in curves]
    ends += [wall.dose_gy[0] for wall in walls]
    return 1.03 * max(ends, default=1.0) or 1.0


def _mark(axes: "Axes", curve: Curve, number: int, count: int, end_gy: float) -> None:
    """Write what a curve is called beside it, each at another height so that none cover."""
    height = 88 - 76 * (number + 0.5) / max(count, 1)
    share = share_percent(curve.dvh)
    at_gy = float(np.interp(-height, -share, curve.dvh.edges_gy))
    axes.annotate(
        MARKS[number],
        (min(at_gy, end_gy), height),
        color=SERIES[number % len(SERIES)],
        fontsize=8.5,
        fontweight="bold",
        ha="center",
        va="center",
        zorder=6,
        bbox={"boxstyle": "circle,pad=0.18", "facecolor": PAPER, "edgecolor": "none"},
    )


def _label(wall: Wall) -> str:
    said = f"{MARKS[wall.curve]} {_name_of(wall)} {wall.limit}"
    return said.replace("<=", "≤").replace(">=", "≥")


def _name_of(wall: Wall) -> str:
    return "variation" if wall.is_variation else "limit"


def _label_places(walls: Sequence[Wall], end_gy: float) -> Iterator[tuple[float, float]]:
    """Yield where the label of each wall begins, in points from its end that counts.

    Above it, or beside an upright one; further up, or from the top downwards, where another label
    is in the way, and further left where the figure ends.
    """
    wide, high = (
        inches * share * _POINTS_PER_INCH
        for inches, share in zip(_FIGURE_INCHES, _AXES_SHARE[2:], strict=True)
    )
    taken: list[tuple[float, float, float]] = []
    for wall in walls:
        dose_gy, percent = _end_of(wall)
        x, y = dose_gy / end_gy * wide, percent / _TOP_PERCENT * high
        width = len(_label(wall)) * _LETTER_POINTS
        left = min(x + (7 if wall.dose_gy[0] == wall.dose_gy[1] else 0), wide - width)

        def is_free(bottom: float, left: float = left, width: float = width) -> bool:
            return all(
                abs(bottom - other) >= _LINE_POINTS or left >= end or left + width <= begin
                for begin, end, other in taken
            )

        top = high - _LINE_POINTS
        above = np.arange(min(y + 7, top), top + 1, _LINE_POINTS)
        below = np.arange(min(y - _LINE_POINTS - 4, top), 0, -_LINE_POINTS)
        bottom = next(filter(is_free, map(float, (*above, *below))), y + 7)
        taken.append((left, left + width, bottom))
        yield left - x, bottom - y


def _draw_wall(axes: "Axes", wall: Wall, label_points: tuple[float, float]) -> None:
    (line,) = axes.plot(
        wall.dose_gy,
        wall.volume_percent,
        color=WALL,
        linewidth=1.6 if wall.is_variation else 3.2,
        solid_capstyle="butt",
        zorder=5,
    )
    line.set_gid(f"{_name_of(wall)}-{MARKS[wall.curve]}-{wall.metric}")
    # The end that counts: what is on it is still allowed where the limit says so.
    axes.plot(*zip(_end_of(wall), strict=True), marker="o", markersize=5.5, color=WALL, zorder=5)
    if wall.measured is not None:
        (dot,) = axes.plot(
            *zip(wall.measured, strict=True),
            marker="D",
            markersize=5.5,
            markerfacecolor=PAPER,
            markeredgecolor=INK,
            markeredgewidth=1.6,
            zorder=7,
        )
        dot.set_gid(f"measured-{MARKS[wall.curve]}-{wall.metric}")
    axes.annotate(
        _label(wall),
        _end_of(wall),
        xytext=label_points,
        textcoords="offset points",
        color=WALL,
        fontsize=8.5,
        fontweight="bold",
        zorder=7,
        bbox={"boxstyle": "square,pad=0.05", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.8},
    )


def _end_of(wall: Wall) -> tuple[float, float]:
    return wall.dose_gy[0], wall.volume_percent[0]


def _pattern(number: int) -> int:
    return (number + number // len(SERIES)) % len(DASHES)


def legend_dash(number: int) -> str:
    """Return the dashes of a curve for the legend."""
    return SVG_DASHES[_pattern(number)]
