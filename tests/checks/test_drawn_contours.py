"""Contours that cross themselves, specks, and ROIs that enclose nothing."""

from dataclasses import replace

import numpy as np
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
    for code in ("OL013", "OL014"):
        (finding,) = findings_of(code, submission)
        assert (finding.grade, finding.flags) == (Grade.INFO, (Flag.QUERY,))
        assert "do not lie in parallel planes" in finding.message
    names = ["Lung_L", "Lung_R", "GTVm01_Lung_L", "GTVp", "PTVm01"]
    for code in ("OL013", "OL014"):
        with pytest.raises(NotEvaluable, match="encloses an area"):
            findings_of(code, with_structures(build(without=names), Structure(9, "Heart")))


# ------------------------------------------------------------------------------------- OL014


def test_an_roi_without_specks_passes(build):
    (finding,) = findings_of("OL014", build())
    assert finding.grade is Grade.PASS
    assert "0.01 cc" in finding.message


TARGET = [(z, square(20)) for z in (0.0, 5.0, 10.0, 15.0)]


@pytest.mark.parametrize(
    ("side_mm", "x", "grade"),
    [
        (1.3, 40.0, Grade.MINOR),  # 1.3 x 1.3 x 5 mm are 0.0085 cc
        (1.5, 40.0, Grade.PASS),  # 0.0113 cc
        (1.3, 5.0, Grade.PASS),  # a small hole
    ],
)
def test_a_speck_beside_a_target_is_minor(build, side_mm, x, grade):
    ptv = drawn("PTVm02", *TARGET, (5.0, square(side_mm, x, 5.0)))
    (finding,) = findings_of("OL014", with_structures(build(), ptv))
    assert finding.grade is grade
    assert ('"PTVm02" (1)' in finding.message) is (grade is Grade.MINOR)


def test_a_small_tip_is_no_speck_even_beyond_missing_planes_and_an_island_is_one(build):
    for at_mm in (20.0, 25.0, 30.0):
        tip = drawn("PTVm02", *TARGET, (at_mm, square(1.3, 5.0, 5.0)))
        (finding,) = findings_of("OL014", with_structures(build(), tip))
        assert finding.grade is Grade.PASS
    island = drawn("PTVm02", *TARGET, (35.0, square(1.3, 5.0, 5.0)))
    (finding,) = findings_of("OL014", with_structures(build(), island))
    assert finding.grade is Grade.MINOR


def test_an_roi_that_is_small_altogether_has_no_specks(build):
    small = drawn("PTVm02", *((z, square(1.0)) for z in (0.0, 5.0)))
    (finding,) = findings_of("OL014", with_structures(build(), small))
    assert finding.grade is Grade.PASS


def test_specks_of_lesions_are_left_to_the_census_and_others_are_information(build):
    lesion, heart = (
        drawn(name, *TARGET, (5.0, square(1.0, 40.0))) for name in ("GTVm02_Liver", "Heart")
    )
    told, passed = findings_of("OL014", with_structures(build(), lesion, heart))
    assert (told.grade, passed.grade) == (Grade.INFO, Grade.PASS)
    assert '"Heart" (1)' in told.message
    assert "GTVm02" not in told.message
    census = Case(with_structures(build(), lesion), PROTOCOL, None).census
    assert any("speck" in note for note in census.notes)


def test_a_thousand_specks_are_counted(build):
    """1,000 in one plane: each is held against what its own box meets."""
    corners = np.stack(np.meshgrid(np.arange(25), np.arange(40)), -1).reshape(-1, 2) * 3.0
    specks = [(0.0, square(1.0, x + 100, y)) for x, y in corners]
    ptv = drawn("PTVm02", *TARGET, *specks)
    (finding,) = findings_of("OL014", with_structures(build(), ptv))
    assert '"PTVm02" (1000)' in finding.message


# ------------------------------------------------------------------------------------- OL015


def test_all_rois_drawn_pass(build):
    (finding,) = findings_of("OL015", build())
    assert finding.grade is Grade.PASS


