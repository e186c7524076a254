"""RT Plan and RT Ion Plan: what was prescribed, in how many fractions, on which structures."""

from dataclasses import replace

from pydicom.dataset import Dataset

from oligort.dicom.elements import (
    integer,
    items,
    number,
    number_above_zero,
    only_uid,
    text,
    title,
)
from oligort.dicom.identity import Masking, patient_key
from oligort.objects import Plan, Prescription, file_key

MOST_FRACTIONS = 150
"""Most fractions of one group that are believed; those given twice a day are some eighty."""


def read_plan(dataset: Dataset, file: str, modality: str = "RTPLAN") -> Plan:
    """Return the header of a plan.

    Parameters
    ----------
    dataset : Dataset
        An RT Plan or RT Ion Plan.
    file : str
        Its place in the submission.
    modality : str
        "RTPLAN", or "RTIONPLAN" for an RT Ion Plan, whose own Modality is RTPLAN as well.

    Raises
    ------
    DicomError
        If a number in it is none.
    """
    return Plan(
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        file=file,
        label=text(dataset, "RTPlanLabel"),
        date=text(dataset, "RTPlanDate"),
        modality=modality,
        intent=text(dataset, "PlanIntent"),
        approval_status=text(dataset, "ApprovalStatus"),
        structure_set_uid=only_uid(dataset, "ReferencedStructureSetSequence"),
        frame_of_reference_uid=text(dataset, "FrameOfReferenceUID"),
        prescriptions=_prescriptions(dataset),
        fractions_planned=_fractions_planned(dataset),
        fraction_group_count=len(items(dataset, "FractionGroupSequence")),
        beam_dose_gy=_beam_dose_gy(dataset),
        patient_key=patient_key(dataset),
        time=text(dataset, "RTPlanTime"),
        study_instance_uid=text(dataset, "StudyInstanceUID"),
        related=tuple(
            (text(item, "RTPlanRelationship"), text(item, "ReferencedSOPInstanceUID"))
            for item in items(dataset, "ReferencedRTPlanSequence")
        ),
        is_brachytherapy=_is_brachytherapy(dataset),
    )


def without_identity(plan: Plan, masked: Masking, file_keys: frozenset[str]) -> Plan:
    """Return a plan with its texts masked, to be chosen by its file or its label as written."""
    label_keys = {file_key(plan.label)} if plan.label else set()
    return replace(
        plan,
        label=masked.label(plan.label),
        prescriptions=tuple(
            replace(prescription, description=masked.label(prescription.description))
            for prescription in plan.prescriptions
        ),
        related=tuple((masked.label(relation), uid) for relation, uid in plan.related),
        file_keys=file_keys | label_keys,
    )


def _is_brachytherapy(dataset: Dataset) -> bool:
    """Whether the RT Brachy Application Setups Module (PS3.3 C.8.8.15) says how it is given."""
    return bool(text(dataset, "BrachyTreatmentType") or items(dataset, "ApplicationSetupSequence"))


def _prescriptions(dataset: Dataset) -> tuple[Prescription, ...]:
    """Return the targets' prescriptions; a dose of 0, or less, or NaN prescribes nothing."""
    prescriptions = []
    for reference in items(dataset, "DoseReferenceSequence"):
        dose_gy = number_above_zero(reference, "TargetPrescriptionDose")
        if text(reference, "DoseReferenceType") == "TARGET" and dose_gy is not None:
            prescriptions.append(
                Prescription(
                    dose_gy=dose_gy,
                    roi_number=integer(reference, "ReferencedROINumber"),
                    description=text(reference, "DoseReferenceDescription"),
                )
            )
    return tuple(prescriptions)


def doubts_of_plan(dataset: Dataset) -> tuple[str, ...]:
    """Return what a plan states that cannot be: it is taken for not stated.

    Fractions of 0 are a field left unfilled.

    Raises
    ------
    DicomError
        If a number in it is none.
    """
    doubts = []
    structure_sets = items(dataset, "ReferencedStructureSetSequence")
    if len(structure_sets) > 1 and not only_uid(dataset, "ReferencedStructureSetSequence"):
        doubts.append(
            f"expected one structure set in {title('ReferencedStructureSetSequence')}, found "
            f"{len(structure_sets)}: which one it was planned on is taken for unknown"
        )
    for group in items(dataset, "FractionGroupSequence"):
        count = integer(group, "NumberOfFractionsPlanned")
        if count is not None and not 0 <= count <= MOST_FRACTIONS:
            doubts.append(
                f"expected 1 to {MOST_FRACTIONS} in {title('NumberOfFractionsPlanned')}, found "
                f"{count}: the number of fractions is taken for unknown"
            )
        doses_gy = [number(beam, "BeamDose") for beam in items(group, "ReferencedBeamSequence")]
        negative_gy = [dose_gy for dose_gy in doses_gy if dose_gy is not None and dose_gy < 0]
        if negative_gy:
            doubts.append(
                f"expected no negative {title('BeamDose')}, found {negative_gy[0]:g} Gy: what the "
                "beams give is taken for unknown"
            )
    return tuple(dict.fromkeys(doubts))


def _fractions_planned(dataset: Dataset) -> int | None:
    """Return the fractions of all fraction groups, or None where a group does not say."""
    groups = items(dataset, "FractionGroupSequence")
    fractions = [integer(group, "NumberOfFractionsPlanned") for group in groups]
    known = [count for count in fractions if count is not None and 0 < count <= MOST_FRACTIONS]
    return sum(known) if known and len(known) == len(fractions) else None


def _beam_dose_gy(dataset: Dataset) -> float | None:
    """Return the sum of Beam Dose (300A,0084) times fractions, or None where part is unknown.

    A beam without monitor units is a setup field and gives no dose; a beam that is delivered and
    states no dose makes the sum unknown, and so does what is negative. A sum of 0 is a field left
    unfilled, not a dose. A number of fractions too large to be believed gives a sum that fits
    nothing, which is told.
    """
    total_gy = 0.0
    for group in items(dataset, "FractionGroupSequence"):
        fractions = integer(group, "NumberOfFractionsPlanned")
        for beam in items(group, "ReferencedBeamSequence"):
            dose_gy = number(beam, "BeamDose")
            if min(dose_gy or 0, fractions or 0) < 0:
                return None
            if dose_gy is not None and fractions is not None:
                total_gy += dose_gy * fractions
            elif dose_gy is not None or number(beam, "BeamMeterset"):
                return None
    return total_gy or None
