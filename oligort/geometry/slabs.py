"""Slabs: the planes of a structure, each filled half the way to its neighbours.

Between planes a contour fills half the distance to the next plane; the two end planes reach half
a spacing outwards ("half" end caps, the convention of the reference values of Nelms et al., Med.
Phys. 42 (2015) 4435) or stop at their own plane ("none"). A gap of more than 1.5 usual spacings
is a missing plane: it is reported, and nothing is filled in. So is a plane that is missing in one
part of the structure while another part has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from oligort.conventions import DEFAULT, Conventions
from oligort.display import listed, quoted
from oligort.errors import NotEvaluable
from oligort.geometry.continuity import GAP_FACTOR, Gap, missing_mm3, part_gaps
from oligort.geometry.nesting import PlaneLoops
from oligort.geometry.overlay import overlay
from oligort.geometry.structure import XOR_TYPES, Contour, Points, Structure

PLANE_TOLERANCE_MM = 0.05
"""Contours whose positions differ by less lie in one plane.

Ten times finer than the thinnest CT slices in use (0.5 mm); systems that round coordinates to
0.01 mm stay well inside.
"""

PLANARITY_TOLERANCE_MM = 0.25
"""How far a point may lie from the plane of its contour.

Half of the thinnest slice in use: flattening such a contour moves no point into another slice.
"""

SAME_LOOP_MM = 0.02
"""Loops that run along each other this closely are one loop drawn twice.

