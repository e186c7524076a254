"""What of a structure set was drawn for one lesion: its part of an ROI, and the contours of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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

    def alone(self, roi_name: str) -> Structure:
        """Return the part as an ROI of its own."""
        contours = tuple(self.structure.contours[number] for number in self.contour_numbers)
        return replace(self.structure, roi_name=roi_name, contours=contours)


def drawn_part(
    structures: Sequence[Structure], lesion: Lesion, usual_spacing_mm: float | None
) -> DrawnPart:
    """Return what was drawn for a lesion.

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
        If the lesion is not of these structures, or of more than one (`is_of_one_roi`).
    """
    own = _rois_of(structures, lesion)
    if len(own) != 1:
        raise ValueError(f"expected one ROI of the lesion, found {len(own)}")
    part = parts(own[0], usual_spacing_mm)[lesion.part - 1]
    return DrawnPart(own[0], part, _contour_numbers(own[0], part))


def is_of_one_roi(structures: Sequence[Structure], lesion: Lesion) -> bool:
    """Whether one ROI alone has the number and the name of a lesion: else nobody can tell which."""
    return len(_rois_of(structures, lesion)) == 1


def _rois_of(structures: Sequence[Structure], lesion: Lesion) -> list[Structure]:
    roi = lesion.roi_number, lesion.roi_name
    return [one for one in structures if (one.roi_number, one.roi_name) == roi]


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
