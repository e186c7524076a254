"""Registrations of frames of reference: the one transform from one frame to another, or none."""

from collections.abc import Iterator, Sequence
from itertools import product

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

_Way = tuple[RigidTransform, tuple[str, ...]]
"""A transform, and the files that say so."""


def transform_between(
    registrations: Sequence[Registration], from_frame_uid: str, to_frame_uid: str
) -> RigidTransform:
    """Return the transform of points of one frame of reference into another.

    Taken from a registration of the one to the other in either direction, or of both to a third.

    Parameters
    ----------
    registrations : sequence of Registration
        Whatever is there; what is refused is left out, and told where nothing else is found.
    from_frame_uid, to_frame_uid : str
        Frame of Reference UIDs (0020,0052).

    Raises
    ------
    NotEvaluable
        If a frame is not named, no registration leads from one to the other, or two that do
        contradict each other.
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
    transform, files = ways[0]
    for other, other_files in ways[1:]:
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


def _ways(registrations: Sequence[Registration], source: str, target: str) -> Iterator[_Way]:
    """Yield every way from one frame to another: the direct ones, then those through a third."""
    from_source, from_target = (_steps(registrations, frame) for frame in (source, target))
    yield from from_source.get(target, ())
    for third in sorted(from_source.keys() & from_target.keys() - {source, target}):
        for (first, files), (last, other_files) in product(from_source[third], from_target[third]):
            yield last.inverse().after(first), tuple(dict.fromkeys((*files, *other_files)))


def _steps(registrations: Sequence[Registration], source: str) -> dict[str, list[_Way]]:
    """Return the transforms that one registration alone gives from a frame, by the other frame."""
    steps: dict[str, list[_Way]] = {}
    for registration in registrations:
        own, files = registration.frame_of_reference_uid, (registration.file,)
        for frame, transform in registration.moved:
            if frame == source:
                steps.setdefault(own, []).append((transform, files))
            elif own == source:
                steps.setdefault(frame, []).append((transform.inverse(), files))
    return steps


def _refusals(registrations: Sequence[Registration]) -> str:
    refused = [registration for registration in registrations if registration.refusal]
    return "".join(f"; {quoted(one.file)} cannot be used: {one.refusal}" for one in refused[:3])
