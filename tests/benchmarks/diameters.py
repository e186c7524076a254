"""Time of the diameters of one ROI, axial and 3D with their intervals, by its shape and points.

CPU, the least of several runs. In the last column what it takes to tell the separate parts of most
points, which comes before and once a structure.

    python tests/benchmarks/diameters.py [points ...]
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from oligort.geometry.components import parts
from oligort.geometry.structure import Contour, Structure
from oligort.lesions.extent import extent_of

POINTS, RADIUS_MM, REPEATS = (5_000, 20_000, 50_000), 25.0, 5


def least_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return 1000 * min(times)


def circle(points: int) -> np.ndarray:
    turn = np.arange(points) * 2 * np.pi / points
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def in_plane(flat: np.ndarray, z: float, decimals: int = 2) -> np.ndarray:
    """Return a loop in a plane; to 0.01 mm, as planning systems write, if not said otherwise."""
    return np.column_stack([flat.round(decimals), np.full(len(flat), z)])


def sphere(points: int, planes: int, decimals: int = 2, sideways: float = 1) -> list[np.ndarray]:
    """Return a sphere or an ellipsoid whose points are spread over so many planes."""
    heights = (np.arange(planes) + 0.5) / planes * 2 * RADIUS_MM - RADIUS_MM
    flat = circle(points // planes) * [1, sideways]
    return [in_plane(np.sqrt(RADIUS_MM**2 - z**2) * flat, z, decimals) for z in heights]


def forked(points: int, planes: int, branches: int) -> list[np.ndarray]:
    """Return a disc from which branches rise, each of them a loop a plane."""
    flat = circle(max(3, points // planes // branches))
    middles = 60 * np.exp(2j * np.pi * np.arange(branches) / branches)
    loops = [in_plane(80 * flat, 0)]
    for z in np.arange(1, planes) * 0.5:
        loops += [in_plane(3 * flat + [m.real, m.imag], z) for m in middles]
    return loops


def scattered(points: int, planes: int, *, is_rough: bool) -> list[np.ndarray]:
    """Return a rough rod, or points anywhere in a box joined around its middle."""
    generator, loops = np.random.default_rng(2), []
    for z in np.arange(planes) * 0.5:
        flat = circle(points // planes) * generator.uniform(0.6, 1, (points // planes, 1))
        if not is_rough:
            flat = generator.uniform(-1, 1, flat.shape)
            flat = flat[np.argsort(np.arctan2(flat[:, 1], flat[:, 0]))]
        loops.append(in_plane(RADIUS_MM * flat, z))
    return loops


def apart(points: int, planes: int, count: int) -> list[np.ndarray]:
    """Return spheres beside each other."""
    one = sphere(points // count, planes)
    aside = np.array([3 * RADIUS_MM, 0, 0])
    return [loop + number * aside for number in range(count) for loop in one]


def shapes(points: int) -> Iterator[tuple[str, list[np.ndarray]]]:
    for decimals, written in ((1, "0.1 mm"), (2, "0.01 mm"), (12, "unrounded")):
        yield f"circle, 1 plane, {written}", [in_plane(RADIUS_MM * circle(points), 0, decimals)]
        for planes in (30, 100, 500):
            yield f"sphere, {planes} planes, {written}", sphere(points, planes, decimals)
    yield "ellipsoid, 100 planes", sphere(points, 100, sideways=0.6)
    yield "rough, 100 planes", scattered(points, 100, is_rough=True)
    yield "box, 100 planes", scattered(points, 100, is_rough=False)
    for branches in (2, 3, 5):
        yield f"{branches} branches, 100 planes", forked(points, 100, branches)
    yield "10 branches, 50 planes", forked(points, 50, 10)
    yield "20 branches, 100 planes", forked(points, 100, 20)
    yield "10 parts, 20 planes", apart(points, 20, 10)


def main(all_points: Sequence[int]) -> None:
    heads = [*(f"{points:,}" for points in all_points), "parts"]
    print(f"{'ms of CPU by points':<32}" + "".join(f"{head:>10}" for head in heads))
    for rows in zip(*(shapes(points) for points in all_points), strict=True):
        times = []
        for _, loops in rows:
            structure = Structure(1, "GTV", tuple(Contour(loop) for loop in loops))
            found = parts(structure, 1.0)
            times.append(least_ms(lambda them=found: [extent_of(part) for part in them]))
        times.append(least_ms(lambda it=structure: parts(it, 1.0)))
        print(f"{rows[0][0]:<32}" + "".join(f"{time_ms:10.1f}" for time_ms in times), flush=True)


if __name__ == "__main__":
    main([int(points) for points in sys.argv[1:]] or POINTS)
