"""What pathology proves (I5) where register and contours contradict each other."""

from dataclasses import replace

import pytest
from test_reconciliation import PLANES_MM, case_of, cube, entry

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.errors import NotEvaluable
from oligort.finding import Grade
from oligort.phantoms import Box

CHECKS = {one.code: one for one in all_checks()}
PROVEN, DISPROVEN = {"pathology": "yes"}, {"pathology": "no"}
LIVER = entry("GTVm01_Liver")
DRAWN = {"GTVm01_Liver": cube(1), "GTVp": cube(2)}
PRIMARY = entry("GTVp", "primary", "Esophagus")


def graded(case: Case) -> tuple[Grade, str]:
    try:
        (finding,) = CHECKS["OL105"].run(case)
    except NotEvaluable as reason:
        return Grade.NOT_EVALUABLE, str(reason)
    return finding.grade, finding.message


@pytest.mark.parametrize(
    ("proven", "told"),
    [
        (entry("GTVp"), '"GTVp" is named the primary'),
        (entry("GTVp") | {"organ": "Esophagus"}, '"GTVp" is named the primary'),
        (entry("x") | {"organ": "Esophagus"}, "lies in the oesophagus"),
        ({"id": "x", "kind": "distant"}, "the organ of x is not known"),
        (entry("Kn 3") | {"organ": None}, "lies in the oesophagus"),
        (entry("GTVp", "primary", "Liver"), "lies in Liver"),
        (entry("Kn 4", "regional_node", "LymphNodes"), "an ROI of Liver"),
        # Of the removed names the contour may be this one.
        (entry("GTVp") | {"roi_names": []}, '"GTVp" is named the primary, and may be'),
    ],
)
def test_a_contradicted_lesion_proves_nothing(proven: dict[str, object], told: str) -> None:
    around = {"Esophagus": cube(3, 60.0), "Kn 3": cube(3), "Liver": cube(4, 60.0), "Kn 4": cube(4)}
    case = case_of(DRAWN | around, [LIVER | DISPROVEN, proven | PROVEN])
    grade, message = graded(case)
    assert (grade, told in message) == (Grade.NOT_EVALUABLE, True), message
    # Another one that nothing contradicts is proof enough.
    assert graded(case_of(DRAWN | around, [LIVER | PROVEN, proven | PROVEN]))[0] is Grade.PASS
    # What was looked at and is no metastasis leaves nothing open.
    if proven["id"] != "id-GTVp" or proven["roi_names"]:
        listed = [LIVER | DISPROVEN, proven | DISPROVEN]
        drawn = {"GTVm01_Liver": cube(1)} | around
        assert graded(case_of(drawn, listed))[0] is Grade.MAJOR


def test_a_lesion_that_is_not_listed_may_be_the_proven_one() -> None:
    listed = [LIVER | DISPROVEN, PRIMARY | PROVEN]
    assert graded(case_of(DRAWN, listed))[0] is Grade.MAJOR
    for name in ("GTVm02_Bone", "GTVn05", "GTV"):
        grade, message = graded(case_of(DRAWN | {name: cube(5)}, listed))
        assert (grade, f'does not list "{name}"' in message) == (Grade.NOT_EVALUABLE, True)
    grade, message = graded(case_of(DRAWN | {"PTVm05_LN": cube(5)}, listed))
    assert (grade, "PTVm05_LN" in message) == (Grade.NOT_EVALUABLE, True)


def test_of_another_disease_the_primary_proves_nothing_and_leaves_nothing_open() -> None:
    other = {"disease": {"oesophageal_squamous_cell_carcinoma": "no"}}
    listed = [LIVER | DISPROVEN, entry("GTVp", "primary", "Liver") | PROVEN]
    assert graded(case_of(DRAWN, listed, **other))[0] is Grade.MAJOR
    listed = [entry("x") | {"organ": "Esophagus"} | PROVEN]
    assert graded(case_of({"x": cube(3)}, listed, **other))[0] is Grade.PASS


