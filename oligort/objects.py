"""The DICOM objects of a submission, reduced to what oligort asks of them."""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from oligort.dose.grid import DoseGrid
from oligort.dose.planned_dvh import PlannedDvh
from oligort.geometry.rigid import RigidTransform
from oligort.geometry.structure import StructureSet

PLACEHOLDER = "nobody "
"""What a patient key begins with whose id is nobody's: many patients may have it alike."""


def file_key(name: str) -> str:
    """Return an opaque digest of a file's name or path, or of a plan's label.

    What repeats the patient's name is shown masked; by the digest it can still be chosen by the
    name that the user knows.
    """
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]


class Masker(Protocol):
    """Masks what repeats the patient's identity, which it knows, in texts from elsewhere."""

    def roi_name(self, roi_name: str) -> str:
        """Return an ROI name as one that was read is shown."""

    def beside(self, written: str, subject: str) -> str:
        """Return any other short text masked, but for what is of the trial's subject id."""


class FaultKind(StrEnum):
    """What a fault means for everything that follows."""

    FOREIGN = "foreign"
    """No DICOM object at all, or none that is used: nothing is missing for it."""
    UNREADABLE = "unreadable"
    """An object that should have been read, and was not."""
    LEFT_OUT = "left out"
    """A structure whose contours are not to be trusted."""
    DOUBT = "doubt"
    """Read and used, but something in it contradicts something else."""


@dataclass(frozen=True)
class Fault:
    """A file, or a part of one, that is not used, or is used and in doubt, and why."""

    file: str
    reason: str
    kind: FaultKind = FaultKind.UNREADABLE


@dataclass(frozen=True)
class IdentityLeft:
    """An element that says who the patient is, who treated him or where, and the files it is in.

    The value itself is not kept. Equal `keys` mean that two elements say the same.

    Parameters
    ----------
    keyword, tag : str
        The element: "PatientName", "(0010,0010)"; of the name of a file "file name" and "".
    keys : frozenset of str
        Opaque digests of what it says, or of the name or id that a text repeats; see `keys_of_id`.
    files : tuple of str
        Their places in the submission, masked.
    may_be_dummy : bool
        Whether a value that de-identification puts there would look the same.
    """

    keyword: str
    tag: str
    keys: frozenset[str]
    files: tuple[str, ...]
    may_be_dummy: bool = False


def keys_of_id(text: str) -> frozenset[str]:
    """Return the digests of an id: as it is written, and as a name may repeat it.

    Neither regards case; in a name whatever separates its parts may differ ("PT-017", "PT^017").
    """
    return frozenset({key_of_id(text), key_of_name(text)})


def key_of_id(text: str) -> str:
    """Return the digest of an id as it is written, without regard to case."""
    return file_key(f"id\0{text.strip().casefold()}")


def key_of_name(name: str) -> str:
    """Return the digest of a name by its letters and digits alone, without regard to case."""
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFC", name).casefold()))
    return file_key(f"name\0{letters}")


@dataclass(frozen=True)
class FileDigest:
    """What was read: kind ("RTSTRUCT", "CT series"), UID, place, SHA-256 in hex digits.

    For an image series `sop_instance_uid` is its Series Instance UID and the digest is of the
    headers.
    """

    kind: str
    sop_instance_uid: str
    file: str
    sha256: str


@dataclass(frozen=True)
class LeftAlone:
    """A DICOM object of a kind that is not used: what it calls itself, and its file."""

    kind: str
    file: str


@dataclass(frozen=True)
class Prescription:
    """One dose reference of type TARGET in a plan.

    Parameters
    ----------
    dose_gy : float
        Target Prescription Dose (300A,0026), of all fractions.
    roi_number : int or None
        Referenced ROI Number (3006,0084) of the target.
    description : str
        Dose Reference Description (300A,0016).
    """

    dose_gy: float
    roi_number: int | None = None
    description: str = ""


PREDECESSOR = "PREDECESSOR"
"""RT Plan Relationship (300A,0055) of a plan to the one that it replaces."""


@dataclass(frozen=True)
class Plan:
    """The header of an RTPLAN or RT Ion Plan.

    `fractions_planned` is of all `fraction_group_count` fraction groups, or None where one of them
    does not say. `beam_dose_gy` is the sum of the beams' Beam Dose (300A,0084) over all fractions,
    or None. `time` is that of its `date`; `related` are the plans that it names, each as RT Plan
    Relationship (300A,0055) and UID. A plan of brachytherapy is never judged.
    """

    sop_instance_uid: str
    file: str
    label: str = ""
    date: str = ""
    modality: str = "RTPLAN"
    intent: str = ""
    approval_status: str = ""
    structure_set_uid: str = ""
    frame_of_reference_uid: str = ""
    prescriptions: tuple[Prescription, ...] = ()
    fractions_planned: int | None = None
    fraction_group_count: int = 1
    beam_dose_gy: float | None = None
    patient_key: str = ""
    file_keys: frozenset[str] = frozenset()
    time: str = ""
    study_instance_uid: str = ""
    related: tuple[tuple[str, str], ...] = ()
    is_brachytherapy: bool = False

    @property
    def replaces(self) -> tuple[str, ...]:
        """The plans that it names as its predecessors, by SOP Instance UID."""
        return tuple(uid for relation, uid in self.related if relation == PREDECESSOR)


