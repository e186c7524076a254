"""Second opinions on the histograms: the planning system's own DVHs, and a second engine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from oligort.checks.case import Case
from oligort.checks.judged import limited_structures
from oligort.checks.registry import CONVENTION, check
from oligort.conventions import Conventions
from oligort.courses import Chosen
from oligort.crosscheck import SecondDvh, second_dvh
from oligort.display import listed, quoted
from oligort.dose.comparison import Comparison, Statistics, compare, statistics_of
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
    the same ROI: the whole volume, and the volumes at the doses of the protocol's limits. Where in
    its bin a cumulative volume stands is not said in the standard, so either end will do. A
    difference that ends with the other end caps is a choice of the system and no deviation. The
    stated minimum, mean and maximum are judged apart, against the curve beside them.

    Not evaluable when: the choice of the dose is open. ROIs of less than 4.2 cc, histograms of
    several ROIs, in relative dose or that make no curve are left out, each with its reason.

    Source: oligort convention; limits and grade are the protocol's settings.
    """
    if not any(dose.planned_dvhs for dose in case.submission.doses):
        yield _told("OL304", "no DVH of the planning system is in the files")
        return
    chosen = case.submission.chosen
    if len(chosen.courses) > 1:
        yield _told(
            "OL304", "doses of several courses are added up, and each DVH in the files is of one"
        )
        return
    planned = [one for dose in _doses_of(case, chosen) for one in dose.planned_dvhs]
    if not planned:
        yield _told("OL304", "no DVH of the planning system is of the judged dose")
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
        yield _told("OL304", f"not compared: {_reasons(left_out)}")


@check("OL305", "A second engine")
def second_engine(case: Case) -> Iterator[Finding]:
    """What it checks: dicompyler-core computes the same of the structures of the dose limits. Only
    where a cross-check is asked for.

    Why it matters: two programs that share no line of code do not share their errors.

    How it is measured: each drawn ROI that a dose limit names, from the same contours in the same
    dose: the whole volume, and the volumes at the doses of the limits. It counts voxel centres, so
    they may differ by what the pixels on the rim allow, four standard deviations of an error
    evenly spread over a pixel, and a volume at a dose by the voxels that its isodose passes
    through. A larger difference is a QUERY and no deviation of the plan.

    Not evaluable when: the dose is open. Where that engine is known to be wrong it is not asked,
    and the reason is told: a structure that leaves the dose grid, is too small or drawn on uneven
    or oblique planes; an oblique or uneven grid; doses that are added up.

    Source: oligort convention.
    """
    if not case.cross_check:
        return
    dose = case.submission.dose_grid
    structures = limited_structures(case)
    if not structures:
        yield _told("OL305", "no structure of the dose limits is drawn")
    left_out: list[str] = []
    for structure in structures:
        try:
            theirs = second_dvh(structure, dose)
        except NotEvaluable as error:
            left_out.append(str(error))
            continue
        yield _beside(case, structure, theirs)
    if left_out:
        yield _told("OL305", f"dicompyler-core is not asked: {_reasons(left_out)}")


def _beside(case: Case, structure: Structure, theirs: SecondDvh) -> Finding:
    """Return the finding on a structure that both engines computed."""
    ours = case.submission.dvh_of(structure)
    told = [f"{theirs.volume_cc:.2f} cc against our {ours.volume_cc:.2f} cc"]
    apart = [("volume", 100 * (theirs.volume_cc / ours.volume_cc - 1), "%", theirs.rim_percent)]
    for metric in _volume_metrics(case):
        assert metric.at is not None
        found, value = theirs.percent_at(metric.at), ours[metric]
        told.append(f"{metric} {found:.2f} against {value:.2f}")
        apart.append((str(metric), found - value, "points", theirs.points_at(metric.at)))
    told.append(f"mean {theirs.mean_gy:.3f} against {ours['Mean[Gy]']:.3f} Gy")
    agrees = all(abs(difference) <= allowed for _, difference, _, allowed in apart)
    return Finding(
        code="OL305",
        grade=Grade.PASS if agrees else Grade.INFO,
        flags=() if agrees else (Flag.QUERY,),
        about=structure.roi_name,
        message=f"dicompyler-core {'agrees' if agrees else 'differs'} on "
        f"{quoted(structure.roi_name)}: {', '.join(told)}",
        evidence=tuple(
            Evidence(
                name=f"{name} apart",
                measured=abs(difference),
                unit=unit,
                relation="<=",
                limit=allowed,
            )
            for name, difference, unit, allowed in apart
        ),
        source=CONVENTION,
        hint="" if agrees else "one of two engines is wrong here: look at contours and dose grid",
    )


