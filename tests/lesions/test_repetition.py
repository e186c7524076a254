"""What is drawn again, around, within or against something else: by geometry, with its figure.

Balls lie between their planes' polygons of 36 to 180 corners; every tolerance says what that costs.
"""

import numpy as np
import pytest
from sketch import Solid, ball

from oligort.errors import NotEvaluable
from oligort.geometry.components import Part, parts
from oligort.geometry.structure import Contour, Structure
from oligort.lesions import overlaps
from oligort.lesions.bulges import bulges_of
from oligort.lesions.census import LesionHint, census
from oligort.lesions.lesion import Count, LesionCensus
from oligort.lesions.vocabulary import Organ, Role

PLANES_MM = np.arange(-89.5, 90, 1.0)
NECK = 0.8


def at(x: float, y: float = 0.0, z: float = 0.0, radius: float = 15.0) -> Solid:
    return ball(np.array([x, y, z]), radius, 180)


def roi(name: str, *solids: Solid, number: int = 1, typed: str = "GTV") -> Structure:
    loops = [loop for solid in solids for loop in solid.loops(PLANES_MM)]
    return Structure(number, name, tuple(Contour(loop) for loop in loops), typed)


def part_of(*solids: Solid) -> Part:
    (part,) = parts(roi("GTVm1", *solids), 1.0)
    return part


def reason(found: LesionCensus, roi_name: str) -> str:
    (exclusion,) = [one for one in found.excluded if one.roi_name == roi_name]
    return exclusion.reason


def outline_mm(found: LesionCensus, label: str) -> tuple[float, float]:
    (lesion,) = [one for one in found if one.label == label]
    return lesion.longest_axial_mm.low, lesion.longest_axial_mm.high


# ---- necks ----


def cylinder_neck(neck_mm: float) -> Part:
    """Two cylinders along z, 30 mm wide and high, joined by one of another width."""
    flat = np.ones(180)
    pieces = [(-30.0, 15.0, 15.0), (0.0, neck_mm / 2, 15.0), (30.0, 15.0, 15.0)]
    return part_of(
        *(Solid(np.array([0, 0, z]), np.array([r, r, half]), flat, True) for z, r, half in pieces)
    )


@pytest.mark.parametrize("neck_mm", [8.0, 12.0, 18.0])
def test_a_neck_is_told_as_a_share_of_what_it_joins(neck_mm):
    found = bulges_of(cylinder_neck(neck_mm), NECK)
    # 90 mm in 36 cells of 2.5 mm: the surface is off by half a cell, and the middle, in which no
    # cell lies, by half its diagonal; both may make what is 15 mm deep, and the neck, thinner.
    half = 2.5 / 2
    thinner_mm = half * (1 + np.sqrt(3))
    assert found.count == 2
    assert 30 - 2 * thinner_mm <= found.widest_mm <= 30
    assert (neck_mm / 2 - thinner_mm) / 15 <= found.neck_fraction
    assert found.neck_fraction <= (neck_mm / 2 + half) / (15 - thinner_mm)


@pytest.mark.parametrize("way", [(1, 0, 0), (0, 0, 1), (1, 1, 1)])
def test_two_balls_that_touch_are_two_bulges_in_any_direction(way):
    centre = np.array(way) / np.linalg.norm(way) * 24.0
    alone = part_of(at(0, radius=14))
    # 14 + 14 mm reach 4 mm into each other: a neck of sqrt(14^2 - 12^2) = 7.2 mm, 0.52 of 14.
    both = parts(roi("GTVm1", at(0, radius=14), at(*centre, radius=14)), 1.0)
    assert (bulges_of(alone, NECK).most, len(both)) == (1, 1)
    assert bulges_of(both[0], NECK).most == 2


@pytest.mark.parametrize("seed", range(12))
def test_an_ellipsoid_has_no_neck(seed):
    axes = np.random.default_rng(seed).uniform(3, 30, 3)
    assert bulges_of(part_of(Solid(np.zeros(3), axes, np.ones(60))), NECK).most == 1


