"""The dose limits as a page shows them: what they found, and the histograms with their walls."""

from contextlib import suppress
from dataclasses import dataclass, replace

import msgspec

from oligort.checks.applicability import applicable_limits
from oligort.checks.case import Case
from oligort.checks.dose import ungraded_names
from oligort.checks.judged import judged, limited_operand
from oligort.checks.measurements import rows_of
from oligort.checks.targets import targets_of
from oligort.document import Report
from oligort.dose.dvh import Dvh
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.protocol.limits import DoseLimit
from oligort.report.figures import (
    MARKS,
    Curve,
    Wall,
    dvh_figure,
    legend_dash,
    share_percent,
    style,
    svg_of,
)
from oligort.report.isodose_picture import IsodosePicture, isodose_picture
from oligort.report.page_findings import DOSE, FindingView, views
from oligort.rounding import shown, shown_beside, shown_limit

MOST_CURVES = 12
"""Curves of one figure; of more nobody tells one from the other."""

NO_SUBMISSION = "the page was made from the report alone"


@dataclass(frozen=True)
class LegendLine:
    """A curve in words: what it is called, its colour and dashes, what the number is."""

    mark: str
    series: int
    dash: str
    name: str
    is_graded: bool
    said: str


@dataclass(frozen=True)
class DoseView:
    """Limits, figure and pictures; where there is none the reason stands in its place.

    `has_means` says that a limit on a mean is among the walls, which no curve shows.
    """

    limits: tuple[FindingView, ...]
    beside: tuple[FindingView, ...]
    figure: str = ""
    legend: tuple[LegendLine, ...] = ()
    walls: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    no_walls: tuple[str, ...] = ()
    has_means: bool = False
    reason: str = ""
    pictures: tuple[IsodosePicture, ...] = ()


def dose_view(report: Report, case: Case | None) -> DoseView:
    """Return what a report says of dose, and of its case the histograms."""
    of_dose = views(one for one in report.findings if one.code.startswith(DOSE))
    limits = tuple(one for one in of_dose if one.criterion)
    beside = tuple(one for one in of_dose if not one.criterion)
    if case is None:
        return DoseView(limits, beside, reason=NO_SUBMISSION)
    pictures = tuple(
        picture
        for number, limit in enumerate(applicable_limits(case), 1)
        if (picture := isodose_picture(case, limit, f"limit-{number}")) is not None
    )
    curves, left_out = _curves(case)
    if not curves:
        why = left_out[0] if left_out else "the protocol limits no dose"
        return DoseView(limits, beside, reason=why, pictures=pictures)
    walls, told, no_walls = _walls(case, curves)
    names = ", ".join(f"{MARKS[number]} {one.name}" for number, one in enumerate(curves))
    with style("dvh"):
        figure = svg_of(
            dvh_figure(curves, walls),
            "dvh",
            f"Cumulative dose-volume histograms of {names}. {' '.join(told)}",
        )
    legend = tuple(
        LegendLine(
            MARKS[number],
            number % 8 + 1,
            legend_dash(number),
            one.name,
            one.is_graded,
            _said(one.dvh),
        )
        for number, one in enumerate(curves)
    )
    return DoseView(
        limits,
        beside,
        figure,
        legend,
        told,
        tuple(left_out),
        tuple(no_walls),
        has_means=any(Metric.parse(wall.metric).kind == "Mean" for wall in walls),
        pictures=pictures,
    )


def _curves(case: Case) -> tuple[list[Curve], list[str]]:
    """Return the histograms of limited structures, their families and the targets.

    What has none is told with its reason, once each.
    """
    found: dict[str, Curve] = {}
    left_out: dict[str, list[str]] = {}

    def keep(name: str, dvh: Dvh, is_graded: bool = False) -> None:
        if dvh.max_gy is None:
            left_out.setdefault("it lies outside the dose grid", []).append(name)
        elif name not in found or is_graded:
            found[name] = Curve(name, dvh, is_graded)

    for limit in applicable_limits(case):
        for row in rows_of(case, limit):
            try:
                keep(row.about, row.dvh(), row.is_graded)
            except NotEvaluable as error:
                left_out.setdefault(str(error), []).append(row.about)
        if limit.structure not in found:
            for name in ungraded_names(case, limit):
                with suppress(NotEvaluable):  # told as an operand, or in the finding
                    keep(name, limited_operand(case, limit, name))
    try:
        for target in targets_of(case):
            keep(target.structure.roi_name, case.submission.dvh_of(target.structure))
    except NotEvaluable as error:
        left_out.setdefault(str(error), []).append("the targets")
    ordered = sorted(found.values(), key=lambda one: not one.is_graded)
    # What is drawn all the same, as a target, is told as a limit without a wall.
    lacking = {why: [n for n in names if n not in found] for why, names in left_out.items()}
    reasons = [f"{', '.join(dict.fromkeys(n))}: {why}" for why, n in lacking.items() if n]
    if len(ordered) > MOST_CURVES:
        names = ", ".join(one.name for one in ordered[MOST_CURVES:])
        reasons.append(f"{names}: not drawn, for {MOST_CURVES} curves fill the figure")
    return ordered[:MOST_CURVES], reasons


