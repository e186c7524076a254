"""How far a stack of planar areas reaches: exactly, and what may lie between and beyond its planes.

Areas of parallel planes stand for a solid of which nothing else is known. Their corners alone tell
the least that its diameter can be. The most follows from convexity: how far a convex solid reaches
in a direction of the plane is a concave function of height, so between two planes and beyond the
last one it stays below the straight line through two neighbouring planes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from oligort.geometry.convex import convex_hulls
from oligort.geometry.envelope import DIRECTIONS, SHORTEST_SEEN, Envelope
from oligort.geometry.hull import Hulls
from oligort.geometry.slopes import Neighbours

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_STEEPEST = 4.0
"""How many mm per mm of height a side leans at most, where no third plane tells: 76 degrees.

An assumption: a convex solid of two sections may reach any way out between them. Of 3000 seeded
ellipsoids and capsules down to 2 mm of a semi-axis, in one or two planes, none leaned more than
that, and some leaned more than 3.
"""

_FIRST_ELEVATIONS = np.radians([-60, -40, -20, 0, 20, 40, 60])
"""Angles out of the plane along which a first pair of far corners is looked for."""

_NEIGHBOURS = 6
"""Directions that are looked at together before each of them is: 6 degrees."""

_MANY = 0.2
"""Of so large a share of all pairs, to look at some directions of all of them first is faster."""

_PAIRS_AT_ONCE = 2000
"""Pairs of areas whose directions are held in memory at a time: 6 MB."""

_LINKS_AT_ONCE = 64
"""Links between areas whose directions are looked at together: what a processor keeps at hand."""

_NOTHING_MM = 1e-9
"""What areas of a single point reach by rounding."""

_ROUNDING = 1e-12
"""Relative slack, so that rounding (1e-16 a step) never rejects the true pair."""


@dataclass(frozen=True, eq=False)
class AreaStack:
    """Convex hulls of planar areas, each at a height.

    Parameters
    ----------
    hulls : Hulls
        Of A areas in (u, v).
    height_mm : (A,) array
        Of their planes.
    towards : float
        Angle in the plane from which directions are counted. Taken from the areas themselves it
        makes the answers turn with them.
    """

    hulls: Hulls
    height_mm: Floats
    towards: float = 0.0

    @classmethod
    def of(
        cls, areas: Sequence[Floats], height_mm: npt.ArrayLike, towards: float = 0.0
    ) -> "AreaStack":
        """Return the stack of areas, each given by points (N, 2)."""
        starts = np.cumsum([0] + [len(area) for area in areas[:-1]])
        hulls = convex_hulls(np.concatenate(areas), starts)
        return cls(hulls, np.asarray(height_mm, dtype=np.float64), towards)

    def with_caps(self, caps: "AreaStack", towards: float) -> "AreaStack":
        """Return this stack and another one's areas after its own."""
        heights = np.concatenate([self.height_mm, caps.height_mm])
        return AreaStack(self.hulls.and_those_of(caps.hulls), heights, towards)

    def at_heights(self, areas: Indices, height_mm: npt.ArrayLike) -> "AreaStack":
        """Return some of the areas at other heights."""
        return AreaStack(self.hulls.those(areas), np.asarray(height_mm, dtype=np.float64))

    def beginning_of(self, whole: "AreaStack") -> "AreaStack":
        """Return this stack with the directions of one that begins with its areas."""
        begun = AreaStack(self.hulls, self.height_mm, whole.towards)
        # What is computed once a stack, and most of its time: it need not be looked up again.
        begun.__dict__["_outermost"] = whole._outermost[: len(self.height_mm)]
        begun.__dict__["reach_mm"] = whole.reach_mm[: len(self.height_mm)]
        return begun

    @cached_property
    def _directions(self) -> Floats:
        return np.asarray(self.towards + np.arange(2 * DIRECTIONS) * (np.pi / DIRECTIONS))

    @cached_property
    def _outermost(self) -> Indices:
        """(A, 2 D) corners that lie farthest along each direction of a whole turn."""
        return self.hulls.outermost_around(self.towards + np.pi / 2, 2 * DIRECTIONS)

    @cached_property
    def reach_mm(self) -> Floats:
        """(A, 2 D) positions of those corners along the directions."""
        return self._reach_of(self._outermost, self._directions)

    def _reach_of(self, corners: Indices, directions: Floats) -> Floats:
        """Return how far corners (A, K) lie along directions (K,)."""
        u, v = self.hulls.along_mm
        reach = u.take(corners)
        reach *= np.cos(directions)
        aside = v.take(corners)
        aside *= np.sin(directions)
        reach += aside
        return reach

    def longest(self) -> tuple[int, float, Indices]:
        """Return the area with the longest diameter, that diameter and its two corners (2,).

        Of diameters as long as each other, as `Hulls.longest` chooses.
        """
        few = DIRECTIONS // _NEIGHBOURS
        outermost = self.hulls.outermost_around(self.towards + np.pi / 2, 2 * few)
        reach = self._reach_of(outermost, self._directions[::_NEIGHBOURS])
        width = (reach[:, :few] + reach[:, few:]).max(axis=1)
        # A diameter appears along the nearest direction; none is shorter than it appears.
        seen = np.cos(np.pi / (2 * few))
        kept = np.flatnonzero(width >= width.max() * (seen - _ROUNDING))
        p, q = self.hulls.facing(kept, kept)
        best = self.hulls.longest(p, q)
        ends = np.array([p[best], q[best]])
        length_mm = float(np.hypot(*np.subtract(*self.hulls.corners_mm[ends])))
        return int(self.hulls.hull[p[best]]), length_mm, ends

    def farthest(
        self, ones: Indices | None = None, others: Indices | None = None
    ) -> tuple[float, Floats]:
        """Return the greatest distance of two corners, and these as (2, 3) points (u, v, n).

        Parameters
        ----------
        ones, others : indices or None
            Of the areas that the two corners may belong to, one each; None: of any.

        Raises
        ------
        ValueError
            If there is no area to belong to.
        """
        found = self.as_far_as(0.0, ones, others)
        if found is None:
            raise ValueError("expected areas that two corners may belong to, found none")
        return found

    def as_far_as(
        self, least_mm: float, ones: Indices | None = None, others: Indices | None = None
    ) -> tuple[float, Floats] | None:
        """Return what `farthest` does, or None where no two corners are as far apart as `least_mm`.

        Exact. In each direction two areas appear at most as far apart as they reach; only pairs of
        areas that may hold the longest are compared corner by corner.
        """
        ones = self._every if ones is None else ones
        others = self._every if others is None else others
        if not len(ones) or not len(others):
            return None
        known = max(self._known_squared(ones, others), least_mm**2) * (1 - _ROUNDING)
        ones, others = self._far_enough(ones, others, known)
        one, other = self._pairs(ones, others, known)
        if not len(one):
            return None
        pairs = np.unique(np.sort(np.stack([one, other], axis=1), axis=1), axis=0)
        p, q = self.hulls.facing(pairs[:, 0], pairs[:, 1])
        best = int(self._squared(p, q).argmax())
        ends = self._points(np.array([p[best], q[best]]))
        length_mm = float(np.linalg.norm(ends[1] - ends[0]))
        return (length_mm, ends) if length_mm >= least_mm else None

    def _squared(self, p: Indices, q: Indices) -> Floats:
        """Return the squares of the distances of pairs of corners (P,)."""
        u, v = self.hulls.along_mm
        squared = (u.take(q) - u.take(p)) ** 2
        squared += (v.take(q) - v.take(p)) ** 2
        one, other = (self.height_mm[self.hulls.hull.take(it)] for it in (p, q))
        squared += (other - one) ** 2
        return np.asarray(squared)

    def _known_squared(self, ones: Indices, others: Indices) -> float:
        """Return the square of a distance of two corners that is nearly the longest."""
        number = np.arange(0, 2 * DIRECTIONS, _NEIGHBOURS)
        opposite = (number + DIRECTIONS) % (2 * DIRECTIONS)
        few = np.ascontiguousarray(self.reach_mm[:, ::_NEIGHBOURS].T)
        there, back = few.take(ones, axis=1), few[opposite // _NEIGHBOURS].take(others, axis=1)
        rises = np.tan(_FIRST_ELEVATIONS)
        i = ones[[(there + rise * self.height_mm[ones]).argmax(axis=1) for rise in rises]]
        j = others[[(back - rise * self.height_mm[others]).argmax(axis=1) for rise in rises]]
        p, q = self._outermost[i, number], self._outermost[j, opposite]
        return float(self._squared(p.ravel(), q.ravel()).max())

    @cached_property
    def _radius_mm(self) -> Floats:
        """(A,) how far areas reach from one middle, at most."""
        reach, height = self.reach_mm, self.height_mm
        # Any point will do for the middle: that between what lies outermost both ways is near it.
        ways = np.stack([np.cos(self._directions), np.sin(self._directions)], axis=1)
        middle = reach.max(axis=0) @ ways / DIRECTIONS
        around = (reach - ways @ middle).max(axis=1)
        rise = height - self._middle_mm
        return np.asarray(np.hypot(np.maximum(around, 0) / SHORTEST_SEEN, rise))

    @property
    def _middle_mm(self) -> float:
        return (float(self.height_mm.min()) + float(self.height_mm.max())) / 2

    def _far_enough(self, ones: Indices, others: Indices, known: float) -> tuple[Indices, Indices]:
        """Return the areas that a pair may belong to, by how far they reach from one middle."""
        radius = self._radius_mm
        least = np.sqrt(known) * (1 - _ROUNDING) - _NOTHING_MM
        return (
            ones[radius[ones] >= least - radius[others].max()],
            others[radius[others] >= least - radius[ones].max()],
        )

    def _pairs(self, ones: Indices, others: Indices, known: float) -> tuple[Indices, Indices]:
        """Return the pairs of areas of which two corners may be as far apart as is known.

        First by the parallelogram law: two points that lie so far apart lie nearly opposite to
        each other about the middle, so their heights do. Where that leaves many, by the farthest
        that they reach within some neighbouring directions.
        """
        # Of one set each pair stands there twice, the other way round: half a turn tells of both.
        turn = DIRECTIONS if np.array_equal(ones, others) else 2 * DIRECTIONS
        there = self.reach_mm[ones, :turn]
        back = np.roll(self.reach_mm[others], DIRECTIONS, axis=1)[:, :turn]
        rise = (self.height_mm[ones, None] - self.height_mm[others]) ** 2
        least = np.sqrt(np.maximum(known - rise, 0)) * SHORTEST_SEEN - _NOTHING_MM
        squared, above = self._radius_mm**2, self.height_mm - self._middle_mm
        room = 2 * (squared[ones, None] + squared[others]) * (1 + _ROUNDING) - known
        i, j = np.nonzero((above[ones, None] + above[others]) ** 2 <= room + _NOTHING_MM)
        if len(i) > rise.size * _MANY:
            i, j = self._wide_enough(there, back, least)
        is_kept = np.concatenate(
            [
                (there[i[some]] + back[j[some]]).max(axis=1) >= least[i[some], j[some]]
                for some in np.array_split(np.arange(len(i)), -(-len(i) // _PAIRS_AT_ONCE) or 1)
            ]
        )
        return ones[i[is_kept]], others[j[is_kept]]

    def _wide_enough(self, there: Floats, back: Floats, least: Floats) -> tuple[Indices, Indices]:
        """Return the pairs (of `least`) that reach as far within some neighbouring directions."""
        first = np.arange(0, there.shape[1], _NEIGHBOURS)
        coarse = [np.maximum.reduceat(it, first, axis=1).T.copy() for it in (there, back)]
        width, apart = np.full(least.shape, -np.inf), np.empty(least.shape)
        for one, other in zip(*coarse, strict=True):
            np.add(one[:, None], other, out=apart)
            np.maximum(width, apart, out=width)
        i, j = np.nonzero(width >= least)
        return i, j

    def _points(self, corners: Indices) -> Floats:
        """Return corners as (..., 3) points (u, v, n)."""
        flat = self.hulls.corners_mm[corners]
        return np.concatenate([flat, self.height_mm[self.hulls.hull[corners]][..., None]], axis=-1)

    @property
    def drawn_envelope(self) -> Envelope:
        """What convex solids that go through these areas reach at least."""
        height = np.broadcast_to(self.height_mm[:, None], self.reach_mm.shape)
        return Envelope(self.reach_mm, height, self.towards)

    def envelope(self, links: Indices, below_mm: Floats, above_mm: Floats) -> Envelope:
        """Return how far the solid may reach that the areas were cut from.

        Holds for every solid whose linked areas are convex together, drawn in three planes or
        more; and where it is not convex, straight on from what is drawn.

        Parameters
        ----------
        links : (L, 2) indices
            Lower and upper area of one piece of the solid in neighbouring planes.
        below_mm, above_mm : (A,) arrays
            How far an area may go on where nothing follows it.

        Notes
        -----
        Let r(z) be how far the solid reaches along one direction of the plane. Between two planes
        it lies below the line through the two planes under them, and below that through the two
        above: at most where these lines meet. Beyond an end it lies below the line through the
        last two planes; it is not taken to draw in, since only a convex solid has to. Between two
        planes alone, and beyond a single one, its sides are taken to lean by `_STEEPEST` at most.
        In the half plane of a direction the solid then lies within a polygon of these points.
        """
        lower, upper = links.T
        under, above = (
            Neighbours.of(lower, upper, self.reach_mm, self.height_mm),
            Neighbours.of(upper, lower, self.reach_mm, self.height_mm),
        )
        tops, bottoms = np.flatnonzero(above.counts == 0), np.flatnonzero(under.counts == 0)
        beyond = []
        for end, cap, sign, before in (
            (tops, above_mm, 1, under),
            (bottoms, below_mm, -1, above),
        ):
            lean, known = before.slopes(end)
            lean = np.where(known, np.maximum(lean, 0), _STEEPEST)
            beyond.append(
                (self.reach_mm[end] + cap[end, None] * lean, self.height_mm[end] + sign * cap[end])
            )
        # What has one area below and one above it lies within the polygon of the others.
        drawn = (above.counts != 1) | (under.counts != 1)
        levels = [*beyond, (self.reach_mm[drawn], self.height_mm[drawn])]
        count = len(lower) + sum(len(level[1]) for level in levels)
        reach, height = np.empty((2, count, 2 * DIRECTIONS))
        for first in range(0, len(lower), _LINKS_AT_ONCE):
            some = slice(first, min(first + _LINKS_AT_ONCE, len(lower)))
            reach[some], height[some] = self._between(lower[some], upper[some], under, above)
        reach[len(lower) :] = np.concatenate([level[0] for level in levels])
        height[len(lower) :] = np.concatenate([level[1] for level in levels])[:, None]
        return Envelope(reach, height, self.towards)

    @property
    def _every(self) -> Indices:
        return np.arange(len(self.height_mm))

    def _between(
        self,
        lower: Indices,
        upper: Indices,
        under: Neighbours,
        above: Neighbours,
    ) -> tuple[Floats, Floats]:
        """Return reach and height (L, 2 D) of the farthest points between linked areas.

        A line that ends below the area on the other side shows that the solid is not convex
        there; it then tells nothing.
        """
        step = (self.height_mm[upper] - self.height_mm[lower])[:, None]
        low, high = self.reach_mm[lower], self.reach_mm[upper]
        (rising, known_up), (falling, known_down) = under.slopes(lower), above.slopes(upper)
        alone = ~(known_up | known_down)
        up = np.where(alone, _STEEPEST, rising)
        down = np.where(alone, _STEEPEST, falling)
        at_upper, at_lower = low + up * step, high + down * step
        from_below = (known_up | alone) & (at_upper >= high)
        from_above = (known_down | alone) & (at_lower >= low)
        turn = up + down
        with np.errstate(divide="ignore", invalid="ignore"):
            part = (at_lower - low) / turn
        part[~(turn > 0)] = 0
        # Where only the line from below tells, it does up to the upper area.
        away = np.where(from_above, np.clip(part, 0, step, out=part), step)
        away[~from_below] = 0
        reach = np.where(from_below, low + up * away, np.where(from_above, at_lower, low))
        return reach, self.height_mm[lower][:, None] + away
