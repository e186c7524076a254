"""The census over the generated structure sets, as a table.

    python tests/benchmarks/census_table.py [--sets 400] [--seed N] [--show]

`--show` lists each set whose truth lies outside of a range. Times are of the process, not of the
clock; the last line is of thirty ROIs on twenty planes each, six of them organs.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "lesions"))

import numpy as np
from census_score import lines, score
from generated_sets import SEED, SETS, generate
from sketch import Solid

from oligort.geometry.structure import Contour, Structure
from oligort.lesions.census import census


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=SETS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    scores, seconds = [], []
    for number in range(options.sets):
        made = generate(number, options.seed)
        began = time.process_time()
        found = census(made.structures)
        seconds.append(time.process_time() - began)
        scores.append(score(made, found))
        if options.show and (scores[-1].outside or scores[-1].wrong):
            print(number, made.complications, *scores[-1].outside, *scores[-1].wrong, sep="\n    ")
    print("\n".join(lines(scores)))
    mean = sum(seconds) / len(seconds)
    print(f"\nseconds of CPU a set: mean {mean:.2f}, most {max(seconds):.2f}")
    print(f"seconds of CPU for 30 ROIs of 20 planes: {thirty_rois():.2f}")


def thirty_rois(repeats: int = 5) -> float:
    """Return the least time in seconds of a census of 24 lesions in six organs."""
    planes_mm = np.arange(-28.5, 29, 3.0)
    outlines = np.random.default_rng(SEED).uniform(0.95, 1.05, (30, 48))
    middles = [(60.0 * (n % 6) - 150, 60.0 * (n // 6) - 90, 0) for n in range(24)]
    shapes = [(f"GTVm{n:02d}", middle, (16.0, 15, 30)) for n, middle in enumerate(middles)]
    names = ("Liver", "Lung_L", "Lung_R", "Spleen", "Stomach", "Heart")
    shapes += [(name, (100.0 * n - 250, 0, 0), (49.0, 120, 32)) for n, name in enumerate(names)]
    drawn = []
    for n, (name, centre, axes) in enumerate(shapes):
        loops = Solid(np.array(centre), np.array(axes), outlines[n]).loops(planes_mm)
        drawn.append(Structure(n + 1, name, tuple(Contour(loop) for loop in loops)))
    times = []
    for _ in range(repeats):
        began = time.process_time()
        census(drawn)
        times.append(time.process_time() - began)
    return min(times)


if __name__ == "__main__":
    main()
