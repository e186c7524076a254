"""Dose doubts: why a check would grade nothing on a dose, told beside numbers of no protocol."""

from oligort.checks.case import Case
from oligort.checks.plausibility import fit_of
from oligort.errors import NotEvaluable
from oligort.picked import is_of_a_part, told_of_kind
from oligort.protocol.model import Protocol
from oligort.submission import Submission


def doubts_on_dose(submission: Submission, protocol: Protocol) -> tuple[str, ...]:
    """Return what keeps a check from grading the chosen dose, each as a sentence.

    It is of a part of a plan, its Dose Type is not PHYSICAL, or it does not fit its prescription by
    the protocol's settings (OL401).

    Raises
    ------
    NotEvaluable
        If no dose can be chosen.
    """
    chosen = submission.chosen
    told = [*told_of_kind(chosen.doses)]
    if any(map(is_of_a_part, chosen.doses)):
        return tuple(told)  # what a part of a plan gives fits no prescription, and is told
    try:
        fit = fit_of(Case(submission, protocol, None))
    except NotEvaluable as error:
        told.append(f"whether the dose fits its prescription is not evaluable, because {error}")
    else:
        if not fit.fits:
            told.append(f"the dose does not fit the prescription: {fit.message}")
    return tuple(told)
