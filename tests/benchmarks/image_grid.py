"""The image grid that a mask engine draws on: the contour planes, with a margin. No pixels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom

PIXEL_MM = 1.0
"""Pixel of a planning CT, or a little below; its centres lie at whole millimetres."""

MARGIN = 3
"""Pixels and planes around the structure."""


@dataclass(frozen=True)
class ImageGrid:
    """Centre of the first voxel, voxel size in mm and count, all in order x, y, z."""

    origin_mm: npt.NDArray[np.float64]
    spacing_mm: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]


def image_grid(structures: Path) -> ImageGrid:
    """Return the grid of a CT on which the contours were drawn."""
    dataset = pydicom.dcmread(structures)
    points = np.concatenate(
        [
            np.asarray(contour.ContourData, dtype=np.float64).reshape(-1, 3)
            for roi in dataset.ROIContourSequence
            for contour in roi.get("ContourSequence") or ()
        ]
    )
    planes = np.unique(np.round(points[:, 2], 3))
    steps = np.diff(planes)
    # slivers 0.01 mm from a plane are no planes of the CT
    step_mm = float(np.median(steps[steps > 0.5]))
    spacing = np.array([PIXEL_MM, PIXEL_MM, step_mm])
    low = np.append(np.floor(points[:, :2].min(axis=0)), planes[0])
    high = np.append(np.ceil(points[:, :2].max(axis=0)), planes[-1])
    counts = np.round((high - low) / spacing).astype(np.int64) + 1 + 2 * MARGIN
    return ImageGrid(low - MARGIN * spacing, spacing, counts)
