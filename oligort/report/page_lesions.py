"""The lesions as a page shows them: how many where, a card each, and what was left out."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from oligort.checks.case import Case
from oligort.checks.lesion_dose import lesion_doses
from oligort.checks.lesions import why_undecided
from oligort.document import Measurement, Report
from oligort.errors import NotEvaluable
from oligort.finding import Grade
from oligort.lesions.lesion import Exclusion, Lesion
from oligort.report.lesion_document import DoseRecord, LesionRecord
from oligort.report.lesion_listing import ABOUT_THE_MARGIN, DOSE_COLUMNS
from oligort.report.lesion_pictures import LesionPicture
from oligort.report.page_findings import LESIONS, FindingView, views
from oligort.rounding import shown, shown_interval

COUNT = "OL201"
"""The check of how many distant metastases there are."""

NUMBERS = {
    "longest axial diameter": ("longest axial", "mm"),
    "short axis": ("short axis", "mm"),
    "maximum 3D diameter": ("maximum 3D", "mm"),
    "volume": ("volume", "cc"),
}
"""What a report measures of each lesion, as the page calls it, and the unit."""


_Told = tuple[str, float | None, str, float | None, float | None]
"""A number of a lesion: what it is, its value, its unit and the ends of its interval."""


@dataclass(frozen=True)
class Number:
    """A number of a lesion as text; `reason` says why there is none.

    `decides` says that it is the one that is held against the limit.
    """

    what: str
    value: str
    unit: str
    interval: str = ""
    reason: str = ""
    decides: bool = False


@dataclass(frozen=True)
class Card:
    """One lesion: its numbers, what was found of it, and what its parts rest on."""

    label: str
    organ: str = ""
    role: str = ""
    counted: str = ""
    numbers: tuple[Number, ...] = ()
    dose: tuple[Number, ...] = ()
    remarks: tuple[str, ...] = ()
    findings: tuple[FindingView, ...] = ()
    lesion: Lesion | None = None
    dose_record: DoseRecord | None = None
    picture: LesionPicture | None = None


@dataclass(frozen=True)
class OrganCount:
    """How many metastases an organ holds at least and at most."""

    organ: str
    count: str
    least: int
    most: int


@dataclass(frozen=True)
class LesionsView:
    """All of it; `reason` says why nothing was counted, `incomplete` why there may be more.

    `limit` is the largest number in one organ as the protocol words it, or "", and `most_allowed`
    the number itself.
    """

    cards: tuple[Card, ...] = ()
    uncounted: tuple[Card, ...] = ()
    organs: tuple[OrganCount, ...] = ()
    limit: str = ""
    most_allowed: int = 0
    total: str = ""
    incomplete: str = ""
    elsewhere: tuple[str, ...] = ()
    excluded: tuple[Exclusion, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""
    about_margin: str = field(default=ABOUT_THE_MARGIN)


def lesions_of(report: Report, case: Case | None) -> LesionsView:
    """Return the lesions of a report, and of its case what the report does not hold."""
    measured = dict(_measured(report))
    if case is None:
        cards = tuple(_card_of_report(report, label, found) for label, found in measured.items())
        return LesionsView(cards=cards)
    try:
        census = case.census
        accounted = case.accounted
    except NotEvaluable as error:
        return LesionsView(reason=str(error))
    _refuse_others(measured, census.lesions)
    has_dose = bool(case.submission.doses or case.submission.earlier)
    counted = replace(census, lesions=tuple(one for one in census if one.counted.most))
    doses = lesion_doses(case, counted) if has_dose else [None] * len(counted)
    cards = tuple(
        _card(report, LesionRecord.of(lesion, lesion.said.evidence, dose), lesion)
        for lesion, dose in zip(counted, doses, strict=True)
    )
    uncounted = tuple(
        _card(report, LesionRecord.of(lesion, lesion.said.evidence), lesion)
        for lesion in census
        if not lesion.counted.most
    )
    rule = case.protocol.criteria.metastases_per_organ
    total, incomplete = str(case.counting.total(accounted)), why_undecided(case)
    _refuse_other_count(report, total, incomplete)
    return LesionsView(
        cards=cards,
        uncounted=uncounted,
        organs=tuple(
            OrganCount(str(place), str(count), count.least, count.most)
            for place, count in case.lesions_per_organ.items()
        ),
        limit=f"{rule.relation} {rule.limit}",
        most_allowed=rule.limit if rule.allows(rule.limit) else rule.limit - 1,
        total=total,
        incomplete=incomplete,
        elsewhere=tuple(
            f"{one.name}: {one.organ or 'organ unknown'}" for one in accounted if not one.contours
        ),
        excluded=census.excluded,
        notes=census.notes,
    )


def _measured(report: Report) -> Iterator[tuple[str, dict[str, Measurement]]]:
    """Yield what was measured of each lesion, by its label."""
    found: dict[str, dict[str, Measurement]] = {}
    for one in report.measurements:
        if one.metric in NUMBERS and not one.limit:
            found.setdefault(one.about, {})[one.metric] = one
    yield from found.items()


SIZE = "OL203"
"""The check of how large each metastasis is, whose one number is the diameter that decides."""

SAME_MM = 1e-6
"""How far a diameter of the report may lie from that of the census: what platforms differ by."""


def _refuse_others(
    measured: dict[str, dict[str, Measurement]], lesions: tuple[Lesion, ...]
) -> None:
    """Refuse a census that is not the one that the report measured.

    Raises
    ------
    ValueError
        If a lesion is missing, one is new, or a diameter is another.
    """
    own = {lesion.label: float(lesion.longest_axial_mm) for lesion in lesions}
    theirs = {
        label: found["longest axial diameter"].value or 0.0
        for label, found in measured.items()
        if "longest axial diameter" in found
    }
    agree = own.keys() == theirs.keys() and all(
        abs(own[label] - theirs[label]) < SAME_MM for label in own
    )
    if not agree:
        raise ValueError(
            "expected the submission, the protocol and the register that the report was made with, "
            "found other lesions than it holds; hand over the same ones"
        )


def _refuse_other_count(report: Report, total: str, incomplete: str) -> None:
    """Refuse a count that is not the one that the report was graded on.

    Raises
    ------
    ValueError
        If another register would have to be asked for the report's count.
    """
    numbers = {
        evidence.measured
        for finding in report.findings
        if finding.code == COUNT
        for evidence in finding.evidence
    }
    is_passed = any(one.code == COUNT and one.grade is Grade.PASS for one in report.findings)
    if (numbers and str(total) not in map(_counted, numbers)) or (is_passed and incomplete):
        raise ValueError(
            f"expected the register that the report was made with, found {total} metastases where "
            f"it counts {', '.join(sorted(map(_counted, numbers))) or 'otherwise'}; hand over the "
            f"same one"
        )


def _counted(number: float | str | None) -> str:
    return f"{number:g}" if isinstance(number, float | int) else str(number)


def _findings_on(report: Report, label: str) -> tuple[FindingView, ...]:
    return views(
        one for one in report.findings if one.about == label and one.code.startswith(LESIONS)
    )


def _deciding_mm(report: Report, label: str) -> float | None:
    """Return the diameter of a lesion that was held against the limit, or None where none was."""
    return next(
        (
            evidence.measured
            for finding in report.findings
            if finding.code == SIZE and finding.about == label
            for evidence in finding.evidence
            if evidence.limit is not None and isinstance(evidence.measured, float)
        ),
        None,
    )


def _sizes(report: Report, label: str, numbers: Iterable[_Told]) -> tuple[Number, ...]:
    """Return the numbers of a lesion; the diameter nearest to the one of the report decides.

    It is the first of several that are as long, and none where none is the same.
    """
    told = list(numbers)
    deciding_mm = _deciding_mm(report, label)
    away_mm = [
        math.inf
        if deciding_mm is None or unit != "mm" or value is None
        # A report may be of another platform than the census that is shown with it.
        else abs(value - deciding_mm)
        for _, value, unit, *_ in told
    ]
    nearest_mm = min(away_mm, default=math.inf)
    place = away_mm.index(nearest_mm) if nearest_mm < SAME_MM else None
    return tuple(replace(_number(*one), decides=number == place) for number, one in enumerate(told))


def _card_of_report(report: Report, label: str, found: dict[str, Measurement]) -> Card:
    numbers = (
        (what, one.value, unit, one.low, one.high)
        for metric, (what, unit) in NUMBERS.items()
        if (one := found.get(metric)) is not None
    )
    told = _sizes(report, label, numbers)
    return Card(label, numbers=told, findings=_findings_on(report, label))


def _card(report: Report, record: LesionRecord, lesion: Lesion) -> Card:
    numbers: list[_Told] = [
        ("longest axial", record.longest_axial_mm, "mm", *record.longest_axial_interval_mm),
        ("short axis", record.short_axis_mm, "mm", *record.short_axis_interval_mm),
        ("maximum 3D", record.maximum_3d_mm, "mm", *record.maximum_3d_interval_mm),
        ("volume", record.volume_cc, "cc", None, None),
        ("sphere as large", record.equivalent_sphere_mm, "mm", None, None),
    ]
    organ = record.organ or "organ unknown"
    remarks = [
        f"{record.role.replace('_', ' ')} {record.role_evidence}",
        f"{organ} {record.organ_evidence}",
        lesion.organ_conflict,
        f"counted {lesion.counted}, because {record.doubt}" if record.doubt else "",
    ]
    return Card(
        label=record.label,
        organ=organ,
        role=record.role,
        counted=str(lesion.counted),
        numbers=_sizes(report, record.label, numbers),
        dose=tuple(_dose_numbers(record.dose)) if record.dose else (),
        remarks=tuple(filter(None, (text.strip() for text in remarks))),
        findings=_findings_on(report, record.label),
        lesion=lesion,
        dose_record=record.dose,
    )


def _dose_numbers(dose: DoseRecord) -> Iterator[Number]:
    for key, (head, unit) in DOSE_COLUMNS.items():
        what = head.removesuffix(f" {unit}")
        low, high = dose.intervals.get(key, (None, None))
        number = _number(what, getattr(dose, key), unit, low, high)
        yield replace(number, reason=dose.reasons.get(key, ""))


def _number(
    what: str,
    value: float | None,
    unit: str,
    low: float | None = None,
    high: float | None = None,
) -> Number:
    if value is None:
        return Number(what, "-", "")
    low, high = (value if end is None else end for end in (low, high))
    return Number(what, shown(value, unit), unit, shown_interval(low, high, unit))
