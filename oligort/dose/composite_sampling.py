"""Sampling a composite: the doses of several grids added up in every sub-voxel.

The sub-voxels follow the voxels of one grid. Voxel centres of the others lie inside of them, where
the slope jumps: what counts is the mean dose of a box, exact for both sides of them together, and
its changes from end to end.

Where a grid ends, the dose beyond is known in part: what is inside all grids and what is not are
kept apart. A sub-voxel that a border cuts is entered from the pieces that the border makes of it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oligort.dose.composite import CompositeField
from oligort.dose.field import DoseField
from oligort.dose.pieces import pieces_of
from oligort.dose.sampling import (
    Local,
    Sampler,
    Samples,
    SubVoxels,
    reach_gy,
    single_sampler,
    spread,
)
from oligort.geometry.raster import Lattice
from oligort.geometry.slabs import PlaneFrame

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NO_SHARE = 1e-9
"""Smaller shares of a sub-voxel are rounding: its borders are differences of some 100 mm."""


def sampler_of(field: DoseField | CompositeField, frame: PlaneFrame, lattice: Lattice) -> Sampler:
    """Return the sampler that fits: of a composite one that adds up those of its fields."""
    if isinstance(field, CompositeField):
        return _CompositeSampler(field.fields, frame, lattice)
    return single_sampler(field, frame, lattice)


def samples_of(sampler: Sampler, together: Sequence[SubVoxels]) -> Iterator[Samples]:
    """Yield the dose in sub-voxels of the same layers of boxes, each at a time."""
    if isinstance(sampler, _CompositeSampler):
        return sampler.sample_together(together)
    return map(sampler.sample, together)


class _CompositeSampler:
    """Adds up what the samplers of several doses find in a sub-voxel."""

    def __init__(self, fields: Sequence[DoseField], frame: PlaneFrame, lattice: Lattice) -> None:
        self._fields, self._frame, self._lattice = fields, frame, lattice
        self._samplers = [single_sampler(field, frame, lattice, across=True) for field in fields]
        known = [axes for field in fields if (axes := field.along(frame)) is not None]
        aligned = [(axes.u, axes.v, axes.n) for axes in known]
        # Where all grids lie obliquely there are none: a piece is then a whole sub-voxel.
        self._borders_mm = [
            np.array([end for one in aligned for end in (one[axis].low_mm, one[axis].high_mm)])
            for axis in range(3)
        ]

    def sample(self, sub_voxels: SubVoxels) -> Samples:
        """Return the dose in sub-voxels, and what is known of it where a grid has ended."""
        return self._samples([sampler.local(sub_voxels) for sampler in self._samplers], sub_voxels)

    def sample_together(self, together: Sequence[SubVoxels]) -> Iterator[Samples]:
        """Yield the same of sub-voxels of the same layers of boxes, each at a time.

        Doses that bend inside boxes are sampled there, in all at once; what a piece has of such
        a box follows from its change.
        """
        if not together:
            return
        boxes = _in_boxes(together)
        whole = [one.local(boxes) if one.bends else None for one in self._samplers]
        start = 0
        for some in together:
            which = slice(start, start + len(some.pixel))
            start = which.stop
            local = [
                sampler.local(some) if in_boxes is None else _part(in_boxes, which, some)
                for sampler, in_boxes in zip(self._samplers, whole, strict=True)
            ]
            yield self._samples(local, some)

    def _samples(self, local: Sequence[Local], sub_voxels: SubVoxels) -> Samples:
        samples = self._known(local, sub_voxels)
        if all(one.core is None for one in local):
            return samples
        # A sub-voxel that an outermost centre cuts is not certain throughout: it counts as beyond.
        whole = np.ones(len(sub_voxels.pixel))
        cores = np.stack([whole if one.core is None else one.core for one in local])
        everywhere, certain_by = 2 ** len(local) - 1, _sets_of(cores > 1 - NO_SHARE)
        is_certain = certain_by == everywhere
        certain = [
            spread(_sum_of(local, one, np.where(certain_by == one, 1.0, 0.0)), sub_voxels)
            for one in sorted(set(np.unique(certain_by).tolist()) - {0, everywhere})
        ]
        return samples._replace(
            partly=tuple(_between(one, is_certain) for one in samples.partly),
            core=_between(samples, is_certain).core,
            certain=tuple(certain),
        )

    def _known(self, local: Sequence[Local], sub_voxels: SubVoxels) -> Samples:
        """Return the dose that is known, as its grids continue it beyond outermost centres."""
        everywhere = 2 ** len(local) - 1
        if all(one.inside.min(initial=1.0) > 1 - NO_SHARE for one in local):
            known = _sum_of(local, everywhere, np.broadcast_to(1.0, len(sub_voxels.pixel)))
            return spread(known, sub_voxels)
        inside = np.stack([one.inside for one in local])
        inside[inside > 1 - NO_SHARE] = 1
        inside[inside < NO_SHARE] = 0
        is_cut = ((inside > 0) & (inside < 1)).any(axis=0)
        known_by = _sets_of(inside == 1)
        cut = np.flatnonzero(is_cut)
        pieces = self._pieces_of(sub_voxels, cut) if len(cut) else None
        # Each set of grids by itself: what two of them know of one sub-voxel may be far apart.
        sets = {everywhere, *np.unique(known_by[~is_cut]).tolist()}
        sets |= set(np.unique(pieces.known_by).tolist()) if pieces else set()
        samples = []
        for one in sorted(sets - {0}, reverse=True):
            known = _sum_of(local, one, np.where(~is_cut & (known_by == one), 1.0, 0.0))
            if pieces is not None:
                _enter(pieces, one, cut, known)
            samples.append(spread(known, sub_voxels))
        return samples[0]._replace(partly=tuple(samples[1:]))

    def _pieces_of(self, sub_voxels: SubVoxels, cut: Integers) -> "_KnownPieces":
        """Return the pieces that borders of grids make of some sub-voxels (C,)."""
        layer = sub_voxels.layer[cut]
        u, v = np.divmod(sub_voxels.pixel[cut], self._lattice.v_count)
        thickness = sub_voxels.thickness_mm[layer]
        middle = [self._lattice.u_centres_mm[u], self._lattice.v_centres_mm[v]]
        steps = np.broadcast_arrays(self._lattice.u_step_mm, self._lattice.v_step_mm, thickness)
        size = np.column_stack(steps)
        pieces = pieces_of(
            np.column_stack([*middle, sub_voxels.position_mm[layer]]), size, self._borders_mm
        )
        points_mm = self._frame.to_patient(pieces.middle_mm)
        value, changes = np.zeros(len(points_mm)), np.zeros((3, len(points_mm)))
        reached = np.zeros((len(self._fields), len(points_mm)), dtype=bool)
        for number, field in enumerate(self._fields):
            dose, slopes, is_inside = field.with_slopes(points_mm)
            along = np.einsum("na,ax,px->pn", slopes, field.grid.axes, self._frame.axes)
            own = _above_0(Local(dose, tuple(along * pieces.size_mm.T), is_inside.astype(float)))
            value += np.where(is_inside, own.value, 0.0)
            changes += np.where(is_inside, own.changes, 0.0)
            reached[number] = is_inside
        share = pieces.size_mm.prod(axis=1) / size.prod(axis=1)[pieces.owner]
        return _KnownPieces(pieces.owner, share, value, changes, _sets_of(reached))


class _KnownPieces(NamedTuple):
    """Pieces (P,) of sub-voxels: whose, which share of it, and the dose that is known there.

    `changes_gy` (3, P) are those across the piece; `known_by` is the set of grids that reach it.
    """

    owner: Integers
    share: Floats
    value_gy: Floats
    changes_gy: Floats
    known_by: Integers


def _in_boxes(together: Sequence[SubVoxels]) -> SubVoxels:
    """Return the boxes that sub-voxels lie in, one after the other."""
    boxes = together[0].in_boxes
    layers = [some.in_boxes.of_layer.take(some.layer) for some in together]
    return together[0]._replace(
        position_mm=boxes.position_mm,
        thickness_mm=boxes.thickness_mm,
        layer=np.concatenate(layers),
        pixel=np.concatenate([some.pixel for some in together]),
    )


def _part(local: Local, which: slice, sub_voxels: SubVoxels) -> Local:
    """Return the dose of some sub-voxels from that in their boxes."""
    value, (u_change, v_change, n_change), inside, bend, core = local
    boxes = sub_voxels.in_boxes
    box_mm = boxes.thickness_mm.take(boxes.of_layer)
    away = (sub_voxels.position_mm - boxes.position_mm.take(boxes.of_layer)) / box_mm
    share = sub_voxels.thickness_mm / box_mm
    value, n_change = value[which], n_change[which]
    if away.any() or (share < 1).any():
        value = value + n_change * away.take(sub_voxels.layer)
        n_change = n_change * share.take(sub_voxels.layer)
    return Local(
        value,
        (u_change[which], v_change[which], n_change),
        inside[which],
        None if bend is None else bend[which],
        None if core is None else core[which],
    )


def _between(samples: Samples, is_certain: npt.NDArray[np.bool_]) -> Samples:
    return samples._replace(core=samples.inside * is_certain)


def _sets_of(members: npt.NDArray[np.bool_]) -> Integers:
    """Return for each of N which of the F grids (F, N) are there, a bit each."""
    bits = 1 << np.arange(len(members))
    return np.asarray((members * bits[:, None]).sum(axis=0))


def _enter(pieces: _KnownPieces, known_by: int, cut: Integers, known: Local) -> None:
    """Enter the pieces that one set of grids reaches, of a sub-voxel as one sample.

    A single piece has its own changes; several have their mean and variance together.
    """
    which = np.flatnonzero(pieces.known_by == known_by)
    owner, share, value = pieces.owner[which], pieces.share[which], pieces.value_gy[which]
    changes = pieces.changes_gy[:, which]
    count = np.bincount(owner, minlength=len(cut))
    square = value * value + (changes * changes).sum(axis=0) / 12
    total, first, second = (
        np.bincount(owner, share * of, minlength=len(cut)) for of in (1.0, value, square)
    )
    total = np.maximum(total, NO_SHARE)
    known.inside[cut] = np.where(count > 0, total, 0.0)
    known.value[cut] = first / total
    # The width that comes of the changes is that of this variance, whichever of them it is.
    u_change, v_change, n_change = known.changes
    u_change[cut] = v_change[cut] = 0.0
    n_change[cut] = np.sqrt(12 * np.maximum(second / total - (first / total) ** 2, 0))
    is_single = count[owner] == 1
    at = cut[owner[is_single]]
    for entered, change in zip(known.changes, changes, strict=True):
        entered[at] = change[is_single]


def _above_0(local: Local) -> Local:
    """Return the dose of one course without what goes on below 0: it takes nothing from others.

    Of a dose that passes 0 inside a sub-voxel the mean and the changes are those of the part above,
    as if it fell evenly over its width.
    """
    reach = reach_gy(local.changes)
    below = np.flatnonzero(local.value < reach)
    if not len(below):
        return local
    width = 2 * reach[below]
    above = np.maximum(local.value[below] + reach[below], 0.0)
    share = np.divide(above, width, out=np.zeros(len(below)), where=width > 0)
    value = local.value.copy()
    value[below] = np.where(width > 0, above * share / 2, np.maximum(value[below], 0.0))
    changes = tuple(change.copy() for change in local.changes)
    for change in changes:
        change[below] *= np.minimum(share, 1.0)
    u_change, v_change, n_change = changes
    return Local(value, (u_change, v_change, n_change), local.inside, local.bend)


def _sum_of(local: Sequence[Local], known_by: int, inside: Floats) -> Local:
    """Return the sum of the doses of one set of grids."""
    known = [_above_0(one) for number, one in enumerate(local) if known_by >> number & 1]
    u_change, v_change, n_change = (
        _total([one.changes[axis] for one in known]) for axis in range(3)
    )
    bends = [one.bend for one in known if one.bend is not None]
    bend = _total(bends) if bends else None
    value = _total([one.value for one in known])
    return Local(value, (u_change, v_change, n_change), inside, bend)


def _total(parts: Sequence[Floats]) -> Floats:
    """Return the sum of arrays (N,), one at least, as a new one."""
    if len(parts) == 1:
        return parts[0].copy()
    total: Floats = parts[0] + parts[1]
    for part in parts[2:]:
        total += part
    return total
