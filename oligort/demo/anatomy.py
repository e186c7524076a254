"""A patient by formula: body, organs, oesophageal primary and metastases.

Patient LPS millimetres, head first supine: x grows to the patient's left, y to the back, z to
the head. No organ overlaps another except by holding its lesion.
"""

from dataclasses import dataclass

import numpy as np

from oligort.lesions.vocabulary import Organ
from oligort.phantoms import Capsule, Cylinder, Ellipsoid, Solid, Sphere
from oligort.phantoms.polygons import LOOP_POINTS, area_factor
from oligort.phantoms.solid import Vector

PLANE_SPACING_MM = 3
"""Distance of the CT planes, which lie at whole multiples of it."""

CT_PLANES_MM = PLANE_SPACING_MM * np.arange(-62, 49, dtype=np.float64)
CT_PLANES_MM.setflags(write=False)

PTV_MARGIN_MM = 7.0
"""From gross tumour to planning target, the same all around."""


@dataclass(frozen=True)
class Part:
    """One region of the patient: how it is drawn and what it looks like in the CT."""

    roi_name: str
    interpreted_type: str
    solid: Solid
    hounsfield: int


@dataclass(frozen=True)
class Metastasis:
    """A round distant metastasis.

    Parameters
    ----------
    site : str
        Tail of the ROI name, which tells the place: "Liver", "Lung_L", "LN".
    organ : Organ
        The organ group it counts in.
    centre_mm : (3,) floats
        On a CT plane, so that its widest section is drawn.
    diameter_mm : float
        Longest axial diameter between points of its contours as drawn. The loops have the area
        of the true circles, so the ball itself is 0.03 % smaller.

    Raises
    ------
    ValueError
        If the centre lies on no CT plane or the diameter is not above 0 mm.
    """

    site: str
    organ: Organ
    centre_mm: Vector
    diameter_mm: float

    def __post_init__(self) -> None:
        if self.centre_mm[2] not in CT_PLANES_MM:
            raise ValueError(
                f"expected a centre on a CT plane, at a multiple of {PLANE_SPACING_MM} mm from "
                f"{CT_PLANES_MM[0]:g} to {CT_PLANES_MM[-1]:g} mm, found z = {self.centre_mm[2]:g}"
            )
        if not self.diameter_mm > 0:
            raise ValueError(f"expected a diameter above 0 mm, found {self.diameter_mm:g}")

    @property
    def gross_tumour(self) -> Sphere:
        """The ball that the GTV's contours stand for."""
        return Sphere(self.centre_mm, self.diameter_mm / 2 / area_factor(LOOP_POINTS))

    @property
    def planning_target(self) -> Sphere:
        """The gross tumour and its margin."""
        return Sphere(self.centre_mm, self.gross_tumour.radius_mm + PTV_MARGIN_MM)


PRIMARY = Capsule((0.0, 30.0, 21.0), radius_mm=14.0, segment_mm=42.0)
"""Gross tumour of the oesophagus."""

PRIMARY_TARGET = Capsule(
    PRIMARY.centre_mm, PRIMARY.radius_mm + PTV_MARGIN_MM, segment_mm=PRIMARY.segment_mm
)

LUNG_LEFT = Ellipsoid((86.0, 0.0, 30.0), (53.0, 80.0, 106.0))
LUNG_RIGHT = Ellipsoid((-88.0, 0.0, 30.0), (55.0, 82.0, 108.0))

LUNG_NAMES = ("Lung_L", "Lung_R")

SOFT_TISSUE_HU = 35

ORGANS = (
    Part("BODY", "EXTERNAL", Ellipsoid((0.0, 0.0, 0.0), (178.0, 118.0, 420.0)), 0),
    Part("Lung_L", "ORGAN", LUNG_LEFT, -800),
    Part("Lung_R", "ORGAN", LUNG_RIGHT, -800),
    Part("Heart", "ORGAN", Ellipsoid((5.0, -58.0, -12.0), (38.0, 40.0, 54.0)), 45),
    Part("SpinalCord", "ORGAN", Cylinder((0.0, 66.0, -21.0), 6.0, 400.0), 30),
    Part("Esophagus", "ORGAN", Cylinder((0.0, 30.0, 21.0), 10.0, 213.0), 30),
    Part("Liver", "ORGAN", Ellipsoid((-62.0, -8.0, -129.0), (84.0, 76.0, 50.0)), 60),
)
"""The patient without tumours; later parts lie in earlier ones."""
