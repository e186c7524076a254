"""Whether a dose can be what its plan prescribes: nothing is graded on one that cannot."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf

from oligort.checks.case import Case
from oligort.courses import Course
from oligort.display import quoted
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import GTV_ROLES, Role
from oligort.protocol.settings import Prescriptions, Range
from oligort.selection import Selection, title
from oligort.submission import Submission

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
    """Return how the judged doses fit the prescriptions of their plans, each course by itself.

    The target is the ROI that the prescription refers to; where it refers to none, any ROI that
    reads as a target will do, and the message names it.

    Raises
    ------
    NotEvaluable
        If no dose is chosen, or nothing is drawn that a prescription could be meant for.
    """
    courses = case.submission.chosen.courses
    if len(courses) == 1:
        return _fit_of(case, case.submission, courses[0])
    fits = [_fit_of_one(case, course) for course in courses]
    told = [
        f"{title(course.dose)}: {fit.message}" for course, fit in zip(courses, fits, strict=True)
    ]
    targets = [fit.target for fit in fits if fit.target is not None]
    return Fit(
        all(fit.fits for fit in fits),
        "; ".join(told),
        ", ".join(targets) if len(targets) == len(fits) else None,
    )


def _fit_of_one(case: Case, course: Course) -> Fit:
    """Return how one of several courses fits; what hinders it is told of that course."""
    try:
        return _fit_of(case, _alone(case.submission, course), course)
    except NotEvaluable as error:
        raise NotEvaluable(f"{title(course.dose)}: {error}") from error


def _alone(submission: Submission, course: Course) -> Submission:
    """Return the export that a course came with, and nothing chosen but its dose."""
    exports = (submission, *submission.earlier)
    of_course = next(e for e in exports if any(course.dose is dose for dose in e.doses))
    chosen = Selection(doses=(course.dose.file,))
    return replace(of_course, doses=(course.dose,), selection=chosen, earlier=())


def _fit_of(case: Case, submission: Submission, course: Course) -> Fit:
    """Return how one course fits; its targets are those of the export that it came with."""
    grid = course.grid
    largest = [
        max(plan.prescriptions, key=lambda one: one.dose_gy)
        for plan in course.plans
        if plan.prescriptions
    ]
    if not largest:
        what = "its plan prescribes no dose" if course.plan else "its plan is not there"
        return Fit(True, f"{what}: whether it is the whole dose cannot be told")
    prescription = max(largest, key=lambda one: one.dose_gy)
    # A sum holds at least the largest prescription of its plans, and at most all of them.
    is_complete = len(largest) >= len(set(course.dose.plan_uids))
    most_gy = sum(one.dose_gy for one in largest) if is_complete else inf

    def fits(ratio: Range[Prescriptions], dose_gy: float) -> bool:
        return dose_gy / prescription.dose_gy >= ratio.least and dose_gy / most_gy <= ratio.most

    median_ratio = case.protocol.settings.target_median_dose_ratio
    maximum_ratio = case.protocol.settings.target_maximum_dose_ratio
    prescribed = f"prescription {prescription.dose_gy:g} Gy, dose maximum {grid.maximum_gy:.2f} Gy"
    if not fits(maximum_ratio, grid.maximum_gy):
        return Fit(False, prescribed)
    beams_gy = sum(plan.beam_dose_gy or 0.0 for plan in course.plans)
    if beams_gy / most_gy > median_ratio.most:
        return Fit(False, f"{prescribed}, but the plan's beams give {beams_gy:.2f} Gy in all")
    seen = []
    if course.is_prior and not submission.structure_sets:
        return Fit(True, f"{prescribed}, no structures to find its target in")
    for target in _targets(submission, prescription.roi_number):
        try:
            median_gy = submission.dvh_of(target)[MEDIAN]
        except NotEvaluable:
            continue
        seen.append(f"median {median_gy:.2f} Gy in {quoted(target.roi_name)}")
        if fits(median_ratio, median_gy):
            return Fit(True, f"{prescribed}, {seen[-1]}", target.roi_name)
    if not seen:
        raise NotEvaluable(f"no target is drawn inside the dose to hold the {prescribed} against")
    return Fit(False, f"{prescribed}, {', '.join(seen[:3])}")


def _targets(submission: Submission, roi_number: int | None) -> Iterator[Structure]:
    structure_set = submission.structure_set
    referred = [s for s in structure_set if roi_number is not None and s.roi_number == roi_number]
    if referred:
        yield from referred
        return
    for role in TARGET_ROLES:
        for structure, name in submission.roi_names.items():
            if name.role is role and not structure.is_empty:
                yield structure
