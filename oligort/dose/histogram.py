"""Histogram of a region in a dose, with what it may be off by; finer until that is little.

A region is cut into sub-voxels. A sub-voxel of dose gradient g holds no single dose but intervals
of doses; it enters the histogram as those (`tally`), which removes the staircase that counting
voxel centres leaves. Volume outside the dose grid has no dose: it is counted as uncovered.

The error falls with the square of the sub-voxel's size. Merged two by two by two, the sub-voxels
show how large it is, and as long as it is larger than allowed, they are halved.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.conventions import Conventions
from oligort.dose.centres import reached_gy
from oligort.dose.composite import CompositeDose, CompositeField
from oligort.dose.composite_sampling import sampler_of, samples_of
from oligort.dose.counted import BIN_GY, Counted, Statistics
from oligort.dose.dvh import Dvh
from oligort.dose.edge import EdgeDose, EdgeTally
from oligort.dose.field import DoseField
from oligort.dose.frame import require_frame_of_dose
from oligort.dose.grid import DoseGrid
from oligort.dose.partition import Partition
from oligort.dose.sampling import Sampler, SubVoxels
from oligort.dose.tally import VOLUME_ROUNDING, Extremes, Tally
from oligort.errors import NotEvaluable
from oligort.geometry.raster import Lattice
from oligort.geometry.region import Region
from oligort.measure import Interval

Floats = npt.NDArray[np.float64]

MAXIMUM_DOSE_GY = 1000.0
"""No histogram is made of a higher dose: no teletherapy reaches it, a wrong scale does."""

LEAST_BINS, MOST_HALVINGS = 2000, 4
"""Bins between the lowest and the highest dose in a structure's box, as far as halving allows.

Where the dose differs by 1 Gy in a whole structure, 100 bins would cut the corners of its curve by
up to a quarter of a percent.
"""

FINEST_MM = 0.02
"""Sub-voxels need not be smaller: contour points are rounded to 0.01 mm."""

SUB_VOXELS = 25_000
"""Sub-voxels that a region is cut into at first: what is enough for a smooth dose.

Starting with too few costs little: with each halving there are eight times as many.
"""

MOST_SUB_VOXELS = 4_000_000
"""No region is cut into more: what is then still in doubt stands in the interval."""

MOSTLY_OUTSIDE = 8.0
"""A region of so many times the volume of the grid has next to no dose, in voxels of any size."""

TOLERANCE, REFINED_FROM_GY = 2e-4, 5.0
"""Sub-voxels are halved while the curve is in doubt by more than this share of the volume, V20 by
0.02 percentage points, at any dose of at least 5 Gy, the lowest that is asked of a lung.

Below, the scattered dose of a whole organ lies within a few steps of what RTDOSE files store, and
no sub-voxels make that smooth; what is in doubt there stands in the interval.
"""

DOUBT, LEAST_DOUBT = 0.7, 2.5e-5
"""The error is at most this share of the difference that merging makes, and 2.5e-5 of the volume.

Of an error that falls with the square of the size it is a third; of 1733 seeded phantoms a share
of 0.58 held the exact slabs in all. Where voxels of the dose and planes of the drawing are in step,
the curves ripple alike before and after merging: of some 1700 such phantoms one was off by 1.2e-5
more.
"""

LINEAR = 0.8
"""The linearity (`Tally.linearity`) down to which that holds; below, the doubt rises by its square.

Of seeded phantoms it is 0.87 and more, of ribs in boxes of 2.5 mm 0.7, of white noise in boxes as
large as its voxels 0.28: there the merged boxes miss most of what the boxes miss.
"""

LEAST_LINEARITY = 0.01
"""Where blocks are less linear, of slivers mostly, the merged curve says nothing: the share is then
so large that the doubt is all of the volume wherever the two curves differ."""

KINKED_DOUBT, OBLIQUE_COMPOSITE_DOUBT = 14.0, 12.0
"""The same share where the borders of the sub-voxels cannot follow the voxels of the dose.

In a grid that lies obliquely kinks are inside the sub-voxels, merged or not: of white noise in
jagged outlines the error was up to thirteen times the difference. Of 60 composites of two grids
with white noise, one of which the sub-voxels could not follow, it was up to ten times.
"""

COMPOSITE_DOUBT = 4.0
"""The same share of a composite whose grids all lie along the planes; it rises by the cube.

