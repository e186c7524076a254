"""Prescribed: what the plans of a dose prescribe together, and to which ROIs."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from oligort.geometry.structure import StructureSet
from oligort.objects import Plan, Prescription

Roi = tuple[str, int]
"""SOP Instance UID of a structure set, and a number in it: a number alone is no ROI."""


def roi_of(plan: Plan, prescription: Prescription) -> Roi | None:
    """Return the ROI that a prescription refers to, or None.

    A number is that of an ROI in the plan's own structure set. Where the plan names none, the only
    one that is there may be another, drawn anew with other numbers: such a number refers to none.
    """
    if prescription.roi_number is None or not plan.structure_set_uid:
        return None
    return plan.structure_set_uid, prescription.roi_number


def doses_by_roi(plan: Plan) -> dict[Roi, float]:
    """Return what one plan prescribes to each ROI that it refers to, in Gy.

    Two references of one plan to one ROI are no two courses: the larger counts.
    """
    doses: dict[Roi, float] = {}
    for one in plan.prescriptions:
        if roi := roi_of(plan, one):
            doses[roi] = max(doses.get(roi, 0.0), one.dose_gy)
    return doses


def totals_by_roi(plans: Iterable[Plan]) -> dict[Roi, float]:
    """Return what some plans, each given in full, prescribe together to each ROI, in Gy."""
    totals: dict[Roi, float] = {}
    for plan in plans:
        for roi, dose_gy in doses_by_roi(plan).items():
            totals[roi] = totals.get(roi, 0.0) + dose_gy
    return totals


def refers_elsewhere(plan: Plan, structure_set: StructureSet) -> bool:
    """Whether a plan gives ROI numbers that cannot be shown to be those of a structure set."""
    is_linked = plan.structure_set_uid == structure_set.sop_instance_uid != ""
    return not is_linked and any(one.roi_number is not None for one in plan.prescriptions)


@dataclass(frozen=True)
class Together:
    """What the plans of one dose prescribe: those that prescribe any, and whether all are there.

    A sum holds at least what they prescribe to one ROI, and at most all. `before` are those of
    earlier exports.
    """

    plans: tuple[Plan, ...]
    is_complete: bool
    before: tuple[Plan, ...] = ()

    @property
    def least_gy(self) -> float:
        """The least that the dose must reach somewhere."""
        largest = map(_largest_gy, (*self.plans, *self.before))
        return max([*largest, *totals_by_roi(self.plans).values()])

    @property
    def most_gy(self) -> float:
        """The most that is prescribed anywhere."""
        return sum(map(_largest_gy, (*self.plans, *self.before))) if self.is_complete else inf

    def most_gy_to(self, roi: Roi) -> float:
        """Return the most that is prescribed to an ROI, if other plans' targets hold it too."""
        doses = [doses_by_roi(plan).get(roi, _largest_gy(plan)) for plan in self.plans]
        return sum([*doses, *map(_largest_gy, self.before)]) if self.is_complete else inf


def _largest_gy(plan: Plan) -> float:
    return max(one.dose_gy for one in plan.prescriptions)
