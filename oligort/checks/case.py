"""Case: what the checks look at, and the shared reading of register and contours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from oligort.checks.accounting import (
    AccountedLesion,
    account,
    regional_nodes,
    unclaimed_primaries,
)
from oligort.checks.counting import Counting
from oligort.checks.unclaimed import (
    may_be_lesion,
    may_be_unclaimed,
    perhaps_metastases,
    unclaimed_rois,
)
from oligort.clinical.register import PlanKind, Register
from oligort.errors import NotEvaluable
from oligort.lesions.census import CensusThresholds, LesionHint
from oligort.lesions.lesion import Count, Lesion, LesionCensus
from oligort.lesions.vocabulary import GTV_ROLES
from oligort.protocol.model import Protocol
from oligort.protocol.settings import RegionalNodes
from oligort.selection import Selection, fitting
from oligort.submission import Submission

_NOTHING = LesionCensus((), Count(0, 0), {}, ())
"""The census where no structure set was submitted."""


def _with_roles_of(submission: Submission, register: Register | None) -> Submission:
    """Return the submission with the roles that the register gives to the ROIs of its lesions.

    A PTV that the register names for a lesion bounds its size and is not the lesion, and an organ
    is none: what such names say stands. So does, of an unknown kind, what says gross tumour.
    """
    roles = {
        roi_name: lesion.role
        for lesion in (register.lesions if register else ())
        for roi_name in lesion.roi_names
        if may_be_lesion(name := submission.site_map.read(roi_name))
        and (lesion.kind is not None or name.role not in GTV_ROLES)
    }
    return replace(submission, roles=roles) if roles else submission


def _with_courses_of(
    submission: Submission, register: Register | None, kind: PlanKind | None
) -> Submission:
    """Return the submission with the courses that the register names; the user's choice stands.

    Where it names no courses, they are its plans of the kind that is judged.
    """
    named = register.courses if register else ()
    if register and kind and not named:
        named = register.plans_of(kind)
    if not named:
        return submission
    of_earlier = tuple(_naming(export, named) for export in submission.earlier)
    beyond = {name for names in of_earlier for name in names}
    own = _naming(submission, named)
    # What is nowhere is asked for here, and is told to be missing.
    own = tuple(name for name in named if name in own or name not in beyond)
    earlier = tuple(map(_asked_for, submission.earlier, of_earlier))
    return replace(_asked_for(submission, own), earlier=earlier)


def _asked_for(submission: Submission, names: tuple[str, ...]) -> Submission:
    """Return an export with the plans chosen that the register names, if the user chose none."""
    if not names or submission.selection.plans or submission.selection.doses:
        return submission
    return replace(submission, selection=Selection(plans=names, by="the register"))


def _naming(submission: Submission, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of some names that a plan of an export has."""
    return tuple(name for name in names if fitting(submission.plans, name))


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
        submission = _with_roles_of(self.submission, self.register)
        kind = self.asked_kind or (self.register.plan_kind if self.register else None)
        submission = _with_courses_of(submission, self.register, kind)
        object.__setattr__(self, "submission", submission)

    def require_register(self) -> Register:
        """Return the register.

        Raises
        ------
        NotEvaluable
            If none was given.
        """
        if self.register is None:
            raise NotEvaluable("no register was given")
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
            roi_name: LesionHint(role=self.submission.roles[roi_name], organ=lesion.organ)
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
        settings = self.protocol.settings
        tolerance_mm = settings.register_size_difference_mm.value
        primary_organs = settings.primary_organs.value
        accounted = account(census, self.register, tolerance_mm, primary_organs)
        if self.submission.structure_sets:
            accounted = tuple(
                one.perhaps_drawn_as(self.unclaimed)
                if may_be_unclaimed(one, self.drawn_names)
                else one
                for one in accounted
            )
            others = (census, self.unclaimed, self.drawn_names, primary_organs)
            accounted += tuple(perhaps_metastases(self.register, *others))
        if self.counting.regional_nodes is RegionalNodes.NOT_COUNTED:
            return accounted
        known = {id(one.entry) for one in accounted}
        nodes = regional_nodes(census, self.register, primary_organs)
        return (*accounted, *(node for node in nodes if id(node.entry) not in known))

    @cached_property
    def drawn_names(self) -> frozenset[str]:
        """The names of the ROIs of the structure set, also of those without contours."""
        return frozenset(structure.roi_name for structure in self.submission.structure_set)

    @cached_property
    def unclaimed(self) -> tuple[Lesion, ...]:
        """What is drawn, and neither register nor name say of which lesion.

        Whatever a register may name as a lesion, and a primary that the register does not list.
        """
        entries = self.register.lesions if self.register else ()
        known = {lesion.roi_name for lesion in self.census}
        known |= {name for entry in entries for name in entry.roi_names}
        unknown = tuple(unclaimed_rois(self.submission, known))
        unmapped = self.submission.lesions(unknown).lesions if unknown else ()
        return (*unmapped, *unclaimed_primaries(self.census, self.register))

    @property
    def counting(self) -> Counting:
        """What one metastasis and one organ are, as the protocol's settings say."""
        return Counting.of(self.protocol.settings)
