"""The settings of a protocol: what its text leaves open, chosen by name and always printed."""

from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeVar

from msgspec import Meta, field

from oligort.display import listed, quoted
from oligort.document import Setting
from oligort.finding import Grade, Source
from oligort.protocol.limits import refuse_unless_deviation
from oligort.protocol.sourced import Sourced, Strict
from oligort.spelling import nearest

Percent = Literal["%"]
PercentagePoints = Literal["percentage points"]
Millimetres = Literal["mm"]
Prescriptions = Literal["times the prescription"]
Dice = Literal["Dice"]
Gray = Literal["Gy"]
CubicCentimetres = Literal["cc"]

_LARGEST = {"%": 100.0, "percentage points": 100.0, "mm": 500.0, "Dice": 1.0, "Gy": 100.0}


class DiameterReading(StrEnum):
    """Which diameter of a metastasis decides; the other one raises a query."""

    LONGEST_AXIAL = "longest_axial"
    MAXIMUM_3D = "maximum_3d"


class NodalSize(StrEnum):
    """Which diameter is the size of a nodal metastasis."""

    LONGEST_DIAMETER = "longest_diameter"
    SHORT_AXIS = "short_axis"


class RegionalNodes(StrEnum):
    """Whether regional nodes count as metastases: not, all together as one, or each."""

    NOT_COUNTED = "not_counted"
    ALL_AS_ONE = "all_as_one"
    EACH_STATION = "each_station"
    EACH_NODE = "each_node"


class NonRegionalNodes(StrEnum):
    """What is one metastasis among non-regional nodes."""

    EACH_NODE = "each_node"
    EACH_STATION = "each_station"


class NodesPerOrgan(StrEnum):
    """What is one organ among lymph nodes, for the limit per organ."""

    ONE_ORGAN = "one_organ"
    EACH_STATION = "each_station"


class PrimaryOrgans(StrEnum):
    """Where the primary may lie; a lesion called the primary elsewhere may be a metastasis."""

    ESOPHAGUS = "esophagus"
    ESOPHAGUS_OR_STOMACH = "esophagus_or_stomach"


class PairedOrgans(StrEnum):
    """Whether the two of a pair are one organ for the limit per organ."""

    ONE_ORGAN = "one_organ"
    TWO_ORGANS = "two_organs"


class OrganGroup(StrEnum):
    """What a group of like organs is for the limit per organ."""

    ONE_ORGAN = "one_organ"


class GradeWords(StrEnum):
    """In whose words a report calls its grades."""

    OLIGORT = "oligort"
    EORTC = "eortc"
    NRG = "nrg"


class DoseConstraints(StrEnum):
    """What is known of dose, fractionation and organs at risk beside the listed dose limits."""

    NONE_PUBLISHED = "none_published"


class SingleLung(StrEnum):
    """What becomes of a submission with one lung only."""

    NOT_EVALUABLE_WITHOUT_PNEUMONECTOMY = "not_evaluable_without_pneumonectomy"


T = TypeVar("T", bound=StrEnum)
U = TypeVar("U", bound=str)


class Choice(Sourced, Generic[T], frozen=True, kw_only=True):
    """One of the options that oligort can compute.

    Raises
    ------
    ValueError
        If the value is none of the options.
    """

    value: T
    options: tuple[T, ...]

    def __post_init__(self) -> None:
        """Refuse a value that the file itself does not allow."""
        super().__post_init__()
        if self.value not in self.options:
            raise ValueError(
                f"value: expected one of its options ({listed(self.options)}), "
                f"found {quoted(self.value)}"
            )

    @property
    def shown(self) -> str:
        """The option in force."""
        return str(self.value)


class Switch(Sourced, frozen=True, kw_only=True):
    """True or false."""

    value: bool

    @property
    def shown(self) -> str:
        """Yes or no."""
        return "yes" if self.value else "no"


class Number(Sourced, Generic[U], frozen=True, kw_only=True):
    """A positive number in a unit.

    Raises
    ------
    ValueError
        If it is larger than the unit allows.
    """

    value: Annotated[float, Meta(gt=0, lt=100_000)]
    unit: U

    def __post_init__(self) -> None:
        """Refuse what the unit does not have."""
        super().__post_init__()
        refuse_beyond_unit("value", self.value, self.unit)

    @property
    def shown(self) -> str:
        """Number and unit."""
        return f"{self.value:g} {self.unit}"


class Range(Sourced, Generic[U], frozen=True, kw_only=True):
    """A positive range in a unit.

    Raises
    ------
    ValueError
        If it is not in order, or larger than the unit allows.
    """

    least: Annotated[float, Meta(gt=0, lt=100_000)]
    most: Annotated[float, Meta(gt=0, lt=100_000)]
    unit: U

    def __post_init__(self) -> None:
        """Refuse a range that holds nothing."""
        super().__post_init__()
        if not self.least < self.most:
            raise ValueError(
                f"expected least below most, found least {self.least:g} and most {self.most:g}"
            )
        refuse_beyond_unit("most", self.most, self.unit)

    def holds(self, value: float) -> bool:
        """Say whether a value lies in the range, its ends included."""
        return self.least <= value <= self.most

    @property
    def shown(self) -> str:
        """Both ends and the unit."""
        return f"{self.least:g} to {self.most:g} {self.unit}"


