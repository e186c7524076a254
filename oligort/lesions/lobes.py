"""Lobes: what stands out of a part beyond a neck, however small it is beside the part.

The hull of a point and a ball of a convex solid lies in the solid. So from every outermost point of
a part a cone is laid around one of its deepest balls, and in the drawn planes it is looked at how
much of the cone the part fills. A convex part fills all of it, a bent one most of it; where a
smaller lesion touches a larger one, the cone around the contact is nearly empty.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from oligort.geometry.raster import Lattice

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_DIRECTIONS = 200
"""Directions in which outermost points are sought.

The outermost points of a ball of an eighth of the diameter of another one, which it touches, are
those of all directions within 39 degrees of the line of their centres; these lie 14 degrees apart.
"""

_OF_BALL = 0.85
"""Share of a ball's radius that a cone is laid around: a raster and slabs know no depth exactly."""

DEEP = 0.8
"""Balls of so much of the largest depth are as good as the deepest: a rod has them all along."""

_LEAST_LOBE = 0.18
"""A neck lies at least so much of a ball's radius from the tip.

A lesion of an eighth of the diameter stands out by 0.25 of the radius; an outline drawn by hand, by
5 % to either side, by 0.1, and the cone from the top of it is not filled up to 0.14.
"""

_LEAST_CELLS = 4
"""Fewer cells of a cone's disc tell nothing of it."""

_NEARLY_FILLED = 0.99
"""What fills so much of a cone in cells twice as wide has no neck in it.

Of 360 seeded pairs of balls, 1:1 to 1:8, none is lost by it, as some are at 0.95.
"""

_WIDTH_OF_LOBE = 1.2
"""Tips no farther apart than so many times the way from one to its neck stand on one lobe.

A ball is as wide as its far side is from its contact; where it is sunk into the other one, wider.
"""

_WIDEST_LOBE = 2.2
"""Beyond so many times that way they do not, although the larger part may lie between them."""

_SEES = 0.8
"""Share of the way between two tips that the part fills, if they see each other through it."""

_RIM = 0.15
"""So much of it at either end may lie in cells of the surface, less than half filled."""

_STEPS = 24
"""Places on the way between two tips at which the part is looked for."""

_TIPS_AT_ONCE = 16
"""Tips whose cones are laid over the cells at a time: some 10 MB."""


@dataclass(frozen=True)
class Lobes:
    """What stands out of a part.

    Parameters
    ----------
    count : int
        How many there are, none of a convex part.
    neck_fraction : float
        The narrowest neck, as a share of what a convex part has there at least; 1 without any.
    """

    count: int
    neck_fraction: float


@dataclass(frozen=True, eq=False)
class DrawnCells:
    """The cells of the planes of a part.

    Parameters
    ----------
    points_mm : (N, 3) array
        Contour points (u, v, n).
    axes_mm : (U,), (V,) and (P,) arrays
        Centres of the cells along u and v, and the planes.
    area : (U, V, P) array
        The share of each cell that the part covers.
    step_mm : float
        Size of a cell.
    """

    points_mm: Floats
    axes_mm: tuple[Floats, Floats, Floats]
    area: Floats
    step_mm: float

    @classmethod
    def of(
        cls, points_mm: Floats, position_mm: Floats, lattice: Lattice, area: Floats
    ) -> "DrawnCells":
        """Return the cells of planes whose covered shares are `area` (P, U, V).

        Of planes nearer to each other than a cell is wide some are enough.
        """
        step = min(lattice.u_step_mm, lattice.v_step_mm)
        kept = [0]
        for plane in range(1, len(position_mm)):
            if position_mm[plane] - position_mm[kept[-1]] >= step * (1 - 1e-9):
                kept.append(plane)
        axes = lattice.u_centres_mm, lattice.v_centres_mm, position_mm[kept]
        return cls(points_mm, axes, area[kept].transpose(1, 2, 0), step)

    @cached_property
    def centres_mm(self) -> Floats:
        """Centres of the cells (C, 3)."""
        return np.stack([it.ravel() for it in np.meshgrid(*self.axes_mm, indexing="ij")], axis=1)

    @cached_property
    def covered(self) -> Floats:
        """The share of each cell (C,) that the part covers."""
        return self.area.ravel()

    @property
    def merged(self) -> "DrawnCells":
        """The same in cells twice as wide, and of every other plane where planes are as near."""
        axes, area = [], self.area
        for number, axis in enumerate(self.axes_mm[:2]):
            pairs = np.arange(0, len(axis), 2)
            count = np.diff(np.append(pairs, len(axis)))
            shape = [-1 if own == number else 1 for own in range(3)]
            area = np.add.reduceat(area, pairs, axis=number) / count.reshape(shape)
            axes.append(np.add.reduceat(axis, pairs) / count)
        planes = self.axes_mm[2]
        is_dense = np.diff(planes).min(initial=np.inf) < 2 * self.step_mm
        every = 2 if is_dense else 1
        thinned = axes[0], axes[1], planes[::every]
        return DrawnCells(self.points_mm, thinned, area[:, :, ::every], 2 * self.step_mm)

    @property
    def tips_mm(self) -> Floats:
        """The outermost points (T, 3)."""
        number = np.arange(_DIRECTIONS) + 0.5
        down = np.arccos(1 - 2 * number / _DIRECTIONS)
        turn = np.pi * (1 + np.sqrt(5)) * number
        ways = np.stack([np.cos(turn) * np.sin(down), np.sin(turn) * np.sin(down), np.cos(down)])
        outermost = np.unique((self.points_mm @ ways).argmax(axis=0))
        return np.asarray(self.points_mm[outermost])

    def filled_between(self, tip: Floats, others: Floats) -> Floats:
        """Return how much of the way from a tip (3,) to others (T, 3) the part fills."""
        share = np.linspace(_RIM, 1 - _RIM, _STEPS)[:, None]
        way = tip + share * (others - tip)[:, None]
        cell = [
            np.abs(way[..., number, None] - axis).argmin(axis=-1)
            for number, axis in enumerate(self.axes_mm)
        ]
        return np.asarray((self.area[tuple(cell)] >= 0.5).mean(axis=1))


