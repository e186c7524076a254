"""Contact of slab solids: the volume that two share, whether they touch, what points they hold."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from oligort.geometry.nesting import inside_loop
from oligort.geometry.overlay import overlay
from oligort.geometry.slabs import Slab, SlabModel
from oligort.geometry.structure import Points

Bools = npt.NDArray[np.bool_]

TOUCH_MM = 0.5
"""Solids nearer than this touch.

Half a pixel of a 1 mm image: two contours drawn along the same pixel border lie as far apart by
rounding alone.
"""


_LINES_ACROSS = 8
"""Lines on which two loops are compared before the exact overlap is computed."""


def shared_volume_cc(first: SlabModel, second: SlabModel) -> float:
    """Return the volume that two stacks of slabs have in common, exact for the slabs.

    Raises
    ------
    ValueError
        If their planes are not parallel.
    """
    return sum(
        thickness * _common_mm2(a, b) / 1000
        for thickness, a, b in _facing(first, second, 0.0)
        if thickness > 0
    )


def touch(first: SlabModel, second: SlabModel, reach_mm: float = TOUCH_MM) -> bool:
    """Whether two stacks of slabs overlap or come nearer to each other than a reach.

    That is along their planes and across them, each by itself.

    Raises
    ------
    ValueError
        If their planes are not parallel.
    """
    return any(
        _common_mm2(a, b) > 0
        or min(loop_distance_mm(one, other) for one in a.loops for other in b.loops) <= reach_mm
        for _, a, b in _facing(first, second, reach_mm)
    )


def comes_within(first: SlabModel, second: SlabModel, reach_mm: float) -> bool:
    """Whether two stacks of slabs overlap or come as near to each other as `reach_mm`.

    Raises
    ------
    ValueError
        If their planes are not parallel.
    """
    return any(
        np.hypot(min(common_mm, 0.0), _loops_apart_mm(one, other)) <= reach_mm
        for common_mm, a, b in _facing(first, second, reach_mm)
        for one in a.loops
        for other in b.loops
    )


def _loops_apart_mm(one: Points, other: Points) -> float:
    """Return the distance in mm of what two loops (N, 2) enclose; 0 where one holds the other."""
    if inside_loop(one[:1], other)[0] or inside_loop(other[:1], one)[0]:
        return 0.0
    return loop_distance_mm(one, other)


def holds(model: SlabModel, points_mm: Points) -> Bools:
    """Whether a stack of slabs holds patient points (N, 3); on an outline either way."""
    along = model.frame.to_plane(points_mm)
    held = np.zeros(len(points_mm), dtype=bool)
    for slab in model.slabs:
        here = np.flatnonzero((along[:, 2] >= slab.lower_mm) & (along[:, 2] <= slab.upper_mm))
        if not len(here):
            continue
        inside = np.stack([inside_loop(along[here, :2], loop) for loop in slab.loops])
        # A hole takes away what the loop around it adds; of the XOR type every loop does.
        outer = np.ones(len(slab.loops)) if slab.exclusive else np.sign(slab.drawn.enclosed_mm2)
        depth = outer @ inside
        held[here] |= depth % 2 == 1 if slab.exclusive else depth > 0
    return held


def _common_mm2(a: Slab, b: Slab) -> float:
    near = [_loops_near(a, _box(b)), _loops_near(b, _box(a))]
    return overlay(near, [a.exclusive, b.exclusive]).shared(0, 1) if all(near) else 0.0


def _loops_near(slab: Slab, box: tuple[Points, Points]) -> list[Points]:
    """Return the loops that may lie in a box, and those that these may lie in or cross, and so on.

    The others, such as all islands of a chest wall but one, say nothing of what lies there.
    """
    low, high = slab.drawn.low_mm, slab.drawn.high_mm
    near = np.empty(0, dtype=np.int64)
    while True:
        found = np.flatnonzero((low <= box[1]).all(axis=1) & (box[0] <= high).all(axis=1))
        if len(found) == len(near):
            return [slab.loops[number] for number in near]
        near = found
        # A box around all of them meets whatever one of them does.
        box = low[near].min(axis=0), high[near].max(axis=0)


def _facing(
    first: SlabModel, second: SlabModel, reach_mm: float
) -> Iterator[tuple[float, Slab, Slab]]:
    """Yield pairs of slabs within reach of each other, with the thickness they have in common."""
    if not first.frame.is_parallel_to(second.frame):
        raise ValueError("expected two structures drawn in parallel planes")
    lower = np.array([slab.lower_mm for slab in second.slabs])
    upper = np.array([slab.upper_mm for slab in second.slabs])
    boxes = [_box(slab) for slab in second.slabs]
    for slab in first.slabs:
        low, high = _box(slab)
        common = np.minimum(upper, slab.upper_mm) - np.maximum(lower, slab.lower_mm)
        for index in np.flatnonzero(common >= -reach_mm):
            other_low, other_high = boxes[index]
            if (low - reach_mm <= other_high).all() and (other_low - reach_mm <= high).all():
                yield float(common[index]), slab, second.slabs[index]


def _box(slab: Slab) -> tuple[Points, Points]:
    return slab.drawn.low_mm.min(axis=0), slab.drawn.high_mm.max(axis=0)


def loop_distance_mm(first: Points, second: Points) -> float:
    """Return the least distance in mm of two loops (N, 2) that do not cross."""
    return min(_vertex_to_edge(first, second), _vertex_to_edge(second, first))


def _vertex_to_edge(vertices: Points, loop: Points) -> float:
    along = np.roll(loop, -1, axis=0) - loop
    squared = np.maximum((along**2).sum(axis=1), np.finfo(float).tiny)
    offset = vertices[:, None] - loop
    share = np.clip((offset * along).sum(axis=2) / squared, 0, 1)
    return float(np.sqrt(((offset - share[..., None] * along) ** 2).sum(axis=2).min()))


def shared_at_least_mm2(one: Points, other: Points) -> Iterator[float]:
    """Yield areas in mm2 that two loops (N, 2) surely share, each around one line across them.

    On a line between vertices the loops enclose stretches. Until the next vertex the ends of the
    longest one they share move no faster than the flattest edge leans, whichever edges cross.
    Rough outlines that overlap are told so without cutting them at all their crossings.
    """
    levels = np.sort(np.concatenate([one[:, 1], other[:, 1]]))
    bottom, top = max(one[:, 1].min(), other[:, 1].min()), min(one[:, 1].max(), other[:, 1].max())
    levels = levels[(levels >= bottom) & (levels <= top)]
    gaps_mm = np.diff(levels)
    for widest in np.argsort(-gaps_mm, kind="stable")[:_LINES_ACROSS]:
        half_mm = float(gaps_mm[widest]) / 2
        crossings = [_crossings(loop, float(levels[widest]) + half_mm) for loop in (one, other)]
        at, lean = np.concatenate(crossings, axis=1)
        owner = np.repeat([0, 1], [its.shape[1] for its in crossings])
        order = np.argsort(at)
        is_in_both = np.logical_and(*(np.cumsum(owner[order] == n) % 2 == 1 for n in (0, 1)))
        length_mm = float((np.diff(at[order]) * is_in_both[:-1]).max(initial=0.0))
        steepest = float(np.abs(lean).max(initial=0.0))
        # So far half of the length is left in the mean, on both sides of the line.
        height_mm = min(half_mm, length_mm / (2 * steepest)) if steepest > 0 else half_mm
        yield length_mm * height_mm


def _crossings(loop: Points, level_mm: float) -> Points:
    """Return where the edges of a loop cross a line along u, and how they lean there, (2, K)."""
    following = np.concatenate([loop[1:], loop[:1]])
    across = (loop[:, 1] > level_mm) != (following[:, 1] > level_mm)
    begin, end = loop[across], following[across]
    lean = (end[:, 0] - begin[:, 0]) / (end[:, 1] - begin[:, 1])
    return np.stack([begin[:, 0] + lean * (level_mm - begin[:, 1]), lean])
