"""Cut out: planes that are not drawn of what a limit's expression subtracts."""

from collections.abc import Iterator

from oligort.checks.case import Case
from oligort.checks.expressions import as_anatomy_allows
from oligort.checks.judged import Judged
from oligort.checks.relative import as_limited
from oligort.display import listed
from oligort.dose.dvh import Dvh
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Combination, Expression, Shape, operand_names, parse, resolve
from oligort.geometry.interrupted import bridges_of
from oligort.geometry.structure import Structure
from oligort.protocol.limits import DoseLimit

LEAST_MISSING = 1e-4
"""Share of a structure's volume from which on it is said that so much may be missing of what is cut
out: it moves no share of volume by more than a hundredth of a percentage point."""


def told_of_gaps_cut_out(case: Case, limit: DoseLimit, judged: Judged) -> tuple[str, ...]:
    """Return what to say of planes that are missing in what is cut out of a limit's structure.

    What is missing may be any part of what either side of a gap would fill, going on up to the
    other, as far as that lies in the structure.

    Raises
    ------
    NotEvaluable
        If it would change the verdict.
    """
    if judged.is_drawn:
        return ()
    bridges: list[Structure] = []
    names: list[str] = []
    expression = as_anatomy_allows(case, parse(limit.structure))
    for name in dict.fromkeys(_subtracted(expression)):
        for structure in case.submission.structures_of(name):
            found = bridges_of(structure, case.submission.slabs_of(structure))
            bridges += found
            names += [structure.roi_name] if found else []
    if not bridges:
        return ()
    whole = resolve(expression, case.submission.structures_of)
    less = Shape(operator="-", left=whole, right=Shape(tuple(bridges)))
    what = f"{expression} without the planes that are not drawn of {listed(names)}"
    without = as_limited(case, limit, case.submission.dvh_of_shape(less, what), less)
    missing_cc = judged.dvh.volume_cc - without.volume_cc
    if missing_cc < LEAST_MISSING * judged.dvh.volume_cc:
        return ()
    told = (
        f"up to {missing_cc:.1f} cc may be to be cut out where planes of {listed(names)} are not "
        f"drawn"
    )
    low, high = between(judged.dvh, without, Metric.parse(limit.metric))
    if len({limit.grade_of(value) for value in (low, judged.dvh[limit.metric], high)}) > 1:
        raise NotEvaluable(
            f"{told}: {limit.metric} is {low:.2f} to {high:.2f} {limit.unit}, and the limit lies "
            f"between; draw the missing planes, or each part as an ROI of its own"
        )
    return (told,)


def _subtracted(expression: Expression) -> Iterator[str]:
    """Yield the names that an expression subtracts."""
    if not isinstance(expression, Combination):
        return
    yield from _subtracted(expression.left)
    if expression.operator == "-":
        yield from operand_names(expression.right)
    else:
        yield from _subtracted(expression.right)


def between(whole: Dvh, without: Dvh, metric: Metric) -> tuple[float, float]:
    """Return the least and the most that a metric may be where any part of a piece is cut out.

    A volume at a dose is highest where what receives less goes alone, and lowest where what
    receives more does; of other metrics it is what they are with the piece and without it.

    Parameters
    ----------
    whole, without : Dvh
        With the piece, and without it.
    """
    if metric.kind not in {"V", "CV"}:
        ends = float(whole[metric]), float(without[metric])
        return min(ends), max(ends)
    in_cc = Metric(metric.kind, "cc", metric.at, metric.at_unit)
    counted_cc, piece_cc = float(whole[in_cc]), whole.volume_cc - without.volume_cc
    counted_in_piece_cc = min(max(counted_cc - float(without[in_cc]), 0.0), piece_cc)
    if metric.unit == "cc":
        return counted_cc - counted_in_piece_cc, counted_cc
    others_cc = piece_cc - counted_in_piece_cc
    return (
        100 * (counted_cc - counted_in_piece_cc) / (whole.volume_cc - counted_in_piece_cc),
        100 * counted_cc / (whole.volume_cc - others_cc),
    )
