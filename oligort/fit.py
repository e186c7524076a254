"""Fit: whether a dose can be what its plan prescribes. Nothing is graded on one that cannot."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from oligort.courses import Chosen, Course
from oligort.display import listed, quoted
from oligort.dose.dvh import Dvh
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.geometry.structure import Structure, StructureSet
from oligort.lesions.naming import RoiName
from oligort.lesions.vocabulary import GTV_ROLES, Role
from oligort.measure import Measure
from oligort.objects import Dose, Plan
from oligort.picked import is_of_one_group
from oligort.prescribed import Together, refers_elsewhere, roi_of, totals_by_roi
from oligort.selection import Selection, title

if TYPE_CHECKING:
    from oligort.protocol.settings import Prescriptions, Range


class Export(Protocol):
    """What is asked: a submission."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def plans(self) -> tuple[Plan, ...]:
        """Its plans."""

    @property
    def doses(self) -> tuple[Dose, ...]:
        """Its doses."""

    @property
    def structure_sets(self) -> tuple[StructureSet, ...]:
        """Its structure sets."""

    @property
    def earlier(self) -> "Sequence[Export]":
        """The exports of earlier courses."""

    @property
    def chosen(self) -> Chosen:
        """The structure set and the courses that are judged together."""

    @property
    def structure_set(self) -> StructureSet:
        """The structure set that is judged."""

    @property
    def roi_names(self) -> Mapping[Structure, RoiName]:
        """What the name of each structure says."""

    def dvh_of(self, structure: Structure) -> Dvh:
        """Return the histogram of a structure as drawn, in the judged dose."""


MEDIAN = Metric("D", "Gy", 50.0, "%")
"""The median dose of a target."""

TARGET_ROLES = (Role.PTV, Role.ITV, Role.CTV, *sorted(GTV_ROLES))
"""Roles of ROIs that a prescription can be meant for, the likeliest first."""

NOT_TOLD = "whether it is the whole dose cannot be told"

MOST_TOLD = 3
"""Targets whose medians a message tells; the number of the others follows."""


LOW_BEAMS = 1 / 3
"""Of what is prescribed, beams that give less in all are asked about.

Their dose points may lie anywhere, also where little is given. Of real plans at hand the beams give
0.9 of it and more where the dose is whole, and 0.18 where it is a part.
"""


@dataclass(frozen=True)
class Fit:
    """How a dose fits its prescription.

    `target` names the ROIs that were looked at; None where the plan prescribes no dose, or there
    are no structures. `fits` is then true where nothing contradicts it, and `message` says so.
    `is_held` tells whether a prescription was held against anything, were it the maximum alone,
    `beams_are_low` whether the plan's beams give too little of it to be believed.
    """

    fits: bool
    message: str
    target: str | None = None
    is_held: bool = True
    beams_are_low: bool = False


@dataclass(frozen=True)
class Limits:
    """What is allowed of a dose, as multiples of the least and the most that it may be of.

    A sum of several plans is at least what it is known to hold, and at most all of them.
    """

    median: "Range[Prescriptions]"
    maximum: "Range[Prescriptions]"

    def allow_maximum(self, dose_gy: float, least_gy: float, most_gy: float) -> bool:
        """Whether a dose maximum fits."""
        return _lies_within(self.maximum, dose_gy, least_gy, most_gy)

    def allow_median(self, median_gy: Measure, least_gy: float, most_gy: float) -> bool | None:
        """Whether a median fits; None where only part of what it may be does."""
        ends = {
            _lies_within(self.median, dose_gy, least_gy, most_gy)
            for dose_gy in (median_gy.low, float(median_gy), median_gy.high)
        }
        return ends.pop() if len(ends) == 1 else None


def _lies_within(
    ratio: "Range[Prescriptions]", dose_gy: float, least_gy: float, most_gy: float
) -> bool:
    return dose_gy / least_gy >= ratio.least and dose_gy / most_gy <= ratio.most


def fit_of(export: Export, limits: Limits) -> Fit:
    """Return how the judged doses fit the prescriptions of their plans, each course by itself.

    Each ROI that a prescription refers to must get what all plans of the dose prescribe to it;
    where one refers to none, any ROI that reads as a target will do, and the message names it. ROI
    numbers of another structure set refer to none. A plan that prescribes nothing is held against
    its beams.

    Raises
    ------
    NotEvaluable
        If no dose is chosen, one is of a fraction group among several, an ROI that a prescription
        refers to is not drawn or leaves the dose too far, or nothing is drawn that a prescription
        could be meant for.
    """
    courses = export.chosen.courses
    if len(courses) == 1:
        return _fit_of(export, limits, courses[0])
    fits = [fit_of_course(export, limits, course) for course in courses]
    told = [
        f"{title(course.dose)}{' of an earlier course' * course.is_prior}: {fit.message}"
        for course, fit in zip(courses, fits, strict=True)
    ]
    targets = [fit.target for fit in fits if fit.target is not None]
    return Fit(
        all(fit.fits for fit in fits),
        "; ".join(told),
        ", ".join(targets) if len(targets) == len(fits) else None,
        all(fit.is_held for fit in fits),
        any(fit.beams_are_low for fit in fits),
    )


