"""The JSON of `oligort lesions`: a contract, whose keys are added to and never renamed."""

import msgspec
import numpy as np
import numpy.typing as npt

from oligort.lesions.lesion import Count, Lesion, LesionCensus
from oligort.report.unanswered import Unanswered

Point = tuple[float, float, float]

UNKNOWN_ORGAN = "unknown"
"""The key of metastases whose organ is not known, among the counts per organ."""


class CountRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest and the largest defensible number."""

    least: int
    most: int

    @classmethod
    def of(cls, count: Count) -> "CountRecord":
        """Build the record of a count."""
        return cls(least=count.least, most=count.most)

    def __str__(self) -> str:
        """One number where both agree, else a range."""
        return str(Count(self.least, self.most))


class LesionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One separate 3D part of one ROI; points in patient LPS mm, plane_mm None off axis."""

    roi_name: str
    roi_number: int | None
    label: str
    role: str
    organ: str | None
    organ_evidence: str
    part: int
    volume_cc: float
    longest_axial_mm: float
    short_axis_mm: float
    maximum_3d_mm: float
    maximum_3d_interval_mm: tuple[float, float]
    plane_mm: float | None
    axial_end_points_mm: tuple[Point, Point]
    maximum_3d_end_points_mm: tuple[Point, Point]
    centroid_mm: Point
    counted: CountRecord
    doubt: str

    @classmethod
    def of(cls, lesion: Lesion) -> "LesionRecord":
        """Build the record of a lesion."""
        return cls(
            roi_name=lesion.roi_name,
            roi_number=lesion.roi_number,
            label=lesion.label,
            role=str(lesion.role),
            organ=None if lesion.organ is None else str(lesion.organ),
            organ_evidence=lesion.organ_evidence,
            part=lesion.part,
            volume_cc=float(lesion.volume_cc),
            longest_axial_mm=float(lesion.longest_axial_mm),
            short_axis_mm=float(lesion.short_axis_mm),
            maximum_3d_mm=float(lesion.maximum_3d_mm),
            maximum_3d_interval_mm=(lesion.maximum_3d_mm.low, lesion.maximum_3d_mm.high),
            plane_mm=None if lesion.plane_mm is None else float(lesion.plane_mm),
            axial_end_points_mm=_pair(lesion.axial_end_points_mm),
            maximum_3d_end_points_mm=_pair(lesion.maximum_3d_end_points_mm),
            centroid_mm=_point(lesion.centroid_mm),
            counted=CountRecord.of(lesion.counted),
            doubt=lesion.doubt,
        )


class ExclusionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An ROI that is no lesion, or a lesion not counted, with the reason."""

    roi_name: str
    reason: str


class LesionDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The lesions measured, the count of distant metastases, and what has no answer.

    `count` is None where no structure could be read: then nothing was counted, which is not the
    same as none.
    """

    schema_version: int = 1
    lesions: tuple[LesionRecord, ...] = ()
    count: CountRecord | None = None
    per_organ: dict[str, CountRecord] = {}
    excluded: tuple[ExclusionRecord, ...] = ()
    notes: tuple[str, ...] = ()
    not_evaluable: tuple[Unanswered, ...] = ()

    @classmethod
    def of(
        cls, census: LesionCensus, not_evaluable: tuple[Unanswered, ...] = ()
    ) -> "LesionDocument":
        """Build the document of a census."""
        return cls(
            lesions=tuple(LesionRecord.of(lesion) for lesion in census),
            count=CountRecord.of(census.count),
            per_organ={
                UNKNOWN_ORGAN if organ is None else str(organ): CountRecord.of(count)
                for organ, count in census.per_organ.items()
            },
            excluded=tuple(
                ExclusionRecord(roi_name=exclusion.roi_name, reason=exclusion.reason)
                for exclusion in census.excluded
            ),
            notes=census.notes,
            not_evaluable=not_evaluable,
        )

    def to_json(self) -> str:
        """Return the document as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode() + "\n"


def _point(point_mm: npt.NDArray[np.float64]) -> Point:
    x, y, z = (float(coordinate) for coordinate in point_mm)
    return x, y, z


def _pair(points_mm: npt.NDArray[np.float64]) -> tuple[Point, Point]:
    first, second = points_mm
    return _point(first), _point(second)
