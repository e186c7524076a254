"""When a dose limit applies: in which arm, to which plans, with a metastasis in which organ."""

from typing import Annotated

from msgspec import Meta

from oligort.clinical.register import Arm, PlanKind
from oligort.display import listed
from oligort.lesions.vocabulary import Organ
from oligort.protocol.sourced import Strict


class Fractions(Strict, frozen=True, kw_only=True):
    """Numbers of fractions, both ends included.

    Raises
    ------
    ValueError
        If they are not in order.
    """

    least: Annotated[int, Meta(gt=0, le=100)]
    most: Annotated[int, Meta(gt=0, le=100)]

    def __post_init__(self) -> None:
        """Refuse a range that holds nothing."""
        if self.least > self.most:
            raise ValueError(
                f"expected least at most as large as most, found {self.least} and {self.most}"
            )

    def __str__(self) -> str:
        """Numbers of fractions in words: "5 fractions", "1 to 5 fractions"."""
        if self.least == self.most:
            return f"{self.least} fraction{'s' if self.least > 1 else ''}"
        return f"{self.least} to {self.most} fractions"

    def holds(self, number: int) -> bool:
        """Say whether a number of fractions lies in the range."""
        return self.least <= number <= self.most


class AppliesWhen(Strict, frozen=True, kw_only=True):
    """When a dose limit applies: where all that is stated here is so.

    Parameters
    ----------
    arm : Arm or None
        The arm of the trial.
    plan_kind : PlanKind or None
        What the plan is for.
    organ : Organ or None
        An organ in which the patient has a metastasis.
    fractions : Fractions or None
        How many fractions the plan has; of several plans, each.

    Raises
    ------
    ValueError
        If nothing is stated.
    """

    arm: Arm | None = None
    plan_kind: PlanKind | None = None
    organ: Organ | None = None
    fractions: Fractions | None = None

    def __post_init__(self) -> None:
        """Refuse a condition that says nothing."""
        if all(getattr(self, name) is None for name in self.__struct_fields__):
            raise ValueError(f"expected one of {listed(self.__struct_fields__)}, found none")
