"""What it costs to read an export of 450 CT images beside what no reader can do without.

    python tests/benchmarks/reading.py [--images 450] [--repeat 5]

The floor: each header through pydicom's own `dcmread`, up to the pixels, and what `one_run.py`
takes for that of RTSTRUCT and RTDOSE: contour numbers out of the raw element bytes, doses as
numbers. Promised: at most 1.5 times the floor. Both in processes of their own; the least of each.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from side_by_side import run_once
from thorax import write_thorax
from writing import subject_case, write_ct_headers

PROMISED = 1.5
PHASES = ("read", "CT headers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=450)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_thorax(folder)
        for path in (folder / "ct").iterdir():
            path.unlink()
        planes_mm = (np.arange(arguments.images) * 1.0).tolist()
        write_ct_headers(subject_case("THORAX-1"), planes_mm, folder / "ct")
        seconds: dict[str, list[float]] = {"oligort": [], "floor": []}
        for _ in range(arguments.repeat):
            for engine, taken in seconds.items():
                phases = run_once(engine, folder)["seconds"]
                taken.append(sum(phases[phase] for phase in PHASES))
    ours, floor = min(seconds["oligort"]), min(seconds["floor"])
    print(f"{arguments.images} CT headers, RTSTRUCT and RTDOSE: {ours:.3f} s")
    print(f"the floor: {floor:.3f} s")
    print(f"{ours / floor:.2f} times (promised: at most {PROMISED:g})")


if __name__ == "__main__":
    main()
