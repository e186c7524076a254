"""The census on solids by formula: sizes in closed form, counts by construction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oligort.errors import SelectionError
from oligort.geometry.structure import Contour, Structure
from oligort.lesions.census import LesionHint, census
from oligort.lesions.lesion import Count
from oligort.lesions.vocabulary import Organ, Role
from oligort.phantoms.oblique import ObliqueEllipsoid


def ellipsoid(
    centre: tuple[float, float, float],
    semi_axes: tuple[float, float, float],
    step: float = 1.0,
    points: int = 72,
) -> list[np.ndarray]:
    """Planes half a step off the poles, each ellipse of its own area."""
    a, b, c = semi_axes
    turn = np.arange(points) * 2 * np.pi / points
    own_area = np.sqrt((2 * np.pi / points) / np.sin(2 * np.pi / points))
    loops = []
    for z in np.arange(-c + step / 2, c, step):
        scale = np.sqrt(1 - (z / c) ** 2) * own_area
        flat = [a * scale * np.cos(turn), b * scale * np.sin(turn), np.full(points, z)]
        loops.append(np.stack(flat, axis=1) + centre)
    return loops


def ball(x: float, y: float, z: float, radius: float) -> list[np.ndarray]:
    return ellipsoid((x, y, z), (radius, radius, radius))


def roi(name: str, *loops: np.ndarray, number: int = 1, typed: str = "") -> Structure:
    return Structure(number, name, tuple(Contour(loop) for loop in loops), typed)


def only(structures, **options):
    (lesion,) = census(structures, **options)
    return lesion


def test_an_ellipsoid_has_its_axes_volume_and_centre():
    lesion = only([roi("GTVm01_Liver", *ellipsoid((10, -20, 30.5), (20, 12, 15), 1.0))])
    # The polygon of equal area reaches 1.0013 times beyond the ellipse; the middle planes lie
    # half a millimetre off the centre, where the ellipse is 0.06 % smaller.
    assert lesion.longest_axial_mm == pytest.approx(40, rel=0.002)
    assert lesion.short_axis_mm == pytest.approx(24, rel=0.002)
    assert lesion.plane_mm == pytest.approx(30.0) or lesion.plane_mm == pytest.approx(31.0)
    assert lesion.maximum_3d_mm == pytest.approx(40, rel=0.002)
    assert lesion.volume_cc == pytest.approx(4 / 3 * np.pi * 20 * 12 * 15 / 1000, rel=0.002)
    assert lesion.centroid_mm == pytest.approx([10, -20, 30.5], abs=1e-6)
    assert (lesion.role, lesion.organ) == (Role.GTV_METASTASIS, Organ.LIVER)
    assert lesion.label == "GTVm01_Liver"


def test_a_lesion_long_along_the_patient_is_short_in_the_plane_and_long_in_3d():
    loops = [
        loop + np.array([0, 0, z])
        for z in range(56)
        for loop in [ellipsoid((0, 0, 0.5), (20, 20, 1))[0]]
    ]
    cylinder = [
        np.column_stack([20 * loop[:, :2] / abs(loop[:, 0]).max(), loop[:, 2]]) for loop in loops
    ]
    lesion = only([roi("GTVm1", *cylinder)])
    assert lesion.longest_axial_mm == pytest.approx(40, abs=1e-9)
    # 56 planes: 55 mm between the outermost, half a slice of 1 mm beyond either end, or a whole.
    low, high = lesion.maximum_3d_mm.intervals["convention"]
    assert lesion.maximum_3d_mm == pytest.approx(np.hypot(40, 56), abs=1e-9)
    assert low == pytest.approx(np.hypot(40, 55), abs=1e-9)
    # Widths are known every degree: a chord appears cos(0.5 degrees) as wide as it is, or wider.
    widest = 40 / np.cos(np.pi / 360)
    assert np.hypot(40, 57) - 1e-9 <= high <= np.hypot(widest, 57) + 1e-9


def test_two_parts_in_one_roi_are_two_lesions_never_measured_as_one():
    found = census([roi("GTVm02_Lung_L", *ball(0, 0, 0, 6), *ball(50, 0, 0, 4))])
    assert [lesion.label for lesion in found] == ["GTVm02_Lung_L #1", "GTVm02_Lung_L #2"]
    assert [lesion.part for lesion in found] == [1, 2]
    assert max(lesion.longest_axial_mm for lesion in found) < 12.1
    assert (found.count, dict(found.per_organ)) == (Count(2, 2), {Organ.LUNGS: Count(2, 2)})


def test_separate_loops_of_one_plane_are_measured_one_by_one():
    bridge = [np.array([[-12.0, -4, -6], [12, -4, -6], [12, 4, -6], [-12, 4, -6]])]
    legs = [loop + np.array([x, 0, 0]) for x in (-8, 8) for loop in ball(0, 0, 0, 6)]
    lesion = only([roi("GTVm", *bridge, *(leg + np.array([0, 0, 0.5]) for leg in legs))])
    assert lesion.longest_axial_mm == pytest.approx(np.hypot(24, 8))


@pytest.mark.parametrize(
    ("apart", "longest"), [(28, 62), (33, 67), (35, 34)], ids=["overlap", "just", "apart"]
)
def test_overlapping_loops_of_one_plane_are_measured_as_one_area(apart, longest):
    """Two circles of radius 17 mm reach as far as their centres lie apart, and a radius each way.

    Four planes hold both; a plane below holds the bar that makes them one part either way.
    """
    turn = np.arange(720) * np.pi / 360
    circle = np.stack([17 * np.cos(turn), 17 * np.sin(turn), 0 * turn], axis=1)
    rings = [circle + np.array([x, 0, z]) for x in (0, apart) for z in range(4)]
    bar = np.array([[0, -1, -1], [apart, -1, -1], [apart, 1, -1], [0, 1, -1.0]])
    lesion = only([roi("GTVm", bar, *rings)])
    # The bar's own diagonal is the longest where the circles lie apart.
    expected = max(longest, np.hypot(apart, 2))
    assert lesion.longest_axial_mm == pytest.approx(expected, rel=1e-9)
    ends = np.array(lesion.axial_end_points_mm)
    drawn = np.concatenate([bar, *rings])
    assert all(np.abs(drawn - end).sum(axis=1).min() < 1e-9 for end in ends)


def test_a_gap_leaves_open_whether_there_is_one_lesion_or_two():
    loops = ellipsoid((0, 0, 0), (10, 10, 10))
    found = census([roi("GTVm1", *loops[:8], *loops[10:])])
    assert (len(found), found.count) == (2, Count(1, 2))
    assert any("only what lies between drawn planes parts" in note for note in found.notes)


def test_a_lesion_on_every_second_plane_of_its_roi_is_one_to_as_many_as_planes():
    every, second = ellipsoid((0, 0, 0), (10, 10, 10)), ellipsoid((60, 0, 0), (10, 10, 10))
    found = census([roi("GTVm", *every, *second[::2])])
    assert (len(found), found.count) == (11, Count(2, 11))


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("GTVm1", Count(1, 1)),
        ("GTV 5", Count(0, 1)),
        ("GTVp", Count(0, 0)),
        ("GTVn", Count(0, 0)),
    ],
)
def test_what_counts_is_said_by_the_role(name, count):
    found = census([roi(name, *ball(0, 0, 0, 8))])
    assert (len(found), found.count) == (1, count)


@pytest.mark.parametrize(
    "name", ["ITV1", "PTV_LN", "CTV", "PTV ring", "D2CM LN", "Blob", "PTV_TOTAL"]
)
def test_what_is_no_gross_tumour_is_excluded_with_its_reason(name):
    found = census([roi(name, *ball(0, 0, 0, 8))])
    assert (len(found), found.count) == (0, Count(0, 0))
    assert [exclusion.roi_name for exclusion in found.excluded] == [name]
    assert found.excluded[0].reason


def test_organs_and_the_body_are_no_exclusions():
    found = census([roi("Liver", *ball(0, 0, 0, 8)), roi("BODY", *ball(0, 0, 0, 9))])
    assert not found.excluded


def test_an_organ_typed_gtv_may_be_one_and_is_not_measured():
    found = census([roi("Breast", *ball(0, 0, 0, 8), typed="GTV")])
    assert (len(found), found.count) == (0, Count(0, 1))
    (exclusion,) = found.excluded
    assert "no gross tumour by its name, but it is of interpreted type GTV" in exclusion.reason


def test_a_duplicate_is_counted_once_and_named():
    first, again = ball(0, 0, 0, 15), ball(0.2, 0, 0, 15)
    found = census([roi("GTV_copy", *again, number=2), roi("GTVm1", *first)])
    assert ([lesion.label for lesion in found], found.count) == (["GTVm1"], Count(1, 1))
    assert [exclusion.roi_name for exclusion in found.excluded] == ["GTV_copy"]
    assert 'repeats "GTVm1" (Dice 0.99' in found.excluded[0].reason


@pytest.mark.parametrize(
    ("shift", "lesions", "count"),
    # Dice of two balls of radius R, d apart: 1 - 3d/(4R) + d^3/(16 R^3); at R = 15 mm
    # d = 0.9 gives 0.955, d = 1.1 gives 0.945.
    [
        (0.9, 1, Count(1, 1)),
        (1.1, 2, Count(1, 2)),
        (10, 2, Count(1, 2)),
        (29.9, 2, Count(1, 2)),
        (31.0, 2, Count(2, 2)),
    ],
)
def test_the_closer_two_contourings_the_fewer_lesions(shift, lesions, count):
    pair = [roi("GTVm1", *ball(0, 0, 0, 15)), roi("GTVm2", *ball(shift, 0, 0, 15), number=2)]
    found = census(pair)
    assert (len(found), found.count) == (lesions, count)


def test_two_contourings_of_the_primary_touch_no_count():
    pair = [roi("GTVp_auto", *ball(0, 0, 0, 15)), roi("GTVp_man", *ball(2, 0, 0, 15), number=2)]
    found = census(pair)
    assert (len(found), found.count) == (2, Count(0, 0))


def test_a_metastasis_beside_the_primary_stays_one_but_not_when_it_is_the_primary():
    primary = roi("GTVp", *ball(0, 0, 0, 15))
    beside = census([primary, roi("GTVm1", *ball(29.9, 0, 0, 15), number=2)])
    same = census([primary, roi("GTVm1", *ball(0, 0, 0, 15), number=2)])
    assert (beside.count, same.count) == (Count(1, 1), Count(0, 1))
    assert any("tell them apart" in note for note in beside.notes)


@pytest.mark.parametrize("name", ["GTV_ALL", "GTVm_sum", "GTV 9"])
def test_a_union_is_no_further_lesion(name):
    first, second = ball(0, 0, 0, 8), ball(40, 0, 0, 9)
    drawn = [
        roi(name, *first, *second, number=1),
        roi("GTVm1", *first, number=2),
        roi("GTVm2", *second, number=3),
    ]
    found = census(drawn)
    assert ([lesion.label for lesion in found], found.count) == (["GTVm1", "GTVm2"], Count(2, 2))
    (exclusion,) = found.excluded
    assert exclusion.roi_name == name
    assert "union" in exclusion.reason
    assert "100" in exclusion.reason


def test_what_only_a_union_holds_is_not_lost():
    first, second, third = ball(0, 0, 0, 8), ball(40, 0, 0, 9), ball(0, 40, 0, 9)
    found = census(
        [
            roi("GTVm_ALL", *first, *second, *third),
            roi("GTVm1", *first, number=2),
            roi("GTVm2", *second, number=3),
        ]
    )
    assert found.count == Count(2, 3)
    alone = census([roi("GTVm_ALL", *first, *second)])
    assert (len(alone), alone.count) == (2, Count(0, 2))


def test_specks_beside_a_lesion_are_noted_and_a_lesion_of_a_speck_is_doubted():
    speck = ball(40, 0, 0, 1)
    found = census([roi("GTVm1", *ball(0, 0, 0, 8), *speck)])
    assert found.count == Count(1, 1)
    assert any("speck" in note for note in found.notes)
    assert census([roi("GTVm1", *speck)]).count == Count(0, 1)


def test_a_metastasis_that_cannot_be_measured_may_still_be_there():
    empty = roi("GTVm3_Liver")
    point = roi("GTVm4", np.array([[0.0, 0, 0]]), number=2)
    found = census([empty, point, roi("GTVm1_Liver", *ball(0, 0, 0, 8), number=3)])
    assert found.count == Count(1, 3)
    assert found.per_organ == {Organ.LIVER: Count(1, 2), None: Count(0, 1)}
    assert [it.roi_name for it in found.excluded] == ["GTVm3_Liver", "GTVm4"]


@pytest.mark.parametrize("name", ["GTV_ISO", "GTV fiducial", "isocenter GTVm1"])
def test_a_point_of_interest_that_is_named_after_a_gtv_is_no_lesion(name):
    """It was gross tumour that "cannot be measured", and left every number open."""
    one = roi("GTVm1_Liver", *ball(0, 0, 0, 8))
    point = Contour(np.array([[40.0, 0, 0]]), "POINT")
    for contours in ((point,), (point, Contour(np.array([[0.0, 40, 0]]), "POINT"))):
        found = census([one, Structure(2, name, contours, "MARKER")])
        assert found.count == Count(1, 1)
        assert [it.reason[:18] for it in found.excluded] == ["drawn for planning"]
    line = Contour(np.array([[40.0, 0, 0], [44, 0, 0], [44, 4, 0]]), "OPEN_PLANAR")
    for contours in ((), (line,), (point, line)):  # of these anything may be left
        assert census([one, Structure(2, name, contours)]).count == Count(1, 2)


def test_a_single_plane_takes_the_usual_spacing_of_the_structure_set():
    plane = ball(0, 0, 0, 8)[8]
    lesion = only([roi("GTVm1", plane), roi("Liver", *ellipsoid((0, 0, 0), (90, 80, 60), 3.0))])
    assert lesion.volume_cc == pytest.approx(np.pi * (64 - 0.25) * 3 / 1000)
    alone = census([roi("GTVm1", plane)])
    assert (len(alone), alone.count) == (0, Count(0, 1))


def test_the_organ_comes_from_the_register_the_name_or_the_position():
    liver = roi("Liver", *ellipsoid((0, 0, 0), (60, 60, 40), 2.0), number=9)
    inside = ball(10, 0, 0, 6)
    by_position = only([liver, roi("GTVm1", *inside)])
    assert by_position.organ is Organ.LIVER
    assert '100% of it lie in ROI "Liver"' in by_position.organ_evidence
    outside = only([liver, roi("GTVm1", *ball(90, 0, 0, 6))])
    assert (outside.organ, outside.organ_evidence) == (None, "")
    hint = {"GTVm1": LesionHint(organ=Organ.SPLEEN)}
    assert only([liver, roi("GTVm1", *inside)], hints=hint).organ is Organ.SPLEEN
    half_out = only([liver, roi("GTVm1", *ball(61, 0, 0, 6))])
    assert half_out.organ is None


def test_a_name_that_its_position_contradicts_is_noted():
    liver = roi("Liver", *ellipsoid((0, 0, 0), (60, 60, 40), 2.0), number=9)
    spleen = roi("Spleen", *ball(200, 0, 0, 20), number=8)
    found = census([liver, spleen, roi("GTVm1_Spleen", *ball(10, 0, 0, 6))])
    assert found.lesions[0].organ is Organ.SPLEEN
    assert any("100% of it lie in ROI" in note for note in found.notes)


def test_the_register_decides_what_a_bare_gtv_is():
    drawn = [roi("GTV 1", *ball(0, 0, 0, 8)), roi("GTV 2", *ball(50, 0, 0, 8), number=2)]
    hints = {
        "GTV 1": LesionHint(Role.GTV_PRIMARY),
        "GTV 2": LesionHint(Role.GTV_METASTASIS, Organ.BONE),
    }
    found = census(drawn, hints=hints)
    assert (found.count, dict(found.per_organ)) == (Count(1, 1), {Organ.BONE: Count(1, 1)})


def test_rois_asked_for_are_measured_whatever_they_are():
    drawn = [roi("PTV_1", *ball(0, 0, 0, 8)), roi("GTVm1", *ball(0, 0, 0, 5), number=2)]
    found = census(drawn, roi_names=["PTV_1"])
    assert [(lesion.roi_name, lesion.role) for lesion in found] == [("PTV_1", Role.PTV)]
    assert (found.count, found.excluded) == (Count(0, 0), ())
    with pytest.raises(SelectionError, match="GTVx"):
        census(drawn, roi_names=["GTVx"])


@pytest.mark.parametrize("tilt", [20.0, 30.0])
@pytest.mark.parametrize("lowest", [-19.0, -17.5])
def test_a_thin_plaque_that_leans_may_be_one_lesion(tilt, lowest):
    """Ellipsoid of 40 x 30 x 4 mm, leaning out of planes of 5 mm: no loop lies over the next."""
    lean = np.radians(tilt)
    x, z = (np.cos(lean), np.sin(lean)), (-np.sin(lean), np.cos(lean))
    axes = ((x[0], 0.0, x[1]), (0.0, 1.0, 0.0), (z[0], 0.0, z[1]))
    plaque = ObliqueEllipsoid((0.0, 0.0, 0.0), (20.0, 15.0, 2.0), axes)
    low, high = plaque.heights_mm
    planes = np.arange(lowest, high, 5.0)
    drawn = plaque.structure("GTVm1", planes[planes > low], np.arange(72) * 2 * np.pi / 72)
    found = census([drawn], usual_spacing_mm=5.0)
    assert len(found) > 1
    assert found.count == Count(1, len(found))
    # Judged together, they reach as far as the plaque but for what ends beyond its planes.
    assert max(lesion.maximum_3d_mm.high for lesion in found) > 38


def test_a_sagittal_lesion_has_no_axial_plane():
    turned = [loop[:, [2, 0, 1]] for loop in ball(0, 0, 0, 8)]
    lesion = only([roi("GTVm1", *turned)])
    assert lesion.plane_mm is None
    # It is cut by axial planes, and rounded off half a plane beyond the last it is drawn in.
    assert lesion.longest_axial_mm == pytest.approx(16, abs=0.1)
    assert lesion.longest_axial_mm.low <= 16.02
    assert lesion.longest_axial_mm.high >= 16


@given(
    angle=st.floats(0, 2 * np.pi),
    shift=st.tuples(*[st.floats(-300, 300)] * 3),
    order=st.permutations(range(4)),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=3, deadline=None)
def test_nothing_depends_on_position_rotation_or_order(angle, shift, order, seed):
    generator = np.random.default_rng(seed)
    drawn = {
        "GTVm1": ellipsoid((0, 0, 0), (12, 7, 9)),
        "GTVm2": ellipsoid((24, 0, 0), (12.2, 8, 9)),
        "GTVm3_Liver": [*ball(0, 60, 0, 7), *ball(30, 60, 4, 5)],
        "GTV copy": ball(0, 60, 0, 7),
    }
    turn = np.array(
        [[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )

    def moved(loop: np.ndarray) -> np.ndarray:
        return np.roll(loop[:: generator.choice([-1, 1])] @ turn + shift, generator.integers(72), 0)

    before = census([roi(name, *loops, number=n) for n, (name, loops) in enumerate(drawn.items())])
    structures = [
        roi(name, *generator.permutation([moved(loop) for loop in loops]), number=n)
        for n, (name, loops) in enumerate(drawn.items())
    ]
    after = census([structures[n] for n in order])
    assert (after.count, dict(after.per_organ)) == (before.count, dict(before.per_organ))
    assert {it.roi_name for it in after.excluded} == {it.roi_name for it in before.excluded}

    def numbers(lesions):
        rows = [
            (it.roi_name, it.volume_cc, it.longest_axial_mm, it.short_axis_mm, it.maximum_3d_mm)
            for it in lesions
        ]
        return sorted(rows, key=lambda row: (row[0], row[1]))

    for old, new in zip(numbers(before), numbers(after), strict=True):
        assert new[0] == old[0]
        # Coordinates of some 500 mm, turned: rounding of 1e-13 relative.
        assert new[1:3] == pytest.approx(old[1:3], rel=1e-9)
        assert new[4] == pytest.approx(old[4], rel=1e-9)


def test_an_organ_less_a_gtv_is_measured_where_it_is_asked_for():
    liver = roi("Liver", *ball(0, 0, 0.5, 30), typed="ORGAN")
    less = roi("Liver-GTV", *ball(0, 0, 0.5, 29), number=2)
    lesion = only([liver, less], roi_names=["Liver-GTV"])
    assert (lesion.role, lesion.counted) == (Role.ORGAN, Count(0, 0))


@pytest.mark.parametrize("name", ["GTV_T50", "GTV not primary", "GTV no LN"])
def test_a_phase_or_a_negated_word_does_not_take_a_lesion_out_of_the_count(name):
    gtv, lung = roi(name, *ball(0, 0, 0.5, 10)), roi("Lung_L", *ball(0, 0, 0.5, 40), number=2)
    assert census([gtv]).count == Count(0, 1)
    assert census([gtv, lung]).count == Count(1, 1)


@pytest.mark.parametrize("name", ["GTV sub carinal", "GTV Lung L+R"])
def test_a_gtv_that_its_name_leaves_open_is_perhaps_a_lesion(name):
    assert census([roi(name, *ball(0, 0, 0.5, 10), typed="GTV")]).count == Count(0, 1)


@pytest.mark.parametrize("name", ["GTVp_Liver", "Liver cancer", "GTVp_Lung", "GTV_stomach"])
@pytest.mark.parametrize("typed", ["", "GTV"])
def test_a_name_that_contradicts_itself_counts_0_to_1_wherever_it_lies(name, typed):
    liver = roi("Liver", *ball(0, 0, 0, 60), number=2)
    for x in (10, 200):
        found = census([roi(name, *ball(x, 0, 0, 10), typed=typed), liver])
        assert found.count == Count(0, 1)


def test_the_register_decides_of_a_name_that_contradicts_itself():
    own = roi("GTVp_Liver", *ball(0, 0, 0, 10))
    counts = {Role.GTV_PRIMARY: Count(0, 0), Role.GTV_METASTASIS: Count(1, 1)}
    for role, count in counts.items():
        assert census([own], hints={"GTVp_Liver": LesionHint(role=role)}).count == count


@pytest.mark.parametrize(
    ("name", "typed", "count"),
    [
        *(("GTVm1_iso1", "", Count(1, 1)), ("zGTVm1", "GTV", Count(1, 1))),
        *(("GTV_fiducials_liver", "", Count(0, 1)), ("GTV_spare", "GTV", Count(0, 1))),
        *(("marker 1", "GTV", Count(0, 1)), ("marker 1", "", Count(0, 0))),
        *(("GTV+5mm", "", Count(0, 0)), ("GTV_avoid", "", Count(0, 0))),
    ],
)
def test_a_planners_word_takes_no_lesion_away(name, typed, count):
    liver = roi("Liver", *ball(0, 0, 0, 60), number=2)
    assert census([roi(name, *ball(10, 0, 0, 10), typed=typed), liver]).count == count


@pytest.mark.parametrize("name", ["GTVm01_opt", "zGTVm01", "GTV_fiducials_liver"])
def test_a_helper_that_draws_a_lesion_again_counts_nothing(name):
    own, again = ball(0, 0, 0, 10), ball(0.1, 0, 0, 10)
    found = census([roi("GTVm01_Liver", *own), roi(name, *again, number=2, typed="GTV")])
    assert found.count == Count(1, 1)