MAX_REASONS = 6
"""Reasons for leaving out that one finding tells; the number of the others follows."""


@dataclass(frozen=True)
class _Compared:
    """An ROI, its volumes, and the differences that other end caps do not explain."""

    roi_name: str
    ours_cc: float
    theirs_cc: float | None
    volume_percent: float
    metric_points: Mapping[str, float]
    worst: Comparison

    @property
    def sentence(self) -> str:
        volume = (
            f"{self.ours_cc:.2f} cc against {self.theirs_cc:.2f} cc"
            if self.theirs_cc is not None
            else f"{self.ours_cc:.2f} cc"
        )
        points = "".join(f", {m} {d:+.2f} points" for m, d in self.metric_points.items())
        return (
            f"{volume}{points}; the curves differ by up to {abs(self.worst.worst_points):.2f} "
            f"points, at {self.worst.worst_at_gy:.2f} Gy"
        )


def _told(code: str, message: str, *flags: Flag) -> Finding:
    return Finding(code=code, grade=Grade.INFO, message=message, flags=flags, source=CONVENTION)


def _reasons(left_out: Sequence[str]) -> str:
    more = f" and {len(left_out) - MAX_REASONS} more" if len(left_out) > MAX_REASONS else ""
    return "; ".join(left_out[:MAX_REASONS]) + more


def _doses_of(case: Case, chosen: Chosen) -> list[Dose]:
    """Return the judged dose, and those of the same plans that hold no dose but histograms.

    Only those of the judged structures: ROI numbers of another structure set mean other ROIs.
    """
    plans = set(chosen.dose.plan_uids)
    beside = [
        dose
        for dose in case.submission.doses
        if dose.grid is None and plans and set(dose.plan_uids) == plans
    ]
    own = {"", chosen.structure_set.sop_instance_uid}
    return [dose for dose in (chosen.dose, *beside) if dose.structure_set_uid in own]


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
    metrics = _volume_metrics(case)
    try:
        ours = case.submission.dvh_of(structure)
        if ours.volume_cc < SMALLEST_COMPARED_CC:
            raise NotEvaluable(f"of {ours.volume_cc:.2f} cc, too small to tell systems apart")
        is_body = case.submission.roi_names[structure].role is Role.EXTERNAL
        comparison = compare(ours, planned, metrics, is_body=is_body)
        volume, points = comparison.volume_percent or 0.0, comparison.metric_points
        if _deviates(case, volume, points):
            without_caps = case.submission.dvh_of(structure, Conventions(end_caps="none"))
            other = compare(without_caps, planned, metrics, is_body=is_body)
            volume = _unexplained(volume, other.volume_percent or 0.0)
            points = {m: _unexplained(d, other.metric_points[m]) for m, d in points.items()}
    except NotEvaluable as error:
        raise NotEvaluable(f"{name}: {error}") from error
    return _Compared(
        structure.roi_name, ours.volume_cc, planned.volume_cc, volume, points, comparison
    )


