"""Maximum: how high the dose is, in all and in each target, and where.

Information, as in `targets`: no verdict hangs on it.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from oligort.checks.answers import information
from oligort.checks.case import Case
from oligort.checks.registry import CONVENTION, check
from oligort.checks.targets import targets_of
from oligort.display import listed, quoted
from oligort.dose.centres import highest_in
from oligort.dose.composite import CompositeDose, grids_of
from oligort.errors import NotEvaluable
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.fit import TARGET_ROLES
from oligort.geometry.algebra import Shape
from oligort.geometry.contact import holds
from oligort.geometry.region import Region
from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import Role

Floats = npt.NDArray[np.float64]

MOST_ASKED = 1000
"""Of voxels that share the maximum about so many are looked for in the ROIs, evenly picked: a dose
cut off at a level has thousands, and those tell enough of where it is."""


@check("OL404", "Dose maximum")
def dose_maximum(case: Case) -> Iterator[Finding]:
    """What it checks: how high the dose is anywhere, and where that is.

    Why it matters: a maximum outside the targets is a hot spot in an organ, or a dose that is not
    of these structures.

    How it is measured: the highest voxel centre of the whole dose, its position in patient LPS
    coordinates, and the ROIs that hold it. QUERY: it lies outside every target, or outside the
    body. Then of each target (the ROIs that a prescription refers to; where none refers to one,
    every PTV, else every ROI that reads as a target) the highest dose on its outline or at a voxel
    centre inside it, and the position. Information: nothing is held against it.

    Not evaluable when: never; where the dose is open, that is said.

    Source: oligort convention.
    """
    try:
        yield _highest(case)
    except NotEvaluable as error:
        yield information("OL404", f"the dose maximum is not told, because {error}")
        return
    for structure in _targets(case):
        yield _highest_of(case, structure)


def _highest(case: Case) -> Finding:
    """Return the finding on the highest voxel centre, or on the first of several as high."""
    submission = case.submission
    dose = submission.dose_grid
    if not dose.maximum_gy > 0:
        raise NotEvaluable("it is 0 Gy everywhere")
    grid, *others = grids_of(dose)
    if not others:
        at = np.argwhere(grid.dose_gy == grid.maximum_gy)
        highest_count = len(at)
        asked = at[:: max(1, highest_count // MOST_ASKED)]
        points_mm = grid.grid.to_patient(asked.astype(np.float64))
    else:
        assert isinstance(dose, CompositeDose)
        highest_count, points_mm = 1, dose.peak[1][None]
    held_by = []
    for structure, name in submission.roi_names.items():
        if not structure.lies_in(submission.structure_set.frame_of_reference_uid):
            continue
        try:
            model = submission.slabs_of(structure)
        except NotEvaluable:
            continue
        if holds(model, points_mm).any():
            held_by.append((structure.roi_name, name.role))
    roles = {name.role for s, name in submission.roi_names.items() if not s.is_empty}
    holding = {role for _, role in held_by}
    remarks = []
    if held_by:
        remarks.append(f"in {listed(roi_name for roi_name, _ in held_by)}")
    has_targets = not roles.isdisjoint(TARGET_ROLES)
    is_outside_targets = has_targets and holding.isdisjoint(TARGET_ROLES)
    is_outside_body = Role.EXTERNAL in roles and Role.EXTERNAL not in holding
    if is_outside_targets:
        remarks.append("outside every target")
    if not has_targets:
        remarks.append("no target is drawn")
    if is_outside_body:
        remarks.append("outside the body")
    if highest_count > 1:
        remarks.append(f"the first of {highest_count} voxels as high")
    return Finding(
        code="OL404",
        grade=Grade.INFO,
        flags=(Flag.QUERY,) if is_outside_targets or is_outside_body else (),
        message=f"dose maximum {dose.maximum_gy:.2f} Gy: {'; '.join(remarks) or 'in no ROI'}",
        evidence=(
            Evidence(name="dose maximum", measured=dose.maximum_gy, unit="Gy"),
            *_position("its position, LPS", points_mm[0]),
        ),
        source=CONVENTION,
    )


def _targets(case: Case) -> list[Structure]:
    """Return the targets whose coverage is told; where those are not known, all that are drawn."""
    try:
        return [target.structure for target in targets_of(case)]
    except NotEvaluable:
        pass
    roles = {s: name.role for s, name in case.submission.roi_names.items() if not s.is_empty}
    planned = [structure for structure, role in roles.items() if role is Role.PTV]
    return planned or [structure for structure, role in roles.items() if role in TARGET_ROLES]


def _highest_of(case: Case, structure: Structure) -> Finding:
    """Return the finding on the highest dose of one target."""
    submission, name = case.submission, structure.roi_name
    try:
        if not structure.lies_in(submission.structure_set.frame_of_reference_uid):
            raise NotEvaluable("it is drawn in another frame of reference than the dose")
        region = Region(Shape((structure,)), submission.usual_spacing_mm)
        found = highest_in(region, submission.dose_grid.field())
        if found is None:
            raise NotEvaluable("none of it lies inside the dose grid")
        is_clipped = submission.dvh_of(structure).uncovered_cc > 0
    except NotEvaluable as error:
        return information("OL404", f"its dose maximum is not told, because {error}", about=name)
    highest_gy, point_mm = found
    clipped = " of what lies inside the dose grid" if is_clipped else ""
    return Finding(
        code="OL404",
        grade=Grade.INFO,
        about=name,
        message=f"{quoted(name)}: maximum {highest_gy:.2f} Gy{clipped}",
        evidence=(
            Evidence(name="maximum", measured=highest_gy, unit="Gy"),
            *_position("at LPS", point_mm),
        ),
        source=CONVENTION,
    )


def _position(name: str, point_mm: Floats) -> Iterator[Evidence]:
    for axis, mm in zip("xyz", point_mm, strict=True):
        yield Evidence(name=f"{name} {axis}", measured=float(mm), unit="mm")
