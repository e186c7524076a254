"""Frames: what is drawn in several frames of reference, brought into one as far as can be.

Gross tumour may be drawn on an MR, lungs on a phase of a 4DCT: points of different frames have
nothing to do with each other until a registration says how the frames lie.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from oligort.errors import NotEvaluable
from oligort.geometry.rigid import RigidTransform
from oligort.geometry.structure import Contour, Structure, StructureSet
from oligort.objects import Registration
from oligort.registration import transform_between

UNNAMED_FRAME = "not named"
"""Frame of an ROI that names none where the others lie in several: no UID is spelled so."""


def in_one_frame(
    structure_set: StructureSet, registrations: Sequence[Registration], dose_frames: Iterable[str]
) -> StructureSet:
    """Return a structure set with its ROIs in one frame of reference, as far as they can be.

    It is the frame that most doses can be brought into, of such frames that of most ROIs. An ROI
    to which no registration leads stays where it is drawn, under its own frame; one that names no
    frame is of an unnamed one. A set that names one frame, or none, is returned as it is.
    """
    drawn = [structure for structure in structure_set if not structure.is_empty]
    counts = Counter(one.frame_of_reference_uid for one in drawn if one.frame_of_reference_uid)
    if len(counts) < 2:
        own = next(iter(counts), structure_set.frame_of_reference_uid)
        return replace(structure_set, frame_of_reference_uid=own)
    doses = [uid for uid in dose_frames if uid]

    def preferred(frame: str) -> tuple[int, int]:
        led = sum(_between(registrations, uid, frame) is not None for uid in doses)
        return led, counts[frame]

    own = max(counts, key=preferred)
    moves = {frame: _between(registrations, frame, own) for frame in counts}
    return replace(
        structure_set,
        frame_of_reference_uid=own,
        structures=tuple(
            _moved(one, moves.get(one.frame_of_reference_uid), own) for one in structure_set
        ),
    )


def _between(
    registrations: Sequence[Registration], source: str, target: str
) -> RigidTransform | None:
    try:
        return transform_between(registrations, source, target)
    except NotEvaluable:
        return None


def _moved(structure: Structure, move: RigidTransform | None, frame: str) -> Structure:
    """Return a structure in a frame that a transform leads to; without one, where it is drawn."""
    uid = structure.frame_of_reference_uid
    if structure.is_empty or uid == frame:
        return structure
    if move is None:
        return replace(structure, frame_of_reference_uid=uid or UNNAMED_FRAME)
    return moved(structure, move, frame)


def moved(structure: Structure, move: RigidTransform, frame_uid: str) -> Structure:
    """Return a structure as it lies in another frame of reference, to which a transform leads."""
    contours = tuple(
        Contour(move.apply(contour.points_mm), contour.geometric_type)
        for contour in structure.contours
    )
    return replace(structure, contours=contours, frame_of_reference_uid=frame_uid)
