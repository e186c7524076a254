"""Anatomy: what a name stands for in a structure set, an ROI, a role, or an organ and its sides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from oligort.display import listed, quoted
from oligort.errors import ExpressionError, NotEvaluable, advising
from oligort.geometry.algebra import (
    Combination,
    Expression,
    Operand,
    Shape,
    operand_names,
    operators_of,
    parse,
    resolve,
    unquoted,
)
from oligort.geometry.region import Region
from oligort.geometry.structure import Structure, StructureSet
from oligort.lesions.aliases import least_organ_cc
from oligort.lesions.naming import RoiName, read_roi_name
from oligort.lesions.organ_or_lesion import HALF_OF_AN_ORGAN
from oligort.lesions.site_map import SiteMap
from oligort.lesions.vocabulary import GTV_ROLES, Organ, Role, Side
from oligort.meant import DRAW_OR_NAME, NO_TUMOUR, ONE_SIDE, Meant, one_drawn
from oligort.sides import MIDLINE, why_not_two_sides, why_one_side

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
    site_map : SiteMap
        What the names of ROIs that are not drawn stand for.
    """

    structure_set: StructureSet
    roi_names: Mapping[Structure, RoiName]
    usual_spacing_mm: float | None = None
    site_map: SiteMap = field(default_factory=SiteMap)
    _pairs: dict[Organ, str] = field(default_factory=dict, init=False, repr=False)

    @advising(DRAW_OR_NAME)
    def structures_of(self, name: str) -> tuple[Structure, ...]:
        """Return the structures that a name stands for; in double quotes it is that of no role.

        All ROIs of a role ("GTV") that no newer one supersedes; else an ROI of that very name;
        else an organ by any of its names ("Lungs" is the drawn lungs, or else both sides).

        Raises
        ------
        NotEvaluable
            If there is none, it is empty, or several could be meant.
        """
        # The role goes first: an ROI "GTV" beside "GTVm01" is one of the GTVs, not all of them.
        if name in ROLE_NAMES:
            return self._of_role(name)
        roi_name = unquoted(name)
        named = self.structure_set.named(roi_name)
        if all(one.is_empty for one in named) and (not named or self._is_drawn_otherwise(roi_name)):
            return self._of_organ(roi_name)
        drawn = self.drawn_as(roi_name)
        self.require_sides(drawn)
        return (drawn,)

    def meant_by(self, text: str) -> Meant:
        """Return what a text stands for: an ROI as drawn, or an expression computed.

        A text that is both an ROI's name, however that is spelt ("LUNGS - GTV"), and an expression
        ("Lungs-GTV") is computed if its parts are there; in double quotes it is the ROI, in
        parentheses the expression. A hyphen in a name that reads as one thing ("GTV-Liver",
        "Lung-L") subtracts nothing. A role ("GTV") is the union of its ROIs, where one of that very
        name is drawn too.

        Raises
        ------
        NotEvaluable
            If a structure is missing, is empty, or several could be meant.
        ExpressionError
            If the text is no ROI's name and no expression.
        """
        named = self.structure_set.named(text)
        try:
            expression = parse(text)
        except ExpressionError:
            if not named:
                raise
            return self._as_drawn(text)
        if isinstance(expression, Combination):
            named = self.structure_set.spelt_as(text)
        if not named:
            if isinstance(expression, Operand) and text.lstrip().startswith('"'):
                in_quotes = expression.name
                if self.structure_set.named(in_quotes):
                    return self._as_drawn(in_quotes)
            shape = resolve(expression, self.structures_of)
            return Meant(shape, str(expression), self.notes_on(expression))
        if isinstance(expression, Operand):
            return self._of_role_or_drawn(text)
        return self._computed_or_drawn(text, named, expression)

    def _of_role_or_drawn(self, name: str) -> Meant:
        """Return what the name of an ROI means: if it is a role's too, all ROIs of that role."""
        if name not in ROLE_NAMES:
            drawn = [one for one in self.structure_set.named(name) if not one.is_empty]
            if not drawn and self._is_drawn_otherwise(name):
                note = f"the ROI {quoted(name)} is empty: taken from what else is drawn of it"
                return Meant(Shape(self.structures_of(name)), name, (note,))
            return self._as_drawn(name)
        taken = self._of_role(name)
        if [one.roi_name for one in taken] == [name]:
            return self._as_drawn(name)
        all_of = listed(one.roi_name for one in taken)
        note = f"{name} is the union of {all_of}; {quoted(name)} in double quotes is that ROI alone"
        return Meant(Shape(taken), name, (note, *self.notes_on(Operand(name))))

    def _computed_or_drawn(
        self, text: str, named: Sequence[Structure], expression: Expression
    ) -> Meant:
        """Return what an expression means that is the name of ROIs as well."""

        def as_drawn(*notes: str) -> Meant:
            drawn = one_drawn(named, text)
            return Meant(Shape((drawn,)), drawn.roi_name, notes)

        is_one_thing = self._is_one_thing(named[0], expression)
        try:
            shape = resolve(expression, self.structures_of)
        except NotEvaluable as error:
            if is_one_thing or not all(map(self._is_known, operand_names(expression))):
                return as_drawn()
            return as_drawn(f"as drawn, because its parts are not: {error}")
        if is_one_thing:
            note = f"as drawn; ({expression}), in parentheses, is what its parts give"
            return as_drawn(note)
        drawn_too = tuple(one for one in named if not one.is_empty)
        return Meant(shape, str(expression), self.notes_on(expression), drawn_too)

    def _as_drawn(self, roi_name: str) -> Meant:
        return Meant(Shape((self.drawn_as(roi_name),)), roi_name)

    def _is_known(self, name: str) -> bool:
        """Whether a name could stand for a structure in this patient or another."""
        is_organ = read_roi_name(name).role is Role.ORGAN
        return name in ROLE_NAMES or is_organ or bool(self.structure_set.named(name))

    def _is_one_thing(self, structure: Structure, expression: Expression) -> bool:
        """Whether the hyphens of an ROI's name only hold its words together."""
        name = self.roi_names[structure]
        is_hyphenated = operators_of(expression) == {"-"}
        return is_hyphenated and name.role is not Role.UNKNOWN and not name.subtracted

    def notes_on(self, expression: Expression) -> tuple[str, ...]:
        """Return what to say of the roles in an expression: which of their ROIs are left out."""
        notes = []
        for name in dict.fromkeys(operand_names(expression)):
            missing, superseded = self.missing_of(name), self.superseded_of(name)
            if missing:
                notes.append(
                    f"{listed(missing)} has no contours that can be used: no part of {name}"
                )
            if superseded:
                taken = listed(one.roi_name for one in self.structures_of(name))
                left_out = listed(one.roi_name for one in superseded)
                notes.append(f"{name} is {taken}, without the superseded {left_out}")
        return tuple(notes)

    def missing_of(self, role_name: str) -> tuple[str, ...]:
        """Return the names of the ROIs of a role that are empty or not to be trusted."""
        roles = ROLE_NAMES.get(role_name, frozenset())
        empty = {s.roi_name: name.role for s, name in self.roi_names.items() if s.is_empty}
        left_out = {name: self.site_map.read(name).role for name in self.structure_set.left_out}
        return tuple(name for name, role in (left_out | empty).items() if role in roles)

    def superseded_of(self, name: str) -> tuple[Structure, ...]:
        """Return the ROIs of a role that are left out: another has a name that is newer."""
        if name not in ROLE_NAMES:
            return ()
        taken = self._of_role(name)
        roles = ROLE_NAMES[name]
        return tuple(
            structure
            for structure, read in self.roi_names.items()
            if read.role in roles and not structure.is_empty and structure not in taken
        )

    def perhaps_of(self, name: str) -> tuple[Structure, ...]:
        """Return the ROIs that may belong to a role: unions by their names, and what may be tumour.

        A union repeats what its parts hold; one whose parts are not all drawn holds more.
        """
        roles = ROLE_NAMES.get(name, frozenset())
        return tuple(
            structure
            for structure, read in self.roi_names.items()
            if not structure.is_empty
            and (
                (read.role is Role.UNION and read.base in roles)
                or (read.may_be_tumour and roles == GTV_ROLES)
            )
            and not self._is_rest_of_organ(structure)
        )

    def _is_rest_of_organ(self, structure: Structure) -> bool:
        """Whether what may be an organ without a target, or a tumour in it, is that organ.

        As in the census: it fills half of an ROI of a large organ, and lies in the organ itself.
        """
        name = self.roi_names[structure]
        least_cc = least_organ_cc().get(name.organ)
        if name.organ is None or not name.may_be_tumour or least_cc is None:
            return False
        organ = tuple(one for some in self._by_side(name.organ).values() for one in some)
        own = Shape((structure,))
        try:
            own_cc = self.volume_cc(own)
            shares = [
                self.volume_cc(Shape((), "&", own, Shape((one,)))) / self.volume_cc(Shape((one,)))
                for one in organ
            ]
            outside_cc = self.volume_cc(Shape((), "-", own, Shape(organ))) if organ else own_cc
        except NotEvaluable:
            return False
        is_large = own_cc >= least_cc and outside_cc <= (1 - HALF_OF_AN_ORGAN) * own_cc
        return is_large and max(shares, default=0.0) >= HALF_OF_AN_ORGAN

    def with_superseded(self, name: str) -> tuple[Structure, ...]:
        """Return the structures that a name stands for, and those left out as superseded."""
        return (*self.structures_of(name), *self.superseded_of(name))

    def drawn_as(self, roi_name: str) -> Structure:
        """Return the one ROI of this very name that encloses an area.

        Raises
        ------
        NotEvaluable
            If it is empty, or several have the name.
        """
        return one_drawn(self.structure_set.named(roi_name), roi_name)

    def _of_role(self, role_name: str) -> tuple[Structure, ...]:
        roles = ROLE_NAMES[role_name]
        structures = [s for s, name in self.roi_names.items() if name.role in roles]
        drawn = tuple(structure for structure in structures if not structure.is_empty)
        if not drawn:
            what = "every one is empty" if structures else "no ROI is read as one"
            absent = NO_TUMOUR if role_name == "GTV" else ""
            raise NotEvaluable(f"no {role_name} is drawn: {what}", f"{DRAW_OR_NAME}{absent}")
        # "GTVm01_old" is gross tumour only where nothing newer is.
        return tuple(one for one in drawn if not self.roi_names[one].superseded) or drawn

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
            self.require_sides(whole)
            return (whole,)
        if wanted.side is Side.BOTH and left and right:
            self._require_two_sides(wanted.organ)
            return left[0], right[0]
        if wanted.side is Side.BOTH and (left or right):
            alone = (left or right)[0].roi_name
            raise NotEvaluable(
                f"only one side of {quoted(name)} is drawn ({quoted(alone)}): the other is missing",
                ONE_SIDE if wanted.organ is Organ.LUNGS else "",
            )
        raise NotEvaluable(f"no ROI is read as {quoted(name)}{self._suggestion(name)}")

    def _is_drawn_otherwise(self, name: str) -> bool:
        """Whether what an organ's name stands for is drawn under other names, or its sides are."""
        read = read_roi_name(name)
        if read.organ is None or read.role is not Role.ORGAN or read.subtracted:
            return False
        by_side = self._by_side(read.organ)
        return bool(by_side) and (read.side is Side.BOTH or read.side in by_side)

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

    def require_sides(self, whole: Structure) -> None:
        """Raise NotEvaluable where an ROI of both sides is not what its sides make up.

        One that a target is cut out of ("Lungs-GTV") need only reach into both halves of the body.
        """
        name = self.roi_names[whole]
        if name.organ is None or name.role is not Role.ORGAN or name.side is not Side.BOTH:
            return
        by_side = self._by_side(name.organ)
        sides = (*by_side.get(Side.LEFT, ()), *by_side.get(Side.RIGHT, ()))
        if name.subtracted or not sides:
            self._require_both_sides(whole)
            return
        self._require_two_sides(name.organ)
        whole_cc = self.volume_cc(Shape((whole,)))
        beyond_cc = self.volume_cc(Shape((), "-", Shape(sides), Shape((whole,))))
        missing_cc = whole_cc - self.volume_cc(Shape(sides)) if len(sides) > 1 else 0.0
        tolerance_cc = SAME_ORGAN_SHARE * whole_cc
        is_one_side = len(sides) == 1 and whole_cc - self.volume_cc(Shape(sides)) <= tolerance_cc
        if beyond_cc > tolerance_cc or missing_cc > tolerance_cc or is_one_side:
            names = listed(side.roi_name for side in sides)
            raise NotEvaluable(
                f"ROI {quoted(whole.roi_name)} ({whole_cc:.0f} cc) is not made up of {names}: "
                f"{beyond_cc:.0f} cc of them lie outside it; remove or correct the wrong one"
            )

    def _require_both_sides(self, whole: Structure) -> None:
        """Raise NotEvaluable where an ROI of both sides lies on one side of the body."""
        if reason := why_one_side(whole, *self.middles):
            raise NotEvaluable(f"ROI {quoted(whole.roi_name)} {reason}")

    def why_not_two_sides(self, organ: Organ) -> str:
        """Return why what is drawn as left and right of an organ is not its two sides, or ""."""
        if organ not in self._pairs:
            by_side = self._by_side(organ)
            left, right = by_side.get(Side.LEFT, ()), by_side.get(Side.RIGHT, ())
            told = (
                left
                and right
                and why_not_two_sides(organ, left, right, self.middles, self.volume_cc)
            )
            self._pairs[organ] = told or ""
        return self._pairs[organ]

    def _require_two_sides(self, organ: Organ) -> None:
        if reason := self.why_not_two_sides(organ):
            raise NotEvaluable(reason)

    @property
    def middles(self) -> tuple[list[Structure], list[Structure]]:
        """The outlines of the body, and the organs in its middle."""
        drawn = [(s, name) for s, name in self.roi_names.items() if not s.is_empty]
        bodies = [s for s, name in drawn if name.role is Role.EXTERNAL]
        midline = [s for s, name in drawn if name.role is Role.ORGAN and name.organ in MIDLINE]
        return bodies, midline

    def volume_cc(self, shape: Shape) -> float:
        """Return the volume of a shape of this structure set."""
        return Region(shape, self.usual_spacing_mm).volume_mm3(COMPARISON_STEP_MM) / 1000

    def _suggestion(self, name: str) -> str:
        """Name what is there: the ROIs that hold the name, or all of them."""
        names = [structure.roi_name for structure in self.structure_set]
        close = [other for other in names if name.casefold() in other.casefold()] or names
        return f"; there are {listed(close, 4)}" if names else "; the structure set holds no ROI"
