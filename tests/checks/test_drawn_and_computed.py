"""Old, one-sided and stale drawings on a thorax whose V20 is known in closed form."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

import oligort.protocol
from oligort.errors import NotEvaluable
from oligort.finding import Flag, Grade
from oligort.geometry.structure import Structure
from oligort.lesions.site_map import SiteMap
from oligort.phantoms import Box
from oligort.protocol.model import Protocol

SHIPPED = Protocol.load("nct06190782")

FRAME = "1.2.840.1"
PLANES_MM = np.arange(-97.5, 100, 5.0)

LEFT = Box((50.0, 0.0, 0.0), (60.0, 60.0, 100.0))
RIGHT = Box((-50.0, 0.0, 0.0), (60.0, 60.0, 100.0))
METASTASIS = Box((50.0, 0.0, 0.0), (20.0, 20.0, 20.0))
BODY = Box((0.0, 0.0, 0.0), (190.0, 110.0, 180.0))
LARGE = Box((50.0, 0.0, 10.0), (50.0, 50.0, 80.0))
"""200 cc in the left lung, around the metastasis, from z = -30 to 50 mm."""

TOLERANCE = 1e-3
"""Percentage points, of boxes in a dose that is linear along z; see `test_dose_checks`."""


def v20_percent(edge_mm: float, *, whole_cc: float, less_cm2: float = 0.0) -> float:
    """V20 of 72 cm2 of lung less the area of what is cut out above `edge_mm`, to z = 50 mm."""
    return 100 * (72 - less_cm2) * (50 - edge_mm) / 10 / whole_cc


WITHOUT_METASTASIS = {"whole_cc": 712.0}
WITHOUT_LARGE = {"whole_cc": 520.0, "less_cm2": 25.0}


def drawn_of(name: str, *solids: Box) -> Structure:
    """Return one ROI of several boxes; one inside another is a hole."""
    loops = [c for solid in solids for c in solid.structure(name, 90, PLANES_MM).contours]
    return Structure(90, name, tuple(loops), frame_of_reference_uid=FRAME)


def with_drawn(submission, *drawn):
    (whole,) = submission.structure_sets
    numbered = tuple(replace(one, roi_number=90 + n) for n, one in enumerate(drawn))
    structures = (*whole.structures, *numbered)
    return replace(submission, structure_sets=(replace(whole, structures=structures),))


@pytest.fixture
def only_drawn(build):
    """Return the builder of a thorax with a body, and one ROI in place of the two lungs."""

    def submission(*solids, edge_mm=35.0, name="Lungs-GTV", **extra):
        bare = build(
            without=["Lung_L", "Lung_R"],
            edge_mm=edge_mm,
            extra={"BODY": BODY} | extra,
        )
        return with_drawn(bare, drawn_of(name, *solids))

    return submission


# --------------------------------------------------------------- only "Lungs-GTV" is drawn


@pytest.mark.parametrize("name", ["Lungs", "Lungs-GTV"])
@pytest.mark.parametrize("code", ["OL301", "OL302", "OL303"])
def test_trap_one_lung_is_not_both_whatever_is_cut_out_of_it(
    name, code, only_drawn, findings_of, register_table
):
    (finding,) = findings_of(code, only_drawn(LEFT, name=name), register_table)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "lies on one side of the body" in finding.message


def test_after_a_pneumonectomy_one_side_is_all_there_is(only_drawn, findings_of, register_table):
    register_table["anatomy"]["pneumonectomy"] = "yes"
    (finding,) = findings_of("OL301", only_drawn(LEFT), register_table)
    assert finding.grade is Grade.PASS
    assert finding.evidence[0].measured == pytest.approx(15.0, abs=TOLERANCE)
    # The metastasis, 8 of 360 cc, is still in it, which is more than 2 %.
    assert finding.flags == (Flag.QUERY,)
    assert '"Lungs-GTV" without GTV has 352.0 cc and 15.34 %' in finding.message


def test_a_sound_drawing_passes_all_three_checks(only_drawn, findings_of, register_table):
    sound = only_drawn(LEFT, RIGHT, METASTASIS)
    (limit,) = findings_of("OL301", sound, register_table)
    assert (limit.grade, limit.flags) == (Grade.PASS, ())
    expected = v20_percent(35.0, **WITHOUT_METASTASIS)
    assert limit.evidence[0].measured == pytest.approx(expected, abs=TOLERANCE)
    (inside,) = findings_of("OL302", sound, register_table)
    assert inside.grade is Grade.PASS
    (planes,) = findings_of("OL303", sound, register_table)
    assert planes.grade is Grade.PASS
    assert planes.message == 'no plane is missing in "Lungs-GTV"'


def test_a_gtv_left_in_the_drawing_is_a_query(only_drawn, findings_of, register_table):
    submission = only_drawn(LEFT, RIGHT, edge_mm=30.0, GTVm02=LARGE)
    (finding,) = findings_of("OL301", submission, register_table)
    assert (finding.grade, finding.flags) == (Grade.PASS, (Flag.QUERY,))
    assert finding.evidence[0].measured == pytest.approx(20.0, abs=TOLERANCE)
    without = v20_percent(30.0, **WITHOUT_LARGE)
    assert f"without GTV has 520.0 cc and {without:.2f} %" in finding.message


@pytest.mark.parametrize(
    ("edge_mm", "as_drawn", "without"), [(24.0, 26.0, 23.5), (23.0, 27.0, 24.40)]
)
def test_a_gtv_left_in_the_drawing_decides_nothing(
    edge_mm, as_drawn, without, only_drawn, findings_of, register_table
):
    assert v20_percent(edge_mm, **WITHOUT_LARGE) == pytest.approx(without, abs=0.005)
    submission = only_drawn(LEFT, RIGHT, edge_mm=edge_mm, GTVm02=LARGE)
    (finding,) = findings_of("OL301", submission, register_table)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert f"{as_drawn:.2f} %, and {without:.2f} %" in finding.message


def test_of_two_drawings_of_one_name_none_stands_for_the_parts(
    only_drawn, findings_of, register_table
):
    twice = with_drawn(only_drawn(LEFT, RIGHT), drawn_of("Lungs-GTV", LEFT, RIGHT, METASTASIS))
    (finding,) = findings_of("OL301", twice, register_table)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert '2 ROIs are named "Lungs-GTV"' in finding.message


# --------------------------------------------------------------- superseded targets


SUPERSEDED = ["GTVm01_old", "GTVm01_copy", "GTVm01_auto", "GTV prior", "旧GTV"]


@pytest.mark.parametrize("name", SUPERSEDED)
def test_a_superseded_gtv_makes_no_v20_pass(name, build, findings_of, register_table):
    submission = build(edge_mm=24.0, extra={name: LARGE})
    (finding,) = findings_of("OL301", submission, register_table)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "26.29 %, and 23.50 %" in finding.message
    assert name in finding.message


@pytest.mark.parametrize("name", SUPERSEDED)
def test_where_both_agree_a_superseded_gtv_is_left_out_and_told(
    name, build, findings_of, register_table
):
    submission = build(edge_mm=30.0, extra={name: LARGE})
    (finding,) = findings_of("OL301", submission, register_table)
    assert (finding.grade, finding.flags) == (Grade.PASS, (Flag.QUERY,))
    expected = v20_percent(30.0, **WITHOUT_METASTASIS)
    assert finding.evidence[0].measured == pytest.approx(expected, abs=TOLERANCE)
    assert f'GTV is "GTVm01_Lung_L", "GTVp", without the superseded "{name}"' in finding.message
    assert "520.0 cc and 18.08 %" in finding.message
    notes = " ".join(submission.dvh("Lungs-GTV").notes)
    assert f'without the superseded "{name}"' in notes


def test_a_copy_that_changes_nothing_is_no_query(build, findings_of, register_table):
    submission = build(extra={"GTVm01_copy": METASTASIS})
    (finding,) = findings_of("OL301", submission, register_table)
    assert (finding.grade, finding.flags) == (Grade.PASS, ())
    assert 'without the superseded "GTVm01_copy"' in finding.message


def test_an_old_gtv_alone_or_named_by_the_register_is_subtracted(
    build, findings_of, register_table
):
    alone = build(without=["GTVm01_Lung_L", "GTVp"], extra={"GTVm01_old": METASTASIS})
    (finding,) = findings_of("OL301", alone, register_table)
    expected = v20_percent(35.0, **WITHOUT_METASTASIS)
    assert finding.evidence[0].measured == pytest.approx(expected, abs=TOLERANCE)
    assert alone.dvh("Lungs-GTV").volume_cc == pytest.approx(712.0)
    register_table["lesions"][0]["roi_names"] = ["GTVm01_old"]
    named = build(edge_mm=30.0, extra={"GTVm01_old": LARGE})
    (finding,) = findings_of("OL301", named, register_table)
    expected = v20_percent(30.0, **WITHOUT_LARGE)
    assert finding.evidence[0].measured == pytest.approx(expected, abs=TOLERANCE)
    assert "superseded" not in finding.message


@pytest.mark.parametrize("name", ["not GTV", "non-GTV"])
def test_what_is_not_gtv_is_not_subtracted(name, build, findings_of, register_table):
    (finding,) = findings_of("OL301", build(edge_mm=24.0, extra={name: LARGE}), register_table)
    assert finding.grade is Grade.MAJOR
    expected = v20_percent(24.0, **WITHOUT_METASTASIS)
    assert finding.evidence[0].measured == pytest.approx(expected, abs=TOLERANCE)


def test_an_empty_gtv_is_told_beside_the_histogram(build):
    submission = with_drawn(build(), Structure(90, "GTVm02_Lung_R", frame_of_reference_uid=FRAME))
    (note,) = submission.dvh("Lungs-GTV").notes
    assert '"GTVm02_Lung_R" has no contours that can be used' in note
    assert build().dvh("Lungs-GTV").notes == ()


# --------------------------------------------------------------- drawn under an expression's name


def test_trap_a_stale_drawing_does_not_replace_the_expression(build):
    submission = build(extra={"Lungs-GTV": RIGHT})
    computed = submission.dvh("Lungs-GTV")
    expected = v20_percent(35.0, **WITHOUT_METASTASIS)
    assert computed["V20Gy[%]"] == pytest.approx(expected, abs=TOLERANCE)
    assert computed.roi_number is None
    (note,) = computed.notes
    # Half a Gy per mm above z = -5 mm: 55^2 / 4 over 100 mm; the metastasis has 15^2 / 4 over 20.
    lung_gy, metastasis_gy = 55**2 / 400, 15**2 / 80
    computed_gy = (720 * lung_gy - 8 * metastasis_gy) / 712
    assert f"360.0 cc against 712.0 cc, mean {lung_gy:.2f} against {computed_gy:.2f} Gy" in note
    assert submission.dvh("Lungs-GTV") is computed
    as_drawn = submission.dvh('"Lungs-GTV"')
    assert (as_drawn.volume_cc, as_drawn.notes) == (pytest.approx(360.0), ())
    assert as_drawn.roi_number is not None
    assert submission.dvh("(Lungs-GTV)").volume_cc == pytest.approx(712.0)
    # The conformity index takes the isodose of what the histogram is of.
    with_isodose = submission.isodose("Lungs-GTV", 20.0), submission.isodose("(Lungs-GTV)", 20.0)
    assert with_isodose[0] == with_isodose[1]


def test_each_of_two_drawings_of_the_name_is_told(build, findings_of, register_table):
    twice = with_drawn(build(extra={"Lungs-GTV": RIGHT}), drawn_of("Lungs-GTV", LEFT, RIGHT))
    notes = twice.dvh("Lungs-GTV").notes
    assert [("360.0 cc" in note, "720.0 cc" in note) for note in notes] == [
        (True, False),
        (False, True),
    ]
    (finding,) = findings_of("OL301", twice, register_table)
    assert (finding.grade, finding.flags) == (Grade.PASS, (Flag.QUERY,))
    assert "has 360.0 cc" in finding.message


def test_without_its_parts_the_drawing_is_returned_with_a_note(only_drawn):
    submission = only_drawn(LEFT, RIGHT, METASTASIS)
    dvh = submission.dvh("Lungs-GTV")
    assert dvh.volume_cc == pytest.approx(712.0)
    (note,) = dvh.notes
    assert note.startswith('as drawn, because its parts are not: no ROI is read as "Lungs"')


@pytest.mark.parametrize("name", ["LUNGS-ITV's", "PTV-old", "PTVm01-1", 'said "x"-y', "Lung-L"])
def test_a_name_that_only_looks_like_an_expression_is_that_roi(name, build):
    dvh = build(extra={name: METASTASIS}).dvh(name)
    assert (dvh.roi_name, dvh.notes) == (name, ())
    assert dvh.volume_cc == pytest.approx(8.0)


def test_a_hyphen_between_the_words_of_one_thing_subtracts_nothing(build):
    liver = Box((-50.0, 0.0, 0.0), (40.0, 40.0, 40.0))
    submission = build(extra={"Liver": liver, "GTV-Liver": METASTASIS})
    dvh = submission.dvh("GTV-Liver")
    assert (dvh.roi_name, dvh.volume_cc) == ("GTV-Liver", pytest.approx(8.0))
    assert "in parentheses" in dvh.notes[0]


def test_what_cannot_be_compared_does_not_refuse_the_graded_number(
    build, findings_of, register_table, tmp_path: Path
):
    shipped = Path(oligort.protocol.__file__).parent / "trials" / "nct06190782.toml"
    site = tmp_path / "site.toml"
    limit = """[[dose_limits]]
