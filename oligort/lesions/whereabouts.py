"""Whereabouts: the organ ROI that holds most of a lesion, and what contradicts it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from oligort.display import quoted
from oligort.errors import NotEvaluable
from oligort.geometry.components import Part
from oligort.geometry.contact import shared_volume_cc
from oligort.geometry.slabs import SlabModel, slabs_of
from oligort.geometry.structure import Points, Structure
from oligort.lesions.aliases import organ_aliases
from oligort.lesions.candidates import Candidate, LesionHint, organ_candidates
from oligort.lesions.repetition import CensusThresholds
from oligort.lesions.vocabulary import Organ


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
    """

    organ: Organ | None
    evidence: str = ""
    conflict: str = ""
    is_distant: bool = False


_BEYOND_MM = 20.0
"""How far slabs may reach beyond the points of their structure: more than half of any spacing."""


HALF_OF_AN_ORGAN = 0.5
"""What fills so much of an organ is the organ without something; lesions of half a liver are not
drawn under a name that leaves open what it is."""


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
        self._organs = [
            (structure, organ, _box(structure))
            for structure, organ in organ_candidates(structures, hints)
        ]
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

    def _holders(self, candidate: Candidate, part: Part) -> Iterator[tuple[float, str, Organ]]:
        """Yield the share of a part in each organ ROI near it, with name and organ."""
        low, high = _box(candidate.structure)
        for index, (structure, organ, (organ_low, organ_high)) in enumerate(self._organs):
            is_near = (low <= organ_high + _BEYOND_MM).all() and (
                organ_low - _BEYOND_MM <= high
            ).all()
            model = self._model(index) if is_near and structure is not candidate.structure else None
            if model is not None and part.model.frame.is_parallel_to(model.frame):
                share = shared_volume_cc(part.model, model) / part.volume_cc
                yield share, structure.roi_name, organ

    def why_an_organ(self, candidate: Candidate) -> str:
        """Return that an ROI fills half of an organ or more, as no lesion of it does, or ""."""
        for index, (structure, _, _) in enumerate(self._organs):
            model = self._model(index)
            if model is None or not any(
                part.model.frame.is_parallel_to(model.frame) for part in candidate.parts
            ):
                continue
            shared_cc = sum(shared_volume_cc(part.model, model) for part in candidate.parts)
            share = shared_cc / shared_volume_cc(model, model) if shared_cc else 0.0
            if share >= HALF_OF_AN_ORGAN:
                return f"fills {share:.0%} of ROI {quoted(structure.roi_name)}: no lesion of it"
        return ""

    def organ_of(self, candidate: Candidate, part: Part, label: str) -> Whereabouts:
        """Return organ and evidence; the register or the name decides where it speaks."""
        holders = sorted(
            self._holders(candidate, part), key=lambda holder: holder[:2], reverse=True
        )
        share, roi_name, organ = holders[0] if holders else (0.0, "", None)
        next_share, next_name = max(
            ((s, name) for s, name, other in holders if other is not organ), default=(0.0, "")
        )
        is_clear = share >= self._limits.organ_fraction
        if candidate.organ is not None:
            stated = max((s for s, _, held_by in holders if held_by is candidate.organ), default=0)
            conflict = ""
            if is_clear and organ is not candidate.organ and stated < self._limits.organ_fraction:
                conflict = (
                    f"{quoted(label)} is of {candidate.organ} {candidate.organ_evidence}, but "
                    f"{share:.0%} of it lie in ROI {quoted(roi_name)} and {stated:.0%} in an ROI "
                    f"of {candidate.organ}"
                )
            return Whereabouts(candidate.organ, candidate.organ_evidence, conflict)
        if not is_clear:
            return Whereabouts(None)
        if share - next_share < self._limits.organ_lead:
            self.notes.append(
                f"{quoted(label)} lies in two organs: {share:.0%} of it in ROI {quoted(roi_name)} "
                f"and {next_share:.0%} in ROI {quoted(next_name)}"
            )
            return Whereabouts(None)
        return Whereabouts(
            organ,
            f"from its position: {share:.0%} of it lie in ROI {quoted(roi_name)}",
            is_distant=organ in _distant_organs() and share >= self._limits.covered_fraction,
        )


@cache
def _distant_organs() -> frozenset[Organ | None]:
    """Return the organs whose gross tumour is a metastasis."""
    return frozenset(alias.organ for alias in organ_aliases().values() if alias.is_distant)


def _box(structure: Structure) -> tuple[Points, Points]:
    """Return the lowest and the highest patient coordinates (3,) of a structure's areas."""
    points = np.concatenate([contour.points_mm for contour in structure.areas])
    return points.min(axis=0), points.max(axis=0)
