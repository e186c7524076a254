"""Interrupted: planes that were left out of one piece, told from pieces that lie apart.

A target may be in several parts, and between two nodes nothing is missing. What stops and goes on
within three spacings, with most of the smaller side under the larger one, is one piece of which a
plane or two are not drawn.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from oligort.errors import NotEvaluable
from oligort.geometry.components import MAX_BRIDGED_SPACINGS
from oligort.geometry.continuity import Gap
from oligort.geometry.overlay import overlay
from oligort.geometry.slabs import Slab, SlabModel
from oligort.geometry.structure import Contour, Points, Structure

FACING_SHARE = 0.5
"""Least share of the smaller area that lies under the larger one, on both sides of missing planes.

Within three planes of 3 mm the outline of one piece hardly moves. Ends of two nodes, one above the
other, are caps of either, and seldom lie that straight.
"""

_ROUNDING = 1e-6
"""Share of a spacing by which a gap of three may seem longer."""


@dataclass(frozen=True)
class Interruption:
    """A gap of at most three spacings, and whether both sides of it are one piece."""

    gap: Gap
    is_in_one_piece: bool


def interruptions(model: SlabModel) -> tuple[Interruption, ...]:
    """Return the short gaps of a structure that may lie in parts.

    Where the two sides cross so often that nothing can be told of them, they are one piece.
    """
    slabs = {slab.position_mm: slab for slab in model.slabs}
    neighbours = {(below.position_mm, above.position_mm) for below, above in pairwise(model.slabs)}
    reach_mm = (MAX_BRIDGED_SPACINGS + _ROUNDING) * model.spacing_mm
    found = []
    for gap in model.gaps:
        ends = gap.lower_plane_mm, gap.upper_plane_mm
        if ends[1] - ends[0] > reach_mm:
            continue
        # A gap of one part, beside planes of another, is told by what faces it already.
        is_one = ends not in neighbours or _faces(slabs[ends[0]], slabs[ends[1]])
        found.append(Interruption(gap, is_one))
    return tuple(found)


def bridges_of(structure: Structure, model: SlabModel) -> tuple[Structure, ...]:
    """Return what the planes may hold that a structure may lack: either side of each gap goes on.

    Of gaps of any length across which the two sides face each other, and of all short ones. The
    outlines of the lower side, and those of the upper side, fill the gap up to the other plane.

    Parameters
    ----------
    structure : Structure
        In parts, or with planes that are not drawn.
    model : SlabModel
        Its slabs.
    """
    slabs = {slab.position_mm: slab for slab in model.slabs}
    neighbours = {(below.position_mm, above.position_mm) for below, above in pairwise(model.slabs)}
    short = {one.gap for one in interruptions(model)}
    bridges = []
    for gap in model.gaps:
        ends = gap.lower_plane_mm, gap.upper_plane_mm
        below, above = (slabs[end] for end in ends)
        if gap not in short and ends in neighbours and not _faces(below, above):
            continue
        count = max(round((ends[1] - ends[0]) / model.spacing_mm), _LEAST_STEPS)
        planes_mm = np.linspace(*ends, count + 1)
        bridges += [
            _repeated(structure, model, below, planes_mm[:-1]),
            _repeated(structure, model, above, planes_mm[1:]),
        ]
    return tuple(bridges)


_LEAST_STEPS = 4
"""Planes of a bridge: three and more tell their own spacing, were that of the images another."""


def _repeated(structure: Structure, model: SlabModel, slab: Slab, planes_mm: Points) -> Structure:
    """Return the loops of one slab, drawn on planes (n,) along the normal."""
    kind = "CLOSEDPLANAR_XOR" if slab.exclusive else "CLOSED_PLANAR"
    contours = tuple(
        Contour(model.frame.to_patient(np.column_stack([loop, np.full(len(loop), plane_mm)])), kind)
        for plane_mm in planes_mm
        for loop in slab.loops
    )
    return replace(structure, roi_number=None, contours=contours)


def _faces(below: Slab, above: Slab) -> bool:
    try:
        laid = overlay([below.loops, above.loops], [below.exclusive, above.exclusive])
    except NotEvaluable:
        return True
    return laid.shared(0, 1) >= FACING_SHARE * min(laid.of(0), laid.of(1))
