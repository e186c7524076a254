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

TAPERED = 0.75
"""A dose that ends by itself falls below this part of what it was a frame before.

Past the edge of a field it falls to a quarter in 3 mm; where the patient ends, as at the crown of
the head, a cap has at most half of the area that it has one frame farther in.
"""

LOW_SHARE, HIGH_SHARE = 0.01, 0.5
"""No dose falls from more than half of its maximum to less than a hundredth from frame to frame.

A penumbra of 3 mm falls to a quarter in that, and what is scattered is more than a hundredth for
centimetres. It is right where the patient ends.
"""

EDGE_SHARE = 0.4
"""No dose falls from this part of its maximum to nothing at all from frame to frame, but at an end.

Of what is scattered something is left. It is right where the patient ends.
"""

TURN_SHARE = 0.02
"""By more than this part of the maximum noise turns from voxel to voxel.

Monte Carlo doses that are clinical turn by as much in some voxels of the field alone.
"""

NOISY = 0.25
"""Of noise two thirds of the voxels are turns along a row; this part of them is wider than a field.

Of noise between nothing and an eighth of the maximum half of the turns are wide enough to count.
"""

EMPTY_ROWS = 1 / 4
"""So many rows of a frame, side by side, hold nothing between two frames that have dose in each.

A gap of air between chin and chest is wider than one frame, or not as deep.
"""

FRAMES_TOGETHER = 16
"""Frames whose voxels are held against each other at once: of noise half of them are asked."""

NEIGHBOURS = tuple(
    (i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1) if (i, j, k) != (0, 0, 0)
)


