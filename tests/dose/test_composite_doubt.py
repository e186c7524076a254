"""What a composite may be off by, where its sub-voxels are all alike: the truth, and not much more.

A penumbra along one axis through a box: every box of a layer holds the same doses, so that nothing
averages out, and most of the structure lies where the dose hardly changes.
"""

from math import erf

import numpy as np
import pytest
from draws import pairs

from oligort.conventions import DEFAULT
from oligort.dose.composite import CompositeDose
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh
from oligort.geometry.algebra import Shape
from oligort.geometry.grid import Grid
from oligort.geometry.region import Region
from oligort.phantoms import Box

LUNG = Box((55.0, 0.0, 0.0), (70.0, 100.0, 150.0))
PLANES_MM = np.arange(-73.5, 75, 3.0)

WIDEST_PP = 3.0
"""Half of an interval at most: a row of the sub-voxels that are merged is 2.5 % of the lung."""

POINTS = 1_000_001
"""Along the axis of the dose: the volume at a dose is known to a millionth."""

WITHIN_PP = 1e-3
"""A bin of 0.01 Gy beside the steepest penumbra, and the points of the truth."""


def course(sigma_mm: float, spacing_mm: float, corner_mm: tuple[float, float, float]) -> DoseGrid:
    """A dose of 1 Gy that rises to 12 Gy across y = -21 mm."""
    counts = [int(np.ceil(size / spacing_mm)) for size in (170, 170, 205)]
    frames = np.arange(counts[2]) * spacing_mm
    grid = Grid(
        np.array(corner_mm), *np.eye(3)[:2], spacing_mm, spacing_mm, *counts[:2], frames, "1.2"
    )
    y_mm = corner_mm[1] + np.arange(counts[1]) * spacing_mm
    along = [1 + 5.5 * (1 + erf((-21 - y) / sigma_mm / 2**0.5)) for y in y_mm.tolist()]
    return DoseGrid(grid, np.broadcast_to(np.array(along)[:, None], grid.shape).copy())


@pytest.mark.parametrize(
    ("spacing_mm", "sigma_mm"), pairs((2.0, 3.0), (0.1, 0.7, 1.0, 1.5, 3.0, 8.0))
)
def test_a_penumbra_along_an_axis_is_told_and_lies_in_a_narrow_interval(sigma_mm, spacing_mm):
    parts = (
        course(sigma_mm, 2.5, (-35.0, -85.0, -85.0)),
        course(sigma_mm, spacing_mm, (-30.4, -80.9, -82.3)),
    )
    dose = CompositeDose(parts)
    dvh = compute_dvh(Region(Shape((LUNG.structure("Lung_L", 1, PLANES_MM),))), dose, "Lung_L")
    y_mm = np.linspace(-50, 50, POINTS)
    line_mm = np.column_stack([np.full(POINTS, 50.0), y_mm, np.zeros(POINTS)])
    doses_gy = np.sort(dose.field(DEFAULT.dose_interpolation).at(line_mm))
    for at_gy in (3.0, 5.0, 10.0, 20.0, 22.0):
        truth = 100 * (1 - np.searchsorted(doses_gy, at_gy) / POINTS)
        volume = dvh[f"V{at_gy:g}Gy[%]"]
        low, high = volume.intervals["numerical"]
        assert low - WITHIN_PP <= truth <= high + WITHIN_PP
        assert high - low <= 2 * WIDEST_PP
    mean = dvh["Mean[Gy]"]
    low, high = mean.intervals["numerical"]
    assert low <= doses_gy.mean() <= high
    # No mean lies beyond the doses that it is of.
    assert dvh["Min[Gy]"].low <= low <= high <= dvh["Max[Gy]"].high
