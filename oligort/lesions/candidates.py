"""Candidates: the ROIs that may be lesions, read, cut into parts and measured."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from oligort.errors import NotEvaluable
from oligort.geometry.components import Part, connected_areas, parts
from oligort.geometry.diameter import PlaneDiameter, longest_in_plane, maximum_3d
from oligort.geometry.slabs import most_common_spacing_mm, plane_positions_mm
from oligort.geometry.structure import Points, Structure
from oligort.lesions.naming import RoiName, read_roi_name
from oligort.lesions.site_map import SiteMap
from oligort.lesions.vocabulary import GTV_ROLES, Organ, Role
from oligort.measure import Measure


@dataclass(frozen=True)
class LesionHint:
    """What the clinical register says of an ROI; it overrides the name. None: nothing said.

    `name` is what the site map says in place of the ROI's name.
    """

    role: Role | None = None
    organ: Organ | None = None
    name: RoiName | None = None


@dataclass(frozen=True, eq=False)
class Candidate:
    """One ROI that is measured: what it is called, and its separate parts.

    `role` is what counts; for an ROI whose name says that several volumes are drawn in it
    (`is_union`) that of those volumes.
    """

    structure: Structure
    name: RoiName
    role: Role
    organ: Organ | None
    organ_evidence: str
    parts: tuple[Part, ...]
    is_union: bool = False

    @property
    def roi_name(self) -> str:
        """The ROI name as written: hostile text."""
        return self.structure.roi_name

    def label(self, part: int) -> str:
        """Return the ROI name, with the number of the part where there are several."""
        return f"{self.roi_name} #{part + 1}" if len(self.parts) > 1 else self.roi_name


def is_gross_tumour(name: RoiName, role: Role) -> bool:
    """Whether an ROI is measured unasked: gross tumour, or a union of it."""
    return role in GTV_ROLES or (role is Role.UNION and name.base in GTV_ROLES)


def read_candidate(
    structure: Structure, hints: Mapping[str, LesionHint], usual_spacing_mm: float | None
) -> Candidate:
    """Read one ROI by hint and name, and cut it into parts.

    Raises
    ------
    NotEvaluable
        If the ROI has no area, no parallel planes, or one plane of unknown thickness.
    """
    name, role, organ, evidence = identity(structure, hints)
    is_union = role is Role.UNION
    return Candidate(
        structure=structure,
        name=name,
        role=name.base if is_union else role,
        organ=organ,
        organ_evidence=evidence,
        parts=parts(structure, usual_spacing_mm),
        is_union=is_union,
    )


def identity(
    structure: Structure, hints: Mapping[str, LesionHint]
) -> tuple[RoiName, Role, Organ | None, str]:
    """Return the name as read, role, organ and the organ's evidence; the register comes first."""
    hint = hints.get(structure.roi_name, LesionHint())
    said = read_roi_name(structure.roi_name, structure.interpreted_type)
    name = hint.name or said
    role = hint.role or name.role
    if hint.organ is not None:
        return name, role, hint.organ, "from the register"
    evidence = "from the ROI name" if name.organ is said.organ else "from the site map"
    return name, role, name.organ, evidence if name.organ else ""


def with_site_map(
    hints: Mapping[str, LesionHint], structures: Iterable[Structure], site_map: SiteMap
) -> dict[str, LesionHint]:
    """Return the hints with what the site map says of the names of structures."""
    found = dict(hints)
    for structure in structures:
        if site_map.entry_of(structure.roi_name) is not None:
            hint = found.get(structure.roi_name, LesionHint())
            name = site_map.read(structure.roi_name, structure.interpreted_type)
            found[structure.roi_name] = replace(hint, name=name)
    return found


def usual_spacing_of(structures: Iterable[Structure]) -> float | None:
    """Return the plane spacing that most ROIs of a structure set are drawn in, or None."""
    steps = []
    for structure in structures:
        try:
            steps.append(np.diff(plane_positions_mm(structure)))
        except NotEvaluable:
            continue  # not in parallel planes: it has no spacing to vote with
    return most_common_spacing_mm(np.concatenate(steps)) if steps else None


@dataclass(frozen=True, eq=False)
class Extent:
    """The diameters of one part."""

    longest_axial: PlaneDiameter
    plane_mm: float | None
    maximum_3d_mm: Measure
    maximum_3d_end_points_mm: Points


def extent_of(part: Part) -> Extent:
    """Measure one part: within connected areas of single planes, and in 3D with half-slice caps.

    Loops of one plane that overlap are one area and measured as one; others one by one.

    The interval ``convention`` of the 3D diameter runs from the vertices alone to a whole spacing
    beyond either end plane.
    """
    frame = part.model.frame
    best: tuple[PlaneDiameter, float] | None = None
    for slab in part.slabs:
        for area in connected_areas(slab):
            if best and float(np.linalg.norm(np.ptp(area, axis=0))) < best[0].length_mm:
                continue  # its bounding box is too small to hold a longer diameter
            flat = np.column_stack([area, np.full(len(area), slab.position_mm)])
            measured = longest_in_plane(frame.to_patient(flat))
            if best is None or measured.length_mm > best[0].length_mm:
                best = measured, slab.position_mm
    if best is None:
        raise NotEvaluable("expected a part with at least one loop")
    bare, half, whole = (maximum_3d(_capped_points(part, caps)) for caps in (0.0, 1.0, 2.0))
    # Moving the end planes outwards cannot bring points nearer; rounding can, in the last digit.
    interval = (min(bare[0], half[0]), max(half[0], whole[0]))
    return Extent(
        best[0],
        best[1] if frame.is_axial else None,
        Measure(half[0], "mm", convention=interval),
        half[1],
    )


def _capped_points(part: Part, caps: float) -> Points:
    """Return the vertices in LPS, those of the end planes moved out by `caps` half slices."""
    stacks = []
    for number, slab in enumerate(part.slabs):
        positions = {slab.position_mm}
        if number == 0:
            positions = {slab.position_mm - caps * (slab.position_mm - slab.lower_mm)}
        if number == len(part.slabs) - 1:
            outwards = slab.position_mm + caps * (slab.upper_mm - slab.position_mm)
            positions = {outwards, *(positions if number == 0 else ())}
        stacks += [
            np.column_stack([loop, np.full(len(loop), position)])
            for loop in slab.loops
            for position in sorted(positions)
        ]
    return part.model.frame.to_patient(np.concatenate(stacks))


def organ_candidates(
    structures: Sequence[Structure], hints: Mapping[str, LesionHint] = MappingProxyType({})
) -> list[tuple[Structure, Organ]]:
    """Return the ROIs that are organs with a group: what a lesion may lie in."""
    found = []
    for structure in structures:
        name, *_ = identity(structure, hints)
        if name.role is Role.ORGAN and name.organ is not None and not structure.is_empty:
            found.append((structure, name.organ))
    return found
