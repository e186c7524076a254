"""Expressions: the structures of dose limits, as what the register says of anatomy allows."""

from dataclasses import replace

from oligort.checks.case import Case
from oligort.clinical.answer import Answer
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Combination, Expression, Operand, operand_names, parse
from oligort.geometry.structure import Structure
from oligort.lesions.naming import read_roi_name
from oligort.lesions.vocabulary import Organ, Role, Side

LUNGS_WITHOUT_GTV = "Lungs-GTV"
"""The lungs where the protocol limits none."""


def lung_expression(case: Case) -> Expression:
    """Return what the protocol judges of the lungs, as the register allows; else "Lungs-GTV"."""
    for limit in case.protocol.dose_limits:
        expression = parse(limit.structure)
        if any(read_roi_name(name).organ is Organ.LUNGS for name in operand_names(expression)):
            return as_anatomy_allows(case, expression)
    return as_anatomy_allows(case, parse(LUNGS_WITHOUT_GTV))


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
        if len(sides) == 1 and len(drawn_of(case, Organ.LUNGS)) == 1:
            expression = _renamed(expression, str(Organ.LUNGS), sides[0])
    return expression


def drawn_of(case: Case, organ: Organ | None) -> list[Structure]:
    """Return every ROI of an organ or a side of it, from which nothing is cut; none of no organ.

    Of two that could be one side neither is known to be meant.
    """
    return [
        structure
        for structure, name in case.submission.roi_names.items()
        if organ is not None
        if name.organ is organ and name.role is Role.ORGAN and not structure.is_empty
        if not name.subtracted
    ]


def is_organ_drawn(case: Case, expression: Expression, rest: Structure) -> bool:
    """Whether what a drawn rest ("Lungs-GTV") is of is drawn, or may be, in whole or on one side.

    Beside a left kidney without tumour the right one is neither.
    """
    while isinstance(expression, Combination) and expression.operator == "-":
        expression = expression.left
    if any(_is_drawn(case, name) for name in operand_names(expression)):
        return True
    names = case.submission.roi_names
    outlines = [one for one, name in names.items() if name.role is Role.EXTERNAL]
    # "Body-PTV" is of the body, under whichever name that is drawn.
    if any(case.submission.role_of(name) is Role.EXTERNAL for name in operand_names(expression)):
        return any(one is not rest and not one.is_empty for one in outlines)
    sides = [{names[rest].side, names[one].side} for one in drawn_of(case, names[rest].organ)]
    return any(not one >= {Side.LEFT, Side.RIGHT} for one in sides)


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
