"""Sampling a dose on the pixels of a plane: dose, its spread inside a sub-voxel, coverage.

A voxel reaches half a spacing beyond its centre, so the outermost half voxel is covered too and is
continued straight on; beyond it there is no dose.
"""

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from oligort.dose.cut_boxes import in_grid
from oligort.dose.field import AlignedAxes, DoseField
from oligort.dose.shares import Shares
from oligort.dose.spline import SplineAxis
from oligort.geometry.raster import Lattice
from oligort.geometry.slabs import PlaneFrame

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Sampled = tuple[Floats, ...]
"""Dose in sub-voxels (N,), and its changes across them along u, v and n."""

SPARSE_FACTOR = 6
"""Where fewer than one pixel in six of a plane is wanted, picking them beats computing all."""

CUT_SHARE = 1e-9
"""A sub-voxel that lacks less of itself is not cut by the border of the grid: rounding."""


class Boxes(NamedTuple):
    """Layers of boxes, B in all, and which of them each of T thin layers is a part of.

    Parameters
    ----------
    position_mm, thickness_mm : (B,) arrays
        The middle of each along the normal, and its thickness.
    of_layer : (T,) integers
        Which of them each thin layer is a part of.
    """

    position_mm: Floats
    thickness_mm: Floats
    of_layer: Integers


class SubVoxels(NamedTuple):
    """The sub-voxels of some thin layers, N in all.

    Parameters
    ----------
    position_mm, thickness_mm : (T,) arrays
        The middle of each thin layer along the normal, and its thickness.
    layer : (N,) integers
        Which of them each sub-voxel is of, ascending.
    pixel : (N,) integers
        Its flat index in the lattice.
    covered : (N,) array
        Which fraction of it is covered.
    rim : (R,) integers
        Those that are covered in part.
    u_offset, v_offset : (R,) arrays
        Of those, from their centre to the centroid of what is covered, in pixels.
    block : (N,) integers
        The block of two by two by two, less at the ends, that each is of; two layers of the
        drawing may be in one.
    boxes : Boxes, optional
        The layers of boxes that the thin layers are parts of.
    """

    position_mm: Floats
    thickness_mm: Floats
    layer: Integers
    pixel: Integers
    covered: Floats
    rim: Integers
    u_offset: Floats
    v_offset: Floats
    block: Integers
    boxes: Boxes | None = None

    @property
    def in_boxes(self) -> Boxes:
        """The layers of boxes: the thin layers themselves where nothing else is known."""
        own = Boxes(self.position_mm, self.thickness_mm, np.arange(len(self.position_mm)))
        return own if self.boxes is None else self.boxes


class Samples(NamedTuple):
    """The dose in sub-voxels, (N,) each.

    Parameters
    ----------
    dose_gy
        Mean dose of what is covered: that of the sub-voxel, moved to the centroid.
    along_gy
        Its change across the sub-voxel in that of its three directions where it changes most.
    across_gy
        Root of the summed squares of its changes in the two others.
    reach_gy
        How far the dose at a corner of the sub-voxel can differ from that at its centre.
    inside
        Fraction of the sub-voxel inside the dose grid; of a composite, inside all its grids.
    partly : tuple of Samples
        Of a composite, the dose that is known where only some of its grids are, each set of them.
    core
        Fraction of the sub-voxel that lies between outermost voxel centres too; None where all of
        it that is inside does.
    certain : tuple of Samples
        Of a composite, the dose that is certain where not all of it is: of the grids between whose
        outermost voxel centres a sub-voxel lies, each set of them.
    """

    dose_gy: Floats
    along_gy: Floats
    across_gy: Floats
    reach_gy: Floats
    inside: Floats
    partly: "tuple[Samples, ...]" = ()
    core: Floats | None = None
    certain: "tuple[Samples, ...]" = ()


class Sampler(Protocol):
    """Samples dose on the pixels of a lattice."""

    def sample(self, sub_voxels: SubVoxels) -> Samples:
        """Return the dose in sub-voxels."""


