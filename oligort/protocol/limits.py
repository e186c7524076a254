"""The rules of a protocol: limits and required answers, each with its grade and its source."""

import operator
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from oligort.clinical.answer import Answer
from oligort.display import listed, quoted
from oligort.dose.metric import Metric
from oligort.finding import Grade, Source
from oligort.geometry.algebra import parse
from oligort.measure import MM_PER_CM
from oligort.protocol.applies_when import AppliesWhen
from oligort.protocol.sourced import Sourced, Strict

_NOT_BLANK = "text that is not blank,"
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"\S", description=_NOT_BLANK)]
Sentence = Annotated[str, Meta(min_length=1, max_length=400, pattern=r"\S", description=_NOT_BLANK)]

DEVIATIONS = (Grade.MAJOR, Grade.MINOR, Grade.INFO)
"""What a protocol may make of a broken rule; a rule that cannot be broken is no rule."""

LARGEST_DOSE_GY = 300.0
"""No limit is larger, nor at a larger dose: what is written in cGy would never be broken. The
hottest points of radiosurgery in one fraction lie at half of it."""

LARGEST_DOSE_PERCENT = 1000.0
"""No limit is larger in percent of a prescription, nor at a larger dose: 1200 %, where 120 % were
meant, would never be broken. Radiosurgery prescribes to isodoses of 50 % and more of its maximum,
spatially fractionated treatments to about 20 %: maxima of 200 % and 500 %."""

LARGEST_DIAMETER_MM = 300.0
"""No limit on a diameter is larger: 50 cm, where 50 mm were meant, would never be broken. Livers
and lungs, the largest organs that a metastasis can fill, measure about as much."""

OTHER_INDICES = {
    "CI": "CI is that of Paddick, which never is above 1; the isodose over the target (RTOG), of 1 "
    "and more, is another index and not measured",
    "HI": "HI is that of ICRU Report 83, (D2% - D98%) / D50%, which is 0 where the dose is even; "
    "the maximum over the prescription (RTOG), of 1 and more, is Max[%]",
}
"""Indices by which others call other numbers, around 1: as limits of these they would hold always,
or never."""

BETTER_SIDES = {"CI": ">", "HI": "<"}
"""On which side of its limit each of these is good, so that no other limit on it is meant."""

VARIATIONS = (Grade.MINOR, Grade.INFO)
"""What a protocol may make of a value beyond its limit and within the acceptable variation."""

Bound = Literal["<=", "<", ">=", ">"]
"""How a value is held against a limit; no measured value equals a number, so "==" is none."""

LENGTH_ROUNDING_MM = 1e-9
"""Lengths that differ by less are one: differences of coordinates leave up to 1e-12 mm, by
where the patient lies, and no planning system writes decimals as small as this."""

_HOLDS = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}


class Rule(Strict, frozen=True, kw_only=True):
    """What all rules state: the trial's own number, the rule in words, its grade, its source.

    Raises
    ------
    ValueError
        If the grade is none that a deviation can have.
    """

    criterion: Name
    description: Sentence
    grade: Grade = Grade.MAJOR
    source: Source

    def __post_init__(self) -> None:
        """Refuse a grade that would hide a deviation."""
        refuse_unless_deviation("grade", self.grade)


class Limit(Rule, frozen=True, kw_only=True):
    """A number that a value is held against, in `unit`; the value is never rounded for it."""

    limit: float
    relation: Bound
    unit: str = ""

    def allows(self, value: float) -> bool:
        """Say whether the unrounded value, in the limit's unit, is within the limit."""
        return bool(_HOLDS[self.relation](value, self.limit))

    def grade_of(self, value: float) -> Grade:
        """Return what the unrounded value, in the limit's unit, amounts to."""
        return Grade.PASS if self.allows(value) else self.grade


class SmallestAge(Limit, frozen=True, kw_only=True):
    """Youngest age, in whole years."""

    limit: Annotated[int, Meta(gt=0, le=130)]
    relation: Literal[">=", ">"]
    unit: Literal["years"]


class LargestEcog(Limit, frozen=True, kw_only=True):
    """Worst ECOG performance status."""

    limit: Annotated[int, Meta(ge=0, le=5)]
    relation: Literal["<=", "<"]
    unit: Literal[""] = ""


class LargestCount(Limit, frozen=True, kw_only=True):
    """Largest number of lesions."""

    limit: Annotated[int, Meta(gt=0)]
    relation: Literal["<=", "<"]
    unit: Literal[""] = ""


class SmallestCount(Limit, frozen=True, kw_only=True):
    """Smallest number of lesions."""

    limit: Annotated[int, Meta(gt=0)]
    relation: Literal[">=", ">"]
    unit: Literal[""] = ""