def test_empty_rois_are_told_by_what_they_are_for(build):
    empty = [Structure(n, name) for n, name in enumerate(("GTVm02_Liver", "PTVm02", "Lungs"), 21)]
    empty += [Structure(24, "POI_1"), Structure(25, "Heart")]
    points = drawn("ISO", (0.0, [(1.0, 2.0)]), kind="POINT", number=26)
    needed, others, lines = findings_of("OL015", with_structures(build(), *empty, points))
    assert {one.grade for one in (needed, others, lines)} == {Grade.INFO}
    assert needed.flags == (Flag.QUERY,)
    assert '"GTVm02_Liver", "PTVm02", "Lungs"' in needed.message
    assert (others.flags, lines.flags) == ((), ())
    assert others.message == 'without contours: "POI_1", "Heart"'
    assert lines.message == 'points and lines only: "ISO"'


def test_an_empty_helper_alone_passes_beside_its_note(build):
    told, passed = findings_of("OL015", with_structures(build(), Structure(9, "POI_1")))
    assert (told.grade, passed.grade) == (Grade.INFO, Grade.PASS)


def half_open(roi_name, number):
    """An ROI drawn on four planes, the upper two as lines that are not closed."""
    closed, lines = (
        drawn(roi_name, *((z, square(20)) for z in planes), kind=kind).contours
        for planes, kind in (((0.0, 5.0), "CLOSED_PLANAR"), ((10.0, 15.0), "OPEN_PLANAR"))
    )
    return Structure(number, roi_name, (*closed, *lines), frame_of_reference_uid=FRAME)


def test_open_lines_among_closed_loops_are_told_and_nothing_is_measured_of_them(build):
    submission = with_structures(build(), half_open("GTVm02_Liver", 9), half_open("Marker", 10))
    needed, others = findings_of("OL015", submission)
    assert (needed.grade, needed.flags) == (Grade.INFO, (Flag.QUERY,))
    assert needed.message.endswith('only some contours are closed: "GTVm02_Liver"')
    assert (others.flags, others.message) == ((), 'only some contours are closed: "Marker"')
    (excluded,) = (one for one in submission.lesions().excluded if one.may_be_metastasis)
    assert excluded.roi_name == "GTVm02_Liver"
    with pytest.raises(NotEvaluable, match="what the ROI encloses is not known"):
        submission.dvh("GTVm02_Liver")


@pytest.mark.parametrize("points", [0, 1, 2])
def test_contours_that_lost_their_points_are_told_and_nothing_is_measured_of_them(build, points):
    whole = half_open("GTVm02_Liver", 9)
    contours = tuple(
        one if one.encloses_area else Contour(one.points_mm[:points]) for one in whole.contours
    )
    submission = with_structures(build(), replace(whole, contours=contours))
    (told,) = findings_of("OL015", submission)
    assert (told.grade, told.flags) == (Grade.INFO, (Flag.QUERY,))
    assert told.message.endswith('only some contours are closed: "GTVm02_Liver"')
    (excluded,) = (one for one in submission.lesions().excluded if one.may_be_metastasis)
    assert excluded.roi_name == "GTVm02_Liver"
    with pytest.raises(NotEvaluable, match="2 of less than three points lie in planes"):
        submission.dvh("GTVm02_Liver")


def test_a_lung_with_open_lines_among_its_loops_is_not_judged(build):
    whole = build()
    (drawn_set,) = whole.structure_sets
    lung = drawn_set.structures[0]
    opened = tuple(
        Contour(one.points_mm, "OPEN_PLANAR") if one.points_mm[0, 2] > 20 else one
        for one in lung.contours
    )
    altered = (replace(lung, contours=opened), *drawn_set.structures[1:])
    submission = replace(whole, structure_sets=(replace(drawn_set, structures=altered),))
    assert lung.roi_name == "Lung_L"
    (limit,) = findings_of("OL301", submission)
    assert limit.grade is Grade.NOT_EVALUABLE
    assert 'by their type "OPEN_PLANAR"' in limit.message
