"""Overlaps: which parts of gross tumour come near each other, and the volume that they share."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from oligort.display import quoted
from oligort.errors import NotEvaluable
from oligort.geometry.components import Part
from oligort.geometry.contact import TOUCH_MM, shared_volume_cc, touch
from oligort.geometry.slabs import PlaneFrame
from oligort.geometry.structure import Points
from oligort.lesions.candidates import Candidate
from oligort.lesions.vocabulary import GTV_ROLES

MAX_PAIRS = 1_000
"""Most pairs of parts of gross tumour that are compared; ten lesions in ten phases each are 450.

Each takes some milliseconds: 200 contours of one tumour are 20,000 pairs and take minutes.
"""

Key = tuple[int, int]
"""Number of the candidate, number of its part."""


def shared_volumes(
    candidates: Sequence[Candidate], may_be_one: dict[tuple[Key, Key], str]
) -> dict[tuple[Key, Key], float]:
    """Return the shared volume in cc of every two parts of different ROIs that touch.

    Parts of one ROI that touch are noted as perhaps one.

    Only gross tumour is compared: that a target lies in the lung asked for says nothing of either.

    Raises
    ------
    NotEvaluable
        If more than `MAX_PAIRS` are to be compared.
    """
    shared = {}
    pairs = list(islice(near_pairs(candidates), MAX_PAIRS + 1))
    if len(pairs) > MAX_PAIRS:
        raise NotEvaluable(
            f"more than {MAX_PAIRS} pairs of contours of gross tumour lie together, the most that "
            "are compared",
            "draw each lesion once, and leave out the ROIs that repeat it",
        )
    for a, b, is_parallel in pairs:
        first, second = part_of(candidates, a), part_of(candidates, b)
        labels = f"{label_of(candidates, a)} and {label_of(candidates, b)}"
        if not is_parallel:
            if a[0] != b[0] and _may_meet(first, second):
                reason = f"{labels} are drawn in planes that are not parallel: overlap not computed"
                may_be_one[a, b] = reason
            continue
        try:
            if not touch(first.model, second.model):
                continue
            if a[0] == b[0]:
                # Parts of one ROI lie apart; where they touch, a hair's breadth made two of one.
                may_be_one[a, b] = f"{labels} touch and may be one lesion"
            else:
                shared[a, b] = shared_volume_cc(first.model, second.model)
        except NotEvaluable as reason:
            may_be_one[a, b] = f"{labels} may overlap: {reason}"
    return shared


def near_pairs(candidates: Sequence[Candidate]) -> Iterator[tuple[Key, Key, bool]]:
    """Yield the pairs of parts of gross tumour that boxes do not keep apart, each once.

    And whether their planes are parallel; boxes in planes of two directions are not compared.
    """
    keys = _tumour_keys(candidates)
    frames: list[PlaneFrame] = []
    frame_of = {}
    for number in sorted({number for number, _ in keys}):
        frame = candidates[number].parts[0].model.frame
        same = [index for index, other in enumerate(frames) if frame.is_parallel_to(other)]
        frame_of[number] = same[0] if same else len(frames)
        frames += [] if same else [frame]
    boxes = np.array([part_of(candidates, key).bounds_mm for key in keys]).reshape(-1, 2, 3)
    low, high = boxes[:, 0], boxes[:, 1]
    frame_of_key = np.array([frame_of[number] for number, _ in keys])
    for index, key in enumerate(keys):
        later = slice(index + 1, None)
        meet = (low[index] - TOUCH_MM <= high[later]) & (low[later] - TOUCH_MM <= high[index])
        is_parallel = frame_of_key[later] == frame_of_key[index]
        for step in np.flatnonzero(meet.all(axis=1) | ~is_parallel).tolist():
            yield key, keys[index + 1 + step], bool(is_parallel[step])


def part_of(candidates: Sequence[Candidate], key: Key) -> Part:
    """Return one part of one candidate."""
    return candidates[key[0]].parts[key[1]]


def label_of(candidates: Sequence[Candidate], key: Key) -> str:
    """Return what a part is called in messages, quoted."""
    return quoted(candidates[key[0]].label(key[1]))


def _tumour_keys(candidates: Sequence[Candidate]) -> list[Key]:
    """Return every part of gross tumour."""
    return [
        (number, part)
        for number, candidate in enumerate(candidates)
        for part in range(len(candidate.parts))
        if candidate.role in GTV_ROLES
    ]


def _may_meet(first: Part, second: Part) -> bool:
    """Whether parts drawn in planes of two directions may touch: in the box of neither apart."""
    return all(
        _ranges_meet(first.bounds_in(frame), second.bounds_in(frame))
        for frame in (first.model.frame, second.model.frame)
    )


def _ranges_meet(first: tuple[Points, Points], second: tuple[Points, Points]) -> bool:
    (low_a, high_a), (low_b, high_b) = first, second
    return bool((low_a - TOUCH_MM <= high_b).all() and (low_b - TOUCH_MM <= high_a).all())
