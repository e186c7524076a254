"""Image headers, grouped into series: where the planes of a series lie."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from oligort.dicom.elements import numbers, text, title
from oligort.dicom.identity import patient_key
from oligort.errors import DicomError
from oligort.submission import FileDigest, ImageSeries

Floats = npt.NDArray[np.float64]

SAME_NORMAL = 1 - 1e-4
"""Least cosine between the normals of images that make one stack: 0.8 degrees.

Images of one stack repeat one orientation, rounded to as few as four decimals; a localizer in the
same series stands at a right angle to it.
"""


@dataclass(frozen=True, eq=False)
class ImageHeader:
    """What is kept of one image.

    `normal` is the unit vector across the image, columns x rows; `position_mm` the centre of the
    first pixel, both (3,) in patient LPS; `digest` is the SHA-256 of the header.
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


def read_image(dataset: Dataset, file: str, modality: str, digest: str) -> ImageHeader:
    """Return what is kept of an image's header.

    Raises
    ------
    DicomError
        If the image does not say where it lies.
    """
    position_mm = numbers(dataset, "ImagePositionPatient")
    orientation = numbers(dataset, "ImageOrientationPatient")
    if len(position_mm) != 3 or len(orientation) != 6:
        raise DicomError(
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
    )


def grouped(headers: Iterable[ImageHeader]) -> tuple[tuple[ImageSeries, FileDigest], ...]:
    """Return the stacks of parallel images of each series, each with the digest of its headers.

    A series that holds images of several orientations, patients or frames of reference gives one
    `ImageSeries` each. The order of the headers does not matter.
    """
    stacks: list[list[ImageHeader]] = []
    for header in sorted(headers, key=lambda h: (h.series_instance_uid, h.sop_instance_uid)):
        stack = next((stack for stack in stacks if _belongs(header, stack[0])), None)
        if stack is None:
            stacks.append([header])
        else:
            stack.append(header)
    return tuple((_series(stack), _digest(stack)) for stack in stacks)


def _belongs(header: ImageHeader, first: ImageHeader) -> bool:
    return (
        header.series_instance_uid == first.series_instance_uid
        and header.modality == first.modality
        and header.frame_of_reference_uid == first.frame_of_reference_uid
        and header.patient_key == first.patient_key
        and float(header.normal @ first.normal) > SAME_NORMAL
    )


def _series(stack: list[ImageHeader]) -> ImageSeries:
    first = stack[0]
    x, y, z = (float(cosine) for cosine in first.normal)
    positions_mm = np.sort(np.stack([header.position_mm for header in stack]) @ first.normal)
    return ImageSeries(
        series_instance_uid=first.series_instance_uid,
        modality=first.modality,
        frame_of_reference_uid=first.frame_of_reference_uid,
        normal=(x, y, z),
        positions_mm=tuple(positions_mm.tolist()),
        sop_instance_uids=frozenset(header.sop_instance_uid for header in stack),
        patient_key=first.patient_key,
    )


def _digest(stack: list[ImageHeader]) -> FileDigest:
    """Return the digest over the sorted digests of the headers."""
    digests = "".join(sorted(header.digest for header in stack))
    return FileDigest(
        kind=f"{stack[0].modality} series",
        sop_instance_uid=stack[0].series_instance_uid,
        file=os.path.commonpath([header.file for header in stack]) or ".",
        sha256=hashlib.sha256(digests.encode()).hexdigest(),
    )
