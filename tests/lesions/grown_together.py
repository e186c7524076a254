"""Parts of known number: two balls grown together, and single solids that are convex or nearly so.

Seeded. Outlines are merged as a reader would draw them: one loop around what meets in a plane.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation
from shapely import Polygon, unary_union

from oligort.geometry.structure import Contour, Structure

Floats = npt.NDArray[np.float64]

POINTS = 72
"""Of a loop."""

TURN = np.arange(POINTS) * 2 * np.pi / POINTS


@dataclass(frozen=True, eq=False)
class Pair:
    """A ball and a smaller one that touches it or reaches into it.

    Parameters
    ----------
    radii_mm : (float, float)
        The larger first.
    way : (3,) array
        Unit vector from the larger centre to the smaller.
    overlap : float
        How deep they reach into each other, as a share of the smaller diameter.
    spacing_mm, offset : float
        Planes are `spacing_mm` apart, the first by this share above the centre.
    """

    radii_mm: tuple[float, float]
    way: Floats
    overlap: float
    spacing_mm: float
    offset: float

    @property
    def ratio(self) -> float:
        return self.radii_mm[0] / self.radii_mm[1]

    @property
    def planes_of_smaller(self) -> int:
        """In how many planes the smaller one is drawn."""
        return len(planes_between(*self._reach(1), self.spacing_mm, self.offset))

    @property
    def spheres(self) -> list[tuple[Floats, float]]:
        return list(zip(self._centres_mm, self.radii_mm, strict=True))

    @property
    def _centres_mm(self) -> Floats:
        larger, smaller = self.radii_mm
        apart = larger + smaller - 2 * smaller * self.overlap
        return np.array([np.zeros(3), self.way * apart])

    def _reach(self, number: int) -> tuple[float, float]:
        z, radius = self._centres_mm[number, 2], self.radii_mm[number]
        return float(z - radius), float(z + radius)

    def structure(self) -> Structure:
        """Return both in one ROI."""
        return as_structure(merged_loops(self.spheres, self.spacing_mm, self.offset))


def merged_loops(
    spheres: Sequence[tuple[Floats, float]], spacing_mm: float, offset: float
) -> list[Floats]:
    """Return the outlines of balls, centres and radii, merged where they meet in a plane."""
    low = min(float(centre[2]) - radius for centre, radius in spheres)
    high = max(float(centre[2]) + radius for centre, radius in spheres)
    loops = []
    for z in planes_between(low, high, spacing_mm, offset):
        circles = []
        for centre, radius in spheres:
            squared = radius**2 - (z - centre[2]) ** 2
            if squared > 0.16:  # smaller is drawn by nobody
                rim = np.sqrt(squared) * np.stack([np.cos(TURN), np.sin(TURN)], axis=1)
                circles.append(Polygon(centre[:2] + rim))
        joined = unary_union(circles)
        pieces = getattr(joined, "geoms", [joined] if circles else [])
        loops += [at_height(np.array(one.exterior.coords)[:-1], float(z)) for one in pieces]
    return loops


def pair(chance: np.random.Generator, spacing_mm: float) -> Pair:
    """Return a pair of a ratio from 1 to 8, in any direction, half of them in the planes.

    The smaller one is at least 4 mm wide and drawn in two planes or more.
    """
    while True:
        smaller = float(np.exp(chance.uniform(np.log(2), np.log(10))))
        larger = smaller * float(np.exp(chance.uniform(0, np.log(8))))
        way = chance.normal(size=3) * (1, 1, chance.random() < 0.5)
        overlap = float(chance.choice([0.002, chance.uniform(0, 0.2)]))
        made = Pair(
            (larger, smaller),
            way / np.linalg.norm(way),
            overlap,
            spacing_mm,
            float(chance.uniform()),
        )
        if larger <= 50 and made.planes_of_smaller >= 2:
            return made


def cluster(chance: np.random.Generator, spacing_mm: float) -> tuple[int, Structure]:
    """Return a ball with two to four smaller ones around it, 1 mm and more apart, and how many."""
    radius, count = chance.uniform(10, 25), int(chance.integers(3, 6))
    spheres = [(np.zeros(3), radius)]
    while len(spheres) < count:
        smaller = radius * chance.uniform(0.2, 0.8)
        way = chance.normal(size=3)
        apart = radius + smaller * (1 - 2 * chance.choice([0.01, 0.1]))
        centre = way / np.linalg.norm(way) * apart
        is_free = all(np.linalg.norm(centre - c) >= smaller + r + 1 for c, r in spheres[1:])
        if smaller >= spacing_mm and is_free:
            spheres.append((centre, smaller))
    return count, as_structure(merged_loops(spheres, spacing_mm, float(chance.uniform())))


def planes_between(low: float, high: float, spacing_mm: float, offset: float) -> Floats:
    first = np.floor(low / spacing_mm - offset) + 1
    last = np.ceil(high / spacing_mm - offset)
    return np.asarray((np.arange(first, last) + offset) * spacing_mm)


def at_height(flat: Floats, z: float) -> Floats:
    return np.column_stack([flat, np.full(len(flat), z)])


def as_structure(loops: list[Floats]) -> Structure:
    return Structure(1, "GTVm01_Liver", tuple(Contour(loop) for loop in loops))


def cloud(chance: np.random.Generator, kind: str) -> Floats:
    """Return points whose hull is a convex solid about the origin, turned anyhow."""
    semi = chance.uniform(4, 25, 3)
    if kind == "box":
        points = np.array(np.meshgrid(*[(-1.0, 1.0)] * 3)).reshape(3, -1).T * semi
    elif kind == "cylinder":
        rim = np.stack([np.cos(TURN), np.sin(TURN)], axis=1) * semi[0]
        points = np.concatenate([at_height(rim, z) for z in (-semi[2], semi[2])])
    else:
        points = chance.normal(size=(4000, 3))
        points /= np.linalg.norm(points, axis=1)[:, None]
        if kind == "capsule":
            length = semi[1]
            points = points * semi[0] + np.sign(points[:, 2:]) * (0, 0, length)
        else:
            points = points * semi
    turn = Rotation.random(random_state=int(chance.integers(2**31)))
    return np.asarray(turn.apply(points))


def sections(points: Floats, planes: Floats) -> Iterator[tuple[float, Floats]]:
    """Yield the height and the outline (N, 2) of the hull of points in each plane."""
    hull = ConvexHull(points)
    edges = np.concatenate([hull.simplices[:, [a, b]] for a, b in ((0, 1), (1, 2), (2, 0))])
    start, end = points[edges[:, 0]], points[edges[:, 1]]
    for z in planes:
        crossed = (start[:, 2] - z) * (end[:, 2] - z) < 0
        a, b = start[crossed], end[crossed]
        share = ((z - a[:, 2]) / (b[:, 2] - a[:, 2]))[:, None]
        flat = (a + share * (b - a))[:, :2]
        if len(flat) > 3 and np.ptp(flat, axis=0).min() > 0.4:
            yield float(z), flat[ConvexHull(flat).vertices]


def convex(chance: np.random.Generator, kind: str, spacing_mm: float, noise: float) -> Structure:
    """Return a convex solid of two planes or more, its outline unsteady by a share of its size."""
    while True:
        points = cloud(chance, kind)
        low, high = float(points[:, 2].min()), float(points[:, 2].max())
        planes = planes_between(low, high, spacing_mm, float(chance.uniform()))
        wiggle = unsteady(chance, noise)
        loops = [at_height(redrawn(flat, wiggle), z) for z, flat in sections(points, planes)]
        if len(loops) >= 2:
            return as_structure(loops)


def unsteady(chance: np.random.Generator, noise: float) -> Floats:
    """Return POINTS radii about 1 as a hand draws them: some waves and some jitter."""
    waves = [
        chance.normal() / 2 * np.cos(number * TURN + chance.uniform(0, 2 * np.pi))
        for number in range(3, 11)
    ]
    jitter = chance.uniform(-1, 1, POINTS)
    return np.asarray(1 + noise * (np.sum(waves, axis=0) / 2 + jitter / 2))


def redrawn(flat: Floats, radii: Floats) -> Floats:
    """Return an outline with points at even angles about its middle, their radii multiplied."""
    if np.ptp(radii) == 0:
        return flat
    middle = (flat.min(axis=0) + flat.max(axis=0)) / 2
    rim = flat - middle
    angle = np.arctan2(rim[:, 1], rim[:, 0])
    order = np.argsort(angle)
    angle, rim = angle[order], rim[order]
    rays = np.stack([np.cos(TURN), np.sin(TURN)], axis=1)
    following = np.searchsorted(angle, (TURN + np.pi) % (2 * np.pi) - np.pi) % len(angle)
    a, b = rim[following - 1], rim[following]
    edge = b - a
    along = (a[:, 0] * edge[:, 1] - a[:, 1] * edge[:, 0]) / (
        rays[:, 0] * edge[:, 1] - rays[:, 1] * edge[:, 0]
    )
    return np.asarray(middle + rays * (along * radii)[:, None])


def kidney(chance: np.random.Generator, spacing_mm: float, bend: float) -> Structure:
    """Return an ellipsoid, bent by an angle from end to end.

    At 0.8 its inner side is hollow by about a twelfth of its length.
    """
    half = chance.uniform(10, 25)
    radii = half * chance.uniform(0.4, 0.7, 2)
    points = _sphere()[0] * (half, *radii)
    curve = half * 2 / bend
    angle = points[:, 0] / curve
    away = curve - points[:, 1]
    bent = np.column_stack([away * np.sin(angle), curve - away * np.cos(angle), points[:, 2]])
    turn = Rotation.random(random_state=int(chance.integers(2**31)))
    bent = turn.apply(bent)
    low, high = float(bent[:, 2].min()), float(bent[:, 2].max())
    loops = []
    for z in planes_between(low, high, spacing_mm, float(chance.uniform())):
        loops += [at_height(loop, float(z)) for loop in _cut(bent, _sphere()[1], float(z))]
    return as_structure(loops)


_SPHERE: list[tuple[Floats, npt.NDArray[np.int32]]] = []


def _sphere() -> tuple[Floats, npt.NDArray[np.int32]]:
    if not _SPHERE:
        number = np.arange(3000) + 0.5
        across, turn = np.arccos(1 - 2 * number / 3000), np.pi * (1 + 5**0.5) * number
        points = np.stack(
            [np.cos(turn) * np.sin(across), np.sin(turn) * np.sin(across), np.cos(across)], axis=1
        )
        _SPHERE.append((points, ConvexHull(points).simplices))
    return _SPHERE[0]


def _cut(points: Floats, faces: npt.NDArray[np.int32], z: float) -> list[Floats]:
    """Return the closed loops in which a plane cuts a surface of triangles."""
    above = points[:, 2] > z
    links: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for face in faces[(above[faces].sum(axis=1) % 3) > 0].tolist():
        ends = [
            (min(a, b), max(a, b))
            for a, b in ((face[0], face[1]), (face[1], face[2]), (face[2], face[0]))
            if above[a] != above[b]
        ]
        links.setdefault(ends[0], []).append(ends[1])
        links.setdefault(ends[1], []).append(ends[0])
    loops = []
    while links:
        first = next(iter(links))
        way, here = [first], first
        while True:
            onward = [other for other in links.pop(here) if other in links]
            if not onward:
                break
            here = onward[0]
            way.append(here)
        a, b = (points[list(column)] for column in zip(*way, strict=True))
        share = ((z - a[:, 2]) / (b[:, 2] - a[:, 2]))[:, None]
        loop = (a + share * (b - a))[:, :2]
        if len(loop) > 3 and np.ptp(loop, axis=0).min() > 0.4:
            loops.append(loop)
    return loops


SOLIDS = ("ellipsoid", "capsule", "box", "cylinder")
SINGLE: dict[str, Callable[[np.random.Generator, float], Structure]] = {
    **{
        f"{kind}{f', outline unsteady by {noise:.0%}' if noise else ''}": (
            lambda chance, spacing_mm, kind=kind, noise=noise: convex(
                chance, kind, spacing_mm, noise
            )
        )
        for noise in (0.0, 0.03, 0.05)
        for kind in SOLIDS
    },
    **{
        f"kidney bent by {bend}": (
            lambda chance, spacing_mm, bend=bend: kidney(chance, spacing_mm, bend)
        )
        for bend in (0.5, 0.8, 1.2)
    },
}
"""What is one lesion."""
