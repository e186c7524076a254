"""Several frames: the census of lesions that are drawn in several frames of reference.

What is drawn in one frame has no place in another that no registration joins to it: neither
overlap nor organ can be told across them. Sizes are right in any frame.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from oligort.display import listed
from oligort.errors import SelectionError
from oligort.geometry.structure import Structure
from oligort.lesions.census import CensusThresholds, LesionHint, census
from oligort.lesions.counting import NONE
from oligort.lesions.lesion import Count, Lesion, LesionCensus
from oligort.lesions.vocabulary import Organ

DOUBT = (
    "drawn in another frame of reference than {others}, and no registration leads there: it may be "
    "one of them"
)


def census_by_frame(
    structures: Sequence[Structure],
    *,
    hints: Mapping[str, LesionHint],
    roi_names: Sequence[str] | None = None,
    usual_spacing_mm: float | None = None,
    thresholds: CensusThresholds | None = None,
) -> LesionCensus:
    """Return the census of structures, taken apart where they lie in several frames of reference.

    The frame that surely holds the most lesions counts as it stands. A lesion of another one may be
    the same, unless it lies in an organ that has none there: it counts none at least.

    Parameters and errors are those of `census`.
    """

    def of(some: Sequence[Structure], names: Sequence[str] | None) -> LesionCensus:
        return census(
            some,
            hints=hints,
            roi_names=names,
            usual_spacing_mm=usual_spacing_mm,
            thresholds=thresholds,
        )

    frames = _by_frame(structures)
    if len(frames) < 2:
        return of(structures, roi_names)
    taken = []
    for some in frames:
        own = {structure.roi_name for structure in some}
        taken.append(of(some, None if roi_names is None else [n for n in roi_names if n in own]))
    drawn = {structure.roi_name for structure in structures}
    if unknown := [name for name in roi_names or () if name not in drawn]:
        raise SelectionError(
            f"expected names of ROIs in the structure set, found {listed(unknown)}; "
            f"it holds {listed(sorted(drawn))}"
        )
    return _together(sorted(taken, key=lambda one: -one.count.least))


def _by_frame(structures: Sequence[Structure]) -> list[list[Structure]]:
    """Return the structures of each frame; what is empty or names none goes with the first."""
    by_frame: dict[str, list[Structure]] = {}
    nowhere = []
    for structure in structures:
        if structure.is_empty or not structure.frame_of_reference_uid:
            nowhere.append(structure)
        else:
            by_frame.setdefault(structure.frame_of_reference_uid, []).append(structure)
    frames = list(by_frame.values()) or [[]]
    frames[0] += nowhere
    return frames


def _together(taken: Sequence[LesionCensus]) -> LesionCensus:
    """Return the censuses of several frames as one; the first counts as it stands."""
    lesions: list[Lesion] = []
    notes: list[str] = []
    total, per_organ = NONE, dict[Organ | None, Count]()
    for one in taken:
        counting = [lesion for lesion in lesions if lesion.counted.most]
        own = [_counted_beside(lesion, counting) for lesion in one]
        in_doubt = [lesion for lesion, before in zip(own, one, strict=True) if lesion is not before]
        notes += [f"{listed([lesion.label])}: {lesion.doubt}" for lesion in in_doubt]
        last_group = max((lesion.group for lesion in lesions), default=0)
        lesions += [
            replace(lesion, group=lesion.group + last_group) if lesion.group else lesion
            for lesion in own
        ]
        doubtful = {lesion.organ for lesion in in_doubt}
        for organ, count in one.per_organ.items():
            before = per_organ.get(organ, NONE)
            least = 0 if organ in doubtful else count.least
            per_organ[organ] = Count(before.least + least, before.most + count.most)
        least = _least(one, in_doubt)
        total = Count(total.least + least, total.most + one.count.most)
    return LesionCensus(
        tuple(lesions),
        total,
        MappingProxyType(per_organ),
        tuple(excluded for one in taken for excluded in one.excluded),
        tuple(dict.fromkeys([*notes, *(note for one in taken for note in one.notes)])),
    )


def _counted_beside(lesion: Lesion, others: Iterable[Lesion]) -> Lesion:
    """Return a lesion with the doubt that it may be one of those drawn in other frames."""
    alike = [one for one in others if len({lesion.organ, one.organ} - {None}) < 2]
    if not alike or not lesion.counted.least:
        return lesion
    doubt = DOUBT.format(others=listed(one.label for one in alike))
    told = f"{lesion.doubt}; {doubt}" if lesion.doubt else doubt
    return replace(lesion, counted=Count(0, lesion.counted.most), doubt=told)


def _least(taken: LesionCensus, in_doubt: Sequence[Lesion]) -> int:
    """Return how many a frame surely adds: those of its organs of which none is in doubt."""
    organs = {lesion.organ for lesion in in_doubt}
    if not organs:
        return taken.count.least
    return sum(count.least for organ, count in taken.per_organ.items() if organ not in organs)
