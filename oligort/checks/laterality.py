"""Left and right: whether organs lie on the side of the patient that their names say."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from oligort.checks.answers import information
from oligort.checks.case import Case
from oligort.checks.registry import CONVENTION, check
from oligort.display import listed
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Flag, Grade
from oligort.geometry.structure import Structure
from oligort.lesions.naming import read_roi_name
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.sides import (
    HALVES,
    LEAST_SIDE_SHARE,
    NOT_BESIDE,
    half_of_both,
    left_share,
    patient_x_mm,
)

SWAPPED = "left and right are swapped"
"""How a reason begins that is of names, and not of what is drawn."""


@dataclass(frozen=True)
class Laterality:
    """What was seen of organs with a side.

    Those that were compared, what is wrong of some, and what is to be asked of others.
    """

    compared: tuple[Organ, ...]
    wrong: dict[Organ, str]
    doubtful: dict[Organ, str]


def laterality_of(case: Case) -> Laterality:
    """Compare the two sides of each organ that is drawn, and single ones with the body.

    Raises
    ------
    NotEvaluable
        If no structure set can be chosen.
    """
    drawn: dict[Organ, dict[Side, list[Structure]]] = {}
    middles = case.submission.anatomy.middles
    for structure, name in case.submission.roi_names.items():
        if structure.is_empty:
            continue
        if name.role is Role.ORGAN and name.organ and name.side in {Side.LEFT, Side.RIGHT}:
            drawn.setdefault(name.organ, {}).setdefault(name.side, []).append(structure)
    compared, told, doubtful = [], {}, {}
    for organ, by_side in drawn.items():
        is_pair = by_side.keys() == {Side.LEFT, Side.RIGHT}
        if not _in_one_frame([one for side in by_side.values() for one in side]):
            continue
        wrong = (
            _why_not_two_sides(case, organ) or _swapped(by_side)
            if is_pair
            else _on_wrong_side(by_side, middles[0])
        )
        if wrong is None:
            continue
        compared.append(organ)
        if wrong.endswith(NOT_BESIDE):
            doubtful[organ] = wrong
        elif wrong:
            told[organ] = wrong
        elif is_pair and (half := half_of_both(*_left_and_right(by_side), middles)):
            names = _names([one for side in by_side.values() for one in side])
            doubtful[organ] = f"{names} both lie in the {HALVES[half]} half of the body's outline"
    return Laterality(tuple(compared), told, doubtful)


def _left_and_right(
    by_side: dict[Side, list[Structure]],
) -> tuple[list[Structure], list[Structure]]:
    return by_side[Side.LEFT], by_side[Side.RIGHT]


def _why_not_two_sides(case: Case, organ: Organ) -> str:
    """Return why left and right of an organ are not its two sides, or ""."""
    try:
        return case.submission.anatomy.why_not_two_sides(organ)
    except NotEvaluable:
        return ""  # told by what needs their volume


def _swapped(by_side: dict[Side, list[Structure]]) -> str:
    """Return why the two sides of an organ are swapped, or ""."""
    left, right = _left_and_right(by_side)
    # Patient x grows to the left, whatever the patient's position.
    away_mm = float(patient_x_mm(left).mean() - patient_x_mm(right).mean())
    if away_mm >= 0:
        return ""
    away = f"{-away_mm:.0f} mm to the patient's right of {_names(right)}"
    return f"{SWAPPED}: {_names(left)} lies {away}"


def _on_wrong_side(by_side: dict[Side, list[Structure]], bodies: list[Structure]) -> str | None:
    """Return why a single side lies on the other one, or ""; None where no body tells."""
    ((side, structures),) = by_side.items()
    left = left_share(structures, bodies)
    if left is None:
        return None
    own, other = (left, "right") if side is Side.LEFT else (1 - left, "left")
    if own > LEAST_SIDE_SHARE:
        return ""
    return f"{SWAPPED}: {_names(structures)} lies in the {other} half of the body"


def _in_one_frame(structures: Sequence[Structure]) -> bool:
    """Whether structures lie in one frame of reference; in several, positions say nothing."""
    first = structures[0].frame_of_reference_uid
    return all(one.lies_in(first) for one in structures)


def _names(structures: Sequence[Structure]) -> str:
    return listed(one.roi_name for one in structures)


def _to_do(wrong: str) -> str:
    """Return what to do about sides that are wrong."""
    if wrong.startswith(SWAPPED):
        return "correct the names, or the orientation of the images that were drawn on"
    return "draw either side where it lies, and delete what was copied"


def require_sides(case: Case, names: Iterable[str]) -> None:
    """Raise NotEvaluable where any of some names is one side of an organ whose sides are wrong."""
    wrong = laterality_of(case).wrong
    for name in map(read_roi_name, names):
        if name.side in {Side.LEFT, Side.RIGHT} and name.organ in wrong:
            raise NotEvaluable(wrong[name.organ], _to_do(wrong[name.organ]))


@check("OL007", "Left and right")
def left_and_right(case: Case) -> Iterator[Finding]:
    """What it checks: organs named left and right lie on these sides of the patient.

    Why it matters: swapped lungs put every number of one side to the other, and the wrong lung may
    have been planned.

    How it is measured: of an organ drawn on both sides, the mean patient x of the contour points of
    either side; DICOM's x grows to the patient's left, whatever the patient's position. Of one side
    alone, the share of its points beyond the middle of the body's outline. Both sides are one where
    they share a quarter of the smaller one's volume, or lie in one half of the body: by its outline
    and the cord, oesophagus and trachea, as far as they are drawn, which must agree. Where only the
    outline tells, that is so of the lungs, and a QUERY of narrower organs. Where none of these is
    drawn and two lungs are not side by side, that is a QUERY. A limit on one side of an organ whose
    sides are wrong is not graded, nor is one on both of which one is not drawn.

    Not evaluable when: no structure set can be chosen.

    Source: PS3.3 C.7.6.2.1.1; oligort convention; the grade is the protocol's setting.
    """
    found = laterality_of(case)
    for organ, wrong in found.wrong.items():
        yield Finding(
            code="OL007",
            grade=case.protocol.grades.left_and_right_swapped,
            about=organ,
            message=wrong,
            source=CONVENTION,
            hint=_to_do(wrong),
        )
    for organ, doubtful in found.doubtful.items():
        yield information("OL007", doubtful, Flag.QUERY, about=organ)
    if found.wrong or found.doubtful:
        return
    told = f"{', '.join(found.compared)}: left and right as named" if found.compared else ""
    yield Finding(
        code="OL007",
        grade=Grade.PASS if told else Grade.INFO,
        message=told or "no organ is drawn whose side can be told",
        source=CONVENTION,
    )
