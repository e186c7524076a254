"""What a dose limit is about: its structure computed from parts, or as drawn."""

from contextlib import suppress
from dataclasses import dataclass, replace

from oligort.anatomy import ROLE_NAMES
from oligort.checks.case import Case
from oligort.clinical.answer import Answer
from oligort.display import listed, quoted
from oligort.dose.dvh import Dvh
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Combination, Expression, Operand, operand_names, parse
from oligort.geometry.continuity import Gap
from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import Organ, Role
from oligort.protocol.limits import DoseLimit


@dataclass(frozen=True, eq=False)
class Judged:
    """A histogram that a limit may be held against, and what should be said of it."""

    dvh: Dvh
    remarks: tuple[str, ...] = ()
    is_query: bool = False
    lacks_targets: bool = False


def judged(case: Case, limit: DoseLimit) -> Judged:
    """Return the histogram that the limit is about: computed from its parts, else as drawn.

    Raises
    ------
    NotEvaluable
        If there is neither.
    """
    drawn = _drawn_as(case, limit.structure)
    try:
        expression = as_anatomy_allows(case, parse(limit.structure))
        computed = as_limited(case, limit, case.submission.computed_dvh(expression))
    except NotEvaluable as error:
        # A drawn "Lungs-GTV" stands for its parts, but not where one of two lungs is missing.
        if drawn is None or _drawn_lungs(case):
            raise
        remark = f"graded as drawn ({quoted(drawn.roi_name)}), because its parts are not: {error}"
        return Judged(as_limited(case, limit, case.submission.dvh_of(drawn)), (remark,))
    remarks: tuple[str, ...] = ()
    if str(expression) != limit.structure:
        remarks = (f"computed as {expression}, as the register's anatomy says",)
    missing = _missing_targets(case, expression)
    if missing:
        remarks = (*remarks, f"{listed(missing)} has no contours that can be used: not subtracted")
    if drawn is None:
        return Judged(computed, remarks, is_query=bool(missing), lacks_targets=bool(missing))
    difference = _difference(
        case, limit, computed, as_limited(case, limit, case.submission.dvh_of(drawn))
    )
    is_query = bool(difference or missing)
    return Judged(computed, (*remarks, *difference), is_query, lacks_targets=bool(missing))


def as_limited(case: Case, limit: DoseLimit, dvh: Dvh) -> Dvh:
    """Return a histogram that a limit's metric can be read off, relative to what is prescribed.

    Raises
    ------
    NotEvaluable
        If the metric is relative to a prescription and no one dose is prescribed.
    """
    metric, submission = Metric.parse(limit.metric), case.submission
    if not metric.needs_prescription:
        return dvh
    prescription_gy = submission.prescription_gy
    if metric.kind != "CI":
        return dvh.relative_to(prescription_gy)
    isodose = submission.isodose(limit.structure, prescription_gy)
    return dvh.relative_to(prescription_gy, isodose.volume)


def _drawn_as(case: Case, name: str) -> Structure | None:
    """Return the ROI that is drawn under the very name of an expression, if there is one."""
    if isinstance(parse(name), Operand):
        return None
    drawn = [s for s in case.submission.structure_set.named(name) if not s.is_empty]
    return drawn[0] if len(drawn) == 1 else None


def organs_of(case: Case, limit: DoseLimit) -> list[Structure]:
    """Return the structures of a limit that are organs, not targets cut out of them."""
    expression = as_anatomy_allows(case, parse(limit.structure))
    names = [name for name in operand_names(expression) if name not in ROLE_NAMES]
    return [structure for name in names for structure in case.submission.structures_of(name)]