def single_sampler(
    field: DoseField, frame: PlaneFrame, lattice: Lattice, *, across: bool = False
) -> "_AlignedSampler | _ObliqueSampler":
    """Return the sampler of one dose: separable where the axes of dose and planes agree.

    `across` is whether voxel centres may lie inside sub-voxels, where the slope jumps.
    """
    axes = field.along(frame)
    if axes is None:
        return _ObliqueSampler(field, frame, lattice)
    return _AlignedSampler(axes, lattice, across=across)


class Local(NamedTuple):
    """The dose at the middles of sub-voxels, (N,) each.

    `changes` are those across the sub-voxel along u, v and n, `inside` and `core` as in `Samples`;
    `bend` is how far the mean dose differs from that of the corners, None where it does not.
    """

    value: Floats
    changes: tuple[Floats, Floats, Floats]
    inside: Floats
    bend: Floats | None = None
    core: Floats | None = None


class _AlignedSampler:
    """Separable sampling: dose and planes have the same axes, in any order and sign.

    `bends` is whether the slope of the dose jumps inside pixels, and is followed there.
    """

    def __init__(self, axes: AlignedAxes, lattice: Lattice, *, across: bool) -> None:
        self._across = across
        self._n_axis, self._shape = axes.n, lattice.shape
        u_mm, u_size = axes.u.cut(lattice.u_centres_mm, lattice.u_step_mm)
        v_mm, v_size = axes.v.cut(lattice.v_centres_mm, lattice.v_step_mm)
        self._u = Shares.of(axes.u, u_mm, u_size, across=across)
        self._v = Shares.of(axes.v, v_mm, v_size, across=across)
        self.bends = self._u.ends is not None or self._v.ends is not None
        self._coefficients = axes.coefficients
        self._inside = np.outer(u_size / lattice.u_step_mm, v_size / lattice.v_step_mm).ravel()
        self._is_inside = bool((self._inside > 1 - CUT_SHARE).all())
        self._core = np.outer(
            axes.u.between(lattice.u_centres_mm, lattice.u_step_mm),
            axes.v.between(lattice.v_centres_mm, lattice.v_step_mm),
        ).ravel()
        self._is_core = bool((self._core > 1 - CUT_SHARE).all())
        self._strides = np.array(axes.coefficients.strides) // axes.coefficients.itemsize
        first = np.add.outer(self._u.first * self._strides[1], self._v.first)
        self._first_of_pixel = first.ravel()
        u_of_pixel, v_of_pixel = np.indices(lattice.shape, dtype=np.int64)
        self._u_of_pixel, self._v_of_pixel = u_of_pixel.ravel(), v_of_pixel.ravel()

    def sample(self, sub_voxels: SubVoxels) -> Samples:
        """Return the dose in sub-voxels."""
        return spread(self.local(sub_voxels), sub_voxels)

    def local(self, sub_voxels: SubVoxels) -> Local:
        """Return the dose at the middles of sub-voxels."""
        middle, size = self._n_axis.cut(sub_voxels.position_mm, sub_voxels.thickness_mm)
        n = Shares.of(self._n_axis, middle, size, across=self._across)
        sites = len(middle) * self._shape[0] * self._shape[1]
        sampled = self._on_planes if len(sub_voxels.pixel) * SPARSE_FACTOR > sites else self._picked
        value, u_change, v_change, n_change, *ends = sampled(n, sub_voxels)
        bend = np.abs(value - ends[0]) if ends else None
        is_cut = size < sub_voxels.thickness_mm * (1 - CUT_SHARE)
        if self._is_inside and not is_cut.any():
            inside = np.broadcast_to(1.0, len(value))
        else:
            inside = self._inside.take(sub_voxels.pixel)
            inside *= (size / sub_voxels.thickness_mm).take(sub_voxels.layer)
        return Local(value, (u_change, v_change, n_change), inside, bend, self._core_of(sub_voxels))

    def _core_of(self, sub_voxels: SubVoxels) -> Floats | None:
        """Return which fraction of sub-voxels lies between the outermost centres, or None: all."""
        along_n = self._n_axis.between(sub_voxels.position_mm, sub_voxels.thickness_mm)
        if self._is_core and (along_n > 1 - CUT_SHARE).all():
            return None
        core = self._core.take(sub_voxels.pixel)
        core *= along_n.take(sub_voxels.layer)
        core[core > 1 - CUT_SHARE] = 1
        return core

    def _on_planes(self, n: Shares, sub_voxels: SubVoxels) -> Sampled:
        """Sample whole planes, and take the sub-voxels from them."""
        bends = self.bends or n.ends is not None
        u, v, n = self._u.along(1), self._v.along(2), n.along(0)
        u_slice, v_slice = (
            slice(int(one.first[0]), int(one.first[-1]) + one.count) for one in (u, v)
        )
        near = self._coefficients[:, u_slice, v_slice]
        u_first, v_first = u.first - u.first[0], v.first - v.first[0]
        near_n = _neighbours(near, n.first, n.count, 0)
        planes, n_planes = n.dose_and_change(near_n)
        # First along v on the rows of the grid, of which there are fewer.
        rows, v_rows = v.dose_and_change(_neighbours(planes, v_first, v.count, 2))
        n_rows = v.dose(_neighbours(n_planes, v_first, v.count, 2))
        value, u_change = u.dose_and_change(_neighbours(rows, u_first, u.count, 1))
        v_change, n_change = (
            u.dose(_neighbours(one, u_first, u.count, 1)) for one in (v_rows, n_rows)
        )
        whole = [value, u_change, v_change, n_change]
        if bends:
            corners = n.at_ends(near_n)
            corners = v.at_ends(_neighbours(corners, v_first, v.count, 2))
            whole.append(u.at_ends(_neighbours(corners, u_first, u.count, 1)))
        place = sub_voxels.layer * (self._shape[0] * self._shape[1])
        place += sub_voxels.pixel
        return tuple(one.ravel().take(place) for one in whole)

    def _picked(self, n: Shares, sub_voxels: SubVoxels) -> Sampled:
        """Sample each sub-voxel by itself."""
        n_stride, u_stride, _ = self._strides
        first = self._first_of_pixel.take(sub_voxels.pixel)
        first += (n.first * n_stride).take(sub_voxels.layer)
        n = n.take(sub_voxels.layer)
        u, v = (
            one.take(place.take(sub_voxels.pixel))
            for one, place in ((self._u, self._u_of_pixel), (self._v, self._v_of_pixel))
        )
        flat = self._coefficients.ravel()

        bends = self.bends or n.ends is not None
        rows, v_rows, n_rows, ends = [], [], [], []
        for u_number in range(u.count):
            start = u_number * u_stride + np.arange(v.count)
            columns = [
                [flat.take(first + (one + step)) for step in n_stride * np.arange(n.count)]
                for one in start
            ]
            planes, n_planes = zip(*map(n.dose_and_change, columns), strict=True)
            dose, change = v.dose_and_change(planes)
            rows.append(dose)
            v_rows.append(change)
            n_rows.append(v.dose(n_planes))
            if bends:
                ends.append(v.at_ends([n.at_ends(column) for column in columns]))
        sampled = *u.dose_and_change(rows), u.dose(v_rows), u.dose(n_rows)
        return (*sampled, u.at_ends(ends)) if bends else sampled


