"""A second engine beside our histograms of what is graded."""

from collections.abc import Iterator

from oligort.checks.answers import information, reasons
from oligort.checks.applicability import limited_once
from oligort.checks.case import Case
from oligort.checks.expressions import as_anatomy_allows
from oligort.checks.judged import drawn_for
from oligort.checks.planning_system import volume_metrics
from oligort.checks.registry import CONVENTION, check
from oligort.crosscheck import SecondDvh, second_dvh, second_dvh_of_shape
from oligort.display import quoted
from oligort.dose.dvh import Dvh
from oligort.errors import NotEvaluable
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.geometry.algebra import Shape, parse, resolve
from oligort.geometry.structure import Structure
from oligort.protocol.limits import DoseLimit


@check("OL305", "A second engine")
def second_engine(case: Case) -> Iterator[Finding]:
    """What it checks: dicompyler-core computes the same of the structures of the dose limits. Only
    where a cross-check is asked for.

    Why it matters: two programs that share no line of code do not share their errors.

    How it is measured: what each dose limit is about, from the same contours in the same dose: the
    whole volume, and the volumes at the doses of the limits. It counts voxel centres, so they may
    differ by what the pixels on the rim allow where they are counted in or out together, and a
    volume at a dose by the voxels that its isodose passes through; the finding says by how much. A
    larger difference is a QUERY and no deviation of the plan. It knows no expressions: of
    "Lungs-GTV" it gets the loops around what that covers of each plane. Where these cannot be made,
    its parts are compared as drawn, and that is said.

    Not evaluable when: the dose is open. Where that engine is known to be wrong it is not asked,
    and the reason is told: a structure that leaves the dose grid, is too small, drawn on uneven or
    oblique planes or in loops that cross; operands of an expression on different planes; an oblique
    or uneven grid; doses on several grids that are added up.

    Source: oligort convention.
    """
    if not case.cross_check:
        return
    submission, dose = case.submission, case.submission.dose_grid
    limits = limited_once(case)
    left_out: list[str] = []
    drawn: dict[Structure, str] = {}
    for limit in limits:
        instead_of = ""
        try:
            shape = _shape_of(case, limit)
            if len(shape.leaves) > 1:
                yield _combined_beside(case, limit, shape)
                continue
        except NotEvaluable as error:
            instead_of = limit.structure
            left_out.append(f"{quoted(instead_of)} itself, because {error}")
        # What a limit is about stands for nothing else, whatever it is a part of.
        drawn |= {one: instead_of and drawn.get(one, instead_of) for one in drawn_for(case, limit)}
    if not any(drawn_for(case, limit) for limit in limits):
        yield information("OL305", "no structure of the dose limits is drawn")
        return
    for structure, instead_of in drawn.items():
        try:
            theirs = second_dvh(structure, dose, submission.usual_spacing_mm)
        except NotEvaluable as error:
            left_out.append(str(error))
            continue
        how = f" as drawn, in place of {quoted(instead_of)}" if instead_of else ""
        yield _beside(case, structure.roi_name, how, submission.dvh_of(structure), theirs)
    if left_out:
        told = reasons(tuple(dict.fromkeys(left_out)))
        yield information("OL305", f"dicompyler-core is not asked: {told}")


MOST_POINTS = 40.0
"""Points by which counting may be off beyond which a volume at a dose is no test: a flat part of
the curve lies at the dose, or next to all of the structure lies on its rim."""


def _shape_of(case: Case, limit: DoseLimit) -> Shape:
    """Return what a limit is about, as the drawn ROIs that make it up.

    Raises
    ------
    NotEvaluable
        If one is missing: it is then graded as drawn under its own name, or not at all.
    """
    expression = as_anatomy_allows(case, parse(limit.structure))
    return resolve(expression, case.submission.structures_of)


def _combined_beside(case: Case, limit: DoseLimit, shape: Shape) -> Finding:
    """Return the finding on what several ROIs make up, as it is graded."""
    submission = case.submission
    name = str(as_anatomy_allows(case, parse(limit.structure)))
    theirs = second_dvh_of_shape(shape, name, submission.dose_grid, submission.usual_spacing_mm)
    how = ", by the loops around what it covers"
    return _beside(case, name, how, submission.dvh_of_shape(shape, name), theirs)


def _beside(case: Case, roi_name: str, how: str, ours: Dvh, theirs: SecondDvh) -> Finding:
    """Return the finding on what both engines computed; `how` follows the name."""
    told = [
        f"{theirs.volume_cc:.2f} cc against our {ours.volume_cc:.2f} cc (counting voxels allows "
        f"{theirs.rim_percent:.2f} %)"
    ]
    apart = [("volume", 100 * (theirs.volume_cc / ours.volume_cc - 1), "%", theirs.rim_percent)]
    for metric in volume_metrics(case):
        assert metric.at is not None
        found, value = theirs.percent_at(metric.at), ours[metric]
        allowed = theirs.points_at(metric.at)
        judged = allowed <= MOST_POINTS
        only = "" if judged else ", which is no test"
        told.append(f"{metric} {found:.2f} against {value:.2f} ({allowed:.2f} points{only})")
        if judged:
            apart.append((str(metric), found - value, "points", allowed))
    told.append(f"mean {theirs.mean_gy:.3f} against {ours['Mean[Gy]']:.3f} Gy")
    agrees = all(abs(difference) <= allowed for _, difference, _, allowed in apart)
    is_whole = len(apart) > len(volume_metrics(case))
    verb = ("agrees" if is_whole else "agrees in volume alone") if agrees else "differs"
    return Finding(
        code="OL305",
        grade=Grade.PASS if agrees and is_whole else Grade.INFO,
        flags=() if agrees else (Flag.QUERY,),
        about=roi_name,
        message=f"dicompyler-core {verb} on {quoted(roi_name)}{how}: {', '.join(told)}",
        evidence=tuple(
            Evidence(
                name=f"{name} apart",
                measured=abs(difference),
                unit=unit,
                relation="<=",
                limit=allowed,
            )
            for name, difference, unit, allowed in apart
        ),
        source=CONVENTION,
        hint="" if agrees else "one of two engines is wrong here: look at contours and dose grid",
    )