Systems that round coordinates to 0.01 mm place a point up to 0.014 mm from another's.
"""


@dataclass(frozen=True, eq=False)
class PlaneFrame:
    """Axes (u, v, n) of a stack of parallel planes; n is their normal.

    Parameters
    ----------
    axes : (3, 3) array
        Rows are the unit vectors of u, v and n in patient LPS; right-handed.
    """

    axes: Points

    def to_plane(self, points_mm: Points) -> Points:
        """Return patient points (..., 3) as (u, v, n) in mm."""
        return points_mm if self.is_axial else np.asarray(points_mm @ self.axes.T)

    def to_patient(self, points_mm: Points) -> Points:
        """Return (u, v, n) points (..., 3) in mm as patient LPS points."""
        return points_mm if self.is_axial else np.asarray(points_mm @ self.axes)

    @cached_property
    def is_axial(self) -> bool:
        """Whether the normal is the patient axis and (u, v) are LPS x and y."""
        return bool(np.array_equal(self.axes, np.eye(3)))

    def is_parallel_to(self, other: "PlaneFrame") -> bool:
        """Whether both stacks have the same axes, so that their planes can be compared."""
        return bool(np.allclose(self.axes, other.axes, rtol=0, atol=1e-6))


AXIAL = PlaneFrame(np.eye(3))
"""The frame of axial planes: u = x, v = y, n = z."""


@dataclass(frozen=True, eq=False)
class Slab:
    """The loops of one plane and the thickness that they fill.

    Parameters
    ----------
    position_mm : float
        Of the plane along the normal.
    lower_mm, upper_mm : float
        Between which the loops are filled.
    loops : tuple of (N, 2) arrays
        The closed loops in (u, v), each drawn once.
    exclusive : bool
        Whether the loops are of the XOR type: what two of them cover is outside.
    """

    position_mm: float
    lower_mm: float
    upper_mm: float
    loops: tuple[Points, ...]
    exclusive: bool = False

    @cached_property
    def drawn(self) -> PlaneLoops:
        """The loops with their boxes, areas and nesting."""
        return PlaneLoops(self.loops)


@dataclass(frozen=True, eq=False)
class SlabModel:
    """A structure as slabs, in ascending order along the normal.

    Parameters
    ----------
    frame : PlaneFrame
        Axes of the planes.
    slabs : tuple of Slab
        At least one.
    spacing_mm : float
        The usual distance of the structure's planes.
    gaps : tuple of Gap
        Where planes are missing, in the whole structure or in one part of it.
    conventions : Conventions
        Those of end caps, gaps and overlapping loops are in the slabs.
    notes : tuple of str
        What was assumed or repaired.
    """

    frame: PlaneFrame
    slabs: tuple[Slab, ...]
    spacing_mm: float
    gaps: tuple[Gap, ...]
    conventions: Conventions
    notes: tuple[str, ...] = ()

    @cached_property
    def volume_cc(self) -> float:
        """What the loops enclose together, crossing ones too, times the thickness of each plane."""
        areas = [overlay([slab.loops], [slab.exclusive]).of(0) for slab in self.slabs]
        thicknesses = [slab.upper_mm - slab.lower_mm for slab in self.slabs]
        return float(np.dot(areas, thicknesses)) / 1000


def slabs_of(
    structure: Structure,
    usual_spacing_mm: float | None = None,
    conventions: Conventions = DEFAULT,
) -> SlabModel:
    """Return the slab model of a structure.

    Parameters
    ----------
    structure : Structure
        With at least one contour that encloses an area.
    usual_spacing_mm : float or None
        Plane spacing of the image series or of the whole structure set; it gives a single plane
        its thickness and tells whether two planes are neighbours.
    conventions : Conventions, optional
        How far end planes reach, and whether gaps are filled.

    Raises
    ------
    NotEvaluable
        If nothing encloses an area, or only some of the contours with the points for it, or some
        planes have only contours of less than three; if they do not lie in parallel planes, or a
        single plane has no known thickness.
    """
    kept = _KEPT.setdefault(structure, {})
    key = usual_spacing_mm, conventions
    if key not in kept:
        kept[key] = _slabs_of(structure, usual_spacing_mm, conventions)
    return kept[key]


_KEPT: WeakKeyDictionary[Structure, dict[tuple[float | None, Conventions], SlabModel]] = (
    WeakKeyDictionary()
)
"""Histograms, volumes, parts and checks all ask for the slabs of the same structures."""


def _slabs_of(
    structure: Structure, usual_spacing_mm: float | None, conventions: Conventions
) -> SlabModel:
    contours = structure.areas
    if not contours:
        raise NotEvaluable(f"ROI {quoted(structure.roi_name)} has no contour that encloses an area")
    if lines := structure.lines_beside_areas:
        kinds = listed(sorted({line.geometric_type for line in lines}))
        raise NotEvaluable(
            f"of the contours of ROI {quoted(structure.roi_name)} {len(contours)} enclose an area "
            f"and {len(lines)} of three points or more do not, by their type {kinds}: what the ROI "
            f"encloses is not known"
        )
    if traces := traces_off_areas(structure):
        raise NotEvaluable(
            f"of the contours of ROI {quoted(structure.roi_name)} {len(contours)} enclose an area "
            f"and {len(traces)} of less than three points lie in planes in which none does: what "
            f"the ROI encloses is not known"
        )
    frame, positions = _planes_of(contours, structure.roi_name)
    order = np.argsort(positions, kind="stable")
    first_of_plane = np.flatnonzero(np.diff(positions[order], prepend=-np.inf) > PLANE_TOLERANCE_MM)
    members = np.split(order, first_of_plane[1:])
    planes = np.array([positions[plane].mean() for plane in members])
    notes: list[str] = []
    spacing = _usual_spacing(planes, usual_spacing_mm)
    if spacing is None:
        raise NotEvaluable(
            f"ROI {quoted(structure.roi_name)} is drawn in a single plane, and neither an image "
            f"series nor another ROI tells how thick a plane is"
        )
    if len(planes) == 1:
        notes.append(f"single plane: taken as {spacing:.4g} mm thick, the usual plane spacing")
    missing, lower, upper = _extents(planes, spacing, conventions)
    slabs = []
    repeated = 0
    for plane, plane_mm, lower_mm, upper_mm in zip(members, planes, lower, upper, strict=True):
        loops = [frame.to_plane(contours[index].points_mm)[:, :2] for index in plane]
        distinct = _distinct(loops)
        repeated += len(loops) - len(distinct)
        exclusive = conventions.overlapping_loops == "xor" or all(
            contours[index].geometric_type in XOR_TYPES for index in plane
        )
        slabs.append(
            Slab(float(plane_mm), float(lower_mm), float(upper_mm), tuple(distinct), exclusive)
        )
    whole = tuple(_gap_between(slabs[i], slabs[i + 1], spacing) for i in np.flatnonzero(missing))
    partial = part_gaps(planes, [slab.drawn for slab in slabs], spacing)
    filled = "filled from both sides" if conventions.gaps == "fill" else "not filled"
    notes += [f"no contour {_between(gap)}: {filled}" for gap in whole]
    notes += [f"no contour {_between(gap)} in one part: not filled" for gap in partial]
    if repeated:
        notes.append(f"{repeated} loops repeat another loop of their plane: each counted once")
    gaps = sorted(whole + partial, key=lambda gap: (gap.lower_plane_mm, gap.upper_plane_mm))
    return SlabModel(frame, tuple(slabs), spacing, tuple(gaps), conventions, tuple(notes))


def traces_off_areas(structure: Structure) -> tuple[Contour, ...]:
    """Return contours of less than three points in planes that no area covers, where areas are.

    They may be what is left of loops. Beside a loop of their plane they are a click too many, and
    drawn alone a marker; without any point the plane is not known.

    Raises
    ------
    NotEvaluable
        If there are such contours, and the areas do not lie in parallel planes.
    """
    areas = structure.areas
    traces = [contour for contour in structure.contours if len(contour.points_mm) < 3]
    if not areas or not traces:
        return ()
    frame, positions = _planes_of(areas, structure.roi_name)

    def is_covered(trace: Contour) -> bool:
        along = trace.points_mm @ frame.axes[2]
        away = np.abs(along[:, None] - positions).min(axis=1)
        return bool(along.size and (away <= PLANARITY_TOLERANCE_MM).all())

    return tuple(trace for trace in traces if not is_covered(trace))


def plane_positions_mm(structure: Structure) -> Points:
    """Return the ascending positions (n,) of the structure's planes along its normal, in mm."""
    contours = structure.areas
    if not contours:
        return np.empty(0)
    positions = np.sort(_planes_of(contours, structure.roi_name)[1])
    return positions[np.diff(positions, prepend=-np.inf) > PLANE_TOLERANCE_MM]


