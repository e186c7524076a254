"""Stacking: whether the images of a series follow each other evenly, and where they do not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oligort.geometry.continuity import GAP_FACTOR
from oligort.geometry.slabs import PLANE_TOLERANCE_MM, most_common_spacing_mm

SPACING_TOLERANCE_MM = 0.15
"""How far a step between images may be from the usual one and still be that step.

Image positions are rounded to as few as one decimal: steps of 1.25 mm become 1.2 and 1.3 mm.
"""


@dataclass(frozen=True)
class Stretch:
    """Steps that are not the usual one, from one position to another.

    Parameters
    ----------
    lower_mm, upper_mm : float
        Between which images.
    step_mm : float
        The distance of neighbouring images there.
    """

    lower_mm: float
    upper_mm: float
    step_mm: float


@dataclass(frozen=True)
class Stacking:
    """How a stack of parallel images follows on.

    Parameters
    ----------
    usual_mm : float or None
        The most common step; None where all images lie in one plane.
    missing : tuple of Stretch
        Single steps of more than 1.5 usual ones.
    uneven : tuple of Stretch
        Other steps than the usual one.
    repeated_mm : tuple of float
        Where several images lie in one plane.
    """

    usual_mm: float | None
    missing: tuple[Stretch, ...] = ()
    uneven: tuple[Stretch, ...] = ()
    repeated_mm: tuple[float, ...] = ()

    @property
    def is_even(self) -> bool:
        """Whether there are two planes at least, and nothing is wrong with their order."""
        return self.usual_mm is not None and not (self.missing or self.uneven or self.repeated_mm)

    @classmethod
    def of(cls, positions_mm: Sequence[float]) -> "Stacking":
        """Return how images follow each other whose positions (n,) ascend."""
        positions = np.asarray(positions_mm, dtype=np.float64)
        is_plane = np.diff(positions, prepend=-np.inf) > PLANE_TOLERANCE_MM
        planes = positions[is_plane]
        repeated = np.unique(np.cumsum(is_plane)[~is_plane]) - 1
        steps = np.diff(planes)
        usual_mm = most_common_spacing_mm(steps)
        if usual_mm is None:
            return cls(None, repeated_mm=tuple(planes[repeated].tolist()))
        is_odd = np.abs(steps - usual_mm) > SPACING_TOLERANCE_MM
        # A stretch ends where the step changes; usual steps end it as well.
        changes = np.abs(np.diff(steps)) > SPACING_TOLERANCE_MM
        stretches = [
            Stretch(
                float(planes[run[0]]),
                float(planes[run[-1] + 1]),
                float(planes[run[-1] + 1] - planes[run[0]]) / len(run),
            )
            for run in np.split(np.arange(len(steps)), np.flatnonzero(changes) + 1)
            if is_odd[run[0]]
        ]
        missing = tuple(one for one in stretches if _is_missing(one, usual_mm))
        return cls(
            usual_mm,
            missing,
            tuple(one for one in stretches if one not in missing),
            tuple(planes[repeated].tolist()),
        )


def _is_missing(stretch: Stretch, usual_mm: float) -> bool:
    """Whether a stretch is one step, too long for two neighbours: a change of spacing is more."""
    is_single = stretch.upper_mm - stretch.lower_mm < GAP_FACTOR * stretch.step_mm
    return is_single and stretch.step_mm > GAP_FACTOR * usual_mm
