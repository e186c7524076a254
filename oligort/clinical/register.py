"""Register: what DICOM cannot know of one patient, and nothing that says who it is."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from oligort.clinical import synonyms
from oligort.clinical.answer import Answer
from oligort.clinical.dates import PartialDate
from oligort.display import exact_number, harmless_json, listed, quoted
from oligort.errors import RegisterError
from oligort.lesions.vocabulary import Organ, Role
from oligort.strict import MisplacedError, content_of, document_of, shown_file, struct_of

Label = Annotated[
    str,
    Meta(
        pattern=r"^\S(.*\S)?\Z",
        max_length=64,
        description="one line of text, not empty, without spaces around it",
    ),
]
Text = Annotated[str, Meta(max_length=400)]
Length = Annotated[float, Meta(ge=1, lt=500)]
"""A length in mm. Below 1 mm no image shows a lesion: another unit was meant, or a digit lost."""


class Arm(StrEnum):
    """The arm of the trial; a patient who is not yet randomised has none."""

    LOCAL_THERAPY = "local_therapy"
    NO_LOCAL_THERAPY = "no_local_therapy"

    @classmethod
    def other_words(cls) -> Mapping[str, str]:
        """Return what people write for a word, in one spelling, with the word."""
        return synonyms.ARMS


class PlanKind(StrEnum):
    """What the plan is for: to judge whether the patient may enter, or to treat."""

    SCREENING = "screening"
    DELIVERED = "delivered"

    @classmethod
    def other_words(cls) -> Mapping[str, str]:
        """Return what people write for a word, in one spelling, with the word."""
        return synonyms.PLAN_KINDS


class LesionKind(StrEnum):
    """Where a lesion stands in the disease; only distant ones are metastases to count."""

    PRIMARY = "primary"
    REGIONAL_NODE = "regional_node"
    DISTANT = "distant"

    @classmethod
    def other_words(cls) -> Mapping[str, str]:
        """Return what people write for a word, in one spelling, with the word."""
        return synonyms.KINDS


class Therapy(StrEnum):
    """The local therapy that a lesion got or is to get."""

    RADIOTHERAPY = "radiotherapy"
    SURGERY = "surgery"
    ABLATION = "ablation"
    NONE = "none"
    UNKNOWN = "unknown"

    @classmethod
    def other_words(cls) -> Mapping[str, str]:
        """Return what people write for a word, in one spelling, with the word."""
        return synonyms.THERAPIES


class LesionSide(StrEnum):
    """Which of a pair."""

    LEFT = "L"
    RIGHT = "R"

    @classmethod
    def other_words(cls) -> Mapping[str, str]:
        """Return what people write for a word, in one spelling, with the word."""
        return synonyms.SIDES


_ROLES = {
    LesionKind.PRIMARY: Role.GTV_PRIMARY,
    LesionKind.REGIONAL_NODE: Role.GTV_NODE,
    LesionKind.DISTANT: Role.GTV_METASTASIS,
    None: Role.GTV,
}


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the register: no key that is not known, no change once built."""


class Patient(_Strict, frozen=True, kw_only=True):
    """Age in whole years and ECOG performance status; what is left out is unknown."""

    age_years: Annotated[int, Meta(ge=0, le=130)] | None = None
    ecog: Annotated[int, Meta(ge=0, le=5)] | None = None

    @classmethod
    def other_keys(cls) -> Mapping[str, str]:
        """Return what people write for a key, in one spelling, with the key."""
        return synonyms.PATIENT_KEYS


class Disease(_Strict, frozen=True, kw_only=True):
    """Histology, and what the ESTRO-EORTC decision tree asks."""

    oesophageal_squamous_cell_carcinoma: Answer = Answer.UNKNOWN
    polymetastatic_before: Answer = Answer.UNKNOWN
    oligometastatic_before: Answer = Answer.UNKNOWN
    primary_diagnosis_date: PartialDate | None = None
    oligometastasis_date: PartialDate | None = None
    under_systemic_therapy: Answer = Answer.UNKNOWN
    any_lesion_progressive: Answer = Answer.UNKNOWN

    @classmethod
    def other_keys(cls) -> Mapping[str, str]:
        """Return what people write for a key, in one spelling, with the key."""
        return synonyms.DISEASE_KEYS