def most_common_spacing_mm(steps_mm: Points) -> float | None:
    """Return the most common of plane steps (n,), to 0.01 mm; of equally common ones the smaller.

    The median would call a gap usual in a structure of three planes.
    """
    steps = steps_mm[steps_mm > PLANE_TOLERANCE_MM]
    if not steps.size:
        return None
    values, counts = np.unique(np.round(steps, 2), return_counts=True)
    alike = np.sort(steps[np.round(steps, 2) == values[np.argmax(counts)]])
    # Their median; numpy's own loads masked arrays, which takes as long as most histograms.
    return float(alike[(len(alike) - 1) // 2] + alike[len(alike) // 2]) / 2


def _usual_spacing(planes: Points, usual_spacing_mm: float | None) -> float | None:
    """Two planes alone do not tell whether one is missing between them: the image series does."""
    if len(planes) > 2 or usual_spacing_mm is None:
        return most_common_spacing_mm(np.diff(planes)) or usual_spacing_mm
    return usual_spacing_mm


def _extents(
    planes: Points, spacing: float, conventions: Conventions
) -> tuple[npt.NDArray[np.bool_], Points, Points]:
    """Return which steps are gaps, and the bounds of the slabs around ascending planes."""
    steps = np.diff(planes)
    missing = steps > GAP_FACTOR * spacing
    middle = (planes[:-1] + planes[1:]) / 2
    open_steps = missing & (conventions.gaps == "report")
    cap = spacing / 2 if conventions.end_caps == "half" or len(planes) == 1 else 0.0
    upper = np.append(np.where(open_steps, planes[:-1] + spacing / 2, middle), planes[-1] + cap)
    lower = np.append(planes[0] - cap, np.where(open_steps, planes[1:] - spacing / 2, middle))
    if len(steps) and conventions.end_caps == "half":
        # An end cap reaches half of the step beside it, which may differ from the usual spacing.
        if not missing[0]:
            lower[0] = planes[0] - steps[0] / 2
        if not missing[-1]:
            upper[-1] = planes[-1] + steps[-1] / 2
    return missing, lower, upper


def _gap_between(below: Slab, above: Slab, spacing: float) -> Gap:
    """Return the gap between two neighbouring planes of the whole structure."""
    lower_mm2, upper_mm2 = (float(slab.drawn.enclosed_mm2.sum()) for slab in (below, above))
    step = above.position_mm - below.position_mm
    missing = missing_mm3(lower_mm2, upper_mm2, step, spacing)
    return Gap(below.position_mm, above.position_mm, missing)


def _between(gap: Gap) -> str:
    return f"between {gap.lower_plane_mm:.4g} and {gap.upper_plane_mm:.4g} mm"


def _planes_of(contours: Sequence[Contour], roi_name: str) -> tuple[PlaneFrame, Points]:
    """Return the common frame of the contours and the position of each along its normal."""
    starts = np.cumsum([0] + [len(contour.points_mm) for contour in contours[:-1]])
    points = np.concatenate([contour.points_mm for contour in contours])
    for frame_of in (_axial_frame, _fitted_frame):
        frame = frame_of(contours)
        along = points @ frame.axes[2]
        highest = np.maximum.reduceat(along, starts)
        lowest = np.minimum.reduceat(along, starts)
        if (highest - lowest <= 2 * PLANARITY_TOLERANCE_MM).all():
            counts = np.diff(np.append(starts, len(points)))
            return frame, np.add.reduceat(along, starts) / counts
    raise NotEvaluable(
        f"the contours of ROI {quoted(roi_name)} do not lie in parallel planes "
        f"(tolerance {PLANARITY_TOLERANCE_MM} mm)"
    )


def _axial_frame(_contours: Sequence[Contour]) -> PlaneFrame:
    """Return the frame that nearly all contours are drawn in, whatever they are."""
    return AXIAL


def _fitted_frame(contours: Sequence[Contour]) -> PlaneFrame:
    """Return the frame of the contour that encloses the largest area."""
    areas = [
        np.cross(contour.points_mm, np.roll(contour.points_mm, -1, axis=0)).sum(axis=0)
        for contour in contours
    ]
    largest = max(areas, key=lambda area: float(np.linalg.norm(area)))
    length = float(np.linalg.norm(largest))
    if length == 0:
        return AXIAL
    normal = largest / length
    # One sign for both directions of drawing: the largest component of the normal is positive.
    normal = normal * np.sign(normal[np.argmax(np.abs(normal))])
    helper = np.eye(3)[np.argmin(np.abs(normal))]
    u = np.cross(helper, normal)
    u /= np.linalg.norm(u)
    return PlaneFrame(np.stack([u, np.cross(normal, u), normal]))


def _distinct(loops: list[Points]) -> list[Points]:
    """Return the loops without those that repeat an earlier one, from any start, either way."""
    if len(loops) == 1:
        return loops
    drawn = PlaneLoops(loops)
    boxes = np.concatenate([drawn.low_mm, drawn.high_mm], axis=1)
    alike = np.ones((len(loops), len(loops)), dtype=bool)
    for edge in boxes.T:
        alike &= np.abs(edge[:, None] - edge) <= SAME_LOOP_MM
    if np.count_nonzero(alike) == len(loops):
        return loops
    distinct: list[int] = []
    for number, loop in enumerate(loops):
        is_repeat = any(
            _runs_along(loop, loops[earlier]) and _runs_along(loops[earlier], loop)
            for earlier in np.flatnonzero(alike[number, :number])
            if earlier in distinct
        )
        if not is_repeat:
            distinct.append(number)
    return [loops[number] for number in distinct]


def _runs_along(loop: Points, other: Points) -> bool:
    """Whether every point of a loop (N, 2) lies on the outline of another (M, 2)."""
    along = np.roll(other, -1, axis=0) - other
    squared = np.maximum((along**2).sum(axis=1), np.finfo(float).tiny)
    offset = loop[:, None] - other
    share = np.clip((offset * along).sum(axis=2) / squared, 0, 1)
    away = np.hypot(*np.moveaxis(offset - share[..., None] * along, 2, 0))
    return bool((away.min(axis=1) <= SAME_LOOP_MM).all())
