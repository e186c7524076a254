"""Counting: what parts count together, by organ and in all, at least and at most."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from oligort.geometry.components import connected_groups
from oligort.lesions.lesion import Count, Exclusion, Lesion
from oligort.lesions.repetition import Key, Repetition
from oligort.lesions.vocabulary import Organ, Role

NONE, MAYBE = Count(0, 0), Count(0, 1)

_DISTINCT_ROLES = {Role.GTV_PRIMARY, Role.GTV_NODE}


@dataclass(frozen=True)
class Unmeasured:
    """An ROI that cannot be measured; the metastasis that it names may still be there."""

    exclusion: Exclusion
    organ: Organ | None


def doubts_of(
    lesions: Mapping[Key, Lesion], repetition: Repetition
) -> tuple[dict[Key, tuple[Count, str]], list[list[Key]]]:
    """Return the counts that other ROIs change, and the groups of parts that may be one lesion."""
    doubts = {key: (NONE, reason) for key, reason in repetition.dropped.items()}
    keys = [key for key in lesions if lesions[key].counted.most and key not in doubts]
    links = [
        (keys.index(a), keys.index(b)) for a, b in repetition.may_be_one if a in keys and b in keys
    ]
    groups: dict[int, list[Key]] = {}
    for key, group in zip(keys, connected_groups(len(keys), links), strict=True):
        groups.setdefault(group, []).append(key)
    for pair, reason in repetition.may_be_one.items():
        for key, other in (pair, pair[::-1]):
            counts_alone = key in keys and lesions[key].role not in _DISTINCT_ROLES
            if counts_alone and other not in doubts and lesions[other].role in _DISTINCT_ROLES:
                doubts[key] = (Count(0, lesions[key].counted.most), reason)
    for members in groups.values():
        # One of the group surely counts where any does: the largest stands for it.
        first = max(
            members, key=lambda key: (lesions[key].counted.least, lesions[key].volume_cc, key)
        )
        for key in members:
            if key != first:
                reasons = [text for pair, text in repetition.may_be_one.items() if key in pair]
                doubts.setdefault(key, (Count(0, lesions[key].counted.most), "; ".join(reasons)))
    return doubts, list(groups.values())


def add_up(
    lesions: Mapping[Key, Lesion],
    groups: Sequence[Sequence[Key]],
    unmeasured: Sequence[Unmeasured],
    other_organs: Mapping[Key, Iterable[Organ]],
) -> tuple[dict[Organ | None, Count], Count]:
    """Return the counts per organ and in all.

    A group that may be one lesion adds to an organ's least count only if all of it lies there;
    `other_organs` are those that another drawing of a part puts it in.
    """
    per_organ: dict[Organ | None, Count] = {}
    total = NONE
    for members in groups:
        counts = [lesions[key].counted for key in members]
        organs = [
            dict.fromkeys(
                it and it.counted_in for it in (lesions[key].organ, *other_organs.get(key, ()))
            )
            for key in members
        ]
        least = max(count.least for count in counts)
        total = _sum(total, Count(least, sum(count.most for count in counts)))
        possible = dict.fromkeys(organ for its in organs for organ in its)
        for organ in possible:
            here = sum(c.most for c, its in zip(counts, organs, strict=True) if organ in its)
            own = Count(least if len(possible) == 1 else 0, here)
            per_organ[organ] = _sum(per_organ.get(organ, NONE), own)
    for missing in unmeasured:
        if missing.exclusion.may_be_metastasis:
            total = _sum(total, MAYBE)
            organ = missing.organ and missing.organ.counted_in
            per_organ[organ] = _sum(per_organ.get(organ, NONE), MAYBE)
    return per_organ, total


def _sum(first: Count, second: Count) -> Count:
    return Count(first.least + second.least, first.most + second.most)


def most_counted_rois(contours: Iterable[Lesion], number: int) -> frozenset[str]:
    """Return so many ROIs whose parts together surely count most.

    Each may be an entry without contours: one entry may be all parts of an ROI.
    """
    sure: Counter[str] = Counter()
    for one in contours:
        sure[one.roi_name] += one.counted.least
    return frozenset(roi_name for roi_name, least in sure.most_common(number) if least)
