"""The curve of one ROI from platipy: masks on the image grid, its own conversion and histogram."""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk  # noqa: N813
from curve import Curve
from image_grid import image_grid
from platipy.dicom.io.rtdose_to_nifti import convert_rtdose
from platipy.dicom.io.rtstruct_to_nifti import transform_point_set_from_dicom_struct
from platipy.imaging.dose.dvh import calculate_d_cc_x, calculate_d_x, calculate_dvh_for_labels

BIN_GY = 0.01

VERSION = version("platipy")

VARIANTS = {"platipy": ""}


def curve(structures: Path, dose: Path, _variant: str, _scratch: Path) -> Curve:
    """Return the curve of the one ROI that has contours."""
    grid = image_grid(structures)
    image = sitk.Image([int(n) for n in grid.counts], sitk.sitkInt16)
    image.SetOrigin(grid.origin_mm.tolist())
    image.SetSpacing(grid.spacing_mm.tolist())
    masks, names = transform_point_set_from_dicom_struct(image, pydicom.dcmread(structures))
    labels = {
        name: mask
        for name, mask in zip(names, masks, strict=True)
        if sitk.GetArrayViewFromImage(mask).any()
    }
    if not labels:
        return Curve(np.zeros(1), np.zeros(1), 0.0, {})
    dose_image = convert_rtdose(dose, force=True)
    table = calculate_dvh_for_labels(dose_image, labels, bin_width=BIN_GY)
    row = table.iloc[0]
    bins = np.array([c for c in table.columns if isinstance(c, float)])
    at = calculate_d_x(table, [99, 95, 5, 1]).iloc[0]
    values = {
        "Dmean": 100 * float(row["mean"]),
        **{f"D{n}": 100 * float(at[f"D{n}"]) for n in (99, 95, 5, 1)},
        "D0.03cc": 100 * float(calculate_d_cc_x(table, 0.03).iloc[0]["D0.03cc"]),
    }
    # its bins are stated by their centres; the volume is that with at least the lower edge
    share = np.append(np.asarray(row[bins], dtype=np.float64), 0.0)
    edges = np.append(bins - BIN_GY / 2, bins[-1] + BIN_GY / 2)
    return Curve(edges, share * float(row["cc"]), float(row["cc"]), values)
