"""Intake: what was handed in, whose it is, and whether its parts refer to each other."""

from collections.abc import Iterator
from dataclasses import dataclass

from oligort.checks.answers import information
from oligort.checks.case import Case
from oligort.checks.placeholder import require_one_of
from oligort.checks.registry import CONVENTION, check
from oligort.checks.what_to_do import ONE_PLAN, what_to_do
from oligort.courses import Chosen, Course
from oligort.display import listed, quoted
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Flag, Grade
from oligort.geometry.structure import StructureSet
from oligort.lesions.vocabulary import Role
from oligort.objects import PLACEHOLDER, Dose, FaultKind, ImageSeries, Plan, Registration
from oligort.picked import is_of_a_part
from oligort.selection import listing
from oligort.submission import Submission

_FAULT_GRADES = {
    FaultKind.FOREIGN: Grade.INFO,
    FaultKind.DOUBT: Grade.MINOR,
    FaultKind.LEFT_OUT: Grade.NOT_EVALUABLE,
    FaultKind.UNREADABLE: Grade.NOT_EVALUABLE,
}


@check("OL001", "Every file can be used")
def files(case: Case) -> Iterator[Finding]:
    """What it checks: every file of the submission was read, whole and without contradiction.

    Why it matters: what was not read cannot be judged, and must not be missed in silence.

    How it is measured: each file, or part of one, that could not be used is listed with the
    reason. A file that is no DICOM object is only named, and so are raw data and objects of a
    private class that call themselves RT objects.

    Not evaluable when: an object, or an ROI of a structure set, could not be read.

    Source: oligort convention.
    """
    submission = case.submission
    faults = [fault for export in (submission, *submission.earlier) for fault in export.faults]
    for fault in faults:
        yield Finding(
            code="OL001",
            grade=_FAULT_GRADES[fault.kind],
            about=fault.file,
            message=f"{quoted(fault.file)}: {fault.reason}",
            source=CONVENTION,
            hint="" if fault.kind is FaultKind.FOREIGN else what_to_do("OL001"),
        )
    if all(fault.kind is FaultKind.FOREIGN for fault in faults):
        count = sum(len(export.provenance) for export in (submission, *submission.earlier))
        yield Finding(
            code="OL001",
            grade=Grade.PASS,
            message=f"{count} objects and image series read, none in doubt",
            source=CONVENTION,
        )


@check("OL002", "One patient")
def one_patient(case: Case) -> Iterator[Finding]:
    """What it checks: all objects carry the same patient id, and the register the same subject.

    Why it matters: structures of one patient and the dose of another look like a plan.

    How it is measured: a digest of the Patient ID of each object is compared; the id itself is
    neither kept nor shown. The Clinical Trial Subject IDs that objects state are compared as well,
    in whatever case, and the register's subject is held against each.
    Where the id is a placeholder that many patients may have alike ("ANON", "0000"), a frame of
    reference, a registration or references must tell that structure sets, plans and doses belong
    together.

    Not evaluable when: an object carries no id, or a placeholder and nothing else joins them.

    Source: oligort convention; the grade is the protocol's setting.
    """
    submission = case.submission
    if case.subject and case.register and case.subject != case.register.subject:
        yield Finding(
            code="OL002",
            grade=case.protocol.grades.several_patients,
            message="the register is of another subject than the one asked for",
            source=CONVENTION,
            hint="give the register of this patient",
        )
    objects: tuple[StructureSet | Plan | Dose | ImageSeries | Registration, ...] = (
        *(thing for export in (submission, *submission.earlier) for thing in _objects_of(export)),
    )
    keys = {thing.patient_key for thing in objects} - {""}
    grade = case.protocol.grades.several_patients
    of_others = _files_of_other_subjects(submission)
    if of_others:
        yield Finding(
            code="OL002",
            grade=grade,
            message="the objects state different Clinical Trial Subject IDs, each of these files "
            f"another: {listed(of_others)}",
            source=CONVENTION,
            hint="confirm that all objects are of one patient, and export them under one subject",
        )
    if case.register and (
        of_others or submission.trial_subject_id not in {"", case.register.subject}
    ):
        yield Finding(
            code="OL002",
            grade=grade,
            message="the register is of another subject than "
            + ("some of the objects state" if of_others else "the Clinical Trial Subject ID says"),
            source=CONVENTION,
            hint="give the register of this patient",
        )
    if not keys:
        raise NotEvaluable("no object carries a Patient ID or a Patient's Name")
    if len(keys) > 1:
        groups = [
            listed(_file_of(thing) for thing in objects if thing.patient_key == key)
            for key in dict.fromkeys(thing.patient_key for thing in objects)
            if key
        ]
        yield Finding(
            code="OL002",
            grade=grade,
            message=f"the objects carry {len(keys)} different patient ids: {'; '.join(groups)}",
            source=CONVENTION,
            hint="confirm that all objects are of one patient, and export them under one id",
        )
        return
    without = [_file_of(thing) for thing in objects if not thing.patient_key]
    if without:
        raise NotEvaluable(f"{listed(without)} carry neither a Patient ID nor a Patient's Name")
    told = "the same patient id"
    if any(key.startswith(PLACEHOLDER) for key in keys):
        require_one_of((submission, *submission.earlier))
        told = "one placeholder in place of a patient id, and belong together by their UIDs"
    yield Finding(
        code="OL002",
        grade=Grade.PASS,
        message=f"{len(objects)} objects carry {told}",
        source=CONVENTION,
    )


