"""Case files: what tests/checks/cases/*.toml may say of a check, one file a code.

Every case begins as the thorax of boxes of `conftest.py`, the register of `answered.py` and the
protocol NCT06190782, and states only in what it differs; `case_building.py` builds it. No key is
left unread: an unknown one, or a value that is none, is refused.
"""

from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from oligort.clinical.register import PlanKind
from oligort.finding import Flag, Grade
from oligort.objects import FaultKind

FOLDER = Path(__file__).parent / "cases"

DEMANDED = (Grade.PASS, Grade.MINOR, Grade.MAJOR, Grade.NOT_EVALUABLE)
"""What every check has a case for, or a reason why there can be none."""

Answer = Literal[
    "PASS", "MINOR", "MAJOR", "NOT_EVALUABLE", "INFO", "QUERY", "BORDERLINE", "DEFINITION_SENSITIVE"
]
"""A grade or a flag."""

Vector = tuple[float, float, float]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a case file: no key that nobody reads."""


class Loop(Strict, frozen=True, kw_only=True):
    """One loop of points, drawn on each of some planes across an axis.

    The points are (x, y) of axial planes, (x, z) across y and (y, z) across x.
    """

    planes_mm: tuple[float, ...]
    points_mm: tuple[tuple[float, float], ...]
    geometric_type: str = "CLOSED_PLANAR"
    across: Literal["x", "y", "z"] = "z"


class StructureSetKeys(Strict, frozen=True, kw_only=True):
    """What a structure set says of itself; each key is a field of `StructureSet`."""

    sop_instance_uid: str | UnsetType = UNSET
    file: str | UnsetType = UNSET
    label: str | UnsetType = UNSET
    date: str | UnsetType = UNSET
    approval_status: str | UnsetType = UNSET
    patient_key: str | UnsetType = UNSET
    study_instance_uid: str | UnsetType = UNSET
    frame_of_reference_uid: str | UnsetType = UNSET
    referenced_image_uids: frozenset[str] | UnsetType = UNSET
    referenced_series_uids: frozenset[str] | UnsetType = UNSET
    predecessor_uids: frozenset[str] | UnsetType = UNSET


class Prescribed(Strict, frozen=True, kw_only=True):
    """One dose that a plan prescribes, to an ROI by its number, or to none."""

    dose_gy: float
    roi_number: int | None = None


class PlanKeys(Strict, frozen=True, kw_only=True):
    """What a plan says; but for `prescribed` each key is a field of `Plan`."""

    sop_instance_uid: str | UnsetType = UNSET
    file: str | UnsetType = UNSET
    label: str | UnsetType = UNSET
    date: str | UnsetType = UNSET
    intent: str | UnsetType = UNSET
    approval_status: str | UnsetType = UNSET
    structure_set_uid: str | UnsetType = UNSET
    patient_key: str | UnsetType = UNSET
    study_instance_uid: str | UnsetType = UNSET
    fractions_planned: int | UnsetType = UNSET
    fraction_group_count: int | UnsetType = UNSET
    beam_dose_gy: float | UnsetType = UNSET
    related: tuple[tuple[str, str], ...] | UnsetType = UNSET
    prescribed: tuple[Prescribed, ...] | UnsetType = UNSET


class PlannedOfBox(Strict, frozen=True, kw_only=True):
    """The planning system's DVH of a box in the dose that rises along z, in closed form.

    `shift_gy` moves the whole curve along dose; `stated_maximum` is what stands beside it.
    """

    roi_number: int
    z_mm: tuple[float, float]
    volume_cc: float
    shift_gy: float = 0.0
    stated_maximum: float | None = None


class Voxel(Strict, frozen=True, kw_only=True):
    """A dose that is written to one voxel, by its place in the grid."""

    at: tuple[int, int, int]
    gy: float


class DoseKeys(Strict, frozen=True, kw_only=True):
    """What a dose says; but for the last four each key is a field of `Dose`.

    `refusal` takes the grid away; `spacing_mm` lays it anew, with as many millimetres between
    voxels along each axis; `edge_mm` is where it is 20 Gy, if elsewhere than the first dose.
    """

    sop_instance_uid: str | UnsetType = UNSET
    file: str | UnsetType = UNSET
    units: str | UnsetType = UNSET
    dose_type: str | UnsetType = UNSET
    summation_type: str | UnsetType = UNSET
    plan_uids: tuple[str, ...] | UnsetType = UNSET
    structure_set_uid: str | UnsetType = UNSET
    frame_of_reference_uid: str | UnsetType = UNSET
    heterogeneity_correction: str | UnsetType = UNSET
    patient_key: str | UnsetType = UNSET
    study_instance_uid: str | UnsetType = UNSET
    refusal: str | UnsetType = UNSET
    spacing_mm: float | None = None
    edge_mm: float | None = None
    voxels: tuple[Voxel, ...] = ()
    planned_dvhs: tuple[PlannedOfBox, ...] = ()


class Images(Strict, frozen=True, kw_only=True):
    """An axial image series of the planes that the thorax is drawn on, or of others.

    The structure set refers to it, unless `are_named` says no.
    """

    series_instance_uid: str = "1.9"
    modality: str = "CT"
    description: str = ""
    first_mm: float = -97.5
    last_mm: float = 97.5
    step_mm: float = 5.0
    lacking_mm: tuple[float, ...] = ()
    further_mm: tuple[float, ...] = ()
    frame_of_reference_uid: str | UnsetType = UNSET
    patient_key: str | UnsetType = UNSET
    study_instance_uid: str = ""
    are_named: bool = True


class Left(Strict, frozen=True, kw_only=True):
    """An element that says who somebody is: `says` is a name, or an id."""

    keyword: str
    tag: str
    says: str
    files: tuple[str, ...]
    is_name: bool = False
    may_be_dummy: bool = False


class FaultKeys(Strict, frozen=True, kw_only=True):
    """A file that could not be used, or is in doubt."""

    file: str
    reason: str
    kind: FaultKind


class Asked(Strict, frozen=True, kw_only=True):
    """The plans and doses that the user asks for, by label, UID or file."""

    plans: tuple[str, ...] = ()
    doses: tuple[str, ...] = ()


class SubmissionKeys(Strict, frozen=True, kw_only=True):
    """What is altered in the thorax of `conftest.py`.

    Parameters
    ----------
    edge_mm, scale, z_mm, prescription_gy
        As in `build`: where the dose is 20 Gy, what it is multiplied by, from where to where its
        grid goes, and what the plan prescribes.
    without, extra
        ROIs of the thorax that are left out, and boxes that are added or drawn otherwise, each as
        its centre and its size in mm.
    loops
        ROIs that are added loop by loop; none are an ROI without contours.
    lacking_planes_mm, moved_mm
        Planes that are taken out of an ROI, and ROIs that are moved.
    structure_set, plan, dose
        What these say of themselves.
    lacks
        Kinds of objects that are not there at all.
    further_structure_sets, further_plans, further_doses
        Copies of the first one, altered.
    images, faults, identity_left, treatment_records
        What else the reader would have found.
    study_instance_uid
        Of all objects.
    asked
        What the user asks for.
    earlier
        Exports of earlier courses.
    """

    edge_mm: float = 35.0
    scale: float = 1.0
    z_mm: tuple[float, float] = (-90.0, 90.0)
    prescription_gy: float | UnsetType = UNSET
    without: tuple[str, ...] = ()
    extra: dict[str, tuple[Vector, Vector]] = {}
    loops: dict[str, tuple[Loop, ...]] = {}
    lacking_planes_mm: dict[str, tuple[float, ...]] = {}
    moved_mm: dict[str, Vector] = {}
    structure_set: StructureSetKeys = StructureSetKeys()
    plan: PlanKeys = PlanKeys()
    dose: DoseKeys = DoseKeys()
    lacks: tuple[Literal["structure_sets", "plans", "doses"], ...] = ()
    further_structure_sets: tuple[StructureSetKeys, ...] = ()
    further_plans: tuple[PlanKeys, ...] = ()
    further_doses: tuple[DoseKeys, ...] = ()
    images: tuple[Images, ...] = ()
    faults: tuple[FaultKeys, ...] = ()
    identity_left: tuple[Left, ...] = ()
    treatment_records: tuple[str, ...] = ()
    trial_subject_id: str = ""
    patient_age_years: int | None = None
    oldest_age_years: int | None = None
    study_instance_uid: str = ""
    asked: Asked = Asked()
    earlier: tuple["SubmissionKeys", ...] = ()


class RegisterKeys(Strict, frozen=True, kw_only=True):
    """What is altered in the register of `answered.py`.

    Parameters
    ----------
    is_given : bool
        Whether there is one.
    removed : tuple of str
        Answers that are taken out, by their keys joined with dots: "patient.age_years".
    answers : table
        Answers that are given otherwise, or added; of a list the whole of it.
    further_lesions : tuple of table
        Lesions that are added to those of the register.
    """

    is_given: bool = True
    removed: tuple[str, ...] = ()
    answers: dict[str, Any] = {}
    further_lesions: tuple[dict[str, Any], ...] = ()


class ProtocolKeys(Strict, frozen=True, kw_only=True):
    """In what a protocol file of a site differs from NCT06190782, which it extends.

    A rule keeps what is not given of it: `settings.dose_grid_spacing_mm = { value = 12 }`. A dose
    limit keeps what is not given of the lung V20; those of another structure are added.
    """

    grades: dict[str, Grade] = {}
    settings: dict[str, dict[str, Any]] = {}
    criteria: dict[str, dict[str, Any]] = {}
    plausible_volumes: dict[str, dict[str, Any]] = {}
    dose_limits: tuple[dict[str, Any], ...] = ()


class WrittenCase(Strict, frozen=True, kw_only=True):
    """One case: what is altered, and what the check must say of it.

    Parameters
    ----------
    name : str
        What it is about, in words.
    expected : Grade
        The worst grade among the findings; INFO is worse than PASS here, so that a PASS says that
        nothing is told beside it.
    flags : set of Flag
        All flags of that finding.
    words : tuple of str
        What its message holds.
    subject, plan_kind, cross_check
        As the user gives them.
    """

    name: str
    expected: Grade
    words: tuple[str, ...]
    flags: frozenset[Flag] = frozenset()
    submission: SubmissionKeys = SubmissionKeys()
    register: RegisterKeys = RegisterKeys()
    protocol: ProtocolKeys = ProtocolKeys()
    subject: str | None = None
    plan_kind: PlanKind | None = None
    cross_check: bool = False

    def __post_init__(self) -> None:
        """Refuse a case that asks for no words."""
        if not self.words or not all(word.strip() for word in self.words):
            raise ValueError(f"{self.name}: expected words of the message")


class CaseFile(Strict, frozen=True, kw_only=True):
    """The cases of one check, and why it cannot have some grade or flag in any case."""

    cases: tuple[WrittenCase, ...]
    cannot: dict[Answer, str] = {}

    @property
    def answers(self) -> set[str]:
        """The grades and flags that its cases expect."""
        return {answer for case in self.cases for answer in (case.expected, *case.flags)}


def read_case_file(path: Path) -> CaseFile:
    """Return the cases of a file; refused with file and key where one is not known."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=CaseFile)
    except msgspec.DecodeError as error:
        error.add_note(path.name)
        raise
