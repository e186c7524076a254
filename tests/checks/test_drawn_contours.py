"""Contours that cross themselves."""

from dataclasses import replace

import pytest

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.errors import NotEvaluable
from oligort.finding import Flag, Grade
from oligort.geometry.structure import Contour, Structure
from oligort.protocol.model import Protocol

PROTOCOL = Protocol.load("nct06190782")
CHECKS = {one.code: one for one in all_checks()}
FRAME = "1.2.840.1"


def findings_of(code, submission):
    return list(CHECKS[code].run(Case(submission, PROTOCOL, None)))


def drawn(roi_name, *loops, number=9, kind="CLOSED_PLANAR"):
    """Return an ROI of loops, each a plane z and points (x, y)."""
    contours = tuple(Contour([(x, y, z_mm) for x, y in points], kind) for z_mm, points in loops)
    return Structure(number, roi_name, contours, frame_of_reference_uid=FRAME)


def with_structures(submission, *structures):
    (whole,) = submission.structure_sets
    added = replace(whole, structures=(*whole.structures, *structures))
    return replace(submission, structure_sets=(added,))


def square(side_mm, x=0.0, y=0.0):
    return [(x, y), (x + side_mm, y), (x + side_mm, y + side_mm), (x, y + side_mm)]


EIGHT = [(0, 0), (20, 20), (20, 0), (0, 20)]
"""Two triangles of 100 mm2, one of them run around backwards."""


# ------------------------------------------------------------------------------------- OL013


def test_contours_that_do_not_cross_themselves_pass(build):
    (finding,) = findings_of("OL013", build())
    assert finding.grade is Grade.PASS


def test_a_crossing_in_a_target_is_minor_with_plane_roi_and_area(build):
    planes = [(z, square(20)) for z in (0.0, 5.0, 15.0)]
    ptv = drawn("PTVm02", *planes, (10.0, EIGHT))
    (finding,) = findings_of("OL013", with_structures(build(), ptv))
    assert (finding.grade, finding.about) == (Grade.MINOR, "PTVm02")
    assert finding.message == (
        '"PTVm02": 1 contour crosses itself, at 10.0 mm, where 100.0 of 200 mm2 are run around '
        "backwards or twice"
    )
    # in doubt are 100 mm2 of the three squares of 400 mm2 and the eight, signed 0
    (evidence,) = finding.evidence
    assert evidence.measured == pytest.approx(100 * 100 / 1200)


def test_the_worst_of_several_is_told(build):
    large = [(2 * x, 2 * y) for x, y in EIGHT]
    ptv = drawn("PTVm02", (0.0, square(30)), (5.0, EIGHT), (10.0, large))
    (finding,) = findings_of("OL013", with_structures(build(), ptv))
    assert "2 contours cross themselves, the worst at 10.0 mm, where 400.0 of" in finding.message


def test_a_crossing_in_what_is_not_judged_is_information(build):
    others = [drawn(name, (0.0, EIGHT), (5.0, EIGHT)) for name in ("Heart", "PTV ring")]
    told, passed = findings_of("OL013", with_structures(build(), *others))
    assert (told.grade, passed.grade) == (Grade.INFO, Grade.PASS)
    assert '"Heart", "PTV ring"' in told.message


def test_keyholes_curls_of_a_pixel_and_touching_points_are_no_crossings(build):
    keyhole = [*square(40), (0, 0), (10, 10), (10, 20), (20, 20), (20, 10), (10, 10)]
    curl = [(0, 0), (40, 0), (40, 40), (1, 40), (0, 41), (1, 41), (0, 40)]
    diamonds = [(0, 0), (5, 5), (0, 10), (-5, 5), (0, 0), (-5, -5), (0, -10), (5, -5)]
    twice = [point for point in square(40) for _ in range(2)]
    ptv = drawn("PTVm02", (0.0, keyhole), (5.0, curl), (10.0, diamonds), (15.0, twice))
    (finding,) = findings_of("OL013", with_structures(build(), ptv))
    assert finding.grade is Grade.PASS


def test_a_crossing_in_sagittal_planes_is_seen_too(build):
    contours = [Contour([(x, y, z) for y, z in EIGHT]) for x in (0.0, 5.0, 10.0)] + [
        Contour([(15.0, y, z) for y, z in square(30)])
    ]
    (finding,) = findings_of(
        "OL013", with_structures(build(), Structure(9, "PTVm02", tuple(contours)))
    )
    assert finding.grade is Grade.MINOR
    assert "3 contours cross themselves" in finding.message


def test_what_is_not_drawn_in_planes_is_a_query_and_no_pass(build):
    bent = Structure(
        9, "PTVm02", (Contour([(0, 0, 0), (9, 0, 0), (9, 9, 9), (0, 9, 9), (0, 0, 9)]),)
    )
    submission = with_structures(build(), bent)
    for code in ("OL013",):
        (finding,) = findings_of(code, submission)
        assert (finding.grade, finding.flags) == (Grade.INFO, (Flag.QUERY,))
        assert "do not lie in parallel planes" in finding.message
    names = ["Lung_L", "Lung_R", "GTVm01_Lung_L", "GTVp", "PTVm01"]
    for code in ("OL013",):
        with pytest.raises(NotEvaluable, match="encloses an area"):
            findings_of(code, with_structures(build(without=names), Structure(9, "Heart")))
