"""What a dose limit is about: its structure computed from parts, or as drawn."""

from contextlib import suppress
from dataclasses import dataclass, replace

from oligort.anatomy import ROLE_NAMES
from oligort.checks.case import Case
from oligort.checks.expressions import as_anatomy_allows, is_organ_drawn
from oligort.checks.relative import as_limited
from oligort.checks.tumour_or_organ import role_readings
from oligort.checks.unclaimed import box_of, boxes_meet
from oligort.clinical.answer import Answer
from oligort.display import listed, quoted
from oligort.dose.dvh import Dvh
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import (
    Combination,
    Expression,
    Operand,
    Shape,
    operand_names,
    parse,
    resolve,
)
from oligort.geometry.continuity import Gap
from oligort.geometry.interrupted import Interruption, interruptions
from oligort.geometry.structure import Structure
from oligort.lesions.aliases import least_organ_cc
from oligort.lesions.naming import RoiName, read_roi_name
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.meant import one_drawn
from oligort.protocol.limits import DoseLimit


@dataclass(frozen=True, eq=False)
class Judged:
    """A histogram that a limit may be held against, and what should be said of it.

    Parameters
    ----------
    dvh : Dvh
        The histogram.
    remarks : tuple of str
        What is said beside its value.
    is_query : bool
        Whether a remark is something to ask.
    lacks_targets : bool
        Whether a target that should be cut out has no contours: what is left is not known.
    others : tuple of (str, Dvh)
        What may be meant as well, described: a verdict needs them all to agree.
    is_drawn : bool
        Whether an ROI stands for an expression whose parts are not drawn.
    """

    dvh: Dvh
    remarks: tuple[str, ...] = ()
    is_query: bool = False
    lacks_targets: bool = False
    others: tuple[tuple[str, Dvh], ...] = ()
    is_drawn: bool = False


def judged(case: Case, limit: DoseLimit) -> Judged:
    """Return the histogram that the limit is about: computed from its parts, else as drawn.

    Raises
    ------
    NotEvaluable
        If there is neither.
    """
    try:
        expression = as_anatomy_allows(case, parse(limit.structure))
        computed = limited_dvh(case, limit, expression)
    except NotEvaluable as error:
        return _judged_as_drawn(case, limit, error)
    remarks: tuple[str, ...] = ()
    if str(expression) != limit.structure:
        remarks = (f"computed as {expression}, as the register's anatomy says",)
    anatomy, names = case.submission.anatomy, dict.fromkeys(operand_names(expression))
    missing = [roi_name for name in names for roi_name in anatomy.missing_of(name)]
    if missing:
        remarks = (*remarks, f"{listed(missing)} has no contours that can be used: not subtracted")
    of_computed = Judged(computed, remarks, lacks_targets=bool(missing))
    for drawn in _drawn_as(case, limit.structure):
        difference = _difference_of_drawn(case, limit, computed, drawn)
        of_computed = _with_remarks(of_computed, difference)
    for name in names:
        superseded = listed(one.roi_name for one in anatomy.superseded_of(name))
        if superseded:
            taken = listed(one.roi_name for one in anatomy.structures_of(name))
            remark = f"{name} is {taken}, without the superseded {superseded}"
            of_computed = _with_remarks(of_computed, (remark,), is_query=False)
            shape = resolve(expression, anatomy.with_superseded)
            what = f"{expression} where {name} holds {superseded} too"
            of_computed = _with_other(case, limit, of_computed, what, shape)
        for remark, what, shape in role_readings(case, expression, name, organs_of(case, limit)):
            of_computed = _with_remarks(of_computed, (remark,) if remark else ())
            of_computed = _with_other(case, limit, of_computed, what, shape)
    lungs = resolve(expression, case.submission.structures_of)
    return _beside_perhaps_tumour(case, limit, of_computed, lungs, str(expression))


