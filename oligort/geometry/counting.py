"""Counting: how far the pixels whose centres lie in an outline may be from what it covers."""

import numpy as np
import numpy.typing as npt

from oligort.geometry.slabs import SlabModel

Floats = npt.NDArray[np.float64]

ROWS = (
    ((1, 0), (0, 1)),
    ((1, 1), (1, -1)),
    ((2, 1), (1, 2), (2, -1), (1, -2)),
    ((3, 1), (1, 3), (3, -1), (1, -3)),
    ((3, 2), (2, 3), (3, -2), (2, -3)),
    ((4, 1), (1, 4), (4, -1), (1, -4)),
)
"""Directions of rows of voxels by the distance between two: the axes, the diagonals and so on.

An edge along one of the next, (4, 3), is worth a fifth of one along an axis at most.
"""

DEVIATIONS = 4.0
"""Standard deviations of voxels on the rim that lie in no row, and count as they will: chance lies
beyond once in 16,000 structures."""

SHIFTS = 16
"""Places of the rows at which the saw-tooth is looked at; between two it rises by 1/16 at most, of
which half a row's spacing is 8."""

SHORT_ACROSS = 1e-6
"""Rows that an edge along them goes across: as good as none, and a difference would be rounding."""


def counting_share(model: SlabModel, spacings_mm: Floats) -> float:
    """Return the share of a volume by which counting voxel centres may miss it.

    The count of the centres in an outline less its area in pixels is, by Poisson's summation, a sum
    over the directions (p, q) of rows of voxels. To each the outline adds a saw-tooth of where it
    lies between two rows, px + qy, over its length along them: half a row's spacing for an edge
    along it, next to nothing for one that crosses many rows. Opposite sides of an outline lie as
    they will to the rows, so each side has its worst; planes above each other have it together. A
    corner adds a voxel at most. Axes may be at their worst together, as in a centred circle, others
    are independent of each other; and the rest is an error evenly spread over a pixel, alike in as
    many planes as the outline takes to move on by a pixel, which its area tells.

    Parameters
    ----------
    model : SlabModel
        Slabs of one thickness.
    spacings_mm : (2,) array
        Of the voxels along u and v.
    """
    loops = [loop / spacings_mm for slab in model.slabs for loop in slab.loops]
    signs = np.concatenate([slab.drawn.signs for slab in model.slabs])
    if not sum(float(slab.drawn.enclosed_mm2.sum()) for slab in model.slabs) > 0:
        return np.inf
    starts = np.concatenate(loops)
    steps = np.concatenate([np.roll(loop, -1, axis=0) - loop for loop in loops])
    sign = np.repeat(signs, [len(loop) for loop in loops])
    families = [
        sum(
            _worst_shift(along[side], starts[side] @ row, steps[side] @ row)
            for row in np.array(family)
            for along in [sign * (row[0] * steps[:, 1] - row[1] * steps[:, 0]) / (row @ row)]
            for side in (along > 0, along < 0)
        )
        for family in ROWS
    ]
    pixel_mm2 = float(spacings_mm.prod())
    areas = np.array([slab.drawn.enclosed_mm2.sum() for slab in model.slabs]) / pixel_mm2
    plane = np.repeat(np.arange(len(areas)), [sum(map(len, slab.loops)) for slab in model.slabs])
    rims = np.bincount(plane, np.hypot(*steps.T))
    moved = np.abs(np.diff(areas)) / np.maximum(rims[1:], rims[:-1])
    alike = len(areas) / min(1 + moved.sum(), len(areas))
    noise = DEVIATIONS * np.sqrt(alike * rims.sum() / 12)
    worst = len(loops) + families[0] + np.linalg.norm(families[1:]) + noise
    return float(worst / areas.sum())


def _worst_shift(along: Floats, place: Floats, across: Floats) -> float:
    """Return the largest sum of a saw-tooth over edges, wherever the rows lie.

    Parameters
    ----------
    along : (E,) array
        Lengths of the edges along the rows.
    place, across : (E,) arrays
        Where each begins between the rows, and how far it goes across them.
    """
    is_across = np.abs(across) > SHORT_ACROSS
    divisor = np.where(is_across, across, 1.0)
    sums = []
    for shift in np.arange(SHIFTS) / SHIFTS:
        begin, end = (np.mod(where + shift, 1.0) for where in (place, place + across))
        mean = (end * (end - 1) - begin * (begin - 1)) / 2 / divisor
        sums.append(along @ np.where(is_across, mean, begin - 0.5))
    return float(np.abs(sums).max()) * (1 + 2 / SHIFTS)
