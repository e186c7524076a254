"""The synthetic patient by formula: its organs, its dose, its cases."""

import tomllib
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from oligort.demo.anatomy import LUNG_LEFT, LUNG_RIGHT, ORGANS, Metastasis
from oligort.demo.cases import CASES, Case
from oligort.demo.headers import uid_of
from oligort.demo.register import register_text
from oligort.demo.treatment import ConformalDose
from oligort.finding import Grade
from oligort.lesions.vocabulary import Organ
from oligort.phantoms import Sphere

WITHIN, V20_ABOVE, FIVE, FIFTY_SIX, NO_LUNGS = CASES


@cache
def points_of_the_body(step_mm: float = 3.0) -> np.ndarray:
    """Points a step apart, off every symmetry of the patient."""
    axes = [np.arange(low + 0.37, high, step_mm) for low, high in ((-180, 180), (-120, 120))]
    grid = np.meshgrid(*axes, np.arange(-186.13, 144, step_mm), indexing="ij")
    return np.stack(grid, axis=-1).reshape(-1, 3)


def lung_v20_percent(case: Case) -> float:
    """V20 of both lungs minus the gross tumours, by quadrature over the formulas alone."""
    points = points_of_the_body()
    x, y, z = points.T
    lungs = LUNG_LEFT.contains(x, y, z) | LUNG_RIGHT.contains(x, y, z)
    for tumour in case.gross_tumours:
        lungs &= ~tumour.contains(x, y, z)
    return 100 * float((case.dose.dose_gy(points[lungs]) >= 20).mean())


def test_no_organ_overlaps_another_or_leaves_the_body() -> None:
    x, y, z = points_of_the_body().T
    body, *organs = (part.solid.contains(x, y, z) for part in ORGANS)
    assert all(not (organ & ~body).any() for organ in organs)
    assert np.sum(organs, axis=0).max() == 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.subject)
def test_every_lesion_lies_in_the_organ_that_it_is_named_after(case: Case) -> None:
    x, y, z = points_of_the_body().T
    holds = {part.roi_name: part.solid.contains(x, y, z) for part in ORGANS}
    for metastasis in case.metastases:
        inside = metastasis.gross_tumour.contains(x, y, z)
        home = holds.get(metastasis.site, holds["BODY"])
        assert not (inside & ~home).any()
        if metastasis.organ is Organ.LYMPH_NODES:
            others = (mask for name, mask in holds.items() if name != "BODY")
            assert not any((inside & mask).any() for mask in others)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.subject)
def test_no_two_gross_tumours_come_near_each_other(case: Case) -> None:
    balls = case.gross_tumours[1:]
    for n, one in enumerate(balls):
        for other in balls[n + 1 :]:
            assert one.distance_mm(*np.array(other.centre_mm)) > other.radius_mm + 6


@pytest.mark.parametrize(
    ("case", "low", "high"),
    [(WITHIN, 12, 18), (V20_ABOVE, 27, 33), (FIVE, 12, 18), (FIFTY_SIX, 12, 18)],
)
def test_lung_v20_is_where_the_case_is_meant_to_be(case: Case, low: float, high: float) -> None:
    # 140,000 points: the quadrature itself is good to about 0.1 percentage points
    assert low < lung_v20_percent(case) < high


def test_the_lungs_hold_four_litres() -> None:
    assert LUNG_LEFT.volume_cc + LUNG_RIGHT.volume_cc == pytest.approx(3900, rel=0.05)


def test_the_dose_covers_every_target_and_falls_off_outside() -> None:
    dose = ConformalDose((Sphere((0, 0, 0), 20),), prescription_gy=50, bath_reach_mm=40)
    distance = np.array([-20.0, 0, 1, 5, 20, 60, 100])
    found = dose.dose_gy((20 + distance)[:, None] * np.array([1.0, 0, 0]))
    assert 1.065 * 50 < found[0] < 1.07 * 50
    assert found[1] == pytest.approx(1.01 * 50, rel=1e-12)
    assert (np.diff(found) < 0).all()
    assert found[-2] < 0.2 * 50
    assert dose.dose_gy(np.array([179.0, 0, 0])) == 0