@pytest.mark.parametrize("listed_kind", ["primary", "regional_node", None])
@pytest.mark.parametrize("copy", [cube(2), cube(2, 19.6), cube(2, 15.0)], ids=["all", "most", "in"])
def test_a_proven_contour_that_is_drawn_again_as_the_primary_or_a_node_proves_nothing(
    listed_kind: str | None, copy: Box
) -> None:
    name = "GTVn01" if listed_kind == "regional_node" else "GTVp"
    organ = "LymphNodes" if listed_kind == "regional_node" else "Esophagus"
    other = [entry(name, listed_kind, organ)] if listed_kind else []
    lungs = entry("GTVm01", organ="Lungs") | PROVEN
    grade, message = graded(case_of({name: cube(2), "GTVm01": copy}, [*other, lungs]))
    assert grade is Grade.NOT_EVALUABLE
    assert f'"GTVm01" is drawn again as "{name}"' in message
    # Nor where an answer less leaves open that it is the lesion's contour.
    if listed_kind:
        less = {key: value for key, value in lungs.items() if key != "roi_names"}
        grade, message = graded(case_of({name: cube(2), "Kn 5": copy}, [*other, less]))
        assert (grade, "Kn 5" in message) == (Grade.NOT_EVALUABLE, True), message
    # Beside it, or grown into it by a part, it is a lesion of its own.
    for beside in (Box((120.0 + 100, 0, 0), (20.0, 20.0, 20.0)), Box((212.0, 0, 0), (20, 20, 20))):
        drawn = {name: cube(2), "GTVm01": beside}
        assert graded(case_of(drawn, [*other, lungs]))[0] is Grade.PASS
    # Another one is proof enough.
    drawn = {name: cube(2), "GTVm01": copy, "GTVm01_Liver": cube(1)}
    assert graded(case_of(drawn, [*other, lungs, LIVER | PROVEN]))[0] is Grade.PASS


def test_a_copy_in_planes_that_are_not_parallel_is_told_by_its_box() -> None:
    case = case_of({"GTVp": cube(2), "GTVm01": cube(2)}, [PRIMARY, entry("GTVm01") | PROVEN])
    primary, own = case.submission.structure_set.structures
    sagittal = [
        replace(one, points_mm=one.points_mm[:, ::-1] + [200.0, 0.0, 0.0])
        for one in cube(0).structure("GTVm01", 2, PLANES_MM).contours
    ]
    turned = replace(own, contours=tuple(sagittal))
    (structures,) = case.submission.structure_sets
    mixed = replace(structures, structures=(primary, turned))
    submission = replace(case.submission, structure_sets=(mixed,))
    assert graded(Case(submission, case.protocol, case.register))[0] is Grade.NOT_EVALUABLE


@pytest.mark.parametrize("twice", ["GTVm01", "GTVp"])
def test_a_copy_of_an_roi_that_is_there_twice_proves_nothing(twice: str) -> None:
    """One lesion counted twice was taken for no copy: nobody asked of which ROI it is."""
    case = case_of({"GTVp": cube(2), "GTVm01": cube(2)}, [PRIMARY, entry("GTVm01") | PROVEN])
    (structures,) = case.submission.structure_sets
    again = next(one for one in structures if one.roi_name == twice)
    both = replace(structures, structures=(*structures.structures, again))
    submission = replace(case.submission, structure_sets=(both,))
    assert graded(Case(submission, case.protocol, case.register))[0] is Grade.NOT_EVALUABLE


@pytest.mark.parametrize(
    ("name", "station"),
    [
        *(("GTVn01", said) for said in ("7", "107", "106recL", "subcarinal", "right paratracheal")),
        *(("GTVn_subcarinal", ""), ("GTV LN paraesophageal", ""), ("GTV_subcarinal", "")),
    ],
)
def test_a_biopsied_node_of_a_regional_station_proves_nothing(name: str, station: str) -> None:
    """Called distant, a node below the carina was the pathological proof of a metastasis."""
    node = entry(name, organ="LymphNodes") | PROVEN | {"station": station}
    grade, message = graded(case_of({"GTVp": cube(2), name: cube(1)}, [PRIMARY, node]))
    assert (grade, "regional" in message) == (Grade.NOT_EVALUABLE, True), message
    other = {"disease": {"oesophageal_squamous_cell_carcinoma": "no"}}
    assert graded(case_of({name: cube(1)}, [node], **other))[0] is Grade.PASS


