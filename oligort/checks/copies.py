"""Copies: what is drawn for a metastasis, and repeats the contour of the primary or of a node."""

from collections.abc import Iterable
from statistics import fmean

import numpy as np

from oligort.checks.case import Case
from oligort.display import quoted
from oligort.geometry.components import Part
from oligort.geometry.contact import shared_volume_cc
from oligort.lesions.drawn import drawn_part, is_drawn_in
from oligort.lesions.lesion import Lesion
from oligort.lesions.vocabulary import Role

_CALLED = {Role.GTV_PRIMARY: "the primary", Role.GTV_NODE: "a node"}
"""Roles of gross tumour whose biopsy proves no metastasis."""


def copy_of_other(case: Case, contours: Iterable[Lesion]) -> str:
    """Return which contour of some is also drawn as the primary or a node, as a sentence, or "".

    That is one of nearly the same volume, or one that lies in the other. Where the planes of the
    two are not parallel their boxes are compared.
    """
    return _told(case, contours, "is drawn again as")


def margin_of_other(case: Case, margins: Iterable[Lesion]) -> str:
    """Return which margin of some (a PTV) goes around the primary or a node, as `copy_of_other`."""
    return _told(case, margins, "is drawn around")


def _told(case: Case, contours: Iterable[Lesion], relation: str) -> str:
    others = [one for one in case.census_if_drawn if one.role in _CALLED]
    if not others:
        return ""
    for contour in contours:
        for other in others:
            if other.roi_name != contour.roi_name and _is_one_volume(case, contour, other):
                return (
                    f"{quoted(contour.label)} {relation} {quoted(other.label)}, "
                    f"{_CALLED[other.role]}"
                )
    return ""


def _is_one_volume(case: Case, contour: Lesion, other: Lesion) -> bool:
    """Whether two outlines may be of one volume: most of both, or nearly all of one, is shared."""
    reach_mm = float(np.linalg.norm(contour.centroid_mm - other.centroid_mm))
    if reach_mm > max(contour.maximum_3d_mm.high, other.maximum_3d_mm.high):
        return False  # neither holds the other's centre, nor the most of it
    structures = case.submission.structure_set.structures
    if not all(is_drawn_in(structures, one) for one in (contour, other)):
        return False
    spacing_mm = case.submission.usual_spacing_mm
    own, its = (drawn_part(structures, one, spacing_mm) for one in (contour, other))
    if own.structure.frame_of_reference_uid != its.structure.frame_of_reference_uid:
        return False
    thresholds = case.census_thresholds
    volumes, shared = _volumes(own.part, its.part)
    dice = shared / fmean(volumes)
    return dice >= thresholds.maybe_duplicate_dice or shared >= thresholds.covered_fraction * min(
        volumes
    )


def _volumes(first: Part, second: Part) -> tuple[tuple[float, float], float]:
    """Return the volumes of two parts and what they share; of their boxes where need be."""
    if first.model.frame.is_parallel_to(second.model.frame):
        return (first.volume_cc, second.volume_cc), shared_volume_cc(first.model, second.model)
    boxes = [np.array(one.bounds_in(first.model.frame)) for one in (first, second)]
    low, high = np.max([box[0] for box in boxes], axis=0), np.min([box[1] for box in boxes], axis=0)
    own, its = (float(np.prod(box[1] - box[0])) for box in boxes)
    return (own, its), float(np.prod(np.maximum(high - low, 0.0)))
