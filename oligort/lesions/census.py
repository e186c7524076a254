"""The census: every lesion measured, and how many distant metastases there are, least and most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from oligort.display import listed, quoted, safe_text
from oligort.errors import NotEvaluable, SelectionError
from oligort.geometry.components import Part, connected_groups
from oligort.geometry.contact import shared_volume_cc
from oligort.geometry.slabs import SlabModel, slabs_of
from oligort.geometry.structure import Structure
from oligort.lesions.candidates import (
    Candidate,
    LesionHint,
    extent_of,
    identity,
    is_gross_tumour,
    organ_candidates,
    read_candidate,
    usual_spacing_of,
)
from oligort.lesions.lesion import Count, Exclusion, Lesion, LesionCensus
from oligort.lesions.repetition import CensusThresholds, Key, Repetition, find_repetition
from oligort.lesions.vocabulary import Organ, Role
from oligort.measure import Measure

__all__ = ["CensusThresholds", "LesionHint", "census"]

_COUNTS = {Role.GTV_METASTASIS: Count(1, 1), Role.GTV: Count(0, 1)}
"""What one part of an ROI counts by its role; every other role is no distant metastasis."""

_NONE, _MAYBE = Count(0, 0), Count(0, 1)

_DISTINCT_ROLES = {Role.GTV_PRIMARY, Role.GTV_NODE}

_REASONS = {
    Role.ITV: "an ITV holds motion as well: its size is an upper bound of the lesion's",
    Role.CTV: "a CTV holds more than gross tumour",
    Role.PTV: "a PTV holds margins as well: its size is an upper bound of the lesion's",
    Role.UNION: "several volumes in one ROI",
    Role.RING: "a ring or a wall, drawn for planning",
    Role.HELPER: "drawn for planning",
}


_MAX_REASON = 160
"""Longest reason that is told of a name; names of 64 characters stand in it."""


@dataclass(frozen=True)
class _Unmeasured:
    """An ROI that cannot be measured; the metastasis that it names may still be there."""

    exclusion: Exclusion
    organ: Organ | None


def census(
    structures: Sequence[Structure],
    *,
    hints: Mapping[str, LesionHint] = MappingProxyType({}),
    roi_names: Sequence[str] | None = None,
    usual_spacing_mm: float | None = None,
    thresholds: CensusThresholds | None = None,
) -> LesionCensus:
    """Measure the lesions among the structures of one structure set, and count metastases.

    Every separate 3D part of an ROI of gross tumour is a candidate. Metastases count as one
    each; a GTV that may be the primary as none or one; the primary and nodes as none. Repeated
    parts and unions are left out; of parts that may be one lesion all but one are doubtful.

    Parameters
    ----------
    structures : sequence of Structure
        All structures: organs tell where a lesion lies.
    hints : mapping of ROI name to LesionHint
        From the clinical register; a hint overrides the name.
    roi_names : sequence of str or None
        Measure exactly these ROIs, whatever their role; None: those of gross tumour.
    usual_spacing_mm : float or None
        Plane spacing of the image series; None: the usual one of the structures.
    thresholds : CensusThresholds or None
        None: the defaults.

    Raises
    ------
    SelectionError
        If an ROI asked for does not exist.
    """
    limits = thresholds or CensusThresholds()
    spacing_mm = usual_spacing_mm or usual_spacing_of(structures)
    chosen = _chosen(structures, hints, roi_names)
    candidates, unmeasured = _candidates(chosen, hints, spacing_mm)
    repetition = find_repetition(candidates, limits)
    organs = _OrganFinder(structures, hints, spacing_mm, limits.organ_fraction)
    lesions = {
        (number, part): _lesion(candidate, part, limits, organs)
        for number, candidate in enumerate(candidates)
        for part in range(len(candidate.parts))
    }
    doubts, groups = _doubts(lesions, repetition)
    lesions = {key: _with_doubt(lesion, doubts.get(key)) for key, lesion in lesions.items()}
    counts, total = _add_up(lesions, groups, unmeasured)
    excluded = [missing.exclusion for missing in unmeasured]
    excluded += _repeated(candidates, repetition)
    notes = [*organs.notes, *repetition.notes, *repetition.may_be_one.values()]
    if roi_names is None:
        lesions = {key: it for key, it in lesions.items() if key not in repetition.dropped}
        excluded += _no_lesions(structures, chosen, hints)
        notes += _typed_otherwise(structures, chosen)
    notes += [f"{quoted(it.label)}: {it.doubt}" for it in lesions.values() if it.doubt]
    return LesionCensus(
        tuple(lesions.values()),
        total,
        MappingProxyType(counts),
        tuple(excluded),
        tuple(dict.fromkeys(notes)),
    )


def _chosen(
    structures: Sequence[Structure],
    hints: Mapping[str, LesionHint],
    roi_names: Sequence[str] | None,
) -> list[Structure]:
    """Return the ROIs to measure."""
    if roi_names is None:
        return [s for s in structures if is_gross_tumour(*identity(s, hints)[:2])]
    known = {structure.roi_name for structure in structures}
    unknown = [name for name in roi_names if name not in known]
    if unknown:
        raise SelectionError(
            f"expected names of ROIs in the structure set, found {listed(unknown)}; "
            f"it holds {listed(sorted(known))}"
        )
    return [structure for structure in structures if structure.roi_name in set(roi_names)]


def _candidates(
    chosen: Sequence[Structure], hints: Mapping[str, LesionHint], spacing_mm: float | None
) -> tuple[list[Candidate], list[_Unmeasured]]:
    """Return the ROIs that can be measured, and those that cannot."""
    candidates, unmeasured = [], []
    for structure in chosen:
        try:
            candidates.append(read_candidate(structure, hints, spacing_mm))
        except NotEvaluable as reason:
            name, role, organ, _ = identity(structure, hints)
            role = name.base if role is Role.UNION else role
            may_be = role in _COUNTS
            exclusion = Exclusion(structure.roi_name, f"not measured: {reason}", may_be)
            unmeasured.append(_Unmeasured(exclusion, organ))
    return candidates, unmeasured


class _OrganFinder:
    """Finds the organ ROI that holds most of a part; organs are cut into slabs when needed."""

    def __init__(
        self,
        structures: Sequence[Structure],
        hints: Mapping[str, LesionHint],
        spacing_mm: float | None,
        fraction: float,
    ) -> None:
        self.notes: list[str] = []
        self._fraction = fraction
        self._organs: list[tuple[str, Organ, SlabModel]] = []
        for structure, organ in organ_candidates(structures, hints):
            try:
                self._organs.append((structure.roi_name, organ, slabs_of(structure, spacing_mm)))
            except NotEvaluable as reason:
                self.notes.append(f"not asked where lesions lie: {reason}")

    def organ_of(self, candidate: Candidate, part: Part, label: str) -> tuple[Organ | None, str]:
        """Return organ and evidence; the register or the name decides where it speaks."""
        holders = [
            (shared_volume_cc(part.model, model) / part.volume_cc, organ, roi_name)
            for roi_name, organ, model in self._organs
            if roi_name != candidate.roi_name and part.model.frame.is_parallel_to(model.frame)
        ]
        share, organ, roi_name = max(
            holders, key=lambda holder: (holder[0], holder[2]), default=(0.0, None, "")
        )
        if candidate.organ is not None:
            stated = max((s for s, held_by, _ in holders if held_by is candidate.organ), default=0)
            if organ is not candidate.organ and stated < self._fraction <= share:
                self.notes.append(
                    f"{quoted(label)} is of {candidate.organ} {candidate.organ_evidence}, but "
                    f"{share:.0%} of it lie in ROI {quoted(roi_name)} and {stated:.0%} in an ROI "
                    f"of {candidate.organ}"
                )
            return candidate.organ, candidate.organ_evidence
        if organ is None or share < self._fraction:
            return None, ""
        return organ, f"from its position: {share:.0%} of it lie in ROI {quoted(roi_name)}"


def _lesion(
    candidate: Candidate, number: int, limits: CensusThresholds, organs: _OrganFinder
) -> Lesion:
    """Measure one part; what repeats it is not yet looked at."""
    part, label = candidate.parts[number], candidate.label(number)
    organ, evidence = organs.organ_of(candidate, part, label)
    extent = extent_of(part)
    counted, doubt = _own_count(candidate, number, limits)
    return Lesion(
        roi_name=candidate.roi_name,
        roi_number=candidate.structure.roi_number,
        label=label,
        part=number + 1,
        role=Role.UNION if candidate.is_union else candidate.role,
        organ=organ,
        organ_evidence=evidence,
        volume_cc=part.volume_cc,
        longest_axial_mm=Measure(extent.longest_axial.length_mm, "mm"),
        short_axis_mm=Measure(extent.longest_axial.short_axis_mm, "mm"),
        plane_mm=extent.plane_mm,
        axial_end_points_mm=extent.longest_axial.end_points_mm,
        maximum_3d_mm=extent.maximum_3d_mm,
        maximum_3d_end_points_mm=extent.maximum_3d_end_points_mm,
        centroid_mm=part.centroid_mm,
        counted=counted,
        doubt=doubt,
        name=candidate.name,
    )


def _own_count(candidate: Candidate, number: int, limits: CensusThresholds) -> tuple[Count, str]:
    """Return what one part counts by itself, and why it is doubtful."""
    count = _COUNTS.get(candidate.role, _NONE)
    volume_cc = candidate.parts[number].volume_cc
    speck = f"{volume_cc:.2g} cc is less than the {limits.speck_cc:g} cc of a speck"
    is_speck = volume_cc < limits.speck_cc
    has_larger = any(part.volume_cc >= limits.speck_cc for part in candidate.parts)
    superseded = f'its name says "{candidate.name.superseded}", yet no other ROI repeats it'
    undecided = "its name does not say whether it is the primary or a metastasis"
    cases = (
        (count == _NONE, _NONE, ""),
        (is_speck and has_larger, _NONE, f"{speck}: not counted beside the larger parts"),
        (is_speck, _MAYBE, speck),
        (candidate.is_union, _MAYBE, "named a union, and no other ROI fills this part"),
        (bool(candidate.name.superseded), _MAYBE, superseded),
        (count == _MAYBE, _MAYBE, undecided),
    )
    return next(((counted, doubt) for holds, counted, doubt in cases if holds), (count, ""))


def _doubts(
    lesions: Mapping[Key, Lesion], repetition: Repetition
) -> tuple[dict[Key, tuple[Count, str]], list[list[Key]]]:
    """Return the counts that other ROIs change, and the groups of parts that may be one lesion."""
    doubts = {key: (_NONE, reason) for key, reason in repetition.dropped.items()}
    keys = [key for key in lesions if lesions[key].counted.most and key not in doubts]
    links = [
        (keys.index(a), keys.index(b)) for a, b in repetition.may_be_one if a in keys and b in keys
    ]
    groups: dict[int, list[Key]] = {}
    for key, group in zip(keys, connected_groups(len(keys), links), strict=True):
        groups.setdefault(group, []).append(key)
    for pair, reason in repetition.may_be_one.items():
        for key, other in (pair, pair[::-1]):
            counts_alone = key in keys and other not in keys and other not in doubts
            if counts_alone and lesions[other].role in _DISTINCT_ROLES:
                doubts[key] = (_MAYBE, reason)
    for members in groups.values():
        # One of the group surely counts where any does: the largest stands for it.
        first = max(
            members, key=lambda key: (lesions[key].counted.least, lesions[key].volume_cc, key)
        )
        for key in members:
            if key != first:
                reasons = [text for pair, text in repetition.may_be_one.items() if key in pair]
                doubts.setdefault(key, (_MAYBE, "; ".join(reasons)))
    return doubts, list(groups.values())


def _with_doubt(lesion: Lesion, doubt: tuple[Count, str] | None) -> Lesion:
    if doubt is None:
        return lesion
    reasons = [text for text in (lesion.doubt, doubt[1]) if text]
    return replace(lesion, counted=doubt[0], doubt="; ".join(reasons))


def _add_up(
    lesions: Mapping[Key, Lesion],
    groups: Sequence[Sequence[Key]],
    unmeasured: Sequence[_Unmeasured],
) -> tuple[dict[Organ | None, Count], Count]:
    """Return the counts per organ and in all.

    A group that may be one lesion adds to an organ's least count only if all of it lies there.
    """
    per_organ: dict[Organ | None, Count] = {}
    total = _NONE
    for members in groups:
        counts = [lesions[key].counted for key in members]
        organs = [lesions[key].organ for key in members]
        least = max(count.least for count in counts)
        total = _sum(total, Count(least, len(members)))
        for organ in dict.fromkeys(organs):
            own = Count(least if len(set(organs)) == 1 else 0, organs.count(organ))
            per_organ[organ] = _sum(per_organ.get(organ, _NONE), own)
    for missing in unmeasured:
        if missing.exclusion.may_be_metastasis:
            total = _sum(total, _MAYBE)
            per_organ[missing.organ] = _sum(per_organ.get(missing.organ, _NONE), _MAYBE)
    return per_organ, total


def _sum(first: Count, second: Count) -> Count:
    return Count(first.least + second.least, first.most + second.most)


def _repeated(candidates: Sequence[Candidate], repetition: Repetition) -> list[Exclusion]:
    """Return an exclusion for every ROI with parts that other ROIs draw as well."""
    exclusions = []
    for number, candidate in enumerate(candidates):
        reasons = {
            part: repetition.dropped[number, part]
            for part in range(len(candidate.parts))
            if (number, part) in repetition.dropped
        }
        if not reasons:
            continue
        if len(reasons) < len(candidate.parts):
            texts = [f"its part {part + 1} {reason}" for part, reason in reasons.items()]
        else:
            texts = list(dict.fromkeys(reasons.values()))
        exclusions.append(Exclusion(candidate.roi_name, "; ".join(texts)))
    return exclusions


def _no_lesions(
    structures: Sequence[Structure],
    chosen: Sequence[Structure],
    hints: Mapping[str, LesionHint],
) -> list[Exclusion]:
    """Return the ROIs that are no lesions by their names; organs and the body go without saying."""
    exclusions = []
    for structure in structures:
        name, *_ = identity(structure, hints)
        if any(structure is one for one in chosen):
            continue
        if name.role in _REASONS:
            reason = f"{_REASONS[name.role]} ({safe_text(name.evidence)})"
            exclusions.append(Exclusion(structure.roi_name, reason))
        elif name.role is Role.UNKNOWN:
            like = f"; it looks like {quoted(name.nearest)}" if name.nearest else ""
            why = f"its name is not known ({safe_text(name.evidence, _MAX_REASON)}){like}"
            exclusions.append(Exclusion(structure.roi_name, why))
    return exclusions


def _typed_otherwise(structures: Sequence[Structure], chosen: Sequence[Structure]) -> list[str]:
    """Return a note for each ROI that the file types GTV and whose name says something else."""
    return [
        f"ROI {quoted(structure.roi_name)} is of interpreted type GTV, but by its name no gross "
        f"tumour: not taken for a lesion"
        for structure in structures
        if structure.interpreted_type.strip().upper() == Role.GTV.upper()
        and not any(structure is one for one in chosen)
    ]