def limited_structures(case: Case) -> list[Structure]:
    """Return the drawn ROIs that the protocol's dose limits are about, each part of them once.

    Parts that are missing are left out; what is drawn under the very name of an expression is
    among them.
    """
    structures: dict[int, Structure] = {}
    for limit in case.protocol.dose_limits:
        parts: list[Structure] = []
        for name in operand_names(as_anatomy_allows(case, parse(limit.structure))):
            with suppress(NotEvaluable):
                parts += case.submission.structures_of(name)
        drawn = _drawn_as(case, limit.structure)
        parts += [drawn] if drawn is not None else []
        structures |= {id(structure): structure for structure in parts}
    return list(structures.values())


def gaps_of(case: Case, limit: DoseLimit) -> list[tuple[Structure, Gap]]:
    """Return the planes missing in a limit's organs, or in the ROI that stands for them all."""
    try:
        organs = organs_of(case, limit)
    except NotEvaluable:
        drawn = _drawn_as(case, limit.structure)
        if drawn is None:
            raise
        organs = [drawn]
    return [(organ, gap) for organ in organs for gap in case.submission.slabs_of(organ).gaps]


def _missing_targets(case: Case, expression: Expression) -> list[str]:
    """Return the ROIs of the roles that an expression names that are empty or not to be trusted."""
    roles = {role for name in operand_names(expression) for role in ROLE_NAMES.get(name, ())}
    empty = [s.roi_name for s in case.submission.structure_set if s.is_empty]
    names = (*empty, *case.submission.structure_set.left_out)
    return [name for name in names if case.submission.role_of(name) in roles]


def _difference(case: Case, limit: DoseLimit, computed: Dvh, drawn: Dvh) -> tuple[str, ...]:
    """Return what to say where the drawn ROI differs from the computed one beyond the settings."""
    settings = case.protocol.settings
    volume = 100 * abs(drawn.volume_cc / computed.volume_cc - 1)
    metric = abs(drawn[limit.metric] - computed[limit.metric])
    if (
        volume <= settings.drawn_volume_difference_percent.value
        and metric <= settings.drawn_v20_difference_percentage_points.value
    ):
        return ()
    return (
        f"the drawn ROI {quoted(limit.structure)} has {drawn.volume_cc:.1f} cc and "
        f"{drawn[limit.metric]:.2f} {limit.unit}, its parts give {computed.volume_cc:.1f} cc",
    )


def as_anatomy_allows(case: Case, expression: Expression) -> Expression:
    """Return the expression without what the register says is not there.

    A pneumonectomy leaves the one lung that is drawn; without any gross tumour there is nothing
    to subtract. Nothing else is ever left out.
    """
    anatomy = case.register.anatomy if case.register else None
    if anatomy is None:
        return expression
    if anatomy.gtv_absent is Answer.YES and isinstance(expression, Combination):
        names = operand_names(expression.right)
        if expression.operator == "-" and names == ("GTV",) and not _is_drawn(case, "GTV"):
            expression = expression.left
    if anatomy.pneumonectomy is Answer.YES and not _is_drawn(case, str(Organ.LUNGS)):
        sides = [side for side in ("Lung_L", "Lung_R") if _is_drawn(case, side)]
        if len(sides) == 1 and len(_drawn_lungs(case)) == 1:
            expression = _renamed(expression, str(Organ.LUNGS), sides[0])
    return expression


def _drawn_lungs(case: Case) -> list[Structure]:
    """Return every ROI of a lung; of two that could be one side neither is known to be meant."""
    return [
        structure
        for structure, name in case.submission.roi_names.items()
        if name.organ is Organ.LUNGS and name.role is Role.ORGAN and not structure.is_empty
        if not name.subtracted
    ]


def _renamed(expression: Expression, old: str, new: str) -> Expression:
    if isinstance(expression, Operand):
        return Operand(new) if expression.name == old else expression
    return replace(
        expression,
        left=_renamed(expression.left, old, new),
        right=_renamed(expression.right, old, new),
    )


def _is_drawn(case: Case, name: str) -> bool:
    try:
        return bool(case.submission.structures_of(name))
    except NotEvaluable:
        return False
