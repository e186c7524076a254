"""Parts: the separate 3D pieces of one structure, by the exact overlap of its polygons."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, pairwise
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from oligort.display import quoted
from oligort.errors import NotEvaluable
from oligort.geometry.contact import loop_distance_mm, shared_at_least_mm2
from oligort.geometry.continuity import GAP_FACTOR
from oligort.geometry.nesting import SAME_AREA, Nesting
from oligort.geometry.overlay import overlay
from oligort.geometry.slabs import PlaneFrame, Slab, SlabModel, slabs_of
from oligort.geometry.structure import Points, Structure

MAX_BRIDGED_SPACINGS = 3.0
"""Parts that overlap across missing planes may be one up to this many usual spacings.

Two planes left out between drawn ones; across a wider gap two shapes say little of each other.
"""

LEANING_SPACINGS = 1.5
"""Where one part ends and one begins in the next plane so few spacings aside, they may be one.

A pleural plaque 4 mm thick, 20 degrees from lying in the planes of 5 mm, overlaps from none to the
next and leaves 2 mm between them; a rind of 2 mm, in planes of 3 mm, up to 4 mm at its ends.
"""

_NO_AREA_MM2 = 1e-6
"""A loop of less encloses nothing: a line of 1 mm, walked back a nanometre beside itself."""


SLIVER_MM = 0.05
"""A region narrower than this has no side that its drawing could tell.

Where a plane grazes a solid, systems write slivers of some 0.001 mm, beside the area that they
belong to as often as on it. They join what lies this near; 0.05 mm is the tolerance of planes.
"""


@dataclass(frozen=True, eq=False)
class LinkedAreas:
    """The connected areas of the planes of one part, and what lies on what.

    Parameters
    ----------
    loops : tuple of tuples of (N, 2) arrays
        The loops of each area, plane by plane upwards.
    plane : tuple of int
        In which slab each area lies.
    links : (L, 2) indices
        Areas of neighbouring planes that overlap, the lower one first.
    """

    loops: tuple[tuple[Points, ...], ...]
    plane: tuple[int, ...]
    links: npt.NDArray[np.intp]

    @cached_property
    def points_mm(self) -> tuple[Points, ...]:
        """The points (N, 2) of all loops of each area."""
        return tuple(its[0] if len(its) == 1 else np.concatenate(its) for its in self.loops)


@dataclass(frozen=True, eq=False)
class Part:
    """One separate 3D piece of a structure.

    Parameters
    ----------
    model : SlabModel
        Its own loops, holes included, plane by plane.
    maybe_one_with : tuple of int
        Indices of the parts of the same structure that may be one with it between the planes: only
        missing planes keep them apart, or a lean.
    areas : LinkedAreas or None
        Its areas and what lies on what, where they are known already; see `linked_areas`.
    """

    model: SlabModel
    maybe_one_with: tuple[int, ...] = ()
    areas: LinkedAreas | None = None

    @property
    def slabs(self) -> tuple[Slab, ...]:
        """The part's planes in ascending order."""
        return self.model.slabs

    @cached_property
    def volume_cc(self) -> float:
        """Slab volume."""
        return float(self._moments[0]) / 1000

    @cached_property
    def centroid_mm(self) -> Points:
        """Centre (3,) of the slab volume in patient LPS."""
        return self.model.frame.to_patient(self._moments[1:] / self._moments[0])

    def bounds_in(self, frame: PlaneFrame) -> tuple[Points, Points]:
        """Return the lowest and highest (u, v, n) of another frame that the slabs reach, in mm."""
        ends = [
            np.column_stack([loop, np.full(len(loop), end_mm)])
            for slab in self.slabs
            for loop in slab.loops
            for end_mm in (slab.lower_mm, slab.upper_mm)
        ]
        points = frame.to_plane(self.model.frame.to_patient(np.concatenate(ends)))
        return points.min(axis=0), points.max(axis=0)

    @cached_property
    def bounds_mm(self) -> tuple[Points, Points]:
        """Lowest and highest (u, v, n) that the slabs reach."""
        points = np.concatenate([loop for slab in self.slabs for loop in slab.loops])
        low = np.append(points.min(axis=0), self.slabs[0].lower_mm)
        return low, np.append(points.max(axis=0), self.slabs[-1].upper_mm)

    @cached_property
    def _moments(self) -> Points:
        """Volume in mm3 and its first moments along u, v and n."""
        total = np.zeros(4)
        for slab in self.slabs:
            laid = overlay([slab.loops], [slab.exclusive])
            area, thickness = laid.of(0), slab.upper_mm - slab.lower_mm
            middle = (slab.upper_mm + slab.lower_mm) / 2
            total += thickness * np.array([area, *laid.moment_mm3.sum(axis=0), area * middle])
        return total


