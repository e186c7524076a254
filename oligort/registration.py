"""Registrations of frames of reference: the one transform from one frame to another, or none."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

from oligort.display import listed, quoted
from oligort.errors import NotEvaluable
from oligort.geometry.rigid import RigidTransform
from oligort.objects import Registration

AGREEMENT_MM = 0.5
"""How far two registrations of the same frames may place a point apart and still say the same.

Matrices rounded to `ROTATION_TOLERANCE` place the corners of a trunk up to 0.15 mm off, two of them
0.3 mm apart; half a millimetre is a fifth of a usual dose voxel.
"""

TRUNK_MM = 500.0
"""Half the size of the cube about the origin at whose corners transforms are compared."""

_CORNERS_MM = np.array(list(product((-TRUNK_MM, TRUNK_MM), repeat=3)))

_Step = tuple[RigidTransform, str]
"""A transform, and the file that says so."""


class _Way(NamedTuple):
    """A transform, the files that say so, and the frames that it leads through, both ends too."""

    transform: RigidTransform
    files: tuple[str, ...]
    frames: tuple[str, ...]


def transform_between(
    registrations: Sequence[Registration], from_frame_uid: str, to_frame_uid: str
) -> RigidTransform:
    """Return the transform of points of one frame of reference into another.

    Taken from a registration of the one to the other in either direction, or of both to a third.

    Parameters
    ----------
    registrations : sequence of Registration
        Whatever is there; of the same frames, one that cannot be used makes the others doubtful.
    from_frame_uid, to_frame_uid : str
        Frame of Reference UIDs (0020,0052).

    Raises
    ------
    NotEvaluable
        If a frame is not named, no registration leads from one to the other, two that do
        contradict each other, or another one of the same frames cannot be used: what it says may
        contradict them.
    """
    if not from_frame_uid or not to_frame_uid:
        raise NotEvaluable("a frame of reference is not named, so that none can be registered")
    if from_frame_uid == to_frame_uid:
        return RigidTransform.identity()
    ways = list(_ways(registrations, from_frame_uid, to_frame_uid))
    if not ways:
        raise NotEvaluable(
            "different frames of reference, and no registration leads from one to the other"
            + _refusals(registrations)
        )
    _require_none_beside(ways, registrations)
    transform, files, _ = ways[0]
    for other, other_files, _ in ways[1:]:
        distance_mm = apart_mm(transform, other)
        if distance_mm > AGREEMENT_MM:
            raise NotEvaluable(
                f"registrations of the same frames of reference contradict each other: "
                f"{listed(files)} and {listed(other_files)} place a point {distance_mm:.1f} mm "
                f"apart; name the files to read"
            )
    return transform


def apart_mm(one: RigidTransform, other: RigidTransform) -> float:
    """Return how far two transforms place a point of a trunk apart, at most."""
    between_mm = other.apply(_CORNERS_MM) - one.apply(_CORNERS_MM)
    return float(np.linalg.norm(between_mm, axis=1).max())


def _require_none_beside(ways: Sequence[_Way], registrations: Sequence[Registration]) -> None:
    """Raise NotEvaluable where a registration that cannot be used joins frames of a way as well."""
    legs = {leg for way in ways for leg in pairwise(way.frames)} | {
        (way.frames[0], way.frames[-1]) for way in ways
    }
    for one in registrations:
        if one.refusal and any(one.joins(*leg) for leg in legs):
            raise NotEvaluable(
                f"{listed(ways[0].files)} says how the frames of reference lie, and so does "
                f"{quoted(one.file)}, which cannot be used: {one.refusal}; which of them holds is "
                f"not known, name the files to read"
            )


def _ways(registrations: Sequence[Registration], source: str, target: str) -> Iterator[_Way]:
    """Yield every way from one frame to another: the direct ones, then those through a third."""
    from_source, from_target = (_steps(registrations, frame) for frame in (source, target))
    for transform, file in from_source.get(target, ()):
        yield _Way(transform, (file,), (source, target))
    for third in sorted(from_source.keys() & from_target.keys() - {source, target}):
        for (first, file), (last, other_file) in product(from_source[third], from_target[third]):
            files = tuple(dict.fromkeys((file, other_file)))
            yield _Way(last.inverse().after(first), files, (source, third, target))


def _steps(registrations: Sequence[Registration], source: str) -> dict[str, list[_Step]]:
    """Return the transforms that one registration alone gives from a frame, by the other frame."""
    steps: dict[str, list[_Step]] = {}
    for registration in registrations:
        own, file = registration.frame_of_reference_uid, registration.file
        for frame, transform in registration.moved:
            if frame == source:
                steps.setdefault(own, []).append((transform, file))
            elif own == source:
                steps.setdefault(frame, []).append((transform.inverse(), file))
    return steps


def _refusals(registrations: Sequence[Registration]) -> str:
    refused = [registration for registration in registrations if registration.refusal]
    return "".join(f"; {quoted(one.file)} cannot be used: {one.refusal}" for one in refused[:3])
