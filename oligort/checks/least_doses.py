"""Least doses: a limit that more dose helps to keep, and the dose of an earlier course.

What an organ may get holds for all courses together. What a target must get does not: a target that
this treatment leaves cold is not covered by what an earlier one gave to its place.
"""

from dataclasses import replace

from oligort.checks.answers import grade_throughout, told_beside, what_lies_between
from oligort.checks.case import Case
from oligort.checks.expressions import as_anatomy_allows
from oligort.checks.judged import Judged
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import parse
from oligort.protocol.limits import DoseLimit
from oligort.submission import Submission

ASK_WHICH_DOSE = (
    "check this plan without the earlier course to see it alone, and ask the trial office whether "
    "the dose of that course counts for this limit"
)

ASK_FOR_THE_PLAN_ALONE = (
    "check the dose of this plan alone (--dose, and no --prior) to see it, and ask the trial "
    "office whether the dose of the earlier course counts for this limit"
)

_EITHER_WAY = frozenset({"HI", "CI"})
"""Kinds of metrics that more dose can raise and lower."""


def require_without_earlier(case: Case, limit: DoseLimit, judged: Judged) -> None:
    """Raise NotEvaluable where a limit is kept, or may be, by the dose of an earlier course alone.

    Only a limit that more dose helps to keep is asked: at least a dose or a volume with it, at most
    a volume without it, and an index that goes either way.
    """
    submission = case.submission
    if not _may_be_kept_by_dose(limit):
        return
    value = judged.dvh[limit.metric]
    if _holds_earlier(submission) and (
        _kind(limit) in _EITHER_WAY or limit.grade_of(value) is not limit.grade
    ):
        raise NotEvaluable(
            f"{limit.metric} is {told_beside(value, limit)} {limit.unit} in a sum that holds the "
            f"dose of an earlier course, and how much it is without it is not known",
            ASK_FOR_THE_PLAN_ALONE,
        )
    if not any(course.is_prior for course in submission.chosen.courses):
        return
    if grade_throughout(value.without("numerical"), limit) is None:
        return  # open with all courses, too: that is told of the limit itself
    now = replace(submission, earlier=())
    try:
        if judged.is_drawn:
            dvh = now.dvh_of(submission.anatomy.drawn_as(judged.dvh.roi_name))
        else:
            dvh = now.computed_dvh(as_anatomy_allows(case, parse(limit.structure)))
        own = dvh[limit.metric].without("numerical")
    except NotEvaluable as error:
        raise NotEvaluable(f"without the dose of an earlier course, {error}", error.hint) from error
    if grade_throughout(own, limit) is limit.grade_of(value):
        return
    low, high = min(own.low, value), max(own.high, value)
    between = f"; {what_lies_between(low, high, limit)}" if limit.variation else ""
    alone = told_beside(own, limit)
    if grade_throughout(own, limit) is None:
        alone = f"{told_beside(own.low, limit)} to {told_beside(own.high, limit)}"
    raise NotEvaluable(
        f"{limit.metric} is {told_beside(value, limit)} {limit.unit} with the dose of an earlier "
        f"course, and {alone} {limit.unit} without it: whether that dose counts for this limit is "
        f"not known{between}",
        ASK_WHICH_DOSE,
    )


def _may_be_kept_by_dose(limit: DoseLimit) -> bool:
    is_least = limit.relation in {">=", ">"}
    return _kind(limit) in _EITHER_WAY or is_least != (_kind(limit) == "CV")


def _kind(limit: DoseLimit) -> str:
    return Metric.parse(limit.metric).kind


def _holds_earlier(submission: Submission) -> bool:
    """Whether this export's doses together are of several plans, one of them in an earlier export.

    Which of the others is there too says nothing: an earlier export may hold this plan as well.
    """
    before = {plan.sop_instance_uid for export in submission.earlier for plan in export.plans}
    before |= {uid for export in submission.earlier for d in export.doses for uid in d.plan_uids}
    own = [course.dose for course in submission.chosen.courses if not course.is_prior]
    uids = {uid for dose in own for uid in dose.plan_uids}
    return bool(uids & before) and max(len(uids), len(own)) > 1
