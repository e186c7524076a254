"""Sizes: how large each metastasis is, in the diameter that the protocol goes by (I4iii)."""

from collections.abc import Iterator

from oligort.checks.accounting import AccountedLesion
from oligort.checks.answers import (
    allowed_throughout,
    held_against,
    not_evaluable,
    told_beside,
)
from oligort.checks.case import Case
from oligort.checks.diameters import (
    Diameter,
    Stated,
    size_disagreements,
    size_of_another_time,
)
from oligort.checks.lesions import why_undecided
from oligort.checks.pieces import as_one_lesion
from oligort.checks.registry import check
from oligort.checks.too_large import too_large_if_a_lesion
from oligort.checks.unclaimed import MARGIN_ROLES
from oligort.checks.what_to_do import LIST_LESIONS
from oligort.clinical.register import RegisterLesion
from oligort.display import exact_number, listed, quoted
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Flag, Grade
from oligort.lesions.lesion import Lesion
from oligort.lesions.vocabulary import Organ
from oligort.measure import Measure
from oligort.protocol.limits import Limit
from oligort.protocol.settings import DiameterReading, NodalSize


@check(
    "OL203",
    "Size of each metastasis",
    rule=lambda protocol: protocol.criteria.metastasis_diameter,
)
def size_of_metastases(case: Case) -> Iterator[Finding]:
    """What it checks: no metastasis is larger than the trial allows.

    Why it matters: an inclusion criterion.

    How it is measured: the longest diameter of the GTV within one axial plane, from the contour
    points, on the unrounded value; where the settings say so, the diameter in 3D
    (diameter_reading), and of a node its short axis (nodal_size). A GTV drawn in planes that are
    not axial is cut by axial ones, which leaves an interval. The register's size beside it
    (size_mm, short_axis_mm, maximum_3d_mm), and alone for a lesion that is not drawn; a diameter
    that it does not give is bounded by the others. QUERY: a larger 3D diameter; register and
    contour further apart than the setting. BORDERLINE: drawn closer to the limit than the setting
    borderline_mm, on either side of it. Where only a PTV, CTV or ITV is drawn, its diameter is
    an upper bound; a register size above it is a query. So is an ROI that neither name, type nor
    register explains and that would be too large if it is a lesion, and a register size that
    decides and is of another time than the metastases (size_date, oligometastasis_date).

    Not evaluable when: contour or such a bound and the register, several outlines that may be the
    lesion's (of lesions in contact, a shell, a margin), several ROIs of one entry within 10 mm of
    each other and these as one lesion, or what planes that are not axial leave
    open, lie on both sides of the limit, a lesion is neither drawn nor sized in the diameter that
    decides, one that may be a node is judged otherwise as such, an oversized GTV may be the
    primary, an entry of the register says neither which ROIs are drawn for it (roi_names) nor that
    none is, or no register lists the lesions.

    Source: NCT06190782, inclusion criteria, I4iii.
    """
    rule = case.protocol.criteria.metastasis_diameter
    yield from (_size_finding(case, rule, lesion) for lesion in case.accounted)
    if told := too_large_if_a_lesion(case, rule, _general(case)):
        yield Finding(
            code="OL203",
            criterion=rule.criterion,
            grade=Grade.INFO,
            flags=(Flag.QUERY,),
            message=told,
            source=rule.source,
            hint="list it in the register if it is a lesion; else give it a type, or a known name",
        )
    if undecided := why_undecided(case):
        raise NotEvaluable(undecided, LIST_LESIONS)
    if not case.accounted:
        raise NotEvaluable(
            "no distant metastasis is drawn, and the register lists none", LIST_LESIONS
        )


def _size_finding(case: Case, rule: Limit, lesion: AccountedLesion) -> Finding:
    """Return the finding on the size of one metastasis, by each diameter that may decide."""
    found = {one: _finding_by(case, rule, lesion, one) for one in _deciding(case, lesion)}
    first, *others = found.values()
    if all(other.grade is first.grade for other in others):
        return first
    told = "; ".join(f"by its {one} {finding.message}" for one, finding in found.items())
    reason = f"its organ is unknown and a node would be measured otherwise: {told}"
    return not_evaluable(
        "OL203", rule, reason, about=lesion.name, hint="give organ in the register"
    )


def _deciding(case: Case, lesion: AccountedLesion) -> tuple[Diameter, ...]:
    """Return the diameter that the settings hold against the limit; two where it may be a node."""
    settings = case.protocol.settings
    general = _general(case)
    if settings.nodal_size.value is NodalSize.LONGEST_DIAMETER:
        return (general,)
    if lesion.organ is Organ.LYMPH_NODES:
        return (Diameter.SHORT,)
    return (general,) if lesion.organ else (general, Diameter.SHORT)


