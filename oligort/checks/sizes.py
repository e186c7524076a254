"""Sizes: how large each metastasis is, in the diameter that the protocol goes by (I4iii)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from oligort.checks.accounting import AccountedLesion
from oligort.checks.answers import allowed_throughout, held_against, not_evaluable
from oligort.checks.case import MARGIN_ROLES, Case
from oligort.checks.lesions import why_incomplete
from oligort.checks.registry import check
from oligort.clinical.register import RegisterLesion
from oligort.display import listed, quoted
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Flag
from oligort.lesions.lesion import Lesion
from oligort.lesions.vocabulary import Organ
from oligort.measure import Measure
from oligort.protocol.limits import Limit
from oligort.protocol.settings import DiameterReading, NodalSize


class Diameter(StrEnum):
    """One of the diameters of a lesion."""

    AXIAL = "longest axial diameter"
    SHORT = "short axis"
    IN_3D = "3D diameter"

    def drawn_mm(self, part: Lesion) -> Measure:
        """Return what the contours of a part measure."""
        return {
            Diameter.AXIAL: part.longest_axial_mm,
            Diameter.SHORT: part.short_axis_mm,
            Diameter.IN_3D: part.maximum_3d_mm,
        }[self]

    @property
    def key(self) -> str:
        """Where the register gives it."""
        return {
            Diameter.AXIAL: "size_mm",
            Diameter.SHORT: "short_axis_mm",
            Diameter.IN_3D: "maximum_3d_mm",
        }[self]

    def stated_mm(self, entry: RegisterLesion | None) -> float | None:
        """Return what the register says of it."""
        size: float | None = getattr(entry, self.key, None)
        return size


@dataclass(frozen=True)
class _Stated:
    """What the register says of a diameter: its bounds, which are one where it gives it."""

    low_mm: float
    high_mm: float

    @classmethod
    def of(cls, diameter: Diameter, entry: RegisterLesion | None) -> "_Stated | None":
        """Return the diameter itself, else what the others leave of it: short <= axial <= 3D."""
        if entry is None:
            return None
        own = diameter.stated_mm(entry)
        if own is not None:
            return cls(own, own)
        order = [Diameter.SHORT, Diameter.AXIAL, Diameter.IN_3D]
        place = order.index(diameter)
        below = [mm for one in order[:place] if (mm := one.stated_mm(entry)) is not None]
        above = [mm for one in order[place + 1 :] if (mm := one.stated_mm(entry)) is not None]
        if not below and not above:
            return None
        return cls(max(below, default=0.0), min(above, default=math.inf))

    def allowed(self, rule: Limit) -> bool | None:
        """Return whether the rule allows it, or None where it may be either."""
        verdicts = {rule.allows(self.low_mm), rule.allows(self.high_mm)}
        return verdicts.pop() if len(verdicts) == 1 else None

    def __str__(self) -> str:
        if self.low_mm == self.high_mm:
            return f"{self.low_mm:g} mm"
        if math.isinf(self.high_mm):
            return f"at least {self.low_mm:g} mm"
        return f"{self.low_mm:g} to {self.high_mm:g} mm"


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
    (diameter_reading), and of a node its short axis (nodal_size). The register's size beside it
    (size_mm, short_axis_mm, maximum_3d_mm), and alone for a lesion that is not drawn; a diameter
    that it does not give is bounded by the others. QUERY: a larger 3D diameter; register and
    contour further apart than the setting. Where only a PTV, CTV or ITV is drawn, its diameter is
    an upper bound.

    Not evaluable when: contour and register, or several outlines that may be the lesion's (of
    lesions in contact, a shell, a margin), lie on both sides of the limit, a lesion is neither
    drawn nor sized in the diameter that decides, one that may be a node is judged otherwise as
    such, an oversized GTV may be the primary, or no register lists the lesions.

    Source: NCT06190782, inclusion criteria, I4iii.
    """
    rule = case.protocol.criteria.metastasis_diameter
    yield from (_size_finding(case, rule, lesion) for lesion in case.accounted)
    if incomplete := why_incomplete(case):
        raise NotEvaluable(incomplete)
    if not case.accounted:
        raise NotEvaluable("no distant metastasis is drawn, and the register lists none")


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
    in_3d = settings.diameter_reading.value is DiameterReading.MAXIMUM_3D
    general = Diameter.IN_3D if in_3d else Diameter.AXIAL
    if settings.nodal_size.value is NodalSize.LONGEST_DIAMETER:
        return (general,)
    if lesion.organ is Organ.LYMPH_NODES:
        return (Diameter.SHORT,)
    return (general,) if lesion.organ else (general, Diameter.SHORT)


