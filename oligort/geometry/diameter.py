"""Diameters from contour points, exact: longest in a plane, its short axis, maximum in 3D."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.geometry.convex import convex_hulls

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_ALL_PAIRS = 512
"""Up to so many points every pair is looked at: no search structure is faster."""

_PAIRS_AT_ONCE = 2_000_000
"""Pairs held in memory at a time: some 50 MB of coordinates."""

_ROUNDING = 1e-9
"""Relative slack of the bounds, so that rounding (1e-16 a step) never rejects the true pair."""

_BLOCK_SIZE = 16
"""Points in the smallest blocks: then looking at pairs is as fast as dividing further."""

_DIRECTIONS = 24
"""Directions in which a first good pair is looked for; more only cost time."""

_FLAT = 1e-9
"""Of its length: what lies no farther from its plane is measured in it.

At half that height on either side a length changes by 5e-19 of itself, below rounding.
"""


@dataclass(frozen=True, eq=False)
class PlaneDiameter:
    """The longest diameter of one planar loop.

    Parameters
    ----------
    length_mm : float
        Distance of the two points of the loop that lie farthest apart.
    end_points_mm : (2, 3) array
        Those two points.
    short_axis_mm : float
        Width of the loop's convex hull across the longest diameter: the extent of all points
        along the direction in the plane that is perpendicular to it. The two outermost points
        need not face each other.
    """

    length_mm: float
    end_points_mm: Floats
    short_axis_mm: float


def longest_in_plane(points_mm: Floats) -> PlaneDiameter:
    """Return the longest diameter of one loop and the widest extent perpendicular to it.

    Parameters
    ----------
    points_mm : (N, 3) array
        Vertices of one loop, in one plane of any orientation.

    Raises
    ------
    ValueError
        If there is no point.

    Notes
    -----
    RECIST 1.1 (Eisenhauer et al., Eur J Cancer 2009; 45: 228-247) measures the longest diameter
    in the plane of measurement, and the short axis perpendicular to it.
    """
    points = _checked(points_mm)
    origin = points.mean(axis=0)
    axes = np.linalg.svd(points - origin, full_matrices=False)[2]
    if len(axes) < 3:
        length_mm, ends = maximum_3d(points)
        return PlaneDiameter(length_mm, ends, 0.0)
    coordinates = (points - origin) @ axes.T
    hull = convex_hulls(coordinates[:, :2], [0])
    corners = hull.members
    if np.ptp(coordinates[:, 2]) <= _FLAT * np.ptp(coordinates[:, 0]):
        p, q = hull.facing(np.zeros(1, np.intp), np.zeros(1, np.intp))
        best = hull.longest(p, q)
        ends = points[np.sort(corners[[p[best], q[best]]])]
        length_mm = float(np.linalg.norm(ends[1] - ends[0]))
    else:
        length_mm, ends = maximum_3d(points)
    if length_mm == 0:
        return PlaneDiameter(0.0, ends, 0.0)
    across = np.cross(axes[2], (ends[1] - ends[0]) / length_mm)
    return PlaneDiameter(length_mm, ends, float(np.ptp(points[corners] @ across)))


def _checked(points_mm: Floats) -> Floats:
    points = np.asarray(points_mm, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3 or not len(points):
        raise ValueError(f"expected at least one point of shape (N, 3), found {points.shape}")
    return points


def maximum_3d(points_mm: Floats) -> tuple[float, Floats]:
    """Return the greatest distance between two of the points, and those two points.

    Parameters
    ----------
    points_mm : (N, 3) array

    Returns
    -------
    length_mm : float
    end_points_mm : (2, 3) array

    Raises
    ------
    ValueError
        If there is no point.

    Notes
    -----
    Exact for every cloud. About the centre of a first good pair, of length L, all points lie
    within R. By the parallelogram law two points p and q at least L apart have
    ``|p + q|^2 = 2|p|^2 + 2|q|^2 - |p - q|^2 <= 4R^2 - L^2``, so the partner of p lies near its
    mirror image -p. Blocks of points are compared by this bound and by the reach of their
    boxes; a sphere, where every point has a partner almost as far as any other, is thus
    searched nearly as fast as a rod.
    """
    points = _checked(points_mm)
    first, second = _extreme_pair(points) if len(points) > _ALL_PAIRS else (0, 0)
    centre = (points[first] + points[second]) / 2
    lower = float(np.linalg.norm(points[first] - points[second])) * (1 - _ROUNDING)
    relative = points - centre
    radii = np.linalg.norm(relative, axis=1)
    kept = np.flatnonzero(radii >= lower - radii.max())
    coordinates = np.ascontiguousarray(points[kept].T)
    best_squared, best = lower**2, (first, second)
    for p, q in _candidate_pairs(relative[kept], lower):
        if not len(p):
            continue
        squared = np.zeros(len(p))
        for coordinate in coordinates:
            squared += (coordinate[p] - coordinate[q]) ** 2
        farthest = int(squared.argmax())
        if squared[farthest] > best_squared:
            best_squared = float(squared[farthest])
            best = (int(kept[p[farthest]]), int(kept[q[farthest]]))
    ends = points[sorted(best)]
    return float(np.linalg.norm(ends[1] - ends[0])), ends


def _extreme_pair(points: Floats) -> tuple[int, int]:
    """Return the farthest pair among the outermost points of many directions, walked outwards."""
    turns = np.arange(_DIRECTIONS) * np.pi * (3 - np.sqrt(5))
    heights = (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS
    across = np.sqrt(1 - heights**2)
    directions = np.stack([across * np.cos(turns), across * np.sin(turns), heights], axis=1)
    along = directions @ points.T
    outermost = np.unique(np.concatenate([along.argmax(axis=1), along.argmin(axis=1)]))
    ends = points[outermost]
    squared = ((ends[:, None] - ends[None]) ** 2).sum(axis=2)
    i, j = np.unravel_index(int(squared.argmax()), squared.shape)
    first, second = int(outermost[i]), int(outermost[j])
    reached = float(squared.max())
    while True:
        from_second = ((points - points[second]) ** 2).sum(axis=1)
        farther = int(from_second.argmax())
        if from_second[farther] <= reached:
            return first, second
        first, second, reached = second, farther, float(from_second[farther])


def _candidate_pairs(points: Floats, lower: float) -> Iterator[tuple[Indices, Indices]]:
    """Yield index pairs, in portions, among which every pair at least `lower` apart stands.

    `points` are relative to the centre. They are cut into ever smaller blocks; a pair of blocks
    is followed only while two of their points may be far enough apart.
    """
    if len(points) <= _ALL_PAIRS:
        yield np.triu_indices(len(points))
        return
    members = _blocks(points)
    radii = np.linalg.norm(points, axis=1)
    levels = int(np.log2(len(members)))
    fan_outs = [4] * (levels // 2) + [2] * (levels % 2)
    first, second = np.zeros(1, np.intp), np.zeros(1, np.intp)
    count = 1
    for fan_out in fan_outs:
        count *= fan_out
        children = np.arange(fan_out)
        first = (first[:, None] * fan_out + np.repeat(children, fan_out)).ravel()
        second = (second[:, None] * fan_out + np.tile(children, fan_out)).ravel()
        ordered = first <= second
        boxes = _Boxes.around(points, radii, members.reshape(count, -1))
        first, second = _far_apart(boxes, first[ordered], boxes, second[ordered], lower)
    each = members.shape[1]
    single = _Boxes.around(points, radii, np.arange(len(points))[:, None])
    per_portion = _PAIRS_AT_ONCE // each**2
    for begin in range(0, len(first), per_portion):
        portion = slice(begin, begin + per_portion)
        p, block = members[first[portion]].ravel(), np.repeat(second[portion], each)
        p, block = _far_apart(single, p, boxes, block, lower)
        yield np.repeat(p, each), members[block].ravel()


def _blocks(points: Floats) -> Indices:
    """Return (B, M) indices of points, B a power of 2, halving the longest side again and again.

    The last points are repeated where the count does not fit; that adds no distance.
    """
    doublings = int(np.ceil(np.log2(len(points) / _BLOCK_SIZE)))
    size = -(-len(points) // 2**doublings)
    members = np.minimum(np.arange(size << doublings), len(points) - 1)[None]
    for level in range(doublings):
        coordinates = [points[:, axis][members] for axis in range(3)]
        longest = np.argmax([np.ptp(along, axis=1) for along in coordinates], axis=0)
        along = np.choose(longest[:, None], coordinates)
        half = size << (doublings - level - 1)
        split = np.argpartition(along, half, axis=1)
        members = np.take_along_axis(members, split, axis=1).reshape(-1, half)
    return members


@dataclass(frozen=True, eq=False)
class _Boxes:
    """The boxes (3, B) around blocks of points, and the largest radius in each."""

    low: Floats
    high: Floats
    radius: Floats

    @classmethod
    def around(cls, points: Floats, radii: Floats, members: Indices) -> "_Boxes":
        """Return the boxes around the points of each row of `members` (B, M)."""
        low = np.stack([points[:, axis][members].min(axis=1) for axis in range(3)])
        high = np.stack([points[:, axis][members].max(axis=1) for axis in range(3)])
        return cls(low, high, radii[members].max(axis=1))


def _far_apart(
    one: _Boxes, i: Indices, other: _Boxes, j: Indices, lower: float
) -> tuple[Indices, Indices]:
    """Return the pairs of boxes, i of one kind and j of the other, with points `lower` apart."""
    room = 2 * (one.radius[i] ** 2 + other.radius[j] ** 2) * (1 + _ROUNDING) - lower**2
    i, j, room = i[room >= 0], j[room >= 0], room[room >= 0]
    farthest, mirrored = np.zeros(len(i)), np.zeros(len(i))
    for axis in range(3):
        low_i, high_i = one.low[axis][i], one.high[axis][i]
        low_j, high_j = other.low[axis][j], other.high[axis][j]
        farthest += np.maximum(high_i - low_j, high_j - low_i) ** 2
        mirrored += np.maximum(np.maximum(low_i + low_j, -(high_i + high_j)), 0) ** 2
    kept = (farthest >= lower**2) & (mirrored <= room)
    return i[kept], j[kept]
