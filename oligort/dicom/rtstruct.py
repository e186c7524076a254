"""RT Structure Set: ROIs with their contours; an ROI in doubt is left out and named."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from pydicom.dataset import Dataset

from oligort.dicom.contour_items import (
    CONTOUR_TYPES,
    POINT,
    Counted,
    DrawnRoi,
    drawn_rois,
)
from oligort.dicom.elements import integer, items, numbers, stored_bytes, text, title
from oligort.dicom.identity import UNMASKED, Masking, patient_key
from oligort.display import quoted
from oligort.errors import DicomError
from oligort.geometry.structure import Contour, Structure, StructureSet
from oligort.objects import Fault, FaultKind

MAX_ROIS = 2_000
"""Most ROIs of one structure set: five times those of the largest in use.

Each that is drawn takes some milliseconds in a check.
"""

FARTHEST_MM = 10_000.0
"""Farthest from the origin of the patient system, along an axis, that a point is believed.

The origin is the scanner's or the plan's and a couch travels some 2 m: ten metres leave the room.
A coordinate that lost its decimal point lies beyond, and would ask for a raster of that size.
"""

LARGEST_EXTENT_MM = 3_000.0
"""Largest extent of an ROI along an axis that is believed: more than any couch of a CT travels."""

LARGEST_BOX_M3 = 1.0
"""Largest box around an ROI that is believed: twice that of a tall patient with the arms at rest.

