"""A picture of each lesion in the plane of its longest diameter."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from oligort.checks.case import Case
from oligort.errors import NotEvaluable
from oligort.geometry.slabs import PlaneFrame, Slab
from oligort.geometry.structure import Points, Structure
from oligort.lesions.drawn import drawn_part
from oligort.lesions.lesion import Lesion
from oligort.lesions.vocabulary import Role
from oligort.report.lesion_document import DoseRecord
from oligort.report.plane_picture import (
    ISODOSES,
    LESION,
    LONGEST,
    SHORT,
    TARGET,
    Outline,
    Pen,
    PlanePicture,
    Ruler,
    sampled_dose,
)
from oligort.report.underlay import Box, underlay_of, window_of
from oligort.report.view import name_of, view_of
from oligort.rounding import shown, shown_interval

AROUND_MM = 24.0
"""How far a picture reaches beyond the lesion: a PTV's margin and the fall of dose beyond it."""

LEAST_MM = 70.0
"""Width of the smallest picture: what tells where in the body it is."""

SHARES = (1.0, 0.8, 0.5)
"""Isodoses as shares of the prescription, or of the maximum in the picture where none is known."""

LEAST_SHARE = 0.1
"""Share of the dose maximum below which isodoses of unknown prescription are scatter alone."""

SAME_LENGTH_MM = 0.05
"""How far a drawn diameter may be from the measured one: what is printed is rounded to a tenth."""


@dataclass(frozen=True)
class LegendEntry:
    """A line of a picture in words."""

    pen: Pen
    said: str


@dataclass(frozen=True)
class LesionPicture:
    """A picture with its legend and caption; `svg` is "" where the caption says why not."""

    svg: str
    caption: str
    legend: tuple[LegendEntry, ...] = ()


def lesion_picture(case: Case, lesion: Lesion, dose: DoseRecord | None, name: str) -> LesionPicture:
    """Return the picture of a lesion in the plane of its longest diameter.

    Of one that is drawn in planes that are not axial it is one of these, near that diameter.
    """
    submission = case.submission
    structures = submission.structure_set.structures
    drawn = drawn_part(structures, lesion, submission.usual_spacing_mm)
    frame = drawn.part.model.frame
    ends = frame.to_plane(lesion.axial_end_points_mm)
    at_mm = float(ends[:, 2].mean()) if lesion.plane_mm is None else lesion.plane_mm
    slab = _slab_at(drawn.part.slabs, at_mm)
    plane = _Plane(frame, slab)
    box = plane.box
    underlay = underlay_of(submission, drawn.structure, box, window_of(lesion.organ))
    rulers, legend = (_rulers if frame.is_axial else _rulers_at_one_height)(lesion, plane)
    outlines = [Outline(plane.loops, LESION)]
    legend.insert(0, LegendEntry(LESION, f"contour of {lesion.label}"))
    for target, loops in _targets(case, plane):
        outlines.insert(0, Outline(loops, TARGET))
        legend.append(LegendEntry(TARGET, target.roi_name))
    picture = PlanePicture(box, underlay, tuple(outlines), None, tuple(rulers))
    picture, of_dose, no_dose = _with_isodoses(case, picture, dose)
    no_ruler = "" if rulers or frame.is_axial else "the ends of its diameter lie in other planes"
    sentences = [_said(lesion, plane), no_ruler, underlay.said, no_dose]
    caption = "; ".join(filter(None, sentences)) + "."
    said = f"{lesion.label}. {caption} {'; '.join(entry.said for entry in of_dose)}"
    return LesionPicture(picture.svg(name, said), caption, (*legend, *of_dose))


@dataclass(frozen=True, eq=False)
class _Plane:
    """The plane of a picture: the frame that the lesion is drawn in, and what is drawn there."""

    frame: PlaneFrame
    slab: Slab

    @cached_property
    def view(self) -> PlaneFrame:
        """The frame in which it is shown."""
        return view_of(self.frame)

    def shown(self, loops: Iterable[Points]) -> tuple[Points, ...]:
        """Return loops (N, 2) of the frame as they are shown."""
        at_mm = self.slab.position_mm
        in_patient = (
            self.frame.to_patient(np.column_stack([loop, np.full(len(loop), at_mm)]))
            for loop in loops
        )
        return tuple(self.view.to_plane(points_mm)[:, :2] for points_mm in in_patient)

    @cached_property
    def loops(self) -> tuple[Points, ...]:
        """The loops of the lesion as they are shown."""
        return self.shown(self.slab.loops)

    @property
    def box(self) -> Box:
        """What the picture shows: the lesion and what lies around it."""
        points = np.vstack(self.loops)
        low, high = points.min(axis=0), points.max(axis=0)
        half = max(float((high - low).max()) / 2 + AROUND_MM, LEAST_MM / 2)
        x, y = (low + high) / 2
        # The normal of the view is that of the frame, or its opposite.
        turned = float(self.view.axes[2] @ self.frame.axes[2])
        at_mm = self.slab.position_mm * (1 if turned > 0 else -1)
        sides = (float(x - half), float(x + half), float(y - half), float(y + half))
        return Box(*sides, at_mm, self.view)


def _said(lesion: Lesion, plane: _Plane) -> str:
    """Return which plane it is, and the size of the lesion there."""
    length, short = (shown(mm, "mm") for mm in (lesion.longest_axial_mm, lesion.short_axis_mm))
    if lesion.plane_mm is not None:
        at = f"Plane z {shown(lesion.plane_mm, 'mm')} mm"
        return f"{at}: longest diameter {length} mm, short axis {short} mm"
    sizes = shown_interval(lesion.longest_axial_mm.low, lesion.longest_axial_mm.high, "mm")
    return (
        f"One of the {name_of(plane.view)} planes that it is drawn in: its longest axial diameter "
        f"is {sizes or length} mm"
    )