def test_the_dose_is_that_of_the_nearest_target() -> None:
    near, far = Sphere((-50, 0, 0), 10), Sphere((60, 0, 0), 25)
    points = np.array([[-45.0, 3, 2], [-30, 0, 0], [55, 9, 1]])
    both, alone_near, alone_far = (
        ConformalDose(targets, 50, 30).dose_gy(points) for targets in ((near, far), (near,), (far,))
    )
    assert both == pytest.approx(np.maximum(alone_near, alone_far), rel=1e-12)


def test_what_the_cases_are() -> None:
    assert [case.subject for case in CASES] == [f"DEMO-0{n}" for n in range(1, 6)]
    verdicts = [Grade.PASS, Grade.MAJOR, Grade.MAJOR, Grade.MAJOR, Grade.NOT_EVALUABLE]
    assert [case.expected_verdict for case in CASES] == verdicts
    assert len({m.organ for m in WITHIN.metastases}) == len(WITHIN.metastases) == 3
    assert [m.organ for m in FIVE.metastases].count(Organ.LIVER) == 4
    assert len(FIVE.metastases) == 5
    assert max(m.diameter_mm for m in FIFTY_SIX.metastases) == 56
    assert all(m.diameter_mm < 50 for c in (WITHIN, V20_ABOVE, FIVE) for m in c.metastases)
    drawn = {part.roi_name for part in NO_LUNGS.drawn}
    assert {part.roi_name for part in WITHIN.drawn} - drawn == {"Lung_L", "Lung_R"}


def test_names_are_as_in_tg_263() -> None:
    assert WITHIN.gross_tumour_names == ("GTVp", "GTVm01_Lung_L", "GTVm02_Liver", "GTVm03_LN")
    assert {"PTVp", "PTVm03_LN", "BODY", "SpinalCord"} <= {p.roi_name for p in WITHIN.drawn}
    assert all(len(part.roi_name) <= 16 for case in CASES for part in case.drawn)


def test_a_case_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 3 mm"):
        Metastasis("Liver", Organ.LIVER, (0, 0, -100.0), 10)
    with pytest.raises(ValueError, match="above 0 mm"):
        Metastasis("Liver", Organ.LIVER, (0, 0, -99.0), 0)
    long_name = replace(WITHIN.metastases[0], site="Lung_Left_Upper")
    with pytest.raises(ValueError, match="at most 16"):
        replace(WITHIN, metastases=(long_name,))
    with pytest.raises(ValueError, match="Lung_Left"):
        replace(WITHIN, undrawn=("Lung_Left",))
    with pytest.raises(ValueError, match="at least one target"):
        ConformalDose((), 50, 30)


def test_the_register_lists_every_lesion_with_its_roi_and_size() -> None:
    register = tomllib.loads(register_text(FIFTY_SIX))
    assert register["subject"] == "DEMO-04"
    lesions = register["lesions"]
    assert [lesion["id"] for lesion in lesions] == ["L1", "L2", "L3", "L4"]
    assert [lesion["kind"] for lesion in lesions] == ["primary"] + ["distant"] * 3
    assert [lesion["size_mm"] for lesion in lesions] == [28, 18, 56, 16]
    assert [lesion["organ"] for lesion in lesions] == ["Esophagus", "Lungs", "Liver", "LymphNodes"]
    assert [tuple(lesion["roi_names"]) for lesion in lesions] == [
        (name,) for name in FIFTY_SIX.gross_tumour_names
    ]
    assert [lesion["pathology"] for lesion in lesions] == ["yes", "yes", "no", "no"]


def test_the_register_survives_a_hostile_subject() -> None:
    subject = 'x"\n[patient]\\'
    assert tomllib.loads(register_text(replace(WITHIN, subject=subject)))["subject"] == subject


def test_an_altered_case_shares_no_uid_and_the_same_case_all() -> None:
    altered = replace(WITHIN, bath_reach_mm=42.5)
    assert uid_of(WITHIN, "study") != uid_of(altered, "study")
    assert uid_of(WITHIN, "study") == uid_of(replace(altered, bath_reach_mm=42.0), "study")
    assert uid_of(WITHIN, "study").is_valid