def test_a_station_tells_of_nodes_alone() -> None:
    """Of the liver a 7 is a segment; what is named a node is one, whatever organ is said."""
    for name, organ, grade in (
        ("GTVm01_Liver", "Liver", Grade.PASS),
        ("GTVn01", "Lungs", Grade.NOT_EVALUABLE),
    ):
        lesion = entry(name, organ=organ) | PROVEN | {"station": "7"}
        assert graded(case_of({"GTVp": cube(2), name: cube(1)}, [PRIMARY, lesion]))[0] is grade


@pytest.mark.parametrize(
    ("name", "station"),
    [
        *(("GTVn01", said) for said in ("", "16a2", "104R", "supraclavicular L", "hilar", "7, 8")),
        *(("GTVn01", said) for said in ("inguinal", "not regional", "nonregional", "axilla R")),
        *(("GTVn2", ""), ("GTVn07", ""), ("GTVm_LN_mediastinal", ""), ("GTVn inguinal", "")),
    ],
)
def test_a_biopsied_node_of_another_or_no_station_is_proof(name: str, station: str) -> None:
    node = entry(name, organ="LymphNodes") | PROVEN | {"station": station}
    grade, message = graded(case_of({"GTVp": cube(2), name: cube(1)}, [PRIMARY, node]))
    assert grade is Grade.PASS, message


def test_what_lies_mostly_in_the_oesophagus_proves_no_metastasis_elsewhere() -> None:
    """A lesion "of the lungs", 75 % of it in the drawn oesophagus, was proof and a query."""
    lesion = entry("Lesion 1", organ="Lungs") | PROVEN
    for offset_mm, grade in ((-5.0, Grade.NOT_EVALUABLE), (-15.0, Grade.PASS)):
        oesophagus = Box((200.0 + offset_mm, 0, 0), (20.0, 20.0, 80.0))
        case = case_of({"Lesion 1": cube(2), "Esophagus": oesophagus}, [lesion])
        assert graded(case)[0] is grade


@pytest.mark.parametrize("name", ["PTV1", "CTVp", "PTVp"])
def test_a_margin_around_the_primary_proves_no_metastasis(name: str) -> None:
    """Named for a metastasis, with the primary alone in it, it was the proof of that."""
    lesion = entry(name, organ="Lungs") | PROVEN | {"size_mm": 20}
    drawn = {"GTVp": cube(2), name: cube(2, 30.0)}
    grade, message = graded(case_of(drawn, [PRIMARY, lesion]))
    assert grade is Grade.NOT_EVALUABLE
    assert f'"{name}" is drawn around "GTVp", the primary' in message
    # Around another place, or beside the lesion's own contour, it says nothing.
    assert graded(case_of(drawn | {name: cube(3, 30.0)}, [PRIMARY, lesion]))[0] is Grade.PASS
    both = lesion | {"roi_names": ["GTVm01", name]}
    assert graded(case_of(drawn | {"GTVm01": cube(4)}, [PRIMARY, both]))[0] is Grade.PASS


def test_a_lesion_where_the_primary_may_lie_proves_nothing_where_no_primary_is_listed() -> None:
    """A tumour at the cardia, listed as a metastasis of the stomach, was its own proof."""
    lesion = entry("GTV_stomach", organ="Stomach") | PROVEN
    grade, message = graded(case_of({"GTV_stomach": cube(1)}, [lesion]))
    assert grade is Grade.NOT_EVALUABLE
    assert "the register lists no primary" in message
    removed = {"id": "P", "kind": "primary", "organ": "Esophagus", "therapy": "surgery"}
    listed = [lesion, removed | {"roi_names": []}]
    assert graded(case_of({"GTV_stomach": cube(1)}, listed))[0] is Grade.PASS
    assert graded(case_of({"GTVm01_Liver": cube(1)}, [LIVER | PROVEN]))[0] is Grade.PASS
