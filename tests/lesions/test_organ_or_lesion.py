"""What is an organ by its name and may be a lesion: by what it fills of the organ, or by volume."""

import numpy as np
import pytest
from sketch import Solid, ball

from oligort.geometry.structure import Contour, Structure
from oligort.lesions.candidates import LesionHint, with_site_map
from oligort.lesions.census import census
from oligort.lesions.lesion import Count, LesionCensus
from oligort.lesions.naming import read_roi_name
from oligort.lesions.site_map import SiteMap
from oligort.lesions.vocabulary import Organ, Role

PLANES_MM = np.arange(-99.0, 100, 3.0)


def at(x: float, radius: float) -> Solid:
    return ball(np.array([x, 0.0, 0.0]), radius, 48)


def roi(name: str, *solids: Solid, typed: str = "") -> Structure:
    loops = [loop for solid in solids for loop in solid.loops(PLANES_MM)]
    return Structure(sum(name.encode()), name, tuple(map(Contour, loops)), typed)


def told(found: LesionCensus, roi_name: str) -> str:
    """Return all that the census says of an ROI."""
    reasons = [one.reason for one in found.excluded if one.roi_name == roi_name]
    return "; ".join([*reasons, *(one.doubt for one in found if one.roi_name == roi_name)])


# ---- a hyphen between an organ and a target ----


@pytest.mark.parametrize("typed", ["", "GTV", "ORGAN"])
@pytest.mark.parametrize(
    ("organ", "name"),
    [
        *(("Vertebra_T8", "Rib-GTV1"), ("Vertebra_T8", "Sacrum-GTV"), ("Rib5", "Bone-GTV2")),
        *(("Sternum", "Sternum-GTV"), ("Adrenal_R", "Adrenal_L-GTV"), ("骨", "骨-GTV1")),
        *(("Adrenal_R", "Adrenal-GTV"), ("Adrenals", "Adrenals-Mets"), ("Rib5", "Rippe-Tumor")),
        *(("Kidney_R", "Kidney_L-GTV1"), ("Liver", "Spleen-GTV"), ("Lung_L", "Supraclav-GTV")),
        *(("Lung_L", "Mediastinum-GTV"), ("Lung_L", "Lung_L-GTV1"), ("Liver", "Lungs-GTV1")),
    ],
)
def test_no_other_organ_makes_a_lesion_an_organ(organ, name, typed):
    """A fifth metastasis was none where a larger ROI of its group was drawn, and listed nowhere."""
    found = census([roi(organ, at(100, 20), typed="ORGAN"), roi(name, at(0, 15), typed=typed)])
    assert found.count == Count(0, 1)
    assert told(found, name)


@pytest.mark.parametrize("typed", ["", "GTV", "ORGAN"])
@pytest.mark.parametrize(
    "name", ["Liver-GTV1", "Lung-GTV2", "Adrenal-GTV", "T8-GTV", "Kidney_R-GTV", "肝-GTV1"]
)
def test_beside_no_organ_a_volume_that_is_no_organs_may_be_a_lesion(name, typed):
    found = census([roi(name, at(0, 12), typed=typed)])
    assert found.count == Count(0, 1)
    assert told(found, name)


@pytest.mark.parametrize("typed", ["", "ORGAN"])
@pytest.mark.parametrize(
    "name",
    [
        *("Lungs-GTV", "Lung_L-GTV", "Liver-GTV", "肝-GTV", "Lungs-ITV", "Lungs-Tumor"),
        *("Liver minus GTV", "Heart-GTV", "Kidneys-GTV", "Esophagus-GTV"),
    ],
)
def test_an_organ_less_its_gtv_stays_one_where_nobody_drew_the_whole(name, typed):
    # A ball of 100 mm less one of 24: 524 - 7 cc.
    found = census([roi(name, at(0, 50), at(0, 12), typed=typed)])
    assert (len(found), found.count) == (0, Count(0, 0))