@check("OL003", "References between the objects")
def references(case: Case) -> Iterator[Finding]:
    """What it checks: the dose refers to a plan that is there, and the plan to the structure set.

    Why it matters: without the references nothing but the frame of reference says that they
    belong together.

    How it is measured: Referenced RT Plan Sequence (300C,0002) of the dose and Referenced
    Structure Set Sequence (300C,0060) of the plan, by SOP Instance UID. An object that is not
    there is a deviation; the frame of reference then has to agree, that of the plan as well.

    Not evaluable when: the dose names no plan or the plan no structure set; neither references nor
    frame of reference link them; or no structure set, plan and dose can be chosen.

    Source: oligort convention; the grade is the protocol's setting.
    """
    chosen = case.submission.chosen
    found = [_references_of(course, chosen.structure_set) for course in chosen.courses]
    missing = [message for one in found for message in one.missing]
    absent = [message for one in found for message in one.absent]
    # To refer to what is not there is a deviation; not to refer at all leaves the question open.
    deviation = case.protocol.grades.reference_to_missing_object
    graded = [(message, deviation) for message in missing]
    graded += [(message, Grade.NOT_EVALUABLE) for message in absent]
    for message, grade in graded:
        yield Finding(
            code="OL003",
            grade=grade,
            message=f"{message}; taken together by their frame of reference",
            source=CONVENTION,
            hint=ONE_PLAN,
        )
    if not graded:
        yield Finding(
            code="OL003",
            grade=Grade.PASS,
            message="the dose refers to the plan and the plan to the structure set"
            if len(chosen.courses) == 1
            else f"{len(chosen.courses)} doses refer to their plans, and these to the structures",
            source=CONVENTION,
        )


@check("OL004", "The dose that is judged")
def judged_dose(case: Case) -> Iterator[Finding]:
    """What it checks: which doses stand for what is planned, and which are left aside.

    Why it matters: a dose picked by luck, or added to what already holds it, is a wrong number
    that looks right.

    How it is measured: Dose Summation Type, Dose Type and Dose Units of each RTDOSE. Doses of
    beams and sessions are never added to that of their plan, nor alternative plans to each other.
    Courses are added up, each once, where the user or the register names them, where an earlier
    course is given beside the submission, or where the targets of their plans lie apart.

    Not evaluable when: no dose, or more than one, could be meant; it cannot be used; the register
    names a course that the chosen doses do not hold.

    Source: oligort convention; PS3.3 C.8.8.3.
    """
    chosen = case.submission.chosen
    yield Finding(
        code="OL004",
        grade=Grade.PASS,
        message="; ".join((f"{_doses_told(chosen)}: {chosen.by}", *chosen.notes)),
        source=CONVENTION,
    )
    held = {name for plan in chosen.plans for name in (plan.label, plan.sop_instance_uid)}
    courses = case.register.courses if case.register else ()
    if without := [course for course in courses if course not in held]:
        yield Finding(
            code="OL004",
            grade=Grade.NOT_EVALUABLE,
            message=f"the register names courses that the chosen doses do not hold: "
            f"{listed(without)}",
            source=CONVENTION,
            hint="choose all of them, or correct the register",
        )
    for dose in _doses_of(case.submission):
        if any(dose is one for one in chosen.doses):
            continue
        reason = "of parts of a plan: not added" if is_of_a_part(dose) else "not added"
        yield Finding(
            code="OL004",
            grade=Grade.INFO,
            about=dose.file,
            message=f"{dose.summation_type or 'unlabelled'} dose {quoted(dose.file)} "
            f"{dose.refusal or reason}",
            source=CONVENTION,
        )


