"""Tumour or organ: gross tumour by its name that fills the organ it would be cut out of."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from oligort.anatomy import ROLE_NAMES, Anatomy
from oligort.checks.case import Case
from oligort.checks.unclaimed import box_of
from oligort.display import listed, quoted
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import (
    Combination,
    Expression,
    Shape,
    operand_names,
    resolve,
)
from oligort.geometry.contact import shared_volume_cc
from oligort.geometry.structure import Structure
from oligort.lesions.aliases import least_organ_cc
from oligort.lesions.organ_or_lesion import filled_share_of_a_side

LEAST_SHARE_OF_AN_ORGAN = 0.25
"""Of the volume below which an ROI is no whole organ: a box of less is not compared with any."""


@dataclass(frozen=True)
class _Filled:
    """What an ROI fills of an organ; `is_whole` if it has at least the volume that one has."""

    roi_name: str
    share: float
    is_whole: bool

    def __str__(self) -> str:
        """As in a sentence: "fills 98% of ROI "Lung_L""."""
        return f"fills {self.share:.0%} of ROI {quoted(self.roi_name)}"


def role_readings(
    case: Case, expression: Expression, name: str, organs: Sequence[Structure]
) -> Iterator[tuple[str, str, Shape]]:
    """Yield what an expression is where a role in it stands for more or fewer ROIs, with a remark.

    An ROI whose name leaves open what it is and that fills half of an organ is that organ; gross
    tumour by its name that does so is not cut out of it without a question.

    Raises
    ------
    NotEvaluable
        If no ROI is read as that role.
    """
    if name not in ROLE_NAMES:
        return
    anatomy = case.submission.anatomy
    taken, perhaps = anatomy.structures_of(name), anatomy.perhaps_of(name)
    are_organs = {
        structure
        for structure, filled in _filled_organs(case, perhaps, organs).items()
        if filled.is_whole and anatomy.roi_names[structure].may_be_tumour
    }
    if added := tuple(one for one in perhaps if one not in are_organs):
        what = f"{expression} where {name} holds {listed(one.roi_name for one in added)} too"
        yield "", what, _with_role(expression, anatomy, name, (*taken, *added))
    filled = _filled_organs(case, taken, organs)
    for structure, its in filled.items():
        roi_name = quoted(structure.roi_name)
        others = tuple(one for one in taken if one is not structure)
        shape = _with_role(expression, anatomy, name, others)
        yield (
            f"{roi_name} {its}: {name} or the organ itself",
            f"{expression} where {roi_name} is no {name}",
            shape,
        )
    if len(filled) > 1:
        others = tuple(one for one in taken if one not in filled)
        what = f"{expression} where {listed(one.roi_name for one in filled)} are no {name}"
        yield "", what, _with_role(expression, anatomy, name, others)


def _with_role(
    expression: Expression, anatomy: Anatomy, role_name: str, structures: tuple[Structure, ...]
) -> Shape:
    """Return the shape of an expression with some ROIs for a role; of none, nothing is cut out."""
    if (
        not structures
        and isinstance(expression, Combination)
        and expression.operator == "-"
        and operand_names(expression.right) == (role_name,)
    ):
        return _with_role(expression.left, anatomy, role_name, structures)
    return resolve(
        expression,
        lambda one: structures if one == role_name and structures else anatomy.structures_of(one),
    )


def _filled_organs(
    case: Case, structures: Iterable[Structure], organs: Iterable[Structure]
) -> dict[Structure, _Filled]:
    """Return the ROIs that fill half of an organ, or of one of a pair, and what they fill.

    Asked of organs much larger than lesions alone. What cannot be compared is left out: no volume
    of it could be cut out either.
    """
    found: dict[Structure, _Filled] = {}
    large = [(one, least_cc) for one in organs if (least_cc := _least_cc(case, one)) is not None]
    for structure in structures:
        for organ, least_cc in large:
            low, high = box_of(structure)
            if np.prod(high - low) / 1000 < LEAST_SHARE_OF_AN_ORGAN * least_cc:
                continue
            with suppress(NotEvaluable):
                own, whole = case.submission.slabs_of(structure), case.submission.slabs_of(organ)
                if not own.frame.is_parallel_to(whole.frame):
                    continue
                share = shared_volume_cc(own, whole) / whole.volume_cc
                side = case.submission.roi_names[organ].side
                if share >= filled_share_of_a_side(side):
                    is_whole = own.volume_cc >= least_cc
                    found.setdefault(structure, _Filled(organ.roi_name, share, is_whole))
    return found


def _least_cc(case: Case, organ: Structure) -> float | None:
    return least_organ_cc().get(case.submission.roi_names[organ].organ)
