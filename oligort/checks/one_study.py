"""One study: what of a folder belongs together, what is left aside, and by which rule."""

from collections.abc import Iterable, Iterator, Sequence

from oligort.checks.case import Case
from oligort.checks.images import frames_of, some
from oligort.checks.registry import CONVENTION, check
from oligort.display import listed, quoted
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Flag, Grade
from oligort.geometry.structure import StructureSet
from oligort.objects import Dose, ImageSeries, Plan, drawn_on
from oligort.selection import title
from oligort.submission import Submission

APPROVED = "APPROVED"
"""The one Approval Status (300E,0002) that lets a patient be treated."""

Thing = StructureSet | Plan | Dose | ImageSeries


@check("OL020", "One study")
def one_study(case: Case) -> Iterator[Finding]:
    """What it checks: structure sets, plans, doses and the images drawn on are of one study.

    Why it matters: a folder of two patients, two courses or two versions of a plan is not one
    submission; which of them is judged must never hang on the order of the files.

    How it is measured: by UID. Objects of several patient ids that share a Study Instance UID or a
    frame of reference are one submission, whose ids OL002 grades; where they share neither, they
    are several patients. Several studies are a query. Each structure set and plan that is not
    judged is told with what the files say of it: a predecessor (3006,0018), the relationship of
    plans (300A,0055), the references of plans and doses, the dates of versions of one label.

    Not evaluable when: no structure set, plan or dose is there.

    Source: oligort convention; the grade is the protocol's setting.
    """
    count = len(parts_of(case.submission))
    if not count:
        raise NotEvaluable("no structure set, plan or dose is there")
    told = [*_patients(case), *_studies(case.submission), *_aside(case.submission)]
    yield from told
    if not told:
        yield _finding(Grade.PASS, f"{count} object{'s' if count > 1 else ''} of one study")


def parts_of(submission: Submission) -> tuple[Thing, ...]:
    """Return the objects that a submission is made of: images only as far as they are drawn on."""
    images = [
        one
        for structure_set in submission.structure_sets
        for one in drawn_on(structure_set, submission.images)[0]
    ]
    distinct = {id(one): one for one in images}
    return (
        *submission.structure_sets,
        *submission.plans,
        *submission.doses,
        *distinct.values(),
    )


def _patients(case: Case) -> Iterator[Finding]:
    """Yield whether objects of several patient ids are one submission."""
    submission = case.submission
    places: dict[str, set[str]] = {}
    files: dict[str, list[str]] = {}
    things: tuple[Thing, ...] = (
        *submission.structure_sets,
        *submission.plans,
        *submission.doses,
        *submission.images,
    )
    for one in things:
        if one.patient_key:
            named = (
                frames_of(one) if isinstance(one, StructureSet) else {one.frame_of_reference_uid}
            )
            places.setdefault(one.patient_key, set()).update({*named, one.study_instance_uid})
            files.setdefault(one.patient_key, []).append(_name_of(one))
    if len(places) <= 1:
        return
    groups = "; ".join(listed(dict.fromkeys(names)) for names in files.values())
    if len(connected([uids - {""} for uids in places.values()])) == 1:
        yield _finding(
            Grade.INFO,
            f"objects of {len(places)} patient ids share a study or a frame of reference and are "
            f"taken for one submission: {groups}",
            is_query=True,
            hint="confirm that all are of one patient",
        )
        return
    yield _finding(
        case.protocol.grades.several_patients,
        f"objects of {len(places)} patient ids, of which some share neither study nor frame of "
        f"reference, are several patients: {groups}",
        hint="give each patient in a folder of its own",
    )


def _name_of(one: Thing) -> str:
    return f"{one.modality} series" if isinstance(one, ImageSeries) else one.file


def connected(groups: Sequence[set[str]]) -> list[set[str]]:
    """Return the groups joined where they share a UID, directly or through others."""
    joined: list[set[str]] = []
    for group in groups:
        apart = [one for one in joined if not one & group]
        joined = [*apart, group.union(*(one for one in joined if one & group))]
    return joined


def _studies(submission: Submission) -> Iterator[Finding]:
    files: dict[str, list[str]] = {}
    for one in parts_of(submission):
        files.setdefault(one.study_instance_uid, []).append(_name_of(one))
    if without := files.pop("", []):
        yield _finding(
            Grade.INFO,
            f"of no one Study Instance UID (0020,000D), taken together by references and frame of "
            f"reference: {listed(dict.fromkeys(without))}",
        )
    if len(files) > 1:
        yield _finding(
            Grade.INFO,
            f"the objects are of {len(files)} studies, taken together by references and frame of "
            f"reference: {'; '.join(listed(dict.fromkeys(names)) for names in files.values())}",
            is_query=True,
            hint="confirm that all are of one course",
        )


