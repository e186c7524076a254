"""Damage an export in thousands of ways, and count what becomes of its report.

    python tests/benchmarks/fuzz.py [--count 20000] [--seed 1] [--shown 10]

Each damage is of one file: bytes changed, the end cut off, an element dropped, a value replaced,
bytes repeated. Ends with status 1 where one gives a traceback, another result that nothing tells
of, or takes longer than 5 s.
"""

import argparse
import random
import sys
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "mutations"))
sys.path.insert(0, str(Path(__file__).parent.parent / "checks"))

from mutation import Bench, Outcome, damages

LONGEST_S = 5.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shown", type=int, default=10, help="of each fault at most")
    arguments = parser.parse_args()
    counts: Counter[Outcome] = Counter()
    longest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        drawn = damages(bench, random.Random(arguments.seed))
        for number, mutation in enumerate(islice(drawn, arguments.count), 1):
            result = bench.judge(mutation)
            counts[result.outcome] += 1
            longest = max(longest, result.seconds)
            if result.outcome.is_fault and counts[result.outcome] <= arguments.shown:
                print(f"{result.outcome}: {mutation.file}, {mutation.how}, {mutation.elements}")
                print(f"    {result.detail}", flush=True)
            if number % 1000 == 0:
                print(f"{number} of {arguments.count}", file=sys.stderr, flush=True)
    for outcome in Outcome:
        print(f"{counts[outcome]:6d}  {outcome}")
    print(f"the longest took {longest:.2f} s (promised: at most {LONGEST_S:g})")
    return int(any(counts[one] for one in Outcome if one.is_fault) or longest > LONGEST_S)


if __name__ == "__main__":
    sys.exit(main())