def fit_of_course(export: Export, limits: Limits, course: Course) -> Fit:
    """Return how one of several courses fits; what hinders it is told of that course.

    Raises
    ------
    NotEvaluable
        As `fit_of`.
    """
    try:
        return _fit_of(_alone(export, course), limits, course)
    except NotEvaluable as error:
        raise NotEvaluable(f"{title(course.dose)}: {error}", error.hint) from error


def _alone(export: Export, course: Course) -> Export:
    """Return the export that a course came with, and nothing chosen but its dose."""
    exports = (export, *export.earlier)
    of_course = next(e for e in exports if any(course.dose is dose for dose in e.doses))
    chosen = Selection(doses=(course.dose.file,))
    return replace(of_course, doses=(course.dose,), selection=chosen, earlier=())


def _fit_of(export: Export, limits: Limits, course: Course) -> Fit:
    """Return how one course fits; its targets are those of the export that it came with."""
    if is_of_one_group(course.dose, course.plans):
        raise NotEvaluable(
            f"{title(course.dose)} is of one fraction group of a plan that has several"
        )
    plans = tuple(plan for plan in course.plans if plan.prescriptions)
    if not plans:
        return _fit_of_beams(limits, export, course)
    before = _prescribed_before(export, course)
    summed = len(set(course.dose.plan_uids))
    together = Together(plans, len(plans) + len(before) >= summed, before)
    maximum_gy = course.grid.maximum_gy
    prescribed = f"prescription {together.least_gy:g} Gy, dose maximum {maximum_gy:.2f} Gy"
    if not limits.allow_maximum(maximum_gy, together.least_gy, together.most_gy):
        return Fit(False, prescribed)
    beams_gy = sum(plan.beam_dose_gy or 0.0 for plan in course.plans)
    if beams_gy / together.most_gy > limits.median.most:
        return Fit(False, f"{prescribed}, but the plan's beams give {beams_gy:.2f} Gy in all")
    if course.is_prior and not export.structure_sets:
        fit = Fit(True, f"{prescribed}, no structures to find its target in")
    else:
        fit = _fit_of_targets(limits, export, together, prescribed)
    if fit.fits and together.is_complete and 0 < beams_gy < LOW_BEAMS * together.least_gy:
        told = f"{fit.message}; but the plan's beams give {beams_gy:.2f} Gy in all"
        fit = replace(fit, message=told, beams_are_low=True)
    if not together.is_complete and fit.fits:
        told = f"{fit.message}; not all of its plans are there and prescribe: {NOT_TOLD}"
        return replace(fit, message=told, is_held=False)
    return fit


def _prescribed_before(export: Export, course: Course) -> tuple[Plan, ...]:
    """Return the plans of earlier exports that a sum names, of which it was seen to hold a dose."""
    wanted = set(course.dose.plan_uids) - {plan.sop_instance_uid for plan in course.plans}
    found: dict[str, Plan] = {}
    for earlier in export.earlier:
        with_dose = {uid for dose in earlier.doses if dose.grid for uid in dose.plan_uids}
        found |= {
            plan.sop_instance_uid: plan
            for plan in earlier.plans
            if plan.prescriptions and plan.sop_instance_uid in wanted & with_dose
        }
    return tuple(found.values())


def _fit_of_targets(limits: Limits, export: Export, together: Together, prescribed: str) -> Fit:
    """Return how the medians of all targets fit what is prescribed to each."""
    wanted, any_gy = _wanted(export, together)
    seen, unfit, targets = [], [], []
    for target, least_gy, most_gy in wanted:
        name = quoted(target.roi_name)
        try:
            median_gy = export.dvh_of(target)[MEDIAN]
        except NotEvaluable as error:
            raise NotEvaluable(
                f"{name} cannot be held against the {prescribed}: {error}", error.hint
            ) from error
        is_fit = limits.allow_median(median_gy, least_gy, most_gy)
        if is_fit is None:
            raise NotEvaluable(
                f"{name}, whose median is {median_gy.low:.2f} to {median_gy.high:.2f} Gy, cannot "
                f"be held against the {prescribed}"
            )
        own = "" if least_gy == together.least_gy else f" ({least_gy:g} Gy)"
        seen.append(f"{median_gy:.2f} Gy in {name}{own}")
        targets.append(target.roi_name)
        if not is_fit:
            unfit.append(seen[-1])
    remark = _remark(export, together.plans)
    if unfit:
        return Fit(False, f"{prescribed}, median {_first(unfit)}{remark}")
    if any_gy:
        others = (*(target for target, _, _ in wanted), *_target_like(export))
        found, fitting = _any_fitting(limits, export, others, (any_gy, together.most_gy))
        if not found:
            raise NotEvaluable(
                f"no target is drawn inside the dose to hold the {prescribed} against"
            )
        if fitting is None:
            return Fit(False, f"{prescribed}, median {_first(found)}{remark}")
        if fitting not in targets:
            seen.append(found[-1])
            targets.append(fitting)
    return Fit(True, f"{prescribed}, median {_first(seen)}{remark}", ", ".join(targets))