def _volume_metrics(case: Case) -> Sequence[Metric]:
    """Return the volumes at a dose that the protocol limits, each once and in percent."""
    limited = [Metric.parse(limit.metric) for limit in case.protocol.dose_limits]
    percent = [
        Metric("V", "%", metric.at, "Gy")
        for metric in limited
        if metric.kind == "V" and metric.at_unit == "Gy"
    ]
    return tuple(dict.fromkeys(percent))


def _unexplained(difference: float, with_other_caps: float) -> float:
    """Return what is left of a difference where the truth may lie between the two end caps."""
    if difference * with_other_caps <= 0:
        return 0.0
    return min(difference, with_other_caps, key=abs)


def _deviates(case: Case, volume_percent: float, metric_points: Mapping[str, float]) -> bool:
    settings = case.protocol.settings
    most_points = settings.planning_system_v20_difference_percentage_points.value
    return abs(volume_percent) > settings.planning_system_volume_difference_percent.value or any(
        abs(points) > most_points for points in metric_points.values()
    )


def _agreement(case: Case, compared: Sequence[_Compared]) -> Iterator[Finding]:
    """Yield a finding for each ROI that deviates, and one for all others."""
    settings = case.protocol.settings
    agreeing = []
    for one in compared:
        if not _deviates(case, one.volume_percent, one.metric_points):
            agreeing.append(one)
            continue
        yield Finding(
            code="OL304",
            grade=case.protocol.grades.planning_system_dvh_differs,
            about=one.roi_name,
            message=f"{quoted(one.roi_name)} differs from the planning system: {one.sentence}",
            evidence=(
                Evidence(
                    name="volume apart",
                    measured=None if one.theirs_cc is None else abs(one.volume_percent),
                    unit="%",
                    relation="<=",
                    limit=settings.planning_system_volume_difference_percent.value,
                ),
                *(
                    Evidence(
                        name=f"{metric} apart",
                        measured=abs(points),
                        unit="points",
                        relation="<=",
                        limit=settings.planning_system_v20_difference_percentage_points.value,
                    )
                    for metric, points in one.metric_points.items()
                ),
            ),
            source=CONVENTION,
            hint="ask whether contours or dose were changed after the DVH was computed",
        )
    if agreeing:
        count = "1 ROI" if len(agreeing) == 1 else f"{len(agreeing)} ROIs"
        worst = max(agreeing, key=lambda one: abs(one.worst.worst_points))
        largest = max(agreeing, key=lambda one: abs(one.volume_percent))
        yield Finding(
            code="OL304",
            grade=Grade.PASS,
            message=f"the planning system's DVHs of {count} agree: volumes within "
            f"{abs(largest.volume_percent):.2f} % ({quoted(largest.roi_name)}), curves within "
            f"{abs(worst.worst.worst_points):.2f} points ({quoted(worst.roi_name)}, at "
            f"{worst.worst.worst_at_gy:.2f} Gy)",
            source=CONVENTION,
        )


def _statistics(case: Case, chosen: Chosen, planned: Sequence[PlannedDvh]) -> Iterator[Finding]:
    """Yield a finding where stated doses are not those of the curve that they stand beside."""
    prescriptions = [one.dose_gy for plan in chosen.plans for one in plan.prescriptions]
    prescription_gy = max(prescriptions, default=None)
    names = {one.roi_number: one.roi_name for one in chosen.structure_set}
    found: dict[Statistics, list[str]] = {}
    for one in planned:
        if not one.refusal:
            roi_names = [names.get(number, str(number)) for number in one.roi_numbers]
            found.setdefault(statistics_of(one, prescription_gy), []).append("+".join(roi_names))
    for kind in (Statistics.PERCENT, Statistics.CONTRADICT):
        if kind in found:
            looks = (
                f": they look like {kind} of {prescription_gy:g} Gy"
                if kind is Statistics.PERCENT
                else ""
            )
            yield _told(
                "OL304",
                "minimum, mean and maximum contradict the curves beside them in the DVHs of "
                f"{listed(found[kind])}{looks}; the curves are judged, not these",
                Flag.QUERY,
            )
