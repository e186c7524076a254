"""Sampling a composite: the doses of several grids added up in every sub-voxel.

Where a grid ends, the dose beyond is known in part: what is inside all grids and what is not are
kept apart. A sub-voxel that a border cuts is entered from the pieces that the border makes of it.
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt

from oligort.dose.composite import CompositeField
from oligort.dose.field import DoseField
from oligort.dose.pieces import Pieces, pieces_of
from oligort.dose.sampling import Local, Sampler, Samples, SubVoxels, single_sampler, spread
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


class _CompositeSampler:
    """Adds up what the samplers of several doses find in a sub-voxel."""

    def __init__(self, fields: Sequence[DoseField], frame: PlaneFrame, lattice: Lattice) -> None:
        self._fields, self._frame, self._lattice = fields, frame, lattice
        self._samplers = [single_sampler(field, frame, lattice) for field in fields]
        aligned = [axes for field in fields if (axes := field.along(frame)) is not None]
        self._borders_mm = [
            np.array([end for axis in along for end in (axis.low_mm, axis.high_mm)])
            for along in zip(*((axes.u, axes.v, axes.n) for axes in aligned), strict=True)
        ]

    def sample(self, sub_voxels: SubVoxels) -> Samples:
        """Return the dose in sub-voxels, and what is known of it where a grid has ended."""
        local = [sampler.local(sub_voxels) for sampler in self._samplers]
        inside = np.stack([one.inside for one in local])
        inside[inside > 1 - NO_SHARE] = 1
        inside[inside < NO_SHARE] = 0
        whole = _sum_of(local, np.ones(inside.shape), inside.min(axis=0))
        if (whole.inside == 1).all():
            return spread(whole, sub_voxels)
        known = (inside > 0).astype(np.float64)
        partly = _sum_of(local, known, inside.max(axis=0) - whole.inside)
        cut = np.flatnonzero(((inside > 0) & (inside < 1)).any(axis=0))
        if len(cut):
            self._enter_pieces(sub_voxels, cut, whole, partly)
        return spread(whole, sub_voxels)._replace(partly=spread(partly, sub_voxels))

    def _enter_pieces(
        self, sub_voxels: SubVoxels, cut: Integers, whole: Local, partly: Local
    ) -> None:
        """Enter the dose of the sub-voxels (C,) that borders of grids cut, from their pieces.

        What is inside all grids is one of them. The others, of different doses, are entered as one
        sample of their mean and variance.
        """
        layer = sub_voxels.layer[cut]
        u, v = np.divmod(sub_voxels.pixel[cut], self._lattice.v_count)
        thickness = sub_voxels.thickness_mm[layer]
        middle = [self._lattice.u_centres_mm[u], self._lattice.v_centres_mm[v]]
        steps = np.broadcast_arrays(self._lattice.u_step_mm, self._lattice.v_step_mm, thickness)
        size = np.column_stack(steps)
        pieces = pieces_of(
            np.column_stack([*middle, sub_voxels.position_mm[layer]]), size, self._borders_mm
        )
        value, changes, count = self._in_pieces(pieces)
        share = pieces.size_mm.prod(axis=1) / size.prod(axis=1)[pieces.owner]
        whole.inside[cut] = 0.0
        in_all = count == len(self._fields)
        at = cut[pieces.owner[in_all]]
        whole.inside[at], whole.value[at] = share[in_all], value[in_all]
        for entered, change in zip(whole.changes, changes, strict=True):
            entered[at] = change[in_all]
        part = np.where(in_all | (count == 0), 0.0, share)
        square = value * value + sum(change * change for change in changes) / 12
        total, first, second = (
            np.bincount(pieces.owner, part * of, minlength=len(cut)) for of in (1, value, square)
        )
        total = np.maximum(total, NO_SHARE)
        partly.inside[cut] = np.where(total > NO_SHARE, total, 0.0)
        partly.value[cut] = first / total
        # The width that comes of the changes is that of this variance, whichever of them it is.
        u_change, v_change, n_change = partly.changes
        u_change[cut] = v_change[cut] = 0.0
        n_change[cut] = np.sqrt(12 * np.maximum(second / total - (first / total) ** 2, 0))

    def _in_pieces(self, pieces: Pieces) -> tuple[Floats, tuple[Floats, ...], Integers]:
        """Return the known dose of pieces (P,), its changes across them, and of how many grids."""
        points_mm = self._frame.to_patient(pieces.middle_mm)
        value, count = np.zeros(len(points_mm)), np.zeros(len(points_mm), dtype=np.int64)
        changes = np.zeros((3, len(points_mm)))
        for field in self._fields:
            dose, slopes, is_inside = field.with_slopes(points_mm)
            along = np.einsum("na,ax,px->pn", slopes, field.grid.axes, self._frame.axes)
            value += np.where(is_inside, dose, 0.0)
            changes += np.where(is_inside, along * pieces.size_mm.T, 0.0)
            count += is_inside
        return value, tuple(changes), count


def _sum_of(local: Sequence[Local], known: Floats, inside: Floats) -> Local:
    """Return the sum of doses as far as they are known (F, N), 1 or 0."""
    u_change, v_change, n_change = (
        reduce(np.add, (one.changes[axis] * k for one, k in zip(local, known, strict=True)))
        for axis in range(3)
    )
    value = reduce(np.add, (one.value * k for one, k in zip(local, known, strict=True)))
    return Local(value, (u_change, v_change, n_change), inside)