Kinks of the other grids are inside the sub-voxels, whose mean dose is exact. Of 260 seeded sums of
two or three grids (white noise, penumbras of 0.1 to 3 mm along an axis and obliquely, Gaussian
peaks) against the exact sum, in 860 sizes of sub-voxels, the error was at most 3.7 times the
difference where the dose is as linear as `LINEAR`, and of white noise up to 11 times at 0.34 and 32
times at 0.37.
"""

COMPOSITE_SETTLED = DOUBT
"""The share by which sub-voxels of a composite are halved, where all grids lie along the planes.

Kinks of the other grids are inside the sub-voxels, at random places, and in their mean doses: the
error is below the difference, of white noise too.
"""


def compute_dvh(
    region: Region, dose: DoseGrid | CompositeDose, roi_name: str, roi_number: int | None = None
) -> Dvh:
    """Compute the histogram of a region in a dose grid, by the conventions of the region.

    Raises
    ------
    NotEvaluable
        If the region is empty or drawn in another frame of reference than the dose, the dose is
        higher than any real one, or its grid is too small to interpolate in.
    """
    require_frame_of_dose(region.shape, dose)
    field = believed_field(dose, region.conventions)
    step_mm, finest_mm = steps_mm(region, field)
    outline, bounds_gy = _reached_gy(region, field, step_mm)
    bin_gy = bin_width_gy(*bounds_gy)
    estimate = Estimate.of(region, field, outline, step_mm, bin_gy)
    if estimate.volume_mm3 <= 0:
        raise nothing_left(roi_name)
    while step_mm >= 2 * finest_mm and not estimate.is_settled:
        step_mm /= 2
        estimate = Estimate.of(region, field, outline, step_mm, bin_gy)
    counted = estimate.counted
    return counted.dvh(region, roi_name, roi_number, counted.kept_edges)


def _reached_gy(
    region: Region, field: DoseField | CompositeField, step_mm: float
) -> tuple[Floats, tuple[float, float]]:
    """Return what `reached_gy` gives of all parts of a region together."""
    of_parts = [reached_gy(part, field, step_mm) for part in region.parts]
    # Without an outline inside the grid a part has no bounds.
    bounds_gy = [bounds for outline, bounds in of_parts if len(outline)] or [(0.0, 0.0)]
    lows_gy, highs_gy = zip(*bounds_gy, strict=True)
    return np.concatenate([outline for outline, _ in of_parts]), (min(lows_gy), max(highs_gy))


def nothing_left(roi_name: str) -> NotEvaluable:
    """Return why there is no histogram of a region without volume."""
    return NotEvaluable(f"{roi_name} is empty: nothing is left to compute a dose of")


def believed_field(
    dose: DoseGrid | CompositeDose, conventions: Conventions
) -> DoseField | CompositeField:
    """Return the dose at every point.

    Raises
    ------
    NotEvaluable
        If it is higher than any real one, or its grid is too small to interpolate in.
    """
    field = dose.field(conventions.dose_interpolation)
    # The bound comes first: to find the highest dose of a composite takes seconds.
    if field.range_gy[1] > MAXIMUM_DOSE_GY and dose.maximum_gy > MAXIMUM_DOSE_GY:
        raise NotEvaluable(
            f"the dose reaches {dose.maximum_gy:.6g} Gy: no dose above {MAXIMUM_DOSE_GY:g} Gy is "
            f"believed; check its scaling and units"
        )
    return field


def steps_mm(region: Region, field: DoseField | CompositeField) -> tuple[float, float]:
    """Return the size of the sub-voxels that a region is cut into at first, and of the smallest."""
    volume_mm3 = region.drawn_volume_mm3
    first_mm = _step_mm(volume_mm3, SUB_VOXELS, field)
    finest_mm = _step_mm(volume_mm3, MOST_SUB_VOXELS, field)
    if isinstance(field, CompositeField):
        # Between the middles of sub-voxels nothing of an oblique dose is seen.
        oblique = [one.spacing_mm for one in field.fields if one.along(region.frame) is None]
        first_mm = min([first_mm, *(max(mm, finest_mm) for mm in oblique)])
    return first_mm, finest_mm


def _step_mm(volume_mm3: float, sub_voxels: int, field: DoseField | CompositeField) -> float:
    """Return the size of so many sub-voxels; where the dose is, none is larger than its voxels."""
    fields = field.fields if isinstance(field, CompositeField) else (field,)
    is_outside = volume_mm3 > MOSTLY_OUTSIDE * sum(one.grid.volume_mm3 for one in fields)
    largest_mm = np.inf if is_outside else field.spacing_mm
    return float(np.clip((volume_mm3 / sub_voxels) ** (1 / 3), FINEST_MM, largest_mm))


def bin_width_gy(low_gy: float, high_gy: float) -> float:
    """Return the width of the bins that a curve between two doses needs."""
    if high_gy <= low_gy:
        return BIN_GY
    halvings = np.ceil(np.log2(LEAST_BINS * BIN_GY / (high_gy - low_gy)))
    return float(BIN_GY / 2 ** np.clip(halvings, 0, MOST_HALVINGS))


@dataclass(frozen=True, eq=False)
class Estimate:
    """The histogram of a region cut into sub-voxels of one size.

    Parameters
    ----------
    bin_gy : float
        Width of its bins.
    cumulative_mm3 : (n + 1,) array
        Covered volume with at least the dose of each edge.
    volume_mm3, covered_mm3 : float
        Of the whole region, and of its part inside the dose grid.
    extremes, mean_gy
        Of the covered part; None where nothing is covered.
    merged_mm3 : (n + 1,) array
        The same curve of sub-voxels that are merged to twice their size.
    doubt_share, settled_share : float
        Which share of their difference the error may be, and is where sub-voxels are halved.
    merged_width_gy : float
        Mean width of their dose intervals.
    partly_mm3 : (n + 1,) array or None
        The curve of what lies inside some grids of a composite and not inside all.
    edge : EdgeDose or None
        What lies beyond the outermost voxel centres, in mm3.
    surely_gy : (float, float) or None
        Of a shape between planes, a lowest and a highest dose that are there in any case.
    """

    bin_gy: float
    cumulative_mm3: Floats
    volume_mm3: float
    covered_mm3: float
    extremes: Extremes | None
    mean_gy: float
    merged_mm3: Floats
    merged_width_gy: float
    doubt_share: float = DOUBT
    settled_share: float = DOUBT
    partly_mm3: Floats | None = None
    edge: EdgeDose | None = None
    surely_gy: tuple[float, float] | None = None

    @classmethod
    def of(
        cls,
        region: Region,
        field: DoseField | CompositeField,
        outline: Floats,
        step_mm: float,
        bin_gy: float,
    ) -> "Estimate":
        """Cut a region into sub-voxels and count them."""
        partitions = [(part, Partition.of(part, field, step_mm)) for part in region.parts]
        # Whether the borders of the boxes follow the voxels is the same of all parts.
        _, partition = partitions[0]
        is_linear = partition.follows_voxels and not partition.is_of_composite
        tally = Tally(field.range_gy, bin_gy, is_linear=is_linear)
        partly = Tally(field.range_gy, bin_gy, is_linear=is_linear)
        edge = EdgeTally(field.range_gy, bin_gy, is_linear=is_linear)
        volume_mm3 = 0.0
        for lattice, sampler, together in _sub_voxels(partitions, field):
            for some, samples in zip(together, samples_of(sampler, together), strict=True):
                size_mm3 = (some.thickness_mm * lattice.pixel_area_mm2).take(some.layer)
                volume_mm3 += float(np.einsum("i,i->", some.covered, size_mm3))
                tally.add(some, samples, size_mm3)
                for known in samples.partly:
                    tally.add(some, known, size_mm3)
                    partly.add(some, known, size_mm3)
                edge.add(some, samples, size_mm3)
            tally.merge()
            partly.merge()
            edge.merge()
        extremes = tally.extremes(outline)
        if extremes is None:
            return cls(bin_gy, np.zeros(2), volume_mm3, 0.0, None, 0.0, np.zeros(2), 0.0)
        linearity = min(1.0, max(tally.linearity, LEAST_LINEARITY) / LINEAR)
        return cls(
            bin_gy=bin_gy,
            cumulative_mm3=_cumulative(tally.histogram(extremes), tally.volume_mm3),
            volume_mm3=volume_mm3,
            covered_mm3=tally.volume_mm3,
            extremes=extremes,
            mean_gy=tally.mean_gy,
            merged_mm3=_cumulative(tally.histogram_of_blocks(extremes), tally.volume_mm3),
            merged_width_gy=tally.mean_block_width_gy,
            doubt_share=_doubt_share(partition, linearity),
            settled_share=_settled_share(partition, linearity),
            partly_mm3=_cumulative(partly.histogram(extremes), partly.volume_mm3)
            if partly.volume_mm3
            else None,
            edge=edge.counted(extremes),
            surely_gy=None if region.is_of_slabs else tally.surely_gy,
        )

    @property
    def edges_gy(self) -> Floats:
        """Edges of the bins, from 0."""
        return np.asarray(np.arange(len(self.cumulative_mm3)) * self.bin_gy)

    @property
    def counted(self) -> "Counted":
        """The histogram with what it may be off by."""
        uncovered_mm3 = self.volume_mm3 - self.covered_mm3
        if uncovered_mm3 <= VOLUME_ROUNDING * self.volume_mm3:
            uncovered_mm3 = 0.0
        ends, statistics = self.extremes, None
        if ends is not None:
            low, high = self.surely_gy or (ends.low, ends.high)
            least, most = Interval(ends.lowest, max(low, ends.low)), min(high, ends.high)
            statistics = Statistics(
                ends.low, self.mean_gy, ends.high, least, Interval(most, ends.highest)
            )
        return Counted(
            bin_gy=self.bin_gy,
            cumulative_mm3=self.cumulative_mm3,
            volume_mm3=self.volume_mm3,
            uncovered_mm3=uncovered_mm3,
            statistics=statistics,
            doubt_mm3=self.doubt_mm3,
            partly_mm3=self.partly_mm3,
            edge=self.edge,
        )

    @property
    def is_settled(self) -> bool:
        """Whether sub-voxels of twice the size give the same curve to what is tolerated."""
        return bool(self.unsettled_mm3.max() <= TOLERANCE * self.volume_mm3)

    @property
    def unsettled_mm3(self) -> Floats:
        """What the curve is in doubt by at each edge, at doses that sub-voxels are halved for."""
        difference = np.abs(self.cumulative_mm3 - self.merged_mm3)
        return np.where(self.edges_gy >= REFINED_FROM_GY, self.settled_share * difference, 0.0)

    @property
    def doubt_mm3(self) -> Floats:
        """What the curve may be off by at each edge.

        The two curves cross here and there, where their difference says nothing: around each dose
        it counts as far as the doses of two merged sub-voxels reach. Added is by how much the curve
        may fall at once somewhere in a bin.
        """
        reach = int(np.ceil(2 * self.merged_width_gy / self.bin_gy)) + 1
        difference = _greatest_within(np.abs(self.cumulative_mm3 - self.merged_mm3), reach)
        bend = np.abs(np.diff(self.cumulative_mm3, 2, prepend=self.cumulative_mm3[0], append=0.0))
        least = LEAST_DOUBT * self.volume_mm3
        return np.asarray(self.doubt_share * difference + _greatest_within(bend, 1) + least)


def _sub_voxels(
    partitions: Sequence[tuple[Region, Partition]], field: DoseField | CompositeField
) -> Iterator[tuple[Lattice, Sampler, tuple[SubVoxels, ...]]]:
    """Yield the sub-voxels of all parts of a region, with what samples the dose in them."""
    for part, partition in partitions:
        sampler = sampler_of(field, part.frame, partition.lattice)
        for together in partition.sub_voxels(part):
            yield partition.lattice, sampler, together


def _doubt_share(partition: Partition, linearity: float) -> float:
    """Return the share of what merging makes that the error may be; `linearity` is 1 at most."""
    if partition.is_of_composite:
        if partition.follows_voxels:
            return COMPOSITE_DOUBT / linearity**3
        return OBLIQUE_COMPOSITE_DOUBT / linearity**2
    return (DOUBT if partition.follows_voxels else KINKED_DOUBT) / linearity**2


def _settled_share(partition: Partition, linearity: float) -> float:
    if partition.is_of_composite and partition.follows_voxels:
        return COMPOSITE_SETTLED / linearity**2
    return _doubt_share(partition, linearity)


def _cumulative(histogram_mm3: Floats, covered_mm3: float) -> Floats:
    """Return the volume in each bin and those above it, and nothing above the last.

    Sums over bins and over sub-voxels differ by rounding: the curve starts at the latter.
    """
    beyond = np.cumsum(histogram_mm3[::-1])[::-1]
    beyond *= covered_mm3 / beyond[0]
    return np.asarray(np.maximum(np.append(beyond, 0.0), 0))


def _greatest_within(values: Floats, reach: int) -> Floats:
    """Return for each value the greatest of those up to `reach` places away."""
    reach = min(reach, len(values))
    padded = np.pad(values, reach)
    done, span = 1, 2 * reach + 1
    # Windows of twice the size are made of two that overlap.
    while done < span:
        shift = min(done, span - done)
        padded = np.maximum(padded[:-shift], padded[shift:])
        done += shift
    return padded
