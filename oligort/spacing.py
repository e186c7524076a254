"""Spacing: how far apart the planes lie that structures are drawn on."""

from collections.abc import Sequence

import numpy as np

from oligort.errors import NotEvaluable
from oligort.geometry.slabs import most_common_spacing_mm, plane_positions_mm
from oligort.geometry.structure import Points, Structure, StructureSet
from oligort.objects import ImageSeries, drawn_on


def usual_spacing_mm(
    structure_set: StructureSet, images: Sequence[ImageSeries] = ()
) -> float | None:
    """Return the plane spacing of the images that structures are drawn on, else of them all."""
    for one in drawn_on(structure_set, images)[0]:
        spacing = most_common_spacing_mm(np.diff(one.positions_mm))
        if spacing is not None:
            return spacing
    steps = [np.diff(_positions(structure)) for structure in structure_set]
    return most_common_spacing_mm(np.concatenate(steps)) if steps else None


def _positions(structure: Structure) -> Points:
    try:
        return plane_positions_mm(structure)
    except NotEvaluable:
        return np.empty(0)