class LargestLength(Limit, frozen=True, kw_only=True):
    """Largest length; written in cm or mm, always mm once built.

    A length of the limit to the rounding of coordinates is of the limit, wherever the patient lies.

    Raises
    ------
    ValueError
        If it is longer than any lesion.
    """

    limit: Annotated[float, Meta(gt=0, lt=1000)]
    relation: Literal["<=", "<"]
    unit: Literal["mm", "cm"]

    def __post_init__(self) -> None:
        """Turn cm into mm, and refuse what no lesion is as long as."""
        super().__post_init__()
        if self.unit == "cm":
            # In decimals, as 4.35 * 10 is not 43.5 in binary and the limit is held exactly.
            limit_mm = float(Decimal(repr(self.limit)) * MM_PER_CM)
            msgspec.structs.force_setattr(self, "limit", limit_mm)
            msgspec.structs.force_setattr(self, "unit", "mm")
        if self.limit > LARGEST_DIAMETER_MM:
            raise ValueError(
                f"limit: expected at most {LARGEST_DIAMETER_MM:g} mm, found {self.limit:g} mm, "
                f"which no lesion is beyond"
            )

    def allows(self, value: float) -> bool:
        """Say whether a length in mm is within the limit; one within rounding of it equals it."""
        is_equal = abs(value - self.limit) <= LENGTH_ROUNDING_MM
        return super().allows(self.limit if is_equal else value)


class SynchronousMonths(Strict, frozen=True, kw_only=True):
    """Metastases found at most `limit` calendar months after the primary are synchronous."""

    limit: Annotated[int, Meta(gt=0, le=120)]
    relation: Literal["<="]
    unit: Literal["months"]
    source: Source


class Requirement(Rule, frozen=True, kw_only=True):
    """An answer of the register that the trial requires.

    Raises
    ------
    ValueError
        If the answer required is "unknown".
    """

    required: Answer

    def __post_init__(self) -> None:
        """Refuse to require that nobody knows."""
        super().__post_init__()
        if self.required is Answer.UNKNOWN:
            raise ValueError('required: expected "yes" or "no", found "unknown"')


class Criteria(Strict, frozen=True, kw_only=True):
    """The criteria of eligibility that are no dose limits.

    Those that ask the register for an answer have the name of its key.
    """

    age: SmallestAge
    ecog: LargestEcog
    oesophageal_squamous_cell_carcinoma: Requirement
    genuine_oligometastatic_disease: Requirement
    synchronous_months: SynchronousMonths
    distant_metastases: LargestCount
    metastases_per_organ: LargestCount
    metastasis_diameter: LargestLength
    pathological_metastases: SmallestCount
    disseminated_metastases: Requirement
    induced_oligometastatic_disease: Requirement
    perforation_or_haemorrhage: Requirement
    progression_after_pd1: Requirement
    in_field_recurrence: Requirement
    intolerance_of_chemotherapy_or_immunotherapy: Requirement


class Variation(Strict, frozen=True, kw_only=True):
    """How far beyond its limit a value may lie and still be an acceptable variation.

    Parameters
    ----------
    limit : float
        In the unit of the limit, and with its relation.
    grade : Grade
        What such a value amounts to: less than what lies beyond the variation too.
    source : Source
        Where it stands.

    Raises
    ------
    ValueError
        If the grade is not milder than MAJOR.
    """

    limit: Annotated[float, Meta(gt=0, lt=100_000)]
    grade: Grade = Grade.MINOR
    source: Source

    def __post_init__(self) -> None:
        """Refuse a variation that would be a major deviation."""
        refuse_unless_deviation("grade", self.grade, VARIATIONS)


