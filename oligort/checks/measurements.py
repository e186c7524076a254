"""Measurements: the numbers that the findings rest on, and those that stand beside them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from oligort.checks.applicability import applicable_limits
from oligort.checks.case import Case
from oligort.checks.effect import eqd2_dose, eqd2_dvh
from oligort.checks.expressions import as_anatomy_allows
from oligort.checks.judged import judged, limited_dvh, limited_operand
from oligort.checks.plausibility import fit_of
from oligort.document import Measurement
from oligort.dose.biology import bed_of_eqd2
from oligort.dose.dvh import Dvh
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import operand_names, parse
from oligort.measure import Measure
from oligort.protocol.limits import DoseLimit

MEAN = "Mean[Gy]"
"""Shown of every structure, whether the protocol lists it or not."""


def measurements_of(case: Case) -> Iterator[Measurement]:
    """Yield what was measured for each dose limit, then of each lesion."""
    for limit in applicable_limits(case):
        yield from _of_limit(case, limit)
        yield from _in_eqd2(case, limit)
    try:
        lesions = case.census.lesions
    except NotEvaluable:
        return
    for lesion in lesions:
        for metric, measure in (
            ("longest axial diameter", lesion.longest_axial_mm),
            ("short axis", lesion.short_axis_mm),
            ("maximum 3D diameter", lesion.maximum_3d_mm),
            ("volume", Measure(lesion.volume_cc, "cc")),
        ):
            yield _measurement(lesion.label, metric, measure)


@dataclass(frozen=True)
class Row:
    """A structure that is measured beside a limit, and how its histogram is come by.

    `limit` is None of an operand of the limited structure, which is no family of its own.
    """

    about: str
    dvh: Callable[[], Dvh]
    limit: DoseLimit | None = None
    is_graded: bool = False


def rows_of(case: Case, limit: DoseLimit) -> tuple[Row, ...]:
    """Return what a limit is about, then its operands, its family and its parts."""

    def computed(name: str) -> Callable[[], Dvh]:
        return lambda: limited_dvh(case, limit, as_anatomy_allows(case, parse(name)))

    def drawn(name: str) -> Callable[[], Dvh]:
        return lambda: limited_operand(case, limit, name)

    beside = (*limit.family, *limit.parts)
    operands = [name for name in operand_names(parse(limit.structure)) if name not in beside]
    return (
        Row(limit.structure, lambda: judged(case, limit).dvh, limit, is_graded=True),
        *(Row(name, drawn(name)) for name in operands if name != limit.structure),
        *(Row(name, computed(name), limit) for name in beside),
    )


def _of_limit(case: Case, limit: DoseLimit) -> Iterator[Measurement]:
    """Yield the metrics of each row of a limit, or why there are none."""
    metrics = dict.fromkeys((limit.metric, *limit.beside, MEAN))
    for row in rows_of(case, limit):
        try:
            dvh = row.dvh()
        except NotEvaluable as error:
            yield _missing(row, limit.metric, str(error))
            continue
        volume = Measure(dvh.volume_cc, "cc")
        yield _measurement(row.about, "Volume", volume, row.limit)
        for metric in metrics:
            is_graded = row.is_graded and metric == limit.metric
            try:
                yield _measurement(row.about, metric, dvh[metric], row.limit, is_graded)
            except NotEvaluable as error:
                yield _missing(row, metric, str(error))


def _in_eqd2(case: Case, limit: DoseLimit) -> Iterator[Measurement]:
    """Yield the limit's metric and the mean of its structure in EQD2, its BED, or why not."""
    if case.protocol.alpha_beta is None:
        return
    alpha_beta = case.protocol.alpha_beta.of(limit.structure)
    in_eqd2 = f"of EQD2 (alpha/beta {alpha_beta.shown})"

    def converted() -> Dvh:
        expression = as_anatomy_allows(case, parse(limit.structure))
        dose = eqd2_dose(case.submission, alpha_beta.value)
        return eqd2_dvh(case.submission, expression, dose)

    row = Row(limit.structure, converted, limit)
    try:
        fit = fit_of(case)
        if not fit.fits:
            raise NotEvaluable(f"the dose does not fit the prescription: {fit.message}")
        dvh = row.dvh()
        for metric in dict.fromkeys((limit.metric, MEAN)):
            yield _measurement(row.about, f"{metric} {in_eqd2}", dvh[metric], limit)
        bed = bed_of_eqd2(dvh[MEAN], alpha_beta.value)
        yield _measurement(row.about, f"{MEAN} of BED (alpha/beta {alpha_beta.shown})", bed, limit)
    except NotEvaluable as error:
        yield _missing(row, f"{limit.metric} {in_eqd2}", str(error))


def _missing(row: Row, metric: str, reason: str) -> Measurement:
    told = Measurement(about=row.about, metric=metric, value=None, note=reason)
    return _beside(told, row.limit)


def _measurement(
    about: str,
    metric: str,
    measure: Measure,
    limit: DoseLimit | None = None,
    is_graded: bool = False,
) -> Measurement:
    told = Measurement(
        about=about,
        metric=metric,
        value=float(measure),
        unit=measure.unit,
        low=measure.low,
        high=measure.high,
        graded=is_graded,
    )
    return _beside(told, limit)


def _beside(told: Measurement, limit: DoseLimit | None) -> Measurement:
    """Return a measurement under the dose limit that it stands beside."""
    if limit is None:
        return told
    name = f"{limit.metric} of {limit.structure}"
    return msgspec.structs.replace(told, criterion=limit.criterion, limit=name)
