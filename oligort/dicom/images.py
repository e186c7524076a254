"""Image headers, grouped into series: where the planes of a series lie."""

import hashlib
import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from oligort.dicom.elements import as_stored, numbers, text, title
from oligort.dicom.identity import UNMASKED, Masking, patient_key
from oligort.dicom.phases import phase_of
from oligort.errors import DicomError
from oligort.geometry.slabs import PLANE_TOLERANCE_MM
from oligort.objects import FileDigest, ImageSeries, ImageSource

Floats = npt.NDArray[np.float64]

SAME_NORMAL = 1 - 1e-4
"""Least cosine between the normals of images that make one stack: 0.8 degrees.

Images of one stack repeat one orientation, rounded to as few as four decimals; a localizer in the
same series stands at a right angle to it.
"""


class NoPlaceError(DicomError):
    """An image that does not say where it lies: a scout, a projection, a report as a picture."""


@dataclass(frozen=True, eq=False)
class ImageHeader:
    """What is kept of one image.

    `normal` is the unit vector across the image, columns x rows; `position_mm` the centre of the
    first pixel, both (3,) in patient LPS; `digest` is the SHA-256 of the header. `phase` is of a
    4D scan, or ""; `source` is where it can be read again.
    """

    series_instance_uid: str
    sop_instance_uid: str
    modality: str
    frame_of_reference_uid: str
    normal: Floats
    position_mm: Floats
    patient_key: str
    file: str
    digest: str
    study_instance_uid: str = ""
    description: str = ""
    phase: str = ""
    source: ImageSource | None = None


Said = tuple[str, str, str]
"""What an image says of its series: its study, its description and its phase."""

_STUDY = "StudyInstanceUID"
_SAID = ("SeriesDescription", "ImageComments", "ImageType", "TemporalPositionIdentifier")


def read_image(
    dataset: Dataset,
    file: str,
    modality: str,
    digest: str,
    said: dict[tuple[bytes | str, ...], Said] | None = None,
) -> ImageHeader:
    """Return what is kept of an image's header.

    `said` holds what images before this one said of their series: hundreds say the same, and it is
    read once.

    Raises
    ------
    NoPlaceError
        If the image has no position or no orientation.
    DicomError
        If what it says of them is none.
    """
    position_mm = numbers(dataset, "ImagePositionPatient")
    orientation = numbers(dataset, "ImageOrientationPatient")
    if len(position_mm) != 3 or len(orientation) != 6:
        is_absent = {len(position_mm), len(orientation)} <= {0, 3, 6}
        raise (NoPlaceError if is_absent else DicomError)(
            f"expected {title('ImagePositionPatient')} and {title('ImageOrientationPatient')}, "
            f"found {len(position_mm)} and {len(orientation)} numbers"
        )
    normal = np.cross(orientation[:3], orientation[3:])
    length = float(np.linalg.norm(normal))
    if length < SAME_NORMAL:
        raise DicomError(
            f"expected rows and columns at right angles in {title('ImageOrientationPatient')}, "
            f"found a normal of length {length:.4g}"
        )
    study, description, phase = _said(dataset, {} if said is None else said)
    return ImageHeader(
        series_instance_uid=text(dataset, "SeriesInstanceUID"),
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        modality=modality,
        frame_of_reference_uid=text(dataset, "FrameOfReferenceUID"),
        normal=normal / length,
        position_mm=position_mm,
        patient_key=patient_key(dataset),
        file=file,
        digest=digest,
        study_instance_uid=study,
        description=description,
        phase=phase,
    )


def _said(dataset: Dataset, before: dict[tuple[bytes | str, ...], Said]) -> Said:
    """Return study, description and phase; text that cannot be read says nothing: no fault."""
    key = as_stored(dataset, ("SpecificCharacterSet", _STUDY, *_SAID))
    if key not in before:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            texts = [_text_if_any(dataset, keyword) for keyword in _SAID]
            before[key] = _text_if_any(dataset, _STUDY), texts[0], phase_of(*texts)
    return before[key]