def _beside_perhaps_tumour(
    case: Case, limit: DoseLimit, judged: Judged, shape: Shape, name: str
) -> Judged:
    """Return what is judged beside what it is without ROIs that may be gross tumour.

    They are those that open entries of the register may be drawn as: each alone, together those
    that raise the value and those that lower it, and all of them.
    """
    if "GTV" not in operand_names(parse(limit.structure)):
        return judged
    organs = [box_of(one) for one in organs_of(case, limit)]
    names = dict.fromkeys(one.roi_name for one in case.perhaps_tumour)
    drawn = [
        one
        for roi_name in names
        for one in case.submission.structure_set.named(roi_name)
        if not one.is_empty and any(boxes_meet(box_of(one), organ) for organ in organs)
    ]
    entries = listed(entry.id for entry in case.open_entries)

    def without(judged: Judged, *taken: Structure) -> Judged:
        less = Shape(operator="-", left=shape, right=Shape(taken))
        what = (
            f"{name} without {listed(one.roi_name for one in taken)}, which may be what is drawn "
            f"for {entries} (roi_names would tell)"
        )
        return _with_other(case, limit, judged, what, less)

    # Together those that raise the value raise it most, and those that lower it lower it most.
    raising: list[Structure] = []
    lowering: list[Structure] = []
    for one in drawn:
        alone = without(judged, one)
        with suppress(NotEvaluable):
            for _, dvh in alone.others[len(judged.others) :]:
                is_more = dvh[limit.metric] > judged.dvh[limit.metric]
                (raising if is_more else lowering).append(one)
        judged = alone
    for together in dict.fromkeys((tuple(raising), tuple(lowering), tuple(drawn))):
        if len(together) > 1:
            judged = without(judged, *together)
    return judged


def _judged_as_drawn(case: Case, limit: DoseLimit, error: NotEvaluable) -> Judged:
    """Return the ROI drawn for a limit, beside what it is without the targets cut out of it."""
    drawn = _standing_for_parts(case, limit, error)
    remark = f"graded as drawn ({quoted(drawn.roi_name)}), because its parts are not: {error}"
    as_drawn = Judged(_limited_as_drawn(case, limit, drawn), (remark,), is_drawn=True)
    shape, expression, taken = Shape((drawn,)), parse(limit.structure), []
    while isinstance(expression, Combination) and expression.operator == "-":
        # What is not drawn cannot be left in by mistake either.
        with suppress(NotEvaluable):
            cut_out = resolve(expression.right, case.submission.structures_of)
            shape = Shape(operator="-", left=shape, right=cut_out)
            taken.append(str(expression.right))
        expression = expression.left
    name = quoted(drawn.roi_name)
    if taken:
        what = f"{name} without {', '.join(taken)}"
        as_drawn = _with_other(case, limit, as_drawn, what, shape)
    return _beside_perhaps_tumour(case, limit, as_drawn, Shape((drawn,)), name)


def _with_other(case: Case, limit: DoseLimit, judged: Judged, what: str, shape: Shape) -> Judged:
    """Return what is judged beside another shape that may be meant, where that has a dose."""
    try:
        other = as_limited(case, limit, case.submission.dvh_of_shape(shape, what), shape)
    except NotEvaluable as error:
        return _with_remarks(judged, (f"not compared: {what}, because {error}",))
    difference = _difference(case, limit, judged.dvh, other)
    told = tuple(f"{what} has {numbers}" for numbers in difference)
    return replace(_with_remarks(judged, told), others=(*judged.others, (what, other)))


def _with_remarks(judged: Judged, remarks: tuple[str, ...], is_query: bool = True) -> Judged:
    """Return what is judged with remarks, which are something to ask unless said otherwise."""
    is_query = judged.is_query or (is_query and bool(remarks))
    return replace(judged, remarks=(*judged.remarks, *remarks), is_query=is_query)


def limited_dvh(case: Case, limit: DoseLimit, expression: Expression) -> Dvh:
    """Return the histogram of an expression for a limit; refused as `as_limited` does."""
    shape = resolve(expression, case.submission.structures_of)
    return as_limited(case, limit, case.submission.computed_dvh(expression), shape)


