"""The tables of the validation page, as rows of text: what was found, and nothing of what for."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from validation_cases import Comparison, Measured
from validation_lungs import LungV20
from validation_nelms import LITTLE_PERCENT, MUCH_PERCENT, Miss, count_off
from validation_peaks import VOLUMES_PERCENT, Peak

from oligort.phantoms.cases import SOLIDS

Rows = list[list[str]]

TELLING_PP = 0.005
"""From this error on, the half-width of the numerical interval is held against it."""

MANY_PLANES = 20

PLANES = {
    "2-3": (2, 3),
    "4-7": (4, 7),
    "8-12": (8, 12),
    "13-19": (13, 19),
    "20 and more": (20, 999),
}


def linear(table: list[Measured]) -> list[Measured]:
    """Return the cases of linear dose."""
    return [m for m in table if m.is_linear]


def on_many_planes(table: list[Measured]) -> list[Measured]:
    """Return the cases of linear dose that 20 planes cross and that have no face in a slab."""
    return [m for m in linear(table) if m.has_solid_truth and m.case.crossing_planes >= MANY_PLANES]


def doubt_to_error(comparisons: Sequence[Comparison]) -> float:
    """Return the median of half-width over error, over the errors that tell something."""
    telling = [c.doubt_to_error for c in comparisons if c.worst_to_slab_pp > TELLING_PP]
    return float(np.median(telling)) if telling else float("nan")


def slab_table(table: list[Measured]) -> Rows:
    """Return linear dose against the exact slabs, a row a kind of solid."""
    rows = [
        [
            "solid",
            "n",
            "curve, median pp",
            "curve, worst pp",
            "volume, worst %",
            "truth in numerical interval",
            "half-width / error, median",
        ]
    ]
    for kind in (*SOLIDS, "all"):
        found = [m.default for m in linear(table) if kind in (m.case.kind, "all")]
        ratio = doubt_to_error(found)
        rows.append(
            [
                kind,
                f"{len(found)}",
                f"{np.median([c.worst_to_slab_pp for c in found]):.4f}",
                f"{max(c.worst_to_slab_pp for c in found):.4f}",
                f"{max(c.volume_to_slab_percent for c in found):.5f}",
                f"{sum(c.is_contained for c in found)} of {len(found)}",
                "" if np.isnan(ratio) else f"{ratio:.2f}",
            ]
        )
    return rows


def outside(table: list[Measured]) -> str:
    """Name the cases whose truth leaves the numerical interval, and by how much."""
    lines = []
    for measured in linear(table):
        found = measured.default
        if not found.is_contained:
            where = int((found.to_slab_pp - found.doubt_pp).argmax())
            lines.append(
                f"- {measured.case.name}: off by {found.to_slab_pp[where]:.4f} pp where the "
                f"interval reaches {found.doubt_pp[where]:.4f} pp to either side"
            )
    if not lines:
        return "The truth leaves the interval in no case."
    return "\n".join(["The truth leaves the interval in:", "", *lines])


def solid_table(table: list[Measured]) -> Rows:
    """Return linear dose against the solids that 20 planes cross, a row a kind."""
    rows = [
        [
            "solid",
            "n",
            "curve, worst pp",
            "slabs' own, worst pp",
            "engine adds, worst pp",
            "volume, worst %",
            "interpolated: curve, worst pp",
            "interpolated: volume, worst %",
        ]
    ]
    many = on_many_planes(table)
    for kind in SOLIDS:
        found = [m for m in many if m.case.kind == kind]
        if not found:
            continue
        rows.append(
            [
                kind,
                f"{len(found)}",
                f"{max(m.default.worst_to_solid_pp for m in found):.3f}",
                f"{max(m.default.slabs_own_pp for m in found):.3f}",
                f"{max(m.default.added_pp for m in found):.4f}",
                f"{max(m.default.volume_to_solid_percent for m in found):.3f}",
                f"{max(m.alternative.worst_to_solid_pp for m in found):.3f}",
                f"{max(m.alternative.volume_to_solid_percent for m in found):.3f}",
            ]
        )
    return rows


def between_planes_table(
    table: list[Measured], of: Callable[[Comparison], float], over: Callable[[list[float]], float]
) -> Rows:
    """Return slab / interpolated, a row a kind of solid, a column a number of planes."""
    rows = [["solid", *(f"{planes} planes" for planes in PLANES)]]
    known = [m for m in linear(table) if m.has_solid_truth]
    for kind in SOLIDS:
        cells = []
        for least, most in PLANES.values():
            found = [
                m for m in known if m.case.kind == kind and least <= m.case.crossing_planes <= most
            ]
            if found:
                slab, other = (
                    over([of(c) for c in comparisons])
                    for comparisons in zip(
                        *((m.default, m.alternative) for m in found), strict=True
                    )
                )
                cells.append(f"{slab:.2f} / {other:.2f} ({len(found)})")
            else:
                cells.append("")
        rows.append([kind, *cells])
    return rows


def curved_table(table: list[Measured]) -> Rows:
    """Return curved doses against the exact slabs, a row an interpolation of the dose."""
    rows = [["dose", "interpolation", "n", "curve, median pp", "curve, worst pp"]]
    for kind in ("exponential", "gaussian"):
        found = [m for m in table if m.case.field_kind == kind]
        for name in ("linear", "cubic"):
            worst = [
                (m.alternative if name == "cubic" else m.default).worst_to_slab_pp for m in found
            ]
            rows.append(
                [kind, name, f"{len(worst)}", f"{np.median(worst):.3f}", f"{max(worst):.2f}"]
            )
    return rows


def peak_table(peaks: list[Peak]) -> Rows:
    """Return D95, D50 and D5 under Gaussians, in percent of the maximum."""
    rows = [
        [
            "value",
            "n",
            "cubic to slabs, worst %",
            "n, planes fine",
            "cubic to solid, worst %",
            "linear to slabs, worst %",
            "truth in convention interval of linear",
            "its width, median %",
        ]
    ]
    for volume in VOLUMES_PERCENT:
        found = [peak for peak in peaks if peak.volume_percent == volume]
        fine = [peak.cubic_to_solid for peak in found if peak.has_many_planes]
        rows.append(
            [
                f"D{volume}",
                f"{len(found)}",
                f"{max(peak.cubic_to_slab for peak in found):.3f}",
                f"{len(fine)}",
                f"{max(fine):.3f}",
                f"{max(peak.linear_to_slab for peak in found):.3f}",
                f"{sum(peak.is_contained for peak in found)} of {len(found)}",
                f"{np.median([peak.width for peak in found]):.2f}",
            ]
        )
    return rows


def lung_table(lungs: list[LungV20]) -> Rows:
    """Return V20 of the lungs in every dose."""
    rows = [
        ["dose", "interpolation", "V20, %", "to slabs, pp", "to solids, pp", "interval, pp wide"]
    ]
    rows += [
        [
            lung.dose,
            lung.dose_interpolation,
            f"{lung.percent:.3f}",
            f"{lung.percent - lung.slab_percent:+.4f}",
            f"{lung.percent - lung.solid_percent:+.4f}",
            f"{lung.width_pp:.4f}",
        ]
        for lung in lungs
    ]
    return rows


def engine_table(results: dict[str, Any]) -> Rows:
    """Return every engine on the Nelms pairs and on the phantoms."""
    rows = [
        [
            "engine",
            "version",
            f"Nelms values off > {MUCH_PERCENT:g} %",
            f"> {LITTLE_PERCENT:g} %",
            "Nelms curves, median pp",
            "worst pp",
            "phantoms, median pp",
            "worst pp",
            "cases without an answer",
        ]
    ]
    for engine, of_kind in results.items():
        answers = of_kind["nelms"]
        values = sum(len(answer["percent"]) for answer in answers)
        nelms, phantoms = ([a["worst_pp"] for a in of_kind[k]] for k in ("nelms", "phantoms"))
        failed = sum(
            bool(a["failure"]) or not a["volume_cc"] for a in answers + of_kind["phantoms"]
        )
        rows.append(
            [
                engine,
                of_kind["version"],
                f"{count_off(answers, MUCH_PERCENT)} of {values}",
                f"{count_off(answers, LITTLE_PERCENT)}",
                f"{np.median(nelms):.2f}",
                f"{max(nelms):.2f}",
                f"{np.median(phantoms):.2f}",
                f"{max(phantoms):.2f}",
                f"{failed}",
            ]
        )
    return rows


def setting_table(answers: dict[str, list[dict[str, Any]]]) -> Rows:
    """Return the Nelms pairs under every setting."""
    rows = [["setting", "values off > 3 %", "> 1 %", "curves, median pp", "worst pp"]]
    for setting, of_setting in answers.items():
        worst = [answer["worst_pp"] for answer in of_setting]
        rows.append(
            [
                setting or "default",
                f"{count_off(of_setting, MUCH_PERCENT)}",
                f"{count_off(of_setting, LITTLE_PERCENT)}",
                f"{np.median(worst):.2f}",
                f"{max(worst):.2f}",
            ]
        )
    return rows


def miss_table(misses: list[Miss]) -> Rows:
    """Return each value that is off by much."""
    rows = [["pair", "value", "reference, cGy", "oligort", "slabs by arithmetic", "interpolated"]]
    rows += [
        [
            miss.pair,
            miss.value,
            f"{miss.reference_cgy:.1f}",
            *(f"{percent:+.2f} %" for percent in (miss.default, miss.slabs, miss.best)),
        ]
        for miss in misses
    ]
    return rows


def spacing_table(slab: list[dict[str, Any]], interpolated: list[dict[str, Any]]) -> Rows:
    """Return the phantoms of linear dose against the solid, a row a distance of the planes."""
    rows = [
        ["planes every", "n", "slab, median pp", "worst pp", "interpolated, median pp", "worst pp"]
    ]
    for planes in ("contours 1 mm", "contours 3 mm"):
        cells = []
        for answers in (slab, interpolated):
            worst = [
                answer["worst_pp"]
                for answer in answers
                if planes in answer["case"] and "Gaussian" not in answer["case"]
            ]
            cells += [f"{np.median(worst):.2f}", f"{max(worst):.2f}"]
        rows.append([planes.removeprefix("contours "), f"{len(worst)}", *cells])
    return rows
