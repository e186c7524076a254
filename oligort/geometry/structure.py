"""Contours, structures and structure sets, as drawn: points in patient LPS millimetres."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

CLOSED_TYPES = frozenset(
    {"CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR", "INTERPOLATED_PLANAR"}
)
"""Contour Geometric Types (3006,0042) that enclose an area.

The standard spells CLOSEDPLANAR_XOR; CLOSED_PLANAR_XOR is what some systems write.
"""

XOR_TYPES = frozenset({"CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR"})
"""Contour Geometric Types whose loops combine by exclusive or, as the standard says."""


@dataclass(frozen=True, eq=False)
class Contour:
    """One contour as drawn.

    Parameters
    ----------
    points_mm : (N, 3) float array
        Patient LPS coordinates; kept read-only.
    geometric_type : str
        Contour Geometric Type (3006,0042).

    Raises
    ------
    ValueError
        If the points are not an (N, 3) array of finite numbers.
    """

    points_mm: Points
    geometric_type: str = "CLOSED_PLANAR"

    def __post_init__(self) -> None:
        points = np.array(self.points_mm, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 3 or not np.isfinite(points).all():
            raise ValueError(f"expected finite points of shape (N, 3), found {points.shape}")
        points.setflags(write=False)
        object.__setattr__(self, "points_mm", points)

    @property
    def encloses_area(self) -> bool:
        """Whether the contour is of a closed type and has the three points an area needs."""
        return self.geometric_type in CLOSED_TYPES and len(self.points_mm) >= 3


def stacked_contours(
    points_mm: Points, counts: Iterable[int], geometric_types: Iterable[str]
) -> tuple[Contour, ...]:
    """Return contours whose points stand one after the other in one array, checked at once.

    Parameters
    ----------
    points_mm : (N, 3) float array
        Patient LPS coordinates of all contours; copied once, and shared by the contours.
    counts, geometric_types : iterable of int, of str
        How many of the points are each contour's, and its Contour Geometric Type.

    Raises
    ------
    ValueError
        If the points are not an (N, 3) array of finite numbers, or the counts not those of N.
    """
    points = Contour(points_mm).points_mm
    ends = np.cumsum([0, *counts]).tolist()
    if ends[-1] != len(points):
        raise ValueError(f"expected {ends[-1]} points, found {len(points)}")
    contours = []
    for begin, end, geometric_type in zip(ends[:-1], ends[1:], geometric_types, strict=True):
        contour = object.__new__(Contour)  # a part of what is valid is valid
        object.__setattr__(contour, "points_mm", points[begin:end])
        object.__setattr__(contour, "geometric_type", geometric_type)
        contours.append(contour)
    return tuple(contours)


@dataclass(frozen=True, eq=False)
class Structure:
    """One ROI of a structure set: its number, its name and its contours.

    Parameters
    ----------
    roi_number : int or None
        ROI Number (3006,0022); None for a structure that was computed.
    roi_name : str
        ROI Name (3006,0026), as written in the file: hostile text.
    contours : tuple of Contour
        In the order of the file; may be empty.
    interpreted_type : str
        RT ROI Interpreted Type (3006,00A4), or "".
    frame_of_reference_uid : str
        Referenced Frame of Reference UID (3006,0024), or "".
    """

    roi_number: int | None
    roi_name: str
    contours: tuple[Contour, ...] = ()
    interpreted_type: str = ""
    frame_of_reference_uid: str = ""

    @property
    def areas(self) -> tuple[Contour, ...]:
        """The contours that enclose an area; points and open lines are left out."""
        return tuple(contour for contour in self.contours if contour.encloses_area)

    @property
    def lines_beside_areas(self) -> tuple[Contour, ...]:
        """Contours of three points or more that enclose no area, where others do: else none.

        Lines drawn alone are a device or a path; beside loops they may be loops whose type is
        wrong, and what the structure encloses is not known.
        """
        if self.is_empty:
            return ()
        return tuple(c for c in self.contours if not c.encloses_area and len(c.points_mm) >= 3)

    @property
    def is_empty(self) -> bool:
        """Whether nothing in the structure encloses an area."""
        return not any(contour.encloses_area for contour in self.contours)

    @property
    def is_of_points(self) -> bool:
        """Whether it is drawn, as points of interest alone: one a contour, each of type POINT."""
        return bool(self.contours) and all(
            contour.geometric_type == "POINT" and len(contour.points_mm) == 1
            for contour in self.contours
        )

    def lies_in(self, frame_of_reference_uid: str) -> bool:
        """Whether it is drawn in a frame of reference, as far as both are named."""
        own = self.frame_of_reference_uid
        return not own or not frame_of_reference_uid or own == frame_of_reference_uid


@dataclass(frozen=True, eq=False)
class StructureSet:
    """The structures of one RTSTRUCT.

    Parameters
    ----------
    structures : tuple of Structure
        In the order of the file; names may repeat.
    sop_instance_uid, label, file : str
        Which RTSTRUCT it is; `file` is relative to the submission.
    frame_of_reference_uid : str
        The frame of its structures, or "" where they name none; where they lie in several, the
        one that the others were brought into as far as a registration leads there.
    referenced_image_uids : frozenset of str
        SOP Instance UIDs of the images that the structure set or its contours name.
    approval_status : str
        Approval Status (300E,0002), or "".
    patient_key : str
        Opaque digest of the patient's identity, for comparison only.
    left_out : tuple of str
        Names of ROIs that are in the file and whose contours are not to be trusted.
    study_instance_uid : str
        Of the structure set itself.
    date, time : str
        Structure Set Date (3006,0008) and Time (3006,0009), or "".
    referenced_series_uids, referenced_study_uids : frozenset of str
        The image series (3006,0014) and the studies (3006,0012) that it says it was drawn on.
    predecessor_uids : frozenset of str
        SOP Instance UIDs of the structure sets that it says it replaces (3006,0018).
    """

    structures: tuple[Structure, ...]
    sop_instance_uid: str = ""
    label: str = ""
    file: str = ""
    frame_of_reference_uid: str = ""
    referenced_image_uids: frozenset[str] = field(default_factory=frozenset)
    approval_status: str = ""
    patient_key: str = ""
    left_out: tuple[str, ...] = ()
    study_instance_uid: str = ""
    date: str = ""
    time: str = ""
    referenced_series_uids: frozenset[str] = frozenset()
    referenced_study_uids: frozenset[str] = frozenset()
    predecessor_uids: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[Structure]:
        return iter(self.structures)

    def __len__(self) -> int:
        return len(self.structures)

    @property
    def lies_in_several_frames(self) -> bool:
        """Whether what is drawn lies in frames of reference that are not known to each other."""
        frames = {s.frame_of_reference_uid for s in self.structures if not s.is_empty}
        return len(frames - {""}) > 1

    def named(self, roi_name: str) -> tuple[Structure, ...]:
        """Return the structures of exactly this name; the same name may stand for several."""
        return tuple(s for s in self.structures if s.roi_name == roi_name)

    def spelt_as(self, expression: str) -> tuple[Structure, ...]:
        """Return the structures that are named as an expression: "LUNGS - GTV" as "Lungs-GTV" is.

        In any case, and with any blanks and underscores around operators; what is drawn under
        exactly this name goes before what is spelt otherwise.
        """
        wanted = _spelling(expression)
        alike = tuple(s for s in self.structures if _spelling(s.roi_name) == wanted)
        exact = tuple(s for s in alike if s.roi_name == expression)
        return exact if any(not one.is_empty for one in exact) else alike


def _spelling(name: str) -> str:
    return re.sub(r"[\s_]*([-|&()])[\s_]*", r"\1", name).strip().casefold()
