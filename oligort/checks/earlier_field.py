"""Earlier field: the part of a lesion inside an isodose of an earlier course, or of several."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from oligort.checks.case import Case
from oligort.checks.plausibility import fit_of_course
from oligort.clinical.answer import Answer
from oligort.courses import Course
from oligort.display import quoted
from oligort.dose.composite import composite_of
from oligort.dose.dvh import Dvh
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.fit import Fit
from oligort.geometry.algebra import Shape
from oligort.geometry.region import Region
from oligort.lesions.drawn import drawn_part
from oligort.lesions.lesion import Lesion
from oligort.once import Given, counted_once
from oligort.protocol.settings import Percent, Range
from oligort.selection import title

WHOLE_PATIENT_TYPES = frozenset({"PHYSICAL", "EFFECTIVE"})
"""Dose Types whose dose is in the unit of its own prescription."""


@dataclass(frozen=True)
class PartInside:
    """The part of a lesion inside the isodose of an earlier course, in percent of its volume."""

    lesion: str
    course: str
    isodose: str
    least: float
    most: float

    def lies(self, limits: Range[Percent]) -> Answer:
        """Say whether it is in-field."""
        if self.least > limits.most:
            return Answer.YES
        return Answer.NO if self.most < limits.least else Answer.UNKNOWN

    @property
    def told(self) -> str:
        """The lesion and its part."""
        if (self.least, self.most) == (0.0, 100.0):
            return f"{quoted(self.lesion)} 0 to 100 %, outside the grid that the isodose leaves"
        ends = dict.fromkeys(f"{end:.1f}" for end in (self.least, self.most))
        return f"{quoted(self.lesion)} {' to '.join(ends)} %"


@dataclass(frozen=True, eq=False)
class EarlierField:
    """The field of an earlier course: its dose and the doses that make its border.

    `least_gy` and `most_gy` are the isodose of the lowest and of the highest prescription.
    `holds_targets` says that its targets were seen to lie in its dose.
    """

    case: Case
    course: Course
    least_gy: float
    most_gy: float
    holds_targets: bool

    @classmethod
    def of(cls, case: Case, course: Course) -> "EarlierField":
        """Return the field.

        Raises
        ------
        NotEvaluable
            If the course has no prescription, or a dose that does not fit it.
        """
        name = title(course.dose)
        if course.grid.dose_type not in WHOLE_PATIENT_TYPES:
            raise NotEvaluable(f"{name}: the Dose Type is {quoted(course.grid.dose_type)}")
        doses = [[one.dose_gy for one in plan.prescriptions] for plan in course.plans]
        if not doses or not all(doses) or len(doses) < len(set(course.dose.plan_uids)):
            raise NotEvaluable(
                f"{name}: no plan is there that says what this earlier course prescribed, so its "
                f"isodose is not known"
            )
        fit: Fit = fit_of_course(case, course)
        if not fit.fits:
            raise NotEvaluable(f"{name} does not fit its prescription: {fit.message}")
        share = case.protocol.settings.in_field_isodose_percent.value / 100
        least_gy = share * min(map(min, doses))
        most_gy = share * sum(map(max, doses))
        return cls(case, course, least_gy, most_gy, bool(fit.target))

    def parts(self, lesions: list[Lesion]) -> Iterator[PartInside]:
        """Yield the part of each lesion inside the field."""
        percent = self.case.protocol.settings.in_field_isodose_percent.value
        doses = " to ".join(dict.fromkeys(f"{gy:g}" for gy in (self.least_gy, self.most_gy)))
        for lesion in lesions:
            dvh = self._dvh(lesion)
            yield PartInside(
                lesion=lesion.label,
                course=title(self.course.dose),
                isodose=f"the {percent:g} % isodose ({doses} Gy)",
                least=self._part(dvh, self.most_gy)[0],
                most=self._part(dvh, self.least_gy)[1],
            )

    def _dvh(self, lesion: Lesion) -> Dvh:
        return compute_dvh(_region_of(self.case, lesion), self.course.grid, lesion.label)

    def _part(self, dvh: Dvh, at_gy: float) -> tuple[float, float]:
        """Return the least and the most that receives a dose, in percent of the volume."""
        # Beyond a grid whose border is colder everywhere, what it holds does not go on.
        is_closed = self.holds_targets and not _reaches_border(self.course.grid, at_gy)
        if dvh.max_gy is None:
            return 0.0, 0.0 if is_closed else 100.0
        volume = dvh[Metric("V", "%", at_gy, "Gy")]
        if is_closed and "coverage" in volume.intervals:
            ends = volume.intervals.get("numerical", (float(volume), float(volume)))
            return min(ends[0], volume), max(ends[1], volume)
        return volume.low, volume.high


def together(case: Case, fields: Sequence[EarlierField], lesions: Sequence[Lesion]) -> str:
    """Return which lesions the doses of several courses reach together, as a sentence, or "".

    That is where their sum is as high as the highest isodose of one of them. Doses that cannot be
    added tell nothing.
    """
    at_gy = max((field.least_gy for field in fields), default=0.0)
    limits = case.protocol.settings.in_field_part
    told = []
    with suppress(NotEvaluable):
        # One course may be given twice, and a sum beside what it holds.
        given = {Given(one.course.dose, one.course.plans): one.course.grid for one in fields}
        own = [given[one] for one in counted_once(list(given))[0]]
        if len(own) <= 1:
            return ""
        dose = composite_of(own)
        for lesion in lesions:
            dvh = compute_dvh(_region_of(case, lesion), dose, lesion.label)
            percent = 0.0 if dvh.max_gy is None else float(dvh[Metric("V", "%", at_gy, "Gy")])
            if percent >= limits.least:
                told.append(f"{quoted(lesion.label)} {percent:.1f} %")
    if not told:
        return ""
    return (
        f"{', '.join(told)} inside {at_gy:g} Gy of the {len(own)} earlier courses together, "
        f"though in the field of none"
    )


def _region_of(case: Case, lesion: Lesion) -> Region:
    submission = case.submission
    spacing_mm = submission.usual_spacing_mm
    drawn = drawn_part(submission.structure_set.structures, lesion, spacing_mm)
    return Region(Shape((drawn.alone(lesion.label),)), spacing_mm)


def _reaches_border(dose: DoseGrid, at_gy: float) -> bool:
    """Whether any of the outermost voxels of a grid receives a dose."""
    return any(
        dose.dose_gy.take(end, axis=axis).max() >= at_gy for axis in range(3) for end in (0, -1)
    )
