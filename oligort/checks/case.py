"""Case: what the checks look at, and the shared reading of register and contours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from oligort.checks.accounting import (
    DISTANT_OR_UNKNOWN,
    AccountedLesion,
    account,
    open_others,
    regional_nodes,
    unclaimed_primaries,
)
from oligort.checks.as_registered import with_courses_of, with_roles_of
from oligort.checks.claims import Claims
from oligort.checks.counting import Counting, Place
from oligort.checks.elsewhere import LesionElsewhere, lesions_elsewhere
from oligort.checks.lost_lesions import LostLesion, around_no_lesion
from oligort.checks.nobody_named import naming_nobody
from oligort.checks.unclaimed import (
    MARGIN_ROLES,
    may_be_lesion,
    of_unknown_names,
    perhaps_metastases,
    unclaimed_rois,
)
from oligort.checks.what_to_do import SEND_REGISTER
from oligort.clinical.register import PlanKind, Register, RegisterLesion
from oligort.errors import NotEvaluable
from oligort.lesions.census import CensusThresholds, LesionHint
from oligort.lesions.lesion import Count, Lesion, LesionCensus
from oligort.lesions.vocabulary import GTV_ROLES, Organ, Role, Side
from oligort.protocol.model import Protocol
from oligort.protocol.settings import RegionalNodes
from oligort.submission import Submission

_NOTHING = LesionCensus((), Count(0, 0), {}, ())
"""The census where no structure set was submitted."""


@dataclass(frozen=True, eq=False)
class Case:
    """One submission held against one protocol, with the register where there is one.

    `subject` is the subject id that the user gave, or None; `cross_check` says whether a second
    engine is asked as well; `asked_kind` is the kind of plan that the user says is judged.
    """

    submission: Submission
    protocol: Protocol
    register: Register | None
    subject: str | None = None
    cross_check: bool = False
    asked_kind: PlanKind | None = None

    def __post_init__(self) -> None:
        # What the register says of an ROI holds for every question: counted, measured, subtracted.
        exports = (self.submission, *self.submission.earlier)
        plans = [plan for export in exports for plan in export.plans]
        register = naming_nobody(self.register, self.submission.masker, plans)
        object.__setattr__(self, "register", register)
        submission = with_roles_of(self.submission, self.register)
        kind = self.asked_kind or (self.register.plan_kind if self.register else None)
        submission = with_courses_of(submission, self.register, kind)
        object.__setattr__(self, "submission", submission)

    def require_register(self) -> Register:
        """Return the register.

        Raises
        ------
        NotEvaluable
            If none was given.
        """
        if self.register is None:
            raise NotEvaluable("no register was given", SEND_REGISTER)
        return self.register

    @cached_property
    def census(self) -> LesionCensus:
        """The census of the lesions, with what the register says of their ROIs.

        Raises
        ------
        NotEvaluable
            If there is no structure set, or the choice is open.
        """
        return self.census_of(None)

    def census_of(self, roi_names: Sequence[str] | None) -> LesionCensus:
        """Return the census of some ROIs whatever their role, or of gross tumour; as `census`."""
        lesions = self.register.lesions if self.register else ()
        hints = {
            roi_name: LesionHint(
                role=self.submission.roles[roi_name],
                organ=lesion.organ,
                side=Side(lesion.side) if lesion.side else None,
            )
            for lesion in lesions
            for roi_name in lesion.roi_names
            if roi_name in self.submission.roles
        }
        return self.submission.lesions(roi_names, hints=hints, thresholds=self.census_thresholds)

    @property
    def census_thresholds(self) -> CensusThresholds:
        """Where the census draws its lines: as the protocol says, else its own defaults."""
        dice = self.protocol.settings.duplicate_dice
        return CensusThresholds(duplicate_dice=dice.most, maybe_duplicate_dice=dice.least)

    @cached_property
    def accounted(self) -> tuple[AccountedLesion, ...]:
        """Every metastasis of register and contours, each once as far as they can be matched.

        Regional nodes are among them where the protocol counts them.

        Raises
        ------
        NotEvaluable
            If there is no structure set, or the choice is open.
        """
        return self._accounted(self.census)

    @cached_property
    def known_lesions(self) -> tuple[AccountedLesion, ...]:
        """As `accounted`; without any structure set the lesions of the register alone."""
        return self._accounted(self.census_if_drawn)

    @property
    def census_if_drawn(self) -> LesionCensus:
        """As `census`; an empty one without any structure set."""
        return self.census if self.submission.structure_sets else _NOTHING

    def _accounted(self, census: LesionCensus) -> tuple[AccountedLesion, ...]:
        primary_organs = self.protocol.settings.primary_organs.value
        accounted = tuple(self._with_perhaps(one) for one in self._matched(census))
        unlisted = [one for it in accounted if it.entry is None for one in it.contours]
        others = (census, self.claims, unlisted, primary_organs)
        accounted += tuple(perhaps_metastases(self.register, *others))
        if self.counting.regional_nodes is RegionalNodes.NOT_COUNTED:
            return accounted
        known = {id(one.entry) for one in accounted}
        nodes = regional_nodes(census, self.register, primary_organs, self.claims)
        beside = (self._with_perhaps(node) for node in nodes if id(node.entry) not in known)
        return (*accounted, *beside)

    def _matched(self, census: LesionCensus) -> tuple[AccountedLesion, ...]:
        """Return the metastases of register and contours, without what may be drawn for them."""
        settings = self.protocol.settings
        tolerance_mm = settings.register_size_difference_mm.value
        primary_organs = settings.primary_organs.value
        return account(census, self.register, tolerance_mm, primary_organs, self.claims)

    def _with_perhaps(self, lesion: AccountedLesion) -> AccountedLesion:
        if not lesion.is_open or lesion.entry is None:
            return lesion
        return lesion.perhaps_drawn_as(self.perhaps_drawn_for(lesion.entry))

    @cached_property
    def open_entries(self) -> tuple[RegisterLesion, ...]:
        """The lesions of the register, of any kind, that may be drawn as what nobody claims."""
        matched = (one for one in self._matched(self.census_if_drawn) if one.is_open)
        return (*(one.entry for one in matched if one.entry is not None), *self.open_others)

    @cached_property
    def open_others(self) -> tuple[RegisterLesion, ...]:
        """The primaries and regional nodes among `open_entries`."""
        return open_others(self.census_if_drawn, self.register, self.claims)

    @cached_property
    def lesions_per_organ(self) -> Mapping[Place, Count]:
        """How many metastases each organ holds at least and at most."""
        return self.counting.per_organ(self.accounted, len(self.open_others))

    @property
    def unplaced_entries(self) -> tuple[RegisterLesion, ...]:
        """Those of `open_entries` that do not say what is drawn for them, nor that nothing is."""
        return tuple(entry for entry in self.open_entries if entry.drawn_as is None)

    def perhaps_drawn_for(self, entry: RegisterLesion) -> tuple[Lesion, ...]:
        """Return what may be drawn for an open entry: what nobody claims, and what it names itself.

        What is named the primary is claimed by a primary without ROI names, which does not say
        so; it may be what is to be drawn for another entry.
        """
        own = tuple(one for one in self.claims.named if one.roi_name in entry.roi_names)
        is_distant = entry.kind in DISTANT_OR_UNKNOWN
        is_claimed = not unclaimed_primaries(self.census_if_drawn, self.register)
        by_kind = self._named_primary if is_distant and is_claimed else ()
        return (*own, *self.unclaimed, *by_kind)

    def margins_of(self, entry: RegisterLesion) -> tuple[Lesion, ...]:
        """Return the margins (CTV, ITV, PTV) that an entry names, measured as what they hold."""
        margins = self._names.margins
        own = (one for one in self._named_otherwise if one.roi_name in margins)
        return tuple(one for one in own if one.roi_name in entry.roi_names)

    @cached_property
    def claims(self) -> Claims:
        """What the ROI names of the register stand for; of no structure set, nothing."""
        margins = self._names.margins
        return replace(
            self._names,
            unclaimed=self.unclaimed,
            unmeasured=self._unmeasured_others,
            named=tuple(one for one in self._named_otherwise if one.roi_name not in margins),
        )

    @cached_property
    def _names(self) -> Claims:
        if not self.submission.structure_sets:
            return Claims()
        measured = {one.roi_name for one in self._named_otherwise}
        margins = {name for name in measured if self.submission.role_of(name) in MARGIN_ROLES}
        return Claims.of(self.census, margins, measured)

    @property
    def _is_answered(self) -> bool:
        """Whether each lesion of the register is settled by its names: no other ROI is asked."""
        entries = self.register.lesions if self.register else ()
        return all(self._names.settle(entry, ()) for entry in entries)

    @cached_property
    def _named_otherwise(self) -> tuple[Lesion, ...]:
        """What the register names and the census did not take for gross tumour, measured as such.

        An organ by its name ("Liver_S8") that may be a lesion in it, and a margin.
        """
        if not self.submission.structure_sets:
            return ()
        taken = Claims.of(self.census).tumour
        entries = self.register.lesions if self.register else ()
        organs = {name: entry.organ for entry in entries for name in entry.roi_names}
        drawn = {one.roi_name for one in self.submission.structure_set if not one.is_empty}
        names = tuple(name for name in organs if name in drawn and name not in taken)
        return self.as_perhaps_tumour({name: organs[name] for name in names}).lesions

    def as_perhaps_tumour(self, organs: Mapping[str, Organ | None]) -> LesionCensus:
        """Return the census of some ROIs as what may be gross tumour, each in an organ or None."""
        if not organs:
            return _NOTHING
        hints = {name: LesionHint(Role.GTV, organ) for name, organ in organs.items()}
        return self.submission.lesions(
            tuple(organs), hints=hints, thresholds=self.census_thresholds
        )

    @cached_property
    def drawn_names(self) -> frozenset[str]:
        """The names of the ROIs whose contours can be measured, as far as the register asks."""
        return self.claims.drawn

    @cached_property
    def unclaimed(self) -> tuple[Lesion, ...]:
        """What is drawn, and neither register nor name say of which lesion.

        Whatever a register may name as a lesion, and a primary that the register does not list.
        """
        if not self.submission.structure_sets or self._is_answered:
            return ()
        claimed = not unclaimed_primaries(self.census, self.register)
        return (*self._unclaimed_census.lesions, *(() if claimed else self._named_primary))

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """The ROIs that may be drawn for open entries, and cannot be measured."""
        if not self.submission.structure_sets or self._is_answered:
            return ()
        drawn = {one.roi_name for one in self.submission.structure_set if not one.is_empty}
        missing = (name for entry in self.open_entries for name in self.claims.not_found(entry))
        named = [name for name in missing if name in drawn and name not in self.claims.drawn]
        return (*named, *self.claims.unmeasured)

    @cached_property
    def _unmeasured_others(self) -> Mapping[str, Organ | None]:
        """What may be drawn for any lesion that no ROI name settles, and cannot be measured.

        Each with the organ that its name says. Among them is what reads as gross tumour and has no
        contour: a primary's and a node's too, which the census does not ask for.
        """
        if not self.submission.structure_sets or self._is_answered:
            return {}
        read = self.submission.site_map.read
        entries = self.register.lesions if self.register else ()
        named = {name for entry in entries for name in entry.roi_names}
        excluded = (*self.census.excluded, *self._unclaimed_census.excluded)
        unread = self.submission.structure_set.left_out
        found = (
            *(one.roi_name for one in excluded if one.may_be_metastasis),
            *(name for name in unread if may_be_lesion(read(name))),
            *(
                one.roi_name
                for one, name in self.submission.roi_names.items()
                if one.is_empty and not GTV_ROLES.isdisjoint({name.role, name.base})
            ),
        )
        return {name: read(name).organ for name in found if name not in named}

    @cached_property
    def _unclaimed_census(self) -> LesionCensus:
        entries = self.register.lesions if self.register else ()
        known = Claims.of(self.census).tumour.union(*(entry.roi_names for entry in entries))
        return self.as_perhaps_tumour(dict.fromkeys(unclaimed_rois(self.submission, known)))

    @cached_property
    def _named_primary(self) -> tuple[Lesion, ...]:
        """What is named the primary and no entry names, measured as what may be a metastasis."""
        entries = self.register.lesions if self.register else ()
        named = {name for entry in entries for name in entry.roi_names}
        found = {
            one.roi_name: None
            for one in self.census_if_drawn
            if one.said.role is Role.GTV_PRIMARY and one.roi_name not in named
        }
        return self.as_perhaps_tumour(found).lesions

    @cached_property
    def perhaps_tumour(self) -> tuple[Lesion, ...]:
        """What may be gross tumour of open entries, or hold it.

        That are also the margins that they name, and those that are drawn around nothing known.
        """
        if not self.submission.structure_sets or not self.open_entries:
            return ()
        found: dict[tuple[str, int], Lesion] = {}
        for entry in self.open_entries:
            own = (one for one in self._named_otherwise if one.roi_name in entry.roi_names)
            found |= {(it.roi_name, it.part): it for it in (*own, *self.perhaps_drawn_for(entry))}
        known = {roi_name for roi_name, _ in found}.union(
            *(it.roi_names for it in self.open_entries)
        )
        around = [one.roi_name for one in self.lost_lesions]
        others = dict.fromkeys(name for name in around if name not in known)
        return (*found.values(), *self.as_perhaps_tumour(others).lesions)

    @cached_property
    def lost_lesions(self) -> tuple[LostLesion, ...]:
        """What is drawn for a tumour around none that the census knows, in whole or in part."""
        return around_no_lesion(self.submission, self.census, self.census_thresholds.speck_cc)

    @cached_property
    def drawn_elsewhere(self) -> tuple[LesionElsewhere, ...]:
        """What is drawn for a tumour in structure sets that are not judged."""
        return lesions_elsewhere(self.submission, self.census, self.register)

    @cached_property
    def elsewhere(self) -> tuple[LesionElsewhere, ...]:
        """What is drawn for a tumour in structure sets that are not judged, and nobody knows."""
        return tuple(one for one in self.drawn_elsewhere if one.known_by is None)

    @cached_property
    def unexplained_rois(self) -> tuple[str, ...]:
        """What is drawn and may be a lesion, and neither name, type nor register says what it is.

        Without a register, or any structure set, nobody is asked to explain it.
        """
        if self.register is None or not self.submission.structure_sets:
            return ()
        known = {name for entry in self.register.lesions for name in entry.roi_names}
        known |= {lesion.roi_name for lesion in self.census.lesions}
        return tuple(of_unknown_names(self.submission, known))

    @cached_property
    def unexplained(self) -> tuple[Lesion, ...]:
        """Those of `unexplained_rois` that can be measured, each part as what it would be."""
        return self.as_perhaps_tumour(dict.fromkeys(self.unexplained_rois)).lesions

    @property
    def counting(self) -> Counting:
        """What one metastasis and one organ are, as the protocol's settings say."""
        return Counting.of(self.protocol.settings)
