"""The curve of one ROI from dicompyler-core."""

import logging
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pydicom
import pydicom.dicomio
from curve import Curve

# The engine of 2019 still asks for a name that pydicom 3 has dropped.
if not hasattr(pydicom.dicomio, "read_file"):
    pydicom.dicomio.read_file = pydicom.dcmread

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from dicompylercore import dvhcalc

logging.getLogger("dicompylercore").setLevel(logging.ERROR)

VERSION = version("dicompyler-core")

VARIANTS = {"dicompyler-core": "plain", "dicompyler-core, interpolated": "interpolated"}


def curve(structures: Path, dose: Path, variant: str, _scratch: Path) -> Curve:
    """Return the curve of the one ROI that has contours."""
    dataset = pydicom.dcmread(structures)
    (number,) = (
        int(roi.ReferencedROINumber)
        for roi in dataset.ROIContourSequence
        if roi.get("ContourSequence")
    )
    options = {}
    if variant == "interpolated":
        # a quarter of the dose grid in the plane, and as fine between planes, by its own options
        spacing_mm = float(pydicom.dcmread(dose).PixelSpacing[0])
        options = {
            "interpolation_resolution": spacing_mm / 4,
            "interpolation_segments_between_planes": 2,
            "use_structure_extents": True,
        }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dvh = dvhcalc.get_dvh(str(structures), str(dose), number, **options)
        if not dvh.volume:
            return Curve(np.zeros(1), np.zeros(1), 0.0, {})
        values = {
            "Dmin": dvh.min,
            "Dmax": dvh.max,
            "Dmean": dvh.mean,
            **{f"D{n}": float(dvh.dose_constraint(n).value) for n in (99, 95, 5, 1)},
            "D0.03cc": float(dvh.dose_constraint(0.03, "cm3").value),
        }
    counts = np.append(np.asarray(dvh.counts, dtype=np.float64), 0.0)
    edges = np.asarray(dvh.bins, dtype=np.float64)
    in_cgy = {name: 100 * value for name, value in values.items()}
    return Curve(edges, counts, float(dvh.volume), in_cgy)