@dataclass(frozen=True, eq=False)
class Dose:
    """An RTDOSE: what it says of itself, and its dose where that can be had in Gy.

    `grid` is None where the object cannot be used as a dose in Gy; `refusal` then says why.
    `planned_dvhs` are the planning system's own histograms; an object that holds them alone has no
    pixels, and says so: `has_pixels`. One with a single plane, for measurements, says `is_plane`.
    """

    sop_instance_uid: str
    file: str
    units: str = ""
    dose_type: str = ""
    summation_type: str = ""
    plan_uids: tuple[str, ...] = ()
    structure_set_uid: str = ""
    frame_of_reference_uid: str = ""
    heterogeneity_correction: str = ""
    grid: DoseGrid | None = None
    refusal: str = ""
    planned_dvhs: tuple[PlannedDvh, ...] = ()
    has_pixels: bool = True
    is_plane: bool = False
    patient_key: str = ""
    file_keys: frozenset[str] = frozenset()
    study_instance_uid: str = ""

    def __post_init__(self) -> None:
        if (self.grid is None) != bool(self.refusal):
            raise ValueError("expected a dose grid or the reason why there is none")


@dataclass(frozen=True, eq=False)
class Registration:
    """A Spatial Registration: how other frames of reference lie in its own.

    `moved` holds, for each frame that it registers, the frame's UID and the transform of its points
    into `frame_of_reference_uid`. It is empty where the object cannot be used; `refusal` then says
    why, and `others` which frames it would have registered, as far as they can be read.
    """

    sop_instance_uid: str
    file: str
    frame_of_reference_uid: str = ""
    moved: tuple[tuple[str, RigidTransform], ...] = ()
    refusal: str = ""
    patient_key: str = ""
    study_instance_uid: str = ""
    others: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if bool(self.moved) == bool(self.refusal):
            raise ValueError("expected registered frames or the reason why there are none")

    def joins(self, one: str, other: str) -> bool:
        """Whether it says how one of two frames lies in the other, or would have."""
        frames = {self.frame_of_reference_uid, *self.others, *(frame for frame, _ in self.moved)}
        return {one, other} <= frames


@dataclass(frozen=True)
class ImageSource:
    """Where an image can be read again: a file, or the member of an archive by its number.

    For pictures alone; it is never shown, for a path may say who the patient is.
    """

    sop_instance_uid: str
    path: Path = field(repr=False)
    member: int | None = None


@dataclass(frozen=True)
class ImageSeries:
    """The headers of one image series.

    `positions_mm` are the image positions along the normal of the images, ascending, one an image;
    `normal` is that unit vector. `phase` says which phase of a 4D scan it is, or what was made of
    all of them ("phase 50 %", "average of the phases"), or "". Study, description and phase are ""
    where the images do not agree. `sources` are in the order of the positions, or empty.
    """

    series_instance_uid: str
    modality: str
    frame_of_reference_uid: str = ""
    normal: tuple[float, float, float] = (0.0, 0.0, 1.0)
    positions_mm: tuple[float, ...] = ()
    sop_instance_uids: frozenset[str] = field(default_factory=frozenset)
    patient_key: str = ""
    study_instance_uid: str = ""
    description: str = ""
    phase: str = ""
    sources: tuple[ImageSource, ...] = field(default=(), repr=False, compare=False)

    @property
    def is_axial(self) -> bool:
        """Whether positions are patient z, or its negative."""
        return abs(self.normal[2]) > AXIAL_COSINE

    @property
    def patient_positions_mm(self) -> tuple[float, ...]:
        """Patient z of axial images, ascending; of others the position along their normal."""
        if self.is_axial and self.normal[2] < 0:
            return tuple(-position_mm for position_mm in reversed(self.positions_mm))
        return self.positions_mm


AXIAL_COSINE = 1 - 1e-6
"""Least cosine between the patient axis and the normal of axial images: 0.08 degrees."""


MODALITIES_TO_DRAW_ON = ("CT", "MR", "PT")
"""Modalities of images, those that structures are drawn on the likeliest first."""


def drawn_on(
    structure_set: StructureSet, images: Sequence[ImageSeries]
) -> tuple[tuple[ImageSeries, ...], bool]:
    """Return the image series that structures are drawn on, and whether by their references.

    Those whose images they name, the one of which they name most first; else those whose series
    they name; else, without a reference that holds, all of their frame of reference, CT first.
    """
    named, frame = structure_set.referenced_image_uids, structure_set.frame_of_reference_uid
    by_image = [one for one in images if one.sop_instance_uids & named]
    if by_image:
        most_first = sorted(by_image, key=lambda one: -len(one.sop_instance_uids & named))
        return tuple(most_first), True
    series_uids = structure_set.referenced_series_uids
    if not named and (by_series := [s for s in images if s.series_instance_uid in series_uids]):
        return tuple(by_series), True
    in_frame = [one for one in images if frame and one.frame_of_reference_uid == frame]
    return tuple(sorted(in_frame, key=_likelihood)), False


def _likelihood(series: ImageSeries) -> tuple[int, int]:
    known = series.modality in MODALITIES_TO_DRAW_ON
    place = MODALITIES_TO_DRAW_ON.index(series.modality) if known else len(MODALITIES_TO_DRAW_ON)
    return place, -len(series.positions_mm)
