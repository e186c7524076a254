"""Joint coverage: what an expression covers of the pixels that borders of two structures share.

In a pixel that one structure covers as a whole, or not at all, the coverage of the other decides.
Where both cover it in part, how much they have in common depends on how they lie: there the plane
is cut into trapezoids that no border crosses, and those inside the expression are rastered.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from oligort.geometry.algebra import Shape, holds
from oligort.geometry.overlay import trapezoids
from oligort.geometry.raster import Coverage, Lattice, coverage_of_trapezoids
from oligort.geometry.slabs import Slab

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def joint_coverage(shape: Shape, slabs: Mapping[int, Slab], lattice: Lattice) -> Coverage:
    """Return what an expression covers of each pixel of one plane, (1, u, v), exactly.

    Parameters
    ----------
    shape : Shape
        The expression.
    slabs : mapping of the id of a structure to its Slab
        The slabs of its structures in the plane; structures without one cover nothing.
    lattice : Lattice
        Must span every loop.
    """
    return coverage_of_trapezoids(joint_trapezoids(shape, slabs), lattice)


def joint_trapezoids(shape: Shape, slabs: Mapping[int, Slab]) -> Floats:
    """Return the trapezoids (T, 4, 2) that an expression covers of one plane, as `trapezoids` does.

    Parameters
    ----------
    shape, slabs
        As `joint_coverage`; at least one slab.
    """
    places = {key: number for number, key in enumerate(slabs)}
    cut = trapezoids(
        [slab.loops for slab in slabs.values()], [slab.exclusive for slab in slabs.values()]
    )
    nowhere = np.zeros(len(cut.corners_mm), dtype=bool)
    inside = {
        id(one): cut.inside[:, places[id(one)]] if id(one) in places else nowhere
        for one in shape.leaves
    }
    return cut.corners_mm[holds(shape, inside)]
