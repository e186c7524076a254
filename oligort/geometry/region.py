"""Region: a structure, or an expression over structures, as layers of area coverage.

Structures of an expression may have different planes: the region is cut at every slab border of
every structure, and within a layer each of them has one cross-section. In a pixel that at most one
structure covers in part, an intersection is the smaller of two coverages, a union the larger; in
the others slabs are combined as polygons (see `joint`). Interpolated shapes have none: there the
smaller and the larger stand, off by less than a pixel where borders cross. What a structure covers
between its planes is the matter of `between`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oligort.conventions import DEFAULT, Conventions
from oligort.display import quoted
from oligort.errors import NotEvaluable
from oligort.geometry import contact
from oligort.geometry.algebra import Shape, holds
from oligort.geometry.between import sections_of
from oligort.geometry.combined import PART, Window, Windowed, combined, shared_pixels
from oligort.geometry.joint import joint_coverage
from oligort.geometry.overlay import overlay
from oligort.geometry.raster import Coverage, Lattice
from oligort.geometry.slabs import PlaneFrame, Slab, SlabModel, slabs_of
from oligort.geometry.structure import Points, Structure

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BORDER_TOLERANCE_MM = 1e-6
"""Slab borders closer than a nanometre are one border: rounding, and no volume."""

PIXELS_TOGETHER = 400_000
"""Pixels, of all layers, that are rastered together: what a processor's cache holds."""

LEAST_SHARE = 0.1
"""Share of their boxes that loops are taken to fill at least when a size of pixels is chosen."""


@dataclass(frozen=True, eq=False)
class Layers:
    """Pieces of a region with one cross-section each, in ascending order along the normal.

    Parameters
    ----------
    lower_mm, upper_mm : (L,) arrays
        Between which each lies.
    coverage : Coverage
        What each covers of the pixels of the lattice, (L, u, v).
    """

    lower_mm: Floats
    upper_mm: Floats
    coverage: Coverage


class Reach(NamedTuple):
    """Which pixels pieces of a region may lie in: none that it covers is missing.

    Parameters
    ----------
    lower_mm, upper_mm : (L,) arrays
        As of `Layers`.
    is_reached : (L, u, v) array
        Whether something of the pixel may be covered.
    """

    lower_mm: Floats
    upper_mm: Floats
    is_reached: Bools