def test_what_dies_in_the_middle_makes_no_two_of_a_lesion():
    found = census([roi("GTVm1", at(0), at(0, radius=8))])
    assert (len(found), found.count) == (1, Count(1, 1))


def test_lesions_grown_together_are_a_range_of_number_and_of_size():
    # One ROI, one part: balls of 15 mm, their centres 25 mm apart; 55 mm from end to end.
    found = census([roi("GTVm1_Liver", at(0), at(25))])
    (lesion,) = found
    assert (lesion.counted, found.count) == (Count(1, 2), Count(1, 2))
    assert dict(found.per_organ) == {Organ.LIVER: Count(1, 2)}
    low, high = outline_mm(found, "GTVm1_Liver")
    # The inscribed ball, too small by a cell of 55/36 mm and by its diagonal at most.
    assert 30 - (1 + np.sqrt(3)) * 55 / 36 <= low <= 30
    assert high == pytest.approx(55, abs=0.05)
    assert "may be as many lesions" in lesion.doubt


@pytest.mark.parametrize("radius_mm", [3.0, 4.0, 5.0, 10.0])
def test_a_small_lesion_on_top_of_a_large_one_may_be_a_second(radius_mm):
    # Planes of 3 mm: the small ball is cut two to four times.
    planes_mm = np.arange(-30.0, 40, 3)
    balls = [at(0, radius=10), at(0, z=10 + radius_mm, radius=radius_mm)]
    sections = [
        max((solid.loop(float(z)) for solid in balls), key=lambda loop: loop[:, 0].max(initial=0))
        for z in planes_mm
        if any(len(solid.loop(float(z))) for solid in balls)
    ]
    found = census([Structure(1, "GTVm1", tuple(Contour(loop) for loop in sections), "GTV")])
    assert (len(found), found.count) == (1, Count(1, 2))


@pytest.mark.parametrize("bridge_mm", [0.0, 0.001, 0.3, 3.0])
def test_what_a_thin_bridge_joins_may_be_two_lesions(bridge_mm):
    # One outline around two discs of 16 mm, their middles 40 mm apart; 56 mm from end to end.
    turn = np.arange(48) * np.pi / 24
    disc = 8 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    half = np.array([0, bridge_mm / 2])
    right = np.roll(disc + np.array([40.0, 0]), -24, axis=0)
    outline = np.concatenate(
        [disc[:1] + half, disc[1:], disc[:1] - half, right[:1] - half, right[1:], right[:1] + half]
    )
    loops = [np.column_stack([outline, np.full(len(outline), z)]) for z in (0.0, 3, 6, 9)]
    found = census([Structure(1, "GTVm1", tuple(Contour(loop) for loop in loops), "GTV")])
    assert (len(found), found.count) == (1, Count(1, 2))
    low, high = outline_mm(found, "GTVm1")
    assert low <= 16
    assert high == pytest.approx(56, abs=0.05)


# ---- shells, margins, boosts ----


def shell(inner_mm: float, outer_mm: float) -> tuple[Solid, Solid]:
    return at(0, radius=outer_mm), at(0, radius=inner_mm)


@pytest.mark.parametrize("gap_mm", [0.0, 0.3, 3.0])
def test_a_shell_around_a_lesion_is_none_whatever_its_name(gap_mm):
    found = census([roi("GTVm1", at(0)), roi("GTVm9", *shell(15 + gap_mm, 22), number=2)])
    assert ([one.label for one in found], found.count) == (["GTVm1"], Count(1, 1))
    assert 'is a shell around "GTVm1": 100% of that lie in its hollow' in reason(found, "GTVm9")
    # If the shell is tumour, the lesion is as wide as its outside.
    assert outline_mm(found, "GTVm1") == pytest.approx((30, 44), abs=0.05)


def test_a_metastasis_around_the_primary_is_left_to_the_reader():
    found = census([roi("GTVp", at(0)), roi("GTVm1", *shell(15, 22), number=2)])
    assert (len(found), found.count) == (2, Count(0, 1))


