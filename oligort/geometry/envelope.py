"""The outside of a solid: how far it reaches along each direction of a plane, height by height."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from oligort.geometry.opposite import longest_across_mm

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

DIRECTIONS = 180
"""Directions in half a turn in which reach is known.

The chord of a solid has one of them within half a degree, along which it appears at least
cos(0.5 degrees) = 1 - 4e-5 of its length: 0.002 mm of 50 mm.
"""

SHORTEST_SEEN = float(np.cos(np.pi / (2 * DIRECTIONS)))

_ENOUGH = 128
"""So many points of a direction are looked at pair by pair; of more, most lie between others."""

_DIRECTIONS_AT_ONCE = 30
"""Directions whose points are looked at together: what a processor keeps at hand."""

_BESIDE_MM = 0.01
"""Points that lie no farther outside the line between others are left out; the answer adds it."""

_ELEVATIONS = np.radians(np.linspace(-85, 85, 35))
"""Angles above a section's plane from which it is looked at, every 5 degrees.

A sphere of 30 mm appears at most 0.03 mm wider than its section is by the one missed between.
"""

_LEVELS = 256
"""Heights at which sections are looked at; between them their widths are concave."""


@dataclass(frozen=True, eq=False)
class Envelope:
    """Points that a solid does not reach beyond, in the half plane of each direction.

    Parameters
    ----------
    reach_mm, height_mm : (L, 2 D) arrays
        L points for each direction of a whole turn in a plane: how far along it they lie, and how
        high above the plane.
    towards : float
        Angle in the plane from which directions are counted.
    """

    reach_mm: Floats
    height_mm: Floats
    towards: float = 0.0

    @property
    def longest_mm(self) -> float:
        """How long the solid may be at most."""
        reach, height, aside_mm = self._thinned()
        beside_mm = aside_mm[:DIRECTIONS] + aside_mm[DIRECTIONS:]
        return longest_across_mm(reach, height, beside_mm, SHORTEST_SEEN)

    def _thinned(self) -> tuple[Floats, Floats, Floats]:
        """Return reach and height of points enough, and how far others lie outside them (2 D,)."""
        nothing = np.zeros(self.reach_mm.shape[1])
        every = -(-len(self.reach_mm) // _ENOUGH)
        if every == 1:
            return self.reach_mm, self.height_mm, nothing
        order = np.argsort(self.height_mm.mean(axis=1), kind="stable")
        kept = np.append(np.arange(0, len(order) - 1, every), len(order) - 1)
        aside = []
        for first in range(0, len(nothing), _DIRECTIONS_AT_ONCE):
            some = slice(first, first + _DIRECTIONS_AT_ONCE)
            outside = _outside_of(kept, self.reach_mm[order, some], self.height_mm[order, some])
            if outside.max() > _BESIDE_MM:
                return self.reach_mm, self.height_mm, nothing
            aside.append(outside)
        kept = order[kept]
        return self.reach_mm[kept], self.height_mm[kept], np.concatenate(aside)

    def support_mm(self, ways: Floats) -> Floats:
        """Return how far the solid lies at most along directions (..., 3) of any length.

        A direction between two of the plane's is a sum of them, and no solid reaches farther along
        a sum than the sum of what it reaches along each.
        """
        flat = np.hypot(ways[..., 0], ways[..., 1])
        turn = np.arctan2(ways[..., 1], ways[..., 0]) - self.towards
        place = (turn * (DIRECTIONS / np.pi)) % (2 * DIRECTIONS)
        first = place.astype(np.intp) % (2 * DIRECTIONS)
        step, past = np.pi / DIRECTIONS, place - np.floor(place)
        shares = np.sin((1 - past) * step) / np.sin(step), np.sin(past * step) / np.sin(step)
        total = np.zeros(flat.shape)
        for share, number in zip(shares, (first, (first + 1) % (2 * DIRECTIONS)), strict=True):
            rise = ways[..., 2] * (share / sum(shares))
            seen = (share * flat) * self.reach_mm[:, number] + rise * self.height_mm[:, number]
            total += seen.max(axis=0)
        return total

    def section_across(self, normal: Floats) -> "Sections":
        """Return the sections by planes of another normal, a unit vector (u, v, n)."""
        helper = np.eye(3)[np.argmin(np.abs(normal))]
        one = np.cross(normal, helper)
        one /= np.linalg.norm(one)
        turn = np.arange(2 * DIRECTIONS) * (np.pi / DIRECTIONS)
        flat = np.cos(turn)[:, None] * one + np.sin(turn)[:, None] * np.cross(normal, one)
        high, low = self.support_mm(normal), -self.support_mm(-normal)
        levels = np.linspace(low, high, _LEVELS)
        tangent = np.tan(_ELEVATIONS)
        at_most = np.stack(
            [
                (self.support_mm(way + tangent[:, None] * normal) - levels[:, None] * tangent).min(
                    axis=1
                )
                for way in flat
            ]
        )
        return Sections(at_most[:DIRECTIONS] + at_most[DIRECTIONS:])


def _outside_of(kept: Indices, reach: Floats, height: Floats) -> Floats:
    """Return how far points (L, K) lie outside the lines between those kept, at most, (K,)."""
    below = np.repeat(kept[:-1], np.diff(kept))
    above = np.repeat(kept[1:], np.diff(kept))
    rise = height[above] - height[below]
    away = np.clip(height[:-1] - height[below], 0, np.maximum(rise, 0))
    share = np.divide(away, rise, out=np.zeros_like(rise), where=rise > 0)
    chord = reach[below] + share * (reach[above] - reach[below])
    # What lies higher or lower than both of them is none of theirs to hold.
    is_between = (height[:-1] >= height[below]) & (height[:-1] <= height[above])
    outside = np.where(is_between, np.maximum(reach[:-1] - chord, 0), np.inf)
    outside[kept[:-1]] = 0
    return np.asarray(outside.max(axis=0))


@dataclass(frozen=True, eq=False)
class Sections:
    """How wide the parallel sections of a convex solid are at most: (D, K), by direction, level."""

    width_mm: Floats

    @cached_property
    def longest_mm(self) -> float:
        """The longest diameter of any of the sections looked at."""
        return max(float(self.width_mm.max()), 0.0)

    @property
    def across_mm(self) -> float:
        """How wide that section is across its longest diameter."""
        way, level = np.unravel_index(int(self.width_mm.argmax()), self.width_mm.shape)
        turned = (int(way) + DIRECTIONS // 2) % DIRECTIONS
        return max(float(self.width_mm[turned, level]), 0.0)

    @property
    def most_mm(self) -> float:
        """What no section is longer than, between the levels and the directions either.

        A concave function lies below the lines through its values at two levels beside the gap.
        """
        width = self.width_mm
        rise = np.diff(width, axis=1)
        open_end = np.full((len(width), 1), np.inf)
        before = np.concatenate([open_end, np.maximum(rise[:, :-1], 0)], axis=1)
        after = np.concatenate([np.maximum(-rise[:, 1:], 0), open_end], axis=1)
        between = np.minimum(width[:, :-1] + before, width[:, 1:] + after)
        return max(float(between.max()), self.longest_mm) / SHORTEST_SEEN
