"""Applicability: which dose limits hold for a submission, by what each says of when it applies."""

from collections.abc import Iterator

from oligort.checks.answers import information
from oligort.checks.case import Case
from oligort.checks.effect import fractions_of
from oligort.checks.plan_kind import kind_of
from oligort.display import listed, quoted
from oligort.errors import NotEvaluable, advising
from oligort.finding import Finding, Flag, Grade
from oligort.lesions.vocabulary import GTV_ROLES, Organ, Role
from oligort.protocol.applies_when import AppliesWhen
from oligort.protocol.limits import DoseLimit


def applicable_limits(case: Case) -> Iterator[DoseLimit]:
    """Yield the dose limits that hold for a submission, and those of which that is open."""
    for limit in case.protocol.dose_limits:
        try:
            if why_not_applicable(case, limit):
                continue
        except NotEvaluable:
            pass  # told by the limit itself; what is measured for it is shown all the same
        yield limit


def told_without_limits(case: Case, code: str) -> Iterator[Finding]:
    """Yield that a check of what limits are about has nothing to ask, where no limit holds.

    No finding at all would read as if the check had not run, and a verdict as if it had.
    """
    if not any(applicable_limits(case)):
        has_some = bool(case.protocol.dose_limits)
        reason = "none of its dose limits applies" if has_some else "it has no dose limit"
        yield information(code, f"nothing is asked by the protocol: {reason}")


def limited_once(case: Case) -> tuple[DoseLimit, ...]:
    """Return one of the limits that hold for each structure: for what is asked of the structure."""
    first: dict[str, DoseLimit] = {}
    for limit in applicable_limits(case):
        first.setdefault(limit.structure, limit)
    return tuple(first.values())


def why_not_applicable(case: Case, limit: DoseLimit) -> str:
    """Return why a limit does not hold for this submission, or "" where it does.

    Raises
    ------
    NotEvaluable
        If what it depends on is not known, and nothing that is known rules it out.
    """
    if limit.applies_when is None:
        return ""
    open_reasons, hints = [], []
    for condition in (_of_arm, _of_kind, _of_organ, _of_fractions):
        try:
            if reason := condition(case, limit.applies_when):
                return reason
        except NotEvaluable as error:
            open_reasons.append(str(error))
            hints.append(error.hint)
    if open_reasons:
        raise NotEvaluable(
            f"whether the limit applies is open: {'; '.join(open_reasons)}",
            "; ".join(dict.fromkeys(filter(None, hints))),
        )
    return ""


def not_applicable(code: str, case: Case, limit: DoseLimit, reason: str) -> Finding:
    """Return that a limit does not hold, for information.

    A query where it is held against no limit for want of one for so many fractions.
    """
    gap = _between_limits(case, limit)
    return Finding(
        code=code,
        criterion=limit.criterion,
        grade=Grade.INFO,
        flags=(Flag.QUERY,) if gap else (),
        about=limit.structure,
        message=f"{limit.description} does not apply: {reason}{gap}",
        source=limit.source,
        hint="ask the trial office what holds for so many fractions" if gap else "",
    )


def _between_limits(case: Case, limit: DoseLimit) -> str:
    """Return that plans have more fractions than one like limit is for, fewer than another, or "".

    It is told of the first of them, and of those alone that nothing but the fractions rules out.
    """
    known = [
        (one, when.fractions)
        for one in case.protocol.dose_limits
        if _number_of(one) == _number_of(limit)
        and (when := one.applies_when)
        and when.fractions
        and not _is_of_others(case, when)
    ]
    if not known or known[0][0] is not limit:
        return ""
    if any(_number_of(one) == _number_of(limit) for one in applicable_limits(case)):
        return ""
    try:
        numbers = {fractions_of(plan) for plan in case.submission.chosen.plans}
    except NotEvaluable:
        return ""
    least, most = min(of.most for _, of in known), max(of.least for _, of in known)
    if not any(least < number < most for number in numbers):
        return ""
    told = " and in ".join(str(of) for _, of in known)
    return (
        f"; nothing limits {limit.metric} of {limit.structure} in so many, where the protocol does "
        f"so in {told}"
    )


def _is_of_others(case: Case, when: AppliesWhen) -> bool:
    """Whether arm, plan or organ rules a limit out; what is not known does not."""
    for condition in (_of_arm, _of_kind, _of_organ):
        try:
            if condition(case, when):
                return True
        except NotEvaluable:
            continue
    return False


