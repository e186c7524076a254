"""Placeholder: whether objects are of one patient where what they say of him is said of many."""

from collections.abc import Iterable

from oligort.checks.images import frames_of
from oligort.checks.one_study import connected
from oligort.display import listed
from oligort.errors import NotEvaluable
from oligort.geometry.structure import StructureSet
from oligort.objects import Dose, Plan
from oligort.submission import Submission


def require_one_of(exports: Iterable[Submission]) -> None:
    """Ask that structure sets, plans and doses belong together by their UIDs.

    References, a frame of reference or a registration of two say so; a study does not, for
    de-identification may give many patients one.

    Raises
    ------
    NotEvaluable
        If some belong to others by nothing but the placeholder.
    """
    exports = list(exports)
    things: list[StructureSet | Plan | Dose] = []
    for export in exports:
        things += [*export.structure_sets, *export.plans, *export.doses]
    registered = [
        {one.frame_of_reference_uid, *(frame for frame, _ in one.moved)} - {""}
        for export in exports
        for one in export.registrations
    ]
    groups = connected([*map(_uids, things), *registered])
    files = [
        listed(dict.fromkeys(one.file for one in things if _uids(one) & group)) for group in groups
    ]
    if len(told := [one for one in files if one]) > 1:
        raise NotEvaluable(
            "the patient id is a placeholder, which many patients may have alike, and neither a "
            "frame of reference nor a reference tells that these are of one patient: "
            f"{'; '.join(told)}; export them under an id of this patient alone"
        )


def _uids(thing: StructureSet | Plan | Dose) -> set[str]:
    match thing:
        case StructureSet():
            named = {*frames_of(thing)}
        case Plan():
            named = {thing.structure_set_uid, thing.frame_of_reference_uid}
        case Dose():
            named = {*thing.plan_uids, thing.structure_set_uid, thing.frame_of_reference_uid}
    return {thing.sop_instance_uid, *named} - {""}
