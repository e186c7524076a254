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

_PAIRS_AT_ONCE = 2000
"""Pairs of areas whose directions are held in memory at a time: 6 MB."""

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
        every = np.arange(len(self.height_mm))[:, None]
        return self.hulls.outermost(every, self._directions + np.pi / 2)

    @cached_property
    def reach_mm(self) -> Floats:
        """(A, 2 D) positions of those corners along the directions."""
        corners = self.hulls.corners_mm[self._outermost]
        across = np.stack([np.cos(self._directions), np.sin(self._directions)], axis=-1)
        return np.asarray((corners * across).sum(axis=-1))

    def longest(self) -> tuple[int, float, Indices]:
        """Return the area with the longest diameter, that diameter and its two corners (2,).

        Of diameters as long as each other, as `Hulls.longest` chooses.
        """
        there, back = np.split(self.reach_mm, 2, axis=1)
        width = (there + back).max(axis=1)
        # A diameter appears along the nearest direction; none is shorter than it appears.
        kept = np.flatnonzero(width >= width.max() * (SHORTEST_SEEN - _ROUNDING))
        p, q = self.hulls.facing(kept, kept)
        best = self.hulls.longest(p, q)
        ends = np.array([p[best], q[best]])
        length_mm = float(np.hypot(*np.subtract(*self.hulls.corners_mm[ends])))
        return int(self.hulls.hull[p[best]]), length_mm, ends

    def farthest(
        self, ones: Indices | None = None, others: Indices | None = None
    ) -> tuple[float, Floats]:
        """Return the greatest distance of two corners, and these as (2, 3) points (u, v, n).

        Exact. In each direction two areas appear at most as far apart as they reach; only pairs of
        areas that may hold the longest are compared corner by corner.

        Parameters
        ----------
        ones, others : indices or None
            Of the areas that the two corners may belong to, one each; None: of any.
        """
        ones = self._every if ones is None else ones
        others = self._every if others is None else others
        known = self._known_squared(ones, others) * (1 - _ROUNDING)
        ones, others = self._far_enough(ones, others, known)
        one, other = self._pairs(ones, others, known)
        pairs = np.unique(np.sort(np.stack([one, other], axis=1), axis=1), axis=0)
        p, q = self.hulls.facing(pairs[:, 0], pairs[:, 1])
        ends = np.stack([self._points(p), self._points(q)], axis=1)
        squared = ((ends[:, 1] - ends[:, 0]) ** 2).sum(axis=1)
        best = ends[int(squared.argmax())]
        return float(np.linalg.norm(best[1] - best[0])), best

    def _known_squared(self, ones: Indices, others: Indices) -> float:
        """Return the square of a distance of two corners that is nearly the longest."""
        number, best = np.arange(0, 2 * DIRECTIONS, _NEIGHBOURS), 0.0
        there = self.reach_mm[ones[:, None], number]
        back = self.reach_mm[others[:, None], (number + DIRECTIONS) % (2 * DIRECTIONS)]
        for rise in np.tan(_FIRST_ELEVATIONS):
            i = ones[(there + rise * self.height_mm[ones, None]).argmax(axis=0)]
            j = others[(back - rise * self.height_mm[others, None]).argmax(axis=0)]
            p = self._points(self._outermost[i, number])
            q = self._points(self._outermost[j, (number + DIRECTIONS) % (2 * DIRECTIONS)])
            best = max(best, float(((p - q) ** 2).sum(axis=1).max()))
        return best

    def _far_enough(self, ones: Indices, others: Indices, known: float) -> tuple[Indices, Indices]:
        """Return the areas that a pair may belong to, by how far they reach from one middle."""
        reach, height = self.reach_mm, self.height_mm
        # Any point will do for the middle: that between what lies outermost both ways is near it.
        u, v = (
            reach.max(axis=0)
            @ np.stack([np.cos(self._directions), np.sin(self._directions)], axis=1)
        ) / DIRECTIONS
        n = (height.min() + height.max()) / 2
        around = reach - (u * np.cos(self._directions) + v * np.sin(self._directions))
        radius = np.hypot(np.maximum(around.max(axis=1), 0) / SHORTEST_SEEN, height - n)
        least = np.sqrt(known) * (1 - _ROUNDING) - _NOTHING_MM
        return (
            ones[radius[ones] >= least - radius[others].max()],
            others[radius[others] >= least - radius[ones].max()],
        )

    def _pairs(self, ones: Indices, others: Indices, known: float) -> tuple[Indices, Indices]:
        """Return the pairs of areas of which two corners may be as far apart as is known.

        First by the farthest that they reach within some neighbouring directions.
        """
        # Of one set each pair stands there twice, the other way round: half a turn tells of both.
        turn = DIRECTIONS if np.array_equal(ones, others) else 2 * DIRECTIONS
        there = self.reach_mm[ones, :turn]
        back = np.roll(self.reach_mm[others], DIRECTIONS, axis=1)[:, :turn]
        rise = (self.height_mm[ones, None] - self.height_mm[others]) ** 2
        least = np.sqrt(np.maximum(known - rise, 0)) * SHORTEST_SEEN - _NOTHING_MM
        first = np.arange(0, turn, _NEIGHBOURS)
        coarse = [np.maximum.reduceat(it, first, axis=1).T.copy() for it in (there, back)]
        width = np.full(rise.shape, -np.inf)
        for one, other in zip(*coarse, strict=True):
            np.maximum(width, one[:, None] + other, out=width)
        i, j = np.nonzero(width >= least)
        is_kept = np.concatenate(
            [
                (there[i[some]] + back[j[some]]).max(axis=1) >= least[i[some], j[some]]
                for some in np.array_split(np.arange(len(i)), -(-len(i) // _PAIRS_AT_ONCE))
            ]
        )
        return ones[i[is_kept]], others[j[is_kept]]

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
        up, known_up = self._slopes(lower, upper)
        down, known_down = self._slopes(upper, lower)
        bulges = self._between(lower, upper, (up, known_up), (down, known_down))
        tops, bottoms = ~np.isin(self._every, lower), ~np.isin(self._every, upper)
        beyond = [
            (self.reach_mm[end] + cap[end, None] * lean[end], self.height_mm[end] + sign * cap[end])
            for end, cap, sign, lean in (
                (tops, above_mm, 1, np.where(known_up[:, None], np.maximum(up, 0), _STEEPEST)),
                (
                    bottoms,
                    below_mm,
                    -1,
                    np.where(known_down[:, None], np.maximum(down, 0), _STEEPEST),
                ),
            )
        ]
        # What has one area below and one above it lies within the polygon of the others.
        above, under = (np.bincount(ends, minlength=len(tops)) for ends in (lower, upper))
        drawn = (above != 1) | (under != 1)
        levels = [*beyond, (self.reach_mm[drawn], self.height_mm[drawn])]
        reach = np.concatenate([bulges[0], *(level[0] for level in levels)])
        flat = [np.broadcast_to(level[1][:, None], level[0].shape) for level in levels]
        height = np.concatenate([bulges[1], *flat])
        return Envelope(reach, height, self.towards)

    @property
    def _every(self) -> Indices:
        return np.arange(len(self.height_mm))

    def _slopes(self, before: Indices, after: Indices) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Return by how much reach grows per mm from before an area to it, and whether known.

        (A, 2 D) and (A,); of several areas before it that which reaches farthest tells.
        """
        farthest = np.full_like(self.reach_mm, -np.inf)
        if len(np.unique(after)) == len(after):
            farthest[after] = self.reach_mm[before]
        else:
            np.maximum.at(farthest, after, self.reach_mm[before])
        step = np.ones(len(self.height_mm))
        step[after] = np.abs(self.height_mm[after] - self.height_mm[before])
        known = np.isin(self._every, after)
        growth = np.where(known[:, None], self.reach_mm - farthest, 0.0)
        return growth / step[:, None], known

    def _between(
        self,
        lower: Indices,
        upper: Indices,
        rising: tuple[Floats, npt.NDArray[np.bool_]],
        falling: tuple[Floats, npt.NDArray[np.bool_]],
    ) -> tuple[Floats, Floats]:
        """Return reach and height (L, 2 D) of the farthest points between linked areas.

        A line that ends below the area on the other side shows that the solid is not convex
        there; it then tells nothing.
        """
        step = (self.height_mm[upper] - self.height_mm[lower])[:, None]
        low, high = self.reach_mm[lower], self.reach_mm[upper]
        known_up, known_down = rising[1][lower][:, None], falling[1][upper][:, None]
        alone = ~(known_up | known_down)
        up = np.where(alone, _STEEPEST, rising[0][lower])
        down = np.where(alone, _STEEPEST, falling[0][upper])
        at_upper, at_lower = low + up * step, high + down * step
        from_below = (known_up | alone) & (at_upper >= high)
        from_above = (known_down | alone) & (at_lower >= low)
        both, turn = from_below & from_above, up + down
        part = np.divide(high - low + down * step, turn, out=np.zeros_like(turn), where=turn > 0)
        part = np.clip(part, 0, step)
        only_below = from_below & ~from_above
        away = np.where(both, part, np.where(only_below, step, 0.0))
        reach = np.where(both | only_below, low + up * away, np.where(from_above, at_lower, low))
        return reach, self.height_mm[lower][:, None] + away