def test_an_organ_less_its_gtv_stays_one_beside_the_whole():
    left, right, gtv = at(0, 50), at(105, 50), at(0, 12)
    wholes = [roi("Lung_L", left, typed="ORGAN"), roi("Lung_R", right, typed="ORGAN")]
    wholes.append(roi("Kidney_L", at(0, 20), typed="ORGAN"))
    less = [
        *(roi("Lungs-GTV", left, gtv, right), roi("Lung_L-GTV", left, gtv)),
        *(roi("Lungs-ITV", left, gtv, right), roi("Kidney_L-GTV", at(0, 20), at(0, 8))),
    ]
    found = census([*wholes, *less])
    assert (len(found), found.count) == (0, Count(0, 0))
    pair = census([roi("Lungs", left, right, typed="ORGAN"), *less[:3]])
    assert (len(pair), pair.count) == (0, Count(0, 0))


@pytest.mark.parametrize("typed", ["", "GTV"])
@pytest.mark.parametrize(
    ("organ", "name"),
    [("Kidney_L", "Kidney_L-GTV"), ("Spleen", "Spleen-GTV"), ("Pancreas", "Pancreas-GTV1")],
)
def test_a_lesion_may_fill_most_of_an_organ_not_much_larger_than_lesions(organ, name, typed):
    """Of 61 % nobody can tell; 95 % is the organ, unless the file says that it is a GTV."""
    whole = roi(organ, at(0, 30), typed="ORGAN")
    found = census([whole, roi(name, at(0, 30 * 0.61 ** (1 / 3)), typed=typed)])
    assert found.count == Count(0, 1)
    assert f'fills 0.61 of ROI "{organ}"' in told(found, name)
    nearly = census([whole, roi(name, at(0, 30 * 0.95 ** (1 / 3)), typed=typed)])
    assert nearly.count == (Count(0, 1) if typed else Count(0, 0))


def test_the_side_that_is_drawn_decides_and_not_the_other():
    left, right = at(0, 50), at(105, 50)
    lungs = [roi("Lung_L", left, typed="ORGAN"), roi("Lung_R", right, typed="ORGAN")]
    # A ball of 52 mm fills (26 / 50)^3 = 0.14 of the lung that it lies in.
    found = census([*lungs, roi("Lung_L-GTV", at(0, 26))])
    assert found.count == Count(0, 1)
    assert 'it fills 0.14 of ROI "Lung_L"' in told(found, "Lung_L-GTV")


@pytest.mark.parametrize(("beside", "count"), [("Adrenal_L", Count(0, 1)), ("Liver", Count(0, 0))])
def test_what_the_file_types_gtv_is_none_only_where_it_fills_a_large_organ(beside, count):
    again = roi(beside, at(0, 50), typed="ORGAN")
    found = census([again, Structure(2, beside, roi(beside, at(0, 49)).contours, "GTV")])
    assert found.count == count


@pytest.mark.parametrize(
    ("entry", "count"),
    [({"role": "organ", "organ": "Liver"}, Count(0, 0)), ({"organ": "Liver"}, Count(0, 1))],
)
def test_a_site_map_settles_what_it_says_the_role_of(entry, count):
    drawn = [roi("Liver-GTV1", at(0, 12))]
    names = SiteMap.from_dict({"schema_version": 1, "rois": {"Liver-GTV1": entry}})
    assert census(drawn, hints=with_site_map({}, drawn, names)).count == count


# ---- a name that leaves open what it is, and a lesion that fills its organ ----


@pytest.mark.parametrize("share", [0.6, 0.9, 1.0])
@pytest.mark.parametrize("typed", ["", "GTV"])
@pytest.mark.parametrize(
    ("organ", "name"),
    [
        *(("Adrenal_L", "AdrenalGTV"), ("Adrenal_L", "Adrenal-Met"), ("Sternum", "Sternum-Met 1")),
        *(
            ("Kidney_L", "Kidney-Met"),
            ("VB_T8", "GTV_5mm"),
            ("Spleen", "GTV_3mm"),
            ("Rib", "RibGTV"),
        ),
        *(("Adrenal_L", "GTV_fiducials"), ("Spleen", "LiverGTV"), ("Liver", "Liver-Met")),
    ],
)
def test_what_fills_a_small_organ_may_be_a_metastasis_of_it(organ, name, typed, share):
    """Metastases replace an adrenal or a rib; a liver of 24 mm is none, whoever calls it so."""
    radius = 12 * share ** (1 / 3)
    found = census([roi(organ, at(0, 12), typed="ORGAN"), roi(name, at(0, radius), typed=typed)])
    # A length in the name of what the file types GTV says nothing against the place that it has.
    by_place = typed == "GTV" and name in {"GTV_5mm", "GTV_3mm"}
    assert found.count == (Count(1, 1) if by_place else Count(0, 1))
    assert [one.roi_name for one in found] == [name]