def _general(case: Case) -> Diameter:
    """Return the diameter that the settings hold against the limit of what is no node."""
    in_3d = case.protocol.settings.diameter_reading.value is DiameterReading.MAXIMUM_3D
    return Diameter.IN_3D if in_3d else Diameter.AXIAL


def _finding_by(case: Case, rule: Limit, lesion: AccountedLesion, diameter: Diameter) -> Finding:
    stated = Stated.of(diameter, lesion.entry)
    if not lesion.contours:
        return _undrawn(case, rule, lesion, stated, diameter)
    largest = max(lesion.contours, key=lambda part: _weight(rule, diameter.drawn_mm(part)))
    deciding = diameter.drawn_mm(largest)
    allowed = allowed_throughout(deciding, rule)
    if allowed is None:
        reason = (
            f"its {diameter} is {told_beside(deciding.low, rule)} to "
            f"{told_beside(deciding.high, rule)} mm and the limit lies "
            f"between"
        )
        if "planes" in deciding.intervals:
            reason += ", since it is drawn in planes that are not axial"
        if "outline" in deciding.intervals:
            told = "; ".join(lesion.doubts) or "another ROI draws it otherwise"
            reason += f", by which outlines are its own: {told}"
        return not_evaluable("OL203", rule, reason, about=lesion.name)
    if not allowed and (doubt := _why_not_sure(case, rule, lesion, diameter)):
        reason = f"it measures {told_beside(deciding, rule)} mm, and {doubt}"
        return not_evaluable("OL203", rule, reason, about=lesion.name)
    by_register = stated.allowed(rule) if stated else None
    if allowed:
        # Where the register's size is on the other side by itself that is the query.
        asked = by_register is not False
        together = as_one_lesion(case, rule, lesion, diameter) if asked else ""
        other = _contradicted(case, rule, lesion, deciding, diameter)
        if told := together or (f"{other}: {lesion.open_match}" if other else ""):
            reason = f"the contour measures {told_beside(deciding, rule)} mm, and {told}"
            hint = _EACH_ITS_OWN if together else _NAME_IT
            return not_evaluable("OL203", rule, reason, about=lesion.name, hint=hint)
    if by_register is not None and by_register is not allowed:
        reason = (
            f"the contour measures {told_beside(deciding, rule)} mm and the register says {stated} "
            f"({diameter}), on both sides of the limit"
        )
        return not_evaluable("OL203", rule, reason, about=lesion.name, flags=(Flag.QUERY,))
    queries = _queries(case, rule, lesion, largest, deciding)
    is_borderline = abs(deciding - rule.limit) < case.protocol.settings.borderline_mm.value
    return held_against(
        "OL203",
        rule,
        float(deciding),
        about=lesion.name,
        flags=(Flag.QUERY,) * bool(queries) + (Flag.BORDERLINE,) * is_borderline,
        message="; ".join(
            [
                f"longest axial {told_beside(largest.longest_axial_mm, rule)} mm "
                f"({_where(largest)}), "
                f"short axis {told_beside(largest.short_axis_mm, rule)} mm, "
                f"3D {told_beside(largest.maximum_3d_mm, rule)} mm",
                *queries,
            ]
        ),
        hint=_TOO_LARGE,
    )


def _why_not_sure(case: Case, rule: Limit, lesion: AccountedLesion, diameter: Diameter) -> str:
    """Return why a drawn lesion above the limit may be no metastasis, or not so large, or ""."""
    if lesion.counted.least:
        return ""
    first = lesion.contours[0]
    if lesion.entry is None and first.counted.least:
        if case.open_others:
            ids = listed(entry.id for entry in case.open_others)
            return f"it may be what is drawn for {ids}, no metastasis (roi_names would tell)"
        # A metastasis whichever it is; but an entry that it may be drawn for may say its size.
        for one in case.accounted:
            stated = Stated.of(diameter, one.entry) if first in one.perhaps else None
            if stated is not None and stated.allowed(rule):
                return f"{quoted(one.name)}, for which it may be drawn, is {stated} in the register"
        return ""
    doubt = "; ".join(lesion.doubts) or "it may be no metastasis"
    is_unsaid = lesion.entry is not None and lesion.entry.kind is None
    return f"{doubt}; the register does not say its kind" if is_unsaid else doubt


