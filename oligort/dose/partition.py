"""Partition: how a region is cut into sub-voxels for its histogram.

The borders of the sub-voxels fall on the voxel centres of the dose grid, where the slope of a
linear dose jumps: inside a sub-voxel there is one slope. So the same voxels give the same
sub-voxels wherever the patient lies and however much grid there is around.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oligort.dose.composite import CompositeField
from oligort.dose.field import DoseField
from oligort.dose.sampling import Boxes, SubVoxels
from oligort.dose.spline import SplineAxis
from oligort.dose.tally import VOLUME_ROUNDING
from oligort.geometry.raster import Coverage, Lattice
from oligort.geometry.region import Layers, Region

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

PIXELS = 2_000_000
"""Pixels of a plane at most: two specks at both ends of a patient span it all, at little volume."""

RASTERED, TOGETHER = 400_000, 100_000
"""Pixels, of all layers, that are rastered and that are sampled at a time.

As many as a processor's caches hold; a slab that lies across the end of a group is rastered twice.
"""

NOTHING_COVERED = 1e-9
"""Sums along a row of pixels leave this much in pixels that nothing covers, at most."""

SAME_HEIGHT_MM = 1e-6
"""Heights closer than a nanometre are one: rounding, and no volume."""


@dataclass(frozen=True)
class Partition:
    """Boxes of about a size that span a region.

    What a region fills of a layer of boxes is a sub-voxel each; where it fills a box in part, the
    slabs of the drawing cut it into pieces.

    Parameters
    ----------
    lattice : Lattice
        The pixels across the normal.
    step_mm : float
        Thickness along the normal of a layer of an interpolated shape at most.
    levels_mm : (B + 1,) array
        Heights between which the layers of boxes lie.
    follows_voxels : bool
        Whether the slope of a linear dose jumps at borders of boxes only.
    is_of_composite : bool
        Whether it jumps inside boxes too, at the voxels of another grid.
    """

    lattice: Lattice
    step_mm: float
    levels_mm: Floats
    follows_voxels: bool
    is_of_composite: bool = False

    @classmethod
    def of(cls, region: Region, field: DoseField | CompositeField, step_mm: float) -> "Partition":
        """Return the partition of a region into boxes of about `step_mm`.

        Where the dose lies along the planes, boxes are cells between voxel centres halved, or
        pixels of them doubled, some times: of twice the step they are exactly twice as large.
        Of a composite the voxels are those of one of its grids; layers are cut at the ends of all.
        """
        if isinstance(field, CompositeField):
            return cls.of(region, field.followed(step_mm, region.frame), step_mm)._cut_for(
                field, region
            )
        whole = Lattice.around(region.slabs, step_mm)
        low_mm, high_mm = region.extent_mm
        pixel_mm = step_mm * max(1.0, (whole.u_count * whole.v_count / PIXELS) ** 0.5)
        axes = field.along(region.frame)
        if axes is None or not (axes.u.is_uniform and axes.v.is_uniform):
            count = max(1, int(np.ceil((high_mm - low_mm) / step_mm)))
            levels = np.linspace(low_mm, high_mm, count + 1)
            return cls(Lattice.around(region.slabs, pixel_mm), step_mm, levels, False)
        u_start, u_step, u_count = _on_voxels(axes.u, whole.u_start_mm, whole.u_end_mm, pixel_mm)
        v_start, v_step, v_count = _on_voxels(axes.v, whole.v_start_mm, whole.v_end_mm, pixel_mm)
        lattice = Lattice(u_start, v_start, u_step, v_step, u_count, v_count)
        return cls(lattice, step_mm, _levels(axes.n, low_mm, high_mm, step_mm), True)

    def _cut_for(self, composite: CompositeField, region: Region) -> "Partition":
        """Return the partition cut at the ends of every grid of a composite.

        Beyond an end there is less dose; a slope that jumps at a plane is in the mean of a box.
        """
        every = [field.along(region.frame) for field in composite.fields]
        own = self.levels_mm
        aligned = [axes.n for axes in every if axes is not None]
        ends = np.array([end for axis in aligned for end in (axis.low_mm, axis.high_mm)])
        ends = ends[(ends > own[0]) & (ends < own[-1])]
        together = np.sort(np.concatenate([own, ends]))
        together = together[np.diff(together, prepend=-np.inf) > SAME_HEIGHT_MM]
        follows = self.follows_voxels and all(axes is not None for axes in every)
        return replace(self, levels_mm=together, follows_voxels=follows, is_of_composite=True)

    def sub_voxels(self, region: Region) -> Iterator[tuple[SubVoxels, ...]]:
        """Yield the sub-voxels of a region, those of some layers of boxes at a time."""
        size = self.lattice.u_count * self.lattice.v_count
        rastered, together = (max(2, most // size // 2 * 2) for most in (RASTERED, TOGETHER))
        ends = self.levels_mm[rastered:-1:rastered]
        for layers in region.layers(self.lattice, self.step_mm, levels_mm=ends):
            yield from self._cut(layers, together)

    def _cut(self, layers: Layers, together: int) -> Iterator[tuple[SubVoxels, ...]]:
        """Yield the boxes that layers fill, and the pieces of those that they do not."""
        lower, upper, area = layers.lower_mm, layers.upper_mm, layers.coverage.area
        first = max(int(np.searchsorted(self.levels_mm, lower[0] + SAME_HEIGHT_MM)) - 1, 0)
        stop = int(np.searchsorted(self.levels_mm, upper[-1] - SAME_HEIGHT_MM)) + 1
        levels = self.levels_mm[first:stop]
        thin = _thin(levels, lower, upper)
        is_full, is_there = area >= 1 - VOLUME_ROUNDING, area > NOTHING_COVERED
        sizes = np.add.reduceat(thin.thickness_mm, thin.first_of_box[:-1])
        is_whole = sizes > np.diff(levels) - SAME_HEIGHT_MM
        # Two layers of boxes make one of blocks.
        starts = range(-(first % 2), len(is_whole), together)
        for start in starts:
            boxes = slice(max(start, 0), min(start + together, len(is_whole)))
            pieces = slice(*thin.first_of_box[[boxes.start, boxes.stop]])
            layer = thin.layer[pieces]
            is_filled = np.zeros((boxes.stop - boxes.start, *self.lattice.shape), dtype=bool)
            for box in np.flatnonzero(is_whole[boxes]):
                within = thin.layer[slice(*thin.first_of_box[boxes.start + box :][:2])]
                np.all(is_full[within[0] : within[-1] + 1], axis=0, out=is_filled[box])
            number = np.arange(boxes.start, boxes.stop) - start
            some_levels = levels[boxes.start : boxes.stop + 1]
            spans = (some_levels[:-1] + some_levels[1:]) / 2, np.diff(some_levels)
            is_piece = is_there[layer]
            is_piece &= ~is_filled[thin.box[pieces] - boxes.start]
            some = (
                self._boxes(Boxes(*spans, np.arange(len(number))), number, is_filled),
                self._pieces(
                    thin.of(pieces),
                    Boxes(*spans, thin.box[pieces] - boxes.start),
                    thin.box[pieces] - start,
                    is_piece,
                    layers.coverage,
                ),
            )
            yield tuple(one for one in some if len(one.pixel))

    def _boxes(self, boxes: Boxes, number: Integers, is_there: npt.NDArray[np.bool_]) -> SubVoxels:
        layer, pixel = _places(is_there)
        return SubVoxels(
            position_mm=boxes.position_mm,
            thickness_mm=boxes.thickness_mm,
            layer=layer,
            pixel=pixel,
            covered=np.broadcast_to(1.0, len(pixel)),
            rim=np.empty(0, dtype=np.int64),
            u_offset=np.empty(0),
            v_offset=np.empty(0),
            block=self._blocks(number, layer, pixel),
            boxes=boxes,
        )

    def _pieces(
        self,
        thin: "_ThinLayers",
        boxes: Boxes,
        number: Integers,
        is_there: npt.NDArray[np.bool_],
        coverage: Coverage,
    ) -> SubVoxels:
        layer, pixel = _places(is_there)
        site = (thin.layer * is_there[0].size).take(layer)
        site += pixel
        covered = coverage.area.ravel().take(site)
        rim = np.flatnonzero(covered < 1)
        # Of little the centroid is half rounding; it lies in the pixel all the same.
        u_offset, v_offset = (
            np.clip(moment.ravel().take(site.take(rim)) / covered.take(rim), -0.5, 0.5)
            for moment in (coverage.u_moment, coverage.v_moment)
        )
        return SubVoxels(
            position_mm=thin.position_mm,
            thickness_mm=thin.thickness_mm,
            layer=layer,
            pixel=pixel,
            covered=covered,
            rim=rim,
            u_offset=u_offset,
            v_offset=v_offset,
            block=self._blocks(number, layer, pixel),
            boxes=boxes,
        )

    def _blocks(self, box: Integers, layer: Integers, pixel: Integers) -> Integers:
        u_blocks, v_blocks = ((count + 1) // 2 for count in self.lattice.shape)
        of_layer = box // 2 * (u_blocks * v_blocks)
        return np.asarray(of_layer.take(layer) + self._block_of_pixel.take(pixel))

    @cached_property
    def _block_of_pixel(self) -> Integers:
        """The block of each pixel (u * v,) of a layer."""
        u, v = (np.arange(count) // 2 for count in self.lattice.shape)
        return np.asarray((u[:, None] * ((self.lattice.v_count + 1) // 2) + v).ravel())


class _ThinLayers(NamedTuple):
    """Pieces (T,) of layers between the levels of boxes, in ascending order.

    Their middles and thickness, the layer and the layer of boxes that each is of, and the first
    piece of every layer of boxes (B + 1,), with their number in the end.
    """

    position_mm: Floats
    thickness_mm: Floats
    layer: Integers
    box: Integers
    first_of_box: Integers

    def of(self, which: slice) -> "_ThinLayers":
        """Return some of the pieces."""
        return self._replace(
            position_mm=self.position_mm[which],
            thickness_mm=self.thickness_mm[which],
            layer=self.layer[which],
            box=self.box[which],
        )


def _thin(levels_mm: Floats, lower_mm: Floats, upper_mm: Floats) -> _ThinLayers:
    """Cut layers at the levels of boxes; each box holds a part of some layer."""
    inside = levels_mm[(levels_mm > lower_mm[0]) & (levels_mm < upper_mm[-1])]
    borders = np.sort(np.concatenate([lower_mm, upper_mm, inside]))
    borders = borders[np.diff(borders, prepend=-np.inf) > SAME_HEIGHT_MM]
    position = (borders[:-1] + borders[1:]) / 2
    box = np.searchsorted(levels_mm, position) - 1
    return _ThinLayers(
        position_mm=position,
        thickness_mm=np.diff(borders),
        layer=np.searchsorted(lower_mm, position) - 1,
        box=box,
        first_of_box=np.searchsorted(box, np.arange(len(levels_mm))),
    )


def _places(is_there: npt.NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """Return layer and flat pixel of what is there in (L, u, v)."""
    flat = is_there.reshape(len(is_there), -1)
    layer = np.repeat(np.arange(len(flat)), np.count_nonzero(flat, axis=1))
    return layer, np.flatnonzero(flat) - layer * flat.shape[1]


def _levels(axis: SplineAxis, low_mm: float, high_mm: float, step_mm: float) -> Floats:
    """Return heights from at or below `low_mm` to `high_mm`: voxel centres, and between them.

    Beyond the outermost centres it goes on as between the last two.
    """
    centres = axis.centres_mm
    below, above = centres[1] - centres[0], centres[-1] - centres[-2]
    more = np.arange(np.ceil((centres[0] - low_mm) / below), 0, -1)
    beyond = np.arange(1, np.ceil((high_mm - centres[-1]) / above) + 1)
    all_mm = np.concatenate([centres[0] - more * below, centres, centres[-1] + beyond * above])
    first = max(int(np.searchsorted(all_mm, low_mm + SAME_HEIGHT_MM)) - 1, 0)
    stop = int(np.searchsorted(all_mm, high_mm - SAME_HEIGHT_MM)) + 1
    cells = all_mm[first:stop]
    sizes = np.diff(cells)
    cuts = (2 ** np.maximum(np.round(np.log2(sizes / step_mm)), 0)).astype(np.int64)
    number = np.arange(int(cuts.sum())) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    starts = np.repeat(cells[:-1], cuts) + number * np.repeat(sizes / cuts, cuts)
    return np.append(starts, cells[-1])


def _on_voxels(
    axis: SplineAxis, low_mm: float, high_mm: float, pixel_mm: float
) -> tuple[float, float, int]:
    """Return start, step and number of pixels: cells of the axis, halved or doubled."""
    first_mm, cell_mm = float(axis.centres_mm[0]), float(axis.centres_mm[1] - axis.centres_mm[0])
    step_mm = cell_mm * 2.0 ** np.round(np.log2(pixel_mm / cell_mm))
    start_mm = first_mm + np.floor((low_mm - first_mm) / step_mm) * step_mm
    count = max(1, int(np.ceil((high_mm - start_mm) / step_mm)))
    return float(start_mm), float(step_mm), count
