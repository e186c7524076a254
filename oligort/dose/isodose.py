"""Isodose: the volume of the whole dose, beyond any structure, that receives at least a dose.

The dose is trilinear between voxel centres and goes straight on in the outermost half voxel, as in
`field`. A cell between eight neighbouring nodes (`cells`) is above the dose, below it, or holds its
surface. The latter is halved, which a trilinear dose allows exactly, and in each piece the dose is
taken as linear in six tetrahedra, whose share above a dose has a closed form.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise, permutations, product

import numpy as np
import numpy.typing as npt

from oligort.dose.cells import Nodes, corner_slices, halved
from oligort.dose.composite import CompositeDose, grids_of
from oligort.dose.frame import require_frame_of_dose
from oligort.dose.grid import DoseGrid
from oligort.dose.tally import TIE_GY, VOLUME_ROUNDING
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.raster import Lattice
from oligort.geometry.region import Region
from oligort.geometry.structure import Points, Structure
from oligort.measure import Interval, Measure

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

SETTLED = 1e-4
"""Cells are halved until that moves the volume by less than this share of it: a hundredth percent
is below what any other step of a conformity index is known to."""

MOST_CELLS = 1_500_000
"""No more pieces of cells are held: what is then still in doubt stands in the interval."""

_TETRAHEDRA = tuple(
    tuple(np.cumsum([(0, 0, 0), *(np.eye(3, dtype=int)[axis] for axis in order)], axis=0).tolist())
    for order in permutations(range(3))
)
"""The six tetrahedra of a cell, of equal volume, as the corners of each: all hold its diagonal."""

_LINES = ((0, 1), (1, -1), (1, 0), (1, 1))
"""Steps (i, j) to half of the lines of nodes that touch a line; the others see it from theirs."""


@dataclass(frozen=True)
class Isodose:
    """What receives at least a dose.

    Parameters
    ----------
    at_gy : float
        The dose.
    volume : Measure
        In cc, with the interval ``numerical`` and, where it reaches the border of the grid,
        ``coverage``: beyond the grid it may be of any size.
    parts : int
        Separate parts that the volume is of; parts that share a cell of the grid are one.
    """

    at_gy: float
    volume: Measure
    parts: int


def isodose(dose: DoseGrid, at_gy: float, near: Region | None = None) -> Isodose:
    """Return the volume of the dose that receives at least `at_gy`.

    Parameters
    ----------
    dose : DoseGrid
        The whole dose; it is interpolated linearly.
    at_gy : float
        Above 0 Gy.
    near : Region, optional
        Only the parts that come within a cell of this region count, such as those of one target
        among several. Parts are told by 26-connected voxel centres.

    Raises
    ------
    NotEvaluable
        If the grid has fewer than two voxels along an axis, or the region is drawn in another
        frame of reference.
    ValueError
        If the dose is not above 0 Gy.
    """
    if near is not None:
        require_frame_of_dose(near.shape, dose)
    if not at_gy > 0:
        raise ValueError(f"expected an isodose above 0 Gy, found {at_gy}")
    nodes = Nodes.of(dose.field())
    is_above = nodes.dose_gy + TIE_GY >= at_gy
    if not is_above.any():
        return Isodose(at_gy, Measure(0.0, "cc", numerical=(0.0, 0.0)), 0)
    window = _window_of(is_above)
    nodes, is_above = nodes.within(window), is_above[window]
    labels = _labels_of(is_above)
    # one corner after the other: all eight at once are eight copies of the dose
    cell_labels = reduce(np.maximum, (labels[corner] for corner in corner_slices(labels.shape)))
    if near is None:
        chosen = np.unique(labels)
    else:
        at = nodes.cells_of(_points_in(near, _least_spacing_mm(dose)), dose)
        chosen = np.unique(cell_labels[tuple(at.T)])
    chosen = chosen[chosen > 0]
    is_counted = np.isin(cell_labels, chosen) & (cell_labels > 0)
    volume = _volume(nodes, is_counted, at_gy)
    intervals = {"numerical": volume.numerical}
    if (nodes.is_border & np.isin(labels, chosen) & is_above).any():
        intervals["coverage"] = Interval(volume.cc, np.inf)
    return Isodose(at_gy, Measure(volume.cc, "cc", **intervals), len(chosen))


def isodose_of(
    dose: DoseGrid | CompositeDose,
    at_gy: float,
    target: Shape,
    targets: Iterable[Structure],
    usual_spacing_mm: float | None,
) -> Isodose:
    """Return the isodose of a target; where another of `targets` is drawn, its parts at this one.

    Raises
    ------
    NotEvaluable
        As `isodose`; or if the dose is a sum of doses on different grids.
    """
    grid, *others = grids_of(dose)
    if others:
        raise NotEvaluable("an isodose of courses on different grids is not told")
    leaves = target.leaves
    is_alone = all(other.is_empty for other in targets if other not in leaves)
    near = None if is_alone else Region(Shape(leaves), usual_spacing_mm)
    return isodose(grid, at_gy, near)


@dataclass(frozen=True)
class _Volume:
    """A volume in cc and the interval that its computation leaves."""

    cc: float
    numerical: Interval


def _volume(nodes: Nodes, is_counted: Bools, at_gy: float) -> _Volume:
    """Return the volume at or above a dose in some of the cells between nodes."""
    dose_gy = nodes.dose_gy + TIE_GY
    slices = corner_slices(dose_gy.shape)
    low, high = (
        reduce(extreme, (dose_gy[corner] for corner in slices))
        for extreme in (np.minimum, np.maximum)
    )
    cell_cc = nodes.cell_cc
    whole_cc = float(cell_cc[is_counted & (low >= at_gy)].sum())
    cut = is_counted & (low < at_gy) & (high >= at_gy)
    corners = np.stack([dose_gy[corner][cut] for corner in slices], axis=1).reshape(-1, 2, 2, 2)
    size_cc = cell_cc[cut]
    found_cc = whole_cc + float(_share_above(corners, at_gy) @ size_cc)
    moved_cc = np.inf
    while moved_cc > SETTLED * found_cc and 8 * len(corners) <= MOST_CELLS:
        before_cc = found_cc
        corners, size_cc = halved(corners), np.tile(size_cc / 8, 8)
        flat = corners.reshape(len(corners), 8)
        low, high = flat.min(axis=1), flat.max(axis=1)
        whole_cc += float(size_cc[low >= at_gy].sum())
        kept = (low < at_gy) & (high >= at_gy)
        corners, size_cc = corners[kept], size_cc[kept]
        found_cc = whole_cc + float(_share_above(corners, at_gy) @ size_cc)
        moved_cc = abs(found_cc - before_cc)
    # The pieces that still are cut bound what they can hold; the last halving tells by its third
    # how far the sum is off, as the error falls with the square of their size.
    doubt_cc = moved_cc + VOLUME_ROUNDING * found_cc
    most_cc = whole_cc + float(size_cc.sum())
    return _Volume(
        found_cc,
        Interval(
            min(max(whole_cc, found_cc - doubt_cc), found_cc),
            max(min(most_cc, found_cc + doubt_cc), found_cc),
        ),
    )


def _share_above(corners: Floats, at_gy: float) -> Floats:
    """Return the share (M,) at or above a dose of cells (M, 2, 2, 2), linear in six tetrahedra."""
    total = np.zeros(len(corners))
    for tetrahedron in _TETRAHEDRA:
        vertices = np.stack([corners[:, i, j, k] for i, j, k in tetrahedron])
        total += _tetrahedron_above(np.sort(vertices, axis=0), at_gy)
    return total / len(_TETRAHEDRA)


def _tetrahedron_above(vertices: Floats, at_gy: float) -> Floats:
    """Return the share (M,) at or above a dose of tetrahedra of ascending doses (4, M).

    The integral of the density of states in Bloechl et al., Phys Rev B 1994; 49: 16223.
    """
    a, b, c, d = vertices

    def over(numerator: Floats, *sides: Floats) -> Floats:
        # A side of no length belongs to a case that is not asked for.
        product_of = np.prod(sides, axis=0)
        quotient = np.divide(numerator, product_of, out=np.zeros_like(a), where=product_of > 0)
        return np.asarray(quotient)

    t = at_gy
    near_a = 1 - over((t - a) ** 3, b - a, c - a, d - a)
    near_d = over((d - t) ** 3, d - a, d - b, d - c)
    bend = over((c - a + d - b) * (t - b) ** 3, c - b, d - b)
    between = 1 - over((b - a) ** 2 + 3 * (b - a) * (t - b) + 3 * (t - b) ** 2 - bend, c - a, d - a)
    shares = [np.ones_like(a), near_a, between, near_d]
    return np.asarray(np.select([t <= a, t <= b, t < c, t <= d], shares, 0.0))


def _least_spacing_mm(dose: DoseGrid) -> float:
    grid = dose.grid
    frames_mm = float(np.diff(grid.frame_positions_mm).min())
    return min(grid.i_spacing_mm, grid.j_spacing_mm, frames_mm)


def _window_of(is_above: Bools) -> tuple[slice, ...]:
    """Return the box of nodes above a dose and one node around it, as far as there are."""
    window = []
    for axis, count in enumerate(is_above.shape):
        others = tuple(other for other in range(3) if other != axis)
        held = np.flatnonzero(is_above.any(axis=others))
        window.append(slice(max(int(held[0]) - 1, 0), min(int(held[-1]) + 2, count)))
    return tuple(window)


def _labels_of(is_above: Bools) -> Integers:
    """Return the number, from 1, of the 26-connected part that each node is of; 0 where below.

    Nodes above that follow each other along k are one run; runs that touch join the least number.
    """
    starts = is_above & ~np.pad(is_above, ((0, 0), (0, 0), (1, 0)))[:, :, :-1]
    runs = np.where(is_above, np.cumsum(starts).reshape(is_above.shape), 0)
    count, links = int(runs.max()), []
    for step in product(_LINES, (-1, 0, 1)):
        one, other = _shifted(runs, (*step[0], step[1]))
        touch = (one > 0) & (other > 0)
        # Two numbers as one: numpy sorts plain numbers much faster than pairs.
        links.append(np.unique(one[touch] * (count + 1) + other[touch]))
    return _least_of_each(count, np.stack(np.divmod(np.concatenate(links), count + 1)))[runs]


def _shifted(values: Integers, step: tuple[int, ...]) -> tuple[Integers, Integers]:
    """Return an array and the same array a step further, as far as they overlap."""
    pairs = list(zip(step, values.shape, strict=True))
    here, there = (
        tuple(slice(max(0, sign * by), min(n, n + sign * by)) for by, n in pairs)
        for sign in (-1, 1)
    )
    return values[here], values[there]


def _least_of_each(count: int, links: Integers) -> Integers:
    """Return for 0 to count the least number that it is linked to, by any way; links (2, L)."""
    least = np.arange(count + 1)
    while True:
        one, other = least[links]
        apart = one != other
        if not apart.any():
            return least
        np.minimum.at(least, np.maximum(one, other)[apart], np.minimum(one, other)[apart])
        while (further := least[least] < least).any():
            least = np.where(further, least[least], least)


def _points_in(region: Region, step_mm: float) -> Points:
    """Return points (N, 3) on the outline of a region, and inside it about a step apart."""
    lattice = Lattice.around(region.slabs, step_mm)
    u_mm, v_mm = lattice.u_centres_mm, lattice.v_centres_mm
    points = [region.outline_points_mm()]
    for layers in region.layers(lattice, step_mm):
        for lower, upper, area in zip(
            layers.lower_mm, layers.upper_mm, layers.coverage.area, strict=True
        ):
            u, v = np.nonzero(area)
            faces = np.linspace(lower, upper, 2 + int((upper - lower) / step_mm))
            heights = [(low + high) / 2 for low, high in pairwise(faces)]
            points += [np.column_stack([u_mm[u], v_mm[v], np.full(len(u), n)]) for n in heights]
    return region.frame.to_patient(np.concatenate(points))