class DoseLimit(Limit, frozen=True, kw_only=True):
    """A limit on one metric of one structure.

    Parameters
    ----------
    structure : str
        A structure expression: "Lungs-GTV".
    metric : str
        As TG-263 prints it, whichever known spelling it was written in: "V20Gy[%]".
    limit, relation, unit
        Held against the metric, whose unit it is.
    variation : Variation or None
        A second limit: what lies beyond the first and within it is an acceptable variation.
    applies_when : AppliesWhen or None
        When it applies; None for always.
    family : tuple of str
        Other definitions of the structure, computed beside it and not graded.
    parts : tuple of str
        Parts of the structure that are shown too: no definitions, so they question no verdict.
    beside : tuple of str
        Metrics that are shown of each of them beside the graded one.
    definition : Sourced or None
        Where the choice of `structure` among them comes from.

    Raises
    ------
    ValueError
        If a structure or a metric cannot be read, the unit is not the metric's, no value can break
        the limit, the variation allows no more than the limit or is no milder, or family, parts or
        metrics repeat themselves.
    """

    structure: Name
    metric: Name
    limit: Annotated[float, Meta(gt=0, lt=100_000)]
    relation: Bound
    unit: Literal["%", "Gy", "cc", ""] = ""
    variation: Variation | None = None
    applies_when: AppliesWhen | None = None
    family: tuple[Name, ...] = ()
    parts: tuple[Name, ...] = ()
    beside: tuple[Name, ...] = ()
    definition: Sourced | None = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        super().__post_init__()
        # In one spelling, as the metric below: "Lungs - GTV" is no other structure.
        spelt = {"structure": str(parse(self.structure))} | {
            key: tuple(str(parse(one)) for one in getattr(self, key)) for key in ("family", "parts")
        }
        for key, value in spelt.items():
            msgspec.structs.force_setattr(self, key, value)
        metric = Metric.parse(self.metric)
        if metric.unit != self.unit:
            raise ValueError(
                f"unit: expected {metric.unit or 'none'}, the unit of {metric}, "
                f"found {self.unit or 'none'}"
            )
        limits = [self.limit] + ([self.variation.limit] if self.variation else [])
        _refuse_unbreakable(metric, self.relation, self.limit, max(limits))
        if self.variation and (
            self.variation.limit == self.limit or self.allows(self.variation.limit)
        ):
            raise ValueError(
                f"variation: expected a limit that allows more than {self.relation} "
                f"{self.limit:g}, found {self.variation.limit:g}"
            )
        if self.variation and DEVIATIONS.index(self.variation.grade) <= DEVIATIONS.index(
            self.grade
        ):
            raise ValueError(
                f"variation.grade: expected a milder one than {quoted(self.grade)}, which a value "
                f"beyond the variation has, found {quoted(self.variation.grade)}"
            )
        # Under its printed name, so that two spellings of one metric are seen to be one.
        msgspec.structs.force_setattr(self, "metric", str(metric))
        beside = tuple(str(Metric.parse(text)) for text in self.beside)
        msgspec.structs.force_setattr(self, "beside", beside)
        _refuse_repeats(
            "family", "other definitions than structure", (self.structure, *self.family)
        )
        shown = (self.structure, *self.family, *self.parts)
        _refuse_repeats("parts", "other structures than those of structure and family", shown)
        _refuse_repeats("beside", "other metrics than metric", (self.metric, *beside))

    def grade_of(self, value: float) -> Grade:
        """Return what the unrounded value amounts to; between both limits that of the variation."""
        if self.allows(value) or self.variation is None:
            return super().grade_of(value)
        is_variation = _HOLDS[self.relation](value, self.variation.limit)
        return self.variation.grade if is_variation else self.grade


def _refuse_unbreakable(metric: Metric, relation: Bound, limit: float, most: float) -> None:
    """Raise ValueError where no value of a metric can be beyond a limit; `most` is the largest."""
    if metric.kind in {"V", "CV"} and metric.unit == "%":
        if most > 100:
            raise ValueError(f"limit: expected at most 100 %, found {most:g} %")
        if relation == "<=" and limit == 100:
            raise ValueError("limit: expected less than 100 %, which no volume is beyond")
    if metric.kind in OTHER_INDICES:
        _refuse_other_index(metric.kind, relation, limit, most)
    is_dose = metric.kind not in {"V", "CV"}
    doses = (
        ("limit", most, metric.unit if is_dose else ""),
        ("metric", metric.at or 0.0, "" if is_dose else metric.at_unit),
    )
    for key, dose, unit in doses:
        if unit == "Gy" and dose > LARGEST_DOSE_GY:
            raise ValueError(
                f"{key}: expected a dose of at most {LARGEST_DOSE_GY:g} Gy, found {dose:g} Gy; is "
                f"it in cGy?"
            )
        if unit == "%" and dose > LARGEST_DOSE_PERCENT:
            raise ValueError(
                f"{key}: expected a dose of at most {LARGEST_DOSE_PERCENT:g} % of a prescription, "
                f"found {dose:g} %"
            )


def _refuse_other_index(kind: str, relation: Bound, limit: float, most: float) -> None:
    """Raise ValueError where a limit on CI or HI is one on another index of that name."""
    is_whole = (kind, relation, limit) == ("CI", ">=", 1)
    if max(most, limit) >= 1 and not is_whole:
        raise ValueError(
            f"limit: expected less than 1, found {max(most, limit):g}: {OTHER_INDICES[kind]}"
        )
    # Each has one side that is good: the target covered and nothing else, the dose even.
    if relation[0] != BETTER_SIDES[kind]:
        raise ValueError(
            f"relation: expected {BETTER_SIDES[kind]}= or {BETTER_SIDES[kind]}, found {relation}, "
            f"which the worst plans keep: {OTHER_INDICES[kind]}"
        )


def _refuse_repeats(key: str, expected: str, names: tuple[str, ...]) -> None:
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(
            f"{key}: expected {expected}, each once, found again: {listed(sorted(repeated))}"
        )


def refuse_unless_deviation(
    key: str, grade: Grade, allowed: tuple[Grade, ...] = DEVIATIONS
) -> None:
    """Raise ValueError where a grade is none that a deviation, or a variation, can have."""
    if grade not in allowed:
        raise ValueError(
            f"{key}: expected {' or '.join(map(quoted, allowed))}, found {quoted(grade)}"
        )
