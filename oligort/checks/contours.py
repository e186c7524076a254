"""Contours: loops that cross themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oligort.checks.case import Case
from oligort.checks.judged import judged_rois
from oligort.checks.registry import CONVENTION, check
from oligort.display import listed, quoted
from oligort.errors import NotEvaluable
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.geometry.crossings import SelfCrossing, self_crossings
from oligort.geometry.slabs import Slab, SlabModel
from oligort.geometry.structure import Structure

MOST_NAMED = 6
"""ROIs that one finding names."""


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
        yield Finding(
            code=code,
            grade=Grade.INFO,
            flags=(Flag.QUERY,),
            message=f"not looked at, because {reason}",
            source=CONVENTION,
        )


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
        yield Finding(
            code="OL013",
            grade=Grade.INFO,
            message=f"contours cross themselves in ROIs that are not judged: {names}",
            source=CONVENTION,
        )
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
