"""Organ or lesion: what is an organ by its name and may be a lesion, and the other way round.

"Liver-GTV1" may be the liver without its tumour, or a tumour whose name is written with a hyphen,
and "LiverGTV" as well. What the ROI fills of the organ tells them apart, or its volume where nobody
drew the organ; nothing else does. What is told by neither may be a metastasis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from oligort.display import quoted
from oligort.errors import NotEvaluable
from oligort.geometry.contact import shared_volume_cc
from oligort.geometry.slabs import SlabModel
from oligort.geometry.structure import Structure
from oligort.lesions.aliases import least_organ_cc, primary_organs
from oligort.lesions.candidates import Candidate, LesionHint, identity
from oligort.lesions.counting import Unmeasured
from oligort.lesions.lesion import Exclusion
from oligort.lesions.naming import NEVER_CUT_OUT, RoiName
from oligort.lesions.phrases import parse, target_of
from oligort.lesions.site_map import FROM_SITE_MAP
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.lesions.whereabouts import OrganFinder
from oligort.lesions.words import words_of

HALF_OF_AN_ORGAN = 0.5
"""What fills so much of an organ is the organ without something; lesions of half a liver are not
drawn under a name that leaves open what it is."""

NEARLY_AN_ORGAN = 0.9
"""What a spleen or a kidney without a lesion fills of it: a metastasis may fill half of these."""


def without_organs(
    candidates: Sequence[Candidate], organs: OrganFinder
) -> tuple[list[Candidate], list[Exclusion]]:
    """Return the candidates less those that are organs without a target, and why they are.

    One that is gross tumour by its name stays, and is open; register and site map settle it.
    """
    kept, organ_like = [], []
    for candidate in candidates:
        is_stated = candidate.role_is_stated or candidate.name.evidence == FROM_SITE_MAP
        may_be = candidate.name.may_be_tumour and candidate.role is not Role.ORGAN
        fills = _filled_of_its_organ(candidate, organs) if may_be or not is_stated else None
        if fills and may_be and fills.share >= HALF_OF_AN_ORGAN:
            organ_like.append(Exclusion(candidate.roi_name, f"{fills}: no lesion of it"))
        elif fills and not is_stated:
            kept.append(replace(candidate, organ_like=f"it {fills}: a lesion, or that organ"))
        else:
            kept.append(candidate)
    return kept, organ_like


def filled_share_of_a_side(side: Side | None) -> float:
    """Return the least share of an ROI that is half of an organ, or of one of a pair in it."""
    return HALF_OF_AN_ORGAN / 2 if side is Side.BOTH else HALF_OF_AN_ORGAN


def contradicting(
    structures: Sequence[Structure],
    chosen: Sequence[Structure],
    hints: Mapping[str, LesionHint],
    organs: OrganFinder,
) -> list[Unmeasured]:
    """Return the ROIs that are no gross tumour by name, though type, size or place contradict it.

    "Liver-GTV1" may be the liver without it, or the lesion itself; what the file types GTV may be
    one under a name that is read as something else. Each may be a metastasis.
    """
    found = []
    for structure in structures:
        name, role, organ, _ = identity(structure, hints)
        if any(structure is one for one in chosen) or structure.is_empty:
            continue
        if role not in (Role.ORGAN, Role.UNKNOWN) or _is_stated(structure, hints):
            continue
        is_typed = is_typed_gtv(structure)
        is_less = role is Role.ORGAN and _lacks_tumour(name)
        if not is_typed and (not is_less or organ in primary_organs()):
            continue
        unlike = _why_unlike(structure, name, organ, organs) if role is Role.ORGAN else None
        if unlike == "":
            continue
        if unlike is None and not is_typed:
            organs.notes.append(
                f"{quoted(structure.roi_name)} is taken for an organ by its name alone: no ROI of "
                f"the whole organ is drawn beside it"
            )
            continue
        reasons = ["it is of interpreted type GTV"] if is_typed else []
        reasons += [f"it {unlike}"] if unlike else []
        reason = f"no gross tumour by its name, but {' and '.join(reasons)}: it may be a lesion"
        found.append(Unmeasured(Exclusion(structure.roi_name, reason, True), organ))
    return found


def typed_otherwise(structures: Sequence[Structure], chosen: Sequence[Structure]) -> list[str]:
    """Return a note for each ROI that the file types GTV and whose name says something else."""
    return [
        f"ROI {quoted(structure.roi_name)} is of interpreted type GTV, but by its name no gross "
        f"tumour: not taken for a lesion"
        for structure in structures
        if is_typed_gtv(structure) and not any(structure is one for one in chosen)
    ]


def is_typed_gtv(structure: Structure) -> bool:
    """Whether the file says of an ROI that it is a GTV."""
    return structure.interpreted_type.strip().upper() == Role.GTV.upper()


def _is_stated(structure: Structure, hints: Mapping[str, LesionHint]) -> bool:
    """Whether register or site map say the role of an ROI; an organ or a side alone is none."""
    hint = hints.get(structure.roi_name, LesionHint())
    by_map = hint.name is not None and hint.name.evidence == FROM_SITE_MAP
    return hint.role is not None or by_map


def _lacks_tumour(name: RoiName) -> bool:
    """Whether gross tumour is cut out of an organ, in whatever words ("GTV", "Tumor")."""
    taken, _ = target_of(words_of(name.subtracted))
    return taken is Role.GTV or "gtv" in name.subtracted.casefold()


@dataclass(frozen=True)
class _Fills:
    """How much a candidate fills of an ROI of its own organ."""

    share: float
    roi_name: str

    def __str__(self) -> str:
        return f"fills {self.share:.0%} of ROI {quoted(self.roi_name)}"


def _filled_of_its_organ(candidate: Candidate, organs: OrganFinder) -> _Fills | None:
    """Return the ROI of its own organ that a candidate fills to the half, as no lesion of it does.

    Only of organs much larger than lesions, and of no less than they hold: a metastasis may fill an
    adrenal, a rib or a vertebra, and no other organ says what an ROI is. None also where that
    cannot be told, with a note.
    """
    own = candidate.organ or parse(words_of(candidate.roi_name)).organ
    least_cc = least_organ_cc().get(own)
    if least_cc is None or sum(part.volume_cc for part in candidate.parts) < least_cc:
        return None
    found = []
    try:
        for roi in organs.drawn():
            if roi.organ is not own or roi.structure is candidate.structure:
                continue
            if not candidate.parts[0].model.frame.is_parallel_to(roi.model.frame):
                continue
            shared_cc = sum(shared_volume_cc(part.model, roi.model) for part in candidate.parts)
            share = shared_cc / roi.model.volume_cc if shared_cc else 0.0
            if share >= filled_share_of_a_side(roi.name.side):
                found.append(_Fills(share, roi.roi_name))
    except NotEvaluable as reason:
        told = f"{quoted(candidate.roi_name)} is not compared with the organs: {reason}"
        organs.notes.append(told)
    return max(found, key=lambda one: one.share, default=None)


def _why_unlike(
    structure: Structure, name: RoiName, organ: Organ | None, organs: OrganFinder
) -> str | None:
    """Return why an ROI is not most of the organ of its name; "" if it is, None if unknown.

    It is where it fills half of an ROI of an organ that is much larger than lesions, and of another
    one nearly all, unless the file types it GTV. Where nobody drew that (of one side only the pair)
    its volume may tell.
    """
    if organ in NEVER_CUT_OUT:
        return None
    try:
        own = organs.model_of(structure)
        shares = _shares(structure, own, name, organ, organs)
        own_cc = own.volume_cc
    except NotEvaluable as reason:
        return f"cannot be compared with its organ ({reason})"
    least_cc = least_organ_cc().get(organ)
    is_large = least_cc is not None and own_cc >= least_cc
    enough = HALF_OF_AN_ORGAN if is_large else NEARLY_AN_ORGAN
    if (is_large or not is_typed_gtv(structure)) and any(share >= enough for share, *_ in shares):
        return ""
    share, roi_name = max((one[:2] for one in shares if one[2]), default=(0.0, ""))
    return (
        f"fills {share:.2g} of ROI {quoted(roi_name)}"
        if roi_name
        else _why_small(own_cc, name, organ)
    )


def _why_small(own_cc: float, name: RoiName, organ: Organ | None) -> str | None:
    """Return why an ROI beside no whole organ is none by its volume; None if that says nothing."""
    least_cc = least_organ_cc().get(organ)
    if least_cc is not None and own_cc < least_cc:
        return f"holds {own_cc:.3g} cc, less than any whole one of {organ} ({least_cc:g} cc)"
    if least_cc is None and name.may_be_tumour:
        return "lies beside no ROI of the whole organ that would tell"
    return None


def _shares(
    structure: Structure,
    own: SlabModel,
    name: RoiName,
    organ: Organ | None,
    organs: OrganFinder,
) -> list[tuple[float, str, bool]]:
    """Return how much an ROI fills of each ROI of its whole organ, and whether the sides agree.

    Of a pair as one structure, one side is less than half.
    """
    found = []
    for roi in organs.drawn():
        is_whole = not roi.name.subtracted and roi.structure is not structure
        side, its_side = name.side, roi.name.side
        if not is_whole or roi.organ is not organ or len({side, its_side} - {None, Side.BOTH}) > 1:
            continue
        if not own.frame.is_parallel_to(roi.model.frame):
            continue
        share = shared_volume_cc(own, roi.model) / roi.model.volume_cc
        is_its_own = side is its_side or (side is None and its_side is not Side.BOTH)
        found.append((share, roi.roi_name, is_its_own))
    return found