def _neighbours(array: Floats, first: Integers, count: int, axis: int) -> list[Floats]:
    """Return the entries at ascending places along an axis, those after them, and so on.

    Views where none is left out.
    """
    start, stop = int(first[0]), int(first[-1]) + 1
    before = (slice(None),) * axis
    near = [array[(*before, slice(start + number, stop + number))] for number in range(count)]
    if stop - start == len(first) and (first[1:] - first[:-1] == 1).all():
        return near
    places = first - start
    return [one.take(places, axis) for one in near]


class _ObliqueSampler:
    """General sampling: each sub-voxel is placed in the dose grid by its affine."""

    bends = False

    def __init__(self, field: DoseField, frame: PlaneFrame, lattice: Lattice) -> None:
        self._field, self._frame, self._lattice = field, frame, lattice

    def sample(self, sub_voxels: SubVoxels) -> Samples:
        """Return the dose in sub-voxels."""
        return spread(self.local(sub_voxels), sub_voxels)

    def local(self, sub_voxels: SubVoxels) -> Local:
        """Return the dose at the middles of sub-voxels, of their parts inside where it ends."""
        u, v = np.divmod(sub_voxels.pixel, self._lattice.v_count)
        thickness = sub_voxels.thickness_mm[sub_voxels.layer]
        points = np.column_stack(
            [
                self._lattice.u_centres_mm[u],
                self._lattice.v_centres_mm[v],
                sub_voxels.position_mm[sub_voxels.layer],
            ]
        )
        inside, core = np.ones((2, len(points)))
        away = np.zeros_like(points)
        cutting = self._cutting(sub_voxels)
        if cutting:
            u_size, v_size = self._lattice.u_step_mm, self._lattice.v_step_mm
            sizes = np.column_stack([np.full((len(points), 2), (u_size, v_size)), thickness])
            origin = self._frame.to_plane(self._field.grid.origin_mm)
            inside, core, away = in_grid(cutting, points - origin, sizes)
            points += away
        value, slopes, _ = self._field.with_slopes(self._frame.to_patient(points))
        u_slope, v_slope, n_slope = np.einsum(
            "na,ax,px->pn", slopes, self._field.grid.axes, self._frame.axes
        )
        changes = (
            u_slope * self._lattice.u_step_mm,
            v_slope * self._lattice.v_step_mm,
            n_slope * thickness,
        )
        # A corner is farther from the middle of what is left, by as much as that is from the box's.
        bend = np.abs(u_slope * away[:, 0] + v_slope * away[:, 1] + n_slope * away[:, 2])
        return Local(
            value,
            changes,
            inside,
            bend if cutting else None,
            None if (core > 1 - CUT_SHARE).all() else core,
        )

    def _cutting(self, sub_voxels: SubVoxels) -> list[tuple[SplineAxis, Floats]]:
        """Return the axes of the grid beyond whose outermost centres layers reach, with normals."""
        lattice, middles = self._lattice, sub_voxels.position_mm
        half = sub_voxels.thickness_mm / 2
        low = np.array([lattice.u_start_mm, lattice.v_start_mm, (middles - half).min()])
        high = np.array([lattice.u_end_mm, lattice.v_end_mm, (middles + half).max()])
        origin = self._frame.to_plane(self._field.grid.origin_mm)
        cutting = []
        for axis, normal in zip(
            self._field.axes, self._frame.to_plane(self._field.grid.axes), strict=True
        ):
            ends = np.sort([(low - origin) * normal, (high - origin) * normal], axis=0).sum(axis=1)
            if ends[0] < axis.centres_mm[0] or ends[1] > axis.centres_mm[-1]:
                cutting.append((axis, normal))
        return cutting


