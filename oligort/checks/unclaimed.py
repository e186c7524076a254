"""Unclaimed: what is drawn, and neither the register nor a name says of which lesion.

An entry of the register that is open (`claims.py`) may be any of it, whatever its therapy: what a
register with its ROI names would show must not be lost with the names. An ROI is left out where
its shape tells that it is no lesion.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from oligort.checks.accounting import (
    DISTANT_OR_UNKNOWN,
    AccountedLesion,
    contours_of,
    unclaimed_primaries,
)
from oligort.checks.claims import Claims
from oligort.checks.kinds import (
    doubt_of_kind,
    doubt_of_second_primary,
    doubt_of_unlisted_primary,
)
from oligort.clinical.register import LesionKind, Register, RegisterLesion
from oligort.display import quoted, safe_text
from oligort.errors import NotEvaluable
from oligort.geometry.components import parts
from oligort.geometry.structure import Structure
from oligort.lesions.lesion import Count, Lesion, LesionCensus
from oligort.lesions.naming import RoiName
from oligort.lesions.vocabulary import GTV_ROLES, Role
from oligort.lesions.whereabouts import distant_organs
from oligort.protocol.settings import PrimaryOrgans
from oligort.submission import Submission

MARGIN_ROLES = frozenset({Role.CTV, Role.ITV, Role.PTV})
"""Roles of volumes that are larger than the lesion that they are drawn for."""

TARGET_ROLES = MARGIN_ROLES | GTV_ROLES
"""Roles of volumes that are drawn for a tumour."""

MADE_ROLES = frozenset({Role.HELPER, Role.RING, Role.UNION, Role.EXTERNAL})
"""Roles of what is drawn for planning, mostly around targets; a register may name it even so."""

_TYPES_OF_NOTHING = frozenset({"", "NONE", "OTHER", "UNDEFINED", "UNKNOWN", "UNSPECIFIED"})
"""RT ROI Interpreted Types (3006,00A4) that say nothing: none, and words that the standard does not
know, which systems write for none."""

WIDEST_LESION_MM = 250.0
"""Width of one outline, along an axis of the patient, that bodies, couches and masks have and no
metastasis: half of what the register takes for a size at all."""


def may_be_lesion(name: RoiName) -> bool:
    """Say whether a register may name an ROI as a lesion: no organ, and no margin around one."""
    return {name.role, name.base}.isdisjoint(MARGIN_ROLES | {Role.ORGAN})


def perhaps_metastases(
    register: Register | None,
    census: LesionCensus,
    claims: Claims,
    unlisted: Sequence[Lesion],
    primary_organs: PrimaryOrgans,
) -> Iterator[AccountedLesion]:
    """Yield primaries and regional nodes that may be metastases drawn as an ROI nobody claims.

    They are those that the same ROI would bring into doubt if the register named it for them, or a
    contour that it does not list; no more of them than there are such ROIs, for one is one of them.
    And those that name an organ's ROI, which lies where a metastasis does or is named after it; and
    what is named the primary, is not listed, and lies where none does.
    """

    def doubt_of(*contours: Lesion) -> str:
        assert register is not None
        return doubt_of_kind(entry, contours, register, primary_organs)

    perhaps = (*claims.unclaimed, *unlisted)
    by_roi: dict[str, list[Lesion]] = {}
    for one in perhaps:
        by_roi.setdefault(one.roi_name, []).append(one)
    left = len(by_roi)
    if register is None:
        return
    yield from _primaries_elsewhere(register, census, claims, primary_organs)
    for entry in register.lesions:
        contours = contours_of(entry, census, register)
        is_open = not claims.settle(entry, contours)
        counted = Count(0, max(1, len(contours)))
        lesion = AccountedLesion(contours, entry, counted, is_open=is_open)
        if entry.kind in DISTANT_OR_UNKNOWN or doubt_of(*contours) or not is_open:
            continue  # it is accounted for as it is
        own = [one for one in claims.named if one.roi_name in entry.roi_names]
        if doubt := doubt_of(*own) or _doubt_of_names(entry, own):
            yield replace(lesion, doubt=doubt).perhaps_drawn_as((*own, *claims.unclaimed))
            continue
        # An entry names an ROI as a whole, beside those of its own that are drawn.
        doubted = [
            part
            for parts_of_one in by_roi.values()
            if doubt_of(*contours, *parts_of_one)
            for part in parts_of_one
        ]
        # What is unlisted counts by itself: the entry adds what else it may be drawn as.
        if doubted and left and (claims.unclaimed or contours):
            left -= 1
            # It may be several ROIs: with one that brings it into doubt, all of them.
            doubt = doubt_of(*contours, *doubted)
            yield replace(lesion, doubt=doubt).perhaps_drawn_as(claims.unclaimed)


def _primaries_elsewhere(
    register: Register, census: LesionCensus, claims: Claims, primary_organs: PrimaryOrgans
) -> Iterator[AccountedLesion]:
    """Yield what is called the primary, or named so and not listed, and lies where it does not.

    What an answer less leaves unlisted must not pass where it would be in doubt if it were listed.
    """
    if not register.lesions:
        return
    primaries: list[Lesion] = []
    for entry in register.lesions_of(LesionKind.PRIMARY):
        own = contours_of(entry, census, register)
        doubt = doubt_of_second_primary(entry, own, primaries, register)
        is_doubted = doubt_of_kind(entry, own, register, primary_organs)
        if doubt and not is_doubted and claims.settle(entry, own):
            yield AccountedLesion(own, entry, Count(0, len(own)), "ROI name", doubt)
        primaries += own
    for one in unclaimed_primaries(census, register):
        if one.counted.most or one.said.superseded:
            continue  # it is accounted for as it is, or is no further lesion
        if doubt := doubt_of_unlisted_primary(one, primaries, register, primary_organs):
            yield AccountedLesion((one,), None, Count(0, 1), doubt=doubt)


def _doubt_of_names(entry: RegisterLesion, own: Sequence[Lesion]) -> str:
    """Return which organ of metastases an entry of another kind names as its own, or ""."""
    for one in own:
        if one.said.organ in distant_organs():
            return f"{safe_text(entry.id)} names {quoted(one.roi_name)}, an ROI of {one.said.organ}"
    return ""


def unclaimed_rois(submission: Submission, known: Collection[str]) -> Iterator[str]:
    """Yield the ROIs that may be lesions and are not among those that are known.

    Raises
    ------
    NotEvaluable
        If there is no structure set, or the choice is open.
    """
    drawn = {one: name for one, name in submission.roi_names.items() if not one.is_empty}
    for structure, name in drawn.items():
        if structure.roi_name in known or not may_be_lesion(name) or name.role in GTV_ROLES:
            continue
        if name.role in MADE_ROLES and _is_no_lesion(submission, structure, drawn):
            continue
        if max(np.ptp(one.points_mm, axis=0).max() for one in structure.areas) < WIDEST_LESION_MM:
            yield structure.roi_name


def of_unknown_names(submission: Submission, known: Collection[str]) -> list[str]:
    """Return the ROIs that may be lesions, of whose nature neither name nor type says anything.

    A control of the optimisation lies at a target; one that meets none may be anything. A type that
    a system gives to every target that it types, as ORGAN, says nothing.
    """
    may_be = set(unclaimed_rois(submission, known))
    drawn = {one: name for one, name in submission.roi_names.items() if not one.is_empty}
    targets = [one for one, name in drawn.items() if not TARGET_ROLES.isdisjoint(_roles_of(name))]
    boxes = [box_of(one) for one in targets]
    # What is made from a target is often typed by itself: a ring is a CONTROL.
    typed = {_type_of(one) for one in targets if drawn[one].role in TARGET_ROLES}
    of_targets = typed - _TYPES_OF_NOTHING
    saying_nothing = _TYPES_OF_NOTHING | (of_targets if len(of_targets) == 1 else set())
    unknown = [
        structure
        for structure, name in drawn.items()
        if structure.roi_name in may_be
        and _roles_of(name) == {Role.UNKNOWN}
        and not name.may_be_tumour
    ]
    return [
        structure.roi_name
        for structure in unknown
        if (kind := _type_of(structure)) in saying_nothing
        or (kind == "CONTROL" and not any(boxes_meet(box_of(structure), it) for it in boxes))
    ]


def _type_of(structure: Structure) -> str:
    """Return the RT ROI Interpreted Type as the standard spells it."""
    return structure.interpreted_type.strip().upper()


def _roles_of(name: RoiName) -> set[Role]:
    return {name.role, name.base}


def _is_no_lesion(
    submission: Submission, structure: Structure, drawn: Mapping[Structure, RoiName]
) -> bool:
    """Say whether what is drawn for planning cannot be a lesion of its own.

    An outline of the body holds whole organs, all of them, and all targets. What is made from a
    target says so in its name, with the target's number, and holds that target in each of its
    parts: "Ring_GTVm01" is no further lesion beside "GTVm01_Liver". Any other helper or ring around
    a target may be a larger lesion that holds it.
    """
    name = drawn[structure]
    inside = [box_of(one) for one, it in drawn.items() if it.role in GTV_ROLES | MARGIN_ROLES]
    organs = [box_of(one) for one, it in drawn.items() if it.role is Role.ORGAN]
    own = box_of(structure)
    if name.role is Role.EXTERNAL:
        return bool(organs) and all(_holds(own, box) for box in (*inside, *organs))
    made_from = [
        box_of(one)
        for one, it in drawn.items()
        if it.role is name.base and it.role in GTV_ROLES and _numbers(one) == _numbers(structure)
    ]
    if not made_from:
        return False
    try:
        own_parts = [np.array(part.bounds_mm) for part in parts(structure)]
    except NotEvaluable:
        return False
    return all(any(_holds(part, box) for box in made_from) for part in own_parts)


def _numbers(structure: Structure) -> list[int]:
    """Return the numbers in an ROI's name."""
    return [int(digits) for digits in re.findall(r"[0-9]+", structure.roi_name)]


def box_of(structure: Structure) -> npt.NDArray[np.float64]:
    """Return the least and the greatest coordinates of a structure, (2, 3), in mm."""
    points = np.concatenate([contour.points_mm for contour in structure.areas])
    return np.array([points.min(axis=0), points.max(axis=0)])


def boxes_meet(box: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> bool:
    """Say whether two boxes of `box_of` have a point in common."""
    return bool((box[0] <= other[1]).all() and (box[1] >= other[0]).all())


def _holds(box: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> bool:
    return bool((box[0] <= other[0]).all() and (box[1] >= other[1]).all())
