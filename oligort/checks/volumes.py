"""Volumes: whether the organs that dose limits are about are as large as such organs can be."""

from collections.abc import Iterator
from dataclasses import dataclass

from oligort.checks.answers import information
from oligort.checks.applicability import limited_once, told_without_limits
from oligort.checks.case import Case
from oligort.checks.judged import is_tumour_or_target, organs_of
from oligort.checks.registry import CONVENTION, check
from oligort.clinical.answer import Answer
from oligort.display import listed
from oligort.errors import NotEvaluable
from oligort.finding import Evidence, Finding, Grade
from oligort.geometry.algebra import Shape
from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.protocol.limits import DoseLimit
from oligort.protocol.tissues import PlausibleVolumes


@dataclass(frozen=True)
class _Volume:
    """The volume of an organ, of one side or both, and between which it is plausible.

    `decides` is True of what the limit is about: of both sides together, where it is on both.
    """

    roi_names: tuple[str, ...]
    cc: float
    least_cc: float
    most_cc: float
    decides: bool

    @property
    def is_plausible(self) -> bool:
        """Whether it lies between the two, or on them."""
        return self.least_cc <= self.cc <= self.most_cc

    @property
    def who(self) -> str:
        """The ROI, or its organ's both sides."""
        return listed(self.roi_names) if len(self.roi_names) == 1 else "both"

    @property
    def told(self) -> str:
        """A sentence's tail."""
        plausible = f"plausible are {self.least_cc:g} to {self.most_cc:g} cc"
        return f"{listed(self.roi_names)}: {self.cc:.0f} cc, {plausible}"

    @property
    def evidence(self) -> Evidence:
        """The volume beside the end of the range that it is nearer to."""
        is_small = self.cc < self.least_cc
        return Evidence(
            name="volume",
            measured=self.cc,
            unit="cc",
            relation=">=" if is_small else "<=",
            limit=self.least_cc if is_small else self.most_cc,
        )


def _volumes(case: Case, limit: DoseLimit, plausible: PlausibleVolumes) -> Iterator[_Volume]:
    """Yield the volumes of a limit's organs that the protocol has a range for.

    Raises
    ------
    NotEvaluable
        If an organ is missing.
    """
    by_side: dict[Organ, dict[Side | None, list[Structure]]] = {}
    for structure in organs_of(case, limit):
        name = case.submission.roi_names[structure]
        # "PTVm01_Lung_L" lies in a lung and is none.
        if name.organ and not is_tumour_or_target(name):
            by_side.setdefault(name.organ, {}).setdefault(name.side, []).append(structure)
    for organ, sides in by_side.items():
        together = [one for structures in sides.values() for one in structures]
        asked = dict(sides)
        if sides.keys() >= {Side.LEFT, Side.RIGHT}:
            asked[Side.BOTH] = together
        has_range_of_both = Side.BOTH in asked and plausible.of(organ, Side.BOTH) is not None
        for side, structures in asked.items():
            # What is named for both lungs is one where the other was removed.
            may_be = (side, Side.LEFT, Side.RIGHT) if _is_one_lung(case, organ) else (side,)
            if volumes := [found for one in may_be if (found := plausible.of(organ, one))]:
                yield _Volume(
                    roi_names=tuple(one.roi_name for one in structures),
                    cc=case.submission.anatomy.volume_cc(Shape(tuple(structures))),
                    least_cc=min(found.least for found in volumes),
                    most_cc=max(found.most for found in volumes),
                    # A collapsed lung is small, and both lungs are still those of the limit.
                    decides=side is Side.BOTH or not has_range_of_both,
                )


def _is_one_lung(case: Case, organ: Organ) -> bool:
    """Whether an organ is the lungs, and the register says that one of them was removed."""
    anatomy = case.register.anatomy if case.register else None
    return organ is Organ.LUNGS and anatomy is not None and anatomy.pneumonectomy is Answer.YES


