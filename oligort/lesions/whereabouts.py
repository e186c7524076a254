"""Whereabouts: the organ ROI that holds most of a lesion, and what contradicts it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from oligort.display import listed, quoted
from oligort.errors import NotEvaluable
from oligort.geometry.components import Part
from oligort.geometry.contact import shared_volume_cc
from oligort.geometry.slabs import SlabModel, slabs_of
from oligort.geometry.structure import Points, Structure
from oligort.lesions.aliases import organ_aliases
from oligort.lesions.beyond import (
    BEYOND_ORGAN_MM,
    DRAWN_WHOLE,
    FAR_NODE_MM,
    is_drawn_whole,
    lies_beyond,
)
from oligort.lesions.candidates import Candidate, LesionHint, organ_candidates
from oligort.lesions.naming import RoiName
from oligort.lesions.repetition import CensusThresholds
from oligort.lesions.vocabulary import Organ, Role, Side


@dataclass(frozen=True)
class Whereabouts:
    """The organ of one part.

    Parameters
    ----------
    organ : Organ or None
        From the register, else the name, else the place; None when unknown.
    evidence : str
        What it rests on, or "".
    conflict : str
        What the place says against register or name, with the fractions, or "".
    is_distant : bool
        Whether nearly all of it lies in an organ whose gross tumour is a metastasis.
    lies_in : Organ or None
        The organ whose ROI holds nearly all of it and that of no other organ does, whatever
        register and name say.
    held_by : Organ or None
        The organ whose ROI holds most of it, clearly enough to tell its place.
    held_on : Side or None
        The side of the organ's ROI that holds most of it; None where none of one side alone does.
    beyond : mapping of Organ to bool
        Of what may be the primary, whether it lies wholly outside of oesophagus and stomach, as far
        as they are drawn.
    """

    organ: Organ | None
    evidence: str = ""
    conflict: str = ""
    is_distant: bool = False
    lies_in: Organ | None = None
    held_by: Organ | None = None
    held_on: Side | None = None
    beyond: Mapping[Organ, bool] = field(default_factory=dict)


_OTHER_SIDE = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}

_BEYOND_MM = 20.0
"""How far slabs may reach beyond the points of their structure: more than half of any spacing."""


@dataclass(frozen=True, eq=False)
class DrawnOrgan:
    """An ROI of an organ with a group, as slabs."""

    structure: Structure
    organ: Organ
    name: RoiName
    model: SlabModel

    @property
    def roi_name(self) -> str:
        """The ROI name as written: hostile text."""
        return self.structure.roi_name


class OrganFinder:
    """Finds the organ ROI that holds most of a part; only organs near parts are cut into slabs."""

    def __init__(
        self,
        structures: Sequence[Structure],
        hints: Mapping[str, LesionHint],
        spacing_mm: float | None,
        limits: CensusThresholds,
    ) -> None:
        self.notes: list[str] = []
        self._limits = limits
        self._spacing_mm = spacing_mm
        organs = organ_candidates(structures, hints)
        self._organs = [(structure, organ, _box(structure)) for structure, organ, _ in organs]
        self._names = [name for _, _, name in organs]
        self._models: dict[int, SlabModel | None] = {}

    def _model(self, index: int) -> SlabModel | None:
        """Return the slabs of an organ, or None with a note."""
        if index not in self._models:
            self._models[index] = None
            try:
                self._models[index] = slabs_of(self._organs[index][0], self._spacing_mm)
            except NotEvaluable as reason:
                self.notes.append(f"not asked where lesions lie: {reason}")
        return self._models[index]

    def _holders(
        self, candidate: Candidate, part: Part
    ) -> Iterator[tuple[float, str, Organ, Side | None]]:
        """Yield the share of a part in each organ ROI near it, with name, organ and side."""
        low, high = _box(candidate.structure)
        for index, (structure, organ, (organ_low, organ_high)) in enumerate(self._organs):
            is_near = (low <= organ_high + _BEYOND_MM).all() and (
                organ_low - _BEYOND_MM <= high
            ).all()
            model = self._model(index) if is_near and structure is not candidate.structure else None
            if model is not None and part.model.frame.is_parallel_to(model.frame):
                share = shared_volume_cc(part.model, model) / part.volume_cc
                yield share, structure.roi_name, organ, self._names[index].side

    def drawn(self) -> Iterator[DrawnOrgan]:
        """Yield the organs that can be cut into slabs, in the order of the structure set."""
        for index, (structure, organ, _) in enumerate(self._organs):
            if (model := self._model(index)) is not None:
                yield DrawnOrgan(structure, organ, self._names[index], model)

    def model_of(self, structure: Structure) -> SlabModel:
        """Return the slabs of any ROI.

        Raises
        ------
        NotEvaluable
            If it cannot be cut into slabs.
        """
        return slabs_of(structure, self._spacing_mm)

    def organ_of(self, candidate: Candidate, part: Part, label: str) -> Whereabouts:
        """Return organ and evidence; the register or the name decides where it speaks."""
        holders = sorted(
            self._holders(candidate, part), key=lambda holder: holder[:2], reverse=True
        )
        share, roi_name, organ, _ = holders[0] if holders else (0.0, "", None, None)
        next_share, next_name = max(
            ((s, name) for s, name, other, _ in holders if other is not organ), default=(0.0, "")
        )
        is_covered = share >= self._limits.covered_fraction
        lies_in = organ if is_covered and share - next_share >= self._limits.organ_lead else None
        is_distant = lies_in in distant_organs()
        is_clear = share >= self._limits.organ_fraction
        held_by = organ if is_clear else None
        held_on = self._side_of(holders, candidate.organ or held_by)
        beyond = self._beyond_primary_organs(candidate, part, holders, label)
        if candidate.organ is not None:
            is_elsewhere = organ is not None and not organ.counts_with(candidate.organ)
            stated = max((s for s, _, its, _ in holders if its is candidate.organ), default=0)
            conflict = self._side_conflict(candidate, candidate.organ, holders, label)
            if not stated:
                conflict = conflict or self._beyond_conflict(candidate, part, label)
            if is_clear and is_elsewhere and stated < self._limits.organ_fraction:
                conflict = (
                    f"{quoted(label)} is of {candidate.organ} {candidate.organ_evidence}, but "
                    f"{share:.0%} of it lie in ROI {quoted(roi_name)} and {stated:.0%} in an ROI "
                    f"of {candidate.organ}"
                )
            # What contradicts itself by its name is no metastasis by its place: it stays open.
            is_distant = is_distant and bool(conflict) and candidate.role is Role.GTV_PRIMARY
            return Whereabouts(
                candidate.organ,
                candidate.organ_evidence,
                conflict,
                is_distant,
                lies_in,
                held_by,
                held_on,
                beyond,
            )
        if not is_clear:
            return Whereabouts(None, beyond=beyond)
        if share - next_share < self._limits.organ_lead:
            self.notes.append(
                f"{quoted(label)} lies in two organs: {share:.0%} of it in ROI {quoted(roi_name)} "
                f"and {next_share:.0%} in ROI {quoted(next_name)}"
            )
            return Whereabouts(None, beyond=beyond)
        lies = f"{share:.0%} of it lie in ROI {quoted(roi_name)}"
        is_primary = candidate.role is Role.GTV_PRIMARY and not candidate.role_is_stated
        conflict = f"{quoted(label)} is the primary by its name, but {lies}"
        of_side = self._side_conflict(candidate, organ, holders, label)
        return Whereabouts(
            organ,
            f"from its position: {lies}",
            conflict if is_primary and is_distant else of_side,
            is_distant,
            lies_in,
            held_by,
            held_on,
            beyond,
        )

    def _beyond_primary_organs(
        self,
        candidate: Candidate,
        part: Part,
        holders: Sequence[tuple[float, str, Organ, Side | None]],
        label: str,
    ) -> Mapping[Organ, bool]:
        """Return whether what may be the primary lies outside of oesophagus and stomach, if drawn.

        A note tells of a node that is called regional far from both.
        """
        if candidate.role is Role.GTV_NODE and candidate.role_is_stated:
            apart = {
                organ: self._lies_beyond(candidate, part, organ, FAR_NODE_MM)
                for organ in (Organ.ESOPHAGUS, Organ.STOMACH)
            }
            if apart[Organ.ESOPHAGUS] and apart[Organ.STOMACH] is not False:
                self.notes.append(
                    f"{quoted(label)} is a regional node by the register, and lies more than "
                    f"{FAR_NODE_MM:g} mm from the oesophagus: it may be a distant metastasis"
                )
        if candidate.role not in (Role.GTV_PRIMARY, Role.GTV):
            return {}
        held = {organ for share, _, organ, _ in holders if share}
        asked = {
            organ: organ not in held and self._lies_beyond(candidate, part, organ)
            for organ in (Organ.ESOPHAGUS, Organ.STOMACH)
        }
        return {organ: is_beyond for organ, is_beyond in asked.items() if is_beyond is not None}

    def _lies_beyond(
        self, candidate: Candidate, part: Part, organ: Organ, least_mm: float = 0.0
    ) -> bool | None:
        """Return whether a part lies wholly outside of an organ; None where that cannot be told.

        That is where the organ is not drawn, or not all of it, or in planes of another direction.
        `least_mm` is the distance from which on it does.
        """
        drawn: list[tuple[RoiName, SlabModel]] = []
        for index, (structure, its, _) in enumerate(self._organs):
            if its is not organ or structure is candidate.structure:
                continue
            model = self._model(index)
            if model is None or not part.model.frame.is_parallel_to(model.frame):
                return None
            drawn.append((self._names[index], model))
        if not all(lies_beyond(part, model, least_mm=least_mm) for _, model in drawn):
            return False
        side = candidate.stated_side or candidate.name.side
        return True if is_drawn_whole(organ, drawn, side) else None

    def _beyond_conflict(self, candidate: Candidate, part: Part, label: str) -> str:
        """Return that a part lies wholly outside of the organ that register or name say, or ""."""
        organ = candidate.organ
        if organ not in DRAWN_WHOLE or not self._lies_beyond(candidate, part, organ):
            return ""
        names = [structure.roi_name for structure, its, _ in self._organs if its is organ]
        return (
            f"{quoted(label)} is of {organ} {candidate.organ_evidence}, but lies wholly outside of "
            f"{'ROI' if len(names) == 1 else 'ROIs'} {listed(names)}, more than "
            f"{BEYOND_ORGAN_MM:g} mm away"
        )

    def _side_of(
        self, holders: Sequence[tuple[float, str, Organ, Side | None]], organ: Organ | None
    ) -> Side | None:
        """Return the side whose ROI of an organ holds most of a part, if no other side's does."""
        sides = {
            side
            for share, _, its, side in holders
            if its is organ and side in _OTHER_SIDE and share >= self._limits.organ_fraction
        }
        return sides.pop() if len(sides) == 1 else None

    def _side_conflict(
        self,
        candidate: Candidate,
        organ: Organ | None,
        holders: Sequence[tuple[float, str, Organ, Side | None]],
        label: str,
    ) -> str:
        """Return that a part lies in the other one of a pair than register or name say, or ""."""
        told = []
        said = (candidate.stated_side, "by the register"), (candidate.name.side, "by its name")
        for side, evidence in said:
            if side not in _OTHER_SIDE:
                continue
            held = [one for one in holders if one[2] is organ]
            share, roi_name = max(
                (one[:2] for one in held if one[3] is _OTHER_SIDE[side]), default=(0, "")
            )
            own = max((one[0] for one in held if one[3] is side), default=0)
            if share < self._limits.organ_fraction or own >= self._limits.organ_fraction:
                continue
            told.append(
                f"{quoted(label)} is of the side {side} {evidence}, but {share:.0%} of it lie in "
                f"ROI {quoted(roi_name)}"
            )
        return "; ".join(told)


@cache
def distant_organs() -> frozenset[Organ | None]:
    """Return the organs whose gross tumour is a metastasis."""
    return frozenset(alias.organ for alias in organ_aliases().values() if alias.is_distant)


def _box(structure: Structure) -> tuple[Points, Points]:
    """Return the lowest and the highest patient coordinates (3,) of a structure's areas."""
    points = np.concatenate([contour.points_mm for contour in structure.areas])
    return points.min(axis=0), points.max(axis=0)
