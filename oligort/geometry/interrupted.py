"""Interrupted: planes that were left out of one piece, told from pieces that lie apart.

A target may be in several parts, and between two nodes nothing is missing. What stops and goes on
within three spacings, with most of the smaller side under the larger one, is one piece of which a
plane or two are not drawn.
"""

from dataclasses import dataclass
from itertools import pairwise

from oligort.errors import NotEvaluable
from oligort.geometry.components import MAX_BRIDGED_SPACINGS
from oligort.geometry.continuity import Gap
from oligort.geometry.overlay import overlay
from oligort.geometry.slabs import Slab, SlabModel

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


def _faces(below: Slab, above: Slab) -> bool:
    try:
        laid = overlay([below.loops, above.loops], [below.exclusive, above.exclusive])
    except NotEvaluable:
        return True
    return laid.shared(0, 1) >= FACING_SHARE * min(laid.of(0), laid.of(1))
