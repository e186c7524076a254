"""Relative: the histograms of limits, with the dose that percentages of dose are of."""

from oligort.checks.case import Case
from oligort.checks.targets import plans_of_targets
from oligort.display import quoted
from oligort.dose.dvh import Dvh
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.prescribed import roi_of
from oligort.protocol.limits import DoseLimit


def as_limited(case: Case, limit: DoseLimit, dvh: Dvh, shape: Shape) -> Dvh:
    """Return the histogram of a shape that a limit's metric, and those beside it, can be read off.

    It is relative to what is prescribed; the isodose of a conformity index is that of the shape.

    Raises
    ------
    NotEvaluable
        If the limit's metric is relative to a prescription and no one dose is prescribed.
    """
    metric, *beside = map(Metric.parse, (limit.metric, *limit.beside))
    if not any(one.needs_prescription for one in (metric, *beside)):
        return dvh
    # What is only shown beside it says by itself what it lacks.
    try:
        prescription_gy = _prescribed_gy(case, shape)
    except NotEvaluable:
        if metric.needs_prescription:
            raise
        return dvh
    if all(one.kind != "CI" for one in (metric, *beside)):
        return dvh.relative_to(prescription_gy)
    try:
        isodose = case.submission.isodose_of_shape(shape, prescription_gy)
    except NotEvaluable:
        if metric.kind == "CI":
            raise
        return dvh.relative_to(prescription_gy)
    return dvh.relative_to(prescription_gy, isodose.volume)


def _prescribed_gy(case: Case, shape: Shape) -> float:
    """Return what is prescribed: the only dose, else that to the ROIs that make up a shape.

    Raises
    ------
    NotEvaluable
        If several doses are prescribed, and which of them to these ROIs cannot be told.
    """
    try:
        return case.submission.prescription_gy
    except NotEvaluable as error:
        chosen = case.submission.chosen
        if len(chosen.courses) > 1 or len(chosen.plans) != 1:
            raise
        try:
            # That of one phase alone would make any coverage look kept: it does not fit the dose.
            return _prescribed_to(case, shape)
        except NotEvaluable as why:
            raise NotEvaluable(f"{error}; {why}", error.hint) from error


def _prescribed_to(case: Case, shape: Shape) -> float:
    """Return what the only plan of the judged dose prescribes to each of some ROIs.

    Raises
    ------
    NotEvaluable
        If the dose is of several plans or fraction groups, each of which may add to it; or if the
        plan prescribes no dose to one of the ROIs, or several to them.
    """
    plans = plans_of_targets(case)
    if len({uid for dose in case.submission.chosen.doses for uid in dose.plan_uids}) > 1:
        raise NotEvaluable("that of a target is not looked for in a sum of plans")
    (plan,) = plans
    if plan.fraction_group_count > 1:
        raise NotEvaluable(f"plan {quoted(plan.label)} has several fraction groups")
    if shape.operator:
        raise NotEvaluable("what is cut out or joined has none of its own")
    doses: set[float] = set()
    for structure in shape.structures:
        own = {
            one.dose_gy
            for one in plan.prescriptions
            if roi_of(plan, one) and one.roi_number == structure.roi_number
        }
        if not own:
            raise NotEvaluable(f"none of them refers to ROI {quoted(structure.roi_name)}")
        doses |= own
    if len(doses) != 1:
        several = "its ROIs have different ones" if len(shape.structures) > 1 else ""
        raise NotEvaluable(several or "several of them refer to it")
    return doses.pop()


def told_of_prescription(limit: DoseLimit, dvh: Dvh) -> tuple[str, ...]:
    """Return what to say of the dose that a limit's percentages are of; nothing without any.

    What is only shown beside the limit may be of none, and says so by itself.
    """
    metrics = map(Metric.parse, (limit.metric, *limit.beside))
    is_relative = dvh.prescription_gy is not None and any(m.needs_prescription for m in metrics)
    return (f"of a prescription of {dvh.prescription_gy:g} Gy",) if is_relative else ()