def reach_gy(changes: tuple[Floats, Floats, Floats]) -> Floats:
    """Return how far the dose at a corner of a box differs from that in its middle, (N,)."""
    u_change, v_change, n_change = changes
    reach = np.abs(u_change)
    reach += np.abs(v_change)
    reach += np.abs(n_change)
    reach /= 2
    return reach


def spread(local: Local, sub_voxels: SubVoxels) -> Samples:
    """Return samples from the dose at the middles, moved to the centroid of what is covered."""
    value, (u_change, v_change, n_change), inside, bend, core = local
    reach = reach_gy(local.changes)
    if bend is not None:
        # Of one kink, what it rises above the ends is twice what the mean does.
        reach += bend
    rim = sub_voxels.rim
    for change, offset in ((u_change, sub_voxels.u_offset), (v_change, sub_voxels.v_offset)):
        of_rim = change.take(rim)
        value[rim] += of_rim * offset
        # What a straight border leaves of a pixel is as wide as its centroid tells.
        change[rim] = of_rim * (1 - 2 * np.abs(offset))
    # From here on squares.
    for change in (u_change, v_change, n_change):
        np.square(change, out=change)
    along = np.maximum(u_change, v_change)
    np.maximum(along, n_change, out=along)
    across = u_change
    across += v_change
    across += n_change
    across -= along
    return Samples(
        dose_gy=np.maximum(value, 0, out=value),
        along_gy=np.sqrt(along, out=along),
        across_gy=np.sqrt(np.maximum(across, 0, out=across), out=across),
        reach_gy=reach,
        inside=inside,
        core=core,
    )