@dataclass(frozen=True, eq=False)
class _Region:
    """One connected area of one plane: an outer loop with its holes."""

    plane: int
    loops: tuple[Points, ...]
    low: Points
    high: Points
    exclusive: bool


def parts(structure: Structure, usual_spacing_mm: float | None = None) -> tuple[Part, ...]:
    """Return the separate 3D parts of a structure, from the lowest upwards.

    Two areas of neighbouring planes belong to one part where they overlap (slivers: where they
    meet); holes belong to what
    surrounds them; two loops of one plane belong together only through other planes. Over a gap
    of more than 1.5 usual spacings, or over a plane that another part alone is drawn on, nothing
    is joined; `Part.maybe_one_with` names what up to 3 spacings keep apart although the areas on
    both sides overlap.

    Parameters
    ----------
    structure : Structure
        With at least one contour that encloses an area.
    usual_spacing_mm : float or None
        As for `slabs_of`.

    Raises
    ------
    NotEvaluable
        If nothing encloses an area, the contours do not lie in parallel planes, or a single plane
        has no known thickness.
    """
    kept = _KEPT.setdefault(structure, {})
    if usual_spacing_mm not in kept:
        kept[usual_spacing_mm] = _parts(structure, usual_spacing_mm)
    return kept[usual_spacing_mm]


_KEPT: WeakKeyDictionary[Structure, dict[float | None, tuple[Part, ...]]] = WeakKeyDictionary()
"""A check counts the lesions of the same structures by several names, and asks for parts between.
"""


def _parts(structure: Structure, usual_spacing_mm: float | None) -> tuple[Part, ...]:
    model = slabs_of(structure, usual_spacing_mm)
    by_plane = [list(_regions(number, slab)) for number, slab in enumerate(model.slabs)]
    regions = [region for plane in by_plane for region in plane]
    if not regions:
        raise NotEvaluable(f"no contour of ROI {quoted(structure.roi_name)} encloses an area")
    first = np.cumsum([0] + [len(plane) for plane in by_plane])
    numbers = [range(low, high) for low, high in pairwise(first.tolist())]
    positions = [slab.position_mm for slab in model.slabs]
    joined = [
        (a, b)
        for below, above in pairwise(range(len(numbers)))
        if positions[above] - positions[below] <= GAP_FACTOR * model.spacing_mm
        for a in numbers[below]
        for b in numbers[above]
        if _overlap(regions[a], regions[b])
    ]
    bridged = list(_bridges(regions, numbers, positions, joined, model.spacing_mm))
    group_of = connected_groups(len(regions), joined)
    members: dict[int, list[_Region]] = {group: [] for group in group_of}
    links: dict[int, list[tuple[int, int]]] = {group: [] for group in group_of}
    place = []
    for region, group in zip(regions, group_of, strict=True):
        place.append(len(members[group]))
        members[group].append(region)
    for a, b in joined:
        links[group_of[a]].append((place[a], place[b]))
    order = sorted(members, key=lambda group: _place(members[group]))
    rank = {group: number for number, group in enumerate(order)}
    apart = {(rank[group_of[a]], rank[group_of[b]]) for a, b in bridged}
    return tuple(
        Part(
            _sub_model(model, members[group]),
            tuple(sorted({b for a, b in apart | {(b, a) for a, b in apart} if a == own} - {own})),
            _linked(members[group], links[group]),
        )
        for own, group in enumerate(order)
    )


