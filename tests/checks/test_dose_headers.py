"""Spacing of the judged dose, and the densities that it was computed in."""

from dataclasses import replace

import numpy as np
import pytest

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.finding import Flag, Grade
from oligort.geometry.grid import Grid
from oligort.protocol.model import Protocol

CHECKS = {one.code: one for one in all_checks()}
PROTOCOL = Protocol.load("nct06190782")
FRAME = "1.2.840.1"


def findings(code, submission):
    return list(CHECKS[code].run(Case(submission, PROTOCOL, None)))


def spaced(submission, i_mm, j_mm, frames_mm):
    grid = Grid((0, 0, 0), (1, 0, 0), (0, 1, 0), i_mm, j_mm, 2, 2, np.array(frames_mm), FRAME)
    dose = DoseGrid(grid, np.ones(grid.shape))
    return replace(submission, doses=(replace(submission.doses[0], grid=dose),))


def corrected(submission, terms):
    (dose,) = submission.doses
    return replace(submission, doses=(replace(dose, heterogeneity_correction=terms),))


@pytest.mark.parametrize(
    ("i_mm", "j_mm", "frames_mm", "grade", "largest_mm"),
    [
        (2.5, 2.5, [0, 3, 6], Grade.PASS, 3),
        (3, 3, [0, 3, 6.01], Grade.PASS, 3.01),  # 3 mm, written with two decimals
        (3.1, 2, [0, 2], Grade.MINOR, 3.1),
        (2, 4, [0, 2], Grade.MINOR, 4),
        (2, 2, [0, 5], Grade.MINOR, 5),
        (2, 2, [0, 2, 4, 9], Grade.MINOR, 5),  # uneven frames
    ],
)
def test_the_largest_spacing_decides(build, i_mm, j_mm, frames_mm, grade, largest_mm):
    (finding,) = findings("OL010", spaced(build(), i_mm, j_mm, frames_mm))
    assert finding.grade is grade
    (evidence,) = finding.evidence
    assert evidence.measured == pytest.approx(largest_mm)
    assert evidence.limit == PROTOCOL.settings.dose_grid_spacing_mm.value
    assert finding.source.document == "assumption"


@pytest.mark.parametrize(
    ("terms", "grade", "flags"),
    [
        ("IMAGE", Grade.PASS, ()),
        ("IMAGE\\ROI_OVERRIDE", Grade.PASS, ()),
        ("WATER", Grade.MINOR, ()),
        ("water\\", Grade.MINOR, ()),
        ("ROI_OVERRIDE", Grade.INFO, (Flag.QUERY,)),
        ("WATER\\ROI_OVERRIDE", Grade.INFO, (Flag.QUERY,)),
        ("BULK", Grade.INFO, (Flag.QUERY,)),
        ("", Grade.INFO, ()),
    ],
)
def test_water_alone_deviates(build, terms, grade, flags):
    (finding,) = findings("OL011", corrected(build(), terms))
    assert (finding.grade, finding.flags) == (grade, flags)
    assert "Tissue Heterogeneity Correction (3004,0014)" in finding.message


@pytest.mark.parametrize("code", ["OL010", "OL011"])
def test_without_a_dose_they_are_not_evaluable(build, code):
    with pytest.raises(NotEvaluable, match="no RTDOSE"):
        findings(code, replace(build(), doses=()))


def test_each_added_course_is_asked(build):
    whole = spaced(build(), 2, 2, [0, 2])
    coarse = spaced(build(), 4, 2, [0, 2])
    # Of the same dose it would be the same course.
    other = replace(coarse.doses[0].grid, dose_gy=np.full((2, 2, 2), 3.0))
    prior = replace(
        coarse,
        plans=(replace(coarse.plans[0], sop_instance_uid="1.3.2", label="before"),),
        doses=(
            replace(coarse.doses[0], sop_instance_uid="1.3.3", plan_uids=("1.3.2",), grid=other),
        ),
    )
    assert [f.grade for f in findings("OL010", whole.after(prior))] == [Grade.PASS, Grade.INFO]
