"""Left and right: whether organs lie on the side of the patient that their names say."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.checks.case import Case
from oligort.checks.registry import CONVENTION, check
from oligort.display import listed
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Grade
from oligort.geometry.structure import Structure
from oligort.lesions.naming import read_roi_name
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.sides import LEAST_SIDE_SHARE, left_share


@dataclass(frozen=True)
class Laterality:
    """What was seen of organs with a side: those compared, and why some are on the wrong one."""

    compared: tuple[Organ, ...]
    swapped: dict[Organ, str]


def laterality_of(case: Case) -> Laterality:
    """Compare the two sides of each organ that is drawn, and single ones with the body.

    Raises
    ------
    NotEvaluable
        If no structure set can be chosen.
    """
    drawn: dict[Organ, dict[Side, list[Structure]]] = {}
    bodies = []
    for structure, name in case.submission.roi_names.items():
        if structure.is_empty:
            continue
        if name.role is Role.EXTERNAL:
            bodies.append(structure)
        if name.role is Role.ORGAN and name.organ and name.side in {Side.LEFT, Side.RIGHT}:
            drawn.setdefault(name.organ, {}).setdefault(name.side, []).append(structure)
    compared, swapped = [], {}
    for organ, by_side in drawn.items():
        is_pair = by_side.keys() == {Side.LEFT, Side.RIGHT}
        if not _in_one_frame([one for side in by_side.values() for one in side]):
            continue
        wrong = _swapped(by_side) if is_pair else _on_wrong_side(by_side, bodies)
        if wrong is None:
            continue
        compared.append(organ)
        if wrong:
            swapped[organ] = wrong
    return Laterality(tuple(compared), swapped)


def _swapped(by_side: dict[Side, list[Structure]]) -> str:
    """Return why the two sides of an organ are swapped, or ""."""
    left, right = by_side[Side.LEFT], by_side[Side.RIGHT]
    # Patient x grows to the left, whatever the patient's position.
    away_mm = float(_x_mm(left).mean() - _x_mm(right).mean())
    if away_mm >= 0:
        return ""
    return f"{_names(left)} lies {-away_mm:.0f} mm to the patient's right of {_names(right)}"


def _on_wrong_side(by_side: dict[Side, list[Structure]], bodies: list[Structure]) -> str | None:
    """Return why a single side lies on the other one, or ""; None where no body tells."""
    ((side, structures),) = by_side.items()
    left = left_share(structures, bodies)
    if left is None:
        return None
    own, other = (left, "right") if side is Side.LEFT else (1 - left, "left")
    if own > LEAST_SIDE_SHARE:
        return ""
    return f"{_names(structures)} lies in the {other} half of the body"


def _in_one_frame(structures: Sequence[Structure]) -> bool:
    """Whether structures lie in one frame of reference; in several, positions say nothing."""
    first = structures[0].frame_of_reference_uid
    return all(one.lies_in(first) for one in structures)


def _x_mm(structures: Sequence[Structure]) -> npt.NDArray[np.float64]:
    return np.concatenate([area.points_mm[:, 0] for one in structures for area in one.areas])


def _names(structures: Sequence[Structure]) -> str:
    return listed(one.roi_name for one in structures)


def require_sides(case: Case, names: Iterable[str]) -> None:
    """Raise NotEvaluable where one side of a swapped organ is asked for by any of some names."""
    swapped = laterality_of(case).swapped
    for name in map(read_roi_name, names):
        if name.side in {Side.LEFT, Side.RIGHT} and name.organ in swapped:
            raise NotEvaluable(f"left and right are swapped: {swapped[name.organ]}")


@check("OL007", "Left and right")
def left_and_right(case: Case) -> Iterator[Finding]:
    """What it checks: organs named left and right lie on these sides of the patient.

    Why it matters: swapped lungs put every number of one side to the other, and the wrong lung may
    have been planned.

    How it is measured: of an organ drawn on both sides, the mean patient x of the contour points of
    either side; DICOM's x grows to the patient's left, whatever the patient's position. Of one side
    alone, the share of its points beyond the middle of the body's outline. A limit on one side of a
    swapped organ is not graded.

    Not evaluable when: no structure set can be chosen.

    Source: PS3.3 C.7.6.2.1.1; oligort convention; the grade is the protocol's setting.
    """
    found = laterality_of(case)
    for organ, wrong in found.swapped.items():
        yield Finding(
            code="OL007",
            grade=case.protocol.grades.left_and_right_swapped,
            about=organ,
            message=f"left and right are swapped: {wrong}",
            source=CONVENTION,
            hint="correct the names, or the orientation of the images that were drawn on",
        )
    if found.swapped:
        return
    told = f"{', '.join(found.compared)}: left and right as named" if found.compared else ""
    yield Finding(
        code="OL007",
        grade=Grade.PASS if told else Grade.INFO,
        message=told or "no organ is drawn whose side can be told",
        source=CONVENTION,
    )