def _slab_at(slabs: tuple[Slab, ...], position_mm: float) -> Slab:
    return min(slabs, key=lambda slab: abs(slab.position_mm - position_mm))


def _rulers_at_one_height(lesion: Lesion, plane: _Plane) -> tuple[list[Ruler], list[LegendEntry]]:
    """Return the line between two drawn points at one height, where it lies in the plane.

    An axial diameter is at least as long.
    """
    ends = plane.frame.to_plane(lesion.axial_end_points_mm)[:, 2]
    if ends.min() < plane.slab.lower_mm or ends.max() > plane.slab.upper_mm:
        return [], []
    told = f"{shown(lesion.longest_axial_mm.low, 'mm')} mm"
    line = plane.view.to_plane(lesion.axial_end_points_mm)[:, :2]
    return [Ruler(line, LONGEST, told)], [
        LegendEntry(LONGEST, f"at one height, {told}: the longest axial diameter is at least this")
    ]


def _rulers(lesion: Lesion, plane: _Plane) -> tuple[list[Ruler], list[LegendEntry]]:
    """Return the diameters that can be drawn as they were measured, and their legend."""
    slab = plane.slab
    ends = lesion.axial_end_points_mm[:, :2]
    along = ends[1] - ends[0]
    length = float(np.hypot(*along))
    if abs(length - lesion.longest_axial_mm) > SAME_LENGTH_MM or length == 0:
        # What was measured has no end points of its own: nothing is drawn rather than another.
        return [], []
    told = f"{shown(lesion.longest_axial_mm, 'mm')} mm"
    rulers = [Ruler(ends, LONGEST, told)]
    legend = [LegendEntry(LONGEST, f"longest diameter, {told}")]
    short = _short_axis(slab, ends, along / length)
    if abs(float(np.hypot(*(short[1] - short[0]))) - lesion.short_axis_mm) <= SAME_LENGTH_MM:
        rulers.insert(0, Ruler(short, SHORT))
        legend.append(LegendEntry(SHORT, f"short axis, {shown(lesion.short_axis_mm, 'mm')} mm"))
    return rulers, legend


def _short_axis(slab: Slab, ends: Points, along: Points) -> Points:
    """Return the widest across the longest diameter, (2, 2), of the loop that it lies in."""
    loop = min(slab.loops, key=lambda one: float(np.hypot(*(one - ends[0]).T).min()))
    across = np.array([-along[1], along[0]])
    widths = loop @ across
    first, last = loop[np.argmin(widths)], loop[np.argmax(widths)]
    at = float((first + last) @ along) / 2
    return np.stack([at * along + width * across for width in (widths.min(), widths.max())])


def _targets(case: Case, plane: _Plane) -> list[tuple[Structure, tuple[Points, ...]]]:
    """Return the PTVs around a lesion with their loops in the plane: those that hold its middle."""
    submission, found = case.submission, []
    at_mm, middle = plane.slab.position_mm, np.vstack(plane.slab.loops).mean(axis=0)
    for structure, read in submission.roi_names.items():
        if read.role is not Role.PTV or structure.is_empty:
            continue
        try:
            model = submission.slabs_of(structure)
        except NotEvaluable:
            continue
        if not model.frame.is_parallel_to(plane.frame):
            continue
        at = [one for one in model.slabs if one.lower_mm <= at_mm <= one.upper_mm]
        around = [one for one in at if any(_surrounds(loop, middle) for loop in one.loops)]
        if around:
            found.append((structure, plane.shown(around[0].loops)))
    return found[:2]


def _surrounds(loop: Points, point: Points) -> bool:
    return bool((loop.min(axis=0) <= point).all() and (loop.max(axis=0) >= point).all())


def _with_isodoses(
    case: Case, picture: PlanePicture, dose: DoseRecord | None
) -> tuple[PlanePicture, list[LegendEntry], str]:
    """Return a picture with isodoses, their legend, and why there are none or of what they are."""
    if dose is None:
        return picture, [], "no dose in the submission"
    try:
        field = case.submission.dose_grid.field()
    except NotEvaluable as error:
        return picture, [], f"no isodose is drawn: {error}"
    sampled = sampled_dose(field, picture.box, ())
    if np.isnan(sampled.dose_gy).all():
        return picture, [], "no isodose is drawn: the plane lies outside the dose grid"
    prescribed, here_gy = dose.prescription_gy, float(np.nanmax(sampled.dose_gy))
    if prescribed is None and here_gy < LEAST_SHARE * case.submission.dose_grid.maximum_gy:
        return (
            picture,
            [],
            f"no isodose is drawn: the dose here is {shown(here_gy, 'Gy')} Gy at most",
        )
    base = here_gy if prescribed is None else prescribed
    of = "the maximum here" if prescribed is None else "the prescription"
    levels = tuple((share * base, pen) for share, pen in zip(SHARES, ISODOSES, strict=True))
    if prescribed is None:
        levels = levels[1:]
    entries = [
        LegendEntry(
            pen,
            f"{shown(gy, 'Gy')} Gy, the prescription"
            if gy == prescribed
            else f"{shown(gy, 'Gy')} Gy, {100 * gy / base:.0f} % of {of}",
        )
        for gy, pen in levels
    ]
    note = "" if prescribed is not None else dose.reasons.get("prescription_gy", "")
    told = f"isodoses are of the maximum here, because no prescription is known: {note}"
    isodoses = replace(sampled, levels=levels)
    return replace(picture, isodoses=isodoses), entries, told if prescribed is None else ""
