"""The pictures of docs/lesions.md, drawn from what the census itself says of each drawing.

python tests/benchmarks/lesion_pictures.py docs
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from plot_style import save

from oligort.geometry.structure import Contour, Structure
from oligort.lesions.census import census
from oligort.lesions.lesion import Lesion, LesionCensus

Floats = npt.NDArray[np.float64]

DRAWN, AGAIN, SIZE, SHORT = "#4d7ea8", "#b2182b", "#111111", "#7a7a7a"


def solid(
    centre_mm: Sequence[float],
    semi_axes_mm: Sequence[float],
    spacing_mm: float = 3.0,
    tilt: float = 0.0,
    hole: float = 0.0,
) -> list[Floats]:
    """Return the loops of an ellipsoid whose planes shift by `tilt` mm a mm; a hole makes a shell.

    The planes lie half a spacing off its multiples.
    """
    a, b, c = semi_axes_mm
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    circle = np.stack([a * np.cos(turn), b * np.sin(turn)], axis=1)
    first = np.ceil((centre_mm[2] - c) / spacing_mm) * spacing_mm + spacing_mm / 2
    loops = []
    for z in np.arange(first, centre_mm[2] + c, spacing_mm):
        along = z - centre_mm[2]
        for share in (1.0, hole) if hole else (1.0,):
            room = 1 - (along / (c * share)) ** 2
            if room <= 0:
                continue
            flat = circle * share * np.sqrt(room) + np.array(centre_mm[:2]) + [tilt * along, 0]
            loops.append(np.column_stack([flat, np.full(len(flat), z)]))
    return loops


def roi(number: int, name: str, loops: Sequence[Floats]) -> Structure:
    """Return one ROI."""
    return Structure(number, name, tuple(Contour(loop) for loop in loops))


def diameters_figure(path: Path) -> None:
    """Draw one lesion in the plane of its longest axial diameter, and from the front."""
    drawn = roi(1, "GTVm01_Liver", solid((0, 0, 0), (17, 11, 22), spacing_mm=4.0, tilt=0.5))
    (lesion,) = census([drawn])
    figure = Figure(figsize=(8.4, 3.9), layout="constrained")
    plane, front = figure.subplots(1, 2, width_ratios=(1, 1.1))
    _draw_plane(plane, drawn, lesion)
    _draw_front(front, drawn, lesion)
    save(figure, path)


def _draw_plane(axes: Axes, drawn: Structure, lesion: Lesion) -> None:
    assert lesion.plane_mm is not None
    for contour in drawn.contours:
        points = np.vstack([contour.points_mm, contour.points_mm[:1]])
        here = abs(points[0, 2] - lesion.plane_mm) < 1e-6
        axes.plot(points[:, 0], points[:, 1], color=DRAWN, lw=2 if here else 0.6, alpha=0.9)
    ends = lesion.axial_end_points_mm[:, :2]
    axes.plot(*ends.T, "o-", color=SIZE, ms=3, lw=1.2)
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    across = np.array([-along[1], along[0]])
    half = across * float(lesion.short_axis_mm) / 2
    middle = ends.mean(axis=0)
    axes.plot(*np.stack([middle - half, middle + half]).T, color=SHORT, lw=1.2, ls="--")
    axes.set_title(
        f"longest axial {lesion.longest_axial_mm:.1f} mm at z {lesion.plane_mm:.1f} mm,\n"
        f"short axis {lesion.short_axis_mm:.1f} mm across it",
        fontsize=9,
    )
    _plain(axes, "x, mm", "y, mm")


def _draw_front(axes: Axes, drawn: Structure, lesion: Lesion) -> None:
    heights = sorted({float(contour.points_mm[0, 2]) for contour in drawn.contours})
    spacing_mm = heights[1] - heights[0]
    for contour in drawn.contours:
        x, z = contour.points_mm[:, 0], contour.points_mm[0, 2]
        axes.plot([x.min(), x.max()], [z, z], color=DRAWN, lw=2)
    for height, outwards in ((heights[0], -1), (heights[-1], 1)):
        for caps, style in ((0.5, ":"), (1.0, "--")):
            axes.axhline(height + outwards * caps * spacing_mm, color=SHORT, lw=0.8, ls=style)
    ends = lesion.maximum_3d_end_points_mm
    axes.plot(ends[:, 0], ends[:, 2], "o-", color=SIZE, ms=3, lw=1.2)
    interval = lesion.maximum_3d_mm.intervals["convention"]
    axes.set_title(
        f"maximum 3D {lesion.maximum_3d_mm:.1f} mm with half slices (dotted);\n"
        f"{interval.low:.1f} mm as drawn to {interval.high:.1f} mm within whole ones (dashed)",
        fontsize=9,
    )
    _plain(axes, "x, mm", "z, mm")


def drawings() -> dict[str, list[Structure]]:
    """Return the drawings that the second figure counts, by what they show."""
    body = (14.0, 14.0, 14.0)
    left, right = solid((-9, 0, 0), (9, 9, 9)), solid((16, 0, 0), (9, 9, 9))
    return {
        "two ROIs apart": [roi(1, "GTVm01_Liver", left), roi(2, "GTVm02_Liver", right)],
        "one ROI in two parts": [roi(1, "GTVm01_Liver", [*left, *right])],
        "their union beside them": [
            roi(1, "GTVm01_Liver", left),
            roi(2, "GTVm02_Liver", right),
            roi(3, "GTV_review", [*left, *right]),
        ],
        "the same drawn twice": [
            roi(1, "GTVm01_Liver", solid((0, 0, 0), body)),
            roi(2, "GTVm01_copy", solid((0.3, 0, 0), body)),
        ],
        "nearly the same": [
            roi(1, "GTVm01_Liver", solid((0, 0, 0), body)),
            roi(2, "GTVm02_Liver", solid((1.6, 0, 0), body)),
        ],
        "two that touch": [
            roi(1, "GTVm01_Liver", solid((-9, 0, 0), (9, 9, 9))),
            roi(2, "GTVm02_Liver", solid((9, 0, 0), (9, 9, 9))),
        ],
        "a shell around one": [
            roi(1, "GTVm01_Liver", solid((0, 0, 0), (9, 9, 9))),
            roi(2, "GTVm01_Ring", solid((0, 0, 0), (18, 18, 18), hole=0.6)),
        ],
        "a GTV of no name": [roi(1, "GTV", solid((0, 0, 0), body))],
    }


def counting_figure(path: Path) -> None:
    """Draw each drawing in its middle plane, titled with what the census counts."""
    figure = Figure(figsize=(8.4, 4.9), layout="constrained")
    panels = figure.subplots(2, 4).ravel()
    for axes, (title, structures) in zip(panels, drawings().items(), strict=True):
        found = census(structures)
        for number, structure in enumerate(structures):
            colour = DRAWN if number == 0 else AGAIN if number == 1 else SHORT
            middle = min(abs(contour.points_mm[0, 2]) for contour in structure.contours)
            for contour in structure.contours:
                if abs(contour.points_mm[0, 2]) <= middle + 1e-6 and contour.points_mm[0, 2] >= 0:
                    points = np.vstack([contour.points_mm, contour.points_mm[:1]])
                    axes.plot(
                        points[:, 0], points[:, 1], color=colour, ls="-" if number < 2 else ":"
                    )
        axes.set_title(f"{title}:\n{_counted(found)}", fontsize=9)
        axes.set_xlim(-30, 30)
        axes.set_ylim(-22, 22)
        axes.set_aspect("equal")
        axes.axis("off")
    save(figure, path)


def _counted(found: LesionCensus) -> str:
    return f"{found.count} metastas{'is' if str(found.count) == '1' else 'es'}"


def _plain(axes: Axes, across: str, upwards: str) -> None:
    axes.set_aspect("equal")
    axes.set_xlabel(across)
    axes.set_ylabel(upwards)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    diameters_figure(folder / "lesions-diameters.svg")
    counting_figure(folder / "lesions-counting.svg")
