"""The demo's structure set: the solids as drawn on the CT planes."""

import numpy as np
import numpy.typing as npt
from pydicom.charset import default_encoding
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID, RTStructureSetStorage

from oligort.demo.anatomy import CT_PLANES_MM, Part
from oligort.demo.cases import Case
from oligort.demo.headers import DAY, TIME, approve, begun, item, reference

STUDY_CLASS = UID("1.2.840.10008.3.1.2.3.1")
"""Detached Study Management: retired, but what (3006,0012) is written with everywhere."""

WRITTEN_DECIMALS = 4
"""Decimals of a contour coordinate, in mm: a tenth of a micrometre."""

_CONTOUR_DATA = Tag("ContourData")
_COLOURS = ((255, 160, 0), (0, 160, 255), (0, 200, 80), (230, 60, 60), (180, 90, 220))


def structure_set(case: Case, images: list[Dataset]) -> Dataset:
    """Return the RT Structure Set that refers to every image of the series."""
    dataset = begun(case, "RTSTRUCT", RTStructureSetStorage)
    frame_uid = dataset.pop("FrameOfReferenceUID").value
    del dataset.PositionReferenceIndicator
    dataset.StructureSetLabel = "SBRT"
    dataset.StructureSetDate = DAY
    dataset.StructureSetTime = TIME
    image_items = [reference(image) for image in images]
    series = item(SeriesInstanceUID=images[0].SeriesInstanceUID, ContourImageSequence=image_items)
    study = item(
        ReferencedSOPClassUID=STUDY_CLASS,
        ReferencedSOPInstanceUID=dataset.StudyInstanceUID,
        RTReferencedSeriesSequence=[series],
    )
    dataset.ReferencedFrameOfReferenceSequence = [
        item(FrameOfReferenceUID=frame_uid, RTReferencedStudySequence=[study])
    ]
    numbered = list(enumerate(case.drawn, 1))
    dataset.StructureSetROISequence = [
        item(
            ROINumber=number,
            ReferencedFrameOfReferenceUID=frame_uid,
            ROIName=part.roi_name,
            ROIGenerationAlgorithm="AUTOMATIC",
        )
        for number, part in numbered
    ]
    image_at = dict(zip(CT_PLANES_MM.tolist(), image_items, strict=True))
    dataset.ROIContourSequence = [
        item(
            ROIDisplayColor=list(_COLOURS[number % len(_COLOURS)]),
            ReferencedROINumber=number,
            ContourSequence=_contours(part, image_at),
        )
        for number, part in numbered
    ]
    dataset.RTROIObservationsSequence = [
        item(
            ObservationNumber=number,
            ReferencedROINumber=number,
            RTROIInterpretedType=part.interpreted_type,
            ROIInterpreter="",
        )
        for number, part in numbered
    ]
    approve(dataset)
    return dataset


def _contours(part: Part, image_at: dict[float, Dataset]) -> list[Dataset]:
    drawn = part.solid.structure(part.roi_name, None, CT_PLANES_MM)
    return [
        _contour(number, contour.points_mm, image_at[float(contour.points_mm[0, 2])])
        for number, contour in enumerate(drawn.contours, 1)
    ]


def _contour(number: int, points_mm: npt.NDArray[np.float64], image: Dataset) -> Dataset:
    made = item(
        ContourImageSequence=[image],
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(points_mm),
        ContourNumber=number,
    )
    made[_CONTOUR_DATA] = _decimal_strings(_cut_inwards(points_mm))
    # as it is to be written: else the writer parses all numbers to write the same ones
    made.set_original_encoding(
        is_implicit_vr=False, is_little_endian=True, character_encoding=default_encoding
    )
    return made


def _cut_inwards(points_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Cut coordinates to the written decimals towards the loop's centre.

    Rounded to the nearest, a diagonal of a loop that is meant to be 50 mm long might come out
    as 50.0001 mm, and miss a limit that it is meant to meet.
    """
    centre = np.round((points_mm.max(axis=0) + points_mm.min(axis=0)) / 2, WRITTEN_DECIMALS)
    steps = (points_mm - centre) * 10**WRITTEN_DECIMALS
    # a whole number of steps may come out of the sum a hair below itself
    whole = np.trunc(np.round(steps, 3))
    return np.asarray(centre + whole / 10**WRITTEN_DECIMALS)


def _decimal_strings(points_mm: npt.NDArray[np.float64]) -> RawDataElement:
    # as raw bytes: a decimal string object for each of 300,000 numbers takes seconds
    text = "\\".join(f"{number:.{WRITTEN_DECIMALS}f}" for number in points_mm.ravel().tolist())
    value = (text + " " * (len(text) % 2)).encode("ascii")
    return RawDataElement(_CONTOUR_DATA, "DS", len(value), value, 0, False, True)
