"""Whether a dose can be what its plan prescribes: nothing is graded on one that cannot."""

from collections.abc import Iterator
from dataclasses import dataclass

from oligort.checks.case import Case
from oligort.display import quoted
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import GTV_ROLES, Role

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
    """Return how the judged dose fits the prescription of its plan.

    The target is the ROI that the prescription refers to; where it refers to none, any ROI that
    reads as a target will do, and the message names it.

    Raises
    ------
    NotEvaluable
        If no dose is chosen, or nothing is drawn that the prescription could be meant for.
    """
    chosen = case.submission.chosen
    grid = case.submission.dose_grid
    prescriptions = chosen.plan.prescriptions if chosen.plan else ()
    if not prescriptions:
        what = "its plan prescribes no dose" if chosen.plan else "its plan is not there"
        return Fit(True, f"{what}: whether it is the whole dose cannot be told")
    prescription = max(prescriptions, key=lambda one: one.dose_gy)
    median_ratio = case.protocol.settings.target_median_dose_ratio
    maximum_ratio = case.protocol.settings.target_maximum_dose_ratio
    prescribed = f"prescription {prescription.dose_gy:g} Gy, dose maximum {grid.maximum_gy:.2f} Gy"
    if not maximum_ratio.holds(grid.maximum_gy / prescription.dose_gy):
        return Fit(False, prescribed)
    seen = []
    for target in _targets(case, prescription.roi_number):
        try:
            median_gy = case.submission.dvh_of(target)[MEDIAN]
        except NotEvaluable:
            continue
        seen.append(f"median {median_gy:.2f} Gy in {quoted(target.roi_name)}")
        if median_ratio.holds(median_gy / prescription.dose_gy):
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
