"""Sums: whether a MULTI_PLAN dose holds the plans that it says it sums."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from oligort.dose.grid import DoseGrid
from oligort.dose.same import is_same_dose
from oligort.errors import NotEvaluable
from oligort.objects import Dose, Plan
from oligort.picked import is_of_a_part, is_of_one_group
from oligort.selection import listing, title

Floats = npt.NDArray[np.float64]

MOST_ASKED = 100_000
"""Voxels of a sum that are asked for the dose of its plans, evenly over it."""

HOT_SHARE = 0.5
"""Share of its maximum from which a plan's dose is hot: the grid of a sum must reach that far."""

FOUND_SHARES = (HOT_SHARE, 0.1)
"""Shares of its maximum from which a plan's dose must be found in a sum, each by itself: a small
boost is lost among all that gets a little, and a bath over the lungs lies far below what is hot."""

SHORT_SHARE, SHORT_VOXELS = 0.01, 0.01
"""A sum falls short where that share of such voxels of a plan lack that share of its maximum.

Sixteen bits store a dose to a thousandth of that; single voxels at a surface may be cut off in one
export and not in another.
"""


@dataclass(frozen=True, eq=False)
class _Part:
    """What a sum must hold: one of several doses of some plans, whichever of them is meant.

    A plan that is there only by its beams has one, their sum. `least_gy` has a row for each, the
    dose at the points that are asked; NaN outside its grid. `is_alone` marks what may be in one of
    the other parts, and is not added to them.
    """

    plan_uids: frozenset[str]
    meant: tuple[tuple[Dose, ...], ...]
    least_gy: Floats
    is_alone: bool = False

    @cached_property
    def surely_gy(self) -> Floats:
        """The dose that it gives whichever is meant, 0 where none is known."""
        lowest_gy: Floats = np.fmin.reduce(self.least_gy, axis=0)
        return np.nan_to_num(lowest_gy)


_FIRST = {"FRACTION": 0, "BEAM": 1}
"""Kinds of parts of which a plan is likely to have all, the likeliest first."""


def sums_unnamed(dose: Dose) -> bool:
    """Whether a dose is a sum (MULTI_PLAN) that names one plan alone, and so holds others too."""
    return dose.summation_type == "MULTI_PLAN" and len(set(dose.plan_uids)) == 1


def require_whole_sum(
    total: Dose, doses: Sequence[Dose], plans: Sequence[Plan], *, is_asked: bool = False
) -> None:
    """Raise NotEvaluable where a sum is lower than the doses of the plans that it names.

    A sum is nowhere below the sum of its parts, and these are taken at the lowest of the voxels
    around, so that no interpolation counts. Of several doses of one plan it must hold one, and a
    plan that has only doses of its beams gives at least their sum. A sum that names no plan must
    hold whatever is there. Where no frame of reference is named, the same is taken. Parts in
    another frame or of another type are not asked. A plan's dose must hold its beams in the same
    way; one that names no plan is taken for that of the plan that has none, and must hold whatever
    beams are there, unless the user asks for it (`is_asked`).
    """
    if total.grid is None or is_of_a_part(total):
        return
    if total.summation_type == "MULTI_PLAN":
        _require_not_lower(total, total.grid, doses, plans)
        return
    plan_uids = set(total.plan_uids)
    of_beams = (dose for dose in doses if dose.summation_type == "BEAM")
    # Without a name it is of any plan here, were it not for its voxels.
    beams = [
        dose for dose in of_beams if set(dose.plan_uids) == plan_uids or not (plan_uids or is_asked)
    ]
    if beams:
        _require_not_lower(total, total.grid, beams, plans)


def require_held(
    total: Dose, held: Sequence[Dose], beside: Sequence[Dose], plans: Sequence[Plan]
) -> None:
    """Raise NotEvaluable where doses that are left out for another one were not found in it.

    That it names their plans says nothing of its voxels, and what is left out is lost where these
    lack it. Besides those that are `held` a sum must hold what lies `beside` it, at once. All are
    in one frame of reference.
    """
    for dose in held:
        _require_seen(total, dose)
    if total.grid is not None:
        together = [*held, *(one for one in beside if total.summation_type == "MULTI_PLAN")]
        _require_not_lower(total, total.grid, together, plans)