@pytest.mark.parametrize(
    ("name", "kept"), [("GTV", "GTVm1"), ("GTVm2", "GTVm2"), ("GTV_ALL", "GTVm1")]
)
def test_an_even_margin_is_no_further_lesion_and_leaves_the_size_open(name, kept):
    found = census([roi("GTVm1", at(0)), roi(name, at(0, radius=20), number=2)])
    assert ([one.label for one in found], found.count) == ([kept], Count(1, 1))
    left_out = name if kept == "GTVm1" else "GTVm1"
    assert "margin 5.0 mm, centres 0.0 mm apart" in reason(found, left_out)
    assert outline_mm(found, kept) == pytest.approx((30, 40), abs=0.05)


def test_a_lesion_in_expiration_is_counted_and_measured():
    """Expiration and expansion are written alike; what holds no other lesion is no margin."""
    alone = census([roi("GTVm1_exp", at(0)), roi("GTVm2", at(200), number=2)])
    assert alone.count == Count(1, 2)
    phases = census([roi("GTVm1_insp", at(0)), roi("GTVm1_exp", at(40, radius=20), number=2)])
    assert ([one.label for one in phases], phases.count) == (
        ["GTVm1_insp", "GTVm1_exp"],
        Count(1, 2),
    )
    margin = census([roi("GTVm1", at(0)), roi("GTVm1_exp", at(0, radius=20), number=2)])
    assert ([one.label for one in margin], margin.count) == (["GTVm1"], Count(1, 1))
    assert 'is a margin around "GTVm1"' in reason(margin, "GTVm1_exp")


@pytest.mark.parametrize("name", ["GTV+5mm", "GTVm1 expand"])
def test_a_margin_by_name_is_none_and_leaves_no_doubt(name):
    found = census([roi("GTVm1", at(0)), roi(name, at(0, radius=20), number=2)])
    assert ([one.label for one in found], found.count) == (["GTVm1"], Count(1, 1))
    assert "drawn for planning" in reason(found, name)
    assert "outline" not in found.lesions[0].longest_axial_mm.intervals


@pytest.mark.parametrize("x", [0, 5])
def test_a_margin_beside_the_word_of_an_organ_is_one_where_it_holds_a_lesion(x):
    margin = roi("GTVm1_Liver_margin", at(x, radius=21), number=2)
    found = census([roi("GTVm1_Liver", at(0)), margin])
    assert found.count == Count(1, 1)
    assert 'is a margin around "GTVm1_Liver"' in reason(found, "GTVm1_Liver_margin")
    assert outline_mm(found, "GTVm1_Liver") == pytest.approx((30, 30), abs=0.05)
    assert census([roi("Met ant liver margin", at(0), typed="")]).count == Count(0, 1)


def test_what_lies_at_the_side_of_an_outline_is_a_range():
    # The rest of the larger one is 14 mm wide: there may be another lesion in it.
    found = census([roi("GTVm1", at(7, radius=7)), roi("GTVm2", at(0, radius=14), number=2)])
    assert (len(found), found.count) == (2, Count(1, 2))
    assert outline_mm(found, "GTVm2") == pytest.approx((14, 28), abs=0.05)


def test_an_outline_around_two_lesions_leaves_one_to_three():
    drawn = [roi("GTVm1", at(-9, radius=8)), roi("GTVm2", at(9, radius=8), number=2)]
    found = census([*drawn, roi("GTVm3", at(0, radius=19), number=3)])
    assert (len(found), found.count) == (3, Count(1, 3))


def test_the_register_says_which_of_two_outlines_is_the_lesion():
    drawn = [roi("GTVm1", at(0)), roi("GTVm2", at(0, radius=20), number=2)]
    hints = {"GTVm1": LesionHint(Role.GTV_METASTASIS)}
    assert [one.label for one in census(drawn)] == ["GTVm2"]
    assert [one.label for one in census(drawn, hints=hints)] == ["GTVm1"]


# ---- drawn again ----


