"""Limits in percent of the prescription where a plan prescribes several doses."""

from dataclasses import replace

import msgspec
import pytest

from oligort.finding import Grade
from oligort.objects import Prescription
from oligort.phantoms import Box
from oligort.protocol.limits import DoseLimit
from oligort.protocol.model import Protocol

EDGE_MM = 25.0
HIGH_GY = 32.5
"""What is prescribed to PTVm01, in which the dose is 27.5 to 37.5 Gy; its median."""

LOW_GY = 15.0
LOW = {"PTVm02": Box((0.0, 0.0, 20.0), (20.0, 20.0, 20.0))}
"""A second target, in which the dose is 12.5 to 22.5 Gy: 75 % of it receive 15 Gy, none 32.5 Gy."""

TOLERANCE = 1e-3


@pytest.fixture
def graded(build, findings_of, register_table):
    """Return what is found on V100%[%] of a structure, at least 70 %."""

    def found(
        structure,
        *prescribed,
        metric="V100%[%]",
        relation=">=",
        beside=(),
        earlier=None,
        summation_type="PLAN",
        **altered,
    ):
        limit = DoseLimit(
            criterion="site", description="coverage", structure=structure, metric=metric,
            limit=70.0, relation=relation, unit="%", beside=beside,
            source={"document": "site"},
        )  # fmt: skip
        protocol = msgspec.structs.replace(Protocol.load("nct06190782"), dose_limits=(limit,))
        submission = build(edge_mm=EDGE_MM, extra=LOW)
        numbers = {one.roi_name: one.roi_number for one in submission.structure_set}
        doses = tuple(Prescription(gy, numbers.get(name)) for name, gy in prescribed)
        (plan,) = submission.plans
        altered = {"fraction_group_count": 1, "fractions_planned": 10} | altered
        plan = replace(plan, prescriptions=doses, **altered)
        (dose,) = submission.doses
        dose = replace(dose, summation_type=summation_type)
        submission = replace(submission, plans=(plan,), doses=(dose,))
        if earlier is not None:
            submission = submission.after(earlier)
        (finding,) = findings_of("OL301", submission, register_table, protocol=protocol)
        return finding

    return found


BOTH = (("PTVm01", HIGH_GY), ("PTVm02", LOW_GY))


@pytest.mark.parametrize(
    ("structure", "percent", "of_gy", "grade"),
    [("PTVm02", 75.0, LOW_GY, Grade.PASS), ("PTVm01", 50.0, HIGH_GY, Grade.MAJOR)],
)
def test_a_target_is_held_against_its_own_prescription(structure, percent, of_gy, grade, graded):
    finding = graded(structure, *BOTH)
    assert (finding.grade, finding.about) == (grade, structure)
    assert finding.evidence[0].measured == pytest.approx(percent, abs=TOLERANCE)
    assert f"of a prescription of {of_gy:g} Gy" in finding.message


def test_the_only_dose_that_is_prescribed_is_that_of_all(graded):
    """Whatever it refers to, as before."""
    finding = graded("PTVm02", ("PTVm01", HIGH_GY))
    assert finding.grade is Grade.MAJOR
    assert finding.evidence[0].measured == pytest.approx(0.0, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("structure", "prescribed", "altered", "words"),
    [
        ("PTV", BOTH, {}, "its ROIs have different ones"),
        ("PTVm02-PTVm01", BOTH, {}, "what is cut out or joined has none of its own"),
        ("Lung_L", BOTH, {}, 'none of them refers to ROI "Lung_L"'),
        ("PTVm02", (*BOTH, ("PTVm02", 14.0)), {}, "several of them refer to it"),
        ("PTVm02", (("PTVm01", HIGH_GY), ("none", LOW_GY)), {}, 'refers to ROI "PTVm02"'),
        ("PTVm02", BOTH, {"fraction_group_count": 2}, "fraction group"),
        ("PTVm02", BOTH, {"structure_set_uid": "1.2.77"}, "structure set"),
    ],
)
def test_what_is_prescribed_to_a_structure_is_not_guessed(
    structure, prescribed, altered, words, graded
):
    finding = graded(structure, *prescribed, **altered)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert words in finding.message


def test_the_dose_of_a_boost_is_not_all_that_a_target_gets(graded):
    """9 Gy of the 17.5 that half of it gets: held against these any coverage would be kept."""
    finding = graded("PTVm02", ("PTVm01", HIGH_GY), ("PTVm02", 9.0))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "the dose does not fit the prescription" in finding.message


def test_doses_are_percentages_of_it_too(graded):
    finding = graded("PTVm02", *BOTH, metric="D95%[%]")
    # 12.5 Gy and a twentieth of the 10 Gy across the target.
    assert finding.evidence[0].measured == pytest.approx(100 * 13 / LOW_GY, abs=0.01)


@pytest.mark.parametrize("relation", [">=", "<="])
def test_the_dose_of_two_courses_is_of_no_one_prescription(relation, graded, build):
    """Also where the earlier one came without its plan, and only one plan prescribes."""
    before = build(edge_mm=80.0)
    (dose,) = before.doses
    dose = replace(dose, sop_instance_uid="1.9.3", plan_uids=())
    before = replace(before, plans=(), structure_sets=(), doses=(dose,))
    finding = graded("PTVm02", *BOTH, metric="Max[%]", relation=relation, earlier=before)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "a dose relative to a prescription needs one, and the dose sums 2" in finding.message


@pytest.mark.parametrize("prescribed", [BOTH, (("PTVm01", HIGH_GY),)])
def test_trap_a_sum_that_names_one_plan_is_not_of_what_that_prescribes(prescribed, graded):
    """The other plans that it holds would make any coverage look kept."""
    finding = graded("PTVm01", *prescribed, summation_type="MULTI_PLAN")
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "is a sum that names one plan alone" in finding.message


def test_of_which_dose_percentages_are_is_told_where_they_stand_beside_the_limit(graded):
    told = f"of a prescription of {LOW_GY:g} Gy"
    assert told in graded("PTVm02", *BOTH, metric="V20Gy[%]", beside=("D95%[%]",)).message
    assert told not in graded("PTVm02", *BOTH, metric="V20Gy[%]").message
    assert told not in graded("Lung_L", *BOTH, metric="V20Gy[%]", beside=("D95%[%]",)).message
