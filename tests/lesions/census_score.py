"""How a census fares against what is known to be true of a structure set."""

from collections.abc import Iterator
from dataclasses import dataclass

from generated_sets import GeneratedSet

from oligort.lesions.lesion import Count, LesionCensus

MOST_IN_ALL = 4
MOST_PER_ORGAN = 3
"""The trial's limits, NCT06190782, I4i and I4ii."""


@dataclass(frozen=True)
class Score:
    """One census against the truth.

    Parameters
    ----------
    made : GeneratedSet
        The set.
    found : Count
        What the census counts in all.
    outside : tuple of str
        Every range, in all or of an organ, that does not hold the truth.
    in_all, per_organ : bool or None
        Whether the limit is kept; None where it lies inside the range.
    wrong : tuple of str
        Verdicts that no true number allows.
    """

    made: GeneratedSet
    found: Count
    outside: tuple[str, ...]
    in_all: bool | None
    per_organ: bool | None
    wrong: tuple[str, ...]

    @property
    def eligible(self) -> bool | None:
        """Whether both limits are kept; one that is broken decides."""
        if False in (self.in_all, self.per_organ):
            return False
        return None if None in (self.in_all, self.per_organ) else True

    @property
    def width(self) -> int:
        return self.found.most - self.found.least


def score(made: GeneratedSet, census: LesionCensus) -> Score:
    """Hold the ranges of a census and the verdicts that follow against the truth."""
    ranges = _ranges_by_organ(made, census)
    low, high = made.truth
    in_all = verdict([census.count], MOST_IN_ALL)
    per_organ = verdict([found for _, found, _ in ranges], MOST_PER_ORGAN)
    true_in_all = verdict([Count(low, high)], MOST_IN_ALL)
    true_per_organ = verdict([Count(*truth) for _, _, truth in ranges], MOST_PER_ORGAN)
    rows = [("all", census.count, (low, high)), *ranges]
    outside = [
        f"{where}: {found} where {truth} is true"
        for where, found, truth in rows
        if not found.least <= truth[0] <= truth[1] <= found.most
    ]
    wrong = [
        f"{rule}: {said} where {true} is true"
        for rule, said, true in (
            ("in all", in_all, true_in_all),
            ("per organ", per_organ, true_per_organ),
        )
        if said is not None and said is not true
    ]
    return Score(made, census.count, tuple(outside), in_all, per_organ, tuple(wrong))


def verdict(counts: list[Count], limit: int) -> bool | None:
    """Return whether all numbers are within a limit, or None where that is open."""
    if any(count.least > limit for count in counts):
        return False
    return True if all(count.most <= limit for count in counts) else None


def _ranges_by_organ(
    made: GeneratedSet, census: LesionCensus
) -> list[tuple[str, Count, tuple[int, int]]]:
    """Return organ, what the census says of it, and the truth; the unknown may be in any."""
    unknown = census.per_organ.get(None, Count(0, 0))
    named = {str(organ) for organ in census.per_organ if organ is not None}
    found = {str(organ): count for organ, count in census.per_organ.items() if organ is not None}
    rows = []
    for organ in sorted(named | set(made.most)):
        own = found.get(organ, Count(0, 0))
        truth = made.least.get(organ, 0), made.most.get(organ, 0)
        rows.append((organ, Count(own.least, own.most + unknown.most), truth))
    return rows


def share(scores: list[Score], of: str) -> float:
    """Return the share of verdicts among the sets: `in_all`, `per_organ` or `eligible`."""
    return sum(getattr(one, of) is not None for one in scores) / len(scores)


def lines(scores: list[Score]) -> Iterator[str]:
    """Yield the figures, then a row for every complication."""
    widths = sorted(one.width for one in scores)
    yield f"sets                          {len(scores)}"
    yield f"truth outside a range         {sum(bool(one.outside) for one in scores)}"
    yield f"most - least, median          {widths[len(widths) // 2]}"
    yield f"most - least, mean            {sum(widths) / len(widths):.2f}"
    yield f"verdict in all                {share(scores, 'in_all'):.1%}"
    yield f"verdict per organ             {share(scores, 'per_organ'):.1%}"
    yield f"verdict on both together      {share(scores, 'eligible'):.1%}"
    yield f"wrong verdicts                {sum(len(one.wrong) for one in scores)}"
    yield ""
    yield f"{'complication':28} sets  outside  mean width  verdicts in all"
    by_name: dict[str, list[Score]] = {}
    for one in scores:
        for name in one.made.complications or ("none",):
            by_name.setdefault(name, []).append(one)
    for name, here in sorted(by_name.items()):
        outside = sum(bool(one.outside) for one in here)
        width = sum(one.width for one in here) / len(here)
        yield f"{name:28} {len(here):4} {outside:8} {width:11.2f} {share(here, 'in_all'):12.0%}"
