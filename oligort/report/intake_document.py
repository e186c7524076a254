"""The JSON of `oligort intake`: a contract, whose keys are added to and never renamed."""

import re
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import numpy as np

from oligort.checks.images import faults_of
from oligort.display import harmless_json, indented_json
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Grade
from oligort.geometry.stacking import Stacking
from oligort.geometry.structure import StructureSet
from oligort.objects import Dose, ImageSeries, Plan, Registration, drawn_on, file_key
from oligort.report.unanswered import Unanswered
from oligort.submission import Submission

UID = re.compile(r"[0-9.]{0,64}")
"""What a UID is made of (PS3.5 9.1); other text in its place may name somebody."""


def shown_uid(uid: str) -> str:
    """Return a UID as it is, and of text that is none only a digest, so that equal ones stay so."""
    return uid if UID.fullmatch(uid) else f"no UID, but text of digest {file_key(uid)}"


class ImagesRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The images of one stack; positions are patient z where `axis` is "z", else along the normal.

    `is_drawn_on` is whether a structure set refers to them; the others are left alone.
    """

    series_instance_uid: str
    study_instance_uid: str
    frame_of_reference_uid: str
    modality: str
    description: str
    phase: str
    image_count: int
    axis: str
    first_mm: float
    last_mm: float
    spacing_mm: float | None
    faults: tuple[str, ...] = ()
    is_drawn_on: bool = False

    @classmethod
    def of(cls, series: ImageSeries, is_drawn_on: bool) -> "ImagesRecord":
        """Build the record of a series."""
        positions_mm = series.patient_positions_mm
        return cls(
            series_instance_uid=shown_uid(series.series_instance_uid),
            study_instance_uid=shown_uid(series.study_instance_uid),
            frame_of_reference_uid=shown_uid(series.frame_of_reference_uid),
            modality=series.modality,
            description=series.description,
            phase=series.phase,
            image_count=len(positions_mm),
            axis="z" if series.is_axial else "normal",
            first_mm=positions_mm[0],
            last_mm=positions_mm[-1],
            spacing_mm=Stacking.of(positions_mm).usual_mm,
            faults=tuple(faults_of(series)),
            is_drawn_on=is_drawn_on,
        )


class StructureSetRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A structure set, the images that it refers to, and how many of them are not there.

    `images` are places in the document's list of images, the one most referred to first;
    `is_by_reference` says whether they are there by reference, or by frame of reference alone.
    """

    file: str
    sop_instance_uid: str
    study_instance_uid: str
    frame_of_reference_uid: str
    label: str
    date: str
    approval_status: str
    roi_count: int
    drawn_roi_count: int
    left_out: tuple[str, ...]
    images: tuple[int, ...]
    is_by_reference: bool
    referenced_image_count: int
    missing_image_count: int
    predecessor_uids: tuple[str, ...]
    is_judged: bool

    @classmethod
    def of(
        cls, structure_set: StructureSet, images: Sequence[ImageSeries], is_judged: bool
    ) -> "StructureSetRecord":
        """Build the record of a structure set among the images that are there."""
        series, is_by_reference = drawn_on(structure_set, images)
        named = structure_set.referenced_image_uids
        there = {uid for one in images for uid in one.sop_instance_uids}
        place = {id(one): number for number, one in enumerate(images)}
        return cls(
            file=structure_set.file,
            sop_instance_uid=shown_uid(structure_set.sop_instance_uid),
            study_instance_uid=shown_uid(structure_set.study_instance_uid),
            frame_of_reference_uid=shown_uid(structure_set.frame_of_reference_uid),
            label=structure_set.label,
            date=structure_set.date,
            approval_status=structure_set.approval_status,
            roi_count=len(structure_set),
            drawn_roi_count=sum(not structure.is_empty for structure in structure_set),
            left_out=structure_set.left_out,
            images=tuple(place[id(one)] for one in series),
            is_by_reference=is_by_reference,
            referenced_image_count=len(named),
            missing_image_count=len(named - there),
            predecessor_uids=tuple(sorted(map(shown_uid, structure_set.predecessor_uids))),
            is_judged=is_judged,
        )


class PlanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A plan: what it prescribes, and the structure set that it refers to."""

    file: str
    sop_instance_uid: str
    study_instance_uid: str
    frame_of_reference_uid: str
    modality: str
    label: str
    date: str
    intent: str
    approval_status: str
    prescriptions_gy: tuple[float, ...]
    fractions_planned: int | None
    structure_set_uid: str
    related: tuple[tuple[str, str], ...]
    is_brachytherapy: bool
    is_judged: bool

    @classmethod
    def of(cls, plan: Plan, is_judged: bool) -> "PlanRecord":
        """Build the record of a plan."""
        return cls(
            file=plan.file,
            sop_instance_uid=shown_uid(plan.sop_instance_uid),
            study_instance_uid=shown_uid(plan.study_instance_uid),
            frame_of_reference_uid=shown_uid(plan.frame_of_reference_uid),
            modality=plan.modality,
            label=plan.label,
            date=plan.date,
            intent=plan.intent,
            approval_status=plan.approval_status,
            prescriptions_gy=tuple(sorted({one.dose_gy for one in plan.prescriptions})),
            fractions_planned=plan.fractions_planned,
            structure_set_uid=shown_uid(plan.structure_set_uid),
            related=tuple((relation, shown_uid(uid)) for relation, uid in plan.related),
            is_brachytherapy=plan.is_brachytherapy,
            is_judged=is_judged,
        )


class DoseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A dose: what it says of itself, its grid along i, j and k, and the plans that it refers to.

    `spacing_mm` is the least of each direction; `is_uniform` whether its frames are evenly apart.
    `refusal` is the reason where it has no grid.
    """

    file: str
    sop_instance_uid: str
    study_instance_uid: str
    frame_of_reference_uid: str
    units: str
    dose_type: str
    summation_type: str
    shape: tuple[int, int, int] | None
    spacing_mm: tuple[float, float, float] | None
    is_uniform: bool | None
    maximum_gy: float | None
    refusal: str
    planned_dvh_count: int
    plan_uids: tuple[str, ...]
    structure_set_uid: str
    is_judged: bool

    @classmethod
    def of(cls, dose: Dose, is_judged: bool) -> "DoseRecord":
        """Build the record of a dose."""
        grid = dose.grid.grid if dose.grid else None
        steps_mm = np.diff(grid.frame_positions_mm) if grid else np.empty(0)
        least_mm = float(steps_mm.min()) if grid else None
        return cls(
            file=dose.file,
            sop_instance_uid=shown_uid(dose.sop_instance_uid),
            study_instance_uid=shown_uid(dose.study_instance_uid),
            frame_of_reference_uid=shown_uid(dose.frame_of_reference_uid),
            units=dose.units,
            dose_type=dose.dose_type,
            summation_type=dose.summation_type,
            shape=(grid.i_count, grid.j_count, len(grid.frame_positions_mm)) if grid else None,
            spacing_mm=(grid.i_spacing_mm, grid.j_spacing_mm, least_mm)
            if grid and least_mm
            else None,
            is_uniform=bool(np.ptp(steps_mm) < UNIFORM_MM) if grid else None,
            maximum_gy=dose.grid.maximum_gy if dose.grid else None,
            refusal=dose.refusal,
            planned_dvh_count=len(dose.planned_dvhs),
            plan_uids=tuple(map(shown_uid, dose.plan_uids)),
            structure_set_uid=shown_uid(dose.structure_set_uid),
            is_judged=is_judged,
        )


UNIFORM_MM = 0.01
"""How far steps between dose frames may differ and be even: their offsets are decimal strings."""


class RegistrationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A spatial registration: the frames of reference that it places in its own, or why none."""

    file: str
    sop_instance_uid: str
    study_instance_uid: str
    frame_of_reference_uid: str
    registered_frame_uids: tuple[str, ...]
    refusal: str

    @classmethod
    def of(cls, registration: Registration) -> "RegistrationRecord":
        """Build the record of a registration."""
        own = registration.frame_of_reference_uid
        return cls(
            file=registration.file,
            sop_instance_uid=shown_uid(registration.sop_instance_uid),
            study_instance_uid=shown_uid(registration.study_instance_uid),
            frame_of_reference_uid=shown_uid(own),
            registered_frame_uids=tuple(
                shown_uid(uid) for uid, _ in registration.moved if uid != own
            ),
            refusal=registration.refusal,
        )


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is not used, or used in doubt: what it is, and why."""

    file: str
    kind: str
    reason: str = ""


class IntakeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a folder, what refers to what by UID, what is wrong with it, what is left alone.

    `not_evaluable` repeats the findings of that grade.
    """

    schema_version: int = 1
    images: tuple[ImagesRecord, ...] = ()
    structure_sets: tuple[StructureSetRecord, ...] = ()
    plans: tuple[PlanRecord, ...] = ()
    doses: tuple[DoseRecord, ...] = ()
    registrations: tuple[RegistrationRecord, ...] = ()
    treatment_records: tuple[str, ...] = ()
    left_alone: tuple[FileRecord, ...] = ()
    faults: tuple[FileRecord, ...] = ()
    findings: tuple[Finding, ...] = ()
    not_evaluable: tuple[Unanswered, ...] = ()

    @classmethod
    def of(
        cls,
        submission: Submission,
        findings: tuple[Finding, ...],
        *,
        of_whole: Submission | None = None,
    ) -> "IntakeDocument":
        """Build the document of a submission and the findings of its intake.

        What is judged is what the submission chooses, or `of_whole`, where it is the export of an
        earlier course of that.
        """
        judged = _judged(of_whole or submission)
        sets = tuple(
            StructureSetRecord.of(one, submission.images, id(one) in judged)
            for one in submission.structure_sets
        )
        used = {place for one in sets for place in one.images[: None if one.is_by_reference else 1]}
        return cls(
            images=tuple(
                ImagesRecord.of(one, place in used) for place, one in enumerate(submission.images)
            ),
            structure_sets=sets,
            plans=tuple(PlanRecord.of(one, id(one) in judged) for one in submission.plans),
            doses=tuple(DoseRecord.of(one, id(one) in judged) for one in submission.doses),
            registrations=tuple(RegistrationRecord.of(one) for one in submission.registrations),
            treatment_records=submission.treatment_records,
            left_alone=tuple(
                FileRecord(file=one.file, kind=one.kind) for one in submission.left_alone
            ),
            faults=tuple(
                FileRecord(file=one.file, kind=str(one.kind), reason=one.reason)
                for one in submission.faults
            ),
            findings=findings,
            not_evaluable=tuple(
                Unanswered(roi_name="", reason=f"{one.code}: {one.message}")
                for one in findings
                if one.grade is Grade.NOT_EVALUABLE
            ),
        )

    def to_json(self) -> str:
        """Return the document as indented JSON."""
        return harmless_json(indented_json(self))


def _judged(submission: Submission) -> frozenset[int]:
    """Return what the checks judge, by identity: structure set, plans and doses."""
    things: list[StructureSet | Plan | Dose] = []
    with suppress(NotEvaluable):
        things.append(submission.structure_set)
    with suppress(NotEvaluable):
        chosen = submission.chosen
        things += [*chosen.plans, *chosen.doses]
    return frozenset(map(id, things))
