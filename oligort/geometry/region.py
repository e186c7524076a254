"""Region: a structure, or an expression over structures, as layers of area coverage.

Structures of an expression may have different planes: the region is cut at every slab border of
every structure, and within a layer each of them has one cross-section. In a pixel that two
structures both cover in part, their intersection is the smaller of the two coverages, their union
the larger: exact where one contains the other, off by less than a pixel where borders cross.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from oligort.display import quoted
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.raster import CoverageRaster, Lattice, nesting_signs, signed_area_mm2
from oligort.geometry.slabs import EndCaps, PlaneFrame, Slab, SlabModel, slabs_of
from oligort.geometry.structure import Points, Structure

Floats = npt.NDArray[np.float64]

BORDER_TOLERANCE_MM = 1e-6
"""Slab borders closer than a nanometre are one border: rounding, and no volume."""

LEAST_SHARE = 0.1
"""Share of their boxes that loops are taken to fill at least when a size of pixels is chosen."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A piece of a region with one cross-section.

    Parameters
    ----------
    lower_mm, upper_mm : float
        Between which it lies along the normal.
    coverage : (u, v) array
        Covered fraction of each pixel of the lattice.
    """

    lower_mm: float
    upper_mm: float
    coverage: Floats

    @property
    def thickness_mm(self) -> float:
        """Extent along the normal."""
        return self.upper_mm - self.lower_mm


class Region:
    """What a shape covers, ready to be cut into layers.

    Parameters
    ----------
    shape : Shape
        One structure or an expression over several.
    usual_spacing_mm : float or None
        Plane spacing of the images or the structure set, for structures of one or two planes.
    end_caps : "half" or "none"
        Convention at the end planes.

    Raises
    ------
    NotEvaluable
        If a structure has no area, or the structures' planes are not parallel.
    """

    def __init__(
        self, shape: Shape, usual_spacing_mm: float | None = None, end_caps: EndCaps = "half"
    ) -> None:
        self.shape = shape
        self._models: dict[int, SlabModel] = {
            id(structure): slabs_of(structure, usual_spacing_mm, end_caps)
            for structure in shape.leaves
        }
        self._crossing_mm: dict[int, set[float]] = {}
        self.frame: PlaneFrame = next(iter(self._models.values())).frame
        for structure in shape.leaves:
            if not self._models[id(structure)].frame.is_parallel_to(self.frame):
                raise NotEvaluable(
                    f"ROI {quoted(structure.roi_name)} is drawn in planes of another orientation "
                    f"than ROI {quoted(shape.leaves[0].roi_name)}: they cannot be combined"
                )

    @property
    def is_one_structure(self) -> bool:
        """Whether the region is a structure as drawn."""
        return len(self.shape.leaves) == 1

    @property
    def models(self) -> tuple[SlabModel, ...]:
        """The slab models of the structures, each once."""
        return tuple(self._models.values())

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed or repaired, by structure; crossing loops show while layers are cut."""
        return tuple(
            f"ROI {quoted(structure.roi_name)}: {note}"
            for structure in dict.fromkeys(self.shape.leaves)
            for note in (*self._models[id(structure)].notes, *self._crossings(structure))
        )

    def _crossings(self, structure: Structure) -> tuple[str, ...]:
        """Return what to say of the structure's planes whose loops were seen to cross."""
        positions = sorted(self._crossing_mm.get(id(structure), ()))
        if not positions:
            return ()
        where = f"{positions[0]:.4g} mm" + (" and others" if len(positions) > 1 else "")
        return (f"loops cross in {len(positions)} planes ({where}): joined where they overlap",)

    @cached_property
    def slabs(self) -> tuple[Slab, ...]:
        """All slabs of all structures."""
        return tuple(slab for model in self.models for slab in model.slabs)

    @cached_property
    def drawn_volume_mm3(self) -> float:
        """Sum of the structures' volumes as drawn: an estimate to choose a raster by."""
        return sum((slab.upper_mm - slab.lower_mm) * _drawn_area_mm2(slab) for slab in self.slabs)

    def layers(self, lattice: Lattice) -> Iterator[Layer]:
        """Cut the region into layers, in ascending order along the normal."""
        rasters = {key: _CachedRaster(model, lattice) for key, model in self._models.items()}
        borders = np.unique([(slab.lower_mm, slab.upper_mm) for slab in self.slabs])
        borders = borders[np.diff(borders, prepend=-np.inf) > BORDER_TOLERANCE_MM]
        for lower_mm, upper_mm in pairwise(borders):
            coverage = _coverage(self.shape, rasters, (lower_mm + upper_mm) / 2)
            if coverage is not None and coverage.any():
                yield Layer(float(lower_mm), float(upper_mm), coverage)
        for key, raster in rasters.items():
            self._crossing_mm[key] = raster.crossing_mm

    def outline_points_mm(self) -> Points:
        """Return the (N, 3) points (u, v, n) of every loop on both faces of its slab."""
        return np.concatenate(
            [
                np.column_stack([loop, np.full(len(loop), face_mm)])
                for slab in self.slabs
                for loop in slab.loops
                for face_mm in (slab.lower_mm, slab.upper_mm)
            ]
        )


def _drawn_area_mm2(slab: Slab) -> float:
    """Return the area of a slab's loops, and no less than a share of their boxes.

    The signed areas of a loop that crosses itself cancel; its box does not.
    """
    signs = nesting_signs(slab.loops)
    area = sum(s * signed_area_mm2(loop) for s, loop in zip(signs, slab.loops, strict=True))
    boxes = sum(float(np.prod(np.ptp(loop, axis=0))) for loop in slab.loops)
    return max(abs(area), LEAST_SHARE * boxes)


class _CachedRaster:
    """The coverage of one slab model, looked up by position; keeps the slab it showed last."""

    def __init__(self, model: SlabModel, lattice: Lattice) -> None:
        self._raster = CoverageRaster(model.slabs, lattice)
        self._positions = [slab.position_mm for slab in model.slabs]
        self._lower = np.array([slab.lower_mm for slab in model.slabs])
        self._upper = np.array([slab.upper_mm for slab in model.slabs])
        self._shown: tuple[int, Floats] | None = None

    @property
    def crossing_mm(self) -> set[float]:
        """Positions of the planes, among those shown, whose loops cross."""
        return {self._positions[index] for index in self._raster.overlapping}

    def at(self, position_mm: float) -> Floats | None:
        index = int(np.searchsorted(self._lower, position_mm, side="right")) - 1
        if index < 0 or position_mm > self._upper[index]:
            return None
        if self._shown is None or self._shown[0] != index:
            self._shown = index, self._raster.coverage(index)
        return self._shown[1]


def _coverage(shape: Shape, rasters: dict[int, _CachedRaster], position_mm: float) -> Floats | None:
    """Return the coverage of a shape in the plane at a position; None where it is empty."""
    if shape.left is None or shape.right is None:
        parts = [rasters[id(structure)].at(position_mm) for structure in shape.structures]
        covered = [part for part in parts if part is not None]
        if len(covered) < 2:
            return covered[0] if covered else None
        return np.asarray(np.maximum.reduce(covered))
    left = _coverage(shape.left, rasters, position_mm)
    right = _coverage(shape.right, rasters, position_mm)
    if left is None or right is None:
        return {"|": right if left is None else left, "-": left, "&": None}[str(shape.operator)]
    if shape.operator == "|":
        return np.maximum(left, right)
    common = np.minimum(left, right)
    return common if shape.operator == "&" else left - common