@pytest.mark.parametrize(
    ("organ", "name"),
    [("Liver", "LiverGTV"), ("Lungs", "LungsGTV"), ("Lung_L", "LungGTV"), ("Brain", "Brain-Met")],
)
def test_what_fills_half_of_a_large_organ_is_that_organ(organ, name):
    # 60 mm: 905 cc.
    found = census([roi(organ, at(0, 60), typed="ORGAN"), roi(name, at(0, 60), at(0, 12))])
    assert (len(found), found.count) == (0, Count(0, 0))
    assert "no lesion of it" in told(found, name)
    elsewhere = "Spleen" if organ == "Liver" else "Liver"
    other = census([roi(elsewhere, at(0, 60), typed="ORGAN"), roi(name, at(0, 60), at(0, 12))])
    assert other.count == Count(0, 1)


@pytest.mark.parametrize(
    "name",
    [
        *("Normal liver-GTV", "rest liver-GTV", "正常肝-GTV", "Gesunde Leber-GTV", "foie sain-GTV"),
        *("tumour-free liver", "GTV_free liver", "Liver GTV subtracted", "uninvolved liver GTV"),
        *("SBRT Liver-GTV", "Liver JS-GTV"),
    ],
)
@pytest.mark.parametrize("typed", ["", "ORGAN"])
def test_what_a_tumour_leaves_of_an_organ_is_no_metastasis(name, typed):
    """One word before the organ made certain metastases of the liver; small ones stay open."""
    liver, gtv = at(0, 60), at(0, 12)
    whole = roi("Liver", liver, typed="ORGAN")
    found = census([whole, roi(name, liver, gtv, typed=typed)])
    assert (len(found), found.count) == (0, Count(0, 0))
    small = census([whole, roi(name, at(0, 15), typed=typed)])
    assert small.count == Count(0, 1)
    assert told(small, name)


@pytest.mark.parametrize(
    ("organ", "name"),
    [("Liver", "xyz liver GTV"), ("Lung_L", "xyz lung GTV"), ("Lungs", "GTVm2_Lung")],
)
def test_what_fills_half_of_a_large_organ_is_no_lesion_for_certain_whatever_its_name(organ, name):
    """Of a pair drawn as one, one side is the organ; the register settles it."""
    solids = [at(0, 50), at(105, 50)] if organ == "Lungs" else [at(0, 50)]
    drawn = [roi(organ, *solids, typed="ORGAN"), roi(name, at(0, 50), at(0, 12), typed="GTV")]
    found = census(drawn)
    assert found.count == Count(0, 1)
    assert f'of ROI "{organ}": a lesion, or that organ' in told(found, name)
    settled = census(drawn, hints={name: LesionHint(role=Role.GTV_METASTASIS)})
    assert settled.count == Count(1, 1)
    small = census([drawn[0], roi(name, at(0, 15))])
    assert small.count == Count(1, 1)


def test_one_of_a_pair_by_where_the_tumour_is_counts_by_what_it_fills():
    lung, name = roi("Lung_L", at(0, 50), typed="ORGAN"), "Ipsi lung GTV"
    assert census([lung, roi(name, at(0, 50), at(0, 12))]).count == Count(0, 0)
    assert census([lung, roi(name, at(0, 15))]).count == Count(0, 1)


def test_an_itv_in_a_bone_is_no_organ():
    read = read_roi_name("Rib-ITV2")
    assert (read.role, read.base, read.may_be_tumour) == (Role.UNKNOWN, Role.ITV, False)
    assert read_roi_name("Lungs-ITV").role is Role.ORGAN
    assert read_roi_name("Bone-GTV").organ is Organ.BONE
