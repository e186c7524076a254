"""Sides: whether an ROI of both sides lies on both, by the body, the midline or its own shape."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import Organ

Floats = npt.NDArray[np.float64]

MIDLINE = frozenset({Organ.SPINAL_CORD, Organ.ESOPHAGUS, Organ.TRACHEA})
"""Organs in the middle of the body, which stand for it where its outline is not drawn."""

LEAST_SIDE_SHARE = 0.1
"""Share of the points of an organ of both sides that either half of the body holds at least.

The smaller of two lungs has 45 % of both; one lung reaches a centimetre across the middle.
"""

SAMPLES = 101
"""Sagittal planes that a structure is cut by, evenly over its width: lungs every 3 mm."""

LEAST_PART = 0.2
"""Share of an organ of both sides that lies on the smaller one at least, where its shape decides.

The smaller of two lungs has 45 %; one that is collapsed by half still has 25 %.
"""

DEEPEST = 0.5
"""Share of the widest section of the smaller side that the section between both has at most.

Lungs that meet in front of the heart share a bridge of some per cent; one lung alone, like anything
convex, has no section between two wider ones.
"""


def why_one_side(
    whole: Structure, bodies: Sequence[Structure], midline: Sequence[Structure]
) -> str:
    """Return why an ROI of both sides is taken for one side, or "".

    Held against the middle of the body; where that is not drawn, of organs of the midline; where
    none is drawn either, only what is two parts side by side is both sides.
    """
    left = left_share([whole], bodies)
    if left is not None:
        one_side = min(left, 1 - left) < LEAST_SIDE_SHARE
        return "lies on one side of the body: the other is missing" if one_side else ""
    left = left_share([whole], midline)
    if left is not None:
        one_side = min(left, 1 - left) < LEAST_SIDE_SHARE
        told = "lies on one side of the middle of the body (cord, oesophagus or trachea)"
        return f"{told}: the other is missing" if one_side else ""
    if lies_side_by_side(whole):
        return ""
    return (
        "is not two parts side by side, and no body outline, cord, oesophagus or trachea is drawn "
        "to tell whether one side is missing; draw the body"
    )


def left_share(structures: Sequence[Structure], bodies: Sequence[Structure]) -> float | None:
    """Return which share of the points of structures lies left of the middle of the body.

    Patient x grows to the left, whatever the patient's position. None where no body is drawn.
    """
    frame = structures[0].frame_of_reference_uid
    drawn = [area.points_mm[:, 0] for body in bodies if body.lies_in(frame) for area in body.areas]
    if not drawn:
        return None
    body_mm = np.concatenate(drawn)
    middle_mm = (body_mm.min() + body_mm.max()) / 2
    points_mm = np.concatenate([area.points_mm[:, 0] for one in structures for area in one.areas])
    return float(np.mean(points_mm > middle_mm))


def lies_side_by_side(structure: Structure) -> bool:
    """Whether a structure is two parts, left and right, with little or nothing between them.

    By the areas of its sagittal sections: between two wide ones lies a narrow one.
    """
    areas = _sagittal_sections(structure)
    if not areas.sum():
        return False
    beyond = areas.cumsum() / areas.sum()
    widest = np.minimum(np.maximum.accumulate(areas), np.maximum.accumulate(areas[::-1])[::-1])
    is_between = (beyond >= LEAST_PART) & (beyond <= 1 - LEAST_PART)
    return bool((is_between & (areas <= DEEPEST * widest)).any())


def _sagittal_sections(structure: Structure) -> Floats:
    """Return the areas (SAMPLES,) of sections at even steps of patient x, in any unit.

    Of each loop the chords at x: crossings go forth and back, so their points sum up to its length.
    Loops in planes all as far apart weigh alike; holes are few and count as what they are cut from.
    """
    loops = [area.points_mm for area in structure.areas]
    points = np.concatenate(loops)
    ends = np.concatenate([np.roll(loop, -1, axis=0) for loop in loops])
    of_loop = np.repeat(np.arange(len(loops)), [len(loop) for loop in loops])
    low, high = points[:, 0].min(), points[:, 0].max()
    steps = low + (np.arange(SAMPLES) + 0.5) / SAMPLES * (high - low)
    return np.array([_chords_mm(points, ends, of_loop, x_mm) for x_mm in steps])


def _chords_mm(points: Floats, ends: Floats, of_loop: npt.NDArray[np.int64], x_mm: float) -> float:
    """Return the length of all chords of loops at one x."""
    crosses = (points[:, 0] <= x_mm) != (ends[:, 0] <= x_mm)
    start, end = points[crosses], ends[crosses]
    share = (x_mm - start[:, 0]) / (end[:, 0] - start[:, 0])
    at = start[:, 1:] + share[:, None] * (end - start)[:, 1:]
    signed = np.where(end[:, :1] > start[:, :1], at, -at)
    sums = [np.bincount(of_loop[crosses], weights=column) for column in signed.T]
    return float(np.hypot(*sums).sum())