@dataclass(frozen=True)
class Filled:
    """Frames that hold no dose of their own, and the highest dose of the frame beside.

    Parameters
    ----------
    first, last : int
        Which frames.
    value_gy : float
        The one value that they hold, or the highest.
    beside_gy : float
        The highest dose of the frame beside.
    pattern : {"one value", "one frame", "hardly any dose"}
        What they hold.
    """

    first: int
    last: int
    value_gy: float
    beside_gy: float
    pattern: str = "one value"

    def overlaps(self, other: "Filled") -> bool:
        """Whether both have a frame in common."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Jumps:
    """What stands out of a dose: voxels (V, 3) by their indices, numbers of frames, and runs."""

    voxels: npt.NDArray[np.intp]
    frames: tuple[int, ...]
    filled: tuple[Filled, ...] = ()


def jumps_of(dose_gy: Floats) -> Jumps:
    """Return the jumps of a dose (i, j, k).

    Voxels on the outside of the grid are not asked: what lies beside them is not known. A frame
    that is damaged is told as one, not by its voxels. Frames that hold one value or repeat one
    frame are told where the dose beside them does not taper, those with none at all beside one with
    more than two fifths of the maximum, and those with hardly any beside one with half. It is right
    where the patient ends: the caller asks that.
    """
    if min(dose_gy.shape) < 3:
        return Jumps(np.empty((0, 3), dtype=np.intp), ())
    voxels = _lone(dose_gy)
    damaged = {*_frames(_without(voxels, dose_gy)), *_noisy(dose_gy), *_with_empty_rows(dose_gy)}
    frames = tuple(sorted(damaged))
    near = np.isin(voxels[:, 2], [k + step for k in frames for step in (-1, 0, 1)])
    runs = _filled(dose_gy)
    for more in (_repeated(dose_gy), _hardly_any(dose_gy), _without_any(dose_gy)):
        runs += [one for one in more if not any(one.overlaps(other) for other in runs)]
    filled = [one for one in runs if {*range(one.first, one.last + 1)} - {*frames}]
    return Jumps(voxels[~near], frames, tuple(filled))


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
    highest = float(dose_gy.max())
    found = [
        _lone_inside(dose_gy[:, :, first : first + FRAMES_TOGETHER + 2], highest)
        + np.array([0, 0, first])
        for first in range(0, dose_gy.shape[2] - 2, FRAMES_TOGETHER)
    ]
    voxels = np.concatenate(found)
    return voxels[np.lexsort(voxels.T[::-1])]


def _lone_inside(dose_gy: Floats, highest: float) -> npt.NDArray[np.intp]:
    """Return those of a few frames, of which the first and the last are neighbours only."""
    inner = dose_gy[1:-1, 1:-1, 1:-1]
    # Hardly any voxel differs by the least share from one on either side: the others are done.
    along = dose_gy[:-2, 1:-1, 1:-1], dose_gy[2:, 1:-1, 1:-1]
    least, most = np.minimum(*along), np.maximum(*along)
    is_asked = (inner > LONE_RATIO * most + LONE_SHARE * highest) | (
        (LONE_RATIO * inner < least) & (least > LONE_SHARE * highest)
    )
    asked: npt.NDArray[np.intp] = np.argwhere(is_asked) + 1
    if not len(asked):
        return asked
    own = dose_gy[tuple(asked.T)]
    most, least = np.zeros(len(asked)), np.full(len(asked), np.inf)
    for step in NEIGHBOURS:
        beside = dose_gy[tuple((asked + step).T)]
        most, least = np.maximum(most, beside), np.minimum(least, beside)
        is_peak = own > LONE_RATIO * most + LONE_SHARE * highest
        is_hole = (LONE_RATIO * own < least) & (least > LONE_SHARE * highest)
        # Of noise half of all voxels are asked, and hardly any after a few of their neighbours.
        left = is_peak | is_hole
        asked, own, most, least = asked[left], own[left], most[left], least[left]
    return asked


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


def _filled(dose_gy: Floats) -> list[Filled]:
    """Return the runs of one value, as long as a frame or longer, that cut a dose off.

    In both orders of the frames: what fills the end of a file begins in the midst of one, and the
    frames of a file may descend.
    """
    found = {(one.first, one.last): one for one in _runs(dose_gy)}
    end = dose_gy.shape[2] - 1
    for one in _runs(dose_gy[:, :, ::-1]):
        first, last = end - one.last, end - one.first
        found.setdefault((first, last), Filled(first, last, one.value_gy, one.beside_gy))
    return [found[place] for place in sorted(found)]


def _runs(dose_gy: Floats) -> list[Filled]:
    """Return the same of the voxels in the order in which a file holds them."""
    stored = dose_gy.transpose(2, 1, 0).ravel()
    size, highest = dose_gy.shape[0] * dose_gy.shape[1], float(dose_gy.max())
    borders = np.flatnonzero(stored[1:] != stored[:-1]) + 1
    starts, ends = np.append(0, borders), np.append(borders, len(stored))
    found = []
    for at in np.flatnonzero(ends - starts >= size).tolist():
        start, end, value = int(starts[at]), int(ends[at]), float(stored[starts[at]])
        before = stored[max(start - 2 * size, 0) : start]
        behind = stored[end : end + 2 * size][::-1]
        beside = [one[size:] for one in (before, behind) if _is_cut_off(one - value, size)]
        most = max((float(np.abs(one - value).max()) for one in beside), default=0.0)
        if most > LONE_SHARE * highest:
            # A run within two frames fills neither.
            first, last = -(-start // size), end // size - 1
            first, last = (first, last) if first <= last else (start // size, (end - 1) // size)
            beside_gy = max(float(one.max()) for one in beside)
            found.append(Filled(first, last, value, beside_gy))
    return found


def _is_cut_off(doses: Floats, size: int) -> bool:
    """Whether the last frame's worth of doses is hardly less than that before it."""
    if len(doses) < 2 * size:
        return False
    far, near = np.abs(doses[:size]).sum(), np.abs(doses[size:]).sum()
    return bool(near > TAPERED * far)


