"""WholeSolid: the truth of a solid itself, by quadrature over its height."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.phantoms.quadrature import volume_beyond_mm3, volume_within_mm3
from oligort.phantoms.solid import Solid, Vector
from oligort.phantoms.truth import Truth

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class WholeSolid(Truth):
    """A solid in every field, also where it has no closed form; right to 1e-7 of its volume.

    Parameters
    ----------
    solid : Solid
        Whose sections are ellipses and rectangles.
    """

    solid: Solid

    @property
    def centre_mm(self) -> Vector:
        """Centre of the solid."""
        return self.solid.centre_mm

    @property
    def volume_cc(self) -> float:
        """Exact volume."""
        return self.solid.volume_cc

    def extent_mm(self, direction: Floats) -> tuple[float, float]:
        """Return the lowest and the highest position along a unit vector."""
        return self.solid.extent_mm(direction)

    @property
    def radii_mm(self) -> tuple[float, float]:
        """From the centre to the corners of the box about the solid."""
        sizes = [np.ptp(self.solid.extent_mm(axis)) for axis in np.eye(3)]
        return 0.0, float(np.linalg.norm(sizes)) / 2

    def beyond_mm3(self, direction: Floats, position_mm: Floats) -> Floats:
        """Return the volumes (D,) beyond planes across a unit vector at positions (D,)."""
        return volume_beyond_mm3(self.solid, direction, position_mm)

    def within_mm3(self, radius_mm: Floats) -> Floats:
        """Return the volumes (D,) within balls of radii (D,) about the centre."""
        return volume_within_mm3(self.solid, radius_mm)
