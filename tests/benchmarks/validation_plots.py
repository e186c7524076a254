"""The figures of the validation page, as SVG that is the same for the same numbers."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from plot_style import INK, save
from validation_cases import Measured

LEAST_PP = 1e-4
"""Smaller differences are drawn here: a logarithm has no zero."""

OURS, OTHERS, TRUTH = "#b2182b", "#4d7ea8", "#111111"


def engines_figure(results: dict[str, Any], path: Path) -> None:
    """Draw the worst curve difference of every case, one row an engine, a line at the median."""
    figure = Figure(figsize=(8.4, 0.42 * len(results) + 1.1), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    kinds = {"phantoms": "phantoms", "nelms": "Nelms 2015 pairs"}
    for axes, (kind, title) in zip(panels, kinds.items(), strict=True):
        for row, (engine, of_kind) in enumerate(results.items()):
            worst = np.maximum([answer["worst_pp"] for answer in of_kind[kind]], LEAST_PP)
            colour = OURS if engine.startswith("oligort") else OTHERS
            # sorted and spread evenly over the height of the row: no point hides another
            heights = row + np.linspace(-0.28, 0.28, len(worst))
            axes.plot(np.sort(worst), heights, "o", ms=3, mec="none", color=colour, alpha=0.6)
            axes.plot([np.median(worst)] * 2, [row - 0.4, row + 0.4], color=INK, lw=1.6)
        axes.set_xscale("log")
        axes.set_xlim(LEAST_PP / 2, 150)
        axes.set_title(f"{len(of_kind[kind])} {title}", fontsize=9)
        axes.set_xlabel("worst difference of the curve, percentage points")
        axes.grid(axis="x", color="#dddddd", lw=0.5)
    panels[0].set_yticks(range(len(results)), list(results))
    panels[0].invert_yaxis()
    save(figure, path)


def distribution_figure(table: list[Measured], path: Path) -> None:
    """Draw the share of linear cases below each worst difference: to the slabs and the solids."""
    linear = [m for m in table if m.is_linear]
    known = [m for m in linear if m.has_solid_truth]
    many = [m for m in known if m.case.crossing_planes >= 20]
    figure = Figure(figsize=(8.4, 3.2), layout="constrained")
    axes = figure.subplots()
    lines = {
        f"to the exact slabs ({len(linear)})": (
            [m.default.worst_to_slab_pp for m in linear],
            {"color": OURS},
        ),
        f"to the solid, 20 planes or more ({len(many)})": (
            [m.default.worst_to_solid_pp for m in many],
            {"color": OTHERS},
        ),
        f"to the solid, 2 planes or more ({len(known)})": (
            [m.default.worst_to_solid_pp for m in known],
            {"color": OTHERS, "ls": "--"},
        ),
        "  the same, interpolated between planes": (
            [m.alternative.worst_to_solid_pp for m in known],
            {"color": INK, "ls": ":"},
        ),
    }
    for label, (values, style) in lines.items():
        share = 100 * (np.arange(len(values)) + 1) / len(values)
        axes.step(np.sort(np.maximum(values, LEAST_PP)), share, where="post", label=label, **style)
    axes.set_xscale("log")
    axes.set_xlim(LEAST_PP, 100)
    axes.set_ylim(0, 101)
    axes.set_xlabel("worst difference of the curve, percentage points")
    axes.set_ylabel("% of the cases")
    axes.grid(color="#dddddd", lw=0.5)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    save(figure, path)


def worst_figure(worst: Measured, path: Path) -> None:
    """Draw the worst curve of the table over its truth, and below what lies between them."""
    comparison = worst.default
    figure = Figure(figsize=(8.4, 4.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    _curves(above, worst)
    dose, doubt = comparison.dose_gy, comparison.doubt_pp
    below.fill_between(
        dose, -doubt, doubt, color=OURS, alpha=0.18, lw=0, label="numerical interval"
    )
    below.plot(
        dose, comparison.percent - comparison.slab_percent, color=OURS, lw=1, label="oligort - slab"
    )
    below.axhline(0, color=INK, lw=0.6)
    below.set_xlabel("dose, Gy")
    below.set_ylabel("points")
    below.legend(loc="upper left", bbox_to_anchor=(1, 1))
    save(figure, path)


def _curves(axes: Axes, worst: Measured) -> None:
    comparison = worst.default
    axes.plot(comparison.dose_gy, comparison.slab_percent, color=TRUTH, lw=3, label="exact slabs")
    axes.plot(
        comparison.dose_gy, comparison.solid_percent, color=OTHERS, ls="--", lw=1, label="solid"
    )
    axes.plot(comparison.dose_gy, comparison.percent, color="#f4a582", lw=1, label="oligort")
    axes.set_ylabel("volume with at least the dose, %")
    axes.set_title(worst.case.name, fontsize=9)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
