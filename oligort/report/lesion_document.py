"""The JSON of `oligort lesions`: a contract, whose keys are added to and never renamed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from oligort.display import harmless_json, indented_json
from oligort.lesions.lesion import Count, Lesion, LesionCensus
from oligort.lesions.repetition import CensusThresholds
from oligort.report.unanswered import Unanswered

if TYPE_CHECKING:
    from oligort.checks.lesion_dose import LesionDose

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


class DoseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What one lesion receives, as `oligort.checks.lesion_dose.LesionDose` defines it.

    Where a value is None, `reasons` says why, by its key; `intervals` are those in which the truth
    lies, where there is one. `isodose_margin_mm` is below 0 by how far the lesion lies outside the
    isodose of its prescription, and else its least margin within.
    """

    prescription_gy: float | None = None
    prescription_from: str = ""
    d95_gy: float | None = None
    minimum_gy: float | None = None
    prescription_bed10_gy: float | None = None
    d95_bed10_gy: float | None = None
    isodose_margin_mm: float | None = None
    intervals: dict[str, tuple[float, float]] = {}
    reasons: dict[str, str] = {}

    @classmethod
    def of(cls, dose: "LesionDose") -> "DoseRecord":
        """Build the record of a lesion's dose."""
        told = {
            "prescription_gy": dose.prescription,
            "d95_gy": dose.d95,
            "minimum_gy": dose.minimum,
            "prescription_bed10_gy": dose.prescription_bed10,
            "d95_bed10_gy": dose.d95_bed10,
            "isodose_margin_mm": dose.isodose_margin,
        }
        known = {key: value for key, value in told.items() if not isinstance(value, str)}
        return cls(
            prescription_from=dose.prescription_from,
            intervals={key: (v.low, v.high) for key, v in known.items() if v.intervals},
            reasons={key: value for key, value in told.items() if isinstance(value, str)},
            **{key: float(value) for key, value in known.items()},
        )


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
    equivalent_sphere_mm: float
    longest_axial_mm: float
    longest_axial_interval_mm: tuple[float, float]
    short_axis_mm: float
    short_axis_interval_mm: tuple[float, float]
    maximum_3d_mm: float
    maximum_3d_interval_mm: tuple[float, float]
    plane_mm: float | None
    axial_end_points_mm: tuple[Point, Point]
    maximum_3d_end_points_mm: tuple[Point, Point]
    centroid_mm: Point
    counted: CountRecord
    doubt: str
    role_evidence: str = ""
    dose: DoseRecord | None = None

    @classmethod
    def of(
        cls, lesion: Lesion, role_evidence: str = "", dose: "LesionDose | None" = None
    ) -> "LesionRecord":
        """Build the record of a lesion, of what its role rests on and of its dose."""
        return cls(
            roi_name=lesion.roi_name,
            roi_number=lesion.roi_number,
            label=lesion.label,
            role=str(lesion.role),
            organ=None if lesion.organ is None else str(lesion.organ),
            organ_evidence=lesion.organ_evidence,
            part=lesion.part,
            volume_cc=float(lesion.volume_cc),
            equivalent_sphere_mm=lesion.equivalent_sphere_mm,
            longest_axial_mm=float(lesion.longest_axial_mm),
            longest_axial_interval_mm=(lesion.longest_axial_mm.low, lesion.longest_axial_mm.high),
            short_axis_mm=float(lesion.short_axis_mm),
            short_axis_interval_mm=(lesion.short_axis_mm.low, lesion.short_axis_mm.high),
            maximum_3d_mm=float(lesion.maximum_3d_mm),
            maximum_3d_interval_mm=(lesion.maximum_3d_mm.low, lesion.maximum_3d_mm.high),
            plane_mm=None if lesion.plane_mm is None else float(lesion.plane_mm),
            axial_end_points_mm=_pair(lesion.axial_end_points_mm),
            maximum_3d_end_points_mm=_pair(lesion.maximum_3d_end_points_mm),
            centroid_mm=_point(lesion.centroid_mm),
            counted=CountRecord.of(lesion.counted),
            doubt=lesion.doubt,
            role_evidence=role_evidence,
            dose=None if dose is None else DoseRecord.of(dose),
        )


class ExclusionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An ROI that is no lesion, or a lesion not counted, with the reason."""

    roi_name: str
    reason: str


class UnmappedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An ROI whose name is not known; `nearest` is a known name that looks like it, or ""."""

    roi_name: str
    nearest: str


class ReviewRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What was written for review: each ROI with the lesion or structure that it is, and notes."""

    rois: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


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
    unmapped: tuple[UnmappedRecord, ...] = ()
    dose_sop_instance_uids: tuple[str, ...] = ()
    review: ReviewRecord | None = None
    thresholds: dict[str, float] = {}

    @classmethod
    def of(
        cls,
        census: LesionCensus,
        not_evaluable: tuple[Unanswered, ...] = (),
        *,
        role_evidence: Mapping[str, str] = MappingProxyType({}),
        unmapped: tuple[UnmappedRecord, ...] = (),
        doses: "Sequence[LesionDose] | None" = None,
        dose_sop_instance_uids: tuple[str, ...] = (),
        thresholds: CensusThresholds | None = None,
    ) -> "LesionDocument":
        """Build the document of a census.

        Parameters
        ----------
        census : LesionCensus
            What was measured and counted.
        not_evaluable : tuple of Unanswered
            What has no answer.
        role_evidence : mapping of ROI name to str
            What the roles rest on.
        unmapped : tuple of UnmappedRecord
            ROIs whose names are not known.
        doses : sequence of LesionDose, optional
            One a lesion; None where no dose is there.
        dose_sop_instance_uids : tuple of str
            The doses that they are of.
        thresholds : CensusThresholds, optional
            Where the census drew its lines.
        """
        per_lesion = [None] * len(census) if doses is None else doses
        return cls(
            lesions=tuple(
                LesionRecord.of(lesion, role_evidence.get(lesion.roi_name, ""), dose)
                for lesion, dose in zip(census, per_lesion, strict=True)
            ),
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
            unmapped=unmapped,
            dose_sop_instance_uids=dose_sop_instance_uids,
            thresholds=asdict(thresholds) if thresholds else {},
        )

    def to_json(self) -> str:
        """Return the document as indented JSON."""
        return harmless_json(indented_json(self))


def _point(point_mm: npt.NDArray[np.float64]) -> Point:
    x, y, z = (float(coordinate) for coordinate in point_mm)
    return x, y, z


def _pair(points_mm: npt.NDArray[np.float64]) -> tuple[Point, Point]:
    first, second = points_mm
    return _point(first), _point(second)
