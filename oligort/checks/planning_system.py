"""The planning system's own histograms beside ours."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import msgspec

from oligort.checks.answers import information, reasons
from oligort.checks.case import Case
from oligort.checks.registry import CONVENTION, check
from oligort.conventions import Conventions
from oligort.courses import Chosen
from oligort.display import listed, quoted
from oligort.dose.comparison import STATED, Comparison, Statistics, compare, statistics_of
from oligort.dose.metric import Metric
from oligort.dose.planned_dvh import PlannedDvh
from oligort.errors import NotEvaluable
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import Role
from oligort.objects import Dose

SMALLEST_COMPARED_CC = 4.2
"""A sphere of 20 mm. Below it five commercial systems differ by a third of the volume from the
truth and from each other (Stanley 2021, PMC8248418), and a difference says nothing."""


@check("OL304", "The planning system's own DVHs")
def planning_system(case: Case) -> Iterator[Finding]:
    """What it checks: our histograms agree with those that the planning system wrote into the dose.

    Why it matters: where two systems differ, one of them has read contours or dose otherwise than
    they are meant, or the histograms are of another version of the plan.

    How it is measured: each item of the DVH Sequence of the judged dose against our histogram of
    the same ROI: the whole volume, the volumes at the doses of the protocol's limits, the mean, and
    the curves where they lie farthest apart. Curves that fall steeply differ by any volume within
    next to no dose, so what a shift of dose by the protocol's setting explains does not count.
    Where in its bin a cumulative volume stands is not said in the standard, so either end will do.
    A difference that ends with the other end caps is a choice of the system and no deviation. Where
    the bins leave more open than the protocol's setting allows, nothing is said to agree: it cannot
    be told. The stated minimum, mean and maximum are judged apart, each against the curve beside
    it.

    Not evaluable when: the choice of the dose is open. ROIs of less than 4.2 cc, histograms of
    several ROIs, in relative dose or that make no curve are left out, each with its reason.

    Source: oligort convention; limits and grade are the protocol's settings.
    """
    if not any(dose.planned_dvhs for dose in case.submission.doses):
        yield information("OL304", "no DVH of the planning system is in the files")
        return
    chosen = case.submission.chosen
    if len(chosen.courses) > 1:
        yield information(
            "OL304", "doses of several courses are added up, and each DVH in the files is of one"
        )
        return
    planned = [one for dose in _doses_of(case, chosen) for one in dose.planned_dvhs]
    if not planned:
        yield information(
            "OL304", "no DVH of the planning system is of the judged dose and structures"
        )
        return
    structures = {one.roi_number: one for one in chosen.structure_set}
    compared: list[_Compared] = []
    left_out: list[str] = []
    for one in planned:
        try:
            structure = _structure_of(one, structures)
            compared.append(_compared(case, structure, one))
        except NotEvaluable as error:
            left_out.append(str(error))
    yield from _agreement(case, compared)
    yield from _statistics(case, chosen, planned)
    if left_out:
        yield information("OL304", f"not compared: {reasons(left_out)}")


@dataclass(frozen=True)
class _Compared:
    """An ROI, its volumes, and the differences that other end caps do not explain."""

    roi_name: str
    ours_cc: float
    theirs_cc: float | None
    apart: Comparison

    @property
    def sentence(self) -> str:
        volume = (
            f"{self.ours_cc:.2f} cc against {self.theirs_cc:.2f} cc"
            if self.theirs_cc is not None
            else f"{self.ours_cc:.2f} cc"
        )
        apart = self.apart
        points = "".join(f", {m} {d:+.2f} points" for m, d in apart.metric_points.items())
        return (
            f"{volume}{points}, mean {apart.mean_gy:+.2f} Gy; the curves differ by up to "
            f"{abs(apart.worst_points):.2f} points, at {apart.worst_at_gy:.2f} Gy"
        )


def _doses_of(case: Case, chosen: Chosen) -> list[Dose]:
    """Return the judged dose, and those of the same plans that hold no dose but histograms.

    Only those of the judged structures: ROI numbers of another structure set mean other ROIs. A
    dose that names none is of the structures that its plans name.
    """
    plans = set(chosen.dose.plan_uids)
    beside = [
        dose
        for dose in case.submission.doses
        if dose.grid is None and plans and set(dose.plan_uids) == plans
    ]
    of_plans = {plan.structure_set_uid for plan in chosen.plans}
    own = {"", chosen.structure_set.sop_instance_uid}
    return [
        dose
        for dose in (chosen.dose, *beside)
        if own.issuperset({dose.structure_set_uid} if dose.structure_set_uid else of_plans)
    ]


def _structure_of(planned: PlannedDvh, structures: Mapping[int | None, Structure]) -> Structure:
    """Return the one ROI that a histogram is of.

    Raises
    ------
    NotEvaluable
        If it is of none or of several, or makes no curve.
    """
    numbers = planned.roi_numbers
    if len(numbers) != 1 or planned.excluded_roi_numbers:
        reason = planned.refusal or "it is not of one ROI"
        raise NotEvaluable(f"a DVH cannot be used: {reason}")
    structure = structures.get(numbers[0])
    if structure is None:
        raise NotEvaluable(f"ROI number {numbers[0]} is not drawn")
    if planned.refusal:
        raise NotEvaluable(f"{quoted(structure.roi_name)}: {planned.refusal}")
    return structure


def _compared(case: Case, structure: Structure, planned: PlannedDvh) -> _Compared:
    name = quoted(structure.roi_name)
    try:
        ours = case.submission.dvh_of(structure)
        if ours.volume_cc < SMALLEST_COMPARED_CC:
            raise NotEvaluable(f"of {ours.volume_cc:.2f} cc, too small to tell systems apart")
        apart = partial(
            compare,
            theirs=planned,
            metrics=volume_metrics(case),
            is_body=case.submission.roi_names[structure].role is Role.EXTERNAL,
            dose_tolerance_gy=case.protocol.settings.planning_system_dose_difference_gy.value,
        )
        found = apart(ours)
        if _deviates(case, found):
            without_caps = case.submission.dvh_of(structure, Conventions(end_caps="none"))
            found = found.unexplained_by(apart(without_caps))
    except NotEvaluable as error:
        raise NotEvaluable(f"{name}: {error}") from error
    return _Compared(structure.roi_name, ours.volume_cc, planned.volume_cc, found)


def volume_metrics(case: Case) -> Sequence[Metric]:
    """Return the volumes at a dose that the protocol limits, each once and in percent."""
    limited = [Metric.parse(limit.metric) for limit in case.protocol.dose_limits]
    percent = [
        Metric("V", "%", metric.at, "Gy")
        for metric in limited
        if metric.kind == "V" and metric.at_unit == "Gy"
    ]
    return tuple(dict.fromkeys(percent))


class _Difference(NamedTuple):
    """How far two histograms are apart in one respect, what the bins leave open, and the limit."""

    name: str
    apart: float | None
    unit: str
    limit: float
    left_open: float

    @property
    def deviates(self) -> bool:
        """Whether it is more than is allowed, wherever in its bin theirs stands."""
        return self.apart is not None and not abs(self.apart) <= self.limit

    @property
    def cannot_be_told(self) -> bool:
        """Whether what does not deviate could, for all that the bins tell."""
        return not self.deviates and self.left_open > self.limit


def _differences(case: Case, found: Comparison) -> Iterator[_Difference]:
    """Yield what is apart, in each respect."""
    settings = case.protocol.settings
    volume = settings.planning_system_volume_difference_percent.value
    yield _Difference("volume", found.volume_percent, "%", volume, 0.0)
    v20 = settings.planning_system_v20_difference_percentage_points.value
    for metric, points in found.metric_points.items():
        yield _Difference(metric, points, "points", v20, found.metric_open_points[metric])
    dose = settings.planning_system_dose_difference_gy.value
    yield _Difference("mean", found.mean_gy, "Gy", dose, found.mean_open_gy)
    curve = settings.planning_system_curve_difference_percentage_points.value
    yield _Difference("curves", found.worst_points, "points", curve, found.curve_open_points)


def _deviates(case: Case, found: Comparison) -> bool:
    return any(one.deviates for one in _differences(case, found))


def _open_in(case: Case, found: Comparison) -> list[str]:
    """Return what cannot be told of an ROI: each respect, and how much of it is left open."""
    return [
        f"{one.name} (within {one.left_open:.2f} {one.unit}, the setting is {one.limit:g})"
        for one in _differences(case, found)
        if one.cannot_be_told
    ]


def _agreement(case: Case, compared: Sequence[_Compared]) -> Iterator[Finding]:
    """Yield a finding for each ROI that deviates or cannot be told, and one for all others."""
    agreeing = []
    for one in compared:
        if _deviates(case, one.apart):
            yield Finding(
                code="OL304",
                grade=case.protocol.grades.planning_system_dvh_differs,
                about=one.roi_name,
                message=f"{quoted(one.roi_name)} differs from the planning system: {one.sentence}",
                evidence=_evidence(case, one.apart),
                source=CONVENTION,
                hint="ask whether contours or dose were changed after the DVH was computed",
            )
        elif left_open := _open_in(case, one.apart):
            yield Finding(
                code="OL304",
                grade=Grade.INFO,
                about=one.roi_name,
                message=f"whether {quoted(one.roi_name)} agrees with the planning system cannot be "
                f"told: its bins are too wide, and leave open {', '.join(left_open)}; nothing else "
                f"differs",
                evidence=_evidence(case, one.apart),
                source=CONVENTION,
                hint="export the DVH with finer bins",
            )
        else:
            agreeing.append(one)
    if agreeing:
        yield _agreeing(case, agreeing)


def _agreeing(case: Case, agreeing: Sequence[_Compared]) -> Finding:
    """Return the finding on the ROIs that agree in all respects."""
    count = "1 ROI" if len(agreeing) == 1 else f"{len(agreeing)} ROIs"
    volume = max(agreeing, key=lambda one: abs(one.apart.volume_percent or 0.0))
    mean = max(agreeing, key=lambda one: abs(one.apart.mean_gy))
    worst = max(agreeing, key=lambda one: abs(one.apart.worst_points))
    tolerance_gy = case.protocol.settings.planning_system_dose_difference_gy.value
    return Finding(
        code="OL304",
        grade=Grade.PASS,
        message=f"the planning system's DVHs of {count} agree: volumes within "
        f"{abs(volume.apart.volume_percent or 0.0):.2f} % ({quoted(volume.roi_name)}), means "
        f"within {abs(mean.apart.mean_gy):.2f} Gy ({quoted(mean.roi_name)}), curves within "
        f"{abs(worst.apart.worst_points):.2f} points where shifts of {tolerance_gy:g} Gy are "
        f"allowed ({quoted(worst.roi_name)}, at {worst.apart.worst_at_gy:.2f} Gy)",
        evidence=tuple(
            msgspec.structs.replace(of_one, name=f"{quoted(one.roi_name)}: {of_one.name}")
            for one in agreeing
            for of_one in _evidence(case, one.apart)
        ),
        source=CONVENTION,
    )


def _evidence(case: Case, found: Comparison) -> tuple[Evidence, ...]:
    """Return how far one ROI is apart in each respect, beside the limits."""
    return tuple(
        Evidence(
            name=f"{one.name} apart",
            measured=None if one.apart is None or one.cannot_be_told else abs(one.apart),
            unit=one.unit,
            relation="<=",
            limit=one.limit,
        )
        for one in _differences(case, found)
    )


def _statistics(case: Case, chosen: Chosen, planned: Sequence[PlannedDvh]) -> Iterator[Finding]:
    """Yield a finding where stated doses are not those of the curve that they stand beside."""
    prescriptions = [one.dose_gy for plan in chosen.plans for one in plan.prescriptions]
    prescription_gy = max(prescriptions, default=None)
    names = {one.roi_number: one.roi_name for one in chosen.structure_set}
    for kind in (Statistics.PERCENT, Statistics.CONTRADICT):
        found: dict[str, set[str]] = {}
        for one in planned:
            if one.refusal:
                continue
            roi_names = "+".join(names.get(number, str(number)) for number in one.roi_numbers)
            for stated, found_kind in statistics_of(one, prescription_gy).items():
                if found_kind is kind:
                    found.setdefault(roi_names, set()).add(stated)
        if not found:
            continue
        stated_names = [one for one in STATED if any(one in each for each in found.values())]
        is_percent = kind is Statistics.PERCENT
        looks = f", as if in {kind} of {prescription_gy:g} Gy" if is_percent else ""
        yield information(
            "OL304",
            f"the stated {' or '.join(stated_names)} contradicts the curves in the DVHs of "
            f"{listed(list(found))}{looks}; the curves are judged, not these",
            Flag.QUERY,
        )
