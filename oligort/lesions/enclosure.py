"""Enclosure: one part inside another, in the hollow of a shell or within a margin."""

from dataclasses import dataclass, replace

import numpy as np

from oligort.geometry.components import Part
from oligort.geometry.contact import shared_volume_cc
from oligort.geometry.keyholes import without_keyholes


@dataclass(frozen=True)
class Enclosure:
    """How one part lies inside another.

    Parameters
    ----------
    inside_fraction : float
        Share of the inner part within the outer one, or within what is left hollow in it.
    in_hollow : bool
        Whether it lies in a hollow: the outer part is a shell.
    margin_mm : float
        By how much the outer part is larger all round, as balls of the same volumes; 0 of a shell.
    offset_mm : float
        How far their centres lie apart.
    """

    inside_fraction: float
    in_hollow: bool
    margin_mm: float
    offset_mm: float

    def is_even(self, share: float) -> bool:
        """Whether the centres lie apart by no more than a share of the margin."""
        return self.offset_mm <= share * self.margin_mm


def enclosure_of(
    inner: Part, outer: Part, shared_cc: float, covered_fraction: float
) -> Enclosure | None:
    """Return how a part lies in another one, or None if less than `covered_fraction` of it does."""
    inside = shared_cc / inner.volume_cc
    offset_mm = float(np.linalg.norm(inner.centroid_mm - outer.centroid_mm))
    if inside >= covered_fraction:
        radii_mm = [(750 * part.volume_cc / np.pi) ** (1 / 3) for part in (inner, outer)]
        return Enclosure(inside, False, max(radii_mm[1] - radii_mm[0], 0.0), offset_mm)
    if inside > 1 - covered_fraction or not _is_hollow(_with_plain_loops(outer)):
        return None
    in_hollow = shared_volume_cc(inner.model, filled(outer).model) / inner.volume_cc - inside
    if in_hollow < covered_fraction:
        return None
    return Enclosure(in_hollow, True, 0.0, offset_mm)


def _is_hollow(part: Part) -> bool:
    return any((slab.drawn.enclosed_mm2 < 0).any() for slab in part.slabs)


def _with_plain_loops(part: Part) -> Part:
    """Return a part whose keyholes are outlines and holes."""
    plain = [
        tuple(piece for loop in slab.loops for piece in without_keyholes(loop))
        for slab in part.slabs
    ]
    if all(len(own) == len(slab.loops) for own, slab in zip(plain, part.slabs, strict=True)):
        return part
    slabs = [
        # What encloses nothing at all is left as it is drawn.
        replace(slab, loops=own or slab.loops)
        for own, slab in zip(plain, part.slabs, strict=True)
    ]
    return replace(part, model=replace(part.model, slabs=tuple(slabs)), areas=None)


def filled(part: Part) -> Part:
    """Return a part without the holes in it, keyholes too."""
    part = _with_plain_loops(part)
    if not _is_hollow(part):
        return part
    slabs = [
        replace(
            slab,
            loops=tuple(
                loop
                for loop, enclosed in zip(slab.loops, slab.drawn.enclosed_mm2, strict=True)
                if enclosed >= 0
            ),
        )
        for slab in part.slabs
    ]
    return replace(part, model=replace(part.model, slabs=tuple(slabs)), areas=None)
