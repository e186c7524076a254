"""The demo's plan: one prescription a target and one rotation."""

from pydicom.dataset import Dataset
from pydicom.uid import RTPlanStorage

from oligort.demo.anatomy import PRIMARY
from oligort.demo.cases import Case
from oligort.demo.headers import DAY, TIME, approve, begun, item, reference


def plan(case: Case, structures: Dataset) -> Dataset:
    """Return the RT Plan that prescribes to every target drawn in the structure set."""
    dataset = begun(case, "RTPLAN", RTPlanStorage)
    dataset.RTPlanLabel = "SBRT"
    dataset.RTPlanName = case.title[:64]
    dataset.RTPlanDate = DAY
    dataset.RTPlanTime = TIME
    dataset.PlanIntent = "CURATIVE"
    dataset.RTPlanGeometry = "PATIENT"
    dataset.ReferencedStructureSetSequence = [reference(structures)]
    targets = [
        (number, part.roi_name)
        for number, part in enumerate(case.drawn, 1)
        if part.interpreted_type == "PTV"
    ]
    dataset.DoseReferenceSequence = [
        item(
            DoseReferenceNumber=count,
            DoseReferenceStructureType="VOLUME",
            DoseReferenceDescription=roi_name,
            ReferencedROINumber=roi_number,
            DoseReferenceType="TARGET",
            TargetPrescriptionDose=case.prescription_gy,
        )
        for count, (roi_number, roi_name) in enumerate(targets, 1)
    ]
    dataset.FractionGroupSequence = [
        item(
            FractionGroupNumber=1,
            NumberOfFractionsPlanned=case.fractions,
            NumberOfBeams=1,
            NumberOfBrachyApplicationSetups=0,
            ReferencedBeamSequence=[
                item(
                    BeamDose=round(case.prescription_gy / case.fractions, 6),
                    BeamMeterset=400,
                    ReferencedBeamNumber=1,
                )
            ],
        )
    ]
    dataset.PatientSetupSequence = [item(PatientPosition="HFS", PatientSetupNumber=1)]
    dataset.BeamSequence = [_rotation()]
    approve(dataset)
    return dataset


def _rotation() -> Dataset:
    jaws = ("ASYMX", "ASYMY")
    start = item(
        ControlPointIndex=0,
        NominalBeamEnergy=6,
        BeamLimitingDevicePositionSequence=[
            item(RTBeamLimitingDeviceType=jaw, LeafJawPositions=[-150, 150]) for jaw in jaws
        ],
        GantryAngle=181,
        GantryRotationDirection="CW",
        BeamLimitingDeviceAngle=0,
        BeamLimitingDeviceRotationDirection="NONE",
        PatientSupportAngle=0,
        PatientSupportRotationDirection="NONE",
        TableTopEccentricAngle=0,
        TableTopEccentricRotationDirection="NONE",
        TableTopVerticalPosition=None,
        TableTopLongitudinalPosition=None,
        TableTopLateralPosition=None,
        IsocenterPosition=list(PRIMARY.centre_mm),
        CumulativeMetersetWeight=0,
    )
    end = item(
        ControlPointIndex=1,
        GantryAngle=179,
        GantryRotationDirection="NONE",
        CumulativeMetersetWeight=1,
    )
    return item(
        BeamNumber=1,
        BeamName="Rotation",
        BeamType="DYNAMIC",
        RadiationType="PHOTON",
        TreatmentMachineName="DEMO",
        PrimaryDosimeterUnit="MU",
        SourceAxisDistance=1000,
        BeamLimitingDeviceSequence=[
            item(RTBeamLimitingDeviceType=jaw, NumberOfLeafJawPairs=1) for jaw in jaws
        ],
        ReferencedPatientSetupNumber=1,
        TreatmentDeliveryType="TREATMENT",
        NumberOfWedges=0,
        NumberOfCompensators=0,
        NumberOfBoli=0,
        NumberOfBlocks=0,
        FinalCumulativeMetersetWeight=1,
        NumberOfControlPoints=2,
        ControlPointSequence=[start, end],
    )