@check("OL005", "What is left aside")
def left_aside(case: Case) -> Iterator[Finding]:
    """What it checks: structure sets and plans that are there and are not judged.

    Why it matters: a newer structure set or another course may change the answer.

    How it is measured: every structure set but the judged one, and every plan that the judged
    dose does not hold, is a query.

    Where no plan or dose can be chosen, which of them are left aside is open, for information;
    OL004 says what to do.

    Not evaluable when: no structure set can be chosen.

    Source: oligort convention.
    """
    submission = case.submission
    judged = submission.structure_set
    open_choice = ""
    try:
        plans = submission.chosen.plans
    except NotEvaluable as error:
        plans = submission.plans
        open_choice = str(error) if plans or submission.doses else ""
    others = [
        f"structure set {quoted(s.file)}" for s in submission.structure_sets if s is not judged
    ]
    others += [
        f"plan {quoted(plan.label)} in {quoted(plan.file)}"
        for export in (submission, *submission.earlier)
        for plan in export.plans
        if not any(
            plan is one or (export is not submission and _is_one(plan, one)) for one in plans
        )
    ]
    for other in others:
        yield Finding(
            code="OL005",
            grade=Grade.INFO,
            flags=(Flag.QUERY,),
            message=f"{other} is not judged",
            source=CONVENTION,
            hint="confirm that it is superseded, an alternative or another course",
        )
    if open_choice:
        yield information("OL005", f"which plans and doses are left aside is open: {open_choice}")
    elif not others:
        yield Finding(
            code="OL005", grade=Grade.PASS, message="nothing is left aside", source=CONVENTION
        )


def _is_one(plan: Plan, other: Plan) -> bool:
    """Whether a plan of an earlier export is one that was read beside it too."""
    return bool(plan.sop_instance_uid) and plan.sop_instance_uid == other.sop_instance_uid


@check("OL006", "Names of the ROIs")
def names_of_the_rois(case: Case) -> Iterator[Finding]:
    """What it checks: the name of every ROI that is drawn is known.

    Why it matters: an ROI whose name says nothing may be a lesion, or the organ that was missed.

    How it is measured: by the tables of names; an ROI that the register names for a lesion is
    known. Nothing is matched by likeness; the nearest known name is only offered.

    Not evaluable when: no structure set can be chosen.

    Source: AAPM TG-263; oligort convention; the grade is the protocol's setting.
    """
    unknown = [
        f"{quoted(s.roi_name)}{f' (like {quoted(name.nearest)})' if name.nearest else ''}"
        for s, name in case.submission.roi_names.items()
        if name.role is Role.UNKNOWN and not s.is_empty
    ]
    yield Finding(
        code="OL006",
        grade=case.protocol.grades.name_not_mapped if unknown else Grade.PASS,
        message=f"not known: {', '.join(unknown)}" if unknown else "all names are known",
        source=CONVENTION,
        hint="name each ROI as TG-263 does, or in the register" if unknown else "",
    )


@dataclass(frozen=True)
class _References:
    """What a dose and its plan refer to and is not there, and what refers to nothing."""

    missing: tuple[str, ...]
    absent: tuple[str, ...]


def _references_of(course: Course, structure_set: StructureSet) -> _References:
    dose, plan = course.dose, course.plan
    missing, absent = [], []
    if plan is None:
        if dose.plan_uids:
            missing.append(f"the dose {quoted(dose.file)} refers to a plan that is not there")
        else:
            absent.append(f"the dose {quoted(dose.file)} refers to no plan")
    elif plan.sop_instance_uid not in dose.plan_uids:
        missing.append(
            f"the dose {quoted(dose.file)} does not refer to the plan {quoted(plan.label)}"
        )
    elif len(course.plans) < len(set(dose.plan_uids)):
        missing.append(
            f"of {len(set(dose.plan_uids))} plans that the dose {quoted(dose.file)} refers to, "
            f"{len(course.plans)} are there"
        )
    # An earlier course was planned on structures of its own.
    for one in () if course.is_prior else course.plans:
        if not one.structure_set_uid:
            absent.append(f"the plan {quoted(one.label)} refers to no structure set")
        elif one.structure_set_uid != structure_set.sop_instance_uid:
            missing.append(
                f"the plan {quoted(one.label)} refers to another structure set than "
                f"{quoted(structure_set.file)}"
            )
    return _References(tuple(missing), tuple(absent))


def _doses_told(chosen: Chosen) -> str:
    """Return the doses that are judged; files of two exports may have one name."""
    own, before = (
        listing([one.dose for one in chosen.courses if one.is_prior is is_prior])
        for is_prior in (False, True)
    )
    return f"{own}; of earlier courses {before}" if before else own


def _doses_of(submission: Submission) -> tuple[Dose, ...]:
    return (*submission.doses, *(dose for export in submission.earlier for dose in export.doses))


def _files_of_other_subjects(submission: Submission) -> tuple[str, ...]:
    """Return a file for each subject that objects state, where they state several."""
    files = {subject.casefold(): file for subject, file in reversed(submission.stated_subjects)}
    return tuple(sorted(files.values())) if len(files) > 1 else ()


def _objects_of(
    submission: Submission,
) -> tuple[StructureSet | Plan | Dose | ImageSeries | Registration, ...]:
    return (
        *submission.structure_sets,
        *submission.plans,
        *submission.doses,
        *submission.images,
        *submission.registrations,
    )


def _file_of(thing: StructureSet | Plan | Dose | ImageSeries | Registration) -> str:
    return f"{thing.modality} series" if isinstance(thing, ImageSeries) else thing.file