def lobes_of(cells: DrawnCells, balls_mm: Floats, depth_mm: Floats, neck_fraction: float) -> Lobes:
    """Return what stands out of a part with a neck of less than `neck_fraction`.

    Parameters
    ----------
    cells : DrawnCells
    balls_mm, depth_mm : (B, 3) and (B,) arrays
        Centres and radii of the deepest balls that the part holds.
    neck_fraction : float
        Of the radius of the disc that a convex part fills.
    """
    tips = cells.tips_mm
    ball, radius = _widest(tips, balls_mm, depth_mm)
    rough, _ = _necks(cells.merged, tips, ball, radius, _NEARLY_FILLED)
    some = rough < _NEARLY_FILLED
    if not some.any():
        return Lobes(0, 1.0)
    tips = tips[some]
    fraction, away = _necks(cells, tips, ball[some], radius[some], neck_fraction)
    narrow = fraction < neck_fraction
    count = _apart(cells, tips[narrow], away[narrow])
    return Lobes(count, float(fraction[narrow].min()) if count else 1.0)


def _widest(tips: Floats, balls: Floats, depth: Floats) -> tuple[Floats, Floats]:
    """Return for each tip the ball that appears largest from it, (T, 3), and its radius (T,)."""
    away = np.linalg.norm(tips[:, None] - balls, axis=2)
    chosen = (depth / np.maximum(away, 1e-9)).argmax(axis=1)
    return balls[chosen], depth[chosen]


def _necks(
    cells: DrawnCells, tips: Floats, balls: Floats, radius: Floats, narrow: float
) -> tuple[Floats, Floats]:
    """Return the narrowest disc of each cone that the part fills, as a share of the cone's.

    And how far from its tip the last one lies that is filled by less than `narrow`.
    """
    portions = np.array_split(np.arange(len(tips)), -(-len(tips) // _TIPS_AT_ONCE))
    necks = [_necks_of(cells, tips[some], balls[some], radius[some], narrow) for some in portions]
    share, away = zip(*necks, strict=True)
    return np.concatenate(share), np.concatenate(away)


def _necks_of(
    cells: DrawnCells, tips: Floats, balls: Floats, radius: Floats, narrow: float
) -> tuple[Floats, Floats]:
    axis = balls - tips
    length = np.linalg.norm(axis, axis=1)
    axis /= np.maximum(length, 1e-9)[:, None]
    sine = np.minimum(_OF_BALL * radius / np.maximum(length, 1e-9), 1.0)
    cosine_squared = 1 - sine**2
    along = cells.centres_mm @ axis.T - (tips * axis).sum(axis=1)
    squared = (cells.centres_mm**2).sum(axis=1)[:, None] - 2 * cells.centres_mm @ tips.T
    squared += (tips**2).sum(axis=1)
    inside = along * np.abs(along) >= cosine_squared * squared
    inside &= (along > 0) & (along < length * cosine_squared)
    cell, tip = np.nonzero(inside)
    disc = (along[cell, tip] / cells.step_mm).astype(np.intp)
    count = int(disc.max(initial=0)) + 1
    place = tip * count + disc
    total = np.bincount(place, minlength=len(tips) * count).reshape(len(tips), count)
    filled = np.bincount(place, cells.covered[cell], len(tips) * count).reshape(total.shape)
    distance = (np.arange(count) + 0.5) * cells.step_mm
    told = (total >= _LEAST_CELLS) & (distance >= _LEAST_LOBE * radius[:, None])
    share = np.sqrt(np.divide(filled, total, out=np.ones(total.shape), where=told))
    # The first of the discs from behind is the last of them.
    last = share.shape[1] - 1 - (share < narrow)[:, ::-1].argmax(axis=1)
    return share.min(axis=1), distance[last]


def _apart(cells: DrawnCells, tips: Floats, neck_mm: Floats) -> int:
    """Return how many lobes tips belong to, the one with the farthest neck first.

    Those on one lobe are near each other; where they are farther apart, they see each other.
    """
    count, left = 0, np.lexsort([*tips.T, -neck_mm])
    while len(left):
        first = left[0]
        away = np.linalg.norm(tips[left] - tips[first], axis=1) / neck_mm[first]
        sees = cells.filled_between(tips[first], tips[left]) >= _SEES
        left = left[(away > _WIDEST_LOBE) | ((away > _WIDTH_OF_LOBE) & ~sees)]
        count += 1
    return count