def test_a_part_that_nothing_else_draws_is_lost_in_no_union():
    # 15, 15 and 6 mm: the third is 3 % of all three, and drawn nowhere else.
    drawn = [roi("GTVm1", at(-60)), roi("GTVm2", at(-20), number=2)]
    union = roi("GTVm3", at(-60), at(-20), at(40, radius=6), number=3)
    found = census([*drawn, union])
    assert ([one.label for one in found], found.count) == (
        ["GTVm1", "GTVm2", "GTVm3 #3"],
        Count(3, 3),
    )
    assert "its part 1 is in a union" in reason(found, "GTVm3")


def dice(apart: float) -> float:
    """Dice of two equal balls whose centres lie so many radii apart."""
    return 1 - 3 * apart / 4 + apart**3 / 16


@pytest.mark.parametrize(
    ("name", "apart", "count"),
    [
        ("GTVm1_old", 0.40, Count(1, 1)),  # Dice 0.70
        ("GTVm1_old", 0.50, Count(1, 2)),  # Dice 0.63
        ("GTVm1_b", 0.40, Count(1, 2)),
        ("GTVm1_b", 0.10, Count(1, 2)),  # Dice 0.925
        ("GTVm1_b", 0.05, Count(1, 1)),  # Dice 0.963
    ],
)
def test_a_superseded_name_needs_less_to_be_a_repetition(name, apart, count):
    found = census([roi("GTVm1", at(0)), roi(name, at(15 * apart), number=2)])
    assert found.count == count
    if count == Count(1, 1):
        # Polygons of 180 corners on planes of 1 mm: a Dice within 0.002 of the balls'.
        assert float(reason(found, name).split("Dice ")[1][:5]) == pytest.approx(
            dice(apart), abs=0.0025
        )


def test_a_superseded_roi_that_nothing_repeats_may_be_one():
    found = census([roi("GTVm01_old", at(0)), roi("GTVm02", at(60), number=2)])
    assert found.count == Count(1, 2)
    assert any("no other ROI repeats it" in note for note in found.notes)


def test_the_size_of_lesions_in_contact_reaches_to_both_together():
    found = census([roi("GTVm1", at(0)), roi("GTVm2", at(25, radius=10), number=2)])
    assert found.count == Count(1, 2)
    # 15 + 25 + 10 mm from end to end, or each its own.
    assert outline_mm(found, "GTVm1") == pytest.approx((30, 50), abs=0.05)
    assert outline_mm(found, "GTVm2") == pytest.approx((20, 50), abs=0.05)
    assert {one.group for one in found} == {1}
    assert any("30.0 to 50.0 mm axially" in note for note in found.notes)


def test_parts_of_one_roi_in_contact_are_a_range_as_well():
    # Boxes side by side share a face; on every plane their loops share an edge and no area.
    outline = np.array([[-10.0, -10], [10, -10], [10, 10], [-10, 10]])
    loops = [
        np.column_stack([outline + np.array([x, 0]), np.full(4, z)])
        for x in (0, 20)
        for z in np.arange(-9.5, 10)
    ]
    found = census([Structure(1, "GTVm1", tuple(Contour(loop) for loop in loops), "GTV")])
    assert (len(found), found.count) == (2, Count(1, 2))
    # A box of 20 by 20 mm, or one of 40 by 20.
    own, joint = np.hypot(20, 20), np.hypot(40, 20)
    assert outline_mm(found, "GTVm1 #1") == pytest.approx((own, joint))


# ---- whereabouts ----

LIVER = roi("Liver", at(0, radius=60), number=20, typed="ORGAN")


def test_a_gtv_in_the_middle_of_a_distant_organ_is_a_metastasis_unless_the_register_doubts():
    drawn = [LIVER, roi("GTV 3", at(20, radius=8))]
    assert census(drawn).per_organ == {Organ.LIVER: Count(1, 1)}
    unknown = {"GTV 3": LesionHint(Role.GTV)}
    assert census(drawn, hints=unknown).per_organ == {Organ.LIVER: Count(0, 1)}
    # In the oesophagus it is the primary's, and at the rim of the liver it may be anything.
    oesophagus = roi("Esophagus", at(0, radius=60), number=20, typed="ORGAN")
    assert census([oesophagus, drawn[1]]).count == Count(0, 1)
    assert census([LIVER, roi("GTV 3", at(57, radius=8))]).count == Count(0, 1)


