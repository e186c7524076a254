"""Anatomy: what a name stands for in a structure set, an ROI, a role, or an organ and its sides."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from oligort.display import listed, quoted
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.region import Region
from oligort.geometry.structure import Structure, StructureSet
from oligort.lesions.naming import RoiName, read_roi_name
from oligort.lesions.vocabulary import GTV_ROLES, Organ, Role, Side

ROLE_NAMES: Mapping[str, frozenset[Role]] = {
    "GTV": GTV_ROLES,
    "CTV": frozenset({Role.CTV}),
    "ITV": frozenset({Role.ITV}),
    "PTV": frozenset({Role.PTV}),
}
"""Names that stand, in an expression, for the union of all ROIs of a role."""

SAME_ORGAN_SHARE = 0.02
"""Share of its volume by which an organ of both sides may differ from its sides drawn apart.

Two contourings of the same lungs differ by 1 to 2 %; a lobe is 20 %.
"""

LEAST_SIDE_SHARE = 0.1
"""Share of the points of an organ of both sides that either half of the body holds at least.

The smaller of two lungs has 45 % of both; one lung reaches a centimetre across the middle.
"""

COMPARISON_STEP_MM = 2.5
"""Pixels in which two drawings of an organ are compared; their areas are exact at any size."""


@dataclass(frozen=True, eq=False)
class Anatomy:
    """A structure set whose names can be asked for.

    Parameters
    ----------
    structure_set : StructureSet
        The structures.
    roi_names : mapping of Structure to RoiName
        What each name says, or what the register says of it.
    usual_spacing_mm : float or None
        Plane spacing, for structures of one or two planes.
    """

    structure_set: StructureSet
    roi_names: Mapping[Structure, RoiName]
    usual_spacing_mm: float | None = None

    def structures_of(self, name: str) -> tuple[Structure, ...]:
        """Return the structures that a name stands for.

        All ROIs of a role ("GTV"); else an ROI of that very name; else an organ by any of its
        names ("Lungs" is the drawn lungs, or else both sides).

        Raises
        ------
        NotEvaluable
            If there is none, it is empty, or several could be meant.
        """
        # The role goes first: an ROI "GTV" beside "GTVm01" is one of the GTVs, not all of them.
        if name in ROLE_NAMES:
            return self._of_role(name)
        if not self.structure_set.named(name):
            return self._of_organ(name)
        drawn = self.drawn_as(name)
        self._require_sides_in_whole(drawn)
        return (drawn,)

    def drawn_as(self, roi_name: str) -> Structure:
        """Return the one ROI of this very name that encloses an area.

        Raises
        ------
        NotEvaluable
            If it is empty, or several have the name.
        """
        drawn = [s for s in self.structure_set.named(roi_name) if not s.is_empty]
        if not drawn:
            raise NotEvaluable(f"ROI {quoted(roi_name)} has no contour that encloses an area")
        if len(drawn) > 1:
            raise NotEvaluable(f"{len(drawn)} ROIs are named {quoted(roi_name)}")
        return drawn[0]

    def _of_role(self, role_name: str) -> tuple[Structure, ...]:
        roles = ROLE_NAMES[role_name]
        structures = [s for s, name in self.roi_names.items() if name.role in roles]
        drawn = tuple(structure for structure in structures if not structure.is_empty)
        if not drawn:
            what = "every one is empty" if structures else "no ROI is read as one"
            raise NotEvaluable(f"no {role_name} is drawn: {what}")
        return drawn

    def _of_organ(self, name: str) -> tuple[Structure, ...]:
        wanted = read_roi_name(name)
        if wanted.organ is None or wanted.role is not Role.ORGAN or wanted.subtracted:
            raise NotEvaluable(f"no ROI is named {quoted(name)}{self._suggestion(name)}")
        by_side = self._by_side(wanted.organ)
        for structures in by_side.values():
            if len(structures) > 1:
                names = listed(structure.roi_name for structure in structures)
                raise NotEvaluable(f"several ROIs could be {quoted(name)}: {names}")
        left, right = by_side.get(Side.LEFT, []), by_side.get(Side.RIGHT, [])
        if wanted.side in by_side:
            (whole,) = by_side[wanted.side]
            self._require_sides_in_whole(whole)
            return (whole,)
        if wanted.side is Side.BOTH and left and right:
            return left[0], right[0]
        if wanted.side is Side.BOTH and (left or right):
            alone = (left or right)[0].roi_name
            raise NotEvaluable(
                f"only one side of {quoted(name)} is drawn ({quoted(alone)}): the other is missing"
            )
        raise NotEvaluable(f"no ROI is read as {quoted(name)}{self._suggestion(name)}")

    def _by_side(self, organ: Organ) -> dict[Side | None, list[Structure]]:
        """Return the ROIs of an organ, of one side or of both."""
        drawn = {
            structure: found
            for structure, found in self.roi_names.items()
            if found.organ is organ
            and found.role is Role.ORGAN
            and not found.subtracted
            and not structure.is_empty
        }
        by_side: dict[Side | None, list[Structure]] = {}
        for structure, found in drawn.items():
            # "Lungs_old" stands for the lungs only where nothing newer does.
            if not found.superseded or all(other.superseded for other in drawn.values()):
                by_side.setdefault(found.side, []).append(structure)
        return by_side

    def _require_sides_in_whole(self, whole: Structure) -> None:
        """Raise NotEvaluable where an ROI of both sides is not what its sides make up."""
        name = self.roi_names[whole]
        if name.organ is None or name.role is not Role.ORGAN or name.side is not Side.BOTH:
            return
        by_side = self._by_side(name.organ)
        sides = (*by_side.get(Side.LEFT, ()), *by_side.get(Side.RIGHT, ()))
        if name.subtracted:
            return
        if not sides:
            self._require_both_sides(whole)
            return
        whole_cc = self._volume_cc(Shape((whole,)))
        beyond_cc = self._volume_cc(Shape((), "-", Shape(sides), Shape((whole,))))
        missing_cc = whole_cc - self._volume_cc(Shape(sides)) if len(sides) > 1 else 0.0
        tolerance_cc = SAME_ORGAN_SHARE * whole_cc
        is_one_side = len(sides) == 1 and whole_cc - self._volume_cc(Shape(sides)) <= tolerance_cc
        if beyond_cc > tolerance_cc or missing_cc > tolerance_cc or is_one_side:
            names = listed(side.roi_name for side in sides)
            raise NotEvaluable(
                f"ROI {quoted(whole.roi_name)} ({whole_cc:.0f} cc) is not made up of {names}: "
                f"{beyond_cc:.0f} cc of them lie outside it; remove or correct the wrong one"
            )

    def _require_both_sides(self, whole: Structure) -> None:
        """Raise NotEvaluable where an ROI of both sides lies on one side of the body."""
        bodies = [s for s, name in self.roi_names.items() if name.role is Role.EXTERNAL]
        drawn = [contour.points_mm for body in bodies for contour in body.areas]
        if not drawn:
            return
        body_mm = np.concatenate(drawn)[:, 0]
        middle_mm = (body_mm.min() + body_mm.max()) / 2
        points_mm = np.concatenate([contour.points_mm for contour in whole.areas])[:, 0]
        left = float(np.mean(points_mm > middle_mm))
        if min(left, 1 - left) < LEAST_SIDE_SHARE:
            raise NotEvaluable(
                f"ROI {quoted(whole.roi_name)} lies on one side of the body: the other is missing"
            )

    def _volume_cc(self, shape: Shape) -> float:
        return Region(shape, self.usual_spacing_mm).volume_mm3(COMPARISON_STEP_MM) / 1000

    def _suggestion(self, name: str) -> str:
        """Name what is there: the ROIs that hold the name, or all of them."""
        names = [structure.roi_name for structure in self.structure_set]
        close = [other for other in names if name.casefold() in other.casefold()] or names
        return f"; there are {listed(close, 4)}" if names else "; the structure set holds no ROI"
