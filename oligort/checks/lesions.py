"""Lesions: how many metastases, how many in one organ, how large (I4i, I4ii, I4iii)."""

from collections.abc import Iterator, Sequence

from oligort.checks.accounting import AccountedLesion, per_organ, total
from oligort.checks.answers import allowed_throughout, held_against, not_evaluable
from oligort.checks.case import MARGIN_ROLES, Case
from oligort.checks.reconciliation import targets_without_lesion
from oligort.checks.registry import check
from oligort.clinical.register import RegisterLesion
from oligort.display import listed, quoted
from oligort.errors import NotEvaluable
from oligort.finding import Evidence, Finding, Flag
from oligort.lesions.lesion import Count, Lesion
from oligort.lesions.vocabulary import GTV_ROLES, Organ, Role
from oligort.measure import Measure
from oligort.protocol.limits import Limit
from oligort.protocol.settings import DiameterReading, NodalSize


@check(
    "OL201",
    "Number of distant metastases",
    rule=lambda protocol: protocol.criteria.distant_metastases,
)
def number_of_metastases(case: Case) -> Iterator[Finding]:
    """What it checks: the number of distant metastases is within the trial's limit.

    Why it matters: it defines oligometastatic disease, an inclusion criterion.

    How it is measured: distant lesions of the register and metastases among the contours, each
    once, matched by ROI name, else by organ. What cannot be matched or told apart (a GTV that may
    be the primary, contours that may be one lesion) makes the number a range.

    Not evaluable when: the limit lies inside the range; or no register lists the lesions, because
    those treated by surgery or ablation, or not drawn at all, are known to it only.

    Source: NCT06190782, inclusion criteria, I4i.
    """
    rule = case.protocol.criteria.distant_metastases
    lesions = case.accounted
    yield _count_finding(case, "OL201", rule, total(lesions), lesions=lesions)


@check(
    "OL202",
    "Metastases in one organ",
    rule=lambda protocol: protocol.criteria.metastases_per_organ,
)
def metastases_per_organ(case: Case) -> Iterator[Finding]:
    """What it checks: no organ holds more metastases than the trial allows.

    Why it matters: an inclusion criterion.

    How it is measured: as the number of metastases, by organ group: paired organs, the skeleton
    and all lymph nodes are one organ each. A metastasis of unknown organ may be in any of them.

    Not evaluable when: the limit lies inside the range of an organ; or no register lists the
    lesions.

    Source: NCT06190782, inclusion criteria, I4ii.
    """
    rule = case.protocol.criteria.metastases_per_organ
    lesions = case.accounted
    counts = per_organ(lesions)
    if not counts:
        yield _count_finding(case, "OL202", rule, Count(0, 0), lesions=lesions)
        return
    # The organ that decides: the one with most certain lesions, then with most possible ones.
    organ = max(counts, key=lambda organ: (counts[organ].least, counts[organ].most))
    fullest = Count(counts[organ].least, max(count.most for count in counts.values()))
    here = tuple(lesion for lesion in lesions if lesion.organ in (organ, None))
    disputed = [text for lesion in here for text in lesion.organ_conflicts]
    yield _count_finding(
        case, "OL202", rule, fullest, lesions=here, about=_organ_name(organ), also=disputed
    )


@check(
    "OL203",
    "Size of each metastasis",
    rule=lambda protocol: protocol.criteria.metastasis_diameter,
)
def size_of_metastases(case: Case) -> Iterator[Finding]:
    """What it checks: no metastasis is larger than the trial allows.

    Why it matters: an inclusion criterion.

    How it is measured: the longest diameter of the GTV within one axial plane, from the contour
    points, on the unrounded value; the register's baseline size beside it, and alone for a lesion
    that is not drawn. A larger 3D diameter is a query. Where only a PTV, CTV or ITV is drawn, its
    diameter is an upper bound.

    Not evaluable when: contour and register, or several outlines that may be the lesion's (of
    lesions in contact, a shell, a margin), lie on both sides of the limit, a lesion is neither
    drawn nor sized, an oversized GTV may be the primary, or no register lists the lesions.

    Source: NCT06190782, inclusion criteria, I4iii.
    """
    rule = case.protocol.criteria.metastasis_diameter
    yield from (_size_finding(case, rule, lesion) for lesion in case.accounted)
    if incomplete := why_incomplete(case):
        raise NotEvaluable(incomplete)
    if not case.accounted:
        raise NotEvaluable("no distant metastasis is drawn, and the register lists none")


