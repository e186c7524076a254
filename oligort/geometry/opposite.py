"""Opposite points: how far apart two points are at most that a direction has on its two sides."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_PAIRS_AT_ONCE = 60_000
"""Pairs of points whose distances are looked at together: half a MB."""

_ROWS_AT_ONCE = 64
"""Points of all directions that are looked at together: what a processor keeps at hand."""

_FIRST_ELEVATIONS = np.radians([-60, -40, -20, 0, 20, 40, 60])
"""Angles out of the plane along which a first pair of far points is looked for."""

_FIRST_DIRECTIONS = 6
"""In one of so many directions it is looked for."""

_ROUNDING_MM = 1e-9
"""By how much less than its length two points that far apart may seem to lie from a middle."""


def longest_across_mm(
    reach_mm: Floats, height_mm: Floats, beside_mm: Floats, shortest_seen: float
) -> float:
    """Return how far apart two points are at most that lie in half planes of opposite directions.

    Parameters
    ----------
    reach_mm, height_mm : (L, 2 D) arrays
        L points in the half plane of each direction of a whole turn: how far along it, how high.
    beside_mm : (D,) array
        Added to what is reached in each direction and its opposite.
    shortest_seen : float
        How much of its length a chord appears along its nearest direction, at least.
    """
    beside = beside_mm / shortest_seen
    longest = _first_mm(reach_mm, height_mm, shortest_seen)
    # From any middle, two points that far apart lie as far from it in sum.
    highest = reach_mm.max(axis=0)
    aside = (highest - np.roll(highest, len(beside))) / 2
    middle = (height_mm.min() + height_mm.max()) / 2
    rows = [
        np.hypot(
            np.maximum((reach_mm[some] - aside).max(axis=1), 0) / shortest_seen,
            np.abs(height_mm[some] - middle).max(axis=1),
        )
        for some in np.array_split(np.arange(len(reach_mm)), -(-len(reach_mm) // _ROWS_AT_ONCE))
    ]
    radius = np.concatenate(rows)
    kept = radius >= longest - float(beside.max()) - _ROUNDING_MM - radius.max()
    # From here on by direction, so that what is looked at together lies together.
    reach, height = reach_mm[kept].T / shortest_seen, np.ascontiguousarray(height_mm[kept].T)
    radius = np.hypot(np.maximum(reach - (aside / shortest_seen)[:, None], 0), height - middle)
    ones, others = np.split(radius, 2)
    far_ones, far_others = ones.max(axis=1), others.max(axis=1)
    bound = far_ones + far_others + beside
    # The most promising directions first: what they hold leaves little of the others.
    ways = np.argsort(-bound, kind="stable")
    count = max(1, _PAIRS_AT_ONCE // reach.shape[1] ** 2)
    for some in np.array_split(ways, -(-len(ways) // count)):
        least = longest - beside[some] - _ROUNDING_MM
        i = np.flatnonzero((ones[some] >= (least - far_others[some])[:, None]).any(axis=0))
        j = np.flatnonzero((others[some] >= (least - far_ones[some])[:, None]).any(axis=0))
        if len(i) and len(j):
            found = _longest_of(reach, height, (i, j), some) + beside[some]
            longest = max(longest, float(found.max()))
    return longest


def _first_mm(reach: Floats, height: Floats, shortest_seen: float) -> float:
    """Return how far apart two points are that lie nearly the farthest, of all directions."""
    turn = reach.shape[1] // 2
    every = np.arange(2 * turn)
    outer = reach.argmax(axis=0)
    (there, back), (up, down) = (np.split(it[outer, every], 2) for it in (reach, height))
    apart = np.maximum(there + back, 0) / shortest_seen
    longest = float(np.hypot(apart, up - down).max())
    ways = every[:turn:_FIRST_DIRECTIONS]
    of_ones, of_others = (
        [np.ascontiguousarray(it[:, ways + side].T) for it in (reach, height)] for side in (0, turn)
    )
    number = np.arange(len(ways))
    for rise in np.tan(_FIRST_ELEVATIONS):
        i = (of_ones[0] + rise * of_ones[1]).argmax(axis=1)
        j = (of_others[0] - rise * of_others[1]).argmax(axis=1)
        there, up = (it[number, i] for it in of_ones)
        back, down = (it[number, j] for it in of_others)
        apart = np.maximum(there + back, 0) / shortest_seen
        longest = max(longest, float(np.hypot(apart, up - down).max()))
    return longest


def _longest_of(
    reach: Floats, height: Floats, points: tuple[Indices, Indices], ways: Indices
) -> Floats:
    """Return how far apart two of some points are at most in some directions (K,), of (2 D, L)."""
    one, other = (
        np.ix_(rows, which)
        for rows, which in zip((ways, ways + len(reach) // 2), points, strict=True)
    )
    squared = reach[one][:, :, None] + reach[other][:, None]
    np.maximum(squared, 0, out=squared)
    squared *= squared
    rise = height[one][:, :, None] - height[other][:, None]
    rise *= rise
    squared += rise
    return np.asarray(np.sqrt(squared.max(axis=(1, 2))))
