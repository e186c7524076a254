"""Lost lesions: what is drawn for a tumour, and holds none that is known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from oligort.checks.unclaimed import MADE_ROLES, TARGET_ROLES, box_of
from oligort.display import quoted
from oligort.errors import NotEvaluable
from oligort.frames import moved
from oligort.geometry.components import Part, parts
from oligort.geometry.contact import holds, shared_volume_cc
from oligort.geometry.rigid import RigidTransform
from oligort.geometry.structure import Structure
from oligort.lesions.drawn import is_drawn_in
from oligort.lesions.enclosure import filled
from oligort.lesions.lesion import Lesion, LesionCensus
from oligort.lesions.naming import RoiName, may_be_target
from oligort.lesions.vocabulary import Role
from oligort.submission import Submission

HELD_SHARE = 0.1
"""Share of the smaller of a target's part and a lesion that they have in common where the lesion
is what the part is drawn for: of a PTV cropped in two, each piece has its share of the GTV, and the
margin of a neighbour grazes it by less."""

_BOXED_ROLES = MADE_ROLES - {Role.UNION}
"""Rings and helpers go around their target, in pieces where something is cut out: their box holds
it. A union of targets is what is irradiated, and goes around nothing."""


_SAME_MM = 1.0
"""Centres nearer than this are those of one part: it was measured twice, of the same contours."""

_LEAST_POINTS = 3
"""Points of a line that may be a loop whose type is wrong: a point or two mark a place."""


@dataclass(frozen=True)
class LostLesion:
    """An ROI drawn for a tumour that holds no known one, in whole or in some of its parts.

    Parameters
    ----------
    roi_name : str
        As drawn.
    centres_mm : tuple of (3,) arrays
        The centres of its parts that hold none; empty where all of the ROI holds none.
    part_count : int
        How many parts of it hold none.
    """

    roi_name: str
    centres_mm: tuple[npt.NDArray[np.float64], ...] = ()
    part_count: int = 1

    def parts_among(self, lesions: Sequence[Lesion]) -> list[Lesion]:
        """Return which measured parts of the ROI hold no known lesion; all where none is told."""
        own = [
            one
            for one in lesions
            if any(np.linalg.norm(one.centroid_mm - at) < _SAME_MM for at in self.centres_mm)
        ]
        return own or list(lesions)

    def __str__(self) -> str:
        """Tell the ROI, or its parts by their centres in patient LPS."""
        if not self.centres_mm:
            return quoted(self.roi_name)
        centres = " and ".join(
            ", ".join(f"{round(float(at)) + 0}" for at in one) for one in self.centres_mm
        )
        return f"the part of {quoted(self.roi_name)} at {centres} mm"


def around_no_lesion(
    submission: Submission, census: LesionCensus, speck_cc: float
) -> tuple[LostLesion, ...]:
    """Return the ROIs drawn for a tumour of which a part holds no lesion that the census knows.

    A PTV beside GTVs of other lesions is a lesion that lost its GTV, or was never given one; so is
    a part of a PTV that is drawn for several lesions. Parts below `speck_cc` say nothing beside
    larger ones.
    """
    known = KnownLesions.of(submission, census)
    measured = {lesion.roi_name for lesion in census.lesions}
    lost = []
    for structure, name in submission.roi_names.items():
        roles = {name.role, name.base}
        if not _is_target(structure, name) or structure.roi_name in measured:
            continue
        is_boxed = not (_BOXED_ROLES | {Role.ORGAN}).isdisjoint(roles)
        own = () if is_boxed else _parts_of(structure, submission, speck_cc)
        if not own:
            # What goes around its target, or has no parts that could be told.
            box = _lines_of(structure) if structure.is_empty else box_of(structure)
            lost += [] if box is None or known.lie_in(box) else [LostLesion(structure.roi_name)]
            continue
        empty = [part for part in own if not known.are_held_by(part)]
        if empty:
            is_all = len(empty) == len(own)
            centres_mm = () if is_all else tuple(part.centroid_mm for part in empty)
            lost.append(LostLesion(structure.roi_name, centres_mm, len(empty)))
    return tuple(lost)


def _is_target(structure: Structure, name: RoiName) -> bool:
    """Whether an ROI is drawn for a tumour: so is what may be a target by its name ("RPTV")."""
    is_open = name.role is Role.UNKNOWN and may_be_target(structure.roi_name)
    return is_open or not TARGET_ROLES.isdisjoint({name.role, name.base})


def _lines_of(structure: Structure) -> npt.NDArray[np.float64] | None:
    """Return the box of the lines of what encloses nothing; None of points, or of nothing."""
    lines = [one.points_mm for one in structure.contours if len(one.points_mm) >= _LEAST_POINTS]
    points = np.concatenate(lines) if lines else None
    return None if points is None else np.array([points.min(axis=0), points.max(axis=0)])


def _parts_of(structure: Structure, submission: Submission, speck_cc: float) -> Sequence[Part]:
    """Return the parts of a target that are no specks; none where they cannot be told."""
    try:
        own = parts(structure, submission.usual_spacing_mm)
        return [part for part in own if part.volume_cc >= speck_cc] or own
    except NotEvaluable:
        return ()


@dataclass(frozen=True, eq=False)
class KnownLesions:
    """The lesions that the census knows."""

    centroids_mm: npt.NDArray[np.float64]
    structures: tuple[Structure, ...]
    usual_spacing_mm: float | None

    @classmethod
    def of(
        cls, submission: Submission, census: LesionCensus, frame_uid: str | None = None
    ) -> "KnownLesions":
        """Return those of a census, in one frame of reference where one is given."""
        measured = {lesion.roi_name for lesion in census.lesions}
        structures = tuple(
            one
            for one in submission.roi_names
            if one.roi_name in measured and frame_uid in {None, one.frame_of_reference_uid}
        )
        there = [one.centroid_mm for one in census.lesions if is_drawn_in(structures, one)]
        return cls(np.array(there).reshape(-1, 3), structures, submission.usual_spacing_mm)

    def seen_from(self, frame_uid: str, move: RigidTransform) -> "KnownLesions":
        """Return the same lesions in another frame of reference, to which a transform leads."""
        structures = tuple(moved(one, move, frame_uid) for one in self.structures)
        return replace(self, centroids_mm=move.apply(self.centroids_mm), structures=structures)

    def lie_in(self, box: npt.NDArray[np.float64]) -> bool:
        """Whether the centre of one lies in a box of `box_of`."""
        inside = (self.centroids_mm >= box[0]) & (self.centroids_mm <= box[1])
        return bool(inside.all(axis=1).any())

    def are_held_by(self, part: Part) -> bool:
        """Whether the centre of one lies in a part or its hollow, or enough of one does."""
        outline = filled(part)
        if len(self.centroids_mm) and holds(outline.model, self.centroids_mm).any():
            return True
        return any(_share(outline, lesion) >= HELD_SHARE for lesion in self._near(outline))

    def _near(self, part: Part) -> Iterator[Part]:
        """Yield the lesions whose box meets that of a part."""
        frame = part.model.frame
        low, high = part.bounds_mm
        for structure in self.structures:
            if structure.is_empty:
                continue
            points = frame.to_plane(np.concatenate([one.points_mm for one in structure.areas]))
            if (points.max(axis=0) < low).any() or (points.min(axis=0) > high).any():
                continue
            try:
                its = parts(structure, self.usual_spacing_mm)
            except NotEvaluable:
                continue
            yield from (one for one in its if one.model.frame.is_parallel_to(frame))


def _share(part: Part, lesion: Part) -> float:
    try:
        smaller_cc = min(part.volume_cc, lesion.volume_cc)
        return shared_volume_cc(part.model, lesion.model) / smaller_cc if smaller_cc else 0.0
    except NotEvaluable:
        return 0.0