@pytest.mark.parametrize(("x", "organ"), [(0.0, None), (-1.0, None), (-4.0, Organ.LIVER)])
def test_a_lesion_half_in_two_organs_is_in_neither(x, organ):
    # A ball of 8 mm across the border of two boxes at x = 0: 0.5 - 3x/32 + x^3/2048 beyond it.
    square = np.sqrt(2) * np.ones(4)

    def box(name: str, centre: float, number: int) -> Structure:
        turn = np.pi / 4 + np.arange(4) * np.pi / 2
        outline = 50 * square[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        loops = [
            np.column_stack([outline + np.array([centre, 0]), np.full(4, z)]) for z in PLANES_MM
        ]
        return Structure(number, name, tuple(Contour(loop) for loop in loops), "ORGAN")

    found = census([box("Liver", -50, 2), box("Spleen", 50, 3), roi("GTVm1", at(x, radius=8))])
    (lesion,) = found
    assert lesion.organ is organ
    assert any("lies in two organs" in note for note in found.notes) is (organ is None)


def test_a_name_that_the_place_contradicts_says_so_with_the_fraction():
    found = census([LIVER, roi("GTVm01_Bone", at(20, radius=8))])
    (lesion,) = found
    assert lesion.organ is Organ.BONE
    assert '100% of it lie in ROI "Liver" and 0% in an ROI of Bone' in lesion.organ_conflict
    assert lesion.organ_conflict in found.notes
    assert census([LIVER, roi("GTVm01_Liver", at(20, radius=8))]).lesions[0].organ_conflict == ""


@pytest.mark.parametrize("name", ["GTVp", "GTV_Esophagus"])
def test_a_primary_in_the_middle_of_a_distant_organ_may_be_a_metastasis(name):
    primary = roi(name, at(20, radius=8))
    found = census([LIVER, primary])
    assert found.count == Count(0, 1)
    assert '100% of it lie in ROI "Liver"' in found.lesions[0].organ_conflict
    # What is drawn again as a metastasis may be the primary.
    assert census([LIVER, primary, roi("GTVm1", at(21, radius=8), number=2)]).count.least == 0
    # The register knows better, and at the rim of the liver it may be anything.
    assert census([LIVER, primary], hints={name: LesionHint(Role.GTV_PRIMARY)}).count.most == 0
    assert census([LIVER, roi(name, at(57, radius=8))]).count.most == 0


def test_a_lesion_in_the_other_one_of_a_pair_contradicts_its_name():
    lungs = [
        roi("Lung_L", at(40, radius=30), number=8, typed="ORGAN"),
        roi("Lung_R", at(-40, radius=30), number=9, typed="ORGAN"),
    ]
    (lesion,) = census([*lungs, roi("GTVm_Lung_R", at(40, radius=8))])
    assert '100% of it lie in ROI "Lung_L"' in lesion.organ_conflict
    assert (lesion.counted, lesion.organ) == (Count(1, 1), Organ.LUNGS)
    (right,) = census([*lungs, roi("GTVm_Lung_R", at(-40, radius=8))])
    assert right.organ_conflict == ""


def test_a_click_in_one_plane_beside_a_lesion_is_no_certain_one():
    click = Solid(np.array([40.0, 0, 0.5]), np.array([2.5, 2.5, 0.4]), np.ones(30), True)
    assert census([roi("GTVm1", at(0), click)]).count == Count(1, 2)
    assert census([roi("GTVm1", click)], usual_spacing_mm=1.0).count == Count(1, 1)


# ---- names that leave open whether it is gross tumour ----


@pytest.mark.parametrize("name", ["LiverGTV", "Liver-Met", "GTV_5mm"])
def test_what_may_be_gross_tumour_is_counted_as_perhaps_one(name):
    found = census([LIVER, roi(name, at(0), typed="")])
    assert found.count == Count(0, 1)
    assert "does not say whether it is gross tumour" in found.lesions[0].doubt


@pytest.mark.parametrize("typed", ["", "GTV", "ORGAN"])
def test_an_organ_without_its_tumour_is_no_lesion_and_leaves_sizes_alone(typed):
    liver = at(0, radius=60)
    found = census(
        [
            roi("Liver", liver, number=9, typed="ORGAN"),
            roi("LiverGTV", liver, at(0), typed=typed),
            roi("GTVm1_Liver", at(0), number=2),
        ]
    )
    assert found.count == Count(1, 1)
    assert "fills 98% of ROI" in reason(found, "LiverGTV")
    assert "outline" not in found.lesions[0].longest_axial_mm.intervals


@pytest.mark.parametrize("name", ["Liver-GTV", "Liver-GTV1"])
def test_what_is_called_an_organ_without_its_tumour_and_is_small_may_be_the_tumour(name):
    liver = at(0, radius=60)
    organ = roi("Liver", liver, number=9, typed="ORGAN")
    small = census([organ, roi(name, at(0, radius=10), typed="")])
    assert dict(small.per_organ) == {Organ.LIVER: Count(0, 1)}
    # (10 / 60)^3 = 0.0046; planes of 1 mm and 180 corners make 1 % of it.
    assert "it fills 0.0046 of ROI" in reason(small, name)
    rest = roi(name, liver, at(0), typed="")
    assert census([organ, rest]).count == Count(0, 0)
    alone = census([rest])
    assert alone.count == Count(0, 0)
    assert any("taken for an organ by its name alone" in note for note in alone.notes)


@pytest.mark.parametrize("name", ["Lung_L", "Liver"])
def test_what_the_file_types_gross_tumour_may_be_one_under_any_name(name):
    found = census([roi(name, at(0))])
    assert found.count == Count(0, 1)
    assert "it is of interpreted type GTV" in reason(found, name)


@pytest.mark.parametrize("name", ["not GTV", "pGTV"])
def test_what_says_that_it_is_none_is_none(name):
    found = census([roi(name, at(0), typed="")])
    assert (len(found), found.count) == (0, Count(0, 0))


# ---- one lesion by its names ----


@pytest.mark.parametrize(
    ("names", "count"),
    [
        (("GTVm1_T00", "GTVm1_T50"), Count(1, 2)),
        (("GTVm1_T10", "GTVm1_T50"), Count(1, 2)),
        (("GTVm1", "GTVm1_T50"), Count(1, 2)),
        (("GTVm1 0%", "GTVm1 50%"), Count(1, 2)),
        (("GTVm1_exh", "GTVm1_inh"), Count(1, 2)),
        (("GTVm1", "GTVm1"), Count(1, 2)),
        (("GTVm1", "gtvm1 "), Count(1, 2)),
        (("GTVm1_T00", "GTVm2_T50"), Count(2, 2)),
        (("GTVm1", "GTVm10"), Count(2, 2)),
        (("GTVm 10", "GTVm 20"), Count(2, 2)),
        (("T10 met", "T8 met"), Count(2, 2)),
    ],
)
def test_phases_and_names_written_twice_may_be_one_lesion_wherever_they_lie(names, count):
    """Each keeps its own size: no lesion reaches from one to the other."""
    first, second = at(0.0, radius=6.0), at(0.0, z=24.0, radius=6.0)
    found = census([roi(names[0], first), roi(names[1], second, number=2)])
    assert found.count == count
    assert [set(one.longest_axial_mm.intervals) for one in found] == [set(), set()]


# ---- many ----


def test_contours_that_all_lie_together_are_compared_up_to_so_many_pairs(monkeypatch):
    drawn = [roi(f"GTVm{number}", at(number / 10), number=number) for number in range(1, 4)]
    apart = roi("GTVm4", at(100), number=4)
    monkeypatch.setattr(overlaps, "MAX_PAIRS", 3)
    assert len(census([*drawn, apart]).excluded) == 2  # what repeats the first
    monkeypatch.setattr(overlaps, "MAX_PAIRS", 2)
    assert len(census([*drawn[:2], apart]).excluded) == 1
    with pytest.raises(NotEvaluable, match="more than 2 pairs of contours") as told:
        census([*drawn, apart])
    assert "draw each lesion once" in told.value.hint
