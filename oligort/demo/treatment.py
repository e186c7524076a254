"""The demo's dose: conformal to the targets, with the low-dose bath that a rotation leaves."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.demo.anatomy import ORGANS
from oligort.phantoms import Capsule, Field, Sphere

Floats = npt.NDArray[np.float64]

HOT_SPOT = 1.07
"""Maximum over prescription."""

COVERAGE = 1.01
"""Dose on the surface of a target over prescription: the whole target is covered."""

BATH_SHARE = 0.5
"""Share of the dose beside a target that belongs to the low-dose bath."""

PENUMBRA_MM = 5.0
"""Width of the sigmoid in which the conformal part falls off."""

_CONFORMAL_AT_SURFACE = (COVERAGE / HOT_SPOT - BATH_SHARE) / (1 - BATH_SHARE)
_SHOULDER_MM = PENUMBRA_MM * float(np.log(_CONFORMAL_AT_SURFACE / (1 - _CONFORMAL_AT_SURFACE)))


@dataclass(frozen=True)
class ConformalDose(Field):
    """Dose as a smooth function of the distance d to the nearest target.

    With P the prescription, inside the body and 0 outside of it:
    D = 1.07 P (1/2 S(d) + 1/2 B(d)), where S is a sigmoid of 5 mm width about a shoulder beyond
    the target's surface and B = exp(-d^2 / (2 reach^2)) outside the target, 1 inside.

    Parameters
    ----------
    targets : tuple of Sphere or Capsule
        The planning targets.
    prescription_gy : float
        Dose that covers every target.
    bath_reach_mm : float
        How far the low dose reaches.
    """

    targets: tuple[Sphere | Capsule, ...]
    prescription_gy: float
    bath_reach_mm: float

    def __post_init__(self) -> None:
        if not self.targets:
            raise ValueError("expected at least one target")
        if not (self.prescription_gy >= 0 and self.bath_reach_mm > 0):
            raise ValueError("expected a prescription of at least 0 Gy and a reach above 0 mm")

    def dose_gy(self, points_mm: Floats) -> Floats:
        """Return the dose at points of shape (..., 3)."""
        x, y, z = (points_mm[..., axis] for axis in range(3))
        distance = self.targets[0].distance_mm(x, y, z)
        for target in self.targets[1:]:
            distance = np.minimum(distance, target.distance_mm(x, y, z))
        conformal = (1 + np.tanh((_SHOULDER_MM - distance) / (2 * PENUMBRA_MM))) / 2
        bath = np.exp(-((np.maximum(distance, 0) / self.bath_reach_mm) ** 2) / 2)
        shape = HOT_SPOT * ((1 - BATH_SHARE) * conformal + BATH_SHARE * bath)
        inside = ORGANS[0].solid.contains(x, y, z)
        return np.asarray(np.where(inside, self.prescription_gy * shape, 0.0))
