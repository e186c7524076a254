"""What open entries of the register may be drawn as, in the lungs less gross tumour (X6)."""

import pytest

from oligort.finding import Flag, Grade
from oligort.phantoms import Box

METASTASIS = Box((50.0, 0.0, 0.0), (20.0, 20.0, 20.0))
"""8 cc in the left lung, in a dose below 20 Gy."""

BETWEEN_MM = 25.15
"""Where V20 is 24.85 % of the 720 cc of both lungs, and 25.13 % without the metastasis."""


@pytest.fixture
def drawn(build):
    def submission(roi_name, solid=METASTASIS):
        return build(edge_mm=BETWEEN_MM, without=["GTVm01_Lung_L"], extra={roi_name: solid})

    return submission


@pytest.mark.parametrize("roi_name", ["Struktur1", "PET_40%", "Boost"])
def test_what_an_open_entry_may_be_is_cut_out_of_the_lungs_too(
    drawn, findings_of, register_table, roi_name
):
    (lesion,) = register_table["lesions"]
    lesion["roi_names"] = [roi_name]
    (named,) = findings_of("OL301", drawn(roi_name), register_table)
    assert named.grade is Grade.MAJOR
    for names in (None, ["x"]):
        lesion["roi_names"] = names
        (found,) = findings_of("OL301", drawn(roi_name), register_table)
        assert found.grade is Grade.NOT_EVALUABLE
        assert f'without "{roi_name}"' in found.message
        assert 'may be what is drawn for "L1" (roi_names would tell)' in found.message
    # A whole register asks for no other ROI.
    lesion |= {"roi_names": [], "therapy": "surgery"}
    (found,) = findings_of("OL301", drawn(roi_name), register_table)
    assert found.grade is Grade.PASS
    assert roi_name not in found.message


def test_what_lies_outside_the_lungs_changes_nothing(drawn, findings_of, register_table):
    del register_table["lesions"][0]["roi_names"]
    outside = drawn("Struktur1", Box((0.0, 80.0, 0.0), (20.0, 20.0, 20.0)))
    (found,) = findings_of("OL301", outside, register_table)
    assert found.grade is Grade.PASS
    assert "Struktur1" not in found.message


def test_that_there_is_no_tumour_is_not_believed_beside_an_open_entry(
    build, findings_of, register_table
):
    """With its name the ROI is gross tumour, and is cut out whatever `gtv_absent` says."""
    without = ["GTVm01_Lung_L", "GTVp"]
    submission = build(edge_mm=BETWEEN_MM, without=without, extra={"Struktur1": METASTASIS})
    register_table["anatomy"]["gtv_absent"] = "yes"
    del register_table["lesions"][0]["roi_names"]
    (found,) = findings_of("OL301", submission, register_table)
    assert found.grade is Grade.NOT_EVALUABLE
    assert "roi_names" in found.message


def test_several_rois_that_move_v20_one_way_are_cut_out_together(
    build, findings_of, register_table
):
    """Neither half of the metastasis brings V20 over 25 %, nor do both with what is hot."""
    solids = {
        "Struktur1": Box((45.0, 0.0, 0.0), (10.0, 20.0, 20.0)),
        "Struktur2": Box((55.0, 0.0, 0.0), (10.0, 20.0, 20.0)),
        "Struktur3": Box((-50.0, 0.0, 40.0), (20.0, 20.0, 10.0)),
    }
    submission = build(edge_mm=BETWEEN_MM, without=["GTVm01_Lung_L"], extra=solids)
    (lesion,) = register_table["lesions"]
    lesion["roi_names"] = ["Struktur1", "Struktur2"]
    (named,) = findings_of("OL301", submission, register_table)
    assert named.grade is Grade.MAJOR
    del lesion["roi_names"]
    (found,) = findings_of("OL301", submission, register_table)
    assert found.grade is Grade.NOT_EVALUABLE
    assert 'without "Struktur1" and "Struktur2"' in found.message.replace(", ", " and ")


@pytest.mark.parametrize("edge_mm", [BETWEEN_MM, 35.0])
@pytest.mark.parametrize("roi_name", ["xyz lung GTV", "GTVm02"])
def test_a_tumour_that_fills_a_lung_is_not_cut_out_of_it_without_a_question(
    build, findings_of, register_table, roi_name, edge_mm
):
    """The right lung alone has 24.85 %, both less the metastasis 25.13 %."""
    left = Box((50.0, 0.0, 0.0), (60.0, 60.0, 100.0))
    submission = build(edge_mm=edge_mm, extra={roi_name: left})
    (found,) = findings_of("OL301", submission, register_table)
    if edge_mm == BETWEEN_MM:
        assert found.grade is Grade.NOT_EVALUABLE
        assert f'25.13 % for Lungs-GTV where "{roi_name}" is no GTV' in found.message
    else:
        assert (found.grade, Flag.QUERY in found.flags) == (Grade.PASS, True)
        asked = f'"{roi_name}" fills 100% of ROI "Lung_L": GTV or the organ itself'
        assert asked in found.message


def test_what_is_the_lung_by_what_it_fills_is_no_tumour_to_cut_out(
    build, findings_of, register_table
):
    """Larger than any lesion, of 400 cc or more: in a lung that is drawn as large."""
    lungs = {
        "Lung_L": Box((50.0, 0.0, 0.0), (75.0, 75.0, 100.0)),
        "Lung_R": Box((-50.0, 0.0, 0.0), (75.0, 75.0, 100.0)),
    }
    plain = build(edge_mm=25.0, without=list(lungs), extra=lungs)
    (without,) = findings_of("OL301", plain, register_table)
    for roi_name in ("Ipsi lung-GTV", "LungGTV", "SBRT lung-GTV"):
        beside = build(edge_mm=25.0, without=list(lungs), extra=lungs | {roi_name: lungs["Lung_L"]})
        (found,) = findings_of("OL301", beside, register_table)
        assert (found.grade, found.message) == (without.grade, without.message)
