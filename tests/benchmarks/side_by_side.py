"""oligort, dicompyler-core and the floor on one thorax, each run in a process of its own.

    python tests/benchmarks/side_by_side.py [--repeat 5] [--scales] [--json FILE] [--markdown FILE]

Every round runs each engine once, so that a busy moment hits all of them. The floor is what any
engine in Python must do: contour numbers out of the raw element bytes, the dose grid as numbers,
one histogram pass over the whole grid. All 13 histograms, from the same two files; dicompyler-core
reads contour numbers and doses only while it computes, so its phases compare by their total alone.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from one_run import ENGINES, LUNGS
from thorax import CONTOUR_POINTS, DOSE_MM, write_thorax

HERE = Path(__file__).parent
SCALES = (1.0, 2.0, 4.0)
PROMISED_RATIO = 30.0
PROMISED_PEAK_MB = 500.0
RUN_LIMIT_S = 600

WITHOUT_IMPORTS = ("read", "histograms")
WITH_IMPORTS = ("import", *WITHOUT_IMPORTS)
ROWS: dict[str, tuple[str, ...]] = {
    "import": ("import",),
    "read RTSTRUCT, RTDOSE": ("read",),
    "  contour numbers": ("contour numbers",),
    "  dose grid": ("dose grid",),
    "13 histograms": ("histograms",),
    "total": WITHOUT_IMPORTS,
    "total with imports": WITH_IMPORTS,
    "CT headers, not in total": ("CT headers",),
}


def run_once(engine: str, folder: Path) -> dict[str, Any]:
    """Return what one run of an engine in a fresh process took and found."""
    done = subprocess.run(
        [sys.executable, HERE / "one_run.py", engine, folder],
        check=True,
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT_S,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def rounds(engines: list[str], folder: Path, repeat: int) -> dict[str, list[dict[str, Any]]]:
    """Return the runs of each engine, one of each a round."""
    runs: dict[str, list[dict[str, Any]]] = {engine: [] for engine in engines}
    for _ in range(repeat):
        for engine in engines:
            runs[engine].append(run_once(engine, folder))
    return runs


def seconds(runs: list[dict[str, Any]], phases: tuple[str, ...]) -> list[float]:
    """Return the time of some phases together, of each run; empty where one is not measured."""
    if any(phase not in run["seconds"] for run in runs for phase in phases):
        return []
    return [sum(run["seconds"][phase] for phase in phases) for run in runs]


def table(runs: dict[str, list[dict[str, Any]]]) -> list[list[str]]:
    """Return the rows of the comparison: least and median seconds, and ratios of the medians."""
    rows = [["phase", *(f"{engine} s" for engine in ENGINES), "to floor", "times faster"]]
    for name, phases in ROWS.items():
        taken = {engine: seconds(runs[engine], phases) for engine in ENGINES}
        median = {engine: statistics.median(t) for engine, t in taken.items() if t}
        cells = [f"{min(t):.3f} / {median[e]:.3f}" if t else "" for e, t in taken.items()]
        rows.append([name, *cells, _ratio(median, "oligort", "floor"), _times_faster(median)])
    peaks = {e: statistics.median(run["peak_mb"] for run in runs[e]) for e in ENGINES}
    rows.append(["peak memory, MB", *(f"{peak:.0f}" for peak in peaks.values()), "", ""])
    for lung in LUNGS:
        found = [runs[engine][0]["lung_v20_percent"].get(lung) for engine in ENGINES]
        rows.append(
            [f"V20 of {lung}, %", *("" if v is None else f"{v:.3f}" for v in found), "", ""]
        )
    return rows


def _ratio(median: dict[str, float], above: str, below: str) -> str:
    return f"{median[above] / median[below]:.2f}" if {above, below} <= median.keys() else ""


def _times_faster(median: dict[str, float]) -> str:
    return _ratio(median, "dicompyler-core", "oligort")


def scale_table(home: Path, repeat: int) -> list[list[str]]:
    """Return oligort's time for several sizes of the same thorax."""
    rows = [
        ["size", "contour points", "covered dose voxels", "read s", "histograms s", "ns a unit"]
    ]
    for scale in SCALES:
        folder = home / f"scale-{scale:g}"
        write_thorax(folder, scale)
        runs = [run_once("oligort", folder) for _ in range(repeat)]
        points, voxels = _sizes(scale, runs[0]["covered_cc"])
        read_s = min(seconds(runs, ("read",)))
        histograms_s = min(seconds(runs, ("histograms",)))
        per_unit = 1e9 * (read_s + histograms_s) / (points + voxels)
        rows.append(
            [
                f"{scale:g}",
                f"{points:,.0f}",
                f"{voxels:,.0f}",
                f"{read_s:.3f}",
                f"{histograms_s:.3f}",
                f"{per_unit:.0f}",
            ]
        )
    return rows


def _sizes(scale: float, covered_cc: float) -> tuple[float, float]:
    """Return contour points, and dose voxels inside the structures at this scale's voxel."""
    return CONTOUR_POINTS * scale, covered_cc * 1000 * scale / DOSE_MM**3


def as_text(rows: list[list[str]]) -> str:
    """Lay rows out in columns, the numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for row in rows
    )


def as_markdown(rows: list[list[str]]) -> str:
    """Lay rows out as a Markdown table."""
    lines = ["| " + " | ".join(cell.strip() for cell in row) + " |" for row in rows]
    lines.insert(1, "|---" + "|---:" * (len(rows[0]) - 1) + "|")
    return "\n".join(lines)


def verdicts(runs: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Say how the promised figures stand."""
    lines = []
    for what, phases in (("without imports", WITHOUT_IMPORTS), ("with imports", WITH_IMPORTS)):
        ours, theirs, floor = (
            statistics.median(seconds(runs[e], phases))
            for e in ("oligort", "dicompyler-core", "floor")
        )
        lines.append(
            f"{what}: {theirs / ours:.1f} times faster than dicompyler-core "
            f"(promised: {PROMISED_RATIO:g}), {ours / floor:.1f} times the floor, which is itself "
            f"{theirs / floor:.1f} times faster"
        )
    peak = max(run["peak_mb"] for run in runs["oligort"])
    lines.append(f"peak memory: {peak:.0f} MB (promised: under {PROMISED_PEAK_MB:g})")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5, help="rounds, one run of each engine")
    parser.add_argument("--scales", action="store_true", help="time oligort on several sizes too")
    parser.add_argument("--json", type=Path, help="file for every run's numbers")
    parser.add_argument("--markdown", type=Path, help="file for the tables")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        write_thorax(home / "thorax")
        runs = rounds(list(ENGINES), home / "thorax", arguments.repeat)
        tables = {"side by side, seconds: least / median": table(runs)}
        if arguments.scales:
            title = "oligort by size: a unit is a contour point or a covered dose voxel"
            tables[title] = scale_table(home, min(arguments.repeat, 3))
    lines = verdicts(runs)
    for title, rows in tables.items():
        print(f"{title}\n\n{as_text(rows)}\n")
    print("\n".join(lines))
    if arguments.json:
        arguments.json.write_text(json.dumps({"runs": runs, "tables": tables}, indent=1))
    if arguments.markdown:
        texts = [f"{as_markdown(rows)}\n" for rows in tables.values()]
        arguments.markdown.write_text("\n".join([*texts, *(f"- {line}" for line in lines)]) + "\n")


if __name__ == "__main__":
    main()