class History(_Strict, frozen=True, kw_only=True):
    """What excludes a patient from the trial."""

    disseminated_metastases: Answer = Answer.UNKNOWN
    perforation_or_haemorrhage: Answer = Answer.UNKNOWN
    progression_after_pd1: Answer = Answer.UNKNOWN
    in_field_recurrence: Answer = Answer.UNKNOWN
    intolerance_of_chemotherapy_or_immunotherapy: Answer = Answer.UNKNOWN

    @classmethod
    def other_keys(cls) -> Mapping[str, str]:
        """Return what people write for a key, in one spelling, with the key."""
        return synonyms.HISTORY_KEYS


class Anatomy(_Strict, frozen=True, kw_only=True):
    """What explains a structure that is not there: a lung, or gross tumour to subtract."""

    pneumonectomy: Answer = Answer.UNKNOWN
    gtv_absent: Answer = Answer.UNKNOWN


class RegisterLesion(_Strict, frozen=True, kw_only=True):
    """One lesion, whether it is contoured or not.

    Parameters
    ----------
    id : str
        The trial's own name for it, once per register.
    kind : LesionKind or None
        None is unknown: it may or may not be a distant metastasis.
    organ : Organ or None
        The organ group it is counted in.
    side : LesionSide or None
        Which of a pair, where the protocol takes the two for two organs.
    station : str
        Nodal station, in the words of the trial.
    drawn_as : tuple of str or None
        Its roi_names: the ROIs that are drawn for it, spelt as in the structure set; empty where
        it is drawn nowhere, and None where the register does not say.
    therapy : Therapy
        Its local therapy.
    no_therapy_reason : str
        Why it gets none.
    pathology : Answer
        Whether it was proven by pathology.
    size_mm : float or None
        Longest diameter at baseline, in the axial plane.
    short_axis_mm, maximum_3d_mm : float or None
        Its short axis and its largest diameter in 3D, where the protocol goes by one of them.
    size_method, size_date : str, PartialDate or None
        How ("CT") and when it was measured.

    Raises
    ------
    ValueError
        If one ROI is named twice, a reason for no therapy stands beside a therapy, a regional node
        lies in an organ that is none, or a short axis is longer, or a 3D diameter shorter, than the
        longest diameter.
    """

    id: Label
    kind: LesionKind | None = None
    organ: Organ | None = None
    side: LesionSide | None = None
    station: Text = ""
    drawn_as: tuple[Label, ...] | None = msgspec.field(default=None, name="roi_names")
    therapy: Therapy = Therapy.UNKNOWN
    no_therapy_reason: Text = ""
    pathology: Answer = Answer.UNKNOWN
    size_mm: Length | None = None
    short_axis_mm: Length | None = None
    maximum_3d_mm: Length | None = None
    size_method: Text = ""
    size_date: PartialDate | None = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if repeated := _repeated(self.roi_names):
            raise MisplacedError(
                f"expected each ROI once in roi_names, found twice: {listed(repeated)}", "roi_names"
            )
        if self.kind is LesionKind.REGIONAL_NODE and self.organ not in {None, Organ.LYMPH_NODES}:
            raise MisplacedError(
                f'expected organ = "LymphNodes" beside kind = "regional_node", '
                f"found {quoted(self.organ)}",
                "organ",
            )
        sizes = (self.short_axis_mm, self.size_mm, self.maximum_3d_mm)
        known = [size for size in sizes if size is not None]
        if known != sorted(known):
            raise MisplacedError(
                "expected short_axis_mm <= size_mm <= maximum_3d_mm, found "
                f"{', '.join(map(exact_number, known))}",
                "maximum_3d_mm" if self.maximum_3d_mm == min(known) else "short_axis_mm",
            )
        if self.no_therapy_reason and self.therapy not in {Therapy.NONE, Therapy.UNKNOWN}:
            raise MisplacedError(
                f'expected no_therapy_reason only beside therapy = "none", '
                f"found it beside therapy = {quoted(self.therapy)}",
                "no_therapy_reason",
            )

    @classmethod
    def other_keys(cls) -> Mapping[str, str]:
        """Return what people write for a key, in one spelling, with the key."""
        return synonyms.LESION_KEYS

    @property
    def roi_names(self) -> tuple[str, ...]:
        """The ROIs that the register names for it, none where it does not say."""
        return self.drawn_as or ()

    @property
    def role(self) -> Role:
        """The role of the lesion's gross tumour; an unknown kind is gross tumour of some sort."""
        return _ROLES[self.kind]


