"""Case: what the checks look at, and the shared reading of register and contours."""

from dataclasses import dataclass
from functools import cached_property

from oligort.checks.accounting import AccountedLesion, account
from oligort.clinical.register import Register
from oligort.errors import NotEvaluable
from oligort.lesions.census import CensusThresholds, LesionHint
from oligort.lesions.lesion import LesionCensus
from oligort.lesions.vocabulary import Role
from oligort.protocol.model import Protocol
from oligort.submission import Submission

MARGIN_ROLES = frozenset({Role.CTV, Role.ITV, Role.PTV})
"""Roles of volumes that are larger than the lesion that they are drawn for."""


@dataclass(frozen=True, eq=False)
class Case:
    """One submission held against one protocol, with the register where there is one."""

    submission: Submission
    protocol: Protocol
    register: Register | None

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
        lesions = self.register.lesions if self.register else ()
        gross_tumours = {
            structure.roi_name
            for structure, name in self.submission.roi_names.items()
            # A PTV that the register names for a lesion bounds its size; it is not the lesion.
            if MARGIN_ROLES.isdisjoint({name.role, name.base})
        }
        hints = {
            roi_name: LesionHint(role=lesion.role, organ=lesion.organ)
            for lesion in lesions
            if lesion.kind is not None
            for roi_name in lesion.roi_names
            if roi_name in gross_tumours
        }
        dice = self.protocol.settings.duplicate_dice
        thresholds = CensusThresholds(duplicate_dice=dice.most, maybe_duplicate_dice=dice.least)
        return self.submission.lesions(hints=hints, thresholds=thresholds)

    @cached_property
    def accounted(self) -> tuple[AccountedLesion, ...]:
        """Every metastasis of register and contours, each once as far as they can be matched.

        Raises
        ------
        NotEvaluable
            If there is no structure set, or the choice is open.
        """
        return account(self.census, self.register)