def _where(lesion: Lesion) -> str:
    """Return the plane of the longest axial diameter, or what other planes leave of it."""
    sizes = lesion.longest_axial_mm.intervals.get("planes")
    if sizes is None:
        return f"z {lesion.plane_mm:.1f} mm"
    return f"{sizes.low:.1f} to {sizes.high:.1f} mm: its planes are not axial"


def _weight(rule: Limit, deciding: Measure) -> tuple[bool, bool, float]:
    """Order the contours of one lesion: the largest that breaks the limit, or may, comes last."""
    allowed = allowed_throughout(deciding, rule)
    return allowed is False, allowed is None, float(deciding)


def _queries(
    case: Case, rule: Limit, lesion: AccountedLesion, largest: Lesion, deciding: Measure
) -> list[str]:
    """Return what a reviewer should look at although the verdict stands."""
    queries = []
    if rule.allows(deciding) and not rule.allows(largest.maximum_3d_mm):
        queries.append(
            f"the 3D diameter of {told_beside(largest.maximum_3d_mm, rule)} mm is above the limit"
        )
    return queries + size_disagreements(case, lesion)


def _undrawn(
    case: Case,
    rule: Limit,
    lesion: AccountedLesion,
    stated: Stated | None,
    diameter: Diameter,
) -> Finding:
    """Return the finding on a lesion without a GTV: the register's size, else a larger volume."""
    entry = lesion.entry
    assert entry is not None
    allowed = stated.allowed(rule) if stated else None
    if stated is not None and allowed is False and lesion.counted.least == 0:
        reason = f"the register says {stated}, and " + (
            "; ".join(lesion.doubts) or "not its kind: it may be the primary"
        )
        return not_evaluable("OL203", rule, reason, about=entry.id, hint=_SAY_KIND)
    margins = _margins_of(case, entry)
    bound_mm = _bound_mm(case, margins, diameter)
    if stated is not None and allowed is not None:
        is_bounded = bound_mm is not None and rule.allows(bound_mm)
        if doubt := _doubt_of_stated(case, rule, lesion, stated, diameter, is_bounded=is_bounded):
            reason = f"the register says {stated} ({diameter}), and {doubt}"
            return not_evaluable("OL203", rule, reason, about=entry.id, hint=_NAME_IT)
        return _as_stated(case, rule, lesion, stated, diameter, bound=(margins, bound_mm))
    if not margins:
        said = (
            f"of its {diameter} the register says {stated}"
            if stated
            else ("the register gives no size")
        )
        if lesion.open_match:
            said += f"; {lesion.open_match}"
        return not_evaluable(
            "OL203",
            rule,
            f"no GTV is drawn for it and {said}",
            about=entry.id,
            hint=f"give {diameter.key} in the register",
        )
    if doubt := _doubt_of_bound(case, rule, lesion, margins, bound_mm):
        hint = f"give {diameter.key} in the register, and {_NAME_IT.removeprefix('give ')}"
        return not_evaluable("OL203", rule, doubt, about=entry.id, hint=hint)
    assert bound_mm is not None
    told = told_beside(bound_mm, rule)
    message = f"at most {told} mm, the size of {quoted(margins[0])}; no GTV is drawn"
    return held_against("OL203", rule, bound_mm, about=entry.id, message=message, hint=_TOO_LARGE)


def _doubt_of_bound(
    case: Case, rule: Limit, lesion: AccountedLesion, margins: list[str], bound_mm: float | None
) -> str:
    """Return why margins alone do not show that a lesion is within the limit, or ""."""
    if bound_mm is None or not rule.allows(bound_mm):
        said = "nothing" if bound_mm is None else f"{told_beside(bound_mm, rule)} mm"
        return f"only {listed(margins)} is drawn for it, which bounds its size by {said}"
    not_found = _not_found(case, lesion)
    told = f"{listed(margins)} bounds its size by {told_beside(bound_mm, rule)} mm, and {not_found}"
    return told if not_found else ""


def _doubt_of_stated(
    case: Case,
    rule: Limit,
    lesion: AccountedLesion,
    stated: Stated,
    diameter: Diameter,
    *,
    is_bounded: bool,
) -> str:
    """Return why a size of the register may not be that of the lesion's contour, or "".

    Of a lesion whose own margins are within the limit no other contour says otherwise.
    """
    other = _contradicted(case, rule, lesion, stated, diameter)
    not_found = _not_found(case, lesion)
    if other and not (is_bounded and stated.allowed(rule) and not not_found):
        return f"{other}: {lesion.open_match}"
    return not_found if stated.allowed(rule) else ""


