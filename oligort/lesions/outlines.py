"""Outlines: the sizes that a lesion has if another outline, or several together, are the lesion's.

A shell or a margin may be the tumour, two contourings differ, lesions in contact may be one, and
one may be several grown together. A size is then an interval, and no limit inside it is kept or
broken. An outline that is left out may name another organ, too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from oligort.display import quoted, safe_text
from oligort.geometry.components import Part, connected_groups
from oligort.geometry.diameter import longest_in_plane, maximum_3d
from oligort.geometry.slabs import Slab
from oligort.lesions.candidates import FROM_REGISTER, Candidate
from oligort.lesions.lesion import Lesion
from oligort.lesions.repetition import Key, Repetition
from oligort.lesions.vocabulary import Organ
from oligort.measure import Measure

Sizes = tuple[float, float, float]
"""Longest axial diameter, short axis and maximum 3D diameter in mm."""


def with_outlines(
    lesions: Mapping[Key, Lesion],
    candidates: Sequence[Candidate],
    repetition: Repetition,
    groups: Sequence[Sequence[Key]],
) -> dict[Key, Lesion]:
    """Return the lesions, their sizes with the interval ``outline`` where they are in doubt."""
    others: dict[Key, list[Sizes]] = {}
    for kept, other in repetition.outlines:
        others.setdefault(kept, []).extend(_sizes(lesions[other], end) for end in (min, max))
    for members in _in_contact(groups, repetition):
        if len(members) == 1:
            continue
        parts = [candidates[number].parts[part] for number, part in members]
        if all(parts[0].model.frame.is_parallel_to(part.model.frame) for part in parts):
            together = joint_sizes(parts)
            for key in members:
                others.setdefault(key, []).append(together)
    return {
        key: _between(lesion, others[key]) if key in others else lesion
        for key, lesion in lesions.items()
    }


def _in_contact(groups: Sequence[Sequence[Key]], repetition: Repetition) -> list[list[Key]]:
    """Return the groups of parts that may be one lesion as drawn, and not by their names alone."""
    found: dict[tuple[int, int], list[Key]] = {}
    pairs = [pair for pair in repetition.may_be_one if pair not in repetition.apart]
    for number, members in enumerate(groups):
        links = [(members.index(a), members.index(b)) for a, b in pairs if {a, b} <= set(members)]
        for key, group in zip(members, connected_groups(len(members), links), strict=True):
            found.setdefault((number, group), []).append(key)
    return list(found.values())


def other_organs(
    lesions: Mapping[Key, Lesion], repetition: Repetition
) -> dict[Key, dict[Organ, Key]]:
    """Return in which other organs a drawing that is left out puts a lesion, and which it is.

    Where the register says the organ, that is where it lies.
    """
    found: dict[Key, dict[Organ, Key]] = {}
    for kept, other in repetition.outlines:
        own, its = lesions[kept], lesions[other].organ
        if other not in repetition.dropped or own.organ_evidence == FROM_REGISTER:
            continue
        if its is not None and own.organ not in (None, its):
            found.setdefault(kept, {}).setdefault(its, other)
    return found


def with_organ_doubt(lesion: Lesion, others: Mapping[Organ, Lesion]) -> Lesion:
    """Return a lesion that says in which other organs it is drawn again."""
    told = [
        f"{quoted(lesion.label)} is in {lesion.organ} ({safe_text(lesion.organ_evidence)}), and "
        f"{quoted(other.label)}, which is the same volume or an outline of it, in {organ} "
        f"({safe_text(other.organ_evidence)})"
        for organ, other in others.items()
    ]
    return replace(lesion, organ_conflict="; ".join(filter(None, [lesion.organ_conflict, *told])))


def at_least(lesion: Lesion, size_mm: float) -> Lesion:
    """Return a lesion of several that may have grown together, each of at least this size."""
    longest, short, in_3d = _sizes(lesion, min)
    return _between(lesion, [(min(longest, size_mm), min(short, size_mm), min(in_3d, size_mm))])


def size_in_doubt(lesion: Lesion) -> str:
    """Return the sizes that the outlines in question, or their planes, leave open, or ""."""
    causes = {
        "outline": "by which outlines are its own",
        "planes": "since it is not drawn in axial planes",
    }
    told = []
    for cause, why in causes.items():
        sizes = lesion.longest_axial_mm.intervals.get(cause)
        if sizes is None or not lesion.counted.most:
            continue
        low, high = f"{sizes.low:.1f}", f"{sizes.high:.1f}"
        if low != high:  # else drawn twice, and rounded otherwise
            told.append(f"{low} to {high} mm axially, {why}")
    return f"{quoted(lesion.label)}: {'; '.join(told)}" if told else ""


def _sizes(lesion: Lesion, end: Callable[[Sequence[float]], float]) -> Sizes:
    """Return the sizes of a lesion; of planes that are not axial the lower or the upper end."""
    longest, short = (
        end(measure.intervals.get("planes", (float(measure),)))
        for measure in (lesion.longest_axial_mm, lesion.short_axis_mm)
    )
    return longest, short, float(lesion.maximum_3d_mm)


def _between(lesion: Lesion, others: Sequence[Sizes]) -> Lesion:
    """Return a lesion whose sizes reach from its own to those of other outlines."""
    longest, short, in_3d = zip(*others, strict=True)
    return replace(
        lesion,
        longest_axial_mm=_reaching(lesion.longest_axial_mm, longest),
        short_axis_mm=_reaching(lesion.short_axis_mm, short),
        maximum_3d_mm=_reaching(lesion.maximum_3d_mm, in_3d),
    )


def _reaching(measure: Measure, others: Sequence[float]) -> Measure:
    known = dict(measure.intervals)
    low, high = known.pop("outline", (float(measure), float(measure)))
    outline = min(low, *others), max(high, *others)
    if outline[0] == outline[1]:
        return measure
    return Measure(measure, measure.unit, **known, outline=outline)


def joint_sizes(parts: Sequence[Part]) -> Sizes:
    """Return the sizes of parallel parts as one lesion, in the planes that they have in common."""
    frame = parts[0].model.frame
    slabs = [(part, slab) for part in parts for slab in part.slabs]
    longest = []
    for part, slab in slabs:
        facing = [slab, *(it for other, it in slabs if other is not part and _holds(it, slab))]
        flat = np.concatenate([loop for it in facing for loop in it.loops])
        points = np.column_stack([flat, np.full(len(flat), slab.position_mm)])
        longest.append(longest_in_plane(frame.to_patient(points)))
    whole = np.concatenate(
        [
            np.column_stack([loop, np.full(len(loop), position)])
            for _, slab in slabs
            for loop in slab.loops
            for position in (slab.lower_mm, slab.upper_mm)
        ]
    )
    in_3d_mm = maximum_3d(frame.to_patient(whole))[0]
    if not frame.is_axial:
        return in_3d_mm, in_3d_mm, in_3d_mm  # what no axial diameter of them is longer than
    best = max(longest, key=lambda it: it.length_mm)
    return best.length_mm, best.short_axis_mm, in_3d_mm


def _holds(other: Slab, slab: Slab) -> bool:
    """Whether a slab reaches over the plane of another: they may be drawn on other planes."""
    return other.lower_mm <= slab.position_mm <= other.upper_mm
