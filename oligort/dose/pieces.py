"""Pieces: sub-voxels that the borders of dose grids cut, each as the boxes between the borders."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Pieces(NamedTuple):
    """Boxes, P in all, along the axes u, v and n of some planes.

    Parameters
    ----------
    owner : (P,) integers
        Which of the boxes that were cut each is a piece of.
    middle_mm, size_mm : (P, 3) arrays
        Where it lies, and how large it is.
    """

    owner: Integers
    middle_mm: Floats
    size_mm: Floats


def pieces_of(middle_mm: Floats, size_mm: Floats, borders_mm: Sequence[Floats]) -> Pieces:
    """Cut boxes (C, 3) at the planes that borders (3,) of any number each give along u, v and n."""
    middles, sizes = [], []
    for axis in range(3):
        low = middle_mm[:, axis] - size_mm[:, axis] / 2
        high = middle_mm[:, axis] + size_mm[:, axis] / 2
        inner = np.clip(np.sort(borders_mm[axis])[:, None], low, high)
        edges = np.concatenate([low[None], inner, high[None]])
        size = np.diff(edges, axis=0)
        # Most borders are elsewhere, and leave pieces of no size.
        kept = (size > 0).any(axis=1)
        middles.append(((edges[:-1] + edges[1:]) / 2)[kept])
        sizes.append(size[kept])
    u_size, v_size, n_size = sizes
    has_size = (u_size > 0)[:, None, None] & (v_size > 0)[:, None] & (n_size > 0)
    *places, owner = np.nonzero(has_size)
    middle, size = (
        np.column_stack([along[place, owner] for along, place in zip(of, places, strict=True)])
        for of in (middles, sizes)
    )
    return Pieces(owner, middle, size)
