"""The demo's dose: the formula on a grid that covers the body and is off the CT's."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import RTDoseStorage

from oligort.demo.anatomy import CT_PLANES_MM
from oligort.demo.cases import Case
from oligort.demo.headers import begun, item, reference
from oligort.geometry.grid import Grid

GRID_MM = 3.0

GY_PER_STEP = 1e-6
"""Dose Grid Scaling: a microgray, so that 32 bits hold up to 4295 Gy."""

# a millimetre off the CT planes, and beyond the half slices that cap the body's end planes
_FRAMES_MM = CT_PLANES_MM[0] - 2 + GRID_MM * np.arange(len(CT_PLANES_MM) + 2)

DOSE_GRID = Grid(
    origin_mm=np.array([-182.0, -122.0, 0.0]),
    i_direction=np.array([1.0, 0.0, 0.0]),
    j_direction=np.array([0.0, 1.0, 0.0]),
    i_spacing_mm=GRID_MM,
    j_spacing_mm=GRID_MM,
    i_count=122,
    j_count=82,
    frame_positions_mm=_FRAMES_MM,
)


def dose(case: Case, treatment: Dataset) -> Dataset:
    """Return the RT Dose of a whole plan, in Gy."""
    steps = np.round(case.dose.on(DOSE_GRID) / GY_PER_STEP).astype("<u4")
    columns, rows, frames = steps.shape
    dataset = begun(case, "RTDOSE", RTDoseStorage)
    dataset.update(
        item(
            ImagePositionPatient=[*DOSE_GRID.origin_mm[:2], _FRAMES_MM[0]],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            PixelSpacing=[GRID_MM, GRID_MM],
            SliceThickness=GRID_MM,
            SamplesPerPixel=1,
            PhotometricInterpretation="MONOCHROME2",
            NumberOfFrames=frames,
            FrameIncrementPointer=0x3004000C,
            Rows=rows,
            Columns=columns,
            BitsAllocated=32,
            BitsStored=32,
            HighBit=31,
            PixelRepresentation=0,
            DoseUnits="GY",
            DoseType="PHYSICAL",
            DoseSummationType="PLAN",
            TissueHeterogeneityCorrection="IMAGE",
            GridFrameOffsetVector=list(_FRAMES_MM - _FRAMES_MM[0]),
            DoseGridScaling=GY_PER_STEP,
            ReferencedRTPlanSequence=[reference(treatment)],
            # DICOM's order is frame, row, column
            PixelData=steps.T.tobytes(),
        )
    )
    return dataset
