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
)
from oligort.checks.elsewhere import told_elsewhere
from oligort.checks.lesions import why_undecided
from oligort.checks.pieces import as_one_lesion
from oligort.checks.registry import check
from oligort.checks.too_large import too_large_if_a_lesion
from oligort.checks.undrawn_sizes import NAME_IT, TOO_LARGE, contradicted, size_of_undrawn
from oligort.checks.what_to_do import LIST_LESIONS
from oligort.display import listed, quoted
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
    decides and is of another time than the metastases (size_date, oligometastasis_date), or would
    be above the limit if it was meant in cm: one below the setting register_size_perhaps_in_cm_mm,
    or one that what is drawn around the lesion is as many centimetres large as.

    Not evaluable when: contour or such a bound and the register, several outlines that may be the
    lesion's (of lesions in contact, a shell, a margin), several ROIs of one entry within 10 mm of
    each other and these as one lesion, or what planes that are not axial leave
    open, lie on both sides of the limit, a lesion is neither drawn nor sized in the diameter that
    decides, one that may be a node is judged otherwise as such, an oversized GTV may be the
    primary, what a structure set draws that is not judged, and nobody knows, is not within the
    limit, an entry of the register says neither which ROIs are drawn for it (roi_names) nor that
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
    yield from _sizes_elsewhere(case, rule)
    if undecided := why_undecided(case):
        raise NotEvaluable(undecided, LIST_LESIONS)
    if not case.accounted:
        raise NotEvaluable(
            "no distant metastasis is drawn, and the register lists none", LIST_LESIONS
        )


def _sizes_elsewhere(case: Case, rule: Limit) -> Iterator[Finding]:
    """Yield what structure sets draw that are not judged, where it is not within the limit."""
    for one in case.elsewhere:
        size = one.reason
        if one.lesion is not None:
            drawn = _general(case).drawn_mm(one.lesion)
            if allowed_throughout(drawn, rule):
                continue
            size = f"it measures {told_beside(drawn, rule)} mm there"
        told = f"{told_elsewhere((one,))}; {size}"
        yield not_evaluable("OL203", rule, told, about=one.name, hint=LIST_LESIONS)


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
        return size_of_undrawn(case, rule, lesion, stated, diameter)
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
        other = contradicted(case, rule, lesion, deciding, diameter)
        if told := together or (f"{other}: {lesion.open_match}" if other else ""):
            reason = f"the contour measures {told_beside(deciding, rule)} mm, and {told}"
            hint = _EACH_ITS_OWN if together else NAME_IT
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
        hint=TOO_LARGE,
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


_EACH_ITS_OWN = (
    "where they are several lesions give each an entry of its own in the register; where they are "
    "one, draw it in one ROI"
)
