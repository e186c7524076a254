"""The demo's CT: voxels by formula, one object a plane."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from oligort.demo.anatomy import CT_PLANES_MM, PLANE_SPACING_MM
from oligort.demo.cases import Case
from oligort.demo.headers import DAY, TIME, begun, item

PIXELS = 128
PIXEL_MM = 3.125
AIR_HU = -1000
RESCALE_INTERCEPT = -1024

_CENTRES_MM = (np.arange(PIXELS, dtype=np.float64) - (PIXELS - 1) / 2) * PIXEL_MM


def hounsfield(case: Case) -> npt.NDArray[np.int16]:
    """Return the CT numbers of shape (plane, row, column); tumours lie over organs."""
    x, y, z = _CENTRES_MM, _CENTRES_MM[:, None], CT_PLANES_MM[:, None, None]
    voxels = np.full((len(CT_PLANES_MM), PIXELS, PIXELS), AIR_HU, dtype=np.int16)
    for part in case.anatomy:
        if part.interpreted_type != "PTV":
            voxels[part.solid.contains(x, y, z)] = part.hounsfield
    return voxels


def ct_images(case: Case) -> Iterator[Dataset]:
    """Yield the CT Image objects, feet to head."""
    stored = (hounsfield(case) - RESCALE_INTERCEPT).astype("<u2")
    for number, (plane, z_mm) in enumerate(zip(stored, CT_PLANES_MM, strict=True), 1):
        image = begun(case, "CT", CTImageStorage, number)
        image.update(
            item(
                ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
                AcquisitionDate=DAY,
                AcquisitionTime=TIME,
                ContentDate=DAY,
                ContentTime=TIME,
                KVP="120",
                AcquisitionNumber=1,
                SliceThickness=PLANE_SPACING_MM,
                PatientPosition="HFS",
                ImagePositionPatient=[_CENTRES_MM[0], _CENTRES_MM[0], z_mm],
                ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
                SliceLocation=z_mm,
                PixelSpacing=[PIXEL_MM, PIXEL_MM],
                SamplesPerPixel=1,
                PhotometricInterpretation="MONOCHROME2",
                Rows=PIXELS,
                Columns=PIXELS,
                BitsAllocated=16,
                BitsStored=12,
                HighBit=11,
                PixelRepresentation=0,
                RescaleIntercept=RESCALE_INTERCEPT,
                RescaleSlope=1,
                RescaleType="HU",
                PixelData=plane.tobytes(),
            )
        )
        image.InstanceNumber = number
        yield image
