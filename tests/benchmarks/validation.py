"""Writes docs/validation.md and its figures: the engine against truths and beside its peers.

    python tests/benchmarks/validation.py [--peers FOLDER] [--speed FILE]

Takes some minutes. The Nelms pairs stand in the folder named by OLIGORT_TEST_DATA. FOLDER holds
what `peers.py --json` has written of engines that need environments of their own, FILE what
`side_by_side.py --json` has. oligort itself is always run anew.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import phantom_cases
import with_oligort
from peers import answered, phantoms
from side_by_side import as_markdown, verdicts
from validation_cases import COUNT, SEED, Comparison, Measured, seeded_table
from validation_headlines import headlines
from validation_lungs import lungs
from validation_nelms import BEST, CUBIC, DEFAULT, nelms
from validation_peaks import COUNT as PEAK_COUNT
from validation_peaks import SEED as PEAK_SEED
from validation_peaks import peaks
from validation_plots import distribution_figure, engines_figure, worst_figure
from validation_tables import (
    TELLING_PP,
    Rows,
    between_planes_table,
    curved_table,
    engine_table,
    linear,
    lung_table,
    miss_table,
    outside,
    peak_table,
    setting_table,
    slab_table,
    solid_table,
    spacing_table,
)

DOCS = Path(__file__).parents[2] / "docs"

TEMPLATE = Path(__file__).with_name("validation_template.md")


def measure_page(
    data: Path, peer_results: dict[str, Any], speed: dict[str, Any], options: str
) -> str:
    """Run everything, draw the figures, and return the page."""
    table = seeded_table()
    nelms_answers, misses = nelms(data)
    phantom_answers = phantom_answers_by(DEFAULT, BEST, CUBIC)
    results = {
        name: {
            "version": with_oligort.VERSION,
            "nelms": nelms_answers[setting],
            "phantoms": phantom_answers[setting],
        }
        for name, setting in {"oligort": DEFAULT, "oligort, cubic dose": CUBIC}.items()
    } | peer_results
    found_peaks, found_lungs = peaks(), lungs()
    figures(table, results)
    lines = headlines(table, found_peaks, found_lungs, nelms_answers)
    return TEMPLATE.read_text(encoding="utf-8").format(
        version=with_oligort.VERSION,
        options=options,
        doses=len(table[0].default.dose_gy),
        headlines=as_markdown([["figure", "found", "limit"], *(line.row for line in lines)]),
        engines=as_markdown(engine_table(results)),
        made=made(peer_results),
        phantom_count=len(phantom_answers[DEFAULT]),
        pair_count=len(nelms_answers[DEFAULT]),
        case_count=COUNT,
        seed=SEED,
        linear_count=len(linear(table)),
        telling=TELLING_PP,
        slab=as_markdown(slab_table(table)),
        outside=outside(table),
        solid=as_markdown(solid_table(table)),
        **{f"between_{name}": as_markdown(rows) for name, rows in between(table).items()},
        spacing=as_markdown(spacing_table(phantom_answers[DEFAULT], phantom_answers[BEST])),
        curved=as_markdown(curved_table(table)),
        peak_count=PEAK_COUNT,
        peak_seed=PEAK_SEED,
        peak=as_markdown(peak_table(found_peaks)),
        lung=as_markdown(lung_table(found_lungs)),
        settings=as_markdown(setting_table(nelms_answers)),
        misses=as_markdown(miss_table(misses)),
        speed=speed_section(speed),
    )


def phantom_answers_by(*settings: str) -> dict[str, list[dict[str, Any]]]:
    """Return oligort's answers on the phantoms under some settings."""
    with tempfile.TemporaryDirectory() as name:
        phantom_cases.write_all(Path(name))
        questions = list(phantoms(Path(name)))
        return {
            setting: [answered(question, with_oligort.curve, setting) for question in questions]
            for setting in settings
        }


def figures(table: list[Measured], results: dict[str, Any]) -> None:
    """Draw the figures of the page."""
    worst = max(linear(table), key=lambda m: m.default.worst_to_slab_pp)
    engines_figure(results, DOCS / "validation-engines.svg")
    distribution_figure(table, DOCS / "validation-distribution.svg")
    worst_figure(worst, DOCS / "validation-worst.svg")


def between(table: list[Measured]) -> dict[str, Rows]:
    """Return the tables of the shape between planes by the name of each."""

    def curve(comparison: Comparison) -> float:
        return comparison.worst_to_solid_pp

    def volume(comparison: Comparison) -> float:
        return comparison.volume_to_solid_percent

    def median(values: list[float]) -> float:
        return float(np.median(values))

    return {
        "worst": between_planes_table(table, curve, max),
        "median": between_planes_table(table, curve, median),
        "volume": between_planes_table(table, volume, max),
    }


def made(peer_results: dict[str, Any]) -> str:
    """Say how the answers of the peers came about."""
    if not peer_results:
        return "No answers of other engines were given to this run (`--peers FOLDER`)."
    return (
        "The other engines were each run in an environment of their own by `python "
        "tests/benchmarks/peers.py --engine NAME --data PHANTOMS --json FILE`, on the files of "
        "`python tests/benchmarks/phantom_cases.py PHANTOMS`, in the versions of the table; "
        "oligort was run anew for this page. A value is off, and a curve wrong by 100 pp, "
        "where an engine crashes or finds no volume."
    )


def speed_section(speed: dict[str, Any]) -> str:
    """Return the tables of the side-by-side run, or say that there was none."""
    if not speed:
        return "No side-by-side run was given to this run (`--speed FILE`)."
    parts = [
        "A seeded thorax of 161 planes, 300,000 contour points, 13 structures and a dose grid of "
        "157 x 105 x 185, by `python tests/benchmarks/side_by_side.py --scales --json FILE`; each "
        "run in a fresh process, on one machine. Ratios travel, seconds do not."
    ]
    for title, rows in speed["tables"].items():
        parts += [f"{title[0].upper()}{title[1:]}:", as_markdown(rows)]
    parts.append("\n".join(f"- {line}" for line in verdicts(speed["runs"])))
    return "\n\n".join(parts)


def read_peers(folder: Path | None) -> dict[str, Any]:
    """Return what other engines have answered, oligort's older answers left out."""
    results: dict[str, Any] = {}
    for path in sorted(folder.glob("*.json")) if folder else ():
        results |= json.loads(path.read_text(encoding="utf-8"))
    return {
        engine: answers
        for engine, answers in results.items()
        if engine not in with_oligort.VARIANTS and "phantoms" in answers
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=Path, help="folder of the answers of other engines")
    parser.add_argument("--speed", type=Path, help="JSON of the side-by-side run")
    arguments = parser.parse_args()
    if "OLIGORT_TEST_DATA" not in os.environ:
        parser.error("expected OLIGORT_TEST_DATA to name the folder of the Nelms pairs")
    speed = json.loads(arguments.speed.read_text(encoding="utf-8")) if arguments.speed else {}
    options = " --peers FOLDER" * bool(arguments.peers) + " --speed FILE" * bool(arguments.speed)
    page = measure_page(
        Path(os.environ["OLIGORT_TEST_DATA"]), read_peers(arguments.peers), speed, options
    )
    (DOCS / "validation.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