class Settings(Strict, frozen=True, kw_only=True):
    """Every setting by name; a unit that is not in the name stands beside the value.

    `register_size_perhaps_in_cm_mm`: a smaller size of the register is asked about where it would
    be above the limit if it was meant in cm. `duplicate_dice`: two contours above `most` are one
    lesion, below `least` two; between them the count is a range. `target_median_dose_ratio` and
    `target_maximum_dose_ratio`: outside them the dose does not fit its prescription and nothing is
    graded on it. A lesion is in-field where more than `in_field_part.most` of it lies inside the
    isodose, and where less than `least` does it is not.
    """

    diameter_reading: Choice[DiameterReading]
    nodal_size: Choice[NodalSize]
    regional_nodes: Choice[RegionalNodes]
    non_regional_nodes: Choice[NonRegionalNodes]
    nodes_per_organ: Choice[NodesPerOrgan]
    paired_organs: Choice[PairedOrgans]
    primary_organs: Choice[PrimaryOrgans]
    skeleton: Choice[OrganGroup]
    single_lung: Choice[SingleLung]
    effective_dose_accepted: Switch
    in_field_isodose_percent: Number[Percent]
    in_field_part: Range[Percent]
    dose_constraints: Choice[DoseConstraints]
    borderline_percentage_points: Number[PercentagePoints]
    borderline_mm: Number[Millimetres]
    register_size_difference_mm: Number[Millimetres]
    register_size_perhaps_in_cm_mm: Number[Millimetres]
    drawn_v20_difference_percentage_points: Number[PercentagePoints]
    drawn_volume_difference_percent: Number[Percent]
    planning_system_volume_difference_percent: Number[Percent]
    planning_system_v20_difference_percentage_points: Number[PercentagePoints]
    planning_system_curve_difference_percentage_points: Number[PercentagePoints]
    planning_system_dose_difference_gy: Number[Gray]
    target_median_dose_ratio: Range[Prescriptions]
    target_maximum_dose_ratio: Range[Prescriptions]
    duplicate_dice: Range[Dice]
    dose_grid_spacing_mm: Number[Millimetres]
    grade_words: Choice[GradeWords]

    def records(self) -> tuple[Setting, ...]:
        """Return the settings in force, for a report."""
        named = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return tuple(record_of(name, setting.shown, setting) for name, setting in named)


class Grades(Sourced, frozen=True, kw_only=True):
    """What becomes of a deviation that breaks no criterion.

    `source` is where the grades come from; `rules` says where the rule itself stands that a
    deviation breaks, by its name, where a document has it.

    Raises
    ------
    ValueError
        If a grade is none that a deviation can have, or a rule is of none of the deviations.
    """

    lesion_without_therapy: Grade
    dose_in_arm_without_local_therapy: Grade
    several_patients: Grade
    left_and_right_swapped: Grade
    reference_to_missing_object: Grade
    structure_outside_dose_grid: Grade
    missing_planes: Grade
    planning_system_dvh_differs: Grade
    name_not_mapped: Grade
    contour_spikes: Grade
    identity_left: Grade
    approval_absent: Grade
    coarse_dose_grid: Grade
    heterogeneity_not_corrected: Grade
    contours_off_image_planes: Grade
    contours_cross_themselves: Grade
    specks: Grade
    organ_cut_off: Grade
    volume_implausible: Grade
    rules: dict[str, Source] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a grade that would hide a deviation, and a rule that nothing breaks."""
        super().__post_init__()
        deviations = self.of_deviations()
        for name, grade in deviations.items():
            refuse_unless_deviation(name, grade)
        for name in self.rules:
            if name not in deviations:
                raise ValueError(
                    f"rules: expected deviations, found {quoted(name)}{nearest(name, deviations)}"
                )

    def source_of(self, deviation: str) -> Source:
        """Return where the rule stands that a deviation breaks; else where its grade does."""
        return self.rules.get(deviation, self.source)

    def of_deviations(self) -> dict[str, Grade]:
        """Return the grade of each deviation by its name."""
        names = (
            name for name in self.__struct_fields__ if name not in {"source", "question", "rules"}
        )
        return {name: getattr(self, name) for name in names}

    def record(self) -> Setting:
        """Return the table of grades as one setting, for a report."""
        grades = ", ".join(f"{name} {grade}" for name, grade in self.of_deviations().items())
        return record_of("grades", grades, self)


def record_of(name: str, value: str, origin: Sourced) -> Setting:
    """Return a setting as a report lists it."""
    return Setting(
        name=name,
        value=value,
        source=str(origin.source),
        assumption=origin.is_assumption,
        question=origin.question,
    )


def refuse_beyond_unit(key: str, value: float, unit: str) -> None:
    """Raise ValueError where a value is larger than anything in its unit can be."""
    largest = _LARGEST.get(unit)
    if largest is not None and value > largest:
        raise ValueError(f"{key}: expected at most {largest:g} {unit}, found {value:g}")
