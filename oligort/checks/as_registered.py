"""As registered: a submission with the roles and the courses that its register names."""

from dataclasses import replace

from oligort.checks.unclaimed import may_be_lesion
from oligort.clinical.register import PlanKind, Register
from oligort.lesions.vocabulary import GTV_ROLES
from oligort.selection import Selection, fitting
from oligort.submission import Submission


def with_roles_of(submission: Submission, register: Register | None) -> Submission:
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


def with_courses_of(
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
