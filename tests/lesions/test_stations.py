"""Nodes: regional ones count as none, and nodes that nobody calls regional as perhaps one."""

import numpy as np
import pytest
from sketch import ball

from oligort.checks.accounting import account
from oligort.clinical.register import Register
from oligort.geometry.structure import Contour, Structure
from oligort.lesions.candidates import LesionHint, with_site_map
from oligort.lesions.census import census
from oligort.lesions.lesion import Count
from oligort.lesions.naming import read_roi_name
from oligort.lesions.site_map import SiteMap
from oligort.lesions.vocabulary import Organ, Role
from oligort.protocol.model import Protocol

PRIMARY = Protocol.load("nct06190782").settings.primary_organs.value
PLANES_MM = np.arange(-30.0, 31, 3.0)

REGIONAL = [
    *("GTVn", "GTVnd", "GTV_n2", "GTVn_LN1", "nGTV", "GTV-N1", "GTVn_L", "GTVn old"),
    *("GTVn_subcarinal", "GTV LN paratracheal L", "GTV LK mediastinal", "GTV LN left gastric"),
    *(
        "GTV纵隔淋巴结",
        "食管旁淋巴结GTV",
        "GTV regional LN",
        "GTV LN upper paraesophageal",
        "GTVn_all",
    ),
    *("GTV LN recurrent laryngeal R", "GTV coeliac LN", "GTVnd 区域"),
]
OPEN = [
    *("GTV LN", "LN-GTV", "GTV_node_4L", "GTV淋巴结", "GTV_LN_all", "GTV lung LN 7"),
    *("GTV inguinal LN", "GTVn_Paraaortic", "GTV LN axilla", "GTV pelvic LN", "GTV iliac LN"),
    *("GTV LN retroperitoneal", "GTV N retroperit", "腹膜后淋巴结GTV", "GTVn inguinal L"),
    *("GTV左锁骨上淋巴结", "GTVn_Sclav_R", "GTV LN hilar", "GTVn non regional", "GTVn Leiste"),
    *("GTVn mediastinal axilla", "GTV LN not regional"),
]


def node(name: str, x: float = 0.0, radius: float = 10.0) -> Structure:
    loops = ball(np.array([x, 0.0, 0.0]), radius, 36).loops(PLANES_MM)
    return Structure(1, name, tuple(map(Contour, loops)), "GTV")


@pytest.mark.parametrize("name", REGIONAL)
def test_the_n_of_tnm_and_a_regional_station_count_as_none(name):
    assert read_roi_name(name).is_regional
    assert census([node(name)]).count == Count(0, 0)


@pytest.mark.parametrize("name", OPEN)
def test_nodes_that_nothing_calls_regional_may_be_a_metastasis(name):
    """An inguinal node was none for certain."""
    assert not read_roi_name(name).is_regional
    found = census([node(name)])
    assert dict(found.per_organ) == {Organ.LYMPH_NODES: Count(0, 1)}
    why = "a union" if name.endswith("all") else "nothing says that it is a regional node"
    assert why in found.lesions[0].doubt


def test_only_nodes_are_regional():
    for name in (
        "GTVp",
        "GTV mediastinal",
        "GTVm1_LN",
        "GTV regional",
        "PTV_LN",
        "LN",
        "Mediastinum",
    ):
        assert not read_roi_name(name).is_regional


def test_register_and_site_map_settle_what_nodes_are():
    drawn = [node("GTV inguinal LN")]
    hints = {"GTV inguinal LN": LesionHint(role=Role.GTV_NODE)}
    assert census(drawn, hints=hints).count == Count(0, 0)
    names = SiteMap.from_dict({"schema_version": 1, "rois": {"GTV*": {"role": "gtv_node"}}})
    assert census(drawn, hints=with_site_map({}, drawn, names)).count == Count(0, 0)
    hints = {"GTV inguinal LN": LesionHint(role=Role.GTV_METASTASIS)}
    assert census(drawn, hints=hints).count == Count(1, 1)


def test_two_nodes_in_one_roi_may_be_two_and_one_drawn_twice_one():
    apart = node("GTV LN", 0).contours + node("GTV LN", 60).contours
    assert census([Structure(1, "GTV LN", apart, "GTV")]).count == Count(0, 2)
    twice = [node("GTV LN"), Structure(2, "GTV LN copy", node("GTV LN").contours, "GTV")]
    assert census(twice).count == Count(0, 1)


def test_nodes_that_cannot_be_measured_may_be_there():
    flat = tuple(Contour(loop) for loop in (np.array([[0.0, 0, 0], [9, 0, 3], [0, 9, 9]]),) * 2)
    tilted = (*flat, *node("").contours)
    assert census([Structure(1, "GTV LN axilla", tilted, "GTV")]).count == Count(0, 1)
    assert census([Structure(1, "GTVn", tilted, "GTV")]).count == Count(0, 0)


@pytest.mark.parametrize("name", ["GTVn", "GTV inguinal LN"])
def test_register_and_contours_account_for_a_node_once(name):
    liver = {"id": "L1", "kind": "distant", "organ": "Liver", "roi_names": ["GTVm1_Liver"]}
    register = Register.from_dict({"schema_version": 1, "subject": "S", "lesions": [liver]})
    found = census([node(name), node("GTVm1_Liver", 100)])
    accounted = account(found, register, 10.0, PRIMARY)
    assert [(one.name, one.counted) for one in accounted] == [
        ("GTVm1_Liver", Count(1, 1)),
        (name, Count(0, 1)),
    ]
    nobody = account(found, None, 10.0, PRIMARY)
    assert [one.name for one in nobody] == ["GTVm1_Liver", *([] if name == "GTVn" else [name])]
