"""Damage an export in thousands of ways, and count what becomes of its report.

    python tests/benchmarks/fuzz.py [--count 20000] [--seed 1] [--jobs 2] [--shown 10]

Each damage is of one file: bytes changed, the end cut off, an element dropped, a value replaced,
bytes repeated. Job n draws from seed + n. Ends with status 1 where one gives a traceback, another
result that nothing tells of, takes a core longer than 5 s, or a job needed more than 1 GB.
"""

import argparse
import os
import random
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "mutations"))
sys.path.insert(0, str(Path(__file__).parent.parent / "checks"))

from mutation import Bench, Outcome, damages

LONGEST_S, MOST_MB = 5.0, 1000.0


@dataclass(frozen=True)
class Tried:
    """What became of the damages of one job, the longest time and the most memory it took."""

    counts: Counter[Outcome]
    longest_s: float
    most_mb: float


def judged(count: int, seed: int, shown: int) -> Tried:
    """Judge so many damages, and print the faults."""
    counts: Counter[Outcome] = Counter()
    longest_s = 0.0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for number, mutation in enumerate(islice(damages(bench, random.Random(seed)), count), 1):
            result = bench.judge(mutation)
            counts[result.outcome] += 1
            longest_s = max(longest_s, result.seconds)
            if result.outcome.is_fault and counts[result.outcome] <= shown:
                print(f"{result.outcome}: {mutation.file}, {mutation.how}, {mutation.elements}")
                print(f"    {result.detail}", flush=True)
            if number % 1000 == 0:
                print(f"seed {seed}: {number} of {count}", file=sys.stderr, flush=True)
    # In KiB on Linux; a process of its own for each job, so that what others needed is not in it.
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return Tried(counts, longest_s, most_mb)


def shares(count: int, jobs: int) -> Iterator[int]:
    """Yield how many damages each job tries."""
    for job in range(jobs):
        yield count * (job + 1) // jobs - count * job // jobs


def main() -> int:
    """Print how often each outcome occurred."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--shown", type=int, default=10, help="of each fault and job at most")
    asked = parser.parse_args()
    seeds = range(asked.seed, asked.seed + asked.jobs)
    with ProcessPoolExecutor(asked.jobs) as pool:
        given = (shares(asked.count, asked.jobs), seeds, [asked.shown] * asked.jobs)
        tried = list(pool.map(judged, *given))
    counts = sum((one.counts for one in tried), Counter())
    longest_s, most_mb = max(one.longest_s for one in tried), max(one.most_mb for one in tried)
    for outcome in Outcome:
        print(f"{counts[outcome]:6d}  {outcome}")
    print(f"the longest took {longest_s:.2f} s (promised: at most {LONGEST_S:g})")
    print(f"the most memory of a job was {most_mb:.0f} MB (promised: at most {MOST_MB:g})")
    is_faulty = any(counts[one] for one in Outcome if one.is_fault)
    return int(is_faulty or longest_s > LONGEST_S or most_mb > MOST_MB)


if __name__ == "__main__":
    sys.exit(main())
