"""Time of the diameters of 50,000 contour points by shape: CPU, the least of several runs.

Beside it what it takes to tell the separate parts, which comes before and once a structure.

python tests/benchmarks/diameters.py
"""

import time
from collections.abc import Callable, Iterator

import numpy as np

from oligort.geometry.components import parts
from oligort.geometry.diameter import longest_in_plane, maximum_3d
from oligort.geometry.structure import Contour, Structure
from oligort.lesions.extent import extent_of

POINTS, PLANES, RADIUS_MM, REPEATS = 50_000, 100, 25.0, 5


def stack(half_sizes_mm: Callable[[float], np.ndarray], decimals: int) -> list[np.ndarray]:
    """Return loops of ellipses; points to 0.01 mm, as planning systems write, or as computed."""
    generator = np.random.default_rng(1)
    count = POINTS // PLANES
    loops = []
    for z in (np.arange(PLANES) + 0.5) / PLANES * 2 * RADIUS_MM - RADIUS_MM:
        turn = np.arange(count) * 2 * np.pi / count + generator.uniform(0, 1)
        unit = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        flat = unit * half_sizes_mm(z / RADIUS_MM) * RADIUS_MM
        loops.append(np.column_stack([flat, np.full(count, z)]).round(decimals))
    return loops


def circle(count: int) -> np.ndarray:
    turn = np.arange(count) * 2 * np.pi / count
    return RADIUS_MM * np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)


def least_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return 1000 * min(times)


def shapes() -> Iterator[tuple[str, list[np.ndarray]]]:
    generator = np.random.default_rng(2)
    for planes in (5, 20, 200, 500):
        yield f"sphere, {planes} planes", by_planes(planes)
    for planes, branches in ((50, 10), (100, 20)):
        yield f"{branches} branches, {planes} planes", branched(planes, branches)
    sphere = lambda z: np.full(2, np.sqrt(1 - z**2))  # noqa: E731
    yield "sphere", stack(sphere, 2)
    yield "sphere, unrounded", stack(sphere, 12)
    yield "ellipsoid", stack(lambda z: np.array([1, 0.6]) * np.sqrt(1 - z**2), 2)
    yield "cylinder", stack(lambda z: np.ones(2), 2)
    count = POINTS // PLANES
    yield "rough", stack(lambda z: generator.uniform(0.6, 1, (count, 1)), 2)
    yield (
        "box",
        [
            by_angle(generator.uniform(-25, 25, (count, 3)) * [1, 1, 0] + [0, 0, z])
            for z in range(100)
        ],
    )


def by_planes(planes: int) -> list[np.ndarray]:
    """Return a sphere whose points are spread over so many planes."""
    turn = np.arange(POINTS // planes) * 2 * np.pi / (POINTS // planes)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    heights = (np.arange(planes) + 0.5) / planes * 2 * RADIUS_MM - RADIUS_MM
    return [
        np.column_stack([np.sqrt(RADIUS_MM**2 - z**2) * circle, np.full(len(turn), z)]).round(2)
        for z in heights
    ]


def branched(planes: int, branches: int) -> list[np.ndarray]:
    """Return a disc from which branches rise, each of them a loop a plane."""
    turn = np.arange(POINTS // planes // branches) * 2 * np.pi * planes * branches / POINTS
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    middles = 60 * np.exp(2j * np.pi * np.arange(branches) / branches)
    loops = [np.pad(80 * circle, ((0, 0), (0, 1)))]
    for z in np.arange(1, planes) * 0.5:
        loops += [
            np.column_stack([3 * circle + [m.real, m.imag], np.full(len(turn), z)]) for m in middles
        ]
    return loops


def by_angle(points: np.ndarray) -> np.ndarray:
    """Return points joined around the middle: in any order they would be a scribble."""
    return points[np.argsort(np.arctan2(points[:, 1], points[:, 0]))]


def main() -> None:
    heads = ("maximum_3d", "extent_of", "parts")
    print(f"{'shape':<28}" + "".join(f"{head:>12}" for head in heads) + f"  ms of {POINTS} points")
    for name, loops in shapes():
        structure = Structure(1, "GTV", tuple(Contour(loop) for loop in loops))
        cloud, (part,) = np.concatenate(loops), parts(structure)
        times = (
            least_ms(lambda c=cloud: maximum_3d(c)),
            least_ms(lambda p=part: extent_of(p)),
            least_ms(lambda s=structure: parts(s)),
        )
        print(f"{name:<28}" + "".join(f"{time_ms:12.1f}" for time_ms in times))
    print(f"{'one circle':<28}{'maximum_3d':>12}{'in plane':>12}")
    for name, loop in (
        ("to 0.01 mm", circle(POINTS).round(2)),
        ("unrounded", circle(POINTS)),
        ("unrounded, odd", circle(POINTS - 1)),
    ):
        times = least_ms(lambda c=loop: maximum_3d(c)), least_ms(lambda c=loop: longest_in_plane(c))
        print(f"{name:<28}{times[0]:12.1f}{times[1]:12.1f}")


if __name__ == "__main__":
    main()