def limited_operand(case: Case, limit: DoseLimit, name: str) -> Dvh:
    """Return the histogram of an operand for a limit, an ROI as drawn; refused likewise."""
    text = str(Operand(name))
    shape = case.submission.anatomy.meant_by(text).shape
    return as_limited(case, limit, case.submission.dvh(text), shape)


def _limited_as_drawn(case: Case, limit: DoseLimit, drawn: Structure) -> Dvh:
    return as_limited(case, limit, case.submission.dvh_of(drawn), Shape((drawn,)))


def _drawn_as(case: Case, name: str) -> list[Structure]:
    """Return the ROIs that are drawn under the very name of an expression."""
    if isinstance(parse(name), Operand):
        return []
    return [s for s in case.submission.structure_set.spelt_as(name) if not s.is_empty]


def _standing_for_parts(case: Case, limit: DoseLimit, error: NotEvaluable) -> Structure:
    """Return the ROI that is drawn for a limit whose parts are not.

    Raises
    ------
    NotEvaluable
        The error given, which says what is missing, if there is none; or if the ROI should hold
        both sides of an organ and lies on one, or is gross tumour or may be.
    """
    drawn = _drawn_as(case, limit.structure)
    # A drawn "Lungs-GTV" stands for its parts, but not where one of two lungs is missing.
    if not drawn or is_organ_drawn(case, parse(limit.structure), drawn[0]):
        raise error
    try:
        standing = one_drawn(drawn, limit.structure)
    except NotEvaluable as several:
        raise NotEvaluable(f"{several}, and {error}", error.hint) from error
    _require_no_tumour(case, standing, error)
    _require_no_fragment(case, standing, error)
    anatomy = case.register.anatomy if case.register else None
    is_lung = case.submission.roi_names[standing].organ is Organ.LUNGS
    if not (is_lung and anatomy and anatomy.pneumonectomy is Answer.YES):
        case.submission.anatomy.require_sides(standing)
    return standing


def _require_no_tumour(case: Case, standing: Structure, error: NotEvaluable) -> None:
    """Raise NotEvaluable where "Liver-GTV" is a tumour in a liver, or may be as the census says."""
    roi_name, name = standing.roi_name, case.submission.roi_names[standing]
    if name.side is Side.BOTH:
        return  # no lesion is named for both lungs or kidneys
    entries = case.register.lesions if case.register else ()
    naming = (entry for entry in entries if roi_name in entry.roi_names)
    open_ = (one for one in case.census.excluded if one.may_be_metastasis)
    reasons = [
        *["read as gross tumour or a target"] * is_tumour_or_target(name),
        *(f"named for {quoted(entry.id)} in the register" for entry in naming),
        *(one.reason for one in open_ if one.roi_name == roi_name),
    ]
    if reasons:
        raise NotEvaluable(f"ROI {quoted(roi_name)} is {reasons[0]}; and {error}", error.hint)


def _require_no_fragment(case: Case, standing: Structure, error: NotEvaluable) -> None:
    """Raise NotEvaluable where "Heart-PTV" holds less than any heart, and may be a part of one.

    Of organs that the protocol has plausible volumes of these decide.
    """
    name, plausible = case.submission.roi_names[standing], case.protocol.plausible_volumes
    least_cc = least_organ_cc().get(name.organ)
    is_asked_later = plausible and name.organ and plausible.of(name.organ, name.side)
    if least_cc is None or is_asked_later:
        return
    own_cc = case.submission.anatomy.volume_cc(Shape((standing,)))
    if own_cc < least_cc:
        raise NotEvaluable(
            f"ROI {quoted(standing.roi_name)} holds {own_cc:.3g} cc, less than any whole one of "
            f"{name.organ} ({least_cc:g} cc); and {error}",
            error.hint,
        )


def organs_of(case: Case, limit: DoseLimit) -> list[Structure]:
    """Return the structures of a limit that are organs, not targets cut out of them.

    Where they are not drawn that is the ROI that stands for them, as in `judged`.
    """
    expression = as_anatomy_allows(case, parse(limit.structure))
    names = [name for name in operand_names(expression) if name not in ROLE_NAMES]
    try:
        return [structure for name in names for structure in case.submission.structures_of(name)]
    except NotEvaluable as error:
        return [_standing_for_parts(case, limit, error)]


