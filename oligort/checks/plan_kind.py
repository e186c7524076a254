"""What the plan is for: to judge whether a patient may enter, or to treat; and the trial's arm."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from oligort.checks.case import Case
from oligort.checks.registry import CONVENTION, check
from oligort.checks.what_to_do import what_to_do
from oligort.clinical.register import Arm, LesionKind, PlanKind, Register, Therapy
from oligort.courses import Course
from oligort.display import listed
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Flag, Grade
from oligort.objects import Dose, FaultKind, Plan
from oligort.selection import fitting, title

LOCAL_THERAPIES = frozenset({Therapy.RADIOTHERAPY, Therapy.SURGERY, Therapy.ABLATION})
"""What the arm without local therapy is without."""


@dataclass(frozen=True)
class Kind:
    """The kind of the judged plan.

    Parameters
    ----------
    kind : PlanKind or None
        None where nobody says.
    origin : str
        Who says so, or "".
    contradiction : str
        What else is said of it, or "".
    is_mixed : bool
        Whether a judged plan is listed as one of the other kind.
    """

    kind: PlanKind | None
    origin: str = ""
    contradiction: str = ""
    is_mixed: bool = False


def kind_of(case: Case) -> Kind:
    """Return the kind of the judged plan: as the user says, else the register.

    A register that says nothing of the kind, and lists the judged plans under one, says that.
    """
    register = case.register
    listed_as = _listed_kinds(case, register) if register else ()
    said = register.plan_kind if register else None
    if case.asked_kind:
        kind, origin = case.asked_kind, "the user"
    elif said:
        kind, origin = said, "the register's plan_kind"
    elif len({listed_kind for _, listed_kind in listed_as}) == 1:
        kind, origin = listed_as[0][1], "the register's list of its plans"
    else:
        kind, origin = None, ""
    others = [one for one in listed_as if one[1] is not kind]
    if others:
        told = ", ".join(f"{listed([name])} as {listed_kind}" for name, listed_kind in others)
        return Kind(kind, origin, f"the register lists {told}", is_mixed=True)
    if case.asked_kind and said and said is not case.asked_kind:
        return Kind(kind, origin, f"the register's plan_kind is {said}")
    return Kind(kind, origin, _others_named(case, register, kind) if register and kind else "")


def require_one_kind(case: Case) -> None:
    """Raise NotEvaluable where plans of the other kind are judged, or of both."""
    kind = kind_of(case)
    if kind.is_mixed:
        judged = f"a {kind.kind} plan is to be judged" if kind.kind else "plans of both kinds"
        raise NotEvaluable(f"{judged}, and {kind.contradiction}", what_to_do("OL207"))


def require_screening_or_said(case: Case) -> None:
    """Raise NotEvaluable where nobody says the kind, and the lists have the plan not for screening.

    What its lists leave to be guessed would be another answer if it said the kind.
    """
    register = case.register
    if case.asked_kind or register is None or register.plan_kind:
        return
    unlisted = _not_for_screening(case, register)
    if unlisted:
        raise NotEvaluable(
            f"the register does not say what the plan is for (plan_kind), and {unlisted}",
            what_to_do("OL207"),
        )


def _not_for_screening(case: Case, register: Register) -> str:
    """Return that a judged plan is none of those of screening where the register lists plans."""
    lists = [(kind, names) for kind in PlanKind if (names := register.plans_of(kind))]
    others = [
        course
        for course in _judged_courses(case)
        if not any(
            name in course.dose.plan_uids
            or (fitting(course.plans, name) and _the_one(case.submission.plans, name))
            for name in register.plans_of(PlanKind.SCREENING)
        )
    ]
    if not lists or not others:
        return ""
    told = " and ".join(f"names {listed(names)} as {kind}" for kind, names in lists)
    plans = [plan for course in others for plan in course.plans]
    judged = f"the judged {_labels(plans)}" if plans else "the plan of the judged dose"
    return f"{told}, and {judged} not as screening"


def _listed_kinds(case: Case, register: Register) -> tuple[tuple[str, PlanKind], ...]:
    """Return the names by which the register lists judged plans, each with the kind.

    Two plans may have one label, and one plan may be listed by label and by UID.
    """
    own = _judged_courses(case)
    plans = tuple(dict.fromkeys(plan for course in own for plan in course.plans))
    # A dose says by UID of which plans it is, whether they are there or not.
    uids = {uid for course in own for uid in course.dose.plan_uids}
    return tuple(
        (name, kind)
        for kind in PlanKind
        for name in register.plans_of(kind)
        if name in uids or (fitting(plans, name) and _may_say(case, name, kind))
    )


def _may_say(case: Case, name: str, kind: PlanKind) -> bool:
    """Whether a name tells the kind: a label of several plans does not say which is harmless."""
    return kind is not PlanKind.SCREENING or bool(_the_one(case.submission.plans, name))


def _judged_courses(case: Case) -> list[Course]:
    try:
        return [course for course in case.submission.chosen.courses if not course.is_prior]
    except NotEvaluable:
        return []


def _others_named(case: Case, register: Register, kind: PlanKind) -> str:
    """Return what to ask where the register names plans of a kind and the judged one is none."""
    named = register.plans_of(kind)
    judged = [plan for course in _judged_courses(case) for plan in course.plans]
    if not named or not judged or any(fitting(judged, name) for name in named):
        return ""
    return f"the register names {listed(named)} as {kind}, not the judged {_labels(judged)}"


def _labels(plans: Iterable[Plan]) -> str:
    return listed(plan.label or plan.sop_instance_uid for plan in plans)


@check("OL207", "What the plan is for")
def plan_kind(case: Case) -> Iterator[Finding]:
    """What it checks: whether the judged plan is for screening or was delivered.

    Why it matters: lung V20 is an exclusion criterion and is judged on a screening plan, which
    treats nobody; a delivered plan is judged for what the patient received. One is never taken
    for the other, nor added to it.

    How it is measured: --plan-kind, else the register's plan_kind, else the list (screening_plans,
    delivered_plans) in which the register names the judged plans. Where the user and the register
    contradict each other the user's word holds, with QUERY. Where no plan is chosen, those that
    the register lists for the kind are judged.

    Not evaluable when: a judged plan is listed under the other kind, or both kinds are judged
    together; no dose limit is graded then. Nor where several plans or doses are there and none of
    them can be chosen (OL004). INFO when nobody says: what hangs on it is not
    evaluable by itself.

    Source: oligort convention.
    """
    require_one_kind(case)
    if len(case.submission.plans) > 1 or len(case.submission.doses) > 1:
        # Of a kind is what is judged: where nothing is, that is told as the reason.
        _ = case.submission.chosen
    kind = kind_of(case)
    if kind.kind is None:
        unlisted = _not_for_screening(case, case.register) if case.register else ""
        yield Finding(
            code="OL207",
            grade=Grade.INFO,
            message="nobody says whether the plan is for screening or was delivered (--plan-kind, "
            "or plan_kind in the register)" + (f"; the register {unlisted}" if unlisted else ""),
            source=CONVENTION,
            hint="give --plan-kind, or plan_kind in the register",
        )
        return
    more = f"; {kind.contradiction}" if kind.contradiction else ""
    yield Finding(
        code="OL207",
        grade=Grade.PASS,
        flags=(Flag.QUERY,) if more else (),
        message=f"judged as a {kind.kind} plan, as {kind.origin} says{more}",
        source=CONVENTION,
    )


@check("OL206", "Dose and the arm of the trial")
def dose_and_arm(case: Case) -> Iterator[Finding]:
    """What it checks: no radiotherapy is delivered in the arm without local therapy.

    Why it matters: it would undo the randomisation.

    How it is measured: the register's arm and the kind of the plan (OL207), where a plan or a dose
    is there. A screening plan is made for every patient and is no treatment; before randomisation
    there is no arm yet. A plan that the register lists as delivered, and that is there, is a
    deviation in the arm without local therapy, whichever plan is judged. A lesion of that arm for
    which the register says a local therapy is a query.

    Not evaluable when: a plan or dose is there that is not for screening, and the register does
    not say the arm; in the arm without local therapy, nobody says what the plan is for, plans of
    both kinds are judged together, the register says radiotherapy of a lesion and no plan or dose
    is there, it lists a delivered plan that is not there, or treatment records are there; in that
    arm or one that is not known, a plan or dose is there that is neither judged nor listed for
    screening (that of an earlier course given by --prior apart), as is each of the plans of one
    judged dose, and each plan of a label that several have; or a file that may be a plan or a dose
    could not be read.

    Source: NCT06190782, arms; the grade is the protocol's setting.
    """
    register = case.require_register()
    is_planned = bool(case.submission.doses or case.submission.plans)
    kind = kind_of(case)
    is_screening = kind.kind is PlanKind.SCREENING and not kind.is_mixed
    unread = [
        fault.file
        for fault in case.submission.faults
        if fault.kind is FaultKind.UNREADABLE and not is_planned
    ]
    if unread and register.arm is not Arm.LOCAL_THERAPY:
        raise NotEvaluable(
            f"{listed(unread)} could not be read: it may be a plan or a dose", what_to_do("OL001")
        )
    if register.arm is None:
        yield _of_unknown_arm(case, register, is_planned, is_screening)
        return
    if register.arm is Arm.LOCAL_THERAPY:
        yield _of_arm(case, Grade.PASS, "the arm is the one with local therapy")
        return
    grade = case.protocol.grades.dose_in_arm_without_local_therapy
    delivered, missing = _delivered_plans(case, register)
    if delivered and is_screening:
        message = f"the register lists {_labels(delivered)}, which is there, as delivered"
        yield _of_arm(case, grade, f"{message}, in the arm without local therapy")
        return
    if missing:
        raise NotEvaluable(
            f"in the arm without local therapy the register lists {listed(missing)} as delivered, "
            f"and no such plan is there",
            "send the plan that the register lists, with its dose, or correct delivered_plans",
        )
    if records := case.submission.treatment_records:
        raise NotEvaluable(
            f"in the arm without local therapy {listed(records)} says that a treatment was "
            f"delivered: confirm that it was an earlier one",
            "tell the trial office which treatment it records; an earlier course belongs in a "
            "folder of its own",
        )
    treated = {
        therapy: [
            entry.id
            for entry in register.lesions
            if entry.kind in {LesionKind.DISTANT, None} and entry.therapy is therapy
        ]
        for therapy in LOCAL_THERAPIES
    }
    said = "; ".join(
        f"the register says {therapy} of {listed(treated[therapy])}"
        for therapy in sorted(LOCAL_THERAPIES)
        if treated[therapy]
    )
    if kind.contradiction and not kind.is_mixed:
        said = "; ".join(
            filter(None, (f"{kind.origin} says {kind.kind}, {kind.contradiction}", said))
        )
    if not is_planned:
        if treated[Therapy.RADIOTHERAPY]:
            raise NotEvaluable(
                f"in the arm without local therapy {said}, and no plan or dose is there to tell "
                f"whether it was given (therapy of lesions)",
                "correct the therapy of these lesions in the register, or send the plan and the "
                "dose that were given",
            )
        yield _of_arm(case, Grade.PASS, "there is no plan and no dose", said)
        return
    if kind.kind is None:
        raise NotEvaluable(
            "neither --plan-kind nor the register says whether the plan is for screening "
            "(plan_kind)"
        )
    require_one_kind(case)
    if not is_screening:
        yield _of_arm(case, grade, "a delivered plan in the arm without local therapy", said)
        return
    _require_known_plans(case, register, "in the arm without local therapy")
    yield _of_arm(case, Grade.PASS, "a screening plan, in the arm without local therapy", said)


def _of_unknown_arm(
    case: Case, register: Register, is_planned: bool, is_screening: bool
) -> Finding:
    if not is_planned:
        message = "the arm is not known, and there is no plan and no dose"
        return _of_arm(case, Grade.INFO, message)
    if not is_screening:
        raise NotEvaluable(
            "the register does not say the arm, and the plan is not known to be for screening"
        )
    _require_known_plans(case, register, "the arm is not known, and")
    message = "the arm is not known, and a screening plan is no treatment"
    return _of_arm(case, Grade.INFO, message)


def _require_known_plans(case: Case, register: Register, where: str) -> None:
    """Raise NotEvaluable where a plan or dose is not judged, for screening or of an earlier course.

    Where nothing could be chosen, one plan, and one dose, are the judged ones.
    """
    submission = case.submission
    courses = _judged_courses(case)
    of_screening = register.plans_of(PlanKind.SCREENING)
    # Of several plans in one dose each is listed, or was chosen: the dose alone says nothing of it.
    plans = [plan for one in courses if len(one.dose.plan_uids) <= 1 for plan in one.plans]
    doses = [course.dose for course in courses]
    if not courses:
        plans += submission.plans if len(submission.plans) == 1 else ()
        doses += submission.doses if len(submission.doses) == 1 else ()
    doses = [dose for dose in doses if len(dose.plan_uids) <= 1]
    for name in (*of_screening, *submission.selection.plans):
        plans += _the_one(submission.plans, name)
    plans += [plan for export in submission.earlier for plan in export.plans]
    doses += [dose for export in submission.earlier for dose in export.doses]
    plan_uids = {plan.sop_instance_uid for plan in plans} | set(of_screening)
    plan_uids |= {uid for dose in doses for uid in dose.plan_uids}
    dose_uids = {dose.sop_instance_uid for dose in doses}
    others: list[Plan | Dose] = [
        plan for plan in submission.plans if plan.sop_instance_uid not in plan_uids
    ]
    others += [
        dose
        for dose in submission.doses
        if dose.sop_instance_uid not in dose_uids
        and not (dose.plan_uids and plan_uids.issuperset(dose.plan_uids))
    ]
    if others:
        raise NotEvaluable(
            f"{where} {'; '.join(map(title, others))} is neither judged nor listed in the "
            f"register's screening_plans, and may have been delivered (delivered_plans)"
        )


def _the_one(plans: Sequence[Plan], name: str) -> Sequence[Plan]:
    """Return the plan of a name; a label that fits several vouches for none of them."""
    found = fitting(plans, name)
    return found if len(found) == 1 else ()


def _delivered_plans(case: Case, register: Register) -> tuple[list[Plan], list[str]]:
    """Return the plans that the register lists as delivered and are there, and names of others.

    Those of earlier courses are none of the trial's.
    """
    earlier = [plan for export in case.submission.earlier for plan in export.plans]
    found: list[Plan] = []
    missing: list[str] = []
    for name in register.plans_of(PlanKind.DELIVERED):
        if here := fitting(case.submission.plans, name):
            found += here
        elif not fitting(earlier, name):
            missing.append(name)
    return found, missing


def _of_arm(case: Case, grade: Grade, message: str, query: str = "") -> Finding:
    return Finding(
        code="OL206",
        grade=grade,
        flags=(Flag.QUERY,) if query else (),
        message="; ".join(filter(None, (message, query))),
        source=case.protocol.grades.source_of("dose_in_arm_without_local_therapy"),
        hint=_TREATED_THERE if grade in {Grade.MAJOR, Grade.MINOR} else "",
    )


_TREATED_THERE = (
    "correct the arm, the plan kind or the therapies in the register where one is wrong; where "
    "they are right, tell the trial office at once"
)
