"""Jointly: histograms of expressions that share structures, made of the same cells.

A, A-B and A&B, each cut into sub-voxels of its own, add up within what each may be off by. Here the
cells that they cut each other into are counted, each once, and every histogram is the sum of its
cells: whatever identity holds of the expressions holds of their volumes, of their curves at every
edge and of their mean doses times volume, to rounding. Nothing is ever subtracted.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oligort.conventions import Conventions
from oligort.dose.centres import reached_gy
from oligort.dose.composite import CompositeDose, CompositeField
from oligort.dose.counted import Counted, Statistics
from oligort.dose.dvh import Dvh
from oligort.dose.edge import EdgeDose
from oligort.dose.field import DoseField
from oligort.dose.frame import require_frame_of_dose
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import (
    TOLERANCE,
    Estimate,
    believed_field,
    bin_width_gy,
    nothing_left,
    steps_mm,
)
from oligort.dose.tally import VOLUME_ROUNDING
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.cells import cells_of
from oligort.geometry.region import Region
from oligort.measure import Interval

Floats = npt.NDArray[np.float64]

APART_MM = 1e-3
"""Boxes overlap by more, or not at all: frames of planes agree to half a micrometre."""


class Asked(NamedTuple):
    """A shape whose histogram is asked for, its name, and its number where it is an ROI."""

    shape: Shape
    roi_name: str
    roi_number: int | None

    @classmethod
    def of(cls, shape: Shape, roi_name: str) -> "Asked":
        """Return a shape under a name; with a number where it is the ROI of that name."""
        leaves = shape.leaves
        # An expression has no number, even where a single ROI is all that it stands for.
        is_drawn = len(leaves) == 1 and leaves[0].roi_name == roi_name
        return cls(shape, roi_name, leaves[0].roi_number if is_drawn else None)


def compute_dvhs(
    asked: Sequence[Asked],
    dose: DoseGrid | CompositeDose,
    usual_spacing_mm: float | None,
    conventions: Conventions,
    notes: Sequence[str] = (),
) -> tuple[Dvh | NotEvaluable, ...]:
    """Compute the histograms of shapes from common cells, on the same edges.

    Parameters
    ----------
    asked : sequence of Asked
        Of `MOST_SETS` sets of structures at most.
    dose, usual_spacing_mm, conventions
        As of `compute_dvh` and `Region`.
    notes : sequence of str, optional
        What to say of each histogram.

    Returns
    -------
    tuple of Dvh or NotEvaluable
        One for each; of a shape that is empty the reason.

    Raises
    ------
    NotEvaluable
        If the structures' planes are not parallel; or as `compute_dvh` of the dose.
    """
    leaves = tuple(dict.fromkeys(leaf for one in asked for leaf in one.shape.leaves))
    require_frame_of_dose(Shape(leaves), dose)
    field = believed_field(dose, conventions)
    together = Region(Shape(leaves), usual_spacing_mm, conventions)
    wholes = [_Whole.of(Region(one.shape, None, conventions, together), field) for one in asked]
    cells = _cells(together, wholes, field)
    bin_gy = min(
        bin_width_gy(*whole.bounds_gy([cell for cell in cells if place in cell.members]))
        for place, whole in enumerate(wholes)
    )
    counts = _settled([_Count.of(cell, field, bin_gy) for cell in cells], wholes, field, bin_gy)
    unseen = set(leaves).difference(*(cell.region.shape.leaves for cell in cells))
    if unseen:
        # No cell needs them, and crossing loops are told of them too.
        inert = Region(Shape(tuple(unseen)), None, conventions, together)
        inert.volume_mm3(wholes[0].step_mm)
    size = max((len(one.estimate.cumulative_mm3) for one in counts), default=0)
    sums = [
        _sum(estimates, whole.outline_gy, size) if (estimates := _of(place, counts)) else None
        for place, whole in enumerate(wholes)
    ]
    kept = np.any([one.kept_edges for one in sums if one is not None], axis=0)
    return tuple(
        nothing_left(one.roi_name)
        if counted is None
        else counted.dvh(whole.region, one.roi_name, one.roi_number, kept, *notes)
        for one, whole, counted in zip(asked, wholes, sums, strict=True)
    )


class _Whole(NamedTuple):
    """A region that is asked for, and how finely it would be cut by itself.

    `outline_gy` (N,) are doses on its outline and `own_bounds_gy` those in the box around it, of a
    structure as drawn; the outline of an expression is that of its cells.
    """

    region: Region
    step_mm: float
    finest_mm: float
    outline_gy: Floats
    own_bounds_gy: tuple[float, float] | None

    @classmethod
    def of(cls, region: Region, field: DoseField | CompositeField) -> "_Whole":
        step_mm, finest_mm = steps_mm(region, field)
        if not region.is_one_structure:
            return cls(region, step_mm, finest_mm, np.empty(0), None)
        return cls(region, step_mm, finest_mm, *reached_gy(region, field, step_mm))

    def bounds_gy(self, cells: Sequence["_Cell"]) -> tuple[float, float]:
        """Return the lowest and the highest dose around it, from those around its cells."""
        if self.own_bounds_gy is not None:
            return self.own_bounds_gy
        bounds = [cell.bounds_gy for cell in cells if len(cell.outline_gy)]
        if not bounds:
            return 0.0, 0.0
        return min(low for low, _ in bounds), max(high for _, high in bounds)


class _Cell(NamedTuple):
    """A cell as a region: which of the asked hold it, and the doses on and around its outline."""

    region: Region
    members: tuple[int, ...]
    step_mm: float
    finest_mm: float
    outline_gy: Floats
    bounds_gy: tuple[float, float]


class _Count(NamedTuple):
    """A cell, counted in sub-voxels of a size."""

    cell: _Cell
    step_mm: float
    estimate: Estimate

    @classmethod
    def of(
        cls,
        cell: _Cell,
        field: DoseField | CompositeField,
        bin_gy: float,
        step_mm: float | None = None,
    ) -> "_Count":
        """Count a cell, in sub-voxels of its first size or another."""
        step_mm = step_mm or cell.step_mm
        return cls(cell, step_mm, Estimate.of(cell.region, field, cell.outline_gy, step_mm, bin_gy))

    @property
    def may_be_finer(self) -> bool:
        return self.step_mm >= 2 * self.cell.finest_mm


def _cells(
    together: Region, wholes: Sequence[_Whole], field: DoseField | CompositeField
) -> list[_Cell]:
    """Return the cells of regions; each is cut as finely as the finest of those that hold it."""
    pixel_mm = min(whole.step_mm for whole in wholes)
    cells = []
    shapes = [whole.region.shape for whole in wholes]
    for shape, members in cells_of(shapes, lambda pair: _is_empty(pair, together, pixel_mm)):
        region = Region(shape, None, together.conventions, together)
        # Interpolated shapes are cut at first into the same pixels: where borders cross, cells
        # make up the whole there.
        holding = [wholes[place] for place in members] if region.is_of_slabs else wholes
        step_mm = min(whole.step_mm for whole in holding)
        finest_mm = min(whole.finest_mm for whole in holding)
        outline, bounds_gy = reached_gy(region, field, step_mm)
        cells.append(_Cell(region, members, step_mm, finest_mm, outline, bounds_gy))
    return cells


def _is_empty(pair: Shape, together: Region, step_mm: float) -> bool:
    """Whether two sets of structures have nothing in common, or one nothing without the other.

    Most are told by their boxes; slabs by their volume, which is exact on pixels of any size.
    """
    left, right = (
        Region(side, None, together.conventions, together)
        for side in (pair.left, pair.right)
        if side is not None
    )
    (low, high), (other_low, other_high) = left.box_mm, right.box_mm
    if pair.operator == "&":
        gaps = np.maximum(low, other_low) - np.minimum(high, other_high)
        if (gaps > -APART_MM).any():
            return True
    elif (low < other_low - APART_MM).any() or (high > other_high + APART_MM).any():
        return False
    if not together.is_of_slabs:
        return False
    region = Region(pair, None, together.conventions, together)
    return region.volume_mm3(step_mm) <= VOLUME_ROUNDING * left.drawn_volume_mm3


def _settled(
    counts: list[_Count],
    wholes: Sequence[_Whole],
    field: DoseField | CompositeField,
    bin_gy: float,
) -> list[_Count]:
    """Halve sub-voxels until each whole is settled, as one by itself is; leave empty cells out."""
    counts = [one for one in counts if one.estimate.volume_mm3 > 0]
    while chosen := _in_doubt(counts, len(wholes)):
        counts = [
            _Count.of(one.cell, field, bin_gy, one.step_mm / 2) if place in chosen else one
            for place, one in enumerate(counts)
        ]
    return counts


def _in_doubt(counts: Sequence[_Count], wholes: int) -> set[int]:
    """Return which cells to count more finely: of each whole in doubt that which adds most to it.

    What a cell adds that cannot be counted more finely stands in the interval.
    """
    chosen = set()
    for whole in range(wholes):
        own = [place for place, one in enumerate(counts) if whole in one.cell.members]
        doubts = {
            place: counts[place].estimate.unsettled_mm3
            for place in own
            if counts[place].may_be_finer
        }
        volume_mm3 = sum(counts[place].estimate.volume_mm3 for place in own)
        size = max(map(len, doubts.values()), default=0)
        if doubts and _total(doubts.values(), size).max() > TOLERANCE * volume_mm3:
            chosen.add(max(doubts, key=lambda place: float(doubts[place].max())))
    return chosen


def _of(place: int, counts: Iterable[_Count]) -> list[Estimate]:
    return [one.estimate for one in counts if place in one.cell.members]


def _sum(estimates: Sequence[Estimate], outline: Floats, size: int) -> Counted:
    """Return the sum of cells on so many edges.

    Parameters
    ----------
    estimates : sequence of Estimate
        The cells, one at least.
    outline : (N,) array
        Doses on the outline of the whole, where it is known by itself.
    size : int
        Edges, as many as the longest of all curves has.
    """
    counted = [one.counted for one in estimates]
    partly = [one.partly_mm3 for one in counted if one.partly_mm3 is not None]
    return Counted(
        bin_gy=counted[0].bin_gy,
        cumulative_mm3=_total([one.cumulative_mm3 for one in counted], size),
        volume_mm3=sum(one.volume_mm3 for one in counted),
        uncovered_mm3=sum(one.uncovered_mm3 for one in counted),
        statistics=_statistics([one for one in estimates if one.extremes is not None], outline),
        doubt_mm3=_total(map(_doubt_mm3, estimates), size),
        partly_mm3=_total(partly, size) if partly else None,
        edge=EdgeDose.sum_of([one.edge for one in counted if one.edge is not None], size),
    )


def _total(curves: Iterable[Floats], size: int) -> Floats:
    """Return the sum of curves (n,), each shorter one with nothing beyond its end."""
    total = np.zeros(size)
    for curve in curves:
        total[: len(curve)] += curve[:size]
    return total


def _doubt_mm3(estimate: Estimate) -> Floats:
    """Return what a cell's curve may be off by, as far as its highest dose may reach."""
    if estimate.extremes is None:
        return np.zeros(1)
    reach = int(np.ceil(estimate.extremes.highest / estimate.bin_gy)) + 1
    doubt = estimate.doubt_mm3
    return np.pad(doubt, (0, max(0, reach - len(doubt))), mode="edge")


def _statistics(estimates: Sequence[Estimate], outline: Floats) -> Statistics | None:
    """Return the doses of the whole from those of its cells and, where it is known, its outline."""
    ends = [one.extremes for one in estimates if one.extremes]
    if not ends:
        return None
    low = min([one.low for one in ends] + outline.tolist())
    high = max([one.high for one in ends] + outline.tolist())
    surely = [one.surely_gy for one in estimates if one.surely_gy]
    high_of_low, low_of_high = low, high
    if surely:
        high_of_low = max(low, min(lowest for lowest, _ in surely))
        low_of_high = min(high, max(highest for _, highest in surely))
    covered_mm3 = sum(one.covered_mm3 for one in estimates)
    return Statistics(
        min_gy=low,
        mean_gy=sum(one.mean_gy * one.covered_mm3 for one in estimates) / covered_mm3,
        max_gy=high,
        min_within_gy=Interval(min([low] + [one.lowest for one in ends]), high_of_low),
        max_within_gy=Interval(low_of_high, max([high] + [one.highest for one in ends])),
    )