def _require_seen(total: Dose, dose: Dose) -> None:
    """Raise NotEvaluable where a dose cannot be looked for in another one that names its plan."""
    said = f"{title(total)} names the plan of {title(dose)}, "
    if dose.grid is None or total.grid is None or not _can_be_compared(dose, total):
        raise NotEvaluable(
            f"{said}and whether it holds that dose is not known: the two are of different Dose "
            f"Types, or one cannot be used; choose one, or leave the other out"
        )
    places = np.argwhere(dose.grid.dose_gy >= HOT_SHARE * dose.grid.maximum_gy)
    places = places[:: max(1, len(places) // MOST_ASKED)]
    at_gy = total.grid.field().at(dose.grid.grid.to_patient(places.astype(np.float64)))
    share = float(np.mean(np.isnan(at_gy)))
    if share > SHORT_VOXELS:
        raise NotEvaluable(
            f"{said}and its grid does not hold {100 * share:.0f} % of the voxels with at least "
            f"half of that dose: whether it holds them is not known; export the sum anew on a grid "
            f"that does, or choose the doses that are courses"
        )


def _require_not_lower(
    total: Dose, given: DoseGrid, doses: Sequence[Dose], plans: Sequence[Plan]
) -> None:
    named = set(total.plan_uids)
    beside = [
        dose
        for dose in doses
        if dose.summation_type != "MULTI_PLAN" and (not named or named.issuperset(dose.plan_uids))
    ]
    compared = [dose for dose in beside if _can_be_compared(dose, total)]
    if not named:
        _require_comparable(total, beside, compared)
    step = max(1, int(np.ceil((given.dose_gy.size / MOST_ASKED) ** (1 / 3))))
    chosen = (slice(None, None, step),) * 3
    places = np.moveaxis(np.indices(given.dose_gy.shape)[(slice(None), *chosen)], 0, -1)
    points_mm = given.grid.to_patient(places.reshape(-1, 3).astype(np.float64))
    given_gy = given.dose_gy[chosen].ravel()
    parts = _parts(named, compared, plans, points_mm)
    short: list[tuple[float, list[_Part]]] = []
    for part in parts:
        added = [
            other
            for other in parts
            if not (part.is_alone or other.is_alone or part.plan_uids & other.plan_uids)
        ]
        others_gy = sum((other.surely_gy for other in added), np.zeros(len(given_gy)))
        own_gy = np.nan_to_num(part.least_gy)
        lacks_gy = [_lack_gy(own, own + others_gy - given_gy) for own in own_gy if own.any()]
        if lacks_gy and min(lacks_gy) > 0:
            short.append((min(lacks_gy), [part, *added]))
    if short:
        most_gy, lacking = max(short, key=lambda one: one[0])
        raise NotEvaluable(_told(total, most_gy, lacking))


def _can_be_compared(dose: Dose, total: Dose) -> bool:
    """Whether a dose is one in Gy, of a sum's type and frame of reference as far as these say."""
    pairs = (
        (dose.dose_type, total.dose_type),
        (dose.frame_of_reference_uid, total.frame_of_reference_uid),
    )
    return dose.grid is not None and all(not (a and b) or a == b for a, b in pairs)


def _require_comparable(total: Dose, beside: Sequence[Dose], compared: Sequence[Dose]) -> None:
    """Raise NotEvaluable where a sum that names no plan may lack what it is not held against."""
    seen = {frozenset(dose.plan_uids) for dose in compared if dose.plan_uids}
    unknown = [
        dose for dose in beside if dose not in compared and frozenset(dose.plan_uids) not in seen
    ]
    if unknown:
        raise NotEvaluable(
            f"{title(total)} does not say which plans it sums, and may lack {listing(unknown)}, "
            f"with which it cannot be compared; export the sum anew, or choose the doses that are "
            f"courses"
        )


def _parts(
    named: set[str], compared: Sequence[Dose], plans: Sequence[Plan], points_mm: Floats
) -> list[_Part]:
    """Return what a sum must hold of the doses beside it, at points (N, 3)."""
    whole = _distinct(d for d in compared if not is_of_a_part(d) and not is_of_one_group(d, plans))
    of_parts = _distinct(d for d in compared if is_of_a_part(d) or is_of_one_group(d, plans))
    parts = []
    keys = dict.fromkeys(frozenset(dose.plan_uids) for dose in whole if dose.plan_uids)
    for uids in keys:
        own = [(dose,) for dose in whole if uids == set(dose.plan_uids)]
        # A dose of two plans holds what each of them has of its own.
        holds_others = len(uids) > 1 and any(uids & other for other in keys if other != uids)
        parts.append(_part(uids, own, points_mm, is_alone=holds_others))
    by_plans = {uid for part in parts for uid in part.plan_uids}
    kinds = [(frozenset(dose.plan_uids), dose.summation_type) for dose in of_parts]
    # Of two kinds of parts of one plan the likelier whole comes first: the other is held alone.
    for uids, kind in sorted(dict.fromkeys(kinds), key=lambda its: _FIRST.get(its[1], len(_FIRST))):
        if uids & by_plans:
            continue
        own = [(d,) for d, its in zip(of_parts, kinds, strict=True) if its == (uids, kind)]
        # What names no type may be a whole plan, twice.
        meant = [tuple(dose for one in own for dose in one)] if kind else own
        is_second = any(uids & part.plan_uids for part in parts)
        parts.append(_part(uids, meant, points_mm, is_alone=not uids or is_second))
    is_open = not named or bool(named - {uid for part in parts for uid in part.plan_uids})
    for number, dose in enumerate(dose for dose in whole if not dose.plan_uids):
        # No UID is spelled so: each is a plan of its own where one is not seen by its name.
        uids = frozenset({f"not named {number}"})
        parts.append(_part(uids, [(dose,)], points_mm, is_alone=not is_open))
    return parts


def _part(
    uids: frozenset[str],
    meant: Sequence[tuple[Dose, ...]],
    points_mm: Floats,
    *,
    is_alone: bool = False,
) -> _Part:
    rows = []
    for doses in meant:
        each = [_least_gy(dose.grid, points_mm) for dose in doses if dose.grid is not None]
        rows.append(each[0] if len(each) == 1 else np.nan_to_num(each).sum(axis=0))
    return _Part(uids, tuple(meant), np.array(rows), is_alone)


def _distinct(doses: Iterable[Dose]) -> list[Dose]:
    """Return doses without those that are another one again, and name the same plans or none."""
    kept: list[Dose] = []
    # Those that name their plans come first, so that none of them is left out for an unnamed one.
    for dose in sorted(doses, key=lambda dose: not dose.plan_uids):
        if not any(_is_again(dose, other) for other in kept):
            kept.append(dose)
    return kept


def _is_again(dose: Dose, other: Dose) -> bool:
    if dose.plan_uids and set(dose.plan_uids) != set(other.plan_uids):
        return False
    return dose.grid is not None and other.grid is not None and is_same_dose(dose.grid, other.grid)


def _lack_gy(own_gy: Floats, lacks_gy: Floats) -> float:
    """Return how much a sum lacks at most where a part gives dose; 0 where it holds it."""
    highest_gy = own_gy.max()
    asked = [lacks_gy[own_gy >= share * highest_gy] for share in FOUND_SHARES]
    short = [one for one in asked if np.mean(one > SHORT_SHARE * highest_gy) > SHORT_VOXELS]
    return max((float(one.max()) for one in short), default=0.0)


def _told(total: Dose, lacks_gy: float, parts: Sequence[_Part]) -> str:
    """Return what to say of a sum that is lower than some parts."""
    doses = [dose for part in parts for doses in part.meant for dose in doses]
    several = [dose for part in parts if len(part.meant) > 1 for one in part.meant for dose in one]
    which = f" (whichever of {listing(several)} is meant)" if several else ""
    if not total.plan_uids:
        is_sum = total.summation_type == "MULTI_PLAN"
        said = (
            "which plans it sums, and may lack some" if is_sum else "of which plan it is: of none"
        )
        why = f"it does not say {said} of these"
    elif not all(dose.plan_uids for dose in doses):
        why = "not all of these say of which plan they are, and it may lack some of them"
    else:
        why = "whose plans it says it holds: it lacks a part of them"
    frames = {dose.frame_of_reference_uid for dose in (total, *doses)}
    if "" in frames:
        why += " (where no frame of reference is named, the same is taken)"
    return (
        f"{title(total)} is in places at least {lacks_gy:.2f} Gy lower than the sum of "
        f"{listing(doses)}{which}, {why}; export the sum anew, or choose the doses that are courses"
    )


def _least_gy(dose: DoseGrid, points_mm: Floats) -> Floats:
    """Return the lowest dose of the voxels around points (N, 3); NaN outside the grid."""
    least = dose.dose_gy
    for axis in range(3):
        padded = np.pad(least, [(1, 1) if one == axis else (0, 0) for one in range(3)], "edge")
        count = least.shape[axis]
        least = np.min([padded.take(range(n, n + count), axis=axis) for n in range(3)], axis=0)
    return replace(dose, dose_gy=least).field().at(points_mm)
