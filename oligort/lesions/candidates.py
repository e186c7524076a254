"""Candidates: the ROIs that may be lesions, read and cut into parts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from oligort.errors import NotEvaluable
from oligort.geometry.components import Part, parts
from oligort.geometry.slabs import most_common_spacing_mm, plane_positions_mm
from oligort.geometry.structure import Structure
from oligort.lesions.naming import RoiName, read_roi_name
from oligort.lesions.site_map import FROM_SITE_MAP, SiteMap
from oligort.lesions.vocabulary import GTV_ROLES, Organ, Role, Side

FROM_REGISTER = "from the register"
"""What an organ rests on that the register says."""


@dataclass(frozen=True)
class LesionHint:
    """What the clinical register says of an ROI; it overrides the name. None: nothing said.

    `name` is what the site map says in place of the ROI's name, `side` which one of a pair.
    """

    role: Role | None = None
    organ: Organ | None = None
    name: RoiName | None = None
    side: Side | None = None


@dataclass(frozen=True, eq=False)
class Candidate:
    """One ROI that is measured: what it is called, and its separate parts.

    `role` is what counts; for an ROI whose name says that several volumes are drawn in it
    (`is_union`) that of those volumes. `role_is_stated` where the register says the role, `is_open`
    where the name does not say whether it is gross tumour at all, `may_be_distant` nodes of which
    nobody says that they are regional. `organ_like` says why gross tumour by its name may be an
    organ all the same, or is "". `stated_side` is what the register says of a pair.
    """

    structure: Structure
    name: RoiName
    role: Role
    organ: Organ | None
    organ_evidence: str
    parts: tuple[Part, ...]
    is_union: bool = False
    is_open: bool = False
    role_is_stated: bool = False
    may_be_distant: bool = False
    organ_like: str = ""
    stated_side: Side | None = None

    @property
    def roi_name(self) -> str:
        """The ROI name as written: hostile text."""
        return self.structure.roi_name

    def label(self, part: int) -> str:
        """Return the ROI name, with the number of the part where there are several."""
        return f"{self.roi_name} #{part + 1}" if len(self.parts) > 1 else self.roi_name


def is_gross_tumour(name: RoiName, role: Role) -> bool:
    """Whether an ROI is measured unasked: gross tumour, a union of it, or what may be either."""
    is_union = role is Role.UNION and name.base in GTV_ROLES
    return role in GTV_ROLES or is_union or is_open(name, role)


def is_open(name: RoiName, role: Role) -> bool:
    """Whether a name leaves open if the ROI is gross tumour, the organ without it, or a helper."""
    return role in {Role.UNKNOWN, Role.HELPER} and name.may_be_tumour


def is_marked_point(structure: Structure, name: RoiName, role: Role) -> bool:
    """Whether an ROI that is a marker or an isocentre by its name ("GTV_ISO") is drawn as one."""
    return role is Role.HELPER and name.may_be_tumour and structure.is_of_points


def may_be_distant(
    structure: Structure, name: RoiName, role: Role, hints: Mapping[str, LesionHint]
) -> bool:
    """Whether nodes may be distant ones: neither register, site map nor name says what they are."""
    is_stated = hints.get(structure.roi_name, LesionHint()).role is not None
    is_settled = is_stated or name.evidence == FROM_SITE_MAP or name.is_regional
    return role is Role.GTV_NODE and not is_settled


def read_candidate(
    structure: Structure, hints: Mapping[str, LesionHint], usual_spacing_mm: float | None
) -> Candidate:
    """Read one ROI by hint and name, and cut it into parts.

    Raises
    ------
    NotEvaluable
        If the ROI has no area, no parallel planes, one plane of unknown thickness, or outlines
        that cross so often that they enclose nothing that could be told.
    """
    name, role, organ, evidence = identity(structure, hints)
    is_union = role is Role.UNION
    own = parts(structure, usual_spacing_mm)
    for part in own:
        _ = part.volume_cc  # what has no volume that could be told is declined here
    drawn_as = Role.GTV if is_open(name, role) else name.base if is_union else role
    return Candidate(
        structure=structure,
        name=name,
        role=drawn_as,
        organ=organ,
        organ_evidence=evidence,
        parts=own,
        is_union=is_union,
        is_open=is_open(name, role),
        role_is_stated=hints.get(structure.roi_name, LesionHint()).role is not None,
        stated_side=hints.get(structure.roi_name, LesionHint()).side,
        may_be_distant=may_be_distant(structure, name, drawn_as, hints),
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
        return name, role, hint.organ, FROM_REGISTER
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


def organ_candidates(
    structures: Sequence[Structure], hints: Mapping[str, LesionHint] = MappingProxyType({})
) -> list[tuple[Structure, Organ, RoiName]]:
    """Return the ROIs that are organs with a group, and their names: what a lesion may lie in."""
    found = []
    for structure in structures:
        name, *_ = identity(structure, hints)
        if name.role is Role.ORGAN and name.organ is not None and not structure.is_empty:
            found.append((structure, name.organ, name))
    return found
