"""Lesion and LesionCensus: what was measured, and how many there are at least and at most."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from oligort.lesions.naming import RoiName, read_roi_name
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.measure import Measure


@dataclass(frozen=True)
class Count:
    """The smallest and the largest defensible number.

    Raises
    ------
    ValueError
        If they are not in order.
    """

    least: int
    most: int

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.most:
            raise ValueError(f"expected 0 <= least <= most, found {self.least} and {self.most}")

    def __str__(self) -> str:
        """One number where both agree, else a range."""
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


@dataclass(frozen=True, eq=False)
class Lesion:
    """One separate 3D part of one ROI.

    Parameters
    ----------
    roi_name, roi_number : str, int or None
        The ROI as drawn.
    label : str
        The ROI name, with the part's number where the ROI has several parts.
    part : int
        Counts from 1 within the ROI.
    role, organ : Role, Organ or None
        From the register, else the name, else the organ that holds most of it; None when unknown.
    organ_evidence : str
        What the organ rests on, as a sentence's tail: "from the ROI name".
    organ_conflict : str
        What its place says against the organ, with the fractions, or "".
    volume_cc : float
        Slab volume of the part.
    longest_axial_mm, short_axis_mm : Measure
        Longest diameter within one connected area of one plane, and the widest perpendicular to
        it there; the interval ``outline`` is what they are of the other outlines that may be the
        lesion's, ``planes`` what they may be of a lesion drawn in planes that are not axial.
    plane_mm : float or None
        LPS z of the plane of the longest axial diameter; None where it is drawn in other planes.
    axial_end_points_mm : (2, 3) array
        End points of the longest axial diameter; where it is drawn in other planes, of the longest
        that is drawn at one height.
    maximum_3d_mm : Measure
        With half-slice caps that go on as the surface leans; the interval ``convention`` runs
        from the vertices alone to what may lie between the planes and a whole spacing beyond.
    maximum_3d_end_points_mm : (2, 3) array
        End points of the maximum 3D diameter.
    centroid_mm : (3,) array
        Centre of the part's slab volume.
    counted : Count
        How many distant metastases this part is at least and at most: mostly (1, 1), (0, 1) or
        (0, 0); more at most where two may have grown together.
    doubt : str
        Why `counted` is a range, or "".
    group : int
        The same number for parts that may be one lesion; 0 of a part that stands alone.
    name : RoiName or None
        What the site map says in place of the ROI's name, or that name as read.
    lies_in : Organ or None
        The organ whose ROI holds nearly all of it, whatever register and name say.
    held_by : Organ or None
        The organ whose ROI holds most of it, as a place is told, whatever register and name say.
    held_on : Side or None
        The side of the ROI of its organ ("Lung_R") that holds most of it; None where none does.
    beyond : mapping of Organ to bool
        Of what may be the primary, whether it lies wholly outside of oesophagus and stomach, by a
        margin, as far as they are drawn.
    """

    roi_name: str
    roi_number: int | None
    label: str
    part: int
    role: Role
    organ: Organ | None
    organ_evidence: str
    volume_cc: float
    longest_axial_mm: Measure
    short_axis_mm: Measure
    plane_mm: float | None
    axial_end_points_mm: npt.NDArray[np.float64]
    maximum_3d_mm: Measure
    maximum_3d_end_points_mm: npt.NDArray[np.float64]
    centroid_mm: npt.NDArray[np.float64]
    counted: Count
    doubt: str = ""
    organ_conflict: str = ""
    group: int = 0
    name: RoiName | None = None
    lies_in: Organ | None = None
    held_by: Organ | None = None
    held_on: Side | None = None
    beyond: Mapping[Organ, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The next census of the same contours has these very arrays.
        for points in (self.axial_end_points_mm, self.maximum_3d_end_points_mm, self.centroid_mm):
            points.setflags(write=False)

    @property
    def equivalent_sphere_mm(self) -> float:
        """Diameter of the sphere of the same volume."""
        return float(np.cbrt(6000 * self.volume_cc / np.pi))

    @property
    def said(self) -> RoiName:
        """What the ROI's name or the site map says, with the evidence for the role."""
        return self.name or read_roi_name(self.roi_name)


@dataclass(frozen=True)
class Exclusion:
    """An ROI that is no lesion, is not counted or cannot be measured, with the reason.

    `may_be_metastasis` marks an ROI that is named as a metastasis and could not be measured,
    `is_repetition` one of which each part is drawn in another one as well, `is_unmeasured` gross
    tumour by its name, of any kind, that has no contours or none that could be measured.
    """

    roi_name: str
    reason: str
    may_be_metastasis: bool = False
    is_repetition: bool = False
    is_unmeasured: bool = False


@dataclass(frozen=True)
class LesionCensus:
    """Every lesion, and the count of distant metastases in all and per organ.

    Parameters
    ----------
    lesions : tuple of Lesion
        Every measured part of every ROI of gross tumour (or of the ROIs asked for).
    count : Count
        Distant metastases.
    per_organ : mapping of Organ (or None for an unknown organ) to Count
        The same, by organ group.
    excluded : tuple of Exclusion
        ROIs that are no lesions.
    notes : tuple of str
        What a reader should know: gaps, specks, parts that may be one.
    """

    lesions: tuple[Lesion, ...]
    count: Count
    per_organ: Mapping[Organ | None, Count]
    excluded: tuple[Exclusion, ...]
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Lesion]:
        return iter(self.lesions)

    def __len__(self) -> int:
        return len(self.lesions)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the lesions as a table, and how many count."""
        from oligort.report.notebook import census_html

        return census_html(self)