def _number_of(limit: DoseLimit) -> tuple[str, str, str]:
    """Return which number a limit bounds, and from which side."""
    return limit.structure.casefold(), limit.metric, limit.relation[0]


def _of_arm(case: Case, when: AppliesWhen) -> str:
    if when.arm is None:
        return ""
    arm = case.register.arm if case.register else None
    if arm is None:
        raise NotEvaluable(
            f"it is of the arm {when.arm}, and the register does not say the arm",
            "say the arm in the register",
        )
    return "" if arm is when.arm else f"it is of the arm {when.arm}, and the patient is in {arm}"


def _of_kind(case: Case, when: AppliesWhen) -> str:
    if when.plan_kind is None:
        return ""
    kind = kind_of(case)
    if kind.kind is None or kind.is_mixed:
        raise NotEvaluable(
            f"it is of {when.plan_kind} plans, and neither --plan-kind nor the register says what "
            f"the plan is for (plan_kind)",
            "say plan_kind in the register",
        )
    if kind.kind is when.plan_kind:
        return ""
    return f"it is of {when.plan_kind} plans, and a {kind.kind} plan is judged"


@advising("list every lesion in the register, with its organ and its roi_names")
def _of_organ(case: Case, when: AppliesWhen) -> str:
    """Return why no metastasis lies in the organ; one that may be none, or elsewhere, is open."""
    if when.organ is None:
        return ""
    perhaps = []
    for lesion in case.known_lesions:
        if lesion.organ and lesion.organ.is_in(when.organ) and lesion.counted.least:
            return ""
        if lesion.counted.most and _may_be_in(lesion.possible_organs, when.organ):
            perhaps.append(lesion.name)
    of_patients = f"it is of patients with a metastasis in {when.organ}"
    if perhaps:
        raise NotEvaluable(f"{of_patients}, and {listed(perhaps)} may be one")
    if case.register is None or not case.register.lesions:
        raise NotEvaluable(f"{of_patients}, and no register lists the lesions")
    if unknown := list(_perhaps_lesions_in(case, when.organ)):
        raise NotEvaluable(
            f"{of_patients}, and {listed(unknown)} cannot be measured, or is drawn around no known "
            f"lesion, and may be one"
        )
    return f"{of_patients}, and none is known"


def _perhaps_lesions_in(case: Case, organ: Organ) -> Iterator[str]:
    """Yield the ROIs that may be, or be drawn for, lesions in an organ that nothing counts."""
    submission = case.submission
    if case.register is None or not submission.structure_sets:
        return
    read = submission.site_map.read
    gross = GTV_ROLES | {Role.UNION, Role.UNKNOWN}
    listed_rois = {name for entry in case.register.lesions for name in entry.roi_names}
    unread = submission.structure_set.left_out
    names = (
        *(name for name in unread if submission.role_of(name) in gross),
        *(one.roi_name for one in case.census.excluded if one.may_be_metastasis),
        *case.unmeasured,
        *(lost.roi_name for lost in case.lost_lesions),
    )
    for name in dict.fromkeys(names):
        # What an entry names lies where the entry says.
        its = read(name).organ
        if name not in listed_rois and (its is None or its.is_in(organ)):
            yield name


def _may_be_in(organs: frozenset[Organ], organ: Organ) -> bool:
    return not organs or any(one.is_in(organ) for one in organs)


@advising(
    "send all plans that the dose is of, each with its number of fractions; plans of other limits "
    "are judged one by one"
)
def _of_fractions(case: Case, when: AppliesWhen) -> str:
    """Return why the courses have other numbers of fractions; of several, all must agree."""
    if when.fractions is None:
        return ""
    chosen = case.submission.chosen
    if not chosen.plans:
        raise NotEvaluable("it depends on the number of fractions, and no plan is there")
    # A list: two courses of one label are two.
    numbers = [(plan.label, fractions_of(plan)) for plan in chosen.plans]
    within = [when.fractions.holds(number) for _, number in numbers]
    told = ", ".join(f"{quoted(label)} in {number}" for label, number in numbers)
    if not all(within) and any(within):
        raise NotEvaluable(f"it is of {when.fractions}, and the plans are {told}")
    there = {plan.sop_instance_uid for plan in chosen.plans}
    if missing := {uid for dose in chosen.doses for uid in dose.plan_uids} - there:
        raise NotEvaluable(
            f"it is of {when.fractions}, and {len(missing)} of the plans that the dose "
            f"refers to {'is' if len(missing) == 1 else 'are'} not there, beside {told}"
        )
    if all(within):
        return ""
    return f"it is of {when.fractions}, and the plan is {told}"