def _walls(case: Case, curves: list[Curve]) -> tuple[tuple[Wall, ...], tuple[str, ...], list[str]]:
    """Return the limits that are a wall in the figure, each in words, and which have none and why.

    A limit on a volume or on a dose is one, beside its acceptable variation; what no curve shows,
    such as a conformity index, is told to have none. A structure may have a curve, as a target,
    where what its limit is held against is not known.
    """
    places = {curve.name: number for number, curve in enumerate(curves)}
    walls: list[Wall] = []
    told: list[str] = []
    without: list[str] = []
    for limit in applicable_limits(case):
        if limit.structure not in places:
            continue
        try:
            dvh = judged(case, limit).dvh
        except NotEvaluable as error:
            without.append(f"{limit.metric} of {limit.structure}: {error}")
            continue
        wall = _wall(limit, dvh, places[limit.structure])
        if wall is None:
            without.append(f"{limit.metric} of {limit.structure}: no curve shows it")
            continue
        walls.append(wall)
        if limit.variation:
            beyond = msgspec.structs.replace(limit, limit=limit.variation.limit, variation=None)
            further = _wall(beyond, dvh, places[limit.structure])
            assert further is not None
            walls.append(replace(further, is_variation=True, measured=None))
        # Of the histogram of this limit: the curve may be that of another limit of the structure,
        # which is relative to no prescription.
        told += [_in_words(limit.structure, dvh, one) for one in walls[len(told) :]]
    return tuple(walls), tuple(told), without


def _wall(limit: DoseLimit, dvh: Dvh, curve: int) -> Wall | None:
    metric = Metric.parse(limit.metric)
    is_most = limit.relation in {"<=", "<"}
    try:
        value = float(dvh[metric])
    except NotEvaluable:
        value = None
    said = f"{shown_limit(limit.relation, limit.limit)} {limit.unit}".rstrip()
    # What is relative to a prescription is drawn at the dose that this amounts to.
    gy_per_percent = (dvh.prescription_gy or 0.0) / 100
    if metric.kind == "V" and metric.at is not None:
        at_gy = metric.at if metric.at_unit == "Gy" else metric.at * gy_per_percent
        scale = 1.0 if limit.unit == "%" else 100 / dvh.volume_cc
        at, end = limit.limit * scale, 100.0 if is_most else 0.0
        measured = None if value is None else (at_gy, value * scale)
        return Wall(limit.metric, said, (at_gy, at_gy), (at, end), curve, measured)
    scale = 1.0 if limit.unit == "Gy" else gy_per_percent
    limit_gy, value_gy = limit.limit * scale, None if value is None else value * scale
    if metric.kind == "D" and metric.at is not None:
        volume = metric.at if metric.at_unit == "%" else 100 * metric.at / dvh.volume_cc
    elif metric.kind == "Min" and not is_most:
        volume = 100.0
    elif metric.kind == "Mean" or (metric.kind == "Max" and is_most):
        measured = None if value_gy is None else (value_gy, 0.0)
        return Wall(limit.metric, said, (limit_gy, limit_gy), (0.0, 8.0), curve, measured)
    else:
        return None
    far = 2 * max(float(dvh.max_gy or 0), limit_gy) if is_most else 0.0
    measured = None if value_gy is None else (value_gy, volume)
    return Wall(limit.metric, said, (limit_gy, far), (volume, volume), curve, measured)


def _in_words(name: str, dvh: Dvh, wall: Wall) -> str:
    metric = Metric.parse(wall.metric)
    try:
        value = dvh[metric]
    except NotEvaluable as error:
        return f"{wall.metric} of {name}: {error}; the limit is {wall.limit}."
    bound = float(wall.limit.split()[1])
    number = shown_beside(float(value), bound, metric.unit)
    what = "an acceptable variation" if wall.is_variation else "the limit"
    return f"{wall.metric} of {name} is {number} {metric.unit}; {what} is {wall.limit}."


def _said(dvh: Dvh) -> str:
    """Return volume and mean, and how much of it lies outside the dose."""
    told = [f"{shown(dvh.volume_cc, 'cc')} cc", f"mean {shown(dvh.mean_gy, 'Gy')} Gy"]
    covered = float(share_percent(dvh)[0])
    if shown(covered, "%") != shown(100, "%"):
        told.append(f"{shown(100 - covered, '%')} % outside the dose grid")
    return ", ".join(told)