def _wanted(
    export: Export, together: Together
) -> tuple[list[tuple[Structure, float, float]], float]:
    """Return the ROIs that are prescribed to, and the largest prescription that refers to none.

    With each ROI go the least and the most that is prescribed to it. A prescription to a point
    refers to no volume.

    Raises
    ------
    NotEvaluable
        If an ROI is not drawn.
    """
    structure_set = export.structure_set
    wanted, held = [], set()
    for roi, least_gy in totals_by_roi(together.plans).items():
        uid, number = roi
        referred = [one for one in structure_set if one.roi_number == number]
        if uid != structure_set.sop_instance_uid or any(map(_is_of_points, referred)):
            continue
        drawn = [one for one in referred if not one.is_empty]
        if not drawn:
            raise NotEvaluable(f"a prescription refers to ROI number {number}, which is not drawn")
        held.add(roi)
        wanted += [(one, least_gy, together.most_gy_to(roi)) for one in drawn]
    others = [
        one.dose_gy
        for plan in together.plans
        for one in plan.prescriptions
        if roi_of(plan, one) not in held
    ]
    return wanted, max(others, default=0.0)


def _is_of_points(structure: Structure) -> bool:
    return {contour.geometric_type for contour in structure.contours} == {"POINT"}


def _any_fitting(
    limits: Limits,
    export: Export,
    targets: Iterable[Structure],
    prescribed_gy: tuple[float, float],
) -> tuple[list[str], str | None]:
    """Return the medians of targets up to the first that fits, and its name.

    `prescribed_gy` is the least and the most that may be prescribed to it.
    """
    seen = []
    for target in targets:
        try:
            median_gy = export.dvh_of(target)[MEDIAN]
        except NotEvaluable:
            continue
        seen.append(f"{median_gy:.2f} Gy in {quoted(target.roi_name)}")
        if limits.allow_median(median_gy, *prescribed_gy):
            return seen, target.roi_name
    return seen, None


def _remark(export: Export, plans: Iterable[Plan]) -> str:
    """Return what to say of plans whose ROI numbers are of other structures."""
    elsewhere = [plan for plan in plans if refers_elsewhere(plan, export.structure_set)]
    labels = listed(plan.label for plan in elsewhere)
    return f"; the ROIs of {labels} are not of the structure set" if elsewhere else ""


def _first(medians: list[str]) -> str:
    left_out = len(medians) - len(medians[:MOST_TOLD])
    return ", ".join(medians[:MOST_TOLD]) + (f" and {left_out} more" if left_out else "")


def _fit_of_beams(limits: Limits, export: Export, course: Course) -> Fit:
    """Return how a course fits what its plan's beams give, where no dose is prescribed.

    What fits them is not shown to be whole: the beams' dose points may lie anywhere.
    """
    what = "its plan prescribes no dose" if course.plan else "its plan is not there"
    beams = [plan.beam_dose_gy for plan in course.plans if plan.beam_dose_gy]
    if not beams:
        return Fit(True, f"{what}: {NOT_TOLD}", is_held=False)
    least_gy = sum(beams)
    most_gy = least_gy if len(beams) >= len(set(course.dose.plan_uids)) else inf
    maximum_gy = course.grid.maximum_gy
    told = f"{what}, its beams give {least_gy:.2f} Gy in all, dose maximum {maximum_gy:.2f} Gy"
    if not limits.allow_maximum(maximum_gy, least_gy, most_gy):
        return Fit(False, told, is_held=False)
    found: list[str] = []
    if export.structure_sets:
        targets = _target_like(export)
        found, fitting = _any_fitting(limits, export, targets, (least_gy, most_gy))
        if found and fitting is None:
            return Fit(False, f"{told}, median {_first(found)}", is_held=False)
    told += f", median {found[-1]}" if found else ""
    return Fit(True, f"{told}: {NOT_TOLD}", is_held=False)


def _target_like(export: Export) -> Iterator[Structure]:
    """Yield what reads as a target, the likeliest first."""
    for role in TARGET_ROLES:
        for structure, name in export.roi_names.items():
            if name.role is role and not structure.is_empty:
                yield structure
