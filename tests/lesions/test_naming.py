"""ROI names as people write them; the table stands beside this file."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oligort.lesions.aliases import organ_aliases, role_words
from oligort.lesions.naming import read_roi_name
from oligort.lesions.vocabulary import GTV_ROLES, Organ, Role, Side

with (Path(__file__).parent / "names.csv").open(encoding="utf-8", newline="") as table:
    NAMES = list(csv.DictReader(table))


SIDES = {"none": None, "both": Side.BOTH, "L": Side.LEFT, "R": Side.RIGHT}


@pytest.mark.parametrize("row", NAMES, ids=lambda row: f"{row['name']}:{row['interpreted_type']}")
def test_names_as_people_write_them(row):
    read = read_roi_name(row["name"], row["interpreted_type"])
    assert read.role is Role(row["role"])
    assert (read.organ or "none") == row["organ"]
    assert read.side is SIDES[row["side"]]
    assert read.subtracted == row["subtracted"]
    assert read.evidence


def test_the_table_is_long_enough_to_mean_something():
    assert len({row["name"] for row in NAMES}) >= 120


def test_an_unknown_name_gets_a_suggestion_and_nothing_else():
    read = read_roi_name("Lugns", "ORGAN")
    assert (read.role, read.organ, read.nearest) == (Role.UNKNOWN, None, "Lungs")


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("GTV_ALL", Role.GTV),
        ("GTVm total", Role.GTV_METASTASIS),
        ("ptv 4 AND 5", Role.PTV),
        ("GTV ring", Role.GTV),
        ("PTV-GTV", Role.PTV),
    ],
)
def test_a_derived_volume_says_what_it_is_made_from(name, base):
    assert read_roi_name(name).base is base


@pytest.mark.parametrize(
    "name", ["not GTV", "non-GTV", "NonGTV", "no_gtvm01", "Lung not tumour", "非GTV"]
)
@pytest.mark.parametrize("interpreted_type", ["", "GTV"])
def test_what_is_not_a_target_is_none_whatever_its_type_says(name, interpreted_type):
    read = read_roi_name(name, interpreted_type)
    assert (read.role, read.base in GTV_ROLES) == (Role.UNKNOWN, True)


@pytest.mark.parametrize(
    "name", ["Ipsi lung GTV", "contra lung GTV", "Lung_Contra GTV", "对侧肺 GTV", "Ipsi kidney GTV"]
)
def test_one_of_a_pair_by_where_the_tumour_is_may_be_what_is_spared(name):
    read = read_roi_name(name)
    assert (read.role, read.may_be_tumour) == (Role.UNKNOWN, True)
    assert read_roi_name(name.replace("GTV", "met")).role is Role.GTV_METASTASIS


@pytest.mark.parametrize(
    "name",
    [
        *("GTV no 1", "No1 GTV", "No. 2 GTV", "N°1 GTV", "№ 3 GTV", "P1_GTV"),
        *("GTV N°2", "GTVn°1", "GTV n.° 3", "GTV Nº 4", "GTV N ° 1"),
    ],
)
def test_a_number_is_no_negation_no_node_and_no_primary(name):
    assert read_roi_name(name).role is Role.GTV


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *((name, Role.GTV) for name in ("Rundherd", "Herd 1", "nodulo 2", "Laesie_1", "Nodules")),
        *((name, Role.GTV) for name in ("Lesiones", "Läsionen", "Tumori", "Raumforderung 3")),
        *(
            (name, Role.GTV_METASTASIS)
            for name in ("Herd Leber", "Rundherd Lunge re", "Nodulo polmone")
        ),
    ],
)
def test_gross_tumour_in_other_languages_is_known(name, role):
    assert read_roi_name(name).role is role


@pytest.mark.parametrize("number", [0, *range(10, 100, 10), 100])
@pytest.mark.parametrize("name", ["GTV_T{}", "GTVT{}", "GTV T{:02}%", "gtv-t{:02}_avg"])
def test_a_phase_of_the_breath_makes_no_primary(name, number):
    """Ten is a vertebra, the other numbers are phases: none says what the tumour is."""
    assert read_roi_name(name.format(number)).role is Role.GTV


@pytest.mark.parametrize("number", range(1, 5))
def test_a_tumour_that_is_counted_is_the_primary(number):
    assert read_roi_name(f"GTVt{number}").role is Role.GTV_PRIMARY


@pytest.mark.parametrize(
    "name",
    [
        *("GTV T 8", "GTV_T_8", "GTV-T-8", "GTV T.8", "GTV (T 6)", "GTV T 6-7", "GTV-T 6"),
        *("GTV T 4", "GTV_T_04", "GTVT6", "GTVt9", "GTVT5"),
    ],
)
def test_a_thoracic_vertebra_makes_no_primary(name):
    """It lies behind the oesophagus, where no place tells a metastasis of it from the primary."""
    assert read_roi_name(name).role is Role.GTV


@pytest.mark.parametrize(
    "name", ["GTV_T_spine", "GTV-T spine", "GTV T-SPINE 1", "GTV t-vert", "GTV t vertebra"]
)
def test_a_letter_of_an_organ_is_not_the_letter_of_the_primary(name):
    read = read_roi_name(name)
    assert (read.role, read.organ) == (Role.GTV_METASTASIS, Organ.BONE)


def test_no_letter_of_an_organ_of_several_words_says_what_the_tumour_is():
    """The other organs leave open what the tumour is, whatever letter stands right after GTV."""
    wrong = []
    for phrase, alias in organ_aliases().items():
        if len(phrase) > 1 and phrase[0] in {"p", "t", "n", "m", "nd"}:
            read = read_roi_name(f"GTV {' '.join(phrase)}")
            expected = Role.GTV_METASTASIS if alias.is_distant else Role.GTV
            wrong += [phrase] if read.role is not expected else []
    assert wrong == []


def test_a_letter_beside_an_organ_that_has_the_same_one_still_counts():
    assert read_roi_name("GTVt T-spine").role is not Role.GTV_METASTASIS


@pytest.mark.parametrize(
    ("name", "organ"),
    [
        *((name, Organ.LUNGS) for name in ("GTVt_Lung_R", "GTVp_Lung_R", "GTV_P lung", "右肺癌")),
        *((name, Organ.LUNGS) for name in ("Lung_R cancer", "Lung carcinoma", "GTV prim lung")),
        *((name, Organ.LIVER) for name in ("GTVp_Liver", "Liver cancer", "肝癌")),
        *((name, None) for name in ("GTVp distant", "GTVp远处")),
    ],
)
def test_a_primary_where_none_can_be_leaves_open_what_it_is(name, organ):
    read = read_roi_name(name)
    assert (read.role, read.organ) == (Role.GTV, organ)


@pytest.mark.parametrize(
    "name", ["GTVp", "GTVp_Eso", "GTVt_stomach", "GTVp_mediastinum", "食管癌", "carcinoma"]
)
def test_a_primary_elsewhere_stays_the_primary(name):
    assert read_roi_name(name).role is Role.GTV_PRIMARY


@pytest.mark.parametrize(
    ("name", "organ"),
    [
        *((name, Organ.LYMPH_NODES) for name in ("GTV_LN_M1", "GTVn_M1", "GTV nd M1")),
        *((name, Organ.LYMPH_NODES) for name in ("GTV_LN_M1a", "GTV celiac LN M1", "M1_GTV_LN")),
        *((name, None) for name in ("M1 GTV", "GTV M1", "GTVm1", "GTV_M01")),
    ],
)
def test_m1_is_a_metastasis_of_nodes_as_well(name, organ):
    read = read_roi_name(name)
    assert (read.role, read.organ) == (Role.GTV_METASTASIS, organ)


@pytest.mark.parametrize(
    "name", ["GTV_LN_dist", "GTVn dist", "GTVn_m2", "GTV_LN_Mx", "T3N1M1 GTV", "GTVp M1"]
)
def test_what_may_be_distant_is_no_plain_node(name):
    assert read_roi_name(name).role is Role.GTV


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *((name, Role.GTV_NODE) for name in ("GTV_LN_1", "GTVn2", "GTV LN not M1", "GTV_LN_M0")),
        *((name, Role.GTV_PRIMARY) for name in ("GTVp dist", "GTV_eso_dist")),
    ],
)
def test_what_is_not_m1_stays_what_it_is(name, role):
    assert read_roi_name(name).role is role


@pytest.mark.parametrize(
    "name",
    ["GTVm1_iso1", "zGTVm1", "GTVm02_iso2", "zz_GTVm3_iso1", "GTV iso2 brain", "z_met liver"],
)
def test_an_isocentre_or_a_letter_for_sorting_leaves_a_metastasis_one(name):
    assert read_roi_name(name).role is Role.GTV_METASTASIS


@pytest.mark.parametrize(
    "name",
    [
        *("GTV_fiducials_liver", "GTV with fiducial", "Liver GTV + marker", "GTV match", "zGTV"),
        *("GTV_spare", "GTV_iso1", "GTV_opt", "zGTVm1_opt", "xGTVm1", "GTV metal", "zGTVp"),
    ],
)
def test_a_planners_word_beside_gross_tumour_leaves_it_open(name):
    read = read_roi_name(name)
    assert (read.role, read.may_be_tumour) == (Role.HELPER, True)


@pytest.mark.parametrize(
    "name",
    [
        *("GTV+5mm", "GTVexpand", "PTV-GTV", "PTV_iso1", "zPTV", "GTV_avoid", "GTV overlap Liver"),
        *("zGTV ring", "GTV prv", "GTV~", "Iso1", "fiducials", "zLiver", "Couch"),
    ],
)
def test_a_helper_that_holds_no_tumour_is_left_alone(name):
    read = read_roi_name(name)
    assert (read.role in {Role.HELPER, Role.RING}, read.may_be_tumour) == (True, False)


@pytest.mark.parametrize("name", ["fiducials", "zLiver", "GTV_avoid", "Iso1"])
def test_a_helper_that_its_file_types_gtv_may_be_tumour(name):
    read = read_roi_name(name, "GTV")
    assert (read.role, read.may_be_tumour) == (Role.HELPER, True)
    # A margin by its name is none, whatever its type.
    for made in ("PTV-GTV", "GTVexpand", "GTV exp 5mm", "GTV+5mm"):
        assert not read_roi_name(made, "GTV").may_be_tumour


@pytest.mark.parametrize(
    ("name", "may_be"),
    [
        *(("GTV左肺结节", True), ("GTV右肺", True), ("左肺结节", True), ("肝转移灶", True)),
        *(("左肺", False), ("双肺-GTV", False), ("PTV左肺", False)),
    ],
)
@pytest.mark.parametrize("encoding", ["gb2312", "utf-8"])
def test_a_misread_name_that_seems_to_be_gross_tumour_may_be(name, may_be, encoding):
    read = read_roi_name(name.encode(encoding).decode("latin-1"))
    assert (read.role, read.nearest, read.may_be_tumour) == (Role.UNKNOWN, name, may_be)


@pytest.mark.parametrize(
    ("name", "may_be"), [("GTV\ufffd\ufffd", True), ("\ufffdmet", True), ("PTV\ufffd", False)]
)
def test_a_name_with_lost_characters_may_be_the_gross_tumour_that_it_names(name, may_be):
    read = read_roi_name(name)
    assert (read.role, read.may_be_tumour) == (Role.UNKNOWN, may_be)


@pytest.mark.parametrize("union", ["Tot", "Comb", "Total", "Sum", "Union", "Merged", "Combined"])
@pytest.mark.parametrize("form", ["Lung{}-GTV", "Lungs{}-GTV", "Lung_{}-GTV", "{} lung - GTV"])
def test_lungs_in_one_less_a_gtv_are_lungs(form, union):
    read = read_roi_name(form.format(union))
    assert (read.role, read.organ, read.side) == (Role.ORGAN, Organ.LUNGS, Side.BOTH)
    assert (read.subtracted, read.may_be_tumour) == ("GTV", False)


@pytest.mark.parametrize(
    "name", ["GTV lung comb", "GTV tot lung", "Lung met tot", "GTV all", "LN all", "GTV-Lung tot"]
)
def test_gross_tumour_in_one_is_no_organ(name):
    assert read_roi_name(name).role is not Role.ORGAN


@pytest.mark.parametrize(
    ("name", "side"),
    [
        *(("GTV_LUL_RT", Side.LEFT), ("GTV RUL RT", Side.RIGHT), ("GTV lingula RT", Side.LEFT)),
        *(("GTVm2_lung post RT", None), ("Lung met RT", None), ("GTV_RT", None)),
        *(("GTVm3 no RT", None), ("GTV lung L RT", Side.LEFT), ("GTVm1_Lung_L_RT", Side.LEFT)),
        *(("GTV Lung L+RT", None), ("GTV lung Lt Rt", None), ("GTV_LUL_R", None)),
        *(("GTV lung RT", Side.RIGHT), ("GTV RT lung", Side.RIGHT), ("RT adrenal met", Side.RIGHT)),
        *(("GTVm1_Rt_lower lobe", Side.RIGHT), ("GTV_LN_RT", Side.RIGHT), ("Lung RT", Side.RIGHT)),
        *(("GTV_Lung RT before RT", Side.RIGHT), ("Lung R RT", Side.RIGHT), ("GTV L-spine", None)),
    ],
)
def test_rt_is_the_right_side_only_beside_an_organ(name, side):
    read = read_roi_name(name)
    assert read.side is side
    assert read.role is not Role.UNKNOWN or read.may_be_tumour


@pytest.mark.parametrize(
    "name", ["脑膜转移", "meningeal met", "dural metastasis", "leptomeningeal mets"]
)
def test_the_meninges_are_not_the_brain(name):
    read = read_roi_name(name)
    assert (read.role, read.organ) == (Role.GTV_METASTASIS, None)


@pytest.mark.parametrize("interpreted_type", ["", "GTV"])
def test_what_is_benign_is_no_certain_metastasis(interpreted_type):
    for name in ("nodule benign lung", "GTV良性肺结节", "benign lesion liver"):
        read = read_roi_name(name, interpreted_type)
        assert (read.role, read.may_be_tumour) == (Role.UNKNOWN, True)


@pytest.mark.parametrize("name", ["not a met", "no metastasis", "not the GTV", "kein met"])
def test_what_is_no_metastasis_is_none_with_an_article_too(name):
    read = read_roi_name(name, "GTV")
    assert (read.role, read.may_be_tumour) == (Role.UNKNOWN, False)


@pytest.mark.parametrize("name", ["GTV贲门旁", "GTV paracardial", "GTV胃周", "GTV主动脉旁"])
def test_what_lies_beside_an_organ_may_be_nodes_and_is_no_certain_primary(name):
    read = read_roi_name(name)
    assert (read.role, read.organ) == (Role.GTV, None)
    assert read_roi_name("GTV贲门").role is Role.GTV_PRIMARY
    assert read_roi_name("GTV贲门旁淋巴结").role is Role.GTV_NODE


@pytest.mark.parametrize("negation", ["not", "non", "no", "nicht", "kein", "niet", "geen"])
@pytest.mark.parametrize("word", ["primary", "prim", "primar", "LN", "node"])
def test_what_a_tumour_is_not_is_never_what_it_is(negation, word):
    for name in (f"GTV {negation} {word}", f"GTV {negation}-{word}", f"{negation} {word} GTV"):
        read = read_roi_name(name)
        assert (read.role, read.organ) == (Role.GTV, None)


@pytest.mark.parametrize(
    "name",
    [
        *("Liver-GTV", "Liver-GTV1", "LungL-GTV1", "Brain-GTV1", "Kidney-GTV_L"),
        *("肝-GTV", "Lung-GTV", "Lung_L-GTV", "Leber-GTV", "Foie-GTV"),
    ],
)
def test_an_organ_less_a_gtv_may_be_a_gtv_with_a_hyphen(name):
    read = read_roi_name(name, "GTV")
    assert (read.role, bool(read.subtracted), read.may_be_tumour) == (Role.ORGAN, True, True)


@pytest.mark.parametrize(
    "name", ["Bone-GTV", "Rib-GTV1", "Adrenal_L-GTV", "Supraclav-GTV", "骨-GTV"]
)
def test_nobody_cuts_a_gtv_out_of_a_bone_an_adrenal_or_a_region(name):
    read = read_roi_name(name)
    assert (read.role, read.subtracted, read.may_be_tumour) == (Role.UNKNOWN, "", True)
    assert read_roi_name(name, "GTV").role is Role.GTV


@pytest.mark.parametrize(
    "name",
    [
        *("Lungs-GTV", "Lungs-GTV1", "双肺-GTV", "Poumons-GTV", "Kidneys-GTV", "both lungs-gtv"),
        *("Liver minus GTV", "Liver without GTV", "Lung no GTV", "Liver-PTV", "Lungs", "Liver"),
    ],
)
def test_a_pair_less_a_gtv_and_what_is_said_to_be_without_it_are_organs(name):
    read = read_roi_name(name)
    assert (read.role, read.may_be_tumour) == (Role.ORGAN, False)


@pytest.mark.parametrize("interpreted_type", ["", "GTV"])
@pytest.mark.parametrize(
    "name",
    [
        *("GTV sub carinal", "GTV sub-carinal", "GTV Lung L+R", "GTV Lung L & R", "GTVm L+R"),
        *("GTV-GTVp", "GTV minus GTVn", "GTV ohne Primärtumor", "非原发灶", "kein Primarius"),
    ],
)
def test_what_leaves_open_whether_it_holds_a_metastasis_may_be_tumour(name, interpreted_type):
    read = read_roi_name(name, interpreted_type)
    assert (read.role, read.side, read.may_be_tumour) == (Role.UNKNOWN, None, True)


@pytest.mark.parametrize("name", ["GTVp-GTVn", "GTVn-GTVp", "not GTV", "GTV-PTV", "GTVp-PTV"])
def test_what_holds_no_metastasis_by_its_name_is_left_alone(name):
    assert not read_roi_name(name).may_be_tumour


@pytest.mark.parametrize(
    ("name", "may_be"),
    [
        *(("Met ant liver margin", True), ("GTV_liver_margin", True), ("GTV Leber Saum", True)),
        *(("GTV_margin", False), ("GTV_liver_margin_5mm", False), ("GTV_liver_exp_5mm", False)),
        *(("GTV_EXP", True), ("GTVexp", True), ("GTVm1_exp", True), ("GTV_liver_exp", True)),
    ],
)
def test_the_margin_of_an_organ_is_its_edge_and_that_of_a_gtv_is_none_or_expiration(name, may_be):
    read = read_roi_name(name)
    assert (read.role, read.may_be_tumour) == (Role.HELPER, may_be)


@pytest.mark.parametrize("name", ["GTV ፩ + ፩", "PTV ² and ②", "GTV ፩ mm", "Skin-፩", "GTV_T፩"])
def test_digits_that_are_no_decimals_can_be_read(name):
    assert read_roi_name(name).role in Role


@pytest.mark.parametrize(
    ("name", "word"),
    [
        *(("GTV_old", "old"), ("GTV copy", "copy"), ("GTV prior", "prior"), ("GTV", "")),
        *(("GTVm1 do not use", "use"), ("GTV liver not used", "used"), ("GTV use", "")),
        *(("GTV_nicht verwenden", "verwenden"), ("GTV2 discard", "discard"), ("GTV作废", "作废")),
    ],
)
def test_superseded_names_are_told_apart(name, word):
    assert read_roi_name(name).superseded == word


def test_the_role_of_an_organ_name_is_said_in_the_evidence():
    assert "liver" in read_roi_name("GTV_Liver").evidence


@given(st.text(max_size=80), st.text(max_size=16))
def test_any_text_can_be_read(name, interpreted_type):
    read = read_roi_name(name, interpreted_type)
    assert read.role in Role


@given(st.sampled_from(NAMES), st.sampled_from(["_", " ", "  ", "."]))
def test_separators_and_case_do_not_matter(row, separator):
    name = row["name"]
    if name.isupper() or name.islower():  # in mixed case the capitals separate words
        same = read_roi_name(name.swapcase().replace(" ", separator).replace("_", separator))
        assert (same.role, same.organ, same.side) == (
            read_roi_name(name).role,
            read_roi_name(name).organ,
            read_roi_name(name).side,
        )


def test_tables_name_known_organs_and_no_word_twice():
    assert {alias.organ for alias in organ_aliases().values()} == {*Organ, None}
    assert not role_words("side", "left") & role_words("side", "right")
    assert not role_words("version", "words") & role_words("version", "superseded")


def test_a_name_longer_than_any_that_is_meant_is_not_read():
    assert read_roi_name("GTV " * 64).role is Role.UNION
    assert read_roi_name("GTV " * 65).role is Role.UNKNOWN


@pytest.mark.parametrize(
    "name", ["Lungs - GTV", "Lungs\u2013GTV", "Lungs\u2212GTV", "Lungs\uff0dGTV"]
)
def test_every_dash_is_a_hyphen(name):
    read = read_roi_name(name)
    assert (read.role, read.organ, read.subtracted) == (Role.ORGAN, Organ.LUNGS, "GTV")


def test_a_middle_dot_is_a_separator_and_no_sign_of_its_own():
    assert read_roi_name("Lungs\u00b7L").side is Side.LEFT
    assert read_roi_name("met\u00b7liver").role is Role.GTV_METASTASIS


@pytest.mark.parametrize("name", ["rGTV", "tGTV1", "sGTV liver", "OSGTV"])
@pytest.mark.parametrize("interpreted_type", ["", "ORGAN"])
def test_a_letter_or_two_before_gtv_leave_it_open_whatever_its_type_says(name, interpreted_type):
    """Unknown as a whole, "rGTV" (residual, or right) was not counted, and typed ORGAN not told."""
    read = read_roi_name(name, interpreted_type)
    assert (read.role, read.may_be_tumour, read.side) == (Role.UNKNOWN, True, None)


def test_nodes_are_an_organ_only_where_their_type_agrees():
    assert read_roi_name("LN 4R").role is Role.UNKNOWN
    assert read_roi_name("LN 4R", "AVOIDANCE").role is Role.ORGAN
    assert read_roi_name("LN 4R", "GTV").role is Role.GTV


def test_a_joined_name_counts_for_what_may_be_in_it():
    """Were the metastasis of "GTVp+GTVm" read as the primary, it would never be counted."""
    for name in ("GTVp+GTVm", "GTVp+m", "GTV_T+M1", "GTVp GTVm"):
        assert (read_roi_name(name).role, read_roi_name(name).base) == (Role.UNION, Role.GTV)


@pytest.mark.parametrize(
    "name", ["Lugns", "Hert", "Oesphagus", "SpinlCord", "Kidnys", "Foo", "Xyz"]
)
def test_a_misspelt_name_is_never_taken_for_what_it_is_like(name):
    read = read_roi_name(name)
    assert (read.role, read.organ) == (Role.UNKNOWN, None)


@pytest.mark.parametrize("kind", ["", "ORGAN", "AVOIDANCE", "CONTROL"])
@pytest.mark.parametrize(
    "name",
    [
        *("rGTV5", "sGTV", "RGTV", "LGTV 2", "BGTV", "MRGTV", "CTGTV1", "mrgtv", "QGTV", "QQGTV_3"),
        *("lngtv", "LKGTV", "Lesion_rGTV"),
    ],
)
def test_a_letter_or_two_before_gtv_hide_no_tumour(name, kind):
    """ "MRGTV" was a word that nobody knows: typed ORGAN it was neither counted nor told."""
    read = read_roi_name(name, kind)
    assert read.role is Role.GTV or (read.role, read.may_be_tumour) == (Role.UNKNOWN, True)
    made = {"PGTV": Role.PTV, "IGTV": Role.ITV, "Ring_rGTV": Role.RING, "rGTV+3mm": Role.HELPER}
    assert {name: read_roi_name(name).role for name in made} == made
    assert not any(read_roi_name(name).may_be_tumour for name in ("noGTV", "NTGTV", "pGTV"))
