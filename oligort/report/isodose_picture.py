"""Where the isodose of a dose limit reaches farthest: the plane in which most of it lies."""

from dataclasses import dataclass

import numpy as np

from oligort.checks.case import Case
from oligort.checks.expressions import as_anatomy_allows
from oligort.checks.judged import judged
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape, parse, resolve
from oligort.geometry.region import Region
from oligort.geometry.structure import Points, Structure
from oligort.protocol.limits import DoseLimit
from oligort.report.lesion_pictures import LegendEntry
from oligort.report.plane_picture import (
    CUT_OUT,
    ISODOSES,
    ORGAN,
    Floats,
    Isodoses,
    Outline,
    PlanePicture,
    sampled_dose,
)
from oligort.report.underlay import Box, underlay_of, window_of
from oligort.rounding import shown

WIDTH_INCHES = 6.6
"""Of this picture, which takes up two thirds of the page."""

STEP_MM = 4.0
"""Between the points that tell in which plane most lies: about a dose voxel."""

MOST_POINTS = 3_000_000
"""Of more, as of a contour that leaves the patient by kilometres, the steps are larger."""

MARGIN_MM = 22.0
"""How far the picture reaches beyond the structure."""


@dataclass(frozen=True)
class IsodosePicture:
    """The picture of one limit; `svg` is "" where the caption says why not."""

    title: str
    svg: str
    caption: str
    legend: tuple[LegendEntry, ...] = ()


def isodose_picture(case: Case, limit: DoseLimit, name: str) -> IsodosePicture | None:
    """Return the picture of a limit on a volume at a dose; None of any other limit.

    `name` is what ids within it begin with: no foreign text, and one of its own on a page.
    """
    metric = Metric.parse(limit.metric)
    if metric.kind != "V" or metric.at is None or metric.at_unit != "Gy":
        return None
    title = f"{limit.structure}: where {metric.at:g} Gy reaches farthest"
    try:
        shape = _shape(case, limit)
        region = Region(shape, case.submission.usual_spacing_mm)
        if not region.frame.is_axial:
            raise NotEvaluable("the structure is drawn in planes that are not axial")
        return _picture(case, limit, shape, region, title=title, name=name)
    except NotEvaluable as error:
        return IsodosePicture(title, "", f"No picture, because {error}.")


def _shape(case: Case, limit: DoseLimit) -> Shape:
    """Return the shape that the limit is held against: computed, else the ROI drawn for it."""
    dvh = judged(case, limit).dvh
    expression = as_anatomy_allows(case, parse(limit.structure))
    if dvh.roi_name == str(expression):
        return resolve(expression, case.submission.structures_of)
    drawn = case.submission.structure_set.named(dvh.roi_name)
    if len(drawn) != 1:
        raise NotEvaluable(f"{dvh.roi_name} is no single ROI")
    return Shape((drawn[0],))


def _picture(
    case: Case, limit: DoseLimit, shape: Shape, region: Region, *, title: str, name: str
) -> IsodosePicture:
    submission = case.submission
    at_gy = Metric.parse(limit.metric).at
    assert at_gy is not None
    z_mm, area_mm2 = _fullest_plane(case, region, at_gy)
    whole, cut_out = _sides(shape)
    slabs = {
        id(structure): [
            slab
            for slab in submission.slabs_of(structure).slabs
            if slab.lower_mm <= z_mm < slab.upper_mm
        ]
        for structure in shape.leaves
    }

    def loops(structures: tuple[Structure, ...]) -> tuple[Points, ...]:
        return tuple(
            loop
            for one in dict.fromkeys(structures)
            for slab in slabs[id(one)]
            for loop in slab.loops
        )

    box = _box(loops(whole), z_mm)
    window = window_of(submission.roi_names[whole[0]].organ)
    underlay = underlay_of(submission, whole[0], box, window)
    others = [
        metric.at
        for text in limit.beside
        if (metric := Metric.parse(text)).kind == "V" and metric.at and metric.at_unit == "Gy"
    ]
    others = [gy for gy in dict.fromkeys(others) if gy != at_gy]
    pens = [(at_gy, ISODOSES[0]), *zip(others, ISODOSES[:0:-1], strict=False)]
    sampled = sampled_dose(submission.dose_grid.field(), box, tuple(pens))
    isodoses = Isodoses(sampled.x_mm, sampled.y_mm, sampled.dose_gy, sampled.levels, at_gy)
    inner = loops(cut_out)
    outlines = [Outline(loops(whole), ORGAN), *([Outline(inner, CUT_OUT)] if inner else [])]
    legend = [
        LegendEntry(ORGAN, ", ".join(dict.fromkeys(one.roi_name for one in whole))),
        *([LegendEntry(CUT_OUT, "cut out of it")] if inner else []),
        *(LegendEntry(pen, f"{gy:g} Gy") for gy, pen in pens),
    ]
    area_cm2 = area_mm2 / 100
    area = (
        f"{area_cm2:.{0 if area_cm2 >= 10 else 1}f} cm2 of {limit.structure} receive {at_gy:g} Gy "
        f"or more in it, more than in any other plane"
        if area_mm2
        else f"no plane of {limit.structure} receives {at_gy:g} Gy; this is its middle"
    )
    caption = f"Plane z {shown(z_mm, 'mm')} mm: {area}; {underlay.said}."
    picture = PlanePicture(box, underlay, tuple(outlines), isodoses, width_inches=WIDTH_INCHES)
    svg = picture.svg(name, f"{title}. {caption}")
    return IsodosePicture(title, svg, caption, tuple(legend))


def _fullest_plane(case: Case, region: Region, at_gy: float) -> tuple[float, float]:
    """Return the drawn plane in which most of a region receives a dose, and how many mm2."""
    planes = np.unique([slab.position_mm for slab in region.slabs])
    low, high = region.box_mm
    area_mm2 = float(np.prod((high - low)[:2] + STEP_MM))
    step_mm = max(STEP_MM, float(np.sqrt(area_mm2 * len(planes) / MOST_POINTS)))
    x, y = (np.arange(low[axis], high[axis] + step_mm, step_mm) for axis in (0, 1))
    z, y_all, x_all = np.meshgrid(planes, y, x, indexing="ij")
    points: Floats = np.column_stack([x_all.ravel(), y_all.ravel(), z.ravel()])
    dose = case.submission.dose_grid.field().at(points)
    hot = np.flatnonzero(dose >= at_gy)
    if not hot.size:
        return float(planes[len(planes) // 2]), 0.0
    held = hot[region.holds(points[hot])]
    counts = np.bincount(held // (len(x) * len(y)), minlength=len(planes))
    best = int(counts.argmax())
    if not counts[best]:
        return float(planes[len(planes) // 2]), 0.0
    return float(planes[best]), float(counts[best]) * step_mm**2


def _sides(shape: Shape) -> tuple[tuple[Structure, ...], tuple[Structure, ...]]:
    """Return the structures that make up a shape, and those that are cut out of it."""
    if shape.operator == "-" and shape.left is not None and shape.right is not None:
        whole, cut_out = _sides(shape.left)
        return whole, (*cut_out, *shape.right.leaves)
    return shape.leaves, ()


def _box(loops: tuple[Points, ...], z_mm: float) -> Box:
    if not loops:
        raise NotEvaluable("nothing of it is drawn in the plane where the isodose is largest")
    points = np.vstack(loops)
    low, high = points.min(axis=0) - MARGIN_MM, points.max(axis=0) + MARGIN_MM
    return Box(float(low[0]), float(high[0]), float(low[1]), float(high[1]), z_mm)
