"""Approval: whether the judged plan was approved, and is of a patient; its other versions."""

from collections.abc import Iterator, Sequence

from oligort.checks.case import Case
from oligort.checks.registry import CONVENTION, check
from oligort.checks.what_to_do import what_to_do
from oligort.display import quoted, safe_text
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Flag, Grade
from oligort.geometry.structure import StructureSet
from oligort.objects import Plan
from oligort.selection import listing, title

APPROVED = "APPROVED"
REJECTED = "REJECTED"

OF_NO_PATIENT = frozenset({"VERIFICATION", "MACHINE_QA", "SERVICE"})
"""Plan Intents (PS3.3 C.8.8.9) of plans that are made for a phantom or for the machine."""

OF_TREATMENT = frozenset({"CURATIVE", "PALLIATIVE", "PROPHYLACTIC"})
"""Plan Intents of plans that treat a patient."""


def require_for_a_patient(case: Case) -> None:
    """Raise NotEvaluable where a plan of the judged dose is made for a phantom or for the machine.

    Raises
    ------
    NotEvaluable
        Or if no dose can be chosen.
    """
    for plan in case.submission.chosen.plans:
        if plan.intent.upper() in OF_NO_PATIENT:
            raise NotEvaluable(
                f"the Plan Intent (300A,000A) of {title(plan)} is {plan.intent.upper()}: "
                f"it was not made to treat a patient",
                what_to_do("OL009"),
            )


@check("OL009", "Approval and versions of the plan")
def approval(case: Case) -> Iterator[Finding]:
    """What it checks: the plans of the judged dose, and the judged structure set where it says,
    are approved; no plan has another version in the submission; none was made for a phantom.

    Why it matters: a plan that nobody approved, or that a later one replaced, treats nobody.

    How it is measured: Approval Status (300E,0002) is APPROVED; a structure set may be without. Two
    plans of one label are versions, and so is one that names the other as its predecessor in
    Referenced RT Plan Sequence (300C,0002): which one is judged is told with the rule that decided,
    as INFO with QUERY. A rejected plan that is chosen has QUERY, and so has one whose Plan Intent
    (300A,000A) is RESEARCH or no term of the standard. Plans of earlier courses are asked for
    their intent alone.

    Not evaluable when: no dose can be chosen, none of its plans is there, or the Plan Intent is
    VERIFICATION, MACHINE_QA or SERVICE; no dose limit is graded then.

    Source: PS3.3 C.8.8.9 and C.8.8.16; oligort convention; the grade is the protocol's setting.
    """
    yield from _versions(case)
    chosen = case.submission.chosen
    own = [course for course in chosen.courses if not course.is_prior]
    plans = tuple(dict.fromkeys(plan for course in own for plan in course.plans))
    require_for_a_patient(case)
    for plan in plans:
        if plan.intent and plan.intent.upper() not in OF_TREATMENT:
            yield Finding(
                code="OL009",
                grade=Grade.INFO,
                about=plan.file,
                flags=(Flag.QUERY,),
                message=f"the Plan Intent (300A,000A) of {title(plan)} is {quoted(plan.intent)}",
                source=CONVENTION,
                hint="confirm that it is the plan of the trial",
            )
    if not plans:
        raise NotEvaluable(
            "no plan of the judged dose is there",
            "send the plan (RTPLAN) that the dose was computed of, with it",
        )
    judged: list[Plan | StructureSet] = list(plans)
    if chosen.structure_set.approval_status:
        judged.append(chosen.structure_set)
    without = [one for one in judged if one.approval_status.upper() != APPROVED]
    for one in without:
        yield _not_approved(case, one)
    if not without:
        yield Finding(
            code="OL009",
            grade=Grade.PASS,
            message=f"approved: {', '.join(title(one) for one in judged)}",
            source=CONVENTION,
        )


def _not_approved(case: Case, one: Plan | StructureSet) -> Finding:
    status = one.approval_status
    is_rejected = status.upper() == REJECTED
    return Finding(
        code="OL009",
        grade=case.protocol.grades.approval_absent,
        about=one.file,
        flags=(Flag.QUERY,) if is_rejected else (),
        message=f"the Approval Status (300E,0002) of {title(one)} is "
        f"{quoted(status) if status else 'absent'}",
        source=CONVENTION,
        hint="confirm that it is the one that is meant: it was rejected"
        if is_rejected
        else "approve it in the planning system and export it again",
    )


def _versions(case: Case) -> Iterator[Finding]:
    """Yield each group of versions of one plan, with which of them is judged and by which rule."""
    plans = case.submission.plans
    try:
        chosen = case.submission.chosen
        judged, by = chosen.plans, chosen.by
    except NotEvaluable:
        judged, by = (), ""
    for versions in _groups(plans):
        here = [plan for plan in versions if plan in judged]
        dated = ", ".join(f"{title(plan)} {_when(plan)}" for plan in versions)
        told = f"judged is {listing(here)}: {by}" if here else "none of them is judged"
        later = [plan for plan in versions if plan not in here and _is_later(plan, here)]
        if later:
            told += f"; {listing(later)} is later"
        yield Finding(
            code="OL009",
            grade=Grade.INFO,
            flags=(Flag.QUERY,),
            message=f"{len(versions)} versions of one plan: {dated}; {told}",
            source=CONVENTION,
            hint="confirm which one is of the trial, and choose it with --plan",
        )


def _groups(plans: Sequence[Plan]) -> list[list[Plan]]:
    """Return the plans that are versions of one, in groups of at least two, in their order."""
    groups: list[list[Plan]] = []
    for plan in plans:
        alike = [group for group in groups if any(_are_versions(plan, one) for one in group)]
        groups = [group for group in groups if group not in alike]
        groups.append([*(one for group in alike for one in group), plan])
    return [group for group in groups if len(group) > 1]


def _are_versions(plan: Plan, other: Plan) -> bool:
    label = plan.label.strip().casefold()
    is_of_one_label = bool(label) and label == other.label.strip().casefold()
    return (
        is_of_one_label or _names_as_predecessor(plan, other) or _names_as_predecessor(other, plan)
    )


def _names_as_predecessor(plan: Plan, other: Plan) -> bool:
    return bool(other.sop_instance_uid) and other.sop_instance_uid in plan.replaces


def _is_later(plan: Plan, others: Sequence[Plan]) -> bool:
    """Whether a plan says that it follows one of some others, by reference or by date and time."""
    return any(
        _names_as_predecessor(plan, other)
        or (bool(plan.date and other.date) and (plan.date, plan.time) > (other.date, other.time))
        for other in others
    )


def _when(plan: Plan) -> str:
    return f"of {safe_text(plan.date)}" if plan.date else "without a date"