def why_incomplete(case: Case) -> str:
    """Return why there may be lesions that nobody told of, or ""."""
    if case.register is None or not case.register.lesions:
        return (
            "no register lists the lesions: those not drawn, or treated by surgery or ablation, "
            "are not known"
        )
    left_out = [
        name
        for name in case.submission.structure_set.left_out
        if case.submission.role_of(name) in GTV_ROLES | {Role.UNION, Role.UNKNOWN}
    ]
    if left_out:
        return f"the contours of {listed(left_out)} cannot be read and may be lesions"
    listed_rois = {name for entry in case.register.lesions for name in entry.roi_names}
    unmeasured = [
        exclusion.roi_name
        for exclusion in case.census.excluded
        if exclusion.may_be_metastasis and exclusion.roi_name not in listed_rois
    ]
    if unmeasured:
        return f"{listed(unmeasured)} cannot be measured and no lesion of the register names it"
    unexplained = [name for name in targets_without_lesion(case) if name not in listed_rois]
    if unexplained:
        return f"{listed(unexplained)} is drawn around no known lesion"
    return ""


def _count_finding(
    case: Case,
    code: str,
    rule: Limit,
    count: Count,
    *,
    lesions: tuple[AccountedLesion, ...],
    about: str = "",
    also: Sequence[str] = (),
) -> Finding:
    """Return the finding on a number of lesions that may be a range, or only a lower bound."""
    told = [doubt for lesion in lesions for doubt in lesion.doubts]
    doubts = "; ".join(dict.fromkeys([*told, *also]))
    incomplete = why_incomplete(case)
    names = listed((lesion.name for lesion in lesions), 6) if lesions else "none"
    evidence = Evidence(
        name=rule.description,
        measured=str(count),
        relation=rule.relation,
        limit=float(rule.limit),
        low=float(count.least),
        high=None if incomplete else float(count.most),
    )
    if not rule.allows(count.least):
        message = f"{count} metastases: {names}" + (f"; {doubts}" if doubts else "")
        return held_against(code, rule, count.least, message=message, about=about)
    if incomplete or not rule.allows(count.most):
        reason = incomplete or (
            f"the number is {count} and the limit lies inside the range"
            + (f": {doubts}" if doubts else ": register and contours cannot be matched")
        )
        return not_evaluable(
            code,
            rule,
            reason,
            about=about,
            evidence=(evidence,),
            hint="list every lesion with its ROI names in the register",
        )
    finding = held_against(code, rule, count.most, message=f"{count}: {names}", about=about)
    if count.least == count.most:
        return finding
    return Finding(
        code=code,
        criterion=rule.criterion,
        grade=finding.grade,
        flags=(Flag.QUERY,),
        about=about,
        message=f"{count} metastases, within the limit either way: {names}"
        + (f"; {doubts}" if doubts else ""),
        evidence=(evidence,),
        source=rule.source,
    )


