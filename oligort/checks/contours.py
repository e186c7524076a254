"""Contours: loops that cross themselves, specks, and ROIs that hold none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from oligort.checks.answers import information
from oligort.checks.case import Case
from oligort.checks.judged import is_tumour_or_target, judged_rois, limited_organs
from oligort.checks.registry import CONVENTION, check
from oligort.display import listed, quoted
from oligort.errors import NotEvaluable
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.geometry.components import MAX_BRIDGED_SPACINGS
from oligort.geometry.crossings import SelfCrossing, self_crossings
from oligort.geometry.nesting import inside_loop
from oligort.geometry.slabs import PLANE_TOLERANCE_MM, Slab, SlabModel, traces_off_areas
from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import GTV_ROLES, Role

MOST_NAMED = 6
"""ROIs that one finding names."""

CUBIC_MM_IN_CC = 1000
"""Cubic millimetres of a cubic centimetre."""


def _models(case: Case) -> tuple[list[tuple[Structure, SlabModel]], list[str]]:
    """Return the ROIs that are stacks of planes, and why judged ones cannot be looked at.

    Raises
    ------
    NotEvaluable
        If there is nothing to look at.
    """
    models, reasons = [], []
    judged = judged_rois(case)
    for structure in case.submission.structure_set:
        try:
            models.append((structure, case.submission.slabs_of(structure)))
        except NotEvaluable as error:
            if structure in judged:
                reasons.append(str(error))
    if not models:
        raise NotEvaluable("; ".join(reasons) or "no ROI has a contour that encloses an area")
    return models, reasons


def _not_looked_at(code: str, reasons: Sequence[str]) -> Iterator[Finding]:
    for reason in reasons:
        yield information(code, f"not looked at, because {reason}", Flag.QUERY)


@check("OL013", "Contours that cross themselves")
def crossing_contours(case: Case) -> Iterator[Finding]:
    """What it checks: no contour crosses itself, as a figure of eight or a curl of the pen.

    Why it matters: what such a contour encloses is read differently from system to system: the area
    that it runs around backwards or twice is added, subtracted or left out. Here the even-odd rule
    holds: backwards counts, twice does not.

    How it is measured: edges of a closed contour that cross between their ends, or at a point drawn
    twice, and the area that is run around backwards or more than once. Less than 1 mm2 or 1 % of
    what the contour encloses is the noise of digitising, and not told. Bridges to holes drawn there
    and back, points that are touched or repeated are no crossings. One finding for each judged ROI
    (gross tumour, a target, an organ with a limit), and one, INFO, for all others.

    Not evaluable when: no structure set can be chosen, or no ROI is drawn in planes. A judged ROI
    that is not is a query.

    Source: oligort convention; the grade is the protocol's setting.
    """
    models, reasons = _models(case)
    crossing = _crossing(models)
    judged = judged_rois(case)
    yield from _not_looked_at("OL013", reasons)
    others = [one for one in crossing if one.structure not in judged]
    for one in crossing:
        if one.structure in judged:
            yield Finding(
                code="OL013",
                grade=case.protocol.grades.contours_cross_themselves,
                about=one.structure.roi_name,
                message=one.told,
                evidence=one.evidence,
                source=CONVENTION,
                hint="draw these contours again",
            )
    if others:
        names = listed((one.structure.roi_name for one in others), MOST_NAMED)
        told = f"contours cross themselves in ROIs that are not judged: {names}"
        yield information("OL013", told)
    if len(others) == len(crossing) and not reasons:
        yield Finding(
            code="OL013",
            grade=Grade.PASS,
            message="no contour of a judged ROI crosses itself",
            source=CONVENTION,
        )


@dataclass(frozen=True, eq=False)
class _Crossing:
    """The loops of an ROI that cross themselves, each with its plane, the worst first."""

    structure: Structure
    loops: tuple[tuple[Slab, SelfCrossing], ...]
    drawn_mm2: float

    @property
    def told(self) -> str:
        """A sentence."""
        slab, worst = self.loops[0]
        count = len(self.loops)
        who = f"{quoted(self.structure.roi_name)}: {count} contour{'s' if count > 1 else ''}"
        which = "the worst at" if count > 1 else "at"
        if worst.in_doubt_mm2 is None:
            what = "so often that what it encloses cannot be told"
        else:
            what = (
                f"where {worst.in_doubt_mm2:.1f} of {worst.enclosed_mm2:.0f} mm2 are run around "
                f"backwards or twice"
            )
        crosses = "cross themselves" if count > 1 else "crosses itself"
        return f"{who} {crosses}, {which} {slab.position_mm:.1f} mm, {what}"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The area in doubt as a share of all that the contours enclose, where it is known."""
        areas = [one.in_doubt_mm2 for _, one in self.loops if one.in_doubt_mm2 is not None]
        if len(areas) < len(self.loops) or not self.drawn_mm2:
            return ()
        share = 100 * sum(areas) / self.drawn_mm2
        return (Evidence(name="area in doubt, of all planes", measured=share, unit="%"),)


