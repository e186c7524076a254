"""In-field recurrence (X4): what the register says, and the doses of earlier courses."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from oligort.checks.answers import answer_finding, required_answer
from oligort.checks.case import Case
from oligort.checks.lesions import why_incomplete, why_unplaced
from oligort.checks.plausibility import Fit, fit_of_course
from oligort.checks.registry import check
from oligort.clinical.answer import Answer
from oligort.courses import Course, courses_before
from oligort.display import listed, quoted, safe_text
from oligort.dose.dvh import Dvh
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable, SelectionError
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.geometry.algebra import Shape
from oligort.geometry.region import Region
from oligort.lesions.drawn import drawn_part
from oligort.lesions.lesion import Lesion
from oligort.lesions.vocabulary import GTV_ROLES, Role
from oligort.protocol.settings import Percent, Range
from oligort.selection import title
from oligort.submission import Submission

KEY = "history.in_field_recurrence"
"""Where the register answers."""

WHOLE_PATIENT_TYPES = frozenset({"PHYSICAL", "EFFECTIVE"})
"""Dose Types whose dose is in the unit of its own prescription."""


@check(
    "OL114",
    "In-field recurrence",
    rule=lambda protocol: protocol.criteria.in_field_recurrence,
)
def recurrence(case: Case) -> Iterator[Finding]:
    """What it checks: no recurrence inside an earlier radiotherapy field.

    Why it matters: an exclusion criterion.

    How it is measured: the register's history.in_field_recurrence, and where the export of an
    earlier course is given (--prior), its dose: the part of each lesion's volume that lies inside
    an isodose of what that course prescribed. The isodose, and how large a part makes a lesion
    in-field, are settings of the protocol. Where a course prescribes several doses, the part is
    told for the lowest and the highest of them, and both must agree. Where register and dose
    contradict each other both are told, with QUERY: a "yes" of the register stands.

    Not evaluable when: neither answers; the register says no and the dose says yes; an earlier
    dose was given and is of another patient id, has no prescription, does not fit it, or cannot be
    placed on the structures;
    a part lies between the settings, or outside a dose grid that the isodose leaves; the register
    does not answer and a lesion is not drawn, so that no dose can tell; an ROI that no lesion of
    the register claims is not outside, and may be drawn for one of no known contour; gross tumour
    is drawn and cannot be measured.

    Source: NCT06190782, exclusion criteria, X4; the isodose is an assumption.
    """
    rule = case.protocol.criteria.in_field_recurrence
    register = case.register
    said = register.history.in_field_recurrence if register else Answer.UNKNOWN
    if not case.submission.earlier:
        said = case.require_register().history.in_field_recurrence
        yield required_answer("OL114", rule, said, KEY)
        return
    by_dose = _ByDose(case)
    dosed, told = by_dose.answer
    spoken = f"the register says {said} ({KEY})"
    if said is Answer.UNKNOWN:
        spoken = f"the register does not answer {KEY}" if register else "no register was given"
    if Answer.UNKNOWN in (said, dosed) and Answer.YES not in (said, dosed):
        if dosed is Answer.UNKNOWN:
            raise NotEvaluable(f"{spoken}; {told}")
        if unseen := _unseen(case):
            raise NotEvaluable(f"{spoken}; {told}; {unseen}")
    if Answer.YES not in (said, dosed) and (perhaps := by_dose.perhaps_inside):
        raise NotEvaluable(f"{spoken}; {told}; {perhaps}")
    if (said, dosed) == (Answer.NO, Answer.YES):
        yield Finding(
            code="OL114",
            criterion=rule.criterion,
            grade=Grade.NOT_EVALUABLE,
            flags=(Flag.QUERY,),
            message=f"{rule.description}: not evaluable, because {spoken} and the dose says yes: "
            f"{told}",
            evidence=by_dose.evidence,
            source=rule.source,
            hint="correct the register, or confirm that what is drawn there is no recurrence",
        )
        return
    answer = Answer.YES if Answer.YES in (said, dosed) else Answer.NO
    yield answer_finding(
        "OL114",
        rule,
        answer,
        message=f"{spoken}; {told}",
        flags=(Flag.QUERY,) if said is not dosed else (),
        evidence=by_dose.evidence,
    )


def _unseen(case: Case) -> str:
    """Return which lesions no dose can tell of, as they are not drawn, or ""."""
    incomplete = why_incomplete(case)
    if case.register is None:
        return incomplete
    drawn = {lesion.roi_name for lesion in case.census}
    matched = {one.entry.id for one in case.accounted if one.contours and one.entry}
    undrawn = [
        entry.id
        for entry in case.register.lesions
        if (entry.id not in matched and drawn.isdisjoint(entry.roi_names))
        or case.claims.not_found(entry)
    ]
    told = f"no contour is drawn for {listed(undrawn)}" if undrawn else ""
    return "; ".join(filter(None, (incomplete, told)))


@dataclass(frozen=True)
class _Part:
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
class _ByDose:
    """What the doses of the earlier courses say of the lesions that are drawn."""

    case: Case

    @cached_property
    def answer(self) -> tuple[Answer, str]:
        """Whether a lesion lies in-field, and the sentence about it."""
        limits = self.case.protocol.settings.in_field_part
        parts, reasons = self._parts
        for answer, word in ((Answer.YES, "inside"), (Answer.UNKNOWN, "partly inside")):
            here = [part for part in parts if part.lies(limits) is answer]
            if here:
                told = "; ".join(
                    f"{word} {isodose} of {course}: "
                    + ", ".join(p.told for p in here if (p.isodose, p.course) == (isodose, course))
                    for isodose, course in dict.fromkeys((p.isodose, p.course) for p in here)
                )
                return answer, told
        if reasons:
            return Answer.UNKNOWN, "; ".join(reasons)
        fields = dict.fromkeys(f"{part.isodose} of {part.course}" for part in parts)
        return Answer.NO, f"no lesion that is drawn lies inside {' or '.join(fields)}"

    @cached_property
    def perhaps_inside(self) -> str:
        """What is not outside of a field and may be a lesion of the register, or ""."""
        perhaps = self.case.perhaps_tumour
        entries = listed(entry.id for entry in self.case.open_entries)
        found: list[str] = []
        unmeasured = self.case.unmeasured if self.case.open_entries else ()
        if unmeasured:
            found.append(
                f"{listed(unmeasured)} cannot be measured and may be what is drawn for {entries} "
                f"(roi_names would tell)"
            )
        if unseen := [name for name in self._unseen_tumour if name not in unmeasured]:
            found.append(
                f"{listed(unseen)} cannot be measured, so that no dose tells whether it lies inside"
            )
        limits = self.case.protocol.settings.in_field_part
        parts = self._parts_of(list(perhaps), []) if perhaps else []
        if inside := [part for part in parts if part.lies(limits) is not Answer.NO]:
            found.append(
                f"{', '.join(part.told for part in inside)} inside {inside[0].isodose} may be what "
                f"is drawn for {entries} (roi_names would tell)"
            )
        if any(one.role is Role.ORGAN for one in self.case.submission.roi_names.values()):
            found.append(why_unplaced(self.case))
        return "; ".join(filter(None, found))

    @property
    def _unseen_tumour(self) -> list[str]:
        """Gross tumour, of any kind, that is drawn or may be, and cannot be measured.

        What has no contours at all is a line of a template, and no lesion lies there.
        """
        submission = self.case.submission
        if not submission.structure_sets:
            return []
        drawn = {one.roi_name for one in submission.structure_set if one.contours}
        excluded = self.case.census.excluded
        unmeasured = [one.roi_name for one in excluded if one.is_unmeasured]
        unread = [
            name
            for name in submission.structure_set.left_out
            if submission.role_of(name) in GTV_ROLES
        ]
        return [*(name for name in unmeasured if name in drawn), *unread]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The part of each lesion in each course."""
        limits = self.case.protocol.settings.in_field_part
        return tuple(
            Evidence(
                name=f"{safe_text(part.lesion)} inside {part.isodose}",
                measured=part.most,
                unit="%",
                relation="<",
                limit=limits.least,
                low=part.least,
                high=part.most,
            )
            for part in self._parts[0]
        )

    @cached_property
    def _parts(self) -> tuple[tuple[_Part, ...], tuple[str, ...]]:
        """The part of each lesion in each course, and why some cannot be told."""
        reasons: list[str] = []
        try:
            lesions = [lesion for lesion in self.case.census if _may_recur(lesion)]
        except NotEvaluable as error:
            return (), (str(error),)
        if not lesions:
            return (), ("no lesion is drawn to look for in the dose of an earlier course",)
        parts = self._parts_of(lesions, reasons)
        return tuple(parts), tuple(dict.fromkeys(reasons))

    def _parts_of(self, lesions: list[Lesion], reasons: list[str]) -> list[_Part]:
        """Return the part of some lesions in each course; add why some cannot be told."""
        parts: list[_Part] = []
        for course in self._courses(reasons):
            try:
                parts += _Field.of(self.case, course).parts(lesions)
            except NotEvaluable as error:
                reasons.append(str(error))
        return parts

    def _courses(self, reasons: list[str]) -> Iterator[Course]:
        """Yield the earlier courses, none that is the judged one; say why where one has none."""
        submission = self.case.submission
        own = _own_uids(self.case)
        registrations = [
            one for export in (submission, *submission.earlier) for one in export.registrations
        ]
        for export in submission.earlier:
            if not _is_of_one_patient(submission, export):
                reasons.append("an earlier course carries another patient id, and answers nothing")
                continue
            try:
                courses = courses_before(export, submission.structure_set, registrations)
            except (NotEvaluable, SelectionError) as error:
                reasons.append(str(error))
                continue
            for course in courses:
                if course.dose.sop_instance_uid in own:
                    reasons.append(f"{title(course.dose)} is the dose that is judged itself")
                else:
                    yield course