class Register(_Strict, frozen=True, kw_only=True):
    """The clinical register of one patient; what it does not say is unknown.

    Parameters
    ----------
    schema_version : int
        1.
    subject, site : str
        The trial's own identifiers.
    arm : Arm or None
        None before randomisation.
    plan_kind : PlanKind or None
        What the plan in the submission is for.
    courses : tuple of str
        Labels or UIDs of the plans that are all courses of the patient: their doses are added.
    screening_plans, delivered_plans : tuple of str
        Labels or UIDs of the plans of each kind, so that the two are never taken for each other.
    patient, disease, history, anatomy : tables
        Answers by subject.
    lesions : tuple of RegisterLesion
        Every known lesion.

    Raises
    ------
    ValueError
        If two lesions share an id or an ROI, a course is named twice, or a plan is of both kinds.
    """

    schema_version: Literal[1]
    subject: Label
    site: Annotated[str, Meta(max_length=64)] = ""
    arm: Arm | None = None
    plan_kind: PlanKind | None = None
    courses: tuple[Label, ...] = ()
    screening_plans: tuple[Label, ...] = ()
    delivered_plans: tuple[Label, ...] = ()
    patient: Patient = Patient()
    disease: Disease = Disease()
    history: History = History()
    anatomy: Anatomy = Anatomy()
    lesions: tuple[RegisterLesion, ...] = ()

    def __post_init__(self) -> None:
        """Refuse lesions or courses that cannot be told apart."""
        if repeated := _repeated(self.courses):
            raise MisplacedError(
                f"expected each course once, found more often: {listed(repeated)}", "courses"
            )
        if repeated := _repeated((*self.screening_plans, *self.delivered_plans)):
            is_delivered = repeated[0] in self.delivered_plans
            raise MisplacedError(
                f"expected each plan once in screening_plans or delivered_plans, found more often: "
                f"{listed(repeated)}",
                "delivered_plans" if is_delivered else "screening_plans",
            )
        if not any(map(set(self.courses).isdisjoint, self._plans_by_kind.values())):
            raise MisplacedError(
                "expected courses of one kind, found plans of screening_plans and of "
                "delivered_plans among courses",
                "courses",
            )
        if repeated := _repeated(lesion.id for lesion in self.lesions):
            last = max(n for n, one in enumerate(self.lesions, 1) if one.id == repeated[0])
            raise MisplacedError(
                f"expected each lesion id once, found more often: {listed(repeated)}",
                *("lesions", last, "id"),
            )
        if repeated := _repeated(name for lesion in self.lesions for name in lesion.roi_names):
            last = max(n for n, one in enumerate(self.lesions, 1) if repeated[0] in one.roi_names)
            raise MisplacedError(
                f"expected each ROI in one lesion only, found in two: {listed(repeated)}",
                *("lesions", last, "roi_names"),
            )

    @classmethod
    def other_keys(cls) -> Mapping[str, str]:
        """Return what people write for a key, in one spelling, with the key."""
        return synonyms.REGISTER_KEYS

    @classmethod
    def load(cls, path: str | Path) -> "Register":
        """Read a register from a .toml or .json file.

        Raises
        ------
        RegisterError
            If the file cannot be read, a key is not known or a value is impossible.
        """
        if Path(path).suffix.lower() == ".csv":
            raise RegisterError(
                f"{shown_file(path)}: expected a register in .toml or .json, found a table; "
                f"oligort register convert makes registers of tables"
            )
        content = content_of(Path(path), RegisterError)
        return document_of(content, cls, path, RegisterError)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any], file: str | Path = "register") -> "Register":
        """Build a register from plain tables, lists, strings and numbers.

        `file` is what messages call it.

        Raises
        ------
        RegisterError
            If a key is not known or a value is impossible.
        """
        return struct_of(table, cls, file, RegisterError)

    def to_json(self) -> str:
        """Return the register as JSON text, which `load` reads; what is unknown says so."""
        text = msgspec.json.encode(self, enc_hook=str)
        return harmless_json(msgspec.json.format(text, indent=2).decode()) + "\n"

    @property
    def _plans_by_kind(self) -> dict[PlanKind, tuple[str, ...]]:
        return {
            PlanKind.SCREENING: self.screening_plans,
            PlanKind.DELIVERED: self.delivered_plans,
        }

    def plans_of(self, kind: PlanKind) -> tuple[str, ...]:
        """Return the names of the plans of one kind, as far as the register lists them."""
        return self._plans_by_kind[kind]

    def lesions_of(self, kind: LesionKind | None) -> tuple[RegisterLesion, ...]:
        """Return the lesions of one kind; None asks for those whose kind is unknown."""
        return tuple(lesion for lesion in self.lesions if lesion.kind is kind)

    def lesion_of_roi(self, roi_name: str) -> RegisterLesion | None:
        """Return the lesion that an ROI is drawn for, or None."""
        return next((lesion for lesion in self.lesions if roi_name in lesion.roi_names), None)


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]
