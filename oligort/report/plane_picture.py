"""A picture of one plane: image, contours, isodoses, diameters; an axial one seen from the feet.

The patient's left is then on the right, the front at the top, as images are read. Colours are the
same by day and by night, for the ground is dark in both.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from oligort.dose.composite import CompositeField
from oligort.dose.field import DoseField
from oligort.geometry.structure import Points
from oligort.report.figures import style, svg_of
from oligort.report.underlay import Box, Underlay
from oligort.report.view import sides_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pen:
    """How a line is drawn: colour, dashes and width in points; the legend shows the same."""

    colour: str
    dash: str = ""
    width: float = 1.5

    @property
    def pattern(self) -> Any:
        """The dashes as matplotlib takes them."""
        if not self.dash:
            return "-"
        return (0, tuple(float(part) / self.width for part in self.dash.split()))


LESION = Pen("#ffd54a", width=2.0)
TARGET = Pen("#7fe0c0", dash="4 2", width=1.3)
ORGAN = Pen("#8fd3ff", width=1.4)
CUT_OUT = Pen("#ffd54a", dash="3 2", width=1.2)
LONGEST = Pen("#ffffff", width=1.7)
SHORT = Pen("#ffffff", dash="2.5 2", width=1.2)
ISODOSES = (
    Pen("#ff7a3c", width=1.8),
    Pen("#ff9ed2", dash="6 2", width=1.4),
    Pen("#7ab8ff", dash="1.5 1.8", width=1.4),
)
"""Pens of isodoses, the highest first."""

DOSE_STEP_MM = 1.5
"""Between the points that isodoses are drawn through: finer than any dose grid in use."""

MOST_STEPS = 400
"""Of a side, however wide the picture: a contour may leave the patient by kilometres."""

WIDTH_INCHES = 3.3
"""Of a picture in a card; it is shown at any size, and its lines are drawn for this one."""


@dataclass(frozen=True, eq=False)
class Outline:
    """Closed loops (N, 2) in LPS mm."""

    loops: tuple[Points, ...]
    pen: Pen


@dataclass(frozen=True, eq=False)
class Ruler:
    """A straight line between two end points, (2, 2) in LPS mm, with its length in words or ""."""

    ends_mm: Points
    pen: Pen
    text: str = ""


@dataclass(frozen=True, eq=False)
class Isodoses:
    """Dose (rows, columns) in Gy at x and y, NaN outside the grid, and the levels to draw.

    `levels` are (Gy, pen); `filled_gy` is from where on the area is tinted, or None.
    """

    x_mm: Floats
    y_mm: Floats
    dose_gy: Floats
    levels: tuple[tuple[float, Pen], ...]
    filled_gy: float | None = None


@dataclass(frozen=True, eq=False)
class PlanePicture:
    """What is drawn in one plane, from bottom to top."""

    box: Box
    underlay: Underlay
    outlines: tuple[Outline, ...] = ()
    isodoses: Isodoses | None = None
    rulers: tuple[Ruler, ...] = ()
    width_inches: float = WIDTH_INCHES

    def svg(self, name: str, description: str) -> str:
        """Return the picture as an element of the page."""
        with style(name):
            return svg_of(self.figure(), name, description, self.underlay.jpeg)

    def figure(self) -> "Figure":
        """Return the picture as a figure whose only axes are in LPS mm."""
        from matplotlib.figure import Figure

        box = self.box
        figure = Figure(
            figsize=(self.width_inches, self.width_inches * box.height_mm / box.width_mm)
        )
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(box.left_mm, box.right_mm)
        axes.set_ylim(box.bottom_mm, box.top_mm)
        axes.set_axis_off()
        if self.isodoses is not None:
            _draw_isodoses(axes, self.isodoses)
        for outline in self.outlines:
            _draw_outline(axes, outline)
        for ruler in self.rulers:
            _draw_ruler(axes, ruler, box)
        _draw_sides(axes, box)
        _draw_scale(axes, box)
        return figure


def sampled_dose(
    field: DoseField | CompositeField, box: Box, levels: tuple[tuple[float, Pen], ...]
) -> Isodoses:
    """Return the dose in a box, ready to be drawn."""
    longest_mm = max(box.width_mm, box.height_mm)
    x, y = box.centres(max(DOSE_STEP_MM, longest_mm / MOST_STEPS))
    # To the very border, so that lines do not end before the picture does.
    x = np.concatenate([[box.left_mm], x, [box.right_mm]])
    y = np.concatenate([[box.top_mm], y, [box.bottom_mm]])
    dose = field.at(box.points(x, y)).reshape(len(y), len(x))
    return Isodoses(x, y, dose, levels)


def _draw_isodoses(axes: "Axes", isodoses: Isodoses) -> None:
    dose = np.ma.masked_invalid(isodoses.dose_gy)
    if dose.count() == 0:
        return
    low, high = float(dose.min()), float(dose.max())
    if isodoses.filled_gy is not None and high > isodoses.filled_gy:
        tinted = axes.contourf(
            isodoses.x_mm,
            isodoses.y_mm,
            dose,
            levels=[isodoses.filled_gy, high + 1],
            colors=[ISODOSES[0].colour],
            alpha=0.28,
        )
        tinted.set_gid("tinted")
    for gy, pen in isodoses.levels:
        if low < gy < high:
            lines = axes.contour(
                isodoses.x_mm,
                isodoses.y_mm,
                dose,
                levels=[gy],
                colors=[pen.colour],
                linewidths=[pen.width],
                linestyles=[pen.pattern],
            )
            lines.set_gid(f"isodose-{gy:g}")


def _draw_outline(axes: "Axes", outline: Outline) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if not outline.loops:
        return
    closed = [np.vstack([loop, loop[:1]]) for loop in outline.loops]
    path = Path.make_compound_path(*(Path(loop, closed=True) for loop in closed))
    pen = outline.pen
    axes.add_patch(
        PathPatch(
            path,
            fill=False,
            edgecolor=pen.colour,
            linewidth=pen.width,
            linestyle=pen.pattern,
            joinstyle="round",
        )
    )


def _draw_ruler(axes: "Axes", ruler: Ruler, box: Box) -> None:
    from matplotlib.patheffects import withStroke

    x, y = ruler.ends_mm.T
    pen = ruler.pen
    halo = [withStroke(linewidth=pen.width + 1.8, foreground="#000000", alpha=0.75)]
    (line,) = axes.plot(
        x, y, color=pen.colour, linewidth=pen.width, linestyle=pen.pattern, path_effects=halo
    )
    line.set_gid("ruler" if ruler.text else "ruler-short")
    if not ruler.text:
        return
    (ends,) = axes.plot(
        x, y, linestyle="none", marker="o", markersize=3.6, color=pen.colour, path_effects=halo
    )
    ends.set_gid("ruler-ends")
    # Beyond the end that has more room, on the line's own way.
    along = ruler.ends_mm[1] - ruler.ends_mm[0]
    along = along / max(float(np.hypot(*along)), 1e-9)
    middle = np.array([box.left_mm + box.right_mm, box.top_mm + box.bottom_mm]) / 2
    room = [float(np.hypot(*(end - middle))) for end in ruler.ends_mm]
    end, way = (ruler.ends_mm[1], along) if room[1] <= room[0] else (ruler.ends_mm[0], -along)
    at = end + way * box.width_mm * 0.02
    axes.annotate(
        ruler.text,
        at,
        xytext=(9 * float(way[0]), -9 * float(way[1])),
        textcoords="offset points",
        color="#ffffff",
        fontsize=10.5,
        fontweight="bold",
        ha="left" if way[0] > 0.3 else "right" if way[0] < -0.3 else "center",
        va="top" if way[1] > 0.3 else "bottom" if way[1] < -0.3 else "center",
        path_effects=[withStroke(linewidth=3, foreground="#000000", alpha=0.8)],
    )


_BORDERS = ((0.03, 0.5), (0.97, 0.5), (0.5, 0.97), (0.5, 0.03))
"""Where the letters stand: left, right, upper and lower border, in shares of the picture."""


def _draw_sides(axes: "Axes", box: Box) -> None:
    """Write R, L, A and P at the borders, or what lies there."""
    from matplotlib.patheffects import withStroke

    for text, (x, y) in zip(sides_of(box.view), _BORDERS, strict=True):
        axes.text(
            x,
            y,
            text,
            transform=axes.transAxes,
            color="#d8dde3",
            fontsize=8,
            ha="center",
            va="center",
            path_effects=[withStroke(linewidth=2.2, foreground="#000000", alpha=0.6)],
        )


SCALE_SHARE = 0.3
"""Most of the width that the bar of the scale takes up."""


def _draw_scale(axes: "Axes", box: Box) -> None:
    """Draw a bar of 10, 20 or 50 mm at the lower right."""
    from matplotlib.patheffects import withStroke

    length = max((mm for mm in (10, 20, 50) if mm <= SCALE_SHARE * box.width_mm), default=5)
    right = box.right_mm - 0.04 * box.width_mm
    y = box.bottom_mm - 0.04 * box.height_mm
    halo = [withStroke(linewidth=3.2, foreground="#000000", alpha=0.6)]
    (bar,) = axes.plot(
        [right - length, right],
        [y, y],
        color="#d8dde3",
        linewidth=2,
        solid_capstyle="butt",
        path_effects=halo,
    )
    bar.set_gid("scale")
    axes.annotate(
        f"{length} mm",
        (right - length / 2, y),
        xytext=(0, 4),
        textcoords="offset points",
        color="#d8dde3",
        fontsize=8,
        ha="center",
        va="bottom",
        path_effects=halo,
    )
