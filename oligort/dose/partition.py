"""Partition: how a region is cut into sub-voxels for its histogram.

The borders of the sub-voxels fall on the voxel centres of the dose grid, where the slope of a
linear dose jumps: inside a sub-voxel there is one slope. So the same voxels give the same
sub-voxels wherever the patient lies and however much grid there is around.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oligort.dose.composite import CompositeField
from oligort.dose.field import DoseField
from oligort.dose.sampling import SubVoxels, aligned_axes
from oligort.dose.spline import SplineAxis
from oligort.geometry.raster import Lattice
from oligort.geometry.region import Layers, Region

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

PIXELS = 2_000_000
"""Pixels of a plane at most: two specks at both ends of a patient span it all, at little volume."""

TOGETHER = 50_000
"""Pixels, of all layers, that are worked on at a time: what a processor's cache holds."""

NOTHING_COVERED = 1e-9
"""Sums along a row of pixels leave this much in pixels that nothing covers, at most."""

SAME_STEP = 1e-6
"""A piece that is longer than the step by less than this share of it is not cut again: rounding."""


@dataclass(frozen=True)
class Partition:
    """Sub-voxels of about a size.

    Parameters
    ----------
    lattice : Lattice
        The pixels across the normal.
    step_mm : float
        Thickness along the normal at most.
    planes_mm : (P,) array
        Heights at which the slope of the dose jumps.
    is_of_composite : bool
        Whether it jumps inside sub-voxels too, at the voxels of another grid.
    """

    lattice: Lattice
    step_mm: float
    planes_mm: Floats
    is_of_composite: bool = False

    @classmethod
    def of(cls, region: Region, field: DoseField | CompositeField, step_mm: float) -> "Partition":
        """Return the partition of a region into sub-voxels of about `step_mm`.

        Where the dose lies along the planes, pixels are cells between voxel centres halved, or
        doubled, some times: of twice the step they are exactly twice as large. Of a composite the
        voxels are those of its finest grid; layers are cut at the planes of all and at their ends.
        """
        if isinstance(field, CompositeField):
            finest = cls.of(region, field.finest, step_mm)
            every = [aligned_axes(one, region.frame) for one in field.fields]
            planes = [
                np.array([axes.n.low_mm, *axes.n.centres_mm, axes.n.high_mm])
                for axes in every
                if axes is not None
            ]
            follows = len(planes) == len(every) and finest.follows_voxels
            return replace(
                finest,
                planes_mm=np.unique(np.concatenate(planes)) if follows else np.empty(0),
                is_of_composite=True,
            )
        whole = Lattice.around(region.slabs, step_mm)
        pixel_mm = step_mm * max(1.0, (whole.u_count * whole.v_count / PIXELS) ** 0.5)
        axes = aligned_axes(field, region.frame)
        if axes is None or not (axes.u.is_uniform and axes.v.is_uniform):
            return cls(Lattice.around(region.slabs, pixel_mm), step_mm, np.empty(0))
        u_start, u_step, u_count = _on_voxels(axes.u, whole.u_start_mm, whole.u_end_mm, pixel_mm)
        v_start, v_step, v_count = _on_voxels(axes.v, whole.v_start_mm, whole.v_end_mm, pixel_mm)
        lattice = Lattice(u_start, v_start, u_step, v_step, u_count, v_count)
        return cls(lattice, step_mm, axes.n.centres_mm)

    @property
    def follows_voxels(self) -> bool:
        """Whether the slope of a linear dose jumps at borders of sub-voxels only."""
        return len(self.planes_mm) > 0

    def sub_voxels(self, region: Region) -> Iterator[SubVoxels]:
        """Yield the sub-voxels of a region, some layers at a time."""
        most = int(TOGETHER / self._cuts_of_a_slab(region)) or 1
        for layers in region.layers(self.lattice, self.step_mm, most):
            yield self._cut(layers)

    def _cuts_of_a_slab(self, region: Region) -> float:
        thickest = max(slab.upper_mm - slab.lower_mm for slab in region.slabs)
        return max(1.0, thickest / self.step_mm)

    def _cut(self, layers: Layers) -> SubVoxels:
        size = self.lattice.u_count * self.lattice.v_count
        area = layers.coverage.area.ravel()
        site = np.flatnonzero(area > NOTHING_COVERED)
        first = np.searchsorted(site, np.arange(len(layers.lower_mm) + 1) * size)
        thin = self._thin(layers)
        # The sites of a layer, once for each of the thin layers that it is cut into.
        counts = np.diff(first)[thin.layer]
        begin = np.cumsum(counts) - counts
        layer = np.repeat(np.arange(len(counts)), counts)
        site = site.take(np.arange(len(layer)) + (first[thin.layer] - begin).take(layer))
        covered, pixel = area.take(site), site - (thin.layer * size).take(layer)
        rim = np.flatnonzero(covered < 1)
        # Of little the centroid is half rounding; it lies in the pixel all the same.
        u_offset, v_offset = (
            np.clip(moment.ravel().take(site.take(rim)) / covered.take(rim), -0.5, 0.5)
            for moment in (layers.coverage.u_moment, layers.coverage.v_moment)
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
            block=self._blocks(thin, layer, pixel),
        )

    def _blocks(self, thin: "_ThinLayers", layer: Integers, pixel: Integers) -> Integers:
        u_blocks, v_blocks = ((count + 1) // 2 for count in self.lattice.shape)
        u, v = (np.arange(count) // 2 for count in self.lattice.shape)
        of_pixel = (u[:, None] * v_blocks + v).ravel()
        of_layer = np.arange(len(thin.layer)) // 2 * (u_blocks * v_blocks)
        return np.asarray(of_layer.take(layer) + of_pixel.take(pixel))

    def _thin(self, layers: Layers) -> "_ThinLayers":
        """Cut layers at the planes of the dose, and into pieces no thicker than the step."""
        lower, upper = layers.lower_mm, layers.upper_mm
        inside = self.planes_mm[(self.planes_mm > lower[0]) & (self.planes_mm < upper[-1])]
        borders = np.unique(np.concatenate([lower, upper, inside]))
        sizes = np.diff(borders)
        cuts = np.maximum(np.ceil(sizes / self.step_mm - SAME_STEP), 1).astype(np.int64)
        number = np.arange(int(cuts.sum())) - np.repeat(np.cumsum(cuts) - cuts, cuts)
        thickness = np.repeat(sizes / cuts, cuts)
        position = np.repeat(borders[:-1], cuts) + (number + 0.5) * thickness
        return _ThinLayers(position, thickness, np.searchsorted(lower, position) - 1)


class _ThinLayers(NamedTuple):
    """Pieces of layers, (T,): their middles, their thickness and the layers that they are of."""

    position_mm: Floats
    thickness_mm: Floats
    layer: Integers


def _on_voxels(
    axis: SplineAxis, low_mm: float, high_mm: float, pixel_mm: float
) -> tuple[float, float, int]:
    """Return start, step and number of pixels: cells of the axis, halved or doubled."""
    first_mm, cell_mm = float(axis.centres_mm[0]), float(axis.centres_mm[1] - axis.centres_mm[0])
    step_mm = cell_mm * 2.0 ** np.round(np.log2(pixel_mm / cell_mm))
    start_mm = first_mm + np.floor((low_mm - first_mm) / step_mm) * step_mm
    count = max(1, int(np.ceil((high_mm - start_mm) / step_mm)))
    return float(start_mm), float(step_mm), count
