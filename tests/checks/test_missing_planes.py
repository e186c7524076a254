"""Planes left out of one piece of a tumour or target, told from parts that lie apart."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from oligort.checks.case import Case
from oligort.checks.cut_out import between
from oligort.checks.registry import all_checks
from oligort.dose.dvh import Dvh
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.finding import Flag, Grade
from oligort.geometry.algebra import Shape
from oligort.geometry.interrupted import bridges_of
from oligort.geometry.region import Region
from oligort.geometry.slabs import slabs_of
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


CUT_OUT = Box((-50.0, 0.0, -15.0), (50.0, 50.0, 60.0))
"""A metastasis in the right lung, on the 12 planes from -42.5 to 12.5 mm; a plane holds 12.5 cc."""

NEAR_THE_LIMIT_MM = 30.2
"""Where 20 Gy begin: V20 of both lungs is 19.8 %, without the metastases 25.4 %."""


def v20_of(findings_of, build, contours, edge_mm=NEAR_THE_LIMIT_MM):
    submission = with_roi(build(edge_mm=edge_mm), "GTVm02_Lung_R", contours)
    (v20,) = findings_of("OL301", submission)
    return v20


def test_trap_planes_missing_in_what_is_cut_out_are_no_smaller_v20(build, findings_of):
    whole = v20_of(findings_of, build, drawn(CUT_OUT))
    assert whole.grade is Grade.MAJOR
    for without in ({-22.5, -17.5}, set(np.arange(-32.5, 5, 5.0))):
        v20 = v20_of(findings_of, build, drawn(CUT_OUT, without=without))
        assert v20.grade is Grade.NOT_EVALUABLE
        assert f"up to {12.5 * len(without):.1f} cc may be to be cut out" in v20.message
        assert 'planes of "GTVm02_Lung_R" are not drawn' in v20.message
        # The lungs hold 720 cc, of which 142.56 get 20 Gy; without 150 and 8 cc they hold 562.
        assert f"to {100 * 142.56 / 562:.2f} %, and the limit lies between" in v20.message


def test_what_cannot_change_the_verdict_is_a_query(build, findings_of):
    v20 = v20_of(findings_of, build, drawn(CUT_OUT, without={-22.5, -17.5}), edge_mm=35.0)
    assert (v20.grade, v20.flags) == (Grade.PASS, (Flag.QUERY,))
    assert "up to 25.0 cc may be to be cut out" in v20.message


@pytest.mark.parametrize(
    "contours",
    [
        drawn(CUT_OUT),
        # Between the lungs nothing is missing in them.
        drawn(Box((0.0, 0.0, -15.0), (20.0, 20.0, 60.0)), without={-22.5, -17.5}),
        # Two lesions far apart that do not face each other.
        [
            *drawn(Box((-65.0, 0.0, -40.0), (20.0, 20.0, 10.0))),
            *drawn(Box((-35.0, 0.0, 10.0), (20.0, 20.0, 10.0))),
        ],
    ],
)
def test_what_lies_apart_or_outside_is_not_cut_out(build, findings_of, contours):
    assert "to be cut out" not in v20_of(findings_of, build, contours).message


@pytest.mark.parametrize(
    ("metric", "expected"),
    # Of 100 cc, at 0 to 100 Gy evenly; the piece holds 10 cc between 45 and 55 Gy, 5 of them above
    # 50 Gy.
    [
        ("V50Gy[%]", (100 * 45 / 95, 100 * 50 / 95)),
        ("V50Gy[cc]", (45.0, 50.0)),
        ("CV50Gy[cc]", (45.0, 50.0)),
        ("V90Gy[%]", (10.0, 100 * 10 / 90)),
        ("V10Gy[%]", (100 * 80 / 90, 90.0)),
        ("Max[Gy]", (100.0, 100.0)),
    ],
)
def test_any_part_of_a_piece_may_be_cut_out(metric, expected):
    edges_gy = np.array([0.0, 45.0, 55.0, 100.0])
    whole = Dvh("A", 1, edges_gy, np.array([100.0, 55.0, 45.0, 0.0]), 100.0, 0.0, 0.0, 50.0, 100.0)
    without = Dvh("A", 1, edges_gy, np.array([90.0, 45.0, 45.0, 0.0]), 90.0, 0.0, 0.0, 50.0, 100.0)
    assert between(whole, without, Metric.parse(metric)) == pytest.approx(expected)


def test_a_bridge_goes_on_from_either_side_of_a_gap():
    parts = [
        *drawn(Box((0.0, 0.0, -50.0), (20.0, 20.0, 40.0))),
        *drawn(Box((5.0, 0.0, 10.0), (20.0, 20.0, 40.0))),
    ]
    structure = Structure(9, "GTV", tuple(parts))
    bridges = bridges_of(structure, slabs_of(structure, 1.0))
    gap_cc = [Region(Shape((bridge,)), 1.0).volume_mm3(1.0) / 1000 for bridge in bridges]
    # From -32.5 to -7.5 mm, of which the two planes fill half a spacing each.
    assert [volume_cc >= 20 * 20 * 20 / 1000 for volume_cc in gap_cc] == [True, True]
    less = Shape(operator="-", left=Shape(bridges), right=Shape((structure,)))
    assert Region(less, 1.0).volume_mm3(1.0) == pytest.approx(25 * 20 * 20, rel=1e-3)
