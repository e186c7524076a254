"""Dose doubts: why a check would grade nothing on a dose, told beside numbers of no protocol."""

from functools import cache

from oligort.errors import NotEvaluable
from oligort.fit import Export, Limits, fit_of
from oligort.picked import is_of_a_part, told_of_kind

FIT_BY = "nct06190782"
"""The shipped protocol by whose settings a dose fits its prescription, where none is asked for."""


@cache
def usual_limits() -> Limits:
    """Return the limits that hold where no protocol is asked for."""
    from oligort.protocol.model import Protocol

    settings = Protocol.load(FIT_BY).settings
    return Limits(settings.target_median_dose_ratio, settings.target_maximum_dose_ratio)


def doubts_on_dose(export: Export) -> tuple[str, ...]:
    """Return what keeps a check from grading the chosen dose, each as a sentence.

    It is of a part of a plan, its Dose Type is not PHYSICAL, or it does not fit its prescription.

    Raises
    ------
    NotEvaluable
        If no dose can be chosen.
    """
    doses = export.chosen.doses
    told = [*told_of_kind(doses)]
    if any(map(is_of_a_part, doses)):
        return tuple(told)  # what a part of a plan gives fits no prescription, and is told
    try:
        fit = fit_of(export, usual_limits())
    except NotEvaluable as error:
        told.append(f"whether the dose fits its prescription is not evaluable, because {error}")
    else:
        if not fit.fits:
            told.append(f"the dose does not fit the prescription: {fit.message}")
    return tuple(told)
