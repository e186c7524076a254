"""Upright: a dose and a structure as DICOM objects in the one form that every reader reads rightly.

Head first, supine, along the patient's axes, with ascending frames; contours as they are.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from oligort.dose.composite import CompositeDose, grids_of
from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.geometry.structure import Structure

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Floats = npt.NDArray[np.float64]

AXIS_TOLERANCE = 1e-4
"""How far the axes of a dose may turn from the patient's: see DIRECTION_TOLERANCE."""

EVEN_TOLERANCE_MM = 0.05
"""How far frames and planes may lie from even spacing: positions are written to 0.1 mm."""

ROI_NUMBER = 1
"""Number of the one ROI of an object: of a structure that is computed there is none."""


@dataclass(frozen=True, eq=False)
class Upright:
    """A dose along the patient's axes.

    Parameters
    ----------
    x_mm, y_mm, z_mm : (n,) arrays
        Ascending positions of the voxel centres, evenly spaced.
    dose_gy : (z, y, x) array
    """

    x_mm: Floats
    y_mm: Floats
    z_mm: Floats
    dose_gy: Floats


def upright_of(dose: DoseGrid | CompositeDose) -> Upright:
    """Return a dose turned upright.

    Raises
    ------
    NotEvaluable
        If it is oblique, uneven, flat or a sum of doses on several grids.
    """
    (own, *others) = grids_of(dose)
    if others:
        raise NotEvaluable("it knows no sum of doses on several grids")
    grid = own.grid
    axes = grid.axes  # rows: the directions of i, j and k
    along = np.argmax(np.abs(axes), axis=1)
    if np.abs(np.abs(axes) - np.eye(3)[along]).max() > AXIS_TOLERANCE:
        raise NotEvaluable("it knows no dose grid that is oblique to the patient")
    if min(grid.shape) < 2:
        raise NotEvaluable("it knows no dose of a single row, column or plane")
    if np.ptp(np.diff(grid.frame_positions_mm)) > EVEN_TOLERANCE_MM:
        raise NotEvaluable("it knows no dose grid of unevenly spaced planes")
    counts = (np.arange(grid.i_count), np.arange(grid.j_count))
    steps = (counts[0] * grid.i_spacing_mm, counts[1] * grid.j_spacing_mm, grid.frame_positions_mm)
    positions: list[Floats] = [np.empty(0)] * 3
    values = own.dose_gy
    for axis, offsets_mm in enumerate(steps):
        patient = int(along[axis])
        places_mm = grid.origin_mm[patient] + axes[axis, patient] * offsets_mm
        if axes[axis, patient] < 0:
            places_mm, values = places_mm[::-1], np.flip(values, axis)
        positions[patient] = places_mm
    zyx = [int(np.flatnonzero(along == patient)[0]) for patient in (2, 1, 0)]
    return Upright(positions[0], positions[1], positions[2], values.transpose(zyx))


def _object(sop_class: str) -> "Dataset":
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ImplicitVRLittleEndian

    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = UID(sop_class), UID("1.2.3")
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return dataset


def structure_set_of(structure: Structure) -> "Dataset":
    """Return an RTSTRUCT whose only ROI, of number `ROI_NUMBER`, is a structure."""
    from pydicom.dataset import Dataset
    from pydicom.uid import RTStructureSetStorage

    dataset = _object(RTStructureSetStorage)
    roi, drawn = Dataset(), Dataset()
    roi.ROINumber, roi.ROIName = ROI_NUMBER, "ROI"
    drawn.ReferencedROINumber = ROI_NUMBER
    drawn.ContourSequence = []
    for contour in structure.areas:
        item = Dataset()
        item.ContourGeometricType = "CLOSED_PLANAR"
        item.NumberOfContourPoints = len(contour.points_mm)
        item.ContourData = [f"{value:.9g}" for value in contour.points_mm.ravel().tolist()]
        drawn.ContourSequence.append(item)
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [roi], [drawn]
    return dataset


def dose_of(dose: Upright) -> "Dataset":
    """Return an RTDOSE of 32 bits."""
    from pydicom.uid import RTDoseStorage

    dataset = _object(RTDoseStorage)
    scaling = max(float(dose.dose_gy.max()), 1.0) / (2**32 - 2)
    stated = f"{scaling:.10g}"
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dataset.DoseGridScaling = stated
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = dose.dose_gy.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 32, 32, 31
    dataset.PixelRepresentation = 0
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    corner_mm = (dose.x_mm[0], dose.y_mm[0], dose.z_mm[0])
    dataset.ImagePositionPatient = [f"{value:.9g}" for value in corner_mm]
    spacings_mm = (np.diff(dose.y_mm).mean(), np.diff(dose.x_mm).mean())
    dataset.PixelSpacing = [f"{value:.9g}" for value in spacings_mm]
    dataset.GridFrameOffsetVector = [f"{value:.9g}" for value in dose.z_mm - dose.z_mm[0]]
    stored = np.round(dose.dose_gy / float(stated)).astype("<u4")
    dataset.PixelData = np.ascontiguousarray(stored).tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset
