"""Whether a dose can be what its plan prescribes: nothing is graded on one that cannot."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from oligort.checks.case import Case
from oligort.display import quoted
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import GTV_ROLES, Role
from oligort.protocol.settings import Prescriptions, Range

MEDIAN = Metric("D", "Gy", 50.0, "%")
"""The median dose of a target."""

TARGET_ROLES = (Role.PTV, Role.ITV, Role.CTV, *sorted(GTV_ROLES))
"""Roles of ROIs that a prescription can be meant for, the likeliest first."""


@dataclass(frozen=True)
class Fit:
    """How a dose fits its prescription.

    `target` is the ROI that was looked at; None where the plan prescribes no dose. `fits` is then
    true: nothing contradicts it, and `message` says so.
    """

    fits: bool
    message: str
    target: str | None = None


def fit_of(case: Case) -> Fit:
    """Return how the judged dose fits the prescription of its plan, or of the plans it sums.

    The target is the ROI that the prescription refers to; where it refers to none, any ROI that
    reads as a target will do, and the message names it.

    Raises
    ------
    NotEvaluable
        If no dose is chosen, or nothing is drawn that the prescription could be meant for.
    """
    chosen = case.submission.chosen
    grid = case.submission.dose_grid
    largest = [
        max(plan.prescriptions, key=lambda one: one.dose_gy)
        for plan in chosen.plans
        if plan.prescriptions
    ]
    if not largest:
        what = "its plan prescribes no dose" if chosen.plan else "its plan is not there"
        return Fit(True, f"{what}: whether it is the whole dose cannot be told")
    prescription = max(largest, key=lambda one: one.dose_gy)
    # A sum holds at least the largest prescription of its plans, and at most all of them.
    is_complete = len(largest) >= len(set(chosen.dose.plan_uids))
    most_gy = sum(one.dose_gy for one in largest) if is_complete else inf

    def fits(ratio: Range[Prescriptions], dose_gy: float) -> bool:
        return dose_gy / prescription.dose_gy >= ratio.least and dose_gy / most_gy <= ratio.most

    median_ratio = case.protocol.settings.target_median_dose_ratio
    maximum_ratio = case.protocol.settings.target_maximum_dose_ratio
    prescribed = f"prescription {prescription.dose_gy:g} Gy, dose maximum {grid.maximum_gy:.2f} Gy"
    if not fits(maximum_ratio, grid.maximum_gy):
        return Fit(False, prescribed)
    beams_gy = sum(plan.beam_dose_gy or 0.0 for plan in chosen.plans)
    if beams_gy / most_gy > median_ratio.most:
        return Fit(False, f"{prescribed}, but the plan's beams give {beams_gy:.2f} Gy in all")
    seen = []
    for target in _targets(case, prescription.roi_number):
        try:
            median_gy = case.submission.dvh_of(target)[MEDIAN]
        except NotEvaluable:
            continue
        seen.append(f"median {median_gy:.2f} Gy in {quoted(target.roi_name)}")
        if fits(median_ratio, median_gy):
            return Fit(True, f"{prescribed}, {seen[-1]}", target.roi_name)
    if not seen:
        raise NotEvaluable(f"no target is drawn inside the dose to hold the {prescribed} against")
    return Fit(False, f"{prescribed}, {', '.join(seen[:3])}")


def _targets(case: Case, roi_number: int | None) -> Iterator[Structure]:
    structure_set = case.submission.structure_set
    referred = [s for s in structure_set if roi_number is not None and s.roi_number == roi_number]
    if referred:
        yield from referred
        return
    for role in TARGET_ROLES:
        for structure, name in case.submission.roi_names.items():
            if name.role is role and not structure.is_empty:
                yield structure
