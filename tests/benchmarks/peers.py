"""One engine on the Nelms 2015 pairs and on the phantoms, in the environment of that engine.

    python tests/benchmarks/phantom_cases.py FOLDER
    python tests/benchmarks/peers.py --engine platipy --data FOLDER --json FILE
    python tests/benchmarks/peers.py --summary FILE...

An engine needs Python, numpy, pydicom and itself; `phantom_cases.py` needs oligort. The Nelms pairs
stand in the folder named by OLIGORT_TEST_DATA. An engine that crashes on a case, or finds no
volume, is wrong by everything: nine values and 100 percentage points.
"""

import argparse
import csv
import importlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from curve import VALUES, Curve

Floats = npt.NDArray[np.float64]

ENGINES = ("oligort", "dicompyler", "platipy", "plastimatch")
KINDS = ("nelms", "phantoms")
ALLOWED_PERCENT = 3.0

DOSE_OF = {"Z(AP)": "AntPost", "Y(SI)": "SupInf"}


@dataclass(frozen=True)
class Question:
    """One pair of files, the true curve, and the reference values where there are any."""

    name: str
    structures: Path
    dose: Path
    dose_gy: Floats
    fraction: Floats
    reference: dict[str, float]


def nelms_pairs(data: Path) -> Iterator[Question]:
    """Yield the 40 pairs."""
    folder = data / "nelms2015"
    with (folder / "reference" / "analytical_points.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        name, voxel = row["Structure name"], row["Dose Voxel (mm)"].replace("mm", "")
        course = DOSE_OF[row["Gradient direction"]]
        solid = name.split("_")[0]
        table = np.genfromtxt(folder / "reference" / f"{solid}.csv", delimiter=",", names=True)
        column = table[f"{'AP' if course == 'AntPost' else 'SI'}_{voxel}_mm"]
        given = np.isfinite(column)
        yield Question(
            f"{name} {course} {voxel} mm",
            folder / "structures" / f"{name}.dcm",
            folder / "dose" / f"Linear_{course}_{voxel}mm_Aligned.dcm",
            table["Dose_cGy"][given] / 100,
            column[given] / column[given][0],
            {value: float(row[value]) for value in VALUES},
        )


def phantoms(home: Path) -> Iterator[Question]:
    """Yield the phantoms that `phantom_cases.py` has written."""
    for folder in sorted(home.iterdir()):
        dose_gy, fraction = np.loadtxt(folder / "truth.csv", delimiter=",").T
        name = (folder / "name.txt").read_text(encoding="utf-8")
        yield Question(name, folder / "RTSTRUCT.dcm", folder / "RTDOSE.dcm", dose_gy, fraction, {})


def answered(question: Question, ask: Callable[..., Curve], variant: str) -> dict[str, Any]:
    """Return what an engine says about one case beside the truth."""
    failure = ""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            curve = ask(question.structures, question.dose, variant, Path(scratch))
        except Exception as error:  # noqa: BLE001  a peer's crash is its answer
            failure = f"{type(error).__name__}: {error}"[:200]
            curve = Curve(np.zeros(1), np.zeros(1), 0.0, {})
    answer: dict[str, Any] = {
        "case": question.name,
        "worst_pp": curve.worst_difference(question.dose_gy, question.fraction),
        "volume_cc": curve.volume_cc,
        "failure": failure,
    }
    if question.reference:
        found = curve.all_values()
        answer["values"], answer["reference"] = found, question.reference
        answer["percent"] = {
            name: 100 * (found[name] / expected - 1)
            for name, expected in question.reference.items()
        }
    return answer


def run(engine: str, home: Path) -> dict[str, Any]:
    """Return the answers of an engine in each of its variants."""
    adapter = importlib.import_module(f"with_{engine}")
    questions = {
        "nelms": list(nelms_pairs(Path(os.environ["OLIGORT_TEST_DATA"]))),
        "phantoms": list(phantoms(home)),
    }
    return {
        name: {
            "version": adapter.VERSION,
            **{
                kind: [answered(question, adapter.curve, variant) for question in asked]
                for kind, asked in questions.items()
            },
        }
        for name, variant in adapter.VARIANTS.items()
    }


def summary(results: dict[str, Any]) -> str:
    """Return a line an engine: values off by more than 3 %, median and worst curve difference."""
    lines = [
        f"{'':32}{'Nelms: values off':>18}{'curves, pp':>16}{'phantoms, pp':>18}",
        f"{'':32}{'by more than 3 %':>18}{'median   worst':>16}{'median   worst':>18}",
    ]
    for engine, of_kind in results.items():
        percents = [p for answer in of_kind["nelms"] for p in answer["percent"].values()]
        off = sum(not abs(p) <= ALLOWED_PERCENT for p in percents)
        shown = [f"{engine:32}{f'{off} of {len(percents)}':>18}"]
        for kind, width in zip(KINDS, (16, 18), strict=True):
            worst = [answer["worst_pp"] for answer in of_kind[kind]]
            shown.append(f"{np.median(worst):8.2f}{max(worst):8.2f}".rjust(width))
        lines.append("".join(shown))
        failures = {a["failure"] for kind in KINDS for a in of_kind[kind] if a["failure"]}
        lines += [f"  could not: {failure}" for failure in sorted(failures)]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=ENGINES)
    parser.add_argument("--data", type=Path, help="folder of the phantoms")
    parser.add_argument("--json", type=Path, help="file for the answers")
    parser.add_argument("--summary", type=Path, nargs="+", help="files of several engines")
    arguments = parser.parse_args()
    if arguments.summary:
        results: dict[str, Any] = {}
        for path in arguments.summary:
            results |= json.loads(path.read_text())
    elif arguments.engine and arguments.data and arguments.json:
        results = run(arguments.engine, arguments.data)
        arguments.json.write_text(json.dumps(results, indent=1))
    else:
        parser.error("expected --engine, --data and --json, or --summary")
    print(summary(results))


if __name__ == "__main__":
    main()
