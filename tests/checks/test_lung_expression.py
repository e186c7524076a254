"""Which lungs a review draws: those that the protocol judges, as the register allows."""

import msgspec
import pytest

from oligort.checks.case import Case
from oligort.checks.expressions import LUNGS_WITHOUT_GTV, lung_expression
from oligort.clinical.register import Register
from oligort.protocol.model import Protocol

SHIPPED = Protocol.load("nct06190782")


def limited(*structures: str) -> Protocol:
    (limit, *_) = SHIPPED.dose_limits
    limits = tuple(msgspec.structs.replace(limit, structure=name, family=()) for name in structures)
    return msgspec.structs.replace(SHIPPED, dose_limits=limits)


@pytest.mark.parametrize(
    ("structures", "expected"),
    [
        (("Lungs-GTV",), "Lungs-GTV"),
        (("Heart", "Lungs-PTV"), "Lungs-PTV"),
        (("Heart", "SpinalCord"), LUNGS_WITHOUT_GTV),
        ((), LUNGS_WITHOUT_GTV),
    ],
)
def test_the_first_limit_on_the_lungs_says_which(build, structures, expected):
    case = Case(build(), limited(*structures), None)
    assert str(lung_expression(case)) == expected


def test_after_a_pneumonectomy_it_is_the_lung_that_is_left(build, register_table):
    register_table["anatomy"] = {"pneumonectomy": "yes"}
    register = Register.from_dict(register_table)
    case = Case(build(without=("Lung_R",)), SHIPPED, register)
    assert str(lung_expression(case)) == "Lung_L-GTV"
