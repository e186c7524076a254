"""Jumps: voxels and frames of a dose that no beam gives and their neighbours know nothing of."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LONE_RATIO = 2.0
"""A voxel with more than this times the dose of every neighbour, or less of all, stands alone.

A penumbra is 3 mm wide at the least, so that neighbours at 2 to 3 mm share a peak or a hole; the
noise of a Monte Carlo dose is a few percent.
"""

LONE_SHARE = 0.1
"""What stands alone is more than this part of the maximum: below, noise has any ratio."""

FRAME_RATIO = 4.0
"""A frame that is this many times as rough, or as high or low, as both its neighbours is damaged.

A field that begins between two frames is as rough in the next one; of a spot with a full width of
5 mm, frames 3 mm beside its middle still have a third.
"""

FRAME_SHARE = 0.02
"""Roughness, as a mean of second differences, below this part of the maximum is not asked."""

NEIGHBOURS = tuple(
    (i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1) if (i, j, k) != (0, 0, 0)
)


@dataclass(frozen=True)
class Jumps:
    """What stands out of a dose: voxels (V, 3) by their indices, and numbers of frames."""

    voxels: npt.NDArray[np.intp]
    frames: tuple[int, ...]


def jumps_of(dose_gy: Floats) -> Jumps:
    """Return the jumps of a dose (i, j, k).

    Voxels on the outside of the grid are not asked: what lies beside them is not known. A frame
    that is damaged is told as one, not by its voxels.
    """
    if min(dose_gy.shape) < 3:
        return Jumps(np.empty((0, 3), dtype=np.intp), ())
    voxels = _lone(dose_gy)
    frames = _frames(_without(voxels, dose_gy))
    near = np.isin(voxels[:, 2], [k + step for k in frames for step in (-1, 0, 1)])
    return Jumps(voxels[~near], frames)


def _without(voxels: npt.NDArray[np.intp], dose_gy: Floats) -> Floats:
    """Return the dose with that of voxels as the mean of two beside them: they make no frame."""
    if not len(voxels):
        return dose_gy
    smoothed = dose_gy.copy()
    i, j, k = voxels.T
    smoothed[i, j, k] = (dose_gy[i - 1, j, k] + dose_gy[i + 1, j, k]) / 2
    return smoothed


def _lone(dose_gy: Floats) -> npt.NDArray[np.intp]:
    """Return the indices (V, 3) of voxels that stand alone, above their neighbours or below."""
    inner = dose_gy[1:-1, 1:-1, 1:-1]
    highest = dose_gy.max()
    # Hardly any voxel differs by the least share from one on either side: the others are done.
    along = dose_gy[:-2, 1:-1, 1:-1], dose_gy[2:, 1:-1, 1:-1]
    least, most = np.minimum(*along), np.maximum(*along)
    is_asked = (inner > LONE_RATIO * most + LONE_SHARE * highest) | (
        (LONE_RATIO * inner < least) & (least > LONE_SHARE * highest)
    )
    asked: npt.NDArray[np.intp] = np.argwhere(is_asked) + 1
    if not len(asked):
        return asked
    beside = np.stack([dose_gy[tuple((asked + step).T)] for step in NEIGHBOURS])
    own = dose_gy[tuple(asked.T)]
    is_peak = own > LONE_RATIO * beside.max(axis=0) + LONE_SHARE * highest
    is_hole = (LONE_RATIO * own < beside.min(axis=0)) & (beside.min(axis=0) > LONE_SHARE * highest)
    lone: npt.NDArray[np.intp] = asked[is_peak | is_hole]
    return lone


def _frames(dose_gy: Floats) -> tuple[int, ...]:
    """Return the frames that are rougher, higher or lower than both their neighbours."""
    means = dose_gy.mean(axis=(0, 1))
    highest = dose_gy.max()
    roughness = np.abs(np.diff(dose_gy, 2, axis=0)).mean(axis=(0, 1))
    roughness += np.abs(np.diff(dose_gy, 2, axis=1)).mean(axis=(0, 1))
    # An end is held against the one frame beside it, twice.
    most_rough = np.maximum(*_beside(roughness))
    below, above = _beside(means)
    is_rough = (roughness > FRAME_RATIO * most_rough) & (roughness > FRAME_SHARE * highest)
    is_inside = np.ones(len(means), dtype=bool)
    is_inside[[0, -1]] = False
    is_high = means > FRAME_RATIO * np.maximum(below, above) + LONE_SHARE * means.max()
    is_low = FRAME_RATIO * means < np.minimum(below, above)
    is_low &= np.minimum(below, above) > LONE_SHARE * means.max()
    found = is_rough | (is_inside & (is_high | is_low))
    return tuple(np.flatnonzero(found).tolist())


def _beside(frames: Floats) -> tuple[Floats, Floats]:
    """Return (K,) the value of the frame before and of that after; at an end the other one."""
    before, after = np.roll(frames, 1), np.roll(frames, -1)
    before[0], after[-1] = frames[1], frames[-2]
    return before, after