def _crossing(models: Sequence[tuple[Structure, SlabModel]]) -> list[_Crossing]:
    """Return the ROIs with loops that cross themselves beyond noise."""
    drawn = [
        (number, slab, loop)
        for number, (_, model) in enumerate(models)
        for slab in model.slabs
        for loop in slab.loops
    ]
    found: dict[int, list[tuple[Slab, SelfCrossing]]] = {}
    for one in self_crossings([loop for _, _, loop in drawn]):
        if not one.is_noise:
            number, slab, _ = drawn[one.loop]
            found.setdefault(number, []).append((slab, one))
    crossing = []
    for number, loops in found.items():
        structure, model = models[number]
        drawn_mm2 = sum(float(abs(slab.drawn.enclosed_mm2.sum())) for slab in model.slabs)
        loops.sort(key=lambda pair: _badness(pair[1]), reverse=True)
        crossing.append(_Crossing(structure, tuple(loops), drawn_mm2))
    return crossing


def _badness(crossing: SelfCrossing) -> float:
    return float("inf") if crossing.in_doubt_mm2 is None else crossing.in_doubt_mm2


@check("OL014", "Specks")
def specks(case: Case) -> Iterator[Finding]:
    """What it checks: no ROI has pieces beside its main one that are too small to be meant.

    Why it matters: a click that was not taken back, or an island that a tool left behind, moves the
    extent of a target and the smallest dose in it.

    How it is measured: contours of less than 0.01 cc in the thickness of their plane, the size
    below which the census counts no lesion either, that lie on no larger one in their plane or the
    next. Specks of gross tumour are told with the lesions, and small holes are not asked. One
    finding for the targets and organs that are judged, and one, INFO, for all other ROIs.

    Not evaluable when: no structure set can be chosen, or no ROI is drawn in planes. A judged ROI
    that is not is a query.

    Source: oligort convention; the grade is the protocol's setting.
    """
    judged = judged_rois(case)
    speck_cc = case.census_thresholds.speck_cc
    graded: list[str] = []
    others: list[str] = []
    models, reasons = _models(case)
    yield from _not_looked_at("OL014", reasons)
    for structure, model in models:
        if case.submission.roi_names[structure].role in GTV_ROLES:
            continue
        if not (count := _speck_count(model, speck_cc)):
            continue
        told = f"{quoted(structure.roi_name)} ({count})"
        (graded if structure in judged else others).append(told)
    if graded:
        yield Finding(
            code="OL014",
            grade=case.protocol.grades.specks,
            message=f"specks of less than {speck_cc:g} cc beside larger parts: {_some(graded)}",
            source=CONVENTION,
            hint="delete them, or confirm that they are meant",
        )
    if others:
        told = f"specks of less than {speck_cc:g} cc in ROIs that are not judged: {_some(others)}"
        yield information("OL014", told)
    if not graded and not reasons:
        yield Finding(
            code="OL014",
            grade=Grade.PASS,
            message=f"no target and no limited organ has specks of less than {speck_cc:g} cc",
            source=CONVENTION,
        )


def _some(told: Sequence[str]) -> str:
    left_out = len(told) - MOST_NAMED
    shown = ", ".join(told[:MOST_NAMED])
    return f"{shown} and {left_out} more" if left_out > 0 else shown


