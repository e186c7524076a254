"""The census over the generated structure sets, as a table.

    python tests/benchmarks/census_table.py [--sets 400] [--seed N] [--show]

`--show` lists each set whose truth lies outside of a range. The time is of the process, not of
the clock.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "lesions"))

from census_score import lines, score
from generated_sets import SEED, SETS, generate

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
    print(
        f"\nseconds of CPU a set: mean {sum(seconds) / len(seconds):.2f}, most {max(seconds):.2f}"
    )


if __name__ == "__main__":
    main()