criterion = "S1"
description = "Dose of 500 cc"
structure = "Lungs-GTV"
metric = "D500cc[Gy]"
relation = "<="
limit = 45
unit = "Gy"
source = { document = "assumption" }

[[dose_limits]]
"""
    text = shipped.read_text(encoding="utf-8")
    site.write_text(text.replace("[[dose_limits]]\n", limit, 1), encoding="utf-8")
    submission = build(edge_mm=-60.0, extra={"Lungs-GTV": RIGHT}, prescription_gy=None)
    finding, _ = findings_of("OL301", submission, register_table, protocol=Protocol.load(site))
    # 288 cc above z = 10 mm, 136 beside the metastasis, 76 in 72 cm2 below z = -10 mm.
    expected_gy = 20 + 0.5 * (-10 - 10 * 76 / 72 + 60)
    assert finding.evidence[0].measured == pytest.approx(expected_gy, abs=0.01)  # a bin
    assert (finding.grade, finding.flags) == (Grade.PASS, (Flag.QUERY,))
    assert "not compared: D500cc[Gy] asks for 500 cc" in finding.message


# ------------------------------------------------- the name of an expression in another spelling

SPELLINGS = ["LUNGS-GTV", "lungs-gtv", "Lungs - GTV", "Lungs_-_GTV", " Lungs -GTV"]


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_stale_roi_of_the_name_is_a_query_however_it_is_spelt(name, build, findings_of):
    (finding,) = findings_of("OL301", with_drawn(build(), drawn_of(name, METASTASIS)))
    assert (finding.grade, finding.flags) == (Grade.PASS, (Flag.QUERY,))
    assert "the drawn ROI" in finding.message
    assert "has 8.0 cc" in finding.message


@pytest.mark.parametrize("name", SPELLINGS)
def test_it_stands_for_parts_that_are_not_drawn(name, only_drawn, findings_of):
    submission = only_drawn(LEFT, RIGHT, name=name)
    (finding,) = findings_of("OL301", submission)
    assert finding.grade is Grade.PASS
    assert f'graded as drawn ("{name}")' in finding.message
    assert submission.dvh("Lungs-GTV").roi_name == name


def test_of_two_spellings_neither_stands_for_the_parts(only_drawn, findings_of):
    submission = with_drawn(
        only_drawn(LEFT, RIGHT, name="LUNGS-GTV"),
        drawn_of("Lungs - GTV", LEFT, RIGHT),
    )
    (finding,) = findings_of("OL301", submission)
    assert finding.grade is Grade.NOT_EVALUABLE
    told = 'several ROIs could be "Lungs-GTV": "LUNGS-GTV", "Lungs - GTV"'
    assert told in finding.message
    with pytest.raises(NotEvaluable, match=told):
        submission.dvh("Lungs-GTV")
    exact = with_drawn(submission, drawn_of("Lungs-GTV", LEFT, RIGHT))
    (finding,) = findings_of("OL301", exact)
    assert 'graded as drawn ("Lungs-GTV")' in finding.message


def test_an_empty_roi_of_the_exact_name_hides_none_that_is_drawn(only_drawn, findings_of):
    empty = Structure(95, "Lungs-GTV", (), frame_of_reference_uid=FRAME)
    submission = with_drawn(only_drawn(LEFT, RIGHT, name="LUNGS-GTV"), empty)
    (finding,) = findings_of("OL301", submission)
    assert 'graded as drawn ("LUNGS-GTV")' in finding.message


def limit_on(structure, **altered):
    """The shipped protocol with its limit on the lungs made one on something else."""
    (v20,) = SHIPPED.dose_limits
    asked = {"criterion": "site", "family": (), "parts": (), "definition": None} | altered
    return msgspec.structs.replace(
        SHIPPED, dose_limits=(msgspec.structs.replace(v20, structure=structure, **asked),)
    )


def test_trap_lungs_do_not_keep_a_drawn_liver_from_standing_for_its_parts(
    build, findings_of, register_table
):
    # 810 cc: what is named "Liver-GTV" and has less than any liver may be a tumour in one.
    liver, protocol = Box((0.0, 0.0, 0.0), (90.0, 90.0, 100.0)), limit_on("Liver-GTV")
    drawn = build(edge_mm=35.0, extra={"Liver-GTV": liver})
    (finding,) = findings_of("OL301", drawn, register_table, protocol=protocol)
    # 15 of 100 mm lie above the edge of 20 Gy.
    assert finding.evidence[0].measured == pytest.approx(15.0, abs=TOLERANCE)
    assert 'graded as drawn ("Liver-GTV"), because its parts are not' in finding.message
    # Beside the organ itself a drawn rest of it may be an old one: the missing part is named.
    tumour = ["GTVm01_Lung_L", "GTVp"]
    for without in (tumour, [*tumour, "Lung_L", "Lung_R"]):
        both = build(edge_mm=35.0, without=without, extra={"Liver-GTV": liver, "Liver": liver})
        (finding,) = findings_of("OL301", both, register_table, protocol=protocol)
        assert finding.grade is Grade.NOT_EVALUABLE
        assert "no GTV is drawn" in finding.message


@pytest.mark.parametrize(
    ("name", "drawn_as", "missing"),
    [
        ("Body", "Body", "no PTV is drawn"),
        ("Hippocampus_L", "Hippocampus_L", "no PTV is drawn"),
        ("Body", "External", 'named "Body"'),
        ("External", "BODY", 'named "External"'),
    ],
)
def test_trap_what_is_no_organ_that_lesions_lie_in_keeps_a_drawn_rest_of_it_from_standing_for_it(
    name, drawn_as, missing, build, findings_of, register_table
):
    whole, rest = Box((0.0, 0.0, 0.0), (180.0, 100.0, 100.0)), f"{name}-PTV"
    both = build(edge_mm=35.0, without=["PTVm01"], extra={rest: whole, drawn_as: whole})
    both = replace(both, plans=())
    (finding,) = findings_of("OL301", both, register_table, protocol=limit_on(rest))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert missing in finding.message
    alone = build(edge_mm=35.0, without=["PTVm01"], extra={rest: whole})
    (finding,) = findings_of(
        "OL301", replace(alone, plans=()), register_table, protocol=limit_on(rest)
    )
    assert "graded as drawn" in finding.message


@pytest.mark.parametrize(
    ("beside", "grade"),
    [("Kidney_R", Grade.PASS), ("Kidneys", Grade.NOT_EVALUABLE), ("Kidney", Grade.NOT_EVALUABLE)],
)
def test_the_other_kidney_is_no_part_of_a_drawn_rest_of_one(
    beside, grade, build, findings_of, register_table
):
    left = Box((50.0, 0.0, 0.0), (30.0, 30.0, 100.0))
    right = Box((-50.0, 0.0, 0.0), (30.0, 30.0, 100.0))
    drawn = build(edge_mm=35.0, extra={"Kidney_L-PTV": left, beside: right})
    protocol = limit_on("Kidney_L-PTV")
    (finding,) = findings_of("OL301", drawn, register_table, protocol=protocol)
    assert finding.grade is grade
    assert ("graded as drawn" in finding.message) == (grade is Grade.PASS)


def test_trap_nor_does_one_of_a_body_that_a_site_map_names(build, findings_of, register_table):
    """ "Rumpf-PTV" is of the body for who maps "Rumpf", whatever the body itself is called."""
    whole, site = Box((0.0, 0.0, 0.0), (180.0, 100.0, 100.0)), {"Rumpf": {"role": "external"}}
    both = build(edge_mm=35.0, without=["PTVm01"], extra={"Rumpf-PTV": whole, "External": whole})
    mapped = replace(both, plans=()).with_names(
        SiteMap.from_dict({"schema_version": 1, "rois": site})
    )
    (finding,) = findings_of("OL301", mapped, register_table, protocol=limit_on("Rumpf-PTV"))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert 'named "Rumpf"' in finding.message


V15_CC = {"metric": "V15Gy[cc]", "limit": 700.0, "unit": "cc", "beside": ()}
"""As of a liver: the less there is of an ROI, the sooner it is kept."""


@pytest.mark.parametrize(
    ("roi_name", "edge_mm", "grade"),
    [
        ("Liver-GTV", 100.0, Grade.PASS),
        ("Liver-GTV", 60.0, Grade.NOT_EVALUABLE),
        # No volume tells a kidney from a tumour in it.
        ("Kidney_L-GTV", 60.0, Grade.NOT_EVALUABLE),
        ("Heart-PTV", 70.0, Grade.PASS),
    ],
)
def test_trap_a_tumour_named_with_a_hyphen_does_not_stand_for_its_organ(
    roi_name, edge_mm, grade, build, findings_of, register_table
):
    box = Box((50.0, 0.0, 0.0), (edge_mm, edge_mm, edge_mm))
    drawn = build(edge_mm=35.0, extra={roi_name: box})
    protocol = limit_on(roi_name, **V15_CC)
    (finding,) = findings_of("OL301", drawn, register_table, protocol=protocol)
    assert finding.grade is grade
    assert ("it may be a lesion; and no ROI is read as" in finding.message) == (
        grade is Grade.NOT_EVALUABLE
    )


@pytest.mark.parametrize(("edge_mm", "grade"), [(30.0, Grade.NOT_EVALUABLE), (70.0, Grade.PASS)])
def test_trap_nor_does_what_is_less_than_any_such_organ(
    edge_mm, grade, build, findings_of, register_table
):
    """27 cc of a heart: a limit on a volume in cc would be kept by any fragment."""
    box = Box((0.0, 0.0, 0.0), (edge_mm, edge_mm, edge_mm))
    drawn = build(edge_mm=35.0, without=["PTVm01"], extra={"Heart-PTV": box})
    drawn = replace(drawn, plans=())
    protocol = limit_on("Heart-PTV", **V15_CC)
    (finding,) = findings_of("OL301", drawn, register_table, protocol=protocol)
    assert finding.grade is grade
    told = "holds 27 cc, less than any whole one of Heart (250 cc); and no ROI"
    assert (told in finding.message) == (grade is Grade.NOT_EVALUABLE)


def test_trap_nor_does_one_that_the_register_names_as_a_lesion(build, findings_of, register_table):
    box = Box((0.0, 0.0, 0.0), (100.0, 100.0, 100.0))
    drawn = build(edge_mm=35.0, without=["GTVm01_Lung_L"], extra={"Liver-GTV": box})
    register_table["lesions"][0] |= {"organ": "Liver", "roi_names": ["Liver-GTV"]}
    protocol = limit_on("Liver-GTV", **V15_CC)
    (finding,) = findings_of("OL301", drawn, register_table, protocol=protocol)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert 'ROI "Liver-GTV" is named for "L1" in the register; and no ROI' in finding.message
