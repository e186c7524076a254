"""Findings in the making: a value held against a rule, or a reason why there is no value."""

from collections.abc import Sequence

from oligort.checks.case import Case
from oligort.checks.registry import CONVENTION
from oligort.clinical.answer import Answer
from oligort.errors import NotEvaluable
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.measure import Interval, Measure
from oligort.protocol.limits import DoseLimit, Limit, Requirement, Rule
from oligort.rounding import shown_beside, side_of

MAX_REASONS = 6
"""Reasons for leaving out that one finding tells; the number of the others follows."""


ASK_THE_OFFICE = (
    "correct the register where it is wrong; where it is right, ask the trial office whether the "
    "patient can be in the trial"
)
"""What to do about an answer of the register that the trial does not allow."""


def held_against(
    code: str,
    rule: Limit,
    value: float,
    *,
    message: str,
    about: str = "",
    flags: tuple[Flag, ...] = (),
    hint: str = "",
    interval: tuple[float, float] | None = None,
) -> Finding:
    """Return the finding on a value that is known: PASS, or the rule's grade.

    The value is not rounded. `interval` is shown beside it; `hint` where it deviates.
    """
    low, high = interval or (None, None)
    grade = rule.grade_of(value)
    return Finding(
        code=code,
        criterion=rule.criterion,
        grade=grade,
        flags=flags,
        about=about,
        message=message,
        evidence=(
            Evidence(
                name=rule.description,
                measured=float(value),
                unit=rule.unit,
                relation=rule.relation,
                limit=float(rule.limit),
                low=low,
                high=high,
            ),
        ),
        source=rule.source,
        hint="" if grade is Grade.PASS else hint,
    )


def told_beside(value: float, rule: Limit, decimals: int | None = None) -> str:
    """Return a value rounded for a sentence, but never to its limit or beyond: as a table does."""
    unit = rule.unit or ""
    variation = rule.variation if isinstance(rule, DoseLimit) else None
    limits = (rule.limit, *((variation.limit,) if variation else ()))
    told = [shown_beside(value, limit, unit) for limit in limits]
    if decimals is not None:
        rounded = f"{value:.{decimals}f}"
        told.append(rounded)
        if all(side_of(float(rounded), one) == side_of(value, one) for one in limits):
            return rounded
    return max(told, key=len)


def not_evaluable(
    code: str,
    rule: Rule,
    reason: str,
    *,
    about: str = "",
    flags: tuple[Flag, ...] = (),
    evidence: tuple[Evidence, ...] = (),
    hint: str = "",
) -> Finding:
    """Return the finding that a rule could not be applied, with the reason."""
    return Finding(
        code=code,
        criterion=rule.criterion,
        grade=Grade.NOT_EVALUABLE,
        flags=flags,
        about=about,
        message=f"{rule.description}: not evaluable, because {reason}",
        evidence=evidence,
        source=rule.source,
        hint=hint,
    )


def required_answer(code: str, rule: Requirement, answer: Answer, key: str) -> Finding:
    """Return the finding on an answer of the register.

    Raises
    ------
    NotEvaluable
        If the answer is unknown; the message names the register's key.
    """
    if answer is Answer.UNKNOWN:
        raise NotEvaluable(f"the register does not answer {key}")
    message = f"{answer}, where {rule.required} is required (register: {key})"
    return answer_finding(code, rule, answer, message=message)


def answer_finding(
    code: str,
    rule: Requirement,
    answer: Answer,
    *,
    message: str,
    flags: tuple[Flag, ...] = (),
    evidence: tuple[Evidence, ...] = (),
) -> Finding:
    """Return the finding on an answer that is known: PASS, or the rule's grade."""
    is_passed = answer is rule.required
    return Finding(
        code=code,
        criterion=rule.criterion,
        grade=Grade.PASS if is_passed else rule.grade,
        flags=flags,
        message=message,
        evidence=(Evidence(name=rule.description, measured=str(answer)), *evidence),
        source=rule.source,
        hint="" if is_passed else ASK_THE_OFFICE,
    )


def allowed_throughout(measure: Measure, rule: Limit) -> bool | None:
    """Return whether the rule allows a measure, or None where it allows part of its interval."""
    verdicts = {rule.allows(bound) for bound in (measure.low, measure, measure.high)}
    return verdicts.pop() if len(verdicts) == 1 else None


def grade_throughout(measure: Measure, rule: Limit) -> Grade | None:
    """Return what a measure amounts to, or None where its interval holds more than one grade."""
    grades = {rule.grade_of(bound) for bound in (measure.low, measure, measure.high)}
    return grades.pop() if len(grades) == 1 else None


def what_lies_between(low: float, high: float, rule: DoseLimit) -> str:
    """Return which limit lies between two values of different grades: that of the variation too."""
    if rule.variation is None or rule.allows(low) != rule.allows(high):
        return "the limit lies between"
    return (
        f"either is beyond the limit; that of the acceptable variation, {rule.relation} "
        f"{rule.variation.limit:g} {rule.unit}, lies between"
    )


def off_by_computation(value: Measure) -> Measure:
    """Return a value with how far the computation may be off, at either end of what is unknown."""
    numerical = value.intervals.get("numerical", Interval(value, value))
    known = value.without("numerical")
    ends = known.low - (value - numerical.low), known.high + (numerical.high - value)
    return Measure(value, value.unit, numerical=ends)


def history_answer(case: Case, name: str) -> Answer:
    """Return an answer of the register's history by its key."""
    answer = getattr(case.require_register().history, name)
    assert isinstance(answer, Answer)
    return answer


def information(code: str, message: str, *flags: Flag, about: str = "") -> Finding:
    """Return a finding on which no verdict hangs."""
    return Finding(
        code=code, grade=Grade.INFO, about=about, message=message, flags=flags, source=CONVENTION
    )


def reasons(left_out: Sequence[str]) -> str:
    """Return the first of some reasons, and how many follow."""
    more = f" and {len(left_out) - MAX_REASONS} more" if len(left_out) > MAX_REASONS else ""
    return "; ".join(left_out[:MAX_REASONS]) + more