class Region:
    """What a shape covers, ready to be cut into layers.

    Parameters
    ----------
    shape : Shape
        One structure or an expression over several.
    usual_spacing_mm : float or None
        Plane spacing of the images or the structure set, for structures of one or two planes.
    conventions : Conventions, optional
        How contours become a volume.
    known : Region, optional
        One of the same spacing and conventions: structures that both hold are taken from it, and
        what is seen of their loops is told by both.

    Raises
    ------
    NotEvaluable
        If a structure has no area, the structures' planes are not parallel, or they are drawn in
        different frames of reference.
    """

    def __init__(
        self,
        shape: Shape,
        usual_spacing_mm: float | None = None,
        conventions: Conventions = DEFAULT,
        known: "Region | None" = None,
    ) -> None:
        self.shape = shape
        self.conventions = conventions
        _require_one_frame(shape.leaves)
        models = known._models if known else {}
        self._models: dict[int, SlabModel] = {
            id(structure): models.get(id(structure))
            or slabs_of(structure, usual_spacing_mm, conventions)
            for structure in shape.leaves
        }
        self._crossing_mm: dict[int, set[float]] = known._crossing_mm if known else {}
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

    @property
    def loops_overlap(self) -> bool:
        """Whether loops of a plane were seen to cross while layers were cut."""
        return any(self._crossing_mm.values())

    def _crossings(self, structure: Structure) -> tuple[str, ...]:
        """Return what to say of the structure's planes whose loops were seen to cross."""
        positions = self._crossing_mm.get(id(structure), set())
        slabs = [s for s in self._models[id(structure)].slabs if s.position_mm in positions]
        if not slabs:
            return ()
        shared_cc = sum((s.upper_mm - s.lower_mm) * _shared_mm2(s) for s in slabs) / 1000
        side = "outside" if slabs[0].exclusive else "inside"
        where = f"{slabs[0].position_mm:.4g} mm" + (" and others" if len(slabs) > 1 else "")
        return (
            f"loops cross in {len(slabs)} planes ({where}): what they share, {shared_cc:.2g} cc, "
            f"counts as {side}",
        )

    @cached_property
    def slabs(self) -> tuple[Slab, ...]:
        """All slabs of all structures."""
        return tuple(slab for model in self.models for slab in model.slabs)

    @cached_property
    def extent_mm(self) -> tuple[float, float]:
        """Heights between which it lies, whatever its shape between the planes.

        An end reaches no further beyond its plane than the next plane is away (`between`).
        """
        return _extent_mm(self.slabs)

    @cached_property
    def box_mm(self) -> tuple[Floats, Floats]:
        """The lowest and the highest (u, v, n) that its structures reach."""
        return _box_mm(self.slabs)

    @cached_property
    def parts(self) -> tuple["Region", ...]:
        """Regions in boxes apart that it is the union of; itself alone where it is no such union.

        To cut each by itself takes no pixels between them: metastases lie all over a patient.
        """
        structures = tuple(dict.fromkeys(self.shape.structures))
        if len(structures) < 2 or not self.is_of_slabs:
            return (self,)
        boxes = [_box_mm(self._models[id(structure)].slabs) for structure in structures]
        low, high = (np.array(ends) for ends in zip(*boxes, strict=True))
        together: Bools = np.all((low[:, None] <= high) & (low <= high[:, None]), axis=2)
        # A box that meets one which meets another: as long as that finds more.
        while (further := np.matmul(together, together)).sum() > together.sum():
            together = further
        groups: dict[int, list[Structure]] = {}
        for structure, first in zip(structures, together.argmax(axis=1).tolist(), strict=True):
            groups.setdefault(first, []).append(structure)
        if len(groups) == 1:
            return (self,)
        return tuple(
            Region(Shape(tuple(group)), None, self.conventions, known=self)
            for group in groups.values()
        )

    @property
    def is_of_slabs(self) -> bool:
        """Whether the shape between planes is that of the planes, straight along the normal."""
        return self.conventions.between_planes == "slab"

    @cached_property
    def drawn_volume_mm3(self) -> float:
        """Sum of the structures' volumes as drawn: an estimate to choose a raster by."""
        return sum((slab.upper_mm - slab.lower_mm) * _drawn_area_mm2(slab) for slab in self.slabs)

    def holds(self, points_mm: Points) -> Bools:
        """Whether the slabs hold points (N, 3), (u, v, n) in mm; on an outline either way."""
        patient_mm = self.frame.to_patient(points_mm)
        inside = {key: contact.holds(model, patient_mm) for key, model in self._models.items()}
        return holds(self.shape, inside)

    def volume_mm3(self, step_mm: float) -> float:
        """Return the volume, on pixels of about `step_mm`: exact of one structure at any size."""
        lattice = Lattice.around(self.slabs, step_mm)
        return lattice.pixel_area_mm2 * sum(
            float((some.upper_mm - some.lower_mm) @ some.coverage.area.sum(axis=(1, 2)))
            for some in self.layers(lattice, step_mm)
        )

    def layers(
        self,
        lattice: Lattice,
        step_mm: float,
        most_pixels: int = PIXELS_TOGETHER,
        levels_mm: Floats | None = None,
    ) -> Iterator[Layers]:
        """Cut the region into layers and yield them some at a time, in ascending order.

        Parameters
        ----------
        lattice : Lattice
            The pixels across the normal.
        step_mm : float
            How thick a layer of an interpolated shape is at most; one of slabs is as thick as they.
        most_pixels : int, optional
            Of the layers that are yielded together, unless a single one has more.
        levels_mm : (G,) array, optional
            Ascending heights instead, at which layers are cut and begin to be yielded anew.
        """
        for borders, coverages in self._cut(lattice, step_mm, most_pixels, levels_mm):
            covered = self._covered(coverages, lattice, (borders[:-1] + borders[1:]) / 2)
            yield Layers(borders[:-1], borders[1:], covered)

    def reach(
        self, lattice: Lattice, step_mm: float, most_pixels: int = PIXELS_TOGETHER
    ) -> Iterator[Reach]:
        """Yield which pixels the layers may lie in, for much less than what they cover of them.

        How polygons lie to each other in a pixel that they share is not asked for. The parameters
        are those of `layers`.
        """
        for borders, coverages in self._cut(lattice, step_mm, most_pixels):
            found = combined(self.shape, coverages)
            is_reached = np.zeros((len(borders) - 1, *lattice.shape), dtype=bool)
            is_reached[found.window.pixels] = found.coverage.area > PART
            if self.is_of_slabs:
                is_reached |= shared_pixels(list(coverages.values()), lattice)
            yield Reach(borders[:-1], borders[1:], is_reached)

    def _cut(
        self,
        lattice: Lattice,
        step_mm: float,
        most_pixels: int,
        levels_mm: Floats | None = None,
    ) -> Iterator[tuple[Floats, dict[int, Windowed]]]:
        """Yield the borders (L + 1,) of some layers, and what each structure covers of them."""
        windows = self._windows_on(lattice)
        sections = {
            key: sections_of(model, windows[key].of(lattice), step_mm)
            for key, model in self._models.items()
        }
        borders = np.sort(np.concatenate([one.borders_mm for one in sections.values()]))
        borders = borders[np.diff(borders, prepend=-np.inf) > BORDER_TOLERANCE_MM]
        together = max(1, most_pixels // (lattice.u_count * lattice.v_count))
        starts = np.arange(0, len(borders) - 1, together)
        if levels_mm is not None:
            borders, starts = _cut_at(borders, levels_mm)
        for first, last in pairwise([*starts.tolist(), len(borders) - 1]):
            some = borders[first : last + 1]
            heights_mm = (some[:-1] + some[1:]) / 2
            yield (
                some,
                {key: Windowed(windows[key], one.at(heights_mm)) for key, one in sections.items()},
            )
        for key, one in sections.items():
            self._crossing_mm[key] = one.crossing_mm

    def _covered(
        self, coverages: Mapping[int, Windowed], lattice: Lattice, heights_mm: Floats
    ) -> Coverage:
        """Return what the region covers of each pixel of some layers, in the middle of each."""
        whole = Window(0, lattice.u_count, 0, lattice.v_count)
        own = combined(self.shape, coverages)
        covered = (own if own.window == whole else own.spread_over(whole)).coverage
        if self.is_one_structure or not self.is_of_slabs:
            return covered
        shared = shared_pixels(list(coverages.values()), lattice)
        for layer in np.flatnonzero(shared.any(axis=(1, 2))).tolist():
            exact = joint_coverage(self.shape, self._slabs_at(heights_mm[layer]), lattice)
            for part, exact_part in zip(covered, exact, strict=True):
                part[layer][shared[layer]] = exact_part[0][shared[layer]]
        return covered

    def _windows_on(self, lattice: Lattice) -> dict[int, Window]:
        """Return the pixels that each structure needs, by the structure's id."""
        return {key: Window.around(model.slabs, lattice) for key, model in self._models.items()}

    def _slabs_at(self, height_mm: float) -> dict[int, Slab]:
        """Return the slab of each structure at a height, by the structure's id."""
        return {
            key: slab
            for key, model in self._models.items()
            for slab in model.slabs
            if slab.lower_mm < height_mm < slab.upper_mm
        }

    def outline_points_mm(self) -> Points:
        """Return the (N, 3) points (u, v, n) of every loop on both faces of its slab."""
        loops = [loop for slab in self.slabs for loop in slab.loops]
        in_slab = [sum(map(len, slab.loops)) for slab in self.slabs]
        count = sum(in_slab)
        # One coordinate after the other: they are asked for one at a time.
        points = np.empty((3, 2 * count))
        points[:2, :count] = points[:2, count:] = np.concatenate(loops).T
        points[2, :count] = np.repeat([slab.lower_mm for slab in self.slabs], in_slab)
        points[2, count:] = np.repeat([slab.upper_mm for slab in self.slabs], in_slab)
        return points.T


def _extent_mm(slabs: Sequence[Slab]) -> tuple[float, float]:
    """Return heights between which slabs lie, whatever the shape between their planes."""
    ends = [
        (2 * slab.lower_mm - slab.upper_mm, 2 * slab.upper_mm - slab.lower_mm) for slab in slabs
    ]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _box_mm(slabs: Sequence[Slab]) -> tuple[Floats, Floats]:
    low = np.min([slab.drawn.low_mm.min(axis=0) for slab in slabs], axis=0)
    high = np.max([slab.drawn.high_mm.max(axis=0) for slab in slabs], axis=0)
    lowest_mm, highest_mm = _extent_mm(slabs)
    return np.append(low, lowest_mm), np.append(high, highest_mm)


def _require_one_frame(structures: Sequence[Structure]) -> None:
    """Raise NotEvaluable where structures are drawn in different frames of reference."""
    first = next((one for one in structures if one.frame_of_reference_uid), structures[0])
    for structure in structures:
        if not structure.lies_in(first.frame_of_reference_uid):
            raise NotEvaluable(
                f"ROI {quoted(structure.roi_name)} and ROI {quoted(first.roi_name)} are drawn in "
                f"different frames of reference, and no registration that can be used leads from "
                f"one to the other"
            )


def _cut_at(borders_mm: Floats, levels_mm: Floats) -> tuple[Floats, Integers]:
    """Return the borders of layers, cut at levels too, and which of them begin a group."""
    within = borders_mm[0] + BORDER_TOLERANCE_MM, borders_mm[-1] - BORDER_TOLERANCE_MM
    levels = levels_mm[(levels_mm > within[0]) & (levels_mm < within[1])]
    if not len(levels):
        return borders_mm, np.zeros(1, dtype=np.int64)
    following = np.searchsorted(levels, borders_mm - BORDER_TOLERANCE_MM)
    following = np.minimum(following, len(levels) - 1)
    is_level = np.abs(levels[following] - borders_mm) <= BORDER_TOLERANCE_MM
    borders = np.sort(np.concatenate([borders_mm[~is_level], levels]))
    return borders, np.append(0, np.searchsorted(borders, levels))


def _shared_mm2(slab: Slab) -> float:
    """Return the area that the crossing loops of a plane enclose together more than once."""
    both = overlay([slab.loops, slab.loops], [False, True])
    return both.shared(0, 0) - both.shared(1, 1)


def _drawn_area_mm2(slab: Slab) -> float:
    """Return the area of a slab's loops, and no less than a share of their boxes.

    The signed areas of a loop that crosses itself cancel; its box does not.
    """
    boxes = (slab.drawn.high_mm - slab.drawn.low_mm).prod(axis=1)
    return max(abs(float(slab.drawn.enclosed_mm2.sum())), LEAST_SHARE * float(boxes.sum()))
