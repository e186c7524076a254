"""The census: every lesion measured, and how many distant metastases there are, least and most."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from oligort.display import listed, quoted, safe_text
from oligort.errors import NotEvaluable, SelectionError
from oligort.geometry.structure import Structure
from oligort.lesions.bulges import Bulges, bulges_of
from oligort.lesions.candidates import (
    Candidate,
    LesionHint,
    identity,
    is_gross_tumour,
    is_marked_point,
    is_open,
    may_be_distant,
    read_candidate,
    usual_spacing_of,
)
from oligort.lesions.counting import MAYBE, NONE, Unmeasured, add_up, doubts_of
from oligort.lesions.extent import extent_of
from oligort.lesions.lesion import Count, Exclusion, Lesion, LesionCensus
from oligort.lesions.organ_or_lesion import contradicting, typed_otherwise, without_organs
from oligort.lesions.outlines import (
    at_least,
    other_organs,
    size_in_doubt,
    with_organ_doubt,
    with_outlines,
)
from oligort.lesions.placing import place_of
from oligort.lesions.repetition import CensusThresholds, Repetition, find_repetition
from oligort.lesions.vocabulary import Role
from oligort.lesions.whereabouts import OrganFinder

__all__ = ["CensusThresholds", "LesionHint", "census"]

_COUNTS = {Role.GTV_METASTASIS: Count(1, 1), Role.GTV: Count(0, 1)}
"""What one part of an ROI counts by its role; every other role is no distant metastasis,
but for nodes of which nobody says that they are regional."""

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
    each; a GTV that may be the primary, and nodes that nobody calls regional, as none or one; the
    primary and regional nodes as none. Repeated
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
    organs = OrganFinder(structures, hints, spacing_mm, limits)
    candidates, unmeasured = _candidates(chosen, hints, spacing_mm)
    candidates, no_tumour = without_organs(candidates, organs)
    if roi_names is None:
        unmeasured += contradicting(structures, chosen, hints, organs)
    repetition = find_repetition(candidates, limits)
    lesions = {
        (number, part): _lesion(
            candidate,
            part,
            # What is left out counts nothing, whether or not it has grown together.
            None if (number, part) in repetition.dropped else _bulges(candidate, part, limits),
            limits,
            organs,
        )
        for number, candidate in enumerate(candidates)
        for part in range(len(candidate.parts))
    }
    doubts, groups = doubts_of(lesions, repetition)
    lesions = with_outlines(lesions, candidates, repetition, groups)
    group_of = {
        key: number
        for number, members in enumerate(groups, 1)
        for key in members
        if len(members) > 1
    }
    lesions = {key: replace(it, group=group_of.get(key, 0)) for key, it in lesions.items()}
    lesions = {key: _with_doubt(lesion, doubts.get(key)) for key, lesion in lesions.items()}
    elsewhere = other_organs(lesions, repetition)
    for key, others in elsewhere.items():
        drawn_again = {organ: lesions[other] for organ, other in others.items()}
        lesions[key] = with_organ_doubt(lesions[key], drawn_again)
    counts, total = add_up(lesions, groups, unmeasured, elsewhere)
    excluded = [*(missing.exclusion for missing in unmeasured), *no_tumour]
    excluded += _repeated(candidates, repetition)
    notes = [*organs.notes, *repetition.notes, *repetition.may_be_one.values()]
    if roi_names is None:
        lesions = {key: it for key, it in lesions.items() if key not in repetition.dropped}
        told = {missing.exclusion.roi_name for missing in unmeasured}
        rest = [it for it in structures if it.roi_name not in told]
        excluded += _no_lesions(rest, chosen, hints)
        notes += typed_otherwise(rest, chosen)
    notes += [it.organ_conflict for it in lesions.values() if it.organ_conflict]
    notes += [f"{quoted(it.label)}: {it.doubt}" for it in lesions.values() if it.doubt]
    notes += [text for it in lesions.values() if (text := size_in_doubt(it))]
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
        named = [(structure, identity(structure, hints)) for structure in structures]
        return [
            structure
            for structure, (name, role, *_) in named
            if is_gross_tumour(name, role) and not is_marked_point(structure, name, role)
        ]
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
) -> tuple[list[Candidate], list[Unmeasured]]:
    """Return the ROIs that can be measured, and those that cannot."""
    candidates, unmeasured = [], []
    for structure in chosen:
        try:
            candidates.append(read_candidate(structure, hints, spacing_mm))
        except NotEvaluable as reason:
            name, role, organ, _ = identity(structure, hints)
            role = name.base if role is Role.UNION else role
            is_node = may_be_distant(structure, name, role, hints)
            may_be = role in _COUNTS or is_open(name, role) or is_node
            told = f"not measured: {reason}"
            exclusion = Exclusion(structure.roi_name, told, may_be, is_unmeasured=True)
            unmeasured.append(Unmeasured(exclusion, organ))
    return candidates, unmeasured


def _bulges(candidate: Candidate, number: int, limits: CensusThresholds) -> Bulges | None:
    """Return the bulges of a part whose role counts, else None."""
    if candidate.role not in _COUNTS and not candidate.may_be_distant:
        return None
    return bulges_of(candidate.parts[number], limits.neck_fraction)


def _lesion(
    candidate: Candidate,
    number: int,
    bulges: Bulges | None,
    limits: CensusThresholds,
    organs: OrganFinder,
) -> Lesion:
    """Measure one part; what repeats it is not yet looked at."""
    part, label = candidate.parts[number], candidate.label(number)
    place = place_of(candidate, part, label, organs)
    extent = extent_of(part)
    role = candidate.role
    if role is Role.GTV and place.is_distant and not candidate.role_is_stated:
        role = Role.GTV_METASTASIS  # as a GTV named after that organ is
    counted, doubt = _own_count(candidate, number, role, bulges, limits)
    if role is Role.GTV_PRIMARY and place.is_distant and not candidate.role_is_stated:
        counted, doubt = MAYBE, "its place contradicts its name: the primary, or a metastasis"
    lesion = Lesion(
        roi_name=candidate.roi_name,
        roi_number=candidate.structure.roi_number,
        label=label,
        part=number + 1,
        role=Role.UNION if candidate.is_union else candidate.role,
        organ=place.organ,
        organ_evidence=place.evidence,
        organ_conflict=place.conflict,
        volume_cc=part.volume_cc,
        longest_axial_mm=extent.longest_axial_mm,
        short_axis_mm=extent.short_axis_mm,
        plane_mm=extent.plane_mm,
        axial_end_points_mm=extent.axial_end_points_mm,
        maximum_3d_mm=extent.maximum_3d_mm,
        maximum_3d_end_points_mm=extent.maximum_3d_end_points_mm,
        centroid_mm=part.centroid_mm,
        counted=counted,
        doubt=doubt,
        name=candidate.name,
        lies_in=place.lies_in,
        held_by=place.held_by,
        held_on=place.held_on,
        beyond=place.beyond,
    )
    return at_least(lesion, bulges.widest_mm) if bulges and bulges.most > 1 else lesion


def _own_count(
    candidate: Candidate,
    number: int,
    role: Role,
    bulges: Bulges | None,
    limits: CensusThresholds,
) -> tuple[Count, str]:
    """Return what one part counts by itself in its role, and why it is doubtful."""
    own = candidate.parts[number]
    count = MAYBE if candidate.may_be_distant else _COUNTS.get(role, NONE)
    volume_cc = own.volume_cc
    speck = f"{volume_cc:.2g} cc is less than the {limits.speck_cc:g} cc of a speck"
    is_speck = volume_cc < limits.speck_cc
    has_larger = any(part.volume_cc >= limits.speck_cc for part in candidate.parts)
    # A click that was not taken back encloses an area in one plane.
    is_click = (
        len(own.slabs) == 1
        and not own.maybe_one_with
        and any(len(part.slabs) > 1 and part.volume_cc > volume_cc for part in candidate.parts)
    )
    superseded = f'its name says "{candidate.name.superseded}", yet no other ROI repeats it'
    is_it = (
        f"its name does not say whether it is gross tumour: {safe_text(candidate.name.evidence)}"
    )
    undecided = "its name does not say whether it is the primary or a metastasis"
    if candidate.may_be_distant:
        undecided = "nothing says that it is a regional node: it may be a distant one"
    cases = (
        (count == NONE, NONE, ""),
        (is_speck and has_larger, NONE, f"{speck}: not counted beside the larger parts"),
        (is_speck, MAYBE, speck),
        (is_click and count == Count(1, 1), MAYBE, "drawn in one plane beside a larger part"),
        (bool(candidate.organ_like), MAYBE, candidate.organ_like),
        (candidate.is_open, MAYBE, is_it),
        (candidate.is_union, MAYBE, "named a union, and no other ROI fills this part"),
        (bool(candidate.name.superseded), MAYBE, superseded),
        (count == MAYBE, MAYBE, undecided),
    )
    counted, doubt = next(((c, text) for holds, c, text in cases if holds), (count, ""))
    if is_speck or bulges is None or bulges.most == 1 or not counted.most:
        return counted, doubt
    return Count(counted.least, bulges.most), "; ".join(filter(None, [doubt, _grown(bulges)]))


def _grown(bulges: Bulges) -> str:
    """Return why a part may be several lesions."""
    if bulges.crossing_loops >= bulges.count:
        return f"{bulges.crossing_loops} of its loops cross each other: it may be as many lesions"
    return (
        f"it narrows to {bulges.neck_fraction:.0%} between {bulges.count} bulges: it may be as "
        f"many lesions"
    )


def _with_doubt(lesion: Lesion, doubt: tuple[Count, str] | None) -> Lesion:
    if doubt is None:
        return lesion
    reasons = [text for text in (lesion.doubt, doubt[1]) if text]
    return replace(lesion, counted=doubt[0], doubt="; ".join(reasons))


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
        is_whole = len(reasons) == len(candidate.parts)
        if not is_whole:
            texts = [f"its part {part + 1} {reason}" for part, reason in reasons.items()]
        else:
            texts = list(dict.fromkeys(reasons.values()))
        told = "; ".join(texts)
        exclusions.append(Exclusion(candidate.roi_name, told, is_repetition=is_whole))
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
