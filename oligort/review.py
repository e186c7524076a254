"""Review: the counted lesions as a structure set of their own, to be opened in a planning system.

The contours are those of the original, number for number as they are written there. The new file
keeps the patient and the study of the original, without which no system would import it: it names
the patient as the original does. What is added names no person and no place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from oligort.dicom.elements import as_written, integer, items, numbers, text
from oligort.dicom.files import Found, opened
from oligort.dicom.instance import read_object, recognise
from oligort.dicom.rtstruct import read_structure_set
from oligort.dicom.sop_class import Kind
from oligort.display import quoted, safe_text
from oligort.drawing import Drawing, drawing_of, image_plane, require_installed
from oligort.errors import DicomError, MissingExtraError, NotEvaluable, OutputError, SelectionError
from oligort.geometry.algebra import Expression, resolve
from oligort.geometry.region import Region
from oligort.lesions.census import census as census_of
from oligort.lesions.drawn import DrawnPart, drawn_part
from oligort.lesions.lesion import Lesion, LesionCensus
from oligort.lesions.review_names import review_name
from oligort.structure_object import begun_beside, item_of, loop_item
from oligort.submission import Submission

MAX_DESCRIPTION = 1024
"""Longest value of ROI Description (3006,0028), of the type ST."""

VOLUME_TOLERANCE = 0.02
"""A drawing that is off by more of its volume is told: V20 of lungs moves by as much of itself."""


@dataclass(frozen=True)
class Review:
    """What was written: the ROIs by name, each with the lesion or the structure that it is.

    `notes` tell what a reader of the file should know: why a structure is missing, or what is read
    otherwise from the file than from the original.
    """

    rois: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


def write_review(
    submission: Submission,
    census: LesionCensus,
    path: Path,
    *,
    source: Sequence[str | Path],
    lungs: Expression | None = None,
    now: datetime | None = None,
) -> Review:
    """Write a new RT Structure Set with one ROI for each counted lesion of a census.

    Each separate part is an ROI of its own, with the contour items of the original as they are
    written there; loops that repeat another are left out. Lesions whose count is in doubt are
    included: their description says why. Primary and regional nodes are not counted, and not there.

    Parameters
    ----------
    submission : Submission
        As it was read from `source`.
    census : LesionCensus
        Of its structure set.
    path : Path
        A file that does not exist.
    source : sequence of str or Path
        The folders and files that the submission was read from; they are only read.
    lungs : Expression, optional
        Drawn too by rt-utils, where the CT series is there: "Lungs-GTV" as it is judged.
    now : datetime, optional
        Date and time of the new object; else those of the clock.

    Raises
    ------
    OutputError
        If the file exists, or cannot be written.
    NotEvaluable
        If no lesion is counted, or no structure set can be chosen.
    SelectionError
        If the structure set is not among the source files.
    """
    if path.exists():
        raise OutputError(
            f"expected a new file to write the review to, found that {quoted(path.name)} exists; "
            f"nothing is ever overwritten"
        )
    counted = [lesion for lesion in census if lesion.counted.most]
    if not counted:
        raise NotEvaluable("no lesion is counted: there is nothing to review")
    with opened(source) as found:
        files = _Source.of(submission, found)
        writing = _Writing(submission, files.original, now or datetime.now())
        for number, lesion in enumerate(counted, 1):
            writing.add_lesion(lesion, review_name(lesion, number))
        if lungs is not None:
            writing.add_drawn(lungs, files.images)
    encoded = writing.encoded()
    notes = (*writing.notes, *_read_otherwise(submission, encoded, writing.lesions, census))
    try:
        with path.open("xb") as stream:
            stream.write(encoded)
    except OSError as error:
        raise OutputError(
            f"expected to write the review to {quoted(path.name)}, found: {error.strerror}"
        ) from error
    return Review(tuple(writing.rois), notes)


@dataclass(frozen=True, eq=False)
class _Source:
    """The file that a structure set was read from, and the images that it was drawn on."""

    original: Dataset
    images: tuple[Path, ...]

    @classmethod
    def of(cls, submission: Submission, source: Found) -> "_Source":
        structure_set = submission.structure_set
        digests = {
            one.sha256
            for one in submission.provenance
            if (one.kind, one.file, one.sop_instance_uid)
            == (Kind.RTSTRUCT, structure_set.file, structure_set.sop_instance_uid)
        }
        original: Dataset | None = None
        images: dict[str, Path] = {}
        for entry in source.files:
            try:
                found = recognise(entry.path)
                if found.kind is Kind.RTSTRUCT and original is None:
                    dataset, digest = read_object(entry.path)
                    original = dataset if digest in digests else None
                elif found.kind is Kind.CT:
                    uid = text(found.header, "SOPInstanceUID")
                    if uid in structure_set.referenced_image_uids:
                        images.setdefault(uid, entry.path)
            except DicomError:
                continue  # told as a fault when the submission was read
        if original is None:
            raise SelectionError(
                f"expected RTSTRUCT {quoted(structure_set.file)} among the files that were read, "
                f"found it changed or gone"
            )
        return cls(original, tuple(images.values()))


class _Writing:
    """The new object, ROI by ROI."""

    def __init__(self, submission: Submission, original: Dataset, now: datetime) -> None:
        self.submission = submission
        self.original = original
        self.dataset = begun_beside(original, now)
        self.rois: list[tuple[str, str]] = []
        self.lesions: list[tuple[str, Lesion]] = []
        self.notes: list[str] = []
        rois = items(original, "StructureSetROISequence")
        self._roi_items = {integer(one, "ROINumber"): one for one in rois}
        drawn = items(original, "ROIContourSequence")
        self._contour_items = {integer(one, "ReferencedROINumber"): one for one in drawn}

    def add_lesion(self, lesion: Lesion, name: str) -> None:
        """Add a lesion with its original contour items."""
        submission = self.submission
        drawn = drawn_part(submission.structure_set.structures, lesion, submission.usual_spacing_mm)
        number = lesion.roi_number
        colour = _kept(self._contour_items[number], "ROIDisplayColor")
        algorithm = _kept(self._roi_items[number], "ROIGenerationAlgorithm")
        item = self._add(name, lesion.label, _described(lesion), "GTV")
        source = _kept(self._roi_items[number], "ReferencedFrameOfReferenceUID")
        if source is not None:
            self.dataset.StructureSetROISequence[-1][source.tag] = source
        item.ContourSequence = _items_of(drawn, self._contour_items[number])
        if colour is not None:
            item[colour.tag] = colour
        if algorithm is not None:
            self.dataset.StructureSetROISequence[-1][algorithm.tag] = algorithm
        self.lesions.append((name, lesion))

    def add_drawn(self, expression: Expression, images: Sequence[Path]) -> None:
        """Add the region of an expression, drawn on the images; or say why it is not there."""
        name = str(expression)
        try:
            if not images:
                raise NotEvaluable("the CT series that the structures refer to is not there")
            require_installed()
            shape = resolve(expression, self.submission.structures_of)
            region = Region(shape, self.submission.usual_spacing_mm)
            drawing = drawing_of(region, [image_plane(path) for path in images], name)
        except (NotEvaluable, MissingExtraError, DicomError) as error:
            self.notes.append(f"{quoted(name)} is not drawn: {error}")
            return
        if abs(drawing.drawn_cc - drawing.given_cc) > VOLUME_TOLERANCE * drawing.given_cc:
            self.notes.append(
                f"{quoted(name)} is {_described_drawing(drawing)}; its volume is not the judged one"
            )
        item = self._add(name, name, _described_drawing(drawing), "ORGAN")
        item.ContourSequence = [
            loop_item(loop, number) for number, loop in enumerate(drawing.loops, 1)
        ]
        self.dataset.StructureSetROISequence[-1].ROIGenerationAlgorithm = "AUTOMATIC"

    def _add(self, name: str, about: str, description: str, interpreted_type: str) -> Dataset:
        """Add an ROI without contours, and return the item for them."""
        number = len(self.rois) + 1
        roi = item_of(ROINumber=number, ROIName=name, ROIDescription=description)
        roi.ReferencedFrameOfReferenceUID = self.submission.structure_set.frame_of_reference_uid
        roi.ROIGenerationAlgorithm = ""
        contours = item_of(ReferencedROINumber=number)
        observation = item_of(
            ObservationNumber=number,
            ReferencedROINumber=number,
            RTROIInterpretedType=interpreted_type,
            ROIInterpreter="",
        )
        self.dataset.StructureSetROISequence.append(roi)
        self.dataset.ROIContourSequence.append(contours)
        self.dataset.RTROIObservationsSequence.append(observation)
        self.rois.append((name, about))
        return contours

    def encoded(self) -> bytes:
        """Return the file."""
        stream = BytesIO()
        pydicom.dcmwrite(stream, self.dataset, enforce_file_format=True)
        return stream.getvalue()


def _kept(item: Dataset, keyword: str) -> DataElement | RawDataElement | None:
    """Return an element as the original writes it, or None where it holds nothing."""
    element = as_written(item, Tag(keyword))
    return None if element is None or element.value is None else element


def _items_of(drawn: DrawnPart, roi_item: Dataset) -> list[Dataset]:
    """Return the contour items of a part, untouched.

    Raises
    ------
    NotEvaluable
        If they are not those that were read.
    """
    # An item without points is no contour: the reader counts those that have some.
    found = [i for i in items(roi_item, "ContourSequence") if len(numbers(i, "ContourData"))]
    own = []
    for number in drawn.contour_numbers:
        points_mm = drawn.structure.contours[number].points_mm
        item = found[number] if number < len(found) else Dataset()
        if not np.array_equal(numbers(item, "ContourData"), points_mm.ravel()):
            raise NotEvaluable(
                f"the contours of ROI {quoted(drawn.structure.roi_name)} in the file are not "
                f"those that were read"
            )
        own.append(item)
    return own


def _described(lesion: Lesion) -> str:
    """Return what a reviewer should know of an ROI: where it comes from, and any doubt."""
    part = f", part {lesion.part}" if lesion.label != lesion.roi_name else ""
    count = lesion.counted
    doubt = f"; counted as {count}: {lesion.doubt}" if count.least < count.most else ""
    organ = f"; {lesion.organ} {lesion.organ_evidence}" if lesion.organ else "; organ not known"
    return _short(f"ROI {quoted(lesion.roi_name)}{part}{organ}{doubt}")


def _described_drawing(drawing: Drawing) -> str:
    return (
        f"drawn on the image pixels that are covered by half: {drawing.drawn_cc:.1f} cc; judged "
        f"from the contours: {drawing.given_cc:.1f} cc"
    )


def _short(description: str) -> str:
    # An ellipsis is no character of most sets that DICOM knows.
    return safe_text(description, MAX_DESCRIPTION).replace("…", ".")


def _read_otherwise(
    submission: Submission,
    encoded: bytes,
    lesions: Sequence[tuple[str, Lesion]],
    original: LesionCensus,
) -> list[str]:
    """Return what is measured or counted otherwise in the new file than in the original.

    A part that stands alone may lose the planes of its neighbours, by which it was cut into slabs.
    """
    dataset = pydicom.dcmread(BytesIO(encoded))
    written, _ = read_structure_set(dataset, "review")
    again = census_of(written.structures, usual_spacing_mm=submission.usual_spacing_mm)
    by_name = {lesion.roi_name: lesion for lesion in again}
    notes = []
    for name, lesion in lesions:
        alone = by_name.get(name)
        if alone is None or _sizes(alone) != _sizes(lesion):
            notes.append(f"{quoted(name)} is measured otherwise than {quoted(lesion.label)}")
    if again.count != original.count:
        notes.append(f"the file counts {again.count} metastases, the original {original.count}")
    return notes


def _sizes(lesion: Lesion) -> tuple[float, ...]:
    """Return what is measured of a lesion, volume to rounding."""
    volume_cc = float(f"{lesion.volume_cc:.9g}")
    return volume_cc, lesion.longest_axial_mm, lesion.short_axis_mm, lesion.maximum_3d_mm
