"""How often what has grown together is found, and how often a single lesion is doubted.

    python tests/benchmarks/grown_together_table.py [cases]

Each row is of `cases` seeded parts a plane spacing: pairs of balls of 1:1 to 1:8 by direction,
ratio and planes of the smaller one; clusters of three to five; single solids, convex or bent. The
last line is the CPU time of one part.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "lesions"))

import numpy as np
from grown_together import SINGLE, Pair, cluster, pair

from oligort.geometry.components import Part, parts
from oligort.geometry.structure import Structure
from oligort.lesions.bulges import bulges_of
from oligort.lesions.repetition import CensusThresholds

SPACINGS_MM = (1.0, 3.0, 5.0)
NECK = CensusThresholds().neck_fraction
SECONDS: list[float] = []

KINDS = {
    "in the planes": lambda made: made.way[2] == 0,
    "up to 45 degrees out of them": lambda made: 0 < abs(made.way[2]) < 0.71,
    "steeper": lambda made: abs(made.way[2]) >= 0.71,
    "ratio below 2": lambda made: made.ratio < 2,
    "ratio 2 to 4": lambda made: 2 <= made.ratio < 4,
    "ratio 4 to 8": lambda made: made.ratio >= 4,
    "smaller one in two planes": lambda made: made.planes_of_smaller == 2,
    "smaller one in three or more": lambda made: made.planes_of_smaller > 2,
}


def main(cases: int) -> None:
    print(f"{'':42} " + " ".join(f"{f'{spacing:g} mm':>12}" for spacing in SPACINGS_MM))
    pairs = [list(_pairs(spacing_mm, cases)) for spacing_mm in SPACINGS_MM]
    print("pairs of balls found, 1 to 2")
    for kind, is_kind in KINDS.items():
        _row(kind, [[most >= 2 for made, most in rows if is_kind(made)] for rows in pairs])
    _row("all", [[most >= 2 for _, most in rows] for rows in pairs])
    _row("of all, more than 2 at most", [[most > 2 for _, most in rows] for rows in pairs])
    clusters = [list(_clusters(spacing_mm, cases)) for spacing_mm in SPACINGS_MM]
    _row("clusters of 3 to 5, all found", [[most >= n for n, most in rows] for rows in clusters])
    print("single solids doubted")
    for number, (name, make) in enumerate(SINGLE.items()):
        counts = []
        for spacing_mm in SPACINGS_MM:
            chance = np.random.default_rng([2, int(spacing_mm), number])
            single = (_single(make(chance, spacing_mm), spacing_mm) for _ in range(cases))
            counts.append([_most(part) > 1 for part in single if part is not None])
        _row(name, counts)
    print(f"ms of CPU a part: mean {1000 * np.mean(SECONDS):.0f}, most {1000 * max(SECONDS):.0f}")


def _pairs(spacing_mm: float, cases: int) -> Iterator[tuple[Pair, int]]:
    chance, done = np.random.default_rng([1, int(spacing_mm)]), 0
    while done < cases:
        made = pair(chance, spacing_mm)
        part = _single(made.structure(), spacing_mm)
        if part is not None:  # else they lie apart as drawn, and are counted as parts
            done += 1
            yield made, _most(part)


def _clusters(spacing_mm: float, cases: int) -> Iterator[tuple[int, int]]:
    chance, done = np.random.default_rng([3, int(spacing_mm)]), 0
    while done < cases:
        count, structure = cluster(chance, spacing_mm)
        part = _single(structure, spacing_mm)
        if part is not None:
            done += 1
            yield count, _most(part)


def _single(structure: Structure, spacing_mm: float) -> Part | None:
    found = parts(structure, spacing_mm)
    return found[0] if len(found) == 1 else None


def _most(part: Part) -> int:
    began = time.process_time()
    most = bulges_of(part, NECK).most
    SECONDS.append(time.process_time() - began)
    return most


def _row(name: str, columns: list[list[bool]]) -> None:
    cells = (f"{f'{sum(column)} of {len(column)}':>12}" for column in columns)
    print(f"  {name:40} " + " ".join(cells))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 120)