def require_plausible_volumes(case: Case, limit: DoseLimit) -> None:
    """Raise NotEvaluable where an organ of a limit cannot be as large or small as it is drawn."""
    plausible = case.protocol.plausible_volumes
    for volume in _volumes(case, limit, plausible) if plausible else ():
        if volume.decides and not volume.is_plausible:
            raise NotEvaluable(f"the volume is not plausible: {volume.told}", RIGHT_VOLUME)


RIGHT_VOLUME = "correct the contours, or name the ROI what it is"


@check("OL017", "Plausible volumes")
def plausible_volumes(case: Case) -> Iterator[Finding]:
    """What it checks: organs that a dose limit is about have a volume that such organs can have.

    Why it matters: a lobe named as the lungs, a leftover of a deleted contour or coordinates in
    another unit give a share of volume that looks like any other.

    How it is measured: the volume of the contours, of each side and of both together, against the
    protocol's plausible volumes. A limit on what lies outside them is not graded; one on both sides
    together stands where one of them does. Where both sides are drawn, the smaller one's share of
    both is held against the protocol's least share, and the limit stands; that is not asked where
    the register says that one lung was removed.

    Not evaluable when: never. A missing organ or structure set is told by the limit, here as INFO.

    Source: oligort convention; ranges and grade are the protocol's settings.
    """
    plausible = case.protocol.plausible_volumes
    if plausible:
        yield from told_without_limits(case, "OL017")
    for limit in limited_once(case) if plausible else ():
        assert plausible
        try:
            volumes = tuple(_volumes(case, limit, plausible))
        except NotEvaluable as error:
            yield _not_looked_at(limit.structure, str(error))
            continue
        if not volumes:
            yield _not_looked_at(limit.structure, "the protocol has no range for such an organ")
        for volume in volumes:
            if not volume.is_plausible:
                yield Finding(
                    code="OL017",
                    grade=case.protocol.grades.volume_implausible,
                    about=limit.structure,
                    message=volume.told,
                    evidence=(volume.evidence,),
                    source=CONVENTION,
                    hint=RIGHT_VOLUME,
                )
        uneven = tuple(_uneven_sides(case, limit, plausible))
        yield from uneven
        if volumes and not uneven and all(volume.is_plausible for volume in volumes):
            yield Finding(
                code="OL017",
                grade=Grade.PASS,
                about=limit.structure,
                message="plausible volumes: "
                + ", ".join(f"{one.who} {one.cc:.0f} cc" for one in volumes),
                source=CONVENTION,
            )
    if not plausible:
        yield _not_looked_at("", "the protocol has no plausible volumes")


def _not_looked_at(about: str, reason: str) -> Finding:
    told = f"whether the volumes are plausible was not looked at, because {reason}"
    return information("OL017", told, about=about)


def _uneven_sides(case: Case, limit: DoseLimit, plausible: PlausibleVolumes) -> Iterator[Finding]:
    """Yield a finding for each organ of a limit whose one side is much smaller than the other."""
    names = case.submission.roi_names
    for organ in dict.fromkeys(names[one].organ for one in organs_of(case, limit)):
        if organ is None or _is_one_lung(case, organ):
            continue
        drawn = {
            side: [
                one
                for one, name in names.items()
                if (name.organ, name.role, name.side) == (organ, Role.ORGAN, side)
                and not (one.is_empty or name.subtracted or name.superseded)
            ]
            for side in (Side.LEFT, Side.RIGHT)
        }
        if not all(len(structures) == 1 for structures in drawn.values()):
            continue
        ordered = sorted(
            (case.submission.anatomy.volume_cc(Shape((one,))), one.roi_name)
            for (one,) in drawn.values()
        )
        (smaller_cc, smaller), (larger_cc, larger) = ordered
        share = 100 * smaller_cc / (smaller_cc + larger_cc)
        if share < plausible.smaller_side.value:
            yield Finding(
                code="OL017",
                grade=case.protocol.grades.volume_implausible,
                about=limit.structure,
                message=f"{listed((smaller,))} has {smaller_cc:.0f} cc and {listed((larger,))} "
                f"{larger_cc:.0f} cc: {share:.0f} % of both, plausible are at least "
                f"{plausible.smaller_side.shown}",
                source=CONVENTION,
                hint="confirm that both sides are drawn whole",
            )