def _stretches(is_in: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first and the last place of each stretch of true values (n,)."""
    steps = np.diff(np.concatenate([[0], is_in.astype(np.int8), [0]]))
    firsts, behind = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return list(zip(firsts.tolist(), (behind - 1).tolist(), strict=True))


def _repeated(dose_gy: Floats) -> list[Filled]:
    """Return the runs of frames that repeat one frame of several values, and cut a dose off."""
    highest = float(dose_gy.max())
    is_same = (dose_gy[:, :, 1:] == dose_gy[:, :, :-1]).all(axis=(0, 1))
    found = []
    for first, last_pair in _stretches(is_same):
        last, frame = last_pair + 1, dose_gy[:, :, first]
        pairs = [(k, k + step) for k, step in ((first - 1, -1), (last + 1, 1))]
        inside = [pair for pair in pairs if min(pair) >= 0 and max(pair) < dose_gy.shape[2]]
        beside = [
            float(dose_gy[:, :, near].max())
            for near, far in inside
            # Of phantoms whose dose does not change along the frames the higher part is no repeat.
            if frame.sum() < TAPERED * dose_gy[:, :, near].sum()
            and np.abs(dose_gy[:, :, near] - frame).max() > LONE_SHARE * highest
            and np.abs(dose_gy[:, :, near] - frame).sum()
            > TAPERED * np.abs(dose_gy[:, :, far] - frame).sum()
        ]
        if beside and frame.min() < frame.max():
            found.append(Filled(first, last, float(frame.max()), max(beside), "one frame"))
    return found


def _hardly_any(dose_gy: Floats) -> list[Filled]:
    """Return the runs of frames with hardly any dose, of several values, beside a high one."""
    of_frames = dose_gy.max(axis=(0, 1))
    highest = float(of_frames.max())
    found = []
    for first, last in _stretches(of_frames < LOW_SHARE * highest):
        beside_gy = float(max(of_frames[[max(first - 1, 0), min(last + 1, len(of_frames) - 1)]]))
        run = dose_gy[:, :, first : last + 1]
        if beside_gy > HIGH_SHARE * highest and run.min() < run.max():
            found.append(Filled(first, last, float(run.max()), beside_gy, "hardly any dose"))
    return found


def _without_any(dose_gy: Floats) -> list[Filled]:
    """Return the runs of frames without any dose beside one that still has much of it."""
    of_frames = dose_gy.max(axis=(0, 1))
    found = []
    for first, last in _stretches(of_frames == 0):
        beside_gy = float(max(of_frames[[max(first - 1, 0), min(last + 1, len(of_frames) - 1)]]))
        if beside_gy > EDGE_SHARE * of_frames.max():
            found.append(Filled(first, last, 0.0, beside_gy))
    return found


def _noisy(dose_gy: Floats) -> list[int]:
    """Return the frames that are noise, where it is not most of the dose that is.

    Noise goes up and down from voxel to voxel, along rows and along columns; many frames of it side
    by side are no rougher than those beside them.
    """
    least = TURN_SHARE * dose_gy.max()
    noisy = []
    with_dose = np.flatnonzero(dose_gy.max(axis=(0, 1)) > least)
    for k in with_dose.tolist():
        steps = (np.diff(dose_gy[:, :, k], axis=axis) for axis in (0, 1))
        if all(_turns(step, axis, least) > NOISY for axis, step in enumerate(steps)):
            noisy.append(k)
    return noisy if 2 * len(noisy) < len(with_dose) else []


def _turns(steps: Floats, axis: int, least: float) -> float:
    """Return the part of voxels of a frame that lie above or below both beside them on an axis."""
    before, after = (steps[:-1], steps[1:]) if axis == 0 else (steps[:, :-1], steps[:, 1:])
    is_peak, is_hole = (before > least) & (after < -least), (before < -least) & (after > least)
    return float((is_peak | is_hole).mean())


def _with_empty_rows(dose_gy: Floats) -> list[int]:
    """Return the frames with rows side by side that hold nothing, where both beside have dose."""
    rows = dose_gy.max(axis=0)
    has_dose = rows > LOW_SHARE * dose_gy.max()
    is_empty = (rows[:, 1:-1] == 0) & has_dose[:, :-2] & has_dose[:, 2:]
    least = EMPTY_ROWS * len(rows)
    return [
        k + 1
        for k in np.flatnonzero(is_empty.any(axis=0)).tolist()
        if any(last - first + 1 >= least for first, last in _stretches(is_empty[:, k]))
    ]