def _aside(submission: Submission) -> Iterator[Finding]:
    plans = _judged_plans(submission)
    if len(submission.structure_sets) > 1:
        judged = _judged_structures(submission)
        for structure_set in submission.structure_sets:
            if not any(structure_set is one for one in judged):
                reasons = _why_structures_aside(
                    submission, structure_set, plans or submission.plans
                )
                doubts = [
                    "what is judged is its predecessor"
                    for one in judged
                    if _replaces(structure_set, one)
                ]
                yield _told_aside(structure_set, reasons, doubts + _approved(structure_set, judged))
    if len(submission.plans) > 1:
        for plan in submission.plans:
            if plan not in plans:
                reasons = _why_plan_aside(submission, plan, is_open=not plans)
                yield _told_aside(plan, reasons, _approved(plan, plans))


def _approved(
    thing: StructureSet | Plan, judged: Sequence[StructureSet] | Sequence[Plan]
) -> list[str]:
    """Return that a thing is approved where nothing that is judged is."""
    is_only = judged and not any(one.approval_status == APPROVED for one in judged)
    return ["it is APPROVED, and what is judged is not"] * bool(
        is_only and thing.approval_status == APPROVED
    )


def _replaces(structure_set: StructureSet, other: StructureSet) -> bool:
    """Whether a structure set names another as its predecessor."""
    uid = other.sop_instance_uid
    return bool(uid) and uid in structure_set.predecessor_uids


def _told_aside(
    thing: StructureSet | Plan, reasons: Sequence[str], doubts: Sequence[str]
) -> Finding:
    """Return why a thing is not judged, and as a query what speaks for judging it."""
    told = "; ".join((*reasons, *doubts))
    return Finding(
        code="OL020",
        grade=Grade.INFO,
        flags=(Flag.QUERY,) if doubts else (),
        about=thing.file,
        message=f"{title(thing)} is not judged: {told}",
        source=CONVENTION,
        hint="confirm that what is judged is what holds" if doubts else "",
    )


def _why_structures_aside(
    submission: Submission, structure_set: StructureSet, plans: Sequence[Plan]
) -> list[str]:
    """Return by which rules a structure set is not the one that is judged, as the files say."""
    others = [one for one in submission.structure_sets if one is not structure_set]
    reasons = [
        f"{title(one)} names it as its predecessor (3006,0018)"
        for one in others
        if _replaces(one, structure_set)
    ]
    reasons += [
        f"it names {title(one)} as its predecessor (3006,0018)"
        for one in others
        if _replaces(structure_set, one)
    ]
    reasons += [
        f"{title(plan)} refers to {title(one)} (300C,0060)"
        for plan in plans
        for one in others
        if plan.structure_set_uid and plan.structure_set_uid == one.sop_instance_uid
    ]
    versions = [one for one in others if one.label == structure_set.label]
    reasons += _dated(structure_set, versions, "Structure Set Date (3006,0008)")
    return reasons or ["no reference says which structure set replaces which"]


def _why_plan_aside(submission: Submission, plan: Plan, *, is_open: bool) -> list[str]:
    """Return by which rules a plan is not one that is judged, as the files say."""
    uid = plan.sop_instance_uid
    others = [one for one in submission.plans if one is not plan]
    reasons = [
        f"{title(one)} names it as {quoted(relation)} (300A,0055)"
        for one in others
        for relation, related_uid in one.related
        if uid and related_uid == uid
    ]
    reasons += [
        f"it names {title(one)} as {quoted(relation)} (300A,0055)"
        for one in others
        for relation, related_uid in plan.related
        if one.sop_instance_uid and related_uid == one.sop_instance_uid
    ]
    doses = [dose for dose in submission.doses if uid and uid in dose.plan_uids]
    if not doses:
        reasons.append("no dose refers to it (300C,0002)")
    elif not is_open:
        reasons.append(f"the dose that is judged (OL004) is not its {title(doses[0])}")
    versions = [one for one in others if one.label == plan.label]
    reasons += _dated(plan, versions, "RT Plan Date (300A,0006)")
    return reasons or ["no reference says which plan replaces which, and its dose is there"]


def _judged_structures(submission: Submission) -> tuple[StructureSet, ...]:
    try:
        return (submission.structure_set,)
    except NotEvaluable:
        return ()


def _judged_plans(submission: Submission) -> tuple[Plan, ...]:
    try:
        return submission.chosen.plans
    except NotEvaluable:
        return ()


def _dated(
    thing: StructureSet | Plan, versions: Sequence[StructureSet] | Sequence[Plan], element: str
) -> list[str]:
    """Return which versions of one label are older and newer than a thing, by their dates.

    Told and no more: no choice hangs on a date.
    """
    if not thing.label or not thing.date:
        return []
    mine = thing.date, thing.time
    dated = [one for one in versions if one.date and (one.date, one.time) != mine]
    newer = [one for one in dated if (one.date, one.time) > mine]
    older = [one for one in dated if (one.date, one.time) < mine]
    return [
        f"{age} of the same label, by {element}: {_titles(found)}"
        for age, found in (("newer", newer), ("older", older))
        if found
    ]


def _titles(things: Iterable[StructureSet | Plan]) -> str:
    return some(title(thing) for thing in things)


def _finding(grade: Grade, message: str, *, is_query: bool = False, hint: str = "") -> Finding:
    flags = (Flag.QUERY,) if is_query else ()
    return Finding(
        code="OL020", grade=grade, flags=flags, message=message, source=CONVENTION, hint=hint
    )
