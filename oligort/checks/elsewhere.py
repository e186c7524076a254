"""Elsewhere: lesions drawn in structure sets that are not judged, and known nowhere else.

Of a patient with several structure sets one is judged: that of the chosen plan. A metastasis of
the brain may be drawn in another one, in a frame of reference of its own, and be listed nowhere.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from oligort.checks.lost_lesions import KnownLesions, around_no_lesion
from oligort.checks.unclaimed import MARGIN_ROLES
from oligort.clinical.register import LesionKind, Register
from oligort.display import listed, quoted
from oligort.errors import NotEvaluable
from oligort.geometry.rigid import RigidTransform
from oligort.geometry.structure import StructureSet
from oligort.lesions.census import LesionHint
from oligort.lesions.drawn import DrawnPart, drawn_part
from oligort.lesions.lesion import Lesion, LesionCensus
from oligort.lesions.thresholds import CensusThresholds
from oligort.lesions.vocabulary import GTV_ROLES, Organ, Role
from oligort.registration import transform_between
from oligort.selection import Selection, title
from oligort.submission import Submission


class KnownBy(Enum):
    """What says that a lesion of a structure set that is not judged is known."""

    REGISTER = "an entry of the register"
    PLACE = "its place"
    NAME_AND_ORGAN = "its name, in the same organ"
    NAME = "its name alone"


BY_NAME = frozenset({KnownBy.NAME_AND_ORGAN, KnownBy.NAME})
"""On other images, where no registration says what lies where."""


@dataclass(frozen=True, eq=False)
class LesionElsewhere:
    """What may be a metastasis in a structure set that is not judged.

    Parameters
    ----------
    name : str
        Its ROI, with the number of its part.
    drawn_in : str
        The structure set, in words.
    most : int
        How many metastases it is at most; none where another structure set draws the same one.
    lesion : Lesion or None
        As measured there; None where it is not measured.
    drawn : DrawnPart or None
        What was drawn for that.
    reason : str
        Why it is not measured, or "".
    known_by : KnownBy or None
        What says that it is a lesion which the judged set draws or the register lists.
    """

    name: str
    drawn_in: str
    most: int = 1
    lesion: Lesion | None = None
    drawn: DrawnPart | None = None
    reason: str = ""
    known_by: KnownBy | None = None

    @property
    def organ(self) -> Organ | None:
        """The organ that its name or its place says."""
        return self.lesion.organ if self.lesion else None

    def repeats(self, other: "LesionElsewhere", submission: Submission) -> bool:
        """Whether it is drawn for the lesion that another one is drawn for.

        In frames of reference that are one, or that a registration of the submission joins, its
        place says so; in others its name, in one organ.
        """
        if self.drawn and other.drawn:
            move = _move_between(submission, other.drawn.frame_uid, self.drawn.frame_uid)
            if move is not None:
                there = KnownLesions(
                    np.array([other.drawn.part.centroid_mm]),
                    (other.drawn.alone(other.name),),
                    submission.usual_spacing_mm,
                ).seen_from(self.drawn.frame_uid, move)
                return there.are_held_by(self.drawn.part)
        return _spelt(self.name) == _spelt(other.name) and self.organ is other.organ


def _move_between(submission: Submission, from_uid: str, to_uid: str) -> RigidTransform | None:
    """Return what leads from one frame of reference to another; None where nothing does."""
    if from_uid == to_uid:
        return RigidTransform.identity()
    exports = (submission, *submission.earlier)
    registrations = [one for export in exports for one in export.registrations]
    try:
        return transform_between(registrations, from_uid, to_uid)
    except NotEvaluable:
        return None


def told_elsewhere(lesions: Sequence[LesionElsewhere]) -> str:
    """Return what is drawn elsewhere, and that nobody knows it, as a sentence; "" of nothing."""
    if not lesions:
        return ""
    drawn = _by_set(lesions)
    is_one = sum(one.most > 0 for one in lesions) <= 1
    may_be = "it may be drawn for a lesion" if is_one else "they may be drawn for lesions"
    return (
        f"{drawn}, which is not judged: {may_be} that neither the register nor the judged "
        f"structures know"
    )


def told_by_name(lesions: Sequence[LesionElsewhere]) -> str:
    """Return what is taken for what has its name here, as a sentence; "" of nothing."""
    if not lesions:
        return ""
    one = "is taken for the one" if len(lesions) == 1 else "are taken for those"
    return (
        f"{_by_set(lesions)}, on images that no registration joins with the judged ones, {one} "
        f"of the same name here"
    )


def _by_set(lesions: Sequence[LesionElsewhere]) -> str:
    by_set: dict[str, list[str]] = {}
    for one in lesions:
        by_set.setdefault(one.drawn_in, []).append(one.name)
    return " and ".join(f"{listed(names)} in {where}" for where, names in by_set.items())


def seen_elsewhere(submission: Submission, roi_names: Sequence[str]) -> str:
    """Return which of some ROIs a structure set draws that is not judged, or ""."""
    found = {
        one.roi_name: title(structure_set)
        for structure_set in _not_judged(submission)
        for one in structure_set
        if one.roi_name in roi_names and not one.is_empty
    }
    told = ", ".join(f"{quoted(name)} is drawn in {where}" for name, where in found.items())
    return f"{told}, which is not judged" if told else ""


def lesions_elsewhere(
    submission: Submission, census: LesionCensus, register: Register | None
) -> tuple[LesionElsewhere, ...]:
    """Return what structure sets that are not judged draw for a tumour, and whether it is known.

    That is gross tumour, and a PTV, CTV or ITV around none. Known is what lies where a lesion of
    the judged set does, in one frame of reference or two that a registration joins (a target of
    its name where the judged set has no lesion); in another one what has its name, and lies in no
    other organ; and what an entry of the register names and the judged set does not draw: as many
    parts of an ROI as its name has lesions. The primary is no metastasis, nor is what lies in the
    oesophagus where the register lists it, and is called no node or metastasis. Without lesions in
    the register no number passes, and nothing is asked.
    """
    if register is None or not register.lesions:
        return ()
    judged = _Judged(submission, census, register)
    found: list[LesionElsewhere] = []
    for structure_set in _not_judged(submission):
        before = tuple(found)
        for one in _drawn_in(structure_set, judged):
            # Each drawing of it is told, as one may be too large and another one not.
            is_told = any(
                one.repeats(other, submission) for other in before if other.known_by is None
            )
            found.append(replace(one, most=0) if is_told else one)
    return tuple(found)


def _not_judged(submission: Submission) -> Iterator[StructureSet]:
    """Yield the structure sets that are not judged, and that the judged one does not replace."""
    judged = submission.structure_set
    others = [one for one in submission.structure_sets if one is not judged]
    replaced = set(judged.predecessor_uids)
    while more := {
        uid
        for one in others
        if one.sop_instance_uid in replaced
        for uid in one.predecessor_uids - replaced
    }:
        replaced |= more
    yield from (one for one in others if one.sop_instance_uid not in replaced)


@dataclass(frozen=True, eq=False)
class _Judged:
    """The structure set that is judged, its lesions, and what the register says of them."""

    submission: Submission
    census: LesionCensus
    register: Register

    def is_awaited(self, roi_name: str) -> bool:
        """Whether an entry of the register names an ROI that the judged set does not draw."""
        drawn = any(not one.is_empty for one in self.submission.structure_set.named(roi_name))
        return not drawn and self.register.lesion_of_roi(roi_name) is not None

    def names(self, roi_name: str) -> bool:
        """Whether the judged set has an ROI of a name, or an entry awaits one."""
        return bool(self.submission.structure_set.named(roi_name)) or self.is_awaited(roi_name)

    def known_by(self, lesion: Lesion, own: DrawnPart, before: int) -> KnownBy | None:
        """Return what says that a lesion of another structure set is the judged one's, or listed.

        By its name as many are known as have it: one of an entry that nothing is drawn for.
        `before` is how many of its name are known already.
        """
        if self._is_of_primary(lesion):
            return KnownBy.REGISTER
        if self.is_awaited(lesion.roi_name):
            return KnownBy.REGISTER if before < 1 else None
        there = self._seen_from(own.frame_uid, self.census)
        if there.structures:
            return KnownBy.PLACE if there.are_held_by(own.part) else None
        name = _spelt(lesion.roi_name)
        named = [one for one in self.census if _spelt(one.roi_name) == name]
        if not named:
            drawn = dict.fromkeys(one.roi_name for one in self.submission.structure_set)
            same = _as_lesions(self.submission, [one for one in drawn if _spelt(one) == name])
            # Where no lesion is judged, a target is: two of one name may lie apart.
            there = self._seen_from(own.frame_uid, same)
            if there.structures:
                return KnownBy.PLACE if there.are_held_by(own.part) else None
            named = list(same)
        organs = [one.organ for one in named]
        in_its_organ = organs.count(lesion.organ) if lesion.organ else 0
        if before < in_its_organ:
            return KnownBy.NAME_AND_ORGAN
        in_none = organs.count(None) if lesion.organ else len(organs)
        return KnownBy.NAME if before < in_its_organ + in_none else None

    def _seen_from(self, frame_uid: str, census: LesionCensus) -> KnownLesions:
        """Return the lesions of a census in a frame of reference, as far as it is known there."""
        there = KnownLesions.of(self.submission, census, frame_uid)
        own_uid = self.submission.structure_set.frame_of_reference_uid
        move = None if there.structures else _move_between(self.submission, own_uid, frame_uid)
        if move is None:
            return there
        return KnownLesions.of(self.submission, census, own_uid).seen_from(frame_uid, move)

    def _is_of_primary(self, lesion: Lesion) -> bool:
        """Whether it lies where the primary does, one is listed, and no name says otherwise.

        What is called a node or a metastasis there may be one beside the oesophagus.
        """
        is_listed = bool(self.register.lesions_of(LesionKind.PRIMARY))
        return lesion.organ is Organ.ESOPHAGUS and is_listed and lesion.role is Role.GTV


def _spelt(roi_name: str) -> str:
    """Return a name in small letters, blanks and underscores alike: another plan has other ones.

    Signs are kept, and digits apart: "GTV_1_0" is no "GTV_10".
    """
    return " ".join(roi_name.casefold().replace("_", " ").split())


def _as_lesions(submission: Submission, roi_names: Sequence[str]) -> LesionCensus:
    """Return the parts of ROIs, measured as lesions whatever their role."""
    return submission.lesions(roi_names, hints=dict.fromkeys(roi_names, LesionHint(Role.GTV)))


def _drawn_in(structure_set: StructureSet, judged: _Judged) -> Iterator[LesionElsewhere]:
    """Yield what one structure set draws for a tumour, and what says that it is known."""
    alone = replace(
        judged.submission,
        structure_sets=(structure_set,),
        plans=(),
        doses=(),
        selection=Selection(),
        earlier=(),
    )
    census = alone.lesions()
    where = title(structure_set)
    known: Counter[str] = Counter()
    # Of several parts of an ROI the largest is the one that is known by the name.
    for lesion in sorted(census, key=lambda one: one.volume_cc, reverse=True):
        # The name of a node does not say that it is regional.
        most = max(lesion.counted.most, int(lesion.role is Role.GTV_NODE))
        if not most:
            continue
        own = drawn_part(structure_set.structures, lesion, alone.usual_spacing_mm)
        known_by = judged.known_by(lesion, own, known[_spelt(lesion.roi_name)])
        if known_by:
            known[_spelt(lesion.roi_name)] += 1
            most = 0
        yield LesionElsewhere(lesion.label, where, most, lesion, own, known_by=known_by)
    yield from _targets_in(alone, census, judged)
    unmeasured = {one.roi_name: one.reason for one in census.excluded if one.may_be_metastasis}
    for name in structure_set.left_out:
        if alone.site_map.read(name).role in (GTV_ROLES | MARGIN_ROLES) - {Role.GTV_PRIMARY}:
            unmeasured[name] = "not measured: its contours cannot be read"
    for name, reason in unmeasured.items():
        # What has no contours at all is a line of a template.
        is_empty = not any(one.contours for one in structure_set.named(name))
        if not judged.names(name) and (not is_empty or name in structure_set.left_out):
            yield LesionElsewhere(name, where, reason=reason)


def _targets_in(
    alone: Submission, census: LesionCensus, judged: _Judged
) -> Iterator[LesionElsewhere]:
    """Yield the PTVs, CTVs and ITVs of one structure set around no lesion of it or of the judged.

    A metastasis of the bone is often planned without a GTV.
    """
    structures = alone.structure_set.structures
    found: list[tuple[Role, LesionElsewhere]] = []
    targets = {
        target.roi_name: target
        for target in around_no_lesion(alone, census, CensusThresholds().speck_cc)
        if alone.role_of(target.roi_name) in MARGIN_ROLES
    }
    parts = [
        lesion
        for name, target in targets.items()
        for lesion in target.parts_among(_as_lesions(alone, [name]).lesions)
    ]
    for name in targets:
        if not any(one.roi_name == name for one in parts) and not judged.names(name):
            reason = "not measured: its contours enclose no area"
            yield LesionElsewhere(name, title(alone.structure_set), reason=reason)
    known: Counter[str] = Counter()
    # The innermost first: a PTV around several CTVs is one more drawing of each of these.
    for lesion in sorted(parts, key=lambda one: one.volume_cc):
        own = drawn_part(structures, lesion, alone.usual_spacing_mm)
        one = LesionElsewhere(lesion.label, title(alone.structure_set), 1, lesion, own)
        if known_by := judged.known_by(lesion, own, known[_spelt(lesion.roi_name)]):
            known[_spelt(lesion.roi_name)] += 1
            yield replace(one, most=0, known_by=known_by)
            continue
        role = alone.role_of(lesion.roi_name)
        # Two PTVs that overlap may be of two lesions.
        inner = [other for its_role, other in found if its_role is not role]
        is_told = any(one.repeats(other, alone) for other in inner)
        found.append((role, replace(one, most=0) if is_told else one))
    yield from (one for _, one in found)
