"""Undrawn sizes: how large a lesion is of which no GTV is drawn, by the register or a margin."""

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
    size_of_another_time,
    size_perhaps_in_cm,
)
from oligort.checks.elsewhere import seen_elsewhere
from oligort.checks.unclaimed import MARGIN_ROLES
from oligort.clinical.register import RegisterLesion
from oligort.display import exact_number, listed, quoted
from oligort.finding import Finding, Flag
from oligort.measure import Measure
from oligort.protocol.limits import Limit

TOO_LARGE = (
    "see whether the contour is of this metastasis alone and the size in the register right; where "
    "both are, ask the trial office whether the patient can be in the trial"
)

NAME_IT = "give roi_names in the register as they are drawn; [] where nothing is drawn for it"

_SAY_KIND = "say in the register what the lesion is (kind): the primary, a node or a metastasis"


def size_of_undrawn(
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
            return not_evaluable("OL203", rule, reason, about=entry.id, hint=NAME_IT)
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
        hint = f"give {diameter.key} in the register, and {NAME_IT.removeprefix('give ')}"
        return not_evaluable("OL203", rule, doubt, about=entry.id, hint=hint)
    assert bound_mm is not None
    told = told_beside(bound_mm, rule)
    message = f"at most {told} mm, the size of {quoted(margins[0])}; no GTV is drawn"
    return held_against("OL203", rule, bound_mm, about=entry.id, message=message, hint=TOO_LARGE)


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
    other = contradicted(case, rule, lesion, stated, diameter)
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
    told += filter(None, [seen_elsewhere(case.submission, undrawn)])
    told += [f"{listed(organs)} (roi_names) is no gross tumour by its name"] * bool(organs)
    return f"its contour was not found: {'; '.join(told)}"


def contradicted(
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
        if allowed:
            queries.append(size_perhaps_in_cm(case, rule, stated, bound_mm))
        queries = [*filter(None, [*queries, size_of_another_time(case, lesion.entry)])]
        flags = (Flag.QUERY,) * bool(queries)
        message = "; ".join([message, *queries])
        return held_against(
            "OL203", rule, mm, about=lesion.name, flags=flags, message=message, hint=TOO_LARGE
        )
    told = (
        f"the register says {stated} ({diameter}), and {listed(margins)}, which bounds it by "
        f"{told_beside(bound_mm, rule)} mm, is drawn for it"
    )
    flags = (Flag.QUERY,)
    if not allowed and rule.allows(bound_mm):
        return not_evaluable("OL203", rule, told, about=lesion.name, flags=flags)
    return held_against(
        "OL203", rule, mm, about=lesion.name, message=told, flags=flags, hint=TOO_LARGE
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
