"""Extent: from which frame of a dose to which a structure reaches."""

import numpy as np

from oligort.dose.grid import DoseGrid
from oligort.geometry.slabs import most_common_spacing_mm
from oligort.geometry.structure import Structure

ROUNDING_FRAMES = 1e-3
"""A frame this near to the end of a structure lies at its end: coordinates are rounded."""


def extent_in_frames(structure: Structure, grid: DoseGrid) -> tuple[float, float]:
    """Return from where to where a structure reaches along the frames, planes with their thickness.

    Frames may lie closer than the planes of contours: what lies between two planes is drawn too.
    """
    areas = structure.areas
    frames = [grid.grid.to_index(area.points_mm).T[-1] for area in areas]
    planes = np.sort([float(of_area.mean()) for of_area in frames])
    spacing = most_common_spacing_mm(np.diff(planes)) or 0.0
    half = max(spacing / 2 - ROUNDING_FRAMES, ROUNDING_FRAMES)
    lowest = min(float(of_area.min()) for of_area in frames)
    highest = max(float(of_area.max()) for of_area in frames)
    return lowest - half, highest + half
