"""Planes left out of one piece of a tumour or target, told from parts that lie apart."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.errors import NotEvaluable
from oligort.finding import Flag, Grade
from oligort.geometry.structure import Structure
from oligort.phantoms import Box, Sphere
from oligort.protocol.model import Protocol

PROTOCOL = Protocol.load("nct06190782")
CHECKS = {one.code: one for one in all_checks()}
PLANES_MM = np.arange(-97.5, 100, 5.0)
TARGET = Box((0.0, 0.0, -50.0), (20.0, 20.0, 60.0))
"""Drawn on the 12 planes from -77.5 to -22.5 mm; a plane of it holds 2 cc."""


def told_of(submission, roi_name):
    """Return the findings of OL303 about an ROI, whatever becomes of the lungs."""
    found = []
    with suppress(NotEvaluable):
        found.extend(CHECKS["OL303"].run(Case(submission, PROTOCOL, None)))
    return [finding for finding in found if finding.about == roi_name]


def with_roi(submission, roi_name, contours):
    (whole,) = submission.structure_sets
    roi = Structure(9, roi_name, tuple(contours), frame_of_reference_uid="1.2.840.1")
    added = replace(whole, structures=(*whole.structures, roi))
    return replace(submission, structure_sets=(added,))


def drawn(solid, *, without=()):
    contours = solid.structure("", 9, PLANES_MM).contours
    return [one for one in contours if one.points_mm[0, 2] not in without]


@pytest.mark.parametrize("roi_name", ["PTVm02", "CTV", "GTVm02_Liver", "GTVp2", "PTV_all"])
@pytest.mark.parametrize("without", [{-52.5}, {-52.5, -47.5}])
def test_planes_left_out_of_one_piece_are_minor(build, roi_name, without):
    submission = with_roi(build(), roi_name, drawn(TARGET, without=without))
    (finding,) = told_of(submission, roi_name)
    assert (finding.grade, finding.flags) == (Grade.MINOR, ())
    assert f"about {2.0 * len(without):.2f} cc are missing" in finding.message
    # They are told where the lungs are missing, too.
    (finding,) = told_of(
        with_roi(build(without=["Lung_L"]), roi_name, drawn(TARGET, without=without)), roi_name
    )
    assert finding.grade is Grade.MINOR


@pytest.mark.parametrize(
    "contours",
    [
        drawn(TARGET),
        drawn(TARGET, without={-57.5, -52.5, -47.5}),  # 20 mm: parts that lie apart
    ],
)
def test_whole_targets_and_parts_far_apart_are_not_told(build, contours):
    assert told_of(with_roi(build(), "PTVm02", contours), "PTVm02") == []


def test_two_parts_that_lie_obliquely_above_each_other_are_a_query(build):
    parts = [*drawn(Sphere((0.0, 0.0, -50.0), 15.0)), *drawn(Sphere((12.0, 0.0, -11.0), 15.0))]
    (finding,) = told_of(with_roi(build(), "PTVm02", parts), "PTVm02")
    assert (finding.grade, finding.flags) == (Grade.INFO, (Flag.QUERY,))
    assert "between -37.5 and -22.5 mm" in finding.message


def test_a_plane_left_out_of_one_of_two_parts_is_minor(build):
    beside = Box((60.0, 0.0, -50.0), (20.0, 20.0, 60.0))
    contours = [*drawn(TARGET, without={-52.5}), *drawn(beside)]
    (finding,) = told_of(with_roi(build(), "PTVm02", contours), "PTVm02")
    assert finding.grade is Grade.MINOR
    assert "about 2.00 cc are missing" in finding.message


def test_other_rois_are_not_asked(build):
    for roi_name in ("Heart", "PTV ring", "zHelper"):
        submission = with_roi(build(), roi_name, drawn(TARGET, without={-52.5}))
        assert told_of(submission, roi_name) == []
