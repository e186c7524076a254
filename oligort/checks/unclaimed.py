"""Unclaimed: what is drawn, and neither the register nor a name says of which lesion.

An entry of the register of which no drawn ROI is known may be any of it, whatever its therapy: what
a register with its ROI names would show must not be lost with the names. An ROI is left out where
its shape tells that it is no lesion.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from oligort.checks.accounting import DISTANT_OR_UNKNOWN, AccountedLesion, contours_of
from oligort.checks.kinds import doubt_of_kind
from oligort.clinical.register import Register, RegisterLesion, Therapy
from oligort.geometry.structure import Structure
from oligort.lesions.lesion import Count, Lesion, LesionCensus
from oligort.lesions.naming import RoiName
from oligort.lesions.vocabulary import GTV_ROLES, Role
from oligort.protocol.settings import PrimaryOrgans
from oligort.submission import Submission

MARGIN_ROLES = frozenset({Role.CTV, Role.ITV, Role.PTV})
"""Roles of volumes that are larger than the lesion that they are drawn for."""

MADE_ROLES = frozenset({Role.HELPER, Role.RING, Role.UNION, Role.EXTERNAL})
"""Roles of what is drawn for planning, mostly around targets; a register may name it even so."""

WIDEST_LESION_MM = 250.0
"""Width of one outline, along an axis of the patient, that bodies, couches and masks have and no
metastasis: half of what the register takes for a size at all."""


def may_be_lesion(name: RoiName) -> bool:
    """Say whether a register may name an ROI as a lesion: no organ, and no margin around one."""
    return {name.role, name.base}.isdisjoint(MARGIN_ROLES | {Role.ORGAN})


def names_not_drawn(entry: RegisterLesion, drawn: Collection[str]) -> list[str]:
    """Return the ROIs that an entry names and that are not drawn."""
    return [name for name in entry.roi_names if name not in drawn]


def may_be_unclaimed(lesion: AccountedLesion, drawn: Collection[str]) -> bool:
    """Say whether a lesion of the register may be drawn as an ROI that nobody claims.

    That is so where a name of it is not drawn, and where it has neither names nor contours; but for
    one that needs no contour, and of which the register says that it is drawn nowhere.
    """
    entry = lesion.entry
    if entry is None:
        return False
    if entry.roi_names:
        return bool(names_not_drawn(entry, drawn))
    is_drawn_nowhere = entry.drawn_as is not None and entry.therapy not in {
        Therapy.RADIOTHERAPY,
        Therapy.UNKNOWN,
    }
    return not lesion.contours and not is_drawn_nowhere


def perhaps_metastases(
    register: Register | None,
    census: LesionCensus,
    unclaimed: Sequence[Lesion],
    drawn: Collection[str],
    primary_organs: PrimaryOrgans,
) -> Iterator[AccountedLesion]:
    """Yield primaries and regional nodes that may be metastases drawn as an ROI nobody claims.

    They are those that the same ROI would bring into doubt if the register named it for them; no
    more of them than there are such ROIs, for one ROI is one of them.
    """

    def doubt_of(*contours: Lesion) -> str:
        return doubt_of_kind(entry, contours, register, primary_organs) if register else ""

    left = len({one.roi_name for one in unclaimed})
    for entry in register.lesions if register else ():
        contours = contours_of(entry, census)
        lesion = AccountedLesion(contours, entry, Count(0, 1), doubt=doubt_of(*contours))
        if entry.kind in DISTANT_OR_UNKNOWN or lesion.doubt or not may_be_unclaimed(lesion, drawn):
            continue  # it is accounted for as it is
        doubted = [one for one in unclaimed if doubt_of(one)]
        if doubted and left:
            left -= 1
            yield replace(lesion, doubt=doubt_of(*doubted)).perhaps_drawn_as(doubted)


def unclaimed_rois(submission: Submission, known: Collection[str]) -> Iterator[str]:
    """Yield the ROIs that may be lesions and are not among those that are known.

    Raises
    ------
    NotEvaluable
        If there is no structure set, or the choice is open.
    """
    drawn = {one: name for one, name in submission.roi_names.items() if not one.is_empty}
    targets = [_box(one) for one, name in drawn.items() if name.role in GTV_ROLES | MARGIN_ROLES]
    for structure, name in drawn.items():
        if structure.roi_name in known or not may_be_lesion(name) or name.role in GTV_ROLES:
            continue
        if name.role in MADE_ROLES and any(_holds(_box(structure), box) for box in targets):
            continue
        if max(np.ptp(one.points_mm, axis=0).max() for one in structure.areas) < WIDEST_LESION_MM:
            yield structure.roi_name


def _box(structure: Structure) -> npt.NDArray[np.float64]:
    """Return the least and the greatest coordinates of a structure, (2, 3), in mm."""
    points = np.concatenate([contour.points_mm for contour in structure.areas])
    return np.array([points.min(axis=0), points.max(axis=0)])


def _holds(box: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> bool:
    return bool((box[0] <= other[0]).all() and (box[1] >= other[1]).all())
