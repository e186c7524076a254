"""Biological effect: histograms of EQD2, which stand beside those of the physical dose."""

from oligort.conventions import DEFAULT, Conventions
from oligort.display import quoted
from oligort.dose.biology import eqd2
from oligort.dose.composite import CompositeDose, composite_of
from oligort.dose.dvh import Dvh
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Expression, resolve
from oligort.geometry.region import Region
from oligort.objects import Plan
from oligort.picked import is_of_a_part
from oligort.submission import Submission


def fractions_of(plan: Plan) -> int:
    """Return the number of fractions of a plan.

    Raises
    ------
    NotEvaluable
        If the plan does not state one number.
    """
    if plan.fraction_group_count > 1:
        raise NotEvaluable(
            f"plan {quoted(plan.label)} has {plan.fraction_group_count} fraction groups, and how "
            f"much of the dose each gives is not known"
        )
    if plan.fractions_planned is None or plan.fractions_planned < 1:
        raise NotEvaluable(f"plan {quoted(plan.label)} does not state its number of fractions")
    return plan.fractions_planned


def eqd2_of_course(dose: DoseGrid, plan: Plan, alpha_beta_gy: float) -> DoseGrid:
    """Return the EQD2 of one course, by the fractions that its plan states.

    Raises
    ------
    NotEvaluable
        If the plan does not state one number of fractions, or the dose is not the physical dose of
        one course.
    """
    return eqd2(dose, fractions_of(plan), alpha_beta_gy)


def eqd2_dose(submission: Submission, alpha_beta_gy: float) -> DoseGrid | CompositeDose:
    """Return the EQD2 of the dose that is judged: each course by itself, before they are summed.

    Raises
    ------
    NotEvaluable
        As `eqd2_of_course`; or if a dose is of a part of a plan or of several plans, or its plan
        is not there.
    """
    parts = []
    for course in submission.chosen.courses:
        if is_of_a_part(course.dose):
            raise NotEvaluable("the dose is of a part of a plan")
        if len({*course.dose.plan_uids, *(plan.sop_instance_uid for plan in course.plans)}) > 1:
            raise NotEvaluable(
                "the dose sums several plans: each is converted by its own fractions before they "
                "are added"
            )
        if course.plan is None:
            raise NotEvaluable(
                "the dose's plan is not there, so its number of fractions is not known"
            )
        parts.append(eqd2_of_course(course.grid, course.plan, alpha_beta_gy))
    return composite_of(parts)


def eqd2_dvh(
    submission: Submission,
    expression: Expression,
    dose: DoseGrid | CompositeDose,
    conventions: Conventions = DEFAULT,
) -> Dvh:
    """Return the histogram of an expression in a dose of EQD2.

    Raises
    ------
    NotEvaluable
        If an operand is missing; it is named.
    """
    shape = resolve(expression, submission.structures_of)
    region = Region(shape, submission.usual_spacing_mm, conventions)
    return compute_dvh(region, dose, str(expression))