def drawn_for(case: Case, limit: DoseLimit) -> list[Structure]:
    """Return the drawn ROIs that a dose limit is about, each once.

    Parts that are missing are left out; what is drawn under the very name of an expression is
    among them.
    """
    parts: list[Structure] = []
    for name in operand_names(as_anatomy_allows(case, parse(limit.structure))):
        with suppress(NotEvaluable):
            parts += case.submission.structures_of(name)
    return list({id(one): one for one in (*parts, *_drawn_as(case, limit.structure))}.values())


_TUMOUR_AND_TARGETS = frozenset[Role]().union(*ROLE_NAMES.values())


def is_tumour_or_target(name: RoiName) -> bool:
    """Whether an ROI is gross tumour, a target or several of them in one, by its name."""
    role = name.base if name.role is Role.UNION else name.role
    return role in _TUMOUR_AND_TARGETS


def judged_rois(case: Case) -> frozenset[Structure]:
    """Return the drawn ROIs that a verdict rests on: gross tumour, targets, organs with a limit."""
    named = {
        structure
        for structure, name in case.submission.roi_names.items()
        if not structure.is_empty and is_tumour_or_target(name)
    }
    limited = (one for limit in case.protocol.dose_limits for one in drawn_for(case, limit))
    return frozenset(named.union(limited))


def limited_organs(case: Case) -> frozenset[Organ]:
    """Return the organs that dose limits are about."""
    names = (
        name
        for limit in case.protocol.dose_limits
        for name in operand_names(parse(limit.structure))
    )
    return frozenset(organ for name in names if (organ := read_roi_name(name).organ))


def gaps_of(case: Case, limit: DoseLimit) -> list[tuple[Structure, Gap]]:
    """Return the planes missing in a limit's organs, or in the ROI that stands for them all."""
    return [
        (organ, gap)
        for organ in organs_of(case, limit)
        for gap in case.submission.slabs_of(organ).gaps
    ]


def gaps_of_targets(case: Case) -> list[tuple[Structure, Interruption]]:
    """Return the short gaps of gross tumour and of targets."""
    found: list[tuple[Structure, Interruption]] = []
    for structure, name in case.submission.roi_names.items():
        if not is_tumour_or_target(name):
            continue
        # What is empty, or drawn in no planes, is told by what asks for it.
        with suppress(NotEvaluable):
            gaps = interruptions(case.submission.slabs_of(structure))
            found += [(structure, gap) for gap in gaps]
    return found


def _difference_of_drawn(
    case: Case, limit: DoseLimit, computed: Dvh, drawn: Structure
) -> tuple[str, ...]:
    """Return what to say of the drawn ROI where it differs from the computed one."""
    what = f"the drawn ROI {quoted(drawn.roi_name)}"
    try:
        of_drawn = _limited_as_drawn(case, limit, drawn)
    except NotEvaluable as error:
        return (f"not compared: {what}, because {error}",)
    difference = _difference(case, limit, computed, of_drawn)
    return tuple(
        f"{what} has {numbers}, its parts give {computed.volume_cc:.1f} cc"
        for numbers in difference
    )


def _difference(case: Case, limit: DoseLimit, graded: Dvh, other: Dvh) -> tuple[str, ...]:
    """Return the numbers of another histogram where it differs beyond the settings."""
    settings = case.protocol.settings
    volume = 100 * abs(other.volume_cc / graded.volume_cc - 1)
    try:
        value = other[limit.metric]
        metric = abs(value - graded[limit.metric])
    except NotEvaluable as error:
        # What cannot be compared is no reason to refuse the graded number.
        return (f"{other.volume_cc:.1f} cc (not compared: {error})",)
    if (
        volume <= settings.drawn_volume_difference_percent.value
        and metric <= settings.drawn_v20_difference_percentage_points.value
    ):
        return ()
    return (f"{other.volume_cc:.1f} cc and {value:.2f} {limit.unit}",)
