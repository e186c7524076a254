"""How the figures of the documents look: SVG that is the same for the same numbers."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

INK = "#333333"

mpl.rcParams |= {
    "svg.hashsalt": "oligort",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "legend.frameon": False,
}


def save(figure: Figure, path: Path) -> None:
    """Write a figure without the date and the version that drew it."""
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