def _finding_by(case: Case, rule: Limit, lesion: AccountedLesion, diameter: Diameter) -> Finding:
    stated = _Stated.of(diameter, lesion.entry)
    if not lesion.contours:
        assert lesion.entry is not None
        return _undrawn(case, rule, lesion.entry, stated, diameter)
    largest = max(lesion.contours, key=lambda part: _weight(rule, diameter.drawn_mm(part)))
    deciding = diameter.drawn_mm(largest)
    allowed = allowed_throughout(deciding, rule)
    if allowed is None:
        reason = (
            f"its {diameter} is {deciding.low:.1f} to {deciding.high:.1f} mm and the limit lies "
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
    by_register = stated.allowed(rule) if stated else None
    if by_register is not None and by_register is not allowed:
        reason = (
            f"the contour measures {deciding:.1f} mm and the register says {stated} "
            f"({diameter}), on both sides of the limit"
        )
        return not_evaluable("OL203", rule, reason, about=lesion.name, flags=(Flag.QUERY,))
    queries = _queries(case, rule, lesion, largest, deciding)
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
        queries.append(f"the 3D diameter of {largest.maximum_3d_mm:.1f} mm is above the limit")
    return queries + size_disagreements(case, lesion)


def size_disagreements(case: Case, lesion: AccountedLesion) -> list[str]:
    """Return the diameters in which register and contours of a lesion differ by too much."""
    tolerance_mm = case.protocol.settings.register_size_difference_mm.value
    told = []
    for diameter in Diameter:
        stated_mm = diameter.stated_mm(lesion.entry)
        if stated_mm is None or not lesion.contours:
            continue
        drawn = max((diameter.drawn_mm(part) for part in lesion.contours), key=float)
        if abs(stated_mm - drawn) > tolerance_mm:
            told.append(f"the register says {stated_mm:g} mm ({diameter}), drawn {drawn:.1f} mm")
    return told


def _undrawn(
    case: Case, rule: Limit, entry: RegisterLesion, stated: _Stated | None, diameter: Diameter
) -> Finding:
    """Return the finding on a lesion without a GTV: the register's size, else a larger volume."""
    allowed = stated.allowed(rule) if stated else None
    if stated is not None and allowed is not None:
        mm = stated.high_mm if allowed else stated.low_mm
        message = f"register: {stated} ({diameter}); no GTV is drawn for it"
        return held_against("OL203", rule, mm, about=entry.id, message=message)
    drawn = {structure.roi_name for structure in case.submission.structure_set}
    margins = [
        roi_name
        for roi_name in entry.roi_names
        if roi_name in drawn and case.submission.role_of(roi_name) in MARGIN_ROLES
    ]
    if not margins:
        said = (
            f"of its {diameter} the register says {stated}"
            if stated
            else ("the register gives no size")
        )
        return not_evaluable(
            "OL203",
            rule,
            f"no GTV is drawn for it and {said}",
            about=entry.id,
            hint=f"give {diameter.key} in the register",
        )
    parts = case.submission.lesions(roi_names=margins).lesions
    if diameter is Diameter.SHORT:
        # What lies across the longest of the one need not lie across that of the other.
        diameter = Diameter.AXIAL
    bound = max((diameter.drawn_mm(part) for part in parts), default=None)
    if bound is None or not rule.allows(bound):
        said = "nothing" if bound is None else f"{bound:.1f} mm"
        reason = f"only {listed(margins)} is drawn for it, which bounds its size by {said}"
        return not_evaluable("OL203", rule, reason, about=entry.id)
    message = f"at most {bound:.1f} mm, the size of {quoted(margins[0])}; no GTV is drawn"
    return held_against("OL203", rule, float(bound), about=entry.id, message=message)