A few contours of metres ask for rasters of billions of voxels.
"""


def read_structure_set(
    dataset: Dataset, file: str, masked: Masking = UNMASKED
) -> tuple[StructureSet, tuple[Fault, ...]]:
    """Return the structures of an RTSTRUCT, and a fault for each ROI that was left out.

    An ROI whose contours cannot be trusted is left out whole, so that a check finds it missing
    instead of computing a wrong number. An ROI that has no contours stays, empty.

    Parameters
    ----------
    dataset : Dataset
        An RT Structure Set.
    file : str
        Its place in the submission.
    masked : Masking
        What hides the patient's identity in ROI names and in the label.

    Raises
    ------
    DicomError
        If the object as a whole cannot be read.
    """
    faults: list[Fault] = []
    structures: list[Structure] = []
    left_out: list[str] = []
    rois = items(dataset, "StructureSetROISequence")
    if len(rois) > MAX_ROIS:
        raise DicomError(
            f"expected at most {MAX_ROIS} ROIs, found {len(rois)}: the most that is read of one "
            "structure set; export fewer ROIs in one"
        )
    contour_items = _contour_items(dataset)
    types = _interpreted_types(dataset)
    roi_numbers = Counter(integer(roi, "ROINumber") for roi in rois)
    drawn_on = _drawn_on(dataset)
    image_uids = set(drawn_on.images)
    counted = Counted()
    for roi in rois:
        roi_number = integer(roi, "ROINumber")
        roi_name = masked.roi_name(text(roi, "ROIName"))
        try:
            if roi_number is None:
                raise DicomError(f"it has no {title('ROINumber')}")
            if roi_numbers[roi_number] > 1:
                raise DicomError(f"it shares the ROI number {roi_number} with another ROI")
            own_items = contour_items.get(roi_number, [])
            contours = _contours(own_items, counted)
            image_uids.update(_contour_image_uids(own_items))
        except DicomError as error:
            counted.refuse_many()  # of the whole, and no fault of one ROI
            left_out.append(roi_name)
            reason = f"the ROI {quoted(roi_name)} is left out: {error}"
            faults.append(Fault(file, reason, FaultKind.LEFT_OUT))
            continue
        structures.append(
            Structure(
                roi_number=roi_number,
                roi_name=roi_name,
                contours=contours,
                interpreted_type=types.get(roi_number, ""),
                frame_of_reference_uid=text(roi, "ReferencedFrameOfReferenceUID"),
            )
        )
    for stray in contour_items:
        if stray not in roi_numbers:
            named = f"ROI number {stray}" if stray is not None else "no ROI number"
            reason = f"contours of {named} are left out: the structure set lists no such ROI"
            faults.append(Fault(file, reason, FaultKind.LEFT_OUT))
    structure_set = StructureSet(
        structures=tuple(structures),
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        label=masked.label(text(dataset, "StructureSetLabel")),
        file=file,
        frame_of_reference_uid=_common_frame(dataset, structures),
        referenced_image_uids=frozenset(image_uids),
        approval_status=text(dataset, "ApprovalStatus"),
        patient_key=patient_key(dataset),
        left_out=tuple(left_out),
        study_instance_uid=text(dataset, "StudyInstanceUID"),
        date=text(dataset, "StructureSetDate"),
        time=text(dataset, "StructureSetTime"),
        referenced_series_uids=frozenset(drawn_on.series),
        referenced_study_uids=frozenset(drawn_on.studies),
        predecessor_uids=frozenset(
            _referenced_uids(dataset, "PredecessorStructureSetSequence"),
        ),
    )
    return structure_set, tuple(faults)


def _by_roi_number(dataset: Dataset, keyword: str) -> dict[int | None, list[Dataset]]:
    grouped: dict[int | None, list[Dataset]] = {}
    for item in items(dataset, keyword):
        grouped.setdefault(integer(item, "ReferencedROINumber"), []).append(item)
    return grouped


def _contour_items(dataset: Dataset) -> Mapping[int | None, Sequence[DrawnRoi | Dataset]]:
    """Return the items of the ROI Contour Sequence by ROI number, read at once where they can."""
    drawn = drawn_rois(dataset)
    if drawn is None:
        return _by_roi_number(dataset, "ROIContourSequence")
    grouped: dict[int | None, list[DrawnRoi]] = {}
    for roi in drawn:
        grouped.setdefault(roi.roi_number, []).append(roi)
    return grouped


def _interpreted_types(dataset: Dataset) -> dict[int | None, str]:
    """Return the RT ROI Interpreted Type by ROI number: the first that is not empty."""
    return {
        roi_number: next(filter(None, (text(o, "RTROIInterpretedType") for o in observations)), "")
        for roi_number, observations in _by_roi_number(dataset, "RTROIObservationsSequence").items()
    }


def _contours(contour_items: Sequence[DrawnRoi | Dataset], counted: Counted) -> tuple[Contour, ...]:
    """Return the contours of one ROI.

    Raises
    ------
    DicomError
        If one of them cannot be trusted, or two items claim to be the contours of the ROI.
    """
    if len(contour_items) > 1:
        raise DicomError(f"expected its contours in one item, found {len(contour_items)} items")
    contours: tuple[Contour, ...] = ()
    for item in contour_items:
        contours = item.contours if isinstance(item, DrawnRoi) else _one_by_one(item, counted)
    _refuse_implausible_extent(contours)
    return contours


def _one_by_one(item: Dataset, counted: Counted) -> tuple[Contour, ...]:
    contours: list[Contour] = []
    drawn = items(item, "ContourSequence")
    counted.add(contours=len(drawn))
    for position, encoded in enumerate(drawn, start=1):
        # before they are read: what then turns out to be none takes as long
        counted.add(points=(stored_bytes(encoded, "ContourData").count(b"\\") + 1) // 3)
        try:
            contours.append(_contour(encoded))
        except DicomError as error:
            raise DicomError(f"in contour {position}, {error}") from error
    # One without points tells something only beside loops: there it may have been one.
    if any(contour.encloses_area for contour in contours):
        return tuple(contours)
    return tuple(contour for contour in contours if len(contour.points_mm))


def _refuse_implausible_extent(contours: tuple[Contour, ...]) -> None:
    """Raise where an ROI lies outside any room, or is larger than any scan."""
    if not contours:
        return
    axes_mm = np.concatenate([contour.points_mm for contour in contours]).T
    # axis by axis: numpy reduces rows of three 20 times as slowly
    lowest_mm = np.array([axis_mm.min() for axis_mm in axes_mm])
    highest_mm = np.array([axis_mm.max() for axis_mm in axes_mm])
    farthest_mm = float(np.maximum(-lowest_mm, highest_mm).max())
    if farthest_mm > FARTHEST_MM:
        raise DicomError(
            f"expected points within {FARTHEST_MM / 1000:g} m of the origin in "
            f"{title('ContourData')}, found one at {farthest_mm / 1000:g} m"
        )
    extents_mm = highest_mm - lowest_mm
    extent_mm = float(extents_mm.max())
    if extent_mm > LARGEST_EXTENT_MM:
        raise DicomError(
            f"expected an extent of at most {LARGEST_EXTENT_MM / 1000:g} m in "
            f"{title('ContourData')}, found {extent_mm / 1000:g} m"
        )
    if (box_m3 := float((extents_mm / 1000).prod())) > LARGEST_BOX_M3:
        raise DicomError(
            f"expected points within {LARGEST_BOX_M3:g} cubic metre in {title('ContourData')}, "
            f"found a box of {box_m3:.3g}"
        )


def _contour(item: Dataset) -> Contour:
    coordinates = numbers(item, "ContourData")
    if len(coordinates) % 3:
        raise DicomError(
            f"expected three coordinates a point in {title('ContourData')}, "
            f"found {len(coordinates)} numbers"
        )
    points_mm = coordinates.reshape(-1, 3)
    if numbers(item, "ContourOffsetVector").any():
        raise DicomError(
            f"expected no {title('ContourOffsetVector')}, which is retired, found one that moves "
            "the contour: export it where it lies"
        )
    declared = integer(item, "NumberOfContourPoints")
    if not len(points_mm) and declared != 0:
        raise DicomError(f"expected points in {title('ContourData')}, found none")
    if declared is not None and declared != len(points_mm):
        raise DicomError(
            f"expected the {declared} points of {title('NumberOfContourPoints')}, "
            f"found {len(points_mm)}"
        )
    geometric_type = text(item, "ContourGeometricType")
    if geometric_type not in CONTOUR_TYPES:
        raise DicomError(
            f"expected a known {title('ContourGeometricType')}, found {quoted(geometric_type)}"
        )
    if geometric_type == POINT and len(points_mm) > 1:
        raise DicomError(
            f"expected one point where {title('ContourGeometricType')} is {quoted(POINT)}, "
            f"found {len(points_mm)}"
        )
    return Contour(points_mm, geometric_type)


def _common_frame(dataset: Dataset, structures: list[Structure]) -> str:
    """Return the one frame of reference of the structures, or "" where they have several.

    Where no ROI names its frame, the structure set's own is theirs.
    """
    frames = {s.frame_of_reference_uid for s in structures if s.frame_of_reference_uid}
    if not frames:
        references = items(dataset, "ReferencedFrameOfReferenceSequence")
        frames = {text(item, "FrameOfReferenceUID") for item in (dataset, *references)} - {""}
    return frames.pop() if len(frames) == 1 else ""


@dataclass
class _DrawnOn:
    """The UIDs of studies, series and images that a structure set as a whole names."""

    studies: set[str] = field(default_factory=set)
    series: set[str] = field(default_factory=set)
    images: set[str] = field(default_factory=set)


def _drawn_on(dataset: Dataset) -> _DrawnOn:
    """Return what the Referenced Frame of Reference Sequence (3006,0010) leads to."""
    found = _DrawnOn()
    for frame in items(dataset, "ReferencedFrameOfReferenceSequence"):
        for study in items(frame, "RTReferencedStudySequence"):
            found.studies.add(text(study, "ReferencedSOPInstanceUID"))
            for series in items(study, "RTReferencedSeriesSequence"):
                found.series.add(text(series, "SeriesInstanceUID"))
                found.images.update(_referenced_uids(series, "ContourImageSequence"))
    for uids in (found.studies, found.series):
        uids.discard("")
    return found


def _contour_image_uids(contour_items: Sequence[DrawnRoi | Dataset]) -> Iterator[str]:
    for item in contour_items:
        if isinstance(item, DrawnRoi):
            yield from item.image_uids
            continue
        for contour in items(item, "ContourSequence"):
            yield from _referenced_uids(contour, "ContourImageSequence")


def _referenced_uids(item: Dataset, keyword: str) -> Iterator[str]:
    for reference in items(item, keyword):
        if uid := text(reference, "ReferencedSOPInstanceUID"):
            yield uid
