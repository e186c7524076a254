"""What pathology proves (I5) where register and contours contradict each other."""

import pytest
from test_reconciliation import case_of, cube, entry

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.errors import NotEvaluable
from oligort.finding import Grade

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