def _size_finding(case: Case, rule: Limit, lesion: AccountedLesion) -> Finding:
    """Return the finding on the size of one metastasis."""
    entry_mm = lesion.entry.size_mm if lesion.entry else None
    if not lesion.contours:
        return _undrawn_size_finding(case, rule, lesion.name, lesion.entry)
    largest = max(lesion.contours, key=lambda part: _weight(case, rule, part))
    deciding = _deciding_mm(case, largest)
    allowed = allowed_throughout(deciding, rule)
    if allowed is None:
        reason = (
            f"its diameter is {deciding.low:.1f} to {deciding.high:.1f} mm and the limit lies "
            f"between"
        )
        if "outline" in deciding.intervals:
            told = "; ".join(lesion.doubts) or "another ROI draws it otherwise"
            reason += f", by which outlines are its own: {told}"
        return not_evaluable("OL203", rule, reason, about=lesion.name)
    if not allowed and lesion.counted.least == 0:
        reason = f"it measures {deciding:.1f} mm, and " + (
            "; ".join(lesion.doubts) or "it may not be a metastasis"
        )
        return not_evaluable("OL203", rule, reason, about=lesion.name)
    if entry_mm is not None and rule.allows(entry_mm) is not allowed:
        reason = (
            f"the contour measures {deciding:.1f} mm and the register says {entry_mm:g} mm, "
            f"on both sides of the limit"
        )
        return not_evaluable("OL203", rule, reason, about=lesion.name)
    queries = _size_queries(case, rule, largest, deciding, entry_mm)
    where = f"z {largest.plane_mm:.1f} mm" if largest.plane_mm is not None else "oblique plane"
    return held_against(
        "OL203",
        rule,
        float(deciding),
        about=lesion.name,
        flags=(Flag.QUERY,) if queries else (),
        message="; ".join(
            [
                f"longest axial {largest.longest_axial_mm:.1f} mm ({where}), "
                f"short axis {largest.short_axis_mm:.1f} mm, 3D {largest.maximum_3d_mm:.1f} mm",
                *queries,
            ]
        ),
    )


def _weight(case: Case, rule: Limit, part: Lesion) -> tuple[bool, bool, float]:
    """Order the contours of one lesion: the largest that breaks the limit, or may, comes last."""
    deciding = _deciding_mm(case, part)
    allowed = allowed_throughout(deciding, rule)
    return allowed is False, allowed is None, float(deciding)


def _deciding_mm(case: Case, lesion: Lesion) -> Measure:
    """Return the diameter that the protocol's settings hold against the limit."""
    settings = case.protocol.settings
    if lesion.organ is Organ.LYMPH_NODES and settings.nodal_size.value is NodalSize.SHORT_AXIS:
        return lesion.short_axis_mm
    if settings.diameter_reading.value is DiameterReading.MAXIMUM_3D:
        return lesion.maximum_3d_mm
    return lesion.longest_axial_mm


def _size_queries(
    case: Case, rule: Limit, lesion: Lesion, deciding: Measure, entry_mm: float | None
) -> list[str]:
    """Return what a reviewer should look at although the verdict stands."""
    queries = []
    if rule.allows(deciding) and not rule.allows(lesion.maximum_3d_mm):
        queries.append(f"the 3D diameter of {lesion.maximum_3d_mm:.1f} mm is above the limit")
    tolerance_mm = case.protocol.settings.register_size_difference_mm.value
    if entry_mm is not None and abs(entry_mm - deciding) > tolerance_mm:
        queries.append(f"the register says {entry_mm:g} mm")
    return queries


def _undrawn_size_finding(
    case: Case, rule: Limit, name: str, entry: RegisterLesion | None
) -> Finding:
    """Return the finding on a lesion without a GTV: the register's size, else a larger volume."""
    assert entry is not None
    if entry.size_mm is not None:
        message = f"register: {entry.size_mm:g} mm; no GTV is drawn for it"
        return held_against("OL203", rule, entry.size_mm, about=name, message=message)
    drawn = {structure.roi_name for structure in case.submission.structure_set}
    margins = [
        roi_name
        for roi_name in entry.roi_names
        if roi_name in drawn and case.submission.role_of(roi_name) in MARGIN_ROLES
    ]
    if not margins:
        return not_evaluable(
            "OL203",
            rule,
            "no GTV is drawn for it and the register gives no size",
            about=name,
            hint="give size_mm in the register",
        )
    parts = case.submission.lesions(roi_names=margins).lesions
    bound = max((_deciding_mm(case, part) for part in parts), default=None)
    if bound is None or not rule.allows(bound):
        said = "nothing" if bound is None else f"{bound:.1f} mm"
        reason = f"only {listed(margins)} is drawn for it, which bounds its size by {said}"
        return not_evaluable("OL203", rule, reason, about=name)
    message = f"at most {bound:.1f} mm, the size of {quoted(margins[0])}; no GTV is drawn"
    return held_against("OL203", rule, float(bound), about=name, message=message)


def _organ_name(organ: Organ | None) -> str:
    return "organ unknown" if organ is None else str(organ)
