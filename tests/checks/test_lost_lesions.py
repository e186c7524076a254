"""A metastasis that lost its GTV and its entry is not lost within a target of several parts."""

from dataclasses import replace

import numpy as np
import pytest
from test_claims import answered, not_measurable, solid, together, with_structures
from test_unnamed_entries import PROVEN, entry, judged, removed

from oligort.geometry.structure import Contour, Structure, StructureSet
from oligort.submission import Submission

GTV = solid("GTVm01_Liver", 1)
ENTRIES = [entry("A", roi_names=["GTVm01_Liver"], **PROVEN), *answered(removed("Bone", "Brain"))]
CODES = ("OL201", "OL202", "OL203")


def at(roi_name, *numbers, mm=28.0):
    """One ROI of a cube at each of some places; the first is that of the GTV."""
    return replace(together(*(solid(roi_name, n, mm) for n in numbers)), roi_number=9)


def loops(roi_name, outline, *more):
    planes_mm = (-8.0, -4.0, 0.0, 4.0, 8.0)
    drawn = (outline, *more)
    return Structure(
        9,
        roi_name,
        tuple(
            Contour(np.array([(100.0 + x, y, z) for x, y in o])) for z in planes_mm for o in drawn
        ),
    )


def square(half_mm, x=0.0):
    return [(x + a * half_mm, b * half_mm) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def passed(*structures, entries=ENTRIES):
    found = judged(with_structures(*structures), entries)
    return {code for code in CODES if found[code][0]}, found["OL201"][1]


@pytest.mark.parametrize("roi_name", ["PTV_all", "PTV", "CTV_total", "ITV_all", "PTV_eval"])
def test_each_part_of_a_target_holds_a_known_lesion(roi_name):
    assert passed(GTV, at(roi_name, 1))[0] == set(CODES)
    codes, told = passed(GTV, at(roi_name, 1, 5))
    assert not codes
    assert f'the part of "{roi_name}" at 500, 0, 0 mm is drawn around no known lesion' in told
    codes, told = passed(GTV, at(roi_name, 5))
    assert not codes
    assert f'"{roi_name}" is drawn around no known lesion' in told


def test_a_box_around_a_lesion_does_not_hold_it():
    between = replace(solid("GTVm01_Liver", 3), roi_number=1)
    assert not passed(between, at("PTV", 1, 5))[0]
    h, w = 60.0, 12.0
    c_shaped = [(-h, -h), (h, -h), (h, w - h), (w - h, w - h), (w - h, h - w), (h, h - w), (h, h)]
    assert not passed(GTV, loops("PTV", [*c_shaped, (-h, h)]))[0]


def test_an_entry_that_names_a_target_explains_one_part_where_it_has_no_other_lesion():
    named = [ENTRIES[0] | {"roi_names": ["GTVm01_Liver", "PTV_all"]}, *ENTRIES[1:]]
    assert "OL201" not in passed(GTV, at("PTV_all", 1, 5), entries=named)[0]
    assert "OL201" in passed(GTV, at("PTV_all", 1), entries=named)[0]
    own = entry("B", "Liver", "surgery", roi_names=["CTV_bed"])
    told = passed(GTV, at("CTV_bed", 5), entries=[*ENTRIES, own])[1]
    assert "around no known lesion" not in told
    assert "around no known" in passed(GTV, at("CTV_bed", 5, 7), entries=[*ENTRIES, own])[1]


def test_what_goes_around_a_lesion_or_covers_a_piece_of_it_is_no_false_alarm():
    speck = solid("PTV", 5, 0.5)
    speck = replace(speck, contours=tuple(c for c in speck.contours if c.points_mm[0, 2] == 0))
    halves = loops("PTV", square(9.0, -10.0), square(9.0, 10.0))  # cropped along the middle
    shell = loops("PTV_low", square(30.0), square(18.0)[::-1])
    pieces = loops("Ring_PTV", square(5.0, -30.0), square(5.0, 30.0))
    for target in (together(at("PTV", 1), speck), halves, shell, pieces):
        codes, told = passed(GTV, target)
        assert codes == set(CODES), (target.roi_name, told)


@pytest.mark.parametrize("what", not_measurable())
def test_a_node_that_no_entry_lists_is_not_lost_where_it_cannot_be_measured(what):
    node = Structure(9, "GTVn01", not_measurable()[what])
    codes, told = passed(GTV, node)
    assert not codes
    assert '"GTVn01" cannot be measured and no lesion of the register names it' in told
    listed = entry("N", "LymphNodes", "none", kind="regional_node", roi_names=["GTVn01"])
    told = passed(GTV, node, entries=[*ENTRIES, listed | {"no_therapy_reason": "declined"}])[1]
    assert "no lesion of the register names it" not in told


def test_a_target_that_cannot_be_read_is_asked_for_and_an_empty_one_is_not():
    unread = Submission(structure_sets=(StructureSet((GTV,), "1.1", left_out=("PTV2",)),))
    found = judged(unread, ENTRIES)
    assert not any(found[code][0] for code in CODES)
    assert 'the contours of "PTV2" cannot be read and may lie around a lesion' in found["OL201"][1]
    for what in ("nothing", "a point"):
        assert passed(GTV, Structure(9, "PTV2", not_measurable()[what]))[0] == set(CODES)
    lines = solid("PTV2", 5)
    open_lines = tuple(Contour(one.points_mm, "OPEN_PLANAR") for one in lines.contours)
    assert not passed(GTV, Structure(9, "PTV2", open_lines))[0]


def test_what_is_no_tumour_by_its_name_alone_is_not_said_to_be_beyond_measure():
    """An ROI named after a vertebra that its file types GTV was said to have no contours."""
    typed = replace(solid("BWK7", 6), interpreted_type="GTV")
    codes, told = passed(GTV, typed)
    assert not codes
    assert '"BWK7" is no gross tumour by its name, but it is of interpreted type GTV' in told
    assert "cannot be measured" not in told


@pytest.mark.parametrize("interpreted_type", ["", "ORGAN"])
@pytest.mark.parametrize(
    "roi_name", ["pGTV2", "P-GTV liver", "P_CTV", "PTV_rGTV", "RPTV2", "MRCTV"]
)
def test_what_may_be_a_target_by_its_name_holds_a_known_lesion(roi_name, interpreted_type):
    """Planned as a PTV is, it is drawn for a lesion: of "PTV2" there the number was open."""
    codes, told = passed(GTV, replace(at(roi_name, 5), interpreted_type=interpreted_type))
    assert not codes
    assert f'"{roi_name}" is drawn around no known lesion' in told
    assert passed(GTV, replace(at(roi_name, 1), interpreted_type=interpreted_type))[0] == set(CODES)