def _is_of_one_patient(submission: Submission, export: Submission) -> bool:
    """Whether an earlier export carries the patient id of the structures, as far as is known."""
    own = {one.patient_key for one in submission.structure_sets} - {""}
    theirs = {one.patient_key for one in export.doses} - {""}
    return not own or theirs <= own


def _own_uids(case: Case) -> set[str]:
    """Return the UIDs of the doses that are judged; of all in the submission where none is chosen.

    An earlier course may have been exported together with the plan that is judged.
    """
    try:
        courses = case.submission.chosen.courses
    except NotEvaluable:
        return {dose.sop_instance_uid for dose in case.submission.doses} - {""}
    return {course.dose.sop_instance_uid for course in courses if not course.is_prior} - {""}


def _may_recur(lesion: Lesion) -> bool:
    """Whether a lesion is gross tumour of its own: a duplicate or an outdated outline is not."""
    return lesion.counted.most > 0 or lesion.role in {Role.GTV_PRIMARY, Role.GTV_NODE}


@dataclass(frozen=True, eq=False)
class _Field:
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
    def of(cls, case: Case, course: Course) -> "_Field":
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

    def parts(self, lesions: list[Lesion]) -> Iterator[_Part]:
        """Yield the part of each lesion inside the field."""
        percent = self.case.protocol.settings.in_field_isodose_percent.value
        doses = " to ".join(dict.fromkeys(f"{gy:g}" for gy in (self.least_gy, self.most_gy)))
        for lesion in lesions:
            dvh = self._dvh(lesion)
            yield _Part(
                lesion=lesion.label,
                course=title(self.course.dose),
                isodose=f"the {percent:g} % isodose ({doses} Gy)",
                least=self._part(dvh, self.most_gy)[0],
                most=self._part(dvh, self.least_gy)[1],
            )

    def _dvh(self, lesion: Lesion) -> Dvh:
        submission = self.case.submission
        spacing_mm = submission.usual_spacing_mm
        drawn = drawn_part(submission.structure_set.structures, lesion, spacing_mm)
        region = Region(Shape((drawn.alone(lesion.label),)), spacing_mm)
        return compute_dvh(region, self.course.grid, lesion.label)

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


def _reaches_border(dose: DoseGrid, at_gy: float) -> bool:
    """Whether any of the outermost voxels of a grid receives a dose."""
    return any(
        dose.dose_gy.take(end, axis=axis).max() >= at_gy for axis in range(3) for end in (0, -1)
    )
