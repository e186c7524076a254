"""Sides: whether an ROI of both sides, or one drawn for each, lies on both sides of the body."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from oligort.display import listed
from oligort.geometry.algebra import Shape
from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import Organ, Side

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


MEDIASTINUM_MM = 10.0
"""Between most of one lung and most of the other lies more: the spine and great vessels. Two parts
of one lung share their border, or drawings of it some millimetres apart."""

SAME_SIDE_SHARE = 0.25
"""Share of the smaller of two sides from which on, where the other holds it, both are one organ.

Two sides share what two drawings of their border do: some per cent of a lung, also of a collapsed
one. A copy of one side that is moved by half of its width still lies half in it, and of one lobe
that is drawn again under the other side's name all does.
"""


WIDE = frozenset({Organ.LUNGS})
"""Organs so wide that the outline of the body tells their half: its middle, where one arm is drawn
and the other is not, lies some centimetres aside. An adrenal lies no further from the spine."""


def why_not_two_sides(
    organ: Organ,
    left: Sequence[Structure],
    right: Sequence[Structure],
    middles: tuple[Sequence[Structure], Sequence[Structure]],
    volume_cc: Callable[[Shape], float],
) -> str:
    """Return why what is drawn as left and as right of an organ is not its two sides, or "".

    They are largely one volume, or lie in one half of the body; where nothing tells its halves, two
    lungs are two parts side by side.

    Parameters
    ----------
    organ : Organ
        Of a narrow one the outline of the body alone tells no half.
    left, right : sequence of Structure
        At least one each.
    middles : (bodies, organs of the midline)
        By which the halves of the body are told.
    volume_cc : callable
        Returns the volume of a shape.

    Raises
    ------
    NotEvaluable
        If a volume cannot be computed.
    """
    if not all(one.lies_in(left[0].frame_of_reference_uid) for one in (*left, *right)):
        return ""  # in several frames positions say nothing
    names = f"{_names(left)} and {_names(right)}"
    if _boxes_meet(left, right):
        one, other = Shape(tuple(left)), Shape(tuple(right))
        smaller_cc = min(volume_cc(one), volume_cc(other))
        shared_cc = volume_cc(Shape(operator="&", left=one, right=other))
        if shared_cc >= SAME_SIDE_SHARE * smaller_cc:
            return (
                f"{names} are largely one volume: they share {shared_cc:.0f} cc, "
                f"{100 * shared_cc / smaller_cc:.0f} % of the smaller one, so one side is not "
                f"drawn; correct the one that lies on the other"
            )
    if not any(middles):
        are_two = lie_apart(left, right) or lies_side_by_side(*left, *right)
        return "" if are_two or organ not in WIDE else f"{names} are {NOT_BESIDE}"
    half = half_of_both(left, right, middles)
    if half is None or not (middles[1] or organ in WIDE):
        return ""
    return f"{names} both lie in the {HALVES[half]} half of the body: the other side is not drawn"


NOT_BESIDE = (
    "not two parts side by side, and no body outline, cord, oesophagus or trachea is drawn to tell "
    "whether one side is missing; draw the body"
)

HALVES = {Side.LEFT: "left", Side.RIGHT: "right"}
"""The halves of the body in words."""


def _names(structures: Sequence[Structure]) -> str:
    return listed(one.roi_name for one in structures)


def _boxes_meet(ones: Sequence[Structure], others: Sequence[Structure]) -> bool:
    """Whether the boxes around structures meet: only then they can share a volume."""
    (low, high), (other_low, other_high) = _box_mm(ones), _box_mm(others)
    return bool((low < other_high).all() and (other_low < high).all())


def _box_mm(structures: Sequence[Structure]) -> tuple[Floats, Floats]:
    """Return the lowest and the highest coordinates (3,) of structures."""
    points_mm = np.concatenate([area.points_mm for one in structures for area in one.areas])
    return points_mm.min(axis=0), points_mm.max(axis=0)


def half_of_both(
    left: Sequence[Structure], right: Sequence[Structure], middles: Sequence[Sequence[Structure]]
) -> Side | None:
    """Return the half of the body in which both sides of an organ lie, by every middle drawn.

    None where they do not, where two middles contradict each other, or none is drawn. Of either
    side nine tenths must lie there: a lung that takes the room of a collapsed one leaves the
    other in its own half.
    """
    halves = set()
    for middle in middles:
        shares = left_share(left, middle), left_share(right, middle)
        if None in shares:
            continue
        of_left, of_right = (share or 0.0 for share in shares)
        if min(of_left, of_right) >= 1 - LEAST_SIDE_SHARE:
            halves.add(Side.LEFT)
        elif max(of_left, of_right) <= LEAST_SIDE_SHARE:
            halves.add(Side.RIGHT)
        else:
            halves.add(Side.BOTH)
    return halves.pop() if len(halves) == 1 and Side.BOTH not in halves else None


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
    return f"is {NOT_BESIDE}"


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
    return float(np.mean(patient_x_mm(structures) > middle_mm))


def lies_side_by_side(*structures: Structure) -> bool:
    """Whether structures are two parts, left and right, with little or nothing between them.

    By the areas of its sagittal sections: between two wide ones lies a narrow one.
    """
    areas = _sagittal_sections(structures)
    if not areas.sum():
        return False
    beyond = areas.cumsum() / areas.sum()
    widest = np.minimum(np.maximum.accumulate(areas), np.maximum.accumulate(areas[::-1])[::-1])
    is_between = (beyond >= LEAST_PART) & (beyond <= 1 - LEAST_PART)
    return bool((is_between & (areas <= DEEPEST * widest)).any())


def lie_apart(left: Sequence[Structure], right: Sequence[Structure]) -> bool:
    """Whether nine tenths of the left lie further left than nine tenths of the right, and apart.

    Of a lung that collapsed to a tenth of both, `lies_side_by_side` sees one only.
    """
    nearest_mm = np.quantile(patient_x_mm(left), LEAST_SIDE_SHARE)
    farthest_mm = np.quantile(patient_x_mm(right), 1 - LEAST_SIDE_SHARE)
    return bool(nearest_mm - farthest_mm > MEDIASTINUM_MM)


def patient_x_mm(structures: Sequence[Structure]) -> Floats:
    """Return the patient x (N,) of the points of structures; it grows to the left."""
    return np.concatenate([area.points_mm[:, 0] for one in structures for area in one.areas])


def _sagittal_sections(structures: Sequence[Structure]) -> Floats:
    """Return the areas (SAMPLES,) of sections at even steps of patient x, in any unit.

    Of each loop the chords at x: crossings go forth and back, so their points sum up to its length.
    Loops in planes all as far apart weigh alike; holes are few and count as what they are cut from.
    """
    loops = [area.points_mm for one in structures for area in one.areas]
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
