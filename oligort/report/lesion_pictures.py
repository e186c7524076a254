"""A picture of each lesion in the plane of its longest diameter."""

from dataclasses import dataclass, replace

import numpy as np

from oligort.checks.case import Case
from oligort.errors import NotEvaluable
from oligort.geometry.slabs import Slab
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
from oligort.report.rounding import shown
from oligort.report.underlay import Box, underlay_of, window_of

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
    """Return the picture of a lesion in the plane of its longest diameter."""
    if lesion.plane_mm is None:
        return LesionPicture("", "No picture: it is drawn in planes that are not axial.")
    submission = case.submission
    structures = submission.structure_set.structures
    drawn = drawn_part(structures, lesion, submission.usual_spacing_mm)
    if not drawn.part.model.frame.is_axial:
        return LesionPicture("", "No picture: it is drawn in planes that are not axial.")
    slab = _slab_at(drawn.part.slabs, lesion.plane_mm)
    box = _box(slab, lesion.plane_mm)
    underlay = underlay_of(submission, drawn.structure, box, window_of(lesion.organ))
    rulers, legend = _rulers(lesion, slab)
    outlines = [Outline(slab.loops, LESION)]
    legend.insert(0, LegendEntry(LESION, f"contour of {lesion.label}"))
    for target, loops in _targets(case, lesion, box, slab):
        outlines.insert(0, Outline(loops, TARGET))
        legend.append(LegendEntry(TARGET, target.roi_name))
    picture = PlanePicture(box, underlay, tuple(outlines), None, tuple(rulers))
    picture, of_dose, no_dose = _with_isodoses(case, picture, dose)
    length, short = (shown(mm, "mm") for mm in (lesion.longest_axial_mm, lesion.short_axis_mm))
    sentences = [
        f"Plane z {shown(lesion.plane_mm, 'mm')} mm: longest diameter {length} mm, "
        f"short axis {short} mm",
        underlay.said,
        no_dose,
    ]
    caption = "; ".join(filter(None, sentences)) + "."
    said = f"{lesion.label}. {caption} {'; '.join(entry.said for entry in of_dose)}"
    return LesionPicture(picture.svg(name, said), caption, (*legend, *of_dose))


def _slab_at(slabs: tuple[Slab, ...], position_mm: float) -> Slab:
    return min(slabs, key=lambda slab: abs(slab.position_mm - position_mm))


def _box(slab: Slab, z_mm: float) -> Box:
    points = np.vstack(slab.loops)
    low, high = points.min(axis=0), points.max(axis=0)
    half = max(float((high - low).max()) / 2 + AROUND_MM, LEAST_MM / 2)
    x, y = (low + high) / 2
    return Box(float(x - half), float(x + half), float(y - half), float(y + half), z_mm)


def _rulers(lesion: Lesion, slab: Slab) -> tuple[list[Ruler], list[LegendEntry]]:
    """Return the diameters that can be drawn as they were measured, and their legend."""
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


def _targets(
    case: Case, lesion: Lesion, box: Box, slab: Slab
) -> list[tuple[Structure, tuple[Points, ...]]]:
    """Return the PTVs around a lesion with their loops in the plane: those that hold its middle."""
    submission, found = case.submission, []
    middle = np.vstack(slab.loops).mean(axis=0)
    for structure, read in submission.roi_names.items():
        if read.role is not Role.PTV or structure.is_empty:
            continue
        try:
            model = submission.slabs_of(structure)
        except NotEvaluable:
            continue
        if not model.frame.is_axial:
            continue
        at = [one for one in model.slabs if one.lower_mm <= box.z_mm <= one.upper_mm]
        around = [one for one in at if any(_surrounds(loop, middle) for loop in one.loops)]
        if around:
            found.append((structure, around[0].loops))
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
