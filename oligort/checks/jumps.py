"""Jumps: coordinates and doses that no hand draws and no beam gives, as damaged files have them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from oligort.checks.case import Case
from oligort.checks.registry import CONVENTION, check
from oligort.display import quoted
from oligort.dose.extent import extent_in_frames
from oligort.dose.grid import DoseGrid
from oligort.dose.jumps import Jumps, jumps_of
from oligort.finding import Evidence, Finding, Grade
from oligort.geometry.spikes import Spike, spikes_of
from oligort.geometry.structure import Structure
from oligort.selection import title


@check("OL021", "Jumps in contours and dose")
def jumps(case: Case) -> Iterator[Finding]:
    """What it checks: no contour has a point that stands far out of it, and the judged doses no
    voxel or frame that its neighbours know nothing of.

    Why it matters: one wrong digit or byte gives numbers that look right.

    How it is measured: a point whose edges are five usual edges of its loop or more, 10 mm at the
    least, and lead back to where they came from; two or three points likewise, and two that lie far
    apart behind a foot of half as much. A voxel of more than twice the dose of all its 26
    neighbours, or less than half of it, above a tenth of the maximum. A frame four times as rough,
    as high or as low as both beside it, one in which more than a quarter of the voxels turn up or
    down by a fiftieth of the maximum along rows and columns, while most frames do not, and one with
    zeros in a quarter of its rows, side by side, that have dose in the frames on both sides. Frames
    that hold one value, as zero, where an ROI is drawn or between its planes, beside a frame whose
    dose is above a tenth of the maximum and not less than three quarters of that in the next;
    likewise frames that repeat a lower one exactly, zeros beside more than two fifths of the
    maximum, and frames below a hundredth of the maximum beside one above half of it.

    Not evaluable when: the dose has such a jump, so that nothing read off it is sure; no structure
    set or no dose can be chosen.

    Source: oligort convention; the grade of contours is the protocol's setting.
    """
    spikes = [
        (structure, found)
        for structure in case.submission.structure_set
        if (found := spikes_of(structure.contours))
    ]
    for structure, found in spikes:
        yield Finding(
            code="OL021",
            grade=case.protocol.grades.contour_spikes,
            about=structure.roi_name,
            message=_spikes_told(structure, found),
            evidence=tuple(
                Evidence(name="length of the spike", measured=spike.length_mm, unit="mm")
                for spike in found[:1]
            ),
            source=CONVENTION,
            hint="look at this place of the contour, and export or draw it anew",
        )
    is_whole = not spikes
    for course in case.submission.chosen.courses:
        grid = course.grid
        found_in_dose = _where_rois_are(jumps_of(grid.dose_gy), grid, case.submission.structure_set)
        if told := _jumps_told(grid, found_in_dose):
            is_whole = False
            yield Finding(
                code="OL021",
                grade=Grade.NOT_EVALUABLE,
                about=course.dose.file,
                message=f"{title(course.dose)} {told}: it may be damaged",
                source=CONVENTION,
                hint="export the dose anew",
            )
    if is_whole:
        yield Finding(
            code="OL021",
            grade=Grade.PASS,
            message="no point of a contour and no voxel of the dose stands out",
            source=CONVENTION,
        )


def _spikes_told(structure: Structure, found: tuple[Spike, ...]) -> str:
    longest = max(found, key=lambda spike: spike.length_mm)
    x, y, z = longest.point_mm
    others = f", and {len(found) - 1} more points" if len(found) > 1 else ""
    return (
        f"{quoted(structure.roi_name)} has a point {longest.length_mm:.0f} mm out of its contour, "
        f"at ({x:.0f}, {y:.0f}, {z:.0f}) mm{others}"
    )


def _where_rois_are(found: Jumps, grid: DoseGrid, structures: Iterable[Structure]) -> Jumps:
    """Return the jumps without filled frames in which nothing is drawn: the patient ends there."""
    if not found.filled:
        return found
    extents = [extent_in_frames(structure, grid) for structure in structures if structure.areas]
    drawn = [
        one
        for one in found.filled
        if any(lowest < one.last and one.first < highest for lowest, highest in extents)
    ]
    return replace(found, filled=tuple(drawn))


def _jumps_told(grid: DoseGrid, found: Jumps) -> str:
    """Return what stands out of a dose, or "" where nothing does."""
    told = []
    if found.frames:
        x, y, z = grid.grid.to_patient(np.array([0.0, 0.0, found.frames[0]]))
        others = f" and {len(found.frames) - 1} more" if len(found.frames) > 1 else ""
        told.append(
            f"has a frame unlike those beside it, with a corner at ({x:.0f}, {y:.0f}, {z:.0f}) mm"
            f"{others}"
        )
    for one in sorted(found.filled, key=lambda run: run.first - run.last)[:1]:
        x, y, z = grid.grid.to_patient(np.array([0.0, 0.0, one.first]))
        others = f" and {len(found.filled) - 1} more runs" if len(found.filled) > 1 else ""
        frames = one.last - one.first + 1
        what = {
            "one value": f"{one.value_gy:.2f} Gy in every voxel of {frames} frames",
            "one frame": f"the same frame of at most {one.value_gy:.2f} Gy {frames} times",
            "hardly any dose": f"at most {one.value_gy:.2f} Gy in {frames} frames",
        }[one.pattern]
        told.append(
            f"holds {what}, beside one with {one.beside_gy:.2f} Gy, with a corner at "
            f"({x:.0f}, {y:.0f}, {z:.0f}) mm{others}"
        )
    if len(found.voxels):
        at = tuple(found.voxels[0].tolist())
        x, y, z = grid.grid.to_patient(found.voxels[:1].astype(float))[0]
        others = f" and {len(found.voxels) - 1} more" if len(found.voxels) > 1 else ""
        told.append(
            f"has a voxel of {grid.dose_gy[at]:.2f} Gy that stands alone, at ({x:.0f}, {y:.0f}, "
            f"{z:.0f}) mm{others}"
        )
    return ", and ".join(told)
