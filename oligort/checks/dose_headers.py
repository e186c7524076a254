"""How the judged dose was computed, as its header says: on which grid, and in what."""

from collections.abc import Iterator

import numpy as np

from oligort.checks.case import Case
from oligort.checks.registry import CONVENTION, check
from oligort.display import quoted
from oligort.dose.grid import DoseGrid
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.selection import title

SPACING_ROUNDING_MM = 0.02
"""What a spacing may be above its limit: frame offsets are written with as few as two decimals, and
a spacing is the difference of two of them."""

WATER, IMAGE = "WATER", "IMAGE"
"""Terms of Tissue Heterogeneity Correction (PS3.3 C.8.8.3): all of it water, or as imaged."""


@check("OL010", "Dose grid fine enough")
def dose_grid_spacing(case: Case) -> Iterator[Finding]:
    """What it checks: the voxels of the judged dose lie no farther apart than the protocol allows.

    Why it matters: a coarse grid smears the edge of the dose; what small targets and their
    neighbours receive is then a matter of where the voxels fall.

    How it is measured: the largest distance of neighbouring voxel centres along columns, rows and
    frames, of each dose that is judged; a spacing that is above the limit by the rounding of its
    decimals is not. That of an earlier course is not computed anew for the trial: INFO with QUERY.

    Not evaluable when: no dose can be chosen.

    Source: the protocol's setting dose_grid_spacing_mm, an assumption; oligort convention.
    """
    limit_mm = case.protocol.settings.dose_grid_spacing_mm
    for course in case.submission.chosen.courses:
        spacings_mm = _spacings_mm(course.grid)
        largest_mm = max(spacings_mm)
        is_coarse = largest_mm > limit_mm.value + SPACING_ROUNDING_MM
        grade, hint = Grade.PASS, ""
        flags: tuple[Flag, ...] = ()
        if is_coarse and course.is_prior:
            # No site computes an archived course anew; what it leaves open is in the intervals.
            grade, flags = Grade.INFO, (Flag.QUERY,)
        elif is_coarse:
            grade = case.protocol.grades.coarse_dose_grid
            hint = "compute the dose again on a finer grid"
        shown = " x ".join(f"{spacing_mm:.4g}" for spacing_mm in spacings_mm)
        yield Finding(
            code="OL010",
            grade=grade,
            flags=flags,
            about=course.dose.file,
            message=f"the voxels of the {title(course.dose)}"
            f"{' of an earlier course' * course.is_prior} are {shown} mm",
            evidence=(
                Evidence(
                    name="voxel spacing",
                    measured=largest_mm,
                    unit="mm",
                    relation="<=",
                    limit=limit_mm.value,
                ),
            ),
            source=limit_mm.source,
            hint=hint,
        )


def _spacings_mm(dose: DoseGrid) -> tuple[float, float, float]:
    """Return the spacings along columns, rows and frames; of uneven frames the largest."""
    grid = dose.grid
    between_frames_mm = float(np.diff(grid.frame_positions_mm).max())
    return grid.i_spacing_mm, grid.j_spacing_mm, between_frames_mm


@check("OL011", "Heterogeneity correction")
def heterogeneity_correction(case: Case) -> Iterator[Finding]:
    """What it checks: the judged dose was computed in the densities of the patient, not in water.

    Why it matters: in water the lung stops what it lets through, and every dose in it and behind it
    is wrong.

    How it is measured: Tissue Heterogeneity Correction (3004,0014) of each dose that is judged,
    earlier courses included: IMAGE passes, WATER alone deviates. ROI_OVERRIDE without IMAGE says
    only that some ROIs have densities of their own: INFO with QUERY. An absent element is INFO.

    Not evaluable when: no dose can be chosen.

    Source: PS3.3 C.8.8.3; oligort convention; the grade is the protocol's setting.
    """
    for course in case.submission.chosen.courses:
        said = course.dose.heterogeneity_correction
        terms = {term.strip().upper() for term in said.split("\\")} - {""}
        of = f"Tissue Heterogeneity Correction (3004,0014) of the {title(course.dose)}"
        if IMAGE in terms or not terms:
            grade, hint = Grade.PASS if terms else Grade.INFO, ""
        elif terms == {WATER}:
            grade = case.protocol.grades.heterogeneity_not_corrected
            hint = "compute the dose again in the densities of the planning image"
        else:
            grade, hint = Grade.INFO, "ask in which densities the dose was computed"
        is_query = grade is Grade.INFO and bool(terms)
        yield Finding(
            code="OL011",
            grade=grade,
            about=course.dose.file,
            flags=(Flag.QUERY,) if is_query else (),
            message=f"{of} is {quoted(said) if terms else 'absent'}",
            source=CONVENTION,
            hint=hint,
        )