def linked_areas(part: Part) -> LinkedAreas:
    """Return the connected areas of a part; what is alone in its plane is not looked at."""
    if part.areas is not None:
        return part.areas
    by_plane = [list(_areas_of(number, slab)) for number, slab in enumerate(part.slabs)]
    areas = [area for plane in by_plane for area in plane]
    first = np.cumsum([0] + [len(plane) for plane in by_plane]).tolist()
    links = [
        (a, b)
        for plane in range(len(by_plane) - 1)
        for a in range(first[plane], first[plane + 1])
        for b in range(first[plane + 1], first[plane + 2])
        # A part is in one piece: of two areas that are alone, one lies on the other.
        if first[plane + 2] - first[plane] == 2 or _overlap(areas[a], areas[b])
    ]
    return _linked(areas, links)


def _linked(areas: Sequence[_Region], links: Sequence[tuple[int, int]]) -> LinkedAreas:
    """Return areas, plane by plane upwards, and what lies on what."""
    planes = np.unique([area.plane for area in areas], return_inverse=True)[1]
    return LinkedAreas(
        tuple(area.loops for area in areas),
        tuple(planes.tolist()),
        np.array(links, dtype=np.intp).reshape(-1, 2),
    )


def _areas_of(plane: int, slab: Slab) -> Iterator[_Region]:
    if len(slab.loops) > 1:
        yield from _regions(plane, slab)
    else:
        (loop,) = slab.loops
        yield _Region(plane, (loop,), loop.min(axis=0), loop.max(axis=0), slab.exclusive)


def _bridges(
    regions: Sequence[_Region],
    numbers: Sequence[range],
    positions: Sequence[float],
    joined: Sequence[tuple[int, int]],
    spacing_mm: float,
) -> Iterator[tuple[int, int]]:
    """Yield the areas that only missing planes may keep apart, or a lean.

    What nothing overlaps in the next plane is followed, up and down, to the nearest plane within
    reach in which anything does. A solid that leans by 45 degrees or more from the normal, and is
    thinner than it goes aside from plane to plane, overlaps nothing there: in the next plane it
    begins anew.
    """
    follow_up, follow_down = {a for a, _ in joined}, {b for _, b in joined}
    aside_mm = LEANING_SPACINGS * spacing_mm
    reach_mm = (MAX_BRIDGED_SPACINGS + 1e-6) * max(spacing_mm, _alternate_mm(positions))
    for number, region in enumerate(regions):
        own = region.plane
        ways = (
            (follow_up, follow_down, range(own + 1, len(positions))),
            (follow_down, follow_up, range(own - 1, -1, -1)),
        )
        for followed, led_to, planes in ways:
            if number in followed:
                continue
            for plane in planes:
                away = abs(positions[plane] - positions[own])
                if away > reach_mm:
                    break
                met = [other for other in numbers[plane] if _overlap(region, regions[other])]
                if met:
                    yield from ((number, other) for other in met)
                    break
                if abs(plane - own) == 1:  # what lies beyond may be one with it all the same
                    for other in numbers[plane]:
                        if other not in led_to and _is_near(region, regions[other], aside_mm):
                            yield number, other