def _text_if_any(dataset: Dataset, keyword: str) -> str:
    try:
        return text(dataset, keyword)
    except DicomError:
        return ""


def grouped(
    headers: Iterable[ImageHeader], masked: Masking = UNMASKED
) -> tuple[tuple[ImageSeries, FileDigest], ...]:
    """Return the stacks of parallel images of each series, each with the digest of its headers.

    A series that holds images of several orientations, patients or frames of reference gives one
    `ImageSeries` each, and so do the phases of a 4D scan whose planes repeat each other. The order
    of the headers does not matter. `masked` hides the patient's identity in descriptions.
    """
    stacks: list[list[ImageHeader]] = []
    for header in sorted(headers, key=lambda h: (h.series_instance_uid, h.sop_instance_uid)):
        stack = next((stack for stack in stacks if _belongs(header, stack[0])), None)
        if stack is None:
            stacks.append([header])
        else:
            stack.append(header)
    phases = [phase for stack in stacks for phase in _phases(stack)]
    return tuple((_series(phase, masked), _digest(phase)) for phase in phases)


def _belongs(header: ImageHeader, first: ImageHeader) -> bool:
    return (
        header.series_instance_uid == first.series_instance_uid
        and header.modality == first.modality
        and header.frame_of_reference_uid == first.frame_of_reference_uid
        and header.patient_key == first.patient_key
        and float(header.normal @ first.normal) > SAME_NORMAL
    )


def _phases(stack: list[ImageHeader]) -> list[list[ImageHeader]]:
    """Return the images of each phase where phases repeat each other's planes, else the stack."""
    by_phase: dict[str, list[ImageHeader]] = {}
    for header in stack:
        by_phase.setdefault(header.phase, []).append(header)
    if len(by_phase) == 1 or not _repeats(stack):
        return [stack]
    return [by_phase[phase] for phase in sorted(by_phase)]


def _repeats(stack: list[ImageHeader]) -> bool:
    return any(above - below < PLANE_TOLERANCE_MM for below, above in pairwise(_positions(stack)))


def _positions(stack: list[ImageHeader]) -> list[float]:
    """Return the positions along the normal of the first image, ascending."""
    return [float(position_mm) for position_mm in np.sort(_along(stack))]


def _along(stack: list[ImageHeader]) -> Floats:
    """Return the position (n,) of each image along the normal of the first."""
    return np.asarray(np.stack([header.position_mm for header in stack]) @ stack[0].normal)


def _sources(stack: list[ImageHeader]) -> tuple[ImageSource, ...]:
    """Return where each image can be read again, in the order of their positions."""
    order = np.argsort(_along(stack), kind="stable")
    ordered = [stack[place].source for place in order]
    return tuple(source for source in ordered if source is not None)


def _series(stack: list[ImageHeader], masked: Masking) -> ImageSeries:
    first = stack[0]
    x, y, z = (float(cosine) for cosine in first.normal)
    return ImageSeries(
        series_instance_uid=first.series_instance_uid,
        modality=first.modality,
        frame_of_reference_uid=first.frame_of_reference_uid,
        normal=(x, y, z),
        positions_mm=tuple(_positions(stack)),
        sop_instance_uids=frozenset(header.sop_instance_uid for header in stack),
        patient_key=first.patient_key,
        study_instance_uid=_common(header.study_instance_uid for header in stack),
        description=masked.label(_common(header.description for header in stack)),
        phase=_common(header.phase for header in stack),
        sources=_sources(stack),
    )


def _common(texts: Iterable[str]) -> str:
    """Return what all images of a stack say, or "" where they do not say one thing."""
    said = set(texts)
    return said.pop() if len(said) == 1 else ""


def _digest(stack: list[ImageHeader]) -> FileDigest:
    """Return the digest over the sorted digests of the headers."""
    digests = "".join(sorted(header.digest for header in stack))
    return FileDigest(
        kind=f"{stack[0].modality} series",
        sop_instance_uid=stack[0].series_instance_uid,
        file=os.path.commonpath([header.file for header in stack]) or ".",
        sha256=hashlib.sha256(digests.encode()).hexdigest(),
    )
