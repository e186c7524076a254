"""What of a structure set was drawn for one lesion: its part of an ROI, and the contours of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from oligort.errors import NotEvaluable
from oligort.geometry.components import Part, parts
from oligort.geometry.slabs import PlaneFrame
from oligort.geometry.structure import Contour, Structure
from oligort.lesions.lesion import Lesion


@dataclass(frozen=True, eq=False)
class DrawnPart:
    """One separate 3D part of an ROI, as it was drawn.

    Parameters
    ----------
    structure : Structure
        The ROI.
    part : Part
        Its part.
    contour_numbers : tuple of int
        Which of the structure's contours make up the part, from 0, in their order: holes too, but
        of loops that repeat each other one, and none that encloses nothing.
    """

    structure: Structure
    part: Part
    contour_numbers: tuple[int, ...]

    @property
    def frame_uid(self) -> str:
        """The frame of reference that it is drawn in."""
        return self.structure.frame_of_reference_uid

    def alone(self, roi_name: str) -> Structure:
        """Return the part as an ROI of its own."""
        contours = tuple(self.structure.contours[number] for number in self.contour_numbers)
        return replace(self.structure, roi_name=roi_name, contours=contours)


def drawn_part(
    structures: Sequence[Structure], lesion: Lesion, usual_spacing_mm: float | None
) -> DrawnPart:
    """Return what was drawn for a lesion.

    Of several ROIs of its number and name it is the one that has a part where the lesion lies.

    Parameters
    ----------
    structures : sequence of Structure
        Those that the census was taken of.
    lesion : Lesion
        Of that census.
    usual_spacing_mm : float or None
        As for the census.

    Raises
    ------
    ValueError
        If the lesion is not of these structures (`is_drawn_in`).
    """
    own = [
        (one, its[lesion.part - 1])
        for one in _rois_of(structures, lesion)
        if len(its := _parts_of(one, usual_spacing_mm)) >= lesion.part
    ]
    if not own:
        raise ValueError("expected an ROI of the lesion's number and name, found none")
    structure, part = min(own, key=lambda it: _off(it[1], lesion))
    return DrawnPart(structure, part, _contour_numbers(structure, part))


def is_drawn_in(structures: Sequence[Structure], lesion: Lesion) -> bool:
    """Whether an ROI among structures has the number and the name of a lesion."""
    return bool(_rois_of(structures, lesion))


def _rois_of(structures: Sequence[Structure], lesion: Lesion) -> list[Structure]:
    roi = lesion.roi_number, lesion.roi_name
    return [one for one in structures if (one.roi_number, one.roi_name) == roi]


def _parts_of(structure: Structure, usual_spacing_mm: float | None) -> Sequence[Part]:
    """Return the parts of an ROI; none of what cannot be measured, which no lesion is of."""
    try:
        return parts(structure, usual_spacing_mm)
    except NotEvaluable:
        return ()


def _off(part: Part, lesion: Lesion) -> tuple[float, float]:
    """Return how far a part lies from a lesion, in mm, and by how much its volume differs."""
    off_mm = float(np.linalg.norm(part.centroid_mm - lesion.centroid_mm))
    return off_mm, abs(part.volume_cc - lesion.volume_cc)


def _contour_numbers(structure: Structure, part: Part) -> tuple[int, ...]:
    """Return which contours are the loops of a part, in the order of the structure."""
    frame = part.model.frame
    alike: dict[bytes, list[tuple[float, int]]] = {}
    for number, contour in enumerate(structure.contours):
        if contour.encloses_area:
            key, position_mm = _loop_of(contour, frame)
            alike.setdefault(key, []).append((position_mm, number))
    # The same loop may be drawn in every plane of a cylinder: that of the slab's own is nearest.
    return tuple(
        sorted(
            min(alike[loop.tobytes()], key=lambda at: (abs(at[0] - slab.position_mm), at[1]))[1]
            for slab in part.slabs
            for loop in slab.loops
        )
    )


def _loop_of(contour: Contour, frame: PlaneFrame) -> tuple[bytes, float]:
    """Return what tells a contour's loop in its plane, and where the plane lies."""
    along = frame.to_plane(contour.points_mm)
    return along[:, :2].tobytes(), float(along[:, 2].mean())