def _speck_count(model: SlabModel, speck_cc: float) -> int:
    """Return how many contours of a structure are specks; none where there is nothing larger."""
    volumes_cc = [
        slab.drawn.enclosed_mm2 * (slab.upper_mm - slab.lower_mm) / CUBIC_MM_IN_CC
        for slab in model.slabs
    ]
    if max(float(of_plane.max()) for of_plane in volumes_cc) < speck_cc:
        return 0
    return sum(
        _stands_alone(model, plane, int(loop))
        for plane, of_plane in enumerate(volumes_cc)
        for loop in np.flatnonzero((of_plane > 0) & (of_plane < speck_cc))
    )


def _stands_alone(model: SlabModel, plane: int, loop: int) -> bool:
    """Whether no point of a small loop lies in a larger one, of its plane or of those beside it.

    Planes beside it are those from which only missing planes part it: they are told as missing.
    """
    own, at_mm = model.slabs[plane].drawn, model.slabs[plane].position_mm
    reach_mm = MAX_BRIDGED_SPACINGS * model.spacing_mm + PLANE_TOLERANCE_MM
    points, area_mm2 = own.loops[loop], abs(float(own.signed_area_mm2[loop]))
    for beside in (plane - 1, plane, plane + 1):
        if not 0 <= beside < len(model.slabs):
            continue
        if abs(model.slabs[beside].position_mm - at_mm) > reach_mm:
            continue
        other = model.slabs[beside].drawn
        may_hold = (
            (np.abs(other.signed_area_mm2) > area_mm2)
            & (other.low_mm <= own.high_mm[loop]).all(axis=1)
            & (other.high_mm >= own.low_mm[loop]).all(axis=1)
        )
        if any(inside_loop(points, other.loops[n]).any() for n in np.flatnonzero(may_hold)):
            return False
    return True


def _has_traces(structure: Structure) -> bool:
    """Whether contours may be what is left of loops; OL013 tells of planes that are not known."""
    try:
        return bool(traces_off_areas(structure))
    except NotEvaluable:
        return False


@check("OL015", "ROIs without contours")
def empty_rois(case: Case) -> Iterator[Finding]:
    """What it checks: every ROI that is listed is drawn, and all of its contours enclose an area.

    Why it matters: an empty ROI is mostly left over from a template, but may be a lesion, a target
    or an organ that was lost on the way. Open lines among closed loops may be loops whose type is
    wrong: without them a lesion is too small.

    How it is measured: ROIs of which no contour encloses an area: without contours, or of points
    and lines only; and ROIs with closed loops beside contours of three points or more that are not
    closed by their type, or of fewer points, or none, in planes without a loop. Nothing is graded
    here: what needs such an ROI is not evaluable, and says so. Gross tumour, targets and the organs
    that a limit is about carry QUERY.

    Not evaluable when: no structure set can be chosen.

    Source: oligort convention.
    """
    organs = limited_organs(case)
    needed, others, lines = [], [], []
    half_open: dict[bool, list[str]] = {True: [], False: []}
    for structure, name in case.submission.roi_names.items():
        is_limited = name.role is Role.ORGAN and name.organ in organs
        is_needed = is_limited or is_tumour_or_target(name)
        if structure.lines_beside_areas or _has_traces(structure):
            half_open[is_needed].append(structure.roi_name)
        if not structure.is_empty:
            continue
        if is_needed:
            needed.append(structure.roi_name)
        elif structure.contours:
            lines.append(structure.roi_name)
        else:
            others.append(structure.roi_name)
    for names, flags, what, hint in (
        (
            needed,
            (Flag.QUERY,),
            "gross tumour, targets or organs with a limit that enclose nothing",
            "draw them, or delete these ROIs",
        ),
        (
            half_open[True],
            (Flag.QUERY,),
            "gross tumour, targets or organs with a limit of which only some contours are closed",
            "export them again with closed contours, or delete the lines",
        ),
        (others, (), "without contours", ""),
        (half_open[False], (), "only some contours are closed", ""),
        (lines, (), "points and lines only", ""),
    ):
        if names:
            yield Finding(
                code="OL015",
                grade=Grade.INFO,
                flags=flags,
                message=f"{what}: {listed(names, MOST_NAMED)}",
                source=CONVENTION,
                hint=hint,
            )
    if not needed and not half_open[True]:
        yield Finding(
            code="OL015",
            grade=Grade.PASS,
            message="no ROI that is judged is listed without contours",
            source=CONVENTION,
        )
