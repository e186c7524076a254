"""The dose of each lesion in closed form, and what is not told, value by value."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from oligort.checks.case import Case
from oligort.checks.lesion_dose import LesionDose, lesion_doses
from oligort.dose.grid import DoseGrid
from oligort.geometry.grid import Grid
from oligort.geometry.structure import Structure, StructureSet
from oligort.measure import Measure
from oligort.objects import Dose, Plan, Prescription
from oligort.phantoms import Box, LinearGradient
from oligort.protocol.model import Protocol
from oligort.submission import Submission

FRAME = "1.2.3"
PLANES_MM = np.arange(-58.5, 60, 3.0)

LESION = Box((0.0, 0.0, 0.0), (20.0, 20.0, 30.0))
ASIDE = Box((40.0, 0.0, 0.0), (10.0, 10.0, 12.0))
TARGET = Box((0.0, 0.0, 0.0), (30.0, 30.0, 36.0))
WIDER = Box((5.0, 0.0, 0.0), (44.0, 44.0, 60.0))

AT_CENTRE_GY, GRADIENT_GY_MM = 50.0, 0.2
FIELD = LinearGradient(AT_CENTRE_GY, (GRADIENT_GY_MM, 0.0, 0.0))

PRESCRIPTION_GY, FRACTIONS = 46.0, 23
"""The isodose lies at x = -20 mm: 10 mm beyond the lesion."""

DVH_GY = 0.01
"""What a histogram of this dose may be off by: a bin."""


def drawn(*solids: Box, name: str, number: int) -> Structure:
    contours = [c for solid in solids for c in solid.structure(name, number, PLANES_MM).contours]
    return Structure(number, name, tuple(contours))


ROIS = (
    drawn(LESION, ASIDE, name="GTVm01_Liver", number=1),
    drawn(TARGET, name="PTV46", number=2),
    drawn(WIDER, name="PTV40", number=3),
)


def dose_of(uid: str = "1.4", plans: tuple[str, ...] = ("1.5",), **changes: Any) -> Dose:
    count = 41
    frames = np.arange(count) * 3.0
    grid = Grid((-60, -60, -60), (1, 0, 0), (0, 1, 0), 3, 3, count, count, frames, FRAME)
    dose_type = changes.get("dose_type", "PHYSICAL")
    scale = changes.pop("scale", 1.0)
    return Dose(
        uid, f"{uid}.dcm", units="GY", summation_type="PLAN", plan_uids=plans,
        structure_set_uid="1.9", frame_of_reference_uid=FRAME,
        grid=DoseGrid(grid, scale * FIELD.on(grid), dose_type=dose_type),
        **({"dose_type": "PHYSICAL"} | changes),
    )  # fmt: skip


def plan_of(*prescribed: tuple[float, int | None], uid: str = "1.5", **changes: Any) -> Plan:
    prescriptions = tuple(Prescription(dose_gy, number) for dose_gy, number in prescribed)
    facts = {"fractions_planned": FRACTIONS, "structure_set_uid": "1.9"} | changes
    return Plan(uid, f"{uid}.dcm", label=uid, prescriptions=prescriptions, **facts)


def told(*plans: Plan, doses: tuple[Dose, ...] = (), rois=ROIS, **select: Any) -> list[LesionDose]:
    structures = StructureSet(rois, "1.9", frame_of_reference_uid=FRAME)
    submission = Submission((structures,), doses or (dose_of(),), plans)
    if select:
        submission = submission.selected(**select)
    case = Case(submission, Protocol.load("nct06190782"), None)
    return list(lesion_doses(case, case.census))


def bed10(dose_gy: float, fractions: int = FRACTIONS) -> float:
    return dose_gy * (1 + dose_gy / fractions / 10)


def test_each_part_has_its_own_dose_in_closed_form():
    """Both boxes are one ROI; the dose rises by 0.2 Gy/mm along x and is the same along y and z."""
    lesion, aside = told(plan_of((PRESCRIPTION_GY, 2)))
    lowest_gy = AT_CENTRE_GY - 10 * GRADIENT_GY_MM
    assert lesion.prescription == PRESCRIPTION_GY
    assert lesion.prescription_from == '"PTV46" holds 100% of it'
    assert lesion.minimum == pytest.approx(lowest_gy, abs=DVH_GY)
    # 95 % of a box lies above a twentieth of its 20 mm.
    d95_gy = lowest_gy + 1 * GRADIENT_GY_MM
    assert lesion.d95 == pytest.approx(d95_gy, abs=DVH_GY)
    assert lesion.prescription_bed10 == pytest.approx(bed10(PRESCRIPTION_GY), rel=1e-12)
    # BED rises by (1 + 2 d / 10 n) a gray.
    slope = 1 + 2 * d95_gy / FRACTIONS / 10
    assert lesion.d95_bed10 == pytest.approx(bed10(d95_gy), abs=slope * DVH_GY)
    assert isinstance(lesion.d95_bed10, Measure)
    assert lesion.d95_bed10.low <= lesion.d95_bed10 <= lesion.d95_bed10.high
    assert lesion.isodose_margin == pytest.approx(10.0, abs=1e-4)  # a tie of 1e-6 Gy at 0.2 Gy/mm
    # The other part lies outside every target, 35 to 45 mm aside.
    reason = "no drawn ROI that a prescription refers to holds it"
    assert aside.minimum == pytest.approx(AT_CENTRE_GY + 35 * GRADIENT_GY_MM, abs=DVH_GY)
    assert aside.d95 == pytest.approx(AT_CENTRE_GY + 35.5 * GRADIENT_GY_MM, abs=DVH_GY)
    assert (aside.prescription, aside.isodose_margin, aside.prescription_from) == (
        reason,
        reason,
        "",
    )


def test_a_lesion_that_is_missed_lies_outside_by_how_far_it_reaches():
    """51 Gy begin at x = 5 mm: the lesion reaches to -10 mm. Its median still is 0.98 of it."""
    lesion, _ = told(plan_of((51.0, 2)))
    assert lesion.isodose_margin == pytest.approx(-15.0, abs=1e-4)


def test_of_nested_targets_the_highest_is_meant_and_plans_add_up():
    both = plan_of((40.0, 3), (PRESCRIPTION_GY, 2))
    assert told(both)[0].prescription == PRESCRIPTION_GY
    halves = [
        plan_of((30.0, 3), uid="1.5", fractions_planned=15),
        plan_of((20.0, 2), uid="1.6", fractions_planned=5),
    ]
    doses = (dose_of("1.41", ("1.5",), scale=0.6), dose_of("1.42", ("1.6",), scale=0.4))
    lesion, _ = told(*halves, doses=doses, plan=["1.5", "1.6"])
    assert lesion.prescription == 50.0
    # 30 (1 + 2 / 10) + 20 (1 + 4 / 10)
    assert lesion.prescription_bed10 == pytest.approx(36.0 + 28.0, rel=1e-12)
    assert lesion.d95_bed10 == "the dose sums several plans, each with fractions of its own"
    # Both grids are one, so the isodose of their sum is known: 50 Gy lie at x = 0.
    assert lesion.isodose_margin == pytest.approx(-10.0, abs=1e-4)


def test_a_prescription_to_the_lesion_itself():
    own = drawn(LESION, name="GTVm01_Liver", number=1)
    (lesion,) = told(plan_of((PRESCRIPTION_GY, 1)), rois=(own,))
    assert (lesion.prescription, lesion.prescription_from) == (PRESCRIPTION_GY, "to its own ROI")


def test_a_plan_without_targets_is_taken_only_where_the_lesion_receives_it():
    """The median of the lesion is 50 Gy, and that of the other part 58 Gy."""
    within = told(plan_of((PRESCRIPTION_GY, None)))
    assert [one.prescription for one in within] == [PRESCRIPTION_GY] * 2
    assert "names no target, and the median 50.00 Gy in it fits" in within[0].prescription_from
    # 0.8 of 63 Gy is 50.4 Gy: as much as the wider target has, and the other part.
    lesion, aside = told(plan_of((63.0, None)))
    assert aside.prescription == 63.0
    assert isinstance(lesion.prescription, str)
    assert "the median 50.00 Gy in it does not fit the 63 Gy" in lesion.prescription


Change = Callable[[Plan], Plan]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda plan: replace(plan, fractions_planned=None), "does not state its number of fract"),
        (lambda plan: replace(plan, fraction_group_count=2), "has 2 fraction groups"),
    ],
)
def test_without_one_number_of_fractions_there_is_no_bed(change: Change, reason: str):
    lesion, _ = told(change(plan_of((PRESCRIPTION_GY, 2))))
    for value in (lesion.prescription_bed10, lesion.d95_bed10):
        assert isinstance(value, str)
        assert reason in value
    assert lesion.prescription == PRESCRIPTION_GY
    assert isinstance(lesion.d95, Measure)


def test_a_weighted_dose_has_no_bed():
    weighted = (dose_of(dose_type="EFFECTIVE"),)
    lesion, _ = told(plan_of((PRESCRIPTION_GY, 2)), doses=weighted)
    reason = "BED is of a physical dose, and the Dose Type is EFFECTIVE"
    assert (lesion.prescription_bed10, lesion.d95_bed10) == (reason, reason)
    assert isinstance(lesion.d95, Measure)


@pytest.mark.parametrize(
    ("doses", "reason"),
    [
        ((dose_of(scale=0.3),), "the dose does not fit the prescription"),
        ((dose_of("1.41"), dose_of("1.42", ("1.7",), scale=1.1)), "choose"),
    ],
)
def test_nothing_is_told_of_a_dose_that_cannot_be_meant(doses: tuple[Dose, ...], reason: str):
    for lesion in told(plan_of((PRESCRIPTION_GY, 2)), doses=doses):
        values = (
            lesion.prescription, lesion.d95, lesion.minimum, lesion.prescription_bed10,
            lesion.d95_bed10, lesion.isodose_margin,
        )  # fmt: skip
        assert all(isinstance(value, str) and reason in value for value in values)


def test_numbers_of_other_structures_name_no_target():
    elsewhere = plan_of((PRESCRIPTION_GY, 2), structure_set_uid="1.99")
    lesion, _ = told(elsewhere)
    assert isinstance(lesion.prescription, str)
    assert "not of the structure set that is judged" in lesion.prescription
    assert isinstance(lesion.d95, Measure)


def test_without_a_plan_the_dose_is_told_and_its_prescription_is_not():
    lesion, _ = told()
    assert lesion.prescription == "no plan that prescribes a dose is there"
    assert lesion.isodose_margin == lesion.prescription
    assert isinstance(lesion.minimum, Measure)


def test_a_part_that_would_be_cut_otherwise_alone_has_no_dose():
    """The other part is drawn on planes of its own between: alone the slabs are twice as thick."""
    between = ASIDE.structure("", None, [0.0]).contours
    own = drawn(Box((0.0, 0.0, 0.0), (20.0, 20.0, 6.0)), name="GTVm01_Liver", number=1)
    both = Structure(1, own.roi_name, (*own.contours, *between))
    lesions = told(plan_of((PRESCRIPTION_GY, None)), rois=(both, *ROIS[1:]))
    reasons = [one.d95 for one in lesions if isinstance(one.d95, str)]
    assert reasons
    assert all("its planes lie unevenly among those of its ROI" in reason for reason in reasons)
