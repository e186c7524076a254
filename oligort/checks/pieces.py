"""Pieces: the size of a lesion that the register calls one and that is drawn as several ROIs."""

import numpy as np

from oligort.checks.accounting import AccountedLesion
from oligort.checks.case import Case
from oligort.checks.diameters import Diameter
from oligort.display import listed
from oligort.geometry.components import Part, connected_groups
from oligort.geometry.contact import touch
from oligort.geometry.diameter import maximum_3d
from oligort.lesions.drawn import DrawnPart, drawn_part, is_drawn_in
from oligort.lesions.outlines import joint_sizes
from oligort.protocol.limits import Limit


def as_one_lesion(case: Case, rule: Limit, lesion: AccountedLesion, diameter: Diameter) -> str:
    """Return what the ROIs of one entry measure together where a limit forbids that, or "".

    Those that lie within what register and contour may differ by in size may be one lesion with a
    gap in its outline. What lies farther apart is no lesion of one extent, whatever its entry says:
    the number of metastases tells of it.
    """
    if len({one.roi_name for one in lesion.contours}) <= 1:
        return ""
    drawn = _drawn(case, lesion)
    gap_mm = case.protocol.settings.register_size_difference_mm.value
    links = [
        (number, number + 1 + after)
        for number, one in enumerate(drawn)
        for after, other in enumerate(drawn[number + 1 :])
        if _are_near(one, other, gap_mm)
    ]
    groups: dict[int, list[DrawnPart]] = {}
    for one, group in zip(drawn, connected_groups(len(drawn), links), strict=True):
        groups.setdefault(group, []).append(one)
    for members in groups.values():
        if len(members) == 1:
            continue
        together_mm = _together_mm([one.part for one in members], diameter)
        if not rule.allows(together_mm):
            names = listed(dict.fromkeys(one.structure.roi_name for one in members))
            return (
                f"{names}, which lie within {gap_mm:g} mm of each other, measure "
                f"{together_mm:.1f} mm ({diameter}) as the one lesion that the register calls them"
            )
    return ""


def _drawn(case: Case, lesion: AccountedLesion) -> list[DrawnPart]:
    """Return what is drawn for a lesion, as far as an ROI of its number and name is there."""
    submission = case.submission
    structures = submission.structure_set.structures
    return [
        drawn_part(structures, one, submission.usual_spacing_mm)
        for one in lesion.contours
        if is_drawn_in(structures, one)
    ]


def _are_near(first: DrawnPart, second: DrawnPart, gap_mm: float) -> bool:
    """Whether parts of two ROIs may be one lesion by where they lie."""
    one, other = first.structure, second.structure
    if one.roi_name == other.roi_name:
        return False  # parts of one ROI are candidates of their own
    if one.frame_of_reference_uid != other.frame_of_reference_uid:
        return False
    frame = first.part.model.frame
    if frame.is_parallel_to(second.part.model.frame):
        return touch(first.part.model, second.part.model, gap_mm)
    (low, high), (its_low, its_high) = (it.part.bounds_in(frame) for it in (first, second))
    return bool((low - gap_mm <= its_high).all() and (its_low - gap_mm <= high).all())


def _together_mm(parts: list[Part], diameter: Diameter) -> float:
    """Return a diameter of parts as one lesion; of planes that are not parallel an upper bound."""
    frame = parts[0].model.frame
    if all(frame.is_parallel_to(part.model.frame) for part in parts):
        axial_mm, short_mm, in_3d_mm = joint_sizes(parts)
        sizes = {Diameter.AXIAL: axial_mm, Diameter.SHORT: short_mm, Diameter.IN_3D: in_3d_mm}
        return sizes[diameter]
    points = [
        part.model.frame.to_patient(np.column_stack([loop, np.full(len(loop), end_mm)]))
        for part in parts
        for slab in part.slabs
        for loop in slab.loops
        for end_mm in (slab.lower_mm, slab.upper_mm)
    ]
    return maximum_3d(np.concatenate(points))[0]
