"""Continuity: planes that are missing in one part of a structure, while another part has them.

Both lungs drawn as one ROI have a contour in every plane even where those of one lung are left
out. So every area is followed on its own: one that nothing overlaps in the next plane, and that a
later plane takes up again, was interrupted. An area that forks, ends or begins for good is whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from oligort.geometry.nesting import PlaneLoops, following_points
from oligort.geometry.overlay import overlay
from oligort.geometry.structure import Points

GAP_FACTOR = 1.5
"""A step between planes of more than this many usual spacings is a missing plane."""

SPECK_MM2 = 20.0
"""An area of less interrupts nothing: a disc of 5 mm.

A plane of 3 mm of one that is really missing holds 0.06 cc.
"""

SPECK_SHARE = 0.01
"""Nor does an area of less than this share of the largest that the structure has in any plane.

Systems that find a lung by its density leave islands, of vessels and airways, in some planes and
not in others; in a whole lung they reached 0.4 % of its largest plane.
"""

ONE_SIDED_SHARE = 0.1
"""From this share on, an area that ends is a gap even where what resumes it began elsewhere.

Where both lungs touch, one outline holds the two and goes on in the lung that is drawn. But what
bulges sideways over an end is no gap: a branch of the great vessels under the arch is 4 %. Across
a gap of the whole structure one side alone says nothing.
"""

_WITNESSES = 4
"""Points of either loop that are looked for in the other before the exact overlap is computed."""

_Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Gap:
    """Two planes with at least one plane missing between them, in a structure or one part of it.

    Parameters
    ----------
    lower_plane_mm, upper_plane_mm : float
        Positions of the drawn planes on both sides along the normal.
    missing_mm3 : float
        What the missing planes would hold: the mean of the areas on both sides, times their
        distance less the usual spacing, which the two planes fill themselves.
    """

    lower_plane_mm: float
    upper_plane_mm: float
    missing_mm3: float


def missing_mm3(lower_mm2: float, upper_mm2: float, step_mm: float, spacing_mm: float) -> float:
    """Return what is missing between two areas that lie a step apart."""
    return (lower_mm2 + upper_mm2) / 2 * (step_mm - spacing_mm)


def part_gaps(planes_mm: Points, loops: Sequence[PlaneLoops], spacing_mm: float) -> tuple[Gap, ...]:
    """Return the gaps of single parts of a structure, in ascending order.

    Two areas follow each other where they overlap; what lies in a hole of the other plane counts
    as overlapping. Gaps in which no part at all is drawn are not among them.

    Parameters
    ----------
    planes_mm : (P,) array
        Ascending positions of the planes.
    loops : P of PlaneLoops
        The loops of each plane.
    spacing_mm : float
        The usual distance of the planes.
    """
    if len(planes_mm) < 3:
        return ()
    outlines = _Outlines.of(loops)
    steps = np.diff(planes_mm)
    is_gap = steps > GAP_FACTOR * spacing_mm
    # Along the planes as if none were missing everywhere: what is, counts once, elsewhere.
    along_mm = np.append(0.0, np.cumsum(np.where(is_gap, spacing_mm, steps)))
    joined: dict[tuple[int, int], tuple[set[int], set[int]]] = {}
    for lowers, uppers in _interruptions(outlines, np.append(0, np.cumsum(is_gap))):
        pair = int(outlines.plane[lowers[0]]), int(outlines.plane[uppers[0]])
        if along_mm[pair[1]] - along_mm[pair[0]] > GAP_FACTOR * spacing_mm:
            both = joined.setdefault(pair, (set(), set()))
            both[0].update(lowers.tolist())
            both[1].update(uppers.tolist())
    return tuple(
        Gap(
            float(planes_mm[low]),
            float(planes_mm[high]),
            missing_mm3(
                float(outlines.area_mm2[list(lowers)].sum()),
                float(outlines.area_mm2[list(uppers)].sum()),
                float(along_mm[high] - along_mm[low]),
                spacing_mm,
            ),
        )
        for (low, high), (lowers, uppers) in sorted(joined.items())
    )


def _interruptions(
    outlines: "_Outlines", gaps_below: _Indices
) -> Iterator[tuple[_Indices, _Indices]]:
    """Yield the areas below and above each gap: one on one side, those that face it on the other.

    What ends and what begins again face each other across the nearest plane in which anything
    overlaps. One of the two sides is enough if it is too large to face a mere bulge of another
    area. `gaps_below` are the gaps of the whole structure below each plane, (P,).
    """
    below, above = outlines.pairs_of_next_planes()
    linked = outlines.overlap(below, above)
    largest = float(np.bincount(outlines.plane, outlines.area_mm2).max())
    ends = outlines.area_mm2 >= max(SPECK_MM2, SPECK_SHARE * largest)
    begins = ends.copy()
    ends[below[linked]] = False
    begins[above[linked]] = False
    stretch = gaps_below[outlines.plane]
    is_wide = outlines.area_mm2 >= ONE_SIDED_SHARE * largest
    for lower in np.flatnonzero(ends):
        uppers = outlines.facing(lower, np.flatnonzero(outlines.plane > outlines.plane[lower]))
        is_near = is_wide[lower] and (stretch[uppers] == stretch[lower]).all()
        if len(uppers) and (is_near or begins[uppers].any()):
            yield np.array([lower]), uppers
    for upper in np.flatnonzero(begins & is_wide):
        lowers = outlines.facing(upper, np.flatnonzero(outlines.plane < outlines.plane[upper]))
        if len(lowers) and (stretch[lowers] == stretch[upper]).all():
            yield lowers, np.array([upper])


@dataclass(frozen=True, eq=False)
class _Outlines:
    """The outer loops of a structure, plane by plane; holes are left out.

    Parameters
    ----------
    loops : L arrays (N, 2)
    plane : (L,) array
        Index of the plane of each, ascending.
    area_mm2 : (L,) array
        What each encloses, less the holes in it.
    """

    loops: list[Points]
    plane: _Indices
    area_mm2: Points

    @classmethod
    def of(cls, planes: Sequence[PlaneLoops]) -> "_Outlines":
        """Return the outer loops of all planes."""
        kept: list[Points] = []
        plane_of: list[int] = []
        areas: list[float] = []
        for number, plane in enumerate(planes):
            area = plane.enclosed_mm2.copy()
            outer, holes = np.flatnonzero(area >= 0), np.flatnonzero(area < 0)
            if len(holes):
                holders = _holders_of(holes, outer, plane)
                np.add.at(area, holders[holders >= 0], area[holes[holders >= 0]])
            kept += [plane.loops[index] for index in outer]
            areas += area[outer].tolist()
            plane_of += [number] * len(outer)
        return cls(kept, np.array(plane_of, dtype=np.int64), np.array(areas))

    @cached_property
    def _points(self) -> Points:
        return np.concatenate(self.loops)

    @cached_property
    def _steps(self) -> Points:
        """From each point to the next of its loop."""
        return np.asarray(self._points[following_points(self._lengths)] - self._points)

    @cached_property
    def _lengths(self) -> _Indices:
        return np.array([len(loop) for loop in self.loops])

    @cached_property
    def _starts(self) -> _Indices:
        return np.cumsum(self._lengths) - self._lengths

    @cached_property
    def _boxes(self) -> tuple[Points, Points]:
        return (
            np.minimum.reduceat(self._points, self._starts),
            np.maximum.reduceat(self._points, self._starts),
        )

    def pairs_of_next_planes(self) -> tuple[_Indices, _Indices]:
        """Return every loop with every loop of the next plane, as two arrays of indices."""
        first = np.searchsorted(self.plane, self.plane + 1)
        counts = np.searchsorted(self.plane, self.plane + 1, side="right") - first
        below = np.repeat(np.arange(len(self.loops)), counts)
        within = np.arange(len(below)) - np.repeat(np.cumsum(counts) - counts, counts)
        return below, first[below] + within

    def facing(self, loop: np.int64, others: _Indices) -> _Indices:
        """Return those of the others that overlap a loop, in the plane nearest to it."""
        met = others[self.overlap(np.full(len(others), loop), others)]
        away = np.abs(self.plane[met] - self.plane[loop])
        return np.asarray(met[away == away.min(initial=len(self.loops))])

    def overlap(self, one: _Indices, other: _Indices) -> npt.NDArray[np.bool_]:
        """Whether the loops of each pair enclose an area in common."""
        low, high = self._boxes
        meet = (low[one] < high[other]).all(axis=1) & (low[other] < high[one]).all(axis=1)
        found = np.zeros(len(one), dtype=bool)
        for turn in range(_WITNESSES):
            for these, those in ((one, other), (other, one)):
                open_pairs = np.flatnonzero(meet & ~found)
                inner = these[open_pairs]
                witness = self._points[self._starts[inner] + self._lengths[inner] * turn // 4]
                found[open_pairs] = self._hold(those[open_pairs], witness)
        for pair in np.flatnonzero(meet & ~found):
            laid = overlay([[self.loops[one[pair]]], [self.loops[other[pair]]]])
            found[pair] = laid.shared(0, 1) > 0
        return found

    def _hold(self, loops: _Indices, witness: Points) -> npt.NDArray[np.bool_]:
        """Whether each loop holds the witness of its pair, (K, 2), by the even-odd rule."""
        low, high = self._boxes
        held = ((low[loops] < witness) & (witness < high[loops])).all(axis=1)
        asked = np.flatnonzero(held)
        counts = self._lengths[loops[asked]]
        begin = np.cumsum(counts) - counts
        edge = np.arange(counts.sum()) + np.repeat(self._starts[loops[asked]] - begin, counts)
        owner = np.repeat(asked, counts)
        up = self._points[edge, 1] - witness[owner, 1]
        rises = (up > 0) != (up + self._steps[edge, 1] > 0)
        edge, owner, up = edge[rises], owner[rises], up[rises]
        at = self._points[edge, 0] - up * self._steps[edge, 0] / self._steps[edge, 1]
        crossed = np.bincount(owner[witness[owner, 0] < at], minlength=len(loops))
        return np.asarray(held & (crossed % 2 == 1))


def _holders_of(holes: _Indices, outer: _Indices, plane: PlaneLoops) -> _Indices:
    """Return the smallest outer loop whose box holds that of each hole; -1 where none does."""
    low, high = plane.low_mm, plane.high_mm
    holds = (low[outer] <= low[holes, None]) & (high[holes, None] <= high[outer])
    is_held = holds[..., 0] & holds[..., 1]
    area = np.where(is_held, plane.enclosed_mm2[outer], np.inf)
    return np.where(is_held.any(axis=1), outer[area.argmin(axis=1)], -1)
