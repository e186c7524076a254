"""Spatial Registration: how frames of reference lie in each other, or why that is not to be had."""

from contextlib import suppress
from functools import reduce

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from oligort.dicom.elements import items, numbers, text, title
from oligort.dicom.identity import patient_key
from oligort.dicom.sop_class import DEFORMABLE_REGISTRATION
from oligort.display import quoted
from oligort.errors import DicomError
from oligort.geometry.rigid import RigidTransform
from oligort.objects import Registration
from oligort.registration import AGREEMENT_MM, apart_mm

Floats = npt.NDArray[np.float64]

AFFINE_ROW = (0.0, 0.0, 0.0, 1.0)
"""What the last row of a Frame of Reference Transformation Matrix says (PS3.3 C.20.2.1.2)."""

_REGISTERED = (
    ("RegistrationSequence", "FrameOfReferenceUID"),
    ("DeformableRegistrationSequence", "SourceFrameOfReferenceUID"),
)
"""Where rigid and deformable registrations name the frames that they register."""

ROW_TOLERANCE = 1e-6
"""How far that row may be off: it holds whole numbers, which a decimal string writes exactly."""


def read_registration(dataset: Dataset, file: str) -> Registration:
    """Return a Spatial Registration with its rigid transforms, or with the reason why it has none.

    One frame that is not registered rigidly makes the whole object unusable: what a part of it
    means is not to be known.

    Parameters
    ----------
    dataset : Dataset
        A Spatial Registration or Deformable Spatial Registration.
    file : str
        Its place in the submission.

    Raises
    ------
    DicomError
        If what the object says of itself cannot be read at all.
    """
    moved: tuple[tuple[str, RigidTransform], ...] = ()
    refusal = ""
    try:
        moved = _moved(dataset)
    except DicomError as error:
        refusal = str(error)
    return Registration(
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        file=file,
        frame_of_reference_uid=text(dataset, "FrameOfReferenceUID"),
        moved=moved,
        refusal=refusal,
        patient_key=patient_key(dataset),
        study_instance_uid=text(dataset, "StudyInstanceUID"),
        others=_registered_frames(dataset) if refusal else frozenset(),
    )


def _registered_frames(dataset: Dataset) -> frozenset[str]:
    """Return the frames that a registration which cannot be used speaks of, where they are read."""
    found = set()
    for sequence, keyword in _REGISTERED:
        with suppress(DicomError):
            found |= {text(item, keyword) for item in items(dataset, sequence)}
    return frozenset(found - {""})


def _moved(dataset: Dataset) -> tuple[tuple[str, RigidTransform], ...]:
    if text(dataset, "SOPClassUID") == DEFORMABLE_REGISTRATION:
        raise DicomError("the registration is deformable: a dose is only carried over rigidly")
    own = text(dataset, "FrameOfReferenceUID")
    if not own:
        raise DicomError(f"expected a {title('FrameOfReferenceUID')}, found none")
    registered = items(dataset, "RegistrationSequence")
    if not registered:
        raise DicomError(f"expected at least one item in {title('RegistrationSequence')}")
    moved = tuple((_frame(item), _transform(item)) for item in registered)
    for frame, transform in moved:
        if frame == own and apart_mm(transform, RigidTransform.identity()) > AGREEMENT_MM:
            raise DicomError("it moves its own frame of reference, which can only be where it is")
    return moved


def _frame(item: Dataset) -> str:
    uid = text(item, "FrameOfReferenceUID")
    if not uid:
        raise DicomError(
            f"expected a {title('FrameOfReferenceUID')} in each item of "
            f"{title('RegistrationSequence')}, found one that names its images alone"
        )
    return uid


def _transform(item: Dataset) -> RigidTransform:
    """Return the transform of an item: the product of its matrices, in their order (C.20.2.1.1).

    There the order of the items is that of the multiplication, so that the last moves first. It is
    easily written and read the other way round: where that is another place, neither is believed.
    """
    registrations = items(item, "MatrixRegistrationSequence")
    if len(registrations) != 1:
        raise DicomError(
            f"expected one item in {title('MatrixRegistrationSequence')}, "
            f"found {len(registrations)}"
        )
    matrices = items(registrations[0], "MatrixSequence")
    if not matrices:
        raise DicomError(f"expected at least one item in {title('MatrixSequence')}, found none")
    steps = [_rigid(matrix) for matrix in matrices]
    product, reverse = (reduce(RigidTransform.after, some) for some in (steps, steps[::-1]))
    if (distance_mm := apart_mm(product, reverse)) > AGREEMENT_MM:
        raise DicomError(
            f"{title('MatrixSequence')} has {len(steps)} matrices that come out {distance_mm:.1f} "
            f"mm apart where the last moves first and where the first does, and it is "
            f"not known which is meant: export the registration as one matrix"
        )
    return product


def _rigid(item: Dataset) -> RigidTransform:
    keyword = "FrameOfReferenceTransformationMatrix"
    kind = text(item, "FrameOfReferenceTransformationMatrixType")
    if kind != "RIGID":
        raise DicomError(
            f"expected RIGID in {title('FrameOfReferenceTransformationMatrixType')}, "
            f"found {quoted(kind) if kind else 'nothing'}: a dose is only carried over rigidly"
        )
    values = numbers(item, keyword)
    if len(values) != 16:
        raise DicomError(f"expected 16 numbers in {title(keyword)}, found {len(values)}")
    matrix = values.reshape(4, 4)
    if np.abs(matrix[3] - AFFINE_ROW).max() > ROW_TOLERANCE:
        raise DicomError(
            f"expected 0\\0\\0\\1 in the last row of {title(keyword)}, found otherwise"
        )
    try:
        return RigidTransform(matrix[:3, :3], matrix[:3, 3])
    except ValueError as error:
        raise DicomError(f"{title(keyword)}: {error}") from error