def _alternate_mm(positions: Sequence[float]) -> float:
    """Return half of the usual way to the next plane but one; a gap widens few of these ways.

    Of two lesions in planes of their own, drawn as one ROI, each has the other's planes between its
    own: the most common step, from one's to the other's, is then as short as chance has it.
    """
    ways = np.sort(np.asarray(positions)[2:] - np.asarray(positions)[:-2])
    return float(ways[(len(ways) - 1) // 4]) / 2 if len(ways) > 3 else 0.0


def connected_groups(count: int, links: Sequence[tuple[int, int]]) -> list[int]:
    """Return for each of `count` things the lowest number that links connect it with."""
    group = list(range(count))

    def root(number: int) -> int:
        while group[number] != number:
            group[number] = group[group[number]]
            number = group[number]
        return number

    for a, b in links:
        low, high = sorted((root(a), root(b)))
        group[high] = low
    return [root(number) for number in range(count)]


def _regions(plane: int, slab: Slab) -> Iterator[_Region]:
    """Yield the connected areas of one plane: loops that overlap, with the holes in them."""
    sized = [(overlay([[loop]]).of(0), loop) for loop in slab.loops]
    drawn = [(area, loop) for area, loop in sized if area > _NO_AREA_MM2]
    loops = [loop for _, loop in drawn]
    boxes = [(loop.min(axis=0), loop.max(axis=0)) for loop in loops]
    shared = np.diag([area for area, _ in drawn])
    for a, b in combinations(range(len(loops)), 2):
        if _boxes_meet(*boxes[a], *boxes[b]):
            shared[a, b] = shared[b, a] = overlay([[loops[a]], [loops[b]]]).shared(0, 1)
    group_of = connected_groups(len(loops), _contacts(shared))
    for group in dict.fromkeys(group_of):
        own = tuple(loops[i] for i in range(len(loops)) if group_of[i] == group)
        points = np.concatenate(own)
        yield _Region(plane, own, points.min(axis=0), points.max(axis=0), slab.exclusive)


def _contacts(shared_mm2: Points) -> list[tuple[int, int]]:
    """Return the pairs of loops that bound one area: holes and outlines, and what partly overlaps.

    An island lies in its hole and touches nothing, unless it pokes out of the hole.
    """
    nesting, area = Nesting.of(shared_mm2), np.diag(shared_mm2)
    smaller = np.minimum(area[:, None], area)
    overlapping = shared_mm2 > SAME_AREA * smaller
    partly = overlapping & (shared_mm2 < (1 - SAME_AREA) * smaller)
    copies = overlapping & (nesting.depth[:, None] == nesting.depth)
    of_hole = nesting.directly_in & nesting.is_hole[:, None]
    return [(int(a), int(b)) for a, b in np.argwhere(partly | of_hole | copies) if a != b]


def _overlap(a: _Region, b: _Region) -> bool:
    """Whether two areas, seen along the normal, have an area in common; slivers need not."""
    if not _boxes_meet(a.low - SLIVER_MM, a.high + SLIVER_MM, b.low, b.high):
        return False
    if len(a.loops) == len(b.loops) == 1:
        smaller_box_mm2 = min(float(np.prod(region.high - region.low)) for region in (a, b))
        bounds_mm2 = shared_at_least_mm2(a.loops[0], b.loops[0])
        if any(bound > SAME_AREA * smaller_box_mm2 for bound in bounds_mm2):
            return True
    laid = overlay([a.loops, b.loops], [a.exclusive, b.exclusive])
    if laid.shared(0, 1) > SAME_AREA * min(laid.of(0), laid.of(1)):
        return True
    if not (_is_sliver(a, laid.of(0)) or _is_sliver(b, laid.of(1))):
        return False
    return min(loop_distance_mm(i, j) for i in a.loops for j in b.loops) <= SLIVER_MM


def _is_near(a: _Region, b: _Region, reach_mm: float) -> bool:
    """Whether two areas that do not overlap, seen along the normal, come so near to each other."""
    if not _boxes_meet(a.low - reach_mm, a.high + reach_mm, b.low, b.high):
        return False
    return min(loop_distance_mm(i, j) for i in a.loops for j in b.loops) <= reach_mm


def _is_sliver(region: _Region, area_mm2: float) -> bool:
    return area_mm2 < SLIVER_MM * float(np.linalg.norm(region.high - region.low))


def _boxes_meet(low_a: Points, high_a: Points, low_b: Points, high_b: Points) -> bool:
    return bool((low_a <= high_b).all() and (low_b <= high_a).all())


def _place(regions: Sequence[_Region]) -> tuple[float, ...]:
    """Order parts by their lowest plane, then by where they begin in it."""
    lowest = min(regions, key=lambda region: (region.plane, *region.low))
    return (lowest.plane, *lowest.low.tolist())


def _sub_model(model: SlabModel, regions: Sequence[_Region]) -> SlabModel:
    """Return the slabs of a model with only the loops of some regions."""
    slabs = []
    for plane in sorted({region.plane for region in regions}):
        loops = tuple(loop for r in regions if r.plane == plane for loop in r.loops)
        slabs.append(replace(model.slabs[plane], loops=loops))
    return replace(model, slabs=tuple(slabs), gaps=())