def _not_found(case: Case, lesion: AccountedLesion) -> str:
    """Return which ROIs of a lesion's entry are not there as gross tumour or margins, or ""."""
    missing = case.claims.not_found(lesion.entry) if lesion.entry else []
    if not missing:
        return ""
    organs = [name for name in missing if name in case.drawn_names]
    undrawn = [name for name in missing if name not in case.drawn_names]
    told = [f"{listed(undrawn)} (roi_names) is not drawn, or cannot be measured"] * bool(undrawn)
    told += [f"{listed(organs)} (roi_names) is no gross tumour by its name"] * bool(organs)
    return f"its contour was not found: {'; '.join(told)}"


_TOO_LARGE = (
    "see whether the contour is of this metastasis alone and the size in the register right; where "
    "both are, ask the trial office whether the patient can be in the trial"
)


_SAY_KIND = "say in the register what the lesion is (kind): the primary, a node or a metastasis"

_NAME_IT = "give roi_names in the register as they are drawn; [] where nothing is drawn for it"


_EACH_ITS_OWN = (
    "where they are several lesions give each an entry of its own in the register; where they are "
    "one, draw it in one ROI"
)


def _contradicted(
    case: Case, rule: Limit, lesion: AccountedLesion, known: Stated | Measure, diameter: Diameter
) -> str:
    """Return what a contour that may be the lesion's measures, if that is otherwise, or "".

    `known` is what the register says, or its own contour measures. A size above the limit is
    doubted only by what is near enough to be a measurement of it.
    """
    if isinstance(known, Measure):
        known = Stated(known.low, known.high)
    allowed = known.allowed(rule)
    tolerance_mm = case.protocol.settings.register_size_difference_mm.value
    for contour in lesion.perhaps:
        drawn = diameter.drawn_mm(contour)
        is_near = known.low_mm - tolerance_mm <= drawn <= known.high_mm + tolerance_mm
        if allowed_throughout(drawn, rule) is not allowed and (allowed or is_near):
            return f"{quoted(contour.label)} measures {told_beside(drawn, rule)} mm"
    return ""


def _as_stated(
    case: Case,
    rule: Limit,
    lesion: AccountedLesion,
    stated: Stated,
    diameter: Diameter,
    *,
    bound: tuple[list[str], float | None],
) -> Finding:
    """Return the finding on a register's size that decides, unless its margins are smaller."""
    margins, bound_mm = bound
    allowed = stated.allowed(rule)
    mm = stated.high_mm if allowed else stated.low_mm
    if bound_mm is None or stated.low_mm <= bound_mm:
        drawn = "is known to be" if lesion.perhaps else "is"
        message = f"register: {stated} ({diameter}); no GTV {drawn} drawn for it"
        queries = []
        in_3d_mm = Diameter.IN_3D.stated_mm(lesion.entry)
        # As of a contour: what is within the limit in one plane need not be so in space.
        if allowed and in_3d_mm is not None and not rule.allows(in_3d_mm):
            queries.append(f"its 3D diameter of {exact_number(in_3d_mm)} mm is above the limit")
        queries += filter(None, [size_of_another_time(case, lesion.entry)])
        flags = (Flag.QUERY,) * bool(queries)
        message = "; ".join([message, *queries])
        return held_against(
            "OL203", rule, mm, about=lesion.name, flags=flags, message=message, hint=_TOO_LARGE
        )
    told = (
        f"the register says {stated} ({diameter}), and {listed(margins)}, which bounds it by "
        f"{told_beside(bound_mm, rule)} mm, is drawn for it"
    )
    flags = (Flag.QUERY,)
    if not allowed and rule.allows(bound_mm):
        return not_evaluable("OL203", rule, told, about=lesion.name, flags=flags)
    return held_against(
        "OL203", rule, mm, about=lesion.name, message=told, flags=flags, hint=_TOO_LARGE
    )


def _margins_of(case: Case, entry: RegisterLesion) -> list[str]:
    """Return the drawn ROIs of an entry that hold the lesion and more."""
    drawn = {structure.roi_name for structure in case.submission.structure_set}
    return [
        roi_name
        for roi_name in entry.roi_names
        if roi_name in drawn and case.submission.role_of(roi_name) in MARGIN_ROLES
    ]


def _bound_mm(case: Case, margins: list[str], diameter: Diameter) -> float | None:
    """Return what margins bound a diameter by, from above, or None without any."""
    if not margins:
        return None
    if diameter is Diameter.SHORT:
        # What lies across the longest of the one need not lie across that of the other.
        diameter = Diameter.AXIAL
    parts = case.submission.lesions(roi_names=margins).lesions
    return max((diameter.drawn_mm(part).high for part in parts), default=None)
